"""Real bleak on the virtual radio: what the crew hears, and the sentence for everything that can go wrong."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final

import pytest
from msgspec.structs import replace

from app.duties.evidence import Nearness, Sample, judge_near
from app.duties.site import Settings
from app.ports import LABEL, Heard, Moment, RadioState, Sighting
from app.text import cells
from app.words.radio import TABLE
from hardware.ble import BleReader, Pace, pace_of, radio
from hardware.clock import SystemClock
from tests.virtual_radio import FORBID_BLUEZ, BlueZ, PrivateBus, VirtualTag, patrol_tag

SITE: Final = "fda50693-a4e2-4fb1-afcf-c6eb07647825"
STAIR: Final = ("ibeacon", f"{SITE}/10001/7")
CELLAR: Final = ("eddystone-uid", "12345678901234678901/000000000001")
BRISK: Final = Pace(window=0.12, eager=60, start=3, stop=3, busy=(0.02, 0.02, 0.02), again=(0.05, 0.1))
"""Everything as in the field, only sooner."""
HASTY: Final = replace(BRISK, start=0.3, stop=0.3)
"""For a service that hangs; also a busy machine may let it wait for so long."""
RFKILLED: Final = ("org.bluez.Error.Failed", "Blocked through rfkill")


class Ear:
    """Listens in the background and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._more = asyncio.Event()

    async def listen(self, reader: BleReader, wanted: frozenset[tuple[str, str]]) -> None:
        async for heard in reader.listen(wanted):
            self.heard.append(heard)
            self._more.set()

    @property
    def sightings(self) -> list[Sighting]:
        return [heard for heard in self.heard if isinstance(heard, Sighting)]

    @property
    def faults(self) -> list[str | None]:
        return [heard.fault for heard in self.heard if isinstance(heard, RadioState)]

    async def until(self, reached: Callable[[], bool], limit_s: float = 20) -> float:
        """Seconds until `reached`. Fails with what was heard when it is not."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not reached():
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), began + limit_s - loop.time())
            except TimeoutError:
                pytest.fail(f"not within {limit_s} s; states {self.faults}, {len(self.sightings)} sightings")
        return loop.time() - began

    async def until_fault(self, fault: str | None, limit_s: float = 20) -> float:
        return await self.until(lambda: self.faults[-1:] == [fault], limit_s)

    async def until_heard(self, count: int, limit_s: float = 20) -> float:
        """Seconds until `count` more sightings."""
        wanted = len(self.sightings) + count
        return await self.until(lambda: len(self.sightings) >= wanted, limit_s)


@asynccontextmanager
async def listening(reader: BleReader, *wanted: tuple[str, str]) -> AsyncIterator[Ear]:
    ear = Ear()
    task = asyncio.create_task(ear.listen(reader, frozenset(wanted or (STAIR,))))
    try:
        yield ear
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def reader(pace: Pace = BRISK, adapter: str | None = None) -> BleReader:
    return BleReader(adapter, SystemClock(), lambda: pace)


class Failing(SystemClock):
    """A clock that cannot be read, until it can."""

    broken = True

    def now(self) -> Moment:
        if self.broken:
            raise OSError(5, "Input/output error")
        return super().now()


def test_the_plan_sets_window_and_pause() -> None:
    assert pace_of(Settings()) == Pace()
    told = pace_of(Settings(scan_window_ms=2000, scan_pause_ms=500))
    assert (told.window, told.off, told.rest_after) == (2.0, 0.5, 300.0)


# -- hearing ------------------------------------------------------------------------------------


async def test_a_patrol_tag_in_the_air_is_heard_through_real_bleak(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    one = reader()
    before = SystemClock().now().up
    async with listening(one) as ear:
        await ear.until_heard(1)
        assert one.backend == "bluez_dbus"
    tag = ear.sightings[0]
    assert (tag.format, tag.tag) == STAIR
    assert (tag.address, tag.rssi, tag.power_1m) == ("C0:11:22:33:44:55", -61, -59)
    assert tag.frame.startswith("m004c:0215fda50693")
    assert before <= tag.up <= SystemClock().now().up
    assert ear.faults == [None]


async def test_windows_hear_a_tag_again_and_again_though_the_kernel_filters_duplicates(bluez: BlueZ) -> None:
    bluez.enter(*(patrol_tag("ibeacon", f"{SITE}/1/{n}", f"C0:00:00:00:00:{n:02X}", -70, 0.02) for n in range(20)))
    async with listening(reader()) as ear:
        await ear.until(lambda: len(ear.sightings) >= 100)
    per_tag = [sum(s.tag == f"{SITE}/1/{n}" for s in ear.sightings) for n in range(20)]
    assert min(per_tag) >= 4, "every window is a fresh scan, so every tag is heard in every window"
    starts = sum(member == "StartDiscovery" for member, _ in bluez.calls)
    assert max(per_tag) <= starts, "the double did filter: never twice in one scan"


@pytest.mark.parametrize("wobble", [0, 3], ids=["same level", "level moves a little"])
async def test_a_kernel_that_filters_nothing_lets_every_packet_through(bus: PrivateBus, wobble: int) -> None:
    daemon = BlueZ(bus.address, filters_duplicates=False)
    await daemon.start()
    daemon.plug()
    levels = itertools.cycle((-61, -61 - wobble))
    daemon.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", lambda: next(levels), 0.02))
    async with listening(reader(Pace(window=5))) as ear:
        await ear.until_heard(20)
    assert {s.rssi for s in ear.sightings} == {-61, -61 - wobble}
    await daemon.close()


async def test_both_formats_and_strangers_are_told_apart(bluez: BlueZ) -> None:
    bluez.enter(
        patrol_tag(*STAIR, "C0:00:00:00:00:01", -60),
        patrol_tag(*CELLAR, "C0:00:00:00:00:02", -70),
        VirtualTag("C0:00:00:00:00:03", -80, {0x0075: b"\x42\x04"}, name="tv\x1b[2J"),
    )
    async with listening(reader()) as ear:
        await ear.until(lambda: len({s.address for s in ear.sightings}) == 3)
    found = {s.address[-2:]: s for s in ear.sightings}
    assert (found["01"].format, found["02"].format, found["03"].format) == ("ibeacon", "eddystone-uid", None)
    assert found["02"].tag == CELLAR[1]
    assert found["02"].power_1m == -59, "said at 0 m, 41 dB less at 1 m"
    assert found["03"].frame == "m0075:4204"
    assert found["03"].name == "tv\ufffd[2J", "a device's name cannot drive the terminal"


async def test_a_device_remembered_is_never_a_sighting(bluez: BlueZ) -> None:
    tag = patrol_tag(*STAIR, "C0:11:22:33:44:55", -61)
    async with listening(reader(Pace(window=5))) as ear:
        await ear.until_fault(None)
        bluez.receive(tag, -61)
        await ear.until_heard(1)
        bluez.forget_level(tag.address)  # bleak calls back with rssi -127 and yesterday's data
        bluez.trust(tag.address)
        await asyncio.sleep(0.1)
        assert len(ear.sightings) == 1
        bluez.enter(patrol_tag(*CELLAR, "C0:11:22:33:44:66", -70))
        await ear.until_heard(1)
    assert [s.rssi for s in ear.sightings] == [-61, -70]


async def test_a_device_that_bluez_garbles_does_not_deafen(bluez: BlueZ) -> None:
    async with listening(reader()) as ear:
        await ear.until_fault(None)
        bluez.garble("C0:00:00:00:00:99")
        bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
        await ear.until_heard(3)
    assert ear.faults == [None]


async def test_a_crew_that_stands_before_the_tag_is_near_within_six_seconds(bluez: BlueZ) -> None:
    bluez.enter(
        patrol_tag(*STAIR, "C0:11:22:33:44:55", -60, 0.5),
        patrol_tag(*CELLAR, "C0:11:22:33:44:66", -75, 0.5),  # the floor below
    )
    one = BleReader()  # windows of one second, with the kernel's filter: a sample a second
    seen: dict[str | None, list[Sample]] = {}
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(10), aclosing(one.listen(frozenset({STAIR}))) as stream:
        async for heard in stream:
            if not isinstance(heard, Sighting):
                continue
            seen.setdefault(heard.tag, []).append(Sample(heard.up, heard.rssi))
            rivals = [samples for tag, samples in seen.items() if tag != STAIR[1]]
            near = judge_near(seen.get(STAIR[1], []), rivals, -67, False, heard.up)
            if near.state is Nearness.NEAR:
                break
    assert asyncio.get_running_loop().time() - began < 6
    assert len(seen[STAIR[1]]) <= 5


# -- the receiver costs battery -----------------------------------------------------------------


async def test_the_receiver_is_off_as_soon_as_nobody_listens(bluez: BlueZ) -> None:
    one = reader()
    async with listening(one) as ear:
        await ear.until_fault(None)
        assert bluez.discovers()
    assert not bluez.discovers()
    async with listening(one) as ear:
        await ear.until_fault(None)
    assert not bluez.discovers()


async def test_leaving_while_the_scan_starts_leaves_no_scan_behind(bluez: BlueZ) -> None:
    one = reader()
    for wait_s in (0.0, 0.001, 0.002, 0.004, 0.008):
        async with listening(one):
            await asyncio.sleep(wait_s)
    async with listening(one) as ear:
        await ear.until_fault(None)
        assert ear.faults == [None], "an unseen scan would have made this one InProgress"
    assert not bluez.discovers()


@pytest.mark.parametrize("wanted", [(), ((LABEL, "gate-3"),)], ids=["nothing", "only a label"])
async def test_with_no_tag_to_hear_the_radio_stays_off(bluez: BlueZ, wanted: tuple[tuple[str, str], ...]) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61, 0.01))
    heard = reader().listen(frozenset(wanted))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(aiter(heard)), 0.2)
    assert bluez.calls == []


async def test_it_listens_eagerly_then_less_then_rests_until_a_key(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61, 0.02))
    one = reader(Pace(window=0.05, eager=0.6, off=0.6, rest_after=2.0))
    async with listening(one) as ear:
        await ear.until_fault("radio.resting")
        assert not bluez.discovers()
        windows = sum(member == "StartDiscovery" for member, _ in bluez.calls)
        assert 3 <= windows <= 15, "0.6 s back to back, then one in 0.65 s"
        count = len(ear.sightings)
        await asyncio.sleep(0.2)
        assert len(ear.sightings) == count
        one.poke()
        await ear.until_fault(None)
        await ear.until_heard(1)


# -- what goes wrong ----------------------------------------------------------------------------


async def test_no_bus_is_said_and_mends_itself(bus: PrivateBus) -> None:
    bus.kill()  # the socket is there and nobody behind it
    async with listening(reader()) as ear:
        await ear.until_fault("radio.bus")
        bus.start()
        daemon = BlueZ(bus.address)
        await ear.until_fault("radio.service")
        await daemon.start()
        await ear.until_fault("radio.absent")
        daemon.plug()
        daemon.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
        await ear.until_heard(1)
    assert ear.faults == ["radio.bus", "radio.service", "radio.absent", None], "each change is said once"
    await daemon.close()


async def test_a_system_without_a_bus_works_with_codes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    async with listening(reader()) as ear:
        await ear.until_fault("radio.none")


async def test_a_handheld_told_to_use_codes_only_leaves_bluetooth_alone(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61, 0.01))
    heard = radio("none", SystemClock()).listen(frozenset({STAIR}))
    assert await anext(heard) == RadioState("radio.none")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(heard), 0.2)
    assert bluez.calls == []


async def test_a_user_without_permission_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    private = PrivateBus(FORBID_BLUEZ)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private.address)
    daemon = BlueZ(private.address)
    await daemon.start()
    daemon.plug()
    async with listening(reader()) as ear:
        await ear.until_fault("radio.denied")
    await daemon.close()
    private.close()


async def test_an_adapter_that_is_missing_or_not_low_energy_is_absent(bluez: BlueZ) -> None:
    bluez.unplug()
    async with listening(reader()) as ear:
        await ear.until_fault("radio.absent")
        bluez.plug("hci1", roles=("peripheral",))
        await asyncio.sleep(0.2)
        assert ear.faults == ["radio.absent"]
        bluez.plug("hci2")
        await ear.until_fault(None)


async def test_an_adapter_named_in_the_settings_and_missing_is_absent(bluez: BlueZ) -> None:
    async with listening(reader(adapter="hci7")) as ear:
        await ear.until_fault("radio.absent")
        bluez.plug("hci7")
        await ear.until_fault(None)


@pytest.mark.parametrize("adapter", [None, "hci0"], ids=["any adapter", "adapter named"])
async def test_bluetooth_found_off_is_switched_on_once_and_nobody_bothered(bluez: BlueZ, adapter: str | None) -> None:
    bluez.power(on=False)
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    one = reader(adapter=adapter)
    async with listening(one) as ear:
        await ear.until_heard(1)
        assert ear.faults == [None]
        bluez.power(on=False)
        await ear.until_fault("radio.off")
        await asyncio.sleep(0.3)
        assert ear.faults == [None, "radio.off"], "whoever switched it off while we listened meant it"
        assert sum(member == "Set" for member, _ in bluez.calls) == 1
    async with listening(one) as ear:  # the next stop
        await ear.until_heard(1)
        assert ear.faults == [None]


async def test_an_answer_that_is_none_is_no_reason_to_fall(bluez: BlueZ) -> None:
    bluez.errors["SetDiscoveryFilter"] = ("org.bluez.Error.NotReady", "Resource Not Ready")
    bluez.conceal()
    async with listening(reader(adapter="hci0")) as ear:
        await ear.until_fault("radio.off")


async def test_only_the_adapter_in_use_is_switched_on(bluez: BlueZ) -> None:
    bluez.power(on=False)
    bluez.plug("hci1", powered=False)
    async with listening(reader(adapter="hci1")) as ear:
        await ear.until_fault(None)
    assert [path for member, path in bluez.calls if member == "Set"] == ["/org/bluez/hci1"]


@pytest.mark.parametrize("adapter", [None, "hci0"], ids=["any adapter", "adapter named"])
async def test_bluetooth_that_cannot_be_switched_on_is_noticed_each_time(bluez: BlueZ, adapter: str | None) -> None:
    bluez.errors["Set"] = RFKILLED
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    async with listening(reader(adapter=adapter)) as ear:
        for _ in range(2):
            await ear.until_heard(1)
            bluez.power(on=False)
            await ear.until_fault("radio.off")
            bluez.power(on=True)
            await ear.until_fault(None)


async def test_a_bluez_too_old_to_say_its_roles_is_named(bluez: BlueZ) -> None:
    bluez.unplug()
    bluez.plug(roles=None)
    async with listening(reader()) as ear:
        await ear.until_fault("radio.old")


async def test_a_busy_adapter_is_asked_again_before_anybody_is_told(bluez: BlueZ) -> None:
    bluez.errors["StartDiscovery"] = ("org.bluez.Error.InProgress", "Operation already in progress")
    async with listening(reader()) as ear:
        await ear.until_fault("radio.busy")
        assert sum(member == "StartDiscovery" for member, _ in bluez.calls) == 4
        bluez.errors.clear()
        await ear.until_fault(None)


async def test_an_adapter_busy_only_for_a_moment_is_not_mentioned(bluez: BlueZ) -> None:
    bluez.errors["StartDiscovery"] = ("org.bluez.Error.InProgress", "Operation already in progress")
    async with listening(reader(Pace(busy=(0.1, 0.1, 0.1)))) as ear:
        while not bluez.calls or bluez.calls[-1][0] != "StartDiscovery":
            await asyncio.sleep(0.005)
        bluez.errors.clear()
        await ear.until_fault(None)
    assert ear.faults == [None]


async def test_a_service_that_hangs_is_said_and_heard_again_once_it_answers(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    async with listening(reader(HASTY)) as ear:
        await ear.until_heard(1)
        bluez.hang()
        await ear.until_fault("radio.hung")
        bluez.wake()
        await ear.until_fault(None)
        await ear.until_heard(3)


async def test_a_scan_that_began_late_is_the_scan_that_is_used(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    bluez.hang("StartDiscovery")
    async with listening(reader(HASTY)) as ear:
        await ear.until_fault("radio.hung")
        await asyncio.sleep(0.3)
        bluez.wake()
        await ear.until_heard(1)
    assert ear.faults == ["radio.hung", None], "given up, it would have made the next one InProgress"


async def test_leaving_a_service_that_hangs_is_quick_and_leaves_no_scan(bluez: BlueZ) -> None:
    one = reader(HASTY)
    bluez.hang()
    async with listening(one) as ear:
        await ear.until_fault("radio.hung")
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 5
    async with listening(one) as ear:
        await ear.until_fault("radio.hung")
        bluez.wake()
        await ear.until_fault(None)
    assert not bluez.discovers()


async def test_an_error_nobody_foresaw_is_still_a_sentence(bluez: BlueZ) -> None:
    bluez.errors["SetDiscoveryFilter"] = ("org.bluez.Error.Failed", "Software caused \x1b[31mconnection abort")
    async with listening(reader()) as ear:
        await ear.until_fault("radio.failed")
        state = next(heard for heard in ear.heard if isinstance(heard, RadioState))
        assert "connection abort" in state.detail
        assert "\x1b" not in state.detail
        bluez.errors.clear()
        await ear.until_fault(None)


async def test_a_packet_that_cannot_be_taken_in_is_said_and_the_next_one_is_heard(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    clock = Failing()
    async with listening(BleReader(None, clock, lambda: BRISK)) as ear:
        await ear.until_fault("radio.garbled")
        clock.broken = False
        await ear.until_fault(None)
        await ear.until_heard(1)
    assert ear.faults == [None, "radio.garbled", None]


async def test_silence_of_every_device_is_suspicious_and_forgiven(bluez: BlueZ) -> None:
    async with listening(reader(Pace(window=0.1, silence=0.4))) as ear:
        await ear.until_fault("radio.stuck")
        bluez.enter(VirtualTag("C0:00:00:00:00:03", -80, {0x0075: b"\x42"}))
        await ear.until_fault(None)
        await ear.until_heard(1)
    assert ear.faults == [None, "radio.stuck", None]


# -- what dies in the middle of a scan ----------------------------------------------------------


async def test_the_round_goes_on_after_bluetoothd_was_restarted(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    async with listening(reader(Pace())) as ear:  # the pace of the field
        await ear.until_heard(1)
        await bluez.stop()
        await ear.until_fault("radio.service")
        await bluez.start()
        assert await ear.until_heard(1) < 5
    assert ear.faults == [None, "radio.service", None]


async def test_a_restart_between_two_windows_is_not_even_noticed(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    async with listening(reader(Pace(window=0.5))) as ear:
        await ear.until_heard(1)
        await bluez.stop()
        await bluez.start()
        assert await ear.until_heard(2) < 5
    assert ear.faults == [None]


async def test_an_adapter_pulled_out_and_put_back_is_used_again(bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    async with listening(reader()) as ear:
        await ear.until_heard(1)
        bluez.unplug()
        await ear.until_fault("radio.absent")
        bluez.plug()
        await ear.until_heard(1)


async def test_a_bus_that_crashes_in_the_middle_is_found_again(bus: PrivateBus, bluez: BlueZ) -> None:
    bluez.enter(patrol_tag(*STAIR, "C0:11:22:33:44:55", -61))
    async with listening(reader()) as ear:
        await ear.until_heard(1)
        bus.kill()
        await bluez.stop()
        await ear.until_fault("radio.bus")
        bus.start()
        await bluez.start()
        await ear.until_heard(1)


# -- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in TABLE if not name.startswith("feed")])
def test_the_sentence_fits_two_lines_of_a_small_screen(name: str) -> None:
    for sentence in TABLE[name]:
        assert cells(sentence) <= 2 * 38
