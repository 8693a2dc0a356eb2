"""Several processes that serve one socket, for a database that takes several writers.

The first of them folds; any of them takes records and shows pages. One that ends by itself is started again.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

AGAIN_S: Final = 1.0
"""Before one that ended is started again."""
ENDS: Final = (signal.SIGTERM, signal.SIGINT)


def share(count: int, serve: Callable[[int], None]) -> None:
    """Run `serve(number)` in `count` processes until SIGTERM or SIGINT, then let all of them end.

    Call it before there is any thread.
    """
    running: dict[int, int] = {}
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in list(running):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def start(number: int) -> None:
        """Unless it is to stop. A signal that comes meanwhile is heard when the new one can be told of it."""
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
        try:
            if not stopping:
                running[_start(number, serve)] = number
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)

    for each in ENDS:
        signal.signal(each, stop)
    for number in range(count):
        start(number)
    while running:
        pid, _status = os.wait()
        if pid not in running:  # the first process of a container is given the children of others
            continue
        number = running.pop(pid)
        if not stopping:
            time.sleep(AGAIN_S)
        start(number)


def _start(number: int, serve: Callable[[int], None]) -> int:
    """Its process. Called with ENDS blocked."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for each in ENDS:
            signal.signal(each, signal.SIG_DFL)  # until it serves there is nothing to end gracefully
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        serve(number)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)
