"""A supervisor's morning and month at the office, with a keyboard and no mouse: last night's missed point, the crew's
answer on its handheld, the round accepted, the month printed; and the review once more without a script."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest
from playwright.async_api import Browser, Download, Locator, Page, async_playwright

from app.duties.site import Stop
from app.words import say
from screens.returned import ReturnedPage
from sync.office.walker import Tricks
from tests.office.browser import CHROMIUM
from tests.office.conftest import GUARDS, PASSWORD, Handheld, Office, at
from tests.office.papers_read import words_of
from tests.office.test_life import supervisor
from tests.office.test_line import seen, terminal
from tests.office.test_review import MORNING
from tests.screens.world import SMALL, keys, scan, shows, text

pytestmark = pytest.mark.proof

NIGHT = "night-2"
ROUND = "Night round 2"
LANG = "en"
WORDS = "Which of you had the key?"
MOST_TABS = 120
"""From the top of a page to whatever stands on it, menu included."""


class Hands:
    """Somebody with a keyboard only."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def to(self, wanted: Locator) -> None:
        """Tab until it has the focus, and is to be seen there."""
        element = await wanted.element_handle()
        for _ in range(MOST_TABS):
            if await element.evaluate("each => each === document.activeElement"):
                box = await element.bounding_box()
                assert box is not None, "the focus is on what nobody sees"
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"no key leads to {wanted}")

    async def within(self, selector: str) -> bool:
        """Whether the focus is there."""
        return bool(await self.page.locator(":focus").evaluate("(each, there) => !!each.closest(there)", selector))

    async def type(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def follow(self, wanted: Locator) -> None:
        """There, and Enter, which leads to another page."""
        await self.to(wanted)
        async with self.page.expect_navigation():
            await self.type("Enter")

    async def open(self, room: str) -> None:
        """A page by the menu."""
        await self.follow(self.page.locator(f"#rooms a[href^='/{room}']"))

    async def content(self) -> None:
        """Past the menu."""
        await self.to(self.page.locator("a.skip"))
        await self.type("Enter")

    async def choose(self, wanted: Locator, value: str) -> None:
        """An option of a list, by the arrow keys."""
        await self.to(wanted)
        while await wanted.input_value() != value:
            before = await wanted.input_value()
            await self.type("ArrowDown")
            assert await wanted.input_value() != before, f"no {value} in the list"

    async def sign_in(self, url: str) -> None:
        """The first field has the focus already."""
        await self.page.goto(f"{url}/?lang={LANG}")
        await self.page.locator("#name:focus").wait_for()
        await self.page.keyboard.type("chief")
        await self.type("Tab")
        await self.page.keyboard.type(PASSWORD)
        async with self.page.expect_navigation():
            await self.type("Enter")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        await browser.close()


def left_out(office: Office) -> Stop:
    return office.plan().route(NIGHT).stops[-2]


def walked(office: Office, handheld: Handheld) -> None:
    """A round of the night that left one point out, among many that nobody walked; then it is half past eight."""
    handheld.walk(NIGHT, MORNING, Tricks(miss=frozenset({left_out(office).id})))
    handheld.clock.wait_until(at("2026-11-21 08:30"))
    handheld.sync()
    office.now = handheld.clock.now().at
    office.account(person=supervisor(office))


async def test_a_supervisor_sends_last_nights_missed_point_back_accepts_the_answer_and_prints_the_month(
    office: Office, handheld: Handheld
) -> None:
    await asyncio.to_thread(walked, office, handheld)
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1400, "height": 900}, accept_downloads=True)
        hands = Hands(page)
        await hands.sign_in(office.url)
        await send_back(hands, office.plan().point(left_out(office).point).name.say(LANG))
        answer = await answered(handheld)
        await accept(hands, answer)
        month = await monthly_report(hands)
        said = words_of(await asyncio.to_thread(Path(await month.path()).read_bytes))
        assert "CuihuGarden" in said
        assert "2026-11" in said
        await print_indicators(hands)


async def send_back(hands: Hands, point: str) -> None:
    page = hands.page
    assert urlsplit(page.url).path == "/now", "the day begins with what is now"
    await hands.content()
    await hands.follow(page.locator("#missed a", has_text=ROUND))
    red = page.locator("li.stop.red")
    assert await red.count() == 1
    assert point in await red.inner_text()
    await hands.content()
    await hands.to(page.locator("#review summary", has_text="Send back"))
    await hands.type("Enter")
    await hands.choose(page.locator("#review [name=reason]"), "missed")
    await hands.type("Tab")
    await page.keyboard.type(WORDS)
    async with page.expect_navigation():
        await hands.type("Enter")
    await hands.type("Tab")
    assert await hands.within("#review"), "it goes on where the decision was made"
    review = await page.locator("#review").inner_text()
    assert "Sent back: the crew sees it" in review
    assert WORDS in review


async def answered(handheld: Handheld) -> str:
    """The crew at its next start: what it reads, and the words of its answer."""
    app, line = terminal(handheld)
    app.gear.watch.lang = app.lang = LANG
    async with app.run_test(size=SMALL) as pilot:
        line.sync_now()
        await seen(pilot, lambda: "reviews" in app.gear.watch.state.shares, 20)
        await scan(pilot, handheld.badges[GUARDS[0]])
        await keys(pilot, "enter")
        assert shows(app, ReturnedPage)
        there = " ".join(text(app).split())
        assert say(LANG, "reviews.missed") in there
        assert WORDS in there
        await keys(pilot, "2")
        line.sync_now()
        await seen(pilot, lambda: not handheld.logbook.unsent, 20)
    line.stop()
    return say(LANG, "life.why_blocked")


async def accept(hands: Hands, answer: str) -> None:
    page = hands.page
    await hands.open("review")
    asks = page.locator(".ask", has_text=ROUND)
    assert answer in await asks.inner_text()
    for _ in range(await page.locator("#asks .ask").count()):
        await hands.type("ArrowDown")
        if await asks.evaluate("each => each === document.activeElement"):
            break
    async with page.expect_navigation():
        await hands.type("1")
    assert "Accepted." in await page.locator("[role=status]").inner_text()
    assert await page.locator("#asks .ask", has_text=ROUND).count() == 0
    settled = page.locator("section", has_text="Accepted (1)")
    assert ROUND in await settled.inner_text()
    assert answer in await settled.inner_text()


async def monthly_report(hands: Hands) -> Download:
    page = hands.page
    await hands.open("papers")
    await hands.content()
    await hands.follow(page.locator(".choices").get_by_role("link", name="Monthly report", exact=True))
    await hands.type("Tab")
    assert await hands.within("#making"), "past the other papers"
    await hands.to(page.locator("#making button"))
    async with page.expect_download(timeout=60_000) as coming:
        await hands.type("Enter")
    download = await coming.value
    assert download.suggested_filename.endswith(".pdf")
    kept = page.locator("#kept").get_by_role("cell", name="Monthly report", exact=True)
    await kept.wait_for(timeout=30_000)  # nobody loaded the page again
    return download


async def print_indicators(hands: Hands) -> None:
    page = hands.page
    await hands.open("indicators")
    menu, told = [(await page.locator(each).inner_text()).splitlines() for each in ("#rooms", "main")]
    printed = await page.pdf(format="A4")
    with pypdfium2.PdfDocument(io.BytesIO(printed)) as document:
        lines = {line.strip() for each in document for line in each.get_textpage().get_text_range().splitlines()}
    assert "Cuihu Garden" in " ".join(lines)
    assert "Handhelds" in menu
    assert not lines & {*menu, "Menu", "Sign out"} - set(told)
    await page.emulate_media(media="print")
    for what in ("#rooms", ".bar", ".skip", ".filter", ".acts", "main button", "main form"):
        for each in await page.locator(what).all():
            assert not await each.is_visible(), what


async def test_a_round_is_reviewed_by_tab_and_enter_where_no_script_runs(office: Office, handheld: Handheld) -> None:
    await asyncio.to_thread(walked, office, handheld)
    async with chromium() as browser:
        page = await browser.new_page(java_script_enabled=False, viewport={"width": 1400, "height": 900})
        hands = Hands(page)
        await hands.sign_in(office.url)
        await hands.open("review")
        asks = page.locator("#asks .ask", has_text=ROUND)
        await hands.to(asks.locator("summary", has_text="Send back"))
        await hands.type("Enter")
        await hands.choose(asks.locator("[name=reason]"), "missed")
        await hands.follow(asks.locator("details[open] button"))
        assert "Sent back: the crew sees it" in await page.locator("[role=status]").inner_text()
        waits = page.locator("section", has_text="Sent back, waiting for an answer (1)")
        assert "points were missed: explain" in await waits.inner_text()
        await hands.follow(waits.locator("button", has_text="Accept"))
        assert ROUND in await page.locator("section", has_text="Accepted (1)").inner_text()
