"""Cards: what the crew looks up about an asset, a point and an open matter, folded from the records (decision 14).

One card each, bounded by the site and not by history: the last readings of a check, the last arrival, what is
open. New cards wait here until they are put on the shelf; which records they were made of is app.memory's business.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from app import kinds
from app.duties.clones import History, count_of, remember, unheard_after
from app.duties.findings import Finding
from app.duties.readings import Exchange
from app.duties.site import Plan
from app.logbook.shelf import Shelf
from app.record import Record
from app.resume import State, reading_of

if TYPE_CHECKING:
    from app.duties.orders import Order

READINGS: Final = 10
"""Readings kept of each check."""
CHECKS: Final = 100
"""Checks kept on a card; of more, those read longest ago go."""
NOTED: Final = 5
"""Answers kept on an asset's card in words, and as many of its other records."""
LONGEST: Final = 80
"""Characters of those words."""
TAGS: Final = 8
"""Tags of a point whose counters are kept, those heard last."""


class Reading(Struct, frozen=True, array_like=True):
    number: int
    """Of its record, counted through the books of this handheld."""
    at: int
    """UTC ms."""
    value: str
    ok: bool
    exchange: Exchange | None = None
    """Set when the meter was exchanged before it: the readings before are another meter's."""


class Noted(Struct, frozen=True, array_like=True):
    """A record that names an asset, in a line."""

    at: int
    """UTC ms."""
    kind: str
    words: str
    ok: bool


class Arrived(Struct, frozen=True):
    at: int
    """UTC ms."""
    round: str
    grade: str


Checks = dict[str, tuple[Reading, ...]]
"""The last readings of each check, oldest first, by `point/checklist/check`."""


class AssetCard(Struct, frozen=True):
    """设备卡."""

    seen: int = 0
    """UTC ms of the last record about it."""
    by: tuple[str, ...] = ()
    """Who made that."""
    checks: Checks = {}
    matters: tuple[str, ...] = ()
    """Ids of its open findings and hazards."""
    noted: tuple[Noted, ...] = ()
    """The last records that name it, oldest first (D10)."""


class PointCard(Struct, frozen=True):
    """点位卡."""

    arrived: Arrived | None = None
    checks: Checks = {}
    """Of what is no asset's."""
    matters: tuple[str, ...] = ()
    counts: dict[str, History] = {}
    """The last counters of each of its tags, by `format/identity`."""
    unheard: int = 0
    """How many visits running its beacons were silent while the radio worked."""

    def history(self, heard: kinds.BleEvidence) -> History:
        """The counters of that tag in the records before."""
        return self.counts.get(_tag(heard), ())

    def visited(self, record: Record, body: kinds.StopArrived) -> "PointCard":
        """The card after an arrival."""
        heard, counts = body.evidence.ble, self.counts
        if heard is not UNSET and (after := remember(self.history(heard), count_of(heard, record))):
            others = {tag: each for tag, each in counts.items() if tag != _tag(heard)}
            counts = dict([*others.items(), (_tag(heard), after)][-TAGS:])
        arrived = Arrived(record.at, body.round, body.grade)
        return replace(self, arrived=arrived, counts=counts, unheard=unheard_after(self.unheard, body.evidence))


class Matter(Struct, frozen=True):
    """An open finding or hazard; its card goes when it is closed."""

    finding: Finding
    asset: str | None


Card = AssetCard | PointCard | Matter
C = TypeVar("C", AssetCard, PointCard, Matter)
Documents = dict[str, dict[str, Any]]
"""By table and id, as JSON takes them."""

ANSWER: Final = "check.answered"
ASSETS, POINTS, MATTERS = "assets", "points", "matters"
_TABLES: Final[Mapping[type[Card], str]] = {AssetCard: ASSETS, PointCard: POINTS, Matter: MATTERS}


class Cards:
    """The shelf's cards and the newer ones over them. `shelf` gives the shelf of the book in use."""

    def __init__(self, shelf: Callable[[], Shelf], *, whole: bool = True) -> None:
        """`whole`: the records, or `restore`, bring all cards; else what is on the shelf counts from the beginning."""
        self._shelf = shelf
        self._fresh: dict[tuple[str, str], Card | msgspec.Raw] = {}
        self._restored: int | None = None
        self._shelved = not whole

    def restore(self, cards: Mapping[str, Mapping[str, msgspec.Raw]], upto: int | None = None) -> None:
        """All cards as they were after record `upto` of this book; None when they are of the book before."""
        self._fresh = {(table, id): raw for table, rows in cards.items() for id, raw in rows.items()}
        self._restored, self._shelved = upto, False

    # -- looking up ---------------------------------------------------------------------------
    def asset(self, id: str) -> AssetCard | None:
        return self._get(AssetCard, id)

    def point(self, id: str) -> PointCard | None:
        return self._get(PointCard, id)

    def matter(self, id: str) -> Matter | None:
        return self._get(Matter, id)

    def _get(self, kind: type[C], id: str) -> C | None:
        """None also for a card that another version wrote and this one cannot read."""
        table = _TABLES[kind]
        found = self._fresh.get((table, id))
        if isinstance(found, kind):
            return found
        try:
            if isinstance(found, msgspec.Raw):
                return msgspec.json.decode(found, type=kind)
            shelved = self._shelf().get(table, id) if self._shelved else None
            return None if shelved is None else msgspec.convert(shelved, kind)
        except ValueError:
            return None

    # -- folding ------------------------------------------------------------------------------
    def note(self, record: Record, number: int, before: State, after: State, plan: Plan | None) -> None:
        """Fold one record: `before` and `after` it the state was so; `plan` is the open round's."""
        known = kinds.read(record)
        if known is not None:
            self._noted(record, known, after)
        if before.findings is not after.findings:
            for id in before.findings.keys() - after.findings.keys():
                self._close(id)
            self._changed(before.findings, after.findings)
        match known:
            case kinds.StopArrived() as body:
                self._put(body.point, (self.point(body.point) or PointCard()).visited(record, body))
                label = body.evidence.label
                if label is not UNSET and label.asset is not UNSET:
                    self._put(label.asset, self._seen(label.asset, record))
            case kinds.CheckAnswered() as body:
                self._answered(record, body, number, before, plan)
            case kinds.FindingRaised() as body:
                self._raised(f"{after.book}:{record.seq}", body, after)

    def _answered(
        self, record: Record, body: kinds.CheckAnswered, number: int, before: State, plan: Plan | None
    ) -> None:
        seen = self._seen(body.asset, record) if body.asset else None
        found = reading_of(before.round, plan, record)
        if found is not None:
            key, value = found
            exchange = body.exchange if body.exchange is not UNSET else None
            reading = Reading(number, record.at, value, body.ok, exchange)
            back = number - record.seq + body.corrects if body.corrects is not UNSET else None
            if seen is not None:
                seen = replace(seen, checks=_with(seen.checks, key, reading, back))
            else:
                point = key.partition("/")[0]
                card = self.point(point) or PointCard()
                self._put(point, replace(card, checks=_with(card.checks, key, reading, back)))
        if seen is not None and body.asset:
            self._put(body.asset, seen)

    def _raised(self, id: str, body: kinds.FindingRaised, after: State) -> None:
        if id not in after.findings:  # dealt with on the spot
            return
        self._put(id, Matter(after.findings[id], body.asset))
        if body.asset and id not in (asset := self.asset(body.asset) or AssetCard()).matters:
            self._put(body.asset, replace(asset, matters=(*asset.matters, id)))
        if body.point and id not in (point := self.point(body.point) or PointCard()).matters:
            self._put(body.point, replace(point, matters=(*point.matters, id)))

    def _changed(self, before: Mapping[str, Finding], after: Mapping[str, Finding]) -> None:
        """A finding that was put right, or was not right after all."""
        for id in before.keys() & after.keys():
            if before[id] is not after[id] and (matter := self.matter(id)):
                self._put(id, replace(matter, finding=after[id]))

    def merged(self, before: State, after: State, first: Mapping[str, Record]) -> None:
        """Findings that others raised, put right or closed; `first` has the first record of each."""
        for id in before.findings.keys() - after.findings.keys():
            self._close(id)
        self._changed(before.findings, after.findings)
        for id in after.findings.keys() - before.findings.keys():
            body = kinds.read(first[id]) if id in first else None
            if isinstance(body, kinds.FindingRaised):
                self._raised(id, body, after)

    def _close(self, id: str) -> None:
        matter = self.matter(id)
        self._fresh.pop((MATTERS, id), None)
        if matter is None:
            return
        if matter.asset and (asset := self.asset(matter.asset)):
            self._put(matter.asset, replace(asset, matters=tuple(each for each in asset.matters if each != id)))
        if matter.finding.point and (point := self.point(matter.finding.point)):
            left = tuple(each for each in point.matters if each != id)
            self._put(matter.finding.point, replace(point, matters=left))

    def _seen(self, asset: str, record: Record) -> AssetCard:
        return replace(self.asset(asset) or AssetCard(), seen=record.at, by=record.by)

    def _noted(self, record: Record, body: kinds.Body, after: State) -> None:
        """Whatever names an asset, or a finding or an order about one, is a record of that asset (D10)."""
        asset, words = self._about(body, after)
        if not asset:
            return
        card = self._seen(asset, record)
        noted = (*card.noted, Noted(record.at, record.kind, words[:LONGEST], getattr(body, "ok", True)))
        self._put(asset, replace(card, noted=_last(noted)))

    def _about(self, body: kinds.Body, after: State) -> tuple[str | None, str]:
        """The asset of a record, and in words what it says of it."""
        asset, words, order, finding = (getattr(body, name, None) for name in ("asset", "words", "order", "finding"))
        said = words if isinstance(words, str) else ""
        if isinstance(asset, str):
            return asset, said
        if isinstance(order, str) and (known := _order(after, order)):
            return known.asset, said or known.words
        if isinstance(finding, str) and (matter := self.matter(finding)):
            return matter.asset, said or matter.finding.words
        return None, ""

    def _put(self, id: str, card: Card) -> None:
        self._fresh[_TABLES[type(card)], id] = card

    # -- keeping ------------------------------------------------------------------------------
    def shelve(self, matters: Collection[str]) -> None:
        """Put what is new on the shelf; `matters` are open, others leave it."""
        shelf = self._shelf()
        stands = self._restored is not None and shelf.upto >= self._restored
        for (table, id), card in list(self._fresh.items()):
            if not (stands and isinstance(card, msgspec.Raw)):
                plain = msgspec.json.decode(card) if isinstance(card, msgspec.Raw) else msgspec.to_builtins(card)
                shelf.put(table, id, plain)
        for id in shelf.table(MATTERS).keys() - set(matters):
            shelf.remove(MATTERS, id)
        self._fresh, self._shelved = {}, True

    def documents(self, matters: Collection[str]) -> Documents:
        """All cards, for whoever keeps them. May be called from another thread: new cards are read before old ones,
        so that one which is being shelved is not missed."""
        fresh = list(self._fresh.items())
        found: Documents = {
            table: self._shelf().table(table) if self._shelved else {} for table in (ASSETS, POINTS, MATTERS)
        }
        for (table, id), card in fresh:
            found[table][id] = card
        found[MATTERS] = {id: found[MATTERS][id] for id in matters if id in found[MATTERS]}
        return found


def _order(state: State, id: str) -> "Order | None":
    if "orders" not in state.shares:
        return None
    from app.kinds.orders import ORDERS

    return state.share(ORDERS).get(id)


def _tag(heard: kinds.BleEvidence) -> str:
    return f"{heard.format}/{heard.tag}"


def _last(noted: tuple[Noted, ...]) -> tuple[Noted, ...]:
    """The newest of each class: the many answers of a round do not push out its repairs."""
    answers = [each for each in noted if each.kind == ANSWER][-NOTED:]
    others = [each for each in noted if each.kind != ANSWER][-NOTED:]
    return tuple(each for each in noted if each in (answers if each.kind == ANSWER else others))


def _with(checks: Checks, key: str, reading: Reading, back: int | None) -> Checks:
    """`checks` with one reading more; the one numbered `back` is taken back."""
    kept = [each for each in checks.get(key, ()) if each.number not in (back, reading.number)]
    checks = {**checks, key: tuple([*kept, reading][-READINGS:])}
    if len(checks) > CHECKS:
        del checks[min(checks, key=lambda name: checks[name][-1].number)]
    return checks
