"""The first screen of a handheld that no office has let in: one sheet is scanned, and nobody needs a shell.

Loaded only there, and where a sheet is read. What the office says is asked for by `sync.invited`, off the event loop,
again and again until there is an answer: a network that is away, or a battery that dies, only cost time.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app import codes, invitation
from app.errors import NotAllowed, OfficeAway, WatchbookError
from app.invitation import Invitation
from app.ports import Scan
from screens.gear import AGAIN
from screens.layout import AIR, Block, Line, fitting, line, numbered, paragraph, title
from screens.number import Digits, field
from screens.page import Page
from screens.tasks import begin
from screens.times import clock
from sync.invited import WAITS, Invited

if TYPE_CHECKING:
    from screens.terminal import Terminal

POLL_S: Final = 3.0
LONGEST_S: Final = 20.0
NOT_THIS_OFFICE: Final = ("sync.code_or_office", "sync.wrong_office")


class Step(StrEnum):
    SCAN = "scan"
    ASKS = "asks"
    """A sheet was read; the office has not answered."""
    WAITS = "waits"
    """Let in, and nobody has confirmed it."""
    FETCHES = "fetches"
    READY = "ready"


class FirstPage(Page):
    def __init__(self, invited: Invited) -> None:
        super().__init__()
        self._invited = invited
        self._step = Step.FETCHES if invited.office else Step.SCAN
        self._sheet: Invitation | None = None
        self._given = 0
        """Sheets that were read, so far."""
        self._why: WatchbookError | None = None
        self._read = 0
        """Codes that the scanner has read here."""
        self._asking: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._left = False
        """Somebody gave this sheet up while the office was being asked."""

    def on_mount(self) -> None:
        if self._invited.office is not None:
            self._begin()

    def on_unmount(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        super().on_unmount()

    @property
    def topic(self) -> str:
        return f"first_{self._step}"

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        head = title(self.say("first.title"), clock(self.gear.watch.now()), width)
        blocks = {
            Step.SCAN: self._scans,
            Step.ASKS: self._asks,
            Step.WAITS: self._waits,
            Step.FETCHES: self._fetches,
            Step.READY: self._is_ready,
        }[self._step](width)
        return [head, *fitting([AIR, *blocks], height - 1)]

    def _scans(self, width: int) -> list[Block]:
        letters = "first.large_off" if self.terminal.letters == "large" else "first.large"
        rows = [] if self.gear.english_only else numbered("1", self.say("first.language"), width)
        rows += numbered("2", self.say(letters), width)
        rows += numbered("3", self.say("first.type"), width)
        rows += numbered("4", self.say("first.scanner"), width)
        if self.gear.camera is not None:
            rows += numbered("5", self.say("first.camera"), width)
        read = self.say("first.scanner_read", n=self._read) if self._read else self.say("first.scanner_none")
        return [
            (0, paragraph(f"> {self.say('first.scan')}", "key", width, "  ")),
            (3, paragraph(self.say("first.scan_how"), "text", width)),
            AIR,
            (0, rows),
            AIR,
            (2, paragraph(read, "dim", width)),
        ]

    def _asks(self, width: int) -> list[Block]:
        where = self._sheet.office if self._sheet else ""
        return [
            (0, paragraph(f"> {self.say('first.asks')}", "key", width, "  ")),
            (1, paragraph(self.say("first.asks_where", office=where), "text", width)),
            *self._trouble(width),
        ]

    def _waits(self, width: int) -> list[Block]:
        return [
            (0, paragraph(f"> {self.say('first.waits')}", "key", width, "  ")),
            AIR,
            (0, [line((f"   {self._invited.shown}   ", "title"))]),
            AIR,
            (0, paragraph(self.say("first.waits_how"), "text", width)),
            (1, [(), *paragraph(self.say("first.waits_badge"), "text", width)]),
            (3, [(), *paragraph(self.say("first.waits_safe"), "dim", width)]),
            *self._trouble(width),
        ]

    def _fetches(self, width: int) -> list[Block]:
        return [(0, paragraph(f"> {self.say('first.fetches')}", "key", width, "  ")), *self._trouble(width)]

    def _is_ready(self, width: int) -> list[Block]:
        return [
            (0, paragraph(f"> {self.say('first.ready')}", "key", width, "  ")),
            AIR,
            (0, paragraph(self.say("first.ready_site", site=self._invited.site(self.lang)), "text", width)),
            (2, [(), *paragraph(self.say("first.ready_how"), "text", width)]),
        ]

    def _trouble(self, width: int) -> list[Block]:
        """Why it is not further, and that nobody need stand by."""
        if self._why is None:
            return []
        away = isinstance(self._why, OfficeAway)
        words = self._why.say(self.lang)
        told = paragraph(self.say("first.away", why=words) if away else words, "mark", width)
        return [AIR, (1, told), (2, paragraph(self.say("first.by_itself"), "dim", width))]

    def foot(self) -> Sequence[tuple[str, str]]:
        match self._step:
            case Step.SCAN:
                enter = "first.key_camera" if self.gear.camera else "first.key_type"
                return (("Enter", self.say(enter)), self.menu_key)
            case Step.READY:
                return (("Enter", self.say("first.key_sign_in")), self.menu_key)
        leave = [("Backspace", self.say("first.key_leave"))] if self._step is Step.ASKS else []
        return (("Enter", self.say("first.key_again")), *leave, self.menu_key)

    # -- keys ----------------------------------------------------------------------------------
    async def digit(self, key: str) -> None:
        match key:
            case "1":
                await self.terminal.change_language()
            case "2":
                await self.terminal.change_letters()
            case "3" if self._step is Step.SCAN:
                self.terminal.open(DigitsPage(self))
            case "4" if self._step is Step.SCAN:
                from screens.scanner_choice import choice_of  # where the one that is set does not read

                self.terminal.open(await choice_of(self))
            case "5" if self._step is Step.SCAN and self.gear.camera is not None:
                await self.terminal.scan_with_camera()

    async def enter(self) -> None:
        match self._step:
            case Step.READY:
                self.terminal.exit(AGAIN)
            case Step.SCAN if self.gear.camera is not None:
                await self.terminal.scan_with_camera()
            case Step.SCAN:
                self.terminal.open(DigitsPage(self))
            case _:
                self._hurry.set()

    async def back(self) -> None:
        """Another sheet: only while the office has not taken this one."""
        if self._step is Step.ASKS:
            self._left = True
            self._hurry.set()
            self._step, self._why = Step.SCAN, None

    # -- codes ---------------------------------------------------------------------------------
    async def scanned(self, scan: Scan) -> bool:
        """Any code shows that the scanner works; while it waits, a supervisor's badge lets it in."""
        self.count()
        if self._step is Step.WAITS and codes.parse(scan.text) is not None:
            await self._vouch(scan.text)
            return True
        if self._step is not Step.SCAN:
            return False
        known = codes.parse(scan.text) is not None
        key = "half" if invitation.looks_like(scan.text) else "label" if known else "foreign"
        self.terminal.signal("mark")
        self.terminal.tell(self.say(f"first.not_{key}"), "mark")
        return True

    def count(self) -> None:
        """The scanner has read one more code."""
        self._read += 1

    async def _vouch(self, badge: str) -> None:
        await asyncio.to_thread(self._invited.vouch, badge)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("first.vouched"))
        self._hurry.set()

    def take(self, sheet: Invitation) -> None:
        """Ask the office of this sheet; one that waits may be given another. Raises NotAllowed while one is asked."""
        runs = self._asking is not None and not self._asking.done()
        if self._step is Step.READY or (runs and self._step in (Step.SCAN, Step.ASKS)):
            raise NotAllowed("first.one_moment")
        self.count()
        self._given += 1
        self._sheet, self._step, self._why, self._left = sheet, Step.ASKS, None, False
        self.terminal.signal("ok")
        if runs:
            self._hurry.set()
        else:
            self._begin()

    # -- the office ----------------------------------------------------------------------------
    def _begin(self) -> None:
        self._asking = begin(self._strive(), self.terminal.fail)

    async def _strive(self) -> None:
        """Until the site's plan is here, or the sheet is refused."""
        pause = POLL_S
        while not self._left:
            self._hurry.clear()
            given = self._given
            try:
                await self._advance()
                pause = POLL_S
            except WatchbookError as e:
                if self._given != given:
                    continue  # another sheet came meanwhile: that was about the one before
                pause = self._failed(e, pause)
            if self._step in (Step.READY, Step.SCAN):
                break
            self.show()
            try:
                await asyncio.wait_for(self._hurry.wait(), pause)
            except TimeoutError:
                continue
        self.show()

    def _failed(self, error: WatchbookError, pause: float) -> float:
        """What came of a try; seconds until the next one."""
        if error.key in NOT_THIS_OFFICE and self._step is Step.ASKS:
            self._refuse(NotAllowed("first.other_office"))
            return POLL_S
        if not isinstance(error, OfficeAway):
            self._stopped(error)
            return POLL_S
        self._why = error
        return min(LONGEST_S, pause * 1.5)

    async def _advance(self) -> None:
        if self._step is Step.ASKS and self._sheet is not None:
            await asyncio.to_thread(self._invited.come_in, self._sheet)
            self._sheet, self._step, self._why, self._left = None, Step.FETCHES, None, False
            self.show()
        await asyncio.to_thread(self._invited.fetch)
        self._why = None
        if self._invited.equipped:
            self._step = Step.READY
            self.terminal.signal("ok")

    def _stopped(self, error: WatchbookError) -> None:
        """The office said no, or this handheld's disk did."""
        if error.key == WAITS:
            if self._step is not Step.WAITS:
                self.terminal.signal("ok")
            self._step, self._why = Step.WAITS, None
        elif self._step is Step.ASKS:
            self._refuse(error)
        elif self._invited.equipped:
            self._step = Step.READY  # records may wait; crews can work
        else:
            self._why = error

    def _refuse(self, error: WatchbookError) -> None:
        """Back to scanning, with a sentence that says what to do."""
        if error.key == "sync.enrol_code" and self._sheet is not None:
            error = self._over(self._sheet)
        elif error.key == "sync.address_form":
            error = NotAllowed("first.address")
        self._step, self._sheet, self._why = Step.SCAN, None, None
        self.terminal.refuse(error)

    def _over(self, sheet: Invitation) -> WatchbookError:
        now = self.gear.watch.now()
        if not 0 < sheet.until <= now.timestamp() * 1000:
            return NotAllowed("first.used")
        until = datetime.fromtimestamp(sheet.until / 1000, UTC).astimezone(now.tzinfo)
        return NotAllowed("first.over", until=f"{until:%m-%d %H:%M}")


class DigitsPage(Page):
    """The sheet's groups of five digits, for a handheld whose scanner and camera do not work."""

    def __init__(self, first: FirstPage) -> None:
        super().__init__()
        self._first = first
        self._groups: tuple[str, ...] = ()
        self._field = Digits(limit=invitation.GROUP)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        place, count = len(self._groups) + 1, invitation.how_many(self._groups[0]) if self._groups else 0
        words = self.say("first.typed_of", n=place, of=count) if count else self.say("first.typed_group", n=place)
        rows = [title(self.say("first.typed_title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(self.say("first.typed_how"), "text", width)
        rows += [(), field(words, self._field), ()]
        return [*rows, *paragraph(" ".join(self._groups), "dim", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        back = ("Backspace", self.say("stop.rub")) if self._field.typed or self._groups else self.back_key
        return (("Enter", self.say("signin.next")), back, self.menu_key)

    async def digit(self, key: str) -> None:
        if key in ".-":
            return
        self._field = self._field.press(key)
        if len(self._field.typed) == invitation.GROUP:
            self._next()

    async def enter(self) -> None:
        if self._field.typed:
            self._wrong()

    async def back(self) -> None:
        if self._field.typed:
            self._field = self._field.rub()
        elif self._groups:
            self._groups, last = self._groups[:-1], self._groups[-1]
            self._field = Digits(last[:-1], limit=invitation.GROUP)
        else:
            self.terminal.close(self)

    def _next(self) -> None:
        typed, self._field = self._field.typed, Digits(limit=invitation.GROUP)
        place = len(self._groups)
        if not invitation.is_group(typed, place) or (place == 0 and not invitation.how_many(typed)):
            self._wrong()
            return
        self._groups += (typed,)
        if len(self._groups) < invitation.how_many(self._groups[0]):
            self.terminal.signal("ok")
            return
        sheet, self._groups = invitation.from_groups(self._groups), ()
        if sheet is None:
            raise NotAllowed("first.typed_all")
        self.terminal.close(self)
        self._first.take(sheet)

    def _wrong(self) -> None:
        self._field = Digits(limit=invitation.GROUP)
        self.terminal.signal("bad")
        self.terminal.tell(self.say("first.typed_wrong", n=len(self._groups) + 1), "bad")


async def offered(terminal: "Terminal", sheet: Invitation, scan: Scan) -> None:
    """A sheet was read, on whatever page. Raises NotAllowed."""
    if terminal.gear.practice or terminal.gear.invited is None:
        raise NotAllowed("first.one_moment" if terminal.gear.practice else "first.not_foreign")
    from screens.scanner_choice import trial_of  # as above

    if (trial := trial_of(terminal)) is not None:
        await trial.settle(scan)
    if terminal.down_to(FirstPage):
        page = terminal.top
        assert isinstance(page, FirstPage)
        page.take(sheet)
        return
    from screens.moving import MovePage  # hardly ever: memory

    if not terminal.down_to(MovePage):
        terminal.open(MovePage(terminal.gear.invited(), sheet))
