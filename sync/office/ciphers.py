"""What tags with a secret send: changing identities (Eddystone-EID) and enciphered measurements (BTHome).

Both are arithmetic with a key that only the office has. Nothing here knows where a key is kept, or says one.
The library of ciphers (7 MB) is imported by what needs it: few sites have such tags.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from app.duties.rotating import EID_BYTES
from hardware.bthome import ENCRYPTED, Measured, measured

KEY_BYTES: Final = 16
_BLOCK: Final = 16
_ADDRESS_INCLUDED: Final = 0x02
_SERVICE: Final = bytes.fromhex("d2fc")
_CHECK_BYTES: Final = 4
_TRAILER: Final = 8
"""A counter of four bytes and the check stand behind the enciphered ones."""


def temporary_key(key: bytes, counter: int) -> bytes:
    """The key of the 18 hours around `counter`, the beacon's clock in seconds (google/eddystone, eid-computation)."""
    return _aes(key, bytes(11) + b"\xff" + bytes(2) + _clock(counter)[:2])


def identity_under(temporary: bytes, exponent: int, counter: int) -> bytes:
    """What the beacon sends at `counter`, by the temporary key of that time."""
    return _aes(temporary, _window_block(exponent, counter >> exponent))[:EID_BYTES]


def identity(key: bytes, exponent: int, counter: int) -> bytes:
    """What the beacon with that identity key, changing every 2^`exponent` seconds, sends at `counter` seconds."""
    return identity_under(temporary_key(key, counter), exponent, counter)


@lru_cache(64)
def identities(key: bytes, exponent: int, first: int, count: int) -> bytes:
    """Those of the windows `first`, `first` + 1 …, one behind the other, eight bytes each."""
    return b"".join(_runs(key, exponent, first, count))


def open_bthome(key: bytes, address: str, data: bytes) -> Measured | None:
    """What an enciphered frame (service data) says, its counter with it; None when the check does not fit: another
    key's, another address's, or changed on the way (bthome.io/encryption)."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    at = 7 if data and data[0] & _ADDRESS_INCLUDED else 1
    if len(data) < at + _TRAILER or not data[0] & ENCRYPTED:
        return None
    counter, check = data[-_TRAILER:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    nonce = bytes.fromhex(address.replace(":", "")) + _SERVICE + data[:1] + counter
    try:
        plain = AESCCM(key, tag_length=_CHECK_BYTES).decrypt(nonce, data[at:-_TRAILER] + check, None)
    except InvalidTag:
        return None
    said = measured(bytes((data[0] & ~(ENCRYPTED | _ADDRESS_INCLUDED),)) + plain)
    counters = {**(said.counters if said else {}), "counter": int.from_bytes(counter, "little")}
    return Measured(
        said.values if said else {},
        counters,
        said.battery_pct if said else None,
        said.battery_mv if said else None,
        encrypted=True,
    )


def _runs(key: bytes, exponent: int, first: int, count: int) -> Iterator[bytes]:
    """The windows of one temporary key at a time: enciphered together they cost little."""
    per_key = max(1, 1 << (16 - exponent))
    window = first
    while window < first + count:
        end = min(first + count, (window // per_key + 1) * per_key)
        blocks = b"".join(_window_block(exponent, each) for each in range(window, end))
        sent = _aes(temporary_key(key, window << exponent), blocks)
        yield b"".join(sent[at : at + EID_BYTES] for at in range(0, len(sent), _BLOCK))
        window = end


def _window_block(exponent: int, window: int) -> bytes:
    return bytes(11) + bytes((exponent,)) + _clock(window << exponent)


def _clock(counter: int) -> bytes:
    """The beacon's clock is 32 bits and begins again."""
    return (counter & 0xFFFFFFFF).to_bytes(4, "big")


def _aes(key: bytes, blocks: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    return Cipher(AES(key), ECB()).encryptor().update(blocks)  # noqa: S305 - single blocks, as the beacon does
