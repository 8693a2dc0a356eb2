"""A small compound with one night patrol, a crew, and their codes: enough to walk every rule of a round."""

import shutil
from pathlib import Path

from msgspec import Struct

from app import codes
from app.arrivals import Heard
from app.duties.rounds import Progress, Verdict
from app.duties.site import (
    Area,
    Asset,
    Calendar,
    Category,
    Check,
    Checklist,
    Choice,
    Credentials,
    Grant,
    People,
    Person,
    Phrase,
    Plan,
    Point,
    Route,
    Schedule,
    Site,
    Stop,
    Tag,
    Text,
)
from app.logbook.book import Logbook
from app.logbook.disk import Disk
from app.pages import Pages
from app.ports import Moment, Scan, Sighting
from app.record import Record
from app.watch import Watch

UUID = "fda50693-a4e2-4fb1-afcf-c6eb07647825"
EVENING = 1_763_733_600_000
"""2025-11-21 22:00 in Shanghai, UTC ms."""
SALT = "00ff"


class HandClock:
    """A handheld's clock, moved by the test."""

    def __init__(self, at: int = EVENING, up: int = 1_000_000, boot: str = "boot-1") -> None:
        self.at, self.up, self.boot = at, up, boot

    def now(self) -> Moment:
        return Moment(self.at, self.up, self.boot)

    def pass_s(self, seconds: float) -> None:
        self.at += round(seconds * 1000)
        self.up += round(seconds * 1000)

    def restart(self, seconds: float = 60) -> None:
        """The handheld boots again, `seconds` later."""
        self.at += round(seconds * 1000)
        self.up, self.boot = 20_000, self.boot + "+"


class Issued(Struct, frozen=True):
    """A code as printed."""

    text: str
    token: bytes


def issue(name: str, number: int = 1) -> Issued:
    token = (name.encode() + bytes(10))[:10]
    return Issued(codes.make(number, token), token)


def _text(words: str) -> Text:
    return Text(zh=f"{words}处", en=words)


def _point(name: str, number: int, **fields: object) -> Point:
    tags = (Tag("ibeacon", f"{UUID}/10001/{number}"),)
    settings: dict[str, object] = {"tags": tags, "label": True, "code": f"{number:03d}"}
    return Point(id=name, name=_text(name), area="east", **{**settings, **fields})  # type: ignore[arg-type]  # a table


POINTS = (
    _point("gate", 1, grade="near"),
    _point("power", 2),
    _point("roof", 3),
    _point("pump", 4, tags=()),
    _point("vault", 5, grade="label+near"),
    _point("shop", 6),
)

CHECKS = Checklist(
    id="power-room",
    name=_text("power room"),
    checks=(
        Check("door", "ok", _text("door shut")),
        Check("volt", "number", _text("line voltage"), unit="V", low="353", high="407", asset="1AA1"),
        Check("press", "number", _text("pressure"), unit="MPa", decimals=2, low="0.20", high="0.60"),
        Check("lamps", "count", _text("lamps lit"), total=30, low="29"),
        Check("mode", "choice", _text("pump switch"), choices=(
            Choice("auto", _text("automatic")), Choice("hand", _text("by hand"), ok=False))),
        Check("smell", "ok", _text("no smell")),
    ),
)  # fmt: skip

STOPS = (
    Stop("s-gate", "gate"),
    Stop("s-power", "power", "power-room", walk_s=60),
    Stop("s-roof", "roof", walk_s=90),
    Stop("s-pump", "pump", walk_s=30),
)


GRANTS = (
    Grant("zhang", ("guard",)),
    Grant("li", ("guard",)),
    Grant("zhao", ("cleaner",)),
    Grant("chen", ("supervisor",)),
)


def plan(order: str = "fixed", *, crew: int = 2, recheck: bool = True, revision: int = 7) -> Plan:
    night = Schedule(
        "night", "round", _text("night round"), "FREQ=DAILY", start="22:00", minutes=120, begins="2025-01-01",
        crew=crew, recheck=recheck,
    )  # fmt: skip
    late = Schedule("late", "short", _text("late round"), "FREQ=DAILY", start="23:00", minutes=240, begins="2025-01-01")
    return Plan(
        site=Site("garden", _text("garden"), "Asia/Shanghai"),
        revision=revision,
        effective="2025-01-01",
        grants=GRANTS,
        areas=(Area("east", _text("east")),),
        points=POINTS,
        assets=(Asset("1AA1", _text("panel"), "power"),),
        checklists=(CHECKS,),
        routes=(
            Route("round", "patrol", _text("round"), order, STOPS, ("guard",)),
            Route("short", "patrol", _text("short"), "fixed", (Stop("v-vault", "vault"),), ("guard",)),
        ),
        schedules=(night, late),
        categories=(
            Category("leak", _text("leak"), "finding", (Phrase("drip", _text("dripping")),), "2d", "fitter"),
            Category("fire", _text("fire hazard"), "hazard", (Phrase("lane", _text("lane blocked")),), "3wd", "fitter"),
        ),
        skip_reasons=(Phrase("locked", _text("locked")), Phrase("sick", _text("partner is ill"))),
        calendar=Calendar(holidays=("2025-11-24",), workdays=("2025-11-22",)),
    )


PEOPLE = People((
    Person("zhang", _text("Zhang"), "1001"),
    Person("li", _text("Li"), "1002"),
    Person("zhao", _text("Zhao"), "1003"),
    Person("chen", _text("Chen"), "1009"),
))  # fmt: skip

BADGES = {person.id: issue(f"p-{person.id}") for person in PEOPLE.people}
LABELS = {point.id: issue(f"l-{point.id}", 2) for point in POINTS}
OLD_LABEL = issue("o-gate", 1)
ASSET_LABEL = issue("a-1AA1")
PINS = {"zhang": "1234", "li": "2468"}


def credentials() -> Credentials:
    named = {BADGES[name]: f"person:{name}" for name in BADGES} | {LABELS[name]: f"point:{name}" for name in LABELS}
    named |= {OLD_LABEL: "point:gate", ASSET_LABEL: "asset:1AA1"}
    found = {
        codes.digest(SALT, code.token): f"{target}/{code.text[4:6]}"
        for code, target in named.items()
    }  # fmt: skip
    return Credentials(SALT, found, {name: codes.hash_pin(pin, name.encode()) for name, pin in PINS.items()})


def scan(issued: Issued, clock: HandClock) -> Scan:
    return Scan(issued.text, clock.up)


def sighting(point: str, rssi: int, clock: HandClock, address: str = "C0:00:00:00:00:01") -> Sighting:
    """The point's own beacon as heard now."""
    tag = next(each for each in POINTS if each.id == point).tags[0]
    return Sighting(address, rssi, clock.up, "m004c:0215", tag.format, tag.id, -59)


class QuickDisk(Disk):
    """The real disk without its flushes: what is written is judged, not whether the platter has it."""

    def sync(self, name: str, fd: int) -> None:
        self.step(name)

    def sync_folder(self, name: str, folder: Path) -> None:
        self.step(name)


CREDENTIALS = credentials()


class Handheld:
    """A handheld in its folder: switched on, walked with, killed, switched on again."""

    def __init__(self, folder: Path, clock: HandClock, plan: Plan, disk: Disk | None = None) -> None:
        self.folder, self.clock, self.plan = folder, clock, plan
        self.disk = disk or QuickDisk()
        self._switch_on()

    def _switch_on(self) -> None:
        self.logbook = Logbook.open(self.folder, self.clock, self.disk)
        self.watch = Watch(self.logbook, self.pages(), self.clock, "en")

    def pages(self) -> Pages:
        return Pages(self.plan, PEOPLE, CREDENTIALS)

    def close(self) -> None:
        self.watch.close()
        self.logbook.close()

    def killed(self) -> "Handheld":
        """What a kill -9 now leaves: the same folder, opened by the next program."""
        left = self.folder.with_name(self.folder.name + "-left")
        shutil.copytree(self.folder, left)
        self.close()
        return Handheld(left, self.clock, self.plan, self.disk)

    # -- what the crew does -------------------------------------------------------------------
    async def sign_in(self, *people: str) -> None:
        for person in people:
            await self.watch.sign_in_badge(scan(BADGES[person], self.clock))

    async def start(self, schedule: str = "night", alone: str | None = None) -> Progress:
        duty = next(duty for duty in self.watch.today() if duty.slot.schedule == schedule)
        return await self.watch.start_round(duty, alone)

    async def night_round(self) -> Progress:
        """Two guards signed in, the night round begun."""
        await self.sign_in("zhang", "li")
        return await self.start()

    async def stand_at(self, point: str, seconds: float = 3, rssi: int = -60) -> list[Heard]:
        """The point's beacon twice a second, until it is an arrival."""
        found: list[Heard] = []
        for _ in range(int(seconds * 2) + 1):
            found.append(await self.watch.hear(sighting(point, rssi, self.clock)))
            if found[-1].verdict is not None:
                break
            self.clock.pass_s(0.5)
        return found

    async def scan(self, code: Issued) -> Verdict:
        return await self.watch.scan(scan(code, self.clock))

    async def answer_all(self) -> None:
        keys = {"ok": "1", "choice": "1", "number": "400", "count": "30", "text": "1"}
        while (check := self.watch.open_check()) is not None:
            await self.watch.answer(self.watch.judge(check, "42" if check.decimals else keys[check.kind]))

    # -- what the book says -------------------------------------------------------------------
    def records(self, kind: str = "") -> list[Record]:
        return [entry.record for entry in self.logbook.entries() if entry.record.kind.startswith(kind)]

    def kinds(self) -> list[str]:
        return [record.kind for record in self.records()]
