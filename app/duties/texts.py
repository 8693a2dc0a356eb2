"""What every part of a plan is made of: words in two languages, and frozen members that a newer office may add to."""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import force_setattr


class Text(Struct, frozen=True, omit_defaults=True):
    """The same words in both languages; a missing one falls back to the other."""

    zh: str = ""
    en: str = ""

    def say(self, lang: str) -> str:
        return (self.zh or self.en) if lang == "zh" else (self.en or self.zh)


NO_TEXT = Text()


class Part(Struct, frozen=True, omit_defaults=True):
    """Base of everything in a plan: frozen. Members that a newer office added are passed over."""

    def _read_as(self, field: str, known: Collection[str], otherwise: str) -> None:
        """A word of a newer office stands for `otherwise` here."""
        if getattr(self, field) not in known:
            force_setattr(self, field, otherwise)


class Choice(Part, frozen=True):
    id: str
    text: Text
    ok: bool = True


class Phrase(Part, frozen=True):
    id: str
    text: Text
