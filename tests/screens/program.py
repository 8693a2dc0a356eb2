"""The terminal in a process of its own, for tests in a real pty and for pictures.

`python -m tests.screens.program DIR`: a real book in DIR, the small site of tests.screens.plans, and a
radio that hears nothing.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from screens.platform.launch import prepare_environment, ready

if TYPE_CHECKING:
    from tests.screens.world import World


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lang", default="zh")
    parser.add_argument("--theme", default="day")
    parser.add_argument(
        "--broken", action="store_true", help="as `run` opens it, but a page fails, with a name in the error"
    )
    given = parser.parse_args()
    prepare_environment()
    from tests.screens.world import World

    world = World(given.folder)
    if given.broken:
        return broken(world, given.lang)
    hint = {"zh": "工号 1001 密码 1234", "en": "number 1001, PIN 1234"}[given.lang]
    try:
        return world.terminal(given.lang, given.theme, hint, ready=ready).run() or 0
    finally:
        world.close()


def broken(here: "World", lang: str) -> int:
    """The handheld's own way to the screen; the first page has a fault that nobody expected."""
    from app.settings import Settings
    from screens.run import gear_of, open_terminal
    from screens.signin import SignInPage

    def draw(page: SignInPage, width: int, height: int) -> NoReturn:
        raise RuntimeError("张伟 1234")

    SignInPage.draw = draw  # type: ignore[method-assign,assignment]  # the fault
    try:
        gear = gear_of(Settings(data_dir=here.folder, lang=lang), here.book, here.clock, here.radio, None)
        return open_terminal(gear, here.book, here.clock, None)
    finally:
        here.close()


if __name__ == "__main__":
    sys.exit(main())
