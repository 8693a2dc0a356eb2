"""Each part of the handheld is fine, not there, or the one thing to do: for `watchbook doctor` and the support file.

It looks and tries, and changes nothing but a file of its own that it takes away again. Absent parts are no fault:
a handheld without Bluetooth, camera or battery does its work.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct

from app.errors import OfficeAway, OfficeRefused, WatchbookError
from app.logbook.journal import has_book
from app.logbook.reader import Reader
from app.settings import Settings, screen_encoding, shows_chinese, strangers
from app.text import clean
from app.version import VERSION
from app.words import say
from hardware import feel, lights
from hardware.clock import SystemClock
from hardware.power import LOW, battery
from sync import standing

State = Literal["ok", "absent", "todo"]
LISTEN_S: Final = 4.0
LITTLE_MB: Final = 50
"""Under this the next shifts would soon have no room."""
OFF_S: Final = 60
EARLIEST: Final = 2026
"""No handheld was set before: an earlier year is a clock that lost its battery."""
SMALLEST: Final = (40, 20)


class Part(Struct, frozen=True):
    """What was found of one part."""

    part: str
    state: State
    key: str
    """The sentence, of app.words."""
    fields: dict[str, Any] = {}

    def says(self, lang: str) -> str:
        return say(lang, self.key, **self.fields)


def look(settings: Settings, *, running: bool = False) -> Iterator[Part]:
    """Each part in turn, told as soon as it was looked at; the slow ones take some seconds.

    `running`: the terminal has the office's line, radio, scanners, camera and buttons in use; they are left alone.
    """
    book = _book(settings)
    yield book
    yield _disk(settings.data_dir)
    clock = SystemClock(standing.load(settings.data_dir).off)
    office = None if running else _office(settings, clock)
    yield _clock(clock)
    if office is not None:
        yield office
        yield asyncio.run(_radio(settings))
        yield from _scanners(settings)
        yield _camera(settings)
        yield from _side_keys(settings)
    yield from _unknown_settings(settings)
    yield _terminal()
    yield _battery()
    yield _feel(settings.lang)
    yield _program(settings.lang)


def _camera(settings: Settings) -> Part:
    if settings.camera is None:
        return Part("camera", "absent", "doctor.camera_none")
    from hardware.camera import CameraFault, glimpse, parse

    try:
        size = glimpse(parse(settings.camera))
    except CameraFault as fault:
        return Part("camera", "todo", str(fault))
    except WatchbookError as error:
        return Part("camera", "todo", error.key, error.fields)
    if size is None:
        return Part("camera", "todo", "camera.stalled")
    return Part("camera", "ok", "doctor.camera_sees", {"width": size[0], "height": size[1]})


def _book(settings: Settings) -> Part:
    try:
        if not has_book(settings.data_dir):
            return Part("book", "todo", "doctor.book_none")
        reader = Reader(settings.data_dir)
    except (WatchbookError, OSError) as e:
        return Part("book", "todo", "doctor.book_unread", {"why": why_of(settings.lang, e)})
    if reader.opening.damage:
        return Part("book", "todo", "doctor.book_damaged", {"n": len(reader.opening.damage)})
    return Part("book", "ok", "doctor.book_whole", {"n": reader.head.seq, "q": reader.unsent})


def why_of(lang: str, error: Exception) -> str:
    if isinstance(error, WatchbookError):
        return error.say(lang)
    return clean(getattr(error, "strerror", None) or type(error).__name__, 100)


def _disk(folder: Path) -> Part:
    """Space, and whether a byte reaches the disk."""
    there = next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))
    free = shutil.disk_usage(there).free // 2**20
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"watchbook")
            file.flush()
            os.fsync(file.fileno())
    except OSError as e:
        return Part("disk", "todo", "doctor.disk_refused", {"why": why_of("en", e)})
    state: State = "todo" if free < LITTLE_MB else "ok"
    return Part("disk", state, "doctor.disk_low" if state == "todo" else "doctor.disk_free", {"mb": free})


def _clock(clock: SystemClock) -> Part:
    """`clock.off` is what the office just told, or told last."""
    now = clock.now()
    local = datetime.fromtimestamp(now.at / 1000).astimezone()
    if local.year < EARLIEST:
        return Part("clock", "todo", "doctor.clock_unset", {"time": f"{local:%Y-%m-%d %H:%M}"})
    if now.off is None:
        return Part("clock", "ok", "doctor.clock_alone", {"time": f"{local:%Y-%m-%d %H:%M}"})
    off = now.off / 1000
    state: State = "ok" if abs(off) <= OFF_S else "todo"
    return Part("clock", state, "doctor.clock_off" if state == "todo" else "doctor.clock_office", {"s": f"{off:+.1f}"})


def _office(settings: Settings, clock: SystemClock) -> Part:
    """Whether it answers, and is the one whose key was pinned; sets `clock.off` when it does."""
    from app.logbook.keys import PrivateIdentity
    from sync.client import Client

    try:
        reader = Reader(settings.data_dir)
        office = reader.office
    except (WatchbookError, OSError):
        office = None
    if office is None:
        return Part("office", "todo", "doctor.office_none")
    identity = PrivateIdentity(settings.data_dir / "keys" / "identity.key")
    client = Client(
        office.office,
        book=reader.book,
        identity=identity,
        server_key=bytes.fromhex(office.server_key),
        clock=clock,
    )
    try:
        client.hello()
    except (OfficeAway, OfficeRefused) as e:
        return Part("office", "todo", e.key, e.fields)
    finally:
        client.close()
    if client.offset is not None:
        clock.set_off(client.offset)
    return Part("office", "ok", "doctor.office_there")


async def _radio(settings: Settings) -> Part:
    """What a few seconds of listening bring: devices, or the fault that lasts."""
    from hardware.ble import NONE, radio
    from hardware.tags import Advert

    if settings.feed:
        return Part("radio", "todo", "doctor.radio_fed", {"feed": clean(settings.feed, 200)})
    heard: set[str] = set()
    fault: str | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_S):
            async for item in radio(settings.adapter, SystemClock()).hear():
                if isinstance(item, Advert):
                    heard.add(item.address)
                elif (fault := item.fault) == NONE:
                    break
    if fault == NONE:
        return Part("radio", "absent", "doctor.radio_none")
    if fault is not None:
        return Part("radio", "todo", fault)
    return Part("radio", "ok", "doctor.radio_hears", {"n": len(heard), "s": round(LISTEN_S)})


def _scanners(settings: Settings) -> Iterator[Part]:
    """Each that has a line of its own; one that types like a keyboard cannot be asked."""
    from hardware.scanners import WEDGE, scanners

    yield from _typing(settings)
    own = [part.strip() for part in (settings.scanner or WEDGE).split(",") if part.strip() != WEDGE]
    try:
        found = scanners(settings.scanner, SystemClock())
    except WatchbookError as error:
        yield Part("scanner", "todo", error.key, error.fields)
        return
    for name, scanner in zip(own, found, strict=True):
        fault = scanner.check()
        yield Part("scanner", "todo", fault) if fault else Part("scanner", "ok", "doctor.scanner_there", {"name": name})
    if not own:
        yield Part("scanner", "ok", "doctor.scanner_wedge")


def _typing(settings: Settings) -> Iterator[Part]:
    """What is set of how a scanner types and cannot be: each by itself, for one may hide another."""
    from hardware.scanner import wedge

    for name in ("scan_prefix", "scan_suffix", "scan_gap_ms"):
        try:
            wedge(**{name.removeprefix("scan_"): getattr(settings, name) or ""})
        except WatchbookError as error:
            yield Part("scanner", "todo", error.key, error.fields)


def _side_keys(settings: Settings) -> Iterator[Part]:
    """The buttons beside the keypad: a part only where some are set."""
    if settings.side_keys is None:
        return
    from hardware.side_keys import parse

    try:
        found = parse(settings.side_keys)
    except WatchbookError as error:
        yield Part("keys", "todo", error.key, error.fields)
        return
    lost = [device for device in dict.fromkeys(key.device for key in found) if not os.access(device, os.R_OK)]
    for device in lost:
        gone = "doctor.key_denied" if Path(device).exists() else "doctor.key_absent"
        yield Part("keys", "todo", gone, {"device": clean(device, 200)})
    if not lost:
        yield Part("keys", "ok", "doctor.keys_there", {"n": len(found)})


def _unknown_settings(settings: Settings) -> Iterator[Part]:
    for name in strangers(settings.data_dir):
        yield Part("settings", "todo", "doctor.setting_unknown", {"name": clean(name, 40)})


def _terminal() -> Part:
    if not sys.stdout.isatty():
        return Part("terminal", "absent", "doctor.terminal_none")
    columns, rows = shutil.get_terminal_size()
    size = {"columns": columns, "rows": rows}
    if columns < SMALLEST[0] or rows < SMALLEST[1]:
        return Part("terminal", "todo", "doctor.terminal_small", size)
    if not shows_chinese(os.environ, screen_encoding()):
        return Part("terminal", "todo", "doctor.terminal_english", size)
    return Part("terminal", "ok", "doctor.terminal_fits", size)


def _battery() -> Part:
    found = battery()
    if found is None:
        return Part("battery", "absent", "doctor.battery_none")
    percent = {"percent": found.percent}
    if found.charging:
        return Part("battery", "ok", "doctor.battery_charging", percent)
    if found.percent <= LOW:
        return Part("battery", "todo", "doctor.battery_low", percent)
    return Part("battery", "ok", "doctor.battery_level", percent)


def _program(lang: str) -> Part:
    """Whether updates come to this program, and what became of the last one."""
    from sync.installing import place_of, told_at

    place = place_of()
    if place is None:
        return Part("program", "absent", "doctor.program_alone", {"version": VERSION})
    said = told_at(place).said
    words = {"version": place.version, "said": say(lang, said) if said else ""}
    return Part("program", "ok", "doctor.program_said" if said else "doctor.program_managed", words)


_FEELS: Final[tuple[tuple[str, Callable[[], object]], ...]] = (
    ("has_backlight", lights.backlight),
    ("has_torch", lights.torch),
    ("has_indicator", lambda: lights.indicator("green") or lights.indicator("red")),
    ("has_vibration", feel.vibration),
    ("has_tone", feel.tone),
)


def _feel(lang: str) -> Part:
    there = [say(lang, f"doctor.{name}") for name, find in _FEELS if find() is not None]
    if not there:
        return Part("feel", "absent", "doctor.feel_none")
    return Part("feel", "ok", "doctor.feel_has", {"parts": " ".join(there)})
