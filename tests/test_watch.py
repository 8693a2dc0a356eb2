"""A crew with a handheld: what it does is recorded first, and what is recorded is what it did."""

import asyncio
import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

import msgspec
import pytest
from msgspec.structs import replace

from app import codes, kinds
from app.crew import pin_wait
from app.duties import rounds
from app.duties.evidence import Mark, Nearness
from app.duties.provisions import Column, Register
from app.duties.rounds import Answer, Confirmation, Refusal, Verdict, shuffle
from app.duties.schedule import Standing
from app.duties.site import Grant, People, Phrase, Plan, Post, Tag, Text, encode_plan
from app.errors import BookError, BookUnknown, BookUnsafe, NotAllowed, PinLocked
from app.keeping import Keeping
from app.logbook.book import Draft, Received
from app.logbook.disk import Disk
from app.logbook.drafts import proof
from app.logbook.reader import Opening
from app.meaning import Meant
from app.ports import Moment, Scan, Sighting
from app.resume import PinTries
from tests import garden
from tests.garden import BADGES, LABELS, HandClock, Handheld, QuickDisk, scan, sighting
from tests.logbook.tools import LooseDisk

Switch = Callable[..., Handheld]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def switch_on(tmp_path: Path, clock: HandClock) -> Iterator[Switch]:
    """Switches handhelds on; all are closed at the end."""
    on: list[Handheld] = []

    def switch(plan: Plan | None = None, disk: Disk | None = None, name: str = "book") -> Handheld:
        on.append(Handheld(tmp_path / name, clock, plan or garden.plan(), disk))
        return on[-1]

    yield switch
    for handheld in on:
        handheld.close()


@pytest.fixture
def hand(switch_on: Switch) -> Handheld:
    return switch_on()


def refusal(error: pytest.ExceptionInfo[NotAllowed]) -> str:
    assert error.value.say("zh")
    return error.value.key.removeprefix("watch.")


def crew(hand: Handheld) -> tuple[Confirmation, ...]:
    return hand.watch.state.shift.crew if hand.watch.state.shift else ()


# -- a whole night -------------------------------------------------------------------------------


async def test_two_guards_walk_a_night_round_and_every_step_is_in_the_book(switch_on: Switch, clock: HandClock) -> None:
    hand = switch_on(disk=Disk())
    watch = hand.watch
    await watch.sign_in_badge(scan(BADGES["zhang"], clock))
    await watch.sign_in_pin("li", "2468")
    assert [duty.standing for duty in watch.today()] == [Standing.OPEN, Standing.COMING]
    await watch.start_round(watch.today()[0])
    assert (stop := watch.next_stop())
    assert stop.id == "s-gate"
    assert (await hand.stand_at("gate"))[-1].verdict == Verdict("s-gate", "gate", True, "near")
    clock.pass_s(70)
    assert (await hand.stand_at("power"))[-1].verdict == Verdict("s-power", "power", True, "near")
    await hand.answer_all()
    assert (await hand.scan(BADGES["li"])) == Verdict(None, None, True, person="li")
    clock.pass_s(95)
    assert (await hand.stand_at("roof"))[-1].verdict is not None
    finding = await watch.report("leak", "drip")
    clock.pass_s(40)
    assert await hand.scan(LABELS["pump"]) == Verdict("s-pump", "pump", True, "label")
    assert watch.next_stop() is None
    summary = await watch.finish_round()
    assert (summary.planned, summary.done, summary.missed, summary.findings) == (4, 4, 0, 1)
    assert (summary.timing, summary.marks) == ("on-time", ())
    assert [duty.standing for duty in watch.today()] == [Standing.COMING, Standing.DONE]
    await watch.close_shift()
    assert finding.id == f"{hand.logbook.book_id}:{hand.records('finding')[0].seq}"
    assert hand.kinds() == [
        "book.opened", "key.certified", "shift.opened", "pin.tried", "crew.joined", "round.started",
        "stop.arrived", "stop.arrived", *["check.answered"] * 6, "round.rechecked", "stop.arrived",
        "finding.raised", "stop.arrived", "round.finished", "shift.closed",
    ]  # fmt: skip
    heads = [note["seq"] for note in hand.logbook.notes() if note["note"] == "head"]
    assert heads == [hand.records("round.finished")[0].seq, hand.records("shift.closed")[0].seq]


async def test_every_record_of_a_night_is_understood_by_the_table_of_kinds(hand: Handheld, clock: HandClock) -> None:
    with pytest.raises(NotAllowed):
        await hand.watch.sign_in_pin("zhang", "0")
    await hand.watch.unlock_pin(scan(BADGES["chen"], clock), "zhang")
    await hand.night_round()
    await hand.watch.hear(stranger(1, -50, clock))
    await hand.scan(garden.issue("nobody"))
    await hand.stand_at("gate")
    await hand.scan(BADGES["li"])
    await hand.scan(LABELS["power"])
    await hand.answer_all()
    await hand.watch.skip("s-roof", "locked")
    await hand.watch.report("leak", "drip")
    await hand.watch.raise_alarm()
    await hand.watch.finish_round()
    await hand.watch.sign_out("li")
    await hand.watch.close_shift()
    subjects = {"key", "shift", "crew", "pin", "round", "stop", "check", "tag", "code", "finding", "alarm"}
    told = {kind for kind in kinds.KINDS if kind.partition(".")[0] in subjects}
    late = {f"finding.{act}" for act in ("corrected", "noticed", "photographed", "postponed", "rechecked", "reopened")}
    elsewhere = {"round.late-entry", "tag.calibrated", *late}
    assert set(hand.kinds()) == {*told, "book.opened"} - elsewhere
    for record in hand.records():
        body = kinds.read(record)
        assert body is not None, record.kind
        assert kinds.kind_of(body) == record.kind
        assert kinds.to_dict(body) == record.body


async def test_records_name_the_crew_that_acted_and_the_device_names_nobody(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    await hand.stand_at("gate")
    await hand.scan(BADGES["li"])
    by = {record.kind: record.by for record in hand.records()}
    assert by["book.opened"] == ()
    assert by["shift.opened"] == ("zhang",)
    assert by["crew.joined"] == by["round.rechecked"] == ("li",)
    assert by["round.started"] == by["stop.arrived"] == ("zhang", "li")


async def test_a_round_names_its_plan_its_order_and_its_crew(hand: Handheld) -> None:
    await hand.night_round()
    body = kinds.read(hand.records("round.started")[0])
    assert isinstance(body, kinds.RoundStarted)
    assert body.plan == kinds.PlanNamed(7, hashlib.sha256(encode_plan(hand.plan)).hexdigest())
    assert body.crew == (Confirmation("zhang", "badge", "guard"), Confirmation("li", "badge", "guard"))
    assert body.order == tuple(stop.id for stop in garden.STOPS)
    assert body.opens.isoformat() == "2025-11-21T22:00:00+08:00"
    assert body.round == f"night@2025-11-21T22:00#{hand.logbook.book_id[:8]}-1"


async def test_the_second_attempt_at_a_window_has_its_own_name(hand: Handheld) -> None:
    await hand.night_round()
    await hand.watch.finish_round()
    again = await hand.start()
    assert again.round.endswith("-2")
    assert next(duty.standing for duty in hand.watch.today()) is Standing.RUNNING


async def test_a_shuffled_order_comes_from_the_recorded_seed(switch_on: Switch) -> None:
    hand = switch_on(garden.plan("shuffled"))
    progress = await hand.night_round()
    assert progress.seed is not None
    assert progress.order == shuffle((stop.id for stop in garden.STOPS), progress.seed)
    assert hand.killed().watch.state.round == progress


# -- signing in ----------------------------------------------------------------------------------


async def test_opening_a_shift_replaces_the_key_that_signs(hand: Handheld) -> None:
    before, _ = hand.logbook.head_signature(1, bytes(32))
    await hand.sign_in("zhang", "li")
    after, _ = hand.logbook.head_signature(1, bytes(32))
    assert before != after
    assert hand.kinds().count("key.certified") == 1


async def test_one_badge_twice_is_one_person(hand: Handheld) -> None:
    await hand.sign_in("zhang", "zhang")
    assert hand.watch.state.shift is not None
    assert hand.watch.state.shift.crew == (Confirmation("zhang", "badge", "guard"),)


@pytest.mark.parametrize("text", ["", "hello", LABELS["gate"].text, garden.issue("nobody").text, "WB1:" + "0" * 22])
async def test_only_a_badge_signs_in(hand: Handheld, text: str) -> None:
    with pytest.raises(NotAllowed) as error:
        await hand.watch.sign_in_badge(Scan(text, 1))
    assert refusal(error) == "no_badge"
    assert hand.watch.state.shift is None


async def test_somebody_who_is_not_in_the_people_file_is_told_so(hand: Handheld) -> None:
    hand.watch.take_pages(replace(hand.pages(), people=replace(garden.PEOPLE, people=garden.PEOPLE.people[1:])))
    for sign_in in (
        hand.watch.sign_in_badge(scan(BADGES["zhang"], hand.clock)),
        hand.watch.sign_in_pin("zhang", "1234"),
    ):
        with pytest.raises(NotAllowed) as error:
            await sign_in
        assert refusal(error) == "unknown_person"
    assert hand.kinds() == ["book.opened"]


async def test_somebody_without_a_pin_uses_the_badge(hand: Handheld) -> None:
    with pytest.raises(NotAllowed) as error:
        await hand.watch.sign_in_pin("chen", "0000")
    assert refusal(error) == "no_pin"


async def test_a_try_is_in_the_book_before_the_pin_is_judged(hand: Handheld) -> None:
    seen: list[list[str]] = []
    hand.watch.subscribe(lambda: seen.append(hand.kinds()))
    with pytest.raises(NotAllowed) as error:
        await hand.watch.sign_in_pin("zhang", "0000")
    assert (refusal(error), error.value.fields) == ("wrong_pin", {"left": 4})
    assert seen[0] == ["book.opened", "pin.tried"]
    assert hand.kinds() == ["book.opened", "pin.tried", "pin.refused"]


async def wrong(hand: Handheld, times: int, person: str = "zhang") -> None:
    for _ in range(times):
        hand.clock.pass_s(hand.watch.pin_wait(person))
        with pytest.raises(NotAllowed):
            await hand.watch.sign_in_pin(person, "0000")


async def test_five_wrong_pins_lock_and_the_wait_doubles(hand: Handheld, clock: HandClock) -> None:
    await wrong(hand, 4)
    assert hand.watch.pin_wait("zhang") == 0
    waits = []
    for _ in range(9):
        await wrong(hand, 1)
        waits.append(hand.watch.pin_wait("zhang"))
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    tries = len(hand.records("pin.tried"))
    with pytest.raises(PinLocked) as error:
        await hand.watch.sign_in_pin("zhang", "1234")
    assert error.value.fields == {"seconds": 3600}
    assert len(hand.records("pin.tried")) == tries
    clock.pass_s(3600)
    await hand.watch.sign_in_pin("zhang", "1234")
    assert hand.watch.state.tries == {}


async def test_one_locked_pin_locks_nobody_else(hand: Handheld) -> None:
    await wrong(hand, 5)
    await hand.watch.sign_in_pin("li", "2468")
    await hand.sign_in("zhang")  # and a badge is not a PIN
    assert hand.watch.pin_wait("zhang") == 30


async def test_the_wait_survives_a_kill_and_a_restart(hand: Handheld, clock: HandClock) -> None:
    await wrong(hand, 5)
    clock.pass_s(10)
    hand = hand.killed()
    assert hand.watch.pin_wait("zhang") == 20
    with pytest.raises(PinLocked):
        await hand.watch.sign_in_pin("zhang", "1234")
    clock.restart(5)
    clock.up = 1000
    assert hand.watch.pin_wait("zhang") == 15
    hand.close()


@pytest.mark.parametrize(
    ("now", "wait"),
    [
        (Moment(5_000, 11_000, "b"), 20),  # the same boot: its clock counts, whatever the wall clock says
        (Moment(-900_000, 11_000, "b"), 20),
        (Moment(9_000_000, 11_000, "b"), 20),
        (Moment(9_000_000, 500, "b"), 30),  # a boot clock that ran back does not lengthen the wait
        (Moment(5_000, 0, "c"), 26),  # another boot: the wall clock
        (Moment(-900_000, 0, "c"), 30),  # that ran back: not before the handheld has been up for it
        (Moment(-900_000, 29_500, "c"), 1),
        (Moment(60_000, 0, "c"), 0),
    ],
)
def test_a_wait_is_never_negative_and_never_longer_than_it_was(now: Moment, wait: int) -> None:
    assert pin_wait(PinTries(5, last=1_000, up=1_000, boot="b"), now, 5) == wait


async def test_a_supervisors_badge_unlocks_a_pin_and_nobody_elses(hand: Handheld, clock: HandClock) -> None:
    await wrong(hand, 5)
    for code, key in ((BADGES["li"], "no_unlocker"), (LABELS["gate"], "no_badge")):
        with pytest.raises(NotAllowed) as error:
            await hand.watch.unlock_pin(scan(code, clock), "zhang")
        assert refusal(error) == key
    await hand.watch.unlock_pin(scan(BADGES["chen"], clock), "zhang")
    assert hand.watch.pin_wait("zhang") == 0
    assert hand.records("pin.unlocked")[0].by == ("chen",)
    await hand.watch.sign_in_pin("zhang", "1234")


async def test_a_crew_larger_than_a_record_can_name_still_records(hand: Handheld) -> None:
    many = tuple(replace(garden.PEOPLE.people[0], id=f"g{number}", number=f"9{number:03d}") for number in range(25))
    badges = [garden.issue(f"m{number}") for number in range(25)]
    named = {codes.digest(garden.SALT, badge.token): f"person:g{n}/01" for n, badge in enumerate(badges)}
    credentials = replace(garden.CREDENTIALS, codes={**garden.CREDENTIALS.codes, **named})
    hand.watch.take_pages(replace(hand.pages(), people=People(many), credentials=credentials))
    for badge in badges:
        await hand.watch.sign_in_badge(scan(badge, hand.clock))
    await hand.watch.report("leak", "drip")
    assert len(hand.records("finding")[0].by) == 20
    assert hand.watch.person_by_number("9007") == many[7]
    assert hand.watch.person_by_number("") is None


async def test_signing_out_leaves_the_others_and_the_last_one_closes_the_shift(hand: Handheld) -> None:
    await hand.sign_in("zhang", "li")
    await hand.watch.sign_out("zhang")
    assert crew(hand) == (Confirmation("li", "badge", "guard"),)
    with pytest.raises(NotAllowed) as error:
        await hand.watch.sign_out("zhang")
    assert refusal(error) == "not_of_crew"
    await hand.watch.sign_out("li")
    assert crew(hand) == ()
    assert hand.kinds()[-1] == "shift.closed"


async def test_a_shift_does_not_end_in_the_middle_of_a_round(hand: Handheld) -> None:
    await hand.night_round()
    await hand.watch.sign_out("zhang")  # a partner may fall ill
    for act in (hand.watch.close_shift(), hand.watch.sign_out("li")):
        with pytest.raises(NotAllowed) as error:
            await act
        assert refusal(error) == "round_open"
    summary = await hand.watch.finish_round()
    assert ("", Mark.CREW_SHORT) in summary.marks
    await hand.watch.close_shift()


async def test_a_shift_lasts_a_day_at_most(hand: Handheld, clock: HandClock) -> None:
    await hand.sign_in("zhang")
    clock.pass_s(24 * 3600)
    await hand.sign_in("zhang")
    assert hand.kinds()[-3:] == ["shift.closed", "key.certified", "shift.opened"]


async def test_a_clock_that_is_set_right_ends_no_shift(hand: Handheld, clock: HandClock) -> None:
    """A handheld whose battery was empty for long begins in 1970, until somebody or the network says the hour."""
    clock.at = 60_000
    await hand.sign_in("zhang")
    clock.at = garden.EVENING
    await hand.sign_in("li")
    assert hand.kinds().count("shift.opened") == 1
    assert hand.watch.state.shift is not None
    assert [who.person for who in hand.watch.state.shift.crew] == ["zhang", "li"]


# -- after a restart -----------------------------------------------------------------------------


async def test_after_a_kill_any_of_the_crew_goes_on_at_the_same_stop(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    await hand.stand_at("gate")
    clock.pass_s(70)
    await hand.stand_at("power")
    await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[0], "1"))
    before = hand.watch.state
    hand = hand.killed()
    assert hand.watch.state == before
    assert hand.watch.locked
    with pytest.raises(NotAllowed) as error:
        await hand.watch.all_ok()
    assert refusal(error) == "locked"
    assert (await hand.stand_at("power"))[-1].near.state is Nearness.SILENT
    with pytest.raises(NotAllowed) as error:
        await hand.sign_in("zhao")
    assert refusal(error) == "crew_first"
    assert error.value.fields["time"] == "00:30"
    await hand.watch.sign_in_pin("li", "2468")
    assert hand.watch.unlocked
    assert (stop := hand.watch.next_stop())
    assert stop.id == "s-power"
    assert (check := hand.watch.open_check())
    assert check.id == "volt"
    await hand.answer_all()
    assert (stop := hand.watch.next_stop())
    assert stop.id == "s-roof"
    hand.close()


async def test_half_an_hour_after_its_window_a_round_that_was_left_locked_keeps_nobody_out(
    hand: Handheld, clock: HandClock
) -> None:
    await hand.night_round()
    await hand.stand_at("gate")
    clock.pass_s(2.5 * 3600 - 60)
    hand = hand.killed()
    with pytest.raises(NotAllowed):
        await hand.sign_in("zhao")
    clock.pass_s(60)
    await hand.sign_in("zhao")
    kinds = ["round.finished", "shift.closed", "key.certified", "shift.opened"]
    assert hand.kinds()[-4:] == kinds
    finished = hand.records()[-4]
    assert (finished.by, finished.body["done"], finished.body["missed"]) == ((), 1, 3)
    assert hand.watch.unlocked
    assert hand.watch.state.round is None
    hand.close()


async def test_a_supervisor_may_take_over_a_locked_handheld(hand: Handheld) -> None:
    await hand.night_round()
    hand = hand.killed()
    await hand.sign_in("chen")
    assert hand.watch.unlocked
    assert hand.watch.state.round is not None
    hand.close()


async def test_the_next_shift_takes_over_what_was_left_open_between_rounds(hand: Handheld) -> None:
    await hand.sign_in("zhang", "li")
    hand = hand.killed()
    await hand.sign_in("zhao")
    assert hand.kinds()[-3:] == ["shift.closed", "key.certified", "shift.opened"]
    assert hand.watch.state.shift is not None
    assert hand.watch.state.shift.crew == (Confirmation("zhao", "badge", "cleaner"),)
    hand.close()


async def test_an_alarm_goes_out_from_a_locked_handheld_too(hand: Handheld) -> None:
    assert await hand.watch.raise_alarm() == f"{hand.logbook.book_id}:2"
    assert kinds.urgent(hand.records("alarm")[0])
    await hand.night_round()
    await hand.stand_at("gate")
    hand = hand.killed()
    assert await hand.watch.raise_alarm() == hand.watch.state.alarm
    assert hand.records("alarm")[-1].by == ()
    assert hand.records("alarm")[-1].body["point"] == "gate"
    hand.close()


async def test_a_round_keeps_the_plan_it_was_started_under_even_after_a_restart(hand: Handheld) -> None:
    first = encode_plan(hand.plan)
    hand.logbook.receive([Received("plan", "garden", 7, first)], "c1")
    await hand.night_round()
    shorter = replace(
        hand.plan,
        revision=8,
        routes=tuple(replace(route, stops=route.stops[:1]) for route in hand.plan.routes),
        checklists=(),
    )
    hand.logbook.receive([Received("plan", "garden", 8, encode_plan(shorter))], "c2")
    hand.plan = shorter
    hand.watch.take_pages(hand.pages())
    assert hand.watch.plan.revision == 7
    hand = hand.killed()
    assert hand.watch.plan.revision == 7
    await hand.sign_in("zhang")
    await hand.stand_at("gate")
    assert (stop := hand.watch.next_stop())
    assert stop.id == "s-power"
    await hand.watch.finish_round()
    assert hand.watch.plan.revision == 8
    assert len((await hand.start()).visits) == 1
    hand.close()


async def test_a_round_whose_plan_is_lost_can_still_be_finished(hand: Handheld) -> None:
    await hand.night_round()
    hand.plan = replace(hand.plan, revision=8, routes=(), schedules=())
    hand = hand.killed()
    await hand.sign_in("zhang")
    assert hand.watch.next_stop() is None
    with pytest.raises(NotAllowed) as error:
        await hand.scan(LABELS["gate"])
    assert refusal(error) == "plan_gone"
    assert (await hand.watch.finish_round()).missed == 4
    hand.close()


# -- starting ------------------------------------------------------------------------------------


async def test_a_round_needs_a_shift_and_only_one_is_walked(hand: Handheld) -> None:
    await hand.sign_in("zhang", "li")
    duty = hand.watch.today()[0]
    await hand.watch.close_shift()
    with pytest.raises(NotAllowed) as error:
        await hand.watch.start_round(duty)
    assert refusal(error) == "no_shift"
    await hand.night_round()
    with pytest.raises(NotAllowed) as error:
        await hand.start("late")
    assert refusal(error) == "round_open"


async def test_alone_needs_a_reason_and_is_marked(hand: Handheld) -> None:
    await hand.sign_in("zhang")
    for alone, key in ((None, "crew_short"), ("because", "unknown_reason")):
        with pytest.raises(NotAllowed) as error:
            await hand.start(alone=alone)
        assert refusal(error) == key
    progress = await hand.start(alone="sick")
    assert (progress.marks, progress.alone) == ((Mark.CREW_SHORT,), "sick")
    body = hand.records("round")[0].body
    assert (body["alone"], body["alone_words"]) == ("sick", "partner is ill")
    assert hand.killed().watch.state.round == progress


async def test_a_plan_that_knows_why_one_walks_alone_takes_no_other_reason(switch_on: Switch) -> None:
    hand = switch_on(replace(garden.plan(), alone_reasons=(Phrase("absent", Text(zh="同伴没到岗")),)))
    await hand.sign_in("zhang")
    with pytest.raises(NotAllowed) as error:
        await hand.start(alone="locked")
    assert refusal(error) == "unknown_reason"
    assert "round.started" not in hand.kinds()
    progress = await hand.start(alone="absent")
    assert (progress.marks, progress.alone_words) == ((Mark.CREW_SHORT,), "同伴没到岗")
    stop = progress.order[0]
    with pytest.raises(NotAllowed) as error:
        await hand.watch.skip(stop, "absent")
    assert refusal(error) == "unknown_reason"
    await hand.watch.skip(stop, "locked")
    assert hand.records("stop.skipped")[0].body["reason"] == "locked"


POSTS = (
    Post("patrol", Text(zh="巡逻岗"), 4, roles=("guard",)),
    Post("room", Text(zh="消控室"), 8, walks=False, roles=("fire-control",)),
)


async def test_the_control_rooms_people_walk_no_rounds(switch_on: Switch) -> None:
    """D53; whoever is a guard as well may."""
    grants = (Grant("zhang", ("guard",)), Grant("li", ("fire-control",)))
    hand = switch_on(replace(garden.plan(), posts=POSTS, grants=grants))
    await hand.sign_in("zhang", "li")
    with pytest.raises(NotAllowed) as error:
        await hand.start()
    assert refusal(error) == "post_stays"
    assert "Li" in error.value.say("en")
    assert "round.started" not in hand.kinds()
    grants = (*grants[:1], Grant("li", ("fire-control", "guard")))
    hand.watch.take_pages(replace(hand.pages(), plan=replace(hand.plan, revision=8, posts=POSTS, grants=grants)))
    progress = await hand.start()
    assert [member.role for member in progress.crew] == ["guard", "guard"]
    assert [member.role for member in crew(hand)] == ["guard", "fire-control"], "as they signed in"


async def test_a_round_names_the_post_of_its_schedule(switch_on: Switch) -> None:
    night, late = garden.plan().schedules
    hand = switch_on(replace(garden.plan(), posts=POSTS, schedules=(replace(night, post="patrol"), late)))
    await hand.night_round()
    assert hand.records("round.started")[0].body["post"] == "patrol"
    assert hand.records("shift.opened")[0].body["post"] == "patrol", "the only one that fits a guard"


async def test_roles_are_the_sites_to_grant(switch_on: Switch) -> None:
    """Who may do what follows the plan (decision 15)."""
    hand = switch_on()
    await hand.sign_in("zhao")
    assert hand.watch.today() == ()
    grants = (*garden.GRANTS[:2], Grant("zhao", ("cleaner", "guard")))
    hand.watch.take_pages(replace(hand.pages(), plan=replace(hand.plan, revision=8, grants=grants)))
    assert {duty.slot.schedule for duty in hand.watch.today()} == {"night", "late"}
    with pytest.raises(NotAllowed) as error:
        await hand.watch.unlock_pin(scan(BADGES["chen"], hand.clock), "zhang")
    assert refusal(error) == "no_unlocker"


async def test_a_badge_leaves_a_proof_and_a_pin_leaves_none(hand: Handheld) -> None:
    """Decision 25: whoever wrote the record held the badge."""
    await hand.sign_in("zhang", "li")
    await hand.watch.sign_in_pin("zhang", "1234")
    await hand.start()
    await hand.stand_at("gate")
    await hand.scan(BADGES["li"])
    entries = {entry.record.seq: entry for entry in hand.logbook.entries()}
    shown = []
    for seq, entry in entries.items():
        body, kind = dict(entry.record.body), entry.record.kind
        if kind in ("shift.opened", "crew.joined", "round.rechecked"):
            claimed, token = body.pop("proof", None), BADGES[entry.record.by[0]].token
            wanted = proof(token, entries[seq - 1].hash, hand.logbook.book, seq, body)
            shown.append((kind, entry.record.by[0], body.get("issue"), claimed == wanted))
            assert isinstance(kinds.read(entry.record), kinds.Body)
    issue = BADGES["zhang"].text[4:6]
    assert shown == [
        ("shift.opened", "zhang", issue, True),
        ("crew.joined", "li", issue, True),
        ("crew.joined", "zhang", None, False),
        ("round.rechecked", "li", issue, True),
    ]
    assert "proof" not in hand.records("crew.joined")[1].body


async def test_a_finding_names_the_check_that_led_to_it(hand: Handheld) -> None:
    await hand.night_round()
    await hand.stand_at("gate")
    await hand.scan(LABELS["power"])
    await hand.watch.report("leak", "drip", check=garden.CHECKS.checks[1])
    await hand.watch.report("leak", "drip")
    first, second = (record.body for record in hand.records("finding.raised"))
    assert (first["check"], first["asset"]) == ("volt", "1AA1")
    assert (second["check"], second["asset"]) == (None, None)


async def test_a_duty_that_left_the_plan_is_not_started(hand: Handheld) -> None:
    await hand.sign_in("zhang", "li")
    duty = hand.watch.today()[0]
    hand.watch.take_pages(replace(hand.pages(), plan=replace(hand.plan, revision=8, schedules=())))
    with pytest.raises(NotAllowed) as error:
        await hand.watch.start_round(duty)
    assert refusal(error) == "not_due"


async def test_a_cleaner_is_not_shown_the_guards_rounds(hand: Handheld) -> None:
    await hand.sign_in("zhao")
    assert hand.watch.today() == ()


async def test_a_round_that_is_walked_is_on_the_list_however_late_it_is(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    clock.pass_s(20 * 3600)
    assert hand.watch.today()[0].standing is Standing.RUNNING


# -- the radio -----------------------------------------------------------------------------------


async def test_standing_at_the_tag_is_arriving_and_the_record_can_be_judged_again(
    hand: Handheld, clock: HandClock
) -> None:
    await hand.night_round()
    found = await hand.stand_at("gate")
    assert [heard.near.state for heard in found[:-1]] == [Nearness.FAR] * 4
    assert found[1].near.wait_ms == 1500
    body = kinds.read(hand.records("stop.arrived")[0])
    assert isinstance(body, kinds.StopArrived)
    ble = body.evidence.ble
    assert isinstance(ble, kinds.BleEvidence)
    assert (ble.format, ble.tag, ble.enter) == ("ibeacon", f"{garden.UUID}/10001/1", -67)
    assert ble.samples == tuple((1_000_000 + 500 * place, -60) for place in range(5))


async def test_a_tag_that_shouts_fifty_times_a_second_is_near_after_the_same_two_seconds(
    hand: Handheld, clock: HandClock
) -> None:
    await hand.night_round()
    began = clock.up
    while (await hand.watch.hear(sighting("gate", -60, clock))).verdict is None:
        clock.pass_s(0.02)
        assert clock.up - began < 3000
    assert clock.up - began == 2000
    body = kinds.read(hand.records("stop")[0])
    assert isinstance(body, kinds.StopArrived)
    assert isinstance(body.evidence.ble, kinds.BleEvidence)
    assert len(body.evidence.ble.samples) == 11


async def test_a_pause_of_the_radio_begins_the_dwell_anew(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    for _ in range(4):
        await hand.watch.hear(sighting("gate", -60, clock))
        clock.pass_s(0.5)
    hand.watch.forget_sightings()
    assert (await hand.watch.hear(sighting("gate", -60, clock))).verdict is None


async def test_two_tags_at_once_are_never_guessed(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    for _ in range(8):
        await hand.watch.hear(sighting("shop", -63, clock, "C0:00:00:00:00:09"))
        heard = await hand.watch.hear(sighting("gate", -60, clock))
        clock.pass_s(0.5)
    assert heard.near.state is Nearness.AMBIGUOUS
    assert hand.records("stop") == []


async def test_the_wrong_place_is_named_once_and_the_round_stays(hand: Handheld, clock: HandClock) -> None:
    before = await hand.night_round()
    found = await hand.stand_at("roof", 6)
    assert found[-1].verdict == Verdict("s-roof", "roof", False, "near", (Mark.WRONG_POINT,), why=Refusal.NOT_YET)
    assert [heard.verdict for heard in await hand.stand_at("roof", 6)] == [None] * 13
    assert hand.watch.state.round == before


async def test_in_free_order_any_stop_that_is_left_is_arrived_at(switch_on: Switch) -> None:
    hand = switch_on(garden.plan("free"))
    await hand.night_round()
    found = await hand.stand_at("roof")
    assert (found[-1].stop, found[-1].verdict) == ("s-roof", Verdict("s-roof", "roof", True, "near"))


async def test_the_place_just_left_is_not_said_again(hand: Handheld) -> None:
    await hand.night_round()
    await hand.stand_at("gate")
    assert [heard.verdict for heard in await hand.stand_at("gate", 6)] == [None] * 13
    assert len(hand.records("stop")) == 1


def stranger(number: int, rssi: int, clock: HandClock, kind: str | None = "ibeacon") -> Sighting:
    return Sighting("AA:00:00:00:00:00", rssi, clock.up, "m004c:0215", kind, f"{garden.UUID}/9/{number}", -59)


async def test_an_unknown_tag_at_a_stop_is_recorded_once_for_that_stop(hand: Handheld, clock: HandClock) -> None:
    before = await hand.night_round()
    heard = await hand.watch.hear(stranger(1, -50, clock))
    assert heard.verdict == Verdict(None, None, False, None, (Mark.UNKNOWN_TAG,), why=Refusal.UNKNOWN)
    for _ in range(5):
        assert (await hand.watch.hear(stranger(1, -50, clock))).verdict is None
    assert (await hand.watch.hear(stranger(2, -90, clock))).verdict is None  # somebody's, further off
    assert (await hand.watch.hear(stranger(3, -50, clock, None))).verdict is None  # no tag at all
    assert hand.watch.state.round == before
    (seen,) = hand.records("tag.seen")
    assert (seen.body["stop"], seen.body["tag"]) == ("s-gate", f"{garden.UUID}/9/1")
    await hand.stand_at("gate")
    await hand.watch.hear(stranger(1, -50, clock))
    assert [record.body["stop"] for record in hand.records("tag.seen")] == ["s-gate", "s-power"]


async def test_a_street_full_of_beacons_does_not_fill_the_book(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    for number in range(50):
        await hand.watch.hear(stranger(number, -50, clock))
    assert len(hand.records("tag.seen")) == 5


async def test_while_checks_are_open_the_radio_moves_nothing(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    await hand.stand_at("gate")
    clock.pass_s(70)
    await hand.stand_at("power")
    before = hand.watch.state
    for heard in await hand.stand_at("roof", 5):
        assert (heard.near.state, heard.verdict) == (Nearness.SILENT, None)
    await hand.watch.hear(stranger(1, -50, clock))
    assert hand.watch.state == before


# -- codes ---------------------------------------------------------------------------------------


async def test_a_label_is_proved_and_its_token_is_nowhere_on_the_disk(hand: Handheld) -> None:
    await hand.night_round()
    verdict = await hand.scan(LABELS["gate"])
    assert verdict == Verdict("s-gate", "gate", True, "label", (Mark.WEAK, Mark.LABEL_ONLY), pairs=True)
    entries = list(hand.logbook.entries())
    record, previous = entries[-1].record, entries[-2].hash
    body = {name: value for name, value in record.body.items() if name != "proof"}
    book = hand.logbook.book
    assert record.body["proof"] == proof(LABELS["gate"].token, previous, book, record.seq, body)
    assert body["evidence"] == {"label": {"issue": "02"}, "radio": "short"}
    token = LABELS["gate"].token
    for path in hand.folder.rglob("*"):
        raw = path.read_bytes() if path.is_file() else b""
        assert token not in raw
        assert LABELS["gate"].text[6:22].encode() not in raw
        assert token.hex().encode() not in raw


async def test_a_label_read_beside_its_tag_counts_for_both(hand: Handheld, clock: HandClock) -> None:
    await hand.sign_in("zhang")
    clock.pass_s(3600)
    await hand.start("late")
    found = await hand.stand_at("vault", 4)
    assert found[-1].near.state is Nearness.NEAR
    assert hand.records("stop") == []  # the vault wants its label too
    assert await hand.scan(LABELS["vault"]) == Verdict("v-vault", "vault", True, "label+near")
    assert set(hand.records("stop")[0].body["evidence"]) == {"ble", "label"}


async def test_a_label_alone_where_both_are_wanted_is_marked(hand: Handheld, clock: HandClock) -> None:
    await hand.sign_in("zhang")
    await hand.start("late")
    verdict = await hand.scan(LABELS["vault"])
    assert (verdict.grade, verdict.marks) == ("label", (Mark.EARLY, Mark.WEAK, Mark.LABEL_ONLY))


async def test_an_old_label_and_an_assets_label_say_what_they_are(hand: Handheld, clock: HandClock) -> None:
    await hand.night_round()
    assert Mark.OLD_LABEL in (await hand.scan(garden.OLD_LABEL)).marks
    clock.pass_s(70)
    verdict = await hand.scan(garden.ASSET_LABEL)
    assert (verdict.stop, verdict.asset) == ("s-power", "1AA1")
    assert hand.records("stop")[-1].body["evidence"]["label"] == {"issue": "01", "asset": "1AA1"}


async def test_another_stop_of_the_round_is_arrived_at_by_its_label_out_of_order(hand: Handheld) -> None:
    await hand.night_round()
    verdict = await hand.scan(LABELS["roof"])
    assert (verdict.accepted, verdict.marks) == (True, (Mark.OUT_OF_ORDER, Mark.LABEL_ONLY))
    assert (await hand.scan(LABELS["roof"])) == Verdict("s-roof", "roof", False, "label", why=Refusal.DONE)
    assert len(hand.records("stop")) == 1
    assert (stop := hand.watch.next_stop())
    assert stop.id == "s-gate"


async def test_a_label_of_another_round_is_named_recorded_and_changes_nothing(hand: Handheld) -> None:
    before = await hand.night_round()
    for _ in range(3):
        verdict = await hand.scan(LABELS["shop"])
        assert (verdict.stop, verdict.point, verdict.marks) == (None, "shop", (Mark.WRONG_POINT,))
    (seen,) = hand.records("code.seen")
    assert seen.body["point"] == "shop"
    assert seen.body["sha256"] == hashlib.sha256(LABELS["shop"].token).hexdigest()
    assert hand.watch.state.round == before


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://example.com/\x1b[31m", "https://example.com/\ufffd[31m"),
        ("x" * 500, "x" * 128),
        (garden.issue("nobody").text, None),
        (LABELS["gate"].text[:-1] + "0", None),  # a damaged label still holds its token
        ("HTTPS://EXAMPLE.COM/" + LABELS["gate"].text.lower(), None),
    ],
)
async def test_an_unknown_code_is_recorded_as_seen_and_the_round_stays(
    hand: Handheld, text: str, kept: str | None
) -> None:
    before = await hand.night_round()
    for _ in range(2):
        verdict = await hand.watch.scan(Scan(text, hand.clock.up))
        assert verdict == Verdict(None, None, False, None, (Mark.UNKNOWN_TAG,), why=Refusal.UNKNOWN)
    (seen,) = hand.records("code.seen")
    assert seen.body.get("text") == kept
    assert ("sha256" in seen.body) == (kept is None)
    assert hand.watch.state.round == before


async def test_a_typed_code_is_weaker_than_a_label(hand: Handheld) -> None:
    await hand.night_round()
    verdict = await hand.watch.type_code(" 001 ")
    assert verdict == Verdict("s-gate", "gate", True, "typed", (Mark.WEAK,), pairs=True)
    assert hand.records("stop")[0].body["evidence"] == {"typed": "001", "radio": "short"}
    assert (await hand.watch.type_code("999")).marks == (Mark.UNKNOWN_TAG,)
    assert hand.records("code.seen")[0].body["text"] == "999"


async def test_a_typed_code_beside_the_tag_counts_as_near(hand: Handheld, clock: HandClock) -> None:
    await hand.sign_in("zhang")
    clock.pass_s(3600)
    await hand.start("late")
    await hand.stand_at("vault", 4)
    verdict = await hand.watch.type_code("005")
    assert (verdict.grade, verdict.marks) == ("near", (Mark.WEAK,))
    assert set(hand.records("stop")[0].body["evidence"]) == {"ble", "typed"}


async def test_a_beacon_that_was_heard_for_a_moment_lends_a_typed_code_nothing(hand: Handheld) -> None:
    await hand.night_round()
    await hand.stand_at("gate", 1)
    assert (await hand.watch.type_code("001")).grade == "typed"


async def test_codes_mean_what_the_office_says(hand: Handheld) -> None:
    watch = hand.watch
    assert watch.meaning(BADGES["li"].text).kind is Meant.PERSON
    assert watch.meaning(LABELS["gate"].text).id == "gate"
    assert watch.meaning("HTTPS://GARDEN.EXAMPLE/P/" + LABELS["gate"].text).id == "gate"
    assert watch.meaning(garden.ASSET_LABEL.text).kind is Meant.ASSET
    assert watch.meaning(garden.issue("nobody").text).kind is Meant.UNKNOWN
    named = dict.fromkeys(garden.CREDENTIALS.codes, "robot:r2/01")
    watch.take_pages(replace(hand.pages(), credentials=replace(garden.CREDENTIALS, codes=named)))
    assert watch.meaning(BADGES["li"].text).kind is Meant.UNKNOWN


# -- the partner ---------------------------------------------------------------------------------


async def test_the_partner_is_identified_again_on_the_way_not_at_the_start(hand: Handheld) -> None:
    await hand.night_round()
    assert await hand.scan(BADGES["li"]) == Verdict(None, None, False, person="li", why=Refusal.TOO_SOON)
    with pytest.raises(NotAllowed) as error:
        await hand.watch.confirm_partner_pin("li", "2468")
    assert refusal(error) == "recheck_early"
    await hand.stand_at("gate")
    assert (await hand.scan(BADGES["zhao"])).why is Refusal.NOT_OF_CREW
    with pytest.raises(NotAllowed) as error:
        await hand.watch.confirm_partner_pin("zhao", "1")
    assert refusal(error) == "not_of_crew"
    await hand.watch.confirm_partner_pin("li", "2468")
    assert hand.watch.state.round is not None
    assert hand.watch.state.round.rechecked == (Confirmation("li", "pin", "guard"),)
    assert hand.watch.state.tries == {}
    assert ("", Mark.NO_RECHECK) not in (await hand.watch.finish_round()).marks


async def test_a_round_without_the_second_identification_is_marked(hand: Handheld) -> None:
    await hand.night_round()
    await hand.stand_at("gate")
    assert ("", Mark.NO_RECHECK) in (await hand.watch.finish_round()).marks


# -- checks --------------------------------------------------------------------------------------


async def at_power(hand: Handheld) -> None:
    await hand.night_round()
    await hand.scan(LABELS["power"])


async def test_a_reading_out_of_limits_is_asked_again_once_then_kept_and_marked(hand: Handheld) -> None:
    await at_power(hand)
    watch, volt = hand.watch, garden.CHECKS.checks[1]
    assert not await watch.answer(watch.judge(volt, "500"))
    assert hand.records("check") == []
    assert await watch.answer(watch.judge(volt, "501"))
    (kept,) = hand.records("check")
    assert (kept.body["value"], kept.body["ok"], kept.body["repeated"]) == ("501", False, True)
    assert (kept.body["marks"], kept.body["asset"]) == (["out-of-limits"], "1AA1")
    assert (await watch.finish_round()).marks[-2:] == (
        ("s-power", Mark.OUT_OF_LIMITS), ("s-power", Mark.UNANSWERED),
    )  # fmt: skip


async def test_a_reading_that_was_mistyped_leaves_no_trace(hand: Handheld) -> None:
    await at_power(hand)
    watch, volt = hand.watch, garden.CHECKS.checks[1]
    assert not await watch.answer(watch.judge(volt, "4000"))
    assert await watch.answer(watch.judge(volt, "400"))
    (kept,) = hand.records("check")
    assert (kept.body["value"], kept.body["repeated"], kept.body["marks"]) == ("400", False, [])
    assert not await watch.answer(watch.judge(volt, "4000"))  # asked anew, not kept at once


async def test_an_answer_is_taken_back_by_a_new_one_and_both_stay_in_the_book(hand: Handheld) -> None:
    await at_power(hand)
    watch, volt = hand.watch, garden.CHECKS.checks[1]
    for value in ("500", "500"):
        await watch.answer(watch.judge(volt, value))
    await hand.answer_all()
    assert watch.open_check() is None
    assert await watch.answer(watch.judge(volt, "400"), "s-power")  # the stop is done, and stays so
    wrong, *_, right = hand.records("check")
    assert (right.body["corrects"], right.body["value"], wrong.body["value"]) == (wrong.seq, "400", "500")
    assert "corrects" not in wrong.body
    assert watch.state.round is not None
    visit = watch.state.round.visit("s-power")
    assert visit is not None
    assert (visit.answer("volt"), visit.done) == (Answer("volt", True, "400", right.at, seq=right.seq), True)
    assert Mark.OUT_OF_LIMITS not in visit.marks
    hand = hand.killed()
    assert hand.watch.state.round is not None
    assert hand.watch.state.round.visit("s-power") == visit
    await hand.watch.sign_in_badge(scan(BADGES["zhang"], hand.clock))
    await hand.watch.finish_round()
    await hand.start()
    await hand.scan(LABELS["power"])
    assert hand.watch.last_readings("volt") == ("400",)
    hand.close()


async def test_a_finding_that_a_wrong_answer_led_to_is_still_known(hand: Handheld) -> None:
    await at_power(hand)
    watch, door = hand.watch, garden.CHECKS.checks[0]
    await watch.answer(watch.judge(door, "2"))
    assert watch.reported("s-power", door.id) is None
    raised = await watch.report("leak", "drip", check=door)
    await watch.answer(watch.judge(door, "1"))
    assert watch.reported("s-power", door.id) == raised
    assert watch.reported("s-power", "volt") is None


async def test_only_a_stop_that_was_reached_has_answers_to_take_back(hand: Handheld) -> None:
    await at_power(hand)
    with pytest.raises(NotAllowed) as error:
        await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[0], "1"), "s-gate")
    assert refusal(error) == "no_check"


async def test_everything_ok_is_one_key(hand: Handheld) -> None:
    await at_power(hand)
    head = hand.logbook.head.seq
    assert await hand.watch.all_ok() == 2
    assert hand.logbook.head.seq == head + 2
    assert (check := hand.watch.open_check())
    assert check.id == "volt"
    assert await hand.watch.all_ok() == 0
    await hand.answer_all()
    assert hand.watch.open_check() is None
    assert await hand.watch.all_ok() == 0


async def test_a_check_of_another_stop_is_refused(hand: Handheld) -> None:
    await hand.night_round()
    with pytest.raises(NotAllowed) as error:
        await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[0], "1"))
    assert refusal(error) == "no_check"


async def test_the_last_readings_are_there_on_the_next_round_and_after_a_kill(hand: Handheld) -> None:
    await hand.night_round()
    for value in ("399", "401", "400"):
        await hand.scan(LABELS["power"])
        await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[1], value))
        await hand.watch.finish_round()
        await hand.start()
    await hand.scan(LABELS["power"])
    assert hand.watch.last_readings("volt") == ("400", "401", "399")
    assert hand.watch.last_readings("volt", 1) == ("400",)
    assert hand.watch.last_readings("door") == ()
    await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[1], "388"))
    hand = hand.killed()
    assert hand.watch.last_readings("volt", 9) == ("388", "400", "401", "399")
    hand.close()


async def test_ten_readings_of_a_check_are_kept(hand: Handheld) -> None:
    await at_power(hand)
    for value in range(360, 380):
        await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[1], str(value)))
        await hand.watch.finish_round()
        await hand.start()
        await hand.scan(LABELS["power"])
    found = hand.watch.last_readings("volt", 99)
    assert found == tuple(str(value) for value in range(379, 369, -1))


# -- skipping, findings, the end -----------------------------------------------------------------


async def test_skipping_needs_a_reason_of_the_plan(hand: Handheld) -> None:
    await hand.night_round()
    with pytest.raises(NotAllowed) as error:
        await hand.watch.skip("s-gate", "lazy")
    assert refusal(error) == "unknown_reason"
    await hand.watch.skip("s-gate", "locked")
    assert hand.records("stop")[0].body["words"] == "locked"
    assert (stop := hand.watch.next_stop())
    assert stop.id == "s-power"
    await hand.scan(LABELS["roof"])
    for done in ("s-roof", "nowhere"):
        with pytest.raises(NotAllowed) as error:
            await hand.watch.skip(done, "locked")
        assert refusal(error) == "skip_done"
    assert (await hand.watch.finish_round()).skipped == 1


async def test_a_stop_left_out_by_mistake_is_taken_back_by_its_label(hand: Handheld) -> None:
    await hand.night_round()
    await hand.watch.skip("s-gate", "locked")
    assert (await hand.scan(LABELS["gate"])).accepted
    assert hand.watch.state.round is not None
    visit = hand.watch.state.round.visit("s-gate")
    assert visit is not None
    assert (visit.skipped, Mark.SKIPPED in visit.marks) == (None, False)
    assert (await hand.watch.finish_round()).skipped == 0


async def test_a_finding_takes_place_people_and_deadline_from_where_the_crew_is(
    hand: Handheld, clock: HandClock
) -> None:
    with pytest.raises(NotAllowed) as error:
        await hand.watch.report("leak", "drip")
    assert refusal(error) == "no_shift"
    await hand.night_round()
    assert (await hand.watch.report("leak", "drip")).point is None
    await hand.stand_at("gate")
    small = await hand.watch.report("leak", "drip")
    assert (small.point, small.words, small.due - small.at) == ("gate", "dripping", 2 * 86_400_000)
    at_once = await hand.watch.report("fire", "lane", urgent=True)
    assert (at_once.kind, at_once.due) == ("hazard", garden.EVENING + 2 * 3_600_000)
    fixed = await hand.watch.report("leak", "drip", fixed=True)
    assert {small.id, at_once.id} < set(hand.watch.state.findings)
    assert fixed.id not in hand.watch.state.findings
    assert [kinds.urgent(record) for record in hand.records("finding")] == [False, False, True, False]
    assert (await hand.watch.finish_round()).findings == 4
    with pytest.raises(NotAllowed) as error:
        await hand.watch.report("leak", "flood")
    assert refusal(error) == "unknown_phrase"


async def test_stops_that_were_not_reached_are_missed(hand: Handheld) -> None:
    await hand.night_round()
    assert hand.watch.state.round is not None
    assert rounds.summary(hand.watch.state.round).missed == 0
    summary = await hand.watch.finish_round()
    assert (summary.missed, summary.timing) == (4, "missed")
    assert [duty.standing for duty in hand.watch.today()] == [Standing.OPEN, Standing.COMING]  # it can be walked again
    with pytest.raises(NotAllowed) as error:
        await hand.watch.finish_round()
    assert refusal(error) == "no_round"


async def test_records_hold_the_words_in_the_language_of_the_moment(hand: Handheld) -> None:
    await at_power(hand)
    hand.watch.lang = "zh"
    await hand.watch.all_ok()
    assert hand.records("check")[0].body["words"] == "door shut处"


# -- the disk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("meanwhile", [False, True], ids=["crew", "office"])
async def test_a_card_that_was_loose_for_a_while_costs_no_restart(switch_on: Switch, *, meanwhile: bool) -> None:
    """And what it had taken all the same counts, whoever had the book opened again first."""
    disk = LooseDisk()
    hand = switch_on(disk=disk)
    await hand.night_round()
    disk.refuses = dict.fromkeys(("append.sync", "again.write"), errno.EIO)
    for _ in range(2):
        with pytest.raises(BookUnknown) as error:
            await hand.scan(LABELS["gate"])
        assert error.value.key == "watch.in_doubt"
    disk.refuses = {}
    if meanwhile:
        hand.logbook.reopen()
    await hand.scan(LABELS["power"])
    assert [record.body["stop"] for record in hand.records("stop.arrived")] == ["s-gate", "s-power"]
    assert hand.killed().watch.state.round == hand.watch.state.round


@pytest.mark.parametrize("full", [(), ("again.write",), ("again.write", "torn")], ids=["loose", "full", "full, torn"])
async def test_what_was_in_doubt_is_neither_sent_nor_recorded_twice(
    switch_on: Switch, clock: HandClock, full: tuple[str, ...]
) -> None:
    disk = LooseDisk()
    hand = switch_on(disk=disk)
    await hand.night_round()
    head = hand.logbook.head
    disk.refuses = dict.fromkeys(("append.sync", "again.write", "torn"), errno.EIO) | dict.fromkeys(full, errno.ENOSPC)
    with pytest.raises(BookUnknown):
        await hand.watch.report("leak", "drip")
    assert (hand.logbook.head, hand.logbook.unsent) == (head, head.seq)
    assert [entry.record.seq for entry in hand.logbook.entries(head.seq)] == [head.seq]
    disk.refuses = {}
    clock.pass_s(40)
    await hand.watch.report("leak", "drip")
    assert hand.kinds().count("finding.raised") == 1
    await hand.watch.report("leak", "drip")
    assert hand.kinds().count("finding.raised") == 2, "two of the same are two where nothing was in doubt"
    assert hand.killed().watch.state.findings == hand.watch.state.findings


async def test_an_alarm_is_never_taken_for_the_one_that_was_in_doubt(switch_on: Switch) -> None:
    disk = LooseDisk()
    hand = switch_on(disk=disk)
    await hand.night_round()
    disk.refuses = dict.fromkeys(("append.sync", "again.write"), errno.EIO)
    with pytest.raises(BookUnknown):
        await hand.watch.raise_alarm()
    disk.refuses = {}
    await hand.watch.raise_alarm()
    assert hand.kinds().count("alarm.raised") == 2


async def test_what_is_done_again_long_after_a_doubt_is_another_act(switch_on: Switch, clock: HandClock) -> None:
    disk = LooseDisk()
    hand = switch_on(disk=disk)
    await hand.night_round()
    disk.refuses = dict.fromkeys(("append.sync", "again.write"), errno.EIO)
    with pytest.raises(BookUnknown):
        await hand.watch.report("leak", "drip")
    disk.refuses = {}
    clock.pass_s(3 * 3600)
    await hand.watch.report("leak", "drip")
    assert hand.kinds().count("finding.raised") == 2


async def test_a_visitor_entered_again_is_another_only_when_the_digits_that_stand_apart_are(switch_on: Switch) -> None:
    disk, name = LooseDisk(), Text("访客登记", "Visitors")
    register = Register("visitors", name, (Column("phone", "digits", name, size=4, personal=True),))
    hand = switch_on(replace(garden.plan(), registers=(register,)), disk)
    await hand.sign_in("zhang")
    for number in ("4710", "0815"):
        disk.refuses = dict.fromkeys(("append.sync", "again.write"), errno.EIO)
        with pytest.raises(BookUnknown):
            await Keeping.of(hand.watch).enter_line("visitors", {"phone": "4710"})
        disk.refuses = {}
        await Keeping.of(hand.watch).enter_line("visitors", {"phone": number})
    texts = [hand.logbook.text_of(record.body["apart"]["phone"]) for record in hand.records("register.entered")]
    assert texts == ["4710", "4710", "0815"]
    assert len(os.listdir(hand.logbook.folder / "blobs")) == 3


async def test_a_visitor_in_doubt_with_the_same_digits_twice_is_one_line(switch_on: Switch) -> None:
    disk, name = LooseDisk(), Text("访客登记", "Visitors")
    columns = tuple(Column(id, "digits", name, size=4, personal=True) for id in ("phone", "badge"))
    hand = switch_on(replace(garden.plan(), registers=(Register("visitors", name, columns),)), disk)
    await hand.sign_in("zhang")
    disk.refuses = dict.fromkeys(("append.sync", "again.write"), errno.EIO)
    with pytest.raises(BookUnknown):
        await Keeping.of(hand.watch).enter_line("visitors", {"phone": "4710", "badge": "4710"})
    disk.refuses = {}
    await Keeping.of(hand.watch).enter_line("visitors", {"phone": "4710", "badge": "4710"})
    assert hand.kinds().count("register.entered") == 1


async def test_an_alarm_is_recorded_and_sent_although_nothing_can_be_read(
    switch_on: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = switch_on()
    await hand.night_round()
    told: list[bool] = []
    hand.watch.when_recorded(told.append)
    hand.logbook.append(Draft("book.noted", {}))  # found when the book was opened again
    with monkeypatch.context() as loose:
        loose.setattr(hand.logbook, "entries", unreadable)
        await hand.watch.raise_alarm()
    assert (hand.kinds()[-1], told, hand.watch.state.alarm) == ("alarm.raised", [True], None)
    await hand.scan(LABELS["gate"])
    assert hand.watch.state.alarm is not None
    assert hand.killed().watch.state.round == hand.watch.state.round


async def test_an_alarm_that_was_not_written_is_not_found_in_one_that_could_not_be_read(
    switch_on: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = LooseDisk()
    hand = switch_on(disk=disk)
    await hand.night_round()
    hand.logbook.append(Draft("book.noted", {}))
    reopen = hand.logbook.reopen
    with monkeypatch.context() as patch:
        patch.setattr(hand.logbook, "entries", unreadable)
        await hand.watch.raise_alarm()

        def answers_again() -> Opening:
            patch.undo()
            return reopen()

        patch.setattr(hand.logbook, "reopen", answers_again)
        disk.refuses = dict.fromkeys(("append.write", "undo.write"), errno.EIO)
        with pytest.raises(BookUnknown, match="not recorded"):
            await hand.watch.raise_alarm()
    assert hand.kinds().count("alarm.raised") == 1
    disk.refuses = {}
    await hand.watch.raise_alarm()
    assert hand.kinds().count("alarm.raised") == 2


def unreadable(*_: object) -> Never:
    raise BookUnsafe("book.disk_unread", why="EIO")


class StumblingDisk(QuickDisk):
    """The flush after an append fails when told to, before or after the bytes are there."""

    def __init__(self) -> None:
        self.fail = ""

    def step(self, name: str) -> None:
        if name == self.fail:
            self.fail = ""
            raise OSError(errno.EIO, "torn off", name)


async def test_a_record_the_disk_took_without_saying_so_is_found_and_counts(switch_on: Switch) -> None:
    disk = StumblingDisk()
    hand = switch_on(disk=disk)
    await hand.night_round()
    disk.fail = "append.sync"
    assert (await hand.scan(LABELS["gate"])).accepted
    assert (stop := hand.watch.next_stop())
    assert stop.id == "s-power"
    await hand.scan(LABELS["power"])
    assert hand.killed().watch.state.round == hand.watch.state.round


async def test_what_the_disk_refuses_has_not_happened(switch_on: Switch) -> None:
    disk = StumblingDisk()
    hand = switch_on(disk=disk)
    before = await hand.night_round()
    disk.fail = "append.write"
    with pytest.raises(BookError):
        await hand.scan(LABELS["gate"])
    assert hand.watch.state.round == before
    assert (await hand.scan(LABELS["gate"])).accepted


async def test_an_act_whose_caller_gave_up_is_still_whole(hand: Handheld) -> None:
    await at_power(hand)
    task = asyncio.ensure_future(hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[1], "400")))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await hand.watch.all_ok()  # comes after it in the queue
    assert [record.body["check"] for record in hand.records("check")] == ["volt", "door", "smell"]
    assert hand.watch.state == hand.killed().watch.state


async def test_acts_at_the_same_moment_queue(hand: Handheld) -> None:
    await at_power(hand)
    counts = await asyncio.gather(*(hand.watch.all_ok() for _ in range(5)))
    assert sorted(counts) == [0, 0, 0, 0, 2]
    first, second = garden.CHECKS.checks[1], garden.CHECKS.checks[2]
    await asyncio.gather(
        hand.watch.answer(hand.watch.judge(first, "400")), hand.watch.answer(hand.watch.judge(second, "40"))
    )
    assert len(hand.records("check")) == 4


async def test_everybody_who_watches_is_told_after_the_record_is_there(hand: Handheld) -> None:
    told: list[tuple[int, bool]] = []
    hand.watch.subscribe(lambda: told.append((hand.logbook.head.seq, hand.watch.state.shift is not None)))
    await hand.sign_in("zhang")
    assert told[0] == (3, True)
    assert hand.watch.unsent == 3


async def test_damage_that_is_found_in_idle_time_is_told_to_everybody_who_watches_once(hand: Handheld) -> None:
    hand.logbook.append(Draft("sensor.read", {"value": "1"}))
    hand.close()
    hand = Handheld(hand.folder, hand.clock, hand.plan)
    await hand.night_round()
    hand.close()
    path = hand.folder / "journal" / "seg-00000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"value":"1"', b'"value":"2"'))
    hand = Handheld(hand.folder, hand.clock, hand.plan)
    assert hand.watch.damage == 0
    told: list[int] = []
    hand.watch.subscribe(lambda: told.append(hand.watch.damage))
    await hand.sign_in("zhang")
    async with asyncio.timeout(10):
        while 1 not in told:
            await asyncio.sleep(0.01)
    so_far = len(told)
    await asyncio.sleep(0.2)
    assert len(told) == so_far
    hand.close()


async def test_a_long_book_comes_to_the_same_after_a_kill(hand: Handheld) -> None:
    from app.memory import Memory

    await at_power(hand)
    await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[1], "401"))
    await hand.watch.finish_round()
    for _ in range(10):
        hand.logbook.append(*[Draft("sensor.read", {"value": "1"})] * 500)
    await hand.start()
    await hand.watch.finish_round()
    await hand.start()
    await hand.scan(LABELS["power"])
    await hand.watch.answer(hand.watch.judge(garden.CHECKS.checks[1], "402"))
    live, book = hand.watch.state, hand.logbook
    assert book.shelf.upto > 5000
    folded = Memory(book, hand.plan)
    assert (folded.state, folded.seq) == (live, book.head.seq)
    hand = hand.killed()
    assert hand.watch.state == live
    assert hand.watch.last_readings("volt") == ("402", "401")
    hand.close()


async def test_a_plan_with_a_tag_that_tells_nothing_never_ticks_by_itself(switch_on: Switch) -> None:
    plan = garden.plan()
    silent = Tag("ibeacon", f"{garden.UUID}/10001/1")
    hand = switch_on(replace(plan, points=(replace(plan.points[0], tags=(silent,)), *plan.points[1:])))
    await hand.night_round()
    for _ in range(8):
        heard = await hand.watch.hear(msgspec.structs.replace(sighting("gate", -30, hand.clock), power_1m=None))
        hand.clock.pass_s(0.5)
    assert (heard.near.state, heard.verdict) == (Nearness.FAR, None)
