"""A scanner read as an input device: what its keys spell, held alone, unplugged and back.

There is no /dev/input where these run. Real `input_event` structures come through a FIFO, and what the kernel says
to the exclusive hold is stood in for where it would say yes or "busy"; that it says "no input device" is its own word.
"""

import asyncio
import errno
import os
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import codes
from app.ports import Scan, ScannerState
from app.words import say
from hardware.clock import SystemClock
from hardware.evdev import EVIOCGRAB, SIZE, Event, events, grab, packed
from hardware.keyboard_scanner import Keyboard, KeyboardLine, keyboard_scanner, keyboards
from hardware.line_scanner import LineScanner

LABEL = codes.make(3, b"0123456789")
SHIFT, CTRL, ALT, CAPS, ENTER, TAB = 42, 29, 56, 58, 28, 15
US = {
    **dict(zip("1234567890-=", range(2, 14), strict=True)),
    **dict(zip("qwertyuiop[]", range(16, 28), strict=True)),
    **dict(zip("asdfghjkl;'`", range(30, 42), strict=True)),
    **dict(zip("\\zxcvbnm,./", range(43, 54), strict=True)),
    " ": 57,
}
"""A US keyboard's keys, linux/input-event-codes.h."""
SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
KEYPAD = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))


def stroke(code: int, *held: int) -> list[tuple[int, int]]:
    """A key pressed and let go, with `held` down meanwhile."""
    return [*((key, 1) for key in held), (code, 1), (code, 0), *((key, 0) for key in held)]


def strokes(text: str) -> list[tuple[int, int]]:
    """What a scanner set to a US keyboard sends for `text`."""
    keys: list[tuple[int, int]] = []
    for char in text:
        if char in US:
            keys += stroke(US[char])
        elif char in SHIFTED:
            keys += stroke(US[SHIFTED[char]], SHIFT)
        else:
            keys += stroke(US[char.lower()], SHIFT)
    return keys


def alt(number: int | str) -> list[tuple[int, int]]:
    """Alt held while the digits of `number` are typed on the keypad."""
    inside = [key for digit in str(number) for key in stroke(KEYPAD[digit])]
    return [(ALT, 1), *inside, (ALT, 0)]


def raw(keys: list[tuple[int, int]]) -> bytes:
    """Each key with its scan code before and the report after it, as the kernel gives them."""
    out = b""
    for code, value in keys:
        out += b"".join(
            map(packed, (Event(4, 4, 0x70000 + code, 1.5), Event(1, code, value, 1.5), Event(0, 0, 0, 1.5)))
        )
    return out


def read(*parts: bytes) -> list[str]:
    keyboard = Keyboard()
    return [text for part in parts for text in keyboard.feed(part, 100.0)]


def test_an_event_is_laid_out_as_the_kernel_does_on_this_machine() -> None:
    assert struct.calcsize("@llHHi") == SIZE == (24 if struct.calcsize("l") == 8 else 16)
    assert events(struct.pack("@llHHi", 7, 250_000, 1, 30, 1) + b"half") == [Event(1, 30, 1, 7.25)]
    assert EVIOCGRAB == 0x40044590


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60))
def test_every_printed_character_is_read_as_it_is_scanned(text: str) -> None:
    wanted = [text.strip(" ")] if text.strip(" ") else []
    assert read(raw([*strokes(text), *stroke(ENTER)])) == wanted


@pytest.mark.parametrize("end", [ENTER, TAB, 96])
def test_our_codes_with_and_without_aim_identifier_are_whole(end: int) -> None:
    for text in (LABEL, f"]Q1{LABEL}", f"HTTPS://W.EXAMPLE.CN/P/{LABEL[4:]}"):
        assert read(raw([*strokes(text), *stroke(end)])) == [text]
        assert codes.parse(text) is not None


def test_caps_lock_of_a_scanner_turns_letters_and_nothing_else() -> None:
    capitals = [key for char in "WB1:03ABC" for key in (strokes(char.lower()) if char.isalpha() else strokes(char))]
    assert read(raw([*stroke(CAPS), *capitals, *stroke(CAPS), *strokes("-x"), *stroke(ENTER)])) == ["WB1:03ABC-x"]
    assert read(raw([*stroke(CAPS), *strokes("Ab"), *stroke(ENTER)])) == ["aB"], "shift turns them back"


def test_num_lock_does_not_turn_digits_into_arrows() -> None:
    keypad = [key for digit in "7894561230" for key in stroke(KEYPAD[digit])]
    for keys in (keypad, [*stroke(69), *keypad]):
        assert read(raw([*keys, *stroke(ENTER)])) == ["7894561230"]


def test_alt_and_the_keypad_spell_any_byte() -> None:
    text = "]Q1" + LABEL
    assert read(raw([*(key for char in text for key in alt(f"{ord(char):03}")), *stroke(ENTER)])) == [text]
    for gbk in ([int.from_bytes(char.encode("gbk"), "big") for char in "配电"], list("配电".encode("gbk"))):
        assert read(raw([*(key for number in gbk for key in alt(number)), *stroke(ENTER)])) == ["配电"]
    assert read(raw([*alt(65), *alt(0), *alt(999999), *alt(""), *strokes("b"), *alt("013")])) == ["Ab"]


def test_control_characters_sent_with_ctrl_are_control_characters() -> None:
    gs = stroke(US["]"], CTRL)
    assert read(raw([*strokes("01"), *gs, *strokes("21"), *stroke(US["m"], CTRL)])) == ["01\x1d21"]
    assert read(raw([*strokes("noise"), *stroke(US["b"], CTRL), *strokes("x"), *stroke(US["c"], CTRL)])) == ["x"]


def test_a_key_that_repeats_counts_once_and_keys_nobody_knows_count_nothing() -> None:
    stuck = [(US["4"], 1), *[(US["4"], 2)] * 50, (US["4"], 0)]
    assert read(raw([*stuck, *stroke(999), *stroke(67), *strokes("2"), *stroke(ENTER)])) == ["42"]


def test_a_code_of_which_the_kernel_lost_keys_is_dropped_whole() -> None:
    lost = packed(Event(0, 3, 0))
    assert read(raw([*strokes("WB1:0"), (SHIFT, 1)]), lost, raw([*strokes("ok1"), *stroke(ENTER)])) == ["ok1"]


@given(st.data())
def test_events_may_come_in_any_pieces(data: st.DataObject) -> None:
    whole = raw([*strokes(LABEL), *stroke(ENTER)] * 2)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=30)))
    pieces = [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read(*pieces) == [LABEL, LABEL]


@given(st.binary(max_size=40 * SIZE))
def test_no_bytes_make_reading_raise(noise: bytes) -> None:
    keyboard = Keyboard()
    assert isinstance([*keyboard.feed(noise, 1.0), *keyboard.expire(99.0)], list)


# -- the device -----------------------------------------------------------------------------------


def held(fd: int) -> None:
    """What the kernel does when nobody else holds the device: nothing that shows."""


def refusing(number: int) -> Callable[[int], None]:
    def hold(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    return hold


class Plug:
    """A FIFO in place of /dev/input/by-id/…, and its writing end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "usb-Scanner-event-kbd"
        self._fd = -1

    def plug_in(self) -> None:
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDWR)

    def unplug(self) -> None:
        if self._fd >= 0:
            self.path.unlink()
            os.close(self._fd)
        self._fd = -1

    def scan(self, text: str) -> None:
        os.write(self._fd, raw([*strokes(text), *stroke(ENTER)]))


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    it = Plug(tmp_path)
    yield it
    it.unplug()


@asynccontextmanager
async def listening(scanner: LineScanner) -> AsyncIterator[Callable[[], "asyncio.Future[Scan | ScannerState]"]]:
    heard = scanner.listen()
    try:
        yield lambda: asyncio.ensure_future(asyncio.wait_for(anext(heard), 20))
    finally:
        await heard.aclose()


def reader(path: Path, hold: Callable[[int], None] = held) -> LineScanner:
    return keyboard_scanner(KeyboardLine(str(path), hold), SystemClock(), again_s=0.05)


async def test_codes_come_as_scans_of_this_scanner_through_unplugging_and_back(plug: Plug) -> None:
    async with listening(reader(plug.path)) as heard:
        assert await heard() == ScannerState("scanner.absent", "FileNotFoundError: " + missing(plug.path))
        for number in range(3):
            plug.plug_in()
            assert await heard() == ScannerState()
            plug.scan(f"CODE-{number}")
            plug.scan(LABEL)
            found = [await heard(), await heard()]
            assert [(each.text, each.by) for each in found if isinstance(each, Scan)] == [
                (f"CODE-{number}", "evdev"),
                (LABEL, "evdev"),
            ]
            plug.unplug()
            gone = await heard()
            assert isinstance(gone, ScannerState)
            assert gone.fault == "scanner.gone"


def missing(path: Path) -> str:
    return str(OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)))


async def test_a_device_held_by_another_program_is_taken_when_that_lets_go(plug: Plug) -> None:
    plug.plug_in()
    tries = iter([errno.EBUSY] * 3)

    def hold(fd: int) -> None:
        for number in tries:
            raise OSError(number, os.strerror(number))

    async with listening(reader(plug.path, hold)) as heard:
        busy = await heard()
        assert isinstance(busy, ScannerState)
        assert busy.fault == "scanner.busy"
        assert await heard() == ScannerState()
        plug.scan(LABEL)
        scan = await heard()
        assert isinstance(scan, Scan)
        assert scan.text == LABEL


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.EACCES, "scanner.denied_evdev"), (errno.EPERM, "scanner.denied_evdev"), (errno.EBUSY, "scanner.busy"),
        (errno.ENODEV, "scanner.absent"), (errno.EIO, "scanner.failed"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_alone_is_said_and_not_read(plug: Plug, number: int, fault: str) -> None:
    plug.plug_in()
    open_before = os.listdir("/proc/self/fd")
    assert reader(plug.path, refusing(number)).check() == fault
    assert len(os.listdir("/proc/self/fd")) == len(open_before)
    assert say("zh", fault)


def test_the_kernel_itself_says_what_is_no_input_device(plug: Plug) -> None:
    plug.plug_in()
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        grab(plug._fd)
    assert reader(plug.path, grab).check() == "scanner.wrong_evdev"
    assert reader(Path("/dev/null"), grab).check() == "scanner.wrong_evdev"
    assert reader(plug.path).check() is None


def test_a_device_without_the_right_to_it_names_the_group(plug: Plug) -> None:
    plug.plug_in()
    plug.path.chmod(0)
    pid = os.fork()
    if pid == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        os._exit(0 if reader(plug.path).check() == "scanner.denied_evdev" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert all("input" in say(lang, "scanner.denied_evdev") for lang in ("zh", "en"))


def test_keyboards_are_devices_that_type_letters_and_have_a_path_that_stays(tmp_path: Path) -> None:
    letters, digits = f"{1 << 30 | 0x3FE:x}", f"{0x3FE:x}"
    inputs, devices = tmp_path / "sys", tmp_path / "dev"
    for name, bitmap, said in (("event2", letters, "DS2208"), ("event3", digits, "keypad"), ("event4", letters, "BT")):
        (inputs / name / "device/capabilities").mkdir(parents=True)
        (inputs / name / "device/capabilities/key").write_text(bitmap)
        (inputs / name / "device/name").write_text(f"{said}\n")
    for folder in ("by-id", "by-path"):
        (devices / folder).mkdir(parents=True)
    for name in ("event2", "event3", "event4"):
        (devices / name).touch()
    for link, name in (("by-path/platform-1-event-kbd", "event2"), ("by-id/usb-DS2208-event-kbd", "event2")):
        (devices / link).symlink_to(devices / name)
    (devices / "by-path/platform-2-event-kbd").symlink_to(devices / "event3")
    assert keyboards(inputs, devices) == [(f"{devices}/by-id/usb-DS2208-event-kbd", "DS2208")]
