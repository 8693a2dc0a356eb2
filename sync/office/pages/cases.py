"""The ledgers of findings and of hazards, kept apart (a burnt lamp is no hazard), and how much of what was found is
closed, month by month and site by site (D34)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import millis
from app.duties.site import Person, Plan
from app.errors import NotAllowed
from app.kinds.base import Body
from app.words import say
from sync.office.accounts import DISPATCHERS, RECTIFIERS, REVIEWERS
from sync.office.credentials import everybody
from sync.office.pages import acts, case, caseforms, rectifying
from sync.office.pages.books import SiteChoice
from sync.office.pages.frame import site_of
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Link, Listing, Row, Rows, Wish, choice, pick
from sync.office.pages.lists import answer
from sync.office.pages.places import Places
from sync.office.pages.view import FORM_BYTES, Asked, Verdict, lang_of, url
from sync.office.sites import Profile, plans_to_choose
from sync.office.store import cases as table
from sync.office.store.cases import CaseRow, Order, Which
from sync.office.store.closure import Closure, closure
from sync.office.store.paging import Place, Span

MONTHS: Final = 6
WHICH: Final = {"open": "cases.which_open", "late": "cases.which_late", "closed": "cases.which_closed"}
FILTERS: Final = (
    choice("which", "cases.which", WHICH),
    pick("category", "cases.category"),
    pick("person", "cases.person"),
    *FROM_TO,
)
_CASE: Final = (
    Column("what", "cases.what"),
    Column("place", "cases.place"),
    Column("opened", "cases.opened", sorts=True),
    Column("due", "cases.due", sorts=True),
    Column("state", "cases.state"),
    Column("people", "cases.people"),
    Column("closed", "cases.closed", sorts=True),
    Column("marks", "cases.marks"),
)


def listing(name: str, path: str, title: str, template: str) -> Listing:
    return Listing(name, path, title, _CASE, FILTERS, sort="opened", template=template)


FINDINGS: Final = listing("findings", "/findings", "cases.findings", "cases.html")
HAZARDS: Final = listing("hazards", "/hazards", "cases.hazards", "cases.html")


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a ledger needs it."""

    site: str
    plans: dict[str, Plan]
    people: dict[str, Person]
    rows: list[CaseRow]
    count: int
    now: int
    months: tuple[tuple[str, Closure], ...] = ()
    """`2026-11` and what was found then, the newest first."""
    sites: tuple[tuple[str, Closure], ...] = ()
    """This month, site by site."""


class Rate(Struct, frozen=True):
    """A line of the table of closure."""

    word: str
    found: int
    closed: int
    rate: str
    in_time: str


class Rates(Struct, frozen=True):
    months: list[Rate]
    sites: list[Rate]
    """Empty for an account of one site."""


def read(tx: Connection, wish: Wish, sort: str, now: int, *, rates: bool = False) -> Facts | None:
    """The ledger of a site; None while there is none."""
    plans = plans_to_choose(tx, wish.within, wish.site)
    if not plans:
        return None
    site = wish.chosen(plans)
    which, order = _which(wish, sort, plans[site], now), _order(wish)
    zone = ZoneInfo(plans[site].site.zone)
    spans = _months(now, zone) if rates and wish.after is None else []
    now_month = spans[0][1] if spans and len(plans) > 1 else None
    every = closure(tx, list(plans), now_month, (sort,)) if now_month else {}
    return Facts(
        site=site,
        plans=plans,
        people=everybody(tx),
        rows=table.listed(tx, (site,), which, order, after=wish.after, most=wish.most, oldest=wish.oldest),
        count=table.count(tx, (site,), which),
        now=now,
        months=tuple((month, closure(tx, (site,), span, (sort,)).get(site, Closure())) for month, span in spans),
        sites=tuple(every.items()),
    )


def _which(wish: Wish, sort: str, plan: Plan, now: int) -> Which:
    asked = wish.get("which")
    return Which(
        sorts=(sort,),
        open={"open": True, "closed": False}.get(asked),
        late=now if asked == "late" else None,
        category=wish.get("category"),
        person=wish.get("person"),
        opened=wish.span(ZoneInfo(plan.site.zone)),
    )


def _order(wish: Wish) -> Order:
    return "due" if wish.sort == "due" else "closed" if wish.sort == "closed" else "opened"


def _months(now: int, zone: ZoneInfo) -> list[tuple[str, Span]]:
    """The last months there, the newest first."""
    first, last, found = datetime.fromtimestamp(now / 1000, zone).date().replace(day=1), now + 1, []
    for _ in range(MONTHS):
        begins = millis(datetime.combine(first, time.min, zone))
        found.append((f"{first:%Y-%m}", Span(begins, last)))
        first, last = _month_before(first), begins
    return found


def _month_before(first: date) -> date:
    return first.replace(year=first.year - 1, month=12) if first.month == 1 else first.replace(month=first.month - 1)


def show(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan, order = facts.plans[facts.site], _order(wish)
    places = Places(lang, plan, facts.people)
    return Rows(
        rows=[_row(row, places, facts.now, row.place(order)) for row in facts.rows],
        count=facts.count,
        plans=facts.plans,
        site=facts.site,
        options={
            "category": [(each.id, each.text.say(lang)) for each in plan.categories],
            "person": [(grant.person, places.person(grant.person)) for grant in plan.grants],
        },
        more=_rates(facts, lang),
    )


def _row(row: CaseRow, places: Places, now: int, place: Place) -> Row:
    lang, state = places.lang, case.state_of(row, places.lang, now)
    chips = ("urgent", "complaint", "postponed", "fixed", "visit")
    left = case.left_of(row, lang, now)
    receiver = places.person(row.responsible) if row.responsible else ""
    worker = places.person(row.worker) if row.worker else case.role_word(lang, row.role) if row.role else ""
    cells = (
        Link(case.title_of(row, places), case.address(row.site, row.sort, row.case)),
        " ".join(part for part in (row.room, places.point(row.point) if row.point else "") if part),
        places.local(row.opened_at),
        places.local(row.due_at) if row.due_at else None,
        Verdict(left[0].colour, f"{say(lang, f'cases.state_{row.state}')} · {left[0].word}") if left else state,
        tuple(dict.fromkeys(name for name in (receiver, worker) if name)),
        places.local(row.closed_at) if row.closed_at else None,
        tuple(say(lang, f"cases.is_{name}") for name in chips if getattr(row, name)),
    )
    return Row(cells, place, _colour(row, state, now))


def _colour(row: CaseRow, state: Verdict, now: int) -> str:
    return "red" if row.is_late(now) and row.closed_at is None else "ok" if row.closed_at else state.colour


def _rates(facts: Facts, lang: str) -> Rates:
    names = {site: plan.site.name.say(lang) or site for site, plan in facts.plans.items()}
    return Rates(
        [_rate(month, each) for month, each in facts.months if each.found],
        [_rate(names[site], each) for site, each in facts.sites],
    )


def _rate(word: str, each: Closure) -> Rate:
    return Rate(word, each.found, each.closed, percent(each.closed, each.found), percent(each.in_time, each.found))


def site_choices(names: Mapping[str, Profile], site: str, path: str, lang: str) -> list[SiteChoice]:
    """Links to the same page of each site."""
    return [SiteChoice(each.site.name.say(lang) or id, url(path, site=id), id == site) for id, each in names.items()]


def percent(part: int, whole: int) -> str:
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "-"


# -- addresses -----------------------------------------------------------------------------------


def findings(house: House) -> list[ControllerRouterHandler]:
    @get("/findings")
    async def ledger(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(
            house, request, FINDINGS, lambda tx, wish: read(tx, wish, table.FINDING, now, rates=True), show
        )

    @get("/findings/{name:str}")
    async def one(request: Asked, name: FromPath[str]) -> Response[bytes]:
        return await page(house, request, name, (table.FINDING, table.HAZARD))

    @post("/findings", request_max_body_size=FORM_BYTES, status_code=200)
    async def act(request: Asked) -> Response[bytes]:
        """A notice, an order, a re-check …: a record of the office's own book; then the case again."""
        fields = await house.form(request, RECTIFIERS)
        facts, at = await acting(house, request, fields, (table.FINDING, table.HAZARD))
        raised = case.raised_of(facts)
        if raised is None:
            raise NotAllowed("cases.no_such")
        bodies = rectifying.on_finding(raised, case.finding_of(facts), facts.order, fields, at)
        return await record(house, request, facts, bodies, at)

    return [ledger, one, act]


def hazards(house: House) -> list[ControllerRouterHandler]:
    @get("/hazards")
    async def ledger(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(
            house, request, HAZARDS, lambda tx, wish: read(tx, wish, table.HAZARD, now, rates=True), show
        )

    return [ledger]


async def page(house: House, request: Asked, name: str, sorts: Sequence[str]) -> Response[bytes]:
    """One case, to whoever may open its ledger."""
    site, now, role, lang = site_of(request), house.clock_ms(), request.state.session.role, lang_of(request)
    facts = await house.read(lambda tx: case.read_case(tx, site, name, sorts))
    if facts is None:
        return await house.frame.said(request, "not_found", say(lang, "cases.no_such"), 404)
    await house.looked(request, "case-seen", site, name)
    seen = case.show_case(
        facts, lang, now, may_act=role in DISPATCHERS, may_rectify=role in RECTIFIERS, may_read=role in REVIEWERS
    )
    choices = caseforms.choices(facts, lang, now)
    done = say(lang, "cases.recorded") if request.query_params.get("done") else ""
    return await house.frame.page(request, "case.html", caseforms.CasePage(seen, choices, done))


async def acting(
    house: House, request: Asked, fields: Mapping[str, str], sorts: Sequence[str]
) -> tuple[case.Facts, acts.At]:
    """The case of a form, and who acts on it, where and when. Raises NotAllowed for no such case, and for an account
    that is nobody."""
    by = acts.person_of(request)
    facts = await house.read(lambda tx: case.read_case(tx, fields["site"], fields.get("case", ""), sorts))
    if facts is None or facts.plan is None:
        raise NotAllowed("cases.no_such")
    return facts, acts.At(facts.plan, by, house.clock_ms(), lang_of(request))


async def record(
    house: House, request: Asked, facts: case.Facts, bodies: Sequence[Body], at: acts.At
) -> Response[bytes]:
    row = facts.row
    await house.acts(request, "case-acted", row.site, row.case)
    await house.desk.say(row.site, bodies, at.by, at.now)
    return house.view.go(request, case.address(row.site, row.sort, row.case, done="1"))
