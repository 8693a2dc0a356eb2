"""Large letters: what a crew looks at while it walks stands whole on 30 columns by 15 rows; all else can be read on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.pilot import Pilot

from app.words import say
from screens.alarm import AlarmPage
from screens.finding import FindingPage
from screens.home import HomePage
from screens.layout import Line, fitting, line
from screens.round import RoundPage
from screens.signin import SignInPage
from screens.stop import StopPage
from screens.terminal import Terminal
from tests.screens.plans import PLAN, T, label, pages
from tests.screens.test_golden import GOLDEN, same
from tests.screens.test_journey import begin
from tests.screens.walk import check, walk
from tests.screens.world import SIGN_IN, SMALL, World, keys, rows, scan, settle, text, world

TINY: Final = (30, 15)
WALKING: Final = (SignInPage, HomePage, RoundPage, StopPage, AlarmPage, FindingPage)
CUT: Final = "~"


async def _walking(pilot: Pilot[int], here: World) -> AsyncIterator[str]:
    async for name in walk(pilot, here):
        if isinstance(pilot.app.screen, WALKING):
            yield name


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_is_looked_at_while_walking_stands_whole_on_30_by_15(tmp_path: Path, lang: str) -> None:
    changed, seen = [], set()
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=TINY) as pilot:
            async for name in _walking(pilot, here):
                check(app, name)
                seen.add(type(app.screen))
                shown = text(app)
                assert CUT not in shown, name
                assert not any(say(lang, f"page.{way}") in shown for way in ("up", "down", "both")), name
                assert say(lang, "menu.title") in shown or isinstance(app.screen, AlarmPage | FindingPage), name
                if not same(GOLDEN / f"{name}-{lang}-30x15.txt", shown + "\n"):
                    changed.append(name)
    assert seen == set(WALKING)
    assert not changed, "looks different: UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_long_names_and_many_sentences_leave_the_answer_to_what_now_whole(tmp_path: Path, lang: str) -> None:
    long = T(
        "12号楼3单元地下二层北侧消防泵房与生活水泵房之间走廊", "Building 12, unit 3, B2 north, between the pump rooms"
    )
    points = tuple(replace(point, name=long, way=long, look=long) for point in PLAN.points)
    with world(tmp_path / "book", pages(replace(PLAN, points=points))) as here:
        app = here.terminal(lang)
        async with app.run_test(size=TINY) as pilot:
            await begin(pilot, here)
            for typed in ("", "enter", "asterisk enter"):
                await keys(pilot, typed)
                shown = "".join(text(app).split())
                assert "".join(long.say(lang).split()) in shown
                assert CUT not in shown
            await scan(pilot, label("point:gate"))
            await scan(pilot, label("point:power"))
            assert isinstance(app.screen, StopPage)
            assert "".join(long.say(lang).split()) in "".join(text(app).split())
            assert "> " in text(app)


async def test_letters_are_large_by_choice_on_any_terminal_and_by_themselves_on_a_small_one(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=(80, 24)) as pilot:
            await begin(pilot, here)
            assert "5 finish" in text(app)
            assert "E-bike shed" in text(app), "a wide screen lists the stops"
            app.in_turn(app.change_letters)
            await settle(pilot)
            assert here.remembered["letters"] == "large"
            assert "E-bike shed" not in text(app)
            for size in (SMALL, (39, 20), (40, 19), TINY):
                await pilot.resize_terminal(*size)
                await settle(pilot)
                assert _key_rows(app) <= 3, size
            app.in_turn(app.change_letters)
            await settle(pilot)
            assert _is_large(app), "30x15 is small whatever was chosen"
            await pilot.resize_terminal(*SMALL)
            await settle(pilot)
            assert not _is_large(app)
            assert here.remembered["letters"] == "auto"


def _is_large(app: Terminal) -> bool:
    return app.top.large


def _key_rows(app: Terminal) -> int:
    """Rows between the page and the status line that name keys."""
    return sum(row.lstrip().startswith(("Enter", "Backspace", "*", *"0123456789")) for row in rows(app)[-6:-1])


async def test_the_help_names_the_keys_that_large_letters_have_no_room_for(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("zh")
        async with app.run_test(size=TINY) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:gate"))
            await scan(pilot, label("point:power"))
            await keys(pilot, "enter")
            assert isinstance(app.screen, RoundPage)
            assert "0 首页" not in text(app)
            await keys(pilot, "f1")
            shown = ""
            for _ in range(2):
                shown += text(app)
                await keys(pilot, "enter")
            assert "0 首页" in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_page_that_is_longer_than_the_screen_is_read_on_with_the_arrow_keys(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        app.gear = replace(app.gear, desk=" ".join(f"word{n}" for n in range(30)))
        async with app.run_test(size=TINY) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 7")
            head, seen = rows(app)[0], ""
            assert say(lang, "page.down") in text(app)
            for _ in range(12):
                seen += text(app)
                assert rows(app)[0] == head
                await keys(pilot, "down")
            assert all(f"word{n}" in seen for n in range(30))
            assert say(lang, "page.up") in text(app)
            await keys(pilot, "up " * 20)
            assert say(lang, "page.down") in text(app)
            check(app, "outbox")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=12), st.integers(0, 20))
def test_blocks_give_way_whole_by_rank_and_keep_their_order(wanted: list[tuple[int, int]], height: int) -> None:
    blocks: list[tuple[int, list[Line]]] = [
        (rank, [line(f"{place}.{n}") for n in range(size)]) for place, (rank, size) in enumerate(wanted)
    ]
    kept = fitting(blocks, height)
    always = sum(size for rank, size in wanted if rank == 0)
    assert len(kept) <= max(height, always)
    shown = {int(row[0][0].partition(".")[0]) for row in kept}
    assert kept == [row for place, (_, rows_) in enumerate(blocks) if place in shown for row in rows_]
    gone = {place for place, (_, size) in enumerate(wanted) if size} - shown
    if gone:
        least = max(wanted[place][0] for place in gone)
        assert least > 0
        assert all(wanted[place][0] <= min(wanted[each][0] for each in gone) for place in shown)
