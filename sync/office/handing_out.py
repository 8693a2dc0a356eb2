"""Plans going out as files: one revision of a site, as a workbook or as YAML."""

from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Person, Plan, decode_plan
from app.logbook.disk import Disk
from sync.office.credentials import everybody
from sync.office.plan_export import to_xlsx, to_yaml
from sync.office.store import plans as table

XLSX: Final = ".xlsx"
FORMS: Final = {
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""Endings of files that a plan is written as, and their media types."""


class Revision(Struct, frozen=True):
    plan: Plan
    people: dict[str, Person]


def revision_of(tx: Connection, site: str, revision: int | None) -> Revision | None:
    """That revision, withdrawn ones too; without a number the newest. None when there is none."""
    rows = table.plans_of(tx, site, withdrawn=revision is not None)
    row = next((row for row in reversed(rows) if revision in (None, row.revision)), None)
    return Revision(decode_plan(row.raw), everybody(tx)) if row else None


def drawn_up(found: Revision, ending: str) -> bytes:
    """The file's bytes; `ending` is of FORMS."""
    return to_xlsx(found.plan, found.people) if ending == XLSX else to_yaml(found.plan)


def write(path: Path, content: bytes) -> None:
    """The file whole; what was there stays until it is. Raises OSError."""
    Disk().store("plan", path, content)
