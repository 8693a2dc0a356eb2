"""What the office sets on handhelds, for a site or for one of them: which settings there are, what they may be, whose
word counts.

A value of the handheld's own stands before one of its site, that one before the plan's, or before what the handheld
has of itself. Nothing here knows where a value came from on its way, or what is done with it.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties.site import Plan

Value = str | int
SITE: Final = "site"
"""Id of the page `settings` that is for all handhelds of a site; the others' is the handheld's."""
RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "scan_window_ms": (500, 2500),
    "scan_pause_ms": (0, 30_000),
    "enter_below_1m_db": (0, 40),
    "margin_db": (0, 30),
    "label_after_s": (2, 120),
    "pin_tries": (3, 10),
    "prune_days": (1, 90),
}
"""Numbers that the plan sets too, the least and the most. A scan shorter than that meets too few packets, one longer
gives fewer than the three samples in six seconds that *near* needs."""
TIMES: Final = ("quiet_from", "quiet_to")
"""The plan's too: HH:MM."""
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "lang": ("zh", "en"),
    "theme": ("day", "night", "sun"),
    "letters": ("auto", "large"),
}
"""What the crew may choose for itself as well."""
PARTS: Final = ("scanner", "scan_prefix", "scan_suffix", "scan_gap_ms", "side_keys", "adapter")
"""How the handheld's parts are joined: read at its start."""
RING: Final = "ring"
"""Which releases a handheld is offered first; it does nothing on the handheld itself."""
NEAR: Final = frozenset({"enter_below_1m_db", "margin_db"})
"""What decides about *near*: evidence says by which revision of them it was judged."""
OF_PLAN: Final = (*RANGES, *TIMES)
OWN: Final = (*CHOICES, *PARTS)
NAMES: Final = (*OF_PLAN, *OWN, RING)
LONGEST: Final = 200
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_PLAIN: Final = re.compile(r"[ -~]+", re.ASCII)


class Sent(Struct, frozen=True):
    """A page `settings`: all that the office sets for a site, or for one handheld."""

    revision: int
    """Counts through the site."""
    at: int
    """When it was set, UTC ms at the office; later than in any revision before."""
    values: dict[str, Value] = {}


class Tuning(Struct, frozen=True):
    """What holds on one handheld."""

    revision: int = 0
    """The newest that it is made of; 0: nothing is set."""
    values: dict[str, Value] = {}

    def own(self) -> dict[str, str]:
        """What stands in the place of the handheld's own settings."""
        return {name: str(self.values[name]) for name in OWN if name in self.values}


def in_use(site: Sent | None, own: Sent | None) -> Tuning:
    """What the two together come to. Names and values that this program does not know are passed over."""
    sent = [each for each in (site, own) if each is not None]
    values = {name: value for each in sent for name, value in each.values.items() if is_sound(name, value)}
    return Tuning(max((each.revision for each in sent), default=0), values)


def replaces(new: Sent, held: Sent | None) -> bool:
    """Whether `new` was set after what is held: an office that came back from a copy may send what it had then."""
    return held is None or new.at > held.at


def is_sound(name: str, value: Value) -> bool:
    """Whether it is a setting, and a value that it may have, as far as that is told without the handheld's parts."""
    if name in RANGES:
        least, most = RANGES[name]
        return type(value) is int and least <= value <= most
    if name in TIMES:
        return isinstance(value, str) and bool(_TIME.fullmatch(value))
    if name in CHOICES:
        return value in CHOICES[name]
    return name in NAMES and isinstance(value, str) and len(value) <= LONGEST and bool(_PLAIN.fullmatch(value))


def tuned(plan: Plan, tuning: Tuning) -> Plan:
    """The plan with what the office set in place of its own numbers, whatever it was tuned to before. It stays the same
    revision, by name and hash."""
    plain: Plan = plan.__dict__.get(_PLAIN_PLAN, plan)
    numbers = {name: value for name, value in tuning.values.items() if name in OF_PLAN}
    if not numbers:
        return plain
    changed = replace(plain, settings=replace(plain.settings, **numbers))
    judges = tuning.revision if NEAR & numbers.keys() else 0
    changed.__dict__.update({**plain.__dict__, "sha256": plain.sha256, _PLAIN_PLAN: plain, _JUDGES: judges})
    return changed


def judged_by(plan: Plan) -> int:
    """The revision of the settings that decides about *near* in a tuned plan; 0: the plan's own numbers do."""
    revision: int = plan.__dict__.get(_JUDGES, 0)
    return revision


_JUDGES: Final = "near_revision"
_PLAIN_PLAN: Final = "plain"
