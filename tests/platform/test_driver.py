"""The handheld's terminal in a real pseudo-terminal: how it ends, what it survives, how it sleeps.

Beside each guard stands the same situation on Textual's own driver. When one of those fails, upstream
has mended it and the guard can go.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.pty import NotSeen, Pty

PROGRAM = [sys.executable, "-m", "tests.platform.program"]
READY = "ready"


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    """The program writes here when its screens were closed in order."""
    return tmp_path / "ended"


@pytest.fixture(scope="module")
def handheld() -> Iterator[Pty]:
    """One running program on our driver, for what does not harm it."""
    with Pty(PROGRAM) as pty:
        pty.wait_for(READY)
        pty.settle(0.3)
        yield pty


@pytest.fixture(scope="module")
def stock() -> Iterator[Pty]:
    """The same on Textual's own driver."""
    with Pty([*PROGRAM, "--stock"]) as pty:
        pty.wait_for(READY)
        pty.settle(0.3)
        yield pty


# -- ending ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_a_signal_closes_the_screens_and_gives_the_terminal_back(number: signal.Signals, ended: Path) -> None:
    with Pty([*PROGRAM, "--ended", str(ended)]) as pty:
        pty.wait_for(READY)
        asked = time.perf_counter()
        pty.signal(number)
        assert pty.exit_code() == 0
        assert time.perf_counter() - asked < 10
        assert ended.read_text() == "as asked"
        assert pty.left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_stock_still_dies_of_a_signal(number: signal.Signals, ended: Path) -> None:
    with Pty([*PROGRAM, "--stock", "--ended", str(ended)]) as pty:
        pty.wait_for(READY)
        pty.signal(number)
        mended = f"upstream has mended {number.name}: remove the guard"
        assert pty.exit_code(20) == -number, mended
        assert not ended.exists(), mended
        assert "no echo" in pty.left_behind(), mended


def test_a_lost_terminal_ends_the_program_even_without_a_hangup_signal(ended: Path) -> None:
    with Pty([*PROGRAM, "--ended", str(ended)], controlling=False) as pty:
        pty.wait_for(READY)
        pty.hang_up()
        assert pty.exit_code(20) == 0
        assert ended.read_text() == "as asked"


@pytest.mark.proof
def test_stock_still_spins_when_the_terminal_is_lost() -> None:
    with Pty([*PROGRAM, "--stock"], controlling=False) as pty:
        pty.wait_for(READY)
        pty.hang_up()
        before = pty.cpu()
        time.sleep(1)
        spent = pty.cpu() - before
        assert pty.process.poll() is None, "upstream has mended the lost terminal: remove the guard"
        assert spent > 0.2, "upstream has mended the spinning: remove the guard"


def test_a_screen_lost_while_the_keyboard_stays_ends_the_program(ended: Path) -> None:
    keyboard, fingers = os.pipe()
    with Pty([*PROGRAM, "--ended", str(ended)], controlling=False, stdin=keyboard) as pty:
        pty.wait_for(READY)
        pty.hang_up()
        os.write(fingers, b"5")  # its paint is what cannot be written
        assert pty.exit_code(20) == 0
        assert ended.read_text() == "as asked"
    os.close(keyboard)
    os.close(fingers)


def test_a_keyboard_that_ends_ends_the_program(ended: Path) -> None:
    with Path("/dev/null").open() as nothing, Pty([*PROGRAM, "--ended", str(ended)], stdin=nothing.fileno()) as pty:
        assert pty.exit_code() == 0
        assert ended.read_text() == "as asked"


def test_the_terminal_is_not_asked_for_a_mouse_or_kittys_keys(handheld: Pty) -> None:
    assert handheld.left_behind() == [
        "no echo",
        "raw mode",
        "alternate screen",
        "bracketed paste",
        "focus reports",
        "cursor hidden",
    ]
    assert b"\x1b[>" not in handheld.raw


class Console(Pty):
    """A terminal that answers nothing it is asked, as Linux's console is."""

    def _answer(self, reply: str) -> None:
        """Nothing."""


@pytest.mark.parametrize(("terminal", "marks"), [(Pty, 1), (Console, 0)])
def test_frames_are_marked_where_the_terminal_shows_them_at_once(terminal: type[Pty], marks: int) -> None:
    with terminal(PROGRAM) as pty:
        pty.wait_for(READY)
        pty.settle(0.3)
        pty.forget()
        pty.send("7")
        pty.wait_for("key 7.")
        assert (pty.raw.count(b"\x1b[?2026h"), pty.raw.count(b"\x1b[?2026l")) == (marks, marks)


# -- any bytes ---------------------------------------------------------------------------------

HOSTILE = (
    b"\x1b[96:126;2;126u",  # a Kitty key that Textual's parser cannot count
    b"\x1b[?1;2c\x1b[>0;276;0c\x1b[1;1R\x1b]11;rgb:0000/0000/0000\x07\x1bP>|foot\x1b\\",  # a terminal's answers
    b"\x1b[48;9999;9999;1;1t",  # "the window is now 9999 by 9999"
    b"\x1b[<0;2;1M\x1b[<0;2;1m",  # a mouse button
)


def test_bytes_that_are_no_keys_press_nothing(handheld: Pty) -> None:
    handheld.send("7")
    handheld.wait_for("key 7.")
    for sequence in HOSTILE:
        handheld.send(sequence)
        handheld.watch(0.1)
        assert "key 7." in handheld.text
    handheld.send(b"\xff\xfe\xc3(\x00" + b"8")
    handheld.wait_for("key 8.")


def test_a_paste_that_never_ends_is_over_after_a_silence(handheld: Pty) -> None:
    handheld.send("\x1b[200~never ends")
    handheld.wait_for("paste never ends.")
    handheld.send("7")
    handheld.wait_for("key 7.")


def test_noise_on_the_line_does_not_end_it(handheld: Pty) -> None:
    noise = random.Random(7)
    for _ in range(40):
        handheld.send(b"\x1b" + noise.randbytes(60))
        handheld.watch(0.01)
    handheld.watch(1.2)
    handheld.send("8")
    handheld.wait_for("key 8.")


def test_stock_still_dies_of_a_key_it_cannot_count() -> None:
    with Pty([*PROGRAM, "--stock"]) as pty:
        pty.wait_for(READY)
        pty.send(HOSTILE[0])
        with suppress(NotSeen):
            pty.exit_code()
        assert pty.process.poll() is not None, "upstream has mended malformed keys: remove our parser's part"


def test_stock_still_takes_a_terminals_answer_for_keys(stock: Pty) -> None:
    stock.send(b"\x1b[?1;2c")
    stock.wait_for("key c.")  # not seen any more: upstream has mended the answers; remove our parser's part


def test_stock_still_takes_its_size_from_the_keyboard(stock: Pty) -> None:
    stock.send(b"\x1b[48;15;30;1;1t")
    stock.wait_for("size 30x15.")  # not seen any more: upstream has mended it; remove our parser's part


def test_a_chinese_character_may_come_in_pieces(handheld: Pty) -> None:
    for byte in "东".encode():
        handheld.send(bytes([byte]))
        handheld.watch(0.05)
    handheld.wait_for("key 东.")


def test_a_paste_is_one_event_without_its_control_bytes(handheld: Pty) -> None:
    handheld.send("\x1b[200~WB1:东门\x00\x1b[201~")
    handheld.wait_for("paste WB1:东门.")


# -- sleeping and waking -----------------------------------------------------------------------


def test_an_idle_program_is_never_woken(handheld: Pty) -> None:
    handheld.settle(0.3)
    before = handheld.wake_ups()
    handheld.watch(2)
    assert handheld.wake_ups() - before <= 2


@pytest.mark.proof
def test_stock_still_wakes_ten_times_a_second(stock: Pty) -> None:
    stock.settle(0.3)
    before = stock.wake_ups()
    stock.watch(1)
    assert stock.wake_ups() - before >= 5, "upstream has mended idling: remove the guard"


def test_escape_alone_answers_at_once(handheld: Pty) -> None:
    assert escape(handheld, 0.06) < 0.06


def test_stock_still_waits_a_tenth_of_a_second_for_escape(stock: Pty) -> None:
    assert escape(stock) > 0.09, "upstream has mended the lone Escape: remove the guard"


def escape(pty: Pty, enough: float = 0) -> float:
    """Seconds from ESC to its paint, the best of five; of fifty on a busy machine, until `enough` is seen."""
    took: list[float] = []
    while len(took) < 5 or (enough and min(took) >= enough and len(took) < 50):
        pty.send("0")
        pty.wait_for("key 0.")
        sent = pty.send(b"\x1b")
        took.append(pty.wait_for("key escape.") - sent)
    return min(took)


def test_half_a_sequence_is_dropped_and_the_next_key_counts(handheld: Pty) -> None:
    handheld.send(b"\x1b[1;")
    handheld.watch(1)  # a busy machine may read it late, and then the next key with it
    handheld.send("4")
    handheld.wait_for("key 4.")


def test_the_window_may_change_to_anything(handheld: Pty) -> None:
    for cols, rows in ((1, 1), (20, 6), (80, 24), (40, 20)):
        handheld.resize(cols, rows)
        handheld.settle(0.05)
    handheld.wait_for("size 40x20.")
    handheld.send("9")
    handheld.wait_for("key 9.")


OLD_SIZE = {"COLUMNS": "32", "LINES": "16"}


def test_the_size_that_a_shell_once_exported_is_not_believed_before_the_window() -> None:
    with Pty(PROGRAM, env=OLD_SIZE) as pty:
        pty.wait_for("size 40x20.")
        pty.resize(80, 24)
        pty.wait_for("size 80x24.")


def test_a_window_without_a_size_has_the_one_that_the_shell_exported() -> None:
    with Pty(PROGRAM, cols=0, rows=0, env=OLD_SIZE) as pty:
        pty.watch(0.1)
        pty.screen.resize(16, 32)
        pty.wait_for("size 32x16.")


def test_stock_still_believes_the_exported_size() -> None:
    with Pty([*PROGRAM, "--stock"], env=OLD_SIZE) as pty:
        pty.wait_for("size 32x16.")


@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
def test_after_a_stop_it_paints_itself_again(stop: signal.Signals) -> None:
    with Pty(PROGRAM) as pty:
        pty.wait_for(READY)
        threads = pty.threads()
        stopped_and_on(pty, stop)
        pty.wait_for(READY)
        pty.send("6")
        pty.wait_for("key 6.")
        assert pty.threads() == threads
        pty.signal(signal.SIGTERM)
        assert pty.exit_code() == 0
        assert pty.left_behind() == []


@pytest.mark.proof
def test_stock_still_comes_back_blank() -> None:
    with Pty([*PROGRAM, "--stock"]) as pty:
        pty.wait_for(READY)
        stopped_and_on(pty, signal.SIGTSTP)
        pty.watch(1)
        assert READY not in pty.text, "upstream has mended the repaint after a stop: remove the guard"


@pytest.mark.proof
def test_stock_still_reads_the_keyboard_twice_after_a_stop() -> None:
    with Pty([*PROGRAM, "--stock"]) as pty:
        pty.wait_for(READY)
        pty.settle(0.5, 3)  # a thread of its start may still be ending
        threads = pty.threads()
        stopped_and_on(pty, signal.SIGSTOP)
        deadline = time.perf_counter() + 20
        while pty.threads() <= threads and time.perf_counter() < deadline:
            pty.watch(0.05)
        assert pty.threads() > threads, "upstream has mended SIGCONT: remove the guard"


def stopped_and_on(pty: Pty, stop: signal.Signals) -> None:
    """Stop the program, let the shell clear the screen, and continue it."""
    pty.settle(0.1)
    pty.signal(stop)
    deadline = time.perf_counter() + 20
    while not pty.stopped() and time.perf_counter() < deadline:
        pty.watch(0.02)
    assert pty.stopped()
    pty.settle(0.05)
    pty.screen.reset()
    os.kill(pty.process.pid, signal.SIGCONT)
