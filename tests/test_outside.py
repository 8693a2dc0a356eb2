"""What another program may write into the book: decision 9's three kinds, through the real command."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_commands import folder as folder
from tests.test_commands import line, watchbook

EXCUSE: dict[str, Any] = {"point": "fitness", "from": 1_790_000_000_000, "to": 1_790_003_600_000, "reason": "closed"}
ENTRY: dict[str, Any] = {
    "round": "night-1@2026-11-20T22:00#desk-1", "slot": "night-1@2026-11-20T22:00", "schedule": "night-1",
    "route": "night-1", "plan": {"revision": 1, "sha256": "ab"}, "crew": [{"person": "li-jun", "method": "paper"}],
    "stops": [{"stop": "east-gate", "at": 1_790_000_000_000, "ok": True, "words": ""}], "paper": "page 12",
    "attachments": [],
}  # fmt: skip
SAID: dict[str, Any] = {"record": "ab" * 32 + ":7", "mark": "late", "words": "helped a resident"}
WHO = ["zhang-wei"]


@pytest.mark.parametrize(
    ("kind", "body"), [("point.excused", EXCUSE), ("round.late-entry", ENTRY), ("mark.explained", SAID)]
)
def test_what_life_adds_is_taken_from_another_program(folder: Path, kind: str, body: dict[str, Any]) -> None:
    done = watchbook("record", "--stdin", "--data-dir", str(folder), stdin=line(kind=kind, by=WHO, body=body))
    assert done.returncode == 0, done.stdout
    stored = [json.loads(row) for row in watchbook("log", "--jsonl", "--data-dir", str(folder)).stdout.splitlines()]
    (made,) = [row["record"] for row in stored if row.get("record", {}).get("kind") == kind]
    assert made["body"] == body
    assert made["seq"] == json.loads(done.stdout)["seq"]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"kind": "point.excused", "body": EXCUSE}, "who says it"),
        ({"kind": "mark.explained", "by": WHO, "body": {"record": "x", "mark": "late"}}, "words"),
        ({"kind": "point.excused", "by": WHO, "body": {**EXCUSE, "from": "22:00"}}, "from"),
        ({"kind": "relief.missing", "by": WHO, "body": {"post": "gate"}}, "by the handheld itself"),
        ({"kind": "round.late-entry", "by": WHO, "body": {**ENTRY, "stops": [{"at": 1}]}}, "stops"),
        ({"kind": "finding.raised", "by": WHO, "body": {"kind": "hazard"}}, "finding.raised"),
        ({"kind": "round.finished", "by": WHO, "body": {}}, "handheld itself"),
        ({"kind": "witness.seen", "by": WHO, "body": {"how": "code", "code": "0" * 16}}, "handheld itself"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(folder: Path, asked: dict[str, Any], word: str) -> None:
    done = watchbook("record", "--stdin", "--data-dir", str(folder), "--lang", "en", stdin=line(**asked))
    assert done.returncode == 1
    assert word in json.loads(done.stdout)["error"]
