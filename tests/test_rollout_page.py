"""docs/rollout.md as it is read: every command of it, in its order, on what the ones before have left.

Blocks of `sh` are run as they stand; what they call `/media` and `/tmp/tree` lies in a folder of the test, and between
them a handheld does what the page says that it does. Blocks of `sh machine` change a whole Debian (users, packages,
services): of those only what they name is checked here.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest
import zxingcpp

from app import invitation
from app.logbook.book import Logbook
from app.version import VERSION
from hardware.clock import SystemClock
from sync.invited import Invited
from tests.needs import needs
from tests.rollout.tree import Tree
from tests.scenes.office import serving

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "rollout.md"
CHINESE = ROOT / "docs" / "rollout.zh-CN.md"
SOURCES = ("app", "examples", "hardware", "rollout", "screens", "sync")
SINGLE = ("Makefile", "README.md", "pyproject.toml", "requirements.lock", "requirements-dev.lock", ".gitignore")


def blocks(page: Path) -> list[tuple[str, str]]:
    """(mark, commands) of each fenced block: mark is `sh` or `sh machine`."""
    return re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_both_languages_give_the_same_commands_and_no_other_kind_of_block() -> None:
    assert blocks(PAGE) == blocks(CHINESE)
    assert {mark for mark, _ in blocks(PAGE)} == {"sh", "sh machine"}
    assert len(blocks(PAGE)) > 15


def test_what_the_page_says_of_a_machine_is_what_the_files_say() -> None:
    machine = "".join(text for mark, text in blocks(PAGE) if mark == "sh machine")
    [packages] = re.findall(r"^PACKAGES='(.*)'$", (ROOT / "rollout" / "install.sh").read_text(), re.MULTILINE)
    assert f"apt-get install --no-install-recommends {packages}\n" in machine
    for unit in re.findall(r"\S+\.(?:service|timer)\b", machine):
        said = (ROOT / "rollout" / "office" / unit).read_text()
        assert "[Install]" in said
    service = (ROOT / "rollout" / "office" / "watchbook-office.service").read_text()
    for place in ("/opt/watchbook-office/current", "/var/lib/watchbook-office/data", "User=watchbook-office"):
        assert place in service
        assert place.removeprefix("User=") in machine
    assert f"/opt/watchbook-office/{VERSION}/bin/pip" in machine
    assert f"watchbook-{VERSION}-x86_64.tar" in machine


class Desk:
    """Where the page is walked: a copy of the sources, a stick, a drawer, an office, and handhelds out of their box."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.here, self.media, self.data = folder / "sources", folder / "media", folder / "office"
        self.tree = Tree(folder / "handheld")
        self.folder = folder
        for name in SOURCES:
            shutil.copytree(ROOT / name, self.here / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in SINGLE:
            shutil.copy2(ROOT / name, self.here / name)
        (self.here / ".venv").mkdir()
        for part in Path(sys.prefix).iterdir():
            if part.name != ".ready":
                (self.here / ".venv" / part.name).symlink_to(part)
        (self.here / ".venv" / ".ready").touch()
        (self.media / "keys").mkdir(parents=True)
        self.data.mkdir()
        self.office = stack.enter_context(serving(self.data))
        self._stack = stack

    def run(self, commands: str) -> str:
        """What a block prints. Raises AssertionError when one of its commands fails."""
        installs = "install.sh" in commands
        places = {
            "/media/": f"{self.media}/",
            "/tmp/tree": str(self.tree.root),
            "https://office.example:8443": self.office,
            " /opt/watchbook/launch": f" {self.tree.prefix / 'launch'}",
            "=/var/lib/watchbook ": f"={self.folder / 'G-01'} ",
        }
        for said, meant in places.items():
            commands = commands.replace(said, meant)
        path = f"{self.tree.path}" if installs else f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"
        kept = {
            name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_")) or name == "HOME"
        }
        done = subprocess.run(
            [needs("sh"), "-eu", "-c", commands],
            env={**({} if installs else kept), "PATH": path, "WATCHBOOK_DATA_DIR": str(self.data), "LANG": "en"},
            cwd=self.here,
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    def comes_in(self, number: int, name: str) -> None:
        """The handheld `name` scans the sheet of this number."""
        page = pypdfium2.PdfDocument(self.here / "sheets.pdf")[number]
        (code,) = zxingcpp.read_barcodes(page.render(scale=2, grayscale=True).to_pil())
        sheet = invitation.read(code.text)
        assert sheet is not None
        logbook = self._stack.enter_context(closing(Logbook.open(self.folder / name, SystemClock())))
        Invited(logbook, SystemClock()).come_in(sheet)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        (tmp_path / "handheld").mkdir()
        yield Desk(tmp_path, stack)


def a_handheld_comes_in(desk: Desk) -> None:
    desk.comes_in(0, "G-01")


def the_spare_comes_in(desk: Desk) -> None:
    desk.comes_in(2, "S-01")
    desk.run("watchbook-office device confirm S-01")


def somebody_copies_the_broken_one(desk: Desk) -> None:
    shutil.copytree(desk.folder / "G-01", desk.media / "stick" / "from-G-01")


MEANWHILE: dict[str, Callable[[Desk], None]] = {
    "watchbook-office device waiting": a_handheld_comes_in,
    "watchbook-office device replaced": the_spare_comes_in,
    "watchbook-office handoff": somebody_copies_the_broken_one,
}
"""What happens away from the page, before the block that begins so."""


@pytest.mark.proof
def test_every_command_of_the_page_runs_in_its_order(desk: Desk) -> None:
    """The wheels of the release are those of requirements.lock, fetched by pip as the page says."""
    said: dict[str, str] = {}
    for commands in (text for mark, text in blocks(PAGE) if mark == "sh"):
        for beginning, act in MEANWHILE.items():
            if commands.startswith(beginning):
                act(desk)
        said[commands.split("\n")[0]] = desk.run(commands)
    installed = said["mkdir -p /tmp/tree/var/tmp"]
    assert f"watchbook, version {VERSION}" in installed
    assert "/etc/systemd/system/watchbook.service" in installed
    assert "G-01" in said["watchbook-office device waiting"]
    assert all(name in said["watchbook-office device list"] for name in ("G-01", "G-02", "S-01"))
    assert (desk.here / "labels.pdf").stat().st_size > 10_000
    assert (desk.here / "support.zip").is_file()
