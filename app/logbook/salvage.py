"""Salvage: what can still be read around bytes that no longer check, and which records were lost in them.

A sound line is known by its hash, wherever it stands: a record's must follow from one that is known or claimed.
"""

import re
from binascii import hexlify
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from msgspec import Struct

from app.logbook.chain import Damage
from app.logbook.ledger import Ledger
from app.logbook.lines import HASH, TEXT, decode_record, note_hash
from app.record import follow

_CANDIDATE: Final = re.compile(rb"(?=([0-9a-f]{64}) \{)")
_HASHES: Final = re.compile(rb'":"([0-9a-f]{64})"')
_CLAIMS: Final = 64
"""So many of the last claimed hashes are tried."""


class Found(Struct, frozen=True):
    """The next sound line."""

    start: int
    stop: int
    """Where its bytes end."""
    raw: bytes
    hash: bytes
    seq: int = 0
    """The record's number; 0 for a note."""
    before: bytes = b""
    """The hash that the record follows."""


class Salvage:
    """Stretches that did not check, until the next good record tells whether one was lost in them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._forget()

    def _forget(self) -> None:
        self.regions: list[tuple[int, int, int]] = []
        """(segment, offset, length)"""
        self.lines = 0
        """How many lost records the text itself suggests."""
        self._claims: list[bytes] = []
        """Hashes a later record may follow: those the bad lines claim."""
        self._whole: dict[bytes, tuple[int, int, bytes]] = {}
        """Bad lines whose bytes may be sound though their written hash is not: hash → (segment, offset, bytes)."""

    def add(self, segment: int, offset: int, length: int) -> None:
        self.regions.append((segment, offset, length))

    def claim(self, link: bytes) -> None:
        """A later record may follow this hash."""
        self._claims.append(link)

    # -- finding --------------------------------------------------------------------------------
    def next_sound(self, number: int, data: bytes, at: int, end: int) -> Found | None:
        """The line at `at` does not check. The next that does; what stands before it is added."""
        starts = _starts(data, at, end)
        for start, following in zip(starts, [*starts[1:], end], strict=True):
            for stop in _stops(data, start, following, end):
                found = self._judge(data, start, stop)
                if found is not None:
                    self._add_lines(number, data, at, start)
                    return found
            self._suspect(number, data, start, end)
        return None

    def _judge(self, data: bytes, start: int, stop: int) -> Found | None:
        raw, written = data[start + TEXT : stop], _hash_at(data, start)
        if note_hash(raw) == written:
            return Found(start, stop, raw, written)
        for before in (self._ledger.hash, *reversed(self._claims[-_CLAIMS:]), _book_of(raw)):
            if follow(before, raw) == written:
                seq = _seq_of(raw)
                return Found(start, stop, raw, written, seq, before) if seq > self._ledger.seq else None
        return None

    def _suspect(self, number: int, data: bytes, start: int, end: int) -> None:
        """A bad line still tells what the next may follow: the hash it claims, or the hash of its bytes."""
        self.claim(_hash_at(data, start))
        stop = data.find(b"\n", start, end)
        if stop >= 0:
            raw = data[start + TEXT : stop]
            if number == 0:
                self._claims += [bytes.fromhex(found.decode()) for found in _HASHES.findall(raw)]
            whole = follow(self._ledger.hash, raw)
            self.claim(whole)
            self._whole[whole] = (number, start, raw)

    def _add_lines(self, number: int, data: bytes, start: int, stop: int) -> None:
        if stop > start:
            self.add(number, start, stop - start)
            self.lines += lost_lines(data[start:stop])

    def add_edges(self, number: int, data: bytes, found: Found) -> None:
        """A wrong byte around a sound line's bytes, which alone are hashed, is damage too."""
        for place, right in ((found.start, hexlify(found.hash) + b" "), (found.stop, b"\n")):
            if data[place : place + len(right)] != right:
                self.add(number, place, len(right))

    # -- settling -------------------------------------------------------------------------------
    def pass_over(self, to: int, link: bytes) -> None:
        """Go on after record `to`, whose hash is `link`; a single record with a bad hash but sound bytes is kept."""
        ledger, kept = self._ledger, self._whole.get(link)
        if kept is not None and to == ledger.seq + 1:
            ledger.add_record(*kept, link)
            ledger.mended[to] = link
        if to > ledger.seq or self.regions:
            self.settle(to, link)
        ledger.hash = link

    def settle(self, to: int = 0, link: bytes = b"") -> None:
        """The stretches become damage; records up to `to` were lost in them."""
        ledger, first, last = self._ledger, None, None
        if to > ledger.seq:
            first, last = ledger.seq + 1, to
            ledger.skip(to, link)
        for segment, offset, length in self.regions:
            ledger.damage.append(Damage(segment, offset, length, first, last))
            first = last = None
        self._forget()


def lost_lines(data: bytes) -> int:
    """How many records these bytes once were, by their line ends; notes are not counted."""
    return sum(1 for line in data.split(b"\n") if line.strip(b"\0") and b'"note":"' not in line)


def _starts(data: bytes, at: int, end: int) -> list[int]:
    """Where lines may begin: after each line end, and wherever something looks like a line's hash."""
    ends = (at + m.end() for m in re.finditer(b"\n", data[at:end]))
    looks = (m.start() for m in _CANDIDATE.finditer(data, at, end))
    return sorted({at, *(after for after in ends if after < end), *looks})


def _hash_at(data: bytes, start: int) -> bytes:
    """The hash written there; b"" when it is none."""
    try:
        return bytes.fromhex(data[start : start + HASH].decode("ascii"))
    except ValueError:
        return b""


def _stops(data: bytes, start: int, following: int, end: int) -> Iterator[int]:
    """Where a line may end: at its LF, or just before the next line if its LF was damaged."""
    stop = data.find(b"\n", start, end)
    if stop >= 0:
        yield stop
    if following - 1 != stop:
        yield following - 1


def _seq_of(raw: bytes) -> int:
    """0 when these are no record's bytes."""
    try:
        return decode_record(raw).seq
    except ValueError:
        return 0


def _book_of(raw: bytes) -> bytes:
    """The book's id if these are the bytes of a record 1, which holds the first key; else 32 zero bytes."""
    try:
        key = decode_record(raw).body.get("key")
        return sha256(bytes.fromhex(key)).digest() if isinstance(key, str) else bytes(32)
    except ValueError:
        return bytes(32)
