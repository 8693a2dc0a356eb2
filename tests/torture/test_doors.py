"""Twenty programs start on one book at once: one gets it, the others say so (exit 3), and kill -9 frees it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from app.logbook.book import Logbook
from tests.torture.tally import Case, Fault, Torture
from tests.torture.traced import ROOT

STARTS: Final = 20
IN_USE: Final = 3
"""The contract's exit code."""
PATIENCE_S: Final = 60.0
LINE: Final = json.dumps({"kind": "note.made", "body": {}}).encode() + b"\n"

Process = subprocess.Popen[bytes]


def start(folder: Path, twin: str) -> Process:
    """A writer that keeps the book for as long as somebody may still write to it."""
    real = ["screens", "record", "--stdin", "--data-dir", str(folder)]
    command = ["tests.torture.program", "hold", str(folder), twin] if twin else real
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)


def say(process: Process) -> int:
    """Number of the record that was answered; 0 when the writer is gone."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(LINE)
        process.stdin.flush()
    except BrokenPipeError:
        return 0
    answer = process.stdout.readline()
    return int(json.loads(answer)["seq"]) if answer else 0


def kill(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def losers(processes: list[Process]) -> list[int]:
    """Exit codes, once all but one have ended or patience has."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        codes = [process.poll() for process in processes]
        if codes.count(None) <= 1:
            break
        time.sleep(0.02)
    return [code for code in codes if code is not None]


def rounds(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    for number in range(count):
        folder = place / f"book{number}"
        processes = [start(folder, twin) for _ in range(STARTS)]
        try:
            codes = losers(processes) if not twin else settled(processes)
            found = [Fault("stuck", f"exit code {code}") for code in codes if code != IN_USE]
            winners = [process for process in processes if process.poll() is None]
            if len(winners) != 1:
                found.append(Fault("stuck", f"{len(winners)} writers"))
            answered = [say(winner) for winner in winners]
        finally:
            for process in processes:
                kill(process)
        next_one = start(folder, twin)
        answered.append(say(next_one))
        kill(next_one)
        if not answered[-1]:
            found.append(Fault("stuck", "the lock of a killed writer was kept"))
        there = {entry.record.seq for entry in Logbook.read(folder).entries()}
        found += [Fault("lost", f"record {seq}") for seq in answered if seq not in there]
        found += [Fault("lost", "one number was given twice")] if len(set(answered)) < len(answered) else []
        yield Case(f"round {number}", len(answered), tuple(found))


def settled(processes: list[Process]) -> list[int]:
    """Exit codes of those that refused, once each writer has had the time to."""
    time.sleep(3)
    return [code for process in processes if (code := process.poll()) is not None]


DOORS: Final = Torture("twenty starts at once", "rounds", rounds, 1, 20, {"no lock": 1})


@pytest.mark.proof
def test_of_twenty_starts_one_gets_the_book_and_kill_9_frees_it(tmp_path: Path) -> None:
    tally = DOORS.run(tmp_path, DOORS.quick)
    assert tally.sound, tally
    assert tally.acked == 2


@pytest.mark.proof
def test_a_door_without_a_lock_is_found_out(tmp_path: Path) -> None:
    assert all(DOORS.catches(tmp_path, twin) for twin in DOORS.twins)
