"""Every record that came can be read at the office as a sentence, whatever its kind."""

import re
from contextlib import closing

import pytest

from app.logbook.book import Draft
from tests.office.conftest import SITE, Handheld, Office
from tests.office.test_pages import HOSTILE, SHOWN, Page

CREW = [{"person": "zhang-wei", "method": "badge", "role": "guard"}]
GIVEN = {
    "post": "south-gate-post",
    "crew": CREW,
    "counts": {"radio": 1},
    "differences": {"radio": -1},
    "open": [],
    "late": [],
    "notes": {},
    "words": "对讲机 1/2",
}


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        ("zh", ["张伟 交班:南门岗 对讲机 1/2", "接班:南门岗 没看交接单,原因: 有急事", "接班人没来:南门岗"]),
        (
            "en",
            ["given over: South gate post", "taken over: South gate post without reading the sheet, because: 有急事"],
        ),
    ],
)
def test_a_handover_is_read_at_the_office_in_both_languages(
    office: Office, handheld: Handheld, lang: str, sentences: list[str]
) -> None:
    by = ("zhang-wei",)
    handheld.write(
        Draft("handover.given", GIVEN, by),
        Draft(
            "handover.taken",
            {"post": GIVEN["post"], "sheet": "x:1", "crew": CREW, "override": "urgent", "words": "有急事"},
            by,
        ),
        Draft("relief.missing", {"post": GIVEN["post"]}, by),
        Draft("kind.unknown", {"free": HOSTILE}, by),
    )
    handheld.sync()
    office.account()
    with closing(office.browser()) as browser:
        books = browser.get("/books", params={"lang": lang})
        path = re.search(r'href="(/records[^"]+)"', books.text)
        assert path
        page = Page(browser.get(path[1].replace("&amp;", "&")))
    for sentence in sentences:
        assert sentence in page.text
    assert "<script>" not in page.elements
    assert "kind.unknown" in page.text
    assert SHOWN.split("{{")[0] in page.text, "shown as it is, obeyed by nobody"


def test_a_long_book_is_read_a_hundred_records_at_a_time(office: Office, handheld: Handheld) -> None:
    handheld.write(*(Draft("relief.missing", {"post": f"p{number}"}, ()) for number in range(230)))
    handheld.sync()
    office.account()
    seen: list[int] = []
    with closing(office.browser()) as browser:
        path = f"/records?site={SITE}&book={handheld.logbook.book_id}"
        for _ in range(9):
            answer = browser.get(path)
            assert answer.status_code == 200
            seen += map(int, re.findall(r'<tr><td data-label="[^"]+">(\d+)</td>', answer.text))
            older = re.search(r'href="([^"]+)">(?:更早的|older)<', answer.text)
            if older is None:
                break
            path = older[1].replace("&amp;", "&")
        assert seen == list(range(handheld.logbook.head.seq, 0, -1)), "each once, the newest first"
        for query in ("book=00", f"book={handheld.logbook.book_id}&site=elsewhere", ""):
            assert browser.get(f"/records?{query}").status_code == 404
        for upto in ("0", "-5", "1e9", "9" * 40, "x"):
            answer = browser.get(f"/records?site={SITE}&book={handheld.logbook.book_id}&upto={upto}")
            assert answer.status_code == 200
