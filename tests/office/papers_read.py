"""What a paper is read back with, in each of its formats, and texts that would like to be more than text."""

import csv
import ctypes
import io
import re
import zipfile
from xml.etree import ElementTree

import pypdfium2  # type: ignore[import-untyped]  # it ships no types

HOSTILE = (
    '=HYPERLINK("http://evil","x") #let x = 1 $ a^2 $ *b* <script>alert(1)</script> [#panic()] \\u{41} '
    "\x00\x07\x1b[31m\u202eevil\u2066 שלום 𠀀 {{7*7}} @SUM(1) -2+3 " + "很长" * 200
)
BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def pages_of(content: bytes) -> list[str]:
    """The text of each page of a PDF, without spaces."""
    with pypdfium2.PdfDocument(content) as document:
        return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in document]


def words_of(content: bytes) -> str:
    """The text of a PDF, without spaces: where a line breaks is the setter's business."""
    return "".join(pages_of(content))


def links_of(content: bytes) -> list[str]:
    """Where a PDF leads; whatever else it would do when somebody clicks is told as its kind."""
    raw, found = pypdfium2.raw, []
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            for number in range(raw.FPDFPage_GetAnnotCount(page)):
                annotation = raw.FPDFPage_GetAnnot(page, number)
                link = raw.FPDFAnnot_GetLink(annotation)
                action = raw.FPDFLink_GetAction(link) if link else None
                if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
                    found.append(f"kind {raw.FPDFAnnot_GetSubtype(annotation)}")
                    continue
                size = raw.FPDFAction_GetURIPath(document, action, None, 0)
                held = ctypes.create_string_buffer(size)
                raw.FPDFAction_GetURIPath(document, action, held, size)
                found.append(held.value.decode())
    return found


def look_through(content: bytes) -> None:
    """No formula, no link but the office's, no macro, no control character, all parts well-formed."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for part in parts.namelist():
            assert not part.endswith((".bin", ".vml")), part
            if not part.endswith((".xml", ".rels")):
                continue
            raw = parts.read(part).decode()
            assert not BAD.search(raw), part
            tree = ElementTree.fromstring(raw)
            for element in tree.iter():
                tag = element.tag.rpartition("}")[2]
                assert tag not in ("f", "instrText", "hyperlink") or part.startswith("xl/"), (part, tag)
                assert tag != "f", part
                if tag == "Relationship" and element.get("TargetMode") == "External":
                    assert element.get("Target", "").startswith("https://office.example/"), element.get("Target")


def must_be_harmless(content: bytes, form: str) -> None:
    """Raises AssertionError for anything in the file that is more than a text, or a link that is not the office's."""
    if form == "pdf":
        assert not BAD.search(words_of(content))
        assert all(each.startswith("https://office.example/") for each in links_of(content))
    elif form == "csv":
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))):
            for field in row:
                assert not BAD.search(field)
                assert not field.startswith(("=", "+", "@", "\t")), field[:40]
                assert not (field.startswith("-") and not re.fullmatch(r"-[0-9.]+", field)), field[:40]
    else:
        look_through(content)
