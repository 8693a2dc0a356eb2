"""What goes next, and when: laws of the outbox."""

from hypothesis import given
from hypothesis import strategies as st

from sync.outbox import (
    BATCH_BYTES,
    FIRST_BATCH,
    IDLE_S,
    MAX_BATCH,
    MAX_WAIT_S,
    Outbox,
    Span,
    agreed,
    failed,
    fitting,
    rewound,
    settled,
    shrunk,
    span,
    taken,
    wait_s,
)


def holes_in(numbers: list[int]) -> list[Span]:
    """Holes of one to three numbers, with at least one number between them."""
    return [Span(at * 5 + 1, at * 5 + 1 + at % 3) for at in sorted(set(numbers))]


@given(st.integers(1, 60), st.integers(0, 80), st.integers(1, 30), st.lists(st.integers(0, 12), max_size=6))
def test_batches_walk_over_every_number_that_is_there(first: int, head: int, size: int, where: list[int]) -> None:
    holes = holes_in(where)
    lost = {number for hole in holes for number in range(hole.first, hole.last + 1)}
    outbox = Outbox(next=first, size=size)
    sent: list[int] = []
    while (batch := span(outbox, head, holes)) is not None:
        assert batch.first <= batch.last <= head
        assert batch.last - batch.first < outbox.size
        numbers = range(batch.first, batch.last + 1)
        assert not lost & set(numbers)
        sent += numbers
        outbox = taken(outbox, batch.last)
    assert sent == [number for number in range(first, head + 1) if number not in lost]


def test_batches_grow_while_they_are_taken_and_shrink_when_they_are_not() -> None:
    outbox = Outbox(next=1)
    sizes = [outbox.size]
    for high_water in (50, 150, 350, 750, 1250):
        outbox = taken(outbox, high_water)
        sizes.append(outbox.size)
    assert sizes == [FIRST_BATCH, 100, 200, 400, MAX_BATCH, MAX_BATCH]
    assert shrunk(outbox).size == 250
    assert shrunk(Outbox(next=1, size=1)).size == 1


@given(st.lists(st.integers(1, 70_000), min_size=1, max_size=200), st.integers(1, 300_000))
def test_a_batch_stays_within_its_bytes_or_holds_one_record(sizes: list[int], limit: int) -> None:
    count = fitting(sizes, limit)
    assert 1 <= count <= len(sizes)
    assert sum(sizes[:count]) <= limit or count == 1
    assert count == len(sizes) or sum(sizes[: count + 1]) > limit


def test_the_largest_records_still_fit() -> None:
    assert fitting([64 * 1024] * 500) == BATCH_BYTES // (64 * 1024)


@given(st.integers(1, 10_000), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 3600)))
def test_after_any_number_of_failures_there_is_another_try(failures: int, draw: float, asked: float | None) -> None:
    wait = wait_s(Outbox(next=1, failures=failures), draw, asked)
    assert (asked or 0) <= wait <= max(MAX_WAIT_S, asked or 0)


def test_the_wait_is_anything_up_to_a_bound_that_doubles() -> None:
    bounds = [wait_s(Outbox(next=1, failures=n), 1.0) for n in range(1, 13)]
    assert bounds == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert [wait_s(Outbox(next=1, failures=n), 0.0) for n in range(1, 5)] == [0, 0, 0, 0]


def test_success_or_a_wish_makes_the_waits_small_again() -> None:
    outbox = Outbox(next=1)
    for _ in range(9):
        outbox = failed(outbox)
    assert wait_s(outbox, 1.0) == 512
    assert wait_s(failed(settled(outbox)), 1.0) == 2
    assert wait_s(settled(outbox), 1.0) == IDLE_S
    assert wait_s(settled(outbox), 1.0, 3000.0) == 3000


def test_an_office_that_lost_records_gets_them_again() -> None:
    assert span(rewound(Outbox(next=400), 120), 400) == Span(121, 170)


@given(st.integers(-5, 2000), st.integers(-5, 2**24), st.integers(1, 12))
def test_batches_stay_within_what_the_office_takes(events: int, size: int, taken_so_often: int) -> None:
    outbox = agreed(Outbox(next=1), events, size)
    for number in range(taken_so_often):
        assert 1 <= outbox.size <= max(1, min(events, MAX_BATCH))
        outbox = taken(outbox, number)
    assert outbox.weight <= min(BATCH_BYTES, size / 2)


def test_a_night_without_a_network_wakes_an_idle_handheld_some_seventy_times() -> None:
    """Half of each bound on the average; with an alarm that waits it is tried four times a minute and more."""
    for urgent, most in ((False, 80), (True, 8 * 3600 // 7)):
        outbox, slept, tries = failed(Outbox(next=1)), 0.0, 0
        while slept < 8 * 3600:
            slept += wait_s(outbox, 0.5, urgent=urgent)
            outbox, tries = failed(outbox), tries + 1
        assert tries <= most
    assert tries > 8 * 60 * 4
