"""Opens the terminal: settings, book, radio and office put together into the screens' gear."""

import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, closing, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.duties.site import NO_TEXT, Credentials, People, Plan, Site
from app.errors import WatchbookError
from app.logbook.book import Logbook
from app.pages import Pages, pages_of, plan_of
from app.ports import Buzzer, Clock, Heard, Hush, TagReader
from app.settings import Settings, keep, load, screen_encoding, shown_lang, shows_chinese
from app.usage import DAMAGED, asked_lang, exit_code
from app.version import is_released
from app.watch import Watch
from app.words import say
from screens.office_line import OfficeLine
from screens.platform import launch
from sync import standing

if TYPE_CHECKING:
    from hardware.camera import Camera
    from hardware.feel import Pulse
    from hardware.lights import Backlight, Light, Torch
    from hardware.side_keys import SideKey
    from screens.gear import Gear
    from screens.renewal import Renewal
    from sync.invited import Invited

LOG_BYTES: Final = 256 * 1024
ZONE: Final = "Asia/Shanghai"
"""Of the clock on the screen before any plan came."""


def main(flags: Mapping[str, Any]) -> int:
    """`watchbook run`. Returns the exit code of the contract; trouble is one sentence on stderr."""
    launch.prepare_environment()
    settings = None
    try:
        settings = load(flags)
        settings = msgspec.structs.replace(settings, lang=shown_lang(settings.lang, os.environ, screen_encoding()))
        launch.require_terminal(settings.lang)
        code = _run(settings, flags)
        from screens.gear import AGAIN  # loaded by now

        if code == AGAIN:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same program, the same words
        return code
    except WatchbookError as e:
        print(e.say(settings.lang if settings else asked_lang(sys.argv[1:])), file=sys.stderr)
        return exit_code(e)


def _run(settings: Settings, flags: Mapping[str, Any]) -> int:
    from hardware.clock import SystemClock

    clock = SystemClock(standing.load(settings.data_dir).off)
    with ExitStack() as stack:
        logbook = stack.enter_context(closing(Logbook.open(settings.data_dir, clock)))
        set_now = partial(_settings_now, flags, logbook)
        settings = set_now()
        office, first = None, not _equipped(logbook)
        if logbook.office is not None and not first:
            office = OfficeLine(logbook, clock, on_offset=clock.set_off)
            stack.callback(office.stop)
        radio, renewal = reader(settings, clock, logbook), _renewal(settings, logbook, clock)
        gear = gear_of(settings, logbook, clock, radio, office, first=first, set_now=set_now)
        gear = msgspec.structs.replace(gear, invited=lambda: _invited(logbook, clock))
        code = open_terminal(gear, logbook, clock, office, renewal)
        damage = logbook.opening.damage
        if damage:
            print(say(settings.lang, "cli.damage", count=len(damage)), file=sys.stderr)
            return code or DAMAGED
        return code


def gear_of(
    settings: Settings,
    logbook: Logbook,
    clock: Clock,
    radio: TagReader,
    office: OfficeLine | None,
    *,
    first: bool = False,
    set_now: Callable[[], Settings] | None = None,
) -> "Gear":
    """What the screens have of this handheld. `set_now` gives the settings anew, where an office sets them."""
    _log_to(settings.data_dir / "terminal.log")

    from hardware.power import battery
    from hardware.scanner import wedge
    from hardware.scanners import plugged, scanners
    from screens.gear import Gear
    from screens.tuned import parts_of
    from sync.sheets import StickSheets

    pages = _nothing_sent() if first else pages_of(logbook, clock.now().at)
    for kind in pages.unread:
        print(say(settings.lang, "cli.page_older", kind=kind), file=sys.stderr)
    watch = Watch(logbook, pages, clock, settings.lang)
    parts = _Parts(watch)
    return Gear(
        watch=watch,
        radio=radio,
        office=office,
        buzzer=parts,
        up=lambda: clock.now().up,
        scanners=scanners(settings.scanner, clock),
        plugged=plugged,
        scanner_at=partial(scanners, clock=clock),
        camera=_camera(settings.camera, clock),
        photo=_camera(settings.photo or settings.camera, clock),
        pictures=settings.data_dir / "photos",
        sheets=StickSheets(logbook, clock, settings.data_dir / "stick"),
        wedge=wedge(settings.scan_prefix or "", settings.scan_suffix or "", settings.scan_gap_ms or ""),
        lang=settings.lang,
        english_only=not shows_chinese(os.environ, screen_encoding()),
        blocks=launch.console_draws_blocks(os.environ, screen_encoding()),
        theme=settings.theme or ("night" if _is_quiet(watch) else "day"),
        letters=settings.letters,
        battery=battery,
        hush=parts.hush,
        dim=parts.dim,
        torch=parts.switch_torch,
        side_keys=_side_keys(settings),
        settings_now=set_now,
        parts=parts_of(settings),
        remember=lambda name, value: keep(settings.data_dir, name, value, watch.tuning.own().get(name, "")),
        support=lambda: _support(set_now() if set_now else settings, watch),
        ready=launch.ready,
        first=first,
    )


def open_terminal(
    gear: "Gear", logbook: Logbook, clock: Clock, office: OfficeLine | None, renewal: "Renewal | None" = None
) -> int:
    """Run the screens until somebody leaves; the exit code."""
    from screens.terminal import Terminal

    watch = gear.watch
    if renewal is not None:
        gear = msgspec.structs.replace(gear, ready=renewal.ready)
    terminal = Terminal(gear)
    if office is not None:
        office.pages_came = lambda: _take_pages(watch, logbook, clock)
        office.revision, office.radio = lambda: watch.plan.revision, lambda: watch.radio_fault
        office.parts_wait = lambda: terminal.following.begins_anew
        watch.when_recorded(office.recorded)
    if renewal is not None:
        renewal.attend(terminal, office)
    try:
        return terminal.run() or 0
    finally:
        if renewal is not None:
            renewal.stop()
        watch.close()


def _support(settings: Settings, watch: Watch) -> str:
    from sync.support import onto_stick  # with doctor, once somebody asks for it: memory

    return onto_stick(settings, watch.radio_fault)


def _settings_now(flags: Mapping[str, Any], logbook: Logbook) -> Settings:
    """With what the office set, and a language that the console can show."""
    from screens.tuned import in_force  # with Textual, which trouble before the screens need not wait for

    settings = in_force(flags, logbook)
    return msgspec.structs.replace(settings, lang=shown_lang(settings.lang, os.environ, screen_encoding()))


def _renewal(settings: Settings, logbook: Logbook, clock: Clock) -> "Renewal | None":
    """Only of a program that was installed from a release: nothing of it is loaded for any other."""
    if not is_released():
        return None
    from screens.renewal import renewal_of

    return renewal_of(settings.data_dir, logbook, clock)


def _equipped(logbook: Logbook) -> bool:
    """Whether an office has sent what a crew needs to sign in."""
    return all(logbook.pages(kind) for kind in ("plan", "people", "credentials"))


def _nothing_sent() -> Pages:
    """What stands in for an office's pages before there are any."""
    return Pages(Plan(Site("", NO_TEXT, ZONE), 0, ""), People(()), Credentials("", {}, {}))


def _invited(logbook: Logbook, clock: Clock) -> "Invited":
    from sync.invited import Invited

    return Invited(logbook, clock)


class _LogFile(logging.FileHandler):
    """A disk that takes no log must not take the screen as well."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Standard error is the screen: nothing is said there."""


def _log_to(path: Path) -> None:
    """Warnings and faults go to a file: on the terminal they would be drawn across the screen."""
    with suppress(OSError):
        if path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.old"))
    handler = _LogFile(path, delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler, _Faults(path.parent)], level=logging.WARNING, force=True)


class _Faults(logging.Handler):
    """What of a fault may leave the handheld, beside the log that stays on it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def emit(self, record: logging.LogRecord) -> None:
        from app.faultlog import keep as keep_fault  # once something went wrong

        with suppress(OSError):
            keep_fault(self._folder, record)


def reader(settings: Settings, clock: Clock, logbook: Logbook) -> TagReader:
    """The radio the settings ask for: a feed, Bluetooth at the pace of the plan, or none."""
    if settings.feed == "-":
        raise WatchbookError("cli.feed_screen")
    if settings.feed:
        from hardware.replay import FeedReader

        return FeedReader(settings.feed, clock)

    def made() -> TagReader:
        from hardware.ble import Pace, pace_of, radio

        def pace() -> Pace:
            with suppress(WatchbookError):
                plan = plan_of(logbook, clock.now().at)
                return pace_of(plan.settings) if plan else Pace()
            return Pace()

        return radio(settings.adapter, clock, pace)

    return _Radio(made)


class _Radio:
    """The handheld's radio, made when somebody listens."""

    always: Final = False

    def __init__(self, make: Callable[[], TagReader]) -> None:
        self._make = make
        self._made: TagReader | None = None

    def poke(self) -> None:
        if self._made is not None:
            self._made.poke()

    def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncIterator[Heard]:
        self._made = self._made or self._make()
        return self._made.listen(wanted)


def _take_pages(watch: Watch, logbook: Logbook, clock: Clock) -> None:
    """Use what the office sent; when nothing of it can be read, what is in use stays in use."""
    with suppress(WatchbookError):
        watch.take_pages(pages_of(logbook, clock.now().at))


def _camera(source: str | None, clock: Clock) -> "Camera | None":
    if source is None:
        return None
    from hardware.camera import Camera, parse

    return Camera(parse(source), clock)


def _side_keys(settings: Settings) -> "tuple[SideKey, ...]":
    if settings.side_keys is None:
        return ()
    from hardware.side_keys import parse

    return parse(settings.side_keys)


class _Parts:
    """The handheld's lights and signals. Each is looked for when it is first wanted: the first screen wants none."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def dim(self, low: bool) -> None:
        if self._screen is not None:
            if low:
                self._screen.dim()
            else:
                self._screen.restore()

    def switch_torch(self) -> bool:
        return self._torch is not None and self._torch.switch()

    def signal(self, kind: str) -> None:
        self._signals.signal(kind)

    @cached_property
    def _screen(self) -> "Backlight | None":
        from hardware.lights import Backlight, backlight

        light = backlight()
        return Backlight(light) if light else None

    @cached_property
    def _torch(self) -> "Torch | None":
        from hardware.lights import Torch, torch

        light = torch()
        return Torch(light) if light else None

    def hush(self) -> Hush:
        """What is left of a signal in the quiet hours."""
        return "buzz" if self._motor else "light" if any(self._lamps) else "hush"

    @cached_property
    def _motor(self) -> "Pulse | None":
        from hardware.feel import vibration

        return vibration()

    @cached_property
    def _lamps(self) -> "tuple[Light | None, Light | None]":
        from hardware.lights import indicator

        return indicator("green"), indicator("red")

    @cached_property
    def _signals(self) -> Buzzer:
        return _buzzer(self._watch, self._motor, self._lamps)


def _buzzer(watch: Watch, motor: "Pulse | None", lamps: "tuple[Light | None, Light | None]") -> Buzzer:
    """The bell, or the sounder where there is one; by night the motor instead; and the indicator at all hours."""
    from hardware.buzzer import TerminalBuzzer
    from hardware.feel import Indicator, Pulses, Together, tone

    def write(sound: str) -> None:
        os.write(1, sound.encode("ascii"))  # where the driver draws; a terminal takes each write whole

    def quiet() -> bool:
        return _is_quiet(watch)

    sounder = tone()
    bell = TerminalBuzzer(write, quiet, console=os.environ.get("TERM") == "linux")
    sound = Pulses(sounder, quiet) if sounder else bell
    felt = [Pulses(motor, lambda: not quiet())] if motor else []
    return Together(sound, *felt, Indicator(*lamps))


def _is_quiet(watch: Watch) -> bool:
    """Whether the plan wants it dark and silent now."""
    from app.duties.days import quiet_now

    settings = watch.plan.settings
    return quiet_now(watch.now().time(), settings.quiet_from, settings.quiet_to)
