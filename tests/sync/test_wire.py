"""Shapes, packing, codes, and the one list of errors."""

import base64
import contextlib
import gzip
import hashlib
import re
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.words import say, table
from sync.wire import (
    CODE_CHARS,
    PROBLEMS,
    QUARANTINES,
    Malformed,
    Problem,
    Receipt,
    TooLarge,
    fingerprint,
    join_code,
    pack,
    split_code,
    unhex,
    unpack,
)

ROOT = Path(__file__).parents[2]


@given(st.binary(max_size=5000))
def test_what_is_packed_unpacks_to_the_same(body: bytes) -> None:
    assert unpack(pack(body)) == body
    assert gzip.decompress(pack(body)) == body
    assert pack(body) == pack(body)


@given(st.binary(max_size=300))
def test_any_bytes_unpack_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert unpack(pack(unpack(body))) == unpack(body)


def test_nothing_unpacks_beyond_the_limit() -> None:
    assert unpack(pack(b"x" * 1000), 1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        unpack(pack(b"x" * 100_001), 100_000)


@given(st.text(CODE_CHARS, min_size=10, max_size=10), st.binary(min_size=32, max_size=32))
def test_a_code_survives_being_written_down_and_typed(code: str, key: bytes) -> None:
    shown = join_code(code, key)
    assert split_code(shown) == (code, fingerprint(code, key))
    assert split_code(shown.lower().replace("-", " ")) == (code, fingerprint(code, key))
    assert split_code(shown.replace("0", "o").replace("1", "l")) == (code, fingerprint(code, key))
    assert split_code(code) == (code, None)


def test_a_fingerprint_is_of_the_whole_key_and_of_the_code_it_goes_with() -> None:
    keys = [Ed25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(50)]
    made = [fingerprint(code, key) for key in keys for code in ("0123456789", "012345678A")]
    assert len(set(made)) == 100
    assert all(set(each) <= set(CODE_CHARS) and len(each) == 10 for each in made)
    hashed = hashlib.sha256(b"watchbook code 1\n0123456789\n" + bytes(32)).digest()
    standard = base64.b32encode(hashed).decode()[:10]
    assert fingerprint("0123456789", bytes(32)) == standard.translate(
        str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", CODE_CHARS)
    )


@pytest.mark.parametrize("text", ["", "0", "AB" * 32, "ab" * 31, "zz" * 32, "ab " * 32, "ａｂ" * 32])
def test_hex_is_lower_case_and_of_its_length(text: str) -> None:
    with pytest.raises(Malformed):
        unhex(text, 32)


def test_a_receipt_on_the_wire_is_the_note_in_the_journal() -> None:
    receipt = Receipt("aa", 5, "bb", 7, "cc", "dd")
    note = {"note": "receipt", "book": "aa", "seq": 5, "hash": "bb", "at": 7, "key": "cc", "sig": "dd"}
    assert msgspec.json.decode(msgspec.json.encode(receipt)) == note


def test_a_problem_leaves_out_what_it_has_not() -> None:
    assert msgspec.json.encode(Problem(type="urn:watchbook:gap", high_water=3)) == (
        b'{"type":"urn:watchbook:gap","high_water":3}'
    )


# -- docs/errors.md -----------------------------------------------------------------------------
ROW = re.compile(r"\| `urn:watchbook:([a-z-]+)` \| (\d+|–) \| (.+?) \| (.+?) \|")


def test_every_error_stands_in_the_document_as_the_program_says_it() -> None:
    rows = ROW.findall((ROOT / "docs" / "errors.md").read_text(encoding="utf-8"))
    expected = {name: str(status) for name, status in PROBLEMS.items()} | dict.fromkeys(QUARANTINES, "–")
    assert {name: status for name, status, _, _ in rows} == expected
    for name, _, zh, en in rows:
        key = f"sync.{name.replace('-', '_')}"
        assert (zh, en) == (say("zh", key), say("en", key)), name


def test_the_office_names_no_error_that_is_not_in_the_list_and_has_none_that_nobody_gives() -> None:
    source = {path: path.read_text(encoding="utf-8") for path in (ROOT / "sync").rglob("*.py")}
    office = "".join(text for path, text in source.items() if "office" in path.parts)
    given = set(re.findall(r'Refusal\(\s*"([a-z-]+)"', office))
    assert len(given) > 12
    assert given <= set(PROBLEMS)
    whole = "".join(text for path, text in source.items() if path.name != "wire.py")
    assert [name for name in (*PROBLEMS, *QUARANTINES) if f'"{name}"' not in whole] == []
    named = set(re.findall(r"urn:watchbook:([a-z-]+)", "".join(source.values())))
    assert named <= {*PROBLEMS, *QUARANTINES}
    assert {name.replace("-", "_") for name in (*PROBLEMS, *QUARANTINES)} <= set(table("sync"))


# -- docs/wire.md -------------------------------------------------------------------------------
def test_every_test_that_the_document_names_is_there() -> None:
    text = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
    holds = text.partition("## What always holds")[2].partition("\n## ")[0]
    points = re.split(r"^\d+\. ", holds, flags=re.MULTILINE)[1:]
    assert len(points) == 13
    for point in points:
        named = re.findall(r"`(tests/[a-z_/]+\.py)::(\w+)`", point)
        assert named, point
        for path, name in named:
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), name
