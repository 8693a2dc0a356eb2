"""A night is a thousand screen changes: none may leave anything behind."""

import subprocess
import sys

import pytest

TRIPS = 10
"""Some lists grow once by a few objects; a leak is hundreds a trip."""


def left_behind(*guards: str) -> float:
    """Objects a screen change leaves, with only these guards of screens.platform.leaks."""
    command = [sys.executable, "-m", "tests.platform.leaking", str(TRIPS), *guards]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.proof
def test_a_screen_change_leaves_nothing_behind_and_installing_twice_is_the_same() -> None:
    assert left_behind("install", "install") < 5


@pytest.mark.proof
def test_stock_still_keeps_the_styles_of_closed_screens() -> None:
    assert left_behind("close_watchers") > 50, "upstream has mended #6665: remove close_styles"


@pytest.mark.proof
def test_stock_still_keeps_the_watchers_of_closed_screens() -> None:
    assert left_behind("close_styles") > 50, "upstream has mended #6666: remove close_watchers"
