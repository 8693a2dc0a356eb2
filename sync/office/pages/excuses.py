"""Points that somebody excused (D9), as the pages of a day and of a round show them."""

from msgspec import Struct

from app.duties.review import OfficeMark
from sync.office.excuses import Excused
from sync.office.places import Places
from sync.office.verdicts import Verdict


class ExcuseSeen(Struct, frozen=True):
    """A point that nobody had to reach, or that somebody excused who may not."""

    place: str
    span: str
    reason: str
    people: str
    verdict: Verdict
    ref: str


def show_excuse(excused: Excused, places: Places) -> ExcuseSeen:
    detail = excused.detail
    colour, word = ("dim", "excused") if detail.valid else ("amber", OfficeMark.EXCUSE)
    return ExcuseSeen(
        place=places.point(excused.row.point),
        span=places.w("from_to", **_span(excused, places)),
        reason=places.reason(detail.reason, detail.words),
        people=places.persons(detail.by),
        verdict=Verdict(colour, places.w(word)),
        ref=places.record(detail.ref),
    )


def excuse_words(excused: Excused, places: Places) -> str:
    """One sentence at the stop itself."""
    detail = excused.detail
    reason, people = places.reason(detail.reason, detail.words), places.persons(detail.by)
    word = "excused_because" if detail.valid else "excused_in_vain"
    return places.w(word, reason=reason, people=people, **_span(excused, places))


def _span(excused: Excused, places: Places) -> dict[str, str]:
    return {"first": places.day_and_minute(excused.row.first), "last": places.day_and_minute(excused.row.last)}
