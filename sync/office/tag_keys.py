"""Tags with a secret: telling the office their keys, and the identities that go down to handhelds ahead of time."""

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.rotating import EID_BYTES, EXPONENTS
from app.duties.site import EID, decode_plan
from app.errors import WatchbookError
from app.pages import TableSent, TablesSent
from app.text import clean
from sync.office import hearings
from sync.office.ciphers import KEY_BYTES, identities
from sync.office.keyring import BTHOME, clock_lag, keys_of, window_ms
from sync.office.store import plans as plan_table
from sync.office.store import rounds as round_table
from sync.office.store import tags as table
from sync.office.store import visits
from sync.office.store.changes import publish
from sync.office.store.records import cursor, move_cursor
from sync.office.store.tags import KeyRow

PAGE: Final = "tag-tables"
DAY_MS: Final = 24 * 3600 * 1000
BEHIND_MS, AHEAD_MS, RENEW_MS = DAY_MS, 2 * DAY_MS, DAY_MS
"""The tables reach from a day ago to two days ahead, and are made anew when less than a day of them is left."""
MOST_IDS: Final = 360_000
"""In a site's tables: 3.9 MB on the way, of the 4 MiB that a page may have. 700 tags at 512 s."""
TURN: Final = "tags/turn"
"""A number that grows whenever what bears on verdicts has changed."""


class KeyRefused(WatchbookError):
    """Whoever tells it: no such tag in the plan, no such key, or too many identities to send."""


# -- telling a key -------------------------------------------------------------------------------


def needs_key(kind: str) -> bool:
    """Whether tags of that format cannot do without a key. A sensor tells only when heard that it enciphers."""
    return kind == EID


def parse_key(text: str) -> bytes:
    """The key in hex. Raises KeyRefused, without repeating it."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyRefused("office_tags.bad_key", digits=2 * KEY_BYTES)
    return key


def tell_eid(tx: Connection, site: str, tag: str, key: bytes, exponent: int, counter: int, at: int, now: int) -> int:
    """Keep the identity key of a tag whose clock stood at `counter` seconds at `at`, and send tables; its issue.

    Raises KeyRefused.
    """
    if exponent not in EXPONENTS:
        raise KeyRefused("office_tags.bad_exponent", least=EXPONENTS[0], most=EXPONENTS[-1])
    issue = _tell(tx, KeyRow(site, EID, tag, 0, key, at, exponent, at - 1000 * counter))
    count = publish_tables(tx, site, now)
    if count > MOST_IDS:
        raise KeyRefused("office_tags.too_many", count=count, most=MOST_IDS)
    return issue


def tell_bthome(tx: Connection, site: str, address: str, key: bytes, at: int) -> int:
    """Keep the bind key of an enciphered sensor; its issue. Told again, its counter may begin anew at `at`.

    Raises KeyRefused.
    """
    return _tell(tx, KeyRow(site, BTHOME, address.upper(), 0, key, at))


def _tell(tx: Connection, row: KeyRow) -> int:
    if (row.format, row.tag) not in planned(tx, row.site):
        raise KeyRefused("office_tags.no_tag", site=row.site, format=row.format, tag=clean(row.tag, 80))
    before = [each for each in table.keys_of(tx, row.site) if (each.format, each.tag) == (row.format, row.tag)]
    told = replace(row, issue=len(before) + 1)
    table.add_key(tx, told)
    _judge_again(tx, row.site, row.format, row.tag)
    return told.issue


def without_key(tx: Connection, site: str) -> list[str]:
    """The tags of the newest plan whose key nobody has told."""
    known = {(row.format, row.tag) for row in table.keys_of(tx, site)}
    return sorted(tag for kind, tag in planned(tx, site) if needs_key(kind) and (kind, tag) not in known)


class Keyed(Struct, frozen=True):
    """A tag that has a key, without the key."""

    site: str
    format: str
    tag: str
    point: str | None
    """None when the newest plan has no such tag."""
    issue: int
    since: int
    exponent: int | None
    clock_ms: int | None
    """How far its clock has drifted from where it was set, as the last hearings told; None where it has none."""


def keyed(tx: Connection, site: str, now: int) -> list[Keyed]:
    """The tags of a site that have a key."""
    points = planned(tx, site)
    return [
        Keyed(
            site,
            row.format,
            row.tag,
            points.get((row.format, row.tag)),
            row.issue,
            row.since,
            row.exponent,
            clock_lag(tx, row, now) if row.format == EID else None,
        )
        for row in keys_of(tx, site).newest(now)
    ]


def planned(tx: Connection, site: str) -> dict[tuple[str, str], str]:
    """The point of each tag, by format and tag, in the site's newest plan."""
    newest = plan_table.newest_plan(tx, site)
    points = decode_plan(newest.raw).points if newest else ()
    return {(tag.format, tag.id): point.id for point in points for tag in point.tags}


def _judge_again(tx: Connection, site: str, kind: str, tag: str) -> None:
    """What was heard of a tag, by the keys as they are now."""
    keys = keys_of(tx, site)
    next_turn(tx, site)
    for row in visits.of_tag(tx, site, kind, tag):
        stored = round_table.records_between(tx, site, row.book, row.seq, row.seq, 1)
        now = hearings.visit_of(stored[0], keys) if stored and stored[0].raw else None
        if now is not None and now != row:
            visits.put(tx, now)
            visits.touch(tx, now)
            visits.mark(tx, now)


def turn_of(tx: Connection, site: str) -> int:
    return cursor(tx, site, TURN)


def next_turn(tx: Connection, site: str) -> int:
    turn = turn_of(tx, site) + 1
    move_cursor(tx, site, TURN, turn)
    return turn


# -- tables for handhelds ------------------------------------------------------------------------


def tables_end_soon(tx: Connection, site: str, now: int) -> bool:
    until = table.span_end(tx, site)
    return until is not None and until < now + RENEW_MS


def renew_tables(tx: Connection, site: str, now: int) -> None:
    """Send the next tables, unless somebody has meanwhile."""
    if tables_end_soon(tx, site, now):
        publish_tables(tx, site, now)


def publish_tables(tx: Connection, site: str, now: int) -> int:
    """Send the identities around `now` (UTC ms) of every tag of the site; how many that are."""
    tables = [_table(tx, key, now) for key in keys_of(tx, site).newest(now) if key.format == EID]
    if not tables:
        return 0
    body = msgspec.json.encode(TablesSent(tuple(tables)), order="sorted")
    publish(tx, site, PAGE, site, body, now)
    ends = [each.first + each.window_ms * (len(each.ids) // EID_BYTES) for each in tables]
    table.set_span_end(tx, site, min(ends))
    return sum(len(each.ids) for each in tables) // EID_BYTES


def _table(tx: Connection, key: KeyRow, now: int) -> TableSent:
    """Beginning where the beacon's clock stands by what was heard of it."""
    window, zero = window_ms(key), (key.zero or 0) + clock_lag(tx, key, now)
    first = (now - BEHIND_MS - zero) // window
    count = (now + AHEAD_MS - zero) // window - first + 1
    return TableSent(key.tag, zero + first * window, window, identities(key.key, key.exponent or 0, first, count))
