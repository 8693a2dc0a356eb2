"""Printed labels: what somebody hangs up is what a handheld reads, or there is no paper at all."""

import json
import random
import re
import secrets
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFilter
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # it ships no types

from app.codes import digest, make, parse
from app.duties.site import Area, Asset, Plan, Point, Route, Site, Stop, Text
from app.words import table
from sync.office import importing
from sync.office.credentials import Printed
from sync.office.labels import Label, LabelsRefused, Wish, labels_of, way_round
from sync.office.printing import Printable, Wanted, proofed, write
from sync.office.readback import SheetUnreadable, must_read
from sync.office.sheets import LAYOUTS, USUAL, Drawing, Heading, Layout, Placed, Sheets, compose, draw
from sync.office.typeface import ASCENT, POINT, FontMissing, Typeface, typeface
from tests.office.conftest import PLAN, ROOT, SITE, Office
from tests.office.test_cli import Done, folder, run
from tests.office.test_cli import given as known_to
from tests.test_house import loaded_after

__all__ = ["folder", "run"]
HEADING = Heading("翠湖花园", "2026-11-22", "zh")
LONG = "地下二层消防水泵房湿式报警阀间门外右手"


def code(issue: int = 1) -> str:
    return make(issue, secrets.token_bytes(10))


def label(**fields: object) -> Label:
    given = {"kind": "point", "id": "gate", "code": code(), "title": "东门", **fields}
    return Label(**given)  # type: ignore[arg-type]  # a shorthand


def some(count: int) -> list[Label]:
    return [
        label(
            id=f"p-{each}",
            title=f"{each % 9 + 1}号楼{each}层 消火栓",
            second=f"Bldg {each % 9 + 1}, hydrant on floor {each}",
            lines=("设备机房",),
            number=f"{each:04}",
            caption="扫不出时输入",
            foot="翠湖花园 第1版",
        )
        for each in range(count)
    ]


def plan(points: Sequence[str], walked: Sequence[str] = (), assets: Sequence[Asset] = ()) -> Plan:
    return Plan(
        site=Site("here", Text("翠湖花园", "Cuihu"), "Asia/Shanghai"),
        revision=1,
        effective="2026-11-01",
        areas=(Area("a", Text("设备机房", "Plant")),),
        points=tuple(Point(each, Text(f"{each}点", each), "a", label=True, code="1234") for each in points),
        assets=tuple(assets),
        routes=(Route("r", "patrol", Text("夜巡"), "fixed", tuple(Stop(each, each) for each in walked), ("guard",)),),
    )


def printed(plan: Plan) -> list[Printed]:
    points = [Printed("point", each.id, 1, code()) for each in plan.points if each.label]
    return points + [Printed("asset", each.id, 2, code()) for each in plan.assets if each.label]


@dataclass
class Seen:
    """A code in a picture, with its middle in millimetres."""

    text: str
    x: float
    y: float


def render(pdf: bytes, page: int, dpi: int) -> Image.Image:
    picture: Image.Image = PdfDocument(pdf)[page].render(scale=dpi / 72).to_pil().convert("L")
    return picture


def seen(picture: Image.Image, dpi: int) -> list[Seen]:
    found = zxingcpp.read_barcodes(picture)
    corners = [(each.text, each.position.top_left, each.position.bottom_right) for each in found]
    return [Seen(text, (a.x + b.x) / 2 / dpi * 25.4, (a.y + b.y) / 2 / dpi * 25.4) for text, a, b in corners]


def words_in(pdf: bytes, page: int, placed: Placed, height: float) -> str:
    text = PdfDocument(pdf)[page].get_textpage()
    drawing = placed.drawing
    found = text.get_text_bounded(
        placed.x / POINT,
        (height - placed.y - drawing.height) / POINT,
        (placed.x + drawing.width) / POINT,
        (height - placed.y) / POINT,
    )
    return re.sub(r"\s", "", found)


# -- the paper -----------------------------------------------------------------------------------


@pytest.mark.proof
@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("dpi", [150, 300])
def test_beside_each_name_stands_the_code_of_that_point(name: str, dpi: int) -> None:
    layout, labels = LAYOUTS[name], some(30)
    sheets = proofed(labels, layout, HEADING)
    assert [len(page) for page in sheets.pages] == (
        [24, 6] if layout.per_page == 24 else [layout.per_page] * (30 // layout.per_page)
    )
    for number, page in enumerate(sheets.pages):
        codes = seen(render(sheets.pdf, number, dpi), dpi)
        assert len(codes) == len(page)
        for placed in page:
            (here,) = [
                each
                for each in codes
                if 0 < each.x - placed.x < layout.label[0] and 0 < each.y - placed.y < layout.label[1]
            ]
            assert here.text == placed.drawing.label.code
            assert re.sub(r"\s", "", placed.drawing.label.title) in words_in(sheets.pdf, number, placed, sheets.height)


@pytest.mark.proof
def test_a_crooked_blurred_noisy_photograph_of_a_sheet_reads_whole() -> None:
    """150 dpi, 3 degrees, blur of one pixel, noise of 15 levels."""
    labels = some(24)
    picture = render(draw(labels, LAYOUTS[USUAL], HEADING).pdf, 0, 150)
    crooked = picture.rotate(3, Image.Resampling.BILINEAR, expand=True, fillcolor=255)
    blurred = crooked.filter(ImageFilter.GaussianBlur(1))
    dice = random.Random(4)
    noisy = bytes(max(0, min(255, round(dice.gauss(grey, 15)))) for grey in blurred.tobytes())
    found = {each.text for each in seen(Image.frombytes("L", blurred.size, noisy), 150)}
    assert found == {each.code for each in labels}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("text", [code(), f"HTTPS://WY.EXAMPLE.CN/P/{code()[4:]}"], ids=["bare", "address"])
def test_four_modules_around_a_code_are_white_on_the_paper(name: str, text: str) -> None:
    dpi, layout = 600, LAYOUTS[name]
    sheets = draw(
        [label(code=text, title=LONG, second="A name that goes on"), *some(layout.per_page - 1)], layout, HEADING
    )
    picture = render(sheets.pdf, 0, dpi)
    for placed in sheets.pages[0]:
        symbol = placed.drawing.symbol
        quiet = symbol.width / modules_of(placed.drawing) * 4
        box = [placed.x + symbol.x - quiet, placed.y + symbol.y - quiet, placed.x + symbol.x + symbol.width + quiet]
        left, top, right = (round(each / 25.4 * dpi) for each in box)
        around = picture.crop(
            (left + 1, top + 1, right - 1, round((placed.y + symbol.y + symbol.width + quiet) / 25.4 * dpi) - 1)
        )
        inner = round(quiet / 25.4 * dpi) - 2
        ImageDraw.Draw(around).rectangle((inner, inner, around.width - inner, around.height - inner), fill=255)
        assert around.getextrema() == (255, 255)


def modules_of(drawing: Drawing) -> int:
    finest = min(bar.width for bar in drawing.bars)
    return round(drawing.symbol.width / finest)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name.startswith("a4")])
def test_no_ink_stands_where_a_printer_cannot_print(name: str) -> None:
    picture = render(draw(some(LAYOUTS[name].per_page), LAYOUTS[name], HEADING).pdf, 0, 300)
    edge = int(5 / 25.4 * 300)
    ImageDraw.Draw(picture).rectangle((edge, edge, picture.width - edge, picture.height - edge), fill=255)
    assert picture.getextrema() == (255, 255)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name.startswith("roll")])
def test_a_label_printer_gets_whole_dots(name: str) -> None:
    """8 dots a millimetre at 203 dpi: an uneven module there is a code that does not read."""
    for bar in compose(label(), LAYOUTS[name]).bars:
        assert all((edge * 8) % 1 == 0 for edge in (bar.x, bar.y, bar.width, bar.height))


def test_the_same_labels_on_the_same_day_are_the_same_file() -> None:
    labels = some(5)
    first = draw(labels, LAYOUTS[USUAL], HEADING).pdf
    assert draw(labels, LAYOUTS[USUAL], HEADING).pdf == first
    assert draw(labels, LAYOUTS[USUAL], replace(HEADING, day="2026-11-23")).pdf != first


def test_a_code_is_of_version_three_at_most_and_a_longer_one_is_refused() -> None:
    short, address, long = code(), f"HTTPS://WY.EXAMPLE.CN/P/{code()[4:]}", "HTTPS://" + "A" * 80
    assert modules_of(compose(label(code=short), LAYOUTS[USUAL])) == 25
    assert modules_of(compose(label(code=address), LAYOUTS[USUAL])) == 29
    for text in (short, address):  # a quarter of each may be dirt
        pdf = draw([label(code=text)], LAYOUTS["roll-60x40"], HEADING).pdf
        (read,) = zxingcpp.read_barcodes(render(pdf, 0, 150))
        assert (read.text, read.ec_level) == (text, "Q")
    with pytest.raises(LabelsRefused, match="too dense"):
        compose(label(code=long), LAYOUTS[USUAL])


# -- words on a label ----------------------------------------------------------------------------

NAMES = [
    "东门",
    LONG[:18],
    "5号楼B2层(东侧)1#柴油发电机房储油间门外",
    "Chlorinator 2 of the swimming pool",
    "A-1 B-2 C-3 D-4 E-5 F-6 G-7 H-8 I-9",
]


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("title", NAMES)
def test_a_long_name_is_set_smaller_and_touches_nothing(name: str, title: str) -> None:
    layout = LAYOUTS[name]
    drawing = compose(
        label(
            title=title,
            second="Diesel store of generator 1, east door",
            lines=("三网格 7-9号楼及商铺宿舍",),
            number="123456",
            caption="扫不出时输入",
            foot="翠湖花园 第12版",
        ),
        layout,
    )
    boxes = [box for line in drawing.lines for box in [ink(line.x, line.y, line.size, line.text)]]
    for left, top, right, bottom in boxes:
        assert left >= layout.code
        assert right <= drawing.width - layout.pad[0]
        assert top >= 0
        assert bottom <= drawing.height
    for one, other in combinations(boxes, 2):
        assert one[3] <= other[1] or other[3] <= one[1] or one[2] <= other[0] or other[2] <= one[0]
    large = [line for line in drawing.lines if line.bold]
    assert all(line.size >= layout.name[1] for line in large)
    assert all(line.size >= layout.small[1] for line in drawing.lines)
    assert "".join(line.text for line in large).replace(" ", "").startswith(title.replace(" ", ""))


def ink(x: float, y: float, size: float, text: str) -> tuple[float, float, float, float]:
    """The em boxes of a line of text: left, top, right, bottom."""
    top = y - size * ASCENT * POINT
    return x, top, x + typeface().width(text, size), top + size * POINT


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_name_that_finds_no_room_is_refused_with_its_point(name: str) -> None:
    with pytest.raises(LabelsRefused) as refused:
        compose(label(id="far-gate", title=LONG * 5), LAYOUTS[name])
    assert "far-gate" in refused.value.say("zh")
    assert name in refused.value.say("en")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("6号楼B1 发电机房门外", ("6号楼B1", "发电机房门外")),
        ("4号楼西燃气调压箱", ("4号楼西", "燃气调压箱")),
        ("Fire lane north of 4-6", ("Fire lane", "north of 4-6")),
    ],
)
def test_lines_break_where_a_reader_would_break_them(text: str, lines: tuple[str, ...]) -> None:
    assert typeface().set(text, 27, 3, (14, 13.5, 13, 12.5, 12))[0].lines == lines


@given(st.text("东4#号楼-/(),。配电室AB12 ", max_size=40), st.integers(8, 60), st.integers(1, 5))
def test_lines_hold_the_whole_text_and_no_more_than_their_width(text: str, width: int, most: int) -> None:
    for found in typeface().set(text, width, most, (12, 9)):
        assert 1 <= len(found.lines) <= most
        assert all(line and typeface().width(line, found.size) <= width + 1e-9 for line in found.lines)
        assert "".join(found.lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    "title", ["A- B- C- D- E- F- G- H- I- J- K", "DT-01-1-DT-01-2-DT-01-3 客梯-货梯-观光梯", "㎡①Ⅱ·℃"]
)
def test_names_with_hyphens_and_signs_read_back(name: str, title: str) -> None:
    proofed([label(title=title)], LAYOUTS[name], HEADING)


def test_no_line_begins_with_a_closing_sign() -> None:
    for width in range(12, 40):
        for found in typeface().set("水泵房(南侧),1号楼", width, 6, (12,)):
            assert not any(line[0] in "),、。" for line in found.lines)


# -- the font ------------------------------------------------------------------------------------


def test_the_font_holds_every_sign_that_we_write_and_all_of_gb_2312() -> None:
    ours = "".join(
        zh + en
        for path in (ROOT / "app" / "words").glob("*.py")
        if path.stem != "__init__"
        for zh, en in table(path.stem).values()
    )
    examples = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "examples").glob("*.yaml"))
    pairs = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    chinese = "".join(pair.decode("gb2312", "ignore") for pair in pairs)
    assert len(chinese) == 6763
    assert typeface().lacks(re.sub(r"[\n█▀▄]", "", ours) + examples.replace("\n", "") + chinese) == ""
    assert typeface().lacks("昇喆㛃㙍") == ""  # of the table of 2013, not of GB 2312: names of people and places


def test_a_sign_that_the_font_lacks_is_an_error_and_no_file(
    run: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    changed, out = tmp_path / "changed.yaml", tmp_path / "labels.pdf"
    changed.write_text(PLAN.read_text(encoding="utf-8").replace("南门岗亭", "南门岗亭\U0001f6b2"), encoding="utf-8")
    where = ("--data-dir", str(folder))
    assert run("plan", "import", str(changed), *where).code == 0
    for lang in ("zh", "en"):
        done = run("labels", SITE, "-o", str(out), *where, "--lang", lang)
        assert done.code == 1
        assert "south-gate" in done.err
        assert "\U0001f6b2" in done.err
        assert "U+1F6B2" in done.err
    assert not out.exists()


def test_without_its_font_nothing_is_printed(tmp_path: Path) -> None:
    broken = tmp_path / "font.otf"
    with pytest.raises(FontMissing, match=r"font\.otf"):
        Typeface(broken)
    broken.write_bytes(b"no font")
    with pytest.raises(FontMissing, match="install"):
        Typeface(broken)


# -- reading back --------------------------------------------------------------------------------


def other(sheets: Sheets, change: Callable[[Label], Label]) -> Sheets:
    """The same paper, with something else expected of its second label."""
    first, second, *rest = sheets.pages[0]
    drawing = replace(second.drawing, label=change(second.drawing.label))
    return replace(sheets, pages=((first, replace(second, drawing=drawing), *rest), *sheets.pages[1:]))


@pytest.mark.parametrize("name", [USUAL, "a4-2x5"])
def test_a_sheet_that_does_not_say_what_it_should_is_refused(name: str) -> None:
    sheets = draw(some(12), LAYOUTS[name], HEADING)
    first, second = sheets.pages[0][:2]
    swapped = (replace(first, drawing=second.drawing), replace(second, drawing=first.drawing), *sheets.pages[0][2:])
    wrong = {
        "code of p-1": other(sheets, lambda it: replace(it, code=code())),
        "words of p-1": other(sheets, lambda it: replace(it, title="别的地方")),
        "the code of p-1 2": replace(sheets, pages=(swapped, *sheets.pages[1:])),
        "should not be there": replace(sheets, pages=(sheets.pages[0][:-1], *sheets.pages[1:])),
        "pages read back": replace(sheets, pages=(*sheets.pages, sheets.pages[0])),
    }
    must_read(sheets)
    for said, each in wrong.items():
        with pytest.raises(SheetUnreadable, match=said):
            must_read(each)


def test_a_code_that_the_paper_spoils_is_found() -> None:
    """A blot over a third of the second code: more than its correction can mend."""
    sheets = draw(some(3), LAYOUTS[USUAL], HEADING)
    first, second, third = sheets.pages[0]
    blot = replace(second.drawing.bars[0], width=second.drawing.symbol.width, height=second.drawing.symbol.height / 3)
    from sync.office import sheets as module

    spoiled = replace(second, drawing=replace(second.drawing, bars=(*second.drawing.bars, blot)))
    pdf = module._pdf([[first, spoiled, third]], LAYOUTS[USUAL], HEADING)
    with pytest.raises(SheetUnreadable, match="p-1"):
        must_read(replace(sheets, pdf=pdf))


def test_paper_too_fine_to_be_read_is_thrown_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A code of 5 mm: one dot a module at 150 dpi."""
    tiny = Layout("tiny", (40, 8), (40, 8), code=6, pad=(0, 0), name=(5, 2), small=(3, 2), number=5)
    monkeypatch.setitem(LAYOUTS, "tiny", tiny)
    found = Printable([label(foot="翠湖花园")], HEADING)
    for wanted in (
        Wanted("tiny", pdf=tmp_path / "labels.pdf"),
        Wanted("tiny", png=tmp_path),
        Wanted("tiny", svg=tmp_path),
    ):
        with pytest.raises(SheetUnreadable, match="gate"):
            write(found, wanted)
    assert list(tmp_path.iterdir()) == []


# -- which labels, in which order ----------------------------------------------------------------


def test_labels_come_in_the_order_in_which_somebody_walks() -> None:
    here = plan("abcdef", walked="dbad")
    assert [point.id for point in way_round(here)] == list("dbacef")
    assert [each.id for each in labels_of(here, printed(here), Wish())] == list("dbacef")
    assert [each.id for each in labels_of(here, printed(here), Wish(points=("a", "d")))] == ["d", "a"]


def test_an_asset_has_its_register_and_model_on_its_label_and_no_number_to_type() -> None:
    lift = Asset("lift-1", Text("1#客梯", "Lift 1"), "b", model="GPS-III", register="梯11苏E03011(18)", label=True)
    others = [Asset("pump", Text("水泵"), "a", label=True), Asset("tank", Text("水箱"), "a")]
    here = plan("ab", walked="ba", assets=[*others, lift])
    assert [each.id for each in labels_of(here, printed(here), Wish())] == ["b", "a"]
    both = labels_of(here, printed(here), Wish(assets=True))
    assert [each.id for each in both] == ["b", "a", "lift-1", "pump"]
    assert [each.id for each in labels_of(here, printed(here), Wish(points=("a",), assets=True))] == ["a", "pump"]
    found = both[2]
    assert (found.kind, found.id, found.number) == ("asset", "lift-1", "")
    words = " ".join(found.words)
    assert all(each in words for each in ("1#客梯", "Lift 1", "GPS-III", "梯11苏E03011(18)", "b点", "第2版"))
    proofed([found], LAYOUTS["roll-50x30"], HEADING)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(points=("nowhere",)), "nowhere"),
        (Wish(points=("bare",)), "label: true"),
        (Wish(assets=True), "label: true"),
    ],
)
def test_what_carries_no_label_is_named(wish: Wish, said: str) -> None:
    here = plan(["a"])
    bare = Point("bare", Text("无签"), "a")
    here = replace(here, points=(*here.points, bare))
    with pytest.raises(LabelsRefused) as refused:
        labels_of(here, printed(here), wish)
    for lang in ("zh", "en"):
        assert said in refused.value.say(lang)


@pytest.mark.parametrize(("names", "words"), [("both", ("a点", "a")), ("zh", ("a点", "")), ("en", ("a", ""))])
def test_names_stand_in_the_languages_asked_for(names: str, words: tuple[str, str]) -> None:
    here = plan(["a"])
    (found,) = labels_of(here, printed(here), Wish(names=names))
    assert (found.title, found.second) == words
    assert ("设备机房" in found.lines) == (names != "en")


# -- the command ---------------------------------------------------------------------------------


def test_the_command_writes_what_the_handhelds_of_the_site_know(
    run: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.pdf"
    done = run("labels", SITE, "-o", str(out), "--data-dir", str(folder), "--lang", "en")
    assert done.code == 0
    assert "labels 47, pages 2" in done.out
    assert "delete it" in done.err
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    pdf, known, points = out.read_bytes(), known_to(folder), set()
    for page in range(2):
        for each in seen(render(pdf, page, 150), 150):
            found = parse(each.text)
            assert found is not None
            points.add(known.codes[digest(known.salt, found.token)])
            assert each.text not in done.out + done.err
    assert len(points) == 47
    assert all(each.startswith("point:") for each in points)


def test_a_failed_run_leaves_the_file_of_before(run: Callable[..., Done], folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.pdf"
    out.write_bytes(b"of before")
    where = ("--data-dir", str(folder), "--lang", "en")
    assert run("labels", SITE, "-o", str(out), "--points", "nowhere", *where).code == 1
    assert out.read_bytes() == b"of before"
    assert run("labels", SITE, "-o", str(out), "--points", "pond", *where).code == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*.part")) == []
    refused = run("labels", SITE, "-o", str(tmp_path / "no" / "labels.pdf"), "--points", "pond", *where)
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)


def test_single_pictures_and_drawings_read_like_the_sheet(
    run: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    where = ("--data-dir", str(folder), "--points", "pond,shed-1", "--layout", "roll-60x40")
    codes = {row["point"]: row["code"] for row in json_lines(run("labels", SITE, "--json", *where[:4]).out)}
    done = run("labels", SITE, "--png", str(tmp_path / "png"), "--svg", str(tmp_path / "svg"), *where)
    assert done.code == 0
    files = sorted(each.name for each in tmp_path.glob("*/*.?[nv]g"))
    assert files == ["pond.png", "pond.svg", "shed-1.png", "shed-1.svg"]
    for point, wanted in codes.items():
        picture = tmp_path / "png" / f"{point}.png"
        with Image.open(picture) as opened:
            assert opened.size == (709, 473)  # 60 x 40 mm at 300 dpi
            assert round(opened.info["dpi"][0]) == 300
            assert [each.text for each in seen(opened.convert("L"), 300)] == [wanted]
        drawing = tmp_path / "svg" / f"{point}.svg"
        assert [each.text for each in seen(rasterised(drawing), 254)] == [wanted]
        assert {stat.S_IMODE(each.stat().st_mode) for each in (picture, drawing)} == {0o600}
    words = "".join(ElementTree.parse(tmp_path / "svg" / "pond.svg").getroot().itertext())
    assert "景观池" in words


def rasterised(path: Path) -> Image.Image:
    """The rectangles of our SVG, ten pixels a millimetre."""
    root = ElementTree.parse(path).getroot()
    *_, width, height = (float(each) for each in root.attrib["viewBox"].split())
    picture = Image.new("L", (round(width * 10), round(height * 10)), 255)
    ink = ImageDraw.Draw(picture)
    (drawn,) = root.findall("{http://www.w3.org/2000/svg}path")
    for x, y, wide, high in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", drawn.attrib["d"]):
        left, top = float(x) * 10, float(y) * 10
        ink.rectangle((left, top, left + float(wide) * 10 - 1, top + float(high) * 10 - 1), fill=0)
    return picture


def json_lines(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


def test_labels_in_the_form_of_an_address_are_read_as_the_same_label(
    run: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    out, where = tmp_path / "labels.pdf", ("--points", "pond", "--data-dir", str(folder))
    assert run("labels", SITE, "-o", str(out), "--label-url", "https://wy.example.cn", *where).code == 0
    (plain,) = json_lines(run("labels", SITE, "--json", *where).out)
    (found,) = seen(render(out.read_bytes(), 0, 150), 150)
    assert found.text.startswith("HTTPS://WY.EXAMPLE.CN/P/")
    assert parse(found.text) == parse(plain["code"])
    refused = run("labels", SITE, "-o", str(out), "--label-url", "https://wy.example.cn/deep/er", *where)
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)


@pytest.mark.proof
def test_five_hundred_points_are_printed_and_read_back_in_reasonable_time() -> None:
    told: list[tuple[int, int]] = []
    sheets = proofed(some(500), LAYOUTS[USUAL], HEADING, lambda done, of: told.append((done, of)))
    assert told == [(page, 21) for page in range(1, 22)]
    assert len(sheets.pdf) < 2_000_000


@pytest.mark.proof
def test_what_draws_paper_is_loaded_only_when_paper_is_drawn() -> None:
    drawing = {"fpdf", "fontTools", "pypdfium2", "zxingcpp", "PIL", "qrcode"}
    assert loaded_after("import sync.office.cli, sync.office.serve, sync.office.printing") & drawing == set()


# -- badges --------------------------------------------------------------------------------------


def test_a_badge_is_a_card_with_the_name_the_number_and_the_code(
    run: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    out, where = tmp_path / "badge.pdf", ("--data-dir", str(folder), "--json")
    made = json.loads(run("user", "badge", "zhang-wei", "--pdf", str(out), *where).out)
    (found,) = seen(render(out.read_bytes(), 0, 150), 150)
    assert found.text == made["code"]
    text = re.sub(r"\s", "", PdfDocument(out)[0].get_textpage().get_text_range())
    assert all(each in text for each in ("张伟", "ZhangWei", "1001", "翠湖物业服务有限公司"))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_badge_that_cannot_be_printed_leaves_the_old_one_good(
    run: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    people = tmp_path / "people.yaml"
    text = (ROOT / "examples" / "cuihu-garden.people.yaml").read_text(encoding="utf-8")
    people.write_text(text.replace("张伟", "张伟\U0001f6b2", 1), encoding="utf-8")
    where = ("--data-dir", str(folder))
    assert run("plan", "import", str(PLAN), "--people", str(people), *where).code == 0
    assert run("user", "badge", "zhang-wei", *where).code == 0
    before = known_to(folder)
    done = run("user", "badge", "zhang-wei", "--pdf", str(tmp_path / "badge.pdf"), *where)
    assert done.code == 1
    assert "zhang-wei" in done.err
    assert known_to(folder) == before


# -- the page ------------------------------------------------------------------------------------


@pytest.mark.proof
def test_a_supervisor_gets_the_sheets_from_the_page(office: Office) -> None:
    office.account()
    browser = office.browser()
    for lang, button in (("zh", "标签（PDF）"), ("en", "Labels (PDF)")):
        page = browser.get("/labels", params={"lang": lang}).text
        assert f"<button>{button}</button>" in page
        assert 'href="/labels"' in page
        assert set(re.findall(r'<option value="(a4-[^"]+|roll-[^"]+)"', page)) == set(LAYOUTS)
    answer = browser.get("/labels/sheet.pdf", params={"site": SITE, "layout": "a4-2x5", "names": "zh"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'attachment; filename="labels-{SITE}.pdf"'
    found = [each.text for page in range(5) for each in seen(render(answer.content, page, 150), 150)]
    assert sorted(found) == sorted(office.labels().values())
    both = browser.get("/labels/sheet.pdf", params={"site": SITE, "assets": "1"})
    assert len(PdfDocument(both.content)) == -(-len(printed(office.plan())) // LAYOUTS[USUAL].per_page)
    bare = re.sub(r"(point: [a-z0-9-]+), label: true", r"\1", PLAN.read_text("utf-8"))
    checked = office.ask(importing.check(office.store, bare.encode()))
    assert not checked.refused, checked.faults
    office.ask(importing.take(office.store, checked, office.now))
    refused = browser.get("/labels/sheet.pdf", params={"site": SITE, "assets": "1", "lang": "en"})
    assert refused.status_code == 409
    assert "label: true" in refused.text
    assert browser.get("/labels/sheet.pdf", params={"site": "nowhere"}).status_code == 404


@pytest.mark.parametrize("path", ["/labels", "/labels/sheet.pdf"])
def test_who_may_read_rounds_does_not_get_the_codes(office: Office, path: str) -> None:
    office.account("checker", "quality")
    office.account("desk", "desk")
    for name in ("checker", "desk"):
        answer = office.browser(name).get(path, params={"site": SITE})
        assert answer.status_code == 403
        assert b"%PDF" not in answer.content
        assert 'href="/labels"' not in answer.text
    assert office.stranger().get(path).status_code == 303
