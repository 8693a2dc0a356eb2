"""When the clock is moved for a demonstration or a test: what was given out by the real clock moves with it."""

from sqlalchemy import Connection, update

from sync.office.store.plans import plans
from sync.office.store.schema import enrolment_codes


def move_codes(tx: Connection, real_now: int, ahead_ms: int) -> None:
    """Let enrolment codes that are still good live as long in the moved time; `ahead_ms` is how far it is ahead."""
    good = (enrolment_codes.c.expires_at > real_now, enrolment_codes.c.used_by.is_(None))
    tx.execute(update(enrolment_codes).where(*good).values(expires_at=enrolment_codes.c.expires_at + ahead_ms))


def move_plans(tx: Connection, moved_now: int) -> None:
    """Let plans that would be imported only later, by a clock that was moved back, hold from `moved_now`, UTC ms."""
    tx.execute(update(plans).where(plans.c.imported_at > moved_now).values(imported_at=moved_now))
