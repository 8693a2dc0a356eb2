"""Settings of the office's commands: from flags, then WATCHBOOK_* variables, then config.toml, then defaults."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from app.codes import label_base
from app.settings import SettingsRefused, look_up

HOST: Final = "127.0.0.1"
PORT: Final = 8060
MOST_WORKERS: Final = 64
_NAMES: Final = (
    "lang", "db", "host", "port", "tls", "tls_cert", "tls_key", "tls_known", "label_url", "label_phone",
    "workers", "office",
)  # fmt: skip
_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("", "0", "false", "no", "off")
_PHONE: Final = re.compile(r"[0-9+*#() -]{3,30}")


class Public(Struct, frozen=True):
    """What a resident meets who scans a label with a telephone."""

    label_url: str = ""
    """Labels are printed as addresses below this one, e.g. HTTPS://W.EXAMPLE.CN; empty: as bare codes."""
    label_phone: str = ""
    """Whom to call, on the page behind them."""
    office: str = ""
    """The address at which handhelds reach this office, as it goes onto their sheets."""


NOT_PUBLIC: Final = Public()


class Settings(Struct, frozen=True):
    data_dir: Path
    lang: str
    db: str
    """`sqlite:///` or `postgresql://` address, or a path."""
    host: str = HOST
    port: int = PORT
    tls: bool = False
    """Serve TLS with a certificate of our own."""
    tls_cert: Path | None = None
    """Serve TLS with this one (PEM)."""
    tls_key: Path | None = None
    """Its key, when that stands in a file of its own."""
    tls_known: tuple[Path, ...] = ()
    """Certificates (PEM) that handhelds may meet besides: of a proxy in front, or the next one."""
    public: Public = NOT_PUBLIC
    workers: int = 1
    """Processes that serve; more than one on PostgreSQL only."""
    as_json: bool = False
    chosen: bool = False
    """The data directory was named, not the default one."""


def load(flags: Mapping[str, Any], env: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises SettingsRefused naming the one that is wrong."""
    found = look_up(_NAMES, flags, env, "watchbook-office")
    return Settings(
        data_dir=found.data_dir,
        lang=found.values["lang"],
        db=found.values.get("db") or str(found.data_dir / "office.db"),
        host=found.values.get("host", HOST),
        port=_port(found.values.get("port", str(PORT))),
        tls=_tls(found.values.get("tls", "")),
        tls_cert=_path(found.values.get("tls_cert")),
        tls_key=_path(found.values.get("tls_key")),
        tls_known=tuple(Path(part) for part in found.values.get("tls_known", "").split(os.pathsep) if part),
        public=_public(found.values),
        workers=_workers(found.values.get("workers", "1")),
        as_json=bool(flags.get("as_json")),
        chosen=found.named,
    )


def _tls(text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise SettingsRefused("office_cli.bad_tls", text=text[:20])
    return text.lower() in _YES


def _public(values: Mapping[str, str]) -> Public:
    url, phone = values.get("label_url", ""), values.get("label_phone", "")
    try:
        base = label_base(url) if url else ""
    except ValueError as e:
        raise SettingsRefused("labels.bad_url", url=url[:80]) from e
    if phone and not _PHONE.fullmatch(phone):
        raise SettingsRefused("office_codes.bad_phone", phone=phone[:40])
    return Public(base, phone, values.get("office", "").strip())


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MOST_WORKERS:
        raise SettingsRefused("office_store.bad_workers", workers=text[:20], most=MOST_WORKERS)
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise SettingsRefused("office_cli.bad_port", port=text[:20])
    return int(text)
