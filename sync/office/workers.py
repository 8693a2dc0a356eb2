"""Several processes that serve one socket, for a database that takes several writers.

The first of them folds; any of them takes records and shows pages. One that ends by itself is started again.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

AGAIN_S: Final = 1.0
"""Before one that ended is started again."""


def share(count: int, serve: Callable[[int], None]) -> None:
    """Run `serve(number)` in `count` processes until SIGTERM or SIGINT, then let all of them end.

    Call it before there is any thread.
    """
    running: dict[int, int] = {}
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in running:
            os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for number in range(count):
        running[_start(number, serve)] = number
    while running:
        pid, _status = os.wait()
        number = running.pop(pid)
        if not stopping:
            time.sleep(AGAIN_S)
        if not stopping:
            running[_start(number, serve)] = number


def _start(number: int, serve: Callable[[int], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        serve(number)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)
