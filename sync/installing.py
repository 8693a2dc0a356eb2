"""The hands of an update: each step on the handheld's disk, any of which may be the last before the power fails.

Of a handheld that was installed as docs/rollout.md says, and of no other. The running release is never touched: the
next one is laid beside it, tried on the book without writing, and two links change. From then on `launch` sees to it
that a program which shows no first screen, or crashes before it has brought a shift to its end, makes way for the one
before.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app.errors import WatchbookError
from app.logbook.disk import Disk
from app.logbook.edition import format_of
from app.version import is_released
from sync import release as files
from sync.updating import State
from sync.wire import Offered

KEPT: Final = 8
"""Refusals that are remembered."""
SPOILT: Final = 3
"""A release that came damaged so often is left out."""
LAYING_S: Final = 1800
FRESH_S: Final = 3600
"""A release that came into being less than so long ago may be one that somebody installs from a stick just now."""
_MARK: Final = "whole"
"""Written last into a release that was laid."""
_PIECE: Final = 256 * 1024


class Place(Struct, frozen=True):
    """Where this handheld's releases are, and which one this program is."""

    root: Path
    version: str

    @property
    def key(self) -> Path:
        """The publisher's public key."""
        return self.root.parent.parent / "etc" / "watchbook" / "publisher.pem"

    def release(self, version: str) -> Path:
        return self.root / "releases" / version


def place_of(prefix: str = sys.prefix) -> Place | None:
    """None for a program that was not installed this way: a checkout, pip. Nothing is updated there."""
    here = Path(prefix)
    root = here.parent.parent
    if not is_released(prefix) or not (root / "launch").is_file():
        return None
    return Place(root, here.name)


class Unfit(WatchbookError):
    """The office's people: this release is left alone until it is offered anew. `key` says why to everybody."""


class Refusal(Struct, frozen=True):
    sha256: str
    at: int
    """Of the offer that it was under."""
    why: str
    """Key of the sentence."""


class Told(Struct, frozen=True):
    """What is to be known after a restart, in `incoming/told.json`."""

    said: str = ""
    """Key of the sentence about what happened last."""
    refused: tuple[Refusal, ...] = ()
    spoilt: int = 0
    """How often what is fetched now came damaged."""
    changing: Offered | None = None
    """What this handheld changed to last."""


def told_at(place: Place) -> Told:
    """What is known there; nothing when it cannot be read."""
    try:
        return msgspec.json.decode((place.root / "incoming" / "told.json").read_bytes(), type=Told)
    except (OSError, ValueError):
        return Told()


class Installer:
    """Of one handheld. One thread at a time."""

    def __init__(self, place: Place, data_dir: Path, disk: Disk | None = None) -> None:
        self.place = place
        self._data_dir = data_dir
        self._disk = disk or Disk()
        self._incoming = place.root / "incoming"
        self._tried = ""
        """SHA-256 of the release that has opened the book since this program began."""
        self.told = told_at(place)

    # -- what is known --------------------------------------------------------------------------
    def state(self, offer: Offered | None) -> State:
        """How far that offer came. Raises OSError."""
        refused = offer is not None and self._is_refused(offer)
        wanted = None if refused else offer
        state = State(offer, self.place.version, refused=refused, left=any(True for _ in self._leftovers(wanted)))
        if wanted is None:
            return state
        return replace(
            state,
            has=self._has(wanted),
            checked=self._file(wanted).is_file(),
            laid=self._is_laid(wanted.version),
            tried=self._tried == wanted.sha256,
            room=shutil.disk_usage(self.place.root).free,
            ready_s=self.ready_s(wanted.version),
        )

    def ready_s(self, version: str) -> int:
        """Since that release was laid, by the wall clock; 0 for one that is not."""
        return _age_s(self.place.release(version) / _MARK)

    def _is_refused(self, offer: Offered) -> bool:
        return any((each.sha256, each.at) == (offer.sha256, offer.at) for each in self.told.refused)

    def _has(self, offer: Offered) -> int:
        for path in (self._file(offer), self._part(offer)):
            with suppress(FileNotFoundError):
                return path.stat().st_size
        return 0

    def _is_laid(self, version: str) -> bool:
        return (self.place.release(version) / _MARK).is_file()

    def _part(self, offer: Offered) -> Path:
        return self._incoming / f"{offer.sha256}.part"

    def _file(self, offer: Offered) -> Path:
        return self._incoming / f"{offer.sha256}.tar"

    # -- the steps ------------------------------------------------------------------------------
    def fetch(self, offer: Offered, piece: Callable[[str, int], bytes]) -> None:
        """One piece more, durable. Raises OSError, and what `piece` raises."""
        self._disk.make_folder("incoming.make", self._incoming)
        at = self._has(offer)
        data = piece(offer.sha256, at)
        if not data or at + len(data) > offer.size:
            self._spoil(offer)
            return
        fd = self._disk.keep("piece.open", self._part(offer))
        try:
            self._disk.write_all("piece.write", fd, data, at)
            self._disk.sync("piece.sync", fd)
        finally:
            os.close(fd)

    def check(self, offer: Offered) -> None:
        """It is what its publisher signed, for this machine and this book. Raises Unfit, OSError.

        What came damaged is fetched again.
        """
        part = self._part(offer)
        if _sha256(part) != offer.sha256:
            self._spoil(offer)
            return
        try:
            with part.open("rb") as file:
                found = files.check(file, files.public_key(self.place.key))
            files.must_fit(found, os.uname().machine, f"{sys.version_info.major}.{sys.version_info.minor}")
        except files.ReleaseUnfit as e:
            raise Unfit("updating.unfit") from e
        except files.ReleaseRefused as e:
            raise Unfit("updating.forged") from e
        if found.version != offer.version:
            raise Unfit("updating.forged")
        if not found.reads <= format_of(self._data_dir) <= found.writes:
            raise Unfit("updating.too_far")
        self._disk.rename("check.rename", part, self._file(offer))
        self._disk.sync_folder("check.sync", self._incoming)

    def lay(self, offer: Offered) -> None:
        """The release stands beside this one, whole; its own installer does it. Raises Unfit, OSError."""
        folder = self._incoming / offer.version
        self._disk.step("lay.clear")
        _remove(folder)
        self._disk.make_folder("lay.make", folder)
        self._disk.step("lay.unpack")
        with self._file(offer).open("rb") as file:
            files.unpack(file, files.read(file, files.public_key(self.place.key)), folder)
        self._disk.step("lay.run")
        from sync import trying  # and below: only while there is an update, memory

        code = trying.run(["sh", str(folder / "install.sh"), "--beside", str(self.place.root)], LAYING_S)[0]
        self._disk.step("lay.ran")
        _remove(folder)
        if code or not self._is_laid(offer.version):
            raise Unfit("updating.not_laid")

    def try_out(self, offer: Offered) -> None:
        """The new program reads the book and looks at the handheld, at least as well as this one. Raises Unfit."""
        from sync import trying

        self._disk.step("try.run")
        new, own = self.place.release(offer.version), self.place.release(self.place.version)
        if not trying.opens(new, offer.version, own, self._data_dir):
            raise Unfit("updating.not_tried")
        self._tried = offer.sha256

    def change(self, offer: Offered) -> None:
        """From the next start on the new program runs, on trial. Raises OSError; then nothing has changed."""
        self._tell(changing=offer, said="")
        self._disk.store("trial", self.place.root / "trial", f"{offer.version} 0\n".encode())
        self._lead("previous", self.place.version)
        self._lead("current", offer.version)

    def _lead(self, name: str, version: str) -> None:
        """The link `name` leads to that release, or where it led."""
        part, link = self.place.root / f"{name}.part", self.place.root / name
        self._disk.remove(f"{name}.clear", part)
        self._disk.step(f"{name}.link")
        part.symlink_to(f"releases/{version}")
        self._disk.rename(f"{name}.rename", part, link)
        self._disk.sync_folder(f"{name}.sync", self.place.root)

    def clear(self, offer: Offered | None) -> None:
        """Throw away what no step towards `offer` needs. Raises OSError."""
        for path in [*self._leftovers(None if offer and self._is_refused(offer) else offer)]:
            self._disk.step("clear.remove")
            _remove(path)

    def _leftovers(self, offer: Offered | None) -> Iterable[Path]:
        links = (self.place.root / name for name in ("current", "previous"))
        releases = {self.place.version, *(Path(os.path.realpath(link)).name for link in links)}
        incoming = {"told.json"}
        if offer is not None and self._is_laid(offer.version):
            releases.add(offer.version)
        elif offer is not None:
            incoming |= {self._part(offer).name, self._file(offer).name}
        yield from (path for path in _listed(self._incoming) if path.name not in incoming)
        for path in _listed(self.place.root / "releases"):
            if path.name not in releases and _age_s(path) >= FRESH_S:
                yield path

    # -- what came of it ------------------------------------------------------------------------
    def refuse(self, offer: Offered, why: str) -> None:
        """Leave it alone until it is offered anew. Raises OSError."""
        refusal = Refusal(offer.sha256, offer.at, why)
        self._tell(refused=(*self.told.refused, refusal)[-KEPT:], said=why, spoilt=0)

    def _spoil(self, offer: Offered) -> None:
        """What came is not what was offered: from the start, or not at all when that keeps happening."""
        self._disk.remove("spoilt.remove", self._part(offer))
        if self.told.spoilt + 1 >= SPOILT:
            self.refuse(offer, "updating.torn")
        else:
            self._tell(spoilt=self.told.spoilt + 1)

    def reached(self) -> None:
        """The first screen stands: what is left to prove is a shift. A disk that is full keeps nobody from that."""
        trial = self.place.root / "trial"
        try:
            version = trial.read_text("ascii", "replace").partition(" ")[0]
        except OSError:
            return
        if version == self.place.version:
            with suppress(OSError):
                self._disk.rename("on-trial.rename", trial, self._proving)
                self._disk.sync_folder("on-trial.sync", self.place.root)
                self._tell(said="updating.taken")

    @property
    def _proving(self) -> Path:
        return self.place.root / "proving"

    @property
    def proves(self) -> bool:
        """Whether this program has not brought a shift to its end yet: its crashes are counted."""
        return self._proving.exists()

    def proved(self) -> None:
        """It has. Raises OSError."""
        self._disk.remove("proving.remove", self._proving)
        self._disk.sync_folder("proving.sync", self.place.root)

    def look_back(self) -> None:
        """Learn that `launch` has put this program back in place of a newer one. Raises OSError."""
        mark, offer = self.place.root / "rolled-back", self.told.changing
        if not mark.exists():
            return
        if offer is not None and mark.read_text("ascii", "replace").strip() == offer.version:
            self.refuse(offer, "updating.rolled_back")
        else:  # it had come from a stick
            self._tell(said="updating.rolled_back")
        self._disk.remove("rolled-back.remove", mark)

    def _tell(self, **news: object) -> None:
        told = replace(self.told, **news)
        self._disk.make_folder("incoming.make", self._incoming)
        self._disk.store("told", self._incoming / "told.json", msgspec.json.encode(told))
        self.told = told


def _sha256(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _age_s(path: Path) -> int:
    """Since it was changed; 0 for what is not there."""
    try:
        return max(0, int(time.time() - path.stat().st_mtime))
    except FileNotFoundError:
        return 0


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _remove(path: Path) -> None:
    """A file or a folder; nothing happens when it is gone already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
