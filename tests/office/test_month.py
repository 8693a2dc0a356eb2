"""The month's pages: figures with their cases, what is entered by hand, the check before the report, sites compared."""

import re
from collections.abc import Iterator
from csv import reader
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from app.duties.indicators import INDICATORS
from app.duties.site import Named, encode_plan
from sync.office import behind, counting, importing, month
from sync.office.month import Month
from sync.office.store import days, known
from sync.office.store.plans import PlanRow, add_plan
from sync.office.walker import Tricks
from tests.office.conftest import PASSWORD, PLAN, SITE, Handheld, Office, at, command, furnished
from tests.office.test_indicators import tell_of_matters
from tests.office.test_life import supervisor
from tests.office.test_pages import Page
from tests.office.test_projections import Book

pytestmark = pytest.mark.proof

MONTH = "2026-11"
EN = {"lang": "en", "site": SITE, "month": MONTH}
LATER = at("2026-12-01 09:00")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A month in which one round was walked and another begun too late, an order was late, and a hazard put right."""
    folder = tmp_path_factory.mktemp("month")
    it = Office(furnished(folder / "office"))
    walked = Handheld(it, folder / "book")
    walked.walk(tricks=Tricks(miss=frozenset({"fitness", "shed-1"})))
    walked.walk("night-2", date(2026, 11, 21), Tricks(late_s=6900, skip={"pond": "locked"}))
    walked.sync()
    walked.close()
    it.ask(tell_of_matters(it))
    it.now = LATER
    it.account(person=supervisor(it))
    yield it
    it.close()


@pytest.fixture(scope="module")
def browser(office: Office) -> Iterator[httpx.Client]:
    it = office.browser()
    yield it
    it.close()


def read(office: Office) -> Month:
    office.ask(office.serving.folding.catch_up())
    office.ask(month.ready(office.store, [SITE], MONTH, office.now))
    found = office.ask(office.store.read(lambda tx: month.read_month(tx, SITE, MONTH, office.now)))
    assert found is not None
    return found


def figures(office: Office) -> Month:
    """The same, as the page reads it: without cases and hash."""
    office.ask(office.serving.folding.catch_up())
    office.ask(month.ready(office.store, [SITE], MONTH, office.now, trend=0))
    found = office.ask(office.store.read(lambda tx: month.read_figures(tx, SITE, MONTH, office.now)))
    assert found is not None
    return found


def told(browser: httpx.Client, what: str, **fields: str) -> httpx.Response:
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/indicators", params=EN).text)
    assert token is not None
    return browser.post("/indicators", data={"csrf": token[1], "site": SITE, "month": MONTH, "what": what, **fields})


def test_every_figure_stands_with_its_target_and_the_cases_behind_it(office: Office, browser: httpx.Client) -> None:
    seen, answer = read(office), browser.get("/indicators", params=EN)
    assert f'href="/papers?site={SITE}&amp;paper=month&amp;from={MONTH}-01&amp;to={MONTH}-30"' in answer.text
    page = Page(answer).text
    missed = seen.figure("missed")
    assert f"Missed points missed points ÷ planned points (patrols) {missed.value}% Not reached ≤ 2%" in page
    assert f"{missed.count.part} / {missed.count.whole} {missed.count.part} against it" in page
    assert "Repairs in time" in page
    assert seen.figure("repairs").value == Decimal("0.0")
    assert [case.sort for case in seen.figure("repairs").cases] == ["order"] * 3
    assert "Return visits" in page
    assert len(seen.figures) == len(INDICATORS)


def test_the_cases_are_as_many_as_the_figure_says(office: Office) -> None:
    """Each of them, whatever the indicator: else a list would tell another story than its number."""
    days = counting.days_of(*month.days_of(MONTH))
    seen = figures(office)
    cases = office.ask(office.store.read(lambda tx: behind.of_days(tx, SITE, days, INDICATORS.keys(), office.now)))
    for figure in seen.figures:
        mine = [case for case in cases if case.figure == figure.name]
        if figure.unit == "min":
            continue
        count = figure.count
        against = count.part if figure.better == "less" else count.whole - count.part
        assert len([case for case in mine if case.state == "bad"]) == against, figure.name
        assert len([case for case in mine if case.state == "pending"]) == count.pending, figure.name
    assert {case.state for case in cases} >= {"bad", "pending", "good"}
    told = [case.words.en for case in cases if case.figure == "on-time" and case.state == "bad"]
    ways = ("missed", "nobody came", "not in its window", "left out")
    assert all(any(way in each for each in told) for way in ways)


def test_a_list_of_cases_goes_on_where_its_page_ended(office: Office, browser: httpx.Client) -> None:
    """Over days that have more than a page, and pages that have more than a day."""
    count = figures(office).figure("rounds").count
    listed = []
    for sort in ("-at", "at"):
        places, path = [], str(httpx.URL("/indicators/rounds").copy_merge_params({**EN, "sort": sort}))
        while path:
            text = browser.get(path).text
            places += re.findall(r'<tr class="red">.*?<a href="/rounds\?[^"]*">([^<]+)</a>', text, re.DOTALL)
            following = re.search(r'<a href="([^"]+)" rel="next">', text)
            path = following[1].replace("&amp;", "&") if following else ""
        assert len(places) == len(set(places)) == count.whole - count.part > 100
        listed.append(places)
    assert listed[0] == listed[1][::-1]


def test_a_figure_by_hand_is_marked_and_can_be_taken_back(office: Office, browser: httpx.Client) -> None:
    assert figures(office).figure("satisfied").value is None
    answer = told(browser, "enter", figure="satisfied", value="96.4%", words="Survey of November")
    assert answer.status_code == 303
    figure = figures(office).figure("satisfied")
    assert (figure.value, figure.verdict) == (Decimal("96.4"), "ok")
    assert figure.hand is not None
    assert figure.hand.by == (supervisor(office),)
    desk = office.ask(office.store.read(lambda tx: known.get(tx, f"{known.DESK}{SITE}")))
    assert figure.hand.ref == f"{desk}:{figure.hand.ref.partition(':')[2]}"
    page = Page(browser.get("/indicators", params=EN)).text
    assert "Entered by hand" in page
    assert "Survey of November" in page
    body = {"month": MONTH, "figure": "satisfied", "value": "100", "words": "by itself"}
    office.ask(Book(office.store, b"handheld").say(*[("figure.entered", body, "wang-lei", LATER)] * 20))
    assert read(office).figure("satisfied").hand == figure.hand  # what no desk said counts for nothing
    told(browser, "withdraw", figure="satisfied")
    assert figures(office).figure("satisfied").hand is None


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("enter", {"figure": "satisfied", "value": "101", "words": "x"}),
        ("enter", {"figure": "satisfied", "value": "NaN", "words": "x"}),
        ("enter", {"figure": "satisfied", "value": "90", "words": " "}),
        ("enter", {"figure": "no-such", "value": "90", "words": "x"}),
        ("enter", {"figure": "satisfied", "value": "90", "words": "x", "month": "2026-13"}),
        ("keep", {"case": "", "words": "x"}),
        ("burn", {}),
    ],
)
def test_a_form_that_makes_no_sense_records_nothing(
    office: Office, browser: httpx.Client, what: str, fields: dict[str, str]
) -> None:
    assert told(browser, what, **fields).status_code == 409
    assert figures(office).figure("satisfied").hand is None


def test_a_typical_case_is_kept_with_what_it_shows(office: Office, browser: httpx.Client) -> None:
    case = read(office).figure("repairs").cases[0]
    assert told(browser, "keep", case=case.ref, words="Nobody told the resident").status_code == 303
    (kept,) = figures(office).typical
    assert (kept.case, kept.words) == (case.ref, "Nobody told the resident")
    assert "Nobody told the resident" in browser.get("/indicators", params=EN).text
    told(browser, "drop", case=case.ref)
    assert figures(office).typical == ()


def test_the_same_records_give_the_same_hash_and_another_record_another(office: Office, browser: httpx.Client) -> None:
    before = read(office)
    assert read(office).sha256 == before.sha256
    told(browser, "enter", figure="satisfied", value="90", words="x")
    assert read(office).sha256 != before.sha256


def test_the_check_before_the_report_names_what_is_open_and_where(office: Office, browser: httpx.Client) -> None:
    answer = browser.get("/precheck", params=EN)
    page, text = answer.text, Page(answer).text
    assert "Rounds that nobody reviewed 2" in text
    assert "Return visits that are missing" in text
    assert f'href="/review?site={SITE}' in page
    assert "Figures without a source" in text
    assert "The month is not over none" in text
    assert f'href="/papers?site={SITE}&amp;paper=precheck&amp;from={MONTH}-01&amp;to={MONTH}-30"' in page
    asked = {"site": SITE, "paper": "precheck", "from": f"{MONTH}-01", "in": "en", "as": "csv"}
    paper = reader(browser.get("/papers/make", params=asked).text.splitlines())
    badges = re.findall(r'<td data-label="How many"><span class="badge \w+">([^<]+)<', page)
    assert [row[3] for row in paper if row[1].isdigit()] == badges
    assert len(badges) == 12


async def take_tower(office: Office, folder: Path) -> None:
    """A second site, of another company in another district."""
    text = PLAN.read_text(encoding="utf-8").replace(f"id: {SITE}", "id: tower").replace("Cuihu Garden", "Tower")
    (folder / "tower.yaml").write_text(text, encoding="utf-8")
    found = await importing.check(office.store, folder / "tower.yaml", None)
    assert found.plan is not None
    tower, east = Named("塔", "Tower Services", "tower"), Named("东", "East", "east")
    site = replace(found.plan.site, company=tower, district=east)
    await importing.take(office.store, replace(found, plan=replace(found.plan, site=site)), office.now)


def test_sites_stand_side_by_side_and_sort_by_any_figure(office: Office, browser: httpx.Client, tmp_path: Path) -> None:
    office.ask(take_tower(office, tmp_path))
    text = Page(browser.get("/compare", params={"lang": "en", "month": MONTH})).text
    rounds, value = (figures(office).figure(name).value for name in ("rounds", "missed"))
    assert f"Cuihu Garden Cuihu Property Services Chenghu District {rounds}% {value}%" in text
    assert "Tower Tower Services East" in text
    only = Page(browser.get("/compare", params={"lang": "en", "month": MONTH, "company": "tower"})).text
    assert "Cuihu Garden" not in only.partition("Rounds walked")[2]
    csv = browser.get("/compare", params={"lang": "en", "month": MONTH, "as": "csv", "sort": "-missed"}).text
    assert str(value) in csv
    assert csv.index("Cuihu Garden") < csv.index("Tower")
    told(browser, "enter", figure="satisfied", value="88", words="x")
    asked = {"lang": "en", "month": MONTH, "group": "residents"}
    assert "88.0% by hand" in Page(browser.get("/compare", params=asked)).text
    assert "88.0 by hand" in browser.get("/compare", params={**asked, "as": "csv"}).text


def test_an_account_is_limited_to_a_company_on_the_command_line(office: Office) -> None:
    add = ("user", "add", "boss", "--role", "manager", "--password-stdin")
    code, said = command(office, *add, "--company", "no-such", typed=f"{PASSWORD}\n")
    assert (code, "no site's plan names the company no-such" in said) == (1, True)
    code, _ = command(office, *add, "--company", "cuihu", "--district", "chenghu", typed=f"{PASSWORD}\n")
    assert code == 0
    assert "all of company cuihu, all in district chenghu" in command(office, "user", "list")[1]


def test_what_is_newest_is_counted_first_at_every_site(office: Office) -> None:
    plan = office.plan()
    raw = encode_plan(replace(plan, site=replace(plan.site, id="other")))
    row = PlanRow("other", plan.revision, sha256(raw).hexdigest(), plan.effective, raw)
    both, span = (SITE, "other"), ("2026-10-01", "2026-11-30")
    office.ask(office.store.write(lambda tx: add_plan(tx, row, 0)))
    office.ask(office.store.write(lambda tx: days.touch_from(tx, SITE, span[0])))
    turns = iter((True, True))
    left = office.ask(counting.catch_up(office.store, both, *span, LATER, more=lambda: next(turns, False)))
    held = office.ask(office.store.read(lambda tx: days.standing(tx, both, *span, LATER)))
    assert [(min(those), len(those)) for those in held.values()] == [("2026-11-15", counting.AT_ONCE)] * 2
    assert left
