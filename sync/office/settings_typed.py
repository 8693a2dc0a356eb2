"""A setting of handhelds as somebody typed it: its value, or what is wrong and what to write instead.

All of it is told at once. What could start a program on a handheld, feign what its radio hears or lead it to another
office is not among the settings.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from app.duties.tuning import CHOICES, LONGEST, NAMES, RANGES, RING, TIMES, Value
from app.errors import WatchbookError
from app.settings import NO_ADAPTER, SettingsRefused
from app.text import clean
from app.words import say

UNITS: Final[Mapping[str, str]] = {
    "scan_window_ms": "ms",
    "scan_pause_ms": "ms",
    "enter_below_1m_db": "dB",
    "margin_db": "dB",
    "label_after_s": "s",
    "pin_tries": "tries",
    "prune_days": "days",
}
ON_IT_ONLY: Final = frozenset({"office", "data_dir", "feed", "camera", "photo"})
"""Settings of a handheld that only somebody who has it in the hand may change."""
_ADAPTER: Final = re.compile(r"hci[0-9]{1,2}", re.ASCII)
_RING: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,23}", re.ASCII)
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)


class Fault(Struct, frozen=True):
    """One thing wrong with one setting."""

    name: str
    key: str
    """Of the sentence, which ends with what to write instead."""
    fields: dict[str, str | int] = {}

    def say(self, lang: str) -> str:
        return say(lang, "settings.at", name=self.name, sentence=say(lang, self.key, **self.fields))


def read(typed: Mapping[str, str]) -> tuple[dict[str, Value], tuple[Fault, ...]]:
    """The settings that can be taken, and what is wrong with the others."""
    values, faults = dict[str, Value](), list[Fault]()
    for name, text in typed.items():
        try:
            values[name] = _value(name, text.strip())
        except _Wrong as wrong:
            faults.append(Fault(clean(name, 40), wrong.key, wrong.fields))
        except SettingsRefused as refused:
            faults.append(Fault(name, refused.key, {each: str(value) for each, value in refused.fields.items()}))
    return values, tuple(faults)


class _Wrong(WatchbookError):
    """One typed value."""


def check_name(name: str) -> None:
    """Raises WatchbookError for what is no setting of a handheld."""
    if name in NAMES:
        return
    if name in ON_IT_ONLY:
        raise _Wrong("settings.on_it_only")
    near = next(iter(get_close_matches(name[:40], NAMES, n=1, cutoff=0.6)), "")
    if near:
        raise _Wrong("settings.unknown_near", near=near)
    raise _Wrong("settings.unknown", known=", ".join(NAMES))


def _value(name: str, text: str) -> Value:
    check_name(name)
    if not text:
        raise _Wrong("settings.empty")
    if len(text) > LONGEST:
        raise _Wrong("settings.too_long", most=LONGEST)
    if name in RANGES:
        return _number(name, text)
    if name in CHOICES and text not in CHOICES[name]:
        raise _Wrong("settings.not_one_of", value=clean(text, 40), allowed=", ".join(CHOICES[name]))
    if name in TIMES and not _TIME.fullmatch(text):
        raise _Wrong("settings.bad_time", value=clean(text, 40))
    if name == RING and not _RING.fullmatch(text):
        raise _Wrong("settings.bad_ring", value=clean(text, 40))
    if part := _PARTS.get(name):
        part(text)
    return text


def _number(name: str, text: str) -> int:
    least, most = RANGES[name]
    unit = UNITS[name]
    if not _NUMBER.fullmatch(text):
        raise _Wrong(f"settings.no_number_{unit}", value=clean(text, 40), least=least, most=most)
    if least <= int(text) <= most:
        return int(text)
    if name == "scan_window_ms":
        raise _Wrong("settings.window_short" if int(text) < least else "settings.window_long", value=int(text))
    raise _Wrong(f"settings.bad_{unit}", value=int(text), least=least, most=most)


def _scanner(text: str) -> None:
    from hardware.clock import SystemClock
    from hardware.scanners import scanners

    scanners(text, SystemClock())
    _devices_only(part.strip().partition(":")[2] for part in text.split(","))


def _side_keys(text: str) -> None:
    from hardware.side_keys import parse

    _devices_only(key.device for key in parse(text))


def _devices_only(paths: Iterable[str]) -> None:
    """What is opened must be a device: a path from the office leads nowhere else."""
    for path in paths:
        if path and (not path.startswith("/dev/") or ".." in path):
            raise _Wrong("settings.no_device", path=clean(path, 60))


def _adapter(text: str) -> None:
    if text != NO_ADAPTER and not _ADAPTER.fullmatch(text):
        raise _Wrong("settings.bad_adapter", value=clean(text, 40))


def _typing(part: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        from hardware.scanner import wedge

        wedge(**{part: text})

    return check


_PARTS: Final[Mapping[str, Callable[[str], None]]] = {
    "scanner": _scanner,
    "side_keys": _side_keys,
    "adapter": _adapter,
    "scan_prefix": _typing("prefix"),
    "scan_suffix": _typing("suffix"),
    "scan_gap_ms": _typing("gap_ms"),
}
