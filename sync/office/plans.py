"""Plans and people as a property manager writes them: YAML or a workbook in, checked values out.

Every fault of a file is reported at once, with line (or sheet and cell) and remedy, and nothing of a faulty file is
taken. docs/plan.md and the shipped examples/ show the form; plan_form.py is its table, plan_sheets.py that of the
workbook. Secrets (PINs, badges, label tokens) have no place in any of them (decision 15).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.duties.site import People, Person, Plan
from sync.office import workbook
from sync.office.plan_book import read_book
from sync.office.plan_book_faults import BookFaults
from sync.office.plan_checks import check_people, check_plan, check_reused
from sync.office.plan_faults import Fault, Faults, Spot
from sync.office.plan_form import build_people, build_plan, respelt
from sync.office.plan_nodes import MAX_BYTES, Entry, Node, Table, find, read_nodes

T = TypeVar("T")
Source = Path | str | bytes
"""A file to open, or the text itself."""
BOOKS = (".xlsx", ".xlsm", ".xls", ".xltx", ".et")
"""Names by which a file is taken for a workbook, whatever is in it."""
_MAGIC = (b"PK", b"\xd0\xcf\x11\xe0")


class Opened(NamedTuple):
    """A file that was read as far as its own form goes, before anybody asks what it says."""

    top: Node | None
    """None when it cannot be read at all."""
    joining: Table | None
    """Those whose names a workbook says, as a people file would."""
    faults: Faults


class Checked(NamedTuple):
    """A plan, or None when it has faults; warnings come with either."""

    plan: Plan | None
    faults: tuple[Fault, ...]


class CheckedPeople(NamedTuple):
    people: People | None
    faults: tuple[Fault, ...]


def open_file(source: Source, file: str = "") -> Opened:
    """The file as nodes; `file` is the name that faults carry. Raises nothing: one that cannot be opened is a fault."""
    name = file or (source.name if isinstance(source, Path) else "plan")
    if _is_book(source, name):
        told = BookFaults(name)
        raw = _bytes(source, told, workbook.MAX_BYTES)
        book = read_book(raw, told) if raw is not None else None
        return Opened(book.top if book else None, book.people if book else None, told)
    faults = Faults(name)
    raw = _bytes(source, faults, MAX_BYTES)
    return Opened(read_nodes(raw, faults) if raw is not None else None, None, faults)


def read_plan(
    source: Source | Opened,
    *,
    revision: int = 1,
    people: People | None = None,
    earlier: Sequence[Plan] = (),
    file: str = "",
) -> Checked:
    """The plan in `source` as revision `revision`, and everything wrong with it.

    `people` lets the persons named in it be checked; `earlier` are the revisions that the site had, oldest
    first, whose ids are not used again; `file` is the name that faults carry. Raises nothing.
    """

    def build(top: Node, faults: Faults) -> Plan:
        top = respelt(top, faults)
        plan = build_plan(top, revision, faults)
        check_plan(plan, top, people, faults)
        check_reused(plan, top, earlier, faults)
        return plan

    return Checked(*_read(source if isinstance(source, Opened) else open_file(source, file), build))


def read_joining(opened: Opened, known: Mapping[str, Person]) -> CheckedPeople:
    """Persons of a workbook's own sheet who are not among the `known`, and what is wrong with them.

    Of those who are known the sheet changes nothing: the people file is every site's.
    """
    if opened.joining is None:
        return CheckedPeople(People(()), ())
    section = opened.joining.get("people")
    if not isinstance(section, Table):
        return CheckedPeople(People(()), ())
    fresh = [each for each in section.entries if each.key not in known]
    named = [each for each in fresh if isinstance(each.node, Table) and each.node.get("name") is not None]
    if not named:
        return CheckedPeople(People(()), ())
    top = Table(opened.joining.spot, (Entry("people", section.spot.line, Table(section.spot, tuple(named))),))

    def build(top: Node, faults: Faults) -> People:
        people = build_people(top, faults)
        check_people(people, top, faults)
        _check_numbers(people, top, known, faults)
        return people

    return CheckedPeople(*_read(opened._replace(top=top, faults=opened.faults.afresh()), build))


def _check_numbers(people: People, top: Node, known: Mapping[str, Person], faults: Faults) -> None:
    """Somebody who joins has no number that is taken."""
    taken = {person.number: person.id for person in known.values() if person.number}
    for person in people.people:
        if (other := taken.get(person.number)) is not None:
            spot = find(top, "people", person.id, "number")
            faults.add(spot, "plan_book.number_taken", number=person.number, other=other)


def read_people(source: Source, *, file: str = "") -> CheckedPeople:
    """The people in `source`, and everything wrong with the file."""

    def build(top: Node, faults: Faults) -> People:
        people = build_people(top, faults)
        check_people(people, top, faults)
        return people

    return CheckedPeople(*_read(open_file(source, file), build))


def _is_book(source: Source, name: str) -> bool:
    if name.lower().endswith(BOOKS):
        return True
    if isinstance(source, Path):
        try:
            with source.open("rb") as opened:
                return opened.read(4).startswith(_MAGIC)
        except OSError:
            return False
    return isinstance(source, bytes) and source.startswith(_MAGIC)


def _read(opened: Opened, build: Callable[[Node, Faults], T]) -> tuple[T | None, tuple[Fault, ...]]:
    faults = opened.faults.again()
    built = build(opened.top, faults) if opened.top is not None else None
    return (None if faults.errors else built), faults.all()


def _bytes(source: Source, faults: Faults, most: int) -> bytes | None:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        return source.encode("utf-8", "surrogatepass")
    try:
        with source.open("rb") as opened:
            return opened.read(most + 1)  # one more than is taken: a device or a disk image is not swallowed whole
    except OSError as e:
        faults.add(Spot(0), "unreadable", why=e.strerror or type(e).__name__)
        return None
