"""Every torture in its long form, two at a time, and the tables of what came of them: `python -m tests.torture`.

`--quick` plays the short forms, `--only WORDS` those whose name has the words, `--part book` or `--part sync` one of
the two tables; `--write` puts what was played whole with date and machine into docs/reliability.md.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

from tests.torture.tally import Tally, Torture
from tests.torture.test_clock import CLOCKS
from tests.torture.test_crash_states import CRASH_STATES
from tests.torture.test_doors import DOORS
from tests.torture.test_every_call import KILLED_CALLS
from tests.torture.test_failed_calls import FAILED_CALLS
from tests.torture.test_fleet import FLEET
from tests.torture.test_full import BOUNDED, FULL
from tests.torture.test_kill import KILLS
from tests.torture.test_links import LINKS
from tests.torture.test_networks import NETWORKS
from tests.torture.test_office_kills import OFFICE_KILLS
from tests.torture.test_power_cut import POWER_CUTS, READ_ONLY
from tests.torture.test_refusals import REFUSALS
from tests.torture.test_rot import FLIPPED, TORN
from tests.torture.test_upgrade import UPGRADES

TORTURES: Final = (
    KILLS,
    KILLED_CALLS,
    CRASH_STATES,
    POWER_CUTS,
    TORN,
    FLIPPED,
    FULL,
    BOUNDED,
    FAILED_CALLS,
    REFUSALS,
    READ_ONLY,
    CLOCKS,
    DOORS,
    UPGRADES,
)
SYNC: Final = (LINKS, OFFICE_KILLS, NETWORKS, FLEET)
PARTS: Final = {"book": TORTURES, "sync": SYNC}
SLOWEST_FIRST: Final = sorted(
    (*TORTURES, *SYNC), key=lambda torture: torture not in (FLIPPED, TORN, CRASH_STATES, DOORS)
)
SIDE_BY_SIDE: Final = 2
PAGE: Final = Path(__file__).parents[2] / "docs/reliability.md"
BEGIN: Final = {
    "book": "<!-- table: written by make torture -->\n",
    "sync": "<!-- table of the conversation: written by make torture -->\n",
}
END: Final = "<!-- end of table -->\n"
HEAD: Final = ("torture", "cases", "seed", "acknowledged", "lost", "silent", "stuck", "controls caught", "s")


class Row(Struct, frozen=True):
    torture: Torture
    tally: Tally
    caught: tuple[str, ...]
    seconds: float
    unplayed: str = ""
    """Why it came to no result."""

    @property
    def sound(self) -> bool:
        return not self.unplayed and self.tally.sound and len(self.caught) == len(self.torture.twins)

    def cells(self) -> tuple[str, ...]:
        torture, tally = self.torture, self.tally
        if self.unplayed:
            return (torture.name, self.unplayed, *[""] * (len(HEAD) - 2))
        controls = f"{len(self.caught)} of {len(torture.twins)}: {', '.join(self.caught)}"
        counts = [str(tally.faults[kind]) for kind in ("lost", "silent", "stuck")]
        cases = f"{tally.cases} {torture.unit}"
        return (torture.name, cases, str(torture.seed), str(tally.acked), *counts, controls, f"{self.seconds:.0f}")


def play(torture: Torture, *, quick: bool) -> Row:
    """The torture and all its twins."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        try:
            tally = torture.run(place, torture.quick if quick else torture.long)
            caught = tuple(twin for twin in torture.twins if torture.catches(place, twin))
        except pytest.skip.Exception as e:
            return Row(torture, Tally(), (), 0, f"skipped: {e}")
        except Exception as e:  # the others are played all the same
            return Row(torture, Tally(), (), 0, f"broke off: {e!r}")
    return Row(torture, tally, caught, time.monotonic() - began)


def machine() -> str:
    """Date, kernel, file system below the tests, processor."""
    kernel = f"{platform.system()} {platform.release().partition('-')[0]}"
    below = file_system(Path(tempfile.gettempdir()))
    cores = f"{os.cpu_count()} × {processor()}"
    return ", ".join((f"{datetime.now(UTC):%Y-%m-%d}", kernel, f"Python {platform.python_version()}", below, cores))


def file_system(path: Path) -> str:
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    found = [(len(top), kind) for top, kind in mounts if path.resolve().is_relative_to(top)]
    return max(found)[1]


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def markdown(rows: list[Row]) -> Iterator[str]:
    yield f"{machine()}\n\n"
    yield f"| {' | '.join(HEAD)} |\n"
    yield f"|{'---|' * len(HEAD)}\n"
    for row in rows:
        yield f"| {' | '.join(row.cells())} |\n"


def write(part: str, rows: list[Row]) -> None:
    """Into the page, between the two marks of that part."""
    before, rest = PAGE.read_text().split(BEGIN[part])
    _, after = rest.split(END, 1)
    PAGE.write_text(f"{before}{BEGIN[part]}\n{''.join(markdown(rows))}\n{END}{after}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--part", choices=sorted(PARTS))
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(arguments)
    rows = []
    with ProcessPoolExecutor(SIDE_BY_SIDE, get_context("fork")) as processes:
        wanted = [t for t in SLOWEST_FIRST if asked.only in t.name and t in PARTS.get(asked.part, SLOWEST_FIRST)]
        played = [processes.submit(play, torture, quick=asked.quick) for torture in wanted]
        for done in as_completed(played):
            row = done.result()
            rows.append(row)
            print(" | ".join(row.cells()), flush=True)
            if not row.sound:
                print(f"  {row.tally.first or row.unplayed or 'a control was not caught'}", flush=True)
    names = [torture.name for torture in (*TORTURES, *SYNC)]
    rows.sort(key=lambda row: names.index(row.torture.name))
    for part, tortures in PARTS.items():
        mine = [row for row in rows if row.torture in tortures]
        if asked.write and len(mine) == len(tortures):
            write(part, mine)
    print("\n" + "".join(markdown(rows)))
    return 0 if all(row.sound for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
