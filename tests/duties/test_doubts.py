"""Laws of doubt: only what is odd is asked, what is insisted on is kept and marked, nobody is accused of reading."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from app.duties import doubts
from app.duties.evidence import Mark
from app.duties.readings import READ_MS, Exchange
from app.duties.rounds import Answer, Visit
from app.duties.site import Check, Text

FIGURES = st.decimals(min_value=0, max_value=99999, places=1).map(str)
METER = Check("kwh", "number", Text("电度表"), decimals=1, meter=True)
GAUGE = replace(METER, meter=False)


class At(Struct, frozen=True):
    up: int
    at: int = 0
    boot: str = "b"


def answer(value: str) -> Answer:
    return Answer("kwh", True, value)


@given(FIGURES, st.lists(FIGURES, max_size=10))
def test_a_reading_is_marked_only_when_it_was_asked_about(now: str, before: list[str]) -> None:
    for check in (METER, GAUGE, replace(METER, moves=False)):
        asked = {doubt.kind for doubt in doubts.doubts(check, answer(now), before)}
        marks = set(doubts.odd(check, answer(now), before))
        assert (Mark.METER_BACK in marks) == ("meter" in asked) == (check.meter and _fell(now, before))
        assert (Mark.ALWAYS_SAME in marks) == ("same" in asked)
        assert check.moves or "same" not in asked


def _fell(now: str, before: list[str]) -> bool:
    return bool(before) and Decimal(now) < Decimal(before[0])


@given(FIGURES, st.lists(FIGURES, min_size=1, max_size=10))
def test_what_is_offered_instead_of_a_meters_reading_never_falls(now: str, before: list[str]) -> None:
    for doubt in doubts.doubts(METER, answer(now), before):
        if doubt.kind == "meant":
            assert Decimal(doubt.value) >= Decimal(before[0])


def test_the_point_that_moved_is_asked_before_the_exchange() -> None:
    before = ["18230.0", "18200.0", "18170.0"]
    assert [doubt.kind for doubt in doubts.doubts(METER, answer("1824.0"), before)] == ["meant", "meter"]
    assert doubts.doubts(METER, answer("1824.0"), before)[0].value == "18240.0"


def test_an_exchange_explains_a_fall_only_when_its_figures_fit() -> None:
    assert doubts.odd(METER, answer("5.0"), ["100.0"], Exchange("120.0", "0.0")) == (Mark.METER_EXCHANGED,)
    assert doubts.odd(METER, answer("5.0"), ["100.0"], Exchange("90.0", "0.0")) == (
        Mark.METER_EXCHANGED, Mark.METER_BACK,
    )  # fmt: skip


def test_counts_and_words_are_not_doubted() -> None:
    lamps = Check("lamps", "count", Text("灯"), total=30)
    assert doubts.doubts(lamps, Answer("lamps", True, "30/30"), ["30/30"] * 5) == ()
    assert doubts.odd(lamps, Answer("lamps", True, "30/30"), ["30/30"] * 5) == ()


PHASES = tuple(Check(f"i-{name}", "number", Text(name), group="i", balance=15 if name == "c" else 0) for name in "abc")


def test_phases_are_judged_when_all_are_read() -> None:
    others = (*PHASES, Check("lone", "number", Text("x")))
    read: dict[str, str | None] = {"i-a": "400", "i-b": "410"}
    assert doubts.phases(others, PHASES[2], read) == ("400", "410", None)
    assert not doubts.unbalanced(others, PHASES[2], read)
    assert doubts.unbalanced(others, PHASES[2], {**read, "i-c": "300"})
    assert not doubts.unbalanced(others, PHASES[2], {**read, "i-c": "390"})
    assert doubts.phases(others, others[3], {"lone": "1"}) == ()
    assert not doubts.unbalanced(others, others[3], {"lone": "1"})


@given(st.integers(2, 60), st.integers(0, 120_000), st.integers(0, 10**9))
def test_who_takes_as_long_as_reading_takes_is_never_too_quick(count: int, took: int, up: int) -> None:
    visit = Visit("s", at=0, up=up, boot="b")
    quick = doubts.too_quick("inspection", visit, count, At(up + took))
    assert quick == (took < (count - 1) * READ_MS)


@pytest.mark.parametrize("kind", ["patrol", "cleaning", "greening", "drill"])
def test_a_guard_or_cleaner_is_never_too_quick(kind: str) -> None:
    assert not doubts.too_quick(kind, Visit("s", at=0, up=0, boot="b"), 12, At(0))


def test_across_a_restart_nobody_can_say_how_long_it_took() -> None:
    assert not doubts.too_quick("inspection", Visit("s", at=0, up=90_000, boot="before"), 12, At(5))
    assert not doubts.too_quick("inspection", Visit("s"), 12, At(5))


def test_a_reading_a_thousand_times_too_large_is_asked_about_before_anybody_knows_the_usual_one() -> None:
    volts = Check("kwh", "number", Text("线电压"), low="353", high="407")
    for now, meant in (("398000", "398"), ("3980", "398"), ("430", None), ("0.398", None), ("398", None)):
        asked = [doubt.value for doubt in doubts.doubts(volts, answer(now), ())]
        assert asked == ([] if meant is None else [meant])
    for now, meant in (("26000", "26"), ("75", None), ("450", None)):
        asked = [doubt.value for doubt in doubts.doubts(replace(volts, low=None, high="40"), answer(now), ())]
        assert asked == ([] if meant is None else [meant])
