"""Open findings and hazards: an order for them, put right, and the re-check on site that closes them (D34)."""

from collections.abc import Sequence

from app.duties.days import millis
from app.duties.findings import Finding
from app.duties.orders import Stage
from app.ports import Scan
from screens.choices import Choices
from screens.layout import Line, paragraph, title
from screens.orders import OrderPage, due_words
from screens.page import Page
from screens.times import clock


def words_of(page: Page, finding: Finding) -> str:
    category = page.gear.watch.plan.find_category(finding.category)
    return f"{category.text.say(page.lang)} {finding.words}" if category else finding.words


def place_of(page: Page, finding: Finding) -> str:
    point = page.gear.watch.plan.find_point(finding.point) if finding.point else None
    return point.name.say(page.lang) if point else finding.point or ""


def is_late(page: Page, finding: Finding) -> bool:
    return finding.corrected is None and finding.due < millis(page.gear.watch.now())


def state_of(page: Page, finding: Finding) -> str:
    if finding.corrected is not None:
        return page.say("orders.state_corrected")
    if is_late(page, finding):
        return page.say("orders.state_late")
    return page.say("orders.state_open", due=due_words(page, finding.due))


class MattersPage(Page):
    """What is open on this handheld; what waits for its re-check stands first."""

    def __init__(self) -> None:
        super().__init__()
        self._listed: tuple[Finding, ...] = ()
        self._choices: Choices[Finding] = Choices((), self._row)

    def look_up(self) -> None:
        found = self.gear.watch.open_findings()
        if found != self._listed:
            self._listed = found
            self._choices = Choices(found, self._row, lambda each: "mark" if is_late(self, each) else "text")

    def _row(self, finding: Finding) -> str:
        key = "orders.matter_hazard" if finding.kind == "hazard" else "orders.matter"
        said = {"words": words_of(self, finding), "place": place_of(self, finding)}
        return " ".join(self.say(key, **said, state=state_of(self, finding)).split())

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("orders.matters_title"), clock(self.gear.watch.now()), width), ()]
        if not len(self._choices):
            return [*rows, *paragraph(self.say("orders.matters_none"), "text", width)]
        return [*rows, *self._choices.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (self.back_key, self.menu_key)

    async def digit(self, key: str) -> None:
        finding = self._choices.pick(key)
        if finding is not None:
            self.terminal.open(MatterPage(finding.id))

    async def move(self, step: int) -> None:
        self._choices.turn(step)


class MatterPage(Page):
    """One of them: an order, put right, re-checked."""

    def __init__(self, finding: str) -> None:
        super().__init__()
        self._which = finding
        self._scan: Scan | None = None
        """The label that was read on site."""
        self._asked = False

    @property
    def _finding(self) -> Finding | None:
        return self.gear.watch.state.findings.get(self._which)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        finding = self._finding
        head = title(self.say("orders.matters_title"), clock(self.gear.watch.now()), width)
        if finding is None:
            return [head, (), *paragraph(self.say("orders.finding_gone"), "text", width)]
        rows = [head, (), *paragraph(words_of(self, finding), "key", width)]
        if place := place_of(self, finding):
            rows += paragraph(self.say("orders.place", place=place), "text", width)
        state = state_of(self, finding)
        rows += paragraph(self.say("orders.state", stage=state), "mark" if is_late(self, finding) else "text", width)
        if finding.reopened:
            rows += paragraph(self.say("orders.reopened", n=finding.reopened), "dim", width)
        if finding.corrected is not None:
            rows += [(), *paragraph(self._on_site(finding, place), "text", width)]
        return rows

    def _on_site(self, finding: Finding, place: str) -> str:
        if self._scan is not None:
            return self.say("orders.recheck_ready", place=place)
        return self.say("orders.recheck_ask" if self._has_label(finding) else "orders.recheck_look")

    def _has_label(self, finding: Finding) -> bool:
        point = self.gear.watch.plan.find_point(finding.point) if finding.point else None
        return point is not None and point.label

    def foot(self) -> Sequence[tuple[str, str]]:
        finding = self._finding
        if finding is None:
            return (self.back_key,)
        if finding.corrected is not None:
            return (("1", self.say("orders.recheck_ok")), ("2", self.say("orders.recheck_bad")), self.back_key)
        enter = (("Enter", self.say(key)),) if (key := self._enter()) else ()
        return (*enter, ("1", self.say("orders.correct_key")), self.back_key, self.menu_key)

    def _enter(self) -> str:
        """What Enter does: an order is made once, then looked at."""
        order = self.gear.watch.order_of(self._which)
        if order is not None and order.stage is not Stage.CLOSED:
            return "orders.see_order"
        return "orders.make_order" if self.gear.watch.takes_orders() else ""

    async def enter(self) -> None:
        finding, watch = self._finding, self.gear.watch
        if finding is None or finding.corrected is not None:
            return
        match self._enter():
            case "orders.see_order" if order := watch.order_of(self._which):
                self.terminal.open(OrderPage(order.id))
            case "orders.make_order":
                made = await watch.order_from(self._which)
                self.terminal.open(OrderPage(made.id))
                self.terminal.signal("ok")
                self.terminal.tell(self.say("orders.made", role=self.say(f"finding.role_{made.to}")))

    async def digit(self, key: str) -> None:
        finding = self._finding
        if finding is None or key not in "12":
            return
        if finding.corrected is not None:
            await self._recheck(finding, ok=key == "1")
        elif key == "1":
            await self.gear.watch.correct_finding(self._which)
            self.terminal.signal("ok")
            self.terminal.tell(self.say("orders.told_corrected"))

    async def _recheck(self, finding: Finding, *, ok: bool) -> None:
        """On site: the label is asked for once, where there is one."""
        if self._has_label(finding) and self._scan is None and not self._asked:
            self._asked = True
            self.terminal.signal("mark")
            self.terminal.tell(self.say("orders.scan_first", place=place_of(self, finding)), "mark")
            return
        await self.gear.watch.recheck_finding(self._which, ok=ok, scan=self._scan)
        self._scan, self._asked = None, False
        self.terminal.signal("ok" if ok else "mark")
        if ok:
            self.terminal.close(self)
        self.terminal.tell(self.say("orders.told_closed" if ok else "orders.told_open"), "ok" if ok else "mark")

    async def scanned(self, scan: Scan) -> bool:
        finding, point = self._finding, self.gear.watch.point_read(scan)
        if finding is None or point is None or finding.corrected is None:
            return False
        if point.id != finding.point:
            self.terminal.signal("bad")
            self.terminal.tell(self.say("orders.wrong_place", place=point.name.say(self.lang)), "bad")
            return True
        self._scan = scan
        self.terminal.signal("ok")
        return True
