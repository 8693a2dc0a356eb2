"""What the forms about a case offer: whom to give it to, what about, reasons and limits, in the reader's language."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct

from app.duties.orders import CONFIRMED, DELAYS, POSTPONES, REOPENS, VISITS
from app.duties.requests import ENDS, HOWS
from app.duties.site import Person, Plan
from app.words import say
from sync.office.pages.case import CaseSeen, Facts
from sync.office.places import Places, role_word

LIMIT_DAYS: Final = 3
"""What a notice's limit begins with, unless somebody says otherwise."""


class Option(Struct, frozen=True):
    value: str
    words: str
    chosen: bool = False


class Group(Struct, frozen=True):
    """Options below a heading."""

    words: str
    options: list[Option]


class Choices(Struct, frozen=True):
    to: list[Group]
    usual: str
    """Whom it goes to when nobody is chosen; empty where somebody must be."""
    matters: list[Group]
    points: list[Option]
    hows: list[Option]
    ends: list[Option]
    postpones: list[Option]
    delays: list[Option]
    reopens: list[Option]
    confirms: list[Option]
    visits: list[Option]
    limit: str
    """A local time, as a form has it."""


class CasePage(Struct, frozen=True):
    """What a case's template is given."""

    case: CaseSeen
    choices: Choices | None
    done: str


def choices(facts: Facts, lang: str, now: int) -> Choices | None:
    """None while the site has no plan."""
    if facts.plan is None:
        return None
    return of_plan(facts.plan, facts.people, lang, now, role=_usual(facts), matter=facts.row.category)


def _usual(facts: Facts) -> str:
    """Whom such a matter goes to, unless somebody is chosen."""
    category = facts.plan.find_category(facts.row.category) if facts.plan else None
    return category.to if category else ""


def of_plan(
    plan: Plan, people: dict[str, Person], lang: str, now: int, *, role: str = "", matter: str = "", point: str = ""
) -> Choices:
    places = Places(lang, plan, people)
    limit = places.local(now) + timedelta(days=LIMIT_DAYS)
    return Choices(
        to=[*_to(plan, places)],
        usual=role_word(lang, role) if role else "",
        matters=[
            Group(each.text.say(lang), [Option(f"{each.id}/{one.id}", one.text.say(lang)) for one in each.phrases])
            for each in sorted(plan.categories, key=lambda each: (each.id != matter, each.kind != "request"))
        ],
        points=[Option(each.id, each.name.say(lang) or each.id, each.id == point) for each in plan.points],
        hows=_said("cases.how_", HOWS[:2], lang),
        ends=_said("cases.end_", ENDS[1:], lang),
        postpones=_said("orders.later_", POSTPONES, lang),
        delays=_said("cases.by_", DELAYS, lang),
        reopens=_said("orders.reopen_", REOPENS, lang),
        confirms=_said("orders.how_", ("phone", *(how for how in CONFIRMED if how != "phone")), lang),
        visits=_said("cases.visit_", VISITS, lang),
        limit=f"{limit:%Y-%m-%dT%H:%M}",
    )


def _to(plan: Plan, places: Places) -> Iterable[Group]:
    """Roles of the site, then its people by role, then its posts."""
    lang = places.lang
    roles = dict.fromkeys(role for grant in plan.grants for role in grant.roles)
    yield Group(say(lang, "cases.to_roles"), [Option(f"role:{role}", role_word(lang, role)) for role in roles])
    people = sorted(plan.grants, key=lambda grant: [*roles].index(grant.roles[0]) if grant.roles else 99)
    named = [(grant.person, f"{places.person(grant.person)} · {role_word(lang, grant.roles[0])}") for grant in people]
    yield Group(say(lang, "cases.to_people"), [Option(f"person:{id}", words) for id, words in named])
    posts = [Option(f"post:{post.id}", post.name.say(lang) or post.id) for post in plan.posts if post.roles]
    yield Group(say(lang, "cases.to_posts"), posts)


def _said(start: str, names: Sequence[str], lang: str) -> list[Option]:
    return [Option(name, say(lang, f"{start}{name}")) for name in names]
