"""What somebody who holds the handheld for the first time stumbles over: what a page offers, and what it does then."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.duties.site import Route
from screens.home import HomePage
from screens.round import RoundPage
from screens.signin import SignInPage
from screens.stop import StopPage
from tests.screens.plans import PLAN, label, pages
from tests.screens.test_journey import begin
from tests.screens.world import SIGN_IN, SMALL, keys, scan, text, world


async def test_home_offers_nothing_to_start_while_a_round_is_walked(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "backspace")
            assert isinstance(app.screen, HomePage)
            assert "Enter go on" in text(app)
            await keys(pilot, "1")
            assert "start" not in text(app)
            assert "Backspace back" in text(app)
            await keys(pilot, "backspace enter")
            assert isinstance(app.screen, RoundPage)


async def test_the_partner_is_asked_again_only_on_the_way_and_only_until_it_is_done(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            assert "再签" not in text(app)
            await scan(pilot, label("point:gate"))
            assert "4 李敏途中再签" in text(app)
            await keys(pilot, "4 2 0 0 1 enter")
            assert "王芳不在这一班" in text(app), "said at the number, before any PIN"
            await keys(pilot, "1 0 0 2 enter 5 6 7 8 enter")
            assert isinstance(app.screen, RoundPage)
            assert "再签" not in text(app)


async def test_whoever_has_no_pin_is_told_at_the_number(tmp_path: Path) -> None:
    sent = pages()
    bare = replace(sent, credentials=replace(sent.credentials, pins={}))
    with world(tmp_path / "book", bare) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "1 0 0 1 enter")
            assert "no PIN is set: use your badge" in text(app)
            assert "Number [             _]" in text(app)


@pytest.mark.parametrize("refused", ["9 9 9 9 enter", "1 0 0 1 enter", "1 0 0 2 enter 1 backspace backspace"])
async def test_after_a_number_that_is_not_taken_the_field_is_empty(tmp_path: Path, refused: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await keys(pilot, refused)
            assert "Number [             _]" in text(app)


async def test_somebody_who_may_not_unlock_makes_room_for_the_next(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await keys(pilot, "enter enter 3")
        here.watch.close()
        here.book.close()
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "1 0 0 2 enter 5 6 7 8 enter")
            assert isinstance(app.screen, SignInPage)
            assert "Number [             _]" in text(app)
            await keys(pilot, "1 0 0 1 enter 1 2 3 4 enter")
            assert isinstance(app.screen, RoundPage)


async def test_an_out_of_limits_sentence_names_the_limits(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter 1 enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1 4 3 0 enter")
            assert isinstance(app.screen, StopPage)
            assert "normal 353-407 V. Read it" in " ".join(text(app).split())


@pytest.mark.parametrize("times", [1, 4])
async def test_the_list_of_stops_turns_only_where_it_is_longer_than_the_screen(tmp_path: Path, times: int) -> None:
    def longer(route: Route) -> Route:
        stops = (replace(stop, id=f"{stop.id}x{n}") for n in range(times) for stop in route.stops)
        return replace(route, stops=tuple(stops))

    plan = replace(PLAN, routes=tuple(map(longer, PLAN.routes)))
    with world(tmp_path / "book", pages(plan)) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await keys(pilot, "3")
            assert ("\n0 6 more" in text(app)) == (times > 1)
            await keys(pilot, "0")
            assert ("\n0 from the start" in text(app)) == (times > 1)


async def test_the_help_explains_the_signs_that_stand_on_every_page(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            shown = ""
            await keys(pilot, "f1")
            for _ in range(4):
                shown += text(app)
                await keys(pilot, "0")
        for word in ("Q:12 means", "Marked (!)", "Cannot go"):
            assert word in shown
