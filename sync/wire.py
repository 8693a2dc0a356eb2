"""What handheld and office say to each other: shapes, limits, names of errors, bytes that are signed.

Both ends speak through this module; docs/wire.md says the same for somebody who writes another end.
Nothing here opens a socket or a file.
"""

import hashlib
import re
import zlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from app.errors import WatchbookError
from app.record import follow

PROTOCOL: Final = 1
PROTOCOLS: Final = (1,)
"""All that this program speaks, either end of it; the two take the highest that both do."""
PROTOCOL_HEADER: Final = "Watchbook-Protocol"
CLIENT_HEADER: Final = "Watchbook-Client"
BOOK_HEADER: Final = "Watchbook-Book"
"""The office repeats the book whose request it answers; a login page of some hotel doesn't."""
OFFSET_HEADER: Final = "Upload-Offset"
LENGTH_HEADER: Final = "Upload-Length"
"""Of a blob, bytes: where this part begins, and how long the whole is."""
BACKOFF_HEADER: Final = "Backoff"
"""On a success: seconds to leave the office alone."""
ALERT_HEADER: Final = "Alert"
AGEING: Final = "soft-eol"
"""The alert for a program that the office will not talk to much longer."""
MIN_CLIENT: Final = "0.1"
"""Older programs are refused."""
GOOD_CLIENT: Final = "0.1"
"""Older ones are still talked to, with the alert."""
JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"
OCTETS: Final = "application/octet-stream"

MAX_EVENTS: Final = 500
MAX_BYTES: Final = 8 * 1024 * 1024
"""Largest body after unpacking, either way; packed it may not be larger either."""
MAX_PAGE: Final = 500
MAX_WAIT_S: Final = 25
"""How long the office holds a question for changes while there are none; proxies end silence after 30 s or more."""
PIECE: Final = 128 * 1024
"""Bytes of a release that one answer brings at most."""
MAX_BLOB: Final = 4 * 1024 * 1024
"""Bytes of what a record names and does not hold."""
URN: Final = "urn:watchbook:"

CODE_CHARS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
CODE_LENGTH: Final = 10
_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})", re.ASCII)
_AS_TYPED: Final = str.maketrans("OIL", "011", "- ")

PROBLEMS: Final[dict[str, int]] = {
    "malformed": 400,
    "signature": 401,
    "clock": 401,
    "replayed": 401,
    "enrol-code": 403,
    "unconfirmed": 403,
    "not-a-supervisor": 403,
    "unknown-book": 403,
    "carried-book": 403,
    "revoked": 403,
    "not-found": 404,
    "no-release": 404,
    "method": 405,
    "slow": 408,
    "offset": 409,
    "unnamed": 409,
    "gap": 409,
    "fork": 409,
    "book-taken": 409,
    "cursor-ahead": 409,
    "cursor-expired": 410,
    "too-large": 413,
    "encoding": 415,
    "client-too-old": 426,
    "too-many-tries": 429,
    "internal": 500,
    "busy": 503,
}
"""Every error an office gives: the name after `urn:watchbook:` and its HTTP status (docs/errors.md)."""

QUARANTINES: Final = ("record-form", "record-number", "record-key", "revoked-book")
"""Why a record is kept but set aside; given in `Quarantined.type`, with the same prefix."""


class Malformed(WatchbookError):
    """The other end: what it sent is not what the protocol says."""


class TooLarge(Malformed):
    """It unpacks to more than is allowed."""


class Hello(Struct, frozen=True):
    """GET /v1/hello?nonce=: who the office is and what it takes."""

    server_key: str
    """Ed25519 public key, hex. Pinned by the handheld when it enrols."""
    server_time: int
    """UTC ms."""
    protocols: tuple[int, ...]
    """Those it speaks. The hello itself is the same in all of them."""
    min_client: str
    """The oldest program it talks to: main and minor version with a dot between."""
    max_events: int
    """Records in one batch at most."""
    max_bytes: int
    """Of a body before packing."""
    sig: str
    """By the server key over `hello_bytes`."""
    max_blob: int = MAX_BLOB
    """Of what a record names and does not hold, whole."""
    encodings: tuple[str, ...] = ("gzip",)
    """Content-Encodings it takes."""
    wait_s: int = 0
    """How long it holds a question for changes; 0 when it answers each at once."""
    certs: tuple[str, ...] = ()
    """SHA-256, hex, of each TLS certificate (DER) behind which the office is reached; none with plain HTTP."""


class Enrol(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/enrol. Keys, cert and proof in hex."""

    code: str
    book: str
    key: str
    """The first shift key; its SHA-256 is the book."""
    identity: str
    cert: str
    """The first shift key's signature for the identity key, as in the record `book.opened`."""
    name: str
    proof: str
    """The identity key's signature over `enrol_bytes`."""


class Enrolled(Struct, frozen=True):
    """201 to Enrol."""

    book: str
    device: str
    site: str
    server_key: str
    cursor: str
    server_time: int


class Confirm(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/books/{book}/confirm, by a handheld that waits: a supervisor's badge was read there."""

    proof: str
    """HMAC-SHA256 by the badge's token over `confirm_bytes`, hex: the token itself goes over no line."""


class Confirmed(Struct, frozen=True):
    """200 to Confirm: it is let in."""

    book: str
    person: str
    """Whose badge it was."""
    server_time: int


class AskOthers(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/books/{book}/others: a spare is to take over from a broken handheld of its site."""

    by: str
    """The supervisor who says so: noted at the office."""
    post: str = ""
    """Handhelds of this post come first."""


class Reached(Struct, frozen=True):
    stop: str
    at: int
    """UTC ms."""


class OtherRound(Struct, frozen=True):
    """A round that is being walked."""

    round: str
    slot: str
    schedule: str
    done: tuple[Reached, ...]


class Other(Struct, frozen=True):
    """A handheld with an open shift, as far as the office holds its records."""

    device: str
    name: str
    book: str
    seq: int
    heard: int
    """When the last of them came, UTC ms."""
    post: str
    crew: tuple[str, ...]
    round: OtherRound | None = None


class Others(Struct, frozen=True):
    """200 to AskOthers."""

    book: str
    handhelds: tuple[Other, ...]
    server_time: int


class After(Struct, frozen=True, forbid_unknown_fields=True):
    """The end of the book before, as record 1 of its successor names it."""

    book: str
    hash: str
    seq: int


class Successor(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/books/{book}/successor, in the name of a book that the office knows. Keys and cert in hex."""

    key: str
    """The new book's first shift key; its SHA-256 is the new book."""
    identity: str
    """The handheld's, the same as before."""
    cert: str
    """The first shift key's signature for the identity, as in the record `book.opened`."""
    after: After


class Succeeded(Struct, frozen=True):
    """200 to Successor: the same handheld writes this book now."""

    book: str
    successor: str
    device: str
    site: str
    server_time: int


class Lost(Struct, frozen=True, forbid_unknown_fields=True):
    """Records that the handheld itself lost (decision 8). `damage.declared` says the same inside the chain."""

    first: int
    last: int
    good: str
    """The chain's hash before the first of them, hex."""
    next: str
    """The hash that record `last` + 1 follows, hex."""


class Batch(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/books/{book}/records: records `first`, `first` + 1 … as their canonical bytes."""

    v: int
    book: str
    first: int
    prev: str
    """The chain's hash before the first of them, hex."""
    head: str
    """The chain's hash after the last of them, hex."""
    key: str
    """The shift key that signs this head, hex."""
    sig: str
    """Ed25519 by `key` over app.logbook.keys.head_message of the last number and `head`, hex."""
    records: tuple[msgspec.Raw, ...]
    lost: Lost | None = None
    """What is missing just before `first`, if it is lost for ever."""


class Quarantined(Struct, frozen=True):
    """A record that is kept but set aside for a person to look at."""

    seq: int
    type: str
    title: str


class Receipt(Struct, frozen=True, tag_field="note", tag="receipt"):
    """The office's word that it holds a book whole up to `seq`. Hex; `at` is UTC ms at the office."""

    book: str
    seq: int
    hash: str
    at: int
    key: str
    sig: str
    """Ed25519 by the office's key over `receipt_bytes`."""


class Ack(Struct, frozen=True):
    """200 to Batch, after the commit."""

    book: str
    high_water: int
    head: str
    accepted: int
    """Records that were new."""
    quarantined: tuple[Quarantined, ...]
    receipt: Receipt | None
    """None while the office holds nothing of the book."""
    server_time: int


class Carried(Struct, frozen=True):
    """200 to a hand-off file of another handheld: the office holds all of it."""

    book: str
    """The file's, not the one whose handheld brought it."""
    receipt: Receipt
    server_time: int


class Kept(Struct, frozen=True):
    """200 to a part of a blob, of what a record names by its hash: it is kept."""

    book: str
    sha256: str
    offset: int
    """Bytes from the start that the office has now: the next part begins there."""
    server_time: int
    sig: str = ""
    """Once it is whole, Ed25519 by the office's key over `blob_bytes`, hex: only on this word, or the next, may a
    handheld let go."""
    gone: str = ""
    """Of what was purged with all that named it, the same over `blob_gone_bytes`: it is not taken again."""


ShortText = Annotated[str, Meta(max_length=200)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class Condition(Struct, frozen=True):
    """Body of POST /v1/books/{book}/state: how the handheld stands by its own word. Nothing follows from it but what
    people are shown."""

    program: ShortText
    """Version."""
    seq: Annotated[int, Meta(ge=0, le=2**53)]
    """Its book's last record: what the office has less of is still on the handheld."""
    plan: Annotated[int, Meta(ge=0, le=2**31)] = 0
    """Revision in use; 0 for none."""
    battery: Percent | None = None
    charging: bool = False
    free_mb: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    """Room where the book is."""
    radio: ShortText = ""
    """Key of the sentence that says what is wrong with the radio; empty while nothing is."""
    reason: ShortText = ""
    """Key of the sentence that says what stopped the last exchange; empty when nothing did."""
    update: ShortText = ""
    """Key of the sentence that says how far a new program came, or why it did not; empty when none is offered."""
    settings: Annotated[int, Meta(ge=0, le=2**31)] = 0
    """Revision of the office's settings in use; 0 for none."""
    parts_wait: bool = False
    """How its parts are joined holds once it has begun anew: nobody may be on shift for that."""


class Conditioned(Struct, frozen=True):
    """200 to a `Condition`."""

    book: str
    server_time: int


class Offered(Struct, frozen=True):
    """A release that the office offers to a handheld."""

    version: Annotated[str, Meta(pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){1,3}((a|b|rc)[0-9]{1,3})?\Z")]
    """A name of a folder too: nothing else may stand there."""
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Of the file, which its publisher signed (sync.release)."""
    size: Annotated[int, Meta(ge=1, le=2**31)]
    at: int
    """When the office offered it, UTC ms: what was offered anew is tried anew."""


class Offering(Struct, frozen=True):
    """GET /v1/books/{book}/release?arch=: what this handheld should run; None leaves it as it is."""

    book: str
    release: Offered | None
    server_time: int


class Mark(Struct, frozen=True):
    """GET /v1/books/{book}/head: how far the office holds the book."""

    book: str
    high_water: int
    head: str
    server_time: int


class Noted(Struct, frozen=True):
    """200 to an urgent record posted alone. It says nothing about the mark."""

    book: str
    seq: int
    server_time: int


class Change(Struct, frozen=True):
    """The newest state of one thing. `body` is its JSON as published; null when it was withdrawn."""

    kind: str
    id: str
    rev: int
    sha256: str
    """Of the body's bytes; empty when it was withdrawn."""
    body: msgspec.Raw


class Changes(Struct, frozen=True):
    """GET /v1/changes?cursor=&limit=: what is new for the handheld's site, oldest first."""

    book: str
    items: tuple[Change, ...]
    cursor: str
    more: bool
    high_water: int
    """How far the office holds this book: less than receipts say means it was restored from a copy."""
    head: str
    server_time: int
    sig: str = ""
    """Ed25519 by the office's key over `changes_bytes`, hex: nobody between may change a page on its way down."""


class Problem(Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details, with the members some problems carry."""

    type: str
    title: str = ""
    status: int = 0
    detail: str = ""
    high_water: int | None = None
    head: str | None = None
    server_time: int | None = None
    limit: int | None = None
    offset: int | None = None
    protocols: tuple[int, ...] | None = None
    receipt: Receipt | None = None

    @property
    def name(self) -> str:
        """The problem's name in docs/errors.md."""
        return self.type.removeprefix(URN)


def version_of(text: str) -> tuple[int, int] | None:
    """(main, minor) of a program's version, whatever follows them; None when it is none."""
    found = _VERSION.match(text)
    return (int(found[1]), int(found[2])) if found else None


def is_older(program: str, oldest: str) -> bool:
    """Whether a program's version is before `oldest`; what is no version is."""
    found, wanted = version_of(program), version_of(oldest)
    return found is None or wanted is None or found < wanted


def hello_bytes(nonce: str, server_time: int, certs: tuple[str, ...] = ()) -> bytes:
    """What the office signs to show that it is the one that was pinned, and behind which certificates it is.

    Raises Malformed for a certificate that is no hash.
    """
    named = b"".join(unhex(cert, 32) for cert in certs)
    return b"watchbook hello 1\n" + nonce.encode() + b"\n" + server_time.to_bytes(8, "big") + named


def enrol_bytes(code: str, book: bytes) -> bytes:
    """What the identity key signs to enrol."""
    return b"watchbook enrol 1\n" + code.encode() + b"\n" + book


def confirm_bytes(book: bytes, identity: bytes) -> bytes:
    """What the proof of a supervisor's badge is over."""
    return b"watchbook confirm 1\n" + book + identity


def compare_code(book: bytes, identity: bytes, server_key: bytes) -> str:
    """Six characters (30 bits) that a handheld and its office both show, for a person to compare: `ABC-DEF`."""
    digest = hashlib.sha256(b"watchbook compare 1\n" + book + identity + server_key).digest()
    number = int.from_bytes(digest[:4], "big") >> 2
    shown = "".join(CODE_CHARS[number >> 5 * place & 31] for place in reversed(range(6)))
    return f"{shown[:3]}-{shown[3:]}"


def receipt_bytes(book: bytes, seq: int, head: bytes, at: int) -> bytes:
    """What the office signs of a mark; `at` is UTC ms."""
    return b"watchbook receipt 1\n" + book + seq.to_bytes(8, "big") + head + at.to_bytes(8, "big")


def blob_bytes(book: bytes, digest: bytes) -> bytes:
    """What the office signs of a blob that it holds."""
    return b"watchbook blob 1\n" + book + digest


def blob_gone_bytes(book: bytes, digest: bytes) -> bytes:
    """What the office signs of a blob that it holds no more, since the time of all that named it was over."""
    return b"watchbook blob gone 1\n" + book + digest


def changes_bytes(book: bytes, page: Changes) -> bytes:
    """What the office signs of a page of changes: for whom, which things in which order, and the cursor behind them."""
    named = [[item.kind, item.id, item.rev, item.sha256] for item in page.items]
    return b"watchbook changes 1\n" + book + msgspec.json.encode([named, page.cursor, page.more, page.high_water])


def chain(prev: bytes, raws: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The chain's hash after each of `raws`, starting from `prev`."""
    hashes = []
    here = prev
    for raw in raws:
        here = follow(here, raw)
        hashes.append(here)
    return tuple(hashes)


def pack(body: bytes) -> bytes:
    """gzip, the quick way, without a time stamp: the same body gives the same bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def unpack(body: bytes, limit: int = MAX_BYTES) -> bytes:
    """Undo `pack`, never holding more than `limit` bytes. Raises TooLarge or Malformed."""
    unpacker = zlib.decompressobj(31)
    try:
        plain = unpacker.decompress(body, limit)
    except zlib.error as e:
        raise Malformed("sync.malformed") from e
    if unpacker.unconsumed_tail:
        raise TooLarge("sync.too_large")
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("sync.malformed")
    return plain


def unhex(text: str, length: int) -> bytes:
    """`length` bytes written in lower-case hex. Raises Malformed."""
    try:
        value = bytes.fromhex(text)
    except ValueError as e:
        raise Malformed("sync.malformed") from e
    if len(value) != length or value.hex() != text:
        raise Malformed("sync.malformed")
    return value


def fingerprint(code: str, server_key: bytes) -> str:
    """The ten characters (50 bits) by which an enrolment code knows the office's key.

    The code itself goes into the hash: who does not know it cannot look for a key that fits, neither
    beforehand nor while it is good.
    """
    digest = hashlib.sha256(b"watchbook code 1\n" + code.encode() + b"\n" + server_key).digest()
    number = int.from_bytes(digest, "big") >> (256 - 5 * CODE_LENGTH)
    return "".join(CODE_CHARS[number >> 5 * place & 31] for place in reversed(range(CODE_LENGTH)))


def join_code(code: str, server_key: bytes) -> str:
    """The code as a person gets it: `ABCDE-FGHJK-` and the office's fingerprint in the same form."""
    whole = code + fingerprint(code, server_key)
    return "-".join(whole[at : at + 5] for at in range(0, len(whole), 5))


def split_code(text: str) -> tuple[str, str | None]:
    """(code, fingerprint or None) of what a person typed: small letters, O for 0, I or L for 1 do no harm.

    Raises Malformed when it can't be a code.
    """
    plain = text.upper().translate(_AS_TYPED)
    if len(plain) not in (CODE_LENGTH, 2 * CODE_LENGTH) or not set(plain) <= set(CODE_CHARS):
        raise Malformed("sync.code_form")
    return plain[:CODE_LENGTH], plain[CODE_LENGTH:] or None
