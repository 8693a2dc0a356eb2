"""The feed: recorded or written sightings in place of the radio and the scanner, and what `scan` prints.

JSON Lines, each with `at_ms` since the start of the feed, or without it for "when read":

    {"at_ms": 0, "ble": {"address": "C0:11:22:33:44:55", "name": null, "rssi": -61,
                         "manufacturer_data": {"76": "0215…"}, "service_data": {"0000feaa-…": "00e3…"}}}
    {"at_ms": 1500, "qr": "WB1:…"}
    {"at_ms": 2000, "adapter": "absent"}                                           absent, off or on

What `scan --json` prints of a real radio is such a feed again. A line that is wrong is named and passed
over. Nothing here judges nearness; it reads a file, a FIFO or standard input without blocking the loop.
"""

import asyncio
import os
import re
import stat
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from app.duties.site import TagRule
from app.errors import WatchbookError
from app.ports import Clock, Heard, RadioState, Scan
from app.text import clean
from hardware.bthome import Value
from hardware.clock import SystemClock
from hardware.tags import Advert, Decoded, decode, heard_now, sightings

MAX_LINE: Final = 64 * 1024
_CHUNK: Final = 64 * 1024
_GRACE_S: Final = 0.25
"""A sighting this much overdue when somebody begins to listen was missed, as with a radio that was off."""
_PRINTED_ADAPTER: Final = {"radio.off": "off", "radio.busy": "on", "radio.stuck": "on", "radio.resting": "on"}
"""`adapter` as printed for a fault; every other fault makes it useless: absent."""
_FED_FAULT: Final = {"absent": "radio.absent", "off": "radio.off", "on": None}

_Hex = Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2})*$", max_length=4096)]


class _Ble(Struct):
    address: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$")]
    rssi: Annotated[int, Meta(ge=-1000, le=1000)]
    name: Annotated[str, Meta(max_length=4096)] | None = None
    manufacturer_data: dict[Annotated[str, Meta(pattern=r"^[0-9]{1,5}$")], _Hex] = {}
    service_data: dict[Annotated[str, Meta(max_length=36)], _Hex] = {}


class _Object(Struct):
    at_ms: Annotated[float, Meta(ge=0, le=1e12)] | None = None
    ble: _Ble | None = None
    qr: Annotated[str, Meta(max_length=4096)] | None = None
    adapter: Literal["absent", "off", "on"] | None = None
    fault: Annotated[str, Meta(pattern=r"^radio\.[a-z_]{1,40}$")] | None = None
    """Which fault, where a recording knows more than `adapter` says."""


class FeedUnreadable(WatchbookError):
    """The feed cannot be opened: whoever named it must name another."""


class BadLine(Struct, frozen=True):
    """A line that was passed over. `key` names its sentence in app.words."""

    number: int
    key: str
    fields: dict[str, str] = {}

    def say(self, lang: str) -> str:
        from app.words import say

        return say(lang, self.key, line=self.number, **self.fields)


class FeedLine(Struct, frozen=True):
    number: int
    at_ms: int | None
    """Since the start of the feed; None for "when read"."""
    ble: Advert | None = None
    """Its `up` still counts from the start of the feed."""
    qr: str | None = None
    state: RadioState | None = None


class Radio(Protocol):
    """What `scan` can listen to."""

    def hear(self) -> AsyncGenerator[Advert | RadioState, None]: ...


class FeedReader:
    """A feed as a TagReader. Its time starts with the first listener and runs on when nobody listens:
    sightings that nobody heard are gone, codes and the state of the adapter wait.

    At its end the feed stays silent. `speed` makes time run faster; the stamps of sightings keep the
    feed's own time, so that dwell is judged as recorded. Raises FeedUnreadable.
    """

    always: Final = True
    """Listening costs nothing and codes come this way too: listen on every page."""

    def __init__(self, path: str, clock: Clock | None = None, *, speed: float = 1.0) -> None:
        self._source = _Source(path, waits_for_writers=True)
        self._clock = clock or SystemClock()
        self._speed = speed
        self._began: tuple[float, int] | None = None
        self._next: FeedLine | BadLine | None = None
        self._state = RadioState()

    def poke(self) -> None:
        """A key was pressed; a feed does not tire."""

    async def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncGenerator[Heard, None]:
        """See TagReader. `wanted` changes nothing: a feed gives what it holds."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._began = self._began or (now, self._clock.now().up)
        yield self._state
        while (line := self._next or await self._read()) is not None:
            self._next = line
            due = self._due(line, loop.time())
            await asyncio.sleep(max(0.0, due - loop.time()))
            self._next = None
            for heard in self._heard(line, missed=due < now - _GRACE_S):
                yield heard
        await asyncio.Event().wait()

    async def _read(self) -> FeedLine | BadLine | None:
        try:
            return await self._source.next()
        except OSError as e:
            self._state = RadioState("radio.feed_missing", f"{type(e).__name__}: {e}")
            return None

    def _due(self, line: FeedLine | BadLine, now: float) -> float:
        if self._began is None or isinstance(line, BadLine) or line.at_ms is None:
            return now
        return self._began[0] + line.at_ms / 1000 / self._speed

    def _heard(self, line: FeedLine | BadLine, *, missed: bool) -> list[Heard]:
        if isinstance(line, BadLine):
            return [RadioState("radio.feed_line", line.say("en")), self._state]
        up = self._up(line)
        heard: list[Heard] = []
        if line.ble is not None and heard_now(line.ble.rssi) and not missed:
            heard += sightings(msgspec.structs.replace(line.ble, up=up))
        if line.qr is not None:
            heard.append(Scan(line.qr, up))
        if line.state is not None:
            self._state = line.state
            heard.append(line.state)
        return heard

    def _up(self, line: FeedLine) -> int:
        began, up = self._began or (0.0, 0)
        if line.at_ms is not None:
            return up + line.at_ms
        return up + round((asyncio.get_running_loop().time() - began) * 1000 * self._speed)


async def scan_feed(
    path: str, complain: Callable[[BadLine], None], rules: Sequence[TagRule] = ()
) -> AsyncIterator[dict[str, Any]]:
    """What a feed holds, to its end and without waiting for `at_ms`: the objects that `scan --json` prints.

    Bad lines go to `complain`; `rules` name the tags of closed vendors. Raises FeedUnreadable.
    """
    source = _Source(path, waits_for_writers=False)
    try:
        while (line := await source.next()) is not None:
            if isinstance(line, BadLine):
                complain(line)
                continue
            for part in (line.ble, line.qr, line.state):
                if part is not None:
                    yield _printed(line.at_ms, part, rules)
    except OSError as e:
        raise FeedUnreadable("radio.feed_open", path=clean(path, 200), why=e.strerror or type(e).__name__) from e
    finally:
        source.close()


async def scan_radio(radio: Radio, clock: Clock, rules: Sequence[TagRule] = ()) -> AsyncIterator[dict[str, Any]]:
    """What a radio hears, live and for ever: the objects that `scan --json` prints."""
    began = clock.now().up
    async with aclosing(radio.hear()) as heard:
        async for item in heard:
            yield _printed((item.up if isinstance(item, Advert) else clock.now().up) - began, item, rules)


def _printed(at_ms: int | None, item: Advert | str | RadioState, rules: Sequence[TagRule]) -> dict[str, Any]:
    line: dict[str, Any] = {} if at_ms is None else {"at_ms": at_ms}
    if isinstance(item, str):
        return {**line, "qr": item}
    if isinstance(item, RadioState):
        adapter = "on" if item.fault is None else _PRINTED_ADAPTER.get(item.fault, "absent")
        return {**line, "adapter": adapter, **({"fault": item.fault} if item.fault else {})}
    tags = [_printed_tag(tag) for tag in decode(item, rules)]
    ble = {
        "address": item.address,
        "name": item.name,
        "rssi": item.rssi,
        "manufacturer_data": {str(company): data.hex() for company, data in item.manufacturer.items()},
        "service_data": {uuid: data.hex() for uuid, data in item.service.items()},
    }
    return {**line, "ble": ble, "tag": tags[0] if tags else None, **({"tags": tags} if len(tags) > 1 else {})}


def _printed_tag(tag: Decoded) -> dict[str, Any]:
    return {
        "format": tag.format,
        "id": tag.id,
        "power_1m": tag.power_1m,
        "battery_pct": tag.said.battery_pct,
        "battery_mv": tag.said.battery_mv,
        **({"values": {name: _number(value) for name, value in said.items()}} if (said := tag.said.values) else {}),
        **({"counters": tag.said.counters} if tag.said.counters else {}),
        **({"encrypted": True} if tag.said.encrypted else {}),
    }


def _number(value: Value) -> float | str:
    if isinstance(value, str):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


_decoder = msgspec.json.Decoder(_Object)
_WHERE: Final = re.compile(r"`\$\.?([^`]*)`$")
_MISSING: Final = re.compile(r"required field `(\w+)`")


def parse_line(number: int, raw: bytes) -> FeedLine | BadLine:
    """One line understood, or what is wrong with it. Never raises."""
    if len(raw) > MAX_LINE:
        return BadLine(number, "radio.feed_long")
    try:
        found = _decoder.decode(raw)
    except msgspec.ValidationError as e:
        return _misfit(number, str(e))
    except (ValueError, RecursionError):
        return BadLine(number, "radio.feed_json")
    if found.ble is None and found.qr is None and found.adapter is None:
        return BadLine(number, "radio.feed_empty")
    state = None if found.adapter is None else RadioState(_fault(found))
    at_ms = None if found.at_ms is None else int(found.at_ms)
    return FeedLine(number, at_ms, _advert(found.ble, at_ms or 0), found.qr, state)


def _misfit(number: int, said: str) -> BadLine:
    where, missing = _WHERE.search(said), _MISSING.search(said)
    names = [found[1] for found in (where, missing) if found is not None and found[1]]
    return (
        BadLine(number, "radio.feed_field", {"field": ".".join(names)}) if names else BadLine(number, "radio.feed_json")
    )


def _fault(found: _Object) -> str | None:
    from app.words import table

    known = found.fault is not None and found.fault.partition(".")[2] in table("radio")
    return found.fault if known and found.adapter else _FED_FAULT[found.adapter or "on"]


def _advert(ble: _Ble | None, up: int) -> Advert | None:
    if ble is None:
        return None
    return Advert(
        address=ble.address.upper(),
        rssi=ble.rssi,
        up=up,
        manufacturer={int(company): bytes.fromhex(data) for company, data in ble.manufacturer_data.items()},
        service={uuid.lower(): bytes.fromhex(data) for uuid, data in ble.service_data.items()},
        name=ble.name,
    )


class _Source:
    """Lines of a file, a FIFO or standard input (`-`). Reading never blocks the loop and may be cancelled."""

    def __init__(self, path: str, *, waits_for_writers: bool) -> None:
        self._own = path != "-"
        self._path = path
        self._number = 0
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._ended = False
        try:
            self._fd, self._waits, fifo = self._open(path) if self._own else (0, True, False)
        except OSError as e:
            raise FeedUnreadable("radio.feed_open", path=clean(path, 200), why=e.strerror or type(e).__name__) from e
        self._goes_on = fifo and waits_for_writers
        """A FIFO whose writer went: the next may come."""

    def close(self) -> None:
        if self._own:
            os.close(self._fd)

    async def next(self) -> FeedLine | BadLine | None:
        """The next line that is not blank; None at the end. Raises OSError when the disk or pipe fails."""
        while (raw := await self._line()) is not None:
            self._number += 1
            if raw.strip():
                return parse_line(self._number, raw)
        return None

    @staticmethod
    def _open(path: str) -> tuple[int, bool, bool]:
        """The file, whether it is to be waited for, and whether it is a FIFO."""
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, os.strerror(21))
        if not stat.S_ISFIFO(mode):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC), not stat.S_ISREG(mode), False
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), True, True

    async def _line(self) -> bytes | None:
        """One line; of an overlong one its first MAX_LINE + 1 bytes or some more, never all."""
        while not self._lines and not self._ended:
            await self._more()
        return self._lines.popleft() if self._lines else None

    async def _more(self) -> None:
        if self._waits:
            await _readable(self._fd)
        else:
            await asyncio.sleep(0)  # a long file leaves the screen its turns
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._lines.extend(lines)
        self._rest = rest[: MAX_LINE + 1]
        if not chunk:
            if self._rest:
                self._lines.append(self._rest)
            self._rest, self._ended = b"", not self._goes_on
            if self._goes_on:
                self._again()

    def _again(self) -> None:
        """Open the FIFO anew: of an open one whose writer has gone, nothing tells when the next one comes."""
        before, (self._fd, _, self._goes_on) = self._fd, self._open(self._path)
        os.close(before)


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(fd, ready.set)
    except PermissionError:  # a plain file (epoll refuses it) always is
        await asyncio.sleep(0)
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)
