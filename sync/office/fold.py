"""From records to what the pages show: read after the acknowledgement, from a cursor (decision 29).

A step reads a site's next records in the order in which they were committed and makes every round they touch
anew from that round's own records, with the code of `app.resume` and `app.duties`. So a step may be
repeated, interrupted or overtaken by another process and the result is the same; and folding everything
again from nothing gives what folding along the way gave.

One thing in a round does depend on others: what a tag's counter, clock or second address says, by whichever
handheld it was heard. So what was heard is read first (`hear`), and where it bears on a round that is made
already, also an earlier one, that round is made again.
"""

import asyncio
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from time import monotonic
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app import kinds
from app.duties.days import office_time
from app.duties.outcome import may_excuse
from app.duties.review import RULES
from app.duties.site import Plan, decode_plan
from app.duties.tuning import Tuning
from app.duties.ways import Place
from app.errors import WatchbookError
from app.kinds.afterwards import MarkExplained, PointExcused, RoundLateEntry
from app.kinds.witness import WitnessSeen
from app.record import Record
from sync.office import hearings, relaying, reviewing, standing, subjects, tag_keys, takeover
from sync.office.background import Background
from sync.office.binding import badges_of, labels_of
from sync.office.details import (
    BookLife,
    ExcuseDetail,
    ExplanationDetail,
    FindingDetail,
    Heard,
    WitnessDetail,
    joined,
    names_in,
)
from sync.office.digits import find_heads
from sync.office.handheld_settings import tuning_of_book
from sync.office.joining import Family, Piece
from sync.office.keyring import keys_of
from sync.office.measures import entries_of_round, readings_of
from sync.office.paper import read_late_entry
from sync.office.reading import Before, Line, Tokens, alarm_of, judged_under, read_round
from sync.office.store import Store, days, known, projections, visits
from sync.office.store import entries as entry_table
from sync.office.store import plans as plan_table
from sync.office.store import readings as reading_table
from sync.office.store import rounds as table
from sync.office.store.entries import EntryRow
from sync.office.store.matters import MatterRow
from sync.office.store.readings import ReadingRow
from sync.office.store.records import Stored, cursor, move_cursor, records_after, sites, sites_behind
from sync.office.store.reviews import ReviewRow
from sync.office.store.rounds import (
    AlarmRow,
    ExcuseRow,
    ExplanationRow,
    FindingRow,
    FoldedRow,
    RoundRow,
    StopRow,
    WitnessRow,
)

log: Final = logging.getLogger("watchbook.fold")

SHAPE: Final = 10
"""Version of what the projections hold; under another one they are made again."""
CURSOR: Final = f"rounds/{RULES}.{SHAPE}"
HEARD: Final = f"visits/{RULES}.{SHAPE}"
"""Cursor of what was heard of tags: it goes ahead of the rounds, which are judged by it."""
STEP: Final = 500
LOOK_S: Final = 1.0
"""Between two looks for records that another process took in: another worker, or a command."""
CALM_S: Final = 0.2
PATIENT_S: Final = 5.0
"""How long it waits at most for a moment in which nothing comes in."""
SLICE_S: Final = 0.25
"""How long it goes on while more comes in."""
RESTS_S: Final = 60.0
AGAIN: Final = 50
"""Rounds judged again in a step."""
LONGEST_ID: Final = 200
LOOKED_BACK: Final = 5000
"""How many records before a round its crew's sign-ins are looked for in."""
_BOOK: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Made(Struct, frozen=True):
    """A round as it stands now, with all that is kept of it."""

    row: RoundRow
    stops: list[StopRow]
    readings: tuple[ReadingRow, ...] = ()
    entries: tuple[EntryRow, ...] = ()


class Share(Struct, frozen=True):
    """What the next records of one book say."""

    folded: FoldedRow
    rounds: tuple[Made, ...]
    once: tuple[table.Once, ...]
    witnesses: tuple[WitnessRow, ...]
    reviews: tuple[ReviewRow, ...]
    entries: tuple[EntryRow, ...]
    days: frozenset[str]
    """Local days on which the records bear."""


class Step(Struct, frozen=True):
    """What one step changes; `before` and `after` are positions of the site's cursor."""

    site: str
    before: int
    after: int
    shares: tuple[Share, ...]
    rounds: tuple[Made, ...]
    """Those of the shares, each of one book only, and those that are made again."""
    witnesses: tuple[WitnessRow, ...]
    """Those of the shares, with the heads that are known."""
    named: tuple[WitnessRow, ...]
    """Seen earlier by their digits; now it is known whose heads they are."""
    matters: tuple[MatterRow, ...]
    turn: int
    """What was known of the tags when it was read (tag_keys.TURN)."""
    again: tuple[tuple[bytes, str], ...]
    """Rounds that were made again for that."""
    took_over: tuple[takeover.TookOver, ...]


class Folding:
    """Keeps the projections of one store behind its records, and never far behind."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._looking = Background("looking for records of others", self._look, LOOK_S)
        self._again = False
        self._ended = False
        self._resting: dict[str, float] = {}
        """Sites that could not be folded, and until when they are left alone."""

    def follow(self) -> None:
        """Fold now, after every commit of this process, and every LOOK_S what others brought; in the background."""
        self._store.after_commit.append(self.wake)
        self._looking.follow()

    def wake(self) -> None:
        """Fold soon; on the running event loop."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
            self._task.add_done_callback(_tell)

    async def stop(self) -> None:
        """End the background work; what is half done is done again next time."""
        if self.wake in self._store.after_commit:
            self._store.after_commit.remove(self.wake)
        self._ended = True
        await self._looking.stop()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def catch_up(self, within_s: float | None = None) -> bool:
        """Fold until nothing is left or the time is over; whether everything is folded.

        A site whose records cannot be folded is left alone for a while: the others go on, and its pages say what waits.
        """
        until = None if within_s is None else monotonic() + within_s
        while behind := self._willing(await self._store.read(_behind)):
            for site in behind:
                if until is not None and monotonic() >= until:
                    return False
                try:
                    await self._step(site)
                except WatchbookError:
                    raise
                except Exception as error:
                    self._resting[site] = monotonic() + RESTS_S
                    log.error("folding a site failed", exc_info=error)
        return not self._resting

    def _willing(self, behind: Sequence[str]) -> list[str]:
        self._resting = {site: until for site, until in self._resting.items() if until > monotonic()}
        return [site for site in behind if site not in self._resting]

    async def _step(self, site: str) -> None:
        """What was heard is read to its end first: a round made before it is made again for every hearing it missed."""
        if await self._store.read(lambda tx: site in sites_behind(tx, HEARD)):
            await self._store.write(partial(hear, site=site))
            return
        step = await self._store.read(partial(read_step, site=site))
        if step is not None:
            await self._store.write(partial(apply_step, step=step))

    async def _look(self) -> float:
        self.wake()
        return LOOK_S

    async def _run(self) -> None:
        while self._again and not self._ended:
            await self._calm()
            await self.catch_up(SLICE_S)
            if self._willing(await self._store.read(_behind)):
                self._again = True

    async def _calm(self) -> None:
        """Back when nothing has been committed for a moment, or it did not stop for some time: records that come in
        go first, and a page that is asked for folds what it needs.
        """
        until = monotonic() + PATIENT_S
        while self._again and monotonic() < until:
            self._again = False
            await asyncio.sleep(CALM_S)


def _behind(tx: Connection) -> list[str]:
    return sorted({*sites_behind(tx, HEARD, CURSOR), *visits.sites_again(tx)})


def _tell(task: asyncio.Task[None]) -> None:
    """A fold that failed is tried again after the next commit, and by every page; meanwhile somebody should know."""
    if not task.cancelled() and (error := task.exception()):
        log.error("folding failed", exc_info=error)


def prepare(tx: Connection) -> None:
    """Projections made by other rules are forgotten; they come again from the records."""
    if known.get(tx, projections.MADE_BY) != CURSOR:
        projections.make_anew(tx, CURSOR)
        for site in sites(tx):
            move_cursor(tx, site, CURSOR, 0)
    for site in sites(tx):
        if cursor(tx, site, CURSOR) == 0:
            forget(tx, site)


def forget(tx: Connection, site: str) -> None:
    projections.forget_all(tx, site)
    tag_keys.next_turn(tx, site)
    for name in (HEARD, CURSOR):
        move_cursor(tx, site, name, 0)


def hear(tx: Connection, site: str) -> None:
    """Read what the site's next records heard of tags, and find what that bears on."""
    stored = records_after(tx, site, cursor(tx, site, HEARD), STEP)
    if not stored:
        return
    keys = keys_of(tx, site)
    tag_keys.next_turn(tx, site)
    for one in stored:
        row = hearings.visit_of(one, keys)
        if row is not None:
            visits.put(tx, row)
            visits.touch(tx, row)
        measured = hearings.calibration_of(one)
        if measured is not None:
            visits.put_calibration(tx, measured)
    move_cursor(tx, site, HEARD, stored[-1].arrived)


def read_step(tx: Connection, site: str) -> Step | None:
    """What the site's next records change, and what those that were heard bear on; None when there is nothing."""
    before, heard = cursor(tx, site, CURSOR), cursor(tx, site, HEARD)
    stored = [one for one in records_after(tx, site, before, STEP) if one.arrived <= heard]
    again = visits.rounds_again(tx, site, AGAIN)
    if not stored and not again:
        return None
    books: dict[bytes, list[Stored]] = {}
    for one in stored:
        books.setdefault(one.book, []).append(one)
    family = Family(tx, site)
    shares = tuple(_read_book(tx, site, family, book, those) for book, those in books.items())
    rounds = [row for share in shares for row in share.rounds]
    made = {each.row.round for each in rounds}
    rounds += [more for book, name in again if name not in made and (more := _make_again(tx, site, family, book, name))]
    witnesses, named = find_heads(tx, site, stored, [row for share in shares for row in share.witnesses])
    return Step(
        site=site,
        before=before,
        after=stored[-1].arrived if stored else before,
        shares=shares,
        rounds=_one_owner(rounds),
        witnesses=tuple(witnesses),
        named=tuple(named),
        matters=tuple(row for one in stored if (row := relaying.row_of(one))),
        turn=tag_keys.turn_of(tx, site),
        again=tuple(again),
        took_over=tuple(takeover.said_in(stored)),
    )


def apply_step(tx: Connection, step: Step) -> bool:
    """Store a step; False when somebody else has moved the cursor or heard of a tag meanwhile: nothing is stored."""
    if (cursor(tx, step.site, CURSOR), tag_keys.turn_of(tx, step.site)) != (step.before, step.turn):
        return False
    for made in step.rounds:
        table.put_round(tx, made.row, made.stops)
        reading_table.put_round(tx, step.site, made.row.round, made.readings)
        entry_table.put(tx, made.entries)
    for share in step.shares:
        entry_table.put(tx, share.entries)
        for row in share.once:
            table.put_once(tx, row)
        table.put_folded(tx, share.folded)
        reviewing.take(tx, step.site, share.reviews)
    for witness in step.witnesses:
        table.put_once(tx, witness)
    for witness in step.named:
        table.name_witnessed(tx, witness)
    for said in step.took_over:
        takeover.note_replaced(tx, step.site, said)
    relaying.take(tx, step.site, step.matters)
    surveyed = {row.key for share in step.shares for row in share.entries if row.subject == subjects.SURVEY}
    for unit in sorted(surveyed):
        standing.take_dwelling(tx, step.site, unit)
    borne = {day for share in step.shares for day in share.days}
    days.touch(tx, step.site, borne | {made.row.day for made in step.rounds})
    days.touch_waiting(tx, step.site)
    visits.judged_again(tx, step.site, step.again)
    move_cursor(tx, step.site, CURSOR, step.after)
    return True


def _one_owner(rows: Iterable[Made]) -> tuple[Made, ...]:
    """A round belongs to the book that named it first."""
    first: dict[str, Made] = {}
    for each in rows:
        first.setdefault(each.row.round, each)
    return tuple(first.values())


# -- one book's part of a step -------------------------------------------------------------------


def _read_book(tx: Connection, site: str, family: Family, book: bytes, stored: Sequence[Stored]) -> Share:
    lines = _lines(tx, stored)
    touched = _touched(lines)
    if any(isinstance(line.body, kinds.BookClosed) for line in lines):
        for child in family.children(book):
            name = family.begun_before(child)
            touched |= {name: None} if name and name not in touched else {}
    made = [
        made
        for name, first in touched.items()
        if (made := _make_round(tx, site, family, book, name, first, stored[-1].seq)) is not None
    ]
    known = table.folded_of(tx, site, book)
    aside = (known.set_aside if known else 0) + len(stored) - len(lines)
    aside += sum(line.body is None and line.record.kind in kinds.KINDS for line in lines)
    shown = {each.row.round for each in made}
    aside += sum(isinstance(line.body, RoundLateEntry) and line.body.round not in shown for line in lines)
    excused = [line.body for line in lines if isinstance(line.body, PointExcused)]
    plan = plan_table.site_plan(tx, site) if excused else None
    last = stored[-1]
    at = lines[-1].record.at if lines else (known.at if known else 0)
    return Share(
        folded=FoldedRow(site, book, last.seq, last.hash, at, aside, _life(known, lines)),
        rounds=tuple(made),
        once=tuple(row for line in lines for row in _once(tx, site, line)),
        witnesses=tuple(_witness(site, line, line.body) for line in lines if isinstance(line.body, WitnessSeen)),
        reviews=tuple(row for line in lines for row in reviewing.rows_of(tx, site, line)),
        entries=tuple(row for line in lines for row in subjects.entries_of(line.stored, line.record)),
        days=frozenset(day for body in excused for day in standing.days_between(plan, body.first, body.last)),
    )


def _life(known: FoldedRow | None, lines: Sequence[Line]) -> bytes:
    """What the book says of itself: which one it continues, how it ended, what its handheld removed."""
    life = msgspec.json.decode(known.life, type=BookLife) if known else BookLife()
    for line in lines:
        match line.body:
            case kinds.BookOpened(after=kinds.BookBefore() as after) if line.stored.seq == 1:
                life = replace(life, after=after)
            case kinds.BookClosed(reason=reason):
                life = replace(life, closed=reason, closed_at=line.record.at)
            case kinds.BookPruned(first=first, last=last) if 0 < first <= last:
                life = replace(life, pruned=joined((*life.pruned, (first, last))))
    return msgspec.json.encode(life)


def _lines(tx: Connection, stored: Sequence[Stored], previous: bytes | None = None) -> list[Line]:
    """The records that are fit to be shown, each with the hash before it; `previous` is that before the first."""
    if not stored:
        return []
    first = stored[0]
    if previous is None:
        previous = first.book if first.seq == 1 else table.hash_of(tx, first.site, first.book, first.seq - 1)
    expected = first.seq
    lines = []
    for one in stored:
        before = previous if one.seq == expected else None
        previous, expected = one.hash, one.seq + 1
        if one.quarantine is None and one.kind:
            record = _decode(one.raw)
            lines.append(Line(one, record, kinds.read(record), before))
    return lines


def _decode(raw: bytes) -> Record:
    """The record, whose form was checked when it came in."""
    return msgspec.json.decode(raw, type=Record)


def _touched(lines: Sequence[Line]) -> dict[str, int | None]:
    """Rounds that the records are about; the number of the record that begins it, if it is among them."""
    touched: dict[str, int | None] = {}
    for line in lines:
        name = line.record.body.get("round")
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
            continue
        begins = line.stored.seq if isinstance(line.body, kinds.RoundStarted | RoundLateEntry) else None
        touched[name] = touched.get(name) or begins
    return touched


def _make_round(
    tx: Connection, site: str, family: Family, book: bytes, name: str, begins: int | None, last: int
) -> Made | None:
    """The round as the records up to `last` tell it, and the books that go on with it; None when nobody began it."""
    known = table.owner(tx, site, name)
    first = known[1] if known and known[0] == book else begins
    if known is not None and known[0] != book and begins is not None:
        return None
    pieces = family.onward(book, first, last, name) if first is not None else []
    if not _begins(pieces):
        pieces = family.from_before(book, name)
    made = _read_pieces(tx, site, pieces, name)
    return made if made is not None and (known is None or made.row.book == known[0]) else None


def _make_again(tx: Connection, site: str, family: Family, book: bytes, name: str) -> Made | None:
    """A round as it is judged now; None when its own records are still to be read."""
    folded = table.folded_of(tx, site, book)
    return _make_round(tx, site, family, book, name, None, folded.seq) if folded else None


def _begins(pieces: Sequence[Piece]) -> bool:
    """Whether the first of the records is one that begins a round."""
    return bool(pieces and pieces[0].stored) and pieces[0].stored[0].kind in ("round.started", "round.late-entry")


def _read_pieces(tx: Connection, site: str, pieces: Sequence[Piece], name: str) -> Made | None:
    parts = [those for piece in pieces if (those := _of_round(tx, piece, name))]
    lines = [replace(line, part=part) for part, those in enumerate(parts) for line in those]
    if not lines:
        return None
    book = next((line.stored.book for line in lines if not line.apart), None)
    started = lines[0].body
    if book is None or not isinstance(started, kinds.RoundStarted | RoundLateEntry):
        return None
    row = plan_table.plan_walked(tx, site, started.plan.revision, started.plan.sha256)
    plan = decode_plan(row.raw) if row else None
    if isinstance(started, RoundLateEntry):
        entered = read_late_entry(site, book, lines, plan)
        return Made(*entered) if entered else None
    tokens = Tokens(labels=labels_of(tx, site), badges=badges_of(tx))
    sign_ins = [] if lines[0].apart else _sign_ins(tx, site, book, lines[0].stored.seq)
    place = None if lines[0].apart else _place(tx, site, book, lines[0])
    before = Before(_heard(tx, site, lines, plan), place, _tunings(tx, site, lines))
    read = read_round(site, book, lines, plan, tokens, sign_ins, before)
    if read is None:
        return None
    made, stops = takeover.with_taken(tx, *read)
    return Made(made, stops, readings_of(site, made.round, lines, plan), entries_of_round(lines, plan))


def _place(tx: Connection, site: str, book: bytes, started: Line) -> Place | None:
    """Where the handheld's last arrival before the round was."""
    last = table.last_of_kind(tx, site, book, started.stored.seq - 1, "stop.arrived")
    for line in _lines(tx, [last]) if last else ():
        if isinstance(line.body, kinds.StopArrived):
            return Place(line.body.point, line.record.at, line.record.up, line.record.boot)
    return None


def _heard(tx: Connection, site: str, lines: Sequence[Line], plan: Plan | None) -> dict[tuple[bytes, int], Heard]:
    """What the office knows of these arrivals from other records and from tags' keys, by book and number."""
    arrivals = {
        (line.stored.book, line.stored.seq): line.body.evidence
        for line in lines
        if isinstance(line.body, kinds.StopArrived) and not line.apart
    }
    keys = keys_of(tx, site)
    rows = visits.find(tx, site, arrivals)
    return {(row.book, row.seq): hearings.tell(tx, row, arrivals[row.book, row.seq], keys, plan) for row in rows}


def _tunings(tx: Connection, site: str, lines: Sequence[Line]) -> dict[tuple[bytes, int], Tuning]:
    """What the office had set on the handhelds by the revisions that their evidence names."""
    arrivals = [(line.stored.book, line.body.evidence) for line in lines if isinstance(line.body, kinds.StopArrived)]
    named = {(book, judged_under(evidence)) for book, evidence in arrivals if judged_under(evidence)}
    return {(book, revision): tuning_of_book(tx, site, book, revision) for book, revision in named}


def _of_round(tx: Connection, piece: Piece, name: str) -> list[Line]:
    lines = [line for line in _lines(tx, piece.stored, piece.previous) if line.record.body.get("round") == name]
    return [replace(line, apart=True) for line in lines] if piece.apart else lines


def _sign_ins(tx: Connection, site: str, book: bytes, before: int) -> list[Line]:
    """The sign-ins on the handheld of the shift in which record `before` was made, oldest first."""
    span = (max(1, before - LOOKED_BACK), before - 1)
    stored = table.records_of_kinds(tx, site, book, *span, ("shift.opened", "crew.joined"))
    opened = [place for place, one in enumerate(stored) if one.kind == "shift.opened"]
    return [line for one in stored[opened[-1] if opened else 0 :] for line in _lines(tx, [one])]


def _once(tx: Connection, site: str, line: Line) -> Iterator[table.Once]:
    """What a record says, wherever it is listed: an urgent finding is an alarm too."""
    match line.body:
        case kinds.FindingRaised() as body:
            yield _finding(site, line, body)
        case PointExcused() as body:
            yield _excuse(tx, site, line, body)
        case MarkExplained() as body:
            if explained := _explanation(site, line, body):
                yield explained
    if alarm := _alarm(site, line):
        yield alarm


def _finding(site: str, line: Line, body: kinds.FindingRaised) -> FindingRow:
    detail = FindingDetail(
        ref=line.ref,
        kind=body.kind,
        category=body.category,
        phrase=body.phrase,
        words=body.words,
        point=body.point,
        stop=body.stop,
        fixed=body.fixed,
        by=line.record.by,
        photos=names_in(line.record.body),
    )
    return FindingRow(
        site, subject(line.stored), body.round, line.record.at, body.due, body.urgent, msgspec.json.encode(detail)
    )


def _alarm(site: str, line: Line) -> AlarmRow | None:
    detail = alarm_of(line.ref, line.record)
    if detail is None:
        return None
    is_finding = bool(detail.category)
    return AlarmRow(site, subject(line.stored), line.record.at, is_finding, msgspec.json.encode(detail))


def _witness(site: str, line: Line, body: WitnessSeen) -> WitnessRow:
    book, hashed, code = (part or "" for part in (body.book, body.hash, body.code))
    detail = WitnessDetail(line.ref, body.how, book, hashed, code, line.record.by)
    return WitnessRow(
        site, line.stored.book, line.stored.seq, detail.book, body.seq or 0, line.record.at, msgspec.json.encode(detail)
    )


def _excuse(tx: Connection, site: str, line: Line, body: PointExcused) -> ExcuseRow:
    """Who may excuse is told by the plan that held when it was said."""
    plan = plan_table.plan_at(tx, site, office_time(line.record))
    valid = plan is not None and may_excuse(plan, line.record.by)
    detail = ExcuseDetail(line.ref, body.reason, body.words, line.record.by, valid)
    first, last = (min(max(at, 0), visits.LATEST_MS) for at in (body.first, body.last))
    return ExcuseRow(site, subject(line.stored), body.point[:64], first, last, msgspec.json.encode(detail))


def _explanation(site: str, line: Line, body: MarkExplained) -> ExplanationRow | None:
    """None when it names no record."""
    book, _, number = body.record.partition(":")
    if not (_BOOK.fullmatch(book) and number.isascii() and number.isdigit() and len(number) < 16):
        return None
    detail = ExplanationDetail(line.ref, body.mark, body.words, line.record.by)
    return ExplanationRow(
        site, subject(line.stored), bytes.fromhex(book), int(number), line.record.at, msgspec.json.encode(detail)
    )


def subject(stored: Stored) -> str:
    """The id of what a record begins (decision 21)."""
    return f"{stored.book.hex()}:{stored.seq}"
