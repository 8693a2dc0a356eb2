"""What goes wrong around a handheld and on a manager's desk: it is said, nothing is lost, and the work goes on.

The handheld is the program in a real terminal, its radio and scanner a feed through a FIFO; the office
answers on a real socket; plans go through the office's own command line.
"""

import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from app.duties.site import Plan, encode_plan
from app.logbook.book import Logbook
from app.record import Record
from hardware.clock import SystemClock
from sync.courier import Courier
from sync.enrolment import enrol
from tests.pty import Pty
from tests.screens.plans import PLAN, UUID, label, pages
from tests.screens.world import received
from tests.sync.places import SITE, RunningOffice, office

ROOT = Path(__file__).parent.parent.parent
WATCHBOOK = [sys.executable, "-m", "screens"]
OFFICE = [sys.executable, "-m", "sync.office"]
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


class Air:
    """What radio and scanner bring to a handheld, line by line, while it runs."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._line = os.open(path, os.O_RDWR)

    def scan(self, text: str) -> None:
        self._say({"qr": text})

    def beacon(self, minor: int) -> None:
        """One advertisement, as strong as on the tag itself."""
        frame = f"0215{UUID.replace('-', '')}{10001:04x}{minor:04x}c5"
        self._say({"ble": {"address": "C0:11:22:33:44:55", "rssi": -40, "manufacturer_data": {"76": frame}}})

    def _say(self, line: dict[str, Any]) -> None:
        os.write(self._line, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        os.close(self._line)


@pytest.fixture
def air(tmp_path: Path) -> Iterator[Air]:
    made = Air(tmp_path / "air")
    yield made
    made.close()


def due_now(schedule: str) -> Plan:
    """The small site with one round, due at this hour, that one guard may walk."""
    began = datetime.now(ZoneInfo(PLAN.site.zone)) - timedelta(minutes=10)
    (found,) = (each for each in PLAN.schedules if each.id == schedule)
    return replace(PLAN, schedules=(replace(found, start=f"{began:%H:%M}", minutes=120, crew=1, recheck=False),))


def book(folder: Path, plan: Plan) -> Path:
    """The book of a handheld that was given its pages."""
    logbook = Logbook.open(folder, SystemClock())
    logbook.receive(received(pages(plan)), "1")
    logbook.close()
    return folder


def terminal(*args: str | Path, lang: str = "en", cols: int = 40, env: dict[str, str] | None = None) -> Pty:
    argv = [*WATCHBOOK, *map(str, args), "--lang", lang]
    return Pty(argv, cols=cols, rows=20, cwd=ROOT, env=env)


@contextmanager
def on_a_round(folder: Path, air: Air, first: str) -> Iterator[Pty]:
    """A guard signed in, the round that is due begun, its `first` place on the screen."""
    with terminal("run", "--data-dir", folder, "--feed", air.path) as pty:
        pty.wait_for("Number", 30)
        pty.send("1001\r")
        pty.wait_for("type your PIN")
        pty.send("1234\r")
        pty.wait_for("On shift: Zhang Wei")
        pty.send("\r")
        pty.wait_for("Due now")
        pty.send("\r")
        pty.wait_for(f"> Go to 1: {first}")
        yield pty


def records(folder: Path, *wanted: str) -> list[Record]:
    """What is on the disk of these kinds, while the program runs."""
    return [entry.record for entry in Logbook.read(folder).entries() if not wanted or entry.record.kind in wanted]


def arrive(pty: Pty, air: Air, point: str, shown: str) -> None:
    """Scan a label and look at what it brings up: a page that opened by itself takes no keys at first."""
    air.scan(label(f"point:{point}"))
    pty.wait_for(shown)
    pty.watch(0.8)


def wait_count(pty: Pty, unsent: int, seconds: float = 10) -> None:
    """Until the status line counts so many records that the office has not."""
    pty.wait_for(re.compile(rf"^Q:{unsent} ", re.MULTILINE), seconds)


def words(pty: Pty) -> str:
    """What stands on the screen, without its line ends."""
    return " ".join(pty.text.split())


# -- at a stop -----------------------------------------------------------------------------------


def test_an_unknown_tag_or_code_is_said_and_recorded_as_seen_and_the_round_stays(tmp_path: Path, air: Air) -> None:
    folder = book(tmp_path / "book", due_now("night-1"))
    with on_a_round(folder, air, "South gate") as pty:
        air.beacon(99)
        pty.wait_for("Unknown beacon; it is noted")
        assert "> Go to 1: South gate" in pty.text
        air.scan("https://example.com/menu")
        pty.wait_for("Unknown code; it is noted")
        assert "> Go to 1: South gate" in pty.text
        before = len(records(folder))
        air.scan(label("point:of-another-site"))
        wait_count(pty, before + 1)
        assert "Unknown code; it is noted" in pty.text
        pty.send("1")
        pty.wait_for("Type the code under the label")
        pty.send("7777\r")
        pty.wait_for("Unknown code; it is noted")
        pty.send(b"\x7f")
        pty.wait_for("> Go to 1: South gate")
        assert "0/5 " in pty.text
        air.scan(label("point:gate"))  # and the right label still counts
        pty.wait_for("> Go to 2")
    seen = records(folder, "tag.seen", "code.seen", "stop.arrived")
    assert [(each.kind, each.body["stop"]) for each in seen] == [
        ("tag.seen", "n1"), ("code.seen", "n1"), ("code.seen", "n1"), ("code.seen", "n1"), ("stop.arrived", "n1"),
    ]  # fmt: skip
    tag, menu, foreign, typed = (each.body for each in seen[:4])
    assert (tag["format"], tag["tag"], tag["rssi"]) == ("ibeacon", f"{UUID}/10001/99", -40)
    assert (menu["text"], typed["text"]) == ("https://example.com/menu", "7777")
    assert "text" not in foreign  # it may hold another office's token: only its hash is kept
    assert len(foreign["sha256"]) == 64


def test_a_strange_code_between_the_checks_of_a_stop_leaves_them_as_they_are(tmp_path: Path, air: Air) -> None:
    folder = book(tmp_path / "book", due_now("plant"))
    with on_a_round(folder, air, "Bldg 3 B1") as pty:
        arrive(pty, air, "power", "Fire pump cabinet stands on")
        pty.send("1")
        pty.wait_for("Line voltage AB")
        pty.send("40")
        pty.wait_for("40_]")
        air.scan("6901234567892")
        pty.wait_for("Unknown code; it is noted")
        assert "40_]" in pty.text  # what was typed is still there
        pty.send("0\r")
        pty.wait_for("Outlet pressure")
    assert [each.body["stop"] for each in records(folder, "code.seen")] == ["p1"]
    assert [each.body["value"] for each in records(folder, "check.answered")] == ["auto", "400"]


def test_a_code_that_holds_commands_for_a_terminal_is_kept_as_text_and_obeyed_by_nobody(
    tmp_path: Path, air: Air
) -> None:
    folder = book(tmp_path / "book", due_now("night-1"))
    hostile = "\x1b]0;owned\x07\x1b[2J\x1b[31m[red]x[/red][@click=app.quit]y[/] {place}\u202e\u2028\x9b5n\x00"
    with on_a_round(folder, air, "South gate") as pty:
        pty.forget()
        air.scan(hostile)
        pty.wait_for("Unknown code; it is noted")
        pty.settle()
        assert "> Go to 1: South gate" in pty.text
        assert b"owned" not in pty.raw
        assert b"\x1b[2J" not in pty.raw
        pty.send("3")
        pty.wait_for("Stops left")
        pty.signal(signal.SIGTERM)
        assert pty.exit_code() == 0
    (seen,) = records(folder, "code.seen")
    kept = seen.body["text"]
    assert kept == re.sub("[\x00-\x1f\x9b\u202e\u2028]", "\ufffd", hostile)
    assert "[red]x[/red][@click=app.quit]y[/] {place}" in kept
    log = subprocess.run([*WATCHBOOK, "log", "--data-dir", str(folder)], capture_output=True, cwd=ROOT, timeout=30)
    assert b"[red]x[/red][@click=app.quit]y[/] {place}" in log.stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", log.stdout.decode())


def test_a_reading_out_of_limits_is_asked_again_once_then_kept_and_marked(tmp_path: Path, air: Air) -> None:
    folder = book(tmp_path / "book", due_now("plant"))
    with on_a_round(folder, air, "Bldg 3 B1") as pty:
        arrive(pty, air, "power", "Fire pump cabinet stands on")
        pty.send("1")
        pty.wait_for("normal 353-407 V")
        pty.send("430\r")
        pty.wait_for("430 V is out of limits: normal 353-407")
        assert [each.body["check"] for each in records(folder, "check.answered")] == ["auto"]
        pty.send("430\r")
        pty.wait_for("430 V is out of limits and recorded")
        pty.send(b"\x7f")  # no report of it just now
        pty.wait_for("Outlet pressure")
        pty.send("77\r")  # this one was misread
        pty.wait_for("0.77 MPa is out of limits: normal")
        pty.send("42\r")
        pty.wait_for("Emergency lamps")
    _, volt, press = (each.body for each in records(folder, "check.answered"))
    assert (volt["check"], volt["value"], volt["ok"], volt["repeated"]) == ("volt", "430", False, True)
    assert volt["marks"] == ["out-of-limits"]
    assert (press["value"], press["ok"], press["repeated"], press["marks"]) == ("0.42", True, False, [])


# -- the terminal --------------------------------------------------------------------------------


def test_a_console_that_cannot_show_chinese_is_told_so_and_gets_english(tmp_path: Path) -> None:
    with terminal("demo", "--no-office", "--data-dir", tmp_path, lang="zh", env={"TERM": "linux"}) as pty:
        pty.wait_for("Scan your badge", 30)
        pty.settle()
        assert "This console cannot show Chinese: using English." in words(pty)  # where a guard can read it
        assert not CHINESE.search(pty.text)
        pty.send("*")
        pty.wait_for("Enter close the menu")
        assert not CHINESE.search(pty.text)
        pty.send("4")  # elsewhere the other language
        pty.wait_for("This console cannot show Chinese")
        pty.settle()
        assert not CHINESE.search(pty.text)


def test_trouble_before_the_first_screen_is_in_english_too_on_such_a_console(tmp_path: Path) -> None:
    env = {"TERM": "linux", "WATCHBOOK_CAMERA": "nonsense"}
    with terminal("run", "--data-dir", tmp_path, lang="zh", env=env) as pty:
        assert pty.exit_code(20) == 1
        assert "nonsense" in words(pty)
        assert not CHINESE.search(pty.text)


@pytest.mark.parametrize("missing", ["keyboard", "screen"])
@pytest.mark.parametrize("command", ["run", "demo"])
def test_half_a_terminal_is_none_and_is_refused_with_exit_2(tmp_path: Path, command: str, missing: str) -> None:
    folder = tmp_path / "new"
    argv = [*WATCHBOOK, command, "--data-dir", str(folder), "--lang", "en"]
    master, slave = os.openpty()
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL if missing == "keyboard" else slave,
            stdout=slave if missing == "keyboard" else subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=30,
        )  # fmt: skip
    finally:
        os.close(master)
        os.close(slave)
    assert (done.returncode, done.stderr) == (2, "no terminal to draw on: run watchbook in a terminal window\n")
    assert not folder.exists()


# -- the data directory --------------------------------------------------------------------------


@pytest.mark.proof
def test_a_data_directory_in_use_is_refused_with_exit_3_and_its_owner_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "handheld"
    with terminal("demo", "--no-office", "--data-dir", tmp_path) as owner:
        owner.wait_for("Number", 30)
        before = records(folder)
        for demo_or_run in (["run", "--data-dir", str(folder)], ["demo", "--no-office", "--data-dir", str(tmp_path)]):
            with terminal(*demo_or_run, cols=200) as second:
                assert second.exit_code(20) == 3
                assert f"another program is using the data directory {folder}: close it first" in words(second)
                assert second.left_behind() == []
        for command in (["record", "--stdin"], ["sync", "--once"]):
            refused = watchbook(*command, "--data-dir", folder, stdin='{"kind":"note.made","by":[],"body":{}}\n')
            assert (refused.returncode, refused.stdout) == (3, "")
            assert "another program is using the data directory" in refused.stderr
        assert records(folder) == before
        owner.send("1001\r")
        owner.wait_for("Zhang Wei: type your PIN")
    assert watchbook("sync", "--once", "--data-dir", folder).returncode != 3  # the killed owner holds nothing any more


def watchbook(*args: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    argv = [*WATCHBOOK, *map(str, args), "--lang", "en"]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=30)


# -- the office is away --------------------------------------------------------------------------


def enrolled(folder: Path, running: RunningOffice) -> Path:
    """A handheld that has its pages from this office, and has sent all it knows."""
    sent, clock = pages(due_now("night-1")), SystemClock()
    running.publish("plan", SITE, encode_plan(sent.plan))
    running.publish("people", SITE, msgspec.json.encode(sent.people))
    running.publish("credentials", SITE, msgspec.json.encode(sent.credentials))
    logbook = Logbook.open(folder, clock)
    enrol(logbook, running.url, running.code(), "Gate 1", clock)
    Courier(logbook, clock).exchange()
    assert logbook.unsent == 0
    logbook.close()
    return folder


@pytest.mark.proof
def test_while_the_office_is_away_the_records_stay_and_are_counted_and_the_round_goes_on(
    tmp_path: Path, air: Air
) -> None:
    with office(tmp_path / "office") as running:
        folder = enrolled(tmp_path / "book", running)
        sent, port = running.held(Logbook.read(folder).book), running.port
    counted = []
    with on_a_round(folder, air, "South gate") as pty:
        for point, then in (("gate", "> Go to 2"), ("power", "Door locked"), ("shed", "> Go to 4")):
            counted.append(Logbook.read(folder).unsent)
            wait_count(pty, counted[-1])
            arrive(pty, air, point, then)
            if point == "power":
                pty.send("\r")  # all as it should be
                pty.wait_for("> Go to 3")
        assert counted == sorted(set(counted))  # it only grows
        pty.settle()
        last = Logbook.read(folder)
        assert (last.acked, last.unsent) == (sent, last.head.seq - sent)
        assert "offline" in pty.lines[-1]
        with office(tmp_path / "office", port) as running:
            pty.send("\x1b[15~")  # F5
            wait_count(pty, 0, 20)
            assert running.held(last.book) == last.head.seq
        assert "> Go to 4" in pty.text


# -- a plan with mistakes ------------------------------------------------------------------------

GOOD = """\
site: {id: garden, name: Garden, zone: Asia/Shanghai, ibeacon: 8e1f5c3a-6b0d-4d7e-9a52-c3b7e0d4f116}
effective: 2026-11-01
roles: {guard: [zhang-wei]}
areas: {outside: {name: Outside}}
points:
  gate: {name: Gate, area: outside, label: true, tags: [{ibeacon: 1/1}]}
  pond: {name: Pond, area: outside, label: true, tags: [{ibeacon: 1/2}]}
routes:
  night:
    kind: patrol
    name: Night
    order: fixed
    roles: [guard]
    stops: [gate, pond]
schedules:
  first: {route: night, name: First, rule: FREQ=DAILY, start: "22:00", minutes: 120, begins: 2026-01-01, crew: 2}
"""


def planned(folder: Path, command: str, text: str, name: str = "garden.yaml") -> subprocess.CompletedProcess[str]:
    """The office is asked to `check` or `import` this plan."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    argv = [*OFFICE, "plan", command, str(file), "--data-dir", str(folder / "office"), "--lang", "en"]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, timeout=30)


def line_of(text: str, part: str) -> int:
    before, found, _ = text.partition(part)
    assert found, part
    return before.count("\n") + 1


IMPOSSIBLE = {
    "FREQ=DAILY;INTERVAL=0": "INTERVAL=0 is wrong: 1 to 366 is possible",
    "FREQ=DAILY;INTERVAL=99999999999999999999": "1 to 366 is possible",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": "day 30 does not exist in month 2: correct BYMONTHDAY",
    "FREQ=MONTHLY;BYMONTHDAY=32": "BYMONTHDAY=32 is wrong: 1 to 31 is possible",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29": "is never due in the 12 years from 2027-02-01: correct it",
    "FREQ=DAILY;UNTIL=20260230": "UNTIL=20260230 is not a date: write it as 20261231",
    "FREQ=SECONDLY": "use DAILY, and one schedule for each time of day",
}


def test_a_schedule_that_can_never_be_is_refused_with_its_line_and_what_to_write_and_never_a_hang(
    tmp_path: Path,
) -> None:
    text = GOOD
    for number, rule in enumerate(IMPOSSIBLE):
        text += f"  bad-{number}: {{route: night, name: Bad {number}, rule: '{rule}', start: '22:00', "
        text += "minutes: 120, begins: 2027-02-01, crew: 2}\n"
    text += "  last: {route: night, name: Last, rule: FREQ=DAILY, start: '22:00', minutes: 9, begins: 2026-02-30}\n"
    began = children_spent()
    assert planned(tmp_path, "check", GOOD).returncode == 0
    usual = children_spent() - began
    checked = planned(tmp_path, "check", text)
    assert children_spent() - began - usual < usual + 1  # what the command costs anyway grows on a busy machine
    assert checked.returncode == 1
    said = checked.stderr.splitlines()
    for number, (rule, remedy) in enumerate(IMPOSSIBLE.items()):
        (sentence,) = (each for each in said if f"schedules.bad-{number}.rule" in each)
        where = line_of(text, f"rule: '{rule}'")
        assert sentence.startswith(f"garden.yaml:{where} ")
        assert remedy in sentence
    (sentence,) = (each for each in said if "last.begins" in each)
    where = line_of(text, "  last:")
    assert sentence == f"garden.yaml:{where} schedules.last.begins: there is no day 2026-02-30: correct it"


def children_spent() -> float:
    """Processor seconds of all commands so far: the wall has other tenants."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


MISTAKES = (
    ("ibeacon: 1/2", "ibeacon: 1/1", 7, "already belongs to gate (line 6): correct one of them"),
    ("roles: [guard]", "roles: [guard]\n    speed: 3", 14, "there is no key 'speed'; possible: kind, name, order"),
    ("stops: [gate, pond]", "stops: [gate, pont]", 15, "there is no point 'pont': do you mean 'pond'?"),
    ("FREQ=DAILY", "FREQ=NEVER", 17, "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY, not NEVER"),
)
"""What stood there, what a tired manager makes of it, in which line then, and what he reads about it:
two points with one tag, an unknown key, a wrong reference, a bad rule."""


@pytest.mark.proof
def test_every_mistake_of_a_plan_is_named_at_once_and_nothing_of_it_is_imported(tmp_path: Path) -> None:
    assert planned(tmp_path, "import", GOOD).returncode == 0
    held = contents(tmp_path / "office" / "office.db")
    text = GOOD.replace("name: Garden", "name: Orchard")
    for right, wrong, _, _ in MISTAKES:
        text = text.replace(right, wrong)
    for command in ("check", "import"):
        refused = planned(tmp_path, command, text)
        assert (refused.returncode, refused.stdout) == (1, "")
        said = [each for each in refused.stderr.splitlines() if each.startswith("garden.yaml:")]
        assert len(said) == len(MISTAKES)
        for sentence, (_, _, line, remedy) in zip(said, MISTAKES, strict=True):
            assert sentence.startswith(f"garden.yaml:{line} ")
            assert remedy in sentence
    assert contents(tmp_path / "office" / "office.db") == held


def test_a_faulty_plan_as_the_first_of_an_office_leaves_it_without_any(tmp_path: Path) -> None:
    assert planned(tmp_path, "import", GOOD.replace("FREQ=DAILY", "FREQ=DAILY;INTERVAL=0")).returncode == 1
    empty = contents(tmp_path / "office" / "office.db")
    assert not [row for row in empty if "INSERT INTO" in row and "garden" in row.lower()]


def contents(database: Path) -> list[str]:
    """All that an office's store holds, but for the audit: that somebody tried is kept."""
    with sqlite3.connect(database) as connection:
        return [row for row in connection.iterdump() if not row.startswith('INSERT INTO "audit')]
