"""Faults of a plan workbook: the same faults as a file's, in the words of its sheets, columns and cells."""

from collections.abc import Mapping, Sequence
from typing import Final, Self

from sync.office.plan_faults import Fault, Faults, Spot
from sync.office.plan_sheets import SHEETS, Sheet

_SAID: Final = {
    "nobody": "plan_book.nobody",
    "no_proof": "plan_book.no_proof",
    "grade_needs_tag": "plan_book.grade_needs_tag",
    "grade_needs_label": "plan_book.grade_needs_label",
    "no_section": "plan_book.no_sheet",
    "team_not_let": "plan_book.team_not_let",
    "no_rule": "plan_book.no_rule",
}
"""Sentences that speak of keys, and those that speak of sheets and columns instead."""
_KEYS: Final = ("name", "beside")
"""Fields of a fault that name a key of the file."""
_ABOUT_KEYS: Final = ("not_for_kind", "needs_beside", "few_choices", "no_phrases")


class BookFaults(Faults):
    """Faults of a workbook, in the words of its sheets and columns, in the order of its sheets."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._titles: list[str] = []
        self._columns: dict[str, tuple[Sheet, dict[str, int]]] = {}
        self._told: set[tuple[Spot, str, str]] = set()

    def know(self, title: str, sheet: Sheet, columns: Mapping[str, int]) -> None:
        """`columns`: where each heading of a sheet stands."""
        self._columns[title] = (sheet, dict(columns))

    def order(self, titles: Sequence[str]) -> None:
        self._titles = list(titles)

    def again(self) -> Self:
        other = super().again()
        other._told = {*self._told}
        return other

    def add(self, spot: Spot, key: str, **fields: str | int) -> None:
        spot, key, fields = self._as_here(spot, key, fields)
        if self._is_new(spot, key, fields):
            super().add(spot, key, **fields)

    def warn(self, spot: Spot, key: str, **fields: str | int) -> None:
        if self._is_new(spot, key, fields):
            super().warn(spot, key, **fields)

    def all(self) -> tuple[Fault, ...]:
        places = {title: place for place, title in enumerate(self._titles)}
        last = {"plans.more": len(places)}  # what is only counted; else a fault without a sheet is the whole file's
        return tuple(
            sorted(super().all(), key=lambda each: (places.get(each.sheet, last.get(each.key, -1)), each.line))
        )

    def _is_new(self, spot: Spot, key: str, fields: Mapping[str, str | int]) -> bool:
        """A list of choices that several checks use is told of once."""
        told = (spot, key, str(fields))
        new = told not in self._told
        self._told.add(told)
        return new

    def _as_here(self, spot: Spot, key: str, fields: dict[str, str | int]) -> tuple[Spot, str, dict[str, str | int]]:
        sheet, columns = self._columns.get(spot.sheet, (None, {}))
        if key == "missing_key":
            return self._missing(spot, str(fields["name"]), sheet, columns)
        if key in _ABOUT_KEYS and sheet is not None:
            named: dict[str, str | int] = {
                each: sheet.heading_of(str(fields[each])) or fields[each] for each in _KEYS if each in fields
            }
            return spot, key, {**fields, **named}
        return spot, _SAID.get(key, key), fields

    def _missing(
        self, spot: Spot, name: str, sheet: Sheet | None, columns: Mapping[str, int]
    ) -> tuple[Spot, str, dict[str, str | int]]:
        heading = sheet.heading_of(name) if sheet else None
        if heading is not None:
            where = Spot(spot.line, spot.where, spot.sheet, columns.get(heading, spot.column))
            return where, "plan_book.missing_cell", {"name": heading}
        below = next((each for each in SHEETS if each.under and each.under[-1] == name), None)
        if sheet is None or below is None or len(below.under) == 1:
            return Spot(0), "plan_book.no_sheet", {"name": below.title if below else name}
        return spot, "plan_book.missing_rows", {"name": below.title}
