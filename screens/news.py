"""What the crew is told once it is so: a book damaged or new, an alarm taken, a message, what came of an exchange.

Each is told once; a program that starts again begins with what it finds.
"""

from typing import TYPE_CHECKING, Literal

from app.pages import AlarmNews
from app.words import say
from screens.gear import Contact

if TYPE_CHECKING:
    from screens.terminal import Terminal


class News:
    """What the crew of one terminal knows already."""

    def __init__(self, terminal: "Terminal") -> None:
        self._terminal = terminal
        self._alarm: AlarmNews | None = None
        self._messages: set[str] = set()
        self._damage = 0
        """Damaged places of the book."""
        self._new_books = 0
        """Logbooks begun in place of another."""
        self._asked: Literal["", "now", "going"] = ""
        """How far the exchange is that somebody asked for."""

    def begin(self) -> None:
        """What became of an alarm before is no news."""
        self._alarm = self._terminal.gear.watch.alarm_news

    def exchange_asked(self) -> None:
        self._asked = "now"

    def of_line(self, line: Contact) -> None:
        """The conversation with the office has come further."""
        self._say_exchange(line)
        self._say_new_book(line)

    def of_book(self) -> None:
        """Something was recorded or came."""
        self._say_alarm()
        self._say_message()
        self.say_damage()

    def say_damage(self) -> None:
        count = self._terminal.gear.watch.damage
        if count > self._damage:
            self._damage = count
            self._terminal.tell(say(self._terminal.lang, "cli.damage", count=count), "mark")

    def _say_exchange(self, line: Contact) -> None:
        """Whoever asked for an exchange is told what came of it."""
        if self._asked and line.busy:
            self._asked = "going"
        elif self._asked == "going":
            self._asked = ""
            done = line.reason is None
            words = say(self._terminal.lang, line.reason or "outbox.all_sent", **line.fields)
            self._terminal.tell(words, "ok" if done else "bad")

    def _say_new_book(self, line: Contact) -> None:
        if line.new_books > self._new_books:
            self._new_books = line.new_books
            self._terminal.gear.watch.turn_over()
            self._terminal.tell(say(self._terminal.lang, "sync.new_book"), "mark")

    def _say_alarm(self) -> None:
        """Somebody at the office has taken the alarm: that is felt too."""
        watch = self._terminal.gear.watch
        news = watch.alarm_news
        if news is not None and news != self._alarm and not watch.state.silent:
            from screens.alarm import alarm_words

            self._terminal.signal("ok")
            self._terminal.tell(alarm_words(self._terminal.lang, news, watch.zone))
        self._alarm = news

    def _say_message(self) -> None:
        """The office has something to say to this crew; urgent ones ring."""
        if "messages" in self._terminal.gear.watch.state.shares and not self._terminal.locked:
            from screens.messages import ring  # only where the office has sent one: memory

            ring(self._terminal, self._messages)
