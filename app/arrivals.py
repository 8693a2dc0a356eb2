"""Arrivals: what the radio and the scanner tell about the stop that waits.

A sighting or a code is judged by app.duties, recorded with its evidence, and answered with a verdict.
What is not of this round is said and recorded as seen; the round stays where it is.
"""

from hashlib import sha256
from typing import Final

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app import kinds
from app.codes import PREFIX
from app.duties import rounds
from app.duties.evidence import SILENT, Mark, Near, Nearness, grade_of, weaker
from app.duties.rounds import Progress, Refusal, Verdict
from app.duties.site import BEACONS, Point, Stop
from app.ear import at_hand, named
from app.meaning import UNKNOWN, Meaning, Meant
from app.ports import Scan, Sighting
from app.session import Session, act, has
from app.text import clean

STRANGERS: Final = 5
"""Unknown beacons recorded at one stop, at most: a street is full of them."""

NOBODYS: Final = Verdict(None, None, False, None, (Mark.UNKNOWN_TAG,), why=Refusal.UNKNOWN)


class Heard(Struct, frozen=True):
    """What one sighting changed: how near the crew is, and the verdict if it was an arrival."""

    near: Near
    verdict: Verdict | None = None
    stop: str | None = None
    """Which stop `near` is about."""


class Arrivals(Session):
    """Being somewhere, and what proves it."""

    @act
    async def hear(self, sighting: Sighting) -> Heard:
        """Judge one sighting for the stop that waits; records the arrival when it is near."""
        progress = self.state.round
        if progress is None or not self.unlocked:
            return Heard(SILENT)
        sighting = named(sighting, self.plan.tag_rules)
        self._ear.take(sighting)
        point = self.plan.point_of_tag(sighting.format or "", sighting.tag or "")
        if point is None:
            verdict = await self._strange(progress, sighting)
            return self._how_near(progress, sighting.up, verdict)
        if not self._awaits(progress, point):
            return self._how_near(progress, sighting.up, self._elsewhere(progress, point, sighting.up))
        judged = self._ear.judge(self.plan, point, sighting.up)
        verdict = None
        if judged.near.state is Nearness.NEAR and not self._wants_label(point):
            evidence = kinds.Evidence(ble=judged.proof or UNSET)
            verdict = await self._arrive(point, evidence, judged.marks)
        return Heard(judged.near, verdict, rounds.stop_at(progress, self._route(progress), point.id))

    def forget_sightings(self) -> None:
        """Drop the samples (the radio paused, or the stop changed)."""
        self._ear.forget()

    @act
    async def scan(self, scan: Scan) -> Verdict:
        """A code during a round: arrival by label, the partner's badge, or unknown (recorded as seen)."""
        meant = self.meaning(scan.text)
        if meant.kind is Meant.PERSON and meant.id:
            return await self._badge_on_the_way(meant.id, meant)
        asset = meant.id if meant.kind is Meant.ASSET else None
        point = self._point_of(meant)
        if point is None:
            return await self._strange_code(scan.text, meant)
        self._walking()
        label = kinds.LabelEvidence(meant.issue, asset or UNSET)
        seen = (Mark.OLD_LABEL,) if meant.old else ()
        verdict = await self._arrive(point, kinds.Evidence(label=label), seen, meant.token, scan.up)
        if verdict.stop is None:
            await self._wrong_point(point, meant)
        return replace(verdict, asset=asset)

    @act
    async def type_code(self, code: str) -> Verdict:
        """The short code under the label, typed: graded `typed`."""
        typed = clean(code.strip(), 128)
        point = self.plan.point_of_code(typed) or self.plan.point_of_code(typed.upper())
        if point is None:
            return await self._strange_code(typed, UNKNOWN)
        self._walking()
        return await self._arrive(point, kinds.Evidence(typed=point.code), up=self._clock.now().up)

    # -- evidence -----------------------------------------------------------------------------
    def next_stop(self) -> Stop | None:
        """The stop whose checks are open, else the one to go to; None when all are done."""
        progress = self.state.round
        name = rounds.next_stop(progress) if progress else None
        return self._stop(progress, name) if progress and name else None

    def _awaits(self, progress: Progress, point: Point) -> bool:
        """Whether being near `point` is an arrival: any stop that is left in free order, else the next one."""
        if progress.at_stop is not None:
            return False
        route = self._route(progress)
        stop = rounds.stop_at(progress, route, point.id)
        return stop in rounds.remaining(progress) if route.order == "free" else stop == rounds.next_stop(progress)

    def _wants_label(self, point: Point) -> bool:
        """Where a beacon alone would be too weak, arriving waits for the label."""
        return point.label and weaker("near", point.grade)

    def _how_near(self, progress: Progress, up: int, verdict: Verdict | None) -> Heard:
        """How near the stop is that waits."""
        stop = self.next_stop()
        if stop is None or progress.at_stop is not None:
            return Heard(SILENT, verdict)
        return Heard(self._ear.judge(self.plan, self.plan.point(stop.point), up).near, verdict, stop.id)

    def _elsewhere(self, progress: Progress, point: Point, up: int) -> Verdict | None:
        """Standing at a place that is not asked for: said once, unless the crew was there before."""
        stop = rounds.stop_at(progress, self._route(progress), point.id)
        visit = progress.visit(stop) if stop else None
        if progress.at_stop or (visit and visit.at is not None) or ("point", point.id) in self._said:
            return None
        if self._ear.judge(self.plan, point, up).near.state is not Nearness.NEAR:
            return None
        self._said.add(("point", point.id))
        why = Refusal.NOT_YET if stop else Refusal.WRONG_POINT
        return Verdict(stop, point.id, False, "near", (Mark.WRONG_POINT,), why=why)

    async def _strange(self, progress: Progress, sighting: Sighting) -> Verdict | None:
        """A beacon of nobody's, close by: recorded once for each stop that waits."""
        name = ("tag", sighting.format or "", sighting.tag or "")
        known = sighting.format not in BEACONS or sighting.tag is None or name in self._said
        if known or progress.at_stop or not at_hand(sighting, self.plan.settings.enter_below_1m_db):
            return None
        self._said.add(name)
        if sum(said[0] == "tag" for said in self._said) > STRANGERS:
            return None
        stop = rounds.next_stop(progress)
        body = kinds.TagSeen(
            round=progress.round,
            stop=stop,
            format=name[1],
            tag=clean(name[2], 128),
            address=clean(sighting.address, 32),
            rssi=sighting.rssi,
            frame=clean(sighting.frame, 256),
        )
        await self._write(body)
        return NOBODYS

    async def _strange_code(self, text: str, meant: Meaning) -> Verdict:
        """A code of nobody's. Of a text that looks like one of our labels only a hash is kept: it may hold a token."""
        cleaned = clean(text.strip(), 128)
        if ("code", cleaned) in self._said:
            return NOBODYS
        self._said.add(("code", cleaned))
        progress = self.state.round
        ours = meant.token or PREFIX in text.upper()
        body = kinds.CodeSeen(
            round=progress.round if progress else None,
            stop=rounds.next_stop(progress) if progress else None,
            text=UNSET if ours else cleaned,
            sha256=sha256(meant.token or text.encode("utf-8", "replace")).hexdigest() if ours else UNSET,
        )
        await self._write(body)
        return NOBODYS

    async def _wrong_point(self, point: Point, meant: Meaning) -> None:
        """A label of ours that is not of this round: the crew stood there, so it is recorded as seen."""
        if ("code", point.id) in self._said:
            return
        self._said.add(("code", point.id))
        progress = self._walking()
        token = sha256(meant.token).hexdigest()
        body = kinds.CodeSeen(progress.round, rounds.next_stop(progress), sha256=token, point=point.id)
        await self._write(body)

    async def _arrive(
        self,
        point: Point,
        evidence: kinds.Evidence,
        seen: tuple[Mark, ...] = (),
        token: bytes = b"",
        up: int | None = None,
    ) -> Verdict:
        """Judge and record being at `point`; with `up`, a beacon that is near at that time counts as well."""
        progress = self._walking()
        if up is not None:
            judged = self._ear.judge(self.plan, point, up)
            if judged.near.state is Nearness.NEAR and judged.proof:
                evidence = kinds.Evidence(judged.proof, evidence.label, evidence.typed)
                seen = (*seen, *judged.marks)
        grade = grade_of(near=evidence.ble is not UNSET, label=evidence.label is not UNSET)
        self._route(progress)
        _, verdict = rounds.arrive(progress, self.plan, point, grade, self._clock.now(), seen)
        if not verdict.accepted or verdict.stop is None:
            return verdict
        marks = tuple(mark.value for mark in verdict.marks)
        body = kinds.StopArrived(progress.round, verdict.stop, point.id, grade, marks, evidence)
        await self._write(body, token=token)
        self._turned()
        return verdict

    async def _badge_on_the_way(self, person: str, badge: Meaning) -> Verdict:
        progress = self._walking()
        soon = None if rounds.on_the_way(progress) else Refusal.TOO_SOON
        why = soon if has(self._shift(), person) else Refusal.NOT_OF_CREW
        if why is None:
            body = kinds.RoundRechecked(progress.round, person, "badge", self._role(person), issue=badge.issue)
            await self._write(body, by=(person,), token=badge.token)
        return Verdict(None, None, why is None, person=person, why=why)

    def _point_of(self, meant: Meaning) -> Point | None:
        try:
            if meant.kind is Meant.ASSET and meant.id:
                return self.plan.point(self.plan.asset(meant.id).point)
            return self.plan.point(meant.id) if meant.kind is Meant.POINT and meant.id else None
        except KeyError:
            return None
