"""What the crew reads when a beacon may be a copy, when its label is wanted too, and when two cannot be told apart."""

import asyncio
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.duties.evidence import PAIR_MS, Mark
from app.duties.site import Plan
from app.pages import Pages
from app.ports import Sighting
from app.words import say
from screens.terminal import Terminal
from tests.screens.plans import UUID, label, pages
from tests.screens.world import LARGE, SMALL, World, keys, scan, settle, text, until, world

MOUNTED, COPY = "C0:00:00:00:00:01", "D0:00:00:00:00:99"


def gate_asks(grade: str, address: str | None = None) -> Pages:
    """The site whose gate asks for evidence of that grade."""
    sent = pages()
    gate = sent.plan.point("gate")
    tags = tuple(replace(tag, address=address) for tag in gate.tags)
    return replace(sent, plan=_with(sent.plan, replace(gate, grade=grade, tags=tags)))


def _with(plan: Plan, point: object) -> Plan:
    return replace(plan, points=tuple(point if each.id == "gate" else each for each in plan.points))


async def begin(pilot: Pilot[int]) -> None:
    await scan(pilot, label("person:zhang-wei"))
    await scan(pilot, label("person:li-min"))
    await keys(pilot, "enter enter")
    await settle(pilot)


async def stand(pilot: Pilot[int], here: World, *addresses: str, minor: int = 1, seconds: int = 6) -> None:
    """Beside the beacon of the gate, or of another, sent from those addresses."""
    for _ in range(2 * seconds):
        here.clock.pass_by(0.5)
        for address in addresses:
            tag = f"{UUID}/10001/{minor}"
            here.radio.hear(Sighting(address, -50, here.clock.up, "m004c:0215", "ibeacon", tag, -59))
        await settle(pilot)


def flat(words: str) -> str:
    """Without the places where the screen breaks its lines."""
    return "".join(words.split())


def said(pilot: Pilot[int], lang: str, key: str, **fields: object) -> bool:
    return flat(say(lang, key, **fields)) in flat(text(pilot.app))


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_copied_beacon_is_named_and_the_label_is_asked_for(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book", gate_asks("near", MOUNTED)) as here:
        async with here.terminal(lang).run_test(size=size) as pilot:
            await begin(pilot)
            await stand(pilot, here, COPY)
            place = here.watch.plan.point("gate").name.say(lang)
            marks = say(lang, f"marks.{Mark.OTHER_ADDRESS}")
            assert said(pilot, lang, "round.suspect", here=place, marks=marks)
            assert here.signals.felt[-1] == "no"
            assert here.kinds()[-1] == "tag.seen"
            await keys(pilot, "x")  # whatever is pressed: what is wanted still stands there
            await stand(pilot, here, COPY)
            assert said(pilot, lang, "round.now_label")
            await scan(pilot, label("point:gate"))
            assert here.records()[-1].body["grade"] == "label"


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_near_the_beacon_of_a_point_that_wants_both_the_label_is_asked_for(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", gate_asks("label+near")) as here:
        async with here.terminal(lang).run_test(size=SMALL) as pilot:
            await begin(pilot)
            await stand(pilot, here, MOUNTED)
            assert said(pilot, lang, "round.now_label")
            await scan(pilot, label("point:gate"))
            assert (here.records()[-1].body["grade"], here.records()[-1].body["marks"]) == ("label+near", [])


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_after_the_label_the_beacon_is_asked_for_and_heard_while_the_next_stop_waits(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book", gate_asks("label+near")) as here:
        async with here.terminal(lang).run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            assert flat(say(lang, "marks.label-only")) in flat(text(pilot.app))
            assert f"{PAIR_MS // 1000}" in text(pilot.app)
            here.clock.pass_by(5)
            before = here.watch.state.round
            await stand(pilot, here, MOUNTED, seconds=4)
            assert here.records()[-1].body["grade"] == "label+near"
            assert flat(say(lang, "round.adds", place="", time="")) in flat(text(pilot.app))
            assert before is not None
            assert (after := here.watch.state.round)
            assert (after.at_stop, after.last) == (before.at_stop, before.last)
            here.clock.pass_by(60)
            assert here.watch.pairing() is None


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_two_stops_at_the_same_level_ask_for_a_step_or_the_label_and_nothing_is_guessed(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book") as here:
        async with here.terminal(lang).run_test(size=SMALL) as pilot:
            await begin(pilot)
            before = here.kinds()
            for _ in range(20):
                here.clock.pass_by(0.5)
                for minor in (1, 2):
                    here.radio.beacon(minor)
                await settle(pilot)
            assert said(pilot, lang, "duty.near_ambiguous")
            assert here.kinds() == before
            await scan(pilot, label("point:gate"))
            arrived = here.records()[-1]
            assert (arrived.kind, arrived.body["point"]) == ("stop.arrived", "gate")


class Hasty(Terminal):
    """Looks after a tenth of a second whether the beacon is still waited for."""

    PAIR_S: ClassVar[float] = 0.1


async def test_the_radio_rests_when_half_a_minute_is_over_however_early_that_was_first_looked_at(
    tmp_path: Path,
) -> None:
    """A second label makes the wait longer, and nobody presses a key meanwhile."""
    with world(tmp_path / "book", gate_asks("label+near")) as here:
        async with here.terminal(kind=Hasty).run_test(size=SMALL) as pilot:
            await begin(pilot)
            await scan(pilot, label("point:gate"))
            here.clock.pass_by(60)
            await scan(pilot, label("point:power"))  # which has checks: only its beacon is listened for
            await asyncio.sleep(0.3)
            assert here.radio.listeners == 1
            here.clock.pass_by(31)
            await until(pilot, lambda: here.radio.listeners == 0)
