"""What `watchbook-office paper` and `report` do, once their options are read."""

from datetime import date
from pathlib import Path

from msgspec.structs import replace

from sync.office.command_line import CommandRefused, Noted, now_ms, tell, with_store
from sync.office.day import typed_day
from sync.office.fold import Folding, prepare
from sync.office.month import days_of, is_month
from sync.office.papers import catalogue
from sync.office.papers.catalogue import SORTS
from sync.office.papers.paper import Paper
from sync.office.papers.press import Press
from sync.office.papers.source import Wish
from sync.office.printing import put
from sync.office.settings import Settings
from sync.office.store import Store

AGREES, DIFFERS = 0, 5


def paper(settings: Settings, wish: Wish, out: Path) -> None:
    """Write a paper into a file, in the format that its name ends in. Raises CommandRefused, PaperRefused."""
    form = out.suffix.removeprefix(".").lower()
    formats = SORTS[wish.name].formats
    if form not in formats:
        raise CommandRefused("papers.bad_suffix", formats=" ".join(f".{each}" for each in formats))
    url = settings.public.label_url.rstrip("/")

    async def write(store: Store) -> Paper:
        made = replace(await _made(store, wish), url=url)
        put(out, await Press().file(made, form))
        return made

    noted = Noted("paper-made", wish.site, f"{wish.name}.{form} {wish.first} {wish.last} {wish.of}")
    made = with_store(settings, write, noted, site=wish.site)
    fields = {"path": str(out), "records": made.made.records, "hash": made.made.hash}
    tell(settings, "papers.made", fields)


def check(settings: Settings, wish: Wish, digest: str) -> int:
    """Tell whether the paper with that hash is made from the records that are here: AGREES or DIFFERS."""
    noted = Noted("paper-checked", wish.site, f"{wish.name} {wish.first} {wish.last} {digest[:12]}")
    made = with_store(settings, lambda store: _made(store, wish), noted, site=wish.site).made
    same = made.hash == digest.strip().lower()
    key = "papers.check_same" if same else "papers.check_changed"
    tell(settings, key, {"agrees": same, "records": made.records, "hash": made.hash})
    return AGREES if same else DIFFERS


async def _made(store: Store, wish: Wish) -> Paper:
    """Everything that is held is folded before."""
    now = now_ms()
    await store.write(prepare)
    await Folding(store).catch_up()
    return await catalogue.made(store, wish, now)


def report(settings: Settings, wanted: str, site: str, out: Path) -> None:
    """The monthly report of `2026-11`. Raises like `paper`."""
    if not is_month(wanted):
        raise CommandRefused("papers.bad_month")
    first, last = (date.fromisoformat(text) for text in days_of(wanted))
    paper(settings, Wish("month", site, first, last, settings.lang), out)


def wish_of(name: str, site: str, first: str, last: str, of: str, lang: str) -> Wish:
    """Raises CommandRefused for days that are none."""
    days = typed_day(first), typed_day(last or first)
    if days[0] is None or days[1] is None:
        raise CommandRefused("papers.bad_day")
    return Wish(name, site, days[0], days[1], lang, of)
