"""Matters that several handhelds see to (decision 21): work orders, findings, call-outs.

The office sends down, matter by matter, the records that all handhelds made about it, in the order in which they came.
A matter is what its records make of it, by the same code everywhere; what this handheld recorded since comes last.
Whoever acts says how many of the records it knew: two who did the same without knowing of each other are a clash,
which stands until somebody who knows of both does it once more.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app import kinds
from app.record import Record
from app.resume import State, fold_one, with_share

ONCE: Final = frozenset({"order.accepted", "order.postponed", "finding.rechecked"})
"""Steps that clash when two take them without knowing of each other."""
MOST: Final = 200
"""Records of a matter."""
LARGEST: Final = 512 * 1024


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
    except ValueError:
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
    for module in ("orders", "procedures", "violations"):
        share = kinds.share_in(module) if _is_about(module, records) else None
        if share is not None:
            others = {id: each for id, each in state.share(share).items() if id != matter}
            mine = alone.share(share).get(matter)
            state = with_share(state, share, others if mine is None else {**others, matter: mine})
    return state


def _is_about(module: str, records: Sequence[Relayed]) -> bool:
    return any(each.record.kind.startswith(module.removesuffix("s")) for each in records)


def clash(records: Sequence[Relayed]) -> tuple[Relayed, ...]:
    """The last step that two took without knowing of each other, with the one it clashes with; empty when none stands.

    A step that does not say how many records its handheld knew clashes with nothing.
    """
    found: dict[str, tuple[Relayed, ...]] = {}
    for place, each in enumerate(records):
        if each.record.kind not in ONCE:
            continue
        known = each.record.body.get("saw")
        unseen = records[known:place] if isinstance(known, int) and known >= 0 else ()
        others = [one for one in unseen if one.record.kind == each.record.kind and one.book != each.book]
        found[each.record.kind] = (others[-1], each) if others else ()
    return next((pair for pair in found.values() if pair), ())
