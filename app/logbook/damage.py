"""Declaring damage (decision 8): the bad stretch stays as it is, and the book says what was lost with it. Pure."""

from collections.abc import Sequence
from typing import Any

from app.logbook.chain import Damage, Hole
from app.logbook.drafts import Draft
from app.logbook.ledger import Ledger


def declared(ledger: Ledger, damage: Sequence[Damage]) -> tuple[list[Draft], list[dict[str, Any]]]:
    """A record for each hole that came with it, the newest first, and a note for each stretch."""
    lost = {(each.first, each.last) for each in damage}
    holes = [hole for hole in ledger.holes if (hole.first, hole.last) in lost]
    holes.sort(key=lambda hole: -hole.first)
    return [_hole(hole) for hole in holes], [_stretch(each) for each in damage]


def _hole(hole: Hole) -> Draft:
    body = {"from": hole.first, "last_good": hole.good.hex(), "next": hole.next.hex(), "to": hole.last}
    return Draft("damage.declared", body)


def _stretch(damage: Damage) -> dict[str, Any]:
    return {"length": damage.length, "note": "damage", "offset": damage.offset, "segment": damage.segment}
