"""The office as one web application: the handhelds' endpoints, and whatever pages are handed in."""

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.config.compression import CompressionConfig
from litestar.datastructures import Headers, MutableScopeHeaders, State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler, Message, Scope

from sync.office.api import Office, endpoints
from sync.office.keys import OfficeKey
from sync.office.problems import NOT_PACKED as NOT_PACKED
from sync.office.problems import Refusal, answer, name_of
from sync.office.store import Store, StoreBusy
from sync.wire import (
    AGEING,
    ALERT_HEADER,
    BOOK_HEADER,
    CLIENT_HEADER,
    GOOD_CLIENT,
    MAX_BYTES,
    PROBLEMS,
    PROTOCOL,
    PROTOCOL_HEADER,
    PROTOCOLS,
    is_older,
)

log: Final = logging.getLogger("watchbook.office")

AnyRequest = Request[Any, Any, Any]
Page = Callable[[AnyRequest, str, int], Response[bytes]]
"""From request, name of the problem and status to a page for people."""

_API: Final = "/v1/"
_BROKE_OFF: Final = "client disconnected prematurely"
"""The framework's word for a line that ended in the middle of a body: no fault of ours."""
_SECRET: Final = re.compile(r"(/p/).*", re.IGNORECASE | re.DOTALL)
"""The address that a label holds: its token proves that somebody stood before it, so no log has it."""


def create_app(
    store: Store,
    key: OfficeKey,
    *,
    clock_ms: Callable[[], int],
    certificates: Callable[[], tuple[str, ...]] = lambda: (),
    handlers: Sequence[ControllerRouterHandler] = (),
    failed: Page | None = None,
    hush: Callable[[], None] = lambda: None,
) -> Litestar:
    """The office on an open store. `clock_ms` gives UTC ms; `certificates` the TLS certificates that handhelds may
    meet, see sync.office.tls; `handlers` are pages served beside the API, and `failed` makes the page that says
    what went wrong with one.

    The caller closes the store after the application has stopped; `state.hush()` ends the questions that are held, and
    by the given `hush` what the pages hold, so that it can stop at once.
    """
    troubles = _Troubles(failed)
    office = Office(store, key, clock_ms, certificates)

    def hush_all() -> None:
        office.feed.end()
        hush()

    return Litestar(
        route_handlers=[*endpoints(office), *handlers],
        state=State({"hush": hush_all}),
        exception_handlers={
            Refusal: _refused,
            HTTPException: troubles.by_framework,
            StoreBusy: troubles.busy,
            500: troubles.last_resort,
            Exception: troubles.last_resort,
        },
        before_send=[_stamp],
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=1024, gzip_compress_level=6, exclude_opt_key=NOT_PACKED
        ),
        request_max_body_size=MAX_BYTES,
        openapi_config=OpenAPIConfig(title="Watchbook office", version="1", render_plugins=[JsonRenderPlugin()]),
        logging_config=None,
    )


async def _stamp(message: Message, scope: Scope) -> None:
    """Mark every answer as the office's own, and name the book whose request it answers."""
    if message["type"] != "http.response.start" or not scope["path"].startswith(_API):
        return
    headers = MutableScopeHeaders.from_message(message)
    said = Headers.from_scope(scope)
    spoken = said.get(PROTOCOL_HEADER, "")
    headers[PROTOCOL_HEADER] = spoken if spoken in map(str, PROTOCOLS) else str(PROTOCOL)
    program = said.get(CLIENT_HEADER)
    if program is not None and is_older(program, GOOD_CLIENT):
        headers[ALERT_HEADER] = AGEING
    book = scope.get("state", {}).get("book")
    if isinstance(book, str):
        headers[BOOK_HEADER] = book


def _refused(request: AnyRequest, refusal: Refusal) -> Response[bytes]:
    return answer(request, refusal.name, **refusal.members)


class _Troubles:
    """What goes wrong without being refused: a problem for whoever speaks the API, a page for everybody else."""

    def __init__(self, page: Page | None) -> None:
        self._page = page

    def by_framework(self, request: AnyRequest, error: HTTPException) -> Response[bytes]:
        if error.status_code >= 500:
            return self.last_resort(request, error)
        return self._tell(request, name_of(error.status_code))

    def busy(self, request: AnyRequest, error: StoreBusy) -> Response[bytes]:
        """The database is locked by another process, away, or its disk is full: try again later."""
        log.warning("the store did not take it: %s", error)
        return self._tell(request, "busy")

    def last_resort(self, request: AnyRequest, error: Exception) -> Response[bytes]:
        if isinstance(error, HTTPException) and error.detail == _BROKE_OFF:
            return answer(request, "slow")  # nobody reads it
        log.error("%s %s failed", request.method, _SECRET.sub(r"\1...", request.scope["path"]), exc_info=error)
        return self._tell(request, "internal")

    def _tell(self, request: AnyRequest, name: str) -> Response[bytes]:
        if self._page is None or request.scope["path"].startswith(_API):
            return answer(request, name)
        return self._page(request, name, PROBLEMS[name])
