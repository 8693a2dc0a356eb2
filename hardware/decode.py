"""Codes in grey pixels: what zxing-cpp reads of a buffer, and the renditions tried when it reads nothing.

Nothing here knows a camera, a file or a screen, nor loads Pillow; the decoder itself (2 MB, 12 ms) loads with the first
picture and lets other threads run while it looks.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    import zxingcpp

Corner = tuple[int, int]


class Gray(Struct, frozen=True):
    """A picture in levels of grey, a byte a pixel, rows from the top without gaps."""

    pixels: bytes
    width: int
    height: int


class Code(Struct, frozen=True):
    """One code as read. `text` is not yet cleaned."""

    text: str
    format: str
    """`QR Code`, `Data Matrix`, `Code 128` …"""
    health: int | None
    """Unused error correction, percent; None for a format that has none."""
    corners: tuple[Corner, Corner, Corner, Corner]
    """Where its upper left, upper right, lower right and lower left corner are, pixels of the picture."""

    @property
    def linear(self) -> bool:
        return self.format in _LINEAR


_MATRIX: Final = ("QRCode", "DataMatrix", "Aztec", "PDF417")
_BARS: Final = ("Code128", "Code93", "Code39", "EAN13")
"""Left out are those whose own check is too weak to be trusted on a wall full of edges: ITF (read in 6 of 2,898
pictures that held none), Codabar, EAN-8, UPC-E, Telepen, and Micro QR, whose smallest corrects nothing."""
_LINEAR: Final = frozenset({"Code 128", "Code 93", "Code 39", "EAN-13", "UPC-A", "ISBN"})
LEAST_BARS: Final = 4
"""A shorter text from bars is more likely a fence."""
SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"}
)
"""How files of pictures are named."""
MAX_TEXT: Final = 8000
"""A QR code holds 7089 digits at most."""

CUT: Final = 0.02
"""Share of the pixels that count as glare and as holes when the contrast is stretched."""
DARK: Final = 60
"""Level of the brightest pixels of a frame below which it wants light."""
NEAR_ENOUGH: Final = 0.25
"""Share of the frame's height that a label should fill."""


def codes_in(gray: Gray) -> list[Code]:
    """Every code of the picture, as it is."""
    return _look(gray, bars=True, unread=False)[0]


class Look(Struct, frozen=True):
    """What one frame of a live camera shows."""

    codes: tuple[Code, ...]
    hint: str
    """What would help: the catalogue key of a sentence."""


def look(gray: Gray, number: int) -> Look:
    """One frame of many: another rendition with each `number`, so that each costs about the same.

    Bars, which take ten times as long as QR codes, are looked for in every fourth.
    """
    turn = number % len(LIVE)
    codes, unread = _look(LIVE[turn](gray), bars=turn == len(LIVE) - 1, unread=True)
    return Look(tuple(codes), _hint(gray, unread))


def _look(gray: Gray, *, bars: bool, unread: bool) -> "tuple[list[Code], list[zxingcpp.Barcode]]":
    """The codes that were read, and with `unread` those that were seen and could not be."""
    import zxingcpp

    view = memoryview(gray.pixels).cast("B", (gray.height, gray.width))
    plain = zxingcpp.TextMode.Plain
    found = zxingcpp.read_barcodes(view, formats=_formats(bars), text_mode=plain, return_errors=unread)
    codes = [_code(each) for each in found if each.valid]
    return [code for code in codes if _fits(code)], [each for each in found if not each.valid]


def _fits(code: Code) -> bool:
    return (LEAST_BARS if code.linear else 1) <= len(code.text) <= MAX_TEXT


def _hint(gray: Gray, unread: "Sequence[zxingcpp.Barcode]") -> str:
    if _ends(gray.pixels)[1] < DARK:
        return "camera.light"
    places = [(each.position.top_left, each.position.bottom_right) for each in unread]
    if not places:
        return "camera.looking"
    size = max(max(abs(a.x - b.x), abs(a.y - b.y)) for a, b in places)
    return "camera.closer" if size < gray.height * NEAR_ENOUGH else "camera.hold"


def stretched(gray: Gray, gamma: float) -> Gray:
    """The contrast stretched to the full range but for `CUT` at each end; gamma over 1 darkens, below 1 lightens."""
    low, high = _ends(gray.pixels)
    if high <= low:
        return gray
    levels = (min(1.0, max(0.0, (level - low) / (high - low))) for level in range(256))
    return Gray(gray.pixels.translate(bytes(round(255 * level**gamma) for level in levels)), gray.width, gray.height)


def darker(gray: Gray) -> Gray:
    return stretched(gray, 2.0)


def lighter(gray: Gray) -> Gray:
    return stretched(gray, 0.5)


def as_is(gray: Gray) -> Gray:
    return gray


LIVE: Final[Sequence[Callable[[Gray], Gray]]] = (as_is, darker, lighter, as_is)


def agreed(codes: Sequence[Code], others: Sequence[Code]) -> list[Code]:
    """What two readings of one picture say together, each code once; where they differ about one, neither counts."""
    kept = [code for code in codes if not any(_contradict(code, other) for other in others)]
    return kept + [other for other in others if not any(_same_place(code, other) for code in codes)]


def _contradict(one: Code, other: Code) -> bool:
    return one.text != other.text and _same_place(one, other)


def _same_place(one: Code, other: Code) -> bool:
    """Whether both are about one label: their middles close to each other, their sizes alike."""
    (x, y, size), (u, v, length) = _middle(one), _middle(other)
    smaller, larger = sorted((size, length))
    return abs(x - u) + abs(y - v) <= smaller / 2 and larger <= 1.5 * smaller


def _middle(code: Code) -> tuple[float, float, float]:
    """Its middle, and how far it reaches."""
    across, down = [x for x, _ in code.corners], [y for _, y in code.corners]
    return sum(across) / 4, sum(down) / 4, float(max(max(across) - min(across), max(down) - min(down), 1))


def _code(found: "zxingcpp.Barcode") -> Code:
    extra: Any = found.extra or {}
    unused = extra.get("UEC")
    place = found.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    (a, b, c, d) = ((corner.x, corner.y) for corner in corners)
    declared = found.symbology_identifier[2:3] not in ("1", "")
    text = found.text if declared else _text(found.bytes, found.text)
    return Code(text, str(found.format), None if unused is None else round(100 * unused), (a, b, c, d))


@cache
def _formats(bars: bool) -> "zxingcpp.BarcodeFormats":
    import zxingcpp

    names = (*_MATRIX, *_BARS) if bars else _MATRIX[:1]
    return zxingcpp.BarcodeFormats([getattr(zxingcpp.BarcodeFormat, name) for name in names])


def _ends(pixels: bytes) -> tuple[int, int]:
    """The levels below and above which `CUT` of the pixels lie, told from some 2000 of them."""
    some = sorted(pixels[:: max(1, len(pixels) // 2003)])
    cut = int(len(some) * CUT)
    return some[cut], some[-1 - cut]


# -- character sets ---------------------------------------------------------------------------------
# Many Chinese printers write GBK without saying so, and the decoder takes that for Latin or Japanese letters.

_COMMON: Final = 0.8
"""Share of a text's double bytes that must be everyday Chinese (GB 2312 rows 1 to 9 and level 1) to be taken for it."""
_VOICED: Final = frozenset({0xB3, *range(0xB6, 0xC5), *range(0xCA, 0xCF)})
"""Half-width katakana that may be followed by a voicing mark, DE or DF (JIS X 0201)."""


def _text(raw: bytes, guessed: str) -> str:
    """The text of bytes whose character set nobody declared: UTF-8, everyday GBK, or as the decoder guessed."""
    if raw.isascii():
        return guessed
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        chinese = raw.decode("gbk")
    except UnicodeDecodeError:
        return guessed
    return chinese if not _is_katakana(raw) and _is_everyday(chinese) else guessed


def _is_everyday(text: str) -> bool:
    pairs = [pair for pair in (letter.encode("gbk") for letter in text) if len(pair) == 2]
    common = sum(0xA1 <= pair[0] <= 0xD7 and pair[1] >= 0xA1 for pair in pairs)
    return common >= _COMMON * len(pairs)


def _is_katakana(raw: bytes) -> bool:
    """Half-width Japanese, which could be Chinese bytes as well, is known by its voicing marks."""
    high = [byte for byte in raw if byte >= 0x80]
    if not all(0xA1 <= byte <= 0xDF for byte in high):
        return False
    marks = [before for before, byte in pairwise(raw) if byte in (0xDE, 0xDF)]
    return bool(marks) and all(before in _VOICED for before in marks)
