"""Settings of handhelds: what stands for a site or one of them, changing it with a preview, who set what.

Nothing is kept between preview and confirming: the form carries what was typed, and the revision that it was typed for.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection

from app.duties.site import Plan
from app.duties.tuning import CHOICES, NAMES, PARTS, RANGES, RING, TIMES, Value
from app.words import say
from sync.office import fleet, settings_typed
from sync.office import handheld_settings as rules
from sync.office.pages.choosing import SiteChoice, site_choices
from sync.office.pages.frame import site_of, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import FORM_BYTES, Asked, lang_of, whole
from sync.office.places import Places, url
from sync.office.settings_told import GROUPS, Told, listed, told, value_words
from sync.office.settings_typed import Fault
from sync.office.sites import choose
from sync.office.store import settings as table
from sync.office.store.devices import Device
from sync.office.store.settings import Row
from sync.office.verdicts import Verdict

_TAKE_AWAY: Final = "unset-"


class Option(Struct, frozen=True):
    value: str
    word: str
    chosen: bool = False


class Asking(Struct, frozen=True):
    """One setting with its field."""

    name: str
    word: str
    value: str
    source: str
    typed: str
    """What stands in the field."""
    hint: str
    options: list[Option]
    set_here: bool
    taken: bool
    """Ticked to be set no more."""
    fault: str


class Group(Struct, frozen=True):
    word: str
    settings: list[Asking]


class PastSeen(Struct, frozen=True):
    """One revision."""

    number: int
    at: str
    by: str
    whom: str
    what: list[str]
    runs: Verdict


class Preview(Struct, frozen=True):
    changes: list[str]
    affects: list[str]
    hidden: list[tuple[str, str]]
    """Fields of the form that sends it down."""


class SettingsSeen(Struct, frozen=True):
    site: str
    site_name: str
    sites: list[SiteChoice]
    device: str
    whom: str
    devices: list[Option]
    groups: list[Group]
    base: int
    past: list[PastSeen]
    done: str
    refused: str
    preview: Preview | None


class Facts(Struct, frozen=True):
    plans: dict[str, Plan]
    site: str
    plan: Plan
    rows: dict[str, Row]
    past: list[Row]
    seen: list[fleet.Seen]
    now: int

    @property
    def base(self) -> int:
        """The site's newest revision."""
        return self.past[0].sent.revision if self.past else 0

    def name(self, device: str) -> str:
        return next((each.device.name for each in self.seen if each.device.device == device), device)


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/settings")
    async def settings(request: Asked) -> Response[bytes]:
        facts = await _facts(house, request, site_of(request))
        if facts is None:
            return await house.frame.plain(request, "not_found", "no_site", 200)
        query = request.query_params
        device, done = query.get("device", ""), query.get("done", "")
        return await house.frame.page(request, "settings.html", show(facts, lang_of(request), device, done=done))

    @post("/settings", request_max_body_size=FORM_BYTES, status_code=200)
    async def change(request: Asked) -> Response[bytes]:
        fields, lang, account = await house.form(request), lang_of(request), request.state.session.account
        facts = await _facts(house, request, fields.get("site", ""))
        if facts is None or fields.get("site") != facts.site:
            return await house.frame.plain(request, "not_found", "wrong_address", 404)
        device = _known(facts, fields.get("device", ""))
        news, faults = _typed(facts, device, fields)
        found = rules.changes(facts.rows, device, news)
        if faults or "send" not in fields or not found:
            asked = None if "back" in fields else (news, faults)
            status = 200 if found and not faults else 409
            return await house.frame.page(
                request, "settings.html", show(facts, lang, device, fields, asked), status=status
            )
        await house.acts(request, rules.ACT, facts.site, rules.subject(device, found))
        previewed = whole(fields.get("base", "")) or 0
        row = await house.store.write(
            lambda tx: rules.change(tx, facts.site, device, news, account, house.clock_ms(), previewed)
        )
        done = {"done": str(row.sent.revision)} if row else {}
        return house.view.go(request, url("/settings", site=facts.site, device=device, **done))

    return [settings, change]


async def _facts(house: House, request: Asked, site: str) -> Facts | None:
    within, now = sites_of(request), house.clock_ms()
    return await house.store.read(lambda tx: read_settings(tx, site, within, now))


def read_settings(tx: Connection, site: str, within: tuple[str, ...], now: int) -> Facts | None:
    """Of that site, or of the first one; None while there is none."""
    found = choose(tx, within, site)
    if found is None:
        return None
    rows, past = table.newest(tx, found.site), table.history(tx, found.site, rules.SHOWN)
    return Facts(found.plans, found.site, found.plan, rows, past, fleet.read(tx, found.site), now)


def _known(facts: Facts, device: str) -> str:
    """That handheld of the site; empty, the whole site, for any other."""
    return device if any(each.device.device == device for each in facts.seen) else ""


def _typed(facts: Facts, device: str, fields: Mapping[str, str]) -> tuple[dict[str, Value | None], tuple[Fault, ...]]:
    """What the form asks for, and what is wrong with it: fields left empty ask for nothing."""
    texts = {name: text for name in NAMES if (text := fields.get(name, "").strip())}
    values, faults = settings_typed.read(texts)
    held = facts.rows[device].sent.values if device in facts.rows else {}
    away = {name: None for name in held if fields.get(f"{_TAKE_AWAY}{name}") and name not in texts}
    return {**values, **away}, faults


def show(
    facts: Facts,
    lang: str,
    device: str,
    typed: Mapping[str, str] | None = None,
    asked: tuple[Mapping[str, Value | None], Sequence[Fault]] | None = None,
    done: str = "",
) -> SettingsSeen:
    """`typed` is what stands in the form, `asked` what it comes to and what is wrong with it."""
    device, fields = _known(facts, device), typed or {}
    news, faults = asked if asked is not None else ({}, ())
    wrong = {fault.name: say(lang, fault.key, **fault.fields) for fault in faults}
    stands = {each.name: each for each in told(facts.plan, facts.rows, device)}
    held = facts.rows[device].sent.values if device in facts.rows else {}
    groups = [
        Group(
            say(lang, f"settings.group_{group}"),
            [_asking(stands[name], name in held, fields, wrong.get(name, ""), lang) for name in names],
        )
        for group, names in GROUPS
    ]
    refused = say(lang, "settings.faults", n=len(faults)) if faults else ""
    previewed = asked is not None and not faults
    number = whole(done)
    places = Places(lang, facts.plan, {})
    return SettingsSeen(
        site=facts.site,
        site_name=places.site(facts.site),
        sites=site_choices(facts.plans, facts.site, "/settings", lang),
        device=device,
        whom=facts.name(device) if device else say(lang, "settings.for_site"),
        devices=[
            Option("", say(lang, "settings.for_site"), not device),
            *(
                Option(each.device.device, each.device.name, each.device.device == device)
                for each in facts.seen
                if rules.is_used(each.device)
            ),
        ],
        groups=groups,
        base=facts.base,
        past=[_past(row, facts, places) for row in facts.past],
        done=say(lang, "settings.done", revision=number) if number else "",
        refused=refused or (say(lang, "settings.nothing") if previewed and not news else ""),
        preview=_preview(facts, device, news, fields, lang) if previewed and news else None,
    )


def _asking(stands: Told, here: bool, fields: Mapping[str, str], fault: str, lang: str) -> Asking:
    name = stands.name
    given = fields.get(name, "").strip()
    options = [Option("", say(lang, "settings.keep"))] + [
        Option(value, say(lang, f"settings.is_{name}_{value}"), value == given) for value in CHOICES.get(name, ())
    ]
    usual = say(lang, "settings.everybody" if name == RING else "settings.usual")
    return Asking(
        name=name,
        word=say(lang, f"settings.name_{name}"),
        value=usual if stands.value is None else value_words(lang, name, stands.value),
        source="" if stands.value is None else say(lang, f"settings.from_{stands.source}"),
        typed=given[:200],
        hint=_hint(name),
        options=options if name in CHOICES else [],
        set_here=here,
        taken=bool(fields.get(f"{_TAKE_AWAY}{name}")),
        fault=fault,
    )


def _hint(name: str) -> str:
    """What may stand in the field."""
    if name in RANGES:
        return "{}-{}".format(*RANGES[name])
    if name in TIMES:
        return "22:00"
    return _EXAMPLES.get(name, "")


_EXAMPLES: Final = {
    "scanner": "wedge",
    "scan_prefix": "f8",
    "scan_suffix": "cr",
    "scan_gap_ms": "60",
    "side_keys": "/dev/input/event3:183=alarm",
    "adapter": "hci0",
    "ring": "pilot",
}


# -- what would change ---------------------------------------------------------------------------


def _preview(
    facts: Facts, device: str, news: Mapping[str, Value | None], fields: Mapping[str, str], lang: str
) -> Preview | None:
    found = rules.changes(facts.rows, device, news)
    if not found:
        return Preview([], [say(lang, "settings.same")], [])
    reached = rules.reached(facts.rows, [each.device for each in facts.seen], device, news)
    kept = {name: fields[name] for name in news if fields.get(name)}
    away = {f"{_TAKE_AWAY}{name}": "1" for name, value in news.items() if value is None}
    hidden = {"site": facts.site, "device": device, "base": str(facts.base), **kept, **away}
    stands = {each.name: each for each in told(facts.plan, facts.rows, device)}
    return Preview(
        [_changed(each, stands[each.name], lang) for each in found],
        _affects(facts, device, news, reached, lang),
        list(hidden.items()),
    )


def _changed(change: rules.Change, stands: Told, lang: str) -> str:
    """From what holds there now, whoever said so."""
    was = value_words(lang, change.name, stands.value)
    if change.was is None:
        was = f"{was} ({say(lang, f'settings.from_{stands.source}')})"
    becomes, name = value_words(lang, change.name, change.becomes), say(lang, f"settings.name_{change.name}")
    return say(lang, "settings.was_becomes", name=name, was=was, becomes=becomes)


def _affects(
    facts: Facts, device: str, news: Mapping[str, Value | None], reached: Sequence[Device], lang: str
) -> list[str]:
    """One sentence each: whom it reaches, whom not and why, when it holds."""
    names = {each.device: each.name for each in reached}
    own = [
        each.device.name
        for each in facts.seen
        if not device
        and rules.is_used(each.device)
        and (mine := facts.rows.get(each.device.device)) is not None
        and mine.sent.values.keys() & news.keys()
    ]
    silent = [each.device.name for each in facts.seen if each.device.device in names and each.is_silent(facts.now)]
    said = [listed("settings.affects_n", list(names.values()), lang) if names else say(lang, "settings.affects_none")]
    said += [listed("settings.own_stays", own, lang)] if own else []
    said += [listed("settings.silent", silent, lang)] if silent else []
    said.append(say(lang, "settings.at_once"))
    return [*said, *([say(lang, "settings.at_start")] if set(PARTS) & news.keys() else [])]


# -- who set what --------------------------------------------------------------------------------


def _past(row: Row, facts: Facts, places: Places) -> PastSeen:
    lang = places.lang
    meant = [
        each
        for each in facts.seen
        if rules.is_used(each.device) and each.device.book is not None and row.device in ("", each.device.device)
    ]
    run = [each for each in meant if each.said is not None and each.said.settings >= row.sent.revision]
    return PastSeen(
        number=row.sent.revision,
        at=places.day_and_minute(row.sent.at),
        by=row.by,
        whom=facts.name(row.device) if row.device else say(lang, "settings.for_site"),
        what=[
            f"{say(lang, f'settings.name_{name}')}: {value_words(lang, name, value)}"
            for name, value in row.sent.values.items()
            if name in NAMES
        ]
        or [say(lang, "settings.not_set")],
        runs=Verdict(
            "ok" if len(run) == len(meant) else "amber", say(lang, "settings.runs_n", n=len(run), of=len(meant))
        ),
    )
