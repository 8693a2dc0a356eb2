"""Lines of registers 登记簿 as records, and what they make of what is open (app.duties.registers)."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from app.duties import registers
from app.duties.registers import Line, Registers
from app.kinds.base import Body
from app.kinds.share import Share
from app.record import Record


class RegisterEntered(Body, frozen=True):
    """A line: visitors who came in, a signal of the control room, a key that was lent."""

    register: str
    answers: Mapping[str, str]
    """By the id of the column. Of a personal column the digits stand apart, and here is nothing."""
    words: str
    """The line as the crew saw it, without what is personal."""
    stays: bool
    """Until another line ends it."""
    post: str | None = None
    apart: Mapping[str, str] | UnsetType = UNSET
    """Of personal columns: SHA-256 of salt and text, hex (decision 9)."""

    def line(self, record: Record, book: str) -> Line:
        return Line(f"{book}:{record.seq}", self.register, record.at, self.answers, self.words, self.apart or {})


class RegisterEnded(Body, frozen=True):
    """A line is over: the visitors have left, the key is back."""

    register: str
    line: str
    """`book:seq` of the line."""
    late: bool
    """After its limit."""


def entered(before: Registers, record: Record, body: RegisterEntered, book: str) -> Registers:
    return registers.entered(before, body.line(record, book), stays=body.stays)


def ended(before: Registers, record: Record, body: RegisterEnded, book: str) -> Registers:
    return registers.ended(before, body.line)


REGISTERS: Final = Share("registers", Registers, Registers(), {RegisterEntered: entered, RegisterEnded: ended})
SHARE: Final = REGISTERS
