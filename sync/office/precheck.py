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
    check = _Check(facts, lang, most)
    yield check.over()
    yield from check.of_handhelds()
    yield from check.of_rounds()
    yield from check.of_matters()
    yield from check.of_figures()


class _Check:
    """The questions about one month, by subject."""

    def __init__(self, facts: Facts, lang: str, most: int) -> None:
        self._facts, self._lang, self._most = facts, lang, most
        self._site, self._month = facts.month.site, facts.month.month
        self._first, self._last = month.days_of(self._month)
        self._still = {each.what: each.count for each in facts.month.provisional}

    def over(self) -> Item:
        told, shown = say(self._lang, "precheck.over_told", day=self._last), say(self._lang, "precheck.goes_on")
        return self._item("over", self._still.get("month", 0), told=told, shown=shown)

    def of_handhelds(self) -> Iterator[Item]:
        devices = url("/devices", site=self._site)
        holding = [each for each in self._facts.handhelds if each.holds and each.device.revoked_at is None]
        yield self._named("handhelds", devices, [self._holds(each, devices) for each in holding], colour="red")
        devices = url("/devices", site=self._site, state="silent")
        silent = [each for each in self._facts.handhelds if each.is_silent(self._facts.now)]
        yield self._named("silent", devices, [Line(each.device.name, each.heard, devices) for each in silent])
        books = url("/books", site=self._site)
        unread = [book for book in self._facts.books if book.held > book.folded or book.missing or book.set_aside]
        yield self._named("books", books, [Line(_book(book, self._lang), book.heard, books) for book in unread])

    def of_rounds(self) -> Iterator[Item]:
        yield self._item("days", self._still.get("days", 0))
        days = (self._not_reviewed(day, n) for day, n in self._facts.not_reviewed)
        yield self._item("reviews", self._still.get("reviews", 0), self._reviews(self._first, self._last), days)

    def of_matters(self) -> Iterator[Item]:
        owed, done = owed_of(self._facts.done), {row.case: row for row in self._facts.done}
        serious = {"serious": owed.serious_visited, "of": owed.serious}
        told = say(self._lang, "precheck.visits_told", visited=owed.visited, repairs=owed.repairs, **serious)
        owing = (self._matter(done[id], done[id].done_at) for id in owed.left)
        yield self._item("visits", len(owed.left), url("/desk", site=self._site), owing, told=told)
        unjudged = sorted((each for each in self._facts.opened if each.complaint and each.valid is None), key=_opened)
        complaints = (self._matter(each, each.opened_at) for each in unjudged)
        orders = url("/orders", site=self._site)
        yield self._item("complaints", len(unjudged), orders, complaints)
        yield self._late("late_found", url("/findings", site=self._site, which="late"), FINDING, HAZARD)
        yield self._late("late_orders", orders, ORDER)

    def of_figures(self) -> Iterator[Item]:
        figures, page = self._facts.month.figures, url("/indicators", site=self._site, month=self._month)
        pending = (self._pending(each) for each in figures if each.count.pending and each.name in month.COUNTED)
        yield self._item("pending", self._still.get("pending", 0), page, pending)
        by_hand = f"{page}#hand"
        missing = [Line(_figure(each.name, self._lang), None, by_hand) for each in figures if each.value is None]
        yield self._named("figures", by_hand, missing)

    def _item(
        self,
        word: str,
        count: int,
        href: str = "",
        lines: Iterable[Line] = (),
        *,
        told: str = "",
        colour: str = "amber",
        shown: str = "",
    ) -> Item:
        none = say(self._lang, "precheck.none")
        verdict = Verdict(colour if count else "ok", shown or str(count) if count else none)
        said = say(self._lang, f"precheck.item_{word}")
        return Item(word, said, count, verdict, told, href, tuple(islice(lines, self._most)))

    def _named(self, word: str, href: str, lines: list[Line], colour: str = "amber") -> Item:
        """One that counts its lines, and names the first of them."""
        more = " …" if len(lines) > NAMED else ""
        told = say(self._lang, "papers.semicolon").join(line.words for line in lines[:NAMED]) + more
        return self._item(word, len(lines), href, lines, told=told, colour=colour)

    def _late(self, word: str, href: str, *sorts: str) -> Item:
        lines = (self._matter(row, row.due_at) for row in self._facts.late_ones if row.sort in sorts)
        return self._item(word, sum(self._facts.late[sort] for sort in sorts), href, lines)

    def _holds(self, seen: Seen, href: str) -> Line:
        return Line(say(self._lang, "precheck.holds", name=seen.device.name, n=seen.holds), seen.heard, href)

    def _not_reviewed(self, day: str, n: int) -> Line:
        return Line(say(self._lang, "precheck.rounds_of", day=day, n=n), None, self._reviews(day, day), count=n)

    def _reviews(self, first: str, last: str) -> str:
        return url("/review", site=self._site, **{"from": first, "to": last})

    def _matter(self, row: CaseRow | Matter, at: int | None) -> Line:
        return Line(behind.words_of(row, self._facts.plan, self._lang), at, behind.page_of(row), row.case)

    def _pending(self, figure: Figure) -> Line:
        n, name = figure.count.pending, _figure(figure.name, self._lang)
        href = url(f"/indicators/{figure.name}", site=self._site, month=self._month)
        return Line(say(self._lang, "precheck.pending_of", name=name, n=n), None, href, count=n)


def _book(book: BookRow, lang: str) -> str:
    missing = sum(last - first + 1 for first, last in book.missing)
    said = say(lang, "precheck.book", n=book.held - book.folded, missing=missing, aside=book.set_aside)
    return f"{book.device or book.book.hex()[:8]} {said}"


def _opened(matter: Matter) -> tuple[int, str]:
    return matter.opened_at, matter.case


def _figure(name: str, lang: str) -> str:
    return say(lang, f"indicators.name_{name}")
