"""Requests signed by a handheld's identity key (RFC 9421, Ed25519), for both ends.

A signature covers method, authority, path, query and Content-Digest, and carries `created`, a nonce and
the book's id as `keyid`. So nobody can send in a book's name, change a body, or send it elsewhere;
there is no token to copy from a lost handheld. Importing the library costs about 50 ms, so it waits.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from app.errors import WatchbookError

if TYPE_CHECKING:
    from http_message_signatures import HTTPMessageVerifier

COVERED: Final = ("@method", "@authority", "@path", "@query", "content-digest")
MAX_SKEW_S: Final = 300
"""A signature older than this, or as far in the future, is answered with the office's time."""
LABEL: Final = "book"


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
    """The headers that sign this request: Content-Digest, Signature-Input, Signature. `created` is Unix seconds."""
    from http_message_signatures import HTTPMessageSigner, algorithms

    message = _Message(method, url, {})
    signer: Any = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
    prepared = signer.prepare(
        message,
        key_id=book,
        created=datetime.fromtimestamp(created, UTC),
        nonce=nonce,
        label=LABEL,
        covered_component_ids=COVERED,
        body=body,
    )
    signer.apply(message, prepared, key.sign(prepared.signature_base))
    return message.headers


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

    def __init__(self, window_s: int = 2 * MAX_SKEW_S) -> None:
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
