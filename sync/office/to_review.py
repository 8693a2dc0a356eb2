"""What there is to review of a site between two moments (D60): every round that was due, how it stands with its
reviewers, and what it would be sent back for. For the page, and for supervisors' handhelds.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import accepting
from app.duties.accepting import About, Review, Shown, State
from app.duties.days import local_time
from app.duties.evidence import INFORMATION
from app.duties.outcome import Excuse, Outcome, Tally, is_excused, judge_unwalked
from app.duties.review import SEVERE
from app.duties.site import Person, Plan
from sync.office import day as days
from sync.office import dues
from sync.office.details import RoundDetail, StopDetail, marks_of, outcome_of
from sync.office.dues import Due, Walked
from sync.office.reviewing import is_answered, read_reviews
from sync.office.sites import profiles
from sync.office.store import reviews as review_table
from sync.office.store import rounds as table
from sync.office.store.reviews import ReviewRow
from sync.office.store.rounds import BookRow, RoundRow, StopRow

CLEAN: Final = frozenset({Outcome.WELL, Outcome.EXCUSED})
"""What asks for nothing."""
UNDER_WAY: Final = frozenset({Outcome.COMING, Outcome.OPEN, Outcome.RUNNING})
NOT_YET: Final = UNDER_WAY | {Outcome.NO_RECORD}
"""What cannot be reviewed yet: it is not over, or its handheld has sent nothing since."""
FIRST: Final = SEVERE | {"missed"}
"""Marks that are told before the others."""
CALM: Final = ("cleaning", "greening")
_URGENCY: Final = tuple(Outcome(word) for word in ("missed", "missed_points", "unfinished", "late_entry", "abnormal"))
"""What asks first; the others follow in order of time."""


class Item(Struct, frozen=True):
    """A round, or a window that nobody walked."""

    shown: Shown
    slot: str
    schedule: str
    route: str
    opens: int
    closes: int
    outcome: Outcome
    tally: Tally
    crew: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    row: RoundRow | None = None
    detail: RoundDetail | None = None
    about: tuple[About, ...] = ()
    """Of an exception: what it would be sent back for."""
    review: Review | None = None
    """The one that counts."""
    state: State = State.OPEN
    history: tuple[ReviewRow, ...] = ()

    @property
    def name(self) -> str:
        return self.shown.round

    calm: bool = False
    """Cleaning or greening: of two that are as bad, the patrol comes first."""

    @property
    def clean(self) -> bool:
        return self.outcome in CLEAN

    @property
    def asks(self) -> bool:
        """Whether a supervisor must look at it."""
        if self.outcome in NOT_YET:
            return False
        return self.state in (State.ANSWERED, State.CHANGED) or (self.state is State.OPEN and not self.clean)

    @property
    def waits(self) -> bool:
        """It was sent back, and nobody has answered yet."""
        return self.state is State.RETURNED

    @property
    def passes(self) -> bool:
        """Whether it may be accepted together with the other clean ones."""
        return self.clean and self.state is State.OPEN


class Facts(Struct, frozen=True):
    """One snapshot of the store."""

    site: str
    plan: Plan
    """Valid on the last of the days."""
    people: dict[str, Person]
    items: tuple[Item, ...]
    """In order of time."""
    books: list[BookRow]
    """All of the site."""


def read(tx: Connection, plan: Plan, first: int, last: int, now: int) -> Facts:
    """What was due in windows that open from `first` until before `last`, UTC ms. `plan`: the site's newest."""
    zone, site = ZoneInfo(plan.site.zone), plan.site.id
    day, end = local_time(first, zone).date(), local_time(last - 1, zone).date()
    those = [day + timedelta(days=n) for n in range((end - day).days + 1)] or [day]
    found: list[Item] = []
    every = days.read_days(tx, profiles(tx, (site,)), site, those)
    for facts in every:
        due = [each for each in dues.planned_and_done(facts) if first <= each.opens < last]
        found += _items(tx, facts, due, now)
    return Facts(site, every[-1].plan, every[-1].people, tuple(found), every[-1].books)


def read_round(tx: Connection, site: str, name: str, now: int) -> Facts | None:
    """One round that was begun; None when it is not there, or its site has no plan."""
    row = table.find_round(tx, name, site)
    return read_begun(tx, row, now) if row else None


def read_begun(tx: Connection, row: RoundRow, now: int) -> Facts | None:
    """The same of a round that is there."""
    facts = days.read_day(tx, row.site, row.day, now, (row.site,))
    if facts is None:
        return None
    mine = [due for due in dues.planned_and_done(facts) if any(each.row.round == row.round for each in due.rounds)]
    items = tuple(item for item in _items(tx, facts, mine, now) if item.name == row.round)
    return Facts(row.site, facts.plan, facts.people, items, facts.books)


def ordered(items: Iterable[Item]) -> list[Item]:
    """What asks, the worst first, then by time."""
    asks = (item for item in items if item.asks)
    return sorted(asks, key=lambda item: (_rank(item), item.calm, item.opens, item.name))


def _rank(item: Item) -> int:
    if SEVERE & set(item.marks):
        return 0
    return 1 + _URGENCY.index(item.outcome) if item.outcome in _URGENCY else 1 + len(_URGENCY)


# -- one day's rounds ----------------------------------------------------------------------------


def _items(tx: Connection, facts: days.Facts, found: Sequence[Due], now: int) -> list[Item]:
    bare = [item for due in found for item in _of_due(due, facts, now)]
    names = {each for item in bare for each in (item.name, item.slot)}
    history = review_table.reviews_of(tx, facts.site, names)
    said = _said(tx, facts.site, [item for item in bare if item.row])
    judged = [_judged(item, history, said.get(item.name, 0), facts.plan) for item in bare]
    stops = table.stops_of_several(tx, facts.site, [item.name for item in judged if item.row and not item.clean])
    return [item if item.clean else _with_about(item, stops.get(item.name, ()), facts) for item in judged]


def _of_due(due: Due, facts: days.Facts, now: int) -> list[Item]:
    if due.rounds:
        return [_walked(each, due, now) for each in due.rounds]
    slot = due.slot
    assert slot is not None
    outcome = judge_unwalked(due.opens, due.closes, due.tally.planned, facts.heard, now)
    shown = Shown(slot.round, "", outcome.value, 0, due.tally.excused)
    return [Item(shown, slot.round, slot.schedule, slot.route, due.opens, due.closes, outcome, due.tally)]


def _walked(walked: Walked, due: Due, now: int) -> Item:
    row, detail, tally = walked.row, walked.detail, due.judged(walked, now)
    outcome = outcome_of(detail, tally, now)
    return Item(
        shown=Shown(row.round, detail.last.hash, outcome.value, 0, tally.excused, len(due.rounds) - 1),
        slot=row.slot,
        schedule=detail.schedule,
        route=detail.route,
        opens=due.opens,
        closes=due.closes,
        outcome=outcome,
        tally=tally,
        crew=tuple(member.person for member in detail.crew),
        marks=tuple(mark for mark in marks_of(detail) if mark not in INFORMATION),
        row=row,
        detail=detail,
    )


def _judged(item: Item, history: Mapping[str, Sequence[ReviewRow]], said: int, plan: Plan) -> Item:
    """Of a round that came after its window was reviewed as missed, that review is history and does not count."""
    shown = msgspec.structs.replace(item.shown, said=said)
    mine = history.get(item.name, ())
    review = accepting.standing(read_reviews(mine))
    answered = review is not None and is_answered(review, mine)
    state = accepting.state_of(review, shown, answered=answered, clean=item.clean)
    before, route = history.get(item.slot, ()) if item.slot != item.name else (), plan.find_route(item.route)
    calm = route is not None and route.kind in CALM
    return msgspec.structs.replace(item, shown=shown, review=review, state=state, history=(*before, *mine), calm=calm)


def _said(tx: Connection, site: str, items: Sequence[Item]) -> dict[str, int]:
    """How many marks of each round were explained."""
    spans: dict[bytes, list[tuple[int, int, str]]] = {}
    for item in items:
        for book, first, last in _spans(item):
            spans.setdefault(book, []).append((first, last, item.name))
    whole = [(book, min(each[0] for each in mine), max(each[1] for each in mine)) for book, mine in spans.items()]
    said = table.explanations_of(tx, site, whole)
    return Counter(name for row in said for first, last, name in spans[row.book] if first <= row.seq <= last)


def _spans(item: Item) -> list[tuple[bytes, int, int]]:
    assert item.row is not None
    assert item.detail is not None
    parts = [(bytes.fromhex(part.book), part.first, part.last) for part in item.detail.parts if not part.apart]
    return parts or [(item.row.book, item.row.first_seq, item.row.last_seq)]


def _with_about(item: Item, stops: Iterable[StopRow], facts: days.Facts) -> Item:
    found = sorted(_about(item, stops, facts.valid), key=lambda about: about.mark not in FIRST)
    return msgspec.structs.replace(item, about=tuple(found))


def _about(item: Item, stops: Iterable[StopRow], excuses: Sequence[Excuse]) -> Iterable[About]:
    """The round's own marks, then stop by stop what was left out or is marked."""
    if item.detail is None:
        return
    for mark in _told([*item.detail.marks, *item.detail.office_marks]):
        yield About("", mark, item.detail.started)
    for stop in sorted(stops, key=lambda each: each.position):
        detail, point = msgspec.json.decode(stop.detail, type=StopDetail), stop.point or stop.stop
        if stop.at is None:
            if not is_excused(stop.point, item.opens, item.closes, excuses):
                yield About(point, "skipped" if detail.skips else "missed")
            continue
        for mark in _told([*detail.marks, *detail.office_marks]):
            yield About(point, mark, stop.at)


def _told(marks: Collection[str]) -> list[str]:
    return [mark for mark in dict.fromkeys(marks) if mark not in INFORMATION]
