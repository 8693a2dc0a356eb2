"""Switching a Bluetooth adapter on, over D-Bus: the one thing we ask of BlueZ that bleak does not.

Whether it may be tried is the caller's to decide; a radio that rfkill or a policy keeps off stays off.
"""

import asyncio
from typing import Any, Final

_BLUEZ: Final = "org.bluez"
_ADAPTER: Final = "org.bluez.Adapter1"
_OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_PATIENCE_S: Final = 5.0
_SETTLES_S: Final = 0.2
"""Until every program on the bus knows of it."""


async def switch_on(adapter: str | None) -> bool:
    """Power the adapter of that name, or every one that is off; whether any was. Never raises for what BlueZ does."""
    from dbus_fast import BusType
    from dbus_fast.aio import MessageBus
    from dbus_fast.errors import DBusFastError

    bus = None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
            done = [await _power(bus, path) for path in await _off(bus, adapter)]
            if any(done):
                await asyncio.sleep(_SETTLES_S)
            return any(done)
    except (DBusFastError, OSError, EOFError, LookupError, AttributeError, TypeError, ValueError):
        return False  # a refusal, or an answer that is none: the radio is off, and that is said
    finally:
        if bus is not None:
            bus.disconnect()


async def _off(bus: Any, adapter: str | None) -> list[str]:
    """Object paths of the adapters that are off."""
    found = await _ask(bus, "/", _OBJECTS, "GetManagedObjects", "", [])
    adapters = {path: interfaces[_ADAPTER] for path, interfaces in (found or {}).items() if _ADAPTER in interfaces}
    return [
        path
        for path, properties in sorted(adapters.items())
        if not properties["Powered"].value and adapter in (None, path.rpartition("/")[2])
    ]


async def _power(bus: Any, path: str) -> bool:
    from dbus_fast import Variant

    return await _ask(bus, path, _PROPERTIES, "Set", "ssv", [_ADAPTER, "Powered", Variant("b", True)]) is not None


async def _ask(bus: Any, path: str, interface: str, member: str, signature: str, body: list[Any]) -> Any:
    """What BlueZ answers ({} for nothing); None when it refuses."""
    from dbus_fast import Message, MessageType

    message = Message(destination=_BLUEZ, path=path, interface=interface, member=member, signature=signature, body=body)
    reply = await bus.call(message)
    if reply is None or reply.message_type != MessageType.METHOD_RETURN:
        return None
    return reply.body[0] if reply.body else {}
