"""Laws of readings: a meter never falls, a slip of the point is asked about once, the same figure for ever is odd."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties import readings
from app.duties.readings import Exchange

FIGURES = st.decimals(min_value=0, max_value=99999, places=2).map(str)


@given(FIGURES, FIGURES)
def test_a_meter_falls_when_it_shows_less(last: str, now: str) -> None:
    assert readings.falls(last, now) == (Decimal(now) < Decimal(last))
    assert not readings.falls(None, now)


@given(FIGURES, FIGURES, FIGURES, FIGURES, st.integers(1, 400))
def test_an_exchanged_meter_counts_on_and_what_was_used_is_never_negative(
    last: str, ran: str, first: str, on: str, ratio: int
) -> None:
    exchange = Exchange(str(Decimal(last) + Decimal(ran)), first)
    now = str(Decimal(first) + Decimal(on))
    assert not readings.falls(last, now, exchange)
    assert readings.used(last, now, ratio, exchange) == (Decimal(ran) + Decimal(on)) * ratio >= 0


def test_an_exchange_that_does_not_fit_is_said() -> None:
    assert readings.falls("100", "5", Exchange("99", "0")), "the old meter was read lower than before"
    assert readings.falls("100", "5", Exchange("120", "7")), "the new one below its first reading"


@pytest.mark.parametrize(
    ("now", "before", "meant"),
    [
        ("4.20", ["0.42", "0.41", "0.43"], "0.42"),
        ("402000", ["399", "401", "400"], "402"),
        ("0.4", ["4000", "3990", "4010"], None),
        ("4.0", ["400", "399", "401"], "400.0"),
        ("402", ["399", "401", "400"], None),
        ("4.20", ["0.42"], None),
        ("0", ["1", "1", "1"], None),
        ("-42", ["42", "42", "42"], None),
    ],
)
def test_a_moved_point_is_asked_about(now: str, before: list[str], meant: str | None) -> None:
    assert readings.did_you_mean(now, before) == meant


@given(FIGURES, st.lists(FIGURES, min_size=3, max_size=10))
def test_what_is_meant_is_itself_never_asked_about(now: str, before: list[str]) -> None:
    meant = readings.did_you_mean(now, before)
    if meant is not None and Decimal(meant):
        assert readings.did_you_mean(meant, before) is None


@given(FIGURES, st.integers(0, 8))
def test_the_fifth_equal_reading_is_odd(figure: str, count: int) -> None:
    assert readings.always_same(figure, [figure] * count) == (count >= 4)
    assert not readings.always_same(figure, [str(Decimal(figure) + 1), *[figure] * count])


def test_a_page_answered_faster_than_it_can_be_read() -> None:
    assert readings.too_quick(0, 2_000, 12)
    assert not readings.too_quick(0, 12_000, 12)
    assert not readings.too_quick(0, 0, 1)


def test_phases_side_by_side() -> None:
    assert not readings.unbalanced(["100", "101", "99"], 15)
    assert readings.unbalanced(["100", "150", "99"], 15)
    assert not readings.unbalanced(["0", "0", "0"], 15)
    assert not readings.unbalanced([], 15)


def test_imbalance_is_the_furthest_phase_from_the_mean() -> None:
    assert readings.imbalance(["400", "410", "300"]) == Decimal(7000) / Decimal(370)  # 70 of a mean of 370
    assert readings.imbalance(["0", "0", "0"]) == 0


@given(st.lists(FIGURES, max_size=10))
def test_a_trend_has_a_mark_for_each_reading_lowest_and_highest_at_the_ends(values: list[str]) -> None:
    drawn = readings.trend(values)
    assert len(drawn) == len(values)
    numbers = [Decimal(each) for each in values]
    if len(set(numbers)) > 1:
        assert {mark for mark, number in zip(drawn, numbers, strict=True) if number == min(numbers)} == {"_"}
        assert {mark for mark, number in zip(drawn, numbers, strict=True) if number == max(numbers)} == {"^"}
    else:
        assert set(drawn) <= {"-"}


@pytest.mark.parametrize(
    ("values", "words"),
    [(["1", "2", "3"], "up"), (["3", "2", "1"], "down"), (["1", "3", "2"], "level"), (["1"], "level"), ([], "level")],
)
def test_a_trend_rises_or_falls_only_past_all_before(values: list[str], words: str) -> None:
    assert readings.leaves(values) == words
