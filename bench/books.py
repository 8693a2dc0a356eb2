"""Books to measure with: shift after shift of arrivals and readings, as a round makes them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app import kinds
from app.logbook.book import Draft, Logbook
from app.logbook.disk import Disk
from app.memory import Memory
from app.ports import Moment
from tests import garden

SHIFT: Final = 500
"""Records of one shift: a night's four rounds, with their readings."""
STOP: Final = next(stop for stop in garden.STOPS if stop.checklist)
READINGS: Final = tuple(check for check in garden.CHECKS.checks if check.kind == "number")
PLAN: Final = garden.plan()
_OPENS: Final = datetime(2026, 3, 28, 14, tzinfo=UTC)
_CREW: Final = ("chen-bo", "li-ming")
_SLOT: Final = "night@2026-03-28T22:00"


class Clock:
    def now(self) -> Moment:
        return Moment(at=time.time_ns() // 1_000_000, up=time.monotonic_ns() // 1_000_000, boot="b" * 32)


def arrival(number: int) -> Draft:
    """A record as a stop makes it: about 600 bytes."""
    evidence = {
        "address": "C0:11:22:33:44:55",
        "enter": -75,
        "format": "ibeacon",
        "frame": "m004c:0215fda50693a4e24fb1afcfc6eb0764782500010007c5",
        "power_1m": -59,
        "samples": [[number * 7 + i * 500, -60 - i] for i in range(5)],
        "tag": "fda50693-a4e2-4fb1-afcf-c6eb07647825/1/7",
    }
    body = {
        "evidence": {"ble": evidence},
        "grade": "near",
        "marks": [],
        "point": STOP.point,
        "round": f"{_SLOT}#1",
        "stop": STOP.id,
    }
    return Draft("stop.arrived", body, by=_CREW)


def reading(number: int) -> Draft:
    """What was read off one of the round's instruments."""
    check = READINGS[number % len(READINGS)]
    value = str(380 + number % 20)
    return _draft(kinds.CheckAnswered(f"{_SLOT}#1", STOP.id, check.id, True, value, False, f"{value} V", check.asset))


def book_of(folder: Path, records: int, disk: Disk | None = None) -> tuple[Logbook, Memory]:
    """A book with at least so many records, in shifts, and what a handheld knows of it."""
    logbook = Logbook.open(folder, Clock(), disk)
    memory = Memory(logbook, PLAN)
    while logbook.head.seq < records:
        shift(logbook, memory, min(SHIFT, records - logbook.head.seq))
    return logbook, memory


def shift(logbook: Logbook, memory: Memory, records: int) -> None:
    """One shift of at least so many records, in few large writes."""
    memory.take(logbook.append_rotating(_draft(kinds.ShiftOpened(()))))
    memory.take(logbook.append(*_walk(memory, records - 4)))
    memory.take(logbook.append(_draft(kinds.ShiftClosed())))
    logbook.sign_head()
    memory.keep()
    memory.save()


def _walk(memory: Memory, records: int) -> Iterator[Draft]:
    order = tuple(stop.id for stop in garden.STOPS)
    named = memory.name_plan(PLAN)
    yield _draft(kinds.RoundStarted(f"{_SLOT}#1", _SLOT, "night", "round", named, order, None, (), _OPENS, _OPENS))
    for number in range(records):
        yield reading(number // 2) if number % 2 else arrival(number)
    yield _draft(kinds.RoundFinished(f"{_SLOT}#1", 4, 1, 3, 0, 0, (), "late"))


def _draft(body: kinds.Body) -> Draft:
    return Draft(kinds.kind_of(body), kinds.to_dict(body), by=_CREW)
