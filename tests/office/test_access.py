"""Every page of the example office as a person without a mouse, without sight or with a telephone meets it."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from zlib import crc32

import pytest
from playwright.sync_api import Page

from sync.office.pages.rooms import PAGES
from tests.office.browser import Example, chromium, example, faults, sign_in
from tests.office.conftest import SITE

pytestmark = pytest.mark.proof

NO_PAGE = re.compile(
    r"[?&]as=|\.(pdf|xlsx|csv|docx|zip)\b|^/(static|photos|logout|papers/(make|kept)|plans/(file|example))|^#|^https?:"
)
MOST = 60
LOOKS = (("zh", 1400), ("en", 360))
"""Language and pixels across: one of them for each kind of page, both in the long form."""
SHORT, LONG = 718, 1046
"""Pixels across a sheet of A4 between its margins, upright and on its side."""
NOT_PRINTED = ("header.bar", "#rooms", ".filter", ".pager", ".files", "form button")
NAMED = {"month", "list", "new", "preview", "changes", "check", *(room.name for room, _ in PAGES)}
"""Steps of an address that are no ids."""


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Example, Page]]:
    with example(tmp_path_factory.mktemp("example") / "data") as office, chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        sign_in(page, office)
        yield office, page


def pattern(href: str) -> str:
    """Addresses of one kind of page look alike: without ids, and without what is only another order or another day."""
    parts = urlsplit(href)
    first, *rest = parts.path.strip("/").split("/")
    asked = {pair.partition("=")[0] for pair in parts.query.split("&")} & {"book", "round", "schedule", "paper"}
    return "/".join([first, *(step if step in NAMED else "*" for step in rest)]) + "".join(sorted(asked))


def links(page: Page) -> list[str]:
    found = page.eval_on_selector_all("a[href]", "all => all.map(each => each.getAttribute('href'))")
    return [href for href in found if not NO_PAGE.search(href) and "lang=" not in href]


def on_paper(page: Page) -> list[str]:
    """What a sheet of A4 would have of the page that is not for paper, and whether it cuts something off."""
    page.emulate_media(media="print")
    lies = page.locator(".matrix, .figures, th:nth-child(8)").count() > 0
    page.set_viewport_size({"width": LONG if lies else SHORT, "height": 1000})
    found = [f"{each} is printed" for each in NOT_PRINTED if page.locator(each).filter(visible=True).count()]
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.emulate_media(media="screen")
    return found + ([f"{wide} pixels wide on paper"] if wide > (LONG if lies else SHORT) else [])


def test_no_page_has_a_serious_fault_in_either_language_or_is_wider_than_a_telephone(
    visit: tuple[Example, Page],
    torture: bool,
) -> None:
    office, page = visit
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    todo = [f"/{room.name}" for room, _ in PAGES if room.group]
    seen: set[str] = set()
    wrong: list[str] = []
    while todo and len(seen) < MOST:
        path = todo.pop(0)
        if pattern(path) in seen:
            continue
        seen.add(pattern(path))
        for lang, width in LOOKS if torture else LOOKS[crc32(pattern(path).encode()) % 2 :][:1]:
            page.set_viewport_size({"width": width, "height": 900})
            answer = page.goto(f"{office.url}{path}{'&' if '?' in path else '?'}lang={lang}")
            assert answer is not None
            wrong += [f"{path} {lang}: {answer.status}"] if answer.status != 200 else []
            wrong += [f"{path} {lang}: {fault}" for fault in faults(page)]
            wrong += (
                [f"{path} {lang}: {page.locator('h1').count()} headings"] if page.locator("h1").count() != 1 else []
            )
            page.set_viewport_size({"width": 360, "height": 740})
            wide = page.evaluate("document.documentElement.scrollWidth")
            wrong += [f"{path} {lang}: {wide} pixels wide on a telephone"] if wide > 360 else []
            wrong += [f"{path} {lang}: a tag is text"] if "hx-" in page.inner_text("body") else []
            wrong += [f"{path} {lang}: {fault}" for fault in on_paper(page)]
        todo += links(page)
    print(f"{len(seen)} kinds of pages: {sorted(seen)}")
    assert len(seen) > len({room.name for room, _ in PAGES if room.group})
    assert wrong == []
    assert errors == []


FULL = "all => all.forEach(each => { each.innerHTML = '12/<wbr>12' })"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_month_with_a_round_each_hour_of_every_night_goes_on_paper(visit: tuple[Example, Page], lang: str) -> None:
    office, page = visit
    page.goto(f"{office.url}/rounds/month?site={SITE}&month=2026-12&lang={lang}")
    assert page.locator(".matrix thead th").count() == 34
    page.eval_on_selector_all(".matrix td:not(.number)", FULL)
    assert on_paper(page) == []


def test_a_keyboard_reaches_the_content_and_the_menu(visit: tuple[Example, Page]) -> None:
    office, page = visit
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(f"{office.url}/people?lang=en")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    assert skip.evaluate("each => each.getBoundingClientRect().left >= 0")  # it is seen while it has the focus
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate("each => !!each.closest('main')")
    assert page.locator(":focus").evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    page.set_viewport_size({"width": 360, "height": 740})
    assert not page.locator("#rooms").is_visible()
    page.click("a.menu")
    assert page.locator("#rooms").is_visible()
    page.click("#rooms a[href='/devices']")
    assert page.url.endswith("/devices")


def test_the_first_page_is_live_and_works_without_a_script(visit: tuple[Example, Page]) -> None:
    office, page = visit
    page.goto(f"{office.url}/now?lang=en")
    page.wait_for_selector(".live .badge.ok")
    context = page.context.browser
    assert context is not None
    plain = context.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    still = plain.new_page()
    still.goto(f"{office.url}/now?lang=en")
    assert still.locator(".live a").inner_text() == "Refresh"
    still.click(".live a")
    assert still.locator("h1").inner_text().endswith("Now")
    plain.close()
