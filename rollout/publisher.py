"""The publisher's key: whoever holds it decides what runs on the handhelds. It never lies in the repository."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


class KeyUnusable(Exception):
    """Whoever calls: this is no private Ed25519 key in a PEM file."""


def make(path: Path) -> Path:
    """Write a new private key to `path`, readable for nobody else, and its public half beside it as `.pem`.

    Returns the public file. Raises FileExistsError: a key is never overwritten.
    """
    public = path.with_suffix(".pem")
    if public == path:
        raise KeyUnusable(
            f"{path}: the public half goes by this name, take another for the private one (publisher.key)"
        )
    key = Ed25519PrivateKey.generate()
    _write(public, public_pem(key), 0o644)
    try:
        _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    except OSError:
        public.unlink()
        raise
    return public


def load(path: Path) -> Ed25519PrivateKey:
    """The private key in `path`, ours or one of `openssl genpkey -algorithm ed25519`. Raises KeyUnusable."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as e:
        raise KeyUnusable(f"{path}: {e}") from e
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path}: not an Ed25519 key")
    return key


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """Its public half, as openssl reads it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _write(path: Path, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
