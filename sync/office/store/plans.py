"""Plans by revision, the people file, and the secrets that never stand in either (decisions 15, 22, 25).

A revision is immutable: the newest goes down the changes feed, the older ones stay here, because a round
is read under the plan it was walked under. Persons who left stay too: their old rounds have names.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Subquery,
    Table,
    Text,
    bindparam,
    func,
    or_,
    select,
    update,
)

from app.duties.days import millis
from app.duties.site import Plan, decode_plan, decoded
from app.pages import in_force
from sync.office.store import days
from sync.office.store.schema import metadata
from sync.office.store.upsert import insert

plans = Table(
    "plans",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("effective", String(10), nullable=False, comment="first local date it holds for"),
    Column("raw", LargeBinary, nullable=False, comment="canonical JSON"),
    Column("imported_at", BigInteger, nullable=False),
    Column("by", String(64), nullable=False, server_default="", comment="account, or who typed the command"),
    Column("withdrawn_at", BigInteger, comment="taken back before it held, UTC ms"),
    Column("company", String(64), nullable=False, server_default="", comment="id, by which accounts are limited"),
    Column("district", String(64), nullable=False, server_default=""),
)
Index(
    "plans_named", plans.c.site, plans.c.revision, plans.c.withdrawn_at, plans.c.sha256, plans.c.effective,
    plans.c.imported_at, plans.c.company, plans.c.district,
)  # fmt: skip
"""All but the plans themselves, which are large: whatever is asked of every site is answered from here."""

persons = Table(
    "persons",
    metadata,
    Column("person", String(40), primary_key=True),
    Column("raw", LargeBinary, nullable=False, comment="JSON, as in the people file"),
    Column("present", Boolean, nullable=False, comment="stands in the newest people file"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("site", String(64), primary_key=True, comment="empty for a badge: people are the office's"),
    Column("kind", String(8), primary_key=True, comment="point, asset or person"),
    Column("id", String(64), primary_key=True),
    Column("issue", Integer, primary_key=True, autoincrement=False, comment="how often it was made anew"),
    Column("token", LargeBinary(10), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    comment="What labels and badges prove by. Handhelds get only salted hashes.",
)

pins = Table(
    "pins",
    metadata,
    Column("person", String(40), primary_key=True),
    Column("pin", Text, nullable=False, comment="salt and scrypt hash"),
    Column("set_at", BigInteger, nullable=False),
)

salts = Table(
    "salts",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("salt", String(64), nullable=False, comment="hex; of the hashes in this site's credentials"),
)

CALENDAR_MS: Final = millis(datetime(9999, 1, 1, tzinfo=UTC))


class PlanRow(Struct, frozen=True):
    """One revision of one site's plan."""

    site: str
    revision: int
    sha256: str
    effective: str
    raw: bytes
    imported_at: int = 0
    """UTC ms."""
    by: str = ""
    """Who took it in; empty when nobody was noted."""
    withdrawn_at: int | None = None
    """UTC ms; it never held."""


class Revision(Struct, frozen=True):
    """The same without the plan, which is large."""

    revision: int
    sha256: str
    effective: str
    imported_at: int
    by: str
    withdrawn_at: int | None


class TokenRow(Struct, frozen=True):
    kind: str
    id: str
    issue: int
    token: bytes
    made_at: int = 0
    """UTC ms; `add_token` is told it."""


_PLAN = (
    plans.c.site,
    plans.c.revision,
    plans.c.sha256,
    plans.c.effective,
    plans.c.raw,
    plans.c.imported_at,
    plans.c.by,
    plans.c.withdrawn_at,
)
_STANDS = plans.c.withdrawn_at.is_(None)
"""Whatever was taken back is kept, and asked for by nobody but its own page."""
_TOKEN = (tokens.c.kind, tokens.c.id, tokens.c.issue, tokens.c.token, tokens.c.made_at)


def add_plan(tx: Connection, row: PlanRow, at: int) -> None:
    whose = decode_plan(row.raw).site
    tx.execute(
        insert(plans).values(
            site=row.site,
            revision=row.revision,
            sha256=row.sha256,
            effective=row.effective,
            raw=row.raw,
            imported_at=at,
            by=row.by,
            company=whose.company.id,
            district=whose.district.id,
        )
    )
    days.touch_from(tx, row.site, row.effective)


def newest_plan(tx: Connection, site: str) -> PlanRow | None:
    return _first(tx, site, newest=True)


def plans_of(tx: Connection, site: str, *, withdrawn: bool = False) -> list[PlanRow]:
    """Every revision of the site's plan, oldest first; those that were taken back only when asked for."""
    question = select(*_PLAN).where(plans.c.site == site).order_by(plans.c.revision)
    return [PlanRow(*row) for row in tx.execute(question if withdrawn else question.where(_STANDS))]


def revisions_of(tx: Connection, site: str) -> list[Revision]:
    """Every revision of the site's plan, oldest first, those that were taken back too; without the plans."""
    return [Revision(*row) for row in tx.execute(_EVERY, {"site": site})]


def plans_between(tx: Connection, site: str, first: str, last: str) -> list[Plan]:
    """The revisions that hold at some time of the local dates `first` to `last`, oldest first."""
    rows = list(tx.execute(_REVISIONS, {"site": site}))
    begun = max((row.revision for row in rows if row.effective < first), default=0)
    held = [row for row in rows if row.revision >= begun and row.effective <= last]
    return plans_named(tx, site, {row.revision: row.sha256 for row in held or rows[:1]})


def plans_named(tx: Connection, site: str, named: Mapping[int, str]) -> list[Plan]:
    """Those revisions, whose hashes are known, oldest first; they are large, and read only where they must be."""
    known = {revision: decoded(sha256) for revision, sha256 in named.items()}
    wanted = [revision for revision, plan in known.items() if plan is None]
    read = tx.execute(_RAWS, {"site": site, "wanted": wanted}) if wanted else ()
    known |= {row.revision: decode_plan(row.raw) for row in read}
    return [plan for _, plan in sorted(known.items()) if plan is not None]


def last_revision(tx: Connection, site: str) -> int:
    """The highest number that was given, whatever became of it; 0 before the first."""
    number: int | None = tx.execute(select(func.max(plans.c.revision)).where(plans.c.site == site)).scalar()
    return number or 0


def withdraw(tx: Connection, site: str, revision: int, at: int) -> None:
    """Take back a revision that does not hold yet."""
    one = (plans.c.site == site) & (plans.c.revision == revision)
    tx.execute(update(plans).where(one, _STANDS).values(withdrawn_at=at))


def plan_walked(tx: Connection, site: str, revision: int, sha256: str) -> PlanRow | None:
    """The revision that a round names, if it is really that one."""
    row = tx.execute(
        select(*_PLAN).where(plans.c.site == site, plans.c.revision == revision, plans.c.sha256 == sha256)
    ).first()
    return PlanRow(*row) if row else None


def plan_on(tx: Connection, site: str, day: str) -> PlanRow | None:
    """The revision valid on a local date: the newest that was in effect by then."""
    row = tx.execute(_HELD, {"site": site, "day": day}).first()
    return PlanRow(*row) if row else _first(tx, site, newest=False)


def plan_at(tx: Connection, site: str, at: int) -> Plan | None:
    """The revision that holds at that moment, UTC ms; None for a site without a plan. A record may claim a moment that
    no calendar has: the last one that it has stands for it.
    """
    at = min(max(at, 0), CALENDAR_MS)
    first, last = (datetime.fromtimestamp(at / 1000, UTC) + timedelta(days=days) for days in (-1, 1))
    plans = plans_between(tx, site, f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}")
    return in_force(plans, at) if plans else None


def planned_since(tx: Connection, site: str) -> int | None:
    """When the site's first plan was imported, UTC ms; None while it has none. Before that nothing was asked of it."""
    return all_planned_since(tx, (site,)).get(site)


def all_planned_since(tx: Connection, sites: Collection[str]) -> dict[str, int]:
    """The same by site, of those that have a plan."""
    first = select(plans.c.site, func.min(plans.c.imported_at)).where(plans.c.site.in_(list(sites)))
    return {row[0]: row[1] for row in tx.execute(first.group_by(plans.c.site))}


def newest_plans(tx: Connection, within: Sequence[str] = ()) -> dict[str, Plan]:
    """The newest plan of each site; with `within`, of these sites only."""
    return {site: decode_plan(raw) for site, raw in newest_raws(tx, within)}


def newest_raws(tx: Connection, within: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """The same, one after the other and not decoded."""
    same = (plans.c.site == _NEWEST.c.site) & (plans.c.revision == _NEWEST.c.revision)
    wanted = select(plans.c.site, plans.c.raw).join(_NEWEST, same).order_by(plans.c.site)
    for row in tx.execute(wanted.where(plans.c.site.in_(within)) if within else wanted):
        yield row.site, row.raw


def newest_named(tx: Connection, within: Sequence[str] = ()) -> list[tuple[str, int, str]]:
    """(site, revision, hash) of the same plans, without reading them."""
    rows = tx.execute(_NAMED_WITHIN, {"within": list(within)}) if within else tx.execute(_NAMED)
    return [(row.site, row.revision, row.sha256) for row in rows]


def sites_in(tx: Connection, companies: Collection[str], districts: Collection[str]) -> list[str]:
    """The sites that, by their newest plans, belong to one of these companies or lie in one of these districts."""
    newest = _NEWEST.c
    there = or_(newest.company.in_(list(companies)), newest.district.in_(list(districts)))
    return list(tx.execute(select(newest.site).where(there).order_by(newest.site)).scalars())


def _newest() -> Subquery:
    """Each site's newest plan, as far as `plans_named` tells of it."""
    nth = func.row_number().over(partition_by=plans.c.site, order_by=plans.c.revision.desc()).label("nth")
    columns = (plans.c.site, plans.c.revision, plans.c.sha256, plans.c.company, plans.c.district)
    every = select(*columns, nth).where(_STANDS).subquery()
    return select(every).where(every.c.nth == 1).subquery()


_NEWEST: Final = _newest()
_NAMED: Final = select(_NEWEST.c.site, _NEWEST.c.revision, _NEWEST.c.sha256).order_by(_NEWEST.c.site)
_NAMED_WITHIN: Final = _NAMED.where(_NEWEST.c.site.in_(bindparam("within", expanding=True)))
_HERE = plans.c.site == bindparam("site")
_REVISIONS: Final = (
    select(plans.c.revision, plans.c.effective, plans.c.sha256).where(_HERE, _STANDS).order_by(plans.c.revision)
)
_EVERY: Final = select(*(plans.c[name] for name in Revision.__struct_fields__)).where(_HERE).order_by(plans.c.revision)
_NEWEST_NAMED: Final = (
    select(plans.c.revision, plans.c.sha256).where(_HERE, _STANDS).order_by(plans.c.revision.desc()).limit(1)
)
_RAWS: Final = select(plans.c.revision, plans.c.raw).where(
    _HERE, plans.c.revision.in_(bindparam("wanted", expanding=True))
)
_HELD: Final = (
    select(*_PLAN)
    .where(_HERE, plans.c.effective <= bindparam("day"), _STANDS)
    .order_by(plans.c.revision.desc())
    .limit(1)
)
_FIRST, _LAST = (
    select(*_PLAN).where(_HERE, _STANDS).order_by(order).limit(1)
    for order in (plans.c.revision, plans.c.revision.desc())
)
"""Built once: every page asks them, and building them costs more than running them."""


def site_plan(tx: Connection, site: str) -> Plan | None:
    """The newest plan of that site; None while there is none."""
    newest = tx.execute(_NEWEST_NAMED, {"site": site}).first()
    return next(iter(plans_named(tx, site, {newest.revision: newest.sha256})), None) if newest else None


def sites(tx: Connection) -> list[str]:
    """Ids of all sites that have a plan."""
    return list(tx.execute(select(plans.c.site).distinct().order_by(plans.c.site)).scalars())


def are_several(tx: Connection) -> bool:
    """Whether more than one site has a plan."""
    return bool(tx.execute(select(func.min(plans.c.site) != func.max(plans.c.site))).scalar())


def set_people(tx: Connection, people: dict[str, bytes]) -> None:
    """The newest people file, JSON by person id. Who is not in it any more is kept for old rounds."""
    tx.execute(update(persons).values(present=False))
    join_people(tx, people)


def join_people(tx: Connection, people: dict[str, bytes]) -> None:
    """People who come to those that there are, JSON by person id."""
    for person, raw in people.items():
        row = {"raw": raw, "present": True}
        tx.execute(
            insert(persons).values(person=person, **row).on_conflict_do_update(index_elements=["person"], set_=row)
        )


def people(tx: Connection, *, all_ever: bool = False) -> list[bytes]:
    """JSON of the persons, by id; with `all_ever` also of those who left."""
    question = select(persons.c.raw).order_by(persons.c.person)
    return list(tx.execute(question if all_ever else question.where(persons.c.present)).scalars())


def people_named(tx: Connection, those: Collection[str]) -> list[bytes]:
    """JSON of those persons, whether they are in the newest people file or were in one."""
    return list(tx.execute(select(persons.c.raw).where(persons.c.person.in_(list(those)))).scalars())


def find_person(tx: Connection, person: str) -> bytes | None:
    """JSON of one who is in the newest people file."""
    wanted = select(persons.c.raw).where(persons.c.person == person, persons.c.present)
    raw: bytes | None = tx.execute(wanted).scalar()
    return raw


def is_present(tx: Connection, person: str) -> bool:
    row = tx.execute(select(persons.c.person).where(persons.c.person == person, persons.c.present)).first()
    return row is not None


def add_token(tx: Connection, site: str, row: TokenRow, at: int) -> None:
    tx.execute(insert(tokens).values(site=site, kind=row.kind, id=row.id, issue=row.issue, token=row.token, made_at=at))


def tokens_of(tx: Connection, site: str, kind: str, id: str | None = None) -> list[TokenRow]:
    """Tokens of one thing, or of all things of a kind at a site (`""` for people), oldest issue first."""
    question = select(*_TOKEN).where(tokens.c.site == site, tokens.c.kind == kind)
    if id is not None:
        question = question.where(tokens.c.id == id)
    return [TokenRow(*row) for row in tx.execute(question.order_by(tokens.c.id, tokens.c.issue))]


def find_label(tx: Connection, token: bytes) -> tuple[str, TokenRow] | None:
    """Site and label that a token is of, whatever its issue; None when no point and no asset has it."""
    mine = (tokens.c.token == token, tokens.c.kind.in_(("point", "asset")))
    row = tx.execute(select(tokens.c.site, *_TOKEN).where(*mine).limit(1)).first()
    return (row.site, TokenRow(*row[1:])) if row else None


def set_pin(tx: Connection, person: str, pin: str, at: int) -> None:
    row = {"pin": pin, "set_at": at}
    tx.execute(insert(pins).values(person=person, **row).on_conflict_do_update(index_elements=["person"], set_=row))


def pins_of(tx: Connection) -> dict[str, str]:
    """Stored PINs of the persons who are present."""
    question = select(pins.c.person, pins.c.pin).join(persons, persons.c.person == pins.c.person)
    return {row.person: row.pin for row in tx.execute(question.where(persons.c.present).order_by(pins.c.person))}


def salt(tx: Connection, site: str, fresh: str) -> str:
    """The site's salt; `fresh` becomes it when the site has none yet."""
    tx.execute(insert(salts).values(site=site, salt=fresh).on_conflict_do_nothing())
    return str(tx.execute(select(salts.c.salt).where(salts.c.site == site)).scalar_one())


def _first(tx: Connection, site: str, *, newest: bool) -> PlanRow | None:
    row = tx.execute(_LAST if newest else _FIRST, {"site": site}).first()
    return PlanRow(*row) if row else None
