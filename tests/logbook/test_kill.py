"""kill -9 at random moments, again and again on one book: what was acknowledged is there, and the chain goes on."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from msgspec import json

from app.logbook.book import Draft, Logbook, Received
from app.logbook.verify import check_folder
from tests.logbook.tools import SMALL, Ticks, words


def work_until_killed(folder: Path, writes: int, seed: int) -> None:
    """Append, rotate, receive and sign for ever; each acknowledged (number, hash) goes through the pipe."""
    chance = random.Random(seed)
    logbook = Logbook.open(folder, Ticks(), space=SMALL)
    for number in range(10**9):
        drafts = [words(number + i) for i in range(chance.choice((1, 1, 1, 2, 5)))]
        done = logbook.append_rotating(*drafts) if chance.random() < 0.1 else logbook.append(*drafts)
        os.write(writes, b"".join(json.encode((e.record.seq, e.hash.hex())) + b"\n" for e in done))
        match chance.randrange(12):
            case 0:
                logbook.sign_head()
            case 1:
                logbook.receive([Received("plan", "cuihu", number, b"%d" % number)], str(number))
            case 2:
                logbook.shelf.put("asset", "A-1", {"n": number})
                logbook.shelf.save()


@pytest.mark.proof
def test_sixty_kills_lose_no_acknowledged_record(tmp_path: Path, torture: bool) -> None:
    chance = random.Random(11)
    acked: dict[int, str] = {}
    for round_ in range(1000 if torture else 60):
        acked |= one_life(tmp_path / "book", chance.random() * 0.08, round_)
        there = {e.record.seq: e.hash.hex() for e in Logbook.read(tmp_path / "book").entries()}
        assert {seq: link for seq, link in acked.items() if there.get(seq) != link} == {}
    assert len(acked) > 60
    logbook = Logbook.open(tmp_path / "book", Ticks(), space=SMALL)
    assert logbook.opening.damage == ()
    logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    logbook.sign_head()
    logbook.close()
    report = check_folder(tmp_path / "book")
    assert report.whole, report
    assert report.records == report.head


def one_life(folder: Path, seconds: float, seed: int) -> dict[int, str]:
    """What a process acknowledged before it was killed, so long after its first answer."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reads)
        work_until_killed(folder, writes, seed)
    os.close(writes)
    with os.fdopen(reads, "rb", buffering=0) as told:
        first = told.read(1)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = (first + told.readall()).splitlines(keepends=True)
    return dict(json.decode(line) for line in lines if line.endswith(b"\n"))
