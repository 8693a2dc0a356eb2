"""The projections: what the pages show of rounds, findings and alarms, folded from the records.

All of it can be dropped and made again from the records; nothing here is the truth. Times are UTC
milliseconds; details are JSON of the values in sync.office.details.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
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
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from sync.office.store import known
from sync.office.store.alarms import alarm_acts
from sync.office.store.devices import writers
from sync.office.store.paging import LATEST, Place, ordered
from sync.office.store.records import Stored, apart_of, missing_of, stored
from sync.office.store.reviews import reviewed, reviews
from sync.office.store.schema import arrivals, heads, metadata, records
from sync.office.store.upsert import insert, put

DESK = "@office"
"""In place of a handheld's name: the office's own book."""

rounds = Table(
    "rounds",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("round", String(200), primary_key=True),
    Column("book", LargeBinary(32), nullable=False),
    Column("slot", String(200), nullable=False, comment="the round's id without its attempt"),
    Column("day", String(10), nullable=False, comment="local date on which its window opens"),
    Column("opens", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)
Index("rounds_by_day", rounds.c.site, rounds.c.day, rounds.c.round)
Index("rounds_by_slot", rounds.c.site, rounds.c.slot, rounds.c.day)

round_stops = Table(
    "round_stops",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("round", String(200), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("stop", String(64), nullable=False),
    Column("point", String(64)),
    Column("at", BigInteger, comment="null while it was not reached"),
    Column("grade", String(20), comment="as the crew saw it"),
    Column("office_grade", String(20), comment="as the office judges the same evidence"),
    Column("detail", LargeBinary, nullable=False),
)
Index(
    "round_stops_by_point", round_stops.c.site, round_stops.c.point, round_stops.c.at, round_stops.c.office_grade,
)  # fmt: skip

findings = Table(
    "findings",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("finding", String(100), primary_key=True, comment="book:seq of its first record"),
    Column("round", String(200)),
    Column("at", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)
Index("findings_by_round", findings.c.site, findings.c.round)

alarms = Table(
    "alarms",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("alarm", String(100), primary_key=True, comment="book:seq of its record"),
    Column("at", BigInteger, nullable=False),
    Column("finding", Boolean, nullable=False, comment="an urgent finding rather than an alarm"),
    Column("detail", LargeBinary, nullable=False),
)
Index("alarms_by_time", alarms.c.at)
Index("alarms_by_kind", alarms.c.finding, alarms.c.at)
Index("alarms_by_site", alarms.c.site, alarms.c.at)

folded = Table(
    "folded",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("at", BigInteger, nullable=False, comment="when that record was made, by the handheld's clock"),
    Column("set_aside", BigInteger, nullable=False, comment="records in quarantine, or that make no sense to a round"),
    Column("life", LargeBinary, nullable=False, comment="which book it continues, how it ended, what was pruned"),
    comment="Up to which record of each book the projections are true.",
)

excuses = Table(
    "excuses",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("excuse", String(100), primary_key=True, comment="book:seq of its record"),
    Column("point", String(64), nullable=False),
    Column("first", BigInteger, nullable=False, comment="from then on …"),
    Column("last", BigInteger, nullable=False, comment="… until just before then"),
    Column("detail", LargeBinary, nullable=False),
)
Index("excuses_by_time", excuses.c.site, excuses.c.last)

explanations = Table(
    "explanations",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("explanation", String(100), primary_key=True, comment="book:seq of its record"),
    Column("book", LargeBinary(32), nullable=False, comment="of the record that has the mark"),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)
Index("explanations_by_record", explanations.c.site, explanations.c.book, explanations.c.seq)

witnesses = Table(
    "witnesses",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("book", LargeBinary(32), primary_key=True, comment="who saw it"),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("other", String(16), nullable=False, comment="the book that was seen, its first 8 bytes; empty for a code"),
    Column("other_seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)

WITNESSES = 200
"""Of a site, as many as a page looks at."""


class RoundRow(Struct, frozen=True):
    """One doing of a route."""

    site: str
    round: str
    book: bytes
    slot: str
    day: str
    opens: int
    started: int
    first_seq: int
    last_seq: int
    detail: bytes


class StopRow(Struct, frozen=True):
    site: str
    round: str
    position: int
    """1, 2, 3 … in the order the stops were asked for."""
    stop: str
    point: str | None
    at: int | None
    grade: str | None
    office_grade: str | None
    detail: bytes


class FindingRow(Struct, frozen=True):
    site: str
    finding: str
    round: str | None
    at: int
    due: int
    urgent: bool
    detail: bytes


AlarmOrder = Literal["time", "site"]


class AlarmRow(Struct, frozen=True):
    site: str
    alarm: str
    at: int
    finding: bool
    detail: bytes


class FoldedRow(Struct, frozen=True):
    site: str
    book: bytes
    seq: int
    hash: bytes
    at: int
    set_aside: int
    life: bytes


class ExcuseRow(Struct, frozen=True):
    site: str
    excuse: str
    point: str
    first: int
    last: int
    detail: bytes


class ExplanationRow(Struct, frozen=True):
    site: str
    explanation: str
    book: bytes
    seq: int
    at: int
    detail: bytes


class WitnessRow(Struct, frozen=True):
    site: str
    book: bytes
    seq: int
    other: str
    other_seq: int
    at: int
    detail: bytes


Once = FindingRow | AlarmRow | ExcuseRow | ExplanationRow | WitnessRow
"""What one record says."""
_TABLES: dict[type[Once], Table] = {
    FindingRow: findings,
    AlarmRow: alarms,
    ExcuseRow: excuses,
    ExplanationRow: explanations,
    WitnessRow: witnesses,
}


class BookRow(Struct, frozen=True):
    """How far one book is held and how far the pages know it."""

    book: bytes
    device: str
    held: int
    heard: int
    """When the office last got a record of it, office clock."""
    folded: int
    at: int
    set_aside: int
    missing: tuple[tuple[int, int], ...]
    """Runs of numbers that the handheld lost before they came here: first and last of each."""
    life: bytes
    """What the book says of itself; empty while nothing is folded."""
    apart: int = 0
    """Records of another history under the same numbers (a fork, decision 8)."""


def owner(tx: Connection, site: str, name: str) -> tuple[bytes, int] | None:
    """(book, first record) of a round that is known already."""
    row = tx.execute(
        select(rounds.c.book, rounds.c.first_seq).where(rounds.c.site == site, rounds.c.round == name)
    ).first()
    return (row.book, row.first_seq) if row else None


def put_round(tx: Connection, row: RoundRow, stops: list[StopRow]) -> None:
    """The round as it stands now, in place of how it stood."""
    put(tx, rounds, row)
    tx.execute(delete(round_stops).where(round_stops.c.site == row.site, round_stops.c.round == row.round))
    for stop in stops:
        tx.execute(insert(round_stops), asdict(stop))


def put_once(tx: Connection, row: Once) -> None:
    """What one record says; the same record again changes nothing."""
    tx.execute(insert(_TABLES[type(row)]).on_conflict_do_nothing(), asdict(row))


def put_folded(tx: Connection, row: FoldedRow) -> None:
    put(tx, folded, row)


def folded_of(tx: Connection, site: str, book: bytes) -> FoldedRow | None:
    row = tx.execute(select(folded).where(folded.c.site == site, folded.c.book == book)).first()
    return FoldedRow(**row._mapping) if row else None


def hash_of(tx: Connection, site: str, book: bytes, seq: int) -> bytes | None:
    """The chain's hash after a record; None when that record is missing."""
    found: bytes | None = tx.execute(
        select(records.c.hash).where(records.c.site == site, records.c.book == book, records.c.seq == seq)
    ).scalar()
    return found


def records_between(tx: Connection, site: str, book: bytes, first: int, last: int, limit: int) -> list[Stored]:
    """Records `first` to `last` of a book, by number, at most `limit`."""
    span = (records.c.seq >= first, records.c.seq <= last)
    wanted = select(records).where(records.c.site == site, records.c.book == book, *span)
    return [stored(row) for row in tx.execute(wanted.order_by(records.c.seq).limit(limit))]


def records_of_kinds(
    tx: Connection, site: str, book: bytes, first: int, last: int, wanted: tuple[str, ...]
) -> list[Stored]:
    """Records `first` to `last` of those kinds, by number."""
    span = (records.c.seq >= first, records.c.seq <= last, records.c.kind.in_(wanted))
    rows = tx.execute(select(records).where(records.c.site == site, records.c.book == book, *span))
    return sorted((stored(row) for row in rows), key=lambda one: one.seq)


def last_of_kind(tx: Connection, site: str, book: bytes, last: int, kind: str) -> Stored | None:
    """The last record of that kind up to number `last`."""
    which = (records.c.book == book, records.c.seq <= last, records.c.kind == kind)
    wanted = select(records).where(records.c.site == site, *which).order_by(records.c.seq.desc()).limit(1)
    row = tx.execute(wanted).first()
    return stored(row) if row else None


def purged_of(tx: Connection, site: str) -> dict[bytes, int]:
    """How many records of each book have only their number and hash left here (decision 9)."""
    gone = select(records.c.book, func.count()).where(records.c.site == site, records.c.raw.is_(None))
    return {row.book: row[1] for row in tx.execute(gone.group_by(records.c.book))}


def excuses_in(tx: Connection, site: str, first: int, last: int) -> list[ExcuseRow]:
    """Excuses for any time between `first` and `last`, UTC ms."""
    wanted = select(excuses).where(excuses.c.site == site, excuses.c.last > first, excuses.c.first < last)
    return [ExcuseRow(*row) for row in tx.execute(wanted.order_by(excuses.c.first, excuses.c.excuse))]


def explanations_of(tx: Connection, site: str, spans: Sequence[tuple[bytes, int, int]]) -> list[ExplanationRow]:
    """What was said of marks that these records have (book, first, last), oldest first."""
    named = [and_(explanations.c.book == book, explanations.c.seq.between(first, last)) for book, first, last in spans]
    if not named:
        return []
    wanted = select(explanations).where(explanations.c.site == site, or_(*named))
    return [ExplanationRow(*row) for row in tx.execute(wanted.order_by(explanations.c.at))]


def witnesses_open(tx: Connection, site: str) -> list[WitnessRow]:
    """Those by digits of which nobody knows whose head they are, newest first."""
    wanted = select(witnesses).where(witnesses.c.site == site, witnesses.c.other == "")
    rows = tx.execute(wanted.order_by(witnesses.c.at.desc(), witnesses.c.book, witnesses.c.seq).limit(WITNESSES))
    return [WitnessRow(*row) for row in rows]


def name_witnessed(tx: Connection, row: WitnessRow) -> None:
    """Whose head the digits are of."""
    key = (witnesses.c.site == row.site, witnesses.c.book == row.book, witnesses.c.seq == row.seq)
    tx.execute(update(witnesses).where(*key).values(other=row.other, other_seq=row.other_seq))


def witnesses_of(tx: Connection, site: str) -> list[WitnessRow]:
    """The heads that the site's handhelds saw of one another, newest first."""
    wanted = select(witnesses).where(witnesses.c.site == site).order_by(witnesses.c.at.desc()).limit(WITNESSES)
    return [WitnessRow(*row) for row in tx.execute(wanted)]


def stops_at(tx: Connection, site: str, day: str, points: Collection[str]) -> dict[str, list[StopRow]]:
    """By round: its stops at some points, of the rounds whose window opens on a local date."""
    here = (round_stops.c.site == rounds.c.site) & (round_stops.c.round == rounds.c.round)
    wanted = select(round_stops).join(rounds, here).where(rounds.c.site == site, rounds.c.day == day)
    found: dict[str, list[StopRow]] = {}
    for row in tx.execute(wanted.where(round_stops.c.point.in_(list(points)))):
        found.setdefault(row.round, []).append(StopRow(*row))
    return found


def stops_of_several(tx: Connection, site: str, names: Collection[str]) -> dict[str, list[StopRow]]:
    """By round: all its stops."""
    wanted = select(round_stops).where(round_stops.c.site == site, round_stops.c.round.in_(list(names)))
    found: dict[str, list[StopRow]] = {}
    for row in tx.execute(wanted):
        found.setdefault(row.round, []).append(StopRow(*row))
    return found


def rounds_on(tx: Connection, site: str, day: str) -> list[RoundRow]:
    """Rounds whose window opens on a local date, by window and start."""
    wanted = select(rounds).where(rounds.c.site == site, rounds.c.day == day)
    rows = tx.execute(wanted.order_by(rounds.c.opens, rounds.c.slot, rounds.c.started))
    return [RoundRow(*row) for row in rows]


def _not_reviewed(site: str, first: str, last: str) -> tuple[ColumnElement[bool], ...]:
    accepted = (reviewed.c.site == site, reviewed.c.round == rounds.c.round, reviewed.c.state == "accepted")
    span = (rounds.c.site == site, rounds.c.day >= first, rounds.c.day <= last)
    return *span, ~exists(select(reviewed.c.round).where(*accepted))


def count_not_reviewed(tx: Connection, site: str, first: str, last: str) -> int:
    """Rounds whose window opens on one of these local dates, and that nobody has accepted (D67)."""
    return int(tx.execute(select(func.count()).where(*_not_reviewed(site, first, last))).scalar_one())


def days_not_reviewed(tx: Connection, site: str, first: str, last: str) -> list[tuple[str, int]]:
    """How many of them each of these dates has, without the dates that have none."""
    wanted = select(rounds.c.day, func.count()).where(*_not_reviewed(site, first, last)).group_by(rounds.c.day)
    return [(row[0], row[1]) for row in tx.execute(wanted.order_by(rounds.c.day))]


def rounds_of_schedules(
    tx: Connection, site: str, first: str, last: str, schedules: Collection[str], most: int
) -> list[RoundRow]:
    """Rounds of these schedules whose window opens from the one local date to the other, by window and start."""
    named = or_(*(rounds.c.slot.startswith(f"{schedule}@", autoescape=True) for schedule in schedules))
    wanted = select(rounds).where(rounds.c.site == site, rounds.c.day >= first, rounds.c.day <= last, named)
    rows = tx.execute(wanted.order_by(rounds.c.opens, rounds.c.slot, rounds.c.started).limit(most))
    return [RoundRow(*row) for row in rows]


def ends_between(tx: Connection, site: str, first: str, last: str) -> list[tuple[bytes, int]]:
    """Book and number of the last record of each round whose window opens from the one local date to the other."""
    wanted = select(rounds.c.book, rounds.c.last_seq).where(rounds.c.site == site, rounds.c.day.between(first, last))
    return [(row.book, row.last_seq) for row in tx.execute(wanted)]


def reviews_between(tx: Connection, site: str, first: str, last: str) -> list[tuple[bytes, int]]:
    """Book and number of what reviewers said of these rounds."""
    those = (rounds.c.site == site, rounds.c.day.between(first, last))
    same = (reviews.c.site == rounds.c.site) & (reviews.c.round == rounds.c.round)
    names = tx.execute(select(reviews.c.review).join(rounds, same).where(*those)).scalars()
    return [(bytes.fromhex(book), int(seq)) for book, _, seq in (name.partition(":") for name in names)]


def find_round(tx: Connection, name: str, site: str = "") -> RoundRow | None:
    """The round with that id, of that site or of whichever has it."""
    wanted = select(rounds).where(rounds.c.round == name).order_by(rounds.c.site)
    here = rounds.c.site == site if site else rounds.c.site.in_(select(arrivals.c.site))
    row = tx.execute(wanted.where(here)).first()
    return RoundRow(*row) if row else None


def rounds_in_slot(tx: Connection, site: str, slot: str) -> list[str]:
    """The rounds walked in one window, by name."""
    return list(tx.execute(select(rounds.c.round).where(rounds.c.site == site, rounds.c.slot == slot)).scalars())


def stops_of(tx: Connection, site: str, name: str) -> list[StopRow]:
    wanted = select(round_stops).where(round_stops.c.site == site, round_stops.c.round == name)
    return [StopRow(*row) for row in tx.execute(wanted.order_by(round_stops.c.position))]


def findings_of(tx: Connection, site: str, name: str) -> list[FindingRow]:
    wanted = select(findings).where(findings.c.site == site, findings.c.round == name).order_by(findings.c.at)
    return [FindingRow(*row) for row in tx.execute(wanted)]


@cache
def _alarms(within: bool, after: bool, some: bool, by: AlarmOrder, oldest: bool) -> tuple[Select[Any], Select[Any]]:
    """What was raised lately, and what stands. Built once each: every page asks them."""
    same = (alarm_acts.c.site == alarms.c.site) & (alarm_acts.c.alarm == alarms.c.alarm)
    closed = exists().where(same, alarm_acts.c.state == "closed").correlate(alarms)
    here = (alarms.c.site.in_(bindparam("within", expanding=True)),) if within else ()
    key = (alarms.c.at, alarms.c.alarm) if by == "time" else (alarms.c.site, alarms.c.at, alarms.c.alarm)
    begins = tuple_(*(bindparam(f"after_{column.name}", type_=column.type) for column in key))
    rest = (tuple_(*key) > begins if oldest else tuple_(*key) < begins,) if after else ()
    lately = select(alarms).where(alarms.c.at >= bindparam("since"), alarms.c.at < bindparam("until"), *here, *rest)
    standing = select(alarms).where(alarms.c.finding.is_(False), ~closed, *here)
    asked = ordered(lately, key, oldest=oldest)
    return asked.limit(bindparam("most")) if some else asked, standing


def alarms_standing(
    tx: Connection,
    since: int,
    within: Collection[str] = (),
    most: int | None = None,
    after: Place | None = None,
    *,
    until: int = LATEST,
    by: AlarmOrder = "time",
    oldest: bool = False,
) -> list[AlarmRow]:
    """Of every site, or those of `within`: alarms that nobody has closed, and what was raised at or after `since` and
    before `until`; of that no more than `most` behind `after`, in that order, the newest first unless turned round.
    """
    asked = {"since": since, "until": until, "within": list(within), "most": most}
    if after is not None:
        site, _, alarm = after.rest.rpartition("/")
        asked |= {"after_site": site, "after_at": after.at, "after_alarm": alarm}
    wanted = _alarms(bool(within), after is not None, most is not None, by, oldest)
    rows = [row for one in wanted for row in tx.execute(one, asked)]
    return list({(row.site, row.alarm): AlarmRow(*row) for row in rows}.values())


def heard_of(tx: Connection, site: str) -> list[int]:
    """When the office last got a record of each book, office clock."""
    return list(tx.execute(select(heads.c.last_at).where(heads.c.site == site)).scalars())


def count_unread(tx: Connection, site: str) -> int:
    """Books of which more is held than the pages show."""
    same = (folded.c.site == heads.c.site) & (folded.c.book == heads.c.book)
    wanted = select(func.count()).select_from(heads.outerjoin(folded, same)).where(heads.c.site == site)
    return int(tx.execute(wanted.where(heads.c.seq > func.coalesce(folded.c.seq, 0))).scalar_one())


_BOOKS: Final = (
    select(
        heads.c.book, heads.c.seq, heads.c.last_at, folded.c.seq, folded.c.at, folded.c.set_aside, folded.c.life,
    )
    .outerjoin(folded, (folded.c.site == heads.c.site) & (folded.c.book == heads.c.book))
    .where(heads.c.site == bindparam("site"))
)  # fmt: skip
"""Built once: most pages ask it, and building it costs more than running it."""


def books_of(tx: Connection, site: str) -> list[BookRow]:
    """Every book the site sent anything of: what is held, and up to where the pages are true."""
    missing, apart, names = missing_of(tx, site), apart_of(tx, site), writers(tx, site)
    if desk := known.get(tx, f"{known.DESK}{site}"):
        names[bytes.fromhex(desk)] = DESK
    books = [
        BookRow(
            book,
            names.get(book, ""),
            held,
            heard,
            seq or 0,
            at or 0,
            aside or 0,
            tuple(missing.get(book, ())),
            life or b"",
            apart.get(book, 0),
        )
        for book, held, heard, seq, at, aside, life in tx.execute(_BOOKS, {"site": site})
    ]
    return sorted(books, key=lambda book: (book.device, book.book))
