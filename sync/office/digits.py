"""Of which head sixteen digits are (app.witness): they name no book, so those of the site's records are compared.

Two handhelds that meet come to the office at about the same time, or the one that was seen comes later: the
records are looked through that came not long before the digits, and all that come after.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.witness import Head, code
from sync.office.details import WitnessDetail
from sync.office.store import rounds as table
from sync.office.store.records import Stored, hashes_after
from sync.office.store.rounds import WitnessRow

BACK: Final = 5000
"""Records of the site, before the one with the digits, that may be meant."""


def find_heads(
    tx: Connection, site: str, stored: Sequence[Stored], seen: Sequence[WitnessRow]
) -> tuple[list[WitnessRow], list[WitnessRow]]:
    """(`seen` of these new records, older ones), each with the head its digits are of, where that is known now."""
    fresh = {(row.book, row.seq) for row in seen if not row.other}
    waiting = table.witnesses_open(tx, site)
    if not fresh and not waiting:
        return list(seen), []
    starts = [one.arrived - BACK for one in stored if (one.book, one.seq) in fresh]
    wanted: dict[str, list[WitnessRow]] = {}
    for row in (*waiting, *(row for row in seen if not row.other)):
        wanted.setdefault(msgspec.json.decode(row.detail, type=WitnessDetail).code, []).append(row)
    found: dict[tuple[bytes, int], WitnessRow] = {}
    for book, seq, link in hashes_after(tx, site, min(starts, default=stored[0].arrived - 1), stored[-1].arrived):
        for row in wanted.get(code(Head(book, seq, link)), ()):
            if row.book != book:
                found.setdefault((row.book, row.seq), replace(row, other=book.hex()[:16], other_seq=seq))
    older = [found[key] for row in waiting if (key := (row.book, row.seq)) in found]
    return [found.get((row.book, row.seq), row) for row in seen], older
