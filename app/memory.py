"""What the handheld remembers: the state folded from its records, the plans they name, the last readings.

The records are the truth. Two things shorten the way or stand in for records that are gone: the state
that the journal's segments keep (decision 14), and the shelf, which has the newest readings of each
check longer than the journal keeps its records.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from app.duties.site import Plan, Stop, decode_plan
from app.kinds import PlanNamed
from app.logbook.book import Logbook
from app.record import Entry
from app.resume import State, fold_one, reading_key, reading_of

READINGS: Final = 10
"""Readings kept of each check."""
SHORT: Final = 5000
"""Records that are folded sooner than a kept state and the shelf are opened (TinyDB's import costs 16 ms)."""

Reading = tuple[int, str]
"""(number of the record, value)."""


class _Kept(Struct, frozen=True):
    """What a segment's snapshot keeps for us."""

    state: State
    readings: dict[str, list[Reading]] = {}
    """Those that were not on the shelf yet."""


class Memory:
    """Folds entries as they are written. The loop owns it; only `save` may run beside it."""

    def __init__(self, logbook: Logbook, *plans: Plan) -> None:
        self._logbook = logbook
        self._plans: dict[str, Plan | None] = {plan.sha256: plan for plan in plans}
        self._fresh: dict[str, list[Reading]] = {}
        """Readings that are not on the shelf yet."""
        self.state, self.seq = self._kept()
        self.take(logbook.entries(self.seq + 1))

    def take(self, entries: Iterable[Entry]) -> None:
        """Fold what is durable."""
        for entry in entries:
            record = entry.record
            self._note(entry, self.state)
            self.state = fold_one(self.state, record, self.plan_of)
            self.seq = max(self.seq, record.seq)
        self._logbook.keep_state(self.seq, partial(msgspec.json.encode, _Kept(self.state, dict(self._fresh))))

    # -- plans --------------------------------------------------------------------------------
    @property
    def round_plan(self) -> Plan | None:
        """The plan the open round is walked under; None without a round, or when it is nowhere any more."""
        return self.plan_of(self.state.plan) if self.state.round and self.state.plan else None

    def take_plans(self, *plans: Plan) -> None:
        """The office sent revisions. Older ones stay: a round may be walked under them."""
        self._plans |= {plan.sha256: plan for plan in plans}

    def plan_of(self, named: PlanNamed) -> Plan | None:
        """The very plan that a record names, from memory or from what the office sent earlier."""
        if named.sha256 not in self._plans:
            self._plans[named.sha256] = self._received(named.sha256)
        return self._plans[named.sha256]

    def _received(self, sha256: str) -> Plan | None:
        raw = self._logbook.received(sha256)
        try:
            return decode_plan(raw) if raw is not None else None
        except ValueError:
            return None

    def name_plan(self, plan: Plan) -> PlanNamed:
        """As `round.started` names it: by the bytes that were received."""
        self.take_plans(plan)
        return PlanNamed(plan.revision, plan.sha256)

    # -- readings -----------------------------------------------------------------------------
    def readings(self, stop: Stop, check: str) -> tuple[str, ...]:
        """The last readings at a check, newest first."""
        return tuple(value for _, value in reversed(self._readings(reading_key(stop, check))))

    def _readings(self, key: str) -> list[Reading]:
        shelved = (self._logbook.shelf.get("readings", key) or {}).get("values", [])
        values = {int(seq): str(value) for seq, value in [*shelved, *self._fresh.get(key, ())]}
        return sorted(values.items())[-READINGS:]

    def _note(self, entry: Entry, state: State) -> None:
        """The reading in a record, if it is one; `state` is the one before it."""
        if entry.record.kind != "check.answered" or state.plan is None:
            return
        found = reading_of(state.round, self.plan_of(state.plan), entry.record)
        if found is not None:
            key, value = found
            values = {**dict(self._fresh.get(key, ())), entry.record.seq: value}
            self._fresh[key] = sorted(values.items())[-READINGS:]

    # -- the shelf ----------------------------------------------------------------------------
    def keep(self) -> None:
        """Put the readings on the shelf."""
        shelf = self._logbook.shelf
        for key in list(self._fresh):
            shelf.put("readings", key, {"values": [list(reading) for reading in self._readings(key)]})
            del self._fresh[key]
        if self.state.round is None:
            shelf.upto = self.seq

    def save(self) -> None:
        """Write the shelf, off the loop. A view: when the disk refuses, the records are folded again instead."""
        with suppress(OSError):
            self._logbook.shelf.save()

    # -- the start ----------------------------------------------------------------------------
    def _kept(self) -> tuple[State, int]:
        """The state to fold on from, and up to which record it goes; nothing and 0 when every record is folded."""
        nothing = State(book=self._logbook.book_id), 0
        if self._logbook.head.seq < SHORT and not self._logbook.lacks(self._logbook.head.seq):
            return nothing
        kept = self._logbook.kept_state()
        if kept is None or not (kept.seq >= SHORT or self._logbook.lacks(kept.seq)):
            return nothing
        try:
            found = msgspec.json.decode(kept.data, type=_Kept)
        except ValueError:  # another version's: what is there is folded
            return nothing
        self._fresh = found.readings
        self._read_again(kept.seq)
        return found.state, kept.seq

    def _read_again(self, last: int) -> None:
        """Readings up to `last` that a cut power kept from the shelf. No round was open where the shelf ends."""
        first, state = self._logbook.shelf.upto + 1, State()
        for entry in self._logbook.entries(first, max(0, last + 1 - first)):
            if entry.record.seq > last:
                return
            self._note(entry, state)
            state = fold_one(state, entry.record, self.plan_of)
