"""The terminal program: which page is on top, keys and codes one after the other, the radio while a stop waits.

It decides nothing about rounds; it carries keys, sightings and scans to pages and watch, and shows what
came of it. Its last resort is the one place of the screens that takes any exception.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver

from app.duties.days import quiet_now, shown_time
from app.duties.evidence import PAIR_MS
from app.duties.posts import Sheet
from app.duties.rounds import Verdict
from app.duties.site import Person, Point
from app.errors import WatchbookError
from app.ports import LABEL, Heard, RadioState, Scan, Scanner, ScannerState, Sighting
from app.words import LANGS, say
from hardware.scanner import Gate
from screens.device import Device
from screens.gear import Gear
from screens.keys import bindings
from screens.layout import Line, Span
from screens.listening import Listener, Wanted
from screens.names import point_of
from screens.news import News
from screens.page import Page
from screens.platform import launch, leaks
from screens.platform.driver import HandheldDriver
from screens.platform.scans import Scanned, Scanning, Unread
from screens.readers import Readers
from screens.signin import Purpose, SignInPage
from screens.status import Standing, status_line
from screens.themes import THEMES, next_look
from screens.tuned import Following

if TYPE_CHECKING:
    from screens.camera import CameraPage
    from screens.lone import Guard
    from screens.practice import Practice

BROKEN: Final = 1
QUIET_S: Final = 0.5
"""Without a page that closes: the time for sweeping."""
log: Final = logging.getLogger("watchbook.screens")
log.addHandler(logging.NullHandler())  # whoever starts the terminal says into which file it goes


class Terminal(Scanning, App[int], inherit_bindings=False):  # Textual's own Ctrl+Q would end it at once
    """One crew, one handheld. `run()` returns 1 after a failure, None when somebody left it."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings()
    CSS = "Screen { overflow: hidden; }"
    PAIR_S: ClassVar[float] = PAIR_MS / 1000 + 1
    """When the radio no longer listens for the beacon that a label still lacks."""
    PRACTICE_SPEED: ClassVar[float] = 2.0
    """How much faster time goes in practice."""

    def __init__(self, gear: Gear, driver_class: type[Driver] = HandheldDriver) -> None:
        leaks.install()
        super().__init__(driver_class=driver_class)
        self._disable_tooltips = self._disable_notifications = True  # two widgets less on every page
        self.gear = gear
        self.lang = gear.watch.lang = gear.lang
        self.look = gear.theme
        self.letters = gear.letters
        self.notice: Span | None = (say(gear.lang, "platform.english_only"), "mark") if gear.english_only else None
        """One sentence above the keys, until the next key. Roles: ok, mark, bad."""
        self.radio = RadioState()
        self.touched = time.monotonic()
        """When the last key or code came."""
        self._stale = False
        self.following = Following(self)
        self._news = News(self)
        self.practice: Practice | None = None
        self._floor = 0
        """Where the pages of the practice begin."""
        self._listener = Listener(gear.radio, self._heard, self._handle_exception)
        self._readers = Readers(gear.scanners, self._heard, self._handle_exception)
        self.gate = Gate(gear.wedge)
        self._device = Device(self, self._changed)
        self._guard: Guard | None = None
        self._sweep: asyncio.TimerHandle | None = None
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.look

    def get_default_screen(self) -> Page:
        return SignInPage(Purpose.UNLOCK if self.locked else Purpose.SIGN_IN)

    def on_mount(self) -> None:
        self._news.begin()
        self._news.say_damage()
        self.gear.watch.subscribe(self._changed)
        if self.gear.office is not None:
            self.gear.office.subscribe(self._office_changed)
        self._listener.attend(None)
        self._readers.start()
        self._device.start()
        self.watch_over()
        if self.gear.first and self.gear.invited is not None:
            from screens.first import FirstPage  # once in a handheld's life

            self.open(FirstPage(self.gear.invited()))

    def watch_over(self) -> None:
        """Ask whoever works alone whether all is well, when it is time (D50)."""
        watch = self.gear.watch
        if self._guard is None and watch.plan.asks_alone and watch.is_alone:
            from screens.lone import Guard  # where nobody works alone it is never needed: memory

            self._guard = Guard(self)
        if self._guard is not None:
            self._guard.look()

    def on_ready(self) -> None:
        self.gear.ready()

    async def on_unmount(self) -> None:
        self._device.stop()
        if self._guard is not None:
            self._guard.stop()
        await self._readers.stop()
        await self._listener.stop()
        if self.practice is not None:
            self.practice.close()

    @property
    def locked(self) -> bool:
        """A shift is open, and since the start nobody of its crew has shown who holds the handheld."""
        return self.gear.watch.locked

    # -- practice ------------------------------------------------------------------------------
    async def begin_practice(self, practice: "Practice", first: Page) -> None:
        """`first` and what opens from it stand above the pages that are open, and have the gear of the practice."""
        self.practice = practice
        self._floor = len(self.screen_stack)
        await self._reach(practice.gear)
        self.open(first)

    async def end_practice(self) -> None:
        """Back to where the crew was; nothing of the practice is left."""
        if (practice := self.practice) is None:
            return
        while len(self.screen_stack) > self._floor:
            self.pop_screen()
        self.practice, self._floor = None, 0
        await self._reach(practice.behind)
        practice.close()
        for page in self.pages:
            page.repaint()
        self._office_changed()
        self.tell(say(self.lang, "practice.over"))

    async def _reach(self, gear: Gear) -> None:
        """From now on the pages reach the world through `gear`."""
        await self._listener.stop()
        self.gear = gear
        self.gear.watch.lang = self.lang
        self._listener = Listener(gear.radio, self._heard, self._handle_exception)
        self._news.begin()
        if gear.practice:
            gear.watch.subscribe(self._changed)

    # -- pages ---------------------------------------------------------------------------------
    @property
    def pages(self) -> list[Page]:
        """Those that are open, the first one first; in practice its own."""
        return [screen for screen in self.screen_stack[self._floor :] if isinstance(screen, Page)]

    @property
    def top(self) -> Page:
        """The page a key belongs to."""
        screen = self.screen
        assert isinstance(screen, Page)
        return screen

    def sweep(self) -> None:
        """A page was closed: what it leaves goes when no other was closed for a moment. Our context names the page."""
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = asyncio.get_running_loop().call_later(QUIET_S, launch.sweep, context=Context())

    def open(self, page: Page) -> None:
        self.push_screen(page)

    def replace(self, page: Page) -> None:
        """`page` instead of the one on top."""
        self.switch_screen(page)

    @property
    def yields(self) -> bool:
        """Whether a page may come up that no key has asked for (a beacon heard, a time that has come, a word of the
        office): never over somebody who is in the middle of typing, whose next digits would answer it."""
        return not self.top.half_typed

    @property
    def idle_s(self) -> float:
        """How long nobody has pressed a key, and no code was read."""
        return time.monotonic() - self.touched

    def turn_to(self, page: Page) -> None:
        """`page` instead of the one on top, or of the one of its kind that is open further down."""
        self.down_to(type(page))
        self.replace(page)

    def close(self, page: Page) -> None:
        """Leave `page` if it is on top; the first one stays."""
        if self.screen is page and len(self.pages) > 1:
            self.pop_screen()

    def down_to(self, kind: type[Page]) -> bool:
        """Close pages until one of `kind` is on top. False, and nothing is closed, when there is none."""
        if not any(isinstance(page, kind) for page in self.pages):
            return False
        while not isinstance(self.screen, kind):
            self.pop_screen()
        return True

    def _down_to_first(self) -> SignInPage:
        """Close all pages but the first one, which is always the signing in."""
        while len(self.pages) > 1:
            self.pop_screen()
        first = self.top
        assert isinstance(first, SignInPage)
        return first

    def go_home(self) -> None:
        """Home, or the very stop of the round that is being walked."""
        from screens.home import HomePage  # with the pages of a round, not before somebody has signed in: memory
        from screens.round import RoundPage
        from screens.stop import StopPage

        self._down_to_first().begin(Purpose.SIGN_IN)
        self.open(HomePage())
        if (progress := self.gear.watch.state.round) is not None:
            self.open(RoundPage())
            if progress.at_stop is not None:
                self.open(StopPage())
        elif self.gear.watch.tends:
            from screens.places import begin

            begin(self)
        self._offer_sheet()

    def _offer_sheet(self) -> None:
        """Whoever comes to a post reads first what the shift before left (D40)."""
        sheet = self.gear.watch.waiting()
        if not self.top.is_start or self.gear.watch.state.round is not None:
            return
        if sheet is not None:
            self.open_sheet(sheet)
            return
        if "messages" in self.gear.watch.state.shares:
            from screens import messages  # only where the office has sent one: memory

            if messages.offer(self):
                return
        if "reviews" in self.gear.watch.state.shares:
            from screens.returned import offer  # only whose round was sent back needs it: memory

            offer(self)

    def open_sheet(self, sheet: Sheet) -> None:
        from screens.handover import TakePage  # not before somebody needs it: memory

        self.open(TakePage(sheet))

    async def finish_round(self) -> None:
        """Close the round and show how it went."""
        from screens.home import HomePage
        from screens.summary import SummaryPage

        watch = self.gear.watch
        progress = watch.state.round
        if progress is None:
            return
        summary = await watch.finish_round()
        self.signal("mark" if summary.marks or summary.missed else "ok")
        self.down_to(HomePage)
        self.open(SummaryPage(summary, progress.schedule, progress.route))

    def go_sign_in(self) -> None:
        """Nobody is on shift any more."""
        self._down_to_first().begin(Purpose.SIGN_IN)

    # -- what is said --------------------------------------------------------------------------
    def tell(self, text: str, role: str = "ok") -> None:
        """One sentence above the keys, until the next key; `role` is also the signal that is felt."""
        self.notice = (text, role)

    def signal(self, role: str) -> None:
        self.gear.buzzer.signal("no" if role == "bad" else role)

    def refuse(self, error: WatchbookError) -> None:
        self.signal("bad")
        self.tell(error.say(self.lang), "bad")

    def local(self, at: int) -> datetime:
        """UTC milliseconds of a record in the site's zone."""
        return shown_time(at, self.gear.watch.now().tzinfo)

    def status(self, width: int) -> Line:
        """The last row."""
        watch = self.gear.watch
        hours = watch.plan.settings
        person = watch.person(watch.holder) if watch.holder else None
        standing = Standing(
            unsent=watch.unsent,
            office=self.gear.office.line if self.gear.office else None,
            battery=self._device.percent,
            quiet=self.gear.hush() if quiet_now(watch.now().time(), hours.quiet_from, hours.quiet_to) else None,
            name=person.name.say(self.lang) if person else "",
            locked=self.locked,
            alarm=watch.alarm_open and not watch.state.silent,
            practice=self.gear.practice,
        )
        return status_line(self.lang, standing, width)

    # -- keys ----------------------------------------------------------------------------------
    async def action_press(self, key: str) -> None:
        await self._act(lambda: self.top.digit(key))

    async def action_enter(self) -> None:
        await self._act(lambda: self.top.enter())

    async def action_back(self) -> None:
        await self._act(lambda: self.top.back())

    async def action_move(self, step: int) -> None:
        await self._act(lambda: self.top.move(step))

    async def action_menu(self) -> None:
        await self._act(self._menu)

    async def action_help(self) -> None:
        await self._act(self._help)

    async def action_report(self) -> None:
        await self._act(self.report)

    async def action_sync(self) -> None:
        await self._act(self.sync_now)

    async def action_torch(self) -> None:
        await self._act(self._device.switch_torch)

    async def action_camera(self) -> None:
        await self._act(self.scan_with_camera)

    async def action_theme(self) -> None:
        await self._act(self.change_look)

    async def action_language(self) -> None:
        await self._act(self.change_language)

    async def action_quit(self) -> None:
        await self._act(self._ask_to_close)

    async def _ask_to_close(self) -> None:
        from screens.closing import ClosingPage

        if not self.down_to(ClosingPage):
            self.open(ClosingPage())

    async def _menu(self) -> None:
        from screens.menu import MenuPage

        if not self.down_to(MenuPage):  # pressed again it stays: whoever is in danger presses more than once
            self.open(MenuPage())

    async def _help(self) -> None:
        from screens.help import HelpPage

        if not self.down_to(HelpPage):
            self.open(HelpPage(self.top))

    async def report(self) -> None:
        """A problem seen anywhere (F3, or the menu)."""
        from screens.finding import FindingPage

        if self.locked or self.gear.watch.state.shift is None:
            self.signal("bad")
            self.tell(say(self.lang, "menu.locked" if self.locked else "menu.nobody"), "bad")
        elif not self.down_to(FindingPage):
            self.open(FindingPage())

    async def sync_now(self) -> None:
        if self.gear.office is None:
            self.tell(say(self.lang, "practice.no_sync" if self.gear.practice else "menu.no_office"), "mark")
        else:
            self._news.exchange_asked()
            self.gear.office.sync_now()
            self.tell(say(self.lang, "menu.trying"))

    async def change_language(self) -> None:
        if self.gear.english_only:
            self.tell(say(self.lang, "platform.english_only"), "mark")
            return
        self.lang = self.gear.watch.lang = LANGS[(LANGS.index(self.lang) + 1) % len(LANGS)]
        self.gear.remember("lang", self.lang)

    async def change_look(self) -> None:
        self.look = next_look(self.look)
        self.theme = self.look
        for page in self.pages:
            page.repaint()
        self.gear.remember("theme", self.look)

    async def change_letters(self) -> None:
        self.letters = "auto" if self.letters == "large" else "large"
        self.tell(say(self.lang, f"menu.letters_{self.letters}"))
        self.gear.remember("letters", self.letters)

    def in_turn(self, act: Callable[[], Awaitable[None]]) -> None:
        """An act that no key asked for (a button beside the keypad, a camera): like a key, after those before it."""
        self.call_later(self._act, act)

    async def _act(self, act: Callable[[], Awaitable[None]]) -> None:
        """One key or code at a time. What cannot be done is one sentence; nothing else is caught here."""
        launch.spare_memory()
        self._listener.poke()
        self.notice = None
        self.touched = time.monotonic()
        await self._try(act)

    async def _try(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except WatchbookError as error:
            self.refuse(error)
        self._settle()

    def _settle(self) -> None:
        """After every act: the radio listens for what waits now, and the page shows it."""
        wanted = self._wanted()
        if wanted != self._listener.wanted:
            self.gear.watch.forget_sightings(listens=any(kind != LABEL for kind, _ in wanted or ()))
            self._listener.attend(wanted)
            self._end_pairing_later()
        for page in self.pages:
            page.listens(any(kind != LABEL for kind, _ in wanted or ()))
        self.top.show()

    def _end_pairing_later(self) -> None:
        """Nobody may come by to end it; and a second label may have made it longer."""
        if self._listener.wanted and not self._awaited():
            self.set_timer(self.PAIR_S, self._end_pairing)

    def _end_pairing(self) -> None:
        before = self._listener.wanted
        self._settle()
        if self._listener.wanted == before:
            self._end_pairing_later()

    def _office_changed(self) -> None:
        if self.gear.office is not None:
            self._news.of_line(self.gear.office.line)
        if self.gear.watch.state.round is not None and "told" in self.gear.watch.state.shares:
            self.call_later(self._try, self._take_excuses)
        self._changed()

    async def _take_excuses(self) -> None:
        """A point that was excused meanwhile is not asked for any more (D9)."""
        from app.afterwards import Afterwards  # only where somebody has excused a point: memory

        await Afterwards.of(self.gear.watch).take_excuses()

    def _changed(self) -> None:
        """Something outside the keys changed: the office answered, or an act was recorded."""
        if not self._stale:
            self._stale = True
            self.call_later(self._show)

    def _show(self) -> None:
        self._stale = False
        self.following.look()
        self.watch_over()
        self._news.of_book()
        self.top.show()

    # -- codes ---------------------------------------------------------------------------------
    async def on_scanned(self, message: Scanned) -> None:
        scan = Scan(message.text, self.gear.up())
        await self._act(lambda: self._by_itself(lambda: self._scanned(scan)))

    async def on_unread(self, _: Unread) -> None:
        await self._act(self._unread)

    async def _unread(self) -> None:
        self.signal("bad")
        self.tell(say(self.lang, "scanner.unread"), "bad")

    def _say_scanner(self, state: ScannerState) -> None:
        """A scanner with a line of its own was lost, or is there again."""
        role = "ok" if state.fault is None else "mark"
        self.signal(role)
        self.tell(say(self.lang, state.fault or "scanner.back"), role)
        self.top.show()

    async def _by_itself(self, act: Callable[[], Awaitable[None]]) -> None:
        """A code or a beacon: a key that was on its way meanwhile must not answer what it has brought up."""
        before = self.asks()
        try:
            await act()
        finally:
            stays = bool(self.screen_stack) and self.screen is before[0] and not self.yields
            if self.asks() != before and not stays:
                self.turned_by_itself()

    def hurries(self, key: str) -> bool:
        return bool(self.screen_stack) and self.top.hurries(key)

    def asks(self) -> tuple[object, ...]:
        """What a key would mean now: the page and what it asks, and the stop that the round is at."""
        progress = self.gear.watch.state.round
        top = self.screen if self.screen_stack else None  # a code may still come while the program ends
        question = top.open_question if isinstance(top, Page) else None
        return top, question, progress and (progress.at_stop, progress.last), self.locked

    async def _scanned(self, scan: Scan) -> None:
        from screens.code_read import take  # here and below: the first screen does not need it

        await take(self, scan)

    def signed_in(self, person: Person, *, unlocked: bool = False) -> None:
        """Somebody has shown who they are; after a restart the crew goes on where it was."""
        self.signal("ok")
        if unlocked:
            self.go_home()
        self.top.crew_changed()
        self._offer_sheet()
        words = "signin.unlocked" if unlocked else "signin.welcome"
        self.tell(say(self.lang, words, name=person.name.say(self.lang)))

    async def on_cursor_position(self, event: events.CursorPosition) -> None:
        """The answer to `witness.QUESTION`: a terminal that draws a half block two cells wide shows no code."""
        from screens.witness import WitnessPage

        if event.x != 1:
            self.gear = replace(self.gear, blocks=False)
        if isinstance(self.screen, WitnessPage):
            self.screen.repaint()

    async def scan_with_camera(self) -> None:
        from screens.camera import CameraPage  # and the decoder's way of looking: 0.2 MB

        if self.gear.camera is None:
            self.tell(say(self.lang, "camera.none"), "mark")
        elif not self.down_to(CameraPage):
            self.open(CameraPage(self.gear.camera))

    async def read_from(self, scanners: Sequence[Scanner], *, quiet: bool = False) -> Sequence[Scanner]:
        """From now on codes come from these, beside the one that types; those from which they came before. `quiet`:
        how they are at first is not said."""
        before = self._readers.scanners
        await self._readers.stop()
        self._readers = Readers(scanners, self._heard, self._handle_exception, quiet=quiet)
        self._readers.start()
        return before

    def camera_read(self, page: "CameraPage", scan: Scan) -> None:
        """In its turn among the keys, and for the page below: as if a hand scanner had read it there."""

        async def take() -> None:
            self.close(page)
            await self._by_itself(lambda: self._scanned(scan))

        self.in_turn(take)

    def fail(self, error: Exception) -> None:
        """A worker of a page met what nobody expected."""
        self._handle_exception(error)

    # -- arrivals ------------------------------------------------------------------------------
    def arrived(self, verdict: Verdict, *, heard: bool = False) -> None:
        """Show what an arrival meant: its checks open, or the next place is named.

        `heard`: the radio says so, nobody held a label before the scanner. It is recorded then, and no more than said
        on another page than the round's, or to somebody who is typing.
        """
        from screens.verdicts import verdict_words

        text, role = verdict_words(self.lang, self.gear.watch, verdict, heard=heard)
        self.signal(role)
        shows = verdict.accepted and self.top.walks and self.yields if heard else True
        if verdict.stop is not None and shows and not verdict.adds:
            self.show_stop()
        self.tell(text, role)

    def show_stop(self) -> None:
        """The round on top, and the checks of the stop where the crew stands."""
        from screens.home import HomePage
        from screens.round import RoundPage
        from screens.stop import StopPage

        progress = self.gear.watch.state.round
        if progress is None:
            return
        if not self.down_to(RoundPage):
            self.down_to(HomePage)
            self.open(RoundPage())
        if progress.at_stop is not None:
            self.open(StopPage())

    def _wanted(self) -> Wanted | None:
        """What the radio should listen for: what waits, else the beacon that a label just read still lacks."""
        wanted = self._awaited()
        late = None if self.locked else self.gear.watch.pairing()
        if late is None or any(kind != LABEL for kind, _ in wanted or ()):
            return wanted
        return frozenset({*(wanted or ()), *((tag.format, tag.id) for tag in late.beacons)})

    def _awaited(self) -> Wanted | None:
        """What waits: only with the round on top and a stop that waits, or for the sensor that may
        answer the open check."""
        watch = self.gear.watch
        progress = watch.state.round
        if not self.locked and (place := self.top.heads_for()) is not None:
            return _tags_of(place)
        if self.locked or progress is None:
            return None
        if (asked := self.top.awaited_tags()) is not None:
            return asked or None
        if progress.at_stop or not self.top.walks:
            return None
        stop = watch.next_stop()
        if stop is None:
            return None
        point = point_of(watch.plan, stop)
        return None if point is None else _tags_of(point)

    async def _heard(self, heard: Heard | ScannerState) -> None:
        """From radio, feed or scanner: in its turn among the keys, and waited for, so that a burst cannot pile up."""
        done = asyncio.get_running_loop().create_future()

        async def take() -> None:
            try:
                await self._take(heard)
            finally:
                if not done.done():
                    done.set_result(None)

        if self.call_later(take):
            await done

    async def _take(self, heard: Heard | ScannerState) -> None:
        if isinstance(heard, Scan):
            self._listener.poke()
            self.notice = None
            self.touched = time.monotonic()
            await self._try(lambda: self._by_itself(lambda: self._scanned(heard)))
        elif isinstance(heard, ScannerState):
            self._say_scanner(heard)
        elif isinstance(heard, RadioState):
            self.radio = heard
            self.gear.watch.radio_is(heard)
            self.top.show()
        elif self._wanted() is not None:
            try:
                await self._by_itself(lambda: self._near(heard))
            except WatchbookError as error:
                self.refuse(error)
                self._settle()
        elif self._listener.wanted:
            self._settle()

    async def _near(self, sighting: Sighting) -> None:
        if self.top.heads_for() is not None:
            await self.top.sighted(sighting)
            self._settle()
            return
        asking = self.top.awaited_tags()
        found = await self.gear.watch.hear(sighting)
        if not self.screen_stack:
            return  # closed meanwhile: what was heard is recorded
        page = self.top
        if found.verdict is not None:
            self.notice = None
            self.arrived(found.verdict, heard=True)
            self._settle()
            return
        page.nearer(found.near)
        if asking and page.awaited_tags() == frozenset():
            self._settle()  # the sensor has spoken

    # -- last resort ---------------------------------------------------------------------------
    def _handle_exception(self, error: Exception) -> None:
        """Anything nobody expected: into the log without names, one sentence to the crew, exit code 1.

        Records need no saving here: they were durable before anything was shown.
        """
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        log.error("failed: %s at %s", type(error).__name__, where)
        self._return_code = self._return_value = BROKEN
        if self._exception is None:  # what Textual's own test driver raises again
            self._exception = error
            self._exception_event.set()
        if self._exit_renderables:  # one fault often brings a second; one sentence is enough
            self._close_messages_no_wait()
        else:
            self.panic(Text(say(self.lang, "status.broken")))


def _tags_of(point: Point) -> Wanted:
    """What the radio listens for while `point` waits."""
    tags = {(tag.format, tag.id) for tag in point.beacons}
    return frozenset(tags | {(LABEL, point.id)} if point.label else tags)
