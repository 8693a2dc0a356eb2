"""The papers of a violation (D35): recorded on patrol, noticed to whoever does it, reported to the authority."""

from collections.abc import Sequence

from msgspec import Struct

from app.duties import violations
from app.duties.findings import Finding
from app.duties.provisions import Violation
from app.duties.violations import ANSWERS, HANDED, NEEDS_NUMBER, PARTIES, SIGNED, Case, Made, Paper
from app.errors import NotAllowed
from app.kinds.violations import VIOLATIONS, ViolationNoticed, ViolationRecorded, ViolationReported
from app.session import act
from app.text import clean
from app.words import say
from app.work import VALUE_MOST, Work, is_room


class Standing(Struct, frozen=True):
    """Where the papers of a finding stand."""

    rule: Violation
    case: Case | None
    next: Paper | None
    due: int | None
    """Of the next paper, UTC ms; None when there is none, or it is not needed."""


class Violations(Work):
    """Acts on the violations among the open findings."""

    def standing(self, finding: Finding) -> Standing | None:
        """None for a finding whose category is no violation."""
        category = self._in_force.find_category(finding.category)
        rule = category.violation if category else None
        if rule is None:
            return None
        case = self.state.share(VIOLATIONS).get(finding.id)
        due = violations.due(case, rule, self._in_force.calendar, self.zone, finding.at)
        return Standing(rule, case, violations.next_paper(case), None if finding.corrected is not None else due)

    def comply_by(self, rule: Violation) -> int:
        """What a notice given now would give them, UTC ms."""
        return violations.comply_by(rule, self.now(), self._in_force.calendar)

    @act
    async def record_violation(self, finding: str, party: str, answer: str, room: str = "") -> None:
        """The patrol record. Raises NotAllowed for what is no violation, what was recorded, and a room that is none."""
        found, standing = self._violation(finding)
        if party not in PARTIES or answer not in ANSWERS:
            raise NotAllowed("watch.unknown_reason")
        if not is_room(room):
            raise NotAllowed("orders.bad_room")
        _may(violations.record(standing.case, self._at(), party, answer, room, found=found.at))
        said = say(self.lang, f"violations.party_{party}"), say(self.lang, f"violations.answer_{answer}")
        words = clean(", ".join(said))
        await self._write(ViolationRecorded(finding, found.at, party, answer, words, room))

    @act
    async def notify_violation(
        self, finding: str, demand: str, number: str, signed: str, photos: Sequence[bytes] = ()
    ) -> None:
        """The dissuasion notice of that `number` was handed over. Raises NotAllowed out of its order, and for what the
        plan does not ask for."""
        _, standing = self._violation(finding)
        asked = next((each for each in standing.rule.demands if each.id == demand), None)
        if asked is None or signed not in SIGNED:
            raise NotAllowed("watch.unknown_reason")
        comply, number = self.comply_by(standing.rule), _digits(number)
        _may(violations.notify(standing.case, self._at(), demand, number, signed, comply))
        seen = await self._attached(photos)
        words = clean(asked.text.say(self.lang))
        await self._write(ViolationNoticed(finding, demand, words, number, signed, comply, seen))

    @act
    async def report_violation(self, finding: str, handed: str, number: str = "", photos: Sequence[bytes] = ()) -> None:
        """It was reported to the authority of the plan. Raises NotAllowed out of its order, and without the number of
        the receipt where there is one."""
        _, standing = self._violation(finding)
        number = _digits(number)
        if handed not in HANDED:
            raise NotAllowed("watch.unknown_reason")
        if handed in NEEDS_NUMBER and not number:
            raise NotAllowed(f"violations.why_{violations.Why.NO_NUMBER}")
        _may(violations.report(standing.case, self._at()))
        seen = await self._attached(photos)
        words = clean(standing.rule.authority.say(self.lang))
        await self._write(ViolationReported(finding, handed, words, number, seen))

    def _violation(self, finding: str) -> tuple[Finding, Standing]:
        found = self._finding(finding)
        standing = self.standing(found)
        if standing is None:
            raise NotAllowed("violations.none")
        return found, standing


def _may(made: Made) -> Case:
    """Raises NotAllowed with the reason why a paper is not made."""
    if isinstance(made, Case):
        return made
    raise NotAllowed(f"violations.why_{made}")


def _digits(text: str) -> str:
    return text[:VALUE_MOST] if text.isascii() and text.isdigit() else ""
