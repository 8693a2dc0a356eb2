"""Arrivals as far as they bear on one another: what was heard of which tag, when, by whichever handheld.

A projection like those in `rounds`, made before them: how one arrival is judged may depend on records of other
handhelds, also on some that come later. Times are UTC milliseconds by the office's clock.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    LargeBinary,
    Select,
    String,
    Table,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)

from app.duties.clones import HEARD, SILENT
from sync.office.store.loose import each
from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

visits = Table(
    "visits",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("round", String(200), nullable=False),
    Column("point", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("format", String(20), nullable=False, comment="of the tag that was heard; empty without one"),
    Column("tag", String(200), nullable=False),
    Column("address", String(17), nullable=False),
    Column("issue", BigInteger, comment="which of the tag's keys it is judged by; null without a key"),
    Column("counter", BigInteger, comment="of an enciphered frame that the key opens"),
    Column("lag", BigInteger, comment="how long after its time the identity was heard, by the beacon's clock as set"),
    Column("clock", BigInteger, comment="the same where a clock may drift so far: what it stands at, no recording"),
    Column("count", LargeBinary, comment="the tag's own counters as clones.Count, JSON; null without any"),
    Column("labelled", Boolean, nullable=False, comment="a label was read: it is sure where the handheld was"),
    Column("elsewhere", String(240), nullable=False, comment="format and identity of another point's tag, near too"),
    Column("radio", String(20), nullable=False, comment="what the radio did meanwhile (clones.HEARD …); or empty"),
    Column("battery_pct", BigInteger),
    Column("battery_mv", BigInteger),
    Column("health", BigInteger, comment="unused error correction of the label that was read, percent"),
    Column("again", Boolean, nullable=False, server_default=false(), comment="its round is to be judged again"),
)
Index("visits_by_tag", visits.c.site, visits.c.format, visits.c.tag, visits.c.at)
Index("visits_elsewhere", visits.c.site, visits.c.elsewhere, visits.c.at)
Index("visits_by_point", visits.c.site, visits.c.point, visits.c.at)
Index("visits_by_radio", visits.c.site, visits.c.radio, visits.c.point, visits.c.at)
_POWERED = or_(visits.c.battery_pct.is_not(None), visits.c.battery_mv.is_not(None))
_READ = visits.c.health.is_not(None)
Index(
    "visits_powered", visits.c.site, visits.c.format, visits.c.tag, visits.c.at,
    visits.c.battery_pct, visits.c.battery_mv, sqlite_where=_POWERED, postgresql_where=_POWERED,
)  # fmt: skip
Index(
    "visits_read", visits.c.site, visits.c.point, visits.c.at, visits.c.health,
    sqlite_where=_READ, postgresql_where=_READ,
)  # fmt: skip
Index("visits_again", visits.c.site, sqlite_where=text("again = 1"), postgresql_where=visits.c.again)

TOGETHER_MS = 300_000
"""Two handhelds' times may differ by less, and a sensor says the same thing again for some minutes: what was heard
within this long before tells nothing of what may be heard now."""
LONGEST_WALK_MS = 3_600_000
"""No site takes longer to cross."""
CLOCKS, COUNTS, UNHEARD = 15, 20, 10
"""How many earlier visits are looked at: for where a beacon's clock stands, for its counters, for its silence."""
LATEST_MS = 2**53
"""No later time is kept: others read these numbers as floats."""


calibrations = Table(
    "calibrations",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("format", String(20), nullable=False),
    Column("tag", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("level", BigInteger, nullable=False, comment="dBm at the reading point"),
)


class CalibrationRow(Struct, frozen=True):
    """What an installer measured of a tag."""

    site: str
    book: bytes
    seq: int
    format: str
    tag: str
    at: int
    level: int


class VisitRow(Struct, frozen=True):
    """One arrival."""

    site: str
    book: bytes
    seq: int
    round: str
    point: str
    at: int
    format: str = ""
    tag: str = ""
    address: str = ""
    issue: int | None = None
    counter: int | None = None
    lag: int | None = None
    clock: int | None = None
    count: bytes | None = None
    labelled: bool = False
    elsewhere: str = ""
    radio: str = ""
    battery_pct: int | None = None
    battery_mv: int | None = None
    health: int | None = None


_FIELDS = tuple(visits.c[name] for name in VisitRow.__struct_fields__)


_PUT = insert(visits)
_PUT = _PUT.values({name: bindparam(name) for name in VisitRow.__struct_fields__}).on_conflict_do_update(
    index_elements=["site", "book", "seq"], set_={name: _PUT.excluded[name] for name in VisitRow.__struct_fields__}
)
_OTHERS = (
    select(visits.c.seq)
    .where(
        visits.c.site == bindparam("site"),
        visits.c.at > bindparam("since"),
        visits.c.round != bindparam("round"),
        or_(
            visits.c.point == bindparam("point"),
            and_(visits.c.format == bindparam("format"), visits.c.tag == bindparam("tag")),
            visits.c.elsewhere == bindparam("name"),
        ),
    )
    .limit(1)
)
"""Built once: both run for every arrival, and building them costs more than running them."""


def put(tx: Connection, row: VisitRow) -> None:
    """Keep it, or what is known of it now."""
    tx.execute(_PUT, asdict(row))


def put_calibration(tx: Connection, row: CalibrationRow) -> None:
    tx.execute(insert(calibrations).on_conflict_do_nothing(), asdict(row))


def find(tx: Connection, site: str, records: Iterable[tuple[bytes, int]]) -> list[VisitRow]:
    """The arrivals that those (book, number) are."""
    wanted = list(records)
    if not wanted:
        return []
    named = tuple_(visits.c.book, visits.c.seq).in_(wanted)
    return [VisitRow(*row) for row in tx.execute(select(*_FIELDS).where(visits.c.site == site, named))]


def of_tag(tx: Connection, site: str, kind: str, tag: str) -> list[VisitRow]:
    """Every arrival by the tag."""
    wanted = select(*_FIELDS).where(visits.c.site == site, visits.c.format == kind, visits.c.tag == tag)
    return [VisitRow(*row) for row in tx.execute(wanted)]


# -- what came before ----------------------------------------------------------------------------


def highest_before(tx: Connection, row: VisitRow) -> int | None:
    """The highest counter heard of the tag, by the same key, well before `row`."""
    earlier = (*_same_key(row), visits.c.at < row.at - TOGETHER_MS)
    found: int | None = tx.execute(select(func.max(visits.c.counter)).where(*earlier)).scalar()
    return found


def lags_before(tx: Connection, row: VisitRow, until: int) -> list[int]:
    """What the beacon's clock stood at, as the last hearings before `until` told, by the same key."""
    wanted = select(visits.c.clock).where(*_same_key(row), visits.c.at < until, visits.c.clock.is_not(None))
    newest = wanted.order_by(visits.c.at.desc(), visits.c.book, visits.c.seq).limit(CLOCKS)
    return list(tx.execute(newest).scalars())


def counts_before(tx: Connection, row: VisitRow) -> list[bytes]:
    """The tag's last counters before `row`, oldest first."""
    wanted = select(visits.c.count).where(*_same_tag(row), visits.c.at < row.at, visits.c.count.is_not(None))
    newest = wanted.order_by(visits.c.at.desc(), visits.c.book, visits.c.seq).limit(COUNTS)
    return list(tx.execute(newest).scalars())[::-1]


def radios_before(tx: Connection, row: VisitRow) -> list[str]:
    """What the radio did on the last visits to the same point, oldest first."""
    wanted = select(visits.c.radio).where(*_same_point(row), visits.c.at < row.at)
    newest = wanted.order_by(visits.c.at.desc(), visits.c.book, visits.c.seq).limit(UNHEARD)
    return list(tx.execute(newest).scalars())[::-1]


def placed(tx: Connection, site: str, kind: str, tag: str, at: int) -> list[VisitRow]:
    """Where the tag was near while a label was read, for as long around `at` as anybody walks."""
    about = (visits.c.site == site, visits.c.at.between(at - LONGEST_WALK_MS, at + LONGEST_WALK_MS))
    wanted = select(*_FIELDS).where(*about, _names(kind, tag))
    rows = tx.execute(wanted.order_by(visits.c.at, visits.c.book, visits.c.seq))
    return [VisitRow(*row) for row in rows]


def name_of(kind: str, tag: str) -> str:
    """A tag as `elsewhere` names it."""
    return f"{kind} {tag}"


def _names(kind: str, tag: str) -> ColumnElement[bool]:
    own = and_(visits.c.format == kind, visits.c.tag == tag, visits.c.labelled)
    return or_(own, visits.c.elsewhere == name_of(kind, tag))


def _same_point(row: VisitRow) -> tuple[ColumnElement[bool], ...]:
    return (visits.c.site == row.site, visits.c.point == row.point)


def _same_tag(row: VisitRow) -> tuple[ColumnElement[bool], ...]:
    return (visits.c.site == row.site, visits.c.format == row.format, visits.c.tag == row.tag)


def _same_key(row: VisitRow) -> tuple[ColumnElement[bool], ...]:
    return (*_same_tag(row), visits.c.issue == row.issue)


# -- judging again -------------------------------------------------------------------------------


def touch(tx: Connection, row: VisitRow) -> None:
    """Have judged again what `row` may bear on in other rounds: as many later visits as look back to it, by its tag
    or at its point; later ones whose counter is no higher; those where the same tag was near elsewhere."""
    if not _may_bear(tx, row):
        return
    bears = [and_(*_same_point(row), _looking_back(tx, row, _same_point(row), visits.c.seq, UNHEARD))]
    if row.tag:
        same = _same_tag(row)
        counted = ((visits.c.clock, row.clock, CLOCKS), (visits.c.count, row.count, COUNTS))
        bears += [
            and_(*same, _looking_back(tx, row, same, column, most))
            for column, told, most in counted
            if told is not None
        ]
        if row.counter is not None:
            bears.append(and_(*same, visits.c.at > row.at, visits.c.counter <= row.counter))
    names = [name_of(row.format, row.tag)] if row.labelled and row.tag else []
    names += [row.elsewhere] if row.elsewhere else []
    about = visits.c.at.between(row.at - LONGEST_WALK_MS, row.at + LONGEST_WALK_MS)
    bears += [and_(about, _names(*name.split(" ", 1))) for name in names]
    elsewhere = (visits.c.site == row.site, visits.c.round != row.round, or_(*bears))
    tx.execute(update(visits).where(*elsewhere).values(again=True))


def _may_bear(tx: Connection, row: VisitRow) -> bool:
    """Whether there is anything later, or near in time, that is worth asking about: mostly records come in order."""
    if row.elsewhere:
        return True
    since = row.at - LONGEST_WALK_MS if row.labelled else row.at
    named = {"site": row.site, "round": row.round, "point": row.point, "format": row.format, "tag": row.tag}
    return tx.execute(_OTHERS, {**named, "since": since, "name": name_of(row.format, row.tag)}).first() is not None


def _looking_back(
    tx: Connection, row: VisitRow, same: tuple[ColumnElement[bool], ...], column: Column[Any], most: int
) -> ColumnElement[bool]:
    """The visits that find `row` among the last `most` before them that tell `column`."""
    later = select(visits.c.at).where(*same, visits.c.at > row.at, column.is_not(None))
    last = tx.execute(later.order_by(visits.c.at).offset(most - 1).limit(1)).scalar()
    return visits.c.at.between(row.at + 1, LATEST_MS if last is None else last + TOGETHER_MS)


def mark(tx: Connection, row: VisitRow) -> None:
    """Have the round of `row` judged again."""
    same = (visits.c.site == row.site, visits.c.book == row.book, visits.c.seq == row.seq)
    tx.execute(update(visits).where(*same).values(again=True))


def rounds_again(tx: Connection, site: str, limit: int) -> list[tuple[bytes, str]]:
    """(book, round) of what is to be judged again."""
    wanted = select(visits.c.book, visits.c.round).where(visits.c.site == site, visits.c.again).distinct()
    return [(row.book, row.round) for row in tx.execute(wanted.order_by(visits.c.book, visits.c.round).limit(limit))]


def judged_again(tx: Connection, site: str, those: Iterable[tuple[bytes, str]]) -> None:
    for book, name in those:
        same = (visits.c.site == site, visits.c.book == book, visits.c.round == name)
        tx.execute(update(visits).where(*same, visits.c.again).values(again=False))


def sites_again(tx: Connection) -> list[str]:
    """The sites in which something is to be judged again."""
    return list(tx.execute(select(visits.c.site).where(visits.c.again).distinct()).scalars())


# -- what a fitter looks after -------------------------------------------------------------------


class Power(Struct, frozen=True):
    """What a tag said of its battery."""

    battery_pct: int | None
    battery_mv: int | None


def last_heard(tx: Connection, site: str) -> dict[tuple[str, str], int]:
    """When each tag was heard last, by format and identity."""
    return {(row.format, row.tag): row.at for row in tx.execute(_HEARD_LAST, {"site": site})}


def last_powered(tx: Connection, site: str) -> dict[tuple[str, str], Power]:
    """What each tag told last of its battery."""
    rows = tx.execute(_POWERED_LAST, {"site": site})
    return {(row.format, row.tag): Power(row.battery_pct, row.battery_mv) for row in rows}


def last_health(tx: Connection, site: str) -> dict[str, int]:
    """What a camera said last of each point's label, percent."""
    return {row.point: row.health for row in tx.execute(_HEALTH_LAST, {"site": site})}


def silent_since(tx: Connection, site: str) -> dict[str, tuple[int, int]]:
    """By point: the first of the visits running that found its beacons silent, and how many there are."""
    rows = tx.execute(_SILENT_SINCE, {"site": site, "silent": SILENT, "heard": HEARD})
    return {point: (first, count) for point, first, count in rows if count}


def _tags(*where: ColumnElement[bool]) -> CTE:
    """Format and identity of every tag; both empty for the arrivals without one."""
    return each(visits.c.tag, *where, of=each(visits.c.format, *where))


def _last(column: Column[Any], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    """Of the newest of these visits."""
    newest = select(column).where(*where).order_by(visits.c.at.desc())
    return newest.limit(1).scalar_subquery().label(column.name)


_HERE = visits.c.site == bindparam("site")


def _heard_last() -> Select[Any]:
    tag = _tags(_HERE)
    same = (_HERE, visits.c.format == tag.c.format, visits.c.tag == tag.c.tag)
    at = select(func.max(visits.c.at)).where(*same).scalar_subquery().label("at")
    return select(tag, at).where(tag.c.tag > "")


def _powered_last() -> Select[Any]:
    tag = _tags(_HERE, _POWERED)
    same = (_HERE, _POWERED, visits.c.format == tag.c.format, visits.c.tag == tag.c.tag)
    told = (_last(column, *same) for column in (visits.c.battery_pct, visits.c.battery_mv))
    return select(tag, *told).where(tag.c.tag > "")


def _health_last() -> Select[Any]:
    there = each(visits.c.point, _HERE, _READ)
    health = _last(visits.c.health, _HERE, _READ, visits.c.point == there.c.point)
    return select(there, health).where(there.c.point.is_not(None))


def _silent_since() -> Select[Any]:
    silent, heard = ((_HERE, visits.c.radio == bindparam(name)) for name in ("silent", "heard"))
    there = each(visits.c.point, *silent)
    here = visits.c.point == there.c.point
    last = select(func.max(visits.c.at)).where(*heard, here).correlate(there).scalar_subquery()
    since = select(there, func.coalesce(last, 0).label("last")).where(there.c.point.is_not(None)).subquery()
    running = (*silent, visits.c.point == since.c.point, visits.c.at > since.c.last)
    first, count = (
        select(each).where(*running).correlate(since).scalar_subquery()
        for each in (func.min(visits.c.at), func.count(visits.c.at))
    )
    return select(since.c.point, first.label("first"), count.label("count"))


_HEARD_LAST, _POWERED_LAST = _heard_last(), _powered_last()
_HEALTH_LAST, _SILENT_SINCE = _health_last(), _silent_since()


def calibrated(tx: Connection, site: str) -> dict[tuple[str, str], CalibrationRow]:
    """What was measured last of each tag."""
    newest = calibrations.c.at.desc(), calibrations.c.book, calibrations.c.seq.desc()
    found: dict[tuple[str, str], CalibrationRow] = {}
    for row in tx.execute(select(calibrations).where(calibrations.c.site == site).order_by(*newest)):
        found.setdefault((row.format, row.tag), CalibrationRow(**row._mapping))
    return found
