"""The real office of a scene: its own process, driven by its own command line."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

ROOT = Path(__file__).parent.parent.parent
SITE = "cuihu-garden"
PASSWORD = "a long night at the gate"
COMMAND = [sys.executable, "-m", "sync.office"]


class Set(Struct, frozen=True):
    """What the office gave out before the night."""

    folder: Path
    badge: str
    """Badge of `guard`."""
    guard: str
    partner: str
    partner_pin: str
    labels: dict[str, str]
    """Point id → text of its label."""
    code: str
    """Enrolment code of one handheld."""


def ask(folder: Path, *args: str, stdin: str = "") -> str:
    """One command of the office on its data; its stdout."""
    done = subprocess.run(
        [*COMMAND, "--data-dir", str(folder), "--lang", "en", *args],
        input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, f"{args}: {done.stderr}"
    return done.stdout


def set_up(folder: Path, guard: str, partner: str) -> Set:
    """The example site with two guards, a supervisor and one handheld to come."""
    plan = ROOT / "examples" / f"{SITE}.yaml"
    ask(folder, "plan", "import", str(plan), "--people", str(ROOT / "examples" / f"{SITE}.people.yaml"))
    ask(folder, "user", "add", "chief", "--role", "supervisor", "--password-stdin", stdin=PASSWORD + "\n")
    ask(folder, "user", "pin", partner, "--pin-stdin", stdin="4711\n")
    badge = json.loads(ask(folder, "user", "badge", guard, "--json"))["code"]
    labels = [json.loads(line) for line in ask(folder, "labels", SITE, "--json").splitlines()]
    code = json.loads(ask(folder, "device", "add", "handheld-01", "--site", SITE, "--json"))["code"]
    return Set(folder, badge, guard, partner, "4711", {row["point"]: row["code"] for row in labels}, code)


@contextmanager
def serving(folder: Path, port: int = 0, now_ms: int | None = None) -> Iterator[str]:
    """The office serves while the scene runs; its URL. `now_ms` sets its clock."""
    staged = [] if now_ms is None else ["--now", datetime.fromtimestamp(now_ms / 1000, UTC).isoformat()]
    with (folder / "serve.log").open("a") as log:
        child = subprocess.Popen(
            [*COMMAND, "serve", "--data-dir", str(folder), "--port", str(port), *staged],
            stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert line.startswith("listening "), line + (folder / "serve.log").read_text()
        yield line.split()[1]
    finally:
        child.terminate()
        child.wait(15)


@contextmanager
def browser(url: str, password: str = PASSWORD, user: str = "chief") -> Iterator[httpx.Client]:
    """A supervisor's browser, logged in."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=20) as client:
        token = re.search(r'name="csrf"[^>]*value="([^"]+)"', client.get("/login").text)
        assert token
        entered = client.post("/login", data={"name": user, "password": password, "csrf": token[1]})
        assert entered.status_code == 200, entered.text
        yield client


def records(folder: Path) -> list[dict[str, Any]]:
    """Every record the office holds, in order, as it would give them to an auditor."""
    rows = [json.loads(line) for line in ask(folder, "export", "--jsonl").splitlines()]
    return [row["record"] for row in rows if "record" in row]
