"""Books that end and go on elsewhere: forks, journals that are lost, other sites and other offices. Nothing is lost."""

import errno
import shutil
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, delete, select, update

from app.errors import BookUnknown, BookUnsafe, OfficeAway, OfficeRefused, WatchbookError
from app.logbook.book import Draft, Logbook
from app.logbook.closed import homes, summary_of
from app.logbook.reader import Enrolment
from app.logbook.verify import check_folder
from app.memory import Memory
from sync.client import Client, Refused
from sync.closed import ENDS_MS
from sync.courier import Courier
from sync.enrolment import enrol
from sync.lane import Writer
from sync.office.store.blobs import blobs, unnamed_blobs
from sync.office.store.devices import writers
from sync.office.store.records import apart_of
from sync.office.store.schema import forks, heads, records
from sync.standing import Reason
from sync.wire import Ack, After, Batch, Problem, Successor
from tests.logbook.tools import LooseDisk, words
from tests.sync.places import SITE, Handheld, RunningOffice, WallClock, drained, handheld, office, same_bytes
from tests.sync.proxy import Fault, proxy
from tests.sync.rogue import Rogue


def apart(running: RunningOffice) -> dict[bytes, int]:
    return running.ask(running.store.read(lambda tx: apart_of(tx, SITE)))


def kept_apart(running: RunningOffice, book: bytes) -> list[bytes]:
    """The bytes that the office has beside those it holds under the book's numbers."""
    rows = running.ask(running.store.read(lambda tx: tx.execute(forks.select().where(forks.c.book == book)).all()))
    return [row.raw for row in sorted(rows, key=lambda row: row.seq)]


def raws(logbook: Logbook, first: int = 1) -> list[bytes]:
    return [entry.raw for entry in logbook.entries(first)]


def enrolments(logbook: Logbook) -> int:
    return [entry.record.kind for entry in logbook.entries()].count("book.enrolled")


def closed_raws(folder: Path, first: int) -> list[bytes]:
    [home] = homes(folder)
    return [entry.raw for entry in Logbook.read(home).entries(first)]


def test_two_copies_of_one_handheld_both_go_on_and_nothing_is_lost(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(3)
        a.courier.exchange()
        common = a.logbook.head.seq
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        (tmp_path / "b" / "lock").unlink()
        a.write(70)
        a.courier.exchange()
        with handheld(tmp_path / "b", running) as b:
            old = b.logbook.book
            b.write(120)
            state = b.courier.exchange()
            assert (state.new_books, state.pending, state.last_reason) == (1, 0, None)
            assert b.logbook.book != old
            b.write(5)
            b.courier.exchange()
            a.write(4)
            state = a.courier.exchange()
            assert (state.new_books, a.logbook.book) == (0, old), "the one whose history is held goes on as it was"
            assert same_bytes(a.logbook, running.stored(old))
            assert same_bytes(b.logbook, running.stored(b.logbook.book))
            theirs = closed_raws(tmp_path / "b", common + 1)
            assert len(theirs) == 121, "120 and the end of the book"
            assert kept_apart(running, old) == theirs
            assert apart(running) == {old: 121}
            named = running.ask(running.store.read(lambda tx: writers(tx, SITE)))
            assert named == {old: "handheld", b.logbook.book: "handheld"}
            [device] = running.ask(running.store.devices.of(SITE))
            assert device.book == b.logbook.book
    with handheld(tmp_path / "b", running) as again:
        assert again.courier.exchange().new_books == 0
        assert again.logbook.unsent == 0


def test_a_folder_restored_from_an_old_copy_goes_on_in_a_new_book_before_anything_contradicts(
    tmp_path: Path, running: RunningOffice
) -> None:
    """The office holds more than the handheld has: the next record would fork, so the book ends first."""
    with handheld(tmp_path / "h", running) as mine:
        mine.write(2)
        mine.courier.exchange()
        shutil.copytree(tmp_path / "h", tmp_path / "old")
        mine.write(5)
        mine.courier.exchange()
        held = running.stored(mine.logbook.book)
    (tmp_path / "old" / "lock").unlink()
    with handheld(tmp_path / "old", running) as back:
        old = back.logbook.book
        assert back.courier.exchange().new_books == 1
        assert running.stored(old) == held
        [end] = kept_apart(running, old)
        assert b'"kind":"book.closed"' in end
        assert b'{"reason":"fork"}' in end


def test_an_office_restored_from_a_backup_is_no_fork(tmp_path: Path) -> None:
    with office(tmp_path / "office") as running, handheld(tmp_path / "h", running) as mine:
        mine.write(4)
        mine.courier.exchange()
        port = running.port
        running.close()
        shutil.copytree(tmp_path / "office", tmp_path / "backup")
        with office(tmp_path / "office", port) as later:
            mine.write(6)
            mine.courier.exchange()
            later.close()
        with office(tmp_path / "backup", port) as restored:
            book = mine.logbook.book
            state = mine.courier.exchange()
            assert (state.new_books, mine.logbook.book) == (0, book)
            assert same_bytes(mine.logbook, restored.stored(book))


@pytest.mark.proof
def test_a_history_that_left_the_office_long_ago_is_told_from_where_it_left(tmp_path: Path) -> None:
    """The office was restored to an earlier state and took another copy's records meanwhile: what this one had sent,
    and had a receipt for, is not there any more. All of it comes again, beside the others'."""
    with office(tmp_path / "office") as running, handheld(tmp_path / "a", running) as a:
        a.write(3)
        a.courier.exchange()
        common = a.logbook.head.seq
        running.close()
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        shutil.copytree(tmp_path / "office", tmp_path / "backup")
        (tmp_path / "b" / "lock").unlink()
        with office(tmp_path / "office", running.port) as first:
            a.write(700)
            a.courier.exchange()
            first.close()
        with office(tmp_path / "backup", running.port) as restored, handheld(tmp_path / "b", restored) as b:
            b.write(40)
            b.courier.exchange()
            a.write(1)
            state = a.courier.exchange()
            assert (state.new_books, state.pending) == (1, 0)
            assert kept_apart(restored, b.logbook.book) == closed_raws(tmp_path / "a", common + 1)
            assert same_bytes(b.logbook, restored.stored(b.logbook.book))


def test_the_open_shift_goes_on_and_the_crew_may_write_meanwhile(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.courier.exchange()
        mine.logbook.append_rotating(Draft("shift.opened", {"crew": [], "post": None}, ("li-wei",)))
        memory = Memory(mine.logbook)
        shutil.copytree(tmp_path / "h", tmp_path / "other")
        (tmp_path / "other" / "lock").unlink()
        with handheld(tmp_path / "other", running) as first:
            first.write(3)
            first.courier.exchange()
        mine.courier.exchange()
        assert mine.courier.state.new_books == 1
        memory.take(mine.write(1))
        assert memory.state.shift is not None
        assert memory.state.book == mine.logbook.book_id
    again = Logbook.open(tmp_path / "h", WallClock())
    assert Memory(again).state.shift is not None
    again.close()


def test_a_new_book_that_could_not_be_introduced_is_introduced_later(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        mine.logbook.succeed("fork")
        mine.write(2)

        def lost(_number: int, line: str) -> Fault:
            return Fault.LOSE_ANSWER if "/successor" in line else Fault.NONE

        with proxy(running.port, lost) as link:
            mine.go_through(link.url)
            with pytest.raises(OfficeAway):
                mine.courier.exchange()
        assert enrolments(mine.logbook) == 0
        mine.go_through(running.url)
        mine.courier.exchange()
        assert mine.logbook.unsent == 0
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        assert enrolments(mine.logbook) == 1


def test_an_office_restored_from_before_a_new_book_is_told_of_it_again(tmp_path: Path) -> None:
    with office(tmp_path / "office") as running, handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        mine.courier.exchange()
        running.close()
        shutil.copytree(tmp_path / "office", tmp_path / "backup")
        with office(tmp_path / "office", running.port) as later:
            mine.logbook.succeed("fork")
            mine.write(2)
            mine.courier.exchange()
            later.close()
        with office(tmp_path / "backup", running.port) as restored:
            mine.write(1)
            with pytest.raises(Refused, match="does not know"):
                mine.courier.exchange()
            mine.courier.exchange()
            assert same_bytes(mine.logbook, restored.stored(mine.logbook.book))
            assert enrolments(mine.logbook) == 1


def test_an_office_restored_from_a_copy_gets_the_end_of_a_closed_book_again_and_its_pictures(tmp_path: Path) -> None:
    """The handheld had receipts for all of it, and would have let it go some days later."""
    with office(tmp_path / "office") as running, handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        mine.courier.exchange()
        running.close()
        shutil.copytree(tmp_path / "office", tmp_path / "backup")
        with office(tmp_path / "office", running.port) as later:
            old, pictures = mine.logbook.book, [photographed(mine, 1)]
            mine.courier.exchange()
            mine.logbook.succeed("fork")
            pictures.append(photographed(mine, 2))
            mine.courier.exchange()
            later.close()
        assert mine.logbook.blobs_waiting() == []
        with office(tmp_path / "backup", running.port) as restored:
            drained(mine, 3)
            mine.courier.exchange()
            assert [row.raw for row in restored.stored(old)] == closed_raws(tmp_path / "h", 1)
            held = restored.ask(restored.store.read(lambda tx: list(tx.execute(select(blobs.c.sha256)).scalars())))
            assert sorted(each.hex() for each in held) == sorted(pictures)


def photographed(mine: Handheld, n: int) -> str:
    """A record with a picture of its own; the picture's name."""
    picture = mine.logbook.attach(b"\xff\xd8\xff" + bytes([n]) * 100)
    mine.logbook.append(Draft("code.seen", {"attachments": [msgspec.to_builtins(picture)]}))
    return picture.sha256


def test_the_end_of_a_closed_book_is_asked_for_once_in_each_run_and_on_each_day(
    tmp_path: Path, running: RunningOffice
) -> None:
    """Whatever became of it at the office meanwhile."""
    with handheld(tmp_path / "h", running) as mine:
        mine.write(4)
        mine.courier.exchange()
        old = mine.logbook.book
        mine.logbook.succeed("fork")
        mine.courier.exchange()
        end = running.held(old)

        def forget(tx: Connection) -> None:
            gone = (records.c.book == old, records.c.seq >= end - 1)
            before = select(records.c.hash).where(records.c.book == old, records.c.seq == end - 2).scalar_subquery()
            tx.execute(delete(records).where(*gone))
            tx.execute(update(heads).where(heads.c.book == old).values(seq=end - 2, hash=before))

        running.ask(running.store.write(forget))
        mine.courier.exchange()
        assert running.held(old) == end - 2, "it is not asked all the time"
        mine.go_through(running.url)
        mine.courier.exchange()
        assert running.held(old) == end
        mine.courier.exchange()
        running.ask(running.store.write(forget))
        mine.courier.exchange()
        assert running.held(old) == end - 2
        mine.clock.walked_ms = running.clock_off_ms = ENDS_MS
        mine.courier.exchange()
        assert running.held(old) == end


def test_pictures_of_a_closed_book_go_on_to_the_same_office(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        name = photographed(mine, 1)
        mine.logbook.succeed("fork")
        mine.courier.exchange()
        held = running.ask(running.store.read(lambda tx: list(tx.execute(select(blobs.c.sha256)).scalars())))
        assert [each.hex() for each in held] == [name]


def test_a_picture_of_a_history_that_is_kept_apart_is_one_that_a_record_names(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "h", running) as mine:
        shutil.copytree(tmp_path / "h", tmp_path / "other")
        (tmp_path / "other" / "lock").unlink()
        with handheld(tmp_path / "other", running) as first:
            first.write(3)
            first.courier.exchange()
        old, name = mine.logbook.book, photographed(mine, 1)
        mine.courier.exchange()
        assert len(kept_apart(running, old)) >= 1
        loose = running.ask(running.store.read(lambda tx: list(tx.execute(select(unnamed_blobs.c.sha256)).scalars())))
        held = running.ask(running.store.read(lambda tx: list(tx.execute(select(blobs.c.sha256)).scalars())))
        assert ([each.hex() for each in held], loose) == ([name], [])


def test_a_handheld_whose_journal_is_lost_goes_on_under_its_name(tmp_path: Path, running: RunningOffice) -> None:
    """Decision 1: the new book names the old one, and the office takes it without a new code."""
    with handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        mine.courier.exchange()
        old = mine.logbook.book
    shutil.rmtree(tmp_path / "h" / "journal")
    with handheld(tmp_path / "h", running) as mine:
        assert mine.logbook.book != old
        mine.write(2)
        mine.courier.exchange()
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book))
        [device] = running.ask(running.store.devices.of(SITE))
        assert device.book == mine.logbook.book


def test_an_empty_book_that_the_office_contradicts_is_not_closed_over_and_over(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(1)
        mine.courier.exchange()

        class Contrary(Client):
            """An office that says so of every book."""

            def send(self, batch: Batch) -> Ack:
                raise Refused(Problem(type="urn:watchbook:fork", high_water=1), None)

        def contrary(writer: Writer) -> Client:
            assert writer.office is not None
            key = bytes.fromhex(writer.office.server_key)
            return Contrary(running.url, book=writer.book, identity=writer.identity, server_key=key, clock=mine.clock)

        courier = Courier(mine.logbook, mine.clock, connect=contrary)
        mine.write(1)
        for _ in range(4):
            with pytest.raises(OfficeRefused):
                courier.exchange()
        assert courier.state.new_books == 1
        assert len(homes(tmp_path / "h")) == 1


def test_on_a_full_disk_the_old_book_goes_on(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(1)
        mine.courier.exchange()
        running.ask(running.store.write(_spoil))
        mine.write(1)
        book = mine.logbook.book

        def full(_reason: str, **_options: object) -> None:
            raise BookUnsafe("book.disk_full")

        mine.logbook.succeed = full  # type: ignore[method-assign, assignment]
        with pytest.raises(BookUnsafe):
            mine.courier.exchange()
        assert mine.courier.state.last_reason == Reason("book.disk_full")
        assert mine.logbook.book == book
        mine.write(1)


def _spoil(tx: Connection) -> None:
    """The office holds another history."""
    for table in (records, heads):
        tx.execute(update(table).values(hash=bytes(32)))


# -- who may name a successor --------------------------------------------------------------------
def successor_of(rogue: Rogue, before: bytes) -> Successor:
    body = rogue.opening()
    return Successor(body["key"], body["identity"], body["cert"], After(before.hex(), "00" * 32, 1))


def test_only_the_identity_that_the_office_knows_may_name_a_successor(running: RunningOffice) -> None:
    known, stranger = Rogue(running), Rogue()
    with pytest.raises(Refused) as no:
        known.client(running.url).succeed(successor_of(stranger, known.book))
    assert no.value.problem.name == "malformed", "a new book under another identity"
    line = Client(running.url, book=known.book, identity=stranger.identity, server_key=None, clock=known.clock)
    with pytest.raises(Refused) as no:
        line.succeed(successor_of(stranger, known.book))
    assert no.value.problem.name == "signature"
    assert running.ask(running.store.devices.by_book(stranger.book)) is None


def test_a_book_of_another_handheld_cannot_be_taken_over(running: RunningOffice) -> None:
    one, two = Rogue(running), Rogue(running)
    two.identity, two.cert = (
        one.identity,
        two.shift.sign(b"watchbook identity 1\n" + one.identity.public_key().public_bytes_raw()),
    )
    with pytest.raises(Refused) as no:
        one.client(running.url).succeed(successor_of(two, one.book))
    assert no.value.problem.name == "book-taken"


def test_the_next_book_of_a_withdrawn_handheld_is_withdrawn_too(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(1)
        mine.courier.exchange()
        [device] = running.ask(running.store.devices.of(SITE))
        running.ask(running.store.devices.revoke(SITE, device.device, 5))
        mine.logbook.succeed("fork")
        mine.write(1)
        with pytest.raises(Refused) as no:
            mine.courier.exchange()
        assert no.value.problem.name == "revoked"
        assert {row.quarantine for row in running.stored(mine.logbook.book)} == {"revoked-book"}


# -- enrolling again -----------------------------------------------------------------------------
def test_at_another_office_a_new_book_begins_and_the_old_one_is_still_carried_to_its_own(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "h", running) as mine, office(tmp_path / "other") as other:
        mine.write(3)
        before, old = raws(mine.logbook), mine.logbook.book
        done = enrol(mine.logbook, other.url, other.code(), "Gate 1", mine.clock)
        assert mine.logbook.office == done
        assert mine.logbook.book != old
        assert mine.logbook.cursor == ""
        Courier(mine.logbook, mine.clock).exchange()
        assert [row.raw for row in running.stored(old)][:-1] == before
        assert same_bytes(mine.logbook, other.stored(mine.logbook.book))
        assert mine.logbook.unsent == 0
        [home] = homes(tmp_path / "h")
        summary = summary_of(home)
        assert summary is not None
        assert (summary.reason, summary.acked) == ("office", summary.seq)


@pytest.mark.parametrize(
    ("what", "step"),
    [
        ("receives", ""),
        ("changes", "close.home"),
        ("changes", "arrive.journal"),
        ("send", ""),
        ("send", "close.journal"),
    ],
)
def test_an_answer_to_a_book_that_ended_meanwhile_is_none_to_the_next(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch, what: str, step: str
) -> None:
    """The crew goes to another office while the courier hears this one; the disk may refuse one step of that."""
    disk = LooseDisk()
    with office(tmp_path / "other") as other, handheld(tmp_path / "a", running, disk=disk) as a:
        a.write(20)
        running.publish("people", "people", b'{"people": ["of the site before"]}')
        whose, name = (disk, "step") if what == "receives" else (Client, what)
        act = getattr(whose, name)

        def leave() -> None:
            disk.refuses = dict.fromkeys([step], errno.EIO)
            with suppress(BookUnknown):
                a.logbook.succeed("site", Enrolment(other.url, other.key.public.hex(), "pda-9", SITE))
            disk.refuses = {}

        def and_leave(*args: Any) -> Any:
            answer = act(*args)
            if whose is Client or args == ("received.make",):
                monkeypatch.undo()
                crew = Thread(target=leave)
                crew.start()
                crew.join()
            return answer

        monkeypatch.setattr(whose, name, and_leave)
        with suppress(WatchbookError):
            a.courier.exchange()
        a.logbook.append(words(1))
        kinds = [entry.record.kind for entry in a.logbook.entries()]
        assert kinds[:2] == ["book.opened", "book.enrolled"]
        assert (a.logbook.acked, a.logbook.cursor, a.logbook.pages("people")) == (0, "", {})
        assert a.courier.state.new_books == 0
        assert check_folder(tmp_path / "a").whole


def test_an_old_office_that_is_gone_holds_nothing_up_and_is_named(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine, office(tmp_path / "other") as other:
        mine.write(3)
        left = mine.logbook.unsent + 1
        enrol(mine.logbook, other.url, other.code(), "Gate 1", mine.clock)
        running.close()
        state = Courier(mine.logbook, mine.clock).exchange()
        assert state.last_reason == Reason("sync.closed_away", {"office": running.url})
        assert state.pending == left, "what waits is counted until it has arrived"
        assert same_bytes(mine.logbook, other.stored(mine.logbook.book))


def test_a_wrong_code_for_another_office_changes_nothing(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine, office(tmp_path / "other") as other:
        book, known = mine.logbook.book, mine.logbook.office
        with pytest.raises(Refused):
            enrol(mine.logbook, other.url, "0123456789", "Gate 1", mine.clock)
        assert (mine.logbook.book, mine.logbook.office) == (book, known)
        mine.write(1)
        mine.courier.exchange()


def test_an_answer_that_was_lost_on_the_way_to_another_office_is_asked_for_again(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "h", running) as mine, office(tmp_path / "other") as other:
        code = other.code()
        lost: list[str] = []

        def once(_number: int, line: str) -> Fault:
            if "/enrol" in line and not lost:
                lost.append(line)
                return Fault.LOSE_ANSWER
            return Fault.NONE

        with proxy(other.port, once) as link:
            book = mine.logbook.book
            with pytest.raises(OfficeAway):
                enrol(mine.logbook, link.url, code, "Gate 1", mine.clock)
            assert mine.logbook.book == book
            enrol(mine.logbook, link.url, code, "Gate 1", mine.clock)
        assert mine.logbook.book != book


def test_at_another_site_of_the_same_office_a_new_book_begins(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        mine.write(2)
        old = mine.logbook.book
        issued = running.ask(running.store.devices.add("harbour-plaza", "x", 0, lifetime_ms=2**50))
        done = enrol(mine.logbook, running.url, issued.code, "Gate 1", mine.clock)
        assert (done.site, done.device) == ("harbour-plaza", issued.device)
        Courier(mine.logbook, mine.clock).exchange()
        assert [row.kind for row in running.stored(old)][-1] == "book.closed"
        assert same_bytes(mine.logbook, running.stored(mine.logbook.book, "harbour-plaza"))
        assert mine.logbook.unsent == 0


@pytest.mark.proof
def test_a_withdrawn_handheld_comes_back_with_a_new_code(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        [device] = running.ask(running.store.devices.of(SITE))
        running.ask(running.store.devices.revoke(SITE, device.device, 5))
        enrol(mine.logbook, running.url, running.code("back"), "Gate 1", mine.clock)
        mine.write(1)
        courier = Courier(mine.logbook, mine.clock)
        state = courier.exchange()
        assert (state.last_reason, state.pending) == (None, 0), "the old book's end is set aside, with a receipt"
        assert {row.quarantine for row in running.stored(mine.logbook.book)} == {None}
