"""免巡 补录 说明 at a desk (D9): points excused, rounds entered from paper, marks explained by whoever is signed in.

Each becomes a record of the office's own book (sync.office.desk), by the account's person, and counts like one from a
handheld: an excuse only by somebody whom the site lets excuse.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import life, rounds
from app.duties.days import local_time, millis
from app.duties.evidence import INFORMATION
from app.duties.life import ENTERERS, EXCUSERS, EXPLANATIONS
from app.duties.rounds import Confirmation
from app.duties.schedule import RuleRefused, Slot, slot_named, slots
from app.duties.site import Person, Plan, Text
from app.errors import NotAllowed
from app.kinds.afterwards import MarkExplained, PointExcused, RoundLateEntry, StopEntered
from app.kinds.base import Body
from app.kinds.rounds import PlanNamed
from app.text import clean
from app.words import say
from sync.office.credentials import everybody
from sync.office.details import Ref, RoundDetail, StopDetail
from sync.office.pages.choosing import SiteChoice
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import Asked, lang_of
from sync.office.places import Places, round_url, url
from sync.office.sites import choose
from sync.office.store import rounds as table
from sync.office.store.rounds import RoundRow, StopRow

LONGEST_EXCUSE: Final = timedelta(days=92)
EXPLAINED_MOST: Final = 120
"""Characters of an explanation in own words."""
DAYS: Final = 35
"""So far back a round may be entered at the desk."""
DONE: Final = ("excused", "entered", "explained")
FORM_BYTES: Final = 64 * 1024
"""A round may have hundreds of stops."""


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as the forms need it."""

    site: str
    plan: Plan
    people: dict[str, Person]
    windows: tuple[Slot, ...] = ()
    """That are asked about."""
    walked: frozenset[str] = frozenset()
    """Those of `windows` that have a round, by slot id."""
    row: RoundRow | None = None
    """The round whose marks are explained."""
    stops: tuple[StopRow, ...] = ()
    sites: tuple[tuple[str, Text], ...] = ()
    """Id and name of each that the account may see."""


class Option(Struct, frozen=True):
    value: str
    words: str


class MarkAsked(Struct, frozen=True):
    record: str
    mark: str
    words: str


class EntryAsked(Struct, frozen=True):
    """A window, to be entered from paper."""

    schedule: str
    slot: str
    name: str
    window: str
    stops: list[Option]


class Seen(Struct, frozen=True):
    site: str
    site_name: str
    sites: list[SiteChoice]
    done: str
    """What was just recorded; empty before anything was."""
    points: list[Option]
    reasons: list[Option]
    now: str
    midnight: str
    schedules: list[Option]
    day: str
    entry: EntryAsked | None
    no_window: str
    """Why the window that was asked for cannot be entered."""
    round: str
    """The round whose marks are explained; empty without one."""
    round_name: str
    marks: list[MarkAsked]
    whys: list[Option]
    back: str


def read_facts(
    tx: Connection, site: str, name: str, now: int, wish: Mapping[str, str], within: Sequence[str] = ()
) -> Facts | None:
    """What the forms of a site speak of, of the windows that `wish` names by `schedule` and `slot` or `day`, and of the
    round `name` if that is asked; None when the site or the round is not there.

    Without a site it is the first one of `within`.
    """
    here = choose(tx, within, site)
    if here is None or site not in ("", here.site):
        return None
    windows = _windows(here.plan, wish, local_time(now, here.zone))
    walked = frozenset(slot.round for slot in windows if table.rounds_in_slot(tx, here.site, slot.round))
    sites = tuple((id, each.site.name) for id, each in here.plans.items())
    facts = Facts(here.site, here.plan, everybody(tx), windows, walked, sites=sites)
    if not name:
        return facts
    row = table.find_round(tx, name, here.site)
    if row is None:
        return None
    return msgspec.structs.replace(facts, row=row, stops=tuple(table.stops_of(tx, here.site, row.round)))


def show(facts: Facts, lang: str, now: int, wish: Mapping[str, str]) -> Seen:
    """`wish` of the address: `schedule` of the window that is entered, `done` what was recorded."""
    places = Places(lang, facts.plan, facts.people)
    local = places.local(now)
    points = [Option(point.id, point.name.say(lang) or point.id) for point in facts.plan.points]
    schedule, done = (wish.get(name, "") for name in ("schedule", "done"))
    slot = next((slot for slot in facts.windows if slot.closes <= local and slot.round not in facts.walked), None)
    return Seen(
        site=facts.site,
        site_name=places.site(facts.site),
        sites=[SiteChoice(called.say(lang) or id, here(id), id == facts.site) for id, called in facts.sites],
        done=places.w(f"desk_{done}") if done in DONE else "",
        points=points,
        reasons=[Option(each.id, each.text.say(lang)) for each in facts.plan.skip_reasons],
        now=f"{local:%Y-%m-%dT%H:%M}",
        midnight=f"{local.date() + timedelta(days=1):%Y-%m-%d}T00:00",
        schedules=[Option(each.id, each.name.say(lang) or each.id) for each in facts.plan.schedules],
        day=f"{local.date() - timedelta(days=1):%Y-%m-%d}",
        entry=_entry(slot, places) if slot else None,
        no_window=places.w("desk_no_window") if schedule and slot is None else "",
        round=facts.row.round if facts.row else "",
        round_name=_round_name(facts, places),
        marks=_marks(facts, places),
        whys=[Option(why, say(lang, f"life.why_{why}")) for why in EXPLANATIONS],
        back=round_url(facts.site, facts.row.round) if facts.row else "",
    )


def _windows(plan: Plan, wish: Mapping[str, str], now: datetime) -> tuple[Slot, ...]:
    """The window of that name, else those of the schedule that open on that day."""
    schedule, name = wish.get("schedule", ""), wish.get("slot", "")
    if name:
        named = slot_named(plan, schedule, name)
        return (named,) if named else ()
    found = plan.find_schedule(schedule)
    try:
        day = date.fromisoformat(wish.get("day", ""))
        return slots(plan, found, day, day) if found and _is_recent(day, now) else ()
    except (ValueError, RuleRefused):
        return ()


def _is_recent(day: date, now: datetime) -> bool:
    return timedelta(0) <= now.date() - day <= timedelta(days=DAYS)


def _entry(slot: Slot, places: Places) -> EntryAsked | None:
    route = places.plan.find_route(slot.route) if places.plan else None
    if route is None:
        return None
    return EntryAsked(
        schedule=slot.schedule,
        slot=slot.round,
        name=places.schedule(slot.schedule, slot.route),
        window=f"{slot.opens:%Y-%m-%d %H:%M} - {slot.closes:%H:%M}",
        stops=[Option(stop.id, places.point(stop.point)) for stop in route.stops],
    )


def _round_name(facts: Facts, places: Places) -> str:
    if facts.row is None:
        return ""
    detail = msgspec.json.decode(facts.row.detail, type=RoundDetail)
    return f"{places.schedule(detail.schedule, detail.route)} {facts.row.day}"


def _marks(facts: Facts, places: Places) -> list[MarkAsked]:
    """Every mark of the round that a person may have to say something of, with the record that has it."""
    if facts.row is None:
        return []
    whole = msgspec.json.decode(facts.row.detail, type=RoundDetail)
    found = [_mark("", mark, whole.last, whole, facts.row, places) for mark in (*whole.marks, *whole.office_marks)]
    for stop in facts.stops:
        detail = msgspec.json.decode(stop.detail, type=StopDetail)
        refs = [each.ref for each in detail.arrivals]
        refs += [each.ref for each in detail.answers] + [each.ref for each in detail.skips]
        where = places.point(stop.point) if stop.point else stop.stop
        for mark in dict.fromkeys((*detail.marks, *detail.office_marks)) if refs else ():
            found.append(_mark(where, mark, refs[0], whole, facts.row, places))
    return [mark for mark in found if mark.mark not in INFORMATION]


def _mark(where: str, mark: str, ref: Ref, whole: RoundDetail, row: RoundRow, places: Places) -> MarkAsked:
    book = whole.parts[ref.part].book if whole.parts else row.book.hex()
    said = say(places.lang, f"marks.{mark}")
    return MarkAsked(f"{book}:{ref.seq}", mark, f"{where}: {said}" if where else said)


# -- what was sent -------------------------------------------------------------------------------


class Said(Struct, frozen=True):
    """A record to be made, and what is said of it."""

    body: Body
    done: str
    """Of DONE."""


def read_form(form: Mapping[str, str], facts: Facts, by: str, lang: str) -> Said:
    """Raises NotAllowed with the sentence of what does not fit. `by`: the account's person, empty without one."""
    if not by:
        raise NotAllowed("office.desk_nobody")
    match form.get("what"):
        case "excuse":
            return _excuse(form, facts, by, lang)
        case "entry":
            return _late_entry(form, facts, by)
        case "explanation":
            return _explanation(form, facts, lang)
    raise NotAllowed("office.desk_unknown")


def _excuse(form: Mapping[str, str], facts: Facts, by: str, lang: str) -> Said:
    _must(facts, by, EXCUSERS)
    places = Places(lang, facts.plan, facts.people)
    point = facts.plan.find_point(form.get("point", ""))
    reason = next((each for each in facts.plan.skip_reasons if each.id == form.get("reason")), None)
    first, last = (_moment(form.get(name, ""), places) for name in ("from", "to"))
    if point is None or reason is None:
        raise NotAllowed("office.desk_unknown")
    if first is None or last is None or not timedelta(0) < last - first <= LONGEST_EXCUSE:
        raise NotAllowed("office.desk_span")
    words = clean(reason.text.say(lang))
    body = PointExcused(point.id, millis(first), millis(last), reason.id, words)
    return Said(body, "excused")


def _late_entry(form: Mapping[str, str], facts: Facts, by: str) -> Said:
    _must(facts, by, ENTERERS)
    plan = facts.plan
    slot = next(iter(facts.windows), None) if form.get("slot") else None
    route = plan.find_route(slot.route) if slot else None
    paper = clean(form.get("paper", "").strip(), 40)
    crew = [_person(number, facts) for number in form.get("crew", "").replace(",", " ").split()]
    if slot is None or route is None:
        raise NotAllowed("office.desk_unknown")
    if slot.round in facts.walked:
        raise NotAllowed("office.desk_walked")
    if not paper or not crew:
        raise NotAllowed("office.desk_paper")
    stops = tuple(_stop(stop.id, form, slot) for stop in route.stops)
    if all(stop.at is None for stop in stops):
        raise NotAllowed("office.desk_paper")
    body = RoundLateEntry(
        round=rounds.round_id(slot, "office", 1),
        slot=slot.round,
        schedule=slot.schedule,
        route=slot.route,
        plan=PlanNamed(plan.revision, plan.sha256),
        crew=tuple(Confirmation(person.id, "paper", plan.role_of(person.id, route.roles)) for person in crew),
        stops=stops,
        paper=paper,
    )
    return Said(body, "entered")


def _stop(stop: str, form: Mapping[str, str], slot: Slot) -> StopEntered:
    typed = form.get(f"at_{stop}", "").replace(":", "").strip()
    if not typed:
        return StopEntered(stop)
    at = life.read_time(typed, slot)
    if at is None:
        raise NotAllowed("office.desk_time", time=clean(typed, 8))
    return StopEntered(stop, at, form.get(f"bad_{stop}") is None)


def _person(number: str, facts: Facts) -> Person:
    found = next((person for person in facts.people.values() if person.number and person.number == number), None)
    if found is None:
        raise NotAllowed("office.desk_number", number=clean(number, 12))
    return found


def _explanation(form: Mapping[str, str], facts: Facts, lang: str) -> Said:
    record, _, mark = form.get("mark", "").rpartition(" ")
    known = {(each.record, each.mark) for each in _marks(facts, Places(lang, facts.plan, facts.people))}
    why, own = form.get("why", ""), clean(form.get("own", "").strip(), EXPLAINED_MOST)
    if (record, mark) not in known or why not in EXPLANATIONS:
        raise NotAllowed("office.desk_unknown")
    words = own or say(lang, f"life.why_{why}")
    return Said(MarkExplained(record, mark, words), "explained")


def _must(facts: Facts, by: str, wanted: frozenset[str]) -> None:
    if life.may(facts.plan, [by], wanted) is None:
        raise NotAllowed("office.desk_may_not")


def _moment(text: str, places: Places) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=places.zone)
    except ValueError:
        return None


def here(site: str, **more: str) -> str:
    """The address of the forms."""
    return url("/afterwards", site=site, **{name: value for name, value in more.items() if value})


# -- its address ---------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/afterwards")
    async def forms(request: Asked) -> Response[bytes]:
        query, now = request.query_params, house.clock_ms()
        site, name, within = site_of(request), query.get("round", ""), sites_of(request)
        facts = await house.read(lambda tx: read_facts(tx, site, name, now, query, within))
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_such_round" if name else "no_site", 404)
        return await house.frame.page(request, "afterwards.html", show(facts, lang_of(request), now, query))

    @post("/afterwards", request_max_body_size=FORM_BYTES, status_code=200)
    async def write(request: Asked) -> Response[bytes]:
        """An excuse, a late entry or an explanation, as a record of the office's own book; then the forms again."""
        fields = await house.form(request)
        site, name, now = fields["site"], fields.get("round", ""), house.clock_ms()
        facts = await house.read(lambda tx: read_facts(tx, site, name, now, fields, (site,)))
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_such_round", 404)
        by = request.state.session.person or ""
        said = read_form(fields, facts, by, lang_of(request))
        await house.acts(request, f"desk-{said.done}", site, name)
        await house.desk.say(site, said.body, by, now)
        return house.view.go(request, here(site, round=name, done=said.done))

    return [forms, write]
