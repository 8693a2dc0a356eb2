"""`watchbook scan --calibrate POINT`: an installer stands at the reading point, and a tag's level there is measured.

The figure is said, written as the plan wants it, and recorded, so that it reaches the office by itself. What is
heard comes as `scan` prints it, from the radio or a feed; what it is worth app.duties.calibration says.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import closing, suppress
from typing import Any, Final

import msgspec

from app import kinds
from app.duties.calibration import ENOUGH, Calibration, Trouble, enter_from, rivals_of, trouble
from app.duties.days import office_time
from app.duties.evidence import FAINTEST, LOUDEST, THIN_MS
from app.duties.rotating import NO_TABLES, Tables
from app.duties.site import EID, TAG_FORMATS, Plan, Point
from app.duties.site import Settings as Rules
from app.errors import BookInUse, WatchbookError
from app.kinds.senses import TagCalibrated
from app.logbook.book import Draft, Logbook
from app.logbook.journal import has_book
from app.logbook.reader import Reader
from app.pages import plan_of, tables_of
from app.settings import Settings
from app.text import clean
from app.usage import exit_code
from app.words import say
from hardware.clock import SystemClock
from screens.commands import fault_words
from sync import standing

LIMIT_S: Final = 90.0
SAID_EVERY: Final = 5
"""Samples between two lines of progress."""
MOST_SENDERS: Final = 100
_POINT: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_ID: Final = re.compile(r"[!-~]{1,120}", re.ASCII)
_NOT_BOUND: Final = ("bthome", EID)
"""Formats whose identity is the Bluetooth address, or changes with it: nothing is left to bind."""

Name = tuple[str, str]
"""Format and identity, as a plan names a tag."""


class Listened:
    """The samples so far of the tags that are measured, and of other points' tags."""

    def __init__(self, plan: Plan | None, tables: Tables, point: str, wanted: Iterable[Name]) -> None:
        self._plan = plan
        self._tables = tables
        self._point = point
        self._last: dict[tuple[Name, str], int | None] = {}
        """When each sender was heard last, ms."""
        self._heard: dict[Name, dict[str, list[int]]] = {name: {} for name in wanted}
        self.rivals: dict[str, list[int]] = {}

    def take(self, item: dict[str, Any], at: int) -> list[tuple[Name, list[int]]]:
        """Keep what `scan` prints of one packet, heard at office time `at`; those of ours that it counts for, and
        their levels so far."""
        ble, ours = item["ble"], []
        if not FAINTEST <= ble["rssi"] <= LOUDEST:
            return []
        for tag in item.get("tags") or ([item["tag"]] if item["tag"] else []):
            name = self._named(tag, at)
            if name in self._heard:
                if self._is_new(name, ble["address"], item.get("at_ms")):
                    levels = self._heard[name].setdefault(ble["address"], [])
                    levels.append(ble["rssi"])
                    ours.append((name, levels))
            elif self._plan and (other := self._plan.point_of_tag(*name)) and other.id != self._point:
                self.rivals.setdefault(other.id, []).append(ble["rssi"])
        return ours

    def _is_new(self, name: Name, address: str, at_ms: int | None) -> bool:
        """Packets closer together than a fifth of a second say nothing new; lines without a time are taken singly."""
        key = (name, address)
        before = self._last.get(key)
        if key not in self._last and len(self._last) >= MOST_SENDERS:
            return False
        if at_ms is not None and before is not None and abs(at_ms - before) < THIN_MS:
            return False
        self._last[key] = at_ms
        return True

    def _named(self, tag: dict[str, Any], at: int) -> Name:
        """A rotating identity stands in the plan under the fitter's own name of the tag."""
        known = self._tables.name(tag["id"], at) if tag["format"] == EID else None
        return tag["format"], known or tag["id"]

    @property
    def enough(self) -> bool:
        return all(any(len(samples) >= ENOUGH for samples in senders.values()) for senders in self._heard.values())

    def results(self) -> list[Calibration]:
        """One a tag, by the address that was heard most."""
        found = []
        for (kind, tag), senders in self._heard.items():
            first, *others = sorted(senders, key=lambda address: -len(senders[address])) or [""]
            samples = senders.get(first, [])[:ENOUGH]
            found.append(Calibration(kind, tag, first, tuple(samples), tuple(others)))
        return found


def calibrate(settings: Settings, point: str, tag: str | None, seconds: float | None, *, as_json: bool) -> int:
    """Measure the tags of `point`, or the one `tag` that is not in the plan yet. Exit code 1 when one cannot be used
    as measured, 3 when the running terminal holds the book and nothing could be recorded."""
    clock = SystemClock(standing.load(settings.data_dir).off)
    plan, tables = _pages(settings, clock)
    place, wanted = _what(plan, point, tag)
    limit = seconds or LIMIT_S
    name = place.name.say(settings.lang) if place else point
    _tell(settings, "stand", place=name, count=ENOUGH, limit=f"{limit:g}")
    heard = Listened(plan, tables, point, wanted)
    asyncio.run(_listen(settings, clock, heard, plan, limit))
    rules = plan.settings if plan else Rules()
    results = heard.results()
    good = [found for found in results if trouble(found, rules) is None]
    seqs, held = _record(settings, clock, point, good)
    for found in results:
        seq = seqs.get((found.format, found.tag))
        rivals = rivals_of(found.level, heard.rivals, rules) if found.samples else {}
        if as_json:
            _print_json(found, point, rules, rivals, seq)
        else:
            _print_words(settings, plan, found, rules, rivals, seq, limit)
    if held is not None:
        print(held.say(settings.lang), file=sys.stderr)
        return exit_code(held)
    return 0 if len(good) == len(results) else 1


def _pages(settings: Settings, clock: SystemClock) -> tuple[Plan | None, Tables]:
    try:
        reader = _reader(settings)
        return (plan_of(reader, clock.now().at), tables_of(reader)) if reader else (None, NO_TABLES)
    except (WatchbookError, OSError):
        return None, NO_TABLES


def _reader(settings: Settings) -> Reader | None:
    return Logbook.read(settings.data_dir) if has_book(settings.data_dir) else None


def _what(plan: Plan | None, point: str, tag: str | None) -> tuple[Point | None, list[Name]]:
    """The point where the plan knows it, and what to listen for. Raises WatchbookError."""
    if not _POINT.fullmatch(point):
        raise WatchbookError("calibrate.bad_point", point=clean(point, 40))
    place = plan.find_point(point) if plan else None
    if tag is not None:
        return place, [_tag(tag)]
    if plan is None:
        raise WatchbookError("calibrate.no_plan")
    if place is None:
        raise WatchbookError("calibrate.no_point", point=point)
    if not place.tags:
        raise WatchbookError("calibrate.no_tags", point=point)
    return place, [(each.format, each.id) for each in place.tags]


def _tag(written: str) -> Name:
    """FORMAT:ID as a plan keeps it."""
    kind, _, id = written.strip().partition(":")
    if kind not in TAG_FORMATS or not _ID.fullmatch(id):
        raise WatchbookError("calibrate.bad_tag", formats=", ".join(TAG_FORMATS))
    if kind == "eddystone-url":
        return kind, id
    return kind, id.upper() if ":" in id else id.lower()


async def _listen(settings: Settings, clock: SystemClock, heard: Listened, plan: Plan | None, limit_s: float) -> None:
    """Until every tag has enough samples, the feed ends, or the time is over."""
    told = False
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            async for item in _source(settings, clock, plan):
                if "ble" in item:
                    for (kind, tag), levels in heard.take(item, office_time(clock.now())):
                        if len(levels) % SAID_EVERY == 0 and len(levels) <= ENOUGH:
                            fields = {"n": len(levels), "count": ENOUGH, "level": levels[-1]}
                            _tell(settings, "progress", tag=f"{kind} {tag}", **fields)
                elif item.get("fault") and not told:
                    told = True
                    why = fault_words(settings.lang, item["fault"])
                    print(say(settings.lang, "cli.scan_waits", why=why), file=sys.stderr)
                if heard.enough:
                    return


def _source(settings: Settings, clock: SystemClock, plan: Plan | None) -> AsyncIterator[dict[str, Any]]:
    rules = plan.tag_rules if plan else ()
    if settings.feed:
        from hardware.replay import scan_feed

        return scan_feed(settings.feed, lambda bad: print(bad.say(settings.lang), file=sys.stderr), rules)
    from hardware.ble import radio
    from hardware.replay import scan_radio

    return scan_radio(radio(settings.adapter, clock), clock, rules)


def _record(
    settings: Settings, clock: SystemClock, point: str, good: list[Calibration]
) -> tuple[dict[Name, int], BookInUse | None]:
    """The numbers of the records, by tag; and who holds the book when nothing could be recorded."""
    if not good:
        return {}, None
    if not has_book(settings.data_dir):
        _tell(settings, "no_book")
        return {}, None
    bodies = [
        TagCalibrated(point, found.format, found.tag, found.address, found.level, found.samples) for found in good
    ]
    try:
        with closing(Logbook.open(settings.data_dir, clock)) as logbook:
            entries = logbook.append(*(Draft(kinds.kind_of(body), kinds.to_dict(body)) for body in bodies))
    except BookInUse as e:
        return {}, e
    return {(body.format, body.tag): entry.record.seq for body, entry in zip(bodies, entries, strict=True)}, None


def _print_words(
    settings: Settings, plan: Plan | None, found: Calibration, rules: Rules, rivals: dict[str, int],
    seq: int | None, limit: float,
) -> None:  # fmt: skip
    def out(key: str, **fields: object) -> None:
        print(say(settings.lang, f"calibrate.{key}", **fields))

    tag, wrong = f"{found.format} {found.tag}", trouble(found, rules)
    low, high = found.middle if len(found.samples) > 1 else (0, 0)
    if wrong is not None:
        addresses = ", ".join((found.address, *found.others))
        level = found.level if found.samples else None
        out(wrong.value, tag=tag, limit=f"{limit:g}", n=len(found.samples), count=ENOUGH, low=low, high=high,
            level=level, addresses=addresses)  # fmt: skip
        return
    out("measured", tag=tag, level=found.level, low=low, high=high, enter=enter_from(found.level, rules))
    for point, level in rivals.items():
        place = plan.find_point(point) if plan else None
        out("rival", place=place.name.say(settings.lang) if place else point, level=level)
    out("plan", line=_plan_line(found))
    if found.format not in _NOT_BOUND:
        out("bind", line=_plan_line(found, bound=True))
    if seq is not None:
        out("recorded", seq=seq)


def _plan_line(found: Calibration, *, bound: bool = False) -> str:
    """The tag as a plan file writes it; an address holds colons and is quoted."""
    id = f'"{found.tag}"' if ":" in found.tag else found.tag
    address = f', address: "{found.address}"' if bound else ""
    return f"{{{found.format}: {id}{address}, near: {found.level}}}"


def _print_json(found: Calibration, point: str, rules: Rules, rivals: dict[str, int], seq: int | None) -> None:
    wrong = trouble(found, rules)
    good = wrong is None
    told = {
        "point": point,
        "format": found.format,
        "tag": found.tag,
        "address": found.address or None,
        "samples": found.samples,
        "level": found.level if found.samples else None,
        "enter": enter_from(found.level, rules) if good else None,
        "near": found.level if good else None,
        "plan": _plan_line(found) if good else None,
        "rivals": rivals,
        "other_addresses": found.others,
        "trouble": wrong.value if isinstance(wrong, Trouble) else None,
        "seq": seq,
    }
    print(msgspec.json.encode(told).decode(), flush=True)


def _tell(settings: Settings, key: str, **fields: object) -> None:
    print(say(settings.lang, f"calibrate.{key}", **fields), file=sys.stderr, flush=True)
