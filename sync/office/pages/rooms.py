"""The pages of the office: which there are, who may open them, and what stands before and around all of them.

Server-rendered; what they show is folded from the records and says up to where it is true.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from app.errors import NotAllowed
from sync.office.accounts import (
    ADMINS,
    ALARM_TAKERS,
    AUDITORS,
    COST,
    DISPATCHERS,
    LABEL_PRINTERS,
    PLANNERS,
    REVIEWERS,
    Cost,
)
from sync.office.day import plan_of
from sync.office.desk import Desk
from sync.office.fold import Folding
from sync.office.keys import OfficeKey
from sync.office.pages import (
    afterwards,
    alarmlist,
    assets,
    audit,
    blind,
    books,
    cases,
    cleaning,
    compare,
    day,
    daybooks,
    desk,
    drills,
    enrolment,
    fleet,
    handovers,
    indicators,
    labels,
    matrix,
    messages,
    now,
    orders,
    papers,
    people,
    photos,
    plans,
    precheck,
    records,
    releases,
    resident,
    review,
    settings,
    tags,
    timeline,
)
from sync.office.pages.door import Door, NotSignedIn, to_login
from sync.office.pages.frame import Frame
from sync.office.pages.house import House
from sync.office.pages.live import Live
from sync.office.pages.view import HEADERS, SHOWN_NOW, Asked, Clock, Room, View
from sync.office.places import Places
from sync.office.settings import NOT_PUBLIC, Public
from sync.office.store import Store

Handlers = Callable[[House], list[ControllerRouterHandler]]
Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]

HEARERS: Final = REVIEWERS | ALARM_TAKERS
PAGES: Final[tuple[tuple[Room, Handlers], ...]] = (
    (Room("now", "today", REVIEWERS), now.handlers),
    (Room("rounds", "today", REVIEWERS), day.handlers),
    (Room("rounds", "", REVIEWERS), matrix.handlers),
    (Room("rounds", "", REVIEWERS), timeline.handlers),
    (Room("review", "today", REVIEWERS), review.handlers),
    (Room("photos", "", REVIEWERS), photos.handlers),
    (Room("alarms", "today", HEARERS), alarmlist.handlers),
    (Room("afterwards", "today", REVIEWERS), afterwards.handlers),
    (Room("messages", "today", DISPATCHERS), messages.handlers),
    (Room("findings", "matters", REVIEWERS), cases.findings),
    (Room("hazards", "matters", REVIEWERS), cases.hazards),
    (Room("orders", "matters", REVIEWERS | DISPATCHERS), orders.handlers),
    (Room("desk", "matters", DISPATCHERS), desk.handlers),
    (Room("blindspots", "matters", REVIEWERS), blind.handlers),
    (Room("assets", "work", REVIEWERS), assets.handlers),
    (Room("cleaning", "work", REVIEWERS), cleaning.handlers),
    (Room("controlroom", "work", REVIEWERS), daybooks.watch),
    (Room("visitors", "work", REVIEWERS), daybooks.visitors),
    (Room("handovers", "work", REVIEWERS), handovers.handlers),
    (Room("drills", "work", REVIEWERS), drills.handlers),
    (Room("indicators", "month", REVIEWERS), indicators.handlers),
    (Room("compare", "month", REVIEWERS), compare.handlers),
    (Room("precheck", "month", REVIEWERS), precheck.handlers),
    (Room("papers", "month", REVIEWERS), papers.handlers),
    (Room("people", "stock", REVIEWERS), people.handlers),
    (Room("plans", "stock", PLANNERS), plans.handlers),
    (Room("devices", "stock", REVIEWERS), fleet.handlers),
    (Room("settings", "stock", PLANNERS), settings.handlers),
    (Room("enrolment", "stock", LABEL_PRINTERS), enrolment.handlers),
    (Room("releases", "stock", ADMINS), releases.handlers),
    (Room("tags", "stock", REVIEWERS), tags.handlers),
    (Room("labels", "stock", LABEL_PRINTERS), labels.handlers),
    (Room("books", "proof", REVIEWERS), books.handlers),
    (Room("records", "", REVIEWERS), records.handlers),
    (Room("audit", "proof", AUDITORS), audit.handlers),
)
"""Every page behind the door, in the order of the navigation."""
STYLE_S: Final = 365 * 24 * 3600


class Kept(Router):
    """A router that is registered itself, where Litestar would take a deep copy of all it holds."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Kept":
        return self


class Served(Struct, frozen=True):
    """What is served beside the API."""

    handlers: list[ControllerRouterHandler]
    failed: Callable[[Request[Any, Any, Any], str, int], Response[bytes]]
    """The page that says what went wrong: request, name of the problem, status."""
    hush: Callable[[], None]
    """Ends the pages that stay open, so that the office can stop at once."""


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
    view = View(tuple(room for room, _ in PAGES))
    frame = Frame(store, view, clock_ms)
    house = House(store, folding, clock_ms, frame, view, key, Desk(store, key), public, Live(store))
    door = Door(store, view, clock_ms, cost)

    async def tell_time(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Stands before the guard, so that whom it refuses is told too."""
        connection.state[SHOWN_NOW] = await _local_now(house, connection.query_params.get("site", ""))

    def refuse(request: Asked, error: HTTPException) -> Response[bytes]:
        return frame.refuse(request, error)

    def cannot(request: Asked, error: NotAllowed) -> Response[bytes]:
        return frame.not_allowed(request, error)

    staged: list[Guard] = [tell_time] if moved_clock else []
    inside = [
        Kept(
            "/",
            route_handlers=handlers(house),
            guards=[*staged, _guard(door, room.roles)],
            exception_handlers={NotSignedIn: to_login, HTTPException: refuse, NotAllowed: cannot},
            include_in_schema=False,
        )
        for room, handlers in PAGES
    ]
    outside = Kept(
        "/",
        route_handlers=[*door.handlers(), *_files(view), *resident.handlers(house)],
        guards=staged,
        exception_handlers={HTTPException: refuse},
        include_in_schema=False,
    )
    return Served([*inside, outside], frame.failed, house.live.end)


def _guard(door: Door, roles: frozenset[str]) -> Guard:
    async def may_enter(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await door.let_in(connection, roles)

    return may_enter


async def _local_now(house: House, site: str) -> str:
    """The time at that site, at the first one when there is none of that name; UTC when there is no site yet."""
    plan = await house.store.read(lambda tx: plan_of(tx, site))
    local = f"{Places('', plan, {}).local(house.clock_ms()):%Y-%m-%d %H:%M}"
    return local if plan else f"{local} UTC"


def _files(view: View) -> list[ControllerRouterHandler]:
    """What every browser may have: styles, scripts, the icon."""
    headers = {**HEADERS, "cache-control": f"public, max-age={STYLE_S}, immutable"}

    @get("/static/{name:str}", sync_to_thread=False)
    def file(name: FromPath[str]) -> Response[bytes]:
        found = view.files.get(name)
        if found is None:
            raise NotFoundException
        return Response(found.raw, media_type=found.kind, headers=headers)

    return [file]
