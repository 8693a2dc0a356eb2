"""Who may speak to the office: the signature, its age, the body it covers, and how large that may be.

The signature is checked before the body is read, the digest before it is unpacked. So somebody
without an enrolled key can neither fill the memory nor make the office inflate anything.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Request
from litestar.exceptions import InternalServerException
from msgspec import Struct
from sqlalchemy import Connection

from sync.office.problems import Refusal
from sync.office.store import Store, seen
from sync.office.store.devices import Device
from sync.office.uploads import Reading
from sync.signing import (
    MAX_SKEW_S,
    WINDOW_S,
    BadSignature,
    Nonces,
    Signed,
    Target,
    authority,
    digest_matches,
    load,
    verify,
)
from sync.wire import (
    CLIENT_HEADER,
    MAX_BYTES,
    MIN_CLIENT,
    PROTOCOL_HEADER,
    PROTOCOLS,
    Malformed,
    TooLarge,
    is_older,
    unpack,
)

BODY_S: Final = 20
"""How long a body may take to arrive; a link that is slower than this wants smaller batches."""
PIECE: Final = 32 * 1024
"""Bytes of a blob's part that are stored at a time: what a line costs that dies unnoticed."""
_KEYID: Final = re.compile(r';keyid="([0-9a-f]{64})"')

AnyRequest = Request[Any, Any, Any]


class Caller(Struct, frozen=True):
    """The handheld behind a request whose signature is good."""

    device: Device
    book: bytes
    signed: Signed
    skew: int
    """Office clock minus handheld clock, ms; 1 s coarse."""

    @property
    def revoked(self) -> bool:
        return self.device.revoked_at is not None


class Gate:
    def __init__(self, store: Store) -> None:
        self._store = store
        load()
        self._nonces = Nonces()
        self._swept = 0
        """When old nonces of all workers were forgotten, in seconds."""

    async def admit(self, request: AnyRequest, now: int, book: str | None = None, *, waiting: bool = False) -> Caller:
        """The caller, which must write `book` if that is given. `now` is UTC ms. One that nobody has confirmed yet only
        with `waiting`.

        Raises Refusal: client-too-old, signature, unknown-book, clock, replayed, unconfirmed.
        """
        name = _claimed_book(request)
        request.state.book = name
        _check_version(request)
        if book not in (None, name):
            raise Refusal("signature")
        device = await self._store.devices.by_book(bytes.fromhex(name))
        if device is None or device.identity is None:
            raise Refusal("unknown-book")
        signed = _verified(request, name, device.identity)
        if abs(now // 1000 - signed.created) > MAX_SKEW_S:
            raise Refusal("clock", server_time=now)
        if not await self._is_new(name, signed.nonce, now // 1000):
            raise Refusal("replayed")
        if device.waits_since is not None and device.revoked_at is None and not waiting:
            raise Refusal("unconfirmed")
        return Caller(device, bytes.fromhex(name), signed, now - signed.created * 1000)

    async def _is_new(self, book: str, nonce: str, now_s: int) -> bool:
        """Whether neither this process nor another worker has seen the nonce."""
        if not self._nonces.is_new(book, nonce, now_s):
            return False
        if self._store.database.alone:
            return True
        sweeps = now_s - self._swept >= MAX_SKEW_S

        def change(tx: Connection) -> bool:
            if sweeps:
                seen.forget_before(tx, now_s - WINDOW_S)
            return seen.is_new(tx, bytes.fromhex(book), nonce, now_s)

        self._swept = now_s if sweeps else self._swept
        return await self._store.write(change)

    async def body(self, request: AnyRequest, caller: Caller) -> bytes:
        """The body, unpacked. Raises Refusal: slow, too-large, signature, encoding, malformed."""
        packed = await read(request, MAX_BYTES)
        if not digest_matches(caller.signed, packed):
            raise Refusal("signature")
        match request.headers.get("content-encoding", "identity"):
            case "identity":
                return packed
            case "gzip":
                return _unpacked(packed)
        raise Refusal("encoding")

    async def pieces(self, request: AnyRequest, caller: Caller, reading: Reading, limit: int) -> AsyncIterator[bytes]:
        """The body piece by piece, the last one too if the line breaks. Raises Refusal at its end: slow, too-large,
        signature; encoding before it begins.

        The signature covers the whole body, so what broke off is as good as the line that it came over.
        """
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refusal("encoding")
        came, told, refusal = bytearray(), 0, None
        try:
            async for part in _stream(request, limit, reading):
                came += part
                if len(came) - told >= PIECE:
                    yield bytes(came[told:])
                    told = len(came)
        except Refusal as e:
            refusal = e
        if refusal is None and not digest_matches(caller.signed, bytes(came)):
            refusal = Refusal("signature")
        if len(came) > told and (refusal is None or refusal.name == "slow"):
            yield bytes(came[told:])
        if refusal is not None:
            raise refusal


async def read(request: AnyRequest, limit: int) -> bytes:
    """The body as sent. Raises Refusal: slow, too-large."""
    return b"".join([part async for part in _stream(request, limit, Reading(BODY_S))])


async def _stream(request: AnyRequest, limit: int, reading: Reading) -> AsyncIterator[bytes]:
    """Raises Refusal: slow, also when the line breaks; too-large."""
    parts = aiter(request.stream())
    size = 0
    while True:
        try:
            async with reading.moment():
                part = await anext(parts, None)
        except (TimeoutError, InternalServerException) as e:  # the framework's word for a line that broke
            raise Refusal("slow") from e
        if part is None:
            return
        size += len(part)
        if size > limit:
            raise Refusal("too-large", limit=limit)
        yield part


def number(request: AnyRequest, name: str) -> int:
    """A header that is a count of bytes. Raises Refusal: malformed."""
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal("malformed")
    return int(text)


def _unpacked(packed: bytes) -> bytes:
    try:
        return unpack(packed)
    except TooLarge as e:
        raise Refusal("too-large", limit=MAX_BYTES) from e
    except Malformed as e:
        raise Refusal("malformed") from e


def _check_version(request: AnyRequest) -> None:
    if request.headers.get(PROTOCOL_HEADER, "") not in map(str, PROTOCOLS):
        raise Refusal("client-too-old", protocols=PROTOCOLS)
    if is_older(request.headers.get(CLIENT_HEADER, ""), MIN_CLIENT):
        raise Refusal("client-too-old", protocols=PROTOCOLS)


def _claimed_book(request: AnyRequest) -> str:
    found = _KEYID.search(request.headers.get("signature-input", ""))
    if found is None:
        raise Refusal("signature")
    return found[1]


def _verified(request: AnyRequest, book: str, identity: bytes) -> Signed:
    """The signature's statement, checked against the request as it came in."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]]
    path = request.scope.get("raw_path", b"").decode("ascii", "replace")
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    target = Target(authority(request.scope["scheme"], request.headers.get("host", "")), path, f"?{query}")
    try:
        return verify(request.method, target, headers, {book: identity}.get)
    except BadSignature as e:
        raise Refusal("signature") from e
