"""Photographs for records: one frame of the camera or a picture file, upright, scaled down, and without what a
telephone writes beside it (place, time, serial number).

A child process does the work, so that the decoder's memory, a picture made to burst it, and whatever crashes over one
go with it. Its input is a line of JSON that says what follows, then the frame; its output a line of JSON, then a JPEG.
"""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from msgspec import Struct

from app.errors import WatchbookError
from hardware.camera import JPEG, Camera, CameraFault
from hardware.decode import SUFFIXES

if TYPE_CHECKING:
    from PIL import Image

EDGE: Final = 1600
"""Longest side of what a record keeps, pixels."""
GOAL: Final = 400_000
"""Bytes that it stays below."""
QUALITIES: Final = (82, 70, 58, 46, 34)
MAX_BYTES: Final = 24 * 2**20
"""Of a file: a telephone's are a quarter of that."""
MOST_PIXELS: Final = 50_000_000
MOST_UNSCALED: Final = 24_000_000
"""Pixels of what cannot be scaled while it is read, as a JPEG can."""
LIMIT_S: Final = 20
MEMORY: Final = 640 * 2**20
DARK: Final = 40
"""Mean level of the pixels below which nobody will see anything."""
MOST_LISTED: Final = 90
REFUSED: Final = 3
FAULTS: Final = {
    "camera.absent": "photo.absent",
    "camera.died": "photo.died",
    "camera.stalled": "photo.stalled",
}
"""What a camera suffers from, said to whoever wants a photograph of it."""


class PhotoRefused(WatchbookError):
    """Whoever takes it: there is no photograph, and all the rest stands."""


class Photo(Struct, frozen=True):
    """What a record may keep: a JPEG."""

    data: bytes
    dark: bool = False


class Listed(Struct, frozen=True):
    """A picture file that somebody may choose."""

    path: Path
    at: float
    """When it was written, seconds since 1970."""
    size: int


async def photograph(camera: Camera) -> Photo:
    """The camera's picture of now. Raises PhotoRefused."""
    source = camera.source
    try:
        frame = await camera.still()
    except CameraFault as e:
        raise PhotoRefused(FAULTS.get(str(e), "photo.broken")) from e
    about = {"form": source.form, "height": source.height, "width": source.width}
    return await asyncio.to_thread(_in_child, about, frame)


async def from_file(path: Path) -> Photo:
    """Raises PhotoRefused."""
    return await asyncio.to_thread(_in_child, {"file": os.fspath(path)}, b"")


def pictures_in(folder: Path) -> list[Listed]:
    """Picture files, the newest first, as many as a list shows; none where there is no such folder."""
    found: list[Listed] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if Path(entry.name).suffix.lower() in SUFFIXES:
                with suppress(OSError):
                    about = entry.stat()
                    found.append(Listed(Path(entry.path), about.st_mtime, about.st_size))
    return sorted(found, key=lambda each: each.at, reverse=True)[:MOST_LISTED]


def _in_child(about: dict[str, Any], frame: bytes) -> Photo:
    asked = json.dumps(about).encode() + b"\n" + frame
    command = [sys.executable, "-m", "hardware.photo"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            command, input=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as e:
        raise PhotoRefused("photo.slow") from e
    except OSError as e:
        raise PhotoRefused("photo.broken") from e
    head, _, data = done.stdout.partition(b"\n")
    said = json.loads(head) if head else {}
    if done.returncode == 0 and data:
        return Photo(data, said["dark"])
    raise PhotoRefused(said.get("key", "photo.broken"), **said.get("fields", {}))


# -- the child -------------------------------------------------------------------------------------
def main(asked: BinaryIO, answer: BinaryIO) -> int:
    """One picture. Exit code 0, or REFUSED with the sentence's key."""
    from hardware.pictures import PictureRefused

    _hold_in()
    about = json.loads(asked.readline())
    try:
        data, dark = shrunk(_opener(about, asked))
    except (PhotoRefused, PictureRefused) as e:
        answer.write(json.dumps({"fields": e.fields, "key": e.key}).encode() + b"\n")
        return REFUSED
    answer.write(json.dumps({"dark": dark}).encode() + b"\n" + data)
    return 0


def _hold_in() -> None:
    """Not before the crew's keys, and not more memory than one picture needs."""
    import resource

    os.nice(5)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _opener(about: dict[str, Any], rest: BinaryIO) -> "Callable[[], Image.Image]":
    """What opens the picture that follows."""
    from PIL import Image

    if "file" in about:
        contents = _contents(Path(about["file"]))
    elif about["form"] == JPEG:
        contents = rest.read()
    else:
        frame, size = rest.read(), (about["width"], about["height"])
        return lambda: in_colour(frame, about["form"], size)
    from io import BytesIO

    from hardware.pictures import FORMATS

    return lambda: Image.open(BytesIO(contents), formats=FORMATS)


def _contents(path: Path) -> bytes:
    """The file, whole. Raises PhotoRefused, PictureRefused."""
    from hardware.pictures import picture_bytes

    with suppress(OSError):
        about = path.stat()
        if stat.S_ISREG(about.st_mode) and about.st_size > MAX_BYTES:
            raise PhotoRefused("camera.too_big", most=MAX_BYTES // 2**20)
    return picture_bytes(path)


def shrunk(opened: "Callable[[], Image.Image]") -> tuple[bytes, bool]:
    """A JPEG of at most EDGE and GOAL with nothing but pixels in it, and whether it is too dark to show anything.

    Raises PhotoRefused.
    """
    import warnings

    from PIL import Image, ImageStat, UnidentifiedImageError

    from hardware.pictures import BROKEN

    warnings.simplefilter("ignore")  # of sizes that are judged here, and of tags that are thrown away
    try:
        with opened() as picture:
            small = _upright(picture)
        return _jpeg(small), ImageStat.Stat(small.convert("L")).mean[0] < DARK
    except UnidentifiedImageError as e:
        raise PhotoRefused("camera.no_picture") from e
    except (Image.DecompressionBombError, MemoryError) as e:
        raise PhotoRefused("camera.too_large", most=MOST_PIXELS // 1_000_000) from e
    except BROKEN as e:
        raise PhotoRefused("camera.broken") from e


def _upright(picture: "Image.Image") -> "Image.Image":
    """In the colours of a screen, as its own marks say it is held, transparent parts white."""
    from PIL import Image, ImageOps

    scaled = picture.format in ("JPEG", "MPO")
    most = MOST_PIXELS if scaled else MOST_UNSCALED
    if picture.width * picture.height > most:
        raise PhotoRefused("camera.too_large", most=most // 1_000_000)
    turned = picture.getexif().get(0x0112)  # Orientation, TIFF 6.0
    if scaled:
        picture.draft("RGB", (EDGE, EDGE))
    picture.thumbnail((EDGE, EDGE), reducing_gap=2.0)
    if picture.has_transparency_data:
        coloured, plain = picture.convert("RGBA"), Image.new("RGBA", picture.size, "white")
        plain.alpha_composite(coloured)
        picture = plain
    small = Image.new("RGB", picture.size)
    small.paste(picture.convert("RGB"))
    if turned:
        small.getexif()[0x0112] = turned
        small = ImageOps.exif_transpose(small)
    return small


def _jpeg(picture: "Image.Image") -> bytes:
    from io import BytesIO

    while True:
        for quality in QUALITIES:
            out = BytesIO()
            picture.save(out, "JPEG", quality=quality, exif=b"")
            if out.tell() < GOAL:
                return out.getvalue()
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))


def in_colour(frame: bytes, form: str, size: tuple[int, int]) -> "Image.Image":
    """The pixels of a camera as a picture; V4L2's YUV formats are BT.601 of limited range unless told otherwise."""
    from PIL import Image

    width, height = size
    luma = frame[::2] if form == "YUYV" else frame[: width * height]
    gray = Image.frombytes("L", size, luma)
    if form == "GREY":
        return gray
    half = height if form == "YUYV" else height // 2
    rest = frame[width * height :]
    match form:
        case "YUYV":
            blue, red = frame[1::4], frame[3::4]
        case "NV12":
            blue, red = rest[::2], rest[1::2]
        case _:
            blue, red = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    small = (width // 2, half)
    planes = [_wider(gray, 16, 219)]
    planes += [_wider(Image.frombytes("L", small, plane), 16, 224).resize(size) for plane in (blue, red)]
    return Image.merge("YCbCr", planes).convert("RGB")


def _wider(plane: "Image.Image", low: int, span: int) -> "Image.Image":
    """Levels from `low` on over `span` as levels from 0 to 255."""
    return plane.point([min(255, max(0, round((level - low) * 255 / span))) for level in range(256)])


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer))
