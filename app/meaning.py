"""What a scanned code stands for, by the hashes the office sent (decisions 15 and 25)."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from app import codes, witness
from app.duties.site import Credentials


class Meant(StrEnum):
    """What a scanned or typed code stands for."""

    POINT = "point"
    PERSON = "person"
    ASSET = "asset"
    WITNESS = "witness"
    """The head of another handheld's book."""
    UNKNOWN = "unknown"


class Meaning(Struct, frozen=True):
    kind: Meant
    id: str | None = None
    issue: str = ""
    token: bytes = b""
    """The label's token: used for the proof, never stored (decision 25)."""
    old: bool = False
    """A later issue of the same label is known."""


UNKNOWN: Final = Meaning(Meant.UNKNOWN)


class CodeBook:
    """What the codes of one site mean, by the hashes the office sent."""

    def __init__(self, credentials: Credentials) -> None:
        self._salt = credentials.salt
        self._codes = {digest: _target(named) for digest, named in credentials.codes.items()}
        self._newest: dict[tuple[Meant, str], str] = {}
        for kind, id, issue in self._codes.values():
            if issue.startswith(codes.FOREIGN):
                continue
            self._newest[kind, id] = max(issue, self._newest.get((kind, id), ""))

    def meaning(self, text: str) -> Meaning:
        """What the scanned `text` stands for; UNKNOWN for anything that is no code of this site."""
        code = codes.parse(text)
        if code is None:
            return Meaning(Meant.WITNESS) if witness.is_head(text) else self._bound(codes.bare(text))
        kind, id, issue = self._codes.get(codes.digest(self._salt, code.token), (Meant.UNKNOWN, "", ""))
        if kind is Meant.UNKNOWN:
            return Meaning(Meant.UNKNOWN, None, code.issue, code.token)
        return Meaning(kind, id, code.issue, code.token, old=issue < self._newest[kind, id])

    def _bound(self, text: str) -> Meaning:
        """A maker's code that the office has bound to a point or an asset; its text is its token."""
        if not codes.LEAST_FOREIGN <= len(text) <= codes.MAX_TEXT:
            return UNKNOWN
        token = codes.foreign_token(text)
        kind, id, issue = self._codes.get(codes.digest(self._salt, token), (Meant.UNKNOWN, "", ""))
        return UNKNOWN if kind is Meant.UNKNOWN else Meaning(kind, id, issue, token)


def _target(named: str) -> tuple[Meant, str, str]:
    """`point:ID/ISSUE` taken apart; something a newer office sends is unknown."""
    kind, _, rest = named.partition(":")
    id, _, issue = rest.rpartition("/")
    known = kind in (Meant.POINT, Meant.PERSON, Meant.ASSET) and id
    return (Meant(kind), id, issue) if known else (Meant.UNKNOWN, "", "")
