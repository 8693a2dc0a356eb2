"""A page asks its database as often of many rows as of a few: what it lists it asks for together, not row by row."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, create_engine, event

from app.duties.site import People, encode_plan
from sync.office import credentials, importing
from sync.office.importing import Found
from sync.office.sites import named_plans, profiles
from sync.office.store import days, plans
from sync.office.store.plans import PlanRow
from tests.office.conftest import SITE, Office, furnished
from tests.office.papers_told import Told
from tests.office.test_lists import LISTED
from tests.office.test_month import take_tower
from tests.screens.plans import PLAN

PAGES = (*LISTED, "/afterwards", "/desk", "/indicators", "/now", "/orders", "/precheck", "/review")
MORE = 9
"""Of everything of which a plan has as many as one likes."""
FROM_TO = {"from": "2026-11-01", "to": "2026-11-30", "month": "2026-11", "day": "2026-11-20"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[list[str], list[str]]]]:
    """By page: the statements that it asked of few rows, and of many."""
    folder = tmp_path_factory.mktemp("statements")
    office = Office(furnished(folder / "office"))
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        office.account(role="admin")
        office.ask(_by_hand(office))
        office.ask(take_tower(office, folder))
        _tell(office, folder, 1)
        few = _asked(office, said)
        _grow(office)
        _tell(office, folder, 2)
        many = _asked(office, said)
        yield {page: (few[page], many[page]) for page in PAGES}
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
        office.close()


async def _by_hand(office: Office) -> None:
    """What it does by itself rests: nothing else asks meanwhile."""
    serving = office.serving
    for each in (serving.counter, serving.nightly, serving.sending, serving.teller):
        await each.background.stop()
    await serving.folding.stop()


def _tell(office: Office, folder: Path, handhelds: int) -> None:
    for n in range(handhelds):
        Told(office, folder / f"{handhelds}-{n}").close()


def _grow(office: Office) -> None:
    """The next plan has more of what pages list, and more people."""
    plan, people = office.plan(), office.ask(office.store.read(credentials.people_of)).people
    joining = tuple(replace(people[0], id=f"guard-{n}", number=f"77{n}") for n in range(MORE))
    more = replace(
        plan,
        points=(*plan.points, *(replace(plan.points[0], id=f"point-{n}", tags=()) for n in range(MORE))),
        assets=(*plan.assets, *(replace(plan.assets[0], id=f"asset-{n}") for n in range(MORE))),
        schedules=(*plan.schedules, *(replace(plan.schedules[0], id=f"schedule-{n}") for n in range(MORE))),
        grants=(*plan.grants, *(replace(plan.grants[0], person=each.id) for each in joining)),
    )
    office.ask(importing.take(office.store, Found(more, People((*people, *joining)), ()), office.now))


def _asked(office: Office, said: list[str]) -> dict[str, list[str]]:
    """The second time: plans that nobody has read yet are read once."""
    found = {}
    with closing(office.browser()) as browser:
        for page in PAGES:
            for _ in range(2):
                said.clear()
                assert browser.get(page, params={"site": SITE, "lang": "en", **FROM_TO}).status_code == 200
            found[page] = list(said)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_no_more_often_of_more_rows(asked: dict[str, tuple[list[str], list[str]]], page: str) -> None:
    few, many = asked[page]
    assert len(few) > 5
    more = Counter(many) - Counter(few)
    assert len(few) >= len(many), more.most_common(3)


@pytest.mark.parametrize("read", [profiles, named_plans])
def test_plans_that_nobody_has_read_yet_are_read_together(read: Callable[[Connection], dict[str, object]]) -> None:
    said: list[str] = []
    engine = create_engine("sqlite://", module=sqlite)
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_: said.append(statement))
    with engine.begin() as tx:
        plans.plans.create(tx)
        days.day_marks.create(tx)
        for n in range(MORE):
            name = f"{read.__name__}-{n}"
            raw = encode_plan(replace(PLAN, site=replace(PLAN.site, id=name)))
            plans.add_plan(tx, PlanRow(name, 1, sha256(raw).hexdigest(), "2026-01-01", raw), 0)
        said.clear()
        found = read(tx)
        assert (list(found), len(said)) == (sorted(found), 2)
        assert (read(tx), len(said)) == (found, 3)
