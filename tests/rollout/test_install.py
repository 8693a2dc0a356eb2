"""install.sh in a bare tree: what it puts where, what it refuses, and that the old release runs on whatever happens."""

import os
import platform
from itertools import count
from pathlib import Path

import pytest

from tests.rollout import making
from tests.rollout.making import STRANGER
from tests.rollout.tree import Tree

HERE = platform.machine()
OTHER = "aarch64" if HERE == "x86_64" else "x86_64"
RELEASE = making.release("1.0", arch=HERE)
MIDDLE = len(RELEASE) // 2
NOT_A_RELEASE = {
    "stranger": (making.release("1.0", arch=HERE, key=STRANGER), "not signed"),
    "other machine": (making.release("1.0", arch=OTHER), f"is for {OTHER}"),
    "half a list": (RELEASE[:700], "not all of it"),
    "no signature": (RELEASE[: RELEASE.index(b"release.sig") + 512], "not all of it"),
    "half a file": (RELEASE[:MIDDLE], "not all of it"),
    "without its end": (RELEASE[:-3000], "not all of it"),
    "damaged": (RELEASE[:MIDDLE] + bytes(8) + RELEASE[MIDDLE + 8 :], "damaged"),
    "another version": (RELEASE.replace(b'"1.0"', b'"2.0"', 1), "not signed"),
    "text": (b"hello" * 1000, "not a release"),
    "nothing": (b"", "not a release"),
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("bare"))


@pytest.mark.parametrize("name", NOT_A_RELEASE)
def test_what_is_no_release_for_this_machine_touches_nothing(bare: Tree, name: str) -> None:
    data, why = NOT_A_RELEASE[name]
    done = bare.install(bare.bring("release.tar", data))
    assert (done.returncode, done.stdout) == (1, "")
    chinese, english = done.stderr.rstrip("\n").split(" / ")
    assert why in english
    assert any(ch >= "一" for ch in chinese)
    assert not bare.prefix.exists()
    assert not (bare.root / "etc").exists()


def test_a_release_says_what_debian_lacks(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    (tree.path / "openssl").unlink()
    assert "apt-get install" in tree.install(tree.bring("release.tar", RELEASE)).stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A tree with a release in it, installed without any network."""
    tree = Tree(tmp_path_factory.mktemp("installed"), "300m")
    done = tree.install(tree.bring("release.tar", RELEASE), alone=True)
    assert done.returncode == 0, done.stderr
    assert tree.running == "1.0"
    return tree


@pytest.mark.proof
def test_an_installation_is_whole_compiled_and_can_be_repeated(installed: Tree) -> None:
    root, prefix = installed.root, installed.prefix
    [library] = (prefix / "releases" / "1.0").glob("lib/python3.*/site-packages")
    assert [*library.glob("__pycache__/tiny_watchbook.*.pyc")]
    assert (root / "etc/systemd/system/multi-user.target.wants/watchbook.service").resolve().is_file()
    assert os.readlink(root / "etc/systemd/system/ctrl-alt-del.target") == "/dev/null"
    assert not [*(root / "var" / "tmp").iterdir()]

    (root / "etc/watchbook/screen.ini").write_text("font=ours\n")
    before = tree_of(root)
    done = installed.install(installed.bring("release.tar", RELEASE))
    assert (done.returncode, tree_of(root)) == (0, before), done.stderr
    assert (root / "etc/watchbook/screen.ini").read_text() == "font=ours\n"

    other_build = making.release("1.0", arch=HERE, ballast=b"other")
    assert "another build of 1.0" in installed.install(installed.bring("release.tar", other_build)).stderr
    theirs = making.release("5.0", arch=HERE, key=STRANGER)
    installed.bring("publisher.pem", b"a key that came with the stick is not asked\n")
    assert "not signed" in installed.install(installed.bring("release.tar", theirs)).stderr
    assert (tree_of(root), installed.running) == (before, "1.0")


def tree_of(root: Path) -> dict[str, str]:
    """What stands where, and the content of what is small."""
    return {
        str(path.relative_to(root)): os.readlink(path)
        if path.is_symlink()
        else str(path.is_file() and path.stat().st_size)
        for path in root.rglob("*")
    }


@pytest.fixture(scope="module")
def venv(installed: Tree) -> Path:
    return installed.venv


STEPS = ("python3.11 -I -m venv*", "mv *whole", "ln -s releases/*", "mv *trial", "mv *current")
"""In front of what would be durable next."""


@pytest.mark.proof
def test_killed_again_and_again_the_old_release_runs_on(installed: Tree, venv: Path) -> None:
    old = installed.running
    release = installed.bring("next.tar", making.release("2.0", arch=HERE))
    for step in STEPS:
        done = installed.killed(
            f'case "$call" in {step.replace(" ", chr(92) + " ")}) ;; *) false ;; esac', release, venv
        )
        assert (done.returncode, installed.running) == (-9, old), f"{step}: {done.stderr}"
    assert installed.killed("false", release, venv).returncode == 0
    assert os.readlink(installed.prefix / "previous") == f"releases/{old}"
    assert os.readlink(installed.prefix / "current") == "releases/2.0"
    assert (installed.prefix / "trial").read_text() == "2.0 0\n"


@pytest.mark.proof
def test_a_full_disk_is_one_sentence_and_the_old_release_runs_on(tmp_path: Path, venv: Path) -> None:
    """Said before anything is written, and where that could not be seen, in the middle of it."""
    tree = Tree(tmp_path, "110m")
    assert tree.killed("false", tree.bring("old.tar", RELEASE), venv).returncode == 0
    releases = {
        "plain": making.release("2.0", arch=HERE),
        "big": making.release("3.0", arch=HERE, ballast=bytes(100 << 20)),
    }
    for name, room in (("plain", "60m"), ("big", "110m")):
        tree.resize(room)
        done = tree.killed("false", tree.bring(f"{name}.tar", releases[name]), venv)
        assert (done.returncode, "the storage is full" in done.stderr) == (1, True), done.stderr
        assert tree.running == "1.0"
        assert [path.name for path in (tree.prefix / "releases").iterdir()] == ["1.0"]


@pytest.mark.torture
@pytest.mark.parametrize("again", [False, True], ids=["first", "update"])
def test_killed_in_front_of_any_program_it_runs(tmp_path: Path, venv: Path, again: bool) -> None:
    """Before whichever program it starts: the old release runs, or the new one, and a second try ends it."""
    tree = Tree(tmp_path, "300m")
    old, new = tree.bring("old.tar", RELEASE), tree.bring("new.tar", making.release("2.0", arch=HERE))
    before = "1.0" if again else ""
    for call in count(1):
        if again:
            assert tree.killed("false", old, venv).returncode == 0
        ended = tree.killed(f'[ "$count" = {call} ]', new, venv).returncode
        calls, running = len(tree.calls.read_text().splitlines()), tree.running
        assert running in ({"2.0"} if ended == 0 else {before, "2.0"}), call
        if ended == 0 and calls < call:
            break
        if ended != 0:  # else two programs of a pipe were counted at once, and none had this number
            assert ended == -9
            assert tree.killed("false", new, venv).returncode == 0
            assert tree.running == "2.0", call
        tree.wipe()
    assert call > 40
