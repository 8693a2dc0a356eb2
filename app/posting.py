"""At which post the crew stands, how long it may stay there, and what the shift before left for it (D6, D40)."""

from typing import Final

from app.duties import posts
from app.duties.days import millis
from app.duties.posts import Left, PostState, Sheet
from app.duties.site import Post
from app.errors import NotAllowed
from app.session import Session

TAKERS: Final = frozenset(
    {"guard", "fire-control", "fitter", "leader", "gardener", "warden", "desk", "supervisor", "manager", "admin"}
)
"""Roles that take an order by radio or from whoever comes up to them."""


class Posting(Session):
    """What is known of posts; what is done there is `app.handing`."""

    def find_post(self, id: str) -> Post | None:
        return next((post for post in self._in_force.posts if post.id == id), None)

    def post(self) -> Post | None:
        """Where this crew stands; None when nobody said and several posts would fit."""
        here = self.state.posts.here
        crew = self.state.shift.crew if self.state.shift else ()
        there = {each.person for each in self.state.posts.of(here).people}
        return self.find_post(here) if any(member.person in there for member in crew) else None

    def posts_to_choose(self) -> tuple[Post, ...]:
        """Those that fit the roles of the crew."""
        return posts.fitting(self._in_force.posts, self._roles())

    @property
    def tends(self) -> bool:
        """Whether this crew works by place: what to ask before `app.tending` is even imported."""
        roles, plan = self._roles(), self._in_force
        return any(route.id in plan.by_place and not roles.isdisjoint(route.roles) for route in plan.routes)

    @property
    def keeps_log(self) -> bool:
        """Whether the plan asks somebody of this crew for entries every so often (D53)."""
        roles, registers = self._roles(), self._in_force.registers
        return any(each.every_min and (not each.roles or roles.intersection(each.roles)) for each in registers)

    @property
    def keeps_registers(self) -> bool:
        """Whether somebody of this crew writes in a register: what to ask before `app.keeping` is even imported."""
        roles = self._roles()
        return any(not each.roles or not roles.isdisjoint(each.roles) for each in self._in_force.registers)

    @property
    def takes_orders(self) -> bool:
        """Whether this crew takes work orders here: its role does, and the plan tells how to answer one."""
        plan = self._in_force
        answered = bool(plan.supplies) or any(category.respond for category in plan.categories)
        return answered and not TAKERS.isdisjoint(self._roles())

    def hours(self) -> tuple[Left, ...]:
        """How long each of the crew may still stay at its post (D6), the longest there first."""
        post = self.post()
        if post is None:
            return ()
        now = millis(self.now())
        found = (posts.left(post, duty, now) for duty in self.state.posts.of(post.id).people)
        return tuple(sorted(found, key=lambda left: left.left_ms))

    def post_state(self) -> PostState:
        """Of the crew's own post."""
        post = self.post()
        return self.state.posts.of(post.id) if post else PostState()

    def waiting(self, post: str | None = None) -> Sheet | None:
        """The sheet of `post`, else of the crew's own, that this crew has not read."""
        mine = self.post()
        id = post or (mine.id if mine else None)
        if id is None or self.state.shift is None:
            return None
        return posts.waits(self.state.posts.of(id), [member.person for member in self.state.shift.crew])

    def must_have_read(self, post: str | None) -> None:
        """Raises NotAllowed while a sheet of `post`, or of the crew's own one, waits to be read."""
        for each in (post, None):
            if sheet := self.waiting(each):
                found = self.find_post(sheet.post)
                raise NotAllowed("handover.unread", post=found.name.say(self.lang) if found else sheet.post)

    def on_post_since(self) -> int | None:
        """Since when somebody of this crew has been at its post, UTC ms; None while it has none."""
        post, shift = self.post(), self.state.shift
        crew = {member.person for member in shift.crew} if shift else set()
        people = self.state.posts.of(post.id).people if post else ()
        return min((duty.since for duty in people if duty.person in crew), default=None)
