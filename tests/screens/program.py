"""The terminal in a process of its own, for tests in a real pty and for pictures.

`python -m tests.screens.program DIR`: a real book in DIR, the small site of tests.screens.plans, and a
radio that hears nothing.
"""

import argparse
import logging
import sys
from pathlib import Path

from screens.platform.launch import prepare_environment, ready


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lang", default="zh")
    parser.add_argument("--theme", default="day")
    parser.add_argument("--broken", action="store_true", help="asking the battery fails, with a name in the error")
    given = parser.parse_args()
    prepare_environment()
    logging.basicConfig(filename=f"{given.folder}.log", level=logging.INFO)
    from tests.screens.world import World

    world = World(given.folder)
    if given.broken:
        world.battery = broken
    hint = {"zh": "工号 1001 密码 1234", "en": "number 1001, PIN 1234"}[given.lang]
    try:
        return world.terminal(given.lang, given.theme, hint, ready=ready).run() or 0
    finally:
        world.close()


def broken() -> int | None:
    raise RuntimeError("张伟 1234")


if __name__ == "__main__":
    sys.exit(main())
