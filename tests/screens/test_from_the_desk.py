"""What the office gives a crew (D34, D65): a rectification notice on its finding, an order for one person or post."""

from pathlib import Path

import pytest

from app.duties.days import millis
from app.kinds.orders import ORDERS
from app.logbook.book import Draft
from app.words import say
from app.work import Work
from screens.matters import MatterPage
from screens.order import OrderPage
from tests.screens.test_orders import FITTER_IN, SITE
from tests.screens.world import LARGE, SMALL, World, keys, settle, text, world

NOON = "2026-11-21T12:00:00+08:00"


def told(here: World, kind: str, body: dict[str, object]) -> str:
    """A record about a matter, known as if the office had sent it; its id."""
    entries = here.book.append(Draft(kind, body, ("wang-fang",)))
    here.watch._memory.take(entries)
    return f"{here.book.book_id}:{entries[-1].record.seq}"


def order(here: World, **more: object) -> str:
    due = millis(here.watch.now()) + 3_600_000
    body = {
        "origin": "desk", "category": "water", "phrase": "leak", "words": "水管", "person": "wang-fang", "to": "fitter",
        "respond": None, "due": due, "urgent": False, "room": "3-201", **more,
    }  # fmt: skip
    return told(here, "order.taken", body)


@pytest.mark.parametrize(("lang", "size"), [("zh", SMALL), ("en", LARGE)])
async def test_a_notice_is_read_with_what_it_asks_for_and_its_limit(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", SITE, at=NOON) as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, FITTER_IN)
            finding = (await here.watch.report("lamp", "leak")).id
            due = millis(here.watch.now()) + 26 * 3_600_000
            body = {"finding": finding, "to": "fitter", "due": due, "demand": "加装护套", "firm": ""}
            notice = told(here, "finding.noticed", body)
            page = MatterPage(finding)
            app.open(page)
            await settle(pilot)
            words = say(lang, "orders.notice", number=notice.rpartition(":")[2], demand="加装护套")
            assert words in text(app)
            assert page.day_of(due) in text(app)
            assert here.watch.state.findings[finding].due == due


@pytest.mark.parametrize(("lang", "size"), [("zh", SMALL), ("en", LARGE)])
async def test_an_order_of_the_desk_says_whom_it_is_for_and_whom_to_call(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", SITE, at=NOON) as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, FITTER_IN)
            mine = order(here, assigned="li-min", phone="4321", complaint=True)
            app.open(OrderPage(mine))
            await settle(pilot)
            assert say(lang, "orders.phone", digits="4321") in " ".join(text(app).split())
            assert say(lang, "orders.complaint") in text(app)
            assert say(lang, "orders.step_accept") in text(app)
            await keys(pilot, "enter")
            assert here.watch.state.share(ORDERS)[mine].worker == "li-min"


async def test_what_is_for_somebody_else_waits_for_nobody_here(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at=NOON) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, FITTER_IN)
            work, other, anybody = Work.of(here.watch), order(here, assigned="zhang-wei"), order(here)
            assert [each.id for each in work.waiting_orders()] == [anybody]
            assert other in [each.id for each in work.orders()], "it is of his role, so he sees it"
            told(here, "order.dispatched", {"order": anybody, "to": "guard", "person": None, "post": None, "words": ""})
            assert anybody not in [each.id for each in work.orders()]
            told(
                here,
                "order.dispatched",
                {"order": other, "to": "fitter", "person": "li-min", "post": None, "words": ""},
            )
            assert [each.id for each in work.waiting_orders()] == [other]
