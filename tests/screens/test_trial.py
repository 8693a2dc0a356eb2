"""A fitter's test sheet, from the paper to the handheld's answer: said on any page, and nothing else happens."""

import re
from pathlib import Path

import pytest
import zxingcpp
from msgspec.structs import replace
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # it ships no types

from app import codes
from app.ports import Scan
from app.words import say
from screens.signin import SignInPage
from screens.stop import StopPage
from sync.office.trials import FIELDS, draw
from tests.screens.plans import SALT, label, pages, token
from tests.screens.test_scanners import Scripted, with_scanners
from tests.screens.world import SIGN_IN, SMALL, keys, scan, settle, text, world


def on_paper() -> dict[int, str]:
    """What a decoder reads of the sheet, by field."""
    picture = PdfDocument(draw("zh", "2026-11-22").pdf)[0].render(scale=150 / 72).to_pil()
    found = {codes.trial_field(each.text): each.text for each in zxingcpp.read_barcodes(picture)}
    return {field: read for field, read in found.items() if field is not None}


def bare(words: str) -> str:
    return re.sub(r"\s+", "", words)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_field_that_a_scanner_types_is_answered_before_anybody_signed_in(tmp_path: Path, lang: str) -> None:
    read = on_paper()
    assert sorted(read) == sorted(field.number for field in FIELDS)
    with world(tmp_path / "book") as here:
        before = here.kinds()
        app = here.terminal(lang)
        async with app.run_test(size=SMALL) as pilot:
            for field, typed in read.items():
                await scan(pilot, typed)
                said = say(lang, "trial.well", field=field, by=say(lang, "trial.by_"))
                assert bare(said) in bare(text(app)), field
                assert isinstance(app.screen, SignInPage)
        assert here.kinds() == before
        assert here.signals.felt == ["ok"] * len(read)


async def test_on_a_round_a_test_code_is_no_arrival_and_no_record(tmp_path: Path) -> None:
    scripted = Scripted()
    with world(tmp_path / "book") as here:
        app = with_scanners(here, scripted, lang="en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter enter")
            before = here.kinds()
            for health, by, said in (
                (None, "serial", "Test field 6 reads well (serial scanner)"),
                (88, "camera", "Test field 6 reads well (camera)"),
                (31, "camera", "Test field 6 reads, with 31% of its correction left"),
            ):
                scripted.said.put_nowait(Scan(codes.trial(6), here.clock.up, health, by))
                await settle(pilot, 6)
                assert bare(said) in bare(text(app))
            assert here.signals.felt[-3:] == ["ok", "ok", "mark"]
            assert here.kinds() == before
            await scan(pilot, label("point:power"))
            assert isinstance(app.screen, StopPage)


async def test_a_label_that_was_replaced_is_said_to_be_old_where_a_fitter_tries_it(tmp_path: Path) -> None:
    sent = pages()
    newer = codes.digest(SALT, token("newer"))
    known = {**sent.credentials.codes, newer: "point:power/" + codes.printed_issue(1)}
    sent = replace(sent, credentials=replace(sent.credentials, codes=known))
    with world(tmp_path / "book", sent) as here:
        app = here.terminal("en")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await scan(pilot, label("person:li-min"))
            await keys(pilot, "enter")
            await scan(pilot, label("point:power"))
            assert bare("an old label, a newer one was made. Take it down") in bare(text(app))
            await scan(pilot, codes.make(1, token("newer")))
            assert "old label" not in text(app)
