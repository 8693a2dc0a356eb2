"""Records that are looked at together, as an office does with a batch, are judged as each alone."""

from typing import Any

import pytest

from app.errors import RecordRefused
from app.record import MAX_INT, Record, decode, decode_each, encode

BODIES: tuple[dict[str, Any], ...] = ({}, {"a": [1, "二", None, True]}, {"a": {"b": [[MAX_INT]]}, "c": '"},{"'})
GOOD = [
    encode(Record(at=1, body=body, boot="b" * 32, by=("li-min",), kind="check.answered", off=None, seq=seq, up=1, v=1))
    for seq, body in enumerate(BODIES, start=1)
]


def like(old: bytes, new: bytes) -> bytes:
    assert old in GOOD[1]
    return GOOD[1].replace(old, new)


BAD = {
    "nothing": b"",
    "no record": b'{"at":1}',
    "two in one": GOOD[0] + b"," + GOOD[1],
    "a half": GOOD[0][: len(GOOD[0]) // 2],
    "with a space": GOOD[0] + b" ",
    "not in order": b'{"body":{},"at":1' + GOOD[0][len(b'{"at":1,"body":{}') :],
    "a float": like(b"[1,", b"[1.5,"),
    "a large number": like(b"[1,", b"[%d," % (MAX_INT + 1)),
    "deep": like(b"[1,", b"[" + b"[" * 8 + b"]" * 8 + b","),
    "a key that is not plain": like(b'"a"', '"二"'.encode()),
    "a key without a name": like(b'"a"', b'""'),
    "no kind": like(b"check.answered", b"Check"),
    "nobody": like(b"li-min", b"Li Min"),
    "large": like(b'"b', b'"' + b"b" * 65536),
    "no text": like("二".encode(), b"\xff"),
    "a surrogate": like("二".encode(), rb"\ud800"),
    "written otherwise": like("二".encode(), rb"\u4e8c"),
}


def alone(raw: bytes) -> Record | None:
    try:
        return decode(raw)
    except RecordRefused:
        return None


def test_good_ones_are_what_each_is_alone() -> None:
    assert list(decode_each(GOOD)) == [decode(raw) for raw in GOOD]
    assert list(decode_each([])) == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_among_them_is_refused_and_no_other(name: str) -> None:
    assert alone(BAD[name]) is None
    batch = [GOOD[0], BAD[name], *GOOD[1:]]
    assert list(decode_each(batch)) == [alone(raw) for raw in batch]
    assert list(decode_each([BAD[name]])) == [None]
