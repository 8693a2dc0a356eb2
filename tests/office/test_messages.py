"""What the office tells the crews: written at the desk, heard and read on the handheld, and who read it on the page."""

import asyncio
import re
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.duties.days import millis
from app.messages import Reading
from app.words import say
from screens.home import HomePage
from screens.messages import MessagePage
from sync.office.credentials import everybody
from tests.office.conftest import GUARDS, SITE, Handheld, Office, at
from tests.office.test_desk import desk_records
from tests.office.test_life import supervisor
from tests.office.test_line import seen, terminal
from tests.office.test_pages import HOSTILE, SHOWN, Page
from tests.screens.test_from_the_desk import NOON, told
from tests.screens.test_orders import FITTER_IN
from tests.screens.test_orders import SITE as HERE
from tests.screens.world import SMALL, Signals, keys, scan, shows, text, world

WORDS = "今晚有雷雨, 先关3号楼顶门"


def send(browser: httpx.Client, **fields: str) -> httpx.Response:
    """The form of the page, filled in."""
    page = browser.get("/messages", params={"site": SITE}).text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf": token[1], "site": SITE, "words": WORDS, "hours": "12", "to": "", **fields}
    return browser.post("/messages", params={"lang": "en"}, data=form)


@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.proof)])
async def test_a_message_rings_is_read_by_one_key_and_the_page_says_by_whom(
    office: Office, handheld: Handheld, lang: str
) -> None:
    office.account(person=supervisor(office))
    office.now = handheld.clock.now().at
    with closing(office.browser()) as browser:
        app, line = terminal(handheld)
        signals = app.gear.buzzer
        assert isinstance(signals, Signals)
        app.gear.watch.lang = app.lang = lang
        async with app.run_test(size=SMALL) as pilot:
            await scan(pilot, handheld.badges[GUARDS[0]])
            await keys(pilot, "enter")
            assert (await asyncio.to_thread(send, browser, urgent="1")).status_code == 303
            other = next(each.person for each in office.plan().grants if each.person not in GUARDS)
            assert (await asyncio.to_thread(send, browser, words="not for us", to=f"person:{other}")).status_code == 303
            await asyncio.to_thread(office.ask, office.serving.folding.catch_up())
            line.sync_now()
            await seen(pilot, lambda: "messages" in app.gear.watch.state.shares, 20)
            await seen(pilot, lambda: "ask" in signals.felt, 5)
            assert shows(app, HomePage)
            assert say(lang, "messages.home_urgent", n=1, words=WORDS)[:12] in text(app)
            await keys(pilot, "asterisk 0 1")
            assert shows(app, MessagePage)
            assert say(lang, "messages.urgent") in text(app)
            assert WORDS[:10] in text(app)
            await keys(pilot, "enter")
            assert not shows(app, MessagePage)
            assert say(lang, "messages.was_read") in text(app)
            line.sync_now()
            await seen(pilot, lambda: not handheld.logbook.unsent, 20)
        line.stop()
        read = [each.record for each in handheld.logbook.entries() if each.record.kind == "message.read"]
        assert [(each.by, each.body["message"].rpartition(":")[2]) for each in read] == [((GUARDS[0],), "2")]
        rows = await asyncio.to_thread(_rows, browser, lang)
    people = await asyncio.to_thread(office.ask, office.store.read(everybody))
    assert people[GUARDS[0]].name.say(lang) in next(row for row in rows if WORDS in row)
    assert say(lang, "message_page.nobody") in next(row for row in rows if "not for us" in row)


def _rows(browser: httpx.Client, lang: str) -> list[str]:
    return browser.get("/messages", params={"site": SITE, "lang": lang}).text.split("<tr")


def test_a_message_is_one_of_the_desks_records_and_text_stays_text(office: Office, handheld: Handheld) -> None:
    boss = supervisor(office)
    office.account(person=boss)
    office.now = at("2026-11-20 21:00")
    with closing(office.browser()) as browser:
        refused = (
            send(browser, words="  "),
            send(browser, hours="9999"),
            send(browser, to="person:nobody"),
            send(browser, to="post:nowhere"),
        )
        assert [each.status_code for each in refused] == [409] * 4
        assert send(browser, words=HOSTILE, to=f"post:{office.plan().posts[0].id}").status_code == 303
        page = Page(browser.get("/messages", params={"site": SITE}))
    assert "<script>" not in page.elements
    assert SHOWN.split("{{")[0] in page.text
    said = [each for each in desk_records(office) if each["kind"] == "message.sent"]
    assert [(each["by"], each["post"], each["person"], each["urgent"]) for each in said] == [
        ((boss,), office.plan().posts[0].id, None, False)
    ]
    assert said[0]["until"] == office.now + 12 * 3600 * 1000


async def test_a_message_waits_for_whom_it_is_for_until_one_of_them_has_read_it(tmp_path: Path) -> None:
    with world(tmp_path / "book", HERE, at=NOON) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, FITTER_IN)
            reading, now = Reading.of(here.watch), millis(here.watch.now())
            me = here.watch.holder
            assert me is not None

            def sent(words: str, **more: object) -> str:
                body = {"words": words, "until": now + 3_600_000, "post": None, "person": None, "urgent": False}
                return told(here, "message.sent", {**body, **more})

            sent("over", until=now)
            sent("another person's", person="nobody")
            sent("another post's", post="nowhere")
            site, mine = sent("everybody's"), sent("mine", person=me)
            urgent = sent("at once", urgent=True)
            assert [id for id, _ in reading.messages()] == [urgent, site, mine]
            for id, message in reading.messages():
                await reading.read(id, message)
            assert reading.messages() == ()
            read = [each.record for each in here.book.entries() if each.record.kind == "message.read"]
            assert [(each.body["message"], each.by) for each in read] == [(id, (me,)) for id in (urgent, site, mine)]
