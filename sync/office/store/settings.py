"""What the office set on handhelds, revision by revision: each holds all that stood for its site, or for its handheld.

A revision is immutable: evidence names the one by which *near* was judged. Times are UTC milliseconds by the office.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, Select, String, Table, func, select

from app.duties.tuning import Sent
from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

settings = Table(
    "settings",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 … in the site"),
    Column("device", String(64), nullable=False, comment="empty: for all handhelds of the site"),
    Column("raw", LargeBinary, nullable=False, comment="JSON of app.duties.tuning.Sent, as it went down"),
    Column("by", String(80), nullable=False, comment="account, or who typed the command"),
)
Index("settings_by_device", settings.c.site, settings.c.device, settings.c.revision)


class Row(Struct, frozen=True):
    site: str
    device: str
    """Empty: all handhelds of the site."""
    sent: Sent
    by: str


def add(tx: Connection, row: Row) -> None:
    raw = msgspec.json.encode(row.sent, order="sorted")
    values = {"site": row.site, "revision": row.sent.revision, "device": row.device, "raw": raw, "by": row.by}
    tx.execute(insert(settings).values(**values))


def newest(tx: Connection, site: str, upto: int | None = None) -> dict[str, Row]:
    """By handheld, and "" for the site's own: the last revision of each, not beyond `upto`."""
    mine = settings.c.site == site
    last = select(func.max(settings.c.revision)).where(mine if upto is None else mine & (settings.c.revision <= upto))
    rows = tx.execute(select(settings).where(mine, settings.c.revision.in_(last.group_by(settings.c.device))))
    return {row.device: _row(row) for row in rows}


def newest_of_all(tx: Connection) -> dict[str, dict[str, Row]]:
    """`newest` of every site for which anything was ever set."""
    found: dict[str, dict[str, Row]] = {}
    for row in tx.execute(_NEWEST_OF_ALL):
        found.setdefault(row.site, {})[row.device] = _row(row)
    return found


def history(tx: Connection, site: str, most: int) -> list[Row]:
    """The last revisions of the site, newest first."""
    wanted = select(settings).where(settings.c.site == site).order_by(settings.c.revision.desc()).limit(most)
    return [_row(row) for row in tx.execute(wanted)]


def last_at(tx: Connection, site: str) -> Row | None:
    """The newest revision of the site, whomever it is for."""
    return next(iter(history(tx, site, 1)), None)


def _newest_of_all() -> Select[Any]:
    whose = (settings.c.site, settings.c.device)
    last = select(*whose, func.max(settings.c.revision).label("revision")).group_by(*whose).subquery()
    same = (settings.c.site == last.c.site) & (settings.c.revision == last.c.revision)
    return select(settings).join(last, same)


_NEWEST_OF_ALL: Final = _newest_of_all()


def _row(row: Any) -> Row:
    return Row(row.site, row.device, msgspec.json.decode(row.raw, type=Sent), row.by)
