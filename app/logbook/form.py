"""The form of records and notes: which bytes are the canonical ones (docs/record-format.md sections 2 and 3).

For the check, and so without anything of the program: app.record says what a record means, and writes no other form.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

MAX_BYTES: Final = 64 * 1024
_BACKSLASH: Final = 0x5C
_DELETE: Final = 0x7F
_NESTED: Final = frozenset((dict, list))
_KIND: Final = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9-]*){1,3}")
_PERSON: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_Int = Annotated[int, Meta(ge=-(2**53), le=2**53)]
_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Plain = _Int | str | bool | None


def _value(depth: int) -> Any:
    """The type of a JSON value that holds no float, and nothing more than `depth` levels below it."""
    if depth == 0:
        empty = Meta(max_length=0)
        return _Plain | Annotated[list[_Plain], empty] | Annotated[dict[str, _Plain], empty]
    inner = _value(depth - 1)
    return _Plain | list[inner] | dict[_Name, inner]  # type: ignore[valid-type]  # computed, for msgspec


if TYPE_CHECKING:
    _Body = dict[str, Any]
else:
    _Body = dict[_Name, _value(7)]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A record's members, in the order in which they are written."""

    at: _Int
    body: _Body
    boot: str
    by: Annotated[tuple[str, ...], Meta(max_length=20)]
    kind: Annotated[str, Meta(max_length=64)]
    off: _Int | None
    seq: _Int
    up: _Int
    v: _Int


_encode = msgspec.json.Encoder(order="deterministic").encode
_record_of = msgspec.json.Decoder(Record).decode
_note_of = msgspec.json.Decoder(_Body).decode


def canonical_record(raw: bytes) -> Record | None:
    """The record in `raw`, if these are the canonical bytes of one."""
    if len(raw) > MAX_BYTES:
        return None
    try:
        record = _record_of(raw)
    except (ValueError, RecursionError):
        return None
    return record if _is_written(record, record.body, raw) and _is_named(record.kind, record.by) else None


def canonical_note(raw: bytes) -> dict[str, Any] | None:
    if len(raw) > MAX_BYTES:
        return None
    try:
        note = _note_of(raw)
    except (ValueError, RecursionError):
        return None
    return note if _is_written(note, note, raw) else None


def _is_written(value: object, body: dict[str, Any], raw: bytes) -> bool:
    """Whether `value` is written as `raw`, and no name in it has other characters than printable ASCII ones."""
    if _encode(value) != raw:
        return False
    return (raw.isascii() and _BACKSLASH not in raw and _DELETE not in raw) or _has_plain_names(body)


def _has_plain_names(value: Any) -> bool:
    """`value` is a dict or a list."""
    if isinstance(value, dict):
        names, value = "".join(value), value.values()
        if not (names.isascii() and names.isprintable()):
            return False
    return _NESTED.isdisjoint(map(type, value)) or all(
        _has_plain_names(inner) for inner in value if type(inner) in _NESTED
    )


@lru_cache(256)
def _is_named(kind: str, by: tuple[str, ...]) -> bool:
    return bool(_KIND.fullmatch(kind)) and all(map(_PERSON.fullmatch, by))
