"""Keys of tags with a secret, and until when each site's tables of changing identities last.

A key is never overwritten: what was heard before a tag's battery was changed is judged by the one of that time.
They leave this database nowhere: handhelds get identities computed ahead, files and logs nothing.
"""

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, String, Table, select

from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

tag_keys = Table(
    "tag_keys",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("format", String(20), primary_key=True, comment="eddystone-eid or bthome"),
    Column("tag", String(200), primary_key=True, comment="its id in the plan"),
    Column("issue", Integer, primary_key=True, autoincrement=False, comment="1, 2 …: how often it was told anew"),
    Column("key", LargeBinary(16), nullable=False),
    Column("since", BigInteger, nullable=False, comment="from when on it is this one"),
    Column("exponent", Integer, comment="of the identity: it changes every 2^exponent seconds; null for bthome"),
    Column("zero", BigInteger, comment="when the beacon's clock stood at 0, UTC ms; null for bthome"),
    comment="What tags prove by. No handheld ever gets one.",
)

tag_spans = Table(
    "tag_spans",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False, comment="when the tables that were sent down run out, UTC ms"),
)


class KeyRow(Struct, frozen=True):
    """One key of one tag. Never print it."""

    site: str
    format: str
    tag: str
    issue: int
    key: bytes
    since: int
    exponent: int | None = None
    zero: int | None = None

    def __repr__(self) -> str:
        return f"KeyRow({self.site!r}, {self.format!r}, {self.tag!r}, {self.issue})"


def add_key(tx: Connection, row: KeyRow) -> None:
    tx.execute(insert(tag_keys), asdict(row))


def keys_of(tx: Connection, site: str) -> list[KeyRow]:
    """Every key of the site's tags, those of a tag oldest first."""
    wanted = select(tag_keys).where(tag_keys.c.site == site)
    rows = tx.execute(wanted.order_by(tag_keys.c.format, tag_keys.c.tag, tag_keys.c.issue))
    return [KeyRow(**row._mapping) for row in rows]


def span_end(tx: Connection, site: str) -> int | None:
    """When the site's tables run out, UTC ms; None when it has none."""
    until: int | None = tx.execute(select(tag_spans.c.until).where(tag_spans.c.site == site)).scalar()
    return until


def set_span_end(tx: Connection, site: str, until: int) -> None:
    row = insert(tag_spans).values(site=site, until=until)
    tx.execute(row.on_conflict_do_update(index_elements=["site"], set_={"until": until}))
