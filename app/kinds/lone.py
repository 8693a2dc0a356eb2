"""Lone worker check-in as a record (app.duties.lone). What was not answered is an `alarm.raised`."""

from app.kinds.base import Body


class LoneAnswered(Body, frozen=True):
    """Somebody who works alone was asked, and is well."""

    asked: int
    """UTC ms."""
    urged: bool
    """Only after the second, louder asking, or after the alarm."""
    point: str | None
    """Where the handheld's last arrival was."""
