"""The list of alarms with what was done about each, and taking or closing one from any page that shows it."""

from typing import Final

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler
from msgspec.structs import replace

from sync.office.accounts import ALARM_TAKERS
from sync.office.alarms import move
from sync.office.pages.alarms import read_facts, show_alarms
from sync.office.pages.frame import rights, sites_of
from sync.office.pages.house import House
from sync.office.pages.view import FORM_BYTES, Asked, home_of, lang_of, url
from sync.office.store.accounts import Session
from sync.office.store.paging import Place, place_of

LISTED_MS: Final = 31 * 24 * 3600 * 1000
"""How far back the list of alarms goes."""
LISTED: Final = 100
"""On one page."""


def handlers(house: House) -> list[ControllerRouterHandler]:
    @get("/")
    async def start(request: Asked) -> Response[bytes]:
        return house.view.go(request, home_of(request.state.session.role))

    @get("/alarms")
    async def alarms(request: Asked) -> Response[bytes]:
        now, within, session = house.clock_ms(), sites_of(request), request.state.session
        after = place_of(request.query_params.get("after", ""))
        facts = await house.read(lambda tx: read_facts(tx, now, LISTED_MS, within, LISTED + 1, after))
        standing = [each for each in facts.alarms if each.stands] if after is None else []
        rest = [each for each in facts.alarms if not each.stands]
        last = rest[LISTED - 1] if len(rest) > LISTED else None
        older = url("/alarms", after=str(Place(last.heard, last.id))) if last else ""
        seen = show_alarms(replace(facts, alarms=[*standing, *rest[:LISTED]]), lang_of(request), **rights(session))
        return await house.frame.page(request, "alarms.html", seen, above=False, older=older)

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
