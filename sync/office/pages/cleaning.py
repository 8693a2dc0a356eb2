"""Cleaning and greening of one day, place by place (D20-D24): what was due there, when it was done, by whom, what was
wrong, and the last score of the place.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.outcome import is_excused
from app.duties.site import BY_PLACE, Plan
from app.words import say
from sync.office.day import Facts as Day
from sync.office.day import read_day
from sync.office.details import StopDetail
from sync.office.dues import Due, planned_and_done
from sync.office.pages.house import House
from sync.office.pages.listing import Column, Filter, Link, Listing, Row, Rows, Wish, arranged, choice, pick
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places, round_url
from sync.office.round_words import window_words
from sync.office.store import readings
from sync.office.store.readings import SCORE, ReadingRow
from sync.office.store.rounds import StopRow, stops_of_several
from sync.office.verdicts import Verdict

SCORES: Final = 200
"""Newest score sheets in which a place's last one is looked for."""
STATES: Final = {
    "not_done": "daybooks.not_done",
    "late": "daybooks.done_late",
    "exception": "daybooks.exceptions",
    "done": "daybooks.done",
}
CLEANING: Final = Listing(
    "cleaning",
    "/cleaning",
    "daybooks.cleaning",
    (
        Column("place", "daybooks.place", sorts=True),
        Column("area", "daybooks.area", sorts=True),
        Column("work", "daybooks.work", sorts=True),
        Column("window", "daybooks.window", sorts=True),
        Column("done", "daybooks.done_at", sorts=True),
        Column("state", "daybooks.state", sorts=True),
        Column("by", "daybooks.by"),
        Column("exception", "daybooks.exception"),
        Column("score", "daybooks.score"),
    ),
    (Filter("day", "daybooks.day", "date"), pick("area", "daybooks.area"), choice("state", "daybooks.state", STATES)),
    sort="window",
    oldest=True,
    act="cleaning-seen",
)


class Done(Struct, frozen=True):
    """What was done of one work at one place."""

    row: StopRow
    detail: StopDetail
    by: tuple[str, ...]
    round: str


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a day's cleaning needs it."""

    day: Day
    dues: list[Due]
    stops: dict[str, list[StopRow]]
    scores: Mapping[str, ReadingRow]
    now: int


def read_cleaning(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """None while there is no site."""
    facts = read_day(tx, wish.site, wish.get("day"), now, wish.within)
    if facts is None:
        return None
    dues = [due for due in planned_and_done(facts) if _is_cleaning(facts.plan, due)]
    names = [walked.row.round for due in dues for walked in due.rounds]
    others = [name for name in names if name not in facts.tended]
    stops = facts.tended | (stops_of_several(tx, facts.site, others) if others else {})
    scores = readings.listed(tx, facts.site, sorts=(SCORE,), most=SCORES)
    last = {row.point: row for row in reversed(scores)}
    return Facts(facts, dues, stops, last, now)


def _is_cleaning(plan: Plan, due: Due) -> bool:
    route = plan.find_route(due.slot.route if due.slot else due.rounds[0].detail.route)
    return route is not None and route.kind in BY_PLACE


def show_cleaning(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan = facts.day.plan
    places = Places(lang, plan, facts.day.people)
    areas = {area.id: area.name.say(lang) for area in plan.areas}
    every = [row for due in facts.dues for row in _of_due(facts, due, places, areas, wish)]
    return Rows(
        rows=arranged(every, CLEANING, wish),
        count=len(every),
        plans=facts.day.sites,
        site=facts.day.site,
        options={"area": list(areas.items())},
        usual={"day": facts.day.day.isoformat()},
    )


def _of_due(facts: Facts, due: Due, places: Places, areas: Mapping[str, str], wish: Wish) -> Iterator[Row]:
    """A row for each place of a window that was due; what no plan asked for is the rounds' page's business."""
    if due.slot is None:
        return
    plan, route = facts.day.plan, facts.day.plan.route(due.slot.route)
    done = _done(facts, due)
    for stop in route.stops:
        area = plan.point(stop.point).area
        each = done.get(stop.id)
        name, verdict = _state(facts, due, stop.point, each, places.lang)
        wrong = _wrong(each, places)
        fits = wish.get("state") in ("", name) or (wish.get("state") == "exception" and bool(wrong))
        if not fits or wish.get("area") not in ("", area):
            continue
        score = facts.scores.get(stop.point)
        cells = (
            places.point(stop.point),
            areas.get(area, area),
            _work(due, each, places),
            window_words(due.slot.opens, due.slot.closes),
            places.local(each.row.at) if each and each.row.at is not None else None,
            verdict,
            places.persons(each.by) if each else "",
            wrong,
            Link(score.shown, round_url(score.site, score.round)) if score else None,
        )
        yield Row(cells, colour="red" if verdict.colour == "red" else "")


def _work(due: Due, each: Done | None, places: Places) -> Link:
    assert due.slot is not None
    name = places.schedule(due.slot.schedule, due.slot.route)
    return Link(name, round_url(each.row.site, each.round) if each else "")


def _done(facts: Facts, due: Due) -> dict[str, Done]:
    """By stop: who was there first, of all that shared the window; else who left it out, and why."""
    found: dict[str, Done] = {}
    for walked in due.rounds:
        crew = tuple(member.person for member in walked.detail.crew)
        for row in facts.stops.get(walked.row.round, ()):
            one = Done(row, msgspec.json.decode(row.detail, type=StopDetail), crew, walked.row.round)
            before = found.get(row.stop)
            if before is None or (before.row.at is None and row.at is not None):
                found[row.stop] = one
    return found


def _state(facts: Facts, due: Due, point: str, each: Done | None, lang: str) -> tuple[str, Verdict]:
    """What it is called for a filter, and for a person."""
    if each is not None and each.row.at is not None:
        late = each.row.at >= due.closes
        return ("late", _verdict("amber", "done_late", lang)) if late else ("done", _verdict("ok", "done", lang))
    if is_excused(point, due.opens, due.closes, facts.day.valid):
        return "excused", _verdict("dim", "excused", lang)
    if each is not None and each.detail.skips:
        return "not_done", _verdict("amber", "with_reason", lang)
    if facts.now < due.closes:
        return "coming", _verdict("dim", "coming", lang)
    return "not_done", _verdict("red", "not_done", lang)


def _verdict(colour: str, word: str, lang: str) -> Verdict:
    return Verdict(colour, say(lang, f"daybooks.{word}"))


def _wrong(each: Done | None, places: Places) -> tuple[str, ...]:
    """What was not OK there by the last answers, or why it was left out."""
    if each is None:
        return ()
    last = {answer.check: answer for answer in each.detail.answers}
    bad = [answer.words for answer in last.values() if answer.bad]
    return (*bad, *(places.reason(skip.reason, skip.words) for skip in each.detail.skips))


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/cleaning")
    async def listed(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, CLEANING, lambda tx, wish: read_cleaning(tx, wish, now), show_cleaning)

    return [listed]
