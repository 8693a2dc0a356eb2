"""The house: arrows between rooms, and what each entry point is allowed to pay for at its start."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.version import VERSION

ROOT = Path(__file__).parent.parent
HEAVY = {
    "httpx",
    "bleak",
    "qrcode",
    "nacl",
    "cryptography",
    "litestar",
    "sqlalchemy",
    "yaml",
    "jinja2",
    "uvicorn",
    "click",
    "zxingcpp",
    "PIL",
    "serial",
    "fpdf",
    "pypdfium2",
}
_BROAD = {"Exception", "BaseException"}


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
        ("import sync.office.cli", (HEAVY | {"textual", "rich"}) - {"click"}),
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


SUBJECTS = {
    *("afterwards", "attaching", "booklog", "calibrate", "camera", "decode", "equipment", "finding", "film", "handing"),
    *("handover", "keeping", "label", "life", "lone", "matters", "menu", "more", "order", "orders", "outside"),
    *("overrule", "photo", "photos", "pictures", "place", "places", "practice", "procedures", "registers", "rehearsal"),
    *("answers", "asking", "onsite", "scores", "skip", "surveys", "team", "teams", "tended", "tending", "trial"),
    *("accepting", "blind", "requests", "returned", "review", "reviewable", "reviewing", "reviews", "visits"),
    *("messages", "unplanned", "violations", "witnessing", "work"),
    *("first", "handheld", "moving", "overseer", "takeover"),
}
"""Modules of every room, by their last name, that only a crew needs who opens such a page or meets such a record."""
IN_A_ROUND = {"app.duties.equipment", "app.kinds.matters"}
"""What a check, or the fold, asks of a subject all the same: small."""
WALK = """
import asyncio, pathlib, sys
from tests.screens.plans import label
from tests.screens.world import SMALL, keys, scan, world

async def walk():
    with world(pathlib.Path(sys.argv[1])) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "1 0 0 1 enter 1 2 3 4 enter")
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter enter")
            await scan(pilot, label("point:power"))
            await keys(pilot, "1")
            visit = here.watch.state.round.visit(here.watch.state.round.at_stop)
            assert visit.answers
            print(*sys.modules)

asyncio.run(walk())
"""


def modules_after(code: str, *argv: str) -> set[str]:
    """All modules once `code` has run in a fresh interpreter and printed them."""
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def subjects_of(modules: set[str]) -> set[str]:
    aside = ("app.words.", "app.logbook.")
    ours = (name for name in modules - IN_A_ROUND if name.startswith(("app.", "hardware.", "screens.")))
    return {name for name in ours if name.rpartition(".")[2] in SUBJECTS and not name.startswith(aside)}


def test_the_first_screen_loads_nothing_that_comes_behind_signing_in() -> None:
    loaded = modules_after("import screens.run, screens.terminal, sys; print(*sys.modules)")
    behind = {f"screens.{page}" for page in ("home", "round", "stop", "stops", "summary", "code_read", "alarm")}
    behind |= {"hardware.ble", "hardware.feel", "hardware.lights", "hardware.side_keys", "ctypes"}
    assert (loaded & behind, subjects_of(loaded)) == (set(), set())


def test_in_the_middle_of_a_round_only_what_a_round_needs_is_loaded(tmp_path: Path) -> None:
    loaded = modules_after(WALK, str(tmp_path / "book"))
    assert "screens.stop" in loaded
    assert subjects_of(loaded) == set()


def test_every_subject_that_may_not_be_loaded_is_there() -> None:
    rooms = (path for room in ("app", "hardware", "screens") for path in (ROOT / room).rglob("*.py"))
    assert SUBJECTS - {path.stem for path in rooms} == set()


def test_nothing_on_the_handheld_imports_the_office() -> None:
    code = "import screens.run, screens.cli, screens.commands, screens.demo, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    loaded = done.stdout.split()
    assert not [name for name in loaded if name.startswith("sync.office")]


WITHOUT_THE_EXTRA = """
import importlib, pathlib, pkgutil, sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BANNED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
import app, hardware, screens, sync
for room in (app, hardware, screens, sync):
    for found in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        if not found.name.startswith(("sync.office", "screens.__main__")):
            importlib.import_module(found.name)

from app.errors import OfficeAway
from app.logbook.book import Draft, Logbook
from app.logbook.verify import check_folder
from hardware.clock import SystemClock
from sync.client import Client

folder = pathlib.Path(sys.argv[1])
logbook = Logbook.open(folder, SystemClock())
logbook.append_rotating(Draft("shift.opened", {"crew": []}))
logbook.sign_head()
try:
    nobody = "http://127.0.0.1:9"
    Client(nobody, book=logbook.book, identity=logbook.identity, server_key=None, clock=SystemClock()).mark()
except OfficeAway:
    print("signed and sent")
logbook.close()
assert check_folder(folder).whole
"""
"""All a handheld does with keys, every module of it imported, where BANNED is not installed."""


def of_a_handheld() -> set[str]:
    """Distributions that come with the wheel alone, on this machine."""
    found: set[str] = set()
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    while wanted:
        needed = Requirement(wanted.pop())
        name = canonicalize_name(needed.name)
        if name in found or not (needed.marker is None or needed.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        wanted += metadata.requires(name) or []
    return found


def test_a_handheld_without_the_office_extra_has_all_it_needs(tmp_path: Path) -> None:
    here = of_a_handheld() | {"watchbook"}
    owners = metadata.packages_distributions().items()
    banned = {module for module, names in owners if not here & set(map(canonicalize_name, names))}
    assert {"cryptography", "http_message_signatures", "litestar", "sqlalchemy", "yaml"} <= banned
    code = f"BANNED = {banned!r}\n{WITHOUT_THE_EXTRA}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "signed and sent\n"), done.stderr


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


@pytest.mark.proof
def test_the_wheel_holds_the_rooms_and_the_example_and_no_tests(tmp_path: Path) -> None:
    import zipfile

    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, timeout=120)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert "app/examples/cuihu-garden.json" in names
    assert "sync/office/cli.py" in names
    assert any(name.startswith("sync/office/templates/") for name in names)
    assert {"sync/office/fonts/watchbook-sc.otf", "sync/office/fonts/OFL.txt"} <= set(names)
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "app",
        "hardware",
        "screens",
        "sync",
    }


def test_what_the_papers_name_is_there() -> None:
    """Every file that a table names as the place or the proof of something, and every clause of the domain."""
    docs = ROOT / "docs"
    for paper in (docs / "architecture.md", docs / "domain-coverage.md", docs / "operations.md", ROOT / "README.md"):
        text = paper.read_text(encoding="utf-8")
        files = re.findall(r"`((?:tests|screens|app|sync|hardware|examples)/[\w/.-]+)`", text)
        links = re.findall(r"\]\(([\w./-]+\.(?:md|png))\)", text)
        missing = [name for name in files if not (ROOT / name).exists()]
        missing += [name for name in links if not (paper.parent / name).exists()]
        rooms = re.findall(r"^\| `([\w/]+)` \| (.*) \|$", text, re.MULTILINE)
        inside = ((ROOT / room, re.findall(r"`(\w+\.py)`", row)) for room, row in rooms)
        missing += [name for room, names in inside for name in names if not any(room.rglob(name))]
        assert missing == [], paper.name
    clauses = {int(n) for n in re.findall(r"^- D(\d+)", (docs / "domain.md").read_text(encoding="utf-8"), re.MULTILINE)}
    named = (docs / "domain-coverage.md").read_text(encoding="utf-8")
    assert clauses == {int(n) for n in re.findall(r"\bD(\d+)", named)}


def test_any_exception_is_taken_only_where_the_papers_say() -> None:
    """One that is raised again is not taken. The last resorts of screen and server are called, and ask for none."""
    found = set()
    for file in (file for room in ("app", "hardware", "sync", "screens") for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (node.type is None or _BROAD & {ast.unparse(node.type)}):
                raised = isinstance(node.body[-1], ast.Raise)
                found |= set() if raised else {file.relative_to(ROOT).as_posix()}
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    said = text.partition("**Any exception is taken only where")[2].partition("\n- ")[0]
    assert found | {"screens/terminal.py", "sync/office/server.py"} == set(re.findall(r"`(\S+\.py)`", said))


def test_a_proxy_leads_to_the_port_at_which_the_office_serves() -> None:
    from sync.office.settings import HOST, PORT

    papers = [ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(paper.read_text(encoding="utf-8") for paper in papers)
    assert set(re.findall(r"\b(?:proxy_pass|reverse_proxy) (?:http://)?([\w.:]+)", text)) == {f"{HOST}:{PORT}"}


@pytest.mark.parametrize(("program", "paper"), [("watchbook", "screens.cli"), ("watchbook-office", "sync.office.cli")])
def test_every_command_stands_in_the_contract_and_both_read_me(program: str, paper: str) -> None:
    group = import_module(paper).cli
    commands = set(group.list_commands(click.Context(group)))
    for file in ("docs/contract.md", "README.md", "README.zh-CN.md"):
        text = (ROOT / file).read_text(encoding="utf-8")
        section = text if file != "docs/contract.md" else text.partition(f"## `{program}` ")[2].partition("\n## ")[0]
        rows = " ".join(line for line in section.splitlines() if line.startswith("| `"))
        assert {each for each in commands if not re.search(rf"`(?:{program} )?{each}[ `]", rows)} == set(), file
