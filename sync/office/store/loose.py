"""Every value of a key that begins an index, from one to the next: what lies between is not read.

So a question about each tag or each point of a site costs what their number is, however long their history.
"""

from typing import Any

from sqlalchemy import CTE, Column, ColumnElement, func, select


def each(column: Column[Any], *where: ColumnElement[bool], of: CTE | None = None) -> CTE:
    """The values of a column that stands in an index behind those that `where` pins. With `of` for each of its rows,
    whose columns stand first and in the index too. The last row of each is null.
    """
    names = [given.name for given in of.c] if of is not None else []

    def least(rows: CTE | None, *more: ColumnElement[bool]) -> ColumnElement[Any]:
        pins = [column.table.c[name] == rows.c[name] for name in names] if rows is not None else []
        return select(func.min(column)).where(*where, *pins, *more).correlate(rows).scalar_subquery()

    begin = select(*(of.c if of is not None else ()), least(of).label(column.name))
    found = begin.cte(f"each_{column.name}", recursive=True)
    here = found.c[column.name]
    following = select(*(found.c[name] for name in names), least(found, column > here)).where(here.is_not(None))
    return found.union_all(following)
