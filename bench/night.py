"""A handheld in use, for measuring it: an office that serves, a radio with tags in the air, a round full of checks.

The plan is the example's; only its first night round is due all day long, and asks many times "OK or not" at
every stop, so that there are enough keys that record.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from tests.scenes.office import ROOT, SITE, ask, serving
from tests.virtual_radio import BlueZ, PrivateBus, patrol_tag

GUARD, NUMBER, PIN, DEVICE = "zhang-wei", "1001", "4711", "handheld-01"
CHECKS: Final = 12
"""At each of the round's 14 stops."""
FAR_DBM: Final = -88
"""Tags are heard and nobody is near one: the round is walked by its labels."""
EXAMPLE: Final = ROOT / "examples" / f"{SITE}.yaml"
_SCHEDULE: Final = """schedules:
  night-1:
    route: night-1
    name: {zh: 夜间一巡, en: Night round 1}
    rule: FREQ=DAILY
    start: 00:00
    minutes: 1440
    begins: 2026-01-01

"""


class Night(Struct, frozen=True):
    """A handheld that is enrolled, and what its round needs."""

    office: Path
    handheld: Path
    port: int
    stops: tuple[str, ...]
    """The points of the round, in its order."""
    labels: dict[str, str]
    """Point id -> text of its label."""


def equip(folder: Path) -> Night:
    """Set up an office and enrol a handheld in `folder`."""
    office, handheld = folder / "office", folder / "handheld"
    folder.mkdir(parents=True)
    (folder / "plan.yaml").write_text(asking(EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    people = EXAMPLE.with_suffix(".people.yaml")
    ask(office, "plan", "import", str(folder / "plan.yaml"), "--people", str(people))
    ask(office, "user", "pin", GUARD, "--pin-stdin", stdin=PIN + "\n")
    labels = [json.loads(line) for line in ask(office, "labels", SITE, "--json").splitlines()]
    code = json.loads(ask(office, "device", "add", DEVICE, "--site", SITE, "--json"))["code"]
    with serving(office) as url:
        enrol = [sys.executable, "-m", "screens", "enrol", code, "--office", url, "--data-dir", str(handheld)]
        subprocess.run([*enrol, "--name", DEVICE], check=True, capture_output=True, cwd=ROOT, timeout=60)
        port = int(url.rpartition(":")[2])
    return Night(office, handheld, port, points(EXAMPLE), {row["point"]: row["code"] for row in labels})


def asking(plan: str) -> str:
    """The example plan, its first night round due at any hour and full of checks."""
    checks = "".join(f"      item-{n}: {{zh: {item(n)}, en: Item {n:02}}}\n" for n in range(1, CHECKS + 1))
    plan = plan.replace(
        "checklists:\n", f"checklists:\n  items:\n    name: {{zh: 多项, en: Items}}\n    checks:\n{checks}"
    )
    plan = re.sub(r"^schedules:\n.*?(?=^categories:)", _SCHEDULE, plan, flags=re.MULTILINE | re.DOTALL)
    walked = _route(plan)
    return plan.replace(walked, re.sub(r"\{point: ([\w-]+).*?\}", r"{point: \1, checklist: items}", walked))


def item(number: int) -> str:
    """How the screen asks for this check."""
    return f"第{number:02}项"


def points(plan: Path) -> tuple[str, ...]:
    return tuple(re.findall(r"\{point: ([\w-]+)", _route(plan.read_text(encoding="utf-8"))))


def _route(plan: str) -> str:
    found = re.search(r"^  night-1:\n    kind: patrol\n.*?(?=^  night-2:)", plan, re.MULTILINE | re.DOTALL)
    assert found, "the example has lost its first night round"
    return found[0]


@contextmanager
def radio() -> Iterator[dict[str, str | None]]:
    """A Bluetooth service with ten tags in the air; the environment of a program that is to find it.

    Raises RuntimeError without dbus-daemon.
    """
    if shutil.which("dbus-daemon") is None:
        raise RuntimeError("a round with its radio needs dbus-daemon")
    bus = PrivateBus()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def begin() -> BlueZ:
        daemon = BlueZ(bus.address)
        await daemon.start()
        daemon.plug()
        plan = json.loads(EXAMPLE.with_suffix(".json").read_text(encoding="utf-8"))
        tags = [tag for point in plan["points"] for tag in point.get("tags", [])][:10]
        daemon.enter(
            *(patrol_tag(tag["format"], tag["id"], f"C0:00:00:00:00:{n:02X}", FAR_DBM) for n, tag in enumerate(tags))
        )
        return daemon

    daemon = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    try:
        yield {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}
    finally:
        asyncio.run_coroutine_threadsafe(daemon.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        bus.close()
