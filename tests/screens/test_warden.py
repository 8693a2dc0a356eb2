"""A warden's evening with the example plan: the books of the dormitory, a visitor who stays too long, an empty bed."""

from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from app.duties.site import People, Plan, decode_plan
from app.words import say
from tests.screens.plans import label, pages
from tests.screens.world import SMALL, World, bodies, keys, scan, settle, text, world

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
WARDEN = "shi-lanying"
ROOM = "3 minus 1 minus 5 0 1 enter"


def garden() -> tuple[Plan, People]:
    people = msgspec.json.decode((EXAMPLES / "cuihu-garden.people.json").read_bytes(), type=People)
    return decode_plan((EXAMPLES / "cuihu-garden.json").read_bytes()), people


async def write(pilot: Pilot[int], here: World, lang: str, register: str, typed: str) -> dict[str, object]:
    """A line of the register, column by column; what the record then holds."""
    plan = here.watch.plan
    name = next(each for each in plan.registers if each.id == register).name.say(lang)
    await keys(pilot, "asterisk 0 1")
    shown = text(pilot.app)
    place = next(row.strip()[0] for row in shown.splitlines() if row[2:].startswith(name))
    stays = next(each for each in plan.registers if each.id == register).stays
    await keys(pilot, f"{place} {'enter ' if stays else ''}{typed}")
    line = bodies(here, "register.entered")[-1]
    assert line["register"] == register
    return line


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_wardens_evening(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", pages(*garden()), at="2026-11-21T19:00:00+08:00") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await scan(pilot, label(f"person:{WARDEN}"))
            await keys(pilot, "enter")
            await keys(pilot, "7")  # a warden's evening is registers: one key from home
            assert say(lang, "registers.title") in text(app).splitlines()[0]
            visitors = await write(pilot, here, lang, "dorm-visitors", f"{ROOM} 4 7 1 0 enter 2 enter")
            assert visitors["answers"] == {"room": "3-1-501", "phone": "", "people": "2"}
            assert "'4710'" not in str(here.records())  # a hash may hold these digits
            here.clock.pass_by(3 * 3600 + 40 * 60)
            app.go_home()
            await settle(pilot)
            assert say(lang, "registers.home_over", n=1)[:6] in text(app), "nobody stays after the evening limit"
            await keys(pilot, "asterisk 0 1 1 1 enter")
            assert bodies(here, "register.ended")[-1]["late"] is True
            late = await write(pilot, here, lang, "late-return", f"{ROOM} 2 enter 2")
            assert late["answers"] == {"room": "3-1-501", "bed": "2", "why": "outside"}
            check = await write(pilot, here, lang, "bed-check", f"{ROOM} 3 enter 3")
            assert check["answers"] == {"room": "3-1-501", "present": "3", "all": "missing"}
            assert "* 1" in text(app), "somebody is missing: report it"
            heater = await write(pilot, here, lang, "appliances", f"{ROOM} 1 1 7 enter")
            assert heater["answers"] == {"room": "3-1-501", "what": "kettle", "slip": "17"}
            await write(pilot, here, lang, "spare-keys", f"{ROOM} 4 7 1 0 enter")
            assert bodies(here, "register.entered")[-1]["stays"] is True
            assert {record.by for record in here.records() if record.kind.startswith("register.")} == {(WARDEN,)}
