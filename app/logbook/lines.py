"""The journal's lines as bytes: the forms of a record's line, of a note, and of what stands for a purged run.

Pure. A line is `<hash hex> SP <bytes> LF`. A record's hash follows the record before it (app.record.follow); an
unnumbered line, a *note*, is checked by itself. Zero bytes after the last line are space taken in advance.
docs/record-format.md says the same for somebody who writes a verifier.
"""

from binascii import hexlify
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from app.errors import RecordRefused
from app.logbook.snapshots import PageItem
from app.record import MAX_BYTES, Record, check_value

HASH: Final = 64
TEXT: Final = HASH + 1
"""Where a line's bytes begin, after the hash and a space."""
_NOTE: Final = b"watchbook note 1\n"

encode_json = msgspec.json.Encoder(order="sorted").encode
decode_record = msgspec.json.Decoder(Record).decode


class Note(Struct, frozen=True):
    """What the logbook itself reads from a note; other fields stay in its bytes."""

    note: str
    acked: int = 0
    at: int = 0
    book: str = ""
    cursor: str = ""
    first: int = 0
    hash: str = ""
    items: tuple[PageItem, ...] = ()
    offset: int = 0
    previous: str = ""
    pruned: int = 0
    segment: int = 0
    seq: int = 0
    snapshot: str = ""


class Head(Struct, frozen=True):
    """How far a book goes."""

    seq: int
    hash: bytes


class Line(Struct, frozen=True):
    numbered: bool
    hash: bytes
    raw: bytes
    purged: int = 0
    """The last number of a purged run: `hash` is its place in the chain, `raw` is empty. 0 for lines that are here."""


class Run(Struct, frozen=True):
    """Records that were removed on purpose (decision 9), and the hashes at both ends."""

    first: int
    last: int
    before: bytes
    """Hash of record first-1."""
    hash: bytes
    """Hash of record last."""


_decode_note = msgspec.json.Decoder(Note).decode


def written_line(link: bytes, raw: bytes) -> bytes:
    return b"%s %s\n" % (hexlify(link), raw)


def note_hash(raw: bytes) -> bytes:
    """SHA-256 over a prefix of its own, so that no note can pass for a record."""
    return sha256(_NOTE + raw).digest()


def note_line(raw: bytes) -> bytes:
    return written_line(note_hash(raw), raw)


def note_raw(note: dict[str, Any]) -> bytes:
    """The canonical bytes of a note. Raises RecordRefused when it breaks the form of decision 5."""
    if not isinstance(note.get("note"), str):
        raise RecordRefused("book.bad_note")
    check_value(note)
    raw = encode_json(note)
    if len(raw) > MAX_BYTES:
        raise RecordRefused("records.too_large", size=len(raw), limit=MAX_BYTES)
    return raw


def run_of(note: Note) -> Run:
    """What a note `purged` says. Raises ValueError."""
    return Run(note.first, note.seq, bytes.fromhex(note.previous), bytes.fromhex(note.hash))


def read_note(raw: bytes) -> Note | None:
    """What the logbook understands of a note; None when it is somebody else's."""
    try:
        return _decode_note(raw)
    except ValueError:
        return None
