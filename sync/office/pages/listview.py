"""A list as its page shows it: questions above it, headings that sort, cells, the way to the next page and to files."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from app.words import say
from sync.office.pages.listing import Cell, Column, Filter, Graded, Link, Listing, Row, Rows, Wish
from sync.office.store.paging import COUNTED, Place
from sync.office.verdicts import Verdict

FILES: Final = {"csv": "lists.csv", "xlsx": "lists.xlsx"}
"""Kinds of files, and the keys of their words."""


class CellSeen(Struct, frozen=True):
    lines: tuple[str, ...]
    href: str = ""
    colour: str = ""
    """Of a verdict."""
    note: str = ""
    kind: str = ""
    """number, moment, or empty."""


class RowSeen(Struct, frozen=True):
    cells: list[CellSeen]
    colour: str
    seen: Any


class Heading(Struct, frozen=True):
    word: str
    href: str
    """Lists in its order, or turns it round; empty for a column without one."""
    order: str
    """As `aria-sort` says it; empty for another column's."""
    number: bool = False
    """Its cells are figures."""


class Option(Struct, frozen=True):
    value: str
    word: str
    chosen: bool


class Question(Struct, frozen=True):
    name: str
    word: str
    kind: str
    value: str
    options: list[Option]


class ListSeen(Struct, frozen=True):
    path: str
    title: str
    site_name: str
    line: str
    questions: list[Question]
    asked: bool
    """Something is filtered."""
    clear: str
    kept: list[tuple[str, str]]
    """What the form carries on unasked."""
    count: str
    here: str
    """How many of them this page has; empty when it has all."""
    headings: list[Heading]
    rows: list[RowSeen]
    next: str
    first: str
    files: list[tuple[str, str]]
    """Address and words."""
    more: Any


def show_list(rows: Rows, listing: Listing, wish: Wish, lang: str) -> ListSeen:
    shown, last = rows.rows[: wish.most - 1], len(rows.rows) < wish.most
    plan = rows.plans.get(rows.site)
    return ListSeen(
        path=listing.path,
        title=say(lang, listing.title),
        site_name=(plan.site.name.say(lang) if plan else "") or rows.site,
        line=rows.line,
        questions=questions(listing, wish, rows, lang),
        asked=bool(wish.given),
        clear=_url(listing, wish, given={}, after=None),
        kept=[("sort", _sorting(wish))] if _sorting(wish) != _usual(listing) else [],
        count=_counted(rows.count, lang),
        here=say(lang, "lists.here", n=len(shown)) if wish.after or not last else "",
        headings=[
            _heading(column, listing, wish, lang, number=_is_number(n, shown))
            for n, column in enumerate(listing.columns)
        ],
        rows=[RowSeen([_cell(cell) for cell in row.cells], row.colour, row.seen) for row in shown],
        next="" if last or not shown else _url(listing, wish, after=shown[-1].place),
        first=_url(listing, wish, after=None) if wish.after else "",
        files=[(_url(listing, wish, after=None, kind=kind), say(lang, key)) for kind, key in FILES.items()],
        more=rows.more,
    )


def _counted(count: int | None, lang: str) -> str:
    if count is None:
        return ""
    over = count >= COUNTED
    return say(lang, "lists.count_over" if over else "lists.count", n=COUNTED if over else count)


def questions(listing: Listing, wish: Wish, rows: Rows, lang: str) -> list[Question]:
    asked = [_question(each, wish, rows, lang) for each in listing.filters]
    if len(rows.plans) < 2:
        return asked
    sites = [Option(id, plan.site.name.say(lang) or id, id == rows.site) for id, plan in rows.plans.items()]
    every = [Option("", say(lang, "lists.all_sites"), not rows.site)] if listing.all_sites else []
    return [Question("site", say(lang, "lists.site"), "choice", rows.site, [*every, *sites]), *asked]


def _question(asked: Filter, wish: Wish, rows: Rows, lang: str) -> Question:
    value = wish.get(asked.name) or rows.usual.get(asked.name, asked.usual)
    known = [(each, say(lang, key)) for each, key in asked.options] or rows.options.get(asked.name, ())
    options = [Option(each, word, each == value) for each, word in known]
    every = [Option("", say(lang, "lists.all"), not value)] if asked.kind in ("choice", "pick") else []
    every = [] if asked.usual else every
    return Question(asked.name, say(lang, asked.word), asked.kind, value, [*every, *options])


def _heading(column: Column, listing: Listing, wish: Wish, lang: str, *, number: bool) -> Heading:
    word, here = say(lang, column.word), column.name == wish.sort
    if not column.sorts:
        return Heading(word, "", "", number)
    ascends = not wish.oldest if here else listing.oldest
    order = ("ascending" if wish.oldest else "descending") if here else ""
    return Heading(word, _url(listing, wish, sort=f"{'' if ascends else '-'}{column.name}", after=None), order, number)


def _is_number(column: int, rows: Sequence[Row]) -> bool:
    found = [row.cells[column] for row in rows if row.cells[column] is not None]
    return bool(found) and all(isinstance(cell, (int, float, Decimal, Graded)) for cell in found)


def _sorting(wish: Wish) -> str:
    return f"{'' if wish.oldest else '-'}{wish.sort}"


def _usual(listing: Listing) -> str:
    sort = listing.sort or next((column.name for column in listing.columns if column.sorts), "")
    return f"{'' if listing.oldest else '-'}{sort}"


def _url(
    listing: Listing,
    wish: Wish,
    *,
    after: Place | None,
    given: Mapping[str, str] | None = None,
    sort: str = "",
    kind: str = "",
) -> str:
    """The same list with these things asked otherwise."""
    sorting = sort or _sorting(wish)
    asked = {
        "site": wish.site,
        **(wish.given if given is None else given),
        "sort": "" if sorting == _usual(listing) else sorting,
        "after": str(after) if after else "",
        "as": kind,
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{listing.path}?{query}" if query else listing.path


def _cell(cell: Cell) -> CellSeen:
    match cell:
        case Verdict():
            return CellSeen((cell.word,), colour=cell.colour)
        case Graded():
            return CellSeen((str(cell),), colour=cell.colour, kind="number")
        case Link():
            return CellSeen((cell.text,), cell.href, note=cell.note)
        case tuple():
            return CellSeen(cell)
        case datetime():
            return CellSeen((f"{cell:%Y-%m-%d %H:%M}",), kind="moment")
        case date():
            return CellSeen((cell.isoformat(),), kind="moment")
        case int() | float() | Decimal():
            return CellSeen((str(cell),), kind="number")
        case str():
            return CellSeen((cell,) if cell else ())
        case None:
            return CellSeen(())
