"""A supervisor sees both histories of a copied handheld, and that neither was written over."""

import shutil
from contextlib import closing
from pathlib import Path

from app.logbook.book import Draft, Logbook
from sync.courier import Courier
from sync.office.demo import HastyDisk
from tests.office.conftest import Handheld, Office
from tests.office.test_pages import Page


def test_both_books_of_a_copied_handheld_stand_under_its_name(office: Office, tmp_path: Path) -> None:
    handheld = Handheld(office, tmp_path / "handheld", "北门2号")
    handheld.write(Draft("note.made", {"n": 0}))
    handheld.sync()
    shutil.copytree(tmp_path / "handheld", tmp_path / "copy")
    handheld.write(*(Draft("note.made", {"n": n}) for n in range(5)))
    handheld.sync()
    with closing(Logbook.open(tmp_path / "copy", handheld.clock, HastyDisk())) as copy:
        copy.append(*(Draft("note.made", {"n": -n}) for n in range(1, 8)))
        Courier(copy, handheld.clock).exchange()
        assert copy.unsent == 0
        assert copy.book != handheld.logbook.book
        books = {handheld.logbook.book_id[:16], copy.book_id[:16]}
    handheld.close()
    office.account()
    browser = office.browser()
    zh = Page(browser.get("/rounds", params={"lang": "zh"})).text
    en = Page(browser.get("/rounds", params={"lang": "en"})).text
    assert all(book in zh for book in books)
    assert zh.count("北门2号") == 2
    assert zh.count("另有8条是同号的另一份记录") == 1, "seven, and the end of the copied book"
    assert "8 of another history under the same numbers" in en
