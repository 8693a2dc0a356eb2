"""A day with the handheld: somebody at the keypad of a real terminal, and the office that gets what was done.

The program, its disk, its terminal, the line and the office's store are real. A scene sets the hour, brings labels
before the scanner, and says after each key what must stand on the screen, in the language of the crew.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from app.logbook.book import Logbook
from app.ports import Moment
from app.record import Record
from hardware.clock import SystemClock
from sync.courier import Courier
from sync.enrolment import enrol
from sync.office import credentials
from tests.office.conftest import ROOT, SITE, ZONE, Office, furnished
from tests.pty import Pty
from tests.scenes.handheld import BEGAN, CLOCK

THURSDAY: Final = "2026-11-26"
WAIT_S: Final = 40.0
"""For what must come: the machine may be busy."""
GUARD_S: Final = 0.8
"""A page that opened by itself takes no key for so long."""
ENTER, BACK, F3, F5 = "\r", "\x7f", "\x1b[13~", "\x1b[15~"


class Hours:
    """What time it is, for the handheld and the office alike: a file that both go by."""

    def __init__(self, file: Path, hour: str) -> None:
        self.file = file
        self._real = SystemClock()
        self._since = self._real.now().up
        self.began = int(datetime.fromisoformat(f"{THURSDAY}T{hour}").replace(tzinfo=ZONE).timestamp() * 1000)
        self._skipped = 0
        self._off: int | None = None
        self.later(0)

    def later(self, minutes: float) -> None:
        """So much time passes at once."""
        self._skipped += round(minutes * 60_000)
        made = self.file.with_suffix(".new")
        made.write_text(f"{self.began + self._skipped} {self._since} 1", encoding="ascii")
        made.replace(self.file)

    def now(self) -> Moment:
        real = self._real.now()
        return Moment(self.began + self._skipped + real.up - self._since, real.up + self._skipped, real.boot, self._off)

    def set_off(self, off: int) -> None:
        self._off = off


class HourlyOffice(Office):
    """The office by the scene's hour."""

    def __init__(self, folder: Path, hours: Hours) -> None:
        self._hours = hours
        super().__init__(folder)

    @property
    def now(self) -> int:  # it passes by itself
        return self._hours.now().at

    @now.setter
    def now(self, at: int) -> None:
        """The scene sets the hour."""

    def code_of(self, kind: str, id: str) -> str:
        """What a label says, or a badge made now."""
        if kind == "person":
            return self.badge(id)
        found = self.ask(self.store.read(lambda tx: credentials.printed(tx, SITE)))
        return next(each.text for each in found if (each.kind, each.id) == (kind, id))


class Keypad:
    """One person with the handheld. `keys` counts what was pressed since it was last set to 0."""

    def __init__(self, folder: Path, hours: Hours, office: HourlyOffice, lang: str) -> None:
        self.folder, self.hours, self.office, self.lang = folder, hours, office, lang
        self.keys = 0
        self.badges: dict[str, str] = {}
        air = folder.with_name("air")
        os.mkfifo(air)
        self._air = os.open(air, os.O_RDWR)
        self._argv = [sys.executable, "-m", "tests.scenes.handheld"]
        self._env = {CLOCK: str(hours.file), BEGAN: str(hours.began)}
        self._run = [*self._argv, "run", "--data-dir", str(folder), "--feed", str(air), "--lang", lang]
        self.pty = self._started()

    def _started(self) -> Pty:
        return Pty(self._run, cols=40, rows=20, env=self._env, cwd=ROOT)

    def close(self) -> None:
        self.pty.close()
        os.close(self._air)

    def dies(self) -> None:
        """The battery is out, and another one in."""
        self.pty.kill()
        self.pty.close()
        self.pty = self._started()

    # -- what the person sees ------------------------------------------------------------------
    def sees(self, zh: str, en: str) -> None:
        """Until this stands on the screen, however it is broken into rows."""
        words = list("".join(zh.split())) if self.lang == "zh" else en.split()
        self.pty.wait_for(re.compile(r"\s*".join(map(re.escape, words))), WAIT_S)

    def sees_not(self, zh: str, en: str) -> None:
        self.pty.wait_gone(zh if self.lang == "zh" else en, WAIT_S)

    # -- what the person does ------------------------------------------------------------------
    def press(self, keys: str) -> Self:
        """Each character is one key; pressed apart, as a thumb does."""
        for key in [keys] if keys.startswith("\x1b") else keys:
            self.keys += 1
            self.pty.send(key)
            self.pty.watch(0.04)
        return self

    def choose(self, zh: str, en: str) -> Self:
        """The digit beside these words; `0` turns the page of a list until they stand there."""
        wanted = re.compile(rf"^([1-9]) .*{re.escape(zh if self.lang == 'zh' else en)}")
        for _ in range(9):
            self.pty.settle(0.15)
            found = next((hit for row in self.pty.lines if (hit := wanted.match(row))), None)
            if found:
                return self.press(found[1])
            self.press("0")
        raise AssertionError(f"nowhere {wanted.pattern}:\n{self.pty.text}")

    def signs_in(self, person: str, zh: str, en: str) -> None:
        """By badge."""
        self.scan_text(self.badges[person])
        self.sees(f"{zh} 已签到", f"{en} has signed in")

    def goes_to_more(self, zh: str, en: str) -> None:
        """`*`, `0`, and the digit beside the words."""
        self.press("*")
        self.sees("0 更多", "0 more")
        self.press("0")
        self.sees("应急预案", "emergencies")
        self.choose(zh, en)

    def scan(self, kind: str, id: str) -> None:
        """The label of a point or an asset, or a person's badge."""
        self.scan_text(self.office.code_of(kind, id))

    def scan_text(self, text: str) -> None:
        os.write(self._air, json.dumps({"qr": text}).encode() + b"\n")

    def looks(self) -> None:
        """At a page that opened by itself."""
        self.pty.watch(GUARD_S)

    # -- afterwards ----------------------------------------------------------------------------
    def records(self, *kinds: str) -> list[Record]:
        """What is on the disk, while the program runs."""
        found = [entry.record for entry in Logbook.read(self.folder).entries()]
        return [record for record in found if not kinds or record.kind in kinds]

    def goes_home(self) -> None:
        """All to the office by the line, then the program ends; the book is sound."""
        self.pty.send(F5)
        self.pty.wait_for(re.compile("^Q:0 ", re.MULTILINE), WAIT_S)
        self.pty.send("\x11")  # Ctrl+Q
        self.sees("1 退出", "1 leave")
        self.pty.send("1")
        assert self.pty.exit_code(WAIT_S) == 0, self.pty.text
        checked = subprocess.run(
            [*self._argv, "verify", "--data-dir", str(self.folder), "--lang", self.lang, "--json"],
            capture_output=True, text=True, cwd=ROOT, env={**os.environ, **self._env}, timeout=60,
        )  # fmt: skip
        assert checked.returncode == 0, checked.stdout + checked.stderr
        book = Logbook.read(self.folder)
        held = self.office.ask(self.office.store.records.of_book(SITE, book.book, 1, 100_000))
        assert [one.raw for one in held] == [entry.raw for entry in book.entries()]

    def office_reads(self) -> str:
        """The sentences about this book's records on the office's page, newest first."""
        book = Logbook.read(self.folder).book.hex()
        with closing(self.office.browser()) as browser:
            page = browser.get("/records", params={"site": SITE, "book": book, "lang": self.lang})
        assert page.status_code == 200, page.text
        return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


@contextmanager
def handheld(folder: Path, hour: str, lang: str, *people: str) -> Iterator[Keypad]:
    """An office with the example compound, and a handheld enrolled there, switched on at `hour`."""
    hours = Hours(folder / "clock", hour)
    office = HourlyOffice(furnished(folder / "office"), hours)
    try:
        office.account(person="wang-qiang")
        logbook = Logbook.open(folder / "handheld", hours)
        issued = office.ask(office.store.devices.add(SITE, "handheld", office.now))
        enrol(logbook, office.url, issued.code, "handheld", hours)
        badges = {person: office.badge(person) for person in people}
        Courier(logbook, hours, on_offset=hours.set_off).exchange()
        logbook.close()
        keypad = Keypad(folder / "handheld", hours, office, lang)
        keypad.badges = badges
        try:
            yield keypad
        finally:
            keypad.close()
    finally:
        office.close()


def bodies(records: list[Record], *names: str) -> list[tuple[Any, ...]]:
    """The members `names` of each body."""
    return [tuple(record.body.get(name) for name in names) for record in records]
