"""Label sheets: where each thing stands on the paper, and the paper as PDF and SVG.

Lengths are millimetres from the upper left corner, sizes points. A label is composed once and drawn from that in
every form. What cannot be set without touching its neighbour is refused, with the label's name; nothing is clipped.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, product
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from msgspec import Struct
from msgspec.structs import replace

from app.text import clean
from app.words import say
from sync.office.labels import Label, LabelsRefused
from sync.office.qr import label_modules
from sync.office.typeface import ASCENT, LEADING, POINT, Set, sizes, typeface

if TYPE_CHECKING:
    from fpdf import FPDF

QUIET: Final = 4
"""Modules of white around a code (ISO/IEC 18004)."""
BOLD: Final = 0.035
"""How much thicker the large name's strokes are, in sizes: the font has one weight."""
MARK: Final = 2.5
"""Length of an arm of a cut mark."""
HAIRLINE: Final = 0.1
GAP: Final = 0.7
"""Between two texts on a label."""
DOT: Final = 1 / 8
"""A dot of a label printer of 203 dpi; at 300 dpi it prints them evenly as well."""


class Layout(Struct, frozen=True):
    """Paper, and the labels on it."""

    called: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    left: float = 0
    top: float = 0
    code: float = 0
    """Side of the square that the code takes with its quiet zone."""
    inset: float = 0.2
    """From the label's left edge to that square: a cut mark lies on the edge."""
    pad: tuple[float, float] = (2, 2)
    """What stays empty right of the words, and above and below them."""
    name: tuple[float, float] = (14, 7)
    """Size of the large name: at most, at least."""
    small: tuple[float, float] = (7, 5)
    number: float = 15
    sheet: bool = False
    """Has a line at the top, and cut marks."""
    dots: bool = False
    """For a label printer: modules are whole dots."""

    @property
    def per_page(self) -> int:
        return self.columns * self.rows


_A4: Final = (210.0, 297.0)
CARD: Final = Layout("card", (85.6, 54), (85.6, 54), code=44, pad=(4, 5), name=(24, 9), small=(9, 5.5), number=20)
"""A badge, ISO/IEC 7810 ID-1."""
LAYOUTS: Final = {
    layout.called: layout
    for layout in (
        Layout("a4-3x8", _A4, (66, 35), 3, 8, 6, 12, code=34.6, sheet=True),
        Layout(
            "a4-2x5",
            _A4,
            (99, 55),
            2,
            5,
            6,
            12,
            code=54,
            pad=(3, 4),
            name=(22, 9),
            small=(10, 6),
            number=24,
            sheet=True,
        ),
        Layout("a4-70x37", _A4, (70, 37), 3, 8, 0, 0.5, code=36.9, inset=0.6, pad=(5, 4.6)),
        Layout("roll-60x40", (60, 40), (60, 40), code=36, pad=(1.5, 2), dots=True),
        Layout("roll-50x30", (50, 30), (50, 30), code=29, pad=(1, 1), name=(12, 6.5), number=12, dots=True),
    )
}
"""`a4-3x8` and `a4-2x5` are cut from plain paper; `a4-70x37` is stock that is already cut, 24 to a sheet."""
USUAL: Final = "a4-3x8"


class Heading(Struct, frozen=True):
    """What stands at the top of a sheet."""

    site: str
    day: str
    """ISO date."""
    lang: str


class Line(Struct, frozen=True):
    """A line of text; `y` is what the letters stand on."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False


class Bar(Struct, frozen=True):
    """A black rectangle."""

    x: float
    y: float
    width: float
    height: float


class Drawing(Struct, frozen=True):
    """A label composed: everything relative to its own corner."""

    label: Label
    width: float
    height: float
    symbol: Bar
    """Where the code's modules stand; the quiet zone lies around it."""
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]


class Placed(Struct, frozen=True):
    """A label on a page."""

    drawing: Drawing
    x: float
    y: float


class Sheets(Struct, frozen=True):
    """A finished document, and what must be found in it."""

    pdf: bytes
    pages: tuple[tuple[Placed, ...], ...]
    height: float
    """Of each page."""
    kinds: tuple[str, ...] = ("QRCode",)
    """Kinds of code on them, by zxing-cpp's names."""


Progress = Callable[[int, int], None]
"""Called with how many pages are done, of how many."""


def draw(labels: Sequence[Label], layout: Layout, heading: Heading, progress: Progress | None = None) -> Sheets:
    """The labels on so many pages as they take. The same labels on the same day give the same bytes.

    Raises LabelsRefused for a character that the font lacks, for text that finds no room, for a code too long.
    """
    pages = []
    starts = range(0, len(labels), layout.per_page)
    for start in starts:
        here = enumerate(labels[start : start + layout.per_page])
        pages.append(tuple(_placed(compose(label, layout), place, layout) for place, label in here))
        if progress:
            progress(len(pages), len(starts))
    return Sheets(_pdf(pages, layout, heading), tuple(pages), layout.page[1])


def single(layout: Layout) -> Layout:
    """One label of this layout a page."""
    return replace(layout, page=layout.label, columns=1, rows=1, left=0, top=0, sheet=False)


def svg(drawing: Drawing) -> str:
    """One label as a picture of paths, its text as text."""
    path = "".join(
        f"M{bar.x:.3f} {bar.y:.3f}h{bar.width:.3f}v{bar.height:.3f}h{-bar.width:.3f}z" for bar in drawing.bars
    )
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width:g}mm" height="{drawing.height:g}mm" ',
            f'viewBox="0 0 {drawing.width:g} {drawing.height:g}" font-family="{_SVG_FONTS}">',
            '<rect width="100%" height="100%" fill="#fff"/>',
            f'<path shape-rendering="crispEdges" d="{path}"/>',
            *(_svg_line(line) for line in drawing.lines),
            "</svg>\n",
        )
    )


_SVG_FONTS: Final = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, sans-serif"


def _svg_line(line: Line) -> str:
    size, width = line.size * POINT, typeface().width(line.text, line.size)
    bold = f' stroke="#000" stroke-width="{size * BOLD:.3f}"' if line.bold else ""
    return (
        f'<text x="{line.x:.3f}" y="{line.y:.3f}" font-size="{size:.3f}" textLength="{width:.3f}" '
        f'lengthAdjust="spacingAndGlyphs"{bold}>{escape(line.text)}</text>'
    )


# -- one label -----------------------------------------------------------------------------------


def compose(label: Label, layout: Layout) -> Drawing:
    """The label as it stands on this layout. Raises LabelsRefused."""
    for text in label.words:
        if char := typeface().lacks(text):
            code = f"U+{ord(char):04X}"
            raise LabelsRefused("labels.no_glyph", label=label.called, char=clean(char), code=code)
    try:
        modules = label_modules(label.code)
    except ValueError as e:
        raise LabelsRefused("labels.code_too_long", label=label.called, count=len(label.code)) from e
    symbol = _symbol(len(modules), layout)
    module = symbol.width / len(modules)
    bars = tuple(
        Bar(symbol.x + x * module, symbol.y + y * module, width * module, height * module)
        for x, y, width, height in merged(modules)
    )
    return Drawing(label, *layout.label, symbol, bars, tuple(_words(label, layout)))


def merged(modules: Sequence[Sequence[bool]]) -> Iterator[tuple[int, int, int, int]]:
    """The dark modules as rectangles of (column, row, width, height): runs, and equal runs below one another as one."""
    open_runs: dict[tuple[int, int], int] = {}
    for row, line in enumerate([*modules, []]):
        runs = set(_runs(line))
        for begin, end in [run for run in open_runs if run not in runs]:
            top = open_runs.pop((begin, end))
            yield begin, top, end - begin, row - top
        for run in runs:
            open_runs.setdefault(run, row)


def _runs(line: Sequence[bool]) -> Iterator[tuple[int, int]]:
    place = 0
    for dark, group in groupby(line):
        begin, place = place, place + len(list(group))
        if dark:
            yield begin, place


def _symbol(count: int, layout: Layout) -> Bar:
    """Where a code of so many modules stands: in the middle of the square at the left."""
    module = layout.code / (count + 2 * QUIET)
    if layout.dots:
        module = int(module / DOT) * DOT
    side = module * count
    x, y = layout.inset + (layout.code - side) / 2, (layout.label[1] - side) / 2
    if layout.dots:
        x, y = round(x / DOT) * DOT, round(y / DOT) * DOT
    return Bar(x, y, side, side)


def _words(label: Label, layout: Layout) -> Iterator[Line]:
    """The words beside the code: names from the top, number and foot from the bottom."""
    right, edge = layout.pad
    left, top, bottom = layout.inset + layout.code, edge, layout.label[1] - edge
    width = layout.label[0] - right - left
    below = list(_below(label, layout, left, bottom, width))
    top_of_below = min((line.y - line.size * ASCENT * POINT for line in below), default=bottom)
    for bold, found in _stack(label, layout, width, top_of_below - 2 * GAP - top):
        yield from set_lines(found, left, top, bold=bold)
        top += found.height + GAP
    yield from below


def _stack(label: Label, layout: Layout, width: float, height: float) -> list[tuple[bool, Set]]:
    """Name, second name and further lines, set so that they fill no more than `height`."""
    face, large, small = typeface(), sizes(*layout.name), sizes(*layout.small)
    others = [text for text in (label.second, *label.lines) if text]
    names = face.set(label.title, width, 4, large)
    ways = [face.set(text, width, 3, small) for text in others]
    for text, found in zip([label.title, *others], [names, *ways], strict=True):
        if not found:
            raise LabelsRefused("labels.too_long", label=label.called, text=text, layout=layout.called)
    for name, rest in product(names, [*_together(ways)]):
        if sum(each.height + GAP for each in (name, *rest)) - GAP <= height:
            return [(True, name), *((False, each) for each in rest)]
    raise LabelsRefused("labels.too_long", label=label.called, text=label.title, layout=layout.called)


def _together(ways: Sequence[Sequence[Set]]) -> Iterator[list[Set]]:
    """Small texts that stand together are of one size: the largest first."""
    for size in sorted({each.size for way in ways for each in way}, reverse=True):
        found = [next((each for each in way if each.size <= size), None) for way in ways]
        if None not in found:
            yield [each for each in found if each is not None]
    if not ways:
        yield []


def _below(label: Label, layout: Layout, left: float, bottom: float, width: float) -> Iterator[Line]:
    """The foot, and above it the number with what it is for."""
    face, small = typeface(), sizes(*layout.small)[-3:]
    if label.foot:
        foot = next(iter(face.set(label.foot, width, 2, small[-2:])), None)
        if foot is None:
            raise LabelsRefused("labels.too_long", label=label.called, text=label.foot, layout=layout.called)
        yield from set_lines(foot, left, bottom - foot.height)
        bottom -= foot.height + GAP / 2
    numbers = face.set(label.number, width, 1, sizes(layout.number, layout.name[1])) if label.number else []
    for number in numbers:
        taken = face.width(label.number, number.size) + 2 * GAP
        for caption in face.set(label.caption, width - taken, 3, small):
            if caption.height <= number.height:
                yield from set_lines(number, left, bottom - number.height, bold=True)
                yield from set_lines(caption, left + taken, bottom - (number.height + caption.height) / 2)
                return
    for number, caption in product(numbers[:1], face.set(label.caption, width, 2, small)):
        yield from set_lines(number, left, bottom - number.height, bold=True)
        yield from set_lines(caption, left, bottom - number.height - caption.height)
        return
    if label.number:
        raise LabelsRefused("labels.too_long", label=label.called, text=label.number, layout=layout.called)


def set_lines(found: Set, x: float, top: float, *, bold: bool = False) -> Iterator[Line]:
    """Where each line of a text stands whose upper left corner is given."""
    step = found.size * POINT
    for place, text in enumerate(found.lines):
        yield Line(x, top + place * step * LEADING + step * (ASCENT + (LEADING - 1) / 2), found.size, text, bold)


# -- the paper -----------------------------------------------------------------------------------


def _placed(drawing: Drawing, place: int, layout: Layout) -> Placed:
    row, column = divmod(place, layout.columns)
    return Placed(drawing, layout.left + column * layout.label[0], layout.top + row * layout.label[1])


def _pdf(pages: Sequence[Sequence[Placed]], layout: Layout, heading: Heading) -> bytes:
    title = say(heading.lang, "labels.heading", site=heading.site, day=heading.day)
    pdf = paper(layout.page, title, heading)
    for number, page in enumerate(pages, 1):
        pdf.add_page()
        if layout.sheet:
            _header(pdf, layout, title, heading.lang, number, len(pages))
            _cut_marks(pdf, layout)
        for placed in page:
            ink(pdf, placed)
    return bytes(pdf.output())


def paper(page: tuple[float, float], title: str, heading: Heading) -> "FPDF":
    """A document without pages that is printed as large as it is. Importing fpdf takes about 300 ms."""
    from fpdf import FPDF, ViewerPreferences

    pdf = FPDF(unit="mm", format=page)
    pdf.set_auto_page_break(False)
    pdf.set_title(title)
    pdf.set_lang("zh-CN" if heading.lang == "zh" else "en")
    pdf.set_creation_date(datetime.fromisoformat(heading.day).replace(tzinfo=UTC))
    pdf.viewer_preferences = ViewerPreferences(print_scaling="None")
    pdf.add_font("sc", fname=typeface().path)
    return pdf


def ink(pdf: "FPDF", placed: Placed) -> None:
    from fpdf.drawing import PaintedPath

    path = PaintedPath()
    path.style.fill_color = "#000"
    path.style.stroke_color = None
    for bar in placed.drawing.bars:
        path.rectangle(placed.x + bar.x, placed.y + bar.y, bar.width, bar.height)
    with pdf.drawing_context() as context:
        context.add_item(path, False)
    for line in placed.drawing.lines:
        write(pdf, replace(line, x=placed.x + line.x, y=placed.y + line.y))


def write(pdf: "FPDF", line: Line) -> None:
    pdf.set_font("sc", size=line.size)
    if not line.bold:
        pdf.text(line.x, line.y, line.text)
        return
    from fpdf.enums import TextMode

    with pdf.local_context(text_mode=TextMode.FILL_STROKE, line_width=line.size * BOLD):
        pdf.text(line.x, line.y, line.text)


def _header(pdf: "FPDF", layout: Layout, title: str, lang: str, number: int, of: int) -> None:
    size, y = 7.0, layout.top - 3
    last = say(lang, "labels.page", page=number, of=of)
    middle = say(lang, "labels.scale")
    width = layout.page[0]
    face = typeface()
    write(pdf, Line(layout.left, y, size, title))
    write(pdf, Line((width - face.width(middle, size)) / 2, y, size, middle))
    write(pdf, Line(width - layout.left - face.width(last, size), y, size, last))


def _cut_marks(pdf: "FPDF", layout: Layout) -> None:
    """A small cross where labels meet, its arms along their edges, where no quiet zone is."""
    pdf.set_line_width(HAIRLINE)
    (wide, high), (left, top) = layout.label, (layout.left, layout.top)
    right, bottom = left + layout.columns * wide, top + layout.rows * high
    for column, row in product(range(layout.columns + 1), range(layout.rows + 1)):
        x, y = left + column * wide, top + row * high
        pdf.line(max(x - MARK, left), y, min(x + MARK, right), y)
        pdf.line(x, max(y - MARK, top), x, min(y + MARK, bottom))
