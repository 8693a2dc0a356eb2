"""Changing identities: the tag of now is named, the recording of it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties.rotating import NO_TABLES, SLACK, Tables, TagTable

WINDOW = 512_000
BEGAN = 1_780_000_000_000
IDS = tuple(f"{number:016x}" for number in range(40))
TABLE = TagTable("lobby", BEGAN, WINDOW, IDS)
OTHER = TagTable("roof", BEGAN + 7_000, WINDOW, tuple(f"{number:016x}" for number in range(1000, 1040)))
TABLES = Tables((TABLE, OTHER))


@pytest.mark.parametrize("windows", range(-SLACK, SLACK + 1))
def test_a_tag_whose_clock_is_two_windows_off_is_still_named(windows: int) -> None:
    assert TABLES.name(IDS[20], BEGAN + (20 + windows) * WINDOW + 1) == "lobby"
    assert TABLES.stale(IDS[20], BEGAN + (20 + windows) * WINDOW + 1) is None


@pytest.mark.parametrize("windows", [-19, -SLACK - 1, SLACK + 1, 19, 5000])
def test_a_recording_is_known_for_what_it_is(windows: int) -> None:
    assert TABLES.name(IDS[20], BEGAN + (20 + windows) * WINDOW + 1) is None
    assert TABLES.stale(IDS[20], BEGAN + (20 + windows) * WINDOW + 1) == "lobby"


def test_a_strangers_identity_is_nobodys() -> None:
    assert TABLES.name("ff" * 8, BEGAN) is None
    assert TABLES.stale("ff" * 8, BEGAN) is None
    assert NO_TABLES.name(IDS[0], BEGAN) is None


@given(st.integers(0, 39), st.integers(-(10**14), 10**14), st.sampled_from([TABLE, OTHER]))
def test_a_known_identity_is_either_of_now_or_a_recording(number: int, at: int, table: TagTable) -> None:
    eid = table.ids[number]
    now = (at - table.first) // WINDOW
    assert TABLES.name(eid, at) == (table.tag if abs(now - number) <= SLACK else None)
    assert {TABLES.name(eid, at), TABLES.stale(eid, at)} == {None, table.tag}
