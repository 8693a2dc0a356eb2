"""What the handheld remembers: the state folded from its records, the plans they name, the last readings.

The records are the truth. The shelf only shortens the way: it keeps the state as it was when no round
was open, and the newest readings of each check longer than the journal keeps its records.
"""

from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final

import msgspec

from app.duties.site import Plan, Stop, decode_plan, encode_plan
from app.errors import BookError
from app.kinds import PlanNamed
from app.logbook.book import Logbook
from app.record import Entry
from app.resume import State, fold_one, reading_key, reading_of

READINGS: Final = 10
"""Readings kept of each check."""
SHORT: Final = 5000
"""Records that are folded sooner than the shelf is opened (its import costs 16 ms)."""

Reading = tuple[int, str]
"""(number of the record, value)."""


class Memory:
    """Folds entries as they are written. The loop owns it; only `save` may run beside it."""

    def __init__(self, logbook: Logbook, plan: Plan) -> None:
        self._logbook = logbook
        self._plans: dict[int, Plan | None] = {plan.revision: plan}
        self._files: dict[int, str] | None = None
        self._fresh: dict[str, list[Reading]] = {}
        """Readings that are not on the shelf yet."""
        self.state, self.seq = self._kept()
        self.take(logbook.entries(self.seq + 1))

    def take(self, entries: Iterable[Entry]) -> None:
        """Fold what is durable."""
        for entry in entries:
            record = entry.record
            if record.kind == "check.answered":
                self._note(record.seq, reading_of(self.state.round, self.round_plan, record))
            self.state = fold_one(self.state, record, self.plan_of)
            self.seq = max(self.seq, record.seq)

    # -- plans --------------------------------------------------------------------------------
    @property
    def round_plan(self) -> Plan | None:
        """The plan the open round is walked under; None without a round, or when it is nowhere any more."""
        return self.plan_of(self.state.round.revision) if self.state.round else None

    def take_plan(self, plan: Plan) -> None:
        """The office sent a revision. Older ones stay: a round may be walked under them."""
        self._plans[plan.revision] = plan
        self._files = None

    def plan_of(self, revision: int) -> Plan | None:
        """A revision, from memory or from what the office sent earlier."""
        if revision not in self._plans:
            self._plans[revision] = self._received(revision)
        return self._plans[revision]

    def _received(self, revision: int) -> Plan | None:
        if self._files is None:
            self._files = dict(self._plan_files())
        raw = self._logbook.received(self._files.get(revision, ""))
        try:
            return decode_plan(raw) if raw is not None else None
        except ValueError:
            return None

    def _plan_files(self) -> Iterable[tuple[int, str]]:
        for note in self._logbook.notes():
            for item in note.get("items", ()) if note.get("note") == "page" else ():
                if item.get("kind") == "plan":
                    yield int(item["rev"]), str(item["sha256"])

    def name_plan(self, plan: Plan) -> PlanNamed:
        return PlanNamed(plan.revision, sha256(encode_plan(plan)).hexdigest())

    # -- readings -----------------------------------------------------------------------------
    def readings(self, stop: Stop, check: str) -> tuple[str, ...]:
        """The last readings at a check, newest first."""
        return tuple(value for _, value in reversed(self._readings(reading_key(stop, check))))

    def _readings(self, key: str) -> list[Reading]:
        shelved = (self._logbook.shelf.get("readings", key) or {}).get("values", [])
        values = {int(seq): str(value) for seq, value in [*shelved, *self._fresh.get(key, ())]}
        return sorted(values.items())[-READINGS:]

    def _note(self, seq: int, found: tuple[str, str] | None) -> None:
        if found is not None:
            key, value = found
            self._fresh[key] = [*self._fresh.get(key, ()), (seq, value)][-READINGS:]

    # -- the shelf ----------------------------------------------------------------------------
    def keep(self) -> None:
        """Put the readings on the shelf, and the state when no round is open."""
        shelf = self._logbook.shelf
        for key in list(self._fresh):
            shelf.put("readings", key, {"values": [list(reading) for reading in self._readings(key)]})
            del self._fresh[key]
        if self.state.round is None:
            shelf.put("state", "state", self._snapshot())
            shelf.upto = self.seq

    def save(self) -> None:
        """Write the shelf, off the loop. A view: when the disk refuses, the records are folded again instead."""
        with suppress(OSError):
            self._logbook.shelf.save()

    def _snapshot(self) -> dict[str, Any]:
        return {
            "hash": self._logbook.hash_of(self.seq),
            "seq": self.seq,
            "state": msgspec.to_builtins(self.state),
        }

    def _kept(self) -> tuple[State, int]:
        """The state as it was last kept, and up to which record; nothing and 0 when it cannot be used."""
        nothing = State(book=self._logbook.book_id), 0
        if self._logbook.head.seq < SHORT:
            return nothing
        kept = self._logbook.shelf.get("state", "state") or {}
        try:
            state, seq = msgspec.convert(kept.get("state"), State), int(kept.get("seq", 0))
            same = kept.get("hash") is not None and kept["hash"] == self._logbook.hash_of(seq)
        except (msgspec.ValidationError, TypeError, ValueError, BookError):
            return nothing
        return (state, seq) if same else nothing
