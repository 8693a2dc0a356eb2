"""A paper as DOCX, where a manager edits it before he signs: the monthly report, notices, letters.

The same paper gives the same bytes. Importing python-docx takes about 150 ms.
"""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.words import say
from sync.office.papers.paper import Block, Cell, Facts, Paper, Section, Signing, Table, Words

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table as DocxTable
    from docx.table import _Cell

EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001  as the library writes it
BODY: Final = "宋体"
HEAD: Final = "黑体"
RED: Final = (0xA3, 0x00, 0x00)
LONGEST_TITLE: Final = 255
"""Of a document, as the format lets it be."""
GREY: Final = (0x55, 0x55, 0x55)
FACT: Final = (2, 5)
"""Of the width, a name and what stands behind it."""


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
    _spoken(document)
    _face(normal.element.get_or_add_rPr(), BODY)
    told = document.core_properties
    told.title, told.author, told.comments = paper.title[:LONGEST_TITLE], "", ""
    told.created = told.modified = EPOCH


def _spoken(document: "Document") -> None:
    """Its Chinese is the mainland's: another's fonts set 。 and ， in the middle of their squares."""
    from docx.oxml.ns import qn

    (tongue,) = document.styles.element.iter(qn("w:lang"))
    tongue.set(qn("w:eastAsia"), "zh-CN")


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

    table = document.add_table(rows=1 + len(block.rows), cols=len(block.columns), style="Table Grid")
    widths = _parted(document, table, [column.share for column in block.columns])
    rows = table._tbl.tr_lst  # a row's cells by its own list: asking the table for each reads all of it
    heads = tuple(Cell(column.name, look="strong") for column in block.columns)
    for row, given in zip(rows, (heads, *block.rows), strict=True):
        for place, cell in enumerate(given):
            for extra in row.tc_lst[place + 1 : place + cell.across]:
                row.remove(extra)
            if cell.across > 1:
                row.tc_lst[place].grid_span = cell.across
            _fill(row.tc_lst[place], cell, sum(widths[place : place + cell.across]))
    again = OxmlElement("w:tblHeader")
    again.set(qn("w:val"), "true")
    rows[0].get_or_add_trPr().append(again)
    document.add_paragraph().paragraph_format.space_after = 0


def _parted(document: "Document", table: "DocxTable", shares: Sequence[int]) -> list[int]:
    """Widths of its columns, by what each takes of the page beside the others."""
    from docx.shared import Emu, Mm

    room = (document.sections[0].page_width or Mm(210)) - 2 * Mm(20)
    widths = [room * share // sum(shares) for share in shares]
    table.autofit = False
    _tight(table)
    for column, width in zip(table._tbl.tblGrid.gridCol_lst, widths, strict=True):
        column.w = Emu(width)
    return widths


def _tight(table: "DocxTable") -> None:
    """Less room beside the text of a cell, so that a time stays on its line."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "57")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)


def _fill(tc: Any, cell: Cell, width: int) -> None:
    from docx.text.paragraph import Paragraph

    tc.width = width
    line = Paragraph(tc.p_lst[0], None)  # type: ignore[arg-type]  # its parent is asked for pictures only
    line.paragraph_format.space_after = 0
    _run(line, cell.text, cell.look, 9.5)


def _facts(document: "Document", block: Facts) -> None:
    lines = -(-len(block.pairs) // block.across)
    table = document.add_table(rows=lines, cols=2 * block.across, style="Table Grid")
    widths = _parted(document, table, FACT * block.across)
    for row in table._tbl.tr_lst:
        for tc, width in zip(row.tc_lst, widths, strict=True):
            tc.width = width
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
    _run(line, said, "soft", 6.5)
    before, between, after = say(paper.lang, "papers.page_of", page="|", of="|").split("|")
    _run(line, before, "soft", 6.5)
    _counted(line, "PAGE")
    _run(line, between, "soft", 6.5)
    _counted(line, "NUMPAGES")
    _run(line, after, "soft", 6.5)


def _counted(line: Any, name: str) -> None:
    """A number that the program which shows it fills in."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    line._p.append(field)
    _run(line, "1", "soft", 6.5)
    field.append(line._p[-1])


def _settled(content: bytes) -> bytes:
    """The same archive with the time of no clock in it."""
    held = BytesIO()
    with ZipFile(BytesIO(content)) as before, ZipFile(held, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(ZipInfo(name), before.read(name), ZIP_DEFLATED)
    return held.getvalue()
