"""Checks at a stop: what the keys mean, what is normal, and what is asked again.

Limits are data of the plan (domain §10); a decimal stays text so that no digit changes on the way.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.duties.evidence import Mark
from app.duties.rounds import Answer, Progress
from app.duties.site import Check, Plan, Stop
from app.errors import NotAllowed
from app.text import clean

OVERRULES: Final = ("gauge", "wrong", "misplaced", "changed")
"""Why somebody answers otherwise than the sensor; the words stand in app.words.sensor."""
MAX_DIGITS: Final = 9
MAX_TEXT: Final = 200
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(r"(-?)([0-9]*)(?:\.([0-9]*))?", re.ASCII)


def judge(check: Check, raw: str, at: int = 0) -> Answer:
    """The answer that the keys `raw` mean at `at`, UTC ms. Raises NotAllowed with what to press instead.

    `1` and `2` are OK and not OK; a choice is its number; a reading's digits fill its decimals from
    the right ("42" is 0.42 with two); a count is how many are good; of a score sheet nothing means full marks, else
    each deduction is `item/reason`.
    """
    keys = raw.strip()
    match check.kind:
        case "choice":
            return _choice(check, keys, at)
        case "number":
            return _number(check, keys, at)
        case "count":
            return _count(check, keys, at)
        case "text":
            return _text(check, keys, at)
        case "score":
            return _score(check, keys, at)
        case _:
            return _ok(check, keys, at)


def _ok(check: Check, keys: str, at: int) -> Answer:
    if keys not in ("1", "2"):
        raise NotAllowed("watch.answer_ok")
    return Answer(check.id, keys == "1", at=at)


def _choice(check: Check, keys: str, at: int) -> Answer:
    place = _whole(keys)
    if place is None or not 1 <= place <= len(check.choices):
        raise NotAllowed("watch.answer_choice", count=len(check.choices))
    choice = check.choices[place - 1]
    return Answer(check.id, choice.ok, choice.id, at)


def _number(check: Check, keys: str, at: int) -> Answer:
    value = reading(keys, check.decimals)
    return Answer(check.id, in_limits(check, value), value, at)


def _count(check: Check, keys: str, at: int) -> Answer:
    good = _whole(keys)
    if good is None or good > check.total:
        raise NotAllowed("watch.answer_count", total=check.total)
    ok = in_limits(check, str(good)) if check.low is not None or check.high is not None else good == check.total
    return Answer(check.id, ok, f"{good}/{check.total}", at)


def _text(check: Check, keys: str, at: int) -> Answer:
    if check.choices:
        return _choice(check, keys, at)
    if not keys:
        raise NotAllowed("watch.answer_text")
    return Answer(check.id, True, clean(keys, MAX_TEXT), at)


def _score(check: Check, keys: str, at: int) -> Answer:
    from app.duties import scores  # only inspections by score need it: memory

    taken = scores.NOTHING
    for said in keys.split():
        item, _, reason = said.partition("/")
        if (after := scores.take(check, taken, item, reason)) == taken:
            raise NotAllowed("watch.answer_score")
        taken = after
    return scores.answer(check, taken, at)


def _whole(keys: str) -> int | None:
    return int(keys) if _DIGITS.fullmatch(keys) and len(keys) <= MAX_DIGITS else None


def reading(keys: str, decimals: int) -> str:
    """The decimal that `keys` mean with `decimals` fixed: "42" and 2 give "0.42", "4.2" and 2 give "4.20".

    Raises NotAllowed for anything that is no number of at most nine digits.
    """
    found = _NUMBER.fullmatch(keys)
    whole, fraction = (found[2], found[3]) if found else ("", None)
    if not found or not 0 < len(whole) + len(fraction or "") <= MAX_DIGITS or len(fraction or "") > decimals:
        raise NotAllowed("watch.answer_number", decimals=decimals, digits=MAX_DIGITS)
    digits = whole + fraction.ljust(decimals, "0") if fraction is not None else whole
    value = Decimal(int(digits)).scaleb(-decimals)
    return f"{-value if found[1] and value else value:f}"


def in_limits(check: Check, value: str) -> bool:
    """Whether `value` lies in the check's normal range, both ends included."""
    number = Decimal(value)
    above = check.low is None or number >= Decimal(check.low)
    return above and (check.high is None or number <= Decimal(check.high))


def asks_again(check: Check, answer: Answer) -> bool:
    """Whether this answer must be given twice before it is kept: a reading out of its limits."""
    limited = check.kind == "number" or (check.kind == "count" and check.low is not None)
    return limited and not answer.ok and not answer.repeated


def answer_marks(check: Check, answer: Answer) -> tuple[Mark, ...]:
    return (Mark.OUT_OF_LIMITS,) if check.kind in ("number", "count") and not answer.ok else ()


def offered(check: Check, measured: str) -> str | None:
    """The answer that a sensor's figure would be, rounded to the check's decimals; None for one too long to be it."""
    value = Decimal(measured).quantize(Decimal(1).scaleb(-check.decimals), ROUND_HALF_UP)
    return f"{value or abs(value):f}" if len(value.as_tuple().digits) <= MAX_DIGITS else None


def overrules(check: Check, answer: Answer, measured: str) -> bool:
    """Whether the answer is a person's against what the sensor measured."""
    return answer.value != offered(check, measured)


def open_checks(plan: Plan, stop: Stop, progress: Progress) -> tuple[Check, ...]:
    """The checks of `stop` without an answer, in order."""
    visit = progress.visit(stop.id)
    answered = {answer.check for answer in visit.answers} if visit else set()
    return tuple(check for check in plan.checks_of(stop) if check.id not in answered) if visit else ()


def words_of(check: Check, answer: Answer, lang: str) -> str:
    """The check and its answer as the crew saw them, for the record (decision 22)."""
    chosen = next((choice.text.say(lang) for choice in check.choices if choice.id == answer.value), answer.value)
    said = [check.text.say(lang), f"{chosen} {check.unit}".strip() if chosen is not None else ""]
    return clean(" ".join(part for part in said if part))
