"""Which edition of the program a data directory is for: an older one never writes what it would misread.

The first program that writes in another form than the one before (app.version.BOOK_FORMAT) says so first, in the
file `format` (docs/record-format.md section 8). A directory without that file is of the first form.
"""

from pathlib import Path
from typing import Final

from app.errors import BookNewer
from app.logbook.disk import reading
from app.version import BOOK_FORMAT, VERSION

FIRST: Final = 1
_LONGEST: Final = 16


def format_of(folder: Path) -> int:
    """The form that the directory is written in. What is no number says nothing: damage keeps nobody from working.

    Raises BookUnsafe when the disk does not give it.
    """
    try:
        with reading(), open(folder / "format", "rb") as file:
            told = file.read(_LONGEST)
    except FileNotFoundError:
        return FIRST
    return int(told) if told.strip().isdigit() else FIRST


def must_be_ours(folder: Path) -> None:
    """Before anything is written there. Raises BookNewer, BookUnsafe."""
    found = format_of(folder)
    if found > BOOK_FORMAT:
        raise BookNewer("book.newer", found=found, ours=BOOK_FORMAT, version=VERSION)
