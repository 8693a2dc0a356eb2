"""One walk past every page, for the tests that look at each: what stands there, and that nothing else does."""

from collections.abc import AsyncIterator

from textual.app import App
from textual.pilot import Pilot

from app.ports import RadioState
from app.text import cells
from screens.witness import WitnessPage
from tests.screens.plans import label
from tests.screens.world import World, keys, rows, scan, settle

BLOCKS = "\u2580\u2584\u2588"
"""Only a code for a scanner is drawn with these."""
CJK = ("\u3000\u30ff", "\u3400\u4dbf", "\u4e00\u9fff", "\uff01\uff5e", "\uffe0\uffe6")


async def walk(pilot: Pilot[int], here: World) -> AsyncIterator[str]:
    """Stand still at each page in turn; the name of the page."""
    await settle(pilot)
    yield "signin"
    await keys(pilot, "1 0 0 1 enter 9 9")
    yield "signin-pin"
    await keys(pilot, "9 9 enter")
    yield "signin-wrong"
    await keys(pilot, "1 2 3 4 enter")
    yield "signin-partner"
    await keys(pilot, "enter")
    yield "home-one"
    await keys(pilot, "enter")
    yield "home-alone"
    await scan(pilot, label("person:li-min"))
    yield "home"
    await keys(pilot, "0")
    yield "home-rounds"
    await keys(pilot, "4")
    yield "home-chosen"
    await keys(pilot, "enter")
    yield "home-early"
    await keys(pilot, "enter backspace enter")
    yield "round"
    here.clock.pass_by(1)
    here.radio.beacon(1, rssi=-75)
    await settle(pilot)
    yield "round-far"
    here.clock.pass_by(7)
    for _ in range(2):
        here.clock.pass_by(1)
        here.radio.beacon(1)
        await settle(pilot)
    yield "round-near"
    here.clock.pass_by(1)
    here.radio.beacon(1)
    await settle(pilot)
    yield "round-next"
    here.radio.hear(RadioState("radio.off"))
    await settle(pilot)
    yield "round-radio-off"
    await keys(pilot, "1 7")
    yield "code"
    await keys(pilot, "backspace backspace")
    here.clock.pass_by(60)
    await scan(pilot, label("point:power"))
    yield "stop-ok"
    await keys(pilot, "1 2")
    yield "finding-category"
    await keys(pilot, "3")
    yield "finding-phrase"
    await keys(pilot, "4 8")
    yield "finding-confirm"
    await keys(pilot, "enter backspace")
    yield "stop-again"
    await keys(pilot, "backspace backspace")
    yield "round-at-stop"
    await keys(pilot, "2")
    yield "skip-checks"
    await keys(pilot, "1")
    yield "round-label"
    await scan(pilot, label("point:pond"))
    yield "round-wrong-point"
    await keys(pilot, "2")
    yield "skip"
    await keys(pilot, "backspace 3")
    yield "stops"
    await keys(pilot, "backspace 4")
    yield "recheck"
    await keys(pilot, "backspace asterisk")
    yield "menu"
    await keys(pilot, "7")
    yield "outbox"
    await keys(pilot, "backspace f1")
    yield "help-1"
    await keys(pilot, "enter")
    yield "help-2"
    await keys(pilot, "backspace asterisk 2")
    yield "alarm"
    await keys(pilot, "9 9")
    yield "alarm-raised"
    await keys(pilot, "backspace 5")
    yield "finish"
    await keys(pilot, "1")
    yield "finish-sure"
    await keys(pilot, "9")
    yield "summary"
    await keys(pilot, "enter")
    yield "home-after"
    await keys(pilot, "enter")
    async for page in inspection(pilot, here):
        yield page
    await keys(pilot, "asterisk 8")
    yield "leave"
    await keys(pilot, "3")
    yield "signin-closed"


async def inspection(pilot: Pilot[int], here: World) -> AsyncIterator[str]:
    """The other kinds of check."""
    here.clock.pass_by(60)
    await scan(pilot, label("point:power"))
    yield "stop-choice"
    await keys(pilot, "1 4 3")
    yield "stop-number"
    await keys(pilot, "0 enter")
    yield "stop-repeat"
    await keys(pilot, "4 0 0 enter 4 2")
    yield "stop-decimals"
    await keys(pilot, "enter 7")
    yield "stop-count"
    await keys(pilot, "backspace 8 enter enter")
    yield "stop-text"
    here.clock.pass_by(5)  # as long as it takes to read six checks
    await keys(pilot, "2")
    yield "round-done"
    await keys(pilot, "enter")
    yield "summary-clean"
    await keys(pilot, "enter")


def check(app: App[int], page: str) -> None:
    """Whatever stands on the screen, it is as wide as the screen and made of characters every terminal agrees on."""
    width, height = app.size
    shown = rows(app)
    assert len(shown) == height, page
    for row in shown:
        assert cells(row) == width, f"{page}: {row!r}"
        strange = [ch for ch in row if not (" " <= ch <= "~" or any(span[0] <= ch <= span[1] for span in CJK))]
        if isinstance(app.screen, WitnessPage):
            strange = [ch for ch in strange if ch not in BLOCKS]
        assert not strange, f"{page}: {strange} in {row!r}"
    assert shown[-1].startswith(("Q:", "练习!", "PRACTICE!")), page
    assert shown[-1].endswith("F1"), page
