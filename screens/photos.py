"""Photographs on a page: taken with `9`, said as `photos: 1, 214 KB`, removed before they are recorded.

What was taken waits here until the page records it; nothing of it is on the disk before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.attaching import MOST
from hardware.photo import Photo, PhotoRefused, from_file, photograph, pictures_in
from screens.choices import Choices, ListPage
from screens.layout import Line, paragraph, title
from screens.page import Page
from screens.tasks import begin
from screens.times import clock

if TYPE_CHECKING:
    from hardware.photo import Listed
    from screens.terminal import Terminal

KEY: Final = "9"
KB: Final = 1000
NAME: Final = 24
"""Characters of a file's name that a row shows."""


class Roll:
    """Photographs for one record."""

    def __init__(self) -> None:
        self.photos: list[Photo] = []
        self._task: asyncio.Task[None] | None = None
        self._failed = False
        """The last one was not taken: the next press shows what else there is."""

    @property
    def data(self) -> tuple[bytes, ...]:
        return tuple(photo.data for photo in self.photos)

    @property
    def busy(self) -> bool:
        return self._task is not None

    def said(self, page: Page) -> str:
        """How many and how large; nothing without one."""
        if self.busy:
            return page.say("photo.taking")
        size = sum(len(photo.data) for photo in self.photos)
        return page.say("photo.have", n=len(self.photos), size=_kb(size)) if self.photos else ""

    def key(self, page: Page) -> tuple[str, str]:
        return KEY, page.say("photo.key_more" if self.photos else "photo.key")

    def press(self, page: Page) -> None:
        """The key on the page that will record them: the first one is taken at once."""
        if self.busy:
            return
        if self.photos or self._failed:
            page.terminal.open(PhotosPage(self))
        else:
            self.take(page)

    def take(self, page: Page) -> None:
        """With the camera, else out of a folder."""
        terminal, camera = page.terminal, page.gear.photo
        if self._is_full(terminal):
            return
        if camera is None or camera.folder is not None:
            self.choose(page)
            return
        self._begin(terminal, photograph(camera))
        terminal.tell(page.say("photo.taking"))

    def choose(self, page: Page) -> None:
        """A picture file."""
        terminal, folder = page.terminal, folder_of(page)
        if self._is_full(terminal):
            return
        if found := pictures_in(folder) if folder else []:
            terminal.open(FilesPage(self, found))
            return
        terminal.signal("mark")
        near = f"{folder.parent.name}/{folder.name}" if folder else ""
        terminal.tell(page.say("photo.no_way" if page.gear.photo is None else "photo.no_files", folder=near), "mark")

    def pick(self, page: Page, path: Path) -> None:
        self._begin(page.terminal, from_file(path))
        page.terminal.tell(page.say("photo.reading"))

    def stop(self) -> None:
        """Nobody waits for it any more."""
        if self._task is not None:
            self._task.cancel()

    def is_waited_for(self, page: Page) -> bool:
        """Whether one is just being taken: then nothing is recorded without it."""
        if self.busy:
            page.terminal.signal("mark")
            page.terminal.tell(page.say("photo.taking"), "mark")
        return self.busy

    def _is_full(self, terminal: "Terminal") -> bool:
        if len(self.photos) >= MOST:
            terminal.signal("mark")
            terminal.tell(terminal.top.say("photo.most", n=MOST), "mark")
        return len(self.photos) >= MOST

    def _begin(self, terminal: "Terminal", coming: Awaitable[Photo]) -> None:
        self._failed = True
        self._task = begin(self._taken(terminal, coming), terminal.fail)

    async def _taken(self, terminal: "Terminal", coming: Awaitable[Photo]) -> None:
        try:
            photo = await coming
        except PhotoRefused as error:
            self._task = None
            terminal.refuse(error)
        else:
            self._task, self._failed = None, False
            self.photos.append(photo)
            dark = "mark" if photo.dark else "ok"
            terminal.signal(dark)
            key = "photo.taken_dark" if photo.dark else "photo.taken"
            terminal.tell(terminal.top.say(key, size=_kb(len(photo.data))), dark)
        finally:
            self._task = None
        terminal.top.show()


def folder_of(page: Page) -> Path | None:
    """Where picture files are chosen from: the camera's own folder, else the handheld's."""
    camera = page.gear.photo
    return (camera.folder if camera else None) or page.gear.pictures


class PhotosPage(Page):
    """What was taken: a digit removes one. With `keep`, Enter records them; without, the page below does."""

    def __init__(self, roll: Roll, keep: Callable[[tuple[bytes, ...]], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self._roll = roll
        self._keep = keep
        self._listed: tuple[Photo, ...] = ()
        self._choices: Choices[Photo] = Choices((), self._row)

    def on_mount(self) -> None:
        if self._keep is not None and not self._roll.photos:
            self._roll.take(self)

    def on_unmount(self) -> None:
        if self._keep is not None:
            self._roll.stop()

    def look_up(self) -> None:
        if self._listed != tuple(self._roll.photos):
            self._listed = tuple(self._roll.photos)
            self._choices = Choices(self._listed, self._row)

    def _row(self, photo: Photo) -> str:
        n = next(place for place, each in enumerate(self._listed, start=1) if each is photo)
        return self.say("photo.row", n=n, size=_kb(len(photo.data)))

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [title(self.say("photo.title"), clock(self.gear.watch.now()), width), ()]
        if not self._listed:
            return [*rows, *paragraph(self.say("photo.taking" if self._roll.busy else "photo.none"), "text", width)]
        return [*rows, *self._choices.draw(width, height - len(rows), self.more)]

    def foot(self) -> Sequence[tuple[str, str]]:
        keys = [(KEY, self.say("photo.key_again" if self._listed else "photo.key")), self.back_key]
        if self.gear.photo is not None and self.gear.photo.folder is None and folder_of(self):
            keys.insert(1, ("8", self.say("photo.key_files")))
        if self._keep is not None and self._listed:
            keys.insert(0, ("Enter", self.say("photo.key_keep")))
        return keys

    @property
    def open_question(self) -> object:
        return len(self._roll.photos)

    async def digit(self, key: str) -> None:
        if self._roll.busy:
            return
        if key == KEY:
            self._roll.take(self)
        elif key == "8":
            self._roll.choose(self)
        elif (photo := self._choices.pick(key)) is not None:
            self._roll.photos.remove(photo)
            self.terminal.tell(self.say("photo.removed", n=len(self._roll.photos)), "mark")

    async def enter(self) -> None:
        if self._roll.is_waited_for(self):
            return
        if self._keep is None:
            self.terminal.close(self)
        elif self._listed:
            await self._keep(self._roll.data)
            self.terminal.close(self)
            self.terminal.signal("ok")
            self.terminal.tell(self.say("photo.saved"))


class FilesPage(ListPage["Listed"]):
    """Picture files, the newest first."""

    def __init__(self, roll: Roll, found: "Sequence[Listed]") -> None:
        super().__init__(found)
        self._roll = roll

    def head(self) -> tuple[str, str]:
        return self.say("photo.files_title"), clock(self.gear.watch.now())

    def item(self, item: "Listed") -> str:
        at = datetime.fromtimestamp(item.at, self.gear.watch.now().tzinfo)
        return self.say("photo.file", time=f"{at:%m-%d %H:%M}", size=_kb(item.size), name=item.path.name[:NAME])

    async def chosen(self, item: "Listed") -> None:
        self.terminal.close(self)
        self._roll.pick(self, item.path)


def _kb(size: int) -> int:
    return -(-size // KB)
