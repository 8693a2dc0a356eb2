"""A round begun in one book and finished in the next is one round on the pages, its stops in the order they were."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.duties.schedule import Duty, Standing
from app.logbook.book import Draft, Logbook
from app.memory import Memory
from sync.courier import Courier
from sync.office.demo import HastyDisk
from sync.office.details import RoundDetail
from sync.office.walker import NO_TRICKS, Walker
from tests.office.conftest import GUARDS, Handheld, Office
from tests.office.test_fold import detail, dump, fold_anew
from tests.office.test_pages import Page, round_path


class Crew:
    """Somebody with a handheld, who walks as far as the test says."""

    def __init__(self, handheld: Handheld, folder: Path | None = None) -> None:
        self._of = handheld
        self.logbook = Logbook.open(folder, handheld.clock, HastyDisk()) if folder else handheld.logbook
        walker = handheld.walker
        self.walker = (
            Walker(self.logbook, handheld.clock, handheld._pages(), handheld.labels, seed=2) if folder else walker
        )

    def begin(self) -> str:
        return asyncio.run(self._begin())

    async def _begin(self) -> str:
        slot, walker = self._of.office.slot("night-1"), self.walker
        walker.clock.wait_until(int(slot.opens.timestamp() * 1000) + 60_000)
        for person in GUARDS:
            await walker.watch.sign_in_badge(walker.read(self._of.badges[person]))
        await walker.watch.start_round(Duty(slot, Standing.OPEN), None)
        assert walker.watch.state.round is not None
        return walker.watch.state.round.round

    def go(self, first: int, last: int) -> None:
        """To the stops `first` … `last` of the round's order, counted from 1."""
        asyncio.run(self._go(first, last))

    async def _go(self, first: int, last: int) -> None:
        for name in self.walker._order()[first - 1 : last]:
            assert await self.walker._go(name, NO_TRICKS)

    def finish(self) -> None:
        asyncio.run(self.walker.watch.finish_round())

    def sync(self) -> None:
        for _ in range(3):
            Courier(self.logbook, self._of.clock).exchange()
        assert self.logbook.unsent == 0

    def close(self) -> None:
        self.walker.watch.close()
        self.logbook.close()


@pytest.fixture
def crew(handheld: Handheld, office: Office) -> Crew:
    office.now = handheld.clock.now().at
    return Crew(handheld)


@pytest.fixture
def copied(crew: Crew, handheld: Handheld, office: Office, tmp_path: Path) -> Iterator[Crew]:
    """A copy of the handheld, whose crew walks while the first one writes other records under the same numbers."""
    handheld.sync()
    shutil.copytree(tmp_path / "handheld", tmp_path / "copy")
    copy = Crew(handheld, tmp_path / "copy")
    yield copy
    copy.close()


def shown(office: Office, name: str, lang: str = "en") -> str:
    return Page(office.browser().get(round_path(name), params={"lang": lang})).text


def folded(office: Office, name: str) -> RoundDetail:
    """How the round is told; folding everything again tells it the same."""
    office.ask(office.serving.folding.catch_up())
    along = office.ask(office.store.read(dump))
    fold_anew(office)
    assert office.ask(office.store.read(dump)) == along
    return detail(office, name)


@pytest.mark.proof
@pytest.mark.parametrize("first", ["whole", "end", "start"])
def test_a_round_is_one_round_in_two_books(office: Office, crew: Crew, first: str) -> None:
    office.account()
    name = crew.begin()
    if first == "start":
        crew.sync()
    crew.go(1, 5)
    if first == "whole":
        crew.sync()
    old = crew.logbook.book_id
    crew.logbook.succeed("office", fold=Memory)
    crew.go(6, 14)
    crew.finish()
    crew.sync()
    told = folded(office, name)
    assert (told.planned, told.done, told.missed) == (14, 14, 0)
    assert told.finished is not None
    assert [part.book for part in told.parts] == [old, crew.logbook.book_id]
    assert told.parts[1].first < told.parts[0].first, "the next book counts from one again"
    text = shown(office, name)
    assert "Points due 14 Points reached 14 Points missed 0" in text
    assert (
        f"Records, in the next book {told.parts[1].first} to {told.parts[1].last} {crew.logbook.book_id[:16]}" in text
    )
    assert "续在下一册的记录号" in shown(office, name, "zh")
    assert not {"proof-failed", "badge-proof"} & {*told.stop_marks, *told.office_marks}, "proofs hold in either book"


def test_an_explanation_finds_its_stop_in_the_next_book(office: Office, crew: Crew) -> None:
    office.account()
    name = crew.begin()
    crew.go(1, 5)
    crew.logbook.succeed("office", fold=Memory)
    crew.go(6, 14)
    crew.finish()
    arrived = [each.record.seq for each in crew.logbook.entries() if each.record.kind == "stop.arrived"][-1]
    body = {"record": f"{crew.logbook.book_id}:{arrived}", "mark": "too-fast", "words": "by bike"}
    crew.logbook.append(Draft("mark.explained", body, GUARDS))
    crew.sync()
    assert shown(office, name).count("by bike") == 1


@pytest.mark.proof
def test_a_round_whose_start_is_kept_apart_is_told_and_it_says_so(office: Office, crew: Crew, copied: Crew) -> None:
    office.account()
    held = copied.logbook.book_id
    crew.logbook.append(*(Draft("note.made", {"n": n}) for n in range(9)))
    crew.sync()
    name = copied.begin()
    copied.go(1, 5)
    copied.sync()
    assert copied.logbook.book_id != held
    copied.go(6, 14)
    copied.finish()
    copied.sync()
    told = folded(office, name)
    assert (told.planned, told.done) == (14, 14)
    assert [(part.book, part.apart) for part in told.parts] == [(held, True), (copied.logbook.book_id, False)]
    text = shown(office, name)
    assert "kept apart: another history has these numbers" in text
    assert "Points due 14 Points reached 14 Points missed 0" in text


@pytest.mark.proof
def test_a_round_that_parts_on_the_way_shows_what_either_history_says(
    office: Office, crew: Crew, handheld: Handheld, tmp_path: Path
) -> None:
    name = crew.begin()
    crew.go(1, 3)
    crew.sync()
    handheld.clock.wait(1)
    shutil.copytree(tmp_path / "handheld", tmp_path / "copy")
    copied = Crew(handheld, tmp_path / "copy")
    crew.logbook.append(*(Draft("note.made", {"n": n}) for n in range(20)))
    crew.sync()
    held = crew.logbook.book_id
    asyncio.run(copied.walker.watch.sign_in_badge(copied.walker.read(handheld.badges[GUARDS[0]])))
    copied.go(4, 5)
    copied.sync()
    copied.go(6, 14)
    copied.finish()
    copied.sync()
    told = folded(office, name)
    book = copied.logbook.book_id
    copied.close()
    assert [(part.book, part.apart) for part in told.parts] == [(held, False), (held, True), (book, False)]
    assert (told.planned, told.done) == (14, 14)


def test_a_round_that_the_next_book_only_names_is_not_made_up(office: Office, crew: Crew) -> None:
    name = crew.begin()
    crew.go(1, 14)
    crew.finish()
    crew.logbook.succeed("office", fold=Memory)
    crew.logbook.append(Draft("stop.skipped", {"round": name, "stop": "fitness", "reason": "weather", "words": ""}))
    crew.logbook.append(Draft("stop.skipped", {"round": "x#1", "stop": "fitness", "reason": "weather", "words": ""}))
    crew.sync()
    told = folded(office, name)
    assert told.parts == ()
    assert told.skipped == 0
