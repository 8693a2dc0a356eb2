"""How long an answer may take as a whole: the line is cut then, even in the middle of a header.

The read time-out counts from one byte to the next, so that an answer which comes byte by byte, or one
`100 Continue` after the other, would never end. Used as httpx's `trace`, which tells when a line is there.
"""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any


class Deadline:
    """For one request after the other. `over`: the newest one's answer took too long."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._seconds = seconds
        self._line: Any = None
        self._timer: threading.Timer | None = None

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
        if event.endswith("receive_response_headers.started") and self._timer is None:
            self._timer = threading.Timer(self._seconds, self._cut)
            self._timer.daemon = True
            self._timer.start()

    def _cut(self) -> None:
        self.over = True
        line = self._line.get_extra_info("socket") if self._line is not None else None
        with contextlib.suppress(OSError):  # it is closed already
            if line is not None:
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # below TLS, which would wait for the other end
