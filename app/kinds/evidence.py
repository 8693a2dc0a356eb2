"""What shows that somebody was at a point: kept so that it can be judged again."""

from msgspec import UNSET, Struct, UnsetType


class BleEvidence(Struct, frozen=True, omit_defaults=True):
    """What near was judged on: enough to judge again."""

    format: str
    tag: str
    address: str
    power_1m: int | None
    enter: int | None
    """Level from which the tag counted as near, dBm."""
    samples: tuple[tuple[int, int], ...]
    """(Moment.up, dBm)."""
    frame: str
    """What was on the air with the last sample."""
    frames: tuple[str, ...] = ()
    """The last frame of each other kind that the same address sent within half a minute, TLM among them."""
    also: tuple[str, ...] = ()
    """Other addresses that sent the same identity meanwhile: one of them is a copy."""
    settings: int = 0
    """Revision of the office's settings by which near was judged; 0: by the plan's numbers."""


class LabelEvidence(Struct, frozen=True):
    """A label's issue. The proof of its token stands in the body, added by the logbook."""

    issue: str
    asset: str | UnsetType = UNSET
    """Set when it was an asset's label rather than the point's."""
    health: int | UnsetType = UNSET
    """Unused error correction when a camera read it, percent: 100 is a clean print, below 50 it wants a new one."""


class Evidence(Struct, frozen=True):
    ble: BleEvidence | UnsetType = UNSET
    label: LabelEvidence | UnsetType = UNSET
    typed: str | UnsetType = UNSET
    """The short code under the label."""
    radio: str | UnsetType = UNSET
    """Why no beacon of the point is in it: `heard`, `silent`, `short` (app.duties.clones), or the radio's fault."""
    elsewhere: BleEvidence | UnsetType = UNSET
    """Another point's beacon, near while this one's label was read."""
