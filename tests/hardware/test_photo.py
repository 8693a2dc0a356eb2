"""Photographs for records: what the camera and telephones give becomes a small JPEG with nothing else in it."""

import asyncio
import os
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.logbook.blobs import described
from hardware import photo
from hardware.camera import Camera, parse
from hardware.clock import SystemClock
from hardware.photo import EDGE, GOAL, PhotoRefused, from_file, in_colour, photograph, pictures_in, shrunk

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def snapshot(path: Path) -> None:
    """As a telephone held on its side saves it: red on top when it is upright, with its place and maker inside."""
    picture = Image.new("RGB", (3000, 2000), "blue")
    picture.paste("red", (0, 0, 1500, 2000))
    grain = Image.effect_noise((3000, 2000), 60).convert("RGB")
    about = Image.Exif()
    about[ORIENTATION], about[GPS], about[MAKER] = 6, {1: "N", 2: (31.0, 2.0, 3.0)}, "SomeMaker"
    Image.blend(picture, grain, 0.3).save(path, quality=96, exif=about)


async def test_a_telephones_picture_is_upright_small_and_tells_no_place(tmp_path: Path) -> None:
    snapshot(tmp_path / "a.jpg")
    found = await from_file(tmp_path / "a.jpg")
    picture = opened(found.data)
    assert len(found.data) < GOAL
    assert described(found.data).type == "image/jpeg"
    assert max(picture.size) <= EDGE
    assert picture.height > picture.width
    top, bottom = (picture.getpixel((picture.width // 2, y)) for y in (picture.height // 8, picture.height * 7 // 8))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 150 > top[2], "red on top"
    assert bottom[2] > 150 > bottom[0]
    assert not dict(picture.getexif())
    assert b"SomeMaker" in (tmp_path / "a.jpg").read_bytes()
    assert b"SomeMaker" not in found.data
    assert not found.dark


def test_the_finest_grain_stays_below_the_goal() -> None:
    """What compresses worst: quality gives way, then size."""
    data, _ = shrunk(lambda: Image.effect_noise((1600, 1600), 200).convert("RGB"))
    assert 100_000 < len(data) < GOAL


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("text.jpg", "camera.no_picture"),
        ("cut.jpg", "camera.broken"),
        ("fifty.jpg", "camera.too_big"),
        ("bomb.png", "camera.too_large"),
        ("folder.jpg", "camera.no_file"),
        ("gone.jpg", "camera.not_there"),
    ],
)
async def test_what_is_no_photograph_is_one_sentence(tmp_path: Path, name: str, key: str) -> None:
    path = tmp_path / name
    match name.partition(".")[0]:
        case "text":
            path.write_text("not a picture")
        case "cut":
            snapshot(path)
            path.write_bytes(path.read_bytes()[:100_000])
        case "fifty":
            with path.open("wb") as file:
                file.write(b"\xff\xd8\xff")
                file.truncate(50 * 2**20)
        case "bomb":
            path.write_bytes(png_of(60_000, 60_000))
        case "folder":
            path.mkdir()
    with pytest.raises(PhotoRefused) as refused:
        await from_file(path)
    assert refused.value.key == key
    for lang in ("zh", "en"):
        assert refused.value.say(lang)


async def test_a_child_that_dies_or_hangs_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot(tmp_path / "a.jpg")
    monkeypatch.setattr(photo, "LIMIT_S", 0.01)
    with pytest.raises(PhotoRefused) as refused:
        await from_file(tmp_path / "a.jpg")
    assert refused.value.key == "photo.slow"
    monkeypatch.setattr(photo, "LIMIT_S", 20)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PhotoRefused) as refused:
        await from_file(tmp_path / "a.jpg")
    assert refused.value.key == "photo.broken"


def frame(form: str, size: tuple[int, int], luma: int, blue: int, red: int) -> bytes:
    """One colour all over, as a camera sends it."""
    count = size[0] * size[1]
    match form:
        case "YUYV":
            return bytes((luma, blue, luma, red)) * (count // 2)
        case "NV12":
            return bytes([luma]) * count + bytes((blue, red)) * (count // 4)
        case "I420":
            return bytes([luma]) * count + bytes([blue]) * (count // 4) + bytes([red]) * (count // 4)
    return bytes([luma]) * count


@pytest.mark.parametrize("form", ["YUYV", "NV12", "I420", "GREY"])
def test_every_form_of_pixels_has_its_colours(form: str) -> None:
    """81, 90, 240 is the red of ITU-R BT.601 colour bars at 100 percent, of limited range."""
    picture = in_colour(frame(form, (64, 48), 81, 90, 240), form, (64, 48)).convert("RGB")
    pixel = picture.getpixel((32, 24))
    assert isinstance(pixel, tuple)
    if form == "GREY":
        assert pixel == (81, 81, 81)
    else:
        assert all(abs(is_ - wanted) < 6 for is_, wanted in zip(pixel, (255, 0, 0), strict=True)), pixel


async def test_the_camera_takes_one_and_lets_go(tmp_path: Path) -> None:
    film = tmp_path / "film.yuyv"
    film.write_bytes(frame("YUYV", (320, 240), 30, 128, 128) + frame("YUYV", (320, 240), 81, 90, 240))
    camera = Camera(parse(f"file:{film}@320x240:YUYV"), SystemClock())
    taken = await photograph(camera)
    pixel = opened(taken.data).getpixel((160, 120))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 220, "the last frame, when the sensor had found its light"
    film.write_bytes(frame("YUYV", (320, 240), 20, 128, 128))
    assert (await photograph(camera)).dark
    film.unlink()
    with pytest.raises(PhotoRefused) as refused:
        await photograph(camera)
    assert refused.value.key == "photo.absent"


def test_pictures_of_a_folder_are_listed_newest_first(tmp_path: Path) -> None:
    for age, name in enumerate(("new.JPG", "old.png", "notes.txt")):
        (tmp_path / name).write_bytes(b"x")
        stamp = 1_700_000_000 - age
        os.utime(tmp_path / name, (stamp, stamp))
    assert [each.path.name for each in pictures_in(tmp_path)] == ["new.JPG", "old.png"]
    assert pictures_in(tmp_path / "none") == []


def test_the_terminal_does_not_load_the_decoder() -> None:
    program = "import sys, screens.photos, screens.finding; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_asyncio_is_not_kept_waiting(tmp_path: Path) -> None:
    """Keys go on while the child works."""
    snapshot(tmp_path / "a.jpg")

    async def both() -> int:
        work, turns = asyncio.ensure_future(from_file(tmp_path / "a.jpg")), 0
        while not work.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(both()) > 10
