"""Tags and labels by point, for the fitter: which wants a new cell, which is silent, which label a new print."""

from collections.abc import Sequence
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.evidence import WORN_BELOW
from app.duties.site import Plan, Point, Tag
from app.words import say
from sync.office.pages.evidence import battery
from sync.office.pages.house import House
from sync.office.pages.listing import Column, Listing, Row, Rows, Wish, arranged, choice, holds, words
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.places import Places
from sync.office.sites import choose
from sync.office.store import visits
from sync.office.store.visits import CalibrationRow, Power
from sync.office.tag_keys import Keyed, keyed, needs_key
from sync.office.verdicts import Verdict

LOW_PCT: Final = 20
LOW_MV: Final = 2400
"""Below these a cell of the usual kind (CR2032) is at its end."""


TAGS: Final = Listing(
    "tags",
    "/tags",
    "tags.title",
    (
        Column("point", "tags.point", sorts=True),
        Column("tag", "tags.tag", sorts=True),
        Column("battery", "tags.battery"),
        Column("heard", "tags.last_heard", sorts=True),
        Column("key", "tags.key"),
        Column("measured", "tags.measured"),
        Column("label", "tags.label", sorts=True),
    ),
    (choice("show", "tags.show", {"wanted": "tags.wanted"}), words("point", "tags.point")),
    sort="wanted",
    oldest=True,
    template="tags.html",
    shown=200,
)
"""What asks for somebody first, then the rest, both in the plan's order, unless a column is asked for."""


class TagSeen(Struct, frozen=True):
    """One tag, or the label of a point without tags."""

    point: str
    tag: str
    format: str
    battery: str
    low: bool
    heard: str
    silent: str
    """A sentence; empty for a tag that is heard."""
    key: Verdict | None
    """None for a tag that has none."""
    clock: str
    measured: str
    put_near: str
    """What to write into the plan; empty when it stands there."""
    label: str
    worn: bool

    @property
    def wanted(self) -> bool:
        """Something is to be done there."""
        keyless = self.key is not None and self.key.colour != "ok"
        return self.low or self.worn or keyless or bool(self.silent or self.put_near)


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a site's tags need it."""

    site: str
    sites: dict[str, Plan]
    heard: dict[tuple[str, str], int]
    powered: dict[tuple[str, str], Power]
    silent: dict[str, tuple[int, int]]
    """By point: since when no visit heard a tag of it though the radio worked, and how many did not."""
    labels: dict[str, int]
    calibrated: dict[tuple[str, str], CalibrationRow]
    keys: dict[tuple[str, str], Keyed]


def read_tags(tx: Connection, site: str, now: int, within: Sequence[str] = ()) -> Facts | None:
    """What is known of a site's tags, of the first one without a name; None while there is no site."""
    here = choose(tx, within, site)
    if here is None:
        return None
    chosen = here.site
    return Facts(
        chosen,
        here.plans,
        visits.last_heard(tx, chosen),
        visits.last_powered(tx, chosen),
        visits.silent_since(tx, chosen),
        visits.last_health(tx, chosen),
        visits.calibrated(tx, chosen),
        {(each.format, each.tag): each for each in keyed(tx, chosen, now)},
    )


def show_tags(facts: Facts, lang: str, wish: Wish) -> Rows:
    plan = facts.sites[facts.site]
    places = Places(lang, plan, {})
    every = [_tag(point, tag, facts, places) for point in plan.points for tag in point.tags or (None,)]
    seen = [
        each
        for each in sorted(every, key=lambda each: not each.wanted)
        if holds(wish.get("point"), each.point, each.tag) and (each.wanted or not wish.get("show"))
    ]
    rows = arranged((_row(each, lang) for each in seen), TAGS, wish)
    return Rows(rows, len(seen), facts.sites, facts.site, line=say(lang, "tags.line"))


def _row(seen: TagSeen, lang: str) -> Row:
    cells = (
        seen.point,
        f"{seen.format} {seen.tag}".strip(),
        (seen.battery, say(lang, "tags.new_cell")) if seen.low else seen.battery,
        (seen.heard, seen.silent) if seen.silent else seen.heard,
        (seen.key.word, seen.clock) if seen.key and seen.clock else seen.key,
        (seen.measured, seen.put_near) if seen.put_near else seen.measured,
        (seen.label, say(lang, "tags.worn")) if seen.worn else seen.label,
    )
    return Row(cells, colour="amber" if seen.wanted else "", seen=seen)


def _tag(point: Point, tag: Tag | None, facts: Facts, places: Places) -> TagSeen:
    name = (tag.format, tag.id) if tag else ("", "")
    powered, heard = facts.powered.get(name), facts.heard.get(name)
    key, health = facts.keys.get(name), facts.labels.get(point.id)
    measured = facts.calibrated.get(name)
    differs = measured is not None and tag is not None and tag.near != measured.level
    since = facts.silent.get(point.id) if tag else None
    lang = places.lang
    return TagSeen(
        point=places.point(point.id),
        tag=name[1],
        format=name[0],
        battery=battery(powered.battery_pct, powered.battery_mv, lang) if powered else "",
        low=powered is not None and is_low(powered),
        heard=_heard(tag, heard, places),
        silent=say(lang, "tags.silent_since", time=places.day_and_minute(since[0]), n=since[1]) if since else "",
        key=_key(tag, key, places),
        clock=say(lang, "tags.clock", seconds=f"{key.clock_ms / 1000:+.0f}") if key and key.clock_ms else "",
        measured=_measured(measured, places) if measured else "",
        put_near=say(lang, "tags.put_near", level=measured.level) if measured and differs else "",
        label=say(lang, "tags.health", n=health) if health is not None else "",
        worn=health is not None and health < WORN_BELOW,
    )


def _measured(row: CalibrationRow, places: Places) -> str:
    return say(places.lang, "tags.level", level=row.level, time=places.day_and_minute(row.at))


def is_low(row: Power) -> bool:
    """Whether the tag wants a new cell."""
    percent = row.battery_pct is not None and row.battery_pct < LOW_PCT
    return percent or (row.battery_mv is not None and row.battery_mv < LOW_MV)


def _heard(tag: Tag | None, at: int | None, places: Places) -> str:
    if tag is None:
        return ""
    return places.day_and_minute(at) if at is not None else say(places.lang, "tags.never")


def _key(tag: Tag | None, key: Keyed | None, places: Places) -> Verdict | None:
    if key is not None:
        time = places.day_and_minute(key.since)
        return Verdict("ok", say(places.lang, "tags.key_since", issue=key.issue, time=time))
    if tag is None or not needs_key(tag.format):
        return None
    return Verdict("amber", say(places.lang, "tags.no_key"))


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/tags")
    async def tags(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(
            house, request, TAGS, lambda tx, wish: read_tags(tx, wish.site, now, wish.within), show_tags
        )

    return [tags]
