"""The stick as the handover page sees it: a sheet put there, and those that other handhelds put there."""

import os
from pathlib import Path

from app.logbook.book import Logbook
from app.ports import Clock
from app.record import Record


class StickSheets:
    """`folder` is where the stick appears; what reads and writes it loads when it is used."""

    def __init__(self, logbook: Logbook, clock: Clock, folder: Path) -> None:
        self._logbook = logbook
        self._clock = clock
        self._folder = folder

    @property
    def there(self) -> bool:
        """A mount point without a stick is root's (rollout/install.sh): nobody takes it for one."""
        return os.access(self._folder, os.R_OK | os.W_OK | os.X_OK)

    def put(self, sheet: str) -> None:
        """`sheet` is `book:seq` of a record of ours. Raises FileRefused, OfficeRefused."""
        from sync import stick

        stick.put_sheet(self._logbook, self._folder, int(sheet.rpartition(":")[2]), self._clock)

    def found(self) -> list[tuple[str, Record]]:
        """(book, record) of other handhelds' sheets. Raises FileRefused, OfficeRefused."""
        from sync import stick

        return stick.sheets_on(self._logbook, self._folder)
