"""One day of one site: what was due beside what was walked (planned x done)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.outcome import Excuse, Outcome, colour_of, judge_unwalked
from app.duties.schedule import Slot
from app.duties.site import Plan
from app.words import say
from sync.office.day import Facts, read_day
from sync.office.details import marks_of
from sync.office.dues import Due, Walked, count, planned_and_done
from sync.office.marks import mark_word
from sync.office.pages.books import BookSeen, books_seen
from sync.office.pages.excuses import ExcuseSeen, show_excuse
from sync.office.pages.house import House
from sync.office.pages.listing import Column, Filter, Link, Listing, Row, Rows, Wish, arranged, choice
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places, round_url, url
from sync.office.round_words import span_of, verdict_of, window_of, window_words
from sync.office.verdicts import Verdict

KINDS: Final = ("all", "patrol", "cleaning", "inspection", "greening", "safety", "drill")


ROUNDS: Final = Listing(
    "rounds",
    "/rounds",
    "office.rounds",
    (
        Column("window", "office.window", sorts=True),
        Column("route", "office.route", sorts=True),
        Column("verdict", "office.verdict", sorts=True),
        Column("points", "office.points"),
        Column("crew", "office.crew", sorts=True),
        Column("walked", "office.walked", sorts=True),
        Column("marks", "office.marks"),
        Column("findings", "office.findings", sorts=True),
    ),
    (
        Filter("day", "office.day", "date"),
        choice("show", "office.show", {each: f"office.show_{each}" for each in ("missed", "marked", "findings")}),
        choice("kind", "office.kind", {each: f"office.kind_{each}" for each in KINDS[1:]}),
    ),
    sort="planned",
    oldest=True,
    template="rounds.html",
    shown=200,
)
"""As they were planned, unless a column is asked for; a whole day on one page."""


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
    day: str
    before_url: str
    after_url: str
    month_url: str
    totals: Totals
    excuses: list[ExcuseSeen]
    books: list[BookSeen]
    purged: str
    """A sentence; empty when the whole day is kept."""


# -- planned x done ------------------------------------------------------------------------------


def show_rounds(facts: Facts, lang: str, wish: Wish, now: int) -> Rows:
    """The day as the page shows it."""
    places, kind = Places(lang, facts.plan, facts.people), wish.get("kind")
    dues = [due for due in planned_and_done(facts) if kind in ("", _kind(facts.plan, due))]
    rows = [row for due in dues for row in _rows(due, facts, places, now) if _wanted(row, wish.get("show"))]
    return Rows(
        rows=arranged((_listed(row) for row in rows), ROUNDS, wish),
        count=len(rows),
        plans=facts.sites,
        site=facts.site,
        usual={"day": facts.day.isoformat()},
        more=_around(facts, dues, places, wish, now),
    )


def _listed(row: RowSeen) -> Row:
    cells = (
        row.window,
        Link(row.name, row.href, row.attempt),
        Verdict(row.verdict.colour, f"{row.verdict.word} {row.note}".strip()),
        row.points,
        row.crew,
        row.walked,
        tuple(row.marks),
        int(row.findings) if row.findings else None,
    )
    return Row(cells, colour=row.verdict.colour, seen=row)


def _around(facts: Facts, dues: Sequence[Due], places: Places, wish: Wish, now: int) -> DaySeen:
    """What stands above and below the day's list."""
    day, show, kind = facts.day.isoformat(), wish.get("show"), wish.get("kind")

    def link(days: int) -> str:
        other = (facts.day + timedelta(days=days)).isoformat()
        return url("/rounds", site=facts.site, day=other, show=show, kind=kind)

    return DaySeen(
        day=day,
        before_url=link(-1),
        after_url=link(1),
        month_url=url("/rounds/month", site=facts.site, month=day[:7], kind=kind),
        totals=_totals(dues, facts.heard, now),
        excuses=[show_excuse(each, places) for each in facts.excuses if _is_of_day(each.excuse, dues)],
        books=books_seen(facts.books, places),
        purged=say(places.lang, "retention.day_purged", n=len(facts.purged)) if facts.purged else "",
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
        href=round_url(row.site, row.round),
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


def _is_of_day(excuse: Excuse, dues: Sequence[Due]) -> bool:
    """Whether the excuse is for a time at which something was due that day."""
    return any(excuse.first < due.closes and due.opens < excuse.last for due in dues)


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
        now = house.clock_ms()

        def read(tx: Connection, wish: Wish) -> Facts | None:
            return read_day(tx, wish.site, wish.get("day"), now, wish.within)

        def show(facts: Facts, lang: str, wish: Wish) -> Rows:
            return show_rounds(facts, lang, wish, now)

        return await answer(house, request, ROUNDS, read, show)

    return [rounds]
