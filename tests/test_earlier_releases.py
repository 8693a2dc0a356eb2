"""What every earlier release left on a disk opens, is whole, and goes on: the handheld's folder, and the office's.

`python -m tests.fixtures.make` writes down what this version leaves, once for each release.
"""

import asyncio
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import pytest

from app.logbook.book import Logbook
from app.logbook.reader import Reader
from app.logbook.verify import check_book
from app.pages import pages_of
from app.version import VERSION
from sync.client import Client
from sync.courier import Courier
from sync.office.demo import HastyDisk
from sync.office.walker import NO_TRICKS, SteppedClock, Walker
from tests.fixtures import make
from tests.office.conftest import SITE, Office, command
from tests.office.test_pages import round_path
from tests.office.test_photos import JPEG

EARLIER: Final = sorted(path.parent for path in make.HERE.glob("*/left.json"))


@pytest.fixture(params=EARLIER, ids=lambda path: path.name)
def before(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, make.Left]:
    """The folder in which everything of a version stands as it was left, and what stood there."""
    kept: Path = request.param
    for name in ("handheld", "office"):
        with tarfile.open(kept / f"{name}.tar.xz") as tar:
            tar.extractall(tmp_path / name, filter="data")
    return tmp_path, msgspec.json.decode((kept / "left.json").read_bytes(), type=make.Left)


def test_this_version_is_among_them_and_none_is_large() -> None:
    assert VERSION in [kept.name for kept in EARLIER], "python -m tests.fixtures.make"
    for kept in EARLIER:
        assert sum(path.stat().st_size for path in kept.iterdir()) < make.MOST


def test_a_handheld_takes_up_the_round_and_its_office_hears_of_it(before: tuple[Path, make.Left]) -> None:
    folder, left = before
    assert check_book(folder / "handheld").whole
    assert Reader(folder / "handheld").head.hash.hex() == left.hash
    with closing(Office(folder / "office")) as office:
        office.now = left.at + 3_600_000
        clock = SteppedClock(left.at + 60_000)
        with closing(Logbook.open(folder / "handheld", clock, HastyDisk())) as logbook:
            assert (logbook.book_id, logbook.head.seq, logbook.unsent) == (left.book, left.head, left.unsent)
            assert logbook.opening.damage == ()
            assert logbook.blob(left.picture) == JPEG
            assert logbook.text_of(left.apart) == "王小明 13800000000"
            asyncio.run(taken_up(logbook, clock, left))
            carry(logbook, clock, office)
            office.ask(office.serving.folding.catch_up())
            assert logbook.unsent == 0
            assert office.ask(office.store.records.held(SITE, logbook.book)).seq == logbook.head.seq > left.head
        assert check_book(folder / "handheld").whole
        with closing(office.browser()) as browser:
            for walked in (left.walked, left.open):
                assert browser.get(round_path(walked), params={"lang": "en"}).status_code == 200
        assert command(office, "verify")[0] == 0


async def taken_up(logbook: Logbook, clock: SteppedClock, left: make.Left) -> None:
    """Somebody of the crew unlocks the same stop, and the round goes on to its end."""
    walker = Walker(logbook, clock, pages_of(logbook, clock.now().at), left.labels)
    with closing(walker.watch) as watch:
        progress, waits = watch.state.round, watch.next_stop()
        assert progress is not None
        assert waits is not None
        assert (progress.round, waits.id, watch.locked) == (left.open, left.next, True)
        await watch.sign_in_badge(walker.read(left.badges["li-jun"]))
        assert not watch.locked
        for stop in progress.order[progress.order.index(waits.id) :]:
            await walker._go(stop, NO_TRICKS)
        assert (await watch.finish_round()).missed == 0
        await watch.close_shift()


def carry(logbook: Logbook, clock: SteppedClock, office: Office) -> None:
    """To the office where it stands now, which must be the one whose key the handheld pinned."""
    enrolled = logbook.office
    assert enrolled is not None
    Courier(
        logbook,
        clock,
        connect=lambda writer: Client(
            office.url,
            book=writer.book,
            identity=writer.identity,
            server_key=bytes.fromhex(enrolled.server_key),
            clock=clock,
        ),
    ).exchange()
