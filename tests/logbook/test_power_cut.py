"""The power fails at any moment: what was acknowledged is there, the book opens, the crew goes on.

Every change to the disk passes through one object, so a model beside it knows which bytes and names
are durable. From each moment a random state is built that a disk could be in, and the real logbook
opens it. Disks that lie about one kind of flush show that the test can see a loss.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import BookError
from app.logbook.book import Draft, Logbook
from app.logbook.verify import check_folder
from tests.logbook.tools import SMALL, Acked, Folders, ModelDisk, QuickDisk, Ticks, live, power_cut

Moment = tuple[Folders, int, str, int]
"""What the disk held, and how many records, which cursor and which receipt were acknowledged by then."""


def moments(root: Path, deaf: Callable[[str], bool] = lambda name: False) -> tuple[list[Moment], Acked]:
    """A life, and every moment of it at which the power could fail."""
    acked, found = Acked(), list[Moment]()
    disk = ModelDisk(root, deaf)
    disk.moment = lambda: found.append((disk.freeze(), len(acked.entries), acked.cursor, acked.receipt))
    logbook = Logbook.open(root, Ticks(), disk, SMALL)
    live(logbook, acked)
    logbook.close()
    disk.moment()
    return found, acked


def losses(state: Path, moment: Moment, acked: Acked) -> list[str]:
    """What the opened state lacks of what was acknowledged; empty when all is well."""
    _, count, cursor, receipt = moment
    logbook = Logbook.open(state, Ticks(), QuickDisk(), SMALL)
    try:
        first = min((d.first for d in logbook.opening.damage if d.first), default=2**53)
        wrong = ["damage"] if any(e.record.seq >= first for e in acked.entries[:count]) else []
        there = {entry.record.seq: entry.hash for entry in logbook.entries()}
        wrong += [f"record {e.record.seq}" for e in acked.entries[:count] if there.get(e.record.seq) != e.hash]
        wrong += ["cursor"] if int(logbook.cursor or 0) < int(cursor or 0) else []
        wrong += ["receipt"] if logbook.acked < receipt else []
        wrong += ["page"] if logbook.cursor and logbook.page("people") is None else []
        logbook.append_rotating(Draft("shift.opened", {"crew": []}))
        logbook.sign_head()
    finally:
        logbook.close()
    return wrong + ([] if check_folder(state).whole else ["chain"])


@pytest.mark.proof
def test_no_power_cut_loses_what_was_acknowledged(tmp_path: Path, torture: bool) -> None:
    found, acked = moments(tmp_path / "life")
    assert len(acked.entries) > 10
    chance = random.Random(20240607)
    for number in range(20_000 if torture else 500):
        moment = found[number % len(found)]
        state = tmp_path / "state"
        power_cut(moment[0], state, chance)
        assert losses(state, moment, acked) == [], number
        shutil.rmtree(state)


@pytest.mark.proof
@pytest.mark.parametrize("lie", ["append.sync", ".folder", "received.sync", "key.sync"])
def test_a_disk_that_skips_one_kind_of_flush_is_found_out(tmp_path: Path, lie: str) -> None:
    found, acked = moments(tmp_path / "life", deaf=lambda name: name.endswith(lie))
    chance = random.Random(1)
    for number, moment in enumerate(found * 4):
        state = tmp_path / f"state{number}"
        power_cut(moment[0], state, chance)
        try:
            wrong = losses(state, moment, acked)
        except BookError:
            return
        if wrong:
            return
        shutil.rmtree(state)
    pytest.fail("a lying disk lost nothing: the test sees no losses")
