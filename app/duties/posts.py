"""Posts 岗位: who is on one and for how long (D6), and how it goes from one shift to the next (D40, decision 17).

A post is handed over by a sheet: what is open, what was late, keys and items counted, notes. Whoever takes it over has
read it; until then no round is begun from that post, unless somebody gives the reason why not.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from app.duties.provisions import Item
from app.duties.site import Post

WARN_MS: Final = 15 * 60_000
"""So long before the hours are over the post is warned."""
_HOUR_MS: Final = 3_600_000


class OnDuty(Struct, frozen=True):
    """Somebody on a post."""

    person: str
    since: int
    """UTC ms."""
    stands_in: str = ""
    """Person whose turn it was (顶班); empty for one's own."""


class Sheet(Struct, frozen=True):
    """交接班记录: what one shift gives to the next."""

    id: str
    """`book:seq`."""
    post: str
    at: int
    by: tuple[str, ...]
    """Who gives it."""
    counts: Mapping[str, int] = {}
    """Items as counted."""
    open: tuple[str, ...] = ()
    """Ids of findings and orders that are not done."""
    late: tuple[str, ...] = ()
    """Rounds that were missed or late."""
    notes: tuple[str, ...] = ()
    """Phrases as seen."""
    taken: int | None = None
    """When the next shift accepted it, UTC ms."""
    taken_by: tuple[str, ...] = ()
    override: str = ""
    """Why it went on without reading it."""


class PostState(Struct, frozen=True):
    people: tuple[OnDuty, ...] = ()
    sheet: Sheet | None = None
    """The newest one."""
    relief_missing: int | None = None
    """Since when the relief is said not to have come (接班人未到), UTC ms."""


def came(state: PostState, person: str, at: int, stands_in: str = "") -> PostState:
    """On the post; who is there already stays since when they were."""
    if any(each.person == person for each in state.people):
        return state
    return replace(state, people=(*state.people, OnDuty(person, at, stands_in)), relief_missing=None)


def went(state: PostState, person: str) -> PostState:
    return replace(state, people=tuple(each for each in state.people if each.person != person))


def given(state: PostState, sheet: Sheet) -> PostState:
    return replace(state, sheet=sheet)


def taken(state: PostState, at: int, by: tuple[str, ...], override: str = "") -> PostState:
    """Accepted by the next shift; a sheet is taken once."""
    sheet = state.sheet
    if sheet is None or sheet.taken is not None:
        return state
    return replace(state, sheet=replace(sheet, taken=at, taken_by=by, override=override), relief_missing=None)


def waits(state: PostState, crew: Iterable[str]) -> Sheet | None:
    """The sheet that this crew must read before it begins a round; nobody takes over from themselves."""
    sheet = state.sheet
    if sheet is None or sheet.taken is not None or set(crew) <= set(sheet.by):
        return None
    return sheet


Hours = Literal["fine", "soon", "over"]


class Left(Struct, frozen=True):
    """How long somebody may still stay (D6)."""

    person: str
    hours: Hours
    left_ms: int
    """Negative when it is over."""


def left(post: Post, duty: OnDuty, at: int) -> Left:
    """At most `post.hours` without relief; a clock that went back counts as no time at all."""
    remaining = post.hours * _HOUR_MS - max(0, at - duty.since)
    hours: Hours = "over" if remaining <= 0 else "soon" if remaining <= WARN_MS else "fine"
    return Left(duty.person, hours, remaining)


def differences(items: Iterable[Item], counts: Mapping[str, int]) -> dict[str, int]:
    """What was counted otherwise than it should be: negative where something is missing. Uncounted is not named."""
    return {each.id: counts[each.id] - each.count for each in items if counts.get(each.id, each.count) != each.count}


def uncounted(items: Iterable[Item], counts: Mapping[str, int]) -> tuple[Item, ...]:
    return tuple(each for each in items if each.id not in counts)
