"""A release at the office, and its way to the handhelds that are offered it."""

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from app.errors import OfficeAway
from sync.client import Client, Refused
from sync.installing import Installer
from sync.office import handheld_settings, releases
from sync.office.handheld_settings import ring_of
from sync.office.releases import ReleaseUnknown
from sync.office.store.releases import Held
from sync.release import ReleaseForged, ReleaseRefused
from sync.updater import Updater
from sync.updating import ENOUGH, IDLE_S, LONG_S, Around, State, Step
from sync.wire import PIECE, Offered
from tests.logbook.tools import QuickDisk
from tests.rollout.making import STRANGER
from tests.rollout.scripts import NEW, OLD, leads, packed, planted
from tests.sync.places import SITE, Handheld, RunningOffice, client_for, free_port, handheld, now_ms, office

ARCH = os.uname().machine
NIGHT = Around(idle_s=IDLE_S, busy=False, percent=None, charging=False)
BALLAST = os.urandom(3 * PIECE)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    """An office that trusts the publisher."""
    folder = tmp_path_factory.mktemp("office")
    place = planted(folder / "tree")
    with office(folder / "data") as running:
        running.ask(releases.trust(running.store, place.key))
        yield running


@pytest.fixture
def mine(running: RunningOffice, tmp_path: Path) -> Iterator[Handheld]:
    with handheld(tmp_path / "book", running) as mine:
        yield mine


def taken_in(running: RunningOffice, data: bytes) -> Held:
    return running.ask(releases.add(running.store, data, now_ms()))


def offer(running: RunningOffice, version: str, ring: str = "", now: int = 7) -> None:
    running.ask(running.store.write(lambda tx: releases.offer(tx, version, ring, now)))


def withdraw(running: RunningOffice, version: str) -> None:
    running.ask(running.store.write(lambda tx: releases.withdraw(tx, version, None)))


def put_in_ring(running: RunningOffice, device: str, ring: str) -> None:
    running.ask(
        running.store.write(lambda tx: handheld_settings.change(tx, SITE, device, {"ring": ring}, "chief", now_ms()))
    )


def asked(running: RunningOffice, mine: Handheld) -> Client:
    client = client_for(mine.logbook, running.url, mine.clock)
    client.hello()
    return client


def test_what_its_publisher_did_not_sign_is_not_taken_in(running: RunningOffice) -> None:
    for data, why in (
        (packed("1.0.1", key=STRANGER), ReleaseForged),
        (packed("1.0.1")[:-700], ReleaseRefused),
        (b"", ReleaseRefused),
    ):
        with pytest.raises(why):
            taken_in(running, data)
    assert all(each.held.version != "1.0.1" for each in running.ask(running.store.read(releases.listed)))
    held = taken_in(running, packed("1.0.1"))
    assert taken_in(running, packed("1.0.1")) == held
    with pytest.raises(ReleaseUnknown, match="another version"):
        taken_in(running, packed("1.0.1", ballast=b"other"))


@pytest.mark.proof
def test_an_office_that_knows_no_publisher_takes_nothing_in(tmp_path: Path) -> None:
    with office(tmp_path / "data") as running, pytest.raises(ReleaseUnknown, match="release key"):
        taken_in(running, packed())


def test_a_handheld_fetches_what_it_is_offered_piece_by_piece(running: RunningOffice, mine: Handheld) -> None:
    data = packed("1.1.0", ballast=BALLAST)
    held = taken_in(running, data)
    with closing(asked(running, mine)) as client:
        assert client.offered(ARCH) is None
        offer(running, "1.1.0")
        found = client.offered(ARCH)
        assert found == Offered("1.1.0", held.sha256, len(data), 7)
        assert client.offered("riscv64") is None
        came = b""
        while len(came) < len(data):
            piece = client.piece(held.sha256, len(came))
            assert 0 < len(piece) <= PIECE
            came += piece
        assert came == data
        assert client.piece(held.sha256, PIECE + 5) == data[PIECE + 5 : 2 * PIECE]
        for digest, offset in ((held.sha256, len(data)), (held.sha256, 2**31), ("0" * 64, 0)):
            with pytest.raises(Refused, match="any more"):
                client.piece(digest, offset)
        with pytest.raises(ReleaseUnknown, match="still offered"):
            running.ask(running.store.write(lambda tx: releases.remove(tx, "1.1.0")))
        withdraw(running, "1.1.0")
        assert client.offered(ARCH) is None
        with pytest.raises(Refused, match="any more"):
            client.piece(held.sha256, 0)
        assert running.ask(running.store.write(lambda tx: releases.remove(tx, "1.1.0"))) == 1


@pytest.mark.proof
def test_only_enrolled_handhelds_get_a_byte(running: RunningOffice, mine: Handheld) -> None:
    held = taken_in(running, packed("1.2.0"))
    offer(running, "1.2.0")
    path = f"/v1/books/{mine.logbook.book_id}/release"
    for target in (f"{path}?arch={ARCH}", f"{path}/{held.sha256}?offset=0"):
        answer = httpx.get(running.url + target, headers={"Watchbook-Protocol": "1", "Watchbook-Client": "0.2.0"})
        assert answer.status_code == 401
    device = running.ask(running.store.devices.by_book(mine.logbook.book))
    assert device is not None
    with closing(asked(running, mine)) as client:
        assert client.piece(held.sha256, 0)
        running.ask(running.store.devices.revoke(SITE, device.device, now_ms()))
        for ask in (lambda: client.offered(ARCH), lambda: client.piece(held.sha256, 0)):
            with pytest.raises(Refused, match="withdrawn"):
                ask()
    withdraw(running, "1.2.0")


@pytest.mark.proof
def test_a_ring_has_its_own_offer_and_the_others_another(running: RunningOffice, mine: Handheld) -> None:
    for version in ("1.3.0", "1.4.0"):
        taken_in(running, packed(version))
    offer(running, "1.3.0")
    offer(running, "1.4.0", "pilot")
    device = running.ask(running.store.devices.by_book(mine.logbook.book))
    assert device is not None

    def versions() -> tuple[str, str]:
        """What this handheld is offered, and one of the same site that is in no ring."""
        with closing(asked(running, mine)) as client:
            found = client.offered(ARCH)
        other = running.ask(running.store.devices.add(SITE, "another", now_ms()))
        row = next(d for d in running.ask(running.store.devices.of(SITE)) if d.device == other.device)
        beside = running.ask(running.store.read(partial(releases.offered_to, device=row, arch=ARCH)))
        return (found.version if found else "", beside.version if beside else "")

    assert versions() == ("1.3.0", "1.3.0")
    put_in_ring(running, device.device, "pilot")
    assert running.ask(running.store.read(lambda tx: ring_of(tx, SITE, device.device))) == "pilot"
    assert versions() == ("1.4.0", "1.3.0")
    stranger = next(each for each in running.ask(running.store.devices.of(SITE)) if each.name == "another")
    pilot = taken_in(running, packed("1.4.0")).sha256
    wanted = partial(releases.piece_for, device=stranger, digest=pilot, offset=0)
    assert running.ask(running.store.read(wanted)) is None
    with closing(asked(running, mine)) as client:
        assert client.piece(taken_in(running, packed("1.3.0")).sha256, 0)
    withdraw(running, "1.3.0")
    assert versions() == ("1.4.0", "")
    withdraw(running, "1.4.0")
    with pytest.raises(ReleaseUnknown, match="small letters"):
        offer(running, "1.4.0", "Pilot ring")


def test_an_update_comes_over_the_line_and_says_how_it_stands(running: RunningOffice, tmp_path: Path) -> None:
    data = packed(ballast=BALLAST)
    taken_in(running, data)
    offer(running, NEW)
    with ExitStack() as stack:
        mine = stack.enter_context(handheld(tmp_path / "book", running))
        place = planted(tmp_path / "tree")
        installer = Installer(place, tmp_path / "book", QuickDisk())
        said: list[str] = []
        around = [NIGHT]
        updater = Updater(
            installer,
            lambda: client_for(mine.logbook, running.url, mine.clock),
            lambda: around[0],
            installer.change,
            lambda: said.append(updater.said),
        )
        assert updater.turn() is Step.FETCH
        around[0] = Around(idle_s=3, busy=True, percent=50, charging=False)
        assert updater.turn() is Step.REST  # somebody took it up: nothing goes over the line
        before = installer.state(Offered(NEW, taken_in(running, data).sha256, len(data), 7)).has
        assert 0 < before < len(data)
        around[0] = NIGHT
        steps = []
        while (step := updater.turn()) is not Step.TRY:
            steps.append(step)
        whole = place.release(NEW) / "whole"
        for ago, around[0], why in (
            (0, replace(NIGHT, on_shift=True), "ready"),
            (LONG_S, replace(NIGHT, on_shift=True), "never_free"),
            (LONG_S, replace(NIGHT, percent=ENOUGH - 1), "no_power"),
        ):
            os.utime(whole, (time.time() - ago,) * 2)
            assert (updater.turn(), updater.said) == (Step.REST, f"updating.{why}")
        around[0] = NIGHT
        assert updater.turn() is Step.CHANGE
        assert [*dict.fromkeys(steps)] == [Step.FETCH, Step.CHECK, Step.LAY, Step.CLEAR]
        assert leads(place) == NEW
        assert said == [f"updating.{name}" for name in ("fetching", "ready", "never_free", "no_power", "ready")]
    withdraw(running, NEW)


@pytest.mark.proof
def test_an_office_that_is_away_or_takes_its_offer_back_changes_nothing(
    running: RunningOffice, mine: Handheld, tmp_path: Path
) -> None:
    taken_in(running, packed(ballast=BALLAST))
    offer(running, NEW)
    place = planted(tmp_path / "tree")
    url = [running.url]
    installer = Installer(place, tmp_path / "book", QuickDisk())
    updater = Updater(installer, lambda: client_for(mine.logbook, url[0], mine.clock), lambda: NIGHT, installer.change)
    url[0] = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(OfficeAway):
        updater.turn()
    url[0] = running.url
    updater._asked = -math.inf  # five minutes later
    assert updater.turn() is Step.FETCH
    [part] = [path for path in (place.root / "incoming").iterdir() if path.suffix == ".part"]
    gone = f"http://127.0.0.1:{free_port()}"
    restarted = Updater(installer, lambda: client_for(mine.logbook, gone, mine.clock), lambda: NIGHT, installer.change)
    with pytest.raises(OfficeAway):
        restarted.turn()
    assert restarted.turn() is Step.REST
    assert part.stat().st_size > 0, "what came is kept until the office says that it offers something else"
    withdraw(running, NEW)
    assert updater.turn() is Step.FETCH
    assert updater.turn() is Step.CLEAR
    assert updater.turn() is Step.REST
    assert (leads(place), updater.said) == (OLD, "")
    assert [path.name for path in (place.root / "incoming").iterdir()] == []


@pytest.mark.proof
def test_in_a_thread_of_its_own_it_gets_there_and_what_is_under_way_needs_no_office(
    running: RunningOffice, mine: Handheld, tmp_path: Path
) -> None:
    taken_in(running, packed(ballast=BALLAST))
    offer(running, NEW)
    place, changed, url = planted(tmp_path / "tree"), threading.Event(), [running.url]
    installer = Installer(place, tmp_path / "book", QuickDisk())

    def change(offered: Offered) -> None:
        assert offered.version == NEW
        changed.set()

    def connect() -> Client:
        return client_for(mine.logbook, url[0], mine.clock)

    updater = Updater(installer, connect, lambda: NIGHT, change)
    updater.start()
    assert changed.wait(30)
    updater.stop()
    assert updater.said == "updating.ready"
    withdraw(running, NEW)
    url[0] = f"http://127.0.0.1:{free_port()}"
    updater._asked = -math.inf  # an hour later, out of reach
    assert updater.turn() is Step.CHANGE


@pytest.mark.proof
def test_a_disk_without_room_is_said_until_there_is_some(
    running: RunningOffice, mine: Handheld, tmp_path: Path
) -> None:
    taken_in(running, packed(ballast=BALLAST))
    offer(running, NEW)
    free = [0]

    class Full(Installer):
        def state(self, offer: Offered | None) -> State:
            return msgspec.structs.replace(super().state(offer), room=free[0])

    around, place = [NIGHT], planted(tmp_path / "tree")
    installer = Full(place, tmp_path / "book", QuickDisk())
    connect = partial(client_for, mine.logbook, running.url, mine.clock)
    updater = Updater(installer, connect, lambda: around[0], installer.change)
    assert (updater.turn(), updater.said) == (Step.ROOM, "updating.no_room")
    around[0] = Around(idle_s=0, busy=True, percent=None, charging=False)
    assert (updater.turn(), updater.said) == (Step.REST, "updating.no_room")
    around[0], free[0] = NIGHT, 2**40
    assert (updater.turn(), updater.said) == (Step.FETCH, "updating.fetching")
    withdraw(running, NEW)
