"""What `watchbook verify` finds and says. Tampering with an export: test_record_format.py, beside a second verifier."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.errors import BookError
from app.logbook.book import Draft, Logbook
from app.logbook.reader import Enrolment
from app.logbook.verify import Fault, check_book, check_folder, check_lines, export_lines
from app.words import LANGS
from app.words.book import TABLE
from tests.logbook.test_record_format import canonical, canonical_line
from tests.logbook.tools import OFFICE_KEY, SMALL, QuickDisk, Ticks, receipt, words


def make(folder: Path, *, enrolled: bool = True) -> str:
    logbook = Logbook.open(folder, Ticks(), QuickDisk(), SMALL)
    if enrolled:
        logbook.enrolled(Enrolment("https://office.example", OFFICE_KEY, "pda-3", "cuihu"))
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.append(*(words(n) for n in range(8)))
    logbook.sign_head()
    logbook.receipt(receipt(logbook, 4))
    logbook.append(words(3))
    logbook.close()
    return logbook.book_id


def export(folder: Path) -> list[bytes]:
    return list(export_lines(Logbook.read(folder)))


def test_a_folder_and_its_export_say_the_same(tmp_path: Path) -> None:
    make(tmp_path / "book")
    file = tmp_path / "book.jsonl"
    file.write_bytes(b"".join(export(tmp_path / "book")))
    assert check_book(tmp_path / "book") == check_book(file)
    assert check_book(file).whole


def test_a_reader_and_a_check_leave_the_folder_as_it_was(tmp_path: Path) -> None:
    make(tmp_path / "book")
    files = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    check_book(tmp_path / "book")
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == files


def test_the_fingerprint_on_the_sheet_decides_whose_book_it_is(tmp_path: Path) -> None:
    book = make(tmp_path / "book")
    other = make(tmp_path / "other")
    spaced = " ".join(book[i : i + 8].upper() for i in range(0, 64, 8))
    assert check_book(tmp_path / "book", spaced).books[0].trusted is True
    refused = check_book(tmp_path / "book", other)
    assert refused.books[0].trusted is False
    assert not refused.whole
    assert "another book" in refused.say("en")
    both = export(tmp_path / "book") + export(tmp_path / "other")
    assert [b.trusted for b in check_lines(both, trust=other).books] == [None, True]
    assert check_lines(both, trust=other).whole
    assert [b.trusted for b in check_lines(both, trust="ab" * 32).books] == [False, False]


def test_books_may_be_mixed_in_one_file_and_one_bad_one_is_told_apart(tmp_path: Path) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b")
    a, b = export(tmp_path / "a"), export(tmp_path / "b")
    b[5] = b[5].replace(b"chen-bo", b"chen-bx")
    report = check_lines([line for pair in zip(a, b, strict=True) for line in pair])
    assert [book.whole for book in report.books] == [True, False]
    assert report.books[1].broken is not None
    assert (report.books[1].broken.seq, report.books[1].broken.line) == (6, 12)
    assert not report.whole


def test_a_receipt_whose_office_is_not_known_is_counted_and_not_believed(tmp_path: Path) -> None:
    make(tmp_path, enrolled=False)
    book = check_folder(tmp_path)
    assert (book.receipts, book.unchecked, book.acked) == (0, 1, 0)
    assert book.whole
    known = check_folder(tmp_path, office_key=OFFICE_KEY)
    assert (known.receipts, known.unchecked, known.acked) == (1, 0, 4)
    wrong = check_folder(tmp_path, office_key="ab" * 32)
    assert wrong.broken is not None
    assert wrong.broken.fault is Fault.RECEIPT


def test_whoever_has_todays_key_cannot_rewrite_yesterday(tmp_path: Path) -> None:
    """A thief with the handheld changes a record of the shift before and makes chain and later heads anew."""
    make(tmp_path)
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.close()
    key = Ed25519PrivateKey.from_private_bytes((tmp_path / "keys" / "shift.key").read_bytes())
    rows = [json.loads(line) for line in export(tmp_path)]
    rows = [row for row in rows if "record" in row]
    rows[7]["record"]["body"]["words"] = "changed"
    rechain(rows)
    rows.append(head_note(key, rows))
    broken = check_lines([canonical_line(row) for row in rows]).books[0].broken
    assert broken is not None
    assert broken.fault is Fault.CERTIFICATE
    assert broken.seq == len(rows) - 2


def test_today_can_be_rewritten_by_whoever_has_todays_key(tmp_path: Path) -> None:
    """docs/evidence.md says so plainly; if this ever fails, that page must change."""
    make(tmp_path)
    key = Ed25519PrivateKey.from_private_bytes((tmp_path / "keys" / "shift.key").read_bytes())
    rows = [json.loads(line) for line in export(tmp_path)]
    rows = [row for row in rows if "record" in row]
    rows[-1]["record"]["body"]["words"] = "changed"
    rechain(rows)
    rows.append(head_note(key, rows))
    assert check_lines([canonical_line(row) for row in rows]).whole


def rechain(rows: list[Any]) -> None:
    here = bytes.fromhex(rows[0]["book"])
    for row in rows:
        here = sha256(here + canonical(row["record"])).digest()
        row["hash"] = here.hex()


def head_note(key: Ed25519PrivateKey, rows: list[Any]) -> Any:
    book, seq, link = rows[-1]["book"], rows[-1]["record"]["seq"], rows[-1]["hash"]
    sig = key.sign(b"watchbook head 1\n" + bytes.fromhex(book) + seq.to_bytes(8, "big") + bytes.fromhex(link)).hex()
    public = key.public_key().public_bytes_raw().hex()
    note = {"book": book, "hash": link, "key": public, "note": "head", "seq": seq, "sig": sig}
    return {"book": book, "hash": sha256(b"watchbook note 1\n" + canonical(note)).hexdigest(), "note": note}


def test_damage_that_is_not_declared_yet_fails_the_check(tmp_path: Path) -> None:
    make(tmp_path)
    path = next((tmp_path / "journal").glob("seg-*1.jsonl"))
    data = bytearray(path.read_bytes())
    data[data.index(b'"note":"head"') + 9] ^= 1
    path.write_bytes(data)
    broken = check_folder(tmp_path).broken
    assert broken is not None
    assert broken.fault is Fault.UNREADABLE
    Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL).close()
    assert check_folder(tmp_path).whole


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    lines = export(tmp_path)
    report = check_lines([*lines[:3], b"what?\n", b"\n", *lines[3:]])
    assert report.books[0].broken is not None
    assert (report.books[0].broken.fault, report.books[0].broken.line) == (Fault.NOT_A_LINE, 4)
    assert not check_lines([b"what?"]).whole
    assert not check_lines([]).whole
    assert check_lines([]).say("en")


def test_there_must_be_a_book(tmp_path: Path) -> None:
    with pytest.raises(BookError):
        check_book(tmp_path)
    with pytest.raises(OSError, match="nowhere"):
        check_book(tmp_path / "nowhere")


@pytest.mark.parametrize("lang", LANGS)
def test_it_can_be_read_by_a_person(tmp_path: Path, lang: str) -> None:
    book = make(tmp_path)
    said = check_book(tmp_path, trust=book).say(lang)
    assert book in said
    assert "{" not in said
    (tmp_path / "journal" / "seg-00000001.jsonl").unlink()
    shutil.copytree(tmp_path, tmp_path / "again")
    Logbook.open(tmp_path / "again", Ticks(), QuickDisk(), SMALL).close()
    assert "{" not in check_book(tmp_path / "again").say(lang)


def test_every_fault_has_its_sentence() -> None:
    assert {f"fault_{fault.value}" for fault in Fault} <= set(TABLE)
