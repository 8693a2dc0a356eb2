"""Lines of styled text on the cell grid: paragraphs, ends of a row, columns of key hints.

Widths are terminal cells, never `len()`. Nothing here knows a page, a theme or the catalogue.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from app.text import cells, clean, fit
from screens.wrapping import plain, wrap

Span = tuple[str, str]
"""(text, role): roles are those of screens.themes."""
Line = tuple[Span, ...]
Block = tuple[int, Sequence[Line]]
"""Rows that stand or go together, and how soon they go: the higher the rank, the sooner."""
AIR: Final[Block] = (9, [()])
"""An empty row: the first thing that gives way."""

GAP = 2
"""Cells between two hints, and between a list and what stands beside it."""


def line(*spans: Span | str) -> Line:
    """A line of spans; plain strings have the role "text"."""
    return tuple(span if isinstance(span, tuple) else (span, "text") for span in spans)


def width_of(spans: Line) -> int:
    return sum(cells(clean(text)) for text, _ in spans)


def two(left: Span | str, right: Span | str, width: int) -> Line:
    """`left` and `right` at the two ends of a row of `width` cells; the left one gives way, and colours the gap."""
    (a, a_role), (b, b_role) = line(left)[0], line(right)[0]
    b = fit(plain(b), width)
    room = width - cells(b) - 1
    a = fit(plain(a), room) if room > 0 else ""
    return ((a + " " * (width - cells(a) - cells(b)), a_role), (b, b_role))


def title(left: str, right: str, width: int) -> Line:
    """The first row of a page: what this is, and what stands beside it."""
    return two((left, "title"), (right, "title"), width)


def heading(left: str, right: str, width: int) -> list[Line]:
    """`title` in as many rows as `left` needs."""
    rows = wrap(left, max(4, width - cells(plain(right)) - 1)) or [""]
    return [title(row, "" if place else right, width) for place, row in enumerate(rows)]


def fitting(blocks: Sequence[Block], height: int) -> list[Line]:
    """The rows of `blocks` in order; where they are more than `height`, those of the highest ranks are left out whole.

    What has rank 0 always stays.
    """
    kept = list(reversed(blocks))
    while sum(len(rows) for _, rows in kept) > height and (least := max(rank for rank, _ in kept)):
        kept.remove(next(each for each in kept if each[0] == least))
    return [row for _, rows in reversed(kept) for row in rows]


def paragraph(text: str, role: str, width: int, indent: str = "") -> list[Line]:
    """`text` wrapped, one role."""
    return [((row, role),) for row in wrap(text, width, indent)]


def flow(facts: Iterable[str], role: str, width: int, indent: str = "") -> list[Line]:
    """Short facts side by side in as few rows as they need, none of them torn as long as a row holds it."""
    rows: list[str] = []
    for fact in map(plain, facts):
        if rows and cells(rows[-1]) + GAP + cells(fact) <= width:
            rows[-1] += " " * GAP + fact
        else:
            rows += [indent + row for row in wrap(fact, width - cells(indent))]
    return [((row, role),) for row in rows]


def banner(text: str, role: str, width: int) -> list[Line]:
    """A paragraph on rows of one colour from edge to edge, with air above and below."""
    rows = ["", *wrap(text, width - 2), ""]
    return [((f" {row}".ljust(width - cells(row) + len(row)), role),) for row in rows]


def numbered(key: str, text: str, width: int, role: str = "text") -> list[Line]:
    """`key text`, the text wrapped beside its key."""
    head = f"{key} "
    rows = wrap(text, max(4, width - cells(head))) or [""]
    blank = " " * cells(head)
    return [((head, "key"), (rows[0], role)), *(((blank, "text"), (row, role)) for row in rows[1:])]


def hints(pairs: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """Keys and what they do, in as many even columns as fit; one too long for its column has a row of its own."""
    shown = [(key, fit(plain(words), width - cells(key) - 1)) for key, words in pairs]
    sizes = [cells(key) + 1 + cells(words) for key, words in shown]
    widest = max((size for size in sizes if size + GAP <= width // 2), default=width)
    columns = max(1, (width + GAP) // (widest + GAP))
    column = (width + GAP) // columns
    rows: list[list[Span]] = []
    place = columns
    for (key, words), size in zip(shown, sizes, strict=True):
        if place >= columns or size + GAP > column:
            rows.append([])
            place = 0
        used = sum(cells(text) for text, _ in rows[-1])
        rows[-1] += [(" " * (place * column - used), "text"), (key, "key"), (f" {words}", "text")]
        place = columns if size + GAP > column else place + 1
    return [tuple(row) for row in rows]


def beside(left: Sequence[Line], right: Sequence[Line], column: int, height: int) -> list[Line]:
    """`right` standing from `column` on beside `left`."""
    rows: list[Line] = []
    for index in range(min(height, max(len(left), len(right)))):
        here = left[index] if index < len(left) else ()
        there = right[index] if index < len(right) else ()
        rows.append((*here, (" " * max(0, column - width_of(here)), "text"), *there) if there else here)
    return rows
