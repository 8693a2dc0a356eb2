"""What the office has to say: one message after the other, read by one key, which is a record."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.kinds.messages import Message
from app.messages import Reading
from app.words import say
from screens.layout import Line, paragraph, title
from screens.page import Page
from screens.posts import person_name

if TYPE_CHECKING:
    from screens.gear import Gear
    from screens.terminal import Terminal


def offer(terminal: "Terminal") -> bool:
    """What waits for this crew stands before anything else; whether anything does."""
    waiting = Reading.of(terminal.gear.watch).messages()
    if waiting:
        terminal.open(MessagePage(*waiting[0]))
    return bool(waiting)


async def open_page(gear: "Gear") -> Page:
    """Where More leads."""
    return MessagePage(*Reading.of(gear.watch).messages()[0])


def waiting_words(page: Page) -> list[str]:
    """What home says of it."""
    waiting = Reading.of(page.gear.watch).messages()
    if not waiting:
        return []
    key = "messages.home_urgent" if waiting[0][1].urgent else "messages.home"
    return [page.say(key, n=len(waiting), words=waiting[0][1].words)]


def ring(terminal: "Terminal", heard: set[str]) -> None:
    """Of those that came since: said and felt; an urgent one rings. `heard` knows of them from then on."""
    new = [(id, each) for id, each in Reading.of(terminal.gear.watch).messages() if id not in heard]
    if not new:
        return
    heard.update(id for id, _ in new)
    first = new[0][1]
    terminal.signal("ask" if first.urgent else "ok")
    terminal.tell(came_words(terminal, first), "mark" if first.urgent else "ok")


def came_words(terminal: "Terminal", message: Message) -> str:
    return say(terminal.lang, "messages.came_urgent" if message.urgent else "messages.came", words=message.words)


class MessagePage(Page):
    def __init__(self, id: str, message: Message) -> None:
        super().__init__()
        self._record = id
        self._told = message

    def draw(self, width: int, height: int) -> Sequence[Line]:
        said = self._told
        head = self.say("messages.urgent" if said.urgent else "messages.title")
        rows = [title(head, self.say("messages.left", n=len(Reading.of(self.gear.watch).messages())), width), ()]
        rows += [*paragraph(said.words, "mark" if said.urgent else "key", width), ()]
        by = " ".join(person_name(self, person) for person in said.by) or self.say("messages.office")
        return [*rows, *paragraph(self.say("messages.by", name=by, time=self.day_of(said.at)), "dim", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        return ("Enter", self.say("messages.read")), self.back_key, self.menu_key

    async def enter(self) -> None:
        await Reading.of(self.gear.watch).read(self._record, self._told)
        self.terminal.close(self)
        self.terminal.signal("ok")
        if not offer(self.terminal):
            self.terminal.tell(self.say("messages.was_read"))
