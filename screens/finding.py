"""Reporting a problem: category, phrase, then one page that says where, whose turn and by when.

Six keys at most. Place and receiver follow from the plan; nothing is typed.
"""

from collections.abc import Sequence

from app.duties.findings import due_of
from app.duties.site import Category, Check, Phrase
from app.meaning import Meant
from app.ports import Scan
from screens.choices import Choices
from screens.layout import Line, heading, line, paragraph
from screens.page import Page
from screens.photos import Roll
from screens.times import clock, day

INDENT = "  "


class FindingPage(Page):
    def __init__(self, check: Check | None = None) -> None:
        super().__init__()
        self._check = check
        """The check that was not OK and led here."""
        self._category: Category | None = None
        """Known where the check says what a fault of it is; going back asks all the same."""
        self._phrase: Phrase | None = None
        self._fixed = False
        self._urgent = False
        self._choices: Choices[Category] | Choices[Phrase] | None = None
        self._roll = Roll()
        self._point: str | None = None
        self._asset: str | None = None
        """Whose label was read, where it is not where the crew is anyway."""

    def on_mount(self) -> None:
        found = self.gear.watch.plan.find_category(self._check.category) if self._check else None
        self._category = found if found and found.kind != "request" else None

    def on_unmount(self) -> None:
        self._roll.stop()

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        step = 1 + (self._category is not None) + (self._phrase is not None)
        about = self._category.text.say(self.lang) if self._category else ""
        rows = heading(f"{self.say('finding.step', n=step)} {about}".rstrip(), clock(self.gear.watch.now()), width)
        if self._check is not None:
            rows += paragraph(self.say("finding.about", check=self._check.text.say(self.lang)), "dim", width)
        if self._category and self._phrase:
            return [*rows, (), *self._confirm(self._category, self._phrase, width)]
        question = "finding.category" if self._category is None else "finding.phrase"
        choices = self._listed()
        rows += [line((self.say(question if len(choices) else "finding.none"), "text")), ()]
        return [*rows, *choices.draw(width, height - len(rows), self.more)]

    def _listed(self) -> Choices[Category] | Choices[Phrase]:
        if self._choices is None:
            if self._category is None:
                found = [each for each in self.gear.watch.plan.categories if each.kind != "request"]
                self._choices = Choices(found, lambda category: category.text.say(self.lang))
            else:
                self._choices = Choices(self._category.phrases, lambda phrase: phrase.text.say(self.lang))
        return self._choices

    def _confirm(self, category: Category, phrase: Phrase, width: int) -> list[Line]:
        now = self.gear.watch.now()
        due = due_of(category, now, self.gear.watch.plan.calendar, urgent=self._urgent)
        grade = "urgent" if self._urgent else "normal"
        state = [self.say(f"finding.hazard_{grade}" if category.kind == "hazard" else f"finding.as_{grade}")]
        if self._fixed:
            state.append(self.say("finding.fixed"))
        facts = (
            ("finding.place", self._place()),
            ("finding.to", self.say(f"finding.role_{category.to}")),
            ("finding.due", f"{day(self.lang, due, now)} ({' '.join(state)})"),
        )
        rows = [*paragraph(phrase.text.say(self.lang), "key", width), ()]
        for name, fact in facts:
            rows += paragraph(f"{self.say(name)}: {fact}", "text", width, INDENT)
        if seen := self._roll.said(self):
            rows += paragraph(seen, "key", width, INDENT)
        return rows

    def _place(self) -> str:
        here, plan = self.gear.watch.here(self._check), self.gear.watch.plan
        name = self._point or here.point
        point, asset = plan.find_point(name) if name else None, plan.find_asset(self._asset) if self._asset else None
        if point is None:
            return here.stop or self.say("finding.no_place_yet")
        return " ".join(each.name.say(self.lang) for each in (point, asset) if each)

    def foot(self) -> Sequence[tuple[str, str]]:
        if self._phrase is None:
            back = ("Backspace", self.say("finding.other")) if self._category else self.back_key
            return (back, self.menu_key)
        keys = (("Enter", self.say("finding.save")), ("7", self.say("finding.key_fixed")))
        return (*keys, ("8", self.say("finding.key_urgent")), self._roll.key(self), ("0", self.say("finding.again")))

    # -- keys ----------------------------------------------------------------------------------
    @property
    def open_question(self) -> object:
        return self._category, self._phrase

    async def digit(self, key: str) -> None:
        if self._phrase is None:
            self._choose(key)
            return
        match key:
            case "7":
                self._fixed = not self._fixed
            case "8":
                self._urgent = not self._urgent
            case "9":
                self._roll.press(self)
            case "0":
                self._restart()

    async def scanned(self, scan: Scan) -> bool:
        """The label of the place, or of the equipment, that it is about."""
        meant, plan = self.gear.watch.meaning(scan.text), self.gear.watch.plan
        asset = plan.find_asset(meant.id) if meant.kind is Meant.ASSET and meant.id else None
        point = asset.point if asset else meant.id if meant.kind is Meant.POINT else None
        if self._phrase is None or not point or plan.find_point(point) is None:
            return False
        self._point, self._asset = point, asset.id if asset else None
        self.terminal.signal("ok")
        return True

    def _choose(self, key: str) -> None:
        picked = self._listed().pick(key)
        if isinstance(picked, Category):
            self._category, self._choices = picked, None
        elif isinstance(picked, Phrase):
            self._phrase = picked

    def _restart(self) -> None:
        self._category = self._phrase = self._choices = None
        self._fixed = self._urgent = False

    async def back(self) -> None:
        if self._phrase is not None:
            self._phrase = None
        elif self._category is not None:
            self._restart()
        else:
            self.terminal.close(self)
            if self._check is not None:
                self.terminal.tell(self.say("finding.dropped", check=self._check.text.say(self.lang)), "mark")

    async def move(self, step: int) -> None:
        if self._phrase is None:
            self._listed().turn(step)

    async def enter(self) -> None:
        if self._category is None or self._phrase is None:
            self.terminal.tell(self.say("stop.choose"), "mark")
            return
        if self._roll.is_waited_for(self):
            return
        finding = await self.gear.watch.report(
            self._category.id,
            self._phrase.id,
            fixed=self._fixed,
            urgent=self._urgent,
            check=self._check,
            photos=self._roll.data,
            point=self._point,
            asset=self._asset,
        )
        self.terminal.signal("ok")
        self.terminal.close(self)
        self.terminal.tell(self.say("finding.saved", words=finding.words))
