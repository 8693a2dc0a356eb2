"""A night's or a day's rounds by exception (D60): what is marked asks for attention, the clean ones pass together."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties import accepting
from app.duties.accepting import REASONS, About, Shown, State
from app.duties.days import millis
from app.duties.outcome import Outcome, colour_of
from app.duties.review import SEVERE
from app.duties.site import Text
from app.errors import NotAllowed
from app.reviewable import reason_words
from app.words import say
from sync.office import fleet, to_review
from sync.office.marks import mark_word
from sync.office.pages import case, deciding
from sync.office.pages.day import Choice
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import Asked, lang_of
from sync.office.places import Places, round_url, url
from sync.office.reviewing import read_detail
from sync.office.round_words import span_of, window_words
from sync.office.sites import profiles
from sync.office.store import cases, rounds
from sync.office.store.cases import CaseRow
from sync.office.store.plans import plan_at, site_plan
from sync.office.store.reviews import ReviewRow
from sync.office.to_review import NOT_YET, UNDER_WAY, Item
from sync.office.verdicts import Verdict

SPANS: Final = ("night", "day")
BEHIND: Final = timedelta(days=31)
MOST_DAYS: Final = 62
EVENING, MORNING, NOON = time(18), time(8), 12
FORM_BYTES: Final = 64 * 1024
"""A day may have hundreds of clean rounds."""
ABOUT: Final = 3
"""Places of a mark that the list shows."""


class Wish(Struct, frozen=True):
    """What the visitor asked for; anything unknown means the usual."""

    site: str = ""
    day: str = ""
    span: str = ""
    done: str = ""
    first: str = ""
    last: str = ""
    """Local dates, for what is still to be reviewed; without them the days before the one that is shown."""


class Facts(Struct, frozen=True):
    sites: dict[str, Text]
    """What each is called that the account may see."""
    to_review: to_review.Facts
    day: date
    span: str
    handhelds: list[fleet.Seen]
    """Those that still hold records."""
    cases: list[CaseRow]
    """What was found on these rounds and is still open."""
    behind: list[tuple[str, int]]
    """Days with rounds that nobody has accepted, and how many."""


class Option(Struct, frozen=True):
    value: str
    words: str


class AboutSeen(Struct, frozen=True):
    """A mark, and every place that has it."""

    colour: str
    word: str
    where: str


class FoundSeen(Struct, frozen=True):
    href: str
    title: str
    place: str
    state: Verdict


class ItemSeen(Struct, frozen=True):
    """One round, or a window nobody walked."""

    round: str
    shown: str
    """The seal of what this page says of it."""
    name: str
    window: str
    verdict: Verdict
    state: Verdict
    href: str
    points: str
    crew: str
    walked: str
    about: list[AboutSeen]
    changed: str
    history: list[str]
    own: bool
    excusable: list[Option]
    dispatch: str
    """Where an order is made of it."""


class ReviewSeen(Struct, frozen=True):
    site: str
    site_name: str
    day: str
    span: str
    title: str
    sites: list[Choice]
    spans: list[Choice]
    before_url: str
    after_url: str
    summary: str
    not_yet: list[str]
    held: list[str]
    done: str
    asks: list[ItemSeen]
    passes: list[ItemSeen]
    waits: list[ItemSeen]
    settled: list[ItemSeen]
    found: list[FoundSeen]
    behind: list[Option]
    """Addresses of days that are not reviewed yet, and their words."""
    reasons: list[Option]
    whys: list[Option]


def read_review(tx: Connection, wish: Wish, now: int, within: tuple[str, ...] = ()) -> Facts | None:
    """None while no site has a plan, of those in `within` when there are any."""
    names = {id: each.site.name for id, each in profiles(tx, within).items()}
    site = wish.site if wish.site in names else next(iter(names), "")
    plan = site_plan(tx, site)
    if plan is None:
        return None
    zone = ZoneInfo(plan.site.zone)
    day, span = chosen(wish, datetime.fromtimestamp(now / 1000, zone))
    first, last = bounds(day, span, zone)
    found = to_review.read(tx, plan, first, last, now)
    marked = [item.name for item in found.items if item.detail and item.detail.findings]
    open_ = [row for row in cases.of_round(tx, site, marked) if row.closed_at is None] if marked else []
    dates = wish.first or (day - BEHIND).isoformat(), wish.last or (day - timedelta(days=1)).isoformat()
    behind = rounds.days_not_reviewed(tx, site, *dates)[-MOST_DAYS:]
    return Facts(names, found, day, span, [each for each in fleet.read(tx, site) if each.holds], open_, behind)


def chosen(wish: Wish, now: datetime) -> tuple[date, str]:
    """The day and the span; without a wish what is over last: before noon the night, after it the day."""
    span = wish.span if wish.span in SPANS else ("night" if now.hour < NOON else "day")
    try:
        day = date.fromisoformat(wish.day)
    except ValueError:
        day = now.date() - timedelta(days=1) if span == "night" else now.date()
    return (day if 2000 <= day.year < 2200 else now.date()), span


def bounds(day: date, span: str, zone: ZoneInfo) -> tuple[int, int]:
    """From when until before when its windows open, UTC ms."""
    tomorrow = day + timedelta(days=1)
    if span == "night":
        return millis(datetime.combine(day, EVENING, zone)), millis(datetime.combine(tomorrow, MORNING, zone))
    return millis(datetime.combine(day, time(), zone)), millis(datetime.combine(tomorrow, time(), zone))


# -- the page ------------------------------------------------------------------------------------


def show_review(facts: Facts, lang: str, now: int, done: str = "", by: str = "") -> ReviewSeen:
    """`by`: the account's person, whose own rounds are for others to review; `done`: what was just recorded."""
    known = facts.to_review
    places = Places(lang, known.plan, known.people)
    items, day, span = known.items, facts.day.isoformat(), facts.span

    def seen(wanted: Sequence[Item]) -> list[ItemSeen]:
        return [show_item(item, places, known.site, by) for item in wanted]

    def link(days: int) -> str:
        return here(known.site, (facts.day + timedelta(days=days)).isoformat(), span)

    return ReviewSeen(
        site=known.site,
        site_name=places.site(known.site),
        day=day,
        span=span,
        title=say(lang, f"review_page.of_{span}", day=day),
        sites=[Choice(id, name.say(lang) or id, id == known.site) for id, name in facts.sites.items()],
        spans=[Choice(each, say(lang, f"review_page.span_{each}"), each == span) for each in SPANS],
        before_url=link(-1),
        after_url=link(1),
        summary=_summary(items, lang),
        not_yet=_not_yet(items, places),
        held=[_held(each, places) for each in facts.handhelds],
        done=say(lang, f"review_page.done_{done}") if done in deciding.DONE else "",
        asks=seen(to_review.ordered(items)),
        passes=seen([item for item in items if item.passes and not accepting.is_own(item.crew, [by])]),
        waits=seen([item for item in items if item.waits]),
        settled=seen([item for item in items if item.state is State.ACCEPTED]),
        found=[_found(row, places, now) for row in facts.cases],
        behind=[Option(here(known.site, day, "day"), f"{day[5:]} ({n})") for day, n in facts.behind],
        reasons=[Option(each, say(lang, f"reviews.reason_{each}")) for each in REASONS],
        whys=[Option(each.id, each.text.say(lang)) for each in known.plan.skip_reasons],
    )


def _found(row: CaseRow, places: Places, now: int) -> FoundSeen:
    state = case.state_of(row, places.lang, now)
    place = places.point(row.point) if row.point else ""
    return FoundSeen(case.address(row.site, row.sort, row.case), case.title_of(row, places), place, state)


def _summary(items: Sequence[Item], lang: str) -> str:
    over = [item for item in items if item.outcome not in NOT_YET]
    best: dict[str, Item] = {}
    for item in over:  # of several attempts the one that reached most
        if item.slot not in best or item.tally.done > best[item.slot].tally.done:
            best[item.slot] = item
    tallies = [item.tally for item in best.values()]
    return say(
        lang,
        "review_page.summary",
        rounds=len(best),
        planned=sum(each.planned for each in tallies),
        done=sum(each.done for each in tallies),
        missed=sum(each.missed for each in tallies),
        excused=sum(each.excused for each in tallies),
        findings=sum(item.detail.findings for item in over if item.detail),
    )


def _not_yet(items: Sequence[Item], places: Places) -> list[str]:
    running = sum(item.outcome in UNDER_WAY for item in items)
    away = [item for item in items if item.outcome is Outcome.NO_RECORD]
    names = [f"{places.schedule(item.schedule, item.route)} {places.local(item.opens):%H:%M}" for item in away]
    found = [say(places.lang, "review_page.running", n=running)] if running else []
    return [*found, *([say(places.lang, "review_page.away", n=len(away), names=" · ".join(names))] if away else [])]


def _held(seen: fleet.Seen, places: Places) -> str:
    heard = places.moment(seen.heard)[:16] if seen.heard else say(places.lang, "fleet.never")
    return say(places.lang, "review_page.held", name=seen.device.name, n=seen.holds, time=heard)


def show_item(item: Item, places: Places, site: str, by: str) -> ItemSeen:
    lang, plan, walked = places.lang, places.plan, item.detail
    opens, closes = places.local(item.opens), places.local(item.closes)
    marks = {each.mark for each in item.about} & SEVERE
    fields = {"n": item.tally.missed} if item.outcome is Outcome.MISSED_POINTS else {}
    names = {point: places.point(point) for point in (deciding.missed(item, plan) if plan else ())}
    return ItemSeen(
        round=item.name,
        shown=deciding.seal(item),
        name=places.schedule(item.schedule, item.route),
        window=f"{opens:%m-%d} {window_words(opens, closes)}",
        verdict=Verdict(colour_of(item.outcome, marks | set(item.marks)), places.w(item.outcome.value, **fields)),
        state=state_seen(item.state, lang),
        href=round_url(site, item.name) if item.row else "",
        points=f"{item.tally.done}/{item.tally.planned}",
        crew=places.persons(item.crew) if item.crew else say(lang, "review_page.nobody_walked"),
        walked=span_of(walked, places, opens.date()) if walked else "",
        about=_about(item.about, places),
        changed=changed_words(item, places),
        history=[said(row, places) for row in item.history],
        own=accepting.is_own(item.crew, [by]),
        excusable=[Option(point, name) for point, name in names.items()],
        dispatch=url("/desk/new", site=site, point=next((each.point for each in item.about if each.point), "")),
    )


def _about(about: Sequence[About], places: Places) -> list[AboutSeen]:
    """By mark, in the order in which they come."""
    by_mark: dict[str, list[str]] = {}
    for each in about:
        where = places.point(each.point) if each.point else say(places.lang, "reviews.whole")
        time = f"{places.local(each.at):%H:%M} " if each.at is not None and each.point else ""
        by_mark.setdefault(each.mark, []).append(time + where)
    return [_mark(mark, where, places.lang) for mark, where in by_mark.items()]


def _mark(mark: str, where: Sequence[str], lang: str) -> AboutSeen:
    word = say(lang, "reviews.missed") if mark == "missed" else mark_word(mark, lang)
    more = f" +{len(where) - ABOUT}" if len(where) > ABOUT else ""
    return AboutSeen("red" if mark in SEVERE or mark == "missed" else "amber", word, " · ".join(where[:ABOUT]) + more)


def state_seen(state: State, lang: str) -> Verdict:
    colours = {State.ACCEPTED: "ok", State.RETURNED: "dim", State.OPEN: "dim"}
    return Verdict(colours.get(state, "amber"), say(lang, f"review_page.state_{state}"))


def changed_words(item: Item, places: Places) -> str:
    """What is otherwise than when it was reviewed; empty when nothing is."""
    changes = accepting.changes(item.review.shown, item.shown) if item.review else ()
    if item.review is None or not changes:
        return ""
    before, now = (_verdict_word(each, places) for each in (item.review.shown, item.shown))
    what = [say(places.lang, f"review_page.changed_{each}", before=before, now=now) for each in changes]
    return say(places.lang, "review_page.changed", what=", ".join(what))


def _verdict_word(shown: Shown, places: Places) -> str:
    if shown.verdict == Outcome.MISSED_POINTS:
        return say(places.lang, "reviews.missed")
    return places.w(shown.verdict) if shown.verdict in set(Outcome) else shown.verdict


def said(row: ReviewRow, places: Places) -> str:
    """One thing that was said of a round."""
    detail, lang = read_detail(row), places.lang
    time, people = places.moment(row.at)[5:16], places.persons(detail.by)
    why = reason_words(lang, detail.reason, detail.words)
    words = say(lang, f"review_page.said_{row.verdict}", time=time, people=people, words=why).strip()
    return words if row.valid else f"{words} {say(lang, 'review_page.in_vain')}"


def here(site: str, day: str = "", span: str = "", done: str = "") -> str:
    """The address of the page."""
    return url("/review", site=site, day=day, span=span, done=done)


# -- asked over HTTP -----------------------------------------------------------------------------


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/review")
    async def review(request: Asked) -> Response[bytes]:
        query, now = request.query_params, house.clock_ms()
        wish = Wish(site_of(request), *(query.get(name, "")[:10] for name in ("day", "span", "done", "from", "to")))
        facts = await house.read(lambda tx: read_review(tx, wish, now, sites_of(request)))
        if facts is None:
            return await house.frame.plain(request, "rounds", "no_site", 200)
        await house.looked(request, "review-seen", facts.to_review.site, facts.day.isoformat())
        by = request.state.session.person or ""
        seen = show_review(facts, lang_of(request), now, wish.done, by)
        return await house.frame.page(request, "review.html", seen)

    @post("/review", request_max_body_size=FORM_BYTES, status_code=200)
    async def decide(request: Asked) -> Response[bytes]:
        """A decision, as a record of the office's own book; then the page it was made on again."""
        form, now = await house.form(request), house.clock_ms()
        site, name, by = form["site"], form.get("round", ""), request.state.session.person or ""
        facts, held = await house.read(lambda tx: (_asked(tx, form, now), plan_at(tx, site, now)))
        if facts is None or held is None:
            raise NotAllowed("review_page.unknown")
        decided = deciding.decide(form, facts.items, facts.plan, held, by, lang_of(request))
        await house.acts(request, f"review-{decided.done}", site, name)
        for body in decided.bodies:
            await house.desk.say(site, body, by, now)
        if form.get("back") == "round":
            there = round_url(site, name)
            return house.view.go(request, f"{there}&done={decided.done}#review")
        return house.view.go(request, here(site, form.get("day", ""), form.get("span", ""), decided.done))

    return [review, decide]


def _asked(tx: Connection, form: Mapping[str, str], now: int) -> to_review.Facts | None:
    """What the form may be about: its one round, or all of its span."""
    site = form["site"]
    if form.get("back") == "round":
        return to_review.read_round(tx, site, form.get("round", ""), now)
    facts = read_review(tx, Wish(site, form.get("day", ""), form.get("span", "")), now, (site,))
    return facts.to_review if facts else None
