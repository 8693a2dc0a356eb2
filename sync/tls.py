"""TLS whose other end is known by its certificate alone: no authority is asked, no date is looked at.

The office names its certificates in its signed hello (docs/wire.md), so neither an authority that was talked
into something nor a handheld's clock decides whom it speaks to. A handshake with any other certificate ends
before a byte of HTTP is sent. Importing this costs what `ssl` costs.
"""

import ssl
from hashlib import sha256
from typing import Any


class OtherCertificate(ssl.SSLError):
    """The other end has a certificate that the office does not name."""


class Watched(ssl.SSLContext):
    """Remembers whose certificate was shown last; once `known` is set, no other one will do."""

    known: frozenset[bytes] | None = None
    """SHA-256 of the certificates (DER) that the office names; None until it was asked."""
    seen: bytes = b""
    """SHA-256 of the one that the newest connection showed."""

    def __new__(cls) -> "Watched":
        made = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        return made

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Raises OtherCertificate."""
        line = super().wrap_socket(*args, **options)
        self.seen = sha256(line.getpeercert(binary_form=True) or b"").digest()
        if self.known is not None and self.seen not in self.known:
            line.close()
            raise OtherCertificate("not a certificate that the office names")
        return line

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Raises OtherCertificate: TLS inside the TLS of a proxy shows its certificate too late, so it is not done."""
        raise OtherCertificate("no TLS through a TLS proxy")
