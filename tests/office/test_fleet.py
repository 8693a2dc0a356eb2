"""The office knows of every handheld how it stood, what it still holds, and since when nobody heard of it."""

import json
import re
from contextlib import closing

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, update

from app.logbook.book import Draft
from sync.client import Refused
from sync.condition import condition_of
from sync.courier import Courier, CourierState, enrolled_client
from sync.office import fleet, handheld_settings
from sync.office.store import conditions
from sync.office.store.schema import devices
from sync.office.store.upsert import insert
from sync.wire import Condition, Conditioned
from tests.office.conftest import SITE, Handheld, Office, at, command

HOUR = 3600 * 1000
EN = {"lang": "en"}


def contact(office: Office, handheld: Handheld, **fields: object) -> None:
    """One exchange, in which the handheld says how it stands; `fields` in place of what it would say."""

    def condition(state: CourierState) -> Condition:
        plain = condition_of(handheld.logbook, lambda: 1)(state)
        return replace(plain, **fields)

    kept, office.now = office.now, max(handheld.clock.now().at, 0)
    Courier(handheld.logbook, handheld.clock, condition=condition).exchange()
    office.now = kept


def seen(office: Office) -> fleet.Seen:
    (found,) = office.ask(office.store.read(lambda tx: fleet.read(tx, SITE)))
    return found


def row(office: Office) -> str:
    text = office.browser().get("/devices", params=EN).text
    found = re.search(r"<tbody>.*</tbody>", text, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>|\s+", " ", found[0])


def test_what_a_handheld_says_of_itself_stands_on_the_page(office: Office, handheld: Handheld) -> None:
    office.account()
    assert "never" in row(office)
    contact(office, handheld, battery=15, free_mb=90, radio="radio.absent", plan=0)
    office.now = handheld.clock.now().at + 60_000
    text = row(office)
    assert " 15 " in text
    assert "the battery is low" in text
    assert "only 90 MB of room left" in text
    assert "radio.absent" not in text, "a sentence, not its key"
    assert " 0 " in text  # still on it


def test_records_that_did_not_come_are_counted_until_they_come(office: Office, handheld: Handheld) -> None:
    """The line breaks when the handheld has said how it stands, and before its records."""
    contact(office, handheld)
    handheld.write(*(Draft("note.of-another-program", {}, ()) for _ in range(3)))
    last = handheld.logbook.head.seq

    assert seen(office).holds == 0
    said = condition_of(handheld.logbook, lambda: 1)
    office.now = handheld.clock.now().at
    client = enrolled_client(handheld.logbook, handheld.clock)
    client.hello()
    client.tell_condition(said(Courier(handheld.logbook, handheld.clock).state))
    client.close()
    found = seen(office)
    assert found.holds == 3
    assert found.said is not None
    assert found.said.seq == last
    contact(office, handheld)
    assert seen(office).holds == 0


def test_a_handheld_that_is_silent_for_long_is_red_and_one_in_a_drawer_is_not(
    office: Office, handheld: Handheld
) -> None:
    contact(office, handheld)
    heard = handheld.clock.now().at

    def told(hour: int) -> bool:
        now = heard + hour * HOUR
        counted = office.ask(office.store.read(lambda tx: fleet.silent(tx, (SITE, "elsewhere"), now)))
        one = seen(office).is_silent(now)
        assert counted == ({SITE: 1} if one else {}), "the database counts as one is judged"
        return one

    def put(**fields: object) -> None:
        office.ask(office.store.write(lambda tx: tx.execute(update(devices).values(**fields)) and None))

    assert [told(hour) for hour in (1, 11, 13, 24 * 29, 24 * 31)] == [False, False, True, True, False]
    book = bytes.fromhex(handheld.logbook.book_id)
    for out_of_use in ({"revoked_at": 1}, {"replaced_by": "other"}, {"waits_since": 1}, {"book": None}):
        put(**out_of_use)
        assert not told(13), out_of_use
        put(revoked_at=None, replaced_by=None, waits_since=None, book=book)
    office.account()
    office.now = heard + 20 * HOUR
    assert "silent for 20 h" in row(office)


def test_the_list_tells_programs_the_same(office: Office, handheld: Handheld) -> None:
    contact(office, handheld, battery=80)
    (found,) = json.loads(command(office, "device", "list", "--json")[1])
    assert (found["state"], found["holds"], found["said"]["battery"]) == ("enrolled", 0, 80)
    assert (found["battery_pct"], found["plan"], found["ring"], found["replaced_by"]) == (
        80,
        {"runs": 1, "wanted": 1},
        None,
        None,
    )
    assert found["heard_at"] == handheld.clock.now().at


@pytest.mark.parametrize(
    "said", [b"{}", b"[]", b'{"program":"x","seq":-1}', b'{"program":"x","seq":1,"battery":101}', b"\xff"]
)
def test_a_word_that_is_none_is_refused_and_nothing_is_kept(office: Office, handheld: Handheld, said: bytes) -> None:
    office.now = handheld.clock.now().at
    client = enrolled_client(handheld.logbook, handheld.clock)
    client.hello()
    with pytest.raises(Refused) as refused:
        client._post(f"/v1/books/{handheld.logbook.book_id}/state", said, Conditioned)
    client.close()
    assert refused.value.problem.name == "malformed"
    assert seen(office).said is None


def test_a_withdrawn_handheld_says_nothing_more(office: Office, handheld: Handheld) -> None:
    contact(office, handheld, battery=50)
    device = seen(office).device
    office.ask(office.store.devices.revoke(SITE, device.device, at("2026-11-21 09:00")))
    with pytest.raises(Exception, match="withdrawn"):
        contact(office, handheld, battery=10)
    said = seen(office).said
    assert said is not None
    assert said.battery == 50


def test_the_worst_of_many_stand_first_and_filters_stand_in_the_address(office: Office) -> None:
    """Of every state one, and many that are well."""
    now = office.now

    def device(tx: Connection, n: int, **fields: object) -> None:
        book = bytes([n]) * 32
        enrolled = {"book": book, "identity": book, "first_key": book, "enrolled_at": now - HOUR}
        row = {"site": SITE, "device": f"d{n:09d}", "name": f"H{n:02d}", "added_at": now - HOUR, **enrolled, **fields}
        tx.execute(insert(devices).values(**row))

    def says(tx: Connection, n: int, ago: int = 0, **fields: object) -> None:
        said = msgspec.json.encode(replace(Condition(program="0.2.0", seq=0, plan=1), **fields))
        conditions.put(tx, conditions.Row(SITE, f"d{n:09d}", bytes([n]) * 32, now - ago, said))

    def fill(tx: Connection) -> None:
        for n in range(1, 46):
            device(tx, n)
            says(tx, n)
        device(tx, 50, revoked_at=now)
        device(tx, 51, replaced_by="d000000001", replaced_at=now)
        device(tx, 52, waits_since=now)
        device(tx, 53)
        says(tx, 53, 30 * HOUR)
        device(tx, 54)
        says(tx, 54, battery=6)
        device(tx, 55)
        says(tx, 55, battery=5, free_mb=9, radio="radio.denied", update="updating.fetching")
        device(tx, 56)
        says(tx, 56, seq=9, parts_wait=True)
        handheld_settings.change(tx, SITE, "d000000054", {"ring": "pilot"}, "x", now - HOUR)

    office.ask(office.store.write(fill))
    office.account()
    with closing(office.browser()) as browser:
        names = re.findall(r"H\d\d", browser.get("/devices", params=EN).text)
        assert names[:5] == ["H53", "H52", "H55", "H54", "H56"]
        assert names[5:7] == ["H01", "H02"]
        assert "replaced by H01" in browser.get("/devices", params={**EN, "state": "replaced"}).text
        for asked, found in (
            ({"ring": "pilot"}, ["H54"]),
            ({"state": "trouble"}, ["H55", "H54"]),
            ({"state": "trouble", "sort": "-state"}, ["H54", "H55"]),
            ({"program": "0.2.0", "name": "h55"}, ["H55"]),
            ({"sort": "-battery", "state": "trouble"}, ["H54", "H55"]),
        ):
            page = browser.get("/devices", params={**EN, **asked}).text
            assert re.findall(r"H\d\d", page.partition("<tbody>")[2]) == found, asked
        waits = "settings of its parts wait for a restart"
        assert waits in browser.get("/devices", params={**EN, "name": "h56"}).text
        assert waits not in browser.get("/devices", params={**EN, "name": "h55"}).text
        assert "A new program is being fetched" in browser.get("/devices", params=EN).text
    listed = {each["device"]: each for each in json.loads(command(office, "device", "list", "--json")[1])}
    assert [listed[f"d0000000{n}"]["silent"] for n in (51, 52, 53)] == [False, False, True]
    assert listed["d000000054"]["ring"] == "pilot"
    assert listed["d000000054"]["troubles"] == ["the battery is low", "does not run settings 1 yet"]
    assert listed["d000000051"]["replaced_by"] == "d000000001"
