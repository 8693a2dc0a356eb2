"""A handheld's folders in a bare tree, and releases so small that a test may lay many: each is a shell script."""

import os
import subprocess
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rollout import bundle
from sync.installing import Place
from tests.rollout.making import PUBLISHER

LAUNCH: Final = Path(__file__).parent.parent.parent / "rollout" / "launch"
OLD, NEW = "0.2.0", "0.3.0"
WELL: Final = '[ ! -e "$root/trial" ] || mv "$root/trial" "$root/proving"'
"""What a program does whose first screen stands."""
FAILS_LATER: Final = f"{WELL}\n    exit 1"
CRASHES: Final = "exit 1"
HANGS: Final = "exec sleep 30"
PROGRAM: Final = """#!/bin/sh
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd -P)
case ${{1:-}} in
--version) echo "watchbook, version {version}" ;;
verify) echo '{verify}' ;;
doctor) echo '{doctor}' ;;
*)
    echo "{version} $*" >>"$root/ran"
    {runs}
    ;;
esac
"""
WHOLE, BROKEN = '{"books":[{"broken":null}]}', '{"books":[{"broken":{"seq":3}}]}'
BOOK_WELL, BOOK_ILL = (f'{{"parts":[{{"part":"book","state":"{state}"}}]}}' for state in ("ok", "todo"))
LAYS: Final = b"""set -eu
[ "$1" = --beside ]
here=$(dirname "$0")
to=$2/releases/$(cat "$here/version")
mkdir -p "$to/bin"
cp "$here/program" "$to/bin/watchbook"
chmod +x "$to/bin/watchbook"
sha256sum <"$here/release.json" >"$to/whole"
"""
"""Stands in for rollout/install.sh, which has tests of its own."""


def program(version: str, runs: str = WELL, verify: str = WHOLE, doctor: str = BOOK_WELL) -> bytes:
    return PROGRAM.format(version=version, runs=runs, verify=verify, doctor=doctor).encode()


def packed(
    version: str = NEW,
    script: bytes | None = None,
    key: Ed25519PrivateKey = PUBLISHER,
    arch: str | None = None,
    lays: bytes = LAYS,
    ballast: bytes = b"",
) -> bytes:
    """A signed release whose program is `script`."""
    files = {"install.sh": lays, "program": script or program(version), "version": version.encode(), "z": ballast}
    return bundle.pack(files, arch or os.uname().machine, key, version=version)


def planted(folder: Path, runs: str = WELL, **said: str) -> Place:
    """A handheld's tree in which release OLD runs; its launch is the real one."""
    root = folder / "opt" / "watchbook"
    lay(root, OLD, program(OLD, runs, **said))
    (root / "incoming").mkdir()
    (root / "current").symlink_to(f"releases/{OLD}")
    (root / "launch").write_bytes(LAUNCH.read_bytes())
    (root / "launch").chmod(0o755)
    etc = folder / "etc" / "watchbook"
    etc.mkdir(parents=True)
    (etc / "publisher.pem").write_bytes(
        PUBLISHER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return Place(root, OLD)


def lay(root: Path, version: str, script: bytes) -> None:
    """A release as if it had been installed."""
    path = root / "releases" / version / "bin" / "watchbook"
    path.parent.mkdir(parents=True)
    path.write_bytes(script)
    path.chmod(0o755)
    (root / "releases" / version / "whole").write_text("0" * 64)


def started(place: Place, *arguments: str, path: str = "/usr/bin:/bin", **env: str) -> int:
    """`launch` as the unit starts it, with next to nothing in its environment; its exit code."""
    return subprocess.run(
        [str(place.root / "launch"), *arguments],
        env={"PATH": path, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
        start_new_session=True,
    ).returncode


def ran(place: Place) -> list[str]:
    """Versions whose program was started, in their order."""
    log = place.root / "ran"
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def leads(place: Place, link: str = "current") -> str:
    """The version that a link leads to; its program is there."""
    found = (place.root / link).resolve(strict=True)
    assert (found / "bin" / "watchbook").is_file()
    return found.name
