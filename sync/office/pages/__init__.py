"""The pages a supervisor reads: signing in, the day's rounds, one round point by point.

Server-rendered, without scripts; what they show is folded from the records and says up to where it is true.
"""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from sync.office.accounts import COST, Cost
from sync.office.credentials import people_of
from sync.office.fold import Folding
from sync.office.pages import day, timeline
from sync.office.pages.day import Wish
from sync.office.pages.door import Door, NotForRole, NotSignedIn, to_login
from sync.office.pages.places import Places
from sync.office.pages.view import HEADERS, SHOWN_NOW, Asked, Clock, View, Visitor, lang_of, words
from sync.office.problems import RETRY_AFTER_S
from sync.office.store import Store
from sync.office.store.accounts import Session

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


def pages(store: Store, folding: Folding, clock_ms: Clock, *, moved_clock: bool = False, cost: Cost = COST) -> Served:
    """The pages on an open store. With `moved_clock` every one of them tells the time, the site's."""
    desk = _Desk(store, folding, clock_ms)
    door = Door(store, desk.view, clock_ms, cost)

    # functions, not methods: Litestar copies what a router holds, all the way down
    async def tell_time(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Stands before the guard, so that whom it refuses is told too."""
        connection.state[SHOWN_NOW] = await desk.local_now(connection.query_params.get("site", ""))

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await door.let_in(connection)

    def refuse(request: Asked, error: HTTPException) -> Response[bytes]:
        return desk.refuse(request, error)

    staged = [tell_time] if moved_clock else []
    inside = Router(
        "/",
        route_handlers=desk.handlers(),
        guards=[*staged, guard],
        exception_handlers={NotSignedIn: to_login, HTTPException: refuse},
        include_in_schema=False,
    )
    outside = Router(
        "/",
        route_handlers=[*door.handlers(), *desk.files()],
        guards=staged,
        exception_handlers={HTTPException: refuse},
        include_in_schema=False,
    )
    return Served([inside, outside], desk.failed)


class _Desk:
    """What the pages share."""

    def __init__(self, store: Store, folding: Folding, clock_ms: Clock) -> None:
        self.view = View()
        self._store = store
        self._folding = folding
        self._clock_ms = clock_ms

    def handlers(self) -> list[ControllerRouterHandler]:
        @get("/")
        async def start(request: Asked) -> Response[bytes]:
            return self.view.go(request, "/rounds")

        @get("/rounds")
        async def rounds(request: Asked) -> Response[bytes]:
            return await self._day(request)

        @get("/rounds/{name:path}")
        async def one(request: Asked, name: FromPath[str]) -> Response[bytes]:
            return await self._round(request, name.removeprefix("/"))

        return [start, rounds, one]

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
        return self.view.page(request, "rounds.html", await self._visitor(request), page=seen)

    async def _round(self, request: Asked, name: str) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site, now = request.query_params.get("site", ""), self._clock_ms()
        facts = await self._store.read(lambda tx: timeline.read_facts(tx, name, site, now))
        if facts is None:
            return await self._plain(request, "not_found", "no_such_round", 404)
        seen = timeline.show_round(facts, lang_of(request), now)
        return self.view.page(request, "round.html", await self._visitor(request), page=seen)

    async def _plain(self, request: Asked, heading: str, sentence: str, status: int) -> Response[bytes]:
        lang = lang_of(request)
        visitor, heading, sentence = await self._visitor(request), words(lang, heading), words(lang, sentence)
        return self.view.page(request, "plain.html", visitor, status=status, heading=heading, sentence=sentence)

    async def _visitor(self, request: Asked) -> Visitor:
        """Who is signed in, by name when the account points to a person."""
        session: Session = request.state.session
        people = (await self._store.read(people_of)).people if session.person else ()
        name = next((person.name.say(lang_of(request)) for person in people if person.id == session.person), "")
        return Visitor(session, name or session.account)

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
