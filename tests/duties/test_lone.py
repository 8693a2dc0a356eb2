"""Laws of the lone worker check-in: never an alarm without two askings, never a silence without an alarm."""

from hypothesis import given
from hypothesis import strategies as st

from app.duties import lone
from app.duties.lone import Phase
from app.duties.provisions import Lone
from app.duties.ways import passed
from app.ports import Moment

RULES = st.builds(Lone, st.integers(1, 720), st.integers(15, 600), st.integers(15, 600))
MS = st.integers(0, 10**9)
ORDER = list(Phase)


@given(RULES, MS, MS, MS)
def test_time_only_makes_it_worse_and_nobody_stays_silent_for_ever(
    rule: Lone, passed: int, watched: int, more: int
) -> None:
    now = lone.standing(rule, passed, watched)
    later = lone.standing(rule, passed + more, watched + more)
    assert ORDER.index(later.phase) >= ORDER.index(now.phase)
    whole = (rule.every_min * 60 + rule.answer_s + 2 * rule.last_s) * 1000
    assert lone.standing(rule, passed + whole, watched + whole).phase is Phase.OVER


@given(RULES, MS, MS)
def test_before_an_alarm_the_program_that_runs_has_asked_for_the_whole_countdown(
    rule: Lone, begun: int, watched: int
) -> None:
    """`begun`: how long there was no sign of life when the program began to watch, a restart after a flat battery."""
    alarm = lone.standing(rule, begun + watched, watched).phase is Phase.OVER
    if alarm:
        assert watched >= rule.last_s * 1000
        assert _phase(rule, begun, watched - rule.last_s * 1000) in (Phase.URGED, Phase.OVER)
    if begun >= rule.every_min * 60_000:
        assert _phase(rule, begun, 0) in (Phase.ASKED, Phase.URGED), "asked at once"


def _phase(rule: Lone, begun: int, watched: int) -> Phase:
    return lone.standing(rule, begun + watched, watched).phase


@given(RULES, MS, MS)
def test_the_next_phase_comes_when_it_was_said(rule: Lone, begun: int, watched: int) -> None:
    now = lone.standing(rule, begun + watched, watched)
    if now.phase is not Phase.OVER:
        assert _phase(rule, begun, watched + now.turns_ms - 1) is now.phase
        assert _phase(rule, begun, watched + now.turns_ms) is not now.phase


@given(MS, st.integers(-(10**9), 10**9))
def test_a_clock_that_is_set_puts_nothing_off_within_a_boot(up: int, jump: int) -> None:
    last = Moment(10**12, 5_000, "a")
    assert passed(last, Moment(10**12 + jump, 5_000 + up, "a")) == up


@given(MS, st.integers(-(10**9), 10**9))
def test_after_a_restart_at_least_the_time_since_it_has_passed(up: int, jump: int) -> None:
    assert passed(Moment(10**12, 5_000, "a"), Moment(10**12 + jump, up, "b")) == max(jump, up)


def test_the_stricter_of_two_rules_holds_and_none_asks_nobody() -> None:
    post, route = Lone(60), Lone(30)
    assert lone.strictest((post, None, route)) is route
    assert lone.strictest((None, Lone(0), None)) is None
