"""An update on a handheld's disk: whatever happens at whichever step, a program runs: the old one, or the new one."""

import errno
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from app.version import BOOK_FORMAT
from sync.installing import FRESH_S, Installer, Place, Unfit, place_of
from sync.updating import IDLE_S, Around, Step, next_step
from sync.wire import Offered
from tests.logbook.tools import FailingDisk, QuickDisk, fails
from tests.rollout import making
from tests.rollout.making import STRANGER
from tests.rollout.scripts import (
    BOOK_ILL,
    BROKEN,
    CRASHES,
    FAILS_LATER,
    NEW,
    OLD,
    WELL,
    lay,
    leads,
    packed,
    planted,
    program,
    ran,
    started,
)

NIGHT = Around(idle_s=IDLE_S, busy=False, percent=None, charging=False)
PIECE = 1000


class Published(Struct, frozen=True):
    """A release as the office has it."""

    data: bytes
    offer: Offered

    def piece(self, digest: str, offset: int) -> bytes:
        assert digest == self.offer.sha256
        return self.data[offset : offset + PIECE]


def published(data: bytes, at: int = 1, version: str = NEW) -> Published:
    return Published(data, Offered(version, hashlib.sha256(data).hexdigest(), len(data), at))


class Handheld:
    """Its tree and its book's folder; `carry` does what the updater does, until there is nothing to do."""

    def __init__(self, folder: Path, **said: str) -> None:
        self.place = planted(folder, **said)
        self.data = folder / "var" / "lib" / "watchbook"
        self.data.mkdir(parents=True)
        self.installer = self.begun()

    def begun(self, disk: QuickDisk | None = None) -> Installer:
        """As the program makes it at its start."""
        self.place = place_of(str((self.place.root / "current").resolve())) or self.place
        self.installer = Installer(self.place, self.data, disk or QuickDisk())
        return self.installer

    def carry(self, release: Published, upto: Step = Step.CHANGE) -> list[Step]:
        installer, done = self.installer, list[Step]()
        installer.look_back()
        while (step := self._step(release)) not in (Step.REST, Step.ROOM):
            done.append(step)
            try:
                self._do(step, release)
            except Unfit as e:
                installer.refuse(release.offer, e.key)
            if step is upto:
                break
        return done

    def _step(self, release: Published) -> Step:
        """The next one, an hour after the one before."""
        for path in (self.place.root / "releases").iterdir():
            os.utime(path, (time.time() - FRESH_S,) * 2)
        return next_step(self.installer.state(release.offer), NIGHT)

    def _do(self, step: Step, release: Published) -> None:
        installer, offer = self.installer, release.offer
        acts: dict[Step, Callable[[], None]] = {
            Step.CLEAR: lambda: installer.clear(offer),
            Step.FETCH: lambda: installer.fetch(offer, release.piece),
            Step.CHECK: lambda: installer.check(offer),
            Step.LAY: lambda: installer.lay(offer),
            Step.TRY: lambda: installer.try_out(offer),
            Step.CHANGE: lambda: installer.change(offer),
        }
        acts[step]()

    def is_as_before(self) -> bool:
        return leads(self.place) == OLD and not (self.place.root / "trial").exists()


@pytest.fixture
def handheld(tmp_path: Path) -> Handheld:
    return Handheld(tmp_path)


def test_a_program_that_was_not_installed_so_is_not_managed(tmp_path: Path, handheld: Handheld) -> None:
    root = handheld.place.root
    assert place_of(str(root / "releases" / OLD)) == Place(root, OLD)
    assert place_of() is None
    assert place_of(str(tmp_path / ".venv")) is None
    (root / "launch").unlink()
    assert place_of(str(root / "releases" / OLD)) is None


def test_a_release_comes_in_beside_the_old_one_and_the_next_start_is_its_trial(handheld: Handheld) -> None:
    release = published(packed(ballast=bytes(3 * PIECE)))
    steps = handheld.carry(release, upto=Step.TRY)
    assert [*dict.fromkeys(steps)] == [Step.FETCH, Step.CHECK, Step.LAY, Step.CLEAR, Step.TRY]
    assert steps.count(Step.FETCH) == -(-len(release.data) // PIECE)
    assert handheld.is_as_before()
    assert handheld.carry(release) == [Step.CHANGE]
    root = handheld.place.root
    assert (leads(handheld.place), leads(handheld.place, "previous")) == (NEW, OLD)
    assert (root / "trial").read_text() == f"{NEW} 0\n"
    new = handheld.begun()
    new.reached()
    assert not (root / "trial").exists()
    assert new.told.said == "updating.taken"
    assert handheld.begun().proves
    new.proved()
    assert not new.proves
    assert handheld.carry(release) == []
    assert sorted(path.name for path in (root / "incoming").iterdir()) == ["told.json"]


@pytest.mark.proof
def test_the_real_installer_lays_it_beside_the_one_that_runs(handheld: Handheld) -> None:
    assert handheld.carry(published(making.release(NEW, arch=os.uname().machine)), upto=Step.LAY)[-1] is Step.LAY
    laid = handheld.place.release(NEW)
    assert (laid / "whole").is_file()
    said = subprocess.run([laid / "bin" / "watchbook", "--version"], capture_output=True, text=True, timeout=60)
    assert said.stdout == f"watchbook {NEW} --version\n"
    assert handheld.is_as_before()


def test_what_is_installed_from_a_stick_meanwhile_is_left_alone(handheld: Handheld) -> None:
    root = handheld.place.root
    (root / "releases" / "0.9.0").mkdir()
    assert not handheld.installer.state(None).left, "it is being laid"
    lay(root, NEW, program(NEW))
    for path in (root / "releases").iterdir():
        os.utime(path, (time.time() - FRESH_S,) * 2)
    (root / "current").unlink()
    (root / "current").symlink_to(f"releases/{NEW}")
    handheld.installer.clear(None)
    assert leads(handheld.place) == NEW, "it waits for a restart"
    assert not (root / "releases" / "0.9.0").exists()


@pytest.mark.proof
def test_the_third_release_leaves_the_first_behind(handheld: Handheld) -> None:
    for version in (NEW, "0.4.0"):
        handheld.carry(published(packed(version), version=version))
        handheld.begun().reached()
    handheld.carry(published(packed("0.4.0"), version="0.4.0"))
    assert sorted(path.name for path in (handheld.place.root / "releases").iterdir()) == [NEW, "0.4.0"]


@pytest.mark.proof
@pytest.mark.parametrize("crashes", [CRASHES, FAILS_LATER])
def test_one_that_was_rolled_back_is_left_alone_until_it_is_offered_anew(handheld: Handheld, crashes: str) -> None:
    release = published(packed(script=program(NEW, crashes)))
    handheld.carry(release)
    while started(handheld.place):
        handheld.begun().reached()
    assert ran(handheld.place) == [NEW, NEW, NEW, OLD]
    handheld.begun()
    assert handheld.carry(release) == [Step.CLEAR]
    assert handheld.installer.told.said == "updating.rolled_back"
    assert not (handheld.place.root / "rolled-back").exists()
    assert not (handheld.place.root / "releases" / NEW).exists()
    assert handheld.begun().state(release.offer).refused
    again = Published(release.data, Offered(NEW, release.offer.sha256, release.offer.size, at=2))
    assert handheld.carry(again)[-1] is Step.CHANGE


def other_arch() -> str:
    return "aarch64" if os.uname().machine == "x86_64" else "x86_64"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(lambda: packed(key=STRANGER), "forged", id="a wrong signature"),
        pytest.param(lambda: packed(arch=other_arch()), "unfit", id="for another processor"),
        pytest.param(lambda: packed()[:-2000], "forged", id="half a file, as the office has it"),
        pytest.param(lambda: packed()[:-1500] + bytes(1500), "forged", id="changed after it was signed"),
        pytest.param(lambda: b"GIF89a" * 500, "forged", id="no release"),
        pytest.param(lambda: packed("0.9.0"), "forged", id="another version than was offered"),
        pytest.param(lambda: packed(lays=b"exit 1"), "not_laid", id="its installer fails"),
        pytest.param(lambda: packed(lays=b"exit 0"), "not_laid", id="its installer leaves half"),
        pytest.param(lambda: packed(script=b"#!/bin/sh\nexit 1\n"), "not_tried", id="it does not start"),
        pytest.param(lambda: packed(script=program(NEW, verify=BROKEN)), "not_tried", id="it finds the book broken"),
        pytest.param(lambda: packed(script=program(NEW, verify="")), "not_tried", id="it says nothing of the book"),
        pytest.param(lambda: packed(script=program(NEW, doctor=BOOK_ILL)), "not_tried", id="its doctor finds it ill"),
    ],
)
def test_what_is_not_right_is_refused_and_the_old_program_runs_on(
    handheld: Handheld, data: Callable[[], bytes], why: str
) -> None:
    release = published(data())
    steps = handheld.carry(release)
    assert Step.CHANGE not in steps
    assert handheld.installer.told.said == f"updating.{why}"
    assert handheld.is_as_before()
    assert sorted(path.name for path in (handheld.place.root / "releases").iterdir()) == [OLD]
    handheld.begun()
    assert handheld.carry(release) == []
    assert handheld.carry(published(packed(), at=2))[-1] is Step.CHANGE


@pytest.mark.parametrize("version", ["../0.3.0", "0.3.0/..", "/etc", "", "0.3.0\n", "0"])
def test_an_offer_names_no_other_place(version: str) -> None:
    told = {"version": version, "sha256": "0" * 64, "size": 1, "at": 1}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(told, Offered)


def test_a_book_that_is_ill_already_does_not_keep_the_new_program_out(tmp_path: Path) -> None:
    """It may be the one that can read it."""
    handheld = Handheld(tmp_path, verify=BROKEN, doctor=BOOK_ILL)
    release = published(packed(script=program(NEW, WELL, BROKEN, BOOK_ILL)))
    assert handheld.carry(release)[-1] is Step.CHANGE


def test_a_release_of_before_the_books_form_is_not_taken(handheld: Handheld) -> None:
    (handheld.data / "format").write_text(f"{BOOK_FORMAT + 1}\n")
    handheld.carry(published(packed()))
    assert handheld.installer.told.said == "updating.too_far"
    assert handheld.is_as_before()


@pytest.mark.proof
def test_what_comes_damaged_is_fetched_again_and_not_for_ever(handheld: Handheld) -> None:
    good = published(packed(ballast=bytes(2000)))
    bad = Published(good.data[:600] + b"?" + good.data[601:], good.offer)
    assert handheld.carry(bad, upto=Step.CHECK)[-1] is Step.CHECK
    assert handheld.installer.state(good.offer).has == 0
    assert handheld.carry(good)[-1] is Step.CHANGE
    other = Handheld(handheld.place.root / "other")
    assert other.carry(bad).count(Step.CHECK) == 3
    assert other.installer.told.said == "updating.torn"
    assert other.is_as_before()
    endless = Published(good.data * 2, good.offer)
    third = Handheld(handheld.place.root / "third")
    third.carry(endless)
    assert third.installer.told.said == "updating.torn"


def test_the_next_fetch_goes_on_where_the_power_failed(handheld: Handheld) -> None:
    release = published(packed(ballast=bytes(3000)))
    handheld.installer.fetch(release.offer, release.piece)
    asked: list[int] = []

    def piece(digest: str, offset: int) -> bytes:
        asked.append(offset)
        return release.piece(digest, offset)

    handheld.begun().fetch(release.offer, piece)
    assert asked == [PIECE]


class Doomed(QuickDisk):
    """Kills its process at a step; whatever the program did there before stays."""

    def __init__(self, at: int) -> None:
        self._left = at

    def step(self, name: str) -> None:
        self._left -= 1
        if self._left == -1:
            os.kill(os.getpid(), signal.SIGKILL)


def lived(handheld: Handheld, release: Published, disk: QuickDisk) -> int:
    """Carry it through in a process of its own, as far as it gets; how that ended, as `waitpid` says."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            handheld.begun(disk)
            handheld.carry(release)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


@pytest.mark.proof
def test_killed_at_any_step_the_old_program_runs_or_the_new_one(tmp_path: Path, torture: bool) -> None:
    release, deaths, changed = published(packed(ballast=bytes(1500))), 0, 0
    for at in range(0, 200, 1 if torture else 3):
        handheld = Handheld(tmp_path / str(at))
        ended = lived(handheld, release, Doomed(at))
        assert leads(handheld.place) in (OLD, NEW), at
        assert leads(handheld.place) == OLD or (handheld.place.root / "trial").exists(), at
        if ended == 0:
            break
        assert os.WTERMSIG(ended) == signal.SIGKILL, at
        deaths += 1
        assert started(handheld.place) == 0, at
        [runs] = ran(handheld.place)
        changed += runs == NEW
        handheld.begun().reached()
        assert handheld.place.version == runs, at
        steps = handheld.carry(release)
        assert (leads(handheld.place), runs == NEW or steps[-1] is Step.CHANGE) == (NEW, True), at
    print(f"killed {deaths} times, {changed} times behind the change")
    assert deaths >= 15
    assert changed < 5
    assert changed or not torture


@pytest.mark.proof
def test_a_disk_that_fails_at_any_step_leaves_a_program_that_runs(tmp_path: Path, torture: bool) -> None:
    release, failures = published(packed(ballast=bytes(1500))), 0
    for at in range(0, 200, 1 if torture else 5):
        fault = (errno.ENOSPC, errno.EIO)[at % 2]
        handheld = Handheld(tmp_path / str(at))
        handheld.begun(FailingDisk(at, fails(fault)))
        try:
            handheld.carry(release)
        except OSError as e:
            assert e.errno == fault  # noqa: PT017 - which of the steps raises is not known
            failures += 1
        else:
            break
        now = leads(handheld.place)
        assert now in (OLD, NEW), at
        handheld.begun()
        handheld.carry(release)
        assert leads(handheld.place) == NEW, at
    assert failures >= 10
