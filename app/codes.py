"""Codes on labels and badges, and PINs: how they are written, checked and hashed (decision 25).

A code is `WB1:` and 22 characters of Crockford's base32 (no I, L, O, U), upper-case, so that a QR
code holds it in its dense alphanumeric mode and any keyboard scanner types it unharmed:

    issue (2)   how often this label was printed anew, 0..1023
    token (16)  ten random bytes; who holds them stood before the label
    check (4)   the first 20 bits of SHA-256(b"WB1:" + issue + token), of the 18 characters as written

The same may stand at the end of an address, `HTTPS://HOST/WB1:…`, so that a phone finds a page.
What a code means (a point, a person, an asset) is not in it: `Credentials.codes` tells, by `digest`.
"""

import hashlib
import hmac
import re
from typing import Final

from msgspec import Struct

PREFIX: Final = "WB1:"
CHECK: Final = 4
"""Characters of the check."""
TOKEN_BYTES: Final = 10
MAX_ISSUE: Final = 1023
MAX_TEXT: Final = 200
"""Characters; a longer text is never a code."""

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {char: value for value, char in enumerate(ALPHABET)}
_CODE: Final = re.compile(
    rf"(?:[Hh][Tt][Tt][Pp][Ss]?://[!-~]+/)?WB1:(?P<issue>[{ALPHABET}]{{2}})(?P<token>[{ALPHABET}]{{16}})"
    rf"(?P<check>[{ALPHABET}]{{{CHECK}}})"
)


class Code(Struct, frozen=True):
    """A label or badge as read."""

    issue: str
    """Two characters, as printed."""
    token: bytes
    """Ten bytes: proves the reading, and is never stored."""


def parse(text: str) -> Code | None:
    """The code in `text`, bare or at the end of an address; None when it is none or its check is wrong."""
    if len(text) > MAX_TEXT:
        return None
    found = _CODE.fullmatch(text.strip())
    if found is None or check(PREFIX, found["issue"] + found["token"]) != found["check"]:
        return None
    return Code(found["issue"], _number(found["token"]).to_bytes(TOKEN_BYTES, "big"))


def make(issue: int, token: bytes) -> str:
    """The text to print. Raises ValueError for an issue outside 0..1023 or a token that is not ten bytes."""
    if not 0 <= issue <= MAX_ISSUE:
        raise ValueError(f"issue {issue} is outside 0..{MAX_ISSUE}")
    if len(token) != TOKEN_BYTES:
        raise ValueError(f"a token has {TOKEN_BYTES} bytes, not {len(token)}")
    body = printed_issue(issue) + _written(int.from_bytes(token, "big"), 16)
    return f"{PREFIX}{body}{check(PREFIX, body)}"


def check(prefix: str, body: str) -> str:
    """The four characters behind `body`: the first 20 bits of SHA-256(prefix + body), both as written."""
    first = int.from_bytes(hashlib.sha256((prefix + body).encode("ascii")).digest()[:3], "big")
    return _written(first >> 4, CHECK)


def printed_issue(issue: int) -> str:
    """How a label's `issue`, 0..1023, is printed: two characters."""
    return _written(issue, 2)


def digest(salt_hex: str, token: bytes) -> str:
    """Hex SHA-256(salt ‖ token): how credentials name a token. Raises ValueError when the salt is not hex."""
    return hashlib.sha256(bytes.fromhex(salt_hex) + token).hexdigest()


def hash_pin(pin: str, salt: bytes) -> str:
    """`SALTHEX:HASHHEX` as credentials hold it. Costs 16 MiB and some 50 ms, so that guessing is slow."""
    return f"{salt.hex()}:{_scrypt(pin, salt).hex()}"


def pin_matches(stored: str, pin: str) -> bool:
    """Whether `pin` is the one behind `stored`; compared in constant time. A malformed `stored` matches nothing."""
    salt_hex, _, hash_hex = stored.partition(":")
    try:
        salt, wanted = bytes.fromhex(salt_hex), bytes.fromhex(hash_hex)
    except ValueError:
        return False
    return hmac.compare_digest(_scrypt(pin, salt), wanted)


def _scrypt(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode("utf-8", "surrogatepass"), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _written(number: int, places: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(places)))


def _number(chars: str) -> int:
    number = 0
    for char in chars:
        number = number << 5 | _VALUES[char]
    return number
