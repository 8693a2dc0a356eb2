"""Sites side by side (D64): a month's figures of all that the account may see, and their score sheets (D63)."""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.days import local_day
from app.duties.indicators import INDICATORS
from app.duties.site import Named, Text
from app.words import say
from sync.office import counting, month
from sync.office.month import Figure, Month
from sync.office.pages.frame import sites_of
from sync.office.pages.house import House
from sync.office.pages.listing import (
    Cell,
    Column,
    Graded,
    Link,
    Listing,
    Row,
    Rows,
    Wish,
    arranged,
    choice,
    holds,
    pick,
    words,
)
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import url
from sync.office.sites import Profile, profiles
from sync.office.store import readings
from sync.office.store.plans import plan_on
from sync.office.store.readings import SCORE, ReadingRow

PATIENCE_S: Final = 1.0
BACK: Final = 13
"""Months that can be chosen."""
GROUPS: Final = tuple(dict.fromkeys(each.group for each in INDICATORS.values()))
SHEETS: Final = "sheets"
EVERY: Final = (*GROUPS, SHEETS)
MOST_SHEETS: Final = 500
"""Of one site in a month."""
COLOURS: Final = {"ok": "ok", "red": "red", "none": "dim"}


class Facts(Struct, frozen=True):
    month: str
    this: str
    """The month that goes on now."""
    sites: dict[str, Profile]
    seen: list[Month]
    sheets: dict[str, list[ReadingRow]]
    names: dict[tuple[str, str], Text]
    """Of checks, by site and check."""
    left: int


def listing_of(group: str, this: str) -> Listing:
    """Its columns are the indicators of one group, or what is told of score sheets."""
    of_group = [Column(name, f"indicators.name_{name}", sorts=True) for name in INDICATORS if _group(name) == group]
    of_sheets = [
        Column(each, f"indicators.sheet_{each}", sorts=True) for each in ("name", "times", "mean", "least", "failed")
    ]
    return Listing(
        name="compare",
        path="/compare",
        title="indicators.compare",
        columns=(
            Column("site", "lists.site", sorts=True),
            Column("company", "indicators.company", sorts=True),
            Column("district", "indicators.district", sorts=True),
            *(of_sheets if group == SHEETS else of_group),
        ),
        filters=(
            pick("month", "indicators.month", this),
            choice("group", "indicators.groups", {each: f"indicators.group_{each}" for each in EVERY}, GROUPS[0]),
            pick("company", "indicators.company"),
            pick("district", "indicators.district"),
            words("q", "lists.site"),
        ),
        sort="site",
        oldest=True,
        all_sites=True,
    )


def _group(name: str) -> str:
    return INDICATORS[name].group


def read(tx: Connection, wish: Wish, now: int, left: int = 0) -> Facts | None:
    """The sites that are asked for, of those that the account may see; None while there is none."""
    every = profiles(tx, wish.within)
    if not every:
        return None
    asked = wish.get("company"), wish.get("district"), wish.get("q")
    sites = {id: each for id, each in every.items() if _wanted(id, each, *asked)}
    this = max(local_day(now, ZoneInfo(each.site.zone))[:7] for each in every.values())
    name = wish.get("month") if month.is_month(wish.get("month")) else this
    if wish.get("group") != SHEETS:
        group = wish.get("group") or GROUPS[0]
        wanted = [each for each in INDICATORS if _group(each) == group]
        seen = month.read_compared(tx, name, now, tuple(sites), wanted).sites if sites else ()
        return Facts(name, this, every, list(seen), {}, {}, left)
    sheets, names = _sheets(tx, sites, name)
    return Facts(name, this, every, [], sheets, names, left)


def _wanted(id: str, profile: Profile, company: str, district: str, text: str) -> bool:
    site = profile.site
    return (
        company in ("", key_of(site.company))
        and district in ("", key_of(site.district))
        and (not text or holds(text, id, site.name.zh, site.name.en))
    )


def key_of(named: Named) -> str:
    """By what it is chosen: its id, else its name."""
    return named.id or named.zh or named.en


def _sheets(
    tx: Connection, sites: Mapping[str, Profile], name: str
) -> tuple[dict[str, list[ReadingRow]], dict[tuple[str, str], Text]]:
    first, last = month.days_of(name)
    found, names = {}, {}
    for site, profile in sites.items():
        span = counting.span_of(first, last, ZoneInfo(profile.site.zone))
        found[site] = readings.listed(tx, site, sorts=(SCORE,), span=span, most=MOST_SHEETS)
        row = plan_on(tx, site, last) if found[site] else None
        for each in found[site] if row else ():
            check = counting.plan_of(row).find_check(each.checklist, each.item) if row else None
            names[site, each.item] = check.text if check else Text(each.item, each.item)
    return found, names


# -- shown ---------------------------------------------------------------------------------------


def show(facts: Facts, lang: str, wish: Wish) -> Rows:
    group = wish.get("group") or GROUPS[0]
    listing = listing_of(group, facts.this)
    rows = _sheet_rows(facts, lang) if group == SHEETS else [_row(each, group, lang) for each in facts.seen]
    months = dict.fromkeys((facts.month, *(month.before(facts.this, back) for back in range(BACK))))
    line = say(lang, "indicators.compare_line", month=facts.month, group=say(lang, f"indicators.group_{group}"))
    behind = f" {say(lang, 'indicators.behind', n=facts.left)}" if facts.left else ""
    return Rows(
        arranged(rows, listing, wish),
        len(rows),
        options={
            "month": [(each, each) for each in sorted(months, reverse=True)],
            "company": _names([each.site.company for each in facts.sites.values()], lang),
            "district": _names([each.site.district for each in facts.sites.values()], lang),
        },
        line=line + behind,
    )


def _names(those: list[Named], lang: str) -> list[tuple[str, str]]:
    return sorted({key_of(each): each.say(lang) for each in those if key_of(each)}.items(), key=lambda pair: pair[1])


def _row(seen: Month, group: str, lang: str) -> Row:
    figures = [each for each in seen.figures if each.group == group]
    link = Link(seen.name.say(lang) or seen.site, url("/indicators", site=seen.site, month=seen.month))
    return Row(
        (link, seen.company.say(lang), seen.district.say(lang), *(_cell(each, lang) for each in figures)),
        colour="red" if any(each.verdict == "red" for each in figures) else "",
    )


def _cell(figure: Figure, lang: str) -> Cell:
    if figure.value is None:
        return None
    by_hand, unit = say(lang, "indicators.hand") if figure.hand else "", "%" if figure.unit == "%" else ""
    return Graded(figure.value, COLOURS[figure.verdict], by_hand, unit)


def _sheet_rows(facts: Facts, lang: str) -> list[Row]:
    rows = []
    for site, readings_there in facts.sheets.items():
        profile = facts.sites[site].site
        by_sheet: dict[str, list[ReadingRow]] = {}
        for each in readings_there:
            by_sheet.setdefault(each.item, []).append(each)
        for item, those in by_sheet.items():
            shares = [_share(each) for each in those]
            failed = sum(each.verdict != "ok" for each in those)
            href = url("/indicators/scores", site=site, month=facts.month)
            rows.append(
                Row(
                    (
                        Link(profile.name.say(lang) or site, href),
                        profile.company.say(lang),
                        profile.district.say(lang),
                        facts.names[site, item].say(lang),
                        len(those),
                        (sum(shares, Decimal(0)) / len(shares)).quantize(Decimal("0.1"), ROUND_FLOOR),
                        min(shares),
                        failed,
                    ),
                    colour="red" if failed else "ok",
                )
            )
    return rows


def _share(row: ReadingRow) -> Decimal:
    """Percent of full marks."""
    return (Decimal(100) * int(row.value) / int(row.full or 1)).quantize(Decimal("0.1"), ROUND_FLOOR)


# -- its address ---------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/compare")
    async def compared(request: Asked) -> Response[bytes]:
        now, within = house.clock_ms(), sites_of(request)
        every = await house.read(lambda tx: profiles(tx, within))
        wanted = request.query_params.get("month", "")
        this = max((local_day(now, ZoneInfo(each.site.zone))[:7] for each in every.values()), default="")
        name = wanted if month.is_month(wanted) else this
        left = await month.ready(house.store, list(every), name, now, PATIENCE_S, trend=0) if every else 0
        group = request.query_params.get("group", "")
        listing = listing_of(group if group in EVERY else GROUPS[0], this)
        return await answer(house, request, listing, lambda tx, wish: read(tx, wish, now, left), show)

    return [compared]
