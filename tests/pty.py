"""A program in a real pseudo-terminal: start it, press keys, read its screen, see what it leaves behind.

The terminal side is pyte: what the tests read is what a person would have seen, whole frames where the
program marks them (DEC mode 2026). It knows nothing of Watchbook; scenes, the picture maker and the
measurements all stand on it.
"""

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyte

UNPRINTABLE: Final = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
"""Sequences pyte 0.8 would print as text: Kitty key modes and mode queries."""

ASKED: Final = b"\x1b[?2026$p"
KNOWN: Final = "\x1b[?2026;2$y"
"""Whether frames can be shown at once (DEC mode 2026), and the answer."""
FRAME_S: Final = 1.0
"""Seconds after which a frame that does not end is shown as it is."""

LATE_S: Final = 0.1
"""So long after its end a program's last words may still be on their way: a kernel thread hands them on."""

PARTIAL: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?\Z")
"""Half a sequence at the end of a read; it waits for its other half."""

LEFT_ON: Final = {
    1049: "alternate screen",
    1000: "mouse",
    1003: "mouse movement",
    2004: "bracketed paste",
    1004: "focus reports",
    2026: "half a frame",
}
"""Private modes a program must switch off before it ends."""

LET_GO_S: Final = 0.15
"""Seconds between two presses of one key."""


class NotSeen(AssertionError):
    """What was waited for did not come; the message shows the screen as it stood."""


class Pty:
    """One program in a terminal of its own.

    `with Pty([...]) as pty:` kills the program at the end if it still runs. Times are
    `time.perf_counter()` seconds, taken when the bytes arrived, before they were drawn.
    """

    def __init__(
        self,
        argv: Sequence[str],
        cols: int = 40,
        rows: int = 20,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        controlling: bool = True,
        stdin: int | None = None,
    ) -> None:
        """Start `argv`.

        `env` is laid over this process's own (None removes a name). With `controlling` off it has the
        terminal without a terminal's signals (SIGHUP at `hang_up`). `stdin` replaces the keyboard side.
        """
        self.screen = _Screen(cols, rows, self._answer)
        self.raw = b""
        """Every byte since the start or the last `forget()`."""
        self.arrived = 0.0
        """When the last bytes came."""
        self._stream = pyte.ByteStream(self.screen)
        self._half = b""
        self._last = (b"", 0.0)
        """The key that was pressed last, and when."""
        self._master, self._slave = os.openpty()
        _set_size(self._slave, cols, rows)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            argv,
            stdin=self._slave if stdin is None else stdin,
            stdout=self._slave,
            stderr=self._slave,
            env=_environment(env or {}),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_take_terminal if controlling else None,
        )
        self._ended = os.pidfd_open(self.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what the person sees ------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """The screen row by row, without the blanks at the right."""
        return [_row_text(self.screen, y).rstrip() for y in range(self.screen.lines)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, wanted: str | re.Pattern[str], seconds: float = 30) -> float:
        """Read until `wanted` stands on the screen; when the bytes that completed it arrived.

        Raises NotSeen after `seconds`, or when the program has ended without it.
        """
        deadline = time.perf_counter() + seconds
        while not self._shows(wanted):
            left = deadline - time.perf_counter()
            if left <= 0 or not self.pump(left):
                raise NotSeen(self._missing(wanted, seconds))
        return self.arrived

    def wait_gone(self, unwanted: str | re.Pattern[str], seconds: float = 30) -> float:
        """Read until `unwanted` has left the screen; when it did. Raises NotSeen."""
        deadline = time.perf_counter() + seconds
        while self._shows(unwanted):
            left = deadline - time.perf_counter()
            if left <= 0 or not self.pump(left):
                raise NotSeen(f"{unwanted!r} stayed on the screen:\n{self.text}")
        return self.arrived

    def wait_change(self, seconds: float = 30) -> float:
        """Read until the screen differs from what it was at the call; when. Raises NotSeen."""
        before, deadline = self.text, time.perf_counter() + seconds
        while self.text == before:
            left = deadline - time.perf_counter()
            if left <= 0 or not self.pump(left):
                raise NotSeen(f"nothing changed on the screen:\n{before}")
        return self.arrived

    def settle(self, quiet: float = 0.1, seconds: float = 5) -> None:
        """Read until nothing has come for `quiet` seconds (at most `seconds` in all)."""
        deadline = time.perf_counter() + seconds
        while self._readable(quiet) and time.perf_counter() < deadline and self.pump(0):
            pass

    def watch(self, seconds: float) -> None:
        """Read whatever comes for `seconds`."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0 and self.pump(left):
            pass

    def forget(self) -> None:
        """Empty `raw`; the screen stays."""
        self.raw = b""

    def pump(self, timeout: float) -> bool:
        """Read what is there, waiting `timeout` seconds for it to begin; a frame that has begun to its end.

        False when the program ended, all read.
        """
        if not self._readable(timeout):
            return self.process.poll() is None
        while True:
            data = self._waiting()
            self.raw += data
            self._feed(data)
            if not data or 2026 << 5 not in self.screen.mode or not self._readable(FRAME_S):
                return data != b""

    # -- what the person does ------------------------------------------------------------------

    def send(self, keys: str | bytes) -> float:
        """Put `keys` on the line as a keyboard would, in one write, once the same key was let go; when."""
        data = keys.encode() if isinstance(keys, str) else keys
        if data[:1] == self._last[0]:
            self.watch(max(0.0, self._last[1] + LET_GO_S - time.perf_counter()))
        return self._put(data)

    def _put(self, data: bytes) -> float:
        moment = time.perf_counter()
        self._last = (data[-1:], moment)
        os.write(self._master, data)
        return moment

    def type(self, keys: str, gap: float) -> float:
        """Send `keys` one by one, `gap` seconds apart; the longest pause there really was (a busy machine)."""
        sent: list[float] = []
        for key in keys:
            if sent:
                self.watch(gap)
            sent.append(self._put(key.encode()))
        return max((after - before for before, after in pairwise(sent)), default=0.0)

    def resize(self, cols: int, rows: int) -> None:
        self.screen.resize(rows, cols)
        _set_size(self._master, cols, rows)

    # -- how it ends ---------------------------------------------------------------------------

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: the battery is out. Nothing of the program runs any more."""
        self.process.kill()
        self.process.wait(30)

    def hang_up(self) -> None:
        """Take the terminal away: the program reads EOF, writes fail, the kernel sends SIGHUP."""
        for fd in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(fd)
        self._master = self._slave = -1

    def exit_code(self, seconds: float = 20) -> int:
        """Read on until the program has ended; its exit code (minus the signal that killed it).

        Raises NotSeen when it still runs after `seconds`.
        """
        deadline = time.perf_counter() + seconds
        while self.process.poll() is None:
            left = deadline - time.perf_counter()
            if left <= 0:
                raise NotSeen(f"still running after {seconds} s:\n{self.text}")
            if self._master >= 0:
                self.pump(left)
            else:
                select.select([self._ended], [], [], left)
        if self._master >= 0:
            self.settle(0.02)
        return self.process.wait()

    def left_behind(self) -> list[str]:
        """What the program changed in the terminal and did not put back; empty is clean."""
        local = termios.tcgetattr(self._slave)[3]
        found = [word for bit, word in ((termios.ECHO, "no echo"), (termios.ICANON, "raw mode")) if not local & bit]
        found += [word for mode, word in LEFT_ON.items() if mode << 5 in self.screen.mode]
        if self.screen.cursor.hidden:
            found.append("cursor hidden")
        return found

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.hang_up()
        with contextlib.suppress(OSError):
            os.close(self._ended)

    # -- what it costs -------------------------------------------------------------------------

    def rss(self) -> float:
        """Resident memory of the program without its children, MB."""
        return _field(self.process.pid, "status", "VmRSS") / 1024

    def pss(self) -> float:
        """Its memory with shared pages divided among their users, MB."""
        return _field(self.process.pid, "smaps_rollup", "Pss") / 1024

    def threads(self) -> int:
        return _field(self.process.pid, "status", "Threads")

    def wake_ups(self) -> int:
        """Times any of its threads slept and was woken since the start."""
        pid = self.process.pid
        return sum(_field(pid, f"task/{task}/status", "voluntary_ctxt_switches") for task in _tasks(pid))

    def cpu(self) -> float:
        """Processor seconds its threads have used."""
        return self._scheduled(0)

    def kept_waiting(self) -> float:
        """Seconds its threads could have gone on and had no processor: the machine was busy with others."""
        return self._scheduled(1)

    def stopped(self) -> bool:
        """Whether the program is held by SIGSTOP."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    # -- inside --------------------------------------------------------------------------------

    def _scheduled(self, column: int) -> float:
        files = [Path(f"/proc/{self.process.pid}/task/{task}/schedstat") for task in _tasks(self.process.pid)]
        return sum(int(file.read_text().split()[column]) for file in files) / 1e9

    def _shows(self, wanted: str | re.Pattern[str]) -> bool:
        text = self.text
        return wanted in text if isinstance(wanted, str) else wanted.search(text) is not None

    def _missing(self, wanted: str | re.Pattern[str], seconds: float) -> str:
        pattern = wanted if isinstance(wanted, str) else wanted.pattern
        ended = self.process.poll()
        state = f"the program ended with {ended}" if ended is not None else f"{seconds} s went by"
        frame = "-" * self.screen.columns
        return f"no {pattern!r}: {state}\n{frame}\n{self.text}\n{frame}"

    def _readable(self, timeout: float) -> bool:
        """Whether bytes wait; returns early, False, when the program has ended in silence."""
        ready, _, _ = select.select([self._master, self._ended], [], [], max(0.0, timeout))
        if self._master in ready:
            return True
        return bool(ready) and self._master in select.select([self._master], [], [], LATE_S)[0]

    def _waiting(self) -> bytes:
        """All bytes that wait: drawing a part of them would make the rest look late."""
        data = b""
        while not data or self._readable(0):
            try:
                data += os.read(self._master, 65536)
            except OSError:
                break
            self.arrived = time.perf_counter()
        return data

    def _feed(self, data: bytes) -> None:
        data = self._half + data
        half = PARTIAL.search(data)
        self._half = half[0] if half else b""
        data = data[: len(data) - len(self._half)]
        self._stream.feed(UNPRINTABLE.sub(b"", data))
        if ASKED in data:
            self._answer(KNOWN)

    def _answer(self, reply: str) -> None:
        """A terminal answers what it is asked (ESC [ c, ESC [ 6 n): the answer arrives as input."""
        if self._master >= 0:
            os.write(self._master, reply.encode())


class _Screen(pyte.Screen):
    """pyte's screen that sends its answers back, and draws on one page only (like most, it ignores 1049)."""

    def __init__(self, cols: int, rows: int, answer: Callable[[str], None]) -> None:
        self._send = answer
        super().__init__(cols, rows)

    def write_process_input(self, data: str) -> None:
        self._send(data)


def halves(screen: pyte.Screen, y: int) -> Iterator[tuple[int, pyte.screens.Char, bool]]:
    """Column, cell and whether it is wide, for each character of row `y`.

    pyte keeps the right half of a wide character as an empty cell, and leaves it behind when the left
    half is overwritten; a terminal shows a blank there.
    """
    row, right_half = screen.buffer[y], False
    for x in range(screen.columns):
        cell = row[x]
        if right_half and cell.data == "":
            right_half = False
            continue
        right_half = cell.data != "" and unicodedata.east_asian_width(cell.data[0]) in "WF"
        yield x, cell, right_half


def _row_text(screen: pyte.Screen, y: int) -> str:
    return "".join(cell.data or " " for _, cell, _ in halves(screen, y))


def _environment(over: Mapping[str, str | None]) -> dict[str, str]:
    """A colour terminal with UTF-8, without this process's own size."""
    base: dict[str, str | None] = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": None,
        "LINES": None,
        "PYTHONDONTWRITEBYTECODE": None,
        **over,
    }
    return {name: value for name, value in base.items() if value is not None}


def _set_size(fd: int, cols: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


def _take_terminal() -> None:
    """In the child: what it writes to becomes its controlling terminal."""
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


def _tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _field(pid: int, file: str, name: str) -> int:
    """A number from a file of /proc, in the unit it has there; 0 when the process is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0
