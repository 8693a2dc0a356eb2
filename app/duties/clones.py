"""What tells a tag from its copy: the address it sends from, its own counters, an identity that changes.

Judged on what one record holds and on the tag's counters in the records before it, so that the office comes to the
same. A beacon that does not pass proves no visit; nobody is turned away, the label is asked for. What none of this
finds is said in docs/evidence.md.
"""

from enum import StrEnum
from typing import Final, Protocol

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app.duties.days import office_time
from app.duties.evidence import Mark
from app.duties.genuine import Genuine
from app.duties.rotating import Tables
from app.duties.site import EID, Tag
from app.duties.ways import Instant
from app.kinds import BleEvidence, Evidence

UNHEARD: Final = 3
"""Rounds running by label alone, with the radio working and no beacon heard, after which a fitter is sent."""


class Timed(Instant, Protocol):
    """When something happened, and how far the office's clock was off: a record, or the handheld's moment."""

    @property
    def off(self) -> int | None: ...


class Worth(Struct, frozen=True):
    """What a beacon is worth besides how near it is."""

    passes: bool = True
    """Being near it proves a visit."""
    genuine: Genuine | None = None
    """None: its format holds no secret."""
    marks: tuple[Mark, ...] = ()


def judge_tag(tag: Tag, heard: BleEvidence, genuine: Genuine | None, history: "History", when: Timed | None) -> Worth:
    """Whether `heard` is `tag` itself, as far as can be told. `history`: its counters in earlier records."""
    other = not tag.may_send_from(heard.address)
    bound = tag.address is not None and not other
    twice = bool(heard.also)
    now = count_of(heard, when) if when else None
    back = genuine is Genuine.BACK or (now is not None and contradicts(history, now))
    found = {
        Mark.CLONED: genuine is Genuine.CLONED or twice or (other and back),
        Mark.OTHER_ADDRESS: other,
        Mark.COUNTER_BACK: back and not other,
        Mark.TO_VERIFY: genuine is Genuine.UNKNOWN,
    }
    passes = not (genuine is Genuine.CLONED or other or back or (twice and not bound))
    return Worth(passes, genuine, tuple(mark for mark, yes in found.items() if yes))


def genuine_of(heard: BleEvidence, tables: Tables, at: int) -> Genuine | None:
    """What a handheld can tell at `at` (office time, UTC ms), which has identities ahead but no key."""
    if heard.format == EID:
        identity = eid_of(heard.frame)
        if tables.name(identity, at) == heard.tag:
            return Genuine.GOOD
        return Genuine.CLONED if tables.stale(identity, at) == heard.tag else Genuine.UNKNOWN
    return Genuine.UNKNOWN if _enciphered(heard.frame) else None


def eid_of(frame: str) -> str:
    """The changing identity in an Eddystone-EID frame as of a sighting, 16 hex digits."""
    return frame.partition(":")[2][4:20].lower()


# -- counters ------------------------------------------------------------------------------------

TICKS_MS: Final = (100, 1000)
"""What one step of TLM's time means: 0.1 s by the specification, a second with makers who misread it."""
SLACK_MS: Final = 60_000
"""A counter may have been heard up to half a minute before its record, at either end."""
DRIFT: Final = 0.02
"""By how much a tag's clock may be wrong."""
FASTEST: Final = 100
"""Nothing counts faster than this, a second."""
YOUNG: Final = 100
"""A BTHome counter below this may have begun anew with a battery."""
HOLDS_MS: Final = 600_000
"""So long a sensor may repeat one enciphered frame."""


class Count(Struct, frozen=True, array_like=True):
    """A tag's counters as one record holds them."""

    at: int
    """Office time where it was known, UTC ms."""
    up: int
    boot: str
    secs: int | None = None
    """TLM: time since the tag's battery was put in, in the tag's own steps."""
    advs: int | None = None
    """TLM: frames sent since then."""
    counter: int | None = None
    """BTHome's, of an enciphered frame."""
    restarted: bool = False
    """It had begun anew since the record before."""


History = tuple[Count, ...]
"""The last counters that were believed, and after them one that contradicted them, if any."""

_TLM: Final = "sfeaa:2000"
_ADVS, _SECS = slice(6, 10), slice(10, 14)
"""github.com/google/eddystone tlm-plain: frames sent and time since power-on, big-endian."""
_BTHOME: Final = "sfcd2:"
_COUNTER: Final = slice(-8, -4)
"""bthome.io/encryption: information, ciphertext, counter (little-endian), check."""


def count_of(heard: BleEvidence, when: Timed) -> Count | None:
    """The counters among the frames of a beacon; None when it sent none."""
    found = Count(office_time(when), when.up, when.boot)
    for frame in (*heard.frames, heard.frame):
        data = _bytes(frame)
        if frame.startswith(_TLM) and len(data) >= _SECS.stop:
            found = replace(found, advs=int.from_bytes(data[_ADVS]), secs=int.from_bytes(data[_SECS]))
        elif _enciphered(frame):
            found = replace(found, counter=int.from_bytes(data[_COUNTER], "little"))
    return None if found.secs is None and found.counter is None else found


def contradicts(history: History, now: Count) -> bool:
    """Whether `now` fits nothing that was known of the tag."""
    return bool(history) and all(_drift(before, now) is _Drift.WRONG for before in history)


def remember(history: History, now: Count | None) -> History:
    """The history after one more record. What contradicts is kept beside what was believed: if the next record goes
    on from there, a battery was changed; a recording goes on from nowhere."""
    if now is None:
        return history
    for before in history:
        drift = _drift(before, now)
        if drift is not _Drift.WRONG:
            lately = before.restarted and now.at - before.at <= SLACK_MS
            return (replace(now, restarted=lately or drift is _Drift.RESTARTED),)
    return (*history[:1], now)


class _Drift(StrEnum):
    FINE = "fine"
    RESTARTED = "restarted"
    WRONG = "wrong"


def _drift(before: Count, now: Count) -> _Drift:
    """How one tag's counters went on. Nothing is held against it where the time between cannot be told.

    A tag that began anew is young enough for that, as busy as ever, and does not do it twice running; the very figures
    of the record before are a recording.
    """
    took = now.up - before.up if now.boot == before.boot else now.at - before.at
    if took < 0:
        return _Drift.FINE
    if now.counter is not None and before.counter is not None:
        return _counter_drift(before.counter, now.counter, took, restarted=before.restarted)
    if now.secs is None or now.advs is None or before.secs is None or before.advs is None:
        return _Drift.FINE
    secs, advs = now.secs - before.secs, now.advs - before.advs
    grown = 0 < advs <= _most(took) or took <= SLACK_MS
    if grown and any(abs(secs * tick - took) <= SLACK_MS + took * DRIFT for tick in TICKS_MS):
        return _Drift.FINE
    young = now.secs * TICKS_MS[0] <= took + SLACK_MS
    busy = _as_busy(before.advs, before.secs, now.advs, now.secs)
    anew = young and busy and not before.restarted and (secs, advs) != (0, 0)
    return _Drift.RESTARTED if anew else _Drift.WRONG


def _most(took: int) -> int:
    """How far a counter can get in so many ms."""
    return FASTEST * (took + SLACK_MS) // 1000


def _counter_drift(before: int, now: int, took: int, *, restarted: bool) -> _Drift:
    if now < before:
        return _Drift.RESTARTED if now < YOUNG and not restarted else _Drift.WRONG
    held = now == before and took > HOLDS_MS
    return _Drift.WRONG if held or now - before > _most(took) else _Drift.FINE


def _as_busy(advs: int, secs: int, now_advs: int, now_secs: int) -> bool:
    """Whether a tag that sent `advs` frames in `secs` steps may have sent the others: half to twice as often."""
    expected = now_secs * advs // max(secs, 1)
    return expected // 2 - FASTEST <= now_advs <= expected * 2 + FASTEST


def _enciphered(frame: str) -> bool:
    """An enciphered BTHome frame, version 2."""
    data = _bytes(frame) if frame.startswith(_BTHOME) else b""
    return len(data) >= 9 and data[0] & 1 == 1 and data[0] >> 5 == 2


def _bytes(frame: str) -> bytes:
    try:
        return bytes.fromhex(frame.partition(":")[2])
    except ValueError:
        return b""


# -- a beacon that is silent ---------------------------------------------------------------------

HEARD: Final = "heard"
SILENT: Final = "silent"
SHORT: Final = "short"
"""What the radio was doing while only a label was read (`Evidence.radio`): it heard the point's beacon, though not
near; it listened long enough and heard nothing of it; or not long enough to tell, or for an identity that nobody told
the handheld. Any other word is its fault."""


def unheard_after(before: int, evidence: Evidence) -> int:
    """Visits running by label whose beacon was silent, after one with `evidence`; `before` it there were so many."""
    if evidence.ble is not UNSET or evidence.radio == HEARD:
        return 0
    return before + 1 if evidence.radio == SILENT else before
