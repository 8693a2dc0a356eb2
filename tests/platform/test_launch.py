"""Before the first screen: settings that Textual reads while it is imported, and whether there is a terminal."""

import os
import subprocess
import sys

import pytest

from app.settings import shows_chinese
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


def test_the_collector_looks_at_what_is_new_only_until_the_first_screen_stands() -> None:
    done = run(
        "import gc; from screens.platform import launch;"
        "usual, before = gc.get_threshold(), gc.get_stats();"
        "launch.prepare_environment(); import asyncio, email.message;"
        "looks = [now['collections'] - then['collections'] for now, then in zip(gc.get_stats(), before)];"
        "print(looks[0] > 0, looks[1:]);"
        "launch.ready(); print(gc.get_threshold() == usual, gc.get_freeze_count() > 1000)"
    )
    assert done.stdout == "True [0, 0]\nTrue True\n"


KEPT = """
import hashlib, sys, threading
from screens.platform import launch

def held():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

def take():
    pieces = [bytes([1]) * 300_000 for _ in range(20)]

hashlib.scrypt(b"1234", salt=b"salt", n=2**14, r=8, p=1)
if sys.argv[-1] == "spare":
    launch.spare_memory()
before = held()
thread = threading.Thread(target=take)
thread.start()
thread.join()
print(held() - before)
"""


def test_after_a_pin_was_checked_large_pieces_still_go_back_to_the_system() -> None:
    kept, spared = (int(run(KEPT.replace("sys.argv[-1]", repr(how))).stdout) for how in ("plain", "spare"))
    assert kept > 4000, "glibc has mended it: spare_memory can go"
    assert spared < 1500


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
    ("term", "encoding", "shows"),
    [
        ("linux", "utf-8", False),
        ("linux-16color", "utf-8", False),
        ("xterm-256color", "utf-8", True),
        ("foot", "gb18030", True),
        ("foot", "iso8859-1", False),
        ("foot", "ascii", False),
        ("foot", "none of them", False),
    ],
)
def test_the_bare_console_and_a_locale_without_chinese_cannot_show_it(term: str, encoding: str, shows: bool) -> None:
    assert shows_chinese({"TERM": term}, encoding) is shows


def test_time_zones_are_looked_for_where_python_itself_would_look() -> None:
    ask = "import zoneinfo; print(zoneinfo.TZPATH[0], zoneinfo.ZoneInfo('Asia/Shanghai'))"
    ours = "from screens.platform.launch import prepare_environment; prepare_environment();" + ask
    assert run(ours).stdout == run(ask).stdout
