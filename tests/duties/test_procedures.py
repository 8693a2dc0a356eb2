"""Laws of procedures: a tick keeps its time, a team is late or not, a call-out ends with every report."""

from hypothesis import given
from hypothesis import strategies as st

from app.duties import procedures
from app.duties.procedures import Run, TeamRun
from app.duties.provisions import Material, Procedure, Step, Team
from app.duties.texts import Phrase, Text

MINUTE = 60_000
RESCUE = Team(
    "rescue",
    Text("抢险组", "Rescue"),
    (Step("sandbags", Text("堆沙袋", "Sandbags"), within_min=30), Step("pump", Text("开泵", "Start the pump"))),
    (Material("shovel", Text("铁锹"), 10), Material("bag", Text("沙袋"), 50)),
    assemble_min=20,
)
POWER = Team("power", Text("供电组", "Power"), (Step("cut", Text("断电", "Cut the power")),), assemble_min=30)
FLOOD = Procedure(
    "flood", "call-out", Text("防汛", "Flood"), (RESCUE, POWER), reports=(Phrase("dry", Text("积水已退")),)
)
RUN = Run("b:9", "flood", at=0)


@given(st.lists(st.tuples(st.sampled_from(["sandbags", "pump"]), st.integers(0, 10**7)), max_size=20))
def test_a_tick_keeps_the_time_it_was_made_first(ticks: list[tuple[str, int]]) -> None:
    run = RUN
    for step, at in ticks:
        run = procedures.ticked(run, "rescue", step, at)
    first = {step: next(at for each, at in ticks if each == step) for step, _ in ticks}
    assert dict(run.teams.get("rescue", TeamRun()).ticks) == first


def test_the_next_step_is_the_first_that_nobody_ticked() -> None:
    step = procedures.next_step(FLOOD, RUN, "rescue")
    assert step is not None
    assert step.id == "sandbags"
    run = procedures.ticked(RUN, "rescue", "sandbags", 1)
    step = procedures.next_step(FLOOD, run, "rescue")
    assert step is not None
    assert step.id == "pump"
    assert procedures.next_step(FLOOD, procedures.ticked(run, "rescue", "pump", 2), "rescue") is None
    assert procedures.next_step(FLOOD, run, "nobody") is None


def test_a_team_is_in_time_late_or_still_on_its_way() -> None:
    assert procedures.assembled_in_time(RESCUE, RUN, 20 * MINUTE) is None
    assert procedures.assembled_in_time(RESCUE, RUN, 20 * MINUTE + 1) is False
    stood = procedures.assembled(procedures.assembled(RUN, "rescue", 20 * MINUTE), "rescue", 25 * MINUTE)
    assert procedures.assembled_in_time(RESCUE, stood, 99 * MINUTE) is True, "the first time counts"


def test_a_late_step_is_told_whether_it_was_ticked_or_not() -> None:
    assert procedures.late_steps(FLOOD, RUN, "rescue", 30 * MINUTE) == ()
    assert procedures.late_steps(FLOOD, RUN, "rescue", 31 * MINUTE) == (RESCUE.steps[0],)
    late = procedures.ticked(RUN, "rescue", "sandbags", 31 * MINUTE)
    assert procedures.late_steps(FLOOD, late, "rescue", 31 * MINUTE) == (RESCUE.steps[0],)
    good = procedures.ticked(RUN, "rescue", "sandbags", 29 * MINUTE)
    assert procedures.late_steps(FLOOD, good, "rescue", 99 * MINUTE) == ()


def test_material_is_missing_only_when_somebody_counted_too_few() -> None:
    run = procedures.counted(procedures.counted(RUN, "rescue", "shovel", 7), "rescue", "bag", 60)
    assert procedures.missing(RESCUE, RUN) == {}
    assert procedures.missing(RESCUE, run) == {"shovel": 3}


@given(st.sets(st.sampled_from(["rescue", "power"])))
def test_a_call_out_ends_when_every_team_has_reported(teams: set[str]) -> None:
    run = RUN
    for team in teams:
        run = procedures.reported(run, team, "dry", 1)
    assert {team.id for team in procedures.unreported(FLOOD, run)} == {"rescue", "power"} - teams
    assert procedures.closed(procedures.closed(run, 5), 9).closed == 5


def test_a_card_of_one_team_may_be_closed_at_any_time() -> None:
    card = Procedure("lift", "some-newer-kind", Text("电梯困人"), (Team("", Text(), (Step("call", Text("打电话")),)),))
    assert card.kind == "card"
    assert not procedures.unreported(card, Run("b:1", "lift", 0))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**7)), max_size=20))
def test_of_a_step_taken_back_the_first_time_is_kept_and_the_step_is_open(acts: list[tuple[bool, int]]) -> None:
    run, first, open_at = RUN, None, None
    for ticks, at in acts:
        if ticks:
            run, open_at = procedures.ticked(run, "rescue", "pump", at), at if open_at is None else open_at
        else:
            first = open_at if first is None else first
            run, open_at = procedures.taken_back(run, "rescue", "pump"), None
    here = run.teams.get("rescue", TeamRun())
    assert here.ticks.get("pump") == open_at
    assert here.taken_back.get("pump") == first
