"""What the office makes and keeps for recognising people and places: label and badge tokens, PINs.

Handhelds get them as the site's Credentials page: salted hashes only. The tokens themselves stay in the
office's database, because only with them can a label's proof be checked (decision 25).
"""

import secrets
from collections.abc import Collection, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app.codes import FOREIGN, MAX_ISSUE, TOKEN_BYTES, digest, foreign_token, hash_pin, make, printed_issue
from app.duties.days import local_day
from app.duties.site import Credentials, People, Person, Plan, decode_plan
from app.errors import WatchbookError
from app.pages import begins
from sync.office.store import bound as bound_table
from sync.office.store import plans as table
from sync.office.store.changes import publish
from sync.office.store.plans import PlanRow, TokenRow

PIN_DIGITS: Final = (4, 8)
LABELLED: Final = ("point", "asset")
"""Kinds of things that carry labels."""


DAY_MS: Final = 24 * 3600 * 1000


class CredentialRefused(WatchbookError):
    """Whoever sets it: no such person, or no usable PIN."""


class Printed(Struct, frozen=True):
    """A label as it is to be printed."""

    kind: str
    """`point` or `asset`."""
    id: str
    issue: int
    text: str
    """What its QR code holds."""


def take_plan(tx: Connection, plan: Plan, raw: bytes, sha256: str, at: int, by: str = "") -> int:
    """Keep a checked plan as the site's newest revision, make missing label tokens, send it down.

    Revisions live side by side in the changes feed: each handheld uses the newest whose moment has come (decision 22).

    Returns how many labels are new. The caller has numbered the plan.
    """
    site = plan.site.id
    table.add_plan(tx, table.PlanRow(site, plan.revision, sha256, plan.effective, raw, by=by), at)
    _publish_plans(tx, site, at)
    made = _make_labels(tx, plan, at)
    publish_people(tx, site, at)
    publish_credentials(tx, site, at)
    return made


def withdraw_plan(tx: Connection, site: str, revision: int, at: int) -> None:
    """Take back a revision that does not hold yet; handhelds let go of it."""
    table.withdraw(tx, site, revision, at)
    publish(tx, site, "plan", str(revision), None, at)
    publish_people(tx, site, at)
    publish_credentials(tx, site, at)


def take_people(tx: Connection, people: People, at: int) -> None:
    """Keep the newest people file and send each site its own of them."""
    table.set_people(tx, {person.id: msgspec.json.encode(person, order="sorted") for person in people.people})
    _to_all_sites(tx, at)


def join_people(tx: Connection, people: Sequence[Person]) -> None:
    """People who come to the office's; whoever takes a plan with them sends them down with it.

    Who came meanwhile by the people file stays as that says.
    """
    fresh = [person for person in people if not table.is_present(tx, person.id)]
    table.join_people(tx, {person.id: msgspec.json.encode(person, order="sorted") for person in fresh})


def set_pin(tx: Connection, person: str, stored: str, at: int) -> None:
    """Give a person a new PIN (as `stored_pin` made it). Raises CredentialRefused for an unknown person."""
    must_know(tx, person)
    table.set_pin(tx, person, stored, at)
    _to_all_sites(tx, at)


def stored_pin(pin: str) -> str:
    """The salted hash of a PIN. Raises CredentialRefused unless it is four to eight digits."""
    if not (pin.isascii() and pin.isdigit() and PIN_DIGITS[0] <= len(pin) <= PIN_DIGITS[1]):
        raise CredentialRefused("office_cli.bad_pin", least=PIN_DIGITS[0], most=PIN_DIGITS[1])
    return hash_pin(pin, secrets.token_bytes(16))


def make_badge(tx: Connection, person: str, at: int) -> str:
    """A new badge for a person; the one before opens nothing any more. Raises CredentialRefused."""
    must_know(tx, person)
    earlier = table.tokens_of(tx, "", "person", person)
    issue = earlier[-1].issue + 1 if earlier else 1
    if issue > MAX_ISSUE:
        raise CredentialRefused("office_cli.too_many_badges", person=person)
    row = TokenRow("person", person, issue, secrets.token_bytes(TOKEN_BYTES))
    table.add_token(tx, "", row, at)
    _to_all_sites(tx, at)
    return make(row.issue, row.token)


def must_know(tx: Connection, person: str) -> None:
    """Raises CredentialRefused for somebody who is not in the people file."""
    if not table.is_present(tx, person):
        raise CredentialRefused("office_cli.no_person", person=person)


def labels(tx: Connection, site: str) -> dict[str, str]:
    """The newest label of each point: its code by point id."""
    return {row.id: make(row.issue, row.token) for row in table.tokens_of(tx, site, "point")}


def printed(tx: Connection, site: str, url: str = "") -> list[Printed]:
    """The newest label of each point and each asset that carries one by the newest plan, in the plan's order.

    With `url` (see `codes.label_base`) in the form of an address. Nothing for a site without a plan.
    """
    row = table.newest_plan(tx, site)
    if row is None:
        return []
    newest = {(row.kind, row.id): row for kind in LABELLED for row in table.tokens_of(tx, site, kind)}
    rows = [newest[thing] for thing in _labelled(decode_plan(row.raw)) if thing in newest]
    return [Printed(row.kind, row.id, row.issue, make(row.issue, row.token, url)) for row in rows]


def people_of(tx: Connection) -> People:
    """The people file as the office has it."""
    return People(tuple(msgspec.json.decode(raw, type=Person) for raw in table.people(tx)))


def everybody(tx: Connection) -> dict[str, Person]:
    """By id: who is in the people file, and who ever was, for old rounds name them."""
    people = (msgspec.json.decode(raw, type=Person) for raw in table.people(tx, all_ever=True))
    return {person.id: person for person in people}


def named(tx: Connection, those: Collection[str]) -> dict[str, Person]:
    """Of them the same, by id."""
    people = (msgspec.json.decode(raw, type=Person) for raw in table.people_named(tx, those))
    return {person.id: person for person in people}


def people_at(tx: Connection, site: str, at: int) -> People:
    """Those of the people file to whom the site's plan grants a role, today's or a coming one (decision 15)."""
    plans = [decode_plan(row.raw) for row in _holding(tx, site, at)]
    granted = {grant.person for plan in plans for grant in plan.grants}
    return People(tuple(person for person in people_of(tx).people if person.id in granted))


def publish_people(tx: Connection, site: str, at: int) -> None:
    """Send the site's handhelds the people who work there."""
    publish(tx, site, "people", site, msgspec.json.encode(people_at(tx, site, at), order="sorted"), at)


def publish_credentials(tx: Connection, site: str, at: int) -> None:
    """Send the site's handhelds what they recognise codes and PINs by."""
    publish(tx, site, "credentials", site, msgspec.json.encode(_credentials(tx, site, at), order="sorted"), at)


def _credentials(tx: Connection, site: str, at: int) -> Credentials:
    salt = table.salt(tx, site, secrets.token_hex(16))
    here = {person.id for person in people_at(tx, site, at).people}
    badges = {row.id: row for row in table.tokens_of(tx, "", "person") if row.id in here}
    rows = [*(row for kind in LABELLED for row in table.tokens_of(tx, site, kind)), *badges.values()]
    codes = {digest(salt, row.token): f"{row.kind}:{row.id}/{printed_issue(row.issue)}" for row in rows}
    for bound in bound_table.bound(tx, site):
        codes[digest(salt, foreign_token(bound.text))] = f"{bound.kind}:{bound.id}/{FOREIGN}{bound.number}"
    pins = {person: pin for person, pin in table.pins_of(tx).items() if person in here}
    return Credentials(salt=salt, codes=codes, pins=pins)


def _publish_plans(tx: Connection, site: str, at: int) -> None:
    """Send down what holds or will, and what held until yesterday: a round may still be walked under that."""
    rows = table.plans_of(tx, site, withdrawn=True)
    kept = {row.revision for row in _holding(tx, site, at, days_ago=1)}  # none that was withdrawn
    for row in rows:
        publish(tx, site, "plan", str(row.revision), row.raw if row.revision in kept else None, at)


def _holding(tx: Connection, site: str, at: int, days_ago: int = 0) -> list[PlanRow]:
    """The revisions that held so many days before `at` (UTC ms), or will hold later, oldest first."""
    rows = table.plans_of(tx, site)
    if not rows:
        return []
    then = at - days_ago * DAY_MS
    today = local_day(then, ZoneInfo(decode_plan(rows[-1].raw).site.zone))
    begun = [row for row in rows if row.effective < today or (row.effective == today and _begins(row) <= then)]
    oldest = max((row.revision for row in begun), default=0)
    return [row for row in rows if row.revision >= oldest]


def _begins(row: PlanRow) -> int:
    return begins(decode_plan(row.raw))


def _make_labels(tx: Connection, plan: Plan, at: int) -> int:
    have = {(row.kind, row.id) for kind in LABELLED for row in table.tokens_of(tx, plan.site.id, kind)}
    wanted = [thing for thing in _labelled(plan) if thing not in have]
    for kind, id in wanted:
        row = TokenRow(kind, id, 1, secrets.token_bytes(TOKEN_BYTES))
        table.add_token(tx, plan.site.id, row, at)
    return len(wanted)


def _labelled(plan: Plan) -> list[tuple[str, str]]:
    """Kind and id of what carries a label."""
    points = [("point", point.id) for point in plan.points if point.label]
    return points + [("asset", asset.id) for asset in plan.assets if asset.label]


def _to_all_sites(tx: Connection, at: int) -> None:
    for site in table.sites(tx):
        publish_people(tx, site, at)
        publish_credentials(tx, site, at)
