"""Arrivals: what the radio and the scanner tell about the stop that waits.

A sighting or a code is judged by app.duties, recorded with its evidence, and answered with a verdict.
What is not of this round is said and recorded as seen; the round stays where it is.
"""

from hashlib import sha256
from typing import Final

from msgspec import UNSET, Struct
from msgspec.structs import replace

from app import kinds
from app.codes import may_hold_token
from app.duties import clones, findings, rounds
from app.duties.clones import Worth, genuine_of, judge_tag
from app.duties.days import millis, office_time
from app.duties.evidence import SILENT, WORN_BELOW, Mark, Near, Nearness, grade_of, weaker
from app.duties.genuine import Genuine
from app.duties.rounds import Progress, Refusal, Verdict
from app.duties.seen import is_elsewhere, seen_marks
from app.duties.site import BEACONS, EID, Grade, Point, Stop
from app.ear import at_hand, named
from app.kinds.senses import CodeSeen, TagSeen
from app.meaning import UNKNOWN, Meaning, Meant
from app.ports import RadioState, Scan, Sighting
from app.session import Session, act, has, people
from app.text import clean
from app.words import say

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
        self._sensed.take(sighting)
        sighting = self._named(sighting)
        self._ear.take(sighting)
        point = self.plan.point_of_tag(sighting.format or "", sighting.tag or "")
        if point is None:
            verdict = await self._strange(progress, sighting)
            return self._how_near(progress, sighting.up, verdict)
        adds = self._adds(progress, point)
        if not (adds or self._awaits(progress, point)):
            return self._how_near(progress, sighting.up, self._elsewhere(progress, point, sighting.up))
        judged = self._ear.judge(self.plan, point, sighting.up)
        verdict = None
        if judged.near.state is Nearness.NEAR and judged.proof:
            verdict = await self._stands(progress, point, judged.proof)
        if adds:
            return self._how_near(progress, sighting.up, verdict)
        return Heard(judged.near, verdict, rounds.stop_at(progress, self._route(progress), point.id))

    def forget_sightings(self, *, listens: bool = False) -> None:
        """Drop the samples (the radio paused, or the stop changed). `listens`: it goes on from now."""
        self._ear.forget(self._clock.now().up if listens and self._fault is None else None)

    def radio_is(self, state: RadioState) -> None:
        """What the radio says of itself while it is listened to."""
        self._fault = state.fault
        self._ear.since = self._clock.now().up if state.fault is None else None

    @property
    def radio_fault(self) -> str:
        """Key of the sentence that says what was wrong with the radio when it last listened; empty for nothing."""
        return self._fault or ""

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
        label = kinds.LabelEvidence(meant.issue, asset or UNSET, UNSET if scan.health is None else scan.health)
        seen = (Mark.OLD_LABEL,) if meant.old else ()
        evidence = self._beside(point, kinds.Evidence(label=label), scan.up)
        verdict = await self._arrive(point, evidence, seen, meant.token)
        if verdict.stop is None:
            await self._wrong_point(point, meant)
        await self._reprint(point, label)
        return replace(verdict, asset=asset)

    @act
    async def type_code(self, code: str) -> Verdict:
        """The short code under the label, typed: graded `typed`."""
        typed = clean(code.strip(), 128)
        point = self.plan.point_of_code(typed) or self.plan.point_of_code(typed.upper())
        if point is None:
            return await self._strange_code(typed, UNKNOWN)
        self._walking()
        evidence = self._beside(point, kinds.Evidence(typed=point.code), self._clock.now().up)
        return await self._arrive(point, evidence)

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

    def pairing(self) -> Point | None:
        """The point whose beacon is still wanted: its label alone, read within the last half minute, is too little.
        None when the radio cannot hear it."""
        progress = self.state.round
        stop = self._stop(progress, progress.last) if progress and progress.last else None
        point = self.plan.find_point(stop.point) if stop else None
        wanted = progress and point and point.beacons and self._fault is None and self._adds(progress, point)
        return point if wanted else None

    def _adds(self, progress: Progress, point: Point) -> bool:
        """Whether the beacon of `point` would still add to the evidence of the stop reached last."""
        route = self.plan.find_route(progress.route)
        return route is not None and bool(rounds.adds_to(progress, route, point.id, "near", self._clock.now()))

    def _named(self, sighting: Sighting) -> Sighting:
        """The sighting with the plan's name of its tag, where its own identity is none."""
        if sighting.format != EID or sighting.tag is None:
            return named(sighting, self.plan.tag_rules)
        at, tables = office_time(self._clock.now()), self._pages.tables
        return replace(sighting, tag=tables.name(sighting.tag, at) or tables.stale(sighting.tag, at))

    def _worth(self, point: Point, proof: kinds.BleEvidence) -> Worth:
        """What the beacon is worth, by what the handheld knows of it."""
        tag, moment = point.tag(proof.format, proof.tag), self._clock.now()
        if tag is None:
            return Worth(passes=False)
        card = self._memory.point(point.id)
        history = card.history(proof) if card else ()
        return judge_tag(tag, proof, genuine_of(proof, self._pages.tables, office_time(moment)), history, moment)

    async def _stands(self, progress: Progress, point: Point, proof: kinds.BleEvidence) -> Verdict | None:
        """The crew stands at the beacon of `point`: an arrival, unless it may be a copy, or the label is wanted too."""
        worth = self._worth(point, proof)
        if not worth.passes and (point.label or point.code):
            suspect = self._ear.doubts(point, proof.samples[-1][0])
            return await self._suspect(progress, point, proof, worth) if suspect else None
        if not is_enough(point, worth) and not self._adds(progress, point):
            return None
        return await self._arrive(point, kinds.Evidence(ble=proof))

    async def _suspect(
        self, progress: Progress, point: Point, proof: kinds.BleEvidence, worth: Worth
    ) -> Verdict | None:
        """A beacon of the plan that is not to be trusted: recorded and said once, and the label is asked for."""
        if ("suspect", point.id) in self._said:
            return None
        self._said.add(("suspect", point.id))
        body = TagSeen(
            round=progress.round,
            stop=rounds.next_stop(progress),
            format=proof.format,
            tag=clean(proof.tag, 128),
            address=clean(proof.address, 32),
            rssi=proof.samples[-1][1],
            frame=proof.frame,
            point=point.id,
            marks=tuple(mark.value for mark in worth.marks),
        )
        await self._write(body)
        stop = rounds.stop_at(progress, self._route(progress), point.id)
        return Verdict(stop, point.id, False, None, worth.marks, why=Refusal.SUSPECT)

    def _beside(self, point: Point, evidence: kinds.Evidence, up: int) -> kinds.Evidence:
        """What the radio tells beside a label or a code: the point's beacon, near now or just before; else why not, and
        whose beacon is near instead."""
        judged = self._ear.judge(self.plan, point, up)
        proof = judged.proof if judged.near.state is Nearness.NEAR else self._ear.been(point, up)
        if proof is not None:
            return replace(evidence, ble=proof)
        others = (self._ear.judge(self.plan, other, up) for other in self._ear.points(self.plan) if other != point)
        far = [one.proof for one in others if one.near.state is Nearness.NEAR and one.proof]
        elsewhere = next((each for each in far if is_elsewhere(each, point, self.plan)), UNSET)
        return replace(evidence, radio=self._radio(point, up) if point.beacons else UNSET, elsewhere=elsewhere)

    def _radio(self, point: Point, up: int) -> str:
        """Why no beacon of `point` is near, as a record says it."""
        if self._fault is not None:
            return self._fault
        if self._ear.heard(point):
            return clones.HEARD
        listened = 0 if self._ear.since is None else up - self._ear.since
        at, tables = office_time(self._clock.now()), self._pages.tables
        told = all(tag.format != EID or tables.covers(tag.id, at) for tag in point.tags)
        long = listened >= self.plan.settings.label_after_s * 1000
        return clones.SILENT if told and long else clones.SHORT

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
        body = TagSeen(
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
        ours = meant.token or may_hold_token(text)
        body = CodeSeen(
            round=progress.round if progress else None,
            stop=rounds.next_stop(progress) if progress else None,
            text=UNSET if ours else cleaned,
            sha256=sha256(meant.token or text.encode("utf-8", "replace")).hexdigest() if ours else UNSET,
        )
        await self._write(body)
        return NOBODYS

    async def _reprint(self, point: Point, label: kinds.LabelEvidence) -> None:
        """A worn label is reported for the crew that held it before the camera, once for each issue."""
        if label.health is UNSET or label.health >= WORN_BELOW:
            return
        progress, due = self._walking(), findings.due(findings.REPRINT_IN, self.now(), self.plan.calendar)
        body = kinds.FindingRaised(
            kind="finding",
            category=findings.LABEL,
            phrase=findings.REPRINT,
            words=say(self.lang, "camera.reprint", issue=label.issue, health=label.health),
            point=point.id,
            stop=rounds.stop_at(progress, self._route(progress), point.id),
            round=progress.round,
            due=millis(due),
            urgent=False,
            fixed=False,
            asset=label.asset or None,
            issue=label.issue,
        )
        if body.worn_label and self.state.worn.get(body.worn_label[0]) != label.issue:
            await self._write(body, by=people(self._shift().crew))

    async def _wrong_point(self, point: Point, meant: Meaning) -> None:
        """A label of ours that is not of this round: the crew stood there, so it is recorded as seen."""
        if ("code", point.id) in self._said:
            return
        self._said.add(("code", point.id))
        progress = self._walking()
        token = sha256(meant.token).hexdigest()
        body = CodeSeen(progress.round, rounds.next_stop(progress), sha256=token, point=point.id)
        await self._write(body)

    async def _arrive(
        self, point: Point, evidence: kinds.Evidence, seen: tuple[Mark, ...] = (), token: bytes = b""
    ) -> Verdict:
        """Judge and record being at `point`."""
        progress = self._walking()
        grade, promised, marks = self._judged(point, evidence)
        self._route(progress)
        place, now = self.state.place, self._clock.now()
        _, verdict = rounds.arrive(
            progress, self.plan, point, grade, now, (*seen, *marks), place=place, promised=promised
        )
        if not verdict.accepted or verdict.stop is None:
            return verdict
        written = tuple(mark.value for mark in verdict.marks)
        body = kinds.StopArrived(progress.round, verdict.stop, point.id, verdict.grade or grade, written, evidence)
        await self._write(body, token=token)
        if verdict.stop != progress.last or _waits(progress) != _waits(self._walking()):
            self._turned()
        return replace(verdict, pairs=evidence.ble is UNSET and self.pairing() is not None)

    def _judged(self, point: Point, evidence: kinds.Evidence) -> tuple[Grade, Grade | None, tuple[Mark, ...]]:
        """What the evidence of being at `point` is worth, what only the office can make it worth, and its marks."""
        worth = Worth(passes=False) if evidence.ble is UNSET else self._worth(point, evidence.ble)
        grade = _grade(worth, label=evidence.label is not UNSET)
        card = self._memory.point(point.id)
        marks = (*worth.marks, *seen_marks(evidence, point, self.plan, card.unheard if card else 0))
        return grade, _promised(worth), marks

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


def is_enough(point: Point, worth: Worth) -> bool:
    """Whether the beacon alone proves what `point` asks for; else its label is wanted too."""
    return not (point.label and weaker(_promised(worth) or _grade(worth), point.grade))


def _grade(worth: Worth, *, label: bool = False) -> Grade:
    return grade_of(near=worth.passes, label=label, genuine=worth.genuine is Genuine.GOOD)


def _promised(worth: Worth) -> Grade | None:
    """The grade that only the office can give it."""
    return "anti-clone" if worth.passes and Mark.TO_VERIFY in worth.marks else None


def _waits(progress: Progress) -> tuple[str | None, str | None]:
    return progress.at_stop, rounds.next_stop(progress)
