"""Two handhelds witness each other: this book's head as a QR code and sixteen digits, and the other's, as read.

The code is drawn where it fits with its border, black on white in every look; elsewhere the digits stand
alone. A value from `Witnessing.show_head`: what is shown was signed before the page opened.
"""

import asyncio
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from app import witness
from app.text import cells
from app.witnessing import Witnessed, Witnessing
from app.words import say
from screens.code_read import witness as witness_read
from screens.layout import Line, beside, paragraph, title, width_of
from screens.number import Digits
from screens.page import WIDE
from screens.themes import PAPER
from screens.times import clock
from screens.typed import TypedPage

if TYPE_CHECKING:
    from screens.gear import Gear

Modules = tuple[tuple[bool, ...], ...]
"""Rows of a QR code, without a border; dark is True."""

VERSION: Final = 3
BORDERS: Final = (4, 2, 1)
"""Modules of white around the code, best first: the standard asks for four, scanners read with one."""
QUESTION: Final = "\x1b7\x1b[2;1H\u2580\x1b[6n\x1b8"
"""Where does a half block leave the cursor? Some Chinese terminals draw it two cells wide, as they draw a character."""
_GAP: Final = 2
_GROUP: Final = 4
_COLUMN: Final = 23
"""Cells beside the code that digits and field need at least."""
_EMPTY: Final = Digits(limit=witness.DIGITS)
_HALVES: Final = {(False, False): " ", (True, False): "\u2580", (False, True): "\u2584", (True, True): "\u2588"}


def modules(text: str) -> Modules:
    """The QR code of `text`, version 3-L. Importing qrcode costs some 30 ms."""
    from qrcode.constants import ERROR_CORRECT_L  # type: ignore[import-untyped]  # it ships no types
    from qrcode.main import QRCode  # type: ignore[import-untyped]  # it ships no types

    code = QRCode(version=VERSION, error_correction=ERROR_CORRECT_L, border=0)
    code.add_data(text)
    code.make(fit=False)
    return tuple(tuple(map(bool, row)) for row in code.get_matrix())


def on_paper(code: Modules, border: int, side: int) -> list[str]:
    """The code with `border` modules of white above and below and `side` beside it, two rows in each line of text."""
    white, blank = (False,) * side, (False,) * (len(code) + 2 * side)
    rows = [*[blank] * border, *(white + row + white for row in code), *[blank] * border]
    pairs = zip_longest(rows[::2], rows[1::2], fillvalue=blank)
    return ["".join(_HALVES[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs]


def witnessed_words(lang: str, found: Witnessed) -> str:
    """Whose book was recorded, and up to where; of sixteen digits nobody knows that yet."""
    seen = found.seen
    if seen.how == "code":
        digits = "witness.again_digits" if found.again else "witness.recorded_digits"
        return say(lang, digits, start=str(seen.code)[:_GROUP], end=str(seen.code)[-_GROUP:])
    head = "witness.again" if found.again else "witness.recorded"
    return say(lang, head, book=str(seen.book)[:_GROUP], seq=seen.seq)


class WitnessPage(TypedPage):
    @classmethod
    async def signed(cls, gear: "Gear") -> "WitnessPage":
        """The page for the head of the moment. Raises BookError when it cannot be signed."""
        head = await Witnessing.of(gear.watch).show_head()
        drawn = await asyncio.to_thread(modules, witness.payload(head)) if gear.blocks else ()
        return cls(head, drawn)

    def __init__(self, head: witness.Head, code: Modules) -> None:
        super().__init__(_EMPTY)
        self._head = head
        self._code = code
        self._groups = witness.grouped(witness.code(head)).split()

    def on_mount(self) -> None:
        if self._code and self.app._driver is not None:
            self.app._driver.write(QUESTION)
        if self._code and self.size.width < WIDE:  # beside the code there is no room for `how`
            self.terminal.tell(self.say("witness.why"), "text")
            self.show()

    # -- what it says --------------------------------------------------------------------------
    def draw(self, width: int, height: int) -> Sequence[Line]:
        if width >= WIDE:
            return self._wide(width, height)
        for heading in (1, 0):  # beside a notice the heading gives way, not the code
            paper = self._paper(width - _GAP - _GROUP, height - heading - 1)
            if paper:
                return [*self._heading(paper, width)[:heading], *self._with_groups(paper), *self._field(width)]
        return [*self._heading([], width), (), *self._alone(width)]

    def _wide(self, width: int, height: int) -> Sequence[Line]:
        paper = self._paper(width - _GAP - _COLUMN, height - 1)
        column = cells(paper[0]) + _GAP if paper else 0
        said = [(), *self._alone(width - column)]
        rows = [((row, PAPER),) for row in paper]
        return [*self._heading(paper, width), *(beside(rows, said, column, height) if paper else said)]

    def _heading(self, paper: Sequence[str], width: int) -> list[Line]:
        bright = paper and self.terminal.look == "night"
        words = self.say("witness.title_bright" if bright else "witness.title")
        return [title(words, clock(self.gear.watch.now()), width)]

    def _paper(self, width: int, height: int) -> list[str]:
        """The code with the widest border that fits; nothing where it does not fit."""
        for border in BORDERS if self._code and self.gear.blocks else ():
            size = len(self._code) + 2 * border
            if size <= width and (size + 1) // 2 <= height:
                return on_paper(self._code, border, min(max(BORDERS), (width - len(self._code)) // 2))
        return []

    def _with_groups(self, paper: Sequence[str]) -> list[Line]:
        """The code, and its digits beside it, a group in every fourth row."""
        beside_it = [row for group in self._groups for row in ((), ((group, "key"),), (), ())]
        return beside([((row, PAPER),) for row in paper], beside_it, cells(paper[0]) + _GAP, len(paper))

    def _alone(self, width: int) -> list[Line]:
        """The digits, well apart; the field; and how it goes."""
        named = self.say("witness.this", book=self._head.book.hex()[:_GROUP], seq=self._head.seq)
        rows = [*paragraph(named, "dim", width), ()]
        for half in (self._groups[:2], self._groups[2:]):
            rows += [(("    ".join(map(" ".join, half)), "key"),), ()]
        return [*rows, *self._field(width), (), *paragraph(self.say("witness.how"), "text", width)]

    def _field(self, width: int) -> list[Line]:
        """`label [1234 5678_            ]`: sixteen digits in groups, and the cursor; two rows on a narrow terminal."""
        shown = witness.grouped(self.typed.typed)
        room = witness.DIGITS + witness.DIGITS // _GROUP - 1 - len(shown)
        label: Line = ((self.say("witness.other") + " ", "text"),)
        box: Line = (("[", "dim"), (shown, "input"), ("_", "cursor"), (" " * room + "]", "dim"))
        return [label + box] if width_of(label + box) <= width else [label, box]

    def foot(self) -> Sequence[tuple[str, str]]:
        return ("Enter", self.say("witness.record")), self.back_key

    # -- keys ----------------------------------------------------------------------------------
    async def enter(self) -> None:
        if self.typed.empty:
            self.terminal.close(self)
            return
        await witness_read(self.terminal, self.typed.typed)
        self.typed = _EMPTY
