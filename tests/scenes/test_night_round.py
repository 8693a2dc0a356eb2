"""A night round from the beacon in the stairwell to the supervisor's page, with real parts only:
bleak on the virtual radio, the logbook on a disk, HTTP over a socket, SQLite in the office's own process."""

import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.duties.site import Check, Stop
from app.logbook.book import Logbook
from app.pages import pages_of
from app.ports import Moment, Scan, Sighting
from app.watch import Watch
from hardware.ble import BleReader, Pace
from hardware.clock import SystemClock
from sync.courier import Courier
from sync.enrolment import enrol
from tests.scenes import office as offices
from tests.virtual_radio import BlueZ, PrivateBus, patrol_tag

ZONE = ZoneInfo("Asia/Shanghai")
GUARD, PARTNER = "zhang-wei", "li-jun"
SPEED = 10
"""The night passes that much faster while a tag is waited for."""


class NightClock:
    """The real clock, which runs fast and can be walked forward: to the coming night, to the next stop."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._began = self._real.now()
        self._walked_ms = 0
        self.off: int | None = None

    def now(self) -> Moment:
        passed = (self._real.now().up - self._began.up) * SPEED + self._walked_ms
        return Moment(self._began.at + passed, self._began.up + passed, self._began.boot, self.off)

    def walk(self, seconds: float) -> None:
        self._walked_ms += int(seconds * 1000)

    def wait_until(self, hour: int, minute: int) -> None:
        """Until the site's clocks next show this."""
        here = datetime.fromtimestamp(self.now().at / 1000, ZONE)
        then = here.replace(hour=hour, minute=minute, second=0)
        self.walk(((then - here) % timedelta(days=1)).total_seconds())

    def set_off(self, off: int) -> None:
        self.off = off


@pytest.fixture
async def air(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BlueZ]:
    """The virtual radio that bleak takes for the system's Bluetooth."""
    bus = PrivateBus()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    daemon = BlueZ(bus.address)
    await daemon.start()
    daemon.plug()
    yield daemon
    await daemon.close()
    bus.close()


async def stand_at(watch: Watch, air: BlueZ, radio: BleReader, stop: Stop) -> None:
    """The crew reaches the tag of `stop` and waits until the handheld says so."""
    tag = watch.plan.point(stop.point).tags[0]
    address = tag.address or "C0:00:00:00:00:01"
    air.enter(patrol_tag(tag.format, tag.id, address, tag.near or -60, interval_s=0.05))
    try:
        async with aclosing(radio.listen(frozenset({(tag.format, tag.id)}))) as heard:
            async for item in heard:
                if isinstance(item, Sighting) and (verdict := (await watch.hear(item)).verdict):
                    assert verdict.accepted
                    assert verdict.grade == "near"
                    return
    finally:
        air.leave(address)


def good(check: Check) -> str:
    """Keys for a normal answer."""
    match check.kind:
        case "ok" | "choice":
            return "1"
        case "count":
            return str(check.total)
        case "number":
            return (check.high or check.low or "1").replace(".", "")
        case _:
            return "1"


async def answer_checks(watch: Watch) -> int:
    answered = 0
    while (check := watch.open_check()) is not None:
        assert await watch.answer(watch.judge(check, good(check)))
        answered += 1
    return answered


async def test_what_the_guards_walked_is_what_the_supervisor_reads(tmp_path: Path, air: BlueZ) -> None:
    night = offices.set_up(tmp_path / "office", GUARD, PARTNER)
    clock = NightClock()
    with offices.serving(night.folder) as url:
        logbook = Logbook.open(tmp_path / "handheld", clock)
        enrol(logbook, url, night.code, "handheld-01", clock)
        Courier(logbook, clock, on_offset=clock.set_off).exchange()
        port = int(url.rpartition(":")[2])
    # The office is gone now: the whole round is walked without a network.
    clock.wait_until(22, 3)
    watch = Watch(logbook, pages_of(logbook, clock.now().at), clock, "zh")
    acknowledged = logbook.acked
    await watch.sign_in_badge(Scan(night.badge, clock.now().up))
    await watch.sign_in_pin(PARTNER, night.partner_pin)

    duty = next(duty for duty in watch.today() if duty.slot.schedule == "night-1")
    assert f"{duty.slot.opens:%H:%M}" == "22:00"
    progress = await watch.start_round(duty)
    radio = BleReader(clock=clock, pace=lambda: Pace(window=0.2))
    labelled, answered = 0, 0
    while (stop := watch.next_stop()) is not None:
        clock.walk(150)
        if watch.plan.point(stop.point).tags:
            await stand_at(watch, air, radio, stop)
        else:
            verdict = await watch.scan(Scan(night.labels[stop.point], clock.now().up))
            assert (verdict.accepted, verdict.grade) == (True, "label")
            labelled += 1
        answered += await answer_checks(watch)
        if stop.id == progress.order[6]:
            assert (await watch.scan(Scan(night.badge, clock.now().up))).accepted  # identified again on the way
            category = next(found for found in watch.plan.categories if found.kind == "finding")
            finding = await watch.report(category.id, category.phrases[0].id)
    summary = await watch.finish_round()
    assert radio.backend == "bluez_dbus"  # nothing of bleak was replaced
    assert (summary.planned, summary.done, summary.missed) == (len(progress.order), len(progress.order), 0)
    assert labelled >= 1
    assert answered >= 1
    assert logbook.acked == acknowledged  # not a packet left the handheld
    walked = {
        entry.record.body["stop"]: entry.record for entry in logbook.entries() if entry.record.kind == "stop.arrived"
    }

    with offices.serving(night.folder, port, clock.now().at):
        Courier(logbook, clock, on_offset=clock.set_off).exchange()
        assert logbook.unsent == 0
        held = offices.records(night.folder)
        assert held == [json.loads(entry.raw) for entry in logbook.entries()]
        day = datetime.fromtimestamp(progress.started / 1000, ZONE).date().isoformat()
        with offices.browser(url) as browser:
            listing = browser.get(f"/rounds?day={day}&lang=zh").text
            zh = browser.get(_link(listing, r'href="(/rounds/[^"?]*night-1[^"]*)"')).text
            en = browser.get(_link(zh, r'href="([^"]+)" lang="en"')).text
    logbook.close()

    plan = watch.plan
    text = _text(zh)
    for stop in plan.route(progress.route).stops:
        record = walked[stop.id]
        local = datetime.fromtimestamp(record.at / 1000, ZONE)
        assert plan.point(stop.point).name.zh in text
        assert f"{local:%H:%M:%S}" in text, f"{stop.id} {local:%H:%M:%S}"
    assert finding.words in text
    for person in (GUARD, PARTNER):
        assert watch.person(person).name.zh in text  # type: ignore[union-attr]  # both are in the plan
    assert _text(en) != text
    assert plan.point(plan.route(progress.route).stops[0].point).name.en in _text(en)


def _link(page: str, pattern: str) -> str:
    found = re.search(pattern, page)
    assert found, page
    return html.unescape(found[1])


def _text(page: str) -> str:
    """What a person reads on a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
