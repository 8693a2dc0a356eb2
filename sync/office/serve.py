"""The office as a running program: store, key, API and pages behind one listening socket.

Says `listening URL` once requests are answered, ends gracefully on SIGTERM and SIGINT, and keeps logging
JSON lines on stderr in which no name, password or code ever stands.
"""

import asyncio
import gc
import json
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import uvicorn
import uvloop
from litestar import Litestar

from app.errors import WatchbookError
from sync.office import metrics
from sync.office.accounts import COST, Cost
from sync.office.background import Background
from sync.office.counter import Counter
from sync.office.fold import Folding, prepare
from sync.office.keys import OfficeKey
from sync.office.lines import Line
from sync.office.pages.rooms import pages
from sync.office.papers.nightly import Nightly
from sync.office.review_sent import Sending
from sync.office.server import create_app
from sync.office.settings import NOT_PUBLIC, Public
from sync.office.store import Store, drafts
from sync.office.teller import Teller
from sync.office.tls import Shown

BACKLOG: Final = 256
SWITCH_S: Final = 0.0005
"""How long one thread may hold the others up: the one that writes must not wait for one that reads JSON."""
YOUNG: Final = 20_000
"""Objects made before circles among them are looked for: a batch of records makes thousands, and no circle."""
TIDY_S: Final = 3600.0
GRACE_S: Final = 5
"""How long open requests may take to end after SIGTERM."""


class PortTaken(WatchbookError):
    """The administrator: another program has the address, or it is not ours."""


class Serving:
    """An office that can be served; `prepare` it inside the event loop that will serve it."""

    def __init__(
        self,
        store: Store,
        key: OfficeKey,
        clock_ms: Callable[[], int],
        *,
        moved_clock: bool = False,
        cost: Cost = COST,
        certificates: Callable[[], tuple[str, ...]] = lambda: (),
        public: Public = NOT_PUBLIC,
        folds: bool = True,
    ) -> None:
        """`folds`: this process keeps the projections; of several that serve one database, one does."""
        self.store = store
        self.folding = Folding(store)
        self._folds = folds
        self.teller = Teller(store, clock_ms)
        self.counter = Counter(store, clock_ms)
        self.sending = Sending(store, clock_ms)
        self.nightly = Nightly(store, self.folding, clock_ms)
        shown = pages(store, self.folding, clock_ms, key, moved_clock=moved_clock, cost=cost, public=public)
        handlers = [*shown.handlers, metrics.handler(store, clock_ms)]
        self.app: Litestar = create_app(
            store,
            key,
            clock_ms=clock_ms,
            certificates=certificates,
            handlers=handlers,
            failed=shown.failed,
            hush=shown.hush,
        )
        self.app.on_startup.append(self._begin)
        self._clock_ms = clock_ms
        self._tidying = Background("letting go of old uploads", self.tidy, TIDY_S)
        others = (self.teller, self.counter, self.nightly, self.sending)
        self.app.on_shutdown += [*(each.background.stop for each in others), self._tidying.stop, self.folding.stop]

    async def _begin(self) -> None:
        await self.store.write(prepare)
        if self._folds:
            self.folding.follow()
            self.counter.background.follow()
            self.sending.background.follow()
            self._tidying.follow()
        self.teller.background.follow()
        self.nightly.background.follow()

    async def tidy(self) -> float:
        """Let go of plans that nobody confirmed; seconds until that is due again."""
        await self.store.write(lambda tx: drafts.forget_old(tx, self._clock_ms()))
        return TIDY_S


async def open_store(db: str | Path, *, upgrade: bool = False) -> Store:
    """The store with every table of the office. Raises StoreUnsafe, StoreBusy; StoreOld unless told to `upgrade`."""
    return await Store.open(db, upgrade=upgrade)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken.

    Its lines send at once: an answer's body would wait 40 ms for the other end to acknowledge its headers.
    """
    try:
        listening = socket.create_server((host, port), backlog=BACKLOG, family=_family(host))
    except OSError as e:
        raise PortTaken("office_cli.port_taken", host=host, port=port, why=e.strerror or str(e)) from e
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def run(
    db: str | Path,
    folder: Path,
    listening: socket.socket,
    made: Callable[[Store, OfficeKey], Serving],
    ready: Callable[[str], None],
    *,
    first: Callable[[Store, OfficeKey], Awaitable[None]] | None = None,
    tls: Shown | None = None,
) -> None:
    """Serve what is `made` of the open store until SIGTERM or SIGINT. `ready` gets the URL; `first` runs before anybody
    is served. `tls` is what the socket shows, None for plain HTTP.
    """

    async def serve() -> None:
        store = await open_store(db, upgrade=True)
        try:
            key = OfficeKey.open(folder)
            if first is not None:
                await first(store, key)
            server = Server(made(store, key).app, lambda: ready(url_of(listening, secure=tls is not None)), tls)
            # uvicorn ends gracefully and then raises the signal again for whoever had it before: it, from here on
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, server.handle_exit)
            await server.serve([listening])
        finally:
            store.close()

    _log_to_stderr()
    sys.setswitchinterval(SWITCH_S)
    uvloop.run(serve())


class Server(uvicorn.Server):
    """A uvicorn that tells when it is ready."""

    def __init__(self, app: Litestar, ready: Callable[[], None], tls: Shown | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                http=Line,
                ws="none",
                timeout_graceful_shutdown=GRACE_S,
                ssl_certfile=tls.certificate if tls else None,
                ssl_keyfile=tls.key if tls else None,
            )
        )
        self._ready = ready

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """In this order also when it is asked for twice: questions that are held, requests, the office's own work. The
        store is closed behind it, and none of them may come to it then.
        """
        self.config.app.state.hush()  # type: ignore[union-attr]  # a Litestar, see __init__
        await super().shutdown(sockets)
        left = list(self.server_state.tasks)
        for request in left:
            request.cancel()
        if left:
            await asyncio.wait(left)
        if self.force_exit:  # then uvicorn leaves it out
            await self.lifespan.shutdown()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)
        if self.started:
            self._ready()


def url_of(listening: socket.socket, *, secure: bool = False) -> str:
    host, port = listening.getsockname()[:2]
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


# -- logging -------------------------------------------------------------------------------------


class JsonLines(logging.Formatter):
    """One JSON object a line, for whatever collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _log_to_stderr() -> None:
    """Of libraries only what is wrong: one that posts to a hook would tell its address, with the key in it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("watchbook").setLevel(logging.INFO)
