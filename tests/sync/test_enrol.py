"""Enrolment: a code works once, for one book, at the right office, and cannot be guessed."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.errors import OfficeAway, OfficeRefused
from app.logbook.book import Draft, Logbook
from app.usage import exit_code
from sync.client import AddressRefused, Refused
from sync.enrolment import RoundOpen, enrol
from sync.office.store.devices import LIFETIME_MS, CodeRefused
from sync.office.tries import LIMIT, WINDOW_MS, Tries, bucket
from sync.wire import Malformed, join_code
from tests.sync.places import SITE, RunningOffice, WallClock, free_port, handheld, office
from tests.sync.proxy import Fault, proxy
from tests.sync.rogue import Rogue


def test_enrolling_is_a_record_and_survives_a_restart(tmp_path: Path, running: RunningOffice) -> None:
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "h", clock)
    code = join_code(running.code("Gate 1"), running.key.public)
    done = enrol(logbook, running.url + "/", code.lower(), "Gate 1", clock)
    assert (done.site, done.office, done.server_key) == (SITE, running.url, running.key.public.hex())
    newest = list(logbook.entries())[-1].record
    assert (newest.kind, newest.body["device"]) == ("book.enrolled", done.device)
    logbook.close()
    again = Logbook.open(tmp_path / "h", clock)
    assert again.office == done
    again.close()
    [device] = running.ask(running.store.devices.of(SITE))
    assert (device.device, device.book, device.name) == (done.device, again.book, "Gate 1")


def test_a_mistyped_code_is_a_failure_and_not_an_office_away(tmp_path: Path, running: RunningOffice) -> None:
    code = running.whole_code()
    logbook = Logbook.open(tmp_path / "h", WallClock())
    with pytest.raises(OfficeRefused, match="check the code") as no:
        enrol(logbook, running.url, code[:-1] + ("0" if code[-1] != "0" else "1"), "Gate 1", WallClock())
    assert exit_code(no.value) == 1
    assert logbook.office is None
    logbook.close()


def test_a_code_works_once(running: RunningOffice) -> None:
    code = running.code()
    first, second = Rogue(), Rogue()
    first.client(running.url).enrol(first.introduction(code))
    with pytest.raises(Refused) as no:
        second.client(running.url).enrol(second.introduction(code))
    assert no.value.problem.name == "enrol-code"


def test_a_handheld_whose_answer_was_lost_may_ask_again(tmp_path: Path, running: RunningOffice) -> None:
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "h", clock)
    code = running.code()
    lost: list[str] = []

    def fate(_number: int, line: str) -> Fault:
        if "/enrol" in line and not lost:
            lost.append(line)
            return Fault.LOSE_ANSWER
        return Fault.NONE

    with proxy(running.port, fate) as link:
        with pytest.raises(OfficeAway):
            enrol(logbook, link.url, code, "Gate 1", clock)
        assert [entry.record.kind for entry in logbook.entries()] == ["book.opened"]
        enrol(logbook, link.url, code, "Gate 1", clock)
    assert [entry.record.kind for entry in logbook.entries()] == ["book.opened", "book.enrolled"]
    assert len(running.ask(running.store.devices.of())) == 1
    logbook.close()


@pytest.mark.parametrize("state", ["wrong", "used", "expired", "burnt", "unknown"])
def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(running: RunningOffice, state: str) -> None:
    code = running.code()
    rogue = Rogue()
    match state:
        case "wrong":
            code = code[:-1] + ("0" if code[-1] != "0" else "1")
        case "unknown":
            code = "ZZZ" + code[3:] if code[:3] != "ZZZ" else "YYY" + code[3:]
        case "used":
            other = Rogue()
            other.client(running.url).enrol(other.introduction(code))
        case "expired":
            running.clock_off_ms = LIFETIME_MS + 1000
        case "burnt":
            _guess(running, code, tries=5)
    with pytest.raises(Refused) as no:
        rogue.client(running.url).enrol(rogue.introduction(code))
    assert no.value.problem.name == "enrol-code"
    assert no.value.problem.detail == ""


def _guess(running: RunningOffice, code: str, tries: int) -> None:
    """Wrong tries at this very code, from so many addresses that none of them is stopped."""
    wrong = code[:-2] + ("00" if code[-2:] != "00" else "11")
    for _ in range(tries):
        key = Rogue()
        with pytest.raises(CodeRefused):
            running.ask(running.store.devices.enrol(wrong, key.book, key.book, key.first_key, 0))


def test_an_address_that_guesses_has_to_wait(running: RunningOffice) -> None:
    code = running.code()
    rogue = Rogue()
    line = rogue.client(running.url)
    for guess in range(LIMIT):
        with pytest.raises(Refused):
            line.enrol(rogue.introduction(f"000000000{guess}"))
    with pytest.raises(Refused) as no:
        line.enrol(rogue.introduction(code))
    assert (no.value.problem.name, no.value.problem.status, no.value.retry_after) == ("too-many-tries", 429, 600.0)
    running.clock_off_ms = WINDOW_MS
    with pytest.raises(Refused) as late:
        line.enrol(rogue.introduction(code))
    assert late.value.problem.name == "enrol-code", "it may try again, but the code's ten minutes are over"


def test_tries_are_counted_by_subscriber_at_all_workers_together(running: RunningOffice) -> None:
    assert bucket("2001:db8:1:2:3::4") == bucket("2001:db8:1:2::99") != bucket("2001:db8:1:3::4")
    assert bucket("192.0.2.7") != bucket("192.0.2.8")
    one, other = Tries(running.store), Tries(running.store)  # two workers

    def open_to(address: str, now: int) -> bool:
        return running.ask(other.is_open(address, now))

    for _ in range(LIMIT):
        assert open_to("192.0.2.7", 0)
        running.ask(one.wrong("192.0.2.7", 0))
    assert not open_to("192.0.2.7", WINDOW_MS - 1)
    assert open_to("192.0.2.7", WINDOW_MS)
    assert open_to("192.0.2.8", 0)
    running.ask(one.wrong("192.0.2.7", WINDOW_MS))
    assert open_to("192.0.2.7", WINDOW_MS), "a new ten minutes begin"


def test_the_code_is_not_in_the_database(running: RunningOffice) -> None:
    code = running.code()
    rows = running.ask(running.store.read(lambda tx: tx.exec_driver_sql("SELECT * FROM enrolment_codes").all()))
    assert len(rows) == 1
    assert code[3:] not in repr(rows)


@pytest.mark.parametrize("what", ["proof", "cert", "key", "identity", "book"])
def test_nobody_can_enrol_a_book_that_is_not_theirs(running: RunningOffice, what: str) -> None:
    """Each part bound to another's: the answer is no, and the code stays good for its owner."""
    code = running.code()
    mine, theirs = Rogue(), Rogue()
    mixed = replace(mine.introduction(code), **{what: getattr(theirs.introduction(code), what)})
    with pytest.raises(Refused) as no:
        mine.client(running.url).enrol(mixed)
    assert no.value.problem.name == "malformed"
    mine.client(running.url).enrol(mine.introduction(code))


def test_a_code_with_the_offices_fingerprint_is_shown_to_no_other_office(
    tmp_path: Path, running: RunningOffice
) -> None:
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "h", clock)
    code = join_code(running.code(), running.key.public)
    with office(tmp_path / "other") as other, proxy(other.port, lambda _n, _l: Fault.NONE) as link:
        with pytest.raises(OfficeRefused, match="not this office"):
            enrol(logbook, link.url, code, "Gate 1", clock)
        assert [line for line in link.requests if "/enrol" in line] == []
    logbook.close()


def test_a_second_code_for_the_same_book_finds_the_same_device(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "h", running) as mine:
        assert mine.logbook.office is not None
        again = enrol(mine.logbook, running.url, running.code("again"), "Gate 1", mine.clock)
        assert again == mine.logbook.office
        assert len(running.ask(running.store.devices.of())) == 1


def test_a_book_cannot_move_to_another_site(running: RunningOffice) -> None:
    rogue = Rogue(running)
    other = running.ask(running.store.devices.add("harbour-plaza", "x", 0, lifetime_ms=2**50)).code
    with pytest.raises(Refused) as no:
        rogue.client(running.url).enrol(rogue.introduction(other))
    assert no.value.problem.name == "book-taken"


@pytest.mark.parametrize(
    "url",
    ["http://office.example", "ftp://127.0.0.1", "office.example", "https://", "http://[", "https://u:p@x.example"],
)
def test_an_address_that_is_not_safe_is_refused_before_anything_is_sent(tmp_path: Path, url: str) -> None:
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "h", clock)
    with pytest.raises(AddressRefused):
        enrol(logbook, url, "0123456789", "Gate 1", clock)
    logbook.close()


@pytest.mark.parametrize("code", ["", "12345", "0123456789U", "ÄÖÜ3456789", "01234567890123456789X"])
def test_what_cannot_be_a_code_is_said_at_once(tmp_path: Path, running: RunningOffice, code: str) -> None:
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "h", clock)
    with pytest.raises(Malformed, match="10 or 20"):
        enrol(logbook, running.url, code, "Gate 1", clock)
    logbook.close()


def test_nobody_there_is_said_as_such(tmp_path: Path) -> None:
    clock = WallClock()
    logbook = Logbook.open(tmp_path / "h", clock)
    with pytest.raises(OfficeAway, match="cannot be reached"):
        enrol(logbook, f"http://127.0.0.1:{free_port()}", "0123456789", "Gate 1", clock)
    logbook.close()


def walking(folder: Path, office: str, code: str) -> tuple[Logbook, WallClock]:
    """A handheld of that office, in the middle of a round."""
    clock = WallClock()
    logbook = Logbook.open(folder, clock)
    enrol(logbook, office, code, "Gate 1", clock)
    body = {
        "round": "night-1@2026-11-20T22:00#aa-1", "slot": "night-1@2026-11-20T22:00",
        "route": "night-1", "schedule": "night-1",
        "opens": "2026-11-20T22:00:00+08:00", "closes": "2026-11-20T23:00:00+08:00",
        "plan": {"revision": 1, "sha256": "00" * 32}, "crew": [{"person": "li", "method": "pin", "role": "guard"}],
        "order": ["gate"], "seed": None, "marks": [], "alone": None,
    }  # fmt: skip
    logbook.append(Draft("round.started", body, ("li",)))
    return logbook, clock


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_open_round_is_not_ended_by_enrolling_elsewhere_unless_somebody_says_so(
    tmp_path: Path, running: RunningOffice, lang: str
) -> None:
    logbook, clock = walking(tmp_path / "h", running.url, running.code())
    old = logbook.book_id
    with office(tmp_path / "other") as other:
        code = other.code()
        with pytest.raises(RoundOpen) as no:
            enrol(logbook, other.url, code, "Gate 1", clock)
        said = no.value.say(lang)
        assert "night-1" in said
        assert "22:00" in said
        assert "--yes" in said
        assert logbook.book_id == old
        enrol(logbook, running.url, running.code(), "Gate 1", clock)
        assert logbook.book_id == old, "the same office again ends nothing, and asks nothing"
        enrol(logbook, other.url, code, "Gate 1", clock, leave_round=True)
        assert logbook.book_id != old, "the code was not used up by the refusal"
    logbook.close()
