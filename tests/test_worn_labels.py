"""A camera tells how worn a label is: it stands with the arrival, and the office is asked once for a new print."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.duties.evidence import WORN_BELOW, Mark
from app.ports import Scan
from app.words import say
from tests.garden import LABELS, OLD_LABEL, HandClock, Handheld, Issued, plan

FRESH, WORN = WORN_BELOW, WORN_BELOW - 1


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Handheld]:
    here = Handheld(tmp_path, HandClock(), plan("free"))
    yield here
    here.close()


async def read(hand: Handheld, label: Issued, health: int | None) -> None:
    await hand.watch.scan(Scan(label.text, hand.clock.up, health, "camera"))
    hand.clock.pass_s(60)


def reprints(hand: Handheld) -> list[dict[str, object]]:
    return [record.body for record in hand.records("finding.raised")]


async def test_a_worn_label_is_reported_once_and_stands_with_the_arrival(hand: Handheld) -> None:
    await hand.night_round()
    await read(hand, LABELS["power"], WORN)
    await hand.answer_all()
    await read(hand, LABELS["power"], WORN - 20)
    (found,) = reprints(hand)
    (arrived, *_) = hand.records("stop.arrived")
    assert arrived.body["evidence"]["label"]["health"] == WORN
    assert Mark.WORN_LABEL.value in arrived.body["marks"]
    assert (found["category"], found["phrase"], found["point"]) == ("label", "reprint", "power")
    assert found["words"] == say(hand.watch.lang, "camera.reprint", issue=found["issue"], health=WORN)
    assert hand.records("finding.raised")[0].by == arrived.by
    assert [each.category for each in hand.watch.state.findings.values()] == ["label"]


@pytest.mark.parametrize("health", [FRESH, 100, None])
async def test_a_sound_label_and_one_read_without_a_camera_are_not(hand: Handheld, health: int | None) -> None:
    await hand.night_round()
    await read(hand, LABELS["power"], health)
    (arrived,) = hand.records("stop.arrived")
    assert arrived.body["evidence"]["label"].get("health") == health
    assert Mark.WORN_LABEL.value not in arrived.body["marks"]
    assert reprints(hand) == []


async def test_it_is_remembered_after_the_handheld_was_killed(hand: Handheld) -> None:
    await hand.night_round()
    await read(hand, LABELS["power"], WORN)
    again = hand.killed()
    try:
        await again.sign_in("zhang")
        await read(again, LABELS["power"], WORN)
        assert len(reprints(again)) == 1
    finally:
        again.close()


async def test_each_label_and_each_new_issue_of_it_is_reported(hand: Handheld) -> None:
    await hand.night_round()
    await read(hand, LABELS["power"], WORN)
    await hand.answer_all()
    await read(hand, OLD_LABEL, WORN)
    await hand.answer_all()
    await read(hand, LABELS["gate"], WORN)
    await read(hand, LABELS["gate"], WORN)
    found = [(each["point"], each["issue"]) for each in reprints(hand)]
    assert found == [("power", "02"), ("gate", "01"), ("gate", "02")]
