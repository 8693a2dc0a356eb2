"""An older program leaves a newer one's data directory alone, and says so."""

from contextlib import closing
from pathlib import Path

import pytest

from app.errors import BookNewer
from app.logbook.book import Draft, Logbook
from app.logbook.reader import Reader
from app.version import BOOK_FORMAT, READS_FORMAT
from tests.logbook.tools import QuickDisk, Ticks


def opened(folder: Path) -> Logbook:
    return Logbook.open(folder, Ticks(), QuickDisk())


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A book with a record in it."""
    with closing(opened(tmp_path / "book")) as logbook:
        logbook.append(Draft("stop.arrived", {"stop": "gate"}))
    return tmp_path / "book"


def test_a_book_of_a_later_form_is_read_and_never_written(folder: Path) -> None:
    (folder / "format").write_text(f"{BOOK_FORMAT + 1}\n")
    before = contents(folder)
    with pytest.raises(BookNewer, match=f"form {BOOK_FORMAT + 1}") as refused:
        opened(folder)
    assert f"格式{BOOK_FORMAT}" in refused.value.say("zh")
    assert contents(folder) == before
    assert Reader(folder).head.seq == 2
    with pytest.raises(BookNewer):  # and the lock was given back: it is not another program that has it
        opened(folder)


def test_a_book_on_its_way_to_the_next_is_not_moved_either(folder: Path) -> None:
    (folder / "format").write_text("9999")
    (folder / "journal").rename(folder / "next-journal")
    (folder / "next").mkdir()
    (folder / "next-journal").rename(folder / "next" / "journal")
    with pytest.raises(BookNewer):
        opened(folder)
    assert (folder / "next" / "journal").is_dir()


@pytest.mark.parametrize("told", [str(BOOK_FORMAT), str(READS_FORMAT), "", "two\n", "\0\0"])
def test_an_own_form_and_a_damaged_word_keep_nobody_from_recording(folder: Path, told: str) -> None:
    (folder / "format").write_text(told)
    with closing(opened(folder)) as logbook:
        assert logbook.append(Draft("stop.arrived", {"stop": "power"}))[0].record.seq == 3
