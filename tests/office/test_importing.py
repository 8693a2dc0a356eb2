"""What an import takes in, what it refuses, and whom a site's handhelds are told about."""

import asyncio
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from app.codes import digest, parse
from app.duties.site import Credentials, People
from sync.office import credentials, importing
from sync.office.serve import open_store
from sync.office.store import Store
from tests.office.conftest import PEOPLE, PLAN, SITE

T0 = 1_800_000_000_000
"""In January 2027: the example has come into effect."""
TEXT = PLAN.read_text(encoding="utf-8")


async def taken(store: Store, text: str) -> importing.Taken:
    found = await importing.check(store, text.encode(), PEOPLE)
    assert [fault.say("en") for fault in found.faults if not fault.warning] == []
    return await importing.take(store, found, T0)


async def sent(store: Store) -> tuple[People, Credentials]:
    """What the site's handhelds are given."""
    items = [await store.changes.current(SITE, kind, SITE) for kind in ("people", "credentials")]
    people, known = (item.body for item in items if item is not None)
    assert people is not None
    assert known is not None
    return msgspec.json.decode(people, type=People), msgspec.json.decode(known, type=Credentials)


def test_a_sites_handhelds_know_only_those_who_work_there(tmp_path: Path) -> None:
    """Decision 15: the others' names, PINs and badges stay at the office."""

    async def act() -> None:
        store = await open_store(tmp_path / "office.db")
        await taken(store, TEXT)

        def equip(tx: Connection) -> dict[str, str]:
            for who in ("zhang-wei", "ye-changgen"):
                credentials.set_pin(tx, who, f"{who}:hash", T0)
            return {who: credentials.make_badge(tx, who, T0) for who in ("zhang-wei", "ye-changgen")}

        badges = await store.write(equip)
        before, known = await sent(store)
        assert {"zhang-wei", "ye-changgen"} <= {person.id for person in before.people}
        assert set(known.pins) == {"zhang-wei", "ye-changgen"}
        await taken(store, TEXT.replace("  gardener: [ye-changgen, pan-fugui]\n", "  gardener: [pan-fugui]\n"))
        after, known = await sent(store)
        assert {person.id for person in before.people} - {person.id for person in after.people} == {"ye-changgen"}
        assert set(known.pins) == {"zhang-wei"}
        tokens = {who: code.token for who, text in badges.items() if (code := parse(text))}
        hashes = {who: digest(known.salt, token) for who, token in tokens.items()}
        assert known.codes[hashes["zhang-wei"]].startswith("person:zhang-wei/")
        assert hashes["ye-changgen"] not in known.codes
        assert "ye-changgen" in {person.id for person in (await store.read(credentials.people_of)).people}
        store.close()

    asyncio.run(act())


def test_the_office_remembers_which_ids_were_used(tmp_path: Path) -> None:
    """Decision 22: labels and records of the old place would speak for the new one."""
    asset = next(line for line in TEXT.splitlines() if line.startswith("  dt-") and "name:" in line)
    name = asset.partition(":")[0].strip()
    new = asset.replace("name: {zh: ", "name: {zh: 新")
    unused = TEXT.replace(asset + "\n", "").replace(f"[{name}, ", "[")
    assert new != asset

    async def act() -> None:
        store = await open_store(tmp_path / "office.db")
        assert (await taken(store, TEXT)).revision == 1
        assert (await taken(store, unused)).revision == 2
        again = await importing.check(store, TEXT.replace(asset, new).encode(), PEOPLE)
        assert again.refused
        [fault] = [fault for fault in again.faults if not fault.warning]
        assert (fault.key, fault.fields["name"], fault.fields["revision"]) == ("plans.reused_id", name, 1)
        assert TEXT.splitlines()[fault.line - 1] == asset
        assert (await taken(store, TEXT)).revision == 3
        store.close()

    asyncio.run(act())
