"""Keeping registers and following procedures: the acts of posts that write lines and tick steps (D41, D43, D50-D54)."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from msgspec import UNSET

from app.duties import procedures, registers
from app.duties.days import shown_time
from app.duties.procedures import Run
from app.duties.provisions import Column, Procedure, Register, Team
from app.duties.registers import Line
from app.errors import BookUnsafe, NotAllowed
from app.kinds.procedures import (
    RUNS,
    ProcedureAssembled,
    ProcedureClosed,
    ProcedureCounted,
    ProcedureOpened,
    ProcedureReported,
    ProcedureTicked,
    ProcedureUnticked,
)
from app.kinds.registers import REGISTERS, RegisterEnded, RegisterEntered
from app.posting import Posting
from app.session import Session, act
from app.text import clean

HIDDEN: Final = "****"
"""Stands for what is personal in the words of a line."""


class Keeping(Session):
    """Acts on registers and procedures."""

    # -- registers ----------------------------------------------------------------------------
    def registers(self) -> tuple[Register, ...]:
        """Those that somebody of this crew keeps, in the plan's order."""
        roles = self._roles()
        return tuple(each for each in self._in_force.registers if not each.roles or roles & set(each.roles))

    def open_lines(self, register: str) -> tuple[Line, ...]:
        """Lines that nobody has ended, oldest first."""
        return tuple(line for line in self.state.share(REGISTERS).open.values() if line.register == register)

    def overdue(self) -> tuple[Line, ...]:
        """Open lines of this crew's registers whose limit has passed."""
        lines, now = self.state.share(REGISTERS).open.values(), self.now()
        return tuple(line for register in self.registers() for line in registers.overdue(register, lines, now))

    def line_due(self, register: Register) -> int | None:
        """When this register's next line is due, UTC ms (D53); None when it has no rhythm, or nobody is on duty: at its
        post, where the plan names one."""
        shift, posting = self.state.shift, Posting.of(self)
        since = shift.opened if shift else None
        if register.post is not None:
            post = posting.post()
            since = posting.on_post_since() if post is not None and post.id == register.post else None
        if since is None:
            return None
        return registers.next_due(register, self.state.share(REGISTERS).last.get(register.id), since, self._at())

    def registers_due(self) -> tuple[Register, ...]:
        """Those of this crew whose next line is due now."""
        due = ((register, self.line_due(register)) for register in self.registers())
        return tuple(register for register, at in due if at is not None and at <= self._at())

    @act
    async def enter_line(self, register: str, answers: Mapping[str, str]) -> Line:
        """Write a line. Raises NotAllowed with the column that does not fit."""
        self._shift()
        found = self._register(register)
        for column in found.columns:
            self.check_column(column, answers.get(column.id, ""))
        known = {column.id: answers[column.id] for column in found.columns if answers.get(column.id)}
        personal = [column.id for column in found.columns if column.personal and column.id in known]
        apart = {id: await self._set_apart(id, known[id]) for id in personal}
        body = RegisterEntered(
            register=found.id,
            answers={id: "" if id in apart else answer for id, answer in known.items()},
            words=self._line_words(found, known),
            stays=found.stays,
            post=post.id if (post := Posting.of(self).post()) else None,
            apart=apart or UNSET,
        )
        (entry,) = await self._write(body)
        return body.line(entry.record, self._logbook.book_id)

    async def _set_apart(self, column: str, text: str) -> str:
        """Under the name that it has already in a line that was in doubt: salted anew, that line would not be
        recognised."""
        for entry in self._recovered:
            name = entry.record.body.get("apart", {}).get(column)
            if name is not None and await self._off_loop(partial(self._logbook.text_of, name)) == text:
                return str(name)
        return await self._off_loop(partial(self._logbook.set_apart, text))

    async def personal(self, line: Line) -> dict[str, str]:
        """What stands apart of a line, by column; what was deleted or cannot be read is left out. Raises NotAllowed."""
        self._shift()
        found = dict[str, str]()
        for id, name in line.apart.items():
            with suppress(BookUnsafe):
                text = await self._off_loop(partial(self._logbook.text_of, name))
                found |= {id: clean(text)} if text is not None else {}
        return found

    def forget_old(self) -> None:
        """Delete the personal texts that outlived their register's time, when the disk has nothing else to do."""
        if old := registers.outlived(self._in_force.registers, self.state.share(REGISTERS), self._at()):
            self._idle(partial(self._forget, old))

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            if self._logbook.blob(name) is not None:
                self._logbook.forget_text(name)

    def check_column(self, column: Column, answer: str) -> None:
        """Raises NotAllowed saying why `answer` does not fit."""
        if fault := registers.check(column, answer):
            raise NotAllowed(f"registers.fault_{fault.why}", column=column.text.say(self.lang), size=column.size)

    @act
    async def end_line(self, line: str) -> bool:
        """The visitors left, the key is back; whether after the limit. Raises NotAllowed for a line not open here."""
        self._shift()
        found = self.state.share(REGISTERS).open.get(line)
        if found is None:
            raise NotAllowed("registers.not_open")
        register = self._register(found.register)
        by = registers.ends_by(register, shown_time(found.at, self.zone))
        late = by is not None and by < self._at()
        await self._write(RegisterEnded(found.register, line, late))
        return late

    def _register(self, id: str) -> Register:
        found = next((each for each in self._in_force.registers if each.id == id), None)
        if found is None:
            raise NotAllowed("registers.unknown")
        return found

    def _line_words(self, register: Register, answers: Mapping[str, str]) -> str:
        said = []
        for column in register.columns:
            answer = answers.get(column.id)
            if not answer:
                continue
            chosen = next((choice.text.say(self.lang) for choice in column.choices if choice.id == answer), answer)
            said.append(f"{column.text.say(self.lang)} {HIDDEN if column.personal else chosen}")
        return clean("; ".join(said), 200)

    # -- procedures ---------------------------------------------------------------------------
    def procedures(self) -> tuple[Procedure, ...]:
        return self._in_force.procedures

    def runs(self) -> tuple[Run, ...]:
        """Those that are not closed, newest first."""
        return tuple(self.state.share(RUNS).values())[::-1]

    def procedure_of(self, run: Run) -> Procedure | None:
        return next((each for each in self._in_force.procedures if each.id == run.procedure), None)

    @act
    async def open_procedure(self, procedure: str, *, exercise: bool = False, about: str = "") -> Run:
        """Open a card, or order a call-out; one that is open already goes on. Nobody need be signed in.

        `about` is one of the assets that the procedure may be about; "" when nobody can say which.
        """
        found = next((each for each in self._in_force.procedures if each.id == procedure), None)
        if found is None:
            raise NotAllowed("procedures.unknown")
        if about and about not in found.about:
            raise NotAllowed("procedures.unknown")
        if running := next((run for run in self.runs() if (run.procedure, run.about) == (procedure, about)), None):
            return running
        asset = self._in_force.find_asset(about)
        name = f"{found.name.say(self.lang)} {asset.name.say(self.lang) if asset else ''}".strip()
        point = asset.point if asset else self._here_now()
        body = ProcedureOpened(found.id, clean(name), exercise, point, about or UNSET)
        (entry,) = await self._write(body)
        return self.state.share(RUNS)[f"{self._logbook.book_id}:{entry.record.seq}"]

    @act
    async def assemble(self, run: str, team: str) -> bool:
        """The team stands at its place; whether in time."""
        found, _, part = self._team(run, team)
        in_time = procedures.assembled_in_time(part, procedures.assembled(found, team, self._at()), self._at())
        await self._write(ProcedureAssembled(run, team, in_time is False, part.point))
        return in_time is not False

    @act
    async def tick(self, run: str, team: str, step: str) -> bool:
        """A step is done; whether in time. Raises NotAllowed for a step that the plan has not, or that is ticked."""
        found, procedure, part = self._team(run, team)
        wanted = next((each for each in part.steps if each.id == step), None)
        if wanted is None or (team in found.teams and step in found.teams[team].ticks):
            raise NotAllowed("procedures.ticked_already")
        late = wanted in procedures.late_steps(procedure, found, team, self._at())
        await self._write(ProcedureTicked(run, team, step, clean(wanted.text.say(self.lang)), late))
        return not late

    @act
    async def take_back(self, run: str, team: str, step: str) -> None:
        """The step was ticked by mistake. Raises NotAllowed for one that is not ticked."""
        found, _, part = self._team(run, team)
        wanted = next((each for each in part.steps if each.id == step), None)
        if wanted is None or team not in found.teams or step not in found.teams[team].ticks:
            raise NotAllowed("procedures.not_ticked")
        await self._write(ProcedureUnticked(run, team, step, clean(wanted.text.say(self.lang))))

    @act
    async def count_material(self, run: str, team: str, material: str, count: int) -> None:
        _, _, part = self._team(run, team)
        wanted = next((each for each in part.materials if each.id == material), None)
        if wanted is None or not 0 <= count <= registers.MOST:
            raise NotAllowed("procedures.no_material")
        await self._write(ProcedureCounted(run, team, material, count, wanted.count))

    @act
    async def report_team(self, run: str, team: str, phrase: str) -> None:
        """How the team stands at the end (D51)."""
        _, procedure, _ = self._team(run, team)
        words = self._reason(phrase, procedure.reports)
        await self._write(ProcedureReported(run, team, phrase, words))

    @act
    async def close_procedure(self, run: str, *, unreported: bool = False) -> None:
        """Raises NotAllowed while a team of a call-out has not reported, but for whoever says `unreported`: teams may
        have reported by radio or on another handheld, and the record names them.
        """
        found = self._run(run)
        procedure = self.procedure_of(found)
        missing = procedures.unreported(procedure, found) if procedure else ()
        if missing and not unreported:
            raise NotAllowed("procedures.reports_missing")
        await self._write(ProcedureClosed(run, tuple(team.id for team in missing) or UNSET))

    def _run(self, id: str) -> Run:
        found = self.state.share(RUNS).get(id)
        if found is None:
            raise NotAllowed("procedures.over")
        return found

    def _team(self, run: str, team: str) -> tuple[Run, Procedure, Team]:
        found = self._run(run)
        procedure = self.procedure_of(found)
        part = procedure.team(team) if procedure else None
        if procedure is None or part is None:
            raise NotAllowed("procedures.unknown")
        return found, procedure, part
