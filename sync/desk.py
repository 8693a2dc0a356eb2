"""What somebody needs to try the example: the office of a demonstration tells it in its first line, as JSON."""

from msgspec import Struct


class Desk(Struct, frozen=True):
    """A furnished office, and the secrets of the people and places it made up."""

    url: str
    user: str
    password: str
    code: str
    """One-use enrolment code, with the office's fingerprint."""
    labels: dict[str, str]
    """Text of each point's label, by point."""
    pins: dict[str, str]
    """PIN by person: for the guards of the demonstration."""
