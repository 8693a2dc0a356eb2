"""A broken handheld's data folder, copied from its disk: what it still holds, as hand-off files.

The copy is copied once more before it is opened, so what was brought stays as it was found; keys and records are the
handheld's own, and the office checks the files as if the handheld had written them onto a stick.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.errors import WatchbookError
from app.logbook.book import Logbook
from app.logbook.journal import has_book
from hardware.clock import SystemClock
from sync.office.command_line import CommandRefused
from sync.stick import hand_over


def is_data_folder(path: Path) -> bool:
    return path.is_dir() and has_book(path)


@contextmanager
def files_in(folder: Path) -> Iterator[tuple[Path, tuple[WatchbookError, ...]]]:
    """A folder with hand-off files of all that the handheld in `folder` has no receipt for, and why something of it is
    in none; gone afterwards.

    Raises CommandRefused when it cannot be read, BookError, OfficeRefused when it was never enrolled.
    """
    with TemporaryDirectory(prefix="watchbook-") as place:
        copy, stick = Path(place) / "copy", Path(place) / "stick"
        try:
            shutil.copytree(folder, copy, symlinks=False, ignore_dangling_symlinks=True, ignore=_needless)
            stick.mkdir()
        except (OSError, shutil.Error) as e:
            raise CommandRefused("handoff.stick", folder=str(folder), why=getattr(e, "strerror", "") or "") from e
        clock = SystemClock()
        with closing(Logbook.open(copy, clock)) as logbook:
            given = hand_over(logbook, stick, clock)
        yield stick, given.troubles


def _needless(_: str, names: list[str]) -> set[str]:
    return {"stick", "lock", "terminal.log", "photos"}.intersection(names)
