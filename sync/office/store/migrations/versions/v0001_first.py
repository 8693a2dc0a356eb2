"""The tables as they stood when versions began to be counted, whatever of them is there already.

Databases from before were completed by each program that opened them, so their version can't be told as a number;
what is missing is made, what had another form is brought to this one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_metadata = sa.MetaData()


def _table(name: str, *columns: sa.Column[object]) -> sa.Table:
    return sa.Table(name, _metadata, *columns)


accounts = _table(
    "accounts",
    sa.Column("account", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("person", sa.String(40)),
    sa.Column("password", sa.Text(), nullable=False),
    sa.Column("changed_at", sa.BigInteger(), nullable=False),
)

alarm_acts = _table(
    "alarm_acts",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("alarm", sa.String(100), primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.Column("account", sa.String(64), nullable=False),
    sa.Column("by", sa.Text(), nullable=False),
)

arrivals = _table(
    "arrivals",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger(), nullable=False),
)

blobs = _table(
    "blobs",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("raw", sa.LargeBinary(), nullable=False),
    sa.Column("book", sa.LargeBinary(32), nullable=False),
    sa.Column("received_at", sa.BigInteger(), nullable=False),
)

bound_codes = _table(
    "bound_codes",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(8), primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text(), nullable=False),
    sa.Column("made_at", sa.BigInteger(), nullable=False),
    sa.Column("ended_at", sa.BigInteger()),
)

branches = _table(
    "branches",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger(), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
)

changes = _table(
    "changes",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(40), primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(128), primary_key=True, autoincrement=False),
    sa.Column("rev", sa.BigInteger(), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("body", sa.LargeBinary()),
    sa.Column("at", sa.BigInteger(), nullable=False),
)
sa.Index("changes_by_rev", changes.c.site, changes.c.rev)

cursors = _table(
    "cursors",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(40), primary_key=True, autoincrement=False),
    sa.Column("arrived", sa.BigInteger(), nullable=False),
)

devices = _table(
    "devices",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("device", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text(), nullable=False),
    sa.Column("added_at", sa.BigInteger(), nullable=False),
    sa.Column("book", sa.LargeBinary(32)),
    sa.Column("identity", sa.LargeBinary(32)),
    sa.Column("first_key", sa.LargeBinary(32)),
    sa.Column("enrolled_at", sa.BigInteger()),
    sa.Column("revoked_at", sa.BigInteger()),
)
sa.Index("devices_by_book", devices.c.book)

door_tries = _table(
    "door_tries",
    sa.Column("digest", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("wrong", sa.Integer(), nullable=False),
    sa.Column("last_at", sa.BigInteger(), nullable=False),
)

enrolment_codes = _table(
    "enrolment_codes",
    sa.Column("selector", sa.String(3), primary_key=True, autoincrement=False),
    sa.Column("site", sa.String(64), nullable=False),
    sa.Column("device", sa.String(64), nullable=False),
    sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("expires_at", sa.BigInteger(), nullable=False),
    sa.Column("tries", sa.Integer(), nullable=False),
    sa.Column("used_by", sa.LargeBinary(32)),
)

facts = _table(
    "facts",
    sa.Column("name", sa.String(40), primary_key=True, autoincrement=False),
    sa.Column("value", sa.Text(), nullable=False),
)

forks = _table(
    "forks",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("prev", sa.LargeBinary(32)),
    sa.Column("raw", sa.LargeBinary(), nullable=False),
    sa.Column("received_at", sa.BigInteger(), nullable=False),
)

former_books = _table(
    "former_books",
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("site", sa.String(64), nullable=False),
    sa.Column("device", sa.String(64), nullable=False),
    sa.Column("first_key", sa.LargeBinary(32), nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
)
sa.Index("former_books_by_device", former_books.c.site, former_books.c.device)

head_signatures = _table(
    "head_signatures",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("key", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("sig", sa.LargeBinary(64), nullable=False),
    sa.Column("received_at", sa.BigInteger(), nullable=False),
)

heads = _table(
    "heads",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger(), nullable=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("shift_key", sa.LargeBinary(32)),
    sa.Column("last_at", sa.BigInteger(), nullable=False),
    sa.Column("skew", sa.BigInteger()),
)

holes = _table(
    "holes",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("first", sa.BigInteger(), nullable=False),
    sa.Column("missing", sa.BigInteger(), nullable=False),
    sa.Column("good", sa.LargeBinary(32), nullable=False),
    sa.Column("next", sa.LargeBinary(32), nullable=False),
    sa.Column("received_at", sa.BigInteger(), nullable=False),
)

persons = _table(
    "persons",
    sa.Column("person", sa.String(40), primary_key=True, autoincrement=False),
    sa.Column("raw", sa.LargeBinary(), nullable=False),
    sa.Column("present", sa.Boolean(), nullable=False),
)

pins = _table(
    "pins",
    sa.Column("person", sa.String(40), primary_key=True, autoincrement=False),
    sa.Column("pin", sa.Text(), nullable=False),
    sa.Column("set_at", sa.BigInteger(), nullable=False),
)

plans = _table(
    "plans",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("effective", sa.String(10), nullable=False),
    sa.Column("raw", sa.LargeBinary(), nullable=False),
    sa.Column("imported_at", sa.BigInteger(), nullable=False),
)

records = _table(
    "records",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("raw", sa.LargeBinary()),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("arrived", sa.BigInteger(), nullable=False),
    sa.Column("received_at", sa.BigInteger(), nullable=False),
    sa.Column("quarantine", sa.String(40)),
)
sa.Index("records_by_arrived", records.c.site, records.c.arrived)

salts = _table(
    "salts",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("salt", sa.String(64), nullable=False),
)

sessions = _table(
    "sessions",
    sa.Column("digest", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("account", sa.String(64), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("expires_at", sa.BigInteger(), nullable=False),
)
sa.Index("sessions_by_account", sessions.c.account)

site_revisions = _table(
    "site_revisions",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("rev", sa.BigInteger(), nullable=False),
    sa.Column("floor", sa.BigInteger(), nullable=False),
)

tag_keys = _table(
    "tag_keys",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("format", sa.String(20), primary_key=True, autoincrement=False),
    sa.Column("tag", sa.String(200), primary_key=True, autoincrement=False),
    sa.Column("issue", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("key", sa.LargeBinary(16), nullable=False),
    sa.Column("since", sa.BigInteger(), nullable=False),
    sa.Column("exponent", sa.Integer()),
    sa.Column("zero", sa.BigInteger()),
)

tag_spans = _table(
    "tag_spans",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("until", sa.BigInteger(), nullable=False),
)

tokens = _table(
    "tokens",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(8), primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("issue", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("token", sa.LargeBinary(10), nullable=False),
    sa.Column("made_at", sa.BigInteger(), nullable=False),
)

urgent = _table(
    "urgent",
    sa.Column("site", sa.String(64), primary_key=True, autoincrement=False),
    sa.Column("book", sa.LargeBinary(32), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("raw", sa.LargeBinary(), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("received_at", sa.BigInteger(), nullable=False),
    sa.Column("quarantine", sa.String(40)),
)


def upgrade() -> None:
    there = sa.inspect(op.get_bind())
    known = set(there.get_table_names())
    if "cursors" in known and "site" not in {each["name"] for each in there.get_columns("cursors")}:
        op.drop_table("cursors")  # how far the projections had read; they are made anew
    if "counters" in known:
        op.drop_table("counters")
    numbered = "records" not in known or "arrivals" in known
    _metadata.create_all(op.get_bind())
    if "records" not in known:
        return
    if not next(each for each in there.get_columns("records") if each["name"] == "raw")["nullable"]:
        with op.batch_alter_table("records") as records:
            records.alter_column("raw", existing_type=sa.LargeBinary(), nullable=True)
    by_arrived = next(each for each in there.get_indexes("records") if each["name"] == "records_by_arrived")
    if by_arrived["column_names"] != ["site", "arrived"]:
        op.drop_index("records_by_arrived", "records")
        op.create_index("records_by_arrived", "records", ["site", "arrived"])
    if not numbered:
        _number_by_site()


def _number_by_site() -> None:
    """Arrivals were counted over all sites; now each site's begin at 1 and have no gap."""
    op.execute(
        "UPDATE records SET arrived = counted.number FROM (SELECT site, book, seq, row_number() OVER "
        "(PARTITION BY site ORDER BY arrived) AS number FROM records) AS counted "
        "WHERE counted.site = records.site AND counted.book = records.book AND counted.seq = records.seq"
    )
    op.execute("INSERT INTO arrivals (site, last) SELECT site, max(arrived) FROM records GROUP BY site")
