"""A round begun in one book and walked on in the next, which names where it goes on (`book.opened.after`; decision 8).

From a book to the next one leads its own history as far as both have it, and from there what is kept apart: a copied
handheld makes records under numbers that another history took first.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app import kinds
from app.record import Record, follow
from sync.office.store import rounds as table
from sync.office.store.records import Stored, first_records, kept_apart

LONGEST: Final = 5000
"""Records of one book that are looked through for a round, and of a way from one book to the next."""
GENERATIONS: Final = 4
"""Books that one round may be spread over, besides the first."""
_LAST: Final = 2**62


class Piece(Struct, frozen=True):
    """Records of one book in which a round may be told, by number."""

    book: bytes
    stored: Sequence[Stored]
    apart: bool = False
    previous: bytes | None = None
    """The hash before the first of them; None when the office's own history tells it."""


class Way(Struct, frozen=True):
    """From a book to the next one."""

    seq: int
    """The last record that both histories have."""
    hash: bytes
    apart: tuple[Stored, ...] = ()


class Family:
    """The books of a site by what they say of the one before; read once, as far as it is asked for."""

    def __init__(self, tx: Connection, site: str) -> None:
        self._tx, self._site = tx, site
        self._ways: dict[bytes, Way | None] = {}

    @cached_property
    def _before(self) -> dict[bytes, tuple[bytes, kinds.BookBefore]]:
        found = {}
        for book, raw in first_records(self._tx, self._site):
            body = kinds.read(msgspec.json.decode(raw, type=Record))
            if isinstance(body, kinds.BookOpened) and body.after and (parent := _unhex(body.after.book)):
                found[book] = (parent, body.after)
        return found

    def children(self, book: bytes) -> list[bytes]:
        return sorted(child for child, (parent, _) in self._before.items() if parent == book)

    def way(self, child: bytes) -> Way | None:
        """How its book before leads to `child`; None while the office does not hold all of it."""
        if child not in self._ways:
            self._ways[child] = self._find_way(*self._before[child])
        return self._ways[child]

    def _find_way(self, book: bytes, after: kinds.BookBefore) -> Way | None:
        seq, wanted = after.seq, _unhex(after.hash)
        apart: list[Stored] = []
        others = None
        while len(apart) < LONGEST:
            if wanted == (table.hash_of(self._tx, self._site, book, seq) if seq else book):
                return Way(seq, wanted, tuple(reversed(apart)))
            others = kept_apart(self._tx, self._site, book) if others is None else others
            one = others.get(wanted)
            if one is None or one.seq != seq:
                return None
            apart.append(one)
            seq -= 1
            held = table.hash_of(self._tx, self._site, book, seq) if seq else book
            before = [held, *(other.hash for other in others.values() if other.seq == seq)]
            wanted = next((link for link in before if link and follow(link, one.raw) == wanted), b"")
        return None

    def onward(self, book: bytes, first: int, last: int, name: str) -> list[Piece]:
        """The round that record `first` of `book` begins: there up to `last`, and in the books that went on with it."""
        own = table.records_between(self._tx, self._site, book, first, last, LONGEST)
        return [Piece(book, own), *self._further(book, own, name, GENERATIONS)]

    def _further(self, book: bytes, own: Sequence[Stored], name: str, generations: int) -> list[Piece]:
        found: list[Piece] = []
        for child in self.children(book) if generations and own else ():
            way = self.way(child)
            if way is None or way.seq < own[0].seq:
                continue
            if _is_over([*(one for one in own if one.seq <= way.seq), *way.apart], name):
                continue
            there = table.records_between(self._tx, self._site, child, 1, _LAST, LONGEST)
            found += _apart(book, way, 0) if way.apart else []
            found += [Piece(child, there), *self._further(child, there, name, generations - 1)]
        return found

    def from_before(self, book: bytes, name: str) -> list[Piece]:
        """The round that `book` goes on with, from where it was begun; empty when no book before it tells that."""
        own = table.records_between(self._tx, self._site, book, 1, _LAST, LONGEST)
        trail, child = [Piece(book, own), *self._further(book, own, name, GENERATIONS)], book
        for _ in range(GENERATIONS):
            way = self.way(child) if child in self._before else None
            if way is None:
                return []
            child, _ = self._before[child]
            begun = [place for place, one in enumerate(way.apart) if one.kind == "round.started"]
            if begun:
                return [*_apart(child, way, begun[-1]), *trail] if _is_of(way.apart[begun[-1]], name) else []
            start = table.last_of_kind(self._tx, self._site, child, way.seq, "round.started")
            if start is not None:
                return self.onward(child, start.seq, _LAST, name) if _is_of(start, name) else []
            between = table.records_between(self._tx, self._site, child, 1, way.seq, LONGEST)
            trail = [Piece(child, between), *(_apart(child, way, 0) if way.apart else ()), *trail]
        return []

    def begun_before(self, book: bytes) -> str | None:
        """The round that `book` began in the middle of, if its first records tell of one."""
        for one in table.records_between(self._tx, self._site, book, 1, _LAST, LONGEST):
            name = _round_of(one)
            if name is not None:
                return None if one.kind == "round.started" else name
        return None


def _apart(book: bytes, way: Way, place: int) -> list[Piece]:
    return [Piece(book, way.apart[place:], apart=True, previous=way.apart[place - 1].hash if place else way.hash)]


def _is_over(stored: Sequence[Stored], name: str) -> bool:
    """Whether the round ends among these: finished, or left for another."""
    return any(
        (one.kind == "round.finished" and _is_of(one, name)) or (one.kind == "round.started" and not _is_of(one, name))
        for one in stored
    )


def _is_of(one: Stored, name: str) -> bool:
    return _round_of(one) == name


def _round_of(one: Stored) -> str | None:
    if one.quarantine is not None or not one.kind:
        return None
    name = msgspec.json.decode(one.raw, type=Record).body.get("round")
    return name if isinstance(name, str) else None


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
