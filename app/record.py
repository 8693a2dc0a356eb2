"""One record: its canonical bytes, its place in the chain, and what it may not hold.

The bytes are the record (decision 5): stored, sent and checked as they are, never re-serialised.
They are UTF-8 JSON with sorted ASCII keys, no spaces, integers up to 2^53 and no floats.
docs/record-format.md says the same for somebody who writes a verifier.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta, Struct

from app.errors import RecordRefused
from app.text import clean

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 8
MAX_INT: Final = 2**53
MAX_PEOPLE: Final = 20
_FEW: Final = 32
"""Keys of one object that are remembered once they were looked at; what we write has fewer."""
_KIND = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9-]*){1,3}", re.ASCII)
_PERSON = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A statement made at a moment by people or by the device. Field names are the wire's."""

    at: int
    """Wall clock of the handheld, UTC milliseconds."""
    body: dict[str, Any]
    boot: str
    """The kernel's id of the boot that `up` counts from."""
    by: tuple[str, ...]
    """Person ids; empty when the device itself speaks. Never names."""
    kind: str
    off: int | None
    """Office clock minus handheld clock, ms, as last known."""
    seq: int
    """1, 2, 3 … within the book."""
    up: int
    """Milliseconds since boot, sleep included."""
    v: int
    """Version of the kind's body."""


class Entry(Struct, frozen=True):
    """A record where it stands: its bytes and the chain's hash after it."""

    record: Record
    raw: bytes
    hash: bytes


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Record, strict=True)


def encode(record: Record) -> bytes:
    """The canonical bytes. Raises RecordRefused when the record breaks the form."""
    _check(record)
    try:
        raw = _encoder.encode(record)
        raw.decode("utf-8")
    except (UnicodeError, TypeError, ValueError, RecursionError) as e:
        raise RecordRefused("records.not_json", why=type(e).__name__) from e
    if len(raw) > MAX_BYTES:
        raise RecordRefused("records.too_large", size=len(raw), limit=MAX_BYTES)
    return raw


def decode(raw: bytes) -> Record:
    """The record in `raw`. It counts only if re-encoding it gives the same bytes; else RecordRefused."""
    if len(raw) > MAX_BYTES:
        raise RecordRefused("records.too_large", size=len(raw), limit=MAX_BYTES)
    try:
        record = _decoder.decode(raw)
    except (ValueError, RecursionError) as e:
        raise RecordRefused("records.not_json", why=type(e).__name__) from e
    if encode(record) != raw:
        raise RecordRefused("records.not_canonical", seq=record.seq)
    return record


def decode_each(raws: Sequence[bytes]) -> Sequence[Record | None]:
    """What `decode` says of each, None where it refuses: in half the time where all of them are records."""
    try:
        found = list(map(_strict().decode, raws))
        again = _encoder.encode(found)
        again.decode("utf-8")
        for raw, record in zip(raws, found, strict=True):
            if not raw.isascii() or b"\\" in raw or b"\x7f" in raw:  # what a key may not have
                check_value(record.body)
    except (ValueError, TypeError, RecursionError, RecordRefused):
        return list(map(_or_none, raws))
    kinds, people = {record.kind for record in found}, {person for record in found for person in record.by}
    whole = again == b"[%b]" % b",".join(raws) and max(map(len, raws), default=0) <= MAX_BYTES
    if whole and all(map(_is_kind, kinds)) and all(map(_is_person, people)):
        return found
    return list(map(_or_none, raws))


@cache
def _strict() -> msgspec.json.Decoder[Record]:
    """Takes only what `_check` takes, as far as types can say that: less deep by one, and any key, word or person.
    Made when it is asked for: it takes 10 ms, and a handheld does not need it.
    """
    number = Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]
    key = Annotated[str, Meta(min_length=1, max_length=64)]
    value: Any = None | bool | number | str
    for _ in range(MAX_DEPTH - 1):
        value = None | bool | number | str | list[value] | dict[key, value]
    text = Annotated[str, Meta(max_length=64)]
    people = Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=MAX_PEOPLE)]
    bounds = {
        int: number,
        int | None: number | None,
        str: text,
        tuple[str, ...]: people,
        dict[str, Any]: dict[key, value],
    }
    fields = [(field.name, bounds[field.type]) for field in msgspec.structs.fields(Record)]
    shape = msgspec.defstruct("Record", fields, bases=(Record,), frozen=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(cast("type[Record]", shape))


def _or_none(raw: bytes) -> Record | None:
    try:
        return decode(raw)
    except RecordRefused:
        return None


def follow(previous: bytes, raw: bytes) -> bytes:
    """hash_n = SHA-256(hash_{n-1} ‖ bytes_n); hash_0 is the book's id (decision 6)."""
    return hashlib.sha256(previous + raw).digest()


def _check(record: Record) -> None:
    if len(record.kind) > 64 or not _is_kind(record.kind):
        raise RecordRefused("records.bad_kind", kind=clean(record.kind, 64))
    if len(record.by) > MAX_PEOPLE:
        raise RecordRefused("records.bad_people")
    for person in record.by:
        if len(person) > 40 or not _is_person(person):
            raise RecordRefused("records.bad_people")
    numbers = (record.at, record.seq, record.up, record.v, record.off or 0)
    if max(numbers) > MAX_INT or min(numbers) < -MAX_INT:
        raise RecordRefused("records.bad_number")
    check_value(record.body)


@lru_cache(256)  # here and below: an office asks it of every record, and the same words come all the time
def _is_kind(text: str) -> bool:
    return _KIND.fullmatch(text) is not None


@lru_cache(256)
def _is_person(text: str) -> bool:
    return _PERSON.fullmatch(text) is not None


def _check_keys(value: dict[Any, Any]) -> None:
    keys = tuple(value)
    if len(keys) > _FEW:
        _refuse_keys(keys)
    else:
        _know_keys(keys)


@lru_cache(128)  # under 1 MB, whatever is sent: of few keys each, none of them long, for what is refused is not kept
def _know_keys(keys: tuple[object, ...]) -> None:
    _refuse_keys(keys)


def _refuse_keys(keys: tuple[object, ...]) -> None:
    for key in keys:
        if not (isinstance(key, str) and key.isascii() and key.isprintable() and 0 < len(key) <= 64):
            raise RecordRefused("records.bad_key")


def check_value(value: Any, depth: int = 0) -> None:
    """Refuse what a body may not hold: floats, huge integers, deep nesting, keys that are not plain ASCII."""
    if depth > MAX_DEPTH:
        raise RecordRefused("records.too_deep", limit=MAX_DEPTH)
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > MAX_INT:
                raise RecordRefused("records.bad_number")
        case dict():
            _check_keys(value)
            _check_parts(value.values(), depth + 1)
        case list() | tuple():
            _check_parts(value, depth + 1)
        case _:
            raise RecordRefused("records.bad_value", type=type(value).__name__)


def _check_parts(parts: Collection[Any], depth: int) -> None:
    """The same of values that stand so deep, the usual ones first."""
    if parts and depth > MAX_DEPTH:
        raise RecordRefused("records.too_deep", limit=MAX_DEPTH)
    for part in parts:
        shape = type(part)
        if shape is str or part is None or shape is bool or (shape is int and -MAX_INT <= part <= MAX_INT):
            continue
        if shape is list:
            _check_parts(part, depth + 1)
        elif shape is dict:
            _check_keys(part)
            _check_parts(part.values(), depth + 1)
        else:
            check_value(part, depth)
