"""Label sheets from a browser: what can be chosen, and the file, drawn and read back like the command's."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from sync.office import printing, trials
from sync.office.labels import BOTH, NAMES, LabelsRefused, Wish
from sync.office.pages.day import Choice
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import Asked, download, lang_of, words
from sync.office.printing import Printable
from sync.office.readback import SheetUnreadable
from sync.office.sheets import LAYOUTS, USUAL
from sync.office.sites import named_plans
from sync.office.typeface import FontMissing


class LabelsPage(Struct, frozen=True):
    sites: list[Choice]
    layouts: list[Choice]
    names: list[Choice]
    assets: bool
    """The site has assets that carry labels."""


def read_sites(tx: Connection, within: Sequence[str] = ()) -> dict[str, Plan]:
    return named_plans(tx, within)


def show_labels(sites: Mapping[str, Plan], lang: str) -> LabelsPage:
    return LabelsPage(
        sites=[Choice(id, plan.site.name.say(lang) or id, False) for id, plan in sites.items()],
        layouts=[Choice(name, words(lang, f"layout_{name}"), name == USUAL) for name in LAYOUTS],
        names=[Choice(name, words(lang, f"names_{name}"), name == BOTH) for name in NAMES],
        assets=any(asset.label for plan in sites.values() for asset in plan.assets),
    )


def read_wanted(tx: Connection, query: Mapping[str, str], now: int, url: str = "") -> Printable | None:
    """What the form asks for, codes as addresses below `url` when there is one; None for a site without a plan.

    Raises LabelsRefused.
    """
    names = query.get("names", "")
    wish = Wish(assets=bool(query.get("assets")), names=names if names in NAMES else BOTH)
    return printing.read(tx, query.get("site", ""), wish, url, now)


class Press:
    """Draws one file at a time: it takes a second of a processor, and more for a large site."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def sheet(self, printable: Printable, layout: str, site: str) -> Response[bytes]:
        """The PDF, for saving. Raises LabelsRefused, SheetUnreadable, FontMissing."""
        chosen = LAYOUTS.get(layout, LAYOUTS[USUAL])
        async with self._one:
            sheets = await asyncio.to_thread(printing.proofed, printable.labels, chosen, printable.heading)
        return download(sheets.pdf, f"labels-{site}.pdf", "application/pdf")

    async def trial(self, lang: str, now: int) -> Response[bytes]:
        """The sheet on which a fitter tries a scanner. Raises SheetUnreadable, FontMissing."""
        async with self._one:
            sheets = await asyncio.to_thread(trials.draw, lang, f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d}")
        return download(sheets.pdf, "scanner-test.pdf", "application/pdf")


def handlers(house: House) -> list[ControllerRouterHandler]:
    press = Press()

    @get("/labels")
    async def labels(request: Asked) -> Response[bytes]:
        sites = await house.store.read(lambda tx: read_sites(tx, sites_of(request)))
        if not sites:
            return await house.frame.plain(request, "labels", "no_site", 200)
        return await house.frame.page(request, "labels.html", show_labels(sites, lang_of(request)))

    @get("/labels/sheet.pdf")
    async def sheet(request: Asked) -> Response[bytes]:
        query, now = request.query_params, house.clock_ms()
        try:
            await house.acts(request, "labels-printed", site_of(request))
            found = await house.store.read(lambda tx: read_wanted(tx, query, now, house.public.label_url))
            if found is None:
                return await house.frame.plain(request, "not_found", "no_site", 404)
            return await press.sheet(found, query.get("layout", ""), query["site"])
        except (LabelsRefused, SheetUnreadable, FontMissing) as e:
            return await house.frame.said(request, "refused", e.say(lang_of(request)), 409)

    @get("/labels/test.pdf")
    async def trial(request: Asked) -> Response[bytes]:
        try:
            return await press.trial(lang_of(request), house.clock_ms())
        except (SheetUnreadable, FontMissing) as e:
            return await house.frame.said(request, "refused", e.say(lang_of(request)), 409)

    return [labels, sheet, trial]
