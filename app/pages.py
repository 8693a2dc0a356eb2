"""What the office sent, as the crew works by it: which revision of the plan holds today, and what to do with a
page that this program cannot read.

A page that a newer office wrote in a form we do not know never stops a handheld: the last one that can
be read stays in use, and the person is told.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Literal, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from app.duties.days import local_time, millis, settle
from app.duties.rotating import EID_BYTES, NO_TABLES, Tables, TagTable
from app.duties.site import Credentials, People, Plan, Text, decode_plan
from app.duties.tuning import Tuning, tuned
from app.errors import WatchbookError
from app.logbook.reader import Enrolment
from app.logbook.snapshots import PageItem
from app.tuning import tuning_of

T = TypeVar("T")


class Book(Protocol):
    """A logbook, or a reader of one."""

    @property
    def office(self) -> Enrolment | None: ...

    def pages(self, kind: str) -> Mapping[str, PageItem]: ...

    def page(self, kind: str, id: str | None = None) -> bytes | None: ...

    def earlier(self, kind: str) -> Iterator[bytes]: ...


class AlarmNews(Struct, frozen=True):
    """What the office says of an alarm that this handheld raised."""

    alarm: str
    """`book:seq` of its record."""
    state: Literal["taken", "closed"]
    at: int
    """UTC ms."""
    by: Text | str = ""
    """Who has it, as people call them; empty when nobody says. Older offices say it in one language."""
    outcome: str = ""
    """What a closed one was: real, false, test; a newer office may know others, an older one says none."""

    def name(self, lang: str) -> str:
        return self.by if isinstance(self.by, str) else self.by.say(lang)


class TableSent(Struct, frozen=True):
    """A TagTable on its way."""

    tag: str
    first: int
    window_ms: int
    ids: bytes
    """Eight bytes each, in base64: half of what their digits would take."""


class TablesSent(Struct, frozen=True):
    """The page `tag-tables`."""

    tables: tuple[TableSent, ...]


class Pages(Struct, frozen=True):
    """What the office sent, as the handheld holds it now."""

    plan: Plan
    """The revision that holds when the pages were read."""
    people: People
    credentials: Credentials
    others: tuple[Plan, ...] = ()
    """Other revisions: one of them may become effective."""
    unread: tuple[str, ...] = ()
    """Kinds of which this program cannot read a newer page."""
    alarms: dict[str, AlarmNews] = {}
    """By the alarm's id: those that a person has taken, or that are over."""
    tables: Tables = NO_TABLES
    """Of the site's tags whose identity changes."""
    tuning: Tuning = Tuning()
    """What stands in place of the plan's numbers and of the handheld's own settings."""

    def plan_at(self, at: int) -> Plan:
        """The revision that holds at that moment, UTC ms."""
        return in_force((self.plan, *self.others), at) if self.others else self.plan


def in_force(plans: Collection[Plan], at: int) -> Plan:
    """The newest revision whose moment has come at the site (decision 22); before the first one's, the oldest."""
    begun = [plan for plan in plans if has_begun(plan, at)]
    return max(begun, key=_revision) if begun else min(plans, key=_revision)


def has_begun(plan: Plan, at: int) -> bool:
    """Whether its moment has come at `at`, UTC ms."""
    now = local_time(at, ZoneInfo(plan.site.zone))
    return (plan.effective, plan.effective_at) <= (f"{now:%Y-%m-%d}", f"{now:%H:%M}")


def begins(plan: Plan) -> int:
    """The moment from which it holds, UTC ms."""
    local = datetime.fromisoformat(f"{plan.effective}T{plan.effective_at or '00:00'}")
    return millis(settle(local, ZoneInfo(plan.site.zone)))


def _revision(plan: Plan) -> int:
    return plan.revision


def pages_of(book: Book, at: int) -> Pages:
    """The pages that hold at `at` (UTC ms). Raises WatchbookError saying what is missing or unreadable."""
    plans, unread = _plans(book, at)
    people, people_unread = _newest(book, "people", _people)
    credentials, credentials_unread = _newest(book, "credentials", _credentials)
    if not plans or people is None or credentials is None:
        raise WatchbookError("cli.no_plan" if book.office else "cli.not_enrolled")
    plan = in_force(plans, at)
    tables, tables_unread = _tag_tables(book)
    faults = {
        "plan": unread,
        "people": people_unread,
        "credentials": credentials_unread,
        "tag-tables": tables_unread,
    }
    return Pages(
        plan=plan,
        people=people,
        credentials=credentials,
        others=tuple(other for other in plans if other is not plan),
        unread=tuple(kind for kind, fault in faults.items() if fault),
        alarms={news.alarm: news for news in _alarms(book)},
        tables=tables,
        tuning=tuning_of(book),
    )


def plan_of(book: Book, at: int) -> Plan | None:
    """The revision that holds at `at` (UTC ms), as it is tuned here; None before the first came. Raises
    WatchbookError."""
    plans, _ = _plans(book, at)
    return tuned(in_force(plans, at), tuning_of(book)) if plans else None


def people_of(book: Book) -> People | None:
    """The people file; None before the first came. Raises WatchbookError."""
    return _newest(book, "people", _people)[0]


def tables_of(book: Book) -> Tables:
    """Of the site's tags whose identity changes; none where they cannot be read."""
    return _tag_tables(book)[0]


def _plans(book: Book, at: int) -> tuple[list[Plan], bool]:
    """Every revision that can be read, and whether one cannot."""
    found = [_read(_plan, book.page("plan", id)) for id in book.pages("plan")]
    plans = [plan for plan in found if plan is not None]
    unread = len(plans) < len(found)
    if unread and not any(has_begun(plan, at) for plan in plans):
        earlier = [_read(_plan, body) for body in book.earlier("plan")]
        plans += [plan for plan in earlier if plan is not None and has_begun(plan, at)]
    if unread and not plans:
        raise WatchbookError("cli.page_unreadable", kind="plan")
    return plans, unread


def _alarms(book: Book) -> Iterator[AlarmNews]:
    """One that cannot be read is as if nobody had taken the alarm: nobody relies on it then."""
    for id in book.pages("alarm"):
        news = _read(_alarm, book.page("alarm", id))
        if news is not None:
            yield news


def _tag_tables(book: Book) -> tuple[Tables, bool]:
    """Without one that can be read the changing tags are strangers, and their points take the label."""
    try:
        tables, unread = _newest(book, "tag-tables", _tables)
    except WatchbookError:
        return NO_TABLES, True
    return tables or NO_TABLES, unread


def _newest(book: Book, kind: str, decode: Callable[[bytes], T]) -> tuple[T | None, bool]:
    """What the newest page of a kind says that can be read, and whether a newer one cannot."""
    if not book.pages(kind):
        return None, False
    found = _read(decode, book.page(kind))
    if found is not None:
        return found, False
    for body in book.earlier(kind):
        found = _read(decode, body)
        if found is not None:
            return found, True
    raise WatchbookError("cli.page_unreadable", kind=kind)


def _read(decode: Callable[[bytes], T], body: bytes | None) -> T | None:
    """None for what this program cannot read; an unknown time zone is such a thing too."""
    try:
        return None if body is None else decode(body)
    except (ValueError, KeyError, RecursionError):
        return None


def _plan(body: bytes) -> Plan:
    plan = decode_plan(body)
    ZoneInfo(plan.site.zone)
    return plan


@lru_cache(1)
def _tables(body: bytes) -> Tables:
    sent = msgspec.json.decode(body, type=TablesSent)
    return Tables(tuple(_table(each) for each in sent.tables))


def _table(sent: TableSent) -> TagTable:
    if sent.window_ms <= 0 or len(sent.ids) % EID_BYTES:
        raise ValueError("no windows")
    digits, size = sent.ids.hex(), 2 * EID_BYTES
    ids = tuple(digits[at : at + size] for at in range(0, len(digits), size))
    return TagTable(sent.tag, sent.first, sent.window_ms, ids)


def _alarm(body: bytes) -> AlarmNews:
    return msgspec.json.decode(body, type=AlarmNews)


def _people(body: bytes) -> People:
    return msgspec.json.decode(body, type=People)


def _credentials(body: bytes) -> Credentials:
    return msgspec.json.decode(body, type=Credentials)
