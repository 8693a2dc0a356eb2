"""Real bad networks: a namespace of its own behind a link that loses packets, crawls, or falls silent at once."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from app.errors import WatchbookError
from sync.client import Client, Timeouts
from sync.courier import Courier
from sync.lane import Writer
from tests.needs import needs, needs_root
from tests.sync.places import Handheld, drained, handheld, office
from tests.torture.tally import Case, Fault, Torture
from tests.torture.test_office_kills import Witness, all_there

PORT: Final = 8440
RECORDS: Final = 600
PATIENT: Final = Timeouts(connect=5, read=20, write=20, pool=5, answer=60)
KINDS: Final = ("15 of 100 packets lost", "64 kbit/s", "both", "silent for seconds", "cut and back")
BUGS: Final = {"answers before the commit": 2}


class Link:
    """Two ends of a cable between this machine and a namespace in which the office is served."""

    def __init__(self, number: int) -> None:
        self.name = f"wb{os.getpid() % 10000}"
        self.here, self.there = f"{self.name}h", f"{self.name}o"
        self.net = f"10.203.{number % 200}"
        self.office = f"{self.net}.2"

    def lay(self) -> None:
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self.here, "type", "veth", "peer", "name", self.there)
        _run("ip", "link", "set", self.there, "netns", self.name)
        _run("ip", "addr", "add", f"{self.net}.1/30", "dev", self.here)
        _run("ip", "link", "set", self.here, "up")
        self.inside("ip", "addr", "add", f"{self.office}/30", "dev", self.there)
        self.inside("ip", "link", "set", self.there, "up")
        self.inside("ip", "link", "set", "lo", "up")

    def take_up(self) -> None:
        for gone in (("ip", "link", "del", self.here), ("ip", "netns", "del", self.name)):
            subprocess.run(gone, capture_output=True, check=False)

    def inside(self, *command: str) -> None:
        _run("ip", "netns", "exec", self.name, *command)

    def lose(self, percent: int) -> None:
        """So many of a hundred packets each way; 0 none, 100 all of them, without a word to anybody."""
        rules = "drop" if percent == 100 else f"numgen random mod 100 < {percent} drop"
        chains = "".join(
            f"chain {hook} {{ type filter hook {hook} priority 0; {rules}; }}\n"
            for hook in ("input", "output")
            if percent
        )
        self.inside("nft", f"flush ruleset; table ip watchbook {{ {chains} }}")

    def slow(self, rate: str) -> None:
        _run(
            "tc", "qdisc", "replace", "dev", self.here, "root", "tbf", "rate", rate, "burst", "8kb", "latency", "400ms"
        )

    @contextmanager
    def serving(self, folder: Path, bug: str) -> Iterator[None]:
        command = [sys.executable, "-m", "tests.sync.serve", str(folder), str(PORT), "0.0.0.0", bug]
        served = subprocess.Popen(["ip", "netns", "exec", self.name, *command], stdout=subprocess.PIPE)
        try:
            assert served.stdout is not None
            assert served.stdout.readline() == b"ready\n"
            yield
        finally:
            served.kill()
            served.wait()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def laid(number: int) -> Iterator[Link]:
    link = Link(number)
    link.take_up()
    try:
        link.lay()
        yield link
    finally:
        link.take_up()


def connect(mine: Handheld, address: str, witness: Witness) -> Courier:
    def client(writer: Writer) -> Client:
        assert writer.office is not None
        key = bytes.fromhex(writer.office.server_key)
        own = {"book": writer.book, "identity": writer.identity, "server_key": key, "clock": mine.clock}
        return Client(f"http://{address}:{PORT}", timeouts=PATIENT, plain=True, **own)  # type: ignore[arg-type]

    return Courier(mine.logbook, mine.clock, witness, client)


def spoil(link: Link, kind: str) -> None:
    if kind in ("15 of 100 packets lost", "both"):
        link.lose(15)
    if kind in ("64 kbit/s", "both"):
        link.slow("64kbit")


def networks(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    """One office and one handheld on each kind of network in turn."""
    chance = random.Random(seed)
    for number in range(count):
        kind, folder = KINDS[number % len(KINDS)], place / f"office{number}"
        with laid(number) as link, office(folder) as at_first, handheld(place / f"h{number}", at_first) as mine:
            at_first.close()
            witness = Witness(mine, folder)
            mine.courier = connect(mine, link.office, witness)
            with link.serving(folder, twin):
                spoil(link, kind)
                mine.write(RECORDS)
                began = time.monotonic()
                if kind == "silent for seconds":
                    silence(link, mine)
                if kind == "cut and back":
                    cut_and_back(link, mine, chance)
                faults = through(mine)
                took = time.monotonic() - began
            faults += [*witness.wrong, *all_there(mine, folder)]
            yield Case(f"{kind}: {took:.1f} s", mine.logbook.acked, tuple(faults))


def silence(link: Link, mine: Handheld) -> None:
    """Nothing comes through any more in the middle of the conversation, and nobody says so."""
    mine.courier.exchange()
    mine.write(RECORDS)
    link.lose(100)
    began = time.monotonic()
    with suppress(WatchbookError):
        mine.courier.exchange()
    assert time.monotonic() - began < 25, "a link that is half open is left in time"
    link.lose(0)


def cut_and_back(link: Link, mine: Handheld, chance: random.Random) -> None:
    for _ in range(3):
        _run("ip", "link", "set", link.here, "down")
        with suppress(WatchbookError):
            mine.courier.exchange()
        _run("ip", "link", "set", link.here, "up")
        time.sleep(chance.random())


def through(mine: Handheld) -> list[Fault]:
    try:
        drained(mine, rounds=40)
    except AssertionError as e:
        return [Fault("stuck", str(e)[:200])]
    return []


def played(place: Path, count: int, seed: int, twin: str) -> Generator[Case]:
    needs_root("a network namespace")
    needs("ip"), needs("tc"), needs("nft")
    yield from networks(place, count, seed, twin)


NETWORKS: Final = Torture("real networks: loss, rate, silence", "networks", played, 5, 25, BUGS)


@pytest.mark.torture
def test_real_networks_that_lose_and_crawl_and_fall_silent_lose_nothing(tmp_path: Path) -> None:
    tally = NETWORKS.run(tmp_path, NETWORKS.quick)
    assert tally.sound, tally
    assert tally.acked > 5 * RECORDS


@pytest.mark.torture
def test_a_seeded_bug_is_seen_on_real_networks(tmp_path: Path) -> None:
    assert all(NETWORKS.catches(tmp_path, twin) for twin in NETWORKS.twins)
