"""Two keys (decision 2): each shift key is certified by the one before, which is then gone."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.errors import ChainBroken
from app.logbook.book import Draft, Logbook
from app.logbook.keys import verifies
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
