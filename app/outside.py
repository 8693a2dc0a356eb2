"""What another program may write into a handheld's book, and what a body must hold for that.

A kind whose order the handheld answers for is not for others. Of kinds that this program knows the body must
fit; what it does not know is taken as it comes, and is shown raw (decision 10).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from app.errors import RecordRefused
from app.kinds import KINDS, VERSION
from app.text import clean

RESERVED: Final = (
    *("book.", "key.", "damage.", "witness.", "shift.", "crew.", "pin.", "round.", "stop.", "check."),
    *("post.", "relief.", "handover.", "lone."),
)
"""Beginnings of kinds that the handheld itself records."""
OPEN: Final = frozenset({"round.late-entry"})
"""Kinds among them that others write all the same: somebody enters what stands on paper (D9)."""
SIGNED: Final = frozenset({"round.late-entry", "point.excused", "mark.explained"})
"""Kinds that are worth something only because somebody says them."""


def filled(
    body: Mapping[str, Any], attach: Callable[[Any], dict[str, Any]], set_apart: Callable[[Any], str]
) -> dict[str, Any]:
    """The body as it is recorded: of a file (`"attachments": [{"file": name}]`) and of a text that shall be kept apart
    (`"text": {"apart": words}`) it holds what the two functions give.
    """
    found = dict(body)
    attached, text = body.get("attachments"), body.get("text")
    if isinstance(attached, list):
        found["attachments"] = [attach(one["file"]) if _has_only(one, "file") else one for one in attached]
    if _has_only(text, "apart"):
        found["text"] = {"sha256": set_apart(body["text"]["apart"])}
    return found


def _has_only(value: Any, name: str) -> bool:
    return isinstance(value, dict) and value.keys() == {name}


def check(kind: str, body: Mapping[str, Any], by: Sequence[str], v: int) -> None:
    """Raises RecordRefused for what another program may not write, or not so."""
    if kind.startswith(RESERVED) and kind not in OPEN:
        raise RecordRefused("cli.kind_reserved", kind=clean(kind, 64))
    if kind in SIGNED and not by:
        raise RecordRefused("cli.by_missing", kind=kind)
    shape = KINDS.get(kind)
    if shape is None or v != VERSION:
        return
    try:
        msgspec.convert(body, shape)
    except ValueError as e:  # a name that is no Unicode is one too, and no ValidationError
        raise RecordRefused("cli.body_unfit", kind=kind, why=clean(str(e), 200)) from e
