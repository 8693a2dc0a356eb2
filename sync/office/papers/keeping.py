"""Papers that were made are kept as what stood on them, so that each can be had again as it was, in any format."""

import zlib
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.days import local_day
from app.duties.site import Plan
from sync.office.papers.paper import Paper
from sync.office.store import papers as table
from sync.office.store.papers import PaperRow
from sync.office.store.retention import holds_of

if TYPE_CHECKING:
    from sync.office.papers.source import Wish

DAY_MS: Final = 24 * 3600 * 1000
MOVEMENTS: Final = ("night",)
"""Papers of where people were: kept no longer than the rounds themselves."""
REGISTERS: Final = ("register", "control-room")
"""Papers of one register's lines: kept as long as these."""


def row_of(paper: Paper, wish: "Wish", now: int, by: str) -> tuple[PaperRow, bytes]:
    """The paper as it is kept, `now` in UTC ms; the office's address does not belong to it."""
    content = msgspec.json.encode(replace(paper, url=""))
    row = PaperRow(
        site=wish.site,
        paper=sha256(content).hexdigest(),
        name=wish.name,
        about=wish.of[:200],
        lang=wish.lang,
        first=wish.first.isoformat(),
        last=wish.last.isoformat(),
        hash=paper.made.hash,
        records=paper.made.records,
        made_at=now,
        made_by=by,
    )
    return row, zlib.compress(content, 9)


def found(tx: Connection, site: str, name: str, url: str) -> tuple[PaperRow, Paper] | None:
    kept = table.content_of(tx, site, name)
    if kept is None:
        return None
    paper = msgspec.json.decode(zlib.decompress(kept[1]), type=Paper)
    return kept[0], replace(paper, url=url)


def forget_old(tx: Connection, site: str, plan: Plan, now: int) -> None:
    """Let go what the site's plan keeps no longer: a paper goes when the records of its days go, and stays while one
    of these is on hold."""
    zone, settings = ZoneInfo(plan.site.zone), plan.settings

    def since(days: int) -> str:
        return local_day(now - days * DAY_MS, zone)

    held = [(local_day(hold.first, zone), local_day(hold.last - 1, zone)) for hold in holds_of(tx, site)]
    table.forget(tx, site, since(settings.keep_days), held, MOVEMENTS)
    for register in plan.registers:
        table.forget(tx, site, since(register.retention_days), held, REGISTERS, register.id)
    table.forget(tx, site, since(settings.keep_safety_days), held)
