"""Settings of the office's commands: from flags, then WATCHBOOK_* variables, then config.toml, then defaults."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from app.errors import WatchbookError
from app.settings import lang_of
from app.words import LANGS

HOST: Final = "127.0.0.1"
PORT: Final = 8060


class SettingsRefused(WatchbookError):
    """Whoever set it: a setting that cannot be used."""


class Settings(Struct, frozen=True):
    data_dir: Path
    lang: str
    db: str
    """`sqlite:///` address or path."""
    host: str = HOST
    port: int = PORT
    as_json: bool = False
    chosen: bool = False
    """The data directory was named, not the default one."""


def load(flags: Mapping[str, Any], env: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises SettingsRefused naming the one that is wrong."""
    folder = flags.get("data_dir") or env.get("WATCHBOOK_DATA_DIR")
    data_dir = Path(folder).expanduser() if folder else _default_data_dir()
    config = _config(data_dir / "config.toml")

    def value(name: str) -> str:
        flag = flags.get(name)
        return str(flag if flag is not None else env.get(f"WATCHBOOK_{name.upper()}") or config.get(name) or "")

    lang = value("lang") or lang_of(env)
    if lang not in LANGS:
        raise SettingsRefused("office_cli.bad_lang", lang=lang)
    return Settings(
        data_dir=data_dir,
        lang=lang,
        db=value("db") or str(data_dir / "office.db"),
        host=value("host") or HOST,
        port=_port(value("port") or str(PORT)),
        as_json=bool(flags.get("as_json")),
        chosen=bool(folder),
    )


def _default_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("watchbook-office")


def _config(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as e:
        raise SettingsRefused("office_cli.bad_config", path=str(path), why=e.strerror or type(e).__name__) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise SettingsRefused("office_cli.bad_config", path=str(path), why=str(e)) from e


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise SettingsRefused("office_cli.bad_port", port=text[:20])
    return int(text)
