"""Requests signed by a handheld's identity key (RFC 9421, Ed25519), for both ends.

A signature covers method, authority, path, query and Content-Digest, and carries `created`, a nonce and
the book's id as `keyid`. So nobody can send in a book's name, change a body, or send it elsewhere;
there is no token to copy from a lost handheld. There is one form of it (docs/wire.md), whole or refused; tests
hold it against a library that others wrote.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from typing import Final, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from app.errors import WatchbookError
from app.logbook.keys import verifies

COVERED: Final = ("@method", "@authority", "@path", "@query", "content-digest")
MAX_SKEW_S: Final = 300
"""A signature older than this, or as far in the future, is answered with the office's time."""
WINDOW_S: Final = 2 * MAX_SKEW_S
"""So long a nonce must be remembered: from a signature that is ahead to the last moment at which it counts."""
LABEL: Final = "book"
_CHARACTER: Final = r"[!#-\[\]-~]"
PLAIN: Final = re.compile(f"{_CHARACTER}+")
"""Printable ASCII without space, quote and backslash."""
_HEADERS: Final = ("content-digest", "signature-input", "signature")
_NAMES: Final = " ".join(f'"{name}"' for name in COVERED)
_INPUT: Final = re.compile(
    rf'{LABEL}=(\({_NAMES}\);created=(0|[1-9][0-9]{{0,14}});keyid="([0-9a-f]{{64}})";alg="ed25519";'
    rf'nonce="({_CHARACTER}{{1,64}})")'
)
"""`created` is an Integer of RFC 8941 section 3.3.1."""
_SIGNATURE: Final = re.compile(f"{LABEL}=:([A-Za-z0-9+/]{{85}}[AQgw]==):")
"""64 bytes end in the middle of a character: its other four bits are zero."""


class Signer(Protocol):
    """A private Ed25519 key that is used but not seen."""

    def sign(self, message: bytes, /) -> bytes: ...


class Target(Struct, frozen=True):
    """What a request asks for, as it goes on the line (RFC 9421 sections 2.2.3, 2.2.6, 2.2.7)."""

    authority: str
    path: str
    query: str
    """With its question mark, which is there without a query too."""


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


def sign(method: str, url: str, body: bytes, *, book: str, key: Signer, created: int, nonce: str) -> dict[str, str]:
    """The headers that sign this request: Content-Digest, Signature-Input, Signature. `created` is Unix seconds.

    RFC 9421 section 2.5, for this set of components and nothing else; `url` goes on the line as it is.
    Raises ValueError where a part is not plain ASCII: it could say two things at once.
    """
    if not all(map(PLAIN.fullmatch, (method, url, book, nonce))):
        raise ValueError((method, url, book, nonce))
    digest = _digest(body)
    stated = f'({_NAMES});created={created};keyid="{book}";alg="ed25519";nonce="{nonce}"'
    signature = b64encode(key.sign(_base(method, target_of(url), digest, stated))).decode()
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={stated}",
        "Signature": f"{LABEL}=:{signature}:",
    }


def _digest(body: bytes) -> str:
    """Content-Digest, RFC 9530 section 2."""
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"


def _base(method: str, target: Target, digest: str, stated: str) -> bytes:
    """The lines that are signed. Raises ValueError where they are not ASCII."""
    values = (method, target.authority, target.path, target.query, digest)
    lines = [f'"{name}": {value}' for name, value in zip(COVERED, values, strict=True)]
    return "\n".join([*lines, f'"@signature-params": {stated}']).encode("ascii")


def target_of(url: str) -> Target:
    """What a URL asks for."""
    parts = urlsplit(url)
    return Target(authority(parts.scheme, parts.netloc.rpartition("@")[2]), parts.path or "/", f"?{parts.query}")


def authority(scheme: str, host: str) -> str:
    """@authority: in lower case, without the scheme's own port."""
    default = {"http": ":80", "https": ":443"}.get(scheme, ":")
    return host.lower().removesuffix(default).removesuffix(":")


def verify(
    method: str, target: Target, headers: Iterable[tuple[str, str]], key_of: Callable[[str], bytes | None]
) -> Signed:
    """The signature's statement, if it is good. Age is the caller's to judge, by its own clock.

    `headers` have names in lower case, `key_of` gives the public key (32 bytes) of a book id, or None. Raises
    BadSignature, also for a header that comes twice.
    """
    fields: dict[str, str] = {}
    for name, value in headers:
        if name in _HEADERS:
            if name in fields:
                raise BadSignature("sync.signature")
            fields[name] = value.strip(" \t")
    given = _INPUT.fullmatch(fields.get("signature-input", ""))
    signature = _SIGNATURE.fullmatch(fields.get("signature", ""))
    if given is None or signature is None:
        raise BadSignature("sync.signature")
    stated, created, book, nonce = given.groups()
    digest, key = fields.get("content-digest", ""), key_of(book)
    try:
        base = _base(method, target, digest, stated)
    except ValueError as e:
        raise BadSignature("sync.signature") from e
    if key is None or not verifies(key, b64decode(signature[1]), base):
        raise BadSignature("sync.signature")
    return Signed(book=book, created=int(created), nonce=nonce, digest=digest)


def load() -> None:
    """Load what checks signatures now: the first request would wait for it."""
    verifies(b"", b"", b"")


def digest_matches(signed: Signed, body: bytes) -> bool:
    """Whether `body` (as sent, still packed) is the one that was signed."""
    return signed.digest == _digest(body)


class Nonces:
    """Nonces seen while their signatures are still young enough to be accepted again."""

    def __init__(self, window_s: int = WINDOW_S) -> None:
        self._window = window_s
        self._seen: dict[tuple[str, str], int] = {}

    def is_new(self, book: str, nonce: str, now_s: int) -> bool:
        """Whether this nonce was not seen in the window, its last second included; it is from now on."""
        while self._seen and next(iter(self._seen.values())) < now_s - self._window:
            del self._seen[next(iter(self._seen))]
        if (book, nonce) in self._seen:
            return False
        self._seen[(book, nonce)] = now_s
        return True
