"""Settings of one handheld: from flags, then WATCHBOOK_* variables, then config.toml, then defaults."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from app.errors import WatchbookError
from app.words import LANGS


class SettingsRefused(WatchbookError):
    """Whoever set it: a setting that cannot be used."""


class Settings(Struct, frozen=True):
    data_dir: Path
    office: str | None = None
    """URL of the office, e.g. https://office.example.com."""
    lang: str = "zh"
    theme: str | None = None
    """day or night; None follows the hour at the start: night in the quiet hours of the plan."""
    feed: str | None = None
    """File, FIFO or `-` whose sightings stand in for the radio and the scanner."""
    adapter: str | None = None
    """Bluetooth adapter, e.g. hci0; None lets BlueZ choose."""


_NAMES = ("office", "lang", "theme", "feed", "adapter")


def load(flags: Mapping[str, str | None], env: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises SettingsRefused naming the setting that is wrong."""
    folder = flags.get("data_dir") or env.get("WATCHBOOK_DATA_DIR")
    data_dir = Path(folder).expanduser() if folder else default_data_dir()
    config = _config(data_dir / "config.toml")
    values = {name: flags.get(name) or env.get(f"WATCHBOOK_{name.upper()}") or config.get(name) for name in _NAMES}
    values["lang"] = values["lang"] or lang_of(env)
    if values["lang"] not in LANGS:
        raise SettingsRefused("cli.bad_lang", lang=values["lang"])
    if (values["theme"] or "day") not in ("day", "night"):
        raise SettingsRefused("cli.bad_theme", theme=values["theme"])
    return Settings(data_dir=data_dir, **{name: value for name, value in values.items() if value})


def keep(data_dir: Path, name: str, value: str) -> None:
    """Write one choice (`lang`, `theme`) into config.toml for the next start, leaving the rest as it was."""
    path = data_dir / "config.toml"
    config = {**_config(path), name: value}
    text = "".join(f"{key} = {_quoted(val)}\n" for key, val in config.items() if isinstance(val, str))
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


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


def default_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("watchbook")


def _config(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise SettingsRefused("cli.bad_config", path=str(path), why=str(e)) from e
    for name in _NAMES:
        if not isinstance(found.get(name, ""), str):
            raise SettingsRefused("cli.bad_config", path=str(path), why=f"{name}: text expected")
    return found


def _quoted(value: str) -> str:
    import json

    return json.dumps(value)
