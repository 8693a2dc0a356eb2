"""What a supervisor reads, over HTTP from a real office, of what real logbooks recorded."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import pytest
from sqlalchemy import Connection
from sqlalchemy import text as sql

from app.duties.site import People, Person, Text
from app.logbook.book import Draft, Logbook
from sync.courier import Courier
from sync.office import credentials
from sync.office.demo import HastyDisk
from sync.office.store import plans as plan_table
from sync.office.store.staging import move_plans
from sync.office.walker import NO_TRICKS, Tricks
from tests.office.conftest import GUARDS, PASSWORD, SITE, Handheld, Office, at, furnished, sign_in

HOSTILE = "<script>alert(1)</script>{{7*7}}\"'><img src=x onerror=1>\u202eevil\u0007"
SHOWN = "<script>alert(1)</script>{{7*7}}\"'><img src=x onerror=1>\ufffdevil\ufffd"
VOID = {"meta", "link", "input", "br", "img", "rect", "line", "wbr"}


class Page(HTMLParser):
    """A page taken apart: which elements it has, and what it says; fails on anything not well-formed."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._open: list[str] = []
        self.feed(answer.text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def round_path(name: str) -> str:
    return f"/rounds/{quote(name, safe='')}"


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, str]]:
    """An office that was told of one eventful night round, and the round's id. Tests only read it."""
    folder = tmp_path_factory.mktemp("walked")
    office = Office(furnished(folder / "office"))
    office.account(person="zhang-wei")
    handheld = Handheld(office, folder / "handheld")
    tricks = Tricks(
        rush=frozenset({"pr1-door"}),
        skip={"b3-roof": "weather"},
        miss=frozenset({"fitness"}),
        report={"fire-lane-north": ("fire-lane", "e-bikes"), "gas-box": ("water-leak", "drips")},
        readings={"lit": "20"},
    )
    plan = office.plan()
    report = {stop: (name, plan.category(name).phrases[0].id) for stop, (name, _) in tricks.report.items()}
    name = handheld.walk(tricks=msgspec.structs.replace(tricks, report=report))
    handheld.sync()
    handheld.close()
    yield office, name
    office.close()


# -- what was walked is what is read -------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ["夜间一巡", "翠湖花园", "张伟", "李军", "漏1点", "走得太快", "复测仍超限", "信标近距", "扫标签",
                "已核对，相符", "刷工牌", "原因：台风暴雨雷电", "已过期限", "应巡", "东门岗1号", "读数超限"]),
        ("en", ["Night round 1", "Cuihu Garden", "Zhang Wei", "Li Jun", "missed 1", "too fast", "asked again and kept",
                "beacon at hand", "checked: it holds", "badge", "Reason: ", "overdue", "东门岗1号"]),
    ],
)  # fmt: skip
def test_what_the_guards_walked_is_what_the_supervisor_reads(
    walked: tuple[Office, str], lang: str, words: list[str]
) -> None:
    office, name = walked
    page = Page(office.browser().get(round_path(name), params={"lang": lang}))
    for word in words:
        assert word in page.text, word
    plan = office.plan()
    for stop in plan.route("night-1").stops:
        assert plan.point(stop.point).name.say(lang) in page.text


def test_a_walk_too_fast_is_told_with_its_seconds(walked: tuple[Office, str]) -> None:
    office, name = walked
    page = Page(office.browser().get(round_path(name), params={"lang": "en"}))
    found = re.search(r"(\d+) s from the stop before; nobody walks it in less than 90 s", page.text)
    assert found is not None
    assert int(found[1]) < 90


def test_an_auditor_finds_every_stop_by_its_number_and_hash(walked: tuple[Office, str]) -> None:
    office, name = walked
    page = Page(office.browser().get(round_path(name), params={"lang": "en"}))
    (_, book, _), *_ = office.ask(office.store.records.books())
    stored = office.ask(office.store.records.of_book(SITE, book))
    arrivals = [one for one in stored if one.kind == "stop.arrived"]
    assert len(arrivals) == 12
    for one in arrivals:
        assert f"no. {one.seq} {one.hash.hex()[:12]}" in page.text


def test_the_days_list_has_the_round_beside_what_was_due(walked: tuple[Office, str]) -> None:
    office, name = walked
    answer = office.browser().get("/rounds", params={"day": "2026-11-20", "site": SITE, "kind": "patrol", "lang": "en"})
    page = Page(answer)
    assert round_path(name) in answer.text
    assert "12/14" in page.text
    assert "Day round 1" in page.text  # due, and nobody walked it
    assert page.text.count("missed") > 5
    plan = office.plan()
    due = [office.slot(each.id) for each in plan.schedules if plan.route(each.route).kind == "patrol"]
    after = [slot for slot in due if slot.closes.timestamp() * 1000 > at("2026-11-20 08:00")]  # the plan's import
    assert 0 < len(after) < len(due)
    assert f"Rounds due {len(after)}" in page.text


@pytest.mark.parametrize(
    ("show", "there", "away"),
    [("missed", "Day round 1", None), ("marked", "Night round 1", "Day round 1"), ("findings", "Night round 1", "Day")],
)
def test_filters_stand_in_the_url(walked: tuple[Office, str], show: str, there: str, away: str | None) -> None:
    office, _ = walked
    query = {"day": "2026-11-20", "kind": "patrol", "show": show, "lang": "en"}
    text = Page(office.browser().get("/rounds", params=query)).text
    assert there in text
    assert away is None or away not in text.partition("Marks Findings")[2].partition("True up to")[0]


def test_a_page_says_up_to_which_record_it_is_true(walked: tuple[Office, str]) -> None:
    office, _ = walked
    (_, book, held), *_ = office.ask(office.store.records.books())
    page = Page(office.browser().get("/rounds", params={"day": "2026-11-20", "lang": "en"}))
    assert f"record {held.seq}, 2026-11-20 22:" in page.text
    assert book.hex()[:16] in page.text


def test_the_page_names_the_numbers_that_a_handheld_lost(office: Office, tmp_path: Path) -> None:
    """Its storage rots before they are sent. The batches behind the holes say so, and a supervisor reads it."""
    handheld = Handheld(office, tmp_path / "handheld", "北门2号")
    first = handheld.write(*(Draft("note.made", {"n": n}) for n in range(12)))[0].record.seq
    handheld.close()
    rot(tmp_path / "handheld", range(first + 1, first + 5), range(first + 8, first + 9))
    with closing(Logbook.open(tmp_path / "handheld", handheld.clock, HastyDisk())) as logbook:
        Courier(logbook, handheld.clock).exchange()
        assert logbook.unsent == 0
    office.account()
    browser = office.browser()
    page = Page(browser.get("/rounds", params={"lang": "zh"}))
    assert f"缺5条：第{first + 1}至{first + 4}条、第{first + 8}条。手持机上已损坏，没能传上来。" in page.text
    assert page.text.index("北门2号") < page.text.index("缺5条")
    text = Page(browser.get("/rounds", params={"lang": "en"})).text
    wanted = f"5 missing: no. {first + 1} to {first + 4}, no. {first + 8}. Damaged on the handheld"
    assert wanted in text


def rot(folder: Path, *spans: range) -> None:
    """Spoil the journal's lines of these records."""
    [segment] = sorted((folder / "journal").iterdir())
    data = bytearray(segment.read_bytes())
    for number in (number for span in spans for number in span):
        at = data.index(b'"seq":%d,' % number)
        data[at - 40 : at] = b"\xff" * 40
    segment.write_bytes(data)


def test_a_book_that_lost_nothing_has_no_such_sentence(walked: tuple[Office, str]) -> None:
    office, _ = walked
    assert "missing:" not in Page(office.browser().get("/rounds", params={"lang": "en"})).text


@pytest.mark.parametrize(
    "query", [{}, {"day": "never"}, {"day": "0001-01-01"}, {"site": "nowhere"}, {"show": "x", "kind": "y"}]
)
def test_a_strange_address_shows_the_usual_page(walked: tuple[Office, str], query: dict[str, str]) -> None:
    office, _ = walked
    answer = office.browser().get("/rounds", params=query)
    assert answer.status_code == 200
    assert Page(answer).text


def test_a_round_nobody_recorded_is_not_found(walked: tuple[Office, str]) -> None:
    office, _ = walked
    for name in ("night-1@2026-11-20T22:00#ffffffff-1", "../../etc/passwd", "x/y", "%00"):
        answer = office.browser().get(round_path(name))
        assert answer.status_code in (400, 404), name
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("lang", "heading", "sentence"),
    [("zh", "出错了", "办公室程序出错"), ("en", "Something went wrong", "its log says why")],
)
def test_a_page_that_fails_says_so_in_the_readers_language(
    office: Office, caplog: pytest.LogCaptureFixture, lang: str, heading: str, sentence: str
) -> None:
    office.account()
    browser = office.browser()
    office.ask(office.store.write(lambda tx: tx.execute(sql("drop table folded"))))
    answer = browser.get("/rounds", params={"lang": lang})
    assert answer.status_code == 500
    page = Page(answer)
    assert heading in page.text
    assert sentence in page.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "folded" not in page.text
    assert any(record.exc_info for record in caplog.records if record.name == "watchbook.office")


def test_only_programs_get_problems_as_json(office: Office) -> None:
    stranger = office.stranger()
    page = stranger.get("/no/such/page", headers={"accept-language": "en"})
    assert page.status_code == 404
    assert "The address is wrong" in Page(page).text
    problem = stranger.get("/v1/no-such-endpoint")
    assert problem.status_code == 404
    assert problem.headers["content-type"].startswith("application/problem+json")
    assert stranger.post("/rounds").headers["content-type"].startswith("text/html")


def test_a_moved_clock_is_told_on_every_page_in_the_sites_time(tmp_path: Path) -> None:
    office = Office(furnished(tmp_path / "office"), moved_clock=True)
    office.now = at("2026-11-20 22:05")
    office.account()
    office.account("sweeper", role="cleaner")
    answers = [office.stranger().get("/login", params={"lang": "zh"})]
    answers += [office.browser().get(path, params={"lang": "zh"}) for path in ("/rounds", "/rounds/nothing")]
    answers.append(office.browser("sweeper").get("/rounds", params={"lang": "zh"}))
    office.close()
    for answer in answers:
        assert "演示时间：2026-11-20 22:05" in Page(answer).text


def test_the_real_clock_is_not_told(walked: tuple[Office, str]) -> None:
    office, _ = walked
    assert "演示时间" not in office.browser().get("/rounds", params={"lang": "zh"}).text


# -- planned, done, and not known yet ------------------------------------------------------------


def test_a_window_is_to_come_then_due_then_missed(office: Office) -> None:
    office.account()
    browser = office.browser()
    seen = []
    for now in ("2026-11-20 21:00", "2026-11-20 23:00", "2026-11-21 01:00"):
        office.now = at(now)
        browser = office.browser()
        text = Page(browser.get("/rounds", params={"day": "2026-11-20", "kind": "patrol", "lang": "en"})).text
        seen.append(re.search(r"Night round 1 (to come|due now|missed|no record yet)", text))
    assert [found[1] if found else None for found in seen] == ["to come", "due now", "missed"]


def test_a_window_is_not_called_missed_while_a_handheld_may_still_hold_it(office: Office, handheld: Handheld) -> None:
    handheld.sync()  # it was in use at 21:30, and has been silent since
    office.account()
    office.now = at("2026-11-21 01:00")
    text = Page(office.browser().get("/rounds", params={"day": "2026-11-20", "kind": "patrol", "lang": "en"})).text
    assert "Night round 1 no record yet" in text
    office.now = at("2026-11-24 12:00")
    text = Page(office.browser().get("/rounds", params={"day": "2026-11-20", "kind": "patrol", "lang": "en"})).text
    assert "Night round 1 missed" in text


def test_an_alarm_is_shown_before_its_turn(office: Office, handheld: Handheld) -> None:
    handheld.walk()
    point = "east-gate"
    handheld.write(Draft("alarm.raised", {"round": None, "point": point}, ("zhang-wei",)))
    handheld.clock.wait(60)
    handheld.write(*(Draft("note.made", {"n": n}) for n in range(3)))
    (alarm,) = [entry for entry in handheld.logbook.entries() if entry.record.kind == "alarm.raised"]
    from sync.office.store.records import link

    one = link(alarm.record.seq, alarm.raw, b"")
    office.ask(office.store.records.take_urgent(SITE, handheld.logbook.book, one, office.now))
    office.account()
    text = Page(office.browser().get("/rounds", params={"lang": "en"})).text
    assert "Alarm 2026-11-20" in text
    assert "arrived ahead of its turn" in text
    assert office.plan().point(point).name.say("en") in text
    handheld.sync()
    text = Page(office.browser().get("/rounds", params={"lang": "en"})).text
    assert text.count("Zhang Wei") == 1
    assert "arrived ahead of its turn" not in text


@pytest.mark.proof
def test_nothing_was_due_before_the_sites_first_plan_was_imported(office: Office, handheld: Handheld) -> None:
    """Imported at 08:00; later revisions change nothing about that. A window that was still open then counts."""
    office.account()
    first = at("2026-11-20 08:00")
    plan = office.plan()
    patrols = [each.id for each in plan.schedules if plan.route(each.route).kind == "patrol"]
    before = [office.slot(each, date(2026, 11, 19)) for each in patrols]
    assert any(slot.closes.timestamp() * 1000 <= first for slot in before)
    overnight = sum(slot.closes.timestamp() * 1000 > first for slot in before)
    for day, due in (("2026-11-19", overnight), ("2026-11-18", 0)):
        page = Page(office.browser().get("/rounds", params={"day": day, "kind": "patrol", "lang": "en"})).text
        assert f"Rounds due {due} Rounds walked 0 Rounds missed {due}" in page
        assert ("Night round" in page) is bool(due)
    name = handheld.walk("night-1")
    handheld.sync()
    office.ask(office.store.write(lambda tx: imported(tx, at("2026-11-21 08:46"))))
    query = {"day": "2026-11-20", "kind": "patrol", "lang": "en"}
    answer = office.browser().get("/rounds", params=query)
    assert round_path(name) in answer.text  # walked all the same: it stays
    assert "not planned" not in Page(answer).text
    night = [office.slot(each) for each in patrols if each != "night-1"]
    open_still = sum(slot.closes.timestamp() * 1000 > at("2026-11-21 08:46") for slot in night)
    assert f"Rounds due {1 + open_still} Rounds walked 1" in Page(answer).text


def imported(tx: Connection, moment: int) -> None:
    tx.execute(plan_table.plans.update().values(imported_at=moment))


def test_a_clock_moved_back_takes_the_plan_along(office: Office) -> None:
    moved = at("2026-11-01 09:00")
    office.ask(office.store.write(lambda tx: move_plans(tx, moved)))
    assert office.ask(office.store.read(lambda tx: plan_table.planned_since(tx, SITE))) == moved
    office.ask(office.store.write(lambda tx: move_plans(tx, at("2026-11-10 09:00"))))
    assert office.ask(office.store.read(lambda tx: plan_table.planned_since(tx, SITE))) == moved


# -- a round is called by the worst that can be said of it ---------------------------------------

NIGHT_1 = {
    "nothing walked": (Tricks(miss=frozenset({"*"})), "red", "未到", "missed"),
    "points missed, and late": (Tricks(miss=frozenset({"fitness"}), late_s=6600), "red", "漏1点", "missed 1"),
    "late, and a bad reading": (Tricks(late_s=6600, readings={"lit": "20"}), "amber", "迟到", "late"),
    "early": (Tricks(late_s=-300), "amber", "早到", "early"),
    "a reading out of limits": (Tricks(readings={"lit": "20"}), "amber", "有异常", "not OK"),
    "marks only": (Tricks(recheck=False), "amber", "有标记", "marked"),
    "all well": (NO_TRICKS, "ok", "正常", "in order"),
}


@pytest.mark.parametrize("case", NIGHT_1)
def test_a_round_is_called_by_the_worst(office: Office, handheld: Handheld, case: str) -> None:
    tricks, colour, zh, en = NIGHT_1[case]
    stops = frozenset(stop.id for stop in office.plan().route("night-1").stops)
    name = handheld.walk(tricks=msgspec.structs.replace(tricks, miss=stops) if "*" in tricks.miss else tricks)
    handheld.sync()
    office.account()
    assert labels(office, name) == {"zh": (colour, zh), "en": (colour, en)}


def test_an_answer_that_is_not_ok_is_no_round_in_order(office: Office, handheld: Handheld) -> None:
    """An OK question answered No gives no mark; the round is not OK, and the list says how many answers."""
    plan = office.plan()
    asked = [
        (stop, check)
        for stop in plan.route("night-1").stops
        if stop.checklist
        for check in plan.checklist(stop.checklist).checks
        if check.kind == "ok"
    ]
    (stop, check) = asked[0]
    name = handheld.walk()
    body = {
        "round": name, "stop": stop.id, "check": check.id, "ok": False, "value": None, "repeated": False,
        "words": "", "asset": None, "marks": [],
    }  # fmt: skip
    handheld.write(Draft("check.answered", body, GUARDS))
    handheld.sync()
    office.account()
    assert labels(office, name) == {"zh": ("amber", "有异常"), "en": ("amber", "not OK")}
    day = Page(office.browser().get("/rounds", params={"day": "2026-11-20", "show": "marked", "lang": "en"})).text
    assert "1 not OK" in day
    handheld.write(Draft("check.answered", {**body, "ok": True}, GUARDS))  # answered again: the last one counts
    handheld.sync()
    assert labels(office, name)["en"] == ("ok", "in order")


def test_the_timing_is_told_whatever_else_is_wrong(office: Office, handheld: Handheld) -> None:
    name = handheld.walk(tricks=Tricks(miss=frozenset({"fitness"}), late_s=6600))
    handheld.sync()
    office.account()
    assert "Timing late" in Page(office.browser().get(round_path(name), params={"lang": "en"})).text


def labels(office: Office, name: str) -> dict[str, tuple[str, str]]:
    """Colour and word of a round by language; the same in the day's list and on its own page."""
    found = {}
    browser = office.browser()
    for lang in ("zh", "en"):
        own = browser.get(round_path(name), params={"lang": lang}).text
        day = browser.get("/rounds", params={"day": "2026-11-20", "lang": lang}).text
        badges = [
            re.search(r'<span class="badge (\w+)">([^<]+)</span>', text)
            for text in (own.partition("<h1>")[2], day.partition(f'href="{round_path(name)}')[2])
        ]
        (first, second) = [(badge[1], badge[2]) for badge in badges if badge]
        assert first == second
        found[lang] = first
    return found


# -- evidence ------------------------------------------------------------------------------------


def test_a_forged_label_proof_is_said_in_red(office: Office, handheld: Handheld) -> None:
    """Somebody who never stood before the label writes the record himself, with a token he made up."""
    name = handheld.walk(tricks=Tricks(miss=frozenset({"shed-1"})))
    body = {
        "round": name,
        "stop": "shed-1",
        "point": "shed-1",
        "grade": "label",
        "marks": [],
        "evidence": {"label": {"issue": "01"}},
    }
    handheld.write(Draft("stop.arrived", body, GUARDS, token=b"0123456789"))
    handheld.sync()
    office.account()
    page = Page(office.browser().get(round_path(name), params={"lang": "en"}))
    assert "not proven" in page.text
    assert "checked: it does not hold" in page.text
    assert "label proof fails" in page.text


# -- the door ------------------------------------------------------------------------------------


def test_a_stranger_sees_nothing(walked: tuple[Office, str]) -> None:
    office, name = walked
    for path in ("/", "/rounds", "/rounds?day=2026-11-20&site=cuihu-garden", round_path(name), "/rounds/nothing"):
        answer = office.stranger().get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=")
        assert answer.content == b""


def test_signing_in_leads_back_to_the_page_that_was_wanted(walked: tuple[Office, str]) -> None:
    office, name = walked
    browser = office.stranger()
    door = browser.get(round_path(name) + "?lang=en").headers["location"]
    wanted = httpx.URL(door).params["next"]
    answer = sign_in(browser, "chief", PASSWORD, wanted)
    assert answer.headers["location"] == round_path(name) + "?lang=en"
    assert browser.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/rounds\r\nx: y", "/轮"],
)
def test_signing_in_leads_nowhere_else(walked: tuple[Office, str], wanted: str) -> None:
    office, _ = walked
    assert sign_in(office.stranger(), "chief", PASSWORD, wanted).headers["location"] == "/now"


def test_a_cleaner_with_an_account_reads_no_rounds(office: Office) -> None:
    office.account("sweeper", role="cleaner")
    answer = office.browser("sweeper").get("/rounds", params={"lang": "en"})
    assert answer.status_code == 403
    assert "Cuihu" not in answer.text
    assert "does not open this page" in answer.text
    assert 'href="/rounds"' not in answer.text  # nobody is sent back to where he is refused
    assert 'action="/logout"' in answer.text
    known = office.browser("sweeper").post("/logout", data={"csrf": "made up"})
    assert known.status_code == 403
    assert 'href="/rounds"' not in known.text
    office.account()
    assert 'href="/rounds"' in office.browser().get("/rounds/nothing").text


def test_a_form_from_another_site_signs_nobody_in_or_out(office: Office) -> None:
    office.account()
    stranger = office.stranger()
    form = {"name": "chief", "password": PASSWORD, "next": "/rounds"}
    assert stranger.post("/login", data=form).status_code == 403
    stranger.get("/login")
    assert stranger.post("/login", data={**form, "csrf": "made up"}).status_code == 403
    assert "watchbook_session" not in stranger.cookies
    browser = office.browser()
    assert browser.post("/logout").status_code == 403
    assert browser.post("/logout", data={"csrf": "ab.cd"}).status_code == 403
    assert browser.get("/rounds").status_code == 200


def test_whoever_signs_out_is_out(office: Office) -> None:
    office.account()
    browser = office.browser()
    cookie = browser.cookies["watchbook_session"]
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/rounds").text)
    assert token is not None
    assert browser.post("/logout", data={"csrf": token[1]}).headers["location"] == "/login"
    assert "watchbook_session" not in browser.cookies
    old = httpx.Client(base_url=office.url, cookies={"watchbook_session": cookie})
    assert old.get("/rounds").status_code == 303


def test_every_page_forbids_scripts_frames_and_copies(walked: tuple[Office, str]) -> None:
    office, name = walked
    browser = office.browser()
    answers = [browser.get(path) for path in ("/rounds", round_path(name), "/rounds/nothing", "/")]
    answers += [office.stranger().get("/login"), office.stranger().get("/rounds"), office.stranger().post("/login")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text
        assert "style=" not in answer.text


def test_the_session_cookie_is_for_this_site_alone(office: Office) -> None:
    office.account()
    answer = sign_in(office.stranger(), "chief", PASSWORD)
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if line.startswith("watchbook_session")]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Max-Age=43200" in cookie
    assert "Secure" not in cookie  # plain http on this machine
    form = office.stranger()
    form.headers["x-forwarded-proto"] = "https"
    secure = [line for line in sign_in(form, "chief", PASSWORD).headers.get_list("set-cookie") if "session" in line]
    assert all("Secure" in line for line in secure)


def test_the_language_is_remembered(walked: tuple[Office, str]) -> None:
    office, _ = walked
    browser = office.browser()
    assert 'lang="en"' in browser.get("/rounds", params={"lang": "en"}).text.partition("<head>")[0]
    assert 'lang="en"' in browser.get("/rounds").text.partition("<head>")[0]
    other = re.search(r'href="([^"]*lang=zh[^"]*)"', browser.get("/rounds", params={"day": "2026-11-20"}).text)
    assert other is not None
    answer = browser.get(other[1].replace("&amp;", "&"))
    assert 'lang="zh-CN"' in answer.text.partition("<head>")[0]
    assert 'value="2026-11-20"' in answer.text


# -- text from outside ---------------------------------------------------------------------------


def test_text_from_outside_is_text(office: Office, handheld: Handheld) -> None:
    """Names from the people file and words from a handheld, full of markup and worse."""
    people = office.ask(office.store.read(credentials.people_of)).people
    crew = Person("zhang-wei", Text(zh=HOSTILE, en=HOSTILE), HOSTILE)
    changed = People(tuple(crew if person.id == crew.id else person for person in people))
    office.ask(office.store.write(lambda tx: credentials.take_people(tx, changed, office.now)))
    name = handheld.walk()
    finding = {
        "kind": "hazard", "category": HOSTILE, "phrase": "x", "words": HOSTILE, "point": HOSTILE, "stop": None,
        "round": name, "due": at("2026-11-21 08:00"), "urgent": True, "fixed": False,
    }  # fmt: skip
    answer = {
        "round": name, "stop": "east-gate", "check": "no-such-check", "ok": False, "value": HOSTILE, "repeated": False,
        "words": HOSTILE, "asset": None, "marks": [HOSTILE],
    }  # fmt: skip
    seen = {"round": name, "stop": None, "text": HOSTILE}
    handheld.write(Draft("finding.raised", finding), Draft("check.answered", answer), Draft("code.seen", seen))
    handheld.write(Draft("odd.kind", {"round": name, "words": HOSTILE}))
    handheld.sync()
    office.account(person="zhang-wei")
    browser = office.browser()
    plain = Page(browser.get("/rounds", params={"day": "2026-11-10"}))
    for path in (round_path(name), "/rounds?day=2026-11-20"):
        page = Page(browser.get(path))
        assert not {"script", "img", "iframe", "object"} & set(page.elements)
        assert "49" not in page.text.partition("{{7")[2][:1]
        assert not any(key.startswith("on") for key, _ in page.attributes)
        assert SHOWN in "".join(page.texts)
        assert "\u202e" not in "".join(page.texts)
    assert plain.elements.count("body") == 1


def test_a_hostile_login_name_comes_back_as_text(office: Office) -> None:
    answer = sign_in(office.stranger(), HOSTILE[:60], "whatever it is")
    page = Page(answer)
    assert answer.status_code == 403
    assert "script" not in page.elements
    assert ("value", SHOWN[:60]) in page.attributes


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_are_well_formed_in_both_languages(walked: tuple[Office, str], lang: str) -> None:
    office, name = walked
    browser = office.browser()
    for path in ("/rounds", round_path(name), "/rounds/nothing"):
        page = Page(browser.get(path, params={"lang": lang}))
        assert page.elements.count("main") == 1
    assert Page(office.stranger().get("/login", params={"lang": lang})).elements.count("form") == 1


def test_style_and_icon_need_no_door(office: Office, tmp_path: Path) -> None:
    stranger = office.stranger()
    style = stranger.get("/static/office.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "@media print" in style.text
    assert stranger.get("/static/icon.svg").headers["content-type"].startswith("image/svg+xml")
    assert stranger.get("/static/../cli.py").status_code in (303, 404)
