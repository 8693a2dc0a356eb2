"""The month's indicators of one site (D62): target, value and how it stood before, and what is entered by hand 手填 or
kept as a typical case (D61)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import indicators
from app.duties.days import local_day
from app.duties.indicators import INDICATORS
from app.duties.site import Person, Plan
from app.errors import NotAllowed
from app.kinds.base import Body
from app.kinds.figures import CaseDropped, CaseKept, FigureEntered, FigureWithdrawn
from app.text import clean
from app.words import say
from sync.office import behind, counting, month
from sync.office.credentials import everybody
from sync.office.figure_words import counted_words, source_words, value_words, verdict_of
from sync.office.month import Earlier, Figure, Kept, Month
from sync.office.pages.figure import BACK, Behind, listing_of, read_behind, show_behind
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.listing import Wish
from sync.office.pages.lists import answer
from sync.office.pages.view import FORM_BYTES, Asked, lang_of
from sync.office.places import Places, url
from sync.office.sites import Profile, profiles
from sync.office.store import spans
from sync.office.store.plans import site_plan
from sync.office.verdicts import Verdict

PATIENCE_S: Final = 2.0
"""How long a page waits for days that are still to be counted; then it says how many."""
OFFERED: Final = 200
"""Matters that can be kept as typical cases."""
LONGEST: Final = 200
"""Characters of the words beside what is entered by hand."""
WIDE, HIGH, EDGE = 308, 34, 4
"""The small chart, in its own units."""
DONE: Final = {"enter": "entered", "withdraw": "withdrawn", "keep": "kept", "drop": "dropped"}


class Choice(Struct, frozen=True):
    value: str
    word: str
    chosen: bool = False


class Chart(Struct, frozen=True):
    """How it stood: runs of months that have a value, and where the target lies."""

    lines: list[str]
    dots: list[tuple[str, str]]
    target: str


class FigureSeen(Struct, frozen=True):
    name: str
    word: str
    formula: str
    source: str
    value: str
    verdict: Verdict
    target: str
    counted: str
    notes: list[str]
    against: str
    """How many cases are counted against it, in words; empty when there is none."""
    href: str
    trend: list[tuple[str, str]]
    """Month and value, oldest first, this one last."""
    chart: Chart


class Group(Struct, frozen=True):
    word: str
    figures: list[FigureSeen]


class KeptSeen(Struct, frozen=True):
    case: str
    about: str
    words: str
    at: str
    href: str
    people: str


class MonthSeen(Struct, frozen=True):
    site: str
    site_name: str
    owner: str
    month: str
    sites: list[Choice]
    months: list[Choice]
    before: str
    after: str
    precheck: str
    report: str
    done: str
    behind: str
    """A sentence; empty when every day is counted."""
    provisional: list[str]
    groups: list[Group]
    hands: list[Choice]
    """What was entered by hand: figure and its words."""
    figures: list[Choice]
    typical: list[KeptSeen]
    offered: list[Choice]


class Facts(Struct, frozen=True):
    month: Month
    plan: Plan
    sites: dict[str, Profile]
    """That can be chosen."""
    people: dict[str, Person]
    offered: list[spans.Matter]


def chosen(tx: Connection, site: str, wanted: str, now: int, within: Sequence[str]) -> tuple[str, str] | None:
    """The site and the month that are meant: the first site and this month where nothing is; None without any site."""
    sites = profiles(tx, tuple(within))
    if not sites:
        return None
    name = site if site in sites else next(iter(sites))
    this = local_day(now, ZoneInfo(sites[name].site.zone))[:7]
    return name, wanted if month.is_month(wanted) else this


def read_facts(tx: Connection, site: str, name: str, now: int, within: Sequence[str]) -> Facts:
    plan, read = site_plan(tx, site), month.read_figures(tx, site, name, now)
    assert plan is not None
    assert read is not None
    span = counting.span_of(*month.days_of(name), counting.zone(plan))
    opened = spans.matters_opened(tx, site, counting.COUNTED, span)
    telling = sorted(opened, key=lambda each: (not (each.urgent or each.reopened or each.complaint), -each.opened_at))
    return Facts(read, plan, profiles(tx, tuple(within)), everybody(tx), telling[:OFFERED])


# -- the month -----------------------------------------------------------------------------------


def show_month(facts: Facts, lang: str, left: int, done: str = "") -> MonthSeen:
    """`left`: days that are still to be counted; `done`: of DONE's words, what was just recorded."""
    read, plan = facts.month, facts.plan
    places = Places(lang, plan, facts.people)
    this = month.this_month(plan, read.made)
    months = [month.before(this, back) for back in range(-1, BACK)]
    first, last = month.days_of(read.month)
    seen = [_figure(each, read, places) for each in read.figures]
    groups = dict.fromkeys(each.group for each in INDICATORS.values())
    return MonthSeen(
        site=read.site,
        site_name=read.name.say(lang) or read.site,
        owner=" · ".join(text for each in (read.company, read.district) if (text := each.say(lang))),
        month=read.month,
        sites=[Choice(id, each.site.name.say(lang) or id, id == read.site) for id, each in facts.sites.items()],
        months=[Choice(each, each, each == read.month) for each in dict.fromkeys([*months, read.month])],
        before=_here(read.site, month.before(read.month)),
        after=_here(read.site, month.before(read.month, -1)),
        precheck=url("/precheck", site=read.site, month=read.month),
        report=url("/papers", site=read.site, paper="month", **{"from": first, "to": last}),
        done=say(lang, f"indicators.done_{done}") if done in DONE.values() else "",
        behind=say(lang, "indicators.behind", n=left) if left else "",
        provisional=[
            say(lang, f"indicators.still_{each.what}", n=each.count) for each in read.provisional if each.what != "days"
        ],
        groups=[
            Group(
                say(lang, f"indicators.group_{group}"), [each for each in seen if INDICATORS[each.name].group == group]
            )
            for group in groups
        ],
        hands=[
            Choice(each.name, f"{say(lang, f'indicators.name_{each.name}')} {_value(each, each.value, lang)}")
            for each in read.figures
            if each.hand
        ],
        figures=[Choice(name, say(lang, f"indicators.name_{name}")) for name in INDICATORS],
        typical=[_kept(each, places) for each in read.typical],
        offered=[
            Choice(each.case, f"{places.day_and_minute(each.opened_at)} {behind.words_of(each, plan, lang)}")
            for each in facts.offered
        ],
    )


def _here(site: str, name: str, **more: str) -> str:
    return url("/indicators", site=site, month=name, **more)


def _figure(figure: Figure, read: Month, places: Places) -> FigureSeen:
    lang, count = places.lang, figure.count
    against = count.part if figure.better == "less" else count.whole - count.part
    now = Earlier(read.month, figure.value, figure.hand is not None)
    return FigureSeen(
        name=figure.name,
        word=say(lang, f"indicators.name_{figure.name}"),
        formula=say(lang, f"indicators.formula_{figure.name}"),
        source=source_words(figure, lang),
        value=_value(figure, figure.value, lang),
        verdict=verdict_of(figure, lang),
        target=_target(figure, lang),
        counted=counted_words(figure, lang),
        notes=_notes(figure, places),
        against=say(lang, "indicators.against", n=against) if against and figure.unit == "%" else "",
        href=url(f"/indicators/{quote(figure.name)}", site=read.site, month=read.month),
        trend=[(each.month[2:], _value(figure, each.value, lang)) for each in (*figure.trend, now)],
        chart=_chart(figure, (*figure.trend, now)),
    )


def _value(figure: Figure, value: Decimal | None, lang: str) -> str:
    return "-" if value is None else value_words(figure.unit, value, lang)


def _target(figure: Figure, lang: str) -> str:
    if figure.target is None:
        return ""
    sign = "≥" if figure.better == "more" else "≤"
    return f"{sign} {_value(figure, Decimal(figure.target.value), lang)}"


def _notes(figure: Figure, places: Places) -> list[str]:
    lang, count, hand = places.lang, figure.count, figure.hand
    found = [
        say(lang, f"indicators.note_{name}", n=number)
        for name, number in (("pending", count.pending), ("excused", count.excused), ("late", count.late))
        if number
    ]
    if hand:
        by, at = places.persons(hand.by), places.day_and_minute(hand.at)
        found.append(say(lang, "indicators.by_hand", people=by, at=at, words=hand.words))
        counted = indicators.value(INDICATORS[figure.name], count)
        found += (
            [say(lang, "indicators.counted_is", value=_value(figure, counted, lang))] if counted is not None else []
        )
    return found


def _chart(figure: Figure, trend: Sequence[Earlier]) -> Chart:
    wanted = Decimal(figure.target.value) if figure.target else None
    known = [each.value for each in trend if each.value is not None]
    every = [*known, *([] if wanted is None else [wanted])]
    low, high = min(every, default=Decimal(0)), max(every, default=Decimal(0))
    room = high - low or Decimal(1)
    step = WIDE / len(trend)

    def y(value: Decimal) -> str:
        return f"{HIGH - EDGE - float((value - low) / room) * (HIGH - 2 * EDGE):.1f}"

    places = [
        None if each.value is None else (f"{(number + 0.5) * step:.1f}", y(each.value))
        for number, each in enumerate(trend)
    ]
    lines: list[list[str]] = [[]]
    for place in places:
        if place is None:
            lines.append([])
        else:
            lines[-1].append(",".join(place))
    return Chart(
        lines=[" ".join(each) for each in lines if len(each) > 1],
        dots=[place for place in places if place is not None],
        target=y(wanted) if wanted is not None and known else "",
    )


def _kept(kept: Kept, places: Places) -> KeptSeen:
    about, at = kept.about.say(places.lang), places.day_and_minute(kept.at)
    return KeptSeen(kept.case, about, kept.words, at, kept.href, places.persons(kept.by))


# -- what was sent -------------------------------------------------------------------------------


def read_form(form: Mapping[str, str], by: str) -> tuple[Body, str]:
    """The record, and of DONE what is said of it. `by`: the account's person, empty without one. Raises NotAllowed."""
    if not by:
        raise NotAllowed("office.desk_nobody")
    what, wanted = form.get("what", ""), form.get("month", "")
    figure, case, words = (clean(form.get(name, "").strip(), LONGEST) for name in ("figure", "case", "words"))
    if not month.is_month(wanted) or what not in DONE:
        raise NotAllowed("office.desk_unknown")
    if what in ("enter", "withdraw") and figure not in INDICATORS:
        raise NotAllowed("office.desk_unknown")
    match what:
        case "enter":
            return FigureEntered(wanted, figure, str(_entered(form.get("value", ""), figure)), _must(words)), DONE[what]
        case "withdraw":
            return FigureWithdrawn(wanted, figure), DONE[what]
        case "keep":
            return CaseKept(wanted, _must(case), _must(words)), DONE[what]
    return CaseDropped(wanted, _must(case)), DONE[what]


def _must(words: str) -> str:
    if not words:
        raise NotAllowed("indicators.no_words")
    return words


def _entered(text: str, figure: str) -> Decimal:
    """Raises NotAllowed for what is no number that this figure can have."""
    most = 100 if INDICATORS[figure].unit == "%" else 100_000
    try:
        value = Decimal(text.strip().removesuffix("%"))
        good = value.is_finite() and 0 <= value <= most
    except InvalidOperation:
        good = False
    if not good:
        raise NotAllowed("indicators.no_number", value=clean(text, 20))
    return value.quantize(Decimal("0.1"))


# -- their addresses -----------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    async def page(request: Asked, site: str, wanted: str, done: str) -> Response[bytes]:
        lang, now, within = lang_of(request), house.clock_ms(), sites_of(request)
        meant = await house.read(lambda tx: chosen(tx, site, wanted, now, within))
        if meant is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        left = await month.ready(house.store, [meant[0]], meant[1], now, PATIENCE_S)
        facts = await house.store.read(lambda tx: read_facts(tx, *meant, now, within))
        return await house.frame.page(request, "indicators.html", show_month(facts, lang, left, done))

    @get("/indicators")
    async def shown(request: Asked) -> Response[bytes]:
        query = request.query_params
        return await page(request, site_of(request), query.get("month", ""), query.get("done", ""))

    @get("/indicators/{figure:str}")
    async def listed(request: Asked, figure: FromPath[str]) -> Response[bytes]:
        if figure not in INDICATORS:
            return await house.frame.plain(request, "not_found", "wrong_address", 404)
        now, site = house.clock_ms(), site_of(request)
        meant = await house.store.read(lambda tx: chosen(tx, site, "", now, sites_of(request)))

        def read(tx: Connection, wish: Wish) -> Behind | None:
            return read_behind(tx, wish, figure, now)

        return await answer(house, request, listing_of(figure, meant[1] if meant else ""), read, show_behind)

    @post("/indicators", request_max_body_size=FORM_BYTES, status_code=200)
    async def told(request: Asked) -> Response[bytes]:
        form = await house.form(request)
        person = request.state.session.person or ""
        body, done = read_form(form, person)
        site, name = form["site"], form["month"]
        if await house.store.read(lambda tx: site_plan(tx, site)) is None:
            raise NotAllowed("office.desk_unknown")
        await house.acts(request, f"figure-{done}", site, f"{name} {form.get('figure') or form.get('case', '')}"[:200])
        await house.desk.say(site, body, person, house.clock_ms())
        return house.view.go(request, url("/indicators", site=site, month=name, done=done))

    return [shown, listed, told]
