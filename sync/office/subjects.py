"""Which record stands in which list: the subject, and the key that tells its registers, posts, assets … apart.

A record may stand in several lists, and in most of them only a few kinds do. What needs the plan, or the matter that a
record is about, is added by whoever has read that (sync.office.measures, sync.office.relaying).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from app.kinds.matters import matter_of
from app.record import Record
from sync.office.store.entries import EntryRow
from sync.office.store.paging import kept
from sync.office.store.records import Stored

REGISTER, HANDOVER, PROCEDURE, SURVEY = "register", "handover", "procedure", "survey"
FINDING, ORDER, REQUEST, ASSET = "finding", "order", "request", "asset"
CLEANING, SCORE, PERSON = "cleaning", "score", "person"
EXCUSE, EXPLANATION, LATE, FIGURE, CASE = "excuse", "explanation", "late", "figure", "case"
MESSAGE: Final = "message"
LONGEST: Final = 200
MOST_PEOPLE: Final = 50
"""Of a crew, in the list of their records."""

Pairs = Iterator[tuple[str, str]]
"""Subject and key."""


def entries_of(stored: Stored, record: Record) -> list[EntryRow]:
    """The lists in which the record stands, as far as its own bytes tell."""
    found = dict.fromkeys(_pairs(stored, record))
    return [entry(stored, record.at, subject, key) for subject, key in found if 0 < len(key) <= LONGEST]


def entry(stored: Stored, at: int, subject: str, key: str) -> EntryRow:
    return EntryRow(stored.site, subject, key, kept(at), stored.book, stored.seq, stored.kind)


def _pairs(stored: Stored, record: Record) -> Pairs:
    begin = record.kind.partition(".")[0]
    matter = matter_of(record.kind, record.body, stored.book.hex(), stored.seq)
    if matter is not None and begin in _MATTERS:
        yield _MATTERS[begin], matter
    asset = record.body.get("asset")
    if isinstance(asset, str):
        yield ASSET, asset
    for subject, member in _NAMED.get(record.kind, _NAMED_ALL.get(begin, ())):
        named = record.body.get(member)
        if isinstance(named, str):
            yield subject, named
    if record.kind in _UNITS:
        yield SURVEY, f"{record.body.get('survey')}/{record.body.get('unit')}"
    if record.kind in _PEOPLE:
        for person in _people(record):
            yield PERSON, person


def _people(record: Record) -> list[str]:
    """Everybody of whom the record says where they were or what they did, each once."""
    crew = record.body.get("crew")
    members = [one.get("person") for one in crew if isinstance(one, Mapping)] if isinstance(crew, list) else []
    named = [*record.by, *members, *(record.body.get(name) for name in ("person", "for", "rechecker"))]
    return list(dict.fromkeys(each for each in named if isinstance(each, str)))[:MOST_PEOPLE]


_MATTERS: Final = {
    "finding": FINDING,
    "violation": FINDING,
    "order": ORDER,
    "request": REQUEST,
    "procedure": PROCEDURE,
    "message": MESSAGE,
}
"""Subject of a matter, by what its kinds begin with."""
_NAMED_ALL: Final = {
    "handover": ((HANDOVER, "post"),),
    "post": ((HANDOVER, "post"),),
    "relief": ((HANDOVER, "post"),),
    "register": ((REGISTER, "register"),),
    "figure": ((FIGURE, "figure"),),
    "case": ((CASE, "case"),),
}
"""Subject and the member of the body that is its key, by what a kind begins with."""
_NAMED: Final = {
    "point.excused": ((EXCUSE, "point"),),
    "mark.explained": ((EXPLANATION, "record"),),
    "round.late-entry": ((LATE, "schedule"),),
}
"""The same by kind."""
_UNITS: Final = frozenset({"survey.checked", "survey.closed"})
_PEOPLE: Final = frozenset(
    {
        "shift.opened", "crew.joined", "crew.left", "shift.closed", "pin.refused", "pin.unlocked", "round.started",
        "round.late-entry", "post.manned", "post.stood-in", "relief.asked", "relief.missing", "handover.given",
        "handover.taken", "alarm.raised", "lone.answered",
    }
)  # fmt: skip
"""Kinds that tell where somebody was, or what somebody answers for, in a list of a person's records."""
