"""Requests signed by a handheld's identity key (RFC 9421, Ed25519), for both ends.

A signature covers method, authority, path, query and Content-Digest, and carries `created`, a nonce and
the book's id as `keyid`. So nobody can send in a book's name, change a body, or send it elsewhere;
there is no token to copy from a lost handheld. The office verifies with a library; the handheld, which
signs only this one form, writes it itself: that library is 50 ms and 1.7 MB in its memory.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from app.errors import WatchbookError
from app.logbook.keys import verifies

if TYPE_CHECKING:
    from http_message_signatures import HTTPMessageVerifier

COVERED: Final = ("@method", "@authority", "@path", "@query", "content-digest")
MAX_SKEW_S: Final = 300
"""A signature older than this, or as far in the future, is answered with the office's time."""
WINDOW_S: Final = 2 * MAX_SKEW_S
"""So long a nonce must be remembered: from a signature that is ahead to the last moment at which it counts."""
LABEL: Final = "book"
PLAIN: Final = re.compile(r"[!#-\[\]-~]+")
"""Printable ASCII without space, quote and backslash."""


class Signer(Protocol):
    """A private Ed25519 key that is used but not seen."""

    def sign(self, message: bytes, /) -> bytes: ...


class Signed(Struct, frozen=True):
    """What a valid signature says. The body is not checked yet: see `digest_matches`."""

    book: str
    created: int
    """Unix seconds on the handheld's clock."""
    nonce: str
    digest: str
    """The Content-Digest that the signature covers."""


class BadSignature(WatchbookError):
    """The request is not signed, or not by a key that is known."""


class _Message:
    """A request as the library wants to see it."""

    def __init__(self, method: str, url: str, headers: dict[str, str]) -> None:
        self.method = method
        self.url = url
        self.headers = headers


def sign(method: str, url: str, body: bytes, *, book: str, key: Signer, created: int, nonce: str) -> dict[str, str]:
    """The headers that sign this request: Content-Digest, Signature-Input, Signature. `created` is Unix seconds.

    RFC 9421 section 2.5, for this set of components and nothing else; `url` goes on the line as it is.
    Raises ValueError where a part is not plain ASCII: it could say two things at once.
    """
    if not all(map(PLAIN.fullmatch, (method, url, book, nonce))):
        raise ValueError((method, url, book, nonce))
    digest = f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"
    values = (method, *_target(url), digest)
    names = " ".join(f'"{name}"' for name in COVERED)
    stated = f'({names});created={created};keyid="{book}";alg="ed25519";nonce="{nonce}"'
    lines = [f'"{name}": {value}' for name, value in zip(COVERED, values, strict=True)]
    base = "\n".join([*lines, f'"@signature-params": {stated}'])
    signature = b64encode(key.sign(base.encode("ascii"))).decode()
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={stated}",
        "Signature": f"{LABEL}=:{signature}:",
    }


def _target(url: str) -> tuple[str, str, str]:
    """@authority, @path and @query of a URL (RFC 9421 section 2.2): host in lower case, no default port."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, ":")
    return host.removesuffix(default).removesuffix(":"), parts.path or "/", "?" + parts.query


def verify(method: str, url: str, headers: Iterable[tuple[str, str]], key_of: Callable[[str], bytes | None]) -> Signed:
    """The signature's statement, if it is good. Age is the caller's to judge, by its own clock.

    `key_of` gives the public key (32 bytes) of a book id, or None. Raises BadSignature.
    """
    from http_message_signatures import HTTPMessageSignaturesException

    fields: dict[str, str] = {}
    for name, value in headers:
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    try:
        [result] = _verifier(key_of).verify(_Message(method, url, fields), max_age=None, require_components=COVERED)
    except (HTTPMessageSignaturesException, ValueError) as e:
        raise BadSignature("sync.signature") from e
    created, nonce = result.parameters.get("created"), result.nonce
    if not isinstance(created, int) or not nonce or len(nonce) > 64:
        raise BadSignature("sync.signature")
    digest = result.covered_components['"content-digest"']
    return Signed(book=str(result.parameters["keyid"]), created=created, nonce=nonce, digest=digest)


def load() -> None:
    """Load what checks signatures now: the first request would wait for it."""
    verifies(b"", b"", b"")
    _verifier(lambda book: None)


def digest_matches(signed: Signed, body: bytes) -> bool:
    """Whether `body` (as sent, still packed) is the one that was signed."""
    from http_message_signatures import HTTPMessageSignaturesException
    from http_message_signatures.digests import ContentDigest

    try:
        ContentDigest.verify(signed.digest, body)
    except HTTPMessageSignaturesException:
        return False
    return True


def _verifier(key_of: Callable[[str], bytes | None]) -> "HTTPMessageVerifier":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

    class Keys(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
            raw = key_of(key_id)
            return None if raw is None else Ed25519PublicKey.from_public_bytes(raw)

    class AnyAge(HTTPMessageVerifier):
        """A handheld's clock may be years off; the caller answers that with the time."""

        def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
            return

    return AnyAge(signature_algorithm=algorithms.ED25519, key_resolver=Keys())


class Nonces:
    """Nonces seen while their signatures are still young enough to be accepted again."""

    def __init__(self, window_s: int = WINDOW_S) -> None:
        self._window = window_s
        self._seen: dict[tuple[str, str], int] = {}

    def is_new(self, book: str, nonce: str, now_s: int) -> bool:
        """Whether this nonce was not seen in the window; it is from now on."""
        while self._seen and next(iter(self._seen.values())) <= now_s - self._window:
            del self._seen[next(iter(self._seen))]
        if (book, nonce) in self._seen:
            return False
        self._seen[(book, nonce)] = now_s
        return True
