"""What a handheld keeps in mind of matters that others see to as well: how many records, and whether two clash."""

from pathlib import Path

import msgspec

from app.logbook.book import Draft, Logbook, Received
from app.memory import MATTER, Memory
from app.record import Record, encode
from tests.garden import HandClock, QuickDisk
from tests.logbook.tools import SMALL, receipt

BOOK, OTHER = "ab" * 32, "cd" * 32
ORDER = f"{BOOK}:7"
TAKEN: dict[str, object] = {
    "origin": "radio", "category": "repair", "phrase": "pipe", "words": "Pipe", "person": "zhang", "to": "fitter",
    "respond": None, "due": 1_800_000_000_000, "urgent": False, "point": None, "room": "501",
}  # fmt: skip


def sent(book: str, seq: int, kind: str, body: dict[str, object]) -> dict[str, object]:
    record = Record(1_700_000_000_000 + seq, body, "boot", ("zhang",), kind, 0, seq, seq, 1)
    return {"book": book, "record": msgspec.Raw(encode(record))}


def page(*records: dict[str, object]) -> Received:
    return Received(MATTER, ORDER, len(records), msgspec.json.encode({"records": records}))


def accepted(person: str, saw: int) -> dict[str, object]:
    return {"order": ORDER, "person": person, "saw": saw}


def test_a_record_that_was_pruned_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    logbook = Logbook.open(tmp_path / "book", HandClock(), QuickDisk(), SMALL)
    logbook.receive([page(sent(BOOK, 7, "order.taken", TAKEN))], "1")
    memory = Memory(logbook)
    memory.take(logbook.append(Draft("order.accepted", accepted("li", 1), ("li",))))
    assert memory.known_of(ORDER) == 2
    for _ in range(30):
        memory.take(logbook.append(*[Draft("sensor.read", {"value": "1"})] * 10))
    (mine,) = memory.state.mine[ORDER]
    logbook.receipt(receipt(logbook, logbook.head.seq, at=1))
    while logbook.prune(0):
        pass
    assert logbook.entry(mine) is None
    assert next(logbook.entries(mine, 1)).record.kind == "sensor.read"
    going = sent(OTHER, 3, "order.going", {"order": ORDER})
    logbook.receive([page(sent(BOOK, 7, "order.taken", TAKEN), going)], "2")
    memory.take_relayed()
    assert ORDER not in memory.state.mine
    assert memory.known_of(ORDER) == 2, "what the office sent, and nothing that came to stand in the gap"
    logbook.close()


def test_a_clash_is_read_once_for_as_many_records_as_are_known(tmp_path: Path) -> None:
    """A screen asks at each drawing: the page is not on the disk any more when it asks again."""
    logbook = Logbook.open(tmp_path / "book", HandClock(), QuickDisk())
    two = (sent(book, 9, "order.accepted", accepted(who, 1)) for book, who in ((BOOK, "zhang"), (OTHER, "li")))
    logbook.receive([page(sent(BOOK, 7, "order.taken", TAKEN), *two)], "1")
    memory = Memory(logbook)
    (file,) = (tmp_path / "book" / "received").glob("*.json")
    body = file.read_bytes()
    first = memory.clash(ORDER)
    assert [record.body["person"] for record in first] == ["zhang", "li"]
    file.unlink()
    assert memory.clash(ORDER) is first
    file.write_bytes(body)
    memory.take(logbook.append(Draft("order.accepted", accepted("li", 3), ("li",))))
    assert memory.clash(ORDER) == (), "whoever knew of both has settled it"
    logbook.close()
