"""What people must be told who are not looking at a page (D66): alarms and who took them, missed points, overdue work,
handhelds that are silent.

What is found again gives the same notices under the same subjects, so looking twice tells nothing twice.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.outcome import Outcome, judge_unwalked
from app.text import clean
from app.words import say
from sync.office import dues, fleet
from sync.office.alarm_words import act_words, alarm_word, place_of
from sync.office.alarms import Alarm, read_alarms
from sync.office.credentials import everybody
from sync.office.day import Facts, read_day
from sync.office.places import Places
from sync.office.relaying import Detail
from sync.office.round_words import window_of, window_words
from sync.office.sites import named_plans
from sync.office.store import hooks, matters
from sync.office.store.hooks import Hook, Notice
from sync.office.store.matters import Standing
from sync.office.store.plans import site_plan

ABOUT: Final = ("alarm", "missed", "overdue", "silent", "escalation")
AGAIN_MS: Final = tuple(minutes * 60_000 for minutes in (3, 10, 30))
"""An alarm that nobody took is told again so long after it was heard."""
HIGHER_MS: Final = tuple(days * 24 * 3600 * 1000 for days in (1, 3, 7))
"""What is still open so long after its limit is told once more, to whom such things are told (D34)."""
LONGEST: Final = 120
"""Characters of a name or of words in a sentence."""
DAYS: Final = 2
"""Local days whose rounds are looked at: today and the day before."""


class Matter(Struct, frozen=True):
    """One thing to be told, before it is put into a hook's language."""

    subject: str
    at: int
    """When it came to be, UTC ms: a hook is told nothing from before it was added."""
    word: str
    """Key of its sentence."""
    fields: dict[str, object]


def find_alarms(tx: Connection, now: int) -> list[Notice]:
    """What is to be told of alarms, to whom."""
    listening = [hook for hook in hooks.every(tx) if hook.wants("alarm")]
    if not listening:
        return []
    alarms = read_alarms(tx, now, within={hook.site for hook in listening})
    if not alarms:
        return []
    plans, people, found = named_plans(tx, {alarm.site for alarm in alarms}), everybody(tx), []
    for hook in listening:
        places = Places(hook.lang, plans.get(hook.site), people)
        for alarm in alarms:
            if alarm.site == hook.site:
                found += _notices(hook, "alarm", _of_alarm(alarm, places, now), now)
    return found


def find_missed(tx: Connection, now: int) -> list[Notice]:
    """What is to be told of rounds that were missed or left points out, to whom."""
    found = []
    for hook in hooks.every(tx):
        if hook.wants("missed"):
            found += _notices(hook, "missed", list(_of_days(tx, hook, now)), now)
    return found


def find_overdue(tx: Connection, now: int) -> list[Notice]:
    """What is to be told of orders and findings whose limit is over, to whom."""
    found = []
    for hook in hooks.every(tx):
        late = matters.overdue(tx, hook.site, hook.added_at, now) if hook.wants("overdue") else []
        if late:
            places = Places(hook.lang, site_plan(tx, hook.site), everybody(tx))
            found += _notices(hook, "overdue", [_of_matter(each, places) for each in late], now)
    return found


def find_escalated(tx: Connection, now: int) -> list[Notice]:
    """What is to be told of matters that have long been late, to whom."""
    found = []
    for hook in hooks.every(tx):
        wanted = hook.wants("escalation")
        late = matters.overdue(tx, hook.site, hook.added_at, now - HIGHER_MS[0]) if wanted else []
        if late:
            places = Places(hook.lang, site_plan(tx, hook.site), everybody(tx))
            found += _notices(hook, "escalation", [_of_long_late(each, places, now) for each in late], now)
    return found


def find_silent(tx: Connection, now: int) -> list[Notice]:
    """What is to be told of handhelds that were not heard of for long, to whom."""
    found = []
    for hook in hooks.every(tx):
        seen = fleet.read(tx, hook.site) if hook.wants("silent") else []
        lost = [each for each in seen if each.is_silent(now)]
        if lost:
            places = Places(hook.lang, site_plan(tx, hook.site), {})
            found += _notices(hook, "silent", [_of_handheld(each, places) for each in lost], now)
    return found


def _of_handheld(seen: fleet.Seen, places: Places) -> Matter:
    heard = seen.heard or 0
    site, holds = places.site(seen.device.site), seen.holds or 0
    fields: dict[str, object] = {"site": site, "name": seen.device.name, "time": places.moment(heard), "holds": holds}
    return Matter(f"silent/{seen.device.device}/{heard}", heard + fleet.SILENT_MS, "hooks.silent", fields)


def _of_matter(late: Standing, places: Places) -> Matter:
    detail = msgspec.json.decode(late.detail, type=Detail)
    assert late.due is not None
    word = "hooks.asked" if detail.asked else "hooks.overdue"
    return Matter(f"overdue/{late.matter}/{late.due}", late.due, word, _said_of(late, late.due, detail, places))


def _of_long_late(late: Standing, places: Places, now: int) -> Matter:
    detail = msgspec.json.decode(late.detail, type=Detail)
    assert late.due is not None
    waited = max(after for after in HIGHER_MS if now - late.due >= after)
    days = waited // HIGHER_MS[0]
    fields = {**_said_of(late, late.due, detail, places), "days": days}
    return Matter(f"escalation/{late.matter}/{late.due}/{days}", late.due + waited, "hooks.escalation", fields)


def _said_of(late: Standing, due: int, detail: Detail, places: Places) -> dict[str, object]:
    return {
        "site": places.site(late.site),
        "place": places.point(detail.point or None),
        "what": places.phrase(detail.category, detail.phrase, detail.words),
        "people": places.person(detail.receiver) or places.w("nobody_yet"),
        "time": places.moment(due),
    }


def _notices(hook: Hook, about: str, matters: Sequence[Matter], now: int) -> list[Notice]:
    return [
        Notice(hook.site, hook.name, each.subject, about, _say(hook, each), now, now)
        for each in matters
        if each.at >= hook.added_at
    ]


def _say(hook: Hook, matter: Matter) -> str:
    """Its sentence. No name in it begins a line of its own, or pushes out what follows."""
    fields = {name: clean(each, LONGEST) if isinstance(each, str) else each for name, each in matter.fields.items()}
    return say(hook.lang, matter.word, **fields)


def _of_alarm(alarm: Alarm, places: Places, now: int) -> list[Matter]:
    fields: dict[str, object] = {
        "site": places.site(alarm.site),
        "what": alarm_word(alarm, places),
        "place": place_of(alarm.detail, places) or places.point(None),
        "people": places.persons(alarm.detail.by),
        "time": places.moment(alarm.detail.ref.at),
    }
    name = f"alarm/{alarm.id}"
    said = [Matter(f"{name}/raised", alarm.heard, "hooks.alarm", fields)]
    for act in alarm.acts:
        moved = {**fields, "act": act_words(act, places)}
        said.append(Matter(f"{name}/{act.state}", act.at, "hooks.alarm_moved", moved))
    if alarm.stands and not alarm.acts:
        waited = [after for after in AGAIN_MS if now - alarm.heard >= after]
        again = {**fields, "minutes": waited[-1] // 60_000} if waited else fields
        said += [Matter(f"{name}/again-{len(waited)}", alarm.heard, "hooks.alarm_again", again)] if waited else []
    return said


def _of_days(tx: Connection, hook: Hook, now: int) -> Iterator[Matter]:
    today = read_day(tx, hook.site, "", now)
    if today is None or today.site != hook.site:
        return
    for ago in range(DAYS):
        day = today.day - timedelta(days=ago)
        facts = today if ago == 0 else read_day(tx, hook.site, day.isoformat(), now)
        if facts is None:
            continue
        places = Places(hook.lang, facts.plan, facts.people)
        for due in dues.planned_and_done(facts):
            matter = _of_round(due, facts, places, now)
            if matter is not None:
                yield matter


def _of_round(due: dues.Due, facts: Facts, places: Places, now: int) -> Matter | None:
    tally = dues.count(due, facts.heard, now)
    if tally is None or not tally.missed:
        return None
    best = due.best
    if best is not None:
        name, window = best.row.slot, window_of(best.detail, places)
        called = places.schedule(best.detail.schedule, best.detail.route)
        crew = places.persons(tuple(member.person for member in best.detail.crew))
        fields = {"people": crew, "missed": tally.missed, "planned": tally.planned}
        word = "hooks.missed_points"
    else:
        assert due.slot is not None
        if judge_unwalked(due.opens, due.closes, due.tally.planned, facts.heard, now) is not Outcome.MISSED:
            return None
        name, window = due.slot.round, window_words(due.slot.opens, due.slot.closes)
        called = places.schedule(due.slot.schedule, due.slot.route)
        fields, word = {}, "hooks.missed_round"
    told = {"site": places.site(facts.site), "round": called, "window": f"{facts.day.isoformat()} {window}", **fields}
    return Matter(f"missed/{name}", due.closes, word, told)
