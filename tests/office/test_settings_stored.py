"""Settings of handhelds in the office's tables, on both databases."""

import asyncio
from functools import partial

from app.duties.tuning import Tuning
from app.tuning import tuning_of
from sync.courier import Courier
from sync.office import handheld_settings as rules
from sync.office.store import devices
from sync.office.store import settings as table
from tests.office.conftest import SITE, Handheld, Office, at


def test_revisions_have_no_gap_and_what_held_then_is_known_later(office: Office, handheld: Handheld) -> None:
    assert handheld.logbook.office is not None
    device, then = handheld.logbook.office.device, at("2020-01-01 00:00")
    change = partial(rules.change, site=SITE, by="x", now=then)

    async def at_once() -> None:
        each = [partial(change, device="", news={"margin_db": n}) for n in range(1, 9)]
        await asyncio.gather(*(office.store.write(one) for one in each))

    office.ask(at_once())
    office.ask(office.store.write(partial(change, device=device, news={"theme": "sun", "margin_db": 20})))
    office.ask(office.store.write(partial(change, device="", news={"margin_db": None, "ring": "pilot"})))
    rows = office.ask(office.store.read(lambda tx: table.history(tx, SITE, 20)))
    assert [row.sent.revision for row in rows] == list(range(10, 0, -1))
    assert len({row.sent.at for row in rows}) == 10, "a clock that stands still orders them all the same"
    assert [row.device for row in rows[:3]] == ["", device, ""]

    site = next(row.sent.values for row in rows if row.sent.revision == 8)
    book = handheld.logbook.book
    known = [
        office.ask(office.store.read(partial(rules.tuning_of_book, site=SITE, book=book, upto=n)))
        for n in (8, 9, 10, 11)
    ]
    assert known == [
        Tuning(8, site),
        Tuning(9, {"theme": "sun", "margin_db": 20}),
        Tuning(10, {"ring": "pilot", "theme": "sun", "margin_db": 20}),
        Tuning(),
    ]
    assert office.ask(office.store.read(lambda tx: rules.rings(tx, devices.every(tx, SITE)))) == {"pilot"}
    assert office.ask(office.store.read(partial(devices.named_by, book=b"?" * 32))) == ""

    office.now = handheld.clock.now().at
    Courier(handheld.logbook, handheld.clock).exchange()
    assert tuning_of(handheld.logbook) == known[2]
