"""A site and its plan: what the office wrote down, as frozen values.

One `Plan` is one revision of one site (decision 22). The handheld reads it from canonical JSON
that the office compiled and checked; this module trusts that check and only looks things up. What a
newer office adds does not make a plan unreadable: unknown members are passed over, and an unknown word
is read as the one that asks least of a crew (`Check`, `Route`, `Schedule`, `Point`, `Category` say which).
Ids are short ASCII words, never reused. Decimals are strings, times of day `HH:MM`, dates `YYYY-MM-DD`.
"""

from collections.abc import Collection
from functools import cached_property
from hashlib import sha256
from typing import Final, Literal, get_args

import msgspec

from app.duties.provisions import Contact, Item, Lone, Procedure, Register, Supply, Survey, Violation
from app.duties.texts import NO_TEXT as NO_TEXT
from app.duties.texts import Choice as Choice
from app.duties.texts import Part as Part
from app.duties.texts import Phrase as Phrase
from app.duties.texts import Text as Text


class Named(Text, frozen=True):
    """A company or a district: words in both languages, and the id by which accounts are limited to it (D64)."""

    id: str = ""


NO_NAME: Final = Named()


class Site(Part, frozen=True):
    id: str
    name: Text
    zone: str
    """IANA time zone, e.g. Asia/Shanghai."""
    company: Named = NO_NAME
    district: Named = NO_NAME


class Target(Part, frozen=True):
    """What an indicator is to reach here (D62)."""

    id: str
    """Of app.duties.indicators; nothing is asked of one that only a newer office knows."""
    value: str
    """Percent, or minutes; a decimal."""
    source: str = ""
    """The paper it comes from."""


class Area(Part, frozen=True):
    """片区/网格: a part of the site with one person responsible for it."""

    id: str
    name: Text
    person: str | None = None


GENERIC: Final = "generic"
BEACONS: Final = ("ibeacon", "eddystone-uid", "altbeacon")
"""Formats that only beacons send: an unknown one close by is worth a record."""
EID: Final = "eddystone-eid"
"""Its identity changes; in a plan stands the fitter's name of the tag, and app.duties.rotating tells which it is."""
TAG_FORMATS: Final = (*BEACONS, "eddystone-url", "bthome", GENERIC, EID)
"""Formats whose identity can stand in a plan. The others only measure, or their identity changes."""
UNLEVELLED: Final = ("bthome", GENERIC)
"""Formats that do not tell their level at one metre."""


class Tag(Part, frozen=True):
    """A BLE beacon fixed at a point."""

    format: str
    """Of TAG_FORMATS; nothing hears a tag of another one."""
    id: str
    """Identity as in the contract: `uuid/major/minor`, `namespace/instance` …"""
    address: str | None = None
    """Bluetooth address it must come from; None when not yet bound."""
    near: int | None = None
    """Calibrated level: the median an installer measured at the reading point, dBm."""

    @property
    def sender(self) -> str | None:
        """The Bluetooth address that its frames come from, where the plan says it: of what such a frame measures, the
        place is known."""
        return self.id if self.format == "bthome" else self.address

    def may_send_from(self, address: str) -> bool:
        """Whether that is the Bluetooth address in the plan, or none stands there."""
        return self.address is None or self.address.upper() == address.upper()

    @property
    def places(self) -> bool:
        """Whether hearing it can be an arrival: of a format that tells no level only once somebody measured it."""
        return self.near is not None or self.format not in UNLEVELLED


class TagRule(Part, frozen=True):
    """How the tags of a maker who tells nobody their format are known. All that is set must fit."""

    name: str = ""
    """How the device's name begins."""
    company: int | None = None
    """Bluetooth company id."""
    service: str = ""
    """Service UUID: four hex digits, or in full."""
    begin: int = 0
    size: int = 0
    """Which bytes after the company id or the service UUID are the identity. None: the Bluetooth address."""

    def identity(self, address: str, name: str, frame: str) -> str | None:
        """The tag that sent `frame` (as of a sighting: `m004c:0215…`); None when it is another maker's."""
        carrier, _, digits = frame.partition(":")
        carriers = [f"s{self.service.lower()}"] if self.service else []
        carriers += [f"m{self.company:04x}"] if self.company is not None else []
        if not (carriers or self.name) or (carriers and carrier not in carriers) or not name.startswith(self.name):
            return None
        if not self.size:
            return address
        piece = digits[2 * self.begin : 2 * (self.begin + self.size)]
        return piece if carriers and len(piece) == 2 * self.size else None


Grade = Literal["late-entry", "typed", "label", "near", "label+near", "anti-clone"]
"""Strength of the evidence for a visit, weakest first (decision 26)."""
GRADES: tuple[Grade, ...] = ("late-entry", "typed", "label", "near", "label+near", "anti-clone")


class Point(Part, frozen=True):
    """巡更点: a place where a person must be."""

    id: str
    name: Text
    """As the crew says it: building, floor, door."""
    area: str
    way: Text = NO_TEXT
    """How to get there, one line."""
    look: Text = NO_TEXT
    """What to look at, one line."""
    tags: tuple[Tag, ...] = ()
    label: bool = False
    """Carries a printed label (its token lives at the office, never in the plan)."""
    grade: str = "label"
    """Weakest evidence that is not called weak here; risk decides. An unknown grade asks for the label."""
    danger: bool = False
    """Carries a warning sign that the round checks (D7)."""
    code: str = ""
    """Short code printed under the label, typed when nothing can be read."""

    def __post_init__(self) -> None:
        self._read_as("grade", GRADES, "label")

    @property
    def beacons(self) -> tuple[Tag, ...]:
        """The tags that can show that somebody is here; the others only measure."""
        return tuple(tag for tag in self.tags if tag.places)

    def tag(self, kind: str, id: str) -> Tag | None:
        """Its tag of the format `kind` with that identity."""
        return next((tag for tag in self.tags if (tag.format, tag.id) == (kind, id)), None)


class Asset(Part, frozen=True):
    """设备: an item of the equipment ledger, at a point."""

    id: str
    name: Text
    point: str
    model: str = ""
    register: str = ""
    """Registration number of special equipment."""
    inspect_by: str | None = None
    """Date of the next statutory inspection or calibration (D17)."""
    label: bool = False
    """Carries a printed label of its own: scanning it is being at its point."""
    instructions: Text = NO_TEXT
    """What whoever works on it must know, a sentence or two."""


class Post(Part, frozen=True):
    """岗位: a place on duty. Shifts, handovers and hours belong to it."""

    id: str
    name: Text
    hours: int
    """Hours at most without relief (D6)."""
    walks: bool = True
    """Its people may start a round (the control room's may not, D53)."""
    roles: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    """Keys and equipment that are counted at a handover (D40)."""
    lone: Lone | None = None
    """How somebody who is here alone is asked (D50)."""


CheckKind = Literal["ok", "choice", "number", "count", "text", "score"]
CHECK_KINDS: Final[tuple[CheckKind, ...]] = get_args(CheckKind)


class Deduction(Part, frozen=True):
    """Why an item of a score sheet loses points."""

    id: str
    text: Text
    points: int
    """Each time it is said."""


class ScoreItem(Part, frozen=True):
    id: str
    text: Text
    full: int
    """Its points when nothing is wrong."""
    reasons: tuple[Deduction, ...]


class Check(Part, frozen=True):
    """One thing to look at or measure. `ok` takes OK / not OK, an unknown kind too; `count` good of `total`; `score`
    is a whole sheet, and `low` its pass mark."""

    id: str
    kind: str
    """Of CHECK_KINDS."""
    text: Text
    standard: Text = NO_TEXT
    """What OK looks like (D22)."""
    unit: str = ""
    said: Text = NO_TEXT
    """The unit people say beside it."""
    decimals: int = 0
    """Digits behind the point: with 2, typing 42 gives 0.42."""
    low: str | None = None
    high: str | None = None
    """Normal range, both ends included, decimal strings."""
    source: str = ""
    """The paper that the limits come from."""
    choices: tuple[Choice, ...] = ()
    total: int = 0
    asset: str | None = None
    sensor: str = ""
    """Measurement of the point's own sensor that answers a number, e.g. `temperature`; a person may overrule it."""
    meter: bool = False
    """A number that never falls, except when the meter is exchanged (换表)."""
    ratio: int = 1
    """Of a meter's current transformers (CT 倍率): what is used is the difference times this."""
    group: str = ""
    """Numbers of one checklist with the same group are shown side by side: the three phases."""
    balance: int = 0
    """How far one of a group may differ from their mean, percent; 0 when that is no matter."""
    moves: bool = True
    """A number that is expected to change: the same one again and again is asked about."""
    items: tuple[ScoreItem, ...] = ()
    """Of a score sheet."""
    rate: str = ""
    """Of app.duties.indicators.RATES: what its answer counts for, when not for what its route says."""
    category: str = ""
    """What kind of finding a fault of it is, so that nobody has to look for that; empty when it can be any."""

    def __post_init__(self) -> None:
        self._read_as("kind", CHECK_KINDS, "ok")


class Checklist(Part, frozen=True):
    id: str
    name: Text
    checks: tuple[Check, ...]


class Stop(Part, frozen=True):
    """One stop of a route: a point, perhaps a checklist."""

    id: str
    point: str
    checklist: str | None = None
    walk_s: int = 0
    """Seconds that nobody can beat from the stop listed before it; 0 when unknown."""


ROUTE_KINDS: Final = ("patrol", "cleaning", "inspection", "greening", "safety", "drill")
FORMS: Final = ("fire-patrol", "facility", "power-room", "lift")
"""Papers that an inspector asks for, filled from the rounds of a route (D68)."""
BY_PLACE: Final = ("cleaning", "greening")
"""Kinds of routes whose places are done as somebody comes by."""
ORDERS: Final = ("fixed", "free", "shuffled")


class Route(Part, frozen=True):
    id: str
    kind: str
    """Of ROUTE_KINDS, or a word that only a newer office knows."""
    name: Text
    order: str
    """Of ORDERS. In an unknown one nobody can be out of order: free."""
    stops: tuple[Stop, ...]
    roles: tuple[str, ...]
    """Who walks it; the due list shows a person only what the role needs."""
    lone: Lone | None = None
    """How somebody who walks it alone is asked (D50)."""
    form: str = ""
    """Of FORMS: which paper its rounds fill; empty, or a word that only a newer office knows: none."""

    def __post_init__(self) -> None:
        self._read_as("order", ORDERS, "free")


DAYS: Final = ("all", "working", "off")


class Schedule(Part, frozen=True):
    """When a route is due."""

    id: str
    route: str
    name: Text
    rule: str
    """RFC 5545 RRULE, the checked subset of decision 23: daily or coarser."""
    start: str
    """Local time at which the window opens."""
    minutes: int
    """Length of the window; may cross midnight."""
    begins: str
    """First local date, the rule's DTSTART."""
    until: str | None = None
    crew: int = 1
    """People who must be identified together; two at night (D2)."""
    recheck: bool = False
    """The partner is identified again on the way (D2)."""
    days: str = "all"
    """Of DAYS: restrict to working days or days off of the calendar (holidays, make-up workdays). Unknown: all."""
    post: str | None = None
    """The post that walks it, when that is said (decision 17)."""

    def __post_init__(self) -> None:
        self._read_as("days", DAYS, "all")


class Calendar(Part, frozen=True):
    holidays: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()
    """Weekend dates that are worked (调休)."""


ROLES = (
    "guard", "fire-control", "fitter", "cleaner", "leader", "gardener", "warden", "desk", "contractor", "supervisor",
    "quality", "manager", "admin",
)  # fmt: skip
"""秩序维护员 消控值班员 维修工 保洁员 领班 绿化工 宿管 客服/管家 外包 主管 品质 经理 管理员 (decision 15)."""


CATEGORY_KINDS: Final = ("finding", "hazard", "request")
"""Of a category: something wrong 问题; a hazard 隐患, which has a ledger of its own; what only a resident asks for or
complains about 报事报修, taken as a work order and never reported on a round."""


class Category(Part, frozen=True):
    """A kind of finding (D8), with its phrases and whose turn it is."""

    id: str
    text: Text
    kind: str
    """Of CATEGORY_KINDS."""
    phrases: tuple[Phrase, ...]
    deadline: str
    """`same-day`, or a number of `min`, `h`, `d` or working days `wd` (findings.due, D30)."""
    to: str
    """Of ROLES: who receives it. An unknown role's goes to the supervisor."""

    respond: str = ""
    """Like `deadline`: until somebody is there (D31); empty when only the end counts."""
    violation: Violation | None = None
    """Set where somebody does what he may not: the papers of D35."""

    def __post_init__(self) -> None:
        self._read_as("to", ROLES, "supervisor")


class Settings(Part, frozen=True):
    """Numbers of the handheld's behaviour that the plan sets."""

    label_after_s: int = 8
    """Seconds without *near* before the label is offered (decision 26)."""
    margin_db: int = 6
    """A rival tag within this of ours is ambiguous."""
    enter_below_1m_db: int = 8
    """Near from this much under the level at one metre."""
    scan_window_ms: int = 1000
    """One scan of the radio: longer for tags that send seldom, always under the kernel's ten seconds."""
    scan_pause_ms: int = 2000
    """Between two scans, once a stop has waited for half a minute without a key."""
    pin_tries: int = 5
    quiet_from: str = "22:00"
    quiet_to: str = "07:00"
    prune_days: int = 7
    """How long a handheld keeps what the office has."""
    contact_min: int = 0
    """Minutes from taking an order to somebody being on the way (D31); 0: nobody asks."""
    keep_days: int = 90
    """How long the office keeps rounds of patrol, cleaning and greening."""
    keep_safety_days: int = 1096
    """How long it keeps all else: fire patrol, inspections, findings, orders, alarms (three years)."""


class Grant(Part, frozen=True):
    """What a site lets a person be (decision 15)."""

    person: str
    roles: tuple[str, ...]
    """Of ROLES, the first one the usual one."""


TEMPORARY: Final = "temp-"
"""Begins the id of somebody who is not in the plan yet, for one shift; four digits follow."""


class Person(Part, frozen=True):
    """Somebody of the people file (decision 15): office-wide id, no secret. Sites grant the roles."""

    id: str
    name: Text
    number: str = ""
    """Staff number, digits: what a person types instead of a name."""


class People(Part, frozen=True):
    people: tuple[Person, ...]


SIGN_INS: Final = ("typed", "leader")
"""Ways of signing in that a plan may allow beside badge and PIN: number or name alone; by the leader of a team."""


class SignIn(Part, frozen=True):
    """How people of a role may sign in besides."""

    role: str
    methods: tuple[str, ...]
    """Of SIGN_INS, or a word that only a newer office knows."""


class WorkTeam(Part, frozen=True):
    """班组: people whose leader may sign them in together."""

    id: str
    name: Text
    leader: str
    members: tuple[str, ...]
    """Persons; the leader need not be one of them."""
    areas: tuple[str, ...] = ()
    """谁片区、谁负责: where it works by place; empty: everywhere."""


class Credentials(Part, frozen=True):
    """What a handheld needs to recognise codes and PINs, all hashed (decision 15)."""

    salt: str
    """Hex, one per site."""
    codes: dict[str, str] = {}
    """hex SHA-256(salt ‖ token) → `point:ID/ISSUE`, `person:ID/ISSUE` or `asset:ID/ISSUE`."""
    pins: dict[str, str] = {}
    """person id → `SALTHEX:HASHHEX`, scrypt n=2^14 r=8 p=1, 32 bytes."""


class Plan(Part, frozen=True, dict=True):
    """One revision of one site."""

    site: Site
    revision: int
    effective: str
    """First local date it holds for."""
    effective_at: str = ""
    """Local time of that date from which it holds; empty: all of it. An older handheld takes the whole day."""
    grants: tuple[Grant, ...] = ()
    areas: tuple[Area, ...] = ()
    points: tuple[Point, ...] = ()
    assets: tuple[Asset, ...] = ()
    posts: tuple[Post, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    routes: tuple[Route, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    categories: tuple[Category, ...] = ()
    skip_reasons: tuple[Phrase, ...] = ()
    alone_reasons: tuple[Phrase, ...] = ()
    """Why a round begins with fewer people than it asks for; `why_alone` says what stands in for none."""
    calendar: Calendar = Calendar()
    settings: Settings = Settings()
    registers: tuple[Register, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    contacts: tuple[Contact, ...] = ()
    supplies: tuple[Supply, ...] = ()
    """Spare parts and consumables that a repair may use (D37)."""
    surveys: tuple[Survey, ...] = ()
    """What is inspected before it is handed over (D36)."""
    tag_rules: tuple[TagRule, ...] = ()
    """Whose identities have the format `generic`."""
    sign_in: tuple[SignIn, ...] = ()
    """Roles that sign in with less than a badge or a PIN."""
    teams: tuple[WorkTeam, ...] = ()
    targets: tuple[Target, ...] = ()

    # Asked with an id of the plan itself these raise KeyError, which cannot happen; for the id of a record, a page
    # or an older plan there is `find_…`, None when this plan has no such thing.
    def point(self, id: str) -> Point:
        return self._index.points[id]

    def route(self, id: str) -> Route:
        return self._index.routes[id]

    def schedule(self, id: str) -> Schedule:
        return self._index.schedules[id]

    def checklist(self, id: str) -> Checklist:
        return self._index.checklists[id]

    def checks_of(self, stop: Stop) -> tuple[Check, ...]:
        """What is to be checked at a stop of this plan, in order."""
        return self.checklist(stop.checklist).checks if stop.checklist else ()

    def asset(self, id: str) -> Asset:
        return self._index.assets[id]

    def category(self, id: str) -> Category:
        return self._index.categories[id]

    def find_point(self, id: str) -> Point | None:
        return self._index.points.get(id)

    def find_route(self, id: str) -> Route | None:
        return self._index.routes.get(id)

    def find_schedule(self, id: str) -> Schedule | None:
        return self._index.schedules.get(id)

    def find_asset(self, id: str) -> Asset | None:
        return self._index.assets.get(id)

    def find_check(self, checklist: str, check: str) -> Check | None:
        found = self._index.checklists.get(checklist)
        return next((each for each in found.checks if each.id == check), None) if found else None

    def find_category(self, id: str) -> Category | None:
        return self._index.categories.get(id)

    @property
    def why_alone(self) -> tuple[Phrase, ...]:
        """What a short crew may answer: the plan's own reasons, else those for leaving a stop out."""
        return self.alone_reasons or self.skip_reasons

    def roles_of(self, person: str) -> tuple[str, ...]:
        """What the site lets `person` be, the usual role first; nothing for somebody it does not know."""
        return self._index.roles.get(person, ())

    def role_of(self, person: str, wanted: Collection[str] = ()) -> str | None:
        """The role under which `person` acts: the first that is `wanted`, else the usual one."""
        roles = self.roles_of(person)
        return next((role for role in roles if role in wanted), roles[0] if roles else None)

    def must_stay(self, person: str) -> bool:
        """Whether every role of `person` belongs to posts that do not walk, and to no other post (D53)."""
        roles = self.roles_of(person)
        walking = [[post.walks for post in self.posts if role in post.roles] for role in roles]
        return bool(roles) and all(walks and not any(walks) for walks in walking)

    def may_sign_in(self, person: str, method: str) -> bool:
        """Whether the plan lets `person` sign in by `method`, one of SIGN_INS: every role that the person has must be
        let, since each comes with its rights."""
        allowed = {rule.role for rule in self.sign_in if method in rule.methods}
        roles = self.roles_of(person)
        return bool(roles) and allowed.issuperset(roles)

    @cached_property
    def by_place(self) -> frozenset[str]:
        """Routes that are not walked one stop after the other: what is due at a place is done as somebody comes by,
        whichever of them asks for it (D20-D24). Only where each check is OK or not."""
        return frozenset(route.id for route in self.routes if route.kind in BY_PLACE and self._plain(route))

    def _plain(self, route: Route) -> bool:
        return all(check.kind == "ok" for stop in route.stops for check in self.checks_of(stop))

    @cached_property
    def asks_alone(self) -> bool:
        """Whether somebody who works alone is asked anywhere at this site (D50)."""
        return any(post.lone for post in self.posts) or any(route.lone for route in self.routes)

    @cached_property
    def sha256(self) -> str:
        """What names the revision, hex: of the bytes it was read from, else of its canonical bytes."""
        return sha256(encode_plan(self)).hexdigest()

    def point_of_tag(self, kind: str, tag: str) -> Point | None:
        """The point that carries the tag `tag` of the format `kind`."""
        return self._index.tags.get((kind, tag))

    def point_of_code(self, code: str) -> Point | None:
        """The point whose printed short code somebody typed."""
        return self._index.codes.get(code)

    @cached_property
    def _index(self) -> "_Index":
        return _Index(self)


class _Index:
    def __init__(self, plan: Plan) -> None:
        self.points = {point.id: point for point in plan.points}
        self.routes = {route.id: route for route in plan.routes}
        self.schedules = {schedule.id: schedule for schedule in plan.schedules}
        self.checklists = {checklist.id: checklist for checklist in plan.checklists}
        self.assets = {asset.id: asset for asset in plan.assets}
        self.categories = {category.id: category for category in plan.categories}
        self.tags: dict[tuple[str, str], Point] = {
            (tag.format, tag.id): point for point in plan.points for tag in point.tags
        }
        self.roles = {grant.person: grant.roles for grant in plan.grants}
        self.codes = {point.code: point for point in plan.points if point.code}


def encode_plan(plan: Plan) -> bytes:
    """Canonical JSON: the bytes whose SHA-256 names the revision."""
    return msgspec.json.encode(plan, order="sorted")


def decode_plan(raw: bytes) -> Plan:
    """The plan in canonical JSON; the last few stay decoded. Raises msgspec.ValidationError (a ValueError) when it is
    none.

    It keeps the hash of `raw`: written again it may lack what a newer office put in.
    """
    name = sha256(raw).hexdigest()
    plan = decoded(name)
    if plan is None:
        plan = msgspec.json.decode(raw, type=Plan)
        plan.__dict__["sha256"] = name
        _DECODED[name] = plan
    for older in tuple(_DECODED)[:-_MOST_DECODED]:
        _DECODED.pop(older, None)
    return plan


def decoded(name: str) -> Plan | None:
    """The plan of that hash, if it is one of the last few: whoever knows the hash need not read its bytes."""
    plan = _DECODED.pop(name, None)
    if plan is not None:
        _DECODED[name] = plan
    return plan


_DECODED: Final[dict[str, Plan]] = {}
"""By the hash of their bytes, the newest last."""
_MOST_DECODED: Final = 8
