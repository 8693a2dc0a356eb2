"""From records to projections: the same whenever and however often it is done, and never stopped by a record."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, text, update

from app.kinds import BleEvidence, Evidence, StopArrived, to_dict
from app.kinds.figures import CaseDropped
from app.logbook.book import Draft, Logbook
from sync.office import fold
from sync.office.demo import HastyDisk, bring, introduce
from sync.office.desk import Desk
from sync.office.details import RoundDetail, StopDetail
from sync.office.fold import CURSOR, HEARD, Folding, apply_step, read_step
from sync.office.keys import OfficeKey
from sync.office.serve import open_store
from sync.office.store import Store
from sync.office.store import plans as plan_table
from sync.office.store import rounds as table
from sync.office.store.projections import PROJECTIONS
from sync.office.store.records import cursor, move_cursor, records_after, sites_behind
from sync.office.store.schema import arrivals
from sync.office.walker import SteppedClock, Tricks
from tests.office.conftest import GUARDS, SITE, Handheld, Office, at

EVENTFUL = Tricks(rush=frozenset({"pr1-door"}), skip={"b3-roof": "weather"}, miss=frozenset({"fitness"}))


def dump(tx: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every projection."""
    return {each.name: sorted(tuple(row) for row in tx.execute(select(each))) for each in PROJECTIONS}


@pytest.fixture
def folding(office: Office) -> Folding:
    return office.serving.folding


def take(office: Office, handheld: Handheld, upto: int) -> None:
    """Bring the book's records up to a number, as a batch would."""
    from sync.office.store import records

    held = office.ask(office.store.records.held(SITE, handheld.logbook.book))
    entries = [entry for entry in handheld.logbook.entries(held.seq + 1) if entry.record.seq <= upto]
    if not entries:
        return
    links = tuple(records.link(entry.record.seq, entry.raw, entry.hash) for entry in entries)
    key, sig = (bytes.fromhex(part) for part in handheld.logbook.head_signature(links[-1].seq, links[-1].hash))
    batch = records.Batch(handheld.logbook.book, held.seq + 1, held.hash, links, key, sig, 0)
    office.ask(office.store.records.take(SITE, batch, office.now))


def fold_anew(office: Office) -> None:
    """Forget what was folded, as an office with newer rules does, and fold it again."""
    office.ask(office.store.write(partial(fold.forget, site=SITE)))
    office.ask(office.serving.folding.catch_up())


def detail(office: Office, name: str) -> RoundDetail:
    row = office.ask(office.store.read(lambda tx: table.find_round(tx, name)))
    assert row is not None
    return msgspec.json.decode(row.detail, type=RoundDetail)


def stop(office: Office, name: str, stop: str) -> tuple[table.StopRow, StopDetail]:
    rows = office.ask(office.store.read(lambda tx: table.stops_of(tx, SITE, name)))
    row = next(row for row in rows if row.stop == stop)
    return row, msgspec.json.decode(row.detail, type=StopDetail)


@pytest.mark.proof
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_folding_along_the_way_gives_what_folding_everything_again_gives(
    office: Office, handheld: Handheld, folding: Folding, size: int
) -> None:
    name = handheld.walk(tricks=EVENTFUL)
    handheld.write(Draft("alarm.raised", {"round": name, "point": "east-gate"}, GUARDS))
    for upto in range(size, handheld.logbook.head.seq + size, size):
        take(office, handheld, upto)
        office.ask(folding.catch_up())
    along = office.ask(office.store.read(dump))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == along
    assert len(along["round_stops"]) == 14
    assert len(along["alarms"]) == 1


def test_no_round_is_made_before_all_that_was_heard_is_read(
    office: Office, handheld: Handheld, folding: Folding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be made again for every hearing that it missed."""
    missed = list[str]()

    def watched(tx: Connection, site: str) -> fold.Step | None:
        missed.extend(sites_behind(tx, HEARD))
        return read_step(tx, site)

    monkeypatch.setattr(fold, "STEP", 7)
    monkeypatch.setattr(fold, "read_step", watched)
    handheld.walk()
    take(office, handheld, 1000)
    office.ask(folding.catch_up())
    assert missed == []
    assert office.ask(office.store.read(partial(read_step, site=SITE))) is None


def test_a_step_is_stored_once_however_often_it_is_made(office: Office, handheld: Handheld) -> None:
    office.ask(office.serving.folding.stop())  # nobody else folds
    handheld.walk()
    take(office, handheld, 1000)
    office.ask(office.store.write(partial(fold.hear, site=SITE)))
    step = office.ask(office.store.read(partial(read_step, site=SITE)))
    assert step is not None
    assert office.ask(office.store.write(lambda tx: apply_step(tx, step)))
    once = office.ask(office.store.read(dump))
    assert not office.ask(office.store.write(lambda tx: apply_step(tx, step)))
    assert office.ask(office.store.read(dump)) == once
    assert office.ask(office.store.read(partial(read_step, site=SITE))) is None


def test_two_processes_may_fold_at_once(office: Office, handheld: Handheld) -> None:
    handheld.walk()
    handheld.walk("night-2")
    take(office, handheld, 1000)

    def beside() -> None:
        async def run() -> None:
            store = await open_store(office.folder / "office.db")
            await Folding(store).catch_up()
            store.close()

        asyncio.run(run())

    others = [threading.Thread(target=beside) for _ in range(2)]
    for other in others:
        other.start()
    office.ask(office.serving.folding.catch_up())
    for other in others:
        other.join(30)
    together = office.ask(office.store.read(dump))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == together


def test_projections_of_other_rules_are_made_anew_at_the_start(
    office: Office, handheld: Handheld, tmp_path: Path
) -> None:
    handheld.walk()
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    good = office.ask(office.store.read(dump))

    def age(tx: Connection) -> None:
        tx.execute(text("update rounds set detail = '{}'"))
        tx.execute(text("delete from cursors"))
        move_cursor(tx, SITE, "rounds/0", 999)

    office.ask(office.store.write(age))
    office.ask(office.store.write(fold.prepare))
    office.ask(office.serving.folding.catch_up())
    assert office.ask(office.store.read(dump)) == good


def test_an_acknowledged_record_is_folded_without_anybody_looking(office: Office, handheld: Handheld) -> None:
    name = handheld.walk()
    handheld.sync()
    for _ in range(600):
        if office.ask(office.store.read(lambda tx: table.find_round(tx, name))):
            break
        threading.Event().wait(0.05)
    assert detail(office, name).done == 14


def test_records_that_make_no_sense_are_counted_and_stop_nothing(office: Office, handheld: Handheld) -> None:
    handheld.write(
        Draft("round.started", {"round": "x"}),
        Draft("stop.arrived", {"round": 7}),
        Draft("stop.arrived", {"round": "never-begun", "stop": "a"}),
        Draft("round.started", {"round": None, "order": "everything"}),
        Draft("finding.raised", {"kind": "catastrophe"}),
        Draft("some.other-thing", {"round": {"deep": [1, None]}}),
        Draft("round.finished", {}, v=99),
    )
    name = handheld.walk()
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    assert detail(office, name).done == 14
    (book,) = office.ask(office.store.read(lambda tx: table.books_of(tx, SITE)))
    assert book.folded == book.held
    assert book.set_aside == 6  # the unknown kind is nobody's mistake


def test_hostile_rounds_are_shown_as_far_as_they_go(office: Office, handheld: Handheld) -> None:
    """Any order, any plan, any time: a record may claim what it likes."""
    base = {
        "slot": "x", "schedule": "no-such", "route": "no-such", "plan": {"revision": 1, "sha256": "00"},
        "order": ["a", "a", "b"], "seed": "zz", "crew": [], "opens": "2026-11-20T22:00:00+08:00",
        "closes": "2026-11-20T21:00:00+08:00", "alone": None, "marks": ["no-such-mark"],
    }  # fmt: skip
    newest = office.ask(office.store.read(lambda tx: plan_table.newest_plan(tx, SITE)))
    assert newest is not None
    real = {"plan": {"revision": newest.revision, "sha256": newest.sha256}}
    handheld.write(
        Draft("round.started", {**base, "round": "x" * 201}),
        Draft("round.started", {**base, "round": "odd-1"}),
        Draft("round.started", {**base, **real, "round": "odd-2", "route": "night-1", "schedule": "night-1"}),
        Draft("round.started", {**base, "round": "odd-3", "opens": "9999-12-31T23:59:59-12:00"}),
        Draft("round.started", {**base, "round": "odd-1", "order": []}),
        Draft("check.answered", {"round": "odd-2", "stop": "a", "check": "c", "ok": True, "value": "NaN/x",
                                 "repeated": False, "words": "", "asset": None}),
    )  # fmt: skip
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    assert not detail(office, "odd-1").judged
    assert detail(office, "odd-1").planned == 2
    assert not detail(office, "odd-2").judged
    assert office.ask(office.store.read(lambda tx: table.find_round(tx, "odd-3"))) is None
    office.account()
    assert office.browser().get("/rounds/odd-1").status_code == 200
    assert office.browser().get("/rounds/odd-2").status_code == 200


def test_a_round_belongs_to_the_book_that_began_it(office: Office, handheld: Handheld, tmp_path: Path) -> None:
    name = handheld.walk()
    handheld.sync()
    other = Handheld(office, tmp_path / "other", "另一台")
    stolen = next(entry for entry in handheld.logbook.entries() if entry.record.kind == "round.started").record.body
    other.write(Draft("round.started", {**stolen, "crew": []}), Draft("round.finished", {"round": name}))
    other.sync()
    other.close()
    office.ask(office.serving.folding.catch_up())
    assert [member.person for member in detail(office, name).crew] == list(GUARDS)


def test_a_revoked_handhelds_records_are_set_aside_and_counted(office: Office, handheld: Handheld) -> None:
    name = handheld.walk()
    (device,) = office.ask(office.store.devices.of(SITE))
    office.ask(office.store.devices.revoke(SITE, device.device, office.now))
    with pytest.raises(Exception, match="withdrawn"):
        handheld.sync()
    office.ask(office.serving.folding.catch_up())
    assert office.ask(office.store.read(lambda tx: table.find_round(tx, name))) is None
    (book,) = office.ask(office.store.read(lambda tx: table.books_of(tx, SITE)))
    assert book.set_aside == book.held == handheld.logbook.head.seq


# -- the office's own verdict --------------------------------------------------------------------


def arrival(handheld: Handheld, name: str, at_stop: str, levels: list[int], tag: str | None = None) -> Draft:
    """A record of being near a stop, written by somebody with an editor."""
    point, up = handheld.office.plan().point(at_stop), handheld.clock.now().up - 5000
    heard = BleEvidence(
        format="ibeacon",
        tag=tag or point.tags[0].id,
        address="C0:00:00:00:00:01",
        power_1m=-59,
        enter=-70,
        samples=tuple((up + 700 * place, level) for place, level in enumerate(levels)),
        frame="m004c:0215",
    )
    body = StopArrived(name, at_stop, at_stop, "near", (), Evidence(ble=heard))
    return Draft("stop.arrived", to_dict(body), GUARDS)


@pytest.mark.parametrize(
    ("levels", "tag", "grade", "mark"),
    [
        ([-60, -61, -60, -62], None, "near", None),
        ([-90, -91, -90, -92], None, None, "not-near"),
        ([-60], None, None, "not-near"),
        ([], None, None, "not-near"),
        ([-60, -61, -60, -62], "8e1f5c3a-6b0d-4d7e-9a52-c3b7e0d4f116/9/9", None, "foreign-tag"),
    ],
)
def test_near_is_judged_again_from_the_recorded_levels(
    office: Office, handheld: Handheld, levels: list[int], tag: str | None, grade: str | None, mark: str | None
) -> None:
    name = handheld.walk(tricks=Tricks(miss=frozenset({"fitness"})))
    handheld.write(arrival(handheld, name, "fitness", levels, tag))
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    row, seen = stop(office, name, "fitness")
    assert row.grade == "near"  # what the crew's record says stays
    assert row.office_grade == grade
    assert (mark in seen.office_marks) if mark else not set(seen.office_marks) & {"not-near", "foreign-tag"}


def test_a_label_is_good_with_its_token_old_after_a_new_issue_and_bad_with_another(
    office: Office, handheld: Handheld
) -> None:
    name = handheld.walk(tricks=Tricks(miss=frozenset({"shed-1"})))
    from app.codes import parse

    code = parse(handheld.labels["shed-1"])
    assert code is not None
    body = to_dict(StopArrived(name, "shed-1", "shed-1", "label", (), Evidence()))
    body["evidence"] = {"label": {"issue": code.issue}}
    handheld.write(
        Draft("stop.arrived", body, GUARDS, token=b"x" * 10),
        Draft("stop.arrived", body, GUARDS, token=code.token),
        Draft("stop.arrived", {**body, "proof": "00" * 16}, GUARDS),
        Draft("stop.arrived", body, GUARDS),
        Draft("stop.arrived", {**body, "evidence": {"label": {"issue": "ZZ"}}}, GUARDS, token=code.token),
    )
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    _, seen = stop(office, name, "shed-1")
    proofs = [each.judged.proof for each in seen.arrivals if each.judged]
    assert proofs == ["bad", "good", "bad", "missing", "unknown"]

    def new_label(tx: Connection) -> None:
        row = plan_table.TokenRow("point", "shed-1", 2, b"another-10")
        plan_table.add_token(tx, SITE, row, office.now)

    office.ask(office.store.write(new_label))
    handheld.clock.wait_until(office.now)
    handheld.write(Draft("stop.arrived", body, GUARDS, token=code.token))
    handheld.sync()
    fold_anew(office)
    _, seen = stop(office, name, "shed-1")
    proofs = [each.judged.proof for each in seen.arrivals if each.judged]
    assert (proofs[1], proofs[-1]) == ("good", "old"), "what was scanned before is as good as it was"


def test_a_proof_cannot_be_carried_to_another_record(office: Office, handheld: Handheld) -> None:
    name = handheld.walk()
    good = next(
        entry.record.body for entry in handheld.logbook.entries()
        if entry.record.kind == "stop.arrived" and "proof" in entry.record.body
    )  # fmt: skip
    handheld.write(Draft("stop.arrived", good, GUARDS))
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    _, seen = stop(office, name, str(good["stop"]))
    assert [each.judged.proof for each in seen.arrivals if each.judged] == ["good", "bad"]


def test_limits_are_judged_again_by_the_plan(office: Office, handheld: Handheld) -> None:
    name = handheld.walk(tricks=Tricks(miss=frozenset({"b1-u1"})))
    lie = {"round": name, "stop": "b1-u1", "check": "lit", "ok": True, "value": "3/30", "repeated": False,
           "words": "30/30", "asset": None, "marks": []}  # fmt: skip
    handheld.write(Draft("check.answered", lie, GUARDS))
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    _, seen = stop(office, name, "b1-u1")
    assert [(answer.ok, answer.judged_ok) for answer in seen.answers] == [(True, False)]
    assert "out-of-limits" in seen.office_marks


def test_the_offices_marks_agree_with_the_crews_on_an_honest_round(office: Office, handheld: Handheld) -> None:
    name = handheld.walk(tricks=EVENTFUL)
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    assert detail(office, name).judged
    assert detail(office, name).marks == detail(office, name).office_marks
    for row in office.ask(office.store.read(lambda tx: table.stops_of(tx, SITE, name))):
        seen = msgspec.json.decode(row.detail, type=StopDetail)
        assert set(seen.marks) == set(seen.office_marks), row.stop
        assert row.grade == row.office_grade


def test_a_walk_with_times_that_were_edited_out_is_found_by_the_office(office: Office, handheld: Handheld) -> None:
    """The record says no marks, but its own boot clock shows a walk nobody can make."""
    name = handheld.walk(tricks=Tricks(miss=frozenset({"pr1-door"})))
    handheld.write(arrival(handheld, name, "pr1-door", [-60, -60, -60, -60]))
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    _, seen = stop(office, name, "pr1-door")
    assert "too-fast" in seen.office_marks
    assert "too-fast" not in seen.marks


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Store]:
    store = asyncio.run(open_store(tmp_path / "office.db"))
    yield store
    store.close()


def test_a_site_without_any_plan_still_shows_what_was_recorded(bare: Store, tmp_path: Path) -> None:
    clock = SteppedClock(at("2026-11-20 22:00"))
    logbook = Logbook.open(tmp_path / "book", clock, HastyDisk())
    started = {
        "round": "r#1-1", "slot": "r", "schedule": "s", "route": "t", "plan": {"revision": 3, "sha256": "ab"},
        "order": ["a", "b"], "seed": None, "crew": [{"person": "zhang-wei", "method": "pin"}],
        "opens": "2026-11-20T22:00:00+08:00", "closes": "2026-11-21T00:00:00+08:00", "alone": None, "marks": [],
    }  # fmt: skip
    body = to_dict(StopArrived("r#1-1", "a", "a", "typed", ("weak-evidence",), Evidence(typed="123")))
    logbook.append(Draft("round.started", started), Draft("stop.arrived", body))

    async def act() -> RoundDetail:
        await introduce(bare, logbook, "elsewhere", "x", clock.now().at)
        await bring(bare, logbook, "elsewhere", clock.now().at)
        await Folding(bare).catch_up()
        row = await bare.read(lambda tx: table.find_round(tx, "r#1-1"))
        assert row is not None
        assert await bare.read(lambda tx: cursor(tx, "elsewhere", CURSOR)) == 3
        return msgspec.json.decode(row.detail, type=RoundDetail)

    found = asyncio.run(act())
    logbook.close()
    assert (found.done, found.planned, found.judged) == (1, 2, False)
    assert found.stop_marks == ("weak-evidence",)


def test_each_site_is_numbered_and_folded_for_itself(bare: Store, tmp_path: Path) -> None:
    """A site may move to another database: nothing counts across two of them."""

    async def send(site: str, more: int) -> None:
        clock = SteppedClock(at("2026-11-20 22:00"))
        logbook = Logbook.open(tmp_path / site, clock, HastyDisk())
        alarm = Draft("alarm.raised", {"round": None, "point": None})
        logbook.append(*(alarm for _ in range(more)))
        await introduce(bare, logbook, site, "x", clock.now().at)
        await bring(bare, logbook, site, clock.now().at)
        logbook.close()

    async def stand(site: str) -> tuple[int, int]:
        """(how far it is folded, alarms that are shown)"""
        alarms = await bare.read(lambda tx: [row for row in table.alarms_standing(tx, 0) if row.site == site])
        return await bare.read(lambda tx: cursor(tx, site, CURSOR)), len(alarms)

    async def act() -> None:
        await send("east", 2)
        await send("west", 5)
        for site, count in (("east", 3), ("west", 6)):
            rows = await bare.read(partial(records_after, site=site, arrived=0, limit=100))
            assert [(row.site, row.arrived) for row in rows] == [(site, number) for number in range(1, count + 1)]
        await bare.write(partial(fold.hear, site="west"))
        step = await bare.read(partial(read_step, site="west"))
        assert step is not None
        await bare.write(partial(apply_step, step=step))
        assert await bare.read(lambda tx: sites_behind(tx, CURSOR)) == ["east"]
        assert await bare.read(lambda tx: sites_behind(tx, fold.HEARD, CURSOR)) == ["east"]
        await bare.write(lambda tx: move_cursor(tx, "west", fold.HEARD, 5))
        assert await bare.read(lambda tx: sites_behind(tx, fold.HEARD, CURSOR)) == ["east", "west"]
        await bare.write(lambda tx: move_cursor(tx, "west", fold.HEARD, 6))
        await bare.write(lambda tx: tx.execute(update(arrivals).values(last=arrivals.c.last + 1)) and None)
        assert await bare.read(lambda tx: sites_behind(tx, CURSOR)) == ["east"], "a number alone is no record"
        await bare.write(lambda tx: tx.execute(update(arrivals).values(last=arrivals.c.last - 1)) and None)
        assert (await stand("east"), await stand("west")) == ((0, 0), (6, 5))
        assert await Folding(bare).catch_up()
        await bare.write(partial(fold.forget, site="east"))
        assert (await stand("east"), await stand("west")) == ((0, 0), (6, 5))
        assert await Folding(bare).catch_up()
        assert (await stand("east"), await stand("west")) == ((3, 2), (6, 5))

    asyncio.run(act())


def test_a_site_that_cannot_be_folded_holds_no_other_one_up(
    office: Office, handheld: Handheld, folding: Folding, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = fold.read_step

    def fails(tx: Connection, site: str) -> fold.Step | None:
        if site == "a-broken-site":
            raise ValueError("a record that nobody foresaw")
        return read(tx, site)

    monkeypatch.setattr(fold, "read_step", fails)
    desk = Desk(office.store, OfficeKey.open(office.folder))
    office.ask(desk.say("a-broken-site", CaseDropped("2026-11", "b:1"), "wang-qiang", office.now))
    name = handheld.walk()
    take(office, handheld, handheld.logbook.head.seq)
    assert office.ask(folding.catch_up()) is False
    assert len(office.ask(office.store.read(lambda tx: table.stops_of(tx, SITE, name)))) == 14
