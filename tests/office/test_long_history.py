"""What a page asks of a site costs the same number of steps however long the site's history is.

Steps are those of SQLite's machine, which do not depend on how fast this one is.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, create_engine

from sync.office.store import cases, closure, tables, visits
from sync.office.store.cases import FINDING, HAZARD, ORDER, CaseRow
from sync.office.store.paging import Span
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
    done = at + 1000 if day < LONG - 2 else None
    for sort in (ORDER, FINDING):
        row = CaseRow(site=SITE, case=f"{sort}:{day}", sort=sort, state="open", opened_at=at, book=b"b", seq=day)
        cases.put(tx, replace(row, due_at=at + 500, done_at=done, closed_at=done))


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
