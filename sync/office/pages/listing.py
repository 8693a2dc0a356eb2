"""Lists as their subjects declare them: columns and filters, what was asked for, and the rows to show.

Where a page goes on is a `Place` (store/paging.py), so that the thousandth page costs what the first one does; what is
in memory anyway is put in order by `arranged`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from app.duties.days import millis
from app.duties.site import Site
from sync.office.day import typed_day
from sync.office.pages.frame import sites_of
from sync.office.pages.view import Asked
from sync.office.store.paging import ALWAYS, EARLIEST, LATEST, Place, Span, place_of
from sync.office.verdicts import Verdict

SHOWN: Final = 50
"""Rows of one page."""
LONGEST: Final = 120
"""Characters of one filter."""
_RANKS: Final = MappingProxyType({"red": 0, "amber": 1, "ok": 2, "dim": 3})


class HasSite(Protocol):
    """A plan, or as much of one as a choice of sites needs (sites.Profile)."""

    @property
    def site(self) -> Site: ...


class Link(Struct, frozen=True):
    """A text that leads somewhere; plain where `href` is empty. `note` stands behind it."""

    text: str
    href: str = ""
    note: str = ""


class Graded(Struct, frozen=True):
    """A figure with the colour of how it is judged; it sorts and is exported as the figure."""

    value: Decimal
    colour: str
    note: str = ""
    """What marks it, on the page and in a file: entered by hand."""
    unit: str = ""
    """Behind it on the page; a file has the figure alone."""

    def __str__(self) -> str:
        return f"{self.value}{self.unit} {self.note}".strip()


Cell = str | int | float | Decimal | Graded | datetime | date | Verdict | Link | tuple[str, ...] | None
"""A text, a figure, one that is judged, a local time, a day, a verdict, a link, lines below each other, or nothing."""


class Row(Struct, frozen=True):
    cells: tuple[Cell, ...]
    """One for each column."""
    place: Place = Place(0, "")
    """Where the next page begins if this is the last row."""
    colour: str = ""
    seen: Any = None
    """For a template of its own: what it shows instead of the cells."""


class Column(Struct, frozen=True):
    name: str
    word: str
    """Key of its heading."""
    sorts: bool = False


class Filter(Struct, frozen=True):
    """One question above the list. See `choice`, `pick`, `words` and `FROM_TO`."""

    name: str
    word: str
    kind: str
    """choice, pick, text or date."""
    options: tuple[tuple[str, str], ...] = ()
    """Of a choice: value, and key of its words."""
    usual: str = ""
    """What holds when nothing is chosen; empty: all."""


def choice(name: str, word: str, options: Mapping[str, str], usual: str = "") -> Filter:
    """One of a few values, which have words (value -> key of them); nothing chosen means `usual`, or all."""
    return Filter(name, word, "choice", tuple(options.items()), usual)


def pick(name: str, word: str, usual: str = "") -> Filter:
    """One of what the site has: `Rows.options` says which."""
    return Filter(name, word, "pick", usual=usual)


def words(name: str, word: str) -> Filter:
    """Some characters of a text."""
    return Filter(name, word, "text")


FROM_TO: Final = (Filter("from", "lists.from", "date"), Filter("to", "lists.to", "date"))
"""Local days, both included: `Wish.span` reads them."""


class Listing(Struct, frozen=True):
    name: str
    """Of files, and in the audit."""
    path: str
    title: str
    """Key of its heading."""
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    sort: str = ""
    """The column that it is ordered by unless asked otherwise; empty: the first that sorts."""
    oldest: bool = False
    """Its usual order is ascending."""
    all_sites: bool = False
    """Without a site it lists all that the account may see."""
    act: str = ""
    """What looking at it is called in the audit, where it shows who was where."""
    template: str = "list.html"
    shown: int = SHOWN
    """Rows of one page."""


class Wish(Struct, frozen=True):
    """What the visitor asked for. What is not understood counts as not asked."""

    site: str
    within: tuple[str, ...]
    """The sites that the account may see; empty: all."""
    given: Mapping[str, str]
    """By filter; only those that were given."""
    sort: str
    oldest: bool
    after: Place | None
    most: int
    """Rows to read: one more than is shown, which tells whether there is another page."""

    def get(self, name: str) -> str:
        return self.given.get(name, "")

    def span(self, zone: ZoneInfo) -> Span:
        """The days of FROM_TO there."""
        first, last = typed_day(self.get("from")), typed_day(self.get("to"))
        if first is None and last is None:
            return ALWAYS
        return Span(
            millis(datetime.combine(first, time.min, zone)) if first else EARLIEST,
            millis(datetime.combine(last + timedelta(days=1), time.min, zone)) if last else LATEST,
        )

    def chosen(self, plans: Mapping[str, HasSite]) -> str:
        """The site that was asked for, else the first; of a list of all sites empty for all."""
        return self.site if self.site in plans else next(iter(plans))


class Rows(Struct, frozen=True):
    """What a list has to show. `rows` are at most as many as the wish's `most`."""

    rows: Sequence[Row]
    count: int | None
    """Of all pages; paging.COUNTED for more. None: nobody counted."""
    plans: Mapping[str, HasSite] = MappingProxyType({})
    """The sites that can be chosen."""
    site: str = ""
    options: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({})
    """By filter that picks: value and words."""
    line: str = ""
    """A sentence below the heading."""
    more: Any = None
    """For a template of its own."""
    usual: Mapping[str, str] = MappingProxyType({})
    """By filter: what holds when nothing is asked, where only the reading knows it."""


# -- what was asked ------------------------------------------------------------------------------


def wish_of(request: Asked, listing: Listing) -> Wish:
    query, session = request.query_params, request.state.session
    site = query.get("site", "") or ("" if listing.all_sites else session.home_site)
    given = {each.name: value for each in listing.filters if (value := _given(each, query.get(each.name, "")))}
    sort = query.get("sort", "")
    ascending, name = not sort.startswith("-"), sort.removeprefix("-")
    sorts = [column.name for column in listing.columns if column.sorts]
    known = name in sorts
    return Wish(
        site=site[:64],
        within=sites_of(request),
        given=given,
        sort=name if known else listing.sort or next(iter(sorts), ""),
        oldest=ascending if known else listing.oldest,
        after=place_of(query.get("after", "")),
        most=listing.shown + 1,
    )


def _given(each: Filter, value: str) -> str:
    """What that filter may be; empty for anything else."""
    value = value.strip()[:LONGEST]
    if each.kind == "date":
        return value if typed_day(value) else ""
    if each.kind == "choice":
        return value if value in dict(each.options) else ""
    return value if value.isprintable() else ""


# -- what is in memory anyway --------------------------------------------------------------------


def arranged(rows: Iterable[Row], listing: Listing, wish: Wish) -> list[Row]:
    """Rows that are all in memory, in the order that was asked for, from where the page begins."""
    every = list(rows)
    names = [column.name for column in listing.columns]
    if wish.sort in names:
        at = names.index(wish.sort)
        every = sorted(every, key=lambda row: _order(row.cells[at]), reverse=not wish.oldest)
    begins = max(0, wish.after.at) if wish.after else 0
    return [replace(row, place=Place(n, "n")) for n, row in enumerate(every[begins : begins + wish.most], begins + 1)]


def holds(text: str, *fields: str) -> bool:
    """Whether one of the fields has these characters, in whatever case."""
    return any(text.casefold() in each.casefold() for each in fields)


def _order(cell: Cell) -> tuple[int, Any]:
    """Kinds of cells apart, so that unlike ones need not be compared; nothing is the least."""
    match cell:
        case None | "":
            return 0, 0
        case Verdict():
            return 1, (_RANKS.get(cell.colour, 9), cell.word)
        case datetime():
            return 2, cell.timestamp()
        case date():
            return 3, cell.toordinal()
        case int() | float() | Decimal():
            return 4, cell
        case Graded():
            return 4, cell.value
        case Link():
            return 5, cell.text.casefold()
        case tuple():
            return 5, " ".join(cell).casefold()
        case str():
            return 5, cell.casefold()
