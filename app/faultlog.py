"""What went wrong with the program, for whoever mends it: when, where in the code, which kinds of faults.

Of what is logged only what stands in source code is kept: places and kinds, no word of a message. So no name, note or
code can come in, whoever logs it, and nothing has to be found and blackened later.
"""

import json
import logging
import re
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

NAME: Final = "faults.jsonl"
BEFORE: Final = "faults.jsonl.old"
BYTES: Final = 64 * 1024
MOST: Final = 200
"""Lines that are read."""
DEPTH: Final = 16
_CODE: Final = re.compile(r".*?/(?:site-packages|dist-packages|python3\.[0-9]{1,2})/((?:\w+/){0,6}\w+\.py)", re.ASCII)
_OURS: Final = re.compile(r".*/((?:app|hardware|screens|sync)/(?:\w+/){0,4}\w+\.py)", re.ASCII)
_PLACE: Final = re.compile(r"[a-z_]\w{0,40}(?:/\w{1,40}){0,6}\.py:[0-9]{1,6}(?: <?[A-Za-z_]\w{0,60}>?)?", re.ASCII)
_KIND: Final = re.compile(
    r"[A-Z]\w{0,60}(?:Error|Exception|Exit|Interrupt|Iteration|Warning|Away|Refused|Fault|Unsafe|Unknown|Broken|Torn)",
    re.ASCII,
)
_AT: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_LEVELS: Final = ("WARNING", "ERROR", "CRITICAL")


def keep(folder: Path, record: logging.LogRecord) -> None:
    """One line more. Raises OSError."""
    path = folder / NAME
    with suppress(FileNotFoundError):
        if path.stat().st_size > BYTES:
            path.replace(folder / BEFORE)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line_of(record)) + "\n")


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    fault = record.exc_info[1] if record.exc_info else None
    args = record.args if isinstance(record.args, tuple) else ()
    told = [arg for arg in args if isinstance(arg, str)]
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
        "level": record.levelname,
        "where": place(record.pathname, record.lineno, record.funcName),
        "faults": [*(arg for arg in told if _KIND.fullmatch(arg)), *_kinds(fault)],
        "places": [*_told_places(told), *_frames(fault.__traceback__ if fault else None)],
    }


def place(path: str, line: int, name: str | None) -> str:
    """A place in the code, without the folders that it was installed in; empty for what is no code of the program's."""
    found = _CODE.fullmatch(path) or _OURS.fullmatch(path)
    said = f"{found[1]}:{line} {name or ''}".rstrip() if found else ""
    return said if _PLACE.fullmatch(said) else ""


def _told_places(told: list[str]) -> Iterator[str]:
    """What the terminal's last resort logs: `FILE:LINE NAME < FILE:LINE NAME`."""
    for part in [part for arg in told for part in arg.split(" < ")][:DEPTH]:
        path, _, rest = part.rpartition(".py:")
        line, _, name = rest.partition(" ")
        if path and line.isdigit() and (said := place(f"{path}.py", int(line), name)):
            yield said


def _kinds(fault: BaseException | None) -> Iterator[str]:
    """The fault and what it came from, outermost first, without their words."""
    for _ in range(DEPTH):
        if fault is None:
            return
        if _KIND.fullmatch(type(fault).__name__):
            yield type(fault).__name__
        fault = fault.__cause__ or fault.__context__


def _frames(trace: TracebackType | None) -> Iterator[str]:
    for frame in reversed(traceback.extract_tb(trace)[-DEPTH:]):
        if said := place(frame.filename, frame.lineno or 0, frame.name):
            yield said


def last_faults(folder: Path) -> list[dict[str, Any]]:
    """The newest lines, oldest first; a line that this module does not write is left out."""
    lines: list[bytes] = []
    for name in (BEFORE, NAME):
        with suppress(OSError):
            lines += (folder / name).read_bytes().splitlines()
    return [said for line in lines[-MOST:] if (said := _read(line)) is not None]


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    at, level, where = said.get("at"), said.get("level"), said.get("where")
    if not (isinstance(at, str) and _AT.fullmatch(at) and level in _LEVELS):
        return None
    found: dict[str, Any] = {"at": at, "level": level, "where": where if _fits(_PLACE, where) else ""}
    for name, form in (("faults", _KIND), ("places", _PLACE)):
        values = said.get(name)
        found[name] = [each for each in values if _fits(form, each)] if isinstance(values, list) else []
    return found


def _fits(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None
