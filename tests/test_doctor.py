"""`watchbook doctor` beside real parts: a book on a disk, an office over a socket, bleak on the virtual radio."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.logbook.book import Logbook
from app.settings import Settings, load
from hardware.clock import SystemClock
from sync import doctor
from tests.pty import Pty
from tests.sync.places import RunningOffice, handheld, office
from tests.virtual_radio import BlueZ, PrivateBus, patrol_tag

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with office(tmp_path_factory.mktemp("office")) as here:
        yield here


def looked(folder: Path, **settings: Any) -> dict[str, doctor.Part]:
    return {part.part: part for part in doctor.look(Settings(folder, adapter="none", **settings))}


@pytest.mark.proof
def test_an_enrolled_handheld_reaches_its_office_and_knows_its_clock(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "book", running) as mine:
        mine.courier.exchange()
    parts = looked(tmp_path / "book")
    assert {name: part.state for name, part in parts.items() if part.state == "todo"} == {}
    assert parts["office"].key == "doctor.office_there"
    assert parts["clock"].key == "doctor.clock_office"
    assert parts["book"].fields["q"] == 0


@pytest.mark.proof
def test_an_office_that_is_away_or_another_one_is_told_in_its_sentence(tmp_path: Path) -> None:
    with office(tmp_path / "first") as first:
        port = first.port
        with handheld(tmp_path / "book", first):
            pass
    assert looked(tmp_path / "book")["office"].state == "todo"
    with office(tmp_path / "second", port=port):
        part = looked(tmp_path / "book")["office"]
    assert (part.state, part.key) == ("todo", "sync.wrong_office")


@pytest.mark.proof
def test_a_damaged_book_a_full_disk_and_a_dead_clock_are_things_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Logbook.open(tmp_path / "book", SystemClock()).close()
    (segment,) = (tmp_path / "book" / "journal").glob("seg-*")
    raw = bytearray(segment.read_bytes())
    raw[100] ^= 0x40
    segment.write_bytes(bytes(raw))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=3 << 20))
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    parts = looked(tmp_path / "book")
    assert {parts[name].key for name in ("book", "disk", "clock")} == {
        "doctor.book_damaged",
        "doctor.disk_low",
        "doctor.clock_unset",
    }


def test_before_enrolment_it_says_what_comes_first(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "screens", "doctor", "--json", "--lang", "zh", "--data-dir", str(tmp_path / "none")],
        capture_output=True, text=True, cwd=ROOT, timeout=60, env={**os.environ, "WATCHBOOK_ADAPTER": "none"},
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["ok"] is False
    assert {part["part"] for part in told["parts"] if part["state"] == "todo"} == {"book", "office"}
    assert not (tmp_path / "none").exists(), "looking makes nothing"


@pytest.mark.proof
async def test_it_listens_with_the_real_radio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = PrivateBus()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    monkeypatch.setattr(doctor, "LISTEN_S", 1.5)
    bluez = BlueZ(bus.address)
    await bluez.start()
    try:
        off = await asyncio.to_thread(lambda: asyncio.run(doctor._radio(Settings(tmp_path))))
        assert (off.state, off.key) == ("todo", "radio.absent")
        bluez.plug()
        tag = "fda50693-a4e2-4fb1-afcf-c6eb07647825/10001/7"
        bluez.enter(patrol_tag("ibeacon", tag, "C0:00:00:00:00:07", -60))
        heard = await asyncio.to_thread(lambda: asyncio.run(doctor._radio(Settings(tmp_path))))
        assert (heard.state, heard.fields["n"]) == ("ok", 1)
    finally:
        await bluez.close()
        bus.close()


@pytest.mark.proof
def test_a_scanner_and_a_camera_are_tried_and_each_trouble_is_its_sentence(tmp_path: Path) -> None:
    master, slave = os.openpty()
    picture = tmp_path / "pictures" / "one.png"
    picture.parent.mkdir()
    Image.new("L", (64, 48), 128).save(picture)
    try:
        serial = f"serial:{os.ttyname(slave)}"
        well = looked(tmp_path / "book", scanner=f"wedge,{serial}", camera=f"dir:{picture.parent}")
        assert (well["scanner"].state, well["scanner"].fields) == ("ok", {"name": serial})
        assert (well["camera"].state, well["camera"].fields) == ("ok", {"width": 64, "height": 48})
    finally:
        os.close(master)
        os.close(slave)
    ill = looked(tmp_path / "book", scanner="serial:/dev/serial/by-id/gone", camera="v4l2:/dev/video-gone")
    assert (ill["scanner"].state, ill["scanner"].key) == ("todo", "scanner.absent")
    assert (ill["camera"].state, ill["camera"].key) == ("todo", "camera.absent")
    none = looked(tmp_path / "book")
    assert (none["scanner"].key, none["camera"].state) == ("doctor.scanner_wedge", "absent")


@pytest.mark.proof
@pytest.mark.parametrize(("term", "size", "word"), [("xterm", (40, 20), "40x20"), ("linux", (80, 24), "docs/hardware")])
def test_on_a_small_screen_every_row_fits(tmp_path: Path, term: str, size: tuple[int, int], word: str) -> None:
    argv = [sys.executable, "-m", "screens", "doctor", "--data-dir", str(tmp_path / "b"), "--lang", "en"]
    with Pty(argv, *size, cwd=ROOT, env={"TERM": term, "WATCHBOOK_ADAPTER": "none"}) as pty:
        assert pty.exit_code(20) == 1
        assert word in " ".join(pty.text.split())


def test_a_camera_shows_a_picture_or_is_a_thing_to_do(tmp_path: Path) -> None:
    (tmp_path / "frame").write_bytes(bytes(640 * 480))
    cameras = {
        None: ("absent", "doctor.camera_none"),
        f"file:{tmp_path}/frame@640x480:GREY": ("ok", "doctor.camera_sees"),
        f"file:{tmp_path}/none@640x480:GREY": ("todo", "camera.absent"),
        "webcam": ("todo", "camera.bad_setting"),
    }
    found = {camera: doctor._camera(Settings(tmp_path / "book", camera=camera)) for camera in cameras}
    assert {camera: (part.state, part.key) for camera, part in found.items()} == cameras
    assert "640x480" in found[f"file:{tmp_path}/frame@640x480:GREY"].says("zh")


def told_of(folder: Path, config: str, part: str, lang: str = "en") -> list[tuple[str, str]]:
    """State and sentence of each row about `part`, with these settings in force."""
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(config, "utf-8")
    settings = load({"data_dir": str(folder)}, {"WATCHBOOK_ADAPTER": "none"})
    return [(each.state, each.says(lang)) for each in doctor.look(settings) if each.part == part]


@pytest.mark.parametrize(
    ("config", "part", "said"),
    [
        ("scan_gap_ms = 9", "scanner", "scan_gap_ms is a number from 20 to 250, not 9"),
        ('scan_gap_ms = "long"', "scanner", "not long"),
        ('scan_prefix = "f5"\nscan_suffix = "lf"', "scanner", "Not f5"),
        ('scan_suffix = "space"', "scanner", "not space"),
        ('scanner = "usb:/dev/x"', "scanner", "not usb:/dev/x"),
        ('scanner = "serial:/dev/ttyUSB0@300"', "scanner", "not 300"),
        ('camera = "/dev/video0"', "camera", "not /dev/video0"),
        ('side_keys = "183=alarm"', "keys", "183=alarm"),
        ('side_keys = "/dev/input/none:183=alarm"', "keys", "no /dev/input/none"),
        ('feed = "/tmp/air.jsonl"', "radio", "/tmp/air.jsonl stands in for it"),
        ("scan_gap = 80", "settings", "no setting scan_gap,"),
    ],
)
def test_a_setting_that_cannot_be_is_a_thing_to_do(tmp_path: Path, config: str, part: str, said: str) -> None:
    rows = told_of(tmp_path / "book", config, part)
    assert any(state == "todo" and said in words for state, words in rows), rows


def test_of_several_bad_settings_each_is_told_and_good_ones_are_not(tmp_path: Path) -> None:
    bad = 'scan_prefix = "f5"\nscan_suffix = "x"\nscan_gap_ms = 900\n'
    assert [state for state, _ in told_of(tmp_path / "book", bad, "scanner", "zh")] == ["todo", "todo", "todo", "ok"]
    button = tmp_path / "button"
    button.touch()
    good = f'scan_prefix = "f12,~"\nscan_suffix = "none"\nscan_gap_ms = 250\nside_keys = "{button}:183=alarm"\n'
    assert [state for state, _ in told_of(tmp_path / "book", good, "scanner")] == ["ok"]
    assert told_of(tmp_path / "book", good, "keys") == [("ok", "1 set, their devices are there")]
    assert told_of(tmp_path / "book", good, "settings") == []
