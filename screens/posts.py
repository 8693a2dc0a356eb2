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
    asked = watch.post_state().relief_asked
    if asked is not None:
        found.append(page.say("duty_watch.asked_at", time=clock(local_time(asked, watch.zone))))
    tired = [left for left in watch.hours() if left.hours != "fine"]
    return [*found, *([_hours_words(page, post, tired)] if tired else [])]


def _hours_words(page: Page, post: Post, tired: Sequence[Left]) -> str:
    """Who has been there longest says how it stands for all of them."""
    minutes = posts.minutes_on(post, tired[0])
    return page.say(
        f"handover.hours_{tired[0].hours}",
        names=" ".join(person_name(page, left.person) for left in tired),
        span=page.say("handover.span", h=minutes // 60, m=minutes % 60),
        hours=post.hours,
    )


def turns(watch: Watch) -> list[float]:
    """When the hours of somebody at the post begin to run out or are over, and when an entry is due: seconds since
    1970."""
    now = watch.now().timestamp()
    hours = [now + (left.left_ms - early) / 1000 for left in watch.hours() for early in (posts.WARN_MS, 0)]
    return [*hours, *entries_due(watch).values()]


def entries_due(watch: Watch) -> dict[str, float]:
    """Registers of the crew in which a line is due every so often, and when the next one is: seconds since 1970."""
    if not watch.keeps_log:
        return {}
    from app.keeping import Keeping  # only posts that keep a log need it: memory

    keeping = Keeping.of(watch)
    due = {register.id: keeping.line_due(register) for register in keeping.registers()}
    return {id: at / 1000 for id, at in due.items() if at is not None}


def person_name(page: Page, id: str) -> str:
    """As the site calls somebody; the id of whoever it does not know."""
    person = page.gear.watch.person(id)
    return person.name.say(page.lang) if person else id
