"""Programs for handhelds, as an administrator takes them in and offers them: by command, and on the page."""

import os
import re
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from sync.office import accounts
from sync.office.store import conditions
from sync.wire import Condition
from tests.office.conftest import CHEAP, PASSWORD, SITE, Handheld, Office, command
from tests.rollout.making import STRANGER
from tests.rollout.scripts import NEW, packed, planted


def files(folder: Path) -> tuple[Path, Path, Path]:
    """The publisher's key, a release, and one that somebody else signed."""
    key = planted(folder / "tree").key
    good, bad = folder / f"watchbook-{NEW}.tar", folder / "forged.tar"
    good.write_bytes(packed())
    bad.write_bytes(packed("0.3.1", key=STRANGER))
    return key, good, bad


def says(office: Office, handheld: Handheld, program: str, update: str) -> None:
    """What the handheld last told of itself."""
    [device] = office.ask(office.store.devices.of(SITE))
    said = msgspec.json.encode(Condition(program=program, seq=1, update=update))
    row = conditions.Row(SITE, device.device, handheld.logbook.book, office.now, said)
    office.ask(office.store.write(lambda tx: conditions.put(tx, row)))


def test_the_commands_take_in_offer_and_list(office: Office, handheld: Handheld, tmp_path: Path) -> None:
    key, good, bad = files(tmp_path)

    def release(*words: str) -> tuple[int, str]:
        return command(office, "release", *words)

    assert release("list") == (0, "no releases yet\n")
    assert "release key publisher.pem" in release("add", str(good))[1]
    assert release("key", str(good))[0] == 1
    assert release("key", str(key))[0] == 0
    code, told = release("add", str(bad))
    assert (code, "signed" in told) == (1, True)
    assert release("add", str(good)) == (0, f"{NEW} for {os.uname().machine} was taken in (0 MB)\n")
    assert "say to whom" in release("offer", NEW)[1]
    assert "say to whom" in release("offer", NEW, "--ring", "pilot", "--all")[1]
    assert release("offer", NEW, "--ring", "pilot") == (0, f"{NEW} is offered to ring pilot\n")
    assert release("offer", "7.7.7", "--all")[0] == 1
    says(office, handheld, NEW, "updating.taken")
    [listed] = msgspec.json.decode(release("list", "--json")[1])
    assert (listed["version"], listed["offers"][0]["ring"], listed["runs"]) == (NEW, "pilot", 1)
    assert "ring pilot  run by 1" in release("list")[1]
    assert "still offered" in release("remove", NEW)[1]
    assert release("withdraw", NEW, "--ring", "other") == (0, f"{NEW} is offered no more (withdrawn: 0)\n")
    assert release("withdraw", NEW, "--all") == (0, f"{NEW} is offered no more (withdrawn: 1)\n")
    assert release("remove", NEW)[0] == 0
    assert release("list") == (0, "no releases yet\n")
    audit = command(office, "audit")[1]
    for act in ("trusted a publisher's key", "took a program", "offered a program", "withdrew", "dropped a program"):
        assert act in audit, act


@pytest.mark.proof
def test_the_page_takes_in_offers_and_says_who_did_not_take_it(
    office: Office, handheld: Handheld, tmp_path: Path
) -> None:
    key, good, bad = files(tmp_path)
    office.account("admin", "admin")
    office.ask(
        accounts.add(office.store, accounts.Applicant("one-site", "admin", sites=(SITE,)), PASSWORD, office.now, CHEAP)
    )
    with closing(office.browser("admin")) as browser, closing(office.browser("one-site")) as other:

        def page() -> str:
            return browser.get("/releases", params={"lang": "en"}).text

        def token(text: str) -> str:
            found = re.search(r'name="csrf" value="([^"]+)"', text)
            assert found
            return found[1]

        def sent(path: str = "/releases", **fields: str) -> tuple[int, str]:
            answer = browser.post(path, data={"csrf": csrf, **fields}, params={"lang": "en"}, follow_redirects=True)
            return answer.status_code, answer.text

        def brought(file: Path) -> tuple[int, str]:
            given = {"file": (file.name, file.read_bytes())}
            answer = browser.post(
                "/releases/file", data={"csrf": csrf}, files=given, params={"lang": "en"}, follow_redirects=True
            )
            return answer.status_code, answer.text

        assert "release key publisher.pem" in page()
        command(office, "release", "key", str(key))
        csrf = token(page())
        assert brought(bad)[0] == 409
        assert f"{NEW} was taken in" in brought(good)[1]
        code, told = sent(act="offer", version=NEW)
        assert (code, "name the ring first" in told) == (409, True)
        assert "is offered" in sent(act="offer", version=NEW, ring="pilot")[1]
        assert "ring pilot" in page()
        assert sent(act="offer", version=NEW, ring='"><script>')[0] == 409
        assert "is offered" in sent(act="offer-all", version=NEW, ring="ignored")[1]
        assert "all handhelds" in page()
        assert sent(act="remove", version=NEW)[0] == 409
        assert sent(act="explode", version=NEW)[0] == 409
        for said, told in (
            ("", "is fetched once the handheld is idle and charging"),
            ("updating.never_free", "somebody was always on shift"),
        ):
            says(office, handheld, "0.2.0", said)
            assert told in browser.get("/devices", params={"lang": "en"}).text
        says(office, handheld, "0.2.0", "updating.rolled_back")
        text = page()
        assert "The new program did not run as it should: the one before is back" in text
        assert "东门岗1号" in text
        assert '<td data-label="Site">Cuihu Garden</td>' in text
        assert "0.2.0 (1)" in text
        listed = browser.get("/releases", params={"lang": "en", "sort": "-added", "as": "csv"}).text
        assert re.search(rf"\n{re.escape(NEW)} .* MB,[^,]+,all handhelds; ring pilot,0", listed), listed
        sent(act="withdraw", version=NEW, ring="pilot")
        sent(act="withdraw", version=NEW, ring="")
        assert "offered to nobody" in page()
        assert "was dropped" in sent(act="remove", version=NEW)[1]
        theirs = other.get("/releases", params={"lang": "en"})
        assert theirs.status_code == 200
        answer = other.post("/releases", data={"csrf": token(theirs.text), "site": SITE, "act": "offer-all"})
        assert answer.status_code == 409
