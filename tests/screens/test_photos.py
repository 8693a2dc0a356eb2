"""Photographs by keys: one key takes it, it can be removed, and whatever goes wrong the record can be made without."""

import errno
import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image
from textual.pilot import Pilot

from app.words import say
from app.work import Work
from hardware.camera import Camera, parse
from hardware.clock import SystemClock
from screens.matters import MatterPage
from screens.order import ConfirmPage, OrderPage
from screens.photos import FilesPage, PhotosPage
from screens.terminal import Terminal
from tests.logbook.tools import FailingDisk, fails
from tests.screens.test_camera import says
from tests.screens.test_orders import FITTER_IN, SITE
from tests.screens.world import SMALL, World, bodies, keys, settle, text, until, world

RED = bytes((81, 90, 240, 240)) * (320 * 240 // 2)


def film(folder: Path) -> str:
    """What a camera sends that looks at something red."""
    path = folder / "film.yuyv"
    path.write_bytes(RED)
    return f"file:{path}@320x240:YUYV"


def with_photos(here: World, lang: str, camera: str | None = None, pictures: Path | None = None) -> Terminal:
    source = Camera(parse(camera), SystemClock()) if camera else None
    return Terminal(replace(here.terminal(lang).gear, photo=source, pictures=pictures))


def have(lang: str) -> str:
    """One photograph, of whatever size."""
    return say(lang, "photo.have", n=1, size="|").partition("|")[0]


async def report_begun(pilot: Pilot[int]) -> None:
    await keys(pilot, f"{FITTER_IN} f3 1 2")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_one_key_takes_it_and_the_record_names_what_is_durable(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = with_photos(here, lang, film(tmp_path))
        async with app.run_test(size=SMALL) as pilot:
            await report_begun(pilot)
            await keys(pilot, "9")
            await keys(pilot, "enter")
            assert not bodies(here, "finding.raised"), "what is just being taken is waited for"
            await until(pilot, lambda: says(app, lang, "photo.key_more"))
            assert have(lang) in text(app)
            assert not (tmp_path / "book" / "blobs").exists(), "nothing is kept before it is recorded"
            await keys(pilot, "9 9")
            assert isinstance(app.screen, PhotosPage)
            await until(pilot, lambda: say(lang, "photo.row", n=2, size="|").partition("|")[0] in text(app))
            await keys(pilot, "2 enter enter")
            (body,) = bodies(here, "finding.raised")
            (one,) = body["attachments"]
            assert (one["type"], one["size"]) == ("image/jpeg", len(here.book.blob(one["sha256"]) or b""))
            (finding,) = here.watch.state.findings.values()
            assert finding.photos == 1
            await keys(pilot, "asterisk 0")
            app.go_home()
            app.open(MatterPage(finding.id))
            await settle(pilot)
            assert say(lang, "photo.with", n=1) in text(app)
            await keys(pilot, "9")
            await until(pilot, lambda: says(app, lang, "photo.key_keep"))
            await keys(pilot, "enter")
            assert bodies(here, "finding.photographed")[0]["finding"] == finding.id
            assert here.watch.state.findings[finding.id].photos == 2


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_camera_that_is_gone_a_file_that_is_none_and_a_folder_with_pictures(tmp_path: Path, lang: str) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "scan.jpg").write_text("not a picture")
    Image.new("RGB", (900, 700), "green").save(folder / "door.png")
    os.utime(folder / "scan.jpg", (1_900_000_000, 1_900_000_000))
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = with_photos(here, lang, f"file:{tmp_path}/none@320x240:YUYV", folder)
        async with app.run_test(size=SMALL) as pilot:
            await report_begun(pilot)
            await keys(pilot, "9")
            await until(pilot, lambda: says(app, lang, "photo.absent"))
            await keys(pilot, "9 8")
            assert isinstance(app.screen, FilesPage)
            await keys(pilot, "1")
            await until(pilot, lambda: says(app, lang, "camera.no_picture"))
            await keys(pilot, "8 2")
            await until(pilot, lambda: says(app, lang, "photo.key_again"))
            await keys(pilot, "enter enter")
            (body,) = bodies(here, "finding.raised")
            assert len(body["attachments"]) == 1
            assert body["phrase"] == "leak", "nothing that was chosen is lost on the way"


async def test_without_a_camera_the_page_says_where_pictures_go(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = with_photos(here, "en", pictures=tmp_path / "data" / "photos")
        async with app.run_test(size=SMALL) as pilot:
            await report_begun(pilot)
            await keys(pilot, "9")
            assert "data/photos" in text(app)
            await keys(pilot, "enter")
            assert "attachments" not in bodies(here, "finding.raised")[0]
            (tmp_path / "data" / "photos").mkdir(parents=True)
            Image.new("RGB", (90, 70), "green").save(tmp_path / "data" / "photos" / "door.png")
            (finding,) = here.watch.state.findings
            app.open(MatterPage(finding))
            await settle(pilot)
            await keys(pilot, "9")
            assert isinstance(app.screen, FilesPage)
            await keys(pilot, "1")
            await until(pilot, lambda: says(app, "en", "photo.key_keep"))
            await keys(pilot, "enter")
            assert len(bodies(here, "finding.photographed")) == 1


class Fuller(FailingDisk):
    """No room for a picture; a record still fits."""

    def step(self, name: str) -> None:
        if name.startswith("blob"):
            fails(errno.ENOSPC)(name)
        super().step(name)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_full_disk_refuses_the_picture_and_takes_the_finding(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00", disk=Fuller(10**9, fails(0))) as here:
        app = with_photos(here, lang, film(tmp_path))
        async with app.run_test(size=SMALL) as pilot:
            await report_begun(pilot)
            await keys(pilot, "9")
            await until(pilot, lambda: says(app, lang, "photo.key_more"))
            await keys(pilot, "enter")
            assert not bodies(here, "finding.raised")
            assert says(app, lang, "photo.not_kept")
            await keys(pilot, "9 1 enter enter")
            assert "attachments" not in bodies(here, "finding.raised")[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_customer_confirms_by_the_number_and_the_photograph_of_the_slip(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-21T10:00:00+08:00") as here:
        app = with_photos(here, lang, film(tmp_path))
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, FITTER_IN)
            work = Work.of(here.watch)
            order = (await work.take_order("lamp", "leak", room="3-1-501")).id
            await work.accept_order(order)
            app.open(OrderPage(order))
            await settle(pilot)
            await keys(pilot, "9")
            await until(pilot, lambda: says(app, lang, "photo.key_keep"))
            await keys(pilot, "enter")
            assert bodies(here, "order.photographed")[0]["order"] == order
            await work.arrive_at_order(order)
            await settle(pilot)
            await keys(pilot, "enter 9")
            await until(pilot, lambda: have(lang) in text(app))
            await keys(pilot, "enter")
            assert len(bodies(here, "order.done")[0]["attachments"]) == 1
            assert isinstance(app.screen, ConfirmPage)
            await keys(pilot, "2 8 8 enter 9")
            await until(pilot, lambda: says(app, lang, "orders.slip_with"))
            await keys(pilot, "enter")
            (body,) = bodies(here, "order.confirmed")
            assert (body["how"], body["value"], len(body["attachments"])) == ("paper", "88", 1)
            assert say(lang, "photo.with", n=3) in text(app)
