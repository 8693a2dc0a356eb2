"""Tags with a secret in the air of the example compound, and a crew that walks by them."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from app.duties.site import Tag
from hardware.tags import Advert, sightings
from sync.office.ciphers import identity
from sync.office.walker import EVERY_MS, SAMPLES, Walker

EID_KEY = bytes.fromhex("0102030405060708090a111213141516")
BIND_KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
SENSOR = "54:48:E6:8F:80:A5"
EXPONENT = 9
FEAA, FCD2 = "0000feaa-0000-1000-8000-00805f9b34fb", "0000fcd2-0000-1000-8000-00805f9b34fb"
PLAIN = bytes.fromhex("02ca0903bf130162")
"""25.06 degrees, 50.55 %, battery 98 %."""
Sent = tuple[str, dict[str, bytes]]
"""Address and service data."""


@dataclass
class Beacon:
    """An Eddystone-EID beacon whose clock stood at 0 at `zero`, UTC ms, and goes `slow_ms` behind."""

    zero: int
    key: bytes = EID_KEY
    slow_ms: int = 0

    def frame(self, at: int) -> bytes:
        return b"\x30\xe3" + identity(self.key, EXPONENT, (at - self.zero - self.slow_ms) // 1000)

    def sends(self, at: int) -> Sent:
        return "C4:00:00:00:00:01", {FEAA: self.frame(at)}


@dataclass
class Sensor:
    """A BTHome sensor that enciphers; its counter grows with every hearing."""

    counter: int = 100
    key: bytes = BIND_KEY
    plain: bytes = PLAIN

    def frame(self, counter: int) -> bytes:
        info, count = b"\x41", counter.to_bytes(4, "little")
        nonce = bytes.fromhex(SENSOR.replace(":", "")) + b"\xd2\xfc" + info + count
        closed = AESCCM(self.key, tag_length=4).encrypt(nonce, self.plain, None)
        return info + closed[:-4] + count + closed[-4:]

    def sends(self, at: int) -> Sent:
        self.counter += 1
        return SENSOR, {FCD2: self.frame(self.counter)}


Air = Callable[[Tag, int], Sent | None]
"""What a tag sends at a moment (UTC ms by the office); None: what the walker would make up."""


class SecretWalker(Walker):
    """A walker past tags that it could not write itself."""

    air: Air

    async def _stand_at(self, tag: Tag) -> bool:
        first = self._sent(tag)
        if first is None:
            return await super()._stand_at(tag)
        self.watch.forget_sightings()
        accepted = False
        for _ in range(SAMPLES):
            self.clock.wait(EVERY_MS / 1000)
            address, service = self._sent(tag) or first
            for sighting in sightings(Advert(address, -55, self.clock.now().up, {}, service)):
                verdict = (await self.watch.hear(sighting)).verdict
                accepted = accepted or (verdict is not None and verdict.accepted)
        return accepted

    def _sent(self, tag: Tag) -> Sent | None:
        now = self.clock.now()
        return self.air(tag, now.at + (now.off or 0))
