"""Plans from a browser: every revision of a site, files in and out, a preview before anything holds, and from when."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from litestar import Response
from litestar.datastructures import UploadFile
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from app.duties.days import local_time, millis, settle
from app.duties.site import Person, Plan, decode_plan, encode_plan
from app.errors import NotAllowed
from app.pages import begins, in_force
from app.settings import example
from app.text import clean
from app.words import say
from sync.office import credentials, importing
from sync.office.credentials import everybody
from sync.office.handing_out import FORMS, XLSX, drawn_up, revision_of
from sync.office.pages.house import House
from sync.office.pages.listing import Cell, Column, Listing, Row, Rows, Wish, arranged
from sync.office.pages.lists import answer
from sync.office.pages.planning import (
    Around,
    FaultSeen,
    PreviewSeen,
    read_around,
    show_faults,
    show_preview,
)
from sync.office.pages.view import Asked, download, lang_of, whole
from sync.office.places import Places, url
from sync.office.plan_faults import Fault
from sync.office.plan_tree import effective_of
from sync.office.sites import Profile, profiles
from sync.office.store import drafts
from sync.office.store import plans as table
from sync.office.store.accounts import Session
from sync.office.store.drafts import DraftRow
from sync.office.store.plans import Revision
from sync.office.verdicts import Verdict
from sync.office.workbook import MAX_BYTES

EXAMPLE: Final = "cuihu-garden.xlsx"
PLANS: Final = Listing(
    "plans",
    "/plans",
    "planning.title",
    (
        Column("revision", "planning.revision", sorts=True),
        Column("state", "planning.state"),
        Column("from", "planning.from", sorts=True),
        Column("holds", "planning.holds"),
        Column("taken", "planning.taken", sorts=True),
        Column("by", "planning.by", sorts=True),
        Column("files", "planning.files"),
    ),
    template="plans.html",
)
AHEAD: Final = timedelta(days=731)
"""So far ahead a plan may be set to take effect."""
_COLOURS: Final = {"now": "ok", "coming": "amber", "earlier": "dim", "withdrawn": "dim"}


class Beside(Struct, frozen=True):
    """What is kept with an uploaded plan."""

    joining: tuple[Person, ...]
    warnings: tuple[Fault, ...]


class PlansSeen(Struct, frozen=True):
    """Around the list."""

    site: str
    done: str


class RevisionSeen(Struct, frozen=True):
    """Beside its cells."""

    number: int
    xlsx: str
    yaml: str
    changes: str
    """Address of what it changed; empty for the first one."""
    may_withdraw: bool


class UploadSeen(Struct, frozen=True):
    """A preview, or the faults for which there is none."""

    site: str
    site_name: str
    file: str
    draft: str
    """Empty where there is nothing to confirm."""
    at: str
    """As a browser's date field has it; empty: now."""
    preview: PreviewSeen | None
    faults: list[FaultSeen]
    refused: str


class Facts(Struct, frozen=True):
    sites: dict[str, Profile]
    site: str
    rows: list[Row]
    """Of this page; each `seen` is its Revision."""
    count: int
    plans: dict[int, Plan]
    """The revisions of this page."""
    holds: int
    """The revision in force; 0 while none has begun."""
    now: int


async def listed(house: House, request: Asked) -> Response[bytes]:
    now, done, number = house.clock_ms(), *(request.query_params.get(name, "") for name in ("done", "n"))
    return await answer(
        house,
        request,
        PLANS,
        lambda tx, wish: read_plans(tx, wish, now),
        lambda facts, lang, _: show_plans(facts, lang, done, number),
    )


async def out_as_file(house: House, request: Asked) -> Response[bytes]:
    site, ending = request.query_params.get("site", ""), f".{request.query_params.get('form', '')}"
    number = request.query_params.get("revision", "")
    wanted = whole(number) or 0
    found = await house.store.read(lambda tx: revision_of(tx, site, wanted)) if ending in FORMS else None
    if found is None:
        return await house.frame.plain(request, "not_found", "wrong_address", 404)
    await house.acts(request, "plan-exported", site, f"{wanted}{ending}")
    return download(await asyncio.to_thread(drawn_up, found, ending), f"{site}-{wanted}{ending}", FORMS[ending])


async def changed(house: House, request: Asked) -> Response[bytes]:
    site, number = (request.query_params.get(name, "") for name in ("site", "revision"))
    seen = await house.store.read(lambda tx: _changed(tx, site, number, lang_of(request), house.clock_ms()))
    if seen is None:
        return await house.frame.plain(request, "not_found", "wrong_address", 404)
    return await house.frame.page(request, "plan.html", seen)


async def upload(house: House, request: Asked, one: asyncio.Lock) -> Response[bytes]:
    fields = await house.form(request)
    given = (await request.form()).get("file")
    raw = await given.read(MAX_BYTES + 1) if isinstance(given, UploadFile) and given.filename else b""
    if not raw:
        raise NotAllowed("planning.no_file")
    assert isinstance(given, UploadFile)
    name, session, now = clean(given.filename, 100), _session(request), house.clock_ms()
    await house.acts(request, "plan-uploaded", fields.get("site", ""), name)
    async with one:
        found = await importing.check(house.store, raw, file=name)
    if found.refused or found.plan is None:
        return await house.frame.page(request, "plan.html", _refused(found.faults, name, lang_of(request)))
    site = found.plan.site.id
    if not session.reaches(site):
        raise NotAllowed("planning.other_site", site=site)
    beside = msgspec.json.encode(Beside(found.joining, found.faults))
    row = DraftRow(site, secrets.token_hex(16), session.account, now, name, encode_plan(found.plan), beside)
    await house.store.write(lambda tx: drafts.add(tx, row))
    return house.view.go(request, url("/plans/preview", site=site, draft=row.draft))


async def preview(house: House, request: Asked) -> Response[bytes]:
    query, session, now = request.query_params, _session(request), house.clock_ms()
    site, draft = query.get("site", ""), query.get("draft", "")
    row, around, number = await house.read(lambda tx: _drafted(tx, site, draft, session.account, now))
    if row is None:
        raise NotAllowed("planning.draft_gone")
    plan, beside = decode_plan(row.raw), msgspec.json.decode(row.beside, type=Beside)
    at = query.get("at", _suggested(plan, around, now))
    new = replace(moved(plan, at, around.old is None, now), revision=number)
    seen = show_preview(new, around, beside.joining, beside.warnings, lang_of(request), now)
    name = plan.site.name.say(lang_of(request))
    return await house.frame.page(request, "plan.html", UploadSeen(site, name, row.file, draft, at, seen, [], ""))


async def take(house: House, request: Asked) -> Response[bytes]:
    fields = await house.form(request)
    site, draft, at = (fields.get(name, "") for name in ("site", "draft", "at"))
    account, now = _session(request).account, house.clock_ms()
    row = await house.store.read(lambda tx: drafts.find(tx, site, draft, account, now))
    if row is None:
        raise NotAllowed("planning.draft_gone")
    if "throw" in fields:
        await house.store.write(lambda tx: drafts.drop(tx, site, draft))
        return house.view.go(request, url("/plans", site=site))
    first = not await house.store.read(lambda tx: table.plans_of(tx, site))
    plan, beside = moved(decode_plan(row.raw), at, first, now), msgspec.json.decode(row.beside, type=Beside)
    await house.acts(request, "plan-imported", site, f"{row.file} {effective_of(plan)}")

    def act(tx: Connection) -> importing.Taken:
        drafts.drop(tx, site, draft)
        return importing.take_in(tx, plan, None, beside.joining, now, account)

    taken = await house.store.write(act)
    done = "taken" if taken.new else "same"
    return house.view.go(request, url("/plans", site=site, done=done, n=str(taken.revision)))


async def withdraw(house: House, request: Asked) -> Response[bytes]:
    fields = await house.form(request)
    site, number, now = fields.get("site", ""), fields.get("revision", ""), house.clock_ms()
    coming = await house.store.read(lambda tx: _coming(tx, site, now))
    if number not in coming:
        raise NotAllowed("planning.not_to_come")
    await house.acts(request, "plan-withdrawn", site, number)

    def act(tx: Connection) -> None:
        if number in _coming(tx, site, now):
            credentials.withdraw_plan(tx, site, int(number), now)

    await house.store.write(act)
    return house.view.go(request, url("/plans", site=site, done="withdrawn", n=number))


def shipped() -> Response[bytes]:
    """The example workbook."""
    return download(example(EXAMPLE), EXAMPLE, FORMS[XLSX])


def read_plans(tx: Connection, wish: Wish, now: int) -> Facts:
    sites = profiles(tx, wish.within)
    site = wish.chosen(sites) if sites else ""
    revisions = table.revisions_of(tx, site)
    rows = arranged((Row(_order(each), seen=each) for each in revisions), PLANS, wish)
    named = {row.seen.revision: row.seen.sha256 for row in rows}
    plans = {plan.revision: plan for plan in table.plans_named(tx, site, named)}
    holds = table.plan_at(tx, site, now)
    return Facts(sites, site, rows, len(revisions), plans, holds.revision if holds else 0, now)


def _order(row: Revision) -> tuple[Cell, ...]:
    return row.revision, "", row.effective, "", row.imported_at, row.by, ""


def show_plans(facts: Facts, lang: str, done: str, number: str) -> Rows:
    places = Places(lang, next(iter(facts.plans.values()), None), {})
    said = done in ("taken", "same", "withdrawn") and whole(number) is not None
    return Rows(
        [_revision(row, facts, places) for row in facts.rows],
        facts.count,
        facts.sites,
        facts.site,
        line=say(lang, "planning.line"),
        more=PlansSeen(facts.site, say(lang, f"planning.done_{done}", n=number) if said else ""),
    )


def _revision(row: Row, facts: Facts, places: Places) -> Row:
    held, plan = row.seen, facts.plans[row.seen.revision]
    state = _state(held, plan, facts)
    counts = {"points": len(plan.points), "routes": len(plan.routes), "schedules": len(plan.schedules)}
    address = {"site": facts.site, "revision": str(held.revision)}
    verdict = Verdict(_COLOURS[state], say(places.lang, f"planning.state_{state}"))
    cells = (
        say(places.lang, "planning.number", n=held.revision),
        verdict,
        effective_of(plan),
        say(places.lang, "planning.counts", **counts),
        places.local(held.imported_at),
        held.by,
        "XLSX YAML",
    )
    seen = RevisionSeen(
        number=held.revision,
        xlsx=url("/plans/file", **address, form="xlsx"),
        yaml=url("/plans/file", **address, form="yaml"),
        changes=url("/plans/changes", **address) if held.revision > 1 else "",
        may_withdraw=state == "coming" and facts.holds > 0,
    )
    return Row(cells, row.place, verdict.colour, seen)


def _state(held: Revision, plan: Plan, facts: Facts) -> str:
    if held.withdrawn_at is not None:
        return "withdrawn"
    if held.revision == facts.holds:
        return "now"
    return "coming" if begins(plan) > facts.now else "earlier"


def moved(plan: Plan, at: str, first: bool, now: int) -> Plan:
    """The plan with the moment that somebody chose: a local date and time, or now when nothing is written.

    Raises NotAllowed for what is no moment, and for one that is over unless it is the site's `first` plan.
    """
    zone = Places("", plan, {}).zone
    try:
        local = datetime.fromisoformat(at) if at else local_time(now, zone).replace(tzinfo=None)
        moment = millis(settle(local.replace(tzinfo=None), zone))
    except (ValueError, OverflowError) as e:
        raise NotAllowed("planning.bad_moment") from e
    over = at and not first and moment < now - 60_000
    if over or moment > now + AHEAD.total_seconds() * 1000:
        raise NotAllowed("planning.bad_moment")
    time = f"{local:%H:%M}"
    return replace(plan, effective=f"{local:%Y-%m-%d}", effective_at="" if time == "00:00" else time)


def _suggested(plan: Plan, around: Around, now: int) -> str:
    """What the file says, while that is still to come or nothing holds yet; else now."""
    if around.old is not None and begins(plan) <= now:
        return ""
    return f"{plan.effective}T{plan.effective_at or '00:00'}"


def _drafted(tx: Connection, site: str, draft: str, account: str, now: int) -> tuple[DraftRow | None, Around, int]:
    """The uploaded plan, what stands beside it, and the revision that it would get."""
    plans = [decode_plan(row.raw) for row in table.plans_of(tx, site)]
    old = in_force(plans, now) if plans else None
    around = read_around(tx, old, plans, everybody(tx), now)
    return drafts.find(tx, site, draft, account, now), around, table.last_revision(tx, site) + 1


def _changed(tx: Connection, site: str, number: str, lang: str, now: int) -> UploadSeen | None:
    """What a revision changed of the one before it that held."""
    rows = table.plans_of(tx, site, withdrawn=True)
    row = next((row for row in rows if str(row.revision) == number), None)
    if row is None:
        return None
    before = [each for each in rows if each.revision < row.revision and each.withdrawn_at is None]
    plan, old = decode_plan(row.raw), decode_plan(before[-1].raw) if before else None
    seen = show_preview(plan, Around(old, (), (), (), everybody(tx)), (), (), lang, now)
    name = say(lang, "planning.number", n=row.revision)
    return UploadSeen(site, plan.site.name.say(lang), name, "", effective_of(plan), seen, [], "")


def _coming(tx: Connection, site: str, now: int) -> set[str]:
    """Revisions that may be taken back: still to come, and another one holds."""
    plans = [decode_plan(row.raw) for row in table.plans_of(tx, site)]
    if not any(begins(plan) <= now for plan in plans):
        return set()
    return {str(plan.revision) for plan in plans if begins(plan) > now}


def _refused(faults: Sequence[Fault], file: str, lang: str) -> UploadSeen:
    wrong = [fault for fault in faults if not fault.warning]
    said = say(lang, "planning.faults", n=len(wrong))
    return UploadSeen("", "", file, "", "", None, show_faults(wrong, lang), said)


def _session(request: Asked) -> Session:
    session: Session = request.state.session
    return session
