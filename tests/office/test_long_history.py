"""What a page asks of a site costs the same number of steps however long the site's history is.

Steps are those of SQLite's machine, which do not depend on how fast this one is.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, create_engine, insert

from sync.office.store import cases, closure, entries, readings, tables, visits, walked
from sync.office.store.cases import FINDING, HAZARD, ORDER, CaseRow
from sync.office.store.entries import EntryRow
from sync.office.store.paging import Span
from sync.office.store.readings import ReadingRow
from sync.office.store.rounds import rounds
from sync.office.store.visits import VisitRow

SITE = "east"
DAY = 86_400_000
SHORT, LONG = 20, 400
"""Days of history."""


@pytest.fixture(scope="module")
def histories() -> Iterator[tuple[Connection, Connection]]:
    """Of the same few tags and points, and of one order and one finding a day: a short one and a long one."""
    engines = [create_engine("sqlite://", module=sqlite) for _ in range(2)]
    with engines[0].begin() as few, engines[1].begin() as many:
        for tx, days in ((few, SHORT), (many, LONG)):
            tables.metadata.create_all(tx)
            for day in range(LONG - days, LONG):
                _live(tx, day)
        yield few, many


def _live(tx: Connection, day: int) -> None:
    """A day: every tag heard, every point once without; an order done, a finding put right, the last two not."""
    at = day * DAY
    for n in range(3):
        heard = VisitRow(SITE, b"b", day * 9 + n, "r", f"p{n}", at, format="ibeacon", tag=f"t{n}", radio="heard")
        visits.put(tx, replace(heard, battery_pct=90, health=40))
        visits.put(tx, VisitRow(SITE, b"b", day * 9 + 5 + n, "r", f"p{n}", at + 1, radio="silent"))
        entries.put(tx, [EntryRow(SITE, "person", f"p{n}", at, b"b", day * 9 + n, "crew.joined")])
        _measure(tx, day * 9 + n, f"a{n}" if n else "", at)
        _walk(tx, f"s{n}@{date(2026, 1, 1) + timedelta(day)}T22:00")
    done = at + 1000 if day < LONG - 2 else None
    for sort in (ORDER, FINDING):
        row = CaseRow(site=SITE, case=f"{sort}:{day}", sort=sort, state="open", opened_at=at, book=b"b", seq=day)
        cases.put(tx, replace(row, due_at=at + 500, done_at=done, closed_at=done))


def _measure(tx: Connection, seq: int, asset: str, at: int) -> None:
    measured = ("number", asset, "p", "volt", "list", at, 230.0, "230", "V", None, None, None, "ok", f"r{seq}", "")
    readings.put_round(tx, SITE, f"r{seq}", [ReadingRow(SITE, b"b", seq, *measured)])


def _walk(tx: Connection, slot: str) -> None:
    row = {"site": SITE, "round": f"{slot}#1", "slot": slot, "day": slot[3:13], "book": b"b", "detail": b"{}"}
    tx.execute(insert(rounds), {**row, "opens": 0, "started": 0, "first_seq": 1, "last_seq": 1})


def steps(tx: Connection, ask: Callable[[Connection], Any]) -> tuple[int, Any]:
    """How many steps a question takes, and its answer."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    raw = tx.connection.dbapi_connection
    assert raw is not None
    raw.set_progress_handler(count, 1)
    answer = ask(tx)
    raw.set_progress_handler(None, 1)
    return taken, answer


LAST = Span((LONG - 4) * DAY, LONG * DAY)
QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "when each tag was heard last": lambda tx: visits.last_heard(tx, SITE),
    "what each tag told of its battery": lambda tx: visits.last_powered(tx, SITE),
    "how worn each label is": lambda tx: visits.last_health(tx, SITE),
    "since when beacons are silent": lambda tx: visits.silent_since(tx, SITE),
    "orders done lately": lambda tx: closure.done_orders(tx, SITE, LAST),
    "what is late": lambda tx: closure.late(tx, SITE, (ORDER, FINDING, HAZARD), LONG * DAY, LONG * DAY),
    "what each person did last": lambda tx: entries.newest(tx, SITE, "person"),
    "what was read last of each asset": lambda tx: readings.last_of_assets(tx, SITE),
    "when each schedule was walked last": lambda tx: walked.last_walked(tx, SITE),
    "how much is open": lambda tx: cases.tallies(tx, (SITE,), LONG * DAY),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_takes_no_more_steps_of_a_long_history(
    histories: tuple[Connection, Connection], question: str
) -> None:
    (few, short), (many, long) = (steps(tx, QUESTIONS[question]) for tx in histories)
    assert short == long
    assert short
    assert few == many


def test_what_was_last_is_told_of_each_and_an_odd_name_hides_nothing(histories: tuple[Connection, Connection]) -> None:
    tx, last = histories[0], LONG - 1
    done = {key: row.at for key, row in entries.newest(tx, SITE, "person").items()}
    read = {asset: row.at for asset, row in readings.last_of_assets(tx, SITE).items()}
    assert (done, read) == (dict.fromkeys(("p0", "p1", "p2"), last * DAY), dict.fromkeys(("a1", "a2"), last * DAY))
    with tx.begin_nested() as odd:
        for slot in ("9", "@", "s1", "s1T", "s2T"):
            _walk(tx, slot)
        days = walked.last_walked(tx, SITE)
        odd.rollback()
    assert {schedule: days[schedule] for schedule in ("s0", "s1", "s2")} == dict.fromkeys(
        ("s0", "s1", "s2"), str(date(2026, 1, 1) + timedelta(last))
    )
