"""An alarm at the office: it stands above every page until somebody has taken and closed it, and handhelds are told."""

import json
import re

import httpx
import pytest
from msgspec.structs import replace

from app.logbook.book import Draft
from sync.office.pages import alarmlist
from sync.office.store import alarms as table
from sync.office.store.records import link
from tests.office.conftest import GUARDS, SITE, Handheld, Office, at
from tests.office.test_pages import Page, round_path

EN = {"lang": "en"}


def raise_alarm(handheld: Handheld) -> str:
    (entry,) = handheld.write(Draft("alarm.raised", {"round": None, "point": "east-gate"}, GUARDS[:1]))
    return f"{handheld.logbook.book_id}:{entry.record.seq}"


def press(browser: httpx.Client, alarm: str, state: str, back: str = "/rounds", **changed: str) -> httpx.Response:
    """The button of a page, with the token of that page; closed as a real one unless it is said."""
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/alarms").text)
    assert token is not None
    fields = {"csrf": token[1], "site": SITE, "alarm": alarm, "state": state, "back": back}
    outcome = {"outcome": "real"} if state == "closed" else {}
    return browser.post("/alarms", data={**fields, **outcome, **changed})


def banner(browser: httpx.Client, path: str = "/rounds") -> str:
    """What stands above the page's heading."""
    text = browser.get(path, params=EN).text
    found = re.search(r'<section class="alarms.*?</section>', text, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", found[0]) if found else ""


@pytest.fixture
def alarm(office: Office, handheld: Handheld) -> str:
    office.account(person="zhang-wei")
    office.account("reception", role="desk", person="li-jun")
    raised = raise_alarm(handheld)
    handheld.sync()
    return raised


def acts(office: Office, alarm: str) -> list[tuple[int, str, str, str, int, str]]:
    found = office.ask(office.store.read(lambda tx: table.acts_of(tx, [(SITE, alarm)])))
    return [(act.step, act.state, act.account, act.by, act.at, act.outcome) for act in found.get((SITE, alarm), [])]


def fed(office: Office, alarm: str) -> tuple[int, bytes] | None:
    item = office.ask(office.store.changes.current(SITE, "alarm", alarm))
    return (item.rev, item.body or b"") if item else None


def test_an_alarm_is_taken_and_closed_and_the_handhelds_are_told_by_name(office: Office, alarm: str) -> None:
    browser = office.browser()
    assert "nobody has taken it" in banner(browser)
    assert fed(office, alarm) is None
    office.now = at("2026-11-21 09:05")
    answer = press(browser, alarm, "taken", "/rounds?day=2026-11-20")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rounds?day=2026-11-20")
    assert "taken by Zhang Wei, 2026-11-21 09:05:00" in banner(browser)
    told = fed(office, alarm)
    assert told is not None
    said = {"alarm": alarm, "at": at("2026-11-21 09:05"), "by": {"en": "Zhang Wei", "zh": "张伟"}, "state": "taken"}
    assert told[1] == json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    office.now = at("2026-11-21 09:40")
    assert press(browser, alarm, "closed").status_code == 303
    assert banner(browser) == ""
    after = fed(office, alarm)
    assert after is not None
    assert after[0] > told[0]
    assert json.loads(after[1])["state"] == "closed"
    assert acts(office, alarm) == [
        (1, "taken", "chief", "张伟", at("2026-11-21 09:05"), ""),
        (2, "closed", "chief", "张伟", at("2026-11-21 09:40"), "real"),
    ]
    history = Page(browser.get("/alarms", params=EN)).text
    assert "taken by Zhang Wei, 2026-11-21 09:05:00" in history
    assert "closed by Zhang Wei, 2026-11-21 09:40:00 (real)" in history


def test_whoever_closes_an_alarm_says_what_it_was(office: Office, alarm: str) -> None:
    browser = office.browser()
    assert press(browser, alarm, "taken", outcome="false").status_code == 409
    press(browser, alarm, "taken")
    for nothing in ("", "perhaps"):
        refused = press(browser, alarm, "closed", outcome=nothing)
        assert refused.status_code == 409
        assert "属实、误报还是试报" in refused.text
    assert "taken by" in banner(browser)
    assert press(browser, alarm, "closed", outcome="false").status_code == 303
    assert acts(office, alarm)[1][1:3] + acts(office, alarm)[1][5:] == ("closed", "chief", "false")
    assert "(false alarm)" in Page(browser.get("/alarms", params=EN)).text
    told = fed(office, alarm)
    assert told is not None
    assert json.loads(told[1])["outcome"] == "false"


def test_an_alarm_that_nobody_closed_stands_on_every_page_however_old_it_is(office: Office, alarm: str) -> None:
    name = "night-1@2026-11-20T22:00#x-1"
    office.now = at("2027-01-31 08:00")
    browser = office.browser()
    for path in ("/rounds", "/rounds?day=2026-12-24", "/books", round_path(name)):
        assert "nobody has taken it" in banner(browser, path), path
    press(browser, alarm, "taken")
    assert "taken by" in banner(browser)
    press(browser, alarm, "closed")
    assert banner(browser) == ""
    assert "East" not in Page(browser.get("/alarms", params=EN)).text  # two months later the list ends before it


def test_it_can_be_taken_before_its_turn_and_stays_taken(office: Office, handheld: Handheld) -> None:
    office.account()
    alarm = raise_alarm(handheld)
    (entry,) = [entry for entry in handheld.logbook.entries() if entry.record.kind == "alarm.raised"]
    one = link(entry.record.seq, entry.raw, b"")
    office.ask(office.store.records.take_urgent(SITE, handheld.logbook.book, one, office.now))
    browser = office.browser()
    assert press(browser, alarm, "taken").status_code == 303
    handheld.sync()
    assert "taken by chief" in banner(browser)
    assert banner(browser).count("East vehicle gate") == 1


def test_whoever_comes_second_is_told_and_nothing_changes(office: Office, alarm: str) -> None:
    browser = office.browser()
    for state in ("closed", "reopened", ""):
        assert press(browser, alarm, state).status_code == 409
    assert press(browser, alarm, "taken").status_code == 303
    late = press(office.browser("reception"), alarm, "taken")
    assert late.status_code == 409
    assert "别人刚刚处理过" in late.text
    assert [act[:3] for act in acts(office, alarm)] == [(1, "taken", "chief")]
    assert press(browser, "00" * 32 + ":1", "taken").status_code == 409
    assert press(browser, alarm, "taken", site="elsewhere").status_code == 409


def test_the_desk_sees_alarms_and_its_own_pages_and_no_rounds(office: Office, alarm: str) -> None:
    browser = office.browser("reception")
    assert browser.get("/").headers["location"] == "/desk"
    assert browser.get("/rounds").status_code == 403
    assert browser.get("/books").status_code == 403
    assert press(browser, alarm, "taken", "/alarms").headers["location"] == "/alarms"
    assert acts(office, alarm)[0][2:4] == ("reception", "李军")
    assert 'href="/rounds"' not in browser.get("/alarms").text


@pytest.mark.parametrize("role", ["quality", "guard"])
def test_others_cannot_take_it(office: Office, alarm: str, role: str) -> None:
    supervisor = office.browser()
    token = re.search(r'name="csrf" value="([^"]+)"', supervisor.get("/alarms").text)
    assert token is not None
    office.account("other", role=role)
    other = office.browser("other")
    mine = re.search(r'name="csrf" value="([^"]+)"', other.get("/rounds").text)
    assert mine is not None
    fields = {"site": SITE, "alarm": alarm, "state": "taken", "back": "/rounds"}
    assert other.post("/alarms", data={**fields, "csrf": mine[1]}).status_code == 403
    assert 'action="/alarms"' not in other.get("/rounds").text
    assert other.post("/alarms", data={**fields, "csrf": token[1]}).status_code == 403
    assert acts(office, alarm) == []


def test_a_form_from_another_site_takes_nothing(office: Office, alarm: str) -> None:
    browser = office.browser()
    for token in ("", "made up", "ab.cd"):
        assert press(browser, alarm, "taken", csrf=token).status_code == 403
    assert office.stranger().post("/alarms", data={"alarm": alarm}).status_code == 303
    assert acts(office, alarm) == []


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/logout", "/roundsevil", ""])
def test_the_button_leads_nowhere_else(office: Office, alarm: str, back: str) -> None:
    assert press(office.browser(), alarm, "taken", back).headers["location"] == "/now"


def test_an_urgent_finding_is_told_and_has_no_button(office: Office, handheld: Handheld) -> None:
    office.account()
    finding = {
        "kind": "finding", "category": "water-leak", "phrase": "x", "words": "burst", "point": "gas-box",
        "stop": None, "round": None, "due": at("2026-11-21 23:00"), "urgent": True, "fixed": False,
    }  # fmt: skip
    (entry,) = handheld.write(Draft("finding.raised", finding, GUARDS))
    handheld.sync()
    browser = office.browser()
    assert "burst" in banner(browser)
    assert 'action="/alarms"' not in browser.get("/rounds").text
    assert press(browser, f"{handheld.logbook.book_id}:{entry.record.seq}", "taken").status_code == 409
    office.now = at("2026-11-25 09:00")
    assert "burst" not in banner(office.browser())


def test_a_silent_alarm_and_one_of_nobodys_hand_say_what_the_desk_must_know(office: Office, handheld: Handheld) -> None:
    office.account(person="zhang-wei")
    unanswered = {
        "round": None,
        "point": "east-gate",
        "how": "not-answered",
        "who": [GUARDS[0]],
        "asked": at("2026-11-21 02:10"),
        "seen": at("2026-11-21 01:00"),
    }
    handheld.write(
        Draft("alarm.raised", {"round": None, "point": None, "how": "silent"}, GUARDS[:1]),
        Draft("alarm.raised", unanswered),
        Draft("lone.answered", {"asked": at("2026-11-21 02:10"), "urged": True, "point": "east-gate"}, GUARDS[:1]),
    )
    lift = {"procedure": "lift-trapped", "name": "电梯困人 DT-03-1 客梯", "exercise": False, "point": "b3-u1"}
    handheld.write(
        Draft("procedure.opened", lift, GUARDS[:1]),
        Draft("procedure.opened", {**lift, "name": "drill", "exercise": True}, GUARDS[:1]),
    )
    handheld.sync()
    shown = banner(office.browser())
    assert "Emergency: 电梯困人 DT-03-1 客梯" in shown
    assert "drill" not in shown
    assert "do not call them by radio" in shown
    assert "Lone worker does not answer" in shown
    assert "last seen 2026-11-21 01:00" in shown
    assert "Zhang Wei" in shown.split("Lone worker does not answer")[1], "whom it is about, though nobody raised it"


def test_of_many_alarms_the_newest_stand_above_a_page_and_all_in_the_list(office: Office, handheld: Handheld) -> None:
    office.account()
    for _ in range(7):
        handheld.clock.wait(60)
        raise_alarm(handheld)
    handheld.sync()
    browser = office.browser()
    assert banner(browser).count("nobody has taken it") == 5
    assert "All alarms" in banner(browser)
    assert Page(browser.get("/alarms", params=EN)).text.count("nobody has taken it") == 7


def test_older_alarms_are_on_further_pages(office: Office, handheld: Handheld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarmlist, "ALARMS", replace(alarmlist.ALARMS, shown=2))
    office.account()
    browser = office.browser()
    for _ in range(5):
        handheld.clock.wait(60)
        alarm = raise_alarm(handheld)
        handheld.sync()
        for state in ("taken", "closed"):
            press(browser, alarm, state)
    listed = [
        _listed(browser, path) for path in ("/alarms", "/alarms?sort=-time", "/alarms?sort=time", "/alarms?sort=-site")
    ]
    assert [len(pages) for pages in listed] == [3] * 4
    newest, *others, oldest, by_site = ([ref for page in pages for ref in page] for pages in listed)
    assert len(newest) == 5 == len(set(newest))
    assert others == [newest] == [by_site]
    assert oldest == newest[::-1]


def test_what_stands_is_first_unless_a_column_is_asked_for(office: Office, handheld: Handheld) -> None:
    office.account()
    raise_alarm(handheld)
    for days in (0, 40):
        handheld.clock.wait(days * 24 * 3600 + 60)
        office.now += days * 24 * 3600 * 1000
        alarm = raise_alarm(handheld)
        handheld.sync()
        browser = office.browser()
        press(browser, alarm, "taken")
        press(browser, alarm, "closed")
    [usual], [newest] = (_listed(browser, path) for path in ("/alarms", "/alarms?sort=-time"))
    assert len(usual) == 2, "what was closed a month ago is not among them"
    assert newest == usual[::-1], "what stands is in its turn, however old"
    assert len(_listed(browser, "/alarms?sort=time&from=2026-11-01")[0]) == 3


def _listed(browser: httpx.Client, path: str) -> list[list[str]]:
    """The records of page after page."""
    pages = list[list[str]]()
    while path:
        text = browser.get(f"{path}{'&' if '?' in path else '?'}lang=en").text
        pages.append(re.findall(r'<td data-label="Record"><span class="ref">([^<]*)<', text))
        following = re.search(r'<a href="(/alarms\?[^"]+)" rel="next"', text)
        path = following[1].replace("&amp;", "&") if following else ""
        assert len(pages) < 9
    return pages
