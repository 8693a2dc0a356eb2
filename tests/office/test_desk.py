"""At the desk: points excused, rounds entered from paper, marks explained, as records of the office's own book."""

import re
from pathlib import Path

import httpx
import pytest

from app.logbook.keys import head_message, verifies
from app.record import decode, follow
from sync.office.credentials import everybody
from sync.office.store import known
from sync.office.store.heads import head_signatures_of
from tests.office.conftest import SITE, Handheld, Office, at
from tests.office.test_fold import dump, fold_anew
from tests.office.test_life import MISSING, supervisor
from tests.office.test_pages import Page, round_path

EN = {"lang": "en"}
HERE = "/afterwards"


@pytest.fixture
def browser(office: Office, handheld: Handheld) -> httpx.Client:
    office.account(role="supervisor", person=supervisor(office))
    return office.browser()


def send(browser: httpx.Client, what: str, **fields: str) -> httpx.Response:
    """The form of the page, filled in."""
    query = {name: fields[name] for name in ("round",) if name in fields}
    page = browser.get(HERE, params={"site": SITE, **query}).text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    return browser.post(HERE, params=EN, data={"csrf": token[1], "site": SITE, "what": what, **fields})


def said(browser: httpx.Client, answer: httpx.Response) -> str:
    """The page behind an answer."""
    if answer.status_code != 303:
        return Page(answer).text
    return Page(browser.get(answer.headers["location"], params=None)).text


def desk_book(office: Office) -> bytes:
    return bytes.fromhex(office.ask(office.store.read(lambda tx: known.get(tx, f"{known.DESK}{SITE}"))))


def desk_records(office: Office) -> list[dict[str, object]]:
    book = desk_book(office)
    return [
        {"kind": decode(one.raw).kind, "by": decode(one.raw).by, **decode(one.raw).body}
        for one in office.ask(office.store.records.of_book(SITE, book))
    ]


EXCUSE = {"point": "fitness", "from": "2026-11-20T20:00", "to": "2026-11-21T06:00", "reason": "weather"}


def test_an_excuse_written_at_the_desk_leaves_the_rates_like_one_from_the_site(
    office: Office, handheld: Handheld, browser: httpx.Client
) -> None:
    name = handheld.walk(tricks=MISSING)
    handheld.sync()
    assert "Points due 14" in Page(browser.get(round_path(name), params=EN)).text
    answer = send(browser, "excuse", **EXCUSE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?site={SITE}&done=excused")
    assert "The excuse is recorded" in said(browser, answer)
    seen = Page(browser.get(round_path(name), params=EN)).text
    assert "Points due 13 Points reached 12 Points missed 1" in seen
    (_, excused) = desk_records(office)
    assert (excused["kind"], excused["by"]) == ("point.excused", (supervisor(office),))
    assert (excused["from"], excused["to"]) == (at("2026-11-20 20:00"), at("2026-11-21 06:00"))
    before = office.ask(office.store.read(dump))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == before, "folded again from the records, the same"


def test_the_offices_book_is_chained_and_signed_like_a_handhelds(
    office: Office, handheld: Handheld, browser: httpx.Client, tmp_path: Path
) -> None:
    for _ in range(3):
        send(browser, "excuse", **EXCUSE)
    book = desk_book(office)
    stored = office.ask(office.store.records.of_book(SITE, book))
    link = book
    for one in stored:
        link = follow(link, one.raw)
        assert (one.hash, one.quarantine) == (link, None)
    heads = office.ask(office.store.read(lambda tx: head_signatures_of(tx, SITE, book)))
    ((key, hashed, sig),) = heads[len(stored)]
    assert hashed == link
    assert verifies(key, sig, head_message(book, len(stored), link))
    assert decode(stored[0].raw).body["identity"] == office.key.public.hex()
    assert "the office" in Page(browser.get("/books", params={"site": SITE, **EN})).text


def test_a_round_entered_at_the_desk_from_its_sheet(office: Office, handheld: Handheld, browser: httpx.Client) -> None:
    handheld.sync()
    wish = {"site": SITE, "schedule": "night-1", "day": "2026-11-20", **EN}
    missed = browser.get("/rounds", params={"site": SITE, "day": "2026-11-20", **EN}).text
    assert f'href="{HERE}?site={SITE}&amp;schedule=night-1&amp;day=2026-11-20"' in missed, "a missed round leads here"
    asked = browser.get(HERE, params=wish).text
    assert "2026-11-20 22:00 - 00:00" in asked
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked))
    schedule, slot = hidden["schedule"], hidden["slot"]
    assert "it is not over" in browser.get(HERE, params={**wish, "day": "2026-11-21"}).text
    first, second = (stop.id for stop in office.plan().route("night-1").stops[:2])
    people = office.ask(office.store.read(everybody))
    numbers = f"{people['zhang-wei'].number} {people['li-jun'].number}"
    entry = {"schedule": schedule, "slot": slot, "paper": "17", "crew": numbers}
    assert "is no time of this round" in _en(browser, send(browser, "entry", **entry, **{f"at_{first}": "12:00"}))
    assert "Needed" in _en(browser, send(browser, "entry", **entry))
    assert "no staff number 99" in _en(browser, send(browser, "entry", **{**entry, "crew": "99"}))
    done = send(browser, "entry", **entry, **{f"at_{first}": "22:10", f"at_{second}": "23:59", f"bad_{second}": "on"})
    assert done.status_code == 303
    body = desk_records(office)[-1]
    assert body["by"] == (supervisor(office),)
    stops = body["stops"]
    assert isinstance(stops, list)
    assert [each["at"] for each in stops[:2]] == [at("2026-11-20 22:10"), at("2026-11-20 23:59")]
    assert [each["ok"] for each in stops[:2]] == [True, False]
    seen = Page(browser.get(round_path(str(body["round"])), params=EN)).text
    assert "Points reached 2" in seen
    again = send(browser, "entry", **entry, **{f"at_{first}": "22:10"})
    assert "There is a round of this window already" in _en(browser, again)


def test_a_mark_is_explained_beside_the_mark(office: Office, handheld: Handheld, browser: httpx.Client) -> None:
    name = handheld.walk(tricks=MISSING)
    handheld.sync()
    page = browser.get(HERE, params={"site": SITE, "round": name, **EN}).text
    mark = re.search(r'<option value="([0-9a-f]{64}:\d+ [a-z-]+)">', page)
    assert mark is not None
    answer = send(browser, "explanation", round=name, mark=mark[1], why="weather", own="")
    assert answer.status_code == 303
    assert "the weather" in Page(browser.get(round_path(name), params=EN)).text
    other = mark[1].replace(mark[1][:8], "00000000")
    assert send(browser, "explanation", round=name, mark=other, why="weather").status_code == 409


def test_who_may_not_is_told_and_nothing_is_recorded(office: Office, handheld: Handheld) -> None:
    office.account("nobody", role="supervisor")
    office.account("guard", role="quality", person="zhang-wei")
    nobody, guard = office.browser("nobody"), office.browser("guard")
    assert "stands for no person" in _en(nobody, send(nobody, "excuse", **EXCUSE))
    assert "may not do that at this site" in _en(guard, send(guard, "excuse", **EXCUSE))
    stranger = office.browser("nobody")
    assert stranger.post(HERE, data={"csrf": "x.y", "site": SITE, "what": "excuse", **EXCUSE}).status_code == 403
    assert desk_records(office) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "2026-11-20T20:00"},
        {"to": "2027-11-20T20:00"},
        {"from": "soon"},
        {"point": "nowhere"},
        {"reason": "<script>"},
        {"what": "delete"},
    ],
)
def test_a_form_that_does_not_fit_is_one_sentence(browser: httpx.Client, office: Office, wrong: dict[str, str]) -> None:
    answer = send(browser, **{"what": "excuse", **EXCUSE, **wrong})
    assert answer.status_code == 409
    assert desk_records(office) == []


def _en(browser: httpx.Client, answer: httpx.Response) -> str:
    assert answer.status_code == 409
    return Page(answer).text
