"""What somebody needs to try the example: the office of a demonstration tells it in its first line, as JSON."""

from typing import Final

from msgspec import Struct

PINS: Final = {
    "zhang-wei": "1111", "li-jun": "2222",
    "he-jing": "2001", "tang-jun": "3002", "zhao-guilan": "4001", "wang-xiuying": "4002", "ye-changgen": "5001",
    "yu-jia": "6001", "shi-lanying": "7001", "ren-hong": "8001", "wang-qiang": "8101", "lu-jianguo": "9001",
}  # fmt: skip
"""PIN by person of the example: the two guards who walk the demonstration's round, then one of every other role, whose
PIN is the staff number."""


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
    """PIN by person, those of PINS."""
