"""One day of one site: what was due beside what was walked (planned x done)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import millis
from app.duties.evidence import Mark
from app.duties.schedule import RuleRefused, Slot, clock_text, slots
from app.duties.site import Person, Plan, decode_plan
from sync.office.credentials import people_of
from sync.office.pages.books import Alarms, AlarmSeen, BookSeen, alarms_seen, books_seen, read_alarms
from sync.office.pages.marks import SEVERE, mark_word
from sync.office.pages.places import Places
from sync.office.pages.view import Verdict, url
from sync.office.reading import RoundDetail
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store.rounds import BookRow, RoundRow

SHOWS: Final = ("all", "missed", "marked", "findings")
KINDS: Final = ("all", "patrol", "cleaning", "inspection", "greening", "safety", "drill")
HOUR_MS: Final = 3600 * 1000
RECENT_MS: Final = 48 * HOUR_MS
"""A handheld that sent something this long before a window ended was in use."""
PATIENCE_MS: Final = 72 * HOUR_MS
"""So long a window without a record may still be waiting for a handheld that is offline."""


class Wish(Struct, frozen=True):
    """What the visitor asked for; anything unknown means the usual."""

    site: str = ""
    day: str = ""
    show: str = "all"
    kind: str = "all"


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a day needs it."""

    sites: list[tuple[str, Plan]]
    """Every site with its newest plan."""
    site: str
    day: date
    plan: Plan
    """Valid that day."""
    since: int
    """When the site's first plan was imported, UTC ms."""
    rows: list[RoundRow]
    books: list[BookRow]
    alarms: Alarms
    people: dict[str, Person]


class Choice(Struct, frozen=True):
    id: str
    word: str
    chosen: bool


class RowSeen(Struct, frozen=True):
    """A line of the list: one doing of a route, or a window nobody walked."""

    window: str
    name: str
    verdict: Verdict
    note: str
    points: str
    crew: str
    walked: str
    marks: list[str]
    findings: str
    href: str
    attempt: str


class Totals(Struct, frozen=True):
    rounds: int
    done: int
    missed: int
    points: int
    points_done: int
    points_missed: int
    missed_rate: str
    on_time_rate: str


class DaySeen(Struct, frozen=True):
    site: str
    site_name: str
    day: str
    sites: list[Choice]
    shows: list[Choice]
    kinds: list[Choice]
    before_url: str
    after_url: str
    totals: Totals
    rows: list[RowSeen]
    books: list[BookSeen]
    alarms: list[AlarmSeen]


class Due(Struct, frozen=True):
    """A window of the plan with the rounds that were walked in it; `slot` is None for one no plan asked for."""

    slot: Slot | None
    planned: int
    rounds: tuple[tuple[RoundRow, RoundDetail], ...] = ()


def read_day(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """What is known of the day; None while no site has a plan."""
    sites = [(site, plan) for site in plan_table.sites(tx) if (plan := _newest(tx, site))]
    if not sites:
        return None
    site = wish.site if any(wish.site == known for known, _ in sites) else sites[0][0]
    newest = dict(sites)[site]
    day = _day(wish.day) or Places("zh", newest, {}).local(now).date()
    row = plan_table.plan_on(tx, site, day.isoformat())
    return Facts(
        sites=sites,
        site=site,
        day=day,
        plan=decode_plan(row.raw) if row else newest,
        since=plan_table.planned_since(tx, site) or 0,
        rows=table.rounds_on(tx, site, day.isoformat()),
        books=table.books_of(tx, site),
        alarms=read_alarms(tx, site, now),
        people={person.id: person for person in people_of(tx, all_ever=True).people},
    )


def plan_of(tx: Connection, site: str) -> Plan | None:
    """The newest plan of that site, or of the first one when there is none of that name; None while there is none."""
    sites = plan_table.sites(tx)
    return _newest(tx, site if site in sites else sites[0]) if sites else None


def _newest(tx: Connection, site: str) -> Plan | None:
    row = plan_table.newest_plan(tx, site)
    return decode_plan(row.raw) if row else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


# -- planned x done ------------------------------------------------------------------------------


def show_day(facts: Facts, wish: Wish, lang: str, now: int) -> DaySeen:
    """The day as the page shows it."""
    places = Places(lang, facts.plan, facts.people)
    kind, show = wish.kind if wish.kind in KINDS else "all", wish.show if wish.show in SHOWS else "all"
    dues = [due for due in planned_and_done(facts) if kind in ("all", _kind(facts.plan, due))]
    pairs = [(due, row) for due in dues for row in _rows(due, facts, places, now)]
    day = facts.day.isoformat()

    def link(days: int) -> str:
        other = (facts.day + timedelta(days=days)).isoformat()
        return url("/rounds", site=facts.site, day=other, show=show.replace("all", ""), kind=kind.replace("all", ""))

    return DaySeen(
        site=facts.site,
        site_name=places.site(facts.site),
        day=day,
        sites=[Choice(site, plan.site.name.say(lang) or site, site == facts.site) for site, plan in facts.sites],
        shows=[Choice(each, places.w(f"show_{each}"), each == show) for each in SHOWS],
        kinds=[Choice(each, places.w(f"kind_{each}"), each == kind) for each in KINDS],
        before_url=link(-1),
        after_url=link(1),
        totals=_totals(dues, facts, now),
        rows=[row for _, row in pairs if _wanted(row, show)],
        books=books_seen(facts.books, places),
        alarms=alarms_seen(facts.alarms, facts.site, places, now),
    )


def planned_and_done(facts: Facts) -> list[Due]:
    """The windows of the day with what was walked in them, in order; then what no plan asked for.

    A window that had closed before the site's first plan was imported was asked of nobody: it is there only
    if a round was walked in it.
    """
    walked: dict[str, list[tuple[RoundRow, RoundDetail]]] = {}
    for row in facts.rows:
        walked.setdefault(row.slot, []).append((row, msgspec.json.decode(row.detail, type=RoundDetail)))
    found = []
    for slot in _slots(facts.plan, facts.day):
        done = tuple(walked.pop(slot.round, ()))
        if done or millis(slot.closes) > facts.since:
            found.append(Due(slot, len(facts.plan.route(slot.route).stops), done))
    found += [Due(None, each[0][1].planned, tuple(each)) for each in walked.values()]
    return sorted(found, key=lambda due: (_opens(due), due.rounds[0][0].slot if due.slot is None else due.slot.round))


def _slots(plan: Plan, day: date) -> list[Slot]:
    found: list[Slot] = []
    for schedule in plan.schedules:
        try:
            found += slots(plan, schedule, day, day)
        except RuleRefused:  # an older program took this plan: its other windows still count
            continue
    return found


def _opens(due: Due) -> int:
    return millis(due.slot.opens) if due.slot else due.rounds[0][0].opens


def _kind(plan: Plan, due: Due) -> str:
    name = due.slot.route if due.slot else due.rounds[0][1].route
    return next((route.kind for route in plan.routes if route.id == name), "")


def _wanted(row: RowSeen, show: str) -> bool:
    match show:
        case "missed":
            return row.verdict.colour == "red"
        case "marked":
            return bool(row.marks)
        case "findings":
            return bool(row.findings)
    return True


# -- a line --------------------------------------------------------------------------------------


def _rows(due: Due, facts: Facts, places: Places, now: int) -> list[RowSeen]:
    if not due.rounds:
        assert due.slot is not None
        return [_unwalked(due.slot, due.planned, facts, places, now)]
    return [_walked(row, detail, due, number, facts, places, now) for number, (row, detail) in enumerate(due.rounds, 1)]


def _walked(
    row: RoundRow, detail: RoundDetail, due: Due, number: int, facts: Facts, places: Places, now: int
) -> RowSeen:
    marks = [mark_word(mark, places.lang) for mark in _marks(detail)]
    not_ok = [places.w("answers_not_ok", n=detail.not_ok)] if detail.not_ok else []
    several = places.w("attempt", n=number) if len(due.rounds) > 1 else ""
    return RowSeen(
        window=window_of(detail, places),
        name=places.schedule(detail.schedule, detail.route),
        verdict=verdict_of(detail, places, now),
        note="" if due.slot else places.w("not_planned"),
        points=f"{detail.done}/{detail.planned}",
        crew=places.persons(tuple(member.person for member in detail.crew)),
        walked=span_of(detail, places, facts.day),
        marks=[*marks, *not_ok],
        findings=str(detail.findings) if detail.findings else "",
        href=places.round_url(row.site, row.round),
        attempt=several,
    )


def _unwalked(slot: Slot, planned: int, facts: Facts, places: Places, now: int) -> RowSeen:
    verdict, note = _standing(slot, facts.books, places, now)
    return RowSeen(
        window=window_words(slot.opens, slot.closes),
        name=places.schedule(slot.schedule, slot.route),
        verdict=verdict,
        note=note,
        points=f"0/{planned}",
        crew="",
        walked="",
        marks=[],
        findings="",
        href="",
        attempt="",
    )


def _standing(slot: Slot, books: Sequence[BookRow], places: Places, now: int) -> tuple[Verdict, str]:
    """A window with no record: to come, open, missed, or not known because a handheld has not sent yet."""
    if now < millis(slot.opens):
        return Verdict("dim", places.w("coming")), ""
    if now < millis(slot.closes):
        return Verdict("dim", places.w("open_now")), ""
    if _may_be_under_way(millis(slot.closes), books, now):
        return Verdict("amber", places.w("no_record")), places.w("no_record_note")
    return Verdict("red", places.w("missed")), ""


def _may_be_under_way(closes: int, books: Sequence[BookRow], now: int) -> bool:
    """Whether a handheld that was in use has sent nothing since the window ended."""
    silent = any(closes - RECENT_MS <= book.heard < closes for book in books)
    return silent and now < closes + PATIENCE_MS


def verdict_of(detail: RoundDetail, places: Places, now: int) -> Verdict:
    """The word and colour of a round that was begun: the worst that can be said of it."""
    closes = millis(_aware(detail.closes))
    if detail.finished is None:
        return Verdict("dim", places.w("running")) if now < closes else Verdict("amber", places.w("unfinished"))
    if detail.timing == "missed":
        return Verdict("red", places.w("missed"))
    if detail.missed:
        return Verdict("red", places.w("missed_points", n=detail.missed))
    marks = set(_marks(detail))
    colour = "red" if marks & SEVERE else "amber"
    if detail.timing != "on-time":
        return Verdict(colour, places.w(detail.timing))
    if detail.not_ok or marks & {*SEVERE, Mark.OUT_OF_LIMITS}:
        return Verdict(colour, places.w("abnormal"))
    return Verdict(colour, places.w("marked")) if marks else Verdict("ok", places.w("all_well"))


def _marks(detail: RoundDetail) -> list[str]:
    """All marks of the round and of its stops, the crew's and the office's, each once."""
    return list(dict.fromkeys([*detail.marks, *detail.office_marks, *detail.stop_marks]))


def window_of(detail: RoundDetail, places: Places) -> str:
    opens, closes = (_aware(text).astimezone(places.zone) for text in (detail.opens, detail.closes))
    return window_words(opens, closes)


def window_words(opens: datetime, closes: datetime) -> str:
    """22:00-24:00; the day of its end too when it lasts longer than a day."""
    long = closes.timestamp() - opens.timestamp() > 24 * 3600
    return f"{opens:%H:%M}-" + (f"{closes:%m-%d} " if long else "") + clock_text(closes, opens)


def span_of(detail: RoundDetail, places: Places, day: date | None) -> str:
    end = places.minute(detail.finished, day) if detail.finished is not None else places.w("open_end")
    return f"{places.minute(detail.started, day)} - {end}"


def _aware(text: str) -> datetime:
    return datetime.fromisoformat(text)


# -- the day in numbers --------------------------------------------------------------------------


class _Counted(Struct, frozen=True):
    planned: int
    done: int
    missed: int
    in_window: int


def _totals(dues: Sequence[Due], facts: Facts, now: int) -> Totals:
    """Windows that are over, or whose round is finished; of several attempts the one that reached most."""
    counted = [each for due in dues if (each := _count(due, facts.books, now)) is not None]
    points = sum(each.planned for each in counted)
    missed = sum(each.missed for each in counted)
    return Totals(
        rounds=len(counted),
        done=sum(each.done > 0 for each in counted),
        missed=sum(each.done == 0 for each in counted),
        points=points,
        points_done=sum(each.done for each in counted),
        points_missed=missed,
        missed_rate=_percent(missed, points),
        on_time_rate=_percent(sum(each.in_window for each in counted), points),
    )


def _count(due: Due, books: Sequence[BookRow], now: int) -> _Counted | None:
    best = max((detail for _, detail in due.rounds), key=lambda detail: detail.done, default=None)
    closes = millis(due.slot.closes) if due.slot else millis(_aware(due.rounds[0][1].closes))
    if best is None:
        over = now >= closes and not _may_be_under_way(closes, books, now)
        return _Counted(due.planned, 0, due.planned, 0) if over else None
    if best.finished is None and now < closes:
        return None
    return _Counted(best.planned, best.done, best.planned - best.done - best.skipped, best.in_window)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"
