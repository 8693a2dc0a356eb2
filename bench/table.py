"""How figures are shown, and whether their goals were met."""

import sys
from collections.abc import Sequence

Figure = tuple[str, float, float]
"""Name, measured, goal. Measured must not exceed the goal."""
Unmeasured = tuple[str, str]
"""Name, and what it needs that is not here."""


def show(figures: Sequence[Figure | Unmeasured]) -> int:
    """Print the figures; the exit code: 1 when a goal was missed. What was not measured is said."""
    width = max((len(figure[0]) for figure in figures), default=0)
    missed = 0
    for figure in figures:
        if len(figure) == 2:
            sys.stdout.write(f"{figure[0]:<{width}}  not measured, {figure[1]}\n")
            continue
        name, measured, goal = figure
        kept = measured <= goal
        missed += not kept
        sys.stdout.write(f"{name:<{width}}  {measured:>9.2f}  <= {goal:<6g} {'' if kept else 'MISSED'}".rstrip() + "\n")
    if missed:
        sys.stdout.write(f"{missed} of {len(figures)} goals missed\n")
    return 1 if missed else 0


def beside(name: str, known: Sequence[tuple[str, float]]) -> None:
    """Print what others need for the same, as quoted from an earlier measurement."""
    for other, measured in known:
        sys.stdout.write(f"{name}: {other} {measured:.1f} (quoted, not measured in this run)\n")
