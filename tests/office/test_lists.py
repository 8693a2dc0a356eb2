"""Lists: what is filtered, sorted and paged is what the page, the CSV and the XLSX hold, and text stays text in all."""

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from zipfile import ZipFile

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.logbook.book import Draft
from sync.office.pages import listing, lists
from sync.office.pages.listfiles import Table, csv_of, xlsx_of
from sync.office.pages.listing import Column, Link, Listing, Row, Wish, arranged
from sync.office.store import audit, papers
from sync.office.store.papers import PaperRow
from sync.office.verdicts import Verdict
from tests.office.conftest import CHEAP, GUARDS, PASSWORD, SITE, Handheld, Office, furnished
from tests.office.test_pages import HOSTILE, SHOWN, Page

EN = {"lang": "en"}
DEVICES = 60
"""More than a page."""
PEOPLE = "/people/zhang-wei"
SHIFTS = 70
PAPERS = 70


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Many handhelds, one of them named by somebody hostile; a guard who signed in often."""
    from sync.office import accounts

    folder = tmp_path_factory.mktemp("lists")
    office = Office(furnished(folder / "office"))
    office.account()
    for name, role in (("boss", "manager"), ("root", "admin")):
        office.ask(accounts.add(office.store, accounts.Applicant(name, role), PASSWORD, office.now, CHEAP))
    handheld = Handheld(office, folder / "handheld")
    handheld.write(*(Draft("shift.opened", {"crew": [crew], "post": None}, GUARDS[:1]) for crew in crews()))
    handheld.sync()
    handheld.close()
    for n in range(DEVICES):
        office.ask(office.store.devices.add(SITE, f"=HYPERLINK({n:02})", office.now))
    office.ask(office.store.devices.add(SITE, HOSTILE[:60], office.now))
    yield office
    office.close()


def crews() -> list[dict[str, object]]:
    return [{"person": "zhang-wei", "method": "badge", "role": "guard"}] * SHIFTS


@pytest.fixture(scope="module")
def browser(office: Office) -> Iterator[httpx.Client]:
    with closing(office.browser("boss")) as browser:
        yield browser


@pytest.fixture(scope="module")
def admin(office: Office) -> Iterator[httpx.Client]:
    with closing(office.browser("root")) as browser:
        yield browser


def rows(answer: httpx.Response) -> list[list[str]]:
    """The cells of the page's table."""
    assert answer.status_code == 200
    body = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
    ]


def every_page(browser: httpx.Client, path: str) -> list[list[list[str]]]:
    """Page after page, as a visitor who presses Next."""
    found = []
    while path:
        answer = browser.get(path)
        found.append(rows(answer))
        following = re.search(r'<a href="([^"]+)" rel="next">', answer.text)
        path = following[1].replace("&amp;", "&") if following else ""
        assert len(found) < 20
    return found


def read_csv(answer: httpx.Response) -> list[list[str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


def read_xlsx(raw: bytes) -> list[list[str]]:
    """The texts of the first sheet, and its numbers as they are written."""
    space = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with ZipFile(BytesIO(raw)) as parts:
        assert not any("externalLink" in name or "vba" in name.lower() for name in parts.namelist())
        strings = [
            "".join(text.text or "" for text in one.iterfind(".//s:t", space))
            for one in ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    assert sheet.find(".//s:f", space) is None, "a formula"
    assert sheet.find(".//s:hyperlink", space) is None
    return [
        [
            strings[int(cell.findtext("s:v", "", space))] if cell.get("t") == "s" else cell.findtext("s:v", "", space)
            for cell in row.iterfind("s:c", space)
        ]
        for row in sheet.iterfind(".//s:row", space)
    ]


# -- what is asked is what is shown ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "count"),
    [("/devices", DEVICES + 2), (PEOPLE, SHIFTS), (f"{PEOPLE}?sort=at", SHIFTS), ("/devices?sort=-name", DEVICES + 2)],
)
def test_pages_hold_every_row_once_and_the_file_holds_the_same(browser: httpx.Client, path: str, count: int) -> None:
    path = f"{path}{'&' if '?' in path else '?'}lang=en"
    pages = every_page(browser, path)
    assert [len(page) for page in pages[:-1]] == [listing.SHOWN] * (len(pages) - 1)
    listed = [row for page in pages for row in page]
    assert len(listed) == count
    assert len({tuple(row) for row in listed}) == count
    assert f"Rows: {count}" in Page(browser.get(path)).text
    file = read_csv(browser.get(f"{path}&as=csv"))
    assert len(file) == count + 1
    where = 0 if path.startswith("/devices") else 2
    assert [_bare(row[where]) for row in file[1:]] == [_bare(row[where]) for row in listed]


def _bare(text: str) -> str:
    return re.sub(r"\s|&[#a-z0-9]+;|['\"<>&]", "", text)


LISTED = (
    "/rounds", "/rounds/month", "/alarms", "/messages", "/findings", "/hazards", "/orders/list", "/blindspots",
    "/assets", "/assets/dt-03-1", "/cleaning", "/controlroom", "/visitors", "/handovers", "/drills",
    "/indicators/missed", "/compare", "/papers", "/people", PEOPLE, "/devices", "/plans", "/tags", "/books",
    "/releases", "/audit",
)  # fmt: skip
ADMINS = {"/releases"}
ELSEWHERE = {
    "/orders": "a board; /orders/list is its list",
    "/now": "what is so at this moment, of several sorts",
    "/review": "work of one shift; /rounds is its list",
    "/desk": "what waits for the desk; /orders/list is its list",
    "/indicators": "the month's figures; papers have them as files",
    "/precheck": "questions before a report, each with its answer",
    "/records": "a book as it was written; `watchbook-office export` has it with its proofs",
}
"""Pages with rows that are no list, and why."""
FORMS = {
    "/", "/afterwards", "/desk/new", "/enrolment", "/enrolment/list.csv", "/labels", "/labels/sheet.pdf",
    "/labels/test.pdf", "/now/stream", "/papers/check", "/papers/make", "/plans/changes", "/plans/example.xlsx",
    "/plans/file", "/plans/preview", "/settings",
}  # fmt: skip
"""What is filled in, or sent as it is."""


def test_every_page_is_a_list_or_says_why_not() -> None:
    from tests.office.test_doors import GETS

    known = {*LISTED, *ELSEWHERE, *FORMS}
    assert {path for path in GETS if "{" not in path} - known == set()


@pytest.mark.parametrize("path", LISTED)
def test_each_list_is_a_file_with_the_headings_of_its_page(
    browser: httpx.Client, admin: httpx.Client, path: str
) -> None:
    asked, browser = {**EN, "site": SITE}, admin if path in ADMINS else browser
    text, page = browser.get(path, params=asked).text, read_csv(browser.get(path, params={**asked, "as": "csv"}))
    sheet = browser.get(path, params={**asked, "as": "xlsx"})
    assert read_xlsx(sheet.content)[0] == page[0]
    assert len(page[0]) > 2
    shown = re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)', text)
    assert path == "/rounds/month" or set(shown[: len(page[0])]) <= set(page[0]), shown


def test_an_order_turned_round_is_the_other_way(browser: httpx.Client) -> None:
    one, other = (
        [row[2] for page in every_page(browser, f"{PEOPLE}?lang=en&sort={way}at") for row in page] for way in ("", "-")
    )
    assert one == other[::-1]


def test_a_list_without_a_filter_counts_all_its_rows(browser: httpx.Client) -> None:
    text = browser.get("/audit?lang=en").text
    every = len(read_csv(browser.get("/audit?lang=en&as=csv"))) - 1
    assert every > 1
    assert f"Rows: {every}" in text


def test_a_day_is_listed_as_planned_or_as_asked(browser: httpx.Client) -> None:
    planned = [row[0] for row in rows(browser.get("/rounds?lang=en"))]
    asked = [row[0] for row in rows(browser.get("/rounds?lang=en&sort=-window"))]
    assert len(planned) > 10
    assert asked == sorted(planned, reverse=True) != planned
    cleaned = [row[0] for row in rows(browser.get("/rounds?lang=en&kind=cleaning"))]
    assert 1 < len(cleaned) < len(planned)
    assert [row[0] for row in read_csv(browser.get("/rounds?lang=en&kind=cleaning&as=csv"))[1:]] == cleaned


def test_filters_stand_in_the_url_and_hold_on_every_page(browser: httpx.Client) -> None:
    found = [row for page in every_page(browser, "/devices?lang=en&name=HYPERLINK") for row in page]
    assert len(found) == DEVICES
    assert every_page(browser, "/devices?lang=en&state=waiting&name=hyperlink(07") == [[found[7]]]
    answer = browser.get("/devices", params={**EN, "name": "HYPERLINK", "sort": "-name"})
    links = re.findall(r'href="(/devices\?[^"]+)"', answer.text.partition("<main")[2])
    assert len(links) >= 5  # headings, next, files
    kept = [parse_qs(urlsplit(link.replace("&amp;", "&")).query) for link in links if "name=" in link]
    assert all(query["name"] == ["HYPERLINK"] for query in kept)
    assert len(kept) == len(links) - 1  # one clears it
    assert len(every_page(browser, "/devices?lang=en&state=nonsense")[0]) == listing.SHOWN


def test_papers_that_were_made_are_listed_by_sort_and_days(office: Office, browser: httpx.Client) -> None:
    for n in range(PAPERS):
        name, day = ("night", "lift")[n % 2], f"2026-10-{1 + n * 7 % 28:02}"
        row = PaperRow(SITE, f"{n:064x}", name, "", "zh", day, day, "0" * 64, n, office.now + n // 3 * 60_000, "x")
        office.ask(office.store.write(partial(papers.keep, row=row, content=b"")))
    for sort, column in (("made", 2), ("days", 1)):
        one, other = (
            [row for page in every_page(browser, f"/papers?lang=en&sort={way}{sort}") for row in page]
            for way in ("", "-")
        )
        listed = [int(row[4]) for row in one if row[3] == "x"]  # the office makes a sheet by itself
        assert sorted(listed) == list(range(PAPERS))
        assert one == other[::-1]
        assert [row[column] for row in one] == sorted(row[column] for row in one)
    asked = "/papers?lang=en&paper=lift&from=2026-10-08&to=2026-10-14"
    [found] = every_page(browser, asked)
    assert {row[0] for row in found} == {"Daily lift safety check"}
    assert 1 < len(found) < PAPERS // 2
    assert all("2026-10-08" <= row[1] <= "2026-10-14" for row in found)
    assert [row[4] for row in read_csv(browser.get(f"{asked}&as=csv"))[1:]] == [row[4] for row in found]


def test_days_are_whole_and_local(browser: httpx.Client) -> None:
    def count(**days: str) -> int:
        return len(read_csv(browser.get(PEOPLE, params={"as": "csv", **days}))) - 1

    assert count(**{"from": "2026-11-20", "to": "2026-11-20"}) == SHIFTS
    assert count(**{"from": "2026-11-21"}) == 0
    assert count(to="2026-11-19") == 0
    assert count(**{"from": "no day", "to": "2026-13-01"}) == SHIFTS


@pytest.mark.parametrize("after", ["x", "1.x", "-5.n", "99999999999999999.n", "1.zz.zz", "'; drop", "1.\u202e"])
def test_a_place_that_nobody_gave_is_no_error(browser: httpx.Client, after: str) -> None:
    for path in ("/devices", PEOPLE, "/audit"):
        assert browser.get(path, params={"after": after}).status_code == 200


def test_an_export_is_noted_with_what_was_asked(office: Office, browser: httpx.Client) -> None:
    browser.get(PEOPLE, params={"as": "xlsx", "from": "2026-11-20"})
    [last] = office.ask(office.store.read(lambda tx: audit.listed(tx, most=1)))
    assert (last.account, last.act, last.site) == ("boss", "list-exported", SITE)
    assert "zhang-wei.xlsx" in last.subject
    assert "from=2026-11-20" in last.subject


def test_looking_at_where_somebody_was_is_noted(office: Office, browser: httpx.Client) -> None:
    browser.get(PEOPLE)
    noted = office.ask(office.store.read(lambda tx: audit.listed(tx, audit.Which(act="person-seen"))))
    assert [(note.account, note.subject) for note in noted] == [("boss", "person-zhang-wei")]
    browser.get("/people/li-jun", params={"site": SITE})
    noted = office.ask(office.store.read(lambda tx: audit.listed(tx, audit.Which(act="person-seen"))))
    assert [note.subject for note in noted] == ["person-li-jun", "person-zhang-wei"], "whoever it is, by name"


def test_a_file_ends_somewhere_and_says_so(browser: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "EXPORTED", 15)
    monkeypatch.setattr(lists, "TOGETHER", 10)
    raw = browser.get(PEOPLE, params={**EN, "as": "xlsx"}).content
    assert len(read_xlsx(raw)) == 1 + 15
    with ZipFile(BytesIO(raw)) as parts:
        assert b"Cut after row 15" in parts.read("xl/sharedStrings.xml")


# -- text stays text -----------------------------------------------------------------------------


def test_a_hostile_name_is_text_on_the_page_and_in_both_files(browser: httpx.Client) -> None:
    query = {**EN, "name": "script"}
    page = Page(browser.get("/devices", params=query))
    assert "script" not in page.elements
    assert "img" not in page.elements
    name = read_csv(browser.get("/devices", params={**query, "as": "csv"}))[1][0]
    assert SHOWN[:30] in name
    assert "\u202e" not in name
    assert SHOWN[:30] in read_xlsx(browser.get("/devices", params={**query, "as": "xlsx"}).content)[1][0]


FORMULAE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "－2", "|calc", "%0A=1")


@pytest.mark.parametrize("text", FORMULAE)
def test_nothing_that_a_spreadsheet_would_reckon_begins_a_cell(text: str) -> None:
    table = Table("t", ["=h"], [[text]])
    head, row = list(csv.reader(StringIO(csv_of(table).decode("utf-8-sig"))))
    assert head == ["'=h"]
    assert row[0].startswith("'")
    assert read_xlsx(xlsx_of(table))[1][0] == re.sub(r"[\t\r]", "\ufffd", text)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_whatever_is_written_comes_back_without_a_control_character(texts: list[str]) -> None:
    table = Table("t", ["h"], [[text] for text in texts])
    for found in (
        list(csv.reader(StringIO(csv_of(table).decode("utf-8-sig"), newline=""))),
        read_xlsx(xlsx_of(Table("t", ["h"], [[f"x{text}"] for text in texts]))),
    ):
        assert len(found) == len(texts) + 1
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(row[0] for row in found))


def test_figures_and_times_are_figures_and_times() -> None:
    when = datetime(2026, 11, 20, 22, 3, 5, tzinfo=UTC)
    table = Table("t", list("abcdefg"), [[-5, Decimal("4.50"), when, date(2026, 11, 20), 10**16, float("nan"), None]])
    assert list(csv.reader(StringIO(csv_of(table).decode("utf-8-sig"))))[1] == [
        "-5", "4.50", "2026-11-20 22:03:05", "2026-11-20", str(10**16), "nan", "",
    ]  # fmt: skip
    cells = read_xlsx(xlsx_of(table))[1]
    assert [float(cell) for cell in cells[:2]] == [-5, 4.5]
    assert abs(float(cells[2]) - 46346.91880787037) < 1e-6  # days since 1899-12-30, by Excel's own count
    assert cells[4:] == [str(10**16), "nan"]
    old = Table("t", ["a"], [[datetime(1601, 1, 1, tzinfo=UTC)], [date(1, 1, 1)]])
    assert [row[0] for row in read_xlsx(xlsx_of(old))[1:]] == ["1601-01-01 00:00:00+00:00", "0001-01-01"]


@pytest.mark.parametrize("title", ["[a]:*?/\\'", "", "很长的标题" * 20, "\u202e"])
def test_a_sheet_is_named_as_excel_allows(title: str) -> None:
    with ZipFile(BytesIO(xlsx_of(Table(title, ["h"], [], sheet="About")))) as parts:
        names = re.findall(rb'<sheet name="([^"]*)"', parts.read("xl/workbook.xml"))
    assert len(names) == 2
    assert 0 < len(names[0].decode()) <= 31


# -- what is in memory ---------------------------------------------------------------------------

ANY = Listing(
    "any", "/any", "lists.site", (Column("a", "lists.site", sorts=True), Column("b", "lists.site", sorts=True))
)
cells = st.one_of(
    st.none(), st.text(max_size=5), st.integers(-9, 9), st.decimals(-9, 9, places=1),
    st.datetimes(timezones=st.just(UTC)), st.dates(), st.builds(Link, st.text(max_size=3)),
    st.builds(Verdict, st.sampled_from(["ok", "red", "amber", "dim", "?"]), st.text(max_size=3)),
    st.tuples(st.text(max_size=3)),
)  # fmt: skip


@given(st.lists(st.tuples(cells, cells), max_size=20), st.integers(1, 7), st.booleans())
def test_unlike_cells_have_an_order_and_pages_part_it(
    given_rows: list[tuple[listing.Cell, listing.Cell]], most: int, oldest: bool
) -> None:
    every = [Row(each) for each in given_rows]
    wish = Wish("", (), {}, "a", oldest, None, most + 1)
    found: list[Row] = []
    for _ in range(len(every) + 1):
        some = arranged(every, ANY, wish)
        found += some[:most]
        if len(some) <= most:
            break
        wish = Wish("", (), {}, "a", oldest, some[most - 1].place, most + 1)
    whole = arranged(every, ANY, Wish("", (), {}, "a", oldest, None, 100))
    assert [row.cells for row in found] == [row.cells for row in whole]
    assert sorted(map(repr, given_rows)) == sorted(repr(row.cells) for row in found)


def test_scripts_of_the_first_page_are_small(browser: httpx.Client, tmp_path: Path) -> None:
    """At most 50 KB as they go over the line (gzip)."""
    page = browser.get("/now").text
    scripts = re.findall(r'<script src="([^"]+)"', page)
    assert len(scripts) == 2
    sizes = []
    for script in scripts:
        with browser.stream("GET", script, headers={"accept-encoding": "gzip"}) as answer:
            assert "immutable" in answer.headers["cache-control"]
            sizes.append(sum(len(part) for part in answer.iter_raw()))
    print(f"first page: {sum(sizes)} bytes of script")
    assert 1000 < sum(sizes) <= 50_000
