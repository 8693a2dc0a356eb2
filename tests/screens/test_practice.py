"""Practice: whoever presses what the guiding line says walks a whole round, and not a byte of the real book changes."""

import asyncio
import re
import signal
import sys
import time
from pathlib import Path
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.duties.days import local_time
from app.duties.schedule import Standing, today
from app.duties.site import SignIn, decode_plan
from app.errors import NotAllowed
from app.logbook.book import Logbook
from app.rehearsal import PIN, TRAINEES, rehearse
from app.settings import example
from app.words import say
from hardware.side_keys import Pressed
from screens import practice
from screens.alarm import AlarmPage
from screens.home import HomePage
from screens.round import RoundPage
from screens.signin import SignInPage
from screens.stop import StopPage
from screens.summary import SummaryPage
from screens.terminal import Terminal
from tests.pty import Pty
from tests.screens.plans import PLAN, label, pages
from tests.screens.test_journey import begin
from tests.screens.world import SIGN_IN, SMALL, keys, scan, settle, text, world

ROOT: Final = Path(__file__).parent.parent.parent
GUIDED: Final = re.compile(r"^>> (.*)$", re.MULTILINE)
PRESSED: Final = {"zh": re.compile(r"按 (Enter|\d)"), "en": re.compile(r"press (Enter|\d)")}
TYPED: Final = {"zh": re.compile(r"输 (\d+)"), "en": re.compile(r"type (\d+)")}
DAY_MS: Final = 24 * 3600 * 1000


class Fast(Terminal):
    PRACTICE_SPEED: ClassVar[float] = 90.0


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


async def practise(pilot: Pilot[int], lang: str) -> None:
    """Through the menu, as a person finds it."""
    await keys(pilot, "asterisk 0")
    row = next(row for row in text(pilot.app).splitlines() if say(lang, "more.practice")[:8] in row)
    await keys(pilot, row[0])
    await settle(pilot)


async def obey(pilot: Pilot[int], lang: str) -> None:
    """What the guiding line says, and nothing else."""
    shown = text(pilot.app)
    found = GUIDED.search(shown)
    assert found, shown
    typed, pressed = TYPED[lang].search(found[1]), PRESSED[lang].search(found[1])
    if typed:
        first = f"{pressed[1]} " if pressed and pressed[1] != "Enter" else ""
        await keys(pilot, f"{first}{' '.join(typed[1])} enter")
    elif pressed:
        await keys(pilot, pressed[1].lower())
    else:
        await asyncio.sleep(0.02)
        await settle(pilot)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_whoever_presses_what_the_line_says_walks_a_round_and_nothing_of_it_is_real(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang, kind=Fast)
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            await scan(pilot, label("point:gate"))
            await scan(pilot, label("point:power"))
            assert isinstance(app.screen, StopPage)
            before, real, standing = bytes_of(here.folder), here.kinds(), text(app)
            await practise(pilot, lang)
            assert say(lang, "practice.begun")[:10] in text(app)
            seen = set()
            deadline = time.monotonic() + 60
            while not isinstance(app.screen, SummaryPage) and time.monotonic() < deadline:
                assert text(app).splitlines()[-1].startswith(say(lang, "status.practice")[:10])
                seen.add(type(app.screen))
                await obey(pilot, lang)
            assert isinstance(app.screen, SummaryPage), text(app)
            assert {SignInPage, HomePage, RoundPage, StopPage} <= seen
            assert app.gear.watch is not here.watch
            await keys(pilot, "enter asterisk 9 9")
            assert app.gear.watch.alarm_open
            await keys(pilot, "backspace f6 f6 f4 f4 f4 f5 asterisk 8")
            assert app.gear.watch is here.watch
            assert _without_notice(app) == standing.splitlines()[:8]
            assert say(lang, "practice.over")[:8] in text(app)
        assert bytes_of(here.folder) == before
        assert here.kinds() == real
        assert here.office.asked == 0
        assert not here.watch.alarm_open
        assert here.remembered == {}
        assert _left() == []


def _without_notice(app: Terminal) -> list[str]:
    return text(app).splitlines()[:8]


def _left() -> list[Path]:
    import os
    import tempfile

    return list(Path(tempfile.gettempdir()).glob(f"{practice.PREFIX}{os.getpid()}-*"))


async def test_practice_opens_before_anybody_has_signed_in_and_ends_there_again(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en", kind=Fast)
        async with app.run_test(size=SMALL) as pilot:
            await settle(pilot)
            assert "* 8 is practice" in text(app)
            before = bytes_of(here.folder)
            await keys(pilot, "asterisk 8")
            check_practice(app)
            await keys(pilot, "1 enter " + " ".join(PIN) + " enter")
            assert "Trainee A" in text(app)
            await keys(pilot, "asterisk 8")
            assert isinstance(app.screen, SignInPage)
            assert "Nobody has signed in yet" in text(app)
            assert bytes_of(here.folder) == before
            await keys(pilot, SIGN_IN)
            assert "Zhang Wei" in text(app)


async def test_practice_offers_no_list_of_names_where_no_trainee_may_choose_one(tmp_path: Path) -> None:
    named = pages(replace(PLAN, sign_in=(SignIn("cleaner", ("typed",)),)))
    with world(tmp_path / "book", named) as here:
        app = here.terminal("en", kind=Fast)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "asterisk 8")
            check_practice(app)
            assert say("en", "signin.names") not in text(app)
            await keys(pilot, "enter")
            assert isinstance(app.screen, SignInPage)
            assert say("en", "signin.type_number") in text(app)


def check_practice(app: Terminal) -> None:
    assert "PRACTICE" in text(app).splitlines()[-1]
    assert app.screen_stack[0] is not app.screen


async def test_the_alarm_button_ends_practice_and_is_the_real_alarm(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en", kind=Fast)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await practise(pilot, "en")
            check_practice(app)
            app._device._pressed(Pressed("alarm", held=True))
            await settle(pilot)
            assert isinstance(app.screen, AlarmPage)
            assert here.watch.alarm_open
            assert app.gear.watch is here.watch
            await practise_refused(pilot)


async def practise_refused(pilot: Pilot[int]) -> None:
    """With an alarm open that nobody has taken, nobody practises."""
    await practise(pilot, "en")
    assert "no practice now" in " ".join(text(pilot.app).split())
    assert "PRACTICE" not in text(pilot.app)


async def test_practice_fits_the_smallest_screen_in_both_languages(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("zh", kind=Fast)
        async with app.run_test(size=(30, 15)) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await practise(pilot, "zh")
            for _ in range(6):
                assert ">> " in text(app)
                await obey(pilot, "zh")
            await keys(pilot, "f6")
            assert ">> " in text(app)


def test_nobodys_badge_or_pin_comes_into_practice_and_the_labels_of_the_site_do() -> None:
    sent = pages()
    made = rehearse(sent, {"guard"}, 1_790_000_000_000, lambda n: bytes(range(n)))
    assert made.pages.credentials.pins.keys() == {person.id for person in TRAINEES}
    assert not set(made.pages.credentials.pins.values()) & set(sent.credentials.pins.values())
    assert not any(named.startswith("person:") for named in made.pages.credentials.codes.values())
    assert {p.id for p in made.pages.people.people} == {person.id for person in TRAINEES}
    real = {digest for digest, named in sent.credentials.codes.items() if named.startswith("point:")}
    assert real <= made.pages.credentials.codes.keys()
    assert made.labels.keys() == {point.id for point in PLAN.points if point.label}


def test_a_cleaner_practises_the_places_and_somebody_unknown_a_round() -> None:
    plan = decode_plan(example("cuihu-garden.json"))
    sent = replace(pages(), plan=plan)
    for roles, walked in (({"cleaner"}, {"cleaner"}), ({"guard"}, {"guard"}), ((), None)):
        made = rehearse(sent, roles, 1_790_000_000_000, lambda n: bytes(range(n)))
        given = {role for grant in made.pages.plan.grants for role in grant.roles}
        assert walked is None or given == walked
        at = local_time(made.begins, ZoneInfo(plan.site.zone))
        due = {
            duty.slot.route for duty in today(made.pages.plan, {}, None, given, at) if duty.standing is Standing.OPEN
        }
        assert due
        assert roles == {"cleaner"} or due - plan.by_place, "not for everybody are places cleaned"


def test_a_round_that_is_rarely_due_is_found_and_a_plan_without_rounds_says_so() -> None:
    rare = tuple(replace(each, rule="FREQ=MONTHLY;BYMONTHDAY=15") for each in PLAN.schedules[:1])
    at = 1_790_000_000_000
    made = rehearse(pages(replace(PLAN, schedules=rare)), (), at, lambda n: bytes(range(n)))
    assert 0 < made.begins - at < 32 * DAY_MS
    with pytest.raises(NotAllowed) as refused:
        rehearse(pages(replace(PLAN, schedules=())), (), at, lambda n: bytes(range(n)))
    assert refused.value.key == "practice.no_round"


def test_a_practice_that_is_killed_leaves_no_trace_in_the_book_and_its_folder_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch, folder = tmp_path / "scratch", tmp_path / "book"
    scratch.mkdir()
    argv = [sys.executable, "-m", "tests.screens.program", str(folder), "--lang", "en"]
    with Pty(argv, cols=40, rows=20, cwd=ROOT, env={"TMPDIR": str(scratch)}) as pty:
        pty.wait_for("Number")
        before = bytes_of(folder)
        pty.send("*8")
        pty.wait_for("PRACTICE")
        for typed, seen in (("1\r", "PIN"), (f"{PIN}\r", "Trainee A"), ("*99", "NOT SENT")):
            pty.send(typed)
            pty.wait_for(seen)
        (left,) = scratch.glob(f"{practice.PREFIX}*")
        assert Logbook.read(left).head.seq > 2
        pty.process.send_signal(signal.SIGKILL)
        pty.process.wait(30)
    assert bytes_of(folder) == before
    practice._sweep(scratch)
    assert list(scratch.iterdir()) == []


async def test_a_practice_that_still_runs_is_not_swept_away(tmp_path: Path) -> None:
    import os

    alive, dead = tmp_path / f"{practice.PREFIX}{os.getpid()}-x", tmp_path / f"{practice.PREFIX}999999999-x"
    for each in (alive, dead, tmp_path / "other"):
        each.mkdir()
    practice._sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {alive.name, "other"}
