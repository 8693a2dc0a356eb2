"""Practice: a round of the real plan, walked by made-up people on a simulated way. Nothing of it is recorded.

It has a book of its own in a folder that goes away with it, and no office: nothing is queued, no alarm goes out. The
pages are the real ones; they stand above those that were open, and reach the world through a gear of their own.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from app.duties.days import millis
from app.errors import NotAllowed
from app.logbook.book import Logbook
from app.lone import Alone
from app.rehearsal import PIN, TRAINEES, Rehearsal, rehearse
from app.watch import Watch
from app.words import say
from hardware.clock import StagedClock, SystemClock
from hardware.film import FilmedWalk
from hardware.walk import SimulatedWalk
from screens.gear import Gear
from screens.layout import Line, paragraph
from screens.page import Page
from screens.round import RoundPage
from screens.signin import Purpose, SignInPage
from screens.stop import StopPage

if TYPE_CHECKING:
    from screens.terminal import Terminal

PREFIX: Final = "watchbook-practice-"
GUIDE_ROWS: Final = 2


class Practice:
    """One practice, from its beginning until `close`."""

    def __init__(self, gear: Gear, rehearsal: Rehearsal, speed: float) -> None:
        """Makes the folder and the book. Raises OSError or BookError where there is no room for them."""
        real = SystemClock().now()
        self.behind = gear
        """The gear of the pages below."""
        self._folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._clock = clock = StagedClock(SystemClock(), replace(real, at=rehearsal.begins), speed)
        self._book = Logbook.open(self._folder, clock)
        plan = rehearsal.pages.plan
        self._watch = Watch(self._book, rehearsal.pages, clock, gear.watch.lang)
        self.gear = replace(
            gear,
            watch=self._watch,
            radio=FilmedWalk(SimulatedWalk(plan, rehearsal.labels, clock, speed=speed), clock, plan),
            office=None,
            up=lambda: clock.now().up,
            hint="",
            desk="",
            remember=lambda name, value: None,
            practice=True,
        )

    def close(self) -> None:
        """Everything of it goes away."""
        self._watch.close()
        self._book.close()
        shutil.rmtree(self._folder, ignore_errors=True)


async def begin(terminal: "Terminal") -> None:
    """Raises NotAllowed where somebody relies on the handheld now, or the plan has no round to practise."""
    watch = terminal.gear.watch
    if terminal.practice is not None:
        return
    if watch.alarm_open or Alone.of(watch).lone() is not None:
        raise NotAllowed("practice.not_now")
    shift, plan = watch.state.shift, watch.plan
    roles = {role for member in (shift.crew if shift else ()) for role in plan.roles_of(member.person)}
    at = millis(watch.now())

    def make() -> Practice:
        _sweep(Path(tempfile.gettempdir()))
        return Practice(terminal.gear, rehearse(watch.pages, roles, at, secrets.token_bytes), terminal.PRACTICE_SPEED)

    try:
        practice = await asyncio.to_thread(make)
    except OSError as e:
        raise NotAllowed("practice.no_room") from e
    await terminal.begin_practice(practice, SignInPage(Purpose.SIGN_IN))
    terminal.tell(say(terminal.lang, "practice.begun"))


def _sweep(folder: Path) -> None:
    """What a practice left that was ended by force."""
    for left in folder.glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        with suppress(OSError):
            if pid.isdigit() and left.lstat().st_uid == os.getuid() and not Path("/proc", pid).exists():
                shutil.rmtree(left, ignore_errors=True)


# -- what to press next ----------------------------------------------------------------------------


def guide(page: Page, width: int) -> list[Line]:
    """The next key, in words; at most GUIDE_ROWS rows."""
    return paragraph(page.say("practice.guide", words=_next(page)), "key", width, "   ")[:GUIDE_ROWS]


def _next(page: Page) -> str:
    match page:
        case SignInPage():
            return _sign_in(page)
        case RoundPage():
            return _on_the_way(page)
        case StopPage():
            return _answer(page)
    if page.topic == "place_go":
        return page.say("practice.wait")
    enter = next((words for key, words in page.foot() if key == "Enter"), None)
    if enter is not None:
        return page.say("practice.press", key="Enter", words=enter)
    return page.say("practice.choose" if page.topic != "alarm" else "practice.alarm")


def _sign_in(page: SignInPage) -> str:
    if page.asks_pin:
        return page.say("practice.type", keys=PIN)
    if page.purpose is Purpose.RECHECK:
        return page.say("practice.type", keys=TRAINEES[1].number)
    watch = page.gear.watch
    here = {member.person for member in watch.state.shift.crew} if watch.state.shift else set()
    due = watch.today()
    found = watch.plan.find_schedule(due[0].slot.schedule) if due else None
    coming = next((person for person in TRAINEES if person.id not in here), None)
    if coming is None or len(here) >= (found.crew if found else 1):
        return page.say("practice.enter")
    return page.say("practice.type", keys=coming.number)


def _on_the_way(page: RoundPage) -> str:
    watch = page.gear.watch
    progress, stop = watch.state.round, watch.next_stop()
    if progress is None or stop is None or progress.at_stop is not None:
        return page.say("practice.enter")
    point = watch.plan.find_point(stop.point)
    if point is None or point.beacons or point.label:
        return page.say("practice.wait")
    return page.say("practice.code", code=point.code) if point.code else page.say("practice.skip")


def _answer(page: StopPage) -> str:
    check = page.gear.watch.open_check()
    if check is None or check.kind in ("ok", "score"):
        return page.say("practice.ok")
    if check.choices:
        good = next((place for place, each in enumerate(check.choices, 1) if each.ok), 1)
        return page.say("practice.press", key=good, words=check.choices[good - 1].text.say(page.lang))
    if check.kind == "count":
        return page.say("practice.type", keys=check.total)
    return page.say("practice.type", keys=_fine(check.low, check.high, check.decimals))


def _fine(low: str | None, high: str | None, decimals: int) -> str:
    """Digits of a reading within its limits, as they are typed."""
    ends = [float(end) for end in (low, high) if end is not None]
    middle = sum(ends) / len(ends) if ends else 1.0
    return f"{middle:.{decimals}f}".replace(".", "").lstrip("0") or "0"
