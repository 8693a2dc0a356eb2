"""What an arrival meant, as one sentence for the crew: where they are, what is marked, where to go."""

from app.duties.rounds import Verdict
from app.watch import Watch
from app.words import say
from screens.layout import Span
from screens.times import clock


def verdict_words(lang: str, watch: Watch, verdict: Verdict) -> Span:
    """The sentence and its role: ok, mark or bad."""
    if verdict.person is not None:
        return _person(lang, watch, verdict, verdict.person)
    if verdict.asset is not None:
        name = watch.plan.asset(verdict.asset).name.say(lang)
        return say(lang, "round.scanned_asset", asset=name, **_next(lang, watch)), "mark"
    if verdict.point is None:
        return say(lang, "round.unknown_code", **_next(lang, watch)), "bad"
    here = watch.plan.point(verdict.point).name.say(lang)
    if not verdict.accepted:
        return _refused(lang, watch, verdict, here)
    said = say(lang, "round.recorded", place=here, time=clock(watch.now()))
    if not verdict.marks:
        return said, "ok"
    marks = ", ".join(say(lang, f"marks.{mark}") for mark in verdict.marks)
    return say(lang, "round.marked", said=said, marks=marks), "mark"


def _person(lang: str, watch: Watch, verdict: Verdict, id: str) -> Span:
    person = watch.person(id)
    name = person.name.say(lang) if person else id
    if verdict.accepted:
        return say(lang, "signin.rechecked", name=name), "ok"
    return say(lang, "round.too_soon", name=name), "mark"


def _refused(lang: str, watch: Watch, verdict: Verdict, here: str) -> Span:
    progress = watch.state.round
    if progress is not None and verdict.stop is not None and verdict.stop == progress.at_stop:
        return say(lang, "round.still_here", here=here), "mark"
    if verdict.stop is not None:
        return say(lang, "round.already", here=here, **_next(lang, watch)), "mark"
    return say(lang, "round.wrong", here=here, **_next(lang, watch)), "bad"


def next_words(lang: str, watch: Watch) -> str:
    """Where to go now."""
    return say(lang, "round.next", **_next(lang, watch))


def _next(lang: str, watch: Watch) -> dict[str, str]:
    """Where the next stop lies: its name, and the way when the plan tells it."""
    stop = watch.next_stop()
    if stop is None:
        return {"place": say(lang, "round.no_more")}
    point = watch.plan.point(stop.point)
    way = point.way.say(lang)
    name = point.name.say(lang)
    return {"place": f"{name} ({way})" if way else name}
