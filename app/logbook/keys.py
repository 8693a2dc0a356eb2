"""The two keys of a handheld (decision 2): the identity that signs requests, the shift key that signs the book's head.

Private keys are 32 raw bytes in files of our own (0600). PyNaCl is imported inside the functions that
sign or verify (2 MB, 10 ms), so a start with a book that exists never pays for it.

Changing the shift key: (1) `prepare` makes the next key durable as next.key; (2) the caller makes
the record `key.certified` durable; (3) `take_over` blanks the old private key and renames the next
one over it. `settle` finishes or forgets an interrupted change by what the journal says.
"""

import contextlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import ChainBroken
from app.logbook.disk import Disk, reading

if TYPE_CHECKING:
    from nacl.signing import SigningKey

_IDENTITY = b"watchbook identity 1\n"
_SHIFT = b"watchbook shift key 1\n"
_HEAD = b"watchbook head 1\n"


class PrivateKey:
    """An Ed25519 key that signs."""

    def __init__(self, key: "SigningKey") -> None:
        self._key = key
        self.public = bytes(key.verify_key)
        """32 raw bytes."""

    @classmethod
    def new(cls) -> "PrivateKey":
        from nacl.signing import SigningKey

        return cls(SigningKey.generate())

    @classmethod
    def of(cls, private: bytes) -> "PrivateKey":
        """From what `private` gave. Raises ValueError for another length than 32."""
        from nacl.signing import SigningKey

        return cls(SigningKey(private))

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message).signature

    def private(self) -> bytes:
        """32 raw bytes: the seed of RFC 8032 section 5.1.5."""
        return bytes(self._key)


class PrivateIdentity:
    """The handheld's long-lived key, read from its file when first needed.

    Raises ChainBroken when it is lost, or not the one the book names.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: PrivateKey | None = None
        self.named: Callable[[], bytes | None] = lambda: None
        """The public half in the book's first record; None when that is not known."""

    def _read(self) -> PrivateKey:
        if self._key is None:
            key = _read(self._path)
            if key is None or self.named() not in (None, key.public):
                raise ChainBroken("book.key_lost")
            self._key = key
        return self._key

    @property
    def public(self) -> bytes:
        return self._read().public

    def sign(self, message: bytes) -> bytes:
        return self._read().sign(message)


def identity_message(identity: bytes) -> bytes:
    """What the first shift key signs about the identity."""
    return _IDENTITY + identity


def certificate_message(book: bytes, public: bytes) -> bytes:
    """What a shift key signs about its successor."""
    return _SHIFT + book + public


def head_message(book: bytes, seq: int, link: bytes) -> bytes:
    """What the shift key signs about the book's head."""
    return _HEAD + book + seq.to_bytes(8, "big") + link


def book_id(first: bytes) -> bytes:
    """The book's id, from its first shift public key (decision 1)."""
    return sha256(first).digest()


def verifies(key: bytes, sig: bytes, message: bytes) -> bool:
    """Whether `sig` is `key`'s Ed25519 signature over `message`; False too when either has not its length."""
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(key).verify(message, sig)
    except (BadSignatureError, ValueError):
        return False
    return True


class Keys:
    """The key files of one data folder."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder / "keys"
        self.identity = PrivateIdentity(self.folder / "identity.key")
        self._disk = disk
        self._shift: PrivateKey | None = None
        self._next: PrivateKey | None = None

    # -- first start ----------------------------------------------------------------------------
    def begin(self, fresh: bool) -> PrivateKey:
        """The identity and a first shift key, durable; what is already there is kept. Raises OSError.

        `fresh` makes a new shift key even so: the book that the old one signed for is lost.
        """
        self._disk.make_folder("keys.make", self.folder)
        if _read(self.folder / "identity.key") is None:
            self._store("identity.key", PrivateKey.new())
        shift = None if fresh else _read(self.folder / "shift.key")
        if shift is None:
            shift = PrivateKey.new()
            self._store("shift.key", shift)
        self._shift = shift
        return shift

    def _store(self, name: str, key: PrivateKey) -> None:
        self._disk.store("key", self.folder / name, key.private())

    # -- signing --------------------------------------------------------------------------------
    def shift(self) -> PrivateKey | None:
        """The shift key we hold; None when it is lost."""
        self._shift = self._shift or _read(self.folder / "shift.key")
        return self._shift

    # -- changing -------------------------------------------------------------------------------
    def prepare(self, book: bytes, signer: PrivateKey) -> tuple[bytes, bytes]:
        """Make the next key durable; its public half and `signer`'s certificate for it. Raises OSError."""
        self._next = PrivateKey.new()
        self._store("next.key", self._next)
        return self._next.public, signer.sign(certificate_message(book, self._next.public))

    def candidate(self, book: bytes) -> PrivateKey:
        """The first key of whichever book comes after `book`: the same until one does. Raises OSError."""
        found = _read(self.folder / "candidate.key")
        if found is None or book_id(found.public) == book:
            found = PrivateKey.new()
            self._store("candidate.key", found)
        return found

    def promise(self, key: PrivateKey) -> None:
        """`key` is durable as next.key: `settle` lets it sign once its book is in place. Raises OSError."""
        self._store("next.key", key)

    def take_over(self) -> None:
        """The certificate is durable: the old private key goes, the next one signs."""
        assert self._next is not None
        self._shift, self._next = self._next, None
        with contextlib.suppress(OSError):  # `settle` finishes it at the next opening
            self._replace()

    def _replace(self) -> None:
        current = self.folder / "shift.key"
        if current.exists():
            self._disk.blank("key", current)
        self._disk.rename("key.swap", self.folder / "next.key", current)
        self._disk.sync_folder("key.swap-sync", self.folder)

    def forget_next(self) -> None:
        """The certificate was not written: the next key was never anybody's."""
        self._next = None
        with contextlib.suppress(OSError):  # `settle` forgets it at the next opening
            self._discard("next.key")

    def _discard(self, name: str) -> None:
        path = self.folder / name
        if path.exists():
            self._disk.blank("key", path)
            self._disk.remove("key.remove", path)
            self._disk.sync_folder("key.remove-sync", self.folder)

    def unsettled(self) -> bool:
        """Whether a change of key was interrupted."""
        return any(path.name == "next.key" or path.suffix == ".part" for path in self.folder.glob("*"))

    def settle(self, public: bytes | None) -> None:
        """Finish or forget an interrupted change: the key the book names last stays, the other goes. Raises OSError."""
        for part in self.folder.glob("*.part"):
            self._discard(part.name)
        waiting = _read(self.folder / "next.key")
        if waiting is not None and waiting.public == public:
            self._discard("candidate.key")  # a key begins one book
        if waiting is not None and (waiting.public == public or self.shift() is None):
            self._replace()
            self._shift = waiting
        else:
            self._discard("next.key")


def _read(path: Path) -> PrivateKey | None:
    """None when the file is not there or is no key. Raises BookUnsafe."""
    try:
        with reading():
            raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(raw) != 32 or not any(raw):
        return None
    return PrivateKey.of(raw)
