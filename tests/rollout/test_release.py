"""A release is taken as a whole, from the publisher, for this machine; anything else is one clear no."""

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.words import LANGS
from rollout import bundle, publisher
from sync import release
from sync.release import ReleaseForged, ReleaseRefused, ReleaseTorn, ReleaseUnfit
from tests.needs import needs
from tests.rollout import making
from tests.rollout.making import PUBLIC, PUBLISHER, STRANGER

SMALL = {"install.sh": b"echo\n", "units/a.service": b"", "wheels/a-1-py3-none-any.whl": bytes(range(256)) * 5}
WHOLE = bundle.pack(SMALL, "x86_64", PUBLISHER, version="1.2.3")


def test_a_release_is_what_was_packed_and_other_programs_read_it_too(tmp_path: Path) -> None:
    """GNU tar for the files, openssl for the signature: a first install has nothing else."""
    found = release.check(BytesIO(WHOLE), PUBLIC)
    assert (found.version, found.arch, found.size) == ("1.2.3", "x86_64", len(WHOLE))
    assert {part.name: release.contents(BytesIO(WHOLE), found, part.name) for part in found.files} == SMALL
    release.unpack(BytesIO(WHOLE), found, tmp_path / "ours")
    (tmp_path / "theirs").mkdir()
    subprocess.run([needs("tar"), "-xmf", "-", "-C", tmp_path / "theirs"], input=WHOLE, check=True)
    (tmp_path / "key.pem").write_bytes(publisher.public_pem(PUBLISHER))
    verify = [needs("openssl"), "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin"]
    signed = ["-in", "theirs/release.json", "-sigfile", "theirs/release.sig"]
    subprocess.run([*verify, *signed], check=True, cwd=tmp_path, capture_output=True)
    (tmp_path / "theirs" / "release.sig").unlink()
    assert files(tmp_path / "ours") == files(tmp_path / "theirs") == {**SMALL, "release.json": release.encode(found)}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_parts_make_the_same_bytes() -> None:
    assert bundle.pack(dict(reversed(SMALL.items())), "x86_64", PUBLISHER, version="1.2.3") == WHOLE


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_release_with_any_byte_changed_is_none(at: int, by: int) -> None:
    changed = bytearray(WHOLE)
    changed[at] ^= by
    with pytest.raises(ReleaseRefused):
        release.check(BytesIO(changed), PUBLIC)


@given(st.integers(0, len(WHOLE) - 1))
def test_half_a_release_is_said_to_be_half(end: int) -> None:
    with pytest.raises(ReleaseTorn):
        release.check(BytesIO(WHOLE[:end]), PUBLIC)


def test_a_damaged_file_is_named() -> None:
    with pytest.raises(ReleaseTorn) as no:
        release.check(BytesIO(WHOLE.replace(b"echo", b"ecno")), PUBLIC)
    assert "install.sh" in no.value.say("zh")


def test_nothing_may_follow_a_release() -> None:
    with pytest.raises(ReleaseRefused):
        release.check(BytesIO(WHOLE + b"\0"), PUBLIC)


def test_a_stranger_signs_no_release() -> None:
    theirs = bundle.pack(SMALL, "x86_64", STRANGER, version="1.2.3")
    with pytest.raises(ReleaseForged):
        release.check(BytesIO(theirs), PUBLIC)
    with pytest.raises(ReleaseForged):
        release.read(BytesIO(theirs), PUBLIC)


@pytest.mark.parametrize(
    ("arch", "python", "key"),
    [("aarch64", "3.11", "release.arch"), ("x86_64", "3.12", "release.python"), ("\x1b[2J", "3.11", "release.arch")],
)
def test_a_release_for_another_machine_is_said_to_be_that(arch: str, python: str, key: str) -> None:
    found = release.read(BytesIO(WHOLE), PUBLIC)
    release.must_fit(found, "x86_64", "3.11")
    with pytest.raises(ReleaseUnfit) as no:
        release.must_fit(found, arch, python)
    assert no.value.key == key
    assert not any("\x1b" in no.value.say(lang) for lang in LANGS)


BEYOND: dict[str, dict[str, Any]] = {
    "absolute": {"files": [{"name": "/etc/passwd", "sha256": "0" * 64, "size": 1}]},
    "upwards": {"files": [{"name": "wheels/../../a", "sha256": "0" * 64, "size": 1}]},
    "hidden": {"files": [{"name": "units/.a", "sha256": "0" * 64, "size": 1}]},
    "option": {"files": [{"name": "-rf", "sha256": "0" * 64, "size": 1}]},
    "line": {"files": [{"name": "a\nb", "sha256": "0" * 64, "size": 1}]},
    "long": {"files": [{"name": "a" * 101, "sha256": "0" * 64, "size": 1}]},
    "list": {"files": [{"name": "release.json", "sha256": "0" * 64, "size": 1}]},
    "twice": {"files": [{"name": "a", "sha256": "0" * 64, "size": 1}] * 2},
    "size": {"files": [{"name": "a", "sha256": "0" * 64, "size": 64 * 1024 * 1024 + 1}]},
    "negative": {"files": [{"name": "a", "sha256": "0" * 64, "size": -1}]},
    "sum": {"files": [{"name": f"a{n}", "sha256": "0" * 64, "size": 60 * 1024 * 1024} for n in range(5)]},
    "many": {"files": [{"name": f"a{n}", "sha256": "0" * 64, "size": 1} for n in range(201)]},
    "hash": {"files": [{"name": "a", "sha256": "0" * 63, "size": 1}]},
    "version": {"version": "../1"},
    "arch": {"arch": "mips"},
    "python": {"python": "2.7"},
    "product": {"product": "other"},
    "form": {"writes": 0},
    "order": {"reads": 3, "writes": 2},
    "stranger": {"more": 1},
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_goes_beyond_the_limits_is_refused_though_the_publisher_signed_it(name: str) -> None:
    listed = json.loads(release.encode(release.check(BytesIO(WHOLE), PUBLIC)))
    assert release.decode(canonical(listed)).version == "1.2.3"
    with pytest.raises(ReleaseRefused):
        release.decode(canonical({**listed, **BEYOND[name]}))


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def test_another_way_to_write_the_same_list_is_refused() -> None:
    raw = release.encode(release.check(BytesIO(WHOLE), PUBLIC))
    with pytest.raises(ReleaseRefused):
        release.decode(raw + b" ")


def test_a_key_is_made_once_kept_to_oneself_and_read_on_both_sides(tmp_path: Path) -> None:
    public = publisher.make(tmp_path / "publisher.key")
    key = publisher.load(tmp_path / "publisher.key")
    assert (tmp_path / "publisher.key").stat().st_mode & 0o777 == 0o600
    assert release.public_key(public) == key.public_key().public_bytes_raw()
    with pytest.raises(FileExistsError):
        publisher.make(tmp_path / "publisher.key")
    for path in (tmp_path / "none.pem", tmp_path / "publisher.key"):
        with pytest.raises(ReleaseRefused):
            release.public_key(path)
    with pytest.raises(publisher.KeyUnusable):
        publisher.load(public)


def test_a_key_of_openssl_is_as_good(tmp_path: Path) -> None:
    subprocess.run([needs("openssl"), "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "key"], check=True)
    signed = bundle.pack(SMALL, "aarch64", publisher.load(tmp_path / "key"))
    subprocess.run(
        [needs("openssl"), "pkey", "-in", tmp_path / "key", "-pubout", "-out", tmp_path / "key.pem"], check=True
    )
    assert release.check(BytesIO(signed), release.public_key(tmp_path / "key.pem")).arch == "aarch64"


def test_a_small_release_of_the_tests_is_one(tmp_path: Path) -> None:
    found = release.check(BytesIO(making.release("9.9.9")), PUBLIC)
    assert {"install.sh", "launch", "units/watchbook.service"} < {part.name for part in found.files}
    assert shutil.disk_usage(tmp_path).free > found.size
