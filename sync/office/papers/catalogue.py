"""Which papers there are, what each may be about, in which formats it comes, and how it is made."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.site import Plan
from sync.office import month
from sync.office.papers import forms, letters, logs, monthly, precheck, reports
from sync.office.papers.night import night
from sync.office.papers.paper import Paper
from sync.office.papers.press import PaperRefused
from sync.office.papers.source import Ground, Wish
from sync.office.places import Places
from sync.office.store import Store, cases
from sync.office.store.cases import CaseRow, Which

About = tuple[tuple[str, str], ...]
"""Ids with what a person calls them."""
GRID: Final = ("pdf", "xlsx", "csv")
EDITED: Final = ("pdf", "docx", "xlsx", "csv")
"""Where a manager adds to it before it is signed."""
RUNS: Final = Which(sorts=(cases.DRILL, cases.EMERGENCY))
FOUND: Final = Which(sorts=(cases.FINDING, cases.HAZARD))
VIOLATIONS: Final = replace(FOUND, violation=True)
OFFERED: Final = 100
"""Matters that are offered, the newest; any other by its own page."""


class Sort(Struct, frozen=True):
    """One sort of paper."""

    name: str
    make: Callable[[Ground], Paper]
    about: Callable[[Plan, str], About] | None = None
    """What it may be about, by the plan; None: nothing that the plan knows."""
    matters: Which | None = None
    """It is about one of these matters."""
    must: bool = False
    """It is about one thing, and not about all."""
    formats: tuple[str, ...] = GRID
    monthly: bool = False
    """It is of a whole month."""
    kept: bool = True
    """It is of one site, and whoever may see that may have it again."""


def _routes(form: str, kinds: Sequence[str]) -> Callable[[Plan, str], About]:
    def about(plan: Plan, lang: str) -> About:
        named = [route for route in plan.routes if route.form == form]
        routes = named or [route for route in plan.routes if route.kind in kinds]
        return tuple((route.id, route.name.say(lang)) for route in routes)

    return about


def _registers(plan: Plan, lang: str) -> About:
    return tuple((each.id, each.name.say(lang)) for each in plan.registers)


def _posts(plan: Plan, lang: str) -> About:
    return tuple((each.id, each.name.say(lang)) for each in plan.posts)


def _assets(plan: Plan, lang: str) -> About:
    return tuple((each.id, each.name.say(lang)) for each in plan.assets)


SORTS: Final = {
    sort.name: sort
    for sort in (
        Sort("night", night),
        Sort("precheck", precheck.check, monthly=True, formats=EDITED),
        Sort("month", monthly.report, monthly=True, formats=EDITED),
        Sort("compared", monthly.compared, monthly=True, kept=False),
        Sort("fire-patrol", forms.fire_patrol, _routes(forms.FIRE, ("safety",))),
        Sort("control-room", logs.control_room),
        Sort("facility", forms.facility, _routes(forms.FACILITY, ("safety",))),
        Sort("repairs", logs.repairs),
        Sort("power-room", forms.power_room, _routes(forms.POWER, ("inspection",))),
        Sort("lift", forms.lift, _routes(forms.LIFT, ("inspection",))),
        Sort("handover", logs.handover, _posts),
        Sort("register", logs.register_log, _registers, must=True),
        Sort("scores", reports.scores),
        Sort("asset", reports.asset, _assets, must=True),
        Sort("drill", reports.drill, matters=RUNS, must=True, formats=EDITED),
        Sort("violation", letters.violation, matters=VIOLATIONS, must=True, formats=EDITED),
        Sort("notice", letters.notice, matters=FOUND, must=True, formats=EDITED),
    )
}
"""By name, in the order in which they are offered."""


def formats_of(name: str) -> tuple[str, ...]:
    """In which a paper of that sort comes; none of a sort that another program made."""
    return SORTS[name].formats if name in SORTS else ()


def about_of(tx: Connection, sort: Sort, site: str, plan: Plan, lang: str) -> About:
    """What the paper may be about, with words; empty where there is nothing to choose."""
    if sort.matters is not None:
        places = Places(lang, plan, {})
        rows = cases.listed(tx, (site,), sort.matters, most=OFFERED)
        return tuple((row.case, _offered(places, row)) for row in rows)
    return sort.about(plan, lang) if sort.about else ()


def _offered(places: Places, row: CaseRow) -> str:
    named = [places.point(row.point)] if row.point else []
    said = places.phrase(row.category, row.phrase, row.words) or row.words
    return " ".join((places.day_and_minute(row.opened_at), *named, said))


async def made(store: Store, wish: Wish, now: int) -> Paper:
    """The paper as the site's records tell it now, UTC ms; what its figures need is counted before.

    Raises PaperRefused.
    """
    behind = await store.read(lambda tx: monthly.sites_behind(tx, wish.name, wish.site, wish.within))
    if behind:
        await month.ready(store, behind, f"{wish.first:%Y-%m}", now)
    return await store.read(lambda tx: make(tx, wish, now))


def make(tx: Connection, wish: Wish, now: int) -> Paper:
    """The same, where nothing needs to be counted. Raises PaperRefused."""
    sort = SORTS.get(wish.name)
    if sort is None:
        raise PaperRefused("papers.no_such")
    if sort.must and not wish.of:
        raise PaperRefused("papers.which")
    if sort.monthly:
        first, last = monthly.days(wish.first)
        wish = replace(wish, first=first, last=last)
    return sort.make(Ground(tx, wish, now))
