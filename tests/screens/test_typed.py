"""Fields of digits: what is no digit is one sentence, and nothing that was typed is lost."""

from pathlib import Path

import pytest

from tests.screens.plans import label
from tests.screens.test_journey import begin
from tests.screens.world import SIGN_IN, SMALL, keys, scan, text, world

ALONE = f"{SIGN_IN} enter 1 enter"


@pytest.mark.parametrize(
    ("way", "typed", "field", "then", "after"),
    [
        ("", "1 0", "[           10_]", "0", "[          100_]"),
        ("1 0 0 1 enter", "1 2", "[           **_]", "3", "[          ***_]"),
        ("BEGIN 1", "1 7", "[           17_]", "5", "[          175_]"),
        ("READING", "4 0", "[           40_]", "3", "[          403_]"),
    ],
    ids=["number", "PIN", "code", "reading"],
)
async def test_a_letter_in_a_field_of_digits_is_one_sentence_and_the_field_stays(
    tmp_path: Path, way: str, typed: str, field: str, then: str, after: str
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            if way == "READING":
                await keys(pilot, ALONE)
                await scan(pilot, label("point:power"))
                way = "1"
            elif way.startswith("BEGIN"):
                await begin(pilot, here)
                way = way.removeprefix("BEGIN")
            before = len(here.records())
            await keys(pilot, f"{way} {typed}")
            count = len(here.records())
            assert count - before <= 1, "the choice before the reading is recorded, nothing else"
            for letter in ("a", "Q"):
                await keys(pilot, letter)
                assert "! Letters mean nothing here" in text(app)
                assert field in text(app)
            await keys(pilot, then)
            assert "Letters" not in text(app)
            assert after in text(app)
            assert len(here.records()) == count
