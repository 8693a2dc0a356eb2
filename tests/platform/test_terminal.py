"""The whole program on an enrolled handheld, in a real pty: what it loads, what ends it, where it rings."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from app.logbook.book import Logbook, Received
from app.logbook.reader import Enrolment
from hardware.clock import SystemClock
from tests.garden import CREDENTIALS, PEOPLE, plan
from tests.pty import Pty

NOBODY = "http://127.0.0.1:9"
"""An office that is always away."""
LATER = {"httpx", "bleak", "qrcode", "nacl", "cryptography"}
PROGRAM = """
import os, pathlib, signal, sys
from screens.platform import launch

def note(*_):
    loaded = [name for name, module in sys.modules.items() if module]
    pathlib.Path(os.environ["NOTED"] + ".part").write_text(" ".join(loaded))
    os.rename(os.environ["NOTED"] + ".part", os.environ["NOTED"])

def stands(ready=launch.ready):
    ready()
    note()

launch.ready = stands
signal.signal(signal.SIGUSR1, note)
sys.argv = ["watchbook"]
from screens.__main__ import main
main()
"""
"""`watchbook` that notes its modules when the first screen stands, and again when it is asked."""


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A handheld's folder: enrolled, with the pages of a small compound where no hour is quiet."""
    folder = tmp_path_factory.mktemp("handheld")
    logbook = Logbook.open(folder, SystemClock())
    site = plan()
    loud = replace(site, settings=replace(site.settings, quiet_from="00:00", quiet_to="00:00"))
    pages = {"plan": loud, "people": PEOPLE, "credentials": CREDENTIALS}
    logbook.receive([Received(kind, kind, 1, msgspec.json.encode(page)) for kind, page in pages.items()], "1")
    logbook.enrolled(Enrolment(office=NOBODY, server_key="00" * 32, device="handheld-01", site="garden"))
    logbook.close()
    return folder


def start(folder: Path, noted: Path, *, errors: Path | None = None) -> Pty:
    argv = [sys.executable, "-c", PROGRAM]
    if errors is not None:
        argv = ["/bin/sh", "-c", f'exec "$@" 2>{errors}', "sh", *argv]
    names = {"WATCHBOOK_DATA_DIR": str(folder), "WATCHBOOK_LANG": "en", "NOTED": str(noted)}
    return Pty(argv, env=names)


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    return tmp_path / "modules"


@pytest.fixture
def handheld(enrolled: Path, noted: Path) -> Iterator[Pty]:
    with start(enrolled, noted) as pty:
        pty.wait_for("Q:")
        pty.settle(0.2)
        yield pty


def loaded(noted: Path) -> set[str]:
    return set(noted.read_text().split())


def test_radio_office_and_keys_are_loaded_behind_the_first_screen(handheld: Pty, noted: Path) -> None:
    first = loaded(noted)
    assert {"textual", "screens.terminal", "app.logbook.book"} <= first
    assert not first & {*LATER, "hardware.ble"}
    assert not [name for name in first if name.startswith("_sysconfigdata")], "zoneinfo was imported too early"
    for _ in range(50):
        noted.unlink()
        handheld.signal(signal.SIGUSR1)
        while not noted.exists():
            handheld.watch(0.02)
        if "httpx" in loaded(noted):
            return
        handheld.watch(0.2)
    pytest.fail("the courier of an enrolled handheld never asked its office: this test proves nothing")


def test_no_single_byte_ends_the_program(handheld: Pty) -> None:
    for byte in (*range(0x20), 0x7F, 0x80, 0xFF):
        handheld.send(bytes([byte]))
        handheld.watch(0.02)
        assert handheld.process.poll() is None, f"ended by {byte:#04x}"
    handheld.send(b"\x03" * 5)
    handheld.watch(0.5)
    assert handheld.process.poll() is None


def test_leaving_is_asked_again_and_gives_the_terminal_back(handheld: Pty) -> None:
    handheld.send("\x11")
    handheld.wait_for("Leave the program")
    handheld.send("\x11\x11\x7f")
    handheld.wait_gone("Leave the program")
    handheld.send("\x11")
    handheld.wait_for("Leave the program")
    handheld.send("1")
    assert handheld.exit_code() == 0
    assert handheld.left_behind() == []


def test_a_refusal_rings_where_the_screen_is(enrolled: Path, noted: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    with start(enrolled, noted, errors=errors) as pty:
        pty.wait_for("Q:")
        pty.settle(0.2)
        pty.forget()
        pty.send("7777\r")
        until = time.monotonic() + 20
        while pty.raw.count(b"\a") < 3 and time.monotonic() < until:
            pty.watch(0.1)
        pty.settle(0.5)
        assert pty.raw.count(b"\a") == 3, pty.text
    assert errors.read_bytes() == b""
