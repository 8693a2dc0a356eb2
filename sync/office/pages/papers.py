"""Papers from a browser: which one, of which site and days, in which format; those that were made; the check of one.

What they are made of (2 MB) is imported when somebody asks.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Final

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from app.words import LANGS, say
from sync.office.day import typed_day
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import PATIENCE_S, House
from sync.office.pages.listing import FROM_TO, Column, Listing, Row, Rows, pick
from sync.office.pages.listing import Wish as ListWish
from sync.office.pages.lists import answer
from sync.office.pages.view import Asked, download, lang_of, reached_at
from sync.office.papers import keeping
from sync.office.papers.paper import Paper
from sync.office.papers.press import MEDIA, PaperRefused, Press
from sync.office.places import Places, url
from sync.office.sites import choose, named_plans
from sync.office.store import papers as table
from sync.office.store.papers import PaperOrder, PaperRow
from sync.office.store.plans import site_plan

if TYPE_CHECKING:
    from sync.office.papers.catalogue import Sort
    from sync.office.papers.source import Wish

KEPT: Final = Listing(
    "papers",
    "/papers",
    "papers.title",
    (
        Column("paper", "papers.choose"),
        Column("days", "papers.kept_days", sorts=True),
        Column("made", "papers.kept_at", sorts=True),
        Column("by", "papers.kept_by"),
        Column("records", "papers.kept_records"),
        Column("files", "papers.get"),
    ),
    (pick("paper", "papers.choose"), *FROM_TO),
    sort="made",
    template="papers.html",
    shown=30,
)
"""Those that were made, below the form of the paper that is asked for: what is chosen for one holds for both."""
ORDERS: Final[Mapping[str, PaperOrder]] = {"days": "days", "made": "made"}
"""By the column that sorts."""
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Choice(Struct, frozen=True):
    value: str
    word: str
    chosen: bool = False
    href: str = ""


class FormSeen(Struct, frozen=True):
    """What can be made."""

    site: str
    sites: list[Choice]
    papers: list[Choice]
    paper: str
    first: str
    last: str
    about: list[Choice]
    langs: list[Choice]
    formats: list[Choice]


class Facts(Struct, frozen=True):
    plans: dict[str, Plan]
    site: str
    sort: "Sort"
    about: tuple[tuple[str, str], ...]
    kept: list[PaperRow]
    count: int
    now: int


def read_papers(tx: Connection, wish: ListWish, lang: str, now: int) -> Facts | None:
    """None while there is no site."""
    from sync.office.papers import catalogue

    here = choose(tx, wish.within, wish.site)
    if here is None:
        return None
    site, plans, name = here.site, here.plans, wish.get("paper")
    sort = catalogue.SORTS.get(name) or next(iter(catalogue.SORTS.values()))
    about = catalogue.about_of(tx, sort, site, plans[site], lang)
    which = table.Which(name if name in catalogue.SORTS else "", wish.get("from"), wish.get("to"))
    order = ORDERS.get(wish.sort, "made")
    kept = table.listed(tx, site, wish.after, wish.most, which, order, oldest=wish.oldest)
    return Facts(plans, site, sort, about, kept, table.count(tx, site, which), now)


def show_papers(facts: Facts, lang: str, wish: ListWish, of: str) -> Rows:
    """`of` is the matter that a link named."""
    from sync.office.papers import catalogue

    places = Places(lang, facts.plans[facts.site], {})
    return Rows(
        [_kept(row, places) for row in facts.kept],
        facts.count,
        facts.plans,
        facts.site,
        options={"paper": [(name, say(lang, f"papers.name_{name}")) for name in catalogue.SORTS]},
        line=say(lang, "papers.page_line"),
        more=_form(facts, places, wish, of),
    )


def _form(facts: Facts, places: Places, wish: ListWish, of: str) -> FormSeen:
    from sync.office.papers import catalogue

    lang, today = places.lang, places.local(facts.now).date()
    last = typed_day(wish.get("to")) or today
    first = typed_day(wish.get("from")) or (last if facts.sort.name == "night" else last.replace(day=1))
    every = [] if facts.sort.must else [Choice("", say(lang, "papers.all_of"), not of)]
    return FormSeen(
        site=facts.site,
        sites=[Choice(id, each.site.name.say(lang) or id, id == facts.site) for id, each in facts.plans.items()],
        papers=[
            Choice(name, say(lang, f"papers.name_{name}"), name == facts.sort.name, _page(facts.site, name))
            for name in catalogue.SORTS
        ],
        paper=facts.sort.name,
        first=first.isoformat(),
        last=last.isoformat(),
        about=[*every, *(Choice(id, word, id == of) for id, word in facts.about)] if facts.about else [],
        langs=[Choice(each, say(lang, f"papers.lang_{each}"), each == lang) for each in LANGS],
        formats=[Choice(each, each.upper()) for each in facts.sort.formats],
    )


def _page(site: str, name: str) -> str:
    """To its form: from there a keyboard goes on."""
    return f"{url('/papers', site=site, paper=name)}#make"


def _kept(row: PaperRow, places: Places) -> Row:
    """`seen` are its files: address and format."""
    from sync.office.papers import catalogue

    formats = catalogue.formats_of(row.name)
    cells = (
        say(places.lang, f"papers.name_{row.name}"),
        row.first if row.first == row.last else f"{row.first} – {row.last}",
        places.local(row.made_at),
        row.made_by or say(places.lang, "papers.by_itself"),
        row.records,
        " ".join(each.upper() for each in formats),
    )
    at = f"/papers/kept/{row.paper}"
    files = [(url(at, site=row.site, **{"as": each}), each.upper()) for each in formats]
    return Row(cells, row.place, seen=files)


class CheckSeen(Struct, frozen=True):
    said: str
    """What came of it; empty before something was asked."""
    sites: list[Choice]
    papers: list[Choice]
    first: str
    last: str
    of: str
    hash: str


def show_check(plans: dict[str, Plan], wish: "Wish", digest: str, said: str, lang: str) -> CheckSeen:
    from sync.office.papers import catalogue

    return CheckSeen(
        said=said,
        sites=[Choice(id, plan.site.name.say(lang) or id, id == wish.site) for id, plan in plans.items()],
        papers=[Choice(name, say(lang, f"papers.name_{name}"), name == wish.name) for name in catalogue.SORTS],
        first=str(wish.first),
        last=str(wish.last),
        of=wish.of,
        hash=digest,
    )


def checked(paper: Paper, digest: str, lang: str) -> str:
    """Whether a paper with that hash is made from the records that are here."""
    key = "papers.check_same" if paper.made.hash == digest else "papers.check_changed"
    return say(lang, key, records=paper.made.records, hash=paper.made.hash)


# -- what is asked for ------------------------------------------------------------------------------


def wish_of(request: Asked, today: date) -> "Wish":
    """The paper that a form or a link asks for; without days it is today's. Raises PaperRefused."""
    from sync.office.papers.source import Wish

    query = request.query_params
    lang = query.get("in", "")
    texts = [query.get(name, "") for name in ("from", "to")]
    days = [typed_day(text) for text in texts]
    if any(text and day is None for text, day in zip(texts, days, strict=True)):
        raise PaperRefused("papers.bad_day")
    first, last = days[0] or days[1] or today, days[1] or days[0] or today
    chosen = lang if lang in LANGS else lang_of(request)
    url = reached_at(request)
    return Wish(
        query.get("paper", ""), site_of(request), first, last, chosen, query.get("of", "")[:200], url, sites_of(request)
    )


def read_today(tx: Connection, site: str, now: int) -> date:
    """The local date there."""
    return Places("", site_plan(tx, site), {}).local(now).date()


def handlers(house: House) -> list[ControllerRouterHandler]:
    press = Press()

    @get("/papers")
    async def papers(request: Asked) -> Response[bytes]:
        lang, now, of = lang_of(request), house.clock_ms(), request.query_params.get("of", "")
        return await answer(
            house,
            request,
            KEPT,
            lambda tx, wish: read_papers(tx, wish, lang, now),
            lambda facts, lang, wish: show_papers(facts, lang, wish, of),
        )

    async def asked(request: Asked) -> "Wish":
        now, site = house.clock_ms(), site_of(request)
        return wish_of(request, await house.store.read(lambda tx: read_today(tx, site, now)))

    @get("/papers/make")
    async def make(request: Asked) -> Response[bytes]:
        from sync.office.papers import catalogue

        wish, now, form = await asked(request), house.clock_ms(), request.query_params.get("as", "pdf")
        sort = catalogue.SORTS.get(wish.name)
        if sort is None or form not in sort.formats:
            raise PaperRefused("papers.no_such")
        await house.acts(request, "paper-made", wish.site, _subject(wish, form))
        await house.folding.catch_up(PATIENCE_S)
        paper = await catalogue.made(house.store, wish, now)
        content = await press.file(paper, form)
        if sort.kept:  # a large one takes a second to be packed
            row, kept = await asyncio.to_thread(keeping.row_of, paper, wish, now, request.state.session.account)
            await house.store.write(lambda tx: table.keep(tx, row, kept))
        return download(content, f"{wish.name}-{wish.site}-{wish.first}-{wish.last}.{form}", MEDIA[form])

    @get("/papers/kept/{name:str}")
    async def kept(request: Asked, name: FromPath[str]) -> Response[bytes]:
        from sync.office.papers import catalogue

        wish, form = await asked(request), request.query_params.get("as", "pdf")
        found = await house.store.read(lambda tx: keeping.found(tx, wish.site, name, wish.url))
        if found is None or form not in catalogue.formats_of(found[0].name):
            raise PaperRefused("papers.no_kept")
        row, paper = found
        await house.acts(request, "paper-made", row.site, f"{row.name}.{form} {row.first} {row.last} {row.about}")
        content = await press.file(paper, form)
        return download(content, f"{row.name}-{row.site}-{row.first}-{row.last}.{form}", MEDIA[form])

    @get("/papers/check")
    async def check(request: Asked) -> Response[bytes]:
        from sync.office.papers import catalogue

        wish, digest = await asked(request), request.query_params.get("hash", "").strip().lower()
        lang, now, said = lang_of(request), house.clock_ms(), ""
        if digest and not _HASH.fullmatch(digest):
            said = say(lang, "papers.check_bad")
        elif digest:
            await house.acts(request, "paper-checked", wish.site, _subject(wish, digest[:12]))
            await house.folding.catch_up(PATIENCE_S)
            paper = await catalogue.made(house.store, wish, now)
            said = checked(paper, digest, lang)
        plans = await house.store.read(lambda tx: named_plans(tx, sites_of(request)))
        return await house.frame.page(request, "papers_check.html", show_check(plans, wish, digest, said, lang))

    return [papers, make, kept, check]


def _subject(wish: "Wish", beside: str) -> str:
    return " ".join(part for part in (wish.name, str(wish.first), str(wish.last), wish.of, beside) if part)
