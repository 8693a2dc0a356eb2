"""Programs for handhelds: which there are, whom each is offered, who runs it, and what came of it elsewhere.

A release is for handhelds of every site, so only an account of all sites changes anything here.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Text
from app.errors import NotAllowed, WatchbookError
from app.text import clean
from app.words import say
from sync.office import fleet, handheld_settings
from sync.office import releases as rules
from sync.office.pages.frame import sites_of
from sync.office.pages.house import House
from sync.office.pages.listing import Column, Link, Listing, Row, Rows, Wish, arranged
from sync.office.pages.lists import answer
from sync.office.pages.view import FORM_BYTES, Asked, lang_of
from sync.office.places import Places, url
from sync.office.releases import MOST, Listed, ring_words
from sync.office.sites import profiles
from sync.office.store import known
from sync.office.verdicts import Verdict

RELEASES: Final = Listing(
    "releases",
    "/releases",
    "releases.title",
    (
        Column("version", "releases.version"),
        Column("added", "releases.added_at", sorts=True),
        Column("offers", "releases.offered_to"),
        Column("runs", "releases.runs", sorts=True),
    ),
    sort="kept",
    oldest=True,
    all_sites=True,
    template="releases.html",
)
"""The newest first, unless a column is asked for."""
MIB = 1024 * 1024
ROOM_BYTES = 64 * 1024
"""Of an uploaded form beside its file."""
SHOWN = 8
"""Digits of the publisher's key."""
BAD = frozenset({"rolled_back", "no_room", "torn", "forged", "unfit", "too_far", "not_laid", "not_tried"})
"""What a handheld says of a program that it could not take: names of app.words.updating."""
DONE = ("offered", "withdrawn", "removed", "added")
"""What a page says after an act: names of app.words.releases behind `page_`."""


class Ring(Struct, frozen=True):
    ring: str
    word: str


class ReleaseSeen(Struct, frozen=True):
    """Beside its cells."""

    version: str
    offers: list[Ring]


class TroubleSeen(Struct, frozen=True):
    name: str
    site: str
    program: str
    state: Verdict


class ReleasesSeen(Struct, frozen=True):
    """Around the list."""

    publisher: str
    others: str
    """Versions that run on handhelds, and of which the office has no file."""
    troubles: list[TroubleSeen]
    rings: list[str]
    done: str
    refused: str


class Facts(Struct, frozen=True):
    publisher: str
    listed: list[Listed]
    seen: list[fleet.Seen]
    rings: list[str]
    names: dict[str, Text]
    """Of sites with a handheld that did not take what it was offered."""


def handlers(house: House) -> list[ControllerRouterHandler]:
    one = asyncio.Lock()

    @get("/releases")
    async def releases(request: Asked) -> Response[bytes]:
        return await _page(house, request, request.query_params.get("done", ""))

    @post("/releases", request_max_body_size=FORM_BYTES, status_code=200)
    async def act(request: Asked) -> Response[bytes]:
        return await _act(house, request)

    @post("/releases/file", request_max_body_size=MOST + ROOM_BYTES, status_code=200)
    async def upload(request: Asked) -> Response[bytes]:
        async with one:
            return await _upload(house, request)

    return [releases, act, upload]


async def _page(house: House, request: Asked, done: str = "", refused: str = "", status: int = 200) -> Response[bytes]:
    return await answer(
        house,
        request,
        RELEASES,
        lambda tx, wish: read_releases(tx, wish.within),
        lambda facts, lang, wish: show_releases(facts, lang, wish, done, refused),
        status=status,
    )


def read_releases(tx: Connection, within: tuple[str, ...]) -> Facts:
    """What an account of these sites (none named: of all) may know."""
    seen = [each for each in fleet.read(tx) if not within or each.device.site in within]
    rings = handheld_settings.rings(tx, (each.device for each in seen))
    troubled = {each.device.site for each in seen if _is_bad(each)}
    named = profiles(tx, tuple(troubled)) if troubled else {}
    names = {site: profile.site.name for site, profile in named.items()}
    return Facts(known.get(tx, rules.PUBLISHER), rules.listed(tx), seen, sorted(rings - {""}), names)


def show_releases(facts: Facts, lang: str, wish: Wish, done: str, refused: str) -> Rows:
    places = Places(lang, None, {})
    active = [each for each in facts.seen if each.said is not None and each.device.revoked_at is None]
    runs = Counter(each.said.program for each in active if each.said)
    mine = {each.held.version for each in facts.listed}
    others = [f"{version} ({n})" for version, n in sorted(runs.items()) if version not in mine]
    act, _, version = done.partition(" ")
    rows = (_release(each, runs[each.held.version], places) for each in facts.listed)
    around = ReleasesSeen(
        publisher=facts.publisher[:SHOWN],
        others="、".join(others) if lang == "zh" else ", ".join(others),
        troubles=[_trouble(each, facts, lang) for each in active if _is_bad(each)],
        rings=facts.rings,
        done=say(lang, f"releases.page_{act}", version=clean(version, 40)) if act in DONE else "",
        refused=refused,
    )
    line = say(lang, "releases.page_line")
    return Rows(arranged(rows, RELEASES, wish), len(facts.listed), line=line, more=around)


def _release(each: Listed, runs: int, places: Places) -> Row:
    held, lang = each.held, places.lang
    offers = [Ring(offer.ring, ring_words(lang, offer.ring)) for offer in each.offers]
    cells = (
        Link(held.version, note=f"{held.arch} · {max(1, round(held.size / MIB))} MB"),
        places.local(held.added_at),
        tuple(ring.word for ring in offers) or say(lang, "releases.to_nobody"),
        runs,
    )
    return Row(cells, seen=ReleaseSeen(held.version, offers))


def _is_bad(seen: fleet.Seen) -> bool:
    """Whether the handheld says that it could not take what it was offered."""
    subject, _, name = seen.said.update.partition(".") if seen.said else ("", "", "")
    return subject == "updating" and name in BAD and seen.device.revoked_at is None


def _trouble(seen: fleet.Seen, facts: Facts, lang: str) -> TroubleSeen:
    assert seen.said is not None
    site = facts.names[seen.device.site].say(lang) if seen.device.site in facts.names else seen.device.site
    state = Verdict("amber", say(lang, seen.said.update))
    return TroubleSeen(seen.device.name, site, clean(seen.said.program, 20), state)


# -- acting --------------------------------------------------------------------------------------


def _must_be_of_all_sites(request: Asked) -> None:
    """Raises NotAllowed."""
    if sites_of(request):
        raise NotAllowed("releases.all_sites")


async def _act(house: House, request: Asked) -> Response[bytes]:
    fields = await house.form(request)
    _must_be_of_all_sites(request)
    act, version, ring = (fields.get(name, "").strip() for name in ("act", "version", "ring"))
    ring = "" if act == "offer-all" else ring
    if act == "offer" and not ring:
        return await _page(house, request, refused=say(lang_of(request), "releases.page_no_ring"), status=409)
    noted, done, change = _change(act, version, ring, house.clock_ms())
    await house.acts(request, noted, "", f"{version} {ring or '--all'}"[:200])
    try:
        await house.store.write(change)
    except rules.ReleaseUnknown as e:
        return await _page(house, request, refused=e.say(lang_of(request)), status=409)
    return house.view.go(request, url("/releases", done=f"{done} {version}"))


def _change(act: str, version: str, ring: str, now: int) -> tuple[str, str, Callable[[Connection], object]]:
    """(how the audit calls it, of DONE, the change itself). Raises NotAllowed."""
    match act:
        case "offer" | "offer-all":
            return "release-offered", "offered", lambda tx: rules.offer(tx, version, ring, now)
        case "withdraw":
            return "release-withdrawn", "withdrawn", lambda tx: rules.withdraw(tx, version, ring)
        case "remove":
            return "release-removed", "removed", lambda tx: rules.remove(tx, version)
    raise NotAllowed("releases.page_what")


async def _upload(house: House, request: Asked) -> Response[bytes]:
    await house.form(request)
    _must_be_of_all_sites(request)
    given = (await request.form()).get("file")
    raw = await given.read(MOST + 1) if isinstance(given, UploadFile) else b""
    name = clean(given.filename, 100) if isinstance(given, UploadFile) else ""
    try:
        await house.acts(request, "release-added", "", name)
        held = await rules.add(house.store, raw, house.clock_ms())
    except WatchbookError as e:
        return await _page(house, request, refused=e.say(lang_of(request)), status=409)
    return house.view.go(request, url("/releases", done=f"added {held.version}"))
