"""What radio and scanner met that is no arrival, as records."""

from msgspec import UNSET, UnsetType

from app.kinds.base import Body


class TagCalibrated(Body, frozen=True):
    """An installer measured a tag at the reading point of `point` (`watchbook scan --calibrate`)."""

    point: str
    format: str
    tag: str
    address: str
    level: int
    """Median of `samples`, dBm: what the plan's `near` should be."""
    samples: tuple[int, ...]


class TagSeen(Body, frozen=True):
    """A beacon that the plan does not know, close by; or one of the plan's that is not to be trusted."""

    round: str | None
    stop: str | None
    format: str
    tag: str
    address: str
    rssi: int
    frame: str
    point: str | UnsetType = UNSET
    """Whose beacon it says it is."""
    marks: tuple[str, ...] | UnsetType = UNSET
    """Why it is not to be trusted."""


class CodeSeen(Body, frozen=True):
    """A code that means nothing here: its cleaned text, or the hash of the token when it is a label of ours."""

    round: str | None
    stop: str | None
    text: str | UnsetType = UNSET
    sha256: str | UnsetType = UNSET
    point: str | UnsetType = UNSET
    """Set when it is the label of a point that is not of this round."""
