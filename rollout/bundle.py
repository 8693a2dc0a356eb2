"""A release from its parts: list, signature, files one behind the other. The same parts give the same bytes."""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.version import BOOK_FORMAT, READS_FORMAT, VERSION
from sync import release
from sync.release import File, Release

PYTHON = "3.11"
"""Debian 12's."""
_HERE = Path(__file__).parent


def frame() -> dict[str, bytes]:
    """What installs and starts a release, and what the system must know, by its name in it."""
    paths = [_HERE / "install.sh", _HERE / "launch", *(_HERE / "units").iterdir()]
    return {str(path.relative_to(_HERE)): path.read_bytes() for path in paths}


def wheels(folder: Path) -> dict[str, bytes]:
    """Every wheel in the folder, by its name in a release."""
    return {f"wheels/{path.name}": path.read_bytes() for path in folder.glob("*.whl")}


def pack(files: Mapping[str, bytes], arch: str, key: Ed25519PrivateKey, *, version: str = VERSION) -> bytes:
    """The release of these files for a machine of `arch`, signed. Raises ReleaseRefused beyond its limits."""
    listed = tuple(File(name, sha256(data).hexdigest(), len(data)) for name, data in sorted(files.items()))
    made = Release(arch, listed, release.PRODUCT, PYTHON, READS_FORMAT, version, BOOK_FORMAT)
    raw = release.encode(made)
    release.decode(raw)
    members = [(release.LIST, raw), (release.SIGNATURE, key.sign(raw)), *sorted(files.items())]
    return b"".join(_member(name, data) for name, data in members) + bytes(2 * release.BLOCK)


def keep(folder: Path, name: str, data: bytes) -> Path:
    """Write a file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / name, folder / f"{name}.part"
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return part.replace(path)


def _member(name: str, data: bytes) -> bytes:
    return release.header(name, len(data)) + data + bytes(-len(data) % release.BLOCK)
