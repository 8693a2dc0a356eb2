"""A cleaner's morning by keys: scan, Enter, and what the book holds is what was done, round by round."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app import codes
from app.kinds.tended import TENDED
from app.record import Record
from app.words import say
from screens.home import HomePage
from screens.place import GoPage, PlacePage
from screens.places import PlacesPage
from screens.terminal import Terminal
from tests.screens.cleaning import PEOPLE, PLAN
from tests.screens.plans import label, pages
from tests.screens.world import LARGE, SMALL, World, bodies, keys, scan, settle, text, walk_to, world

SITE = pages(PLAN, PEOPLE)
MORNING = "2026-11-19T07:40:00+08:00"
"""A Thursday: rubbish till 8:30, daily till 12:30, rails till 15:50."""


def top(app: Terminal) -> type[object]:
    return type(app.screen)


def ended(here: World) -> dict[str, tuple[object, ...]]:
    """By schedule: planned, done, missed, skipped, timing."""
    found = {}
    for body in bodies(here, "round.finished"):
        names = ("planned", "done", "missed", "skipped", "timing")
        found[str(body["round"]).partition("@")[0]] = tuple(body[name] for name in names)
    return found


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_cleaners_morning(tmp_path: Path, lang: str, size: tuple[int, int]) -> None:
    def told(key: str, **fields: object) -> str:
        return say(lang, f"places.{key}", **fields)

    with world(tmp_path / "book", SITE, at=MORNING) as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, "3 0 0 1 enter")  # no PIN: the plan lets a cleaner
            await keys(pilot, "enter")
            assert top(app) is PlacesPage
            assert told("title", done=0, all=4) in text(app)
            assert told("left", n=4) in text(app)
            gate = PLAN.point("gate").name.say(lang)
            assert f"> {gate}" in text(app)
            await scan(pilot, label("point:gate"))
            assert top(app) is PlacePage
            shown = text(app)
            for check in (*PLAN.checklist("c-rubbish").checks, *PLAN.checklist("c-daily").checks):
                assert check.text.say(lang) in shown
            assert PLAN.checklist("c-rubbish").checks[0].standard.say(lang) in shown, "what it should look like (D22)"
            await keys(pilot, "enter")  # scan, Enter: a place with nothing wrong
            assert top(app) is PlacesPage
            assert told("title", done=1, all=4) in text(app)
            assert len(bodies(here, "check.answered")) == 3
            assert len(bodies(here, "round.started")) == 2

            here.clock.pass_by(600)
            await keys(pilot, "enter")  # go to the next: the way leads on
            assert top(app) is GoPage
            await walk_to(pilot, here, 2)  # stands at its beacon
            assert top(app) is PlacePage
            await keys(pilot, "2 2")  # swept: not done, the door is locked
            assert told("noted", item=PLAN.checklist("c-daily").checks[0].text.say(lang)) in text(app)
            await keys(pilot, "4 1")  # the rails: a problem, reported
            await keys(pilot, "1 1 enter")
            await keys(pilot, "enter")
            assert told("title", done=2, all=4) in text(app)
            (finding,) = bodies(here, "finding.raised")
            assert (finding["point"], finding["check"]) == ("power", "rails")
            assert str(finding["round"]).startswith("rails@2026-11-19")
            assert ended(here) == {"rubbish-am": (2, 2, 0, 0, "on-time")}

            await keys(pilot, "1")  # the pond, by digit
            assert top(app) is GoPage
            await keys(pilot, "2 1")  # cannot: locked
            assert told("title", done=3, all=4) in text(app)
            here.clock.pass_by(5 * 3600)  # 12:50: the daily round's time is over, and the afternoon has not begun
            await keys(pilot, "enter")
            await keys(pilot, "1 1 0 0 5 enter enter")  # typed, and late
            assert ended(here)["daily"] == (3, 3, 0, 0, "late")
            assert ended(here)["rails"] == (2, 1, 0, 1, "on-time")
            assert told("all_done") in text(app)
            assert say(lang, "places.next_opens", time="13:00") in text(app)
            await keys(pilot, "8")
            assert told("row_skipped", name=PLAN.point("pond").name.say(lang)) in text(app)
            await keys(pilot, "1")
            assert told("nothing_here") in text(app)
            await keys(pilot, "2 backspace backspace")
            await scan(pilot, label("point:pond"))  # what could not be done is possible by now
            await keys(pilot, "enter backspace")
            assert top(app) is HomePage
            await keys(pilot, "asterisk 8 2")
        assert here.kinds()[-1] == "shift.closed"


async def test_what_is_left_when_the_shift_ends_is_missed_and_the_next_crew_does_only_the_rest(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at=MORNING) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "3 0 0 1 enter enter")
            await scan(pilot, label("point:gate"))
            await keys(pilot, "enter asterisk 8 2")
            assert ended(here) == {"rubbish-am": (2, 1, 1, 0, "on-time"), "daily": (3, 1, 2, 0, "on-time")}
            here.clock.pass_by(300)
            await keys(pilot, "enter 2")  # the second name of the list
            await keys(pilot, "enter")
            assert top(app) is PlacesPage
            await scan(pilot, label("point:gate"))
            assert say("zh", "places.not_yet", name=PLAN.point("gate").name.zh, time="13:00")[:20] in text(app)
            for point in ("power", "east", "pond"):
                await scan(pilot, label(f"point:{point}"))
                await keys(pilot, "enter")
        second = [body for body in bodies(here, "round.started") if str(body["round"]).endswith("-2")]
        assert {str(body["schedule"]): body["order"] for body in second} == {
            "rubbish-am": ["power"],
            "daily": ["power", "east"],
        }
        assert ended(here)["daily"] == (2, 2, 0, 0, "on-time")


async def test_the_leader_signs_a_team_in_and_every_record_says_so(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at=MORNING) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "3 0 0 9 enter")
            assert here.watch.state.shift is None, "the leader too needs a badge or a PIN"
            await scan(pilot, label("person:sun"))
            await keys(pilot, "enter")
            assert say("zh", "places.key_team") in text(app)
            await keys(pilot, "7 2 enter")  # the second one is not here
            joined = [record for record in here.records() if record.kind == "crew.joined"]
            assert [(record.body["person"], record.body["method"], record.by) for record in joined] == [
                ("zhao", "leader", ("sun",))
            ]
            await keys(pilot, "7 enter")
            await scan(pilot, label("point:gate"))
        started = bodies(here, "round.started")[0]
        crew = started["crew"]
        assert isinstance(crew, list)
        assert [(who["person"], who["method"], who["role"]) for who in crew] == [
            ("sun", "badge", "cleaner"), ("zhao", "leader", "cleaner"), ("qian", "leader", "cleaner"),
        ]  # fmt: skip
        assert started["marks"] == ["named-only"]


async def test_a_handover_says_what_was_not_done_in_time_by_place(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at=MORNING) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "3 0 0 1 enter enter")
            await scan(pilot, label("point:gate"))
            await keys(pilot, "enter")
            here.clock.pass_by(3600)
            await keys(pilot, "asterisk 8 1 enter enter")
        (given,) = bodies(here, "handover.given")
        assert given["late"] == ["rubbish-am@2026-11-19T06:30"], "the power room's; the rest has time until noon"


async def test_who_joins_from_another_team_opens_its_areas_and_what_was_done_stays_done(tmp_path: Path) -> None:
    teams = (
        replace(PLAN.teams[0], members=("zhao",), areas=("west",)),
        replace(PLAN.teams[0], id="team-2", members=("qian",), areas=("east",)),
    )
    with world(tmp_path / "book", pages(replace(PLAN, teams=teams), PEOPLE), at=MORNING) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "3 0 0 1 enter enter")
            assert say("zh", "places.title", done=0, all=2) in text(app)
            await scan(pilot, label("point:gate"))
            await keys(pilot, "enter backspace 4 3 0 0 2 enter 7")
            assert say("zh", "places.title", done=1, all=4) in text(app)
            for point in ("power", "east", "pond"):
                await scan(pilot, label(f"point:{point}"))
                await keys(pilot, "enter")
            assert say("zh", "places.title", done=4, all=4) in text(app)
        orders = [body["order"] for body in bodies(here, "round.started") if body["schedule"] == "daily"]
        assert orders == [["gate", "power"], ["east"]]
        assert len(bodies(here, "round.finished")) == len(bodies(here, "round.started"))


async def test_what_the_plan_does_not_let_is_refused_with_one_sentence_and_nothing_is_recorded(tmp_path: Path) -> None:
    strict = pages(replace(PLAN, sign_in=(), teams=()), PEOPLE)
    with world(tmp_path / "book", strict, at=MORNING) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "3 0 0 1 enter")
            assert say("zh", "watch.no_pin") in text(app)
            await keys(pilot, "backspace backspace backspace backspace enter")
            assert say("zh", "signin.type_number") in text(app)
            assert here.watch.state.shift is None
            await scan(pilot, label("person:zhao"))
            await keys(pilot, "enter")
            before = len(here.records())
            await keys(pilot, "backspace 4 3 0 0 1 enter")
            assert say("zh", "signin.same", name="赵桂兰")[:10] in text(app), "nobody confirms twice"
            await keys(pilot, "backspace 7")
            assert top(app) is PlacesPage
            await scan(pilot, codes.make(0, b"elsewhere."))
            assert [record.kind for record in here.records()[before:]] == ["code.seen"]
            assert say("zh", "places.no_place") in text(app)
            before += 1
            await scan(pilot, label("point:shed"))
            assert say("zh", "places.not_today", name=PLAN.point("shed").name.zh) in text(app)
            await scan(pilot, label("point:pond"))
            await keys(pilot, "backspace 1 1 9 9 9 9 enter")
            assert say("zh", "places.no_code", code="9999") in text(app)
            assert [record.kind for record in here.records()[before:]] == ["round.started", "stop.arrived"]


async def test_after_a_restart_the_place_is_still_open_and_nothing_is_done_twice(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at=MORNING) as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, "3 0 0 1 enter enter")
            await scan(pilot, label("point:gate"))
            await keys(pilot, "1 1 backspace")
        before = here.watch.state.share(TENDED)
        records: list[Record] = here.records()
    with world(tmp_path / "book", SITE, at=MORNING) as here:
        assert here.watch.state.share(TENDED) == before
        assert here.records() == records
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "enter 1")
            assert top(app) is PlacesPage
            await keys(pilot, "enter")
            assert top(app) is PlacePage
            await keys(pilot, "enter")
            await settle(pilot)
        answers = [(body["check"], body["ok"]) for body in bodies(here, "check.answered")]
        assert answers == [("bins", False), ("sweep", True), ("lift", True)]
