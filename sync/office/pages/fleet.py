"""The handhelds: which are well, what is still on each, and which have not been heard of."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from app.words import say
from sync.office import fleet as rules
from sync.office.fleet import Seen
from sync.office.pages.books import SiteChoice
from sync.office.pages.places import Places
from sync.office.pages.view import Verdict, url
from sync.office.store.plans import newest_plans

LOW_BATTERY = 20
LOW_ROOM_MB = 200


class Facts(Struct, frozen=True):
    site: str
    sites: dict[str, Plan]
    seen: list[Seen]


class HandheldSeen(Struct, frozen=True):
    name: str
    device: str
    state: Verdict
    heard: str
    holds: str
    program: str
    battery: str
    trouble: list[str]
    """Sentences."""


class FleetSeen(Struct, frozen=True):
    site_name: str
    sites: list[SiteChoice]
    handhelds: list[HandheldSeen]


def read_fleet(tx: Connection, site: str, within: Sequence[str] = ()) -> Facts | None:
    """The handhelds of that site, or of the first one; None while there is no site."""
    plans = newest_plans(tx, within)
    if not plans:
        return None
    site = site if site in plans else next(iter(plans))
    return Facts(site, plans, rules.read(tx, site))


def show_fleet(facts: Facts, lang: str, now: int) -> FleetSeen:
    plan = facts.sites[facts.site]
    places = Places(lang, plan, {})
    return FleetSeen(
        site_name=places.site(facts.site),
        sites=[
            SiteChoice(each.site.name.say(lang) or site, url("/devices", site=site), site == facts.site)
            for site, each in facts.sites.items()
        ],
        handhelds=[_handheld(each, plan.revision, places, now) for each in facts.seen],
    )


def _handheld(seen: Seen, newest: int, places: Places, now: int) -> HandheldSeen:
    said, lang = seen.said, places.lang
    cell = said.battery if said else None
    battery = "" if cell is None else f"{cell}%" + (f" {say(lang, 'fleet.charging')}" if said and said.charging else "")
    return HandheldSeen(
        name=seen.device.name,
        device=seen.device.device,
        state=_state(seen, lang, now),
        heard=places.moment(seen.heard) if seen.heard else say(lang, "fleet.never"),
        holds=""
        if seen.holds is None
        else say(lang, "fleet.holds" if seen.holds else "fleet.holds_none", n=seen.holds),
        program=f"{said.program} / {say(lang, 'fleet.plan', n=said.plan)}" if said else "",
        battery=battery,
        trouble=list(_troubles(seen, newest, lang)),
    )


def _state(seen: Seen, lang: str, now: int) -> Verdict:
    if seen.device.revoked_at is not None:
        return Verdict("dim", say(lang, "fleet.withdrawn"))
    if seen.device.book is None:
        return Verdict("dim", say(lang, "fleet.waiting"))
    if seen.is_silent(now):
        return Verdict("red", say(lang, "fleet.silent", n=(now - (seen.heard or now)) // 3_600_000))
    return Verdict("amber" if seen.holds else "ok", say(lang, "fleet.well"))


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
