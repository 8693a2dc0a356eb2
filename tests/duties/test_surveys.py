"""Laws of the inspection before a handover: nothing is passed over, and only faults are looked at again (D36)."""

from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from app.duties import surveys
from app.duties.provisions import Fitting, Survey, Unit
from app.duties.surveys import UNTOUCHED, Dwelling, Fault, Stage, Why, key_of
from app.duties.texts import Phrase, Text

FITTINGS = tuple(Fitting(name, Text(name)) for name in ("door", "window", "meter", "tap"))
SURVEY = Survey(
    "flats",
    Text("住宅"),
    Text("builder"),
    FITTINGS,
    tuple(Unit(f"7-{floor}-{flat}") for floor in range(1, 31) for flat in range(1, 41)),
    faults=(Phrase("scratch", Text("划伤")),),
)
ANSWERS = st.lists(st.sampled_from(["right", "wrong", "twice", "close"]), max_size=60)


@given(ANSWERS)
def test_a_dwelling_passes_when_everything_was_seen_and_no_fault_is_left(answers: list[str]) -> None:
    dwelling, number = UNTOUCHED, 0
    for at, answer in enumerate(answers, start=1):
        todo = surveys.left(dwelling, FITTINGS)
        if answer == "close" or not todo:
            after = surveys.close(dwelling, FITTINGS, at)
            if isinstance(after, Why):
                assert todo or not dwelling.looked, "who has seen everything may always end it"
                continue
            assert not todo
            assert after.visits == dwelling.visits + 1
            assert surveys.stage(after) is (Stage.WAITING if after.faults else Stage.PASSED)
            assert surveys.close(after, FITTINGS, at) is Why.AGAIN, "nobody confirms the same twice"
            dwelling = after
            continue
        what = todo[0]
        assert isinstance(what, Fault) == bool(dwelling.visits), "later visits see faults alone"
        before = len(dwelling.faults)
        if answer == "right":
            dwelling = surveys.right(dwelling, what.id, at)
            assert len(dwelling.faults) == before - isinstance(what, Fault)
        else:
            for _ in range(2 if answer == "twice" and isinstance(what, Fitting) else 1):
                number += 1
                fitting = what.fitting if isinstance(what, Fault) else what.id
                id = what.id if isinstance(what, Fault) else f"book:{number}"
                dwelling = surveys.wrong(dwelling, Fault(id, fitting, f"scratch-{number}", at), at)
        assert len(surveys.left(dwelling, FITTINGS)) == len(todo) - 1, "each is one step"
        assert len({fault.id for fault in dwelling.faults}) == len(dwelling.faults)


def test_a_fault_that_is_still_there_keeps_its_record_and_counts() -> None:
    dwelling = surveys.wrong(UNTOUCHED, Fault("b:1", "door", "scratch", 9, photos=1), 1)
    for fitting in FITTINGS[1:]:
        dwelling = surveys.right(dwelling, fitting.id, 2)
    closed = surveys.close(dwelling, FITTINGS, 3)
    assert isinstance(closed, Dwelling)
    again = surveys.wrong(closed, Fault("b:1", "door", "scratch", 20, photos=1), 4)
    assert again.faults == (Fault("b:1", "door", "scratch", 20, 1, 2),)
    assert surveys.stage(surveys.right(again, "b:1", 5)) is Stage.OPEN
    twice = surveys.wrong(
        surveys.wrong(UNTOUCHED, Fault("b:1", "tap", "drip", 9), 1), Fault("b:2", "tap", "drip", 9), 2
    )
    assert [fault.id for fault in twice.faults] == ["b:1"], "the same said again is one fault"
    taken_back = surveys.right(surveys.wrong(UNTOUCHED, Fault("b:2", "tap", "scratch", 9), 1), "tap", 2)
    assert taken_back.faults == (), "an answer may be corrected before the end"


def test_the_next_dwelling_is_the_one_left_in_the_middle_else_the_first_that_nobody_began() -> None:
    done = Dwelling(visits=1, at=1)
    dwellings = {key_of("flats", "7-1-1"): done, key_of("flats", "7-1-3"): Dwelling(looked=("door",), at=2)}
    assert surveys.next_unit(SURVEY, dwellings) == "7-1-3"
    assert surveys.next_unit(SURVEY, {key_of("flats", "7-1-1"): done}) == "7-1-2"
    assert surveys.next_unit(SURVEY, {key_of("flats", unit.id): done for unit in SURVEY.units}) is None
    found = surveys.progress(SURVEY, dwellings)
    assert (found.units, found.passed, found.untouched, found.faults) == (1200, 1, 1198, 0)


def test_twelve_hundred_dwellings_are_counted_between_two_keys() -> None:
    faults = tuple(Fault(f"b:{n}", "door", "scratch", n) for n in range(5))
    dwellings = {key_of("flats", unit.id): Dwelling(faults=faults, visits=1, at=1) for unit in SURVEY.units}
    began = process_time()
    for _ in range(10):
        surveys.progress(SURVEY, dwellings)
        surveys.next_unit(SURVEY, dwellings)
    assert (process_time() - began) / 10 < 0.05
