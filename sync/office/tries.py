"""How often an address may guess, in ten minutes and at whichever worker: five wrong enrolment codes, thirty wrong
passwords (behind one address there may be a whole office of people). Then it waits. Both are counted in one table
(store/seen.py), passwords under `door` and the address.
"""

from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from sqlalchemy import Connection

from sync.office.store import Store, seen

LIMIT: Final = 5
DOOR_LIMIT: Final = 30
WINDOW_MS: Final = 10 * 60 * 1000
MAX_BUCKETS: Final = 10_000
LONGEST: Final = 64


def bucket(address: str) -> str:
    """Addresses that count as one: an IPv4 address, an IPv6 /64 (one subscriber has all of it)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:LONGEST]
    return str(ip_network(f"{ip}/64", strict=False)) if isinstance(ip, IPv6Address) else str(ip)


def count_at_door(tx: Connection, address: str, now: int) -> int:
    """Count a password that is about to be judged. Seconds to wait when this address may not try one, else 0: what is
    tried at the same time counts too.
    """
    here = _at_door(address)
    if left := _left_ms(tx, here, DOOR_LIMIT, now):
        return -(-left // 1000)
    seen.count_wrong(tx, here, now, WINDOW_MS, MAX_BUCKETS)
    return 0


def right_at_door(tx: Connection, address: str) -> None:
    """It was the right one after all."""
    seen.count_right(tx, _at_door(address))


def _left_ms(tx: Connection, address: str, limit: int, now: int) -> int:
    """How long it still has to wait; 0 while it may try."""
    since, wrong = seen.tries_of(tx, address) or (now, 0)
    return max(0, since + WINDOW_MS - now) if wrong >= limit else 0


def _at_door(address: str) -> str:
    return f"door {bucket(address)}"[:LONGEST]


class Tries:
    """Wrong enrolment codes by address."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def is_open(self, address: str, now: int) -> bool:
        """Whether this address may try a code. `now` is UTC ms."""
        return not await self._store.read(lambda tx: _left_ms(tx, bucket(address), LIMIT, now))

    async def wrong(self, address: str, now: int) -> None:
        """Count a wrong code."""
        counted = partial(seen.count_wrong, address=bucket(address), now=now, window_ms=WINDOW_MS, most=MAX_BUCKETS)
        await self._store.write(counted)
