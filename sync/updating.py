"""Which step of an update comes next: arithmetic on values (docs/rollout.md).

A release that the office offers is fetched piece by piece, checked, laid beside the one that runs and tried, all while
nobody uses the handheld and it is charging; the change itself waits until nobody is on shift, for two days at most.
Nothing here looks at a clock, a disk or a line: sync.installing does what is decided here.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from sync.wire import Offered

IDLE_S: Final = 60
"""Without a key or code for so long, nobody uses the handheld."""
GONE_S: Final = 20
"""When nobody is on shift so little is enough for the change: the relief may be on its way."""
LONG_S: Final = 24 * 3600
"""A change that could not be made for so long is worth a word: no shift lasts longer (decision 16)."""
TOO_LONG_S: Final = 2 * LONG_S
"""From then on it does not wait for the end of a shift any more, only until nobody was there for UNTOUCHED_S."""
UNTOUCHED_S: Final = 3600
ENOUGH: Final = 30
"""Percent of the battery with which the change may be made without a charger."""
GROWS: Final = 4
"""A release takes up to so many times its size once it is laid, its bytecode included."""
MARGIN: Final = 64 * 1024 * 1024
"""Bytes that stay free for records while a release is laid."""


class Step(StrEnum):
    """What to do now."""

    REST = "rest"
    CLEAR = "clear"
    """Throw away what no step needs any more."""
    ROOM = "room"
    """There is none: say so, and wait until somebody made some."""
    FETCH = "fetch"
    CHECK = "check"
    LAY = "lay"
    TRY = "try"
    CHANGE = "change"


class Around(Struct, frozen=True):
    """What goes on around the handheld."""

    idle_s: int
    """Since the last key or code."""
    busy: bool
    """A round is open, or somebody practises."""
    percent: int | None
    """Of the battery; None where there is none, and the handheld hangs on the mains."""
    charging: bool
    on_shift: bool = False
    """A shift is open."""

    @property
    def powered(self) -> bool:
        return self.percent is None or self.charging

    @property
    def resting(self) -> bool:
        """Nobody uses it, and it does not live off its battery: what takes time and the line may be done."""
        return self.idle_s >= IDLE_S and self.powered

    @property
    def lasts(self) -> bool:
        """The battery outlasts a change."""
        return self.powered or (self.percent or 0) >= ENOUGH

    @property
    def untouched(self) -> bool:
        """It lies on its charger, and nobody has looked at it for long."""
        return self.idle_s >= UNTOUCHED_S and self.powered


class State(Struct, frozen=True):
    """How an update stands."""

    offer: Offered | None
    """What the office offers this handheld; None for nothing."""
    running: str
    """Version of this program."""
    has: int = 0
    """Bytes of the offered file that are here."""
    checked: bool = False
    """All of it is here and is what its publisher signed, for this machine and this book."""
    laid: bool = False
    """It stands beside the running one, whole."""
    tried: bool = False
    """Since it was laid and this program began, it has opened the book."""
    refused: bool = False
    """It was found unfit or did not run here: it is left alone until the office offers another."""
    left: bool = False
    """Something lies there that no step needs."""
    room: int = 0
    """Bytes free."""
    ready_s: int = 0
    """Since it was laid."""


def next_step(state: State, around: Around) -> Step:
    """What to do now. Whatever takes the processor waits until nobody is there."""
    offer = state.offer
    if state.left:
        return Step.CLEAR if around.resting else Step.REST
    if offer is None or state.refused or offer.version == state.running:
        return Step.REST
    step = _ahead(state, offer)
    return step if (may_change(around, state.ready_s) if step is Step.CHANGE else around.resting) else Step.REST


def may_change(around: Around, ready_s: int) -> bool:
    """Whether the program may end for a moment: nobody is on shift or at the keys, and the battery outlasts it.

    Where a shift is always open it comes in all the same, `ready_s` beyond TOO_LONG_S: the crew unlocks afterwards.
    """
    nobody = not around.on_shift or (ready_s >= TOO_LONG_S and around.untouched)
    return around.lasts and nobody and not around.busy and around.idle_s >= GONE_S


def _ahead(state: State, offer: Offered) -> Step:
    """The next step on the way to the release, whenever it may be taken."""
    if state.laid:
        return Step.CHANGE if state.tried else Step.TRY
    if state.room < need(offer.size, state.has):
        return Step.ROOM
    if state.has < offer.size:
        return Step.FETCH
    return Step.LAY if state.checked else Step.CHECK


def need(size: int, has: int) -> int:
    """Bytes that must be free to go on with a release of `size`, of which `has` are here."""
    return max(0, size - has) + GROWS * size + MARGIN
