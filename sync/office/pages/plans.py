"""Where plans are changed from a browser. What the pages do is loaded when somebody opens one: a plan's forms and
workbooks take megabytes that a server at rest does not need."""

import asyncio
from typing import Final

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from sync.office.pages.house import House
from sync.office.pages.view import FORM_BYTES, Asked

UPLOAD_BYTES: Final = 8 * 1024 * 1024 + FORM_BYTES
"""A workbook (`workbook.MAX_BYTES`) in its form."""


def handlers(house: House) -> list[ControllerRouterHandler]:
    one = asyncio.Lock()  # reading a large workbook takes a processor for seconds

    @get("/plans")
    async def plans(request: Asked) -> Response[bytes]:
        from sync.office.pages import revisions

        return await revisions.listed(house, request)

    @get("/plans/file")
    async def file(request: Asked) -> Response[bytes]:
        from sync.office.pages import revisions

        return await revisions.out_as_file(house, request)

    @get("/plans/example.xlsx", sync_to_thread=False)
    def shipped() -> Response[bytes]:
        from sync.office.pages import revisions

        return revisions.shipped()

    @get("/plans/changes")
    async def changed(request: Asked) -> Response[bytes]:
        from sync.office.pages import revisions

        return await revisions.changed(house, request)

    @post("/plans", request_max_body_size=UPLOAD_BYTES, status_code=200)
    async def upload(request: Asked) -> Response[bytes]:
        from sync.office.pages import revisions

        return await revisions.upload(house, request, one)

    @get("/plans/preview")
    async def preview(request: Asked) -> Response[bytes]:
        from sync.office.pages import revisions

        return await revisions.preview(house, request)

    @post("/plans/take", request_max_body_size=FORM_BYTES, status_code=200)
    async def take(request: Asked) -> Response[bytes]:
        from sync.office.pages import revisions

        return await revisions.take(house, request)

    @post("/plans/withdraw", request_max_body_size=FORM_BYTES, status_code=200)
    async def withdraw(request: Asked) -> Response[bytes]:
        from sync.office.pages import revisions

        return await revisions.withdraw(house, request)

    return [plans, file, shipped, changed, upload, preview, take, withdraw]
