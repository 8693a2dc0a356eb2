"""The handheld's voice."""

import asyncio

import pytest

from hardware.buzzer import TerminalBuzzer


@pytest.mark.parametrize(("kind", "bells"), [("ok", 1), ("mark", 2), ("no", 3), ("unheard-of", 0)])
async def test_each_signal_is_told_by_counting(kind: str, bells: int) -> None:
    written: list[str] = []
    TerminalBuzzer(written.append, lambda: False).signal(kind)
    assert len(written) == min(bells, 1), "the first at once, and nobody waits for the rest"
    await asyncio.sleep(0.4)
    assert written == ["\a"] * bells


async def test_on_the_linux_console_a_refusal_is_one_low_sound() -> None:
    written: list[str] = []
    TerminalBuzzer(written.append, lambda: False, console=True).signal("no")
    await asyncio.sleep(0.2)
    assert written == ["\x1b[10;220]\x1b[11;300]\a"]


def test_in_the_quiet_hours_nothing_sounds() -> None:
    written: list[str] = []
    TerminalBuzzer(written.append, lambda: True).signal("ok")
    assert written == []


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("I/O operation on closed file")])
def test_a_terminal_that_is_gone_is_no_fault(error: Exception) -> None:
    def write(text: str) -> None:
        raise error

    TerminalBuzzer(write, lambda: False).signal("mark")


def test_without_an_event_loop_all_bells_ring_at_once() -> None:
    written: list[str] = []
    TerminalBuzzer(written.append, lambda: False).signal("mark")
    assert written == ["\a", "\a"]
