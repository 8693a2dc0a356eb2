"""The catalogues: nothing a person reads exists in one language only."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kinds import KINDS
from app.text import cells
from app.words import say, table

ROOT = Path(__file__).parent.parent
SUBJECTS = sorted(path.stem for path in (ROOT / "app" / "words").glob("*.py") if path.stem != "__init__")


def rows() -> Iterator[tuple[str, str, str]]:
    for subject in SUBJECTS:
        for name, (zh, en) in table(subject).items():
            yield f"{subject}.{name}", zh, en


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_sentence_stands_in_both_languages_with_the_same_fields() -> None:
    for key, zh, en in rows():
        assert zh.strip(), key
        assert en.strip(), key
        assert fields(zh) == fields(en), key


def test_the_chinese_column_is_chinese_and_the_english_one_is_not() -> None:
    for key, _, en in rows():
        if key.startswith("keys.language") or "中文" in en:
            continue
        assert all(cells(ch) == 1 for ch in en), f"{key}: {en}"


HAN = "[\u3400-\u9fff“”]"
BETWEEN = re.compile(f"{HAN} ?[,;:?!(] ?({HAN}|□)|□ ?[,;:?!)] ?{HAN}|{HAN} ?[,;:?!)]$")
STOP = re.compile(f"{HAN}\\. ?({HAN}|□|$)")
NARROW = frozenset(
    {
        *("alarm", "book", "calibrate", "camera", "cli", "doctor", "duty", "duty_watch", "equipment", "finding"),
        *("first", "handoff", "handover", "help", "home", "keys", "life", "lone", "marks", "menu", "messages"),
        *("misuse", "more", "orders", "outbox", "page", "photo", "places", "platform", "practice", "procedures"),
        *("radio", "records", "registers", "release", "reviews", "round", "scanner", "score", "sensor", "signin"),
        *("status", "stop", "surveys", "sync", "takeover", "trial", "updating", "usage", "violations", "watch"),
        "witness",
    }
)
"""Subjects that a handheld shows: of its forty cells a Chinese comma takes two, so they have plain ones."""


def test_chinese_sentences_have_chinese_punctuation() -> None:
    """Between Chinese, or a field that may hold some: `label: true`, 22:00 and addresses stay as they are typed."""
    assert set(SUBJECTS) >= NARROW
    written = {key: re.sub(r"\{[^}]*\}", "□", zh) for key, zh, _ in rows()}
    plain = {key: zh for key, zh in written.items() if key.partition(".")[0] not in NARROW and BETWEEN.search(zh)}
    assert plain == {}
    assert {key: zh for key, zh in written.items() if STOP.search(zh)} == {}


def test_an_english_count_is_true_of_one_as_well() -> None:
    """`labels: 1`, never `1 labels`: the catalogue has no plurals."""
    plural = re.compile(r"\{(n|count)\} [a-z]+s\b(?<! is)(?<! was)(?<! has)(?<! times)")
    assert {key: en for key, _, en in rows() if plural.search(en)} == {}


ROOMS = ("app", "hardware", "screens", "sync")
KEY = re.compile(r"[a-z_]+\.[a-z0-9][a-z0-9_+-]*")
NO_KEYS = KINDS.keys() | {kind.replace("-", "_") for kind in KINDS} | {"book.pruned", "keys.make", "sync.office"}
"""Strings of the same form: kinds of records, a reserved one, a step of the disk, a package."""
FILES = (".html", ".css", ".js", ".json", ".key", ".log", ".db", ".sig")
BY_NAME = frozenset(
    {
        "assets",
        "audit",
        "book",
        "calibrate",
        "doctor",
        "fleet",
        "duty",
        "indicators",
        "marks",
        "office",
        "office_usage",
        "daybooks",
        "papers",
        "plan_book",
        "planning",
        "plans",
        "rooms",
        "sensor",
        "status",
        "sync",
        "tags",
        "trial",
        "usage",
    }
)
"""Subjects that some lookup is bound to: the code says the bare name, a command is called like its sentence."""


class Asked:
    """What the four rooms and the office's templates ask the catalogues for."""

    def __init__(self) -> None:
        self.said: set[str] = set()
        """Every string constant, and every name of a function: a command's help is found by it."""
        self.begun: set[str] = set()
        """What a name is added to: the beginnings of f-strings, and constants that end in an underscore."""
        for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
            if path.parent.name == "words":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                self._take(node)
        for path in (ROOT / "sync" / "office" / "templates").glob("*.html"):
            asked = set(re.findall(r"'([a-z][a-z0-9_.]*)'", path.read_text(encoding="utf-8")))
            self.begun |= {text for text in asked if text.endswith("_")}
            self.said |= {text for text in asked if not text.endswith("_")}

    def _take(self, node: ast.AST) -> None:
        match node:
            case ast.Constant(value=str(text)) if text.endswith("_"):
                self.begun.add(text)
            case ast.Constant(value=str(text)):
                self.said |= {text, text.replace("-", "_")}
            case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
                self.begun.add(text)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self.said.add(name.strip("_"))

    def keys(self) -> set[str]:
        """Constants that look like keys of an existing subject, also those that stand in tables."""
        return {
            text
            for text in self.said
            if KEY.fullmatch(text)
            and text.partition(".")[0] in SUBJECTS
            and text not in NO_KEYS
            and not text.endswith(FILES)
        }

    def asks_for(self, key: str) -> bool:
        subject, _, name = key.partition(".")
        if key in self.said or any(len(start) > len(subject) + 1 and key.startswith(start) for start in self.begun):
            return True
        bare = name in self.said or any(start.endswith("_") and name.startswith(start) for start in self.begun)
        return subject in BY_NAME and bare


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked()


def test_every_sentence_the_code_asks_for_exists(asked: Asked) -> None:
    keys = asked.keys()
    assert len(keys) > 200
    missing = [key for key in sorted(keys) if key.partition(".")[2] not in table(key.partition(".")[0])]
    assert missing == []


def test_every_sentence_is_asked_for_somewhere(asked: Asked) -> None:
    assert [key for key, _, _ in rows() if not asked.asks_for(key)] == []


def test_a_field_is_never_a_template() -> None:
    assert "{x}" in say("en", "records.bad_kind", kind="{x}")


def test_an_unknown_sentence_is_an_error_not_a_blank() -> None:
    with pytest.raises(KeyError):
        say("en", "records.never_heard_of")
    with pytest.raises(KeyError):
        say("en", "nosuch.subject")
