"""What the commands of the handheld do when there is no screen."""

import asyncio
import json
import random
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from app.errors import BookInUse, OfficeAway, OfficeRefused, RecordRefused, WatchbookError
from app.logbook.book import Draft, Logbook
from app.logbook.reader import Reader
from app.record import MAX_BYTES, Entry
from app.settings import Settings
from app.text import clean
from app.usage import DAMAGED
from app.words import say
from hardware.clock import SystemClock
from sync import standing
from sync.outbox import Outbox, failed, settled, wait_s

RESERVED: Final = ("book.", "key.", "damage.", "shift.", "crew.", "pin.", "round.", "stop.", "check.")
"""Kinds whose order the handheld itself answers for; another program may not write them."""


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A line of `record --stdin`."""

    kind: str
    body: dict[str, Any]
    by: tuple[str, ...] = ()
    v: int = 1


def record(settings: Settings, lines: IO[bytes], out: IO[str]) -> int:
    """Answer every line in order; exit code 1 when any was refused (decision 33)."""
    refused = False
    with closing(Logbook.open(settings.data_dir, SystemClock(standing.load(settings.data_dir).off))) as logbook:
        known = _people(logbook)
        for number, line in enumerate(_limited(lines), 1):
            try:
                entry = logbook.append(_draft(line, number, known))[0]
                answer: dict[str, Any] = {"seq": entry.record.seq, "hash": entry.hash.hex()}
            except RecordRefused as e:
                refused = True
                answer = {"error": e.say(settings.lang), "line": number}
            print(json.dumps(answer, ensure_ascii=False), file=out, flush=True)
        damaged = bool(logbook.opening.damage)
    return 1 if refused else DAMAGED if damaged else 0


def _limited(lines: IO[bytes]) -> Iterator[bytes]:
    while line := lines.readline(2 * MAX_BYTES):
        yield line
        while not line.endswith(b"\n") and (line := lines.readline(2 * MAX_BYTES)):
            pass  # the rest of a line that is refused as too long


def _draft(line: bytes, number: int, known: frozenset[str] | None) -> Draft:
    if len(line) >= 2 * MAX_BYTES:
        raise RecordRefused("cli.line_too_long", line=number)
    try:
        asked = msgspec.convert(json.loads(line, object_pairs_hook=_once), type=Asked)
    except msgspec.ValidationError as e:
        raise RecordRefused("cli.line_shape", line=number) from e
    except (ValueError, RecursionError) as e:
        raise RecordRefused("cli.line_not_json", line=number) from e
    if asked.kind.startswith(RESERVED):
        raise RecordRefused("cli.kind_reserved", kind=clean(asked.kind, 64))
    for person in asked.by:
        if known is not None and person not in known:
            raise RecordRefused("records.unknown_person", person=clean(person, 40))
    return Draft(kind=asked.kind, body=asked.body, by=asked.by, v=asked.v)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: which of two equal ones was meant, nobody could say later."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordRefused("cli.key_twice")
    return found


def _people(logbook: Logbook) -> frozenset[str] | None:
    """Ids of the people file; None before the office sent one (nobody can be unknown then)."""
    from app.pages import people_of

    found = people_of(logbook)
    return None if found is None else frozenset(person.id for person in found.people)


def log(settings: Settings, *, jsonl: bool) -> int:
    """Print the book: as stored with `jsonl`, else a readable line per record."""
    from app.logbook.verify import export_lines

    reader = _reader(settings)
    if jsonl:
        for line in export_lines(reader):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    else:
        for entry in reader.entries():
            print(_readable(entry))
    return DAMAGED if reader.opening.damage else 0


def _readable(entry: Entry) -> str:
    record = entry.record
    local = datetime.fromtimestamp(record.at / 1000, UTC).astimezone()
    body = clean(json.dumps(record.body, ensure_ascii=False, sort_keys=True), 2000)
    return f"{record.seq:>6} {local:%Y-%m-%d %H:%M:%S} {record.kind:<16} {','.join(record.by) or '-'} {body}"


def verify(settings: Settings, file: str | None, trust: str | None, *, as_json: bool) -> int:
    """Check a book or an exported file; exit 0 whole, 5 broken."""
    from app.logbook.verify import check_book

    source = Path(file) if file else settings.data_dir
    if not file:
        _reader(settings)
    report = check_book(source, trust)
    if as_json:
        print(msgspec.json.encode(report, order="sorted").decode())
    else:
        print(report.say(settings.lang))
    return 0 if report.whole else 5


def enrol(settings: Settings, code: str, name: str, *, as_json: bool) -> int:
    """Introduce this handheld to the office and fetch its first pages."""
    from sync.courier import Courier
    from sync.courier import enrol as introduce

    if settings.office is None:
        raise WatchbookError("cli.no_office")
    clock = SystemClock()
    with closing(Logbook.open(settings.data_dir, clock)) as logbook:
        enrolment = introduce(logbook, settings.office, code, name, clock)
        Courier(logbook, clock, on_offset=clock.set_off).exchange()
        found = {"book": logbook.book_id, "device": enrolment.device, "site": enrolment.site}
        damaged = bool(logbook.opening.damage)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(say(settings.lang, "cli.enrolled", device=enrolment.device, site=enrolment.site))
        print(say(settings.lang, "cli.fingerprint", fingerprint=found["book"]))
    return DAMAGED if damaged else 0


def sync(settings: Settings, *, once: bool, as_json: bool) -> int:
    """One exchange with the office, or one after the other until a signal; the lock is held only meanwhile."""
    if once:
        return DAMAGED if _exchange(settings, as_json=as_json) else 0
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    outbox, damaged = Outbox(next=1), False
    while not ended.is_set():
        try:
            damaged |= _exchange(settings, as_json=as_json)
            outbox = settled(outbox)
        except (OfficeAway, OfficeRefused, BookInUse) as e:
            print(e.say(settings.lang), file=sys.stderr)
            outbox = failed(outbox)
        ended.wait(wait_s(outbox, random.random(), None))  # noqa: S311 - spreads tries, guards nothing
    return DAMAGED if damaged else 0


def _exchange(settings: Settings, *, as_json: bool) -> bool:
    """One exchange; whether opening the book found damage."""
    from sync.courier import Courier

    clock = SystemClock(standing.load(settings.data_dir).off)
    with closing(Logbook.open(settings.data_dir, clock)) as logbook:
        Courier(logbook, clock, on_offset=clock.set_off).exchange()
        found = {"seq": logbook.acked, "pending": logbook.unsent}
        damaged = bool(logbook.opening.damage)
    print(json.dumps(found) if as_json else say(settings.lang, "cli.synced", **found), flush=True)
    return damaged


def scan(settings: Settings, seconds: float | None, *, as_json: bool) -> int:
    """Print what is heard, a line each, until the feed ends, `seconds` have passed or a signal comes."""
    return asyncio.run(_scan(settings, seconds, as_json=as_json))


async def _scan(settings: Settings, seconds: float | None, *, as_json: bool) -> int:
    from hardware.replay import BadLine, scan_feed, scan_radio

    refused: list[BadLine] = []

    def complain(bad: BadLine) -> None:
        refused.append(bad)
        print(bad.say(settings.lang), file=sys.stderr)

    if settings.feed:
        heard = scan_feed(settings.feed, complain)
    else:
        from hardware.ble import BleReader

        clock = SystemClock()
        heard = scan_radio(BleReader(settings.adapter, clock), clock)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for item in heard:
                print(json.dumps(item, ensure_ascii=False) if as_json else _heard(settings.lang, item), flush=True)
    return 1 if refused else 0


def _heard(lang: str, item: dict[str, Any]) -> str:
    """One heard thing as a person reads it."""
    if "qr" in item:
        return f"QR   {clean(item['qr'], 200)}"
    if "ble" not in item:
        fault = item.get("fault")
        return f"--   {say(lang, fault) if fault else say(lang, 'cli.listening')}"
    ble, tag = item["ble"], item["tag"]
    what = f"{tag['format']} {tag['id']}" if tag else clean(ble["name"] or "-", 60)
    return f"{ble['rssi']:>4} {ble['address']}  {what}"


def status(settings: Settings, *, as_json: bool) -> None:
    """How this handheld stands, as JSON or as lines."""
    reader = _reader(settings)
    enrolment = reader.office
    pending = reader.unsent
    oldest = next(iter(reader.entries(reader.acked + 1, 1)), None) if pending else None
    receipt = next((note for note in reversed(list(reader.notes())) if note["note"] == "receipt"), None)
    now, left = SystemClock().now(), standing.load(settings.data_dir)
    found = {
        "book": reader.book_id,
        "device": enrolment.device if enrolment else None,
        "site": enrolment.site if enrolment else None,
        "office": enrolment.office if enrolment else None,
        "records": reader.head.seq,
        "pending": pending,
        "oldest_pending_s": max(0, (now.at - oldest.record.at) // 1000) if oldest else None,
        "last_ack": receipt["at"] if receipt else None,
        "last_reason": left.reason and say(settings.lang, left.reason.key, **left.reason.fields),
        "plan_revision": _revision(reader, now.at),
        "clock_offset_ms": left.off,
        "storage_free_mb": _free_mb(settings.data_dir),
        "adapters": _adapters(),
    }
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        print(f"{say(settings.lang, 'cli.status_' + name):<18} {'-' if value is None else value}")


def _revision(reader: Reader, at: int) -> int | None:
    """The plan that holds now; None also when it cannot be read, for the rest of the status is still worth saying."""
    from app.pages import plan_of

    try:
        plan = plan_of(reader, at)
    except WatchbookError:
        return None
    return plan.revision if plan else None


def _free_mb(folder: Path) -> int:
    import shutil

    return shutil.disk_usage(folder).free // 2**20


def _adapters() -> list[str]:
    bluetooth = Path("/sys/class/bluetooth")
    return sorted(found.name for found in bluetooth.iterdir() if ":" not in found.name) if bluetooth.is_dir() else []


def _reader(settings: Settings) -> Reader:
    if not (settings.data_dir / "journal").is_dir():
        raise WatchbookError("cli.no_book", folder=str(settings.data_dir))
    return Logbook.read(settings.data_dir)
