"""Whatever an address asks of a page, it is answered: a page, or a sentence that says no. On the stricter database."""

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import httpx
import pytest

from tests import postgres
from tests.office.conftest import SITE, Handheld, Office, _postgres_template, furnished
from tests.office.test_doors import DRAWN, GETS

pytestmark = pytest.mark.proof

NAMES = [
    "account", "act", "after", "as", "at", "book", "colour", "day", "device", "done", "draft", "form", "from", "group",
    "hash", "kind", "month", "name", "next", "of", "paper", "point", "person", "program", "revision", "ring", "role",
    "round", "schedule", "show", "sort", "span", "state", "to", "upto", "weeks", "which", "words",
]  # fmt: skip
"""What pages and lists ask for, and more."""
VALUES = ("1.a\0", "9999-12-31", "9" * 30, "\ud800")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Of an administrator, at an office with a round and an alarm."""
    folder = tmp_path_factory.mktemp("questions")
    office = Office(furnished(folder / "office"), db=postgres.server().database(_postgres_template()))
    with closing(Handheld(office, folder / "handheld")) as handheld:
        handheld.walk()
        handheld.sync()
    office.account("boss", role="admin")
    with closing(office.browser("boss")) as found:
        yield found
    office.close()


@pytest.mark.parametrize("path", sorted(GETS.keys() - DRAWN))
def test_no_question_breaks_a_page(browser: httpx.Client, path: str) -> None:
    address = path.replace("{name:str}", "x").replace("{name:path}", "x").replace("{figure:str}", "missed")
    for value in VALUES:
        raw = value.encode("utf-8", "surrogatepass")
        query = urlencode({"site": SITE, **dict.fromkeys(NAMES, raw)})
        answer = browser.get(f"{address}?{query}")
        assert answer.status_code < 500, value


@pytest.mark.parametrize("host", ["a:99999", "a:b", "a:-1", "[", "", "a/b?c#d", "x" * 5000])
def test_no_name_that_the_office_is_called_by_breaks_a_page(browser: httpx.Client, host: str) -> None:
    for path in ("/login", "/papers", "/enrolment", "/nowhere", "/papers/check"):
        assert browser.get(path, headers={"host": host}).status_code < 500, path
