"""Papers: what is on them, that they can be checked, and that no text of a record becomes anything else."""

import asyncio
import hashlib
import io
import re
import time
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from openpyxl import load_workbook  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import select

from app.duties.accepting import Shown
from app.kinds.reviews import ReviewAccepted
from sync.office.desk import Desk
from sync.office.pages import daybooks
from sync.office.pages.listing import Wish
from sync.office.papers import NAMES, paper, pdf
from sync.office.papers.catalogue import SORTS
from sync.office.papers.nightly import Nightly
from sync.office.papers.paper import (
    Cell,
    Column,
    Facts,
    MadeFrom,
    Paper,
    Section,
    Signing,
    Table,
    TooLarge,
    Words,
    harmless,
)
from sync.office.papers.press import MEDIA, PaperRefused, Press, file_of
from sync.office.store import papers as table
from sync.office.store.paging import Place
from sync.office.store.schema import records
from tests.office.conftest import SITE, Office, at, command, furnished
from tests.office.papers_read import HOSTILE, links_of, look_through, must_be_harmless, pages_of, words_of
from tests.office.papers_told import DAY, Told, made
from tests.office.test_life import supervisor


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    it = Office(furnished(tmp_path_factory.mktemp("papers") / "office"))
    it.account("chief", "manager")
    yield it
    it.close()


@pytest.fixture(scope="module")
def told(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    it = Told(office, tmp_path_factory.mktemp("told"))
    yield it
    it.close()


@pytest.fixture(scope="module")
def browser(office: Office) -> Iterator[httpx.Client]:
    it = office.browser()
    yield it
    it.close()


def cells_of(name: str, told: Told) -> list[str]:
    return [cell.text for one in paper.tables_of(made(told, name)) for row in one.rows for cell in row]


# -- what stands on them ----------------------------------------------------------------------------


def test_the_fire_patrol_has_the_twelve_items_in_the_form_s_order_and_empty_boxes(told: Told) -> None:
    patrol = made(told, "fire-patrol")
    items = [row[1].text for row in paper.tables_of(patrol)[0].rows]
    assert len(items) == 12
    assert (items[0], items[3], items[11]) == ("违章用火用电", "疏散通道堆物", "消防水池 水箱水位")
    words = words_of(file_of(patrol, "pdf"))
    assert "每日防火巡查记录" in words
    assert words.count("巡查人签名：") == 2
    assert "张伟、李军" in words
    assert "2026年11月20日" in words


def test_what_nobody_walked_is_said(told: Told) -> None:
    patrol = made(told, "fire-patrol", first=date(2026, 11, 19), last=date(2026, 11, 20))
    assert "本期应查2次，其中1次没有记录：11-1914:30" in words_of(file_of(patrol, "pdf"))


def test_zero_risk_is_reported(told: Told) -> None:
    lifts = made(told, "lift", last=DAY)
    assert [len(one.rows) for one in paper.tables_of(lifts)] == [12, 6]
    assert "未发现安全风险隐患（零风险报告）" in words_of(file_of(lifts, "pdf"))


def test_the_control_room_s_log_says_where_its_watch_had_gaps(told: Told) -> None:
    log = made(told, "control-room")
    assert [cell.text for cell in paper.tables_of(log)[0].rows[1][1:5]] == ["故障", "12", "报修", "何静"]
    assert "间隔超过120分钟1处" in words_of(file_of(log, "pdf"))


def test_the_check_before_the_report_names_what_waits_with_room_for_who_settles_it(told: Told) -> None:
    before = made(told, "precheck")
    asked, waiting = paper.tables_of(before)
    assert [cell.text for cell in asked.rows[5][:3]] == ["6", "未复核的轮次", "5"]
    assert asked.rows[5][1].link == f"/review?site={SITE}&from=2026-11-01&to=2026-11-30"
    assert [column.name for column in asked.columns[-2:]] == ["整改人", "完成时间"]
    lines: dict[str, list[Cell]] = {}
    for row in waiting.rows:
        if len(row) == 1:
            lines[row[0].text] = under = []
        else:
            under.append(row[0])
    assert [cell.text for cell in lines["6. 未复核的轮次"]] == ["2026-11-18 1轮", "2026-11-20 4轮"]
    (late,) = lines["9. 超期未整改的问题和隐患"]
    assert (told.finding.replace(":", "%3A") in late.link, "3号楼1单元" in late.text) == (True, True)
    filled = [cell.text for row in (*asked.rows, *waiting.rows) if len(row) > 1 for cell in row[-2:]]
    assert (len(filled) > 40, set(filled)) == (True, {""})
    office = told.office
    said = ReviewAccepted((Shown(told.round),))
    office.ask(Desk(office.store, office.key).say(SITE, said, supervisor(office), at("2026-11-21 08:50")))
    office.ask(office.serving.folding.catch_up())
    after = made(told, "precheck")
    assert (before.made.hash != after.made.hash, after.made.records) == (True, before.made.records + 1)
    assert [cell.text for cell in paper.tables_of(after)[0].rows[5][:3]] == ["6", "未复核的轮次", "4"]


def test_a_handover_shows_what_is_missing_and_what_was_late(told: Told) -> None:
    words = words_of(file_of(made(told, "handover"), "pdf"))
    assert "消防电话手柄21-1" in words
    assert "夜间一巡22:00" in words
    assert "王磊" in words


def test_all_three_forms_come_from_one_finding(told: Told) -> None:
    forms = made(told, "violation")
    assert [section.title for section in forms.sections] == [
        "违规行为巡查、劝阻和报告处置记录表",
        "违规行为劝阻通知书",
        "违规行为报告书",
    ]
    words = words_of(file_of(forms, "pdf"))
    for text in ("3-1-501", "2026-017", "消防救援站", "答应整改", "已签收"):
        assert text in words, text


def test_a_notice_comes_back_with_its_correction_and_its_check_on_site(told: Told) -> None:
    words = words_of(file_of(made(told, "notice"), "pdf"))
    assert "安泰消防公司" in words
    assert "已补齐" in words
    assert "复查合格，销号（现场扫码）" in words


def test_a_drill_tells_who_stood_there_and_what_lacked(told: Told) -> None:
    texts = cells_of("drill", told)
    assert texts[texts.index("铁锹") :][:3] == ["铁锹", "10", "8"]
    assert "未完成" in texts


def test_an_asset_s_history_and_its_repairs(told: Told) -> None:
    assert any("角阀 x1" in text for text in cells_of("asset", told))
    repair = paper.tables_of(made(told, "repairs"))[0].rows[0]
    assert [cell.text for cell in repair[2:5]] == ["地下车库B1中心岗 滴漏,已接桶", "周杰", "冯雷"]
    assert repair[6].text == "角阀×1"


def test_a_score_sheet_filled_in_again_counts_once(told: Told) -> None:
    rows = paper.tables_of(made(told, "scores"))[0].rows
    assert ["78/100", "22"] in [[cell.text for cell in row[2:4]] for row in rows]


def test_what_is_personal_is_not_printed(told: Told) -> None:
    visitors = paper.tables_of(made(told, "register"))[0]
    assert [row[2].text for row in visitors.rows] == ["单独保存", "单独保存"]
    assert [row[4].look for row in visitors.rows] == ["", "soft"]


def test_the_night_s_sheet_counts_rounds_and_points(told: Told) -> None:
    sheet = made(told, "night", first=date(2026, 11, 21))
    rounds = paper.tables_of(sheet)[0]
    assert [row[1].text for row in rounds.rows] == ["夜间一巡", "夜间二巡", "夜间三巡", "夜间四巡"]
    assert rounds.rows[0][4].text == "14/14"


@pytest.mark.proof
def test_the_month_has_every_indicator_and_says_what_may_change(told: Told) -> None:
    month = made(told, "month", first=date(2026, 11, 1))
    texts = [cell.text for one in paper.tables_of(month) for row in one.rows for cell in row]
    for name in ("漏检率", "准时率", "维修及时率", "满意率"):
        assert texts.count(name) >= 2, name
    assert "暂定数据" in words_of(file_of(month, "pdf"))


def test_numbers_link_to_their_records(told: Told) -> None:
    content = file_of(made(told, "power-room"), "xlsx")
    targets = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/_rels/sheet1.xml.rels").decode()
    assert f"https://office.example/records?site={SITE}" in targets


@pytest.mark.parametrize("name", ["fire-patrol", "control-room", "handover", "violation", "drill"])
def test_each_page_carries_its_hash_and_its_numbers_open_what_they_are_of(
    told: Told, browser: httpx.Client, name: str
) -> None:
    whole = made(told, name)
    content = file_of(whole, "pdf")
    assert all(whole.made.hash in page for page in pages_of(content))
    links = set(links_of(content))
    check = {each for each in links if each.startswith("https://office.example/papers/check?")}
    assert [whole.made.hash in each for each in check] == [True]
    numbers = links - check
    assert numbers
    assert all(each.startswith("https://office.example/") for each in numbers)
    path = min(numbers).removeprefix("https://office.example")
    assert browser.get(path).status_code == 200, path


def test_a_manager_s_copy_is_as_wide_as_its_columns_say_and_counts_its_pages(told: Told) -> None:
    with zipfile.ZipFile(io.BytesIO(file_of(made(told, "drill"), "docx"))) as parts:
        body, foot, styles = (parts.read(f"word/{name}.xml").decode() for name in ("document", "footer1", "styles"))
    grids = [re.findall(r'<w:gridCol w:w="(\d+)"', one) for one in re.findall(r"<w:tblGrid>.*?</w:tblGrid>", body)]
    steps = next([int(width) for width in grid] for grid in grids if len(grid) == 4 and len(set(grid)) > 2)
    assert steps[0] > steps[2] > steps[3] > steps[1]
    assert re.findall(r'w:instr="(\w+)"', foot) == ["PAGE", "NUMPAGES"]
    assert re.findall(r'<w:lang [^>]*w:eastAsia="([^"]+)"', styles) == ["zh-CN"]


def test_a_workbook_s_figures_can_be_added_up() -> None:
    row = (Cell("98.7%", link="/records?x=1"), Cell("12", number=True), Cell("1-2"))
    section = Section((Table((Column("A"), Column("B"), Column("C")), (row,)),))
    whole = Paper("x", "en", "T", "", "S", "D", (section,), MadeFrom("0" * 64, 1), url="https://office.example")
    content = file_of(whole, "xlsx")
    cells = load_workbook(io.BytesIO(content)).worksheets[0][6]
    assert [(cell.value, cell.number_format) for cell in cells] == [
        (0.987, "0.0%"),
        (12, "General"),
        ("1-2", "General"),
    ]


# -- the hash ---------------------------------------------------------------------------------------


def test_the_hash_is_made_of_the_records_hashes_and_the_plan(told: Told) -> None:
    whole = made(told, "violation")
    book, _, first = told.finding.partition(":")
    wanted = [int(first) + number for number in range(4)]
    mine = (records.c.book == bytes.fromhex(book), records.c.seq.in_(wanted))
    query = select(records.c.hash).where(*mine).order_by(records.c.seq)
    hashes = told.office.ask(told.office.store.read(lambda tx: list(tx.execute(query).scalars())))
    digest = hashlib.sha256(b"".join(hashes) + bytes.fromhex(told.office.plan().sha256))
    assert (whole.made.hash, whole.made.records) == (digest.hexdigest(), 4)


def test_a_paper_is_checked_by_page_and_by_command(told: Told, browser: httpx.Client) -> None:
    office, whole = told.office, made(told, "notice")
    asked = {"paper": "notice", "site": SITE, "from": str(DAY), "of": told.hazard, "lang": "en"}
    assert "It agrees" in browser.get("/papers/check", params={**asked, "hash": whole.made.hash}).text
    assert "It does not agree" in browser.get("/papers/check", params={**asked, "hash": "0" * 64}).text
    words = ("paper", "notice", "--site", SITE, "--from", str(DAY), "--of", told.hazard, "--check")
    assert command(office, *words, whole.made.hash)[0] == 0
    assert command(office, *words, "0" * 64)[0] == 5


# -- pages and commands -----------------------------------------------------------------------------


def test_a_browser_makes_a_paper_and_has_it_again(told: Told, browser: httpx.Client) -> None:
    asked = {"paper": "fire-patrol", "site": SITE, "from": str(DAY), "to": str(DAY), "in": "zh", "as": "pdf"}
    answer = browser.get("/papers/make", params=asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    page = browser.get("/papers", params={"site": SITE, "lang": "en"}).text
    kept = set(re.findall(r'href="(/papers/kept/[0-9a-f]{64}\?[^"]*as=pdf)"', page.replace("&amp;", "&")))
    assert answer.content in [browser.get(address).content for address in kept]
    audit = browser.get("/audit", params={"lang": "en"}).text
    assert audit.count("made a paper") >= 1 + len(kept)
    assert f"fire-patrol {DAY} {DAY} pdf" in audit


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"paper": "nothing"}, "there is no such paper"),
        ({"paper": "lift", "as": "docx"}, "not in this format"),
        ({"paper": "lift", "from": "tomorrow"}, "write days like"),
        ({"paper": "lift", "from": "2024-01-01", "to": "2026-01-01"}, "these days cannot be"),
        ({"paper": "asset"}, "choose what this paper is about"),
        ({"paper": "asset", "of": "../../etc/passwd"}, "there is no such asset"),
        ({"paper": "notice", "of": "0:0"}, "there is no such finding"),
        ({"paper": "lift", "site": "nowhere"}, "no such site"),
    ],
)
def test_what_cannot_be_had_is_said(browser: httpx.Client, told: Told, wrong: dict[str, str], said: str) -> None:
    answer = browser.get("/papers/make", params={"site": SITE, "lang": "en", **wrong})
    assert answer.status_code == 409
    assert said in answer.text


def test_the_docs_name_every_paper_with_its_formats() -> None:
    text = (Path(__file__).parents[2] / "docs" / "papers.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \|.*\| ([A-Z ]+) \|$", text, re.MULTILINE)
    assert rows == [(name, " ".join(SORTS[name].formats).upper()) for name in NAMES]
    assert list(SORTS) == list(NAMES)


def test_commands_write_reports_and_papers(told: Told, tmp_path: Path) -> None:
    office = told.office
    for name in ("month.csv",):
        code, said = command(office, "report", "2026-11", "--site", SITE, "-o", str(tmp_path / name))
        assert code == 0, said
        assert (tmp_path / name).stat().st_size > 1000
    code, said = command(office, "report", "2026-13", "--site", SITE, "-o", str(tmp_path / "x.pdf"))
    assert (code, "month like" in said) == (1, True)
    code, said = command(office, "paper", "lift", "--site", SITE, "--from", str(DAY), "-o", str(tmp_path / "x.docx"))
    assert (code, ".pdf .xlsx .csv" in said) == (1, True)


# -- the press --------------------------------------------------------------------------------------


def long_paper(rows: int) -> Paper:
    lines = ((Cell("1", number=True), Cell("正常")),) * rows
    return Paper(
        "x", "en", "T", "", "S", "D", (Section((Table((Column("N"), Column("S")), lines),)),), MadeFrom("0" * 64, 1)
    )


async def test_a_paper_that_takes_too_long_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(PaperRefused, match="not done within"):
        await Press(time_s=0.05).file(long_paper(20_000), "pdf")
    assert time.monotonic() - began < 10


def test_more_than_a_paper_holds_is_refused() -> None:
    with pytest.raises(TooLarge):
        harmless(long_paper(100_001))


# -- the night's sheet ------------------------------------------------------------------------------


def test_the_night_s_sheet_is_made_once_by_whoever_comes_first(told: Told) -> None:
    office = told.office
    clock = {"now": at("2026-11-25 07:59")}
    workers = [Nightly(office.store, office.serving.folding, lambda: clock["now"]) for _ in range(2)]

    async def look() -> list[int]:
        return list(await asyncio.gather(*(worker.look() for worker in workers)))

    office.ask(look())  # whatever mornings nobody made up for yet
    assert office.ask(look()) == [0, 0]
    clock["now"] = at("2026-11-25 08:00")
    assert sum(office.ask(look())) == 1
    clock["now"] = at("2026-11-28 10:00")
    assert sum(office.ask(look())) == 3
    sheets = office.ask(office.store.read(lambda tx: table.sheets_of(tx, SITE, "2026-11-01")))
    assert sorted(sheets) == [f"2026-11-{day}" for day in range(21, 29)]
    rows = office.ask(office.store.read(lambda tx: table.listed(tx, SITE)))
    assert {row.paper for row in rows if row.name == "night"} >= set(sheets.values())


# -- what posts keep, and cleaning, as lists ---------------------------------------------------------


def rows_of(page: str) -> list[str]:
    """The text of each row of the list."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page.partition("<tbody>")[2], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def test_the_control_room_s_lines_and_those_worth_a_look(told: Told, browser: httpx.Client) -> None:
    every = rows_of(browser.get("/controlroom", params={"site": SITE, "lang": "zh"}).text)
    odd = rows_of(browser.get("/controlroom", params={"site": SITE, "lang": "zh", "look": "odd"}).text)
    assert (len(every), len(odd)) == (4, 1)
    assert "信号：故障；回路/地址号：12；处理：报修" in odd[0]


def test_a_filter_that_did_not_look_at_every_line_says_so(
    told: Told, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"site": SITE, "lang": "en", "look": "plain"}
    assert "Lines looked through" not in browser.get("/controlroom", params=asked).text
    monkeypatch.setattr(daybooks, "SCANNED", 3)
    cut = browser.get("/controlroom", params=asked).text
    assert "Lines looked through: 3, as far as 2026-11-2" in cut
    assert "Lines looked through" not in browser.get("/controlroom", params={"site": SITE, "lang": "en"}).text


def test_a_filtered_list_goes_on_where_its_page_ended(told: Told) -> None:
    def page(after: Place | None) -> daybooks.Facts:
        wish = Wish(SITE, (), {"look": "plain"}, "at", False, after, 2)
        found = told.office.ask(told.office.store.read(lambda tx: daybooks.read_watch(tx, wish, told.office.now)))
        assert found is not None
        return found

    first = page(None)
    second = page(first.lines[0].row.place)
    assert (first.count, second.count) == (3, 3)
    assert second.lines[0] == first.lines[1]
    assert second.lines[1] not in first.lines


def test_who_is_still_inside_is_seen_and_looking_is_noted(told: Told, browser: httpx.Client) -> None:
    asked = {"site": SITE, "lang": "en"}
    every = rows_of(browser.get("/visitors", params=asked).text)
    assert len(every) == 2
    inside = rows_of(browser.get("/visitors", params={**asked, "state": "inside"}).text)
    assert len(inside) == 1
    assert "still in" in inside[0]
    answer = browser.get("/visitors", params={**asked, "as": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    audit = browser.get("/audit", params={"lang": "en"}).text
    assert "looked at visitors" in audit
    assert "exported a list" in audit


def test_handovers_and_drills_are_listed(told: Told, browser: httpx.Client) -> None:
    handovers = rows_of(browser.get("/handovers", params={"site": SITE, "lang": "zh"}).text)
    assert [("何静" in row, "王磊" in row) for row in handovers] == [(False, True), (True, False)]
    (drill,) = rows_of(browser.get("/drills", params={"site": SITE, "lang": "zh"}).text)
    assert "防汛 演练" in drill
    assert f"of={told.run}".replace(":", "%3A") in browser.get("/drills", params={"site": SITE}).text


def test_cleaning_is_listed_by_place(told: Told, browser: httpx.Client) -> None:
    asked = {"site": SITE, "lang": "zh", "day": str(DAY)}
    every = rows_of(browser.get("/cleaning", params=asked).text)
    late = rows_of(browser.get("/cleaning", params={**asked, "state": "not_done"}).text)
    assert len(every) == 50
    assert len(late) == 50
    assert all("未做" in row for row in late)
    assert any("8号楼门厅" in row and "78/100" in row for row in every)
    assert rows_of(browser.get("/cleaning", params={**asked, "state": "done"}).text) == []


# -- texts are texts --------------------------------------------------------------------------------


def hostile_paper() -> Paper:
    """A text that would like to be more wherever a text may stand."""
    text = HOSTILE
    cell = Cell(text, "bad", link="/records?x=1")
    blocks = (
        Table((Column(text), Column(text)), ((cell, Cell(text, number=True)), (Cell(text, across=2),)), text),
        Facts(((text, cell), (text, cell), (text, cell))),
        Words((text,)),
        Words((text,), "letter"),
        Signing((text, text), tall=True),
    )
    section = Section(blocks, heading=text, title=text, beside=text)
    source = MadeFrom("0" * 64, 1, "/papers/check?x=1")
    return Paper("x", "zh", text, text, text, text, (section,), source, stand=text, url="https://office.example")


@pytest.mark.parametrize("form", MEDIA)
def test_hostile_texts_stay_texts(form: str) -> None:
    must_be_harmless(file_of(hostile_paper(), form), form)


def test_a_pdf_leads_to_the_records(told: Told) -> None:
    assert any(
        each.startswith("https://office.example/records?") for each in links_of(file_of(made(told, "notice"), "pdf"))
    )


def test_the_test_would_see_a_formula() -> None:
    """The control: a workbook with a formula is caught."""
    from xlsxwriter import Workbook

    held = io.BytesIO()
    book = Workbook(held, {"in_memory": True})
    book.add_worksheet().write_formula(0, 0, "=1+1")
    book.close()
    with pytest.raises(AssertionError):
        look_through(held.getvalue())


def test_a_text_of_the_form_itself_cannot_be_changed_by_a_paper(told: Told) -> None:
    """Not even where the whole paper comes from outside: it is data for typst, and markup in it is a text."""
    page = replace(long_paper(1), title="#set page(width: 1mm) = Title")
    assert "#setpage(width:1mm)=Title" in words_of(pdf.pdf(harmless(page)))
