"""What the handheld answers to a code of a fitter's test sheet. Nothing is recorded of it."""

from app.duties.evidence import WORN_BELOW
from app.ports import Scan
from app.words import say


def trial_words(lang: str, field: int, scan: Scan) -> tuple[str, str]:
    """The sentence, and its role: a code that only just reads is a mark."""
    if scan.health is not None and scan.health < WORN_BELOW:
        return say(lang, "trial.worn", field=field, health=scan.health), "mark"
    return say(lang, "trial.well", field=field, by=say(lang, f"trial.by_{scan.by}")), "ok"
