"""Measurements say what they measured, and a missed goal is a failure."""

import pytest

from bench.table import beside, show
from bench.terminal import KNOWN


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
