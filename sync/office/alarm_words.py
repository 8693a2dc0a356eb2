"""An alarm in words: what it is, where, and who did what about it."""

from typing import Final

from app.words import say
from sync.office.alarms import Alarm
from sync.office.details import AlarmDetail
from sync.office.places import Places
from sync.office.store.alarms import Act

HOWS: Final = ("silent", "not-answered")
EMERGENCY: Final = "procedure"


def alarm_word(alarm: Alarm, places: Places) -> str:
    """A silent alarm says that nobody may call the crew; one that the handheld raised, why."""
    detail, w = alarm.detail, places.w
    how, said = detail.how, places.phrase(detail.category, detail.phrase, detail.words)
    if how == EMERGENCY:
        return f"{w('alarm_emergency')}: {said}"
    if alarm.is_finding:
        return f"{w('urgent_finding')}: {said}"
    return w(f"alarm_{how.replace('-', '_')}") if how in HOWS else w("alarm")


def place_of(detail: AlarmDetail, places: Places) -> str:
    """Where; of somebody who did not answer where they were last, and when."""
    if not detail.point:
        return ""
    place = places.point(detail.point)
    return places.w("alarm_last_seen", place=place, time=places.moment(detail.seen)) if detail.seen else place


def act_words(act: Act, places: Places) -> str:
    done = places.w(f"alarm_act_{act.state}", by=_called(act.by, places) or act.account, time=places.moment(act.at))
    return places.w("alarm_act_as", done=done, outcome=outcome_word(act.outcome, places.lang)) if act.outcome else done


def outcome_word(outcome: str, lang: str) -> str:
    return say(lang, f"alarm.was_{outcome}")


def _called(name: str, places: Places) -> str:
    """In the reader's language, a name that was kept in Chinese."""
    people = (person.name for person in places.people.values())
    return next((each.say(places.lang) for each in people if each.say("zh") == name), name)
