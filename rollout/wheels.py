"""The wheels of a release: our own, and what it needs of requirements.lock on a handheld, by hash.

Which those are is read from the wheels themselves (Requires-Dist), a layer at a time, for the machine they are for:
this one may be of another architecture. What the extra `office` brings stays away.
"""

import os
import re
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
_GLIBC = 36
"""Debian 12 has glibc 2.36; a wheel for an older one runs there too."""
_OLDEST = 17
_EPOCH = "1577836800"
"""2020-01-01: the time that every file in our own wheel carries."""


class WheelsMissing(Exception):
    """Whoever builds: a package cannot be had, or is not in the lock."""


def build_ours(folder: Path) -> Path:
    """Build our own wheel into `folder`; the same sources give the same bytes. Raises WheelsMissing."""
    _run(["-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], {"SOURCE_DATE_EPOCH": _EPOCH})
    [wheel] = folder.glob("watchbook-*.whl")
    return wheel


def fetch(ours: Path, arch: str, python: str, lock: Path = LOCK) -> None:
    """Put every wheel that `ours` needs on a handheld beside it. Raises WheelsMissing.

    pip fetches them from wherever it is told to, and takes what has a hash of the lock.
    """
    locked = _locked(lock)
    have, todo = {"watchbook": ours}, _needs(ours, frozenset(), arch, python)
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        missing = {name for name, _ in todo} - have.keys()
        if unknown := sorted(missing - locked.keys()):
            raise WheelsMissing(f"not in {lock.name}: {', '.join(unknown)}")
        if missing:
            _download(ours.parent, [locked[name] for name in sorted(missing)], arch, python)
            have = {_name(path): path for path in ours.parent.glob("*.whl")}
        if lacking := sorted(missing - have.keys()):
            raise WheelsMissing(f"pip brought no wheel of {', '.join(lacking)}")
        seen |= todo
        todo = {found for name, extras in todo for found in _needs(have[name], extras, arch, python)} - seen


def _needs(wheel: Path, extras: frozenset[str], arch: str, python: str) -> set[tuple[str, frozenset[str]]]:
    """What this wheel requires on such a handheld: names with the extras that are asked of each."""
    with ZipFile(wheel) as file:
        [name] = [name for name in file.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        metadata = HeaderParser().parsestr(file.read(name).decode())
    wanted = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    there = [_machine(arch, python) | {"extra": extra} for extra in ("", *extras)]
    return {
        (canonicalize_name(found.name), frozenset(found.extras))
        for found in wanted
        if found.marker is None or any(found.marker.evaluate(machine) for machine in there)
    }


def _machine(arch: str, python: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": arch,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.2",
        "python_version": python,
        "sys_platform": "linux",
    }


def _locked(lock: Path) -> dict[str, str]:
    """Each package of the lock as pip wants it: with all its hashes, without its marker, which was judged here."""
    blocks = re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)[^\n]*\n((?:    --hash=[^\n]*\n)+)", lock.read_text("utf-8"), re.MULTILINE
    )
    return {canonicalize_name(name): f"{name}=={version} \\\n{hashes}" for name, version, hashes in blocks}


def _download(folder: Path, wanted: list[str], arch: str, python: str) -> None:
    listed = folder / "wanted.txt"
    listed.write_text("".join(wanted), encoding="utf-8")
    platforms = [f"manylinux_2_{minor}_{arch}" for minor in range(_GLIBC, _OLDEST - 1, -1)] + [f"manylinux2014_{arch}"]
    try:
        _run(
            [
                *(
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "--only-binary",
                    ":all:",
                ),
                *("--require-hashes", "--python-version", python, "--implementation", "cp"),
                *(part for platform in platforms for part in ("--platform", platform)),
                *("--dest", str(folder), "-r", str(listed)),
            ],
            {},
        )
    finally:
        listed.unlink()


def _name(wheel: Path) -> str:
    return parse_wheel_filename(wheel.name)[0]


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 our own Python, on our own arguments
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        raise WheelsMissing(f"{' '.join(arguments[1:3])}: {done.stderr.strip() or done.stdout.strip()}")
