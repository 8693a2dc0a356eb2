"""Laws of posts: hours are counted, a sheet is read once, nobody takes over from themselves."""

from hypothesis import given
from hypothesis import strategies as st

from app.duties import posts
from app.duties.posts import OnDuty, PostState, Sheet
from app.duties.provisions import Item
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
