"""The papers of a violation (D35): patrol record, dissuasion notice, report, each filled in on one page."""

from collections.abc import Callable, Sequence

from app.duties.findings import Finding
from app.duties.violations import ANSWERS, HANDED, NEEDS_NUMBER, PARTIES, SIGNED, Paper
from app.violations import Standing, Violations
from app.work import ROOM_MOST, VALUE_MOST
from screens.asking import Answers, Ask, AskPage
from screens.page import Page


def standing_of(page: Page, finding: Finding) -> Standing | None:
    return Violations.of(page.gear.watch).standing(finding)


def rows_of(page: Page, standing: Standing) -> list[str]:
    """What is made, each with its day and its number, and what comes next."""
    case, found = standing.case, []
    if case is not None:
        said = page.say(f"violations.answer_{case.answer}")
        found.append(page.say("violations.made_record", at=page.day_of(case.recorded), said=said, room=case.room))
    if case is not None and case.noticed is not None:
        signed = page.say(f"violations.signed_{case.signed}")
        at, comply = page.day_of(case.noticed), page.day_of(case.comply or case.noticed)
        found.append(page.say("violations.made_notice", at=at, number=case.number, signed=signed, comply=comply))
    if case is not None and case.reported is not None:
        authority = standing.rule.authority.say(page.lang)
        found.append(page.say("violations.made_report", at=page.day_of(case.reported), authority=authority))
    return [" ".join(words.split()) for words in found]


def next_words(page: Page, standing: Standing) -> str:
    """`下一步: 劝阻通知书 限今天24:00`; nothing when all papers are made."""
    if standing.next is None:
        return ""
    name = page.say(f"violations.paper_{standing.next}")
    if standing.due is None:
        return page.say("violations.next_free", name=name)
    return page.say("violations.next", name=name, due=page.day_of(standing.due))


def paper_page(paper: Paper, finding: Finding, standing: Standing) -> "PaperPage":
    """The page on which the next paper is filled in."""
    pages: dict[Paper, Callable[[Finding, Standing], PaperPage]]
    pages = {Paper.RECORD: RecordPage, Paper.NOTICE: NoticePage, Paper.REPORT: ReportPage}
    return pages[paper](finding, standing)


class PaperPage(AskPage):
    paper: Paper

    def __init__(self, finding: Finding, standing: Standing) -> None:
        super().__init__()
        self.finding = finding
        self.standing = standing

    def head(self) -> str:
        return self.say(f"violations.paper_{self.paper}")

    def choice(self, name: str, ids: Sequence[str], words: str) -> Ask:
        choices = tuple((each, self.say(f"violations.{words}_{each}")) for each in ids)
        return Ask(name, self.say(f"violations.ask_{name}"), self.say(f"violations.short_{name}"), choices)

    def number(self, name: str, *, most: int = VALUE_MOST, room: bool = False) -> Ask:
        hint = self.say("violations.no_room") if room else ""
        words, short = self.say(f"violations.ask_{name}"), self.say(f"violations.short_{name}")
        return Ask(name, words, short, most=most, room=room, hint=hint)

    def done(self) -> None:
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.tell(self.say("violations.saved", name=self.head()))

    @property
    def acts(self) -> Violations:
        return Violations.of(self.gear.watch)


class RecordPage(PaperPage):
    paper = Paper.RECORD

    def question(self, answers: Answers) -> Ask | None:
        if "party" not in answers:
            return self.choice("party", PARTIES, "party")
        if "answer" not in answers:
            return self.choice("answer", ANSWERS, "answer")
        return None if "room" in answers else self.number("room", most=ROOM_MOST, room=True)

    async def save(self, answers: Answers, photos: Sequence[bytes]) -> None:
        await self.acts.record_violation(self.finding.id, answers["party"], answers["answer"], answers["room"])
        self.done()


class NoticePage(PaperPage):
    paper = Paper.NOTICE
    photographed = True

    def question(self, answers: Answers) -> Ask | None:
        if "demand" not in answers:
            found = tuple((each.id, each.text.say(self.lang)) for each in self.standing.rule.demands)
            return Ask("demand", self.say("violations.ask_demand"), self.say("violations.short_demand"), found)
        if not answers.get("number"):
            return self.number("number")
        return None if "signed" in answers else self.choice("signed", SIGNED, "signed")

    def facts(self) -> Sequence[str]:
        return (self.say("violations.comply", due=self.day_of(self.acts.comply_by(self.standing.rule))),)

    async def save(self, answers: Answers, photos: Sequence[bytes]) -> None:
        await self.acts.notify_violation(
            self.finding.id, answers["demand"], answers["number"], answers["signed"], photos
        )
        self.done()


class ReportPage(PaperPage):
    paper = Paper.REPORT
    photographed = True

    def question(self, answers: Answers) -> Ask | None:
        if "handed" not in answers:
            return self.choice("handed", HANDED, "handed")
        if answers["handed"] in NEEDS_NUMBER and not answers.get("receipt"):
            return self.number("receipt")
        return None

    def facts(self) -> Sequence[str]:
        return (self.say("violations.authority", name=self.standing.rule.authority.say(self.lang)),)

    async def save(self, answers: Answers, photos: Sequence[bytes]) -> None:
        await self.acts.report_violation(self.finding.id, answers["handed"], answers.get("receipt", ""), photos)
        self.done()
