"""Review on the handheld with no network: what this book has not sent yet, decided by keys and taken back by one."""

from pathlib import Path

import pytest

from app.duties.evidence import Mark
from app.kinds.reviews import REVIEWS
from app.resume import State, fold
from app.words import say
from screens.home import HomePage
from screens.returned import ReturnedPage
from screens.review import DecidePage, ReviewPage
from screens.round import RoundPage
from tests.screens.plans import label
from tests.screens.test_afterwards import BOTH
from tests.screens.world import SMALL, World, bodies, keys, scan, settle, shows, text, world


def item(lang: str, key: str, shown: str) -> str:
    """The digit beside a row of More."""
    return next(row for row in shown.splitlines() if say(lang, key)[:6] in row).strip()[0]


@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.proof)])
async def test_a_supervisor_with_no_network_sends_a_round_back_and_its_crew_answers_at_once(
    tmp_path: Path, lang: str
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, BOTH)
            await keys(pilot, "enter")
            await scan(pilot, label("point:power"))  # out of order
            await keys(pilot, "1")
            app.down_to(RoundPage)
            await keys(pilot, "5 1 9 enter 4")
            await scan(pilot, label("person:wang-fang"))
            await keys(pilot, "enter asterisk 0")
            await keys(pilot, item(lang, "reviews.review", text(app)))
            await settle(pilot)
            assert shows(app, ReviewPage)
            assert say(lang, "reviews.no_page")[:8] in text(app)
            await keys(pilot, "enter")
            assert shows(app, DecidePage)
            assert say(lang, f"marks.{Mark.OUT_OF_ORDER}") in text(app)
            await keys(pilot, "6 1")
            (sent,) = bodies(here, "review.returned")
            record = here.records()[-1]
            finished = next(entry for entry in here.book.entries() if entry.record.kind == "round.finished")
            assert record.by == ("wang-fang",)
            assert sent["shown"]["hash"] == finished.hash.hex()[:12], "as the office names the same record"
            assert sorted(sent["crew"]) == ["li-min", "zhang-wei"]
            assert ("out-of-order", "power") in {(each["mark"], each["point"]) for each in sent["about"]}
            await keys(pilot, "backspace backspace")
            app.down_to(HomePage)
            await settle(pilot)
            assert say(lang, "reviews.home", n=1, name="")[:6] in text(app)
            await keys(pilot, "asterisk 0")
            await keys(pilot, item(lang, "reviews.more", text(app)))
            assert shows(app, ReturnedPage)
            await keys(pilot, "9")
            (answer,) = bodies(here, "review.answered")
            assert answer["review"] == f"{here.book.book_id}:{record.seq}"
            assert (answer["why"], answer["walked"]) == ("own", sent["shown"]["round"])
            assert refolded(here).share(REVIEWS) == here.watch.state.share(REVIEWS), "a restart knows the same"
            assert say(lang, "reviews.more")[:6] not in text(app)


def refolded(here: World) -> State:
    return fold(State(), here.book.entries(), lambda named: None)
