"""What somebody at the desk said of a month: figures that no record gives 手填, and the cases it tells (D61, D67)."""

from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app import kinds
from app.kinds.figures import CaseDropped, CaseKept, FigureEntered, FigureWithdrawn
from app.record import Record
from sync.office.store import entries, known, spans
from sync.office.store.entries import EntryRow
from sync.office.subjects import CASE, FIGURE


class Hand(Struct, frozen=True):
    """手填: a figure that somebody entered at the desk."""

    value: Decimal
    by: tuple[str, ...]
    at: int
    words: str
    ref: str
    """`book:seq`."""


Hands = dict[tuple[str, str], Hand]
"""By month and figure."""


class Said(Struct):
    """What stands in one site's desk book."""

    hands: Hands = {}
    kept: dict[str, dict[str, tuple[CaseKept, Record]]] = {}
    """By month and case."""


def by_hand(tx: Connection, sites: Collection[str]) -> dict[str, Said]:
    """By site: of each figure and typical case the last that was said."""
    found = {site: Said() for site in sites}
    for site, ref, record in _said(tx, sites):
        hands, kept = found[site].hands, found[site].kept
        match kinds.read(record):
            case FigureEntered(month, figure, value, words) if (number := _number(value)) is not None:
                hands[month, figure] = Hand(number, record.by, record.at, words, ref)
            case FigureWithdrawn(month, figure):
                hands.pop((month, figure), None)
            case CaseKept(month, case) as body:
                kept.setdefault(month, {})[case] = (body, record)
            case CaseDropped(month, case):
                kept.get(month, {}).pop(case, None)
    return found


def _said(tx: Connection, sites: Collection[str]) -> Iterator[tuple[str, str, Record]]:
    """(site, `book:seq`, record), in the order in which they were said; what other books say counts for nothing."""
    by_site: dict[str, list[EntryRow]] = {}
    for row in spans.entries_of(tx, sites, (FIGURE, CASE)):
        by_site.setdefault(row.site, []).append(row)
    for site, rows in by_site.items():
        desk = known.get(tx, f"{known.DESK}{site}")
        own = {row.seq: row for row in rows if row.book.hex() == desk}
        raws = entries.raws(tx, site, list(own.values()))
        for seq, row in sorted(own.items()):
            if (row.book, seq) in raws:
                yield site, f"{desk}:{seq}", msgspec.json.decode(raws[row.book, seq].raw, type=Record)


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
