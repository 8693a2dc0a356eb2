"""Labels made anew, and makers' codes bound to points and assets (decision 25).

A new issue of a label withdraws the one before: whoever still scans that is marked. A maker's code (a barcode, a
DataMatrix, an address on a plate) can be read by anybody and copied by anybody: it counts as a label does, no more.
"""

import secrets
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection

from app import codes, witness
from app.duties.site import Plan, decode_plan
from app.errors import WatchbookError
from app.text import clean
from sync.office.credentials import LABELLED, publish_credentials
from sync.office.proofs import Badges, Label, Labels
from sync.office.store import bound as bound_table
from sync.office.store import plans as table
from sync.office.store.bound import BoundRow
from sync.office.store.plans import TokenRow


class CodeRefused(WatchbookError):
    """Whoever typed the command: no such thing, or no code that can be bound."""


class Known(Struct, frozen=True):
    """A code that means something at a site."""

    kind: str
    id: str
    issue: str
    """As records name it: `03` of our label, `x1` of a maker's code."""
    made_at: int
    text: str = ""
    """Of a maker's code. That of a label of ours is told only where it is printed."""


def reissue(tx: Connection, site: str, named: str, at: int) -> TokenRow:
    """A new label for a point or an asset; scans of the one before are marked from now on. Raises CodeRefused."""
    kind, id = _thing(_plan(tx, site), named)
    earlier = table.tokens_of(tx, site, kind, id)
    if not earlier:
        raise CodeRefused("office_codes.no_label", thing=id)
    if earlier[-1].issue >= codes.MAX_ISSUE:
        raise CodeRefused("office_codes.no_issue_left", thing=id)
    row = TokenRow(kind, id, earlier[-1].issue + 1, secrets.token_bytes(codes.TOKEN_BYTES))
    table.add_token(tx, site, row, at)
    publish_credentials(tx, site, at)
    return row


def bind(tx: Connection, site: str, named: str, text: str, at: int) -> Known:
    """Let a maker's code stand for a point or an asset. `text` is as a scanner gave it. Raises CodeRefused."""
    kind, id = _thing(_plan(tx, site), named)
    text = _bindable(text)
    held = bound_table.bound(tx, site, all_ever=True)
    same = next((row for row in held if row.text == text and row.ended_at is None), None)
    if same is not None:
        raise CodeRefused("office_codes.bound_already", thing=same.id, issue=_issue(same))
    number = sum((row.kind, row.id) == (kind, id) for row in held) + 1
    row = BoundRow(kind, id, number, text, at)
    bound_table.add(tx, site, row)
    publish_credentials(tx, site, at)
    return _known(row)


def unbind(tx: Connection, site: str, given: str, at: int) -> Known:
    """Let a maker's code go, named by its text or as `ID/x1`. Raises CodeRefused."""
    _plan(tx, site)
    text = codes.bare(given)
    found = [row for row in bound_table.bound(tx, site) if text in (row.text, f"{row.id}/{_issue(row)}")]
    if len(found) != 1:
        raise CodeRefused("office_codes.not_bound", text=clean(text, 80))
    bound_table.end(tx, site, found[0], at)
    publish_credentials(tx, site, at)
    return _known(found[0])


def known(tx: Connection, site: str) -> list[Known]:
    """The newest label of each thing, and every maker's code that holds. Raises CodeRefused."""
    _plan(tx, site)
    newest = {(row.kind, row.id): row for kind in LABELLED for row in table.tokens_of(tx, site, kind)}
    ours = [Known(row.kind, row.id, codes.printed_issue(row.issue), row.made_at) for row in newest.values()]
    return sorted((*ours, *map(_known, bound_table.bound(tx, site))), key=lambda each: (each.kind, each.id, each.issue))


def labels_of(tx: Connection, site: str) -> Labels:
    """Every code that ever stood for a thing of the site, with the time from which it was withdrawn."""
    found: dict[tuple[str, str], list[Label]] = {}
    for kind in LABELLED:
        for id, rows in _by_id(table.tokens_of(tx, site, kind)).items():
            ends = [*(row.made_at for row in rows[1:]), None]
            labels = zip(rows, ends, strict=True)
            found[kind, id] = [Label(codes.printed_issue(row.issue), row.token, end) for row, end in labels]
    for bound in bound_table.bound(tx, site, all_ever=True):
        label = Label(_issue(bound), codes.foreign_token(bound.text), bound.ended_at)
        found.setdefault((bound.kind, bound.id), []).append(label)
    return found


def badges_of(tx: Connection) -> Badges:
    """Every badge that was ever made, by person, oldest issue first."""
    by_id = _by_id(table.tokens_of(tx, "", "person"))
    return {id: [Label(codes.printed_issue(row.issue), row.token) for row in rows] for id, rows in by_id.items()}


def _by_id(rows: Sequence[TokenRow]) -> dict[str, list[TokenRow]]:
    found: dict[str, list[TokenRow]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row)
    return found


def _plan(tx: Connection, site: str) -> Plan:
    row = table.newest_plan(tx, site)
    if row is None:
        raise CodeRefused("office_cli.no_site", site=site[:64])
    return decode_plan(row.raw)


def _thing(plan: Plan, named: str) -> tuple[str, str]:
    """Kind and id of `ID`, `point:ID` or `asset:ID`."""
    kind, colon, id = named.rpartition(":")
    things = [("point", point.id) for point in plan.points] + [("asset", asset.id) for asset in plan.assets]
    found = [thing for thing in things if thing[1] == id and (not colon or thing[0] == kind)]
    if len(found) != 1:
        raise CodeRefused("office_codes.two_things" if found else "office_codes.no_thing", thing=clean(named, 80))
    return found[0]


def _bindable(given: str) -> str:
    """The text that is bound. Refuses what could be mistaken for something else, or names nothing."""
    text = codes.bare(given)
    if codes.may_hold_token(text) or witness.is_head(text):
        raise CodeRefused("office_codes.ours")
    if len(text) < codes.LEAST_FOREIGN:
        raise CodeRefused("office_codes.too_short", least=codes.LEAST_FOREIGN)
    if len(text) > codes.MAX_TEXT:
        raise CodeRefused("office_codes.too_long", most=codes.MAX_TEXT)
    if clean(text, codes.MAX_TEXT) != text:
        raise CodeRefused("office_codes.unprintable")
    return text


def _issue(row: BoundRow) -> str:
    return f"{codes.FOREIGN}{row.number}"


def _known(row: BoundRow) -> Known:
    return Known(row.kind, row.id, _issue(row), row.made_at, row.text)
