"""月报预检 (D67): what the month's figures still wait for, and where that is mended: for page and paper."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from app.words import say
from sync.office import behind, counting, fleet, month
from sync.office.fleet import Seen
from sync.office.month import Figure, Month
from sync.office.places import url
from sync.office.store import closure, spans
from sync.office.store import rounds as round_table
from sync.office.store.cases import FINDING, HAZARD, ORDER, CaseRow
from sync.office.store.closure import owed_of
from sync.office.store.plans import site_plan
from sync.office.store.rounds import BookRow
from sync.office.store.spans import Matter
from sync.office.verdicts import Verdict

NAMED: Final = 6
"""Handhelds and figures that a page names; the others are counted."""
LATE: Final = (FINDING, HAZARD, ORDER)


class Facts(Struct, frozen=True):
    """One snapshot of the store."""

    month: Month
    plan: Plan
    handhelds: list[Seen]
    books: list[BookRow]
    opened: list[Matter]
    """Orders of the month."""
    done: list[CaseRow]
    """Orders whose work was done in the month."""
    late: Counter[str]
    """By sort: matters that are late and not put right."""
    now: int
    late_ones: tuple[CaseRow, ...] = ()
    """The same themselves, where the whole was read."""
    not_reviewed: tuple[tuple[str, int], ...] = ()
    """Dates with how many rounds of each nobody accepted, where the whole was read."""


class Line(Struct, frozen=True):
    """One thing that waits."""

    words: str
    at: int | None
    """When it was opened, done, due or last heard of, UTC ms; None for what has no such time."""
    href: str
    matter: str = ""
    """`book:seq` of the record that began it."""
    count: int = 1
    """Of what the question counts."""


class Item(Struct, frozen=True):
    """One question of the check: how it stands, and where it is mended."""

    name: str
    word: str
    count: int
    verdict: Verdict
    told: str
    href: str
    lines: tuple[Line, ...] = ()
    """The first of what is counted, as far as that has names."""


def read(tx: Connection, site: str, name: str, now: int, *, whole: bool = False) -> Facts | None:
    """How it stands at `now`, UTC ms; `whole`: with every late matter and every day. None while there is no plan."""
    plan, seen = site_plan(tx, site), month.read_figures(tx, site, name, now)
    if plan is None or seen is None:
        return None
    first, last = month.days_of(name)
    span = counting.span_of(first, last, counting.zone(plan))
    return Facts(
        month=seen,
        plan=plan,
        handhelds=fleet.read(tx, site),
        books=round_table.books_of(tx, site),
        opened=spans.matters_opened(tx, site, (ORDER,), span),
        done=closure.done_orders(tx, site, span),
        late=closure.late(tx, site, LATE, span.last, now),
        now=now,
        late_ones=tuple(closure.late_ones(tx, site, LATE, span.last, now)) if whole else (),
        not_reviewed=tuple(round_table.days_not_reviewed(tx, site, first, last)) if whole else (),
    )


def open_of(items: Iterable[Item]) -> int:
    """How many questions are not settled."""
    return sum(item.verdict.colour != "ok" for item in items)


# -- the questions -------------------------------------------------------------------------------


def items(facts: Facts, lang: str, most: int = NAMED) -> Iterator[Item]:
    """Every question in the order in which it is asked, each with `most` of its lines."""
    site, name = facts.month.site, facts.month.month
    first, last = month.days_of(name)
    still = {each.what: each.count for each in facts.month.provisional}

    def item(
        word: str,
        count: int,
        told: str,
        href: str,
        lines: Iterable[Line] = (),
        *,
        colour: str = "amber",
        shown: str = "",
    ) -> Item:
        verdict = Verdict(colour if count else "ok", shown or str(count) if count else say(lang, "precheck.none"))
        said = say(lang, f"precheck.item_{word}")
        return Item(word, said, count, verdict, told, href, tuple(islice(lines, most)))

    def named(lines: list[Line]) -> str:
        more = " …" if len(lines) > NAMED else ""
        return say(lang, "papers.semicolon").join(line.words for line in lines[:NAMED]) + more

    ends = say(lang, "precheck.over_told", day=last)
    yield item("over", still.get("month", 0), ends, "", shown=say(lang, "precheck.goes_on"))
    devices = url("/devices", site=site)
    holding = [each for each in facts.handhelds if each.holds and each.device.revoked_at is None]
    lines = [
        Line(say(lang, "precheck.holds", name=each.device.name, n=each.holds), each.heard, devices) for each in holding
    ]
    yield item("handhelds", len(holding), named(lines), devices, lines, colour="red")
    devices = url("/devices", site=site, state="silent")
    silent = [each for each in facts.handhelds if each.is_silent(facts.now)]
    lines = [Line(each.device.name, each.heard, devices) for each in silent]
    yield item("silent", len(silent), named(lines), devices, lines)
    books = url("/books", site=site)
    unread = [book for book in facts.books if book.held > book.folded or book.missing or book.set_aside]
    lines = [Line(_book(book, lang), book.heard, books) for book in unread]
    yield item("books", len(unread), named(lines), books, lines)
    yield item("days", still.get("days", 0), "", "")
    days = (
        Line(
            say(lang, "precheck.rounds_of", day=day, n=n),
            None,
            url("/review", site=site, **{"from": day, "to": day}),
            count=n,
        )
        for day, n in facts.not_reviewed
    )
    reviewed = url("/review", site=site, **{"from": first, "to": last})
    yield item("reviews", still.get("reviews", 0), "", reviewed, days)
    owed, done = owed_of(facts.done), {row.case: row for row in facts.done}
    told = say(
        lang,
        "precheck.visits_told",
        visited=owed.visited,
        repairs=owed.repairs,
        serious=owed.serious_visited,
        of=owed.serious,
    )
    owing = (_matter(done[id], done[id].done_at, facts, lang) for id in owed.left)
    yield item("visits", len(owed.left), told, url("/desk", site=site), owing)
    unjudged = sorted((each for each in facts.opened if each.complaint and each.valid is None), key=_opened)
    complaints = (_matter(each, each.opened_at, facts, lang) for each in unjudged)
    yield item("complaints", len(unjudged), "", url("/orders", site=site), complaints)
    found_late = facts.late[FINDING] + facts.late[HAZARD]
    late = url("/findings", site=site, which="late")
    yield item("late_found", found_late, "", late, _late(facts, lang, FINDING, HAZARD))
    yield item("late_orders", facts.late[ORDER], "", url("/orders", site=site), _late(facts, lang, ORDER))
    pending = (
        _pending(each, facts.month, lang)
        for each in facts.month.figures
        if each.count.pending and each.name in month.COUNTED
    )
    figures = url("/indicators", site=site, month=name)
    yield item("pending", still.get("pending", 0), "", figures, pending)
    lines = [
        Line(_figure(each.name, lang), None, f"{figures}#hand") for each in facts.month.figures if each.value is None
    ]
    yield item("figures", len(lines), named(lines), f"{figures}#hand", lines)


def _book(book: BookRow, lang: str) -> str:
    missing = sum(last - first + 1 for first, last in book.missing)
    said = say(lang, "precheck.book", n=book.held - book.folded, missing=missing, aside=book.set_aside)
    return f"{book.device or book.book.hex()[:8]} {said}"


def _late(facts: Facts, lang: str, *sorts: str) -> Iterator[Line]:
    return (_matter(row, row.due_at, facts, lang) for row in facts.late_ones if row.sort in sorts)


def _matter(row: CaseRow | Matter, at: int | None, facts: Facts, lang: str) -> Line:
    return Line(behind.words_of(row, facts.plan, lang), at, behind.page_of(row), row.case)


def _opened(matter: Matter) -> tuple[int, str]:
    return matter.opened_at, matter.case


def _figure(name: str, lang: str) -> str:
    return say(lang, f"indicators.name_{name}")


def _pending(figure: Figure, read: Month, lang: str) -> Line:
    n = figure.count.pending
    href = url(f"/indicators/{figure.name}", site=read.site, month=read.month)
    return Line(say(lang, "precheck.pending_of", name=_figure(figure.name, lang), n=n), None, href, count=n)
