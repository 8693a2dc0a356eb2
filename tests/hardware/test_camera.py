"""The camera's frames: every source the same, none left behind when it ends, and a sentence when it fails.

The kernel's capture itself is not here: no machine of ours has a sensor. A program writing raw frames to a pipe, as
v4l2-ctl does, is.
"""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from threading import Event, Thread

import pytest
from PIL import Image

from app import codes
from app.ports import Scan
from app.settings import SettingsRefused
from app.words import say, table
from hardware import camera
from hardware.camera import Camera, CameraFault, CameraState, Source, frames, parse, sights
from hardware.clock import SystemClock
from hardware.decode import Code
from tests.hardware.labels_seen import View, code, seen

SIZE = (320, 240)
TAIL = "@320x240"
LABELS = [codes.make(issue, b"0123456789") for issue in (1, 2)]


@pytest.fixture(scope="module")
def clip() -> list[Image.Image]:
    """A hand comes to a label, holds still, and goes on to the next: 16 frames."""
    taken: list[Image.Image] = []
    for label in LABELS:
        for number, shake in enumerate((0, 12, 8, 1, 1, 1, 8, 0)):
            view = View(module=1.2 if shake == 0 else 4.5, turned=5 * number, shake=shake, blur=0.8, noise=6)
            taken.append(seen(code(label), view, seed=number, size=SIZE))
    return taken


def gray_bytes(picture: Image.Image) -> bytes:
    return picture.tobytes()


def yuyv_bytes(picture: Image.Image) -> bytes:
    luma = picture.tobytes()
    return bytes(byte for y in luma for byte in (y, 0x80))


def nv12_bytes(picture: Image.Image) -> bytes:
    return picture.tobytes() + bytes([0x80]) * (picture.width * picture.height // 2)


RAW = {"GREY": gray_bytes, "YUYV": yuyv_bytes, "NV12": nv12_bytes, "I420": nv12_bytes}


def written(folder: Path, clip: list[Image.Image], form: str) -> Path:
    path = folder / f"clip.{form}"
    path.write_bytes(b"".join(RAW[form](picture) for picture in clip))
    return path


def hits(source: Source) -> list[tuple[int, str, int | None]]:
    """Which frame showed which text, and how healthy it was."""
    told, stop = [], Event()
    stream = frames(source, stop, every=True)
    try:
        for number, each in enumerate(sights(stream)):
            if isinstance(each, Code):
                told.append((number, each.text, each.health))
            if number == 15 and source.kind == "dir":
                break
    except CameraFault as fault:
        assert fault.args == ("camera.died",)  # the recording is over  # noqa: PT017
    return told


def test_every_source_tells_the_same_of_one_clip(tmp_path: Path, clip: list[Image.Image]) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, picture in enumerate(clip):
        picture.save(pictures / f"{number:03}.png")
    (pictures / "notes.txt").write_text("no picture")
    told = {"dir": hits(parse(f"dir:{pictures}"))}
    for form in RAW:
        path = written(tmp_path, clip, form)
        told[f"file {form}"] = hits(parse(f"file:{path}{TAIL}:{form}"))
        told[f"run {form}"] = hits(parse(f"run:cat {shlex.quote(str(path))}{TAIL}:{form}"))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = Thread(target=lambda: fifo.write_bytes((tmp_path / "clip.YUYV").read_bytes()))
    writer.start()
    told["pipe"] = hits(parse(f"pipe:{fifo}{TAIL}:YUYV"))
    writer.join()
    assert {text for _, text, _ in told["dir"]} == set(LABELS)
    assert 4 <= len(told["dir"]) < len(clip), "some frames must be unreadable, else this proves little"
    assert {name: found for name, found in told.items() if found != told["dir"]} == {}


def test_a_camera_that_sends_jpeg_is_read_as_well(tmp_path: Path, clip: list[Image.Image]) -> None:
    import io

    stream = b"\x00rubbish"
    for picture in clip:
        saved = io.BytesIO()
        picture.save(saved, "JPEG", quality=90)
        stream += saved.getvalue()
    (tmp_path / "clip.mjpg").write_bytes(stream + b"\xff\xd8\xffcut")
    told = hits(parse(f"file:{tmp_path}/clip.mjpg{TAIL}:MJPG"))
    assert {text for _, text, _ in told} == set(LABELS)


PRODUCER = """
import sys, time
frame = open({path!r}, "rb").read({size})
if {pid!r}: open({pid!r}, "w").write(str(__import__("os").getpid()))
for number in range({count}):
    sys.stdout.buffer.write(frame); sys.stdout.buffer.flush(); time.sleep({pause})
{after}
"""


class Capture:
    """A program that writes frames like v4l2-ctl, for as long as the test says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pid_file = folder / "pid"

    def source(self, picture: Image.Image, count: int = 10**6, pause: float = 0.03, after: str = "") -> Source:
        path = self._folder / "frame"
        path.write_bytes(picture.tobytes())
        size = picture.width * picture.height
        script = PRODUCER.format(
            path=str(path), size=size, count=count, pause=pause, after=after, pid=str(self.pid_file)
        )
        (self._folder / "produce.py").write_text(script)
        command = f"{shlex.quote(sys.executable)} -S {shlex.quote(str(self._folder / 'produce.py'))}"
        return parse(f"run:{command}@{picture.width}x{picture.height}:GREY")

    def alive(self) -> bool:
        """Running, or ended and left as a zombie."""
        return Path(f"/proc/{self.pid_file.read_text()}").exists()


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    return Capture(tmp_path)


async def told(source: Source, limit_s: float = 20) -> list[Scan | CameraState]:
    async with aclosing(Camera(source, SystemClock()).scan(limit_s)) as seen:
        return [each async for each in seen]


BLANK = Image.new("L", SIZE, 200)


async def test_the_first_code_is_told_and_the_program_is_gone(capture: Capture, clip: list[Image.Image]) -> None:
    told_ = await told(capture.source(clip[4]))
    *hints, scan = told_
    assert isinstance(scan, Scan)
    assert (scan.text, scan.by) == (LABELS[0], "camera")
    assert scan.health is not None
    assert scan.health > 80
    assert hints[0] == CameraState("camera.starting")
    assert not capture.alive()


@pytest.mark.parametrize(
    ("after", "pause", "says"), [("sys.exit(0)", 0.03, "died"), ("time.sleep(60)", 0.03, "stalled")]
)
async def test_a_program_that_ends_or_hangs_is_told_within_two_seconds(
    capture: Capture, after: str, pause: float, says: str
) -> None:
    source = capture.source(BLANK, count=3, pause=pause, after=after)
    for _ in range(4):  # a busy machine is late by itself, but not each time
        stalled = time.monotonic()
        async with aclosing(Camera(source, SystemClock()).scan()) as seen:
            async for each in seen:
                if each == CameraState("camera.looking"):
                    stalled = time.monotonic()
        took = time.monotonic() - stalled
        assert each == CameraState(f"camera.{says}", fault=True)
        assert not capture.alive()
        if took < 2 + 3 * pause:
            break
    assert took < 2 + 3 * pause


async def test_a_program_that_was_killed_is_told_at_once(capture: Capture) -> None:
    async with aclosing(Camera(capture.source(BLANK), SystemClock()).scan()) as seen:
        async for each in seen:
            if each == CameraState("camera.looking"):
                os.kill(int(capture.pid_file.read_text()), signal.SIGKILL)
                killed = time.monotonic()
    assert each == CameraState("camera.died", fault=True)
    assert time.monotonic() - killed < 10


@pytest.mark.parametrize(
    "what", ["run:/nonexistent/program", "run:false", "dir:/nonexistent", "file:/nonexistent", "v4l2:/dev/video99"]
)
async def test_what_is_not_there_is_said(what: str) -> None:
    assert await told(parse(what)) == [CameraState("camera.starting"), CameraState("camera.absent", fault=True)]


@pytest.mark.parametrize(
    "what",
    ["run:yes@640x480:MJPG", "run:cat /dev/urandom@640x480:MJPG",
     "run:sh -c 'while echo; do sleep 0.05; done'@640x480:GREY"],
)  # fmt: skip
async def test_bytes_that_never_make_a_frame_are_told_as_no_picture(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that sends another form than the setting says."""
    monkeypatch.setattr(camera, "FIRST_S", 0.3)
    assert await told(parse(what)) == [CameraState("camera.starting"), CameraState("camera.stalled", fault=True)]


async def test_nothing_is_left_when_somebody_has_had_enough(capture: Capture) -> None:
    async with aclosing(Camera(capture.source(BLANK), SystemClock()).scan()) as seen:
        async for each in seen:
            if each == CameraState("camera.looking"):
                break
    assert not capture.alive()


async def test_a_program_that_will_not_end_is_made_to(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    source = capture.source(BLANK)
    script = capture.pid_file.with_name("produce.py")
    script.write_text("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + script.read_text())
    assert (await told(source, limit_s=1))[-1] == CameraState("camera.looking")
    assert not capture.alive()


async def test_the_time_is_over_also_when_no_picture_comes(tmp_path: Path) -> None:
    began = time.monotonic()
    assert await told(parse(f"dir:{tmp_path}"), limit_s=0.3) == [CameraState("camera.starting")]
    assert time.monotonic() - began < 20


async def test_a_snapshot_that_comes_later_is_read(tmp_path: Path, clip: list[Image.Image]) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (tmp_path / "gone.png").symlink_to("taken-away-meanwhile.png")
    os.mkfifo(tmp_path / "pipe.png")
    asyncio.get_running_loop().call_later(0.3, clip[4].save, tmp_path / "later.png")
    found = (await told(parse(f"dir:{tmp_path}")))[-1]
    assert isinstance(found, Scan)
    assert found.text == LABELS[0]


async def test_frames_that_nobody_takes_are_dropped(tmp_path: Path, capture: Capture) -> None:
    """Whoever looks late sees the present, not the past."""
    dark, bright = Image.new("L", SIZE, 10), Image.new("L", SIZE, 250)
    source = capture.source(
        dark,
        count=5,
        pause=0.01,
        after="for _ in range(400): sys.stdout.buffer.write(bytes([250]) * len(frame)); time.sleep(.01)",
    )
    stop = Event()
    stream = frames(source, stop)
    first = next(stream)
    time.sleep(0.8)
    next(stream)
    assert first.pixels[0] == 10
    assert next(stream).pixels[0] == bright.getpixel((0, 0))
    stream.close()
    assert stop.is_set()


def test_the_program_s_child_ends_when_the_program_is_killed(capture: Capture) -> None:
    source = capture.source(BLANK)
    script = (
        "import asyncio, sys\n"
        "from hardware.camera import Camera, parse\n"
        "from hardware.clock import SystemClock\n"
        "async def scan():\n"
        "    async for each in Camera(parse(sys.argv[1]), SystemClock()).scan():\n"
        "        print(each.says, flush=True)\n"
        "asyncio.run(scan())\n"
    )
    told_ = f"run:{source.where}{TAIL}:GREY"
    with subprocess.Popen([sys.executable, "-c", script, told_], stdout=subprocess.PIPE, text=True) as scanning:
        assert scanning.stdout is not None
        while scanning.stdout.readline() != "camera.looking\n":
            pass
        scanning.kill()
    deadline = time.monotonic() + 20
    while (running := _running(int(capture.pid_file.read_text()))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_bars_count_when_two_frames_show_them(tmp_path: Path) -> None:
    from tests.hardware.test_decode import symbol

    frame = Image.new("L", (640, 480), 255)
    frame.paste(symbol("Code128", "SN-0042"), (10, 60))

    def stream(count: int) -> Iterator[str | Code]:
        from hardware.decode import Gray

        return sights(Gray(frame.tobytes(), 640, 480) for _ in range(count))

    assert [each for each in stream(7) if isinstance(each, Code)] == []
    assert [each.text for each in stream(8) if isinstance(each, Code)] == ["SN-0042"]


def test_the_setting_is_understood_or_refused() -> None:
    assert parse("v4l2:/dev/video0") == Source("v4l2", "/dev/video0", 640, 480, "YUYV")
    assert parse("v4l2:/dev/video2@1280x720:GREY") == Source("v4l2", "/dev/video2", 1280, 720, "GREY")
    assert parse("run:ffmpeg -i a@b.mp4 -f rawvideo -@640x480:NV12").where == "ffmpeg -i a@b.mp4 -f rawvideo -"
    for wrong in ("", "webcam", "v4l2:", "run:'", "dir", "file:a@640x480:H264", "file:a@641x480", "pipe:a@9000x480"):
        with pytest.raises(SettingsRefused, match="camera is v4l2"):
            parse(wrong)


def test_the_default_program_is_asked_for_the_form_of_the_setting() -> None:
    command = camera._command(parse("v4l2:/dev/video1@800x600:GREY"))
    assert command == [
        "v4l2-ctl", "-d", "/dev/video1", "--set-fmt-video=width=800,height=600,pixelformat=GREY",
        "--stream-mmap", "--stream-to=-",
    ]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_state_has_its_sentence(lang: str) -> None:
    states = ("starting", "looking", "hold", "closer", "light", "died", "stalled", "absent", "nothing")
    assert all(say(lang, f"camera.{state}") for state in states)
    assert set(states) <= set(table("camera"))
