"""The equipment ledger, and one piece of it with readings, limits and records, as a supervisor opens them."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.duties.days import local_time
from sync.office.pages import assets
from sync.office.walker import Tricks
from tests.office.conftest import SITE, Handheld, Office, furnished


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One in which both power rooms were looked after twice, the second time with a reading out of its limits."""
    folder = tmp_path_factory.mktemp("assets")
    it = Office(furnished(folder / "office"))
    it.account()
    _walk(it, folder)
    yield it
    it.close()


def _walk(office: Office, folder: Path) -> None:
    handheld = Handheld(office, folder / "handheld")
    handheld.walk("power-am")
    handheld.walk("power-am", tricks=Tricks(readings={"cos": "0.86"}))
    handheld.sync()
    handheld.close()


@pytest.fixture
def browser(office: Office) -> Iterator[httpx.Client]:
    with closing(office.browser()) as it:
        yield it


def rows_of(page: str) -> list[str]:
    body = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)[-1]
    return [
        " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def test_the_ledger_tells_what_is_due_what_was_read_and_what_is_out_of_its_limits(
    office: Office, browser: httpx.Client
) -> None:
    page = browser.get("/assets", params={"site": SITE, "lang": "en", "kind": "measured"}).text
    rows = rows_of(page)
    assert rows
    assert len(rows) < len(office.plan().assets)
    (meter,) = [row for row in rows if "aa-1-2" in row]
    assert "0.86" in meter
    lifts = rows_of(browser.get("/assets", params={"site": SITE, "lang": "en", "kind": "special"}).text)
    assert lifts
    assert all("2027-" in row and "days left" in row for row in lifts)
    over = browser.get("/assets", params={"site": SITE, "lang": "en", "until": "over"})
    assert "<tbody>" not in over.text


def test_one_piece_shows_each_reading_with_the_limits_of_its_day_as_a_chart_and_as_a_table(
    office: Office, browser: httpx.Client
) -> None:
    page = browser.get("/assets/aa-1-2", params={"site": SITE, "lang": "en"}).text
    (points,) = [json.loads(unescape(text)) for text in re.findall(r'data-points="([^"]*)"', page)]
    check = next(
        each for one in office.plan().checklists for each in one.checks if each.id == "cos" and each.low is not None
    )
    assert [value for _, value, _, _ in points][-1] == 0.86
    assert {low for _, _, low, _ in points} == {float(check.low or 0)}
    assert "too low" in page
    assert "0.9 to 1" in page
    assert re.search(r'<script src="/static/charts.js\?v=\w+" defer></script>', page)
    only = browser.get("/assets/aa-1-2", params={"site": SITE, "lang": "en", "sort": "order"}).text
    assert page.count("upto=") == 2
    assert only.count("upto=") == 0
    assert browser.get("/assets/no-such-thing", params={"site": SITE}).status_code == 404


def test_the_chart_follows_the_days_that_are_asked_for_and_tells_what_it_leaves_out(
    office: Office, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(**asked: str) -> str:
        return unescape(browser.get("/assets/aa-1-2", params={"site": SITE, "lang": "en", **asked}).text)

    def points(text: str) -> list[list[float]]:
        return [row for chart in re.findall(r'data-points="([^"]*)"', text) for row in json.loads(chart)]

    whole = page()
    last = local_time(int(points(whole)[-1][0]) * 1000, ZoneInfo(office.plan().site.zone)).date()
    same, after = page(**{"from": last.isoformat()}), page(**{"from": (last + timedelta(days=1)).isoformat()})
    assert points(same)[-1] == points(whole)[-1]
    assert f"{last} –" in same
    assert points(after) == []
    assert "Nothing was read of it on these days." in after

    assert "the newest 2 of 2" in whole
    monkeypatch.setattr(assets, "CHARTED", 1)
    thinner = page()
    assert points(thinner) == points(whole)[-1:]
    assert "the chart has the newest 1, the table the newest 1, of 2" in thinner


def test_the_file_has_what_the_page_lists(browser: httpx.Client) -> None:
    file = browser.get("/assets", params={"site": SITE, "lang": "en", "kind": "measured", "as": "csv"})
    assert file.headers["content-type"].startswith("text/csv")
    page = browser.get("/assets", params={"site": SITE, "lang": "en", "kind": "measured"}).text
    assert len(file.text.strip().splitlines()) >= len(rows_of(page))
