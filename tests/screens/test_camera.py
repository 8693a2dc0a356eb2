"""Scanning with the camera on the real terminal: real frames from a program or a folder, really decoded."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from app import codes
from app.text import cells
from app.words import say
from hardware.camera import Camera, parse
from hardware.clock import SystemClock
from screens.camera import CameraPage
from screens.menu import MenuPage
from screens.round import RoundPage
from screens.stop import StopPage
from screens.terminal import Terminal
from tests.hardware.labels_seen import View, code, seen, worn
from tests.hardware.test_camera import Capture
from tests.pty import Pty
from tests.screens.plans import label
from tests.screens.test_listening import begin
from tests.screens.world import SMALL, World, keys, scan, text, until, world

ROOT = Path(__file__).parent.parent.parent
BLANK = Image.new("L", (320, 240), 200)


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    return Capture(tmp_path)


def with_camera(here: World, setting: str, lang: str = "zh") -> Terminal:
    return Terminal(replace(here.terminal(lang).gear, camera=Camera(parse(setting), SystemClock())))


def running(capture: Capture, *, picture: Image.Image = BLANK, after: str = "", count: int = 10**6) -> str:
    source = capture.source(picture, count=count, after=after)
    return f"run:{source.where}@{source.width}x{source.height}:GREY"


def says(app: Terminal, lang: str, key: str) -> bool:
    """Whether the sentence stands there, however it was broken into rows."""
    return _bare(say(lang, key)) in _bare(text(app))


def _bare(words: str) -> str:
    return re.sub(r"\s+", "", words)


async def test_a_label_held_before_the_camera_is_an_arrival_with_its_health(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    with world(tmp_path / "book") as here:
        app = with_camera(here, f"dir:{folder}")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await keys(pilot, "6")
            assert isinstance(app.screen, CameraPage)
            seen(code(label("point:power")), View(turned=12, blur=0.8, noise=8)).save(folder / "1.png")
            await until(pilot, lambda: isinstance(app.screen, StopPage))
        (arrived,) = (record.body for record in here.records() if record.kind == "stop.arrived")
        assert arrived["point"] == "power"
        assert 60 <= arrived["evidence"]["label"]["health"] <= 100
        assert arrived["proof"]


async def test_a_badge_is_read_at_the_sign_in(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    seen(code(label("person:li-min")), View(turned=80)).save(folder / "1.png")
    with world(tmp_path / "book") as here:
        app = with_camera(here, f"dir:{folder}", "en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "f8")
            await until(pilot, lambda: "shift.opened" in here.kinds())
            assert "Li Min" in text(app)


async def test_the_menu_leads_to_it_with_a_keypad_alone(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = with_camera(here, f"dir:{tmp_path}", "en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "asterisk")
            assert isinstance(app.screen, MenuPage)
            assert say("en", "camera.key") in text(app)
            await keys(pilot, "enter")
            assert isinstance(app.screen, CameraPage)
            await keys(pilot, "backspace")
            assert not isinstance(app.screen, CameraPage)


async def test_without_a_camera_it_is_offered_nowhere(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            assert say("en", "round.key_camera") not in text(app)
            await keys(pilot, "6")
            assert isinstance(app.screen, RoundPage)
            await keys(pilot, "f8")
            assert says(app, "en", "camera.none")
            await keys(pilot, "asterisk")
            assert say("en", "camera.key") not in text(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("fault", ["died", "stalled", "absent"])
async def test_a_camera_that_fails_is_said_and_the_scanner_still_works(
    tmp_path: Path, capture: Capture, lang: str, fault: str
) -> None:
    setting = "run:/nonexistent/v4l2-ctl"
    if fault != "absent":
        hangs = fault == "stalled"
        setting = running(capture, count=2 if hangs else 10**6, after="time.sleep(60)" if hangs else "")
    with world(tmp_path / "book") as here:
        app = with_camera(here, setting, lang)
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await keys(pilot, "6")
            if fault == "died":
                await until(pilot, lambda: says(app, lang, "camera.looking"))
                os.kill(int(capture.pid_file.read_text()), signal.SIGKILL)
            began = asyncio.get_running_loop().time()
            await until(pilot, lambda: says(app, lang, f"camera.{fault}"))
            assert asyncio.get_running_loop().time() - began < 2.5
            assert here.signals.felt[-1] == "mark"
            await scan(pilot, label("point:power"))
            assert isinstance(app.screen, StopPage), "the wedge goes on working"


async def test_a_key_tries_again_after_a_failure(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with world(tmp_path / "book") as here:
        app = with_camera(here, f"dir:{folder}", "en")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await keys(pilot, "6")
            await until(pilot, lambda: says(app, "en", "camera.absent"))
            folder.mkdir()
            seen(code(label("point:power")), View()).save(folder / "1.png")
            await keys(pilot, "enter")
            await until(pilot, lambda: isinstance(app.screen, StopPage))


async def test_leaving_the_page_or_the_program_lets_the_device_go(tmp_path: Path, capture: Capture) -> None:
    with world(tmp_path / "book") as here:
        app = with_camera(here, running(capture))
        async with app.run_test(size=SMALL) as pilot:
            for leave in ("backspace", "f8"):
                await keys(pilot, "f8")
                await until(pilot, lambda: says(app, "zh", "camera.looking"))
                assert capture.alive()
                if leave == "backspace":
                    await keys(pilot, leave)
                    await until(pilot, lambda: not capture.alive())
        async with asyncio.timeout(20):
            while capture.alive():
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_would_help_stands_in_a_line(tmp_path: Path, lang: str) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    with world(tmp_path / "book") as here:
        app = with_camera(here, f"dir:{folder}", lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "f8")
            torn = worn(code(codes.make(7, b"0123456789"), "L"), 0.2)
            for number, (size, hint) in enumerate(((0, "looking"), (330, "hold"), (110, "closer"), (0, "light"))):
                frame = Image.new("L", (640, 480), 20 if hint == "light" else 220)
                if size:
                    sharp = torn.resize((330, 330), Image.Resampling.NEAREST)
                    frame.paste(sharp.resize((size, size), Image.Resampling.BOX), (100, 80))
                for copy in range(4):  # each is looked at another way
                    frame.save(tmp_path / "part.png")
                    (tmp_path / "part.png").rename(folder / f"{number}-{copy}.png")
                await until(pilot, lambda hint=hint: says(app, lang, f"camera.{hint}"))  # type: ignore[misc]
            assert all(cells(row) <= SMALL[0] for row in text(app).split("\n"))


def test_it_works_in_the_program_itself(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    argv = [sys.executable, "-m", "screens", "demo", "--no-office", "--lang", "en", "--data-dir", str(tmp_path / "d")]
    with Pty(argv, cwd=ROOT, env={"WATCHBOOK_CAMERA": f"dir:{folder}"}) as pty:
        pty.wait_for("Number")
        pty.send("\x1b[19~")
        pty.wait_for(say("en", "camera.title"))
        seen(code("HELLO WORLD"), View(turned=5)).save(folder / "1.png")
        pty.wait_for(say("en", "signin.not_now"))
