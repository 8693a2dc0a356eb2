"""A record as a line that a person reads, for `watchbook log` and the office: the site's time, names where known.

What is not known stays as it was recorded: a kind of a newer program, a person or a point of an older plan.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.duties.days import shown_time
from app.duties.site import People, Plan
from app.record import Record
from app.text import clean
from app.words import say, table

_WORDS: Final = {
    "grade": "office.grade_",
    "mark": "marks.",
    "method": "office.method_",
    "reason": "book.closed_",
    "how": "orders.how_",
    "signed": "violations.signed_",
    "handed": "violations.handed_",
    "to": "finding.role_",
    "end": "cases.end_",
    "proved": "book.log_proved_",
}
"""Members whose values have words, and where."""
_GAPS: Final = (" ,", " ，", " )", " ）", "： ")
"""What a member without a value leaves beside a mark."""
_FAR: Final = 4_102_444_800_000
"""UTC ms, the year 2100: a later time is shown as it was recorded."""


class BookLog:
    """Writes the records of one book, in the order of their numbers."""

    def __init__(self, lang: str, plan: Plan | None, people: People | None, told: str = "book.log_") -> None:
        """`told`: what its sentences' keys begin with; of a kind that has none there, it is the book's."""
        self._lang = lang
        self._told = told
        self._plan = plan
        self._zone: tzinfo | None = ZoneInfo(plan.site.zone) if plan else None
        self._names = {person.id: person.name.say(lang) for person in (people.people if people else ())}
        self._provided = dict(_provided(plan, lang)) if plan else {}
        """What the plan calls its registers, posts, teams and their material: (member, id) → name."""
        self._routes: dict[str, str] = {}
        """Round → the route it was started on: stops are named within a route."""

    def line(self, record: Record) -> str:
        return f"{record.seq} {self._local(record.at):%Y-%m-%d %H:%M:%S} {self.words(record)}"

    def _local(self, at: int) -> datetime:
        return shown_time(at, UTC).astimezone(self._zone)

    def words(self, record: Record) -> str:
        """Who, and what."""
        said = f"{self._text('by', record.by)} {self._said(record)}"
        said = " ".join(said.split())
        for gap in _GAPS:
            said = said.replace(gap, gap.strip())
        return said

    def _said(self, record: Record) -> str:
        body = record.body
        if record.kind == "round.started":
            self._routes[str(body.get("round"))] = str(body.get("route"))
        subject, _, begins = self._told.partition(".")
        key = f"{begins}{record.kind}"
        if key not in table(subject):
            subject, key = "book", f"log_{record.kind}"
        if f"{key}_self" in table(subject) and _of_themselves(record):
            key = f"{key}_self"
        sentence = table(subject).get(key) if record.v == 1 else None
        if sentence is None:
            return clean(f"{record.kind} {json.dumps(body, ensure_ascii=False, sort_keys=True)}", 2000)
        if "stop" in body:
            body = body | {"stop": self._point_of_stop(body)}
        if "proved" in body:
            body = body | {"proved": _how_proved(body)}
        asked = (name for _, name, _, _ in Formatter().parse(sentence[0]) if name)
        return say(self._lang, f"{subject}.{key}", **{name: self._text(name, body.get(name)) for name in asked})

    def _text(self, name: str, value: Any) -> str:
        """A member of a body in words."""
        match name, value:
            case _, None:
                return ""
            case (("by" | "crew" | "who"), list() | tuple()):
                people = (self._named(one.get("person") if isinstance(one, dict) else one) for one in value)
                return say(self._lang, "book.log_and").join(people)
            case "before", dict():
                return clean(str(value.get("name") or value.get("device")), 80)
            case "missing", list() | tuple():
                return say(self._lang, "book.log_missing", teams=", ".join(self._text("team", team) for team in value))
            case "marks", list() | tuple():
                return f"[{', '.join(self._text('mark', mark) for mark in value)}]" if value else ""
            case (("person" | "for" | "assigned"), str()):
                return self._named(value)
            case "rounds", list() | tuple():
                named = [self._text("shown", one) for one in value[:3]]
                return clean(", ".join(named)) + (f" +{len(value) - 3}" if len(value) > 3 else "")
            case (("shown" | "walked"), dict() | str()):
                return clean(str(value.get("round") if isinstance(value, dict) else value), 80)
            case (("order" | "finding" | "request" | "review" | "message"), str()):
                return clean(value.rpartition(":")[2], 20)
            case "parts", list() | tuple():
                used = (one for one in value if isinstance(one, dict))
                return clean(", ".join(f"{one.get('words')} x{one.get('count')}" for one in used))
            case "how", "silent" | "not-answered":
                return say(self._lang, f"book.alarm_{value}")
            case (("comply" | "due"), int()) if 0 <= value < _FAR:
                return f"{self._local(value):%Y-%m-%d %H:%M}"
            case "attachments", list() | tuple():
                return say(self._lang, "photo.with", n=len(value)) if value else ""
            case "override", str():
                return say(self._lang, "book.log_unread")
            case (("register" | "post" | "team" | "material"), str()):
                return clean(self._provided.get((name, value), value), 80)
            case (("point" | "stop" | "route"), str()) if self._plan:
                found = self._plan.find_route(value) if name == "route" else self._plan.find_point(value)
                return clean(found.name.say(self._lang) if found else value)
            case (("ok" | "urgent" | "late" | "exercise" | "clean" | "urged" | "satisfied" | "fixed"), bool()):
                key = f"log_{name}" if value else f"log_not_{name}"
                return say(self._lang, f"book.{key}") if key in table("book") else ""
        subject, _, start = _WORDS.get(name, "").partition(".")
        key = f"{start}{value}"
        return say(self._lang, f"{subject}.{key}") if subject and key in table(subject) else clean(str(value))

    def _named(self, id: Any) -> str:
        return clean(self._names.get(str(id), str(id)), 80)

    def _point_of_stop(self, body: dict[str, Any]) -> str:
        """The point that a stop of the round's route stands for; the stop's own id where that is not known."""
        route = self._plan.find_route(self._routes.get(str(body.get("round")), "")) if self._plan else None
        points = {stop.id: stop.point for stop in route.stops} if route else {}
        return points.get(str(body["stop"]), str(body["stop"]))


def _of_themselves(record: Record) -> bool:
    """Whether it tells of nobody but who tells it, whose name stands before it."""
    crew = record.body.get("crew")
    told = [one.get("person") for one in crew if isinstance(one, dict)] if isinstance(crew, list | tuple) else []
    return (told or [record.body.get("person")]) == list(record.by)


def _how_proved(body: dict[str, Any]) -> str:
    """What shows that somebody was where an order or a finding is: of the words `book.log_proved_…`."""
    if body["proved"] is True:
        return "near" if body.get("grade") == "near" else "label"
    return "other" if body.get("point") else "word"


def _provided(plan: Plan, lang: str) -> Iterator[tuple[tuple[str, str], str]]:
    yield from ((("register", each.id), each.name.say(lang)) for each in plan.registers)
    yield from ((("post", each.id), each.name.say(lang)) for each in plan.posts)
    for procedure in plan.procedures:
        for team in procedure.teams:
            yield ("team", team.id), (team if len(procedure.teams) > 1 else procedure).name.say(lang)
            yield from ((("material", each.id), each.text.say(lang)) for each in team.materials)
