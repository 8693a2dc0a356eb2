"""The real program under the real `launch`: its first screen ends a trial, and it answers what an update asks it."""

import os
import subprocess
import sys
import sysconfig
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import json

from app.logbook.book import Draft, Logbook
from app.version import BOOK_FORMAT, VERSION
from hardware.clock import SystemClock
from sync.installing import Installer, Place, told_at
from sync.wire import Offered
from tests.logbook.tools import QuickDisk
from tests.pty import Pty
from tests.rollout.scripts import OLD, leads, planted

ROOT = Path(__file__).parent.parent.parent
OFFER = Offered(VERSION, "0" * 64, 1000, 1)
BEFORE = "0.1.0"
PROGRAM = """#!{python}
import sys
from screens.__main__ import main
sys.argv[0] = "watchbook"
main()
"""


def lay_real(root: Path) -> None:
    """This very program as a release: a venv of its own that borrows what is installed here."""
    home = root / "releases" / VERSION
    library = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    library.mkdir(parents=True)
    (library / "borrowed.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    (home / "pyvenv.cfg").write_text(f"home = {Path(os.path.realpath(sys.executable)).parent}\n")
    (home / "bin").mkdir()
    (home / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    (home / "bin" / "watchbook").write_text(PROGRAM.format(python=home / "bin" / "python"))
    (home / "bin" / "watchbook").chmod(0o755)
    (home / "whole").touch()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Path]:
    """A handheld on which BEFORE runs and this program lies beside it; and its data, with a record in them."""
    folder = tmp_path_factory.mktemp("tree")
    place = planted(folder)
    (place.root / "releases" / OLD).rename(place.root / "releases" / BEFORE)
    (place.root / "current").unlink()
    (place.root / "current").symlink_to(f"releases/{BEFORE}")
    lay_real(place.root)
    data = folder / "var" / "lib" / "watchbook"
    with closing(Logbook.open(data, SystemClock())) as logbook:
        logbook.append(Draft("stop.arrived", {"stop": "gate"}))
    return Place(place.root, BEFORE), data


@pytest.mark.proof
def test_it_is_tried_on_the_book_and_its_first_screen_ends_the_trial(tree: tuple[Place, Path]) -> None:
    place, data = tree
    installer = Installer(place, data, QuickDisk())
    installer.try_out(OFFER)
    installer.change(OFFER)
    assert (leads(place), (place.root / "trial").exists()) == (VERSION, True)
    with Pty([str(place.root / "launch")], env=bare(data)) as pty:
        pty.wait_for("Q:")
        pty.wait_for("程序已更新")
        assert not (place.root / "trial").exists()
        assert installer.proves
    assert told_at(place).said == "updating.taken"
    [part] = [each for each in doctor(place, data)["parts"] if each["part"] == "program"]
    assert part == {"part": "program", "state": "ok", "says": f"{VERSION}. The program was updated"}


@pytest.mark.proof
def test_a_book_of_a_later_form_makes_it_give_way(tree: tuple[Place, Path]) -> None:
    """It refuses to write there before its first screen, so the program that can is back after three starts."""
    place, data = tree
    (data / "format").write_text(f"{BOOK_FORMAT + 1}\n")
    Installer(place, data, QuickDisk()).change(OFFER)
    with Pty([str(place.root / "launch")], env=bare(data)) as pty:
        assert pty.exit_code() == 0
    assert (leads(place), (place.root / "rolled-back").read_text()) == (BEFORE, f"{VERSION}\n")
    (data / "format").unlink()


def bare(data: Path) -> dict[str, str | None]:
    """Next to nothing around it, as the unit starts it."""
    kept = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm-256color", "WATCHBOOK_DATA_DIR": str(data)}
    return {**dict.fromkeys(os.environ), **kept, "WATCHBOOK_LANG": "zh"}


def doctor(place: Place, data: Path) -> dict[str, list[dict[str, str]]]:
    program = place.root / "releases" / VERSION / "bin" / "watchbook"
    done = subprocess.run(
        [program, "doctor", "--json", "--lang", "en", "--data-dir", data], capture_output=True, timeout=60
    )
    found: dict[str, list[dict[str, str]]] = json.decode(done.stdout)
    return found
