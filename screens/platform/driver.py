"""The terminal of a handheld: it ends cleanly, survives any bytes and sleeps while nothing happens.

Textual's own driver dies of SIGTERM, SIGHUP and SIGQUIT with the terminal left raw, spins when the
terminal is gone, wakes ten times a second, and comes back blank from a stop. Each difference has a
test that fails once Textual has mended it (tests/platform/test_driver.py); this rests on private
parts of exactly the Textual that pyproject.toml pins.
"""

import contextlib
import os
import select
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any, Final, TextIO, cast

from textual._time import get_time
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from screens.platform.parser import KeypadParser

ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)
"""Signals after which the program ends as if asked to: screens close, the terminal is put back, exit 0."""


class HandheldDriver(LinuxDriver):
    """Textual's Linux driver with the guards above. Without a mouse and without Kitty's keys."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=False, size=size)
        self._file = cast(TextIOWrapper, _Output(sys.__stdout__, self._lost))
        self._wake: tuple[int, int] | None = None
        for number in ENDINGS:
            self._loop.add_signal_handler(number, self._leave)
        # On the loop, not in the middle of a write: the queue to the writer has a lock that is not reentrant.
        self._loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        self._loop.add_signal_handler(signal.SIGCONT, self._sigcont_application)

    # -- ending --------------------------------------------------------------------------------

    def _leave(self) -> None:
        self._app.exit()

    def _lost(self) -> None:
        """The terminal is gone (any thread)."""
        with contextlib.suppress(RuntimeError):  # the loop has ended: so has the program
            self._loop.call_soon_threadsafe(self._leave)

    def disable_input(self) -> None:
        if self._wake and self._key_thread and self._key_thread.is_alive():
            os.write(self._wake[1], b"x")
        super().disable_input()

    def close(self) -> None:
        super().close()
        self._close_wake()

    def _close_wake(self) -> None:
        if self._wake:
            for fd in self._wake:
                os.close(fd)
        self._wake = None

    # -- stopping and going on -----------------------------------------------------------------

    def start_application_mode(self) -> None:
        self._close_wake()
        self._wake = os.pipe()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # untyped in Textual

    def _sigtstp_application(self, *_: object) -> None:
        """Put the terminal away and stop. Before the first screen there is nothing to put away: not stopped."""
        if self._writer_thread is not None:
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Take the terminal again and paint everything.

        After a plain SIGSTOP nothing was put away, yet the shell has used the terminal since: put it away
        first, or a second thread would read the keyboard.
        """
        if not self._auto_restart or self._writer_thread is None or not self._app.is_running:
            return
        if not self._must_signal_resume:
            self.suspend_application_mode()
        self.resume_application_mode()
        self._app.call_later(self._repaint)

    def _repaint(self) -> None:
        self._app.screen.refresh(repaint=True, layout=True)

    # -- reading -------------------------------------------------------------------------------

    def _query_in_band_window_resize(self) -> None:
        """Not asked: SIGWINCH says it, and an answer would let typed bytes set the size."""

    def send_message(self, message: Message) -> None:
        """Straight to the app's queue: no task per key, and never behind a timer that fell due later."""
        self._app.post_message(message)

    def run_input_thread(self) -> None:
        """Wait without a timeout, unless half a sequence is pending; end with the terminal or `disable_input`."""
        if self._wake is None:
            return
        wake = self._wake[0]
        parser, decode = KeypadParser(self._debug), getincrementaldecoder("utf-8")(errors="replace").decode
        poll = select.poll()
        for fd in (self.fileno, wake):
            poll.register(fd, select.POLLIN)
        while True:
            pause = None if parser.due is None else max(0.0, parser.due - get_time()) * 1000 + 1
            ready = dict(poll.poll(pause))
            if wake in ready:
                return
            if self.fileno in ready:
                data = _read(self.fileno)
                if not data:
                    self._lost()
                    return
                for message in parser.feed(decode(data)):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)


def _read(fd: int) -> bytes:
    """What has come; empty when the terminal is gone."""
    try:
        return os.read(fd, 4096)
    except OSError:
        return b""


class _Output:
    """The terminal's writing side as the writer thread needs it: gathers, writes at flush, never fails.

    Drawn on stdout, so that `2>file` keeps the screen. When the terminal is gone it says so once and
    swallows the rest; a thread that died here would leave the event loop waiting for it for ever.
    """

    def __init__(self, stdout: TextIO | None, lost: Callable[[], None]) -> None:
        self._fd = 1 if stdout is None else stdout.fileno()
        self._encoding = "utf-8" if stdout is None else stdout.encoding
        self._lost = lost
        self._gone = False
        self._gathered: list[str] = []

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def write(self, text: str) -> int:
        self._gathered.append(text)
        return len(text)

    def flush(self) -> None:
        data = "".join(self._gathered).encode(self._encoding, "replace")
        self._gathered.clear()
        while data and not self._gone:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                select.select([], [self._fd], [])
            except OSError:
                self._gone = True
                self._lost()
