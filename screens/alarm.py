"""The alarm: two presses of 9. It never says "reported" before a named person at the office has taken it.

9 and then 8 raises it silently: nothing sounds, nothing of it stands on any page but this one.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from textual.timer import Timer

from app.duties.days import local_time
from app.pages import AlarmNews
from app.words import say, table
from screens.layout import Line, banner, paragraph, title
from screens.page import Page
from screens.times import clock

PRESSES = 2
RAISE = "9"
SILENT = "8"
FORGET_S = 30.0
"""A first press counts so long: one in a pocket and one hours later are no alarm."""
_NEWS = {
    "taken": ("alarm.taken", "alarm.taken_unnamed"),
    "closed": ("alarm.closed", "alarm.closed_unnamed"),
}


class AlarmPage(Page):
    def __init__(self, pressed: int = 0) -> None:
        super().__init__()
        self._pressed = pressed
        self._forgetting: Timer | None = None

    def on_mount(self) -> None:
        self._forget_later()

    def _forget_later(self) -> None:
        if self._forgetting is not None:
            self._forgetting.stop()
        self._forgetting = self.set_timer(FORGET_S, self._forget)

    def _forget(self) -> None:
        self._pressed = 0
        self.show()

    def hurries(self, key: str) -> bool:
        return True

    @property
    def half_typed(self) -> bool:
        """The next press raises it."""
        return bool(self._pressed)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        watch = self.gear.watch
        rows = [title(self.say("alarm.title"), clock(watch.now()), width), ()]
        if watch.alarm_open:
            asked = self._pressed and watch.may_raise_alarm
            again = paragraph(self.say("alarm.once_more"), "key", width) if asked else []
            return [*rows, *standing_rows(self, width), *([(), *again] if again else ())]
        if (news := watch.alarm_news) is not None:
            rows += banner(alarm_words(self.lang, news, watch.zone), "ok", width)
        rows += paragraph(self.say("alarm.once_more" if self._pressed else "alarm.ask"), "key", width)
        return [*rows, (), *paragraph(self.say("alarm.what"), "text", width)]

    def foot(self) -> Sequence[tuple[str, str]]:
        back = self.back_key
        if not self.gear.watch.may_raise_alarm:
            return (back,)
        if self.gear.watch.alarm_open:
            return (RAISE, self.say("alarm.key_again")), back
        silent = ((SILENT, self.say("alarm.silent_key")),) if self._pressed else ()
        return ((RAISE, self.say("alarm.key")), *silent, back)

    async def digit(self, key: str) -> None:
        if key == SILENT and self._pressed and not self.gear.watch.alarm_open:
            await self.gear.watch.raise_alarm(silent=True)
            self.terminal.close(self)
            return
        if key != RAISE:
            return  # a hand that shakes strikes the keys beside it
        if not self.gear.watch.may_raise_alarm:
            self._pressed = 0
            return
        self._pressed += 1
        self._forget_later()
        if self._pressed >= PRESSES:
            self._pressed = 0
            await self.gear.watch.raise_alarm()
            self.terminal.signal("mark")

    async def back(self) -> None:
        self.terminal.close(self)


def standing_rows(page: Page, width: int) -> list[Line]:
    """How far the alarm is that nobody has taken yet."""
    watch = page.gear.watch
    how, what = ("alarm.not_taken", "alarm.waiting") if watch.alarm_sent else ("alarm.not_sent", "alarm.trying")
    if watch.state.silent:  # whoever looks over the shoulder sees no banner
        return paragraph(page.say("alarm.silent_sent" if watch.alarm_sent else "alarm.silent_unsent"), "dim", width)
    return [*banner(page.say(how), "bad", width), (), *paragraph(page.say(what), "text", width)]


def alarm_words(lang: str, news: AlarmNews, zone: ZoneInfo) -> str:
    """Who at the office has the alarm, and since when."""
    when = clock(local_time(news.at, zone))
    named, unnamed = _NEWS[news.state]
    name = news.name(lang)
    done = say(lang, named if name else unnamed, name=name, time=when)
    was = f"was_{news.outcome}"
    return say(lang, "alarm.as", done=done, outcome=say(lang, f"alarm.{was}")) if was in table("alarm") else done
