"""A subject's share of the state (app.resume): where it stands, and what each of the subject's records makes of it."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from app.kinds.base import Body
from app.record import Record

T = TypeVar("T")
Step = Callable[[T, Record, Any, str], T]
"""The share after a record with its body, in the book of that id."""


class Share(Generic[T]):
    """A module of app.kinds whose records have one calls it SHARE."""

    def __init__(self, name: str, shape: Any, first: T, steps: Mapping[type[Body], Step[T]]) -> None:
        """`shape`: T as msgspec reads it. `first`: before any record."""
        self.name = name
        self.first = first
        self.steps = steps
        self._shape = shape

    def read(self, kept: msgspec.Raw) -> T:
        """The share as a snapshot kept it; the first one where another version of the program wrote what is none."""
        try:
            found: T = msgspec.json.decode(kept, type=self._shape)
        except ValueError:
            return self.first
        return found
