"""What is read of a picture: labels as a camera sees them, every form of file, and never a text that is not there."""

import io
import random
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageOps

from app import codes
from hardware import pictures
from hardware.decode import Gray, agreed, as_is, codes_in, darker, lighter, look
from hardware.pictures import PictureRefused, codes_in_picture
from tests.hardware.labels_seen import View, code, seen, several, worn

LABEL = codes.make(7, b"0123456789")
VIEWS = {
    "turned": View(turned=33),
    "small": View(module=2.5, turned=20, blur=0.6, noise=6),
    "leaning": View(module=6, turned=110, lean=0.35, blur=1, noise=8),
    "dim": View(turned=200, blur=1, noise=14, black=12, white=50),
    "out of focus": View(turned=70, blur=2.6, noise=6),
    "shaken": View(turned=10, shake=7, blur=1, noise=10),
    "in half a shadow": View(turned=300, shadow=0.9, blur=1, noise=8),
    "light on dark": View(turned=45, blur=1, noise=10, inverted=True),
    "in glare": View(turned=140, blur=1, noise=10, black=170, white=255),
}


def texts(picture: Image.Image, folder: Path, name: str = "label.png") -> list[str]:
    path = folder / name
    picture.save(path)
    return [found.text for found in codes_in_picture(path)]


def gray(picture: Image.Image) -> Gray:
    return Gray(picture.tobytes(), picture.width, picture.height)


def symbol(name: str, text: str) -> Image.Image:
    drawn = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat[name]), scale=3)
    height, width = drawn.shape
    bars = Image.frombytes("L", (width, height), memoryview(drawn).tobytes())  # type: ignore[arg-type]
    return ImageOps.expand(bars, 30, 255)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_label_is_read_however_it_is_seen(tmp_path: Path, view: View) -> None:
    assert texts(seen(code(LABEL), view, seed=1), tmp_path) == [LABEL]


@pytest.mark.proof
def test_what_the_decoder_alone_misses_the_renditions_read(tmp_path: Path) -> None:
    view = VIEWS["out of focus"]
    pictured = [seen(code(LABEL), view, seed) for seed in range(6)]
    alone = sum(bool(codes_in(gray(picture))) for picture in pictured)
    assert sum(texts(picture, tmp_path) == [LABEL] for picture in pictured) >= alone + 4


@pytest.mark.proof
def test_every_label_of_a_wall_is_read_once(tmp_path: Path) -> None:
    labels = [codes.make(issue, b"0123456789") for issue in range(1, 10)]
    found = texts(several([code(text) for text in labels], View(module=5, turned=8, blur=1, noise=8)), tmp_path)
    assert sorted(found) == sorted(labels)


def test_a_photo_of_twelve_megapixels_is_read_in_time(tmp_path: Path) -> None:
    photo = seen(code(LABEL), View(module=4, turned=25, blur=1.5, noise=8)).resize((4000, 3000))
    began = time.monotonic()
    assert texts(photo, tmp_path, "photo.jpg") == [LABEL]
    assert time.monotonic() - began < pictures.LIMIT_S


def test_the_picture_s_own_pixels_say_where_a_code_is(tmp_path: Path) -> None:
    photo = seen(code(LABEL), View(blur=1.2, noise=10), size=(800, 600), at=(533, 233))
    photo.resize((1800, 1350)).save(tmp_path / "a.png")
    (found,) = codes_in_picture(tmp_path / "a.png")
    across, down = zip(*found.corners, strict=True)
    assert abs(sum(across) / 4 - 1200) < 25
    assert abs(sum(down) / 4 - 525) < 25


@pytest.mark.parametrize(
    "words", ["翠湖花园3号楼配电房", "消防泵房", "电梯A-01", "中", "灭火器 2026年5月", "设备编号:1234 配电柜", "水泵"]
)
@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_chinese_is_read_in_both_character_sets_that_printers_use(tmp_path: Path, words: str, charset: str) -> None:
    assert texts(code(words.encode(charset)).resize((300, 300)), tmp_path) == [words]


@pytest.mark.parametrize(
    ("words", "charset"),
    [("café Müller", "latin-1"), ("Größe 12 µm", "latin-1"), ("世界 東京", "shift_jis"), ("ﾃﾞｻﾞｲﾝQR", "shift_jis")],
)
def test_other_character_sets_are_not_taken_for_chinese(tmp_path: Path, words: str, charset: str) -> None:
    assert texts(code(words.encode(charset)).resize((300, 300)), tmp_path) == [words]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DataMatrix", "SN-001234"), ("Aztec", "SN-001234"), ("PDF417", "SN-001234"), ("Code128", "SN-001234"),
        ("Code39", "SN001234"), ("Code93", "SN001234"), ("EAN13", "6901234567892"),
    ],
)  # fmt: skip
def test_the_codes_that_equipment_has_are_read(tmp_path: Path, name: str, text: str) -> None:
    assert texts(symbol(name, text), tmp_path) == [text]


def test_a_fence_an_interleaved_code_and_a_bare_wall_are_no_codes(tmp_path: Path) -> None:
    assert texts(symbol("ITF", "1234"), tmp_path) == []
    blank = Image.new("L", (1, 1), 255)
    assert [texts(seen(blank, View(module=1), seed), tmp_path) for seed in range(8)] == [[]] * 8


def test_a_torn_code_is_read_right_or_not_at_all(tmp_path: Path) -> None:
    """Flipped modules all over: whatever comes out must be what was printed."""
    rolled, read = random.Random(4), 0
    for number in range(60):
        label = code(LABEL, "LMQH"[number % 4])
        for _ in range(rolled.randrange(5, 60)):
            spot = rolled.randrange(13, label.width - 13), rolled.randrange(13, label.width - 13)
            label.putpixel(spot, 255 - label.getpixel(spot))  # type: ignore[operator]
        found = codes_in(gray(label.resize((label.width * 4, label.height * 4), Image.Resampling.NEAREST)))
        assert {each.text for each in found} <= {LABEL}
        read += bool(found)
    assert 10 < read < 60, "some must be lost, else this proves nothing"


def test_the_health_of_a_label_falls_as_it_wears() -> None:
    healths = []
    for share in (0, 0.02, 0.05):
        (found,) = codes_in(gray(worn(code(LABEL), share).resize((240, 240), Image.Resampling.NEAREST)))
        assert found.text == LABEL
        healths.append(found.health)
    assert healths[0] == 100
    assert None not in healths
    assert healths == sorted(healths, reverse=True)  # type: ignore[type-var]
    assert len(set(healths)) == 3


def test_two_readings_that_differ_about_a_place_are_neither() -> None:
    (one,) = codes_in(gray(code("ONE").resize((200, 200))))
    (two,) = codes_in(gray(code("TWO").resize((200, 200))))
    assert agreed([one], [two]) == []
    assert agreed([one], [one]) == [one]
    assert agreed([], [two]) == [two]


# -- files ------------------------------------------------------------------------------------------
def as_16_bit(label: Image.Image) -> Image.Image:
    return Image.frombytes(
        "I;16", label.size, b"".join((1000 + level * 12).to_bytes(2, "little") for level in label.tobytes())
    )


def see_through(label: Image.Image) -> Image.Image:
    """Only the dark modules are drawn, black on nothing."""
    drawn = Image.new("RGBA", label.size, (0, 0, 0, 0))
    drawn.paste((0, 0, 0, 255), mask=ImageChops.invert(label))
    return drawn


def white_on_nothing(label: Image.Image) -> Image.Image:
    drawn = Image.new("RGBA", label.size, (255, 255, 255, 0))
    drawn.paste((255, 255, 255, 255), mask=label)
    return drawn


FILES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "a.png": lambda label: label,
    "16.png": as_16_bit,
    "bilevel.png": lambda label: label.convert("1"),
    "palette.png": lambda label: label.convert("RGB").convert("P"),
    "alpha.png": see_through,
    "white.png": white_on_nothing,
    "a.jpg": lambda label: label.convert("RGB"),
    "cmyk.jpg": lambda label: label.convert("RGB").convert("CMYK"),
    "a.webp": lambda label: label.convert("RGB"),
    "a.gif": lambda label: label,
    "a.bmp": lambda label: label,
    "a.tif": lambda label: label,
    "float.tif": lambda label: label.convert("F"),
    "a.ppm": lambda label: label.convert("RGB"),
    "a.avif": lambda label: label.convert("RGB"),
}


@pytest.mark.parametrize("name", FILES)
def test_every_form_of_picture_is_read(tmp_path: Path, name: str) -> None:
    assert texts(FILES[name](code(LABEL).resize((231, 231), Image.Resampling.NEAREST)), tmp_path, name) == [LABEL]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_as_its_exif_says(tmp_path: Path, orientation: int) -> None:
    label = seen(code(LABEL), View(), at=(200, 240))
    exif = Image.Exif()
    exif[0x0112] = orientation
    label.save(tmp_path / "a.jpg", exif=exif)
    (found,) = codes_in_picture(tmp_path / "a.jpg")
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "a.jpg"))
    assert found.text == LABEL
    assert max(x for x, _ in found.corners) <= upright.width


def test_a_moving_picture_is_looked_through(tmp_path: Path) -> None:
    blank = Image.new("L", (231, 231), 255)
    label = code(LABEL).resize((231, 231), Image.Resampling.NEAREST)
    blank.save(tmp_path / "a.gif", save_all=True, append_images=[blank.point(lambda _: 200), label])
    assert [found.text for found in codes_in_picture(tmp_path / "a.gif")] == [LABEL]


def refused(path: Path) -> str:
    with pytest.raises(PictureRefused) as caught:
        codes_in_picture(path)
    return caught.value.key


def test_what_is_no_picture_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("WB1:")
    (tmp_path / "empty.png").touch()
    saved = io.BytesIO()
    seen(code(LABEL), View()).save(saved, "PNG")
    (tmp_path / "cut.png").write_bytes(saved.getvalue()[: len(saved.getvalue()) // 2])
    assert refused(tmp_path / "text.png") == "camera.no_picture"
    assert refused(tmp_path / "empty.png") == "camera.no_picture"
    assert refused(tmp_path / "cut.png") == "camera.broken"
    assert refused(tmp_path / "none.png") == "camera.not_there"
    assert refused(tmp_path) == "camera.no_file"
    assert refused(Path("/dev/zero")) == "camera.no_file"


@pytest.mark.parametrize(("width", "height"), [(8000, 7000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, width: int, height: int) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )
    (tmp_path / "bomb.png").write_bytes(bomb)
    began = time.monotonic()
    assert refused(tmp_path / "bomb.png") == "camera.too_large"
    assert time.monotonic() - began < 10


def test_a_file_too_big_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(pictures.MAX_BYTES + 1)
    assert refused(tmp_path / "big.png") == "camera.too_big"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.tif", "a.webp", "a.ppm", "a.avif"])
def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path: Path, name: str) -> None:
    rolled, saved = random.Random(name), tmp_path / name
    code(LABEL).resize((120, 120), Image.Resampling.NEAREST).convert("RGB").save(saved)
    whole = saved.read_bytes()
    for _ in range(25):
        hurt = bytearray(whole)
        for _ in range(rolled.randrange(1, 8)):
            hurt[rolled.randrange(min(len(hurt), 400))] = rolled.randrange(256)
        saved.write_bytes(bytes(hurt[: rolled.randrange(1, len(hurt))] if rolled.random() < 0.3 else hurt))
        try:
            assert {each.text for each in codes_in_picture(saved)} <= {LABEL}
        except PictureRefused:
            continue


# -- live -------------------------------------------------------------------------------------------
def test_a_frame_says_what_would_help() -> None:
    assert look(gray(Image.new("L", (640, 480), 20)), 0).hint == "camera.light"
    assert look(gray(Image.new("L", (640, 480), 180)), 0).hint == "camera.looking"
    torn = worn(code(LABEL, "L"), 0.2).resize((330, 330), Image.Resampling.NEAREST)
    for size, hint in ((330, "camera.hold"), (110, "camera.closer")):
        frame = Image.new("L", (640, 480), 220)
        frame.paste(torn.resize((size, size), Image.Resampling.BOX), (100, 80))
        found = look(gray(frame), 0)
        assert (found.codes, found.hint) == ((), hint)


def test_frame_after_frame_is_tried_another_way() -> None:
    frame = gray(seen(code(LABEL), View(shake=7, blur=1, noise=10), seed=6))
    assert as_is(frame) is frame
    assert sum(frame.pixels) > sum(darker(frame).pixels)
    assert sum(lighter(frame).pixels) > sum(darker(frame).pixels)
    flat = Gray(bytes([90]) * 64, 8, 8)
    assert darker(flat) is flat


def test_live_reading_loads_neither_numpy_nor_pillow() -> None:
    script = (
        "import sys\n"
        "from hardware.camera import frames, parse, sights\n"
        "from hardware.decode import Gray, look\n"
        "look(Gray(bytes(640 * 480), 640, 480), 0)\n"
        "look(Gray(bytes(range(256)) * 1200, 640, 480), 3)\n"
        "assert 'zxingcpp' in sys.modules\n"
        "sys.exit('+'.join({'numpy', 'PIL'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
