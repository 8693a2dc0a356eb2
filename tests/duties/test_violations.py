"""Laws of the three papers of a violation: each once, in their order, none dated before the one before (D35)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.duties import violations
from app.duties.days import millis
from app.duties.provisions import Violation
from app.duties.site import Calendar, Phrase, Text
from app.duties.violations import ANSWERS, SIGNED, Case, Made, Paper, Why

ZONE = ZoneInfo("Asia/Shanghai")
RULE = Violation(Text("城管", "the city"), (Phrase("stop", Text("立即停止", "stop at once")),))
FRIDAY = datetime(2026, 9, 25, 15, tzinfo=ZONE)
NATIONAL_DAY = Calendar(holidays=tuple(f"2026-10-0{day}" for day in range(1, 8)), workdays=("2026-09-27", "2026-10-10"))
EVERY_DAY = Calendar()
TIMES = st.integers(0, 2**41)


def made(case: Case | None, paper: Paper, at: int, found: int, answer: str, signed: str, number: str) -> Made:
    match paper:
        case Paper.RECORD:
            return violations.record(case, at, "owner", answer, found=found)
        case Paper.NOTICE:
            return violations.notify(case, at, "stop", number, signed, at + 1000)
    return violations.report(case, at)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(Paper), TIMES, st.sampled_from(ANSWERS), st.sampled_from(SIGNED), st.sampled_from(["", "7"])
    )
)


@given(ACTS, TIMES)
def test_the_papers_come_in_their_order_and_never_go_back_in_time(
    acts: list[tuple[Paper, int, str, str, str]], found: int
) -> None:
    case: Case | None = None
    papers: list[Paper] = []
    for paper, at, answer, signed, number in acts:
        expected = violations.next_paper(case)
        after = made(case, paper, at, found, answer, signed, number)
        if isinstance(after, Why):
            assert paper is not expected or (after is Why.NO_NUMBER and not number)
            assert (after is Why.AGAIN) == (paper in papers)
            continue
        assert paper is expected
        papers.append(paper)
        case = after
        dates = [found, case.recorded, case.noticed, case.comply, case.reported]
        known = [each for each in dates[:3] + dates[4:] if each is not None]
        assert known == sorted(known)
        assert case.comply is None or (case.noticed is not None and case.comply >= case.noticed)
        due = violations.due(case, RULE, EVERY_DAY, ZONE, found)
        assert due is None or due >= known[-1], "nobody is late before there was anything to do"
    assert papers == list(Paper)[: len(papers)]


def due(case: Case | None, calendar: Calendar = EVERY_DAY) -> str:
    found = violations.due(case, RULE, calendar, ZONE, millis(FRIDAY))
    return "" if found is None else f"{datetime.fromtimestamp(found / 1000, ZONE):%m-%d %H:%M}"


def test_each_paper_has_its_own_time() -> None:
    at = millis(FRIDAY)
    assert due(None) == "09-26 00:00"
    refused = violations.record(None, at, "owner", "refused", found=at)
    assert isinstance(refused, Case)
    assert due(refused) == "09-26 00:00"
    stopped = violations.record(None, at, "owner", "stopped", found=at)
    assert isinstance(stopped, Case)
    assert due(stopped) == "", "who stopped at once needs no notice"
    comply = violations.comply_by(RULE, FRIDAY, NATIONAL_DAY)
    signed = violations.notify(refused, at, "stop", "7", "signed", comply)
    assert isinstance(signed, Case)
    assert due(signed) == "09-29 15:00", "three days to do it, then a working day"
    would_not = violations.notify(refused, at, "stop", "7", "refused", comply)
    assert isinstance(would_not, Case)
    assert due(would_not, NATIONAL_DAY) == "09-27 15:00", "at once; and that Sunday is worked"
    over = violations.report(signed, at)
    assert isinstance(over, Case)
    assert due(over) == ""
    assert violations.next_paper(over) is None
