"""The cases behind one figure of a month, as a list: a page begins at a day, and reads no more days than fill it."""

from itertools import accumulate
from typing import Final
from urllib.parse import quote

from msgspec import Struct
from sqlalchemy import Connection

from app.duties import indicators
from app.duties.indicators import INDICATORS, Count
from app.duties.site import Plan
from app.words import say
from sync.office import behind, counting, month
from sync.office.behind import STATES, Case, State
from sync.office.figure_words import value_words
from sync.office.pages.listing import Column, Link, Listing, Row, Rows, Wish, choice, pick
from sync.office.places import Places, url
from sync.office.sites import choose
from sync.office.store import days as day_table
from sync.office.store.paging import Place
from sync.office.verdicts import Verdict

BACK: Final = 13
"""Months that can be chosen."""
TOGETHER: Final = 4
"""Days that are read at once; fewer where they fill the page by what was counted of them."""


class Behind(Struct, frozen=True):
    site: str
    plans: dict[str, Plan]
    month: str
    figure: str
    whole: Count
    count: int
    """Of all pages."""
    cases: list[tuple[Place, Case]]
    """Each with where the next page begins if it is the last."""
    now: int


def listing_of(figure: str, this: str) -> Listing:
    return Listing(
        name=f"figure-{figure}",
        path=f"/indicators/{quote(figure)}",
        title=f"indicators.name_{figure}",
        columns=(
            Column("at", "indicators.at", sorts=True),
            Column("what", "indicators.what"),
            Column("state", "indicators.state"),
            Column("record", "indicators.record"),
        ),
        filters=(
            pick("month", "indicators.month", this),
            choice("state", "indicators.state", {each: f"indicators.state_{each}" for each in STATES}, "bad"),
        ),
        act="figure-seen",
    )


def read_behind(tx: Connection, wish: Wish, figure: str, now: int) -> Behind | None:
    """Day by day, and no more days than fill the page: its place is a day, and how many of it are past."""
    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    site, plans = here.site, here.plans
    zone = counting.zone(plans[site])
    name = wish.get("month") if month.is_month(wish.get("month")) else month.this_month(plans[site], now)
    state: State = next((each for each in STATES if each == wish.get("state")), "bad")
    first, last = month.days_of(name)
    counts = day_table.by_day(tx, site, figure, first, last)
    begins = {day: counting.span_of(day, day, zone).first for day in (counts if wish.oldest else reversed(counts))}
    left = [day for day, begin in begins.items() if _number(counts[day], figure, state) and _is_ahead(begin, wish)]
    found: list[tuple[Place, Case]] = []
    while left and len(found) < wish.most:
        filled = accumulate(_number(counts[day], figure, state) for day in left[: TOGETHER - 1])
        enough = 1 + sum(number < wish.most - len(found) for number in filled)
        some, left = left[:enough], left[enough:]
        cases = behind.by_day(tx, site, sorted(some), (figure,), now)
        for day in some:
            begin = begins[day]
            past = int(wish.after.rest) if wish.after and wish.after.at == begin and wish.after.rest.isdigit() else 0
            of_day = cases[day] if wish.oldest else reversed(cases[day])
            of_state = [each for each in of_day if each.state == state]
            found += [(Place(begin, str(n)), each) for n, each in enumerate(of_state, 1) if n > past]
    total = sum(_number(each, figure, state) for each in counts.values())
    return Behind(site, plans, name, figure, indicators.total(counts.values()), total, found[: wish.most], now)


def _is_ahead(begin: int, wish: Wish) -> bool:
    """Whether something of the day that begins then may be on this page."""
    if wish.after is None:
        return True
    return begin >= wish.after.at if wish.oldest else begin <= wish.after.at


def _number(count: Count, figure: str, state: State) -> int:
    """How many of a figure's units are in that state; what counts for a figure is listed of matters only."""
    if state == "pending":
        return count.pending
    if state == "excused":
        return count.excused
    if INDICATORS[figure].unit == "min":
        return count.whole if state == "good" else 0
    part, rest = count.part, count.whole - count.part
    against, good = (part, rest) if INDICATORS[figure].better == "less" else (rest, part)
    if state == "bad":
        return against
    return 0 if figure in behind.WALKED | behind.LOOKED else good


def show_behind(facts: Behind, lang: str, wish: Wish) -> Rows:
    plan = facts.plans[facts.site]
    places, indicator = Places(lang, plan, {}), INDICATORS[facts.figure]
    this = month.this_month(plan, facts.now)
    months = dict.fromkeys((facts.month, *(month.before(this, back) for back in range(-1, BACK))))
    value = indicators.value(indicator, facts.whole)
    return Rows(
        [_row(place, case, places) for place, case in facts.cases],
        facts.count,
        plans=facts.plans,
        site=facts.site,
        options={"month": [(each, each) for each in sorted(months, reverse=True)]},
        line=say(
            lang,
            "indicators.list_line",
            month=facts.month,
            value="-" if value is None else value_words(indicator.unit, value, lang),
            counted=f"{facts.whole.part} / {facts.whole.whole}" if indicator.unit == "%" else facts.whole.whole,
            formula=say(lang, f"indicators.formula_{facts.figure}"),
        ),
    )


def _row(place: Place, case: Case, places: Places) -> Row:
    colour = {"bad": "red", "pending": "amber", "excused": "dim", "good": "ok"}[case.state]
    book, _, seq = case.ref.partition(":")
    record = Link(f"{book[:8]}:{seq}", url("/records", site=_site_in(case.href), book=book, upto=seq)) if seq else None
    return Row(
        (
            places.local(case.at),
            Link(case.words.say(places.lang), case.href),
            Verdict(colour, say(places.lang, f"indicators.state_{case.state}")),
            record,
        ),
        place=place,
        colour=colour,
    )


def _site_in(href: str) -> str:
    return href.partition("site=")[2].partition("&")[0]
