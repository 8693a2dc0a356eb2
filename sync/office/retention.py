"""How long the office keeps what, and how it lets it go (decision 9; D43 and the inspector's three years).

The plan in force says how long: rounds of patrol, cleaning and greening `keep_days`, a register's lines its
`retention_days`, all else, and the matters found on those rounds, `keep_safety_days`. A hold keeps what somebody may
still ask for. A round goes whole: while one of its records is on hold, or its time is not over, all of them stay and
the sign-ins before them. What ties a book together (its keys, its beginning and end) always stays, and of a purged
record number and hash: chains can be checked as before.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.site import Plan
from app.errors import WatchbookError
from app.record import Record
from sync.office import relaying, reviewing
from sync.office.store import Store, blobs, matters
from sync.office.store import retention as table
from sync.office.store.blobs import names_in, strings_in
from sync.office.store.plans import plan_at
from sync.office.store.records import Stored
from sync.office.store.retention import Hold, RoundKept

DAY_MS: Final = 24 * 3600 * 1000
STEP: Final = 500
"""Records looked at in one transaction that writes."""
PAGE: Final = 2000
"""Records read at once."""
BRIEF: Final = ("patrol", "cleaning", "greening")
"""Kinds of routes whose rounds are kept `keep_days`."""
KEPT: Final = ("book.", "key.", "damage.", "witness.")
"""Kinds of records that a chain is checked by: they are never purged."""
MATTERS: Final = ("finding.", "order.", "alarm.")
"""Kinds of records of what goes on beyond the round on which it was found."""
SIGN_INS: Final = ("shift.opened", "crew.joined")
"""What the page of a round reads before the round itself (sync.office.fold); the first of them begins a shift."""
Key = tuple[bytes, int]
"""Book and number of a record."""


class RetentionRefused(WatchbookError):
    """The administrator: what was asked for can't be held or purged."""


class Purged(Struct, frozen=True):
    """What a purge came to."""

    records: int = 0
    rounds: int = 0
    blobs: int = 0
    held: int = 0
    """Records whose time was over, and that a hold keeps."""

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(*(getattr(self, name) + getattr(other, name) for name in Purged.__struct_fields__))


class _Step(Struct, frozen=True):
    """One page of records, looked at."""

    last: int
    gone: list[Stored]
    ended: list[RoundKept]
    named: frozenset[str]
    """Rounds of which these are all the records that there are."""
    pictures: list[bytes]
    """What only these name."""
    purged: Purged


class _Walked(Struct, frozen=True):
    """Of sync.office.details.RoundDetail what is asked for here."""

    route: str


class _Page(Struct, frozen=True):
    """Records in the order in which they came; None for what is no record."""

    records: list[tuple[Stored, Record | None]]
    known: dict[str, RoundKept]
    """Rounds that these name."""


async def purge(store: Store, site: str, now: int, *, dry: bool = False) -> Purged:
    """Purge what the site's plan keeps no longer, `now` in UTC ms; `dry` only counts. Raises RetentionRefused.

    A round goes whole, in one transaction, or stays whole. What is looked for among all records is looked for once and
    before anything is written, so that the handhelds do not wait for it.
    """
    plan = await store.read(lambda tx: plan_at(tx, site, now))  # one that is to come lets nothing go yet
    if plan is None:
        raise RetentionRefused("retention.no_plan", site=site[:64])
    survey = await _survey(store, site, plan, now)
    after, total = 0, Purged()
    while True:
        await _go_on(store, site, survey)
        step = await store.read(partial(_look, site=site, survey=survey, after=after))
        if step is None:
            return total + Purged(blobs=await _purge_unnamed(store, site, survey, dry=dry))
        if step.gone and not dry:
            done = await store.write(partial(_purge, site=site, survey=survey, after=after))
            if done is None:
                if await store.read(lambda tx: table.holds_of(tx, site)) != survey.holds:
                    survey = await _survey(store, site, plan, now)
                continue
            step = done
        survey.let_go(step)
        total += step.purged
        after = step.last


def days_of(kind: str, body: dict[str, object], route_kind: str, plan: Plan) -> int | None:
    """How many days a record is kept; None for ever. `route_kind` is that of its round, empty without one."""
    if kind.startswith(KEPT):
        return None
    if kind.startswith("register."):
        found = next((each for each in plan.registers if each.id == body.get("register")), None)
        return found.retention_days if found else plan.settings.keep_safety_days
    brief = route_kind in BRIEF and not kind.startswith(MATTERS)
    return plan.settings.keep_days if brief else plan.settings.keep_safety_days


def least_days(plan: Plan) -> int:
    """No record is purged before it is so many days old."""
    return min(plan.settings.keep_days, plan.settings.keep_safety_days, *(r.retention_days for r in plan.registers))


async def _purge_unnamed(store: Store, site: str, survey: "_Survey", *, dry: bool) -> int:
    """Pictures and texts whose record never came; how many."""
    count, after, before = 0, b"", survey.now - blobs.UNNAMED_MS
    while names := await store.read(partial(blobs.unnamed_before, site=site, before=before, after=after, most=STEP)):
        after = names[-1]
        old = [name for name in names if not survey.is_named(name)]
        count += len(old) if dry else await store.write(partial(_forget_unnamed, site=site, survey=survey, names=old))
    return count


def _forget_unnamed(tx: Connection, site: str, survey: "_Survey", names: Sequence[bytes]) -> int:
    late = {each for one, _ in _page(tx, site, survey.upto, most=-1).records for each in strings_in(one.raw)}
    return blobs.forget_blobs(tx, site, [name for name in names if name not in late], survey.now)


class _Survey:
    """What must be known of all records before one may go: which rounds stay, and how many name each picture."""

    def __init__(self, plan: Plan, now: int, holds: list[Hold]) -> None:
        self.plan, self.now, self.holds = plan, now, holds
        self.upto = 0
        """The last record that was read, by `arrived`."""
        self.held: set[str] = set()
        """Rounds with a record that is on hold."""
        self.young: set[str] = set()
        """Rounds with a record whose time is not over."""
        self._arrived: dict[str, array[int]] = {}
        self._shifts: dict[bytes, list[Key]] = {}
        self._signed: dict[str, tuple[Key, ...]] = {}
        self._needed: dict[str, frozenset[Key]] | None = None
        self._naming = Counter[bytes]()
        self._left: set[str] = set()
        """Rounds that went."""

    def take(self, page: _Page) -> None:
        """Read on: `page` comes right behind `upto`."""
        for one, record in page.records:
            self.upto = one.arrived
            self._naming.update(strings_in(one.raw))
            if record is not None:
                self._take_record(one, record, _round_of(self.plan, page.known, record))
        self._needed = None

    def _take_record(self, one: Stored, record: Record, kept: RoundKept | None) -> None:
        if one.kind in SIGN_INS:
            before = [] if one.kind == SIGN_INS[0] else self._shifts.get(one.book, [])
            self._shifts[one.book] = [*before, (one.book, one.seq)]
        name = _round_named(record)
        if name is None:
            return
        if one.kind == "round.started":
            self._signed.setdefault(name, tuple(self._shifts.get(one.book, ())))
        if self.is_on_hold(record):
            self.held.add(name)
        if one.kind.startswith(MATTERS):
            return
        over = self.is_over(one, record, kept)
        if over is False:
            self.young.add(name)
        elif over:
            self._arrived.setdefault(name, array("q")).append(one.arrived)

    def is_over(self, one: Stored, record: Record, kept: RoundKept | None) -> bool | None:
        """Whether a record's own time is over; None for one that stays for ever."""
        kind = kept.kind if kept else _kind_of(self.plan, record.body.get("route"))
        days = days_of(one.kind, record.body, kind, self.plan)
        return None if days is None else one.received_at < self.now - days * DAY_MS

    def is_on_hold(self, record: Record) -> bool:
        return any(hold.first <= at < hold.last for hold in self.holds for at in _times(record))

    def why_kept(self, one: Stored, record: Record) -> str:
        """`held` or `young` for a record whose own time is over and that stays; else empty. Whoever walked a round that
        stays signed in for it, and that stays too."""
        name, key, needed = _round_named(record), (one.book, one.seq), self._sign_ins()
        if self.is_on_hold(record) or name in self.held or key in needed["held"]:
            return "held"
        return "young" if name in self.young or key in needed["young"] else ""

    def _sign_ins(self) -> dict[str, frozenset[Key]]:
        """Of the rounds that stay, by why."""
        if self._needed is None:
            self._needed = {
                why: frozenset(key for name in names for key in self._signed.get(name, ()))
                for why, names in (("held", self.held), ("young", self.young))
            }
        return self._needed

    def has_left(self, record: Record) -> bool:
        return not record.kind.startswith(MATTERS) and _round_named(record) in self._left

    def all_of(self, names: Collection[str]) -> set[int]:
        """The records of rounds that go, by `arrived`."""
        return {arrived for name in names for arrived in self._arrived.get(name, ())}

    def only_in(self, gone: Sequence[Stored]) -> list[bytes]:
        """The pictures that no other record names."""
        here = Counter(each for one in gone for each in strings_in(one.raw))
        return [name for name in sorted(names_in(one.raw for one in gone)) if self._naming[name] <= here[name]]

    def is_named(self, picture: bytes) -> bool:
        return self._naming[picture] > 0

    def let_go(self, step: _Step) -> None:
        """The step was taken."""
        self._left |= step.named
        for one in step.gone:
            self._naming.subtract(strings_in(one.raw))

    def is_touched_by(self, page: _Page, step: _Step) -> bool:
        """Whether records that came meanwhile bear on what goes in the step."""
        books, pictures = {one.book for one in step.gone}, set(step.pictures)
        return any(
            one.book in books or pictures & strings_in(one.raw) or (record and _round_named(record) in step.named)
            for one, record in page.records
        )


async def _survey(store: Store, site: str, plan: Plan, now: int) -> _Survey:
    survey = _Survey(plan, now, await store.read(lambda tx: table.holds_of(tx, site)))
    await _go_on(store, site, survey)
    return survey


async def _go_on(store: Store, site: str, survey: _Survey) -> None:
    """Read what came since, page by page, so that nobody waits for it."""
    while (page := await store.read(lambda tx: _page(tx, site, survey.upto, PAGE))).records:
        survey.take(page)


def _page(tx: Connection, site: str, after: int, most: int, before: int | None = None) -> _Page:
    found = table.whole_records(tx, site, after, most, before)
    records = [(one, msgspec.json.decode(one.raw, type=Record) if one.kind else None) for one in found]
    named = {name for _, record in records if record and (name := _round_named(record))}
    return _Page(records, table.rounds_named(tx, site, named))


def _look(tx: Connection, site: str, survey: _Survey, after: int) -> _Step | None:
    page = _page(tx, site, after, STEP, survey.now - least_days(survey.plan) * DAY_MS)
    if not page.records:
        return None
    gone, held = [], 0
    named: dict[str, RoundKept | None] = {}
    for one, record in page.records:
        kept = _round_of(survey.plan, page.known, record) if record else None
        if record is None or survey.has_left(record) or not survey.is_over(one, record, kept):
            continue
        why = survey.why_kept(one, record)
        held += why == "held"
        if why:
            continue
        gone.append(one)
        if name := _round_named(record):
            named[name] = kept
    last = page.records[-1][0].arrived
    gone += table.records_that_came(tx, site, sorted(survey.all_of(named) - {one.arrived for one in gone}))
    ended = [kept for kept in named.values() if kept is not None and kept.detail is not None]
    purged = Purged(len(gone), len(ended), 0, held)
    return _Step(last, gone, ended, frozenset(named), survey.only_in(gone), purged)


def _times(record: Record) -> tuple[int, int]:
    """When that was by the handheld's clock, and by the office's as far as the handheld knew it."""
    return record.at, record.at + (record.off or 0)


def _round_named(record: Record) -> str | None:
    name = record.body.get("round")
    return name if isinstance(name, str) and name else None


def _round_of(plan: Plan, known: Mapping[str, RoundKept], record: Record) -> RoundKept | None:
    kept = known.get(_round_named(record) or "")
    if kept is None or kept.detail is None:
        return kept
    return replace(kept, kind=_kind_of(plan, msgspec.json.decode(kept.detail, type=_Walked).route))


def _kind_of(plan: Plan, route: object) -> str:
    found = plan.find_route(route) if isinstance(route, str) else None
    return found.kind if found else ""


def _purge(tx: Connection, site: str, survey: _Survey, after: int) -> _Step | None:
    """Looked at once more in this transaction. None, and nothing is purged, when a hold or a record came meanwhile that
    the survey does not know and that bears on it."""
    step = _look(tx, site, survey, after)
    if step is None or table.holds_of(tx, site) != survey.holds:
        return None
    if survey.is_touched_by(_page(tx, site, survey.upto, most=-1), step):
        return None
    about = matters.named(tx, site, ((one.book, one.seq) for one in step.gone))
    table.purge(tx, site, step.gone, step.ended)
    relaying.purged(tx, site, about, survey.now)
    reviewing.purged(tx, site, [(one.book, one.seq) for one in step.gone if one.kind.startswith("review.")])
    forgotten = blobs.forget_blobs(tx, site, step.pictures, survey.now)
    return replace(step, purged=step.purged + Purged(blobs=forgotten))


def hold(tx: Connection, hold: Hold) -> None:
    """Raises RetentionRefused for a span that is none."""
    if hold.first >= hold.last:
        raise RetentionRefused("retention.bad_span")
    table.add_hold(tx, hold)
