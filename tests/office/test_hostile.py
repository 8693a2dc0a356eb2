"""Names and words from outside, full of markup and worse, on every page and in every message: they stay text."""

import json
import re
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.site import People, Person, Plan, Text
from app.logbook.book import Draft
from app.text import clean
from sync.office import accounts, credentials, importing, telling
from sync.office.hook_forms import post_of
from sync.office.importing import Found
from sync.office.store import audit, hooks
from sync.office.store.hooks import Hook
from tests.office.conftest import CHEAP, PASSWORD, PLAN, SITE, Handheld, Office, furnished
from tests.office.test_fleet import contact
from tests.office.test_pages import HOSTILE, SHOWN, Page, round_path
from tests.office.test_photos import JPEG

pytestmark = pytest.mark.proof

FORMULA = '=HYPERLINK("http://evil.example","x")\r\n@SUM(1+1)\t|cmd'
LONG = HOSTILE + FORMULA + "长" * 2000
EVIL = Text(zh=LONG, en=LONG)
ALLOWED = {
    "html", "head", "meta", "title", "link", "body", "header", "nav", "a", "div", "span", "form", "input", "button",
    "main", "section", "h1", "h2", "h3", "p", "br", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "dl",
    "dt", "dd", "wbr", "article", "blockquote", "optgroup", "strong", "label", "select", "option", "img", "details",
    "datalist", "summary", "figure", "figcaption", "svg", "circle", "polyline", "text",
    "rect", "line", "script", "progress", "textarea", "kbd",
}  # fmt: skip
"""All that the templates are made of."""


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, list[str]]]:
    """An office where every name and every word that can be hostile is; and the addresses of its pages."""
    folder = tmp_path_factory.mktemp("hostile")
    office = Office(furnished(folder / "office"))
    office.ask(office.serving.teller.background.stop())
    with closing(Handheld(office, folder / "handheld")) as handheld:
        yield office, spoilt(office, handheld)
    office.close()


def spoilt(office: Office, handheld: Handheld) -> list[str]:
    walked = handheld.walk()
    handheld.logbook.attach(JPEG)
    evil = {"category": LONG, "words": LONG, "point": LONG, "phrase": "x", "stop": None, "fixed": False}
    raised = {"kind": "hazard", "round": walked, "due": handheld.clock.now().at, "urgent": True, **evil}
    handheld.write(
        Draft("finding.raised", raised | {"attachments": [{"sha256": LONG, "size": 1, "type": LONG}]}),
        Draft("alarm.raised", {"round": None, "point": LONG}, ("zhang-wei",)),
        Draft("odd.kind", {"round": walked, "words": LONG}),
    )
    cases = evil_cases(handheld)
    said = contact_says(handheld)
    contact(office, handheld, **said)
    office.now = handheld.clock.now().at + 40 * 3_600_000
    office.ask(rename(office))
    office.ask(office.store.devices.add(SITE, LONG, office.now))
    office.ask(office.store.write(lambda tx: audit.note(tx, office.now, LONG, LONG, LONG, LONG)))
    made = accounts.add(
        office.store, accounts.Applicant(FORMULA[:40], "admin", "zhang-wei"), PASSWORD, office.now, CHEAP
    )
    office.ask(made)
    book, name = handheld.logbook.book_id, round_path(walked).removeprefix("/rounds/")
    return [
        "/rounds?day=2026-11-20", f"/rounds/{name}", "/books", f"/records?book={book}&site={SITE}", "/tags", "/labels",
        "/alarms", "/devices", "/audit", "/afterwards", f"/afterwards?site={SITE}&round={name}",
        f"/afterwards?site={SITE}&schedule=night-2&day=2026-11-20", "/photos/nothing", "/rounds/nothing",
        *(f"{path}?site={SITE}" for path in (*cases, *DESK, "/plans")), f"/plans/changes?site={SITE}&revision=2",
    ]  # fmt: skip


DESK = ("/findings", "/hazards", "/orders", "/orders/list", "/desk", "/desk/new", "/blindspots")


def evil_cases(handheld: Handheld) -> list[str]:
    """A hazard, an order and a request with hostile words in every step; their pages."""
    raised = next(each for each in handheld.logbook.entries() if each.record.kind == "finding.raised")
    hazard, due = f"{handheld.logbook.book_id}:{raised.record.seq}", handheld.clock.now().at
    order = {
        "origin": LONG, "category": "lamp", "phrase": "x", "words": LONG, "person": "zhang-wei", "to": LONG,
        "respond": due, "due": due, "urgent": True, "room": LONG, "point": LONG, "phone": LONG, "post": LONG,
    }  # fmt: skip
    asked = {"how": LONG, "category": "", "phrase": LONG, "words": LONG, "due": due, "room": LONG, "phone": LONG}
    noticed = {"finding": hazard, "to": LONG, "due": due, "demand": LONG, "firm": LONG}
    taken, received, _ = handheld.write(
        Draft("order.taken", order), Draft("request.received", asked), Draft("finding.noticed", noticed)
    )
    book, about = handheld.logbook.book_id, f"{handheld.logbook.book_id}:{taken.record.seq}"
    handheld.write(
        Draft("order.dispatched", {"order": about, "to": LONG, "person": LONG, "post": LONG, "words": LONG}),
        Draft("order.postponed", {"order": about, "due": due + 1, "reason": LONG, "words": LONG}),
        Draft("request.closed", {"request": f"{book}:{received.record.seq}", "end": "answered", "reply": LONG}),
        Draft("finding.corrected", {"finding": hazard, "words": LONG}),
    )
    return [f"/findings/{hazard}", f"/orders/{about}", f"/desk/{book}:{received.record.seq}"]


def contact_says(handheld: Handheld) -> dict[str, object]:
    """As long as the wire lets it be."""
    return {"program": HOSTILE[:60], "radio": FORMULA[:60], "reason": "office.wait", "battery": 3, "free_mb": 1}


async def rename(office: Office) -> None:
    """The people file and the plan, past what `plan check` would have refused."""
    people = await office.store.read(credentials.people_of)
    crew = Person("zhang-wei", EVIL, LONG[:80])
    changed = People(tuple(crew if person.id == crew.id else person for person in people.people))
    await office.store.write(lambda tx: credentials.take_people(tx, changed, office.now))
    found = await importing.check(office.store, PLAN)
    assert found.plan is not None
    await importing.take(office.store, Found(renamed(found.plan), None, ()), office.now)


def renamed(plan: Plan) -> Plan:
    return replace(
        plan,
        site=replace(plan.site, name=EVIL),
        points=tuple(replace(each, name=EVIL) for each in plan.points),
        schedules=tuple(replace(each, name=EVIL) for each in plan.schedules),
        skip_reasons=tuple(replace(each, text=EVIL) for each in plan.skip_reasons),
        categories=tuple(replace(each, text=EVIL) for each in plan.categories),
    )


def harmless(answer: httpx.Response) -> Page:
    page = Page(answer)
    assert set(page.elements) <= ALLOWED, answer.url
    assert page.elements.count("body") == page.elements.count("main") == 1, answer.url
    ours = re.findall(r'<script src="/static/[\w.?=-]+" defer></script>', answer.text)
    assert page.elements.count("script") == len(ours), answer.url
    sources = [value or "" for key, value in page.attributes if key in ("src", "href", "action")]
    assert all(each.startswith(("/", "#")) for each in sources), answer.url
    assert not any(key.startswith("on") or key == "style" for key, _ in page.attributes), answer.url
    for text in ("".join(page.texts), *(value or "" for _, value in page.attributes)):
        assert "\u202e" not in text, answer.url
        assert "\a" not in text, answer.url
        assert text.replace("\n", "") == clean(text.replace("\n", ""), 10**6), answer.url
    return page


def test_no_page_makes_more_of_a_text_than_text(evil: tuple[Office, list[str]]) -> None:
    office, paths = evil
    with closing(office.browser(FORMULA[:40])) as browser:
        told = {path.partition("?")[0]: harmless(browser.get(path, params=None)) for path in paths}
        asked = ("schedule", "day", "done", "lang", "below", "upto", "show", "kind", "role", "which", "person", "weeks")
        for path in ("/afterwards", "/devices", "/audit", "/rounds", "/plans", "/plans/changes", *DESK):
            harmless(browser.get(path, params=dict.fromkeys(asked, HOSTILE + FORMULA)))
            harmless(browser.get(path, params=dict.fromkeys(("site", "book", "round"), HOSTILE + FORMULA)))
    cases = [path for path in told if path.count("/") == 2 and path.startswith(("/findings", "/orders/", "/desk/"))]
    for path in (
        "/orders",
        "/desk",
        "/plans",
        "/plans/changes",
        *cases,
        "/devices",
        "/audit",
        "/afterwards",
        "/alarms",
        "/rounds",
        "/books",
        "/tags",
    ):
        assert SHOWN[:60] in "".join(told[path].texts), path


def test_a_form_that_is_refused_says_so_in_a_sentence(evil: tuple[Office, list[str]]) -> None:
    office, _ = evil
    sent = dict.fromkeys(("point", "from", "to", "reason", "mark", "why", "own", "paper", "crew"), HOSTILE + FORMULA)
    slot = {"schedule": "night-2", "slot": "night-2@2026-11-20T22:00"}
    with closing(office.browser(FORMULA[:40])) as browser:
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/afterwards").text)
        assert token is not None
        for what in ("excuse", "entry", "explanation", HOSTILE):
            answer = browser.post("/afterwards", data={"csrf": token[1], "what": what, "site": SITE, **slot, **sent})
            assert answer.status_code in (404, 409)
            harmless(answer)


@pytest.mark.parametrize("form", ["wecom", "dingtalk", "json", "sms"])
def test_a_message_is_one_sentence_in_one_field(evil: tuple[Office, list[str]], form: str) -> None:
    office, _ = evil
    hook = Hook(
        SITE, "chat", form, "https://h.example/?k=1", "", "to=1&say={text}", "alarm,missed,overdue,silent", "en", 0
    )
    office.ask(office.store.write(lambda tx: hooks.add(tx, hook)))
    office.ask(office.serving.folding.catch_up())

    def every(tx: Connection) -> list[hooks.Notice]:
        looks = (telling.find_alarms, telling.find_missed, telling.find_overdue, telling.find_silent)
        return [notice for look in looks for notice in look(tx, office.now)]

    told = office.ask(office.store.read(every))
    assert {"alarm", "overdue", "silent"} <= {notice.about for notice in told}
    assert any(SHOWN[:40] in notice.text for notice in told)
    for notice in told:
        assert notice.text == clean(notice.text, 10**6)
        assert len(notice.text) < 1000
        post = post_of(hook, [notice], office.now)
        assert post.url.startswith(hook.url)
        assert all(value.isprintable() for value in post.headers.values())
        if form == "sms":
            assert httpx.QueryParams(post.content.decode()).keys() == {"to", "say"}
        else:
            json.loads(post.content)
