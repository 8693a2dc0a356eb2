"""Who gets through the office's door, how often one may guess, and what of it is on the disk."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, func, select

from app.errors import NotAllowed, PinLocked
from sync.office import accounts
from sync.office.accounts import AccountRefused, Applicant
from sync.office.serve import open_store
from sync.office.store import Store
from sync.office.store import accounts as table
from sync.office.store.accounts import Account, Tries
from sync.office.tries import DOOR_LIMIT, WINDOW_MS

T = TypeVar("T")
CHEAP = accounts.Cost(memory_kib=64, passes=1)
NOW = 1_790_000_000_000
PASSWORD = "open at eight, please"
HERE = "192.0.2.1"


def on(folder: Path, act: Callable[[Store], Awaitable[T]]) -> T:
    """One run of the office: open, act, close."""

    async def run() -> T:
        store = await open_store(folder / "office.db")
        try:
            return await act(store)
        finally:
            store.close()

    return asyncio.run(run())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    on(tmp_path, lambda store: accounts.add(store, Applicant("Chief", "supervisor", "zhang-wei"), PASSWORD, NOW, CHEAP))
    return tmp_path


async def fails(store: Store, name: str, password: str, now: int, cost: accounts.Cost = CHEAP) -> str:
    """What the door says to a wrong try."""
    with pytest.raises(NotAllowed) as caught:
        await accounts.open_session(store, name, password, HERE, now, cost)
    return caught.value.say("en")


def test_the_right_password_opens_for_twelve_hours(folder: Path) -> None:
    async def act(store: Store) -> None:
        opened = await accounts.open_session(store, " CHIEF ", PASSWORD, HERE, NOW)
        late = NOW + 12 * 3600 * 1000
        assert opened.session.person == "zhang-wei"
        assert await accounts.session(store, opened.cookie, late - 1) == opened.session
        assert await accounts.session(store, opened.cookie, late) is None
        assert await accounts.session(store, opened.cookie[:-1], NOW) is None

    on(folder, act)


def test_a_name_nobody_has_is_told_the_same_as_a_wrong_password(folder: Path) -> None:
    async def act(store: Store) -> None:
        assert await fails(store, "nobody", "x", NOW) == await fails(store, "chief", "x", NOW)

    on(folder, act)


def test_after_five_wrong_tries_every_try_waits_longer_and_a_restart_forgets_nothing(folder: Path) -> None:
    async def guess(store: Store) -> list[str]:
        return [await fails(store, "chief", f"guess {n}", NOW) for n in range(5)]

    assert len(set(on(folder, guess))) == 1

    async def again(store: Store) -> list[int]:
        now, waits = NOW, []
        for _ in range(9):
            with pytest.raises(PinLocked) as caught:
                await accounts.open_session(store, "chief", PASSWORD, HERE, now)  # the right one does not help
            waits.append(caught.value.fields["seconds"])
            now += waits[-1] * 1000
            await fails(store, "chief", "wrong", now)
        return waits

    assert on(folder, again) == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@pytest.mark.parametrize("name", ["chief", "nobody"])
def test_the_wait_is_the_same_whether_the_name_exists(folder: Path, name: str) -> None:
    async def act(store: Store) -> None:
        for _ in range(5):
            await fails(store, name, "wrong", NOW)
        with pytest.raises(PinLocked):
            await accounts.open_session(store, name, "wrong", HERE, NOW + 29_000)

    on(folder, act)


def test_a_day_without_a_try_forgets_the_wrong_ones(folder: Path) -> None:
    times = [NOW + n for n in range(4)] + [NOW + accounts.FORGET_MS + 10 + n for n in range(5)]

    async def act(store: Store) -> list[str]:
        return [await fails(store, "chief", "wrong", now) for now in times]

    assert len(set(on(folder, act))) == 1, "nobody was told to wait"


def test_an_address_that_tries_name_after_name_waits_and_others_do_not(folder: Path) -> None:
    async def act(store: Store) -> int:
        tries = [fails(store, f"guess {n}", "wrong", NOW) for n in range(DOOR_LIMIT + 10)]
        refused = [said for said in await asyncio.gather(*tries) if "Wait" in said]  # none slips by the others
        with pytest.raises(PinLocked) as caught:
            await accounts.open_session(store, "chief", PASSWORD, HERE, NOW + 60_000)
        await accounts.open_session(store, "chief", PASSWORD, "192.0.2.2", NOW + 60_000)
        await accounts.open_session(store, "chief", PASSWORD, HERE, NOW + WINDOW_MS)
        assert caught.value.fields["seconds"] == 540
        return len(refused)

    assert on(folder, act) == 10


def test_right_passwords_do_not_count_for_their_address(folder: Path) -> None:
    async def act(store: Store) -> None:
        for _ in range(DOOR_LIMIT + 5):
            await accounts.open_session(store, "chief", PASSWORD, HERE, NOW)

    on(folder, act)


def test_whoever_tries_many_names_frees_none_that_waits_and_fills_no_table(folder: Path) -> None:
    def name(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    def spray(tx: Connection) -> tuple[int, Tries]:
        for _ in range(2):
            table.count_try(tx, name("chief"), NOW, 0, 9)
        for n in range(50):
            table.count_try(tx, name(f"guess {n}"), NOW + n, 0, 9)
        return tx.execute(select(func.count()).select_from(table.door_tries)).scalar_one(), table.tries(
            tx, name("chief")
        )

    assert on(folder, lambda store: store.write(spray)) == (9, Tries(2, NOW))


def test_the_right_password_after_the_wait_clears_the_tries(folder: Path) -> None:
    async def act(store: Store) -> None:
        for _ in range(5):
            await fails(store, "chief", "wrong", NOW)
        await accounts.open_session(store, "chief", PASSWORD, HERE, NOW + 31_000)
        for _ in range(5):
            await fails(store, "chief", "wrong", NOW + 40_000)

    on(folder, act)


def test_a_new_password_ends_every_open_session(folder: Path) -> None:
    async def act(store: Store) -> None:
        opened = await accounts.open_session(store, "chief", PASSWORD, HERE, NOW)
        await accounts.add(store, Applicant("chief", "manager"), "another long one", NOW, CHEAP)
        assert await accounts.session(store, opened.cookie, NOW) is None
        await fails(store, "chief", PASSWORD, NOW)
        assert (await accounts.open_session(store, "chief", "another long one", HERE, NOW)).session.role == "manager"

    on(folder, act)


def test_neither_password_nor_cookie_is_on_the_disk(folder: Path) -> None:
    opened = on(folder, lambda store: accounts.open_session(store, "chief", PASSWORD, HERE, NOW))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        raw = path.read_bytes()
        assert PASSWORD.encode() not in raw
        assert opened.cookie.encode() not in raw


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [("", "supervisor", PASSWORD), ("x" * 65, "supervisor", PASSWORD), ("a", "king", PASSWORD),
     ("a", "supervisor", "short"), ("a", "supervisor", "x" * 257)],
)  # fmt: skip
def test_an_account_nobody_could_use_is_refused(folder: Path, name: str, role: str, password: str) -> None:
    with pytest.raises(AccountRefused):
        on(folder, lambda store: accounts.add(store, Applicant(name, role), password, NOW))


def test_a_guess_costs_what_it_should_whether_the_name_exists(tmp_path: Path) -> None:
    """The stored hash names its cost, and a name nobody has is not told by being answered sooner."""

    async def act(store: Store) -> tuple[float, float]:
        await accounts.add(store, Applicant("chief", "supervisor"), PASSWORD, NOW)
        spent: dict[str, list[float]] = {"chief": [], "nobody": []}
        for name in ("chief", "nobody") * 3:
            began = time.process_time()
            await fails(store, name, "wrong", NOW, accounts.COST)
            spent[name].append(time.process_time() - began)
        return min(spent["chief"]), min(spent["nobody"])  # a busy machine makes some dearer

    known, unknown = on(tmp_path, act)
    assert accounts.hash_password("x").startswith("$argon2id$v=19$m=47104,t=3,p=1$")
    assert known > 0.05
    assert 0.5 < known / unknown < 2


def test_a_password_that_was_kept_as_scrypt_still_opens_and_is_kept_as_argon2_from_then_on(tmp_path: Path) -> None:
    salt, raw = bytes(range(16)), PASSWORD.encode()
    digest = hashlib.scrypt(raw, salt=salt, n=2**10, r=8, p=1, dklen=32)
    kept = Account("chief", "supervisor", None, f"scrypt:10:8:1:{salt.hex()}:{digest.hex()}")

    async def act(store: Store) -> list[str]:
        await store.write(lambda tx: table.put(tx, kept, NOW))
        await fails(store, "chief", "wrong", NOW)
        for _ in range(2):
            await accounts.open_session(store, "chief", PASSWORD, HERE, NOW, CHEAP)
        return [each.password for each in await store.read(table.every)]

    (password,) = on(tmp_path, act)
    assert password.startswith("$argon2id$")


def test_one_name_has_one_spelling() -> None:
    assert {accounts.fold_name(name) for name in ("Chief", " chief", "ＣＨＩＥＦ")} == {"chief"}
