"""Lists answered: as a page, or as a file with everything that the page would list, which the audit notes.

What a list is, its subject declares (pages/listing.py).
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Response
from msgspec.structs import replace
from sqlalchemy import Connection

from app.words import say
from sync.office.pages.house import House
from sync.office.pages.listfiles import Table, csv_of, saved, xlsx_of
from sync.office.pages.listing import Cell, Graded, Link, Listing, Row, Rows, Wish, wish_of
from sync.office.pages.listview import questions, show_list
from sync.office.pages.view import Asked, lang_of
from sync.office.verdicts import Verdict

F = TypeVar("F")
NO_SITE: Final = "office.no_site"
EXPORTED: Final = 20_000
"""Rows of one file."""
TOGETHER: Final = 1000
"""Rows of a file that are read at once."""

Read = Callable[[Connection, Wish], F | None]
Show = Callable[[F, str, Wish], Rows]


async def answer(
    house: House,
    request: Asked,
    listing: Listing,
    read: Read[F],
    show: Show[F],
    nothing: str = NO_SITE,
    *,
    above: bool = True,
    status: int = 200,
) -> Response[bytes]:
    """The list as a page, or as the file that `?as=` asks for. Where `read` gives None, `nothing` is the key of why.
    Without `above` no alarms stand above it: it shows them itself.
    """
    wish, lang, kind = wish_of(request, listing), lang_of(request), request.query_params.get("as", "")
    if kind in ("csv", "xlsx"):
        return await _file(house, request, listing, wish, read, show, kind, nothing)
    facts = await house.read(lambda tx: read(tx, wish))
    if facts is None:
        return await _nothing(house, request, nothing)
    rows = show(facts, lang, wish)
    if listing.act:
        await house.looked(request, listing.act, rows.site, listing.name)
    seen = show_list(rows, listing, wish, lang)
    return await house.frame.page(request, listing.template, seen, above=above, status=status)


async def _nothing(house: House, request: Asked, why: str) -> Response[bytes]:
    return await house.frame.said(request, "not_found", say(lang_of(request), why), 200 if why == NO_SITE else 404)


async def _file(
    house: House, request: Asked, listing: Listing, wish: Wish, read: Read[F], show: Show[F], kind: str, nothing: str
) -> Response[bytes]:
    lang, now, account = lang_of(request), house.clock_ms(), request.state.session.account
    found = await house.read(lambda tx: _gathered(tx, wish, lang, read, show))
    if found is None:
        return await _nothing(house, request, nothing)
    rows, every = found
    await house.acts(request, "list-exported", rows.site, f"{listing.name}.{kind} {urlencode(dict(wish.given))}")
    table = Table(
        title=say(lang, listing.title),
        headings=[say(lang, column.word) for column in listing.columns],
        rows=[[_plain(cell) for cell in row.cells] for row in every[:EXPORTED]],
        about=_about(listing, wish, rows, lang, now, account, len(every)),
        sheet=say(lang, "lists.about"),
    )
    return await saved(csv_of if kind == "csv" else xlsx_of, table, f"{listing.name}-{rows.site}".rstrip("-"), kind)


def _gathered(tx: Connection, wish: Wish, lang: str, read: Read[F], show: Show[F]) -> tuple[Rows, list[Row]] | None:
    """All rows, of one snapshot: at most one more than a file has."""
    wish = replace(wish, after=None, most=TOGETHER + 1)
    every: list[Row] = []
    while True:
        facts = read(tx, wish)
        if facts is None:
            return None
        rows = show(facts, lang, wish)
        every += rows.rows[:TOGETHER]
        if len(rows.rows) <= TOGETHER or len(every) > EXPORTED:
            return rows, every
        wish = replace(wish, after=rows.rows[TOGETHER - 1].place)


def _about(
    listing: Listing, wish: Wish, rows: Rows, lang: str, now: int, account: str, found: int
) -> list[tuple[str, str]]:
    """What the file's second sheet says: which list, of what, by whom, when."""
    zone = _zone(rows)
    asked = [(each.word, each.value, each.options) for each in questions(listing, wish, rows, lang) if each.value]
    said = [(word, next((one.word for one in options if one.chosen), value)) for word, value, options in asked]
    made = f"{datetime.fromtimestamp(now / 1000, zone):%Y-%m-%d %H:%M} {zone.key}"
    cut = [("", say(lang, "lists.about_cut", n=EXPORTED))] if found > EXPORTED else []
    return [
        (say(lang, "lists.about_list"), say(lang, listing.title)),
        *said,
        (say(lang, "lists.about_made"), made),
        (say(lang, "lists.about_by"), account),
        (say(lang, "lists.about_rows"), str(min(found, EXPORTED))),
        *cut,
    ]


def _zone(rows: Rows) -> ZoneInfo:
    plan = rows.plans.get(rows.site) or next(iter(rows.plans.values()), None)
    return ZoneInfo(plan.site.zone if plan else "UTC")


def _plain(cell: Cell) -> str | int | float | Decimal | datetime | date | None:
    """A cell as a file holds it."""
    match cell:
        case Verdict():
            return cell.word
        case Graded():
            return f"{cell.value} {cell.note}" if cell.note else cell.value
        case Link():
            return f"{cell.text} {cell.note}".strip()
        case tuple():
            return "; ".join(cell)
        case _:
            return cell
