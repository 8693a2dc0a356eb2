"""When the clock is moved for a demonstration or a test: what was given out by the real clock moves with it."""

from sqlalchemy import Connection, update

from sync.office.store.schema import enrolment_codes


def move_codes(tx: Connection, real_now: int, ahead_ms: int) -> None:
    """Let enrolment codes that are still good live as long in the moved time; `ahead_ms` is how far it is ahead."""
    good = (enrolment_codes.c.expires_at > real_now, enrolment_codes.c.used_by.is_(None))
    tx.execute(update(enrolment_codes).where(*good).values(expires_at=enrolment_codes.c.expires_at + ahead_ms))
