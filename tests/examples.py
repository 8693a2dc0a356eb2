"""The papers in docs/examples, from the example month: `python -m tests.examples` (make examples) makes them again.

The books of the example have new keys each time, so hashes and addresses differ; all else stays.
"""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from app.duties.days import millis
from sync.office.cast import SITE
from sync.office.demo import DAYS, fill_up, furnish, tell_desks
from sync.office.fold import Folding
from sync.office.keys import OfficeKey
from sync.office.papers import catalogue
from sync.office.papers.press import file_of
from sync.office.papers.source import Wish
from sync.office.serve import open_store
from sync.office.store import Store

FOLDER = Path(__file__).parent.parent / "docs" / "examples"
NOW = datetime(2026, 12, 1, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
URL = "https://office.example"
MONTH = (date(2026, 11, 1), date(2026, 11, 30))
WEEK = (date(2026, 11, 24), date(2026, 11, 30))
WANTED = (
    ("month", "zh", MONTH, ("pdf", "docx", "xlsx")),
    ("month", "en", MONTH, ("pdf",)),
    ("fire-patrol", "zh", WEEK, ("pdf",)),
    ("night", "zh", (date(2026, 11, 30), date(2026, 11, 30)), ("pdf",)),
)
"""Paper, language, days, formats."""


def names() -> Iterator[str]:
    for name, lang, _, formats in WANTED:
        yield from (f"{name}-{lang}.{form}" for form in formats)


async def make(folder: Path, days: int = DAYS) -> None:
    """Walk the example's last days before NOW and write its papers into the folder."""
    now = millis(NOW)
    with TemporaryDirectory(prefix="watchbook-examples-") as data:
        store = await open_store(Path(data) / "office.db")
        key = OfficeKey.open(Path(data))
        await furnish(store, key, now, days)
        await fill_up(
            store, now, days, progress=lambda done, of, part: print(f"{done}/{of} {part.name}"), sites=(SITE,)
        )
        await tell_desks(store, key, now, days, "zh")
        await Folding(store).catch_up()
        await write(store, folder, now)
        store.close()


async def write(store: Store, folder: Path, now: int) -> None:
    """The papers that are WANTED, as of `now`, UTC ms."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lang, (first, last), formats in WANTED:
        paper = await catalogue.made(store, Wish(name, SITE, first, last, lang, url=URL), now)
        for form in formats:
            (folder / f"{name}-{lang}.{form}").write_bytes(file_of(paper, form))


if __name__ == "__main__":
    asyncio.run(make(FOLDER))
