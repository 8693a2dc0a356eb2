"""Where the office tells people of what cannot wait (D66), and what it told there.

A notice is there from the moment it was found until it was told or given up; so one that could not be told survives a
restart. Times are UTC milliseconds by the office.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, delete, func, select, update

from sync.office.store.schema import metadata
from sync.office.store.upsert import insert, put

hooks = Table(
    "hooks",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("form", String(16), nullable=False, comment="wecom, dingtalk, json or sms"),
    Column("url", Text, nullable=False, comment="holds the key of who may post there: shown nowhere"),
    Column("secret", Text, nullable=False, comment="what messages are signed with; empty without"),
    Column("fields", Text, nullable=False, comment="of sms: the form fields, with {text} where the words go"),
    Column("about", String(64), nullable=False, comment="alarm,missed,overdue,silent"),
    Column("lang", String(2), nullable=False),
    Column("added_at", BigInteger, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("hook", String(64), primary_key=True),
    Column("subject", String(300), primary_key=True, comment="what it is about, and which step of that"),
    Column("about", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, comment="when it is tried (again); null: told, or given up"),
    Column("tries", Integer, nullable=False),
    Column("told_at", BigInteger),
    Column("why", Text, nullable=False, comment="what kept it from being told, at the last try"),
)
Index("notices_by_next", notices.c.next_at)


class Hook(Struct, frozen=True):
    site: str
    name: str
    form: str
    url: str
    secret: str
    fields: str
    about: str
    lang: str
    added_at: int

    def wants(self, about: str) -> bool:
        return about in self.about.split(",")


class Notice(Struct, frozen=True):
    site: str
    hook: str
    subject: str
    about: str
    text: str
    made_at: int
    next_at: int | None
    tries: int = 0
    told_at: int | None = None
    why: str = ""


class Told(Struct, frozen=True):
    """How one hook stands: notices that wait, and its last word."""

    waiting: int = 0
    last_at: int | None = None
    why: str = ""
    """Why the newest notice that was not told was not; empty when there is none."""


def add(tx: Connection, hook: Hook) -> None:
    """A new hook, or another one in the place of that name."""
    put(tx, hooks, hook)


def remove(tx: Connection, site: str, name: str) -> bool:
    """Forget a hook and what was still to be told there; whether there was one."""
    tx.execute(delete(notices).where(notices.c.site == site, notices.c.hook == name))
    return tx.execute(delete(hooks).where(hooks.c.site == site, hooks.c.name == name)).rowcount > 0


def every(tx: Connection, site: str | None = None) -> list[Hook]:
    wanted = select(hooks).order_by(hooks.c.site, hooks.c.name)
    rows = tx.execute(wanted if site is None else wanted.where(hooks.c.site == site))
    return [Hook(**row._mapping) for row in rows]


def put_notices(tx: Connection, found: Sequence[Notice]) -> int:
    """Notices that are to be told; those that are known already are left as they are. How many are new."""
    new = insert(notices).on_conflict_do_nothing()
    return sum(tx.execute(new, asdict(each)).rowcount for each in found)


def known(tx: Connection, found: Sequence[Notice]) -> set[tuple[str, str, str]]:
    """Of these, as (site, hook, subject), those that are there already."""
    keys = (notices.c.site, notices.c.hook, notices.c.subject)
    here = {(each.site, each.hook, each.subject) for each in found}
    subjects = {subject for _, _, subject in here}
    rows = tx.execute(select(*keys).where(notices.c.subject.in_(subjects))).all() if subjects else []
    return {(row.site, row.hook, row.subject) for row in rows}


def claim(tx: Connection, now: int, lease_ms: int, most: int) -> list[tuple[Hook, Notice]]:
    """The notices whose turn came first: for `lease_ms` they are the caller's, so that two workers do not tell the same
    one. What was given back, or tried before, comes behind what is new: no slow hook keeps the others waiting."""
    same = (hooks.c.site == notices.c.site) & (hooks.c.name == notices.c.hook)
    due = select(hooks, notices).join(notices, same).where(notices.c.next_at <= now)
    rows = tx.execute(
        due.order_by(notices.c.next_at, notices.c.made_at, notices.c.subject)
        .limit(most)
        .with_for_update(of=notices, skip_locked=True)
    ).all()
    width = len(hooks.c)
    mine = [(Hook(*row[:width]), Notice(*row[width:])) for row in rows]
    for _, notice in mine:
        _set(tx, notice, next_at=now + lease_ms, tries=notice.tries + 1)
    return mine


def give_back(tx: Connection, those: Sequence[Notice], now: int) -> None:
    """Claimed, but not tried: their turn is now."""
    for notice in those:
        _set(tx, notice, next_at=now, tries=notice.tries)


def told(tx: Connection, notice: Notice, now: int) -> None:
    _set(tx, notice, next_at=None, told_at=now, why="")


def not_told(tx: Connection, notice: Notice, next_at: int | None, why: str) -> None:
    """Try again at `next_at`, UTC ms; None gives it up."""
    _set(tx, notice, next_at=next_at, why=why)


def next_turn(tx: Connection) -> int | None:
    """When the next notice is to be tried, UTC ms."""
    found: int | None = tx.execute(select(func.min(notices.c.next_at))).scalar()
    return found


def forget_before(tx: Connection, at: int) -> None:
    """Drop what was told or given up, and is older than `at`."""
    tx.execute(delete(notices).where(notices.c.next_at.is_(None), notices.c.made_at < at))


def standing_of(tx: Connection, hook: Hook) -> Told:
    mine = (notices.c.site == hook.site, notices.c.hook == hook.name)
    waiting = tx.execute(select(func.count()).where(*mine, notices.c.next_at.is_not(None))).scalar() or 0
    last = tx.execute(select(func.max(notices.c.told_at)).where(*mine)).scalar()
    troubled = select(notices.c.why).where(*mine, notices.c.told_at.is_(None), notices.c.why != "")
    why = tx.execute(troubled.order_by(notices.c.made_at.desc()).limit(1)).scalar() or ""
    return Told(waiting, last, why)


def _set(tx: Connection, notice: Notice, **fields: object) -> None:
    key = (notices.c.site == notice.site, notices.c.hook == notice.hook, notices.c.subject == notice.subject)
    tx.execute(update(notices).where(*key).values(**fields))
