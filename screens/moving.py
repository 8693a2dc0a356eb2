"""An enrolled handheld was shown a sheet: it goes nowhere without a supervisor, who reads first what that changes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from app.duties.life import OVERSEERS
from app.duties.site import Person
from app.errors import BookUnsafe, WatchbookError
from app.invitation import Invitation
from app.ports import Scan
from screens.gear import AGAIN
from screens.layout import AIR, Line, fitting, paragraph, title
from screens.overseer import OverseerPage
from screens.tasks import begin
from screens.times import clock
from sync.invited import Invited


class MovePage(OverseerPage):
    wanted = OVERSEERS

    def __init__(self, invited: Invited, sheet: Invitation) -> None:
        super().__init__()
        self._invited = invited
        self._to = sheet
        self._going: asyncio.Task[None] | None = None
        self._pictures: int | None = None
        """Unsent ones, once counted."""

    def look_up(self) -> None:
        if self._pictures is None:
            self._pictures = 0
            with suppress(BookUnsafe):  # then going says so
                self._pictures = self.gear.watch.pictures_unsent()

    def draw(self, width: int, height: int) -> Sequence[Line]:
        head = title(self.say("first.move_title"), clock(self.gear.watch.now()), width)
        site = self.gear.watch.plan.site
        unsent = self.gear.watch.unsent
        says = {
            "now": self.say("first.move_now", site=site.name.say(self.lang) or site.id),
            "to": self.say("first.move_to", office=self._to.office),
            "what": self.say("first.move_what"),
            "kept": self.say("first.move_kept", n=unsent) if unsent else "",
            "pictures": self.say("first.move_pictures", n=self._pictures) if self._pictures else "",
        }
        blocks = [(0, paragraph(words, "mark" if name == "what" else "text", width)) for name, words in says.items()]
        if self._going is not None:
            return [
                head,
                (),
                *fitting([*blocks, AIR, (0, paragraph(self.say("first.asks"), "key", width))], height - 2),
            ]
        asked = [*paragraph(self.say("first.move_who"), "key", width), self.asked()]
        return [head, (), *fitting([*blocks, AIR, (0, asked)], height - 2)]

    async def agreed(self, boss: Person, scan: Scan | None) -> None:
        if self._going is None:
            self._going = begin(self._go(boss), self.terminal.fail)

    async def back(self) -> None:
        if self._going is None:
            await super().back()

    async def _go(self, boss: Person) -> None:
        """The program begins anew in the new place; refused, nothing has changed."""
        try:
            await asyncio.to_thread(self._invited.come_in, self._to, leave_round=True)
        except WatchbookError as e:
            self._going = None
            self.terminal.refuse(e)
            self.show()
        else:
            self.terminal.exit(AGAIN)
