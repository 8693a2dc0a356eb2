"""Who may open which page of which site: every route of the office, every role, one's own site and another's."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from litestar.routes import HTTPRoute
from msgspec.structs import replace

from app.duties.site import ROLES
from app.logbook.book import Draft
from app.words.audit import TABLE as WORDS
from sync.office import accounts, importing
from sync.office.accounts import (
    ADMINS,
    ALARM_TAKERS,
    AUDITORS,
    DISPATCHERS,
    LABEL_PRINTERS,
    PLANNERS,
    RECTIFIERS,
    REVIEWERS,
)
from sync.office.serve import listen
from sync.office.store import audit
from tests.office.conftest import CHEAP, PASSWORD, PLAN, SITE, Handheld, Office, at, furnished
from tests.office.test_alarms import raise_alarm
from tests.office.test_pages import round_path
from tests.office.test_photos import JPEG, finding

pytestmark = pytest.mark.proof

OTHER = "donghu"
TRACES = ("Cuihu", "翠湖", "zhang-wei", "Zhang Wei", "东门岗1号", "East vehicle gate")
"""What only somebody of the first site may read."""
HEARERS = REVIEWERS | ALARM_TAKERS

GETS = {
    "/": HEARERS,
    "/now": REVIEWERS,
    "/now/stream": REVIEWERS,
    "/rounds": REVIEWERS,
    "/rounds/month": REVIEWERS,
    "/people": REVIEWERS,
    "/people/{name:str}": REVIEWERS,
    "/rounds/{name:path}": REVIEWERS,
    "/review": REVIEWERS,
    "/books": REVIEWERS,
    "/records": REVIEWERS,
    "/devices": REVIEWERS,
    "/settings": PLANNERS,
    "/tags": REVIEWERS,
    "/photos/{name:str}": REVIEWERS,
    "/afterwards": REVIEWERS,
    "/messages": DISPATCHERS,
    "/enrolment": LABEL_PRINTERS,
    "/enrolment/list.csv": LABEL_PRINTERS,
    "/labels": LABEL_PRINTERS,
    "/labels/sheet.pdf": LABEL_PRINTERS,
    "/labels/test.pdf": LABEL_PRINTERS,
    "/audit": AUDITORS,
    "/alarms": HEARERS,
    "/indicators": REVIEWERS,
    "/indicators/{figure:str}": REVIEWERS,
    "/compare": REVIEWERS,
    "/precheck": REVIEWERS,
    "/findings": REVIEWERS,
    "/findings/{name:str}": REVIEWERS,
    "/hazards": REVIEWERS,
    "/orders": REVIEWERS | DISPATCHERS,
    "/orders/list": REVIEWERS | DISPATCHERS,
    "/orders/{name:str}": REVIEWERS | DISPATCHERS,
    "/desk": DISPATCHERS,
    "/desk/new": DISPATCHERS,
    "/desk/{name:str}": DISPATCHERS,
    "/blindspots": REVIEWERS,
    "/assets": REVIEWERS,
    "/assets/{name:str}": REVIEWERS,
    "/cleaning": REVIEWERS,
    "/controlroom": REVIEWERS,
    "/visitors": REVIEWERS,
    "/handovers": REVIEWERS,
    "/drills": REVIEWERS,
    "/papers": REVIEWERS,
    "/papers/make": REVIEWERS,
    "/papers/kept/{name:str}": REVIEWERS,
    "/papers/check": REVIEWERS,
    "/plans": PLANNERS,
    "/plans/file": PLANNERS,
    "/plans/example.xlsx": PLANNERS,
    "/plans/changes": PLANNERS,
    "/plans/preview": PLANNERS,
    "/releases": ADMINS,
}
POSTS = {
    "/afterwards": REVIEWERS,
    "/review": REVIEWERS,
    "/alarms": ALARM_TAKERS,
    "/indicators": REVIEWERS,
    "/findings": RECTIFIERS,
    "/orders": DISPATCHERS,
    "/desk": DISPATCHERS,
    "/messages": DISPATCHERS,
    "/enrolment": LABEL_PRINTERS,
    "/enrolment/sheets": LABEL_PRINTERS,
    "/enrolment/files": LABEL_PRINTERS,
    "/plans": PLANNERS,
    "/plans/take": PLANNERS,
    "/plans/withdraw": PLANNERS,
    "/releases": ADMINS,
    "/releases/file": ADMINS,
    "/settings": PLANNERS,
}
OUTSIDE = {
    ("GET", "/login"), ("POST", "/login"), ("POST", "/logout"), ("GET", "/static/{name:str}"),
    ("GET", "/P/{written:str}"), ("GET", "/p/{written:str}"),
    ("POST", "/P/{written:str}"), ("POST", "/p/{written:str}"),
}  # fmt: skip
"""For everybody."""
DRAWN = {
    "/labels/sheet.pdf", "/labels/test.pdf", "/now/stream", "/papers/make", "/papers/kept/{name:str}", "/plans/preview",
}  # fmt: skip
"""Takes a processor for seconds, stays open, or wants what was uploaded: test_labels, test_trials, test_now and
test_planning ask for it as those who may."""
LOOKED = {
    "/now": "now-seen", "/orders": "orders-seen", "/orders/list": "orders-seen", "/orders/{name:str}": "case-seen",
    "/people": "people-seen", "/people/{name:str}": "person-seen", "/photos/{name:str}": "photo-seen",
    "/cleaning": "cleaning-seen", "/controlroom": "watch-seen", "/handovers": "handovers-seen",
    "/visitors": "visitors-seen", "/assets/{name:str}": "asset-seen", "/rounds/{name:path}": "round-seen",
    "/records": "records-seen", "/review": "review-seen", "/messages": "messages-seen",
}  # fmt: skip
"""Pages that show who was where, and what looking at them is called in the audit."""


class Scene:
    """Two sites, one of them with a round, an alarm and a photograph; and where each of its things is."""

    def __init__(self, office: Office, handheld: Handheld) -> None:
        self.office = office
        picture = handheld.logbook.attach(JPEG).sha256
        walked = handheld.walk()
        handheld.write(finding(handheld, picture, walked))
        self.alarm = raise_alarm(handheld)
        handheld.sync()
        self.addresses = {
            **{path: path for path in GETS},
            "/rounds/{name:path}": round_path(walked),
            "/photos/{name:str}": f"/photos/{picture}",
            "/people/{name:str}": "/people/li-jun",
            "/records": f"/records?book={handheld.logbook.book_id}",
            "/indicators/{figure:str}": "/indicators/missed",
            "/assets/{name:str}": "/assets/dt-03-1",
            "/papers/make": "/papers/make?paper=lift",
            "/papers/kept/{name:str}": "/papers/kept/none",
            "/plans/file": "/plans/file?revision=1&form=yaml",
            "/plans/changes": "/plans/changes?revision=1",
            **_cases(handheld),
        }

    def browser(self, role: str, site: str) -> httpx.Client:
        return self.limited(role, sites=(site,))

    def limited(self, role: str, **limits: tuple[str, ...]) -> httpx.Client:
        """Somebody signed in whose account reaches no further than these sites, companies or districts."""
        name = "-".join([role, *(each for those in limits.values() for each in those)])
        self.office.ask(
            accounts.add(
                self.office.store, accounts.Applicant(name, role, None, **limits), PASSWORD, self.office.now, CHEAP
            )
        )
        return self.office.browser(name)

    def get(self, browser: httpx.Client, path: str, **query: str) -> httpx.Response:
        address = httpx.URL(self.addresses[path])
        return browser.get(address.copy_merge_params({"lang": "en", **query}))

    def post(self, browser: httpx.Client, path: str, state: str) -> httpx.Response:
        """What the page's form would send of the first site."""
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/alarms").text)
        assert token is not None
        about = {"alarm": self.alarm, "state": state, "what": "excuse", "point": "fitness", "reason": "weather"}
        return browser.post(path, data={"csrf": token[1], "site": SITE, **about}, params={"lang": "en"})

    def acts(self) -> list[str]:
        rows = self.office.ask(self.office.store.read(lambda tx: audit.listed(tx, most=1000)))
        return [row.act for row in rows if row.act not in ("signed-in", "round-seen", "records-seen", "review-seen")]


def _cases(handheld: Handheld) -> dict[str, str]:
    """A case of each sort that has a page, by that page's route."""
    order = {
        "origin": "radio", "category": "repair", "phrase": "pipe", "words": "Pipe", "person": "zhang-wei",
        "to": "fitter", "respond": None, "due": at("2026-11-20 23:30"), "urgent": False,
    }  # fmt: skip
    asked = {"how": "phone", "category": "repair", "phrase": "pipe", "words": "Pipe", "due": at("2026-11-20 23:30")}
    raised = next(each for each in handheld.logbook.entries() if each.record.kind == "finding.raised")
    taken, received = handheld.write(Draft("order.taken", order), Draft("request.received", asked))
    handheld.sync()
    found = (("/findings", raised), ("/orders", taken), ("/desk", received))
    return {f"{path}/{{name:str}}": f"{path}/{handheld.logbook.book_id}:{one.record.seq}" for path, one in found}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("doors")
    office = Office(furnished(folder / "office"))
    office.ask(_take_other(office, folder))
    handheld = Handheld(office, folder / "handheld")
    handheld.write(Draft("note.of-another-program", {}))
    yield Scene(office, handheld)
    handheld.close()
    office.close()


async def _take_other(office: Office, folder: Path) -> None:
    """The same plan under another name."""
    text = PLAN.read_text(encoding="utf-8").replace(f"id: {SITE}", f"id: {OTHER}")
    text = text.replace("{id: cuihu,", "{id: donghu,").replace("{id: chenghu,", "{id: yunmen,")
    other = folder / "other.yaml"
    text = text.replace("Cuihu Garden", "Donghu Towers").replace("翠湖花园", "东湖大厦")
    other.write_text(text.replace("Cuihu", "Donghu").replace("翠湖", "东湖"), encoding="utf-8")
    found = await importing.check(office.store, other, None)
    assert found.plan is not None
    points = tuple(replace(each, name=replace(each.name, zh="某处", en="Somewhere")) for each in found.plan.points)
    grants = tuple(grant for grant in found.plan.grants if grant.person != "zhang-wei")
    plan = replace(found.plan, points=points, grants=grants)
    await importing.take(office.store, replace(found, plan=plan), office.now)


def test_every_route_is_in_one_of_these_tables(scene: Scene) -> None:
    routes = scene.office.serving.app.routes
    there = {
        (method, route.path)
        for route in routes
        if isinstance(route, HTTPRoute) and not route.path.startswith(("/v1", "/schema", "/metrics"))
        for method in route.methods - {"OPTIONS"}
    }
    assert there == {*(("GET", path) for path in GETS), *(("POST", path) for path in POSTS), *OUTSIDE}


def test_who_looks_at_where_people_were_stands_in_the_audit(scene: Scene) -> None:
    with closing(scene.browser("supervisor", SITE)) as browser:
        for path, act in LOOKED.items():
            assert scene.get(browser, path, site=SITE).status_code == 200, path
            (newest,) = scene.office.ask(scene.office.store.read(lambda tx: audit.listed(tx, most=1)))
            assert (path, newest.act, newest.site) == (path, act, SITE)
            assert f"act_{act.replace('-', '_')}" in WORDS


def test_a_stranger_gets_no_further_than_the_door(scene: Scene) -> None:
    with closing(scene.office.stranger()) as stranger:
        answers = [scene.get(stranger, path) for path in GETS]
        answers += [stranger.post(path, data={"site": SITE, "alarm": scene.alarm, "state": "taken"}) for path in POSTS]
    for answer in answers:
        assert (answer.status_code, answer.content) == (303, b""), answer.url
        assert answer.headers["location"].startswith("/login?next=")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_pages_at_its_own_site_and_no_others(scene: Scene, role: str) -> None:
    with closing(scene.browser(role, SITE)) as browser:
        for path, roles in GETS.items():
            if path in DRAWN and role in roles:
                continue
            answer = scene.get(browser, path, site=SITE)
            wanted = 403 if role not in roles else 303 if path == "/" else 200
            assert answer.status_code == wanted, path
            if role not in roles:
                assert not any(trace in answer.text.partition("<main>")[2] for trace in _without_alarm(role)), path
        assert _read_by(scene, browser) == (role in REVIEWERS)


def _without_alarm(role: str) -> tuple[str, ...]:
    """What a page that is refused may not tell; whoever hears alarms is told above every page."""
    return () if role in HEARERS else TRACES


def _read_by(scene: Scene, browser: httpx.Client) -> bool:
    """The pages do say what the tests look for: nothing is proven by the absence of what is never there."""
    text = "".join(scene.get(browser, path, site=SITE).text for path in ("/rounds", "/devices", "/alarms"))
    return all(trace in text for trace in ("Cuihu", "东门岗1号", "Zhang Wei"))


@pytest.mark.parametrize("role", sorted(HEARERS))
def test_an_account_of_another_site_opens_nothing_and_is_told_nothing(scene: Scene, role: str) -> None:
    with closing(scene.browser(role, OTHER)) as browser:
        for path in GETS:
            answer = scene.get(browser, path, site=SITE)
            assert answer.status_code == 403, path
            assert not any(trace in answer.text for trace in TRACES), path
        assert scene.get(browser, "/rounds/{name:path}").status_code == (404 if role in REVIEWERS else 403)
        assert scene.get(browser, "/photos/{name:str}").status_code == (404 if role in REVIEWERS else 403)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("own", "others"),
    [
        ({"companies": ("cuihu",)}, {"companies": ("donghu",)}),
        ({"districts": ("chenghu",)}, {"districts": ("yunmen",)}),
    ],
)
def test_an_account_of_a_company_or_district_opens_what_one_of_its_sites_would(
    scene: Scene, role: str, own: dict[str, tuple[str, ...]], others: dict[str, tuple[str, ...]]
) -> None:
    paths = [path for path in GETS if path not in DRAWN]
    with closing(scene.limited(role, **own)) as browser, closing(scene.limited(role, **others)) as stranger:
        for path in paths:
            wanted = 403 if role not in GETS[path] else 303 if path == "/" else 200
            assert scene.get(browser, path, site=SITE).status_code == wanted, path
            refused = scene.get(stranger, path, site=SITE)
            assert refused.status_code == 403, path
            assert not any(trace in refused.text.partition("<main")[2] for trace in TRACES), path
        for path in POSTS:
            assert scene.post(stranger, path, "taken").status_code == 403, path


def test_a_company_of_no_site_opens_nothing_and_a_site_that_comes_is_seen_at_once(scene: Scene, tmp_path: Path) -> None:
    office = scene.office
    with closing(scene.limited("admin", companies=("yuelai",))) as browser:
        assert scene.get(browser, "/rounds").status_code in (200, 403)
        assert not any(trace in scene.get(browser, "/rounds").text for trace in TRACES)
        assert scene.get(browser, "/rounds", site=SITE).status_code == 403
        text = PLAN.read_text(encoding="utf-8").replace(f"id: {SITE}", "id: yuelai")
        text = text.replace("{id: cuihu,", "{id: yuelai,")
        (tmp_path / "new.yaml").write_text(text.replace("Cuihu Garden", "Yuelai Court"), encoding="utf-8")
        found = office.ask(importing.check(office.store, tmp_path / "new.yaml", None))
        office.ask(importing.take(office.store, found, office.now))
        assert scene.get(browser, "/rounds", site="yuelai").status_code == 200
        assert "Yuelai Court" in scene.get(browser, "/rounds").text
        assert scene.get(browser, "/rounds", site=SITE).status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_a_form_is_taken_from_its_roles_of_its_own_site(scene: Scene, role: str) -> None:
    """Nobody of these is a person of the site, so an excuse is refused to the best of them too: with a sentence."""
    before = scene.acts()
    with closing(scene.browser(role, OTHER)) as browser:
        for path in POSTS:
            assert scene.post(browser, path, "taken").status_code == 403, path
    assert scene.acts() == before
    with closing(scene.browser(role, SITE)) as browser:
        for path, roles in POSTS.items():
            answer = scene.post(browser, path, "taken")
            assert answer.status_code in ((303, 409) if role in roles else (403,)), path
    assert ("alarm-taken" in scene.acts()[: len(scene.acts()) - len(before)]) == (role in ALARM_TAKERS)


Spelling = Callable[[str], str]


SPELT: tuple[Spelling, ...] = (
    lambda _: "", str.upper, lambda site: f" {site}", lambda site: f"{OTHER}&site={site}", lambda site: f"{site}%00",
)  # fmt: skip


@pytest.mark.parametrize("path", sorted(GETS.keys() - DRAWN))
def test_a_site_left_out_or_spelt_otherwise_leads_to_no_other(scene: Scene, path: str) -> None:
    address = scene.addresses[path]
    with closing(scene.browser("admin", OTHER)) as browser:
        for spelt in SPELT if path in ("/", "/rounds/{name:path}", "/photos/{name:str}") else SPELT[:1]:
            answer = browser.get(f"{address}{'&' if '?' in address else '?'}lang=en&site={spelt(SITE)}")
            assert answer.status_code in (200, 303, 403, 404)
            assert not any(trace in answer.text for trace in TRACES)


@pytest.mark.parametrize("about", [{}, {"site": "nowhere"}])
def test_a_form_of_no_site_that_there_is_writes_nothing(scene: Scene, about: dict[str, str]) -> None:
    """Of an account that may see every site: its form can name any."""
    office = scene.office
    office.ask(accounts.add(office.store, accounts.Applicant("every", "admin", "li-jun"), PASSWORD, office.now, CHEAP))
    figure = {"what": "enter", "month": "2026-11", "figure": "scores", "value": "90", "words": "survey"}
    excuse = {"what": "excuse", "point": "fitness", "reason": "weather", "from": "2026-11-20T22:00", "words": ""}
    with closing(office.browser("every")) as browser:
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/alarms").text)
        assert token is not None
        for path in POSTS:
            said = {"/indicators": figure}.get(path, excuse)
            answer = browser.post(path, data={"csrf": token[1], **said, **about}, params={"lang": "en"})
            assert answer.status_code in (404, 409), path
    books = office.ask(office.store.records.books())
    assert {site for site, *_ in books} == {SITE}


def test_an_account_of_both_sites_is_led_from_each_page_to_the_other_site(scene: Scene) -> None:
    names = (SITE, OTHER)
    office = scene.office
    office.ask(
        accounts.add(office.store, accounts.Applicant("both", "admin", sites=names), PASSWORD, office.now, CHEAP)
    )
    with closing(office.browser("both")) as browser:
        ours = ("/rounds", "/books", "/devices", "/tags", "/labels", "/afterwards", "/orders", "/desk", "/blindspots")
        for path in ours:
            for site in names:
                text = scene.get(browser, path, site=site).text
                assert text.count(' aria-current="page"') == 1, path
                main = text.partition("<h1>")[2]
                assert "Cuihu Garden" in main, path
                assert "Donghu Towers" in main, path


def test_an_answer_is_sent_at_once() -> None:
    """Else its body waits 40 ms for the other end to acknowledge its headers."""
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        line, _ = listening.accept()
        with line:
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
