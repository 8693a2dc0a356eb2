"""The scan gate between keyboard and pages: codes arrive whole, fields hold only what a person typed."""

import random
import re
import sys
import time
from collections.abc import Iterator

import pytest
from textual import events
from textual.pilot import Pilot

from app import codes
from tests.platform.scanning import Desk
from tests.pty import Pty

CODE = codes.make(3, bytes(range(10)))
NAMES = {":": "colon", "\r": "enter"}


def codes_of(count: int) -> list[str]:
    chance = random.Random(20)
    return [codes.make(n, chance.randbytes(10)) for n in range(count)]


async def press(pilot: Pilot[None], text: str) -> None:
    """The keys of `text` at once, as a scanner in one write."""
    for char in text:
        pilot.app.post_message(events.Key(NAMES.get(char, char), char))
    await pilot.pause()


async def test_a_scan_reaches_the_app_and_not_the_field() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        await press(pilot, "12")
        await press(pilot, CODE + "\r")
        await press(pilot, "34")
        assert app.scans == [CODE]
        assert app.field.value == "1234"


async def test_a_scan_works_where_nothing_has_the_focus() -> None:
    app = Desk(with_field=False)
    async with app.run_test(size=(40, 20)) as pilot:
        await press(pilot, f"7{CODE}\r8")
        assert app.scans == [CODE]
        assert app.typed == ["7", "8"]


async def test_a_damaged_code_is_told_and_types_nothing() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        damaged = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
        await press(pilot, "7" + damaged + "\r8")
        assert (app.scans, app.unread) == ([], 1)
        assert app.field.value == "78"


async def test_a_code_that_no_enter_ends_is_a_scan_after_a_moment_of_silence() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        await press(pilot, "7" + CODE)
        assert app.scans == []
        await pilot.pause(0.4)
        assert (app.scans, app.field.value) == ([CODE], "7")
        await press(pilot, "8")
        assert app.field.value == "78"


async def test_a_code_that_breaks_off_is_told_and_types_nothing() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        await press(pilot, "7" + CODE[:15])
        await pilot.pause(0.4)
        assert (app.scans, app.unread, app.field.value) == ([], 1, "7")


async def test_a_letter_that_may_begin_a_code_is_given_back_when_nothing_follows() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        began = time.monotonic()
        await press(pilot, "W")
        assert app.field.value == "" or time.monotonic() - began > 0.05, "held, if one was quick enough to see"
        await pilot.pause(0.2)
        assert app.field.value == "W"
        await press(pilot, "HI")
        assert app.field.value == "WHI"


async def test_a_pasted_code_is_a_scan_and_any_other_paste_is_text() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        for text in (CODE + "\n", f"\x02]Q1{CODE}\x03\r\n", "3 号楼"):
            app.post_message(events.Paste(text))
            await pilot.pause()
        assert app.scans == [CODE, CODE]
        assert app.field.value == "3 号楼"


@pytest.fixture(scope="module")
def desk() -> Iterator[Pty]:
    with Pty([sys.executable, "-m", "tests.platform.scanning"]) as pty:
        pty.wait_for("scans 0.")
        pty.settle(0.2)
        yield pty
        typed = "".join(ch for ch in pty.lines[4] if ch.isalnum())
        assert typed.isdigit() or not typed


@pytest.fixture(scope="module")
def slow_desk() -> Iterator[Pty]:
    """Set for a slow scanner: 120 ms."""
    with Pty([sys.executable, "-m", "tests.platform.scanning", "120"]) as pty:
        pty.wait_for("scans 0.")
        pty.settle(0.2)
        yield pty


FEW = {0: 40, 1: 40, 2: 40, 5: 10, 10: 10, 20: 2, 30: 1, 40: 1}
"""Milliseconds a character, and how many scans the quick form makes; the long form makes 40 of each."""


@pytest.mark.proof
@pytest.mark.parametrize("ms", FEW)
def test_every_scan_arrives_and_the_field_holds_only_human_keys(desk: Pty, ms: int, torture: bool) -> None:
    scan_and_type(desk, ms, 40 if torture else FEW[ms])


@pytest.mark.proof
@pytest.mark.parametrize("ms", [20, 50])
def test_a_slow_bluetooth_scanner_is_heard_whole_once_it_is_set(slow_desk: Pty, ms: int, torture: bool) -> None:
    """As set, since a busy machine stretches 50 ms beyond the usual 60."""
    scan_and_type(slow_desk, ms, 40 if torture else 2)


def scan_and_type(desk: Pty, ms: int, count: int) -> None:
    """`count` scans with a digit of a person's before each: all exact, and in the field only the digits.

    A busy machine can hold this scanner up for longer than any real one: such a scan is made again, all alone.
    """
    typed = ""
    desk.send(b"\x7f" * 60)
    desk.settle()
    for n, code in enumerate(codes_of(count), 1):
        before = scans(desk)
        desk.send(str(n % 10))
        typed += str(n % 10)
        while scanner(desk, code if n % 2 else f"]Q1{code}", ms) > max(ms / 1000, HELD_UP_S) and missed(desk, before):
            desk.watch(2.0)
            desk.send(b"\x7f" * 60)
            typed = ""
        desk.wait_for(f"scans {before + 1}.")
        assert code in desk.text
        shown = typed[-30:]
        desk.wait_for(re.compile(rf"(?<!\w){shown}\b" if len(typed) <= 30 else rf"{shown}\b"))


HELD_UP_S = 0.045


def missed(desk: Pty, before: int) -> bool:
    desk.settle(0.5)
    return scans(desk) == before


@pytest.mark.parametrize("ms", [0, 5, 30])
def test_a_page_that_turns_by_itself_drops_a_persons_keys_and_cuts_no_scan(desk: Pty, ms: int) -> None:
    """The guard of `turned_by_itself` stands all the while; every turn falls into the burst."""
    desk.send(b"\x7f" * 60)
    desk.settle()
    before, (code,) = scans(desk), codes_of(1)
    desk.send(b"\x1b[17~")
    desk.watch(0.15)
    desk.send("4")
    scanner(desk, code, ms)
    desk.send("2")
    desk.wait_for(f"scans {before + 1}.", 20)
    assert code in desk.text
    desk.watch(1.5)
    desk.send("7")
    desk.settle()
    assert re.findall(r"\d+", desk.lines[4]) == ["7"], "what was typed into the turning pages is gone"


@pytest.mark.proof
@pytest.mark.parametrize(("text", "gap_s"), [(CODE, 0.14), ("HTTP W1 WB2 HHWW WBH", 0.08), ("WB1:03", 0.02)])
def test_what_a_person_types_is_never_a_scan(desk: Pty, text: str, gap_s: float) -> None:
    """Also a label typed by hand, and a beginning that stays one."""
    desk.send(b"\x7f" * 60)
    desk.settle(0.4)
    before = scans(desk)
    desk.type(text + "\r", gap_s)
    desk.wait_for(text)
    assert scans(desk) == before
    assert "unread 0." in desk.text
    desk.send(b"\x7f" * 60)
    desk.settle()


def test_a_scan_survives_a_held_up_program(desk: Pty) -> None:
    """The first letter was seen, then the loop stood still; the rest was typed in time and counts."""
    before = scans(desk)
    for n, code in enumerate(codes_of(3), 1):
        desk.send(b"\x1b[15~")
        desk.watch(0.10 + 0.01 * n)
        scanner(desk, code, ms=10)
        desk.wait_for(f"scans {before + n}.", 20)


def scanner(desk: Pty, code: str, ms: int) -> float:
    """A scanner types `code` and Enter, `ms` milliseconds a character, 0 in one write; its longest pause, seconds."""
    if ms:
        return desk.type(code + "\r", ms / 1000)
    desk.send(code + "\r")
    return 0.0


def scans(desk: Pty) -> int:
    found = re.search(r"scans (\d+)\.", desk.text)
    assert found
    return int(found[1])
