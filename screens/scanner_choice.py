"""Which scanner the handheld has, chosen on its first screen: each is tried before it is kept.

One that does not read within the time of the trial gives way to what was there before, so a keypad that was taken for
a scanner, and held, comes back by itself.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from app import codes
from app.ports import Scan, Scanner
from app.settings import SettingsRefused
from hardware.scanners import WEDGE, Plugged
from screens.choices import ListPage
from screens.layout import Line, heading, paragraph
from screens.page import Page
from screens.times import clock

if TYPE_CHECKING:
    from screens.first import FirstPage
    from screens.terminal import Terminal

TRIAL_S: Final = 30


class ScannerChoicePage(ListPage[Plugged]):
    """The devices that may be it, as they were when the page opened."""

    def __init__(self, first: "FirstPage", items: Sequence[Plugged]) -> None:
        super().__init__(items)
        self._first = first

    def head(self) -> tuple[str, str]:
        return self.say("first.scanner_title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("first.scanner_which")

    def item(self, item: Plugged) -> str:
        return self.say(f"first.scanner_{item.kind}", name=item.name or item.path)

    async def chosen(self, item: Plugged) -> None:
        before = await self.terminal.read_from(self.gear.scanner_at(item.setting()))
        self.terminal.replace(ScannerTrialPage(self._first, item, before))


class ScannerTrialPage(Page):
    """A code of ours that `tried` reads whole keeps it: the sheet, which is at hand, or any label. `before` are those
    from which codes came until now."""

    def __init__(self, first: "FirstPage", tried: Plugged, before: Sequence[Scanner]) -> None:
        super().__init__()
        self._first = first
        self._tried = tried
        self._before = before
        self._rate = tried.rates[0] if tried.rates else None
        self._over: asyncio.TimerHandle | None = None
        self._ended = False
        """It was kept, or given up."""
        self._since = 0
        """`Scan.up` from which on a scan is of it."""

    def on_mount(self) -> None:
        self._begin()

    def on_screen_resume(self) -> None:
        """Another page may have stood above it while it ended."""
        if self._ended:
            self.terminal.close(self)
        else:
            super().on_screen_resume()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        tried = self.say(f"first.scanner_{self._tried.kind}", name=self._tried.name or self._tried.path)
        rows = [*heading(self.say("first.scanner_title"), clock(self.gear.watch.now()), width), ()]
        rows += paragraph(tried, "dim", width)
        rows += [(), *paragraph(f"> {self.say('first.scanner_try')}", "key", width, "  ")]
        return [*rows, (), *paragraph(self.say("first.scanner_try_how", n=TRIAL_S), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        rate = [("1", self.say("first.scanner_rate", rate=self._rate))] if self._rate else []
        return (*rate, ("Backspace", self.say("first.scanner_other")), self.menu_key)

    async def digit(self, key: str) -> None:
        rates = self._tried.rates
        if key == "1" and self._rate:
            self._rate = rates[(rates.index(self._rate) + 1) % len(rates)]
            await self.terminal.read_from(self.gear.scanner_at(self._tried.setting(self._rate)))
            self._begin()

    async def back(self) -> None:
        await self._give_up()
        self.terminal.replace(await choice_of(self._first))

    async def scanned(self, scan: Scan) -> bool:
        if not self._is_of_it(scan):
            self._not_kept("not_it")
        elif codes.parse(scan.text) is None and codes.trial_field(scan.text) is None:
            self._not_kept("garbled" if self._rate else "not_ours")
        else:
            await self.settle(scan)
            self.terminal.close(self)
            self._first.count()
        return True

    async def settle(self, scan: Scan) -> None:
        """A code of ours ends the trial: from the scanner that is tried it keeps it, from another it gives it up."""
        if not self._is_of_it(scan):
            await self._give_up()
            return
        self._end()
        try:
            self.gear.remember("scanner", self._tried.setting(self._rate))
        except SettingsRefused as e:
            self.terminal.refuse(e)  # until the next start it reads all the same
        else:
            self.terminal.signal("ok")
            self.terminal.tell(self.say("first.scanner_kept"))

    def _is_of_it(self, scan: Scan) -> bool:
        """One that was read before this one listened is another's."""
        by = "" if self._tried.kind == WEDGE else self._tried.kind
        return scan.by == by and scan.up >= self._since

    def _begin(self) -> None:
        """It listens: from now on it has its time."""
        if self._over is not None:
            self._over.cancel()
        self._since = self.gear.up()
        end = partial(self.terminal.in_turn, self._nothing_read)
        self._over = asyncio.get_running_loop().call_later(TRIAL_S, end)

    async def _nothing_read(self) -> None:
        if self._ended:
            return
        await self._give_up()
        self._not_kept("silent")
        if self.terminal.top is self:
            self.terminal.replace(await choice_of(self._first))
            self.terminal.turned_by_itself()

    async def _give_up(self) -> None:
        """Back to the scanners from before: how they were, the crew was told."""
        self._end()
        await self.terminal.read_from(self._before, quiet=True)

    def _end(self) -> None:
        self._ended = True
        if self._over is not None:
            self._over.cancel()

    def _not_kept(self, why: str) -> None:
        self.terminal.signal("mark")
        self.terminal.tell(self.say(f"first.scanner_{why}"), "mark")


def trial_of(terminal: "Terminal") -> ScannerTrialPage | None:
    """The trial that is open, whatever stands above it."""
    return next((page for page in terminal.pages if isinstance(page, ScannerTrialPage)), None)


async def choice_of(first: "FirstPage") -> ScannerChoicePage:
    """The list as it is now; looking for devices may wait for one that hangs."""
    return ScannerChoicePage(first, await asyncio.to_thread(first.gear.plugged))
