"""Labels as a camera might see them: made, not taken; turned, leaning, dim, blurred, noisy, the same at each run.

Codes come from another library than the one that reads them.
"""

import math
import random
from collections.abc import Sequence

import qrcode  # type: ignore[import-untyped]
from msgspec import Struct
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from qrcode.util import MODE_8BIT_BYTE, QRData  # type: ignore[import-untyped]

LEVELS = {"L": 1, "M": 0, "Q": 3, "H": 2}
FRAME = (640, 480)
Corner = tuple[float, float]


class View(Struct, frozen=True):
    """How a label is seen."""

    module: float = 5
    """Pixels of one module."""
    turned: float = 0
    """Degrees."""
    lean: float = 0
    """Perspective: by which share of its side the far edge is shorter."""
    blur: float = 0
    """Sigma, pixels."""
    shake: int = 0
    """Length of the smear of a hand that moves, pixels."""
    noise: float = 0
    """Sigma, levels of grey."""
    black: int = 20
    white: int = 230
    shadow: float = 0
    """How much darker the left edge is than the right one, share of the light."""
    inverted: bool = False


def code(payload: str | bytes, level: str = "Q", border: int = 4) -> Image.Image:
    """A QR code, one pixel a module; bytes stand in it as they are, without saying in which character set."""
    made = qrcode.QRCode(error_correction=LEVELS[level], border=border, box_size=1)
    made.add_data(payload if isinstance(payload, str) else QRData(payload, mode=MODE_8BIT_BYTE))
    made.make(fit=True)
    rows = made.get_matrix()
    picture = Image.new("L", (len(rows), len(rows)))
    picture.putdata([0 if dark else 255 for row in rows for dark in row])
    return picture


def seen(
    label: Image.Image, view: View, seed: int = 0, size: tuple[int, int] = FRAME, at: Corner | None = None
) -> Image.Image:
    """`label` on a wall, its middle at `at` (the picture's middle by default)."""
    rolled = random.Random(seed)
    wall = _wall(size, rolled)
    placed, mask = _placed(label, view, size, at or (size[0] / 2, size[1] / 2))
    if view.inverted:
        placed = ImageChops.invert(placed)
    wall.paste(placed, mask=mask)
    return _taken(wall, view, rolled)


def several(
    labels: Sequence[Image.Image], view: View, seed: int = 0, size: tuple[int, int] = (1280, 960)
) -> Image.Image:
    """The labels side by side in rows, all under the same view."""
    rolled = random.Random(seed)
    wall = _wall(size, rolled)
    columns = math.ceil(math.sqrt(len(labels)))
    lines = math.ceil(len(labels) / columns)
    for number, label in enumerate(labels):
        middle = ((number % columns + 0.5) * size[0] / columns, (number // columns + 0.5) * size[1] / lines)
        placed, mask = _placed(label, view, size, middle)
        wall.paste(placed, mask=mask)
    return _taken(wall, view, rolled)


def worn(label: Image.Image, share: float, seed: int = 0) -> Image.Image:
    """The label with a torn-off square of `share` of its area in its lower right part, where no finder is."""
    hurt = label.copy()
    side = round(math.sqrt(share) * label.width)
    corner = round(label.width * 0.86) - side
    hurt.paste(255 if seed % 2 else 0, (corner, corner, corner + side, corner + side))
    return hurt


def _wall(size: tuple[int, int], rolled: random.Random) -> Image.Image:
    """Plaster with edges, stripes and writing-like marks: things that are no codes."""
    wall = Image.new("L", size, rolled.randrange(120, 200))
    draw = ImageDraw.Draw(wall)
    for _ in range(14):
        x, y = rolled.randrange(size[0]), rolled.randrange(size[1])
        draw.rectangle((x, y, x + rolled.randrange(8, 120), y + rolled.randrange(4, 40)), fill=rolled.randrange(256))
    for _ in range(6):
        x, y, step = rolled.randrange(size[0]), rolled.randrange(size[1]), rolled.randrange(3, 9)
        for stripe in range(8):
            draw.line((x + stripe * step, y, x + stripe * step, y + 40), fill=rolled.randrange(100), width=2)
    return wall


def _placed(label: Image.Image, view: View, size: tuple[int, int], middle: Corner) -> tuple[Image.Image, Image.Image]:
    """The label under its perspective on an empty picture, and where it covers the wall."""
    half = label.width * view.module / 2
    far = half * (1 - view.lean)
    flat = ((-far, -half), (far, -half), (half, half), (-half, half))
    turn = math.radians(view.turned)
    corners = [
        (middle[0] + x * math.cos(turn) - y * math.sin(turn), middle[1] + x * math.sin(turn) + y * math.cos(turn))
        for x, y in flat
    ]
    fine = 8
    big = label.resize((label.width * fine, label.height * fine), Image.Resampling.NEAREST)
    edges = ((0, 0), (big.width, 0), (big.width, big.height), (0, big.height))
    doubled = [(2 * x, 2 * y) for x, y in corners]
    warp = _perspective(doubled, edges)
    twice = (size[0] * 2, size[1] * 2)
    how = Image.Resampling.BILINEAR
    placed = big.transform(twice, Image.Transform.PERSPECTIVE, warp, how).resize(size, Image.Resampling.BOX)
    cover = Image.new("L", big.size, 255).transform(twice, Image.Transform.PERSPECTIVE, warp, how)
    return placed, cover.resize(size, Image.Resampling.BOX)


def _taken(scene: Image.Image, view: View, rolled: random.Random) -> Image.Image:
    """The scene through lens, hand, light and sensor."""
    if view.shadow:
        row = Image.new("L", (256, 1))
        row.putdata([round(255 * (1 - view.shadow * (1 - x / 255))) for x in range(256)])
        scene = ImageChops.multiply(scene, row.resize(scene.size, Image.Resampling.BILINEAR))
    if view.blur:
        scene = scene.filter(ImageFilter.GaussianBlur(view.blur))
    if view.shake > 1:
        smear = scene
        for step in range(1, view.shake):
            smear = Image.blend(smear, ImageChops.offset(scene, step, step // 3), 1 / (step + 1))
        scene = smear
    scene = scene.point([round(view.black + (view.white - view.black) * level / 255) for level in range(256)])
    if not view.noise:
        return scene
    count = scene.width * scene.height
    grain = Image.new("L", scene.size, 0)
    for part in range(1, 4):  # three even ones make nearly a bell, of sigma 42.5
        grain = Image.blend(grain, Image.frombytes("L", scene.size, rolled.randbytes(count)), 1 / part)
    return ImageChops.add(
        scene, grain.point([round(128 + (v - 127.5) * view.noise / 42.5) for v in range(256)]), 1, -128
    )


def _perspective(onto: Sequence[Corner], source: Sequence[Corner]) -> tuple[float, ...]:
    """The eight figures by which Pillow finds for each place of `onto` its place in `source`."""
    rows = []
    for (x, y), (u, v) in zip(onto, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    for column in range(8):
        pivot = max(range(column, 8), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for other in range(8):
            if other != column and (factor := rows[other][column]):
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return tuple(row[8] for row in rows)
