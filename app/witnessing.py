"""Another's head as evidence (decision 27): shown by one crew, recorded by the other (app.witness)."""

from typing import Final

from msgspec import Struct

from app import witness
from app.errors import NotAllowed
from app.kinds.witness import WitnessSeen
from app.session import Session, act

AGAIN_MS: Final = 60_000
"""So long the same head of another's book is not recorded a second time."""


class Witnessed(Struct, frozen=True):
    """Another's head, as recorded."""

    seen: WitnessSeen
    again: bool
    """It was recorded within the last minute, and not again."""


class Witnessing(Session):
    """Acts of witnesses."""

    @act
    async def show_head(self) -> witness.Head:
        """This book's head, signed before anybody reads it. Raises BookError when it cannot be signed."""
        self._shift()
        note = await self._sign_head()
        head = witness.Head(bytes.fromhex(note["book"]), note["seq"], bytes.fromhex(note["hash"]))
        self._shown.add(witness.code(head))
        return head

    @act
    async def witness(self, read: str) -> Witnessed:
        """Record the head of another's book, scanned or typed as sixteen digits (decision 27).

        Raises NotAllowed for anything that is no head, or is of this very book.
        """
        self._shift()
        seen = _seen(read)
        if seen.book == self._logbook.book[: witness.BOOK_BYTES].hex() or seen.code in self._shown:
            raise NotAllowed("witness.own")
        now = self._clock.now().up
        self._witnessed = {each: up for each, up in self._witnessed.items() if now - up < AGAIN_MS}
        if seen in self._witnessed:
            return Witnessed(seen, again=True)
        await self._write(seen)
        self._witnessed[seen] = now
        return Witnessed(seen, again=False)


def _seen(read: str) -> WitnessSeen:
    if read.strip().startswith(witness.PREFIX):
        head = witness.read(read)
        return WitnessSeen("qr", head.book, head.seq, head.hash)
    return WitnessSeen("code", code=witness.read_code(read))
