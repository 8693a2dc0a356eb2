"""The pages a supervisor reads: signing in, the day's rounds, one round point by point.

Server-rendered, without scripts; what they show is folded from the records and says up to where it is true.
"""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from app.duties.site import NO_TEXT, Text
from app.errors import NotAllowed
from sync.office.accounts import ALARM_TAKERS, COST, LABEL_PRINTERS, REVIEWERS, Cost
from sync.office.alarms import TOLD_MS, move
from sync.office.credentials import people_of
from sync.office.fold import Folding
from sync.office.labels import LabelsRefused
from sync.office.pages import alarms as alarm_pages
from sync.office.pages import books as book_pages
from sync.office.pages import day, resident, timeline
from sync.office.pages import labels as label_pages
from sync.office.pages import records as record_pages
from sync.office.pages import tags as tag_pages
from sync.office.pages.alarms import AlarmSeen, Banner
from sync.office.pages.day import Wish
from sync.office.pages.door import Door, NotForRole, NotSignedIn, to_login
from sync.office.pages.places import Places
from sync.office.pages.view import (
    FORM_BYTES,
    HEADERS,
    SHOWN_NOW,
    Asked,
    Clock,
    View,
    Visitor,
    field,
    form_is_ours,
    home_of,
    lang_of,
    safe_way,
    words,
)
from sync.office.problems import RETRY_AFTER_S
from sync.office.readback import SheetUnreadable
from sync.office.settings import NOT_PUBLIC, Public
from sync.office.store import Store, known
from sync.office.store.accounts import Session
from sync.office.typeface import FontMissing

LISTED_MS: Final = 31 * 24 * 3600 * 1000
"""How far back the list of alarms goes."""
PATIENCE_S: Final = 2.0
"""How long a page waits for records that are held but not folded yet; then it says how many wait."""
STYLE_S: Final = 365 * 24 * 3600
FAILED: Final = {
    "internal": ("failed", "internal"),
    "busy": ("failed", "busy"),
    "not-found": ("not_found", "wrong_address"),
}
"""By problem: heading and sentence of the page that says so."""


class Served(Struct, frozen=True):
    """What is served beside the API."""

    handlers: list[ControllerRouterHandler]
    failed: Callable[[Request[Any, Any, Any], str, int], Response[bytes]]
    """The page that says what went wrong: request, name of the problem, status."""


def pages(
    store: Store,
    folding: Folding,
    clock_ms: Clock,
    *,
    moved_clock: bool = False,
    cost: Cost = COST,
    public: Public = NOT_PUBLIC,
) -> Served:
    """The pages on an open store. With `moved_clock` every one of them tells the time, the site's."""
    desk = _Desk(store, folding, clock_ms, public)
    door = Door(store, desk.view, clock_ms, cost)

    # functions, not methods: Litestar copies what a router holds, all the way down
    async def tell_time(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Stands before the guard, so that whom it refuses is told too."""
        connection.state[SHOWN_NOW] = await desk.local_now(connection.query_params.get("site", ""))

    async def may_read(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await door.let_in(connection, REVIEWERS)

    async def may_hear(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await door.let_in(connection, REVIEWERS | ALARM_TAKERS)

    def refuse(request: Asked, error: HTTPException) -> Response[bytes]:
        return desk.refuse(request, error)

    staged = [tell_time] if moved_clock else []
    inside, beside = (
        Router(
            "/",
            route_handlers=handlers,
            guards=[*staged, guard],
            exception_handlers={NotSignedIn: to_login, HTTPException: refuse},
            include_in_schema=False,
        )
        for handlers, guard in ((desk.handlers(), may_read), (desk.alarm_handlers(), may_hear))
    )
    outside = Router(
        "/",
        route_handlers=[*door.handlers(), *desk.files(), *resident.handlers(desk.view, public.label_phone)],
        guards=staged,
        exception_handlers={HTTPException: refuse},
        include_in_schema=False,
    )
    return Served([inside, beside, outside], desk.failed)


class _Desk:
    """What the pages share."""

    def __init__(self, store: Store, folding: Folding, clock_ms: Clock, public: Public) -> None:
        self.view = View()
        self.public = public
        self._store = store
        self._folding = folding
        self._clock_ms = clock_ms
        self._press = label_pages.Press()

    def handlers(self) -> list[ControllerRouterHandler]:
        @get("/rounds")
        async def rounds(request: Asked) -> Response[bytes]:
            return await self._day(request)

        @get("/rounds/{name:path}")
        async def one(request: Asked, name: FromPath[str]) -> Response[bytes]:
            return await self._round(request, name.removeprefix("/"))

        @get("/books")
        async def books(request: Asked) -> Response[bytes]:
            return await self._books(request)

        @get("/records")
        async def records(request: Asked) -> Response[bytes]:
            return await self._records(request)

        @get("/labels")
        async def labels(request: Asked) -> Response[bytes]:
            return await self._labels(request)

        @get("/labels/sheet.pdf")
        async def sheet(request: Asked) -> Response[bytes]:
            return await self._sheet(request)

        @get("/tags")
        async def tags(request: Asked) -> Response[bytes]:
            return await self._tags(request)

        return [rounds, one, books, records, tags, labels, sheet]

    def alarm_handlers(self) -> list[ControllerRouterHandler]:
        """What the desk may see too."""

        @get("/")
        async def start(request: Asked) -> Response[bytes]:
            return self.view.go(request, home_of(request.state.session.role))

        @get("/alarms")
        async def alarms(request: Asked) -> Response[bytes]:
            return await self._alarms(request)

        @post("/alarms", request_max_body_size=FORM_BYTES, status_code=200)
        async def move(request: Asked) -> Response[bytes]:
            return await self._move(request)

        return [start, alarms, move]

    async def local_now(self, site: str) -> str:
        """The time at that site, at the first one when there is none of that name; UTC when there is no site yet."""
        plan = await self._store.read(lambda tx: day.plan_of(tx, site))
        local = f"{Places('', plan, {}).local(self._clock_ms()):%Y-%m-%d %H:%M}"
        return local if plan else f"{local} UTC"

    def files(self) -> list[ControllerRouterHandler]:
        """What every browser may have: the style and the icon."""
        headers = {**HEADERS, "cache-control": f"public, max-age={STYLE_S}, immutable"}

        @get("/static/office.css", sync_to_thread=False)
        def style() -> Response[bytes]:
            return Response(self.view.style, media_type="text/css; charset=utf-8", headers=headers)

        @get("/static/icon.svg", sync_to_thread=False)
        def icon() -> Response[bytes]:
            return Response(self.view.icon, media_type="image/svg+xml", headers=headers)

        return [style, icon]

    async def _day(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        query, now = request.query_params, self._clock_ms()
        wish = Wish(*(query.get(name, "") for name in Wish.__struct_fields__))
        facts = await self._store.read(lambda tx: day.read_day(tx, wish, now))
        if facts is None:
            return await self._plain(request, "rounds", "no_site", 200)
        seen = day.show_day(facts, wish, lang_of(request), now)
        return await self._page(request, "rounds.html", seen)

    async def _round(self, request: Asked, name: str) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site, now = request.query_params.get("site", ""), self._clock_ms()
        facts = await self._store.read(lambda tx: timeline.read_facts(tx, name, site))
        if facts is None:
            return await self._plain(request, "not_found", "no_such_round", 404)
        seen = timeline.show_round(facts, lang_of(request), now)
        return await self._page(request, "round.html", seen)

    async def _books(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site = request.query_params.get("site", "")
        facts = await self._store.read(lambda tx: book_pages.read_books(tx, site))
        if facts is None:
            return await self._plain(request, "books", "no_site", 200)
        return await self._page(request, "books.html", book_pages.show_books(facts, lang_of(request)))

    async def _records(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site, book, upto = (request.query_params.get(name, "") for name in ("site", "book", "upto"))
        facts = await self._store.read(lambda tx: record_pages.read_records(tx, site, book, upto))
        if facts is None:
            return await self._plain(request, "not_found", "no_such_book", 404)
        return await self._page(request, "records.html", record_pages.show_records(facts, lang_of(request)))

    async def _tags(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site, now = request.query_params.get("site", ""), self._clock_ms()
        facts = await self._store.read(lambda tx: tag_pages.read_tags(tx, site, now))
        if facts is None:
            return await self._plain(request, "tags", "no_site", 200)
        return await self._page(request, "tags.html", tag_pages.show_tags(facts, lang_of(request)))

    async def _labels(self, request: Asked) -> Response[bytes]:
        if request.state.session.role not in LABEL_PRINTERS:
            return await self._plain(request, "refused", "labels_not_for_role", 403)
        sites = await self._store.read(label_pages.read_sites)
        if not sites:
            return await self._plain(request, "labels", "no_site", 200)
        return await self._page(request, "labels.html", label_pages.show_labels(sites, lang_of(request)))

    async def _sheet(self, request: Asked) -> Response[bytes]:
        if request.state.session.role not in LABEL_PRINTERS:
            return await self._plain(request, "refused", "labels_not_for_role", 403)
        query, now = request.query_params, self._clock_ms()
        try:
            found = await self._store.read(lambda tx: label_pages.read_wanted(tx, query, now, self.public.label_url))
            if found is None:
                return await self._plain(request, "not_found", "no_site", 404)
            return await self._press.sheet(found, query.get("layout", ""), query["site"])
        except (LabelsRefused, SheetUnreadable, FontMissing) as e:
            return await self._said(request, "refused", e.say(lang_of(request)), 409)

    async def _alarms(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        facts = await self._alarm_facts(LISTED_MS)
        return await self._page(request, "alarms.html", self._shown(request, facts))

    async def _move(self, request: Asked) -> Response[bytes]:
        """Take or close an alarm, then back to the page where the visitor was."""
        session: Session = request.state.session
        form = await request.form()
        if not form_is_ours(field(form, "csrf"), session):
            return await self._plain(request, "refused", "form_old", 403)
        if session.role not in ALARM_TAKERS:
            return await self._plain(request, "refused", "alarm_not_for_role", 403)
        site, alarm, state = (field(form, each) for each in ("site", "alarm", "state"))
        by, now = await self._called(session), self._clock_ms()
        try:
            await self._store.write(lambda tx: move(tx, site, alarm, state, session.account, by, now))
        except NotAllowed as e:
            return await self._plain(request, "refused", e.key.removeprefix("office."), 409)
        return self.view.go(request, safe_way(field(form, "back"), home_of(session.role)))

    async def _page(self, request: Asked, template: str, page: object) -> Response[bytes]:
        """A page behind the door, with the alarms above it."""
        visitor, shown = await self._visitor(request), await self._banner(request)
        filling = await self._store.read(lambda tx: known.get(tx, known.FILLING))
        return self.view.page(request, template, visitor, banner=shown, filling=filling, page=page)

    async def _banner(self, request: Asked) -> Banner:
        facts = await self._alarm_facts()
        return alarm_pages.banner(facts, self._shown(request, facts))

    async def _alarm_facts(self, told_ms: int = TOLD_MS) -> alarm_pages.Facts:
        now = self._clock_ms()
        return await self._store.read(lambda tx: alarm_pages.read_facts(tx, now, told_ms))

    def _shown(self, request: Asked, facts: alarm_pages.Facts) -> list[AlarmSeen]:
        role = request.state.session.role
        may_act, may_read = role in ALARM_TAKERS, role in REVIEWERS
        return alarm_pages.show_alarms(facts, lang_of(request), may_act=may_act, may_read=may_read)

    async def _plain(self, request: Asked, heading: str, sentence: str, status: int) -> Response[bytes]:
        return await self._said(request, heading, words(lang_of(request), sentence), status)

    async def _said(self, request: Asked, heading: str, sentence: str, status: int) -> Response[bytes]:
        """One sentence, as it is, under a heading of the catalogue."""
        visitor, shown = await self._visitor(request), await self._banner(request)
        heading = words(lang_of(request), heading)
        return self.view.page(
            request, "plain.html", visitor, status=status, banner=shown, heading=heading, sentence=sentence
        )

    async def _visitor(self, request: Asked) -> Visitor:
        """Who is signed in, by name when the account points to a person."""
        session: Session = request.state.session
        return Visitor(session, (await self._called(session)).say(lang_of(request)) or session.account)

    async def _called(self, session: Session) -> Text:
        """The account's person by name; empty without one."""
        people = (await self._store.read(people_of)).people if session.person else ()
        return next((person.name for person in people if person.id == session.person), NO_TEXT)

    def failed(self, request: Asked, problem: str, status: int) -> Response[bytes]:
        """What nobody foresaw, as a page; without the visitor's name, for the store may be what failed."""
        lang = lang_of(request)
        heading, sentence = FAILED.get(problem, ("refused", "bad_request"))
        wait = RETRY_AFTER_S.get(problem)
        return self.view.page(
            request,
            "plain.html",
            status=status,
            headers={"retry-after": str(wait)} if wait else None,
            heading=words(lang, heading),
            sentence=words(lang, sentence),
        )

    def refuse(self, request: Asked, error: HTTPException) -> Response[bytes]:
        """What the framework or the guard refuses, as a page."""
        lang = lang_of(request)
        sentence = "not_for_role" if isinstance(error, NotForRole) else "bad_request"
        session: Session | None = request.state.get("session")
        visitor = Visitor(session, session.account if session else "")
        heading, said = words(lang, "refused"), words(lang, sentence)
        return self.view.page(request, "plain.html", visitor, status=error.status_code, heading=heading, sentence=said)
