"""A photograph that came is seen beside its record by who may read the site, and nothing else is given out as one."""

import hashlib
import re
from contextlib import closing

import pytest

from app.logbook.book import Draft
from sync.office import accounts
from sync.office.store.blobs import Part, keep_part
from tests.office.conftest import CHEAP, PASSWORD, SITE, Handheld, Office
from tests.office.test_pages import Page

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\xff\xd9"


def finding(handheld: Handheld, name: str, walked: str) -> Draft:
    body = {
        "attachments": [{"sha256": name, "size": len(JPEG), "type": "image/jpeg"}],
        "category": "water-leak",
        "due": handheld.clock.now().at,
        "fixed": False,
        "kind": "finding",
        "phrase": "drip",
        "point": None,
        "round": walked,
        "stop": None,
        "urgent": False,
        "words": "滴漏",
    }
    return Draft("finding.raised", body, ("zhang-wei",))


@pytest.fixture
def shown(office: Office, handheld: Handheld) -> str:
    """Two findings in a round, one with a photograph that came and one with a photograph that did not."""
    here, away = handheld.logbook.attach(JPEG).sha256, hashlib.sha256(b"elsewhere").hexdigest()
    walked = handheld.walk()
    handheld.write(finding(handheld, here, walked), finding(handheld, away, walked))
    handheld.sync()
    office.account()
    return here


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_photograph_stands_beside_its_record_and_in_the_round(office: Office, shown: str, lang: str) -> None:
    away = {"zh": "照片还在手持机上", "en": "still on its handheld"}[lang]
    with closing(office.browser()) as browser:
        books = browser.get("/books", params={"lang": lang}).text
        records = re.search(r'href="(/records[^"]+)"', books)
        rounds = browser.get("/rounds", params={"site": SITE, "day": "2026-11-20"}).text
        assert records
        walked = re.search(r'href="(/rounds/(?!month)[^"]+)"', rounds)
        assert walked
        for path in (records[1], walked[1]):
            answer = browser.get(path.replace("&amp;", "&"))
            page, sources = Page(answer), re.findall(r'<img src="([^"]+)"', answer.text)
            assert len(sources) == 1
            assert away in page.text
            picture = browser.get(sources[0].replace("&amp;", "&"))
            assert picture.content == JPEG


def test_the_picture_is_nothing_but_a_picture(office: Office, handheld: Handheld, shown: str) -> None:
    text = handheld.logbook.set_apart("张先生 13800000000")
    handheld.write(Draft("visitor.noted", {"attachments": [{"sha256": text}], "text": {"sha256": text}}))
    handheld.sync()
    script = b"<script>alert(1)</script>"
    digest = hashlib.sha256(script).digest()
    part = Part(SITE, bytes(32), digest, 0, len(script), script)
    office.ask(office.store.write(lambda tx: keep_part(tx, part, 1)))
    with closing(office.browser()) as browser:
        found = browser.get(f"/photos/{shown}", params={"site": SITE})
        assert found.status_code == 200
        assert found.headers["content-type"] == "image/jpeg"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
        assert found.headers["cache-control"] == "no-store"
        names = (text, digest.hex(), "ab" * 32, "../../keys", shown.upper(), "x" * 64)
        for name in names:
            refused = browser.get(f"/photos/{name}", params={"site": SITE})
            assert refused.status_code == 404, name
            assert "html" in refused.headers["content-type"]
        assert browser.get(f"/photos/{shown}", params={"site": "another"}).status_code == 404
        assert browser.get(f"/photos/{shown}").status_code == 404


def test_nobody_sees_it_who_may_not_read_the_site(office: Office, shown: str) -> None:
    with closing(office.stranger()) as stranger:
        assert stranger.get(f"/photos/{shown}", params={"site": SITE}).status_code == 303
    office.account("frontdesk", "desk")
    with closing(office.browser("frontdesk")) as browser:
        assert browser.get(f"/photos/{shown}", params={"site": SITE}).status_code == 403


def test_an_account_of_another_site_sees_none_of_them(office: Office, shown: str) -> None:
    office.ask(
        accounts.add(
            office.store, accounts.Applicant("elsewhere", "supervisor", sites=("towers",)), PASSWORD, office.now, CHEAP
        )
    )
    with closing(office.browser("elsewhere")) as browser:
        for query in ({"site": SITE}, {}):
            assert browser.get(f"/photos/{shown}", params=query).status_code in (403, 404)
