"""Readings as a chart with the limits under which each was taken, and the same as a table: for paper, and for a browser
that runs no script."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from app.words import say
from sync.office.places import Places, round_url
from sync.office.store.readings import ReadingRow, Series
from sync.office.verdicts import Verdict

CHARTED: Final = 120
"""Newest readings of one chart: four months, where somebody reads every day."""
TABLED: Final = 30
"""The newest of them in the table."""
COUNTED: Final = 1000
"""Further ones are not counted."""


class ReadingSeen(Struct, frozen=True):
    time: str
    value: Verdict
    limits: str
    verdict: str
    person: str
    href: str


class SeriesSeen(Struct, frozen=True):
    """One line of a chart."""

    name: str
    place: str
    unit: str
    said: str
    """What the chart is, for whoever does not see it."""
    zone: str
    points: str
    """JSON, oldest first: [seconds, value, low, high], null without a limit."""
    rows: list[ReadingSeen]
    """Newest first."""
    tally: str


def show_series(series: Series, rows: Sequence[ReadingRow], every: int, places: Places) -> SeriesSeen:
    """`rows` oldest first, of `every` in all; of very many that number is where counting ended."""
    last = rows[-1]
    name = _name(last, places)
    return SeriesSeen(
        name=name,
        place=places.point(series.point),
        unit=last.unit,
        said=say(places.lang, "assets.chart", name=name),
        zone=str(places.zone),
        points=msgspec.json.encode([[row.at // 1000, row.value, row.low, row.high] for row in rows]).decode(),
        rows=[_seen(row, places) for row in rows[: -TABLED - 1 : -1]],
        tally=_tally(len(rows), every, places.lang),
    )


def _tally(charted: int, every: int, lang: str) -> str:
    n = min(charted, TABLED)
    if every == charted:
        return say(lang, "assets.newest", n=n, all=every)
    return say(lang, "assets.newest_charted", charted=charted, n=n, all=f"{every}+" if every >= COUNTED else every)


def _name(row: ReadingRow, places: Places) -> str:
    check = places.plan.find_check(row.checklist, row.item) if places.plan else None
    return (check.text.say(places.lang) if check else "") or row.item


def _seen(row: ReadingRow, places: Places) -> ReadingSeen:
    return ReadingSeen(
        time=places.moment(row.at),
        value=Verdict("ok" if row.verdict == "ok" else "red", f"{row.shown} {row.unit}".strip()),
        limits=_limits(row, places.lang),
        verdict=say(places.lang, f"assets.verdict_{row.verdict}"),
        person=places.person(row.person),
        href=round_url(row.site, row.round),
    )


def _limits(row: ReadingRow, lang: str) -> str:
    low, high = (None if limit is None else f"{limit:g}" for limit in (row.low, row.high))
    if low is not None and high is not None:
        return say(lang, "assets.from_to", low=low, high=high)
    if low is not None:
        return say(lang, "assets.from", low=low)
    return say(lang, "assets.to", high=high) if high is not None else ""
