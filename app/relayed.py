"""Matters that several handhelds see to (decision 21): work orders, findings, call-outs.

The office sends down, matter by matter, the records that all handhelds made about it, in the order in which they came.
A matter is what its records make of it, by the same code everywhere; what this handheld recorded since comes last.
Whoever acts says how many of the records it knew: two who did the same without knowing of each other are a clash,
which stands until somebody who knows of both does it once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app import kinds
from app.record import Record
from app.resume import State, fold_one, with_share

ONCE: Final = frozenset({"order.accepted", "order.postponed", "finding.rechecked"})
"""Steps that clash when two take them without knowing of each other."""
GIVEN: Final = "order.dispatched"
"""The desk gives it to somebody: who accepts it without knowing of that, and is another, clashes with it."""
MOST: Final = 200
"""Records of a matter."""
LARGEST: Final = 512 * 1024
_SHARES: Final = {
    "order.": ("orders", ""),
    "procedure.": ("procedures", ""),
    "violation.": ("violations", ""),
    "review.": ("reviews", "returned"),
    "point.": ("afterwards", "excused"),
    "message.": ("messages", ""),
}
"""By what a kind begins with: whose share knows of the matter, and in which member of it; "" for the share itself."""


class Relayed(Struct, frozen=True):
    """One record about a matter, and whose book it stands in."""

    book: str
    record: Record


class Page(Struct, frozen=True):
    """What the office sends of a matter."""

    records: tuple[Relayed, ...]


def read_page(raw: bytes | None) -> tuple[Relayed, ...]:
    """The records of a page; none when it cannot be read."""
    if raw is None or len(raw) > LARGEST:
        return ()
    try:
        return msgspec.json.decode(raw, type=Page).records[:MOST]
    except (ValueError, RecursionError):
        return ()


def fold_matter(records: Iterable[Relayed]) -> State:
    """What the records make of their matter: a state that knows of nothing else."""
    state = State()
    for each in records:
        state = fold_one(replace(state, book=each.book), each.record, _no_plan)
    return state


def _no_plan(_: kinds.PlanNamed) -> None:
    return None


def merged(state: State, matter: str, records: Sequence[Relayed]) -> State:
    """`state` with the matter as its records make it, whatever it was before."""
    alone = fold_matter(records)
    findings = {id: each for id, each in state.findings.items() if id != matter}
    if (finding := alone.findings.get(matter)) is not None:
        findings[matter] = finding
    state = replace(state, findings=findings)
    for begins, (module, member) in _SHARES.items():
        if any(each.record.kind.startswith(begins) for each in records):
            share = kinds.share_in(module)
            known, mine = _matters(state.share(share), member), _matters(alone.share(share), member).get(matter)
            others = {id: each for id, each in known.items() if id != matter}
            after = others if mine is None else {**others, matter: mine}
            state = with_share(state, share, replace(state.share(share), **{member: after}) if member else after)
    return state


def _matters(share: Any, member: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(share, member) if member else share
    return found


def clash(records: Sequence[Relayed]) -> tuple[Relayed, ...]:
    """The last step that two took without knowing of each other, with the one it clashes with; empty when none stands.

    A step that does not say how many records its handheld knew clashes with nothing.
    """
    found: dict[str, tuple[Relayed, ...]] = {}
    for place, each in enumerate(records):
        if each.record.kind == GIVEN:
            found.pop("order.accepted", None)
        if each.record.kind not in ONCE:
            continue
        known = each.record.body.get("saw")
        unseen = records[known:place] if isinstance(known, int) and known >= 0 else ()
        others = [one for one in unseen if one.book != each.book and _is_against(one.record, each.record)]
        found[each.record.kind] = (others[-1], each) if others else ()
    return next((pair for pair in found.values() if pair), ())


def _is_against(before: Record, record: Record) -> bool:
    if before.kind == GIVEN and record.kind == "order.accepted":
        return before.body.get("person") != record.body.get("person")
    return before.kind == record.kind
