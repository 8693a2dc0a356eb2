"""Alarms at the office (D50, D66): which stand, and how somebody takes one and closes it.

An alarm stands until somebody has taken and closed it, however old it is. An urgent finding has its own
way to an end, so it is only told for some days. What the office decides goes down by the changes feed.
"""

from collections.abc import Collection
from typing import Final, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Text
from app.errors import NotAllowed
from app.record import Record
from sync.office.details import AlarmDetail, Ref
from sync.office.reading import alarm_of
from sync.office.store import alarms as table
from sync.office.store.alarms import Act
from sync.office.store.changes import publish
from sync.office.store.paging import Place, Span
from sync.office.store.records import Urgent, urgent_ahead
from sync.office.store.rounds import AlarmOrder, AlarmRow, alarms_standing

State = Literal["raised", "taken", "closed"]
Outcome = Literal["", "real", "false", "test"]
"""What a closed alarm turned out to be."""
OUTCOMES: Final[tuple[Outcome, ...]] = ("real", "false", "test")
NEXT: Final[dict[str, State]] = {"raised": "taken", "taken": "closed"}
TOLD_MS: Final = 3 * 24 * 3600 * 1000
"""How long a closed alarm and an urgent finding are told."""


class Alarm(Struct, frozen=True):
    """One urgent record and what became of it."""

    site: str
    id: str
    """`book:seq` of its record."""
    detail: AlarmDetail
    heard: int
    """When it was raised by its handheld's clock; by the office's while it is `early`."""
    early: bool = False
    """It came alone, and its turn in the book has not come."""
    acts: tuple[Act, ...] = ()

    @property
    def is_finding(self) -> bool:
        return bool(self.detail.category)

    @property
    def state(self) -> State:
        return "raised" if not self.acts else "taken" if self.acts[-1].state == "taken" else "closed"

    @property
    def stands(self) -> bool:
        """Somebody must still act on it here."""
        return not self.is_finding and self.state != "closed"


class Move(Struct, frozen=True):
    """What somebody does about an alarm."""

    state: str
    """What it becomes: taken or closed."""
    outcome: str
    """Empty unless it is closed."""
    account: str
    by: Text
    """The account's person, or empty."""
    at: int
    """UTC ms."""


class Said(Struct, frozen=True, omit_defaults=True):
    """What the handhelds are told of an alarm."""

    alarm: str
    at: int
    by: Text
    state: State
    outcome: Outcome = ""


def read_alarms(
    tx: Connection,
    now: int,
    told_ms: int = TOLD_MS,
    within: Collection[str] = (),
    most: int | None = None,
    after: Place | None = None,
) -> list[Alarm]:
    """Newest first: what stands, and what was raised in the last `told_ms` before `now` (UTC ms), of that the newest
    `most` behind `after`. Of all sites, or of those of `within`.
    """
    since = now - told_ms
    found = [_folded(row) for row in alarms_standing(tx, since, within, most, after)]
    found = _with_acts(tx, [*found, *_early(tx, within)])
    shown = [alarm for alarm in found if alarm.stands or alarm.heard >= since]
    return sorted(shown, key=lambda alarm: alarm.detail.ref.at, reverse=True)


def sort_alarms(
    tx: Connection, span: Span, within: Collection[str], most: int, after: Place | None, by: AlarmOrder, *, oldest: bool
) -> list[Alarm]:
    """What was raised in the span and what stands from before it, in that order: the first `most` behind `after`."""
    rows = alarms_standing(tx, span.first, within, most, after, until=span.last, by=by, oldest=oldest)
    found = _with_acts(tx, [*(_folded(row) for row in rows), *_early(tx, within)])
    begins = _key(after.rest.rpartition("/")[0], after.at, after.rest.rpartition("/")[2], by) if after else None

    def is_asked(alarm: Alarm) -> bool:
        key = _key(alarm.site, alarm.heard, alarm.id, by)
        behind = begins is None or (key > begins if oldest else key < begins)
        return behind and alarm.heard < span.last and (alarm.stands or alarm.heard >= span.first)

    asked = filter(is_asked, found)
    return sorted(asked, key=lambda each: _key(each.site, each.heard, each.id, by), reverse=not oldest)[:most]


def _key(site: str, at: int, alarm: str, by: AlarmOrder) -> tuple[str, int, str]:
    return site if by == "site" else "", at, alarm


def _early(tx: Connection, within: Collection[str]) -> list[Alarm]:
    """What came alone and whose turn has not come."""
    ahead = (alarm for urgent in urgent_ahead(tx) if (alarm := _ahead(urgent)))
    return [alarm for alarm in ahead if not within or alarm.site in within]


def _with_acts(tx: Connection, found: list[Alarm]) -> list[Alarm]:
    acts = table.acts_of(tx, ((alarm.site, alarm.id) for alarm in found))
    return [
        msgspec.structs.replace(alarm, acts=tuple(done)) if (done := acts.get((alarm.site, alarm.id))) else alarm
        for alarm in found
    ]


def move(tx: Connection, site: str, alarm: str, to: Move) -> None:
    """Take an alarm or close it, and tell the site's handhelds.

    Raises NotAllowed for an alarm that does not stand, when somebody else was faster, and when it is closed and nobody
    says what it was.
    """
    found = next((each for each in read_alarms(tx, to.at) if (each.site, each.id) == (site, alarm)), None)
    if found is None or found.is_finding:
        raise NotAllowed("office.alarm_unknown")
    if NEXT.get(found.state) != to.state:
        raise NotAllowed("office.alarm_moved")
    known: tuple[Outcome, ...] = OUTCOMES if to.state == "closed" else ("",)
    outcome = next((each for each in known if each == to.outcome), None)
    if outcome is None:
        raise NotAllowed("office.alarm_outcome")
    table.add(tx, Act(site, alarm, len(found.acts) + 1, to.state, to.at, to.account, to.by.say("zh"), outcome))
    body = Said(alarm, to.at, to.by, NEXT[found.state], outcome)
    publish(tx, site, "alarm", alarm, msgspec.json.encode(body, order="sorted"), to.at)


def _folded(row: AlarmRow) -> Alarm:
    return Alarm(row.site, row.alarm, msgspec.json.decode(row.detail, type=AlarmDetail), row.at)


def _ahead(urgent: Urgent) -> Alarm | None:
    if urgent.quarantine or not urgent.kind:
        return None
    record = msgspec.json.decode(urgent.raw, type=Record)
    book = urgent.book.hex()
    detail = alarm_of(Ref(urgent.seq, book[:12], record.at), record)
    return Alarm(urgent.site, f"{book}:{urgent.seq}", detail, urgent.received_at, early=True) if detail else None
