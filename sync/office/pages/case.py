"""One finding, hazard, order or request: its story record by record, how it stands, and what may be done about it."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from app import kinds
from app.booklog import BookLog
from app.duties import orders
from app.duties.findings import Finding
from app.duties.orders import Order, Stage
from app.duties.requests import HOWS, Request
from app.duties.site import People, Person, Plan
from app.kinds.findings import FindingRaised
from app.kinds.matters import BEGINS
from app.kinds.orders import ORDERS
from app.kinds.requests import REQUESTS
from app.record import Record
from app.relayed import MOST, Relayed, clash, fold_matter
from app.words import say, table
from sync.office.credentials import everybody
from sync.office.desk import text_of
from sync.office.details import is_name, names_in
from sync.office.pages.acts import MORE
from sync.office.pages.limits import countdown
from sync.office.pages.photos import PhotoSeen, read_held, show_photos
from sync.office.pages.rectifying import Raised
from sync.office.pages.view import Fact
from sync.office.places import Places, role_word, url
from sync.office.store import cases, known
from sync.office.store.blobs import blob_of
from sync.office.store.cases import CaseRow
from sync.office.store.devices import writers
from sync.office.store.matters import raws_of
from sync.office.store.paging import Span
from sync.office.store.plans import site_plan
from sync.office.store.rounds import DESK
from sync.office.verdicts import Verdict

PATHS: Final = {
    "finding": "/findings", "hazard": "/findings", "order": "/orders", "request": "/desk",
}  # fmt: skip
"""Where a case of that sort has its page; the others have none of their own."""
COLOURS: Final = {"open": "amber", "corrected": "amber", "closed": "dim", "waiting": "amber", "done": "amber"}


class Facts(Struct, frozen=True):
    """One snapshot of the store, as far as a case needs it."""

    row: CaseRow
    records: tuple[Relayed, ...]
    """The first that began it, then as they came."""
    plan: Plan | None
    people: dict[str, Person]
    held: frozenset[str]
    """Pictures that have come."""
    text: str | None
    """A resident's own words; empty where there were none, None once they are gone."""
    linked: tuple[CaseRow, ...]
    """Its order, its finding, its request."""
    led: CaseRow | None
    """The order that a finding led to, as far as one is known."""
    books: Mapping[str, str]
    """Whose handheld wrote a book, by the book's id."""
    order: Order | None = None
    """The order itself, or that which a finding led to."""


class StepSeen(Struct, frozen=True):
    time: str
    words: str
    photos: list[PhotoSeen]
    handheld: str
    href: str
    """Where the record stands in its book."""
    ref: str


class LinkSeen(Struct, frozen=True):
    href: str
    word: str
    state: Verdict


class CaseSeen(Struct, frozen=True):
    site: str
    site_name: str
    case: str
    sort: str
    sort_word: str
    title: str
    state: Verdict
    left: list[Verdict]
    """What runs out."""
    facts: list[Fact]
    complaint: bool
    own_words: str
    clash: str
    """Who took a step without knowing of each other; empty when nobody did."""
    steps: list[StepSeen]
    links: list[LinkSeen]
    papers: list[tuple[str, str]]
    """Address and name of each paper that can be printed of it."""
    back: str
    may: frozenset[str]
    """Acts that the visitor may do now: forms of the page."""


def address(site: str, sort: str, case: str, **more: str) -> str:
    """The page of a case; empty for a sort that has none."""
    path = PATHS.get(sort, "")
    return url(f"{path}/{quote(case, safe='')}", site=site, **more) if path else ""


def read_case(tx: Connection, site: str, name: str, sorts: Sequence[str]) -> Facts | None:
    """None when the site has no such case of these sorts."""
    row = cases.find(tx, site, name)
    if row is None or row.sort not in sorts:
        return None
    records = _records(tx, site, name)
    names = [each for one in records for each in names_in(one.record.body)]
    found = [cases.find(tx, site, each) for each in (row.order, row.finding, row.request) if each]
    linked = tuple(each for each in found if each is not None)
    led = next((each for each in linked if each.case == row.order), None)
    made = _records(tx, site, row.order) if row.order else records
    return Facts(
        row=row,
        records=records,
        plan=site_plan(tx, site),
        people=everybody(tx),
        held=read_held(tx, site, names),
        text=_own_words(tx, site, records),
        linked=linked + tuple(_made_from(tx, site, row)),
        led=led,
        books=_books(tx, site),
        order=fold_matter(made).share(ORDERS).get(row.order or name),
    )


def _made_from(tx: Connection, site: str, row: CaseRow) -> list[CaseRow]:
    """The order that was made of a request, as it was closed."""
    if row.sort != cases.REQUEST or row.closed_at is None:
        return []
    at_once = Span(row.closed_at, row.closed_at + 1)
    made = cases.listed(tx, (site,), cases.Which(sorts=(cases.ORDER,), opened=at_once))
    return [each for each in made if each.request == row.case]


def _records(tx: Connection, site: str, name: str) -> tuple[Relayed, ...]:
    found = raws_of(tx, site, name, MOST)
    decoded = [Relayed(book.hex(), msgspec.json.decode(raw, type=Record)) for book, raw, _ in found]
    return tuple(sorted(decoded, key=lambda each: each.record.kind not in BEGINS))


def _own_words(tx: Connection, site: str, records: Sequence[Relayed]) -> str | None:
    text = records[0].record.body.get("text") if records else None
    name = text.get("sha256", "") if isinstance(text, Mapping) else ""
    raw = blob_of(tx, site, bytes.fromhex(name)) if is_name(name) else None
    return text_of(raw) if raw else None if name else ""


def _books(tx: Connection, site: str) -> dict[str, str]:
    named = {book.hex(): device for book, device in writers(tx, site).items()}
    return {**named, known.get(tx, f"{known.DESK}{site}"): DESK}


def raised_of(facts: Facts) -> Raised | None:
    """How the finding began; None when that record cannot be read."""
    first = facts.records[0].record if facts.records else None
    body = kinds.read(first) if first else None
    return Raised(facts.row.case, body, first.at) if first and isinstance(body, FindingRaised) else None


def finding_of(facts: Facts) -> Finding | None:
    return fold_matter(facts.records).findings.get(facts.row.case)


def request_of(facts: Facts) -> Request | None:
    return fold_matter(facts.records).share(REQUESTS).get(facts.row.case)


# -- shown ---------------------------------------------------------------------------------------


def show_case(facts: Facts, lang: str, now: int, *, may_act: bool, may_rectify: bool, may_read: bool) -> CaseSeen:
    """`may_act`: dispatch and the customer; `may_rectify`: notices, re-checks; `may_read`: the books."""
    row, places = facts.row, Places(lang, facts.plan, facts.people)
    log = BookLog(lang, facts.plan, People(tuple(facts.people.values())), "cases.log_")
    both = clash(facts.records)
    who = [str(each.record.body.get("person") or next(iter(each.record.by), "")) for each in both]
    return CaseSeen(
        site=row.site,
        site_name=places.site(row.site),
        case=row.case,
        sort=row.sort,
        sort_word=say(lang, f"cases.sort_{row.sort}"),
        title=title_of(row, places),
        state=state_of(row, lang, now),
        left=left_of(row, lang, now),
        facts=_facts(facts, places),
        complaint=row.complaint,
        own_words=say(lang, "cases.own_words_gone") if facts.text is None else facts.text,
        clash=say(lang, "cases.clash", names=places.persons(tuple(who))) if both else "",
        steps=[_step(each, facts, log, places, may_read=may_read) for each in facts.records],
        links=[_link(each, places, now) for each in facts.linked],
        papers=_papers(row, lang) if may_read else [],
        back=url(PATHS[row.sort] if row.sort != "hazard" else "/hazards", site=row.site),
        may=_acts(facts, may_act=may_act, may_rectify=may_rectify),
    )


def title_of(row: CaseRow, places: Places) -> str:
    """What it is about, in the reader's language where the plan knows it."""
    if not row.category:
        return row.words or say(places.lang, "cases.desk_message")
    said = f"{places.category(row.category)} {places.phrase(row.category, row.phrase, row.words)}"
    _, more, detail = row.words.partition(MORE)
    return f"{said}{more}{detail}" if row.sort in ("order", "request") else said


def state_of(row: CaseRow, lang: str, now: int) -> Verdict:
    if row.closed_at is None and row.is_late(now) and row.state not in ("corrected", Stage.DONE):
        return Verdict("red", say(lang, "cases.state_late", state=say(lang, f"cases.state_{row.state}")))
    return Verdict(COLOURS.get(row.state, "amber"), say(lang, f"cases.state_{row.state}"))


def left_of(row: CaseRow, lang: str, now: int) -> list[Verdict]:
    """What runs out next, of an order each of its limits (D31); nothing once it is done."""
    if row.closed_at is not None or row.done_at is not None:
        return []
    limits = (
        ("contact", row.contact_at if row.going_at is None and row.arrived_at is None else None),
        ("respond", row.respond_at if row.arrived_at is None else None),
        ("answer" if row.sort == "request" else "due", row.due_at),
    )
    return [countdown(lang, what, until, now) for what, until in limits if until is not None]


def _facts(facts: Facts, places: Places) -> list[Fact]:
    row, lang, order = facts.row, places.lang, facts.order if facts.row.sort == "order" else None
    finding = finding_of(facts) if row.sort in ("finding", "hazard") else None
    asset = facts.plan.find_asset(row.asset) if facts.plan and row.asset else None
    post = next((each for each in facts.plan.posts if each.id == row.post), None) if facts.plan and row.post else None
    request = request_of(facts) if row.sort == "request" else None
    phone = order.phone if order else request.phone if request else ""
    given = [places.person(row.worker)] if row.worker else []
    given += [places.person(order.assigned)] if order and order.assigned and order.assigned != row.worker else []
    given += [post.name.say(lang)] if post else []
    said = (
        ("cases.place", " ".join(part for part in (row.room, places.point(row.point) if row.point else "") if part)),
        ("cases.asset", asset.name.say(lang) if asset else row.asset),
        ("cases.opened", places.day_and_minute(row.opened_at)),
        ("cases.due", places.day_and_minute(row.due_at) if row.due_at else ""),
        ("cases.receiver", places.person(row.responsible) if row.responsible else ""),
        (
            "cases.to",
            "" if row.sort == "request" else " · ".join([role_word(lang, row.role), *given]) if row.role else "",
        ),
        ("cases.phone", f"…{phone}" if phone else ""),
        ("cases.origin", say(lang, f"orders.origin_{row.origin}") if order and row.origin in orders.ORIGINS else ""),
        ("cases.how", say(lang, f"cases.how_{request.how}") if request and request.how in HOWS else ""),
        ("cases.notice", say(lang, "cases.notice_no", n=finding.notice) if finding and finding.notice else ""),
        ("cases.reopened", str(row.reopened) if row.reopened else ""),
        ("cases.paper_next", _paper_next(row, places)),
    )
    chips = ("urgent", "complaint", "postponed", "fixed", "visit")
    marks = [say(lang, f"cases.is_{name}") for name in chips if getattr(row, name)]
    found = [Fact(say(lang, key), text) for key, text in said if text]
    return [*found, *([Fact(say(lang, "cases.marks"), " · ".join(marks))] if marks else [])]


def _paper_next(row: CaseRow, places: Places) -> str:
    """Which paper of a violation is to be made next, and by when (D35)."""
    key = f"paper_{row.paper}"
    if key not in table("violations"):
        return ""
    words = say(places.lang, f"violations.{key}")
    return f"{words} · {places.day_and_minute(row.paper_due)}" if row.paper_due else words


def _papers(row: CaseRow, lang: str) -> list[tuple[str, str]]:
    """The rectification notice, and the three forms of a violation."""
    names = ("notice",) * (row.noticed_at is not None) + ("violation",) * (row.paper is not None)
    return [
        (url("/papers", site=row.site, paper=name, of=row.case), say(lang, f"cases.paper_{name}")) for name in names
    ]


def _step(each: Relayed, facts: Facts, log: BookLog, places: Places, *, may_read: bool) -> StepSeen:
    record = each.record
    device = facts.books.get(each.book)
    return StepSeen(
        time=places.moment(record.at),
        words=log.words(record).replace(" )", ")"),
        photos=show_photos(names_in(record.body), facts.row.site, facts.held, places),
        handheld=places.handheld(device) if device is not None else "",
        href=url("/records", site=facts.row.site, book=each.book, upto=str(record.seq)) if may_read else "",
        ref=f"{each.book[:8]}:{record.seq}",
    )


def _link(row: CaseRow, places: Places, now: int) -> LinkSeen:
    word = f"{say(places.lang, f'cases.sort_{row.sort}')}: {title_of(row, places)}"
    return LinkSeen(address(row.site, row.sort, row.case), word, state_of(row, places.lang, now))


def _acts(facts: Facts, *, may_act: bool, may_rectify: bool) -> frozenset[str]:
    """Which forms the page has: no more than what the rules would take."""
    row = facts.row
    if row.sort == "request":
        return frozenset({"request"}) if may_act and row.closed_at is None else frozenset()
    if row.sort == "order" and facts.order is not None:
        return frozenset(_order_acts(facts.order)) if may_act else frozenset()
    if not may_rectify or raised_of(facts) is None or row.fixed:
        return frozenset()
    finding = finding_of(facts)
    if finding is None:
        return frozenset({"reopen"})
    working = facts.order is not None and facts.order.done is None
    if finding.corrected is not None:
        return frozenset() if working else frozenset({"rechecked"})
    found = {"notice"} | (set() if finding.postponed else {"postpone"})
    return frozenset(found if working else found | {"corrected", "order"})


def _order_acts(order: Order) -> set[str]:
    if order.stage in (Stage.DONE, Stage.CLOSED):
        over = {"confirm"} if order.stage is Stage.DONE else set()
        return {"reopen"} | over | (set() if order.satisfied else {"visited"})
    return {"dispatch"} | (set() if order.postponed else {"postpone"}) | (set() if order.visit else {"visit"})
