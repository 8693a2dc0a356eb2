"""Procedures 预案 as records: opened, assembled, ticked, counted, reported, closed (app.duties.procedures)."""

from collections.abc import Mapping

from app.duties import procedures
from app.duties.procedures import Run
from app.kinds.base import Body
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


def opened(before: Runs, record: Record, body: ProcedureOpened, book: str) -> Runs:
    run = Run(f"{book}:{record.seq}", body.procedure, record.at, body.exercise)
    return dict(list({**before, run.id: run}.items())[-MOST:])


def assembled(before: Runs, record: Record, body: ProcedureAssembled, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.assembled(run, body.team, record.at)}


def ticked(before: Runs, record: Record, body: ProcedureTicked, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.ticked(run, body.team, body.step, record.at)}


def counted(before: Runs, record: Record, body: ProcedureCounted, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.counted(run, body.team, body.material, body.count)}


def reported(before: Runs, record: Record, body: ProcedureReported, book: str) -> Runs:
    run = before.get(body.run)
    return before if run is None else {**before, run.id: procedures.reported(run, body.team, body.words, record.at)}


def closed(before: Runs, record: Record, body: ProcedureClosed, book: str) -> Runs:
    return {id: run for id, run in before.items() if id != body.run}
