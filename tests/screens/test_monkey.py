"""Wrong keys: thousands of them, with codes and beacons between, never end the program or spoil a page."""

import random
from pathlib import Path

import pytest

from app import witness
from screens.page import LEAST
from tests.screens.plans import label
from tests.screens.walk import check
from tests.screens.world import SMALL, keys, pressed, scan, settle, world

KEYS = [
    *"0123456789", *"1234", "enter", "enter", "enter", "backspace", "asterisk", "full_stop", "minus", "up", "down",
    "escape", "f1", "f2", "f3", "f4", "f5", "f6", "a", "tab", "space", "W", "left", "home", "ctrl+z",
]  # fmt: skip
CODES = [label(name) for name in ("person:zhang-wei", "person:li-min", "person:wang-fang", "point:gate", "point:power",
                                  "point:shed", "point:pond", "asset:1aa1", "point:nobodys")]  # fmt: skip
CODES.append(witness.payload(witness.Head(bytes(32), 7, bytes(32))))
SIZES = [(40, 20), (80, 24), (30, 15), (20, 6), (1, 1), (120, 40)]


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(3))
async def test_a_monkey_at_the_keys_meets_no_fault(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with world(tmp_path / "book") as here:
        app = here.terminal(chance.choice(["zh", "en"]), chance.choice(["day", "night"]))
        async with app.run_test(size=SMALL) as pilot:
            await scan(pilot, label("person:zhang-wei"))
            await keys(pilot, "enter")
            for turn in range(40):
                for _ in range(12):
                    key = chance.choice(KEYS)
                    app.post_message(pressed(key, chance.choice((0, 1))))
                here.clock.pass_by(chance.random() * 20)
                if chance.random() < 0.3:
                    await scan(pilot, chance.choice(CODES))
                if here.radio.listeners:
                    here.radio.beacon(chance.randint(1, 9), chance.randint(-100, -40))
                await settle(pilot, 1)
                if turn % 10 == 9:
                    await pilot.resize_terminal(*chance.choice(SIZES))
                    await settle(pilot, 1)
                if app.size.width >= LEAST[0] and app.size.height >= LEAST[1]:
                    check(app, f"seed {seed} turn {turn} {type(app.screen).__name__}")
            assert app.is_running
            assert here.radio.most <= 1
        assert "shift.opened" in here.kinds()
