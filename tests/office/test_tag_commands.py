"""`watchbook-office tag`: a key goes in unseen, and never comes out again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.office.conftest import PEOPLE, SITE
from tests.office.tags_air import BIND_KEY, EID_KEY, SENSOR
from tests.office.test_cli import Done, run
from tests.office.test_tags import secret_plan

__all__ = ["run"]


@pytest.fixture
def where(tmp_path: Path, run: Callable[..., Done]) -> tuple[str, ...]:
    """An office with the example and its two tags that have a secret."""
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(secret_plan())
    given = ("--data-dir", str(tmp_path / "office"), "--lang", "en")
    done = run("plan", "import", str(plan), "--people", str(PEOPLE), *given)
    assert done.code == 0
    assert "no key yet for 1" in done.err
    assert "garden-5" in done.err
    return given


def test_a_key_from_standard_input_is_kept_and_listed_without_itself(
    run: Callable[..., Done], where: tuple[str, ...]
) -> None:
    told = run("tag", "key", SITE, "garden-5", "--eid", "-", "--counter", "77", *where, stdin=EID_KEY.hex() + "\n")
    assert told.code == 0
    assert "number 1" in told.out
    assert "77 s" in told.out
    at = ("--at", "2026-11-20T20:00:00+08:00")
    assert run("tag", "key", SITE, SENSOR.lower(), "--bthome", BIND_KEY.hex(), *at, *where).code == 0
    listed = run("tag", "list", "--json", *where)
    found = {each["tag"]: each for each in json.loads(listed.out)}
    assert set(found) == {"garden-5", SENSOR}
    assert found["garden-5"]["point"] == "fitness"
    assert found[SENSOR]["since"] == 1_795_176_000_000
    shown = run("tag", "list", SITE, *where)
    for done in (told, listed, shown):
        assert EID_KEY.hex() not in done.out + done.err
        assert BIND_KEY.hex() not in done.out + done.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("garden-5",), "--eid or with --bthome"),
        (("garden-5", "--eid", "00" * 16, "--bthome", "00" * 16), "--eid or with --bthome"),
        (("garden-5", "--eid", "12 34"), "32 hex digits"),
        (("garden-5", "--eid", "geheim"), "32 hex digits"),
        (("garden-6", "--eid", "00" * 16), "no tag eddystone-eid: garden-6"),
        (("garden-5", "--bthome", "00" * 16), "no tag bthome: GARDEN-5"),
        (("garden-5", "--eid", "00" * 16, "--at", "yesterday"), "2026-11-21T22:00:00+08:00"),
    ],
)
def test_what_cannot_be_a_key_is_refused_and_not_repeated(
    run: Callable[..., Done], where: tuple[str, ...], args: tuple[str, ...], said: str
) -> None:
    done = run("tag", "key", SITE, *args, *where)
    assert done.code == 1
    assert said in done.err
    assert "geheim" not in done.err
    assert "00" * 16 not in done.err
    assert json.loads(run("tag", "list", "--json", *where).out) == []


def test_a_site_nobody_knows_has_no_tags(run: Callable[..., Done], where: tuple[str, ...]) -> None:
    assert run("tag", "key", "nowhere", "garden-5", "--eid", "00" * 16, *where).code == 1
