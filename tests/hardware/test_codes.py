"""Codes on labels and badges: what is printed is read, and a wrong character never passes."""

import hashlib
import re
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


@given(ISSUES, TOKENS)
def test_a_label_as_an_address_fits_a_small_code_and_is_the_same_label(issue: int, token: bytes) -> None:
    base = codes.label_base("https://xj.cuihu.cn")
    text = codes.make(issue, token, base)
    assert text.startswith("HTTPS://XJ.CUIHU.CN/P/")
    assert len(text) <= 47, "version 3 at level Q holds 47 alphanumeric characters"
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert codes.parse(text) == codes.parse(codes.make(issue, token))
    assert codes.parse(text[:-1]) is None
    assert codes.parse(text.replace("/P/", "/Q/")) is None


@pytest.mark.parametrize("url", ["https://w.cn", " HTTPS://W.CN/ ", "http://w.cn:8060", "https://192.168.1.9:8060"])
def test_a_host_and_a_port_may_be_the_address_of_labels(url: str) -> None:
    base = codes.label_base(url)
    assert base == url.strip().rstrip("/").upper()
    assert codes.parse(codes.make(0, bytes(10), base)) is not None


@pytest.mark.parametrize(
    "url",
    ["", "w.cn", "ftp://w.cn", "https://", "https://w.cn/x", "https://w.cn?x", "https://w_w.cn", "https://w.cn:123456",
     "https://me@w.cn", "https://" + 29 * "w" + ".cn"],
)  # fmt: skip
def test_what_cannot_be_the_address_of_labels_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        codes.label_base(url)


AIM = ("]Q1", "]cm", "]d2", "]C1", "]E0", "]e0", "]L2")


@pytest.mark.parametrize("aim", AIM)
@pytest.mark.parametrize(
    "around", [("", ""), ("\x02", "\x03"), ("\x1b[24~", "\r"), (" \t", "\r\n"), ("\x02\x1d", "\x1e\x04\r\n")]
)
def test_what_a_scanner_adds_is_no_part_of_a_code(aim: str, around: tuple[str, str]) -> None:
    begin, end = around
    for text in (codes.make(3, b"0123456789"), "6901234567892", "配电柜 07"):
        for whole in (f"{begin}{aim}{text}{end}", f"{aim}{begin}{text}{end}", f"{begin}{text}{end}"):
            assert codes.bare(whole) == text


@given(st.text(max_size=60))
def test_cleaning_a_scan_never_raises_and_is_done_once(text: str) -> None:
    once = codes.bare(text)
    assert not re.search(r"[\x00-\x1f\x7f]", once)
    assert once == once.strip()
    assert once.startswith("]") or codes.bare(once) == once


def test_separators_inside_a_makers_code_do_not_depend_on_how_it_was_read() -> None:
    assert codes.bare("]d2\x1d0106901234567892\x1d21AB") == codes.bare("010690123456789221AB") == "010690123456789221AB"


@given(ISSUES, TOKENS, st.integers(13, 26), st.sampled_from(["", "HTTPS://W.CN", "http://w.cn"]))
def test_what_is_left_of_a_label_is_still_known_as_one_of_ours(issue: int, token: bytes, length: int, url: str) -> None:
    text = codes.make(issue, token, url.upper())
    kept = text[: len(text) - 26 + length]
    assert codes.may_hold_token(kept)
    assert codes.may_hold_token(kept.lower())
    assert not codes.may_hold_token("https://lift.example.com/eq?id=31104403072012060003")


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
