"""What the office says of rounds, as the crew's handheld shows it: sent back and answered, a point excused."""

import asyncio
from contextlib import closing

import pytest

from app.kinds.afterwards import PointExcused
from app.reviewable import PAGE, read_page
from app.words import say
from screens.returned import ReturnedPage
from screens.round import RoundPage
from sync.office.desk import Desk
from tests.office.conftest import GUARDS, SITE, Handheld, Office, at
from tests.office.test_life import supervisor
from tests.office.test_line import seen, terminal
from tests.office.test_review import MORNING, missing, section, send
from tests.screens.world import SMALL, keys, scan, settle, shows, text


@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.proof)])
async def test_a_round_that_was_sent_back_stands_before_its_crew_at_the_next_start_and_the_answer_on_the_page(
    office: Office, handheld: Handheld, lang: str
) -> None:
    office.account(person=supervisor(office))
    name = await asyncio.to_thread(_walked, office, handheld)
    with closing(office.browser()) as browser:
        assert (await asyncio.to_thread(send, browser, "return", name, reason="missed")).status_code == 303
        app, line = terminal(handheld)
        app.gear.watch.lang = app.lang = lang
        async with app.run_test(size=SMALL) as pilot:
            line.sync_now()
            await seen(pilot, lambda: "reviews" in app.gear.watch.state.shares, 20)
            await scan(pilot, handheld.badges[GUARDS[0]])
            await keys(pilot, "enter")
            assert shows(app, ReturnedPage)
            there = text(app)
            assert say(lang, "reviews.title") in there
            assert say(lang, "reviews.missed") in there
            assert say(lang, "reviews.reason_missed") in there, "in the crew's language"
            await keys(pilot, "2")
            assert not shows(app, ReturnedPage)
            line.sync_now()
            await seen(pilot, lambda: not handheld.logbook.unsent, 20)
        line.stop()
        assert await asyncio.to_thread(_says, office, browser, say("en", "life.why_blocked")), (
            "in the reader's language"
        )
        assert (await asyncio.to_thread(send, browser, "accept", name)).status_code == 303


async def test_a_point_that_the_office_excuses_meanwhile_is_not_asked_for_any_more(
    office: Office, handheld: Handheld
) -> None:
    office.now = handheld.clock.now().at
    await asyncio.to_thread(handheld.clock.wait_until, at("2026-11-20 22:01"))
    app, line = terminal(handheld)
    async with app.run_test(size=SMALL) as pilot:
        for person in GUARDS:
            await scan(pilot, handheld.badges[person])
        await keys(pilot, "enter enter")
        assert shows(app, RoundPage)
        progress = app.gear.watch.state.round
        assert progress is not None
        first = office.plan().route("night-1").stops[0]
        boss, now = supervisor(office), office.now
        body = PointExcused(first.point, at("2026-11-20 20:00"), at("2026-11-21 00:00"), "weather", "storm")
        desk = Desk(office.store, office.key)
        await asyncio.to_thread(office.ask, desk.say(SITE, body, boss, now))
        await asyncio.to_thread(office.ask, office.serving.folding.catch_up())
        line.sync_now()
        watch = app.gear.watch
        await seen(pilot, lambda: watch.state.round is not None and watch.state.round.visits[0].done, 20)
        skipped = [entry.record for entry in handheld.logbook.entries() if entry.record.kind == "stop.skipped"]
        assert [(each.body["stop"], each.by) for each in skipped] == [(first.id, (boss,))]
        await settle(pilot)
        second = office.plan().point(office.plan().route("night-1").stops[1].point).name.say("zh")
        assert second[:8] in text(app), "the next one is asked for"
    line.stop()


def _walked(office: Office, handheld: Handheld) -> str:
    name = handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    office.now = handheld.clock.now().at
    return name


def _says(office: Office, browser: object, words: str) -> bool:
    return words in section(browser, "To be looked at")  # type: ignore[arg-type]  # a browser


@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.proof)])
async def test_a_supervisor_on_the_way_reviews_what_the_office_sent_and_it_counts_there(
    office: Office, handheld: Handheld, lang: str
) -> None:
    clean = await asyncio.to_thread(handheld.walk, "night-1")
    name = await asyncio.to_thread(_walked, office, handheld)
    boss = supervisor(office)
    office.account(person=boss)
    badge = office.badge(boss)
    await asyncio.to_thread(office.ask, office.serving.sending.send(SITE))
    app, line = terminal(handheld)
    app.gear.watch.lang = app.lang = lang
    async with app.run_test(size=SMALL) as pilot:
        line.sync_now()
        await seen(pilot, lambda: bool(handheld.logbook.pages(PAGE)), 20)
        await scan(pilot, badge)
        await keys(pilot, "enter asterisk 0")
        place = next(row for row in text(app).splitlines() if say(lang, "reviews.review") in row).strip()[0]
        await keys(pilot, place)
        await seen(pilot, lambda: say(lang, "reviews.pass", n=1) in text(app), 5)
        await keys(pilot, "1 6 2")
        await seen(pilot, lambda: say(lang, "reviews.waits", n=1) in text(app), 5)
        await keys(pilot, "5")
        await seen(pilot, lambda: say(lang, "reviews.passed", n=1) in text(app), 5)
        await keys(pilot, "9")
        await seen(pilot, lambda: say(lang, "reviews.pass", n=1) in text(app), 5)
        await keys(pilot, "5")
        await seen(pilot, lambda: say(lang, "reviews.pass", n=1) not in text(app), 5)
        line.sync_now()
        await seen(pilot, lambda: not handheld.logbook.unsent, 20)
    line.stop()
    said = [entry.record for entry in handheld.logbook.entries() if entry.record.kind.startswith("review.")]
    assert [each.kind for each in said] == ["review.returned", "review.accepted", "review.withdrawn", "review.accepted"]
    assert {each.by for each in said} == {(boss,)}
    assert (said[0].body["reason"], said[1].body["rounds"][0]["round"]) == ("missed", clean)
    await asyncio.to_thread(office.ask, office.serving.folding.catch_up())
    with closing(office.browser()) as browser:
        assert "Night round 1" in await asyncio.to_thread(section, browser, "Accepted")
    await asyncio.to_thread(office.ask, office.serving.sending.send(SITE))
    page = read_page(await asyncio.to_thread(_sent, office))
    assert clean not in {each.shown.round for each in page.rounds}, "what is accepted goes down no more"
    assert name in {each.shown.round for each in page.rounds}


def _sent(office: Office) -> bytes | None:
    """The page that goes down."""
    item = office.ask(office.store.changes.current(SITE, PAGE, SITE))
    return item.body if item else None
