"""Work beside the keys: what fails there, and nobody expected, goes to the terminal's last resort."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def begin(work: Coroutine[Any, Any, None], broken: Callable[[Exception], None]) -> asyncio.Task[None]:
    """Set it going. `broken` hears of what it raised, not of its being cancelled."""
    task = asyncio.create_task(work)

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            broken(error)

    task.add_done_callback(ended)
    return task
