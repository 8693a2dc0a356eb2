"""The desk 前台 (D65): what waits, a new request by telephone or at the counter, call-backs, return visits."""

from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import visits
from app.duties.days import millis
from app.duties.orders import Stage
from app.duties.site import Person, Plan
from app.duties.visits import Done, Owed
from app.errors import NotAllowed
from app.words import say
from sync.office.accounts import DISPATCHERS
from sync.office.credentials import everybody
from sync.office.pages import acts, case, caseforms, cases
from sync.office.pages.books import SiteChoice
from sync.office.pages.cases import acting, record, site_choices
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.places import Places
from sync.office.pages.view import FORM_BYTES, Asked, Verdict, lang_of, url
from sync.office.sites import Profile, profiles
from sync.office.store import cases as table
from sync.office.store.cases import CaseRow, Which
from sync.office.store.closure import done_orders
from sync.office.store.paging import Span
from sync.office.store.plans import site_plan

WAITING_MOST: Final = 100
SHOWN: Final = 12
"""Of what is only looked at: limits that run out, and what was handled lately."""


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as the desk needs it."""

    site: str
    names: dict[str, Profile]
    """Every site that can be chosen."""
    plan: Plan
    people: dict[str, Person]
    waiting: list[CaseRow]
    mine: list[CaseRow]
    """Open orders that the visitor received first (D32)."""
    running: list[CaseRow]
    """Open orders, what is due first."""
    handled: list[CaseRow]
    done: list[CaseRow]
    """Orders done this month."""


class Line(Struct, frozen=True):
    """One case of a list."""

    href: str
    title: str
    place: str
    time: str
    state: Verdict
    left: list[Verdict]
    who: str


class DeskSeen(Struct, frozen=True):
    site: str
    site_name: str
    sites: list[SiteChoice]
    waiting: list[Line]
    mine: list[Line]
    running: list[Line]
    handled: list[Line]
    visits_line: str
    owed: list[Line]
    new_href: str
    done: str


class NewSeen(Struct, frozen=True):
    """The form for a request."""

    site: str
    site_name: str
    sites: list[SiteChoice]
    choices: caseforms.Choices
    back: str


def read_desk(tx: Connection, site: str, person: str, now: int, within: tuple[str, ...]) -> Facts | None:
    """None while there is no site."""
    names = profiles(tx, within)
    if not names:
        return None
    site = site if site in names else next(iter(names))
    plan = site_plan(tx, site)
    assert plan is not None
    orders, requests = (table.ORDER,), (table.REQUEST,)
    own = Which(sorts=orders, open=True, person=person)
    return Facts(
        site=site,
        names=names,
        plan=plan,
        people=everybody(tx),
        waiting=table.listed(tx, (site,), Which(sorts=requests, open=True), "due", most=WAITING_MOST, oldest=True),
        mine=table.listed(tx, (site,), own, "due", most=WAITING_MOST, oldest=True) if person else [],
        running=table.listed(tx, (site,), Which(sorts=orders, open=True), "due", most=SHOWN, oldest=True),
        handled=table.listed(tx, (site,), Which(sorts=requests, open=False), "closed", most=SHOWN),
        done=done_orders(tx, site, month_of(now, ZoneInfo(plan.site.zone))),
    )


def month_of(now: int, zone: ZoneInfo) -> Span:
    """From the first of the month there, until now."""
    first = datetime.fromtimestamp(now / 1000, zone).date().replace(day=1)
    return Span(millis(datetime.combine(first, time.min, zone)), now + 1)


def owed_of(rows: list[CaseRow]) -> Owed:
    """Return visits of the orders that were done."""
    return visits.owed(Done(row.case, row.complaint, row.urgent, row.visit, row.visited_at is not None) for row in rows)


def show_desk(facts: Facts, lang: str, person: str, now: int, *, done: bool) -> DeskSeen:
    places = Places(lang, facts.plan, facts.people)
    owed, by_id = owed_of(facts.done), {row.case: row for row in facts.done}
    mine = [row for row in facts.mine if row.responsible == person and (row.state == Stage.DONE or row.is_late(now))]
    running = [row for row in facts.running if row.state != Stage.DONE]
    return DeskSeen(
        site=facts.site,
        site_name=places.site(facts.site),
        sites=site_choices(facts.names, facts.site, "/desk", lang),
        waiting=[line_of(row, places, now) for row in facts.waiting],
        mine=[line_of(row, places, now) for row in mine],
        running=[line_of(row, places, now) for row in running],
        handled=[line_of(row, places, now) for row in facts.handled],
        visits_line=say(
            lang,
            "cases.visits_line",
            repairs=owed.repairs,
            visited=owed.visited,
            serious=owed.serious,
            serious_visited=owed.serious_visited,
        ),
        owed=[line_of(by_id[id], places, now) for id in owed.left],
        new_href=url("/desk/new", site=facts.site),
        done=say(lang, "cases.recorded") if done else "",
    )


def line_of(row: CaseRow, places: Places, now: int) -> Line:
    lang = places.lang
    return Line(
        href=case.address(row.site, row.sort, row.case),
        title=case.title_of(row, places),
        place=" ".join(part for part in (row.room, places.point(row.point) if row.point else "") if part),
        time=places.minute(row.opened_at, places.local(now).date()),
        state=case.state_of(row, lang, now),
        left=case.left_of(row, lang, now),
        who=places.person(row.worker or row.responsible) if row.worker or row.responsible else "",
    )


def read_new(
    tx: Connection, site: str, within: tuple[str, ...]
) -> tuple[dict[str, Profile], Plan, dict[str, Person]] | None:
    """What the form of a request needs; None while there is no site."""
    names = profiles(tx, within)
    plan = site_plan(tx, site if site in names else next(iter(names), ""))
    return (names, plan, everybody(tx)) if plan else None


# -- addresses -----------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/desk")
    async def desk(request: Asked) -> Response[bytes]:
        site, person, now = site_of(request), request.state.session.person or "", house.clock_ms()
        facts = await house.read(lambda tx: read_desk(tx, site, person, now, sites_of(request)))
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        done = bool(request.query_params.get("done"))
        return await house.frame.page(request, "desk.html", show_desk(facts, lang_of(request), person, now, done=done))

    @get("/desk/new")
    async def form(request: Asked) -> Response[bytes]:
        site, lang, now = site_of(request), lang_of(request), house.clock_ms()
        found = await house.read(lambda tx: read_new(tx, site, sites_of(request)))
        if found is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        names, plan, people = found
        offered = caseforms.of_plan(plan, people, lang, now, point=request.query_params.get("point", ""))
        site, name = plan.site.id, plan.site.name.say(lang) or plan.site.id
        sites = site_choices(names, site, "/desk/new", lang)
        seen = NewSeen(site, name, sites, offered, url("/desk", site=site))
        return await house.frame.page(request, "desknew.html", seen)

    @get("/desk/{name:str}")
    async def one(request: Asked, name: FromPath[str]) -> Response[bytes]:
        return await cases.page(house, request, name, (table.REQUEST,))

    @post("/desk", request_max_body_size=FORM_BYTES, status_code=200)
    async def write(request: Asked) -> Response[bytes]:
        """A new request, or what becomes of one that waits."""
        fields = await house.form(request, DISPATCHERS)
        if fields.get("case"):
            facts, at = await acting(house, request, fields, (table.REQUEST,))
            asked = case.request_of(facts)
            if asked is None:
                raise NotAllowed("cases.no_such")
            return await record(house, request, facts, acts.on_request(asked, fields, at), at)
        site, by = fields["site"], acts.person_of(request)
        plan = await house.read(lambda tx: site_plan(tx, site))
        if plan is None:
            raise NotAllowed("office.desk_unknown")
        at = acts.At(plan, by, house.clock_ms(), lang_of(request))
        bodies = acts.receive(fields, at)
        await house.acts(request, "request-taken", site)
        await house.desk.say(site, bodies, by, at.now)
        return house.view.go(request, url("/desk", site=site, done="1"))

    return [desk, form, one, write]
