"""The Bluetooth radio: real bleak, in windows of one second, that says in a sentence when it cannot hear.

On Linux a plain scan hears each tag once in ten seconds, because the kernel filters duplicates until the
scan is started anew; a fresh scan every second hears every tag every second, and meets a dead service as
an error instead of silence. It knows nothing of plans or of nearness, and it switches the receiver on only
while a stop waits for a tag. bleak is imported when the first window opens (0.3 s).
"""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from app.duties import site
from app.duties.evidence import FAINTEST
from app.ports import LABEL, Clock, Heard, RadioState
from app.settings import NO_ADAPTER
from app.text import clean
from hardware.clock import SystemClock

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.args.bluez import BlueZScannerArgs
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

    from hardware.tags import Advert

STUCK: Final = "radio.stuck"
HUNG: Final = "radio.hung"
RESTING: Final = "radio.resting"
OFF: Final = "radio.off"
NONE: Final = "radio.none"
"""Nothing here to ask for Bluetooth: codes only, which is no fault."""
GARBLED: Final = "radio.garbled"
_BUSY: Final = "radio.busy"
_BACKEND: Final = "bleak.backends.bluezdbus.scanner" if sys.platform == "linux" else "bleak"
"""0.3 s of imports, done beside the event loop: the crew goes on pressing keys."""
_BACKLOG: Final = 2000
"""Advertisements kept for a listener that is slow; further ones are lost."""

_NOT_AVAILABLE: Final = {
    "NO_BLUETOOTH": "radio.absent",
    "NO_BLE_CENTRAL_ROLE": "radio.absent",
    "POWERED_OFF": OFF,
    "DENIED_BY_USER": "radio.denied",
    "DENIED_BY_SYSTEM": "radio.denied",
    "DENIED_BY_UNKNOWN": "radio.denied",
}
"""bleak's own reasons (BleakBluetoothNotAvailableReason)."""

_DBUS: Final = {
    "org.freedesktop.DBus.Error.ServiceUnknown": "radio.service",
    "org.freedesktop.DBus.Error.NameHasNoOwner": "radio.service",
    "org.freedesktop.DBus.Error.NoReply": "radio.service",  # it died while we waited
    "org.freedesktop.DBus.Error.TimedOut": "radio.service",  # D-Bus tried to start it
    "org.freedesktop.systemd1.NoSuchUnit": "radio.service",
    "org.freedesktop.DBus.Error.AccessDenied": "radio.denied",
    "org.bluez.Error.NotAuthorized": "radio.denied",
    "org.bluez.Error.NotPermitted": "radio.denied",
    "org.bluez.Error.NotReady": OFF,  # off, when the adapter was named
    "org.bluez.Error.InProgress": _BUSY,
    "org.freedesktop.DBus.Error.UnknownObject": "radio.absent",  # unplugged
    "org.freedesktop.DBus.Error.UnknownMethod": "radio.absent",
}
"""D-Bus error names of the bus itself and of BlueZ."""

_TYPES: Final = (
    (TimeoutError, HUNG),
    (KeyError, "radio.old"),  # BlueZ before 5.55 does not say which roles an adapter has
    (FileNotFoundError, NONE),  # no socket: a system without D-Bus has no BlueZ either
    (OSError, "radio.bus"),  # nobody behind it, or a connection that broke
    (EOFError, "radio.bus"),
)
"""What reaches us as no error of bleak's; the first row that fits."""

_CAUGHT: Final = (
    ImportError, OSError, EOFError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RuntimeError,
)  # fmt: skip
"""Besides BleakError: a library's fault met in the field becomes a sentence and never ends a round."""


class Pace(Struct, frozen=True):
    """How long the radio listens and waits, all in seconds."""

    window: float = 1.0
    """One scan. Longer for slow tags; near needs three samples in six seconds, of which a scan may give one."""
    eager: float = 30.0
    """Windows stand back to back for so long after the start or a key."""
    off: float = 2.0
    """Afterwards, the pause between two windows."""
    rest_after: float = 300.0
    """Then the radio rests until a key."""
    start: float = 15.0
    stop: float = 5.0
    """An answer later than these means that the service hangs."""
    busy: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Pauses before asking a busy adapter again."""
    again: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    """Pauses after a failure, the last one for ever."""
    silence: float = 60.0
    """With no packet from any device for so long, the radio may be stuck."""


def pace_of(settings: site.Settings) -> Pace:
    """As the plan sets it."""
    return Pace(window=settings.scan_window_ms / 1000, off=settings.scan_pause_ms / 1000)


class CodesOnly:
    """The radio of a handheld that shall use none: every stop is reached by its label."""

    always: Final = False

    def poke(self) -> None:
        """A key was pressed; nothing rests here."""

    async def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncGenerator[Heard, None]:
        """See TagReader."""
        async with aclosing(self.hear()) as heard:
            async for item in heard:
                yield item

    async def hear(self) -> AsyncGenerator[RadioState, None]:
        yield RadioState(NONE)
        await asyncio.Event().wait()


class BleReader:
    """The handheld's own radio as a TagReader.

    One listener at a time: a second one waits until the first has gone and the radio is quiet.
    """

    always: Final = False
    """Listening costs battery: only while something is wanted."""

    def __init__(self, adapter: str | None = None, clock: Clock | None = None, pace: Callable[[], Pace] = Pace) -> None:
        """`pace` is asked for each listener anew: the plan may have changed."""
        self._adapter = adapter
        self._clock = clock or SystemClock()
        self._pace = pace
        self._turn = asyncio.Lock()
        self._run: _Run | None = None
        self._left: asyncio.Task[None] | None = None
        self.backend = ""
        """The bleak backend in use, empty before the first window."""

    def poke(self) -> None:
        """A key was pressed: listen without pauses again, and wake from rest."""
        if self._run is not None:
            self._run.poke()

    async def listen(self, wanted: frozenset[tuple[str, str]]) -> AsyncGenerator[Heard, None]:
        """See TagReader. With nothing wanted that a radio could hear, it stays off and nothing arrives."""
        if all(kind == LABEL for kind, _ in wanted):
            await asyncio.Event().wait()
        from hardware.tags import Advert, sightings  # the table of formats: 0.1 MB

        async with aclosing(self.hear()) as heard:
            async for item in heard:
                if isinstance(item, Advert):
                    for sighting in sightings(item):
                        yield sighting
                else:
                    yield item

    async def hear(self) -> "AsyncGenerator[Advert | RadioState, None]":
        """Every advertisement, not yet understood, and every change of the radio's state."""
        async with self._turn:
            pace = self._pace()
            run = self._run = _Run(self._adapter, self._clock, pace, self._left)
            work = asyncio.create_task(run.listen())
            work.add_done_callback(lambda _: run.put(None))
            try:
                while (item := await run.out.get()) is not None:
                    self.backend = run.backend
                    yield item
                work.result()
            finally:
                self._run = None
                await _cancel(work, pace.stop)
                self._left = run.left


def radio(adapter: str | None, clock: Clock, pace: Callable[[], Pace] = Pace) -> BleReader | CodesOnly:
    """The handheld's own radio, as the setting `adapter` wants it."""
    return CodesOnly() if adapter == NO_ADAPTER else BleReader(adapter, clock, pace)


async def _cancel(work: asyncio.Task[None], patience_s: float) -> None:
    """End `work`; where it waits for a service that hangs, leave the call behind after `patience_s`."""
    work.cancel()
    if not (await asyncio.wait({work}, timeout=patience_s))[0]:
        work.cancel()
        await asyncio.wait({work})


class _Run:
    """One listener's time at the radio: windows, pauses, and what was last said of the state."""

    def __init__(self, adapter: str | None, clock: Clock, pace: Pace, left: asyncio.Task[None] | None) -> None:
        self._bluez: BlueZScannerArgs = {"filters": {"DuplicateData": True, "RSSI": FAINTEST}}
        if adapter:
            self._bluez["adapter"] = adapter
        self._adapter = adapter
        self._switched = False
        """We tried to switch the adapter on: once for each listener, whoever switched it off may have had a reason."""
        self._clock = clock
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._poked = asyncio.Event()
        self._awake = self._heard_at = self._loop.time()
        self._said: RadioState | None = None
        self.backend = ""
        self.out: asyncio.Queue[Advert | RadioState | None] = asyncio.Queue()
        self.left = left
        """A call that BlueZ had not answered when its listener went; no other call is made before it ends."""

    def put(self, item: "Advert | RadioState | None") -> None:
        heard = item is not None and not isinstance(item, RadioState)
        if heard and self.out.qsize() >= _BACKLOG:
            return
        self.out.put_nowait(item)

    def poke(self) -> None:
        self._awake = self._loop.time()
        self._poked.set()

    async def listen(self) -> None:
        """Windows for ever. Ends only by being cancelled."""
        if "bleak" not in sys.modules:
            await asyncio.to_thread(import_module, _BACKEND)
        from bleak.exc import BleakError

        failures = 0
        while True:
            try:
                await self._settle()
                await self._window()
            except (BleakError, *_CAUGHT) as error:
                if fault_of(error) == OFF and await self._switch_on():
                    continue
                self._say(fault_of(error), f"{type(error).__name__}: {error}")
                await self._wait(self._pace.again[min(failures, len(self._pace.again) - 1)])
                failures += 1
            else:
                failures = 0
                await self._between()

    async def _switch_on(self) -> bool:
        if self._switched or sys.platform != "linux":
            return False
        self._switched = True
        from hardware.bluez import switch_on

        return await switch_on(self._adapter)

    async def _settle(self) -> None:
        """Wait for the call that the listener before us left unanswered."""
        if self.left is not None:
            await self._answer(self.left, self._pace.stop)
            self.left = None

    async def _window(self) -> None:
        scanner = await self._start()
        if self._said is None or self._said.fault not in (None, STUCK, GARBLED):
            self._heard_at = self._loop.time()
            self._say(None)
        try:
            await asyncio.sleep(self._pace.window)
        finally:
            await self._stop(scanner)

    async def _start(self) -> "BleakScanner":
        """A scanner that scans. A busy adapter is asked again a few times before that is called a failure."""
        from bleak.exc import BleakDBusError

        for pause_s in self._pace.busy:
            try:
                return await self._open()
            except BleakDBusError as error:
                if fault_of(error) != _BUSY:
                    raise
                await asyncio.sleep(pause_s)
        return await self._open()

    async def _open(self) -> "BleakScanner":
        from bleak import BleakScanner

        scanner = BleakScanner(self._on_advert, bluez=self._bluez)
        self.backend = str(getattr(scanner.backend_id, "value", scanner.backend_id))
        opening = asyncio.create_task(scanner.start())
        try:
            await self._answer(opening, self._pace.start)
        except asyncio.CancelledError:
            self.left = asyncio.create_task(_unattended(opening, then=scanner.stop))
            raise
        return scanner

    async def _stop(self, scanner: "BleakScanner") -> None:
        """End a window. Why it could not be ended (restarted, unplugged, bus gone) the next start will tell."""
        from bleak.exc import BleakError

        closing = asyncio.create_task(scanner.stop())
        try:
            await self._answer(closing, self._pace.stop)
        except asyncio.CancelledError:
            self.left = asyncio.create_task(_unattended(closing))
            raise
        except (BleakError, *_CAUGHT):
            return

    async def _answer(self, call: asyncio.Task[None], limit_s: float) -> None:
        """Wait for a call to BlueZ. It is never cancelled: it cannot be taken back, and a scan that
        began unseen would make every later one `InProgress`. After `limit_s` the crew is told."""
        await asyncio.wait({call}, timeout=limit_s)
        if not call.done():
            self._say(HUNG, f"no answer within {limit_s:g} s")
            await asyncio.wait({call})
        call.result()

    async def _between(self) -> None:
        """After a window: look for silence, then go on at once, pause, or rest until a key."""
        now = self._loop.time()
        if now - self._heard_at > self._pace.silence:
            self._say(STUCK, f"no packet for {self._pace.silence:g} s")
        if now - self._awake >= self._pace.rest_after:
            self._say(RESTING)
            await self._wait(None)
        elif now - self._awake >= self._pace.eager:
            await self._wait(self._pace.off)

    async def _wait(self, seconds: float | None) -> None:
        """A pause that a key ends."""
        self._poked.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._poked.wait(), seconds)

    def _on_advert(self, device: "BLEDevice", data: "AdvertisementData") -> None:
        """Called by bleak, which swallows what is raised here. Remembered devices (rssi -127) are not heard."""
        from hardware.tags import Advert, heard_now

        if not heard_now(data.rssi):
            return
        self._heard_at = self._loop.time()
        try:
            up = self._clock.now().up
            heard = Advert(device.address, data.rssi, up, data.manufacturer_data, data.service_data, data.local_name)
        except _CAUGHT as error:
            self._say(GARBLED, f"{type(error).__name__}: {error}")
            return
        if self._said is not None and self._said.fault in (STUCK, GARBLED):
            self._say(None)
        self.put(heard)

    def _say(self, fault: str | None, detail: str = "") -> None:
        if self._said is None or self._said.fault != fault:
            self._said = RadioState(fault, clean(detail, 200))
            self.put(self._said)


async def _unattended(call: asyncio.Task[None], then: Callable[[], Coroutine[None, None, None]] | None = None) -> None:
    """See a call through whose listener has gone; a scan that began is ended by `then`."""
    from bleak.exc import BleakError

    await asyncio.wait({call})
    with suppress(BleakError, *_CAUGHT):
        call.result()
        if then is not None:
            await then()


def fault_of(error: Exception) -> str:
    """The sentence (app.words.radio) for a failure of bleak, BlueZ or D-Bus."""
    from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

    if isinstance(error, BleakBluetoothNotAvailableError):
        return _NOT_AVAILABLE.get(error.reason.name, "radio.absent")
    if isinstance(error, BleakDBusError):
        return _DBUS.get(error.dbus_error, "radio.failed")
    if isinstance(error, BleakError):
        return "radio.absent" if re.search(r"adapter .* not found", str(error)) else "radio.failed"
    return next((fault for kind, fault in _TYPES if isinstance(error, kind)), "radio.failed")
