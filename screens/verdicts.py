"""What an arrival meant, as one sentence for the crew: where they are, what is marked, where to go."""

from typing import Final

from app.duties.evidence import INFORMATION, PAIR_MS
from app.duties.rounds import Refusal, Verdict, partner_seen
from app.watch import Watch
from app.words import say
from screens.layout import Span
from screens.names import point_of
from screens.times import clock

_PERSON: Final = {
    Refusal.TOO_SOON: "round.too_soon",
    Refusal.NOT_OF_CREW: "round.not_of_crew",
}
_PLACE: Final = {
    Refusal.WRONG_POINT: "round.wrong",
    Refusal.NOT_YET: "round.not_yet",
    Refusal.HERE: "round.still_here",
    Refusal.DONE: "round.already",
}


def rechecked_words(lang: str, watch: Watch, name: str) -> Span:
    """Somebody of the crew signed in on the way; the first of the crew alone shows no second person (D2)."""
    progress = watch.state.round
    if progress is not None and len(progress.crew) > 1 and not partner_seen(progress):
        return say(lang, "signin.rechecked_same", name=name), "mark"
    return say(lang, "signin.rechecked", name=name), "ok"


def verdict_words(lang: str, watch: Watch, verdict: Verdict, *, heard: bool = False) -> Span:
    """The sentence and its role: ok, mark or bad. `heard`: by radio, so nobody pointed a scanner at it."""
    if verdict.person is not None:
        person = watch.person(verdict.person)
        name = person.name.say(lang) if person else verdict.person
        if verdict.why is None:
            return rechecked_words(lang, watch, name)
        return say(lang, _PERSON[verdict.why], name=name), "mark"
    if verdict.why is Refusal.UNKNOWN:
        return _unknown(lang, watch, heard=heard)
    point = watch.plan.find_point(verdict.point or "")
    here = point.name.say(lang) if point else str(verdict.point)
    marks = ", ".join(say(lang, f"marks.{mark}") for mark in verdict.marks)
    if verdict.why is Refusal.SUSPECT:
        sentence = "round.suspect" if point and point.label else "round.suspect_code"
        return say(lang, sentence, here=here, marks=marks), "bad"
    if verdict.why is not None:
        role = "bad" if verdict.why is Refusal.WRONG_POINT else "mark"
        return say(lang, _PLACE[verdict.why], here=here, place=next_place(lang, watch)), role
    said = say(lang, "round.adds" if verdict.adds else "round.recorded", place=here, time=clock(watch.now()))
    if not set(verdict.marks) - INFORMATION:
        return said, "ok"
    if verdict.pairs:
        return say(lang, "round.pairs", said=said, marks=marks, n=PAIR_MS // 1000), "mark"
    return say(lang, "round.marked", said=said, marks=marks), "mark"


def _unknown(lang: str, watch: Watch, *, heard: bool) -> Span:
    if heard:
        return say(lang, "round.unknown_tag", place=next_place(lang, watch)), "mark"
    if watch.state.round is None:
        return say(lang, "round.unknown"), "bad"
    return say(lang, "round.unknown_code", place=next_place(lang, watch)), "bad"


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
