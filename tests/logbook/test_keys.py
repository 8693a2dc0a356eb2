"""Two keys (decision 2): each shift key is certified by the one before, which is then gone.

The handheld signs with libsodium; an office, an auditor or a newer handheld may use any other library.
"""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ChainBroken
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from app.logbook.keys import Keys, PrivateKey, verifies
from app.logbook.verify import check_folder
from tests.logbook.tools import SMALL, FailingDisk, QuickDisk, Ticks, words


def start(folder: Path, disk: QuickDisk | None = None) -> Logbook:
    return Logbook.open(folder, Ticks(), disk or QuickDisk(), SMALL)


def verify(key: str, sig: str, message: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(sig), message)


def test_a_shift_begins_with_a_new_key_certified_by_the_old(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    old_file = (tmp_path / "keys" / "shift.key").read_bytes()
    old = next(logbook.entries()).record.body["key"]
    before = logbook.head
    certified, opened = logbook.append_rotating(Draft("shift.opened", {"crew": []}))
    body = certified.record.body
    verify(old, body["cert"], b"watchbook shift key 1\n" + logbook.book + bytes.fromhex(body["key"]))
    verify(old, body["head"], b"watchbook head 1\n" + logbook.book + before.seq.to_bytes(8, "big") + before.hash)
    assert opened.record.kind == "shift.opened"
    key, sig = logbook.head_signature(opened.record.seq, opened.hash)
    assert key == body["key"]
    verify(key, sig, b"watchbook head 1\n" + logbook.book + opened.record.seq.to_bytes(8, "big") + opened.hash)
    files = {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    assert set(files) == {"identity.key", "shift.key"}
    assert old_file not in files.values()
    logbook.close()
    logbook = start(tmp_path)
    assert logbook.sign_head()["key"] == body["key"]
    logbook.close()


def test_the_old_private_key_is_overwritten_before_it_is_replaced(tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []

    class Watching(QuickDisk):
        def step(self, name: str) -> None:
            if name == "key.swap":
                seen.append((name, (tmp_path / "keys" / "shift.key").read_bytes()))

    logbook = start(tmp_path, Watching())
    logbook.append_rotating()
    assert seen == [("key.swap", bytes(32))]
    logbook.close()


@pytest.mark.parametrize(
    "step",
    ["key.create", "key.write", "key.rename", "append.write", "append.sync", "key.blank", "key.blank-sync", "key.swap"],
)
def test_a_change_of_key_cut_short_leaves_exactly_one_usable_key(tmp_path: Path, step: str) -> None:
    class Stops(QuickDisk):
        on = False

        def step(self, name: str) -> None:
            if self.on and name == step:
                raise KeyboardInterrupt

    disk = Stops()
    logbook = start(tmp_path, disk)
    logbook.append(words(1))
    disk.on = True
    with pytest.raises(KeyboardInterrupt):
        logbook.append_rotating(words(2))
    disk.on = False
    logbook.close()
    logbook = start(tmp_path)
    logbook.sign_head()
    logbook.append_rotating(words(3))
    logbook.sign_head()
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {"identity.key", "shift.key"}
    logbook.close()
    assert check_folder(tmp_path).whole


def test_a_refused_rotation_keeps_the_key(tmp_path: Path) -> None:
    class Full(FailingDisk):
        def step(self, name: str) -> None:
            if self._left and name == "append.write":
                self._fault(name)

    def full(name: str) -> None:
        raise OSError(28, "full")

    disk = Full(0, full)
    logbook = start(tmp_path, disk)
    disk._left = 1
    with pytest.raises(Exception, match="full"):
        logbook.append_rotating(words(1))
    disk._left = 0
    logbook.sign_head()
    logbook.close()
    assert check_folder(tmp_path).whole
    assert not (tmp_path / "keys" / "next.key").exists()


def test_a_lost_shift_key_stops_signatures_and_not_records(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    logbook.close()
    (tmp_path / "keys" / "shift.key").write_bytes(b"too short")
    logbook = start(tmp_path)
    with pytest.raises(ChainBroken, match="signing key"):
        logbook.sign_head()
    assert [e.record.kind for e in logbook.append_rotating(Draft("shift.opened", {"crew": []}))] == ["shift.opened"]
    logbook.append(words(1))
    logbook.close()
    assert check_folder(tmp_path).whole


def test_the_identity_survives_a_lost_journal(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    identity = logbook.identity.public
    logbook.append(words(1))
    logbook.close()
    for path in (tmp_path / "journal").iterdir():
        path.unlink()
    logbook = start(tmp_path)
    assert logbook.opening.fresh
    assert logbook.identity.public == identity
    Ed25519PublicKey.from_public_bytes(identity).verify(logbook.identity.sign(b"x"), b"x")
    logbook.close()


@pytest.mark.parametrize("spoil", ["key", "sig", "message", "short key", "short sig", "none"])
def test_a_signature_holds_for_its_key_and_message_only(tmp_path: Path, spoil: str) -> None:
    logbook = start(tmp_path)
    key, sig, message = logbook.identity.public, logbook.identity.sign(b"said"), b"said"
    logbook.close()
    match spoil:
        case "key":
            key = bytes([key[0] ^ 1]) + key[1:]
        case "sig":
            sig = sig[:-1] + bytes([sig[-1] ^ 1])
        case "message":
            message = b"sad"
        case "short key":
            key = key[:-1]
        case "short sig":
            sig = b""
    assert verifies(key, sig, message) is (spoil == "none")


# -- two libraries, one signature ---------------------------------------------------------------

RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)
"""Section 7.1, tests 1 to 3: seed, public key, message, signature."""


def read_back(folder: Path, seed: bytes) -> PrivateKey:
    """A key as a handheld finds it in its data folder."""
    (folder / "keys").mkdir(exist_ok=True)
    (folder / "keys" / "shift.key").write_bytes(seed)
    key = Keys(folder, Disk()).shift()
    assert key is not None
    return key


@pytest.mark.parametrize("vector", RFC_8032, ids=["1", "2", "3"])
def test_it_signs_as_the_rfc_says(tmp_path: Path, vector: tuple[str, str, str, str]) -> None:
    seed, public, message, sig = map(bytes.fromhex, vector)
    key = read_back(tmp_path, seed)
    assert (key.private(), key.public, key.sign(message)) == (seed, public, sig)
    assert verifies(public, sig, message)
    assert Ed25519PrivateKey.from_private_bytes(seed).sign(message) == sig


@given(st.binary(min_size=32, max_size=32).filter(any), st.binary(max_size=300), st.integers(0, 511))
def test_what_one_library_signed_the_other_verifies(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, message: bytes, bit: int
) -> None:
    ours = read_back(tmp_path_factory.getbasetemp(), seed)
    theirs = Ed25519PrivateKey.from_private_bytes(seed)
    public = theirs.public_key()
    assert ours.public == public.public_bytes_raw()
    public.verify(ours.sign(message), message)
    sig = bytearray(theirs.sign(message))
    assert verifies(ours.public, bytes(sig), message)
    sig[bit // 8] ^= 1 << bit % 8
    assert not verifies(ours.public, bytes(sig), message)
    with pytest.raises(InvalidSignature):
        public.verify(bytes(sig), message)


def test_a_new_key_lies_in_its_file_as_its_32_raw_bytes(tmp_path: Path) -> None:
    logbook = start(tmp_path)
    public = logbook.identity.public
    logbook.close()
    raw = (tmp_path / "keys" / "identity.key").read_bytes()
    assert Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw() == public


def test_a_key_that_would_vouch_for_any_message_vouches_for_none() -> None:
    neutral = bytes([1]) + bytes(31)
    anything = neutral + bytes(32)
    Ed25519PublicKey.from_public_bytes(neutral).verify(anything, b"OpenSSL lets it pass")
    assert not verifies(neutral, anything, b"OpenSSL lets it pass")
