"""What `watchbook verify` finds and says. Tampering with an export: test_record_format.py, beside a second verifier."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.errors import BookError
from app.logbook.book import Draft, Logbook
from app.logbook.closed import homes
from app.logbook.compare import Check
from app.logbook.keys import verifies
from app.logbook.lines import note_line, note_raw
from app.logbook.reader import Enrolment, Reader
from app.logbook.straight import read_straight
from app.logbook.verify import Fault, check_book, check_folder, check_lines, export_lines, told
from app.ports import Moment
from app.words import LANGS
from app.words.book import TABLE
from tests.logbook.test_record_format import canonical, canonical_line, holed
from tests.logbook.tools import OFFICE_KEY, SMALL, QuickDisk, Ticks, receipt, words

ROOT = Path(__file__).parents[2]


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
    assert any("another book" in row for row in told(refused, "en"))
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
    path = next(path for path in (tmp_path / "journal").glob("seg-*") if b'"note":"head"' in path.read_bytes())
    data = bytearray(path.read_bytes())
    data[data.index(b'"note":"head"') + 9] ^= 1
    path.write_bytes(data)
    broken = check_folder(tmp_path).broken
    assert broken is not None
    assert broken.fault is Fault.UNREADABLE
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    assert list(logbook.entries())
    logbook.close()
    assert check_folder(tmp_path).whole


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    lines = export(tmp_path)
    report = check_lines([*lines[:3], b"what?\n", b"\n", *lines[3:]])
    assert report.books[0].broken is not None
    assert (report.books[0].broken.fault, report.books[0].broken.line) == (Fault.NOT_A_LINE, 4)
    assert not check_lines([b"what?"]).whole
    assert not check_lines([]).whole
    assert list(told(check_lines([]), "en"))


def test_there_must_be_a_book(tmp_path: Path) -> None:
    with pytest.raises(BookError):
        check_book(tmp_path)
    with pytest.raises(OSError, match="nowhere"):
        check_book(tmp_path / "nowhere")


# -- books that were closed ---------------------------------------------------------------------


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A data folder with two closed books and the one in use."""
    make(tmp_path)
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    for reason in ("fork", "site"):
        logbook.succeed(reason)
        logbook.append(words(2))
        logbook.sign_head()
    logbook.close()
    return tmp_path


def test_a_folder_is_checked_with_all_books_that_were_closed_in_it(moved: Path) -> None:
    report = check_book(moved)
    assert report.whole
    by_id = {book.book: book for book in report.books}
    used = report.books[-1]
    assert sorted(book.closed for book in report.books) == ["", "fork", "site"]
    assert by_id[used.after].closed == "site"
    assert by_id[by_id[used.after].after].closed == "fork"
    said = "\n".join(told(report, "en"))
    assert "goes on from book" in said
    assert "closed: the handheld moved to another site" in said
    assert "every book is whole: 3" in said


def test_a_closed_book_that_lost_its_end_is_found_by_the_one_after_it(moved: Path) -> None:
    name = next(book.book for book in check_book(moved).books if book.closed == "site")
    home = moved / "closed" / name
    path = next(path for path in (home / "journal").glob("seg-*") if b'"book.closed"' in path.read_bytes())
    data = path.read_bytes()
    keep = data.rindex(b"\n", 0, data.index(b'"book.closed"')) + 1
    path.write_bytes(data[:keep].ljust(len(data), b"\0"))
    (home / "head").unlink()
    report = check_book(moved)
    found = next(book for book in report.books if book.book == name)
    assert found.broken is not None
    assert (found.broken.fault, found.broken.seq) == (Fault.SUCCESSOR, found.head + 1)
    assert not report.whole


def test_a_closed_book_that_no_other_names_and_one_that_cannot_be_read_are_told(moved: Path, tmp_path: Path) -> None:
    one, other = homes(moved)
    for path in (one / "journal").glob("seg-*"):
        path.write_bytes(b"")
    make(tmp_path / "elsewhere")
    stranger = export(tmp_path / "elsewhere")
    shutil.move(tmp_path / "elsewhere", one.parent / json.loads(stranger[0])["book"])
    faults = {book.book: book.broken and book.broken.fault for book in check_book(moved).books}
    assert faults[one.name] is Fault.UNREADABLE
    assert faults[json.loads(stranger[0])["book"]] is Fault.SUCCESSOR
    assert faults[other.name] in (None, Fault.SUCCESSOR)


def test_a_pruned_handheld_is_whole_and_says_how_much_is_gone(tmp_path: Path) -> None:
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    logbook.enrolled(Enrolment("https://office.example", OFFICE_KEY, "pda-3", "cuihu"))
    for _ in range(3):
        logbook.append_rotating(*(words(n) for n in range(30)))
        logbook.keep_state(logbook.head.seq, lambda: b"{}")
        logbook.sign_head()
        logbook.receipt(receipt(logbook, logbook.head.seq))
    before = check_folder(tmp_path)
    gone = 0
    while count := logbook.prune(-30):
        gone += count
    logbook.close()
    assert gone > 0
    assert check_book(tmp_path).whole
    book = check_folder(tmp_path)
    assert (book.purged, book.holes, book.signed) == (gone, (), before.signed)
    assert book.records == book.head - gone
    said = list(told(check_book(tmp_path), "en"))
    assert any(f"removed on purpose when their time was over: {gone};" in row for row in said)
    exported = tmp_path / "book.jsonl"
    exported.write_bytes(b"".join(export(tmp_path)))
    assert check_book(exported).books[0] == book


# -- a folder, read in one go --------------------------------------------------------------------


@pytest.fixture(params=["kept", "pruned", "holed"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    match request.param:
        case "kept":
            make(tmp_path)
        case "holed":
            holed(tmp_path)
        case _:
            logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
            for _ in range(3):
                logbook.append_rotating(*(words(n) for n in range(20)))
                logbook.keep_state(logbook.head.seq, lambda: b"{}")
                logbook.sign_head()
                logbook.receipt(receipt(logbook, logbook.head.seq))
            while logbook.prune(-30):
                pass
            logbook.close()
    return tmp_path


def found(folder: Path) -> object:
    """What the check finds, or the kind of error that it ends with."""
    try:
        return check_folder(folder)
    except BookError as e:
        return type(e)


def found_by_the_reader(folder: Path) -> object:
    """The same from the lines of an export, as a reader gives them."""
    checking = Check(verifies)
    try:
        reader = Reader(folder)
        for line in export_lines(reader):
            checking.take(line)
    except BookError as e:
        return type(e)
    checking.folder(reader.book_id, (damage.first for damage in reader.opening.damage), reader.unfinished)
    return checking.report().books[0]


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """A file after something happened to it."""
    kept = data.rstrip(b"\0")
    at = chance.randrange(len(kept))
    lines = kept.splitlines(keepends=True)
    line = chance.randrange(len(lines))
    match chance.choice(["bit", "cut", "zeros", "again", "taken out", "more"]):
        case "bit":
            return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        case "cut":
            return data[:at]
        case "zeros":
            return data[:at].ljust(len(data), b"\0")
        case "again":
            return b"".join([*lines[:line], lines[line], *lines[line:]])
        case "taken out":
            return b"".join(lines[:line] + lines[line + 1 :])
        case _:
            return kept + chance.choice([b"x", b"a\n", lines[0]])


def test_a_folder_in_which_every_line_checks_is_read_in_one_go(folder: Path, request: pytest.FixtureRequest) -> None:
    book = read_straight(folder, Check(verifies).new)
    assert (book is None) == ("holed" in request.node.name)
    assert found(folder) == found_by_the_reader(folder)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happened_to_a_folder_is_told_as_its_reader_tells_it(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    files = sorted([*folder.glob("journal/*.jsonl"), folder / "head"])
    for _ in range(25):
        path = chance.choice(files)
        data = path.read_bytes()
        if chance.random() < 0.1:
            path.unlink()
        else:
            path.write_bytes(spoilt(data, chance))
        assert found(folder) == found_by_the_reader(folder), (path, seed)
        path.write_bytes(data)


def test_a_head_that_went_further_than_the_journal_is_believed(tmp_path: Path) -> None:
    """The last write is gone without a trace in the segment; the hint beside the journal knows of it."""
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    logbook.append(words(1))
    [segment] = (tmp_path / "journal").glob("seg-*")
    before = segment.read_bytes()
    logbook.append(words(2))
    logbook.close()
    segment.write_bytes(before)
    broken = check_folder(tmp_path).broken
    assert broken is not None
    assert (broken.fault, broken.seq) == (Fault.UNREADABLE, 3)


def test_a_record_gone_from_the_end_of_an_earlier_segment_is_missed_by_the_next_ones_first_line(tmp_path: Path) -> None:
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk(), SMALL)
    logbook.append(words(1), words(2))
    head, book = logbook.head, logbook.book_id
    logbook.close()
    (tmp_path / "head").unlink()
    [segment] = (tmp_path / "journal").glob("seg-*")
    first = {"book": book, "first": head.seq + 1, "note": "segment", "previous": head.hash.hex(), "segment": 2}
    (tmp_path / "journal" / "seg-00000002.jsonl").write_bytes(note_line(note_raw(first)))
    assert check_folder(tmp_path).whole
    segment.write_bytes(segment.read_bytes().rstrip(b"\0\n").rpartition(b"\n")[0] + b"\n")
    broken = check_folder(tmp_path).broken
    assert broken is not None
    assert (broken.fault, broken.seq) == (Fault.UNREADABLE, head.seq)


# -- clocks -------------------------------------------------------------------------------------


class Shown:
    """A clock that shows what it was set to."""

    def __init__(self) -> None:
        self.moment = Moment(at=0, up=0, boot="a")

    def now(self) -> Moment:
        return self.moment


HOUR = 3600 * 1000


@pytest.mark.parametrize(
    ("later", "jump"),
    [
        (Moment(at=10_000 + 30_000, up=10_000, boot="a"), None),
        (Moment(at=10_000 + 30_001, up=10_000, boot="a"), 30_001),
        (Moment(at=10_000 + 90_000, up=10_000, boot="a"), 90_000),
        (Moment(at=10_000 - 3 * HOUR, up=10_000, boot="a"), -3 * HOUR),
        (Moment(at=10_000 + 48 * HOUR, up=10_000, boot="a"), 48 * HOUR),
        (Moment(at=48 * HOUR, up=10, boot="b"), None),
        (Moment(at=-1, up=10, boot="b"), -1),
    ],
)
def test_a_jump_of_the_clock_is_told_and_is_no_fault(tmp_path: Path, later: Moment, jump: int | None) -> None:
    clock = Shown()
    logbook = Logbook.open(tmp_path, clock, QuickDisk())
    clock.moment = later
    logbook.append(words(1))
    logbook.close()
    book = check_folder(tmp_path)
    assert book.whole
    assert [(found.seq, found.ms) for found in book.jumps] == ([] if jump is None else [(2, jump)])
    assert book.jump_count == len(book.jumps)
    assert any("jumps of the clock: 1, at record 2" in row for row in told(check_book(tmp_path), "en")) == bool(jump)


def test_many_jumps_are_counted_and_the_first_are_listed(tmp_path: Path) -> None:
    clock = Shown()
    logbook = Logbook.open(tmp_path, clock, QuickDisk())
    for n in range(1, 10):
        clock.moment = Moment(at=n % 2 * HOUR, up=n, boot="a")
        logbook.append(words(n))
    logbook.close()
    book = check_folder(tmp_path)
    assert (book.jump_count, [jump.seq for jump in book.jumps]) == (9, [2, 3, 4, 5, 6])
    assert any("2 (+0:59:59), 3 (-1:00:00)" in row and ", ..." in row for row in told(check_book(tmp_path), "zh"))


# -- what nobody stands for ---------------------------------------------------------------------


def test_records_that_nobody_signed_for_are_named(tmp_path: Path) -> None:
    make(tmp_path)
    lines = export(tmp_path)
    assert "  nobody has signed yet for: 13" in told(check_lines(lines), "en")
    cut = [line for line in lines if b'"record"' in line][:7]
    report = check_lines(cut)
    assert report.whole, "an export cut short is whole as far as it goes"
    assert (report.books[0].signed, report.books[0].vouched) == (2, 2), "record 3 brought a new key; the old one signed"
    said = list(told(report, "en"))
    assert "  nobody has signed yet for: 3-7" in said
    assert any("there is no receipt of an office" in row for row in said)
    assert "  第3-7条还没有签名或回执" in told(report, "zh")


def test_what_another_book_saw_is_stood_for(tmp_path: Path) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b")
    seer = Logbook.open(tmp_path / "b", Ticks(), QuickDisk(), SMALL)
    seen = Logbook.read(tmp_path / "a")
    book, head = seen.book_id, seen.head
    seer.append(Draft("witness.seen", {"how": "qr", "book": book[:16], "seq": head.seq, "hash": head.hash.hex()[:56]}))
    seer.close()
    both = check_lines(export(tmp_path / "a") + export(tmp_path / "b"))
    assert (both.books[0].witnessed, both.books[0].vouched) == (head.seq, head.seq)
    assert (both.books[1].witnesses, both.books[1].agreeing) == (1, 1)
    assert f"  another book here saw it up to record {head.seq}" in told(both, "en")


# -- the check by itself ------------------------------------------------------------------------


def test_the_check_imports_nothing_of_the_program() -> None:
    code = "import app.logbook.compare, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    rooms = {"app", "hardware", "sync", "screens", "tests", "bench"}
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] in rooms | {"nacl", "cryptography"}}
    assert loaded == {"app", "app.logbook", *(f"app.logbook.{name}" for name in ("check", "compare", "form", "report"))}


@pytest.mark.parametrize("lang", LANGS)
def test_it_can_be_read_by_a_person(tmp_path: Path, lang: str) -> None:
    book = make(tmp_path)
    said = "\n".join(told(check_book(tmp_path, trust=book), lang))
    assert book in said.replace(" ", "").replace("\n", "")
    assert "{" not in said
    (tmp_path / "journal" / "seg-00000001.jsonl").unlink()
    shutil.copytree(tmp_path, tmp_path / "again")
    Logbook.open(tmp_path / "again", Ticks(), QuickDisk(), SMALL).close()
    assert "{" not in "\n".join(told(check_book(tmp_path / "again"), lang))


def test_every_fault_has_its_sentence() -> None:
    assert {f"fault_{fault.value}" for fault in Fault} <= set(TABLE)


def _purged(book: str, seq: int) -> bytes:
    return f'{{"hash":"{seq:064x}","book":"{book}","purged":{seq}}}\n'.encode()


def _crowded() -> Iterator[bytes]:
    """Twenty thousand announcements, as many purged runs that fit none of the neighbours', and heads in between."""
    book, each = "ab" * 32, 20_000
    seq, here = 0, bytes.fromhex(book)
    for seq in range(1, each + 1):
        body = {"before": "", "from": each + 2 * seq - 1, "hash": "", "to": each + 2 * seq}
        record = {"at": 1, "body": body, "boot": "a", "by": [], "kind": "book.pruned", "off": None, "seq": seq}
        raw = canonical({**record, "up": 1, "v": 1})
        here = sha256(here + raw).digest()
        yield b'{"hash":"%s","book":"%s","record":%s}\n' % (here.hex().encode(), book.encode(), raw)
    yield from (_purged(book, each + 2 * run) for run in range(1, each + 1))
    for run in range(1, each + 1):
        gone = each + 2 * run - 1
        raw = canonical({"book": book, "hash": "", "key": "", "note": "head", "seq": gone, "sig": ""})
        link = sha256(b"watchbook note 1\n" + raw).hexdigest().encode()
        yield b'{"hash":"%s","book":"%s","note":%s}\n' % (link, book.encode(), raw)


@pytest.mark.proof
@pytest.mark.parametrize("what", ["one long line", "bytes in place of a record", "a long note", "garbage", "crowded"])
def test_a_file_made_to_hurt_costs_memory_and_time_as_any_file_of_its_size(tmp_path: Path, what: str) -> None:
    file, book = tmp_path / "hostile.jsonl", "ab" * 32
    start = f'{{"hash":"{book}","book":"{book}","'.encode()
    with file.open("wb") as out:
        match what:
            case "one long line":
                out.writelines(b"x" * 2**20 for _ in range(600))
            case "bytes in place of a record":
                out.write(start + b'raw":"' + b"00" * (8 * 2**20) + b'"}\n')
            case "a long note":
                raw = b'{"a":[' + b",".join([b"[]"] * (5 * 2**20)) + b"]}"
                link = sha256(b"watchbook note 1\n" + raw).hexdigest().encode()
                out.write(b'{"hash":"%s","book":"%s","note":%s}\n' % (link, book.encode(), raw))
            case "garbage":
                out.writelines(b"x\n" * 10_000 for _ in range(300))
            case "crowded":
                out.writelines(_crowded())
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28)); "
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20)); from pathlib import Path; "
        "from app.logbook.verify import check_book; report = check_book(Path(sys.argv[1])); "
        "sys.exit(0 if not report.whole else 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, file], cwd=ROOT, capture_output=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr.decode()[-300:]
