"""The virtual radio for tests of the real one."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.virtual_radio import BlueZ, PrivateBus


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """A D-Bus of our own that bleak takes for the system's."""
    private = PrivateBus()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private.address)
    yield private
    private.close()


@pytest.fixture
async def bluez(bus: PrivateBus) -> AsyncIterator[BlueZ]:
    """bluetoothd's double, running, with one adapter switched on and nothing in the air."""
    daemon = BlueZ(bus.address)
    await daemon.start()
    daemon.plug()
    yield daemon
    await daemon.close()
