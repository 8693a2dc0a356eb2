"""The real program under strace: which calls it makes to its data folder, and what happens when one of them fails.

The calls are not listed here by hand: a run is watched once, then run again once per call.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct, json

from tests.needs import needs
from tests.torture.nursery import Wanted

ROOT: Final = Path(__file__).parents[2]
CALLS: Final = (
    "openat,write,pwrite64,fsync,fdatasync,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,flock"
)
LOOKS: Final = frozenset({"openat", "flock"})
CHANGES: Final = frozenset(CALLS.split(",")) - LOOKS
"""Calls that change the disk. Of the others, only those that open a file may make one."""
_CALL: Final = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")


class Call(Struct, frozen=True):
    """The n-th call of that name in a run."""

    name: str
    n: int

    def __str__(self) -> str:
        return f"{self.name}#{self.n}"


class Run(Struct, frozen=True):
    code: int
    out: bytes
    err: bytes
    log: str

    @property
    def killed(self) -> bool:
        return "+++ killed by SIGKILL +++" in self.log


@cache
def nursery() -> subprocess.Popen[bytes]:
    """Ends with us: it reads from a pipe."""
    env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-m", "tests.torture.nursery"], cwd=ROOT, env=env, stdin=pipe, stdout=pipe)


def _say(line: bytes) -> None:
    stdin = nursery().stdin
    assert stdin is not None
    stdin.write(line + b"\n")
    stdin.flush()


def _answer() -> int:
    stdout = nursery().stdout
    assert stdout is not None
    return int(stdout.readline())


def run(module: str, arguments: list[str], log: Path, stdin: bytes = b"", inject: str = "", calls: str = CALLS) -> Run:
    """`python -m module arguments` under strace, with a fault: `fdatasync:error=EIO:when=2`."""
    strace = needs("strace")
    asked, out, err = (log.with_suffix(suffix) for suffix in (".in", ".out", ".err"))
    asked.write_bytes(stdin)
    _say(json.encode(Wanted(module, arguments, str(asked), str(out), str(err))))
    traced = [strace, "-f", "-y", "-e", f"trace={calls}", "-o", str(log), "-p", str(_answer())]
    with subprocess.Popen([*traced, *(("-e", f"inject={inject}") if inject else ())], stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr is not None
        attached = tracer.stderr.readline()
        _say(b"")
        code = _answer()
        tracer.communicate(timeout=60)
    assert b"attached" in attached, attached
    return Run(code, out.read_bytes(), err.read_bytes(), log.read_text(errors="replace"))


def calls_to(folder: Path, found: Run) -> list[Call]:
    """Every call of a run that names the data folder or what is in it, and could change something there, in order."""
    counts: dict[str, int] = {}
    calls = []
    for line in found.log.splitlines():
        match = _CALL.match(line)
        if match is None:
            continue
        name, rest = match.groups()
        counts[name] = counts.get(name, 0) + 1
        if _could_change(folder, name, rest):
            calls.append(Call(name, counts[name]))
    return calls


def _could_change(folder: Path, name: str, rest: str) -> bool:
    return str(folder) in rest and (name in CHANGES or "O_CREAT" in rest or "LOCK_" in rest)


def was_failed(folder: Path, found: Run) -> bool:
    """Whether the fault met such a call."""
    met = (_CALL.match(line) for line in found.log.splitlines() if "(INJECTED" in line)
    return any(match is not None and _could_change(folder, *match.groups()) for match in met)


def settled_calls(folder: Path, play: Callable[[], Run]) -> list[Call]:
    """The calls of a run, once two runs have made the same: the first may still compile what it imports."""
    before: list[Call] = []
    for _ in range(6):
        found = play()
        assert found.code == 0, found.err.decode()
        calls = calls_to(folder, found)
        if calls == before:
            return calls
        before = calls
    raise AssertionError("the program does something else each time")


def kill_at(call: Call) -> str:
    return f"{call.name}:signal=KILL:when={call.n}"


def fail_at(call: Call, error: str) -> str:
    return f"{call.name}:error={error}:when={call.n}"


def was_killed(found: Run) -> bool:
    return found.killed and found.code in (-signal.SIGKILL, 128 + signal.SIGKILL)
