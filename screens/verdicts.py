"""What an arrival meant, as one sentence for the crew: where they are, what is marked, where to go."""

from app.duties.rounds import Verdict
from app.watch import Watch
from app.words import say
from screens.layout import Span
from screens.names import point_of
from screens.times import clock


def verdict_words(lang: str, watch: Watch, verdict: Verdict, *, heard: bool = False) -> Span:
    """The sentence and its role: ok, mark or bad. `heard`: by radio, so nobody pointed a scanner at it."""
    if verdict.person is not None:
        return _person(lang, watch, verdict.person, verdict.accepted)
    here = next((point.name.say(lang) for point in watch.plan.points if point.id == verdict.point), None)
    if here is None:
        unknown = ("round.unknown_tag", "mark") if heard else ("round.unknown_code", "bad")
        return say(lang, unknown[0], place=next_place(lang, watch)), unknown[1]
    if not verdict.accepted:
        return _refused(lang, watch, verdict, here)
    said = say(lang, "round.recorded", place=here, time=clock(watch.now()))
    if not verdict.marks:
        return said, "ok"
    marks = ", ".join(say(lang, f"marks.{mark}") for mark in verdict.marks)
    return say(lang, "round.marked", said=said, marks=marks), "mark"


def _person(lang: str, watch: Watch, who: str, accepted: bool) -> Span:
    person, shift = watch.person(who), watch.state.shift
    name = person.name.say(lang) if person else who
    if accepted:
        return say(lang, "signin.rechecked", name=name), "ok"
    of_crew = shift is not None and any(member.person == who for member in shift.crew)
    return say(lang, "round.too_soon" if of_crew else "round.not_of_crew", name=name), "mark"


def _refused(lang: str, watch: Watch, verdict: Verdict, here: str) -> Span:
    """A place that is not asked for now."""
    progress, place = watch.state.round, next_place(lang, watch)
    visit = progress.visit(verdict.stop) if progress and verdict.stop else None
    if progress is None or visit is None:
        return say(lang, "round.wrong", here=here, place=place), "bad"
    if visit.stop == progress.at_stop:
        return say(lang, "round.still_here", here=here), "mark"
    return say(lang, "round.already" if visit.at is not None else "round.not_yet", here=here, place=place), "mark"


def next_words(lang: str, watch: Watch) -> str:
    """Where to go now."""
    if watch.next_stop() is None:
        return say(lang, "round.all_done")
    return say(lang, "round.next", place=next_place(lang, watch))


def next_place(lang: str, watch: Watch) -> str:
    """The next stop: its name, and the way when the plan tells it."""
    point = point_of(watch.plan, watch.next_stop())
    if point is None:
        return say(lang, "round.no_more")
    way = point.way.say(lang)
    name = point.name.say(lang)
    return f"{name} ({way})" if way else name
