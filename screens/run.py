"""Opens the terminal: settings, book, radio and office put together into the screens' gear."""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.errors import WatchbookError
from app.logbook.book import Logbook
from app.pages import pages_of, plan_of
from app.ports import Buzzer, Clock, TagReader
from app.settings import Settings, keep, load
from app.usage import DAMAGED, asked_lang, exit_code
from app.watch import Watch
from app.words import say
from screens.office_line import OfficeLine
from screens.platform import launch
from sync import standing

if TYPE_CHECKING:
    from hardware.camera import Camera
    from hardware.side_keys import SideKey

LOG_BYTES: Final = 256 * 1024


def main(flags: Mapping[str, Any]) -> int:
    """`watchbook run`. Returns the exit code of the contract; trouble is one sentence on stderr."""
    launch.prepare_environment()
    settings = None
    try:
        settings = load(flags)
        settings = msgspec.structs.replace(settings, lang=launch.shown_lang(settings.lang, os.environ))
        launch.require_terminal(settings.lang)
        return _run(settings)
    except WatchbookError as e:
        print(e.say(settings.lang if settings else asked_lang(sys.argv[1:])), file=sys.stderr)
        return exit_code(e)


def _run(settings: Settings) -> int:
    from hardware.clock import SystemClock

    clock = SystemClock(standing.load(settings.data_dir).off)
    with ExitStack() as stack:
        logbook = stack.enter_context(closing(Logbook.open(settings.data_dir, clock)))
        office = None
        if logbook.office is not None:
            office = OfficeLine(logbook, clock, on_offset=clock.set_off)
            stack.callback(office.stop)
        code = open_terminal(settings, logbook, clock, reader(settings, clock, logbook), office)
        damage = logbook.opening.damage
        if damage:
            print(say(settings.lang, "cli.damage", count=len(damage)), file=sys.stderr)
            return code or DAMAGED
        return code


def open_terminal(
    settings: Settings,
    logbook: Logbook,
    clock: Clock,
    radio: TagReader,
    office: OfficeLine | None,
    *,
    hint: str = "",
    desk: str = "",
) -> int:
    """Run the screens until somebody leaves; the exit code. `hint` and `desk` are for demonstrations, see Gear."""
    _log_to(settings.data_dir / "terminal.log")

    from hardware.power import battery
    from hardware.scanner import wedge
    from hardware.scanners import scanners
    from screens.gear import Gear
    from screens.terminal import Terminal

    pages = pages_of(logbook, clock.now().at)
    for kind in pages.unread:
        print(say(settings.lang, "cli.page_older", kind=kind), file=sys.stderr)
    watch = Watch(logbook, pages, clock, settings.lang)
    gear = Gear(
        watch=watch,
        radio=radio,
        office=office,
        buzzer=_buzzer(watch),
        up=lambda: clock.now().up,
        scanners=scanners(settings.scanner, clock),
        camera=_camera(settings, clock),
        wedge=wedge(settings.scan_prefix or "", settings.scan_suffix or "", settings.scan_gap_ms or ""),
        lang=settings.lang,
        english_only=not launch.console_shows_chinese(os.environ),
        blocks=launch.console_draws_blocks(os.environ, sys.stdout.encoding),
        theme=settings.theme or ("night" if _is_quiet(watch) else "day"),
        battery=battery,
        dim=_dimmer(),
        torch=_torch(),
        side_keys=_side_keys(settings),
        remember=lambda name, value: keep(settings.data_dir, name, value),
        ready=launch.ready,
        hint=hint,
        desk=desk,
    )
    if office is not None:
        office.pages_came = lambda: _take_pages(watch, logbook, clock)
        watch.when_recorded(office.recorded)
    try:
        return Terminal(gear).run() or 0
    finally:
        watch.close()


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
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def reader(settings: Settings, clock: Clock, logbook: Logbook) -> TagReader:
    """The radio the settings ask for: a feed, Bluetooth at the pace of the plan, or none."""
    if settings.feed == "-":
        raise WatchbookError("cli.feed_screen")
    if settings.feed:
        from hardware.replay import FeedReader

        return FeedReader(settings.feed, clock)
    from hardware.ble import Pace, pace_of, radio

    def pace() -> Pace:
        with suppress(WatchbookError):
            plan = plan_of(logbook, clock.now().at)
            return pace_of(plan.settings) if plan else Pace()
        return Pace()

    return radio(settings.adapter, clock, pace)


def _take_pages(watch: Watch, logbook: Logbook, clock: Clock) -> None:
    """Use what the office sent; when nothing of it can be read, what is in use stays in use."""
    with suppress(WatchbookError):
        watch.take_pages(pages_of(logbook, clock.now().at))


def _camera(settings: Settings, clock: Clock) -> "Camera | None":
    if settings.camera is None:
        return None
    from hardware.camera import Camera, parse

    return Camera(parse(settings.camera), clock)


def _side_keys(settings: Settings) -> "tuple[SideKey, ...]":
    if settings.side_keys is None:
        return ()
    from hardware.side_keys import parse

    return parse(settings.side_keys)


def _dimmer() -> Callable[[bool], None]:
    from hardware.lights import Backlight, backlight

    light = backlight()
    if light is None:
        return lambda low: None
    screen = Backlight(light)
    return lambda low: screen.dim() if low else screen.restore()


def _torch() -> Callable[[], bool] | None:
    from hardware.lights import Torch, torch

    light = torch()
    return Torch(light).switch if light else None


def _buzzer(watch: Watch) -> Buzzer:
    """The bell, or the sounder where there is one; by night the motor instead; and the indicator at all hours."""
    from hardware.buzzer import TerminalBuzzer
    from hardware.feel import Indicator, Pulses, Together, tone, vibration
    from hardware.lights import indicator

    def write(sound: str) -> None:
        os.write(1, sound.encode("ascii"))  # where the driver draws; a terminal takes each write whole

    def quiet() -> bool:
        return _is_quiet(watch)

    sounder, motor = tone(), vibration()
    bell = TerminalBuzzer(write, quiet, console=os.environ.get("TERM") == "linux")
    sound = Pulses(sounder, quiet) if sounder else bell
    felt = [Pulses(motor, lambda: not quiet())] if motor else []
    return Together(sound, *felt, Indicator(indicator("green"), indicator("red")))


def _is_quiet(watch: Watch) -> bool:
    """Whether the plan wants it dark and silent now."""
    from app.duties.days import quiet_now

    settings = watch.plan.settings
    return quiet_now(watch.now().time(), settings.quiet_from, settings.quiet_to)
