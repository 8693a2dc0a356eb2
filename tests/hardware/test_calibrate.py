"""An installer measures a tag at the reading point: over real bleak, and from feeds for all that can go wrong."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duties.calibration import ENOUGH, Calibration, Trouble, enter_from, trouble
from app.duties.evidence import Nearness, Sample, judge_near
from app.duties.rotating import Tables, TagTable
from app.duties.site import Settings
from app.logbook.book import Logbook, Received
from app.settings import example
from hardware.clock import SystemClock
from screens.calibrate import Listened
from tests.virtual_radio import BlueZ, PrivateBus, patrol_tag

DOOR: Final = "8e1f5c3a-6b0d-4d7e-9a52-c3b7e0d4f116/3/1"
OTHER_DOOR: Final = "8e1f5c3a-6b0d-4d7e-9a52-c3b7e0d4f116/6/1"
ADDRESS: Final = "C0:11:22:33:44:55"
PROGRAM: Final = (sys.executable, "-m", "screens")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A handheld with the plan of the example site."""
    folder = tmp_path / "book"
    logbook = Logbook.open(folder, SystemClock())
    logbook.receive([Received("plan", "cuihu-garden", 1, example("cuihu-garden.json"))], "1")
    logbook.close()
    return folder


def calibrate(*args: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    given = [*PROGRAM, "scan", "--lang", lang, "--calibrate", *args]
    return subprocess.run(given, capture_output=True, text=True, timeout=60)


def feed(folder: Path, *tags: tuple[str, str, Iterable[int]]) -> str:
    """A feed with one packet a second of each (identity, address, levels)."""
    rows: list[dict[str, Any]] = []
    for minor, (tag, address, levels) in enumerate(tags):
        uuid, major, number = tag.split("/")
        data = f"0215{uuid.replace('-', '')}{int(major):04x}{int(number):04x}c5"
        for second, level in enumerate(levels):
            ble = {"address": address, "rssi": level, "manufacturer_data": {"76": data}}
            rows.append({"at_ms": second * 1000 + minor, "ble": ble})
    path = folder / "feed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in sorted(rows, key=lambda row: int(row["at_ms"]))))
    return str(path)


def calibrated(folder: Path) -> list[dict[str, Any]]:
    reader = Logbook.read(folder)
    return [entry.record.body for entry in reader.entries() if entry.record.kind == "tag.calibrated"]


@pytest.mark.proof
async def test_a_tag_is_measured_over_the_air_and_the_plan_line_comes_out(bus: PrivateBus, book: Path) -> None:
    bluez = BlueZ(bus.address, filters_duplicates=False)
    await bluez.start()
    bluez.plug()
    levels = iter([-60, -64, -62, -66, -61, -63, -65, -62, -61, -63] * 50)
    bluez.enter(patrol_tag("ibeacon", DOOR, ADDRESS, lambda: next(levels), 0.21))
    done = await asyncio.create_subprocess_exec(
        *PROGRAM, "scan", "--calibrate", "pr1-door", "--json", "--data-dir", str(book),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    said, progress = await asyncio.wait_for(done.communicate(), 60)
    await bluez.close()
    assert done.returncode == 0, progress.decode()
    (found,) = [json.loads(line) for line in said.decode().splitlines()]
    assert len(found["samples"]) == ENOUGH
    assert found["level"] in (-62, -63)
    assert found["enter"] == found["level"] - 8
    assert found["address"] == ADDRESS
    assert found["plan"] == f"{{ibeacon: {DOOR}, near: {found['level']}}}"
    assert [line.count("/20") for line in progress.decode().splitlines()] == [0, 1, 1, 1, 1]
    (body,) = calibrated(book)
    assert (body["point"], body["level"], body["samples"]) == ("pr1-door", found["level"], found["samples"])


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("中位 -62 dBm", "写进计划: {ibeacon:", 'address: "C0:11:22:33:44:55", near: -62}', "已记在本机第2条")),
        ("en", ("median -62 dBm", "into the plan: {ibeacon:", 'address: "C0:11:22:33:44:55", near: -62}', "no. 2")),
    ],
)
def test_what_is_measured_is_said_written_for_the_plan_and_recorded(
    lang: str, words: tuple[str, ...], book: Path, tmp_path: Path
) -> None:
    source = feed(tmp_path, (DOOR, ADDRESS, [-60, -64, -62] * 8))
    done = calibrate("pr1-door", "--feed", source, "--data-dir", str(book), lang=lang)
    assert done.returncode == 0, done.stderr
    for each in words:
        assert each in done.stdout
    assert len(calibrated(book)) == 1


TROUBLES: Final = {
    "silent": ((), "没听到", "not heard within 30 s"),
    "few": (((DOOR, ADDRESS, [-62] * 19),), "只听到19次,要20次", "heard 19 times in 30 s, 20 are needed"),
    "unsteady": (((DOOR, ADDRESS, [-50, -75] * 12),), "信号不稳,中间一半在 -75 到 -50", "too unsteady"),
    "weak": (((DOOR, ADDRESS, [-90] * 20),), "只有 -90 dBm,太弱", "only -90 dBm, too weak"),
    "two": (
        ((DOOR, ADDRESS, [-62] * 20), (DOOR, "C0:99:99:99:99:99", [-70] * 19)),
        "C0:11:22:33:44:55, C0:99:99:99:99:99",
        "several devices send this identity",
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_tag_that_cannot_be_used_so_is_a_sentence_and_no_record(
    name: str, lang: str, book: Path, tmp_path: Path
) -> None:
    tags, *words = TROUBLES[name]
    source = feed(tmp_path, *tags)
    given = ("pr1-door", "--feed", source, "--data-dir", str(book), "--seconds", "30")
    done = calibrate(*given, lang=lang)
    assert done.returncode == 1
    assert words[("zh", "en").index(lang)] in done.stdout
    assert "near:" not in done.stdout
    assert calibrated(book) == []
    told = json.loads(calibrate(*given, "--json").stdout)
    assert (told["trouble"], told["plan"], told["seq"]) == (name, None, None)


def test_packets_in_one_burst_are_one_sample(book: Path, tmp_path: Path) -> None:
    source = Path(feed(tmp_path, (DOOR, ADDRESS, [-62] * 40)))
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    source.write_text("".join(json.dumps(row | {"at_ms": row["at_ms"] // 20}) + "\n" for row in rows))
    told = json.loads(calibrate("pr1-door", "--feed", str(source), "--data-dir", str(book), "--json").stdout)
    assert (told["trouble"], len(told["samples"])) == ("few", 10), "every 50 ms for two seconds"


def test_a_rival_within_the_margin_is_named(book: Path, tmp_path: Path) -> None:
    levels = [-62] * 20
    loud = feed(tmp_path, (DOOR, ADDRESS, levels), (OTHER_DOOR, "C0:00:00:00:00:09", [-68] * 20))
    done = calibrate("pr1-door", "--feed", loud, "--data-dir", str(book))
    assert "the tag of Bldg 6 B1, power room door has -68 dBm here" in done.stdout
    quiet = feed(tmp_path, (DOOR, ADDRESS, levels), (OTHER_DOOR, "C0:00:00:00:00:09", [-69] * 20))
    assert "Bldg 6" not in calibrate("pr1-door", "--feed", quiet, "--data-dir", str(book)).stdout


def test_a_tag_that_the_plan_does_not_know_yet_is_measured_without_a_book(tmp_path: Path) -> None:
    tag, source = f"ibeacon:{DOOR.upper()}", feed(tmp_path, (DOOR, ADDRESS, [-62] * 20))
    done = calibrate("new-point", "--tag", tag, "--feed", source, "--data-dir", str(tmp_path / "none"))
    assert done.returncode == 0
    assert f"into the plan: {{ibeacon: {DOOR}, near: -62}}" in done.stdout
    assert "nothing was recorded" in done.stderr
    assert not (tmp_path / "none").exists()


def test_with_the_terminal_running_the_figure_is_said_and_exit_3_tells_that_it_is_not_recorded(
    book: Path, tmp_path: Path
) -> None:
    logbook = Logbook.open(book, SystemClock())
    try:
        source = feed(tmp_path, (DOOR, ADDRESS, [-62] * 20))
        done = calibrate("pr1-door", "--feed", source, "--data-dir", str(book))
    finally:
        logbook.close()
    assert done.returncode == 3
    assert "near: -62}" in done.stdout
    assert calibrated(book) == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("nowhere",), "the plan has no point nowhere"),
        (("pr2-room",), "the plan gives pr2-room no tag"),
        (("../etc", "--tag", f"ibeacon:{DOOR}"), "no id of a point"),
        (("pr1-door", "--tag", "minew:C0:11:22:33:44:55"), "--tag is FORMAT:ID"),
        (("pr1-door", "--tag", "ibeacon:\x1b[2J"), "--tag is FORMAT:ID"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(args: tuple[str, ...], sentence: str, book: Path) -> None:
    done = calibrate(*args, "--data-dir", str(book))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith(sentence)


def test_without_a_radio_it_says_why_and_that_nothing_was_heard(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    assert "DBUS_SYSTEM_BUS_ADDRESS" in os.environ
    done = calibrate("pr1-door", "--seconds", "2", "--data-dir", str(book))
    assert done.returncode == 1
    assert "Nothing can be heard: no Bluetooth here" in done.stderr
    assert "not heard within 2 s" in done.stdout


@given(st.lists(st.integers(-85, -40), min_size=ENOUGH, max_size=ENOUGH))
def test_whoever_stands_where_the_installer_stood_is_near(levels: list[int]) -> None:
    found = Calibration("ibeacon", DOOR, ADDRESS, tuple(levels))
    if trouble(found, Settings()) is not None:
        assert trouble(found, Settings()) is Trouble.UNSTEADY
        return
    steady = sorted(levels)[ENOUGH // 4 :]  # the crew holds the handheld no worse than three times in four
    samples = [Sample(300 * n, level) for n, level in enumerate(steady)]
    enter = enter_from(found.level, Settings())
    assert judge_near(samples, (), enter, False, samples[-1].up).state is Nearness.NEAR


def test_a_rotating_identity_is_measured_under_the_fitters_name_of_the_tag() -> None:
    table = TagTable("vault", first=1_000_000, window_ms=512_000, ids=("a9b76a71c5f89290", "4144413e45fefa58"))
    heard = Listened(None, Tables((table,)), "vault-door", [("eddystone-eid", "vault")])
    ble = {"address": ADDRESS, "rssi": -60}
    for number in range(ENOUGH):
        eid = table.ids[number // 10]
        item = {"at_ms": number * 1000, "ble": ble, "tag": {"format": "eddystone-eid", "id": eid}}
        heard.take(item, 1_000_000 + number * 50_000)
    assert heard.enough
    stranger = {"at_ms": 99_000, "ble": ble, "tag": {"format": "eddystone-eid", "id": "0" * 16}}
    assert heard.take(stranger, 1_000_000) == []
    (found,) = heard.results()
    assert (found.tag, found.level, len(found.samples)) == ("vault", -60, ENOUGH)
