"""Every page that the office has, and every list as a file, where each text from outside is hostile: it stays text.

Plan, people, records of every kind, the desk's requests, what was entered by hand. The pages are found as a person
finds them, by their links; none of the doors' table (test_doors) may be left out.
"""

import hashlib
import io
import re
import zipfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import msgspec
import pytest
import yaml
from msgspec import Struct, inspect
from msgspec.structs import replace

from app.duties.accepting import About, Shown
from app.duties.site import Text
from app.kinds import KINDS
from app.kinds.afterwards import PointExcused
from app.kinds.figures import CaseKept, FigureEntered
from app.kinds.requests import Apart, RequestReceived
from app.kinds.reviews import ReviewReturned
from app.logbook.book import Draft
from sync.office import accounts, credentials, importing
from sync.office.desk import Desk, apart_of
from sync.office.importing import Found
from sync.office.plan_export import to_yaml
from sync.office.settings import Public
from sync.office.store.plans import site_plan
from tests.office.conftest import CHEAP, PASSWORD, SITE, Handheld, Office, at, furnished
from tests.office.papers_read import BAD, must_be_harmless
from tests.office.papers_told import Told
from tests.office.test_doors import GETS
from tests.office.test_fleet import contact
from tests.office.test_hostile import FORMULA, contact_says, evil_cases, harmless
from tests.office.test_life import supervisor
from tests.office.test_now import watching
from tests.office.test_pages import HOSTILE, SHOWN, Page, round_path
from tests.office.test_photos import JPEG, finding
from tests.office.test_planning import draft_of, upload

pytestmark = pytest.mark.proof

EVIL = "=1+1" + HOSTILE + FORMULA + "长" * 30
KEY = "=1+<img src=x onerror=1>'\"{{7*7}}"
"""As bad as the name of a member may be."""
MILD = "<script>alert(1)</script>{{7*7}}\"'><img src=x onerror=1>"
"""As bad as a plan may be that is taken."""
FREE = {"model", "source", "unit"}
"""Texts of a plan in one language."""
MONTH = "2026-11"
EACH = 2
"""Addresses of one kind that are opened: not all of them look alike."""
MOST = 250
PLAN_FILES = {"/plans/file", "/plans/example.xlsx"}
SHEETS = {"/labels/sheet.pdf", "/labels/test.pdf", "/enrolment/list.csv"}
BARE = {"/labels", "/papers/check", "/plans", "/releases"}
"""Nothing from outside stands there but in the frame and in the name of the site."""
PAPERS = {"/papers/make", "/papers/kept/{name:str}"}
"""test_papers_hostile has every paper in every format."""
OURS = re.compile(r"^/(?!static/|photos/|logout|login|papers/make|papers/kept)")


class Scene:
    """The office, its administrator's browser, and what the crawl found: pages by address, and files."""

    def __init__(self, office: Office, browser: httpx.Client, start: list[str]) -> None:
        self.office = office
        self.browser = browser
        self.pages: dict[str, Page] = {}
        self.files: dict[str, httpx.Response] = {}
        self._kinds: Counter[str] = Counter()
        self._todo = deque(start)
        while self._todo:
            self._open(self._todo.popleft())
        assert len(self.pages) < MOST

    def _open(self, address: str) -> None:
        if address in self.pages or self._kinds[_kind(address)] >= EACH:
            return
        self._kinds[_kind(address)] += 1
        answer = self.browser.get(address, follow_redirects=True)
        assert answer.status_code in (200, 404, 409), address
        if not answer.headers["content-type"].startswith("text/html"):
            self.files[address] = answer
            return
        page = harmless(answer)
        if answer.status_code != 200:
            return
        self.pages[address] = page
        self._todo += sorted({value for key, value in page.attributes if key == "href" and value and OURS.match(value)})

    def of(self, route: str) -> list[Page]:
        """The pages of a route, each language's."""
        there = re.compile(_pattern(route))
        return [page for address, page in self.pages.items() if there.fullmatch(urlsplit(address).path)]


def _kind(address: str) -> str:
    """Without ids, and without what is only another order or another day; a file is not its page."""
    parts = urlsplit(address)
    route = next((each for each in GETS if re.fullmatch(_pattern(each), parts.path)), parts.path)
    asked = re.findall(r"(?:as=\w+|book|round|schedule|draft|kind)", parts.query)
    return " ".join([route, *asked])


def _pattern(route: str) -> str:
    return re.sub(r"\\{\w+:(?:str|path)\\}", "[^/]+", re.escape(route))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("hostile")
    office = Office(furnished(folder / "office"), public=Public("HTTPS://W.EXAMPLE.CN", "0571-8888 0000"))
    office.ask(office.serving.teller.background.stop())
    told = Told(office, folder / "told", EVIL)
    start = tell(office, told, folder / "other")
    plan = office.plan()
    office.ask(spoil_names(office))
    office.now = at("2026-11-22 08:00")
    office.ask(
        accounts.add(office.store, accounts.Applicant(FORMULA[:40], "admin", "zhang-wei"), PASSWORD, office.now, CHEAP)
    )
    with closing(office.browser(FORMULA[:40])) as browser:
        assert harmless(upload(browser, to_yaml(spoilt(plan)), EVIL[:60])).elements.count("table") == 1, "its faults"
        milder = to_yaml(replace(plan, points=spoilt(plan.points, MILD), site=spoilt(plan.site, MILD)))
        start.append(f"/plans/preview?site={SITE}&draft={draft_of(upload(browser, milder, EVIL[:60]))}")
        start += [f"/plans/file?site={SITE}&revision=2&form={form}" for form in ("xlsx", "yaml")]
        start += ["/now", "/papers/check", *(f"{path}?site={SITE}" for path in SHEETS)]
        yield Scene(office, browser, [f"{each}{'&' if '?' in each else '?'}lang=en" for each in start])
    told.close()
    office.close()


def tell(office: Office, told: Told, folder: Path) -> list[str]:
    """What else is said in hostile words, by the crew and by the desk; pages that must be opened."""
    handheld, boss = told.handheld, supervisor(office)
    picture = handheld.logbook.attach(JPEG).sha256
    handheld.write(finding(handheld, picture, told.round))
    cases = evil_cases(handheld)
    now = handheld.clock.now().at
    handheld.write(
        Draft("alarm.raised", {"round": None, "point": EVIL}, ("zhang-wei",)),
        *(Draft(kind, body, ("zhang-wei",)) for kind, body in every_kind(now)),
    )
    handheld.sync()
    text = apart_of(EVIL)
    request = RequestReceived(
        "page", "", "", "shed-1", now, "shed-1", text=Apart(hashlib.sha256(text).hexdigest()), reply=EVIL
    )
    said = [
        FigureEntered(MONTH, "satisfied", EVIL, EVIL),
        FigureEntered(MONTH, "visits", "90", EVIL),
        CaseKept(MONTH, told.hazard, EVIL),
        PointExcused("fitness", now, now + 86_400_000, "weather", EVIL),
        ReviewReturned(Shown(told.round), ("zhang-wei",), (About("", EVIL),), "own", EVIL),
        *(msgspec.convert(body, KINDS[kind]) for kind, body in every_kind(now)),
    ]
    desk = Desk(office.store, office.key)
    office.ask(desk.say(SITE, request, "", now, apart=text))
    office.ask(desk.say(SITE, said, boss, now))
    office.ask(office.serving.folding.catch_up())
    contact(office, handheld, **contact_says(handheld))
    with closing(Handheld(office, folder, EVIL[:90], start=now)) as other:
        other.sync()
    own = (
        round_path(told.round),
        round_path(told.scored),
        "/people/zhang-wei",
        "/assets/qwb-b1-03",
        "/indicators/visits",
    )
    return [f"{path}?site={SITE}" for path in (*cases, *own)]


def every_kind(now: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """A record of each kind with a hostile text in every place for one; but for those that a book says of itself."""
    for kind in KINDS:
        shape = inspect.type_info(KINDS[kind])
        if KINDS[kind].__module__ != "app.kinds.book":
            yield kind, filled(shape, now)


def filled(shape: inspect.Type, now: int) -> Any:
    match shape:
        case inspect.StructType():
            return {each.encode_name: filled(each.type, now) for each in shape.fields}
        case inspect.UnionType():
            return filled(next(each for each in shape.types if not isinstance(each, inspect.NoneType)), now)
        case inspect.VarTupleType() | inspect.ListType():
            return [filled(shape.item_type, now)]
        case inspect.TupleType():
            return [filled(each, now) for each in shape.item_types]
        case inspect.DictType():
            return {KEY: filled(shape.value_type, now)}
        case inspect.IntType():
            return now
        case inspect.LiteralType():
            return shape.values[0]
        case inspect.EnumType():
            return next(iter(shape.cls)).value
        case inspect.DateTimeType():
            return "2026-11-20T08:00:00+08:00"
        case inspect.BoolType():
            return False
        case inspect.StrType() | inspect.AnyType():
            return EVIL
    raise AssertionError(shape)


async def spoil_names(office: Office) -> None:
    """The people file and the plan, past what `plan check` would have refused."""
    people = spoilt(await office.store.read(credentials.people_of))
    await office.store.write(lambda tx: credentials.take_people(tx, people, office.now))
    found = spoilt(await office.store.read(lambda tx: site_plan(tx, SITE)))
    await importing.take(office.store, Found(found, None, ()), office.now)


def spoilt(part: Any, words: str = EVIL) -> Any:
    """Every text for people in it is hostile."""
    match part:
        case Text() if part.zh or part.en:
            return replace(part, zh=words, en=words)
        case Struct():
            members = {name: getattr(part, name) for name in part.__struct_fields__}
            free = {name: words for name in FREE if isinstance(members.get(name), str)}
            return replace(part, **{name: spoilt(member, words) for name, member in members.items()} | free)
        case tuple():
            return tuple(spoilt(each, words) for each in part)
    return part


def test_every_page_is_reached_and_makes_no_more_of_a_text_than_text(scene: Scene) -> None:
    files = SHEETS | PAPERS | {"/photos/{name:str}", "/now/stream", "/"} | PLAN_FILES
    left = [route for route in GETS if route not in files and not scene.of(route)]
    assert left == []
    told = {route: max(count(page) for page in scene.of(route)) for route in GETS if route not in files}
    print(f"{len(scene.pages)} pages, {len(scene.files)} files, hostile texts by route: {told}")
    frame = min(told.values())
    assert frame > 0, "the site's name and who is signed in stand on every page"
    assert {route for route, n in told.items() if n == frame} == BARE


def count(page: Page) -> int:
    return sum(SHOWN[:60] in text for text in page.texts)


def test_every_list_as_a_file_holds_texts_only(scene: Scene) -> None:
    for address, answer in scene.files.items():
        kind = answer.headers["content-disposition"].rpartition(".")[2].strip('"')
        if urlsplit(address).path in PLAN_FILES:
            plan_is_harmless(answer.content, kind)
        else:
            must_be_harmless(answer.content, kind)
    lists = {urlsplit(address).path for address in scene.files if "as=csv" in address}
    assert lists == {urlsplit(address).path for address in scene.files if "as=xlsx" in address}
    told = {urlsplit(address).path for address, answer in scene.files.items() if b"alert(1)" in answer.content}
    assert lists - told <= BARE | {"/papers"}, "papers that the crawl came by are listed by kind, days and hash"
    print(f"{len(lists)} lists as files")


def plan_is_harmless(content: bytes, kind: str) -> None:
    """Its workbook has comments, and links from sheet to sheet, which no other file of the office may have."""
    if kind == "yaml":
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", content.decode()), "other than these `plan check` refuses"
        assert yaml.safe_load(content)["site"]["id"] == SITE
        return
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for part in parts.namelist():
            raw = parts.read(part)
            assert not BAD.search(raw.decode()), part
            for element in ElementTree.fromstring(raw).iter():
                assert element.tag.rpartition("}")[2] != "f", part
                assert element.get("TargetMode") != "External", part


def test_what_comes_by_itself_is_text_too(scene: Scene) -> None:
    with watching(scene.browser, site=SITE) as stream:
        name, told = next(stream)
    assert name == "piece"
    page = httpx.Response(200, text=f"<body><main>{told}</main></body>", request=httpx.Request("GET", scene.office.url))
    assert SHOWN[:60] in "".join(harmless(page).texts)
