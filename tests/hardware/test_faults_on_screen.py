"""Everything that can be wrong with Bluetooth as the guard sees it: real bleak, a virtual radio, the real terminal.

A row each: how it comes about, and the sentence that then stands on the round at 40x20 in both languages. Whatever is
wrong, the label gets the guard through the stop; what mends itself is heard again without a restart of the program.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

import pytest
from msgspec.structs import replace
from textual.app import App

from app.ports import Clock, TagReader
from app.settings import Settings
from app.words import say
from hardware.ble import BleReader, Pace, radio
from hardware.clock import SystemClock
from screens.run import reader
from screens.terminal import Terminal
from tests.hardware.test_ble import BRISK, HASTY, RFKILLED, Failing
from tests.screens.plans import PLAN, UUID, label, pages
from tests.screens.test_listening import begin
from tests.screens.world import SMALL, keys, scan, text, world
from tests.virtual_radio import FORBID_BLUEZ, BlueZ, PrivateBus, VirtualTag, patrol_tag

pytestmark = pytest.mark.proof

GATE: Final = "C0:00:00:00:00:01"
FAR: Final = -80
LANGS: Final = ("zh", "en")
TIRED: Final = Pace(window=0.05, eager=0.1, off=0.05, rest_after=0.4)
DEAF: Final = Pace(window=0.1, silence=0.4)
IN_PROGRESS: Final = ("org.bluez.Error.InProgress", "Operation already in progress")
CONNECTION_ABORT: Final = ("org.bluez.Error.Failed", "Software caused connection abort")


class Air:
    """The machine's Bluetooth: a bus, bluetoothd's double on it, one adapter, and the beacon of the first stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.bus = PrivateBus()
        self.bluez = BlueZ(self.bus.address)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address)

    async def begin(self) -> None:
        await self.bluez.start()
        self.bluez.plug()
        self.bluez.enter(patrol_tag("ibeacon", f"{UUID}/10001/1", GATE, FAR))

    async def close(self) -> None:
        self.bluez.wake()
        await self.bluez.close()
        self.bus.close()

    async def no_socket(self) -> None:
        self._monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")

    async def dead_socket(self) -> None:
        self.bus.kill()

    async def no_daemon(self) -> None:
        await self.bluez.stop()

    async def daemon_back(self) -> None:
        await self.bluez.start()

    async def forbidden(self) -> None:
        await self.close()
        self.bus = PrivateBus(FORBID_BLUEZ)
        self._monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address)
        self.bluez = BlueZ(self.bus.address)
        await self.begin()

    async def unplugged(self) -> None:
        self.bluez.unplug()

    async def plugged(self) -> None:
        self.bluez.plug()

    async def classic_only(self) -> None:
        self.bluez.unplug()
        self.bluez.plug(roles=("peripheral",))

    async def without_roles(self) -> None:
        self.bluez.unplug()
        self.bluez.plug(roles=None)

    async def rfkilled(self) -> None:
        self.bluez.errors["Set"] = RFKILLED
        self.bluez.power(on=False)

    async def unblocked(self) -> None:
        self.bluez.errors.clear()
        self.bluez.power(on=True)

    async def busy(self) -> None:
        self.bluez.errors["StartDiscovery"] = IN_PROGRESS

    async def refusing(self) -> None:
        self.bluez.errors["SetDiscoveryFilter"] = CONNECTION_ABORT

    async def willing(self) -> None:
        self.bluez.errors.clear()

    async def start_hangs(self) -> None:
        self.bluez.hang("StartDiscovery")

    async def stop_hangs(self) -> None:
        self.bluez.hang("StopDiscovery")

    async def awake(self) -> None:
        self.bluez.wake()

    async def bus_gone(self) -> None:
        self.bus.kill()
        await self.bluez.stop()

    async def bus_back(self) -> None:
        self.bus.start()
        await self.bluez.start()

    async def silent(self) -> None:
        self.bluez.leave(GATE)

    async def audible(self) -> None:
        self.bluez.enter(VirtualTag("C0:00:00:00:00:77", -90, {0x0075: b"\x42"}))
        self.bluez.enter(patrol_tag("ibeacon", f"{UUID}/10001/1", GATE, FAR))

    async def as_it_is(self) -> None:
        """Nothing is wrong with the machine."""


Step = Callable[[Air], Awaitable[None]]


class Row(NamedTuple):
    name: str
    sentence: str
    provoke: Step
    mend: Step | None = None
    """None where only the office, or a restart of the machine, mends it."""
    during: bool = False
    """It happens while the stop waits, and was not found so."""
    adapter: str | None = None
    pace: Pace = BRISK
    clock: type[Clock] = SystemClock


ROWS: Final = (
    Row("no D-Bus at all", "radio.none", Air.no_socket),
    Row("codes only by the settings", "radio.none", Air.as_it_is, adapter="none"),
    Row("dead socket", "radio.bus", Air.dead_socket, Air.bus_back),
    Row("bluetoothd not running", "radio.service", Air.no_daemon, Air.daemon_back),
    Row("not permitted", "radio.denied", Air.forbidden),
    Row("no adapter", "radio.absent", Air.unplugged, Air.plugged),
    Row("an adapter without low energy", "radio.absent", Air.classic_only),
    Row("the named adapter is missing", "radio.absent", Air.as_it_is, adapter="hci7"),
    Row("off, and kept off", "radio.off", Air.rfkilled, Air.unblocked),
    Row("the named adapter is off, and kept off", "radio.off", Air.rfkilled, Air.unblocked, adapter="hci0"),
    Row("BlueZ too old", "radio.old", Air.without_roles),
    Row("busy", "radio.busy", Air.busy, Air.willing),
    Row("the start hangs", "radio.hung", Air.start_hangs, Air.awake, pace=HASTY),
    Row("the stop hangs", "radio.hung", Air.stop_hangs, Air.awake, pace=HASTY),
    Row("an error that nobody foresaw", "radio.failed", Air.refusing, Air.willing),
    Row("bluetoothd stops in the middle", "radio.service", Air.no_daemon, Air.daemon_back, during=True),
    Row("the adapter is pulled out", "radio.absent", Air.unplugged, Air.plugged, during=True),
    Row("the D-Bus daemon dies", "radio.bus", Air.bus_gone, Air.bus_back, during=True),
    Row("rfkill in the middle", "radio.off", Air.rfkilled, Air.unblocked, during=True),
    Row("a packet that cannot be taken in", "radio.garbled", Air.as_it_is, clock=Failing),
    Row("silence of every device", "radio.stuck", Air.silent, Air.audible, pace=DEAF),
    Row("five minutes without a key", "radio.resting", Air.as_it_is, pace=TIRED),
)


def squeezed(words: str) -> str:
    """Without the places where a line was broken."""
    return "".join(words.split())


async def until(app: App[int], shown: Callable[[str], bool], limit_s: float = 30) -> float:
    """Seconds until the screen shows it."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not shown(text(app)):
        if loop.time() - began > limit_s:
            pytest.fail(f"not within {limit_s} s:\n{text(app)}")
        await asyncio.sleep(0.02)
    return loop.time() - began


def says(lang: str, key: str) -> Callable[[str], bool]:
    return lambda shown: squeezed(say(lang, key)) in squeezed(shown)


def hears_the_beacon(shown: str) -> bool:
    return "[######....]" in shown


@pytest.fixture
async def air(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Air]:
    here = Air(monkeypatch)
    await here.begin()
    yield here
    await here.close()


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
async def test_the_sentence_stands_on_the_round_and_the_label_gets_the_guard_through(
    row: Row, air: Air, tmp_path: Path
) -> None:
    if not row.during:
        await row.provoke(air)
    heard = radio(row.adapter, row.clock(), lambda: row.pace)
    with world(tmp_path / "book") as here:
        app = here.terminal("zh", radio=heard)
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            if row.during:
                await until(app, hears_the_beacon)
                await row.provoke(air)
            for lang in LANGS:
                assert app.lang == lang
                await until(app, says(lang, row.sentence))
                await keys(pilot, "f6")
            if row.mend is not None:
                await row.mend(air)
                await until(app, hears_the_beacon)
            assert app.lang == "zh"
            await scan(pilot, label("point:gate"))
            assert "去 2" in text(app)
            assert "stop.arrived" in here.kinds()
            air.bluez.wake()


# -- what is no fault ----------------------------------------------------------------------------


async def test_bluetooth_found_off_is_switched_on_and_the_guard_reads_of_nothing(bluez: BlueZ, tmp_path: Path) -> None:
    bluez.power(on=False)
    bluez.enter(patrol_tag("ibeacon", f"{UUID}/10001/1", GATE, FAR))
    with world(tmp_path / "book") as here:
        app = here.terminal(radio=brisk())
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await until(app, hears_the_beacon)
            assert app.radio.fault is None
            assert ("Set", "/org/bluez/hci0") in bluez.calls


async def test_a_remembered_beacon_brings_nobody_anywhere(bluez: BlueZ, tmp_path: Path) -> None:
    beacon = patrol_tag("ibeacon", f"{UUID}/10001/1", GATE, -45)
    with world(tmp_path / "book") as here:
        app = here.terminal(radio=BleReader(None, SystemClock(), lambda: Pace(window=5)))
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await until(app, lambda shown: bluez.discovers())
            bluez.receive(beacon, -45)
            await until(app, lambda shown: "#" in shown)
            for _ in range(8):  # bleak calls back each time, with -127 and yesterday's data
                bluez.forget_level(GATE)
                bluez.trust(GATE)
                await asyncio.sleep(0.4)
            assert "stop.arrived" not in here.kinds()
            assert app.radio.fault is None


async def test_among_a_hundred_devices_the_point_still_ticks_by_itself(bluez: BlueZ, tmp_path: Path) -> None:
    crowd = (VirtualTag(f"C0:00:00:00:01:{n:02X}", -70, {0x0075: bytes((n,))}, interval_s=0.2) for n in range(100))
    bluez.enter(patrol_tag("ibeacon", f"{UUID}/10001/1", GATE, -55, 0.5), *crowd)
    with world(tmp_path / "book") as here:
        app = here.terminal(radio=BleReader(None, SystemClock()))
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            await until(app, lambda shown: "去 2" in shown)
            assert app.radio.fault is None
            (arrived,) = [record.body for record in here.records() if record.kind == "stop.arrived"]
            assert arrived["grade"] == "near"
            assert len(arrived["evidence"]["ble"]["samples"]) >= 3


async def test_without_bluetooth_every_stop_says_what_to_do_and_never_complains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    with world(tmp_path / "book") as here:
        app = here.terminal(radio=brisk())
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            for place in ("gate", "power"):
                await until(app, says("zh", "radio.none"))
                roles = {role for row in app.top.lines(*SMALL) for words, role in row if "扫墙上的标签" in words}
                assert roles == {"text"}, "the way to go on, not a warning"
                here.clock.pass_by(60)
                await scan(pilot, label(f"point:{place}"))
                await keys(pilot, "enter")


# -- how fast it comes back, and what it costs ---------------------------------------------------


async def test_after_bluetoothd_was_restarted_the_round_hears_again_within_five_seconds(
    bluez: BlueZ, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bluez.enter(patrol_tag("ibeacon", f"{UUID}/10001/1", GATE, FAR))
    took: list[float] = []
    with world(tmp_path / "book") as here:
        app = here.terminal(radio=BleReader(None, SystemClock()))  # the pace of the field
        async with app.run_test(size=SMALL) as pilot:
            await begin(pilot)
            for down_s in (0.0, 1.0, 3.0):
                await until(app, hears_the_beacon)
                await bluez.stop()
                if down_s:
                    await until(app, says("zh", "radio.service"))
                await asyncio.sleep(down_s)
                since = len(bluez.calls)
                await bluez.start()
                took.append(await until(app, lambda shown, since=since: hears_again(bluez, since)))  # type: ignore[misc]
                await until(app, hears_the_beacon)
    with capsys.disabled():
        print(f"\nbluetoothd restarted: scanning again after {', '.join(f'{s:.2f}' for s in took)} s (at most 5)")
    assert max(took) <= 5


def hears_again(bluez: BlueZ, since: int) -> bool:
    return any(member == "StartDiscovery" for member, _ in bluez.calls[since:])


async def test_over_a_whole_round_the_receiver_is_on_only_while_a_stop_waits(bluez: BlueZ, tmp_path: Path) -> None:
    def starts() -> int:
        return sum(member == "StartDiscovery" for member, _ in bluez.calls)

    async def resting(why: str) -> None:
        await asyncio.sleep(0.1)
        before = starts()
        await asyncio.sleep(0.4)  # three windows
        assert starts() == before, why
        assert not bluez.discovers(), why

    async def listening(why: str) -> None:
        before = starts()
        await until(app, lambda shown: starts() > before + 1)
        assert app.radio.fault is None, why

    async def half_a_minute() -> None:
        """Nobody presses a key, and nothing is heard."""
        here.clock.pass_by(31)
        await asyncio.sleep(Hasty.PAIR_S + 0.1)

    with world(tmp_path / "book") as here:
        app = here.terminal(radio=brisk(), kind=Hasty)
        async with app.run_test(size=SMALL) as pilot:
            await resting("nobody has signed in")
            await keys(pilot, "1 0 0 1 enter 1 2 3 4 enter")
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter")
            await resting("at home")
            await keys(pilot, "enter")
            await listening("the first stop waits")
            await keys(pilot, "asterisk")
            await resting("the menu is open")
            await keys(pilot, "enter")
            await listening("the stop waits again")
            await scan(pilot, label("point:gate"))
            here.clock.pass_by(60)
            await scan(pilot, label("point:power"))
            await listening("half a minute for the beacon that the label lacks")
            await half_a_minute()
            await resting("checks are open")
            await keys(pilot, "enter")
            for place in ("shed", "roof"):
                here.clock.pass_by(120)
                if place == "roof":
                    await listening("the roof has a beacon")
                    await keys(pilot, "2 1")
                else:
                    await resting("the shed has only a label")
                    await scan(pilot, label(f"point:{place}"))
            await listening("the last stop waits")
            here.clock.pass_by(120)
            await scan(pilot, label("point:east"))
            await half_a_minute()
            await resting("all is done")
            await keys(pilot, "enter enter 9 enter")
            await resting("at home again")
        assert "round.finished" in here.kinds()


async def test_the_plan_in_force_sets_how_long_a_scan_is(bluez: BlueZ, tmp_path: Path) -> None:
    counted: list[int] = []
    for window_ms in (500, 2000):
        plan = replace(PLAN, settings=replace(PLAN.settings, scan_window_ms=window_ms))
        with world(tmp_path / str(window_ms), pages(plan)) as here:
            heard = reader(Settings(data_dir=tmp_path), here.clock, here.book)
            app = here.terminal(radio=heard)
            async with app.run_test(size=SMALL) as pilot:
                await begin(pilot)
                before = len(bluez.calls)
                await asyncio.sleep(2.2)
                counted.append(sum(member == "StartDiscovery" for member, _ in bluez.calls[before:]))
    assert counted[0] >= 3 > counted[1]


class Hasty(Terminal):
    """Looks sooner than after half a minute whether the beacon is still waited for."""

    PAIR_S: ClassVar[float] = 0.5


def brisk() -> TagReader:
    return BleReader(None, SystemClock(), lambda: BRISK)
