"""Room for a round: zeros set aside while the disk has space, given up when it has none.

A crew that begins a round can finish it although the disk fills up on the way: the records of the round
go where the reserve was. Without a reserve no round is begun.
"""

from contextlib import suppress
from pathlib import Path

from app.logbook.disk import Disk


class Reserve:
    """The file `reserve` of a data folder."""

    def __init__(self, folder: Path, disk: Disk, size: int) -> None:
        """`size` in bytes."""
        self._path = folder / "reserve"
        self._disk = disk
        self._size = size

    @property
    def is_held(self) -> bool:
        try:
            return self._path.stat().st_size >= self._size
        except FileNotFoundError:
            return False

    def take(self) -> None:
        """The space is ours when this returns. Raises OSError when the disk does not give it."""
        if self.is_held:
            return
        try:
            self._disk.store("reserve", self._path, bytes(self._size))
        except OSError:
            with suppress(OSError):
                self._disk.remove("reserve.part", self._path.with_name(self._path.name + ".part"))
            raise

    def give_up(self) -> bool:
        """Whether there was something to give up."""
        if not self._path.exists():
            return False
        with suppress(OSError):
            self._disk.remove("reserve.remove", self._path)
            self._disk.sync_folder("reserve.folder", self._path.parent)
            return True
        return not self._path.exists()
