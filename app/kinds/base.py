"""What all bodies of records have in common."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]
"""ISO 8601 with an offset."""


class Attachment(Struct, frozen=True):
    """A picture that a record names (docs/record-format.md, section 9)."""

    sha256: str
    size: int
    """Bytes."""
    type: str


class Body(Struct, frozen=True, omit_defaults=False):
    """Base of all bodies. Fields that a newer program added are passed over."""
