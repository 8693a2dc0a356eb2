"""Pre-handover inspection as records (D36): each fitting as it was found, each visit as both sides confirmed it."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from app.duties import surveys
from app.duties.rounds import Confirmation
from app.duties.surveys import UNTOUCHED, Dwelling, Fault, key_of
from app.kinds.base import Attachment, Body
from app.kinds.share import Share
from app.record import Record

Dwellings = Mapping[str, Dwelling]
MOST: Final = 4_000
"""Units of a handheld; of more, those whose last record is oldest are forgotten."""


class SurveyChecked(Body, frozen=True):
    """One fitting, or one fault that is looked at again. With `ok` false it is a finding for the builder."""

    survey: str
    unit: str
    fitting: str
    ok: bool
    words: str
    """The fitting, and what is wrong with it, as the crew saw them."""
    phrase: str = ""
    """What is wrong."""
    due: int | None = None
    """The builder is to put it right by then, UTC ms."""
    fault: str | None = None
    """`book:seq` of the record that said it first, when it is looked at again."""
    attachments: tuple[Attachment, ...] | UnsetType = UNSET


class SurveyClosed(Body, frozen=True):
    """A visit is over: what our side and the builder's say to it."""

    survey: str
    unit: str
    faults: int
    """Left for the builder."""
    crew: tuple[Confirmation, ...]
    """Our side."""
    how: str
    """Of app.duties.surveys.CONFIRMED: the builder's side."""
    number: str = ""
    """Of the sheet that was signed."""
    attachments: tuple[Attachment, ...] | UnsetType = UNSET


def checked(before: Dwellings, record: Record, body: SurveyChecked, book: str) -> Dwellings:
    dwelling = before.get(key_of(body.survey, body.unit), UNTOUCHED)
    if body.ok:
        return _with(before, body, surveys.right(dwelling, body.fault or body.fitting, record.at))
    photos = len(body.attachments) if body.attachments else 0
    id = body.fault or f"{book}:{record.seq}"
    fault = Fault(id, body.fitting, body.phrase, body.due or record.at, photos=photos)
    return _with(before, body, surveys.wrong(dwelling, fault, record.at))


def closed(before: Dwellings, record: Record, body: SurveyClosed, book: str) -> Dwellings:
    """Whether something was left out was for the crew to say: here the visit is over."""
    dwelling = before.get(key_of(body.survey, body.unit))
    if dwelling is None or not dwelling.looked:
        return before
    return _with(before, body, replace(dwelling, looked=(), visits=dwelling.visits + 1, at=record.at))


def _with(before: Dwellings, body: SurveyChecked | SurveyClosed, dwelling: Dwelling) -> Dwellings:
    after = {**before, key_of(body.survey, body.unit): dwelling}
    if len(after) > MOST:
        del after[min(after, key=lambda key: after[key].at)]
    return after


SURVEYS: Final[Share[Dwellings]] = Share("surveys", Dwellings, {}, {SurveyChecked: checked, SurveyClosed: closed})
SHARE: Final = SURVEYS
