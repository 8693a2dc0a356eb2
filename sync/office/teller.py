"""Tells people by their hooks, in the background of the office, until each hook has taken its notice.

A notice is told at least once: an office that ends between the hook's answer and the note of it tells it again. What
was not taken is tried again with growing waits for a day, then given up; `webhook list` says so.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from sync.office import telling
from sync.office.background import PAUSE_S, Background
from sync.office.hook_forms import CHATS, post_of, took
from sync.office.store import Store, hooks
from sync.office.store.hooks import Hook, Notice

if TYPE_CHECKING:
    import httpx

LOOK_S: Final = 20.0
"""How often alarms that nobody took, and windows that ended, are looked for; a commit wakes it at once."""
MISSED_S: Final = 60.0
LEASE_MS: Final = 60_000
AT_ONCE: Final = 20
FIRST_WAIT_MS: Final = 5_000
LONGEST_WAIT_MS: Final = 15 * 60_000
GIVEN_UP_MS: Final = 24 * 3600 * 1000
KEPT_MS: Final = 30 * 24 * 3600 * 1000
TIMEOUT_S: Final = 10.0
"""A hook that has not answered whole by then has not taken it."""
TURN_S: Final = 10.0
"""A hook that has kept a turn for so long gets the rest in another one: the other hooks wait for this one's end, and
with its last answer it stays well within the lease."""
MOST_ANSWER: Final = 64 * 1024


class Teller:
    """One office's; a commit wakes it. `clock_ms` gives UTC ms."""

    def __init__(
        self, store: Store, clock_ms: Callable[[], int], *, timeout_s: float = TIMEOUT_S, turn_s: float = TURN_S
    ) -> None:
        self._store = store
        self._clock = clock_ms
        self._timeout_s = timeout_s
        self._turn_s = turn_s
        self.background = Background("telling", self._turn, LOOK_S)
        self._looked = 0.0
        store.after_commit.append(self.background.wake)

    async def _turn(self) -> float:
        """Until a notice's turn comes, or it is time to look."""
        await self.look()
        await self.tell()
        turn = await self._store.read(hooks.next_turn)
        return LOOK_S if turn is None else min(LOOK_S, max(PAUSE_S, (turn - self._clock()) / 1000))

    async def look(self) -> int:
        """Find what is to be told; how many notices are new. Alarms each time, rounds and limits once a minute."""
        if not await self._store.read(hooks.every):
            return 0
        now, running = self._clock(), asyncio.get_running_loop().time()
        found = await self._store.read(lambda tx: telling.find_alarms(tx, now))
        if not self._looked or running - self._looked >= MISSED_S:
            self._looked = running
            found += await self._store.read(lambda tx: telling.find_missed(tx, now))
            found += await self._store.read(lambda tx: telling.find_overdue(tx, now))
            found += await self._store.read(lambda tx: telling.find_escalated(tx, now))
            found += await self._store.read(lambda tx: telling.find_silent(tx, now))
        known = await self._store.read(lambda tx: hooks.known(tx, found))
        new = [notice for notice in found if (notice.site, notice.hook, notice.subject) not in known]
        return await self._store.write(lambda tx: hooks.put_notices(tx, new)) if new else 0

    async def tell(self) -> None:
        """Tell what is due, hook by hook."""
        if (turn := await self._store.read(hooks.next_turn)) is None or turn > self._clock():
            return
        import httpx

        mine = await self._store.write(lambda tx: hooks.claim(tx, self._clock(), LEASE_MS, AT_ONCE))
        async with httpx.AsyncClient(timeout=self._timeout_s, follow_redirects=False, trust_env=False) as client:
            by_hook = sorted(mine, key=lambda pair: (pair[0].site, pair[0].name, pair[1].made_at, pair[1].subject))
            groups = [list(those) for _, those in groupby(by_hook, key=lambda pair: (pair[0].site, pair[0].name))]
            await asyncio.gather(*(self._tell_hook(client, those) for those in groups))

    async def _tell_hook(self, client: "httpx.AsyncClient", pairs: list[tuple[Hook, Notice]]) -> None:
        hook = pairs[0][0]
        all_of_it = [notice for _, notice in pairs]
        parts = [all_of_it] if hook.form in CHATS else [[notice] for notice in all_of_it]
        running, why = asyncio.get_running_loop().time, ""
        until = running() + self._turn_s
        for n, part in enumerate(parts):
            if not why and running() >= until:
                await self._give_back(notice for those in parts[n:] for notice in those)
                return
            why = why or await send(client, hook, part, self._clock(), self._timeout_s)  # who is down: not for each
            await self._note(part, why)

    async def _give_back(self, notices: Iterable[Notice]) -> None:
        late, now = list(notices), self._clock()
        await self._store.write(lambda tx: hooks.give_back(tx, late, now))

    async def _note(self, notices: Iterable[Notice], why: str) -> None:
        now = self._clock()

        def note(tx: Connection) -> None:
            for notice in notices:
                if why:
                    hooks.not_told(tx, notice, next_try(notice, now), why)
                else:
                    hooks.told(tx, notice, now)
            hooks.forget_before(tx, now - KEPT_MS)

        await self._store.write(note)


def next_try(notice: Notice, now: int) -> int | None:
    """When a notice that was not taken is tried again, UTC ms; None once it is a day old."""
    if now - notice.made_at >= GIVEN_UP_MS:
        return None
    wait: int = min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** min(notice.tries, 20))
    return now + wait // 2 + secrets.randbelow(wait // 2)


async def send(
    client: "httpx.AsyncClient", hook: Hook, notices: list[Notice], now: int, timeout_s: float = TIMEOUT_S
) -> str:
    """Post it; empty when the hook took it, else why not, with nothing of its address. The client's own limit holds
    for each read: `timeout_s` for all of it.
    """
    import httpx

    post = post_of(hook, notices, now)
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream("POST", post.url, headers=post.headers, content=post.content) as answer,
        ):
            content = b""
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > MOST_ANSWER:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as e:
        return type(e).__name__
    return took(hook.form, answer.status_code, content)
