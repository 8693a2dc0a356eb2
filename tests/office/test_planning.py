"""The pages of plans: a file in, a preview, from when it holds, and what is judged by which revision."""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from functools import cache, partial
from io import BytesIO
from pathlib import Path

import httpx
import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from app.duties.site import Plan, Text
from app.errors import NotAllowed
from app.pages import begins, pages_of
from sync.courier import Courier
from sync.office import importing
from sync.office.credentials import everybody
from sync.office.day import read_day
from sync.office.dues import planned_and_done
from sync.office.pages.revisions import EXAMPLE, moved
from sync.office.plan_changes import changes, effect
from sync.office.plan_export import to_xlsx, to_yaml
from sync.office.planned import windows
from sync.office.plans import read_plan
from sync.office.store import audit, drafts
from sync.office.store import plans as table
from tests.office.conftest import PLAN, SITE, Handheld, Office, at, command, furnished
from tests.office.test_pages import Page, round_path

EN = {"lang": "en"}
MONDAY = date(2026, 11, 23)
GONE = "fitness"
"""A point with a label and a tag, on several routes."""


@cache
def plan() -> Plan:
    found, faults = read_plan(PLAN)
    assert found is not None, faults
    return found


def without_point(old: Plan) -> Plan:
    """The plan without one of its points, and with an earlier night."""
    routes = tuple(
        replace(route, stops=tuple(stop for stop in route.stops if stop.point != GONE)) for route in old.routes
    )
    schedules = tuple(replace(each, start="21:00") if each.id == "night-1" else each for each in old.schedules)
    points = tuple(point for point in old.points if point.id != GONE)
    return replace(old, points=points, routes=routes, schedules=schedules)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, httpx.Client]]:
    """An office with a manager at its pages."""
    office = Office(furnished(tmp_path_factory.mktemp("planning") / "office"))
    office.account("boss", role="manager")
    with closing(office.browser("boss")) as browser:
        yield office, browser
    office.close()


def token(browser: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/plans", params={"site": SITE}).text)
    assert found is not None
    return found[1]


def upload(browser: httpx.Client, raw: bytes, name: str = "plan.xlsx", **other: str) -> httpx.Response:
    fields = {"csrf": token(browser), "site": SITE, **other}
    return browser.post("/plans", params=EN, data=fields, files={"file": (name, raw, "application/octet-stream")})


def draft_of(answer: httpx.Response) -> str:
    assert answer.status_code == 303, Page(answer).text
    found = re.search(r"draft=([0-9a-f]{32})", answer.headers["location"])
    assert found is not None
    return found[1]


def send(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return browser.post(path, params=EN, data={"csrf": token(browser), "site": SITE, **fields})


def revisions(office: Office) -> list[tuple[int, str, bool]]:
    rows = office.ask(office.store.read(lambda tx: table.plans_of(tx, SITE, withdrawn=True)))
    return [(row.revision, row.by, row.withdrawn_at is None) for row in rows]


def acts(office: Office) -> list[str]:
    return list(office.ask(office.store.read(lambda tx: tx.execute(select(audit.audit.c.act)).scalars().all())))


def test_faults_are_shown_by_sheet_and_cell_and_nothing_is_kept(house: tuple[Office, httpx.Client]) -> None:
    office, browser = house
    opened = openpyxl.load_workbook(BytesIO(to_xlsx(plan())))
    opened["points 点位"]["D3"] = "<b>nowhere</b>"
    kept = BytesIO()
    opened.save(kept)
    before = revisions(office)
    seen = Page(upload(browser, kept.getvalue(), "我的<计划>.xlsx"))
    assert "Faults: 1" in seen.text
    assert "我的<计划>.xlsx points 点位!D3" in seen.text
    assert "b" not in seen.elements
    for raw, sentence in ((b"", "choose a file"), (b"PK no zip", "damaged"), (b"\xd0\xcf\x11\xe0", "password")):
        assert sentence in Page(upload(browser, raw)).text
    assert upload(browser, b"x" * 9_000_000).status_code == 413
    assert upload(browser, to_yaml(plan()), csrf="x.y").status_code == 403
    assert revisions(office) == before
    assert office.ask(office.store.read(lambda tx: tx.execute(drafts.drafts.select()).all())) == []


def test_a_plan_that_nobody_confirmed_for_a_day_is_gone(house: tuple[Office, httpx.Client]) -> None:
    office, browser = house
    draft = draft_of(upload(browser, to_xlsx(without_point(plan()))))
    yesterday = update(drafts.drafts).values(at=office.now - drafts.KEPT_MS - 1)
    office.ask(office.store.write(lambda tx: tx.execute(yesterday).rowcount))
    assert "this preview is over" in Page(send(browser, "/plans/take", draft=draft, at="")).text
    office.ask(office.serving.tidy())
    assert office.ask(office.store.read(lambda tx: tx.execute(drafts.drafts.select()).all())) == []


def test_a_plan_is_previewed_holds_from_its_moment_offline_and_can_be_taken_back(
    house: tuple[Office, httpx.Client], tmp_path: Path
) -> None:
    office, browser = house
    moment, office.now = at("2026-11-22 12:00"), at("2026-11-21 09:00")
    with closing(Handheld(office, tmp_path / "handheld")) as handheld:
        handheld.clock.wait_until(at("2026-11-21 09:00"))
        draft = draft_of(upload(browser, to_xlsx(without_point(plan()))))
        seen = Page(
            browser.get("/plans/preview", params={"site": SITE, "draft": draft, "at": "2026-11-22T12:00", **EN})
        )
        for sentence in (
            "Compared with revision 1",
            "Points : Removed 1",
            "Start: 22:00 → 21:00",
            "Printed labels that mean nothing now, take them off: Garden, fitness area",
            "not listened for any more: Garden, fitness area",
            "Handhelds that get it ahead and switch at that moment, with or without a network: 1",
        ):
            assert sentence in seen.text.replace("Points:", "Points :"), sentence
        assert revisions(office)[-1][0] == 1, "a preview changes nothing"
        for wrong in ("2026-11-20T06:00", "yesterday", "2099-01-01T00:00"):
            assert "date and time" in Page(send(browser, "/plans/take", draft=draft, at=wrong)).text
        assert send(browser, "/plans/take", draft=draft, at="2026-11-22T12:00").status_code == 303
        assert "over" in Page(send(browser, "/plans/take", draft=draft, at="")).text, "it is taken once"
        assert revisions(office) == [(1, "", True), (2, "boss", True)]
        exchange(handheld)
        held = [pages_of(handheld.logbook, when).plan for when in (moment - 1, moment)]
        assert [each.revision for each in held] == [1, 2], "both are there, the clock alone decides"
        dues = judged(office, date(2026, 11, 22))
        assert {len(stops) for due, stops in dues if due < moment and GONE in stops}, "before it the old plan asks"
        assert not [due for due, stops in dues if due >= moment and GONE in stops]
        listed = {
            sort: list(csv.reader(browser.get("/plans", params={"as": "csv", "sort": sort, **EN}).text.splitlines()))[
                1:
            ]
            for sort in ("", "revision", "-from")
        }
        assert [row[:2] for row in listed[""]] == [["Revision 2", "To come"], ["Revision 1", "In force"]]
        assert listed[""] == listed["-from"] == listed["revision"][::-1]
        page = Page(browser.get("/plans", params={"site": SITE, **EN})).text
        assert "Revision 2" in page
        assert "To come" in page
        assert send(browser, "/plans/withdraw", revision="1").status_code == 409, "what holds is not taken back"
        assert send(browser, "/plans/withdraw", revision="2").status_code == 303
        assert revisions(office) == [(1, "", True), (2, "boss", False)]
        exchange(handheld)
        assert pages_of(handheld.logbook, moment).plan.revision == 1
        assert GONE in {stop for _, stops in judged(office, MONDAY) for stop in stops}
        draft = draft_of(upload(browser, to_yaml(without_point(plan())), "plan.yaml"))
        send(browser, "/plans/take", draft=draft, at="2026-11-25T00:00")
        assert [number for number, *_ in revisions(office)] == [1, 2, 3], "no number is given twice"
        send(browser, "/plans/withdraw", revision="3")
    assert acts(office).count("plan-withdrawn") == 2
    assert {"plan-uploaded", "plan-imported"} <= {*acts(office)}


def exchange(handheld: Handheld) -> None:
    Courier(handheld.logbook, handheld.clock).exchange()


def judged(office: Office, day: date) -> list[tuple[int, set[str]]]:
    """When each window of the day opens, and the points that it asks for by the plan that judges it."""
    facts = office.ask(office.store.read(lambda tx: read_day(tx, SITE, day.isoformat(), office.now)))
    assert facts is not None
    asked = {slot.round: plan for plan, slot in windows(facts.plans, day, day)}
    found = []
    for due in planned_and_done(facts):
        assert due.slot is not None
        stops = asked[due.slot.round].route(due.slot.route).stops
        assert due.tally.planned + due.tally.excused == len(stops)
        found.append((due.opens, {stop.point for stop in stops}))
    return found


def test_a_round_is_judged_by_the_plan_that_it_was_walked_under(office: Office, handheld: Handheld) -> None:
    name = handheld.walk()
    office.account("boss", role="manager")
    found = importing.Found(without_point(plan()), None, ())
    taken = office.ask(importing.take(office.store, found, at("2026-11-21 08:00"), "boss"))
    assert (taken.revision, taken.new) == (2, True)
    handheld.sync()
    seen = Page(office.browser("boss").get(round_path(name), params=EN)).text
    assert "Points due 14 Points reached 14" in seen
    again = office.ask(importing.take(office.store, found, at("2026-11-21 09:00")))
    assert (again.revision, again.new) == (2, False), "the same file once more changes nothing"
    assert begins(office.plan()) == at("2026-11-21 08:00"), "not from the date that the file says, which was over"


def test_a_nearer_revision_overtakes_one_that_was_to_come(office: Office) -> None:
    later = replace(without_point(plan()), effective="2026-12-24")
    office.ask(importing.take(office.store, importing.Found(later, None, ()), office.now))
    renamed = replace(plan(), site=replace(plan().site, name=Text("新名")), effective="2026-12-01")
    taken = office.ask(importing.take(office.store, importing.Found(renamed, None, ()), office.now))
    assert (taken.revision, taken.superseded) == (3, (2,))
    assert [standing for *_, standing in revisions(office)] == [True, False, True]
    claimed = {office.now: 1, at("2026-11-30 23:59"): 1, at("2026-12-01 00:00"): 3, -(2**60): 1, 2**60: 3}
    for when, number in claimed.items():
        held = office.ask(office.store.read(partial(table.plan_at, site=SITE, at=when)))
        assert held is not None
        assert held.revision == number


@pytest.mark.proof
def test_what_goes_out_comes_in_again_as_the_same(house: tuple[Office, httpx.Client]) -> None:
    office, browser = house
    for form in ("xlsx", "yaml"):
        got = browser.get("/plans/file", params={"site": SITE, "revision": "1", "form": form})
        assert got.headers["content-disposition"] == f'attachment; filename="{SITE}-1.{form}"'
        answer = upload(browser, got.content, f"plan.{form}")
        preview = browser.get(answer.headers["location"], params=None).text
        assert "与第1版相同" in preview or "says the same as revision 1" in preview
    assert read_plan(browser.get("/plans/example.xlsx").content)[0] == plan()
    for odd in ({"form": "csv"}, {"revision": "9"}, {"revision": "-1"}, {"site": "nowhere"}):
        asked = {"site": SITE, "revision": "1", "form": "xlsx", **odd}
        assert browser.get("/plans/file", params=asked).status_code == 404
    assert EXAMPLE.endswith(".xlsx")
    assert "plan-exported" in acts(office)


@pytest.mark.proof
def test_the_commands_take_and_give_workbooks(office: Office, tmp_path: Path) -> None:
    book, text = tmp_path / "plan.xlsx", tmp_path / "plan.yaml"
    assert command(office, "plan", "export", SITE, "-o", str(book))[0] == 0
    assert command(office, "plan", "check", str(book))[0] == 0
    code, said = command(office, "plan", "import", str(book))
    assert (code, "the same as revision 1" in said) == (0, True), said
    opened = openpyxl.load_workbook(book)
    opened["people 人员"]["A70"], opened["people 人员"]["B70"] = "new-guard", "新来的"
    opened["people 人员"]["E70"] = "guard"
    opened.save(book)
    assert "people who are new: 1" in command(office, "plan", "import", str(book))[1]
    assert command(office, "plan", "export", SITE, "-o", str(text))[0] == 0
    assert "guard: [" in text.read_text("utf-8")
    assert "new-guard" in text.read_text("utf-8")
    assert {"new-guard", "zhang-wei"} <= {*office.ask(office.store.read(everybody))}, "nobody leaves for it"
    opened["points 点位"]["D3"] = "nowhere"
    opened.save(book)
    code, said = command(office, "plan", "check", str(book))
    assert (code, "plan.xlsx points 点位!D3: there is no area 'nowhere'" in said) == (1, True), said
    code, said = command(office, "plan", "check", str(book), "--json")
    assert json.loads(said.splitlines()[0])["faults"][0]["cell"] == "D3"
    assert command(office, "plan", "export", SITE, "-o", str(tmp_path / "plan.csv"))[0] == 1
    assert command(office, "plan", "export", "nowhere", "-o", str(book))[0] == 1


def test_changes_are_named_with_what_was_and_what_becomes() -> None:
    new = without_point(plan())
    new = replace(
        new,
        grants=tuple(grant for grant in new.grants if grant.person != "zhang-wei"),
        settings=replace(new.settings, pin_tries=9),
        areas=(*new.areas, replace(new.areas[0], id="fresh")),
    )
    found = {(each.section, each.id, each.kind): each for each in changes(plan(), new)}
    assert {("points", GONE, "removed"), ("areas", "fresh", "added"), ("people", "zhang-wei", "removed")} <= {*found}
    (part,) = found["schedules", "night-1", "changed"].parts
    assert (part.member, part.was, part.becomes) == ("start", "22:00", "21:00")
    (tries,) = found["settings", "", "changed"].parts
    assert (tries.member, tries.was, tries.becomes) == ("pin_tries", "5", "9")
    walked = next(route for route in plan().routes if any(stop.point == GONE for stop in route.stops))
    assert found["routes", walked.id, "changed"].parts[-1].gone == (GONE,)
    result = effect(plan(), new, list(found.values()))
    assert result.void_labels == (("point", GONE),)
    assert [point for point, _ in result.void_tags] == [GONE]
    assert result.leaving == ("zhang-wei",)
    assert walked.id in result.routes
    assert changes(plan(), plan()) == []
    assert {each.kind for each in changes(None, plan())} == {"added"}


def test_the_moment_is_local_and_never_over_but_for_the_first_plan() -> None:
    now = at("2026-11-21 09:00")
    assert begins(moved(plan(), "", False, now)) == now
    assert begins(moved(plan(), "2026-12-01T00:00", False, now)) == at("2026-12-01 00:00")
    assert moved(plan(), "2026-01-01T00:00", True, now).effective == "2026-01-01"
    for wrong in ("2026-11-20T00:00", "x", "2030-01-01T00:00", "9999-12-31T23:59"):
        with pytest.raises(NotAllowed):
            moved(plan(), wrong, False, now)
