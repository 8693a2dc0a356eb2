"""The audit as managers read it: who did what at the office, newest first, and whether every row is still there."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.words import say
from app.words.audit import TABLE
from sync.office.audit import ACT, act_words
from sync.office.pages.house import House
from sync.office.pages.listing import FROM_TO, Column, Listing, Row, Rows, Wish, choice, words
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked
from sync.office.sites import Profile, profiles, zone_of
from sync.office.store import audit as table
from sync.office.store.audit import NOTHING, Head, Note, Which
from sync.office.store.paging import Place
from sync.office.verdicts import Verdict

AUDIT: Final = Listing(
    name="audit",
    path="/audit",
    title="audit.title",
    columns=(
        Column("number", "audit.number", sorts=True),
        Column("time", "audit.time"),
        Column("who", "audit.who"),
        Column("act", "audit.act"),
        Column("site", "lists.site"),
        Column("subject", "audit.subject"),
    ),
    filters=(
        choice("act", "audit.act", {name.removeprefix(ACT): f"audit.{name}" for name in TABLE if ACT in name}),
        words("who", "audit.who"),
        *FROM_TO,
    ),
    sort="number",
    all_sites=True,
    template="audit.html",
)
AGAIN_MS: Final = 10 * 60 * 1000
"""So often a page reads every row again from the first one; between these only what has come since."""


class Facts(Struct, frozen=True):
    notes: list[Note]
    count: int
    plans: dict[str, Profile]
    site: str
    fault: int | None
    """Number of the first row that is not as it was written."""


class Checked:
    """Up to which row this process has found every row in its place."""

    def __init__(self) -> None:
        self._head = NOTHING
        self._begun = -AGAIN_MS

    def fault(self, tx: Connection, now: int) -> int | None:
        if not 0 <= now - self._begun < AGAIN_MS:
            self._head, self._begun = NOTHING, now
        head: Head = table.head(tx)
        fault = table.first_fault(tx, self._head)
        self._head = head if fault is None else NOTHING
        return fault


def handlers(house: House) -> list[ControllerRouterHandler]:
    checked = Checked()

    @get("/audit")
    async def audit(request: Asked) -> Response[bytes]:
        now = house.clock_ms()
        return await answer(house, request, AUDIT, reading(lambda tx: checked.fault(tx, now)), show_audit)

    return [audit]


def reading(fault: Callable[[Connection], int | None]) -> Callable[[Connection, Wish], Facts]:
    def read(tx: Connection, wish: Wish) -> Facts:
        plans = profiles(tx, wish.within)
        site = wish.site if wish.site in plans else ""
        sites = frozenset((site,)) if site else frozenset(wish.within) or None
        zone = zone_of(plans, site)
        act = wish.get("act").replace("_", "-")
        which = Which(sites, wish.get("who"), act, wish.span(zone))
        after = wish.after.at if wish.after else None
        notes = table.listed(tx, which, after=after, most=wish.most, oldest=wish.oldest)
        return Facts(notes, table.count(tx, which), plans, site, fault(tx))

    return read


def show_audit(facts: Facts, lang: str, wish: Wish) -> Rows:
    whole = say(lang, "audit.whole") if facts.fault is None else say(lang, "audit.broken", number=facts.fault)
    return Rows(
        [_row(each, facts, lang) for each in facts.notes],
        facts.count,
        plans=facts.plans,
        site=facts.site,
        line=say(lang, "audit.line"),
        more=Verdict("ok" if facts.fault is None else "red", whole),
    )


def _row(note: Note, facts: Facts, lang: str) -> Row:
    known = facts.plans.get(note.site)
    time = datetime.fromtimestamp(note.at / 1000, zone_of(facts.plans, note.site))
    site = (known.site.name.say(lang) if known else "") or note.site
    cells = (note.number, time, note.account, act_words(note.act, lang), site, note.subject)
    return Row(cells, Place(note.number, "n"))
