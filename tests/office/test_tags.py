"""Tags with a secret: what a copy or a recording of one is worth, on the handheld offline and at the office."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Connection

from app.duties.site import Tag
from app.kinds import BleEvidence, Evidence, LabelEvidence, StopArrived, read, to_dict
from app.kinds.senses import TagCalibrated
from app.logbook.book import Draft
from app.pages import pages_of
from sync.office import importing, tag_keys
from sync.office.details import StopDetail
from sync.office.store import tags as key_table
from sync.office.store.changes import MAX_BODY
from sync.office.store.rounds import StopRow
from sync.office.store.tags import KeyRow
from sync.office.tag_keys import KeyRefused
from sync.office.walker import NO_TRICKS, Tricks
from tests.office.conftest import GUARDS, NIGHT, PEOPLE, PLAN, SITE, Handheld, Office, at, furnished
from tests.office.tags_air import BIND_KEY, EID_KEY, EXPONENT, PLAIN, SENSOR, Air, Beacon, SecretWalker, Sensor, Sent
from tests.office.test_fold import stop

DAY_MS = 24 * 3600 * 1000
LATE = at("2027-02-01 00:00")
EVENING = at("2026-11-20 20:00")
BEACON = Beacon(EVENING - 1_000_000)
EID_STOP, SENSOR_STOP = "fitness", "gas-box"
"""Points of the example that carry the tags with a secret."""


def secret_plan() -> bytes:
    """The example, with one changing and one enciphering tag."""
    text = PLAN.read_text()
    for point, tag in ((EID_STOP, "eddystone-eid: garden-5"), (SENSOR_STOP, f'bthome: "{SENSOR}"')):
        where = rf"(\n  {point}:\n(?:    .*\n)*?    tags: )\[.*\]"
        text, count = re.subn(where, rf"\1[{{{tag}, near: -58}}]", text, count=1)
        assert count == 1
    return text.encode()


async def take_plan(office: Office) -> None:
    found = await importing.check(office.store, secret_plan(), PEOPLE)
    assert not found.refused, [fault.say("en") for fault in found.faults]
    await importing.take(office.store, found, EVENING)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The example with tags that have a secret, their keys not told yet."""
    it = Office(furnished(tmp_path / "office"))
    it.ask(take_plan(it))
    yield it
    it.close()


@pytest.fixture
def handheld(office: Office, tmp_path: Path) -> Iterator[Handheld]:
    it = Handheld(office, tmp_path / "handheld")
    it.sync()
    yield it
    it.close()


def tell_keys(office: Office) -> None:
    counter = (EVENING - BEACON.zero) // 1000
    write = office.store.write
    office.ask(write(lambda tx: tag_keys.tell_eid(tx, SITE, "garden-5", EID_KEY, EXPONENT, counter, EVENING, EVENING)))
    office.ask(write(lambda tx: tag_keys.tell_bthome(tx, SITE, SENSOR, BIND_KEY, EVENING)))


def walks(handheld: Handheld, air: Air, schedule: str = "night-1", days: int = 0, tricks: Tricks = NO_TRICKS) -> str:
    """One round past the tags that `air` tells, with what the office last sent down."""
    handheld.walker.watch.close()
    pages = pages_of(handheld.logbook, handheld.clock.now().at)
    handheld.walker = walker = SecretWalker(handheld.logbook, handheld.clock, pages, handheld.labels)
    walker.air = air
    return handheld.walk(schedule, NIGHT + timedelta(days=days), tricks)


def honest(sensor: Sensor) -> Air:
    """Every tag sends what it should, then."""

    def sends(tag: Tag, now: int) -> Sent | None:
        return BEACON.sends(now) if tag.format == "eddystone-eid" else sensor.sends(now) if tag.id == SENSOR else None

    return sends


def recorded(then: int, sensor: Sensor) -> Air:
    """What somebody recorded at `then` and plays again."""
    beacon, frame = BEACON.sends(then), sensor.sends(then)

    def sends(tag: Tag, now: int) -> Sent | None:
        return beacon if tag.format == "eddystone-eid" else frame if tag.id == SENSOR else None

    return sends


def arrival(handheld: Handheld, name: str, at_stop: str) -> StopArrived:
    """The last arrival at a stop as the handheld recorded it."""
    bodies = [read(entry.record) for entry in handheld.logbook.entries() if entry.record.kind == "stop.arrived"]
    found = [each for each in bodies if isinstance(each, StopArrived) and (each.round, each.stop) == (name, at_stop)]
    return found[-1]


def judged(office: Office, name: str, at_stop: str) -> tuple[StopRow, StopDetail]:
    office.ask(office.serving.folding.catch_up())
    return stop(office, name, at_stop)


# -- the tag itself ------------------------------------------------------------------------------


@pytest.mark.proof
def test_a_changing_tag_is_known_offline_and_graded_alike_by_both(office: Office, handheld: Handheld) -> None:
    tell_keys(office)
    handheld.sync()
    name = walks(handheld, honest(Sensor()))
    body = arrival(handheld, name, EID_STOP)
    assert (body.grade, body.marks) == ("anti-clone", ())
    assert isinstance(body.evidence.ble, BleEvidence)
    assert body.evidence.ble.tag == "garden-5"
    handheld.sync()
    row, seen = judged(office, name, EID_STOP)
    assert (row.grade, row.office_grade) == ("anti-clone", "anti-clone")
    assert seen.office_marks == ()


def test_an_enciphered_sensor_is_taken_on_trust_until_the_office_has_verified_it(
    office: Office, handheld: Handheld
) -> None:
    tell_keys(office)
    handheld.sync()
    name = walks(handheld, honest(Sensor()))
    body = arrival(handheld, name, SENSOR_STOP)
    assert "to-verify" in body.marks
    assert body.grade != "anti-clone"
    handheld.sync()
    row, seen = judged(office, name, SENSOR_STOP)
    assert row.office_grade == "anti-clone"
    heard = seen.arrivals[-1].heard
    assert heard is not None
    assert dict(heard.values) == {"temperature": "25.06", "humidity": "50.55"}
    assert heard.battery_pct == 98
    office.account()
    for lang, verified, crew in (("en", "Its key fits", "office will verify"), ("zh", "密钥核对通过", "待办公室核验")):
        page = office.browser().get(f"/rounds/{quote(name, safe='')}", params={"lang": lang}).text
        assert verified in page
        assert "25.06" in page
        assert crew not in page


# -- a copy --------------------------------------------------------------------------------------


def test_a_recording_played_a_day_later_is_no_visit(office: Office, handheld: Handheld) -> None:
    tell_keys(office)
    handheld.sync()
    sensor = Sensor()
    tape = recorded(handheld.clock.now().at, sensor)
    walks(handheld, honest(sensor))
    handheld.sync()
    name = walks(handheld, tape, days=1)
    body = arrival(handheld, name, EID_STOP)
    assert "cloned-tag" in body.marks
    assert body.grade == "label"
    handheld.sync()
    row, seen = judged(office, name, EID_STOP)
    assert row.office_grade == "label"
    assert "cloned-tag" in seen.office_marks
    assert seen.arrivals[-1].heard is not None
    row, seen = judged(office, name, SENSOR_STOP)
    assert row.office_grade in (None, "label")
    assert "counter-back" in seen.office_marks


def test_a_handheld_that_claims_what_it_likes_convinces_nobody(office: Office, handheld: Handheld) -> None:
    """The records of a tampered handheld: a recording, another key, another tag's place, no frame at all."""
    tell_keys(office)
    handheld.sync()
    name = walks(handheld, honest(Sensor()), tricks=Tricks(miss=frozenset({EID_STOP, SENSOR_STOP})))
    now = handheld.clock.now().at
    claims = [
        (EID_STOP, "garden-5", f"sfeaa:{BEACON.frame(now - 40 * DAY_MS).hex()}"),
        (EID_STOP, "garden-5", f"sfeaa:{BEACON.frame(now + 3_000_000).hex()}"),
        (EID_STOP, "garden-5", f"sfeaa:{Beacon(BEACON.zero, bytes(16)).frame(now).hex()}"),
        (EID_STOP, "garden-5", ""),
        (EID_STOP, "garden-5", "sfeaa:30zz"),
        (SENSOR_STOP, SENSOR, f"sfcd2:{Sensor(key=bytes(16)).frame(5000).hex()}"),
        (SENSOR_STOP, SENSOR, f"sfcd2:40{PLAIN.hex()}"),
    ]
    for at_stop, tag, frame in claims:
        handheld.write(claimed(handheld, name, at_stop, tag, frame))
    handheld.sync()
    for at_stop, count in ((EID_STOP, 5), (SENSOR_STOP, 2)):
        row, seen = judged(office, name, at_stop)
        assert (row.grade, row.office_grade) == ("anti-clone", None)
        assert len(seen.arrivals) == count
        assert all(each.judged and "cloned-tag" in each.judged.marks for each in seen.arrivals)


def claimed(handheld: Handheld, name: str, at_stop: str, tag: str, frame: str) -> Draft:
    """An arrival written by somebody with an editor."""
    up = handheld.clock.now().up - 5000
    samples = tuple((up + 700 * place, -55) for place in range(5))
    kind, address = ("bthome", tag) if tag == SENSOR else ("eddystone-eid", "C4:00:00:00:00:01")
    heard = BleEvidence(kind, tag, address, -70, -66, samples, frame)
    body = StopArrived(name, at_stop, at_stop, "anti-clone", (), Evidence(ble=heard))
    return Draft("stop.arrived", to_dict(body), GUARDS)


def test_what_was_heard_before_the_key_was_told_is_judged_when_it_is(office: Office, handheld: Handheld) -> None:
    name = walks(handheld, honest(Sensor()))
    assert arrival(handheld, name, EID_STOP).grade == "label"  # a stranger to it
    handheld.sync()
    row, seen = judged(office, name, SENSOR_STOP)
    assert "to-verify" in seen.office_marks
    assert row.office_grade != "anti-clone"
    tell_keys(office)
    row, seen = judged(office, name, SENSOR_STOP)
    assert "to-verify" not in seen.office_marks
    assert row.office_grade == "anti-clone"


def test_a_new_key_leaves_what_was_heard_before_it(office: Office, handheld: Handheld) -> None:
    """A battery was changed: the sensor counts from the start again, which is no recording once that is told."""
    tell_keys(office)
    handheld.sync()
    first = walks(handheld, honest(Sensor(counter=9000)))
    second = walks(handheld, honest(Sensor(counter=0)), days=1)
    handheld.sync()
    assert "counter-back" in judged(office, second, SENSOR_STOP)[1].office_marks
    changed = at("2026-11-21 15:00")
    office.ask(office.store.write(lambda tx: tag_keys.tell_bthome(tx, SITE, SENSOR, BIND_KEY, changed)))
    for name in (first, second):
        row, seen = judged(office, name, SENSOR_STOP)
        assert (row.office_grade, seen.office_marks) == ("anti-clone", ())


# -- what goes down ------------------------------------------------------------------------------


def page(office: Office) -> bytes:
    item = office.ask(office.store.changes.current(SITE, tag_keys.PAGE, SITE))
    assert item is not None
    assert item.body is not None
    return item.body


def test_a_handheld_that_asks_always_has_a_day_ahead(office: Office, handheld: Handheld) -> None:
    tell_keys(office)
    handheld.sync()
    first = page(office)
    for days in range(1, 6):
        handheld.clock.wait_until(EVENING + days * DAY_MS)
        handheld.sync()
        tables = pages_of(handheld.logbook, handheld.clock.now().at).tables
        for hours in (-23, 0, 23):
            then = handheld.clock.now().at + hours * 3_600_000
            assert tables.name(BEACON.frame(then)[2:].hex(), then) == "garden-5"
        assert tables.stale(BEACON.frame(handheld.clock.now().at - 20 * 3_600_000)[2:].hex(), then) == "garden-5"
    assert page(office) != first


@pytest.mark.proof
def test_nothing_that_leaves_the_office_holds_a_key(office: Office, handheld: Handheld, tmp_path: Path) -> None:
    tell_keys(office)
    handheld.sync()
    walks(handheld, honest(Sensor()))
    handheld.sync()
    everything = [office.ask(office.store.changes.page(SITE, "0", 500)).items]
    bodies = b"".join(item.body or b"" for items in everything for item in items)
    files = b"".join(path.read_bytes() for path in (tmp_path / "handheld").rglob("*") if path.is_file())
    for key in (EID_KEY, BIND_KEY):
        for form in (key, key.hex().encode(), b64encode(key)[:20]):
            assert form not in bodies
            assert form not in files
    (row, *_) = office.ask(office.store.read(lambda tx: key_table.keys_of(tx, SITE)))
    assert repr(row.key) not in repr(row)


def test_a_site_of_five_hundred_changing_tags_fits_into_one_page(office: Office) -> None:
    def tell(tx: Connection) -> int:
        for number in range(500):
            key = number.to_bytes(16, "big")
            key_table.add_key(tx, KeyRow(SITE, "eddystone-eid", f"tag-{number}", 1, key, EVENING, 9, EVENING))
        return tag_keys.publish_tables(tx, SITE, EVENING)

    count = office.ask(office.store.write(tell))
    assert count == 500 * 507
    assert len(page(office)) < 0.7 * MAX_BODY
    with pytest.raises(KeyRefused) as refused:
        office.ask(office.store.write(crowd))
    assert "360000" in refused.value.say("en")
    assert len(page(office)) < 0.7 * MAX_BODY


def crowd(tx: Connection) -> None:
    """More tags than anybody can carry, and then the one of the plan."""
    for number in range(500, 720):
        key = number.to_bytes(16, "big")
        key_table.add_key(tx, KeyRow(SITE, "eddystone-eid", f"tag-{number}", 1, key, EVENING, 9, EVENING))
    tag_keys.tell_eid(tx, SITE, "garden-5", EID_KEY, EXPONENT, 0, EVENING, EVENING)


@pytest.mark.proof
def test_a_clock_that_drifts_is_followed_by_what_is_heard(office: Office, handheld: Handheld) -> None:
    """Eight weeks, half an hour: what the fitter told would be too old by then."""
    tell_keys(office)
    handheld.sync()
    slow = Beacon(BEACON.zero)

    def air(tag: Tag, now: int) -> Sent | None:
        slow.slow_ms = (now - EVENING) * 400 // 1_000_000
        return slow.sends(now) if tag.format == "eddystone-eid" else None

    names = []
    for days in range(0, 60, 6):
        handheld.clock.wait_until(EVENING + days * DAY_MS)
        handheld.sync()
        names.append(walks(handheld, air, days=days))
        assert arrival(handheld, names[-1], EID_STOP).grade == "anti-clone", days
    handheld.sync()
    assert {judged(office, name, EID_STOP)[0].office_grade for name in names} == {"anti-clone"}
    keyed = office.ask(office.store.read(lambda tx: tag_keys.keyed(tx, SITE, LATE)))
    known = next(each for each in keyed if each.tag == "garden-5")
    assert known.clock_ms is not None
    assert 500_000 < known.clock_ms < 54 * DAY_MS * 400 // 1_000_000


# -- what the fitter looks after -----------------------------------------------------------------


def test_the_fitter_sees_what_wants_a_cell_a_key_or_a_print(office: Office, handheld: Handheld) -> None:
    weak = Sensor(plain=bytes.fromhex("02ca0903bf13010b"))
    office.ask(office.store.write(lambda tx: tag_keys.tell_bthome(tx, SITE, SENSOR, BIND_KEY, EVENING)))
    name = walks(handheld, honest(weak))
    worn = Evidence(label=LabelEvidence("1", health=31), radio="silent")
    for _ in range(3):
        handheld.write(Draft("stop.arrived", to_dict(StopArrived(name, EID_STOP, EID_STOP, "label", (), worn)), GUARDS))
    measured = TagCalibrated(SENSOR_STOP, "bthome", SENSOR, SENSOR, -63, (-63, -64))
    handheld.write(Draft("tag.calibrated", to_dict(measured), GUARDS))
    handheld.sync()
    office.account()
    chief = office.browser()
    seen = chief.get("/tags", params={"lang": "en"}).text
    for words in ("new cell", "11 %", "not told", "silent since", "print again", "31 % to spare", "near: -63"):
        assert words in seen
    assert "garden-5" in seen
    assert BIND_KEY.hex() not in seen
    for words in ("换电池", "未录入", "没有声音", "重印"):
        assert words in chief.get("/tags", params={"lang": "zh"}).text
    assert seen.index("garden-5") < seen.index("0/1")  # what asks for somebody comes first
