"""Codes in picture files: opening what people and telephones save, with limits, and trying hard to read it.

Costs Pillow (21 MB); the live camera needs this module only for cameras that send JPEG, or a folder of pictures.
"""

import stat
import struct
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from app.errors import WatchbookError
from hardware.decode import SUFFIXES as SUFFIXES
from hardware.decode import Code, Gray, agreed, codes_in, darker

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""What a telephone (whose MPO opens as JPEG), a scanner or an office program saves; the rest of Pillow's stay shut."""
MAX_BYTES: Final = 64 * 2**20
MAX_PIXELS: Final = 50_000_000
MOST_FRAMES: Final = 16
"""Of a moving picture, or pages of a TIFF."""
LIMIT_S: Final = 10.0
"""For one picture; no further rendition is begun after it."""
LARGE: Final = 1600
"""Longest side from which a picture is also read in a smaller copy, which evens out the grain of the sensor."""
SMALLER: Final = 1280
BROKEN: Final = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, LookupError, TypeError, ArithmeticError,
    AttributeError, MemoryError, RuntimeError, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's decoders raise over damaged files."""


class PictureRefused(WatchbookError):
    """Whoever named the picture: it cannot be read."""


def codes_in_picture(path: Path) -> list[Code]:
    """Every code in the picture, in the order it was found. Raises PictureRefused."""
    until = time.monotonic() + LIMIT_S
    found: list[Code] = []
    for gray in grays(picture_bytes(path)):
        found += [code for code in codes_in_gray(gray, until) if not any(code.text == other.text for other in found)]
        if time.monotonic() > until:
            break
    return found


def grays(contents: bytes) -> Iterator[Gray]:
    """The picture's frames as grey pixels, upright; one that is partly transparent on white and on black.

    Raises PictureRefused.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes that are judged here, and of tags that nobody asks for
        try:
            with Image.open(BytesIO(contents), formats=FORMATS) as picture:
                for number in range(min(getattr(picture, "n_frames", 1), MOST_FRAMES)):
                    picture.seek(number)
                    yield from _frame(picture)
        except UnidentifiedImageError as e:
            raise PictureRefused("camera.no_picture") from e
        except Image.DecompressionBombError as e:
            raise PictureRefused("camera.too_large", most=MAX_PIXELS // 1_000_000) from e
        except BROKEN as e:
            raise PictureRefused("camera.broken") from e


def jpeg_gray(contents: bytes) -> Gray | None:
    """One frame of a camera that sends JPEG; None for a damaged one, the next comes soon."""
    try:
        with Image.open(BytesIO(contents), formats=("JPEG",)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return None
            picture.draft("L", picture.size)
            return _gray(picture.convert("L"))
    except BROKEN:
        return None


def picture_bytes(path: Path) -> bytes:
    """The file, whole. Raises PictureRefused."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise PictureRefused("camera.no_file")
        if about.st_size > MAX_BYTES:
            raise PictureRefused("camera.too_big", most=MAX_BYTES // 2**20)
        return path.read_bytes()
    except FileNotFoundError as e:
        raise PictureRefused("camera.not_there") from e
    except (OSError, ValueError) as e:
        raise PictureRefused("camera.no_access", why=getattr(e, "strerror", None) or type(e).__name__) from e


def _frame(picture: Image.Image) -> Iterator[Gray]:
    if picture.width * picture.height > MAX_PIXELS:
        raise PictureRefused("camera.too_large", most=MAX_PIXELS // 1_000_000)
    if picture.format in ("JPEG", "MPO") and picture.mode in ("RGB", "L"):
        picture.draft("L", picture.size)
    upright = ImageOps.exif_transpose(picture)
    if upright.has_transparency_data:
        coloured = upright.convert("RGBA")
        for ground in ("white", "black"):
            under = Image.new("RGBA", coloured.size, ground)
            under.alpha_composite(coloured)
            yield _gray(under.convert("L"))
    else:
        yield _gray(_eight_bit(upright))


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Pixels of 16 or 32 bits over their own range: a scanner's 12 bits would be black otherwise."""
    if picture.mode[:1] not in ("I", "F"):
        return picture.convert("RGB").convert("L") if picture.mode in ("CMYK", "LAB", "HSV") else picture.convert("L")
    wide = picture.convert("F")
    low, high = wide.getextrema()
    assert isinstance(low, float)
    assert isinstance(high, float)
    scale = 255 / (high - low) if high > low else 1.0
    return wide.point(lambda level: level * scale - low * scale).convert("L")


def _gray(picture: Image.Image) -> Gray:
    return Gray(picture.tobytes(), picture.width, picture.height)


def codes_in_gray(gray: Gray, until: float = float("inf")) -> list[Code]:
    """Rendition after rendition until one adds nothing to what was found; bars count when two of them agree."""
    found: list[Code] = []
    read: Counter[str] = Counter()
    for rendition, scale in _renditions(gray):
        codes = [_scaled(code, scale) for code in codes_in(rendition)]
        read.update({code.text for code in codes})
        before, found = found, agreed(found, codes)
        sure = all(read[code.text] > 1 for code in found if code.linear)
        if (before and len(found) <= len(before) and sure) or time.monotonic() > until:
            break
    return [code for code in found if not code.linear or read[code.text] > 1]


def _renditions(gray: Gray) -> Iterator[tuple[Gray, float]]:
    """Each with how many pixels of the original one of its pixels stands for. Cheap ones first."""
    yield gray, 1
    yield darker(gray), 1
    picture, scale = Image.frombytes("L", (gray.width, gray.height), gray.pixels), 1.0
    longest = max(gray.width, gray.height)
    if longest > LARGE:
        scale = longest / SMALLER
        picture = picture.resize(_by(picture, 1 / scale), Image.Resampling.BOX)
        yield _gray(picture), scale
        yield darker(_gray(picture)), scale
    yield _gray(picture.resize(_by(picture, 2), Image.Resampling.BILINEAR)), scale / 2  # small
    yield _gray(picture.filter(ImageFilter.GaussianBlur(1))), scale  # grainy
    yield _gray(picture.filter(ImageFilter.UnsharpMask(3, 200, 0))), scale  # out of focus
    yield _gray(picture.filter(ImageFilter.MedianFilter(5))), scale  # dim, and grainier yet


def _by(picture: Image.Image, factor: float) -> tuple[int, int]:
    return max(1, round(picture.width * factor)), max(1, round(picture.height * factor))


def _scaled(code: Code, scale: float) -> Code:
    a, b, c, d = ((round(x * scale), round(y * scale)) for x, y in code.corners)
    return replace(code, corners=(a, b, c, d))
