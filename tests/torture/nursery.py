"""A Python that has read all the program's modules and forks itself for each run: `python -m tests.torture.nursery`.

Starting the interpreter takes ten times as long as what the tortures ask of it. From its first own statement on
a run is the real program: same arguments, same standard streams, its own process.
"""

import ctypes
import os
import runpy
import select
import sys
import traceback
from importlib import import_module
from typing import Final

from msgspec import Struct, json

IN_ADVANCE: Final = (
    "encodings.ascii", "nacl.signing", "app.booklog", "app.logbook.straight", "app.logbook.verify", "app.pages",
    "app.words.book", "app.words.usage", "screens.cli", "screens.commands", "tests.torture.program",
)  # fmt: skip
"""What runs read: what is loaded here is not loaded, nor watched being loaded, once per run."""
PR_SET_PTRACER: Final = 0x59616D61
PR_SET_PTRACER_ANY: Final = ctypes.c_ulong(-1)
"""linux/prctl.h: where only ancestors may trace, strace may too."""


class Wanted(Struct, frozen=True):
    """A run. The child waits for a second line before it begins: by then it is traced."""

    module: str
    arguments: list[str]
    stdin: str
    stdout: str
    stderr: str


def born(wanted: Wanted, ready: int, go: int) -> int:
    """The life of a child; its exit code.

    From `ready` closed until `go` closes it makes only calls that no torture counts: in which of them the tracer
    meets it is chance, and the same run has to be the same list of calls.
    """
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
    for fd, path, flags in (
        (0, wanted.stdin, os.O_RDONLY),
        (1, wanted.stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, wanted.stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(path, flags, 0o600), fd)
    os.close(ready)
    select.select([go], [], [])
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
    for name in IN_ADVANCE:
        import_module(name)
    requests, answers = sys.stdin.buffer, os.dup(1)
    while line := requests.readline():
        wanted = json.decode(line, type=Wanted)
        (is_ready, ready), (waits, go) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.close(go)
            code = 70
            try:
                code = born(wanted, ready, waits)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        os.close(waits)
        os.close(ready)
        os.read(is_ready, 1)
        os.close(is_ready)
        os.write(answers, b"%d\n" % child)
        requests.readline()
        os.close(go)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
