"""docs/record-format.md is enough to write a verifier: tests/independent_verifier.py is one, from that page alone.

It must agree with `watchbook verify` about whole books and about every kind of damage: on the verdict, on
the first number that is wrong, and on what there is of records, purged ones, holes and witnesses.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from app import witness
from app.errors import RecordRefused
from app.kinds import KINDS
from app.logbook.book import Draft, Logbook, Received
from app.logbook.compare import witness_code
from app.logbook.form import canonical_record
from app.logbook.lines import note_raw
from app.logbook.reader import Enrolment
from app.logbook.report import Fault
from app.logbook.verify import BookReport, check_lines, export_lines
from app.record import decode
from tests import independent_verifier
from tests.logbook.tools import OFFICE, OFFICE_KEY, SMALL, QuickDisk, Ticks, receipt, words

PAGE = (Path(__file__).parents[2] / "docs" / "record-format.md").read_text(encoding="utf-8")


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def canonical_line(row: Any) -> bytes:
    kind = next(member for member in ("record", "note", "purged", "raw") if member in row)
    return b'{"hash":"%s","book":"%s","%s":%s}\n' % (
        row["hash"].encode(),
        row["book"].encode(),
        kind.encode(),
        canonical(row[kind]),
    )


def written(rows: list[Any]) -> list[bytes]:
    return [canonical_line(row) for row in rows]


def parsed(lines: list[bytes]) -> list[Any]:
    return [json.loads(line) for line in lines]


# -- books that were really kept ----------------------------------------------------------------


def kept(folder: Path) -> list[bytes]:
    return list(export_lines(Logbook.read(folder)))


def opened(folder: Path) -> Logbook:
    return Logbook.open(folder, Ticks(), QuickDisk(), SMALL)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """An exported book with three shifts, an enrolment, receipts and pages."""
    folder = tmp_path_factory.mktemp("book")
    logbook = opened(folder)
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
    return kept(folder)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Three books in one export: one with a hole, closed for the one after it, and one that saw both of them."""
    home = tmp_path_factory.mktemp("several")
    holed(home / "first")
    first, other = opened(home / "first"), opened(home / "other")
    first.append(words(3))
    first.sign_head()
    saw(other, first, "qr")
    saw(other, first, "code")
    first.succeed("site", Enrolment("https://office.example", OFFICE_KEY, "pda-3", "lanting"))
    first.append_rotating(words(4))
    saw(first, other, "code")
    saw(other, first, "qr")
    other.append(Draft("witness.seen", {"how": "code", "code": "0" * 16}))
    for logbook in (first, other):
        logbook.sign_head()
        logbook.close()
    closed = next((home / "first" / "closed").iterdir())
    return [*kept(closed), *kept(home / "other"), *kept(home / "first")]


def saw(by: Logbook, whose: Logbook, how: str) -> None:
    """A witness as a terminal records it, from what the other one shows."""
    head = witness.Head(whose.book, whose.head.seq, whose.head.hash)
    if how == "code":
        by.append(Draft("witness.seen", {"how": "code", "code": witness.code(head)}, by=("chen-bo",)))
    else:
        seen = witness.read(witness.payload(head))
        body = {"how": "qr", "book": seen.book, "seq": seen.seq, "hash": seen.hash}
        by.append(Draft("witness.seen", body, by=("chen-bo",)))


def holed(folder: Path) -> list[bytes]:
    """An exported book that lost record 6 and declares it in its last record."""
    logbook = opened(folder)
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.append(*(words(n) for n in range(9)))
    logbook.close()
    for path in (folder / "journal").glob("seg-*.jsonl"):
        data = bytearray(path.read_bytes())
        if b'"seq":6,' in data:
            data[data.index(b'"seq":6')] ^= 1
            path.write_bytes(data)
    opened_again = opened(folder)
    list(opened_again.entries())
    opened_again.close()
    return [line for line in kept(folder) if b'"record"' in line]


# -- both judge alike ---------------------------------------------------------------------------


def agree(lines: list[bytes]) -> bool:
    """Whether both find all books whole; fails when they differ in anything."""
    ours = {book.book: of_ours(book) for book in check_lines(lines).books}
    theirs = {name: of_theirs(book) for name, book in independent_verifier.verify(lines).items()}
    assert ours == theirs
    return all(found["broken"] is None for found in ours.values())


def of_ours(book: BookReport) -> dict[str, Any]:
    found = {name: getattr(book, name) for name in ("head", "records", "purged", "holes", "witnesses", "agreeing")}
    return found | {"broken": book.broken and book.broken.seq}


def of_theirs(book: independent_verifier.Book) -> dict[str, Any]:
    return {
        "head": book.seq,
        "records": len(book.records),
        "purged": sum(last - first + 1 for first, last in book.purged),
        "holes": tuple(sorted(book.holes)),
        "witnesses": len(book.of("witness.seen")),
        "agreeing": book.agreeing,
        "broken": min(book.wrong, default=None),
    }


def test_the_verifier_is_short_and_knows_nothing_of_the_program() -> None:
    source = Path(independent_verifier.__file__).read_text(encoding="utf-8")
    assert source.count("\n") <= 150
    rooms = {name.partition(".")[0] for name in re.findall(r"^(?:from|import) ([\w.]+)", source, re.MULTILINE)}
    assert rooms == {"hashlib", "json", "nacl", "re", "typing"}


def test_whole_books_are_whole_to_a_verifier_written_from_the_page(book: list[bytes], several: list[bytes]) -> None:
    assert agree(book)
    report = check_lines(book).books[0]
    assert (report.heads, report.receipts, report.unchecked) == (3, 3, 0)
    assert report.signed == report.head - 1
    assert agree(several)
    first, other, after = check_lines(several).books
    assert first.holes == ((6, 6),)
    assert (first.closed, after.after) == ("site", first.book)
    assert (other.witnesses, other.agreeing, after.witnesses, after.agreeing) == (4, 3, 1, 1)
    assert 0 < first.witnessed < first.head
    assert after.witnessed > 0


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


@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_the_check_takes_for_a_record_what_the_handheld_would_have_written(value: bytes) -> None:
    plain = b'{"at":1,"body":{"a":%s},"boot":"b","by":["chen-bo"],"kind":"a.b","off":null,"seq":1,"up":1,"v":1}'
    for raw in (plain % value, plain % (b'{"n":[' + value + b"]}"), value):
        try:
            expected = decode(raw).seq
        except RecordRefused:
            expected = None
        found = canonical_record(raw)
        assert (found and found.seq) == expected


ODD = [
    b"1.0", b"1e3", b"9007199254740993", b"-0", b'"\\u0041"', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'{"\xe9\x97\xa8":1}',
    b'{"\\n":1}', b'{"":1}', b'{"%s":1}' % (b"n" * 65), b'{"\xe9\xe9":"\xe9\xe9"}', b'"\xed\xa0\x80"', b"true ",
    b"[" * 9 + b"]" * 9, b"[" * 8 + b"null" + b"]" * 8, b'"\\/"', b'"' + b"x" * 65536 + b'"',
    b'{"\x7f":1}', b'{"a\\"\xc3\xa9":1}',
]  # fmt: skip
SOUND = [
    b"1", b"-9007199254740992", b'"\xe9\x97\xa8\\":"', b'{"a\\"b\\\\":"\x7f"}', b"[" * 7 + b"1" + b"]" * 7,
    b"[" * 8 + b"]" * 8, b'{"%s":null}' % (b"n" * 64), b'":\xc3\xa9"', b'{"a":"\xc3\xa9\\\\","b":{}}',
]  # fmt: skip


@pytest.mark.parametrize("value", ODD + SOUND)
def test_what_is_canonical_is_so_to_all_three(value: bytes) -> None:
    raw = b'{"at":1,"body":{"a":%s},"boot":"b","by":[],"kind":"a.b","off":null,"seq":1,"up":1,"v":1}' % value
    members = "at body boot by kind off seq up v"
    assert (canonical_record(raw) is not None) is (value in SOUND)
    assert (independent_verifier.canonical(raw, members) is not None) is (value in SOUND)
    if value in SOUND:
        assert decode(raw).seq == 1
    else:
        with pytest.raises(RecordRefused):
            decode(raw)


# -- damage, a worked example of each kind ------------------------------------------------------


def note_of(rows: list[Any], kind: str) -> Any:
    return next(row for row in rows if row.get("note", {}).get("note") == kind)


def rehash(row: Any, **changes: Any) -> None:
    row["note"].update(changes)
    row["hash"] = sha256(b"watchbook note 1\n" + canonical(row["note"])).hexdigest()


def sign_with_later_key(rows: list[Any]) -> None:
    heads = [row for row in rows if row.get("note", {}).get("note") == "head"]
    rehash(heads[0], key=heads[-1]["note"]["key"])


def be8(number: int) -> bytes:
    return number.to_bytes(8, "big")


def forge_receipt(rows: list[Any]) -> None:
    row = note_of(rows, "receipt")
    value, key = row["note"], SigningKey(bytes(32))
    message = bytes.fromhex(value["book"]) + be8(value["seq"]) + bytes.fromhex(value["hash"]) + be8(value["at"])
    sig = key.sign(b"watchbook receipt 1\n" + message).signature.hex()
    rehash(row, key=bytes(key.verify_key).hex(), sig=sig)


def rechain(rows: list[Any]) -> None:
    """The hashes of all records of the first book made anew, as anybody can."""
    here = bytes.fromhex(rows[0]["book"])
    for row in rows:
        if "record" in row and row["book"] == rows[0]["book"]:
            here = sha256(here + canonical(row["record"])).digest()
            row["hash"] = here.hex()


def rewrite(rows: list[Any], *left: str) -> None:
    """A record changed and the chain made anew; only those notes are left."""
    rows[8]["record"]["body"]["words"] = "changed"
    rechain(rows)
    rows[:] = [row for row in rows if "record" in row or row["note"]["note"] in left]


def begin_otherwise(rows: list[Any], **members: Any) -> None:
    rows[0]["record"].update(members)
    rechain(rows)


def certify_otherwise(rows: list[Any], seq: int) -> None:
    """The chain made anew over a key that the one before did not certify, though it signed all that came before."""
    row = next(row for row in rows if row.get("record", {}).get("seq") == seq)
    row["record"]["body"]["cert"] = "00" * 64
    rechain(rows)


def purge_unsigned(rows: list[Any], seq: int) -> None:
    purge(rows, seq)
    rows[:] = [row for row in rows if "note" not in row]


def go_on_from_earlier(rows: list[Any]) -> None:
    """The book that goes on names a record before the end of the closed one."""
    opened = next(row for row in rows if "after" in row.get("record", {}).get("body", {}))
    earlier = next(row for row in rows if row["book"] == rows[0]["book"] and row.get("record", {}).get("seq") == 5)
    opened["record"]["body"]["after"] = {"book": rows[0]["book"], "hash": earlier["hash"], "seq": 5}
    opened["hash"] = sha256(bytes.fromhex(opened["book"]) + canonical(opened["record"])).hexdigest()


def other_version(rows: list[Any]) -> None:
    twin = json.loads(json.dumps(rows[8]))
    twin["record"]["body"]["words"] = "otherwise"
    twin["hash"] = sha256(bytes.fromhex(rows[7]["hash"]) + canonical(twin["record"])).hexdigest()
    rows.insert(9, twin)


def cut_after(rows: list[Any], seq: int, *, notes: bool) -> None:
    """The first book's end goes, with what was noted there if `notes`."""
    name = rows[0]["book"]
    keep = seq if notes else 10**6
    rows[:] = [row for row in rows if row["book"] != name or number(row) <= (seq if "record" in row else keep)]


def number(row: Any) -> int:
    return int((row.get("record") or row["note"]).get("seq", 0))


def seen_at(rows: list[Any]) -> int:
    """The number at which another book saw the first one."""
    bodies = [row["record"]["body"] for row in rows if row.get("record", {}).get("kind") == "witness.seen"]
    return int(next(body["seq"] for body in bodies if body.get("book") == rows[0]["book"][:16]))


def purge(rows: list[Any], *numbers: int, each: bool = True) -> None:
    """Those records were purged; with `each` False a run leaves its last line only."""
    for row in rows:
        if "record" in row and row["record"]["seq"] in numbers:
            row["purged"] = row.pop("record")["seq"]
    after = [*rows[1:], {}]
    rows[:] = [
        row for row, next_ in zip(rows, after, strict=True) if each or not ("purged" in row and "purged" in next_)
    ]


def write_on(rows: list[Any], body: dict[str, Any], kind: str = "a.b") -> None:
    """One more record at the end of the first book, chained as it should be."""
    last = max(i for i, row in enumerate(rows) if "record" in row and row["book"] == rows[0]["book"])
    record = {**rows[last]["record"], "body": body, "kind": kind, "seq": rows[last]["record"]["seq"] + 1}
    link = sha256(bytes.fromhex(rows[last]["hash"]) + canonical(record)).hexdigest()
    rows.insert(last + 1, {"book": rows[0]["book"], "hash": link, "record": record})


def announce(rows: list[Any], wrong: str) -> None:
    hashes = {row["record"]["seq"]: row["hash"] for row in rows if "record" in row}
    purge(rows, 5, 6, 7, each=False)
    write_on(rows, {"before": hashes[4], "from": 5, "hash": hashes[7], "to": 7} | {wrong: "00" * 32}, "book.pruned")


Damage = Callable[[list[Any]], object]

DAMAGE: dict[str, tuple[Fault, Damage]] = {
    "a word changed": (Fault.ALTERED, lambda rows: rows[8]["record"]["body"].update(words="changed")),
    "a time changed": (Fault.ALTERED, lambda rows: rows[8]["record"].update(at=1)),
    "a person changed": (Fault.ALTERED, lambda rows: rows[8]["record"].update(by=["li-ming"])),
    "a record taken out": (Fault.MISSING, lambda rows: rows.pop(8)),
    "the first record taken out": (Fault.MISSING, lambda rows: rows.pop(0)),
    "a record purged that nothing tells of": (Fault.MISSING, lambda rows: purge(rows, 5, 6, 7, each=False)),
    "a record put in again": (Fault.REPEATED, lambda rows: rows.insert(9, rows[8])),
    "two records swapped": (Fault.REPEATED, lambda rows: rows.insert(8, rows.pop(9))),
    "two versions of a record": (Fault.FORK, other_version),
    "a member added": (Fault.NOT_CANONICAL, lambda rows: rows[8]["record"].update(extra=1)),
    "a fraction": (Fault.NOT_CANONICAL, lambda rows: rows[8]["record"]["body"].update(n=1.5)),
    "a hash in capitals": (Fault.NOT_A_LINE, lambda rows: rows[8].update(hash=rows[8]["hash"].upper())),
    "a note changed": (Fault.NOTE, lambda rows: note_of(rows, "page")["note"].update(cursor="9")),
    "a head without its key": (Fault.NOTE, lambda rows: rehash(note_of(rows, "head"), key=None)),
    "another first key": (Fault.WRONG_KEY, lambda rows: begin_otherwise(rows, body={"key": "00" * 32})),
    "another identity": (Fault.WRONG_KEY, lambda rows: certify_otherwise(rows, 1)),
    "no book opened": (Fault.WRONG_KEY, lambda rows: begin_otherwise(rows, kind="a.b")),
    "the chain made anew, the receipts left": (Fault.RECEIPT, lambda rows: rewrite(rows, "receipt")),
    "the chain made anew, the signatures left": (Fault.HEAD, lambda rows: rewrite(rows, "head")),
    "the chain made anew, nothing signed left": (Fault.CERTIFICATE, rewrite),
    "a key that is not certified": (Fault.CERTIFICATE, lambda rows: certify_otherwise(rows, 3)),
    "a key purged and nothing signed left": (Fault.KEY_LOST, lambda rows: purge_unsigned(rows, 3)),
    "a key purged": (Fault.KEY_LOST, lambda rows: purge(rows, 3)),
    "the first key purged": (Fault.KEY_LOST, lambda rows: purge(rows, 1)),
    "a pruning with another hash before": (Fault.PRUNED, lambda rows: announce(rows, "before")),
    "a pruning with another hash after": (Fault.PRUNED, lambda rows: announce(rows, "hash")),
    "a head of another number": (Fault.HEAD, lambda rows: rehash(note_of(rows, "head"), seq=5)),
    "a head with another hash": (Fault.HEAD, lambda rows: rehash(note_of(rows, "head"), hash="00" * 32)),
    "a head by a later key": (Fault.HEAD, sign_with_later_key),
    "a head of another book": (Fault.HEAD, lambda rows: rehash(note_of(rows, "head"), book="00" * 32)),
    "a receipt with another time": (Fault.RECEIPT, lambda rows: rehash(note_of(rows, "receipt"), at=5)),
    "a receipt without a time": (Fault.RECEIPT, lambda rows: rehash(note_of(rows, "receipt"), at=None)),
    "a receipt by somebody else": (Fault.RECEIPT, forge_receipt),
    "the end taken away, its signature left": (Fault.CUT, lambda rows: cut_after(rows, 25, notes=False)),
}  # fmt: skip

AMONG: dict[str, tuple[Fault, Damage]] = {
    "written on after it was closed": (Fault.CLOSED, lambda rows: write_on(rows, {})),
    "the end gone, as another saw": (Fault.WITNESS, lambda rows: cut_after(rows, seen_at(rows) - 1, notes=True)),
    "going on after the next one began": (Fault.SUCCESSOR, go_on_from_earlier),
    "the end gone, as the next one says": (Fault.SUCCESSOR, lambda rows: cut_after(rows, seen_at(rows), notes=True)),
}  # fmt: skip


def judged(rows: list[Any], fault: Fault) -> None:
    lines = written(rows)
    assert not agree(lines)
    broken = check_lines(lines).books[0].broken
    assert broken is not None
    assert broken.fault is fault


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_found_by_both_and_named(book: list[bytes], how: str) -> None:
    rows = parsed(book)
    fault, damage = DAMAGE[how]
    damage(rows)
    judged(rows, fault)


@pytest.mark.parametrize("how", AMONG)
def test_what_one_book_alone_hides_another_shows(several: list[bytes], how: str) -> None:
    rows = parsed(several)
    fault, damage = AMONG[how]
    damage(rows)
    judged(rows, fault)


def test_every_kind_of_damage_has_its_example() -> None:
    shown = {fault for fault, _ in (*DAMAGE.values(), *AMONG.values())}
    assert shown | {Fault.UNREADABLE} == set(Fault)  # only a folder has that one: test_verify.py


def test_the_page_lists_every_kind_of_damage() -> None:
    section = PAGE.partition("## 7.")[2].partition("## 8.")[0]
    listed = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)
    assert listed == list(Fault)


# -- any damage at all --------------------------------------------------------------------------

POOL: list[Any] = [0, 1, 7, -1, 2**53, True, None, "", "00" * 32, "x", [], {}, "0" * 16]
EDITS = st.tuples(
    st.sampled_from(["drop", "again", "swap", "flip", "value", "value", "value", "purge", "aside"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from(POOL),
    st.sampled_from(["", "line", "chain"]),
)


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, place) of everything inside."""
    for place, inner in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, place
        if isinstance(inner, dict | list):
            yield from leaves(inner)


def edited(lines: list[bytes], edit: tuple[str, int, int, Any, str]) -> list[bytes]:
    how, where, other, value, mend = edit
    where, other, lines = where % len(lines), other % len(lines), list(lines)
    match how:
        case "drop":
            del lines[where]
        case "again":
            lines.insert(other, lines[where])
        case "swap":
            lines[where], lines[other] = lines[other], lines[where]
        case "flip":
            line = bytearray(lines[where])
            line[edit[2] % (len(line) - 1)] ^= 1 << edit[1] % 7
            lines[where] = bytes(line).replace(b"\n", b"") + b"\n"
        case _:
            return changed(lines, where, edit[2], how, value, mend)
    return lines


def changed(lines: list[bytes], where: int, which: int, how: str, value: Any, mend: str) -> list[bytes]:
    """A value inside a line is another; then that line's hash is made anew, or those of all lines after it too."""
    try:
        rows = parsed(lines)
    except ValueError:
        return lines
    if not all(independent_verifier.LINE.fullmatch(line.strip()) for line in lines):
        return lines  # an edit before this one left something that is no line
    row = rows[where]
    member = next(iter(row.keys() - {"hash", "book"}))
    if how == "purge" and member == "record":
        row["purged"] = row.pop("record")["seq"]
    elif how == "aside" and member == "record":
        row["raw"] = canonical(row.pop("record")).hex()
    elif member in ("record", "note"):
        places = list(leaves(row[member]))
        container, place = places[which % len(places)]
        container[place] = value
    if mend:
        mended(rows, where, only=mend == "line")
    return written(rows)


def mended(rows: list[Any], where: int, *, only: bool) -> None:
    name = rows[where]["book"]
    before = [row["hash"] for row in rows[:where] if row["book"] == name and "note" not in row]
    here = before[-1] if before else name
    for row in rows[where : where + 1] if only else rows[where:]:
        if row["book"] == name and "record" in row:
            row["hash"] = sha256(bytes.fromhex(here) + canonical(row["record"])).hexdigest()
            here = row["hash"]
        elif row["book"] == name and "note" in row:
            rehash(row)


@given(st.booleans(), st.lists(EDITS, min_size=1, max_size=3))
def test_any_edit_is_judged_alike_by_both(
    book: list[bytes], several: list[bytes], alone: bool, edits: list[tuple[str, int, int, Any, str]]
) -> None:
    lines = book if alone else several
    for edit in edits:
        lines = edited(lines, edit) or lines
    agree(lines)


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
        assert not agree(lines), (index, place)


# -- what is no damage --------------------------------------------------------------------------


def test_a_cut_off_tail_is_sound_and_says_how_far_it_goes(book: list[bytes]) -> None:
    """The page says so: who only takes away the end is not found by the book alone."""
    assert agree(book[:10])
    cut = check_lines(book[:10]).books[0]
    assert cut.head < check_lines(book).books[0].head
    assert cut.vouched < cut.head


def test_declared_holes_are_walked_by_both(tmp_path: Path) -> None:
    lines = holed(tmp_path)
    assert b"damage.declared" in lines[-1]
    assert agree(lines)
    assert check_lines(lines).books[0].holes == ((6, 6),)


@pytest.mark.parametrize(("member", "wrong"), [("next", "00" * 32), ("last_good", "00" * 32), ("to", 7), ("from", 5)])
def test_a_declaration_that_does_not_fit_the_gap_is_found_by_both(tmp_path: Path, member: str, wrong: object) -> None:
    rows = parsed(holed(tmp_path))
    rows[-1]["record"]["body"][member] = wrong
    rows[-1]["hash"] = sha256(bytes.fromhex(rows[-2]["hash"]) + canonical(rows[-1]["record"])).hexdigest()
    assert not agree(written(rows))


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
    assert agree(kept(tmp_path))
    assert check_lines(kept(tmp_path)).books[0].holes


def test_a_signature_over_a_record_lost_at_the_end_is_compared_with_nothing(tmp_path: Path) -> None:
    """A torn write may leave the head signature behind the record that it signs."""
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    logbook.append(*(words(n) for n in range(3)))
    logbook.sign_head()
    logbook.close()
    path = next((tmp_path / "journal").glob("seg-*"))
    data = bytearray(path.read_bytes())
    data[data.index(b'"seq":4,')] ^= 1
    path.write_bytes(data)
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    logbook.append_rotating(words(1))
    logbook.close()
    assert agree(kept(tmp_path))
    assert check_lines(kept(tmp_path)).books[0].holes == ((4, 4),)


def test_purged_records_are_walked_over_by_both_and_counted_apart(book: list[bytes]) -> None:
    whole = check_lines(book).books[0]
    rows = parsed(book)
    purge(rows, 5, 6, 7, 9)
    lines = written(rows)
    assert agree(lines)
    report = check_lines(lines).books[0]
    assert (report.purged, report.holes, report.whole) == (4, (), True)
    assert (report.records, report.head, report.signed) == (whole.records - 4, whole.head, whole.signed)
    for seq in (5, 6, 7, 9):
        assert not agree([line for line in lines if b'"purged":%d}' % seq not in line]), "lacking is not purged"


def test_what_stands_between_purged_records_needs_a_signature_of_its_own(book: list[bytes]) -> None:
    """Records 6 and 7 are made up: nothing in the chain says otherwise once 5 and 8 are gone. So they are counted."""
    rows = parsed(book)
    purge(rows, 5, 8)
    start = next(number for number, row in enumerate(rows) if row.get("purged") == 5)
    here = bytes.fromhex(rows[start]["hash"])
    for row in rows[start + 1 : start + 3]:
        row["record"]["body"]["words"] = "made up"
        here = sha256(here + canonical(row["record"])).digest()
        row["hash"] = here.hex()
    assert agree(written(rows))
    report = check_lines(written(rows)).books[0]
    assert (report.whole, report.loose) == (True, 4), "3 and 4 too: record 3 signed what came before it, and no more"
    assert check_lines(book).books[0].loose == 0


def test_what_is_no_record_keeps_the_chain_and_is_counted_apart(book: list[bytes]) -> None:
    rows = [json.loads(line) for line in book if b'"record"' in line][:6]
    for raw in (b"{\n}", b"[1.5]"):
        link = sha256(bytes.fromhex(rows[-1]["hash"]) + raw).hexdigest()
        rows.append({"book": rows[0]["book"], "hash": link, "raw": raw.hex()})
    lines = written(rows)
    assert agree(lines)
    report = check_lines(lines).books[0]
    assert (report.set_aside, report.records, report.head, report.whole) == (2, 6, 8, True)
    assert not agree([*lines[:-2], lines[-2].replace(b"7b0a7d", b"7b0a207d"), lines[-1]])


def test_a_pruning_that_the_book_announces_leaves_one_line_a_run(book: list[bytes]) -> None:
    rows = parsed(book)
    hashes = {row["record"]["seq"]: row["hash"] for row in rows if "record" in row}
    purge(rows, 5, 6, 7, each=False)
    write_on(rows, {"before": hashes[4], "from": 5, "hash": hashes[7], "to": 7}, "book.pruned")
    assert agree(written(rows))
    assert (check_lines(written(rows)).books[0].loose, check_lines(written(rows)).books[0].purged) == (0, 3)


def test_a_code_of_no_book_that_is_here_is_only_counted(several: list[bytes]) -> None:
    alone = [line for line in several if json.loads(line)["book"] == json.loads(several[-1])["book"]]
    assert agree(alone)
    assert (check_lines(alone).books[0].witnesses, check_lines(alone).books[0].agreeing) == (1, 0)


def test_a_broken_book_is_no_witness_from_its_first_broken_record_on(several: list[bytes]) -> None:
    rows = parsed(several)
    seer = next(row for row in rows if row.get("record", {}).get("body", {}).get("how") == "qr")
    seer["record"]["body"]["hash"] = "00" * 28
    assert not agree(written(rows))
    assert [book.whole for book in check_lines(written(rows)).books] == [True, False, True]


def test_a_book_that_is_broken_from_the_start_says_nothing_of_the_one_before(several: list[bytes]) -> None:
    rows = parsed(several)
    opened = next(row for row in rows if "after" in row.get("record", {}).get("body", {}))
    opened["record"]["body"]["after"]["hash"] = "00" * 32
    assert not agree(written(rows))
    assert check_lines(written(rows)).books[0].whole


def test_nobody_is_his_own_witness(tmp_path: Path) -> None:
    logbook = opened(tmp_path)
    for how in ("qr", "code"):
        saw(logbook, logbook, how)
    logbook.close()
    assert agree(kept(tmp_path))
    report = check_lines(kept(tmp_path)).books[0]
    assert (report.witnesses, report.agreeing, report.witnessed) == (2, 0, 0)


def test_a_witness_of_a_record_that_is_lost_and_declared_says_neither_yes_nor_no(tmp_path: Path) -> None:
    seen, seer = opened(tmp_path / "seen"), opened(tmp_path / "seer")
    seen.append(*(words(n) for n in range(4)))
    saw(seer, seen, "qr")
    seen.append(*(words(n) for n in range(4)))
    seen.close()
    seer.close()
    [path] = (tmp_path / "seen" / "journal").glob("seg-*.jsonl")
    data = bytearray(path.read_bytes())
    for seq in (5, 6):
        data[data.index(b'"seq":%d' % seq)] ^= 1
    path.write_bytes(data)
    opened(tmp_path / "seen").close()
    lines = [*kept(tmp_path / "seen"), *kept(tmp_path / "seer")]
    assert agree(lines)
    first, second = check_lines(lines).books
    assert (first.holes, second.witnesses, second.agreeing) == (((5, 6),), 1, 0)


def test_the_handheld_and_the_check_agree_on_a_code() -> None:
    head = witness.Head(bytes(range(32)), 4711, bytes(range(32, 64)))
    assert witness.code(head) == witness_code(head.book, head.seq, head.hash)


# -- the page itself ----------------------------------------------------------------------------

SEEDS = (
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
)
"""RFC 8032 section 7.1: TEST 1, TEST 2, TEST 3 and TEST SHA(abc)."""


def tiny() -> list[bytes]:
    """The book of section 10, made anew from its keys by the formulas alone."""
    first, identity, second, office = (SigningKey(bytes.fromhex(seed)) for seed in SEEDS)
    book = sha256(bytes(first.verify_key)).digest()
    rows: list[Any] = []

    def sign(key: SigningKey, what: str, *parts: bytes) -> str:
        return key.sign(f"watchbook {what} 1\n".encode() + b"".join(parts)).signature.hex()

    def add(kind: str, body: dict[str, Any], by: list[str]) -> bytes:
        seq = len(rows) + 1
        record = {"at": 1790000000000 + 1000 * seq, "body": body, "boot": "8f7a", "by": by, "kind": kind, "off": None}
        record |= {"seq": seq, "up": 1000 * seq, "v": 1}
        here = sha256((bytes.fromhex(rows[-1]["hash"]) if rows else book) + canonical(record)).digest()
        rows.append({"book": book.hex(), "hash": here.hex(), "record": record})
        return here

    def note(**members: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"book": book.hex(), "note": {"book": book.hex(), **members}}
        rehash(found)
        return found

    add(
        "book.opened",
        {
            "cert": sign(first, "identity", bytes(identity.verify_key)),
            "identity": bytes(identity.verify_key).hex(),
            "key": bytes(first.verify_key).hex(),
            "program": "watchbook 0.1.0",
        },
        [],
    )
    here = add(
        "book.enrolled",
        {
            "device": "pda-3",
            "office": "https://office.example",
            "server_key": bytes(office.verify_key).hex(),
            "site": "cuihu",
        },
        [],
    )
    here = add(
        "key.certified",
        {
            "cert": sign(first, "shift key", book, bytes(second.verify_key)),
            "head": sign(first, "head", book, be8(2), here),
            "key": bytes(second.verify_key).hex(),
        },
        [],
    )
    here = add("crew.left", {"person": "chen-bo"}, ["chen-bo"])
    link, at = here.hex(), 1790000009000
    head = sign(second, "head", book, be8(4), here)
    receipt = sign(office, "receipt", book, be8(4), here, be8(at))
    key, server = bytes(second.verify_key).hex(), bytes(office.verify_key).hex()
    return written(
        [
            *rows,
            note(note="head", seq=4, hash=link, key=key, sig=head),
            note(note="receipt", seq=4, hash=link, key=server, sig=receipt, at=at),
        ]
    )


def test_the_book_on_the_page_is_whole_and_can_be_made_from_its_keys() -> None:
    [block] = re.findall(r"^```jsonl\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    lines = block.encode().splitlines(keepends=True)
    assert lines == tiny()
    assert agree(lines)
    report = check_lines(lines).books[0]
    assert (report.records, report.heads, report.receipts, report.signed, report.acked) == (4, 1, 1, 4, 4)


def test_the_worked_values_on_the_page_are_those_of_its_book() -> None:
    rows = parsed(tiny())
    book, link = bytes.fromhex(rows[0]["book"]), bytes.fromhex(rows[3]["hash"])
    head = witness.Head(book, 4, link)
    assert PAGE.count(witness.payload(head)) == 1
    assert PAGE.count(witness.code(head)) == 1
    signed = b"watchbook head 1\n" + book + be8(4) + link
    assert signed.hex() in re.sub(r"\s", "", PAGE)
    assert canonical(rows[3]["record"]).hex() in re.sub(r"\s", "", PAGE)
    for seed in SEEDS:
        assert PAGE.count(seed) == 1
        assert PAGE.count(bytes(SigningKey(bytes.fromhex(seed)).verify_key).hex()) >= 2


def test_the_page_names_every_kind_and_every_member_of_its_body() -> None:
    rows = dict(re.findall(r"^\| `([a-z.-]+)` \| (.*?) \|", PAGE, re.MULTILINE))
    for kind, body in KINDS.items():
        named = set(re.findall(r"\w+", rows[kind]))
        assert set(body.__struct_encode_fields__) <= named, kind


def test_the_office_key_of_the_tests_is_a_real_one() -> None:
    assert OFFICE.public_key().public_bytes_raw().hex() == OFFICE_KEY
