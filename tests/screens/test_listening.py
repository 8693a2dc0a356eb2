"""The radio: on only while a stop waits, one listener at a time, and every failure is a sentence on the page."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.ports import LABEL, Heard, RadioState, Scan, ScannerState
from app.words import say, table
from screens.finding import FindingPage
from screens.home import HomePage
from screens.label import CodePage
from screens.listening import Listener
from screens.platform.presses import HELD_S
from screens.platform.scans import GUARD_S, Scanned
from screens.round import RoundPage
from screens.stop import StopPage
from screens.terminal import Terminal
from tests.screens.plans import PLAN, UUID, label, pages
from tests.screens.world import LET_GO_S, SIGN_IN, SMALL, keys, pressed, scan, settle, text, until, walk_to, world


async def begin(pilot: Pilot[int]) -> None:
    await keys(pilot, SIGN_IN)
    await scan(pilot, label("person:li-min"))
    await keys(pilot, "enter enter")


async def press_behind_drawing(pilot: Pilot[int], app: Terminal, key: str, after_s: float) -> None:
    """So long after the page was drawn that opened by itself, however late the machine comes to it."""
    event = pressed(key, after_s)
    event.time = app._deaf_until - GUARD_S + after_s
    app.post_message(event)
    await settle(pilot)


async def test_the_radio_listens_only_while_a_stop_waits_with_the_round_on_top(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter")
            assert here.radio.listeners == 0
            await keys(pilot, "enter")
            assert here.radio.listeners == 1
            await keys(pilot, "asterisk")
            assert here.radio.listeners == 0
            await keys(pilot, "enter")
            assert here.radio.listeners == 1
            await scan(pilot, label("point:power"))  # its checks are open, and its beacon may still add to the label
            assert here.radio.listeners == 1
            here.clock.pass_by(31)
            here.radio.beacon(2)
            await settle(pilot)
            assert here.radio.listeners == 0
            await keys(pilot, "enter 5")
            assert here.radio.listeners == 0
            await keys(pilot, "1 9 enter")
        assert here.radio.listeners == 0
        assert here.radio.most == 1


async def test_while_a_code_is_typed_the_radio_listens_on_and_the_alarm_is_two_keys_away(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await keys(pilot, "1 1 0")
            assert here.radio.listeners == 1
            await keys(pilot, "asterisk 9")
            assert say("zh", "alarm.once_more") in text(app)
            await keys(pilot, "backspace")
            assert here.radio.listeners == 1
            await walk_to(pilot, here, 1)
            assert here.kinds()[-1] == "stop.arrived"
            assert say("zh", "round.code_heard", place="南门岗亭")[:14] in text(app)
            await keys(pilot, "enter")
            assert isinstance(app.screen, RoundPage), "what was typed is not needed any more"
            assert "code.seen" not in here.kinds()


@pytest.mark.parametrize("typed", ["", "5 5"])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_digits_of_a_code_answer_no_check_when_the_beacon_is_heard_meanwhile(
    tmp_path: Path, lang: str, typed: str
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            here.clock.pass_by(60)
            await keys(pilot, f"1 {typed}")
            deaf = app._deaf_until
            await walk_to(pilot, here, 2)
            assert here.kinds()[-1] == "stop.arrived", "at once"
            held = here.kinds()
            assert app._deaf_until == deaf, "no digit is lost either"
            await keys(pilot, "9 1")
            assert isinstance(app.screen, CodePage)
            assert f"{typed.replace(' ', '')}91_" in text(app)
            assert say(lang, "round.key_checks") in text(app)
            await keys(pilot, "enter")
            assert isinstance(app.screen, StopPage)
            assert here.kinds() == held


async def test_whoever_rubs_out_a_code_is_at_the_point_that_was_heard(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            here.clock.pass_by(60)
            await keys(pilot, "1 5")
            await walk_to(pilot, here, 2)
            await keys(pilot, "backspace backspace")
            assert isinstance(app.screen, RoundPage)
            assert "> 在 2" in text(app)
            await keys(pilot, "enter")
            assert isinstance(app.screen, StopPage)


async def test_a_point_heard_while_a_problem_is_reported_is_recorded_and_leaves_the_report_open(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await keys(pilot, "1 1 0 0 1 enter")  # typed: weak, so its beacon is still listened for
            assert here.radio.listeners == 1
            await keys(pilot, "f3 1")
            assert isinstance(app.screen, FindingPage)
            here.clock.pass_by(20)
            await walk_to(pilot, here, 2)
            assert here.kinds().count("stop.arrived") == 2
            assert isinstance(app.screen, FindingPage)


async def test_a_locked_handheld_does_not_listen(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await begin(pilot)
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await keys(pilot, "f1 backspace")
            assert here.radio.wanted == []
            await keys(pilot, SIGN_IN)
            assert here.radio.listeners == 1


async def test_it_asks_for_the_beacons_and_the_label_of_the_stop_that_waits(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal().run_test(size=SMALL) as pilot:
            await begin(pilot)
            await walk_to(pilot, here, 1)
        assert here.radio.wanted == [
            frozenset({("ibeacon", f"{UUID}/10001/1"), (LABEL, "gate")}),
            frozenset({("ibeacon", f"{UUID}/10001/2"), (LABEL, "power")}),
        ]


async def test_warmer_and_colder_then_it_ticks_by_itself_and_is_felt(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            here.signals.felt.clear()
            here.radio.beacon(1, rssi=-80)
            await settle(pilot)
            far = text(app)
            here.clock.pass_by(7)
            for _ in range(2):
                here.clock.pass_by(1)
                here.radio.beacon(1, rssi=-45)
                await settle(pilot)
            near = text(app)
            here.clock.pass_by(1)
            here.radio.beacon(1, rssi=-45)
            await settle(pilot)
            assert 0 < far.count("#") < near.count("#") == 10
            assert "站住别动" in near
            assert "+ 南门岗亭 已记" in text(app)
            assert here.signals.felt == ["ok"]


async def test_a_key_on_its_way_when_a_point_ticks_by_itself_answers_nothing(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            here.clock.pass_by(60)
            early = pressed("3", after_s=0)  # "which stops are left?", asked of the page before
            await walk_to(pilot, here, 2)
            assert isinstance(app.screen, StopPage)
            app.post_message(early)
            await press_behind_drawing(pilot, app, "1", 0.1)
            assert "check.answered" not in here.kinds()
            await press_behind_drawing(pilot, app, "1", 0.5)
            await until(pilot, lambda: here.kinds().count("check.answered") == 1)


async def test_a_key_that_is_held_while_a_point_ticks_by_itself_answers_nothing(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            here.clock.pass_by(60)
            await walk_to(pilot, here, 2)
            assert isinstance(app.screen, StopPage)
            for place in range(40):
                await press_behind_drawing(pilot, app, "1", 0.03 * place)
            await asyncio.sleep(HELD_S * 2)
            await settle(pilot)
            assert "check.answered" not in here.kinds()


async def test_a_key_that_waited_behind_a_slow_disk_is_dropped_however_late_its_turn_comes(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            early = pressed("2", after_s=0)
            await scan(pilot, label("point:power"))
            await asyncio.sleep(GUARD_S + 0.1)
            app.post_message(early)
            await settle(pilot)
            assert "check.answered" not in here.kinds()


async def test_a_code_is_never_dropped_and_a_persons_own_key_opens_a_page_for_the_next_at_once(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            await scan(pilot, label("person:li-min"))  # at the same moment
            await scan(pilot, label("point:shed"))
            arrived = [record.body["stop"] for record in here.records() if record.kind == "stop.arrived"]
            assert arrived == ["n1", "n3"]
            assert here.kinds().count("round.rechecked") == 1
            await asyncio.sleep(GUARD_S + 0.1)
            await keys(pilot, "1", after_s=0)
            await keys(pilot, "1 0 0 2 enter 1", after_s=LET_GO_S)  # typed, arrived, and its first check answered
            assert here.kinds().count("check.answered") == 1


async def test_enter_at_the_moment_the_last_point_ticks_does_not_end_the_round(tmp_path: Path) -> None:
    short = replace(PLAN.routes[0], stops=PLAN.routes[0].stops[:1])
    with world(tmp_path / "book", pages(replace(PLAN, routes=(short, *PLAN.routes[1:])))) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await walk_to(pilot, here, 1)
            await press_behind_drawing(pilot, app, "enter", 0.1)
            assert isinstance(app.screen, RoundPage)


async def test_a_burst_of_sightings_draws_only_what_changed(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            page = app.screen
            assert isinstance(page, RoundPage)
            drawn = 0
            draw = page.draw

            def counted(width: int, height: int) -> object:
                nonlocal drawn
                drawn += 1
                return draw(width, height)

            page.draw = counted  # type: ignore[method-assign,assignment]  # one page, counted from outside
            for _ in range(200):
                here.radio.beacon(1, rssi=-90)
            await settle(pilot, 400)
            assert 1 <= drawn <= 6


async def test_every_fault_of_the_radio_is_one_sentence_that_goes_away(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            for name in table("radio"):
                if "{" in say("en", f"radio.{name}"):
                    continue
                here.radio.hear(RadioState(f"radio.{name}"))
                await settle(pilot)
                assert say("en", f"radio.{name}")[:20] in text(app)
            here.radio.hear(RadioState())
            await settle(pilot)
            assert "near [" in text(app)
            await scan(pilot, label("point:gate"))  # and the round goes on by the label
            assert "Go to 2" in text(app)


async def test_after_some_seconds_without_a_signal_the_label_is_offered(tmp_path: Path) -> None:
    eager = pages(replace(PLAN, settings=replace(PLAN.settings, label_after_s=1)))
    with world(tmp_path / "book", eager) as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            assert "收不到?" not in text(app)
            async with asyncio.timeout(30):
                while "收不到? 扫墙上的标签" not in text(app):
                    await asyncio.sleep(0.05)


async def test_standing_at_another_place_is_said_and_a_strange_beacon_recorded(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await walk_to(pilot, here, 5)
            assert "这里是东门车库入口。先去: 南门岗亭" in text(app)
            here.clock.pass_by(8)
            await walk_to(pilot, here, 6)
            assert "这里是中心水景,不是这一轮的" in text(app)
            here.radio.beacon(99)
            await settle(pilot)
            assert "不认识的信标" in text(app)
            assert here.kinds()[-1] == "tag.seen"
            assert isinstance(app.screen, RoundPage)
        assert "stop.arrived" not in here.kinds()


async def test_a_feed_is_read_on_every_page_and_its_codes_count_as_scanned(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        here.radio.always = True
        app = here.terminal()
        async with app.run_test(size=SMALL) as pilot:
            await settle(pilot)
            here.radio.hear(Scan(label("person:zhang-wei"), here.clock.up))
            await settle(pilot)
            assert "张伟 已签到" in text(app)
            here.radio.beacon(1)  # nobody waits for it
            await keys(pilot, "enter")
            assert isinstance(app.screen, HomePage)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter")
            here.radio.hear(Scan(label("point:power"), here.clock.up))
            await settle(pilot)
            assert isinstance(app.screen, StopPage)


class Overlapping(Terminal):
    """Remembers whether two acts ever ran at the same time."""

    running = most = 0

    async def _act(self, act: Callable[[], Awaitable[None]]) -> None:
        with self._counted():
            await super()._act(act)

    async def _take(self, heard: Heard | ScannerState) -> None:
        with self._counted():
            await super()._take(heard)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.running += 1
        self.most = max(self.most, self.running)
        yield
        self.running -= 1


async def test_keys_codes_and_sightings_are_taken_one_after_the_other(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(kind=Overlapping)
        assert isinstance(app, Overlapping)
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            for minor in (97, 98, 99):
                here.radio.beacon(minor)
            app.post_message(Scanned(label("point:power")))
            for turn in range(3):
                app.post_message(pressed("1"))
                app.post_message(Scanned(label(f"point:nobody-{turn}")))
            await settle(pilot)
        assert app.most == 1
        assert [kind for kind in here.kinds() if kind in ("check.answered", "code.seen")] == (
            ["check.answered", "code.seen"] * 3
        )


async def soon(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0.01)


class Counted:
    """A radio that is slow to let go."""

    always = False

    def poke(self) -> None:
        """It is always awake."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncIterator[Heard]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield RadioState()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            self.now -= 1


async def test_however_fast_the_wish_changes_there_is_one_listener_and_none_at_the_end() -> None:
    radio = Counted()
    heard: list[Heard] = []
    broken: list[Exception] = []

    async def take(item: Heard) -> None:
        heard.append(item)

    listener = Listener(radio, take, broken.append)
    for turn in range(12):
        listener.attend(None if turn % 4 == 3 else frozenset({("ibeacon", str(turn))}))
        await asyncio.sleep(0.004 * (turn % 3))
    assert listener.wanted is None
    await soon(lambda: radio.now == 0)
    await asyncio.sleep(0.1)
    assert radio.now == 0, "and it stays so"
    listener.attend(frozenset({("ibeacon", "x")}))
    await soon(lambda: radio.now == 1)
    await listener.stop()
    assert (radio.now, radio.most, broken) == (0, 1, [])
    assert heard


async def test_a_fault_in_what_is_done_with_a_sighting_reaches_the_last_resort() -> None:
    broken: list[Exception] = []

    async def take(item: Heard) -> None:
        raise ZeroDivisionError

    listener = Listener(Counted(), take, broken.append)
    listener.attend(frozenset())
    await soon(lambda: broken != [])
    assert [type(error) for error in broken] == [ZeroDivisionError]
