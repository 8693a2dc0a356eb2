"""What life adds to a round (D9): excused points, rounds from paper, explanations, corrections, badges; and books."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from app import witness
from app.logbook.book import Draft
from app.words import say
from sync.office import fold
from sync.office.details import RoundDetail
from sync.office.store import rounds as table
from sync.office.store.schema import records as record_table
from sync.office.walker import NO_TRICKS, Tricks
from tests.office.conftest import GUARDS, SITE, Handheld, Office, at
from tests.office.test_fold import detail, dump, fold_anew
from tests.office.test_pages import Page, round_path

EN = {"lang": "en"}
MISSING = Tricks(miss=frozenset({"fitness", "shed-1"}))


def supervisor(office: Office) -> str:
    return next(grant.person for grant in office.plan().grants if "supervisor" in grant.roles)


def excuse(point: str, first: str, last: str, by: str) -> Draft:
    body = {"point": point, "from": at(first), "to": at(last), "reason": "weather", "words": "typhoon"}
    return Draft("point.excused", body, (by,))


def page(office: Office, path: str, **query: str) -> str:
    return Page(office.browser().get(path, params={**EN, **query})).text


def day(office: Office) -> str:
    return page(office, "/rounds", day="2026-11-20", kind="patrol")


@pytest.fixture
def told(office: Office, handheld: Handheld) -> Handheld:
    office.account()
    return handheld


# -- excused -------------------------------------------------------------------------------------


def test_an_excused_point_leaves_the_planned_count_for_its_time(office: Office, told: Handheld) -> None:
    name = told.walk(tricks=MISSING)
    told.sync()
    assert "missed 2" in day(office)
    told.write(excuse("fitness", "2026-11-20 20:00", "2026-11-20 22:30", supervisor(office)))
    told.sync()
    seen = page(office, round_path(name))
    assert "Points due 13 Points reached 12 Points missed 1" in seen
    assert "Points excused 1" in seen
    assert re.search(r"Excused: [^.]+\(.*2026-11-20 20:00 to 2026-11-20 22:30\)", seen)
    assert "missed 1" in day(office)
    assert "12/13" in day(office)
    told.write(excuse("shed-1", "2026-11-20 20:00", "2026-11-21 06:00", supervisor(office)))
    told.sync()
    assert "12/12" in day(office)
    assert "missed 1" not in day(office)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-11-20 20:00", "2026-11-20 22:00"), ("2026-11-21 00:00", "2026-11-21 06:00")]
)
def test_an_excuse_for_another_time_changes_nothing(office: Office, told: Handheld, first: str, last: str) -> None:
    name = told.walk(tricks=MISSING)
    told.write(excuse("fitness", first, last, supervisor(office)))
    told.sync()
    assert "Points due 14 Points reached 12 Points missed 2" in page(office, round_path(name))
    assert "12/14" in day(office)


def test_an_excused_point_that_was_reached_all_the_same_counts_as_reached(office: Office, told: Handheld) -> None:
    name = told.walk()
    told.write(excuse("fitness", "2026-11-20 20:00", "2026-11-21 06:00", supervisor(office)))
    told.sync()
    assert "Points due 14 Points reached 14 Points missed 0" in page(office, round_path(name))


def test_a_guard_excuses_nobody_and_it_is_marked(office: Office, told: Handheld) -> None:
    name = told.walk(tricks=MISSING)
    told.write(excuse("fitness", "2026-11-20 20:00", "2026-11-21 06:00", GUARDS[0]))
    told.write(excuse("fitness", "2026-11-20 20:00", "2026-11-21 06:00", "nobody-known"))
    told.sync()
    seen = page(office, round_path(name))
    assert "Points due 14 Points reached 12 Points missed 2" in seen
    assert seen.count("is no supervisor: it does not count") == 2
    assert "not by a supervisor: does not count" in day(office)


def test_a_window_whose_every_point_is_excused_was_asked_of_nobody(office: Office, told: Handheld) -> None:
    told.clock.wait_until(at("2026-11-21 00:00"))
    chief = supervisor(office)
    points = {stop.point for stop in office.plan().route("night-1").stops}
    told.sync()
    before = re.search(r"Rounds due (\d+)", day(office))
    told.write(*(excuse(point, "2026-11-20 22:00", "2026-11-21 00:00", chief) for point in points))
    told.sync()
    after = re.search(r"Rounds due (\d+)", day(office))
    assert before is not None
    assert after is not None
    assert int(after[1]) == int(before[1]) - 1
    assert "Night round 1 excused" in day(office)


# -- from paper ----------------------------------------------------------------------------------


def entry(office: Office, **changed: Any) -> Draft:
    plan = office.plan()
    stops = [
        {"stop": stop.id, "at": at("2026-11-20 22:10") + place * 120_000, "ok": stop.id != "gas-box",
         "words": "smell of gas" if stop.id == "gas-box" else ""}
        for place, stop in enumerate(plan.route("night-1").stops)
        if stop.id != "fitness"
    ]  # fmt: skip
    body = {
        "round": "night-1@2026-11-20T22:00#desk-1", "slot": "night-1@2026-11-20T22:00", "schedule": "night-1",
        "route": "night-1", "plan": {"revision": plan.revision, "sha256": plan.sha256},
        "crew": [{"person": person, "method": "paper"} for person in GUARDS], "stops": stops,
        "paper": "page 12", "attachments": [],
    }  # fmt: skip
    return Draft("round.late-entry", {**body, **changed}, ("li-jun",))


def test_a_round_from_paper_is_shown_as_the_weakest_with_who_entered_it(office: Office, told: Handheld) -> None:
    draft = entry(office)
    draft.body["stops"].append({"stop": "no-such-stop", "at": at("2026-11-25 22:00"), "ok": False, "words": ""})
    told.write(draft)
    told.sync()
    text = day(office)
    assert "22:10 - 22:36" in text
    assert "13/14" in text
    assert "entered by Li Jun" in text
    seen = page(office, round_path(str(draft.body["round"])))
    assert "Points due 14 Points reached 13 Points missed 1" in seen
    assert seen.count("entered afterwards") >= 13
    assert "on paper page 12 From - to" in seen
    assert "smell of gas" in seen
    assert detail(office, str(draft.body["round"])).stop_marks == ("weak-evidence",)
    fields = [{**stop, "at": at("2026-11-20 22:30")} for stop in draft.body["stops"]]
    fields.append({"stop": "fitness", "at": at("2026-11-20 22:31"), "ok": True, "words": ""})
    whole = entry(office, round="night-1@2026-11-20T22:00#desk-2", stops=fields)
    told.write(whole)
    told.sync()
    assert "entered afterwards entered by Li Jun" in day(office)


@pytest.mark.parametrize(
    "changed",
    [
        {"schedule": "no-such"}, {"slot": "night-1@2026-11-20T21:00"}, {"slot": "x"}, {"route": "night-2"},
        {"plan": {"revision": 9, "sha256": "00"}}, {"slot": "night-1@9999-99-99T22:00"},
    ],
)  # fmt: skip
def test_an_entry_for_a_window_that_no_plan_has_is_set_aside(
    office: Office, told: Handheld, changed: dict[str, Any]
) -> None:
    told.write(entry(office, **changed))
    told.sync()
    office.ask(office.serving.folding.catch_up())
    (book,) = office.ask(office.store.read(lambda tx: table.books_of(tx, SITE)))
    assert book.set_aside == 1
    assert "entered by" not in day(office)


# -- explanations --------------------------------------------------------------------------------


def test_an_explanation_stands_beside_its_mark(office: Office, told: Handheld) -> None:
    name = told.walk(tricks=Tricks(rush=frozenset({"pr1-door", "b4-u1"}), recheck=False))
    records = [entry.record for entry in told.logbook.entries()]
    hurried = next(each for each in records if each.body.get("stop") == "b4-u1" and each.kind == "stop.arrived")
    begun = next(each for each in records if each.kind == "round.started")
    book = told.logbook.book_id
    told.write(
        Draft("mark.explained", {"record": f"{book}:{hurried.seq}", "mark": "too-fast", "words": "by bike"}, GUARDS),
        Draft("mark.explained", {"record": f"{book}:{begun.seq}", "mark": "no-recheck", "words": "no light"}, GUARDS),
        Draft("mark.explained", {"record": f"{book}:{begun.seq}", "mark": "late", "words": "never was"}, GUARDS),
        Draft("mark.explained", {"record": "elsewhere", "mark": "late", "words": "lost words"}, GUARDS),
    )
    told.sync()
    office.account()
    text = office.browser().get(round_path(name), params=EN).text
    stop = re.search(r'<li class="stop[^>]*>(?:(?!<li class="stop).)*by bike', text, re.DOTALL)
    assert stop is not None
    assert say("en", "marks.too-fast") in stop[0]
    assert office.plan().point("b4-u1").name.en in stop[0]
    assert text.count(say("en", "marks.too-fast") + "</span>") == 2
    assert text.count("by bike") == 1
    shown = Page(office.browser().get(round_path(name), params=EN)).text
    assert re.search(r"not identified again on the way\.\D+Explained: no light - Zhang Wei, Li Jun, 2026", shown)
    assert "Other explanations late Explained: never was" in shown
    assert "lost words" not in shown


# -- corrections ---------------------------------------------------------------------------------


def test_a_corrected_answer_shows_the_newest_value_and_the_old_one_with_its_time(
    office: Office, told: Handheld
) -> None:
    name = told.walk(tricks=Tricks(readings={"lit": "20"}))
    old = next(
        each.record
        for each in told.logbook.entries()
        if each.record.kind == "check.answered" and each.record.body["check"] == "lit"
    )
    told.sync()
    assert "reading out of limits" in page(office, round_path(name)).lower() or "out-of-limits" in str(
        detail(office, name).stop_marks
    )
    right = {**old.body, "ok": True, "value": "30/30", "repeated": False, "marks": [], "corrects": old.seq}
    others = [
        each.record
        for each in told.logbook.entries()
        if each.record.kind == "check.answered" and each.record.body["check"] == "lit" and each.record.seq != old.seq
    ]
    told.write(Draft("check.answered", right, GUARDS))
    for each in others:
        told.write(Draft("check.answered", {**each.body, **_right(each.seq)}, GUARDS))
    told.sync()
    seen = page(office, round_path(name))
    assert re.search(r"30/30\D* corrected; was 20/30\D* \(22:\d\d:\d\d\)", seen)
    assert "out-of-limits" not in detail(office, name).stop_marks
    assert detail(office, name).not_ok == 0


def _right(seq: int) -> dict[str, Any]:
    return {"ok": True, "value": "30/30", "repeated": False, "marks": [], "corrects": seq}


# -- badges --------------------------------------------------------------------------------------


def signed_in(office: Office, told: Handheld, name: str, *drafts: Draft) -> RoundDetail:
    """A round begun after these sign-ins, as the office reads it."""
    started = next(each.record for each in told.logbook.entries() if each.record.kind == "round.started")
    told.write(*drafts, Draft("round.started", {**started.body, "round": name}, GUARDS))
    told.sync()
    office.ask(office.serving.folding.catch_up())
    return detail(office, name)


def test_an_honest_crews_badges_hold(office: Office, told: Handheld) -> None:
    name = told.walk()
    told.sync()
    office.ask(office.serving.folding.catch_up())
    found = detail(office, name)
    assert [(each.person, each.proof) for each in found.sign_ins] == [(who, "good") for who in GUARDS]
    assert [each.proof for each in found.again] == ["good"]
    assert "badge-proof" not in found.office_marks
    assert page(office, round_path(name)).count("badge checked") == 3


@pytest.mark.parametrize("kind", ["shift.opened", "crew.joined"])
@pytest.mark.parametrize(("token", "proof"), [(b"0123456789", "bad"), (b"", "missing")])
def test_a_badge_that_nobody_read_is_a_mark(
    office: Office, told: Handheld, kind: str, token: bytes, proof: str
) -> None:
    told.walk()
    who = {"person": GUARDS[0], "method": "badge", "role": "guard"}
    body = {"crew": [who], "post": None, "issue": "01"} if kind == "shift.opened" else {**who, "issue": "01"}
    found = signed_in(office, told, "forged#x-1", Draft(kind, body, GUARDS[:1], token=token))
    assert [each.proof for each in found.sign_ins if each.person == GUARDS[0]][-1] == proof
    assert "badge-proof" in found.office_marks
    assert "badge proof wrong" in page(office, round_path("forged#x-1"))
    assert "工牌证明不符" in Page(office.browser().get("/rounds", params={"day": "2026-11-20", "lang": "zh"})).text


def test_a_forged_badge_on_the_way_is_a_mark_too(office: Office, told: Handheld) -> None:
    name = told.walk()
    body = {"round": name, "person": GUARDS[1], "method": "badge", "role": "guard", "issue": "01"}
    told.write(Draft("round.rechecked", body, GUARDS[1:], token=b"0123456789"))
    told.sync()
    office.ask(office.serving.folding.catch_up())
    assert "badge-proof" in detail(office, name).office_marks


def test_a_badge_issued_anew_since_is_no_forgery(office: Office, told: Handheld) -> None:
    name = told.walk()
    told.sync()
    for person in GUARDS:
        office.badge(person)
    fold_anew(office)
    found = detail(office, name)
    assert {each.proof for each in found.sign_ins} == {"old"}
    assert "badge-proof" not in found.office_marks


def test_somebody_who_signed_in_by_pin_has_no_proof_to_hold(office: Office, told: Handheld) -> None:
    told.walk()
    who = {"person": GUARDS[0], "method": "pin", "role": "guard"}
    found = signed_in(office, told, "pin#x-1", Draft("shift.opened", {"crew": [who], "post": None}, GUARDS[:1]))
    assert "badge-proof" not in found.office_marks


# -- books ---------------------------------------------------------------------------------------


def test_a_book_says_which_one_it_continues_how_it_ended_and_what_was_cleared(
    office: Office, told: Handheld, tmp_path: Path
) -> None:
    told.walk()
    head = told.logbook.head
    told.write(Draft("book.pruned", {"before": "00" * 32, "from": 3, "to": 9, "hash": "11" * 32}))
    told.write(Draft("book.pruned", {"before": "00" * 32, "from": 10, "to": 20, "hash": "11" * 32}))
    told.write(Draft("book.closed", {"reason": "fork"}))
    told.sync()
    other = Handheld(office, tmp_path / "other", "另一台")
    seen = {"how": "qr", "book": told.logbook.book_id[:16], "seq": head.seq, "hash": head.hash.hex()[:56]}
    other.write(
        Draft("witness.seen", seen, GUARDS),
        Draft("witness.seen", {**seen, "hash": "00" * 28}, GUARDS),
        Draft("witness.seen", {**seen, "seq": head.seq + 500}, GUARDS),
        Draft("witness.seen", {"how": "code", "code": "0" * 16}, GUARDS),
    )
    other.sync()
    other.close()
    office.ask(office.serving.folding.catch_up())
    office.ask(office.store.write(lambda tx: tx.execute(
        update(record_table).where(record_table.c.seq == 4, record_table.c.kind != "book.opened").values(raw=None)
    )))  # fmt: skip
    text = page(office, "/books")
    assert "closed: it forked" in text
    assert "Cleared from the handheld, held here: no. 3 to 20." in text
    assert "missing:" not in text
    assert "1 destroyed when their time was over" in text
    assert f"agrees no. {head.seq}, seen by 另一台 (Zhang Wei, Li Jun" in text
    assert "does not agree" in text
    assert f"not sent yet no. {head.seq + 500}" in text
    assert told.logbook.book_id in text
    assert "missing:" not in day(office)


@pytest.mark.parametrize("sent", ["before", "after"])
def test_sixteen_digits_are_found_among_the_heads_that_the_office_holds(
    office: Office, told: Handheld, tmp_path: Path, sent: str
) -> None:
    """Whichever of the two handhelds comes to the office first."""
    told.walk()
    seen = told.logbook.head
    digits = witness.code(witness.Head(told.logbook.book, seen.seq, seen.hash))
    told.write(*(Draft("note.made", {"n": n}) for n in range(3)))
    wrong = witness.code(witness.Head(told.logbook.book, seen.seq, bytes(32)))
    other = Handheld(office, tmp_path / "other", "另一台", start=told.clock.now().at)
    other.write(*(Draft("witness.seen", {"how": "code", "code": code}, GUARDS) for code in (digits, wrong)))
    own = other.logbook.head
    mine = witness.code(witness.Head(other.logbook.book, own.seq, own.hash))
    other.write(Draft("witness.seen", {"how": "code", "code": mine}, GUARDS))
    for handheld in (told, other) if sent == "before" else (other, told):
        handheld.sync()
        office.ask(office.serving.folding.catch_up())
    text = page(office, "/books")
    assert f"agrees no. {seen.seq}, seen by 另一台 (Zhang Wei, Li Jun" in text
    assert text.count("agrees no.") == 1, "a book is no witness of itself"
    assert text.count("among no book here") == 2
    assert f"digits {witness.grouped(wrong)}" in text
    zh = Page(office.browser().get("/books", params={"lang": "zh"})).text
    assert zh.count("未找到") == 2
    along = office.ask(office.store.read(dump))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == along
    other.close()


def test_what_a_book_says_of_itself_is_folded_the_same_again(office: Office, told: Handheld) -> None:
    name = told.walk()
    told.write(
        Draft("book.pruned", {"before": "00" * 32, "from": 3, "to": 9, "hash": "11" * 32}),
        Draft("book.closed", {"reason": "a-newer-word"}),
        excuse("fitness", "2026-11-20 20:00", "2026-11-20 22:30", supervisor(office)),
        Draft("mark.explained", {"record": f"{told.logbook.book_id}:9", "mark": "late", "words": "x"}, GUARDS),
        Draft("witness.seen", {"how": "code", "code": "0" * 16}, GUARDS),
        entry(office),
    )
    told.sync()
    office.ask(office.serving.folding.catch_up())
    along = office.ask(office.store.read(dump))
    assert all(along[each] for each in ("excuses", "explanations", "witnesses"))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == along
    assert "closed: a-newer-word" in page(office, "/books")
    assert detail(office, name).done == 14


def test_a_book_that_continues_another_names_it() -> None:
    from app import kinds
    from sync.office.details import BookLife
    from sync.office.pages.books import _after
    from sync.office.places import Places

    life = BookLife(after=kinds.BookBefore("ab" * 32, 17, "cd" * 32))
    places = Places("en", None, {})
    assert _after(life, {"ab" * 32: "East 1"}, places) == f"continues East 1 {'ab' * 8} after no. 17"
    assert _after(life, {}, places) == f"continues {'ab' * 8} after no. 17, not known here"


def test_tables_of_another_version_are_made_anew(office: Office, told: Handheld) -> None:
    """An office that was served by an older program has projections with other columns."""
    name = told.walk(tricks=NO_TRICKS)
    told.sync()
    office.ask(office.serving.folding.catch_up())
    good = office.ask(office.store.read(dump))

    def age(tx: Any) -> None:
        tx.exec_driver_sql("drop table alarms")
        tx.exec_driver_sql("create table alarms (site text, alarm text, at integer)")
        tx.exec_driver_sql("update facts set value = 'rounds/1.2' where name = 'projections'")

    office.ask(office.store.write(age))
    office.ask(office.store.write(fold.prepare))
    office.ask(office.serving.folding.catch_up())
    assert office.ask(office.store.read(dump)) == good
    assert msgspec.json.encode(detail(office, name))
