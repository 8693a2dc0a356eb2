"""What the handheld remembers: the state folded from its records, the plans they name, its cards.

The records are the truth. What the journal's segments keep shortens the way, and stands in for records that
are gone: the state and the cards as they were before a segment's first record (decision 14). Looked up are
the cards on the shelf, and those made since over them.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app.cards import READINGS, AssetCard, Cards, Matter, PointCard
from app.duties.site import Plan, Stop, decode_plan
from app.kinds import PlanNamed
from app.logbook.book import Logbook
from app.logbook.shelf import Shelf
from app.record import Entry, Record
from app.resume import State, fold_one, reading_key
from app.version import VERSION

if TYPE_CHECKING:
    from app.relayed import Relayed

MATTER: Final = "matter"
"""Kind of the office's pages that tell of one."""


class _Kept(Struct, frozen=True):
    """What a segment's snapshot keeps for us."""

    state: State
    program: str = ""
    """The version that folded it; another one folds the records again where they are."""
    cards: dict[str, dict[str, msgspec.Raw]] | None = None
    seq: int = 0
    """Up to which record."""
    base: int = 0
    """How many records the books before had: readings are numbered through."""


class Memory:
    """Folds entries as they are written. The loop owns it; only `save` may run beside it."""

    def __init__(self, logbook: Logbook, *plans: Plan) -> None:
        self._logbook = logbook
        self._plans: dict[str, Plan | None] = {plan.sha256: plan for plan in plans}
        self._base = 0
        self._book = logbook.book_id
        self._cards = Cards(self._shelf)
        self._noted = 0
        """Up to which record the cards know."""
        self._relayed: dict[str, str] = {}
        """Hash of the page that each matter was merged with."""
        self._known: dict[str, int] = {}
        """How many records that page has."""
        self._clashes: dict[str, tuple[tuple[str, int], tuple[Record, ...]]] = {}
        """Looked for in that page with so many records known."""
        self.state, self.seq = self._kept()
        self.take(logbook.entries(self.seq + 1))
        self.take_relayed()

    def take(self, entries: Iterable[Entry]) -> None:
        """Fold what is durable."""
        if self._logbook.book_id != self._book:
            entries = self._turn_over()
        for entry in entries:
            record, before = entry.record, self.state
            self.state = fold_one(before, record, self.plan_of)
            if record.seq > self._noted:
                plan = self.plan_of(before.plan) if before.plan else None
                self._cards.note(record, self._base + record.seq, before, self.state, plan)
            self.seq = max(self.seq, record.seq)
        self._logbook.keep_state(self.seq, partial(self._encoded, self.state, self.seq, self._base))

    def _encoded(self, state: State, seq: int, base: int) -> bytes:
        cards = self._cards.documents(state.findings)
        return msgspec.json.encode({"base": base, "cards": cards, "program": VERSION, "seq": seq, "state": state})

    def _turn_over(self) -> Iterable[Entry]:
        """Another book goes on here (decision 8): what it took over, and all its records."""
        last, self._book, self.seq, self._noted = self.seq, self._logbook.book_id, 0, 0
        if (carried := self._carried()) is None:
            self._base += last
        else:
            self.state = carried
        return self._logbook.entries(1)

    def _carried(self) -> State | None:
        """The state that this book took over from the one before, if it took over any."""
        data = self._logbook.first_state()
        found = None if data is None else _decoded(data)
        if found is None:
            return None
        self._base = found.base + found.seq
        if found.cards is not None:
            self._cards.restore(found.cards)
        return found.state

    # -- what other handhelds see to too ------------------------------------------------------
    def take_relayed(self) -> None:
        """Merge what the office sent of matters with what this handheld recorded of them since."""
        items = self._logbook.pages(MATTER)
        news = [id for id, item in items.items() if self._relayed.get(id) != item.sha256]
        if not news:
            return
        from app import relayed

        before, raised = self.state, {}
        for id in news:
            sent, left = self._records_of(id)
            self._relayed[id], self._known[id] = items[id].sha256, len(sent)
            others = {other: seqs for other, seqs in self.state.mine.items() if other != id}
            mine = tuple(each.record.seq for each in left)
            self.state = replace(self.state, mine={**others, id: mine} if mine else others)
            if records := [*sent, *left]:
                self.state = relayed.merged(self.state, id, records)
                raised[id] = records[0].record
        self._cards.merged(before, self.state, raised)
        self._logbook.keep_state(self.seq, partial(self._encoded, self.state, self.seq, self._base))

    def _records_of(self, matter: str) -> "tuple[Sequence[Relayed], Sequence[Relayed]]":
        """All records of a matter that are known here: as the office sent them, and those of ours that it did not."""
        from app.relayed import Relayed, read_page

        sent = read_page(self._logbook.page(MATTER, matter))
        theirs = {each.record.seq for each in sent if each.book == self._book}
        left = (seq for seq in self.state.mine.get(matter, ()) if seq not in theirs)
        own = (entry.record for seq in left for entry in self._logbook.entries(seq, 1) if entry.record.seq == seq)
        return sent, [Relayed(self._book, record) for record in own]

    def known_of(self, matter: str) -> int:
        """How many records of a matter are known here."""
        return self._known.get(matter, 0) + len(self.state.mine.get(matter, ()))

    def clash(self, matter: str) -> tuple[Record, ...]:
        """Two records of the same step by people who did not know of each other; empty when there is no such pair.

        Read from the disk once for as many records as are known: a screen asks each time it draws.
        """
        if matter not in self._known:
            return ()
        key = self._relayed[matter], self.known_of(matter)
        if self._clashes.get(matter, (None, ()))[0] != key:
            from app.relayed import clash

            sent, left = self._records_of(matter)
            self._clashes[matter] = key, tuple(each.record for each in clash([*sent, *left]))
        return self._clashes[matter][1]

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

    # -- looking up ---------------------------------------------------------------------------
    def readings(self, stop: Stop, check: str, but: int = 0) -> tuple[str, ...]:
        """The last readings at a check, newest first and without the one of record `but`; of a meter, those since it
        was exchanged."""
        key, asset = reading_key(stop, check), self._asset_of(stop, check)
        found = (self.asset(asset) if asset else None, self.point(stop.point))
        all_ = [reading for card in found if card is not None for reading in card.checks.get(key, ())]
        others = (reading for reading in all_ if not but or reading.number != self._base + but)
        newest = sorted(others, key=lambda reading: reading.number, reverse=True)
        since = next((place for place, reading in enumerate(newest) if reading.exchange), READINGS - 1)
        return tuple(reading.value for reading in newest[: since + 1])

    def _asset_of(self, stop: Stop, check: str) -> str | None:
        """What a check looks at."""
        plan = self.round_plan
        try:
            checks = plan.checks_of(stop) if plan else ()
        except KeyError:
            return None
        return next((each.asset for each in checks if each.id == check), None)

    def asset(self, id: str) -> AssetCard | None:
        """None before the first record about it."""
        return self._cards.asset(id)

    def point(self, id: str) -> PointCard | None:
        """None before the first record about it."""
        return self._cards.point(id)

    def matter(self, id: str) -> Matter | None:
        """None when it is closed."""
        return self._cards.matter(id)

    def matters(self) -> tuple[Matter, ...]:
        """What is open, oldest first."""
        found = (self._cards.matter(id) for id in self.state.findings)
        return tuple(matter for matter in found if matter is not None)

    # -- the shelf ----------------------------------------------------------------------------
    def keep(self) -> None:
        """Put the cards on the shelf."""
        if self._logbook.book_id != self._book:  # its records are not folded yet
            return
        self._cards.shelve(self.state.findings)
        self._logbook.shelf.upto = self.seq

    def save(self) -> None:
        """Write the shelf, off the loop. A view: when the disk refuses, the records are folded again instead."""
        with suppress(OSError):
            self._logbook.shelf.save()

    # -- the start ----------------------------------------------------------------------------
    def _kept(self) -> tuple[State, int]:
        """The state to fold on from, and up to which record it goes: as a segment kept it, or the book before."""
        kept = self._logbook.kept_state()
        found = _decoded(kept.data) if kept else None
        if kept is None or found is None or not (found.program == VERSION or self._logbook.lacks(kept.seq)):
            state, seq, cards = self._carried() or State(book=self._logbook.book_id), 0, None
        else:
            state, seq, cards = found.state, kept.seq, found.cards
            self._base = found.base
        if cards is not None:
            self._cards.restore(cards, seq)
        elif self._logbook.lacks(self._logbook.head.seq) and self._logbook.shelf.upto:
            self._cards, self._noted = Cards(self._shelf, whole=False), self._logbook.shelf.upto
        return state, seq

    def _shelf(self) -> Shelf:
        """Of the book in use."""
        return self._logbook.shelf


def _decoded(data: bytes) -> _Kept | None:
    """None for another version's."""
    try:
        return msgspec.json.decode(data, type=_Kept)
    except ValueError:
        return None
