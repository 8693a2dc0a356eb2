"""`watchbook read`: what codes stand in pictures, for whoever wonders why a label is not read.

It tells a code's text as it is read, also a label's secret: the picture shows it anyway.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.codes import trial_field
from app.duties.evidence import WORN_BELOW
from app.text import clean
from app.words import say
from hardware.decode import Code
from hardware.pictures import PictureRefused, codes_in_picture


def read(lang: str, images: Sequence[str], *, as_json: bool) -> int:
    """Print the codes of each picture, in order; exit code 1 when one could not be read."""
    refused = False
    for image in images:
        name = image.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        codes, error = _codes(lang, image)
        if error:
            refused = True
            print(f"{clean(name)}: {error}", file=sys.stderr)
        if as_json:
            print(json.dumps(_told(name, codes, error), ensure_ascii=False), flush=True)
        elif not error:
            for line in _lines(lang, name, codes):
                print(line, flush=True)
    return 1 if refused else 0


def _codes(lang: str, image: str) -> tuple[list[Code], str]:
    try:
        return codes_in_picture(Path(image)), ""
    except PictureRefused as e:
        return [], e.say(lang)


def _told(name: str, codes: Sequence[Code], error: str) -> dict[str, Any]:
    found = [
        {"text": code.text, "format": code.format, "health": code.health, "corners": code.corners} for code in codes
    ]
    return {"image": name, "codes": found, **({"error": error} if error else {})}


def _lines(lang: str, name: str, codes: Sequence[Code]) -> list[str]:
    if not codes:
        return [f"{clean(name)}: {say(lang, 'camera.no_code')}"]
    return [f"{clean(name)}: {clean(code.text, len(code.text))}  ({_about(lang, code)})" for code in codes]


def _about(lang: str, code: Code) -> str:
    health = [] if code.health is None else [f"{code.health}%"]
    worn = [say(lang, "camera.worn")] if code.health is not None and code.health < WORN_BELOW else []
    field = trial_field(code.text)
    trial = [] if field is None else [say(lang, "trial.read", field=field)]
    return ", ".join((code.format, *health, *worn, *trial))
