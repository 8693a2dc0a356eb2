"""docs/record-format.md is enough to write a verifier: here is one, from that page alone.

`check` uses the standard library and Ed25519, and nothing of the program. It must agree with
`app.logbook.verify` about sound books and about every kind of tampering.
"""

import json
import random
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from app.kinds import KINDS
from app.logbook.book import Draft, Logbook, Received
from app.logbook.lines import note_raw
from app.logbook.reader import Enrolment
from app.logbook.verify import check_lines, export_lines
from tests.logbook.tools import OFFICE, OFFICE_KEY, SMALL, QuickDisk, Ticks, receipt, words

PAGE = (Path(__file__).parents[2] / "docs" / "record-format.md").read_text(encoding="utf-8")

# -- the verifier, from the page ----------------------------------------------------------------

MEMBERS = {"at", "body", "boot", "by", "kind", "off", "seq", "up", "v"}


class Wrong(Exception):
    pass


def must(holds: bool, what: str) -> None:
    if not holds:
        raise Wrong(what)


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed(key: str, sig: str, message: bytes, what: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(sig), message)
    except (InvalidSignature, ValueError) as e:
        raise Wrong(what) from e


def be8(number: int) -> bytes:
    return number.to_bytes(8, "big")


def check(lines: list[bytes]) -> tuple[str, int]:
    """(fingerprint, last number) of a sound book; Wrong for any other."""
    rows = [json.loads(line) for line in lines]
    forms = [{"hash", "book", member} for member in ("record", "note", "purged", "raw")]
    must(all(set(row) in forms for row in rows), "line")
    ids = {row["book"] for row in rows}
    must(len(ids) == 1, "books")
    book = bytes.fromhex(ids.pop())
    hashes, records = chain(book, rows)
    keys = key_line(book, hashes, records)
    for row in rows:
        if "note" in row:
            note(
                book,
                row,
                hashes,
                keys,
                {r["body"]["server_key"] for r in records if r["kind"] == "book.enrolled"},
                records,
            )
    return book.hex(), max(hashes)


def chain(book: bytes, rows: list[Any]) -> tuple[dict[int, bytes], list[Any]]:
    lines = [row for row in rows if "note" not in row]
    records = [row["record"] for row in lines if "record" in row]
    must(bool(records) and records[0]["seq"] == 1, "no first key")
    holes = {r["body"]["from"]: r["body"] for r in records if r["kind"] == "damage.declared"}
    pruned = {(r["body"]["from"], r["body"]["to"]) for r in records if r["kind"] == "book.pruned"}
    hashes = {0: book}
    last = 0
    for row in lines:
        if "purged" in row:
            must(row["purged"] == last + 1 or (last + 1, row["purged"]) in pruned, "purged number")
            last = row["purged"]
            hashes[last] = bytes.fromhex(row["hash"])
            continue
        if "raw" in row:
            last += 1
            hashes[last] = sha256(hashes[last - 1] + bytes.fromhex(row["raw"])).digest()
            must(hashes[last].hex() == row["hash"], "hash of what is no record")
            continue
        record = row["record"]
        must(set(record) == MEMBERS, "members")
        if record["seq"] != last + 1:
            hole = holes.get(last + 1)
            must(
                hole is not None and hole["to"] == record["seq"] - 1 and hole["last_good"] == hashes[last].hex(),
                "missing",
            )
            assert hole is not None
            hashes[hole["to"]] = bytes.fromhex(hole["next"])
            last = hole["to"]
        found = sha256(hashes[last] + canonical(record)).digest()
        must(found.hex() == row["hash"], "hash")
        last += 1
        hashes[last] = found
    for body in (record["body"] for record in records if record["kind"] == "book.pruned"):
        must(hashes.get(body["from"] - 1, b"").hex() in ("", body["before"]), "before what was pruned")
        must(hashes.get(body["to"], b"").hex() in ("", body["hash"]), "what was pruned")
    return hashes, records


def key_line(book: bytes, hashes: dict[int, bytes], records: list[Any]) -> list[tuple[int, str]]:
    first = records[0]
    must(first["seq"] == 1 and first["kind"] == "book.opened", "first")
    body = first["body"]
    must(sha256(bytes.fromhex(body["key"])).digest() == book, "fingerprint")
    signed(body["key"], body["cert"], b"watchbook identity 1\n" + bytes.fromhex(body["identity"]), "identity")
    keys = [(1, body["key"])]
    for record in records[1:]:
        if record["kind"] == "key.certified":
            body, n, old = record["body"], record["seq"], keys[-1][1]
            signed(old, body["cert"], b"watchbook shift key 1\n" + book + bytes.fromhex(body["key"]), "certificate")
            signed(old, body["head"], b"watchbook head 1\n" + book + be8(n - 1) + hashes[n - 1], "certificate head")
            keys.append((n, body["key"]))
    return keys


def note(
    book: bytes, row: Any, hashes: dict[int, bytes], keys: list[tuple[int, str]], office: set[str], records: list[Any]
) -> None:
    value = row["note"]
    must(sha256(b"watchbook note 1\n" + canonical(value)).hexdigest() == row["hash"], "note")
    if value["note"] not in ("head", "receipt"):
        return
    seq, link = value["seq"], bytes.fromhex(value["hash"])
    must(value["book"] == book.hex(), "note's book")
    must(hashes.get(seq) == link or all(r["seq"] != seq for r in records), "note's hash")
    if value["note"] == "head":
        must([key for since, key in keys if since <= seq][-1] == value["key"], "head's key")
        signed(value["key"], value["sig"], b"watchbook head 1\n" + book + be8(seq) + link, "head")
    else:
        must(value["key"] in office, "receipt's key")
        signed(
            value["key"], value["sig"], b"watchbook receipt 1\n" + book + be8(seq) + link + be8(value["at"]), "receipt"
        )


# -- what it must say ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """An exported book with three shifts, an enrolment, receipts and pages."""
    folder = tmp_path_factory.mktemp("book")
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    logbook.enrolled(Enrolment("https://office.example", OFFICE_KEY, "pda-3", "cuihu"))
    for shift in range(3):
        logbook.append_rotating(Draft("shift.opened", {"crew": []}, by=("chen-bo",)))
        logbook.append(*(words(n + shift) for n in range(6)))
        logbook.append(Draft("a.b", {"text": 'tab\t "quote" \\ \x00\x1f\x7f 门 \U0001f600', "n": -(2**53)}))
        logbook.sign_head()
        logbook.receipt(receipt(logbook, logbook.head.seq - 2))
    logbook.receive([Received("plan", "cuihu", 1, b"{}")], "1")
    logbook.append(words(7))
    logbook.close()
    return list(export_lines(Logbook.read(folder)))


def agree(lines: list[bytes]) -> bool:
    """Whether both find the book sound; fails when they differ."""
    ours = check_lines(lines)
    try:
        fingerprint, last = check(lines)
    except (Wrong, KeyError, ValueError, IndexError, TypeError):
        assert not ours.whole
        return False
    assert ours.whole, ours
    assert (ours.books[0].book, ours.books[0].head) == (fingerprint, last)
    return True


def test_a_sound_book_is_sound_to_a_verifier_written_from_the_page(book: list[bytes]) -> None:
    assert agree(book)
    report = check_lines(book).books[0]
    assert (report.heads, report.receipts, report.unchecked) == (3, 3, 0)
    assert report.signed == report.head - 1


def test_the_canonical_form_is_the_one_the_page_describes(book: list[bytes]) -> None:
    for line in book:
        row = json.loads(line)
        value = row.get("record") or row["note"]
        assert canonical(value) in line


PLAIN = st.text(max_size=20) | st.integers(-(2**53), 2**53) | st.none() | st.booleans()


@given(st.dictionaries(st.text("abz~ -", min_size=1, max_size=9), PLAIN | st.lists(PLAIN) | st.lists(st.lists(PLAIN))))
def test_any_text_and_number_is_written_as_the_page_says(body: dict[str, Any]) -> None:
    value = {"body": body, "note": "x"}
    assert note_raw(value) == canonical(value)


TAMPERING: dict[str, Callable[[list[Any]], object]] = {
    "a word changed": lambda rows: rows[8]["record"]["body"].update(words="changed"),
    "a time changed": lambda rows: rows[8]["record"].update(at=1),
    "a person changed": lambda rows: rows[8]["record"].update(by=["li-ming"]),
    "a record taken out": lambda rows: rows.pop(8),
    "a record put in again": lambda rows: rows.insert(9, rows[8]),
    "two records swapped": lambda rows: rows.insert(8, rows.pop(9)),
    "the first record taken out": lambda rows: rows.pop(0),
    "a member added": lambda rows: rows[8]["record"].update(extra=1),
    "a hash in capitals": lambda rows: rows[8].update(hash=rows[8]["hash"].upper()),
    "a note changed": lambda rows: note_of(rows, "page")["note"].update(cursor="9"),
    "a head of another number": lambda rows: rehash(note_of(rows, "head"), seq=5),
    "a head with another hash": lambda rows: rehash(note_of(rows, "head"), hash="00" * 32),
    "a head by a later key": lambda rows: sign_with_later_key(rows),
    "a receipt with another time": lambda rows: rehash(note_of(rows, "receipt"), at=5),
    "a receipt by somebody else": lambda rows: forge_receipt(rows),
    "the chain made anew without the keys": lambda rows: rechain(rows),
}


def note_of(rows: list[Any], kind: str) -> Any:
    return next(row for row in rows if row.get("note", {}).get("note") == kind)


def rehash(row: Any, **changes: Any) -> None:
    row["note"].update(changes)
    row["hash"] = sha256(b"watchbook note 1\n" + canonical(row["note"])).hexdigest()


def sign_with_later_key(rows: list[Any]) -> None:
    heads = [row for row in rows if row.get("note", {}).get("note") == "head"]
    rehash(heads[0], key=heads[-1]["note"]["key"])


def forge_receipt(rows: list[Any]) -> None:
    row = note_of(rows, "receipt")
    value, key = row["note"], Ed25519PrivateKey.generate()
    message = bytes.fromhex(value["book"]) + be8(value["seq"]) + bytes.fromhex(value["hash"]) + be8(value["at"])
    sig = key.sign(b"watchbook receipt 1\n" + message).hex()
    rehash(row, key=key.public_key().public_bytes_raw().hex(), sig=sig)


def rechain(rows: list[Any]) -> None:
    rows[8]["record"]["body"]["words"] = "changed"
    here = bytes.fromhex(rows[0]["book"])
    for row in rows:
        if "record" in row:
            here = sha256(here + canonical(row["record"])).digest()
            row["hash"] = here.hex()


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found_by_both(book: list[bytes], how: str) -> None:
    rows = [json.loads(line) for line in book]
    TAMPERING[how](rows)
    assert not agree([canonical_line(row) for row in rows])


def canonical_line(row: Any) -> bytes:
    kind = next(member for member in ("record", "note", "purged", "raw") if member in row)
    return b'{"hash":"%s","book":"%s","%s":%s}\n' % (
        row["hash"].encode(),
        row["book"].encode(),
        kind.encode(),
        canonical(row[kind]),
    )


@pytest.mark.proof
def test_any_flipped_character_is_found_by_both(book: list[bytes], torture: bool) -> None:
    chance = random.Random(5)
    for _ in range(5000 if torture else 200):
        lines = list(book)
        index = chance.randrange(len(lines))
        line = bytearray(lines[index])
        place = chance.randrange(len(line) - 1)
        line[place] ^= 1 << chance.randrange(7)
        lines[index] = bytes(line)
        if json_or_none(lines[index]) != json_or_none(book[index]):
            assert not agree(lines), (index, place)


def json_or_none(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def test_a_cut_off_tail_is_sound_and_says_how_far_it_goes(book: list[bytes]) -> None:
    """The page says so: who only takes away the end is not found by the book alone."""
    assert agree(book[:12])
    assert check_lines(book[:12]).books[0].head < check_lines(book).books[0].head


def holed(folder: Path) -> list[bytes]:
    """An exported book that lost record 6 and declares it in its last record."""
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.append(*(words(n) for n in range(9)))
    logbook.close()
    path = next((folder / "journal").glob("seg-*1.jsonl"))
    data = bytearray(path.read_bytes())
    data[data.index(b'"seq":6')] ^= 1
    path.write_bytes(data)
    Logbook.open(folder, Ticks(), QuickDisk(), SMALL).close()
    return [line for line in export_lines(Logbook.read(folder)) if b'"record"' in line]


def test_declared_holes_are_walked_by_both(tmp_path: Path) -> None:
    lines = holed(tmp_path)
    assert b"damage.declared" in lines[-1]
    assert agree(lines)
    assert check_lines(lines).books[0].holes == ((6, 6),)


@pytest.mark.parametrize(("member", "wrong"), [("next", "00" * 32), ("last_good", "00" * 32), ("to", 7), ("from", 5)])
def test_a_declaration_that_does_not_fit_the_gap_is_found_by_both(tmp_path: Path, member: str, wrong: object) -> None:
    rows = [json.loads(line) for line in holed(tmp_path)]
    rows[-1]["record"]["body"][member] = wrong
    rows[-1]["hash"] = sha256(bytes.fromhex(rows[-2]["hash"]) + canonical(rows[-1]["record"])).hexdigest()
    assert not agree([canonical_line(row) for row in rows])


def purge(lines: list[bytes], *numbers: int, each: bool = True) -> list[bytes]:
    """The export after those records were purged; with `each` False a run leaves its last line only."""
    rows = [json.loads(line) for line in lines]
    for row in rows:
        if "record" in row and row["record"]["seq"] in numbers:
            row["purged"] = row.pop("record")["seq"]
    last = [
        each or "purged" not in row or "purged" not in after for row, after in zip(rows, [*rows[1:], {}], strict=True)
    ]
    return [canonical_line(row) for row, kept in zip(rows, last, strict=True) if kept]


def test_purged_records_are_walked_over_by_both_and_counted_apart(book: list[bytes]) -> None:
    whole = check_lines(book).books[0]
    lines = purge(book, 5, 6, 7, 9)
    assert agree(lines)
    report = check_lines(lines).books[0]
    assert (report.purged, report.holes, report.whole) == (4, (), True)
    assert (report.records, report.head, report.signed) == (whole.records - 4, whole.head, whole.signed)
    assert not agree(purge(book, 5, 6, 7, 9, each=False)), "a run of which nothing in the book tells"
    for seq in (5, 6, 7, 9):
        assert not agree([line for line in lines if b'"purged":%d}' % seq not in line]), "lacking is not purged"
    assert not agree([line for line in book if b'"seq":5,' not in line])


def test_a_purged_key_is_a_lost_key_and_a_book_without_its_first_record_is_nobodys(book: list[bytes]) -> None:
    rows = [json.loads(line) for line in book]
    keys = [row["record"]["seq"] for row in rows if row.get("record", {}).get("kind") == "key.certified"]
    assert not agree(purge(book, keys[0]))
    assert not agree(purge(book, *range(1, 40)))
    first = purge(book, *range(1, len(keys) + 60))
    assert check_lines([line for line in first if b'"note"' not in line]).books[0].broken is not None


def test_what_stands_between_purged_records_needs_a_signature_of_its_own(book: list[bytes]) -> None:
    """Records 6 and 7 are made up: nothing in the chain says otherwise once 5 and 8 are gone. So they are counted."""
    rows = [json.loads(line) for line in purge(book, 5, 8)]
    start = next(number for number, row in enumerate(rows) if row.get("purged") == 5)
    here = bytes.fromhex(rows[start]["hash"])
    for row in rows[start + 1 : start + 3]:
        row["record"]["body"]["words"] = "made up"
        here = sha256(here + canonical(row["record"])).digest()
        row["hash"] = here.hex()
    report = check_lines([canonical_line(row) for row in rows]).books[0]
    assert (report.whole, report.loose) == (True, 4), (
        "3 and 4 as well: record 3 signed what came before it, and no more"
    )
    assert check_lines(book).books[0].loose == 0


def test_what_is_no_record_keeps_the_chain_and_is_counted_apart(book: list[bytes]) -> None:
    rows = [json.loads(line) for line in book if b'"record"' in line][:6]
    for raw in (b"{\n}", b"[1.5]"):
        link = sha256(bytes.fromhex(rows[-1]["hash"]) + raw).hexdigest()
        rows.append({"book": rows[0]["book"], "hash": link, "raw": raw.hex()})
    assert agree([canonical_line(row) for row in rows])
    report = check_lines([canonical_line(row) for row in rows]).books[0]
    assert (report.set_aside, report.records, report.head, report.whole) == (2, 6, 8, True)
    rows[-2]["raw"] = b"{\n }".hex()
    assert not agree([canonical_line(row) for row in rows])


@pytest.mark.parametrize("wrong", [None, "before", "hash"])
def test_a_pruning_that_the_book_announces_binds_both_ends(tmp_path: Path, wrong: str | None) -> None:
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    logbook.append_rotating(*(words(n) for n in range(8)))
    hashes = {entry.record.seq: entry.hash.hex() for entry in logbook.entries()}
    body = {"before": hashes[4], "from": 5, "hash": hashes[7], "to": 7} | ({wrong: "00" * 32} if wrong else {})
    logbook.append(Draft("book.pruned", body))
    logbook.sign_head()
    logbook.close()
    lines = purge(list(export_lines(Logbook.read(tmp_path))), 5, 6, 7, each=False)
    assert agree(lines) == (wrong is None)
    assert check_lines(lines).books[0].loose == 0


def test_a_loss_at_the_end_is_walked_by_both(tmp_path: Path) -> None:
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    logbook.append(*(words(n) for n in range(5)))
    logbook.close()
    path = next((tmp_path / "journal").glob("seg-*"))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b'"seq":5') - 200])
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    logbook.append_rotating(words(1))
    logbook.close()
    lines = list(export_lines(Logbook.read(tmp_path)))
    assert agree(lines)
    assert check_lines(lines).books[0].holes


def test_the_page_names_every_kind_and_every_member_of_its_body() -> None:
    rows = dict(re.findall(r"^\| `([a-z.-]+)` \| (.*?) \|", PAGE, re.MULTILINE))
    for kind, body in KINDS.items():
        named = set(re.findall(r"\w+", rows[kind]))
        assert set(body.__struct_encode_fields__) <= named, kind


def test_the_office_key_of_the_tests_is_a_real_one() -> None:
    assert OFFICE.public_key().public_bytes_raw().hex() == OFFICE_KEY
