"""The second asking of somebody who works alone is heard and felt at every hour; everything else respects the night."""

import pytest

from hardware.buzzer import TerminalBuzzer
from hardware.feel import Pulses


@pytest.mark.parametrize("console", [False, True])
def test_at_night_only_the_second_asking_sounds_and_it_lights_the_console(console: bool) -> None:
    written: list[str] = []
    buzzer = TerminalBuzzer(written.append, lambda: True, console=console)
    for kind in ("ok", "mark", "no", "ask"):
        buzzer.signal(kind)
    assert written == []
    buzzer.signal("wake")
    assert "".join(written).count("\a") == 3
    assert ("\x1b[13]" in written) is console, "a blanked screen comes on (console_codes(4))"


@pytest.mark.parametrize("silent", [False, True])
def test_a_motor_or_sounder_that_rests_now_works_for_the_second_asking(silent: bool) -> None:
    felt: list[tuple[str, int]] = []
    pulses = Pulses(lambda kind, ms: felt.append((kind, ms)), lambda: silent)
    for kind in ("ask", "wake"):
        pulses.signal(kind)
    assert {kind for kind, _ in felt} == ({"wake"} if silent else {"ask", "wake"})
