"""Open findings and hazards: an order for them, put right, and the re-check on site that closes them (D34)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.duties.days import millis
from app.duties.evidence import Near
from app.duties.findings import Finding
from app.duties.orders import Stage
from app.duties.site import Point
from app.kinds.evidence import BleEvidence
from app.onsite import OnSite
from app.ports import Scan, Sighting
from app.work import Work
from screens.choices import Choices
from screens.layout import Line, heading, paragraph, title
from screens.order import OrderPage, near_rows
from screens.page import Page
from screens.times import clock

if TYPE_CHECKING:
    from app.duties.violations import Paper
    from app.violations import Standing


def words_of(page: Page, finding: Finding) -> str:
    category = page.gear.watch.plan.find_category(finding.category)
    return f"{category.text.say(page.lang)} {finding.words}" if category else finding.words


def notice_words(page: Page, finding: Finding) -> str:
    """The rectification notice that the office gave for it (D34)."""
    return page.say("orders.notice", number=finding.notice, demand=finding.demand)


def place_of(page: Page, finding: Finding) -> str:
    point = page.gear.watch.plan.find_point(finding.point) if finding.point else None
    return point.name.say(page.lang) if point else finding.point or ""


def is_late(page: Page, finding: Finding) -> bool:
    standing, now = standing_of(page, finding), millis(page.gear.watch.now())
    if standing is not None and standing.case is not None:
        return standing.due is not None and standing.due < now
    return finding.corrected is None and finding.due < now


def standing_of(page: Page, finding: Finding) -> "Standing | None":
    """How far the papers of a violation are; None for any other finding."""
    category = page.gear.watch.plan.find_category(finding.category)
    if category is None or category.violation is None:
        return None
    from app.violations import Violations

    return Violations.of(page.gear.watch).standing(finding)


def state_of(page: Page, finding: Finding) -> str:
    if finding.corrected is not None:
        return page.say("orders.state_corrected")
    if finding.due < millis(page.gear.watch.now()):
        return page.say("orders.state_late")
    return page.say("orders.state_open", due=page.day_of(finding.due))


def row_state(page: Page, finding: Finding) -> str:
    """On a list, what is to be done next: of a violation its next paper."""
    standing = standing_of(page, finding) if finding.corrected is None else None
    if standing is None or standing.case is None or standing.next is None:
        return state_of(page, finding)
    from screens.violations import next_words

    return next_words(page, standing)


class MattersPage(Page):
    """What is open on this handheld; what waits for its re-check stands first."""

    def __init__(self) -> None:
        super().__init__()
        self._listed: tuple[Finding, ...] = ()
        self._choices: Choices[Finding] = Choices((), self._row)

    def look_up(self) -> None:
        found = Work.of(self.gear.watch).open_findings()
        if found != self._listed:
            self._listed = found
            self._choices = Choices(found, self._row, lambda each: "mark" if is_late(self, each) else "text")

    def _row(self, finding: Finding) -> str:
        key = "orders.matter_hazard" if finding.kind == "hazard" else "orders.matter"
        words = words_of(self, finding)
        if finding.notice:
            words = self.say("orders.notice_row", words=words)
        said = {"words": words, "place": place_of(self, finding)}
        return " ".join(self.say(key, **said, state=row_state(self, finding)).split())

    def draw(self, width: int, height: int) -> Sequence[Line]:
        hazards = sum(finding.kind == "hazard" for finding in self._listed)
        counts = self.say("orders.matters_counts", hazards=hazards, others=len(self._listed) - hazards)
        rows = [*heading(self.say("orders.matters_title"), counts, width), ()]
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
        self._near: Near | None = None
        self._heard: BleEvidence | None = None
        """Or the beacon of the place, near and trusted."""
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
        if finding.notice:
            rows += paragraph(notice_words(self, finding), "key", width)
        state = state_of(self, finding)
        rows += paragraph(self.say("orders.state", stage=state), "mark" if is_late(self, finding) else "text", width)
        if finding.reopened:
            rows += paragraph(self.say("orders.reopened", n=finding.reopened), "dim", width)
        rows += self._papers(finding, width)
        if finding.photos:
            rows += paragraph(self.say("photo.with", n=finding.photos), "dim", width)
        if finding.corrected is not None:
            rows += [(), *paragraph(self._on_site(finding, place), "text", width)]
            if self._scan is None and self._heard is None and self.heads_for() is not None:
                rows += near_rows(self, self._near, width)
        return rows

    def _papers(self, finding: Finding, width: int) -> list[Line]:
        """Of a violation: what is made, and what comes next by when."""
        standing = standing_of(self, finding)
        if standing is None:
            return []
        from screens.violations import next_words, rows_of

        rows = [row for words in rows_of(self, standing) for row in paragraph(words, "dim", width)]
        late = standing.due is not None and standing.due < millis(self.gear.watch.now())
        return [*rows, *paragraph(next_words(self, standing), "mark" if late else "key", width)]

    def _on_site(self, finding: Finding, place: str) -> str:
        if self._scan is not None or self._heard is not None:
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
            photo = ("9", self.say("photo.key"))
            return (("1", self.say("orders.recheck_ok")), ("2", self.say("orders.recheck_bad")), photo, self.back_key)
        enter = (("Enter", self.say(key)),) if (key := self._enter()) else ()
        photo = ("9", self.say("photo.key"))
        papers = (("3", self.say(f"violations.paper_{paper}")),) if (paper := self._next_paper(finding)) else ()
        return (*enter, ("1", self.say("orders.correct_key")), *papers, photo, self.back_key, self.menu_key)

    def _next_paper(self, finding: Finding) -> "Paper | None":
        standing = standing_of(self, finding) if finding.corrected is None else None
        return standing.next if standing else None

    def _enter(self) -> str:
        """What Enter does: an order is made once, then looked at."""
        order = Work.of(self.gear.watch).order_of(self._which)
        if order is not None and order.stage is not Stage.CLOSED:
            return "orders.see_order"
        return "orders.make_order" if self.gear.watch.takes_orders else ""

    async def enter(self) -> None:
        finding, watch = self._finding, self.gear.watch
        if finding is None or finding.corrected is not None:
            return
        match self._enter():
            case "orders.see_order" if order := Work.of(watch).order_of(self._which):
                self.terminal.open(OrderPage(order.id))
            case "orders.make_order":
                made = await Work.of(watch).order_from(self._which)
                self.terminal.open(OrderPage(made.id))
                self.terminal.signal("ok")
                self.terminal.tell(self.say("orders.made", role=self.say(f"finding.role_{made.to}")))

    @property
    def open_question(self) -> object:
        finding = self._finding
        return finding and (finding.corrected is None, self._asked)

    async def digit(self, key: str) -> None:
        finding = self._finding
        if finding is not None and key == "9":
            self._photograph()
        if finding is not None and key == "3" and (paper := self._next_paper(finding)):
            self._fill_in(finding, paper)
        if finding is None or key not in "12":
            return
        if finding.corrected is not None:
            await self._recheck(finding, ok=key == "1")
        elif key == "1":
            await Work.of(self.gear.watch).correct_finding(self._which)
            self.terminal.signal("ok")
            self.terminal.tell(self.say("orders.told_corrected"))

    def _fill_in(self, finding: Finding, paper: "Paper") -> None:
        from screens.violations import paper_page

        if standing := standing_of(self, finding):
            self.terminal.open(paper_page(paper, finding, standing))

    def _photograph(self) -> None:
        """How it looks now: before it is put right, or after."""
        from screens.photos import PhotosPage, Roll

        async def keep(photos: Sequence[bytes]) -> None:
            await Work.of(self.gear.watch).photograph_finding(self._which, photos)

        self.terminal.open(PhotosPage(Roll(), keep))

    async def _recheck(self, finding: Finding, *, ok: bool) -> None:
        """On site: the label is asked for once, where there is one."""
        if self._has_label(finding) and self._scan is None and self._heard is None and not self._asked:
            self._asked = True
            self.terminal.signal("mark")
            self.terminal.tell(self.say("orders.scan_first", place=place_of(self, finding)), "mark")
            return
        await Work.of(self.gear.watch).recheck_finding(self._which, ok=ok, scan=self._scan, heard=self._heard)
        self._scan, self._heard, self._asked = None, None, False
        self.terminal.signal("ok" if ok else "mark")
        if ok:
            self.terminal.close(self)
        self.terminal.tell(self.say("orders.told_closed" if ok else "orders.told_open"), "ok" if ok else "mark")

    def heads_for(self) -> Point | None:
        finding = self._finding
        proved = self._scan is not None or self._heard is not None
        return None if finding is None or proved else OnSite.of(self.gear.watch).point_of_finding(finding)

    async def sighted(self, sighting: Sighting) -> None:
        """The beacon of the place shows that the crew is there to look."""
        self._near, self._heard = await OnSite.of(self.gear.watch).near_finding(self._which, sighting)
        if self._heard is not None and (finding := self._finding):
            self.terminal.signal("ok")
            self.terminal.tell(self.say("orders.told_near", place=place_of(self, finding)))
        self.show()

    async def scanned(self, scan: Scan) -> bool:
        finding, point = self._finding, Work.of(self.gear.watch).point_read(scan)
        if finding is None or point is None or finding.corrected is None:
            return False
        if point.id != finding.point:
            self.terminal.signal("bad")
            self.terminal.tell(self.say("orders.wrong_place", place=point.name.say(self.lang)), "bad")
            return True
        self._scan = scan
        self.terminal.signal("ok")
        return True
