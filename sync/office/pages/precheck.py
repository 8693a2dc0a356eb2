"""月报预检 (D67): what the month's figures still wait for, and where each of it is mended."""

from collections.abc import Iterator, Sequence
from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import visits
from app.duties.site import Plan
from app.duties.visits import Done
from app.words import say
from sync.office import counting, fleet, month
from sync.office.fleet import Seen
from sync.office.month import Month
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.indicators import PATIENCE_S, Choice, chosen
from sync.office.pages.view import Asked, Verdict, lang_of, url
from sync.office.sites import Profile, profiles
from sync.office.store import rounds as round_table
from sync.office.store import spans
from sync.office.store.cases import FINDING, HAZARD, ORDER
from sync.office.store.paging import Span
from sync.office.store.plans import site_plan
from sync.office.store.rounds import BookRow
from sync.office.store.spans import Matter

BACK: Final = 13
NAMED: Final = 6
"""Handhelds and figures that are named; the others are counted."""


class Facts(Struct, frozen=True):
    month: Month
    plan: Plan
    sites: dict[str, Profile]
    handhelds: list[Seen]
    books: list[BookRow]
    not_reviewed: int
    matters: list[Matter]
    """Orders, findings and hazards that may bear on the month."""
    now: int


class Item(Struct, frozen=True):
    """One question of the check: how it stands, and where it is mended."""

    word: str
    verdict: Verdict
    told: str
    href: str
    link: str


class CheckSeen(Struct, frozen=True):
    site: str
    site_name: str
    month: str
    sites: list[Choice]
    months: list[Choice]
    ready: Verdict
    items: list[Item]
    report: str


def read(tx: Connection, site: str, name: str, now: int, within: Sequence[str]) -> Facts:
    plan, seen = site_plan(tx, site), month.read_figures(tx, site, name, now)
    assert plan is not None
    assert seen is not None
    first, last = month.days_of(name)
    span = counting.span_of(first, last, counting.zone(plan))
    return Facts(
        month=seen,
        plan=plan,
        sites=profiles(tx, tuple(within)),
        handhelds=fleet.read(tx, site),
        books=round_table.books_of(tx, site),
        not_reviewed=round_table.count_not_reviewed(tx, site, first, last),
        matters=spans.matters_opened(
            tx, site, (ORDER, FINDING, HAZARD), Span(span.first - counting.LONGEST_MS, span.last)
        ),
        now=now,
    )


# -- the questions -------------------------------------------------------------------------------


def show(facts: Facts, lang: str, left: int) -> CheckSeen:
    """`left`: days that are still to be counted."""
    read, this = facts.month, month.this_month(facts.plan, facts.now)
    items = list(_items(facts, lang, left))
    open_ = sum(item.verdict.colour != "ok" for item in items)
    word = say(lang, "precheck.ready") if not open_ else say(lang, "precheck.open", n=open_)
    return CheckSeen(
        site=read.site,
        site_name=read.name.say(lang) or read.site,
        month=read.month,
        sites=[Choice(id, each.site.name.say(lang) or id, id == read.site) for id, each in facts.sites.items()],
        months=[
            Choice(each, each, each == read.month)
            for each in dict.fromkeys([*(month.before(this, back) for back in range(BACK)), read.month])
        ],
        ready=Verdict("amber" if open_ else "ok", word),
        items=items,
        report=url("/indicators", site=read.site, month=read.month),
    )


def _items(facts: Facts, lang: str, left: int) -> Iterator[Item]:
    site, name = facts.month.site, facts.month.month
    first, last = month.days_of(name)
    still = {each.what: each.count for each in facts.month.provisional}

    def item(word: str, count: int, told: str, href: str, colour: str = "amber", shown: str = "") -> Item:
        verdict = Verdict(colour if count else "ok", shown or str(count) if count else say(lang, "precheck.none"))
        return Item(say(lang, f"precheck.item_{word}"), verdict, told, href, say(lang, "precheck.mend"))

    ends = say(lang, "precheck.over_told", day=last)
    yield item("over", still.get("month", 0), ends, "", shown=say(lang, "precheck.goes_on"))
    holding = [each for each in facts.handhelds if each.holds and each.device.revoked_at is None]
    told = "; ".join(say(lang, "precheck.holds", name=each.device.name, n=each.holds) for each in holding[:NAMED])
    yield item("handhelds", len(holding), told, url("/devices", site=site), "red")
    silent = [each for each in facts.handhelds if each.is_silent(facts.now)]
    told = "; ".join(each.device.name for each in silent[:NAMED])
    yield item("silent", len(silent), told, url("/devices", site=site, state="silent"))
    unread = [book for book in facts.books if book.held > book.folded or book.missing or book.set_aside]
    told = "; ".join(_book(book, lang) for book in unread[:NAMED])
    yield item("books", len(unread), told, url("/books", site=site))
    yield item("days", left, "", "")
    reviewed = url("/review", site=site, **{"from": first, "to": last})
    yield item("reviews", facts.not_reviewed, "", reviewed)
    owed = visits.owed(_done(facts))
    told = say(
        lang,
        "precheck.visits_told",
        visited=owed.visited,
        repairs=owed.repairs,
        serious=owed.serious_visited,
        of=owed.serious,
    )
    yield item("visits", len(owed.left), told, url("/desk", site=site))
    judged = [
        each for each in _orders(facts) if each.complaint and each.valid is None and _in_month(facts, each.opened_at)
    ]
    yield item("complaints", len(judged), "", url("/orders", site=site))
    late = [each for each in facts.matters if _is_late(each, facts.now)]
    late_found = sum(each.sort != ORDER for each in late)
    yield item("late_found", late_found, "", url("/findings", site=site, which="late"))
    yield item("late_orders", len(late) - late_found, "", url("/orders", site=site))
    yield item("pending", still.get("pending", 0), "", url("/indicators", site=site, month=name))
    bare = [each.name for each in facts.month.figures if each.value is None]
    told = "; ".join(say(lang, f"indicators.name_{each}") for each in bare[:NAMED])
    yield item(
        "figures",
        len(bare),
        told + (" …" if len(bare) > NAMED else ""),
        f"{url('/indicators', site=site, month=name)}#hand",
    )


def _book(book: BookRow, lang: str) -> str:
    missing = sum(last - first + 1 for first, last in book.missing)
    said = say(lang, "precheck.book", n=book.held - book.folded, missing=missing, aside=book.set_aside)
    return f"{book.device or book.book.hex()[:8]} {said}"


def _orders(facts: Facts) -> list[Matter]:
    return [each for each in facts.matters if each.sort == ORDER]


def _done(facts: Facts) -> Iterator[Done]:
    """Orders whose work was done in the month."""
    for each in _orders(facts):
        if each.done_at is not None and _in_month(facts, each.done_at):
            yield Done(each.case, each.complaint, each.urgent, each.visit, each.visited_at is not None)


def _in_month(facts: Facts, at: int) -> bool:
    span = counting.span_of(*month.days_of(facts.month.month), counting.zone(facts.plan))
    return span.first <= at < span.last


def _is_late(matter: Matter, now: int) -> bool:
    over = matter.done_at is not None or matter.closed_at is not None or matter.fixed
    return not over and matter.due_at is not None and matter.due_at <= now


# -- its address ---------------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/precheck")
    async def checked(request: Asked) -> Response[bytes]:
        lang, now, within = lang_of(request), house.clock_ms(), sites_of(request)
        site, wanted = site_of(request), request.query_params.get("month", "")
        meant = await house.read(lambda tx: chosen(tx, site, wanted, now, within))
        if meant is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        left = await month.ready(house.store, [meant[0]], meant[1], now, PATIENCE_S, trend=0)
        facts = await house.store.read(lambda tx: read(tx, *meant, now, within))
        return await house.frame.page(request, "precheck.html", show(facts, lang, left))

    return [checked]
