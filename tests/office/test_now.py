"""What goes on now: who is on duty, what is walked, missed and overdue; and an open page hears of more by itself."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from app.duties.schedule import Duty, Standing
from sync.office.pages import live
from tests.office.conftest import PASSWORD, SITE, Handheld, Office, at, furnished, sign_in
from tests.office.test_alarms import press, raise_alarm
from tests.office.test_pages import Page

EN = {"lang": "en"}
STREAM = "/now/stream"


async def set_out(handheld: Handheld, stops: int) -> None:
    """The crew signs in, and walks to the first of its stops."""
    walker, slot = handheld.walker, handheld.office.slot("night-1")
    handheld.clock.wait_until(at("2026-11-20 22:03"))
    for badge in handheld.badges.values():
        await walker.watch.sign_in_badge(walker.read(badge))
    await walker.watch.start_round(Duty(slot, Standing.OPEN), None)
    for name in walker._order()[:stops]:
        await walker.watch.skip(name, "weather")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Handheld]]:
    """A crew in the middle of its night round, as the office hears of it a minute later."""
    folder = tmp_path_factory.mktemp("now")
    office = Office(furnished(folder / "office"))
    office.account(person="zhang-wei")
    handheld = Handheld(office, folder / "handheld")
    asyncio.run(set_out(handheld, 1))
    handheld.sync()
    office.now = handheld.clock.now().at + 60_000
    yield office, handheld
    handheld.close()
    office.close()


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ["张伟、李军", "东门岗1号", "夜间一巡", "进行中", "近12小时漏检", "未结束报警", "刷新"]),
        (
            "en",
            ["Zhang Wei", "Li Jun", "东门岗1号", "Night round 1", "under way", "Missed in the last 12 h"],
        ),
    ],
)
def test_who_is_out_and_where_they_are_stands_on_one_page(
    scene: tuple[Office, Handheld], lang: str, words: list[str]
) -> None:
    office, _ = scene
    answer = office.browser().get("/now", params={"lang": lang})
    page = Page(answer)
    for word in words:
        assert word in page.text, word
    running = answer.text.partition('id="running"')[2].partition("</section>")[0]
    assert re.search(r"/rounds/night-1", running)
    assert "22:03" in page.text  # since when they are signed in


def test_what_was_missed_is_told_for_twelve_hours(office: Office, handheld: Handheld) -> None:
    office.account()
    handheld.walk("night-1")
    handheld.sync()
    browser = office.browser()
    for now, told in (("2026-11-21 07:00", True), ("2026-11-21 23:59", False)):
        office.now = at(now)
        missed = browser.get("/now", params=EN).text.partition('id="missed"')[2].partition("</section>")[0]
        assert ("Night round 2" in missed) == told, now
        assert "Night round 1" not in missed


@contextmanager
def watching(browser: httpx.Client, **query: str) -> Iterator[Iterator[tuple[str, str]]]:
    """Events of a stream: name and data."""
    with browser.stream("GET", STREAM, params={**EN, **query}, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


def events(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    name, data = "", []
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line and data:
            yield name, "\n".join(data)
            name, data = "", []


def until(stream: Iterator[tuple[str, str]], name: str, words: str) -> str:
    return next(data for event, data in stream if event == name and words in data)


def test_an_open_page_hears_of_an_alarm_and_of_who_took_it(scene: tuple[Office, Handheld]) -> None:
    office, handheld = scene
    with closing(office.browser()) as browser, watching(browser) as stream:
        assert "Night round 1" in until(stream, "piece", "")
        alarm = raise_alarm(handheld)
        handheld.sync()
        assert "nobody has taken it" in until(stream, "piece", 'role="alert"')
        press(office.browser(), alarm, "taken")
        assert "taken" in until(stream, "piece", "badge amber")
        press(office.browser(), alarm, "closed")
        assert 'role="alert"' not in until(stream, "piece", "")


def test_the_clock_goes_on_and_what_did_not_change_is_not_sent_again(scene: tuple[Office, Handheld]) -> None:
    office, _ = scene
    with closing(office.browser()) as browser, watching(browser) as stream:
        assert next(stream)[0] == "piece"
        assert next(stream)[0] == "clock"
        office.now += 60_000
        name, data = next(stream)
        assert (name, "22:0" in data) == ("clock", True)


def test_a_session_that_ends_ends_its_stream(scene: tuple[Office, Handheld]) -> None:
    office, _ = scene
    browser, other = office.browser(), office.stranger()
    other.cookies = browser.cookies
    with closing(browser), watching(browser) as stream:
        next(stream)
        token = re.search(r'name="csrf" value="([^"]+)"', other.get("/alarms").text)
        assert token is not None
        other.post("/logout", data={"csrf": token[1]})
        assert "Sign in again" in until(stream, "clock", "refused")
        assert [name for name, _ in stream] == ["end"]
    assert office.stranger().get(STREAM).status_code == 303


def test_an_account_has_so_many_streams_and_no_more(scene: tuple[Office, Handheld]) -> None:
    office, _ = scene
    office.account("second")
    with closing(office.browser("second")) as browser:
        with watching(browser) as first:
            next(first)
            held = [browser.send(browser.build_request("GET", STREAM), stream=True) for _ in range(live.EACH - 1)]
            assert [each.status_code for each in held] == [200] * len(held)
            lines = [each.iter_lines() for each in held]  # a reader that is forgotten closes its line
            assert all(next(each) for each in lines)
            assert browser.get(STREAM).status_code == 204  # a browser does not ask again after that
            for each in held:
                each.close()
        until_free(browser)


def until_free(browser: httpx.Client) -> None:
    """Who went makes room: the office notices at its next look."""
    for _ in range(40):
        with browser.stream("GET", STREAM, timeout=10) as answer:
            if answer.status_code == 200:
                return
    raise AssertionError("the streams that were left are still counted")


def test_an_office_that_stops_lets_its_watchers_go(office: Office) -> None:
    office.account()
    with closing(office.browser()) as browser, watching(browser) as stream:
        next(stream)
        office.close()
        assert "end" not in [name for name, _ in stream]  # the browser is to come again


def test_another_sites_account_watches_nothing_here(scene: tuple[Office, Handheld]) -> None:
    office, _ = scene
    from sync.office import accounts
    from tests.office.conftest import CHEAP

    office.ask(
        accounts.add(
            office.store, accounts.Applicant("else", "supervisor", sites=("donghu",)), PASSWORD, office.now, CHEAP
        )
    )
    with closing(office.stranger()) as browser:
        sign_in(browser, "else", PASSWORD)
        assert browser.get(STREAM, params={"site": SITE}).status_code == 403
