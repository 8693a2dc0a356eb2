"""Drafts: records on their way into a book, and how they get number, time and place in the chain. Pure."""

import hmac
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from app.logbook.lines import encode_json
from app.ports import Moment
from app.record import Entry, Record, encode, follow


class Draft(Struct, frozen=True):
    """A record before the logbook gives it number, time and place in the chain."""

    kind: str
    body: dict[str, Any]
    by: tuple[str, ...] = ()
    v: int = 1
    token: bytes = b""
    """A label's token: the logbook adds `proof` to the body (decision 25); the token itself is never written."""


def chained(drafts: Iterable[Draft], book: bytes, seq: int, link: bytes, now: Moment) -> tuple[Entry, ...]:
    """As they follow record `seq`, whose hash is `link`. Raises RecordRefused when one breaks the form."""
    entries = []
    for draft in drafts:
        seq += 1
        if draft.token:
            draft = _prove(draft, book, seq, link)
        record = _record(seq, draft, now)
        raw = encode(record)
        link = follow(link, raw)
        entries.append(Entry(record, raw, link))
    return tuple(entries)


def _record(seq: int, draft: Draft, now: Moment) -> Record:
    return Record(
        at=now.at,
        body=draft.body,
        boot=now.boot,
        by=draft.by,
        kind=draft.kind,
        off=now.off,
        seq=seq,
        up=now.up,
        v=draft.v,
    )


def proof(token: bytes, previous: bytes, book: bytes, seq: int, body: dict[str, Any]) -> str:
    """That whoever wrote record `seq` held the label's token (decision 25): 16 bytes, hex."""
    message = previous + book + seq.to_bytes(8, "big") + encode_json(body)
    return hmac.digest(token, message, "sha256")[:16].hex()


def _prove(draft: Draft, book: bytes, seq: int, previous: bytes) -> Draft:
    body = {key: value for key, value in draft.body.items() if key != "proof"}
    return Draft(draft.kind, {**body, "proof": proof(draft.token, previous, book, seq, body)}, draft.by, draft.v)
