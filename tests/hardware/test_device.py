"""The handheld around the program: battery, lights, motor, sounder, side keys, on a sysfs of files."""

import asyncio
import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.settings import SettingsRefused
from hardware import feel, lights, side_keys
from hardware.evdev import KEY, PRESSED, RELEASED, SIZE, Event, events, packed
from hardware.feel import Indicator, Pulses, Together
from hardware.lights import Backlight, Light, Torch
from hardware.power import Battery, battery
from hardware.side_keys import BOUNCE_S, Pressed, SideKey, SideKeys, devices, parse, pressed_codes

SOS = 183


def supply(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def light(folder: Path, level: int = 0, brightest: int = 255) -> Light:
    supply(folder, brightness=f"{level}\n", max_brightness=f"{brightest}\n")
    return Light(folder)


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("Discharging\n", Battery(77)),
        ("Charging\n", Battery(77, charging=True)),
        ("Full\n", Battery(77, charging=True)),
        ("Not charging\n", Battery(77, charging=True)),
        ("Unknown\n", Battery(77)),
    ],
)
def test_the_battery_tells_its_charge_and_whether_it_grows(tmp_path: Path, status: str, found: Battery) -> None:
    supply(tmp_path / "AC")
    supply(tmp_path / "BAT0", capacity="77\n", status=status)
    assert battery(tmp_path) == found


@pytest.mark.parametrize("capacity", ["", "full", "101", "-1", "7\x00"])
def test_a_battery_that_tells_nonsense_is_none(tmp_path: Path, capacity: str) -> None:
    supply(tmp_path / "BAT0", capacity=capacity)
    assert battery(tmp_path) is None


def test_the_battery_of_a_scanner_beside_it_is_not_the_handhelds(tmp_path: Path) -> None:
    supply(tmp_path / "hid-scanner", capacity="3", scope="Device")
    assert battery(tmp_path) is None
    supply(tmp_path / "z-battery", capacity="60", scope="System")
    assert battery(tmp_path) == Battery(60)


def test_without_a_battery_or_a_sysfs_there_is_none(tmp_path: Path) -> None:
    assert battery(tmp_path / "nowhere") is None


def test_the_screen_is_dimmed_once_and_gets_its_own_light_back(tmp_path: Path) -> None:
    panel = light(tmp_path / "panel", level=180)
    screen = Backlight(panel)
    screen.dim()
    screen.dim()
    assert panel.level == 51
    screen.restore()
    assert panel.level == 180
    panel.set(90)
    screen.restore()
    assert panel.level == 90, "what somebody set meanwhile stays"


def test_a_screen_darker_than_dimmed_stays_as_it_is(tmp_path: Path) -> None:
    panel = light(tmp_path / "panel", level=10)
    screen = Backlight(panel)
    screen.dim()
    assert panel.level == 10
    screen.restore()
    assert panel.level == 10


def test_the_torch_goes_on_and_off_and_says_when_it_may_not_be_switched(tmp_path: Path) -> None:
    light(tmp_path / "white:torch", brightest=3)
    found = lights.torch(tmp_path)
    assert found is not None
    torch = Torch(found)
    assert (torch.switch(), found.level, torch.on) == (True, 3, True)
    assert (torch.switch(), found.level, torch.on) == (True, 0, False)
    (tmp_path / "white:torch" / "brightness").unlink()
    (tmp_path / "white:torch" / "brightness").mkdir()
    assert (torch.switch(), torch.on) == (False, False)


def test_lights_are_known_by_their_kernel_names(tmp_path: Path) -> None:
    for name in ("input3::capslock", "platform:green:status", "platform:red:fault"):
        light(tmp_path / name)
    assert lights.torch(tmp_path) is None
    assert lights.indicator("red", tmp_path) is None, "a fault light is the kernel's"
    green = lights.indicator("green", tmp_path)
    assert green is not None
    assert green.folder.name == "platform:green:status"
    assert lights.backlight(tmp_path / "nowhere") is None


async def test_the_indicator_is_green_for_a_tick_red_for_a_no_and_goes_out(tmp_path: Path) -> None:
    green, red = light(tmp_path / "a:green:status"), light(tmp_path / "a:red:status")
    signals = Indicator(green, red)
    signals.signal("no")
    assert (green.level, red.level) == (0, 255)
    signals.signal("mark")
    assert (green.level, red.level) == (255, 255)
    await asyncio.sleep(0.7)
    assert (green.level, red.level) == (0, 0)
    Indicator(None, None).signal("ok")


async def test_by_night_the_motor_speaks_and_the_sounder_is_silent() -> None:
    said: list[tuple[str, str, int]] = []

    def pulse(what: str) -> Callable[[str, int], None]:
        return lambda kind, ms: said.append((what, kind, ms))

    night = True
    both = Together(Pulses(pulse("sound"), lambda: night), Pulses(pulse("motor"), lambda: not night))
    both.signal("mark")
    both.signal("unheard-of")
    await asyncio.sleep(0.4)
    assert said == [("motor", "mark", 80), ("motor", "mark", 80)]
    night = False
    both.signal("no")
    assert said[2:] == [("sound", "no", 300)]


def test_an_android_kernels_motor_is_a_led_or_a_timed_output(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    supply(tmp_path / "leds" / "vibrator", duration="0", activate="0")
    motor = feel.vibration(nothing, nothing, tmp_path / "leds", nothing)
    assert motor is not None
    motor("ok", 80)
    assert (tmp_path / "leds/vibrator/duration").read_text() == "80"
    assert (tmp_path / "leds/vibrator/activate").read_text() == "1"
    (tmp_path / "enable").write_text("0")
    motor = feel.vibration(nothing, nothing, nothing, tmp_path / "enable")
    assert motor is not None
    motor("no", 300)
    assert (tmp_path / "enable").read_text() == "300"
    assert feel.vibration(nothing, nothing, nothing, nothing) is None


async def test_the_sounder_is_the_input_device_that_can_make_tones(tmp_path: Path) -> None:
    for name, bitmap in (("event0", "0"), ("event4", "6"), ("event5", "zz")):
        supply(tmp_path / "input" / name / "device" / "capabilities", snd=bitmap)
        (tmp_path / name).touch()
    sounder = feel.tone(tmp_path / "input", tmp_path)
    assert sounder is not None
    sounder("no", 50)
    await asyncio.sleep(0.1)
    assert events((tmp_path / "event4").read_bytes()) == [Event(0x12, 2, 220), Event(0x12, 2, 0)]
    assert feel.tone(tmp_path / "nowhere", tmp_path) is None


def test_the_motor_is_found_by_the_bit_of_a_rumble_and_a_device_that_refuses_is_no_fault(tmp_path: Path) -> None:
    words = f"{1 << (0x50 - 64):x} 0" if ctypes.sizeof(ctypes.c_long) == 8 else f"{1 << (0x50 - 64):x} 0 0"
    supply(tmp_path / "input" / "event7" / "device" / "capabilities", ff=words)
    (tmp_path / "event7").touch()
    motor = feel.vibration(tmp_path / "input", tmp_path, tmp_path / "no-leds", tmp_path / "no-android")
    assert motor is not None
    motor("ok", 80)  # a file takes no effect: ENOTTY
    assert (tmp_path / "event7").read_bytes() == b""


def test_a_rumble_has_the_kernels_layout() -> None:
    class Periodic(ctypes.Structure):
        _fields_ = [
            ("head", ctypes.c_uint16 * 5),
            ("envelope", ctypes.c_uint16 * 4),
            ("custom_len", ctypes.c_uint32),
            ("custom_data", ctypes.c_void_p),
        ]

    class Effect(ctypes.Structure):
        _fields_ = [
            ("type", ctypes.c_uint16),
            ("id", ctypes.c_int16),
            ("direction", ctypes.c_uint16),
            ("trigger", ctypes.c_uint16 * 2),
            ("replay", ctypes.c_uint16 * 2),
            ("union", Periodic),
        ]

    packed_effect = feel._EFFECT.pack(0x50, -1, 0, 0, 0, 80, 0, 0xC000, 0x4000)
    assert len(packed_effect) == ctypes.sizeof(Effect)
    read = Effect.from_buffer_copy(packed_effect)
    assert (read.type, read.id, read.replay[0], read.union.head[0], read.union.head[1]) == (
        0x50,
        -1,
        80,
        0xC000,
        0x4000,
    )


# -- side keys ---------------------------------------------------------------------------------


def test_a_side_key_is_written_as_device_code_and_action() -> None:
    assert parse("/dev/input/by-path/platform-keys-event:183=alarm, /dev/input/event2:184=torch") == (
        SideKey("/dev/input/by-path/platform-keys-event", 183, "alarm"),
        SideKey("/dev/input/event2", 184, "torch"),
    )
    assert parse("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "183=alarm",
        "/dev/x:=alarm",
        "/dev/x:183",
        "/dev/x:183=quit",
        "/dev/x:٣=alarm",
        "/a:1=alarm," * 9,
        f"/dev/x:{'9' * 5000}=alarm",
    ],
)
def test_a_side_key_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(SettingsRefused):
        parse(text)


async def test_a_short_press_and_a_held_one_are_two_things(tmp_path: Path) -> None:
    device = tmp_path / "keys"
    os.mkfifo(device)
    writer = os.open(device, os.O_RDWR)
    heard: list[Pressed] = []
    sides = SideKeys((SideKey(str(device), SOS, "alarm"), SideKey(str(tmp_path / "gone"), 1, "torch")), heard.append)
    sides.start()

    def shortly(code: int) -> bytes:
        return packed(Event(KEY, code, PRESSED)) + packed(Event(KEY, code, RELEASED))

    async def told(count: int) -> None:
        async with asyncio.timeout(20):
            while len(heard) < count:
                await asyncio.sleep(0.01)

    os.write(writer, shortly(30) + shortly(SOS))
    await told(1)
    assert heard == [Pressed("alarm", held=False)]
    os.write(writer, packed(Event(KEY, SOS, PRESSED)))
    await told(2)
    os.write(writer, packed(Event(KEY, SOS, RELEASED)))
    await asyncio.sleep(2 * BOUNCE_S)
    os.write(writer, shortly(SOS) * 3)
    await told(3)
    assert heard[1:] == [Pressed("alarm", held=True), Pressed("alarm", held=False)], "told once, when the time is over"
    os.write(writer, shortly(SOS) + packed(Event(KEY, SOS, PRESSED)))
    await told(4)
    assert heard[3:] == [Pressed("alarm", held=True)], "a contact that bounces is still held"
    sides.stop()
    os.close(writer)


@pytest.mark.parametrize(
    ("moves", "bounce_s", "told"),
    [
        (((0.1, 1), (0.2, 0), (0.32, 1), (0.42, 0)), BOUNCE_S, (False, False)),
        (((0.1, 1), (0.2, 0), (0.24, 1), (0.42, 0)), BOUNCE_S, (False,)),
        (((0.1, 1), (1.3, 0)), BOUNCE_S, (True,)),
        (((0.1, 1), (0.2, 0)), 1.2, (False,)),
    ],
    ids=["pressed twice", "bounced", "held", "let go just before it was held"],
)
async def test_what_is_read_late_was_not_pressed_late(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moves: tuple[tuple[float, int], ...],
    bounce_s: float,
    told: tuple[bool, ...],
) -> None:
    monkeypatch.setattr(side_keys, "BOUNCE_S", bounce_s)
    device = tmp_path / "keys"
    os.mkfifo(device)
    writer = os.open(device, os.O_RDWR)
    heard: list[bool] = []
    sides = SideKeys((SideKey(str(device), SOS, "alarm"),), lambda pressed: heard.append(pressed.held))
    sides.start()
    os.write(writer, b"".join(packed(Event(KEY, SOS, value, at)) for at, value in moves))
    async with asyncio.timeout(20):
        while len(heard) < len(told):
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert tuple(heard) == told
    sides.stop()
    os.close(writer)


def test_the_fitter_is_told_which_key_was_pressed(tmp_path: Path) -> None:
    (tmp_path / "by-path").mkdir()
    os.mkfifo(tmp_path / "event1")
    os.mkfifo(tmp_path / "event2")
    (tmp_path / "by-path" / "platform-gpio-event").symlink_to("../event2")
    found = devices(tmp_path)
    assert [path.name for path in found] == ["platform-gpio-event", "event1"]
    writer = os.open(tmp_path / "event2", os.O_RDWR)
    os.write(writer, packed(Event(KEY, SOS, PRESSED)) + packed(Event(KEY, SOS, RELEASED)))
    assert list(pressed_codes(found, 0.3)) == [(tmp_path / "by-path" / "platform-gpio-event", SOS)]
    os.close(writer)
    assert SIZE in (16, 24)
