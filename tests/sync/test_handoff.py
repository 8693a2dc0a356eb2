"""Records that are carried by hand: a stick between a handheld and its office, or in another handheld's pocket."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from app.errors import OfficeAway, OfficeRefused, WatchbookError
from app.logbook.book import Draft, Logbook
from app.logbook.closed import homes
from app.logbook.disk import Disk
from app.logbook.keys import PrivateIdentity, identity_message
from app.logbook.verify import check_book
from app.words import say
from sync import handoff
from sync.client import Client
from sync.handoff import FileRefused
from sync.lane import Writer
from sync.office import handoff as office_handoff
from sync.office.store.records import apart_of
from sync.stick import Given, carried, hand_over, take_along
from sync.wire import Carried
from tests.sync.places import SITE, Handheld, RunningOffice, WallClock, handheld, now_ms, office, same_bytes
from tests.test_commands import ROOT, watchbook

CLOCK = WallClock()


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def give(mine: Handheld, usb: Path, disk: Disk | None = None) -> Given:
    return hand_over(mine.logbook, usb, mine.clock, disk)


def take_in(running: RunningOffice, file: Path) -> office_handoff.TakenIn:
    """What the office's command does with one file."""
    done = running.ask(office_handoff.take_in(running.store, running.key, file.read_bytes(), now_ms()))
    office_handoff.leave_receipt(file, done.receipt)
    return done


def files(usb: Path) -> list[Path]:
    return office_handoff.files_of(usb)


def sentence(error: WatchbookError) -> str:
    return error.key.partition(".")[2]


# -- handheld, stick, office ----------------------------------------------------------------------


def test_what_a_stick_brings_is_what_a_line_would_have_brought(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(3)
        a.courier.exchange()
        a.write(1200)
        given = give(a, usb)
        assert (given.records, given.receipts, given.troubles) == (1200, 0, ())
        assert a.logbook.unsent == 1200, "on a stick is not at the office"
        [file] = files(usb)
        done = take_in(running, file)
        assert (done.accepted, done.upto, done.withdrawn) == (1200, a.logbook.head.seq, False)
        assert same_bytes(a.logbook, running.stored(a.logbook.book))
        again = give(a, usb)
        assert (again.records, again.receipts) == (0, 1)
        assert (a.logbook.unsent, files(usb)) == (0, [])
        a.write(2)
        a.courier.exchange()
        assert same_bytes(a.logbook, running.stored(a.logbook.book))
    assert check_book(tmp_path / "a").books[0].acked > 1200


def test_the_same_stick_twice_changes_nothing_on_either_side(tmp_path: Path, running: RunningOffice, usb: Path) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(7)
        give(a, usb)
        [file] = files(usb)
        before = file.read_bytes()
        give(a, usb)
        assert [path.read_bytes() for path in files(usb)] == [before]
        first, second = take_in(running, file), take_in(running, file)
        assert (first.accepted, second.accepted, second.upto) == (a.logbook.head.seq, 0, a.logbook.head.seq)
        assert same_bytes(a.logbook, running.stored(a.logbook.book))
        assert give(a, usb).receipts == 1
        assert give(a, usb).receipts == 0


def test_more_records_later_replace_the_file_with_a_longer_one(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(3)
        give(a, usb)
        a.write(4)
        give(a, usb)
        [file] = files(usb)
        assert handoff.read(file.read_bytes()).sheet.last == a.logbook.head.seq
        assert take_in(running, file).upto == a.logbook.head.seq


def test_many_records_make_several_files_that_follow_each_other(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a:
        long = "x" * 60_000
        a.logbook.append(*(Draft("note.made", {"t": long}) for _ in range(150)))
        given = give(a, usb)
        assert len(given.files) == 2
        assert all(path.stat().st_size <= handoff.LARGEST for path in files(usb))
        with pytest.raises(FileRefused) as refused:
            take_in(running, files(usb)[1])
        assert sentence(refused.value) == "gap"
        for file in files(usb):
            take_in(running, file)
        assert same_bytes(a.logbook, running.stored(a.logbook.book))


def test_a_closed_book_and_the_one_that_follows_are_both_handed_over(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    """The office has not heard of the second one: the file introduces it."""
    with handheld(tmp_path / "a", running) as a:
        a.write(30)
        old = a.logbook.book
        a.logbook.succeed("wiped")
        a.write(5)
        assert give(a, usb).records == a.logbook.unsent
        assert len(files(usb)) == 2
        books = {handoff.read(file.read_bytes()).sheet.book: file for file in files(usb)}
        for book in (old, a.logbook.book):
            take_in(running, books[book.hex()])
        assert running.held(a.logbook.book) == a.logbook.head.seq
        assert give(a, usb).receipts == 2
        assert (a.logbook.unsent, files(usb)) == (0, [])
        [home] = homes(tmp_path / "a")
        assert same_bytes(Logbook.read(home), running.stored(old))  # type: ignore[arg-type]  # reads alike
        a.courier.exchange()
        assert a.logbook.introduced


def test_a_book_with_a_hole_is_handed_over_with_what_was_lost(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(40)
        path = next((tmp_path / "a" / "journal").glob("seg-*1.jsonl"))
        a.logbook.close()
        path.write_bytes(path.read_bytes().replace(b'"stop":"s7"', b'"stop":"sX"', 1))
    with handheld(tmp_path / "a", running) as a:
        assert a.logbook.holes
        give(a, usb)
        [file] = files(usb)
        assert take_in(running, file).upto == a.logbook.head.seq


# -- what is not taken ------------------------------------------------------------------------------


def brought(tmp_path: Path, running: RunningOffice, usb: Path) -> tuple[Path, bytes]:
    with handheld(tmp_path / "a", running) as a:
        a.write(5)
        give(a, usb)
        [file] = files(usb)
        return file, a.logbook.book


def test_no_changed_byte_and_no_torn_end_is_taken(tmp_path: Path, running: RunningOffice, usb: Path) -> None:
    file, book = brought(tmp_path, running, usb)
    whole = file.read_bytes()
    for at in range(len(whole)):
        with pytest.raises(FileRefused):
            handoff.read(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(FileRefused) as refused:
            handoff.read(whole[:at])
        assert sentence(refused.value) in ("torn", "foreign")
    for at in (40, len(whole) // 2, len(whole) - 30):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(FileRefused):
            take_in(running, file)
    assert running.held(book) == 0
    file.write_bytes(whole)
    assert take_in(running, file).accepted == 7


@pytest.mark.parametrize("data", [b"", b"\n", b"PK\x03\x04 holiday.zip", b"{}\n{}\n", b"\xff" * 5000, b"[" * 100_000])
def test_a_foreign_file_is_told_as_such(data: bytes) -> None:
    with pytest.raises(FileRefused) as refused:
        handoff.read(data)
    assert sentence(refused.value) == "foreign"


def test_a_file_for_another_office_or_of_a_handheld_that_is_not_enrolled_is_refused(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    file, _ = brought(tmp_path, running, usb)
    with office(tmp_path / "other") as other, pytest.raises(FileRefused) as refused:
        take_in(other, file)
    assert sentence(refused.value) == "other_office"
    shutil.rmtree(tmp_path / "office2", ignore_errors=True)
    (tmp_path / "office2").mkdir()
    shutil.copy(running.folder / "office.key", tmp_path / "office2")
    with office(tmp_path / "office2") as lost, pytest.raises(FileRefused) as refused:
        take_in(lost, file)
    assert sentence(refused.value) == "unknown_book"


def test_a_thief_with_another_identity_cannot_hand_over_in_our_name(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    """The first shift key of a stolen book certifies whatever it likes; the office knows the enrolled identity."""
    file, book = brought(tmp_path, running, usb)
    handed = handoff.read(file.read_bytes())
    with handheld(tmp_path / "thief", running) as thief:
        sheet = json.loads(file.read_bytes().split(b"\n")[0])
        sheet["identity"] = thief.logbook.identity.public.hex()
        lines = b"\n".join([json.dumps(sheet).encode(), *file.read_bytes().split(b"\n")[1:-2]]) + b"\n"
        forged = handoff._signed(book, lines, thief.logbook.identity)
    with pytest.raises(FileRefused) as refused:
        handoff.read(forged)
    assert sentence(refused.value) == "changed"
    assert handed.records == 7


def signed_anew(book: bytes, sheet: dict[str, Any], lines: list[bytes], identity: PrivateIdentity) -> bytes:
    return handoff._signed(book, b"\n".join([json.dumps(sheet).encode(), *lines]) + b"\n", identity)


def test_whoever_stole_the_first_key_still_is_not_the_handheld_that_was_enrolled(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a, handheld(tmp_path / "thief", running) as thief:
        a.write(5)
        give(a, usb)
        [file] = files(usb)
        first, *lines = file.read_bytes().split(b"\n")[:-2]
        shift_key = a.logbook._keys.shift()
        assert shift_key is not None
        theirs = thief.logbook.identity
        forged = {"identity": theirs.public.hex(), "cert": shift_key.sign(identity_message(theirs.public)).hex()}
        file.write_bytes(signed_anew(a.logbook.book, {**json.loads(first), **forged}, lines, theirs))
        with pytest.raises(FileRefused) as refused:
            take_in(running, file)
        assert sentence(refused.value) == "not_its_key"


@pytest.mark.parametrize("wrong", ["a batch less", "last", "first", "head", "order"])
def test_what_is_signed_but_is_not_what_its_sheet_says_is_refused(
    tmp_path: Path, running: RunningOffice, usb: Path, wrong: str
) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(1200)
        give(a, usb)
        first, *lines = files(usb)[0].read_bytes().split(b"\n")[:-2]
        sheet = json.loads(first)
        assert len(lines) == 3
        assert handoff.read(signed_anew(a.logbook.book, sheet, lines, a.logbook.identity)).records == 1202
        if wrong == "a batch less":
            del lines[1]
        elif wrong == "order":
            lines[0], lines[1] = lines[1], lines[0]
        else:
            sheet[wrong] = "ab" * 32 if wrong == "head" else sheet[wrong] + 1
        with pytest.raises(FileRefused) as refused:
            handoff.read(signed_anew(a.logbook.book, sheet, lines, a.logbook.identity))
        assert sentence(refused.value) == "changed"


def test_a_withdrawn_handhelds_file_is_kept_in_quarantine(tmp_path: Path, running: RunningOffice, usb: Path) -> None:
    file, book = brought(tmp_path, running, usb)
    [device] = running.ask(running.store.devices.of(SITE))
    running.ask(running.store.devices.revoke(SITE, device.device, now_ms()))
    assert take_in(running, file).withdrawn
    assert {row.quarantine for row in running.stored(book)} == {"revoked-book"}


def test_another_history_is_set_apart_and_gives_no_receipt(tmp_path: Path, running: RunningOffice, usb: Path) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(3)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        a.write(4)
        a.courier.exchange()
        with handheld(tmp_path / "b", running) as b:
            b.write(9)
            give(b, usb)
            [file] = files(usb)
            with pytest.raises(FileRefused) as refused:
                take_in(running, file)
        assert sentence(refused.value) == "fork"
        assert running.ask(running.store.read(lambda tx: apart_of(tx, SITE)))[a.logbook.book] == 9
        assert same_bytes(a.logbook, running.stored(a.logbook.book))


# -- receipts -----------------------------------------------------------------------------------------


def test_a_receipt_that_is_not_the_offices_is_not_believed(tmp_path: Path, running: RunningOffice, usb: Path) -> None:
    file, book = brought(tmp_path, running, usb)
    take_in(running, file)
    path = usb / (book.hex() + handoff.RECEIPT)
    sound = path.read_bytes()
    for data in (sound.replace(b'"seq":7', b'"seq":6'), b"holiday", sound.replace(b'"sig":"', b'"sig":"00')):
        path.write_bytes(data)
        with handheld(tmp_path / "a", running) as a:
            given = give(a, usb)
            assert (given.receipts, len(given.troubles), given.records) == (0, 1, 7), data
            assert a.logbook.unsent > 0
    path.write_bytes(sound)
    with handheld(tmp_path / "a", running) as a:
        assert (give(a, usb).receipts, a.logbook.unsent) == (1, 0)


# -- sticks that fail ---------------------------------------------------------------------------------


class BadStick(Disk):
    def __init__(self, at: int, error: int) -> None:
        self.left, self.error = at, error

    def step(self, name: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(self.error, os.strerror(self.error))


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_a_stick_that_fails_at_any_step_has_the_old_file_or_the_new_one(
    tmp_path: Path, running: RunningOffice, usb: Path, error: int
) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(2)
        give(a, usb)
        old = files(usb)[0].read_bytes()
        a.write(2)
        for at in range(5):
            with pytest.raises(FileRefused) as refused:
                give(a, usb, BadStick(at, error))
            assert sentence(refused.value) == "stick"
            [file] = files(usb)
            last = handoff.read(file.read_bytes()).sheet.last
            assert (file.read_bytes() == old) == (at < 4)
            assert last in (a.logbook.head.seq, a.logbook.head.seq - 2)
            file.write_bytes(old)
        assert give(a, usb).records == a.logbook.unsent


def test_a_link_on_the_stick_leads_nowhere_that_is_written_to(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    """Whoever prepared the stick chose where it leads: the office's keys, say."""
    file, book = brought(tmp_path, running, usb)
    precious = tmp_path / "precious"
    precious.write_text("the office's own")
    (usb / f"{book.hex()}{handoff.RECEIPT}.part").symlink_to(precious)
    done = in_the_office(running, "handoff", str(usb))
    assert (done.returncode, running.held(book)) == (1, 7)
    (usb / f"{file.name}.part").symlink_to(precious)
    file.unlink()
    with handheld(tmp_path / "a", running) as a, pytest.raises(FileRefused):
        give(a, usb)
    assert precious.read_text() == "the office's own"


@pytest.mark.proof
def test_pipes_folders_and_devices_on_the_stick_keep_nothing_back(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    file, book = brought(tmp_path, running, usb)
    os.mkfifo(usb / "0.handoff")
    (usb / "1.handoff").mkdir()
    (usb / "2.handoff").symlink_to("/dev/zero")
    os.mkfifo(usb / f"{book.hex()}{handoff.RECEIPT}")
    with handheld(tmp_path / "b", running):
        pass
    took = watchbook("handoff", str(usb), "--take", "--json", "--data-dir", str(tmp_path / "b"))
    found = json.loads(took.stdout)
    assert (found["files"], len(found["troubles"])) == (1, 3)
    assert in_the_office(running, "handoff", str(usb)).returncode == 1
    assert running.held(book) == 7
    (usb / f"{book.hex()}{handoff.RECEIPT}").unlink(missing_ok=True)
    os.mkfifo(usb / f"{book.hex()}{handoff.RECEIPT}")
    file.unlink()
    with handheld(tmp_path / "a", running) as a:
        given = give(a, usb)
        assert (given.records, len(given.troubles)) == (7, 1)


def test_no_stick_and_no_office_are_one_sentence(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a, pytest.raises(FileRefused) as refused:
        give(a, tmp_path / "nowhere")
    assert sentence(refused.value) == "no_stick"
    fresh = Logbook.open(tmp_path / "fresh", CLOCK)
    with pytest.raises(OfficeRefused):
        hand_over(fresh, tmp_path, CLOCK)
    fresh.close()


# -- in another handheld's pocket -----------------------------------------------------------------------


def test_another_handheld_carries_the_file_and_brings_the_receipt_back(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a, handheld(tmp_path / "b", running) as b:
        a.write(600)
        give(a, usb)
        taken = take_along(b.logbook, usb)
        assert (taken.files, taken.records, taken.troubles) == (1, a.logbook.head.seq, ())
        assert take_along(b.logbook, usb).files == 0
        b.write(2)
        b.courier.exchange()
        assert carried(b.logbook.folder) == []
        assert same_bytes(a.logbook, running.stored(a.logbook.book))
        assert same_bytes(b.logbook, running.stored(b.logbook.book))
        assert give(b, usb).passed_on == 1
        assert give(b, usb).passed_on == 0
        assert give(a, usb).receipts == 1
        assert a.logbook.unsent == 0


def test_what_is_carried_survives_the_carrier_and_waits_for_the_office(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(5)
        give(a, usb)
        with handheld(tmp_path / "b", running) as b:
            take_along(b.logbook, usb)
            port = running.port
            running.close()
            with pytest.raises(WatchbookError):
                b.courier.exchange()
            assert len(carried(b.logbook.folder)) == 1
        with office(tmp_path / "office", port) as back:
            with handheld(tmp_path / "b", back) as b:
                b.courier.exchange()
                assert carried(b.logbook.folder) == []
            assert back.held(a.logbook.book) == a.logbook.head.seq


def test_a_carried_file_that_the_office_does_not_want_is_kept_and_keeps_nothing_back(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a, handheld(tmp_path / "b", running) as b:
        a.logbook.append(*(Draft("note.made", {"t": "x" * 60_000}) for _ in range(150)))
        give(a, usb)
        files(usb)[0].unlink()
        take_along(b.logbook, usb)
        b.write(3)
        with pytest.raises(OfficeRefused):
            b.courier.exchange()
        assert b.logbook.unsent == 0
        assert carried(b.logbook.folder) == []
        assert len(list((b.logbook.folder / "carried").iterdir())) == 1
        b.courier.exchange()


@pytest.mark.parametrize("wrong", [{"seq": 3}, {"sig": "00" * 64}, {"book": "ab" * 32}, {"hash": "ab"}])
def test_the_carrier_lets_go_only_on_the_offices_word_for_all_of_it(
    tmp_path: Path, running: RunningOffice, usb: Path, wrong: dict[str, Any]
) -> None:
    class Lying(Client):
        def carry(self, book: str, data: bytes) -> Carried:
            told = super().carry(book, data)
            return replace(told, receipt=replace(told.receipt, **wrong))

    with handheld(tmp_path / "a", running) as a, handheld(tmp_path / "b", running) as b:
        a.write(9)
        give(a, usb)
        take_along(b.logbook, usb)
        connect = b.courier._connect

        def lying(book: Writer) -> Client:
            client = connect(book)
            client.__class__ = Lying
            return client

        b.courier._connect = lying
        with pytest.raises(OfficeAway):
            b.courier.exchange()
        assert len(carried(b.logbook.folder)) == 1
        assert b.logbook.unsent == 0


def test_files_that_are_not_for_us_to_carry_stay_on_the_stick(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a, handheld(tmp_path / "b", running) as b:
        a.write(2)
        give(a, usb)
        assert take_along(a.logbook, usb).files == 0, "our own"
        [file] = files(usb)
        file.write_bytes(file.read_bytes()[:-20])
        (usb / "photo.handoff").write_bytes(b"\xff\xd8")
        taken = take_along(b.logbook, usb)
        assert taken.files == 0
        assert sorted(sentence(why) for _, why in taken.troubles) == ["foreign", "torn"]
        assert not (b.logbook.folder / "carried").exists()


def test_nobody_brings_a_file_under_another_books_name(tmp_path: Path, running: RunningOffice, usb: Path) -> None:
    file, book = brought(tmp_path, running, usb)
    with handheld(tmp_path / "b", running) as b:
        writer = b.logbook
        client = Client(
            running.url,
            book=writer.book,
            identity=writer.identity,
            server_key=running.key.public,
            clock=b.clock,
        )
        with pytest.raises(OfficeRefused, match="does not understand"):
            client.carry("ab" * 32, file.read_bytes())
        client.close()
    assert running.held(book) == 0


# -- the commands ---------------------------------------------------------------------------------------


def in_the_office(running: RunningOffice, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sync.office", *args, "--data-dir", str(running.folder), "--lang", "en"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)


def handed(folder: Path, usb: Path, *args: str) -> dict[str, Any]:
    done = watchbook("handoff", str(usb), "--json", *args, "--data-dir", str(folder))
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == bool(found["troubles"]), done.stderr
    return found


@pytest.mark.proof
def test_the_commands_of_both_sides_hand_over_take_in_and_settle(
    tmp_path: Path, running: RunningOffice, usb: Path
) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(5)
        book, head = a.logbook.book, a.logbook.head.seq
    found = handed(tmp_path / "a", usb)
    assert (found["records"], found["pending"], len(found["files"])) == (head, head, 1)
    (usb / "bad.handoff").write_bytes(b"holiday")
    done = in_the_office(running, "handoff", str(usb))
    assert done.returncode == 1
    assert f"{head} new records, all up to {head} are held" in done.stdout
    assert done.stderr == "bad.handoff: this is no hand-off file\n"
    assert running.held(book) == head
    (usb / "bad.handoff").unlink()
    again = in_the_office(running, "handoff", str(usb), "--json")
    assert again.returncode == 0
    assert [one["accepted"] for one in json.loads(again.stdout)] == [0]
    found = handed(tmp_path / "a", usb)
    assert (found["receipts"], found["pending"], found["files"]) == (1, 0, [])
    empty = in_the_office(running, "handoff", str(usb))
    assert (empty.returncode, empty.stderr.strip()) == (1, say("en", "handoff.no_files", folder=str(usb)))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_person_reads_what_to_do_next(tmp_path: Path, running: RunningOffice, usb: Path, lang: str) -> None:
    with handheld(tmp_path / "a", running) as a:
        a.write(1)
    folder = ["--data-dir", str(tmp_path / "a"), "--lang", lang]
    done = watchbook("handoff", str(usb), *folder)
    assert ("回执" if lang == "zh" else "receipt") in done.stdout
    taken = watchbook("handoff", str(usb), "--take", *folder)
    assert taken.stdout.strip() == say(lang, "handoff.taken_none")
    gone = watchbook("handoff", str(usb / "nowhere"), *folder)
    assert gone.returncode == 1
    assert gone.stderr.strip() == say(lang, "handoff.no_stick", folder=str(usb / "nowhere"))
