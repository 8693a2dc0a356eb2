"""Small releases for tests: a real wheel whose program says its version, packed and signed as the real ones are."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rollout import bundle

PUBLISHER = Ed25519PrivateKey.from_private_bytes(b"a publisher of the tests, no one")
STRANGER = Ed25519PrivateKey.from_private_bytes(b"somebody else, whom nobody trust")
PUBLIC = PUBLISHER.public_key().public_bytes_raw()

PROGRAM = """
import sys

def main():
    print("watchbook", "{version}", *sys.argv[1:])
"""


def wheel(
    name: str, version: str, files: dict[str, bytes], *, requires: tuple[str, ...] = (), script: str = ""
) -> bytes:
    """A wheel of the format's version 1.0, uncompressed sizes as given."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    extras = "".join(f"Provides-Extra: {extra}\n" for extra in ("office", "more"))
    inside = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{extras}{needs}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if script:
        inside[f"{info}/entry_points.txt"] = f"[console_scripts]\n{script}\n".encode()
    rows = [f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in inside.items()]
    inside[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for path, data in inside.items():
            archive.writestr(ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data, ZIP_DEFLATED)
    return out.getvalue()


def parts(version: str, ballast: bytes = b"") -> dict[str, bytes]:
    """The files of a small release: the real installer, launcher and units around a program of three lines."""
    files = {"tiny_watchbook.py": PROGRAM.format(version=version).encode(), "ballast.bin": ballast}
    ours = wheel("watchbook", version, files, script="watchbook = tiny_watchbook:main")
    return {**bundle.frame(), f"wheels/watchbook-{version}-py3-none-any.whl": ours}


def release(version: str, *, arch: str = "x86_64", key: Ed25519PrivateKey = PUBLISHER, ballast: bytes = b"") -> bytes:
    return bundle.pack(parts(version, ballast), arch, key, version=version)


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(sha256(data).digest()).decode().rstrip("=")
