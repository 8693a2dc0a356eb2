"""A scanner behind a device file of its own: opened, read, lost and found again, never in the way of the event loop.

What kind of device it is, `Line` says; what its bytes mean, `Reading`. A key or a code is never logged.
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Final, Protocol

from app.errors import WatchbookError
from app.ports import Clock, Scan, ScannerState
from app.text import clean

AGAIN_S: Final = 1.0
"""A device that is not there, or not to be had, is tried so often."""
_READ: Final = 4096
ABSENT: Final = "scanner.absent"
GONE: Final = "scanner.gone"
"""It was there; that it is absent now need not be said as well."""
FAULTS: Final = {
    errno.ENOENT: ABSENT,
    errno.ENXIO: ABSENT,
    errno.ENODEV: ABSENT,
    errno.EBUSY: "scanner.busy",
    errno.EAGAIN: "scanner.busy",  # locked by another program
}
"""What opening answers, the same for every kind of device."""


class Unusable(WatchbookError):
    """The administrator: the device cannot be opened as it is. `key` is the fault."""


class Line(Protocol):
    """One kind of device."""

    @property
    def by(self) -> str:
        """How a scan names it: `serial`, `evdev`."""
        ...

    def open(self) -> int:
        """A file descriptor that does not block. Raises Unusable, OSError."""
        ...


class Reading(Protocol):
    """What bytes mean. Times are of time.monotonic."""

    @property
    def due(self) -> float | None:
        """When `expire` should be called if nothing comes."""
        ...

    def feed(self, data: bytes, t: float) -> list[str]: ...
    def expire(self, t: float) -> list[str]: ...


class LineScanner:
    """A Scanner (app.ports) on one device."""

    def __init__(self, line: Line, reading: Callable[[], Reading], clock: Clock, again_s: float = AGAIN_S) -> None:
        self._line = line
        self._reading = reading
        self._clock = clock
        self._again_s = again_s

    def check(self) -> str | None:
        """See Scanner. Says that it is busy while another program, or this one elsewhere, reads it."""
        try:
            os.close(self._line.open())
        except (Unusable, OSError) as e:
            return _state_of(e).fault
        return None

    async def listen(self) -> AsyncGenerator[Scan | ScannerState, None]:
        """See Scanner."""
        said: str | None = "nothing yet"
        while True:
            state = ScannerState()
            try:
                fd = await self._opened()
            except (Unusable, OSError) as e:
                state = _state_of(e)
            if state.fault != said and (said, state.fault) != (GONE, ABSENT):
                said = state.fault
                yield state
            if said is not None:
                await asyncio.sleep(self._again_s)
                continue
            try:
                async with aclosing(_texts(fd, self._reading())) as texts:  # it lets go of `fd` before that is closed
                    async for text in texts:
                        yield Scan(text, self._clock.now().up, by=self._line.by)
            except OSError as e:
                said = GONE
                yield ScannerState(GONE, clean(f"{type(e).__name__}: {e}", 200))
            finally:
                os.close(fd)

    async def _opened(self) -> int:
        """Opening may wait for a USB device that hangs; who no longer waits leaves nothing open."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._line.open))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)
            raise


def _close_late(opening: "asyncio.Future[int]") -> None:
    with suppress(Unusable, OSError, asyncio.CancelledError):  # cancelled: the program is ending
        os.close(opening.result())


def _state_of(error: Unusable | OSError) -> ScannerState:
    fault = error.key if isinstance(error, Unusable) else FAULTS.get(error.errno or 0, "scanner.failed")
    return ScannerState(fault, clean(f"{type(error).__name__}: {error}", 200))


async def _texts(fd: int, reading: Reading) -> AsyncGenerator[str, None]:
    """The codes that come in on `fd`. Raises OSError when it has gone."""
    came: asyncio.Queue[tuple[bytes, float]] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    # read where it is known to be ready: of a tty that has nothing, an empty read looks like one that is gone
    loop.add_reader(fd, lambda: came.put_nowait((_read(fd), time.monotonic())))
    try:
        while True:
            wait_s = None if reading.due is None else max(0.0, reading.due - time.monotonic()) + 0.001
            try:
                data, at = await asyncio.wait_for(came.get(), wait_s)
            except TimeoutError:
                texts = reading.expire(time.monotonic())
            else:
                if not data:
                    raise OSError(errno.ENODEV, "nothing more comes")
                texts = reading.feed(data, at)
            for text in texts:
                yield text
    finally:
        loop.remove_reader(fd)


def _read(fd: int) -> bytes:
    """What has come; nothing when the device is gone."""
    try:
        return os.read(fd, _READ)
    except OSError:
        return b""
