"""Laws of the registers: what a line may hold, who is still inside, when the next entry is due."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties import registers
from app.duties.provisions import Column, Register
from app.duties.registers import Line, Registers
from app.duties.texts import Choice, Text

HERE = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")

VISITORS = Register(
    id="visitors",
    name=Text("访客登记", "Visitors"),
    columns=(
        Column("room", "room", Text("房号", "room")),
        Column("phone", "digits", Text("手机后四位", "last four digits"), size=4, personal=True),
        Column("people", "count", Text("人数", "people")),
        Column(
            "why",
            "choice",
            Text("事由", "purpose"),
            (Choice("visit", Text("访友")), Choice("fire", Text("火警"), ok=False)),
        ),
        Column("page", "digits", Text("纸本页码", "page"), optional=True),
    ),
    ends=Text("离开", "left"),
    limit="22:30",
)
WHOLE = {"room": "3-1-501", "phone": "0471", "people": "2", "why": "visit"}


@pytest.mark.parametrize(
    ("column", "answer", "why"),
    [
        ("room", "", "missing"),
        ("room", "张三", "room"),
        ("room", "3-1-501\n", "room"),
        ("phone", "471", "size"),
        ("phone", "04a1", "digits"),
        ("phone", "٠٤٧١", "digits"),
        ("people", "0", "count"),
        ("people", "1000", "count"),
        ("why", "shopping", "choice"),
        ("page", "12a", "digits"),
    ],
)
def test_a_column_takes_only_what_it_is_for(column: str, answer: str, why: str) -> None:
    asked = next(each for each in VISITORS.columns if each.id == column)
    assert registers.check(asked, answer) == registers.Fault(column, why)


def test_a_whole_line_is_taken_and_only_a_choice_that_is_not_ok_wants_a_look() -> None:
    assert [registers.check(column, WHOLE.get(column.id, "")) for column in VISITORS.columns] == [None] * 5
    assert not registers.worth_a_look(VISITORS, WHOLE)
    assert registers.worth_a_look(VISITORS, {**WHOLE, "why": "fire"})


@given(st.sampled_from(VISITORS.columns), st.text(max_size=20))
def test_no_answer_whatever_breaks_the_check(column: Column, answer: str) -> None:
    fault = registers.check(column, answer)
    assert fault is None or fault.column == column.id


def at(text: str, zone: ZoneInfo = HERE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("began", "ends"),
    [
        ("2026-11-21T19:00", "2026-11-21T22:30"),
        ("2026-11-21T22:30", "2026-11-22T22:30"),
        ("2026-12-31T23:00", "2027-01-01T22:30"),
    ],
)
def test_a_visitor_stays_until_the_next_evening_limit(began: str, ends: str) -> None:
    assert registers.ends_by(VISITORS, at(began)) == int(at(ends).timestamp() * 1000)


def test_a_span_counts_real_time_across_a_clock_change() -> None:
    keys = Register("keys", Text("备用钥匙"), (), limit="4h")
    began = at("2026-10-25T01:00", BERLIN)
    assert registers.ends_by(keys, began) == int((began.timestamp() + 4 * 3600) * 1000)
    assert registers.ends_by(Register("log", Text("值班记录"), ()), began) is None


def test_a_limit_is_a_time_or_a_span() -> None:
    assert [registers.is_limit(text) for text in ("22:30", "4h", "30min", "24:00", "2d", "", "٤h")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip


@given(st.integers(0, 3 * 24 * 60), st.integers(0, 3 * 24 * 60))
def test_whoever_is_overdue_stays_so_until_somebody_ends_the_line(began_min: int, later_min: int) -> None:
    start = at("2026-11-20T12:00")
    line = Line("b:1", "visitors", int((start + timedelta(minutes=began_min)).timestamp() * 1000), WHOLE)
    now = start + timedelta(minutes=began_min + later_min)
    if registers.overdue(VISITORS, [line], now):
        assert registers.overdue(VISITORS, [line], now + timedelta(hours=1)) == (line,)
        assert line.at < int(now.timestamp() * 1000)


def test_an_entry_is_due_every_two_hours_of_the_duty() -> None:
    log = Register("control", Text("消控值班记录"), (), every_min=120)
    hour = 3_600_000
    assert registers.next_due(log, None, 6 * hour, 7 * hour) == 8 * hour
    assert registers.next_due(log, 7 * hour, 6 * hour, 8 * hour) == 9 * hour
    assert registers.next_due(log, 3 * hour, 6 * hour, 7 * hour) == 8 * hour, "the shift before wrote that one"
    assert registers.next_due(log, 99 * hour, 6 * hour, 7 * hour) == 8 * hour, "a clock that was ahead puts nothing off"
    assert registers.next_due(VISITORS, None, 0, 1) is None


def test_a_clock_that_was_ahead_and_is_right_again_does_not_ask_for_a_line_that_is_written() -> None:
    log, hour = Register("control", Text("消控值班记录"), (), every_min=120), 3_600_000
    state = registers.entered(Registers(), Line("b:1", "control", 999 * hour, {}), stays=False)
    state = registers.entered(state, Line("b:2", "control", 7 * hour, {}), stays=False)
    assert registers.next_due(log, state.last["control"], 4 * hour, 8 * hour) == 9 * hour


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40))
def test_inside_is_who_came_in_and_did_not_leave(moves: list[tuple[int, bool]]) -> None:
    state, inside = Registers(), set[str]()
    for number, (who, leaves) in enumerate(moves):
        id = f"b:{who}"
        if leaves:
            state, inside = registers.ended(state, id), inside - {id}
        else:
            state = registers.entered(state, Line(id, "visitors", number, WHOLE), stays=True)
            inside |= {id}
    assert set(state.open) == inside


@given(st.integers(0, 400), st.integers(1, 60), st.booleans())
def test_a_personal_text_lives_as_long_as_its_register_says_and_while_its_line_is_open(
    days: int, keeps: int, is_open: bool
) -> None:
    register = replace(VISITORS, retention_days=keeps)
    state = registers.entered(Registers(), Line("b:1", "visitors", 0, {}, "", {"phone": "ab"}), stays=True)
    state = state if is_open else registers.ended(state, "b:1")
    now = days * 24 * 3600 * 1000
    assert (registers.outlived([register], state, now) == ("ab",)) == (days >= keeps and not is_open)
    assert registers.outlived([], state, now) == (), "of a register that the plan dropped nobody knows how long"
