"""Plans that nobody would write and that the form allows: for laws that hold for every plan."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from app.duties.provisions import (
    Column,
    Contact,
    Fitting,
    Item,
    Lone,
    Material,
    Procedure,
    Register,
    Step,
    Supply,
    Survey,
    Team,
    Unit,
    Violation,
)
from app.duties.site import (
    DAYS,
    GRADES,
    ORDERS,
    ROLES,
    ROUTE_KINDS,
    Area,
    Asset,
    Calendar,
    Category,
    Check,
    Checklist,
    Deduction,
    Grant,
    Named,
    Plan,
    Point,
    Post,
    Route,
    Schedule,
    ScoreItem,
    Settings,
    SignIn,
    Site,
    Stop,
    Tag,
    TagRule,
    Text,
    WorkTeam,
)
from app.duties.texts import Choice, Phrase
from app.text import clean

ODD = ("=1+1", "+A1", "@x", "- a", "# x", "a: b", "'q'", '"', "null", "~", "yes", "0042", "22:00", "1e5", "_x0041_")
ANY = "abc =+-@#:'\"{}[],&*!|>%~0189东西&<>;_x"


def _harmless(text: str) -> bool:
    words = " ".join(text.split())
    return bool(words) and words == text and clean(words) == words


words = st.sampled_from(ODD) | st.text(ANY, min_size=1, max_size=12).filter(_harmless)
texts = st.builds(Text, zh=words) | st.builds(Text, zh=words, en=words) | st.builds(Text, en=words)
ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,6}", fullmatch=True) | st.sampled_from(("true", "no", "null", "0x1", "007"))
some_ids = st.lists(ids, min_size=1, max_size=4, unique=True)
rows = st.lists(st.sampled_from(ROLES), min_size=1, max_size=3, unique=True).map(tuple)
limits = st.sampled_from(("same-day", "15min", "8h", "3wd"))
clock = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
days = st.dates(date(2026, 1, 1), date(2030, 12, 31)).map(str)
lone = st.none() | st.builds(Lone, every_min=st.integers(5, 720), answer_s=st.integers(15, 600))


tag_rules = st.builds(TagRule, name=words) | st.builds(TagRule, company=st.integers(0, 65535), size=st.integers(1, 60))


def things(build: Any, least: int = 0, most: int = 3) -> Any:
    """A tuple of things under different ids; `build` gives one of an id."""
    named = st.lists(ids, min_size=least, max_size=most, unique=True)
    return named.flatmap(lambda names: st.tuples(*(build(name) for name in names)))


def phrases(least: int = 1) -> Any:
    return things(lambda id: st.builds(Phrase, st.just(id), texts), least)


@st.composite
def choices(draw: Any) -> tuple[Choice, ...]:
    names = draw(st.lists(ids, min_size=2, max_size=4, unique=True))
    return tuple(Choice(id, draw(texts), ok=place == 0 or draw(st.booleans())) for place, id in enumerate(names))


@st.composite
def check(draw: Any, id: str, assets: list[str]) -> Check:
    kind = draw(st.sampled_from(("ok", "choice", "number", "count", "text", "score")))
    common = {"text": draw(texts), "standard": draw(texts | st.just(Text()))}
    if kind == "choice":
        common["choices"] = draw(choices())
    elif kind == "number":
        meter = draw(st.booleans())
        common |= {"decimals": 2, "low": "0.30", "high": "12.5", "source": draw(words), "unit": draw(words)}
        common |= {"meter": meter, "ratio": draw(st.integers(1, 99)) if meter else 1, "moves": draw(st.booleans())}
    elif kind == "count":
        common["total"] = draw(st.integers(1, 99))
    elif kind == "score":
        common["items"] = draw(things(score_item, 1, 2))
    return Check(id, kind, asset=draw(st.none() | st.sampled_from(assets)) if assets else None, **common)


def score_item(id: str) -> Any:
    reasons = things(lambda own: st.builds(Deduction, st.just(own), texts, st.integers(1, 3)), 1)
    return st.builds(ScoreItem, st.just(id), texts, st.integers(3, 100), reasons)


def register(id: str, posts: list[str]) -> Any:
    column = things(
        lambda own: st.one_of(
            st.builds(Column, st.just(own), st.just("choice"), texts, choices(), optional=st.booleans()),
            st.builds(Column, st.just(own), st.just("digits"), texts, size=st.integers(0, 9), personal=st.booleans()),
        ),
        1,
    )
    return st.builds(
        Register, st.just(id), texts, column, rows, texts, st.sampled_from(("", "22:30", "4h")),
        post=st.none() | st.sampled_from(posts) if posts else st.none(), retention_days=st.integers(180, 999),
    )  # fmt: skip


def procedure(id: str) -> Any:
    steps = things(lambda own: st.builds(Step, st.just(own), texts, st.integers(0, 99)), 1)
    materials = things(lambda own: st.builds(Material, st.just(own), texts, st.integers(1, 99)))
    team = things(lambda own: st.builds(Team, st.just(own), texts, steps, materials, rows, st.integers(0, 60)), 1, 2)
    card = steps.map(lambda found: (Team("", Text(), found),))
    when = texts | st.just(Text())
    return st.one_of(
        st.builds(Procedure, st.just(id), st.just("card"), texts, card, when),
        st.builds(Procedure, st.just(id), st.just("drill"), texts, team, when, phrases()),
    )


def survey(id: str) -> Any:
    fittings = things(lambda own: st.builds(Fitting, st.just(own), texts, phrases(0)), 1)
    units = things(lambda own: st.builds(Unit, st.just(own), texts), 1) | things(lambda own: st.just(Unit(own)), 1)
    return st.builds(Survey, st.just(id), texts, texts, fittings, units, phrases(), limits)


def category(id: str) -> Any:
    violation = st.none() | st.builds(Violation, texts, phrases(), limits, limits, limits)
    return st.builds(
        Category, st.just(id), texts, st.just("finding"), phrases(), limits, st.sampled_from(ROLES), limits, violation
    )


@st.composite
def plans(draw: Any) -> Plan:
    """A plan that passes every check; its revision is 1."""
    areas, points, assets = draw(some_ids), draw(some_ids), draw(st.lists(ids, max_size=2, unique=True))
    posts = draw(st.lists(ids, max_size=2, unique=True))
    lists, routes, persons = draw(some_ids), draw(some_ids), draw(some_ids)
    zeros = "00000000-0000-0000-0000-0000000000"

    def point(place: int, id: str) -> Point:
        tag = Tag(
            "ibeacon", f"{zeros}{draw(st.sampled_from(('01', '02')))}/{place}/7", near=draw(st.none() | st.just(-60))
        )
        return Point(
            id, draw(texts), draw(st.sampled_from(areas)), look=draw(texts | st.just(Text())), label=True,
            tags=(tag,) if draw(st.booleans()) else (), grade=draw(st.sampled_from(GRADES[:3])),
            code=f"{place:04}", danger=draw(st.booleans()),
        )  # fmt: skip

    def route(id: str) -> Route:
        named = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
        stops = tuple(
            Stop(own, draw(st.sampled_from(points)), draw(st.none() | st.sampled_from(lists)), draw(st.integers(0, 9)))
            for own in named
        )
        kind, order = draw(st.sampled_from(ROUTE_KINDS)), draw(st.sampled_from(ORDERS))
        return Route(id, kind, draw(texts), order, stops, draw(rows), draw(lone))

    def schedule(id: str) -> Schedule:
        return Schedule(
            id, draw(st.sampled_from(routes)), draw(texts), "FREQ=DAILY", draw(clock), draw(st.integers(1, 1440)),
            "2026-01-05", draw(st.none() | st.just("2031-01-01")), draw(st.integers(2, 6)), draw(st.booleans()),
            draw(st.sampled_from(DAYS)), draw(st.none() | st.sampled_from(posts)) if posts else None,
        )  # fmt: skip

    def post(id: str) -> Post:
        items = (Item("key", draw(texts), 2),)
        return Post(id, draw(texts), 8, draw(st.booleans()), draw(rows), items, draw(lone))

    granted = [Grant(id, draw(rows)) for id in persons]
    usual = [grant.roles[0] for grant in granted]
    grants = tuple(sorted(granted, key=lambda grant: usual.index(grant.roles[0])))
    signing = sorted({role for grant in grants for role in grant.roles}) if draw(st.booleans()) else []
    holidays = draw(st.lists(days, max_size=5, unique=True))
    return Plan(
        site=Site(draw(ids), draw(texts), "Asia/Shanghai", draw(st.builds(Named, zh=words, id=ids) | st.just(Named()))),
        revision=1,
        effective=draw(days),
        effective_at=draw(st.sampled_from(("", "06:30"))),
        grants=grants,
        areas=tuple(Area(id, draw(texts), draw(st.none() | st.sampled_from(persons))) for id in areas),
        points=tuple(point(place, id) for place, id in enumerate(points)),
        assets=tuple(Asset(id, draw(texts), draw(st.sampled_from(points)), model=draw(words)) for id in assets),
        posts=tuple(post(id) for id in posts),
        checklists=tuple(Checklist(id, draw(texts), tuple(draw(check(own, assets)) for own in "cd")) for id in lists),
        routes=tuple(route(id) for id in routes),
        schedules=tuple(schedule(id) for id in draw(some_ids)),
        categories=draw(things(category)),
        skip_reasons=draw(phrases(0)),
        alone_reasons=draw(phrases(0)),
        calendar=Calendar(tuple(sorted(holidays))),
        settings=draw(st.builds(Settings, pin_tries=st.integers(3, 10), quiet_from=clock)),
        registers=draw(things(lambda id: register(id, posts))),
        procedures=draw(things(procedure)),
        contacts=draw(things(lambda id: st.builds(Contact, st.just(id), texts, st.sampled_from(("0042", "119"))))),
        tag_rules=tuple(draw(st.lists(tag_rules, max_size=2))),
        supplies=draw(things(lambda id: st.builds(Supply, st.just(id), texts, texts | st.just(Text())))),
        surveys=draw(things(survey)),
        sign_in=tuple(SignIn(role, ("typed", "leader")) for role in signing),
        teams=(WorkTeam("t", draw(texts), persons[0], tuple(persons), tuple(areas[:1])),) if signing else (),
    )
