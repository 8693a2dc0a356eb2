"""One day of one site: what was due beside what was walked (planned x done)."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import local_time, millis
from app.duties.outcome import Excuse, Outcome, Tally, colour_of, judge_unwalked
from app.duties.schedule import Slot, clock_text
from app.duties.site import Person, Plan, decode_plan
from app.words import say
from sync.office.credentials import everybody
from sync.office.details import RoundDetail, marks_of, outcome_of
from sync.office.dues import Due, Walked, by_place, count, planned_and_done
from sync.office.pages.books import BookSeen, books_seen
from sync.office.pages.excuses import Excused, ExcuseSeen, read_excuses, show_excuse, valid
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.marks import mark_word
from sync.office.pages.places import Places
from sync.office.pages.view import Asked, Verdict, lang_of, url
from sync.office.sites import Profile, profiles
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store.retention import purged_slots
from sync.office.store.rounds import BookRow, RoundRow, StopRow

SHOWS: Final = ("all", "missed", "marked", "findings")
KINDS: Final = ("all", "patrol", "cleaning", "inspection", "greening", "safety", "drill")
DAY_MS: Final = 24 * 3600 * 1000
LONGEST_DAYS: Final = 32
"""A window that opens on a day is over so many days later."""


class Wish(Struct, frozen=True):
    """What the visitor asked for; anything unknown means the usual."""

    site: str = ""
    day: str = ""
    show: str = "all"
    kind: str = "all"


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a day needs it."""

    sites: dict[str, Profile]
    """Every site that can be chosen."""
    site: str
    day: date
    plan: Plan
    """Valid that day."""
    since: int
    """When the site's first plan was imported, UTC ms."""
    rows: list[RoundRow]
    books: list[BookRow]
    excuses: list[Excused]
    """For any time of the day's windows, those that do not count too."""
    excused_stops: dict[str, list[StopRow]]
    """By round: its stops at points that an excuse is about."""
    tended: dict[str, list[StopRow]]
    """By round done by place: its stops. Several handhelds may share one window."""
    people: dict[str, Person]
    purged: frozenset[str]
    """Windows whose rounds are not kept any more."""
    plans: tuple[Plan, ...] = ()
    """Valid at some time of that day, oldest first."""

    @property
    def valid(self) -> list[Excuse]:
        """The excuses that count."""
        return valid(self.excuses)

    @property
    def heard(self) -> list[int]:
        return [book.heard for book in self.books]


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
    points_excused: int
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
    month_url: str
    totals: Totals
    rows: list[RowSeen]
    excuses: list[ExcuseSeen]
    books: list[BookSeen]
    purged: str
    """A sentence; empty when the whole day is kept."""


def read_day(tx: Connection, wish: Wish, now: int, within: Sequence[str] = ()) -> Facts | None:
    """What is known of the day; None while no site has a plan, of those in `within` when there are any."""
    sites = profiles(tx, tuple(within))
    if not sites:
        return None
    site = wish.site if wish.site in sites else next(iter(sites))
    day = _day(wish.day) or local_time(now, ZoneInfo(sites[site].site.zone)).date()
    return read_days(tx, sites, site, (day,))[0]


def read_days(tx: Connection, sites: dict[str, Profile], site: str, those: Sequence[date]) -> list[Facts]:
    """These days of a site that has a plan; what they have in common is read once."""
    since = plan_table.planned_since(tx, site) or 0
    books, people = table.books_of(tx, site), everybody(tx)
    return [_read(tx, sites, site, day, since, books, people) for day in those]


def _read(
    tx: Connection,
    sites: dict[str, Profile],
    site: str,
    day: date,
    since: int,
    books: list[BookRow],
    people: dict[str, Person],
) -> Facts:
    row = plan_table.plan_on(tx, site, day.isoformat())
    plan = decode_plan(row.raw) if row else plan_table.site_plan(tx, site)
    assert plan is not None
    begins = millis(datetime.combine(day, time.min, ZoneInfo(plan.site.zone)))
    excuses = read_excuses(tx, site, begins, begins + LONGEST_DAYS * DAY_MS)
    points = {excuse.point for excuse in valid(excuses)}
    rows = table.rounds_on(tx, site, day.isoformat())
    return Facts(
        sites=sites,
        site=site,
        day=day,
        plan=plan,
        since=since,
        rows=rows,
        books=books,
        excuses=excuses,
        excused_stops=table.stops_at(tx, site, day.isoformat(), points) if points else {},
        tended=table.stops_of_several(tx, site, [row.round for row in rows if by_place(plan, row.slot)]),
        people=people,
        purged=purged_slots(tx, site, day.isoformat()),
        plans=tuple(plan_table.plans_between(tx, site, day.isoformat(), day.isoformat())),
    )


def plan_of(tx: Connection, site: str) -> Plan | None:
    """The newest plan of that site, or of the first one when there is none of that name; None while there is none."""
    named = plan_table.sites(tx)
    return plan_table.site_plan(tx, site if site in named else named[0]) if named else None


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
        sites=[Choice(id, plan.site.name.say(lang) or id, id == facts.site) for id, plan in facts.sites.items()],
        shows=[Choice(each, places.w(f"show_{each}"), each == show) for each in SHOWS],
        kinds=[Choice(each, places.w(f"kind_{each}"), each == kind) for each in KINDS],
        before_url=link(-1),
        after_url=link(1),
        month_url=url("/rounds/month", site=facts.site, month=day[:7], kind=kind.replace("all", "")),
        totals=_totals(dues, facts.heard, now),
        rows=[row for _, row in pairs if _wanted(row, show)],
        excuses=[show_excuse(each, places) for each in facts.excuses if _is_of_day(each.excuse, dues)],
        books=books_seen(facts.books, places),
        purged=say(lang, "retention.day_purged", n=len(facts.purged)) if facts.purged else "",
    )


def _kind(plan: Plan, due: Due) -> str:
    route = plan.find_route(due.slot.route if due.slot else due.rounds[0].detail.route)
    return route.kind if route else ""


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
        return [unwalked_line(due, due.slot, facts.heard, places, now)]
    return [walked_line(each, due, number, facts.day, places, now) for number, each in enumerate(due.rounds, 1)]


def walked_line(walked: Walked, due: Due, number: int, day: date, places: Places, now: int) -> RowSeen:
    row, detail, tally, judged = walked.row, walked.detail, walked.tally, due.judged(walked, now)
    marks = [mark_word(mark, places.lang) for mark in marks_of(detail)]
    not_ok = [places.w("answers_not_ok", n=detail.not_ok)] if detail.not_ok else []
    notes = [] if due.slot else [places.w("not_planned")]
    notes += [places.w("entered_by", people=places.persons(detail.late_entry.by))] if detail.late_entry else []
    notes += [places.w("excused_points", n=tally.excused)] if tally.excused else []
    notes += [places.w("together", done=judged.done, planned=judged.planned)] if judged is not tally else []
    return RowSeen(
        window=window_of(detail, places),
        name=places.schedule(detail.schedule, detail.route),
        verdict=verdict_of(detail, judged, places, now),
        note=" ".join(notes),
        points=f"{tally.done}/{tally.planned}",
        crew=places.persons(tuple(member.person for member in detail.crew)),
        walked=span_of(detail, places, day),
        marks=[*marks, *not_ok],
        findings=str(detail.findings) if detail.findings else "",
        href=places.round_url(row.site, row.round),
        attempt=places.w("attempt", n=number) if len(due.rounds) > 1 else "",
    )


def unwalked_line(due: Due, slot: Slot, heard: Sequence[int], places: Places, now: int) -> RowSeen:
    outcome = judge_unwalked(due.opens, due.closes, due.tally.planned, heard, now)
    notes = [places.w("no_record_note")] if outcome is Outcome.NO_RECORD else []
    notes += [places.w("excused_points", n=due.tally.excused)] if due.tally.excused else []
    return RowSeen(
        window=window_words(slot.opens, slot.closes),
        name=places.schedule(slot.schedule, slot.route),
        verdict=Verdict(colour_of(outcome), places.w(outcome.value)),
        note=" ".join(notes),
        points=f"0/{due.tally.planned}",
        crew="",
        walked="",
        marks=[],
        findings="",
        href=_from_paper(slot, places) if outcome in (Outcome.MISSED, Outcome.NO_RECORD) else "",
        attempt="",
    )


def _from_paper(slot: Slot, places: Places) -> str:
    """Where such a round is entered when a sheet turns up (D9)."""
    site = places.plan.site.id if places.plan else ""
    return url("/afterwards", site=site, schedule=slot.schedule, day=slot.opens.date().isoformat())


def verdict_of(detail: RoundDetail, tally: Tally, places: Places, now: int) -> Verdict:
    """The word and colour of a round that was begun."""
    outcome = outcome_of(detail, tally, now)
    fields = {"n": tally.missed} if outcome is Outcome.MISSED_POINTS else {}
    return Verdict(colour_of(outcome, marks_of(detail)), places.w(outcome.value, **fields))


def _is_of_day(excuse: Excuse, dues: Sequence[Due]) -> bool:
    """Whether the excuse is for a time at which something was due that day."""
    return any(excuse.first < due.closes and due.opens < excuse.last for due in dues)


def window_of(detail: RoundDetail, places: Places) -> str:
    return window_words(detail.opens.astimezone(places.zone), detail.closes.astimezone(places.zone))


def window_words(opens: datetime, closes: datetime) -> str:
    """22:00-24:00; the day of its end too when it lasts longer than a day."""
    long = closes.timestamp() - opens.timestamp() > 24 * 3600
    return f"{opens:%H:%M}-" + (f"{closes:%m-%d} " if long else "") + clock_text(closes, opens)


def span_of(detail: RoundDetail, places: Places, day: date | None) -> str:
    end = places.minute(detail.finished, day) if detail.finished is not None else places.w("open_end")
    return f"{places.minute(detail.started, day)} - {end}"


# -- the day in numbers --------------------------------------------------------------------------


def _totals(dues: Sequence[Due], heard: Sequence[int], now: int) -> Totals:
    """Windows that are over, or whose round is finished."""
    counted = [each for due in dues if (each := count(due, heard, now)) is not None]
    points = sum(each.planned for each in counted)
    missed = sum(each.missed for each in counted)
    asked = [each for each in counted if each.planned]
    return Totals(
        rounds=len(asked),
        done=sum(each.done > 0 for each in asked),
        missed=sum(each.done == 0 for each in asked),
        points=points,
        points_done=sum(each.done for each in counted),
        points_missed=missed,
        points_excused=sum(each.excused for each in counted),
        missed_rate=_percent(missed, points),
        on_time_rate=_percent(sum(each.in_window for each in counted), points),
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


# -- its address ---------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/rounds")
    async def rounds(request: Asked) -> Response[bytes]:
        query, now = request.query_params, house.clock_ms()
        wish = Wish(site_of(request), *(query.get(name, "") for name in Wish.__struct_fields__[1:]))
        facts = await house.read(lambda tx: read_day(tx, wish, now, sites_of(request)))
        if facts is None:
            return await house.frame.plain(request, "rounds", "no_site", 200)
        return await house.frame.page(request, "rounds.html", show_day(facts, wish, lang_of(request), now))

    return [rounds]
