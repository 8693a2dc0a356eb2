"""The status line: what is not sent yet, how long offline, battery, sound, who. ASCII first.

It never outgrows the row: what matters least is left out first.
"""

from typing import Final

from msgspec import Struct

from app.ports import Hush
from app.text import cells
from app.words import say
from screens.gear import Contact
from screens.layout import Line, two
from screens.times import span
from screens.wrapping import plain

HELP: Final = "F1"


class Standing(Struct, frozen=True):
    """What the row is made of."""

    unsent: int
    office: Contact | None
    """None when this handheld is not enrolled."""
    battery: int | None = None
    quiet: Hush | None = None
    """What stands in for sound in the quiet hours; None outside them."""
    name: str = ""
    locked: bool = False
    alarm: bool = False
    """An alarm that nobody has taken."""
    practice: bool = False
    """Nothing here is real: the whole row says so."""


def status_line(lang: str, standing: Standing, width: int) -> Line:
    """The row, exactly `width` cells."""
    parts = [(rank, plain(text)) for rank, text in _parts(lang, standing) if text]
    while len(parts) > 1 and sum(cells(text) + 1 for _, text in parts) + len(HELP) > width:
        parts.remove(max(parts))
    text = " ".join(text for _, text in parts)
    role = "mark" if standing.practice else "bad" if standing.alarm else "status"
    return two((text, role), (HELP, role if standing.practice else "status"), width)


def _parts(lang: str, standing: Standing) -> list[tuple[int, str]]:
    """(rank, words) in reading order; the highest rank is left out first."""
    if standing.practice:
        return [(0, say(lang, "status.practice")), (3, say(lang, "status.practice_ends")), (5, standing.name)]
    return [
        (0, f"Q:{standing.unsent}"),
        (1, say(lang, "status.alarm") if standing.alarm else ""),
        (4, say(lang, "status.unsent" if standing.unsent else "status.all_sent")),
        (2, _away(lang, standing.office)),
        (3, "" if standing.battery is None else say(lang, "status.battery", percent=standing.battery)),
        (6, say(lang, f"status.{standing.quiet or 'sound'}")),
        (5, say(lang, "status.locked") if standing.locked else standing.name),
    ]


def _away(lang: str, office: Contact | None) -> str:
    if office is None:
        return say(lang, "status.not_enrolled")
    if office.online:
        return ""
    if office.offline_s is None:
        return say(lang, "status.never")
    return say(lang, "status.offline", span=span(lang, office.offline_s))
