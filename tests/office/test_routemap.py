"""The drawing of a route: every point once, inside the picture, and the line never jumps."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sync.office.pages.routemap import STEP_X, STEP_Y, Place, draw_both

PLACES = st.lists(st.none() | st.integers(1, 60), max_size=60).map(
    lambda reached: [Place(f"点{n}", "ok", "", each, "22:01", f"#stop-{n}") for n, each in enumerate(reached)]
)


@given(PLACES)
def test_every_point_stands_inside_and_its_neighbour_beside_it(places: list[Place]) -> None:
    for drawn in draw_both(places):
        assert [node.place for node in drawn.nodes] == places
        assert len({(node.x, node.y) for node in drawn.nodes}) == len(places)
        assert all(0 < node.x < drawn.width and 0 < node.y < drawn.height - 14 for node in drawn.nodes)
        for before, after in pairwise(drawn.nodes):
            assert (abs(after.x - before.x), after.y - before.y) in {(STEP_X, 0), (0, STEP_Y)}


@given(PLACES)
def test_the_way_is_drawn_only_where_it_was_another_than_the_plans(places: list[Place]) -> None:
    reached = [place.reached for place in places if place.reached is not None]
    for drawn in draw_both(places):
        assert bool(drawn.walked) == (reached != sorted(reached))
