"""The camera: frames from a child process, a pipe, a file or a folder, and the first code seen in them.

The setting `camera` says where from, how large, and in which form of pixels:

    v4l2:/dev/video0@640x480:YUYV       v4l2-ctl reads the device and writes raw frames to a pipe
    run:COMMAND ...@640x480:GREY        any other program that does
    pipe:/run/camera@640x480:NV12       a FIFO that somebody else writes
    file:clip.yuyv@640x480:YUYV         a recording
    dir:/var/snapshots                  pictures, as they come

Forms: GREY, YUYV, NV12, I420, MJPG. Neither numpy nor Pillow is loaded but for MJPG and dir.
"""

import asyncio
import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Condition, Event, Lock, Thread, Timer
from typing import Final

from msgspec import Struct

from app.ports import Clock, Scan
from app.settings import SettingsRefused
from hardware.decode import Code, Gray, look

LIMIT_S: Final = 20.0
"""For one scan: the sensor eats battery."""
FIRST_S: Final = 4.0
"""Until the first frame: a sensor needs a second or two to wake up."""
STALL_S: Final = 1.5
"""Between two frames."""
SETTLE_S: Final = 0.8
"""Of frames before the one that becomes a photograph: exposure and colours are right then."""
HELP_S: Final = 1.0
"""So long a hint stands, though the next frames do not show why: each is looked at another way."""
LOOK_S: Final = 0.1
"""So often it is asked whether somebody has had enough, and a folder looked at again."""
READ: Final = 256 * 1024
MOST_SIDE: Final = 4096
MAX_JPEG: Final = 16 * 2**20
SHARES: Final = {"GREY": (1, 1), "YUYV": (2, 1), "NV12": (3, 2), "I420": (3, 2)}
"""Bytes of a pixel, as a fraction (kernel documentation of V4L2's pixel formats)."""
JPEG: Final = "MJPG"
_SIZE: Final = re.compile(r"@([0-9]{2,4})x([0-9]{2,4})(?::([A-Z0-9]{4}))?$", re.ASCII)


class Source(Struct, frozen=True):
    """Where frames come from."""

    kind: str
    where: str
    width: int = 640
    height: int = 480
    form: str = "YUYV"

    @property
    def frame_bytes(self) -> int:
        many, over = SHARES[self.form]
        return self.width * self.height * many // over


class CameraState(Struct, frozen=True):
    """How the scan goes, as the catalogue key of a sentence; after a `fault` nothing more comes."""

    says: str
    fault: bool = False


class CameraFault(Exception):
    """What is wrong, as the catalogue key of a sentence."""


def parse(text: str) -> Source:
    """The setting. Raises SettingsRefused."""
    kind, _, rest = text.strip().partition(":")
    size = _SIZE.search(rest)
    where = rest[: size.start()] if size else rest
    source = Source(kind, where)
    if size:
        source = Source(kind, where, int(size[1]), int(size[2]), size[3] or "YUYV")
    even = source.width % 2 == 0 and source.height % 2 == 0
    known = kind in ("v4l2", "run", "pipe", "file", "dir") and source.form in (*SHARES, JPEG)
    if not (where and known and even and max(source.width, source.height) <= MOST_SIDE and _command(source) != []):
        raise SettingsRefused("camera.bad_setting", text=text[:80])
    return source


class Camera:
    """One scan at a time; between them nothing runs and the device is free."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._device = Lock()
        """A scan begun again at once waits until the one before has let the device go."""

    async def scan(self, limit_s: float = LIMIT_S) -> AsyncGenerator[Scan | CameraState, None]:
        """Hints while it looks, then the first code, or a fault, or nothing when the time is over."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Scan | CameraState | None] = asyncio.Queue()
        stop = Event()

        def tell(item: Scan | CameraState | None) -> None:
            loop.call_soon_threadsafe(told.put_nowait, item)

        watching = loop.run_in_executor(None, self._watch, stop, tell)
        over = loop.call_later(limit_s, stop.set)
        try:
            yield CameraState("camera.starting")
            while (item := await told.get()) is not None:
                yield item
        finally:
            over.cancel()
            stop.set()
            await watching

    @property
    def folder(self) -> Path | None:
        """Where pictures come from that another program takes; None of a camera that is read."""
        return Path(self._source.where) if self._source.kind == "dir" else None

    @property
    def source(self) -> Source:
        return self._source

    async def still(self) -> bytes:
        """One frame as the source sends it, once the sensor has found its light: pixels of its form, or a JPEG.

        Takes a second, or FIRST_S when nothing comes. Raises CameraFault.
        """
        stop = Event()
        try:
            return await asyncio.to_thread(self._still, stop)
        finally:
            stop.set()

    def _still(self, stop: Event) -> bytes:
        newest, first = b"", 0.0
        with self._device, closing(_pieces(self._source, stop)) as stream:
            for piece in stream:
                newest, first = piece, first or time.monotonic()
                if time.monotonic() - first >= SETTLE_S:
                    break
        if not newest:
            raise CameraFault("camera.absent")
        return newest

    def _watch(self, stop: Event, tell: Callable[[Scan | CameraState | None], None]) -> None:
        """In a thread of its own: the decoder lets the event loop run meanwhile."""
        said, helped = "", 0.0
        try:
            with self._device, closing(sights(frames(self._source, stop))) as seen:
                for found in seen:
                    if isinstance(found, Code):
                        tell(Scan(found.text, self._clock.now().up, found.health, "camera"))
                        return
                    now = time.monotonic()
                    if found != "camera.looking":
                        helped = now
                    if found != said and (found != "camera.looking" or now - helped > HELP_S):
                        tell(CameraState(said := found))
        except CameraFault as fault:
            tell(CameraState(str(fault), fault=True))
        finally:
            tell(None)


def sights(stream: Generator[Gray, None, None]) -> Generator[str | Code, None, None]:
    """Every code of every frame, else what would help. Ends the stream with itself. Raises CameraFault.

    Text from bars counts when two frames show it: a single one may be a fence.
    """
    bars: set[str] = set()
    with closing(stream):
        for number, gray in enumerate(stream):
            seen = look(gray, number)
            sure = [code for code in seen.codes if not code.linear or code.text in bars]
            bars |= {code.text for code in seen.codes if code.linear}
            yield from sure or ("camera.hold" if seen.codes else seen.hint,)


def frames(source: Source, stop: Event, *, every: bool = False) -> Generator[Gray, None, None]:
    """Frame after frame until the source ends or `stop`. Raises CameraFault when it is not there, dies or stalls.

    Of a live source those that come while nobody takes them are dropped, unless `every` one is wanted and it can wait.
    """
    if source.kind == "dir":
        yield from _snapshots(Path(source.where), stop)
        return
    live = source.kind != "file"
    with closing(_pieces(source, stop)) as pieces:
        stream = _frames(source, pieces)
        yield from _newest(stream, stop) if live and not every else stream
    if live and not stop.is_set():
        raise CameraFault("camera.died")


def glimpse(source: Source) -> tuple[int, int] | None:
    """Width and height of a first frame; None when none comes, of a folder where no picture stands yet.

    Takes some five seconds at most. Raises CameraFault.
    """
    stop = Event()
    over = Timer(FIRST_S, stop.set)
    over.start()
    try:
        with closing(frames(source, stop)) as stream:
            seen = next(stream, None)
    finally:
        over.cancel()
    return (seen.width, seen.height) if seen else None


# -- bytes ----------------------------------------------------------------------------------------
def _command(source: Source) -> list[str] | None:
    """What the child process is; empty for a command that is none, None where there is no child."""
    if source.kind == "run":
        with suppress(ValueError):
            return shlex.split(source.where)
        return []
    if source.kind != "v4l2":
        return None
    form = f"width={source.width},height={source.height},pixelformat={source.form}"
    return ["v4l2-ctl", "-d", source.where, f"--set-fmt-video={form}", "--stream-mmap", "--stream-to=-"]


@contextmanager
def _child(source: Source) -> Iterator[int]:
    """The child's output. It stands in a group of its own, which is ended with it: whatever it started lets go too.

    Should this program be killed, the next frame finds no reader and ends the child (SIGPIPE).
    """
    command = _command(source) or []
    try:
        child = subprocess.Popen(  # noqa: S603 - the fitter's own setting
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as e:
        raise CameraFault("camera.absent") from e
    assert child.stdout is not None
    with closing(child.stdout):
        try:
            yield child.stdout.fileno()
        finally:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    for number, patience_s in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 2.0)):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(patience_s)
            break
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # what outlived its leader


@contextmanager
def _opened(where: str) -> Iterator[int]:
    try:
        fd = os.open(where, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as e:
        raise CameraFault("camera.absent") from e
    try:
        yield fd
    finally:
        os.close(fd)


def _bytes_of(fd: int, stop: Event, ends: bool = True) -> Iterator[bytes]:
    """What comes, until `stop` or the end. A FIFO that nobody writes yet only looks ended: that is waited for.

    Raises CameraFault when nothing comes.
    """
    heard, begun = time.monotonic(), False
    while not stop.is_set():
        if time.monotonic() - heard > (STALL_S if begun else FIRST_S):
            raise CameraFault("camera.stalled")
        if not select.select([fd], [], [], LOOK_S)[0]:
            continue
        try:
            some = os.read(fd, READ)
        except BlockingIOError:
            continue
        except OSError as e:
            raise CameraFault("camera.died") from e
        if some:
            heard, begun = time.monotonic(), True
            yield some
        elif ends and not begun:
            raise CameraFault("camera.absent")
        elif ends or begun:
            return
        else:
            stop.wait(LOOK_S)


# -- frames ---------------------------------------------------------------------------------------
def _pieces(source: Source, stop: Event) -> Generator[bytes, None, None]:
    """Frames as they are sent: pixels of the source's form, or whole JPEGs. Raises CameraFault."""
    with _child(source) if source.kind in ("v4l2", "run") else _opened(source.where) as fd:
        stream = _bytes_of(fd, stop, ends=source.kind != "pipe")
        yield from _jpegs(stream) if source.form == JPEG else _pixels(source, stream)


def _frames(source: Source, pieces: Iterator[bytes]) -> Iterator[Gray]:
    if source.form == JPEG:
        from hardware.pictures import jpeg_gray

        since = time.monotonic()
        for gray in map(jpeg_gray, pieces):
            if gray is not None:
                yield gray
                since = time.monotonic()
            _must_be_frames(since)
        return
    count = source.width * source.height
    for frame in pieces:
        yield Gray(frame[::2] if source.form == "YUYV" else frame[:count], source.width, source.height)


def _pixels(source: Source, stream: Iterator[bytes]) -> Iterator[bytes]:
    held, since = bytearray(), time.monotonic()
    for some in stream:
        held += some
        while len(held) >= source.frame_bytes:
            frame = bytes(held[: source.frame_bytes])
            del held[: source.frame_bytes]
            yield frame
            since = time.monotonic()
        _must_be_frames(since)


def _jpegs(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Pictures from their first mark to their last (JPEG B.1.1.3); between those no FF D9 stands."""
    held, since = bytearray(), time.monotonic()
    for some in stream:
        held += some
        while (begin := held.find(b"\xff\xd8\xff")) >= 0 and (end := held.find(b"\xff\xd9", begin)) >= 0:
            picture = bytes(held[begin : end + 2])
            del held[: end + 2]
            yield picture
            since = time.monotonic()
        _must_be_frames(since)
        if len(held) > MAX_JPEG:
            held.clear()


def _must_be_frames(since: float) -> None:
    """Bytes that never make a frame are of another form than the setting says. Raises CameraFault."""
    if time.monotonic() - since > FIRST_S:
        raise CameraFault("camera.stalled")


def _snapshots(folder: Path, stop: Event) -> Iterator[Gray]:
    """The pictures of a folder by name, and those that come later or change; what cannot be read is passed over."""
    from hardware.pictures import SUFFIXES, PictureRefused, grays, picture_bytes

    if not folder.is_dir():
        raise CameraFault("camera.absent")
    done: dict[str, tuple[int, int]] = {}
    while not stop.is_set():
        try:
            with os.scandir(folder) as listed:
                found = sorted((each for each in listed if Path(each.name).suffix.lower() in SUFFIXES), key=_name)
        except OSError as e:
            raise CameraFault("camera.died") from e
        for each in found:
            when = _written(each)
            if when is not None and done.get(each.name) != when and not stop.is_set():
                done[each.name] = when
                with suppress(PictureRefused):
                    yield from grays(picture_bytes(Path(each.path)))
        stop.wait(LOOK_S)


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _written(entry: os.DirEntry[str]) -> tuple[int, int] | None:
    """When it was written, and its size; None when it has just been taken away again."""
    try:
        about = entry.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size


def _newest(stream: Iterator[Gray], stop: Event) -> Generator[Gray, None, None]:
    """Only the newest frame each time one is asked for. What the stream raises is raised here."""
    ready = Condition()
    waiting: list[Gray | CameraFault | None] = []

    def take() -> None:
        end: CameraFault | None = None
        try:
            for gray in stream:
                with ready:
                    waiting[:] = [gray]
                    ready.notify()
        except CameraFault as fault:
            end = fault
        finally:
            with ready:
                waiting.append(end)
                ready.notify()

    taking = Thread(target=take, name="camera", daemon=True)
    taking.start()
    try:
        while True:
            with ready:
                ready.wait_for(lambda: waiting)
                item = waiting.pop(0)
            if isinstance(item, CameraFault):
                raise item
            if item is None:
                return
            yield item
    except GeneratorExit:
        stop.set()
        raise
    finally:
        taking.join()
