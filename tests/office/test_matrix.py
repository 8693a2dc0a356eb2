"""The month of rounds: each cell is what the page of its day says; and the people of a site with what they did."""

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from io import StringIO

import httpx
import pytest

from sync.office.walker import Tricks
from tests.office.conftest import SITE, Handheld, Office, at, furnished
from tests.office.test_pages import Page

EN = {"lang": "en"}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Two of the night's rounds, one of them with a missed point; the office asks on the next morning."""
    folder = tmp_path_factory.mktemp("matrix")
    office = Office(furnished(folder / "office"))
    office.account()
    handheld = Handheld(office, folder / "handheld")
    handheld.walk("night-1")
    plan = office.plan()
    stop = plan.route(plan.schedule("night-2").route).stops[3].id
    handheld.walk("night-2", date(2026, 11, 21), tricks=Tricks(miss=frozenset({stop})))
    handheld.sync()
    office.now = at("2026-11-21 09:00")
    with closing(office.browser()) as browser:
        yield browser
    handheld.close()
    office.close()


def line(browser: httpx.Client, name: str, **query: str) -> list[tuple[str, str]]:
    """Colour and text of each day of a schedule, then the total and the rate; empty without that line."""
    text = browser.get("/rounds/month", params={**EN, "month": "2026-11", **query}).text
    found = re.search(rf'<tr><th scope="row">{name}</th>(.*?)</tr>', text, re.DOTALL)
    cells = re.findall(r'<td(?: class="(\w+)")?>(.*?)</td>', found[1], re.DOTALL) if found else []
    return [(colour, re.sub(r"<[^>]+>", "", inner)) for colour, inner in cells]


def test_a_cell_has_the_verdict_of_its_days_page(walked: httpx.Client) -> None:
    clean, marked = line(walked, "Night round 1"), line(walked, "Night round 2")
    assert len(clean) == 30 + 2
    assert clean[19] == ("ok", "1/1")
    assert marked[20] == ("red", "1/1")  # it opens at midnight, on the 21st
    assert clean[18] == ("", "")  # before the plan was imported nobody was asked
    assert clean[24] == ("dim", "\u00b7")  # still to come
    assert [text for _, text in clean[-2:]] == ["1/1", "100.0%"]
    assert marked[-1][1] == "92.9%"  # 13 of 14 points, and not one of those to come
    day = Page(walked.get("/rounds", params={**EN, "day": "2026-11-21"})).text
    assert "Night round 2 missed 1 13/14" in day


def test_what_was_missed_can_be_asked_for_alone_and_by_kind(walked: httpx.Client) -> None:
    assert line(walked, "Night round 2", show="red")
    assert line(walked, "Night round 1", show="red") == []
    assert line(walked, "Night round 1", kind="cleaning") == []
    assert line(walked, "Night round 1", month="2026-10") == []
    assert line(walked, "Night round 1", month="2026-13") != []  # what is no month is this one


def test_a_cell_leads_to_its_day_and_the_file_holds_the_same(walked: httpx.Client) -> None:
    page = walked.get("/rounds/month", params={**EN, "month": "2026-11"}).text
    assert f'href="/rounds?site={SITE}&amp;day=2026-11-20"' in page
    raw = walked.get("/rounds/month", params={**EN, "month": "2026-11", "as": "csv"}).content
    head, *rows = list(csv.reader(StringIO(raw.decode("utf-8-sig"))))
    assert head[:2] == ["Schedule", "1"]
    [night] = [row for row in rows if row[0] == "Night round 1"]
    assert [text for _, text in line(walked, "Night round 1")] == night[1:]


def test_people_stand_with_their_roles_and_lead_to_their_records(walked: httpx.Client) -> None:
    people = walked.get("/people", params={**EN, "q": "1001"}).text
    assert Page(walked.get("/people", params=EN)).text.count(" guard ") > 2
    path = re.search(r'href="(/people/zhang-wei[^"]*)"', people)
    assert path is not None
    assert "/people/li-jun" not in people
    records = Page(walked.get(path[1], params=EN)).text
    assert records.count("round started") == 2
    rounds = Page(walked.get(path[1], params={**EN, "kind": "rounds"})).text
    assert "Rows: 2" in rounds
    assert walked.get("/people/nobody-at-all", params=EN).status_code == 404
