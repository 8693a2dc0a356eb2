"""The office knows of every handheld how it stood, what it still holds, and since when nobody heard of it."""

import json
import re

import pytest
from msgspec.structs import replace

from app.logbook.book import Draft
from sync.client import Refused
from sync.condition import condition_of
from sync.courier import Courier, CourierState, enrolled_client
from sync.office import fleet
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
    assert "15%" in text
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
    states = [seen(office).is_silent(heard + hours * HOUR) for hours in (1, 11, 13, 24 * 29, 24 * 31)]
    assert states == [False, False, True, True, False]
    office.account()
    office.now = heard + 20 * HOUR
    assert "silent for 20 h" in row(office)


def test_the_list_tells_programs_the_same(office: Office, handheld: Handheld) -> None:
    contact(office, handheld, battery=80)
    (found,) = json.loads(command(office, "device", "list", "--json")[1])
    assert (found["state"], found["holds"], found["said"]["battery"]) == ("enrolled", 0, 80)
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
