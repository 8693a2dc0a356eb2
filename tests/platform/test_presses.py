"""Which events of a keyboard are presses: of a held key, of a thumb, of a contact that bounces."""

from collections.abc import Sequence
from itertools import accumulate

from hypothesis import example, given
from hypothesis import strategies as st
from textual.events import Key

from screens.platform.presses import BOUNCE_S, HELD_S, Presses

delays = st.floats(0.2, 0.7)
"""Until a keyboard begins to repeat."""
rates = st.floats(11, 40)
gaps = st.lists(st.floats(0.12, 2.0), min_size=1, max_size=12)
"""Between presses of a thumb that lets go."""
jitter = st.floats(0, 0.004)
"""By which the thread of the keyboard reads late."""
bounces = st.floats(0, 0.021)


def at(t: float, name: str = "1") -> Key:
    key = Key(name, name)
    key.time = t
    return key


def pressed(keys: Sequence[Key], hurries: bool = False, turns: bool = True) -> list[Key]:
    """The presses among `keys`, each of which answers a question and, if it `turns`, brings up the next one."""
    presses, done = Presses(), []

    def press(key: Key) -> None:
        done.append(key)
        presses.turned = turns

    for key in keys:
        if (before := presses.believed(key.time, "" if hurries else key.key)) is not None:
            press(before)
        if presses.counts(key, hurries=hurries):
            press(key)
    if (last := presses.believed(keys[-1].time + HELD_S)) is not None:
        press(last)
    return done


def held(delay: float, rate: float, repeats: int) -> list[float]:
    return [5.0, *(5.0 + delay + place / rate for place in range(repeats))]


@given(delays, rates, st.integers(2, 60))
@example(0.4, 40.0, 2)  # Weston's own
@example(0.25, 1 / 0.033, 2)  # the kernel's
def test_a_key_that_is_held_answers_one_question(delay: float, rate: float, repeats: int) -> None:
    times = held(delay, rate, repeats)
    assert [key.time for key in pressed([at(t) for t in times])] == times[:1]


@given(delays, rates, st.lists(jitter, min_size=4, max_size=60))
def test_a_key_that_is_held_answers_one_question_however_unevenly_it_is_read(
    delay: float, rate: float, late: list[float]
) -> None:
    times = held(delay, rate, len(late) - 1)
    keys = [at(t + more) for t, more in zip(times, late, strict=True)]
    assert len(pressed(keys)) == 1


@given(st.floats(0.2, 0.74), st.integers(3, 20), st.lists(st.floats(0.025, 0.09), max_size=20))
def test_a_held_key_whose_repetitions_are_read_all_at_once_answers_one_question(
    thaws: float, together: int, then: list[float]
) -> None:
    """The thread of the keyboard stood still as they came."""
    times = [5.0, *[5.0 + thaws] * together]
    assert len(pressed([at(t) for t in (*times, *accumulate(then, initial=times.pop()))])) == 1


@given(gaps)
def test_each_press_of_a_thumb_that_lets_go_answers_one_question(between: list[float]) -> None:
    keys = [at(t) for t in accumulate([5.0, *between])]
    assert pressed(keys) == keys


@given(gaps, st.lists(bounces, min_size=13, max_size=13))
@example([0.5] * 9, [0.02] * 13)
def test_a_contact_that_bounces_changes_nothing(between: list[float], after: list[float]) -> None:
    keys = [at(t) for t in accumulate([5.0, *between])]
    bouncing = [each for key, late in zip(keys, after, strict=False) for each in (key, at(key.time + late))]
    assert pressed(bouncing) == keys


@given(st.lists(st.tuples(st.sampled_from("912"), st.floats(0, 1.0)), min_size=1))
def test_in_a_hurry_every_event_counts(typed: list[tuple[str, float]]) -> None:
    keys = [at(t, name) for (name, _), t in zip(typed, accumulate(gap for _, gap in typed), strict=True)]
    assert pressed(keys, hurries=True) == keys


@given(st.lists(st.tuples(st.sampled_from("912"), st.floats(0, 1.0)), min_size=1))
def test_where_the_question_stays_every_event_counts(typed: list[tuple[str, float]]) -> None:
    keys = [at(t, name) for (name, _), t in zip(typed, accumulate(gap for _, gap in typed), strict=True)]
    assert pressed(keys, turns=False) == keys, "the digits of a number, Backspace that is held"


@given(st.lists(st.tuples(st.sampled_from("123"), st.floats(0, 1.0)), min_size=1), st.integers(1, 5))
def test_keys_that_are_read_all_at_once_answer_at_most_as_many_questions(
    typed: list[tuple[str, float]], together: int
) -> None:
    """A frozen moment makes presses to be repeated, and no answers out of nothing."""
    times = list(accumulate((gap for _, gap in typed), initial=5.0))[1:]
    late = [times[min(len(times) - 1, place - place % together + together - 1)] for place in range(len(times))]
    keys = [at(t, name) for (name, _), t in zip(typed, late, strict=True)]
    answered = pressed(keys)
    assert [key for key in keys if key in answered] == answered, "in their order, each once"


def test_a_key_that_another_one_follows_was_let_go() -> None:
    keys = [at(5.0), at(5.3), at(5.34, "2")]
    assert pressed(keys) == keys


def test_between_a_bounce_and_the_fastest_repetition_there_is_room() -> None:
    assert 0.020 < BOUNCE_S < 1 / 40
    assert 1 / 11 < HELD_S < 0.12
