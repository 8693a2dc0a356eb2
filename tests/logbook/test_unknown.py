"""A disk that does not say whether it wrote: the program opens the book again and looks, by what a record says."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from app.errors import BookUnknown
from app.logbook.book import Draft
from app.logbook.verify import check_folder
from tests import garden
from tests.logbook.tools import QuickDisk


class Unclear(QuickDisk):
    """The flush of the next append fails; `lost` says whether the platter kept nothing of it."""

    armed = lost = False

    def __init__(self) -> None:
        self.asked: list[int] = []
        self._last = (0, 0)

    def write(self, name: str, fd: int, data: bytes, at: int) -> int:
        if name == "append.write":
            self._last = at, len(data)
        return super().write(name, fd, data, at)

    def sync(self, name: str, fd: int) -> None:
        if not (self.armed and name == "append.sync"):
            return
        self.armed = False
        self.asked.append(fd)
        if self.lost:
            os.pwrite(fd, bytes(self._last[1]), self._last[0])
        raise OSError(errno.EIO, "unclear")


def test_what_is_there_after_an_unclear_answer_is_recorded_once(tmp_path: Path) -> None:
    asyncio.run(signs_out(tmp_path, lost=False))


def test_what_is_not_there_is_refused_and_can_be_done_again(tmp_path: Path) -> None:
    asyncio.run(signs_out(tmp_path, lost=True))


async def signs_out(folder: Path, *, lost: bool) -> None:
    disk = Unclear()
    hand = garden.Handheld(folder, garden.HandClock(), garden.plan(), disk)
    await hand.sign_in("zhang", "li")
    disk.armed, disk.lost = True, lost
    if lost:
        with pytest.raises(BookUnknown):
            await hand.watch.sign_out("li")
        assert hand.kinds().count("crew.left") == 0
    await hand.watch.sign_out("li")
    assert hand.kinds().count("crew.left") == 1
    assert len(disk.asked) == 1
    assert hand.watch.state.shift is not None
    assert [member.person for member in hand.watch.state.shift.crew] == ["zhang"]
    hand.close()
    assert check_folder(folder).whole


def test_a_badge_that_was_scanned_is_recognised_by_all_but_its_proof(tmp_path: Path) -> None:
    asyncio.run(signs_in(tmp_path))


async def signs_in(folder: Path) -> None:
    disk = Unclear()
    hand = garden.Handheld(folder, garden.HandClock(), garden.plan(), disk)
    await hand.sign_in("zhang")
    disk.armed = True
    await hand.sign_in("li")
    assert hand.kinds().count("crew.joined") == 1
    assert hand.watch.state.shift is not None
    assert [member.person for member in hand.watch.state.shift.crew] == ["zhang", "li"]
    hand.close()


def test_a_record_of_the_same_kind_that_says_something_else_is_not_taken_for_it(tmp_path: Path) -> None:
    asyncio.run(signs_out_beside_another(tmp_path))


async def signs_out_beside_another(folder: Path) -> None:
    disk = Unclear()
    hand = garden.Handheld(folder, garden.HandClock(), garden.plan(), disk)
    await hand.sign_in("zhang", "li")
    by = hand.records("crew.joined")[-1].by
    hand.logbook.append(Draft("crew.left", {"person": "wang"}, by))
    disk.armed = disk.lost = True
    with pytest.raises(BookUnknown):
        await hand.watch.sign_out("li")
    assert [record.body["person"] for record in hand.records("crew.left")] == ["wang"]
    hand.close()
