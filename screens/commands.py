"""What the commands of the handheld do when there is no screen."""

import asyncio
import json
import random
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from app import outside
from app.errors import BookInUse, OfficeAway, OfficeRefused, RecordRefused, WatchbookError
from app.logbook.blobs import LIMIT as ATTACHMENT_BYTES
from app.logbook.book import Draft, Logbook
from app.logbook.journal import has_book
from app.logbook.reader import Reader
from app.ports import Clock, Scan, Scanner
from app.record import MAX_BYTES
from app.settings import Settings
from app.text import cells, clean
from app.usage import DAMAGED
from app.words import say
from hardware.clock import SystemClock
from screens.times import span
from screens.wrapping import wrap
from sync import standing
from sync.outbox import Outbox, failed, settled, wait_s

if TYPE_CHECKING:
    from app.duties.site import People, Plan, TagRule

STATUS_CELLS: Final = 18
"""Cells for the name of a figure of the status."""


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
                entry = logbook.append(_draft(line, number, known, logbook))[0]
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


def _draft(line: bytes, number: int, known: frozenset[str] | None, logbook: Logbook) -> Draft:
    if len(line) >= 2 * MAX_BYTES:
        raise RecordRefused("cli.line_too_long", line=number)
    try:
        asked = msgspec.convert(json.loads(line, object_pairs_hook=_once), type=Asked)
    except msgspec.ValidationError as e:
        raise RecordRefused("cli.line_shape", line=number) from e
    except (ValueError, RecursionError) as e:
        raise RecordRefused("cli.line_not_json", line=number) from e
    body = outside.filled(asked.body, partial(_attached, logbook), partial(_apart, logbook))
    outside.check(asked.kind, body, asked.by, asked.v)
    for person in asked.by:
        if known is not None and person not in known:
            raise RecordRefused("records.unknown_person", person=clean(person, 40))
    return Draft(kind=asked.kind, body=body, by=asked.by, v=asked.v)


def _attached(logbook: Logbook, name: Any) -> dict[str, Any]:
    """A picture on this machine, kept with the book: what its record holds of it."""
    try:
        with open(name if isinstance(name, str) else "", "rb") as file:
            data = file.read(ATTACHMENT_BYTES + 1)
    except (OSError, ValueError) as e:
        raise RecordRefused("cli.file_unreadable", file=clean(str(name), 200)) from e
    found: dict[str, Any] = msgspec.to_builtins(logbook.attach(data))
    return found


def _apart(logbook: Logbook, text: Any) -> str:
    if not isinstance(text, str):
        raise RecordRefused("cli.text_apart")
    return logbook.set_apart(text)


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
    from app.booklog import BookLog
    from app.logbook.verify import export_lines

    reader = _reader(settings)
    if jsonl:
        for line in export_lines(reader):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    else:
        readable = BookLog(settings.lang, _plan(reader, SystemClock().now().at), _known(reader))
        _print_wrapped(readable.line(entry.record) for entry in reader.entries())
    return DAMAGED if reader.opening.damage else 0


def _known(reader: Reader) -> "People | None":
    """The people file; None also when it cannot be read, for the ids are still worth showing."""
    from app.pages import people_of

    try:
        return people_of(reader)
    except WatchbookError:
        return None


def verify(settings: Settings, file: str | None, trust: str | None, *, as_json: bool) -> int:
    """Check a book or an exported file; exit 0 whole, 5 broken."""
    from app.logbook.verify import check_book, told

    source = Path(file) if file else settings.data_dir
    if not file:
        _reader(settings)
    report = check_book(source, trust)
    if as_json:
        print(msgspec.json.encode(report, order="sorted").decode())
    else:
        _print_wrapped(told(report, settings.lang))
    return 0 if report.whole else 5


def _print_wrapped(sentences: Iterable[str]) -> None:
    """Each sentence in rows as wide as the terminal, those after the first indented; in one row where there is none."""
    width = shutil.get_terminal_size((0, 0)).columns or 10**6
    for sentence in sentences:
        indent = " " * (len(sentence) - len(sentence.lstrip()))
        for row in wrap(sentence.lstrip(), max(20, width) - len(indent), "  "):
            print(indent + row)


def enrol(settings: Settings, code: str, name: str, *, leave_round: bool, as_json: bool) -> int:
    """Introduce this handheld to the office and fetch its first pages."""
    from sync.courier import Courier
    from sync.enrolment import enrol as introduce

    if settings.office is None:
        raise WatchbookError("cli.no_office")
    clock = SystemClock()
    with closing(Logbook.open(settings.data_dir, clock)) as logbook:
        enrolment = introduce(logbook, settings.office, code, name, clock, leave_round=leave_round)
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
    from app.pages import plan_of
    from sync.condition import condition_of
    from sync.courier import Courier

    clock = SystemClock(standing.load(settings.data_dir).off)
    with closing(Logbook.open(settings.data_dir, clock)) as logbook:
        plan = plan_of(logbook, clock.now().at)
        condition = condition_of(logbook, lambda: plan.revision if plan else 0)
        if Courier(logbook, clock, on_offset=clock.set_off, condition=condition).exchange().new_books:
            print(say(settings.lang, "sync.new_book"), file=sys.stderr)
        found = {"seq": logbook.acked, "pending": logbook.unsent}
        damaged = bool(logbook.opening.damage)
    print(json.dumps(found) if as_json else say(settings.lang, "cli.synced", **found), flush=True)
    return damaged


def scan(settings: Settings, seconds: float | None, *, as_json: bool) -> int:
    """Print what is heard, a line each, until the feed ends, `seconds` have passed or a signal comes.

    Exit code 1 when a line of the feed was refused, or the radio could not listen at all.
    """
    return asyncio.run(_scan(settings, seconds, as_json=as_json))


async def _scan(settings: Settings, seconds: float | None, *, as_json: bool) -> int:
    from hardware.replay import BadLine, scan_feed, scan_radio

    refused: list[BadLine] = []

    def complain(bad: BadLine) -> None:
        refused.append(bad)
        print(bad.say(settings.lang), file=sys.stderr)

    clock, readers = SystemClock(), []
    if settings.feed:
        heard = scan_feed(settings.feed, complain, _tag_rules(settings))
    else:
        from hardware.ble import radio
        from hardware.scanners import scanners

        heard = scan_radio(radio(settings.adapter, clock), clock, _tag_rules(settings))
        readers = [_read(settings.lang, each, clock, as_json=as_json) for each in scanners(settings.scanner, clock)]
    fault, listened = "", bool(settings.feed or readers)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), _beside(readers):
            async for item in heard:
                _print_heard(settings.lang, item, as_json=as_json)
                if item.get("fault") and not fault and not listened:
                    fault = item["fault"]
                    print(say(settings.lang, "cli.scan_waits", why=fault_words(settings.lang, fault)), file=sys.stderr)
                listened |= not item.get("fault")
    return 1 if refused or (fault and not listened) else 0


@asynccontextmanager
async def _beside(works: Iterable[Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """What goes on beside something else, and ends with it."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(lang: str, scanner: Scanner, clock: Clock, *, as_json: bool) -> None:
    """Print what a scanner reads; how it is goes to stderr, since it is no line of a feed."""
    began = clock.now().up
    async for found in scanner.listen():
        if isinstance(found, Scan):
            item = {"at_ms": found.up - began, "qr": found.text, "by": found.by}
            _print_heard(lang, item, as_json=as_json)
        else:
            print(say(lang, found.fault or "scanner.listens"), file=sys.stderr, flush=True)


def _print_heard(lang: str, item: dict[str, Any], *, as_json: bool) -> None:
    print(json.dumps(item, ensure_ascii=False) if as_json else _heard(lang, item), flush=True)


def _heard(lang: str, item: dict[str, Any]) -> str:
    """One heard thing as a person reads it."""
    if "qr" in item:
        return f"QR   {clean(item['qr'], 200)}  {item.get('by', '')}".rstrip()
    if "ble" not in item:
        fault = item.get("fault")
        return f"--   {fault_words(lang, fault) if fault else say(lang, 'cli.listening')}"
    ble, tag = item["ble"], item["tag"]
    tags = item.get("tags", [tag] if tag else [])
    what = " + ".join(_heard_tag(lang, each) for each in tags) or clean(ble["name"] or "-", 60)
    return f"{ble['rssi']:>4} {ble['address']}  {what}"


def fault_words(lang: str, fault: str) -> str:
    """Why nothing is heard. What a guard reads as the way to go on is, for a fitter, no Bluetooth."""
    return say(lang, "radio.absent" if fault == "radio.none" else fault)


def _heard_tag(lang: str, tag: dict[str, Any]) -> str:
    """A tag, its battery and what it measures, by the names that --json has."""
    said = [f"{tag['battery_pct']}%"] if tag["battery_pct"] is not None else []
    said += [f"{tag['battery_mv']}mV"] if tag["battery_mv"] is not None else []
    said += [f"{name}={value}" for part in ("values", "counters") for name, value in tag.get(part, {}).items()]
    said += [say(lang, "cli.scan_encrypted")] if tag.get("encrypted") else []
    return " ".join((tag["format"], clean(tag["id"], 80), *said))


def _tag_rules(settings: Settings) -> "tuple[TagRule, ...]":
    """How the plan names the tags of closed makers; nothing where this handheld has no plan that can be read."""
    try:
        plan = _plan(_reader(settings), SystemClock().now().at)
    except (WatchbookError, OSError):
        return ()
    return plan.tag_rules if plan else ()


def status(settings: Settings, *, as_json: bool) -> None:
    """How this handheld stands, as JSON or as lines."""
    reader = _reader(settings)
    enrolment = reader.office
    pending = reader.unsent
    oldest = next(iter(reader.entries(reader.acked + 1, 1)), None) if pending else None
    receipt = next((note for note in reversed(list(reader.notes())) if note["note"] == "receipt"), None)
    now, left = SystemClock().now(), standing.load(settings.data_dir)
    plan = _plan(reader, now.at)
    found: dict[str, Any] = {
        "book": reader.book_id,
        "device": enrolment.device if enrolment else None,
        "site": enrolment.site if enrolment else None,
        "office": enrolment.office if enrolment else None,
        "records": reader.head.seq,
        "pending": pending,
        "oldest_pending_s": max(0, (now.at - oldest.record.at) // 1000) if oldest else None,
        "last_ack": receipt["at"] if receipt else None,
        "last_reason": left.reason and say(settings.lang, left.reason.key, **left.reason.fields),
        "plan_revision": plan.revision if plan else None,
        "clock_offset_ms": left.off,
        "storage_free_mb": _free_mb(settings.data_dir),
        "adapters": _adapters(),
    }
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    zone = ZoneInfo(plan.site.zone) if plan else datetime.now().astimezone().tzinfo
    for name, value in found.items():
        label = say(settings.lang, f"cli.status_{name}")
        print(f"{label}{' ' * max(1, STATUS_CELLS - cells(label))}{_readable_status(settings.lang, name, value, zone)}")


def _readable_status(lang: str, name: str, value: Any, zone: tzinfo | None) -> str:
    """A figure of the status as a person reads it: times in the site's zone, spans in one unit."""
    if value is None or value == []:
        return "-"
    match name:
        case "last_ack":
            return f"{datetime.fromtimestamp(value / 1000, zone):%Y-%m-%d %H:%M:%S}"
        case "oldest_pending_s":
            return say(lang, "cli.status_ago", span=span(lang, value))
        case "clock_offset_ms":
            return say(lang, "cli.status_seconds", seconds=f"{value / 1000:+.1f}")
        case "storage_free_mb":
            return f"{value} MB"
        case "adapters":
            return " ".join(value)
    return clean(str(value), 200)


def _plan(reader: Reader, at: int) -> "Plan | None":
    """The plan that holds now; None also when it cannot be read, for the rest of the status is still worth saying."""
    from app.pages import plan_of

    try:
        return plan_of(reader, at)
    except WatchbookError:
        return None


def _free_mb(folder: Path) -> int:
    return shutil.disk_usage(folder).free // 2**20


def _adapters() -> list[str]:
    bluetooth = Path("/sys/class/bluetooth")
    return sorted(found.name for found in bluetooth.iterdir() if ":" not in found.name) if bluetooth.is_dir() else []


def _reader(settings: Settings) -> Reader:
    if not has_book(settings.data_dir):
        raise WatchbookError("cli.no_book", folder=str(settings.data_dir))
    return Logbook.read(settings.data_dir)
