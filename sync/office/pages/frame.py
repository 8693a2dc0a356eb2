"""What stands around every page behind the door: who is signed in, the alarms above, and the page of one sentence."""

from http import HTTPStatus
from typing import Any, Final, TypedDict

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import NO_TEXT, Person, Text
from app.errors import NotAllowed
from sync.office.accounts import ALARM_TAKERS, REVIEWERS
from sync.office.alarms import TOLD_MS
from sync.office.pages import alarms
from sync.office.pages.alarms import Banner
from sync.office.pages.door import FormOld, NotForRole, NotForSite
from sync.office.pages.view import Asked, Clock, View, Visitor, lang_of, words
from sync.office.problems import RETRY_AFTER_S
from sync.office.store import Store, known
from sync.office.store.accounts import Session
from sync.office.store.plans import find_person

FAILED: Final = {
    "internal": ("failed", "internal"),
    "busy": ("failed", "busy"),
    "not-found": ("not_found", "wrong_address"),
}
"""By problem: heading and sentence of the page that says so."""
REFUSALS: Final[dict[type[HTTPException], str]] = {
    NotForRole: "not_for_role",
    NotForSite: "not_for_site",
    FormOld: "form_old",
}


TOLD: Final = 4 * alarms.ABOVE
"""The newest alarms and urgent findings, from which those above a page are taken."""


class Rights(TypedDict):
    """What somebody may do about alarms."""

    may_act: bool
    may_read: bool


class Around(Struct, frozen=True):
    """Of a page behind the door: who looks at it, the alarms above it, how far a demonstration's example has come."""

    visitor: Visitor
    """By name when the account points to a person."""
    banner: Banner
    filling: str


class Frame:
    def __init__(self, store: Store, view: View, clock_ms: Clock) -> None:
        self._store = store
        self._view = view
        self._clock_ms = clock_ms

    async def page(
        self, request: Asked, template: str, page: object, *, above: bool = True, **fields: Any
    ) -> Response[bytes]:
        """A page behind the door, with the alarms above it; without `above` it shows them itself."""
        around = await self._around(request, above=above)
        return self._view.page(
            request, template, around.visitor, banner=around.banner, filling=around.filling, page=page, **fields
        )

    async def _around(self, request: Asked, *, above: bool = True) -> Around:
        """What stands around every page, of one snapshot."""
        session: Session = request.state.session
        now, within = self._clock_ms(), sites_of(request)

        def read(tx: Connection) -> tuple[Text, alarms.Facts, str]:
            facts = alarms.read_facts(tx, now, TOLD_MS, within, TOLD) if above else alarms.NO_FACTS
            return _called(tx, session), facts, known.get(tx, known.FILLING)

        called, facts, filling = await self._store.read(read)
        visitor = Visitor(session, called.say(lang_of(request)) or session.account)
        banner = alarms.banner(facts, lang_of(request), **rights(session))
        return Around(visitor, banner, filling)

    async def plain(self, request: Asked, heading: str, sentence: str, status: int) -> Response[bytes]:
        return await self.said(request, heading, words(lang_of(request), sentence), status)

    async def said(self, request: Asked, heading: str, sentence: str, status: int) -> Response[bytes]:
        """One sentence, as it is, under a heading of the catalogue."""
        around = await self._around(request)
        heading = words(lang_of(request), heading)
        return self._view.page(
            request,
            "plain.html",
            around.visitor,
            status=status,
            banner=around.banner,
            heading=heading,
            sentence=sentence,
        )

    async def called(self, session: Session) -> Text:
        """The account's person by name; empty without one."""
        return await self._store.read(lambda tx: _called(tx, session))

    def failed(self, request: Asked, problem: str, status: int) -> Response[bytes]:
        """What nobody foresaw, as a page; without the visitor's name, for the store may be what failed."""
        lang = lang_of(request)
        heading, sentence = FAILED.get(problem, ("refused", "bad_request"))
        wait = RETRY_AFTER_S.get(problem)
        return self._view.page(
            request,
            "plain.html",
            status=status,
            headers={"retry-after": str(wait)} if wait else None,
            heading=words(lang, heading),
            sentence=words(lang, sentence),
        )

    def refuse(self, request: Asked, error: HTTPException) -> Response[bytes]:
        """What the framework or the guard refuses, as a page."""
        sentence = REFUSALS.get(type(error), "bad_request")
        return self._refused(request, words(lang_of(request), sentence), error.status_code)

    def not_allowed(self, request: Asked, error: NotAllowed) -> Response[bytes]:
        """What a page could not do, as the sentence that says why."""
        return self._refused(request, error.say(lang_of(request)), HTTPStatus.CONFLICT)

    def _refused(self, request: Asked, sentence: str, status: int) -> Response[bytes]:
        session: Session | None = request.state.get("session")
        visitor = Visitor(session, session.account if session else "")
        heading = words(lang_of(request), "refused")
        return self._view.page(request, "plain.html", visitor, status=status, heading=heading, sentence=sentence)


def _called(tx: Connection, session: Session) -> Text:
    raw = find_person(tx, session.person) if session.person else None
    return msgspec.json.decode(raw, type=Person).name if raw else NO_TEXT


def rights(session: Session) -> Rights:
    return {"may_act": session.role in ALARM_TAKERS, "may_read": session.role in REVIEWERS}


def site_of(request: Asked) -> str:
    """The site that was asked for; without one that at which the account stands, empty for any."""
    session: Session = request.state.session
    return request.query_params.get("site") or session.home_site


def sites_of(request: Asked) -> tuple[str, ...]:
    """The sites that the account may see; empty: all."""
    session: Session = request.state.session
    return session.sites
