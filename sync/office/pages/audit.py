"""The audit as managers read it: who did what at the office, newest first, and whether every row is still there."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from app.words import say
from app.words.audit import TABLE
from sync.office.pages.places import Places
from sync.office.pages.view import url
from sync.office.store import audit as table
from sync.office.store.audit import Note
from sync.office.store.plans import newest_plans

SHOWN: Final = 100


class Facts(Struct, frozen=True):
    notes: list[Note]
    """Newest first, one more than is shown when there are older ones."""
    plans: dict[str, Plan]
    fault: int | None
    """Number of the first row that is not as it was written."""


class NoteSeen(Struct, frozen=True):
    number: int
    time: str
    who: str
    act: str
    site: str
    subject: str


class AuditSeen(Struct, frozen=True):
    notes: list[NoteSeen]
    whole: str
    fault: bool
    older: str


def read_audit(tx: Connection, below: str, within: Sequence[str]) -> Facts:
    """The rows under number `below`, or the newest; of the sites of `within` when there are any."""
    under = int(below) if below.isascii() and below.isdigit() and len(below) < 16 else None
    sites = frozenset(within) if within else None
    return Facts(table.newest(tx, under, SHOWN + 1, sites), newest_plans(tx), table.first_fault(tx))


def show_audit(facts: Facts, lang: str) -> AuditSeen:
    shown = facts.notes[:SHOWN]
    older = url("/audit", below=str(shown[-1].number)) if len(facts.notes) > SHOWN else ""
    whole = say(lang, "audit.whole") if facts.fault is None else say(lang, "audit.broken", number=facts.fault)
    return AuditSeen([_note(each, facts, lang) for each in shown], whole, facts.fault is not None, older)


def act_words(act: str, lang: str) -> str:
    """What was done; an act of another version as it is written."""
    name = f"act_{act.replace('-', '_')}"
    return say(lang, f"audit.{name}") if name in TABLE else act


def _note(note: Note, facts: Facts, lang: str) -> NoteSeen:
    plan = facts.plans.get(note.site) or next(iter(facts.plans.values()), None)
    places = Places(lang, plan, {})
    site = Places(lang, facts.plans.get(note.site), {}).site(note.site) if note.site else ""
    return NoteSeen(note.number, places.moment(note.at), note.account, act_words(note.act, lang), site, note.subject)
