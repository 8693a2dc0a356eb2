"""A violation by keys: one finding leads through record, notice and report (D35)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.duties.provisions import Violation
from app.duties.site import Phrase, Text
from app.errors import NotAllowed
from app.kinds.violations import VIOLATIONS
from app.violations import Violations
from app.words import say
from screens.matters import MatterPage, MattersPage
from screens.violations import NoticePage
from tests.screens.plans import PINS, PLAN, pages
from tests.screens.test_camera import says
from tests.screens.test_orders import more
from tests.screens.test_photos import film, with_photos
from tests.screens.world import SIGN_IN, SMALL, bodies, keys, settle, shows, text, until, world

RULE = Violation(
    Text("城管中队", "Urban management"),
    (Phrase("stop", Text("立即停止", "stop at once")), Phrase("restore", Text("恢复原状", "restore it"))),
)
SITE = pages(
    replace(
        PLAN,
        categories=tuple(replace(each, violation=RULE if each.id == "build" else None) for each in PLAN.categories),
    )
)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_one_finding_leads_through_three_papers(tmp_path: Path, lang: str) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-20T10:00:00+08:00") as here:
        app = with_photos(here, lang, film(tmp_path))
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, SIGN_IN)
            await here.watch.report("lamp", "leak")
            found = await here.watch.report("build", "leak")
            await more(pilot, app, say(lang, "more.matters"))
            assert shows(app, MattersPage)
            await keys(pilot, "1")
            assert say(lang, "violations.paper_record") in text(app)
            await keys(pilot, "3 1 3 7 minus 2 0 1 enter")  # the owner, would not stop, room 7-201
            assert "7-201" in text(app)
            await keys(pilot, "enter")
            (record,) = bodies(here, "violation.recorded")
            assert (record["finding"], record["party"], record["answer"]) == (found.id, "owner", "refused")
            assert (record["room"], record["found"]) == ("7-201", found.at)
            assert shows(app, MatterPage)
            assert say(lang, "violations.answer_refused") in text(app)
            here.clock.pass_by(3600)
            await keys(pilot, "3 2")
            await keys(pilot, "enter")
            assert says(app, lang, "orders.why_no-value"), "a notice has a number"
            await keys(pilot, "8 8 enter 2 9")  # no. 88, refused to sign, a photograph of it
            assert shows(app, NoticePage)
            await until(pilot, lambda: says(app, lang, "photo.key_more"))
            await keys(pilot, "backspace 3 enter")  # no: it was posted on the door
            (notice,) = bodies(here, "violation.noticed")
            assert (notice["demand"], notice["number"], notice["signed"]) == ("restore", "88", "posted")
            assert notice["words"] == RULE.demands[1].text.say(lang)
            assert len(notice["attachments"]) == 1
            assert notice["comply"] == here.clock.at + 3 * 24 * 3_600_000
            app.go_home()
            await settle(pilot)
            assert say(lang, "violations.paper_report")[:6] in text(app)
            here.clock.pass_by(5 * 24 * 3600)
            app.open(MatterPage(found.id))
            await settle(pilot)
            await keys(pilot, "3 1 5 5 enter enter")
            (report,) = bodies(here, "violation.reported")
            assert (report["handed"], report["number"], report["words"]) == ("receipt", "55", RULE.authority.say(lang))
            assert RULE.authority.say(lang) in " ".join(text(app).split())
            await keys(pilot, "3")
            assert shows(app, MatterPage), "there is no fourth paper"
    with world(tmp_path / "book", SITE, at="2026-11-26T10:00:00+08:00") as here:
        case = here.watch.state.share(VIOLATIONS)[found.id]
        assert (case.party, case.number, case.signed) == ("owner", "88", "posted")
        assert found.at <= case.recorded <= (case.noticed or 0) <= (case.reported or 0)


async def test_what_is_out_of_order_is_one_sentence(tmp_path: Path) -> None:
    with world(tmp_path / "book", SITE, at="2026-11-20T10:00:00+08:00") as here:
        await here.watch.sign_in_pin("zhang-wei", PINS["zhang-wei"])
        acts = Violations.of(here.watch)
        lamp, build = await here.watch.report("lamp", "leak"), await here.watch.report("build", "leak")
        before = len(here.records())
        for act, key in (
            (acts.record_violation(lamp.id, "owner", "refused"), "violations.none"),
            (acts.record_violation(build.id, "owner", "refused", "Mr. Li"), "orders.bad_room"),
            (acts.record_violation(build.id, "boss", "refused"), "watch.unknown_reason"),
            (acts.notify_violation(build.id, "stop", "7", "signed"), "violations.why_too-early"),
            (acts.notify_violation(build.id, "burn", "7", "signed"), "watch.unknown_reason"),
            (acts.report_violation(build.id, "phone"), "violations.why_too-early"),
            (acts.report_violation(build.id, "receipt"), "violations.why_no-number"),
            (acts.report_violation("x:1", "phone"), "orders.finding_gone"),
        ):
            with pytest.raises(NotAllowed) as refused:
                await act
            assert refused.value.key == key
            assert all(refused.value.say(lang) for lang in ("zh", "en"))
        assert len(here.records()) == before
