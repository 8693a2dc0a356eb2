"""Alarms as every page shows them, and the page where they are listed with what was done about each."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.site import Person, Plan
from sync.office import alarms as rules
from sync.office.alarm_words import act_words, alarm_word, outcome_word, place_of
from sync.office.alarms import Alarm
from sync.office.credentials import everybody, named
from sync.office.places import Places, round_url
from sync.office.sites import named_plans
from sync.office.store.paging import Place
from sync.office.store.plans import are_several
from sync.office.verdicts import Verdict


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as alarms need it."""

    alarms: list[Alarm]
    plans: dict[str, Plan]
    """The newest plan of each of their sites, for names."""
    people: dict[str, Person]
    """Whom they name; where somebody did something about one, everybody: an act keeps a name and no id."""
    several: bool = False
    """The office has more than one site."""


class AlarmSeen(Struct, frozen=True):
    site: str
    id: str
    word: str
    verdict: Verdict
    time: str
    site_name: str
    """Empty when there is only one site."""
    place: str
    people: str
    href: str
    ref: str
    acts: list[str]
    move: str
    """What the visitor may do about it now: `taken` or `closed`; else empty."""
    button: str
    outcomes: list[tuple[str, str]]
    """What it may have been, to be chosen by whoever closes it: (value, word)."""


class Banner(Struct, frozen=True):
    """What stands above a page: alarms that somebody must act on, and what else is told."""

    standing: list[AlarmSeen]
    told: list[AlarmSeen]
    more: bool = False
    """There is more of it than stands here."""


NONE = Banner([], [])
NO_FACTS = Facts([], {}, {})
ABOVE: Final = 5
"""Alarms of each kind above a page; the rest are on the alarms' own page."""
COLOURS = {"raised": "red", "taken": "amber", "closed": "dim"}


def read_facts(
    tx: Connection,
    now: int,
    told_ms: int = rules.TOLD_MS,
    within: Sequence[str] = (),
    most: int | None = None,
    after: Place | None = None,
) -> Facts:
    return facts_of(tx, rules.read_alarms(tx, now, told_ms, within, most, after))


def facts_of(tx: Connection, alarms: list[Alarm]) -> Facts:
    """What the pages say beside them."""
    if not alarms:
        return NO_FACTS
    there = tuple(sorted({each.site for each in alarms}))
    about = {person for each in alarms for person in each.detail.by}
    people = everybody(tx) if any(each.acts for each in alarms) else named(tx, about)
    return Facts(alarms, named_plans(tx, there), people, several=are_several(tx))


def show_alarms(facts: Facts, lang: str, *, may_act: bool, may_read: bool) -> list[AlarmSeen]:
    """Newest first. `may_act`: the visitor may take and close; `may_read`: and may see the round."""
    return [
        _alarm(alarm, Places(lang, facts.plans.get(alarm.site), facts.people), facts.several, may_act, may_read)
        for alarm in facts.alarms
    ]


def banner(facts: Facts, lang: str, *, may_act: bool, may_read: bool) -> Banner:
    """The newest that stand and the newest that are told; closed alarms are for the alarms' own page."""
    standing = [each for each in facts.alarms if each.stands]
    told = [each for each in facts.alarms if each.is_finding]
    first, others = (
        show_alarms(replace(facts, alarms=some[:ABOVE]), lang, may_act=may_act, may_read=may_read)
        for some in (standing, told)
    )
    return Banner(first, others, more=max(len(standing), len(told)) > ABOVE)


def _alarm(alarm: Alarm, places: Places, several: bool, may_act: bool, may_read: bool) -> AlarmSeen:
    detail, w = alarm.detail, places.w
    ref = places.record(detail.ref)
    move = rules.NEXT[alarm.state] if may_act and alarm.stands else ""
    return AlarmSeen(
        site=alarm.site,
        id=alarm.id,
        word=alarm_word(alarm, places),
        verdict=Verdict("red", w("state_urgent")) if alarm.is_finding else _state(alarm, places),
        time=places.moment(detail.ref.at),
        site_name=places.site(alarm.site) if several else "",
        place=place_of(detail, places),
        people=places.persons(detail.by),
        href=round_url(alarm.site, detail.round) if detail.round and may_read and not alarm.early else "",
        ref=f"{ref} ({w('ahead')})" if alarm.early else ref,
        acts=[act_words(act, places) for act in alarm.acts],
        move=move,
        button=w(f"alarm_move_{move}") if move else "",
        outcomes=[(each, outcome_word(each, places.lang)) for each in rules.OUTCOMES] if move == "closed" else [],
    )


def _state(alarm: Alarm, places: Places) -> Verdict:
    return Verdict(COLOURS[alarm.state], places.w(f"alarm_{alarm.state}"))
