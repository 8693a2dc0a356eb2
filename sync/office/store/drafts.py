"""Plans that somebody uploaded and has not confirmed yet: they hold nowhere, and go after a day."""

from typing import Final

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, String, Table, delete, select

from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

KEPT_MS: Final = 24 * 3600 * 1000
MOST: Final = 5
"""Of one account; the oldest go first."""

drafts = Table(
    "plan_drafts",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("draft", String(32), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("file", String(200), nullable=False),
    Column("raw", LargeBinary, nullable=False, comment="the plan, JSON; its revision is not given yet"),
    Column("beside", LargeBinary, nullable=False, comment="JSON: people who join, warnings"),
)


class DraftRow(Struct, frozen=True):
    site: str
    draft: str
    account: str
    at: int
    file: str
    raw: bytes
    beside: bytes


def add(tx: Connection, row: DraftRow) -> None:
    """Keep it, and let go of the account's sixth."""
    own = select(drafts.c.site, drafts.c.draft).where(drafts.c.account == row.account).order_by(drafts.c.at.desc())
    for site, draft in list(tx.execute(own))[MOST - 1 :]:
        drop(tx, site, draft)
    tx.execute(insert(drafts).values(**{name: getattr(row, name) for name in row.__struct_fields__}))


def find(tx: Connection, site: str, draft: str, account: str, now: int) -> DraftRow | None:
    """That draft, when it is the account's own and its time is not over at `now`, UTC ms."""
    mine = (drafts.c.site == site) & (drafts.c.draft == draft) & (drafts.c.account == account)
    row = tx.execute(select(drafts).where(mine, drafts.c.at >= now - KEPT_MS)).first()
    return DraftRow(**row._mapping) if row else None


def drop(tx: Connection, site: str, draft: str) -> None:
    tx.execute(delete(drafts).where(drafts.c.site == site, drafts.c.draft == draft))


def forget_old(tx: Connection, now: int) -> None:
    """Let go of those whose time is over at `now`, UTC ms."""
    tx.execute(delete(drafts).where(drafts.c.at < now - KEPT_MS))
