"""The handhelds: which are well, what is still on each and wanted of it, and which have not been heard of."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.site import Plan
from app.words import say
from sync.office import fleet as rules
from sync.office.fleet import Due, Seen
from sync.office.pages.house import House
from sync.office.pages.listing import (
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
from sync.office.places import Places
from sync.office.sites import Profile, profiles
from sync.office.store.plans import site_plan
from sync.office.troubles import GOES_WELL, LOW_BATTERY, LOW_ROOM_MB, sentence_of, troubles
from sync.office.verdicts import Verdict
from sync.wire import Condition

STATES = {
    "silent": "fleet.state_silent",
    "unconfirmed": "fleet.unconfirmed",
    "trouble": "fleet.state_trouble",
    "holds": "fleet.state_holds",
    "well": "fleet.well",
    "waiting": "fleet.waiting",
    "replaced": "fleet.state_replaced",
    "withdrawn": "fleet.withdrawn",
}
"""The worst first: so the list begins with what is to be seen to."""
COLOURS: Final = {"silent": "red", "unconfirmed": "amber", "trouble": "amber", "holds": "amber", "well": "ok"}
_NO_RING: Final = "-"
"""In the address: those of everybody's ring."""
DEVICES = Listing(
    name="devices",
    path="/devices",
    title="fleet.title",
    columns=(
        Column("name", "fleet.name", sorts=True),
        Column("state", "fleet.state", sorts=True),
        Column("trouble", "fleet.trouble"),
        Column("heard", "fleet.heard", sorts=True),
        Column("records", "fleet.records", sorts=True),
        Column("battery", "fleet.battery", sorts=True),
        Column("room", "fleet.room", sorts=True),
        Column("clock", "fleet.clock_s", sorts=True),
        Column("program", "fleet.program", sorts=True),
        Column("plan", "fleet.plan_of"),
        Column("ring", "fleet.ring", sorts=True),
    ),
    filters=(
        choice("state", "fleet.state", STATES),
        pick("ring", "fleet.ring"),
        pick("program", "fleet.program"),
        words("name", "fleet.name"),
    ),
    sort="state",
    oldest=True,
)


class Facts(Struct, frozen=True):
    site: str
    sites: dict[str, Profile]
    plan: Plan
    seen: list[Seen]
    due: dict[tuple[str, str], Due]
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
    plan, seen = site_plan(tx, site), rules.read(tx, site)
    assert plan is not None
    return Facts(site, sites, plan, seen, rules.due(tx, seen), now)


def show_fleet(facts: Facts, lang: str, wish: Wish) -> Rows:
    places = Places(lang, facts.plan, {})
    asked = sorted((each for each in facts.seen if _is_asked(each, facts, wish)), key=_worst(facts))
    if wish.sort == "state":  # by what is worst, not by the words for it
        asked, wish = asked if wish.oldest else asked[::-1], replace(wish, sort="")
    rows = [_row(each, facts, places) for each in asked]
    return Rows(
        arranged(rows, DEVICES, wish),
        len(rows),
        plans=facts.sites,
        site=facts.site,
        options=_options(facts, lang),
        line=say(lang, "fleet.line"),
    )


def _is_asked(seen: Seen, facts: Facts, wish: Wish) -> bool:
    asked, ring = wish.get("state"), wish.get("ring")
    return (
        asked in ("", _state_of(seen, facts.plan.revision, _due(seen, facts), facts.now))
        and ring in ("", _due(seen, facts).ring or _NO_RING)
        and wish.get("program") in ("", seen.said.program if seen.said else None)
        and holds(wish.get("name"), seen.device.name, seen.device.device)
    )


def _options(facts: Facts, lang: str) -> dict[str, list[tuple[str, str]]]:
    """What may be picked: the rings and programs that there are."""
    named = sorted({each.ring for each in facts.due.values()})
    programs = sorted({each.said.program for each in facts.seen if each.said})
    return {
        "ring": [(ring or _NO_RING, ring or say(lang, "settings.everybody")) for ring in named],
        "program": [(program, program) for program in programs],
    }


def _worst(facts: Facts) -> Callable[[Seen], tuple[int, int, str]]:
    """By state, of one state the one with most to be seen to first."""
    states = list(STATES)

    def order(seen: Seen) -> tuple[int, int, str]:
        due, newest = _due(seen, facts), facts.plan.revision
        state = states.index(_state_of(seen, newest, due, facts.now))
        return state, -len(list(troubles(seen, newest, due, "en"))), seen.device.name

    return order


def _due(seen: Seen, facts: Facts) -> Due:
    return facts.due.get(seen.key, Due())


def _row(seen: Seen, facts: Facts, places: Places) -> Row:
    said, lang, due = seen.said, places.lang, _due(seen, facts)
    state = _verdict(seen, facts.plan.revision, due, lang, facts.now)
    if seen.device.replaced_by is not None:
        names = {each.device.device: each.device.name for each in facts.seen}
        by = names.get(seen.device.replaced_by, seen.device.replaced_by)
        state = Verdict(state.colour, say(lang, "fleet.replaced", by=by))
    return Row(
        (
            Link(seen.device.name, note=seen.device.device),
            state,
            tuple(troubles(seen, facts.plan.revision, due, lang)),
            places.local(seen.heard) if seen.heard else say(lang, "fleet.never"),
            seen.holds,
            _battery(said, lang) if said else None,
            _room(said) if said else None,
            None if seen.skew is None else _clock(seen.skew),
            _program(said, due, lang) if said else (),
            _sent(said, lang) if said else (),
            due.ring,
        ),
        colour=state.colour,
    )


def _battery(said: Condition, lang: str) -> Graded | None:
    if said.battery is None:
        return None
    note = say(lang, "fleet.charging") if said.charging else ""
    return Graded(Decimal(said.battery), "amber" if said.battery < LOW_BATTERY and not said.charging else "", note)


def _room(said: Condition) -> Graded | None:
    return (
        None if said.free_mb is None else Graded(Decimal(said.free_mb), "amber" if said.free_mb < LOW_ROOM_MB else "")
    )


def _clock(skew: int) -> Graded:
    seconds = Decimal(skew).scaleb(-3).quantize(Decimal("0.1"))
    return Graded(seconds, "amber" if abs(skew) > rules.SKEW_MS else "")


def _program(said: Condition, due: Due, lang: str) -> tuple[str, ...]:
    """What it runs, what it is offered, and how far that came, or what it waits for."""
    news = (f"→ {due.release}",) if due.release else ()
    far = (sentence_of(said.update, lang),) if said.update in GOES_WELL else ()
    return (said.program, *news, *((say(lang, "fleet.release_waits"),) if news and not said.update else far))


def _sent(said: Condition, lang: str) -> tuple[str, ...]:
    """Revisions of its plan and of its settings, and what of these waits."""
    waits = (say(lang, "fleet.parts_wait"),) if said.parts_wait else ()
    return (f"{said.plan or '-'} / {said.settings or '-'}", *waits)


def _state_of(seen: Seen, newest: int, due: Due, now: int) -> str:
    """One of STATES."""
    device = seen.device
    if device.revoked_at is not None:
        return "withdrawn"
    if device.replaced_by is not None:
        return "replaced"
    if device.book is None:
        return "waiting"
    if device.waits_since is not None:
        return "unconfirmed"
    if seen.is_silent(now):
        return "silent"
    if any(troubles(seen, newest, due, "en")):
        return "trouble"
    return "holds" if seen.holds else "well"


def _verdict(seen: Seen, newest: int, due: Due, lang: str, now: int) -> Verdict:
    state = _state_of(seen, newest, due, now)
    hours = (now - (seen.heard or now)) // 3_600_000
    word = say(lang, "fleet.silent", n=hours) if state == "silent" else say(lang, STATES[state])
    return Verdict(COLOURS.get(state, "dim"), word)


def state_of_handheld(seen: Seen, lang: str, now: int) -> Verdict:
    """In one word, by what it says of itself; whether it has what the office wants of it is the list's matter."""
    return _verdict(seen, 0, Due(), lang, now)
