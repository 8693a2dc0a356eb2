"""Plans and people as a property manager writes them: YAML in, checked values out.

Every fault of a file is reported at once, with line and remedy, and nothing of a faulty file is
taken. docs and the shipped examples/ show the form; plan_form.py is its table. Secrets (PINs,
badges, label tokens) have no place in either file (decision 15).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.duties.site import People, Plan
from sync.office.plan_checks import check_people, check_plan, check_reused
from sync.office.plan_faults import Fault, Faults, Spot
from sync.office.plan_form import build_people, build_plan, respelt
from sync.office.plan_nodes import MAX_BYTES, Node, read_nodes

T = TypeVar("T")
Source = Path | str | bytes
"""A file to open, or the text itself."""


class Checked(NamedTuple):
    """A plan, or None when it has faults; warnings come with either."""

    plan: Plan | None
    faults: tuple[Fault, ...]


class CheckedPeople(NamedTuple):
    people: People | None
    faults: tuple[Fault, ...]


def read_plan(
    source: Source, *, revision: int = 1, people: People | None = None, earlier: Sequence[Plan] = (), file: str = ""
) -> Checked:
    """The plan in `source` as revision `revision`, and everything wrong with it.

    `people` lets the persons named in it be checked; `earlier` are the revisions that the site had, oldest
    first, whose ids are not used again; `file` is the name that faults carry. Raises nothing: a file that
    cannot be opened is a fault too.
    """

    def build(top: Node, faults: Faults) -> Plan:
        top = respelt(top, faults)
        plan = build_plan(top, revision, faults)
        check_plan(plan, top, people, faults)
        check_reused(plan, top, earlier, faults)
        return plan

    return Checked(*_read(source, file, build))


def read_people(source: Source, *, file: str = "") -> CheckedPeople:
    """The people in `source`, and everything wrong with the file."""

    def build(top: Node, faults: Faults) -> People:
        people = build_people(top, faults)
        check_people(people, top, faults)
        return people

    return CheckedPeople(*_read(source, file, build))


def _read(source: Source, file: str, build: Callable[[Node, Faults], T]) -> tuple[T | None, tuple[Fault, ...]]:
    faults = Faults(file or (source.name if isinstance(source, Path) else "plan"))
    raw = _bytes(source, faults)
    top = read_nodes(raw, faults) if raw is not None else None
    built = build(top, faults) if top is not None else None
    return (None if faults.errors else built), faults.all()


def _bytes(source: Source, faults: Faults) -> bytes | None:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        return source.encode("utf-8", "surrogatepass")
    try:
        with source.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)  # one more than is taken: a device or a disk image is not swallowed whole
    except OSError as e:
        faults.add(Spot(0), "unreadable", why=e.strerror or type(e).__name__)
        return None
