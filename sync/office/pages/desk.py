"""The desk 前台 (D65): what waits, a new request by telephone or at the counter, call-backs, return visits."""

from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import millis
from app.duties.orders import Stage
from app.duties.site import Person
from app.errors import NotAllowed
from app.kinds.base import Body
from app.words import say
from sync.office.accounts import DISPATCHERS
from sync.office.credentials import everybody
from sync.office.pages import acts, case, caseforms, cases
from sync.office.pages.choosing import SiteChoice, site_choices
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import FORM_BYTES, Asked, lang_of
from sync.office.places import Places, url
from sync.office.sites import Choice, choose
from sync.office.store import cases as table
from sync.office.store.cases import CaseRow, Which
from sync.office.store.closure import done_orders, owed_of
from sync.office.store.paging import Span
from sync.office.store.plans import site_plan
from sync.office.verdicts import Verdict

WAITING_MOST: Final = 100
SHOWN: Final = 12
"""Of what is only looked at: limits that run out, and what was handled lately."""


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as the desk needs it."""

    here: Choice
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
    here = choose(tx, within, site)
    if here is None:
        return None
    sites, orders, requests = (here.site,), (table.ORDER,), (table.REQUEST,)
    own = Which(sorts=orders, open=True, person=person)
    return Facts(
        here=here,
        people=everybody(tx),
        waiting=table.listed(tx, sites, Which(sorts=requests, open=True), "due", most=WAITING_MOST, oldest=True),
        mine=table.listed(tx, sites, own, "due", most=WAITING_MOST, oldest=True) if person else [],
        running=table.listed(tx, sites, Which(sorts=orders, open=True), "due", most=SHOWN, oldest=True),
        handled=table.listed(tx, sites, Which(sorts=requests, open=False), "closed", most=SHOWN),
        done=done_orders(tx, here.site, month_of(now, here.zone)),
    )


def month_of(now: int, zone: ZoneInfo) -> Span:
    """From the first of the month there, until now."""
    first = datetime.fromtimestamp(now / 1000, zone).date().replace(day=1)
    return Span(millis(datetime.combine(first, time.min, zone)), now + 1)


def show_desk(facts: Facts, lang: str, person: str, now: int, *, done: bool) -> DeskSeen:
    here, places = facts.here, Places(lang, facts.here.plan, facts.people)
    owed, by_id = owed_of(facts.done), {row.case: row for row in facts.done}
    mine = [row for row in facts.mine if row.responsible == person and (row.state == Stage.DONE or row.is_late(now))]
    running = [row for row in facts.running if row.state != Stage.DONE]
    return DeskSeen(
        site=here.site,
        site_name=places.site(here.site),
        sites=site_choices(here.plans, here.site, "/desk", lang),
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
        new_href=url("/desk/new", site=here.site),
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
        here, people = await house.read(lambda tx: (choose(tx, sites_of(request), site), everybody(tx)))
        if here is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        offered = caseforms.of_plan(here.plan, people, lang, now, point=request.query_params.get("point", ""))
        sites = site_choices(here.plans, here.site, "/desk/new", lang)
        name = Places(lang, here.plan, {}).site(here.site)
        seen = NewSeen(here.site, name, sites, offered, url("/desk", site=here.site))
        return await house.frame.page(request, "desknew.html", seen)

    @get("/desk/{name:str}")
    async def one(request: Asked, name: FromPath[str]) -> Response[bytes]:
        return await cases.page(house, request, name, (table.REQUEST,))

    @post("/desk", request_max_body_size=FORM_BYTES, status_code=200)
    async def write(request: Asked) -> Response[bytes]:
        """A new request, or what becomes of one that waits."""
        fields = await house.form(request, DISPATCHERS)

        def decide(facts: case.Facts, at: acts.At) -> list[Body]:
            return acts.on_request(cases.there(case.request_of(facts)), fields, at)

        if fields.get("case"):
            return await cases.act(house, request, fields, (table.REQUEST,), decide)
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
