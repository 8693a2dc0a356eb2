"""Who walks what in the office's example, with which handheld, and what goes wrong on it.

Names are invented. What goes wrong is the same whenever it is asked.
"""

import random
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.duties.schedule import Slot
from app.duties.site import Plan
from sync.office.walker import NO_TRICKS, Tricks

SITE: Final = "cuihu-garden"
RECENT: Final = 2
"""Days before today that are walked before anybody is served, at the first site."""
LATE_S: Final = 3600
"""Somebody who comes later than this explains why."""


class Beat(Struct, frozen=True):
    """A schedule, who walks it, and what goes wrong on it, by how many days ago."""

    schedule: str
    crew: tuple[str, ...]
    tricks: dict[int, Tricks | None] = {}
    """None: nobody walked it that day."""
    post: str = ""
    """Where the crew stands besides."""


GUARDS: Final = (
    Beat("day-1", ("wang-lei",)),
    Beat("buildings-am", ("wang-lei",), {1: Tricks(miss=frozenset({"b5-u1"}))}),
    Beat("shops-am", ("wang-lei",)),
    Beat("day-2", ("wang-lei",), {1: Tricks(late_s=6600)}),
    Beat("fire-daily", ("wu-bin", "xu-liang")),
    Beat("buildings-pm", ("liu-yang",)),
    Beat("day-3", ("liu-yang",), {2: None}),
    Beat("shops-pm", ("liu-yang",)),
    Beat("night-1", ("zhang-wei", "li-jun"), {
        1: Tricks(rush=frozenset({"pr1-door"}), report={"fire-lane-north": ("fire-lane", "")}),
        6: Tricks(miss=frozenset({"fitness"})),
    }),
    Beat("night-2", ("zhang-wei", "li-jun"), {
        0: Tricks(skip={"b2-roof": "weather"}),
        1: Tricks(recheck=False),
    }),
    Beat("night-3", ("chen-gang", "zhao-peng"), {0: Tricks(miss=frozenset({"rubbish-3", "dorm"})), 1: None}),
    Beat("night-4", ("chen-gang", "zhao-peng"), {
        0: Tricks(report={"pr1-door": ("water-leak", "")}, urgent=True),
        1: Tricks(alone="partner-called"),
        5: None,
    }),
)  # fmt: skip
FITTERS: Final = (
    Beat("lifts", ("tang-jun",)),
    Beat("power-am", ("feng-lei",), {1: Tricks(readings={"temp": "43"}, report={"pr1-room": ("electric", "")})}),
    Beat("grounds", ("tang-jun",)),
    Beat("pumps-am", ("dong-ping",)),
    Beat("power-pm", ("feng-lei",)),
    Beat("pumps-pm", ("dong-ping",), {1: None}),
    *(Beat(name, ("xiao-ming",)) for name in (
        "generator", "sumps", "pump-swap", "plant-monthly", "fire-pump-week", "fire-pump-month", "fire-pump-quarter",
        "hydrants", "extinguishers", "fire-boxes", "wells", "septic", "tank", "lightning", "survey",
    )),
)  # fmt: skip
CLEANERS: Final = (
    Beat("clean-1-rubbish-am", ("wang-xiuying",)),
    Beat("clean-2-rubbish-am", ("li-guihua",)),
    Beat("clean-3-rubbish-am", ("zhang-yulan",)),
    Beat("clean-roads-am", ("liu-fengying",)),
    Beat("clean-1-daily", ("wang-xiuying",)),
    Beat("clean-2-daily", ("li-guihua",), {1: Tricks(report={"b4-u1": ("lamp", "")}, fixed=True)}),
    Beat("clean-3-daily", ("zhang-yulan",)),
    Beat("rubbish-out-am", ("liu-fengying",)),
    Beat("clean-green-belt", ("chen-xiufang",)),
    Beat("dorm-daily", ("chen-xiufang",)),
    Beat("clean-1-rubbish-pm", ("wang-xiuying",)),
    Beat("clean-2-rubbish-pm", ("li-guihua",)),
    Beat("clean-3-rubbish-pm", ("zhang-yulan",), {1: None}),
    Beat("clean-roads-pm", ("liu-fengying",)),
    Beat("rubbish-out-pm", ("liu-fengying",)),
    *(Beat(f"clean-{grid}-{work}", (who,))
      for grid, who in ((1, "yang-guizhen"), (2, "huang-meihua"), (3, "zhou-yuzhen"))
      for work in ("mop", "rails", "weekly", "monthly")),
    *(Beat(name, ("wu-shufen",)) for name in ("clean-pavilion", "clean-street-lamps")),
    *(Beat(name, ("ye-changgen",)) for name in ("lawn", "pond-weekly", "pond-half")),
    Beat("cleaning-inspection", ("ren-hong",)),
)  # fmt: skip
TOWER_GUARDS: Final = (
    Beat("floors-am", ("lu-yao",)),
    Beat("fire-daily", ("qin-feng", "lu-yao")),
    Beat("shops-noon", ("lu-yao",), {1: Tricks(report={"shops-2": ("fire-use", "")})}),
    Beat("floors-pm", ("qin-feng",), {0: Tricks(late_s=8400)}),
    Beat("night-1", ("jin-bo", "shen-tao")),
    Beat("night-2", ("jin-bo", "shen-tao"), {1: Tricks(miss=frozenset({"refuge-12"}))}),
)
TOWER_PLANT: Final = (
    Beat("plant-am", ("peng-cheng",)),
    Beat("plant-pm", ("peng-cheng",), {0: Tricks(readings={"factor": "0.86"})}),
)
TOWER_CLEANERS: Final = (Beat("lobby-am", ("tao-meilan",)),)
DORM_GUARDS: Final = (
    Beat("fire-daily", ("bai-yu", "kong-liang")),
    Beat("night-1", ("kong-liang", "shi-lei"), {1: Tricks(report={"e-bikes": ("ebike", "")})}),
    Beat("night-2", ("kong-liang", "shi-lei"), {1: None}),
)
DORM_WARDENS: Final = (Beat("beds", ("hao-xiufen",), {0: Tricks(report={"a-6": ("appliance", "")})}),)
DORM_OTHERS: Final = (Beat("hygiene", ("du-chunmei",)), Beat("plant", ("yuan-gang",)))


def _at(post: str, beats: tuple[Beat, ...]) -> tuple[Beat, ...]:
    return tuple(replace(beat, post=post) for beat in beats)


Handhelds = tuple[tuple[str, tuple[Beat, ...]], ...]
SITES: Final[dict[str, Handhelds]] = {
    SITE: (("东门岗1号", GUARDS), ("工程部2号", FITTERS), ("保洁3号", _at("cleaning-post", CLEANERS))),
    "lanyue-tower": (
        ("大堂岗1号", _at("lobby-post", TOWER_GUARDS)),
        ("工程部1号", _at("plant-post", TOWER_PLANT)),
        ("保洁1号", _at("cleaning-post", TOWER_CLEANERS)),
    ),
    "xinghe-dorm": (
        ("门岗1号", _at("gate-post", DORM_GUARDS)),
        ("宿管1号", _at("warden-post", DORM_WARDENS)),
        ("后勤1号", DORM_OTHERS),
    ),
}


ENGLISH: Final = {
    "东门岗1号": "East gate 1", "工程部2号": "Engineering 2", "保洁3号": "Cleaning 3",
    "大堂岗1号": "Lobby 1", "工程部1号": "Engineering 1", "保洁1号": "Cleaning 1",
    "门岗1号": "Gate 1", "宿管1号": "Wardens 1", "后勤1号": "Logistics 1",
    "客服前台": "Front desk", "演示手持机": "Demonstration", "消控室1号": "Control room 1", "南门岗2号": "South gate 2",
    "宿管岗2号": "Wardens 2", "工程部4号": "Engineering 4", "维修3号": "Repairs 3", "复查1号": "Re-checks 1",
}  # fmt: skip
"""What the example calls its handhelds in English: an office writes one name, in its own language."""


def called(name: str, lang: str, *, old: bool = False) -> str:
    """A handheld's name; `old` is the one before it."""
    return f"{ENGLISH[name]}{' (old)' if old else ''}" if lang == "en" else f"{name}{'(旧)' if old else ''}"


def mishaps(plan: Plan, beat: Beat, slot: Slot, ago: int) -> Tricks | None:
    """What goes wrong: as the beat says, else now and then something, the same whenever it is asked."""
    if ago in beat.tricks:
        return beat.tricks[ago]
    if ago <= RECENT:
        return NO_TRICKS
    dice = random.Random(f"{plan.site.id} {beat.schedule} {ago}")  # noqa: S311 - a picture of a month, not a secret
    stops = [stop.id for stop in plan.route(slot.route).stops]
    window_s = (slot.closes - slot.opens).total_seconds()
    pair, reason = len(beat.crew) > 1, plan.why_alone[-1].id
    mishaps: tuple[tuple[float, Callable[[], Tricks | None]], ...] = (
        (0.010, lambda: None),
        (0.015, lambda: Tricks(miss=frozenset({dice.choice(stops)}))),
        (0.015, lambda: Tricks(late_s=max(LATE_S + 60, window_s - 600))),
        (0.040, lambda: Tricks(report={dice.choice(stops): (dice.choice(plan.categories).id, "")})),
        (0.010, lambda: Tricks(skip={dice.choice(stops): plan.skip_reasons[0].id})),
        (0.010, lambda: Tricks(recheck=False)),
        (0.010, lambda: Tricks(alone=reason) if pair else NO_TRICKS),
    )
    drawn = dice.random()
    for chance, mishap in mishaps:
        if drawn < chance:
            return mishap()
        drawn -= chance
    return NO_TRICKS
