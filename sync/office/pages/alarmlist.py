"""The list of alarms with what was done about each, and taking or closing one from any page that shows it."""

from typing import Final

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from sync.office.accounts import ALARM_TAKERS
from sync.office.alarms import move
from sync.office.pages.house import House
from sync.office.pages.view import FORM_BYTES, Asked, home_of
from sync.office.store.accounts import Session

LISTED_MS: Final = 31 * 24 * 3600 * 1000
"""How far back the list of alarms goes."""


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/")
    async def start(request: Asked) -> Response[bytes]:
        return house.view.go(request, home_of(request.state.session.role))

    @get("/alarms")
    async def alarms(request: Asked) -> Response[bytes]:
        await house.read(lambda _: None)
        facts = await house.frame.alarm_facts(request, LISTED_MS)
        return await house.frame.page(request, "alarms.html", house.frame.shown_alarms(request, facts))

    @post("/alarms", request_max_body_size=FORM_BYTES, status_code=200)
    async def act(request: Asked) -> Response[bytes]:
        """Take or close an alarm, then back to the page where the visitor was."""
        fields = await house.form(request, ALARM_TAKERS)
        session: Session = request.state.session
        site, alarm, state = (fields.get(each, "") for each in ("site", "alarm", "state"))
        by, now = await house.frame.called(session), house.clock_ms()
        await house.acts(request, f"alarm-{state}"[:24], site, alarm)
        await house.store.write(lambda tx: move(tx, site, alarm, state, session.account, by, now))
        return house.view.go(request, house.view.safe_way(fields.get("back", ""), home_of(session.role)))

    return [start, alarms, act]
