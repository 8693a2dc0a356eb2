"""The demonstration: an example site, people and tags, a simulated walk as radio, an office on this machine.

It stands on the same parts as the real thing. Made up are only the site, the people, the walk and the
hour: the clock is moved so that the night round is due.
"""

import importlib.util
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, time
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from app.codes import TOKEN_BYTES, digest, hash_pin, make, printed_issue
from app.duties.site import Credentials, People, Person, Plan, decode_plan
from app.errors import WatchbookError
from app.logbook.book import Logbook, Received
from app.logbook.disk import unsafe
from app.ports import Clock, Moment
from app.settings import Settings, example, load, screen_encoding, shown_lang
from app.usage import asked_lang, exit_code
from app.words import say
from hardware.clock import StagedClock, SystemClock
from hardware.film import FilmedWalk
from hardware.walk import SimulatedWalk
from screens.office_line import OfficeLine
from screens.platform import launch
from screens.run import gear_of, open_terminal
from sync.desk import PINS, Desk

SITE: Final = "cuihu-garden"
CREW: Final = 2
ISSUE: Final = 1
ENDS_S: Final = 5
"""How long the office of a demonstration that was killed may hold its port."""


class Stage(Struct, frozen=True):
    """What the demonstration made up, kept beside its data so that it can be opened again."""

    labels: dict[str, str]
    pins: dict[str, str]
    port: int = 0
    """Where the office listens; the handheld knows it by this address."""


def main(flags: Mapping[str, Any], *, with_office: bool, speed: float, start: str) -> int:
    """`watchbook demo`. Returns the exit code of the contract."""
    launch.prepare_environment()
    lang = asked_lang(sys.argv[1:])
    try:
        settings = load(flags)
        lang = shown_lang(settings.lang, os.environ, screen_encoding())
        settings = msgspec.structs.replace(settings, lang=lang)
        launch.require_terminal(lang)
        with ExitStack() as stack:
            kept = bool(flags.get("data_dir"))
            made = "" if kept else stack.enter_context(tempfile.TemporaryDirectory(prefix="watchbook-"))
            folder = Path(made or flags["data_dir"])
            begin = _hour(start)
            with _writing():
                folder.mkdir(parents=True, exist_ok=True)
            return _play(stack, settings, folder, kept=kept, with_office=with_office, speed=speed, start=begin)
    except WatchbookError as e:
        print(e.say(lang), file=sys.stderr)
        return exit_code(e)


def _play(
    stack: ExitStack, settings: Settings, folder: Path, *, kept: bool, with_office: bool, speed: float, start: time
) -> int:
    real = SystemClock()
    stage = _earlier(folder)
    shown = folder / "clock"
    with _writing():
        clock = StagedClock(real, _went_on(folder, real.now()) or _staged(real.now(), start), speed, shown)
    port = stage.port if stage else 0
    desk, missing = None, ""
    if with_office:
        desk, missing = stack.enter_context(_office(folder / "office", shown, settings.lang, port))
    logbook = stack.enter_context(closing(Logbook.open(folder / "handheld", clock)))
    if stage is None:
        stage = _enrolled(logbook, desk, clock) if desk else _alone(logbook)
        with _writing():
            (folder / "stage.json").write_bytes(msgspec.json.encode(stage))
    office = None
    if logbook.office is not None:
        office = OfficeLine(logbook, clock, on_offset=real.set_off, by_itself=False)
        stack.callback(office.stop)
    plan = _plan()
    walk = FilmedWalk(SimulatedWalk(plan, stage.labels, clock, speed=speed), clock, plan)
    settings = msgspec.structs.replace(settings, data_dir=folder / "handheld")
    desk_words = (
        say(settings.lang, "cli.demo_desk", url=desk.url, user=desk.user, password=desk.password) if desk else ""
    )
    gear = gear_of(settings, logbook, clock, walk, office)
    gear = msgspec.structs.replace(gear, hint=_hint(stage, missing, settings.lang), desk=desk_words)
    code = open_terminal(gear, logbook, clock, office)
    with suppress(OSError):  # the terminal may be gone
        print(_farewell(logbook, settings.lang, folder if kept else None))
    return code


@contextmanager
def _writing() -> Iterator[None]:
    """A folder that takes no files: raises BookUnsafe."""
    try:
        yield
    except OSError as e:
        raise unsafe(e) from e


def _farewell(logbook: Logbook, lang: str, folder: Path | None) -> str:
    """What was shown, where it is, and how to go on. `folder` is None for one that goes away now."""
    rounds = sum(entry.record.kind == "round.finished" for entry in logbook.entries())
    facts = {"rounds": rounds, "records": logbook.head.seq, "sent": logbook.acked}
    handheld, office = _programs(sys.argv[0])
    again = say(lang, "cli.demo_kept" if folder else "cli.demo_gone")
    where = shlex.quote(str(folder)) if folder else say(lang, "cli.demo_folder")
    onward = say(lang, "cli.demo_onward", command=f"{office} demo")
    # in two rows, so that a narrow terminal does not tear the path
    return "\n".join((say(lang, "cli.demo_over", **facts), again, f"{handheld} demo --data-dir \\\n{where}", onward))


def _programs(started: str) -> tuple[str, str]:
    """How to call the handheld's program and the office's where this one was `started` so: `make demo` has neither on
    the search path.
    """
    program = Path(started)
    if program.name == "__main__.py":
        python = shlex.quote(sys.orig_argv[0])
        return f"{python} -m screens", f"{python} -m sync.office"
    found = shutil.which(program.name)
    if found and Path(found).resolve() == program.resolve():
        return program.name, f"{program.name}-office"
    return shlex.quote(started), shlex.quote(f"{started}-office")


def _hour(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as e:
        raise WatchbookError("cli.bad_hour", text=text[:20]) from e


def _staged(now: Moment, start: time) -> Moment:
    """Today at `start`, in the site's zone."""
    today = datetime.fromtimestamp(now.at / 1000, ZoneInfo(_plan().site.zone))
    moved = datetime.combine(today.date(), start, today.tzinfo)
    return msgspec.structs.replace(now, at=int(moved.timestamp() * 1000))


def _earlier(folder: Path) -> Stage | None:
    """What an earlier run in this folder made up."""
    try:
        return msgspec.json.decode((folder / "stage.json").read_bytes(), type=Stage)
    except FileNotFoundError:
        return None


def _went_on(folder: Path, now: Moment) -> Moment | None:
    """The time just after the last record of an earlier run: a story never goes back."""
    if not (folder / "handheld" / "journal").is_dir():
        return None
    book = Logbook.read(folder / "handheld")
    last = next(iter(book.entries(book.head.seq)), None)
    if last is None:
        return None
    up = last.record.up + 1000 if last.record.boot == now.boot else now.up
    return msgspec.structs.replace(now, at=last.record.at + 1000, up=up)


def _hint(stage: Stage, missing: str, lang: str) -> str:
    """Who may sign in. `missing`: why there is no office."""
    people = {person.id: person for person in _people().people}
    crew, others = list(stage.pins.items())[:CREW], list(stage.pins)[CREW:]
    first = ", ".join(say(lang, "cli.demo_sign_in", number=people[person].number, pin=pin) for person, pin in crew)
    told = say(lang, "cli.demo_others", others=_by_role(others, people, lang))
    return "\n".join(filter(None, (first, missing, told)))


def _by_role(persons: Sequence[str], people: Mapping[str, Person], lang: str) -> str:
    """`维修工3002 客服6001`: whose PIN is the staff number."""
    plan = _plan()
    roles = {person: plan.roles_of(person)[-1] for person in persons}  # a leader is one of the trade besides
    return say(lang, "cli.demo_and").join(
        say(lang, "cli.demo_other", role=say(lang, f"finding.role_{role}"), number=people[person].number)
        for person, role in roles.items()
    )


def _plan() -> Plan:
    return decode_plan(example(f"{SITE}.json"))


def _people() -> People:
    return msgspec.json.decode(example(f"{SITE}.people.json"), type=People)


# -- without an office ---------------------------------------------------------------------------
def _alone(logbook: Logbook) -> Stage:
    """The pages an office would have sent, made here."""
    plan = _plan()
    tokens = {point.id: secrets.token_bytes(TOKEN_BYTES) for point in plan.points if point.label}
    salt = secrets.token_hex(16)
    labels = {point: make(ISSUE, token) for point, token in tokens.items()}
    credentials = Credentials(
        salt=salt,
        codes={digest(salt, token): f"point:{point}/{printed_issue(ISSUE)}" for point, token in tokens.items()},
        pins={person: hash_pin(pin, secrets.token_bytes(16)) for person, pin in PINS.items()},
    )
    pages = {
        "plan": example(f"{SITE}.json"),
        "people": example(f"{SITE}.people.json"),
        "credentials": msgspec.json.encode(credentials, order="sorted"),
    }
    logbook.receive([Received(kind, SITE, rev, body) for rev, (kind, body) in enumerate(pages.items(), 1)], "3")
    return Stage(labels, PINS)


# -- with an office ------------------------------------------------------------------------------
@contextmanager
def _office(folder: Path, clock: Path, lang: str, port: int) -> Iterator[tuple[Desk | None, str]]:
    """The office as a child process while the demonstration runs, by the handheld's `clock`; or the sentence that says
    why there is none.
    """
    if importlib.util.find_spec("litestar") is None:
        yield None, _told(say(lang, "cli.demo_office_missing"))
        return
    if not _free(port):
        yield None, _told(say(lang, "cli.demo_port_taken", port=port))
        return
    _told(say(lang, "cli.demo_office_starts"))
    folder.mkdir(exist_ok=True)
    with (folder / "office.log").open("ab") as log:
        office = [sys.executable, "-m", "sync.office", "demo", "--json", "--days", "1", "--until-eof"]
        child = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [*office, "--port", str(port), "--data-dir", str(folder), "--now", f"@{clock}", "--lang", lang],
            stdout=subprocess.PIPE,
            stderr=log,
            stdin=subprocess.PIPE,  # closes with this process, also on kill -9, and so ends the office
        )
    try:
        assert child.stdout is not None
        desk = _desk(child.stdout)
        yield desk, "" if desk else _told(say(lang, "cli.demo_office_failed", log=str(folder / "office.log")))
    finally:
        child.terminate()
        child.wait(10)


def _told(sentence: str) -> str:
    print(sentence, file=sys.stderr)
    return sentence


def _free(port: int) -> bool:
    """Whether the office can listen there; 0 is any free one. That of a demonstration that was killed takes a moment to
    let go."""
    until = monotonic() + ENDS_S
    while True:
        try:
            with socket.create_server(("127.0.0.1", port)):
                return True
        except OSError:
            if monotonic() > until:
                return False
            sleep(0.1)


def _desk(stdout: IO[bytes]) -> Desk | None:
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(stdout.readline(), type=Desk)
    return None


def _enrolled(logbook: Logbook, desk: Desk, clock: Clock) -> Stage:
    """Introduce the handheld and fetch its pages, as `watchbook enrol` and `watchbook sync --once` do."""
    from sync.courier import Courier
    from sync.enrolment import enrol

    enrol(logbook, desk.url, desk.code, "demo", clock)
    Courier(logbook, clock).exchange()
    return Stage(desk.labels, desk.pins, urlsplit(desk.url).port or 0)
