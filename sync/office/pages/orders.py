"""Work orders: a board with a column for each state and what runs out first on top, and the same as a list."""

from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.orders import Stage
from app.duties.site import Person
from app.kinds.base import Body
from app.words import say
from sync.office.accounts import DISPATCHERS
from sync.office.credentials import everybody
from sync.office.pages import acts, case, cases
from sync.office.pages.cases import listing
from sync.office.pages.choosing import SiteChoice, site_choices
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.lists import answer
from sync.office.pages.view import FORM_BYTES, Asked, lang_of
from sync.office.places import Places, role_word, url
from sync.office.sites import Choice, choose
from sync.office.store import cases as table
from sync.office.store.cases import CaseRow, Which
from sync.office.store.paging import Span
from sync.office.verdicts import Verdict

ACT: Final = "orders-seen"
LIST: Final = listing("orders", "/orders/list", "cases.orders", "orders.html", ACT)
COLUMNS: Final = (Stage.TAKEN, Stage.ACCEPTED, Stage.GOING, Stage.ARRIVED, Stage.DONE)
MOST: Final = 300
"""Orders that a board looks at; of a column no more than CARDS stand on it."""
CARDS: Final = 40
CLOSED_MS: Final = 24 * 3600 * 1000


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as the board needs it."""

    here: Choice
    people: dict[str, Person]
    open: list[CaseRow]
    """What is due first stands first."""
    closed: list[CaseRow]
    role: str


class Card(Struct, frozen=True):
    href: str
    words: str
    place: str
    left: list[Verdict]
    who: str
    marks: list[str]
    colour: str


class Column(Struct, frozen=True):
    word: str
    count: int
    cards: list[Card]
    more: str


class Board(Struct, frozen=True):
    site: str
    site_name: str
    sites: list[SiteChoice]
    columns: list[Column]
    list_href: str
    new_href: str
    """Where a request is taken; empty for whoever may not."""
    roles: list[tuple[str, str, bool]]


def read_board(tx: Connection, site: str, role: str, now: int, within: tuple[str, ...]) -> Facts | None:
    """None while there is no site."""
    here = choose(tx, within, site)
    if here is None:
        return None
    sites, orders = (here.site,), (table.ORDER,)
    ended = Which(sorts=orders, role=role, open=False, closed=Span(now - CLOSED_MS))
    standing = Which(sorts=orders, role=role, open=True)
    return Facts(
        here=here,
        people=everybody(tx),
        open=table.listed(tx, sites, standing, "due", most=MOST, oldest=True),
        closed=table.listed(tx, sites, ended, "closed", most=CARDS),
        role=role,
    )


def show_board(facts: Facts, lang: str, now: int, *, may_take: bool) -> Board:
    plan, site = facts.here.plan, facts.here.site
    places = Places(lang, plan, facts.people)
    columns = [_column(stage, [row for row in facts.open if row.state == stage], places, now) for stage in COLUMNS]
    roles = dict.fromkeys(role for grant in plan.grants for role in grant.roles)
    return Board(
        site=site,
        site_name=places.site(site),
        sites=site_choices(facts.here.plans, site, "/orders", lang),
        columns=[*columns, _column("closed_lately", facts.closed, places, now)],
        list_href=url("/orders/list", site=site),
        new_href=url("/desk/new", site=site) if may_take else "",
        roles=[(role, role_word(lang, role), role == facts.role) for role in roles],
    )


def _column(state: str, rows: list[CaseRow], places: Places, now: int) -> Column:
    lang = places.lang
    word = say(lang, "cases.board_closed") if state == "closed_lately" else say(lang, f"cases.state_{state}")
    over = len(rows) - CARDS
    return Column(
        word=word,
        count=len(rows),
        cards=[_card(row, places, now) for row in rows[:CARDS]],
        more=say(lang, "cases.board_more", n=over) if over > 0 else "",
    )


def _card(row: CaseRow, places: Places, now: int) -> Card:
    lang, left = places.lang, case.left_of(row, places.lang, now)
    who = places.person(row.worker) if row.worker else role_word(lang, row.role)
    marks = [say(lang, f"cases.is_{name}") for name in ("urgent", "complaint", "postponed") if getattr(row, name)]
    late = any(each.colour == "red" for each in left)
    return Card(
        href=case.address(row.site, row.sort, row.case),
        words=case.title_of(row, places),
        place=" ".join(part for part in (row.room, places.point(row.point) if row.point else "") if part),
        left=left,
        who=who,
        marks=marks,
        colour="red" if late else "ok" if row.closed_at else "",
    )


# -- addresses -----------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/orders")
    async def board(request: Asked) -> Response[bytes]:
        site, role, now = site_of(request), request.query_params.get("role", "")[:40], house.clock_ms()
        facts = await house.read(lambda tx: read_board(tx, site, role, now, sites_of(request)))
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        await house.looked(request, ACT, facts.here.site, "board")
        may_take = request.state.session.role in DISPATCHERS
        return await house.frame.page(
            request, "board.html", show_board(facts, lang_of(request), now, may_take=may_take)
        )

    @get("/orders/list")
    async def ledger(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, LIST, lambda tx, wish: cases.read(tx, wish, table.ORDER, now), cases.show)

    @get("/orders/{name:str}")
    async def one(request: Asked, name: FromPath[str]) -> Response[bytes]:
        return await cases.page(house, request, name, (table.ORDER,))

    @post("/orders", request_max_body_size=FORM_BYTES, status_code=200)
    async def write(request: Asked) -> Response[bytes]:
        """Dispatch, postpone, call back …: a record of the office's own book; then the order again."""
        fields = await house.form(request, DISPATCHERS)

        def decide(facts: case.Facts, at: acts.At) -> list[Body]:
            return acts.on_order(cases.there(facts.order), fields, at)

        return await cases.act(house, request, fields, (table.ORDER,), decide)

    return [board, ledger, one, write]
