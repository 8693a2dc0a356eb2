"""Teams: their leader signs in whoever is there (D20). The members' records say that the leader did it."""

from collections.abc import Collection

from app import kinds
from app.crew import Crew
from app.duties.site import Person, WorkTeam
from app.errors import NotAllowed
from app.session import act, has


class Teams(Crew):
    """Acts of a team's leader."""

    def teams(self) -> tuple[WorkTeam, ...]:
        """Those whose leader is on shift by badge or PIN, with somebody who is not yet."""
        return tuple(team for team in self._in_force.teams if self._leads(team.leader) and self.absent_of(team))

    def absent_of(self, team: WorkTeam) -> tuple[Person, ...]:
        """Whom the leader may still sign in, in the plan's order."""
        shift = self._shift()
        those = (id for id in team.members if not has(shift, id) and self._in_force.may_sign_in(id, "leader"))
        return tuple(person for id in those if (person := self.person(id)) is not None)

    def by_name(self) -> tuple[Person, ...]:
        """Who may sign in by name alone and is not on shift; behind a restart, those of the crew."""
        shift = self.state.shift
        those = (grant.person for grant in self._in_force.grants if self._in_force.may_sign_in(grant.person, "typed"))
        wanted = [id for id in those if self.locked == (shift is not None and has(shift, id))]
        return tuple(person for id in wanted if (person := self.person(id)) is not None)

    @act
    async def sign_in_team(self, team: str, present: Collection[str]) -> tuple[Person, ...]:
        """Those of the team who are `present` join the shift by their leader's word. Raises NotAllowed for a team whose
        leader is not signed in by badge or PIN, and when nobody is left to sign in."""
        found = next((each for each in self.teams() if each.id == team), None)
        joining = tuple(person for person in self.absent_of(found) if person.id in present) if found else ()
        if found is None or not joining:
            raise NotAllowed("signin.no_team")
        bodies = (
            kinds.CrewJoined(person.id, "leader", self._role(person.id), post=self._post_of(person.id))
            for person in joining
        )
        await self._write(*bodies, by=(found.leader,))
        return joining

    def _leads(self, person: str) -> bool:
        shift = self.state.shift
        return shift is not None and any(who.person == person and who.given and not who.weak for who in shift.crew)
