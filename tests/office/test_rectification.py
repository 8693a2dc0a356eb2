"""Rectification as a closed loop (D34): found, a notice with a limit, put right, looked at again on site, closed or
open again; whoever must know is told when it is late; what nobody looks at stands on a page of its own (D5)."""

import asyncio
import csv
import re
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from app.duties.blind import blind_spots
from app.logbook.book import Draft
from app.ports import Scan
from app.work import Work
from sync.office import telling
from sync.office.pages.case import address
from sync.office.store import cases, hooks
from sync.office.store.cases import CaseRow, Which
from sync.office.store.closure import closure
from sync.office.store.hooks import Hook
from sync.office.store.paging import ALWAYS
from tests.office.conftest import SITE, Handheld, Office, at, furnished
from tests.office.test_desk_orders import EN, NOW, send
from tests.office.test_fold import fold_anew
from tests.office.test_life import supervisor
from tests.office.test_pages import Page
from tests.office.test_relaying import pull, record

DAY = 24 * 3600_000
FITTER = "gao-feng"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    it = Office(furnished(tmp_path_factory.mktemp("loop") / "office"))
    it.now = NOW
    it.account(role="supervisor", person=supervisor(it))
    it.account("quality", role="quality", person=supervisor(it))
    yield it
    it.close()


@pytest.fixture(scope="module")
def chief(office: Office) -> httpx.Client:
    return office.browser()


@pytest.fixture(scope="module")
def fitter(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handheld]:
    badge = office.badge(FITTER)
    it = Handheld(office, tmp_path_factory.mktemp("fitter"), "工程1号")
    asyncio.run(it.walker.watch.sign_in_badge(Scan(badge, it.clock.now().up)))
    yield it
    it.close()


def found(handheld: Handheld, words: str, kind: str = "hazard") -> str:
    """Something is found on site; its id."""
    body = {
        "kind": kind, "category": "electric", "phrase": "bare", "words": words, "point": "shed-1", "stop": None,
        "round": None, "due": at("2026-11-21 00:00"), "urgent": False, "fixed": False,
    }  # fmt: skip
    return record(handheld, Draft("finding.raised", body, (FITTER,)))


def row(office: Office, case: str) -> CaseRow:
    office.ask(office.serving.folding.catch_up())
    made = office.ask(office.store.read(lambda tx: cases.find(tx, SITE, case)))
    assert made is not None
    return made


def story(browser: httpx.Client, office: Office, case: str) -> str:
    return Page(browser.get(address(SITE, "hazard", case), params={"site": SITE, **EN})).text


NOTICE = {"what": "notice", "to": "role:fitter", "due": "2026-11-23T18:00", "demand": "Fit a cover", "firm": "Huaxin"}


def test_found_noticed_corrected_rechecked_and_closed_or_open_again(
    office: Office, chief: httpx.Client, fitter: Handheld
) -> None:
    watch = fitter.walker.watch
    hazard = found(fitter, "wire at the shed")
    pull(office, fitter)
    assert send(chief, "/findings", case=hazard, **NOTICE).status_code == 303
    pull(office, fitter)
    mine = watch.state.findings[hazard]
    assert (mine.to, mine.due, mine.demand) == ("fitter", at("2026-11-23 18:00"), "Fit a cover")
    assert mine.notice > 1
    assert hazard in [each.id for each in Work.of(watch).open_findings()]
    seen = story(chief, office, hazard)
    assert all(said in seen for said in ("Fit a cover", "Huaxin", f"no. {mine.notice}", "2 d 20 h"))
    href = f"/papers?site={SITE}&amp;paper=notice&amp;of={hazard.replace(':', '%3A')}"
    assert href in chief.get(address(SITE, "hazard", hazard), params={"site": SITE, **EN}).text
    assert chief.get(href.replace("&amp;", "&"), params=None).status_code == 200
    early = send(chief, "/findings", case=hazard, what="rechecked", ok="yes", words="looked")
    assert (early.status_code, "not put right yet" in early.text) == (409, True)
    asyncio.run(Work.of(watch).correct_finding(hazard))
    pull(office, fitter)
    assert row(office, hazard).state == "corrected"
    assert send(chief, "/findings", case=hazard, what="rechecked", ok="no", words="cover is loose").status_code == 303
    pull(office, fitter)
    assert (watch.state.findings[hazard].corrected, watch.state.findings[hazard].reopened) == (None, 1)
    asyncio.run(Work.of(watch).correct_finding(hazard))
    asyncio.run(Work.of(watch).recheck_finding(hazard, ok=True))
    pull(office, fitter)
    closed = row(office, hazard)
    assert (closed.state, closed.reopened, closed.late) == ("closed", 1, False)
    assert hazard not in watch.state.findings
    assert send(chief, "/findings", case=hazard, **NOTICE).status_code == 409
    assert send(chief, "/findings", case=hazard, what="reopen", words="loose again").status_code == 303
    pull(office, fitter)
    assert (row(office, hazard).state, watch.state.findings[hazard].words) == ("open", "wire at the shed")


def test_a_limit_is_postponed_once_and_an_order_is_made_once(
    office: Office, chief: httpx.Client, fitter: Handheld
) -> None:
    hazard = found(fitter, "panel open")
    pull(office, fitter)
    later = {"case": hazard, "what": "postpone", "reason": "weather", "by": "2d"}
    assert send(chief, "/findings", **later).status_code == 303
    assert send(chief, "/findings", **later).status_code == 409
    assert send(chief, "/findings", case=hazard, what="order", to="").status_code == 303
    assert send(chief, "/findings", case=hazard, what="order", to="").status_code == 409
    pull(office, fitter)
    order = Work.of(fitter.walker.watch).order_of(hazard)
    assert order is not None
    assert (order.due, order.to, row(office, hazard).order) == (row(office, hazard).due_at, "fitter", order.id)
    assert "Work order:" in story(chief, office, hazard)
    waits = send(chief, "/findings", case=hazard, what="corrected", words="told by telephone")
    assert (waits.status_code, "still under way" in waits.text) == (409, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"due": "2026-11-19T18:00"}, {"due": "soon"}, {"due": "2029-01-01T00:00"}, {"demand": " "}, {"to": "role:x"},
        {"to": "person:x"}, {"what": "delete"}, {"case": "f" * 64 + ":1"},
    ],
)  # fmt: skip
def test_a_notice_that_does_not_fit_is_one_sentence(
    office: Office, chief: httpx.Client, fitter: Handheld, wrong: dict[str, str]
) -> None:
    hazard = found(fitter, "bare wire")
    pull(office, fitter)
    assert send(chief, "/findings", **{"case": hazard, **NOTICE, **wrong}).status_code == 409
    assert row(office, hazard).noticed_at is None


def test_who_only_reads_gives_no_notice(office: Office, fitter: Handheld) -> None:
    hazard = found(fitter, "bare wire")
    pull(office, fitter)
    quality = office.browser("quality")
    assert "Give a rectification notice" not in story(quality, office, hazard)
    assert send(quality, "/findings", case=hazard, **NOTICE).status_code == 403


def test_ledgers_are_kept_apart_and_say_how_much_is_closed(
    office: Office, chief: httpx.Client, fitter: Handheld
) -> None:
    record(fitter, Draft("finding.raised", {
        "kind": "finding", "category": "lamp", "phrase": "one", "words": "One lamp", "point": "shed-1", "stop": None,
        "round": None, "due": at("2026-11-22 22:00"), "urgent": False, "fixed": True,
    }, (FITTER,)))  # fmt: skip
    pull(office, fitter)
    findings, hazards = (chief.get(path, params={"site": SITE, **EN}) for path in ("/findings", "/hazards"))
    listed, other = (text.text.partition("<tbody>")[2] for text in (findings, hazards))
    assert ("Lamp out One lamp" in listed, "Lamp out" in other, "Bare wire" in listed) == (True, False, False)
    assert "2026-11 1 1 100.0 % 100.0 %" in Page(findings).text, "fixed on the spot is closed"
    told = office.ask(office.store.read(lambda tx: closure(tx, (SITE,), ALWAYS, ("hazard",))))[SITE]
    assert (told.closed, told.found > 5) == (0, True)
    csv = chief.get("/hazards", params={"site": SITE, "as": "csv", "which": "open", **EN})
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.count("Electrical danger") == told.found
    closed = Page(chief.get("/hazards", params={"site": SITE, "which": "closed", **EN})).text
    assert "Nothing matches" in closed


def test_what_is_long_late_is_told_higher_up_once_a_step(office: Office, fitter: Handheld) -> None:
    hook = Hook(SITE, "boss", "json", "https://hooks.example.cn/x", "", "", "escalation", "zh", NOW - DAY)
    office.ask(office.store.write(lambda tx: hooks.add(tx, hook)))
    hazard = found(fitter, "still bare")
    pull(office, fitter)
    due = row(office, hazard).due_at
    assert due is not None

    def told(now: int) -> list[str]:
        found = office.ask(office.store.read(lambda tx: telling.find_escalated(tx, now)))
        return [each.text for each in found if hazard in each.subject]

    assert told(due + DAY - 1) == []
    (first,) = told(due + DAY)
    assert "【升级·超期1天】" in first
    assert told(due + 2 * DAY) == [first], "under the same subject: nothing is told twice"
    assert "超期3天" in told(due + 3 * DAY)[0]


def test_the_page_of_blind_spots(office: Office, chief: httpx.Client, fitter: Handheld) -> None:
    def spots(**asked: str) -> list[list[str]]:
        asked = {"site": SITE, "weeks": "2", "as": "csv", **asked, **EN}
        return list(csv.reader(chief.get("/blindspots", params=asked).text.splitlines()))[1:]

    planned = {schedule.route for schedule in office.plan().schedules if not schedule.until}
    unwalked = spots(part="routes")
    assert {what for what, *_ in unwalked} == {"Routes not walked within 2 weeks"}
    assert [note for *_, note in unwalked].count("never") == len(planned)
    assert len(unwalked) < len(spots()), "points too"
    assert [name for _, name, _ in spots(part="routes", sort="name")] == sorted(name for _, name, _ in unwalked)
    text = Page(chief.get("/blindspots", params={"site": SITE, "weeks": "2", **EN})).text
    assert f"Routes not walked within 2 weeks {len(unwalked)}" in re.sub(r"\s+", " ", text)


def test_the_rules_of_blind_spots(office: Office) -> None:
    plan = office.plan()
    route = plan.route("night-1")
    schedules = {each.id for each in plan.schedules if each.route == route.id}
    points = {stop.point for stop in route.stops}
    told = blind_spots(plan, date(2026, 11, 20), schedules, points)
    assert route.id not in {id for id, _ in told.unwalked}
    assert not points & set(told.unproven)
    assert set(told.uncovered) & set(told.unproven) == set()
    covered = {stop.point for each in plan.routes for stop in each.stops}
    assert set(told.uncovered) == {point.id for point in plan.points} - covered
    twice = next(each for each in plan.routes if sum(one.route == each.id for one in plan.schedules) > 1)
    (one, *_) = (each.id for each in plan.schedules if each.route == twice.id)
    assert twice.id not in {id for id, _ in blind_spots(plan, date(2026, 11, 20), {one}, ()).unwalked}
    later = blind_spots(plan, date(2999, 1, 1), schedules, points)
    assert {id for id, asked in later.unwalked if not asked} == {
        each.id for each in plan.routes if all(s.until for s in plan.schedules if s.route == each.id)
    }


@pytest.mark.proof
def test_it_is_folded_again_the_same(office: Office) -> None:
    def every() -> list[CaseRow]:
        office.ask(office.serving.folding.catch_up())
        return office.ask(office.store.read(lambda tx: cases.listed(tx, (SITE,), Which(), most=500)))

    before = every()
    fold_anew(office)
    assert every() == before
