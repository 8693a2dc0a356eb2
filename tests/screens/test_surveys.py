"""Inspection before a handover by keys: dwelling after dwelling, fitting after fitting, then only the faults (D36)."""

from pathlib import Path
from time import process_time

import pytest
from msgspec.structs import replace

from app.duties.provisions import Fitting, Survey, Unit
from app.duties.site import Phrase, Text
from app.duties.surveys import Fault
from app.errors import NotAllowed
from app.kinds.surveys import SURVEYS
from app.logbook.book import Draft
from app.surveys import Surveys
from app.words import say
from screens.surveys import EndPage, FaultPage, FittingPage, SurveyPage, UnitPage
from tests.screens.plans import PINS, PLAN, pages
from tests.screens.test_camera import says
from tests.screens.test_orders import more
from tests.screens.test_photos import film, with_photos
from tests.screens.world import SIGN_IN, SMALL, World, bodies, keys, settle, shows, text, until, world

DOOR = Fitting("door", Text("入户门", "Entrance door"), (Phrase("lock", Text("锁坏", "lock broken")),))
FITTINGS = (DOOR, Fitting("tap", Text("龙头", "Tap")), Fitting("meter", Text("水表", "Water meter")))
UNITS = tuple(Unit(f"7-{floor}-{flat}") for floor in range(1, 31) for flat in range(1, 21))
FLATS = Survey(
    "flats",
    Text("7号楼查验", "Building 7"),
    Text("翠湖置业", "Cuihu Estates"),
    FITTINGS,
    UNITS,
    faults=(Phrase("scratch", Text("划伤", "scratched")),),
)
SITE = pages(replace(PLAN, surveys=(FLATS,)))


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_dwelling_its_faults_and_only_these_again(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-20T10:00:00+08:00") as here:
        app = with_photos(here, lang, film(tmp_path))
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await more(pilot, app, say(lang, "surveys.title"))
            assert shows(app, SurveyPage)
            assert "7-1-1" in text(app)
            await keys(pilot, "enter 2")
            assert shows(app, FaultPage)
            await keys(pilot, "1 9")  # the lock is broken, with a photograph
            await until(pilot, lambda: says(app, lang, "photo.key_more"))
            await keys(pilot, "7 2 enter")  # and one more of the door: scratched
            assert shows(app, FittingPage)
            assert "2/3" in text(app)
            first, second = bodies(here, "survey.checked")
            assert (first["fitting"], first["phrase"], first["ok"], len(first["attachments"])) == (
                "door",
                "lock",
                False,
                1,
            )
            assert first["due"] == here.clock.at + 7 * 24 * 3_600_000
            assert (second["phrase"], "attachments" in second) == ("scratch", False)
            await keys(pilot, "enter enter")
            assert shows(app, EndPage)
            await keys(pilot, "1 3 0 enter 9")
            await until(pilot, lambda: says(app, lang, "photo.key_more"))
            await keys(pilot, "enter")
            (end,) = bodies(here, "survey.closed")
            assert (end["unit"], end["faults"], end["how"], end["number"]) == ("7-1-1", 2, "paper", "30")
            assert [member["person"] for member in end["crew"]] == ["zhang-wei"]
            assert shows(app, SurveyPage)
            assert "7-1-2" in text(app), "the next one"
            await keys(pilot, "1 7 minus 1 minus 9 9 enter")
            assert shows(app, UnitPage)
            assert say(lang, "surveys.no_unit", unit="7-1-99") in text(app)
            await keys(pilot, "backspace backspace 2 enter enter")
            assert shows(app, FittingPage)
            assert "2/3" in text(app), "left in the middle"
            app.go_home()
            await settle(pilot)
    with world(tmp_path / "book", SITE, at="2026-11-27T10:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await more(pilot, app, say(lang, "surveys.title"))
            assert "7-1-2" in text(app), "it goes on where it was"
            await keys(pilot, "2 1")  # what waits, its first
            assert shows(app, FittingPage)
            assert "1/2" in text(app), "only the faults"
            assert DOOR.faults[0].text.say(lang) in text(app)
            await keys(pilot, "enter 2 enter")  # the lock is right, the scratch is still there
            assert shows(app, EndPage)
            await keys(pilot, "2 enter")  # the builder would not sign
            (fault,) = Surveys.of(here.watch).dwelling(FLATS, "7-1-1").faults
            assert (fault.phrase, fault.again, fault.id) == (
                "scratch",
                1,
                f"{here.book.book_id}:{first_of(here, 'scratch')}",
            )
            await keys(pilot, "2 1 enter 1 3 1 enter enter")
            assert not Surveys.of(here.watch).dwelling(FLATS, "7-1-1").faults
            assert says(app, lang, "surveys.closed") or "7-1-1" in text(app)
            assert Surveys.of(here.watch).progress(FLATS).passed == 1
            await keys(pilot, "1 7 minus 1 minus 1 enter")
            assert shows(app, SurveyPage), "what has passed is not opened again"


def first_of(here: World, phrase: str) -> int:
    return next(each.seq for each in here.records() if each.body.get("phrase") == phrase)


async def test_an_answer_given_too_fast_is_given_again(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-20T10:00:00+08:00") as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await more(pilot, app, say("zh", "surveys.title"))
            await keys(pilot, "enter enter enter")
            assert "3/3" in text(app)
            await keys(pilot, "0 0")  # back to the door
            assert DOOR.text.say("zh") in text(app)
            await keys(pilot, "2 1 enter")
            assert "3/3" in text(app), "and on where it was"
            assert [fault.phrase for fault in Surveys.of(here.watch).dwelling(FLATS, "7-1-1").faults] == ["lock"]
            await keys(pilot, "0 0 enter")  # the door was right after all
            await keys(pilot, "enter")
            assert shows(app, EndPage)
            await keys(pilot, "0 2 1 enter")  # the last one was not
            assert shows(app, EndPage)
            (fault,) = Surveys.of(here.watch).dwelling(FLATS, "7-1-1").faults
            assert (fault.fitting, fault.phrase) == ("meter", "scratch")


async def test_what_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-20T10:00:00+08:00") as here:
        await here.watch.sign_in_pin("zhang-wei", PINS["zhang-wei"])
        acts = Surveys.of(here.watch)
        await acts.find_right("flats", "7-1-1", DOOR)
        before = len(here.records())
        for act, key in (
            (acts.find_right("flats", "9-9-9", DOOR), "surveys.no_unit"),
            (acts.find_right("towers", "7-1-1", DOOR), "surveys.gone"),
            (acts.find_right("flats", "7-1-1", Fitting("roof", Text("顶"))), "surveys.gone"),
            (acts.find_wrong("flats", "7-1-1", FITTINGS[1], "lock"), "watch.unknown_phrase"),
            (acts.find_right("flats", "7-1-1", Fault("x:1", "door", "lock", 1)), "surveys.gone"),
            (acts.close_visit("flats", "7-1-1", "paper", "7"), "surveys.why_left"),
            (acts.close_visit("flats", "7-1-1", "paper", "Li"), "surveys.why_no-number"),
            (acts.close_visit("flats", "7-1-1", "nodded"), "watch.unknown_reason"),
        ):
            with pytest.raises(NotAllowed) as refused:
                await act
            assert refused.value.key == key
            assert all(refused.value.say(lang) for lang in ("zh", "en"))
        assert len(here.records()) == before
        for fitting in FITTINGS[1:]:
            await acts.find_right("flats", "7-1-1", fitting)
        await acts.close_visit("flats", "7-1-1", "absent")
        with pytest.raises(NotAllowed) as refused:
            await acts.close_visit("flats", "7-1-1", "absent")
        assert refused.value.key == "surveys.why_again", "nobody confirms the same twice"


async def test_six_hundred_dwellings_make_no_key_slower(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-20T10:00:00+08:00") as here:
        body = {"survey": "flats", "fitting": "door", "ok": False, "phrase": "lock", "words": "入户门 锁坏", "due": 1}
        over = {"survey": "flats", "faults": 1, "crew": [], "how": "absent"}
        here.book.append(*(Draft("survey.checked", {**body, "unit": unit.id}) for unit in UNITS[:-2]))
        here.book.append(*(Draft("survey.closed", {**over, "unit": unit.id}) for unit in UNITS[:-2]))
    with world(tmp_path / "book", SITE, at="2026-11-20T10:05:00+08:00") as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await more(pilot, app, say("zh", "surveys.title"))
            assert UNITS[-2].id in text(app)
            assert len(here.watch.state.share(SURVEYS)) == len(UNITS) - 2
            began = process_time()
            await keys(pilot, "enter enter enter backspace 2")
            assert (process_time() - began) / 5 < 0.25
            assert "0 " in text(app), "a list of hundreds turns its pages"
