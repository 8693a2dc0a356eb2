"""An office with its pages on a loopback socket, the example compound in it, and crews that walk its rounds."""

import asyncio
import atexit
import re
import shutil
import threading
from collections.abc import Coroutine, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from app.duties.schedule import Slot, slots
from app.duties.site import Credentials, Plan, decode_plan
from app.logbook.book import Draft, Logbook
from app.pages import Pages
from app.record import Entry
from sync.courier import Courier
from sync.enrolment import enrol
from sync.office import accounts, credentials, fold, importing
from sync.office.cli import cli
from sync.office.demo import HastyDisk
from sync.office.keys import OfficeKey
from sync.office.serve import Server, Serving, listen, open_store
from sync.office.settings import NOT_PUBLIC, Public
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.walker import NO_TRICKS, SteppedClock, Tricks, Walker
from tests import postgres
from tests.sync.places import codes_known_again

T = TypeVar("T")
ROOT = Path(__file__).parent.parent.parent
SITE = "cuihu-garden"
PLAN = ROOT / "examples" / "cuihu-garden.yaml"
PEOPLE = ROOT / "examples" / "cuihu-garden.people.yaml"
ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = date(2026, 11, 20)
GUARDS = ("zhang-wei", "li-jun")
CHEAP = accounts.Cost(memory_kib=64, passes=1)
"""So that a test does not wait for what slows a guesser down; test_accounts has the real cost once."""
PASSWORD = "open at eight, please"


def at(text: str) -> int:
    """UTC ms of a local time at the site, `2026-11-20 22:00`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


class Office:
    """The office served by uvicorn in a thread of its own; `now` is its clock, UTC ms."""

    def __init__(self, folder: Path, *, moved_clock: bool = False, public: Public = NOT_PUBLIC, db: str = "") -> None:
        """`db` is the address of its database, unless that is the file in the folder."""
        self.folder = folder
        self.db = db or str(folder / "office.db")
        self._public = public
        self._moved_clock = moved_clock
        self.now = at("2026-11-21 09:00")
        self._listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="office", daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self.store = await open_store(self.db)
        self.key = OfficeKey.open(self.folder)
        self.serving = Serving(
            self.store, self.key, lambda: self.now, moved_clock=self._moved_clock, cost=CHEAP, public=self._public
        )
        self._server = Server(self.serving.app, self._ready.set)
        await self._server.serve([self._listening])

    @property
    def options(self) -> tuple[str, ...]:
        """What names this office on the command line."""
        return ("--data-dir", str(self.folder), *(("--db", self.db) if self.db else ()))

    def ask(self, question: Coroutine[Any, Any, T], within_s: float = 60) -> T:
        """Run a coroutine on the office's loop."""
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(within_s)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self.store.close()
        self._listening.close()
        self._loop.close()

    # -- who and what ---------------------------------------------------------------------------
    def account(self, name: str = "chief", role: str = "supervisor", person: str | None = None) -> None:
        self.ask(accounts.add(self.store, accounts.Applicant(name, role, person), PASSWORD, self.now, CHEAP))

    def browser(self, name: str = "chief", password: str = PASSWORD) -> httpx.Client:
        """A browser that has signed in."""
        browser = self.stranger()
        assert sign_in(browser, name, password).status_code == 303
        return browser

    def stranger(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, verify=False)  # plain http: no certificates to load

    def plan(self) -> Plan:
        row = self.ask(self.store.read(lambda tx: plan_table.newest_plan(tx, SITE)))
        assert row is not None
        return decode_plan(row.raw)

    def badge(self, person: str) -> str:
        return self.ask(self.store.write(lambda tx: credentials.make_badge(tx, person, self.now)))

    def labels(self) -> dict[str, str]:
        return self.ask(self.store.read(lambda tx: credentials.labels(tx, SITE)))

    def slot(self, schedule: str, day: date = NIGHT) -> Slot:
        plan = self.plan()
        return slots(plan, plan.schedule(schedule), day, day)[0]


def sign_in(browser: httpx.Client, name: str, password: str, wanted: str = "") -> httpx.Response:
    form = browser.get("/login", params={"next": wanted} if wanted else {}).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    return browser.post("/login", data={**fields, "name": name, "password": password})


def command(office: Office, *words: str, typed: str = "") -> tuple[int, str]:
    """`watchbook-office` in English: its exit code, and all it prints with what stopped it."""
    done = CliRunner().invoke(cli, [*words, *office.options, "--lang", "en"], input=typed)
    return done.exit_code, done.output + (str(done.exception) if done.exception else "")


class Handheld:
    """A real logbook, enrolled over HTTP, and a crew that walks with it."""

    def __init__(
        self, office: Office, folder: Path, name: str = "东门岗1号", start: int = at("2026-11-20 21:30")
    ) -> None:
        self.office = office
        self.clock = SteppedClock(start)
        self.logbook = Logbook.open(folder, self.clock, HastyDisk())
        self.now = office.now
        office.now = start
        issued = office.ask(office.store.devices.add(SITE, name, start))
        enrol(self.logbook, office.url, issued.code, name, self.clock)
        self.labels = office.labels()
        self.badges = {person: office.badge(person) for person in GUARDS}
        self.walker = Walker(self.logbook, self.clock, self._pages(), self.labels)
        office.now = self.now

    def _pages(self) -> Pages:
        office = self.office
        item = office.ask(office.store.changes.current(SITE, "credentials", SITE))
        assert item is not None
        assert item.body is not None
        people = office.ask(office.store.read(credentials.people_of))
        return Pages(office.plan(), people, msgspec.json.decode(item.body, type=Credentials))

    def walk(self, schedule: str = "night-1", day: date = NIGHT, tricks: Tricks = NO_TRICKS) -> str:
        """One round by both guards; its id."""
        slot = self.office.slot(schedule, day)
        asyncio.run(self.walker.walk(slot, tuple(self.badges.values()), tricks))
        started = [entry for entry in self.logbook.entries() if entry.record.kind == "round.started"]
        return str(started[-1].record.body["round"])

    def write(self, *drafts: Draft) -> tuple[Entry, ...]:
        return self.logbook.append(*drafts)

    def sync(self) -> None:
        """Everything to the office, as a courier carries it; its pages know it too then."""
        kept, self.office.now = self.office.now, max(self.clock.now().at, 0)
        Courier(self.logbook, self.clock).exchange()
        self.office.ask(self.office.serving.folding.catch_up())
        self.office.now = kept
        assert self.logbook.unsent == 0

    def close(self) -> None:
        self.walker.watch.close()
        self.logbook.close()


async def take_example(store: Store, now: int) -> None:
    found = await importing.check(store, PLAN, PEOPLE)
    assert not found.refused
    await importing.take(store, found, now)


@cache
def _template() -> Path:
    """A data directory with the example plan and people in it, made once for the whole run."""
    folder = Path(mkdtemp(prefix="watchbook-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    async def furnish() -> None:
        store = await open_store(folder / "office.db")
        await store.write(fold.prepare)
        await take_example(store, at("2026-11-20 08:00"))
        store.close()

    asyncio.run(furnish())
    return folder


def furnished(folder: Path) -> Path:
    """A data directory of its own with the example plan and people in it."""
    shutil.copytree(_template(), folder)
    return folder


@cache
def _postgres_template() -> str:
    """Name of a PostgreSQL database with the same in it."""
    address = postgres.server().database()

    async def furnish() -> None:
        store = await open_store(address)
        await store.write(fold.prepare)
        await take_example(store, at("2026-11-20 08:00"))
        store.close()

    asyncio.run(furnish())
    return postgres.name_of(address)


ON_BOTH = {"test_migrations"}
IN_PROOFS = {
    "test_life", "test_pages", "test_tags", "test_alarms", "test_records", "test_photos", "test_audit", "test_telling",
    "test_projections", "test_settings_stored", "test_days", "test_planning", "test_papers_kept", "test_releases",
    "test_takeover", "test_enrolment", "test_retention",
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What needs an office runs on SQLite; some modules on PostgreSQL too, at once or in the proofs."""
    postgres.choose_engines(metafunc, ON_BOTH, IN_PROOFS)


@pytest.fixture(scope="session", autouse=True)
def codes_once() -> Iterator[None]:
    with codes_known_again():
        yield


@pytest.fixture
def db(tmp_path: Path, engine: str) -> str:
    """The address of an empty database."""
    return postgres.empty(engine, tmp_path)


def office_on(engine: str, folder: Path) -> Office:
    """One with the example in it, whose database is such a one."""
    db = postgres.server().database(_postgres_template()) if engine == "postgresql" else ""
    return Office(furnished(folder), db=db)


@pytest.fixture
def office(tmp_path: Path, engine: str) -> Iterator[Office]:
    it = office_on(engine, tmp_path / "office")
    yield it
    it.close()


@pytest.fixture
def handheld(office: Office, tmp_path: Path) -> Iterator[Handheld]:
    it = Handheld(office, tmp_path / "handheld")
    yield it
    it.close()
