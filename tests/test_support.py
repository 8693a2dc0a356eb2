"""The support file: it tells what is wrong, and nothing of anybody, whatever stands in the data folder."""

import base64
import io
import json
import logging
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.duties.tuning import Sent
from app.faultlog import keep, last_faults, place
from app.logbook.book import Draft, Logbook, Received
from app.settings import Settings, load
from hardware.clock import SystemClock
from sync import standing, support
from sync.doctor import Part, look
from sync.standing import Reason, Standing
from tests.sync.places import handheld, office

NAMES = (
    "张伟",
    "Zhang Wei",
    "zhang-wei",
    "李军家属",
    "13912345678",
    "翠湖花园",
    "cuihu-garden",
    "3号楼2单元",
    "Chaoyang Road 5",
)
JPEG = b"\xff\xd8\xff\xe0"
"""Begins a picture."""
SECRETS = ("WB1:7KQ2M9", "badge-0042", "4711-pin", "geheim-note", "C0:11:22:33:44:55", "https://office.cuihu.example")


def seeds(folder: Path) -> list[str]:
    """Every text of a person and every secret that the folder holds, the keys among them."""
    keys = [path.read_bytes() for path in (folder / "keys").iterdir() if path.is_file()]
    found = [*NAMES, *SECRETS, *(key.hex() for key in keys if len(key) <= 64)]
    return [*found, *(base64.b64encode(key).decode() for key in keys if len(key) <= 64)]


def forms(seed: str) -> set[bytes]:
    """How a text may stand in a file: as it is, in JSON, in other encodings, as hex, in base64 at each offset."""
    raw = seed.encode()
    shifted = {base64.b64encode(b"x" * n + raw)[4:-4] for n in range(3)}
    plain = {raw, seed.encode("utf-16-le"), json.dumps(seed).strip('"').encode(), raw.hex().encode()}
    return {form for form in (*plain, *shifted, seed.lower().encode(), seed.encode("gb18030")) if len(form) >= 5}


def everywhere(folder: Path, clock: SystemClock) -> None:
    """Names and secrets in each file that a handheld may have: records, pages, settings, logs, hints, file names."""
    words = " ".join((*NAMES, *SECRETS))
    with closing(Logbook.open(folder, clock)) as book:
        book.append(Draft("note.of-another-program", {"words": words, "names": list(NAMES)}))
        book.attach(JPEG + words.encode())
        people = {"people": [{"id": "zhang-wei", "name": {"zh": "张伟"}, "number": "4711"}]}
        book.receive([Received("people", "cuihu-garden", 1, msgspec.json.encode(people))], "x-1")
        values: dict[str, str | int] = {"scanner": "serial:/dev/" + SECRETS[1], "ring": "zhang-wei", "theme": "night"}
        sent = [Received("settings", "site", 2, msgspec.json.encode(Sent(2, 5, {**values, "margin_db": 3})))]
        book.receive(sent, "x-2")
    standing.save(folder, Standing(4, Reason("sync.closed_away", {"office": SECRETS[5], "name": words})))
    (folder / "config.toml").write_text(
        f'lang = "zh"\ntheme = "sun"\noffice = "{SECRETS[5]}"\nfeed = "/home/zhang-wei/{NAMES[3]}"\n'
        f'scanner = "serial:/dev/{SECRETS[1]}"\n"{NAMES[1]}" = "x"\nside_keys = "/dev/{SECRETS[3]}:1=alarm"\n'
    )
    for name in ("terminal.log", "terminal.log.old", "photos", "stick", "carried"):
        path = folder / name
        if "." in name:
            path.write_text(f"2026-11-22 ERROR textual {words}\n")
        else:
            path.mkdir(exist_ok=True)
            (path / f"{NAMES[0]} {NAMES[4]}.jpg").write_text(words)
    (folder / NAMES[1]).mkdir()
    (folder / NAMES[1] / "x").write_text("x")
    junk = {"at": words, "level": "ERROR", "where": "zhang-wei", "faults": [words], "more": words}
    (folder / "faults.jsonl").write_text(f"{words}\n[1]\n{json.dumps(junk)}\n")
    for logger in ("watchbook.screens", "textual", "asyncio"):
        keep(folder, logged(logger, words))


def logged(logger: str, words: str) -> logging.LogRecord:
    """What a program that does not know better logs of a fault: the words, in the sentence and in the fault."""
    try:
        try:
            raise KeyError(words)
        except KeyError as e:
            raise ValueError(words) from e
    except ValueError as error:
        trace = sys.exc_info()
        where = f"/home/zhang-wei/{__file__}:12 zhang < /opt/x/site-packages/textual/app.py:7 run"
        return logging.LogRecord(logger, 40, __file__, 1, f"{words} %s %s", (str(error), where), trace, func="do")


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of an enrolled handheld with all of that in it, under a name of somebody's."""
    found = tmp_path_factory.mktemp("support") / "zhang-wei"
    with office(found.parent / "office") as there, handheld(found, there):
        pass
    everywhere(found, SystemClock())
    return found


def test_nothing_of_anybody_is_in_it_whatever_the_folder_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "张伟")
    settings = load({"data_dir": str(folder), "adapter": "none"}, {})
    parts = [*look(settings, running=True), Part("keys", "todo", "doctor.key_absent", {"device": SECRETS[4]})]
    data = support.bundle(settings, parts)
    inside = members(data)
    whole = b"\n".join(
        [data, *inside.values(), *(name.encode() for name in inside), support.name_of(settings).encode()]
    )
    for seed in seeds(folder):
        for form in forms(seed):
            assert form not in whole, (seed, form)
    for path in (folder / "received").iterdir():
        assert path.name.encode() not in whole


def test_it_tells_what_somebody_who_mends_handhelds_asks_first(folder: Path) -> None:
    settings = Settings(folder, adapter="none", theme="sun")
    parts = [Part("disk", "todo", "doctor.disk_low", {"mb": 7}), Part("radio", "todo", "radio.denied")]
    found: dict[str, Any] = {
        name: json.loads(raw) for name, raw in members(support.bundle(settings, parts)).items() if name.endswith("json")
    }
    assert found["doctor.json"][0]["says"]["en"] == "only 7 MB free: clear some space"
    assert found["versions.json"]["textual"]
    status = found["status.json"]
    assert (status["enrolled"], status["settings"], status["last_reason"]) == (True, 2, "sync.closed_away")
    assert (status["records"] > 1, status["pending"] > 0, status["clock_offset_ms"]) == (True, True, 4)
    assert found["settings.json"]["theme"] == "sun"
    assert found["settings.json"]["office"] == {"margin_db": 3, "ring": "set", "scanner": "set", "theme": "night"}
    files = found["files.json"]
    assert (files["photos"]["files"], files["other"]["files"]) == (1, 1)
    assert files["journal"]["bytes"] > 0
    faults = found["faults.json"]
    assert [fault["faults"] for fault in faults] == [["ValueError", "KeyError"]] * 3
    assert faults[-1]["places"][0] == "textual/app.py:7 run"
    assert support.name_of(settings).startswith("watchbook-support-d")


def test_places_in_the_code_are_told_and_no_folder_of_anybody() -> None:
    assert place("/home/li/.venv/lib/python3.11/site-packages/textual/app.py", 12, "run") == "textual/app.py:12 run"
    assert place("/opt/watchbook/releases/0.3/lib/python3.11/asyncio/base_events.py", 3, "<lambda>") == (
        "asyncio/base_events.py:3 <lambda>"
    )
    assert place("/home/li/watchbook/sync/courier.py", 240, "_survive") == "sync/courier.py:240 _survive"
    assert place("/home/li/zhang.py", 1, "x") == ""
    assert place("<string>", 1, "x") == ""


def test_the_faults_that_are_kept_are_the_newest_and_few(tmp_path: Path) -> None:
    for _ in range(400):
        keep(tmp_path, logged("watchbook.courier", "x" * 50))
    assert 0 < sum(path.stat().st_size for path in tmp_path.iterdir()) < 200_000
    assert len(last_faults(tmp_path)) == 200
