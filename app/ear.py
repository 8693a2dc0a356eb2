"""What the radio told in the last seconds, and how near that makes each point.

Keeps samples; the judgement itself is app.duties.evidence. Time comes with the sightings.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties.evidence import (
    LOUDEST,
    LOWEST_ENTER,
    SILENT,
    THIN_MS,
    WINDOW_MS,
    Mark,
    Near,
    Nearness,
    Sample,
    address_marks,
    enter_level,
    judge_near,
    usable,
)
from app.duties.site import GENERIC, TAG_FORMATS, Plan, Point, Tag, TagRule
from app.kinds import BleEvidence
from app.ports import Sighting

MOST_TAGS: Final = 200
_STRANGE_ENTER: Final = -67
"""From which level an unknown tag that tells no power counts as being at the place, dBm."""
_RANK: Final = (Nearness.NEAR, Nearness.AMBIGUOUS, Nearness.FAR, Nearness.SILENT)

_Key = tuple[str, str, str]
"""Format, tag, address: two transmitters with one identity are told apart."""


class Judged(Struct, frozen=True):
    """How near one point is, with what proves it."""

    near: Near = SILENT
    proof: BleEvidence | None = None
    marks: tuple[Mark, ...] = ()


class Ear:
    def __init__(self) -> None:
        self._heard: dict[_Key, deque[Sample]] = {}
        self._last: dict[_Key, Sighting] = {}
        self._near: set[_Key] = set()

    def forget(self) -> None:
        """The radio paused, or the stop changed: old samples prove nothing."""
        self._heard.clear()
        self._last.clear()
        self._near.clear()

    def take(self, sighting: Sighting) -> None:
        """Keep the sample. Several within a fifth of a second are one; a window's worth is kept of each tag."""
        if sighting.format not in TAG_FORMATS or sighting.tag is None:
            return
        key = (sighting.format, sighting.tag, sighting.address)
        if key not in self._heard and len(self._heard) >= MOST_TAGS:
            self._drop_silent(sighting.up)
        samples = self._heard.setdefault(key, deque(maxlen=WINDOW_MS // THIN_MS))
        if samples and sighting.up < samples[-1].up:
            samples.clear()  # another boot, or a feed that began again
        if not samples or sighting.up - samples[-1].up >= THIN_MS:
            samples.append(Sample(sighting.up, sighting.rssi))
        self._last[key] = sighting

    def _drop_silent(self, up: int) -> None:
        for key in [key for key, samples in self._heard.items() if not usable(samples, up)] or list(self._heard)[:1]:
            del self._heard[key], self._last[key]
            self._near.discard(key)

    def judge(self, plan: Plan, point: Point, up: int) -> Judged:
        """How near `point` is at `up`: its best tag, against the tags of all other points."""
        tags: dict[tuple[str, str], Tag] = {(tag.format, tag.id): tag for tag in point.tags}
        ours = [key for key in self._heard if key[:2] in tags]
        rivals = [
            samples
            for key, samples in self._heard.items()
            if key[:2] not in tags and plan.point_of_tag(key[0], key[1]) is not None
        ]
        found = [self._judge_tag(plan, tags[key[:2]], key, rivals, up) for key in ours]
        return min(found, key=_rank, default=Judged())

    def _judge_tag(self, plan: Plan, tag: Tag, key: _Key, rivals: Iterable[deque[Sample]], up: int) -> Judged:
        last, samples = self._last[key], self._heard[key]
        enter = enter_level(tag, last.power_1m, plan.settings)
        near = judge_near(samples, rivals, enter, key in self._near, up, plan.settings.margin_db)
        if near.state is Nearness.NEAR:
            self._near.add(key)
        elif near.state is not Nearness.AMBIGUOUS:
            self._near.discard(key)
        proof = BleEvidence(
            format=key[0],
            tag=key[1],
            address=last.address,
            power_1m=last.power_1m,
            enter=enter,
            samples=tuple((sample.up, sample.rssi) for sample in usable(samples, up)),
            frame=last.frame,
        )
        return Judged(near, proof, address_marks(tag, last.address))


def named(sighting: Sighting, rules: Iterable[TagRule]) -> Sighting:
    """A sighting of no format we know, named by the first rule of the plan that fits it."""
    if sighting.format is not None:
        return sighting
    for rule in rules:
        identity = rule.identity(sighting.address, sighting.name or "", sighting.frame)
        if identity is not None:
            return replace(sighting, format=GENERIC, tag=identity)
    return sighting


def at_hand(sighting: Sighting, below_1m_db: int) -> bool:
    """Whether a tag of nobody's is loud enough to be at the place where the crew stands."""
    level = _STRANGE_ENTER if sighting.power_1m is None else max(sighting.power_1m - below_1m_db, LOWEST_ENTER)
    return level <= sighting.rssi <= LOUDEST


def _rank(judged: Judged) -> tuple[int, int]:
    return _RANK.index(judged.near.state), -(judged.near.level or -200)
