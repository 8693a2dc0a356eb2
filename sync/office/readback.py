"""A label sheet read back from its own picture before anybody gets it: every code, every name, in its place.

What a printer or a viewer would show is rendered at 150 dpi, and looked at with another decoder than the encoder's.
"""

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final

from app.errors import WatchbookError
from sync.office.sheets import Placed, Sheets
from sync.office.typeface import POINT

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfPage  # type: ignore[import-untyped]  # it ships no types

DPI: Final = 150
PICTURE_DPI: Final = 300
_ONE_AT_A_TIME: Final = Lock()
"""PDFium must not be entered by two threads."""


class SheetUnreadable(WatchbookError):
    """The administrator: what was made does not say what it should, and was thrown away."""


def must_read(sheets: Sheets) -> None:
    """Raises SheetUnreadable unless each page holds exactly its labels' codes and names, each in its place."""
    with _ONE_AT_A_TIME:
        document = _open(sheets.pdf)
        try:
            if len(document) != len(sheets.pages):
                raise SheetUnreadable("labels.pages_differ", wanted=len(sheets.pages), found=len(document))
            for number, expected in enumerate(sheets.pages, 1):
                page = document[number - 1]
                _check_codes(page, expected, number, sheets.kinds)
                _check_names(page, expected, number, sheets.height)
                page.close()
        finally:
            document.close()


def codes_on(pdf: bytes) -> list[list[str]]:
    """What the codes of each page say."""
    with _ONE_AT_A_TIME:
        document = _open(pdf)
        try:
            found = []
            for number in range(len(document)):
                page = document[number]
                found.append([text for text, _, _ in _codes(page, ("QRCode",))])
                page.close()
            return found
        finally:
            document.close()


def pictures(sheets: Sheets) -> Iterator["Image"]:
    """Each page as a picture for printers, 300 dpi, grey."""
    with _ONE_AT_A_TIME:
        document = _open(sheets.pdf)
        try:
            for number in range(len(document)):
                page = document[number]
                yield page.render(scale=PICTURE_DPI / 72, grayscale=True).to_pil()
                page.close()
        finally:
            document.close()


def _open(pdf: bytes) -> "PdfDocument":
    """Importing pypdfium2 takes about 60 ms."""
    from pypdfium2 import PdfDocument

    return PdfDocument(pdf)


def _check_codes(page: "PdfPage", expected: Sequence[Placed], number: int, kinds: Sequence[str]) -> None:
    found = list(_codes(page, kinds))
    for placed in expected:
        here = [text for text, x, y in found if _inside(placed, x, y)]
        if here != [placed.drawing.label.code]:
            raise SheetUnreadable("labels.code_unread", page=number, label=placed.drawing.label.called)
    if len(found) != len(expected):
        raise SheetUnreadable("labels.stray_code", page=number)


def _codes(page: "PdfPage", kinds: Sequence[str]) -> Iterator[tuple[str, float, float]]:
    """Each code on the page with the middle of where it stands, mm."""
    import zxingcpp

    bitmap = page.render(scale=DPI / 72, grayscale=True)
    grey = memoryview(bitmap.buffer).cast("B", shape=(bitmap.height, bitmap.stride))
    formats = zxingcpp.BarcodeFormats([getattr(zxingcpp.BarcodeFormat, kind) for kind in kinds])
    for code in zxingcpp.read_barcodes(grey, formats):
        corners = (
            code.position.top_left,
            code.position.top_right,
            code.position.bottom_right,
            code.position.bottom_left,
        )
        middle_x, middle_y = sum(corner.x for corner in corners) / 4, sum(corner.y for corner in corners) / 4
        yield code.text, middle_x / DPI * 25.4, middle_y / DPI * 25.4
    bitmap.close()


def _inside(placed: Placed, x: float, y: float) -> bool:
    symbol = placed.drawing.symbol
    return 0 < x - placed.x - symbol.x < symbol.width and 0 < y - placed.y - symbol.y < symbol.height


def _check_names(page: "PdfPage", expected: Sequence[Placed], number: int, height: float) -> None:
    """Each line of words stands whole within its label."""
    text = page.get_textpage()
    for placed in expected:
        drawing = placed.drawing
        here = text.get_text_bounded(
            left=placed.x / POINT,
            right=(placed.x + drawing.width) / POINT,
            top=(height - placed.y) / POINT,
            bottom=(height - placed.y - drawing.height) / POINT,
        )
        read = _letters(here)
        for words in (drawing.label.title, *(line.text for line in drawing.lines)):
            if _letters(words) not in read:
                raise SheetUnreadable("labels.name_unread", page=number, label=drawing.label.called)
    text.close()


def _letters(text: str) -> str:
    """Without spaces and ends of lines; PDFium joins the lines at a hyphen, and puts U+0002 there."""
    return "".join(text.replace("\x02", "-").split())
