"""A simulated walk in place of the radio: somebody goes to the tag or label that the round waits for.

For demonstrations and training. Levels follow distance as measured in buildings and are then encoded as
real frames, so that everything above sees what a radio gives. The same seed gives the same walk.
"""

import asyncio
import hashlib
import math
import random
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Final

from msgspec import Struct

from app.duties.site import EID, GENERIC, Plan, Tag
from app.ports import LABEL, Clock, Heard, RadioState, Scan
from hardware.clock import SystemClock
from hardware.tags import Advert, encode, sightings

POWER_1M: Final = -59
"""Level at one metre that the simulated tags claim, dBm."""
_EXPONENT: Final = 1.86
"""Path loss indoors, and its spread in dB (Strzoda et al. 2022, doi 10.1145/3551662.3560933; -90.8 dBm at 16 m)."""
_SPREAD_DB: Final = 4.0
_FAINT: Final = -90
"""Level at which the walk begins, dBm."""
_READING_DB: Final = 3
"""How much louder than at one metre the tag is where a person reads it."""
_INTERVAL_MS: Final = 500
"""A tag's advertising interval."""
_LOST: Final = 0.15
"""Share of packets that nobody receives."""
_NEIGHBOURS_M: Final = (15.0, 22.0)
_ROOM: Final = {"0000fcd2-0000-1000-8000-00805f9b34fb": bytes.fromhex("40029a09039411")}
"""What every simulated sensor measures (BTHome): 24.58 degrees and 45 % humidity."""
_UNWRITTEN: Final = (GENERIC, EID)
"""Only closed makers can write the one, and only who has the key the other."""
_READ_MS: Final = 1000
"""From arriving to reading a label, and with a tag too: long enough for *near* to come first."""
_READ_AFTER_TAG_MS: Final = 6000
_READ_AGAIN_MS: Final = 10_000


class _Source(Struct, frozen=True):
    """A simulated tag and how its distance goes."""

    address: str
    manufacturer: dict[int, bytes]
    service: dict[str, bytes]
    start_m: float
    end_m: float


class SimulatedWalk:
    """A TagReader for the points of `plan`; `labels` holds the text of each point's label.

    `walk_s` is the time from one stop to the next; `speed` shortens it in real time. Stamps keep the walk's
    own time, so that dwell is judged as at speed 1; give it a clock that runs as fast (StagedClock) and the
    records agree too. A wanted pair (LABEL, point) has that label read after arriving. Tags of closed makers
    and rotating ones are not simulated; every sensor measures the same room.
    """

    always: Final = True
    """Listening costs nothing."""

    def __init__(
        self,
        plan: Plan,
        labels: Mapping[str, str],
        clock: Clock | None = None,
        *,
        speed: float = 1.0,
        seed: int = 1,
        walk_s: float = 6.0,
    ) -> None:
        self._plan = plan
        self._labels = labels
        self._clock = clock or SystemClock()
        self._speed = speed
        self._random = random.Random(seed)  # noqa: S311 - a picture of radio noise, not a secret
        self._walk_ms = walk_s * 1000
        self._last_up = 0
        self._reached: frozenset[tuple[str, str]] = frozenset()
        """What was wanted where the walker now stands: a listener that comes back finds them still there."""

    def poke(self) -> None:
        """A key was pressed; the walker does not mind."""

    async def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncGenerator[Heard, None]:
        """See TagReader. With nothing wanted nobody walks."""
        yield RadioState()
        tags = sorted(pair for pair in wanted if pair[0] not in (LABEL, *_UNWRITTEN))
        texts = [self._labels[point] for kind, point in sorted(wanted) if kind == LABEL and point in self._labels]
        loop = asyncio.get_running_loop()
        began, start_up = loop.time(), max(self._clock.now().up, self._last_up + _INTERVAL_MS)
        there = bool(wanted) and wanted <= self._reached
        ahead_ms = self._walk_ms if there else 0.0
        for passed_ms, heard in self._walk(tags, texts, ahead_ms):
            await asyncio.sleep(max(0.0, began + passed_ms / 1000 / self._speed - loop.time()))
            self._last_up = start_up + passed_ms
            if passed_ms + ahead_ms >= self._walk_ms and not there:
                self._reached = wanted
            if isinstance(heard, str):
                yield Scan(heard, self._last_up)
                continue
            for sighting in sightings(Advert(heard.address, self._level(heard, passed_ms + ahead_ms), self._last_up,
                                             heard.manufacturer, heard.service)):  # fmt: skip
                yield sighting
        await asyncio.Event().wait()

    def _walk(
        self, tags: list[tuple[str, str]], texts: list[str], ahead_ms: float
    ) -> Iterator[tuple[int, _Source | str]]:
        """What reaches the handheld and when, in ms from setting out, for ever. Ends at once with nothing wanted."""
        sources = [*(self._wanted(*tag) for tag in tags), *self._neighbours(tags)]
        if not sources and not texts:
            return
        next_read = self._walk_ms - ahead_ms + (_READ_AFTER_TAG_MS if tags else _READ_MS)
        passed_ms = 0
        while True:
            yield from ((passed_ms, source) for source in sources if self._random.random() >= _LOST)
            if texts and passed_ms >= next_read:
                next_read += _READ_AGAIN_MS
                yield passed_ms, texts[0]
            passed_ms += _INTERVAL_MS

    def _wanted(self, kind: str, tag: str) -> _Source:
        point = self._plan.point_of_tag(kind, tag)
        known = next((own for own in point.tags if (own.format, own.id) == (kind, tag)), None) if point else None
        reading = POWER_1M + _READING_DB if known is None or known.near is None else known.near
        return _source(kind, tag, known, _distance(min(_FAINT, reading)), _distance(reading))

    def _neighbours(self, tags: list[tuple[str, str]]) -> list[_Source]:
        """The tags of the points listed before and after, out of reach but audible."""
        points = [point for point in self._plan.points if point.tags and point.tags[0].format not in _UNWRITTEN]
        here = next((at for at, point in enumerate(points) if any((t.format, t.id) in tags for t in point.tags)), None)
        if here is None:
            return []
        around = [points[at] for at in (here - 1, here + 1) if 0 <= at < len(points)]
        return [
            _source(point.tags[0].format, point.tags[0].id, point.tags[0], metres, metres)
            for point, metres in zip(around, _NEIGHBOURS_M, strict=False)
        ]

    def _level(self, source: _Source, passed_ms: float) -> int:
        """dBm here and now: distance, and the noise of a building."""
        way = min(1.0, passed_ms / self._walk_ms) if self._walk_ms else 1.0
        metres = source.start_m + (source.end_m - source.start_m) * way
        level = POWER_1M - 10 * _EXPONENT * math.log10(metres) + self._random.gauss(0, _SPREAD_DB)
        return max(-109, min(-1, round(level)))


def _source(kind: str, tag: str, known: Tag | None, start_m: float, end_m: float) -> _Source:
    manufacturer, service = ({}, _ROOM) if kind == "bthome" else encode(kind, tag, POWER_1M)
    bound = tag if kind == "bthome" else known.address if known is not None else None
    address = bound or made_up_address(kind, tag)
    return _Source(address, manufacturer, service, start_m, end_m)


def _distance(level: float) -> float:
    """Metres at which a simulated tag has `level` dBm."""
    return float(10 ** ((POWER_1M - level) / (10 * _EXPONENT)))


def made_up_address(kind: str, tag: str) -> str:
    """A random static address (Core 5.4, vol. 6 part B 1.3.2.1: the two highest bits are set), always the same."""
    raw = bytearray(hashlib.sha256(f"{kind}|{tag}".encode()).digest()[:6])
    raw[0] |= 0xC0
    return raw.hex(":").upper()
