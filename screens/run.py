"""Opens the terminal: settings, book, radio and office put together into the screens' gear."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.errors import BookInUse, WatchbookError
from app.kinds import urgent
from app.logbook.book import Logbook
from app.pages import pages_of
from app.ports import Buzzer, Clock, TagReader
from app.settings import Settings, keep, load
from app.usage import asked_lang
from app.watch import Watch
from app.words import say
from screens.platform import launch
from sync import standing

if TYPE_CHECKING:
    from screens.gear import Line
    from sync.courier import Courier, CourierState

IN_USE: Final = 3
DAMAGED: Final = 4
LOG_BYTES: Final = 256 * 1024
AFTER_FIRST_SCREEN_S: Final = 1.0
"""The courier begins when the screen stands: its HTTP library and its keys cost 0.2 s to import."""


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
        return IN_USE if isinstance(e, BookInUse) else 1


def _run(settings: Settings) -> int:
    from hardware.clock import SystemClock

    clock = SystemClock(standing.load(settings.data_dir).off)
    with ExitStack() as stack:
        logbook = stack.enter_context(closing(Logbook.open(settings.data_dir, clock)))
        office = None
        if logbook.office is not None:
            office = OfficeLine(logbook, clock, on_offset=clock.set_off)
            stack.callback(office.stop)
        code = open_terminal(settings, logbook, clock, reader(settings, clock), office)
        damage = logbook.opening.damage
        if damage:
            print(say(settings.lang, "cli.damage", count=len(damage)), file=sys.stderr)
        return DAMAGED if damage and code == 0 else code


def open_terminal(
    settings: Settings,
    logbook: Logbook,
    clock: Clock,
    radio: TagReader,
    office: "OfficeLine | None",
    **extra: Any,
) -> int:
    """Run the screens until somebody leaves; the exit code. `extra` goes into the gear."""
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
        lang=settings.lang,
        english_only=not launch.console_shows_chinese(os.environ),
        theme=settings.theme or ("night" if _is_quiet(watch) else "day"),
        battery=battery_percent,
        remember=lambda name, value: keep(settings.data_dir, name, value),
        ready=launch.ready,
        **extra,
    )
    if office is not None:
        office.pages_came = lambda: _take_pages(watch, logbook, clock)
        watch.subscribe(office.recorded)
    try:
        return Terminal(gear).run() or 0
    finally:
        watch.close()


def _log_to(path: Path) -> None:
    """Warnings and faults go to a file: on the terminal they would be drawn across the screen."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.old"))
    handler = logging.FileHandler(path, delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def reader(settings: Settings, clock: Clock) -> TagReader:
    """The radio the settings ask for: a feed, or Bluetooth."""
    if settings.feed == "-":
        raise WatchbookError("cli.feed_screen")
    if settings.feed:
        from hardware.replay import FeedReader

        return FeedReader(settings.feed, clock)
    from hardware.ble import BleReader

    return BleReader(settings.adapter, clock)


def _take_pages(watch: Watch, logbook: Logbook, clock: Clock) -> None:
    """Use what the office sent; when nothing of it can be read, what is in use stays in use."""
    with suppress(WatchbookError):
        watch.take_pages(pages_of(logbook, clock.now().at))


def battery_percent(folder: str = "/sys/class/power_supply") -> int | None:
    """Charge of the first battery the kernel names, or None."""
    try:
        for name in sorted(os.listdir(folder)):
            capacity = os.path.join(folder, name, "capacity")
            if os.path.exists(capacity):
                with open(capacity, encoding="ascii") as file:
                    return int(file.read())
    except (OSError, ValueError):
        return None
    return None


def _buzzer(watch: Watch) -> Buzzer:
    from hardware.buzzer import TerminalBuzzer

    def write(sound: str) -> None:
        os.write(1, sound.encode("ascii"))  # where the driver draws; a terminal takes each write whole

    return TerminalBuzzer(write, lambda: _is_quiet(watch), console=os.environ.get("TERM") == "linux")


def _is_quiet(watch: Watch) -> bool:
    """Whether the plan wants it dark and silent now."""
    from hardware.buzzer import quiet_now

    settings = watch.plan.settings
    return quiet_now(watch.now().time(), settings.quiet_from, settings.quiet_to)


class OfficeLine:
    """The courier as the screens see it: started with the first subscriber, its news brought to their event loop."""

    def __init__(
        self,
        logbook: Logbook,
        clock: Clock,
        *,
        on_offset: Callable[[int], None] = lambda offset: None,
        by_itself: bool = True,
    ) -> None:
        """`by_itself` False waits for `sync_now`: a demonstration stays offline until somebody syncs."""
        self._logbook = logbook
        self._clock = clock
        self._on_offset = on_offset
        self._by_itself = by_itself
        self._courier: Courier | None = None
        self._changed: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cursor = logbook.cursor
        self.pages_came: Callable[[], None] = lambda: None
        """Called on the event loop when the office has sent new pages."""

    @property
    def line(self) -> "Line":
        from screens.gear import Line

        if self._courier is None:
            return Line(reason="sync.waiting")
        state, now = self._courier.state, self._clock.now()
        return Line(
            online=state.online,
            busy=state.busy,
            offline_s=None if state.offline_since is None else max(0, (now.up - state.offline_since) // 1000),
            reason=state.last_reason.key if state.last_reason else None,
            fields=state.last_reason.fields if state.last_reason else {},
            last_ack=state.last_ack,
            oldest_s=None if state.oldest is None else max(0, (now.at - state.oldest) // 1000),
        )

    def subscribe(self, changed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed.append(changed)
        if self._by_itself:
            self._loop.call_later(AFTER_FIRST_SCREEN_S, self._started)

    def sync_now(self) -> None:
        self._started().sync_now()

    def recorded(self) -> None:
        """A record was made; it goes soon, an urgent one at once."""
        if self._courier is None:
            return
        last = self._logbook.entry(self._logbook.head.seq)
        self._courier.nudge(last is not None and urgent(last.record))

    def stop(self) -> None:
        if self._courier is not None:
            self._courier.stop()

    def _started(self) -> "Courier":
        if self._courier is None:
            from sync.courier import Courier

            self._courier = Courier(self._logbook, self._clock, self._news, on_offset=self._on_offset)
            self._courier.start()
        return self._courier

    def _news(self, state: "CourierState") -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        if self._logbook.cursor != self._cursor:
            self._cursor = self._logbook.cursor
            self.pages_came()
        for changed in self._changed:
            changed()
