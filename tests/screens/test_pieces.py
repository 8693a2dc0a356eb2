"""What pages are made of: fields of digits, rows of text, key hints, lists in pages, the status line, times."""

import ast
import asyncio
import gc
import weakref
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.screen import Screen

import screens
from app.duties.checks import reading
from app.ports import Hush
from app.text import cells
from screens.choices import Choices
from screens.gear import Contact
from screens.keys import ACTIONS
from screens.layout import banner, beside, flow, hints, line, two, width_of
from screens.menu import MenuPage
from screens.number import Digits, field
from screens.status import Standing, status_line
from screens.times import day, span
from screens.wrapping import plain, wrap
from tests.screens.world import SMALL, keys, world

ANY = st.text(st.characters(codec="utf-8") | st.sampled_from("中文，。 ab[]℃é\u0301⚠️"), max_size=80)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def typed(keys: str, empty: Digits) -> Digits:
    for key in keys:
        empty = empty.press(key)
    return empty


@pytest.mark.parametrize(
    ("keys", "shown"),
    [("", ""), ("4", "0.04"), ("42", "0.42"), ("402", "4.02"), ("4.2", "4.2"), ("4.25", "4.25"), ("4.256", "4.25"),
     ("-42", "-0.42"), ("42-", "-0.42"), ("4-2-", "0.42"), ("..5", ".5"), ("0042", "0.42")],
)  # fmt: skip
def test_two_fixed_decimals_are_filled_from_the_right_unless_the_point_is_typed(keys: str, shown: str) -> None:
    assert typed(keys, Digits(decimals=2, signed=True)).shown == shown


@given(st.text("0123456789.-", max_size=14), st.integers(0, 3))
def test_the_field_shows_what_the_watch_will_record(keys: str, decimals: int) -> None:
    digits = typed(keys, Digits(decimals=decimals, signed=True))
    if not digits.empty:
        assert float(reading(digits.typed, decimals)) == float(digits.shown)


@given(st.text("0123456789.-", max_size=30))
def test_rubbing_out_always_ends_at_an_empty_field(keys: str) -> None:
    digits = typed(keys, Digits(decimals=2, signed=True))
    for _ in range(len(keys) + 1):
        digits = digits.rub()
    assert digits.typed == ""


def test_a_pin_is_never_shown() -> None:
    pin = typed("1234", Digits(masked=True))
    assert "".join(text for text, _ in field("PIN", pin)) == "PIN [         ****_]"


@given(ANY)
def test_plain_text_holds_only_what_every_terminal_draws_in_the_same_width(text: str) -> None:
    for ch in plain(text):
        assert " " <= ch <= "~" or cells(ch) == 2
    assert plain(plain(text)) == plain(text)


@given(ANY, st.integers(4, 60), st.sampled_from(["", "  "]))
def test_wrapped_rows_fit_and_lose_nothing_but_spaces(text: str, width: int, indent: str) -> None:
    rows = wrap(text, width, indent)
    assert all(cells(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == plain(text).replace(" ", "")


def test_english_breaks_at_spaces_and_chinese_before_no_full_stop() -> None:
    assert wrap("down the stairs to B1", 12) == ["down the", "stairs to B1"]
    assert wrap("楼梯下到。", 8) == ["楼梯下", "到。"]
    assert wrap("下到楼梯口 (左转)", 12) == ["下到楼梯口", "(左转)"]


@pytest.mark.parametrize(
    "whole", ["11号楼", "2单元", "18层", "第37条", "密码 2222", "工号1002", "2小时", "信报箱", "解锁", "花园"]
)
def test_a_number_is_not_torn_from_what_it_counts_nor_a_value_from_its_name(whole: str) -> None:
    for width in range(11, 40):
        for before in range(1, 20):
            rows = wrap(f"{'走' * before}{whole}{'过' * 9}", width)
            assert any(whole in row for row in rows), (width, rows)


def test_a_short_chinese_phrase_is_not_torn_at_the_end_of_a_row() -> None:
    assert wrap("22:00-24:00 夜间一巡 进行中", 24) == ["22:00-24:00 夜间一巡", "进行中"]
    assert wrap("蓝牙服务太旧请扫标签并报管理员", 22) == ["蓝牙服务太旧请扫标签并", "报管理员"]
    assert wrap("蓝牙服务太旧请扫标签并报管理员", 28) == ["蓝牙服务太旧请扫标签并报", "管理员"]
    assert wrap("一二三四五六七八九十一二进行中", 28) == ["一二三四五六七八九十一二", "进行中"]
    assert wrap("一二三四五六七八九十", 8) == ["一二三四", "五六七八", "九十"]
    assert wrap("配电室", 4) == ["配电", "室"]


@given(st.lists(st.text("ab漏检1", min_size=1, max_size=8).map("x {}".format), max_size=7), st.integers(32, 60))
def test_facts_side_by_side_fit_and_none_is_torn(facts: list[str], width: int) -> None:
    rows = ["".join(text for text, _ in row) for row in flow(facts, "text", width, "  ")]
    assert all(cells(row) <= width for row in rows)
    assert "  ".join(row.removeprefix("  ") for row in rows) == "  ".join(facts)


@given(ANY, ANY, st.integers(1, 60))
def test_both_ends_of_a_row_fill_it_exactly(left: str, right: str, width: int) -> None:
    row = two(left, right, width)
    assert width_of(row) == width


@given(st.lists(st.tuples(st.sampled_from(["1", "Enter", "Backspace", "*"]), ANY), max_size=7), st.integers(12, 90))
def test_key_hints_fit_and_none_is_lost(pairs: list[tuple[str, str]], width: int) -> None:
    rows = hints(pairs, width)
    assert all(width_of(row) <= width for row in rows)
    assert [text.strip() for row in rows for text, role in row if role == "key"] == [key for key, _ in pairs]


def test_a_list_stands_beside_a_page_from_the_same_column() -> None:
    rows = beside([line("东门"), line("b")], [line("1"), line("2"), line("3")], 10, 3)
    assert ["".join(text for text, _ in row) for row in rows] == ["东门      1", "b         2", "          3"]


@given(ANY, st.integers(6, 60))
def test_a_banner_is_one_colour_from_edge_to_edge(text: str, width: int) -> None:
    assert all(width_of(row) == width for row in banner(text, "bad", width))


@given(st.integers(0, 40), st.integers(2, 20), st.integers(1, 4))
def test_every_item_of_a_list_can_be_reached_by_digits(count: int, height: int, rows: int) -> None:
    choices = Choices(range(count), lambda item: f"item {item} " + "x" * 15 * rows)
    reached: set[int] = set()
    for _ in range(count + 1):
        lines = choices.draw(22, height, lambda page, pages: "more")
        for key in "123456789":
            if any(row[0][0] == f"{key} " for row in lines):
                found = choices.pick(key)
                assert found is not None
                reached.add(found)
        choices.pick("0")
    assert reached == set(range(count))


def test_a_digit_without_an_item_chooses_nothing() -> None:
    choices = Choices(["a", "b"], str)
    choices.draw(20, 10, lambda page, pages: "")
    assert [choices.pick(key) for key in "0123-."] == [None, "a", "b", None, None, None]


@given(
    st.sampled_from(["zh", "en"]),
    st.integers(0, 10**7),
    st.none() | st.integers(0, 10**7),
    st.none() | st.integers(0, 100),
    st.sampled_from([None, "buzz", "light", "hush"]),
    st.booleans(),
    ANY,
    st.integers(8, 100),
)
def test_the_status_line_is_never_wider_than_the_screen(
    lang: str,
    unsent: int,
    away: int | None,
    battery: int | None,
    quiet: Hush | None,
    alarm: bool,
    name: str,
    width: int,
) -> None:
    standing = Standing(unsent, Contact(offline_s=away), battery, quiet, name, alarm=alarm)
    row = status_line(lang, standing, width)
    shown = "".join(text for text, _ in row)
    assert cells(shown) == width
    assert shown.endswith("F1")
    if width > 20:
        assert shown.startswith(f"Q:{unsent} ")


@pytest.mark.parametrize(("hush", "words"), [("buzz", "震动"), ("light", "静音亮灯"), ("hush", "静音"), (None, "声音")])
def test_the_quiet_hours_promise_only_what_the_handheld_can_do(hush: Hush | None, words: str) -> None:
    shown = "".join(text for text, _ in status_line("zh", Standing(0, None, quiet=hush), 60))
    assert words in shown.split()


def test_what_matters_least_leaves_the_status_line_first() -> None:
    standing = Standing(37, Contact(offline_s=7300), 77, "buzz", "张伟")
    shown = {width: "".join(text for text, _ in status_line("zh", standing, width)).rstrip() for width in (44, 36, 24)}
    assert shown[44].startswith("Q:37 未传 离线2小时 电77% 震动 张伟")
    assert "震动" not in shown[36]
    assert "张伟" in shown[36]
    assert shown[24] == "Q:37 离线2小时 电77%  F1"


def test_a_deadline_is_said_from_now_and_a_day_ends_at_24() -> None:
    now = datetime(2026, 11, 21, 22, 1, tzinfo=SHANGHAI)
    whens = ("2026-11-21T22:30", "2026-11-22T00:00", "2026-11-22T22:34", "2026-11-25T00:00")
    said = [day("zh", datetime.fromisoformat(when).replace(tzinfo=SHANGHAI), now) for when in whens]
    assert said == ["今天22:30", "今天24:00", "明天22:34", "11月25日00:00"]


def test_spans_are_said_in_one_unit() -> None:
    assert [span("en", seconds) for seconds in (0, 19, 60, 7300, 200_000)] == ["0s", "19s", "1min", "2h", "2d"]


def test_no_two_actions_share_a_key() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))


def test_no_page_takes_a_name_that_textual_uses_itself() -> None:
    """`_id` or `_closing` of a page would be the framework's own: the page would hang, or lose its name."""
    taken = set(dir(Screen()))
    ours = {}
    gc.collect()  # garbage that is reported while Python 3.11 parses breaks the parsing (SystemError)
    for path in (Path(screens.__file__).parent).glob("*.py"):
        for found in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(found, ast.ClassDef) and found.name.endswith("Page")):
                continue
            for each in ast.walk(found):
                match each:
                    case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                        ours[f"{path.stem}.{found.name}.{name}"] = name
                    case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("_"):
                        ours[f"{path.stem}.{found.name}.{name}"] = name
    clashes = {where for where, name in ours.items() if name in taken and not name.startswith("__")}
    assert clashes == set()


async def test_a_closed_page_is_thrown_away_when_nobody_presses_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.terminal.QUIET_S", 0.1)
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            gc.disable()
            try:
                await keys(pilot, "asterisk")
                page = weakref.ref(app.top)
                await keys(pilot, "backspace")
                assert not isinstance(app.top, MenuPage)
                async with asyncio.timeout(20):
                    while page() is not None:
                        await asyncio.sleep(0.02)
            finally:
                gc.enable()
