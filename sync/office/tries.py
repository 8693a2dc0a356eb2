"""How often an address may try enrolment codes: five wrong ones in ten minutes, then it waits, at whichever worker."""

from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from sync.office.store import Store, seen

LIMIT: Final = 5
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


class Tries:
    """Wrong tries by address."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def is_open(self, address: str, now: int) -> bool:
        """Whether this address may try a code. `now` is UTC ms."""
        found = await self._store.read(lambda tx: seen.tries_of(tx, bucket(address)))
        return found is None or found[1] < LIMIT or now - found[0] >= WINDOW_MS

    async def wrong(self, address: str, now: int) -> None:
        """Count a wrong code."""
        counted = partial(seen.count_wrong, address=bucket(address), now=now, window_ms=WINDOW_MS, most=MAX_BUCKETS)
        await self._store.write(counted)
