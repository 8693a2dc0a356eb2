"""Records that are looked at together, as an office does with a batch, are judged as each alone."""

import tracemalloc
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import decode as from_json
from msgspec.json import encode as to_json
from msgspec.structs import asdict

from app.errors import RecordRefused
from app.record import MAX_BYTES, MAX_INT, Record, decode, decode_each, encode

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
    "a key with a control character": GOOD[0].replace(b'"body":{}', b'"body":{"\x7f":1}'),
    "a key with an escaped one": like(b'"a"', rb'"\u0001"'),
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


def told(records: Sequence[Record | None]) -> list[dict[str, Any] | None]:
    return [asdict(record) if record else None for record in records]


def test_good_ones_are_what_each_is_alone() -> None:
    assert told(decode_each(GOOD)) == told([decode(raw) for raw in GOOD])
    assert list(decode_each([])) == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_among_them_is_refused_and_no_other(name: str) -> None:
    assert alone(BAD[name]) is None
    batch = [GOOD[0], BAD[name], *GOOD[1:]]
    assert told(decode_each(batch)) == told([alone(raw) for raw in batch])
    assert list(decode_each([BAD[name]])) == [None]


leaves = st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats(allow_nan=False) | st.text(max_size=70)
keys = st.text(st.characters(max_codepoint=0x90), max_size=3) | st.sampled_from(("k" * 64, "k" * 65, "\x7f", "\\"))
bodies = st.dictionaries(
    keys, st.recursive(leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2))
)
nested = st.integers(0, 12).map(lambda depth: {"a": from_json("[" * depth + "0" + "]" * depth)})


@given(
    bodies | nested,
    st.sampled_from(("check.answered", "k" * 65, "a.b", "Check.x")),
    st.lists(st.sampled_from(("li-min", "p" * 41, "")), max_size=22),
    st.integers(-(2**54), 2**54),
)
def test_together_or_alone_makes_no_difference(body: dict[str, Any], kind: str, by: list[str], at: int) -> None:
    said = {"at": at, "body": body, "boot": "b", "by": by, "kind": kind, "off": None, "seq": 1, "up": 1, "v": 1}
    raw = to_json(said, order="sorted")
    assert told(decode_each([raw])) == told([alone(raw)])


@pytest.mark.parametrize(("count", "length"), [(3000, 0), (500, 50), (32, 40), (1, 60_000)])
def test_whatever_keys_are_sent_what_is_remembered_of_them_is_small(count: int, length: int) -> None:
    def made(n: int) -> bytes:
        keys = sorted(f"{n:03}-{key}-{'k' * length}" for key in range(count))
        return GOOD[0].replace(b'"body":{}', b'"body":' + to_json(dict.fromkeys(keys)))

    sent = [made(n) for n in range(200)]
    assert all(len(raw) <= MAX_BYTES for raw in sent)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for raw in sent:
            with suppress(RecordRefused):
                decode(raw)
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
