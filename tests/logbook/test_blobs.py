"""Pictures and personal texts beside the book: durable before the record that names them, gone without harming it."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from app.errors import BookUnsafe, RecordRefused
from app.logbook import blobs, closed
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from app.logbook.reader import Reader
from app.logbook.verify import check_book, told
from tests.logbook.test_pruning import Handheld
from tests.logbook.test_succession import ELSEWHERE, HELD_AT, HERE, Later, begun
from tests.logbook.tools import SMALL, CountingDisk, FailingDisk, QuickDisk, Ticks, fails, receipt, words
from tests.test_commands import folder as folder
from tests.test_commands import line, watchbook

JPEG: Final = b"\xff\xd8\xff\xe0" + b"paper, page 12" * 99 + b"\xff\xd9"
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def opened(folder: Path, disk: Disk | None = None) -> Logbook:
    return Logbook.open(folder, Ticks(), disk or QuickDisk(), SMALL)


def naming(*found: blobs.Attachment) -> Draft:
    return Draft("finding.raised", {"attachments": [{"sha256": one.sha256, "size": one.size} for one in found]})


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder / "blobs"))


def test_a_picture_is_known_by_its_hash_and_survives_its_program(tmp_path: Path) -> None:
    logbook = opened(tmp_path)
    jpeg, png = logbook.attach(JPEG), logbook.attach(PNG)
    assert (jpeg.size, jpeg.type, png.type) == (len(JPEG), "image/jpeg", "image/png")
    logbook.append(naming(jpeg, png))
    assert logbook.attach(JPEG) == jpeg, "twice the same is the same"
    logbook.append(naming(jpeg))
    for _ in range(2):
        logbook.close()
        logbook = opened(tmp_path)
        assert (logbook.blob(jpeg.sha256), logbook.blob(png.sha256)) == (JPEG, PNG)
    assert names(tmp_path) == {jpeg.sha256, png.sha256}
    assert logbook.blob("../keys/identity.key") is None
    logbook.close()


@pytest.mark.parametrize(
    ("data", "sentence"), [(b"GIF89a", "JPEG or PNG"), (b"", "JPEG or PNG"), (JPEG + bytes(blobs.LIMIT), "too large")]
)
def test_what_is_no_picture_or_too_large_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    logbook = opened(tmp_path)
    with pytest.raises(RecordRefused, match=sentence):
        logbook.attach(data)
    assert not (tmp_path / "blobs").exists()
    logbook.close()


def test_a_picture_that_no_record_names_goes_at_the_next_start(tmp_path: Path) -> None:
    logbook = opened(tmp_path)
    lost, kept = logbook.attach(JPEG), logbook.attach(PNG)
    logbook.append(naming(kept))
    logbook.reopen()
    assert logbook.blob(lost.sha256) == JPEG, "its record may still come"
    logbook.close()
    opened(tmp_path).close()
    assert names(tmp_path) == {kept.sha256}


def test_the_power_fails_anywhere_between_picture_and_record(tmp_path: Path) -> None:
    """A record that is there has its picture; a picture that is there has its record, once the program was opened."""
    opened(tmp_path / "before").close()
    disk = CountingDisk()
    shutil.copytree(tmp_path / "before", tmp_path / "count")
    attached(tmp_path / "count", disk)
    assert disk.steps.index("blob.folder") < disk.steps.index("append.write") < disk.steps.index("blob.named")
    done = []
    for at, name in enumerate(disk.steps):
        folder = tmp_path / f"{at}-{name}"
        shutil.copytree(tmp_path / "before", folder)
        child = os.fork()
        if child == 0:
            attached(folder, FailingDisk(at, lambda name: os._exit(9)))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        logbook = opened(folder)
        named = [entry.record.body["attachments"][0]["sha256"] for entry in logbook.entries(2)]
        assert all(logbook.blob(name) == JPEG for name in named), name
        assert not (folder / "blobs").exists() or names(folder) == set(named), name
        assert check_book(folder).books[0].unattached == ()
        done.append(bool(named))
        logbook.close()
    assert done == sorted(done)
    assert set(done) == {True, False}


def attached(folder: Path, disk: Disk) -> None:
    logbook = opened(folder, disk)
    logbook.append(naming(logbook.attach(JPEG)))
    logbook.close()


def test_a_disk_that_refuses_the_picture_is_one_sentence(tmp_path: Path) -> None:
    disk = CountingDisk()
    logbook = opened(tmp_path / "count", disk)
    before = len(disk.steps)
    logbook.close()
    logbook = opened(tmp_path / "full", FailingDisk(before + 3, fails(errno.ENOSPC)))
    with pytest.raises(BookUnsafe, match="full"):
        logbook.attach(JPEG)
    logbook.append(naming(logbook.attach(JPEG)))
    assert check_book(tmp_path / "full").books[0].unattached == ()
    logbook.close()


# -- checking -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_checking_a_folder_says_whose_picture_is_missing_or_another(tmp_path: Path, how: str) -> None:
    logbook = opened(tmp_path)
    logbook.append(words(1), naming(logbook.attach(JPEG), logbook.attach(PNG)))
    logbook.close()
    assert check_book(tmp_path).books[0].unattached == ()
    path = tmp_path / "blobs" / blobs.described(PNG).sha256
    path.unlink() if how == "gone" else path.write_bytes(PNG + b"!")
    report = check_book(tmp_path)
    assert report.books[0].unattached == (3,)
    assert report.whole, "the record itself is as it was"
    assert any("of record 3" in sentence for sentence in told(report, "en"))
    assert any("第 3 条的附件" in sentence for sentence in told(report, "zh"))


# -- with its record ----------------------------------------------------------------------------
def pruned(here: Handheld) -> tuple[blobs.Attachment, blobs.Attachment, blobs.Attachment]:
    """Pictures of a pruned record: one that a later record names too, one that the office has, one that it has not."""
    twice, held, only_here = (here.book.attach(PNG + bytes([n])) for n in range(3))
    here.book.append(naming(twice, held, only_here))
    here.shifts(10)
    here.book.append(naming(here.book.attach(PNG + bytes([0]))))
    for name in (twice, held):
        here.book.blob_held(name.sha256)
    assert here.prune() > 0
    return twice, held, only_here


def test_where_no_office_can_be_asked_no_picture_goes(tmp_path: Path) -> None:
    here = Handheld(tmp_path)
    found = pruned(here)
    assert all(entry.record.kind != "finding.raised" for entry in here.book.entries(1, 8))
    assert all(here.book.blob(one.sha256) is not None for one in found), "nobody else has them"
    here.close()


def test_what_a_pruned_record_named_is_left_until_its_office_has_said_once_more_that_it_has_it(tmp_path: Path) -> None:
    here = Handheld(tmp_path)
    book = here.book
    book.enrolled(HERE)
    _, held, only_here = pruned(here)
    assert book.blobs_left() == sorted([held.sha256, only_here.sha256]), "a record that is here names the third"
    assert book.blobs_waiting() == []
    book.append(naming(book.attach(PNG + bytes([1]))))
    book.blob_let_go(held.sha256)
    assert (book.blobs_left(), book.blobs_waiting()) == ([only_here.sha256], [held.sha256]), "a new record has its own"
    here.close()
    here.open()
    assert here.book.blobs_left() == [only_here.sha256]
    here.book.forget_text(only_here.sha256)
    assert here.book.blobs_left() == []
    here.close()


def test_the_power_fails_while_pictures_go_with_their_records(tmp_path: Path) -> None:
    before = tmp_path / "before"
    here = Handheld(before)
    here.book.enrolled(HERE)
    pictures = [here.book.attach(PNG + bytes([n])) for n in range(3)]
    here.book.append(naming(*pictures))
    for one in pictures:
        here.book.blob_held(one.sha256)
    here.shifts(10)
    here.close()

    def again(name: str, disk: QuickDisk) -> Handheld:
        shutil.copytree(before, tmp_path / name)
        other = Handheld.__new__(Handheld)
        other.folder, other.clock = tmp_path / name, here.clock
        other.open(disk)
        return other

    disk = CountingDisk()
    counted = again("count", disk)
    counted.prune()
    counted.close()
    mine = ("kept.folder", "blob.left", "blob.left-folder", "prune.remove")
    steps = [at for at, name in enumerate(disk.steps) if name in mine]
    assert len(steps) > 6
    left = {f"{one.sha256}.left-{HERE.place}" for one in pictures}
    for at in steps:
        child = os.fork()
        if child == 0:
            again(str(at), FailingDisk(at, lambda name: os._exit(9))).prune()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        Logbook.open(tmp_path / str(at), here.clock, QuickDisk(), SMALL).close()
        assert names(tmp_path / str(at)) == left, at
        assert check_book(tmp_path / str(at)).books[0].unattached == ()


def test_pictures_of_a_closed_book_go_with_it(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    ours, shared = logbook.attach(JPEG), logbook.attach(PNG)
    logbook.append(naming(ours, shared))
    logbook.succeed("fork")
    logbook.enrolled(HERE)
    logbook.append(naming(logbook.attach(PNG)))
    for book in logbook.closed_books():
        book.receipt(receipt(book, book.head.seq))
    logbook.receipt(receipt(logbook, 1, at=HELD_AT * 2))
    for one in (ours, shared):
        logbook.blob_held(one.sha256)
    assert check_book(tmp_path).books[0].unattached == ()
    logbook.close()
    logbook = Logbook.open(tmp_path, Later(), QuickDisk(), SMALL)
    while logbook.prune(7):
        pass
    assert closed.homes(tmp_path) == []
    assert (logbook.blobs_left(), logbook.blob(shared.sha256)) == ([ours.sha256], PNG)
    logbook.close()


# -- at another office ------------------------------------------------------------------------------
def moved(folder: Path, disk: Disk | None = None) -> tuple[Logbook, blobs.Attachment, blobs.Attachment]:
    """Gone elsewhere with a picture that the office before has, and one that it has not."""
    logbook = begun(folder)
    held, only_here = logbook.attach(JPEG), logbook.attach(PNG)
    logbook.append(naming(held, only_here))
    logbook.blob_held(held.sha256)
    logbook.close()
    logbook = Logbook.open(folder, Later(), disk or QuickDisk(), SMALL)
    logbook.succeed("office", ELSEWHERE)
    return logbook, held, only_here


def emptied(logbook: Logbook) -> list[Path]:
    """The closed books that are left when the office of each has had its records long enough."""
    for book in logbook.closed_books():
        book.receipt(receipt(book, book.head.seq))
    logbook.receipt(receipt(logbook, 1, at=HELD_AT * 2))
    while logbook.prune(7):
        pass
    return closed.homes(logbook.folder)


def test_a_closed_book_stays_until_the_office_that_was_left_has_its_pictures(tmp_path: Path) -> None:
    logbook, held, only_here = moved(tmp_path)
    assert logbook.blobs_left_elsewhere() == {HERE.place: [only_here.sha256]}
    assert (logbook.blobs_waiting(), logbook.blobs_left()) == ([], [])
    assert len(emptied(logbook)) == 1
    logbook.blob_let_go(only_here.sha256, HERE)
    assert logbook.blobs_left_elsewhere() == {}
    assert logbook.blob(only_here.sha256) == PNG, "its record is here"
    assert check_book(tmp_path).books[0].unattached == ()
    assert emptied(logbook) == []
    assert names(tmp_path) == set(), "nobody is asked again there: the first word counts"
    assert logbook.blob(held.sha256) is None
    logbook.close()


def test_a_closed_book_that_the_disk_does_not_give_keeps_nobody_from_going_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logbook = begun(tmp_path)
    logbook.succeed("fork")
    (earlier,) = closed.homes(tmp_path)
    picture = logbook.attach(JPEG)
    logbook.append(naming(picture))
    unreadable(monkeypatch, earlier)
    logbook.succeed("office", ELSEWHERE)
    logbook.append(words(1))
    assert logbook.blobs_left_elsewhere() == {HERE.place: [picture.sha256]}
    logbook.close()


def unreadable(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A sector of each of its segments is gone."""
    read = Path.read_bytes

    def failing(path: Path) -> bytes:
        if home in path.parents and path.name.startswith("seg-"):
            raise OSError(errno.EIO, "no such sector")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", failing)


def test_a_closed_book_whose_place_only_its_records_know_stays_for_its_pictures_too(tmp_path: Path) -> None:
    logbook, _, only_here = moved(tmp_path)
    (home,) = closed.homes(tmp_path)
    (home / "office.json").write_bytes(b"")
    assert emptied(logbook) == [home]
    logbook.blob_let_go(only_here.sha256, HERE)
    assert emptied(logbook) == []
    logbook.close()


def test_what_another_office_lacks_is_not_owed_to_this_one(tmp_path: Path) -> None:
    """An office that purged a picture is believed once it has all records: those of its own books."""
    logbook, *_ = moved(tmp_path)
    assert logbook.is_owed
    logbook.receipt(receipt(logbook, logbook.head.seq))
    assert (logbook.unsent > 0, logbook.is_owed) == (True, False)
    logbook.close()


def test_what_one_office_has_of_a_picture_is_no_word_of_another(tmp_path: Path) -> None:
    logbook, held, only_here = moved(tmp_path)
    logbook.append(naming(logbook.attach(JPEG), logbook.attach(PNG)))
    assert logbook.blobs_waiting() == sorted([held.sha256, only_here.sha256])
    assert logbook.blobs_left_elsewhere() == {HERE.place: [only_here.sha256]}, "and goes there all the same"
    for one in (held, only_here):
        logbook.blob_held(one.sha256)
    assert logbook.blobs_left(HERE) == [only_here.sha256]
    logbook.blobs_doubted()
    assert logbook.blobs_waiting() == sorted([held.sha256, only_here.sha256])
    assert logbook.blobs_left(HERE) == sorted([held.sha256, only_here.sha256]), "another site of the same office"
    for one in (held, only_here):
        logbook.blob_let_go(one.sha256, HERE)
    assert emptied(logbook) == []
    assert [logbook.blob(one.sha256) for one in (held, only_here)] == [JPEG, PNG], "the new book's records name them"
    logbook.close()


def test_a_handheld_that_comes_back_asks_for_itself(tmp_path: Path) -> None:
    logbook, _, only_here = moved(tmp_path)
    logbook.succeed("office", HERE)
    assert (logbook.blobs_left(), logbook.blobs_left_elsewhere()) == ([only_here.sha256], {})
    logbook.blob_let_go(only_here.sha256)
    assert logbook.blob(only_here.sha256) == PNG, "a closed book names it"
    logbook.close()


def test_the_power_fails_while_a_handheld_goes_elsewhere_and_its_pictures_wait_for_their_office(tmp_path: Path) -> None:
    """No picture of the old place is ever among those for the new one, nor forgotten."""
    disk = CountingDisk()
    logbook, _, only_here = moved(tmp_path / "count", disk)
    logbook.close()
    assert disk.steps.index("blob.left") < disk.steps.index("close.journal")
    steps = [at for at, name in enumerate(disk.steps) if name.startswith(("blob.left", "close.", "arrive."))]
    for at in steps:
        child = os.fork()
        if child == 0:
            moved(tmp_path / str(at), FailingDisk(at, lambda name: os._exit(9)))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        logbook = Logbook.open(tmp_path / str(at), Later(), QuickDisk(), SMALL)
        assert logbook.office == ELSEWHERE
        assert logbook.blobs_waiting() == []
        assert logbook.blobs_left_elsewhere() == {HERE.place: [only_here.sha256]}, disk.steps[at]
        logbook.close()


def test_a_book_that_begins_before_its_office_knows_it_takes_only_its_own_pictures_elsewhere(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    old = logbook.attach(JPEG)
    logbook.append(naming(old))
    logbook.succeed("fork")
    new = logbook.attach(PNG)
    logbook.append(naming(new))
    assert logbook.blobs_waiting() == sorted([old.sha256, new.sha256])
    logbook.enrolled(ELSEWHERE)
    assert logbook.blobs_waiting() == [new.sha256]
    assert logbook.blobs_left_elsewhere() == {HERE.place: [old.sha256]}
    logbook.close()


def test_a_spoilt_copy_does_not_hide_a_good_one(tmp_path: Path) -> None:
    logbook, _, only_here = moved(tmp_path)
    logbook.append(naming(logbook.attach(PNG)))
    (tmp_path / "blobs" / only_here.sha256).write_bytes(PNG[:-1])
    assert logbook.blob(only_here.sha256) == PNG
    logbook.close()


# -- personal text --------------------------------------------------------------------------------


def test_a_personal_text_can_go_alone_and_the_book_is_whole(tmp_path: Path) -> None:
    logbook = opened(tmp_path)
    name, again = logbook.set_apart("张先生 13800000000"), logbook.set_apart("张先生 13800000000")
    assert name != again, "the salt keeps anybody from trying names against the hash"
    logbook.append(*(Draft("visitor.noted", {"text": {"sha256": one}}) for one in (name, again)))
    logbook.close()
    logbook = opened(tmp_path)
    assert logbook.text_of(name) == "张先生 13800000000"
    logbook.forget_text(name)
    assert (logbook.text_of(name), logbook.text_of(again)) == (None, "张先生 13800000000")
    logbook.close()
    assert all(b"13800000000" not in path.read_bytes() for path in tmp_path.rglob("journal/*"))
    assert names(tmp_path) == {again}
    assert check_book(tmp_path).whole
    [first, _] = list(Reader(tmp_path).entries(2))
    assert first.record.body == {"text": {"sha256": name}}
    with pytest.raises(RecordRefused, match="too large"):
        opened(tmp_path).set_apart("x" * 5000)


def test_a_forgotten_text_is_overwritten_before_it_goes(tmp_path: Path) -> None:
    disk = CountingDisk()
    logbook = opened(tmp_path, disk)
    name = logbook.set_apart("Mrs Li, 3-201")
    logbook.append(Draft("visitor.noted", {"text": {"sha256": name}}))
    disk.steps.clear()
    logbook.forget_text(name)
    assert [step for step in disk.steps if step.startswith("blob")] == [
        "blob.blank",
        "blob.blank-sync",
        "blob.forget",
        "blob.forgotten",
    ]
    logbook.close()


# -- through the command ---------------------------------------------------------------------------


def recorded(folder: Path, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    asked = line(kind="visitor.noted", body=body)
    done = watchbook("record", "--stdin", "--lang", "en", "--data-dir", str(folder), stdin=asked)
    return done.returncode, json.loads(done.stdout)


def test_another_program_names_a_file_and_a_text_and_the_record_holds_their_hashes(folder: Path) -> None:
    picture = folder.parent / "paper.jpg"
    picture.write_bytes(JPEG)
    code, answer = recorded(folder, {"attachments": [{"file": str(picture)}], "text": {"apart": "张先生"}})
    assert code == 0, answer
    logbook = opened(folder)
    entry = logbook.entry(answer["seq"])
    assert entry is not None
    [attached] = entry.record.body["attachments"]
    assert (attached["size"], attached["type"]) == (len(JPEG), "image/jpeg")
    assert logbook.blob(attached["sha256"]) == JPEG
    assert logbook.text_of(entry.record.body["text"]["sha256"]) == "张先生"
    logbook.close()
    assert watchbook("verify", "--data-dir", str(folder)).returncode == 0


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"attachments": [{"file": "/nowhere/paper.jpg"}]}, "cannot be read"),
        ({"attachments": [{"file": 7}]}, "cannot be read"),
        ({"attachments": [{"file": __file__}]}, "JPEG or PNG"),
        ({"text": {"apart": 7}}, "must be text"),
    ],
)
def test_what_cannot_be_kept_refuses_the_line(folder: Path, body: dict[str, Any], sentence: str) -> None:
    code, answer = recorded(folder, body)
    assert code == 1
    assert sentence in answer["error"]
    assert not (folder / "blobs").exists()
