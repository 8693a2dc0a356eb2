"""Witnesses: the head of one book as another handheld reads it, by QR code or as sixteen digits (decision 27).

Two handhelds that walk together, or meet at a handover, each record the other's head: from then on nobody can
take records away from the end of either book unseen. The QR code holds 73 characters of its dense alphanumeric
mode, so that version 3-L suffices, and any keyboard scanner types them:

    WBH1:       then 64 characters of base32 (RFC 4648, section 6: A-Z and 2-7) of 40 bytes
    book (8)    the first bytes of the book's id
    seq (4)     the head's number, big-endian
    hash (28)   the first bytes of the chain's hash after that record
    check (4)   made as that of a label (app.codes), of `WBH1:` and the 64 characters

The digits are said aloud or typed where nothing can be scanned: fifteen of a hash, and Luhn's check digit
(ISO/IEC 7812-1, annex B). They name no book: who has the books finds out which head they are of.
"""

import base64
import re
from hashlib import sha256
from typing import Final

from msgspec import Struct

from app import codes
from app.errors import NotAllowed

PREFIX: Final = "WBH1:"
DIGITS: Final = 16
BOOK_BYTES: Final = 8
HASH_BYTES: Final = 28
MOST: Final = 2**32 - 1
"""The highest number that a QR code holds."""

_SEEN: Final = re.compile(rf"{PREFIX}(?P<body>[A-Z2-7]{{64}})(?P<check>[{codes.ALPHABET}]{{{codes.CHECK}}})")
_TYPED: Final = re.compile(rf"[0-9]{{{DIGITS}}}")
_DOMAIN: Final = b"watchbook witness 1\n"


class Refused(NotAllowed):
    """What was read or typed is nobody's head."""


class Head(Struct, frozen=True):
    """A book's head, whole, as its own handheld knows it."""

    book: bytes
    """32 bytes."""
    seq: int
    hash: bytes
    """32 bytes: the chain's hash after record `seq`."""


class Seen(Struct, frozen=True):
    """As much of another book's head as a QR code holds."""

    book: str
    """Its first 8 bytes, hex."""
    seq: int
    hash: str
    """Its first 28 bytes, hex."""


def payload(head: Head) -> str:
    """What the QR code of `head` says. Raises ValueError for a number outside 1..2^32-1."""
    if not 0 < head.seq <= MOST:
        raise ValueError(f"number {head.seq} is outside 1..{MOST}")
    raw = head.book[:BOOK_BYTES] + head.seq.to_bytes(4, "big") + head.hash[:HASH_BYTES]
    body = base64.b32encode(raw).decode("ascii")
    return f"{PREFIX}{body}{codes.check(PREFIX, body)}"


def read(text: str) -> Seen:
    """The head that a scanned `text` shows. Raises Refused when it is none, or its check is wrong."""
    found = _SEEN.fullmatch(codes.bare(text)) if len(text) <= codes.MAX_TEXT else None
    if found is None or codes.check(PREFIX, found["body"]) != found["check"]:
        raise Refused("witness.no_head")
    raw = base64.b32decode(found["body"])
    seq = int.from_bytes(raw[BOOK_BYTES:-HASH_BYTES], "big")
    if seq == 0:
        raise Refused("witness.no_head")
    return Seen(raw[:BOOK_BYTES].hex(), seq, raw[-HASH_BYTES:].hex())


def is_head(text: str) -> bool:
    """Whether `text` is what the QR code of a head says."""
    try:
        read(text)
    except Refused:
        return False
    return True


def code(head: Head) -> str:
    """The sixteen digits of `head`. Raises OverflowError for a number that eight bytes do not hold."""
    digest = sha256(_DOMAIN + head.book + head.seq.to_bytes(8, "big") + head.hash).digest()
    digits = f"{int.from_bytes(digest[:8], 'big') % 10 ** (DIGITS - 1):0{DIGITS - 1}}"
    return digits + _luhn(digits)


def read_code(text: str) -> str:
    """The sixteen digits in `text`, typed with or without spaces.

    Raises Refused when there are not sixteen, or the last one does not check the others.
    """
    digits = text.replace(" ", "")
    if not _TYPED.fullmatch(digits):
        raise Refused("witness.too_short", digits=DIGITS)
    if _luhn(digits[:-1]) != digits[-1]:
        raise Refused("witness.wrong_digit")
    return digits


def grouped(digits: str) -> str:
    """Digits in groups of four, as they are said aloud."""
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def _luhn(digits: str) -> str:
    """Luhn's check digit: from the right every other digit is doubled, its own digits added."""
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)
