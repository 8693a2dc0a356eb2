"""The handheld's commands as another program meets them: real processes, real books, exit codes of the contract."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.logbook.book import Draft, Logbook, Received
from app.settings import example
from hardware.clock import SystemClock
from sync import standing
from tests.logbook.tools import receipt

ROOT = Path(__file__).parent.parent


def watchbook(*args: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "screens", *args],
        input=stdin, capture_output=True, text=True, timeout=60, cwd=ROOT, env={**os.environ, **env},
    )  # fmt: skip


def line(**fields: Any) -> str:
    return json.dumps({"kind": "note.made", "by": [], "body": {}, **fields}) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A book that has received the example's people."""
    logbook = Logbook.open(tmp_path / "book", SystemClock())
    logbook.receive([Received("people", "cuihu-garden", 1, example("cuihu-garden.people.json"))], "1")
    logbook.close()
    return tmp_path / "book"


def test_each_record_is_answered_in_order_once_it_is_durable(folder: Path) -> None:
    done = watchbook("record", "--stdin", "--data-dir", str(folder), stdin=line(body={"n": 1}) + line(body={"n": 2}))
    answers = [json.loads(row) for row in done.stdout.splitlines()]
    stored = [json.loads(row) for row in watchbook("log", "--jsonl", "--data-dir", str(folder)).stdout.splitlines()]
    made = [row for row in stored if row.get("record", {}).get("kind") == "note.made"]
    assert done.returncode == 0
    assert [(row["record"]["seq"], row["hash"]) for row in made] == [(a["seq"], a["hash"]) for a in answers]
    assert [row["record"]["body"]["n"] for row in made] == [1, 2]


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ("{", "JSON"),
        ("[]", "kind"),
        ('{"kind":"note.made","by":[],"body":{"x":1.5}}', "float"),
        ('{"kind":"note.made","by":["nobody-here"],"body":{}}', "nobody-here"),
        ('{"kind":"note.made","by":[],"body":{"n":1,"n":2}}', "twice"),
        ('{"kind":"round.started","by":[],"body":{}}', "round.started"),
        ('{"kind":"NOT A KIND","by":[],"body":{}}', "NOT A KIND"),
        ('{"kind":"note.made","by":[],"body":' + '{"a":' * 40 + "1" + "}" * 41, "deep"),
        ('{"kind":"note.made","by":[],"body":{"n":' + "9" * 5000 + "}}", ""),
        ('{"kind":"note.made","by":[],"body":{"t":"' + "x" * 70000 + '"}}', "large"),
        ('{"kind":"note.\\ud800","by":[],"body":{}}', "not a kind"),
        ('{"kind":"alarm.raised","by":[],"body":{"\\ud800":1}}', "alarm.raised"),
    ],
)
def test_a_bad_line_is_refused_with_a_sentence_and_the_rest_go_on(folder: Path, bad: str, word: str) -> None:
    done = watchbook("record", "--stdin", "--data-dir", str(folder), "--lang", "en", stdin=f"{bad}\n{line()}")
    refused, kept = (json.loads(row) for row in done.stdout.splitlines())
    assert refused["line"] == 1
    assert word in refused["error"]
    assert kept["seq"] > 0
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_options_stand_before_or_after_the_command(folder: Path) -> None:
    before = watchbook("--data-dir", str(folder), "--json", "status")
    after = watchbook("status", "--json", "--data-dir", str(folder))
    found = json.loads(before.stdout)
    moving = {name: found[name] for name in ("oldest_pending_s", "storage_free_mb")}
    assert found == json.loads(after.stdout) | moving
    assert {"device", "site", "pending", "oldest_pending_s", "last_ack", "last_reason", "plan_revision"} <= set(found)
    assert found["pending"] == 1


def test_a_book_in_use_is_exit_3_and_reading_it_still_works(folder: Path) -> None:
    logbook = Logbook.open(folder, SystemClock())
    try:
        refused = watchbook("record", "--stdin", "--data-dir", str(folder), stdin=line())
        assert refused.returncode == 3
        assert refused.stderr.strip()
        assert watchbook("log", "--data-dir", str(folder)).returncode == 0
        assert watchbook("verify", "--data-dir", str(folder)).returncode == 0
    finally:
        logbook.close()


@pytest.mark.proof
def test_verify_tells_a_whole_book_from_a_changed_one(folder: Path, tmp_path: Path) -> None:
    watchbook("record", "--stdin", "--data-dir", str(folder), stdin=line(body={"t": "kept"}))
    exported = tmp_path / "book.jsonl"
    exported.write_text(watchbook("log", "--jsonl", "--data-dir", str(folder)).stdout)
    whole = watchbook("verify", str(exported), "--json")
    assert whole.returncode == 0
    book = json.loads(exported.read_text().splitlines()[0])["book"]
    assert watchbook("verify", str(exported), "--trust", book).returncode == 0
    assert watchbook("verify", str(exported), "--trust", "00" * 32).returncode == 5
    exported.write_text(exported.read_text().replace("kept", "made"))
    assert watchbook("verify", str(exported)).returncode == 5


def test_a_feed_is_decoded_line_by_line(tmp_path: Path) -> None:
    uuid = "0f6a1b7e5d3c4b2a9e8f7d6c5b4a3928"
    feed = tmp_path / "feed.jsonl"
    heard = {"address": "C0:11:22:33:44:55", "name": None, "rssi": -61,
             "manufacturer_data": {"76": f"0215{uuid}00010007c5"}, "service_data": {}}  # fmt: skip
    feed.write_text(
        json.dumps({"at_ms": 0, "ble": heard}) + "\n" + json.dumps({"at_ms": 0, "adapter": "absent"}) + "\n"
    )
    done = watchbook("scan", "--feed", str(feed), "--json")
    first = json.loads(done.stdout.splitlines()[0])
    assert first["tag"] == {
        "format": "ibeacon", "id": "0f6a1b7e-5d3c-4b2a-9e8f-7d6c5b4a3928/1/7", "power_1m": -59,
        "battery_pct": None, "battery_mv": None,
    }  # fmt: skip


@pytest.mark.parametrize(("lang", "secret"), [("zh", "加密"), ("en", "encrypted")])
def test_a_scan_tells_a_person_what_tags_measure(tmp_path: Path, lang: str, secret: str) -> None:
    feed = tmp_path / "feed.jsonl"
    frames = ({"fcd2": "400161020a09"}, {"feaa": "2001414141414141414141414141deadbeff"}, {"180f": "64"})
    said = [{"ble": {"address": "C0:11:22:33:44:55", "rssi": -61, "service_data": frame}} for frame in frames]
    feed.write_text("".join(json.dumps(each) + "\n" for each in said))
    done = watchbook("scan", "--feed", str(feed), "--lang", lang, "--data-dir", str(tmp_path / "none"))
    assert done.stdout.splitlines() == [
        " -61 C0:11:22:33:44:55  bthome C0:11:22:33:44:55 97% temperature=23.14",
        f" -61 C0:11:22:33:44:55  eddystone-tlm C0:11:22:33:44:55 {secret}",
        " -61 C0:11:22:33:44:55  -",
    ]


def test_a_scan_names_a_closed_makers_tags_as_the_plan_of_the_handheld_says(tmp_path: Path) -> None:
    plan = json.loads(example("cuihu-garden.json")) | {"tag_rules": [{"company": 1424, "begin": 1, "size": 2}]}
    logbook = Logbook.open(tmp_path / "book", SystemClock())
    logbook.receive([Received("plan", "cuihu-garden", 1, json.dumps(plan).encode())], "1")
    logbook.close()
    feed = tmp_path / "feed.jsonl"
    heard = {"address": "C0:11:22:33:44:55", "rssi": -61, "manufacturer_data": {"1424": "07aabb"}}
    feed.write_text(json.dumps({"ble": heard}) + "\n")
    tags = [
        json.loads(watchbook("scan", "--feed", str(feed), "--json", "--data-dir", str(folder)).stdout)["tag"]
        for folder in (tmp_path / "book", tmp_path / "none")
    ]
    assert tags[0] == {"format": "generic", "id": "aabb", "power_1m": None, "battery_pct": None, "battery_mv": None}
    assert tags[1] is None


def test_without_a_terminal_the_screen_is_refused_with_exit_2(folder: Path) -> None:
    for args in ([], ["run"], ["demo"]):
        done = watchbook(*args, WATCHBOOK_DATA_DIR=str(folder))
        assert done.returncode == 2, args
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr


@pytest.mark.proof
def test_a_radio_that_cannot_listen_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/no-bus"}
    done = watchbook("scan", "--seconds", "2", "--lang", "en", **nowhere)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Nothing can be heard: no Bluetooth")
    assert [
        json.loads(row)["fault"] for row in watchbook("scan", "--seconds", "2", "--json", **nowhere).stdout.splitlines()
    ]


def test_the_status_is_told_in_the_time_of_the_site_and_in_units_people_use(tmp_path: Path) -> None:
    logbook = Logbook.open(tmp_path / "book", SystemClock())
    try:
        logbook.receive([Received("plan", "cuihu-garden", 1, example("cuihu-garden.json"))], "1")
        logbook.receipt(receipt(logbook, 1, at=int(datetime(2026, 11, 21, 16, 5, tzinfo=UTC).timestamp() * 1000)))
        logbook.append(Draft("note.made", {}))
        standing.save(logbook.folder, standing.Standing(off=-2300))
    finally:
        logbook.close()
    told = watchbook("status", "--data-dir", str(tmp_path / "book"), "--lang", "en", TZ="America/Lima").stdout
    facts = {row[:18].strip(): row[18:] for row in told.splitlines()}
    assert facts["last receipt"] == "2026-11-22 00:05:00"
    assert facts["clock offset"] == "-2.3 s"
    assert facts["oldest not sent"].endswith(" ago")
    assert facts["free storage"].endswith(" MB")
    assert facts["handheld"] == "-"


def test_a_folder_without_a_book_is_said_and_not_made(tmp_path: Path) -> None:
    done = watchbook("status", "--data-dir", str(tmp_path / "none"), "--lang", "en")
    assert done.returncode == 1
    assert "no book" in done.stderr
    assert not (tmp_path / "none").exists()


def test_an_office_out_of_reach_is_exit_6(folder: Path) -> None:
    done = watchbook("enrol", "ABCDEFGHJK", "--office", "http://127.0.0.1:9", "--data-dir", str(folder))
    assert done.returncode == 6
    assert "Traceback" not in done.stderr


def test_wrong_usage_is_exit_2() -> None:
    assert watchbook("nosuch").returncode == 2
    assert watchbook("status", "--nosuch").returncode == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nosuch", "没有命令 nosuch"),
        ("verfy", "没有命令 verfy,是不是 verify?"),
        ("status --jsno", "没有选项 --jsno,是不是 --json?"),
        ("enrol", "缺少 CODE"),
        ("record", "缺少 --stdin"),
        ("enrol a b", "多写了: b"),
        ("demo --at", "--at 后面要写值"),
        ("status --json=1", "--json 后面不写值"),
        ("demo --speed fast", "--speed 要是 0.1 到 100 的数"),
        ("demo --speed 1000", "--speed 要是 0.1 到 100 的数"),
        ("scan --seconds 0", "--seconds 要是不小于 0.1 的数"),
        ("--lang fr", "--lang 只能是: zh, en"),
        ("verify /no/such/file", "FILE: 没有文件 /no/such/file"),
        ("verify /", "FILE: / 是文件夹,要写文件"),
        ("verify \x1b[2J", "FILE: 没有文件 \\x1b[2J"),
    ],
)
def test_wrong_usage_is_said_in_the_language_that_was_asked_for(typed: str, said: str) -> None:
    done = watchbook("--lang", "zh", *typed.split())
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == said
    assert "Error" not in done.stderr
    english = watchbook("--lang", "en", *typed.split())
    assert english.returncode == 2
    assert english.stderr.isascii()


def test_the_help_has_its_headings_in_the_language_that_was_asked_for() -> None:
    assert "\n选项:\n" in watchbook("--help", "--lang", "zh").stdout
    assert "用法: " in watchbook("status", "--help", "--lang", "zh").stdout
    assert "\nCommands:\n" in watchbook("--help", "--lang", "en").stdout


def test_the_key_table_is_the_one_the_screens_use() -> None:
    from screens.keys import ACTIONS, OTHERS

    done = watchbook("keys", "--json")
    rows = json.loads(done.stdout)
    assert [row["key"] for row in rows] == [action.shown for action in ACTIONS]
    printed = watchbook("keys", "--lang", "en").stdout.splitlines()
    assert [line.split()[0] for line in printed] == ["0-9", *(action.shown for action in OTHERS)]
    assert all(row["does"] and "(" not in row["action"] for row in rows)


@pytest.mark.parametrize("reason", ["sync.of_tomorrow", "nothing.here", "", "sync.office_behind", "__init__.say"])
def test_a_reason_that_another_version_left_behind_stops_no_status(tmp_path: Path, reason: str) -> None:
    """A newer program wrote it, and made way for this one; or the file is spoilt. One wants fields that it has not."""
    left = {"off": 7, "reason": {"key": reason, "fields": {"other": 1}}}
    (tmp_path / standing.NAME).write_text(json.dumps(left), encoding="utf-8")
    assert standing.load(tmp_path) == standing.Standing(off=7)


def test_a_disk_that_takes_no_word_of_how_the_talk_went_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / f"{standing.NAME}.part").mkdir()  # neither written nor removed
    standing.save(tmp_path, standing.Standing(off=7))
    assert standing.load(tmp_path) == standing.Standing()
