"""The clocks of a handheld."""

import time
from pathlib import Path

from app.ports import Moment
from hardware.clock import FollowedClock, StagedClock, SystemClock


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


def test_a_staged_clock_starts_where_it_is_told_and_runs_faster() -> None:
    base = Wound(9_000, 50)
    staged = StagedClock(base, Moment(1_000, 7_000, "boot"), 10)
    assert staged.now() == Moment(1_000, 7_000, "boot", 40)
    base.moment = Moment(9_200, 250, "boot", 40)
    assert staged.now() == Moment(3_000, 9_000, "boot", 40)


def test_what_a_staged_clock_skips_has_passed_on_the_wall_and_since_boot() -> None:
    staged = StagedClock(Wound(9_000, 50), Moment(1_000, 7_000, "boot"))
    staged.skip(60_000)
    assert staged.now() == Moment(61_000, 67_000, "boot", 40)


def test_another_program_tells_the_same_staged_time_whatever_is_skipped_and_however_fast_it_runs(
    tmp_path: Path,
) -> None:
    real = SystemClock()
    staged = StagedClock(real, Moment(1_000_000, 7_000, "boot"), 50, tmp_path / "clock")
    followed = FollowedClock(tmp_path / "clock")
    for skipped in (0, 110_000, 3_600_000):
        staged.skip(skipped)
        before = staged.now().at
        time.sleep(0.02)
        told = followed()
        assert before + 1_000 <= told <= staged.now().at + 50


def test_a_staged_clock_goes_on_where_the_disk_takes_no_more(tmp_path: Path) -> None:
    shown = tmp_path / "there" / "clock"
    shown.parent.mkdir()
    staged = StagedClock(Wound(9_000, 50), Moment(1_000, 7_000, "boot"), shown=shown)
    shown.unlink()
    shown.parent.rmdir()
    staged.skip(60_000)
    assert staged.now().at == 61_000
