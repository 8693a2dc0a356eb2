"""A handheld that scanned its sheet: let in by the office, confirmed by a person, and supplied with its plan.

Each step is asked for by whoever shows it, in a thread of its own, and may be asked for again: after a lost answer, a
dead battery, a network that was away. What was reached stands in the logbook.
"""

import hmac
from contextlib import closing
from typing import Final

from app.codes import parse
from app.errors import NotAllowed, OfficeRefused
from app.invitation import Invitation
from app.logbook.book import Logbook
from app.logbook.reader import Enrolment
from app.pages import plan_of
from app.ports import Clock
from sync.client import Client, Timeouts
from sync.wire import AskOthers, Other, compare_code, confirm_bytes, unhex

WAITS: Final = "sync.unconfirmed"
"""The key of the office's no while nobody has confirmed this handheld."""


QUICK: Final = Timeouts(connect=4, read=8, write=8, answer=12)
"""Somebody stands there and waits."""


class Invited:
    def __init__(self, logbook: Logbook, clock: Clock) -> None:
        self._logbook = logbook
        self._clock = clock

    @property
    def office(self) -> Enrolment | None:
        """Where it is let in, if only to wait."""
        return self._logbook.office

    @property
    def equipped(self) -> bool:
        """Whether what a crew needs to sign in is here."""
        return self.office is not None and all(self._logbook.pages(kind) for kind in ("plan", "people", "credentials"))

    def site(self, lang: str) -> str:
        """What its plan calls the site."""
        plan = plan_of(self._logbook, self._clock.now().at)
        return (plan.site.name.say(lang) or plan.site.id) if plan else ""

    @property
    def shown(self) -> str:
        """The six characters to compare with the office's; empty before it is let in."""
        if self.office is None:
            return ""
        return compare_code(self._logbook.book, self._logbook.identity.public, unhex(self.office.server_key, 32))

    def come_in(self, invitation: Invitation, *, leave_round: bool = False) -> None:
        """Introduce this handheld with the code of its sheet. Raises as `enrolment.enrol` does."""
        from sync.enrolment import enrol  # with the HTTP library: 0.2 s

        enrol(self._logbook, invitation.office, invitation.code, "", self._clock, leave_round=leave_round)

    def fetch(self) -> None:
        """One exchange: what was recorded goes, the plan comes. Raises OfficeAway, OfficeRefused (WAITS), BookError."""
        from sync.courier import Courier

        Courier(self._logbook, self._clock).exchange()

    def others(self, by: str, post: str) -> tuple[Other, ...]:
        """What the office knows of the site's other handhelds in use. Raises OfficeAway, OfficeRefused."""
        with closing(self._client()) as client:
            client.hello()
            return client.others(AskOthers(by, post)).handhelds

    def _client(self) -> Client:
        """Raises OfficeRefused."""
        office = self.office
        if office is None:
            raise OfficeRefused("sync.not_enrolled")
        key = unhex(office.server_key, 32)
        book, identity = self._logbook.book, self._logbook.identity
        return Client(office.office, book=book, identity=identity, server_key=key, clock=self._clock, timeouts=QUICK)

    def vouch(self, badge: str) -> None:
        """A supervisor's badge instead of a word from the office. Raises OfficeAway, OfficeRefused; NotAllowed for what
        is no badge."""
        code = parse(badge)
        if code is None:
            raise NotAllowed("watch.no_badge")
        message = confirm_bytes(self._logbook.book, self._logbook.identity.public)
        with closing(self._client()) as client:
            client.hello()
            client.confirm(hmac.digest(code.token, message, "sha256").hex())
