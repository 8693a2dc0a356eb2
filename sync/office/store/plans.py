"""Plans by revision, the people file, and the secrets that never stand in either (decisions 15, 22, 25).

A revision is immutable: the newest goes down the changes feed, the older ones stay here, because a round
is read under the plan it was walked under. Persons who left stay too: their old rounds have names.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    func,
    select,
    update,
)

from app.duties.site import Plan, decode_plan
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
)

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


class PlanRow(Struct, frozen=True):
    """One revision of one site's plan."""

    site: str
    revision: int
    sha256: str
    effective: str
    raw: bytes


class TokenRow(Struct, frozen=True):
    kind: str
    id: str
    issue: int
    token: bytes
    made_at: int = 0
    """UTC ms; `add_token` is told it."""


_PLAN = (plans.c.site, plans.c.revision, plans.c.sha256, plans.c.effective, plans.c.raw)
_TOKEN = (tokens.c.kind, tokens.c.id, tokens.c.issue, tokens.c.token, tokens.c.made_at)


def add_plan(tx: Connection, row: PlanRow, at: int) -> None:
    tx.execute(
        insert(plans).values(
            site=row.site,
            revision=row.revision,
            sha256=row.sha256,
            effective=row.effective,
            raw=row.raw,
            imported_at=at,
        )
    )


def newest_plan(tx: Connection, site: str) -> PlanRow | None:
    return _first(tx, site, newest=True)


def plans_of(tx: Connection, site: str) -> list[PlanRow]:
    """Every revision of the site's plan, oldest first."""
    rows = tx.execute(select(*_PLAN).where(plans.c.site == site).order_by(plans.c.revision))
    return [PlanRow(*row) for row in rows]


def plan_walked(tx: Connection, site: str, revision: int, sha256: str) -> PlanRow | None:
    """The revision that a round names, if it is really that one."""
    row = tx.execute(
        select(*_PLAN).where(plans.c.site == site, plans.c.revision == revision, plans.c.sha256 == sha256)
    ).first()
    return PlanRow(*row) if row else None


def plan_on(tx: Connection, site: str, day: str) -> PlanRow | None:
    """The revision valid on a local date: the newest that was in effect by then."""
    row = tx.execute(
        select(*_PLAN).where(plans.c.site == site, plans.c.effective <= day).order_by(plans.c.revision.desc()).limit(1)
    ).first()
    return PlanRow(*row) if row else _first(tx, site, newest=False)


def planned_since(tx: Connection, site: str) -> int | None:
    """When the site's first plan was imported, UTC ms; None while it has none. Before that nothing was asked of it."""
    at: int | None = tx.execute(select(func.min(plans.c.imported_at)).where(plans.c.site == site)).scalar()
    return at


def newest_plans(tx: Connection, within: Sequence[str] = ()) -> dict[str, Plan]:
    """The newest plan of each site; with `within`, of these sites only."""
    newest = select(plans.c.site, func.max(plans.c.revision).label("revision")).group_by(plans.c.site).subquery()
    same = (plans.c.site == newest.c.site) & (plans.c.revision == newest.c.revision)
    wanted = select(plans.c.site, plans.c.raw).join(newest, same).order_by(plans.c.site)
    rows = tx.execute(wanted.where(plans.c.site.in_(within)) if within else wanted)
    return {row.site: decode_plan(row.raw) for row in rows}


def site_plan(tx: Connection, site: str) -> Plan | None:
    """The newest plan of that site; None while there is none."""
    return newest_plans(tx, (site,)).get(site)


def sites(tx: Connection) -> list[str]:
    """Ids of all sites that have a plan."""
    return list(tx.execute(select(plans.c.site).distinct().order_by(plans.c.site)).scalars())


def set_people(tx: Connection, people: dict[str, bytes]) -> None:
    """The newest people file, JSON by person id. Who is not in it any more is kept for old rounds."""
    tx.execute(update(persons).values(present=False))
    for person, raw in people.items():
        row = {"raw": raw, "present": True}
        tx.execute(
            insert(persons).values(person=person, **row).on_conflict_do_update(index_elements=["person"], set_=row)
        )


def people(tx: Connection, *, all_ever: bool = False) -> list[bytes]:
    """JSON of the persons, by id; with `all_ever` also of those who left."""
    question = select(persons.c.raw).order_by(persons.c.person)
    return list(tx.execute(question if all_ever else question.where(persons.c.present)).scalars())


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
    order = plans.c.revision.desc() if newest else plans.c.revision
    row = tx.execute(select(*_PLAN).where(plans.c.site == site).order_by(order).limit(1)).first()
    return PlanRow(*row) if row else None
