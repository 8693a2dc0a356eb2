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

from app.errors import NotAllowed
from app.words import say
from sync.office.accounts import ALARM_TAKERS, AUDITORS, COST, LABEL_PRINTERS, REVIEWERS, Cost
from sync.office.alarms import move
from sync.office.audit import acts, looked
from sync.office.desk import Desk
from sync.office.details import is_name
from sync.office.fold import Folding
from sync.office.keys import OfficeKey
from sync.office.labels import LabelsRefused
from sync.office.pages import afterwards, day, resident, timeline
from sync.office.pages import audit as audit_pages
from sync.office.pages import books as book_pages
from sync.office.pages import fleet as fleet_pages
from sync.office.pages import labels as label_pages
from sync.office.pages import records as record_pages
from sync.office.pages import tags as tag_pages
from sync.office.pages.day import Wish
from sync.office.pages.door import Door, NotSignedIn, to_login
from sync.office.pages.frame import Frame, sites_of
from sync.office.pages.photos import picture
from sync.office.pages.places import Places
from sync.office.pages.view import (
    FORM_BYTES,
    HEADERS,
    SHOWN_NOW,
    Asked,
    Clock,
    View,
    field,
    form_is_ours,
    home_of,
    lang_of,
    safe_way,
)
from sync.office.readback import SheetUnreadable
from sync.office.settings import NOT_PUBLIC, Public
from sync.office.store import Store
from sync.office.store.accounts import Session
from sync.office.store.blobs import blob_of
from sync.office.typeface import FontMissing

LISTED_MS: Final = 31 * 24 * 3600 * 1000
"""How far back the list of alarms goes."""
PATIENCE_S: Final = 2.0
"""How long a page waits for records that are held but not folded yet; then it says how many wait."""
STYLE_S: Final = 365 * 24 * 3600


class Served(Struct, frozen=True):
    """What is served beside the API."""

    handlers: list[ControllerRouterHandler]
    failed: Callable[[Request[Any, Any, Any], str, int], Response[bytes]]
    """The page that says what went wrong: request, name of the problem, status."""


def pages(
    store: Store,
    folding: Folding,
    clock_ms: Clock,
    key: OfficeKey,
    *,
    moved_clock: bool = False,
    cost: Cost = COST,
    public: Public = NOT_PUBLIC,
) -> Served:
    """The pages on an open store. With `moved_clock` every one of them tells the time, the site's."""
    view = View()
    frame = Frame(store, view, clock_ms)
    inner = _Pages(store, folding, clock_ms, frame, view, public, key)
    door = Door(store, view, clock_ms, cost)

    # functions, not methods: Litestar copies what a router holds, all the way down
    async def tell_time(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Stands before the guard, so that whom it refuses is told too."""
        connection.state[SHOWN_NOW] = await inner.local_now(connection.query_params.get("site", ""))

    async def may_read(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await door.let_in(connection, REVIEWERS)

    async def may_hear(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await door.let_in(connection, REVIEWERS | ALARM_TAKERS)

    def refuse(request: Asked, error: HTTPException) -> Response[bytes]:
        return frame.refuse(request, error)

    staged = [tell_time] if moved_clock else []
    inside, beside = (
        Router(
            "/",
            route_handlers=handlers,
            guards=[*staged, guard],
            exception_handlers={NotSignedIn: to_login, HTTPException: refuse},
            include_in_schema=False,
        )
        for handlers, guard in ((inner.handlers(), may_read), (inner.alarm_handlers(), may_hear))
    )
    outside = Router(
        "/",
        route_handlers=[*door.handlers(), *inner.files(), *resident.handlers(view, public.label_phone)],
        guards=staged,
        exception_handlers={HTTPException: refuse},
        include_in_schema=False,
    )
    return Served([inside, beside, outside], frame.failed)


class _Pages:
    """What is asked of the store for each address."""

    def __init__(
        self,
        store: Store,
        folding: Folding,
        clock_ms: Clock,
        frame: Frame,
        view: View,
        public: Public,
        key: OfficeKey,
    ) -> None:
        self._frame = frame
        self._view = view
        self._desk = Desk(store, key)
        self._public = public
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

        @get("/labels/test.pdf")
        async def trial(request: Asked) -> Response[bytes]:
            return await self._trial(request)

        @get("/devices")
        async def devices(request: Asked) -> Response[bytes]:
            return await self._devices(request)

        @get("/audit")
        async def audit(request: Asked) -> Response[bytes]:
            return await self._audit(request)

        @get("/tags")
        async def tags(request: Asked) -> Response[bytes]:
            return await self._tags(request)

        @get("/photos/{name:str}")
        async def photo(request: Asked, name: FromPath[str]) -> Response[bytes]:
            return await self._photo(request, name)

        @get("/afterwards")
        async def forms(request: Asked) -> Response[bytes]:
            return await self._afterwards(request)

        @post("/afterwards", request_max_body_size=afterwards.FORM_BYTES, status_code=200)
        async def write(request: Asked) -> Response[bytes]:
            return await self._write(request)

        return [rounds, one, books, records, devices, audit, tags, labels, sheet, trial, photo, forms, write]

    def alarm_handlers(self) -> list[ControllerRouterHandler]:
        """What the desk may see too."""

        @get("/")
        async def start(request: Asked) -> Response[bytes]:
            return self._view.go(request, home_of(request.state.session.role))

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
            return Response(self._view.style, media_type="text/css; charset=utf-8", headers=headers)

        @get("/static/icon.svg", sync_to_thread=False)
        def icon() -> Response[bytes]:
            return Response(self._view.icon, media_type="image/svg+xml", headers=headers)

        return [style, icon]

    async def _day(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        query, now = request.query_params, self._clock_ms()
        wish = Wish(_site(request), *(query.get(name, "") for name in Wish.__struct_fields__[1:]))
        facts = await self._store.read(lambda tx: day.read_day(tx, wish, now, sites_of(request)))
        if facts is None:
            return await self._frame.plain(request, "rounds", "no_site", 200)
        seen = day.show_day(facts, wish, lang_of(request), now)
        return await self._frame.page(request, "rounds.html", seen)

    async def _round(self, request: Asked, name: str) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site, now = _site(request), self._clock_ms()
        facts = await self._store.read(lambda tx: timeline.read_facts(tx, name, site))
        if facts is None:
            return await self._frame.plain(request, "not_found", "no_such_round", 404)
        await looked(self._store, request.state.session, "round-seen", facts.row.site, facts.row.round, now)
        seen = timeline.show_round(facts, lang_of(request), now)
        return await self._frame.page(request, "round.html", seen)

    async def _books(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site = _site(request)
        facts = await self._store.read(lambda tx: book_pages.read_books(tx, site, sites_of(request)))
        if facts is None:
            return await self._frame.plain(request, "books", "no_site", 200)
        return await self._frame.page(request, "books.html", book_pages.show_books(facts, lang_of(request)))

    async def _records(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site, book, upto = _site(request), *(request.query_params.get(name, "") for name in ("book", "upto"))
        facts = await self._store.read(lambda tx: record_pages.read_records(tx, site, book, upto))
        if facts is None:
            return await self._frame.plain(request, "not_found", "no_such_book", 404)
        await looked(self._store, request.state.session, "records-seen", facts.site, book, self._clock_ms())
        return await self._frame.page(request, "records.html", record_pages.show_records(facts, lang_of(request)))

    async def _photo(self, request: Asked, name: str) -> Response[bytes]:
        """A picture of a site; the same answer for one that is not here and for what is no picture."""
        site, digest = _site(request), bytes.fromhex(name) if is_name(name) else b""
        found = picture(await self._store.read(lambda tx: blob_of(tx, site, digest)) if digest else None)
        return found or await self._frame.plain(request, "not_found", "no_such_photo", 404)

    async def _afterwards(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        query, now = request.query_params, self._clock_ms()
        site, name, within = _site(request), query.get("round", ""), sites_of(request)
        facts = await self._store.read(lambda tx: afterwards.read_facts(tx, site, name, now, within))
        if facts is None:
            return await self._frame.plain(request, "not_found", "no_such_round" if name else "no_site", 404)
        return await self._frame.page(request, "afterwards.html", afterwards.show(facts, lang_of(request), now, query))

    async def _write(self, request: Asked) -> Response[bytes]:
        """An excuse, a late entry or an explanation, as a record of the office's own book; then the forms again."""
        session: Session = request.state.session
        form = await request.form()
        fields = {name: field(form, name) for name in form}
        site, name, now, lang = fields.get("site", ""), fields.get("round", ""), self._clock_ms(), lang_of(request)
        if not form_is_ours(fields.get("csrf", ""), session):
            return await self._frame.plain(request, "refused", "form_old", 403)
        if not session.reaches(site):
            return await self._frame.plain(request, "refused", "not_for_site", 403)
        await self._folding.catch_up(PATIENCE_S)
        facts = await self._store.read(lambda tx: afterwards.read_facts(tx, site, name, now))
        if facts is None:
            return await self._frame.plain(request, "not_found", "no_such_round", 404)
        by = session.person or ""
        try:
            said = afterwards.read_form(fields, facts, by, lang)
        except NotAllowed as e:
            return await self._frame.said(request, "refused", e.say(lang), 409)
        await acts(self._store, session.account, f"desk-{said.done}", now, site, name)
        await self._desk.say(site, said.body, by, now)
        return self._view.go(request, afterwards.here(site, round=name, done=said.done))

    async def _tags(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        site, now = _site(request), self._clock_ms()
        facts = await self._store.read(lambda tx: tag_pages.read_tags(tx, site, now, sites_of(request)))
        if facts is None:
            return await self._frame.plain(request, "tags", "no_site", 200)
        return await self._frame.page(request, "tags.html", tag_pages.show_tags(facts, lang_of(request)))

    async def _devices(self, request: Asked) -> Response[bytes]:
        site, within, now = _site(request), sites_of(request), self._clock_ms()
        facts = await self._store.read(lambda tx: fleet_pages.read_fleet(tx, site, within))
        if facts is None:
            return await self._frame.plain(request, "devices", "no_site", 200)
        return await self._frame.page(request, "devices.html", fleet_pages.show_fleet(facts, lang_of(request), now))

    async def _audit(self, request: Asked) -> Response[bytes]:
        if request.state.session.role not in AUDITORS:
            return await self._frame.said(request, "refused", say(lang_of(request), "audit.not_for_role"), 403)
        below, within = request.query_params.get("below", ""), sites_of(request)
        facts = await self._store.read(lambda tx: audit_pages.read_audit(tx, below, within))
        return await self._frame.page(request, "audit.html", audit_pages.show_audit(facts, lang_of(request)))

    async def _labels(self, request: Asked) -> Response[bytes]:
        if request.state.session.role not in LABEL_PRINTERS:
            return await self._frame.plain(request, "refused", "labels_not_for_role", 403)
        sites = await self._store.read(lambda tx: label_pages.read_sites(tx, sites_of(request)))
        if not sites:
            return await self._frame.plain(request, "labels", "no_site", 200)
        return await self._frame.page(request, "labels.html", label_pages.show_labels(sites, lang_of(request)))

    async def _sheet(self, request: Asked) -> Response[bytes]:
        if request.state.session.role not in LABEL_PRINTERS:
            return await self._frame.plain(request, "refused", "labels_not_for_role", 403)
        query, now = request.query_params, self._clock_ms()
        try:
            await acts(self._store, request.state.session.account, "labels-printed", now, _site(request))
            found = await self._store.read(lambda tx: label_pages.read_wanted(tx, query, now, self._public.label_url))
            if found is None:
                return await self._frame.plain(request, "not_found", "no_site", 404)
            return await self._press.sheet(found, query.get("layout", ""), query["site"])
        except (LabelsRefused, SheetUnreadable, FontMissing) as e:
            return await self._frame.said(request, "refused", e.say(lang_of(request)), 409)

    async def _trial(self, request: Asked) -> Response[bytes]:
        if request.state.session.role not in LABEL_PRINTERS:
            return await self._frame.plain(request, "refused", "labels_not_for_role", 403)
        try:
            return await self._press.trial(lang_of(request), self._clock_ms())
        except (SheetUnreadable, FontMissing) as e:
            return await self._frame.said(request, "refused", e.say(lang_of(request)), 409)

    async def _alarms(self, request: Asked) -> Response[bytes]:
        await self._folding.catch_up(PATIENCE_S)
        facts = await self._frame.alarm_facts(request, LISTED_MS)
        return await self._frame.page(request, "alarms.html", self._frame.shown_alarms(request, facts))

    async def _move(self, request: Asked) -> Response[bytes]:
        """Take or close an alarm, then back to the page where the visitor was."""
        session: Session = request.state.session
        form = await request.form()
        if not form_is_ours(field(form, "csrf"), session):
            return await self._frame.plain(request, "refused", "form_old", 403)
        if session.role not in ALARM_TAKERS:
            return await self._frame.plain(request, "refused", "alarm_not_for_role", 403)
        site, alarm, state = (field(form, each) for each in ("site", "alarm", "state"))
        by, now = await self._frame.called(session), self._clock_ms()
        if not session.reaches(site):
            return await self._frame.plain(request, "refused", "not_for_site", 403)
        try:
            await acts(self._store, session.account, f"alarm-{state}"[:24], now, site, alarm)
            await self._store.write(lambda tx: move(tx, site, alarm, state, session.account, by, now))
        except NotAllowed as e:
            return await self._frame.plain(request, "refused", e.key.removeprefix("office."), 409)
        return self._view.go(request, safe_way(field(form, "back"), home_of(session.role)))


def _site(request: Asked) -> str:
    """The site that was asked for; without one that at which the account stands, empty for any."""
    session: Session = request.state.session
    return request.query_params.get("site") or session.home_site
