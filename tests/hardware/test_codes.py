"""Codes on labels and badges: what is printed is read, and a wrong character never passes."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import codes

TOKENS = st.binary(min_size=10, max_size=10)
ISSUES = st.integers(0, codes.MAX_ISSUE)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_code_worked_out_by_hand() -> None:
    token = bytes(range(10))
    written = "000G40R40M30E209"  # 80 bits in sixteen groups of five
    check = int.from_bytes(hashlib.sha256(b"WB1:" + b"01" + written.encode()).digest()[:3], "big") >> 4
    letters = "".join(ALPHABET[check >> shift & 31] for shift in (15, 10, 5, 0))
    assert codes.make(1, token) == f"WB1:01{written}{letters}" == "WB1:01000G40R40M30E209DAXA"
    assert codes.parse("WB1:01000G40R40M30E209DAXA") == codes.Code("01", token)


@given(ISSUES, TOKENS)
def test_what_is_printed_is_read_bare_and_as_an_address(issue: int, token: bytes) -> None:
    text = codes.make(issue, token)
    assert len(text) == 26
    assert all(char in ALPHABET + ":" for char in text), "QR alphanumeric only"
    bare = codes.parse(text)
    assert bare is not None
    assert (bare.token, len(bare.issue)) == (token, 2)
    assert codes.parse(f"HTTPS://W.EXAMPLE.CN/{text}") == bare
    assert codes.parse(f"https://w.example.cn/q/{text}\r\n") == bare


@given(ISSUES, TOKENS, st.integers(4, 25), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_refused(issue: int, token: bytes, place: int, char: str) -> None:
    text = codes.make(issue, token)
    wrong = text[:place] + char + text[place + 1 :]
    # the check has 20 bits: one wrong text in a million passes, and then with another token
    found = codes.parse(wrong)
    assert wrong == text or found is None or found.token != token


@given(st.text() | st.from_regex(r"(HTTPS://\S+/)?WB1:[0-9A-Z]{20,24}", fullmatch=True))
def test_no_text_makes_reading_raise(text: str) -> None:
    found = codes.parse(text)
    assert found is None or len(found.token) == 10


@pytest.mark.parametrize(
    "change",
    [str.lower, lambda t: t + "0", lambda t: "x" + t, lambda t: t[:-1], lambda t: t.replace("WB1", "WB2"),
     lambda t: "FTP://X/" + t, lambda t: "HTTPS://X" + t, lambda t: "HTTPS://" + "X" * 200 + "/" + t],
    ids=["lower case", "longer", "something before", "shorter", "other version", "other scheme", "no path", "too long"],
)  # fmt: skip
def test_only_the_printed_form_is_a_code(change: Callable[[str], str]) -> None:
    assert codes.parse(change(codes.make(7, b"0123456789"))) is None


@pytest.mark.parametrize(("issue", "token"), [(-1, b"0123456789"), (1024, b"0123456789"), (0, b"short")])
def test_what_cannot_be_printed_is_refused(issue: int, token: bytes) -> None:
    with pytest.raises(ValueError, match=r"issue|bytes"):
        codes.make(issue, token)


@given(ISSUES, TOKENS)
def test_an_issue_is_known_as_it_is_printed(issue: int, token: bytes) -> None:
    code = codes.parse(codes.make(issue, token))
    assert code is not None
    assert code.issue == codes.printed_issue(issue)


def test_credentials_name_a_token_by_its_salted_digest() -> None:
    assert codes.digest("00ff", b"0123456789") == hashlib.sha256(b"\x00\xff0123456789").hexdigest()


def test_a_pin_matches_its_hash_and_no_other() -> None:
    stored = codes.hash_pin("4711", b"salt of sixteen.")
    salt, _, hashed = stored.partition(":")
    assert bytes.fromhex(salt) == b"salt of sixteen."
    assert bytes.fromhex(hashed) == hashlib.scrypt(b"4711", salt=b"salt of sixteen.", n=2**14, r=8, p=1, dklen=32)
    assert codes.pin_matches(stored, "4711")
    assert not codes.pin_matches(stored, "4712")
    assert not codes.pin_matches(stored, "\ud800")


@pytest.mark.parametrize("stored", ["", ":", "zz:00", "00:zz", "00", "00:"])
def test_a_malformed_hash_matches_nothing(stored: str) -> None:
    assert not codes.pin_matches(stored, "4711")
