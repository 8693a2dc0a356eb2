"""How often an address may try enrolment codes: five wrong ones in ten minutes, then it waits."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

LIMIT: Final = 5
WINDOW_MS: Final = 10 * 60 * 1000
MAX_BUCKETS: Final = 10_000


def bucket(address: str) -> str:
    """Addresses that count as one: an IPv4 address, an IPv6 /64 (one subscriber has all of it)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{ip}/64", strict=False)) if isinstance(ip, IPv6Address) else str(ip)


class Tries:
    """Wrong tries by address, in memory: a restart forgives, the code's own count doesn't."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, int]] = {}

    def is_open(self, address: str, now: int) -> bool:
        """Whether this address may try a code. `now` is UTC ms."""
        since, count = self._wrong.get(bucket(address), (now, 0))
        return count < LIMIT or now - since >= WINDOW_MS

    def wrong(self, address: str, now: int) -> None:
        """Count a wrong code."""
        name = bucket(address)
        since, count = self._wrong.pop(name, (now, 0))
        if now - since >= WINDOW_MS:
            since, count = now, 0
        while len(self._wrong) >= MAX_BUCKETS:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[name] = (since, count + 1)
