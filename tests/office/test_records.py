"""Every record that came can be read at the office as a sentence, whatever its kind."""

import re
from contextlib import closing
from hashlib import sha256

import pytest
from msgspec.structs import replace

from app.duties.site import encode_plan
from app.logbook.book import Draft
from sync.office.store.plans import PlanRow, add_plan
from tests.office.conftest import SITE, Handheld, Office, at
from tests.office.test_pages import HOSTILE, SHOWN, Page

CREW = [{"person": "zhang-wei", "method": "badge", "role": "guard"}]
GIVEN = {
    "post": "south-gate-post",
    "crew": CREW,
    "counts": {"radio": 1},
    "differences": {"radio": -1},
    "open": [],
    "late": [],
    "notes": {},
    "words": "对讲机 1/2",
}


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        ("zh", ["张伟 交班:南门岗 对讲机 1/2", "接班:南门岗 没看交接单,原因: 有急事", "接班人没来:南门岗"]),
        (
            "en",
            ["given over: South gate post", "taken over: South gate post without reading the sheet, because: 有急事"],
        ),
    ],
)
def test_a_handover_is_read_at_the_office_in_both_languages(
    office: Office, handheld: Handheld, lang: str, sentences: list[str]
) -> None:
    by = ("zhang-wei",)
    handheld.write(
        Draft("handover.given", GIVEN, by),
        Draft(
            "handover.taken",
            {"post": GIVEN["post"], "sheet": "x:1", "crew": CREW, "override": "urgent", "words": "有急事"},
            by,
        ),
        Draft("relief.missing", {"post": GIVEN["post"]}, by),
        Draft("kind.unknown", {"free": HOSTILE}, by),
    )
    handheld.sync()
    office.account()
    with closing(office.browser()) as browser:
        books = browser.get("/books", params={"lang": lang})
        path = re.search(r'href="(/records[^"]+)"', books.text)
        assert path
        page = Page(browser.get(path[1].replace("&amp;", "&")))
    for sentence in sentences:
        assert sentence in page.text
    assert "<script>" not in page.elements
    assert "kind.unknown" in page.text
    assert SHOWN.split("{{")[0] in page.text, "shown as it is, obeyed by nobody"


def test_a_long_book_is_read_a_hundred_records_at_a_time(office: Office, handheld: Handheld) -> None:
    handheld.write(*(Draft("relief.missing", {"post": f"p{number}"}, ()) for number in range(230)))
    handheld.sync()
    office.account()
    seen: list[int] = []
    with closing(office.browser()) as browser:
        path = f"/records?site={SITE}&book={handheld.logbook.book_id}"
        for _ in range(9):
            answer = browser.get(path)
            assert answer.status_code == 200
            seen += map(int, re.findall(r'<tr><td data-label="[^"]+">(\d+)</td>', answer.text))
            older = re.search(r'href="([^"]+)">(?:更早的|older)<', answer.text)
            if older is None:
                break
            path = older[1].replace("&amp;", "&")
        assert seen == list(range(handheld.logbook.head.seq, 0, -1)), "each once, the newest first"
        for query in ("book=00", f"book={handheld.logbook.book_id}&site=elsewhere", ""):
            assert browser.get(f"/records?{query}").status_code == 404
        for upto in ("0", "-5", "1e9", "9" * 40, "x"):
            answer = browser.get(f"/records?site={SITE}&book={handheld.logbook.book_id}&upto={upto}")
            assert answer.status_code == 200


STARTED = {
    "round": "night-1@2026-11-20T22:00#1-1", "slot": "night-1@2026-11-20T22:00", "schedule": "night-1",
    "route": "night-1", "plan": {"revision": 1, "sha256": "ab"}, "order": ["first"], "seed": None,
    "crew": [{"person": "zhang-wei", "method": "pin"}], "opens": "2026-11-20T22:00:00+08:00",
    "closes": "2026-11-21T00:00:00+08:00", "alone": None, "marks": [],
}  # fmt: skip


def test_a_page_that_begins_within_a_round_names_its_stops_all_the_same(office: Office, handheld: Handheld) -> None:
    point = office.plan().points[0]
    rename_stop(office, "night-1", "first", point.id)
    started, *_ = handheld.write(
        Draft("round.started", STARTED, ()),
        Draft("stop.skipped", {"round": STARTED["round"], "stop": "first", "reason": "closed", "words": ""}, ()),
        *(Draft("relief.missing", {"post": f"p{number}"}, ()) for number in range(100)),
    )
    handheld.sync()
    office.account()
    upto = str(started.record.seq + 100)
    asked = {"site": SITE, "book": handheld.logbook.book_id, "lang": "zh", "upto": upto}
    with closing(office.browser()) as browser:
        page = Page(browser.get("/records", params=asked))
    assert f"去不了:{point.name.zh}" in page.text
    assert "night-1" not in page.text, "the round's beginning is on the page before"


def rename_stop(office: Office, route: str, stop: str, point: str) -> None:
    """The site's next plan, in which the route's only stop has a name that is not its point's."""
    plan = office.plan()
    only = replace(plan.route(route), stops=(replace(plan.route(route).stops[0], id=stop, point=point),))
    routes = tuple(only if each.id == route else each for each in plan.routes)
    raw = encode_plan(replace(plan, revision=plan.revision + 1, routes=routes))
    row = PlanRow(SITE, plan.revision + 1, sha256(raw).hexdigest(), plan.effective, raw)
    office.ask(office.store.write(lambda tx: add_plan(tx, row, 0)))


def first_page(office: Office, lang: str) -> Page:
    """The newest records of the only book."""
    with closing(office.browser()) as browser:
        path = re.search(r'href="(/records[^"]+)"', browser.get("/books", params={"lang": lang}).text)
        assert path
        return Page(browser.get(path[1].replace("&amp;", "&")))


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        (
            "zh",
            [
                "张伟 违规巡查记录 5:业主, 不听劝阻 7-201",
                "劝阻通知书 5:编号88 恢复原状 没人,已张贴 限2026-11-24 10:00 2张照片",
                "违规报告书 5:城管执法中队 当面送达,有回执 55",
                "查验 9-1-101:外窗 渗水 不正常 1张照片",
                "查验 9-1-101 双方确认:缺陷1条 在纸单上签了字 30",
                "工单7 拍照 1张照片",
            ],
        ),
        (
            "en",
            [
                "patrol record 5: 业主, 不听劝阻 7-201",
                "dissuasion notice 5: no. 88, 恢复原状, nobody there, posted on the door, to be done by "
                "2026-11-24 10:00",
                "report 5: 城管执法中队, in person, against a receipt 55",
                "inspection 9-1-101: 外窗 渗水 not in order photos: 1",
                "inspection 9-1-101, both sides: faults 1, signed a paper slip 30",
                "order 7: photos: 1",
            ],
        ),
    ],
)
def test_violations_inspections_and_photographs_are_read_at_the_office(
    office: Office, handheld: Handheld, lang: str, sentences: list[str]
) -> None:
    by, finding = ("zhang-wei",), f"{'ab' * 32}:5"
    seen = {"sha256": "ab" * 32, "size": 9, "type": "image/jpeg"}
    notice = {
        "demand": "restore",
        "words": "恢复原状",
        "number": "88",
        "signed": "posted",
        "comply": at("2026-11-24 10:00"),
    }
    unit = {"survey": "flats-9", "unit": "9-1-101"}
    checked = {"fitting": "windows", "ok": False, "words": "外窗 渗水", "phrase": "leak", "attachments": [seen]}
    record = {"found": 1, "party": "owner", "answer": "refused", "words": "业主, 不听劝阻", "room": "7-201"}
    report = {"handed": "receipt", "words": "城管执法中队", "number": "55"}
    handheld.write(
        Draft("violation.recorded", {"finding": finding, **record}, by),
        Draft("violation.noticed", {"finding": finding, **notice, "attachments": [seen, seen]}, by),
        Draft("violation.reported", {"finding": finding, **report}, by),
        Draft("survey.checked", {**unit, **checked}, by),
        Draft("survey.closed", {**unit, "faults": 1, "crew": CREW, "how": "paper", "number": "30"}, by),
        Draft("order.photographed", {"order": "x:7", "attachments": [seen]}, by),
        Draft("violation.noticed", {"finding": finding, **notice, "comply": 2**52, "number": HOSTILE}, by),
    )
    handheld.sync()
    office.account()
    page = first_page(office, lang)
    for sentence in sentences:
        assert sentence in page.text
