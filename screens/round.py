"""The round on the way: where to go, how near it is, and what else can be done about this stop.

Distances and verdicts come from the watch; this page shows them and never decides that somebody has arrived.
"""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual.timer import Timer

from app.duties.checks import open_checks
from app.duties.evidence import Near, Nearness
from app.duties.rounds import Progress, Visit, is_shut, on_the_way, partner_seen, recheck_due, remaining
from app.duties.schedule import clock_text
from app.duties.site import Point, Stop
from app.text import cells
from screens.layout import AIR, Block, Line, Span, beside, fitting, heading, line, paragraph, two, width_of
from screens.page import WIDE, Page
from screens.signin import Purpose, SignInPage
from screens.stop import StopPage
from screens.times import clock

TICK_S = 1.0
STALE_S = 6.0
"""A level not heard again for this long is no longer shown."""
BARS = 10
CODES_ONLY = "radio.none"
"""Of a handheld that works without Bluetooth: the way to go on, and no fault."""


class RoundPage(Page):
    walks: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._ticker: Timer | None = None
        self._listening = False
        self._near: Near | None = None
        self._heard_at = 0.0
        self._since: tuple[str | None, float] = (None, 0.0)
        """The stop that waits, and since when (loop time)."""

    def on_mount(self) -> None:
        self._ticker = self.set_interval(TICK_S, self._tick, pause=True)
        self.listens(self._listening)

    def listens(self, yes: bool) -> None:
        """Whether the radio listens for a beacon of this page: only then does anything tick here."""
        self._listening = yes
        if self._ticker is not None and yes:
            self._ticker.resume()
        elif self._ticker is not None:
            self._ticker.pause()

    def _tick(self) -> None:
        self.show()

    def nearer(self, near: Near) -> None:
        """What the last sighting says. Bursts change the screen only when the picture changes."""
        self._heard_at = asyncio.get_running_loop().time()
        if _picture(near) != _picture(self._near):
            self._near = near
            self.show()

    # -- what stands where ---------------------------------------------------------------------
    def _progress(self) -> Progress | None:
        return self.gear.watch.state.round

    def _stop(self) -> Stop | None:
        return self.gear.watch.next_stop()

    def _waited(self, stop: Stop) -> float:
        """Seconds that this stop has been waited for without coming near."""
        now = asyncio.get_running_loop().time()
        if self._since[0] != stop.id:
            self._since = (stop.id, now)
            self._near = None
        return now - self._since[1]

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        progress = self._progress()
        if progress is None:
            return []
        wide = width >= WIDE and not self.large
        column = WIDE * 3 // 4 if wide else width
        head = self._head(progress, width)
        rows = fitting([AIR, *self._body(progress, column)], height - len(head))
        if wide:
            from screens.stops import stop_rows

            listed = stop_rows(self, progress, width - column - 2, height - len(head))
            rows = beside(rows, listed, column + 2, height - len(head))
        return [*head, *rows]

    def _head(self, progress: Progress, width: int) -> list[Line]:
        now = self.gear.watch.now()
        name = self.schedule_name(progress.schedule)
        late = now >= progress.closes
        closes = clock_text(progress.closes, progress.opens)
        till = self.say("round.over" if late else "round.till", opens=clock(progress.opens), closes=closes)
        done = sum(visit.done for visit in progress.visits)
        count = f"{done}/{len(progress.visits)}  {self.say('round.to_do', n=len(remaining(progress)))}"
        return [*heading(name, clock(now), width), two((count, "text"), (till, "mark" if late else "text"), width)]

    def _body(self, progress: Progress, width: int) -> list[Block]:
        stop = self._stop()
        if stop is None and remaining(progress):
            return [(0, paragraph(self.say("watch.plan_gone"), "bad", width))]
        if stop is None:
            return [(0, self._all_done(progress, width))]
        point = self.gear.watch.plan.point(stop.point)
        if progress.at_stop is not None:
            return [(0, self._at(progress, stop, width))]
        look = point.look.say(self.lang)
        looked = paragraph(f"  {self.say('round.look', words=look)}", "text", width, "  ") if look else []
        return [
            *self._go(progress, stop, point, width),
            (1, self._signal(stop, point, width)),
            (4, looked),
            *self._reminder(progress, width),
        ]

    def _at(self, progress: Progress, stop: Stop, width: int) -> list[Line]:
        """Arrived, and the checks were left."""
        number = progress.order.index(stop.id) + 1
        left = len(open_checks(self.gear.watch.plan, stop, progress))
        return [
            *paragraph(f"> {self.say('round.at', n=number, place=self.place_of(stop))}", "key", width, "  "),
            *paragraph(f"  {self.say('round.checks_left', n=left)}", "text", width, "  "),
        ]

    def _go(self, progress: Progress, stop: Stop, point: Point, width: int) -> list[Block]:
        number = progress.order.index(stop.id) + 1
        go = paragraph(f"> {self.say('round.go', n=number, place=self.place_of(stop))}", "key", width, "  ")
        way = point.way.say(self.lang)
        free = self.gear.watch.plan.route(progress.route).order == "free"
        return [
            (0, go),
            (3, paragraph(f"  {way}", "text", width, "  ") if way else []),
            (5, paragraph(f"  {self.say('round.any_order')}", "dim", width, "  ") if free else []),
        ]

    def _signal(self, stop: Stop, point: Point, width: int) -> list[Line]:
        """How near, or how to go on without a signal."""
        if not point.beacons:
            return paragraph(f"  {self.say('round.label_only')}", "mark", width, "  ")
        waited = self._waited(stop)
        if fault := self.terminal.radio.fault:
            return paragraph(f"  {self.say(fault)}", "text" if fault == CODES_ONLY else "mark", width, "  ")
        near = self._fresh()
        head = line(f"  {self.say('round.near')} ", bar(near))
        advice = f"  {self._advice(near)}"
        fits = width_of(head) + cells(advice) <= width
        rows = [(*head, (advice, "text"))] if fits else [head, *paragraph(advice, "text", width, "  ")]
        far = near is None or (near.state in (Nearness.SILENT, Nearness.FAR) and near.bars < BARS)
        if far and waited >= self.gear.watch.plan.settings.label_after_s:
            rows += paragraph(f"  {self.say('round.label' if point.label else 'round.type')}", "mark", width, "  ")
        return rows

    def _fresh(self) -> Near | None:
        if asyncio.get_running_loop().time() - self._heard_at > STALE_S:
            self._near = None
        return self._near

    def _all_done(self, progress: Progress, width: int) -> list[Line]:
        """The way is walked; places nobody could go to may be open by now."""
        rows = [line((self.say("round.all_done"), "ok")), *paragraph(self.say("round.all_done_how"), "text", width)]
        if shut := sum(map(is_shut, progress.visits)):
            rows += [(), *paragraph(self.say("round.all_done_but", n=shut), "mark", width)]
        return rows

    def _advice(self, near: Near | None) -> str:
        if near is None or near.state is Nearness.SILENT:
            return self.say("round.searching")
        if near.state is Nearness.AMBIGUOUS:
            return self.say("duty.near_ambiguous")
        if near.state is Nearness.NEAR:  # and no arrival yet
            return self.say("round.now_label")
        if near.bars >= BARS and near.wait_ms:
            return self.say("round.stand", n=-(-near.wait_ms // 1000))
        return self.say("duty.near_far")

    def _reminder(self, progress: Progress, width: int) -> list[Block]:
        if not self._recheck_due(progress):
            return []
        return [AIR, (2, paragraph(f"  {self.say('round.sign')}", "mark", width, "  "))]

    def _recheck_due(self, progress: Progress) -> bool:
        due = recheck_due(progress, self.gear.watch.plan.find_schedule(progress.schedule))
        return due and bool(self._partners(progress))

    def _partners(self, progress: Progress) -> list[str]:
        """Who walks it with the first of its crew: one who has left cannot sign any more."""
        shift = self.gear.watch.state.shift
        first = progress.crew[0].person if progress.crew else ""
        return [member.person for member in shift.crew if member.person != first] if shift else []

    def foot(self) -> Sequence[tuple[str, str]]:
        progress, stop = self._progress(), self._stop()
        if progress is None:
            return ()
        home = (("Backspace", self.say("round.key_change")), ("0", self.say("round.key_home")))
        menu = (*(home if _last_answered(progress) else ()), self.menu_key)
        if stop is None:
            return (("Enter", self.say("round.key_finish")), ("3", self.say("round.key_list")), *menu)
        if progress.at_stop is not None:
            keys = [("Enter", self.say("round.key_checks")), ("2", self.say("round.key_leave"))]
            return (*keys, ("3", self.say("round.key_list")), *menu)
        keys = [("1", self.say("round.key_scan")), ("2", self.say("round.key_skip")), ("3", self.say("round.key_list"))]
        if self.gear.camera is not None:
            keys.insert(1, ("6", self.say("round.key_camera")))
        if self._signs_again(progress):
            keys.append(("4", self._partner_words(progress)))
        return (*keys, ("5", self.say("round.key_finish")), *menu)

    def _signs_again(self, progress: Progress) -> bool:
        """Whether the partner could sign in on the way now, and has not yet."""
        schedule = self.gear.watch.plan.find_schedule(progress.schedule)
        asked = schedule is not None and (schedule.crew > 1 or schedule.recheck)
        together = len(progress.crew) > 1 and bool(self._partners(progress))
        return asked and on_the_way(progress) and together and not partner_seen(progress)

    def _partner_words(self, progress: Progress) -> str:
        """`4 李敏途中再签`: the partner; no name when it may be several."""
        partners = self._partners(progress)
        person = self.gear.watch.person(partners[0]) if len(partners) == 1 else None
        name = person.name.say(self.lang) if person else ""
        return self.say("round.key_partner", name=name) if name else self.say("round.key_partner_any")

    # -- keys ----------------------------------------------------------------------------------
    async def digit(self, key: str) -> None:
        progress, stop = self._progress(), self._stop()
        if progress is None:
            return
        match key:
            case "0":
                self.terminal.close(self)
            case "1" if stop is not None and progress.at_stop is None:
                from screens.label import CodePage  # here and below: not before somebody needs it: memory

                self.terminal.open(CodePage(last=progress.last))
            case "2" if stop is not None:
                from screens.skip import SkipPage

                self.terminal.open(SkipPage(stop, self.gear.watch.plan, here=progress.at_stop is not None))
            case "3":
                from screens.stops import StopsPage

                self.terminal.open(StopsPage(self._stop()))
            case "4":
                self.terminal.open(SignInPage(Purpose.RECHECK))
            case "5":
                self._finish()
            case "6" if self.gear.camera is not None:
                await self.terminal.scan_with_camera()

    def _finish(self) -> None:
        from screens.summary import FinishPage

        self.terminal.open(FinishPage())

    async def enter(self) -> None:
        progress, stop = self._progress(), self._stop()
        if progress is None:
            return
        if stop is None:
            if remaining(progress) or self._recheck_due(progress):
                self._finish()
            else:
                await self.terminal.finish_round()
        elif progress.at_stop is not None:
            self.terminal.open(StopPage())
        else:
            self.terminal.tell(self.say("round.how"), "mark")

    async def back(self) -> None:
        """The last answer is asked again; home where there is none."""
        progress = self._progress()
        visit = _last_answered(progress) if progress else None
        if visit is None:
            self.terminal.close(self)
        else:
            self.terminal.open(StopPage(visit.stop, visit.answers[-1].check))


def _last_answered(progress: Progress) -> Visit | None:
    """The stop that was done last, when something was answered there."""
    visit = progress.visit(progress.last) if progress.last and progress.at_stop is None else None
    return visit if visit and visit.answers else None


def bar(near: Near | None) -> Span:
    """`[######....]`: warmer, colder."""
    full = near.bars if near else 0
    return (f"[{'#' * full}{'.' * (BARS - full)}]", "ok" if full >= BARS else "key")


def _picture(near: Near | None) -> tuple[object, ...] | None:
    return None if near is None else (near.state, near.bars, -(-near.wait_ms // 1000))
