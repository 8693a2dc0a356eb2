"""What a copied, recorded, moved or silent tag does to a visit: real frames, a real logbook."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct
from msgspec.structs import replace

from app import ear, kinds
from app.arrivals import Heard
from app.cards import PointCard
from app.duties.evidence import Mark, Nearness, Sample, usable
from app.duties.review import Judged, Proof, Told, judge_arrival
from app.duties.review import Walk as Walked
from app.duties.rotating import Tables, TagTable
from app.duties.rounds import Refusal, Verdict
from app.duties.site import EID, Plan, Tag
from app.duties.ways import Place
from app.ports import RadioState, Scan
from app.resume import fold_round
from hardware.tags import Advert, encode, sightings
from tests import garden
from tests.garden import LABELS, HandClock, Handheld

MOUNTED: Final = "C0:00:00:00:00:01"
COPY: Final = "D0:00:00:00:00:99"
DAY_S: Final = 24 * 3600
BUSY: Final = 2
"""Frames a second."""
Walk = Callable[..., Handheld]


class Beacon(Struct):
    """A tag that sends its identity and, in between, how long it has been running."""

    point: str
    clock: HandClock
    started: int = garden.EVENING - 10**8
    """HandClock.at when its battery was put in."""
    address: str = MOUNTED
    rssi: int = -60
    frozen: int | None = None
    """HandClock.at of the recording that is played instead."""

    def tlm(self) -> bytes:
        ran_ms = (self.clock.at if self.frozen is None else self.frozen) - self.started
        return bytes.fromhex("20000b181300") + (ran_ms * BUSY // 1000).to_bytes(4) + (ran_ms // 100).to_bytes(4)

    def adverts(self) -> Iterator[Advert]:
        number = garden.POINTS.index(next(each for each in garden.POINTS if each.id == self.point)) + 1
        frame = encode("ibeacon", f"{garden.UUID}/10001/{number}")
        yield Advert(self.address, self.rssi, self.clock.up, *frame)
        yield Advert(self.address, self.rssi, self.clock.up, {}, {"feaa": self.tlm()})


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def walk(tmp_path: Path, clock: HandClock) -> Iterator[Walk]:
    on: list[Handheld] = []

    def switch_on(plan: Plan | None = None) -> Handheld:
        on.append(Handheld(tmp_path / "book", clock, plan or garden.plan(recheck=False)))
        return on[-1]

    yield switch_on
    for hand in on:
        hand.close()


def bound(point: str, address: str = MOUNTED, **fields: object) -> Plan:
    """The garden with that point's tag bound to an address."""
    return changed(
        point, tags=tuple(replace(tag, address=address) for tag in garden.plan().point(point).tags), **fields
    )


def changed(point: str, **fields: object) -> Plan:
    plan = garden.plan(recheck=False)
    points = tuple(replace(each, **fields) if each.id == point else each for each in plan.points)
    return replace(plan, points=points)


async def stand(hand: Handheld, *beacons: Beacon, seconds: float = 6) -> list[Heard]:
    """Where those beacons are heard twice a second; until something comes of it."""
    found: list[Heard] = []
    for _ in range(int(seconds * 2)):
        for beacon in beacons:
            for advert in beacon.adverts():
                found += [await hand.watch.hear(seen) for seen in sightings(advert)]
        if any(heard.verdict for heard in found):
            break
        hand.clock.pass_s(0.5)
    return found


def verdict(found: list[Heard]) -> Verdict | None:
    said = [heard.verdict for heard in found if heard.verdict]
    assert len(said) <= 1
    return said[0] if said else None


async def next_night(hand: Handheld) -> None:
    """The round is ended, and the next one is begun a day later."""
    await hand.watch.finish_round()
    hand.clock.pass_s(DAY_S)
    await hand.start()


def arrival(hand: Handheld) -> kinds.StopArrived:
    body = kinds.read(hand.records("stop.arrived")[-1])
    assert isinstance(body, kinds.StopArrived)
    return body


# -- copies --------------------------------------------------------------------------------------


async def test_one_identity_from_two_addresses_at_once_is_no_visit_until_the_label_is_read(
    walk: Walk, clock: HandClock
) -> None:
    hand = walk()
    await hand.night_round()
    before = hand.watch.state.round
    gate, copy = Beacon("gate", clock, clock.at - 10**8), Beacon("gate", clock, clock.at, COPY, -45)
    said = verdict(await stand(hand, gate, copy))
    assert said == Verdict("s-gate", "gate", False, None, (Mark.CLONED,), why=Refusal.SUSPECT)
    assert hand.watch.state.round == before
    (seen,) = hand.records("tag.seen")
    assert (seen.body["point"], seen.body["marks"]) == ("gate", ["cloned-tag"])
    assert verdict(await stand(hand, gate, copy)) is None  # said once
    labelled = await hand.scan(LABELS["gate"])
    assert (labelled.accepted, labelled.grade) == (True, "label")
    assert set(labelled.marks) == {Mark.CLONED, Mark.WEAK, Mark.LABEL_ONLY}
    heard = arrival(hand).evidence.ble
    assert heard is not UNSET
    assert {heard.address, *heard.also} == {MOUNTED, COPY}
    assert [frame[:10] for frame in heard.frames] == ["sfeaa:2000"]


async def test_a_tag_that_takes_a_new_address_is_one_tag(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    gate = Beacon("gate", clock, clock.at - 10**8)
    assert verdict(await stand(hand, gate, seconds=1.5)) is None
    said = verdict(await stand(hand, Beacon("gate", clock, gate.started, COPY)))
    assert said == Verdict("s-gate", "gate", True, "near")


async def test_another_address_than_the_plan_binds_is_no_visit_and_with_other_counters_a_copy(
    walk: Walk, clock: HandClock
) -> None:
    hand = walk(bound("gate"))
    await hand.night_round()
    gate = Beacon("gate", clock, clock.at - 10**8)
    assert (said := verdict(await stand(hand, gate)))
    assert (said.accepted, said.grade) == (True, "near")
    await next_night(hand)
    replaced = Beacon("gate", clock, gate.started, COPY)
    assert (said := verdict(await stand(hand, replaced)))
    assert (said.why, said.marks) == (Refusal.SUSPECT, (Mark.OTHER_ADDRESS,))
    assert (await hand.scan(LABELS["gate"])).grade == "label"
    await next_night(hand)
    assert (said := verdict(await stand(hand, Beacon("gate", clock, clock.at - 10**9, COPY))))
    assert (said.why, said.marks) == (Refusal.SUSPECT, (Mark.CLONED, Mark.OTHER_ADDRESS))


async def test_beside_a_louder_copy_the_bound_tag_itself_is_a_visit_and_the_copy_is_marked(
    walk: Walk, clock: HandClock
) -> None:
    hand = walk(bound("gate"))
    await hand.night_round()
    gate, copy = Beacon("gate", clock, clock.at - 10**8), Beacon("gate", clock, clock.at, COPY, -40)
    said = verdict(await stand(hand, copy, gate))
    assert said == Verdict("s-gate", "gate", True, "near", (Mark.CLONED,))
    assert (heard := arrival(hand).evidence.ble)
    assert (heard.address, heard.also) == (MOUNTED, (COPY,))


async def test_where_nothing_else_could_prove_the_visit_a_suspect_beacon_is_kept_as_the_weakest_proof(
    walk: Walk, clock: HandClock
) -> None:
    hand = walk(bound("gate", label=False, code=""))
    await hand.night_round()
    said = verdict(await stand(hand, Beacon("gate", clock, clock.at, COPY)))
    assert said == Verdict("s-gate", "gate", True, "typed", (Mark.WEAK, Mark.OTHER_ADDRESS))


# -- counters ------------------------------------------------------------------------------------


async def test_a_recording_of_last_night_is_no_visit_also_after_the_program_was_killed(
    walk: Walk, clock: HandClock
) -> None:
    hand = walk()
    await hand.night_round()
    gate = Beacon("gate", clock, clock.at - 10**8)
    assert (said := verdict(await stand(hand, gate)))
    assert said.accepted
    await next_night(hand)
    clock.restart()
    again = hand.killed()
    await again.sign_in("zhang")
    said = verdict(await stand(again, replace(gate, frozen=clock.at - DAY_S * 1000)))
    again.close()
    assert said is not None
    assert (said.why, said.marks) == (Refusal.SUSPECT, (Mark.COUNTER_BACK,))


async def test_a_tag_that_goes_on_counting_is_believed_night_after_night(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    for night in range(4):
        said = verdict(await stand(hand, Beacon("gate", clock, garden.EVENING - 10**8)))
        assert said == Verdict("s-gate", "gate", True, "near"), night
        await next_night(hand)


async def test_a_new_battery_is_no_copy_but_an_old_recording_of_a_young_tag_is(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    assert verdict(await stand(hand, Beacon("gate", clock, clock.at - 10**8)))
    await next_night(hand)
    young = Beacon("gate", clock, clock.at - 3600_000)
    assert verdict(await stand(hand, young)) == Verdict("s-gate", "gate", True, "near")
    recorded = clock.at
    await next_night(hand)
    said = verdict(await stand(hand, replace(young, frozen=recorded)))
    assert said is not None
    assert (said.why, said.marks) == (Refusal.SUSPECT, (Mark.COUNTER_BACK,))


# -- identities that change, and enciphered ones --------------------------------------------------

EIDS: Final = tuple(f"{number:016x}" for number in range(1, 200))
WINDOW_S: Final = 512


def rotating(hand: Handheld) -> None:
    """The office sent the identities of the gate's tag, from ten windows ago."""
    table = TagTable("gate-tag", hand.clock.at - 10 * WINDOW_S * 1000, WINDOW_S * 1000, EIDS)
    hand.watch.take_pages(replace(hand.pages(), tables=Tables((table,))))


async def hear_eid(hand: Handheld, eid: str, seconds: float = 6) -> list[Heard]:
    found: list[Heard] = []
    for _ in range(int(seconds * 2)):
        advert = Advert(MOUNTED, -60, hand.clock.up, {}, {"feaa": bytes.fromhex("30ee" + eid)})
        found += [await hand.watch.hear(seen) for seen in sightings(advert)]
        hand.clock.pass_s(0.5)
    return found


@pytest.mark.parametrize("window", [8, 10, 12])
async def test_an_identity_of_now_cannot_be_a_copy(walk: Walk, clock: HandClock, window: int) -> None:
    hand = walk(changed("gate", tags=(Tag(EID, "gate-tag"),), grade="anti-clone"))
    await hand.night_round()
    rotating(hand)
    assert verdict(await hear_eid(hand, EIDS[window])) == Verdict("s-gate", "gate", True, "anti-clone")
    heard = arrival(hand).evidence.ble
    assert heard is not UNSET
    assert (heard.format, heard.tag, heard.frame) == (EID, "gate-tag", f"sfeaa:30ee{EIDS[window]}")


@pytest.mark.parametrize("window", [0, 7, 13, 100])
async def test_an_identity_of_another_hour_is_a_recording(walk: Walk, clock: HandClock, window: int) -> None:
    hand = walk(changed("gate", tags=(Tag(EID, "gate-tag"),), grade="anti-clone"))
    await hand.night_round()
    rotating(hand)
    said = verdict(await hear_eid(hand, EIDS[window]))
    assert said == Verdict("s-gate", "gate", False, None, (Mark.CLONED,), why=Refusal.SUSPECT)
    assert (await hand.scan(LABELS["gate"])).grade == "label"


async def test_an_identity_of_nobodys_is_not_even_recorded(walk: Walk, clock: HandClock) -> None:
    hand = walk(changed("gate", tags=(Tag(EID, "gate-tag"),)))
    await hand.night_round()
    rotating(hand)
    before = hand.kinds()
    assert verdict(await hear_eid(hand, "f" * 16)) is None
    assert hand.kinds() == before


async def test_an_enciphered_sensor_is_near_and_waits_for_the_office(walk: Walk, clock: HandClock) -> None:
    tag = Tag("bthome", MOUNTED, near=-60)
    hand = walk(changed("gate", tags=(tag,), grade="anti-clone"))
    await hand.night_round()
    frame = {"fcd2": bytes.fromhex("41a47266c95f730011223378237214")}
    found: list[Heard] = []
    for _ in range(8):
        found += [await hand.watch.hear(seen) for seen in sightings(Advert(MOUNTED, -60, clock.up, {}, frame))]
        clock.pass_s(0.5)
    assert verdict(found) == Verdict("s-gate", "gate", True, "near", (Mark.TO_VERIFY,))


# -- label and beacon within half a minute --------------------------------------------------------


async def vault(hand: Handheld) -> None:
    """The round whose only point asks for label and beacon."""
    await hand.sign_in("zhang")
    hand.clock.pass_s(3600)
    await hand.start("late")


async def test_the_label_first_and_then_the_beacon_is_as_good_as_both_at_once(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await vault(hand)
    labelled = await hand.scan(LABELS["vault"])
    assert labelled == Verdict("v-vault", "vault", True, "label", (Mark.WEAK, Mark.LABEL_ONLY), pairs=True)
    clock.pass_s(20)
    said = verdict(await stand(hand, Beacon("vault", clock)))
    assert said == Verdict("v-vault", "vault", True, "label+near", adds=True)
    assert [record.body["grade"] for record in hand.records("stop.arrived")] == ["label", "label+near"]
    assert (await hand.watch.finish_round()).marks == ()


async def test_the_beacon_first_and_then_the_label_further_off_is_as_good(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await vault(hand)
    found = await stand(hand, Beacon("vault", clock))
    assert (verdict(found), found[-1].near.state) == (None, Nearness.NEAR)
    clock.pass_s(25)
    assert await hand.scan(LABELS["vault"]) == Verdict("v-vault", "vault", True, "label+near")


@pytest.mark.parametrize("late_s", [29, 40])
async def test_what_comes_half_a_minute_later_is_another_visit(walk: Walk, clock: HandClock, late_s: int) -> None:
    hand = walk()
    await vault(hand)
    await hand.scan(LABELS["vault"])
    clock.pass_s(late_s)
    assert verdict(await stand(hand, Beacon("vault", clock))) is None
    assert [mark for _, mark in (await hand.watch.finish_round()).marks] == [Mark.WEAK, Mark.LABEL_ONLY]


async def test_a_beacon_too_long_before_its_label_does_not_count(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await vault(hand)
    await stand(hand, Beacon("vault", clock))
    clock.pass_s(31)
    assert (await hand.scan(LABELS["vault"])).grade == "label"


async def test_a_stop_that_has_evidence_enough_takes_no_more(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    assert verdict(await stand(hand, Beacon("gate", clock)))
    assert (await hand.scan(LABELS["gate"])).why is Refusal.DONE
    assert len(hand.records("stop")) == 1


async def test_a_kill_between_label_and_beacon_loses_neither(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await vault(hand)
    await hand.scan(LABELS["vault"])
    again = hand.killed()
    await again.sign_in("zhang")
    clock.pass_s(5)
    said = verdict(await stand(again, Beacon("vault", clock)))
    assert said == Verdict("v-vault", "vault", True, "label+near", adds=True)
    assert (await again.watch.finish_round()).marks == ()
    again.close()


async def test_a_beacon_that_adds_leaves_the_open_checks_and_the_next_stop_alone(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    await hand.scan(LABELS["gate"])
    clock.pass_s(70)
    await hand.scan(LABELS["power"])
    before = hand.watch.open_check()
    assert before is not None
    assert (said := verdict(await stand(hand, Beacon("power", clock))))
    assert said.adds
    assert hand.watch.open_check() == before
    assert (progress := hand.watch.state.round)
    assert (progress.at_stop, progress.last) == ("s-power", "s-power")


# -- what the radio did ----------------------------------------------------------------------------


async def label_visit(hand: Handheld, radio: RadioState, listened_s: float) -> kinds.StopArrived:
    """Night by night: the radio listens for a while, then the gate's label is read."""
    hand.watch.forget_sightings(listens=True)
    hand.watch.radio_is(radio)
    hand.clock.pass_s(listened_s)
    await hand.scan(LABELS["gate"])
    return arrival(hand)


async def test_a_beacon_silent_three_rounds_running_sends_the_fitter_and_one_word_of_it_clears_it(
    walk: Walk, clock: HandClock
) -> None:
    hand = walk()
    await hand.night_round()
    silent: list[bool] = []
    for night in range(5):
        if night == 4:  # a new battery: heard from afar
            hand.watch.forget_sightings(listens=True)
            await stand(hand, Beacon("gate", clock, clock.at, rssi=-88), seconds=9)
            await hand.scan(LABELS["gate"])
            body = arrival(hand)
        else:
            body = await label_visit(hand, RadioState(), 9)
        assert "label-only" in body.marks
        assert body.evidence.radio == ("heard" if night == 4 else "silent")
        silent.append("silent-tag" in body.marks)
        await next_night(hand)
    assert silent == [False, False, True, True, False]
    assert "silent-tag" not in (await label_visit(hand, RadioState(), 9)).marks


@pytest.mark.parametrize(
    ("state", "listened_s", "said"),
    [(RadioState("radio.off"), 60, "radio.off"), (RadioState(), 3, "short"), (RadioState(), 9, "silent")],
)
async def test_the_record_of_a_label_alone_tells_what_the_radio_did(
    walk: Walk, clock: HandClock, state: RadioState, listened_s: float, said: str
) -> None:
    hand = walk()
    await hand.night_round()
    for _ in range(3):
        body = await label_visit(hand, state, listened_s)
        assert ("label-only" in body.marks, body.evidence.radio) == (True, said)
        await next_night(hand)
    assert ("silent-tag" in body.marks) == (said == "silent")


@pytest.mark.parametrize("told", [True, False])
async def test_a_beacon_whose_identities_nobody_told_the_handheld_is_not_called_silent(
    walk: Walk, clock: HandClock, told: bool
) -> None:
    hand = walk(changed("gate", tags=(Tag(EID, "gate-tag"),)))
    await hand.night_round()
    if told:
        rotating(hand)
    assert (await label_visit(hand, RadioState(), 9)).evidence.radio == ("silent" if told else "short")


async def test_a_label_where_no_beacon_hangs_is_all_there_can_be(walk: Walk, clock: HandClock) -> None:
    hand = walk(changed("gate", tags=(), grade="label"))
    await hand.night_round()
    assert await hand.scan(LABELS["gate"]) == Verdict("s-gate", "gate", True, "label")
    assert arrival(hand).evidence.radio is UNSET


# -- places ----------------------------------------------------------------------------------------


async def test_a_tag_carried_to_another_point_is_found_out_by_that_points_label(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    assert verdict(await stand(hand, Beacon("gate", clock)))
    clock.pass_s(100)
    await stand(hand, Beacon("gate", clock))
    said = await hand.scan(LABELS["power"])
    assert (said.accepted, said.grade) == (True, "label")
    assert Mark.TWO_PLACES in said.marks
    carried = arrival(hand).evidence.elsewhere
    assert carried is not UNSET
    assert carried.tag.endswith("/1")


async def test_beacons_of_neighbours_accuse_nobody(walk: Walk, clock: HandClock) -> None:
    plan = garden.plan(recheck=False)
    stops = tuple(replace(stop, walk_s=5) for stop in plan.route("round").stops)
    hand = walk(replace(plan, routes=(replace(plan.route("round"), stops=stops),), schedules=plan.schedules[:1]))
    await hand.night_round()
    assert verdict(await stand(hand, Beacon("gate", clock)))
    clock.pass_s(100)
    await stand(hand, Beacon("gate", clock))
    assert Mark.TWO_PLACES not in (await hand.scan(LABELS["power"])).marks
    assert arrival(hand).evidence.elsewhere is UNSET


async def test_a_walk_that_nobody_can_make_is_seen_across_rounds_and_a_restart(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    await hand.scan(LABELS["power"])
    await hand.watch.finish_round()
    again = hand.killed()
    await again.sign_in("zhang", "li")
    await again.start()
    clock.pass_s(50)  # a minute at least from the power room
    said = await again.scan(LABELS["gate"])
    again.close()
    assert Mark.IMPOSSIBLE_WALK in said.marks
    assert Mark.TOO_FAST not in said.marks


async def test_time_enough_between_rounds_is_no_mark(walk: Walk, clock: HandClock) -> None:
    hand = walk()
    await hand.night_round()
    await hand.scan(LABELS["power"])
    await hand.watch.finish_round()
    await hand.start()
    clock.pass_s(60)
    assert Mark.IMPOSSIBLE_WALK not in (await hand.scan(LABELS["gate"])).marks


@pytest.mark.parametrize(("health", "worn"), [(None, False), (50, False), (49, True), (0, True)])
async def test_a_label_that_can_hardly_be_read_is_to_be_printed_again(
    walk: Walk, clock: HandClock, health: int | None, worn: bool
) -> None:
    hand = walk()
    await hand.night_round()
    said = await hand.watch.scan(Scan(LABELS["gate"].text, clock.up, health, "camera"))
    assert (Mark.WORN_LABEL in said.marks) == worn


# -- the same at the office ------------------------------------------------------------------------

ACTS: Final = (
    *("tag", "replaced", "copied", "recorded", "restarted", "label", "silent label", "typed", "elsewhere"),
    *("wait", "again", "night"),
)
SILENT: Final = [("silent label", "gate"), ("night", "gate")] * 4
WALKED: Final = [
    ("tag", "gate"),
    ("wait", ""),
    ("label", "power"),
    ("tag", "power"),
    ("wait", ""),
    ("elsewhere", "gate"),
]
HURRIED: Final = [("wait", ""), ("label", "power"), ("again", ""), ("label", "gate")]
COPIES: Final = [
    *[("tag", "gate"), ("night", ""), ("recorded", "gate"), ("label", "gate"), ("night", ""), ("restarted", "gate")],
    *[("night", ""), ("copied", "gate"), ("typed", "gate"), ("replaced", "power"), ("label", "power")],
]
JUST_OVER: Final = [
    *[("tag", "gate")] * 6, ("elsewhere", "power"), *[("tag", "gate")] * 4, ("elsewhere", "gate"),
]  # fmt: skip


async def live(hand: Handheld, acts: list[tuple[str, str]]) -> None:
    """Nights of a crew that has all of it: honest tags, copies, recordings, silence."""
    clock = hand.clock
    for act, point in acts:
        tag = Beacon(point, clock)
        match act:
            case "tag":
                await stand(hand, tag)
            case "replaced":
                await stand(hand, replace(tag, address=COPY))
            case "copied":
                await stand(hand, tag, replace(tag, address=COPY, started=clock.at - 10**7))
            case "recorded":
                await stand(hand, replace(tag, frozen=garden.EVENING))
            case "restarted":
                await stand(hand, replace(tag, started=clock.at - 5 * 10**6))
            case "label":
                await hand.scan(LABELS[point])
            case "silent label":
                hand.watch.forget_sightings(listens=True)
                clock.pass_s(9)
                await hand.watch.scan(Scan(LABELS[point].text, clock.up, 30))
            case "typed":
                await hand.watch.type_code(hand.plan.point(point).code)
            case "elsewhere":
                await stand(hand, tag)
                await hand.scan(LABELS["power" if point == "gate" else "gate"])
            case "wait":
                clock.pass_s(75)
            case "again":
                await hand.watch.finish_round()
                clock.pass_s(20)
                await hand.start()
            case _:
                await next_night(hand)
        await hand.answer_all()


def judged_again(hand: Handheld) -> list[tuple[kinds.StopArrived, Judged]]:
    """Every arrival as the office judges it, with what it knows from the records before."""
    found: list[tuple[kinds.StopArrived, Judged]] = []
    cards: dict[str, PointCard] = {}
    round_: Walked | None = None
    place = None
    for record in hand.records():
        body = kinds.read(record)
        if isinstance(body, kinds.RoundStarted) and (begun := fold_round(None, record, hand.plan)):
            round_ = Walked(begun, hand.plan, place)
        elif isinstance(body, kinds.StopArrived) and round_ is not None:
            card, ble = cards.get(body.point, PointCard()), body.evidence.ble
            told = Told(unheard=card.unheard, history=card.history(ble) if ble else ())
            proof = Proof.GOOD if body.evidence.label else None
            judged = judge_arrival(body, hand.plan, proof, told, record)
            found.append((body, round_.arrive(record, body, judged)))
            cards[body.point] = card.visited(record, body)
            place = Place(body.point, record.at, record.up, record.boot)
        elif round_ is not None:
            round_.apply(record)
    return found


@pytest.mark.proof
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(["gate", "power", "roof"])), min_size=3, max_size=14))
@example(SILENT)
@example(WALKED)
@example(HURRIED)
@example(COPIES)
@example(JUST_OVER)
def test_the_office_comes_to_the_marks_and_grades_that_the_handheld_gave(acts: list[tuple[str, str]]) -> None:
    async def nights(hand: Handheld) -> None:
        await hand.night_round()
        await live(hand, acts)

    with TemporaryDirectory() as folder:
        hand = Handheld(Path(folder) / "book", HandClock(), bound("power", grade="label+near"))
        try:
            asyncio.run(nights(hand))
            for body, judged in judged_again(hand):
                assert (judged.grade, set(judged.marks)) == (body.grade, set(body.marks)), acts
        finally:
            hand.close()


def test_a_flood_of_copies_of_one_beacon_costs_what_they_are_and_not_their_square(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody's radio sends the point's identity from a new address each time: the page must stay alive."""
    plan, hearing, looked = garden.plan(), ear.Ear(), [0]

    def counting(samples: Iterable[Sample], up: int) -> list[Sample]:
        looked[0] += 1
        return usable(samples, up)

    up = 0
    for up in range(0, 3000, 250):
        for number in range(ear.MOST_TAGS):
            address = f"D0:00:00:00:00:{number:02X}"
            advert = Advert(address, -60, up, *encode("ibeacon", f"{garden.UUID}/10001/1"))
            for seen in sightings(advert):
                hearing.take(seen)
    monkeypatch.setattr(ear, "usable", counting)
    judged = hearing.judge(plan, plan.point("gate"), up)
    assert judged.near.state is Nearness.NEAR
    assert judged.proof
    assert len(judged.proof.also) == ear.MOST_ALSO
    assert looked[0] < 3 * ear.MOST_TAGS
