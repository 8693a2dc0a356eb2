"""New handhelds by sheets: from a list on the page to a handheld that is let in, and nobody else with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest
import zxingcpp
from msgspec.structs import replace

from app import invitation
from app.errors import NotAllowed, OfficeRefused
from app.invitation import Invitation
from app.logbook.book import Logbook
from sync.client import Refused
from sync.enrolment import enrol
from sync.invited import WAITS, Invited
from sync.office.store import audit
from sync.office.store.devices import MAX_TRIES, SHEET_MS, CodeRefused
from tests.office.conftest import SITE, Office, at, command, office_on
from tests.sync.places import WallClock
from tests.sync.rogue import Rogue

LIST = 'name,spare\nGate 1,\n"</text>#{1/0} $x$ \\\\ *b*",\nNight spare,yes\n'
HOUR = 3600 * 1000


class Desk:
    """A clerk's browser before the office."""

    def __init__(self, office: Office) -> None:
        office.account("clerk", "admin")
        self.office, self.browser = office, office.browser("clerk")

    def sheets(self, text: str = LIST, **fields: str) -> httpx.Response:
        asked = {"site": SITE, "office": self.office.url, "hours": "8", **fields}
        files = {"file": ("list.csv", text.encode(), "text/csv")}
        params = {"lang": "en", "site": SITE}
        return self.browser.post("/enrolment/sheets", data=asked | self.token(), files=files, params=params)

    def act(self, device: str, act: str, **fields: str) -> httpx.Response:
        asked = {"site": SITE, "device": device, "act": act, **fields}
        return self.browser.post("/enrolment", data=asked | self.token(), params={"lang": "en"}, follow_redirects=True)

    def page(self) -> str:
        return self.browser.get("/enrolment", params={"lang": "en", "site": SITE}).text

    def token(self) -> dict[str, str]:
        return {"csrf": self.page().partition('name="csrf" value="')[2].partition('"')[0]}

    def invitations(self, pdf: bytes) -> list[Invitation]:
        """What a scanner reads on each page."""
        found = []
        for page in pypdfium2.PdfDocument(pdf):
            (code,) = zxingcpp.read_barcodes(page.render(scale=2, grayscale=True).to_pil())
            sheet = invitation.read(code.text)
            assert sheet is not None
            found.append(sheet)
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Desk]:
    office = office_on(engine, tmp_path_factory.mktemp("enrolment") / "office")
    yield Desk(office)
    office.close()


@pytest.fixture
def new(desk: Desk, tmp_path: Path) -> Iterator[Invited]:
    """A handheld out of its box."""
    desk.office.now = at("2026-11-21 09:00")
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "new", OfficeClock(desk.office, clock))
    yield Invited(logbook, OfficeClock(desk.office, clock))
    logbook.close()


class OfficeClock:
    """The office's hour, and this machine's boot clock."""

    def __init__(self, office: Office, real: WallClock) -> None:
        self._office, self._real = office, real

    def now(self) -> Any:
        return replace(self._real.now(), at=self._office.now)


def device_of(desk: Desk, name: str) -> Any:
    return next(each for each in desk.office.ask(desk.office.store.devices.of(SITE)) if each.name == name)


def book(new: Invited) -> Logbook:
    logbook: Logbook = new._logbook
    return logbook


def test_a_handheld_from_the_list_comes_in_when_both_sides_show_the_same(desk: Desk, new: Invited) -> None:
    answer = desk.sheets()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    gate, hostile, spare = desk.invitations(answer.content)
    assert (gate.office, len({gate.code, hostile.code, spare.code})) == (desk.office.url, 3)
    assert 0 < gate.until - desk.office.now - SHEET_MS <= HOUR
    assert spare.until - desk.office.now > 80 * 24 * HOUR
    assert "Night spare" in desk.page()
    new.come_in(gate)
    with pytest.raises(Refused) as no:
        new.fetch()
    assert (no.value.key, new.equipped) == (WAITS, False)
    assert desk.office.ask(desk.office.store.records.held(SITE, book(new).book)).seq == 0, "nothing of it is taken"
    assert new.shown in desk.page()
    assert new.shown in command(desk.office, "device", "waiting")[1]
    again = Invited(book(new), new._clock)  # the battery was out
    assert again.shown == new.shown
    device = device_of(desk, "Gate 1")
    assert desk.act(device.device, "confirm").status_code == 200
    again.fetch()
    assert (again.equipped, again.site("en"), book(new).unsent) == (True, "Cuihu Garden", 0)
    rows = desk.office.ask(desk.office.store.read(lambda tx: audit.listed(tx, most=20)))
    assert {("sheets-made", "clerk"), ("device-confirmed", "clerk")} <= {(row.act, row.account) for row in rows}
    other = Rogue()
    with pytest.raises(Refused) as used:
        other.client(desk.office.url).enrol(other.introduction(gate.code[:10]))
    assert used.value.problem.name == "enrol-code"
    assert other.book != book(new).book


def test_a_supervisors_badge_lets_it_in_and_no_other_badge_does(desk: Desk, new: Invited) -> None:
    (sheet,) = desk.invitations(desk.sheets("name,spare\nDrawer,yes\n").content)
    boss, guard = desk.office.badge("wang-qiang"), desk.office.badge("zhang-wei")
    old = desk.office.badge("song-tao")
    desk.office.badge("song-tao")  # a new one: the badge before opens nothing
    desk.office.now += 30 * 24 * HOUR
    new.come_in(sheet)
    for badge in (guard, old, desk.office.labels()["south-gate"]):
        with pytest.raises(Refused) as no:
            new.vouch(badge)
        assert no.value.problem.name == "not-a-supervisor"
    with pytest.raises(NotAllowed):
        new.vouch("https://example.com")
    with pytest.raises(Refused):
        new.fetch()
    new.vouch(boss)
    new.vouch(boss)  # the answer was lost
    new.fetch()
    assert new.equipped


def test_one_that_shows_other_characters_is_taken_back_and_may_come_with_another_sheet(
    desk: Desk, new: Invited
) -> None:
    first, second = desk.invitations(desk.sheets("name\nStrange\nBetter\n").content)
    new.come_in(first)
    shown, before = new.shown, book(new).book
    assert desk.act(device_of(desk, "Strange").device, "withdraw").status_code == 200
    for ask in (new.fetch, lambda: new.vouch(desk.office.badge("wang-qiang"))):
        with pytest.raises(Refused) as no:
            ask()
        assert no.value.key == "sync.revoked"
    stored = desk.office.ask(desk.office.store.records.of_book(SITE, before, 1, 99))
    assert {one.quarantine for one in stored} == {"revoked-book"}, "set aside, like those of any withdrawn handheld"
    new.come_in(second)
    assert (new.shown != shown, book(new).book != before) == (True, True)
    assert desk.act(device_of(desk, "Better").device, "confirm").status_code == 200
    new.fetch()
    assert (new.equipped, book(new).unsent) == (True, 0)


@pytest.mark.parametrize("state", ["over", "taken back", "burnt", "of another office"])
def test_a_sheet_that_is_not_good_lets_nobody_in(desk: Desk, new: Invited, state: str) -> None:
    name = f"Gate {state}"
    (sheet,) = desk.invitations(desk.sheets(f"name\n{name}\n").content)
    match state:
        case "over":
            desk.office.now += SHEET_MS
        case "taken back":
            assert desk.act(device_of(desk, name).device, "withdraw").status_code == 200
            assert name not in desk.page().partition("not used yet")[2].partition("<h2>")[0]
        case "burnt":
            wrong = sheet.code[:8] + ("00" if sheet.code[8:10] != "00" else "11")
            for _ in range(MAX_TRIES):
                rogue = Rogue()
                with pytest.raises(CodeRefused):
                    desk.office.ask(desk.office.store.devices.enrol(wrong, rogue.book, rogue.book, rogue.first_key, 0))
        case _:
            sheet = replace(sheet, code=sheet.code[:10] + sheet.code[:9:-1])
    with pytest.raises(OfficeRefused) as no:
        new.come_in(sheet)
    assert no.value.key == ("sync.code_or_office" if state == "of another office" else "sync.enrol_code")
    assert [entry.record.kind for entry in book(new).entries()] == ["book.opened"]


def test_a_list_with_faults_makes_nothing_and_names_each(desk: Desk) -> None:
    before = len(desk.office.ask(desk.office.store.devices.of(SITE)))
    answer = desk.sheets("name,site\nOne,\nOne,\nTwo,elsewhere\n")
    assert answer.status_code == 409
    text = answer.text
    assert all(words in text for words in ("line 3: &#34;One&#34; stands in line 2", "line 4: no site"))
    for fields in ({"office": "http://office.example"}, {"hours": "73"}, {"hours": "x"}, {"office": ""}):
        assert desk.sheets("name\nThree\n", **fields).status_code == 409
    assert len(desk.office.ask(desk.office.store.devices.of(SITE))) == before


def test_a_code_that_is_typed_under_the_offices_eyes_needs_nobody(desk: Desk, new: Invited) -> None:
    code, out = command(desk.office, "device", "add", "Typed", "--site", SITE)
    assert code == 0
    typed = next(word for word in out.split() if word.count("-") == 3)
    desk.office.now = new._clock.now().at
    enrol(book(new), desk.office.url, typed, "", new._clock)
    new.fetch()
    assert new.equipped
