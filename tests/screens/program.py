"""The terminal in a process of its own, for tests in a real pty and for pictures: `python -m tests.screens.program DIR`.

A real book in DIR, the small site of tests.screens.plans, and a radio that hears nothing.
"""

import argparse
import sys
from pathlib import Path

from screens.platform.launch import prepare_environment


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lang", default="zh")
    parser.add_argument("--theme", default="day")
    parser.add_argument("--broken", action="store_true", help="the first key meets a fault nobody expected")
    given = parser.parse_args()
    prepare_environment()
    from tests.screens.world import World

    world = World(given.folder)
    hint = {"zh": "工号 1001 密码 1234", "en": "number 1001, PIN 1234"}[given.lang]
    try:
        terminal = world.terminal(given.lang, given.theme, hint)
        if given.broken:
            terminal.top_digit = None  # type: ignore[attr-defined]
            del world.watch._numbers
        terminal.run()
        return terminal.return_code or 0
    finally:
        world.close()


if __name__ == "__main__":
    sys.exit(main())
