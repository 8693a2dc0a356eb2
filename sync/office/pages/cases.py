"""The ledgers of findings and of hazards, kept apart (a burnt lamp is no hazard), and how much of what was found is
closed, month by month and site by site (D34)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import millis
from app.duties.site import Person
from app.errors import NotAllowed
from app.kinds.base import Body
from app.words import say
from sync.office.accounts import DISPATCHERS, RECTIFIERS, REVIEWERS
from sync.office.credentials import everybody
from sync.office.desk import Moved
from sync.office.pages import acts, case, caseforms, rectifying
from sync.office.pages.frame import site_of
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Link, Listing, Row, Rows, Wish, choice, pick
from sync.office.pages.lists import answer
from sync.office.pages.view import FORM_BYTES, Asked, lang_of
from sync.office.places import Places, role_word
from sync.office.sites import Choice, choose
from sync.office.store import cases as table
from sync.office.store.cases import CaseRow, Order, Which
from sync.office.store.closure import Closure, closure
from sync.office.store.paging import Place, Span
from sync.office.verdicts import Verdict

T = TypeVar("T")
MONTHS: Final = 6
TRIES: Final = 5
"""How often an act is decided again because somebody else was quicker."""
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


def listing(name: str, path: str, title: str, template: str, act: str = "") -> Listing:
    return Listing(name, path, title, _CASE, FILTERS, sort="opened", act=act, template=template)


FINDINGS: Final = listing("findings", "/findings", "cases.findings", "cases.html")
HAZARDS: Final = listing("hazards", "/hazards", "cases.hazards", "cases.html")


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a ledger needs it."""

    here: Choice
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
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    site = here.site
    which, order = _which(wish, sort, here.zone, now), _order(wish)
    spans = _months(now, here.zone) if rates and wish.after is None else []
    now_month = spans[0][1] if spans and len(here.plans) > 1 else None
    every = closure(tx, list(here.plans), now_month, (sort,)) if now_month else {}
    return Facts(
        here=here,
        people=everybody(tx),
        rows=table.listed(tx, (site,), which, order, after=wish.after, most=wish.most, oldest=wish.oldest),
        count=table.count(tx, (site,), which),
        now=now,
        months=tuple((month, closure(tx, (site,), span, (sort,)).get(site, Closure())) for month, span in spans),
        sites=tuple(every.items()),
    )


def _which(wish: Wish, sort: str, zone: ZoneInfo, now: int) -> Which:
    asked = wish.get("which")
    return Which(
        sorts=(sort,),
        open={"open": True, "closed": False}.get(asked),
        late=now if asked == "late" else None,
        category=wish.get("category"),
        person=wish.get("person"),
        opened=wish.span(zone),
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
    plan, order = facts.here.plan, _order(wish)
    places = Places(lang, plan, facts.people)
    return Rows(
        rows=[_row(row, places, facts.now, row.place(order)) for row in facts.rows],
        count=facts.count,
        plans=facts.here.plans,
        site=facts.here.site,
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
    worker = places.person(row.worker) if row.worker else role_word(lang, row.role) if row.role else ""
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
    names = {site: plan.site.name.say(lang) or site for site, plan in facts.here.plans.items()}
    return Rates(
        [_rate(month, each) for month, each in facts.months if each.found],
        [_rate(names[site], each) for site, each in facts.sites],
    )


def _rate(word: str, each: Closure) -> Rate:
    return Rate(word, each.found, each.closed, percent(each.closed, each.found), percent(each.in_time, each.found))


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
    async def write(request: Asked) -> Response[bytes]:
        """A notice, an order, a re-check …: a record of the office's own book; then the case again."""
        fields = await house.form(request, RECTIFIERS)

        def decide(facts: case.Facts, at: acts.At) -> list[Body]:
            raised = there(case.raised_of(facts))
            return rectifying.on_finding(raised, case.finding_of(facts), facts.order, fields, at)

        return await act(house, request, fields, (table.FINDING, table.HAZARD), decide)

    return [ledger, one, write]


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


async def act(
    house: House,
    request: Asked,
    fields: Mapping[str, str],
    sorts: Sequence[str],
    decide: Callable[[case.Facts, acts.At], Sequence[Body]],
    tries: int = TRIES,
) -> Response[bytes]:
    """Record what `decide` makes of the case of a form, then show the case again. When somebody else was quicker, it
    decides again by what they wrote. Raises NotAllowed for no such case, and for an account that is nobody.
    """
    site, by, now = fields["site"], acts.person_of(request), house.clock_ms()

    def read(tx: Connection) -> tuple[case.Facts | None, int]:
        return case.read_case(tx, site, fields.get("case", ""), sorts), house.desk.read(tx, site)

    found, known = await house.read(read)
    facts = there(found)
    bodies = decide(facts, acts.At(there(facts.plan), by, now, lang_of(request)))
    await house.acts(request, "case-acted", site, facts.row.case)
    try:
        await house.desk.say(site, bodies, by, now, after=known)
    except Moved:
        if tries == 1:
            raise
        return await act(house, request, fields, sorts, decide, tries - 1)
    return house.view.go(request, case.address(site, facts.row.sort, facts.row.case, done="1"))


def there(found: T | None) -> T:
    """Raises NotAllowed when it is not."""
    if found is None:
        raise NotAllowed("cases.no_such")
    return found
