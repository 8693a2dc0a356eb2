"""Lines to the office: no longer open, and never with more around a body, than somebody needs who asks something.

uvicorn itself waits for a request for ever, and takes a head of any size: a thousand lines that say nothing more would
keep everybody else out, and one that does not end would fill the memory. What handhelds send has a shorter time
(gate.py), and is told so. Whom they ask is named once and plainly, left out in HTTP/1.0 only (RFC 9112 section 3.2):
what is behind puts addresses together from it.
"""

import re
from asyncio import Transport
from asyncio.events import TimerHandle
from typing import Any, Final
from urllib.parse import urlsplit

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S: Final = 20
"""How long a line may take to ask something, from when it was opened or its last answer was ended."""
BODY_S: Final = 30
SLOWEST: Final = 1024
"""Bytes a second of a body; whoever sends less for BODY_S has gone, or means to stay."""
AROUND: Final = 128 * 1024
"""Bytes of a request that are no body: its head, what frames the pieces of a body, what follows it."""
_HOST: Final = re.compile(rb"(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class Line(HttpToolsProtocol):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._late: TimerHandle | None = None
        self._around = 0
        self._body: TimerHandle | None = None
        self._came = 0
        self._whole = True

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._asked()
        if self._body is not None:
            self._body.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._late is None and self.cycle.response_complete:
            self._wait()
        self._around += len(data)
        super().data_received(data)
        if self._around > AROUND and not self.transport.is_closing():
            self.send_400_response("Too much around the body.")
        if not self._whole and self._body is None:
            self._await_body()

    def on_message_begin(self) -> None:
        self._around = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._asked()
        hosts = [value for name, value in self.headers if name == b"host"]
        unnamed = not hosts and self.parser.get_http_version() != "1.0"
        if unnamed or len(hosts) > 1 or not all(map(_is_host, hosts)):
            raise HttpParserError("It does not say whom it asks.")  # answered with 400
        self._whole = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._around -= len(body)
        self._came += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._whole = True
        super().on_message_complete()

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_S, self.transport.close)

    def _asked(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _await_body(self) -> None:
        self._came = 0
        self._body = self.loop.call_later(BODY_S, self._look)

    def _look(self) -> None:
        self._body = None
        if self._whole:
            return
        if self.flow.read_paused or self._came >= SLOWEST * BODY_S:
            self._await_body()
        else:
            self.transport.close()


def _is_host(value: bytes) -> bool:
    """A name or an address, with a port at most; urlsplit, as the framework uses it, raises on others."""
    try:
        return bool(_HOST.fullmatch(value)) and urlsplit(b"//" + value).port != 0
    except ValueError:
        return False
