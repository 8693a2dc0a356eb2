"""The page that a resident's telephone opens from a label: what the label is, whom to call, a few lines to the desk.

Opening it looks nothing up and keeps nothing: the address holds the label's token, and nobody need be told which label
it is. What is sent becomes a request of the office's own book that waits at the desk (D65): no names are asked, the
words stand apart from the record and can go alone, and a label and a site take only so many in an hour.
"""

import asyncio
from hashlib import sha256
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct
from sqlalchemy import Connection

from app.codes import ADDRESS, parse
from app.duties import requests
from app.duties.days import local_time, millis
from app.duties.orders import is_room
from app.kinds.requests import Apart, RequestReceived
from app.text import clean
from app.words import LANGS, say
from sync.office.desk import apart_of
from sync.office.pages.house import House
from sync.office.pages.view import Asked, field
from sync.office.places import Places
from sync.office.store import cases
from sync.office.store.cases import Which
from sync.office.store.paging import Span
from sync.office.store.plans import TokenRow, find_label, newest_plans

_HEADERS: Final = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex"}
LONGEST: Final = 500
"""Characters of what somebody writes."""
MOST_BYTES: Final = 4 * 1024
HOUR_MS: Final = 3600 * 1000
OF_LABEL: Final = 5
OF_SITE: Final = 60
"""Messages taken in an hour: whoever has more to say calls."""
SAID: Final = ("sent", "empty", "bad", "full", "old")


class Message(Struct, frozen=True):
    words: str
    room: str
    phone: str


def handlers(house: House) -> list[HTTPRouteHandler]:
    """The routes, in the case of the label and as a person may type it."""
    paths, one_at_a_time = [f"{ADDRESS}{{written:str}}", f"{ADDRESS.lower()}{{written:str}}"], asyncio.Lock()

    def page(request: Asked, said: str = "") -> Response[bytes]:
        return house.view.page(
            request,
            "resident.html",
            headers=_HEADERS,
            parts=[_part(lang, said) for lang in LANGS],
            phone=house.public.label_phone,
            form=said in ("", "empty", "bad"),
            sent=said == "sent",
            longest=LONGEST,
        )

    @get(paths, include_in_schema=False)
    async def label(request: Asked, written: FromPath[str]) -> Response[bytes]:
        _token(written)
        return page(request)

    @post(paths, include_in_schema=False, request_max_body_size=MOST_BYTES, status_code=200)
    async def tell(request: Asked, written: FromPath[str]) -> Response[bytes]:
        token, form = _token(written), await request.form()
        message = Message(*(field(form, name).strip() for name in ("words", "room", "phone")))
        if not message.words:
            return page(request, "empty")
        if not is_room(message.room) or not requests.is_phone(message.phone):
            return page(request, "bad")
        async with one_at_a_time:
            return page(request, await _take(house, token, message))

    return [label, tell]


def _token(written: str) -> bytes:
    """The label's. Raises NotFoundException for an address that no label holds."""
    code = parse(f"HTTPS://X{ADDRESS}{written.upper()}")
    if code is None:
        raise NotFoundException
    return code.token


async def _take(house: House, token: bytes, message: Message) -> str:
    """What came of it, of SAID."""
    now = house.clock_ms()
    found = await house.read(lambda tx: find_label(tx, token))
    if found is None:
        return "old"
    site, label = found
    if await house.read(lambda tx: _is_full(tx, site, label, now)):
        return "full"
    plan = (await house.store.read(lambda tx: newest_plans(tx, (site,)))).get(site)
    if plan is None:
        return "old"
    asset = plan.find_asset(label.id) if label.kind == "asset" else None
    text = apart_of(clean(" ".join(message.words.split()), LONGEST))
    body = RequestReceived(
        how="page",
        category="",
        phrase="",
        words="",
        due=millis(requests.due_of(None, local_time(now, Places("", plan, {}).zone), plan.calendar)),
        point=asset.point if asset else label.id if label.kind == "point" else None,
        asset=asset.id if asset else None,
        room=message.room,
        phone=message.phone,
        text=Apart(sha256(text).hexdigest()),
    )
    await house.desk.say(site, body, "", now, apart=text)
    return "sent"


def _is_full(tx: Connection, site: str, label: TokenRow, now: int) -> bool:
    last_hour = Span(now - HOUR_MS, now + HOUR_MS)
    asked = Which(sorts=(cases.REQUEST,), origin="page", opened=last_hour)
    here = Which(
        sorts=asked.sorts,
        origin="page",
        opened=last_hour,
        point=label.id if label.kind == "point" else "",
        asset=label.id if label.kind == "asset" else "",
    )
    return cases.count(tx, (site,), here, OF_LABEL) >= OF_LABEL or cases.count(tx, (site,), asked, OF_SITE) >= OF_SITE


def _part(lang: str, said: str) -> dict[str, Any]:
    """The sentences of one language."""
    names = ("title", "what", "call", "call_unknown", "fire", "report", "words", "room", "phone", "names", "send")
    told = say(lang, f"office_codes.page_{said}") if said in SAID else ""
    return {"lang": lang, "said": told, **{name: say(lang, f"office_codes.page_{name}") for name in names}}
