"""Violations (D35): the three papers that one finding leads through, in their order.

Patrol record 巡查记录, dissuasion notice 劝阻通知书, report to the authority 报告书. Each has its own fields,
and a time that is never before that of the one before. Nothing here looks at a clock or a disk.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from app.duties import findings
from app.duties.days import local_time, millis
from app.duties.provisions import Violation
from app.duties.site import Calendar


class Paper(StrEnum):
    """Words: app.words.violations `paper_…`."""

    RECORD = "record"
    NOTICE = "notice"
    REPORT = "report"


PARTIES: Final = ("owner", "tenant", "builder", "shop", "passer", "unknown")
"""Who did it, as far as it can be said without a name. Words: `party_…`."""
ANSWERS: Final = ("stopped", "promised", "refused", "nobody")
"""What came of dissuading them on the spot. Words: `answer_…`."""
SIGNED: Final = ("signed", "refused", "posted")
"""How they got the notice: signed for it, would not sign 拒签, nobody was there and it was posted on the door 张贴."""
HANDED: Final = ("receipt", "phone", "online")
"""How the report was handed in: against a receipt 送达回执, by telephone, on a platform. Words: `handed_…`."""
NEEDS_NUMBER: Final = ("receipt", "online")


class Why(StrEnum):
    """Why a paper is not made. Words: `why_…`."""

    AGAIN = "again"
    TOO_EARLY = "too-early"
    """The paper before it is missing."""
    NO_NUMBER = "no-number"


class Case(Struct, frozen=True):
    """How far the papers of one finding are; times are UTC ms."""

    recorded: int
    party: str
    """Of PARTIES."""
    answer: str
    """Of ANSWERS."""
    room: str = ""
    """Digits and dashes; no names (D44)."""
    noticed: int | None = None
    demand: str = ""
    """Phrase of the plan: what they are asked to do."""
    number: str = ""
    """Of the notice."""
    signed: str = ""
    """Of SIGNED."""
    comply: int | None = None
    """They are to have done it by then."""
    reported: int | None = None


Made = Case | Why
"""The case after a paper, or why there is none."""


def record(case: Case | None, at: int, party: str, answer: str, room: str = "", *, found: int) -> Made:
    """The patrol record of something `found` then."""
    return Why.AGAIN if case else Case(max(at, found), party, answer, room)


def notify(case: Case | None, at: int, demand: str, number: str, signed: str, comply: int) -> Made:
    """The notice was handed over, with the time `comply` to do what it asks."""
    if case is None:
        return Why.TOO_EARLY
    if case.noticed is not None:
        return Why.AGAIN
    if not number:
        return Why.NO_NUMBER
    at = max(at, case.recorded)
    return replace(case, noticed=at, demand=demand, number=number, signed=signed, comply=max(comply, at))


def report(case: Case | None, at: int) -> Made:
    """It was reported to the authority."""
    if case is None or case.noticed is None:
        return Why.TOO_EARLY
    return Why.AGAIN if case.reported is not None else replace(case, reported=max(at, case.noticed))


def next_paper(case: Case | None) -> Paper | None:
    """What comes next; None when all three are made."""
    if case is None:
        return Paper.RECORD
    if case.noticed is None:
        return Paper.NOTICE
    return Paper.REPORT if case.reported is None else None


def due(case: Case | None, rule: Violation, calendar: Calendar, zone: ZoneInfo, found: int) -> int | None:
    """Until when the next paper is to be made, UTC ms; None when there is none, or it is needed no more.

    The record is due on the day of the finding. Who stopped at once needs no notice. The report waits until the time
    of the notice is over, unless they would not take it.
    """
    match next_paper(case):
        case Paper.RECORD:
            return _after(findings.SAME_DAY, found, calendar, zone)
        case Paper.NOTICE if case and case.answer != "stopped":
            return _after(rule.notice, case.recorded, calendar, zone)
        case Paper.REPORT if case and case.noticed is not None:
            begin = case.noticed if case.signed == "refused" else max(case.comply or 0, case.noticed)
            return _after(rule.report, begin, calendar, zone)
    return None


def comply_by(rule: Violation, at: datetime, calendar: Calendar) -> int:
    """What the notice gives them, counted from `at` (aware, in the site's zone); UTC ms."""
    return millis(findings.due(rule.comply, at, calendar))


def _after(limit: str, at: int, calendar: Calendar, zone: ZoneInfo) -> int:
    return millis(findings.due(limit, local_time(at, zone), calendar))
