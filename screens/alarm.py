"""The alarm: two presses of 9. It never says "reported" before a named person at the office has taken it."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app.duties.days import local_time
from app.pages import AlarmNews
from app.words import say
from screens.layout import Line, banner, paragraph, title
from screens.page import Page
from screens.times import clock

PRESSES = 2
_NEWS = {
    "taken": ("alarm.taken", "alarm.taken_unnamed"),
    "closed": ("alarm.closed", "alarm.closed_unnamed"),
}


class AlarmPage(Page):
    def __init__(self, pressed: int = 0) -> None:
        super().__init__()
        self._pressed = pressed

    def draw(self, width: int, height: int) -> Sequence[Line]:
        watch = self.gear.watch
        rows = [title(self.say("alarm.title"), clock(watch.now()), width), ()]
        if watch.alarm_open:
            how, what = ("alarm.not_taken", "alarm.waiting") if watch.alarm_sent else ("alarm.not_sent", "alarm.trying")
            rows += banner(self.say(how), "bad", width)
            return [*rows, (), *paragraph(self.say(what), "text", width)]
        if (news := watch.alarm_news) is not None:
            rows += banner(alarm_words(self.lang, news, watch.zone), "ok", width)
        rows += paragraph(self.say("alarm.once_more" if self._pressed else "alarm.ask"), "key", width)
        return [*rows, (), *paragraph(self.say("alarm.what"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        back = self.back_key
        return (back,) if self.gear.watch.alarm_open else (("9", self.say("alarm.key")), back)

    async def digit(self, key: str) -> None:
        if key != "9" or self.gear.watch.alarm_open:
            self._pressed = 0
            return
        self._pressed += 1
        if self._pressed >= PRESSES:
            self._pressed = 0
            await self.gear.watch.raise_alarm()
            self.terminal.signal("mark")

    async def back(self) -> None:
        self.terminal.close(self)


def alarm_words(lang: str, news: AlarmNews, zone: ZoneInfo) -> str:
    """Who at the office has the alarm, and since when."""
    when = clock(local_time(news.at, zone))
    named, unnamed = _NEWS[news.state]
    name = news.name(lang)
    return say(lang, named if name else unnamed, name=name, time=when)
