"""What is to be seen to on a handheld, by what it says of itself and what the office wants of it."""

from collections.abc import Iterator
from typing import Final

from app.words import say
from sync.office.fleet import SKEW_MS, TAKEN_MS, Due, Seen

LOW_BATTERY: Final = 20
LOW_ROOM_MB: Final = 200
GOES_WELL: Final = frozenset(f"updating.{name}" for name in ("fetching", "ready", "no_power", "taken"))
"""Of what a handheld says about a new program."""


def troubles(seen: Seen, newest: int, due: Due, lang: str) -> Iterator[str]:
    """What is to be seen to, a sentence each, the weightiest first; `newest` revision of the plan that there is."""
    said = seen.said
    if said is None or seen.device.revoked_at is not None or seen.device.replaced_by is not None:
        return
    named = (key for key in (said.radio, said.reason, said.update) if key and key not in GOES_WELL)
    yield from (sentence_of(key, lang) for key in named)
    if said.battery is not None and said.battery < LOW_BATTERY and not said.charging:
        yield say(lang, "fleet.low")
    if said.free_mb is not None and said.free_mb < LOW_ROOM_MB:
        yield say(lang, "fleet.full", n=said.free_mb)
    if 0 < said.plan < newest:
        yield say(lang, "fleet.old_plan", n=said.plan, newest=newest)
    if said.settings < due.settings and (seen.heard or 0) > due.set_at + TAKEN_MS:
        yield say(lang, "fleet.old_settings", n=due.settings)
    if abs(seen.skew or 0) > SKEW_MS:
        yield say(lang, "fleet.clock", n=round((seen.skew or 0) / 60_000))


def sentence_of(key: str, lang: str) -> str:
    """What the handheld names, in words; the key itself where this program has no such sentence, or it wants fields."""
    try:
        words = say(lang, key)
    except (KeyError, ValueError):
        return key
    return key if "{" in words else words
