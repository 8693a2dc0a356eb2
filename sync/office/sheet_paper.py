"""Sheets for new handhelds as paper: one A6 page each, set by typst, read back before anybody gets it.

Their text comes in as data and is never read as markup. A page holds a code that lets a handheld in, so none of it
goes to a log. Importing typst takes about 30 ms, a sheet some 20 ms.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from app import invitation
from app.duties.site import Text
from app.invitation import Invitation
from app.text import clean
from app.words import LANGS, say
from sync.office.papers.pdf import drawable
from sync.office.qr import modules
from sync.office.readback import SheetUnreadable, codes_on
from sync.office.typeface import FILE

FORM: Final = Path(__file__).parent / "sheet.typ"


class Sheet(Struct, frozen=True):
    """One sheet in words."""

    invitation: Invitation
    name: str
    site: Text
    spare: bool
    until: str
    """Local time, `2026-11-22 20:30`."""


def pdf(sheets: Sequence[Sheet]) -> bytes:
    """The file, one page a sheet. Raises SheetUnreadable when a page does not say what it should."""
    import typst

    given = msgspec.json.encode([_placed(sheet) for sheet in sheets]).decode()
    made = bytes(
        typst.compile(
            FORM, font_paths=[FILE.parent], ignore_system_fonts=True, sys_inputs={"sheets": given}, pdf_standards="1.7"
        )
    )
    wanted = [invitation.written(sheet.invitation) for sheet in sheets]
    for number, (text, found) in enumerate(zip(wanted, codes_on(made), strict=True), 1):
        if found != [text]:
            raise SheetUnreadable("invitations.unread", page=number)
    return made


def _placed(sheet: Sheet) -> dict[str, Any]:
    second = "2_spare" if sheet.spare else "2"
    return {
        "title": _both("title"),
        "spare": _both("spare") if sheet.spare else [],
        "name": drawable(clean(sheet.name, 60)),
        "site": drawable("  ".join(dict.fromkeys(clean(each, 60) for each in (sheet.site.zh, sheet.site.en) if each))),
        "code": _svg(invitation.written(sheet.invitation)),
        "until": _both("until", until=sheet.until),
        "steps": [_both("1"), _both(second), _both("3")],
        "typed": _both("typed"),
        "groups": invitation.groups(sheet.invitation),
        "office": drawable(sheet.invitation.office),
    }


def _both(name: str, **fields: object) -> list[str]:
    return [say(lang, f"invitations.paper_{name}", **fields) for lang in LANGS]


def _svg(text: str) -> str:
    """The code with its quiet zone, one path."""
    rows = modules(text)
    size = len(rows)
    dark = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{dark}"/></svg>'
