"""Tags with a secret: their keys, the identities that go down to handhelds, and what a hearing is worth by them.

A hearing is kept as a VisitRow, with what its tag's key makes of the frame; what that is worth beside the other
hearings of the tag, by whichever handheld, `tell` asks the rules of app.duties.genuine. The same records give the
same answers in whatever order they came.
"""

import re
from collections.abc import Sequence
from functools import reduce
from typing import Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.clones import HEARD, Count, History, count_of, remember, unheard_after
from app.duties.genuine import Genuine, drift_ms, judge_counter, judge_lag, stands_at, widest_lag
from app.duties.review import NearAt, Told, two_places
from app.duties.site import EID, Plan, decode_plan
from app.errors import WatchbookError
from app.kinds import BleEvidence, Evidence, StopArrived, TagCalibrated, read
from app.pages import TableSent, TablesSent
from app.record import Record
from app.text import clean
from hardware.bthome import Measured
from hardware.tags import Advert, Decoded, decode
from sync.office.ciphers import EID_BYTES, KEY_BYTES, identities, open_bthome
from sync.office.details import Heard
from sync.office.store import plans as plan_table
from sync.office.store import rounds as round_table
from sync.office.store import tags as table
from sync.office.store import visits
from sync.office.store.changes import publish
from sync.office.store.records import Stored, cursor, move_cursor
from sync.office.store.tags import KeyRow
from sync.office.store.visits import TOGETHER_MS, CalibrationRow, VisitRow

BTHOME: Final = "bthome"
PAGE: Final = "tag-tables"
DAY_MS: Final = 24 * 3600 * 1000
BEHIND_MS, AHEAD_MS, RENEW_MS = DAY_MS, 2 * DAY_MS, DAY_MS
"""The tables reach from a day ago to two days ahead, and are made anew when less than a day of them is left."""
EXPONENTS: Final = range(8, 16)
"""How often an identity may change, 2^exponent s: faster ones would make tables that nobody can carry."""
MOST_IDS: Final = 360_000
"""In a site's tables: 3.9 MB on the way, of the 4 MiB that a page may have. 700 tags at 512 s."""
RECORDED_MS: Final = 60 * DAY_MS
"""How old a recording may be and still be known for one; an older identity is no identity of the tag's."""
BLOCK: Final = 1024
"""Windows that are looked through at a time, always the same ones, so that they are computed once."""
TURN: Final = "tags/turn"
"""A number that grows whenever what bears on verdicts has changed."""
LATEST_MS: Final = 2**53
NO_HISTORY: Final[History] = ()
MOST_FRAMES: Final = 8
MOST_DIGITS: Final = 600
_ADDRESS: Final = re.compile(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", re.ASCII)


class KeyRefused(WatchbookError):
    """Whoever tells it: no such tag in the plan, no such key, or too many identities to send."""


class Keys:
    """The keys of one site's tags."""

    def __init__(self, rows: Sequence[KeyRow]) -> None:
        self._rows: dict[tuple[str, str], list[KeyRow]] = {}
        for row in rows:
            self._rows.setdefault((row.format, row.tag), []).append(row)

    def at(self, kind: str, tag: str, at: int) -> KeyRow | None:
        """The tag's key at that moment: the newest one told for it, or the first for what was heard before."""
        rows = self._rows.get((kind, tag), [])
        held = [row for row in rows if row.since <= at] or rows[:1]
        return max(held, key=lambda row: (row.since, row.issue)) if held else None

    def newest(self, at: int) -> list[KeyRow]:
        """The key of each tag at that moment, by format and tag."""
        return [row for kind, tag in sorted(self._rows) if (row := self.at(kind, tag, at)) is not None]


def keys_of(tx: Connection, site: str) -> Keys:
    return Keys(table.keys_of(tx, site))


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
            _stands(tx, row, now) if row.format == EID else None,
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
        now = visit_of(stored[0], keys) if stored and stored[0].raw else None
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
    window, zero = _window_ms(key), (key.zero or 0) + _stands(tx, key, now)
    first = (now - BEHIND_MS - zero) // window
    count = (now + AHEAD_MS - zero) // window - first + 1
    return TableSent(key.tag, zero + first * window, window, identities(key.key, key.exponent or 0, first, count))


def _stands(tx: Connection, key: KeyRow, now: int) -> int:
    """How far the beacon's clock is behind, ms, of where it was set."""
    probe = VisitRow(key.site, b"", 0, "", "", now, EID, key.tag, issue=key.issue)
    return stands_at(visits.lags_before(tx, probe, now))


def _window_ms(key: KeyRow) -> int:
    return 1000 << (key.exponent or 0)


# -- what was heard ------------------------------------------------------------------------------


def visit_of(stored: Stored, keys: Keys) -> VisitRow | None:
    """The arrival that a record tells of; None when it is another one."""
    if stored.kind != "stop.arrived" or stored.quarantine is not None:
        return None
    record = msgspec.json.decode(stored.raw, type=Record)
    body = read(record)
    if not isinstance(body, StopArrived):
        return None
    evidence = body.evidence
    health = evidence.label.health if evidence.label is not UNSET else UNSET
    row = VisitRow(
        stored.site,
        stored.book,
        stored.seq,
        body.round[:200],
        body.point[:64],
        _office_time(record),
        labelled=evidence.label is not UNSET,
        elsewhere=_named(evidence.elsewhere) if evidence.elsewhere is not UNSET else "",
        radio=HEARD if evidence.ble is not UNSET else (evidence.radio or "")[:20],
        health=health if isinstance(health, int) and 0 <= health <= 100 else None,
    )
    return row if evidence.ble is UNSET else _with_beacon(row, record, evidence.ble, keys)


def calibration_of(stored: Stored) -> CalibrationRow | None:
    """What an installer measured, as a record tells it; None when it is another one."""
    if stored.kind != "tag.calibrated" or stored.quarantine is not None:
        return None
    record = msgspec.json.decode(stored.raw, type=Record)
    body = read(record)
    if not isinstance(body, TagCalibrated):
        return None
    named = (body.format[:20], body.tag[:200])
    return CalibrationRow(stored.site, stored.book, stored.seq, *named, _office_time(record), body.level)


def _office_time(record: Record) -> int:
    """UTC ms."""
    return min(max(record.at + (record.off or 0), 0), LATEST_MS)


def _named(heard: BleEvidence) -> str:
    return visits.name_of(heard.format[:20], heard.tag[:200])


def _with_beacon(row: VisitRow, record: Record, heard: BleEvidence, keys: Keys) -> VisitRow:
    address = heard.address.upper()
    frames, count = _frames(address, heard), count_of(heard, record)
    named = replace(
        row,
        format=heard.format[:20],
        tag=heard.tag[:200],
        address=address if _ADDRESS.fullmatch(address) else "",
        count=msgspec.json.encode(count) if count else None,
        **_battery([each.said for each in frames]),
    )
    key = keys.at(heard.format, heard.tag, row.at)
    if key is None:
        return named
    if key.format == EID:
        lag = _lag(key, [each.id for each in frames if each.format == EID], row.at)
        return replace(named, issue=key.issue, lag=lag, clock=_clock(key, lag, row.at))
    opened = _opened(key, named.address, frames)
    if opened is None:
        return replace(named, issue=key.issue)
    counter, battery = opened.counters["counter"], _battery([*(each.said for each in frames), opened])
    return replace(named, issue=key.issue, counter=counter, **battery)


def _frames(address: str, heard: BleEvidence) -> list[Decoded]:
    """The frames of the record, understood; what is none of our formats is left out."""
    return [each for frame in (heard.frame, *heard.frames[:MOST_FRAMES]) for each in _decoded(address, frame)]


def _decoded(address: str, frame: str) -> tuple[Decoded, ...]:
    carrier, _, digits = frame[:MOST_DIGITS].partition(":")
    try:
        data = bytes.fromhex(digits)
        company = {int(carrier[1:], 16): data} if carrier[:1] == "m" else {}
    except ValueError:
        return ()
    return decode(Advert(address, 0, 0, company, {carrier[1:]: data} if carrier[:1] == "s" else {}))


def _battery(said: Sequence[Measured]) -> dict[str, int | None]:
    """The last figures that any of the frames tells."""
    percents = [each.battery_pct for each in said if each.battery_pct is not None]
    volts = [each.battery_mv for each in said if each.battery_mv is not None]
    return {"battery_pct": percents[-1] if percents else None, "battery_mv": volts[-1] if volts else None}


def _opened(key: KeyRow, address: str, frames: Sequence[Decoded]) -> Measured | None:
    """The newest enciphered frame that the key opens."""
    for each in reversed(frames):
        if each.format == BTHOME and each.said.encrypted and address:
            opened = open_bthome(key.key, address, bytes.fromhex(each.frame.partition(":")[2]))
            if opened is not None:
                return opened
    return None


def _lag(key: KeyRow, eids: Sequence[str], at: int) -> int | None:
    """How long after its time, by the beacon's clock as it was set, an identity was heard; None: it sends no such."""
    window, exponent, zero = _window_ms(key), key.exponent or 0, key.zero or 0
    now = (at - zero) // window
    ahead = (widest_lag(window) + drift_ms(at - key.since)) // window + 1
    wanted = [bytes.fromhex(eid) for eid in eids]
    for block in range((now + ahead) // BLOCK, (now - RECORDED_MS // window) // BLOCK - 1, -1):
        sent = identities(key.key, exponent, block * BLOCK, BLOCK)
        for eid in wanted:
            place = _place(sent, eid)
            if place is not None:
                return at - (zero + (block * BLOCK + place) * window + window // 2)
    return None


def _place(sent: bytes, eid: bytes) -> int | None:
    at = sent.find(eid)
    while at >= 0 and at % EID_BYTES:
        at = sent.find(eid, at + 1)
    return at // EID_BYTES if at >= 0 else None


def _clock(key: KeyRow, lag: int | None, at: int) -> int | None:
    """The lag where a clock may really have drifted so far: it tells where the clock stands."""
    drifted = widest_lag(_window_ms(key)) + drift_ms(at - key.since)
    return lag if lag is not None and abs(lag) <= drifted else None


# -- what it is worth ----------------------------------------------------------------------------


def tell(tx: Connection, row: VisitRow, evidence: Evidence, keys: Keys, plan: Plan | None) -> Heard:
    """What the other visits and the tag's key say of this one."""
    radios = visits.radios_before(tx, row) if evidence.ble is UNSET else []
    told = Told(
        two_places=plan is not None and _in_two_places(tx, row, plan),
        unheard=reduce(lambda count, radio: unheard_after(count, Evidence(radio=radio)), radios, 0),
    )
    return Heard(told) if evidence.ble is UNSET else _tell_beacon(tx, row, evidence.ble, keys, told)


def _tell_beacon(tx: Connection, row: VisitRow, heard: BleEvidence, keys: Keys, told: Told) -> Heard:
    key = keys.at(row.format, row.tag, row.at) if row.issue is not None else None
    lags = visits.lags_before(tx, row, row.at - TOGETHER_MS) if key and key.format == EID else []
    frames = _frames(row.address, heard)
    opened = _opened(key, row.address, frames) if key and key.format == BTHOME else None
    said = [*(each.said for each in frames), *([opened] if opened else [])]
    genuine = _genuine(tx, row, key, lags, frames)
    history = () if key and key.format == BTHOME else _history(tx, row)
    return Heard(
        replace(told, genuine=genuine, history=history),
        row.counter,
        row.lag - stands_at(lags) if row.lag is not None else None,
        row.battery_pct,
        row.battery_mv,
        tuple(sorted({name: str(value) for each in said for name, value in each.values.items()}.items())),
    )


def _genuine(
    tx: Connection, row: VisitRow, key: KeyRow | None, lags: Sequence[int], frames: Sequence[Decoded]
) -> Genuine | None:
    if key is not None and key.format == EID:
        return judge_lag(row.lag, lags, _window_ms(key))
    if key is not None:
        return judge_counter(row.counter, visits.highest_before(tx, row))
    enciphered = any(each.format == BTHOME and each.said.encrypted for each in frames)
    return Genuine.UNKNOWN if enciphered or row.format == EID else None


def _history(tx: Connection, row: VisitRow) -> History:
    if row.count is None:
        return ()
    counts = (msgspec.json.decode(raw, type=Count) for raw in visits.counts_before(tx, row))
    return reduce(remember, counts, NO_HISTORY)


def _in_two_places(tx: Connection, row: VisitRow, plan: Plan) -> bool:
    """Whether a tag of this visit was near at another point too, sooner than anybody walks there."""
    names = [(row.format, row.tag)] if row.labelled and row.tag else []
    names += [_unnamed(row.elsewhere)] if row.elsewhere else []
    own = _key(row)
    return any(
        own in two_places([NearAt(_key(each), name, each.point, each.at) for each in those], plan)
        for name in names
        if len(those := visits.placed(tx, row.site, *name, row.at)) > 1
    )


def _key(row: VisitRow) -> str:
    return f"{row.book.hex()}:{row.seq}"


def _unnamed(name: str) -> tuple[str, str]:
    kind, _, tag = name.partition(" ")
    return kind, tag
