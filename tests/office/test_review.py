"""Rounds reviewed at the office by exception: accepted together and one by one, sent back, excused, taken back."""

import re
from contextlib import closing
from datetime import date

import httpx
import pytest
from msgspec.structs import replace

from app.duties.accepting import Shown
from app.errors import NotAllowed
from app.kinds import to_dict
from app.kinds.afterwards import PointExcused
from app.kinds.reviews import ReviewAccepted
from app.logbook.book import Draft
from sync.office import example_reviews, importing, to_review
from sync.office.desk import Desk
from sync.office.pages.deciding import decide as decide_form
from sync.office.pages.deciding import seal
from sync.office.store import reviews
from sync.office.store import rounds as table
from sync.office.walker import Tricks
from tests.office.conftest import GUARDS, SITE, Handheld, Office, at
from tests.office.test_desk import desk_book, desk_records
from tests.office.test_fold import dump, fold_anew
from tests.office.test_life import excuse, supervisor
from tests.office.test_pages import Page, round_path

EN = {"lang": "en"}
MORNING = date(2026, 11, 21)
NIGHT = {"site": SITE, "day": "2026-11-20", "span": "night"}


def missing(office: Office, schedule: str = "night-2") -> Tricks:
    """Nobody goes to the last two stops."""
    plan = office.plan()
    stops = plan.route(plan.schedule(schedule).route).stops
    return Tricks(miss=frozenset(stop.id for stop in stops[-2:]))


@pytest.fixture
def browser(office: Office, handheld: Handheld) -> httpx.Client:
    office.account(role="supervisor", person=supervisor(office))
    return office.browser()


def look(browser: httpx.Client, **query: str) -> httpx.Response:
    return browser.get("/review", params={**NIGHT, **EN, **query})


def forms(page: str) -> list[dict[str, str]]:
    """The hidden fields of each form that decides."""
    found = re.findall(r'<form class="(?:decide|passes)".*?</form>', page, re.S)
    return [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for form in found]


def send(browser: httpx.Client, what: str, name: str = "", **more: str) -> httpx.Response:
    """Press that button of the page, of the round `name`."""
    page = look(browser).text.replace("&#34;", '"')
    form = next(each for each in forms(page) if each["what"] == what and each.get("round", "") == name)
    return browser.post("/review", params=EN, data={**form, **more})


def section(browser: httpx.Client, heading: str) -> str:
    """What stands under a heading of the page."""
    text = Page(look(browser)).text
    return re.split(
        r"(?:To be looked at|Clean|Accepted|Sent back, waiting for an answer) \(\d+\)", text.partition(heading)[2]
    )[0]


def test_the_clean_rounds_pass_together_and_what_is_marked_asks(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    clean, marked = handheld.walk("night-1"), handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    before = Page(look(browser)).text
    assert "Accept all that are clean: 1" in before
    assert "missed 2" in section(browser, "To be looked at")
    assert send(browser, "pass").status_code == 303
    accepted = desk_records(office)[-1]
    assert (accepted["kind"], accepted["by"]) == ("review.accepted", (supervisor(office),))
    shown = accepted["rounds"]
    assert isinstance(shown, list)
    assert [each["round"] for each in shown] == [clean]
    assert "Accept all" not in Page(look(browser)).text
    left = office.ask(office.store.read(lambda tx: table.days_not_reviewed(tx, SITE, "2026-11-20", "2026-11-21")))
    assert left == [(marked.partition("@")[2][:10], 1)]
    assert "not reviewed yet: 11-21 (1)" in Page(look(browser, day="2026-11-22")).text
    kept = office.ask(office.store.read(dump))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == kept, "folded again from the records, the same"


def test_a_round_is_sent_back_answered_accepted_and_what_came_later_is_shown(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    name = handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    assert send(browser, "return", name, reason="missed", words="").status_code == 303
    sent = desk_records(office)[-1]
    assert (sent["kind"], sent["reason"], sent["words"]) == ("review.returned", "missed", "points were missed: explain")
    assert sent["crew"] == list(GUARDS)
    about = sent["about"]
    assert isinstance(about, list)
    assert [each["mark"] for each in about] == ["missed", "missed"]
    assert "sent back by Wang Qiang: points were missed" in section(browser, "Sent back, waiting for an answer")
    asked = f"{desk_book(office).hex()}:{len(desk_records(office))}"
    answer = {"review": asked, "walked": name, "why": "blocked", "words": "the gate was locked"}
    handheld.write(Draft("review.answered", answer, (GUARDS[0],)))
    handheld.sync()
    assert "answered by Zhang Wei: the gate was locked" in section(browser, "To be looked at")
    assert send(browser, "accept", name).status_code == 303
    accepted = desk_records(office)[-1]
    assert accepted["review"] == asked, "so that the handhelds know that it is over"
    assert "accepted by Wang Qiang" in section(browser, "Accepted")
    started = next(entry.record.seq for entry in handheld.logbook.entries() if entry.record.kind == "round.started")
    said = {"record": f"{handheld.logbook.book_id}:{started}", "mark": "crew-short", "words": "as ordered"}
    handheld.write(Draft("mark.explained", said, (GUARDS[0],)))
    handheld.sync()
    assert "Changed since the review: a mark was explained" in section(browser, "Accepted"), "shown, and no more"
    answered = {"round": name, "stop": "x", "check": "y", "ok": True, "value": None, "repeated": False, "words": ""}
    handheld.write(Draft("check.answered", answered, GUARDS))
    handheld.sync()
    assert "more records came" in section(browser, "To be looked at"), "it asks again"
    assert send(browser, "accept", name).status_code == 303
    assert send(browser, "withdraw", name).status_code == 303
    assert "taken back by Wang Qiang" in section(browser, "To be looked at")


def test_an_excuse_from_the_page_holds_for_the_rounds_own_window(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    name = handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    last = office.plan().route("night-2").stops[-1].point
    assert send(browser, "excuse", name, point=last, why="weather").status_code == 303
    (excused,) = [each for each in desk_records(office) if each["kind"] == "point.excused"]
    assert (excused["point"], excused["from"], excused["to"]) == (last, at("2026-11-21 00:00"), at("2026-11-21 02:00"))
    assert "missed 1" in section(browser, "To be looked at")
    assert send(browser, "excuse", name, point=last, why="weather").status_code == 409


def test_what_changed_since_the_page_was_opened_is_not_decided_blindly(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    name = handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    page = look(browser).text
    last = office.plan().route("night-2").stops[-1].point
    handheld.write(excuse(last, "2026-11-21 00:00", "2026-11-21 02:00", supervisor(office)))
    handheld.sync()
    old = next(each for each in forms(page) if each["what"] == "accept" and each["round"] == name)
    refused = browser.post("/review", params=EN, data=old)
    assert refused.status_code == 409
    assert "has changed since you opened the page" in Page(refused).text


def test_nobody_reviews_their_own_round_and_only_who_may_reviews(office: Office, handheld: Handheld) -> None:
    office.account("quality", role="quality", person=GUARDS[0])
    office.account("nameless", role="supervisor")
    name = handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    for account, sentence in (("quality", "You may not review rounds"), ("nameless", "stands for no person")):
        with closing(office.browser(account)) as browser:
            form = next(each for each in forms(look(browser).text) if each["round"] == name)
            refused = browser.post("/review", params=EN, data={**form, "what": "accept"})
            assert (refused.status_code, sentence in Page(refused).text) == (409, True)
    assert desk_records(office) == []
    known = office.ask(office.store.read(lambda tx: to_review.read_round(tx, SITE, name, office.now)))
    assert known is not None
    (item,) = known.items
    own, boss = replace(item, crew=(*item.crew, supervisor(office))), supervisor(office)
    for what in ("accept", "return", "sign"):
        with pytest.raises(NotAllowed, match="walked"):
            decide_form({"what": what, "round": name, "shown": seal(item)}, [own], known.plan, known.plan, boss, "en")
    said = to_dict(ReviewAccepted((Shown(name),)))
    handheld.write(Draft("review.accepted", said, (GUARDS[0],)))
    handheld.sync()
    office.account("boss", person=supervisor(office))
    with closing(office.browser("boss")) as browser:
        assert "may not review: does not count" in section(browser, "To be looked at")


def test_a_supervisor_who_is_dismissed_later_that_day_had_the_right_until_then(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    name, boss, plan = handheld.walk("night-1", tricks=missing(office, "night-1")), supervisor(office), office.plan()
    handheld.walk("night-2", MORNING)
    last = plan.route("night-1").stops[-1].point
    handheld.write(excuse(last, "2026-11-20 22:00", "2026-11-21 00:00", boss))
    handheld.write(Draft("review.accepted", to_dict(ReviewAccepted((Shown(name),))), (boss,)))
    assert handheld.clock.now().at < at("2026-11-21 05:00")
    without = replace(plan, effective="2026-11-21", effective_at="05:00", grants=plan.grants[:1])
    office.ask(importing.take(office.store, importing.Found(without, None, ()), office.now - 6 * 3600 * 1000))
    handheld.sync()
    rows = office.ask(office.store.read(lambda tx: reviews.reviews_of(tx, SITE, [name])))
    assert [row.valid for row in rows[name]] == [True]
    seen = Page(browser.get(round_path(name), params=EN)).text
    assert "Points missed 1" in seen
    assert "does not count" not in seen
    refused = decide(browser, name, "accept")
    assert (refused.status_code, "You may not review rounds" in refused.text) == (409, True), "not any more"


def test_a_form_of_three_signatures_shows_who_signed_and_who_has_not(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    name = handheld.walk("fire-daily")
    handheld.sync()

    def signed() -> str:
        page = Page(browser.get(round_path(name), params=EN)).text
        return page.partition("Patroller")[2].partition("Crew")[0]

    assert re.search(r"Zhang Wei \(badge\).*Re-checker not signed Supervisor not signed", signed())
    office.account("leader", role="quality", person="song-tao")
    with closing(office.browser("leader")) as other:
        assert decide(other, name, "sign", words="hoses looked at again").status_code == 303
    assert decide(browser, name, "accept").headers["location"].startswith("/rounds/")
    now = signed()
    assert re.search(r"re-checked and signed by Song Tao hoses looked at again", now)
    assert re.search(r"Supervisor [\d: -]+ Wang Qiang", now)
    assert decide(browser, name, "withdraw").status_code == 303
    assert "Supervisor not signed" in signed()


def decide(browser: httpx.Client, name: str, what: str, **more: str) -> httpx.Response:
    """Press a button of the round's own page."""
    page = browser.get(round_path(name), params=EN).text
    form = next(each for each in forms(page) if each["what"] == what)
    return browser.post("/review", params=EN, data={**form, **more})


def test_the_route_is_drawn_in_the_plans_order_with_the_way_that_was_walked(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    name = handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    page = browser.get(round_path(name), params=EN).text
    (wide,) = re.findall(r'<figure class="map wide">.*?</figure>', page, re.S)
    assert wide.count("<circle") == len(office.plan().route("night-2").stops)
    assert re.findall(r'class="(\w+)"><title>', wide)[-2:] == ["red", "red"]
    assert re.findall(r'<text x="\d+" y="\d+">([\d-]+)</text>', wide)[-3:] == ["12", "-", "-"]
    assert 'class="walked"' not in wide, "it was walked as planned"


@pytest.mark.proof
def test_the_example_month_is_reviewed_but_for_what_happened_since_yesterday(
    office: Office, handheld: Handheld
) -> None:
    handheld.walk("night-1")
    handheld.walk("night-2", MORNING, missing(office))
    handheld.sync()
    first, late = at("2026-11-20 00:00"), at("2026-11-22 19:00")
    assert not_reviewed(office) == 2
    office.ask(example_reviews.tell(office.store, office.key, SITE, first, at("2026-11-21 10:00")))
    assert not_reviewed(office) == 2, "nobody has looked at last night's yet"
    office.ask(example_reviews.tell(office.store, office.key, SITE, first, late))
    assert not_reviewed(office) == 0


def not_reviewed(office: Office) -> int:
    office.ask(office.serving.folding.catch_up())
    return office.ask(office.store.read(lambda tx: table.count_not_reviewed(tx, SITE, "2026-11-20", "2026-11-22")))


def test_an_excuse_goes_down_to_the_handhelds_until_it_ends(office: Office, handheld: Handheld) -> None:
    office.now = at("2026-11-20 12:00")
    last = at("2026-11-30 00:00")

    def say(point: str, until: int) -> str:
        body = PointExcused(point, office.now, until, "weather")
        return office.ask(Desk(office.store, office.key).say(SITE, body, supervisor(office), office.now))

    def is_sent(excuse: str) -> bool:
        office.ask(office.serving.folding.catch_up())
        item = office.ask(office.store.changes.current(SITE, "matter", excuse))
        return item is not None and item.body is not None

    excuse = say("fitness", last)
    assert is_sent(excuse)
    office.now = at("2026-11-27 12:00")
    say("shed-1", office.now + 1)
    assert is_sent(excuse), "said a week ago, and it still holds"
    office.now = at("2026-12-03 12:00")
    say("shed-1", office.now + 1)
    assert not is_sent(excuse)
