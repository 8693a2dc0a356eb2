"""What a practice round is walked with: the real plan at an hour when a round is due, and made-up people and labels.

Of the credentials only the labels of places and assets are taken over, so that a real label can be tried; no badge
and no PIN of anybody is: nothing can be learnt or guessed here about a real one. Time and chance are the caller's.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from app import codes
from app.duties.days import local_time, millis
from app.duties.schedule import Slot, Standing, today
from app.duties.site import Credentials, Grant, People, Person, Plan, Text
from app.errors import NotAllowed
from app.pages import Pages

TRAINEES: Final = (
    Person("trainee-1", Text("学员甲", "Trainee A"), "1"),
    Person("trainee-2", Text("学员乙", "Trainee B"), "2"),
)
PIN: Final = "11"
WALKER: Final = "guard"
"""The role of a route that is for everybody."""
_KINDS: Final = ("point:", "asset:")
_DUE: Final = (Standing.OPEN, Standing.COMING)
_AHEAD_DAYS: Final = 32
"""So far a round is looked for: something monthly is within."""
_BEGUN_MS: Final = 60_000
"""The window has been open for so long."""


class Rehearsal(Struct, frozen=True):
    pages: Pages
    labels: dict[str, str]
    """What the simulated label of each point reads."""
    begins: int
    """The hour that it is then, UTC ms."""


def rehearse(pages: Pages, roles: Collection[str], at: int, chance: Callable[[int], bytes]) -> Rehearsal:
    """A practice for people of `roles` (for anybody without any); `chance(n)` gives n random bytes.

    Raises NotAllowed when the plan has no round to walk.
    """
    plan = pages.plan_at(at)
    everybody = {role for route in plan.routes for role in route.roles}
    slot = _slot(plan, roles, at) or _slot(plan, everybody, at, but=plan.by_place) or _slot(plan, everybody, at)
    if slot is None:
        raise NotAllowed("practice.no_round")
    walks = plan.route(slot.route).roles or (WALKER,)
    tokens = {point.id: chance(codes.TOKEN_BYTES) for point in plan.points if point.label}
    known, salt = pages.credentials.codes, pages.credentials.salt
    made = {codes.digest(salt, token): f"point:{point}/{_issue(point, known)}" for point, token in tokens.items()}
    real = {digest: named for digest, named in known.items() if named.startswith(_KINDS)}
    credentials = Credentials(
        salt=salt,
        codes={**real, **made},
        pins={person.id: codes.hash_pin(PIN, chance(16)) for person in TRAINEES},
    )
    return Rehearsal(
        pages=Pages(_unwatched(plan, walks), People(TRAINEES), credentials),
        labels={point: codes.make(0, token) for point, token in tokens.items()},
        begins=millis(slot.opens) + _BEGUN_MS,
    )


def _slot(plan: Plan, roles: Collection[str], at: int, but: Collection[str] = ()) -> Slot | None:
    """The window that is due for `roles` now or next, of another route than `but`."""
    now = local_time(at, ZoneInfo(plan.site.zone))
    for days in range(_AHEAD_DAYS):
        found = today(plan, {}, None, roles, now + timedelta(days=days), but=but)
        if due := next((duty.slot for duty in found if duty.standing in _DUE), None):
            return due
    return None


def _issue(point: str, known: dict[str, str]) -> str:
    """The newest issue of its real label: a made-up one is as good."""
    issues = (named.rpartition("/")[2] for named in known.values() if named.startswith(f"point:{point}/"))
    return max((issue for issue in issues if not issue.startswith(codes.FOREIGN)), default=codes.printed_issue(0))


def _unwatched(plan: Plan, roles: tuple[str, ...]) -> Plan:
    """The plan with the trainees, who are asked by nobody whether they are well: their time is not the real one."""
    return replace(
        plan,
        grants=tuple(Grant(person.id, roles) for person in TRAINEES),
        posts=tuple(replace(post, lone=None) for post in plan.posts),
        routes=tuple(replace(route, lone=None) for route in plan.routes),
    )
