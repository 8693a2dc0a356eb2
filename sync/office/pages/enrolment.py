"""New handhelds from a browser: sheets from a list, who waits to be let in, and what became of a broken one.

Reading a list, setting paper and reading a data file are loaded when somebody asks for them.
"""

import asyncio
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.days import local_time
from app.errors import NotAllowed, WatchbookError
from app.text import clean
from app.words import say
from sync.office import admitting
from sync.office.admitting import Waiting
from sync.office.pages.choosing import SiteChoice, site_choices
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import FORM_BYTES, Asked, download, lang_of, reached_at
from sync.office.places import url
from sync.office.sites import Profile, profiles
from sync.office.store import devices
from sync.office.store.devices import SHEET_MS, SPARE_MS, Device, OpenSheet
from sync.office.takeover import stand_in

UPLOAD_BYTES: Final = 1024 * 1024 + FORM_BYTES
"""A list (`device_list.MAX_BYTES`) in its form."""
FILES_BYTES: Final = 32 * 1024 * 1024 + FORM_BYTES
MOST_FILES: Final = 16
_DAY_MS: Final = 24 * 3600 * 1000


class Facts(Struct, frozen=True):
    sites: dict[str, Profile]
    site: str
    waiting: list[Waiting]
    sheets: list[OpenSheet]
    here: list[Device]
    """Of the site, in use."""


class RowSeen(Struct, frozen=True):
    site: str
    device: str
    name: str
    site_name: str
    when: str
    shown: str = ""
    spare: str = ""


class EnrolmentSeen(Struct, frozen=True):
    site: str
    site_name: str
    sites: list[SiteChoice]
    waiting: list[RowSeen]
    sheets: list[RowSeen]
    handhelds: list[tuple[str, str]]
    """(id, name) of those that may be said to be broken, or to have taken over."""
    office: str
    hours: int
    days: int
    done: str
    faults: list[str]
    told: list[str]
    """What came of files, one by one."""


def handlers(house: House) -> list[ControllerRouterHandler]:
    one = asyncio.Lock()  # paper takes a processor for seconds

    @get("/enrolment")
    async def shown(request: Asked) -> Response[bytes]:
        return await _page(house, request)

    @get("/enrolment/list.csv")
    async def example(request: Asked) -> Response[bytes]:
        from sync.office import device_list

        sites = await house.store.read(lambda tx: profiles(tx, sites_of(request)))
        raw = device_list.example(lang_of(request), [site_of(request) or next(iter(sites), "")])
        return download(raw, "handhelds.csv", "text/csv; charset=utf-8")

    @post("/enrolment/sheets", request_max_body_size=UPLOAD_BYTES, status_code=200)
    async def sheets(request: Asked) -> Response[bytes]:
        return await _sheets(house, request, one)

    @post("/enrolment", request_max_body_size=FORM_BYTES, status_code=200)
    async def act(request: Asked) -> Response[bytes]:
        return await _act(house, request)

    @post("/enrolment/files", request_max_body_size=FILES_BYTES, status_code=200)
    async def files(request: Asked) -> Response[bytes]:
        return await _files(house, request)

    return [shown, example, sheets, act, files]


# -- looking -------------------------------------------------------------------------------------


async def _page(
    house: House, request: Asked, faults: tuple[str, ...] = (), status: int = 200, told: tuple[str, ...] = ()
) -> Response[bytes]:
    now, query = house.clock_ms(), request.query_params
    facts = await house.store.read(lambda tx: read_enrolment(tx, site_of(request), sites_of(request), house, now))
    if facts is None:
        return await house.frame.plain(request, "not_found", "no_site", 200)
    office = house.public.office or _reached_at(request)
    seen = show_enrolment(facts, lang_of(request), office, query.get("done", ""), query.get("name", ""))
    seen = replace(seen, faults=list(faults), told=list(told))
    return await house.frame.page(request, "enrolment.html", seen, status=status)


def read_enrolment(tx: Connection, site: str, within: tuple[str, ...], house: House, now: int) -> Facts | None:
    """None while there is no site."""
    sites = profiles(tx, within)
    if not sites:
        return None
    chosen = site if site in sites else next(iter(sites))
    waits = [each for each in admitting.waiting(tx, house.key.public) if each.device.site in sites]
    sheets = [each for each in devices.open_sheets(tx, now) if each.site in sites]
    here = [each for each in devices.every(tx, chosen) if each.book is not None and each.revoked_at is None]
    return Facts(sites, chosen, waits, sheets, here)


def show_enrolment(facts: Facts, lang: str, office: str, done: str, name: str) -> EnrolmentSeen:
    def row(site: str, device: str, called: str, when: int, shown: str = "", *, spare: bool = False) -> RowSeen:
        where = facts.sites[site].site
        at = f"{local_time(when, ZoneInfo(where.zone)):%m-%d %H:%M}"
        word = say(lang, "invitations.spare") if spare else ""
        return RowSeen(site, device, called, where.name.say(lang) or site, at, shown, word)

    said = done in ("confirm", "withdraw", "replace") and bool(name)
    return EnrolmentSeen(
        site=facts.site,
        site_name=facts.sites[facts.site].site.name.say(lang) or facts.site,
        sites=site_choices(facts.sites, facts.site, "/enrolment", lang),
        waiting=[
            row(each.device.site, each.device.device, each.device.name, each.device.waits_since or 0, each.shown)
            for each in facts.waiting
        ],
        sheets=[row(each.site, each.device, each.name, each.expires_at, spare=each.spare) for each in facts.sheets],
        handhelds=[
            (each.device, each.name) for each in facts.here if each.replaced_by is None and each.waits_since is None
        ],
        office=office,
        hours=SHEET_MS // 3_600_000,
        days=SPARE_MS // _DAY_MS,
        done=say(lang, f"invitations.done_{done}", name=clean(name, 60)) if said else "",
        faults=[],
        told=[],
    )


def _reached_at(request: Asked) -> str:
    """The address at which this very browser found the office: most likely that of the handhelds too."""
    base = reached_at(request)
    return base if base.startswith("https://") or "//127." in base or "//localhost" in base else ""


# -- acting --------------------------------------------------------------------------------------


async def _sheets(house: House, request: Asked, one: asyncio.Lock) -> Response[bytes]:
    from sync.office import device_list, invitations
    from sync.office.readback import SheetUnreadable

    fields, lang = await house.form(request), lang_of(request)
    given = (await request.form()).get("file")
    named = clean(given.filename, 100) if isinstance(given, UploadFile) else ""
    raw = await given.read(device_list.MAX_BYTES + 1) if isinstance(given, UploadFile) else b""
    hours, site = fields.get("hours", ""), fields.get("site", "")
    try:
        office = invitations.office_address(fields.get("office", ""))
        count = int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 4 else 0
        invitations.lifetime_ms(count)
        around = await house.store.read(lambda tx: invitations.read_around(tx, sites_of(request)))
        read = await asyncio.to_thread(device_list.read_list, raw, around.known, site)
        if read.faults:
            told = say(lang, "invitations.faults", n=len(read.faults))
            return await _page(house, request, (told, *(fault.sentence(lang) for fault in read.faults)), 409)
        await house.acts(request, "sheets-made", site, named)
        async with one:
            key, now = house.key.public, house.clock_ms()
            pdf = await invitations.invite(house.store, read.wanted, key, office, count, now)
    except (WatchbookError, SheetUnreadable) as e:
        return await _page(house, request, (e.say(lang),), 409)
    return download(pdf, "handhelds.pdf", "application/pdf")


async def _act(house: House, request: Asked) -> Response[bytes]:
    fields = await house.form(request)
    site, device, act = (fields.get(name, "") for name in ("site", "device", "act"))
    here = {each.device: each for each in await house.store.devices.of(site)}
    found, now = here.get(device), house.clock_ms()
    if found is None or found.revoked_at is not None:
        raise NotAllowed("invitations.gone")
    match act:
        case "confirm" if found.waits_since is not None:
            await house.acts(request, "device-confirmed", site, device)
            await house.store.devices.confirm(site, device)
        case "withdraw" if found.waits_since is not None or found.book is None:
            await house.acts(request, "device-revoked", site, device)
            await house.store.devices.revoke(site, device, now)
        case "replace":
            await _replace(house, request, found, here.get(fields.get("by", "")), now)
        case _:
            raise NotAllowed("invitations.gone")
    return house.view.go(request, url("/enrolment", site=site, done=act, name=found.name))


async def _replace(house: House, request: Asked, old: Device, new: Device | None, now: int) -> None:
    """Raises NotAllowed."""
    if new is None or new.book is None or new.revoked_at is not None or old.replaced_by is not None or new == old:
        raise NotAllowed("invitations.not_replaced")
    await house.acts(request, "device-replaced", old.site, f"{old.device} {new.device}")
    by, account = new.device, request.state.session.account
    await house.store.write(lambda tx: stand_in(tx, old.site, old.device, by, now, account, now))


async def _files(house: House, request: Asked) -> Response[bytes]:
    """Hand-off files as they are: each speaks for itself, and is of any site that the account may see."""
    from sync.handoff import LARGEST, FileRefused, read
    from sync.office.handoff import take_in

    fields, lang = await house.form(request), lang_of(request)
    form = await request.form()
    given = [each for each in form.getall("files", []) if isinstance(each, UploadFile) and each.filename]
    if not given or len(given) > MOST_FILES:
        raise NotAllowed("invitations.no_handoff", most=MOST_FILES)
    await house.acts(request, "handed-in", fields.get("site", ""), " ".join(clean(each.filename, 80) for each in given))
    told: list[str] = []
    for each in given:
        raw, name = await each.read(LARGEST + 1), clean(each.filename, 100)
        try:
            await _must_reach(house, request, read(raw).sheet.book)
            done = await take_in(house.store, house.key, raw, house.clock_ms())
        except FileRefused as e:
            told.append(f"{name}: {e.say(lang)}")
        else:
            told.append(say(lang, "handoff.took_in", device=done.device, accepted=done.accepted, upto=done.upto))
    return await _page(house, request, told=tuple(told))


async def _must_reach(house: House, request: Asked, book: str) -> None:
    """Raises FileRefused for a handheld of a site that the account may not see, as for one that nobody knows."""
    from sync.handoff import FileRefused

    device = await house.store.devices.by_book(bytes.fromhex(book))
    if device is not None and not request.state.session.reaches(device.site):
        raise FileRefused("handoff.unknown_book")
