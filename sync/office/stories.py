"""What crews of the office's example do besides their rounds: the control room's log, visitors, repairs, violations,
drills, dwellings; and what the desk does with what residents ask for.

Each book is written by the acts that the screens use, in the order of time, by a handheld that was sent what the office
knew of its matters. A story ends where the example's own hour is reached. Names and rooms are invented.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from app.duties import surveys
from app.duties.days import millis
from app.duties.findings import Finding, may_recheck
from app.duties.orders import Confirmed, Order, Origin, Stage
from app.handing import Handing
from app.keeping import Keeping
from app.logbook.office import Received
from app.pages import Pages
from app.surveys import Surveys
from app.violations import Violations
from app.work import Work
from sync.office.walker import Over, Walker

MINUTE_S: Final = 60
HOUR_S: Final = 3600


class Span(Struct, frozen=True):
    """The days that a story tells of."""

    today: date
    first: int
    last: int
    """Days ago, `first` >= `last`."""
    now: int
    """UTC ms."""


class Hand:
    """One handheld and whoever has it, at the hours that a story says."""

    def __init__(self, walker: Walker, pages: Pages, badges: Mapping[str, str], span: Span) -> None:
        self.walker = walker
        self.watch, self.clock = walker.watch, walker.clock
        self.plan = pages.plan
        self.dice = random.Random(f"{pages.plan.site.id} {span.first}")  # noqa: S311 - a picture of a month, no secret
        self.span = span
        self._pages = pages
        self._badges = badges
        self._zone = ZoneInfo(pages.plan.site.zone)

    @property
    def days(self) -> range:
        """Days ago, oldest first."""
        return range(self.span.first, self.span.last - 1, -1)

    def at(self, ago: int, clock: str) -> int:
        """UTC ms of an hour so many days ago."""
        day = self.span.today - timedelta(days=ago)
        return millis(datetime.combine(day, time.fromisoformat(clock), self._zone))

    def until(self, at: int) -> None:
        """Wait until then. Raises Over when that has not come yet."""
        if at >= self.span.now:
            raise Over
        self.clock.wait_until(at)

    def wait(self, seconds: float) -> None:
        self.until(self.clock.now().at + round(seconds * 1000))

    @property
    def crew(self) -> frozenset[str]:
        shift = self.watch.state.shift
        return frozenset(member.person for member in shift.crew) if shift else frozenset()

    async def begin(self, ago: int, clock: str, *crew: str, post: str = "") -> None:
        """A shift: the crew signs in by badge, takes the post and reads what waits there."""
        self.until(self.at(ago, clock))
        for person in crew:
            await self.watch.sign_in_badge(self.walker.read(self._badges[person]))
            self.clock.wait(5)
        handing = Handing.of(self.watch)
        here = handing.post()
        if post and (here is None or here.id != post):
            await handing.man(post)
        if (sheet := handing.waiting()) is not None:
            self.clock.wait(40)
            await handing.take(sheet, sheet.counts if self.dice.random() < 0.5 else None)

    async def end(self, *notes: str, short: Mapping[str, int] | None = None) -> None:
        """Leave the sheet, with what is missing, and end the shift."""
        handing = Handing.of(self.watch)
        post = handing.post()
        if post is not None and post.items:
            counts = {item.id: item.count - (short or {}).get(item.id, 0) for item in post.items}
            await handing.give(counts, notes)
        self.clock.wait(20)
        await self.watch.close_shift()

    def take(self, matters: Sequence[Received]) -> None:
        """What the office sent of matters."""
        self.walker.logbook.receive(matters, f"example-{len(matters)}")
        self.watch.take_pages(self._pages)


Story = Callable[[Hand], Awaitable[None]]


# -- control room ----------------------------------------------------------------------------------

WATCHES: Final = (("he-jing", "guo-rui"), ("lin-fang", "gao-jian"), ("liang-yu", "zheng-xin"), ("xie-ling", "han-bo"))


async def control_room(hand: Hand) -> None:
    """Two a shift, a line every two hours, the sheet at each change (D53, D40); what rings and what is drilled."""
    turn = 0
    for ago in hand.days:
        for begins, hours in (("06:00", 8), ("14:00", 8), ("22:00", 8)):
            turn += 1
            await hand.begin(ago, begins, *WATCHES[turn % len(WATCHES)])
            opened = hand.clock.now().at
            for line in range(hours // 2):
                hand.until(opened + line * 2 * HOUR_S * 1000 + 240_000)
                await _control_line(hand)
                await _emergency(hand, ago, begins, line)
            hand.until(opened + round((hours - 0.1) * HOUR_S * 1000))
            missing = {"breathing": 1} if (ago, begins) == (11, "22:00") else None
            await hand.end(*(("in-order",) if missing is None else ("equipment", "told")), short=missing)


async def _control_line(hand: Hand) -> None:
    drawn = hand.dice.random()
    signal, done = next((said for limit, *said in _SIGNALS if drawn < limit), ["none", "nothing"])
    loop = {"loop": str(hand.dice.randint(1, 96))} if signal != "none" else {}
    await Keeping.of(hand.watch).enter_line("control-log", {"signal": signal, "done": done, **loop})


_SIGNALS: Final = (
    (0.01, "fault", "repair"), (0.03, "shielded", "checked"), (0.07, "false", "reset"), (0.08, "fire", "checked"),
)  # fmt: skip


async def _emergency(hand: Hand, ago: int, begins: str, line: int) -> None:
    told = _EMERGENCIES.get((ago, begins, line))
    if told is not None:
        await told(hand)


async def _lift(hand: Hand) -> None:
    """People in a lift for 18 minutes (D54)."""
    keeping = Keeping.of(hand.watch)
    hand.wait(20 * MINUTE_S)
    run = await keeping.open_procedure("lift-trapped", about="dt-03-1")
    for minutes, step in ((1, "call"), (2, "power"), (8, "arrived"), (7, "released"), (3, "stop")):
        hand.wait(minutes * MINUTE_S)
        await keeping.tick(run.id, "", step)
    await keeping.close_procedure(run.id)


async def _drill(hand: Hand) -> None:
    keeping = Keeping.of(hand.watch)
    run = await keeping.open_procedure("fire-drill", exercise=True)
    for team, minutes in (("extinguish", 3), ("lead", 3)):
        hand.wait(minutes * MINUTE_S)
        await keeping.assemble(run.id, team)
    for team, step, minutes in (
        ("extinguish", "hose", 2), ("lead", "announce", 1), ("extinguish", "pump", 2), ("lead", "count", 7),
    ):  # fmt: skip
        hand.wait(minutes * MINUTE_S)
        await keeping.tick(run.id, team, step)
    await keeping.report_team(run.id, "extinguish", "in-time")
    await keeping.report_team(run.id, "lead", "slow")
    await keeping.close_procedure(run.id)


async def _flood(hand: Hand) -> None:
    """Heavy rain: the three teams are called out, one comes late, a shovel is missing (D51)."""
    keeping = Keeping.of(hand.watch)
    run = await keeping.open_procedure("flood")
    for team, minutes in (("rescue", 14), ("people", 9), ("power", 12)):
        hand.wait(minutes * MINUTE_S)
        await keeping.assemble(run.id, team)
    procedure = keeping.procedure_of(run)
    assert procedure is not None
    for part in procedure.teams:
        for material in part.materials:
            missing = 1 if material.id == "shovels" else 0
            await keeping.count_material(run.id, part.id, material.id, material.count - missing)
        for step in part.steps:
            hand.wait(4 * MINUTE_S)
            await keeping.tick(run.id, part.id, step.id)
    for team_id, word in (("rescue", "holding"), ("power", "dry"), ("people", "dry")):
        await keeping.report_team(run.id, team_id, word)
    hand.wait(25 * MINUTE_S)
    await keeping.close_procedure(run.id)


_EMERGENCIES: Final[Mapping[tuple[int, str, int], Story]] = {
    (9, "14:00", 0): _lift, (12, "14:00", 0): _drill, (4, "14:00", 1): _flood,
}  # fmt: skip
"""By days ago, shift and which of its lines comes before."""


# -- gate and dormitory ----------------------------------------------------------------------------

GATES: Final = ("sun-hao", "ma-wei", "zhu-kai", "huang-tao", "li-min")


async def gate(hand: Hand) -> None:
    """Visitors, goods that leave, keys and radios at each change (D40, D41)."""
    turn = 0
    for ago in hand.days:
        for begins, ends in (("06:00", "13:55"), ("14:00", "21:55")):
            turn += 1
            await hand.begin(ago, begins, GATES[turn % len(GATES)], post="south-gate-post")
            await _gate_shift(hand, ago, begins, ends)
            await hand.end("in-order", short={"torch": 1} if (ago, begins) == (7, "14:00") else None)


async def _gate_shift(hand: Hand, ago: int, begins: str, ends: str) -> None:
    keeping, inside = Keeping.of(hand.watch), list[str]()
    first, last = hand.at(ago, begins) + 3_600_000, hand.at(ago, ends) - 2_400_000
    for moment in sorted(hand.dice.randint(first, last) for _ in range(4)):
        hand.until(max(moment, hand.clock.now().at + MINUTE_S * 1000))
        if hand.dice.random() < 0.25:
            goods = {"room": _room(hand), "goods": hand.dice.choice(("furniture", "appliance", "building", "other"))}
            await keeping.enter_line("goods", {**goods, "slip": str(hand.dice.randint(1000, 1999))})
            continue
        people = str(hand.dice.choice((1, 1, 2, 3)))
        line = await keeping.enter_line("gate-visitors", {"room": _room(hand), "phone": _phone(hand), "people": people})
        inside.append(line.id)
        if len(inside) > 1:
            hand.wait(5 * MINUTE_S)
            await keeping.end_line(inside.pop(0))
    hand.until(hand.at(ago, ends))
    for line_id in inside if (ago, begins) != (1, "14:00") else ():
        await keeping.end_line(line_id)


async def dormitory(hand: Hand) -> None:
    """Visitors who must have left, beds counted, late returns, forbidden appliances, keys lent (D41, D43)."""
    for ago in hand.days:
        await hand.begin(ago, "18:30", ("shi-lanying", "cui-yumei")[ago % 2], post="dorm-post")
        keeping = Keeping.of(hand.watch)
        hand.wait(hand.dice.randint(10, 50) * MINUTE_S)
        room = f"{hand.dice.randint(2, 5)}0{hand.dice.randint(1, 8)}"
        guest = await keeping.enter_line("dorm-visitors", {"room": room, "phone": _phone(hand), "people": "1"})
        if ago % 3 == 0:
            key = await keeping.enter_line("spare-keys", {"key": room, "phone": _phone(hand)})
            hand.wait(25 * MINUTE_S)
            await keeping.end_line(key.id)
        if ago % 7 == 2:
            kettle = {"room": room, "what": hand.dice.choice(("kettle", "cooker", "charger"))}
            await keeping.enter_line("appliances", {**kettle, "slip": str(200 + ago)})
        hand.until(hand.at(ago, "22:48" if ago % 11 == 5 else "21:40"))
        await keeping.end_line(guest.id)
        hand.until(hand.at(ago, "23:00"))
        for floor in range(2, 5):
            missing = "excused" if hand.dice.random() < 0.15 else "yes"
            present = str(4 if missing == "yes" else 3)
            await keeping.enter_line("bed-check", {"room": f"{floor}01", "present": present, "all": missing})
            hand.wait(2 * MINUTE_S)
        if ago % 4 == 1:
            late = {"room": room, "bed": "2", "why": hand.dice.choice(("shift", "outside"))}
            await keeping.enter_line("late-return", late)
        await hand.end("in-order")


def _room(hand: Hand) -> str:
    return f"{hand.dice.randint(1, 9)}-{hand.dice.randint(1, 18)}0{hand.dice.randint(1, 4)}"


def _phone(hand: Hand) -> str:
    return f"{hand.dice.randint(0, 9999):04d}"


# -- repairs -----------------------------------------------------------------------------------------


class Trade(Struct, frozen=True):
    """Who repairs at a site, who looks at it again, and what residents call for."""

    fitters: tuple[str, ...]
    rechecks: tuple[str, ...]
    calls: tuple[tuple[str, str], ...]
    """Category and phrase."""
    parts: tuple[str, ...] = ()


TRADES: Final[Mapping[str, Trade]] = {
    "cuihu-garden": Trade(
        ("tang-jun", "feng-lei", "dong-ping", "xiao-ming"),
        ("zhou-jie", "gao-feng"),
        (("water-leak", "drip"), ("water-leak", "clear"), ("lamp", "one"), ("lamp", "switch"), ("door-window", "lock"),
         ("door-window", "closer"), ("dorm-repair", "light"), ("water-leak", "floor")),
        ("lamp-9w", "tap", "hose", "lock", "switch", "closer"),
    ),
    "lanyue-tower": Trade(("peng-cheng",), ("qin-feng",), (("leak", "pipe"), ("lamp", "out"))),
    "xinghe-dorm": Trade(("yuan-gang",), ("bai-yu",), (("repair", "tap"), ("repair", "lamp"), ("repair", "lock"))),
}  # fmt: skip


_CONFIRMED: Final[tuple[Confirmed, ...]] = ("code", "paper", "absent", "refused")


async def repairs(hand: Hand) -> None:
    """What residents call for and what rounds found, each through every step to the customer's word (D30-D33, D44)."""
    trade = TRADES[hand.plan.site.id]
    for ago in hand.days:
        await hand.begin(ago, "08:05", trade.fitters[ago % len(trade.fitters)])
        await _found_earlier(hand, ago)
        for place, clock in enumerate(("09:10", "13:30") if ago % 3 else ("09:10", "11:15", "14:40")):
            hand.until(max(hand.at(ago, clock), hand.clock.now().at))
            await _call(hand, trade, ago, place)
        if (ago, hand.plan.site.id) == (10, "cuihu-garden"):
            await _basement(hand)
        await _go_on_with_the_leak(hand, ago)
        hand.wait(15 * MINUTE_S)
        await hand.end("works")


async def _call(hand: Hand, trade: Trade, ago: int, place: int) -> None:
    work = Work.of(hand.watch)
    category, phrase = trade.calls[(ago * 3 + place * 5) % len(trade.calls)]
    points = [point.id for point in hand.plan.points if point.label]
    urgent = hand.dice.random() < 0.15
    origin: Origin = "person" if hand.dice.random() < 0.3 else "radio"
    order = await work.take_order(
        category, phrase, origin=origin, room=_room(hand), point=hand.dice.choice(points), urgent=urgent
    )
    if ago == 0 and place:
        return  # nobody has gone yet
    used = {hand.dice.choice(trade.parts): 1} if trade.parts and hand.dice.random() < 0.6 else {}
    await _do(hand, order, used, minutes=hand.dice.randint(15, 55))
    await work.confirm_order(order.id, hand.dice.choices(_CONFIRMED, (70, 20, 8, 2))[0], _phone(hand))


async def _do(hand: Hand, order: Order, parts: Mapping[str, int], minutes: int) -> None:
    """From taking it on to the work done; the label of the place proves being there."""
    work = Work.of(hand.watch)
    hand.wait(hand.dice.randint(40, 170))
    if order.stage is Stage.TAKEN or order.worker is None:
        await work.accept_order(order.id)
    hand.wait(hand.dice.randint(20, 60))
    await work.go_to_order(order.id)
    hand.wait(hand.dice.randint(3, 20) * MINUTE_S)
    label = hand.walker.label(order.point) if order.point else None
    await work.arrive_at_order(order.id, label)
    hand.wait(minutes * MINUTE_S)
    await work.finish_order(order.id, parts)
    hand.wait(2 * MINUTE_S)


async def _found_earlier(hand: Hand, ago: int) -> None:
    """An order from each finding that is the fitters', a few a day; now and then one is left until it is late."""
    work = Work.of(hand.watch)
    mine = [each for each in work.open_findings() if _is_ready(hand, each, "fitter") and not work.order_of(each.id)]
    for finding in mine[:4]:
        if hand.dice.random() < 0.12:
            continue
        order = await work.order_from(finding.id)
        await _do(hand, order, {}, minutes=hand.dice.randint(10, 40))
        if hand.dice.random() < 0.85:
            await work.confirm_order(order.id, "paper", str(hand.dice.randint(100, 999)))


def _is_ready(hand: Hand, finding: Finding, role: str) -> bool:
    category = hand.plan.find_category(finding.category)
    return (
        finding.corrected is None and finding.at < hand.clock.now().at and category is not None and category.to == role
    )


async def _basement(hand: Hand) -> None:
    """Water in the basement: the part is missing, so the promise is moved once (D32)."""
    work = Work.of(hand.watch)
    order = await work.take_order("water-leak", "live", origin="radio", point="garage-b2", urgent=True)
    await work.accept_order(order.id)
    await work.go_to_order(order.id)
    hand.wait(6 * MINUTE_S)
    await work.arrive_at_order(order.id, hand.walker.label("garage-b2"))
    hand.wait(30 * MINUTE_S)
    await work.postpone_order(order.id, "part", "2d")
    await work.ask_visit(order.id)


async def _go_on_with_the_leak(hand: Hand, ago: int) -> None:
    if (ago, hand.plan.site.id) != (8, "cuihu-garden"):
        return
    work = Work.of(hand.watch)
    order = next((each for each in work.orders() if each.postponed and each.point == "garage-b2"), None)
    if order is None or order.stage is not Stage.ARRIVED:
        return
    if order.worker not in hand.crew:
        await work.accept_order(order.id)
    hand.wait(70 * MINUTE_S)
    await work.finish_order(order.id, {"hose": 1})
    hand.wait(3 * MINUTE_S)
    await work.confirm_order(order.id, "paper", "37")


# -- looked at again, violations ---------------------------------------------------------------------


async def rechecks(hand: Hand) -> None:
    """What is put right is looked at again on site and closed (D34); what is the guards' own, they put right."""
    trade = TRADES[hand.plan.site.id]
    for ago in hand.days:
        await hand.begin(ago, "16:10", trade.rechecks[ago % len(trade.rechecks)])
        work = Work.of(hand.watch)
        for finding in work.open_findings():
            order = work.order_of(finding.id)
            undone = order is not None and order.done is None
            if finding.at >= hand.clock.now().at or undone or (finding.corrected or 0) >= hand.clock.now().at:
                continue
            if not may_recheck(finding):
                if order is not None or _is_ready(hand, finding, "fitter") or hand.dice.random() < 0.1:
                    continue
                hand.wait(6 * MINUTE_S)
                await work.correct_finding(finding.id)
            hand.wait(5 * MINUTE_S)
            label = hand.walker.label(finding.point) if finding.point else None
            await work.recheck_finding(finding.id, ok=hand.dice.random() < 0.93, scan=label)
        if told := _VIOLATIONS.get((hand.plan.site.id, ago)):
            await told(hand)
        await hand.end()


async def _upstairs(hand: Hand) -> None:
    """An e-bike taken upstairs: they promise, get the notice, and bring it down (D35)."""
    finding = await hand.watch.report("ebike", "home", point="b3-u1", asset="dt-03-1")
    hand.wait(4 * MINUTE_S)
    violating = Violations.of(hand.watch)
    await violating.record_violation(finding.id, "tenant", "promised", "3-1202")
    hand.wait(40 * MINUTE_S)
    await violating.notify_violation(finding.id, "down", "2026031", "signed")


async def _wire(hand: Hand) -> None:
    """A wire out of a window: they refuse, and it is reported."""
    finding = await hand.watch.report("flying-wire", "window", point="b5-u2")
    hand.wait(5 * MINUTE_S)
    violating = Violations.of(hand.watch)
    await violating.record_violation(finding.id, "owner", "refused", "5-604")
    hand.wait(30 * MINUTE_S)
    await violating.notify_violation(finding.id, "remove", "2026032", "refused")
    hand.wait(50 * MINUTE_S)
    await violating.report_violation(finding.id, "receipt", "1187")


async def _terrace(hand: Hand) -> None:
    """Something is built on a terrace, yesterday; the notice is still to be written."""
    finding = await hand.watch.report("illegal-building", "terrace", point="b6-roof")
    hand.wait(6 * MINUTE_S)
    await Violations.of(hand.watch).record_violation(finding.id, "builder", "nobody", "6-1801")


_VIOLATIONS: Final[Mapping[tuple[str, int], Story]] = {
    ("cuihu-garden", 8): _upstairs, ("cuihu-garden", 14): _wire, ("cuihu-garden", 1): _terrace,
}  # fmt: skip


# -- dwellings before they are handed over -----------------------------------------------------------


async def dwellings(hand: Hand) -> None:
    """Building 9, dwelling by dwelling; a week later the builder's faults once more (D36)."""
    survey = next(each for each in hand.plan.surveys if each.id == "flats-9")
    units = [unit.id for unit in survey.units[:9]]
    for ago in hand.days:
        if ago not in (6, 13):
            continue
        await hand.begin(ago, "09:30", "xiao-ming")
        surveying = Surveys.of(hand.watch)
        for number, unit in enumerate(units if ago == 13 else units[:5], 1):
            to_look_at = surveys.left(surveying.dwelling(survey, unit), survey.fittings)
            if not to_look_at:
                continue
            for what in to_look_at:
                hand.wait(MINUTE_S)
                wrong = hand.dice.random() < (0.12 if ago == 13 else 0.25)
                if wrong:
                    fitting = what.fitting if isinstance(what, surveys.Fault) else what.id
                    phrase = surveying.phrases(survey, fitting)[0].id
                    await surveying.find_wrong(survey.id, unit, what, phrase)
                else:
                    await surveying.find_right(survey.id, unit, what)
            await surveying.close_visit(survey.id, unit, "paper", str(900 + 20 * (ago == 6) + number))
        await hand.end()


class Told(Struct, frozen=True):
    """Which handheld tells what."""

    site: str
    name: str
    story: Story
    after: bool = False
    """It goes on with what others found: they come first."""


TOLD: Final = (
    Told("cuihu-garden", "消控室1号", control_room),
    Told("cuihu-garden", "南门岗2号", gate),
    Told("cuihu-garden", "宿管岗2号", dormitory),
    Told("cuihu-garden", "工程部4号", dwellings),
    *(Told(site, "维修3号", repairs, after=True) for site in TRADES),
    *(Told(site, "复查1号", rechecks, after=True) for site in TRADES),
)
PEOPLE: Final = tuple(
    sorted({
        *(person for watch in WATCHES for person in watch), *GATES, "shi-lanying", "cui-yumei", "xiao-ming",
        *(person for trade in TRADES.values() for person in (*trade.fitters, *trade.rechecks)),
    })
)  # fmt: skip
"""Whose badges are scanned."""
