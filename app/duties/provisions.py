"""What a plan provides beside points and rounds: registers, procedures, items of a post, contacts, spare parts.

Their rules stand in app.duties.registers, procedures and posts; here is only what the office writes down.
"""

from typing import Final

from app.duties.texts import NO_TEXT, Choice, Part, Phrase, Text

COLUMNS: Final = ("choice", "digits", "count", "room", "code")
"""Kinds of columns: one of `choices`; digits such as the last four of a telephone; a number of things; a room number;
what a scan brought (an asset, a key's label)."""


class Column(Part, frozen=True, omit_defaults=True):
    id: str
    kind: str
    """Of COLUMNS; an unknown one is asked for as digits."""
    text: Text
    choices: tuple[Choice, ...] = ()
    """A choice that is not `ok` is a thing to look after: a fire signal, a forbidden appliance."""
    size: int = 0
    """Digits exactly so many; 0 when any number of them will do."""
    personal: bool = False
    """Kept apart from the record, so that it can go alone (decision 9)."""
    optional: bool = False

    def __post_init__(self) -> None:
        self._read_as("kind", COLUMNS, "digits")


class Register(Part, frozen=True, omit_defaults=True):
    id: str
    name: Text
    columns: tuple[Column, ...]
    roles: tuple[str, ...] = ()
    """Who keeps it."""
    ends: Text = NO_TEXT
    """What ends a line (离开, 归还); empty when a line stands alone."""
    limit: str = ""
    """Local time `HH:MM` by which lines must have ended (D41), or a span like `4h`."""
    every_min: int = 0
    """A line is due this often while its post is on duty (D53); 0: whenever there is something."""
    post: str | None = None
    """Only while the crew stands there is a line due; None: wherever whoever keeps it is."""
    retention_days: int = 180
    """How long the office keeps it: half a year at least, as for visitors and access (decision 9)."""

    @property
    def stays(self) -> bool:
        """Whether a line of it stays open until another one ends it."""
        return self.ends != NO_TEXT


class Lone(Part, frozen=True, omit_defaults=True):
    """Lone worker check-in (D50): whoever is alone at a post or on a route is asked whether all is well."""

    every_min: int
    """Minutes without a record of the person, after which the handheld asks; 0: never."""
    answer_s: int = 60
    """Seconds to answer, before it asks louder."""
    last_s: int = 60
    """Seconds of the countdown, before the alarm is raised."""


PROCEDURE_KINDS: Final = ("card", "call-out", "drill")


class Step(Part, frozen=True, omit_defaults=True):
    id: str
    text: Text
    within_min: int = 0
    """Minutes after the start; 0 when no time is set. Late is said, never refused."""


class Material(Part, frozen=True, omit_defaults=True):
    id: str
    text: Text
    count: int
    """How many there should be (铁锹 10 把)."""


class Team(Part, frozen=True, omit_defaults=True):
    id: str
    name: Text
    steps: tuple[Step, ...]
    materials: tuple[Material, ...] = ()
    roles: tuple[str, ...] = ()
    """Whose team it is; empty: whoever is there."""
    assemble_min: int = 0
    """Minutes within which it stands at its place (D51); 0: it does not assemble."""
    point: str | None = None
    """Where."""


class Procedure(Part, frozen=True, omit_defaults=True):
    id: str
    kind: str
    """Of PROCEDURE_KINDS; an unknown one is read as a card."""
    name: Text
    teams: tuple[Team, ...]
    when: Text = NO_TEXT
    """What sets it off (大雨半小时)."""
    reports: tuple[Phrase, ...] = ()
    """How a team may report at the end; a card needs none."""
    about: tuple[str, ...] = ()
    """Assets of which it is about one (which lift?); empty when there is nothing to choose."""

    def __post_init__(self) -> None:
        self._read_as("kind", PROCEDURE_KINDS, "card")

    def team(self, id: str) -> Team | None:
        return next((team for team in self.teams if team.id == id), None)


class Item(Part, frozen=True, omit_defaults=True):
    """A key, a radio, a torch: what belongs to a post and is counted at each handover."""

    id: str
    text: Text
    count: int = 1


class Contact(Part, frozen=True, omit_defaults=True):
    """Whom to call (D52). An office's number or a service's; nobody's private one."""

    id: str
    name: Text
    number: str
    """Digits as dialled, or a radio channel."""


class Violation(Part, frozen=True, omit_defaults=True):
    """What a category leads to where somebody does what he may not: a record, a notice, a report (D35)."""

    authority: Text
    """Whom it is reported to."""
    demands: tuple[Phrase, ...]
    """What a notice may ask for (立即停止, 恢复原状)."""
    notice: str = "same-day"
    """Until the notice is handed over, from the record on, as app.duties.findings reads it."""
    comply: str = "3d"
    """What the notice gives them."""
    report: str = "1wd"
    """Until the report is handed in, from the end of that on."""


class Fitting(Part, frozen=True, omit_defaults=True):
    """A door, a window, a meter of a dwelling; a pump of a plant room."""

    id: str
    text: Text
    faults: tuple[Phrase, ...] = ()
    """What may be wrong with it, before what may be wrong with anything."""


class Unit(Part, frozen=True, omit_defaults=True):
    id: str
    """A dwelling's number, digits and dashes; a word for a plant."""
    name: Text = NO_TEXT


class Survey(Part, frozen=True, omit_defaults=True):
    """承接查验: units of one kind that are inspected before they are handed over (D36)."""

    id: str
    name: Text
    builder: Text
    """Whose faults they are."""
    fittings: tuple[Fitting, ...]
    units: tuple[Unit, ...]
    faults: tuple[Phrase, ...] = ()
    """What may be wrong with any fitting."""
    deadline: str = "7d"
    """Until a fault is put right, as app.duties.findings reads it."""
    roles: tuple[str, ...] = ()
    """Who inspects; empty: whoever is there."""


class Supply(Part, frozen=True, omit_defaults=True):
    """备件: a spare part or consumable (D37)."""

    id: str
    text: Text
    unit: Text = NO_TEXT
