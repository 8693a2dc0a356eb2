"""How `watchbook` and `watchbook demo` end, and what they ask of the machine they run on."""

import logging
import sys
from pathlib import Path

import pytest

from app.errors import BookInUse, BookUnsafe, ChainBroken, OfficeAway, WatchbookError
from app.logbook.book import Logbook
from app.usage import exit_code
from hardware.clock import SystemClock
from screens.run import _log_to
from tests.pty import Pty

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("trouble", "code"), [(BookInUse, 3), (ChainBroken, 5), (OfficeAway, 6), (BookUnsafe, 1), (WatchbookError, 1)]
)
def test_every_trouble_ends_with_the_code_of_the_contract(trouble: type[WatchbookError], code: int) -> None:
    assert exit_code(trouble("book.key_lost")) == code


@pytest.mark.parametrize(("command", "folder"), [("run", "."), ("demo", "handheld")])
def test_a_book_that_another_program_holds_ends_with_3(tmp_path: Path, command: str, folder: str) -> None:
    held = Logbook.open(tmp_path / folder, SystemClock())
    options = ["--no-office"] if command == "demo" else []
    argv = [sys.executable, "-m", "screens", command, *options, "--data-dir", str(tmp_path), "--lang", "en"]
    with Pty(argv, cwd=ROOT) as pty:
        assert pty.exit_code() == 3
    held.close()


def test_a_demonstration_in_a_folder_that_takes_no_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "clock.new").mkdir()  # where root writes too
    argv = [sys.executable, "-m", "screens", "demo", "--no-office", "--data-dir", str(tmp_path), "--lang", "en"]
    with Pty(argv, cwd=ROOT) as pty:
        assert pty.exit_code() == 1
        assert "the storage failed (Is a directory)" in " ".join(pty.text.split())
        assert "Traceback" not in pty.text


def test_a_log_that_cannot_be_written_is_not_said_across_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        for path in (tmp_path / "nowhere" / "terminal.log", Path("/dev/full")):
            root.handlers = []  # basicConfig would close the ones of pytest
            _log_to(path)
            logging.getLogger("watchbook.screens").error("failed")
    finally:
        root.handlers = before
        root.setLevel(level)
    assert capfd.readouterr() == ("", "")
