"""The door: signing in and out, and the guard before every page behind it.

The session's id is only in its cookie (HttpOnly, SameSite=Strict); every form carries a token that another
site cannot know. What is behind the door answers nobody who has not come through it.
"""

import hmac
import secrets
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from app.errors import NotAllowed, PinLocked
from sync.office import accounts
from sync.office.accounts import Cost
from sync.office.pages.view import (
    FORM_BYTES,
    HEADERS,
    Asked,
    Clock,
    View,
    Visitor,
    field,
    form_is_ours,
    here_of,
    home_of,
    is_secure,
    lang_of,
    words,
)
from sync.office.store import Store
from sync.office.store.accounts import Session

SESSION_COOKIE: Final = "watchbook_session"
DOOR_COOKIE: Final = "watchbook_door"
DOOR_S: Final = 3600
JUDGES: Final = 2
"""Passwords judged at once: each takes 46 MB, and a quarter of a second that nobody else shall wait for."""


class NotSignedIn(HTTPException):
    """The visitor: sign in first."""

    status_code = HTTPStatus.UNAUTHORIZED


class NotForRole(HTTPException):
    """The visitor: this account's role does not open that page."""

    status_code = HTTPStatus.FORBIDDEN


class NotForSite(HTTPException):
    """The visitor: this account may not see that site."""

    status_code = HTTPStatus.FORBIDDEN


class FormOld(HTTPException):
    """The visitor: open the page again, its form was not made for this session."""

    status_code = HTTPStatus.FORBIDDEN


class Door:
    def __init__(self, store: Store, view: View, clock_ms: Clock, cost: Cost) -> None:
        self._store = store
        self._view = view
        self._clock_ms = clock_ms
        self._cost = cost
        self._judges = ThreadPoolExecutor(JUDGES, thread_name_prefix="door")

    async def let_in(self, connection: ASGIConnection[Any, Any, Any, Any], roles: Collection[str]) -> None:
        """Lets through who is signed in with one of the roles, to a site of theirs.

        Raises NotSignedIn, NotForRole, NotForSite for everybody else.
        """
        session = await self.session(connection)
        if session is None:
            raise NotSignedIn
        connection.state.session = session
        if session.role not in roles:
            raise NotForRole
        if not session.reaches(connection.query_params.get("site") or session.home_site):
            raise NotForSite

    async def session(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Session | None:
        cookie = connection.cookies.get(SESSION_COOKIE, "")
        return await accounts.session(self._store, cookie, self._clock_ms()) if cookie else None

    def handlers(self) -> list[HTTPRouteHandler]:
        """The routes in front of the door."""

        @get("/login", include_in_schema=False)
        async def ask(request: Asked) -> Response[bytes]:
            if session := await self.session(request):
                return self._view.go(request, home_of(session.role) or "/now")
            return self._form(request, wanted=request.query_params.get("next", ""))

        @post("/login", include_in_schema=False, request_max_body_size=FORM_BYTES)
        async def enter(request: Asked) -> Response[bytes]:
            return await self._enter(request)

        @post("/logout", include_in_schema=False, request_max_body_size=FORM_BYTES)
        async def leave(request: Asked) -> Response[bytes]:
            return await self._leave(request)

        return [ask, enter, leave]

    async def _enter(self, request: Asked) -> Response[bytes]:
        form = await request.form()
        name, password, wanted = (field(form, each) for each in ("name", "password", "next"))
        if not _same(field(form, "csrf"), request.cookies.get(DOOR_COOKIE, "")):
            refused = words(lang_of(request), "form_old")
            return self._form(request, wanted=wanted, name=name, refused=refused, status=403)
        address = request.client.host if request.client else ""
        try:
            opened = await accounts.open_session(
                self._store, name, password, address, self._clock_ms(), self._cost, self._judges
            )
        except PinLocked as e:
            wait = e.fields["seconds"]
            refused = words(lang_of(request), "wait", seconds=wait)
            headers = {"retry-after": str(wait)}
            return self._form(request, wanted=wanted, name=name, refused=refused, status=429, headers=headers)
        except NotAllowed as e:
            return self._form(request, wanted=wanted, name=name, refused=e.say(lang_of(request)), status=403)
        cookie = self._cookie(request, SESSION_COOKIE, opened.cookie, accounts.SESSION_MS // 1000)
        cookies = [cookie, self._cookie(request, DOOR_COOKIE, "", 0, "/login")]
        return self._view.go(request, self._view.safe_way(wanted, home_of(opened.session.role) or "/now"), cookies)

    async def _leave(self, request: Asked) -> Response[bytes]:
        session = await self.session(request)
        form = await request.form()
        if session is None:
            return self._view.go(request, "/login")
        if not form_is_ours(field(form, "csrf"), session):
            lang = lang_of(request)
            heading, sentence = words(lang, "refused"), words(lang, "form_old")
            return self._view.page(
                request, "plain.html", Visitor(session, session.account), status=403, heading=heading, sentence=sentence
            )
        await accounts.end_session(self._store, request.cookies[SESSION_COOKIE])
        return self._view.go(request, "/login", [self._cookie(request, SESSION_COOKIE, "", 0)])

    def _form(
        self,
        request: Asked,
        *,
        wanted: str,
        name: str = "",
        refused: str = "",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response[bytes]:
        csrf = secrets.token_urlsafe(32)
        return self._view.page(
            request,
            "login.html",
            status=status,
            headers=headers,
            cookies=[self._cookie(request, DOOR_COOKIE, csrf, DOOR_S, "/login")],
            csrf=csrf,
            next=self._view.safe_way(wanted, ""),
            name=name[:64],
            refused=refused,
        )

    def _cookie(self, request: Asked, key: str, value: str, age_s: int, path: str = "/") -> Cookie:
        secure = is_secure(request)
        return Cookie(key, path, value, age_s, httponly=True, samesite="strict", secure=secure)


def to_login(request: Request[Any, Any, Any], _: NotSignedIn) -> Response[bytes]:
    """Sends whoever is not signed in to the door, remembering where they wanted to go."""
    wanted = quote(here_of(request), safe="")
    headers = {**HEADERS, "location": f"/login?next={wanted}"}
    return Response(b"", status_code=303, media_type="text/plain", headers=headers)


def _same(given: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
