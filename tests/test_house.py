"""The house: arrows between rooms, and what each entry point is allowed to pay for at its start."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from app.version import VERSION

ROOT = Path(__file__).parent.parent
HEAVY = {"httpx", "bleak", "qrcode", "cryptography", "litestar", "sqlalchemy", "yaml", "jinja2", "uvicorn", "click"}


def loaded_after(code: str) -> set[str]:
    """Top-level modules in sys.modules once `code` has run in a fresh interpreter."""
    script = f"{code}\nimport sys; print(' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "banned"),
    [
        (
            "import app.watch, app.logbook.book, app.settings",
            HEAVY | {"textual", "rich", "hardware", "sync", "screens"},
        ),
        (
            "import hardware.ble, hardware.scanner, hardware.tags, hardware.replay",
            HEAVY | {"textual", "sync", "screens"},
        ),
        ("import sync.wire, sync.outbox, sync.courier", HEAVY | {"textual", "screens"}),
        ("import screens.run, screens.terminal", HEAVY),
        ("import screens.cli", (HEAVY | {"textual", "rich"}) - {"click"}),
    ],
)
def test_a_room_loads_only_what_it_needs(code: str, banned: set[str]) -> None:
    assert loaded_after(code) & banned == set()


def test_the_bare_command_opens_the_screen_without_a_command_line_library() -> None:
    code = (
        "import sys; sys.argv = ['watchbook']\n"
        "import screens.run; screens.run.main = lambda flags: 0\n"
        "import screens.__main__ as entry\n"
        "try: entry.main()\nexcept SystemExit as e: assert e.code == 0"
    )
    assert loaded_after(code) & HEAVY == set()


def test_nothing_on_the_handheld_imports_the_office() -> None:
    code = "import screens.run, screens.cli, screens.commands, screens.demo, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    loaded = done.stdout.split()
    assert not [name for name in loaded if name.startswith("sync.office")]


def test_textual_and_rich_are_pinned_exactly_because_we_lean_on_their_private_parts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"textual==8.2.8", "rich==15.0.0"} <= set(project["dependencies"])


def test_the_program_names_the_version_it_is_packed_as() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_the_locks_hold_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in lock
        assert lock.count("==") <= lock.count("--hash=sha256:")
        assert "textual==8.2.8" in lock


def test_the_wheel_holds_the_rooms_and_the_example_and_no_tests(tmp_path: Path) -> None:
    import zipfile

    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, timeout=120)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert "app/examples/cuihu-garden.json" in names
    assert "sync/office/cli.py" in names
    assert any(name.startswith("sync/office/templates/") for name in names)
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "app",
        "hardware",
        "screens",
        "sync",
    }
