"""A handheld breaks in the middle of a round: a spare goes on with it, and what the broken one held comes in later."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from app.duties.schedule import Duty, Standing
from app.duties.site import Person
from app.errors import NotAllowed, OfficeAway
from app.kinds.handheld import ELSEWHERE, Before, RoundBegun, StopReached
from app.logbook.verify import check_folder
from app.ports import Scan
from app.takeover import TakingOver
from app.tuning import tuning_of
from sync.client import Refused
from sync.invited import Invited
from sync.office import handheld_settings
from sync.office.store import settings
from sync.office.walker import NO_TRICKS
from sync.wire import Other
from tests.office.conftest import NIGHT, SITE, Handheld, Office, at, command

HOUR = 3600 * 1000
REACHED = 3
EN = {"lang": "en"}


def set_out(handheld: Handheld, late_s: float) -> list[str]:
    """Both guards sign in and begin the first round of the night; the stops that are still to be reached, in order."""
    watch, slot = handheld.walker.watch, handheld.office.slot("night-1")

    async def begin() -> list[str]:
        handheld.clock.wait_until(int(slot.opens.timestamp() * 1000) + round(late_s * 1000))
        for badge in handheld.badges.values():
            await watch.sign_in_badge(handheld.walker.read(badge))
        progress = await watch.start_round(Duty(slot, Standing.OPEN))
        return [visit.stop for visit in progress.visits if not visit.done]

    return asyncio.run(begin())


def go(handheld: Handheld, stops: list[str], *, ends: bool = False) -> None:
    async def walk() -> None:
        for number, stop in enumerate(stops):
            await handheld.walker._go(stop, NO_TRICKS)
            if number == 1:
                await handheld.walker.watch.scan(handheld.walker.read(list(handheld.badges.values())[1]))
        if ends:
            await handheld.walker.watch.finish_round()

    asyncio.run(walk())


def invited(handheld: Handheld) -> Invited:
    return Invited(handheld.logbook, handheld.clock)


def known(spare: Handheld) -> Other:
    kept, spare.office.now = spare.office.now, spare.clock.now().at
    try:
        (other,) = invited(spare).others("wang-qiang", "patrol-post")
    finally:
        spare.office.now = kept
    return other


def take_over(spare: Handheld, other: Other | None, boss: Person, badge: str) -> None:
    before = begun = None
    if other is not None:
        before = Before(other.device, other.name, other.book, other.seq)
        assert other.round is not None
        done = tuple(StopReached(each.stop, each.at) for each in other.round.done)
        begun = RoundBegun(other.round.round, other.round.slot, done)
    crew = other.crew if other else ()
    acts = TakingOver.of(spare.walker.watch)
    asyncio.run(acts.take_over(boss, Scan(badge, 0), None, before, crew, begun))


def boss_of(spare: Handheld, id: str = "wang-qiang") -> Person:
    found = spare.walker.watch.person(id)
    assert found is not None
    return found


def test_the_spare_goes_on_where_the_office_saw_the_broken_one_last(office: Office, tmp_path: Path) -> None:
    badge = office.badge("wang-qiang")
    broken, spare = Handheld(office, tmp_path / "broken", "Gate 1"), Handheld(office, tmp_path / "spare", "Spare")
    ours = {each.name: each.device for each in office.ask(office.store.devices.of(SITE))}
    sets(office, ours["Gate 1"], letters="large", lang="en", ring="pilot", scanner="serial:/dev/ttyS1@9600")
    sets(office, ours["Spare"], lang="zh")
    stops = set_out(broken, 180)
    go(broken, stops[:REACHED])
    broken.sync()
    go(broken, stops[REACHED : REACHED + 1])  # the office never hears of this one, for now
    broken.close()

    spare.clock.wait_until(broken.clock.now().at + 60_000)
    other = known(spare)
    assert (other.name, other.crew, other.seq) == ("Gate 1", ("zhang-wei", "li-jun"), broken.logbook.acked)
    assert other.round is not None
    assert [each.stop for each in other.round.done] == stops[:REACHED]
    take_over(spare, other, boss_of(spare), badge)
    with pytest.raises(NotAllowed):
        take_over(spare, other, boss_of(spare, "zhang-wei"), badge)
    left = set_out(spare, (broken.clock.now().at + 120_000 - at("2026-11-20 22:00")) / 1000)
    assert left == stops[REACHED:], "the crew goes to the first place that is not known to be done"
    go(spare, left, ends=True)
    spare.sync()

    office.account()
    page = office.browser().get("/rounds", params={"day": NIGHT.isoformat(), **EN}).text
    assert f"{len(stops)}/{len(stops)}" in page, "both pieces are one round"
    devices = {each.name: each for each in office.ask(office.store.devices.of(SITE))}
    assert devices["Gate 1"].replaced_by == devices["Spare"].device
    assert devices["Gate 1"].revoked_at is None
    assert re.search(r"  replaced  Gate 1\b", command(office, "device", "list")[1])
    spare.sync()
    sent = tuning_of(spare.logbook).values
    assert sent == {"letters": "large", "ring": "pilot", "lang": "zh"}, "its parts, and what is its own, stay its own"
    (last, *_) = office.ask(office.store.read(lambda tx: settings.history(tx, SITE, 1)))
    assert (last.device, last.by) == (ours["Spare"], "wang-qiang")

    shutil.copytree(tmp_path / "broken", tmp_path / "copy")
    held, before = broken.logbook.acked, files_of(tmp_path / "copy")
    code, told = command(office, "handoff", str(tmp_path / "copy"))
    assert (code, "The copy is as it was" in told, "receipt lies" in told) == (0, True, False), told
    assert files_of(tmp_path / "copy") == before
    shutil.copytree(tmp_path / "spare", tmp_path / "whole")
    assert command(office, "handoff", str(tmp_path / "whole")) == (0, "The copy holds nothing that the office lacks\n")
    assert office.ask(office.store.records.held(SITE, broken.logbook.book)).seq > held
    assert check_folder(tmp_path / "copy").whole
    assert check_folder(tmp_path / "spare").whole
    assert "took over from a broken handheld: Gate 1" in page_of(office, spare)
    spare.close()


def sets(office: Office, device: str, **values: str) -> None:
    office.ask(office.store.write(lambda tx: handheld_settings.change(tx, SITE, device, values, "boss", office.now)))


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def page_of(office: Office, handheld: Handheld) -> str:
    return (
        office.browser()
        .get("/records", params={"site": SITE, "book": handheld.logbook.book_id, "upto": "9", **EN})
        .text
    )


def test_without_the_office_the_spare_begins_anew_and_claims_nothing(office: Office, tmp_path: Path) -> None:
    badge = office.badge("wang-qiang")
    spare = Handheld(office, tmp_path / "spare", "Spare")
    take_over(spare, None, boss_of(spare), badge)
    left = set_out(spare, 180)
    assert len(left) == 14
    with pytest.raises(NotAllowed):
        take_over(spare, None, boss_of(spare), badge)
    said = [entry.record for entry in spare.logbook.entries() if entry.record.kind == "handheld.took-over"]
    assert [(each.by, "before" in each.body, "proof" in each.body) for each in said] == [(("wang-qiang",), False, True)]
    spare.close()


def test_stops_that_nobody_reached_are_not_made_good_by_saying_so(office: Office, tmp_path: Path) -> None:
    badge = office.badge("wang-qiang")
    broken, spare = Handheld(office, tmp_path / "broken", "Gate 1"), Handheld(office, tmp_path / "spare", "Spare")
    stops = set_out(broken, 180)
    go(broken, stops[:1])
    broken.sync()
    spare.clock.wait_until(broken.clock.now().at + 60_000)
    other = known(spare)
    assert other.round is not None
    claimed = RoundBegun(
        other.round.round, other.round.slot, tuple(StopReached(stop, other.heard) for stop in stops[:5])
    )
    before = Before(other.device, other.name, other.book, other.seq)
    acts = TakingOver.of(spare.walker.watch)
    asyncio.run(acts.take_over(boss_of(spare), Scan(badge, 0), None, before, other.crew, claimed))
    go(spare, set_out(spare, 900), ends=True)
    spare.sync()
    skipped = [entry.record.body for entry in spare.logbook.entries() if entry.record.kind == "stop.skipped"]
    assert [each["reason"] for each in skipped] == [ELSEWHERE] * 5
    office.account()
    page = office.browser().get("/rounds", params={"day": NIGHT.isoformat(), **EN}).text
    assert f"10/{len(stops)}" in page, "one of the five is on record, the other four are not"
    for each in (broken, spare):
        each.close()


def test_who_is_withdrawn_or_away_is_told_nothing(office: Office, tmp_path: Path) -> None:
    spare = Handheld(office, tmp_path / "spare", "Spare")
    device = office.ask(office.store.devices.of(SITE))[0].device
    office.now = spare.clock.now().at
    assert invited(spare).others("wang-qiang", "") == ()
    office.ask(office.store.devices.revoke(SITE, device, office.now))
    with pytest.raises(Refused):
        invited(spare).others("wang-qiang", "")
    office.close()
    with pytest.raises(OfficeAway):
        invited(spare).others("wang-qiang", "")
    spare.close()
