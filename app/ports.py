"""What the core needs from outside the building, as values and narrow protocols."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Final, Literal, Protocol

from msgspec import Struct


class Moment(Struct, frozen=True):
    """One instant as the handheld knows it (decision 11)."""

    at: int
    """Wall clock, UTC, in milliseconds. May be wrong; never used for order."""
    up: int
    """Milliseconds since the handheld booted, sleep included (CLOCK_BOOTTIME)."""
    boot: str
    """The kernel's id of this boot."""
    off: int | None = None
    """Office clock minus ours, in milliseconds, as last measured; None before the first contact."""


class Clock(Protocol):
    def now(self) -> Moment: ...


class Sighting(Struct, frozen=True):
    """One BLE advertisement as heard, with what it means if it is a patrol tag."""

    address: str
    """Bluetooth address, AA:BB:CC:DD:EE:FF."""
    rssi: int
    """dBm, -110..0."""
    up: int
    """When it was heard: Moment.up of the handheld, ms."""
    frame: str
    """What was on the air, for judging again: `m004c:0215…` (manufacturer) or `sfeaa:00e3…` (service data), hex."""
    format: str | None = None
    """A format of the contract ("ibeacon", "eddystone-uid" …); None when it is no tag we know."""
    tag: str | None = None
    """The tag's identity in that format, e.g. `fda5…/10001/7`."""
    power_1m: int | None = None
    """Level the tag says it has at one metre, dBm."""
    name: str | None = None
    battery_pct: int | None = None
    battery_mv: int | None = None
    values: Mapping[str, Decimal | str] = {}
    """What the frame measures, by name: "temperature" °C, "humidity" % …; docs/hardware.md lists them."""
    counters: Mapping[str, int] = {}
    """What only grows until the tag restarts: "adv_count" and "sec_count" (0.1 s) of TLM, BTHome's "packet_id"
    (wraps at 256) or "counter". They judge clones; frames that only measure name no tag, so `address` joins them."""
    encrypted: bool = False
    """The contents are enciphered; `frame` keeps them for who has the key."""


class Scan(Struct, frozen=True):
    """One code read by a scanner, a camera or a feed. `text` is as read, not yet cleaned."""

    text: str
    up: int
    health: int | None = None
    """How much of the code's error correction was left unused, percent; None where the reader does not tell it."""
    by: str = ""
    """`camera`, `serial` or `evdev`; empty for a keyboard wedge or a feed."""


class ScannerState(Struct, frozen=True):
    """How a scanner is. `fault` is the catalogue key of a sentence, e.g. "scanner.gone", or None when it works."""

    fault: str | None = None
    detail: str = ""
    """For the fitter, English, without what was scanned."""


class Scanner(Protocol):
    """A scanner with a line of its own (serial, evdev, a camera), not one that types into the terminal."""

    def listen(self) -> AsyncIterator[Scan | ScannerState]:
        """Every code read while the caller iterates, and every change of the scanner's state.

        It begins with the state. A failure arrives as a ScannerState, never as an exception; it goes on trying and
        recovers by itself.
        """
        ...

    def check(self) -> str | None:
        """The fault that `listen` would begin with, None when it works. Takes less than five seconds."""
        ...


class RadioState(Struct, frozen=True):
    """How the radio is. `fault` names a sentence in app.words.radio, or None when it listens."""

    fault: str | None = None
    detail: str = ""
    """For the fitter, English, without names or secrets."""


Heard = Sighting | Scan | RadioState


LABEL: Final = "label"
"""A wanted pair may be (LABEL, point id): the stop also takes a label. No radio is switched on for it."""


class TagReader(Protocol):
    """The radio (real, recorded or simulated)."""

    @property
    def always(self) -> bool:
        """Whether listening costs nothing, so that it may go on when no stop waits (a feed)."""
        ...

    def poke(self) -> None:
        """A key was pressed: somebody is there, so listen without the pauses that save energy."""
        ...

    def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncIterator[Heard]:
        """Everything heard while the caller iterates; the radio rests when it stops.

        `wanted` are (format, tag) pairs a stop waits for. A failure arrives as a RadioState,
        never as an exception; listening goes on and recovers by itself.
        """
        ...


Hush = Literal["buzz", "light", "hush"]
"""What is left of a signal in the quiet hours: the motor, the indicator alone, or nothing but the screen."""


class Buzzer(Protocol):
    def signal(self, kind: str) -> None:
        """`ok` one short, `mark` two, `no` a low one. Never blocks and never raises."""
        ...
