"""Settings of handhelds in words: for the page and for the command."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from app.duties.site import Plan
from app.duties.tuning import CHOICES, OF_PLAN, PARTS, RING, Value
from app.words import say
from sync.office.handheld_settings import wanted
from sync.office.settings_typed import UNITS
from sync.office.store.settings import Row

GROUPS: Final = (
    ("radio", ("scan_window_ms", "scan_pause_ms", "enter_below_1m_db", "margin_db", "label_after_s")),
    ("work", ("pin_tries", "quiet_from", "quiet_to", "prune_days")),
    ("look", tuple(CHOICES)),
    ("parts", PARTS),
    ("fleet", (RING,)),
)
NAMED: Final = 30
"""Names in one sentence."""


class Told(Struct, frozen=True):
    """One setting as it stands."""

    name: str
    value: Value | None
    """None: nobody set it."""
    source: str
    """`device`, `site`, `plan` or `itself`."""


def told(plan: Plan, rows: Mapping[str, Row], device: str) -> list[Told]:
    """Every setting as it stands for a handheld, or for the site."""
    tuning = wanted(rows, device)
    own = rows[device].sent.values if device and device in rows else {}
    found = []
    for _, names in GROUPS:
        for name in names:
            if name in tuning.values:
                found.append(Told(name, tuning.values[name], "device" if name in own else "site"))
            elif name in OF_PLAN:
                found.append(Told(name, getattr(plan.settings, name), "plan"))
            else:
                found.append(Told(name, None, "itself"))
    return found


def value_words(lang: str, name: str, value: Value | None) -> str:
    """A value as people read it, with its unit."""
    if value is None:
        return say(lang, "settings.not_set")
    if name in CHOICES:
        return say(lang, f"settings.is_{name}_{value}") if value in CHOICES[name] else str(value)
    return f"{value} {UNITS[name]}" if UNITS.get(name) in ("ms", "dB", "s") else str(value)


def listed(key: str, names: Sequence[str], lang: str) -> str:
    more = "…" if len(names) > NAMED else ""
    joined = ("、" if lang == "zh" else ", ").join([*names[:NAMED], *([more] if more else [])])
    return say(lang, key, n=len(names), names=joined)
