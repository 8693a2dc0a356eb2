"""What proves that somebody was at a stop: the facts of one arrival, and the levels that were heard as a picture."""

from typing import Final

from msgspec import UNSET, Struct

from app.duties.genuine import Genuine
from app.duties.review import Proof
from app.kinds import BleEvidence
from app.words import say, table
from sync.office.details import Arrival, Heard
from sync.office.pages.view import Fact
from sync.office.places import Places

BAR: Final = 10
"""Width of one level's bar with its gap, in the picture's units."""
FLOOR_DB, CEILING_DB, HEIGHT = -100, -40, 60


class BarSeen(Struct, frozen=True):
    x: int
    y: int
    height: int
    colour: str
    word: str


class SamplesSeen(Struct, frozen=True):
    """The recorded levels as a small picture."""

    width: int
    bars: list[BarSeen]
    limit_y: int | None
    words: str


class EvidenceSeen(Struct, frozen=True):
    grade: str
    facts: list[Fact]
    samples: SamplesSeen | None


def show_evidence(arrival: Arrival, places: Places) -> EvidenceSeen:
    w, evidence = places.w, arrival.evidence
    facts = [Fact(w("time"), places.moment(arrival.ref.at), places.record(arrival.ref))]
    if evidence.ble is not UNSET:
        facts += _beacon(evidence.ble, arrival, places)
    if evidence.label is not UNSET:
        facts.append(Fact(w("label"), w("label_issue", issue=evidence.label.issue)))
        proof = arrival.judged.proof if arrival.judged else None
        facts.append(Fact(w("proof"), w(f"proof_{proof or Proof.UNKNOWN}")))
        if evidence.label.health is not UNSET:
            facts.append(Fact(say(places.lang, "tags.label"), say(places.lang, "tags.health", n=evidence.label.health)))
    if evidence.typed is not UNSET:
        facts.append(Fact(w("typed_code"), evidence.typed))
    facts.append(Fact(w("office_grade"), _office(arrival, places)))
    samples = _samples(evidence.ble, arrival, places) if evidence.ble is not UNSET else None
    return EvidenceSeen(w(f"grade_{arrival.grade}"), facts, samples)


def _beacon(heard: BleEvidence, arrival: Arrival, places: Places) -> list[Fact]:
    w = places.w
    found = [Fact(w("beacon"), heard.format, heard.tag), Fact(w("address"), heard.address)]
    if heard.power_1m is not None:
        found.append(Fact(w("power_1m"), w("dbm", level=heard.power_1m)))
    judged = arrival.judged
    enter = judged.enter if judged and judged.enter is not None else heard.enter
    if enter is not None:
        found.append(Fact(w("enter"), w("dbm", level=enter)))
    if judged and judged.level is not None:
        found.append(Fact(w("level"), w("dbm", level=judged.level)))
    return [*found, Fact(w("frame"), "", heard.frame), *(_told(arrival.heard, places) if arrival.heard else [])]


def _told(heard: Heard, places: Places) -> list[Fact]:
    """What the office found out with the tag's key, and what the tag measured."""
    lang, found = places.lang, []
    if heard.told.genuine is not None:
        sentence = say(lang, f"tags.genuine_{heard.told.genuine}")
        found.append(Fact(say(lang, "tags.genuine"), " ".join([sentence, *_late(heard, lang)]), _counter(heard, lang)))
    if heard.values:
        found.append(Fact(say(lang, "tags.said"), " · ".join(_value(lang, *each) for each in heard.values)))
    if power := battery(heard.battery_pct, heard.battery_mv, lang):
        found.append(Fact(say(lang, "tags.battery"), power))
    return found


def _late(heard: Heard, lang: str) -> list[str]:
    """How old a recording is."""
    minutes = (heard.late_ms or 0) // 60_000
    return [say(lang, "tags.late", minutes=minutes)] if heard.told.genuine is Genuine.CLONED and minutes > 0 else []


def _counter(heard: Heard, lang: str) -> str:
    return say(lang, "tags.counter", n=heard.counter) if heard.counter is not None else ""


def _value(lang: str, name: str, value: str) -> str:
    known = f"value_{name}" in table("tags")
    return say(lang, f"tags.value_{name}", value=value) if known else f"{name} {value}"


def battery(percent: int | None, millivolts: int | None, lang: str) -> str:
    """What a tag told of its cell; empty when nothing."""
    told = [say(lang, "tags.percent", n=percent)] if percent is not None else []
    told += [say(lang, "tags.volts", n=f"{millivolts / 1000:.2f}")] if millivolts is not None else []
    return " · ".join(told)


def _office(arrival: Arrival, places: Places) -> str:
    if arrival.judged is None:
        return places.w("office_open")
    crew, judged = places.w(f"grade_{arrival.grade}"), arrival.judged.grade
    office = places.w(f"grade_{judged}" if judged else "grade_none")
    return (
        places.w("office_same", grade=office) if crew == office else places.w("office_other", crew=crew, office=office)
    )


def _samples(heard: BleEvidence, arrival: Arrival, places: Places) -> SamplesSeen | None:
    if not heard.samples:
        return None
    first = heard.samples[0][0]
    enter = arrival.judged.enter if arrival.judged else heard.enter
    bars = [_bar(at, (up - first) / 1000, level, enter, places) for at, (up, level) in enumerate(heard.samples[:200])]
    levels = [level for _, level in heard.samples]
    said = places.w(
        "samples",
        count=len(levels),
        seconds=f"{(heard.samples[-1][0] - first) / 1000:.1f}",
        low=min(levels),
        high=max(levels),
    )
    return SamplesSeen(len(bars) * BAR, bars, HEIGHT - _height(enter) if enter is not None else None, said)


def _bar(place: int, seconds: float, level: int, enter: int | None, places: Places) -> BarSeen:
    height = _height(level)
    colour = "ok" if enter is not None and level >= enter else "dim"
    word = places.w("sample", seconds=f"{seconds:.1f}", level=level)
    return BarSeen(place * BAR, HEIGHT - height, height, colour, word)


def _height(level: int) -> int:
    share = (min(max(level, FLOOR_DB), CEILING_DB) - FLOOR_DB) / (CEILING_DB - FLOOR_DB)
    return max(2, round(share * HEIGHT))
