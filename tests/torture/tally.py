"""What a torture comes to: cases, what was acknowledged, what of it is lost, and what went wrong unsaid.

A torture is a generator of cases. Its twins are the same cases with a seeded bug; a twin that stays
unnoticed says that the torture sees nothing.
"""

import tempfile
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct, field

Kind = Literal["lost", "silent", "stuck"]
SEED: Final = 20261122
MEMORY: Final = Path("/dev/shm")


class Fault(Struct, frozen=True):
    kind: Kind
    """lost: acknowledged and not readable; silent: gone or changed and nothing says so; stuck: the book does
    not open, does not go on, or does not check though nothing was damaged."""
    what: str


class Case(Struct, frozen=True):
    """One kill, one cut, one flipped bit, and what came of it."""

    label: str
    """Enough to do it again, with the seed."""
    acked: int
    """Records and answers acknowledged in it that were looked for afterwards."""
    faults: tuple[Fault, ...] = ()


class Tally(Struct):
    cases: int = 0
    acked: int = 0
    faults: dict[Kind, int] = field(default_factory=lambda: {"lost": 0, "silent": 0, "stuck": 0})
    first: str = ""
    """The first case that went wrong."""

    def take(self, case: Case) -> None:
        self.cases += 1
        self.acked += case.acked
        for fault in case.faults:
            self.faults[fault.kind] += 1
        if case.faults and not self.first:
            self.first = f"{case.label}: {case.faults[0].kind}, {case.faults[0].what}"

    @property
    def sound(self) -> bool:
        return not self.first


Play = Callable[[Path, int, int, str], Generator[Case]]
"""(empty folder, cases or effort, seed, twin or "") → cases."""


class Torture(Struct, frozen=True):
    name: str
    unit: str
    play: Play
    quick: int
    """Effort in CI."""
    long: int
    """Effort of `make torture`."""
    twins: dict[str, int]
    """Seeded bug → the effort within which it must be found."""
    seed: int = SEED
    in_memory: bool = False
    """Nothing depends on the disk below: played in memory where the system has such a folder."""

    def run(self, place: Path, effort: int, twin: str = "") -> Tally:
        """Play it. A twin is let go at its first fault."""
        tally = Tally()
        where = MEMORY if self.in_memory and MEMORY.is_dir() else place
        with (
            tempfile.TemporaryDirectory(dir=where) as folder,
            closing(self.play(Path(folder), effort, self.seed, twin)) as cases,
        ):
            for case in cases:
                tally.take(case)
                if twin and not tally.sound:
                    break
        return tally

    def catches(self, place: Path, twin: str) -> bool:
        return not self.run(place, self.twins[twin], twin).sound
