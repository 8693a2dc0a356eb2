"""Which scanner a new handheld has: real ports and bytes, chosen on its first screen and kept only once it reads."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from app import codes, invitation
from app.ports import Scan, Scanner, ScannerState
from app.settings import SettingsRefused
from hardware.clock import SystemClock
from hardware.keyboard_scanner import KeyboardLine, keyboard_scanner
from hardware.scanners import Plugged, scanners
from screens import scanner_choice
from screens.first import FirstPage
from screens.help import HelpPage
from tests.hardware.test_keyboard_scanner import Plug as Keyboard
from tests.hardware.test_keyboard_scanner import held
from tests.hardware.test_serial_scanner import Plug
from tests.screens.plans import label
from tests.screens.test_first import EN, SHEET, ZH, Office, says, terminal
from tests.screens.world import LARGE, SMALL, World, keys, scan, shows, text, until, world

P = TypeVar("P", Plug, Keyboard)


class Watched:
    """A scanner, and whether its device is open."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self.open = False

    async def listen(self) -> AsyncGenerator[Scan | ScannerState, None]:
        try:
            async for each in self._scanner.listen():
                self.open = isinstance(each, Scan) or each.fault is None
                yield each
        finally:
            self.open = False

    def check(self) -> str | None:
        return self._scanner.check()


class Desk:
    """A handheld on its first screen, whatever is plugged in."""

    def __init__(self, here: World, office: Office, *found: Plugged, lang: str = "zh") -> None:
        self.app = terminal(here, office, lang)
        self.made: list[Watched] = []
        found = (Plugged("wedge"), *found)
        self.app.gear = replace(self.app.gear, plugged=lambda: found, scanner_at=self.scanner_at)

    def scanner_at(self, setting: str) -> tuple[Scanner, ...]:
        if setting.startswith("evdev:"):
            line = KeyboardLine(setting.removeprefix("evdev:"), held)  # the kernel's word for a device that is none
            made: tuple[Scanner, ...] = (keyboard_scanner(line, SystemClock(), again_s=0.05),)
        else:
            made = scanners(setting, SystemClock())
        self.made += map(Watched, made)
        return tuple(self.made[len(self.made) - len(made) :])

    def listens(self) -> bool:
        return self.made[-1].open


def serial(plug: Plug, name: str = "Xenon 1900") -> Plugged:
    return Plugged("serial", str(plug.path), name, (9600, 19200))


def in_use(it: P) -> Iterator[P]:
    it.plug_in()
    yield it
    it.unplug()


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    yield from in_use(Plug(tmp_path))


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Plug]:
    (tmp_path / "other").mkdir()
    yield from in_use(Plug(tmp_path / "other"))


@pytest.fixture
def gun(tmp_path: Path) -> Iterator[Keyboard]:
    yield from in_use(Keyboard(tmp_path))


@pytest.mark.parametrize(("lang", "size"), [ZH, EN])
async def test_a_serial_scanner_is_chosen_by_reading_the_sheet_with_it(
    tmp_path: Path, plug: Plug, lang: str, size: tuple[int, int]
) -> None:
    office = Office()
    with world(tmp_path / "book") as here:
        desk = Desk(here, office, serial(plug), lang=lang)
        async with desk.app.run_test(size=size) as pilot:
            await keys(pilot, "4")
            assert "Xenon 1900" in text(desk.app)
            await keys(pilot, "2")
            assert says(desk.app, "用它扫入网单", "Scan the sheet with it")()
            await until(pilot, desk.listens)
            plug.send(invitation.written(SHEET).encode() + b"\r")
            await until(pilot, says(desk.app, "可以用了", "> Ready"))
        assert (here.remembered, len(office.came)) == ({"scanner": f"serial:{plug.path}@9600"}, 1)


async def test_a_label_is_as_good_as_the_sheet_and_a_keyboard_scanner_as_good_as_a_serial_one(
    tmp_path: Path, gun: Keyboard
) -> None:
    with world(tmp_path / "book") as here:
        desk = Desk(here, Office(), Plugged("evdev", str(gun.path), "DS2208"))
        async with desk.app.run_test(size=SMALL) as pilot:
            await keys(pilot, "4 2")
            await until(pilot, desk.listens)
            await keys(pilot, "f1")
            gun.scan(label("point:power"))  # also while somebody reads the help
            await until(pilot, says(desk.app, "已记住这个扫码头", ""))
            await keys(pilot, "backspace")
            assert shows(desk.app, FirstPage)
            assert "好用,读到1次" in text(desk.app)
            gun.scan(label("point:power"))  # it goes on reading
            await until(pilot, says(desk.app, "读到2次", ""))
        assert here.remembered == {"scanner": f"evdev:{gun.path}"}


async def test_one_that_does_not_read_gives_way_to_the_one_before(
    tmp_path: Path, plug: Plug, other: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner_choice, "TRIAL_S", 0.5)
    with world(tmp_path / "book") as here:
        desk = Desk(here, Office(), serial(plug, "LTE modem"))
        async with desk.app.run_test(size=SMALL) as pilot:
            before = desk.scanner_at(f"serial:{other.path}")
            await desk.app.read_from(before)
            await keys(pilot, "4 2")
            await until(pilot, says(desk.app, "没读到,换回原来的了", ""))
            assert shows(desk.app, scanner_choice.ScannerChoicePage)
            await keys(pilot, "2 f1")  # and once more, while somebody reads the help
            await until(pilot, says(desk.app, "没读到,换回原来的了", ""))
            assert shows(desk.app, HelpPage)
            await keys(pilot, "backspace")
            assert shows(desk.app, FirstPage)
            await until(pilot, lambda: desk.made[0].open)
            other.send(label("point:power").encode() + b"\r")
            await until(pilot, says(desk.app, "读到1次", ""))
            assert await desk.app.read_from(()) == before
        assert here.remembered == {}


async def test_what_another_scanner_reads_or_a_wrong_rate_makes_of_it_keeps_nothing(tmp_path: Path, plug: Plug) -> None:
    with world(tmp_path / "book") as here:
        desk = Desk(here, Office(), serial(plug), lang="en")
        async with desk.app.run_test(size=LARGE) as pilot:
            await keys(pilot, "4 2")
            await scan(pilot, label("point:power"))
            await until(pilot, says(desk.app, "", "Another scanner has read that"))
            await until(pilot, desk.listens)
            plug.send(b"\xf0\x8f\x1e~x\r")
            await until(pilot, says(desk.app, "", "another baud rate, or scan the sheet"))
            await keys(pilot, "1")
            assert "baud rate 19200" in text(desk.app)
            assert here.remembered == {}
            await until(pilot, desk.listens)
            plug.send(codes.trial(1).encode() + b"\r")  # a fitter's test sheet says as much as a label
            await until(pilot, says(desk.app, "", "The scanner is kept"))
        assert here.remembered == {"scanner": f"serial:{plug.path}@19200"}


async def test_a_sheet_that_another_scanner_reads_ends_the_trial_and_counts(
    tmp_path: Path, plug: Plug, other: Plug
) -> None:
    office = Office()
    with world(tmp_path / "book") as here:
        desk = Desk(here, office, serial(plug))
        async with desk.app.run_test(size=SMALL) as pilot:
            before = desk.scanner_at(f"serial:{other.path}")
            await desk.app.read_from(before)
            await keys(pilot, "4 2")
            await scan(pilot, invitation.written(SHEET))
            await until(pilot, says(desk.app, "可以用了", ""))
            assert await desk.app.read_from(()) == before
        assert (here.remembered, len(office.came)) == ({}, 1)


async def test_one_that_types_is_chosen_in_place_of_one_with_a_line_of_its_own(tmp_path: Path, plug: Plug) -> None:
    with world(tmp_path / "book") as here:
        desk = Desk(here, Office(), serial(plug))
        async with desk.app.run_test(size=SMALL) as pilot:
            await desk.app.read_from(desk.scanner_at(f"serial:{plug.path}"))
            await keys(pilot, "4 1")
            await scan(pilot, label("point:power"))
            await until(pilot, says(desk.app, "已记住这个扫码头", ""))
            assert await desk.app.read_from(()) == ()
        assert here.remembered == {"scanner": "wedge"}


async def test_a_choice_that_the_disk_does_not_take_is_said_and_lets_nobody_wait(tmp_path: Path, plug: Plug) -> None:
    office = Office()

    def full(name: str, value: str) -> None:
        raise SettingsRefused("cli.not_kept", why="No space left on device")

    with world(tmp_path / "book") as here:
        desk = Desk(here, office, serial(plug))
        desk.app.gear = replace(desk.app.gear, remember=full)
        async with desk.app.run_test(size=SMALL) as pilot:
            await keys(pilot, "4 2")
            await until(pilot, desk.listens)
            plug.send(label("point:power").encode() + b"\r")
            await until(pilot, says(desk.app, "没存上,下次开机还是原来的", ""))
            assert shows(desk.app, FirstPage)
            plug.send(invitation.written(SHEET).encode() + b"\r")
            await until(pilot, says(desk.app, "可以用了", ""))
            await keys(pilot, "f4")  # nor does another choice end the program
        assert len(office.came) == 1
