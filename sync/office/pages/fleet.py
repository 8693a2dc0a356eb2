"""The handhelds: which are well, what is still on each, and which have not been heard of."""

from collections.abc import Iterator

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from app.words import say
from sync.office import fleet as rules
from sync.office.fleet import Seen
from sync.office.pages.house import House
from sync.office.pages.listing import Column, Link, Listing, Row, Rows, Wish, arranged, choice, holds, words
from sync.office.pages.lists import answer
from sync.office.pages.places import Places
from sync.office.pages.view import Asked, Verdict
from sync.office.sites import Profile, profiles
from sync.office.store.plans import site_plan

LOW_BATTERY = 20
LOW_ROOM_MB = 200
STATES = {
    "well": "fleet.well",
    "holds": "fleet.state_holds",
    "silent": "fleet.state_silent",
    "waiting": "fleet.waiting",
    "withdrawn": "fleet.withdrawn",
}
COLOURS = {"well": "ok", "holds": "amber", "silent": "red", "waiting": "dim", "withdrawn": "dim"}
DEVICES = Listing(
    name="devices",
    path="/devices",
    title="fleet.title",
    columns=(
        Column("name", "fleet.name", sorts=True),
        Column("state", "fleet.state", sorts=True),
        Column("heard", "fleet.heard", sorts=True),
        Column("records", "fleet.records", sorts=True),
        Column("battery", "fleet.battery"),
        Column("program", "fleet.program"),
        Column("trouble", "fleet.trouble"),
    ),
    filters=(choice("state", "fleet.state", STATES), words("name", "fleet.name")),
    sort="state",
    oldest=True,
)


class Facts(Struct, frozen=True):
    site: str
    sites: dict[str, Profile]
    plan: Plan
    seen: list[Seen]
    now: int


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/devices")
    async def devices(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, DEVICES, lambda tx, wish: read_fleet(tx, wish, now), show_fleet)

    return [devices]


def read_fleet(tx: Connection, wish: Wish, now: int) -> Facts | None:
    """The handhelds of that site, or of the first one; None while there is no site."""
    sites = profiles(tx, wish.within)
    if not sites:
        return None
    site = wish.chosen(sites)
    plan = site_plan(tx, site)
    assert plan is not None
    return Facts(site, sites, plan, rules.read(tx, site), now)


def show_fleet(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan = facts.plan
    places, state, name = Places(lang, plan, {}), wish.get("state"), wish.get("name")
    rows = [
        _row(each, plan.revision, places, facts.now)
        for each in facts.seen
        if state in ("", _state_of(each, facts.now)) and holds(name, each.device.name, each.device.device)
    ]
    return Rows(
        arranged(rows, DEVICES, wish), len(rows), plans=facts.sites, site=facts.site, line=say(lang, "fleet.line")
    )


def _row(seen: Seen, newest: int, places: Places, now: int) -> Row:
    said, lang = seen.said, places.lang
    cell = said.battery if said else None
    battery = "" if cell is None else f"{cell}%" + (f" {say(lang, 'fleet.charging')}" if said and said.charging else "")
    state = state_of_handheld(seen, lang, now)
    return Row(
        (
            Link(seen.device.name, note=seen.device.device),
            state,
            places.local(seen.heard) if seen.heard else say(lang, "fleet.never"),
            seen.holds,
            battery,
            f"{said.program} / {say(lang, 'fleet.plan', n=said.plan)}" if said else "",
            tuple(_troubles(seen, newest, lang)),
        ),
        colour=state.colour,
    )


def _state_of(seen: Seen, now: int) -> str:
    """One of STATES."""
    if seen.device.revoked_at is not None:
        return "withdrawn"
    if seen.device.book is None:
        return "waiting"
    if seen.is_silent(now):
        return "silent"
    return "holds" if seen.holds else "well"


def state_of_handheld(seen: Seen, lang: str, now: int) -> Verdict:
    state = _state_of(seen, now)
    hours = (now - (seen.heard or now)) // 3_600_000
    word = say(lang, "fleet.silent", n=hours) if state == "silent" else say(lang, STATES[state])
    return Verdict(COLOURS[state], word)


def _troubles(seen: Seen, newest: int, lang: str) -> Iterator[str]:
    said = seen.said
    if said is None or seen.device.revoked_at is not None:
        return
    yield from (_sentence(key, lang) for key in (said.radio, said.reason) if key)
    if said.battery is not None and said.battery < LOW_BATTERY and not said.charging:
        yield say(lang, "fleet.low")
    if said.free_mb is not None and said.free_mb < LOW_ROOM_MB:
        yield say(lang, "fleet.full", n=said.free_mb)
    if 0 < said.plan < newest:
        yield say(lang, "fleet.old_plan", n=said.plan, newest=newest)
    if abs(seen.skew or 0) > rules.SKEW_MS:
        yield say(lang, "fleet.clock", n=round((seen.skew or 0) / 60_000))


def _sentence(key: str, lang: str) -> str:
    """What the handheld names, in words; the key itself where this program has no such sentence, or it wants fields."""
    try:
        words = say(lang, key)
    except (KeyError, ValueError):
        return key
    return key if "{" in words else words
