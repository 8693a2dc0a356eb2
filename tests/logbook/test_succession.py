"""A book ends and another goes on: whatever fails on the way, one of the two stands and nothing recorded is lost."""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest

from app.errors import BookError, BookUnknown, BookUnsafe
from app.logbook import closed
from app.logbook.book import Draft, Logbook, Received
from app.logbook.disk import Disk
from app.logbook.journal import segments
from app.logbook.keys import head_message, verifies
from app.logbook.pruning import DAY_MS
from app.logbook.reader import Enrolment, Reader
from app.logbook.verify import check_book, check_folder, told
from app.memory import Memory
from app.ports import Moment
from tests import garden
from tests.logbook.tools import (
    OFFICE_KEY,
    SMALL,
    CountingDisk,
    FailingDisk,
    LooseDisk,
    QuickDisk,
    Ticks,
    fails,
    is_chained,
    receipt,
    words,
)

HERE: Final = Enrolment("http://office", OFFICE_KEY, "pda-3", "cuihu")
ELSEWHERE: Final = Enrolment("http://other", OFFICE_KEY, "pda-9", "harbour")


def opened(folder: Path, disk: Disk | None = None) -> Logbook:
    return Logbook.open(folder, Ticks(), disk or QuickDisk(), SMALL)


def begun(folder: Path, disk: Disk | None = None, count: int = 60) -> Logbook:
    """A book in use: enrolled, with pages, several segments, look-ups, and a receipt for the half of it."""
    logbook = opened(folder, disk)
    logbook.enrolled(HERE)
    logbook.receive([Received("plan", "1", 1, b'{"revision":1}'), Received("people", "cuihu", 2, b"[]")], "c-2")
    logbook.append_rotating(Draft("shift.opened", {"crew": [], "post": None}))
    for number in range(count):
        logbook.append(words(number))
    logbook.receipt(receipt(logbook, 20))
    logbook.shelf.put("readings", "A-1/x/y", {"values": [[7, "400"]]})
    logbook.shelf.save()
    return logbook


def closed_of(folder: Path) -> Reader:
    [home] = closed.homes(folder)
    return Reader(home)


def test_the_next_book_names_the_old_one_which_lives_on_as_it_was(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    old, identity, before = logbook.book_id, logbook.identity.public, [entry.raw for entry in logbook.entries()]
    logbook.succeed("fork")
    new = logbook.append(words(1))
    logbook.sign_head()
    logbook.close()

    there = closed_of(tmp_path)
    entries = list(there.entries())
    assert there.book_id == old
    assert [entry.raw for entry in entries[:-1]] == before
    assert (entries[-1].record.kind, entries[-1].record.body) == ("book.closed", {"reason": "fork"})
    assert [note["seq"] for note in there.notes() if note["note"] == "head"] == [entries[-1].record.seq]
    home = closed.home_of(tmp_path, old)
    assert check_folder(home).whole
    assert check_folder(tmp_path).whole

    again = opened(tmp_path)
    first = next(again.entries()).record
    assert first.body["after"] == {"book": old, "seq": entries[-1].record.seq, "hash": entries[-1].hash.hex()}
    assert (again.identity.public, first.body["identity"]) == (identity, identity.hex())
    assert [entry.raw for entry in again.entries(2)] == [new[0].raw]
    assert again.book_id != old
    again.close()


def test_work_goes_on_with_the_same_pages_office_and_look_ups(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    logbook.succeed("fork")
    for _ in range(2):
        assert (logbook.page("plan"), logbook.page("people"), logbook.cursor) == (b'{"revision":1}', b"[]", "c-2")
        assert logbook.office == HERE
        assert logbook.shelf.get("readings", "A-1/x/y") == {"values": [[7, "400"]]}
        logbook.close()
        logbook = opened(tmp_path)
    logbook.close()


def test_at_another_site_nothing_of_the_old_one_goes_on(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    logbook.succeed("site", ELSEWHERE)
    for _ in range(2):
        assert logbook.office == ELSEWHERE
        assert (logbook.page("plan"), logbook.cursor) == (None, "")
        assert logbook.shelf.get("readings", "A-1/x/y") is None
        assert [entry.record.kind for entry in logbook.entries()] == ["book.opened", "book.enrolled"]
        logbook.close()
        logbook = opened(tmp_path)
    [old] = logbook.closed_books()
    assert old.office == HERE
    logbook.close()


def test_the_crew_and_their_round_go_on_in_the_next_book(tmp_path: Path) -> None:
    """The state is of the old book's records; the next start has it too."""
    logbook = begun(tmp_path)
    memory = Memory(logbook)
    assert memory.state.shift is not None
    logbook.succeed("fork")
    memory.take(logbook.append(Draft("alarm.raised", {"point": None, "round": None}, ("chen-bo",))))
    assert memory.state.shift is not None
    assert memory.state.alarm == f"{logbook.book_id}:2"
    logbook.close()
    logbook = opened(tmp_path)
    assert Memory(logbook).state == memory.state
    logbook.succeed("fork")
    assert Memory(logbook).state.shift is not None, "nobody was there to give the state of the records in between"
    logbook.close()


def test_a_state_that_is_not_of_all_records_is_not_taken_over(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    Memory(logbook)
    logbook.append(Draft("crew.joined", {"person": "li-wei", "method": "badge", "role": None, "post": None}))
    logbook.succeed("fork")
    assert Memory(logbook).state.shift is None
    logbook.append_rotating(Draft("shift.opened", {"crew": [], "post": None}))
    logbook.succeed("fork", fold=Memory)
    assert Memory(logbook).state.shift is not None, "whoever closes it can fold what nobody did"
    logbook.close()


async def test_a_round_that_was_open_is_walked_to_its_end_in_the_next_book(tmp_path: Path) -> None:
    """The courier closes the book between two stops; neither the crew nor a power cut afterwards loses the round."""
    hand = garden.Handheld(tmp_path / "h", garden.HandClock(), garden.plan())
    progress = await hand.night_round()
    await hand.stand_at("gate")
    old = hand.logbook.book
    hand.logbook.succeed("fork", fold=Memory)
    assert hand.logbook.book != old
    hand.clock.pass_s(70)
    assert (await hand.stand_at("power"))[-1].verdict is not None
    hand = hand.killed()
    assert hand.watch.state.round is not None
    assert hand.watch.state.round.round == progress.round
    await hand.sign_in("zhang")
    await hand.answer_all()
    for point in ("roof", "pump"):
        hand.clock.pass_s(95)
        await hand.scan(garden.LABELS[point])
    summary = await hand.watch.finish_round()
    assert (summary.planned, summary.done) == (4, 4)
    await hand.watch.close_shift()
    hand.close()
    for home in (hand.folder, *closed.homes(hand.folder)):
        assert check_folder(home).whole


async def test_the_newest_reading_is_still_the_newest_in_the_next_book(tmp_path: Path) -> None:
    """Its number is smaller than those of the old book's."""
    hand = garden.Handheld(tmp_path / "h", garden.HandClock(), garden.plan())
    shown: list[tuple[str, ...]] = []
    await hand.sign_in("zhang", "li")
    for value in ("401", "402", "403"):
        shown += await walked_to_power(hand, value)
        await hand.watch.finish_round()
        hand.logbook.succeed("fork", fold=Memory)
    assert shown == [(), ("401",), ("402", "401")]
    await hand.sign_in("zhang")
    hand = hand.killed()
    await hand.sign_in("zhang")
    assert await walked_to_power(hand, "404") == [("403", "402", "401")]
    hand.close()


async def walked_to_power(hand: garden.Handheld, value: str) -> list[tuple[str, ...]]:
    """A round as far as the meters, all answered; the earlier readings that stood beside those answered `value`."""
    await hand.start()
    await hand.stand_at("gate")
    hand.clock.pass_s(70)
    await hand.stand_at("power")
    shown = []
    while (check := hand.watch.open_check()) is not None:
        whole = check.kind == "number" and not check.decimals
        typed = {"number": "42", "count": "30"}.get(check.kind, "1")
        if whole:
            shown.append(hand.watch.last_readings(check.id))
        await hand.watch.answer(hand.watch.judge(check, value if whole else typed))
    return shown


def test_the_old_shift_key_is_gone_and_the_new_one_signs(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    secret = (tmp_path / "keys" / "shift.key").read_bytes()
    logbook.succeed("fork")
    logbook.close()
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert kept == []
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["identity.key", "shift.key"]
    again = opened(tmp_path)
    again.sign_head()
    again.close()


def test_what_the_office_lacks_of_a_closed_book_is_counted_and_can_be_signed_for(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    logbook.succeed("fork")
    closed_head = closed_of(tmp_path).head.seq
    assert logbook.unsent == closed_head - 20 + 1
    assert Logbook.read(tmp_path).unsent == logbook.unsent
    for book in logbook.closed_books():
        first = book.acked + 1
        while first <= book.head.seq:
            last = book.signable(first, first + 39)
            link = book.hash_of(last)
            assert link is not None
            key, sig = book.head_signature(last, bytes.fromhex(link))
            assert verifies(bytes.fromhex(key), bytes.fromhex(sig), head_message(book.book, last, bytes.fromhex(link)))
            note = {**receipt(logbook, 1), "seq": last, "hash": link}
            book.receipt(note)
            first = last + 1
    assert logbook.unsent == 1
    assert list(logbook.closed_books()) == []
    assert closed_of(tmp_path).acked == closed_head
    logbook.close()
    again = opened(tmp_path)
    assert again.unsent == 1
    again.close()


def test_a_summary_that_is_lost_is_counted_from_the_journal(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    logbook.succeed("fork")
    unsent = logbook.unsent
    logbook.close()
    (closed.homes(tmp_path)[0] / "closed.json").unlink()
    logbook = opened(tmp_path)
    assert logbook.unsent == unsent
    [book] = logbook.closed_books()
    assert book.acked == 20
    logbook.close()


# -- a closed book goes ----------------------------------------------------------------------------

DAYS: Final = 8
HELD_AT: Final = 1_790_000_500_000


class Later(Ticks):
    """Days after the office's receipt."""

    def now(self) -> Moment:
        now = super().now()
        return Moment(at=now.at + DAYS * DAY_MS, up=now.up, boot=now.boot)


def held_by_the_office(folder: Path, last: int | None = None) -> str:
    """A closed book of which the office has all, or all up to `last`, and the book that goes on; its id."""
    logbook = begun(folder)
    logbook.succeed("fork")
    logbook.enrolled(HERE)
    for book in logbook.closed_books():
        book.receipt(receipt(book, last or book.head.seq))
    [home] = closed.homes(folder)
    logbook.receipt(receipt(logbook, logbook.head.seq, at=HELD_AT + DAYS * DAY_MS))
    logbook.close()
    return home.name


def tended(folder: Path, disk: Disk | None = None, keep_days: int = 7) -> int:
    logbook = Logbook.open(folder, Later(), disk or QuickDisk(), SMALL)
    try:
        return sum(iter(lambda: logbook.prune(keep_days), 0))
    finally:
        logbook.close()


def test_a_closed_book_goes_once_the_office_has_held_all_of_it_for_so_long(tmp_path: Path) -> None:
    old = held_by_the_office(tmp_path)
    ended = closed_of(tmp_path).head
    assert tended(tmp_path, keep_days=DAYS + 1) == 0
    assert tended(tmp_path) == ended.seq
    assert list((tmp_path / "closed").iterdir()) == []
    told = list(Reader(tmp_path).entries())[-1].record
    assert (told.kind, told.body["book"], told.body["seq"]) == ("book.removed", old, ended.seq)
    assert told.body["hash"] == ended.hash.hex()
    assert told.body["receipt"]["at"] == HELD_AT
    assert tended(tmp_path) == 0


@pytest.mark.parametrize("kept_back", ["its end is not there yet", "the next book is not enrolled", "not days ago"])
def test_a_closed_book_that_is_still_needed_stays(tmp_path: Path, kept_back: str) -> None:
    if kept_back == "the next book is not enrolled":
        logbook = begun(tmp_path)
        logbook.succeed("fork")
        for book in logbook.closed_books():
            book.receipt(receipt(book, book.head.seq))
        logbook.receipt(receipt(logbook, 1, at=HELD_AT + DAYS * DAY_MS))
        logbook.close()
    else:
        held_by_the_office(tmp_path, last=40 if kept_back.startswith("its end") else None)
    assert tended(tmp_path, keep_days=DAYS + 1 if kept_back == "not days ago" else 0) == 0
    assert len(closed.homes(tmp_path)) == 1


def test_of_two_closed_books_the_older_one_goes_first_so_that_none_is_left_that_nobody_names(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    for _ in range(2):
        logbook.succeed("fork")
    older = [home for home in closed.homes(tmp_path) if "after" not in str(next(Reader(home).entries()).record.body)]
    for book in logbook.closed_books():
        if book.home not in older:
            book.receipt(receipt(book, book.head.seq, at=HELD_AT))
    logbook.close()
    left = {home.name for home in closed.homes(tmp_path)}
    assert len(left) == 2
    assert list(closed.settled(tmp_path, HELD_AT)) == [], "the younger one is held, the older one is not"
    (old,) = older
    shutil.rmtree(old)
    assert [body["book"] for body in closed.settled(tmp_path, HELD_AT)] == [*(left - {old.name})]


@pytest.mark.parametrize(("last", "keep_days"), [(40, 0), (None, DAYS + 1)])
def test_a_summary_that_says_too_much_removes_nothing(tmp_path: Path, last: int | None, keep_days: int) -> None:
    old = held_by_the_office(tmp_path, last)
    summary = closed.summary_of(closed.home_of(tmp_path, old))
    assert summary is not None
    said = msgspec.structs.replace(summary, acked=summary.seq, at=0)
    (closed.home_of(tmp_path, old) / "closed.json").write_bytes(msgspec.json.encode(said))
    assert tended(tmp_path, keep_days=keep_days) == 0
    assert len(closed.homes(tmp_path)) == 1


def test_checking_says_what_was_removed_and_that_its_fingerprint_is_the_offices_to_check(tmp_path: Path) -> None:
    old = held_by_the_office(tmp_path)
    assert check_book(tmp_path, trust=old).whole
    tended(tmp_path)
    report = check_book(tmp_path)
    assert report.whole
    [removed] = report.books[0].removed
    assert (removed.book, removed.held, removed.asked) == (old, True, False)
    assert check_book(tmp_path, trust=report.books[0].book).whole
    asked = check_book(tmp_path, trust=old)
    assert not asked.whole, "nothing that is left proves that this book goes on from that one"
    for lang, said in (("en", "check the office's copy"), ("zh", "请用办公室的那份核对")):
        assert any(said in sentence for sentence in told(asked, lang))


def test_a_removal_whose_receipt_is_not_the_offices_is_told_so(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    forged = {"book": "ab" * 32, "hash": "cd" * 32, "receipt": {"at": 1, "key": OFFICE_KEY, "sig": "00" * 64}, "seq": 9}
    logbook.append(Draft("book.removed", forged), Draft("book.removed", {"book": 7}))
    logbook.close()
    [removed] = check_folder(tmp_path).removed
    assert not removed.held


def test_the_power_fails_at_any_step_of_a_removal(tmp_path: Path) -> None:
    """The closed book is there whole or not at all, it never goes untold, and the next day finishes it."""
    old = held_by_the_office(tmp_path / "before")
    disk = CountingDisk()
    shutil.copytree(tmp_path / "before", tmp_path / "count")
    tended(tmp_path / "count", disk)
    assert {"append.sync", "closed.leave", "closed.left"} <= set(disk.steps)
    left = []
    for at, name in enumerate(disk.steps):
        folder = tmp_path / f"{at}-{name}"
        shutil.copytree(tmp_path / "before", folder)
        child = os.fork()
        if child == 0:
            tended(folder, FailingDisk(at, lambda name: os._exit(9)))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        left.append(bool(closed.homes(folder)))
        report = check_book(folder)
        assert report.whole, name
        assert left[-1] or [removed.book for removed in report.books[-1].removed] == [old]
        tended(folder)
        assert list((folder / "closed").iterdir()) == []
        assert [entry.record.kind for entry in Reader(folder).entries()].count("book.removed") == 1
    assert left == sorted(left, reverse=True)
    assert set(left) == {True, False}


def test_what_a_removal_left_half_done_counts_for_nothing(tmp_path: Path) -> None:
    old = held_by_the_office(tmp_path)
    home = closed.home_of(tmp_path, old)
    half = home.with_name(home.name + ".removed")
    shutil.copytree(home, half)
    next((half / "journal").glob("seg-*")).unlink()
    assert check_book(tmp_path).whole
    opened(tmp_path).close()
    assert [path.name for path in (tmp_path / "closed").iterdir()] == [old]


def test_the_next_key_is_the_same_until_its_book_has_begun(tmp_path: Path) -> None:
    """So a lost answer of the office may be asked for again, by the next program too."""
    logbook = begun(tmp_path)
    promised = logbook.candidate()
    assert logbook.candidate() == promised
    logbook.close()
    logbook = opened(tmp_path)
    assert logbook.candidate() == promised
    logbook.succeed("site", ELSEWHERE)
    assert logbook.book == promised.book
    assert logbook.candidate().book != promised.book
    logbook.close()


def test_whoever_writes_while_a_book_ends_writes_into_one_of_the_two(tmp_path: Path) -> None:
    """The courier's thread closes the book; the crew goes on pressing keys."""
    logbook = begun(tmp_path)
    memory, written = Memory(logbook), 0
    ended = threading.Event()

    def crew() -> None:
        nonlocal written
        while not ended.is_set():
            memory.take(logbook.append(Draft("note.made", {"n": written})))
            written += 1

    writing = threading.Thread(target=crew)
    writing.start()
    for _ in range(3):
        while written < 10:
            pass
        logbook.succeed("fork", fold=Memory)
    ended.set()
    writing.join(10)
    memory.take(logbook.append(Draft("note.made", {"n": written})))
    written += 1
    assert memory.state.shift is not None
    assert memory.state.book == logbook.book_id
    logbook.append(words(1))
    logbook.sign_head()
    logbook.close()
    homes = [tmp_path, *closed.homes(tmp_path)]
    assert len(homes) == 4
    found = [entry.record for home in homes for entry in Reader(home).entries()]
    assert sorted(r.body["n"] for r in found if r.kind == "note.made") == list(range(written))
    assert all(check_folder(home).whole for home in homes[1:])


# -- a disk that fails ---------------------------------------------------------------------------

Life = Callable[[Path, Disk], None]


def steps_of(folder: Path) -> tuple[int, list[str]]:
    """(steps before the succession, names of its steps)."""
    disk = CountingDisk()
    logbook = begun(folder, disk)
    Memory(logbook)
    before = len(disk.steps)
    logbook.succeed("fork")
    after = len(disk.steps)
    logbook.close()
    return before, disk.steps[before:after]


def succeeded(folder: Path, disk: Disk) -> None:
    """What the courier does: after an unclear answer it opens the book again."""
    logbook = begun(folder, disk)
    Memory(logbook)
    try:
        logbook.succeed("fork")
    except BookUnknown:
        try:
            logbook.reopen()
        except BookError:
            logbook.close()
            return
    except BookUnsafe:
        pass
    logbook.append(words(3))
    logbook.close()


def assert_one_stands(folder: Path, count: int) -> bool:
    """Nothing recorded is lost, one book goes on and can be closed again; whether it is the next one."""
    logbook = opened(folder)
    assert logbook.opening.damage == ()
    homes = closed.homes(folder)
    books = [Reader(home) for home in homes]
    kinds = [entry.record.kind for book in books for entry in book.entries()]
    kinds += [entry.record.kind for entry in logbook.entries()]
    assert kinds.count("stop.arrived") >= count, kinds
    assert kinds.count("book.closed") == len(homes) <= 1
    assert logbook.page("plan") == b'{"revision":1}'
    assert (logbook.office, logbook.cursor) == (HERE, "c-2")
    assert Memory(logbook).state.shift is not None
    assert not (folder / "next").exists()
    if homes:
        head = books[0].head
        assert next(logbook.entries()).record.body["after"] == {
            "book": books[0].book_id,
            "seq": head.seq,
            "hash": head.hash.hex(),
        }
        assert is_chained(books[0].book, books[0].entries())
        assert len(list(logbook.closed_books())) == 1
    logbook.append(words(5))
    logbook.append_rotating(Draft("shift.opened", {"crew": [], "post": None}))
    logbook.sign_head()
    Memory(logbook)
    logbook.succeed("fork")
    logbook.append(words(6))
    logbook.close()
    assert len(closed.homes(folder)) == len(homes) + 1
    for home in (folder, *closed.homes(folder)):
        report = check_folder(home)
        assert report.whole, report
    return bool(homes)


def test_every_step_on_the_disk_has_a_name(tmp_path: Path) -> None:
    _, steps = steps_of(tmp_path)
    subjects = {name.partition(".")[0] for name in steps}
    assert subjects >= {"closed", "closed-heads", "closed-summary", "closed-office", "next", "next-shelf", "segment"}
    assert subjects >= {"snapshot", "key", "append", "close", "arrive"}


@pytest.mark.proof
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_step_that_fails_leaves_the_old_book_or_the_next(tmp_path: Path, error: int) -> None:
    before, steps = steps_of(tmp_path / "count")
    went_over = []
    for at, name in enumerate(steps):
        folder = tmp_path / f"{at}-{name}"
        succeeded(folder, FailingDisk(before + at, fails(error)))
        went_over.append(assert_one_stands(folder, 60))
    assert went_over == sorted(went_over), "from one step on it is the next book"
    assert {True, False} == set(went_over)


@pytest.mark.proof
def test_the_program_dies_at_any_step_and_one_book_stands(tmp_path: Path) -> None:
    before, steps = steps_of(tmp_path / "count")
    went_over = []
    for at, name in enumerate(steps):
        folder = tmp_path / f"{at}-{name}"
        dies(folder, before + at)
        went_over.append(assert_one_stands(folder, 60))
    assert went_over == sorted(went_over)
    assert {True, False} == set(went_over)


def dies(folder: Path, at: int) -> None:
    child = os.fork()
    if child == 0:
        try:
            succeeded(folder, FailingDisk(at, lambda name: os._exit(9)))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.proof
def test_wherever_it_dies_on_the_way_to_another_site_book_and_office_belong_together(tmp_path: Path) -> None:
    def moved(folder: Path, disk: Disk) -> None:
        logbook = begun(folder, disk)
        logbook.succeed("site", ELSEWHERE)
        logbook.close()

    disk = CountingDisk()
    before = begun(tmp_path / "before", disk)
    first = len(disk.steps)
    before.close()
    disk = CountingDisk()
    moved(tmp_path / "count", disk)
    found = []
    for at in range(first, len(disk.steps)):
        folder = tmp_path / str(at)
        child = os.fork()
        if child == 0:
            try:
                moved(folder, FailingDisk(at, lambda name: os._exit(9)))
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        logbook = opened(folder)
        assert logbook.office is not None
        found.append(logbook.office.site)
        pages = {"cuihu": b'{"revision":1}', "harbour": None}
        assert logbook.page("plan") == pages[logbook.office.site]
        assert (logbook.office.site == "harbour") == bool(closed.homes(folder))
        for book in logbook.closed_books():
            assert book.office == HERE
        logbook.append(words(1))
        logbook.sign_head()
        logbook.close()
    assert set(found) == {"cuihu", "harbour"}
    assert found == sorted(found)


def test_a_disk_that_dies_again_while_the_change_is_finished_does_no_harm(tmp_path: Path) -> None:
    """Killed once on the way, and once more at each step of the opening that goes on from there."""
    before, steps = steps_of(tmp_path / "count")
    dies(tmp_path / "half", before + steps.index("close.journal"))
    disk = CountingDisk()
    shutil.copytree(tmp_path / "half", tmp_path / "all")
    opened(tmp_path / "all", disk).close()
    assert "arrive.journal" in disk.steps
    for at, name in enumerate(disk.steps):
        folder = tmp_path / f"{at}-{name}"
        shutil.copytree(tmp_path / "half", folder)
        with pytest.raises(BookError):
            opens_badly(folder, at)
        assert assert_one_stands(folder, 60)


def opens_badly(folder: Path, at: int) -> None:
    """Open on a disk that is broken from step `at` on."""

    class Broken(FailingDisk):
        def step(self, name: str) -> None:
            self._left -= 1
            if self._left < 0:
                raise OSError(errno.EIO, "broken")

    opened(folder, Broken(at, fails(errno.EIO))).close()
    raise BookUnsafe("book.disk_error", why="a failure that stopped nothing")


def test_a_next_book_that_was_only_prepared_is_thrown_away(tmp_path: Path) -> None:
    before, steps = steps_of(tmp_path / "count")
    dies(tmp_path / "h", before + steps.index("append.write"))
    assert (tmp_path / "h" / "next" / "journal").is_dir()
    logbook = opened(tmp_path / "h")
    assert not (tmp_path / "h" / "next").exists()
    assert list((tmp_path / "h" / "closed").iterdir()) == []
    assert logbook.append(words(1))[0].record.seq > 60
    logbook.close()


def test_a_prepared_book_that_was_lost_after_the_end_of_the_old_one_is_made_again(tmp_path: Path) -> None:
    before, steps = steps_of(tmp_path / "count")
    dies(tmp_path / "h", before + steps.index("close.journal"))
    shutil.rmtree(tmp_path / "h" / "next")
    logbook = opened(tmp_path / "h")
    assert next(logbook.entries()).record.body["after"]["book"] == closed_of(tmp_path / "h").book_id
    assert logbook.page("plan") == b'{"revision":1}'
    logbook.close()


@pytest.mark.parametrize("books", [1, 2])
def test_until_it_is_enrolled_itself_a_next_book_believes_the_record_of_the_one_before(
    tmp_path: Path, books: int
) -> None:
    logbook = begun(tmp_path)
    for _ in range(books):
        logbook.succeed("fork")
        logbook.append_rotating(Draft("shift.opened", {"crew": [], "post": None}))
    logbook.close()
    (tmp_path / "office.json").write_bytes(msgspec.json.encode(ELSEWHERE))
    logbook = opened(tmp_path)
    assert not logbook.introduced
    assert logbook.office == HERE
    assert Reader(tmp_path).office == HERE
    assert [book.office for book in logbook.closed_books()] == [HERE] * books
    logbook.close()


def test_damage_that_is_met_when_a_book_ends_is_declared_before_its_last_record(tmp_path: Path) -> None:
    begun(tmp_path).close()
    path = segments(tmp_path)[1][1]
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"words":', b'"wards":', 1))
    logbook = opened(tmp_path)
    logbook.succeed("fork")
    logbook.close()
    report = check_folder(closed.homes(tmp_path)[0])
    assert report.whole, report
    assert len(report.holes) == 1
    assert check_folder(tmp_path).whole


def test_a_closed_book_that_the_disk_does_not_give_back_is_refused_in_words(tmp_path: Path) -> None:
    logbook = begun(tmp_path)
    logbook.succeed("fork")
    segment = next(tmp_path.glob("closed/*/journal/seg-*1.jsonl"))
    segment.unlink()
    segment.mkdir()
    with pytest.raises(BookUnsafe):
        next(logbook.closed_books())
    assert logbook.append(words(1))
    logbook.close()


def test_a_book_that_begins_on_a_full_disk_can_be_read_at_once(tmp_path: Path) -> None:
    disk = LooseDisk()
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    disk.refuses = {"again.write": errno.ENOSPC}
    logbook.succeed("fork")
    assert [entry.record.kind for entry in logbook.entries()] == ["book.opened"]
    disk.refuses = {}
    assert logbook.append(words(2))[0].record.seq == 2
    logbook.close()
    assert check_folder(tmp_path / "book").whole


@pytest.mark.parametrize("step", ["close.home", "arrive.journal"])
def test_nor_does_a_full_disk_hide_one_that_comes_at_the_next_start(tmp_path: Path, step: str) -> None:
    disk = LooseDisk()
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    logbook.append(words(1))
    disk.refuses = {step: errno.EIO}
    with pytest.raises(BookUnknown):
        logbook.succeed("fork")
    logbook.close()
    disk.refuses = {"again.write": errno.ENOSPC}
    logbook = Logbook.open(tmp_path / "book", Ticks(), disk, SMALL)
    assert [entry.record.kind for entry in logbook.entries()] == ["book.opened"]
    logbook.close()
