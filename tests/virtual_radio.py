"""A virtual radio: real D-Bus, a double of bluetoothd, and tags in the air. No Bluetooth hardware.

bleak's own BlueZ backend talks to it unchanged, in this process or in another one that has
`PrivateBus.address` as DBUS_SYSTEM_BUS_ADDRESS. What the double does was read in BlueZ's src/adapter.c
and src/device.c (5.66 to 5.87, and what is to come): who discovers, which errors, what a device remembers.
"""

import asyncio
import random
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from hardware.tags import encode
from tests.needs import needs

ADAPTER: Final = "org.bluez.Adapter1"
DEVICE: Final = "org.bluez.Device1"
_OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_BUS: Final = "org.freedesktop.DBus"

_CONFIG: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/>{policy}</policy></busconfig>"""

FORBID_BLUEZ: Final = '<deny send_destination="org.bluez" send_interface="org.freedesktop.DBus.ObjectManager"/>'
"""What a system's policy says to a user outside the group `bluetooth`."""

Properties = dict[str, Variant]
Interfaces = dict[str, Properties]


class PrivateBus:
    """A dbus-daemon of our own. `policy` is more XML for its rules."""

    def __init__(self, policy: str = "") -> None:
        self._program = needs("dbus-daemon")
        self._folder = tempfile.TemporaryDirectory(prefix="bus-")  # short: a socket's path holds 107 bytes
        folder = Path(self._folder.name)
        self._config = folder / "bus.conf"
        self._config.write_text(_CONFIG.format(path=folder / "bus", policy=policy))
        self._process: subprocess.Popen[str] | None = None
        self.address = f"unix:path={folder / 'bus'}"
        """For DBUS_SYSTEM_BUS_ADDRESS."""
        self.start()

    def start(self) -> None:
        """Begin, or begin again after `kill`, at the same address."""
        self._process = subprocess.Popen(
            [self._program, "--nofork", "--nopidfile", f"--config-file={self._config}", "--print-address=1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip(), "dbus-daemon did not start"

    def kill(self) -> None:
        """As in a crash: no goodbye, and the socket stays behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def close(self) -> None:
        self.kill()
        self._folder.cleanup()


@dataclass
class VirtualTag:
    """A tag in the air: advertises by itself every `interval_s` while it is in the radio's list."""

    address: str
    level: int | Callable[[], int | None] | None
    """dBm at the handheld, or how to find it; None out of range."""
    manufacturer: Mapping[int, bytes] = field(default_factory=dict)
    service: Mapping[str, bytes] = field(default_factory=dict)
    name: str | None = None
    interval_s: float = 0.1

    def level_now(self) -> int | None:
        return self.level() if callable(self.level) else self.level


def patrol_tag(
    kind: str, tag: str, address: str, level: int | Callable[[], int | None] | None, interval_s: float = 0.1
) -> VirtualTag:
    """A tag as a plan names it."""
    manufacturer, service = encode(kind, tag)
    return VirtualTag(address, level, manufacturer, service, interval_s=interval_s)


class BlueZ:
    """The double of bluetoothd, with the air it hears.

    `filters_duplicates` is the kernel's habit on a plain scan: one report of each address per scan.
    """

    def __init__(self, bus_address: str, *, filters_duplicates: bool = True, loss: float = 0.0, seed: int = 1) -> None:
        self._bus_address = bus_address
        self._filters_duplicates = filters_duplicates
        self._loss = loss
        self._random = random.Random(seed)
        self._bus: MessageBus | None = None
        self._objects: dict[str, Interfaces] = {}
        self._adapters: dict[str, Properties] = {}
        self._clients: dict[str, set[str]] = {}
        self._reported: set[tuple[str, str]] = set()
        self._on_air: dict[str, asyncio.Task[None]] = {}
        self._tags: dict[str, VirtualTag] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._filters: dict[str, dict[str, Any]] = {}
        self._hung: frozenset[str] = frozenset()
        self._awake = asyncio.Event()
        self._awake.set()
        self.errors: dict[str, tuple[str, str]] = {}
        """Method → the D-Bus error and text it answers with from now on."""
        self.calls: list[tuple[str, str]] = []
        """(method, adapter or device) as called."""

    # -- the daemon -----------------------------------------------------------------------------
    async def start(self) -> None:
        """Take the name on the bus; adapters are there again, devices are not."""
        self._objects = {"/org/bluez": {"org.bluez.AgentManager1": {}}}
        self._objects |= {path: {ADAPTER: dict(properties)} for path, properties in self._adapters.items()}
        self._clients = {path: set() for path in self._adapters}
        bus = await MessageBus(bus_address=self._bus_address).connect()
        bus.add_message_handler(self._on_message)
        await bus.call(
            Message(
                destination=_BUS,
                path="/org/freedesktop/DBus",
                interface=_BUS,
                member="AddMatch",
                signature="s",
                body=[f"type='signal',sender='{_BUS}',member='NameOwnerChanged'"],
            )
        )
        self._bus = bus
        await bus.request_name("org.bluez")

    async def stop(self) -> None:
        """As when the service is stopped: the name is gone, nobody is told anything else."""
        bus, self._bus = self._bus, None
        for task in self._tasks:
            task.cancel()
        if bus is not None:
            bus.disconnect()
            with suppress(OSError, EOFError):
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus-fast leaves it untyped

    async def close(self) -> None:
        for address in list(self._tags):
            self.leave(address)
        await self.stop()

    def hang(self, *methods: str) -> None:
        """These calls, or all, are taken and not answered until `wake`."""
        self._hung = frozenset(methods)
        self._awake.clear()

    def wake(self) -> None:
        self._awake.set()

    # -- adapters -------------------------------------------------------------------------------
    def plug(self, name: str = "hci0", *, powered: bool = True, roles: tuple[str, ...] | None = ("central",)) -> None:
        """An adapter appears. `roles` None is a BlueZ too old to say."""
        path = f"/org/bluez/{name}"
        properties = {
            "Address": Variant("s", "02:00:00:00:00:01"),
            "Name": Variant("s", name),
            "Powered": Variant("b", powered),
            "Discovering": Variant("b", False),
        }
        if roles is not None:
            properties["Roles"] = Variant("as", list(roles))
        self._adapters[path] = properties
        self._clients[path] = set()
        self._add(path, {ADAPTER: dict(properties)})

    def unplug(self, name: str = "hci0") -> None:
        path = f"/org/bluez/{name}"
        del self._adapters[path]
        self._clients.pop(path, None)
        for gone in sorted((p for p in self._objects if p == path or p.startswith(f"{path}/")), reverse=True):
            interfaces = list(self._objects.pop(gone))
            self._signal("/", _OBJECTS, "InterfacesRemoved", "oas", [gone, interfaces])

    def power(self, on: bool, name: str = "hci0") -> None:
        """Switched by hand or by rfkill. Switching off ends every discovery."""
        path = f"/org/bluez/{name}"
        self._adapters[path]["Powered"] = Variant("b", on)
        if not on:
            self._clients[path].clear()
            self._discovering(path)
        self._change(path, ADAPTER, {"Powered": Variant("b", on)})

    def conceal(self, name: str = "hci0") -> None:
        """An adapter that no longer says whether it is powered, as none does."""
        del self._objects[f"/org/bluez/{name}"][ADAPTER]["Powered"]

    def discovers(self) -> bool:
        """Whether any program has the receiver on."""
        return any(self._clients.values())

    # -- the air --------------------------------------------------------------------------------
    def enter(self, *tags: VirtualTag) -> None:
        """Tags begin to advertise."""
        for tag in tags:
            self._tags[tag.address] = tag
            self._on_air[tag.address] = asyncio.get_running_loop().create_task(self._advertise(tag))

    def leave(self, address: str) -> None:
        del self._tags[address]
        self._on_air.pop(address).cancel()

    async def _advertise(self, tag: VirtualTag) -> None:
        while True:
            await asyncio.sleep(tag.interval_s)
            level = tag.level_now()
            if level is not None and self._random.random() >= self._loss:
                self.receive(tag, level)

    def receive(self, tag: VirtualTag, level: int) -> None:
        """One packet at the antenna. Heard by every adapter that discovers, unless the kernel filters it."""
        for path in [path for path, clients in self._clients.items() if clients]:
            if self._filters_duplicates and (path, tag.address) in self._reported:
                continue
            self._reported.add((path, tag.address))
            self._report(path, tag, level)

    def _report(self, adapter: str, tag: VirtualTag, level: int) -> None:
        path = f"{adapter}/dev_{tag.address.replace(':', '_')}"
        heard: Properties = {"RSSI": Variant("n", level)}
        if tag.manufacturer:
            heard["ManufacturerData"] = _variants("a{qv}", tag.manufacturer)
        if tag.service:
            heard["ServiceData"] = _variants("a{sv}", tag.service)
            heard["UUIDs"] = Variant("as", sorted(tag.service))
        if tag.name:
            heard["Name"] = heard["Alias"] = Variant("s", tag.name)
        if path in self._objects:
            old = self._objects[path][DEVICE]
            fresh = {name: value for name, value in heard.items() if self._news(adapter, name, old, value)}
            if fresh:
                self._change(path, DEVICE, fresh)
            return
        known = _known(adapter, tag.address) | {"Trusted": Variant("b", False)}
        self._add(path, {DEVICE: known | heard})

    def _news(self, adapter: str, name: str, old: Properties, value: Variant) -> bool:
        """Whether BlueZ reports a property again: data at once with DuplicateData, else when it changed;
        a level that moved by less than 8 dB only under an RSSI filter (commit e004414a1, after 5.87)."""
        filters = self._filters.get(adapter, {})
        if name not in old:
            return True
        if name == "RSSI":
            return bool(abs(old[name].value - value.value) >= (1 if "RSSI" in filters else 8))
        return bool((name.endswith("Data") and filters.get("DuplicateData")) or old[name].value != value.value)

    def trust(self, address: str, adapter: str = "hci0") -> None:
        """Another program marks a remembered device: its properties change though nothing was received."""
        path = f"/org/bluez/{adapter}/dev_{address.replace(':', '_')}"
        self._change(path, DEVICE, {"Trusted": Variant("b", True)})

    def forget_level(self, address: str, adapter: str = "hci0") -> None:
        """BlueZ withdraws the level of a device, as when another program ends its own discovery."""
        path = f"/org/bluez/{adapter}/dev_{address.replace(':', '_')}"
        self._change(path, DEVICE, {}, ["RSSI"])

    def garble(self, address: str, adapter: str = "hci0") -> None:
        """A device object as no BlueZ sends it: manufacturer data of the wrong type."""
        path = f"/org/bluez/{adapter}/dev_{address.replace(':', '_')}"
        self._add(path, {DEVICE: _known(f"/org/bluez/{adapter}", address) | {"ManufacturerData": Variant("i", 7)}})

    # -- objects on the bus ---------------------------------------------------------------------
    def _add(self, path: str, interfaces: Interfaces) -> None:
        self._objects[path] = interfaces
        self._signal("/", _OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def _change(self, path: str, interface: str, changed: Properties, gone: list[str] | None = None) -> None:
        if path not in self._objects:
            return
        properties = self._objects[path][interface]
        properties |= changed
        for name in gone or []:
            properties.pop(name, None)
        self._signal(path, _PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, gone or []])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._send(Message.new_signal(path, interface, member, signature, body))

    def _send(self, message: Message) -> None:
        """Where the bus has died, what we say is lost, as bluetoothd's words would be."""
        if self._bus is not None:
            self._bus.send(message).add_done_callback(lambda sent: sent.cancelled() or sent.exception())

    def _on_message(self, message: Message) -> bool | None:
        if message.message_type == MessageType.SIGNAL and message.member == "NameOwnerChanged":
            self._client_gone(message.body[0], message.body[2])
            return None
        if message.message_type != MessageType.METHOD_CALL or not (message.path or "").startswith(("/org/bluez", "/")):
            return None
        task = asyncio.get_running_loop().create_task(self._serve(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _serve(self, message: Message) -> None:
        if not self._hung or message.member in self._hung:
            await self._awake.wait()
        try:
            signature, body = self._answer(message)
            reply = Message.new_method_return(message, signature, body)
        except Refused as refusal:
            reply = Message.new_error(message, refusal.name, refusal.text)
        self._send(reply)

    def _answer(self, message: Message) -> tuple[str, list[Any]]:
        path, member = message.path or "", message.member or ""
        self.calls.append((member, path))
        if member in self.errors:
            raise Refused(*self.errors[member])
        if member == "GetManagedObjects":
            return "a{oa{sa{sv}}}", [self._objects]
        if path not in self._objects:
            raise Refused("org.freedesktop.DBus.Error.UnknownObject", f'Method "{member}" ... does not exist')
        if message.interface == _PROPERTIES and member == "Set" and message.body[1] == "Powered":
            self.power(message.body[2].value, path.rpartition("/")[2])
            return "", []
        if message.interface != ADAPTER:
            raise Refused("org.freedesktop.DBus.Error.UnknownMethod", f'Method "{member}" does not exist')
        if member == "SetDiscoveryFilter":
            self._filters[path] = {name: value.value for name, value in message.body[0].items()}
        self._adapter_call(path, member, message.sender or "")
        return "", []

    def _adapter_call(self, path: str, member: str, sender: str) -> None:
        if not self._objects[path][ADAPTER]["Powered"].value:
            raise Refused("org.bluez.Error.NotReady", "Resource Not Ready")
        clients = self._clients[path]
        if member == "StartDiscovery":
            if sender in clients:
                raise Refused("org.bluez.Error.InProgress", "Operation already in progress")
            clients.add(sender)
            self._reported = {pair for pair in self._reported if pair[0] != path}
            self._discovering(path)
        elif member == "StopDiscovery":
            if sender not in clients:
                raise Refused("org.bluez.Error.Failed", "No discovery started")
            clients.discard(sender)
            self._discovering(path)

    def _client_gone(self, name: str, new_owner: str) -> None:
        """bluetoothd ends the discovery of a program that left the bus."""
        for path, clients in self._clients.items():
            if not new_owner and name in clients:
                clients.discard(name)
                self._discovering(path)

    def _discovering(self, path: str) -> None:
        on = bool(self._clients[path])
        self._change(path, ADAPTER, {"Discovering": Variant("b", on)})
        if not on:
            for device in [p for p, i in self._objects.items() if p.startswith(f"{path}/") and "RSSI" in i[DEVICE]]:
                self._change(device, DEVICE, {}, ["RSSI"])


class Refused(Exception):
    """A D-Bus error answer."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name)
        self.name = name
        self.text = text


def _known(adapter: str, address: str) -> Properties:
    """What BlueZ says of any device."""
    return {
        "Address": Variant("s", address),
        "Alias": Variant("s", address.replace(":", "-")),
        "Adapter": Variant("o", adapter),
    }


def _variants(signature: str, data: Mapping[Any, bytes]) -> Variant:
    return Variant(signature, {key: Variant("ay", value) for key, value in data.items()})
