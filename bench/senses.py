"""What hearing and seeing cost: every captured packet understood, beside the least that reading its bytes could be.

The floor looks each frame up by its company or service and writes it as hex, which a record needs anyway.
"""

import sys
import time
from statistics import median
from typing import Final

from bench import reading
from bench.record import ratio
from bench.table import Figure, show
from hardware.tags import LAYOUTS, Advert, sightings
from tests.hardware.captures import VECTORS

ROUNDS: Final = 201
_CARRIERS: Final = {layout.carrier: layout.format for layout in LAYOUTS}


def run() -> list[Figure]:
    heard = [vector.heard() for vector in VECTORS if vector.tag]
    compared = ratio(
        lambda _: [sightings(advert) for advert in heard], lambda _: [_floor(each) for each in heard], ROUNDS
    )
    return [
        ("all captured packets understood / looked up and written as hex", compared, 8),
        *reading.run(),
        ("the dearest captured packet, microseconds", max(_microseconds(advert) for advert in heard), 20),
    ]


def _floor(advert: Advert) -> list[tuple[str | None, str]]:
    frames = [(f"m{company:04x}", data) for company, data in advert.manufacturer.items()]
    frames += [(f"s{uuid[4:8]}", data) for uuid, data in advert.service.items()]
    return [(_CARRIERS.get(carrier), data.hex()) for carrier, data in frames]


def _microseconds(advert: Advert) -> float:
    spent: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        sightings(advert)
        spent.append(time.perf_counter() - began)
    return median(spent) * 1e6


if __name__ == "__main__":
    sys.exit(show(run()))
