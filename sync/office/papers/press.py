"""Makes the file of a paper in a process of its own, so that a large one keeps nobody waiting and can be ended.

`python -m sync.office.papers.press FORMAT` reads the paper as JSON and answers with the file.
"""

import asyncio
import resource
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from app.errors import NotAllowed
from sync.office.papers.paper import Paper, TooLarge, harmless

MEDIA: Final = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
"""The formats, and what a browser is told of each."""
TIME_S: Final = 60.0
AT_ONCE: Final = 2
WAITING: Final = 8
"""Papers that wait for their turn; one more is refused."""
MEMORY: Final = 1536 * 1024 * 1024
"""Bytes of address space of one process."""


class PaperRefused(NotAllowed):
    """Whoever asked for the paper: it cannot be had, or not so."""


def file_of(paper: Paper, form: str) -> bytes:
    """The file. Raises TooLarge."""
    return _WRITERS[form](harmless(paper))


def _pdf(paper: Paper) -> bytes:
    from sync.office.papers.pdf import pdf

    return pdf(paper)


def _docx(paper: Paper) -> bytes:
    from sync.office.papers.docx import docx

    return docx(paper)


def _xlsx(paper: Paper) -> bytes:
    from sync.office.papers.grid import xlsx

    return xlsx(paper)


def _csv(paper: Paper) -> bytes:
    from sync.office.papers.grid import csv_of

    return csv_of(paper)


_WRITERS: Final[dict[str, Callable[[Paper], bytes]]] = {"pdf": _pdf, "docx": _docx, "xlsx": _xlsx, "csv": _csv}


class Press:
    """One office's: AT_ONCE papers at a time."""

    def __init__(self, time_s: float = TIME_S) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._wanted = 0
        self._time_s = time_s

    async def file(self, paper: Paper, form: str) -> bytes:
        """The file. Raises PaperRefused when it is too large, takes too long, or too many wait."""
        if self._wanted >= AT_ONCE + WAITING:
            raise PaperRefused("papers.busy")
        self._wanted += 1
        try:
            async with self._free:
                return await self._made(paper, form)
        finally:
            self._wanted -= 1

    async def _made(self, paper: Paper, form: str) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sync.office.papers.press",
            form,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            given = msgspec.json.encode(paper)
            made, said = await asyncio.wait_for(process.communicate(given), self._time_s)
        except TimeoutError as e:
            raise PaperRefused("papers.too_long", seconds=round(self._time_s)) from e
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == TOO_LARGE:
            raise PaperRefused("papers.too_large")
        if process.returncode:
            raise PressBroken(said.decode("utf-8", "replace")[-400:])
        return made


class PressBroken(Exception):
    """The press ended without a paper: a fault of ours."""


TOO_LARGE: Final = 3


def main(form: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        made = file_of(msgspec.json.decode(sys.stdin.buffer.read(), type=Paper), form)
    except TooLarge:
        return TOO_LARGE
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
