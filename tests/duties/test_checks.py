"""What the keys mean at a check, and what is asked again."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties.checks import MAX_DIGITS, answer_marks, asks_again, judge, reading, words_of
from app.duties.evidence import Mark
from app.duties.rounds import Answer
from app.duties.site import Check, CheckKind, Choice, Text
from app.errors import NotAllowed
from tests.garden import CHECKS

BY_ID = {check.id: check for check in CHECKS.checks}
NOTE = Check("note", "text", Text("说明", "note"))
SAID = Check("said", "text", Text("说了什么", "said"), choices=(Choice("ok", Text("好", "fine")),))


@given(st.integers(0, 10**MAX_DIGITS - 1), st.integers(0, 6), st.booleans())
def test_digits_fill_the_decimals_from_the_right(number: int, decimals: int, below: bool) -> None:
    value = reading(("-" if below else "") + str(number), decimals)
    assert Decimal(value) == Decimal(-number if below else number).scaleb(-decimals)
    assert len(value.partition(".")[2]) == decimals
    assert not value.startswith("-0") or "." in value
    assert Decimal(value) != 0 or not value.startswith("-")


@pytest.mark.parametrize(
    ("keys", "decimals", "value"),
    [
        ("42", 2, "0.42"),
        ("402", 0, "402"),
        ("4.2", 2, "4.20"),
        (".5", 1, "0.5"),
        ("-12", 1, "-1.2"),
        ("0", 2, "0.00"),
        ("-0", 2, "0.00"),
        ("007", 0, "7"),
    ],
)
def test_readings_as_typed(keys: str, decimals: int, value: str) -> None:
    assert reading(keys, decimals) == value


@pytest.mark.parametrize(
    ("check", "keys", "ok", "value"),
    [
        ("door", "1", True, None),
        ("door", "2", False, None),
        ("volt", "402", True, "402"),
        ("volt", "353", True, "353"),
        ("volt", "407", True, "407"),
        ("volt", "408", False, "408"),
        ("press", "19", False, "0.19"),
        ("press", "20", True, "0.20"),
        ("lamps", "30", True, "30/30"),
        ("lamps", "29", True, "29/30"),
        ("lamps", "28", False, "28/30"),
        ("mode", "1", True, "auto"),
        ("mode", "2", False, "hand"),
    ],
)
def test_what_the_keys_mean(check: str, keys: str, ok: bool, value: str | None) -> None:
    answer = judge(BY_ID[check], keys, 77)
    assert (answer.ok, answer.value, answer.at) == (ok, value, 77)


def test_a_count_without_a_limit_wants_them_all() -> None:
    whole = Check("c", "count", Text(), total=12)
    assert judge(whole, "12").ok
    assert not judge(whole, "11").ok


@pytest.mark.parametrize(
    ("check", "keys", "key"),
    [
        (BY_ID["door"], "3", "answer_ok"),
        (BY_ID["door"], "", "answer_ok"),
        (BY_ID["volt"], "", "answer_number"),
        (BY_ID["volt"], "-", "answer_number"),
        (BY_ID["volt"], "4.0", "answer_number"),
        (BY_ID["volt"], "1e3", "answer_number"),
        (BY_ID["volt"], "NaN", "answer_number"),
        (BY_ID["volt"], "４０２", "answer_number"),
        (BY_ID["volt"], "1234567890", "answer_number"),
        (BY_ID["press"], "0.421", "answer_number"),
        (BY_ID["press"], ".", "answer_number"),
        (BY_ID["lamps"], "31", "answer_count"),
        (BY_ID["lamps"], "-1", "answer_count"),
        (BY_ID["mode"], "0", "answer_choice"),
        (BY_ID["mode"], "3", "answer_choice"),
        (NOTE, "  ", "answer_text"),
        (SAID, "2", "answer_choice"),
    ],
)
def test_keys_that_mean_nothing_are_refused_with_what_to_press(check: Check, keys: str, key: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        judge(check, keys)
    assert refused.value.key == f"watch.{key}"
    assert refused.value.say("zh")


@given(st.sampled_from(["ok", "choice", "number", "count", "text"]), st.text(max_size=300))
def test_any_keys_give_an_answer_or_a_sentence(kind: CheckKind, keys: str) -> None:
    check = Check("c", kind, Text("项", "item"), decimals=1, total=5, low="1", high="3")
    try:
        said = judge(check, keys).value or ""
    except NotAllowed as refused:
        said = refused.say("en")
    assert len(said) <= 200
    assert "\x1b" not in said


def test_a_reading_out_of_limits_is_asked_again_once_and_then_marked() -> None:
    volt = BY_ID["volt"]
    high = judge(volt, "500")
    assert asks_again(volt, high)
    assert answer_marks(volt, high) == (Mark.OUT_OF_LIMITS,)
    assert not asks_again(volt, Answer("volt", False, "500", repeated=True))
    assert not asks_again(volt, judge(volt, "400"))
    assert not asks_again(BY_ID["door"], judge(BY_ID["door"], "2"))
    assert asks_again(BY_ID["lamps"], judge(BY_ID["lamps"], "20"))


def test_the_record_keeps_the_words_that_were_seen() -> None:
    assert words_of(BY_ID["volt"], Answer("volt", True, "402"), "en") == "line voltage 402 V"
    assert words_of(BY_ID["mode"], Answer("mode", False, "hand"), "zh") == "pump switch处 by hand处"
    assert words_of(BY_ID["door"], Answer("door", True), "en") == "door shut"
