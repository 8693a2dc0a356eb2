"""Procedures 预案 as records: opened, assembled, ticked, counted, reported, closed (app.duties.procedures)."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from app.duties import procedures
from app.duties.procedures import Run
from app.kinds.base import Body
from app.kinds.share import Share
from app.record import Record

Runs = Mapping[str, Run]
"""Those that are not closed, by id, oldest first."""
MOST = 20


class ProcedureOpened(Body, frozen=True):
    """An instruction card was opened, or a call-out ordered."""

    procedure: str
    name: str
    """As the crew saw it."""
    exercise: bool
    """A drill: nobody is in danger."""
    point: str | None = None
    asset: str | UnsetType = UNSET
    """What it is about, where there are several: which lift."""


class ProcedureAssembled(Body, frozen=True):
    run: str
    """`book:seq` of the opening."""
    team: str
    late: bool
    point: str | None = None


class ProcedureTicked(Body, frozen=True):
    run: str
    team: str
    step: str
    words: str
    late: bool


class ProcedureUnticked(Body, frozen=True):
    """The step was ticked by mistake; the record of that stays."""

    run: str
    team: str
    step: str
    words: str


class ProcedureCounted(Body, frozen=True):
    run: str
    team: str
    material: str
    count: int
    wanted: int


class ProcedureReported(Body, frozen=True):
    run: str
    team: str
    phrase: str
    words: str


class ProcedureClosed(Body, frozen=True):
    run: str
    missing: tuple[str, ...] | UnsetType = UNSET
    """Teams that did not report on this handheld."""


def opened(before: Runs, record: Record, body: ProcedureOpened, book: str) -> Runs:
    run = Run(f"{book}:{record.seq}", body.procedure, record.at, body.exercise, body.asset or "")
    return dict(list({**before, run.id: run}.items())[-MOST:])


def assembled(before: Runs, record: Record, body: ProcedureAssembled, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.assembled(run, body.team, record.at)}


def ticked(before: Runs, record: Record, body: ProcedureTicked, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.ticked(run, body.team, body.step, record.at)}


def unticked(before: Runs, record: Record, body: ProcedureUnticked, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.taken_back(run, body.team, body.step)}


def counted(before: Runs, record: Record, body: ProcedureCounted, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.counted(run, body.team, body.material, body.count)}


def reported(before: Runs, record: Record, body: ProcedureReported, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.reported(run, body.team, body.words, record.at)}


def closed(before: Runs, record: Record, body: ProcedureClosed, book: str) -> Runs:
    return {id: run for id, run in before.items() if id != body.run}


RUNS: Final[Share[Runs]] = Share(
    "runs",
    Runs,
    {},
    {
        ProcedureOpened: opened,
        ProcedureAssembled: assembled,
        ProcedureTicked: ticked,
        ProcedureUnticked: unticked,
        ProcedureCounted: counted,
        ProcedureReported: reported,
        ProcedureClosed: closed,
    },
)
SHARE: Final = RUNS
