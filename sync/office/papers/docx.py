"""A paper as DOCX, where a manager edits it before he signs: the monthly report, notices, letters.

The same paper gives the same bytes. Importing python-docx takes about 150 ms.
"""

from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.words import say
from sync.office.papers.paper import Block, Cell, Facts, Paper, Section, Signing, Table, Words

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell

EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001  as the library writes it
BODY: Final = "宋体"
HEAD: Final = "黑体"
RED: Final = (0xA3, 0x00, 0x00)
LONGEST_TITLE: Final = 255
"""Of a document, as the format lets it be."""
GREY: Final = (0x55, 0x55, 0x55)


def docx(paper: Paper) -> bytes:
    """The file. `paper` is harmless already."""
    from docx import Document

    document = Document()
    _set_up(document, paper)
    for number, section in enumerate(paper.sections):
        if number and section.new_page:
            document.add_page_break()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        if title := section.title or (paper.title if number == 0 else ""):
            _titled(document, paper, title, section.beside or paper.span)
        _section(document, section)
    _footed(document, paper)
    held = BytesIO()
    document.save(held)
    return _settled(held.getvalue())


def _set_up(document: "Document", paper: Paper) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm, Pt

    sheet = document.sections[0]
    sheet.page_width, sheet.page_height = (Mm(297), Mm(210)) if paper.wide else (Mm(210), Mm(297))
    sheet.orientation = WD_ORIENT.LANDSCAPE if paper.wide else WD_ORIENT.PORTRAIT
    sheet.left_margin = sheet.right_margin = Mm(20)
    sheet.top_margin, sheet.bottom_margin = Mm(18), Mm(18)
    normal = document.styles["Normal"]
    normal.font.size = Pt(10.5)
    _face(normal.element.get_or_add_rPr(), BODY)
    told = document.core_properties
    told.title, told.author, told.comments = paper.title[:LONGEST_TITLE], "", ""
    told.created = told.modified = EPOCH


def _face(properties: Any, name: str) -> None:
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for kind in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(kind), name)


def _titled(document: "Document", paper: Paper, title: str, beside: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    for text, size in ((paper.company, 11.0), (title, 18.0)):
        if text:
            line = document.add_paragraph()
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            line.paragraph_format.space_after = 0
            _run(line, text, "strong" if text == title else "", size, HEAD)
    under = (say(paper.lang, "papers.site_is") + paper.site, beside, paper.stand)
    document.add_paragraph("    ".join(text for text in under if text)).alignment = WD_ALIGN_PARAGRAPH.CENTER


def _section(document: "Document", section: Section) -> None:
    if section.heading:
        _run(document.add_paragraph(), section.heading, "strong", 12.0, HEAD)
    for block in section.blocks:
        _block(document, block)


def _block(document: "Document", block: Block) -> None:
    match block:
        case Table():
            if block.caption:
                _run(document.add_paragraph(), block.caption, "strong", 10.5, HEAD)
            _table(document, block)
        case Facts():
            _facts(document, block)
        case Words():
            for text in block.lines:
                _paragraph(document, text, block.look)
        case Signing():
            _boxes(document, block)


def _paragraph(document: "Document", text: str, look: str) -> None:
    from docx.shared import Pt

    line = document.add_paragraph()
    if look == "letter":
        line.paragraph_format.first_line_indent = Pt(24)
        line.paragraph_format.line_spacing = 1.5
    _run(line, text, look if look == "soft" else "", 12.0 if look == "letter" else 9.0)


def _table(document: "Document", block: Table) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm

    table = document.add_table(rows=1 + len(block.rows), cols=len(block.columns), style="Table Grid")
    whole, sheet = sum(column.share for column in block.columns), document.sections[0]
    room = ((sheet.page_width or Mm(210)) - 2 * Mm(20)) / whole
    rows = table._tbl.tr_lst  # a row's cells by its own list: asking the table for each reads all of it
    heads = tuple(Cell(column.name, look="strong") for column in block.columns)
    for row, given in zip(rows, (heads, *block.rows), strict=True):
        for place, cell in enumerate(given):
            for extra in row.tc_lst[place + 1 : place + cell.across]:
                row.remove(extra)
            if cell.across > 1:
                row.tc_lst[place].grid_span = cell.across
            _fill(row.tc_lst[place], cell, room * block.columns[place].share)
    again = OxmlElement("w:tblHeader")
    again.set(qn("w:val"), "true")
    rows[0].get_or_add_trPr().append(again)
    document.add_paragraph().paragraph_format.space_after = 0


def _fill(tc: Any, cell: Cell, width: float) -> None:
    from docx.text.paragraph import Paragraph

    tc.width = round(width)
    line = Paragraph(tc.p_lst[0], None)  # type: ignore[arg-type]  # its parent is asked for pictures only
    line.paragraph_format.space_after = 0
    _run(line, cell.text, cell.look, 9.5)


def _facts(document: "Document", block: Facts) -> None:
    lines = -(-len(block.pairs) // block.across)
    table = document.add_table(rows=lines, cols=2 * block.across, style="Table Grid")
    for place, (name, cell) in enumerate(block.pairs):
        row, column = divmod(place, block.across)
        _put(table.cell(row, 2 * column), Cell(name, look="strong"))
        _put(table.cell(row, 2 * column + 1), cell)
    document.add_paragraph().paragraph_format.space_after = 0


def _boxes(document: "Document", block: Signing) -> None:
    from docx.shared import Mm

    across = 2 if len(block.boxes) == 4 else min(3, len(block.boxes))
    table = document.add_table(rows=-(-len(block.boxes) // across), cols=across, style="Table Grid")
    for place, text in enumerate(block.boxes):
        _put(table.cell(*divmod(place, across)), Cell(text))
    for row in table.rows:
        row.height = Mm(27 if block.tall else 14)
    document.add_paragraph().paragraph_format.space_after = 0


def _put(holder: "_Cell", cell: Cell) -> None:
    line = holder.paragraphs[0]
    line.paragraph_format.space_after = 0
    _run(line, cell.text, cell.look, 9.5)


def _run(line: Any, text: str, look: str, size: float, face: str = BODY) -> None:
    from docx.shared import Pt, RGBColor

    run = line.add_run(text)
    run.font.size = Pt(size)
    run.bold = look in ("strong", "bad") or None
    if look in ("bad", "soft"):
        run.font.color.rgb = RGBColor(*(RED if look == "bad" else GREY))
    _face(run._element.get_or_add_rPr(), face)


def _footed(document: "Document", paper: Paper) -> None:
    """The hash on each page, and which page it is."""
    line = document.sections[0].footer.paragraphs[0]
    said = f"{say(paper.lang, 'papers.made_from', records=paper.made.records)} {paper.made.hash}  "
    _run(line, said, "soft", 7.0)
    _page_number(line)


def _page_number(line: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    line._p.append(field)


def _settled(content: bytes) -> bytes:
    """The same archive with the time of no clock in it."""
    held = BytesIO()
    with ZipFile(BytesIO(content)) as before, ZipFile(held, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(ZipInfo(name), before.read(name), ZIP_DEFLATED)
    return held.getvalue()
