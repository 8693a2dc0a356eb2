"""Settings of handhelds, from the office to the crew: by site and by handheld, checked, told, and never undone by what
is older or spoilt."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from msgspec import UNSET, Struct

from app.duties.tuning import NAMES, Sent
from app.duties.tuning import SITE as FOR_ALL
from app.kinds import BleEvidence
from app.logbook.book import Received
from app.pages import pages_of, plan_of
from app.settings import keep, load
from app.tuning import KIND, tuning_of
from sync.condition import condition_of
from sync.courier import Courier, enrolled_client
from sync.office import handheld_settings as rules
from sync.office.details import StopDetail
from sync.office.store import audit, devices, rounds
from sync.office.store import settings as table
from sync.wire import Changes
from tests.office.conftest import SITE, Handheld, Office, command, furnished

EN = {"lang": "en"}


class Scene(Struct, frozen=True):
    """An office, and two handhelds of one site."""

    office: Office
    handheld: Handheld
    other: Handheld


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("settings")
    office = Office(furnished(folder / "office"))
    office.account("boss", "manager")
    both = Handheld(office, folder / "handheld"), Handheld(office, folder / "other", "西门岗1号")
    yield Scene(office, *both)
    for each in both:
        each.close()
    office.close()


@pytest.fixture
def office(scene: Scene) -> Office:
    """Nothing is set, and both handhelds know it."""
    office = scene.office
    for id in ("", device(scene.handheld), device(scene.other)):
        nothing = partial(rules.change, site=SITE, device=id, news=dict.fromkeys(NAMES), by="x", now=office.now)
        office.ask(office.store.write(nothing))
    for each in (scene.handheld, scene.other):
        exchange(office, each)
    return office


@pytest.fixture
def handheld(scene: Scene) -> Handheld:
    return scene.handheld


@pytest.fixture
def other(scene: Scene) -> Handheld:
    return scene.other


def newest(office: Office) -> int:
    """Revision of the site's settings."""
    last = office.ask(office.store.read(lambda tx: table.last_at(tx, SITE)))
    return last.sent.revision if last else 0


def exchange(office: Office, handheld: Handheld) -> None:
    kept, office.now = office.now, max(handheld.clock.now().at, 0)
    Courier(handheld.logbook, handheld.clock, condition=condition_of(handheld.logbook)).exchange()
    office.now = kept


def settings(office: Office, *words: str) -> tuple[int, str]:
    return command(office, "settings", words[0], SITE, *words[1:])


def in_use(handheld: Handheld) -> dict[str, object]:
    return dict(tuning_of(handheld.logbook).values)


def device(handheld: Handheld) -> str:
    assert handheld.logbook.office is not None
    return handheld.logbook.office.device


def test_what_is_set_holds_on_each_handheld_by_its_own_word_first_and_the_office_sees_it(
    office: Office, handheld: Handheld, other: Handheld
) -> None:
    first = newest(office) + 1
    assert settings(office, "set", "scan_window_ms=2000", "letters=large", "ring=pilot")[0] == 0
    assert settings(office, "set", "--device", "西门岗1号", "letters=auto", "scanner=serial:/dev/ttyS1@9600")[0] == 0
    for each in (handheld, other):
        exchange(office, each)
        assert plan_of(each.logbook, each.clock.now().at).settings.scan_window_ms == 2000  # type: ignore[union-attr]
    assert in_use(handheld) == {"scan_window_ms": 2000, "letters": "large", "ring": "pilot"}
    assert in_use(other)["letters"] == "auto"
    assert set(handheld.logbook.pages(KIND)) == {FOR_ALL}, "another's page is not even sent"
    assert set(other.logbook.pages(KIND)) == {FOR_ALL, device(other)}

    for each in (handheld, other):
        exchange(office, each)
    found = {each["device"]: each for each in json.loads(command(office, "device", "list", "--json")[1])}
    assert [found[device(each)]["settings"] for each in (handheld, other)] == [
        {"runs": first, "wanted": first},
        {"runs": first + 1, "wanted": first + 1},
    ]
    assert office.ask(office.store.read(lambda tx: rules.rings(tx, devices.every(tx, SITE)))) == {"pilot"}
    shown = json.loads(settings(office, "show", "--device", "西门岗1号", "--json")[1])["settings"]
    assert shown["letters"] == {"value": "auto", "from": "device"}
    assert shown["ring"] == {"value": "pilot", "from": "site"}
    assert shown["margin_db"] == {"value": 6, "from": "plan"}
    assert shown["theme"] == {"value": None, "from": "itself"}

    assert settings(office, "unset", "--device", "西门岗1号", "letters")[0] == 0
    exchange(office, other)
    assert in_use(other)["letters"] == "large"


def test_what_is_older_or_no_settings_at_all_never_takes_the_place_of_what_holds(
    office: Office, handheld: Handheld
) -> None:
    settings(office, "set", "margin_db=3")
    settings(office, "set", "margin_db=9")
    exchange(office, handheld)
    rows = office.ask(office.store.read(lambda tx: table.history(tx, SITE, 9)))
    older = msgspec.json.encode(rows[1].sent)
    theirs = msgspec.json.encode(Sent(9, rows[0].sent.at + 9, {"margin_db": 1}))
    cursor = handheld.logbook.cursor or ""
    for id, body in ((FOR_ALL, older), (FOR_ALL, b'{"revision":"x"}'), (FOR_ALL, b"[]"), ("d123456789", theirs)):
        send(office, id, body)
        exchange(office, handheld)
        assert in_use(handheld) == {"margin_db": 9}, body
    assert handheld.logbook.cursor != cursor, "they were passed over, and what comes after them is not kept back"

    settings(office, "set", "margin_db=4")
    exchange(office, handheld)
    assert in_use(handheld) == {"margin_db": 4}
    newest = handheld.logbook.pages(KIND)[FOR_ALL].sha256
    (handheld.logbook.folder / "received" / f"{newest}.json").write_bytes(b"spoilt on the disk")
    assert in_use(handheld) == {"margin_db": 9}, "the one before it"


def send(office: Office, id: str, body: bytes) -> None:
    from sync.office.store.changes import publish

    office.ask(office.store.write(lambda tx: publish(tx, SITE, KIND, id, body, office.now)))


def test_values_that_are_none_are_all_told_with_what_to_write_and_nothing_is_set(
    office: Office, handheld: Handheld
) -> None:
    wrong = {
        "scan_window_ms=200": "500 to 2500 ms",
        "scan_pause_ms=2s": "milliseconds from 0 to 30000",
        "margin_db=31": "from 0 to 30 dB",
        "label_after_s=1": "2 to 120 seconds",
        "quiet_from=22": "like 22:00",
        "theme=dark": "day, night, sun",
        "leters=large": "Did you mean letters",
        "camera=run:sh": "on the handheld itself",
        "qqqq=1": "There are: scan_window_ms, ",
        "scanner=serial:/etc/passwd": "below /dev/",
        "side_keys=/dev/../etc/passwd:1=alarm": "below /dev/",
        "scan_gap_ms=9999": "from ",
        "adapter=eth0": "hci0, or none",
        "ring=My Ring": "small letters",
        "prune_days=": "settings unset",
        "large": "SETTING=VALUE",
    }
    before = newest(office)
    code, said = settings(office, "set", *wrong)
    assert code == 1
    for pair, remedy in wrong.items():
        line = next(line for line in said.splitlines() if line.startswith(f"{pair.partition('=')[0]}: "))
        assert remedy in line
    assert f"Faults: {len(wrong)}" in said
    assert "never come" in settings(office, "set", "scan_window_ms=2501")[1]
    assert settings(office, "set", "letters=large", "--device", "nobody")[0] == 1
    assert settings(office, "unset", "nothing")[0] == 1
    assert newest(office) == before
    assert settings(office, "set", "letters=large", "--dry-run")[1].count("东门岗1号") == 1
    assert newest(office) == before
    assert "nothing changed" in settings(office, "unset", "letters")[1]


def test_a_round_walked_with_other_near_numbers_is_judged_by_those(office: Office, other: Handheld) -> None:
    settings(office, "set", "enter_below_1m_db=1")
    used = newest(office)
    exchange(office, other)
    other.walker.watch.take_pages(pages_of(other.logbook, other.clock.now().at))
    other.walk()
    settings(office, "set", "enter_below_1m_db=30")
    other.sync()
    row, *_ = office.ask(office.store.read(lambda tx: rounds.rounds_on(tx, SITE, "2026-11-20")))
    stops = office.ask(office.store.read(lambda tx: rounds.stops_of(tx, SITE, row.round)))
    arrivals = [each for stop in stops for each in msgspec.json.decode(stop.detail, type=StopDetail).arrivals]
    heard = [each for each in arrivals if each.evidence.ble is not UNSET and each.judged]
    assert heard
    for each in heard:
        assert isinstance(each.evidence.ble, BleEvidence)
        assert each.evidence.ble.settings == used
        assert each.judged is not None
        assert each.judged.enter == each.evidence.ble.enter, "by what was set then, not by the plan and not by today"
    book = other.logbook.book
    invented = office.ask(office.store.read(lambda tx: rules.tuning_of_book(tx, SITE, book, 9999)))
    assert invented.values == {}


def test_the_page_previews_whom_it_affects_sets_once_and_tells_who_did(
    office: Office, handheld: Handheld, other: Handheld
) -> None:
    seen_so_far = len(acts(office))
    settings(office, "set", "--device", "西门岗1号", "theme=sun")
    first = newest(office)
    browser = office.browser("boss")
    form = hidden(browser.get("/settings", params=EN).text)
    bad = browser.post("/settings", params=EN, data={**form, "scan_window_ms": "100", "theme": "night"}).text
    assert "no point would ever be near" in bad
    assert 'value="100"' in bad
    seen = browser.post("/settings", params=EN, data={**form, "theme": "night", "prune_days": "14"}).text
    assert "Days a record stays" in seen
    assert "2: 东门岗1号, 西门岗1号" in seen
    assert "1 keep a value of their own: 西门岗1号" in seen
    assert newest(office) == first
    sends = {**hidden(seen), "send": "1"}
    assert browser.post("/settings", data=sends).status_code == 303
    assert "the same as what is set" in browser.post("/settings", data=sends, params=EN).text
    row = office.ask(office.store.read(lambda tx: table.last_at(tx, SITE)))
    assert row is not None
    assert (row.sent.revision, row.by, row.device, row.sent.values) == (
        first + 1,
        "boss",
        "",
        {"prune_days": 14, "theme": "night"},
    )
    done = browser.get("/settings", params={**EN, "done": str(first + 1)}).text
    assert f"Settings {first + 1} go down" in done
    assert "0 of 2" in done
    notes = acts(office)[: len(acts(office)) - seen_so_far]
    assert [(note.account.partition(":")[0], note.site) for note in notes] == [("boss", SITE), ("shell", SITE)]
    assert "theme=night" in notes[0].subject

    stale = {**sends, "theme": "day"}
    settings(office, "set", "lang=en")
    assert browser.post("/settings", data=stale, params=EN).status_code == 409
    alone = browser.get("/settings", params={**EN, "device": device(other)}).text
    away = browser.post("/settings", params=EN, data={**hidden(alone), "unset-theme": "1"}).text
    assert browser.post("/settings", data={**hidden(away), "send": "1"}).status_code == 303
    exchange(office, other)
    assert in_use(other)["theme"] == "night"


def acts(office: Office) -> list[audit.Note]:
    return office.ask(office.store.read(lambda tx: [each for each in audit.listed(tx) if each.act == rules.ACT]))


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))


def test_a_crews_own_choice_holds_until_the_office_says_something_else(tmp_path: Path) -> None:
    flags = {"data_dir": str(tmp_path)}
    sent = {"theme": "night", "letters": "large"}
    (tmp_path / "config.toml").write_text('theme = "sun"\nscanner = "wedge"\n')
    assert load(flags, {}, sent).theme == "night"
    keep(tmp_path, "theme", "day", over="night")
    assert (load(flags, {}, sent).theme, load(flags, {}, sent).letters) == ("day", "large")
    assert load(flags, {}, {"theme": "sun"}).theme == "sun"
    assert load(flags, {}).theme == "day"
    assert load({**flags, "theme": "day"}, {"WATCHBOOK_LETTERS": "auto"}, {"theme": "sun", "letters": "large"}) == load(
        {**flags, "theme": "day", "letters": "auto"}, {}
    )
    assert load(flags, {}, {"scanner": "evdev:/dev/input/event3"}).scanner == "evdev:/dev/input/event3"


def test_a_page_of_settings_is_durable_before_it_counts(handheld: Handheld, tmp_path: Path) -> None:
    """What the book says after a restart is what it said before."""
    from app.logbook.reader import Reader

    body = msgspec.json.encode(Sent(3, 7, {"margin_db": 2}))
    handheld.logbook.receive([Received(KIND, FOR_ALL, 1, body)], "x-1")
    assert tuning_of(Reader(handheld.logbook.folder)) == tuning_of(handheld.logbook)
    assert tuning_of(handheld.logbook).revision == 3


@pytest.mark.proof
def test_what_is_set_on_another_handheld_ends_no_question_of_this_one(
    office: Office, handheld: Handheld, other: Handheld
) -> None:
    exchange(office, handheld)
    office.now = handheld.clock.now().at
    client = enrolled_client(handheld.logbook, handheld.clock)
    client.hello()
    asked: Future[Changes] = Future()

    def ask() -> None:
        asked.set_result(client.changes(handheld.logbook.cursor or "", 500, 20))

    asking = Thread(target=ask)
    asking.start()
    settings(office, "set", "--device", "西门岗1号", "theme=sun")
    with pytest.raises(TimeoutError):
        asked.result(1.5)  # the office looks twice a second
    settings(office, "set", "--device", "东门岗1号", "theme=day")
    page = asked.result(30)
    asking.join()
    client.close()
    assert [(item.kind, item.id) for item in page.items] == [(KIND, device(handheld))]
    assert not page.more
