"""What was answered at a stop's checks, beside what would be normal; answers that were taken back stay to be read."""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from app.duties.evidence import Mark
from app.duties.site import Check
from app.words import say
from sync.office.details import AnswerSeen, RoundDetail, StopDetail
from sync.office.places import Places
from sync.office.store.rounds import StopRow


class AnswerLine(Struct, frozen=True):
    check: str
    value: str
    normal: str
    bad: bool
    note: str
    was: str = ""
    """What was answered before, and when."""
    sensor: str = ""
    """What a sensor of the point said."""


def show_answers(row: StopRow, detail: StopDetail, whole: RoundDetail, places: Places) -> list[AnswerLine]:
    """The stop's checks in the plan's order, what was left out too; then answers no plan asks for."""
    given: dict[str, list[AnswerSeen]] = {}
    for answer in detail.answers:
        given.setdefault(answer.check, []).append(answer)
    asked = detail.paper is None and (row.at is not None or given)
    checks = places.checks(whole.route, row.stop) if asked else ()
    lines = [_answer(check, given.pop(check.id, []), places) for check in checks]
    return [*lines, *(AnswerLine(each[-1].check, each[-1].words, "", each[-1].bad, "") for each in given.values())]


def _answer(check: Check, given: Sequence[AnswerSeen], places: Places) -> AnswerLine:
    """The newest answer counts; those before it stay to be read."""
    text = check.text.say(places.lang) or check.id
    if not given:
        return AnswerLine(text, places.w("not_answered"), _normal(check, places), False, "")
    answer, before = given[-1], given[:-1]
    bad = answer.bad
    measured = check.kind in ("number", "count")
    note = "" if not (bad and measured) else places.w("repeated" if answer.repeated else "out_of_limits")
    note = answer.words if check.kind == "score" and answer.words != text else note
    was = " ".join(_was(check, old, after, places) for old, after in pairwise((*before, answer)))
    value = _value(check, answer, bad, places)
    return AnswerLine(text, value, _normal(check, places), bad, note, was, _sensor(check, answer, value, places))


def _sensor(check: Check, answer: AnswerSeen, value: str, places: Places) -> str:
    """What the sensor said, and why somebody did not take it."""
    if answer.sensor is None:
        return ""
    said = f"{answer.sensor.value} {check.unit}".strip()
    if Mark.OVERRULED not in answer.marks:
        return say(places.lang, "tags.sensor", value=said)
    return say(places.lang, "tags.sensor_answered", value=said, answer=value, words=answer.words)


def _was(check: Check, old: AnswerSeen, after: AnswerSeen, places: Places) -> str:
    """An answer that another one replaced: taken back, or only given again."""
    word = "corrected" if after.corrects == old.ref.seq else "answered_again"
    return places.w(word, value=_value(check, old, old.bad, places), time=places.moment(old.ref.at)[11:])


def _value(check: Check, answer: AnswerSeen, bad: bool, places: Places) -> str:
    if check.kind == "ok" or answer.value is None:
        return places.w("not_ok" if bad else "ok")
    chosen = next((each.text.say(places.lang) for each in check.choices if each.id == answer.value), "")
    return chosen or f"{answer.value} {check.unit}".strip()


def _normal(check: Check, places: Places) -> str:
    """The check's normal range in words, or its standard."""
    unit = f" {check.unit}" if check.unit else ""
    if check.low is not None and check.high is not None:
        return places.w("between", low=check.low, high=check.high, unit=unit)
    if check.low is not None:
        return places.w("at_least", low=check.low, unit=unit)
    if check.high is not None:
        return places.w("at_most", high=check.high, unit=unit)
    return check.standard.say(places.lang) or (places.w("of_total", total=check.total) if check.total else "")
