"""The shelf is a view: quick to put to, never half-written, and nothing is lost when it is."""

import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.logbook.book import Logbook
from app.logbook.shelf import Shelf
from tests.logbook.tools import QuickDisk, Ticks, words

BOOK = bytes(32)


def shelf(folder: Path, head: int = 100, book: bytes = BOOK) -> Shelf:
    return Shelf(folder, book, head, QuickDisk())


def test_a_document_is_found_by_our_own_id_also_after_a_restart(tmp_path: Path) -> None:
    first = shelf(tmp_path)
    first.put("asset", "XHS-A1-03-001", {"name": {"zh": "3层消火栓"}, "last": ["1.2", "1.3"]})
    first.put("finding", "ab:412", {"due": 1})
    first.put("finding", "ab:412", {"due": 2})
    first.upto = 7
    first.close()
    again = shelf(tmp_path)
    assert again.get("asset", "XHS-A1-03-001") == {"name": {"zh": "3层消火栓"}, "last": ["1.2", "1.3"]}
    assert again.get("finding", "ab:412") == {"due": 2}
    assert again.get("finding", "never there") is None
    assert again.upto == 7


def test_what_is_given_and_taken_is_a_copy(tmp_path: Path) -> None:
    one = shelf(tmp_path)
    given_ = {"readings": [1]}
    one.put("point", "P1", given_)
    given_["readings"].append(2)
    taken = one.get("point", "P1")
    assert taken == {"readings": [1]}
    taken["readings"].append(3)
    assert one.get("point", "P1") == {"readings": [1]}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"1.2", b"9.9"),
        lambda data: b"\0" * len(data),
        lambda data: b'{"a":1}',
    ],
)
def test_a_spoilt_snapshot_is_an_empty_shelf_that_is_filled_again(tmp_path: Path, spoil: Any) -> None:
    first = shelf(tmp_path)
    first.put("asset", "A", {"last": "1.2"})
    first.upto = 5
    first.save()
    path = tmp_path / "shelf.json"
    path.write_bytes(spoil(path.read_bytes()))
    again = shelf(tmp_path)
    assert (again.upto, again.get("asset", "A")) == (0, None)
    again.put("asset", "A", {"last": "1.2"})
    again.upto = 5
    again.save()
    again = shelf(tmp_path)
    assert (again.upto, again.get("asset", "A")) == (5, {"last": "1.2"})


def test_a_snapshot_of_another_book_or_of_a_longer_one_does_not_count(tmp_path: Path) -> None:
    first = shelf(tmp_path)
    first.put("asset", "A", {"last": "1.2"})
    first.upto = 50
    first.save()
    assert shelf(tmp_path, book=bytes([1]) * 32).get("asset", "A") is None
    assert shelf(tmp_path, head=49).get("asset", "A") is None
    assert shelf(tmp_path, head=50).get("asset", "A") is not None


def test_it_is_folded_on_from_where_it_stood(tmp_path: Path) -> None:
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    logbook.append(*(words(n) for n in range(4)))
    for entry in logbook.entries(logbook.shelf.upto + 1):
        logbook.shelf.put("record", str(entry.record.seq), {"kind": entry.record.kind})
        logbook.shelf.upto = entry.record.seq
    logbook.append(words(5))
    logbook.close()
    logbook = Logbook.open(tmp_path, Ticks(), QuickDisk())
    assert [e.record.seq for e in logbook.entries(logbook.shelf.upto + 1)] == [6]
    assert [logbook.shelf.get("record", str(n)) is not None for n in range(1, 7)] == [True] * 5 + [False]
    logbook.close()


_steps = st.tuples(
    st.sampled_from("ab"), st.sampled_from("xyz"), st.none() | st.dictionaries(st.text(max_size=3), st.integers(-9, 9))
)


@given(st.lists(_steps))
def test_whatever_is_put_and_removed_it_agrees_with_a_dictionary(
    steps: list[tuple[str, str, dict[str, int] | None]],
) -> None:
    one = Shelf(Path("/nonexistent"), BOOK, 0, QuickDisk())
    model: dict[tuple[str, str], dict[str, int]] = {}
    for table, key, document in steps:
        if document is None:
            one.remove(table, key)
            model.pop((table, key), None)
        else:
            one.put(table, key, document)
            model[table, key] = document
    for name in "abc":
        assert one.table(name) == {key: document for (table, key), document in model.items() if table == name}
    assert all(one.get(table, key) == model.get((table, key)) for table in "ab" for key in "xyz")


@pytest.mark.bench
def test_a_put_costs_the_same_among_ten_thousand(tmp_path: Path) -> None:
    small, large = shelf(tmp_path), shelf(tmp_path)
    for number in range(10_000):
        large.put("asset", str(number), {"last": "1.2"})
    spent: dict[str, list[float]] = {"small": [], "large": []}
    for number in range(300):
        for name, one in (("small", small), ("large", large)):
            began = time.perf_counter()
            one.put("asset", str(number % 10), {"last": "1.3"})
            one.get("asset", str(number % 10))
            spent[name].append(time.perf_counter() - began)
    assert median(spent["large"]) < 4 * median(spent["small"])
