"""What a handheld tells in two days, so that every paper has something to say: walked rounds and records by hand."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from app.kinds import to_dict
from app.kinds.findings import FindingCorrected, FindingNoticed, FindingRaised, FindingRechecked
from app.kinds.orders import OrderAccepted, OrderArrived, OrderConfirmed, OrderDone, OrderTaken, PartUsed
from app.kinds.posts import HandoverGiven, HandoverTaken
from app.kinds.procedures import (
    ProcedureAssembled,
    ProcedureClosed,
    ProcedureCounted,
    ProcedureOpened,
    ProcedureReported,
    ProcedureTicked,
)
from app.kinds.registers import RegisterEnded, RegisterEntered
from app.kinds.rounds import CheckAnswered, Deducted, Score
from app.kinds.violations import ViolationNoticed, ViolationRecorded, ViolationReported
from app.logbook.book import Draft
from sync.office.papers import catalogue
from sync.office.papers.paper import Paper
from sync.office.papers.source import Wish
from tests.office.conftest import SITE, Handheld, Office, at

DAY = date(2026, 11, 20)
HOUR = 3600


class Told:
    """A handheld that has told everything, and the ids of what it told."""

    def __init__(self, office: Office, folder: Path, words: str = "") -> None:
        """`words` stands wherever a crew may have written something."""
        self.office = office
        self.handheld = Handheld(office, folder, start=at("2026-11-18 08:30"))
        self._words = words
        self.scored = self.handheld.walk("cleaning-inspection", DAY - timedelta(days=2))
        self._score()
        self.handheld.clock.wait_until(at("2026-11-20 06:30"))
        self.handheld.walk("lifts", DAY)
        self.handheld.walk("power-am", DAY)
        self.round = self.handheld.walk("fire-daily", DAY)
        self.handheld.clock.wait_until(at("2026-11-20 17:00"))
        self._registers()
        self.handover = self._handover()
        self.finding = self._violation()
        self.hazard = self._hazard()
        self.order = self._order()
        self.run = self._drill()
        self.handheld.walk("night-1", DAY)
        self.handheld.sync()

    def close(self) -> None:
        self.handheld.close()

    def words(self, usual: str) -> str:
        return self._words or usual

    def _say(self, kind: str, body: Any, *by: str, wait: int = 60) -> str:
        """Its id, `book:seq`."""
        self.handheld.clock.wait(wait)
        filled = body if isinstance(body, Mapping) else to_dict(body)
        (entry,) = self.handheld.write(Draft(kind, dict(filled), by))
        return f"{self.handheld.logbook.book_id}:{entry.record.seq}"

    def _registers(self) -> None:
        lines = [("none", "nothing"), ("fault", "repair"), ("none", "nothing"), ("false", "reset")]
        for signal, done in lines:
            answers = {"signal": signal, "loop": self.words("12"), "done": done}
            body = RegisterEntered("control-log", answers, self.words("故障"), stays=False)
            self._say("register.entered", body, "he-jing", wait=2 * HOUR if signal == "none" else 3 * HOUR)
        visitor = RegisterEntered("gate-visitors", {"room": "3-1-501", "people": "2"}, self.words("来访"), stays=True)
        line = self._say("register.entered", visitor, "zhang-wei")
        self._say("register.ended", RegisterEnded("gate-visitors", line, late=False), "zhang-wei", wait=1800)
        self._say("register.entered", visitor, "zhang-wei")

    def _handover(self) -> str:
        giver, taker = ({"person": person, "method": "badge"} for person in ("he-jing", "wang-lei"))
        body = HandoverGiven(
            post="control-room-post",
            crew=(),
            counts={"keys": 9, "extension": 1, "breathing": 2},
            differences={"extension": -1},
            open=(),
            late=("night-1@2026-11-19T22:00",),
            notes={"works": self.words("有施工没完")},
            words="交班",
        )
        given = self._say("handover.given", {**to_dict(body), "crew": [giver]}, "he-jing")
        after = to_dict(HandoverTaken(post="control-room-post", sheet=given, crew=()))
        self._say("handover.taken", {**after, "crew": [taker]}, "wang-lei", wait=300)
        return given

    def _violation(self) -> str:
        finding = self._say("finding.raised", self._raised("hazard", "ebike", "corridor", "b3-u1"), "zhang-wei")
        now = self.handheld.clock.now().at
        recorded = ViolationRecorded(finding, now, "owner", "promised", self.words("当事人答应"), room="3-1-501")
        self._say("violation.recorded", recorded, "zhang-wei")
        noticed = ViolationNoticed(finding, "down", self.words("推下楼"), "2026-017", "signed", now + 24 * HOUR * 1000)
        self._say("violation.noticed", noticed, "zhang-wei", wait=600)
        self._say(
            "violation.reported", ViolationReported(finding, "receipt", self.words("已送达"), "R-9"), "wang-qiang"
        )
        return finding

    def _hazard(self) -> str:
        raised = self._raised("hazard", "fire-equipment", "box", "b3-u1")
        finding = self._say("finding.raised", raised, "zhang-wei")
        due = self.handheld.clock.now().at + 72 * HOUR * 1000
        noticed = FindingNoticed(finding, "contractor", due, self.words("补齐箱内水带接口"), self.words("安泰消防公司"))
        self._say("finding.noticed", noticed, "wang-qiang")
        self._say("finding.corrected", FindingCorrected(finding, self.words("已补齐")), "feng-lei", wait=7200)
        ok = FindingRechecked(finding, True, self.words("合格"), "b3-u1", True)
        self._say("finding.rechecked", ok, "wang-qiang")
        return finding

    def _raised(self, kind: str, category: str, phrase: str, point: str) -> FindingRaised:
        now = self.handheld.clock.now().at
        return FindingRaised(
            kind=kind,
            category=category,
            phrase=phrase,
            words=self.words("楼道停放电动车"),
            point=point,
            stop=None,
            round=None,
            due=now + 1800_000,
            urgent=False,
            fixed=False,
        )

    def _order(self) -> str:
        now = self.handheld.clock.now().at
        taken = OrderTaken(
            origin="radio",
            category="water-leak",
            phrase="drip",
            words=self.words("滴漏"),
            person="zhou-jie",
            to="fitter",
            respond=None,
            due=now + HOUR * 1000,
            urgent=False,
            point="garage-b1",
            asset="qwb-b1-03",
        )
        order = self._say("order.taken", taken, "zhou-jie")
        self._say("order.accepted", OrderAccepted(order, "feng-lei"), "feng-lei")
        self._say("order.arrived", OrderArrived(order, "garage-b1", False), "feng-lei", wait=300)
        parts = (PartUsed("valve", 1, self.words("角阀")),)
        self._say("order.done", OrderDone(order, parts, clean=True, late=False), "feng-lei", wait=900)
        self._say("order.confirmed", OrderConfirmed(order, "slip", "8842"), "zhou-jie")
        return order

    def _drill(self) -> str:
        opened = ProcedureOpened("flood", self.words("防汛"), exercise=True)
        run = self._say("procedure.opened", opened, "wang-qiang")
        self._say("procedure.assembled", ProcedureAssembled(run, "rescue", False), "feng-lei", wait=700)
        self._say("procedure.ticked", ProcedureTicked(run, "rescue", "sandbags", "堆沙袋", False), "feng-lei")
        self._say("procedure.counted", ProcedureCounted(run, "rescue", "shovels", 8, 10), "feng-lei")
        reported = ProcedureReported(run, "rescue", "dry", self.words("积水已排除"))
        self._say("procedure.reported", reported, "feng-lei", wait=400)
        self._say("procedure.closed", ProcedureClosed(run), "wang-qiang", wait=600)
        return run

    def _score(self) -> None:
        """A sheet filled in again, with deductions: the walker makes none."""
        body = CheckAnswered(
            round=self.scored,
            stop="b8",
            check="score",
            ok=False,
            value="78/100",
            repeated=False,
            words=self.words("扣22分"),
            asset=None,
            score=Score(78, 100, (Deducted("floor", "stain", 2, 22, self.words("大堂地面 有污渍")),)),
        )
        self._say("check.answered", body, "wang-qiang")


ABOUT = {"register": "gate-visitors", "asset": "qwb-b1-03"}


def of(name: str, told: Told) -> str:
    return ABOUT.get(name) or {"drill": told.run, "violation": told.finding, "notice": told.hazard}.get(name, "")


def made(told: Told, name: str, lang: str = "zh", first: date = DAY, last: date = date(2026, 11, 21)) -> Paper:
    first = date(2026, 11, 18) if name == "scores" else first
    wish = Wish(name, SITE, first, last, lang, of(name, told), "https://office.example")
    office = told.office
    return office.ask(catalogue.made(office.store, wish, at("2026-11-21 09:00")))
