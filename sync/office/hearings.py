"""What was heard of tags, as the records of arrivals tell it, and what each hearing is worth by its tag's key.

A hearing is kept as a VisitRow, with what the key makes of the frame; what that is worth beside the other hearings of
the tag, by whichever handheld, `tell` asks the rules of app.duties.genuine. The same records give the same answers in
whatever order they came.
"""

import re
from collections.abc import Sequence
from functools import reduce
from typing import Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.clones import HEARD, Count, History, count_of, remember, unheard_after
from app.duties.days import office_time
from app.duties.genuine import Genuine, drift_ms, judge_counter, judge_lag, stands_at, widest_lag
from app.duties.review import NearAt, Told, two_places
from app.duties.rotating import EID_BYTES
from app.duties.site import EID, Plan
from app.kinds import BleEvidence, Evidence, StopArrived, read
from app.kinds.senses import TagCalibrated
from app.record import Record
from hardware.bthome import Measured
from hardware.tags import Advert, Decoded, decode
from sync.office.ciphers import identities, open_bthome
from sync.office.details import Heard
from sync.office.keyring import BTHOME, Keys, window_ms
from sync.office.store import visits
from sync.office.store.records import Stored
from sync.office.store.tags import KeyRow
from sync.office.store.visits import LATEST_MS, TOGETHER_MS, CalibrationRow, VisitRow

RECORDED_MS: Final = 60 * 24 * 3600 * 1000
"""How old a recording may be and still be known for one; an older identity is no identity of the tag's."""
BLOCK: Final = 1024
"""Windows that are looked through at a time, always the same ones, so that they are computed once."""
NO_HISTORY: Final[History] = ()
MOST_FRAMES: Final = 8
MOST_DIGITS: Final = 600
_ADDRESS: Final = re.compile(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", re.ASCII)


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
        _within_reach(record),
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
    return CalibrationRow(stored.site, stored.book, stored.seq, *named, _within_reach(record), body.level)


def _within_reach(record: Record) -> int:
    """When it was by the office's clock, UTC ms, as far as a time may lie."""
    return min(max(office_time(record), 0), LATEST_MS)


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
    window, exponent, zero = window_ms(key), key.exponent or 0, key.zero or 0
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
    drifted = widest_lag(window_ms(key)) + drift_ms(at - key.since)
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
        return judge_lag(row.lag, lags, window_ms(key))
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
