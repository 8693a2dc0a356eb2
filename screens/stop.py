"""The checks of one stop, one after the other: a key each for OK, digits for readings.

The watch knows which check is open, what keys mean and what is out of limits; this page asks and shows. Backspace
asks the check before it again: the new answer takes the old one back, and both stay in the book.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.duties.checks import offered, overrules, words_of
from app.duties.doubts import Doubt, Kind, allowed
from app.duties.findings import Finding
from app.duties.readings import Exchange, imbalance
from app.duties.rounds import Answer, Visit
from app.duties.site import Check, Stop
from app.duties.site import Choice as CheckChoice
from app.kinds import SensorRead
from app.words import say
from screens.choices import MOST, Choices
from screens.layout import AIR, Block, Line, fitting, heading, line, paragraph
from screens.limits import limits, unit_of
from screens.names import point_of, route_stop
from screens.number import Digits, field
from screens.page import Page
from screens.verdicts import next_words

if TYPE_CHECKING:
    from screens.doubt import Choice
    from screens.scores import Sheet

READINGS = 3
"""Earlier readings shown beside a number."""


class StopPage(Page):
    def __init__(self, done: str | None = None, again: str | None = None) -> None:
        """`again`: a check of the stop `done` that is asked once more; without them, the stop that is open."""
        super().__init__()
        self._done = done
        self._again = again
        """An answered check that is asked again."""
        self._asked: str | None = None
        """The check that the field below belongs to."""
        self._digits = Digits()
        self._choices: Choices[CheckChoice] | None = None
        self._sensor: SensorRead | None = None
        """What the sensor says to the check that is asked: it stays as the crew has seen it."""
        self._why: tuple[str | None, str] = (None, "")
        """The value with which the crew answers otherwise, and why; another one is asked about again."""
        self._sure: set[Kind] = set()
        """What the crew was asked about this reading."""
        self._repeats = False
        """It is out of its limits, and asked for once more."""
        self._exchange: Exchange | None = None
        self._sheet: Sheet | None = None
        """Of a check that is a score sheet."""

    # -- what is asked -------------------------------------------------------------------------
    def _stop(self) -> Stop | None:
        progress = self.gear.watch.state.round
        if self._done is None or progress is None:
            return self.gear.watch.next_stop()
        return route_stop(self.gear.watch.plan, progress.route, self._done)

    def _checks(self) -> tuple[Check, ...]:
        stop = self._stop()
        return self.gear.watch.plan.checks_of(stop) if stop else ()

    def _visit(self) -> Visit | None:
        progress, stop = self.gear.watch.state.round, self._stop()
        return progress.visit(stop.id) if progress and stop else None

    def _answers(self) -> dict[str, Answer]:
        visit = self._visit()
        return {answer.check: answer for answer in visit.answers} if visit else {}

    def _before(self) -> Answer | None:
        """The answer that would be taken back now."""
        return self._answers().get(self._again) if self._again else None

    def _earlier(self) -> str | None:
        """The answered check before the one that is asked."""
        answers, checks = self._answers(), [check.id for check in self._checks()]
        open_check = self.gear.watch.open_check()
        here = self._again or (open_check.id if open_check else None)
        before = [check for check in checks[: checks.index(here) if here in checks else None] if check in answers]
        return before[-1] if before else None

    def _check(self) -> Check | None:
        """The check that is asked; another one starts with an empty field."""
        again = (check for check in self._checks() if check.id == self._again)
        check = next(again, None) if self._again else self.gear.watch.open_check()
        if check is not None and check.id != self._asked:
            self._asked = check.id
            self._digits = _empty(check)
            self._choices = Choices(check.choices, lambda choice: choice.text.say(self.lang)) if check.choices else None
            self._sensor, self._why = None, (None, "")
            self._sure, self._exchange, self._repeats = set(), None, False
            self._sheet = self._new_sheet(check) if check.kind == "score" else None
        if check is not None and self._sensor is None and self._digits.empty:
            self._sensor = self.gear.watch.sensed(check, self._done)
        return check

    def _new_sheet(self, check: Check) -> "Sheet":
        from screens.scores import Sheet  # only inspections by score need it: memory

        return Sheet(self, check)

    # -- the sensor ----------------------------------------------------------------------------
    def awaited_tags(self) -> frozenset[tuple[str, str]]:
        """The tags that may yet say what the open check asks: nothing once one has, or somebody types."""
        check, stop = self._check(), self._stop()
        if check is None or stop is None or not check.sensor or self._sensor or self._again or not self._digits.empty:
            return frozenset()
        point = point_of(self.gear.watch.plan, stop)
        return frozenset((tag.format, tag.id) for tag in point.tags if tag.sender) if point else frozenset()

    def _told(self, check: Check) -> str:
        """The sensor's answer; empty without one, and where an answer that was given is asked again."""
        return offered(check, self._sensor.value) or "" if self._sensor and not self._again else ""

    # -- drawing -------------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        stop, check = self._stop(), self._check()
        if stop is None or check is None:
            return []
        checks = self._checks()
        rows = heading(self.place_of(stop), f"{checks.index(check) + 1}/{len(checks)}", width)
        rows += [] if self.large else [line((self._subject(stop, check), "dim")), ()]
        if (before := self._before()) is not None:
            was = self.say("stop.was", words=answer_words(self.lang, check, before))
            rows += [*paragraph(was, "mark", width), *([] if self.large else [()])]
        room = height - len(rows)
        together = check.kind == "ok" and before is None
        asks = self._run(checks, check, width, room) if together else self._one(check, width, room)
        air: list[Line] = [()] if self.large and len(asks) < room else []
        return [*rows, *air, *asks]

    def _one(self, check: Check, width: int, height: int) -> list[Line]:
        """One check alone."""
        match check.kind:
            case "ok":
                return self._ok_rows(check, None, True, width)
            case "number":
                return fitting(self._number(check, width), height)
            case "count":
                return fitting(self._count(check, width), height)
            case "score":
                return self._sheet.draw(width, height) if self._sheet else []
            case "text" if not check.choices:
                return [*paragraph(check.text.say(self.lang), "key", width), (), field("", self._digits)]
            case _:
                return self._choice(check, width, height)

    def _subject(self, stop: Stop, check: Check) -> str:
        if check.asset is not None:
            asset = self.gear.watch.plan.find_asset(check.asset)
            return asset.name.say(self.lang) if asset else check.asset
        return self.gear.watch.plan.checklist(stop.checklist).name.say(self.lang) if stop.checklist else ""

    def _run(self, checks: tuple[Check, ...], check: Check, width: int, height: int) -> list[Line]:
        """The OK checks that stand together, the open one pointed at, answered ones ticked."""
        answers = self._answers()
        here = checks.index(check)
        first = next((i + 1 for i in range(here - 1, -1, -1) if checks[i].kind != "ok"), 0)
        last = next((i for i in range(here, len(checks)) if checks[i].kind != "ok"), len(checks))
        blocks = []
        for place, each in enumerate(checks[first:last], first):
            rank = place - here if place >= here else len(checks) + here - place  # answered ones go first
            blocks.append((rank, self._ok_rows(each, answers.get(each.id), place == here, width)))
        return fitting(blocks, height)

    def _ok_rows(self, check: Check, answer: Answer | None, is_open: bool, width: int) -> list[Line]:
        sign = ">" if is_open else " " if answer is None else "+" if answer.ok else "x"
        role = "key" if is_open else "text" if answer is None else "dim" if answer.ok else "bad"
        rows = paragraph(f"{sign} {check.text.say(self.lang)}", role, width, "  ")
        if is_open and (standard := check.standard.say(self.lang)):
            rows += paragraph(f"  {standard}", "text", width, "  ")
        return rows

    def _number(self, check: Check, width: int) -> list[Block]:
        told = self._told(check)
        shown = Digits(told, check.decimals) if told and self._digits.empty else self._digits
        blocks: list[Block] = [(0, paragraph(check.text.say(self.lang), "key", width))]
        blocks += [(4, self._standard(check, width)), AIR, (0, [field("", shown, check.unit)]), AIR]
        if told or self.awaited_tags():
            words = self.say("sensor.read" if told else "sensor.awaited")
            blocks.append((2, paragraph(words, "key" if told else "dim", width)))
        normal, last = limits(self.lang, check), self.gear.watch.last_readings(check.id, READINGS, self._done)
        blocks += [(3, self._phases(check, width)), (1, paragraph(normal, "text", width))]
        if last:
            blocks.append((5, paragraph(self.say("stop.last", values=" ".join(last)), "text", width)))
        if said := check.said.say(self.lang):
            blocks.append((7, paragraph(self.say("stop.said", words=said), "dim", width)))
        if check.decimals:
            example = Digits("42", check.decimals)
            words = self.say("stop.decimals", keys=example.typed, value=example.shown)
            blocks.append((6, paragraph(words, "dim", width)))
        return blocks

    def _phases(self, check: Check, width: int) -> list[Line]:
        """What is read and typed of the check's group, side by side."""
        if not check.group:
            return []
        typed = None if self._digits.empty else self.gear.watch.judge(check, self._digits.typed).value
        said, role = self._balance(check, typed or self._told(check) or None)
        return paragraph(said, role, width)

    def _balance(self, check: Check, now: str | None) -> tuple[str, str]:
        """The group of `check` in words, and their role: `mark` when it is out of balance; empty without a group."""
        stop, checks = self._stop(), self._checks()
        values = self.gear.watch.side_by_side(check, stop, now) if stop else ()
        if not values:
            return "", "text"
        row = " | ".join(value or "_" for value in values)
        if None in values:
            return self.say("equipment.phases_open", values=row), "text"
        read = [value for value in values if value is not None]
        percent, limit = f"{imbalance(read):.0f}", allowed(checks, check)
        if not limit:
            return self.say("equipment.phases", values=row, percent=percent), "text"
        said = self.say("equipment.phases_limit", values=row, percent=percent, limit=limit)
        return said, "mark" if imbalance(read) > limit else "text"

    def _standard(self, check: Check, width: int) -> list[Line]:
        return paragraph(check.standard.say(self.lang), "text", width)

    def _count(self, check: Check, width: int) -> list[Block]:
        return [
            (0, paragraph(check.text.say(self.lang), "key", width)),
            (4, self._standard(check, width)),
            (1, paragraph(self.say("stop.count", total=check.total), "text", width)),
            (2, paragraph(limits(self.lang, check), "text", width)),
            AIR,
            (0, [field("", self._digits, self.say("stop.count_of", total=check.total))]),
        ]

    def _choice(self, check: Check, width: int, height: int) -> list[Line]:
        rows = [*paragraph(check.text.say(self.lang), "key", width), *self._standard(check, width), ()]
        if self._choices is None:
            return rows
        return [*rows, *self._choices.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        keys: list[tuple[str, str]] = []
        asks = _asks(self._check())
        if asks == "ok":
            keys += [("1", self.say("stop.ok")), ("2", self.say("stop.not_ok"))]
        elif asks == "choice" and self._choices and len(self._choices) > 1:
            keys.append((f"1-{min(MOST, len(self._choices))}", self.say("stop.pick")))
        if self._sheet is not None:
            keys.append(("Enter", self.say("score.save", points=self._sheet.points)))
        elif self._again and not self._digits.typed:
            keys.append(("Enter", self.say("stop.keep")))
        elif asks in ("ok", "digits"):
            takes = self._sensor is not None and self._digits.empty
            words = "stop.all_ok" if asks == "ok" else "sensor.take" if takes else "stop.next"
            keys.append(("Enter", self.say(words)))
        if self._sheet is not None and self._sheet.taken:
            keys.append(("Backspace", self.say("score.undo")))
        elif self._digits.typed:
            keys.append(("Backspace", self.say("stop.rub")))
        elif self._again or self._earlier():
            keys.append(("Backspace", self.say("stop.change" if self._earlier() else "menu.back")))
        return (*keys, self.menu_key)

    # -- keys ----------------------------------------------------------------------------------
    @property
    def open_question(self) -> object:
        """The check; what stands in its field is of the same one."""
        check = self._check()
        return check and (check.id, self._repeats)

    @property
    def half_typed(self) -> bool:
        return bool(self._digits.typed or (self._sheet and self._sheet.taken))

    async def digit(self, key: str) -> None:
        check = self._check()
        if check is None:
            return
        match _asks(check):
            case "ok":
                await self._answer(check, key)
            case "digits":
                self._digits = self._digits.press(key)
            case "choice":
                await self._choose(check, key)
            case "score" if self._sheet is not None and (said := self._sheet.press(key)):
                self.terminal.tell(said, "mark")

    async def _choose(self, check: Check, key: str) -> None:
        choice = self._choices.pick(key) if self._choices else None
        if choice is not None:
            await self._answer(check, str(check.choices.index(choice) + 1))

    async def back(self) -> None:
        """Rub out a digit, else ask the check before this one again, else leave."""
        if self._sheet is not None and self._sheet.taken:
            self._sheet.undo()
        elif self._digits.typed:
            self._digits = self._digits.rub()
        elif (earlier := self._earlier()) is not None:
            self._again = earlier
        else:
            self.terminal.close(self)

    async def enter(self) -> None:
        check = self._check()
        if check is None:
            self.terminal.close(self)
        elif self._sheet is not None:
            await self._save_score(check, self._sheet)
        elif self._again and self._digits.empty:
            self._go_on()
        elif check.kind == "ok":
            count = await self.gear.watch.all_ok()
            self._moved(self.say("stop.all_noted", n=count), "ok")
        elif _asks(check) == "digits":
            await self._read(check)
        else:
            self.terminal.tell(self.say("stop.choose"), "mark")

    async def _read(self, check: Check) -> None:
        raw = self._told(check) if self._digits.empty else self._digits.typed
        if not raw:
            self.terminal.tell(self.say("stop.type_number"), "mark")
            return
        await self._answer(check, raw)

    async def _save_score(self, check: Check, sheet: "Sheet") -> None:
        from app.duties.scores import score

        watch, stop, again = self.gear.watch, self._stop(), self._before() is not None
        answer = watch.judge(check, sheet.keys)
        given = score(check, sheet.taken, self.lang) if sheet.taken else None
        await watch.answer(answer, stop.id if stop and again else None, score=given)
        points, _, full = (answer.value or "").partition("/")
        said = self.say("score.passed" if answer.ok else "score.failed", points=points, full=full)
        role = "ok" if answer.ok else "mark"
        self._sheet = None
        if again:
            self.terminal.signal(role)
            self._go_on()
            self.terminal.tell(said, role)
        else:
            self._moved(said, role)

    def _ask_why(self, check: Check, answer: Answer, sensor: SensorRead) -> None:
        """The crew answers otherwise than the sensor: once a check, for what reason."""
        unit = f" {check.unit}" if check.unit else ""
        raw = self._digits.typed

        async def go_on(why: str) -> None:
            self._why = answer.value, why
            await self._answer(check, raw)

        from screens.overrule import OverrulePage  # here and below: not before somebody needs it: memory

        self.terminal.open(OverrulePage(f"{offered(check, sensor.value)}{unit}", f"{answer.value}{unit}", go_on))

    def _doubt(self, check: Check, raw: str, answer: Answer, doubt: Doubt) -> None:
        """Ask once what looks odd; what was typed stays in the field."""

        async def exchanged(exchange: Exchange) -> None:
            self._exchange = exchange
            self._sure.add(doubt.kind)
            await self._answer(check, raw)

        from screens.doubt import DoubtPage, ExchangePage

        async def go_on(choice: "Choice") -> None:
            match choice:
                case "again":
                    self._digits = _empty(check)
                case "exchanged":
                    self.terminal.open(ExchangePage(check, exchanged))
                case _:
                    self._sure.add(doubt.kind)
                    await self._answer(check, doubt.value if choice == "meant" else raw)

        self.terminal.signal("mark")
        self.terminal.open(DoubtPage(check, answer.value or "", doubt, go_on))

    async def _answer(self, check: Check, raw: str) -> None:
        watch, stop, before = self.gear.watch, self._stop(), self._before()
        answer = watch.judge(check, raw)
        value, why = self._why
        why = why if value == answer.value else ""
        if self._sensor and not why and overrules(check, answer, self._sensor.value):
            self._ask_why(check, answer, self._sensor)
            return
        reported = watch.reported(stop.id, check.id) if stop and before else None
        if before is not None and (answer.ok, answer.value) == (before.ok, before.value):
            self._stays(check, answer)
            if not answer.ok and reported is None:
                self._report(check)
            return
        at = stop.id if stop and before else None
        asked = (each for each in watch.doubts(check, answer, at, self._sensor) if each.kind not in self._sure)
        if (doubt := next(asked, None)) is not None:
            self._doubt(check, raw, answer, doubt)
            return
        group, role = self._balance(check, answer.value)
        kept = await watch.answer(answer, at, sensor=self._sensor, why=why, exchange=self._exchange)
        fields = {"value": answer.value or "", "unit": unit_of(check), "limits": limits(self.lang, check)}
        self._digits = _empty(check)
        if not kept:
            self._repeats = True
            self.terminal.signal("mark")
            self.terminal.tell(self.say("stop.repeat", **fields), "mark")
            return
        if before is not None:
            self._changed(check, answer, reported)
        elif answer.ok:
            self._moved(group if role == "mark" else "", "mark" if role == "mark" else "ok")
        else:
            words = check.text.say(self.lang)
            number = check.kind == "number"
            said = self.say("stop.kept", **fields) if number else self.say("stop.noted_not_ok", check=words)
            self._moved(said, "mark")
        if not answer.ok and reported is None:
            self._report(check)

    def _report(self, check: Check) -> None:
        from screens.finding import FindingPage

        self.terminal.open(FindingPage(check=check))

    def _stays(self, check: Check, answer: Answer) -> None:
        """The same answer again: nothing is recorded a second time."""
        self._digits = _empty(check)
        self._go_on()
        words = answer_words(self.lang, check, answer)
        self.terminal.tell(self.say("stop.same", check=check.text.say(self.lang), words=words))

    def _changed(self, check: Check, answer: Answer, reported: Finding | None) -> None:
        """The old answer is taken back; a problem that was reported for it stays reported, and the crew is told."""
        words = answer_words(self.lang, check, answer)
        said, role = self.say("stop.changed", check=check.text.say(self.lang), words=words), "ok"
        if answer.ok and reported is not None:
            still = self.say("stop.still", words=reported.words)
            said, role = self.say("round.then", said=said, next=still), "mark"
        self.terminal.signal(role)
        self._go_on()
        self.terminal.tell(said, role)

    def _go_on(self) -> None:
        """Back from an answered check to the one that is open, or to the round."""
        self._again = None
        if self._done is not None or self.gear.watch.open_check() is None:
            self.terminal.close(self)

    def _moved(self, said: str, role: str) -> None:
        """After an answer: on to the next check, or back to the round when that was the last."""
        self.terminal.signal(role)
        if self.gear.watch.open_check() is None:
            self.terminal.close(self)
            onward = next_words(self.lang, self.gear.watch)
            said = self.say("round.then", said=said, next=onward) if said else onward
        if said:
            self.terminal.tell(said, role)


def answer_words(lang: str, check: Check, answer: Answer) -> str:
    """An answer in words: a reading with its unit, a choice by its name."""
    if answer.value is None:
        return say(lang, "stop.ok" if answer.ok else "stop.not_ok")
    return words_of(check, answer, lang).removeprefix(check.text.say(lang)).strip()


def _asks(check: Check | None) -> str:
    """How the check is answered: `ok` (1 or 2), `digits`, `choice`, or `score`; nothing without one."""
    if check is None or check.kind in ("ok", "score"):
        return check.kind if check else ""
    return "choice" if check.choices or check.kind == "choice" else "digits"


def _empty(check: Check) -> Digits:
    """The field of a check, nothing typed."""
    reading = check.kind == "number"
    return Digits(decimals=check.decimals if reading else 0, signed=reading)
