"""The wall clock jumps: three hours back, two days and ninety seconds forward, while a shift is recorded.

Order is by number. A jump within one boot is told by `verify`, and so is a clock that goes back over a restart of
the handheld; what a restart may explain, and drift, are not.
"""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from app.logbook.book import Draft, Logbook
from app.logbook.report import Jump
from app.logbook.verify import check_folder
from app.ports import Moment
from tests.logbook.tools import SMALL, QuickDisk, words
from tests.needs import needs
from tests.torture.tally import Case, Fault, Torture
from tests.torture.traced import ROOT

S: Final = 1000
JUMPS: Final = {"-3 h": -3 * 3600 * S, "+2 d": 48 * 3600 * S, "+90 s": 90 * S}
DRIFTS: Final = {"+20 s": 20 * S, "-20 s": -20 * S}
RECORDS: Final = 8
SLACK: Final = 6 * S
"""Looks at the clock between two records."""


class JumpyClock:
    """A second passes at each look; the wall clock can be set, the boot can end. `bound`: boot time goes with it."""

    def __init__(self, bound: bool) -> None:
        self._up = 0
        self._set = 0
        self._boot = 1
        self._bound = bound

    def now(self) -> Moment:
        self._up += S
        up = self._up + (self._set if self._bound else 0)
        return Moment(at=1_790_000_000_000 + self._up + self._set, up=up, boot=f"boot-{self._boot}")

    def jump(self, ms: int) -> None:
        self._set += ms

    def restart(self) -> None:
        self._boot += 1


def jumps(place: Path, effort: int, seed: int, twin: str) -> Generator[Case]:
    """Each jump before each record, in a running program, over its restart, and over a restart of the handheld."""
    for name, ms in (JUMPS | DRIFTS).items():
        for at in range(2, 2 + RECORDS):
            for way in ("running", "opened again", "another boot"):
                folder = place / f"{name} {at} {way}"
                clock = JumpyClock(bound=bool(twin))
                raws = shift_with_jump(folder, clock, ms, at, way)
                told = (way == "another boot" and ms < 0) or (way != "another boot" and name in JUMPS)
                faults = judge(folder, raws, (Jump(at, ms),) if told else ())
                yield Case(f"{name} before record {at}, {way}", len(raws), tuple(faults))


def shift_with_jump(folder: Path, clock: JumpyClock, ms: int, at: int, way: str) -> list[bytes]:
    logbook = Logbook.open(folder, clock, QuickDisk(), SMALL)
    for seq in range(2, 2 + RECORDS):
        if seq == at:
            clock.jump(ms)
            if way == "another boot":
                clock.restart()
            if way != "running":
                logbook.close()
                logbook = Logbook.open(folder, clock, QuickDisk(), SMALL)
        logbook.append(words(seq) if seq % 3 else Draft("shift.opened", {"crew": []}))
    raws = [entry.raw for entry in logbook.entries()]
    logbook.close()
    return raws


def judge(folder: Path, raws: list[bytes], told: tuple[Jump, ...]) -> list[Fault]:
    report = check_folder(folder)
    entries = list(Logbook.read(folder).entries())
    found = [] if report.whole else [Fault("stuck", f"does not check: {report.broken}")]
    if [entry.raw for entry in entries] != raws or len(raws) != 1 + RECORDS:
        found.append(Fault("lost", "records"))
    if any(after.record.seq != before.record.seq + 1 for before, after in pairwise(entries)):
        found.append(Fault("stuck", "another order"))
    said = {jump.seq: jump.ms for jump in report.jumps}
    found += [
        Fault("silent", f"the jump before record {j.seq}") for j in told if abs(said.get(j.seq, 0) - j.ms) > SLACK
    ]
    found += [Fault("stuck", f"no jump before record {seq}") for seq in said.keys() - {jump.seq for jump in told}]
    return found


CLOCKS: Final = Torture("clock jumps", "jumps", jumps, 1, 1, {"boot time follows the wall": 1}, in_memory=True)


@pytest.mark.proof
def test_a_jump_of_the_clock_is_told_and_changes_no_order(tmp_path: Path) -> None:
    tally = CLOCKS.run(tmp_path, CLOCKS.quick)
    assert tally.sound, tally
    assert tally.cases == 5 * RECORDS * 3


@pytest.mark.proof
def test_a_boot_clock_that_follows_the_wall_is_found_out(tmp_path: Path) -> None:
    assert all(CLOCKS.catches(tmp_path, twin) for twin in CLOCKS.twins)


def record(folder: Path, *, clock: str = "") -> None:
    """One record by the real command, at a wall clock set by `faketime -f`."""
    command = [sys.executable, "-m", "screens", "record", "--stdin", "--data-dir", str(folder)]
    faked = [needs("faketime"), "-f", clock, *command] if clock else command
    line = json.dumps({"kind": "note.made", "body": {}})
    env = {**os.environ, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    done = subprocess.run(faked, input=line.encode(), cwd=ROOT, env=env, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.proof
@pytest.mark.parametrize(("clock", "ms"), [("-3h", -3 * 3600 * S), ("+2d", 48 * 3600 * S), ("+90s", 90 * S)])
def test_the_real_program_under_a_false_clock(tmp_path: Path, clock: str, ms: int) -> None:
    record(tmp_path / "book")
    record(tmp_path / "book", clock=clock)
    record(tmp_path / "book")
    command = [sys.executable, "-m", "screens", "verify", "--json", "--data-dir", str(tmp_path / "book")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 0
    assert [(jump.seq, round(jump.ms / 5000)) for jump in check_folder(tmp_path / "book").jumps] == [
        (3, round(ms / 5000)),
        (4, round(-ms / 5000)),
    ]
