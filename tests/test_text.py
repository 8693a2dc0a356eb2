"""Text from outside: whatever it holds, a terminal cannot obey it."""

from hypothesis import given
from hypothesis import strategies as st

from app.text import cells, clean, fit


@given(st.text())
def test_no_control_or_direction_character_survives(text: str) -> None:
    for ch in clean(text):
        assert ord(ch) >= 0x20
        assert not 0x7F <= ord(ch) <= 0x9F
        assert ch not in "\u202e\u2066\u200f\ufeff\u2028"


def test_chinese_and_english_come_through_unchanged() -> None:
    assert clean("3号楼B1 配电室门外, left at 80%") == "3号楼B1 配电室门外, left at 80%"


@given(st.text(), st.integers(0, 80))
def test_what_is_fitted_never_takes_more_cells_than_there_are(text: str, width: int) -> None:
    assert cells(fit(clean(text), width)) <= width


def test_a_chinese_character_takes_two_cells() -> None:
    assert cells("东门 A1") == 7
    assert fit("配电室门外", 7) == "配电室~"


@given(st.text(max_size=2000))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)
