"""A serial scanner on a real pseudo-terminal pair: every code once and whole, unplugged and back, never in the way.

The line's electrical side, a real scanner and USB are not here; the port, pyserial, the kernel's tty and the event
loop are.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from app import codes
from app.ports import Scan, ScannerState
from app.settings import SettingsRefused
from app.words import say, table
from hardware.clock import SystemClock
from hardware.framing import Framing
from hardware.line_scanner import LineScanner
from hardware.scanners import Plugged, plugged, scanners
from hardware.serial_scanner import BAUDS, SerialLine, parse, ports, serial_scanner

LABEL = codes.make(3, b"0123456789")


class Plug:
    """A scanner's end of a line, and the path under which the handheld finds the other end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "usb-Scanner_1234-if00"
        self._ends: tuple[int, int] | None = None

    def plug_in(self) -> None:
        self._ends = os.openpty()
        self.path.symlink_to(os.ttyname(self._ends[1]))
        os.close(self._ends[1])
        os.set_blocking(self._ends[0], False)  # the reader runs in the loop that would wait for it

    def unplug(self) -> None:
        assert self._ends is not None
        self.path.unlink()
        os.close(self._ends[0])
        self._ends = None

    def send(self, data: bytes) -> int:
        """How many bytes the line took."""
        assert self._ends is not None
        return os.write(self._ends[0], data)

    def held(self) -> int:
        """How often this process has the port open."""
        port = self.path.resolve()
        return sum(Path(fd).resolve() == port for fd in Path("/proc/self/fd").iterdir())


@pytest.fixture
def plug(tmp_path: Path) -> Plug:
    return Plug(tmp_path)


class Heard:
    """What a scanner has told so far."""

    def __init__(self) -> None:
        self.all: asyncio.Queue[Scan | ScannerState] = asyncio.Queue()

    async def next(self, seconds: float = 20) -> Scan | ScannerState:
        return await asyncio.wait_for(self.all.get(), seconds)

    async def texts(self, count: int) -> list[str]:
        return [found.text for _ in range(count) if isinstance(found := await self.next(), Scan)]

    async def fault(self) -> str | None:
        found = await self.next()
        assert isinstance(found, ScannerState)
        return found.fault


@asynccontextmanager
async def listening(scanner: LineScanner) -> AsyncIterator[Heard]:
    heard = Heard()

    async def listen() -> None:
        async for found in scanner.listen():
            heard.all.put_nowait(found)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


def reader(path: Path | str, baud: int = 9600) -> LineScanner:
    return serial_scanner(SerialLine(str(path), baud), SystemClock(), again_s=0.05)


async def test_a_code_is_a_scan_with_its_time_and_how_it_came(plug: Plug) -> None:
    plug.plug_in()
    async with listening(reader(plug.path)) as heard:
        assert await heard.fault() is None
        before = SystemClock().now().up
        plug.send(b"\x02" + LABEL.encode() + b"\r\n")
        scan = await heard.next()
        assert isinstance(scan, Scan)
        assert (scan.text, scan.by) == (LABEL, "serial")
        assert before <= scan.up <= SystemClock().now().up


@pytest.mark.parametrize("baud", [9600, 115200])
async def test_a_hundred_codes_in_pieces_come_once_each_and_whole(plug: Plug, baud: int) -> None:
    plug.plug_in()
    chance = random.Random(4)
    wanted = [codes.make(number, chance.randbytes(10)) for number in range(100)]
    raw = b"".join(text.encode() + chance.choice((b"\r", b"\r\n", b"\x03")) for text in wanted)
    async with listening(reader(plug.path, baud)) as heard:
        assert await heard.fault() is None
        while raw:
            with suppress(BlockingIOError):  # its reader is late: the scanner waits
                raw = raw[plug.send(raw[: chance.randint(1, 40)]) :]
            await asyncio.sleep(chance.choice((0, 0, 0.001, 0.004)))
        assert await heard.texts(100) == wanted


async def test_bytes_of_any_code_page_are_a_text(plug: Plug) -> None:
    plug.plug_in()
    async with listening(reader(plug.path)) as heard:
        assert await heard.fault() is None
        plug.send("配电室".encode("gbk") + b"\r" + "配电室".encode() + b"\r" + b"\xff\x00\x80\r")
        assert await heard.texts(3) == ["配电室", "配电室", "\xff\0\x80"]


async def test_a_scanner_without_a_suffix_is_heard_after_a_moment_of_silence(plug: Plug) -> None:
    plug.plug_in()
    async with listening(reader(plug.path)) as heard:
        assert await heard.fault() is None
        plug.send(LABEL.encode())
        assert await heard.texts(1) == [LABEL]


class Pipe:
    """A line whose number is known."""

    by: str = "serial"

    def __init__(self) -> None:
        self.ours, self.theirs = os.pipe()

    def open(self) -> int:
        return self.ours


async def test_a_scanner_that_is_let_go_does_not_meddle_with_what_has_its_number_next() -> None:
    pipe, loop = Pipe(), asyncio.get_running_loop()
    heard = LineScanner(pipe, Framing, SystemClock()).listen()
    assert await anext(heard) == ScannerState()
    os.write(pipe.theirs, LABEL.encode() + b"\r")
    assert isinstance(await anext(heard), Scan)
    await heard.aclose()
    ours, theirs = os.pipe()
    assert ours == pipe.ours
    came = asyncio.Event()
    loop.add_reader(ours, came.set)
    await asyncio.sleep(0.05)
    os.write(theirs, b"x")
    await asyncio.wait_for(came.wait(), 10)
    loop.remove_reader(ours)
    for fd in (ours, theirs, pipe.theirs):
        os.close(fd)


async def test_unplugged_and_back_is_said_once_each_and_codes_go_on(plug: Plug) -> None:
    async with listening(reader(plug.path)) as heard:
        assert await heard.fault() == "scanner.absent"
        for number in range(3):
            await asyncio.sleep(0.2)  # tried four times meanwhile, and said once
            plug.plug_in()
            assert await heard.fault() is None
            plug.send(f"code-{number}\r".encode())
            assert await heard.texts(1) == [f"code-{number}"]
            plug.send(b"half a co")
            plug.unplug()
            assert await heard.fault() == "scanner.gone"
        assert heard.all.empty()


async def test_a_scanner_that_sends_without_end_never_stops_the_loop(plug: Plug) -> None:
    plug.plug_in()
    async with listening(reader(plug.path)) as heard:
        assert await heard.fault() is None
        worst, until = 0.0, time.monotonic() + 0.5
        while time.monotonic() < until:
            with suppress(BlockingIOError):
                plug.send(b"\xff" * 500)
            before = time.thread_time()  # of this loop, also when the machine is busy with others
            await asyncio.sleep(0.001)
            worst = max(worst, time.thread_time() - before)
        assert worst < 0.2
        await asyncio.sleep(0.2)  # the line is empty again
        plug.send(b"\r" + LABEL.encode() + b"\r")
        (found,) = await heard.texts(1)
        if set(found) == {"\xff"}:  # the end of it, where a busy machine read that late
            (found,) = await heard.texts(1)
        assert found == LABEL


async def test_a_port_that_another_program_holds_is_taken_when_that_lets_go(plug: Plug) -> None:
    plug.plug_in()
    holding = SerialLine(str(plug.path)).open()
    async with listening(reader(plug.path)) as heard:
        assert await heard.fault() == "scanner.busy"
        os.close(holding)
        assert await heard.fault() is None
        plug.send(LABEL.encode() + b"\r")
        assert await heard.texts(1) == [LABEL]
        assert reader(plug.path).check() == "scanner.busy", "we hold it now"


async def test_leaving_lets_the_port_go(plug: Plug) -> None:
    plug.plug_in()
    for _ in range(20):
        async with listening(reader(plug.path)) as heard:
            assert await heard.fault() is None
    assert reader(plug.path).check() is None
    assert plug.held() == 0


async def test_who_leaves_while_the_port_opens_leaves_nothing_open(plug: Plug) -> None:
    plug.plug_in()
    for _ in range(20):
        async with listening(reader(plug.path)):
            await asyncio.sleep(0)
    await asyncio.sleep(0.3)
    async with asyncio.timeout(20):  # the thread that opens it may be late
        while plug.held():
            await asyncio.sleep(0.02)


async def test_what_is_no_serial_port_or_not_ours_to_open_is_said(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    denied = tmp_path / "denied"
    denied.mkdir()
    assert reader(plain).check() == "scanner.wrong_serial"
    assert reader(tmp_path / "nothing").check() == "scanner.absent"
    assert reader(denied).check() == "scanner.failed"
    async with listening(reader(plain)) as heard:
        assert await heard.fault() == "scanner.wrong_serial"


def test_a_port_without_the_right_to_it_names_the_group(tmp_path: Path) -> None:
    """Root may open anything, so the kernel's refusal is asked of a user who has no right."""
    path = tmp_path / "ttyUSB0"
    path.write_bytes(b"")
    path.chmod(0)
    tmp_path.chmod(0o755)
    pid = os.fork()
    if pid == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        os._exit(0 if reader(path).check() in {"scanner.denied_serial"} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    for lang in ("zh", "en"):
        assert "dialout" in say(lang, "scanner.denied_serial")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/dev/ttyUSB0", SerialLine("/dev/ttyUSB0", 9600)),
        ("/dev/serial/by-id/usb-A@B-if00@115200", SerialLine("/dev/serial/by-id/usb-A@B-if00", 115200)),
    ],
)
def test_a_fitter_names_the_port_and_perhaps_its_speed(text: str, line: SerialLine) -> None:
    assert parse(text) == line


@pytest.mark.parametrize(
    "text", ["ttyUSB0", "", "/dev/ttyUSB0@", "/dev/ttyUSB0@9601", "/dev/ttyUSB0@300", "/dev/x@1e5"]
)
def test_a_port_that_cannot_be_is_one_sentence(text: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        parse(text)
    assert all(say(lang, refused.value.key, **refused.value.fields) for lang in ("zh", "en"))


def test_the_setting_names_scanners_of_several_kinds() -> None:
    clock = SystemClock()
    assert scanners(None, clock) == scanners("wedge", clock) == ()
    assert len(scanners("wedge, serial:/dev/a@19200,evdev:/dev/b", clock)) == 2


@pytest.mark.parametrize(
    "text", ["", "camera", "serial", "serial:", "evdev:event3", "usb:/dev/x", "wedge,", "wedge," * 9]
)
def test_a_setting_that_names_no_scanner_is_one_sentence(text: str) -> None:
    if not text:
        assert scanners(text, SystemClock()) == ()
        return
    with pytest.raises(SettingsRefused) as refused:
        scanners(text, SystemClock())
    assert all(say(lang, refused.value.key, **refused.value.fields) for lang in ("zh", "en"))


def test_every_sentence_of_a_scanners_state_fits_two_lines_of_a_small_screen() -> None:
    from app.text import cells

    states = [name for name in table("scanner") if not name.startswith("bad_")]
    assert all(cells(say(lang, f"scanner.{name}")) <= 76 for lang in ("zh", "en") for name in states)


def test_watchbook_scan_shows_what_a_serial_scanner_reads_as_lines_of_a_feed(plug: Plug, tmp_path: Path) -> None:
    plug.plug_in()
    command = [sys.executable, "-m", "screens", "--data-dir", str(tmp_path / "data"), "--lang", "en", "--json", "scan"]
    setting = {"WATCHBOOK_SCANNER": f"serial:{plug.path}@115200", "WATCHBOOK_ADAPTER": "none"}
    child = subprocess.Popen(
        [*command, "--seconds", "20"], env={**os.environ, **setting}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stderr is not None
    said = [child.stderr.readline()]
    while say("en", "scanner.listens") not in said[-1]:
        said.append(child.stderr.readline())
    plug.send("配电室-07".encode("gbk") + b"\r\n")
    line = child.stdout.readline()
    while "qr" not in line:
        line = child.stdout.readline()
    found = json.loads(line)
    assert (found["qr"], found["by"]) == ("配电室-07", "serial")
    plug.unplug()
    assert child.stderr.readline().strip() == say("en", "scanner.gone")
    child.terminate()
    child.communicate(timeout=10)
    feed = tmp_path / "feed"
    feed.write_text(line, encoding="utf-8")
    again = subprocess.run([*command, "--feed", str(feed)], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["qr"] == "配电室-07"


def test_ports_that_are_there_are_named_by_the_path_that_stays(plug: Plug, tmp_path: Path) -> None:
    plug.plug_in()
    assert (str(plug.path), plug.path.name) in ports(tmp_path)
    assert all(Path(path).exists() for path, _ in ports(tmp_path))
    plug.unplug()
    assert str(plug.path) not in dict(ports(tmp_path))


def test_what_is_plugged_in_is_named_as_its_setting_reads_it() -> None:
    assert plugged()[0] == Plugged("wedge")
    odd = Plugged("serial", "/dev/serial/by-id/usb-A@B-if00", rates=BAUDS)
    assert parse(odd.setting().removeprefix("serial:")) == SerialLine(odd.path, 9600)
    assert parse(odd.setting(19200).removeprefix("serial:")) == SerialLine(odd.path, 19200)
    for each in (Plugged("wedge"), odd, Plugged("evdev", "/dev/input/by-id/x")):
        assert len(scanners(each.setting(), SystemClock())) == (each.kind != "wedge")


def test_two_ports_of_one_maker_are_told_apart_by_the_end_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"usb-Prolific_Technology_Inc._USB-Serial_Controller_{each}-if00-port0" for each in "AB"]
    found = [*((f"/dev/{name}", name) for name in names), ("/dev/a,b", "its path cannot stand in the setting")]
    monkeypatch.setattr("hardware.serial_scanner.ports", lambda: found)
    shown = [each.name for each in plugged() if each.kind == "serial"]
    assert len(shown) == len(set(shown)) == 2
    assert max(map(len, shown)) <= 50
