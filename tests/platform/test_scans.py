"""The scan gate between keyboard and pages: codes arrive whole, fields hold only what a person typed."""

import random
import re
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from textual import events
from textual.pilot import Pilot

from app import codes
from tests.platform.scanning import Desk
from tests.pty import NotSeen, Pty

CODE = codes.make(3, bytes(range(10)))
NAMES = {":": "colon", "\r": "enter"}
HELD_S = 0.5
"""So far ahead a key is pressed that is to be seen while the gate holds it: a busy machine looks late."""


def codes_of(count: int) -> list[str]:
    chance = random.Random(20)
    return [codes.make(n, chance.randbytes(10)) for n in range(count)]


async def press(pilot: Pilot[None], text: str, after_s: float = 0.0) -> None:
    """The keys of `text` at once, as a scanner in one write, `after_s` seconds from now."""
    at = time.monotonic() + after_s
    for char in text:
        key = events.Key(NAMES.get(char, char), char)
        key.time = at
        pilot.app.post_message(key)
    await pilot.pause()


async def soon(pilot: Pilot[None], reached: Callable[[], bool]) -> None:
    """Wait up to twenty seconds for what silence brings."""
    until = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < until
        await pilot.pause(0.02)


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
        await press(pilot, "7" + CODE, HELD_S)
        assert app.scans == []
        await soon(pilot, lambda: app.scans != [])
        assert (app.scans, app.field.value) == ([CODE], "7")
        await press(pilot, "8", HELD_S)
        assert app.field.value == "78"


async def test_a_code_that_breaks_off_is_told_and_types_nothing() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        await press(pilot, "7" + CODE[:15])
        await soon(pilot, lambda: app.unread > 0)
        assert (app.scans, app.unread, app.field.value) == ([], 1, "7")


async def test_a_letter_that_may_begin_a_code_is_given_back_when_nothing_follows() -> None:
    app = Desk()
    async with app.run_test(size=(40, 20)) as pilot:
        await press(pilot, "W", HELD_S)
        assert app.field.value == ""
        await soon(pilot, lambda: app.field.value != "")
        assert app.field.value == "W"
        await press(pilot, "HI", HELD_S)
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

    A scan is made again all alone, where `tries` says so.
    """
    typed = ""
    desk.send(b"\x7f" * 60)
    desk.settle()
    for n, code in enumerate(codes_of(count), 1):
        desk.send(str(n % 10))
        typed += str(n % 10)
        for _ in tries(desk, code if n % 2 else f"]Q1{code}", ms):
            desk.watch(2.0)
            desk.send(b"\x7f" * 60)
            typed = ""
        desk.wait_for(code)
        shown = typed[-30:]
        desk.wait_for(re.compile(rf"(?<!\w){shown}\b" if len(typed) <= 30 else rf"{shown}\b"))


HELD_UP_S = 0.045


def tries(desk: Pty, code: str, ms: int) -> Iterator[None]:
    """The scanner types `code` until it was read once; between two tries it is the caller's turn.

    A busy machine can hold this scanner up, or the thread that reads the keyboard, for longer than any real one: only
    then there is another try, also where what stands before a code was taken for typed.
    """
    for _ in range(10):
        before = scans(desk)
        waited = desk.kept_waiting()
        pause = scanner(desk, code, ms)
        try:
            desk.wait_for(f"scans {before + 1}.", 5)
        except NotSeen:
            if not held_up(desk, ms, pause, waited):
                raise
        else:
            if not held_up(desk, ms, pause, waited):
                return
            desk.settle(0.3)
            if "]" not in desk.text:
                return
        yield
    raise AssertionError(f"ten times held up, or never read:\n{desk.text}")


def held_up(desk: Pty, ms: int, pause: float, waited: float) -> bool:
    """Whether the scanner paused longer than it should, or the program was `kept_waiting` since it said `waited`."""
    return pause > max(ms / 1000, HELD_UP_S) or desk.kept_waiting() - waited >= HELD_UP_S


@pytest.mark.parametrize("ms", [0, 5, 30])
def test_a_page_that_turns_by_itself_drops_a_persons_keys_and_cuts_no_scan(desk: Pty, ms: int) -> None:
    """The guard of `turned_by_itself` stands all the while; every turn falls into the burst."""
    (code,) = codes_of(1)

    def turns() -> None:
        desk.send(b"\x7f" * 60)
        desk.settle()
        desk.send(b"\x1b[17~")
        desk.watch(0.15)
        desk.send("4")

    turns()
    for _ in tries(desk, code, ms):
        turns()
    desk.send("2")
    desk.wait_for(code)
    until = time.monotonic() + 20
    while "7" not in desk.lines[4] and time.monotonic() < until:  # dropped too, until they turn no more
        desk.send("7")
        desk.settle()
    assert set(re.findall(r"\d", desk.lines[4])) == {"7"}, "what was typed into the turning pages is gone"


@pytest.mark.proof
@pytest.mark.parametrize(("text", "gap_s"), [(CODE, 0.14), ("HTTP W1 WB2 HHWW WBH", 0.08), ("WB1:03", 0.02)])
def test_what_a_person_types_is_never_a_scan(desk: Pty, text: str, gap_s: float) -> None:
    """Also a label typed by hand, and a beginning that stays one."""
    desk.send(b"\x7f" * 60)
    desk.settle(0.4)
    before = desk.lines[:2]
    desk.type(text + "\r", gap_s)
    desk.wait_for(text)
    assert desk.lines[:2] == before, "neither a scan nor one that broke off"
    desk.send(b"\x7f" * 60)
    desk.settle()


def test_a_scan_survives_a_held_up_program(desk: Pty) -> None:
    """The first letter was seen, then the loop stood still; the rest was typed in time and counts."""

    def hold_up(n: int) -> None:
        desk.send(b"\x1b[15~")
        desk.watch(0.10 + 0.01 * n)

    for n, code in enumerate(codes_of(3), 1):
        hold_up(n)
        for _ in tries(desk, code, ms=10):
            desk.watch(1)
            hold_up(n)


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
