"""What home says of the crew's post: a sheet that waits, relief that has not come, hours that run out (D6, D40)."""

from collections.abc import Sequence

from app.duties import posts
from app.duties.days import local_time
from app.duties.posts import Left
from app.duties.site import Post
from app.watch import Watch
from screens.page import Page
from screens.times import clock


def waiting_words(page: Page) -> list[str]:
    """What waits at the crew's post: a sheet, relief that has not come, hours that are nearly over or over."""
    watch = page.gear.watch
    post = watch.post()
    if post is None:
        return [page.say("handover.home_which")] if len(watch.posts_to_choose()) > 1 else []
    found = [page.say("handover.home_waits")] if watch.waiting() else []
    since = watch.post_state().relief_missing
    if since is not None:
        found.append(page.say("handover.home_relief", time=clock(local_time(since, watch.zone))))
    tired = [left for left in watch.hours() if left.hours != "fine"]
    return [*found, *([_hours_words(page, post, tired)] if tired else [])]


def _hours_words(page: Page, post: Post, tired: Sequence[Left]) -> str:
    """Who has been there longest says how it stands for all of them."""
    minutes = post.hours * 60 - tired[0].left_ms // 60_000
    return page.say(
        f"handover.hours_{tired[0].hours}",
        names=" ".join(person_name(page, left.person) for left in tired),
        span=page.say("handover.span", h=minutes // 60, m=minutes % 60),
        hours=post.hours,
    )


def turns(watch: Watch) -> list[float]:
    """When the hours of somebody at the post begin to run out or are over: seconds since 1970."""
    now = watch.now().timestamp()
    return [now + (left.left_ms - early) / 1000 for left in watch.hours() for early in (posts.WARN_MS, 0)]


def person_name(page: Page, id: str) -> str:
    """As the site calls somebody; the id of whoever it does not know."""
    person = page.gear.watch.person(id)
    return person.name.say(page.lang) if person else id
