"""What stands around every page behind the door: who is signed in, the alarms above, and the page of one sentence."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response
from litestar.exceptions import HTTPException

from app.duties.site import NO_TEXT, Text
from app.errors import NotAllowed
from sync.office.accounts import ALARM_TAKERS, REVIEWERS
from sync.office.alarms import TOLD_MS
from sync.office.credentials import people_of
from sync.office.pages import alarms
from sync.office.pages.alarms import AlarmSeen, Banner
from sync.office.pages.door import FormOld, NotForRole, NotForSite
from sync.office.pages.view import Asked, Clock, View, Visitor, lang_of, words
from sync.office.problems import RETRY_AFTER_S
from sync.office.store import Store, known
from sync.office.store.accounts import Session

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


class Frame:
    def __init__(self, store: Store, view: View, clock_ms: Clock) -> None:
        self._store = store
        self._view = view
        self._clock_ms = clock_ms

    async def page(self, request: Asked, template: str, page: object, **fields: Any) -> Response[bytes]:
        """A page behind the door, with the alarms above it."""
        visitor, shown = await self._visitor(request), await self._banner(request)
        filling = await self._store.read(lambda tx: known.get(tx, known.FILLING))
        return self._view.page(request, template, visitor, banner=shown, filling=filling, page=page, **fields)

    async def _banner(self, request: Asked) -> Banner:
        facts = await self.alarm_facts(request)
        return alarms.banner(facts, self.shown_alarms(request, facts))

    async def alarm_facts(self, request: Asked, told_ms: int = TOLD_MS) -> alarms.Facts:
        now, within = self._clock_ms(), sites_of(request)
        return await self._store.read(lambda tx: alarms.read_facts(tx, now, told_ms, within))

    def shown_alarms(self, request: Asked, facts: alarms.Facts) -> list[AlarmSeen]:
        role = request.state.session.role
        may_act, may_read = role in ALARM_TAKERS, role in REVIEWERS
        return alarms.show_alarms(facts, lang_of(request), may_act=may_act, may_read=may_read)

    async def plain(self, request: Asked, heading: str, sentence: str, status: int) -> Response[bytes]:
        return await self.said(request, heading, words(lang_of(request), sentence), status)

    async def said(self, request: Asked, heading: str, sentence: str, status: int) -> Response[bytes]:
        """One sentence, as it is, under a heading of the catalogue."""
        visitor, shown = await self._visitor(request), await self._banner(request)
        heading = words(lang_of(request), heading)
        return self._view.page(
            request, "plain.html", visitor, status=status, banner=shown, heading=heading, sentence=sentence
        )

    async def _visitor(self, request: Asked) -> Visitor:
        """Who is signed in, by name when the account points to a person."""
        session: Session = request.state.session
        return Visitor(session, (await self.called(session)).say(lang_of(request)) or session.account)

    async def called(self, session: Session) -> Text:
        """The account's person by name; empty without one."""
        people = (await self._store.read(people_of)).people if session.person else ()
        return next((person.name for person in people if person.id == session.person), NO_TEXT)

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


def site_of(request: Asked) -> str:
    """The site that was asked for; without one that at which the account stands, empty for any."""
    session: Session = request.state.session
    return request.query_params.get("site") or session.home_site


def sites_of(request: Asked) -> tuple[str, ...]:
    """The sites that the account may see; empty: all."""
    session: Session = request.state.session
    return session.sites
