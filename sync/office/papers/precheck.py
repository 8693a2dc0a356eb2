"""月度报告前自查表 (D67): what the month's figures still wait for, with room for who settles it and when."""

from collections.abc import Iterator, Sequence
from typing import Final

from sync.office import precheck
from sync.office.papers.monthly import use_month
from sync.office.papers.paper import Cell, Facts, Paper, Section, Table, Words
from sync.office.papers.press import PaperRefused
from sync.office.papers.source import DASH, Ground
from sync.office.precheck import Item, Line
from sync.office.store import rounds

SHOWN: Final = 100
"""Of what one question counts."""
EMPTY: Final = (Cell(), Cell())
"""Who settles it, and when: written by hand."""


def check(ground: Ground) -> Paper:
    """Of the month in which the first day lies. What is behind is counted before (`month.ready`)."""
    facts = precheck.read(ground.tx, ground.wish.site, f"{ground.wish.first:%Y-%m}", ground.now, whole=True)
    if facts is None:
        raise PaperRefused("papers.no_site")
    use_month(ground)
    first, last = (day.isoformat() for day in (ground.wish.first, ground.wish.last))
    for book, seq in rounds.reviews_between(ground.tx, ground.wish.site, first, last):
        ground.use(book, seq)
    asked = list(precheck.items(facts, ground.wish.lang, SHOWN))
    sections = (
        Section((_head(ground, asked), _questions(ground, asked))),
        *_lines(ground, asked),
        Section((Words((ground.w("precheck_note"),), "soft"), ground.signing("sign_checker", "sign_manager"))),
    )
    span = ground.w("month_is", year=ground.wish.first.year, month=ground.wish.first.month)
    return ground.paper(sections, span=span)


def _head(ground: Ground, asked: Sequence[Item]) -> Facts:
    open_ = precheck.open_of(asked)
    said = ground.w("precheck_open", n=open_, of=len(asked)) if open_ else ground.w("precheck_ready")
    return Facts(
        (
            (ground.w("checked_at"), Cell(ground.at(ground.now))),
            (ground.w("conclusion"), Cell(said, "bad" if open_ else "")),
        )
    )


def _questions(ground: Ground, asked: Sequence[Item]) -> Table:
    columns = ground.columns(
        ("number", 2),
        ("precheck_item", 10, "left"),
        ("how_many", 3),
        ("state", 9, "left"),
        ("settled_by", 4),
        ("settled_at", 5),
    )
    return Table(columns, tuple(_question(item, number) for number, item in enumerate(asked, 1)))


def _question(item: Item, number: int) -> tuple[Cell, ...]:
    waits = item.verdict.colour != "ok"
    counted = item.verdict.word == str(item.count)
    return (
        Cell(str(number)),
        Cell(item.word, link=item.href if waits else ""),
        Cell(item.verdict.word, "bad" if waits else "", number=counted),
        Cell(item.told or DASH),
        *EMPTY,
    )


def _lines(ground: Ground, asked: Sequence[Item]) -> Iterator[Section]:
    """Each thing that waits, under its question."""
    rows: list[tuple[Cell, ...]] = []
    for number, item in enumerate(asked, 1):
        if not item.lines:
            continue
        rows.append((Cell(ground.w("precheck_of", number=number, name=item.word), "strong", across=4),))
        rows += [_line(ground, line) for line in item.lines]
        if more := item.count - sum(line.count for line in item.lines):
            rows.append((Cell(ground.w("and_more", n=more), "soft", across=4),))
    if rows:
        columns = ground.columns(("case", 15, "left"), ("precheck_at", 6), ("settled_by", 4), ("settled_at", 5))
        yield Section((Table(columns, tuple(rows)),), heading=ground.w("precheck_lines"))


def _line(ground: Ground, line: Line) -> tuple[Cell, ...]:
    book, _, seq = line.matter.partition(":")
    if seq.isdigit():
        ground.use(bytes.fromhex(book), int(seq))
    return Cell(line.words, link=line.href), Cell(ground.at(line.at) or DASH), *EMPTY
