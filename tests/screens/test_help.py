"""The help says of every page what it is for and what to do next, in both languages, and fits the smallest screen."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import screens
from app.words import say, table
from screens.first import FirstPage, Step
from screens.help import HelpPage, topic_of
from screens.page import Page
from screens.signin import Purpose, SignInPage
from tests.screens.world import SIGN_IN, SMALL, keys, text, world

STOPS = "。.?!"


def _all_pages() -> set[type[Page]]:
    """Every class of page that is ever shown; one that others are made of is not."""
    for found in pkgutil.iter_modules(screens.__path__, "screens."):
        if found.name != "screens.__main__":
            importlib.import_module(found.name)
    below, shown = [Page], set()
    while below:
        kind = below.pop()
        inner = [each for each in kind.__subclasses__() if each.__module__.startswith("screens.")]
        below += inner
        if not inner:
            shown.add(kind)
    return shown


def _topics() -> set[str]:
    plain = {topic_of(kind) for kind in _all_pages() - {SignInPage, FirstPage}}
    return plain | {f"signin_{purpose}" for purpose in Purpose} | {f"first_{step}" for step in Step}


def test_every_page_has_its_own_text_in_both_languages_and_no_text_is_of_no_page() -> None:
    topics = _topics()
    assert len(topics) > 60
    told = {name.removeprefix("page_") for name in table("help") if name.startswith("page_")}
    assert topics - told == set(), "each page needs a row `page_...` in app/words/help.py"
    assert told - topics == set()
    assert len(set(table("help").values())) == len(table("help")), "two pages say the same"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_text_is_two_sentences_or_three_and_short_enough_to_be_read_on_the_way(lang: str) -> None:
    for topic in _topics():
        said = say(lang, f"help.page_{topic}")
        assert said[-1] in STOPS, topic
        ends = sum(said.count(stop) for stop in STOPS)
        assert 2 <= ends <= 4, (topic, said)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("way", ["f1", "asterisk 6"])
async def test_help_explains_the_page_it_was_asked_on_and_goes_back_there(tmp_path: Path, lang: str, way: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            for typed, topic in (("", "signin_sign_in"), (f"{SIGN_IN} enter 0", "home_rounds"), ("backspace", "home")):
                await keys(pilot, f"{typed} {way}")
                told, shown = say(lang, f"help.page_{topic}"), "".join(text(app).split())
                assert "".join(told.split()) in shown
                await keys(pilot, "backspace")
                assert not isinstance(app.screen, HelpPage)
                assert app.top.topic == topic
