"""What tags with a secret send, as their makers published it, and what a wrong key makes of it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.office.ciphers import identities, identity, identity_under, open_bthome, temporary_key

PUBLIC = tomllib.loads((Path(__file__).parent.parent / "captures" / "secrets.toml").read_text())
keys = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize("vector", PUBLIC["eid"], ids=lambda vector: vector["sent"])
def test_an_identity_is_what_the_specification_makes_of_the_key(vector: dict[str, Any]) -> None:
    sent = bytes.fromhex(vector["sent"])
    if "key" in vector:
        key = bytes.fromhex(vector["key"])
        assert identity(key, vector["exponent"], vector["counter"]) == sent
        assert temporary_key(key, vector["counter"]).hex() == vector.get("temporary", temporary_key(key, 0).hex())
    if "temporary" in vector:
        assert identity_under(bytes.fromhex(vector["temporary"]), vector["exponent"], vector["counter"]) == sent


@given(keys, st.integers(0, 15), st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_many_identities_at_once_are_those_one_by_one(key: bytes, exponent: int, counter: int, count: int) -> None:
    """Across the hours of a temporary key too, and where the clock's 32 bits begin again."""
    window = counter >> exponent
    sent = identities(key, exponent, window, count)
    assert [sent[at : at + 8] for at in range(0, len(sent), 8)] == [
        identity(key, exponent, (window + place) << exponent) for place in range(count)
    ]


@pytest.mark.parametrize("vector", PUBLIC["bthome"], ids=lambda vector: vector["data"])
def test_an_enciphered_frame_opens_with_its_key_and_from_its_own_address_alone(vector: dict[str, Any]) -> None:
    key, data = bytes.fromhex(vector["key"]), bytes.fromhex(vector["data"])
    opened = open_bthome(key, vector["address"], data)
    assert opened is not None
    assert {name: str(value) for name, value in opened.values.items()} == vector["values"]
    assert opened.counters == {"counter": vector["counter"]}
    assert open_bthome(key, "54:48:E6:8F:80:A6", data) is None
    assert open_bthome(bytes(16), vector["address"], data) is None
    for place in range(len(data)):
        forged = bytearray(data)
        forged[place] ^= 0x40
        assert open_bthome(key, vector["address"], bytes(forged)) is None


@given(keys, st.binary(max_size=40))
def test_no_bytes_open_by_chance_or_break_it(key: bytes, data: bytes) -> None:
    assert open_bthome(key, "54:48:E6:8F:80:A5", data) is None
