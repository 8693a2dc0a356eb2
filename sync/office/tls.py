"""The office's TLS: the certificate it shows, and those it names to handhelds in its signed hello.

A handheld asks no authority and looks at no date; it goes on only where it meets a certificate that the
office names (docs/wire.md). Our own is ECDSA P-256, since browsers take no Ed25519. The library that reads and makes
certificates (8 MB) is imported where one is read or made: an office behind plain HTTP has none.
"""

import os
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from app.errors import WatchbookError

if TYPE_CHECKING:
    from cryptography import x509

FILE: Final = "tls.pem"
YEARS: Final = 10


class CertificateUnusable(WatchbookError):
    """The administrator: the file is not there, or no certificate stands in it."""


class Shown(Struct, frozen=True):
    """PEM files of what the office's own socket shows."""

    certificate: Path
    key: Path | None = None
    """None when the key stands in the same file."""


class Certificates:
    """SHA-256, hex, of every certificate that a handheld may meet. Called for each hello."""

    def __init__(self, shown: Shown | None = None, named: Sequence[Path] = ()) -> None:
        """`named` are PEM files of others: of a proxy in front, or of the one that comes next.

        Raises CertificateUnusable when one of them cannot be read now.
        """
        self._shown = (fingerprint(shown.certificate),) if shown else ()
        self._found = {path: fingerprint(path) for path in named}

    def __call__(self) -> tuple[str, ...]:
        """The shown one as it was when the office started; of the others what their files hold now."""
        for path in self._found:
            self._found[path] = _renewed(path, self._found[path])
        return tuple(dict.fromkeys((*self._shown, *self._found.values())))


def _renewed(path: Path, before: str) -> str:
    """While somebody writes it, or after it went, the one before counts."""
    try:
        return fingerprint(path)
    except CertificateUnusable:
        return before


def must_fit(shown: Shown) -> None:
    """Raises CertificateUnusable when certificate and key do not belong together, or cannot be read."""
    fingerprint(shown.certificate)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(shown.certificate, shown.key)
    except OSError as e:  # ssl.SSLError too
        why = e.strerror or type(e).__name__
        raise CertificateUnusable("sync.certificate_unusable", path=str(shown.key or shown.certificate), why=why) from e


def fingerprint(path: Path) -> str:
    """SHA-256, hex, of the first certificate in a PEM file. Raises CertificateUnusable."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        first = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except OSError as e:
        raise CertificateUnusable("sync.certificate_unusable", path=str(path), why=e.strerror or str(e)) from e
    except ValueError as e:
        raise CertificateUnusable("sync.certificate_unusable", path=str(path), why="PEM?") from e
    return sha256(first.public_bytes(Encoding.DER)).hexdigest()


def own(folder: Path, host: str) -> Shown:
    """The certificate of this data directory, made for `host` if there is none. Raises OSError."""
    path = folder / FILE
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "wb") as file:
            file.write(make(host))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return Shown(path)


def make(host: str, start: datetime | None = None, years: int = YEARS) -> bytes:
    """A new key and its self-signed certificate, both PEM, good for this machine's names and `host`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Watchbook office")])
    start = start or datetime.now(UTC)
    until = start + timedelta(days=365 * years)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, until)
    built = built.add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _names(host: str) -> "list[x509.GeneralName]":
    texts = dict.fromkeys(["127.0.0.1", "::1", "localhost", socket.gethostname(), host])
    return [_name(text) for text in texts if text.isascii()]


def _name(text: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
