"""An indicator's figure in words: its value, of how many, and whether the target is reached."""

from decimal import Decimal

from app.duties.indicators import INDICATORS, Unit
from app.words import say
from sync.office.month import Figure
from sync.office.verdicts import Verdict


def value_words(unit: Unit, value: Decimal, lang: str) -> str:
    return f"{value}%" if unit == "%" else say(lang, "indicators.minutes", n=value)


def verdict_of(figure: Figure, lang: str) -> Verdict:
    """Whether the target is reached, as a word with its colour."""
    colour = {"ok": "ok", "red": "red", "none": "dim"}[figure.verdict]
    word = "none" if figure.value is None else "no_target" if figure.target is None else figure.verdict
    return Verdict(colour, say(lang, f"indicators.verdict_{word}"))


def source_words(figure: Figure, lang: str) -> str:
    """The paper that the target comes from; the service standard where the plan names no other."""
    told = figure.target.source if figure.target else ""
    return say(lang, "indicators.standard") if told == INDICATORS[figure.name].source else told


def counted_words(figure: Figure, lang: str) -> str:
    """`81 / 93`; of minutes how many orders they are of."""
    count = figure.count
    if not count.whole:
        return ""
    if figure.unit == "min":
        return say(lang, "indicators.of_orders", n=count.whole)
    return f"{count.part} / {count.whole}"
