"""What the office did about an alarm: who took it, who closed it. A row for each act; none is ever changed.

Not a projection: this is the only place where it stands. Times are UTC milliseconds by the office.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, Text, insert, select, tuple_

from sync.office.store.schema import metadata

alarm_acts = Table(
    "alarm_acts",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("alarm", String(100), primary_key=True, comment="book:seq of its record"),
    Column("step", Integer, primary_key=True, autoincrement=False, comment="1, 2 …"),
    Column("state", String(10), nullable=False, comment="taken or closed"),
    Column("at", BigInteger, nullable=False),
    Column("account", String(64), nullable=False),
    Column("by", Text, nullable=False, comment="the person's name as it was then; empty without one"),
    Column("outcome", String(10), nullable=False, server_default="", comment="of a closed one: real, false or test"),
)


class Act(Struct, frozen=True):
    """One thing that somebody at the office did about an alarm."""

    site: str
    alarm: str
    step: int
    state: str
    at: int
    account: str
    by: str
    outcome: str = ""
    """Empty before it is closed, and of those closed when nobody asked for it."""


def add(tx: Connection, act: Act) -> None:
    tx.execute(insert(alarm_acts), asdict(act))


def acts_of(tx: Connection, alarms: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Act]]:
    """What was done about each of the (site, alarm), oldest first; those about which nothing was are left out."""
    asked, found = list(alarms), dict[tuple[str, str], list[Act]]()
    if not asked:
        return found
    wanted = select(alarm_acts).where(tuple_(alarm_acts.c.site, alarm_acts.c.alarm).in_(asked))
    for row in tx.execute(wanted.order_by(alarm_acts.c.step)):
        found.setdefault((row.site, row.alarm), []).append(Act(*row))
    return found
