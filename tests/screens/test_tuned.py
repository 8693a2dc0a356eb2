"""What the office sets reaches the running program: looks at once, numbers in the middle of a round, parts when nobody
is on shift. And the support file for somebody without a shell."""

import json
import zipfile
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace
from textual.pilot import Pilot

from app.duties.tuning import SITE, Sent, Value
from app.errors import WatchbookError
from app.logbook.book import Received
from app.pages import pages_of
from app.settings import keep
from app.tuning import KIND
from app.words import say
from screens.gear import AGAIN
from screens.terminal import Terminal
from screens.tuned import in_force, parts_of
from sync import support
from tests.screens.test_journey import begin
from tests.screens.world import SIGN_IN, SMALL, World, keys, settle, text, until, world


def flags(here: World) -> dict[str, str]:
    return {"data_dir": str(here.folder)}


def sent(here: World, revision: int, **values: Value) -> None:
    """The office sets these for the site, and nothing else."""
    body = msgspec.json.encode(Sent(revision, revision, values))
    here.book.receive([Received(KIND, SITE, 100 + revision, body)], f"x-{100 + revision}")
    here.watch.take_pages(pages_of(here.book, here.clock.at))


def opened(here: World) -> Terminal:
    """As `run` opens it."""
    app = here.terminal("zh")
    set_now = partial(in_force, flags(here), here.book)
    remember = lambda name, value: keep(here.folder, name, value, here.watch.tuning.own().get(name, ""))  # noqa: E731
    app.gear = replace(app.gear, settings_now=set_now, parts=parts_of(set_now()), remember=remember)
    return app


async def test_a_look_that_the_office_sets_is_there_at_once_and_the_crews_own_choice_outlasts_it(
    tmp_path: Path,
) -> None:
    with world(tmp_path / "book") as here:
        app = opened(here)
        async with app.run_test(size=SMALL) as pilot:
            sent(here, 1, theme="night", lang="en", letters="large", margin_db=3)
            await settle(pilot, 4)
            assert (app.look, app.lang, app.letters) == ("night", "en", "large")
            assert "changed" in text(app)
            await app.change_look()
            chosen = app.look
            assert chosen != "night"
            sent(here, 2, theme="night", lang="en", letters="large", margin_db=4)
            await settle(pilot, 4)
            assert (app.look, in_force(flags(here), here.book).theme) == (chosen, chosen), "nothing was said about that"
            sent(here, 3, theme="sun")
            await settle(pilot, 4)
            assert app.look == "sun"
    with world(tmp_path / "book") as here:
        assert in_force(flags(here), here.book).theme == "sun", "also after a restart"


async def test_numbers_hold_in_the_round_that_is_walked_and_go_again(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = opened(here)
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot, here)
            before = here.watch.plan
            sent(here, 1, margin_db=1, label_after_s=60)
            now = here.watch.plan.settings
            assert (now.margin_db, now.label_after_s) == (1, 60)
            assert here.watch.plan.sha256 == before.sha256
            sent(here, 2, label_after_s=30)
            assert here.watch.plan.settings == replace(before.settings, label_after_s=30)
            sent(here, 3)
            assert here.watch.plan.settings == before.settings


async def test_how_parts_are_joined_waits_until_nobody_is_on_shift(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = opened(here)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            before = app.following.begins_anew
            sent(here, 1, scanner="serial:/dev/ttyS7@9600")
            await settle(pilot, 4)
            assert app.return_code is None
            assert (before, app.following.begins_anew) == (False, True), "the office is told that it waits"
            await here.watch.close_shift()
            app.go_sign_in()
            await until_ended(pilot)
        assert app.return_value == AGAIN
        assert in_force(flags(here), here.book).scanner == "serial:/dev/ttyS7@9600"


async def test_the_program_does_not_begin_anew_while_somebody_types_who_they_are(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = opened(here)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "1 0")
            sent(here, 1, scanner="serial:/dev/ttyS7@9600")
            app.following.look()
            assert (app.following.begins_anew, app.return_value) == (True, None)
            await keys(pilot, "0 1 enter")
            app.following.look()
            assert app.return_value is None, "nor while the PIN is asked for"
            await keys(pilot, "1")
            await keys(pilot, "2 3 4 enter")
            assert "shift.opened" in here.kinds()


async def until_ended(pilot: Pilot[int]) -> None:
    for _ in range(200):
        await pilot.pause(0.02)
        if pilot.app.return_value is not None:
            return


def test_parts_that_this_program_cannot_join_stay_as_they_are_set_here(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        (here.folder / "config.toml").write_text('scanner = "wedge"\n')
        sent(here, 1, scanner="laser:/dev/ttyS1", theme="night")
        found = in_force(flags(here), here.book)
        assert (found.scanner, found.theme) == ("wedge", "night")


async def test_the_support_file_goes_onto_the_stick_from_the_menu(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        settings = in_force(flags(here), here.book)
        stick = here.folder / "stick"

        app.gear = replace(app.gear, support=lambda: support.onto_stick(settings, "radio.denied"))
        async with app.run_test(size=SMALL) as pilot:
            await choose_support(pilot)
            await until(pilot, lambda: say("en", "more.support_no_stick") in text(app).replace("\n  ", " "))
            stick.mkdir()
            await choose_support(pilot)
            await until(pilot, lambda: any(stick.iterdir()) and app.notice is not None and app.notice[1] == "ok")
        (found,) = stick.iterdir()
        with zipfile.ZipFile(found) as file:
            assert file.testzip() is None
            parts = json.loads(file.read("doctor.json"))
        assert {"part": "radio", "key": "radio.denied"}.items() <= parts[-1].items()


async def choose_support(pilot: Pilot[int]) -> None:
    """`*`, `0`, and the line that says it."""
    app = pilot.app
    assert isinstance(app, Terminal)
    await app.action_menu()
    await settle(pilot)
    await keys(pilot, "0")
    words = say("en", "more.support")
    await until(pilot, lambda: say("en", "more.title") in text(app))
    for _ in range(4):
        line = next((row for row in text(app).splitlines() if words[:12] in row), None)
        if line is not None:
            await keys(pilot, line.split()[0].strip(">"))
            return
        await keys(pilot, "down")
    raise WatchbookError("more.support")
