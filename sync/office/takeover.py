"""What the office knows of a site's other handhelds, for a spare that takes over from one of them.

A handheld's records since its shift was opened are folded as the handheld itself would fold them, so what the spare
is told is what the broken one knew, up to the last record that came.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app import kinds
from app.duties import rounds
from app.duties.days import millis
from app.duties.site import Plan, decode_plan
from app.kinds import PlanNamed
from app.kinds.handheld import ELSEWHERE, HandheldTookOver
from app.record import Record
from app.resume import State, fold_one
from sync.office.details import RoundDetail, StopDetail
from sync.office.handheld_settings import inherit
from sync.office.store import devices, heads
from sync.office.store import rounds as table
from sync.office.store.devices import Device
from sync.office.store.heads import Mark
from sync.office.store.plans import plan_walked
from sync.office.store.records import Stored
from sync.office.store.rounds import RoundRow, StopRow
from sync.wire import Other, OtherRound, Reached

LONGEST: Final = 5_000
"""Records of one shift."""
SHIFT_MS: Final = 24 * 3600 * 1000
MOST: Final = 60
"""Handhelds that are looked at."""


def others(tx: Connection, site: str, but: str, post: str, now: int) -> tuple[Other, ...]:
    """The site's handhelds with an open shift, without `but`; those at `post` first. `now` is UTC ms."""
    found = []
    marks = heads.marks(tx, site)
    in_use = (each for each in devices.every(tx, site) if each.revoked_at is None and not each.replaced_by)
    for device in islice((each for each in in_use if each.device != but and each.book), MOST):
        book = device.book or b""
        mark = marks.get((site, book))
        other = _other(tx, device, book, mark, now) if mark else None
        if other is not None:
            found.append(other)
    return tuple(sorted(found, key=lambda each: (each.post != post, -each.heard)))


def _other(tx: Connection, device: Device, book: bytes, mark: Mark, now: int) -> Other | None:
    """None when no shift is open on it, as far as is known here."""
    opened = table.last_of_kind(tx, device.site, book, mark.seq, "shift.opened")
    if opened is None or now - opened.received_at > SHIFT_MS:
        return None
    state = State()
    for one in table.records_between(tx, device.site, book, opened.seq, mark.seq, LONGEST):
        if one.kind and one.quarantine is None:
            state = fold_one(state, msgspec.json.decode(one.raw, type=Record), lambda named: _plan(tx, device, named))
    if state.shift is None:
        return None
    crew = tuple(member.person for member in state.shift.crew)
    return Other(
        device=device.device,
        name=device.name,
        book=book.hex(),
        seq=mark.seq,
        heard=mark.at,
        post=state.posts.here or "",
        crew=crew,
        round=_round(state),
    )


def _round(state: State) -> OtherRound | None:
    progress = state.round
    if progress is None:
        return None
    done = tuple(Reached(visit.stop, visit.at) for visit in progress.visits if visit.at is not None and visit.done)
    return OtherRound(progress.round, rounds.slot_id(progress.round), progress.schedule, done)


def _plan(tx: Connection, device: Device, named: PlanNamed) -> Plan | None:
    row = plan_walked(tx, device.site, named.revision, named.sha256)
    return decode_plan(row.raw) if row else None


# -- when the spare's records come -------------------------------------------------------------------


class TookOver(Struct, frozen=True):
    """What a spare said: `book` does the work of the handheld of `before`."""

    book: bytes
    before: str
    at: int
    by: str
    """Whose badge or PIN it was: id of a person."""
    came: int
    """When the office heard it, UTC ms."""


def said_in(stored: Iterable[Stored]) -> list[TookOver]:
    found = []
    for one in stored:
        if one.kind != "handheld.took-over" or one.quarantine is not None:
            continue
        record = msgspec.json.decode(one.raw, type=Record)
        body = kinds.read(record)
        if isinstance(body, HandheldTookOver) and body.before:
            by = record.by[0] if record.by else ""
            found.append(TookOver(one.book, body.before.book, record.at, by, one.received_at))
    return found


def note_replaced(tx: Connection, site: str, said: TookOver) -> None:
    """The broken handheld is marked, once; what it still holds is taken as before."""
    writers = {each.book: each.device for each in devices.every(tx, site) if each.book}
    old, new = writers.get(_unhex(said.before)), writers.get(said.book)
    if old and new:
        stand_in(tx, site, old, new, said.at, said.by, said.came)


def stand_in(tx: Connection, site: str, old: str, new: str, at: int, by: str, now: int) -> bool:
    """The handheld `new` does the work of `old` since `at`, with its settings; False when it is known or over.

    `by` is who said so, `now` the office's time (UTC ms).
    """
    if not devices.replace_device(tx, site, old, new, at):
        return False
    inherit(tx, site, old, new, by, now)
    return True


def with_taken(tx: Connection, row: RoundRow, stops: list[StopRow]) -> tuple[RoundRow, list[StopRow]]:
    """The round with how many of the stops that it left out were reached before, by the office's own records."""
    left = {stop.stop for stop in stops if stop.at is None and _is_elsewhere(stop)}
    if not left:
        return row, stops
    detail = msgspec.json.decode(row.detail, type=RoundDetail)
    names = [name for name in table.rounds_in_slot(tx, row.site, row.slot) if name != row.round]
    at: dict[str, int] = {}
    for those in table.stops_of_several(tx, row.site, names).values():
        at.update({stop.stop: stop.at for stop in those if stop.at is not None and stop.stop in left})
    opens, closes = row.opens, millis(detail.closes)
    inside = sum(opens <= each < closes for each in at.values())
    return replace(row, detail=msgspec.json.encode(replace(detail, taken=len(at), taken_in_window=inside))), stops


def _is_elsewhere(stop: StopRow) -> bool:
    skips = msgspec.json.decode(stop.detail, type=StopDetail).skips
    return bool(skips) and skips[-1].reason == ELSEWHERE


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
