"""Labels made anew, asset labels, makers' codes bound, labels as addresses: from the office to a scan and back."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import Connection

from app import codes
from app.codes import digest
from app.duties.evidence import Mark
from app.duties.site import Credentials
from app.logbook.book import Draft
from app.meaning import CodeBook, Meant
from app.settings import SettingsRefused
from app.words import say
from sync.office import binding, credentials, importing
from sync.office.binding import CodeRefused
from sync.office.pages import resident
from sync.office.settings import Public, load
from tests.office.conftest import GUARDS, PLAN, SITE, Handheld, Office, furnished
from tests.office.test_cli import Done, serving
from tests.office.test_cli import run as run
from tests.office.test_fold import fold_anew, stop

BARCODE = "6901234567892"
PLATE = "]Q1https://lift.example.com/eq?id=31104403072012060003\r"
"""A lift's plate as a scanner with AIM identifiers gives it."""
AT = 1_795_000_000_000


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The example, with a labelled asset in a bicycle shed that has no beacon."""
    it = Office(furnished(tmp_path / "office"), public=Public("HTTPS://W.EXAMPLE.CN", "0571-8888 0000"))
    text = PLAN.read_text(encoding="utf-8")
    found = it.ask(importing.check(it.store, text.replace("\nassets:\n", f"\nassets:\n{CHARGER}", 1).encode()))
    assert not found.refused, found.faults
    it.ask(importing.take(it.store, found, it.now))
    yield it
    it.close()


CHARGER = "  charger-1: {name: {zh: 充电桩1, en: Charger 1}, point: shed-1, label: true}\n"


def write(office: Office, change: Callable[[Connection], object]) -> None:
    office.ask(office.store.write(change))


def credentials_of(office: Office) -> Credentials:
    item = office.ask(office.store.changes.current(SITE, "credentials", SITE))
    assert item is not None
    assert item.body is not None
    return msgspec.json.decode(item.body, type=Credentials)


def printed(office: Office, url: str = "") -> dict[str, credentials.Printed]:
    found = office.ask(office.store.read(lambda tx: credentials.printed(tx, SITE, url)))
    return {each.id: each for each in found}


def walked_with(handheld: Handheld, text: str, at_stop: str = "shed-1") -> str:
    """A round on which `text` is scanned at a stop that takes a label."""
    handheld.walker._labels = {**handheld.labels, at_stop: text}  # what hangs there now
    name = handheld.walk()
    handheld.sync()
    return name


def arrivals(handheld: Handheld, at_stop: str = "shed-1") -> list[dict[str, object]]:
    return [
        entry.record.body
        for entry in handheld.logbook.entries()
        if entry.record.kind == "stop.arrived" and entry.record.body["stop"] == at_stop
    ]


# -- labels ---------------------------------------------------------------------------------------


def test_every_point_and_asset_with_a_label_in_the_plan_has_one_to_print(office: Office) -> None:
    labels = printed(office)
    plan = office.plan()
    wanted = [point.id for point in plan.points if point.label] + [asset.id for asset in plan.assets if asset.label]
    assert list(labels) == wanted
    assert {"charger-1", "gen-1", "dt-06-2"} < set(wanted)
    book = CodeBook(credentials_of(office))
    for each in labels.values():
        meant = book.meaning(each.text)
        assert (meant.kind.value, meant.id, meant.old) == (each.kind, each.id, False)


def test_labels_as_addresses_are_the_same_labels_in_a_dense_code(office: Office) -> None:
    bare, addressed = printed(office), printed(office, codes.label_base("https://w.example.cn/"))
    for id, each in addressed.items():
        assert re.fullmatch(r"HTTPS://W\.EXAMPLE\.CN/P/[0-9A-Z]{22}", each.text)
        assert len(each.text) <= 47, "version 3 at level Q"
        assert codes.parse(each.text) == codes.parse(bare[id].text)


def test_the_offices_setting_decides_the_form_of_printed_labels(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--data-dir", str(furnished(tmp_path / "data")), "labels", "--json", SITE)

    def texts(*more: str) -> set[str]:
        return {json.loads(line)["code"].rpartition("/")[0] for line in run(*where, *more).out.splitlines()}

    assert texts() == {""}
    monkeypatch.setenv("WATCHBOOK_LABEL_URL", "https://w.example.cn/")
    assert texts() == {"HTTPS://W.EXAMPLE.CN/P"}
    assert texts("--label-url", "https://other.cn") == {"HTTPS://OTHER.CN/P"}


@pytest.mark.parametrize(
    "url",
    ["ftp://w.cn", "w.example.cn", "https://", "https://w.cn/path", "https://w.cn?x", "https://ü.cn", "https://w w.cn",
     "https://" + "a" * 60 + ".cn", "https://u:p@w.cn"],
)  # fmt: skip
def test_an_address_that_no_label_can_begin_with_is_one_sentence(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused) as refused:
        load({"data_dir": str(tmp_path), "label_url": url}, {})
    assert all(say(lang, refused.value.key, **refused.value.fields) for lang in ("zh", "en"))
    with pytest.raises(SettingsRefused):
        load({"data_dir": str(tmp_path), "label_phone": "call <me>"}, {})


@pytest.mark.proof
def test_a_label_made_anew_takes_the_place_of_the_one_before_which_is_marked(office: Office, tmp_path: Path) -> None:
    old = printed(office)["shed-1"].text
    write(office, lambda tx: binding.reissue(tx, SITE, "shed-1", AT))
    new = printed(office)["shed-1"]
    assert new.issue == 2
    for place, (text, marks) in enumerate([(old, [Mark.OLD_LABEL]), (new.text, [])]):
        handheld = Handheld(office, tmp_path / str(place), f"手持机{place}")
        walked_with(handheld, text)
        (body,) = arrivals(handheld)
        assert [mark for mark in body["marks"] if mark == Mark.OLD_LABEL] == marks  # type: ignore[attr-defined]
        handheld.close()


@pytest.mark.parametrize(("later_s", "proof"), [(-3600, "old"), (3600, "good")])
def test_the_office_counts_a_label_as_old_from_the_time_of_its_next_issue_on(
    office: Office, handheld: Handheld, later_s: int, proof: str
) -> None:
    name = walked_with(handheld, handheld.labels["shed-1"])
    (arrival,) = (
        entry.record for entry in handheld.logbook.entries()
        if entry.record.kind == "stop.arrived" and entry.record.body["stop"] == "shed-1"
    )  # fmt: skip
    write(office, lambda tx: binding.reissue(tx, SITE, "shed-1", arrival.at + later_s * 1000))
    fold_anew(office)
    assert [each.judged.proof for each in stop(office, name, "shed-1")[1].arrivals if each.judged] == [proof]


def test_an_assets_label_is_being_at_its_point_and_proven(office: Office, handheld: Handheld) -> None:
    name = walked_with(handheld, printed(office)["charger-1"].text)
    (body,) = arrivals(handheld)
    assert body["evidence"]["label"] == {"issue": "01", "asset": "charger-1"}  # type: ignore[index]
    fold_anew(office)
    row, seen = stop(office, name, "shed-1")
    assert [each.judged.proof for each in seen.arrivals if each.judged] == ["good"]
    assert row.office_grade == "label"


def test_the_label_of_an_asset_somewhere_else_proves_nothing_here(office: Office, handheld: Handheld) -> None:
    code = codes.parse(printed(office)["charger-1"].text)
    assert code is not None
    name = handheld.walk()
    body = {"round": name, "stop": "fitness", "point": "fitness", "grade": "label", "marks": [],
            "evidence": {"label": {"issue": code.issue, "asset": "charger-1"}}}  # fmt: skip
    handheld.write(Draft("stop.arrived", body, GUARDS, token=code.token))
    handheld.sync()
    fold_anew(office)
    seen = stop(office, name, "fitness")[1]
    assert [each.judged.proof for each in seen.arrivals if each.judged][-1] == "bad"


# -- makers' codes --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [BARCODE, PLATE, "配电柜-0042", "[)>\x1e06\x1dP1234\x1dS99\x1e\x04"])
def test_a_makers_code_bound_to_a_point_is_its_label_from_the_scan_to_the_offices_verdict(
    office: Office, tmp_path: Path, text: str
) -> None:
    write(office, lambda tx: binding.bind(tx, SITE, "shed-1", text, AT))
    handheld = Handheld(office, tmp_path / "handheld")
    name = walked_with(handheld, text)
    (body,) = arrivals(handheld)
    assert (body["grade"], body["evidence"]["label"]["issue"]) == ("label", "x1")  # type: ignore[index]
    fold_anew(office)
    row, seen = stop(office, name, "shed-1")
    assert [each.judged.proof for each in seen.arrivals if each.judged] == ["good"]
    assert row.office_grade == "label"
    handheld.close()


def test_a_handheld_never_holds_the_text_of_a_makers_code(office: Office) -> None:
    write(office, lambda tx: binding.bind(tx, SITE, "asset:charger-1", BARCODE, AT))
    page = credentials_of(office)
    assert BARCODE.encode() not in msgspec.json.encode(page)
    assert page.codes[digest(page.salt, BARCODE.encode())] == "asset:charger-1/x1"
    assert CodeBook(page).meaning(BARCODE).kind is Meant.ASSET


def test_a_makers_code_makes_no_label_of_ours_old(office: Office) -> None:
    for text in (BARCODE, PLATE):
        write(office, lambda tx, text=text: binding.bind(tx, SITE, "shed-1", text, AT))  # type: ignore[misc]
    write(office, lambda tx: binding.reissue(tx, SITE, "shed-1", AT))
    book = CodeBook(credentials_of(office))
    found = [book.meaning(text) for text in (printed(office)["shed-1"].text, BARCODE, PLATE)]
    assert [(each.id, each.issue, each.old) for each in found] == [
        ("shed-1", "02", False), ("shed-1", "x1", False), ("shed-1", "x2", False),
    ]  # fmt: skip


def test_a_makers_code_that_was_let_go_means_nothing_and_what_was_scanned_stays_proven(
    office: Office, tmp_path: Path
) -> None:
    write(office, lambda tx: binding.bind(tx, SITE, "shed-1", PLATE, AT))
    handheld = Handheld(office, tmp_path / "handheld")
    name = walked_with(handheld, PLATE)
    later = handheld.clock.now().at + 3_600_000
    write(office, lambda tx: binding.unbind(tx, SITE, "shed-1/x1", later))
    assert CodeBook(credentials_of(office)).meaning(PLATE).kind is Meant.UNKNOWN
    fold_anew(office)
    assert [each.judged.proof for each in stop(office, name, "shed-1")[1].arrivals if each.judged] == ["good"]
    again = office.ask(office.store.write(lambda tx: binding.bind(tx, SITE, "shed-2", PLATE, later)))
    assert (again.id, again.issue) == ("shed-2", "x1")
    handheld.close()


@pytest.mark.parametrize(
    ("thing", "text", "key"),
    [
        ("shed-1", "12345", "too_short"), ("shed-1", " ]C112345\r\n", "too_short"), ("shed-1", "9" * 201, "too_long"),
        ("shed-1", codes.make(7, b"0123456789"), "ours"), ("shed-1", "WB1:0123", "ours"),
        ("shed-1", "https://other.cn/p/01ABCDEFGHJK", "ours"), ("shed-1", "abc\u202edef", "unprintable"),
        ("nowhere", BARCODE, "no_thing"), ("asset:shed-1", BARCODE, "no_thing"), ("shed-1", PLATE, "bound_already"),
        ("charger-1", PLATE.strip()[3:], "bound_already"),
    ],
)  # fmt: skip
def test_what_cannot_be_bound_is_refused_in_a_sentence(office: Office, thing: str, text: str, key: str) -> None:
    write(office, lambda tx: binding.bind(tx, SITE, "shed-1", PLATE, AT))
    before = credentials_of(office)
    with pytest.raises(CodeRefused) as refused:
        write(office, lambda tx: binding.bind(tx, SITE, thing, text, AT))
    assert refused.value.key == f"office_codes.{key}"
    assert all(say(lang, refused.value.key, **refused.value.fields) for lang in ("zh", "en"))
    assert credentials_of(office) == before


def test_codes_are_managed_on_the_command_line(run: Callable[..., Done], tmp_path: Path) -> None:
    folder = str(furnished(tmp_path / "data"))

    def code(*args: str, stdin: str = "") -> Done:
        return run("--data-dir", folder, "--lang", "en", "code", *args, stdin=stdin)

    assert "label number 02" in code("reissue", SITE, "shed-1").out
    assert "bound to shed-1 as x1" in code("bind", SITE, "shed-1", stdin=PLATE + "\n").out
    assert json.loads(code("bind", "--json", SITE, "aa-1-1", BARCODE).out)["text"] == BARCODE
    listed = json.loads(code("list", "--json", SITE).out)
    assert [(each["id"], each["issue"], each["text"]) for each in listed if each["text"]] == [
        ("aa-1-1", "x1", BARCODE), ("shed-1", "x1", PLATE.strip()[3:]),
    ]  # fmt: skip
    assert re.search(r"shed-1  02  \d{4}-\d\d-\d\d \d\d:\d\d\+08:00", code("list", SITE).out), "the site's time"
    assert "let go" in code("unbind", SITE, BARCODE).out
    for refused in (code("unbind", SITE, BARCODE), code("bind", SITE, "shed-1"), code("reissue", SITE, "aa-1-1"),
                    code("reissue", "nowhere", "x"), code("list", "nowhere")):  # fmt: skip
        assert (refused.code, refused.out) == (1, "")
        assert len(refused.err.splitlines()) == 1


def test_no_command_prints_the_secret_of_a_label(run: Callable[..., Done], tmp_path: Path) -> None:
    folder = str(furnished(tmp_path / "data"))
    for args in (("reissue", SITE, "shed-1"), ("reissue", "--json", SITE, "shed-1"), ("list", SITE),
                 ("list", "--json", SITE)):  # fmt: skip
        assert not codes.may_hold_token(run("--data-dir", folder, "code", *args).out)


# -- the page behind a label ----------------------------------------------------------------------


@pytest.mark.parametrize("change", [str, str.lower])
def test_a_residents_telephone_is_told_in_both_languages_what_the_label_is(
    office: Office, change: Callable[[str], str]
) -> None:
    path = change(printed(office, "HTTPS://W.EXAMPLE.CN")["shed-1"].text.removeprefix("HTTPS://W.EXAMPLE.CN"))
    with office.stranger() as browser:
        answer = browser.get(path)
    assert answer.status_code == 200
    for lang in ("zh", "en"):
        for name in ("page_what", "page_call", "page_fire"):
            assert say(lang, f"office_codes.{name}") in answer.text
    assert 'href="tel:0571-88880000"' in answer.text
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert path.rpartition("/")[2].upper() not in answer.text.upper(), "the page does not hold the token"
    assert "set-cookie" not in answer.headers


def test_without_a_number_the_page_says_where_it_stands(tmp_path: Path) -> None:
    office = Office(furnished(tmp_path / "plain"))
    with office.stranger() as browser:
        text = browser.get("/P/" + codes.make(1, b"0123456789")[4:]).text
    assert say("zh", "office_codes.page_call_unknown") in text
    assert "tel:" not in text
    office.close()


@pytest.mark.parametrize("path", ["/P/", "/p/0123456789ABCDEFGHJKMN", "/P/x/y", "/P/%00", "/p/" + "A" * 3000])
def test_an_address_that_no_label_holds_is_not_found(office: Office, path: str) -> None:
    with office.stranger() as browser:
        assert browser.get(path).status_code == 404


def test_a_served_office_writes_the_token_of_a_label_into_no_log(tmp_path: Path) -> None:
    where = ("--data-dir", str(furnished(tmp_path / "data")), "--port", "0", "--label-phone", "0571-1")
    secret = codes.make(1, b"0123456789")[4:]
    with serving("serve", *where) as (child, line):
        url = line.removeprefix("listening ").strip()
        for path, status in ((f"/P/{secret}", 200), (f"/p/{secret}?{secret}", 200), (f"/P/{secret[:-1]}", 404)):
            assert httpx.get(url + path).status_code == status
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=20)
    assert secret[:8] not in (out + err).upper()


def test_a_page_of_a_label_that_fails_is_logged_without_its_token(
    office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "parse", lambda text: 1 / 0)  # nothing on this page can fail by itself
    secret = codes.make(1, b"0123456789")[4:]
    with office.stranger() as browser:
        assert browser.get(f"/p/{secret}?q={secret}").status_code == 500
    ours = [record for record in caplog.records if record.name == "watchbook.office"]
    assert [record.getMessage() for record in ours] == ["GET /p/... failed"]
    assert all(secret[:8] not in str(record.exc_text or "") for record in ours)
