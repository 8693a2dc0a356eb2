"""`watchbook log` and `watchbook verify` as a person reads them: real processes, on a narrow and a wide terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from app.booklog import BookLog
from app.kinds import KINDS
from app.logbook.book import Draft, Logbook, Received
from app.record import Record
from app.settings import example
from app.text import cells
from app.words import LANGS
from app.words.book import TABLE
from tests.logbook.tools import QuickDisk, Ticks

ROOT = Path(__file__).parent.parent
PLAN, PEOPLE = example("cuihu-garden.json"), example("cuihu-garden.people.json")
SITE = json.loads(PLAN)
ROUTE = SITE["routes"][0]
PERSON = json.loads(PEOPLE)["people"][0]
POINT = next(point for point in SITE["points"] if point["id"] == ROUTE["stops"][0]["point"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book in which somebody walked to one point, could not reach another, and said what was wrong."""
    folder = tmp_path_factory.mktemp("book")
    logbook = Logbook.open(folder, Ticks(), QuickDisk())
    logbook.receive(
        [Received("plan", str(SITE["revision"]), SITE["revision"], PLAN), Received("people", "all", 1, PEOPLE)], "1"
    )
    who, names = (PERSON["id"],), {"round": "r:1", "stop": ROUTE["stops"][0]["id"]}
    logbook.append(Draft("crew.joined", {"person": PERSON["id"], "method": "badge"}, who))
    logbook.append(Draft("round.started", {"round": "r:1", "route": ROUTE["id"], "marks": ["early"]}, who))
    logbook.append(Draft("stop.arrived", {**names, "point": POINT["id"], "grade": "near", "marks": []}, who))
    logbook.append(Draft("stop.skipped", {**names, "reason": "x", "words": "门锁\x1b[31m"}, ("gone-home",)))
    logbook.append(
        Draft("check.answered", {**names, "words": "压力 0.4", "value": "0.4", "ok": False, "marks": []}, who)
    )
    logbook.append(Draft("note.made", {"free": "text"}))
    logbook.close()
    return folder


def watchbook(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "screens", *args]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=ROOT, env={**os.environ, "TZ": "America/Lima", **env}
    )


def test_a_log_names_times_people_and_places_as_the_site_does(folder: Path) -> None:
    rows = watchbook("log", "--data-dir", str(folder), "--lang", "zh").stdout.splitlines()
    assert len(rows) == 7
    assert rows[1].startswith("2 2026-09-21 22:13:"), "the site's zone, whatever the machine's"
    name, point, route = PERSON["name"]["zh"], POINT["name"]["zh"], ROUTE["name"]["zh"]
    assert rows[1].endswith(f"{name} 签到(刷工牌)")
    assert rows[2].endswith(f"{name} 开始一轮:{route} [早到]")
    assert rows[3].endswith(f"{name} 到点:{point}(信标近距)")
    assert rows[4].endswith(f"gone-home 去不了:{point},门锁?[31m"), "no terminal obeys it"
    assert rows[5].endswith("检查:压力 0.4 不正常")
    assert rows[6].endswith('note.made {"free": "text"}')


def test_a_log_for_programs_is_as_stored(folder: Path) -> None:
    rows = [json.loads(row) for row in watchbook("log", "--jsonl", "--data-dir", str(folder)).stdout.splitlines()]
    assert [row["record"]["seq"] for row in rows if "record" in row] == list(range(1, 8))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("command", ["log", "verify"])
def test_every_row_fits_the_terminal(folder: Path, command: str, width: int, lang: str) -> None:
    done = watchbook(command, "--data-dir", str(folder), "--lang", lang, COLUMNS=str(width))
    assert done.returncode == 0, done.stderr
    assert max(cells(row) for row in done.stdout.splitlines()) <= width


@pytest.mark.proof
def test_verify_says_what_is_wrong_and_what_to_do(folder: Path, tmp_path: Path) -> None:
    exported = tmp_path / "book.jsonl"
    exported.write_text(watchbook("log", "--jsonl", "--data-dir", str(folder)).stdout.replace("gone-home", "gone-away"))
    done = watchbook("verify", str(exported), "--lang", "en")
    assert done.returncode == 5
    assert "NOT WHOLE" in done.stdout
    assert "record 5 does not follow from the one before" in done.stdout
    assert "Compare with the office's copy" in done.stdout
    found = json.loads(watchbook("verify", str(exported), "--json").stdout)["books"][0]["broken"]
    assert (found["seq"], found["fault"]) == (5, "altered")


def test_every_kind_has_its_sentence_whose_fields_are_members_of_its_body() -> None:
    for kind, body in KINDS.items():
        zh, _ = TABLE[f"log_{kind}"]
        asked = {part.partition("}")[0] for part in zh.split("{")[1:]}
        assert asked <= set(body.__struct_encode_fields__), kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_any_kind_without_its_members_is_shown_all_the_same(kind: str) -> None:
    plain = {"at": 0, "body": {}, "boot": "b", "by": [], "kind": kind, "off": None, "seq": 1, "up": 0, "v": 1}
    for body in ({}, {name: ["\x1b", 1] for name in KINDS[kind].__struct_encode_fields__}):
        line = BookLog("zh", None, None).line(msgspec.convert({**plain, "body": body}, Record))
        assert "\x1b" not in line
        assert line.isprintable()


def test_a_sentence_has_no_gap_where_nothing_was_given() -> None:
    notice = {"finding": "b:135", "demand": "清理", "to": {"role": "guard"}, "firm": "", "due": 1_700_000_000_000}
    record = Record(1_700_000_000_000, notice, "boot", ("li", "zhang"), "finding.noticed", 0, 1, 1, 1)
    said = BookLog("zh", None, None).words(record)
    assert said.startswith("li、zhang ")
    assert " ," not in said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"point": POINT["id"], "proved": True, "grade": "label"}, "proved by the label"),
        ({"point": POINT["id"], "proved": True, "grade": "near"}, "proved by the beacon"),
        (
            {"point": POINT["id"], "proved": False, "grade": "label"},
            "that this is the place is not proved",
        ),
        ({"point": None, "proved": False, "grade": None}, "no label proves it"),
    ],
)
def test_a_log_says_what_proves_that_somebody_was_there(body: dict[str, object], words: str) -> None:
    record = Record(1_700_000_000_000, {"order": "b:1", **body}, "boot", ("li",), "order.arrived", 0, 1, 1, 1)
    assert words in BookLog("en", None, None).words(record)
