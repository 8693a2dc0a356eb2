"""The catalogues: nothing a person reads exists in one language only."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def keys_in_code() -> set[str]:
    """Literals that look like catalogue keys of an existing subject, anywhere in the four rooms."""
    found = set()
    for room in ("app", "hardware", "screens", "sync"):
        for path in (ROOT / room).rglob("*.py"):
            if "words" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _is_lookup(node):
                    found |= {
                        arg.value
                        for arg in (*node.args, *(keyword.value for keyword in node.keywords))
                        if isinstance(arg, ast.Constant)
                        and isinstance(arg.value, str)
                        and arg.value.partition(".")[0] in SUBJECTS
                        and arg.value.count(".") == 1
                        and not arg.value.endswith(".")
                    }
    return found


def _is_lookup(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name == "say" or (name[:1].isupper() and name != "Draft")  # a draft names a kind of record


def test_every_sentence_the_code_asks_for_exists() -> None:
    asked = keys_in_code()
    assert len(asked) > 50
    for key in sorted(asked):
        subject, _, name = key.partition(".")
        assert name in table(subject), key


def test_a_field_is_never_a_template() -> None:
    assert "{x}" in say("en", "records.bad_kind", kind="{x}")


def test_an_unknown_sentence_is_an_error_not_a_blank() -> None:
    with pytest.raises(KeyError):
        say("en", "records.never_heard_of")
    with pytest.raises(KeyError):
        say("en", "nosuch.subject")
