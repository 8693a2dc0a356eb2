"""Laws of posts: hours are counted, a sheet is read once, nobody takes over from themselves."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties import posts
from app.duties.posts import OnDuty, Posts, PostState, Sheet
from app.duties.provisions import Item
from app.duties.rounds import Summary
from app.duties.schedule import Duty, Slot, Standing
from app.duties.site import Post
from app.duties.texts import Text

GATE = Post("gate", Text("南门岗", "South gate"), hours=4)
HOUR = 3_600_000
SHEET = Sheet("b:5", "gate", at=1, by=("li", "wang"))


@given(st.integers(-HOUR, 10 * HOUR))
def test_a_post_is_warned_a_quarter_of_an_hour_before_its_hours_are_over(passed: int) -> None:
    left = posts.left(GATE, OnDuty("li", 0), passed)
    assert (left.hours == "over") == (passed >= 4 * HOUR)
    assert (left.hours == "fine") == (passed < 4 * HOUR - posts.WARN_MS)
    assert left.left_ms <= 4 * HOUR


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20))
def test_who_is_on_the_post_came_and_did_not_go(moves: list[tuple[str, bool]]) -> None:
    state, there = PostState(), dict[str, int]()
    for at, (person, comes) in enumerate(moves):
        state = posts.came(state, person, at) if comes else posts.went(state, person)
        there = {person: at, **there} if comes else {key: since for key, since in there.items() if key != person}
    assert {each.person: each.since for each in state.people} == there


def test_the_next_crew_reads_the_sheet_before_it_begins_a_round() -> None:
    state = posts.given(PostState(), SHEET)
    assert posts.waits(state, ["zhao"]) == SHEET
    assert posts.waits(state, ["zhao", "li"]) == SHEET, "one of them is new"
    assert posts.waits(state, ["li"]) is None, "nobody takes over from themselves"
    assert posts.waits(PostState(), ["zhao"]) is None
    read = posts.taken(state, 9, ("zhao",), "relief in a hurry")
    assert posts.waits(read, ["zhao"]) is None
    assert posts.taken(read, 99, ("sun",)) == read, "a sheet is taken once"


def test_a_missing_key_is_named_by_how_many() -> None:
    items = (Item("radio", Text("对讲机"), 3), Item("key", Text("钥匙"), 12), Item("torch", Text("手电"), 2))
    assert posts.differences(items, {"radio": 2, "key": 12}) == {"radio": -1}
    assert posts.uncounted(items, {"radio": 2, "key": 12}) == (items[2],)


def test_somebody_who_stands_in_is_known_as_such_and_ends_the_missing_relief() -> None:
    state = PostState(relief_missing=5)
    state = posts.came(state, "sun", 10, stands_in="zhao")
    assert (state.people, state.relief_missing) == ((OnDuty("sun", 10, "zhao"),), None)


PLACES = ("gate", "patrol", "plant")


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sets(st.sampled_from("abc"), min_size=1)), max_size=20))
def test_nobody_stands_at_two_posts_and_a_handheld_is_where_its_crew_was_last(
    moves: list[tuple[str, set[str]]],
) -> None:
    known, last = Posts(), dict[str, str]()
    for at, (post, people) in enumerate(moves):
        known = posts.manned(known, post, sorted(people), at)
        last |= dict.fromkeys(people, post)
        assert known.here == post
    assert {each.person: post for post in PLACES for each in known.of(post).people} == last
    assert sum(len(known.of(post).people) for post in PLACES) == len(last)
    assert all(not each.people for each in posts.left_posts(known).states.values())


def test_a_crew_is_where_only_one_post_fits_or_where_the_handheld_was() -> None:
    fit = posts.fitting((replace(GATE, roles=("guard",)), Post("plant", Text(), 8, roles=("fitter",))), {"guard"})
    assert [post.id for post in fit] == ["gate"]
    other = Post("patrol", Text(), 4, roles=("guard",))
    assert posts.likely(fit, "plant") == fit[0]
    assert posts.likely((*fit, other), "patrol") == other
    assert posts.likely((*fit, other), "plant") is None
    assert posts.likely((), "gate") is None


def test_the_relief_is_missing_since_it_was_first_said_until_somebody_comes() -> None:
    state = posts.unrelieved(posts.unrelieved(PostState(), 5), 9)
    assert state.relief_missing == 5
    assert posts.came(state, "sun", 10).relief_missing is None


def test_somebody_who_takes_a_turn_over_keeps_the_hours_already_stood() -> None:
    state = posts.stood_in(posts.came(PostState(), "sun", 5), "sun", 90, instead="zhao")
    assert state.people == (OnDuty("sun", 5, "zhao"),)


def test_a_sheet_names_what_was_missed_late_or_incomplete_in_this_shift_and_nothing_else() -> None:
    since = datetime(2026, 11, 21, 22, tzinfo=UTC)
    slots = [Slot("night", "r", since + timedelta(hours=hour), since + timedelta(hours=hour + 2)) for hour in range(5)]
    done = {
        slots[1].round: _walked(since, "on-time"),
        slots[2].round: _walked(since, "late"),
        slots[3].round: _walked(since - timedelta(hours=1), "late"),
        slots[4].round: _walked(since, "on-time", missed=1),
    }
    duties = [Duty(slots[0], Standing.MISSED), *(Duty(slot, Standing.DONE) for slot in reversed(slots[1:]))]
    late = posts.behind([*duties, Duty(slots[1], Standing.OPEN)], done, _ms(since))
    assert late == (slots[0].round, slots[2].round, slots[4].round)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _walked(at: datetime, timing: Literal["on-time", "late"], missed: int = 0) -> Summary:
    return Summary("x", 3, 3 - missed, missed, 0, 0, (), _ms(at), _ms(at) + 1, timing)
