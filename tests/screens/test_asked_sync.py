"""Whoever asks for an exchange is told what came of it, once."""

from pathlib import Path

import pytest

from app.words import say
from screens.gear import Contact
from screens.home import HomePage
from screens.terminal import Terminal
from tests.screens.world import SIGN_IN, SMALL, keys, shows, text, world

CLOCK_OFF: tuple[str, dict[str, object]] = ("sync.clock_off", {"minutes": 1440})


def said(app: Terminal) -> str:
    return app.notice[0] if app.notice else ""


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (Contact(online=True), "outbox.all_sent"),
        (Contact(reason="sync.no_connection"), "sync.no_connection"),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_answer_to_sync_now_is_said(tmp_path: Path, line: Contact, key: str, lang: str) -> None:
    with world(tmp_path) as here:
        app = here.terminal(lang)
        async with app.run_test(size=(40, 20)) as pilot:
            here.office.say(line)
            assert said(app) == ""  # nobody asked
            await pilot.press("f5")
            assert said(app) == say(lang, "menu.trying")
            here.office.say(Contact(busy=True))
            here.office.say(line)
            await pilot.pause()
            assert said(app) == say(lang, key)
            await pilot.press("up")
            here.office.say(line)
            await pilot.pause()
            assert said(app) == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_new_logbook_is_said_once(tmp_path: Path, lang: str) -> None:
    """Decision 8: it went on by itself, and nobody has to do anything."""
    with world(tmp_path) as here:
        app = here.terminal(lang)
        async with app.run_test(size=(40, 20)) as pilot:
            here.office.say(Contact(online=True, new_books=1))
            assert said(app) == say(lang, "sync.new_book")
            await pilot.press("up")
            here.office.say(Contact(online=True, new_books=1))
            await pilot.pause()
            assert said(app) == ""


async def test_what_stops_nothing_is_told_all_the_same(tmp_path: Path) -> None:
    """An office that came back from a backup, a clock that is off, a program that grows old."""
    with world(tmp_path) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            told: tuple[tuple[str, dict[str, object]], ...] = (
                ("sync.office_behind", {"n": 22}),
                CLOCK_OFF,
                ("sync.ageing", {}),
            )
            here.office.say(Contact(online=True, last_ack=here.clock.at, notices=told))
            await keys(pilot, "asterisk 7")
            shown = "".join(text(app).split())
            assert "本机时间差1天," in shown
            for key, fields in told:
                if key != CLOCK_OFF[0]:
                    assert "".join(say("zh", key, **fields).split()) in shown


@pytest.mark.parametrize(
    ("lang", "minutes", "words"), [("zh", 1440, "本机时间差1天,"), ("en", 119, "clock is 1h off:")]
)
async def test_a_clock_that_is_off_is_seen_before_a_round_is_begun(
    tmp_path: Path, lang: str, minutes: int, words: str
) -> None:
    """Where somebody signs in and at home, until it is set."""
    with world(tmp_path) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            off = Contact(online=True, notices=((CLOCK_OFF[0], {"minutes": minutes}),))
            here.office.say(off)
            await pilot.pause()
            assert words in text(app)
            await keys(pilot, f"{SIGN_IN} enter")
            assert shows(app, HomePage)
            assert words in text(app)
            here.office.say(Contact(online=True))
            await pilot.pause()
            assert words not in text(app)
