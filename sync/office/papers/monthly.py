"""The monthly report (D61, D62): every indicator with target, value, trend and the cases behind it; ledgers, score
sheets, typical cases. What was entered by hand and what may still change is said.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from sqlalchemy import Connection

from app.words import say
from sync.office import month, subjects
from sync.office.figure_words import counted_words, source_words, verdict_of
from sync.office.month import Figure, Month
from sync.office.papers.paper import Cell, Column, Facts, Paper, Section, Table, Words
from sync.office.papers.press import PaperRefused
from sync.office.papers.source import DASH, Ground
from sync.office.store import entries, rounds
from sync.office.store.plans import newest_plans

EARLIER: Final = 3
"""Months before, beside this one."""
COUNTED: Final = (
    subjects.FINDING, subjects.ORDER, subjects.REQUEST, subjects.EXCUSE, subjects.SCORE, subjects.FIGURE, subjects.CASE,
)  # fmt: skip
"""Lists whose records of the month its figures stand on, beside its rounds."""


def days(wanted: date) -> tuple[date, date]:
    """First and last day of that month."""
    first, last = month.days_of(f"{wanted:%Y-%m}")
    return date.fromisoformat(first), date.fromisoformat(last)


def report(ground: Ground) -> Paper:
    """The month in which the first day lies. What is behind is counted before (`month.ready`)."""
    wanted = f"{ground.wish.first:%Y-%m}"
    read = month.read_month(ground.tx, ground.wish.site, wanted, ground.now)
    if read is None:
        raise PaperRefused("papers.no_site")
    use_month(ground)
    sections = (
        Section((_head(ground, read), *_provisional(ground, read))),
        *_figures(ground, read),
        *_ledgers(ground, read),
        *_cases(ground, read),
        *_sheets(ground, read),
        *_typical(ground, read),
        _formulas(ground, read),
        Section((ground.signing("sign_writer", "sign_supervisor", "sign_manager"), ground.signing("seal", tall=True))),
    )
    span = ground.w("month_is", year=ground.wish.first.year, month=ground.wish.first.month)
    return ground.paper(sections, span=span)


def use_month(ground: Ground) -> None:
    """Each round's last record stands for all before it in its book, by the chain; a list's record for itself."""
    first, last = (day.isoformat() for day in (ground.wish.first, ground.wish.last))
    for book, seq in rounds.ends_between(ground.tx, ground.wish.site, first, last):
        ground.use(book, seq)
    for subject in COUNTED:
        for book, seq in entries.named_in(ground.tx, ground.wish.site, subject, ground.span):
            ground.use(book, seq)


def _head(ground: Ground, read: Month) -> Facts:
    lang = ground.wish.lang
    reached = sum(each.verdict == "ok" for each in read.figures)
    missed = sum(each.verdict == "red" for each in read.figures)
    return Facts(
        (
            (ground.w("company"), Cell(read.company.say(lang) or DASH)),
            (ground.w("district"), Cell(read.district.say(lang) or DASH)),
            (ground.w("made_at"), Cell(ground.at(read.made))),
            (ground.w("reached"), Cell(ground.w("reached_n", n=reached, of=reached + missed), "bad" if missed else "")),
        )
    )


def _provisional(ground: Ground, read: Month) -> Iterator[Words]:
    if read.provisional:
        lang = ground.wish.lang
        said = (say(lang, f"indicators.still_{each.what}", n=each.count) for each in read.provisional)
        yield Words((ground.w("provisional", what=ground.w("semicolon").join(said)),), "soft")


# -- the figures ------------------------------------------------------------------------------------


def _figures(ground: Ground, read: Month) -> Iterator[Section]:
    lang = ground.wish.lang
    names = [month.before(read.month, back) for back in range(EARLIER, 0, -1)]
    columns = (
        *ground.columns(("figure", 9, "left"), ("target", 5)),
        *(Column(name, 4) for name in names),
        *ground.columns(("this_month", 5), ("counted_of", 6), ("verdict", 5), ("remark", 9, "left")),
    )
    rows: list[tuple[Cell, ...]] = []
    for group, figures in groupby(read.figures, key=lambda each: each.group):
        rows.append((Cell(say(lang, f"indicators.group_{group}"), "strong", across=len(columns)),))
        rows += [_row(ground, read, each) for each in figures]
    yield Section((Table(columns, tuple(rows)),), heading=ground.w("figures"))


def _row(ground: Ground, read: Month, figure: Figure) -> tuple[Cell, ...]:
    lang = ground.wish.lang
    verdict = verdict_of(figure, lang)
    earlier = {each.month: each for each in figure.trend}
    before = (earlier.get(month.before(read.month, back)) for back in range(EARLIER, 0, -1))
    href = f"/indicators/{figure.name}?site={read.site}&month={read.month}"
    look = "bad" if figure.verdict == "red" else ""
    return (
        Cell(say(lang, f"indicators.name_{figure.name}")),
        Cell(_target(ground, figure)),
        *(Cell(_value(ground, figure, each.value if each else None), "soft") for each in before),
        Cell(_value(ground, figure, figure.value), look or "strong", link=href),
        Cell(counted_words(figure, lang) or DASH, link=href),
        Cell(verdict.word if figure.target else DASH, look),
        Cell(_remark(ground, figure)),
    )


def _value(ground: Ground, figure: Figure, value: Decimal | None) -> str:
    if value is None:
        return DASH
    return f"{value}%" if figure.unit == "%" else ground.w("minutes", n=value)


def _target(ground: Ground, figure: Figure) -> str:
    if figure.target is None:
        return DASH
    sign = "≥" if figure.better == "more" else "≤"
    return f"{sign}{_value(ground, figure, Decimal(figure.target.value))}"


def _remark(ground: Ground, figure: Figure) -> str:
    """What was entered by hand, left out, or is not judged yet."""
    count, hand = figure.count, figure.hand
    numbers = (("excused_n", count.excused), ("pending_n", count.pending), ("late_n", count.late))
    said = [ground.w(name, n=number) for name, number in numbers if number]
    if hand is not None:
        said.insert(0, ground.w("by_hand", by=ground.names(hand.by), words=hand.words))
    return ground.w("semicolon").join(said)


def _formulas(ground: Ground, read: Month) -> Section:
    lang = ground.wish.lang
    rows = tuple(
        (
            Cell(say(lang, f"indicators.name_{each.name}")),
            Cell(say(lang, f"indicators.formula_{each.name}")),
            Cell(source_words(each, lang)),
        )
        for each in read.figures
    )
    columns = ground.columns(("figure", 7, "left"), ("formula", 14, "left"), ("target_source", 6, "left"))
    return Section((Table(columns, rows),), heading=ground.w("formulas"), new_page=True)


# -- what is behind them ----------------------------------------------------------------------------


def _ledgers(ground: Ground, read: Month) -> Iterator[Section]:
    if not read.ledger:
        return
    columns = ground.columns(("ledger", 8, "left"), ("opened_n", 4), ("closed_n", 4), ("open_n", 4), ("late_cases", 4))
    rows = tuple(
        (
            Cell(ground.w(f"sort_{line.sort}")),
            Cell(str(line.opened), number=True),
            Cell(str(line.closed), number=True),
            Cell(str(line.opened - line.closed), number=True),
            Cell(str(line.late), "bad" if line.late else "", number=True),
        )
        for line in read.ledger
    )
    yield Section((Table(columns, rows),), heading=ground.w("ledgers"))


def _cases(ground: Ground, read: Month) -> Iterator[Section]:
    """The cases that count against a figure."""
    lang = ground.wish.lang
    rows: list[tuple[Cell, ...]] = []
    for figure in read.figures:
        bad = [case for case in figure.cases if case.state == "bad"]
        if not bad:
            continue
        more = ground.w("and_more", n=figure.more) if figure.more else ""
        named = say(lang, f"indicators.name_{figure.name}")
        rows.append((Cell(" ".join(part for part in (named, more) if part), "strong", across=2),))
        rows += [
            (Cell(ground.at(case.at) if case.at else DASH), Cell(case.words.say(lang), link=case.href)) for case in bad
        ]
    if rows:
        yield Section(
            (Table(ground.columns(("time", 5), ("case", 20, "left")), tuple(rows)),), heading=ground.w("cases")
        )


def _sheets(ground: Ground, read: Month) -> Iterator[Section]:
    if not read.sheets:
        return
    lang = ground.wish.lang
    columns = ground.columns(("date", 6), ("point", 8, "left"), ("score", 4), ("deducted_what", 16, "left"))
    rows = tuple(
        (
            Cell(ground.at(each.at), link=each.href),
            Cell(each.place.say(lang)),
            Cell(f"{each.points}/{each.full}", "bad" if each.low is not None and each.points < each.low else ""),
            Cell(ground.w("semicolon").join(f"{one.words} -{one.points}" for one in each.deducted) or DASH),
        )
        for each in read.sheets
    )
    yield Section((Table(columns, rows),), heading=ground.w("name_scores"))


def _typical(ground: Ground, read: Month) -> Iterator[Section]:
    """What a manager wants told; an empty place where he may write it."""
    told = ((ground.at(each.at), each.about.say(ground.wish.lang), each.words) for each in read.typical)
    lines = tuple(f"{at} {ground.w('named', name=name, what=words)}" for at, name, words in told)
    yield Section((Words(lines or (ground.w("no_typical"),)),), heading=ground.w("typical"))


# -- sites side by side -----------------------------------------------------------------------------


def compared(ground: Ground) -> Paper:
    """Every site that the asker may see, a line each; the figures of the month alone (D64)."""
    wanted = f"{ground.wish.first:%Y-%m}"
    read = month.read_compared(ground.tx, wanted, ground.now, ground.wish.within)
    lang = ground.wish.lang
    figures = [figure for figure in (read.sites[0].figures if read.sites else ()) if figure.unit == "%"]
    columns = (
        *ground.columns(("site_name", 8, "left")),
        *(Column(say(lang, f"indicators.name_{figure.name}"), 4) for figure in figures),
    )
    rows = tuple(_site(ground, each, [figure.name for figure in figures]) for each in read.sites)
    for site in newest_plans(ground.tx, ground.wish.within):
        first, last = (day.isoformat() for day in (ground.wish.first, ground.wish.last))
        for book, seq in rounds.ends_between(ground.tx, site, first, last):
            ground.use(book, seq, site)
    span = ground.w("month_is", year=ground.wish.first.year, month=ground.wish.first.month)
    return ground.paper((Section((Table(columns, rows),)),), wide=True, span=span)


def _site(ground: Ground, read: Month, names: Sequence[str]) -> tuple[Cell, ...]:
    figures = {figure.name: figure for figure in read.figures}
    return (
        Cell(read.name.say(ground.wish.lang) or read.site, link=f"/indicators?site={read.site}&month={read.month}"),
        *(
            Cell(_value(ground, figures[name], figures[name].value), "bad" if figures[name].verdict == "red" else "")
            for name in names
        ),
    )


def sites_behind(tx: Connection, name: str, site: str, within: tuple[str, ...]) -> list[str]:
    """Of which sites the days are to be counted before such a paper is made."""
    if name == "compared":
        return list(newest_plans(tx, within))
    return [site] if name in ("month", "precheck") else []
