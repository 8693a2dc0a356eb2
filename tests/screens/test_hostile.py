"""Texts of the plan and the people are data: whatever stands in them is shown as text, on every page."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from textual.app import App

from app.logbook.book import Received
from app.pages import pages_of
from screens.order import OrderPage
from screens.orders import OrdersPage
from screens.themes import ROLES, style
from tests.screens.plans import PEOPLE, PLAN, pages, rewritten
from tests.screens.test_from_the_desk import NOON
from tests.screens.test_orders import FITTER_IN, SITE
from tests.screens.walk import check, walk
from tests.screens.world import LARGE, SMALL, keys, settle, text, world

SIGNS = (
    "[red]{}[/red][@click=app.quit]x[/][b {{place}} {{0}} \x1b[31m\x1b]0;x\x07\x9b2J "
    "\u202e\u2066\ufeff\n\r\t\u2028\x00 \u26a0\ufe0f\u2460\u2103\u2264\u00b7\u03a9e\u0301"
)
ATTACKS: dict[str, Callable[[str], str]] = {
    "signs": SIGNS.format,
    "long": lambda said: said * 40,
    "word": lambda said: "x" * 300,
}


@pytest.mark.proof
@pytest.mark.parametrize(("attack", "size"), [("signs", SMALL), ("signs", LARGE), ("long", SMALL), ("word", SMALL)])
async def test_hostile_text_is_shown_as_text_on_every_page(tmp_path: Path, attack: str, size: tuple[int, int]) -> None:
    sent = pages(*rewritten(PLAN, PEOPLE, ATTACKS[attack]))
    with world(tmp_path / "book", sent) as here:
        app = here.terminal("en")
        async with app.run_test(size=size) as pilot:
            async for page in walk(pilot, here):
                check(app, page)
                assert looks(app) <= OURS, page


OURS = {style("day", role) for role in ROLES["day"]}


def looks(app: App[int]) -> set[object]:
    """The styles on the screen; a link or an action in one would make it none of ours."""
    styles = {segment.style for strip in app.screen._compositor.render_strips() for segment in strip if segment.style}
    assert not any(style.meta or style.link for style in styles)
    return {style for style in styles if style.bgcolor}


async def test_markup_is_read_as_it_was_written(tmp_path: Path) -> None:
    sent = pages(*rewritten(PLAN, PEOPLE, ATTACKS["signs"]))
    with world(tmp_path / "book", sent) as here:
        app = here.terminal("en")
        async with app.run_test(size=(160, 24)) as pilot:
            await keys(pilot, "1 0 0 1 enter 1 2 3 4 enter")
            name = "[red]Zhang Wei[/red][@click=app.quit]x[/][b {place} {0} ?[31m?]0;x??2J ???????? ??1C<=.ohme"
            assert f"On shift: {name}" in text(app)


@pytest.mark.parametrize("when", [2**53, -(2**53), 10**30], ids=["late", "early", "absurd"])
async def test_a_time_that_no_calendar_holds_ends_no_program(tmp_path: Path, when: int) -> None:
    """Another handheld of the site says it of its order, and the office passes it on."""
    with world(tmp_path / "book", SITE, at=NOON) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, FITTER_IN)
            others = f"{'ab' * 32}:1"
            body = {
                "origin": "radio", "category": "water", "phrase": "leak", "words": "Leak", "person": "wang-fang",
                "to": "fitter", "respond": when, "due": when, "urgent": False, "room": "3-201",
            }  # fmt: skip
            record = {"at": when, "body": body, "boot": "b", "by": [], "off": None, "seq": 1, "up": 1, "v": 1}
            said = {"records": [{"book": "ab" * 32, "record": record | {"kind": "order.taken"}}]}
            deep = b'{"records":[{"book":"x","record":' + b'{"a":' * 50_000
            sent = [Received("matter", others, 1, msgspec.json.encode(said)), Received("matter", "deep", 2, deep)]
            here.book.receive(sent, "9")
            here.watch.take_pages(pages_of(here.book, here.clock.at))
            for page in (OrdersPage(), OrderPage(others)):
                app.open(page)
                await settle(pilot)
                assert "Leak" in text(app)
