"""Every speed goal, as a ratio beside its goal: `python -m bench [--idle SECONDS] [NAME …]`.

Some twelve minutes, five of them asleep. Exit 1: a goal was missed.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from bench import arrival, month, office, pages, record, senses, terminal, wire
from bench.table import Figure, Unmeasured, beside, show

LONG_LOOK_S = 300


def main() -> int:
    given = arguments()
    measure: dict[str, Callable[[], Sequence[Figure | Unmeasured]]] = {
        "arrival": arrival.run,
        "month": month.run,
        "office": office.run,
        "pages": pages.run,
        "record": record.run,
        "senses": senses.run,
        "terminal": lambda: terminal.run(terminal.Sizes(idle_s=given.idle)),
        "wire": wire.run,
    }
    figures: list[Figure | Unmeasured] = []
    for name in given.names or measure:
        sys.stdout.write(f"measuring {name} ...\n")
        sys.stdout.flush()
        figures += [(f"{name}: {figure[0]}", *figure[1:]) for figure in measure[name]()]
    code = show(figures)
    if "terminal" in (given.names or measure):
        beside("terminal: first usable screen", terminal.KNOWN)
    return code


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Every speed goal, beside its goal.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        choices=("arrival", "month", "office", "pages", "record", "senses", "terminal", "wire", []),
        help="arrival, month, office, pages, record, senses, terminal, wire",
    )
    parser.add_argument("--idle", type=float, default=LONG_LOOK_S, metavar="SECONDS", help="how long to watch it sleep")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
