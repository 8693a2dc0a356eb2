"""What life adds to a round, by keys: a mark explained, a point excused, a round from paper, people who come and go."""

from pathlib import Path

import pytest
from textual.app import App

from app.afterwards import Afterwards
from app.duties import life
from app.duties.rounds import slot_id
from app.words import say
from screens.home import HomePage
from screens.round import RoundPage
from screens.summary import SummaryPage
from tests.screens.plans import PLAN, label
from tests.screens.world import SIGN_IN, SMALL, bodies, keys, scan, settle, shows, text, world

BOTH = f"{SIGN_IN} 1 0 0 2 enter 5 6 7 8 enter enter"
"""Zhang Wei and Li Min are on shift, home is open."""
MENU = "asterisk 0 {}"


def more(lang: str, app: App[int]) -> str:
    """The digit beside 说明 免巡 补录 on More."""
    row = next(row for row in text(app).splitlines() if say(lang, "more.afterwards")[:8] in row)
    return row.strip()[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_who_was_marked_explains_it_with_a_phrase_beside_their_own_record(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, BOTH)
            await keys(pilot, "enter")
            await scan(pilot, label("point:power"))  # out of order
            await keys(pilot, "1")
            app.down_to(RoundPage)
            await keys(pilot, "5 1 9")
            assert shows(app, SummaryPage)
            await keys(pilot, "5")
            shown = text(app)
            assert say(lang, "life.marks") in shown
            place = next(
                int(row.strip()[0]) for row in shown.splitlines() if say(lang, "marks.out-of-order")[:4] in row
            )
            await keys(pilot, f"{place} 2")
            (said,) = bodies(here, "mark.explained")
            arrived = next(record for record in here.records() if record.kind == "stop.arrived")
            assert said["record"] == f"{here.book.book_id}:{arrived.seq}"
            assert (said["mark"], said["words"]) == (
                "out-of-order",
                say("zh" if lang == "zh" else "en", "life.why_blocked"),
            )
            assert say(lang, "life.said", words="")[1:4] in text(app)
            await keys(pilot, "backspace enter")
            assert shows(app, HomePage)
            await keys(pilot, "asterisk 0")
            await keys(pilot, f"{more(lang, app)} 1 1")  # rounds walked before
            assert say(lang, "life.why_blocked")[:6] in text(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_round_that_stands_on_paper_is_entered_by_a_leaders_badge_and_is_missed_no_longer(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book", at="2026-11-21T23:50:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            here.clock.pass_by(20 * 60)
            slot = life.unwalked(PLAN, PLAN.schedule("night-1"), {}, here.watch.now())[0]
            assert slot in {duty.slot for duty in here.watch.today()}
            await keys(pilot, "asterisk 0")
            await keys(pilot, f"{more(lang, app)} 2")
            assert say(lang, "life.boss_title") in text(app)
            await scan(pilot, label("person:li-min"))
            assert say(lang, "life.no_boss")[:6] in text(app), "a guard's badge answers for nothing"
            await scan(pilot, label("person:wang-fang"))
            await keys(pilot, "1 1")  # night round 1, the last one
            assert "11-21 22:00-24:00" not in text(app), "the window is chosen"
            await keys(pilot, "1 7 enter 1 0 0 1 enter 1 0 0 2 enter enter")
            await keys(pilot, "1 2 0 0 enter")
            assert say(lang, "life.bad_time", window="11-21 22:00-24:00")[:8] in text(app)
            await keys(pilot, "2 2 0 5 enter 2 2 1 5 2 enter 2 3 5 9 enter backspace 0 0 0 3 1 enter")
            await keys(pilot, "enter")
            (body,) = bodies(here, "round.late-entry")
            record = here.records()[-1]
            assert record.by == ("wang-fang",)
            crew = body["crew"]
            assert isinstance(crew, list)
            assert [(each["person"], each["method"]) for each in crew] == [("zhang-wei", "paper"), ("li-min", "paper")]
            at = [life.read_time(typed, slot) for typed in ("2205", "2215", "0003")]
            stops = body["stops"]
            assert isinstance(stops, list)
            assert [(each["stop"], each["at"], each["ok"]) for each in stops] == [
                ("n1", at[0], True),
                ("n2", at[1], False),
                ("n3", None, True),
                ("n4", at[2], True),
                ("n5", None, True),
            ]
            assert (body["paper"], body["slot"]) == ("17", slot_id(slot.round))
            assert shows(app, HomePage)
            assert slot not in {duty.slot for duty in here.watch.today()}
            assert slot not in Afterwards.of(here.watch).unwalked(PLAN.schedule("night-1"))


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_supervisor_excuses_a_point_by_a_scan_and_the_round_that_is_walked_leaves_it_out(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, BOTH)
            await keys(pilot, "enter asterisk 0")
            await keys(pilot, f"{more(lang, app)} 1")
            await scan(pilot, label("person:wang-fang"))
            assert PLAN.point("roof").name.say(lang)[:5] in text(app), "what is still to be reached"
            await scan(pilot, label("point:shed"))
            await keys(pilot, "2 2")
            (body,) = bodies(here, "point.excused")
            assert (body["point"], body["reason"]) == ("shed", "works")
            assert body["from"] == here.clock.at
            assert f"{app.local(int(str(body['to']))):%m-%d %H:%M}" == "11-23 00:00"
            records = {record.kind: record.by for record in here.records()}
            assert records["point.excused"] == records["stop.skipped"] == ("wang-fang",)
            assert shows(app, RoundPage)
            assert "11-22" in text(app)
            await keys(pilot, "5 1 9 enter")
            here.clock.pass_by(2 * 3600)
            await keys(pilot, "f4 enter")
            assert shows(app, RoundPage)
            skipped = [(body["stop"], body["reason"]) for body in bodies(here, "stop.skipped")]
            assert skipped == [("n3", "works"), ("n3", "works")], "the next round leaves it out by itself"
            assert here.records()[-1].by == ("wang-fang",)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_partner_who_falls_ill_leaves_and_the_round_goes_on_marked(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, BOTH)
            await keys(pilot, "enter")
            await scan(pilot, label("point:gate"))
            await keys(pilot, "asterisk 8")
            assert say(lang, "life.leaves_title") in text(app)
            await keys(pilot, "2 1")
            (left,) = bodies(here, "crew.left")
            assert (left["person"], left["reason"]) == ("li-min", "partner-ill")
            assert here.records()[-1].by == ("zhang-wei",)
            progress = here.watch.state.round
            assert progress is not None
            assert progress.alone == "partner-ill"
            assert shows(app, RoundPage)
            assert say(lang, "round.key_partner", name="").strip() not in text(app), "who has left cannot sign"
            await keys(pilot, "5 1 9")
            assert bodies(here, "round.finished")[0]["marks"] == ["crew-short"]
            await keys(pilot, "enter asterisk 8")
            assert say(lang, "menu.leave_title") in text(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_somebody_who_is_not_in_the_plan_yet_walks_with_the_crew_for_a_shift(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 0")
            row = more(lang, app)
            await keys(pilot, f"{row} 3")
            await scan(pilot, label("person:wang-fang"))
            await keys(pilot, "4 7 1 enter")
            assert say(lang, "life.temporary_how")[:6] in text(app)
            await keys(pilot, "0 enter")
            joined = bodies(here, "crew.joined")[-1]
            assert (joined["person"], joined["method"], joined["role"]) == ("temp-4710", "leader", "guard")
            assert here.records()[-1].by == ("wang-fang",)
            assert shows(app, HomePage)
            assert say(lang, "signin.temporary", number="4710") in text(app)
            await keys(pilot, "enter")
            assert shows(app, RoundPage), "two walk together"
            assert len(bodies(here, "round.started")[0]["crew"]) == 2


async def test_a_temporary_person_alone_opens_a_shift_and_sees_its_rounds(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, "asterisk 0")
            row = more("zh", app)
            await keys(pilot, f"{row} 3")
            await scan(pilot, label("person:wang-fang"))
            await keys(pilot, "4 7 1 0 enter")
            await settle(pilot)
            assert shows(app, HomePage)
            assert "临时4710" in text(app)
            assert PLAN.schedule("night-1").name.say("zh") in text(app)
            await keys(pilot, "asterisk 8 1")
            assert here.kinds()[-1] == "shift.closed"
