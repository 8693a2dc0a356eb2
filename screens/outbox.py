"""What the office does not have yet, since when, and why not."""

from collections.abc import Sequence

from screens.gear import Contact
from screens.layout import Line, paragraph, title
from screens.page import Page
from screens.times import clock, span, told

SHORT = 8
"""Digits of a book's id that are shown."""


class OutboxPage(Page):
    def draw(self, width: int, height: int) -> Sequence[Line]:
        unsent = self.gear.watch.unsent
        rows = [title(self.say("outbox.title"), clock(self.gear.watch.now()), width), ()]
        said = self.say("outbox.unsent", n=unsent) if unsent else self.say("outbox.all_sent")
        rows += paragraph(f"Q:{unsent}  {said}", "key", width)
        if before := self.gear.watch.state.before:
            rows += paragraph(self.say("outbox.new_book", book=before[:SHORT]), "text", width)
        office = self.gear.office
        if office is None:
            return [*rows, (), *paragraph(self.say("outbox.not_enrolled"), "text", width)]
        for sentence in self._facts(office.line):
            rows += paragraph(sentence, "text", width)
        rows += [(), *paragraph(self.say("outbox.kept"), "dim", width)]
        if self.gear.desk:
            rows += [(), *paragraph(self.gear.desk, "dim", width)]
        return rows

    def _facts(self, line: Contact) -> list[str]:
        facts = []
        if line.oldest_s is not None and self.gear.watch.unsent:
            facts.append(self.say("outbox.oldest", span=span(self.lang, line.oldest_s)))
        if line.last_ack is None:
            facts.append(self.say("outbox.no_ack"))
        else:
            when = self.day_of(line.last_ack)
            facts.append(self.say("outbox.last_ack", time=when))
        if line.online:
            facts.append(self.say("outbox.online"))
        elif line.offline_s is None:
            facts.append(self.say("outbox.never"))
        else:
            facts.append(self.say("outbox.offline", span=span(self.lang, line.offline_s)))
        if line.reason is not None:
            facts.append(self.say("outbox.why", reason=self.say(line.reason, **line.fields)))
        facts += [told(self.lang, key, fields) for key, fields in line.notices]
        return facts

    def foot(self) -> Sequence[tuple[str, str]]:
        back = self.back_key
        return (("3", self.say("outbox.sync")), back) if self.gear.office else (back,)

    async def digit(self, key: str) -> None:
        if key == "3" and self.gear.office is not None:
            await self.terminal.sync_now()

    async def enter(self) -> None:
        self.terminal.close(self)
