"""No page reads through a whole table of what grows, nor through all that a site has of it: an index answers."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.office.conftest import SITE, Handheld, Office, office_on
from tests.office.test_doors import DRAWN, GETS, Scene

GROWS = frozenset(
    {
        "records", "head_signatures", "rounds", "round_stops", "findings", "alarms", "excuses", "explanations",
        "visits", "entries", "cases", "readings", "matter_records", "audit", "reviewed", "reviews", "named_blobs",
    }
)  # fmt: skip
"""Tables with a row for every record, stop, finding, line … of years."""
FEW = ("visits_again", "records_gone", "cases_open", "audit_by_site")
"""Indexes of the few rows of such a table that wait for something, or are gone; that of the audit has
them in the order in which a page lists them."""
SCANNED = re.compile(r"SCAN (\w+)|SEARCH (\w+) USING (?:COVERING )?(?:INDEX \w+|PRIMARY KEY) \(site=\?\)$")
"""A whole table, or all of one site."""


@contextmanager
def listening() -> Iterator[dict[str, Any]]:
    """What is asked of a database meanwhile, with what it was asked for."""
    asked: dict[str, Any] = {}

    def hear(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")) and not many:
            asked.setdefault(statement, parameters)

    event.listen(Engine, "before_cursor_execute", hear)
    yield asked
    event.remove(Engine, "before_cursor_execute", hear)


@contextmanager
def scene_on(engine: str, folder: Path) -> Iterator[Scene]:
    office = office_on(engine, folder / "office")
    handheld = Handheld(office, folder / "handheld")
    yield Scene(office, handheld)
    handheld.close()
    office.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene_on("sqlite", tmp_path_factory.mktemp("scans")) as it:
        yield it


def pages(scene: Scene) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each page, and what was asked of the database to show it: as it is first, of any site, and of a month."""
    with closing(scene.limited("admin")) as browser:
        for path in GETS:
            if path in DRAWN or path == "/plans/example.xlsx":
                continue
            with listening() as asked:
                assert scene.get(browser, path, site=SITE).status_code in (200, 303), path
                for query in ({}, {"site": SITE, "from": "2026-11-01", "to": "2026-11-30", "q": "x"}):
                    assert scene.get(browser, path, **query).status_code < 500, path
            assert asked
            yield path, asked


def scans(office: Office, asked: dict[str, Any]) -> dict[str, str]:
    """By statement: what it reads through."""

    def explain(tx: Any) -> dict[str, str]:
        found = {}
        for statement, parameters in asked.items():
            plan = list(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
            for row in plan:
                match = SCANNED.match(row[3])
                scanned = match and (match[1] or match[2]) in GROWS and not any(index in row[3] for index in FEW)
                sorted_after = any("TEMP B-TREE" in each[3] for each in plan)
                if scanned and (sorted_after or not (_first_page(statement) or _leaps(statement))):
                    found[statement] = row[3]
        return found

    return office.ask(office.store.read(explain))


def _first_page(statement: str) -> bool:
    """A list of everything, or of all of one site, in the order of its index as far as one page goes."""
    return bool(re.search(r"FROM \w+\s+(WHERE \w+\.site = \?\s+)?(ORDER BY .*)?LIMIT", statement, re.DOTALL))


def _leaps(statement: str) -> bool:
    """From one value of an index to the next (store/loose.py, store/walked.py): of all of a site only the first is
    read."""
    return statement.startswith("WITH RECURSIVE each_") and ("min(" in statement or "LIMIT" in statement)


def test_no_page_reads_through_what_grows(scene: Scene) -> None:
    for path, asked in pages(scene):
        assert scans(scene.office, asked) == {}, path


@pytest.mark.proof
def test_every_page_can_be_read_out_of_a_postgresql(tmp_path: Path) -> None:
    with scene_on("postgresql", tmp_path) as scene:
        assert sum(1 for _ in pages(scene)) > 40
