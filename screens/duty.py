"""The duty watch of a post (D6, D11, D53): who is on, for how long, what entry is due, and asking to be relieved."""

from collections.abc import Sequence

from app.duties import posts
from app.duties.days import local_time
from app.duties.posts import Left, OnDuty
from app.duties.provisions import Register
from app.duties.site import Post
from app.handing import Handing
from app.keeping import Keeping
from screens.layout import AIR, Block, Line, fitting, heading, line, paragraph
from screens.page import Page
from screens.posts import person_name
from screens.registers import EntryPage
from screens.times import clock


def kept_here(page: Page) -> tuple[Register, ...]:
    """Registers in which a line is due every so often at the crew's post, the next one first."""
    keeping = Keeping.of(page.gear.watch)
    due = [(at, register) for register in keeping.registers() if (at := keeping.line_due(register)) is not None]
    return tuple(register for _, register in sorted(due, key=lambda pair: pair[0]))


class DutyPage(Page):
    def draw(self, width: int, height: int) -> Sequence[Line]:
        watch = self.gear.watch
        post = watch.post()
        name = post.name.say(self.lang) if post else ""
        head = heading(self.say("duty_watch.title", post=name), clock(watch.now()), width)
        return [*head, *fitting([AIR, *self._people(width), AIR, *self._entries(width)], height - len(head))]

    def _people(self, width: int) -> list[Block]:
        watch = self.gear.watch
        post, state = watch.post(), watch.post_state()
        since = {duty.person: duty for duty in state.people}
        blocks = [block for left in watch.hours() if post for block in self._one(post, since[left.person], left, width)]
        if state.relief_asked is not None:
            time = clock(local_time(state.relief_asked, watch.zone))
            blocks.append((1, paragraph(self.say("duty_watch.asked_at", time=time), "mark", width)))
        return blocks

    def _one(self, post: Post, duty: OnDuty, left: Left, width: int) -> list[Block]:
        minutes = posts.minutes_on(post, left)
        words = self.say(
            f"duty_watch.on_{left.hours}",
            name=person_name(self, duty.person),
            time=clock(local_time(duty.since, self.gear.watch.zone)),
            span=self.say("handover.span", h=minutes // 60, m=minutes % 60),
            hours=post.hours,
        )
        rows: list[Block] = [(0, paragraph(words, "text" if left.hours == "fine" else "mark", width, "  "))]
        if duty.stands_in:
            other = self.say("duty_watch.stands_in", name=person_name(self, duty.stands_in))
            rows.append((3, paragraph(f"  {other}", "dim", width, "  ")))
        return rows

    def _entries(self, width: int) -> list[Block]:
        keeping, now = Keeping.of(self.gear.watch), self.gear.watch.now()
        blocks: list[Block] = []
        for register in kept_here(self):
            at = local_time(keeping.line_due(register) or 0, self.gear.watch.zone)
            key = "registers.row_late" if at <= now else "registers.row_due"
            words = self.say(key, name=register.name.say(self.lang), time=clock(at))
            blocks.append((0, paragraph(words, "mark" if at <= now else "text", width, "  ")))
        return blocks or [(4, [line((self.say("duty_watch.no_entries"), "dim"))])]

    def foot(self) -> Sequence[tuple[str, str]]:
        entry = [("Enter", self.say("duty_watch.key_entry"))] if kept_here(self) else []
        return (*entry, ("1", self.say("duty_watch.key_relief")), self.back_key, self.menu_key)

    async def enter(self) -> None:
        if registers := kept_here(self):
            self.terminal.open(EntryPage(registers[0]))

    async def digit(self, key: str) -> None:
        if key != "1":
            return
        before = await Handing.of(self.gear.watch).ask_relief()
        if self.gear.office is not None:
            self.gear.office.sync_now()
        self.terminal.signal("mark")
        time = clock(self.terminal.local(before)) if before is not None else ""
        words = "duty_watch.asked" if before is None else "duty_watch.asked_before"
        self.terminal.tell(self.say(words, time=time), "mark")
