"""Posts 岗位: who is on one and for how long (D6), and how it goes from one shift to the next (D40, decision 17).

A post is handed over by a sheet: what is open, what was late, keys and items counted, notes. Whoever takes it over has
read it; until then no round is begun from that post, unless somebody gives the reason why not.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from app.duties.provisions import Item
from app.duties.rounds import Summary
from app.duties.schedule import Duty, Standing
from app.duties.site import Post

WARN_MS: Final = 15 * 60_000
"""So long before the hours are over the post is warned."""
NOTES: Final = ("in-order", "equipment", "works", "told", "paper")
"""What a shift may add to its sheet. Words: app.words.handover `note_...`."""
OVERRIDES: Final = ("spoken", "urgent", "gone")
"""Why a shift may begin without having read the sheet. Words: app.words.handover `why_...`."""
MOST: Final = 100
"""Posts that are remembered, and matters that a sheet names."""
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
    relief_asked: int | None = None
    """Since when relief is asked for (请人接班), UTC ms; until somebody comes."""


class Posts(Struct, frozen=True):
    """All that a handheld knows of the site's posts."""

    here: str = ""
    """The post where the handheld was last: the next crew stands there too, unless it says otherwise."""
    states: Mapping[str, PostState] = {}

    def of(self, post: str) -> PostState:
        return self.states.get(post, PostState())


def fitting(posts: Iterable[Post], roles: Collection[str]) -> tuple[Post, ...]:
    """Those that people of these roles may stand at."""
    return tuple(post for post in posts if any(role in roles for role in post.roles))


def likely(fit: tuple[Post, ...], here: str) -> Post | None:
    """The post of a crew that fits `fit`: the only one, else where the handheld was last; None when it must say."""
    return fit[0] if len(fit) == 1 else next((post for post in fit if post.id == here), None)


def put(before: Posts, post: str, state: PostState) -> Posts:
    others = {id: each for id, each in before.states.items() if id != post}
    return replace(before, states=dict(list({**others, post: state}.items())[-MOST:]))


def manned(before: Posts, post: str, people: Iterable[str], since: int) -> Posts:
    """`people` stand at `post`, and nowhere else."""
    there = tuple(people)
    for id, each in before.states.items():
        if id != post:
            before = put(before, id, _without(each, there))
    state = before.of(post)
    for person in there:
        state = came(state, person, since)
    return replace(put(before, post, state), here=post)


def left_posts(before: Posts, person: str | None = None) -> Posts:
    """`person` stands nowhere any more; nobody of this handheld does when none is named."""
    states = {id: went(each, person) if person else _empty(each) for id, each in before.states.items()}
    return replace(before, states=states)


def _empty(state: PostState) -> PostState:
    return replace(state, people=(), relief_asked=None)


def _without(state: PostState, people: Collection[str]) -> PostState:
    return replace(state, people=tuple(each for each in state.people if each.person not in people))


def came(state: PostState, person: str, at: int, stands_in: str = "") -> PostState:
    """On the post; who is there already stays since when they were."""
    if any(each.person == person for each in state.people):
        return state
    return replace(state, people=(*state.people, OnDuty(person, at, stands_in)), relief_missing=None, relief_asked=None)


def stood_in(state: PostState, person: str, at: int, instead: str) -> PostState:
    """`person` is there in place of `instead` (顶班)."""
    found = next((each for each in state.people if each.person == person), OnDuty(person, at))
    others = _without(state, (person,)).people
    return replace(state, people=(*others, replace(found, stands_in=instead)), relief_missing=None)


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


def unrelieved(state: PostState, at: int) -> PostState:
    """The relief did not come; since when stands from the first time it was said."""
    return state if state.relief_missing is not None else replace(state, relief_missing=at)


def asked(state: PostState, at: int) -> PostState:
    """Relief is asked for; since when stands from the first time."""
    return state if state.relief_asked is not None else replace(state, relief_asked=at)


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


def minutes_on(post: Post, left: Left) -> int:
    """How long somebody has been there, whole minutes."""
    return (post.hours * _HOUR_MS - left.left_ms) // 60_000


def differences(items: Iterable[Item], counts: Mapping[str, int]) -> dict[str, int]:
    """What was counted otherwise than it should be: negative where something is missing. Uncounted is not named."""
    return {each.id: counts[each.id] - each.count for each in items if counts.get(each.id, each.count) != each.count}


def uncounted(items: Iterable[Item], counts: Mapping[str, int]) -> tuple[Item, ...]:
    return tuple(each for each in items if each.id not in counts)


def behind(duties: Iterable[Duty], walked: Mapping[str, Summary], since: int) -> tuple[str, ...]:
    """Rounds (slot ids) that were missed, late or left incomplete since `since`, UTC ms, in order of their windows."""
    found = [duty.slot for duty in duties if _is_behind(duty, walked.get(duty.slot.round), since)]
    return tuple(slot.round for slot in sorted(found, key=lambda slot: slot.opens))


def _is_behind(duty: Duty, done: Summary | None, since: int) -> bool:
    if duty.standing is Standing.MISSED:
        return True
    if duty.standing is not Standing.DONE or done is None or done.started < since:
        return False
    return done.timing in ("late", "missed") or done.missed > 0
