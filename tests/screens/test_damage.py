"""Damage of the book is said to whoever is there when it is found."""

import asyncio
from pathlib import Path

import pytest

from app.logbook.book import Draft
from app.words import say
from screens.terminal import Terminal
from tests.screens.plans import label
from tests.screens.world import scan, world


def said(app: Terminal) -> str:
    return app.notice[0] if app.notice else ""


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_damage_found_in_idle_time_is_said_on_the_running_screen_until_the_next_key(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path) as here:
        here.book.append(Draft("sensor.read", {"value": "1"}))
    with world(tmp_path) as here:
        here.book.append_rotating(Draft("sensor.read", {"value": "2"}))
    path = tmp_path / "journal" / "seg-00000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"value":"1"', b'"value":"3"'))
    with world(tmp_path) as here:
        app = here.terminal(lang)
        async with app.run_test(size=(40, 20)) as pilot:
            assert said(app) == ""  # the start reads the newest segment only
            await scan(pilot, label("person:li-min"))
            async with asyncio.timeout(10):
                while said(app) != say(lang, "cli.damage", count=1):
                    await pilot.pause(0.02)
            await pilot.press("up")
            await pilot.pause(0.2)
            assert said(app) == ""


async def test_damage_found_by_the_start_is_said_on_the_first_screen(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.book.append(Draft("sensor.read", {"value": "1"}), Draft("sensor.read", {"value": "2"}))
    path = tmp_path / "journal" / "seg-00000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"value":"1"', b'"value":"3"'))
    with world(tmp_path) as here:
        app = here.terminal("zh")
        async with app.run_test(size=(40, 20)):
            assert said(app) == say("zh", "cli.damage", count=1)
