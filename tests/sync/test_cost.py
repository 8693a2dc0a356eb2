"""What a night costs on a metered line: bytes that go up for each record, counted at the socket."""

import random
from collections.abc import Iterator
from pathlib import Path

from app.logbook.book import Draft
from tests.sync.places import RunningOffice, handheld
from tests.sync.proxy import Fault, proxy

CREW = ("li-wei", "zhang-min")


def night(stops: int, seed: int = 7) -> Iterator[Draft]:
    """A round as docs/record-format.md has it: at each stop one arrival by beacon and three answers."""
    chance = random.Random(seed)
    round_id = "night-patrol/2026-11-21T22:00/1"
    for number in range(stops):
        stop, up = f"s-{number:03}", 4_000_000 + number * 90_000
        tag = f"fda50693-a4e2-4fb1-afcf-c6eb07647825/10001/{number + 1}"
        ble = {
            "address": f"C0:11:22:33:{number % 256:02X}:{number // 256:02X}",
            "enter": -72,
            "format": "ibeacon",
            "frame": f"m004c:0215fda50693a4e24fb1afcfc6eb076478252711{number + 1:04x}c5",
            "power_1m": -59,
            "samples": [[up + at * 1000, chance.randrange(-71, -55)] for at in range(4)],
            "tag": tag,
        }
        place = {"round": round_id, "stop": stop}
        yield Draft(
            "stop.arrived",
            {**place, "evidence": {"ble": ble}, "grade": "near", "marks": [], "point": f"p-{number:03}"},
            CREW,
        )
        for check in ("extinguisher", "exit-clear", "pressure"):
            value = f"0.{chance.randrange(20, 60)}" if check == "pressure" else None
            answer: dict[str, object] = {
                "asset": None,
                "check": check,
                "marks": [],
                "ok": True,
                "repeated": False,
                "value": value,
                "words": "",
            }
            yield Draft("check.answered", {**place, **answer}, CREW)


def test_a_record_costs_less_than_a_text_message(tmp_path: Path, running: RunningOffice) -> None:
    """Everything counts: hello, headers, signatures, the answerless half of the conversation."""
    with handheld(tmp_path / "h", running) as mine, proxy(running.port, lambda _n, _l: Fault.NONE) as link:
        mine.courier.exchange()
        for draft in night(stops=150):
            mine.clock.walked_ms += 7_000 + len(draft.body) * 1234 % 9000
            mine.logbook.append(draft)
        mine.go_through(link.url)
        mine.courier.exchange()
        each = link.bytes_up / 600
        plain = sum(len(entry.raw) for entry in mine.logbook.entries()) / 602
    print(f"{each:.1f} bytes up for a record, of {plain:.0f} as it is")
    assert each < 65
    assert each < plain / 4
