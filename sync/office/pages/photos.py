"""Photographs beside what they show: which of them have come, and the pictures themselves.

A personal text is kept as bytes like a picture (decision 9): only what a picture begins with is ever given out, under
the type of its content, and no browser may take it for anything else.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from sqlalchemy import Connection, select

from app.logbook.blobs import type_of
from sync.office.details import is_name
from sync.office.pages.frame import site_of
from sync.office.pages.house import House
from sync.office.pages.view import HEADERS, Asked
from sync.office.places import Places, url
from sync.office.store.blobs import blob_of, blobs

PATH: Final = "/photos"
LOCKED: Final = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class PhotoSeen(Struct, frozen=True):
    href: str
    """Empty while the picture is still on its handheld."""
    words: str


def read_held(tx: Connection, site: str, names: Iterable[str]) -> frozenset[str]:
    """Those of the pictures that the site's office has."""
    wanted = sorted({bytes.fromhex(name) for name in names})
    if not wanted:
        return frozenset()
    held = select(blobs.c.sha256).where(blobs.c.site == site, blobs.c.sha256.in_(wanted))
    return frozenset(bytes(row.sha256).hex() for row in tx.execute(held))


def show_photos(names: Sequence[str], site: str, held: frozenset[str], places: Places) -> list[PhotoSeen]:
    return [
        PhotoSeen(url(f"{PATH}/{name}", site=site), places.w("photo_n", n=n))
        if name in held
        else PhotoSeen("", places.w("photo_away"))
        for n, name in enumerate(names, start=1)
    ]


def picture(raw: bytes | None) -> Response[bytes] | None:
    """The picture itself; None for what is none, or is not here."""
    kind = type_of(raw) if raw else None
    if raw is None or kind is None:
        return None
    headers = {**HEADERS, "content-disposition": "inline", "content-security-policy": LOCKED}
    return Response(raw, media_type=kind, headers=headers)


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/photos/{name:str}")
    async def photo(request: Asked, name: FromPath[str]) -> Response[bytes]:
        """A picture of a site; the same answer for one that is not here and for what is no picture."""
        site, digest = site_of(request), bytes.fromhex(name) if is_name(name) else b""
        found = picture(await house.store.read(lambda tx: blob_of(tx, site, digest)) if digest else None)
        if found is None:
            return await house.frame.plain(request, "not_found", "no_such_photo", 404)
        await house.looked(request, "photo-seen", site, name)
        return found

    return [photo]
