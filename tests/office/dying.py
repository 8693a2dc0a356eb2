"""`watchbook-office`, killed before its n-th statement, or with 0 before its first commit of more than a few:
`python -m tests.office.dying N ARGUMENTS…`.
"""

import os
import signal
import sys
from itertools import count
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from sync.office.cli import main

_statements = count(1)


def _die_at(last: int) -> None:
    def statement(*_: Any) -> None:
        if next(_statements) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def commit(*_: Any) -> None:
        if not last and next(_statements) > 20:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)


if __name__ == "__main__":
    _die_at(int(sys.argv[1]))
    main(sys.argv[2:])
