"""Scanners with a line of their own: their codes arrive like any other, and how they are is a sentence on the page."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual import events

from app import codes
from app.ports import Scan, ScannerState
from app.text import cells
from app.words import say, table
from hardware.clock import SystemClock
from hardware.keyboard_scanner import KeyboardLine, keyboard_scanner
from hardware.serial_scanner import SerialLine, serial_scanner
from screens.round import RoundPage
from screens.stop import StopPage
from screens.terminal import Terminal
from tests.hardware.test_keyboard_scanner import Plug as Keys
from tests.hardware.test_keyboard_scanner import held
from tests.hardware.test_serial_scanner import Plug
from tests.pty import Pty
from tests.screens.plans import SALT, label, pages
from tests.screens.world import SIGN_IN, SMALL, World, keys, scan, settle, text, until, world

STATES = sorted(name for name in table("scanner") if not name.startswith("bad_") and name not in ("listens", "unread"))


class Scripted:
    """A scanner that says what the test says."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Scan | ScannerState] = asyncio.Queue()
        self.ended = False

    async def listen(self) -> AsyncIterator[Scan | ScannerState]:
        try:
            while True:
                yield await self.said.get()
        finally:
            await asyncio.sleep(0.2)  # letting a device go takes its time
            self.ended = True

    def check(self) -> str | None:
        return None


def with_scanners(here: World, *scanners: object, lang: str = "zh") -> Terminal:
    return Terminal(replace(here.terminal(lang).gear, scanners=scanners))


async def test_a_round_is_walked_with_a_serial_scanner_that_is_unplugged_on_the_way(tmp_path: Path) -> None:
    plug = Plug(tmp_path)
    plug.plug_in()
    with world(tmp_path / "book") as here:
        reader = serial_scanner(SerialLine(str(plug.path)), SystemClock(), again_s=0.05)
        app = with_scanners(here, reader, lang="en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            plug.send(f"\x02{label('person:li-min')}\r\n".encode())
            await until(pilot, lambda: "Li Min" in text(app))
            await keys(pilot, "enter enter")
            assert isinstance(app.screen, RoundPage)
            plug.unplug()
            await until(pilot, lambda: "scanner unplugged" in text(app))
            plug.plug_in()
            await until(pilot, lambda: say("en", "scanner.back") in text(app))
            plug.send(label("point:power").encode() + b"\r")
            await until(pilot, lambda: isinstance(app.screen, StopPage))
        assert here.kinds().count("stop.arrived") == 1
        assert here.signals.felt.count("mark") >= 1
    assert reader.check() is None, "the port was let go"


async def test_a_round_is_walked_with_a_scanner_held_as_an_input_device(tmp_path: Path) -> None:
    plug = Keys(tmp_path)
    plug.plug_in()
    with world(tmp_path / "book") as here:
        app = with_scanners(here, keyboard_scanner(KeyboardLine(str(plug.path), held), SystemClock(), again_s=0.05))
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            plug.scan(f"]Q1{label('person:li-min')}")
            await until(pilot, lambda: "李敏" in text(app))
            await keys(pilot, "enter enter")
            plug.scan(label("point:power"))
            await until(pilot, lambda: isinstance(app.screen, StopPage))
        assert here.kinds().count("stop.arrived") == 1
    plug.unplug()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", STATES)
async def test_every_state_is_one_sentence_that_fits_the_small_screen(tmp_path: Path, name: str, lang: str) -> None:
    scripted = Scripted()
    with world(tmp_path / "book") as here:
        app = with_scanners(here, scripted, lang=lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            fault = "scanner.gone" if name == "back" else f"scanner.{name}"
            scripted.said.put_nowait(ScannerState(fault))
            if name == "back":
                await settle(pilot, 4)
                scripted.said.put_nowait(ScannerState())
            await settle(pilot, 4)
            shown = "".join(text(app).split())
            assert "".join(say(lang, f"scanner.{name}").split()) in shown
            assert all(cells(row) <= SMALL[0] for row in text(app).splitlines())
            await keys(pilot, "f1 backspace")
            assert "".join(say(lang, f"scanner.{name}").split()) not in "".join(text(app).split())
    assert scripted.ended


async def test_that_a_scanner_is_there_at_the_start_is_no_news(tmp_path: Path) -> None:
    scripted = Scripted()
    with world(tmp_path / "book") as here:
        app = with_scanners(here, scripted, lang="en")
        async with app.run_test(size=SMALL) as pilot:
            scripted.said.put_nowait(ScannerState())
            await settle(pilot, 4)
            assert say("en", "scanner.back") not in text(app)
            assert here.signals.felt == []


async def test_what_a_scanner_typed_that_is_no_code_is_said_and_presses_nothing(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            before = app.screen
            for code in ("https://other.example/1234567890", label("point:power")[:-1] + "I"):
                await scan(pilot, code)
                assert "not one of our codes" in text(app)
                assert app.screen is before
                await keys(pilot, "f1 backspace")
            assert here.signals.felt.count("no") == 2


async def test_a_makers_code_is_an_arrival_behind_the_prefix_key_and_typing_without_it(tmp_path: Path) -> None:
    barcode, sent = "6901234567892", pages()
    bound = {**sent.credentials.codes, codes.digest(SALT, barcode.encode()): "point:power/x1"}
    sent = replace(sent, credentials=replace(sent.credentials, codes=bound))
    with world(tmp_path / "book", sent) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter enter")
            for begun, arrived in ((None, 0), ("f12", 1)):
                if begun:
                    pilot.app.post_message(events.Key(begun, None))
                await scan(pilot, barcode)
                assert here.kinds().count("stop.arrived") == arrived
                await keys(pilot, "enter" if not arrived else "f1")
        (body,) = (record.body for record in here.records() if record.kind == "stop.arrived")
        assert (body["evidence"]["label"]["issue"], body["grade"]) == ("x1", "label")
        assert barcode not in json.dumps([record.body for record in here.records()])


async def test_a_text_that_may_hold_a_token_is_not_kept(tmp_path: Path) -> None:
    """A label of another site in the form of an address, and one of which a part was read."""
    strange = codes.make(1, b"0123456789", "HTTPS://W.EXAMPLE.CN")
    scripted = Scripted()
    with world(tmp_path / "book") as here:
        app = with_scanners(here, scripted)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter enter")
            for text_read in (strange, strange[:-3], strange.lower()[:-3]):
                scripted.said.put_nowait(Scan(text_read, here.clock.up, by="serial"))
            await settle(pilot, 6)
        seen = [record.body for record in here.records() if record.kind == "code.seen"]
    assert len(seen) == 3
    assert all("text" not in body and len(body["sha256"]) == 64 for body in seen)


async def test_the_terminal_lets_its_devices_go(tmp_path: Path) -> None:
    plug = Plug(tmp_path)
    plug.plug_in()
    with world(tmp_path / "book") as here:
        for _ in range(3):
            reader = serial_scanner(SerialLine(str(plug.path)), SystemClock())
            async with with_scanners(here, reader).run_test(size=SMALL) as pilot:
                await settle(pilot, 4)
            assert plug.held() == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SCANNER", "usb:/dev/x", "scanner is wedge, serial:PATH[@BAUD] or evdev:PATH"),
        ("SCAN_PREFIX", "f5", "Not f5"),
        ("SCAN_GAP_MS", "9", "from 20 to 250"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence_before_any_screen(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    command = [sys.executable, "-m", "screens", "--data-dir", str(tmp_path), "--lang", "en", "demo", "--no-office"]
    with Pty(command, cols=120, env={f"WATCHBOOK_{name}": value}) as pty:
        assert pty.exit_code(20) == 1
        assert said in pty.text
        assert "Traceback" not in pty.text
        assert pty.left_behind() == []
