"""The office's example: one compound, its people, and the last nights as real books would have told them.

Every record is made by a real logbook and watch and comes in through the store's own door; only radio,
scanner and time are stood in for (sync.office.walker). Names are invented.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import local_time, millis
from app.duties.schedule import Slot, slots
from app.duties.site import Credentials, Plan, decode_plan
from app.logbook.book import Logbook
from app.logbook.disk import Disk
from app.pages import Pages
from app.settings import example
from sync.desk import Desk
from sync.office import accounts, credentials, importing
from sync.office.keys import OfficeKey
from sync.office.store import Store, records
from sync.office.store import plans as table
from sync.office.walker import NO_TRICKS, SteppedClock, Tricks, Walker
from sync.wire import MAX_EVENTS, join_code

SITE: Final = "cuihu-garden"
DAYS: Final = 2
PINS: Final = {"zhang-wei": "1111", "li-jun": "2222"}
"""Of the two guards who try it."""
CODE_MS: Final = 24 * 3600 * 1000
SUPERVISOR: Final = "supervisor"


class Rehearsal(Disk):
    """Invented records need not survive a power cut: nothing waits for the disk."""

    def sync(self, name: str, fd: int) -> None:
        self.step(name)


class Beat(Struct, frozen=True):
    """A schedule, who walks it, and what goes wrong on it, by how many days ago."""

    schedule: str
    crew: tuple[str, ...]
    tricks: dict[int, Tricks | None] = {}
    """None: nobody walked it that day."""


GUARDS: Final = (
    Beat("day-1", ("wang-lei",)),
    Beat("buildings-am", ("wang-lei",), {1: Tricks(miss=frozenset({"b5-u1"}))}),
    Beat("shops-am", ("wang-lei",)),
    Beat("day-2", ("wang-lei",), {1: Tricks(late_s=6600)}),
    Beat("fire-daily", ("wu-bin", "xu-liang")),
    Beat("buildings-pm", ("liu-yang",)),
    Beat("day-3", ("liu-yang",), {2: None}),
    Beat("shops-pm", ("liu-yang",)),
    Beat("night-1", ("zhang-wei", "li-jun"), {
        1: Tricks(rush=frozenset({"pr1-door"}), report={"fire-lane-north": ("fire-lane", "")}),
    }),
    Beat("night-2", ("zhang-wei", "li-jun"), {
        0: Tricks(skip={"b2-roof": "weather"}),
        1: Tricks(recheck=False),
    }),
    Beat("night-3", ("chen-gang", "zhao-peng"), {0: Tricks(miss=frozenset({"rubbish-3", "dorm"})), 1: None}),
    Beat("night-4", ("chen-gang", "zhao-peng"), {
        0: Tricks(report={"pr1-door": ("water-leak", "")}, urgent=True),
        1: Tricks(alone="partner-called"),
    }),
)  # fmt: skip
FITTERS: Final = (
    Beat("lifts", ("tang-jun",)),
    Beat("power-am", ("feng-lei",), {1: Tricks(readings={"temp": "43"}, report={"pr1-room": ("electric", "")})}),
    Beat("grounds", ("tang-jun",)),
    Beat("pumps-am", ("dong-ping",)),
    Beat("power-pm", ("feng-lei",)),
    Beat("pumps-pm", ("dong-ping",), {1: None}),
)
CLEANERS: Final = (
    Beat("clean-1-rubbish-am", ("wang-xiuying",)),
    Beat("clean-2-rubbish-am", ("li-guihua",)),
    Beat("clean-3-rubbish-am", ("zhang-yulan",)),
    Beat("clean-roads-am", ("liu-fengying",)),
    Beat("clean-1-daily", ("wang-xiuying",)),
    Beat("clean-2-daily", ("li-guihua",), {1: Tricks(report={"b4-u1": ("lamp", "")}, fixed=True)}),
    Beat("clean-3-daily", ("zhang-yulan",)),
    Beat("rubbish-out-am", ("liu-fengying",)),
    Beat("clean-green-belt", ("chen-xiufang",)),
    Beat("dorm-daily", ("chen-xiufang",)),
    Beat("clean-1-rubbish-pm", ("wang-xiuying",)),
    Beat("clean-2-rubbish-pm", ("li-guihua",)),
    Beat("clean-3-rubbish-pm", ("zhang-yulan",), {1: None}),
    Beat("clean-roads-pm", ("liu-fengying",)),
    Beat("rubbish-out-pm", ("liu-fengying",)),
)
HANDHELDS: Final = (("东门岗1号", GUARDS), ("工程部2号", FITTERS), ("保洁3号", CLEANERS))


async def furnish(store: Store, key: OfficeKey, now: int, days: int = DAYS) -> Desk:
    """Put the example into the store, or open it again; `now` is UTC ms. The URL is left empty."""
    known = await store.read(lambda tx: table.newest_plan(tx, SITE))
    if known is None:
        await _take_example(store, now, days)
        await _walk(store, now, days)
    password = secrets.token_urlsafe(9)
    await accounts.add(store, SUPERVISOR, "supervisor", None, password, now)
    issued = await store.devices.add(SITE, "演示手持机", now, CODE_MS)
    labels = await store.read(lambda tx: credentials.labels(tx, SITE))
    return Desk("", SUPERVISOR, password, join_code(issued.code, key.public), labels, PINS)


async def _take_example(store: Store, now: int, days: int) -> None:
    """Taken as of the first day that is walked, so that a window nobody walked then was due, and is missed."""
    found = await importing.check(store, example(f"{SITE}.yaml"), example(f"{SITE}.people.yaml"))
    assert found.plan is not None
    zone = ZoneInfo(found.plan.site.zone)
    first = local_time(now, zone).date() - timedelta(days=days)
    await importing.take(store, found, millis(datetime.combine(first, time.min, zone)))
    stored = {person: credentials.stored_pin(pin) for person, pin in PINS.items()}

    def give(tx: Connection) -> None:
        for person, pin in stored.items():
            credentials.set_pin(tx, person, pin, now)

    await store.write(give)


# -- the last days -------------------------------------------------------------------------------


async def _walk(store: Store, now: int, days: int) -> None:
    row = await store.read(lambda tx: table.newest_plan(tx, SITE))
    assert row is not None
    plan = decode_plan(row.raw)
    crews = {person for _, beats in HANDHELDS for beat in beats for person in beat.crew}
    badges = await store.write(lambda tx: {who: credentials.make_badge(tx, who, now) for who in sorted(crews)})
    labels = await store.read(lambda tx: credentials.labels(tx, SITE))
    pages = await _pages(store, plan)
    with TemporaryDirectory(prefix="watchbook-demo-") as folder:
        for seed, (name, beats) in enumerate(HANDHELDS):
            await _one_handheld(store, Path(folder) / str(seed), name, beats, pages, labels, badges, now, days)


async def _pages(store: Store, plan: Plan) -> Pages:
    item = await store.changes.current(SITE, "credentials", SITE)
    assert item is not None
    assert item.body is not None
    return Pages(plan, await store.read(credentials.people_of), msgspec.json.decode(item.body, type=Credentials))


async def _one_handheld(
    store: Store,
    folder: Path,
    name: str,
    beats: Sequence[Beat],
    pages: Pages,
    labels: dict[str, str],
    badges: dict[str, str],
    now: int,
    days: int,
) -> None:
    first, walks = _due(pages.plan, beats, now, days)
    clock = SteppedClock(first - 600_000)
    logbook = Logbook.open(folder, clock, Rehearsal())
    try:
        await introduce(store, logbook, SITE, name, first)
        walker = Walker(logbook, clock, pages, labels)
        for slot, beat, tricks in walks:
            crew = beat.crew[:1] if tricks.alone else beat.crew
            await walker.walk(slot, tuple(badges[person] for person in crew), _filled(pages.plan, tricks))
        walker.watch.close()
        await bring(store, logbook, SITE, min(now, clock.now().at))
    finally:
        logbook.close()


def _due(plan: Plan, beats: Sequence[Beat], now: int, days: int) -> tuple[int, list[tuple[Slot, Beat, Tricks]]]:
    """(the oldest opening, what was walked since), in the order of opening; only windows that are over."""
    today = local_time(now, ZoneInfo(plan.site.zone)).date()
    found = []
    for beat in beats:
        for slot in slots(plan, plan.schedule(beat.schedule), today - timedelta(days=days), today):
            tricks = beat.tricks.get((today - slot.opens.date()).days, NO_TRICKS)
            if millis(slot.closes) <= now and tricks is not None:
                found.append((slot, beat, tricks))
    found.sort(key=lambda each: millis(each[0].opens))
    return (millis(found[0][0].opens) if found else now), found


def _filled(plan: Plan, tricks: Tricks) -> Tricks:
    """The tricks with the first phrase of each category they report."""
    report = {stop: (name, plan.category(name).phrases[0].id) for stop, (name, _) in tricks.report.items()}
    return msgspec.structs.replace(tricks, report=report)


async def introduce(store: Store, logbook: Logbook, site: str, name: str, now: int) -> None:
    """Enrol a book as its handheld would."""
    opened = logbook.entry(1)
    assert opened is not None
    keys = {part: bytes.fromhex(str(opened.record.body[part])) for part in ("key", "identity")}
    issued = await store.devices.add(site, name, now)
    await store.devices.enrol(issued.code, logbook.book, keys["identity"], keys["key"], now)


async def bring(store: Store, logbook: Logbook, site: str, now: int) -> None:
    """Give the office what it does not have of a book, through the door that every batch comes in by."""
    held = await store.records.held(site, logbook.book)
    while links := [
        records.link(entry.record.seq, entry.raw, entry.hash) for entry in logbook.entries(held.seq + 1, MAX_EVENTS)
    ]:
        key, sig = (bytes.fromhex(text) for text in logbook.head_signature(links[-1].seq, links[-1].hash))
        batch = records.Batch(logbook.book, held.seq + 1, held.hash, tuple(links), key, sig, 0)
        await store.records.take(site, batch, now)
        held = await store.records.held(site, logbook.book)
