"""A sheet on which a fitter tries a scanner: one code a field, from easy to hard, and what to do about each that fails.

Its codes open nothing; a handheld answers each with the number of its field (`screens.trial`).
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Final

from msgspec import Struct

from app import codes
from app.words import say
from sync.office.labels import Label
from sync.office.qr import label_modules
from sync.office.readback import must_read
from sync.office.sheets import Bar, Drawing, Heading, Line, Placed, Sheets, ink, merged, paper, set_lines, write
from sync.office.typeface import sizes, typeface

_PAGE: Final = (210.0, 297.0)
_LEFT, _TOP, _WIDE = 12.0, 14.0, 186.0
_WORDS: Final = 12.0
"""What the words of a field take above its code, mm."""
_QUIET: Final = 4
"""Modules of white around a code; ten beside bars."""
_BARS_HIGH: Final = 15.0
_HEAD, _TEXT, _NAME, _NUMBER = 18.0, sizes(9.5, 9.5), sizes(9, 8), 20.0
_ADDRESS: Final = "HTTPS://A.EXAMPLE"


class Field(Struct, frozen=True):
    """One code of the sheet. Lengths are mm."""

    number: int
    name: str
    """Its words in the catalogue `trial`."""
    at: tuple[float, float]
    """Of its upper left corner on the page."""
    width: float
    module: float
    kind: str = "QRCode"
    """By zxing-cpp's name."""
    spoilt: tuple[range, range] | None = None
    """Columns and rows that dirt has blackened."""
    address: bool = False


FIELDS: Final = (
    Field(1, "wall", (12, 42), 62, 1.64),
    Field(2, "usual", (78, 42), 60, 1.04),
    Field(3, "small", (142, 42), 56, 0.88),
    Field(6, "spoilt", (12, 117), 62, 1.04, spoilt=(range(17, 22), range(11, 16))),
    Field(7, "address", (78, 117), 60, 0.9, address=True),
    Field(4, "fine", (142, 95), 56, 0.5),
    Field(5, "finest", (142, 132), 56, 0.35),
    Field(8, "matrix", (12, 168), 62, 0.6, "DataMatrix"),
    Field(9, "bars", (78, 168), 120, 0.33, "Code128"),
)
_TROUBLE: Final = ("no_answer", "late", "unread", "too_fine", "no_makers", "dark")


def draw(lang: str, day: str) -> Sheets:
    """The sheet, read back. Raises LabelsRefused, SheetUnreadable, FontMissing. `day` is an ISO date."""
    fields = tuple(Placed(_drawn(field, lang), *field.at) for field in FIELDS)
    title = say(lang, "trial.heading")
    pdf = paper(_PAGE, title, Heading("", day, lang))
    pdf.add_page()
    for line in _around(lang, title):
        write(pdf, line)
    for placed in fields:
        ink(pdf, placed)
    kinds = tuple(sorted({field.kind for field in FIELDS}))
    sheets = Sheets(bytes(pdf.output()), (fields,), _PAGE[1], kinds)
    must_read(sheets)
    return sheets


def _drawn(field: Field, lang: str) -> Drawing:
    text = codes.trial(field.number, _ADDRESS if field.address else "")
    modules = _modules(field, text)
    white = _QUIET * field.module
    high = _BARS_HIGH if field.kind == "Code128" else field.module * len(modules)
    left = (10 if field.kind == "Code128" else _QUIET) * field.module
    symbol = Bar(left, _WORDS, field.module * len(modules[0]), high)
    step = high / len(modules)
    bars = tuple(
        Bar(symbol.x + x * field.module, symbol.y + y * step, wide * field.module, tall * step)
        for x, y, wide, tall in merged(modules)
    )
    label = Label("trial", str(field.number), text, str(field.number))
    lines = tuple(_words(field, lang, symbol.height if len(modules) > 1 else 0))
    return Drawing(label, field.width, _WORDS + high + white, symbol, bars, lines)


def _modules(field: Field, text: str) -> list[list[bool]]:
    """Dark is True; of bars one row."""
    if field.kind == "QRCode":
        dirty = set(product(*field.spoilt)) if field.spoilt else set()
        found = label_modules(text)
        return [[dark or (x, y) in dirty for x, dark in enumerate(row)] for y, row in enumerate(found)]
    import zxingcpp

    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, field.kind))
    picture: Any = code.to_image(scale=1, add_quiet_zones=False)  # a buffer, which its types do not say
    rows: Any = memoryview(picture).tolist()
    return [[not white for white in row] for row in (rows[:1] if field.kind == "Code128" else rows)]


def _words(field: Field, lang: str, side: float) -> Iterator[Line]:
    """The number, and beside it what the field is."""
    number = str(field.number)
    yield Line(0, 7, _NUMBER, number, bold=True)
    said = say(lang, f"trial.{field.name}")
    if side:
        said = say(lang, "trial.size", name=said, side=f"{side:.0f}")
    yield from set_lines(typeface().set(said, field.width - 8, 2, _NAME)[0], 8, 1.5)


def _around(lang: str, title: str) -> Iterator[Line]:
    """The heading and how to go about it; below the fields, what to do."""
    yield Line(_LEFT, _TOP + 4, _HEAD, title, bold=True)
    yield from _paragraphs([say(lang, "trial.how")], _TOP + 8)
    yield Line(_LEFT, 212, 12, say(lang, "trial.trouble"), bold=True)
    yield from _paragraphs([say(lang, f"trial.{each}") for each in _TROUBLE], 216)


def _paragraphs(texts: Sequence[str], top: float) -> Iterator[Line]:
    for text in texts:
        found = min(typeface().set(text, _WIDE, 4, _TEXT), key=lambda one: len(one.lines))
        yield from set_lines(found, _LEFT, top)
        top += found.height + 2
