"""Settings of one handheld: from flags, then WATCHBOOK_* variables, then config.toml, then defaults."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from app.errors import WatchbookError
from app.words import LANGS

NO_ADAPTER: Final = "none"
"""As `adapter`: this handheld works with codes only."""
LOOKS: Final = ("day", "night", "sun")
LETTERS: Final = ("auto", "large")


class SettingsRefused(WatchbookError):
    """Whoever set it: a setting that cannot be used."""


class Settings(Struct, frozen=True):
    data_dir: Path
    office: str | None = None
    """URL of the office, e.g. https://office.example.com."""
    lang: str = "zh"
    theme: str | None = None
    """Of LOOKS; None follows the hour at the start: night in the quiet hours of the plan."""
    letters: str = "auto"
    """Of LETTERS: large is for a terminal of 30 columns and 15 rows; auto is large below 40 by 20."""
    feed: str | None = None
    """File, FIFO or `-` whose sightings stand in for the radio and the scanner."""
    side_keys: str | None = None
    """Keys beside the keypad, `DEVICE:CODE=ACTION` with commas between: hardware.side_keys."""
    adapter: str | None = None
    """Bluetooth adapter, e.g. hci0; None lets BlueZ choose, NO_ADAPTER leaves Bluetooth alone."""
    scanner: str | None = None
    """`wedge`, `serial:PATH[@BAUD]`, `evdev:PATH`, with commas between: hardware.scanners."""
    scan_prefix: str | None = None
    """Keys that begin a code which is not ours, `scan_suffix` those that end one: hardware.scanner."""
    scan_suffix: str | None = None
    scan_gap_ms: str | None = None
    """Longest pause between two characters of a scanner that types."""
    camera: str | None = None
    """Where its frames come from: hardware.camera. None where there is none to scan with."""
    photo: str | None = None
    """The same for photographs, where those are to be larger; None: as `camera`."""


_SCANNING: Final = ("scanner", "scan_prefix", "scan_suffix", "scan_gap_ms")
_NAMES: Final = ("office", "lang", "theme", "letters", "feed", "side_keys", "adapter", "camera", "photo", *_SCANNING)
_NUMBERS: Final = ("port", "workers", "scan_gap_ms")
"""What config.toml may hold as a number."""
_YES_OR_NO: Final = ("tls",)
"""What it may hold as `true` or `false`."""
_CHOSEN: Final = ("lang", "theme", "letters", "scanner")
_OVER: Final = "_over"
"""Ends the name of what the office had set when the crew chose another value."""
NOTHING: Final[Mapping[str, str]] = {}


def load(
    flags: Mapping[str, str | None], env: Mapping[str, str] = os.environ, sent: Mapping[str, str] = NOTHING
) -> Settings:
    """The settings in force; `sent` are those that the office set on this handheld. Raises SettingsRefused naming the
    setting that is wrong."""
    found = look_up(_NAMES, flags, env, "watchbook", sent)
    theme = found.values.get("theme", "day")
    if theme not in LOOKS:
        raise SettingsRefused("cli.bad_theme", theme=theme)
    letters = found.values.get("letters", "auto")
    if letters not in LETTERS:
        raise SettingsRefused("cli.bad_letters", letters=letters)
    return Settings(data_dir=found.data_dir, **found.values)


class Found(Struct, frozen=True):
    """What was set, by whomever; `lang` always has a value."""

    data_dir: Path
    named: bool
    """The data directory was named, not the default one."""
    values: dict[str, str]


def look_up(
    names: Sequence[str],
    flags: Mapping[str, Any],
    env: Mapping[str, str],
    product: str,
    sent: Mapping[str, str] = NOTHING,
) -> Found:
    """The settings `names` of one of our programs; its data are in the user's folder for `product` unless told.

    What was `sent` stands before the file, but for what somebody chose in its place.

    Raises SettingsRefused for a config.toml that cannot be read and for an unknown language.
    """
    folder = flags.get("data_dir") or env.get("WATCHBOOK_DATA_DIR")
    data_dir = Path(folder).expanduser() if folder else default_data_dir(product)
    config = _config(data_dir / "config.toml", names)
    values = {}
    for name in names:
        flag = flags.get(name)
        kept = config.get(name, "")
        if name in sent and not (kept and config.get(f"{name}{_OVER}") == sent[name]):
            kept = sent[name]
        value = str(flag) if flag not in (None, "") else env.get(f"WATCHBOOK_{name.upper()}") or kept
        if value:
            values[name] = value
    lang = values.setdefault("lang", lang_of(env))
    if lang not in LANGS:
        raise SettingsRefused("cli.bad_lang", lang=lang)
    return Found(data_dir, bool(folder), values)


def keep(data_dir: Path, name: str, value: str, over: str = "") -> None:
    """Write one choice (`lang`, `theme`, `letters`, `scanner`) into config.toml for the next start, the rest as it was.

    `over` is what the office had set then: the choice holds until that is another. Raises SettingsRefused when it
    cannot be written.
    """
    import tomllib

    from app.logbook.disk import Disk

    path = data_dir / "config.toml"
    new = {name: value} | ({f"{name}{_OVER}": over} if over else {})
    named = {name, f"{name}{_OVER}"}
    rest = {key: found for key, found in _config(path, ()).items() if key not in named}
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    text = "".join(f"{key} = {_quoted(each)}\n" for key, each in new.items())
    text += "".join(line for line in lines if line.partition("=")[0].strip(" \t\"'") not in named)
    try:
        if tomllib.loads(text) != rest | new:
            raise SettingsRefused("cli.not_kept", why=path.name)  # they stand in lines of something else too
        Disk().store("config", path, text.encode())
    except (OSError, ValueError) as e:
        why = e.strerror if isinstance(e, OSError) else None
        raise SettingsRefused("cli.not_kept", why=why or type(e).__name__) from e


def strangers(data_dir: Path) -> list[str]:
    """The names in a handheld's config.toml that no setting has: misspelt, most likely. Raises SettingsRefused."""
    known = {*_NAMES, *(f"{name}{_OVER}" for name in _CHOSEN)}
    return sorted(set(_config(data_dir / "config.toml", ())) - known)


def example(name: str) -> bytes:
    """A file of the shipped example, e.g. `cuihu-garden.json`, from the wheel or the source tree."""
    here = Path(__file__).parent
    for folder in (here / "examples", here.parent / "examples"):
        if (folder / name).is_file():
            return (folder / name).read_bytes()
    raise FileNotFoundError(name)


def lang_of(env: Mapping[str, str]) -> str:
    """The language the system speaks: English when it says so, otherwise Chinese."""
    named = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    return "en" if named.startswith("en") else "zh"


def shown_lang(lang: str, env: Mapping[str, str], encoding: str) -> str:
    """`lang`, or English where Chinese cannot be shown."""
    return lang if shows_chinese(env, encoding) else "en"


def shows_chinese(env: Mapping[str, str], encoding: str) -> bool:
    """False on the bare Linux console, whose font holds 512 signs at most, and where the locale writes in an
    `encoding` without Chinese (it would be question marks): use English there and say so (`platform.english_only`). A
    terminal inside a graphical screen, tmux or SSH names itself otherwise.
    """
    return can_write("\u5de1", encoding) and not env.get("TERM", "").startswith("linux")


def can_write(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def screen_encoding() -> str:
    """In which the locale has text written to the screen; without a screen it does not matter. Python's own stdout:
    while the screens stand, Textual has put another in its place, which has none."""
    return "utf-8" if sys.__stdout__ is None else sys.__stdout__.encoding


def default_data_dir(product: str) -> Path:
    from platformdirs import user_data_path

    return user_data_path(product)


def _config(path: Path, names: Sequence[str]) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as e:
        raise SettingsRefused("cli.bad_config", path=str(path), why=e.strerror or type(e).__name__) from e
    except UnicodeDecodeError as e:
        raise SettingsRefused("cli.bad_config", path=str(path), why=str(e)) from e
    import tomllib  # 0.1 MB that a handheld with nothing chosen does not need

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise SettingsRefused("cli.bad_config", path=str(path), why=str(e)) from e
    for name in names:
        value = found.get(name, "")
        if name in _NUMBERS and type(value) is int:
            found[name] = str(value)
        elif name in _YES_OR_NO and isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif not isinstance(value, str):
            raise SettingsRefused("cli.bad_config", path=str(path), why=f"{name}: text expected")
    return found


def _quoted(value: str) -> str:
    """A basic string of TOML: what JSON escapes, and DEL besides; no pairs of surrogates, which are none there."""
    import json

    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
