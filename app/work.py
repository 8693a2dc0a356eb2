"""Work orders and what becomes of findings: taken, gone to, proved at the point, done, confirmed; put right and
looked at again (D30-D37, D44)."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import UNSET

from app import kinds
from app.duties import findings, orders
from app.duties.days import local_time, millis
from app.duties.findings import Finding
from app.duties.orders import DELAYS, POSTPONES, REOPENS, Confirmed, Order, Origin, Stage, Step
from app.duties.orders import ROOM_MOST as ROOM_MOST
from app.duties.orders import VALUE_MOST as VALUE_MOST
from app.duties.orders import is_room as is_room
from app.duties.provisions import Supply
from app.duties.registers import MOST
from app.duties.site import Category, Grade, Phrase, Point
from app.errors import NotAllowed
from app.kinds.evidence import BleEvidence, Evidence, LabelEvidence
from app.kinds.findings import FindingCorrected, FindingPhotographed, FindingRechecked
from app.kinds.orders import (
    ORDERS,
    OrderAccepted,
    OrderArrived,
    OrderConfirmed,
    OrderDone,
    OrderGoing,
    OrderPhotographed,
    OrderPostponed,
    OrderReopened,
    OrderTaken,
    OrderVisit,
    PartUsed,
)
from app.meaning import Meaning, Meant
from app.ports import Scan
from app.posting import TAKERS
from app.session import Session, act
from app.text import clean
from app.words import say

OVERSEERS: Final = frozenset({"quality"})
"""Roles that see all findings, and take no orders."""
LEADERS: Final = frozenset({"leader", "supervisor", "manager"})
"""Roles that may do anybody's order, and see them all."""
FITTER: Final = "fitter"
"""Whose turn it is where the plan does not say."""


class Work(Session):
    """Acts on work orders and on open findings."""

    # -- what is known ------------------------------------------------------------------------
    def order_categories(self) -> tuple[Category, ...]:
        """What an order may be about: repairs first, since most orders are, hazards last; else in the plan's order."""
        return tuple(sorted(self._in_force.categories, key=lambda each: (each.kind == "hazard", each.to != FITTER)))

    def usual_orders(self) -> tuple[tuple[Category, Phrase], ...]:
        """What most orders are about: of each kind of repair what the plan names first, then what it names second, …"""
        ranked = [
            (place, category, phrase)
            for category in self.order_categories()
            if category.to == FITTER and category.kind != "hazard"
            for place, phrase in enumerate(category.phrases)
        ]
        return tuple((category, phrase) for _, category, phrase in sorted(ranked, key=lambda each: each[0]))

    def orders(self) -> tuple[Order, ...]:
        """Those of this crew: what it does itself first, then by what runs out first; closed ones last."""
        roles, crew, now = self._roles(), self._crew(), self._at()
        found = [
            order
            for order in self.state.share(ORDERS).values()
            if roles & {order.to, *LEADERS}
            or crew & {order.worker, order.receiver, order.assigned}
            or self._at_post(order)
        ]

        def place(order: Order) -> tuple[bool, bool, int]:
            over, left = orders.urgency(order, now)
            return over, order.worker not in crew, left

        return tuple(sorted(found, key=place))

    def waiting_orders(self) -> tuple[Order, ...]:
        """Those that this crew has to do something about, in the same order."""
        return tuple(order for order in self.orders() if self.is_ours(order) or self._may_do(order))

    def followed_orders(self) -> tuple[Order, ...]:
        """Those that one of the crew received and somebody else does, where it is for the receiver to act: done, so the
        customer is to be asked, or over its time (D32)."""
        crew, now = self._crew(), self._at()

        def waits(order: Order) -> bool:
            late = order.stage is not Stage.CLOSED and orders.clock(order, now).left_ms < 0
            return order.receiver in crew and order.worker not in crew and (late or order.stage is Stage.DONE)

        return tuple(order for order in self.orders() if waits(order))

    def clash(self, matter: str) -> tuple[str, ...]:
        """Who took the same step about an order or a finding without knowing of each other, person ids; empty when
        nobody did, or somebody who knows of both has done it since."""
        both = self._memory.clash(matter)
        return tuple(str(record.body.get("person") or next(iter(record.by), "")) for record in both)

    def is_ours(self, order: Order) -> bool:
        """One of the crew accepted it, and it is not over."""
        return order.stage is not Stage.CLOSED and order.worker in self._crew()

    def _may_do(self, order: Order) -> bool:
        """Of the desk's, whom it gave it to; else whoever has the role."""
        if order.stage is not Stage.TAKEN:
            return False
        if order.assigned is not None:
            return order.assigned in self._crew()
        return self._at_post(order) if order.post is not None else order.to in self._roles()

    def _at_post(self, order: Order) -> bool:
        """Whether the crew stands at the post that it was given to."""
        return order.post is not None and order.post == self.state.posts.here

    def open_findings(self) -> tuple[Finding, ...]:
        """What is open here and this crew may see to: what waits for its re-check first, then hazards, apart from
        other findings, each by its limit."""
        roles, plan = self._roles(), self._in_force
        whole = not (TAKERS | OVERSEERS).isdisjoint(roles)

        def to(finding: Finding) -> str:
            category = plan.find_category(finding.category)
            return finding.to or (category.to if category else FITTER)

        found = [each for each in self.state.findings.values() if whole or to(each) in roles]
        return tuple(sorted(found, key=lambda each: (each.corrected is None, each.kind != "hazard", each.due)))

    def order_of(self, finding: str) -> Order | None:
        """The newest order that was made from a finding."""
        made = [order for order in self.state.share(ORDERS).values() if order.finding == finding]
        return made[-1] if made else None

    # -- orders -------------------------------------------------------------------------------
    @act
    async def take_order(
        self,
        category: str,
        phrase: str,
        *,
        origin: Origin = "radio",
        room: str = "",
        point: str | None = None,
        urgent: bool = False,
    ) -> Order:
        """Receive one. Whoever of the crew came first stays responsible for it (D32).

        Raises NotAllowed for what the plan has not, and for a room that is none.
        """
        found = self._in_force.find_category(category)
        said = findings.phrase_of(found, phrase) if found else None
        if found is None or said is None:
            raise NotAllowed("watch.unknown_phrase")
        if not is_room(room):
            raise NotAllowed("orders.bad_room")
        words = clean(f"{found.text.say(self.lang)} {said.text.say(self.lang)}", 200)
        due = millis(findings.due_of(found, self.now(), self._in_force.calendar, urgent=urgent))
        return await self._taken(
            OrderTaken(
                origin=origin,
                category=category,
                phrase=phrase,
                words=words,
                person=self._receiver(),
                to=found.to,
                respond=self._respond(found),
                due=due,
                urgent=urgent,
                point=point,
                room=room,
                contact=self._contact(),
            )
        )

    @act
    async def order_from(self, finding: str) -> Order:
        """Make an order from an open finding; its limit is the finding's. Raises NotAllowed while one is under way."""
        found = self._finding(finding)
        before = self.order_of(finding)
        if found.corrected is not None or (before and before.stage is not Stage.CLOSED):
            raise NotAllowed("orders.has_order")
        category = self._in_force.find_category(found.category)
        named = f"{category.text.say(self.lang)} " if category else ""
        matter = next((each for each in self._memory.matters() if each.finding.id == finding), None)
        return await self._taken(
            OrderTaken(
                origin="finding",
                category=found.category,
                phrase=found.phrase,
                words=clean(f"{named}{found.words}", 200),
                person=self._receiver(),
                to=category.to if category else FITTER,
                respond=self._respond(category) if category else None,
                due=found.due,
                urgent=found.urgent,
                point=found.point,
                finding=finding,
                asset=matter.asset if matter else None,
            )
        )

    async def _taken(self, body: OrderTaken) -> Order:
        (entry,) = await self._write(body)
        return self.state.share(ORDERS)[f"{self._logbook.book_id}:{entry.record.seq}"]

    @act
    async def accept_order(self, order: str) -> Order:
        """One of the crew does it, or takes it over. Raises NotAllowed when it is nobody's of this crew to do."""
        found = self._order(order)
        worker = self._worker(found)
        if not self.clash(order):
            _may(orders.accept(found, worker, self._at()))
        await self._write(OrderAccepted(order, worker, self._memory.known_of(order)))
        return self._order(order)

    @act
    async def go_to_order(self, order: str) -> Order:
        _may(orders.go(self._ours(order), self._at()))
        await self._write(OrderGoing(order))
        return self._order(order)

    @act
    async def arrive_at_order(self, order: str, scan: Scan | None = None) -> Order:
        """Be there: proved by the label of the order's point, or on the crew's word alone."""
        found = self._ours(order)
        point, evidence, meant = self._on_site(scan)
        proved = orders.provable(found, point.id if point else None, old=meant.old)
        _may(orders.arrive(found, self._at(), proved=proved))
        body = OrderArrived(
            order,
            point.id if point else None,
            proved,
            "label" if point else None,
            evidence if point else UNSET,
        )
        await self._write(body, token=meant.token if point else b"")
        return self._order(order)

    def order_here(self, scan: Scan) -> Order | None:
        """The crew's order that this label proves being at."""
        point = self._point_read(self.meaning(scan.text))
        coming = (each for each in self.orders() if each.stage in (Stage.ACCEPTED, Stage.GOING) and self.is_ours(each))
        return next((each for each in coming if point and each.point == point.id), None)

    @act
    async def finish_order(
        self, order: str, parts: Mapping[str, int], *, clean_area: bool = True, photos: Sequence[bytes] = ()
    ) -> Order:
        """The work is done; a finding it was made from is put right by it, and waits for its re-check (D34).

        Raises NotAllowed for a part that the plan has not, a count that is none, or photographs that cannot be kept.
        """
        found, at = self._ours(order), self._at()
        used = tuple(self._part(item, count) for item, count in parts.items() if count)
        after = _may(orders.finish(found, at, tuple(orders.Part(each.item, each.count) for each in used)))
        seen = await self._attached(photos)
        bodies: list[kinds.Body] = [OrderDone(order, used, clean_area, orders.in_time(after) is False, seen)]
        finding = self.state.findings.get(found.finding or "")
        if finding is not None and finding.corrected is None:
            bodies.append(FindingCorrected(finding.id, found.words, order, seen))
        await self._write(*bodies)
        return self._order(order)

    @act
    async def confirm_order(
        self, order: str, how: Confirmed, value: str = "", *, photos: Sequence[bytes] = ()
    ) -> Order:
        """What the customer says to it: a code or a slip's number in digits, or is absent, or refuses (D44)."""
        found = self._order(order)
        value = value if how in orders.NEEDS_VALUE and value.isascii() and value.isdigit() else ""
        _may(orders.confirm(found, how, self._at(), value[:VALUE_MOST]))
        await self._write(OrderConfirmed(order, how, value[:VALUE_MOST], await self._attached(photos)))
        return self._order(order)

    @act
    async def postpone_order(self, order: str, reason: str, by: str) -> Order:
        """Once, with one of POSTPONES and by one of DELAYS. Raises NotAllowed for a second time (D32)."""
        found = self._order(order)
        if reason not in POSTPONES or by not in DELAYS:
            raise NotAllowed("watch.unknown_reason")
        due = self.postponed_to(found, by)
        _may(orders.postpone(found, due, reason))
        words = say(self.lang, f"orders.later_{reason}")
        await self._write(OrderPostponed(order, due, reason, words, self._memory.known_of(order)))
        return self._order(order)

    def may_postpone(self, order: Order) -> None:
        """Raises NotAllowed saying why it cannot be postponed (any more)."""
        _may(orders.postpone(order, order.due + 1, POSTPONES[0]))

    def postponed_to(self, order: Order, by: str) -> int:
        """The limit after postponing, UTC ms: from the promised time, or from now when that is over."""
        start = max(self._at(), order.due)
        return millis(findings.due(by, local_time(start, self.zone), self._in_force.calendar))

    @act
    async def reopen_order(self, order: str, reason: str) -> Order:
        """Not right after all, with one of REOPENS; its limit begins anew."""
        found = self._order(order)
        if reason not in REOPENS:
            raise NotAllowed("watch.unknown_reason")
        body = self._reopened(found, reason)
        _may(orders.reopen(found, body.due, reason))
        await self._write(body)
        return self._order(order)

    def _reopened(self, order: Order, reason: str) -> OrderReopened:
        category = self._in_force.find_category(order.category)
        calendar, now = self._in_force.calendar, self.now()
        if category is None:
            due = findings.due(findings.SAME_DAY, now, calendar)
        else:
            due = findings.due_of(category, now, calendar, urgent=order.urgent)
        return OrderReopened(order.id, max(millis(due), order.due), reason, say(self.lang, f"orders.reopen_{reason}"))

    @act
    async def ask_visit(self, order: str) -> Order:
        """Somebody is to call on the customer afterwards (D33)."""
        _may(orders.ask_visit(self._order(order)))
        await self._write(OrderVisit(order))
        return self._order(order)

    @act
    async def photograph_order(self, order: str, photos: Sequence[bytes]) -> Order:
        """How it looks now. Raises NotAllowed when it cannot be kept."""
        self._order(order)
        if seen := await self._attached(photos):
            await self._write(OrderPhotographed(order, seen))
        return self._order(order)

    # -- findings -----------------------------------------------------------------------------
    @act
    async def photograph_finding(self, finding: str, photos: Sequence[bytes]) -> Finding:
        """How it looks now, before it is put right or after. Raises NotAllowed when it cannot be kept."""
        self._finding(finding)
        if seen := await self._attached(photos):
            await self._write(FindingPhotographed(finding, seen))
        return self._finding(finding)

    @act
    async def correct_finding(self, finding: str) -> Finding:
        """Put right without an order (当场/自行整改); it stays open until its re-check."""
        found = self._finding(finding)
        order = self.order_of(finding)
        if order is not None and order.done is None:
            raise NotAllowed("orders.order_first")
        if findings.correct(found, self._at()) is None:
            raise NotAllowed("orders.corrected_already")
        await self._write(FindingCorrected(finding, found.words))
        return self._finding(finding)

    @act
    async def recheck_finding(
        self, finding: str, *, ok: bool, scan: Scan | None = None, heard: BleEvidence | None = None
    ) -> bool:
        """Looked at again; whether it is closed. Not right, it is open again, and the order it led to as well.

        `scan`: the label that was read there; `heard`: else the beacon of the place, near and trusted.
        Raises NotAllowed before it was put right, or while its order is under way.
        """
        found = self._finding(finding)
        order = self.order_of(finding)
        if not findings.may_recheck(found):
            raise NotAllowed("orders.correct_first")
        if order is not None and order.done is None:
            raise NotAllowed("orders.order_first")
        point, evidence, meant = self._on_site(scan)
        proved = point is not None and point.id == found.point and not meant.old
        grade: Grade | None = "label" if point else None
        if point is None and heard is not None and found.point is not None:
            point, proved, grade = self._in_force.find_point(found.point), True, "near"
            evidence = Evidence(ble=heard)
        body = FindingRechecked(
            finding,
            ok,
            found.words,
            point.id if point else None,
            proved,
            grade,
            evidence if point else UNSET,
            saw=self._memory.known_of(finding),
        )
        again = [] if ok or order is None else [self._reopened(order, REOPENS[1])]
        await self._write(body, token=meant.token if point else b"")
        if again:
            await self._write(*again)
        return ok

    # -- who, where, what ---------------------------------------------------------------------
    def _crew(self) -> set[str]:
        return {member.person for member in self.state.shift.crew} if self.state.shift else set()

    def _receiver(self) -> str:
        return self._shift().crew[0].person

    def _order(self, id: str) -> Order:
        self._shift()
        found = self.state.share(ORDERS).get(id)
        if found is None:
            raise NotAllowed("orders.gone")
        return found

    def _finding(self, id: str) -> Finding:
        self._shift()
        found = self.state.findings.get(id)
        if found is None:
            raise NotAllowed("orders.finding_gone")
        return found

    def _ours(self, id: str) -> Order:
        """An order that one of the crew has accepted. Raises NotAllowed for another's."""
        found = self._order(id)
        if found.worker is not None and found.worker not in self._crew():
            raise NotAllowed("orders.others", name=self._called(found.worker))
        return found

    def may_accept(self, order: Order) -> bool:
        """Whether somebody of this crew could do it."""
        try:
            self._worker(order)
        except NotAllowed:
            return False
        return True

    def _worker(self, order: Order) -> str:
        """Who of the crew does it: one whose turn it is, else one who leads."""
        crew = self._shift().crew
        if any(member.person == order.assigned for member in crew):
            return str(order.assigned)
        if self._at_post(order):
            return crew[0].person
        for wanted in ({order.to}, LEADERS):
            for member in crew:
                if not wanted.isdisjoint(self._in_force.roles_of(member.person)):
                    return member.person
        raise NotAllowed("orders.not_yours", role=say(self.lang, f"finding.role_{order.to}"))

    def _called(self, person: str) -> str:
        found = self.person(person)
        return found.name.say(self.lang) if found else person

    def _contact(self) -> int | None:
        minutes = self._in_force.settings.contact_min
        return self._at() + minutes * 60_000 if minutes else None

    def _respond(self, category: Category) -> int | None:
        if not category.respond:
            return None
        return millis(findings.due(category.respond, self.now(), self._in_force.calendar))

    def _part(self, item: str, count: int) -> PartUsed:
        supply: Supply | None = next((each for each in self._in_force.supplies if each.id == item), None)
        if supply is None or not 0 < count <= MOST:
            raise NotAllowed("orders.no_part")
        return PartUsed(item, count, clean(supply.text.say(self.lang)))

    def _on_site(self, scan: Scan | None) -> tuple[Point | None, Evidence, Meaning]:
        """The point whose label was read, and what shows it."""
        meant = self.meaning(scan.text) if scan else Meaning(Meant.UNKNOWN)
        point = self._point_read(meant)
        asset = meant.id if meant.kind is Meant.ASSET and meant.id else UNSET
        health = scan.health if scan and scan.health is not None else UNSET
        return point, Evidence(label=LabelEvidence(meant.issue, asset, health)), meant

    def _point_read(self, meant: Meaning) -> Point | None:
        """The point of this site that a label stands for, its own or that of an asset there."""
        if meant.kind is Meant.ASSET and meant.id:
            asset = self._in_force.find_asset(meant.id)
            return self._in_force.find_point(asset.point) if asset else None
        return self._in_force.find_point(meant.id) if meant.kind is Meant.POINT and meant.id else None

    def here(self) -> str | None:
        """The point where the crew is in its round."""
        return self._here_now()

    def point_read(self, scan: Scan) -> Point | None:
        """The point that a scanned label stands for; None for anything else."""
        return self._point_read(self.meaning(scan.text))


def _may(step: Step) -> Order:
    """The order after a step. Raises NotAllowed with the reason it is not taken."""
    if isinstance(step, Order):
        return step
    raise NotAllowed(f"orders.why_{step}")
