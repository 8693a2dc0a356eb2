"""The endpoints handhelds talk to, thin: check who speaks, hand the values to the store, answer.

An answer that confirms anything is written after the store's commit has returned.
"""

import hashlib
import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Response, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, Parameter
from msgspec import Raw, Struct

from app.logbook.keys import identity_message, verifies
from sync.handoff import FileRefused
from sync.office import admitting, takeover
from sync.office.audit import acts
from sync.office.batches import checked, hex_of
from sync.office.feed import Feed
from sync.office.gate import BODY_S, AnyRequest, Caller, Gate, number, read
from sync.office.handoff import REVOKED, signed_receipt, take_in
from sync.office.keys import OfficeKey
from sync.office.problems import NOT_PACKED, Refusal, language, title
from sync.office.releases import offered_to, piece_for
from sync.office.store import Store, conditions
from sync.office.store import records as store_records
from sync.office.store.blobs import Part, Upload, keep_part, name_blobs_of, naming, upload_of, was_named
from sync.office.store.changes import START, CursorAhead, CursorDead, Item, Page, begin_anew
from sync.office.store.devices import BookTaken, CodeRefused
from sync.office.store.records import Fork, Gap, Held, Link, Taken
from sync.office.tag_keys import renew_tables, tables_end_soon
from sync.office.tries import Tries
from sync.office.uploads import Uploads
from sync.wire import (
    JSON,
    LENGTH_HEADER,
    MAX_BLOB,
    MAX_BYTES,
    MAX_EVENTS,
    MAX_PAGE,
    MAX_WAIT_S,
    MIN_CLIENT,
    OCTETS,
    OFFSET_HEADER,
    PROTOCOLS,
    URN,
    Ack,
    AskOthers,
    Batch,
    Carried,
    Change,
    Changes,
    Condition,
    Conditioned,
    Confirm,
    Confirmed,
    Enrol,
    Enrolled,
    Hello,
    Kept,
    Mark,
    Noted,
    Offering,
    Others,
    Problem,
    Quarantined,
    Receipt,
    Succeeded,
    Successor,
    blob_bytes,
    blob_gone_bytes,
    changes_bytes,
    enrol_bytes,
    hello_bytes,
)

log: Final = logging.getLogger("watchbook.office")

T = TypeVar("T")
ANEW_MS: Final = 10 * 60 * 1000
"""The feed begins anew no more often, whatever handhelds say."""
ENROL_BYTES: Final = 8 * 1024
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_CODE: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")


class Health(Struct, frozen=True):
    """The office can accept records."""

    ok: bool
    server_time: int


class Office:
    """What the endpoints share."""

    def __init__(
        self, store: Store, key: OfficeKey, clock_ms: Callable[[], int], certificates: Callable[[], tuple[str, ...]]
    ) -> None:
        self.store = store
        self.key = key
        self.now = clock_ms
        self.certificates = certificates
        """SHA-256, hex, of each TLS certificate behind which it is reached, as of now."""
        self.gate = Gate(store)
        self.feed = Feed(store)
        self.tries = Tries(store)
        self.uploads = Uploads()
        self.began_anew = 0
        """When the feed got another id, UTC ms."""

    def receipt(self, book: bytes, held: Held) -> Receipt | None:
        """A signed receipt for the mark; None while nothing is held."""
        return signed_receipt(self.key, book, held, self.now())


def endpoints(office: Office) -> Sequence[HTTPRouteHandler]:
    """The handlers of docs/wire.md."""
    book_path: Any = Annotated[str, Parameter(pattern="^[0-9a-f]{64}$", description="the book's id")]

    @get("/v1/health", responses=_problems("busy"))
    async def health() -> Health:
        await office.store.ready()
        return Health(True, office.now())

    @get("/v1/hello", responses=_problems("malformed"))
    async def hello(nonce: FromQuery[str]) -> Hello:
        return _hello(office, nonce)

    @post("/v1/enrol", status_code=201, responses=_problems("malformed", "enrol-code", "book-taken", "too-many-tries"))
    async def enrol(request: AnyRequest) -> Enrolled:
        return await _enrol(office, request)

    @post("/v1/books/{book:str}/records", status_code=200, responses=_problems(*_SIGNED, "gap", "revoked", "too-large"))
    async def records(request: AnyRequest, book: book_path) -> Ack:
        return await _take(office, request, book)

    @post("/v1/books/{book:str}/successor", status_code=200, responses=_problems(*_SIGNED, "book-taken"))
    async def successor(request: AnyRequest, book: book_path) -> Succeeded:
        return await _succeed(office, request, book)

    @post("/v1/books/{book:str}/urgent", status_code=200, responses=_problems(*_SIGNED, "fork", "revoked", "too-large"))
    async def urgent(request: AnyRequest, book: book_path) -> Noted:
        return await _take_urgent(office, request, book)

    @post("/v1/books/{book:str}/carried", status_code=200, responses=_problems(*_SIGNED, "carried-book", "gap", "fork"))
    async def carried(request: AnyRequest, book: book_path) -> Carried:
        return await _take_carried(office, request, book)

    blob_path = "/v1/books/{book:str}/blobs/{name:str}"

    @get(blob_path, responses=_problems(*_SIGNED, "revoked"))
    async def blob_state(request: AnyRequest, book: book_path, name: book_path) -> Kept:
        return await _blob_state(office, request, book, name)

    @patch(blob_path, status_code=200, responses=_problems(*_SIGNED, "revoked", "too-large", "offset", "slow"))
    async def blob(request: AnyRequest, book: book_path, name: book_path) -> Kept:
        return await _keep_part(office, request, book, name)

    @get("/v1/books/{book:str}/head", responses=_problems(*_SIGNED, "revoked"))
    async def mark(request: AnyRequest, book: book_path) -> Mark:
        caller = await _admit(office, request, book)
        held = await office.store.records.held(caller.device.site, caller.book)
        return Mark(book, held.seq, held.hash.hex(), office.now())

    @post("/v1/books/{book:str}/state", status_code=200, responses=_problems(*_SIGNED, "revoked"))
    async def state(request: AnyRequest, book: book_path) -> Conditioned:
        return await _take_condition(office, request, book)

    @get("/v1/books/{book:str}/release", responses=_problems(*_SIGNED, "revoked"))
    async def release(request: AnyRequest, book: book_path, arch: FromQuery[str]) -> Offering:
        device = (await _admit(office, request, book)).device
        found = await office.store.read(partial(offered_to, device=device, arch=arch))
        return Offering(book, found, office.now())

    @get("/v1/books/{book:str}/release/{name:str}", opt={NOT_PACKED: True}, responses=_problems(*_SIGNED, "no-release"))
    async def release_piece(
        request: AnyRequest, book: book_path, name: book_path, offset: Annotated[int, Parameter(ge=0, le=2**31)] = 0
    ) -> Response[bytes]:
        device = (await _admit(office, request, book)).device
        found = await office.store.read(partial(piece_for, device=device, digest=name, offset=offset))
        if found is None:
            raise Refusal("no-release")
        return Response(found, media_type=OCTETS)

    @get("/v1/changes", responses=_problems(*_SIGNED, "revoked", "cursor-ahead", "cursor-expired"))
    async def changes(
        request: AnyRequest,
        cursor: Annotated[str, Parameter(max_length=40)] = START,
        limit: Annotated[int, Parameter(ge=1, le=MAX_PAGE)] = MAX_PAGE,
        wait: Annotated[int, Parameter(ge=0, le=MAX_WAIT_S)] = 0,
    ) -> Response[Changes]:
        return await _changes(office, request, cursor, limit, wait)

    @post("/v1/books/{book:str}/confirm", status_code=200, responses=_problems(*_SIGNED, "not-a-supervisor"))
    async def confirm(request: AnyRequest, book: book_path) -> Confirmed:
        return await _confirm(office, request, book)

    @post("/v1/books/{book:str}/others", status_code=200, responses=_problems(*_SIGNED, "revoked"))
    async def others(request: AnyRequest, book: book_path) -> Others:
        return await _others(office, request, book)

    of_records = (successor, records, urgent, carried, blob_state, blob, mark)
    return (health, hello, enrol, confirm, *of_records, others, state, release, release_piece, changes)


_SIGNED: Final = ("malformed", "signature", "unknown-book", "client-too-old", "busy")


def _problems(*names: str) -> dict[int, ResponseSpec]:
    from sync.wire import PROBLEM_JSON, PROBLEMS

    return {PROBLEMS[name]: ResponseSpec(Problem, media_type=PROBLEM_JSON, generate_examples=False) for name in names}


def _hello(office: Office, nonce: str) -> Hello:
    if not _NONCE.fullmatch(nonce):
        raise Refusal("malformed")
    now, certs = office.now(), office.certificates()
    return Hello(
        server_key=office.key.public.hex(),
        server_time=now,
        protocols=PROTOCOLS,
        min_client=MIN_CLIENT,
        max_events=MAX_EVENTS,
        max_bytes=MAX_BYTES,
        wait_s=MAX_WAIT_S,
        sig=office.key.sign(hello_bytes(nonce, now, certs)).hex(),
        certs=certs,
    )


async def _enrol(office: Office, request: AnyRequest) -> Enrolled:
    now = office.now()
    address = request.client.host if request.client else ""
    if not await office.tries.is_open(address, now):
        raise Refusal("too-many-tries")
    asked = _decoded(await read(request, ENROL_BYTES), Enrol)
    book, key, identity = _proven(asked)
    try:
        device = await office.store.devices.enrol(asked.code, book, identity, key, now)
    except CodeRefused as e:
        await office.tries.wrong(address, now)
        raise Refusal("enrol-code") from e
    except BookTaken as e:
        raise Refusal("book-taken") from e
    return Enrolled(asked.book, device.device, device.site, office.key.public.hex(), START, now)


async def _confirm(office: Office, request: AnyRequest, book: str) -> Confirmed:
    """A supervisor of the site stands before the handheld that waits: the office need not be asked (at night)."""
    now = office.now()
    caller = await office.gate.admit(request, now, book, waiting=True)
    asked = _decoded(await office.gate.body(request, caller), Confirm)
    if caller.revoked:
        raise Refusal("revoked")
    person = await admitting.by_badge(office.store, caller.device, hex_of(asked.proof, 32), now)
    if person is None:
        raise Refusal("not-a-supervisor")
    return Confirmed(book, person, now)


async def _others(office: Office, request: AnyRequest, book: str) -> Others:
    """What is known of handhelds in use at the site; that somebody asked is in the audit."""
    now = office.now()
    caller = await office.gate.admit(request, now, book)
    asked = _decoded(await office.gate.body(request, caller), AskOthers)
    if caller.revoked:
        raise Refusal("revoked")
    site, device = caller.device.site, caller.device.device
    await acts(office.store, f"device:{device}", "handhelds-asked", now, site, f"{asked.by[:40]} {asked.post[:64]}")
    found = await office.store.read(lambda tx: takeover.others(tx, site, device, asked.post, now))
    return Others(book, found, now)


def _proven(asked: Enrol) -> tuple[bytes, bytes, bytes]:
    """(book, first shift key, identity key), once the signatures bind them together."""
    book, key, identity = (hex_of(text, 32) for text in (asked.book, asked.key, asked.identity))
    cert, proof = hex_of(asked.cert, 64), hex_of(asked.proof, 64)
    if not _CODE.fullmatch(asked.code) or hashlib.sha256(key).digest() != book:
        raise Refusal("malformed")
    certified = verifies(key, cert, identity_message(identity))
    if not certified or not verifies(identity, proof, enrol_bytes(asked.code, book)):
        raise Refusal("malformed")
    return book, key, identity


async def _succeed(office: Office, request: AnyRequest, book: str) -> Succeeded:
    """The identity that signs for a book that is known stands behind the next one: no code is asked for.

    A withdrawn handheld stays withdrawn, and its next book with it.
    """
    caller = await office.gate.admit(request, office.now(), book)
    asked = _decoded(await office.gate.body(request, caller), Successor)
    key, identity, cert = hex_of(asked.key, 32), hex_of(asked.identity, 32), hex_of(asked.cert, 64)
    certified = verifies(key, cert, identity_message(identity))
    if asked.after.book != book or identity != caller.device.identity or not certified:
        raise Refusal("malformed")
    new = hashlib.sha256(key).digest()
    try:
        device = await office.store.devices.succeed(caller.book, new, key, office.now())
    except BookTaken as e:
        raise Refusal("book-taken") from e
    if device is None:
        raise Refusal("unknown-book")
    return Succeeded(book, new.hex(), device.device, device.site, office.now())


async def _take_condition(office: Office, request: AnyRequest, book: str) -> Conditioned:
    caller = await office.gate.admit(request, office.now(), book)
    said = _decoded(await office.gate.body(request, caller), Condition)
    if caller.revoked:
        raise Refusal("revoked")
    device, now = caller.device, office.now()
    row = conditions.Row(device.site, device.device, caller.book, now, msgspec.json.encode(said))
    await office.store.write(lambda tx: conditions.put(tx, row))
    return Conditioned(book, now)


async def _take(office: Office, request: AnyRequest, book: str) -> Ack:
    caller = await office.gate.admit(request, office.now(), book)
    sent = _decoded(await office.gate.body(request, caller), Batch)
    batch = checked(sent, caller.book, caller.skew)
    site = caller.device.site
    done = await office.store.records.take(site, batch, office.now(), REVOKED if caller.revoked else None)
    if isinstance(done, Gap):
        raise Refusal("gap", high_water=done.held.seq, head=done.held.hash.hex())
    await _name_blobs(office, caller, batch)
    if isinstance(done, Fork):
        apart = office.receipt(caller.book, done.apart) if done.apart else None
        raise Refusal("fork", high_water=done.held.seq, head=done.held.hash.hex(), receipt=apart)
    receipt = office.receipt(caller.book, done.held)
    if caller.revoked:
        raise Refusal("revoked", high_water=done.held.seq, head=done.held.hash.hex(), receipt=receipt)
    return Ack(
        book=book,
        high_water=done.held.seq,
        head=done.held.hash.hex(),
        accepted=done.accepted,
        quarantined=_named(done, language(request)),
        receipt=receipt,
        server_time=office.now(),
    )


async def _name_blobs(office: Office, caller: Caller, batch: store_records.Batch) -> None:
    """Before the answer, so that a handheld whose office fell in between sends the records again."""
    if links := naming(batch.links):
        named = partial(name_blobs_of, site=caller.device.site, book=batch.book, links=links, aside=caller.revoked)
        await office.store.write(named)


def _named(done: Taken, lang: str) -> tuple[Quarantined, ...]:
    return tuple(Quarantined(seq, URN + name, title(lang, name)) for seq, name in done.quarantined)


async def _take_urgent(office: Office, request: AnyRequest, book: str) -> Noted:
    caller = await office.gate.admit(request, office.now(), book)
    one = _alone(await office.gate.body(request, caller))
    fault = REVOKED if caller.revoked else None
    fork = await office.store.records.take_urgent(caller.device.site, caller.book, one, office.now(), fault)
    if fork is not None:
        raise Refusal("fork", high_water=fork.held.seq, head=fork.held.hash.hex())
    if caller.revoked:
        raise Refusal("revoked")
    return Noted(book, one.seq, office.now())


async def _blob_state(office: Office, request: AnyRequest, book: str, name: str) -> Kept:
    caller = await office.gate.admit(request, office.now(), book)
    await office.gate.body(request, caller)
    digest, site = hex_of(name, 32), caller.device.site
    await _must_be_owed(office, caller, digest)
    await office.uploads.settle(caller.book)
    here = await office.store.read(partial(upload_of, site=site, book=caller.book, digest=digest))
    return _kept(office, caller, digest, here)


async def _must_be_owed(office: Office, caller: Caller, digest: bytes) -> None:
    """A withdrawn handheld still brings what records of its site name, those in quarantine too, and nothing else; one
    that nobody had confirmed brings nothing."""
    named = partial(was_named, site=caller.device.site, digest=digest)
    if caller.revoked and (caller.device.waits_since is not None or not await office.store.read(named)):
        raise Refusal("revoked")


def _kept(office: Office, caller: Caller, digest: bytes, here: Upload) -> Kept:
    sig = office.key.sign(blob_bytes(caller.book, digest)).hex() if here.whole else ""
    gone = office.key.sign(blob_gone_bytes(caller.book, digest)).hex() if here.gone else ""
    return Kept(caller.book.hex(), digest.hex(), here.offset, office.now(), sig, gone)


async def _keep_part(office: Office, request: AnyRequest, book: str, name: str) -> Kept:
    """What came of a body is kept although the line broke: the whole must have the hash it came under."""
    caller = await office.gate.admit(request, office.now(), book)
    digest, site = hex_of(name, 32), caller.device.site
    await _must_be_owed(office, caller, digest)
    offset, length = number(request, OFFSET_HEADER), number(request, LENGTH_HEADER)
    if offset >= length:
        raise Refusal("malformed")
    if length > MAX_BLOB:
        raise Refusal("too-large", limit=MAX_BLOB)
    async with office.uploads.alone(caller.book, BODY_S) as reading:
        here = await office.store.read(partial(upload_of, site=site, book=caller.book, digest=digest))
        if not (here.whole or here.gone) and here.offset != offset:
            raise Refusal("offset", offset=here.offset)
        async for raw in office.gate.pieces(request, caller, reading, length - offset):
            part = Part(site, caller.book, digest, here.offset, length, raw)
            here = await office.store.write(partial(keep_part, part=part, now=office.now()))
            if here.spoilt or here.full:
                raise Refusal("malformed" if here.spoilt else "unnamed")
    return _kept(office, caller, digest, here)


_NOT_TAKEN: Final = {"unknown_book": "carried-book", "not_its_key": "carried-book", "gap": "gap", "fork": "fork"}
"""The problem that a refused hand-off file is; any other is `malformed`."""


async def _take_carried(office: Office, request: AnyRequest, book: str) -> Carried:
    """A hand-off file of another handheld, brought by the one that signs the request (docs/wire.md)."""
    caller = await office.gate.admit(request, office.now())
    data = await office.gate.body(request, caller)
    if caller.revoked:
        raise Refusal("revoked")
    try:
        done = await take_in(office.store, office.key, data, office.now(), book)
    except FileRefused as e:
        raise Refusal(_NOT_TAKEN.get(e.key.partition(".")[2], "malformed")) from e
    return Carried(book, done.receipt, office.now())


def _alone(raw: bytes) -> Link:
    one = store_records.link(0, raw, b"")
    if one.record is None or one.record.seq < 1:
        raise Refusal("malformed")
    return store_records.link(one.record.seq, raw, b"")


async def _changes(office: Office, request: AnyRequest, cursor: str, limit: int, wait: int) -> Response[Changes]:
    caller = await _admit(office, request, None)
    site = caller.device.site
    await _renew_tables(office, site)
    page = await _page(office, caller, cursor, limit)
    until, before = time.monotonic() + wait, -1
    while not page.items and before < page.reached and (left_s := until - time.monotonic()) > 0:
        before = page.reached  # beyond it there may be something for another handheld only: then the waiting goes on
        await office.feed.news(caller.book, site, before, left_s)
        page = await _page(office, caller, cursor, limit)
        await _still_in(office, caller)
    held = await office.store.records.held(site, caller.book)
    body = Changes(
        book=caller.book.hex(),
        items=tuple(_change(item) for item in page.items),
        cursor=page.cursor,
        more=page.more,
        high_water=held.seq,
        head=held.hash.hex(),
        server_time=office.now(),
    )
    signed = office.key.sign(changes_bytes(caller.book, body)).hex()
    return Response(msgspec.structs.replace(body, sig=signed), media_type=JSON)


async def _page(office: Office, caller: Caller, cursor: str, limit: int) -> Page:
    site = caller.device.site
    try:
        return await office.store.changes.page(site, cursor, limit, caller.device.device)
    except CursorDead as e:
        raise Refusal("cursor-expired") from e
    except CursorAhead as e:
        await _begin_anew(office, site)
        raise Refusal("cursor-ahead") from e


async def _begin_anew(office: Office, site: str) -> None:
    """The office came back from a copy: what handhelds fetched since then may be other things by now."""
    now = office.now()
    if now - office.began_anew < ANEW_MS:
        return
    office.began_anew = now
    log.warning("a handheld of %s has seen changes that are not here: the feed begins anew", site)
    await office.store.write(partial(begin_anew, feed=secrets.token_hex(4)))


async def _still_in(office: Office, caller: Caller) -> None:
    """Nothing goes down to a handheld that was withdrawn while its question was held."""
    device = await office.store.devices.by_book(caller.book)
    if device is None or device.revoked_at is not None:
        raise Refusal("revoked")


async def _renew_tables(office: Office, site: str) -> None:
    """What a handheld knows changing tags by lasts for days: whoever asks gets a day of it at least."""
    now = office.now()
    if await office.store.read(partial(tables_end_soon, site=site, now=now)):
        await office.store.write(partial(renew_tables, site=site, now=now))


def _change(item: Item) -> Change:
    return Change(item.kind, item.id, item.rev, item.sha256, Raw(b"null" if item.body is None else item.body))


async def _admit(office: Office, request: AnyRequest, book: str | None) -> Caller:
    """The caller of a request without a body, who must still have its rights."""
    caller = await office.gate.admit(request, office.now(), book)
    await office.gate.body(request, caller)
    if caller.revoked:
        raise Refusal("revoked")
    return caller


def _decoded(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (ValueError, RecursionError) as e:
        raise Refusal("malformed") from e
