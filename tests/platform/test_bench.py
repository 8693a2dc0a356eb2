"""Measurements say what they measured, and a missed goal is a failure."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import night, record
from bench.table import beside, show
from bench.terminal import KNOWN
from tests.needs import needs


def test_a_missed_goal_is_named_and_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert show([("start", 1.2, 1.3), ("memory", 1.9, 1.75)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "MISSED" not in lines[0]
    assert lines[1].split() == ["memory", "1.90", "<=", "1.75", "MISSED"]
    assert lines[2] == "1 of 2 goals missed"


def test_a_goal_met_exactly_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    assert show([("idle wake-ups a minute", 2, 2)]) == 0
    assert capsys.readouterr().out == "idle wake-ups a minute       2.00  <= 2\n"


def test_other_programs_are_quoted_and_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    beside("first usable screen", KNOWN)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "first usable screen: toolong 1.5.0 2.3 (quoted, not measured in this run)"
    assert len(lines) == 3


def test_what_was_not_measured_is_said_and_misses_no_goal(capsys: pytest.CaptureFixture[str]) -> None:
    assert show([("start", 1.2, 1.3), ("device bytes", "needs root")]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "device bytes  not measured, needs root"


def test_a_ratio_is_of_medians_and_each_goes_first_in_turn() -> None:
    acts: list[str] = []
    now = [0.0]

    def act(name: str, seconds: float) -> Callable[[int], object]:
        def done(number: int) -> None:
            acts.append(name)
            now[0] += seconds * (50 if number == 3 else 1)

        return done

    assert record.ratio(act("ours", 3), act("floor", 2), rounds=9, clock=lambda: now[0]) == 1.5
    assert acts[:4] == ["floor", "ours", "ours", "floor"]
    assert (acts.count("ours"), acts.count("floor")) == (9, 9)


def test_every_stop_of_the_measured_round_asks_for_as_many_records_as_a_p95_needs() -> None:
    example = night.EXAMPLE.read_text(encoding="utf-8")
    plan = night.asking(example)
    stops = night.points(night.EXAMPLE)
    assert plan.count("checklist: items") == len(stops)
    assert len(stops) * (night.CHECKS - 1) >= 100
    assert plan.count("begins:") == 1


def test_the_devices_bytes_are_counted_on_a_device_of_its_own_that_goes_away_again(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        assert record.device(tmp_path) == ("device bytes of a record / of a raw append", "needs root: it mounts")
        return
    needs("mkfs.ext4")
    with record.mounted(tmp_path) as (top, stat):
        loop = stat.parent.name
        quiet = record.written(top, stat, lambda: None)
        loud = record.written(top, stat, lambda: (top / "file").write_bytes(bytes(1024 * 1024)))
    assert loud - quiet >= 1024 * 1024
    assert not any(line.startswith(f"/dev/{loop} ") for line in Path("/proc/mounts").read_text().splitlines())
    assert not Path("/sys/block", loop, "loop", "backing_file").exists()
