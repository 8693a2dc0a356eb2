"""What a record costs on a metered line: bytes of full batches, packed, as they go to the office."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from app.logbook.book import Logbook
from bench.table import Figure
from sync.lane import Lane
from sync.office.demo import HastyDisk
from sync.outbox import Outbox
from sync.wire import MAX_EVENTS, pack
from tests.sync.places import WallClock
from tests.sync.test_cost import night

BATCHES: Final = 4
GOAL: Final = 65


def run() -> Sequence[Figure]:
    clock = WallClock()
    with TemporaryDirectory() as folder:
        logbook = Logbook.open(Path(folder), clock, HastyDisk())
        for draft in night(stops=BATCHES * MAX_EVENTS // 4):
            clock.walked_ms += 7_000 + len(draft.body) * 1234 % 9000
            logbook.append(draft)
        sizes = [
            len(pack(msgspec.json.encode(batch))) / len(batch.records)
            for batch in Lane(logbook, Outbox(next=1, size=MAX_EVENTS)).batches()
            if len(batch.records) == MAX_EVENTS
        ]
        logbook.close()
    assert len(sizes) == BATCHES
    return [("bytes of a record in a batch of 500", max(sizes), GOAL)]
