"""A bad link: a TCP proxy in front of an office that breaks chosen requests in chosen ways.

`fate` is asked for every request, by its number (0, 1, 2 …) and first line, what shall happen to it.
"""

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import lru_cache

from tests.sync.places import bomb


class Fault(StrEnum):
    NONE = "none"
    REFUSE = "refuse"
    """The connection is closed before anything is read."""
    CUT_REQUEST = "cut-request"
    """Half of the request gets through, then the line breaks."""
    LOSE_ANSWER = "lose-answer"
    """The office does its work; nobody hears of it."""
    CUT_ANSWER = "cut-answer"
    """Half of the answer arrives."""
    TWICE = "twice"
    """The request reaches the office twice; the second answer is the one that arrives."""
    CAPTIVE = "captive"
    """A login page, status 200."""
    CAPTIVE_JSON = "captive-json"
    """A friendly 200 in JSON that is not the office's."""
    REDIRECT = "redirect"
    ERROR_BEFORE = "500-before-commit"
    """A gateway says 500; the office never saw the request."""
    ERROR_AFTER = "500-after-commit"
    """A gateway says 500 although the office has stored it."""
    BUSY = "busy"
    """The office is busy and asks for a second of peace."""
    BOMB = "bomb"
    """An answer that unpacks to 100 MiB."""
    FLOOD = "flood"
    """An answer that does not end."""
    OTHERS_ANSWER = "others-answer"
    """The office's answer, but not marked as being for this book."""
    SILENCE = "silence"
    """Nothing comes back for longer than anybody waits."""


Fate = Callable[[int, str], Fault]
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CANNED = {
    Fault.CAPTIVE: b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 20\r\nconnection: close\r\n\r\n"
    b"<html>log in!</html>",
    Fault.CAPTIVE_JSON: b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n"
    b'connection: close\r\n\r\n{"ok":true}',
    Fault.REDIRECT: b"HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    Fault.ERROR_BEFORE: b"HTTP/1.1 500 Oops\r\ncontent-type: text/html\r\ncontent-length: 4\r\n"
    b"connection: close\r\n\r\noops",
    Fault.BUSY: b"HTTP/1.1 503 Busy\r\ncontent-type: application/problem+json\r\nwatchbook-protocol: 1\r\n"
    b'retry-after: 1\r\ncontent-length: 29\r\nconnection: close\r\n\r\n{"type":"urn:watchbook:busy"}',
}
_OFFICES = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nwatchbook-protocol: 1\r\nconnection: close\r\n"


@lru_cache
def _canned(fault: Fault) -> bytes | None:
    """The answer of a fault that never asks the office."""
    if fault is Fault.BOMB:
        return _OFFICES + b"content-encoding: gzip\r\n\r\n" + bomb(100)
    return _CANNED.get(fault)


class Proxy:
    """Runs in a thread of its own. `requests` holds the first line of every request that came."""

    def __init__(self, port: int, fate: Fate) -> None:
        self.fate = fate
        self.requests: list[str] = []
        self.times: list[float] = []
        """When each of them came, by time.monotonic()."""
        self.bytes_up = 0
        self._office = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:  # ends what is still asked, too
            runner.run(self._listen())

    async def _listen(self) -> None:
        async with await asyncio.start_server(self._serve, sock=self._socket):
            await self._over.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = await _message(reader)
            line = request.partition(b"\r\n")[0].decode()
            number = len(self.requests)
            self.requests.append(line)
            self.times.append(time.monotonic())
            self.bytes_up += len(request)
            fault = self.fate(number, line)
            writer.write(await self._answer(fault, request))
            await writer.drain()
            if fault is Fault.FLOOD:
                await _flood(writer)
        writer.close()

    async def _answer(self, fault: Fault, request: bytes) -> bytes:
        canned = _canned(fault)
        if canned is not None:
            return canned
        match fault:
            case Fault.REFUSE:
                return b""
            case Fault.FLOOD:
                return _OFFICES + b"\r\n"
            case Fault.SILENCE:
                await asyncio.sleep(3600)
            case Fault.CUT_REQUEST:
                await self._forward(request[: len(request) // 2], wait=False)
                return b""
        answer = await self._forward(request)
        match fault:
            case Fault.OTHERS_ANSWER:
                return re.sub(rb"(?i)watchbook-book: *[0-9a-f]+\r\n", b"", answer)
            case Fault.TWICE:
                return await self._forward(request)
            case Fault.LOSE_ANSWER:
                return b""
            case Fault.CUT_ANSWER:
                return answer[: len(answer) - 20]
            case Fault.ERROR_AFTER:
                return _CANNED[Fault.ERROR_BEFORE]
        return answer

    async def _forward(self, request: bytes, wait: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._office)
        writer.write(request.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))
        await writer.drain()
        answer = await reader.read(-1) if wait else b""
        writer.close()
        return answer


async def _flood(writer: asyncio.StreamWriter) -> None:
    """100 MiB of an answer, or until nobody reads it any more."""
    for _ in range(100):
        writer.write(b" " * 2**20)
        await writer.drain()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One request: head and body by its Content-Length. The client's own `connection` header goes."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(lines) + body


@contextmanager
def proxy(port: int, fate: Fate) -> Iterator[Proxy]:
    """A bad link to the office at `port`."""
    running = Proxy(port, fate)
    try:
        yield running
    finally:
        running.close()
