"""The office's tables for devices, records and the changes feed, as SQLAlchemy Core.

Keys are (site, book, seq) or ids made by whoever writes; no serial number, no key across sites
(notes on growing: a distributed PostgreSQL must be able to hold this). Times are UTC milliseconds.
Other modules of this package add their tables to the same `metadata`.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

facts = Table(
    "facts",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    comment="What is true of this office as a whole: the id of its changes feed.",
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("last", BigInteger, nullable=False),
    comment="The last `records.arrived` given in each site; taken in the transaction that stores what it numbers.",
)

cursors = Table(
    "cursors",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("arrived", BigInteger, nullable=False),
    comment="How far each projection has read in each site: the highest `records.arrived` it holds.",
)

devices = Table(
    "devices",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("device", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("book", LargeBinary(32), comment="null until it is enrolled"),
    Column("identity", LargeBinary(32), comment="Ed25519 public key that signs its requests"),
    Column("first_key", LargeBinary(32), comment="first shift key; its SHA-256 is the book"),
    Column("enrolled_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("waits_since", BigInteger, comment="came by a sheet, and nobody has confirmed it; else null"),
    Column("replaced_by", String(64), comment="the device that took over from it"),
    Column("replaced_at", BigInteger),
)
Index("devices_by_book", devices.c.book)

former_books = Table(
    "former_books",
    metadata,
    Column("book", LargeBinary(32), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("first_key", LargeBinary(32), nullable=False),
    Column("at", BigInteger, nullable=False, comment="when another took its place"),
    comment="Books that a handheld wrote before the one in `devices`: their records are still taken.",
)
Index("former_books_by_device", former_books.c.site, former_books.c.device)

enrolment_codes = Table(
    "enrolment_codes",
    metadata,
    Column("selector", String(3), primary_key=True, comment="the code's first characters: which code is meant"),
    Column("site", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False, comment="scrypt of the whole code, salted with the device"),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, comment="wrong tries; the fifth burns it"),
    Column("used_by", LargeBinary(32), comment="the book that used it; it may repeat a lost answer"),
    Column("on_sheet", Integer, comment="1: on a sheet, and somebody confirms whoever comes with it; 2: a spare one"),
)

records = Table(
    "records",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("raw", LargeBinary, comment="the bytes as received; null: purged, number and hash are left (decision 9)"),
    Column("kind", String(64), nullable=False, comment="empty when the bytes are no record"),
    Column("arrived", BigInteger, nullable=False, comment="1, 2, 3 … in the order of the site's commits"),
    Column("received_at", BigInteger, nullable=False),
    Column("quarantine", String(40), comment="why it is set aside (a name of docs/errors.md), or null"),
)
Index("records_by_arrived", records.c.site, records.c.arrived)
_is_gone = records.c.raw.is_(None)
Index("records_gone", records.c.site, records.c.book, sqlite_where=_is_gone, postgresql_where=_is_gone)

heads = Table(
    "heads",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, nullable=False, comment="the high-water mark: all up to here is held"),
    Column("hash", LargeBinary(32), nullable=False),
    Column("shift_key", LargeBinary(32), comment="the shift key certified by the records so far"),
    Column("last_at", BigInteger, nullable=False, comment="when the mark last moved"),
    Column("skew", BigInteger, comment="office clock minus handheld clock, ms, at the last batch; 1 s coarse"),
)

head_signatures = Table(
    "head_signatures",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(32), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("sig", LargeBinary(64), nullable=False),
    Column("received_at", BigInteger, nullable=False),
)

urgent = Table(
    "urgent",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("quarantine", String(40)),
    comment="Records posted alone, ahead of their turn; they never move the mark (decision 28).",
)

forks = Table(
    "forks",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary(32), primary_key=True, comment="SHA-256 of raw"),
    Column("prev", LargeBinary(32), comment="the hash it claimed to follow; null when it came alone"),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    comment="Evidence: other bytes under a number already held. Nothing is ever overwritten.",
)

branches = Table(
    "branches",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("hash", LargeBinary(32), primary_key=True, comment="the chain's hash after the record, in its own history"),
    Column("seq", BigInteger, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, comment="its bytes are in `forks` under this"),
    comment="Records that follow what is held, or one another, but not the history that came first: kept apart.",
)

holes = Table(
    "holes",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False, comment="first number not held here either; above last: none"),
    Column("good", LargeBinary(32), nullable=False),
    Column("next", LargeBinary(32), nullable=False, comment="the hash that record last + 1 follows"),
    Column("received_at", BigInteger, nullable=False),
    comment="Numbers a handheld declared lost; the mark passed them (decision 8).",
)

site_revisions = Table(
    "site_revisions",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("rev", BigInteger, nullable=False, comment="the last revision given in this site"),
    Column("floor", BigInteger, nullable=False, comment="cursors below this are dead: deletions were forgotten"),
)

changes = Table(
    "changes",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("rev", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the body; empty when it was withdrawn"),
    Column("body", LargeBinary, comment="JSON; null: withdrawn"),
    Column("at", BigInteger, nullable=False),
)
Index("changes_by_rev", changes.c.site, changes.c.rev)
