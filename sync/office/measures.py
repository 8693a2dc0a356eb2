"""What a round leaves behind besides its stops: readings with the limits they were taken under, and where it stands in
lists by place (cleaning) and by score.

Values in, values out: the records of one round and the plan it was walked under. Without that plan nothing is known of
a limit, and nothing is kept.
"""

import re
from collections.abc import Sequence
from math import isfinite

from app import kinds
from app.duties.review import find_check, judge_check
from app.duties.rounds import stop_of
from app.duties.site import BY_PLACE, Check, Plan
from sync.office.reading import Line
from sync.office.store.entries import EntryRow
from sync.office.store.paging import kept
from sync.office.store.readings import COUNT, SCORE, SORTS, ReadingRow
from sync.office.subjects import CLEANING, entry
from sync.office.subjects import SCORE as SCORED

_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)


def readings_of(site: str, name: str, lines: Sequence[Line], plan: Plan | None) -> tuple[ReadingRow, ...]:
    """What was measured on the round; of an answer that was taken back only what it was corrected to."""
    route = _route(lines)
    if plan is None or route is None or plan.find_route(route) is None:
        return ()
    found: dict[tuple[bytes, int], ReadingRow] = {}
    for line in lines:
        body = line.body
        if line.apart or not isinstance(body, kinds.CheckAnswered):
            continue
        if isinstance(body.corrects, int):
            found.pop((line.stored.book, body.corrects), None)
        check = find_check(plan, route, body.stop, body.check)
        row = _reading(site, name, line, body, check, plan, route) if check else None
        if row is not None:
            found[row.book, row.seq] = row
    return tuple(found.values())


def entries_of_round(lines: Sequence[Line], plan: Plan | None) -> tuple[EntryRow, ...]:
    """Its records in the lists by place: of cleaning and greening what was done at a point, and every score."""
    name = _route(lines)
    route = plan.find_route(name) if plan and name else None
    if plan is None or route is None:
        return ()
    by_place = route.kind in BY_PLACE
    found = []
    for line in lines:
        if line.apart or not isinstance(line.body, kinds.StopArrived | kinds.StopSkipped | kinds.CheckAnswered):
            continue
        stop = stop_of(route, line.body.stop)
        if stop is None:
            continue
        if by_place:
            found.append(entry(line.stored, line.record.at, CLEANING, stop.point))
        if isinstance(line.body, kinds.CheckAnswered) and _is_score(plan, route.id, line.body):
            found.append(entry(line.stored, line.record.at, SCORED, stop.point))
    return tuple(found)


def _route(lines: Sequence[Line]) -> str | None:
    started = lines[0].body if lines else None
    return started.route if isinstance(started, kinds.RoundStarted) else None


def _is_score(plan: Plan, route: str, body: kinds.CheckAnswered) -> bool:
    check = find_check(plan, route, body.stop, body.check)
    return check is not None and check.kind == SCORE


def _reading(
    site: str, name: str, line: Line, body: kinds.CheckAnswered, check: Check, plan: Plan, route: str
) -> ReadingRow | None:
    """None for an answer that is no number."""
    if check.kind not in SORTS or body.value is None:
        return None
    good, _, full = body.value.partition("/")
    value, best = _number(good), _number(full) if full else _best(check)
    if value is None:
        return None
    stop = stop_of(plan.route(route), body.stop)
    low, high = _limit(check.low), _limit(check.high)
    return ReadingRow(
        site=site,
        book=line.stored.book,
        seq=line.stored.seq,
        sort=check.kind,
        asset=(body.asset or check.asset or "")[:64],
        point=stop.point if stop else "",
        item=check.id,
        checklist=(stop.checklist or "") if stop else "",
        at=kept(line.record.at),
        value=value,
        shown=body.value[:40],
        unit=check.unit[:20],
        low=low,
        high=high,
        full=best,
        verdict=_verdict(check, body, value, low, high),
        round=name,
        person=next(iter(line.record.by), "")[:64],
    )


def _best(check: Check) -> float | None:
    if check.kind == COUNT:
        return float(check.total)
    return float(sum(item.full for item in check.items)) if check.kind == SCORE else None


def _verdict(check: Check, body: kinds.CheckAnswered, value: float, low: float | None, high: float | None) -> str:
    if low is not None and value < low:
        return "low"
    if high is not None and value > high:
        return "high"
    return "ok" if body.ok and judge_check(check, body) else "bad"


def _limit(text: str | None) -> float | None:
    return None if text is None else _number(text)


def _number(text: str) -> float | None:
    """A record may say anything: only a plain decimal is a number."""
    if not _PLAIN.fullmatch(text):
        return None
    value = float(text)
    return value if isfinite(value) else None
