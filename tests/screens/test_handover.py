"""A post goes from one shift to the next by keys: what is counted, read and said is what the book holds."""

import asyncio
import re
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app import witness
from app.duties.provisions import Item
from app.duties.schedule import Standing
from app.duties.site import Phrase, Post
from app.duties.texts import Text
from app.errors import NotAllowed, WatchbookError
from app.handing import Handing
from app.keeping import Keeping
from app.logbook.office import Enrolment
from app.words import say
from app.work import Work
from screens.handover import GivenPage, GivePage, TakePage
from screens.home import HomePage
from screens.signin import SignInPage
from screens.terminal import Terminal
from sync.sheets import StickSheets
from tests.logbook.tools import OFFICE_KEY
from tests.screens.plans import PINS, PLAN, pages
from tests.screens.test_keeping import LIFT
from tests.screens.world import LARGE, SIGN_IN, SMALL, World, bodies, keys, settle, text, world

T = Text
FORGER = "11" * 32
RADIO = Item("radio", T("对讲机", "Radio"), 2)
GATE = Post(
    "gate",
    T("南门岗", "South gate"),
    hours=4,
    roles=("guard",),
    items=(RADIO, Item("keys", T("门岗钥匙", "Gate keys"), 6)),
)
PATROL = Post("patrol", T("巡逻岗", "Patrol"), hours=4, roles=("guard",))
ONE = pages(replace(PLAN, posts=(GATE,)))
TWO = pages(replace(PLAN, posts=(GATE, PATROL)))
LI = "1 0 0 2 enter 5 6 7 8 enter"
GIVE_ONE_RADIO = "asterisk 8 1 1 enter enter 1 enter"
"""Sign out, give over first; one radio, the keys complete; the first note."""


NOTE = {lang: (say(lang, "handover.note_in-order"),) for lang in ("zh", "en")}


async def give(pilot: Pilot[int], here: World) -> None:
    """Zhang gives the gate over with one radio, and everybody signs out."""
    await keys(pilot, f"{SIGN_IN} enter")
    here.clock.pass_by(3600)
    await keys(pilot, f"{GIVE_ONE_RADIO} enter enter")


def missing(lang: str) -> str:
    return say(lang, "handover.item_missing", name=RADIO.text.say(lang), n=1, of=2, missing=1)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_shift_gives_with_a_radio_missing_and_the_next_one_reads_it_before_any_round(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=size) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            assert bodies(here, "shift.opened")[0]["post"] == "gate", "only one post fits a guard"
            finding = await here.watch.report("water", "leak")
            await Work.of(here.watch).order_from(finding.id)
            order = await Work.of(here.watch).take_order("lamp", "drip", room="3-501")
            await keys(pilot, GIVE_ONE_RADIO)
            assert missing(lang) in text(app)
            assert finding.words in text(app)
            assert order.words in text(app).replace("\n", " ")
            await keys(pilot, "enter")
            (given,) = bodies(here, "handover.given")
            assert (given["counts"], given["differences"]) == ({"radio": 1, "keys": 6}, {"radio": -1})
            assert given["open"] == [finding.id, order.id], "a finding stands for its order"
            assert given["notes"] == {"in-order": NOTE[lang][0]}
            await keys(pilot, "enter")
            assert isinstance(app.screen, SignInPage)

            await keys(pilot, f"{LI} enter")
            assert isinstance(app.screen, TakePage), "it comes by itself"
            assert missing(lang) in text(app)
            assert finding.words in text(app)
            await keys(pilot, "backspace enter")
            assert isinstance(app.screen, TakePage), "no round before it is read"
            duty = next(duty for duty in here.watch.today() if duty.standing is Standing.OPEN)
            with pytest.raises(NotAllowed) as refused:
                await here.watch.start_round(duty, "partner-ill")
            assert refused.value.key == "handover.unread"

            await keys(pilot, "enter")
            (taken,) = bodies(here, "handover.taken")
            assert taken["sheet"] == f"{here.book.book_id}:{seq(here, 'handover.given')}"
            assert taken["override"] is None
            by, to = given["crew"], taken["crew"]
            assert isinstance(by, list)
            assert isinstance(to, list)
            assert [(each["person"], each["method"]) for each in (*by, *to)] == [
                ("zhang-wei", "pin"),
                ("li-min", "pin"),
            ]
            signed = {name: given[name] for name in ("counts", "late", "open", "post")} | {"notes": [*NOTE[lang]]}
            shown = sha256(msgspec.json.encode(signed, order="sorted")).hexdigest()
            assert [each["shown"] for each in (*by, *to)] == [shown, shown], "both signed the same sheet"
            assert isinstance(app.screen, HomePage)
            await keys(pilot, "enter 2")
            await settle(pilot)
            assert here.watch.state.round is not None


def seq(here: World, kind: str) -> int:
    return next(record.seq for record in here.records() if record.kind == kind)


async def test_a_sheet_waits_through_a_restart_and_urgent_work_goes_on_with_a_reason(tmp_path: Path) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await give(pilot, here)
    with world(tmp_path / "book", ONE, at="2026-11-21T23:10:00+08:00") as here:  # started again
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{LI} enter")
            assert isinstance(app.screen, TakePage)
            waiting = here.watch.waiting()
            assert waiting is not None
            with pytest.raises(NotAllowed) as refused:
                await Handing.of(here.watch).take_unread(waiting, "bored")
            assert refused.value.key == "watch.unknown_reason"
            await keys(pilot, "7 2")
            (taken,) = bodies(here, "handover.taken")
            assert (taken["override"], taken["words"]) == ("urgent", say("zh", "handover.why_urgent"))
            crew = taken["crew"]
            assert isinstance(crew, list)
            assert "shown" not in crew[0], "nobody signs what was not read"
            assert here.watch.waiting() is None
            sheet = here.watch.state.posts.of("gate").sheet
            assert sheet is not None
            assert sheet.override == "urgent"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_next_shift_counts_again_and_both_counts_are_in_the_book(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await give(pilot, here)
            await keys(pilot, f"{LI} enter 8")
            assert say(lang, "handover.as_given", n=1, of=2) in text(app)
            await keys(pilot, "enter 5 enter")
            (given,), (taken,) = bodies(here, "handover.given"), bodies(here, "handover.taken")
            assert given["counts"] == {"radio": 1, "keys": 6}
            assert (taken["counts"], taken["differences"]) == ({"radio": 1, "keys": 5}, {"radio": -1, "keys": -1})
            assert isinstance(app.screen, HomePage)
            keys_missing = say(
                lang, "handover.item_missing", name=GATE.items[1].text.say(lang), n=5, of=6, missing=1
            ).replace(" ", "")
            assert keys_missing in text(app).replace("\n", "").replace(" ", "")
            assert here.watch.waiting() is None


async def test_whoever_takes_over_from_themselves_reads_nothing_and_a_partner_who_joins_does(tmp_path: Path) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await give(pilot, here)
            await keys(pilot, f"{SIGN_IN} enter")
            assert isinstance(app.screen, HomePage)
            await keys(pilot, f"4 {LI}")
            assert isinstance(app.screen, TakePage)
            await keys(pilot, "enter")
            (taken,) = bodies(here, "handover.taken")
            crew = taken["crew"]
            assert isinstance(crew, list)
            assert [each["person"] for each in crew] == ["li-min"], "the one who gave it does not take it"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_emergency_that_runs_stands_on_the_sheet_and_the_shift_does_not_just_end(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book", pages(replace(PLAN, posts=(GATE,), procedures=(LIFT,)))) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            run = await Keeping.of(here.watch).open_procedure(LIFT.id)
            await keys(pilot, GIVE_ONE_RADIO)
            assert LIFT.name.say(lang) in text(app)
            await keys(pilot, "enter")
            assert bodies(here, "handover.given")[0]["open"] == [run.id]
            await keys(pilot, "enter")
            assert say(lang, "procedures.leaving_title")[:6] in text(app)
            assert bodies(here, "shift.closed") == []
            await keys(pilot, "1")
            assert isinstance(app.screen, SignInPage)
            await keys(pilot, f"{LI} enter")
            assert isinstance(app.screen, TakePage)
            assert LIFT.name.say(lang) in text(app)


async def test_counting_goes_back_and_forth_and_what_was_not_given_is_nowhere(tmp_path: Path) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 8 1")
            await keys(pilot, "1 2 backspace enter backspace")
            assert "1_]" in text(app), "the radio again, as typed"
            await keys(pilot, "backspace backspace")
            assert bodies(here, "handover.given") == []
            assert not isinstance(app.screen, GivePage | GivenPage)
            with pytest.raises(NotAllowed) as refused:
                await Handing.of(here.watch).give({"radio": 2})
            assert refused.value.key == "handover.uncounted"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_of_two_posts_a_crew_says_which_and_the_handheld_knows_it_from_then_on(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", TWO) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            assert bodies(here, "shift.opened")[0]["post"] is None
            here.clock.pass_by(600)
            assert here.watch.post() is None
            await keys(pilot, "6")
            assert PATROL.name.say(lang) in text(app)
            await keys(pilot, "2")
            manned = bodies(here, "post.manned")
            assert manned == [{"post": "patrol", "since": here.watch.state.shift.opened}]  # type: ignore[union-attr]  # open
            await keys(pilot, "asterisk 8 2")  # without giving over
            await keys(pilot, f"{LI} enter")
            assert bodies(here, "shift.opened")[1]["post"] == "patrol"
            assert say(lang, "handover.home_which")[:8] not in text(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_guard_is_warned_before_four_hours_are_over_and_told_when_they_are(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            here.clock.pass_by(3 * 3600 + 44 * 60)
            await keys(pilot, "f4")
            assert ("换岗" if lang == "zh" else "on post") not in text(app)
            here.clock.pass_by(6 * 60)
            await keys(pilot, "f4")
            shown = text(app).replace("\n", "").replace(" ", "")
            span = say(lang, "handover.span", h=3, m=50).replace(" ", "")
            assert span in shown
            assert ("满4小时要换岗" if lang == "zh" else "reliefdueat4h") in shown
            here.clock.pass_by(15 * 60)
            await keys(pilot, "f4")
            shown = text(app).replace("\n", "").replace(" ", "")
            assert ("超过4小时,请换岗" if lang == "zh" else "over4h:berelieved") in shown
            await keys(pilot, f"4 {LI}")
            assert [left.person for left in here.watch.hours()] == ["zhang-wei", "li-min"], "the longest there first"
            await here.watch.sign_out("li-min")
            assert [left.person for left in here.watch.hours()] == ["zhang-wei"]
            await here.watch.close_shift()
            assert here.watch.state.posts.of("gate").people == ()
            app.go_sign_in()
            await keys(pilot, f"{SIGN_IN} enter")
            assert [left.hours for left in here.watch.hours()] == ["fine"], "counted anew"


async def test_home_says_by_itself_that_the_hours_run_out_and_it_is_felt(tmp_path: Path) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            here.clock.pass_by(4 * 3600 - 15 * 60 - 0.3)
            await keys(pilot, "f4")
            assert "换岗" not in text(app)
            felt = len(here.signals.felt)
            here.clock.pass_by(0.4)
            for _ in range(50):
                await asyncio.sleep(0.1)
                if len(here.signals.felt) > felt:
                    break
            await settle(pilot)
            assert "满4小时要换岗" in text(app).replace("\n", "").replace(" ", "")
            assert len(here.signals.felt) > felt


async def test_what_does_not_fit_is_refused_with_a_sentence_and_nothing_is_recorded(tmp_path: Path) -> None:
    plan = replace(PLAN, posts=(GATE, replace(PATROL, roles=("fitter",))))
    with world(tmp_path / "book", pages(plan)) as here:
        watch = here.watch
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            before = here.kinds()
            whole = {"radio": 2, "keys": 6}
            sheet = replace(Handing.of(watch).sheet(whole), id="x:1")
            for refused, key in (
                (Handing.of(watch).man("patrol"), "handover.not_your_post"),
                (Handing.of(watch).man("moon"), "handover.not_your_post"),
                (Handing.of(watch).stand_in("zhang-wei", "wang-fang"), "handover.no_colleague"),
                (Handing.of(watch).stand_in("li-min", "li-min"), "handover.no_colleague"),
                (Handing.of(watch).give(whole | {"radio": 1000}), "handover.uncounted"),
                (Handing.of(watch).take(sheet), "handover.taken_already"),
                (Handing.of(watch).take_unread(sheet, "urgent"), "handover.taken_already"),
                (Handing.of(watch).take_by_code("1234"), "witness.too_short"),
            ):
                with pytest.raises(NotAllowed) as error:
                    await refused
                assert error.value.key == key
                assert error.value.say("zh")
            assert here.kinds() == before
            await watch.start_round(next(duty for duty in watch.today() if duty.slot.schedule == "plant"))
            with pytest.raises(NotAllowed) as error:
                await Handing.of(watch).give(whole)
            assert error.value.key == "watch.round_open"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_relief_that_does_not_come_is_one_key_and_somebody_stands_in(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await open_handover(pilot, lang)
            await keys(pilot, "2")
            assert bodies(here, "relief.missing") == [{"post": "gate"}]
            assert here.office.asked == 1
            app.go_home()
            await settle(pilot)
            assert say(lang, "handover.home_relief", time="22:01") in text(app)
            await open_handover(pilot, lang)
            await keys(pilot, "2")
            assert len(bodies(here, "relief.missing")) == 1, "said once"
            app.go_home()
            await keys(pilot, f"4 {LI}")
            await open_handover(pilot, lang)
            await keys(pilot, "3")
            assert say(lang, "handover.who_stands") in text(app)


async def open_handover(pilot: Pilot[int], lang: str) -> None:
    """From home through the menu, by whatever digit it has there."""
    await keys(pilot, "asterisk 0")
    row = next(row for row in text(pilot.app).split("\n") if say(lang, "handover.menu") in row)
    await keys(pilot, row.strip()[0])


async def test_standing_in_is_for_somebody_of_the_post_who_is_not_there(tmp_path: Path) -> None:
    with world(tmp_path / "book", ONE) as here:
        app = here.terminal("zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            await open_handover(pilot, "zh")
            await keys(pilot, "3")
            assert "李敏" in text(app)
            assert "王芳" not in text(app), "the supervisor has no turn here"
            await keys(pilot, "1")
            assert bodies(here, "post.stood-in") == [{"post": "gate", "person": "zhang-wei", "for": "li-min"}]
            (there,) = here.watch.state.posts.of("gate").people
            assert (there.person, there.stands_in) == ("zhang-wei", "li-min")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_sheet_read_on_another_handheld_is_taken_by_its_sixteen_digits(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "theirs", ONE) as theirs, world(tmp_path / "ours", ONE) as ours:
        app = theirs.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter {GIVE_ONE_RADIO} enter")
            code = re.sub(r"\D", "", re.findall(r"(?:\d{4} ){3}\d{4}", text(app).replace("\n", " "))[0])
            with pytest.raises(NotAllowed) as refused:
                await Handing.of(theirs.watch).take_by_code(code)
            assert refused.value.key == "handover.own_code"
        entry = next(entry for entry in theirs.book.entries() if entry.record.kind == "handover.given")
        assert code == witness.code(witness.Head(theirs.book.book, entry.record.seq, entry.hash))

        app = ours.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{LI} enter")
            await open_handover(pilot, lang)
            await keys(pilot, "4")
            wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
            await keys(pilot, " ".join(wrong) + " enter")
            assert bodies(ours, "handover.taken") == []
            assert say(lang, "witness.wrong_digit")[:8] in text(app)
            await keys(pilot, f"backspace {code[-1]} enter")
            (taken,) = bodies(ours, "handover.taken")
            assert (taken["post"], taken["sheet"], taken["code"]) == ("gate", None, code)


async def test_a_long_sheet_is_read_page_by_page_to_its_end(tmp_path: Path) -> None:
    many = replace(PLAN, posts=(GATE,), categories=tuple(replace(each, phrases=PHRASES) for each in PLAN.categories))
    with world(tmp_path / "book", pages(many)) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            for number in range(30):
                await here.watch.report("water", f"p{number}")
            await keys(pilot, "asterisk 8 1 enter enter enter")
            assert f"Enter {say('en', 'handover.page', page=1, pages=3)}" in text(app), "Enter does not give yet"
            for _ in range(10):
                if bodies(here, "shift.closed"):
                    break
                await keys(pilot, "enter")
            await keys(pilot, f"{LI} enter")
            seen = ""
            for _ in range(10):
                seen += text(app)
                if bodies(here, "handover.taken"):
                    break
                await keys(pilot, "enter")
            assert all(f"matter {number} " in seen.replace("\n", " ") for number in range(30))
            assert len(bodies(here, "handover.taken")) == 1


async def test_a_post_that_the_office_takes_away_while_its_sheet_is_open_is_one_sentence(tmp_path: Path) -> None:
    with world(tmp_path / "book", pages(replace(PLAN, posts=(GATE,)))) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter asterisk 8 1 enter enter enter")
            here.watch.take_pages(pages(replace(PLAN, posts=(), revision=PLAN.revision + 1)))
            await keys(pilot, "f4")
            assert say("en", "handover.no_post")[:30] in text(app)
            await keys(pilot, "enter")
            assert "handover.given" not in here.kinds()


PHRASES = tuple(Phrase(f"p{number}", T(f"事{number}", f"matter {number} of many")) for number in range(30))


def with_stick(app: Terminal, here: World, stick: Path) -> None:
    """The handheld belongs to the office of them all, and `stick` is where its stick appears."""
    here.book.enrolled(Enrolment("http://office", OFFICE_KEY, here.folder.name, "cuihu"))
    app.gear = replace(app.gear, sheets=StickSheets(here.book, here.clock, stick))


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_sheet_goes_to_another_handheld_on_a_stick(tmp_path: Path, lang: str) -> None:
    stick = tmp_path / "stick"
    with world(tmp_path / "one", ONE) as here:
        app = here.terminal(lang)
        with_stick(app, here, stick)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{SIGN_IN} enter")
            here.clock.pass_by(3600)
            await keys(pilot, f"{GIVE_ONE_RADIO} enter")
            assert say(lang, "handover.key_stick") not in text(app), "none is in"
            stick.mkdir()
            await keys(pilot, "9")
            assert say(lang, "handover.on_stick")[:12] in text(app)
        (given,) = [record for record in here.records() if record.kind == "handover.given"]
        sheet = f"{here.book.book_id}:{given.seq}"
    (stick / "torn.handover").write_bytes(b'{"handoff":1,')
    with world(tmp_path / "two", ONE) as here:
        here.clock.pass_by(7200)
        app = here.terminal(lang)
        with_stick(app, here, stick)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"{LI} enter")
            await chosen(pilot, app, lang, "handover.do_stick")
            assert isinstance(app.screen, TakePage)
            assert missing(lang) in text(app)
            await keys(pilot, "enter enter")
        (taken,) = bodies(here, "handover.taken")
        assert (taken["sheet"], taken["crew"][0]["person"]) == (sheet, "li-min")
        assert taken["crew"][0]["shown"] == given.body["crew"][0]["shown"], "both signed the same"
        read = Handing.of(here.watch).brought(StickSheets(here.book, here.clock, stick).found())
        await Handing.of(here.watch).take(read)
        with pytest.raises(NotAllowed):
            await Handing.of(here.watch).take(read)


@pytest.mark.parametrize("what", ["nothing", "torn", "another office", "our own", "another post", "no stick"])
async def test_a_stick_without_the_posts_sheet_is_one_sentence_and_nothing_is_taken(tmp_path: Path, what: str) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    with world(tmp_path / "one", TWO if what == "another post" else ONE) as one:
        app = one.terminal("en")
        with_stick(app, one, stick)
        await one.watch.sign_in_pin("zhang-wei", PINS["zhang-wei"])
        handing = Handing.of(one.watch)
        if what == "another post":
            await handing.man("patrol")
        counts = {} if what == "another post" else {"radio": 2, "keys": 6}
        given = await handing.give(counts)
        if what != "nothing":
            StickSheets(one.book, one.clock, stick).put(given.sheet.id)
        for path in stick.glob("*.handover") if what == "torn" else ():
            path.write_bytes(path.read_bytes()[:-20])
        with world(tmp_path / "two", ONE) as two:
            key = FORGER if what == "another office" else OFFICE_KEY
            two.book.enrolled(Enrolment("http://office", key, "b", "cuihu"))
            await two.watch.sign_in_pin("li-min", PINS["li-min"])
            mine = one if what == "our own" else two
            sheets = StickSheets(mine.book, mine.clock, tmp_path / "gone" if what == "no stick" else stick)
            with pytest.raises(WatchbookError) as no:
                Handing.of(mine.watch).brought(sheets.found())
    assert no.value.key == {
        "nothing": "handover.stick_none", "torn": "handoff.torn", "another office": "handoff.other_office",
        "our own": "handover.stick_none", "another post": "handover.stick_none", "no stick": "handoff.no_stick",
    }[what]  # fmt: skip


async def chosen(pilot: Pilot[int], app: Terminal, lang: str, words: str) -> None:
    """More, handover, and the digit beside the words."""
    for wanted in ("handover.menu", words):
        if wanted == "handover.menu":
            await keys(pilot, "asterisk 0")
        row = next(row for row in text(app).splitlines() if say(lang, wanted) in row)
        await keys(pilot, row[0])
