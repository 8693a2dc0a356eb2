"""The page that a resident's telephone opens from a label: what the label is, and whom to call.

It looks nothing up and keeps nothing: the address holds the label's token, and nobody need be told which label it is.
"""

from typing import Any, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from app.codes import ADDRESS, parse
from app.words import LANGS, say
from sync.office.pages.view import Asked, View

_HEADERS: Final = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex"}


def handlers(view: View, phone: str) -> list[HTTPRouteHandler]:
    """The route, in the case of the label and as a person may type it."""

    @get([f"{ADDRESS}{{written:str}}", f"{ADDRESS.lower()}{{written:str}}"], include_in_schema=False)
    async def label(request: Asked, written: FromPath[str]) -> Response[bytes]:
        if parse(f"HTTPS://X{ADDRESS}{written.upper()}") is None:
            raise NotFoundException
        return view.page(request, "resident.html", headers=_HEADERS, parts=[_part(lang) for lang in LANGS], phone=phone)

    return [label]


def _part(lang: str) -> dict[str, Any]:
    """The sentences of one language."""
    names = ("title", "what", "call", "call_unknown", "fire", "report")
    return {"lang": lang, **{name: say(lang, f"office_codes.page_{name}") for name in names}}
