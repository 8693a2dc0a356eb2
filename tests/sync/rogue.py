"""A handheld that does what it likes: its own keys, its own records, its own batches."""

from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Raw

from app.logbook.keys import certificate_message, head_message, identity_message
from app.record import Record, encode, follow
from sync.client import Client
from sync.wire import Batch, Enrol, Lost, enrol_bytes
from tests.sync.places import PATIENT, RunningOffice, WallClock


class Rogue:
    """`records` may be changed at will before they are sent."""

    def __init__(self, office: RunningOffice | None = None) -> None:
        self.shift = Ed25519PrivateKey.generate()
        self.identity = Ed25519PrivateKey.generate()
        self.first_key = self.shift.public_key().public_bytes_raw()
        self.book = sha256(self.first_key).digest()
        self.cert = self.shift.sign(identity_message(self.identity.public_key().public_bytes_raw()))
        self.records: list[bytes] = []
        self.clock = WallClock()
        self.add("book.opened", **self.opening())
        if office is not None:
            self.enrol(office)

    def opening(self) -> dict[str, Any]:
        identity = self.identity.public_key().public_bytes_raw()
        return {"cert": self.cert.hex(), "identity": identity.hex(), "key": self.first_key.hex(), "program": "0"}

    def add(self, kind: str, **body: Any) -> bytes:
        self.records.append(self.raw(len(self.records) + 1, kind, **body))
        return self.records[-1]

    def raw(self, seq: int, kind: str, **body: Any) -> bytes:
        record = Record(at=1, body=body, boot="b" * 32, by=(), kind=kind, off=None, seq=seq, up=1, v=1)
        return encode(record)

    def certify(self) -> tuple[Ed25519PrivateKey, dict[str, str]]:
        """A new shift key, and the body of the record that certifies it."""
        new = Ed25519PrivateKey.generate()
        public = new.public_key().public_bytes_raw()
        return new, {"key": public.hex(), "cert": self.shift.sign(certificate_message(self.book, public)).hex()}

    def hash_at(self, seq: int) -> bytes:
        here = self.book
        for raw in self.records[:seq]:
            here = follow(here, raw)
        return here

    def batch(
        self, first: int = 1, last: int | None = None, prev: bytes | None = None, lost: Lost | None = None
    ) -> Batch:
        """Records `first` … `last` as a batch whose chain and signature are right for what it holds."""
        raws = self.records[first - 1 : last]
        prev = self.hash_at(first - 1) if prev is None else prev
        head = prev
        for raw in raws:
            head = follow(head, raw)
        signature = self.shift.sign(head_message(self.book, first + len(raws) - 1, head))
        return Batch(
            v=1,
            book=self.book.hex(),
            first=first,
            prev=prev.hex(),
            head=head.hex(),
            key=self.shift.public_key().public_bytes_raw().hex(),
            sig=signature.hex(),
            records=tuple(Raw(raw) for raw in raws),
            lost=lost,
        )

    def introduction(self, code: str) -> Enrol:
        proof = self.identity.sign(enrol_bytes(code, self.book)).hex()
        body = self.opening()
        return Enrol(code, self.book.hex(), body["key"], body["identity"], body["cert"], "Rogue", proof)

    def enrol(self, office: RunningOffice) -> None:
        with_office = self.client(office.url)
        with_office.enrol(self.introduction(office.code("rogue")))
        with_office.close()

    def client(self, url: str, server_key: bytes | None = None, identity: Ed25519PrivateKey | None = None) -> Client:
        return Client(
            url,
            book=self.book,
            identity=identity or self.identity,
            server_key=server_key,
            clock=self.clock,
            timeouts=PATIENT,
        )
