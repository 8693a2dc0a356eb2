"""What the radio told in the last seconds, and how near that makes each point.

Keeps samples; the judgement itself is app.duties.evidence. Time comes with the sightings.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties.evidence import (
    DWELL_MS,
    LOUDEST,
    LOWEST_ENTER,
    PAIR_MS,
    SILENT,
    THIN_MS,
    WINDOW_MS,
    Near,
    Nearness,
    Sample,
    enter_level,
    judge_near,
    usable,
)
from app.duties.site import GENERIC, TAG_FORMATS, Plan, Point, Tag, TagRule
from app.duties.tuning import judged_by
from app.kinds import BleEvidence
from app.ports import Sighting
from app.text import clean

MOST_TAGS: Final = 200
MOST_ALSO: Final = 4
"""Addresses kept beside the one that is judged: two are as suspicious as twenty."""
LONGEST_FRAME: Final = 256
WRITTEN_MS: Final = 1000
"""Within which the record of what was judged is written; the office asks for the half minute before the record."""
_STRANGE_ENTER: Final = -67
"""From which level an unknown tag that tells no power counts as being at the place, dBm."""
_RANK: Final = (Nearness.NEAR, Nearness.AMBIGUOUS, Nearness.FAR, Nearness.SILENT)

_Key = tuple[str, str, str]
"""Format, tag, address: two transmitters with one identity are told apart."""
_Spans = Mapping[_Key, tuple[int, int]]
"""When each was heard first and last in the window (`Moment.up`)."""


class Judged(Struct, frozen=True):
    """How near one point is, with what proves it."""

    near: Near = SILENT
    proof: BleEvidence | None = None
    bound: bool = True
    """It comes from the address in the plan, when one stands there."""


class Ear:
    def __init__(self) -> None:
        self._heard: dict[_Key, deque[Sample]] = {}
        self._last: dict[_Key, Sighting] = {}
        self._near: set[_Key] = set()
        self._frames: dict[str, dict[str, tuple[int, str]]] = {}
        """By address and format: when it was heard last, and what."""
        self._doubted: dict[str, int] = {}
        """Since when each point is near by a beacon that is not to be trusted."""
        self._been: dict[str, BleEvidence] = {}
        """When each point was near last, and by what."""
        self.since: int | None = None
        """Since when the radio has listened for the stop that waits (`Moment.up`); None: not, or nobody says."""

    def forget(self, since: int | None = None) -> None:
        """The radio paused, or the stop changed: old samples prove nothing. Where the crew just was stays known, for
        the label that follows. `since`: it listens anew from then."""
        self.since = since
        self._heard.clear()
        self._last.clear()
        self._near.clear()
        self._doubted.clear()

    def take(self, sighting: Sighting) -> None:
        """Keep the sample. Several within a fifth of a second are one; a window's worth is kept of each tag, and of an
        address the last frame of each format: what it counts comes apart from what it is."""
        if sighting.format is not None:
            if sighting.address not in self._frames and len(self._frames) >= MOST_TAGS:
                del self._frames[min(self._frames, key=self._lately)]
            frame = (sighting.up, clean(sighting.frame, LONGEST_FRAME))
            self._frames.setdefault(sighting.address, {})[sighting.format] = frame
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

    def _lately(self, address: str) -> int:
        return max(up for up, _ in self._frames[address].values())

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
        spans = {key: (heard[0].up, heard[-1].up) for key in ours if (heard := usable(self._heard[key], up))}
        found = [self._judge_tag(plan, tags[key[:2]], key, rivals, spans, up) for key in ours]
        judged = min(found, key=_rank, default=Judged())
        if judged.near.state is Nearness.NEAR and judged.proof:
            self._been[point.id] = judged.proof
        return judged

    def been(self, point: Point, up: int) -> BleEvidence | None:
        """What was near `point`, heard within the half minute before the record that is about to be written."""
        proof = self._been.get(point.id)
        return proof if proof and 0 <= up - proof.samples[-1][0] <= PAIR_MS - WRITTEN_MS else None

    def doubts(self, point: Point, up: int) -> bool:
        """Whether a beacon of `point` that is not to be trusted has been near as long as a trusted one must be: the
        point's own may be heard a moment later."""
        return up - self._doubted.setdefault(point.id, up) >= DWELL_MS

    def points(self, plan: Plan) -> list[Point]:
        """Whose beacons are heard."""
        found = (plan.point_of_tag(kind, tag) for kind, tag, _ in self._heard)
        return list({point.id: point for point in found if point}.values())

    def heard(self, point: Point) -> bool:
        """Whether any beacon of `point` was heard since the radio began to listen, however far."""
        tags = {(tag.format, tag.id) for tag in point.tags}
        return any(key[:2] in tags for key in self._heard)

    def _judge_tag(
        self, plan: Plan, tag: Tag, key: _Key, rivals: Iterable[deque[Sample]], spans: _Spans, up: int
    ) -> Judged:
        last, samples = self._last[key], self._heard[key]
        enter = enter_level(tag, last.power_1m, plan.settings)
        near = judge_near(samples, rivals, enter, key in self._near, up, plan.settings.margin_db)
        if near.state is Nearness.NEAR:
            self._near.add(key)
        elif near.state is not Nearness.AMBIGUOUS:
            self._near.discard(key)
        frames = self._frames.get(last.address, {})
        proof = BleEvidence(
            format=key[0],
            tag=key[1],
            address=last.address,
            power_1m=last.power_1m,
            enter=enter,
            samples=tuple((sample.up, sample.rssi) for sample in usable(samples, up)),
            frame=clean(last.frame, LONGEST_FRAME),
            frames=tuple(frame for kind, (at, frame) in frames.items() if kind != key[0] and 0 <= up - at <= PAIR_MS),
            also=tuple(islice(_twins(key, spans), MOST_ALSO)),
            settings=judged_by(plan),
        )
        return Judged(near, proof, tag.may_send_from(last.address))


def _twins(key: _Key, spans: _Spans) -> Iterator[str]:
    """Other addresses that sent the same identity while this one did. One that began when the other had ended is
    the same tag with a new address."""
    first, last = spans.get(key, (0, 0))
    for other, (began, ended) in spans.items():
        if other[:2] == key[:2] and other != key and max(first, began) < min(last, ended):
            yield other[2]


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


def _rank(judged: Judged) -> tuple[int, bool, int]:
    """The nearest first; of two senders of one identity the one from the plan's address, however loud the other is."""
    return _RANK.index(judged.near.state), not judged.bound, -(judged.near.level or -200)
