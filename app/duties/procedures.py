"""Procedures 预案: what is done in an emergency or a drill, step by step, with the time of each (D50-D54).

An instruction card (people caught in a lift, burst pipe, power cut, fire) is a procedure of one team that assembles
nowhere; a call-out (防汛) has teams that assemble within a time, tick their tasks, count their material and report.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from app.duties.provisions import Procedure, Step, Team


class TeamRun(Struct, frozen=True):
    """How far one team is."""

    assembled: int | None = None
    """UTC ms."""
    ticks: Mapping[str, int] = {}
    """When each step was ticked first, UTC ms."""
    taken_back: Mapping[str, int] = {}
    """When each step was ticked first by mistake: that stays, whatever comes after it."""
    materials: Mapping[str, int] = {}
    """What was counted last."""
    reported: int | None = None
    words: str = ""


class Run(Struct, frozen=True):
    """One doing of a procedure."""

    id: str
    """`book:seq` of its first record."""
    procedure: str
    at: int
    """Ordered or opened, UTC ms."""
    exercise: bool = False
    """A drill: nobody is in danger."""
    about: str = ""
    """The asset that it is about, when there are several."""
    teams: Mapping[str, TeamRun] = {}
    closed: int | None = None


def assembled(run: Run, team: str, at: int) -> Run:
    """The first time counts."""
    return _team(run, team, lambda now: now if now.assembled is not None else replace(now, assembled=at))


def ticked(run: Run, team: str, step: str, at: int) -> Run:
    """A tick stays where it was: the first time is when it was done."""
    return _team(run, team, lambda now: replace(now, ticks={step: at, **now.ticks}))


def taken_back(run: Run, team: str, step: str) -> Run:
    """The step is open again; of the mistake its first time is kept."""

    def change(now: TeamRun) -> TeamRun:
        if step not in now.ticks:
            return now
        left = {id: at for id, at in now.ticks.items() if id != step}
        return replace(now, ticks=left, taken_back={step: now.ticks[step], **now.taken_back})

    return _team(run, team, change)


def counted(run: Run, team: str, material: str, count: int) -> Run:
    return _team(run, team, lambda now: replace(now, materials={**now.materials, material: count}))


def reported(run: Run, team: str, words: str, at: int) -> Run:
    return _team(run, team, lambda now: replace(now, reported=at, words=words))


def closed(run: Run, at: int) -> Run:
    return run if run.closed is not None else replace(run, closed=at)


def next_step(procedure: Procedure, run: Run, team: str) -> Step | None:
    """The first step of the team that nobody has ticked; None when all are."""
    found, now = procedure.team(team), run.teams.get(team, TeamRun())
    return next((step for step in found.steps if step.id not in now.ticks), None) if found else None


def late_steps(procedure: Procedure, run: Run, team: str, at: int) -> tuple[Step, ...]:
    """Steps ticked, or still to be ticked, after their time."""
    found, now = procedure.team(team), run.teams.get(team, TeamRun())
    if found is None:
        return ()
    return tuple(
        step
        for step in found.steps
        if step.within_min and now.ticks.get(step.id, at) - run.at > step.within_min * 60_000
    )


def assembled_in_time(team: Team, run: Run, at: int) -> bool | None:
    """Whether the team stood at its place in time; None while there is time left, or it does not assemble."""
    if not team.assemble_min:
        return None
    stood = run.teams.get(team.id, TeamRun()).assembled
    limit = run.at + team.assemble_min * 60_000
    if stood is None:
        return None if at <= limit else False
    return stood <= limit


def missing(team: Team, run: Run) -> dict[str, int]:
    """How many of each material were counted too few; what nobody counted is not missing yet."""
    counts = run.teams.get(team.id, TeamRun()).materials
    return {
        each.id: each.count - counts[each.id] for each in team.materials if counts.get(each.id, each.count) < each.count
    }


def unreported(procedure: Procedure, run: Run) -> tuple[Team, ...]:
    """Teams whose report is missing here: a call-out ends with a report from each (D51), a card needs none."""
    if procedure.kind == "card":
        return ()
    return tuple(team for team in procedure.teams if run.teams.get(team.id, TeamRun()).reported is None)


def _team(run: Run, team: str, change: Callable[[TeamRun], TeamRun]) -> Run:
    return replace(run, teams={**run.teams, team: change(run.teams.get(team, TeamRun()))})
