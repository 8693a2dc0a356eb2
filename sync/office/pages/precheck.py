"""月报预检 (D67): what the month's figures still wait for, with the way to its paper."""

from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from app.words import say
from sync.office import month, precheck
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.indicators import PATIENCE_S, Choice, chosen
from sync.office.pages.view import Asked, lang_of
from sync.office.places import url
from sync.office.precheck import Facts, Item
from sync.office.sites import Profile, profiles
from sync.office.verdicts import Verdict

BACK: Final = 13


class CheckSeen(Struct, frozen=True):
    site: str
    site_name: str
    month: str
    sites: list[Choice]
    months: list[Choice]
    ready: Verdict
    items: list[Item]
    report: str
    paper: str


def show(facts: Facts, sites: dict[str, Profile], lang: str) -> CheckSeen:
    read, this = facts.month, month.this_month(facts.plan, facts.now)
    items = list(precheck.items(facts, lang))
    open_ = precheck.open_of(items)
    first, last = month.days_of(read.month)
    word = say(lang, "precheck.open", n=open_) if open_ else say(lang, "precheck.ready")
    return CheckSeen(
        site=read.site,
        site_name=read.name.say(lang) or read.site,
        month=read.month,
        sites=[Choice(id, each.site.name.say(lang) or id, id == read.site) for id, each in sites.items()],
        months=[
            Choice(each, each, each == read.month)
            for each in dict.fromkeys([*(month.before(this, back) for back in range(BACK)), read.month])
        ],
        ready=Verdict("amber" if open_ else "ok", word),
        items=items,
        report=url("/indicators", site=read.site, month=read.month),
        paper=url("/papers", site=read.site, paper="precheck", **{"from": first, "to": last}),
    )


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/precheck")
    async def checked(request: Asked) -> Response[bytes]:
        lang, now, within = lang_of(request), house.clock_ms(), sites_of(request)
        site, wanted = site_of(request), request.query_params.get("month", "")
        meant = await house.read(lambda tx: chosen(tx, site, wanted, now, within))
        if meant is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        await month.ready(house.store, [meant[0]], meant[1], now, PATIENCE_S, trend=0)
        facts, sites = await house.store.read(lambda tx: (precheck.read(tx, *meant, now), profiles(tx, tuple(within))))
        assert facts is not None
        return await house.frame.page(request, "precheck.html", show(facts, sites, lang))

    return [checked]
