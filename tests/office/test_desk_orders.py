"""The desk (D65): what a resident says by telephone or from a label's page is a fitter's order on his handheld, and his
steps are the desk's; nothing of it is another kind of truth than records."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.duties.orders import Order, Stage
from app.kinds.orders import ORDERS
from app.logbook.book import Draft
from app.ports import Scan
from app.work import Work
from sync.office import example_desk
from sync.office.credentials import printed
from sync.office.pages.case import address
from sync.office.store import cases
from sync.office.store.cases import CaseRow, Which
from tests.office.conftest import SITE, Handheld, Office, at, furnished
from tests.office.test_desk import desk_records
from tests.office.test_fold import fold_anew
from tests.office.test_life import supervisor
from tests.office.test_pages import Page
from tests.office.test_relaying import pull, record

EN = {"lang": "en"}
FITTER, OTHER, CLERK = "gao-feng", "tang-jun", "yu-jia"
NOW = at("2026-11-20 21:40")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    it = Office(furnished(tmp_path_factory.mktemp("desk") / "office"))
    it.now = NOW
    it.account(role="supervisor", person=supervisor(it))
    it.account("desk", role="desk", person=CLERK)
    it.account("quality", role="quality", person=CLERK)
    it.account("nobody", role="desk")
    yield it
    it.close()


@pytest.fixture(scope="module")
def desk(office: Office) -> httpx.Client:
    return office.browser("desk")


@pytest.fixture(scope="module")
def fitter(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handheld]:
    """A handheld with a fitter signed in, as his screens see it."""
    badge = office.badge(FITTER)
    it = Handheld(office, tmp_path_factory.mktemp("fitter"), "工程1号")
    asyncio.run(it.walker.watch.sign_in_badge(Scan(badge, it.clock.now().up)))
    yield it
    it.close()


def send(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """A form of the page, filled in: its answer."""
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/alarms").text)
    assert token is not None
    return browser.post(path, params=EN, data={"csrf": token[1], "site": SITE, **fields})


def taken(browser: httpx.Client, office: Office, **fields: str) -> CaseRow:
    """The order that a request on the telephone leads to."""
    before = {each.case for each in rows(office, Which(sorts=(cases.ORDER,)))}
    answer = send(browser, "/desk", **{"how": "phone", "matter": "dorm-repair/water", "room": "3-201", **fields})
    assert answer.status_code == 303, answer.text
    (new,) = (each for each in rows(office, Which(sorts=(cases.ORDER,))) if each.case not in before)
    return new


def rows(office: Office, which: Which) -> list[CaseRow]:
    office.ask(office.serving.folding.catch_up())
    return office.ask(office.store.read(lambda tx: cases.listed(tx, (SITE,), which)))


def row(office: Office, case: str) -> CaseRow:
    return next(each for each in rows(office, Which()) if each.case == case)


def page(browser: httpx.Client, case: CaseRow) -> str:
    answer = browser.get(address(SITE, case.sort, case.case), params={"site": SITE, **EN})
    assert answer.status_code == 200
    return Page(answer).text


def here(handheld: Handheld, order: str) -> Order:
    return handheld.walker.watch.state.share(ORDERS)[order]


def test_a_fitter_has_what_the_desk_took_and_the_desk_sees_his_steps(
    office: Office, desk: httpx.Client, fitter: Handheld
) -> None:
    made = taken(desk, office, phone="4321", words="under the sink", urgent="1")
    assert (made.responsible, made.role, made.room) == (CLERK, "fitter", "3-201")
    assert made.respond_at == NOW + 10 * 60_000, "a repairer is there within ten minutes (D30)"
    pull(office, fitter)
    work = Work.of(fitter.walker.watch)
    assert made.case in [order.id for order in work.waiting_orders()]
    assert (here(fitter, made.case).phone, here(fitter, made.case).words[-14:]) == ("4321", "under the sink")

    async def do() -> None:
        await work.accept_order(made.case)
        await work.go_to_order(made.case)
        await work.arrive_at_order(made.case)
        await work.finish_order(made.case, {"tap": 1})

    asyncio.run(do())
    pull(office, fitter)
    text = page(desk, made)
    assert all(said in text for said in ("customer to confirm", "Gao Feng", "x1", "3-201", "…4321"))
    assert "under the sink" in Page(desk.get("/desk", params={"site": SITE, **EN})).text.partition("Received by you")[2]
    refused = send(desk, "/orders", case=made.case, what="confirm", how="phone", value="")
    assert (refused.status_code, "digits are needed" in refused.text) == (409, True)
    assert send(desk, "/orders", case=made.case, what="confirm", how="phone", value="4321").status_code == 303
    pull(office, fitter)
    assert (here(fitter, made.case).stage, here(fitter, made.case).confirmed) == (Stage.CLOSED, "phone")


def test_whom_it_is_given_to_and_who_has_it_no_more(office: Office, desk: httpx.Client, fitter: Handheld) -> None:
    watch = fitter.walker.watch
    made = taken(desk, office, to=f"person:{OTHER}")
    pull(office, fitter)
    assert made.case not in [order.id for order in Work.of(watch).waiting_orders()], "another fitter's"
    assert send(desk, "/orders", case=made.case, what="dispatch", to=f"person:{FITTER}").status_code == 303
    pull(office, fitter)
    assert made.case in [order.id for order in Work.of(watch).waiting_orders()]
    asyncio.run(Work.of(watch).accept_order(made.case))
    assert here(fitter, made.case).worker == FITTER
    pull(office, fitter)
    elsewhere = {"case": made.case, "what": "dispatch", "to": "post:desk-post", "words": "ask first"}
    assert send(desk, "/orders", **elsewhere).status_code == 303
    pull(office, fitter)
    order = here(fitter, made.case)
    assert (order.stage, order.worker, order.post, order.to) == (Stage.TAKEN, None, "desk-post", "desk")
    assert "ask first" in page(desk, made)
    nobody = send(desk, "/orders", case=made.case, what="dispatch", to="person:nobody")
    assert (nobody.status_code, "no such person" in nobody.text) == (409, True)


def test_who_accepts_without_a_network_what_went_to_another_meanwhile_is_told(
    office: Office, desk: httpx.Client, fitter: Handheld
) -> None:
    work, made = Work.of(fitter.walker.watch), taken(desk, office)
    pull(office, fitter)
    asyncio.run(work.accept_order(made.case))
    assert send(desk, "/orders", case=made.case, what="dispatch", to=f"person:{OTHER}").status_code == 303
    pull(office, fitter)
    assert work.clash(made.case) == (OTHER, FITTER)
    assert "while there was no network" in page(desk, made)
    assert row(office, made.case).clash
    assert send(desk, "/orders", case=made.case, what="dispatch", to=f"person:{FITTER}").status_code == 303
    pull(office, fitter)
    assert work.clash(made.case) == ()
    assert here(fitter, made.case).assigned == FITTER


def test_a_promise_is_postponed_once_at_the_desk_too(office: Office, desk: httpx.Client) -> None:
    made = taken(desk, office)
    later = {"case": made.case, "what": "postpone", "reason": "part", "by": "2d"}
    assert send(desk, "/orders", **later).status_code == 303
    assert row(office, made.case).postponed
    again = send(desk, "/orders", **later)
    assert (again.status_code, "not again" in again.text) == (409, True)
    assert send(desk, "/orders", **{**later, "by": "99y"}).status_code == 409


def test_what_was_promised_for_a_time_that_no_calendar_holds_is_not_postponed(
    office: Office, desk: httpx.Client, fitter: Handheld
) -> None:
    promised = {
        "origin": "radio", "category": "repair", "phrase": "pipe", "words": "Pipe", "person": FITTER, "to": "fitter",
        "respond": None, "due": 2**52, "urgent": False,
    }  # fmt: skip
    (made,) = fitter.write(Draft("order.taken", promised))
    pull(office, fitter)
    case = f"{fitter.logbook.book_id}:{made.record.seq}"
    refused = send(desk, "/orders", case=case, what="postpone", reason="part", by="2d")
    assert (refused.status_code, "A limit lies after now" in refused.text) == (409, True)


def test_a_question_is_answered_at_once_or_within_half_an_hour(office: Office, desk: httpx.Client) -> None:
    asked = {"how": "counter", "matter": "question/papers", "room": ""}
    assert send(desk, "/desk", **asked, to="answer", reply="").status_code == 409
    assert send(desk, "/desk", **asked, to="answer", reply="Bring the deed").status_code == 303
    answered = rows(office, Which(sorts=(cases.REQUEST,)))[0]
    assert (answered.state, answered.late) == ("closed", False)
    assert send(desk, "/desk", **asked, to="wait").status_code == 303
    waits = rows(office, Which(sorts=(cases.REQUEST,), open=True))[0]
    assert waits.due_at == office.now + 30 * 60_000
    office.now += 31 * 60_000
    text = Page(desk.get("/desk", params={"site": SITE, **EN})).text
    assert re.search(r"Questions Which papers .*?answer 1 min late", text)
    made = send(desk, "/desk", case=waits.case, what="order", matter="complaint/fees", complaint="1", urgent="1")
    assert made.status_code == 303
    order = rows(office, Which(sorts=(cases.ORDER,)))[0]
    assert (order.request, order.complaint, order.urgent) == (waits.case, True, True)
    assert "made a work order" in page(desk, waits)
    assert "Request:" in page(desk, order)
    late = send(desk, "/desk", case=waits.case, what="nothing", reply="x")
    assert (late.status_code, "over already" in late.text) == (409, True)


def test_of_two_who_answer_one_request_at_once_the_slower_is_told(office: Office, desk: httpx.Client) -> None:
    asked = {"how": "counter", "matter": "question/papers", "room": "", "to": "wait"}
    assert send(desk, "/desk", **asked).status_code == 303
    waits = rows(office, Which(sorts=(cases.REQUEST,), open=True))[0]
    with ThreadPoolExecutor(6) as clerks:
        made = {"case": waits.case, "what": "order", "matter": "complaint/fees"}
        codes = sorted(clerks.map(lambda _: send(desk, "/desk", **made).status_code, range(6)))
    assert codes == [303, 409, 409, 409, 409, 409]
    assert [each.request for each in rows(office, Which(sorts=(cases.ORDER,)))].count(waits.case) == 1


def test_serious_complaints_and_a_share_of_repairs_are_called_on(
    office: Office, desk: httpx.Client, fitter: Handheld
) -> None:
    complaint = taken(desk, office, complaint="1", urgent="1", words="cold again")

    async def do(order: str) -> None:
        work = Work.of(fitter.walker.watch)
        await work.accept_order(order)
        await work.arrive_at_order(order)
        await work.finish_order(order, {})

    pull(office, fitter)
    asyncio.run(do(complaint.case))
    pull(office, fitter)
    owed = Page(desk.get("/desk", params={"site": SITE, **EN})).text.partition("Return visits")[2]
    assert "Serious complaints: 1; called on: 0" in owed
    assert "cold again" in owed.partition("Still to be called on")[2]
    visit = {
        "case": complaint.case,
        "what": "visited",
        "how": "phone",
        "satisfied": "no",
        "valid": "yes",
        "words": "cold",
    }
    assert send(desk, "/orders", **visit).status_code == 303
    seen = row(office, complaint.case)
    assert (seen.satisfied, seen.valid, seen.visited_at) == (False, True, office.now)
    assert send(desk, "/orders", case=complaint.case, what="reopen", reason="customer").status_code == 303
    pull(office, fitter)
    order = here(fitter, complaint.case)
    assert (order.stage, order.visited, order.reopened) == (Stage.TAKEN, None, 1)


def test_from_a_labels_page_to_the_desk_without_a_name(office: Office, desk: httpx.Client) -> None:
    office.now += 3600_000
    labels = office.ask(office.store.read(lambda tx: printed(tx, SITE, "HTTPS://W.EXAMPLE.CN")))
    label = next(each for each in labels if each.id == "shed-1")
    path = label.text.removeprefix("HTTPS://W.EXAMPLE.CN")
    words = "<script>alert(1)</script> water runs under the shed \u202etxt"
    with office.stranger() as passer:
        assert 'method="post" action=""' in passer.get(path).text
        bad = passer.post(path, data={"words": "x", "room": "Mr Li", "phone": ""})
        assert "A room is digits" in bad.text
        assert "say what it is" in passer.post(path, data={"words": " ", "room": "", "phone": ""}).text
        sent = passer.post(path, data={"words": words, "room": "", "phone": "8888"})
        assert (sent.status_code, "Thank you" in sent.text, "textarea" in sent.text) == (200, True, False)
        assert passer.post(path, data={"words": "x" * 5000}).status_code == 413
        for _ in range(6):
            last = passer.post(path, data={"words": "again", "room": "", "phone": ""})
        assert "call instead" in last.text, "a label takes only so many in an hour"
        gone = "/P/" + path.rpartition("/")[2].replace(path[-5], path[-5])
        assert passer.post(gone[:-1] + ("A" if gone[-1] != "A" else "B"), data={"words": "x"}).status_code == 404
    waiting = rows(office, Which(sorts=(cases.REQUEST,), open=True, origin="page"))
    assert len(waiting) == 5
    first = min(waiting, key=lambda each: each.seq)
    assert (first.point, first.responsible, first.words) == ("shed-1", "", "")
    sent_down = office.ask(office.store.changes.current(SITE, "matter", first.case))
    assert sent_down is None, "the desk alone sees to it, until it is an order"
    kept = next(each for each in desk_records(office) if each["kind"] == "request.received" and each["how"] == "page")
    assert kept["by"] == ()
    assert "water" not in str(kept), "their words stand apart, and can go alone"
    raw = desk.get(address(SITE, first.sort, first.case), params={"site": SITE, **EN}).text
    assert "water runs under the shed" in raw
    assert "<script>" not in raw
    assert "\u202e" not in raw
    answer = send(desk, "/desk", case=first.case, what="order", matter="water-leak/clear")
    assert answer.status_code == 303
    order = rows(office, Which(sorts=(cases.ORDER,)))[0]
    assert (order.point, order.responsible, order.request) == ("shed-1", CLERK, first.case)


def test_who_may_not_is_told_and_nothing_is_recorded(office: Office) -> None:
    before = len(desk_records(office))
    asked = {"how": "phone", "matter": "dorm-repair/water", "room": ""}
    assert send(office.browser("quality"), "/desk", **asked).status_code == 403
    nobody = send(office.browser("nobody"), "/desk", **asked)
    assert (nobody.status_code, "no person" in nobody.text) == (409, True)
    order = rows(office, Which(sorts=(cases.ORDER,)))[0]
    assert send(office.browser("quality"), "/orders", case=order.case, what="visit").status_code == 403
    for wrong in ({"matter": "nothing/at"}, {"room": "Li"}, {"phone": "139"}, {"point": "mars"}, {"how": "page"}):
        assert send(office.browser("desk"), "/desk", **{**asked, **wrong}).status_code == 409, wrong
    assert len(desk_records(office)) == before


def test_the_board_has_a_column_for_each_state_and_what_runs_out_first_on_top(
    office: Office, desk: httpx.Client
) -> None:
    board = desk.get("/orders", params={"site": SITE, **EN}).text
    columns = re.findall(r"<section><h2>(.*?) <span", board)
    assert columns[:5] == ["not accepted", "accepted", "on the way", "there", "customer to confirm"]
    first = board.partition("<section>")[2].partition("</section>")[0]
    limits = re.findall(r'class="chip (\w+)">([^<]+)<', first)
    assert "red" in {colour for colour, _ in limits}
    open_now = rows(office, Which(sorts=(cases.ORDER,), open=True, states=("taken",)))
    assert first.count("<article") == len(open_now)
    listed = Page(desk.get("/orders/list", params={"site": SITE, "which": "open", **EN})).text
    assert f"Rows: {len(rows(office, Which(sorts=(cases.ORDER,), open=True)))}" in listed


@pytest.mark.proof
def test_all_of_it_can_be_folded_again_from_the_records(office: Office) -> None:
    before = sorted(rows(office, Which()), key=lambda each: each.case)
    fold_anew(office)
    assert sorted(rows(office, Which()), key=lambda each: each.case) == before


@pytest.mark.proof
def test_the_example_month_has_a_desk_that_answers_calls_back_and_gives_notices(
    office: Office, fitter: Handheld
) -> None:
    hazard = record(fitter, Draft("finding.raised", {
        "kind": "hazard", "category": "electric", "phrase": "bare", "words": "wire", "point": "shed-1", "stop": None,
        "round": None, "due": NOW + 3600_000, "urgent": False, "fixed": False,
    }, (FITTER,)))  # fmt: skip
    pull(office, fitter)
    now = office.now = NOW + 30 * 3600_000
    before = {each.case for each in rows(office, Which())}
    office.ask(example_desk.tell(office.store, office.key, SITE, NOW - 6 * 24 * 3600_000, now))
    assert row(office, hazard).noticed_at is not None
    orders = [each for each in rows(office, Which(sorts=(cases.ORDER,))) if each.case in before and each.done_at]
    assert not [each for each in orders if each.state == Stage.DONE], "all of them were called back"
    assert all(each.visited_at for each in orders if each.complaint and each.urgent)
    asked = [each for each in rows(office, Which(sorts=(cases.REQUEST,))) if each.case not in before]
    assert {each.state for each in asked} == {"closed", "waiting"}
    assert not [each for each in asked if each.state == "closed" and each.late]
    text = Page(office.browser("desk").get("/desk", params={"site": SITE, "lang": "zh"})).text
    assert "扫码留言" in text
    assert "噪音扰民 音响广场舞" in text
