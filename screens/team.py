"""Signing in without a PIN, where the plan lets a role: a name from the list, or a team by its leader."""

from collections.abc import Sequence

from app.duties.site import Person, WorkTeam
from app.teams import Teams
from screens.choices import ListPage
from screens.page import Page
from screens.times import clock


def open_team(page: Page) -> None:
    """The team to sign in; which one is asked only where there are several."""
    acts = Teams.of(page.gear.watch)
    teams = acts.teams()
    if teams:
        page.terminal.open(TeamPage(teams[0], acts.absent_of(teams[0])) if len(teams) == 1 else TeamsPage(teams))


class TeamsPage(ListPage[WorkTeam]):
    def head(self) -> tuple[str, str]:
        return self.say("places.key_team"), clock(self.gear.watch.now())

    def item(self, team: WorkTeam) -> str:
        return team.name.say(self.lang)

    async def chosen(self, team: WorkTeam) -> None:
        self.terminal.replace(TeamPage(team, Teams.of(self.gear.watch).absent_of(team)))


class TeamPage(ListPage[Person]):
    """Who of the team is here: all, but for those whom a digit takes out."""

    def __init__(self, team: WorkTeam, members: Sequence[Person]) -> None:
        super().__init__(members)
        self._team = team
        self._members = members
        self._absent: set[str] = set()

    def head(self) -> tuple[str, str]:
        return self.say("places.team_title", name=self._team.name.say(self.lang)), clock(self.gear.watch.now())

    def intro(self) -> str:
        return self.say("places.team_how")

    def item(self, person: Person) -> str:
        words = "places.team_absent" if person.id in self._absent else "places.team_here"
        return self.say(words, name=person.name.say(self.lang))

    def item_role(self, person: Person) -> str:
        return "dim" if person.id in self._absent else "text"

    def foot(self) -> Sequence[tuple[str, str]]:
        count = len(self._members) - len(self._absent)
        return (("Enter", self.say("places.team_key", n=count)), self.back_key, self.menu_key)

    async def chosen(self, person: Person) -> None:
        self._absent ^= {person.id}

    async def enter(self) -> None:
        present = [person.id for person in self._members if person.id not in self._absent]
        joined = await Teams.of(self.gear.watch).sign_in_team(self._team.id, present)
        self.terminal.close(self)
        self.terminal.signal("ok")
        self.terminal.top.crew_changed()
        self.terminal.tell(self.say("places.team_in", n=len(joined)))


class NamesPage(ListPage[Person]):
    """Who may sign in by name alone."""

    def __init__(self, people: Sequence[Person], *, leaves: bool) -> None:
        """`leaves`: the page below is left too, once somebody has signed in."""
        super().__init__(people)
        self._leaves = leaves

    def head(self) -> tuple[str, str]:
        return self.say("signin.names_title"), clock(self.gear.watch.now())

    def intro(self) -> str:
        return "" if len(self.choices) else self.say("signin.nobody_more")

    def item(self, person: Person) -> str:
        return f"{person.name.say(self.lang)} {person.number}".strip()

    async def chosen(self, person: Person) -> None:
        unlocks = self.gear.watch.locked
        await self.gear.watch.sign_in_named(person.id)
        self.terminal.close(self)
        if self._leaves:
            self.terminal.close(self.terminal.top)
        self.terminal.signed_in(person, unlocked=unlocks)
