"""What the evidence of an arrival shows besides its grade: the handheld and the office mark it alike.

Judged on the evidence itself, and on how often the point's beacons were silent before.
"""

from typing import Final

from msgspec import UNSET

from app.duties.clones import SILENT, UNHEARD, unheard_after
from app.duties.evidence import WORN_BELOW, Mark, Near, Nearness, Sample, enter_level, judge_near
from app.duties.site import Plan, Point
from app.duties.ways import least_walk_s
from app.kinds import BleEvidence, Evidence

APART_S: Final = 10
"""Points with at least so many seconds of walking between them are never near at once."""


def seen_marks(evidence: Evidence, point: Point, plan: Plan, unheard: int) -> tuple[Mark, ...]:
    """`unheard`: how many visits running, before this one, found the point's beacons silent."""
    label, radio = evidence.label, evidence.radio
    worn = label is not UNSET and label.health is not UNSET and label.health < WORN_BELOW
    found = {
        Mark.WORN_LABEL: worn,
        Mark.SILENT_TAG: radio == SILENT and unheard_after(unheard, evidence) >= UNHEARD,
        Mark.TWO_PLACES: evidence.elsewhere is not UNSET and is_elsewhere(evidence.elsewhere, point, plan),
    }
    return tuple(mark for mark, yes in found.items() if yes)


def is_elsewhere(heard: BleEvidence, point: Point, plan: Plan) -> bool:
    """Whether it is the beacon of a point so far from `point` that nobody is near both."""
    other = plan.point_of_tag(heard.format, heard.tag)
    tag = other.tag(heard.format, heard.tag) if other else None
    if other is None or tag is None or least_walk_s(plan, other.id, point.id) < APART_S:
        return False
    return near_again(heard, enter_level(tag, heard.power_1m, plan.settings), plan).state is Nearness.NEAR


def near_again(heard: BleEvidence, enter: int | None, plan: Plan) -> Near:
    """*Near* by the recorded levels. Whether the tag had been near before is not in the record, so it gets the
    lower level at which a tag stays near: the office accuses nobody whom the handheld was right to believe."""
    samples = [Sample(up, rssi) for up, rssi in heard.samples]
    last = max((sample.up for sample in samples), default=0)
    return judge_near(samples, (), enter, True, last, plan.settings.margin_db)
