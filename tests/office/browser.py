"""Debian's Chromium, driven by Playwright, before a served example office."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
PASSWORD = "open at eight, please"
SERIOUS = ("serious", "critical")


class Example(Struct, frozen=True):
    """The example office, and an administrator's account of it."""

    url: str
    user: str


@contextmanager
def example(folder: Path, days: int = 1) -> Iterator[Example]:
    """`watchbook-office demo` in a process of its own."""
    office = (sys.executable, "-m", "sync.office")
    argv = (*office, "demo", "--json", "--port", "0", "--days", str(days), "--data-dir", str(folder))
    served = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert served.stdout is not None
        url = json.loads(served.stdout.readline())["url"]
        add = (*office, "user", "add", "boss", "--role", "admin", "--password-stdin", "--data-dir", str(folder))
        subprocess.run(add, input=f"{PASSWORD}\n".encode(), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        yield Example(url, "boss")
    finally:
        served.terminate()
        served.wait(30)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def sign_in(page: Page, office: Example) -> None:
    page.goto(f"{office.url}/login")
    page.fill("[name=name]", office.user)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{office.url}/now*")


def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page: rule, and the first elements it is about."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
    ]
