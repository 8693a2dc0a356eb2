"""A scanner on a serial line: USB in its serial mode, RS-232, or a Bluetooth serial port. pyserial opens it.

Name it by /dev/serial/by-id/…, which stays the same wherever it is plugged in. It is held exclusively.
"""

import errno
import os
import termios
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from app.ports import Clock
from app.settings import SettingsRefused
from hardware.framing import Framing
from hardware.line_scanner import AGAIN_S, LineScanner, Unusable

if TYPE_CHECKING:
    from serial.tools.list_ports_common import ListPortInfo

BAUD: Final = 9600
"""What most scanners leave the factory with. One on USB does not mind."""
BY_ID: Final = Path("/dev/serial/by-id")
BAUDS: Final = (9600, 19200, 38400, 57600, 115200)


class SerialLine(Struct, frozen=True):
    path: str
    baud: int = BAUD
    by: str = "serial"

    def open(self) -> int:
        import serial  # 20 ms

        try:
            port = serial.Serial(self.path, self.baud, timeout=0, exclusive=True)
        except (OSError, ValueError, termios.error) as e:  # SerialException is an OSError
            number = getattr(e, "errno", None)
            if number in (errno.EACCES, errno.EPERM):
                raise Unusable("scanner.denied_serial") from e
            if number is None:  # opened, and then not to be set up: no serial port
                raise Unusable("scanner.wrong_serial") from e
            raise OSError(number, os.strerror(number)) from e
        try:
            return os.dup(port.fileno())
        finally:
            port.close()


def parse(text: str) -> SerialLine:
    """`PATH` or `PATH@BAUD`. Raises SettingsRefused."""
    path, at, baud = text.rpartition("@")
    if not at:
        path, baud = text, str(BAUD)
    if not path.startswith("/"):
        raise SettingsRefused("scanner.bad_kind", text=f"serial:{text}"[:80])
    if baud not in {str(each) for each in BAUDS}:
        raise SettingsRefused("scanner.bad_baud", text=baud[:20])
    return SerialLine(path, int(baud))


def serial_scanner(line: SerialLine, clock: Clock, again_s: float = AGAIN_S) -> LineScanner:
    return LineScanner(line, Framing, clock, again_s)


def ports(by_id: Path = BY_ID) -> list[tuple[str, str]]:
    """(path, what it says of itself) of each serial port that is there, by the path that stays the same."""
    from serial.tools.list_ports import comports  # 10 ms

    lasting = {str(link.resolve()): link for link in sorted(by_id.glob("*"))}
    named = {device: link.name for device, link in lasting.items()}
    told = {}
    with suppress(TypeError, ValueError):  # what it says when one is pulled out meanwhile
        told = {port.device: port.product or named.get(port.device, port.name) for port in comports() if _is_real(port)}
    return [(str(lasting.get(device, device)), name) for device, name in (named | told).items()]


def _is_real(port: "ListPortInfo") -> bool:
    """Whether hardware is behind it: 0 is PORT_UNKNOWN (linux/serial_core.h)."""
    with suppress(OSError):
        return Path("/sys/class/tty", port.name, "type").read_text("ascii").strip() != "0"
    return True
