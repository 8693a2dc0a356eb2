"""What a monitoring system asks the office (`/metrics`, the text format of Prometheus): counts and ages, no names.

It is answered to whoever has the token of `watchbook-office metrics token`; to anybody else there is no such page.
What writes the format (3 MB) is imported by the first answer.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct
from sqlalchemy import Connection, func, select

from app.version import VERSION
from sync.office import alarms
from sync.office.problems import answer
from sync.office.store import Store, known
from sync.office.store import rounds as table
from sync.office.store.hooks import notices
from sync.office.store.records import sites
from sync.office.store.schema import arrivals, records

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

SEAL: Final = "metrics"
"""Name of the fact that holds the token's SHA-256."""


class SiteMetrics(Struct, frozen=True):
    site: str
    records: int
    books: int
    waiting: int
    """Records that no page shows yet."""
    quarantined: int
    missing: int
    """Numbers that a handheld declared lost."""
    apart: int
    """Records of a second history under the same numbers (forks)."""
    silent_seconds: float
    """Since the last record of the site's quietest open book came."""
    alarms: int
    """That nobody has closed."""
    notices: int
    """To be told, and not taken by their hook yet."""


MEANINGS: Final = {
    "records": "Records held.",
    "books": "Books that sent anything.",
    "waiting": "Records held that no page shows yet.",
    "quarantined": "Records set aside.",
    "missing": "Record numbers that a handheld declared lost.",
    "apart": "Records of a second history under numbers already held.",
    "silent_seconds": "Seconds since the book that was silent longest was last heard of.",
    "alarms": "Alarms that nobody has closed.",
    "notices": "Notices that no webhook has taken yet.",
}


def new_token(tx: Connection) -> str:
    """A new token, which is told this once; the one before is void."""
    token = secrets.token_urlsafe(24)
    known.put(tx, SEAL, _digest(token))
    return token


def handler(store: Store, clock_ms: Callable[[], int]) -> HTTPRouteHandler:
    @get("/metrics", include_in_schema=False)
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        expected = await store.read(lambda tx: known.get(tx, SEAL))
        if not expected or not hmac.compare_digest(_digest(token), expected):
            return answer(request, "not-found")
        found = await store.read(lambda tx: read(tx, clock_ms()))
        return exposed(found)

    return metrics


def read(tx: Connection, now: int) -> list[SiteMetrics]:
    """Of every site that sent anything; `now` is UTC ms."""
    standing = [alarm.site for alarm in alarms.read_alarms(tx, now) if alarm.stands]
    waiting = tx.execute(
        select(notices.c.site, func.count()).where(notices.c.next_at.is_not(None)).group_by(notices.c.site)
    )
    told: dict[str, int] = dict(row._tuple() for row in waiting)
    return [_site(tx, site, now, standing.count(site), told.get(site, 0)) for site in sites(tx)]


def exposed(found: Iterable[SiteMetrics]) -> Response[bytes]:
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(list(found)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures:
    def __init__(self, found: list[SiteMetrics]) -> None:
        self._found = found

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        from prometheus_client.core import GaugeMetricFamily

        about = GaugeMetricFamily("watchbook_office", "The office.", labels=["version"])
        about.add_metric([VERSION], 1)
        yield about
        for name, meaning in MEANINGS.items():
            family = GaugeMetricFamily(f"watchbook_{name}", meaning, labels=["site"])
            for each in self._found:
                family.add_metric([each.site], getattr(each, name))
            yield family


def _site(tx: Connection, site: str, now: int, standing: int, told: int) -> SiteMetrics:
    books = table.books_of(tx, site)
    heard = min((book.heard for book in books), default=now)
    aside = select(func.count()).where(records.c.site == site, records.c.quarantine.is_not(None))
    return SiteMetrics(
        site=site,
        records=tx.execute(select(arrivals.c.last).where(arrivals.c.site == site)).scalar() or 0,
        books=len(books),
        waiting=sum(book.held - book.folded for book in books),
        quarantined=tx.execute(aside).scalar() or 0,
        missing=sum(last - first + 1 for book in books for first, last in book.missing),
        apart=sum(book.apart for book in books),
        silent_seconds=max(0, now - heard) / 1000,
        alarms=standing,
        notices=told,
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
