"""What a book says with its keys: whose it is, who signs next, and how far it goes (decisions 2 and 16)."""

from typing import Any

from app.errors import ChainBroken
from app.logbook.drafts import Draft
from app.logbook.journal import Hint
from app.logbook.keys import Keys, PrivateIdentity, PrivateKey, head_message, identity_message
from app.logbook.ledger import Ledger
from app.logbook.lines import Head
from app.version import VERSION


def opening(identity: PrivateIdentity, key: PrivateKey, after: Hint | None) -> Draft:
    """Record 1 of the book whose first key is `key`; it may go on after another."""
    body: dict[str, Any] = {
        "cert": key.sign(identity_message(identity.public)).hex(),
        "identity": identity.public.hex(),
        "key": key.public.hex(),
        "program": VERSION,
    }
    if after is not None:
        body["after"] = {"book": after.book, "hash": after.hash, "seq": after.seq}
    return Draft("book.opened", body)


class Signer:
    """Signs for the book of a ledger with the key that it names last."""

    def __init__(self, keys: Keys, ledger: Ledger) -> None:
        self._keys = keys
        self._ledger = ledger

    def settle(self) -> None:
        """Finish or forget a change of key that was interrupted. Raises OSError."""
        if self._keys.unsettled():
            self._keys.settle(self._ledger.key or None)

    @property
    def key(self) -> PrivateKey:
        """Raises ChainBroken when it is lost, or not the one the book names.

        With a hole in the book the record that names our key may be in it: then we sign with what we
        hold, and checking says that a key record is lost.
        """
        key = self._keys.shift()
        if key is None or (key.public != self._ledger.key and not self._ledger.holes):
            raise ChainBroken("book.key_lost")
        return key

    def head(self, seq: int, link: bytes) -> tuple[str, str]:
        """(shift public key, signature) over a head, both hex. Raises ChainBroken."""
        key = self.key
        return key.public.hex(), key.sign(head_message(self._ledger.book, seq, link)).hex()

    def head_note(self, head: Head) -> dict[str, Any]:
        """Raises ChainBroken."""
        key, sig = self.head(head.seq, head.hash)
        book = self._ledger.book.hex()
        return {"book": book, "hash": head.hash.hex(), "key": key, "note": "head", "seq": head.seq, "sig": sig}

    def certify(self) -> Draft:
        """A next key, certified by the one that signs now, which also signs the book up to here for the last time.

        Raises OSError, ChainBroken.
        """
        _, last = self.head(self._ledger.seq, self._ledger.hash)
        public, cert = self._keys.prepare(self._ledger.book, self.key)
        return Draft("key.certified", {"cert": cert.hex(), "head": last, "key": public.hex()})
