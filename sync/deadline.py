"""How long an answer may take as a whole: the line is cut then, even in the middle of a header.

The read time-out counts from one byte to the next, so that an answer which comes byte by byte, or one
`100 Continue` after the other, would never end. Used as httpx's `trace`, which tells when a line is there.
"""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any, Final

UNHEARD_MS: Final = 10_000
"""How long sent bytes may stay without a sign from the other end: a link that is half open is left sooner then."""


class Deadline:
    """For one request after the other. `over`: the newest one's answer took too long. `cut`: somebody ended it."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self.cut = False
        self._seconds = seconds
        self._longer = 0.0
        self._line: Any = None
        self._timer: threading.Timer | None = None

    def longer(self, seconds: float) -> "Deadline":
        """The same, for a question that the office may hold for so long before it answers."""
        self._longer = seconds
        return self

    def __enter__(self) -> None:
        self.over = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        """A line is there, or all was said and the answer is awaited: the time counts from then on."""
        found = info.get("return_value")
        if hasattr(found, "get_extra_info"):
            self._line = found
            self._watch()
        if event.endswith("receive_response_headers.started") and self._timer is None:
            self._timer = threading.Timer(self._seconds + self._longer, self._end)
            self._timer.daemon = True
            self._timer.start()

    def cut_short(self) -> None:
        """From another thread: end the request that goes on, and let no other begin."""
        self.cut = True
        self._shut()

    def _watch(self) -> None:
        """A new line: half-open it is noticed by the kernel; and it may have been cut before it was there."""
        line = self._line.get_extra_info("socket")
        with contextlib.suppress(OSError):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
        if self.cut:
            self._shut()

    def _end(self) -> None:
        self.over = True
        self._shut()

    def _shut(self) -> None:
        line = self._line.get_extra_info("socket") if self._line is not None else None
        with contextlib.suppress(OSError):  # it is closed already
            if line is not None:
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # below TLS, which would wait for the other end
