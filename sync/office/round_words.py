"""A round in words: its window, when it was walked, what it came to."""

from datetime import date, datetime

from app.duties.outcome import Outcome, Tally, colour_of
from app.duties.schedule import clock_text
from sync.office.details import RoundDetail, marks_of, outcome_of
from sync.office.places import Places
from sync.office.verdicts import Verdict


def verdict_of(detail: RoundDetail, tally: Tally, places: Places, now: int) -> Verdict:
    """The word and colour of a round that was begun."""
    outcome = outcome_of(detail, tally, now)
    fields = {"n": tally.missed} if outcome is Outcome.MISSED_POINTS else {}
    return Verdict(colour_of(outcome, marks_of(detail)), places.w(outcome.value, **fields))


def window_of(detail: RoundDetail, places: Places) -> str:
    return window_words(detail.opens.astimezone(places.zone), detail.closes.astimezone(places.zone))


def window_words(opens: datetime, closes: datetime) -> str:
    """22:00-24:00; the day of its end too when it lasts longer than a day."""
    long = closes.timestamp() - opens.timestamp() > 24 * 3600
    return f"{opens:%H:%M}-" + (f"{closes:%m-%d} " if long else "") + clock_text(closes, opens)


def span_of(detail: RoundDetail, places: Places, day: date | None) -> str:
    end = places.minute(detail.finished, day) if detail.finished is not None else places.w("open_end")
    return f"{places.minute(detail.started, day)} - {end}"
