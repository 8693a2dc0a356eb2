"""What people do at the office is kept: who acted, who looked at a round, and that no row was changed or taken out."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, update

from sync.office.store import Store, audit
from tests.office.conftest import PASSWORD, SITE, Handheld, Office, at, command, sign_in
from tests.office.test_alarms import press, raise_alarm
from tests.office.test_pages import Page, round_path

EN = {"lang": "en"}


def rows(office: Office) -> list[tuple[str, str, str]]:
    """(account, act, subject), oldest first."""
    found = office.ask(office.store.read(lambda tx: audit.listed(tx, most=1000)))
    return [(each.account, each.act, each.subject) for each in reversed(found)]


def test_who_looked_at_a_round_is_kept_once_for_a_while(office: Office, handheld: Handheld) -> None:
    office.account()
    name = handheld.walk()
    handheld.sync()
    browser = office.browser()
    for _ in range(3):
        assert browser.get(round_path(name)).status_code == 200
    office.now += 3_600_000
    browser.get(round_path(name))
    browser.get("/rounds")
    seen = ("chief", "round-seen", name)
    assert rows(office) == [("chief", "signed-in", ""), seen, seen]


def test_who_took_an_alarm_and_who_guessed_a_password_is_kept(office: Office, handheld: Handheld) -> None:
    office.account(person="zhang-wei")
    alarm = raise_alarm(handheld)
    handheld.sync()
    assert sign_in(office.stranger(), "chief", "not the password").status_code == 403
    press(office.browser(), alarm, "taken")
    assert rows(office) == [("chief", "refused", ""), ("chief", "signed-in", ""), ("chief", "alarm-taken", alarm)]


def test_a_command_is_kept_with_who_typed_it_and_no_secret(office: Office) -> None:
    typed = f"{PASSWORD}\n"
    command(office, "user", "add", "desk", "--role", "desk", "--password-stdin", typed=typed)
    command(office, "device", "add", "东门岗9号", "--site", SITE)
    command(office, "export", "--jsonl", "--site", SITE)
    command(office, "user", "remove", "desk")
    command(office, "webhook", "add", SITE, "chat", "--form", "json", "--url", "https://h.example/?key=k-9")
    kept = rows(office)
    assert [act for _, act, _ in kept] == ["user-added", "device-added", "exported", "user-removed", "webhook-added"]
    assert all(account.startswith("shell:") for account, _, _ in kept)
    code, said = command(office, "audit", "--json")
    assert code == 0
    assert json.loads(said)["whole"] is True
    assert "k-9" not in said
    assert PASSWORD not in said


def test_managers_read_the_audit_and_nobody_else(office: Office) -> None:
    office.account("boss", role="manager")
    office.account("chief", role="supervisor")
    page = Page(office.browser("boss").get("/audit", params=EN)).text
    assert "Every row is here" in page
    assert "signed in" in page
    assert office.browser("chief").get("/audit", params=EN).status_code == 403


Break = Callable[[Connection], object]
BREAKS: dict[str, Break] = {
    "a name changed": lambda tx: tx.execute(update(audit.audit).where(audit.audit.c.number == 2).values(account="x")),
    "a time changed": lambda tx: tx.execute(update(audit.audit).where(audit.audit.c.number == 2).values(at=77)),
    "one taken out": lambda tx: tx.execute(delete(audit.audit).where(audit.audit.c.number == 2)),
    "the last taken off": lambda tx: tx.execute(delete(audit.audit).where(audit.audit.c.number == 5)),
}


@pytest.mark.parametrize("breaks", BREAKS.values(), ids=BREAKS)
def test_a_row_that_was_changed_or_taken_out_is_found(tmp_path: Path, breaks: Break) -> None:
    async def act() -> tuple[int | None, int | None]:
        store = await Store.open(tmp_path / "office.db")
        for n in range(5):
            await store.write(lambda tx, n=n: audit.note(tx, n, "chief", "round-seen", SITE, f"round {n}"))  # type: ignore[misc]
        whole = await store.read(audit.first_fault)
        await store.write(breaks)
        found = await store.read(audit.first_fault)
        store.close()
        return whole, found

    whole, found = asyncio.run(act())
    assert whole is None
    assert found is not None


@given(st.text(max_size=60), st.text(min_size=1, max_size=20), st.text(max_size=60))
def test_text_that_moves_from_one_column_into_the_next_changes_the_hash(account: str, moved: str, subject: str) -> None:
    before = audit._link(audit.BEGIN, (1, 0, account + moved, subject))
    assert audit._link(audit.BEGIN, (1, 0, account, moved + subject)) != before


# -- accounts of some sites ----------------------------------------------------------------------

PAGES = ("/rounds", "/books", "/tags", "/labels", "/alarms", "/audit")


@pytest.fixture
def two_sites(office: Office, tmp_path: Path) -> Office:
    """The example compound, and a second site with the same plan under another name."""
    plan = (Path(__file__).parent.parent.parent / "examples" / "cuihu-garden.yaml").read_text(encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(plan.replace("id: cuihu-garden", "id: donghu").replace("Cuihu Garden", "Donghu Towers"), "utf-8")
    code, said = command(office, "plan", "import", str(other))
    assert code == 0, said
    return office


@pytest.mark.parametrize("role", ["supervisor", "manager", "admin", "quality", "desk"])
def test_an_account_of_one_site_sees_that_one_and_no_trace_of_another(two_sites: Office, role: str) -> None:
    office = two_sites
    command(
        office,
        "user",
        "add",
        "one",
        "--role",
        role,
        "--site",
        "donghu",
        "--password-stdin",
        typed=f"{PASSWORD}\n",
    )
    browser = office.browser("one")
    for page in PAGES:
        answer = browser.get(page, params=EN)
        assert answer.status_code in (200, 403), page
        assert "Cuihu" not in answer.text, page
        assert browser.get(page, params={"site": SITE, **EN}).status_code == 403, page
    if role != "desk":
        assert "Donghu" in browser.get("/rounds", params=EN).text


def test_an_alarm_of_another_site_is_neither_shown_nor_taken(two_sites: Office, tmp_path: Path) -> None:
    office = two_sites
    typed = f"{PASSWORD}\n"
    command(office, "user", "add", "one", "--role", "desk", "--site", "donghu", "--password-stdin", typed=typed)
    handheld = Handheld(office, tmp_path / "handheld")
    alarm = raise_alarm(handheld)
    handheld.sync()
    browser = office.browser("one")
    assert "East vehicle gate" not in browser.get("/alarms", params=EN).text
    assert press(browser, alarm, "taken").status_code == 403
    handheld.close()


def test_an_account_of_a_site_without_a_plan_sees_no_other(office: Office) -> None:
    from sync.office import accounts
    from tests.office.conftest import CHEAP

    made = accounts.add(
        office.store, accounts.Applicant("one", "manager", sites=("nowhere",)), PASSWORD, at("2026-11-20 08:00"), CHEAP
    )
    office.ask(made)
    browser = office.browser("one")
    for page in ("/rounds", "/books", "/tags", "/labels"):
        assert "Cuihu" not in browser.get(page, params=EN).text
