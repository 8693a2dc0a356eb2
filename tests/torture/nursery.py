"""A Python that has read all the program's modules and forks itself for each run: `python -m tests.torture.nursery`.

Starting the interpreter takes ten times as long as what the tortures ask of it. From its first own statement on
a run is the real program: same arguments, same standard streams, its own process.
"""

import ctypes
import os
import runpy
import sys
import traceback
from typing import Final

import nacl.signing  # noqa: F401  # read in advance, as the two below
from msgspec import Struct, json

import screens.commands  # noqa: F401
import tests.torture.program  # noqa: F401

PR_SET_PTRACER: Final = 0x59616D61
PR_SET_PTRACER_ANY: Final = ctypes.c_ulong(-1)
"""linux/prctl.h: where only ancestors may trace, strace may too."""


class Wanted(Struct, frozen=True):
    """A run. The child waits for a second line before it begins."""

    module: str
    arguments: list[str]
    stdin: str
    stdout: str
    stderr: str


def born(wanted: Wanted, go: int) -> int:
    """The life of a child; its exit code."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
    for fd, path, flags in (
        (0, wanted.stdin, os.O_RDONLY),
        (1, wanted.stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, wanted.stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(path, flags, 0o600), fd)
    os.read(go, 1)
    sys.stdin = os.fdopen(0)
    sys.argv = [wanted.module, *wanted.arguments]
    try:
        runpy.run_module(wanted.module, run_name="__main__", alter_sys=True)
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else bool(e.code)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """For each line a child: answers its process id, lets it go at the next line, answers how it ended."""
    requests, answers = sys.stdin.buffer, os.dup(1)
    while line := requests.readline():
        wanted = json.decode(line, type=Wanted)
        waits, go = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(go)
            code = 70
            try:
                code = born(wanted, waits)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        os.close(waits)
        os.write(answers, b"%d\n" % child)
        requests.readline()
        os.close(go)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
