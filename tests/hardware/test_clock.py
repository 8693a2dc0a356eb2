"""The clocks of a handheld."""

import time
from pathlib import Path

from app.ports import Moment
from hardware.clock import FastClock, ShiftedClock, SystemClock


class Wound:
    """A clock set by hand."""

    def __init__(self, at: int, up: int) -> None:
        self.moment = Moment(at, up, "boot", 40)

    def now(self) -> Moment:
        return self.moment


def test_a_moment_is_wall_time_boot_time_and_the_kernels_boot_id() -> None:
    before, clock = time.time_ns() // 1_000_000, SystemClock()
    one, two = clock.now(), clock.now()
    assert before <= one.at <= two.at <= time.time_ns() // 1_000_000
    assert one.up <= two.up
    boot = float(Path("/proc/uptime").read_text().split()[0]) * 1000
    assert abs(two.up - boot) < 1000
    assert one.boot == two.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert one.off is None


def test_the_measured_offset_to_the_office_goes_with_every_moment() -> None:
    clock = SystemClock()
    clock.set_off(-1500)
    assert clock.now().off == -1500


def test_a_shifted_clock_moves_only_the_wall() -> None:
    assert ShiftedClock(Wound(1_000, 50), 3_600_000).now() == Moment(3_601_000, 50, "boot", 40)


def test_a_fast_clock_runs_faster_from_now_on() -> None:
    base = Wound(1_000, 50)
    fast = FastClock(base, 10)
    assert fast.now() == base.moment
    base.moment = Moment(1_200, 250, "boot", 40)
    assert fast.now() == Moment(3_000, 2_050, "boot", 40)


def test_a_fast_clock_given_its_beginning_again_goes_on_after_a_restart() -> None:
    began = Moment(1_000, 50, "boot")
    assert FastClock(Wound(9_999, 250), 10, began).now() == Moment(3_000, 2_050, "boot", 40)
