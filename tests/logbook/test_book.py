"""The logbook as the rest of the program meets it."""

import hmac
import os
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import json

from app.errors import BookError, BookInUse, BookUnknown, ChainBroken, RecordRefused
from app.logbook.book import Draft, Logbook, Received
from app.logbook.journal import Space, segments
from app.logbook.reader import Enrolment
from app.logbook.snapshots import read_snapshot
from app.record import decode
from tests.logbook.tools import SMALL, QuickDisk, Ticks, is_chained, receipt, words

ROOT = Path(__file__).parents[2]


def start(folder: Path, space: Space | None = None) -> Logbook:
    return Logbook.open(folder, Ticks(), QuickDisk(), space)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pda-3"


def test_the_first_record_gives_the_book_its_name(folder: Path) -> None:
    logbook = start(folder)
    first = next(logbook.entries())
    body = first.record.body
    assert logbook.opening.fresh
    assert first.record.kind == "book.opened"
    assert logbook.book == sha256(bytes.fromhex(body["key"])).digest()
    assert body["identity"] == logbook.identity.public.hex()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(body["key"]))
    key.verify(bytes.fromhex(body["cert"]), b"watchbook identity 1\n" + logbook.identity.public)
    logbook.close()


def test_records_are_chained_numbered_and_there_again_after_a_restart(folder: Path) -> None:
    logbook = start(folder, SMALL)
    done = [entry for n in range(40) for entry in logbook.append(words(n), words(n + 1))]
    assert [e.record.seq for e in done] == list(range(2, 82))
    assert done[0].record.at == done[1].record.at, "one append is one moment"
    logbook.close()
    logbook = start(folder, SMALL)
    entries = list(logbook.entries())
    assert not logbook.opening.fresh
    assert entries[1:] == done
    assert is_chained(logbook.book, entries)
    assert all(decode(e.raw) == e.record for e in entries)
    assert logbook.head.seq == 81
    assert logbook.head.hash == done[-1].hash
    assert len(segments(folder)) > 4
    logbook.close()


@pytest.mark.parametrize(
    ("first", "limit", "wanted"), [(1, None, 31), (5, 3, 3), (31, None, 1), (32, None, 0), (30, 9, 2)]
)
def test_entries_can_be_read_from_any_number(folder: Path, first: int, limit: int | None, wanted: int) -> None:
    logbook = start(folder, SMALL)
    logbook.append(*(words(n) for n in range(30)))
    numbers = [e.record.seq for e in logbook.entries(first, limit)]
    assert numbers == list(range(first, first + wanted))
    logbook.close()


def test_what_is_no_record_is_refused_and_nothing_of_the_call_is_written(folder: Path) -> None:
    logbook = start(folder)
    for bad in (
        Draft("Nonsense", {}),
        Draft("a.b", {"x": 1.5}),
        Draft("a.b", {}, by=("Not An Id",)),
        Draft("a.b", {"x": "y" * 70_000}),
    ):
        with pytest.raises(RecordRefused):
            logbook.append(words(1), bad)
        with pytest.raises(RecordRefused):
            logbook.append_rotating(bad)
    with pytest.raises(RecordRefused):
        logbook.note({"what": "no kind"})
    assert logbook.head.seq == 1
    assert logbook.append(words(1))[0].record.seq == 2
    logbook.sign_head()
    logbook.close()


def test_an_interrupted_append_is_not_built_upon(folder: Path) -> None:
    class Stops(QuickDisk):
        on = False

        def step(self, name: str) -> None:
            if self.on and name == "append.sync":
                raise KeyboardInterrupt

    disk = Stops()
    logbook = Logbook.open(folder, Ticks(), disk)
    disk.on = True
    with pytest.raises(KeyboardInterrupt):
        logbook.append(words(80))
    disk.on = False
    with pytest.raises(BookUnknown):
        logbook.append(words(1))
    logbook.reopen()
    logbook.append(words(1))
    logbook.close()
    logbook = start(folder)
    assert (logbook.opening.torn, logbook.opening.damage) == ((), ())
    assert [e.record.body["n"] for e in logbook.entries(2)] == [80, 1]
    logbook.close()


def test_a_large_record_passes_and_reads_back(folder: Path) -> None:
    logbook = start(folder, SMALL)
    big = "门" * 20_000
    logbook.append(Draft("a.b", {"x": big}), Draft("a.b", {"x": big}))
    assert [e.record.body["x"] == big for e in logbook.entries(2)] == [True, True]
    logbook.close()
    assert len(list(Logbook.read(folder).entries())) == 3


def test_a_label_is_proven_without_being_written(folder: Path) -> None:
    token = bytes(range(10))
    logbook = start(folder)
    logbook.append(words(1))
    before = logbook.head
    body = {"round": "r", "stop": "s", "evidence": {"label": {"issue": "7K"}}}
    entry = logbook.append(words(2), Draft("stop.arrived", body, token=token))[1]
    previous = logbook.entry(before.seq + 1)
    assert previous is not None
    canonical = b'{"evidence":{"label":{"issue":"7K"}},"round":"r","stop":"s"}'
    message = previous.hash + logbook.book + entry.record.seq.to_bytes(8, "big") + canonical
    assert entry.record.body == {**body, "proof": hmac.new(token, message, "sha256").digest()[:16].hex()}
    logbook.close()
    assert all(token.hex().encode() not in p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_one_book_has_one_writer_and_any_number_of_readers(folder: Path) -> None:
    logbook = start(folder)
    logbook.append(words(1))
    with pytest.raises(BookInUse, match="close it first"):
        start(folder)
    script = (
        "import sys; from pathlib import Path; from app.errors import BookInUse; from app.logbook.book import Logbook\n"
        "from tests.logbook.tools import Ticks\n"
        "print(len(list(Logbook.read(Path(sys.argv[1])).entries())))\n"
        "try: Logbook.open(Path(sys.argv[1]), Ticks())\nexcept BookInUse: print('in use')"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert other.stdout.split("\n")[:2] == ["2", "in use"]
    logbook.close()
    start(folder).close()


def test_a_reader_takes_what_is_there_and_leaves_the_rest_alone(folder: Path) -> None:
    logbook = start(folder)
    logbook.append(words(1))
    path = segments(folder)[0][1]
    with path.open("r+b") as half:
        data = half.read()
        half.seek(len(data.rstrip(b"\0")))
        half.write(b"0123 half a li")
    reader = Logbook.read(folder)
    assert reader.head == logbook.head
    assert reader.unfinished == 14
    assert reader.opening.damage == ()
    assert b"half a li" in path.read_bytes()
    logbook.close()


def test_no_book_is_said(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="no book"):
        Logbook.read(tmp_path)


def test_a_closed_book_takes_nothing(folder: Path) -> None:
    logbook = start(folder)
    logbook.close()
    logbook.close()
    with pytest.raises(BookError, match="closed"):
        logbook.append(words(1))
    with pytest.raises(BookError, match="closed"):
        logbook.reopen()


def test_many_threads_make_one_chain(folder: Path) -> None:
    logbook = start(folder, SMALL)
    seen: list[int] = []

    def write(name: str) -> None:
        for n in range(25):
            logbook.append(Draft("a.b", {"n": n, "who": name}))

    def read() -> None:
        for _ in range(30):
            seen.append(sum(1 for _ in logbook.entries()))
            assert logbook.unsent >= seen[-1]

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"] + [threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(logbook.entries())
    assert is_chained(logbook.book, entries)
    for name in "abc":
        assert [e.record.body["n"] for e in entries if e.record.body.get("who") == name] == list(range(25))
    assert len(seen) == 30
    assert seen == sorted(seen)
    logbook.close()


def test_receipts_count_down_what_is_unsent_and_never_go_back(folder: Path) -> None:
    logbook = start(folder)
    logbook.append(*(words(n) for n in range(9)))
    assert logbook.unsent == 10
    logbook.receipt(receipt(logbook, 8))
    assert (logbook.acked, logbook.unsent) == (8, 2)
    logbook.receipt(receipt(logbook, 5))
    assert logbook.acked == 8
    logbook.receipt(receipt(logbook, 10))
    assert logbook.unsent == 0
    logbook.close()
    logbook = start(folder)
    assert (logbook.acked, logbook.unsent) == (10, 0)
    assert [note["seq"] for note in logbook.notes()] == [8, 10]
    logbook.note({"note": "receipt", "seq": 3})
    assert Logbook.read(folder).acked == 10
    logbook.close()


def test_an_office_that_holds_another_record_is_a_fork(folder: Path) -> None:
    logbook = start(folder)
    logbook.append(words(1), words(2))
    right = receipt(logbook, 2)
    with pytest.raises(ChainBroken):
        logbook.receipt({**right, "hash": "00" * 32})
    with pytest.raises(ChainBroken):
        logbook.receipt({**right, "seq": 9})
    assert logbook.acked == 0
    logbook.close()


def test_pages_and_cursor_come_in_one_step_and_the_newest_sound_one_counts(folder: Path) -> None:
    logbook = start(folder)
    assert (logbook.page("plan"), logbook.cursor) == (None, "")
    logbook.receive([Received("plan", "cuihu", 1, b'{"revision":1}'), Received("people", "cuihu", 4, b"{}")], "c1")
    logbook.receive([Received("plan", "cuihu", 2, b'{"revision":2}')], "c2")
    logbook.close()
    logbook = start(folder)
    assert (logbook.page("plan"), logbook.page("people"), logbook.cursor) == (b'{"revision":2}', b"{}", "c2")
    newest = sha256(b'{"revision":2}').hexdigest()
    assert logbook.received(newest) == b'{"revision":2}'
    assert logbook.received("../../etc/passwd") is None
    (folder / "received" / f"{newest}.json").write_bytes(b'{"revision":3}')
    assert logbook.page("plan") == b'{"revision":1}', "the last good plan stays"
    logbook.receive([Received("plan", "cuihu", 2, b'{"revision":2}')], "c3")
    assert logbook.page("plan") == b'{"revision":2}', "and what was spoilt is fetched again"
    assert Logbook.read(folder).page("plan") == b'{"revision":2}'
    logbook.close()


def test_no_key_press_waits_for_a_large_page(folder: Path) -> None:
    class Slow(QuickDisk):
        """Records are appended while the page is being written."""

        def step(self, name: str) -> None:
            if name == "received.write":
                thread = threading.Thread(target=lambda: logbook.append(words(1)))
                thread.start()
                thread.join(timeout=10)
                waited.append(thread.is_alive())

    waited: list[bool] = []
    logbook = Logbook.open(folder, Ticks(), Slow())
    logbook.receive([Received("plan", "cuihu", 1, b"{}")], "1")
    assert waited == [False]
    assert (logbook.head.seq, logbook.cursor) == (2, "1")
    logbook.close()


def test_what_the_office_answered_is_recorded_and_kept(folder: Path) -> None:
    enrolment = Enrolment("https://office.example", "ab" * 32, "pda-3", "cuihu")
    logbook = start(folder)
    assert logbook.office is None
    logbook.enrolled(enrolment)
    last = list(logbook.entries())[-1].record
    assert (last.kind, last.body["server_key"]) == ("book.enrolled", "ab" * 32)
    logbook.close()
    assert json.decode((folder / "office.json").read_bytes())["device"] == "pda-3"
    (folder / "office.json").unlink()
    logbook = start(folder)
    assert logbook.office == enrolment
    assert Logbook.read(folder).office == enrolment
    logbook.close()


def test_what_must_outlive_old_segments_stands_in_the_newest(folder: Path) -> None:
    logbook = start(folder, SMALL)
    logbook.receive([Received("plan", "cuihu", 1, b"{}")], "c1")
    logbook.receipt(receipt(logbook, 1))
    logbook.append(*(words(80) for _ in range(9)))
    logbook.append(*(words(80) for _ in range(9)))
    logbook.close()
    head = json.decode(segments(folder)[-1][1].read_bytes().split(b"\n")[0][65:])
    assert (head["acked"], head["cursor"]) == (1, "c1")
    snapshot = read_snapshot(folder, head["snapshot"])
    assert snapshot is not None
    assert [page.kind for page in snapshot.pages] == ["plan"]


def test_files_are_the_owners_alone(folder: Path) -> None:
    logbook = start(folder)
    logbook.receive([Received("people", "x", 1, b"{}")], "1")
    logbook.shelf.put("asset", "A", {})
    logbook.close()
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert folder.stat().st_mode & 0o077 == 0


def test_a_start_with_a_book_that_exists_loads_nothing_that_signs(folder: Path) -> None:
    start(folder).close()
    script = (
        "import sys; from pathlib import Path; from app.logbook.book import Draft, Logbook\n"
        "from hardware.clock import SystemClock\n"
        "logbook = Logbook.open(Path(sys.argv[1]), SystemClock())\n"
        "logbook.append(Draft('a.b', {})); list(logbook.entries())\n"
        "print('nacl' in sys.modules, 'tinydb' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, cwd=ROOT, env=env, check=True
    )
    assert done.stdout.split() == ["False", "False"]
