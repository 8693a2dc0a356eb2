"""Names and local times of one site: what ids and milliseconds look like to a person.

An id that no plan or people file knows is shown as it is.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from msgspec import Struct

from app.duties.days import shown_time
from app.duties.findings import LABEL
from app.duties.rounds import stop_of
from app.duties.site import Check, Person, Plan, Stop
from app.words import say, table
from sync.office.details import Ref
from sync.office.store.rounds import DESK

UTC: Final = ZoneInfo("UTC")


def url(path: str, **query: str) -> str:
    """A link with its query, empty values left out."""
    kept = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


@lru_cache(maxsize=1024)
def round_url(site: str, name: str) -> str:
    """The page of a round; made once for the many readings of one."""
    return url(f"/rounds/{quote(name, safe='')}", site=site)


def role_word(lang: str, role: str) -> str:
    return say(lang, f"finding.role_{role}") if f"role_{role}" in table("finding") else role


class Places(Struct, frozen=True):
    """One site in one language. `plan` is the revision that names things; None when the site has none."""

    lang: str
    plan: Plan | None
    people: dict[str, Person]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.plan.site.zone) if self.plan else UTC

    def w(self, name: str, **fields: object) -> str:
        return say(self.lang, f"office.{name}", **fields)

    def site(self, site: str) -> str:
        return (self.plan.site.name.say(self.lang) if self.plan else "") or site

    def handheld(self, name: str) -> str:
        """Who writes a book."""
        return self.w("desk_book") if name == DESK else name or self.w("unknown_handheld")

    def person(self, person: str) -> str:
        found = self.people.get(person)
        return (found.name.say(self.lang) if found else "") or person

    def persons(self, persons: tuple[str, ...]) -> str:
        return self.w("and").join(self.person(person) for person in persons)

    def number(self, person: str) -> str:
        found = self.people.get(person)
        return found.number if found else ""

    def point(self, point: str | None) -> str:
        if point is None:
            return self.w("no_place")
        found = self.plan.find_point(point) if self.plan else None
        return (found.name.say(self.lang) if found else "") or point

    def schedule(self, schedule: str, route: str) -> str:
        """What the round is called: by its schedule, or by its route."""
        if self.plan is None:
            return schedule
        named = (self.plan.find_schedule(schedule), self.plan.find_route(route))
        return next((said for each in named if each and (said := each.name.say(self.lang))), schedule)

    def category(self, category: str) -> str:
        found = self.plan.find_category(category) if self.plan else None
        named = found.text.say(self.lang) if found else ""
        return named or (say(self.lang, "camera.label") if category == LABEL else category)

    def record(self, ref: Ref) -> str:
        """Where an auditor finds the record."""
        return self.w("record_ref", seq=ref.seq, hash=ref.hash)

    def phrase(self, category: str, phrase: str, seen: str) -> str:
        """What was found, in the visitor's language; else the words the crew saw."""
        found = self.plan.find_category(category) if self.plan else None
        said = next((each.text.say(self.lang) for each in found.phrases if each.id == phrase), "") if found else ""
        return said or seen

    def reason(self, reason: str, seen: str = "") -> str:
        """Why a stop was skipped or a crew was short; else the words the crew saw."""
        known = (*self.plan.alone_reasons, *self.plan.skip_reasons) if self.plan else ()
        found = next((each for each in known if each.id == reason), None)
        return (found.text.say(self.lang) if found else "") or seen or reason

    def stop(self, route: str, stop: str) -> Stop | None:
        found = self.plan.find_route(route) if self.plan else None
        return stop_of(found, stop) if found else None

    def checks(self, route: str, stop: str) -> tuple[Check, ...]:
        found = self.stop(route, stop)
        return self.plan.checks_of(found) if self.plan and found else ()

    def local(self, at: int) -> datetime:
        """The local time at `at`, UTC ms; a time that no calendar holds is shown as the epoch."""
        return shown_time(at, self.zone)

    def clock(self, at: int, day: date | None = None) -> str:
        """HH:MM:SS, with the date when it is not of `day`."""
        local = self.local(at)
        return f"{local:%H:%M:%S}" if day == local.date() else f"{local:%m-%d %H:%M:%S}"

    def minute(self, at: int, day: date | None = None) -> str:
        local = self.local(at)
        return f"{local:%H:%M}" if day == local.date() else f"{local:%m-%d %H:%M}"

    def moment(self, at: int) -> str:
        """Date and time to the second."""
        return f"{self.local(at):%Y-%m-%d %H:%M:%S}"

    def day_and_minute(self, at: int) -> str:
        """Date and time, without the seconds."""
        return f"{self.local(at):%Y-%m-%d %H:%M}"
