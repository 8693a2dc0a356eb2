"""The form of a plan file: which keys may stand where, and what each one means.

One table a kind of thing, to be laid beside app/duties/site.py. Things stand under their ids; a
key that is left out has the value given there. Whether ids lead anywhere, and whether the whole
makes sense, is for plan_checks.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from msgspec import structs

from app.duties.indicators import INDICATORS, RATES
from app.duties.site import (
    CATEGORY_KINDS,
    CHECK_KINDS,
    DAYS,
    FORMS,
    GRADES,
    NO_TEXT,
    ORDERS,
    ROLES,
    ROUTE_KINDS,
    SIGN_INS,
    Area,
    Asset,
    Calendar,
    Category,
    Check,
    Checklist,
    Deduction,
    Grant,
    People,
    Person,
    Plan,
    Point,
    Post,
    Route,
    Schedule,
    ScoreItem,
    Settings,
    SignIn,
    Site,
    Stop,
    Target,
    WorkTeam,
)
from sync.office.plan_faults import Faults, Spot
from sync.office.plan_nodes import Entry, Leaf, Node, Row, Table, find
from sync.office.plan_provisions import (
    choice,
    contact,
    item,
    lone,
    phrase,
    procedure,
    register,
    supply,
    survey,
    violation,
)
from sync.office.plan_tags import SECRETS, measure, tag, tag_rule, uuid
from sync.office.plan_values import (
    Field,
    Form,
    Wrong,
    day,
    days,
    deadline,
    decimal,
    digits,
    line,
    list_of,
    moment,
    named,
    need,
    one_of,
    places,
    read_each,
    read_table,
    roles,
    row,
    text,
    things,
    time_of_day,
    unknown,
    whole,
    word,
    yes_no,
    zone,
)

T = TypeVar("T")

STAND_IN = "00000000-0000-0000-0000-000000000000"
MAX_CHOICES = 9
"""One digit each."""
MAX_SCHEDULES = 2_000
"""Each rule is tried out, which takes milliseconds."""
LONGEST_WINDOW = 31 * 24 * 60
"""Minutes: work due once a month may take the month."""

SITE = {
    "id": need(word, ""),
    "name": need(text, NO_TEXT),
    "zone": need(zone, "UTC"),
    "company": Field(named),
    "district": Field(named),
    "ibeacon": Field(uuid),  # the UUID that this site's own beacons share
}
AREA = {"name": need(text, NO_TEXT), "person": Field(word)}
ASSET = {
    "name": need(text, NO_TEXT),
    "point": need(word, ""),
    "model": Field(line),
    "register": Field(line),
    "inspect_by": Field(day),
    "label": Field(yes_no),
    "instructions": Field(text),
}
POST = {
    "name": need(text, NO_TEXT),
    "hours": need(whole(1, 24), 1),
    "walks": Field(yes_no),
    "roles": Field(roles),
    "items": Field(things(item)),
    "lone": Field(lone),
}
CHECK_KEYS = {
    "text": need(text, NO_TEXT),
    "kind": Field(one_of(*CHECK_KINDS), blank=""),
    "standard": Field(text),
    "unit": Field(line),
    "said": Field(text),
    "decimals": Field(whole(0, 4), blank=6),
    "low": Field(decimal),
    "high": Field(decimal),
    "source": Field(line),
    "total": Field(whole(1, 9999)),
    "asset": Field(word),
    "sensor": Field(measure),
    "meter": Field(yes_no),
    "ratio": Field(whole(1, 100_000)),
    "group": Field(word),
    "balance": Field(whole(1, 100)),
    "moves": Field(yes_no),
    "rate": Field(one_of(*RATES)),
    "category": Field(word),
}
DEDUCTION = {"text": need(text, NO_TEXT), "points": need(whole(1, 100), 1)}
STOP = {
    "point": need(word, ""),
    "id": Field(word),
    "checklist": Field(word),
    "walk_s": Field(whole(0, 7200)),
}
SCHEDULE = {
    "route": need(word, ""),
    "name": need(text, NO_TEXT),
    "rule": need(line, ""),
    "start": need(time_of_day, ""),
    "minutes": need(whole(1, LONGEST_WINDOW), 1440),
    "begins": need(day, ""),
    "until": Field(day),
    "crew": Field(whole(1, 6), blank=2),
    "recheck": Field(yes_no),
    "days": Field(one_of(*DAYS)),
    "post": Field(word),
}
WORK_TEAM = {
    "name": need(text, NO_TEXT),
    "leader": need(word, ""),
    "members": need(list_of(word), ()),
    "areas": Field(list_of(word)),
}
TARGET = {"value": need(decimal, "0"), "source": Field(line)}
CALENDAR = {"holidays": Field(days), "workdays": Field(days)}
SETTINGS = {
    "label_after_s": Field(whole(2, 120)),
    "margin_db": Field(whole(0, 30)),
    "enter_below_1m_db": Field(whole(0, 40)),
    "scan_window_ms": Field(whole(500, 2500)),  # near needs three samples in six seconds
    "scan_pause_ms": Field(whole(0, 30_000)),
    "pin_tries": Field(whole(3, 10)),
    "quiet_from": Field(time_of_day),
    "quiet_to": Field(time_of_day),
    "prune_days": Field(whole(1, 90)),
    "contact_min": Field(whole(1, 60)),
    "keep_days": Field(whole(90, 36_500)),
    "keep_safety_days": Field(whole(1096, 36_500)),
}
PERSON = {
    "name": need(text, NO_TEXT),
    "number": Field(digits(1, 8)),
}


def build_plan(top: Node, revision: int, faults: Faults) -> Plan:
    """The plan as far as it can be read; where something is wrong a blank stands, and a fault says so."""
    site_uuid = _site_uuid(top)
    values = read_table(top, _plan_form(site_uuid), faults)
    effective, effective_at = values.pop("effective")
    return Plan(revision=revision, effective=effective, effective_at=effective_at, grants=values.pop("roles"), **values)


def respelt(top: Node, faults: Faults) -> Node:
    """The file with its misspelt sections, which are told, under the names that were meant: so nothing that leads
    into them is blamed, and what is wrong in them is.
    """
    if not isinstance(top, Table):
        return top
    form, taken = _plan_form(""), {entry.key for entry in top.entries}
    entries = []
    for entry in top.entries:
        name = entry.key
        if name not in form and (near := faults.near(name, form.keys())) and near not in taken:
            name = unknown(Spot(entry.line), name, form, faults)
            taken.add(name)
        entries.append(Entry(name, entry.line, entry.node))
    return Table(top.spot, tuple(entries))


def build_people(top: Node, faults: Faults) -> People:
    return People(**read_table(top, {"people": need(things(_of(Person, PERSON)), ())}, faults))


def _plan_form(site_uuid: str) -> Form:
    return {
        "site": need(_site, Site("", NO_TEXT, "UTC")),
        "effective": need(moment, ("", "")),
        "calendar": Field(_calendar),
        "settings": Field(_settings),
        "roles": need(_grants, ()),
        "sign_in": Field(_sign_in),
        "teams": Field(things(_of(WorkTeam, WORK_TEAM))),
        "targets": Field(things(_target)),
        "areas": need(things(_of(Area, AREA)), ()),
        "posts": Field(things(_of(Post, POST))),
        "tag_rules": Field(list_of(tag_rule)),
        "points": need(things(_point(site_uuid)), ()),
        "assets": Field(things(_of(Asset, ASSET))),
        "checklists": Field(things(_checklist)),
        "routes": need(things(_route), ()),
        "schedules": need(things(_of(Schedule, SCHEDULE), MAX_SCHEDULES), ()),
        "categories": Field(things(_category)),
        "registers": Field(things(register)),
        "procedures": Field(things(procedure)),
        "contacts": Field(things(contact)),
        "supplies": Field(things(supply)),
        "surveys": Field(things(survey)),
        "skip_reasons": Field(things(phrase)),
        "alone_reasons": Field(things(phrase)),  # without them, the skip reasons are offered
    }


def _site_uuid(top: Node) -> str:
    """The site's own beacon UUID, wherever the site stands in the file; "" when it has none."""
    site = _below(top, "site")
    node = _below(site, "ibeacon") if site else None
    if node is None:
        return ""
    try:
        return uuid(node, Faults(""))
    except Wrong:  # told where the site is read; each tag need not be blamed again
        return STAND_IN


def _site(node: Node, faults: Faults) -> Site:
    values = read_table(node, SITE, faults)
    values.pop("ibeacon", None)
    return Site(**values)


def _grants(node: Node, faults: Faults) -> tuple[Grant, ...]:
    """`guard: [zhang-wei, li-min]`: who is what at this site; whoever stands under two roles has both. Or a list of
    `{person: li-min, roles: [leader, guard]}`, the usual role first; those with the same one stand together."""
    if isinstance(node, Row):
        granted = read_each(node.items, _grant, faults)
        if not node.items:
            raise Wrong("nobody")
        usual = list(dict.fromkeys(grant.roles[0] for grant in granted if grant.roles))
        together = sorted(granted, key=lambda grant: usual.index(grant.roles[0]) if grant.roles else 0)
        return tuple({grant.person: grant for grant in together}.values())
    held: dict[str, list[str]] = {}
    for role, persons in read_table(node, dict.fromkeys(ROLES, Field(list_of(word))), faults).items():
        for person in persons:
            held.setdefault(person, []).append(role)
    if isinstance(node, Table) and not node.entries:
        raise Wrong("nobody")
    return tuple(Grant(person, tuple(dict.fromkeys(roles))) for person, roles in held.items())


def _grant(node: Node, faults: Faults) -> Grant:
    return Grant(**read_table(node, {"person": need(word, ""), "roles": need(roles, ())}, faults))


def _sign_in(node: Node, faults: Faults) -> tuple[SignIn, ...]:
    """`cleaner: [typed, leader]`: how people of a role may sign in beside badge and PIN."""
    allowed = read_table(node, dict.fromkeys(ROLES, Field(list_of(one_of(*SIGN_INS)))), faults)
    return tuple(SignIn(role, methods) for role, methods in allowed.items())


def _calendar(node: Node, faults: Faults) -> Calendar:
    return Calendar(**read_table(node, CALENDAR, faults))


def _settings(node: Node, faults: Faults) -> Settings:
    return Settings(**read_table(node, SETTINGS, faults))


def _of(part: Callable[..., T], form: Form) -> Callable[[str, Node, Faults], T]:
    """How a part whose form says everything is built."""
    return lambda key, node, faults: part(id=key, **read_table(node, form, faults))


def _point(site_uuid: str) -> Callable[[str, Node, Faults], Point]:
    form = {
        "name": need(text, NO_TEXT),
        "area": need(word, ""),
        "way": Field(text),
        "look": Field(text),
        "tags": Field(list_of(tag(site_uuid))),
        "label": Field(yes_no, blank=True),
        "grade": Field(one_of(*GRADES), blank="typed"),
        "danger": Field(yes_no),
        "code": Field(digits(4, 8)),
    }

    def build(key: str, node: Node, faults: Faults) -> Point:
        point = Point(id=key, **read_table(node, form, faults))
        _check_proof(node, point, faults)
        return point

    return build


def _check_proof(node: Node, point: Point, faults: Faults) -> None:
    """The evidence that a point asks for must be possible there."""
    tags = _below(node, "tags") is not None
    if not (tags or point.label or _below(node, "code")):
        faults.add(node.spot, "no_proof")
    elif point.grade in ("near", "label+near", "anti-clone") and not tags:
        faults.add(find(node, "grade"), "grade_needs_tag", grade=point.grade)
    elif point.grade in ("label", "label+near") and not point.label:
        faults.add(find(node, "grade"), "grade_needs_label", grade=point.grade)
    elif point.grade == "anti-clone" and not any(tag.format in SECRETS for tag in point.tags):
        faults.warn(find(node, "grade"), "never_anti_clone")


def _category(key: str, node: Node, faults: Faults) -> Category:
    form = {
        "text": need(text, NO_TEXT),
        "kind": need(one_of(*CATEGORY_KINDS), "finding"),
        "phrases": need(things(phrase), ()),
        "respond": Field(deadline),
        "deadline": need(deadline, "2d"),
        "to": need(one_of(*ROLES), ""),
        "violation": Field(violation),
    }
    category = Category(id=key, **read_table(node, form, faults))
    if isinstance(phrases := _below(node, "phrases"), Table) and not _size(phrases):
        faults.add(phrases.spot, "no_phrases")
    return category


def _below(node: Node, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Table) else None


def _size(node: Node) -> int:
    return len(node.entries) if isinstance(node, Table) else 0


# Checklists


def _checklist(key: str, node: Node, faults: Faults) -> Checklist:
    form = {"name": need(text, NO_TEXT), "category": Field(word), "checks": need(things(_check), ())}
    values = read_table(node, form, faults)
    category = values.pop("category", "")
    asked = tuple(structs.replace(each, category=each.category or category) for each in values.pop("checks"))
    checklist = Checklist(id=key, checks=asked, **values)
    if isinstance(checks := _below(node, "checks"), Table) and not _size(checks):
        faults.add(checks.spot, "empty_checklist")
    _check_groups(node, checklist, faults)
    return checklist


def _check_groups(node: Node, checklist: Checklist, faults: Faults) -> None:
    """Phases that stand side by side are at least two, and of one unit."""
    groups: dict[str, list[Check]] = {}
    for check in checklist.checks:
        if check.group and check.kind == "number":
            groups.setdefault(check.group, []).append(check)
    for name, together in groups.items():
        if len(together) < 2 or len({check.unit for check in together}) > 1:
            faults.add(find(node, "checks", together[-1].id, "group"), "lone_group", name=name)


def _check(key: str, node: Node, faults: Faults) -> Check:
    """A full check, or a text alone: something that is OK or not."""
    if isinstance(node, Leaf) or _below(node, "zh") or _below(node, "en"):
        return Check(id=key, kind="ok", text=text(node, faults))
    form = CHECK_KEYS | {"choices": Field(things(choice)), "items": Field(things(_score_item))}
    values = {"kind": "ok"} | read_table(node, form, faults)
    check = Check(id=key, **values)
    if values["kind"]:
        _check_kind(node, check, faults)
    if check.kind in ("number", "count"):
        _check_limits(node, check, faults)
    for key, beside in (("ratio", "meter"), ("balance", "group")):
        if check.kind == "number" and _below(node, key) is not None and not getattr(check, beside):
            faults.add(find(node, key), "needs_beside", name=key, beside=beside)
    return check


_ONLY_FOR = {
    "unit": ("number",),
    "said": ("number",),
    "decimals": ("number",),
    "sensor": ("number",),
    "meter": ("number",),
    "ratio": ("number",),
    "group": ("number",),
    "balance": ("number",),
    "moves": ("number",),
    "items": ("score",),
    "low": ("number", "count", "score"),
    "high": ("number", "count"),
    "choices": ("choice", "text"),
    "total": ("count",),
}


def _check_kind(node: Node, check: Check, faults: Faults) -> None:
    """Each kind of check has its own keys."""
    for key, kinds in _ONLY_FOR.items():
        if _below(node, key) is not None and check.kind not in kinds:
            faults.add(find(node, key), "not_for_kind", name=key, kind=check.kind, kinds=", ".join(kinds))
    if check.kind == "count" and _below(node, "total") is None:
        faults.add(node.spot, "missing_key", name="total")
    if check.kind == "score":
        _check_sheet(node, check, faults)
    if check.kind == "choice":
        _check_choices(node, check, faults)


def _target(key: str, node: Node, faults: Faults) -> Target:
    """`missed: {value: 2, source: 考核办法}`."""
    target = Target(id=key, **read_table(node, TARGET, faults))
    indicator = INDICATORS.get(key)
    most = 100 if indicator and indicator.unit == "%" else 100_000
    if indicator is None:
        faults.add(node.spot, "no_indicator", name=key, names=", ".join(INDICATORS))
    elif not 0 <= Decimal(target.value) <= most:
        faults.add(find(node, "value"), "bad_target", value=target.value, high=most)
    return target


def _score_item(key: str, node: Node, faults: Faults) -> ScoreItem:
    form = {
        "text": need(text, NO_TEXT),
        "full": need(whole(1, 100), 1),
        "reasons": need(things(_of(Deduction, DEDUCTION)), ()),
    }
    item = ScoreItem(id=key, **read_table(node, form, faults))
    for reason in item.reasons:
        if reason.points > item.full:
            spot = find(node, "reasons", reason.id, "points")
            faults.add(spot, "deducts_more", points=reason.points, full=item.full)
    return item


def _check_sheet(node: Node, check: Check, faults: Faults) -> None:
    """A sheet has items, and a pass mark that can be reached."""
    full = sum(item.full for item in check.items)
    if _below(node, "items") is None:
        faults.add(node.spot, "missing_key", name="items")
    elif check.low is not None and (places(check.low) or not 0 < Decimal(check.low) <= full):
        faults.add(find(node, "low"), "bad_int", value=check.low, low=1, high=full)


def _check_choices(node: Node, check: Check, faults: Faults) -> None:
    written = _below(node, "choices")
    if written is None or _size(written) < 2:
        faults.add(written.spot if written else node.spot, "few_choices")
    elif len(check.choices) > MAX_CHOICES:
        faults.add(written.spot, "many_choices", limit=MAX_CHOICES)
    elif len(check.choices) == _size(written) and not any(choice.ok for choice in check.choices):
        faults.add(written.spot, "no_good_choice")


def _check_limits(node: Node, check: Check, faults: Faults) -> None:
    """Limits that can be typed, in order, and with the paper they come from (domain §10)."""
    for key, limit in (("low", check.low), ("high", check.high)):
        if limit is not None and places(limit) > check.decimals:
            faults.add(find(node, key), "too_many_decimals", value=limit, decimals=check.decimals)
    if check.low is not None and check.high is not None and Decimal(check.low) > Decimal(check.high):
        faults.add(find(node, "low"), "low_above_high", low=check.low, high=check.high)
    elif check.kind == "count" and check.low is not None and Decimal(check.low) > check.total > 0:
        faults.add(find(node, "low"), "low_above_high", low=check.low, high=check.total)
    if (check.low is not None or check.high is not None) and not check.source:
        faults.warn(node.spot, "no_source")


# Routes


def _route(key: str, node: Node, faults: Faults) -> Route:
    form = {
        "kind": need(one_of(*ROUTE_KINDS), "patrol"),
        "name": need(text, NO_TEXT),
        "order": need(one_of(*ORDERS), "fixed"),
        "roles": need(roles, ()),
        "checklist": Field(word),  # of every stop that names none
        "lone": Field(lone),
        "form": Field(one_of(*FORMS)),
        "stops": need(_stops, ()),
    }
    values = read_table(node, form, faults)
    common = values.pop("checklist", None)
    values["stops"] = tuple(
        Stop(stop.id, stop.point, stop.checklist or common, stop.walk_s) for stop in values["stops"]
    )
    return Route(id=key, **values)


def _stops(node: Node, faults: Faults) -> tuple[Stop, ...]:
    items = row(node)
    if not items:
        raise Wrong("no_stops")
    stops = read_each(items, _stop, faults)
    seen: dict[str, int | str] = {}
    for stop, written in zip(stops, items, strict=True):
        if stop.id and stop.id in seen:
            faults.add(written.spot, "duplicate_stop", name=stop.id, first=seen[stop.id])
        seen.setdefault(stop.id, written.spot.place)
    return stops


def _stop(node: Node, faults: Faults) -> Stop:
    """A point's id, or `{point: …, checklist: …, walk_s: …}`. A stop is named after its point.

    Always gives a stop, so that the stops stand as they do in the file.
    """
    if isinstance(node, Leaf):
        node = Table(node.spot, (Entry("point", node.spot.line, node),))
    values = read_table(node, STOP, faults)
    return Stop(**{"id": values["point"]} | values)
