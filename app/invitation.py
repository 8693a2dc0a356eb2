"""The code on the sheet of a new handheld: where the office is, and what lets one handheld in, once (docs/wire.md).

    WBE1:   code and the office's fingerprint (20)   until (4)   check (4)   address

All of it is upper-case, in characters that a QR code holds densely and that a keyboard scanner types unharmed. The
check is that of labels, over all that stands around it, so half a sheet is no sheet. `until` is the hour, counted from
2020-01-01 UTC, in which the sheet ends: only a hint for the sentence that refuses it, the office judges.

Where nothing can scan, the same is typed as groups of five digits, the last of each a check digit.
"""

import hashlib
import re
from typing import Final

from msgspec import Struct

from app.codes import ALPHABET, MAX_TEXT, bare, check

PREFIX: Final = "WBE1:"
CODE: Final = 20
GROUP: Final = 5
MOST_GROUPS: Final = 60
HOUR_MS: Final = 3_600_000
FROM_MS: Final = 1_577_836_800_000
"""2020-01-01 UTC."""
LONGEST_ADDRESS: Final = 100
_SHEET: Final = re.compile(
    rf"{PREFIX}(?P<code>[{ALPHABET}]{{{CODE}}})(?P<until>[{ALPHABET}]{{4}})(?P<check>[{ALPHABET}]{{4}})"
    rf"(?P<address>HTTPS?://[0-9A-Z.:/-]{{1,{LONGEST_ADDRESS}}})"
)
_ADDRESS: Final = re.compile(rf"https?://[0-9a-z.:/-]{{1,{LONGEST_ADDRESS}}}")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789.:-/"
_USUAL: Final = "https://"
_WEIGHTS: Final = (3, 7, 9, 1)
"""Each without a common divisor with ten: no single wrong digit passes."""


class Invitation(Struct, frozen=True):
    office: str
    """Address, lower-case."""
    code: str
    """Twenty characters: the code and the office's fingerprint, as `sync.wire.split_code` takes them."""
    until: int = 0
    """UTC ms behind which the sheet is surely over; 0 where nobody said."""


def fits(address: str) -> bool:
    """Whether an office's address can stand on a sheet: lower-case, no signs that a scanner may mistype."""
    return _ADDRESS.fullmatch(address) is not None


def written(invitation: Invitation) -> str:
    """The text of the QR code. Raises ValueError for an address that does not fit."""
    if not fits(invitation.office):
        raise ValueError(f"no address for a sheet: {invitation.office[:80]!r}")
    hour = min(max(0, invitation.until - FROM_MS) // HOUR_MS, 32**4 - 1)
    body, address = invitation.code + _base32(hour, 4), invitation.office.upper()
    return f"{PREFIX}{body}{check(PREFIX, body + address)}{address}"


def read(text: str) -> Invitation | None:
    """What a scanned sheet says; None for anything else, also half a sheet."""
    found = _SHEET.fullmatch(bare(text)) if len(text) <= MAX_TEXT else None
    if found is None or check(PREFIX, found["code"] + found["until"] + found["address"]) != found["check"]:
        return None
    hour = _value(found["until"])
    return Invitation(found["address"].lower(), found["code"], FROM_MS + (hour + 1) * HOUR_MS if hour else 0)


def looks_like(text: str) -> bool:
    """Whether it is a sheet, though perhaps not read whole."""
    return bare(text).upper().startswith(PREFIX[:-1])


# -- as digits -----------------------------------------------------------------------------------


def groups(invitation: Invitation) -> tuple[str, ...]:
    """The same in groups of five digits; the first two digits of all say how many groups there are."""
    number = 0
    for char in invitation.office.removeprefix(_USUAL):
        number = number * (len(_LETTERS) + 1) + _LETTERS.index(char) + 1
    number = number << 5 * CODE | _value(invitation.code)
    body = str(number)
    count = -(-(len(body) + 6) // (GROUP - 1))
    whole = f"{count:02}{body.rjust(count * (GROUP - 1) - 6, '0')}{_proof(number)}"
    parts = (whole[at : at + GROUP - 1] for at in range(0, len(whole), GROUP - 1))
    return tuple(part + _digit(part, place) for place, part in enumerate(parts))


def is_group(typed: str, place: int) -> bool:
    """Whether these five digits can be the group at `place`, from 0."""
    whole = len(typed) == GROUP and typed.isascii() and typed.isdigit()
    return whole and typed[-1] == _digit(typed[:-1], place)


def how_many(first: str) -> int:
    """How many groups there are, as the first one says; 0 when it says nonsense."""
    count = int(first[:2])
    return count if 2 <= count <= MOST_GROUPS else 0


def from_groups(typed: tuple[str, ...]) -> Invitation | None:
    """What all groups say together; None when they do not agree."""
    if not typed or how_many(typed[0]) != len(typed) or not all(is_group(each, at) for at, each in enumerate(typed)):
        return None
    whole = "".join(each[:-1] for each in typed)
    number = int(whole[2:-4])
    if _proof(number) != whole[-4:]:
        return None
    code, rest, address = _base32(number & (1 << 5 * CODE) - 1, CODE), number >> 5 * CODE, ""
    while rest:
        rest, place = divmod(rest, len(_LETTERS) + 1)
        if not place:
            return None
        address = _LETTERS[place - 1] + address
    office = address if address.startswith("http://") else _USUAL + address
    return Invitation(office, code) if fits(office) else None


def _digit(four: str, place: int) -> str:
    weighed = sum(int(digit) * weight for digit, weight in zip(four, _WEIGHTS, strict=True))
    return str((weighed + 7 * place) % 10)


def _proof(number: int) -> str:
    """Four digits that hold the groups together."""
    digest = hashlib.sha256(b"watchbook sheet 1\n" + str(number).encode()).digest()
    return f"{int.from_bytes(digest[:4], 'big') % 10_000:04}"


def _base32(number: int, places: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(places)))


def _value(chars: str) -> int:
    number = 0
    for char in chars:
        number = number << 5 | ALPHABET.index(char)
    return number
