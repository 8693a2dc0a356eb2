"""Labels and badges as files: drawn, read back, and only then there.

The files hold the codes themselves. They are readable by their owner alone, and none of their text goes to a log.
"""

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection

from app.codes import TOKEN_BYTES, make
from app.duties.days import local_time
from app.duties.site import NO_TEXT, Person, Plan, Text, decode_plan
from app.logbook.disk import Disk
from sync.office.credentials import everybody, must_know, printed
from sync.office.labels import BOTH, Label, LabelsRefused, Wish, badge, labels_of, lang_of
from sync.office.readback import PICTURE_DPI, must_read, pictures
from sync.office.sheets import CARD, LAYOUTS, Heading, Layout, Progress, Sheets, draw, single, svg
from sync.office.store.plans import newest_plan, newest_plans


class Wanted(Struct, frozen=True):
    """Which files somebody wants, on which layout."""

    layout: str
    pdf: Path | None = None
    png: Path | None = None
    """A folder for one picture a label."""
    svg: Path | None = None


class Printable(Struct, frozen=True):
    """A site's labels, and what stands above them on a sheet."""

    labels: list[Label]
    heading: Heading


class Card(Struct, frozen=True):
    """Whose badge it is, and of which company."""

    person: Person
    company: Text
    heading: Heading


SPECIMEN: Final = make(0, bytes(TOKEN_BYTES))
"""A code that opens nothing."""


def read(tx: Connection, site: str, wish: Wish, url: str, now: int) -> Printable | None:
    """What is to be printed for a site by its newest plan; None for a site without one. `now` is UTC ms.

    With `url` (as `codes.label_base` gave it) codes are addresses that a telephone opens. Raises LabelsRefused.
    """
    row = newest_plan(tx, site)
    if row is None:
        return None
    plan = decode_plan(row.raw)
    return Printable(labels_of(plan, printed(tx, site, url), wish), _heading(plan, wish.names, now))


def read_card(tx: Connection, person: str, now: int) -> Card:
    """What stands on a person's badge. Raises CredentialRefused for somebody who is not in the people file."""
    must_know(tx, person)
    company = next((plan.site.company for plan in newest_plans(tx).values() if plan.roles_of(person)), NO_TEXT)
    lang = lang_of(BOTH)
    day = local_time(now, ZoneInfo("UTC")).date().isoformat()
    return Card(everybody(tx)[person], company, Heading(company.say(lang), day, lang))


def draw_card(card: Card, code: str) -> bytes:
    """The badge as PDF, read back. Raises like `proofed`."""
    return proofed([badge(card.person, code, card.company)], CARD, card.heading).pdf


def _heading(plan: Plan, names: str, now: int) -> Heading:
    lang = lang_of(names)
    day = local_time(now, ZoneInfo(plan.site.zone)).date().isoformat()
    return Heading(plan.site.name.say(lang) or plan.site.id, day, lang)


def proofed(labels: Sequence[Label], layout: Layout, heading: Heading, progress: Progress | None = None) -> Sheets:
    """The labels on paper, read back. Raises LabelsRefused, SheetUnreadable, FontMissing."""
    made = draw(labels, layout, heading, progress)
    must_read(made)
    return made


def write(printable: Printable, wanted: Wanted, progress: Progress | None = None) -> int:
    """Write the files that are wanted; how many pages the PDF has, 0 without one.

    Nothing is written before everything was read back. Raises like `proofed`, and LabelsRefused for a disk that will
    not.
    """
    labels, heading, layout = printable.labels, printable.heading, LAYOUTS[wanted.layout]
    sheets = proofed(labels, layout, heading, progress) if wanted.pdf else None
    singles = proofed(labels, single(layout), heading, progress) if wanted.png or wanted.svg else None
    if wanted.pdf and sheets:
        put(wanted.pdf, sheets.pdf)
    if wanted.png and singles:
        for label, picture in zip(labels, pictures(singles), strict=True):
            held = BytesIO()
            picture.save(held, "PNG", dpi=(PICTURE_DPI, PICTURE_DPI), optimize=True)
            put(_folder(wanted.png) / f"{label.file}.png", held.getvalue())
    if wanted.svg and singles:
        for (placed,) in singles.pages:
            put(_folder(wanted.svg) / f"{placed.drawing.label.file}.svg", svg(placed.drawing).encode())
    return len(sheets.pages) if sheets else 0


def _folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise LabelsRefused("labels.bad_file", path=str(folder), why=e.strerror or "") from e
    return folder


def put(path: Path, content: bytes) -> None:
    """Write a file whole, readable by its owner alone; what was there stays until it is done. Raises LabelsRefused."""
    try:
        Disk().store("labels", path, content)
    except OSError as e:
        with suppress(OSError):  # it may hold codes already
            path.with_name(path.name + ".part").unlink(missing_ok=True)
        raise LabelsRefused("labels.bad_file", path=str(path), why=e.strerror or "") from e
