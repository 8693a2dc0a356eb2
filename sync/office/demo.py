"""The office's example: a month of three sites, their people, and their rounds as real books would have told them.

Every record is made by a real logbook and watch and comes in through the store's own door; only radio,
scanner and time are stood in for (sync.office.walker). Names are invented. The last days of the first site are
there at once; a process of its own walks the rest (`fill`), newest first.
"""

import asyncio
import multiprocessing
import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, suppress
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click
import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.codes import make
from app.duties.days import local_time, millis
from app.duties.schedule import Slot, slots
from app.duties.site import Credentials, People, Plan, Text, decode_plan
from app.kinds import PlanNamed, to_dict
from app.kinds.afterwards import RoundLateEntry, StopEntered
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from app.logbook.office import Received
from app.pages import Pages
from app.settings import example
from app.words import LANGS, say
from sync.desk import PINS, Desk
from sync.office import accounts, alarms, credentials, example_desk, importing, relaying
from sync.office.cast import LATE_S, RECENT, SITE, SITES, Beat, called, mishaps
from sync.office.fold import Folding
from sync.office.keys import OfficeKey
from sync.office.store import Store, cases, records
from sync.office.store import known as told
from sync.office.store import plans as table
from sync.office.stories import PEOPLE as STORYTELLERS
from sync.office.stories import TOLD, Hand, Span, Told
from sync.office.walker import Over, SteppedClock, Tricks, Walker
from sync.wire import MAX_EVENTS, join_code

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

DAYS: Final = 30
DAY_MS: Final = 24 * 3600 * 1000
CODE_MS: Final = DAY_MS
MOST: Final = 250
"""Matters that a handheld of the example is sent."""
MINUTE_MS: Final = 60_000
OUT_MS: Final = 8 * MINUTE_MS
"""So long ago whoever is on a round now set out."""
CALLED_MS: Final = 9 * MINUTE_MS
"""So long ago somebody called for help, and it goes on."""
SUPERVISOR: Final = "supervisor"
MANAGER: Final = "manager"
"""Beside the supervisor, by the same password: for what only a manager may."""
TODAY: Final = "demo_today"
"""Name of the fact that says which day the example was made on."""


REVIEWED: Final = "example_reviews/"
"""With a site's id behind it: the fact that its rounds were reviewed."""


class HastyDisk(Disk):
    """Invented records need not survive a power cut: nothing waits for the disk."""

    def sync(self, name: str, fd: int) -> None:
        self.step(name)


class Part(Struct, frozen=True):
    """What one handheld's book tells: these rounds, on these days before the example's own."""

    site: str
    name: str
    beats: tuple[Beat, ...]
    first: int
    last: int
    """Days ago, `first` >= `last`."""
    told: Told | None = None
    """What is told besides rounds."""

    def called(self, lang: str) -> str:
        return called(self.name, lang, old=self.last > 0)


async def furnish(store: Store, key: OfficeKey, now: int, days: int = DAYS, lang: str = "zh") -> Desk:
    """Put the example into the store as far as it is needed at once, or open it again; `fill` does the rest.

    `now` is UTC ms; `lang` that of the names of handhelds and the words of records. The URL is left empty.
    """
    known = await store.read(lambda tx: table.newest_plan(tx, SITE))
    if known is None:
        await _take_examples(store, now, days)
    for part in await _missing(store, days):
        if part.site == SITE and part.last == 0 and part.told is None:
            await _tell(store, part, now, lang)
    password = secrets.token_urlsafe(9)
    await accounts.add(store, accounts.Applicant(SUPERVISOR, "supervisor", "wang-qiang"), password, now)
    await accounts.add(store, accounts.Applicant(MANAGER, "manager", "lu-jianguo"), password, now)
    issued = await store.devices.add(SITE, called("演示手持机", lang), now, CODE_MS)
    labels = await store.read(lambda tx: credentials.labels(tx, SITE))
    return Desk("", SUPERVISOR, password, join_code(issued.code, key.public), labels, PINS)


async def _take_examples(store: Store, now: int, days: int) -> None:
    """Taken as of the first day that is walked, so that a window nobody walked then was due, and is missed."""
    found = [await importing.check(None, example(f"{site}.yaml"), example(f"{site}.people.yaml")) for site in SITES]
    everybody = {person.id: person for each in found if each.people for person in each.people.people}
    for each in found:
        assert each.plan is not None, each.faults
        zone = ZoneInfo(each.plan.site.zone)
        first = local_time(now, zone).date() - timedelta(days=days)
        whole = msgspec.structs.replace(each, people=People(tuple(everybody.values())))
        await importing.take(store, whole, millis(datetime.combine(first, time.min, zone)))
    stored = {person: credentials.stored_pin(pin) for person, pin in PINS.items()}
    today = local_time(now, ZoneInfo("Asia/Shanghai")).date().isoformat()

    def give(tx: Connection) -> None:
        told.put(tx, TODAY, today)
        for person, pin in stored.items():
            credentials.set_pin(tx, person, pin, now)
        walking = {who for site in SITES.values() for _, beats in site for beat in beats for who in beat.crew}
        for person in sorted(walking.union(STORYTELLERS)):
            credentials.make_badge(tx, person, now)

    await store.write(give)


# -- the rest of the month -----------------------------------------------------------------------


def parts(days: int) -> Iterator[Part]:
    """Newest first: what people look at before anything else. What goes on with others' findings comes last."""
    recent = min(days, RECENT)
    yield from _rounds(recent, 0)
    yield from (Part(told.site, told.name, (), days, 0, told) for told in TOLD if not told.after)
    yield from _rounds(days, recent + 1)
    yield from (Part(told.site, told.name, (), days, 0, told) for told in TOLD if told.after)


def _rounds(first: int, last: int) -> Iterator[Part]:
    for site, handhelds in SITES.items():
        for name, beats in handhelds:
            if first >= last:
                yield Part(site, name, beats, first, last)


async def _missing(store: Store, days: int) -> list[Part]:
    """The parts whose book has not come yet."""
    there = {(device.site, device.name) for device in await store.devices.of() if device.book is not None}
    return [part for part in parts(days) if there.isdisjoint((part.site, part.called(lang)) for lang in LANGS)]


def fill(db: Path, scratch: Path, now: int, days: int, lang: str, *, quiet: bool) -> "SpawnProcess":
    """Walk what is missing in a process of its own, which ends with this one. `quiet` keeps it from telling how far."""
    process = multiprocessing.get_context("spawn").Process(
        target=_fill, args=(str(db), str(scratch), now, days, lang, quiet), name="example", daemon=True
    )
    process.start()
    return process


def _fill(db: str, scratch: str, now: int, days: int, lang: str, quiet: bool) -> None:
    os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = scratch  # whoever started this clears it away, with the book that is half walked
    from sync.office.serve import open_store

    def alive() -> bool:
        parent = multiprocessing.parent_process()
        return parent is not None and parent.is_alive()

    def progress(done: int, of: int, part: Part) -> None:
        if not quiet:
            click.echo(say(lang, "office_cli.demo_filled", done=done, of=of, name=part.called(lang)), err=True)

    async def run() -> None:
        store = await open_store(db)
        try:
            await fill_up(store, now, days, alive, progress, lang)
            if alive():
                await tell_desks(store, OfficeKey.open(Path(db).parent), now, days, lang)
        finally:
            store.close()

    asyncio.run(run())


async def fill_up(
    store: Store,
    now: int,
    days: int,
    go_on: Callable[[], bool] = lambda: True,
    progress: Callable[[int, int, Part], None] = lambda *_: None,
    lang: str = "zh",
    sites: Collection[str] = SITES.keys(),
) -> None:
    """Bring every part of these sites that is missing, as long as `go_on` says so."""
    folding = Folding(store)
    missing = [part for part in await _missing(store, days) if part.site in sites]
    for done, part in enumerate(missing, 1):
        if not go_on():
            return
        await store.write(partial(told.put, name=told.FILLING, value=f"{done}/{len(missing)}"))
        await _tell(store, part, now, lang)
        await folding.catch_up()
        progress(done, len(missing), part)
    if any(part.site == SITE and part.last > 0 for part in missing):
        await _tell_stories(store, now, days, lang)
        await folding.catch_up()
    await store.write(partial(told.put, name=told.FILLING, value=""))


async def tell_desks(store: Store, key: OfficeKey, now: int, days: int, lang: str) -> None:
    """What the desk of each site did of all that is there now, and what its supervisor said of the rounds; once."""
    from sync.office import example_reviews

    first, folding = now - days * DAY_MS, Folding(store)
    for site in await store.read(table.sites):
        await example_desk.tell(store, key, site, first, now, lang)
        await folding.catch_up()
        fact = f"{REVIEWED}{site}"
        if not await store.read(partial(told.get, name=fact)):
            await example_reviews.tell(store, key, site, first, now, lang)
            await store.write(partial(told.put, name=fact, value="told"))
            await folding.catch_up()


async def _tell(store: Store, part: Part, now: int, lang: str) -> None:
    """Walk one part with a handheld of its own and bring its book; of one that is broken off nothing stays."""
    row = await store.read(lambda tx: table.newest_plan(tx, part.site))
    assert row is not None
    plan = decode_plan(row.raw)
    pages, labels, badges = await _pages(store, plan), await _labels(store, part.site), await _badges(store)
    today = await _today(store)
    walks = list(_due(plan, part, today, now))
    if not walks and part.told is None:
        return
    begun = millis(walks[0][0].opens) if walks else _morning(plan, today, part.first)
    if begun >= now:
        return
    with TemporaryDirectory(prefix="watchbook-demo-") as folder:
        clock = SteppedClock(begun - 10 * MINUTE_MS, end=now)
        with closing(Logbook.open(Path(folder), clock, HastyDisk())) as logbook:
            walker = Walker(logbook, clock, pages, labels, seed=len(part.name), lang=lang)
            if part.told is not None:
                hand = Hand(walker, pages, badges, Span(today, part.first, part.last, now))
                await _live(store, part.told, hand)
            with suppress(Over):
                for slot, beat, tricks in walks:
                    crew = beat.crew[:1] if tricks.alone else beat.crew
                    crew_badges = tuple(badges[person] for person in crew)
                    await walker.walk(slot, crew_badges, _filled(plan, tricks), beat.post)
                    if tricks.late_s > LATE_S:
                        _explain(logbook, beat.crew, lang)
            walker.watch.close()
            await introduce(store, logbook, part.site, part.called(lang), begun)
            await bring(store, logbook, part.site, min(now, clock.now().at))


async def _live(store: Store, told: Told, hand: Hand) -> None:
    """A story, as far as the example's hour lets it go."""
    if told.after:
        hand.take(await store.read(lambda tx: _matters(tx, told.site)))
    with suppress(Over):
        await told.story(hand)


def _matters(tx: Connection, site: str) -> list[Received]:
    """What is open, as it would have come down."""
    which = cases.Which(sorts=(cases.FINDING, cases.HAZARD, cases.ORDER), open=True)
    found = cases.listed(tx, [site], which, most=MOST)
    return [
        Received(relaying.KIND, row.case, place, body)
        for place, row in enumerate(found, 1)
        if (body := relaying.page_of(tx, site, row.case)) is not None
    ]


def _morning(plan: Plan, today: date, ago: int) -> int:
    """When a story begins, UTC ms: before the first shift of its first day."""
    return millis(datetime.combine(today - timedelta(days=ago), time(5, 50), ZoneInfo(plan.site.zone)))


async def _today(store: Store) -> date:
    return date.fromisoformat(await store.read(lambda tx: told.get(tx, TODAY)))


async def _labels(store: Store, site: str) -> dict[str, str]:
    return await store.read(lambda tx: credentials.labels(tx, site))


async def _badges(store: Store) -> dict[str, str]:
    """The newest badge of everybody, as it is printed."""
    rows = await store.read(lambda tx: table.tokens_of(tx, "", "person"))
    return {row.id: make(row.issue, row.token) for row in rows}


async def _pages(store: Store, plan: Plan) -> Pages:
    item = await store.changes.current(plan.site.id, "credentials", plan.site.id)
    assert item is not None
    assert item.body is not None
    return Pages(plan, await store.read(credentials.people_of), msgspec.json.decode(item.body, type=Credentials))


def _due(plan: Plan, part: Part, today: date, now: int) -> Iterator[tuple[Slot, Beat, Tricks]]:
    """What was walked on the part's days, in the order of opening; last what somebody is out for now."""
    first, last = today - timedelta(days=part.first), today - timedelta(days=part.last)
    found = [
        (slot, beat)
        for beat in part.beats
        for slot in slots(plan, plan.schedule(beat.schedule), first, last)
        if millis(slot.opens) <= now - OUT_MS
    ]
    found.sort(key=lambda each: millis(each[0].opens))
    out = next((each for each in reversed(found) if millis(each[0].closes) > now), None)
    for slot, beat in found:
        tricks = mishaps(plan, beat, slot, (today - slot.opens.date()).days)
        if tricks is not None and (slot, beat) != out:
            yield slot, beat, tricks
    if out is not None:
        slot, beat = out
        yield slot, beat, Tricks(late_s=(now - OUT_MS - millis(slot.opens)) / 1000)


# -- what is told besides -------------------------------------------------------------------------


def _explain(logbook: Logbook, crew: Sequence[str], lang: str) -> None:
    """The crew says why it was late, where it was marked so."""
    marked = [
        entry.record
        for entry in logbook.entries(max(1, logbook.head.seq - 200))
        if entry.record.kind == "stop.arrived" and "late" in entry.record.body["marks"]
    ]
    if marked:
        words = "a resident's repair came first" if lang == "en" else "先去处理住户报修"
        body = {"record": f"{logbook.book_id}:{marked[0].seq}", "mark": "late", "words": words}
        logbook.append(Draft("mark.explained", body, tuple(crew[:1])))


async def _tell_stories(store: Store, now: int, days: int, lang: str) -> None:
    """A point excused, a round from paper after a handheld died, somebody caught in a lift: told by the desk."""
    row = await store.read(lambda tx: table.newest_plan(tx, SITE))
    assert row is not None
    plan, today = decode_plan(row.raw), await _today(store)

    def on(ago: int, clock: str) -> int:
        moment = datetime.combine(today - timedelta(days=ago), time.fromisoformat(clock), ZoneInfo(plan.site.zone))
        return millis(moment)

    stories = [
        (9, on(9, "15:20"), _call("b3-u1", "wang-lei")),
        (6, on(6, "17:00"), _excuse(on(6, "18:00"), on(5, "18:00"), lang)),
    ]
    stories.append((5, on(5, "08:30"), _from_paper(plan, row.sha256, today - timedelta(days=5), lang)))
    due = [(at, draft) for ago, at, draft in stories if RECENT < ago <= days and at < now]
    due.append((now - CALLED_MS, _call("b5-u1", "liu-yang")))
    with TemporaryDirectory(prefix="watchbook-demo-") as folder:
        clock = SteppedClock(due[0][0])
        with closing(Logbook.open(Path(folder), clock, HastyDisk())) as logbook:
            for at, draft in due:
                clock.wait_until(at)
                logbook.append(draft)
            await introduce(store, logbook, SITE, called("客服前台", lang), due[0][0])
            await bring(store, logbook, SITE, min(now, clock.now().at))
            raised = [entry.record for entry in logbook.entries() if entry.record.kind == "alarm.raised"]
            for record in raised:
                await _answer_alarm(store, f"{logbook.book_id}:{record.seq}", record.at, now)


def _call(point: str, person: str) -> Draft:
    return Draft("alarm.raised", {"round": None, "point": point}, (person,))


def _excuse(first: int, last: int, lang: str) -> Draft:
    words = "equipment renewed, area closed" if lang == "en" else "器材更换,区域封闭"
    body = {"point": "fitness", "from": first, "to": last, "reason": "construction", "words": words}
    return Draft("point.excused", body, ("wang-qiang",))


def _from_paper(plan: Plan, sha256: str, day: date, lang: str) -> Draft:
    (slot,) = slots(plan, plan.schedule("night-4"), day, day)
    stops = plan.route(slot.route).stops
    entered = (
        StopEntered(stop.id, millis(slot.opens) + (10 + 4 * place) * MINUTE_MS) for place, stop in enumerate(stops)
    )
    body = RoundLateEntry(
        round=f"{slot.round}#desk-1",
        slot=slot.round,
        schedule=slot.schedule,
        route=slot.route,
        plan=PlanNamed(plan.revision, sha256),
        crew=(),
        stops=tuple(entered),
        paper="night patrol, paper, page 37" if lang == "en" else "夜巡纸质记录第37页",
    )
    crew = [{"person": person, "method": "paper"} for person in ("chen-gang", "zhao-peng")]
    return Draft("round.late-entry", {**to_dict(body), "crew": crew}, ("zhou-jie",))


async def _answer_alarm(store: Store, alarm: str, at: int, now: int) -> None:
    """Taken after a minute, closed when everybody is out, unless that is still to come."""
    await Folding(store).catch_up()
    for minutes, state, outcome in ((1, "taken", ""), (18, "closed", "real")):
        if (moment := at + minutes * MINUTE_MS) < now:
            to = alarms.Move(state, outcome, SUPERVISOR, Text("王强", "Wang Qiang"), moment)
            await store.write(partial(alarms.move, site=SITE, alarm=alarm, to=to))


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
    """Give the office what it does not have of a book, through the door that every batch comes in by: day by day, as
    it would have come."""
    held = await store.records.held(site, logbook.book)
    while some := list(logbook.entries(held.seq + 1, MAX_EVENTS)):
        day = some[0].record.at // DAY_MS
        links = [records.link(each.record.seq, each.raw, each.hash) for each in some if each.record.at // DAY_MS <= day]
        key, sig = (bytes.fromhex(text) for text in logbook.head_signature(links[-1].seq, links[-1].hash))
        batch = records.Batch(logbook.book, held.seq + 1, held.hash, tuple(links), key, sig, 0)
        await store.records.take(site, batch, min(now, max(some[len(links) - 1].record.at, 0)))
        held = await store.records.held(site, logbook.book)
