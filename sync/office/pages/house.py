"""What every subject's pages are given, and the steps that all of them take: fold, read, show; check a form, write.

A subject is a module here with `handlers(house)`. Its handlers are functions within that function: Litestar copies what
a router holds, all the way down, and would copy a house that a method hangs on.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from sync.office.audit import acts, looked
from sync.office.desk import Desk
from sync.office.fold import Folding
from sync.office.keys import OfficeKey
from sync.office.pages.door import FormOld, NotForRole, NotForSite
from sync.office.pages.frame import Frame
from sync.office.pages.live import Live
from sync.office.pages.view import Asked, Clock, View, field, form_is_ours
from sync.office.settings import Public
from sync.office.store import Store
from sync.office.store.accounts import Session

T = TypeVar("T")
PATIENCE_S: Final = 2.0
"""How long a page waits for records that are held but not folded yet; then it says how many wait."""


class House(Struct, frozen=True):
    store: Store
    folding: Folding
    clock_ms: Clock
    frame: Frame
    view: View
    key: OfficeKey
    desk: Desk
    public: Public
    live: Live

    async def read(self, question: Callable[[Connection], T]) -> T:
        """One snapshot of the store, after what came before this request is folded."""
        await self.folding.catch_up(PATIENCE_S)
        return await self.store.read(question)

    async def form(self, request: Asked, roles: frozenset[str] | None = None) -> dict[str, str]:
        """The texts of a form that this session was given, for a site of its own; the field `site` names it.

        `roles` may send it, when not everybody whom the page is for. Raises FormOld, NotForRole, NotForSite.
        """
        session: Session = request.state.session
        form = await request.form()
        fields = {"site": "", **{name: field(form, name) for name in form}}
        if not form_is_ours(fields.get("csrf", ""), session):
            raise FormOld
        if roles is not None and session.role not in roles:
            raise NotForRole
        if not session.reaches(fields.get("site", "")):
            raise NotForSite
        return fields

    async def looked(self, request: Asked, act: str, site: str, subject: str) -> None:
        """Note in the audit that the visitor sees `subject`; before it is shown."""
        await looked(self.store, request.state.session, act, site, subject, self.clock_ms())

    async def acts(self, request: Asked, act: str, site: str = "", subject: str = "") -> None:
        """Note in the audit what the visitor is about to do."""
        await acts(self.store, request.state.session.account, act, self.clock_ms(), site, subject)
