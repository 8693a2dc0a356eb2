"""Codes on labels and badges, and PINs: how they are written, checked and hashed (decision 25).

A code is `WB1:` and 22 characters of Crockford's base32 (no I, L, O, U), upper-case, so that a QR
code holds it in its dense alphanumeric mode and any keyboard scanner types it unharmed:

    issue (2)   how often this label was printed anew, 0..1023
    token (16)  ten random bytes; who holds them stood before the label
    check (4)   the first 20 bits of SHA-256(b"WB1:" + issue + token), of the 18 characters as written

The same may stand at the end of an address, so that a resident's telephone finds a page: `HTTPS://HOST/P/` and the
22 characters (what `make` writes), or `HTTPS://HOST/…/WB1:…`. The check is the same in every form.
What a code means (a point, a person, an asset) is not in it: `Credentials.codes` tells, by `digest`. A maker's own
code may be bound to a point or asset as well; its token is then its whole text.
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
FOREIGN: Final = "x"
"""How the issue of a maker's code begins: `x1`, `x2` … in the order in which a thing's codes were bound."""
LEAST_FOREIGN: Final = 6
"""Characters of a maker's code that can be bound: a shorter one is no name."""
ADDRESS: Final = "/P/"
"""What stands between the office's address and a label's 22 characters."""
LONGEST_LABEL: Final = 61
"""Characters that a QR code of version 3 holds at level M, alphanumeric; 47 fit at level Q."""

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {char: value for value, char in enumerate(ALPHABET)}
_CODE: Final = re.compile(
    rf"(?:(?:[Hh][Tt][Tt][Pp][Ss]?://[!-~]+/)?WB1:|[Hh][Tt][Tt][Pp][Ss]?://[!-~]+/[Pp]/)"
    rf"(?P<issue>[{ALPHABET}]{{2}})(?P<token>[{ALPHABET}]{{16}})(?P<check>[{ALPHABET}]{{{CHECK}}})"
)
_TOKEN: Final = re.compile(rf"{PREFIX}|{ADDRESS}[{ALPHABET}]{{8}}")
_AIM: Final = re.compile(r"\][A-Za-z][0-9A-Za-z](?=.)")
"""AIM symbology identifier (ISO/IEC 15424), which a scanner may be told to send first: `]Q1`, `]d2`, `]C1`, `]cm`."""
TRIAL: Final = "AQWZMY0123456789"
"""The token of the codes on a fitter's test sheet, as written: every digit, and the letters that other keyboards
put elsewhere. It opens nothing; which field of the sheet it is stands where a label has its issue."""
_CONTROLS: Final = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[P-S])|[\x00-\x1f\x7f]")
"""A prefix key as a shell gets it (F12); STX, ETX, CR, LF, TAB of the scanner; GS, RS, EOT of GS1 and ISO/IEC 15434,
which not every way of reading keeps."""
_BASE: Final = re.compile(r"HTTPS?://[0-9A-Z][0-9A-Z.-]*(:[0-9]{1,5})?")
"""An address in characters that a QR code holds densely."""


class Code(Struct, frozen=True):
    """A label or badge as read."""

    issue: str
    """Two characters, as printed."""
    token: bytes
    """Ten bytes: proves the reading, and is never stored."""


def bare(text: str) -> str:
    """What a label holds of what a scanner gave: without AIM identifier, control characters, and blanks at its ends.

    Two ways of reading the same label agree in this.
    """
    return _AIM.sub("", _CONTROLS.sub("", text).strip(), count=1).strip() if text else ""


def parse(text: str) -> Code | None:
    """The code in `text`, bare or at the end of an address; None when it is none or its check is wrong."""
    if len(text) > MAX_TEXT:
        return None
    found = _CODE.fullmatch(bare(text))
    if found is None or check(PREFIX, found["issue"] + found["token"]) != found["check"]:
        return None
    return Code(found["issue"], _token(found["token"]))


def may_hold_token(text: str) -> bool:
    """Whether `text` looks like a label of ours, also one that was not read whole: then it is kept nowhere."""
    return _TOKEN.search(text.upper()) is not None


def make(issue: int, token: bytes, url: str = "") -> str:
    """The text to print, in the form of an address below `url` (as `label_base` gave it) when there is one.

    Raises ValueError for an issue outside 0..1023 or a token that is not ten bytes.
    """
    if not 0 <= issue <= MAX_ISSUE:
        raise ValueError(f"issue {issue} is outside 0..{MAX_ISSUE}")
    if len(token) != TOKEN_BYTES:
        raise ValueError(f"a token has {TOKEN_BYTES} bytes, not {len(token)}")
    body = printed_issue(issue) + _written(int.from_bytes(token, "big"), 16)
    return f"{url + ADDRESS if url else PREFIX}{body}{check(PREFIX, body)}"


def trial(field: int, url: str = "") -> str:
    """The text of a code on a fitter's test sheet; `url` as for `make`."""
    return make(field, _token(TRIAL), url)


def trial_field(text: str) -> int | None:
    """Which field of a fitter's test sheet was read; None for any other code."""
    code = parse(text) if TRIAL in text else None
    return _number(code.issue) if code is not None and code.token == _token(TRIAL) else None


def label_base(url: str) -> str:
    """The address that labels in URL form begin with, as they are printed: upper-case.

    Raises ValueError unless it is `https://HOST` or `https://HOST:PORT`, short enough for the label.
    """
    base = url.strip().upper().rstrip("/")
    if not _BASE.fullmatch(base) or len(make(0, bytes(TOKEN_BYTES), base)) > LONGEST_LABEL:
        raise ValueError(f"no address for labels: {url[:80]!r}")
    return base


def check(prefix: str, body: str) -> str:
    """The four characters behind `body`: the first 20 bits of SHA-256(prefix + body), both as written."""
    first = int.from_bytes(hashlib.sha256((prefix + body).encode("ascii")).digest()[:3], "big")
    return _written(first >> 4, CHECK)


def printed_issue(issue: int) -> str:
    """How a label's `issue`, 0..1023, is printed: two characters."""
    return _written(issue, 2)


def foreign_token(text: str) -> bytes:
    """The token of a maker's code, whose text is `bare`."""
    return text.encode("utf-8", "replace")


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


def _token(written: str) -> bytes:
    return _number(written).to_bytes(TOKEN_BYTES, "big")


def _number(chars: str) -> int:
    number = 0
    for char in chars:
        number = number << 5 | _VALUES[char]
    return number
