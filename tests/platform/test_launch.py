"""Before the first screen: settings that Textual reads while it is imported, and whether there is a terminal."""

import os
import subprocess
import sys

import pytest

from screens.platform.launch import console_shows_chinese
from tests.pty import Pty


def run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`code` in a fresh Python without a terminal."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TEXTUAL", "ESCDELAY"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        env={**clean, **env},
    )


def test_textual_sees_a_handheld_and_the_callers_own_wish_wins() -> None:
    done = run(
        "import sys; from screens.platform.launch import prepare_environment;"
        "prepare_environment(); print('textual' in sys.modules);"
        "from textual import constants as c; print(c.TEXTUAL_ANIMATIONS, c.DISABLE_KITTY_KEY, c.ESCAPE_DELAY)",
        ESCDELAY="50",
    )
    assert done.stdout.split("\n")[:2] == ["False", "none True 0.05"]


def test_the_collector_rests_until_the_first_screen_stands() -> None:
    done = run(
        "import gc; from screens.platform import launch;"
        "launch.prepare_environment(); print(gc.isenabled());"
        "launch.ready(); print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    assert done.stdout == "False\nTrue True\n"


REQUIRE = "from screens.platform.launch import require_terminal; require_terminal({lang!r}); print('drawn')"


@pytest.mark.parametrize(("lang", "sentence"), [("zh", "这里不是终端"), ("en", "no terminal")])
def test_without_a_terminal_one_sentence_and_exit_2(lang: str, sentence: str) -> None:
    done = run(REQUIRE.format(lang=lang))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_in_a_terminal_it_goes_on() -> None:
    with Pty([sys.executable, "-c", REQUIRE.format(lang="zh")]) as pty:
        pty.wait_for("drawn")
        assert pty.exit_code() == 0


@pytest.mark.parametrize(
    ("term", "shows"), [("linux", False), ("linux-16color", False), ("xterm-256color", True), ("foot", True)]
)
def test_only_the_bare_console_cannot_show_chinese(term: str, shows: bool) -> None:
    assert console_shows_chinese({"TERM": term}) is shows


def test_time_zones_are_looked_for_where_python_itself_would_look() -> None:
    ask = "import zoneinfo; print(zoneinfo.TZPATH[0], zoneinfo.ZoneInfo('Asia/Shanghai'))"
    ours = "from screens.platform.launch import prepare_environment; prepare_environment();" + ask
    assert run(ours).stdout == run(ask).stdout
