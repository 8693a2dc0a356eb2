"""A bare tree to install into: a PATH of named programs only, no network, no environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rollout import bundle, publisher
from tests.needs import needs, needs_root
from tests.rollout.making import PUBLISHER

PROGRAMS = (
    *(
        "basename",
        "cat",
        "chmod",
        "cp",
        "cut",
        "df",
        "dirname",
        "find",
        "flock",
        "head",
        "id",
        "ln",
        "mkdir",
        "mktemp",
        "mv",
    ),
    *("openssl", "readlink", "rm", "setpriv", "sh", "sha256sum", "sync", "tail", "tar", "uname"),
)
"""What install.sh may lean on, beside Python: all of it is in Debian's base, but for openssl."""


class Tree:
    """`root` is where things are installed, `stick` what was brought: install.sh, publisher.pem and releases."""

    def __init__(self, folder: Path, size: str = "") -> None:
        """`size` makes the root a disk of its own, in memory: `110m`."""
        self.root, self.stick, self.path = folder / "root", folder / "stick", folder / "path"
        self.prefix = self.root / "opt" / "watchbook"
        self.calls = folder / "calls"
        """Each program that install.sh has started, a line each: see `killed`."""
        self.venv = folder / "venv"
        """A copy of the first venv that was made here."""
        self.root.mkdir()
        if size:
            needs_root("a disk of its own is a mount")
            subprocess.run([needs("mount"), "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.root], check=True)
        (self.root / "var" / "tmp").mkdir(parents=True)
        self.path.mkdir()
        for program in PROGRAMS:
            (self.path / program).symlink_to(needs(program))
        python = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]  # without the venv we run in
        for name in ("python3", "python3.11"):
            kept = f'[ "$2 $3" != "-m venv" ] || [ -e {self.venv} ] || {needs("cp")} -a "$4" {self.venv}'
            _program(self.path / name, f'{python} "$@" || exit\n{kept}')
        self.bring("publisher.pem", publisher.public_pem(PUBLISHER))
        self.bring("install.sh", bundle.frame()["install.sh"])

    def bring(self, name: str, data: bytes) -> Path:
        """A file that is on the stick."""
        return bundle.keep(self.stick, name, data)

    def install(
        self, release: Path, *, alone: bool = False, path: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run install.sh as it is run by hand; `alone` without any network, not even loopback."""
        cut_off = [needs("unshare"), "-n"] if alone else []
        return subprocess.run(
            [*cut_off, self.path / "sh", self.stick / "install.sh", release, "--root", self.root],
            env={"PATH": str(path or self.path)},
            capture_output=True,
            text=True,
            timeout=240,
            start_new_session=True,
        )

    def killed(self, when: str, release: Path, venv: Path) -> subprocess.CompletedProcess[str]:
        """Install, and kill -9 all of it in front of the program for which `when` holds.

        That is a test in sh on `$call`, the program with its arguments, and `$count`, from 1. A new venv is a copy
        of `venv`: to make it anew takes seconds, which hundreds of kills do not have.
        """
        watched = self.path.with_name("watched")
        watched.mkdir(exist_ok=True)
        self.calls.write_text("")
        for real in self.path.iterdir():
            copied = f'[ "$2 $3" != "-m venv" ] || exec {needs("cp")} -a {venv} "$4"'
            last = copied if real.name.startswith("python") else ""
            script = _WATCHED.format(calls=self.calls, name=real.name, when=when, last=last, real=real)
            _program(watched / real.name, script)
        return self.install(release, path=watched)

    def wipe(self) -> None:
        """As before anything was installed."""
        for path in self.root.iterdir():
            shutil.rmtree(path)
        (self.root / "var" / "tmp").mkdir(parents=True)

    def resize(self, size: str) -> None:
        subprocess.run([needs("mount"), "-o", f"remount,size={size}", self.root], check=True)

    @property
    def running(self) -> str:
        """The version that is started from now on, as the program itself says it; "" when there is none."""
        if not any((self.prefix / link).exists() for link in ("current", "previous")):
            return ""
        started = subprocess.run(
            [needs("sh"), self.prefix / "launch", "keys"],
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert started.returncode == 0, started.stderr
        return started.stdout.split()[1]


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!{needs('sh')}\n{script}\n")
    path.chmod(0o755)


_WATCHED = """
call="{name} $*" count=1
while read -r _; do count=$((count + 1)); done <{calls}
printf '%s\\n' "$call" >>{calls}
if {when}; then kill -9 0; fi
{last}
exec {real} "$@"
"""
