"""Points that somebody excused (D9), as the pages of a day and of a round read and show them."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.outcome import Excuse
from app.duties.review import OfficeMark
from sync.office.details import ExcuseDetail
from sync.office.pages.places import Places
from sync.office.pages.view import Verdict
from sync.office.store import rounds as table
from sync.office.store.rounds import ExcuseRow


class Excused(Struct, frozen=True):
    row: ExcuseRow
    detail: ExcuseDetail

    @property
    def excuse(self) -> Excuse:
        return Excuse(self.row.point, self.row.first, self.row.last)


class ExcuseSeen(Struct, frozen=True):
    """A point that nobody had to reach, or that somebody excused who may not."""

    place: str
    span: str
    reason: str
    people: str
    verdict: Verdict
    ref: str


def read_excuses(tx: Connection, site: str, first: int, last: int) -> list[Excused]:
    """For any time between `first` and `last`, UTC ms; those that do not count too."""
    rows = table.excuses_in(tx, site, first, last)
    return [Excused(row, msgspec.json.decode(row.detail, type=ExcuseDetail)) for row in rows]


def valid(excuses: Iterable[Excused]) -> list[Excuse]:
    """The excuses that count."""
    return [each.excuse for each in excuses if each.detail.valid]


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
