"""The catalogues: every sentence a person reads, Chinese and English side by side.

A key is `subject.name`; the subject is a module here (`app/words/round.py`), loaded when first
needed, holding `TABLE: dict[str, tuple[str, str]]` from name to (Chinese, English). A sentence
cannot exist in one language only. Braces are filled with `str.format` fields that are already
plain text: a field is never a template.
"""

from functools import lru_cache
from importlib import import_module
from typing import Any, Final

LANGS: Final = ("zh", "en")


@lru_cache
def table(subject: str) -> dict[str, tuple[str, str]]:
    """The two-language table of one subject. Raises KeyError for an unknown subject."""
    try:
        module = import_module(f"app.words.{subject}")
    except ModuleNotFoundError as e:
        raise KeyError(subject) from e
    rows: dict[str, tuple[str, str]] = module.TABLE
    return rows


def say(lang: str, key: str, /, **fields: Any) -> str:
    """The sentence `key` in `lang`, filled with `fields`. Raises KeyError for an unknown key."""
    subject, _, name = key.partition(".")
    sentence = table(subject)[name][LANGS.index(lang)]
    return sentence.format(**fields) if fields else sentence
