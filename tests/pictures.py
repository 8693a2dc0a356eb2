"""The pictures of the READMEs, taken of the real program: `make pictures`.

Needs fonts-noto-cjk, fonts-dejavu-core and chromium. The walk is simulated, the screens and the page are not.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx

from tests.picture import play
from tests.pty import Pty

ROOT: Final = Path(__file__).parent.parent
PICTURES: Final = ROOT / "docs" / "pictures"
SIGN_IN: Final = (
    "<wait:{number}>1001<enter><pause:.3>1111<enter><pause:1>1002<enter><pause:.3>2222<enter><pause:1><enter>"
)
TOUR: Final = (
    SIGN_IN + "<wait:{now}><shot:home-{lang}.png><enter><pause:1><shot:round-{lang}.png>"
    "<wait:{fine}><pause:.8><enter><wait:_]><pause:.8>30<enter><wait:1/3><pause:.8><enter>"
    "<wait:1/2><wait:{roof}><pause:.8><enter><wait:MPa><shot:check-{lang}.png>"
)
LARGE: Final = SIGN_IN + "<wait:{now}><f4><enter><wait:{fine}><pause:.5><shot:large-{lang}.png>"
"""Large letters in the sun."""
WORDS: Final = {
    "zh": {"number": "工号", "now": "现在走", "fine": "剩下的都正常", "roof": "禁止攀爬牌在"},
    "en": {"number": "Number", "now": "Due now", "fine": "all OK", "roof": "1/2"},
}
STILL_FILLING: Final = '<p class="demo">'
FILLED_S: Final = 180
CHROMIUM: Final = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def handheld(lang: str, tour: str, cols: int, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "screens", "demo", "--no-office", "--lang", lang, "--data-dir", folder]
        with Pty(argv, cols=cols, rows=rows, cwd=ROOT) as pty:
            play(pty, tour.format(lang=lang, **WORDS[lang]), PICTURES)


def office() -> None:
    """One round of the example as the supervisor's page shows it."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "sync.office", "demo", "--json", "--port", "0", "--days", "1"]
        served = subprocess.Popen([*argv, "--data-dir", folder], stdout=subprocess.PIPE, cwd=ROOT)
        try:
            assert served.stdout is not None
            desk = json.loads(served.stdout.readline())
            with httpx.Client(base_url=desk["url"], follow_redirects=True, timeout=20) as browser:
                token = re.search(r'name="csrf"[^>]*value="([^"]+)"', browser.get("/login").text)
                assert token
                entry = {"name": desk["user"], "password": desk["password"], "csrf": token[1]}
                browser.post("/login", data=entry)
                listing = _filled(browser)
                day = browser.get(_first(listing, r'href="(/rounds\?[^"]*day=[^"]*)"')).text
                path = _first(day, r'href="(/rounds/[^"]*night[^"]*)"')
                for lang in WORDS:
                    link = f"{path}{'&' if '?' in path else '?'}lang={lang}"
                    shoot(browser, link, Path(folder), f"office-{lang}.png")
        finally:
            served.terminate()
            served.wait(10)


def _filled(browser: httpx.Client) -> str:
    """The list of days, once the whole example is there: what fills it begins a little after the page does."""
    filling, ends = False, time.monotonic() + FILLED_S
    while True:
        page = browser.get("/rounds").text
        if filling and STILL_FILLING not in page:
            return page
        filling = filling or STILL_FILLING in page
        assert time.monotonic() < ends, "the example never came to its end"
        time.sleep(0.5)


def shoot(browser: httpx.Client, path: str, folder: Path, name: str) -> None:
    page = browser.get(path).text
    style = _first(page, r'href="(/static/office\.css[^"]*)"')
    (folder / "office.css").write_text(browser.get(style).text, encoding="utf-8")
    (folder / "page.html").write_text(page.replace(style, "office.css"), encoding="utf-8")
    shot = [*CHROMIUM, f"--user-data-dir={folder}/browser", "--window-size=900,1100", f"--screenshot={PICTURES / name}"]
    subprocess.run([*shot, f"file://{folder}/page.html"], check=True, timeout=60, capture_output=True)


def _first(page: str, pattern: str) -> str:
    found = re.search(pattern, page)
    assert found, f"no {pattern} in the page"
    return found[1].replace("&amp;", "&")


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for lang in WORDS:
        handheld(lang, TOUR, 40, 20)
        handheld(lang, LARGE, 30, 15)
    office()


if __name__ == "__main__":
    main()
