"""Indicators (D62): each by numbers worked out on paper, and the laws that hold for all of them."""

from datetime import datetime
from decimal import Decimal
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from app.duties.indicators import (
    INDICATORS,
    NOTHING,
    RATES,
    Answer,
    Count,
    Counts,
    Window,
    joined,
    judge,
    of_answer,
    of_finding,
    of_job,
    of_window,
    target_of,
    total,
    value,
)
from app.duties.outcome import Tally, forgive
from app.duties.site import Target
from app.words import say

ZONE = ZoneInfo("Asia/Shanghai")
MIN = 60_000
HOUR = 60 * MIN
DAY = 24 * HOUR


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE).timestamp() * 1000)


NOW = at("30 12:00")


class Order(Struct, frozen=True):
    """A repair that was taken on the 10th at 09:00, on the spot in ten minutes and done by noon; called back."""

    opened_at: int = at("10 09:00")
    complaint: bool = False
    valid: bool | None = None
    urgent: bool = False
    contact_at: int | None = at("10 09:03")
    going_at: int | None = at("10 09:02")
    respond_at: int | None = at("10 09:15")
    arrived_at: int | None = at("10 09:10")
    due_at: int | None = at("12 00:00")
    done_at: int | None = at("10 12:00")
    reopened: int = 0
    visited_at: int | None = None
    satisfied: bool | None = None


class Hazard(Struct, frozen=True):
    """Found on the 10th, put right and closed in time."""

    sort: str = "hazard"
    opened_at: int = at("10 09:00")
    due_at: int | None = at("13 00:00")
    done_at: int | None = at("12 10:00")
    closed_at: int | None = at("14 10:00")
    fixed: bool = False
    paper: str | None = None
    paper_due: int | None = None


NIGHT = Window("2026-11-10", "patrol", Tally(planned=14, done=11, skipped=1, in_window=10), decided=True)


def by_name(counts: Counts) -> dict[str, Count]:
    return {name: count for (_, name), count in counts.items()}


def day_of(counts: Counts, name: str) -> str:
    return next(day for day, each in counts if each == name)


# -- rounds --------------------------------------------------------------------------------------


def test_a_night_round_that_missed_two_of_fourteen() -> None:
    """14 asked, 11 reached (10 of them in the window), 1 left out with a reason: 2 missed; 2/14 = 14.28… %."""
    found = by_name(of_window(NIGHT))
    assert found == {
        "rounds": Count(1, 1),
        "missed": Count(2, 14),
        "on-time": Count(10, 14),
        "paper": Count(0, 14),
    }
    assert value(INDICATORS["missed"], found["missed"]) == Decimal("14.3")
    assert value(INDICATORS["on-time"], found["on-time"]) == Decimal("71.4")


def test_an_excused_point_leaves_the_planned_and_moves_nothing_to_done() -> None:
    excused = by_name(of_window(replace(NIGHT, tally=forgive(NIGHT.tally, unreached=2, skipped=0))))
    assert excused["missed"] == Count(0, 12, excused=2)
    assert excused["on-time"] == Count(10, 12, excused=2)


def test_a_window_that_nobody_had_to_walk_is_no_window() -> None:
    """Else a day on which all is excused would be 0/0."""
    found = by_name(of_window(replace(NIGHT, tally=forgive(Tally(14), 14, 0))))
    assert found["rounds"] == Count(excused=1)
    assert found["missed"] == Count(excused=14)
    assert value(INDICATORS["missed"], found["missed"]) is None


def test_a_window_still_to_come_or_held_by_a_handheld_counts_for_nothing_yet() -> None:
    found = by_name(of_window(replace(NIGHT, tally=Tally(14), decided=False)))
    assert found["rounds"] == Count(pending=1)
    assert found["missed"] == found["on-time"] == Count(pending=14)


def test_a_round_from_paper_counts_and_is_told_apart() -> None:
    found = by_name(of_window(replace(NIGHT, paper=True)))
    assert found["on-time"] == Count(10, 14, late=10)
    assert found["paper"] == Count(11, 14, late=11)


def test_cleaning_counts_the_places_at_which_nothing_was_wrong() -> None:
    tended = Window("2026-11-10", "cleaning", Tally(20, 19, 0, 19), decided=True, well=18)
    assert by_name(of_window(tended)) == {"cleaning": Count(18, 20), "paper": Count(0, 20)}
    assert "greening" in by_name(of_window(replace(tended, kind="greening")))


def test_an_inspection_counts_its_points_and_no_patrol() -> None:
    found = by_name(of_window(replace(NIGHT, kind="inspection")))
    assert found["inspected"] == Count(11, 14)
    assert not {"missed", "on-time"} & found.keys()


# -- what was looked at --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "name", "count"),
    [
        (Answer("2026-11-10", "inspection", "", 1, 1), "facility", Count(1, 1)),
        (Answer("2026-11-10", "safety", "", 35, 36), "facility", Count(35, 36)),
        (Answer("2026-11-10", "patrol", "lamps", 114, 120), "lamps", Count(114, 120)),
        (Answer("2026-11-10", "inspection", "lamps", 0, 0), "lamps", Count(pending=1)),
        (Answer("2026-11-10", "inspection", "", 92, 100, score=True), "scores", Count(92, 100)),
    ],
)
def test_an_answer_counts_what_is_good_of_what_there_is(answer: Answer, name: str, count: Count) -> None:
    assert of_answer(answer) == {("2026-11-10", name): count}


@pytest.mark.parametrize(("kind", "rate"), [("patrol", ""), ("cleaning", ""), ("inspection", "none"), ("patrol", "x")])
def test_an_answer_that_no_indicator_asks_for_counts_nowhere(kind: str, rate: str) -> None:
    assert of_answer(Answer("2026-11-10", kind, rate, 1, 1)) == {}


# -- orders --------------------------------------------------------------------------------------


def test_a_repair_that_was_done_in_time_and_called_back() -> None:
    order = Order(visited_at=at("15 10:00"), satisfied=True)
    found = of_job(order, ZONE, NOW)
    assert by_name(found) == {
        "valid-complaints": Count(0, 1),
        "contact": Count(1, 1),
        "arrival": Count(1, 1),
        "arrival-min": Count(10 * MIN, 1),
        "repairs": Count(1, 1),
        "quality": Count(1, 1),
        "visits": Count(1, 1),
        "satisfied": Count(1, 1),
    }
    assert value(INDICATORS["arrival-min"], by_name(found)["arrival-min"]) == Decimal("10.0")
    assert day_of(found, "repairs") == "2026-11-12"  # its limit is the end of the 11th
    assert day_of(found, "visits") == "2026-11-10"
    assert day_of(found, "satisfied") == "2026-11-15"


def test_being_late_and_coming_again_are_told_apart() -> None:
    late = by_name(of_job(Order(done_at=at("12 00:01"), reopened=1, arrived_at=at("10 09:16")), ZONE, NOW))
    assert late["repairs"] == Count(0, 1)
    assert late["quality"] == Count(0, 1)
    assert late["arrival"] == Count(0, 1)
    assert late["visits"] == Count(0, 1)


def test_an_order_with_time_left_is_pending_and_is_late_from_its_limit_on() -> None:
    order = Order(done_at=None, arrived_at=None, going_at=None)
    before = by_name(of_job(order, ZONE, at("10 09:01")))
    assert before["contact"] == before["arrival"] == before["repairs"] == before["quality"] == Count(pending=1)
    assert "arrival-min" not in before
    assert by_name(of_job(order, ZONE, at("12 00:00")))["repairs"] == Count(0, 1)


def test_complaints_are_handled_judged_and_called_on() -> None:
    complaint = Order(complaint=True, urgent=True, valid=False, visited_at=at("10 15:00"), satisfied=False)
    found = by_name(of_job(complaint, ZONE, NOW))
    assert found["complaints"] == Count(1, 1)
    assert found["valid-complaints"] == Count(0, 1)  # whoever called back says that it was none
    assert found["serious-visits"] == Count(1, 1)
    assert found["satisfied"] == Count(0, 1)
    assert not {"repairs", "quality", "visits"} & found.keys()
    nobody_judged = by_name(of_job(replace(complaint, valid=None, done_at=None), ZONE, NOW))
    assert nobody_judged["valid-complaints"] == Count(1, 1)
    assert nobody_judged["complaints"] == Count(0, 1)
    assert by_name(of_job(replace(complaint, done_at=None), ZONE, at("10 10:00")))["complaints"] == Count(pending=1)


# -- findings ------------------------------------------------------------------------------------


def test_a_hazard_that_was_put_right_in_time_and_closed() -> None:
    assert of_finding(Hazard(), ZONE, NOW) == {
        ("2026-11-10", "closed"): Count(1, 1),
        ("2026-11-10", "hazards"): Count(1, 1),
        ("2026-11-13", "rectified"): Count(1, 1),
    }


def test_what_is_found_counts_as_open_until_somebody_looked_again() -> None:
    """闭环率 is closed of found (§11): put right is not closed, and nothing found is left out."""
    found = by_name(of_finding(Hazard(closed_at=None), ZONE, NOW))
    assert found["closed"] == found["hazards"] == Count(0, 1)
    assert found["rectified"] == Count(1, 1)
    waits = by_name(of_finding(Hazard(closed_at=None, done_at=None), ZONE, at("11 08:00")))
    assert waits["closed"] == Count(0, 1)
    assert waits["rectified"] == Count(pending=1)


def test_what_was_put_right_on_the_spot_is_closed_and_in_time() -> None:
    fixed = by_name(of_finding(Hazard(sort="finding", fixed=True, done_at=None, closed_at=None), ZONE, NOW))
    assert fixed == {"closed": Count(1, 1), "rectified": Count(1, 1)}


@pytest.mark.parametrize(
    ("paper", "due", "closed", "count"),
    [
        ("none", None, None, Count(1, 1)),
        ("notice", None, None, Count(1, 1)),  # who stopped at once needs no notice
        ("notice", at("12 00:00"), None, Count(0, 1)),
        ("report", at("30 12:01"), None, Count(pending=1)),
        ("report", at("12 00:00"), at("11 00:00"), Count(1, 1)),
    ],
)
def test_a_violation_is_handled_when_its_papers_are(
    paper: str, due: int | None, closed: int | None, count: Count
) -> None:
    found = Hazard(sort="finding", paper=paper, paper_due=due, closed_at=closed)
    assert by_name(of_finding(found, ZONE, NOW))["violations"] == count


# -- values and targets --------------------------------------------------------------------------


@pytest.mark.parametrize("name", INDICATORS)
def test_nothing_of_nothing_has_no_value_and_reaches_no_target(name: str) -> None:
    for count in (NOTHING, Count(pending=3), Count(excused=3)):
        assert value(INDICATORS[name], count) is None
        assert judge(INDICATORS[name], None, Target(name, "100")) == "none"


@pytest.mark.parametrize(
    ("name", "count", "shown", "verdict"),
    [
        ("repairs", Count(9896, 10_000), "98.9", "red"),
        ("repairs", Count(99, 100), "99.0", "ok"),
        ("repairs", Count(98_999, 100_000), "98.9", "red"),
        ("valid-complaints", Count(2, 100), "2.0", "ok"),
        ("valid-complaints", Count(2001, 100_000), "2.1", "red"),
        ("quality", Count(1, 1), "100.0", "ok"),
        ("visits", Count(1, 3), "33.3", "ok"),
    ],
)
def test_a_figure_never_looks_better_than_it_is(name: str, count: Count, shown: str, verdict: str) -> None:
    indicator = INDICATORS[name]
    found = value(indicator, count)
    assert found == Decimal(shown)
    assert judge(indicator, found, Target(name, indicator.target)) == verdict


@pytest.mark.parametrize("minutes", [1, 3, 7, 15, 480])
def test_minutes_are_what_they_are(minutes: int) -> None:
    assert value(INDICATORS["arrival-min"], Count(3 * minutes * MIN, 3)) == Decimal(f"{minutes}.0")


def test_the_plan_sets_a_target_and_the_domain_where_it_does_not() -> None:
    told = (Target("missed", "2", "考核办法"),)
    assert target_of(told, INDICATORS["missed"]) == Target("missed", "2", "考核办法")
    assert target_of(told, INDICATORS["repairs"]) == Target("repairs", "99", "D30, D62, §11")
    assert target_of(told, INDICATORS["on-time"]) is None


def test_every_indicator_is_called_something_and_says_how_it_is_made() -> None:
    for lang in ("zh", "en"):
        assert len({say(lang, f"indicators.name_{name}") for name in INDICATORS}) == len(INDICATORS)
        for each in INDICATORS.values():
            assert "÷" in say(lang, f"indicators.formula_{each.name}")
            assert say(lang, f"indicators.group_{each.group}")
    assert {rate for rate in RATES if rate != "none"} < INDICATORS.keys()


# -- laws ----------------------------------------------------------------------------------------

numbers = st.integers(0, 30)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    planned = draw(numbers)
    done = draw(st.integers(0, planned))
    skipped = draw(st.integers(0, planned - done))
    return Tally(planned, done, skipped, draw(st.integers(0, done)))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    tally = draw(tallies())
    day = f"2026-11-{draw(st.integers(1, 30)):02}"
    kind = draw(st.sampled_from(("patrol", "cleaning", "inspection", "greening", "safety", "drill", "new-kind")))
    well = draw(st.integers(0, tally.done))
    return Window(day, kind, tally, draw(st.booleans()), draw(st.booleans()), well)


times = st.one_of(st.none(), st.integers(at("01 00:00"), at("30 00:00")))
orders = st.builds(
    Order,
    opened_at=st.integers(at("01 00:00"), at("29 00:00")),
    complaint=st.booleans(),
    valid=st.one_of(st.none(), st.booleans()),
    urgent=st.booleans(),
    contact_at=times,
    going_at=times,
    respond_at=times,
    arrived_at=times,
    due_at=times,
    done_at=times,
    reopened=st.integers(0, 2),
    visited_at=times,
    satisfied=st.one_of(st.none(), st.booleans()),
)
hazards = st.builds(
    Hazard,
    sort=st.sampled_from(("hazard", "finding")),
    opened_at=st.integers(at("01 00:00"), at("29 00:00")),
    due_at=times,
    done_at=times,
    closed_at=times,
    fixed=st.booleans(),
    paper=st.sampled_from((None, "record", "notice", "report", "none")),
    paper_due=times,
)
answers = st.builds(
    lambda kind, rate, good, more, score: Answer("2026-11-10", kind, rate, good, good + more, score),
    st.sampled_from(("patrol", "inspection", "safety")),
    st.sampled_from(("", *RATES)),
    numbers,
    numbers,
    st.booleans(),
)
facts = st.one_of(
    windows().map(of_window),
    orders.map(lambda order: of_job(order, ZONE, NOW)),
    hazards.map(lambda found: of_finding(found, ZONE, NOW)),
    answers.map(of_answer),
)


@given(st.lists(facts, max_size=12))
def test_a_rate_is_from_nothing_to_all_or_has_no_value(many: list[Counts]) -> None:
    for (_, name), count in joined(many).items():
        indicator = INDICATORS[name]
        found = value(indicator, count)
        assert (found is None) == (count.whole == 0)
        assert min(count.part, count.whole, count.pending, count.excused) >= 0
        assert 0 <= count.late <= count.part
        if indicator.unit == "%":
            assert count.part <= count.whole
            assert found is None or 0 <= found <= 100


@given(st.lists(facts, max_size=4))
def test_the_order_of_records_does_not_matter(many: list[Counts]) -> None:
    assert all(joined(order) == joined(many) for order in permutations(many))


@given(st.lists(facts, max_size=12), st.lists(facts, max_size=12))
def test_days_and_sites_add_up_to_the_whole(one: list[Counts], other: list[Counts]) -> None:
    both, apart = joined((*one, *other)), (joined(one), joined(other))
    for name in INDICATORS:
        whole = total(count for (_, each), count in both.items() if each == name)
        sites = [total(count for (_, each), count in site.items() if each == name) for site in apart]
        assert whole == total(sites)


@given(windows(), st.data())
def test_an_excuse_moves_nothing_to_done(window: Window, data: st.DataObject) -> None:
    tally = window.tally
    unreached = data.draw(st.integers(0, tally.missed))
    skipped = data.draw(st.integers(0, tally.skipped))
    before = by_name(of_window(window))
    after = by_name(of_window(replace(window, tally=forgive(tally, unreached, skipped))))
    for name in before.keys() - {"rounds", "missed"}:
        count = after.get(name, NOTHING)
        assert count.part == before[name].part
        assert count.whole + count.pending == before[name].whole + before[name].pending - unreached - skipped
        assert count.excused == unreached + skipped
    if "missed" in before and window.decided:
        assert after.get("missed", NOTHING).part == before["missed"].part - unreached


@given(orders, st.integers(0, 40 * DAY))
def test_the_hour_only_decides_what_was_pending(order: Order, more: int) -> None:
    """An order that nobody touches any more: what was judged once stays judged."""
    early, late = (by_name(of_job(order, ZONE, now)) for now in (NOW, NOW + more))
    for name, count in early.items():
        assert late[name] == count or count.pending > late[name].pending
