"""Papers on either database: made from the same records, kept once, listed page by page, forgotten with the rounds."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sync.office.papers import NAMES, keeping
from sync.office.papers.source import Wish
from sync.office.store import papers as table
from sync.office.store import retention
from sync.office.store.retention import Hold
from tests.office.conftest import SITE, Office
from tests.office.papers_told import DAY, Told, made

pytestmark = pytest.mark.proof
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def told(office: Office, tmp_path: Path) -> Iterator[Told]:
    it = Told(office, tmp_path / "told")
    yield it
    it.close()


def test_papers_are_kept_once_and_had_again_until_rounds_are_forgotten(told: Told) -> None:
    office, now = told.office, told.office.now
    wholes = {name: made(told, name) for name in NAMES}
    for number, (name, whole) in enumerate(wholes.items()):
        row, content = keeping.row_of(whole, Wish(name, SITE, DAY, DAY, "zh"), now + number, "chief")
        for _ in range(2):
            office.ask(office.store.write(partial(table.keep, row=row, content=content)))
    first = office.ask(office.store.read(lambda tx: table.listed(tx, SITE, most=10)))
    rest = office.ask(office.store.read(lambda tx: table.listed(tx, SITE, first[-1].place, most=10)))
    assert [row.name for row in (*first, *rest)] == list(NAMES)[::-1]
    for row in first:
        again = partial(keeping.found, site=SITE, name=row.paper, url="https://office.example")
        found = office.ask(office.store.read(again))
        assert found is not None
        assert found[1] == wholes[row.name]
    later = now + (office.plan().settings.keep_days + 1) * DAY_MS
    office.ask(office.store.write(lambda tx: keeping.forget_old(tx, SITE, office.plan(), later)))
    assert office.ask(office.store.read(lambda tx: table.count(tx, SITE))) == len(NAMES) - 1
    later = now + (office.plan().settings.keep_safety_days + 1) * DAY_MS
    hold = Hold(SITE, "court", now - DAY_MS, now, "asked by the court", now)
    office.ask(office.store.write(lambda tx: retention.add_hold(tx, hold)))
    office.ask(office.store.write(lambda tx: keeping.forget_old(tx, SITE, office.plan(), later)))
    assert office.ask(office.store.read(lambda tx: table.count(tx, SITE))) == len(NAMES) - 1, "what is on hold stays"
    office.ask(office.store.write(lambda tx: retention.remove_hold(tx, SITE, "court")))
    office.ask(office.store.write(lambda tx: keeping.forget_old(tx, SITE, office.plan(), later)))
    assert office.ask(office.store.read(lambda tx: table.count(tx, SITE))) == 0


def test_of_several_workers_one_makes_a_sheet_and_another_when_it_gave_up(office: Office) -> None:
    def claim(now: int) -> bool:
        return office.ask(office.store.write(lambda tx: table.claim(tx, SITE, "2026-11-21", now, 1000)))

    assert [claim(0), claim(999), claim(1000), claim(1500)] == [True, False, True, False]
    office.ask(office.store.write(lambda tx: table.sheet_made(tx, SITE, "2026-11-21", "0" * 64)))
    assert claim(9_999) is False
    assert office.ask(office.store.read(lambda tx: table.sheets_of(tx, SITE, "2026-11-01"))) == {"2026-11-21": "0" * 64}
