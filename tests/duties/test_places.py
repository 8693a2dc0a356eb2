"""Work by place: whatever the windows and whatever was done, nothing is asked twice and nothing is lost."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties import places, rounds
from app.duties.places import Due, Past, Tended
from app.duties.rounds import Confirmation
from app.duties.schedule import slots_around
from app.duties.site import SignIn, Text, WorkTeam
from app.kinds import PlanNamed
from app.ports import Moment
from tests.screens.cleaning import PLAN

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 11, 19, 6, 0, tzinfo=ZONE)
"""A Thursday: the rails are due besides."""
NAMED = PlanNamed(1, "00" * 32)
CLEANER = ("cleaner",)
moments = st.integers(0, 20 * 60).map(lambda minutes: MORNING + timedelta(minutes=minutes))
SLOTS = sorted(
    {slot.round for each in PLAN.schedules for slot in slots_around(PLAN, each, MORNING + timedelta(hours=6))}
)
STOPS = sorted({stop.id for route in PLAN.routes for stop in route.stops})
pasts = st.dictionaries(
    st.sampled_from(SLOTS), st.lists(st.sampled_from(STOPS)).map(lambda stops: Past(tuple(stops))), max_size=6
)
ORDER = (Due.LATER, Due.NOW, Due.OVERDUE, Due.MISSED)


def windows(at: datetime) -> Counter[tuple[str, str]]:
    """What is asked for, schedule by schedule: (slot, stop)."""
    found: Counter[tuple[str, str]] = Counter()
    for schedule in PLAN.schedules:
        route = PLAN.route(schedule.route)
        if route.id in PLAN.by_place and "cleaner" in route.roles:
            found.update((slot.round, stop.id) for slot in slots_around(PLAN, schedule, at) for stop in route.stops)
    return found


@given(moments, pasts)
def test_the_list_by_place_asks_for_just_what_the_schedules_ask_for(at: datetime, past: dict[str, Past]) -> None:
    today = places.today(PLAN, Tended(past=past), CLEANER, at)
    listed = Counter((task.slot.round, task.stop.id) for place in today for task in place.tasks)
    assert listed == windows(at)
    assert len({place.point for place in today}) == len(today)
    assert all(task.stop.point == place.point for place in today for task in place.tasks)


@given(moments, pasts, st.sampled_from(SLOTS), st.sampled_from(STOPS))
def test_what_was_done_is_never_asked_again_and_the_rest_still_is(
    at: datetime, past: dict[str, Past], slot: str, stop: str
) -> None:
    def due(past: dict[str, Past]) -> dict[tuple[str, str], Due]:
        today = places.today(PLAN, Tended(past=past), CLEANER, at)
        return {(task.slot.round, task.stop.id): task.due for place in today for task in place.tasks}

    before = due(past)
    more = {**past, slot: Past((*past.get(slot, Past()).done, stop))}
    after = due(more)
    assert all(after[key] is Due.DONE for key in after if key == (slot, stop))
    assert all(after[key] is before[key] for key in after if key != (slot, stop))


@given(moments, st.integers(0, 300))
def test_time_only_makes_work_more_urgent_and_never_less(at: datetime, minutes: int) -> None:
    def due(at: datetime) -> dict[tuple[str, str], Due]:
        today = places.today(PLAN, Tended(), CLEANER, at)
        return {(task.slot.round, task.stop.id): task.due for place in today for task in place.tasks}

    before, after = due(at), due(at + timedelta(minutes=minutes))
    assert all(ORDER.index(after[key]) >= ORDER.index(before[key]) for key in after.keys() & before.keys())


@given(moments, pasts, st.sampled_from([point.id for point in PLAN.points]))
def test_the_way_leads_to_each_open_place_once_and_overdue_ones_come_first(
    at: datetime, past: dict[str, Past], here: str
) -> None:
    today = places.today(PLAN, Tended(past=past), CLEANER, at)
    way = places.in_order(today, here)
    assert sorted(place.point for place in way) == sorted(place.point for place in today if place.open)
    urgent = [place.due is Due.OVERDUE for place in way]
    assert urgent == sorted(urgent, reverse=True)
    done, every = places.progress(today)
    assert every - done == len(way)


def test_one_walk_does_it_the_way_goes_on_from_where_the_crew_is() -> None:
    today = places.today(PLAN, Tended(), CLEANER, MORNING + timedelta(hours=2))
    assert [place.point for place in places.in_order(today)] == ["gate", "power", "east", "pond"]
    assert [place.point for place in places.in_order(today, "gate")] == ["power", "gate", "east", "pond"]


def test_the_morning_that_nobody_did_is_missed_once_the_afternoon_has_begun() -> None:
    def rubbish(at: datetime) -> dict[str, Due]:
        today = places.today(PLAN, Tended(), CLEANER, at)
        (gate,) = (place for place in today if place.point == "gate")
        return {task.slot.schedule: task.due for task in gate.tasks if task.slot.route == "rubbish"}

    assert rubbish(MORNING) == {"rubbish-am": Due.LATER, "rubbish-pm": Due.LATER}
    assert rubbish(MORNING.replace(hour=8)) == {"rubbish-am": Due.NOW, "rubbish-pm": Due.LATER}
    assert rubbish(MORNING.replace(hour=9)) == {"rubbish-am": Due.OVERDUE, "rubbish-pm": Due.LATER}
    assert rubbish(MORNING.replace(hour=13)) == {"rubbish-am": Due.MISSED, "rubbish-pm": Due.NOW}


def test_a_team_sees_its_own_areas_and_a_crew_of_several_teams_those_of_all() -> None:
    west, east = (
        WorkTeam("a", Text("甲", "A"), "sun", ("zhao",), ("west",)),
        WorkTeam("b", Text("乙", "B"), "sun", ("qian",), ("east",)),
    )
    plan = replace(PLAN, teams=(west, east))
    assert places.areas_of(plan, ["zhao"]) == frozenset({"west"})
    assert places.areas_of(plan, ["zhao", "qian"]) == frozenset({"west", "east"})
    assert places.areas_of(plan, ["sun", "zhao"]) == frozenset({"west"}), "the leader goes with the team"
    assert places.areas_of(plan, ["zhao", "ye"]) is None, "one of them is bound to no area"
    assert places.areas_of(plan, []) is None
    at = MORNING.replace(hour=8)
    for areas, points in (({"west"}, ["gate", "power"]), ({"east"}, ["east", "pond"])):
        assert [each.point for each in places.today(plan, Tended(), CLEANER, at, areas=areas)] == points


def test_what_an_earlier_crew_should_have_done_is_not_asked_of_the_next() -> None:
    at = MORNING.replace(hour=11)
    today = places.today(PLAN, Tended(), CLEANER, at, since=at)
    asked = {task.slot.schedule for place in today for task in place.tasks}
    assert "rubbish-am" not in asked
    assert {"daily", "rubbish-pm"} <= asked


def test_a_second_round_of_a_window_goes_on_where_the_first_one_ended() -> None:
    first = _round("a", ("gate", "power"))
    tended = places.begun(Tended(), first, NAMED)
    tended = places.went_on(tended, rounds.skipped(first, "gate", "locked"))
    tended = places.ended(tended, tended.open["rubbish-am@2026-11-19T06:30#a-1"])
    second = _round("b", ("power",))
    tended = places.begun(tended, second, NAMED)
    reached = tended.reached("rubbish-am@2026-11-19T06:30")
    assert (reached.done, reached.skipped, reached.attempts) == ((), ("gate",), 2)
    assert not places.over(tended, PLAN, MORNING.replace(hour=8))
    assert places.over(tended, PLAN, MORNING.replace(hour=13)) == (second,)
    assert places.ended(tended, second).open == {}


def test_work_that_has_a_month_stays_done_however_much_is_done_meanwhile() -> None:
    month = replace(_round("m", ("gate",)), round="lamps@2026-11-01T00:00#m-1", closes=MORNING + timedelta(days=12))
    tended = places.begun(Tended(), month, NAMED)
    done = rounds.reached(month, "gate", Moment(0, 0, ""), "label", (), ())
    tended = places.ended(tended, done)
    for day in range(10):
        for n in range(45):
            at = round((MORNING + timedelta(days=day)).timestamp() * 1000)
            each = replace(_round("d", ("gate",)), round=f"daily-{n}@{day}#d-1", started=at)
            each = replace(each, closes=MORNING + timedelta(days=day, hours=2))
            tended = places.ended(places.begun(tended, each, NAMED), each)
    assert tended.reached("lamps@2026-11-01T00:00").done == ("gate",)
    assert len(tended.past) < 150, "what is over goes"


@given(st.lists(st.sampled_from(["badge", "pin", "typed", "leader", "paper", "absent"]), min_size=1, max_size=4))
def test_signing_in_by_name_is_said_where_the_plan_lets_it_and_weak_where_it_does_not(methods: list[str]) -> None:
    crew = tuple(Confirmation(f"p{n}", method, "cleaner") for n, method in enumerate(methods))
    schedule = PLAN.schedule("rubbish-am")
    let = (SignIn("cleaner", ("typed", "leader")),)
    without, with_it = rounds.crew_marks(crew, schedule), rounds.crew_marks(crew, schedule, let)
    assert ("weak-evidence" in without) == bool({"typed", "leader", "paper"} & set(methods))
    assert ("weak-evidence" in with_it) == ("paper" in methods)
    assert ("named-only" in with_it) == bool({"typed", "leader"} & set(methods))
    assert "named-only" not in without


def test_only_plain_work_is_done_by_place() -> None:
    assert PLAN.by_place == {"rubbish", "daily", "rails", "grounds"}
    assert "pool" not in PLAN.by_place, "its water is measured"
    assert PLAN.may_sign_in("zhao", "typed")
    assert not PLAN.may_sign_in("zhang-wei", "typed"), "a guard"
    assert not PLAN.may_sign_in("sun", "leader"), "a leader too: that role has its rights"
    assert not PLAN.may_sign_in("nobody", "typed")


def _round(book: str, order: tuple[str, ...]) -> rounds.Progress:
    (slot,) = (
        slot for slot in slots_around(PLAN, PLAN.schedule("rubbish-am"), MORNING) if slot.opens.date() == MORNING.date()
    )
    route = PLAN.route("rubbish")
    begun = rounds.begin(
        slot, route, PLAN.schedule("rubbish-am"), id=rounds.round_id(slot, book, 1), revision=1, crew=(), started=0
    )
    visits = tuple(visit for visit in begun.visits if visit.stop in order)
    return replace(begun, order=order, visits=visits)
