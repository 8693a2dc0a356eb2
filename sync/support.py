"""The support file: what somebody who mends handhelds needs to know of one, and nothing of anybody.

Each thing in it is chosen: numbers, states, kinds of faults, words of our own catalogues. No text that came in from
outside is copied, not even a file's name; so nothing has to be found and blackened.
"""

import io
import json
import os
import platform
import re
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from app.duties.tuning import CHOICES, OF_PLAN, RING
from app.errors import WatchbookError
from app.faultlog import last_faults
from app.logbook.reader import Reader
from app.pages import plan_of
from app.settings import Settings
from app.tuning import tuning_of
from app.version import VERSION, is_released
from app.words import LANGS, say
from hardware.clock import SystemClock
from sync import standing
from sync.doctor import Part, look

FORM: Final = 1
PACKAGES: Final = ("textual", "rich", "msgspec", "bleak", "tinydb", "PyNaCl", "httpx", "zxing-cpp")
FOLDERS: Final = ("journal", "received", "blobs", "closed", "carried", "keys", "next", "photos", "stick")
"""Of a data folder. What else stands there is counted together."""
ENVIRONMENT: Final = ("TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE")
PLAIN_WORDS: Final = frozenset({"time", "s"})
"""Fields of doctor's sentences that its own clock fills."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9._@-]{1,40}", re.ASCII)
_KEY: Final = re.compile(r"[a-z_]{1,40}\.[a-z0-9_]{1,60}", re.ASCII)
_DEVICE: Final = re.compile(r"d[0-9a-hjkmnp-tv-z]{9}", re.ASCII)
"""As an office names a handheld: nine drawn characters."""
_ADAPTER: Final = re.compile(r"hci[0-9]{1,2}", re.ASCII)


class NoStick(WatchbookError):
    """Whoever wants the support file: put a stick in."""


def bundle(settings: Settings, parts: Iterable[Part] | None = None) -> bytes:
    """The file as bytes, a zip. `parts` are what doctor found; without them it looks, which takes some seconds."""
    looked = list(look(settings) if parts is None else parts)
    told = {
        "doctor.json": [_part(each) for each in looked],
        "versions.json": _versions(),
        "status.json": _status(settings),
        "settings.json": _settings(settings),
        "files.json": _files(settings.data_dir),
        "terminal.json": _terminal(),
        "faults.json": last_faults(settings.data_dir),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", "".join(f"{say(lang, 'doctor.bundle_is')}\n" for lang in LANGS))
        for name, value in told.items():
            file.writestr(name, json.dumps(value, ensure_ascii=False, indent=1))
    return out.getvalue()


def onto_stick(settings: Settings, radio_fault: str | None) -> str:
    """Put the file onto the stick while the screens run; its name. `radio_fault` is what they know of the radio.

    Raises NoStick, FileRefused.
    """
    from sync.stick import put_file

    stick = settings.data_dir / "stick"
    if not os.access(stick, os.W_OK | os.X_OK):
        raise NoStick("more.support_no_stick")
    radio = [Part("radio", "todo", radio_fault)] if radio_fault else []
    name = name_of(settings)
    put_file(stick, name, bundle(settings, [*look(settings, running=True), *radio]))
    return name


def name_of(settings: Settings) -> str:
    """What the file is called: by the handheld's id, which is nobody's name."""
    device = _device(settings)
    return f"watchbook-support-{device or 'new'}.zip"


def _device(settings: Settings) -> str:
    with suppress(WatchbookError, OSError):
        office = Reader(settings.data_dir).office
        if office is not None and _DEVICE.fullmatch(office.device):
            return office.device
    return ""


def _part(part: Part) -> dict[str, Any]:
    """Without any text that its sentence would quote."""
    fields = {
        name: value if isinstance(value, (int, float)) or name in PLAIN_WORDS else "…"
        for name, value in part.fields.items()
    }
    return {
        "part": part.part,
        "state": part.state,
        "key": part.key,
        "says": {lang: say(lang, part.key, **fields) for lang in LANGS},
    }


def _versions() -> dict[str, Any]:
    found: dict[str, Any] = {
        "support": FORM,
        "watchbook": VERSION,
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "kernel": ".".join(re.findall(r"\d+", platform.release())[:3]),
        "released": is_released(),
    }
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _status(settings: Settings) -> dict[str, Any]:
    left, now = standing.load(settings.data_dir), SystemClock().now()
    found: dict[str, Any] = {"clock_offset_ms": left.off, "at": now.at, "up_ms": now.up}
    if left.reason is not None and _is_sentence(left.reason.key):
        found["last_reason"] = left.reason.key
    with suppress(OSError):
        found["storage_free_mb"] = shutil.disk_usage(settings.data_dir).free // 2**20
    found["adapters"] = _adapters()
    with suppress(WatchbookError, OSError):
        reader = Reader(settings.data_dir)
        office = reader.office
        found |= {
            "book": reader.book_id,
            "device": _device(settings) or None,
            "enrolled": office is not None,
            "tls": bool(office and office.office.startswith("https://")),
            "records": reader.head.seq,
            "pending": reader.unsent,
            "acked": reader.acked,
            "damage": len(reader.opening.damage),
            "settings": tuning_of(reader).revision,
        }
        plan = plan_of(reader, now.at)
        found["plan"] = plan.revision if plan else None
    return found


def _is_sentence(key: str) -> bool:
    """Whether it is one of ours: the file that says so may be spoilt."""
    try:
        return bool(_KEY.fullmatch(key) and say("en", key))
    except (KeyError, ValueError):
        return False


def _adapters() -> list[str]:
    with suppress(OSError):
        return sorted(path.name for path in Path("/sys/class/bluetooth").iterdir() if _ADAPTER.fullmatch(path.name))
    return []


def _settings(settings: Settings) -> dict[str, Any]:
    """Which are set, and what may be chosen of a list; what a person wrote is only told to be there."""
    own = {name: getattr(settings, name) for name in settings.__struct_fields__ if name != "data_dir"}
    found: dict[str, Any] = {}
    for name, value in own.items():
        if value is not None:
            found[name] = value if name in CHOICES else "set"
    with suppress(WatchbookError, OSError):
        tuning = tuning_of(Reader(settings.data_dir))
        shown = (*CHOICES, *OF_PLAN)
        sent = {name: value if name in shown else "set" for name, value in tuning.values.items()}
        found["office"], found["ring"] = sent, RING in tuning.values
    return found


def _files(folder: Path) -> dict[str, Any]:
    """How much there is of each kind, by folder; no names."""
    found: dict[str, dict[str, int]] = {}
    for top, size in _sizes(folder):
        here = found.setdefault(top, {"files": 0, "bytes": 0})
        here["files"] += 1
        here["bytes"] += size
    return dict(sorted(found.items()))


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    for path, _, names in os.walk(folder):
        below = Path(path).relative_to(folder).parts
        top = below[0] if below and below[0] in FOLDERS else "other" if below else "."
        for name in names:
            with suppress(OSError):
                yield top, (Path(path) / name).lstat().st_size


def _terminal() -> dict[str, Any]:
    size = shutil.get_terminal_size((0, 0))
    out = sys.__stdout__  # the screens have another in its place
    found: dict[str, Any] = {"columns": size.columns, "rows": size.lines, "tty": bool(out and out.isatty())}
    found["encoding"] = out.encoding if out else ""
    for name in ENVIRONMENT:
        value = os.environ.get(name)
        if value:
            found[name] = value if _PLAIN.fullmatch(value) else "…"
    return found
