"""Photographs on their way into a record: durable beside the book before the record that names them (decision 12)."""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, UnsetType

from app.errors import BookUnsafe, NotAllowed
from app.kinds.base import Attachment
from app.logbook.book import Logbook

MOST: Final = 3
"""Photographs of one record."""


def attached(logbook: Logbook, photos: Sequence[bytes]) -> tuple[Attachment, ...] | UnsetType:
    """What the record holds of them; UNSET without any. On the thread that writes.

    Raises NotAllowed when there are too many, RecordRefused for what is no picture, and NotAllowed, saying that the
    rest can be recorded without, for a disk that has no room for them.
    """
    if len(photos) > MOST:
        raise NotAllowed("photo.most", n=MOST)
    try:
        kept = [logbook.attach(photo) for photo in photos]
    except BookUnsafe as e:
        raise NotAllowed("photo.not_kept") from e
    return tuple(Attachment(one.sha256, one.size, one.type) for one in kept) or UNSET
