"""A small site for the screens: one night round of two, one inspection with every kind of check, three people."""

from collections.abc import Callable
from typing import Any

import msgspec

from app import codes
from app.duties.site import (
    Area,
    Asset,
    Category,
    Check,
    Checklist,
    Choice,
    Credentials,
    Grant,
    People,
    Person,
    Phrase,
    Plan,
    Point,
    Route,
    Schedule,
    Settings,
    Site,
    Stop,
    Tag,
    Text,
)
from app.pages import Pages

T = Text

UUID = "fda50693-a4e2-4fb1-afcf-c6eb07647825"
SALT = "00112233445566778899aabbccddeeff"
PINS = {"zhang-wei": "1234", "li-min": "5678", "wang-fang": "2468"}
_HASHED = {person: codes.hash_pin(pin, bytes(16)) for person, pin in PINS.items()}


def token(name: str) -> bytes:
    """The token of a label or badge: tests print what the office would."""
    return name.encode().ljust(codes.TOKEN_BYTES, b".")[: codes.TOKEN_BYTES]


def label(name: str) -> str:
    """What the label or badge of `name` (`point:gate`, `person:li-min`) reads."""
    return codes.make(0, token(name.partition(":")[2]))


def tag(minor: int) -> Tag:
    return Tag("ibeacon", f"{UUID}/10001/{minor}", near=-60)


POINTS = (
    Point("gate", T("南门岗亭", "South gate"), "west", T("正门右边", "right of the main gate"),
          T("门锁好 道闸正常", "gate locked, barrier works"), (tag(1),), True, "label", code="1001"),
    Point("power", T("3号楼B1 配电室门外", "Bldg 3 B1, power room door"), "west",
          T("楼梯下到B1,左转,红门旁", "down the stairs to B1, left, by the red door"),
          T("门锁好 无异味 无异响", "door locked, no smell, no noise"), (tag(2),), True, "near", code="1002"),
    Point("shed", T("充电棚", "E-bike shed"), "east", T("6号楼后面", "behind building 6"),
          T("无飞线 无冒烟", "no flying wires, no smoke"), (), True, "label", code="1003"),
    Point("roof", T("7号楼顶 消防水箱", "Bldg 7 roof, fire tank"), "east",
          T("乘电梯到18层再上一层", "lift to 18, one up"), T("盖好 不溢水", "covered, not overflowing"),
          (tag(4),), False, "near", danger=True, code="1004"),
    Point("east", T("东门车库入口", "East garage entrance"), "east", tags=(tag(5),), label=True, code="1005"),
    Point("pond", T("中心水景", "Central pond"), "east", T("广场中间", "in the square"), tags=(tag(6),), label=True),
)  # fmt: skip

CHECKLISTS = (
    Checklist("door", T("门外看一遍", "At the door"), (
        Check("lock", "ok", T("门锁好", "Door locked"), T("拉一下不动", "does not move when pulled")),
        Check("smell", "ok", T("无异味异响", "No smell, no noise"), T("闻一闻 听一听", "smell and listen")),
        Check("sign", "ok", T("警示牌在", "Warning sign in place"), T("看得清", "readable")),
    )),
    Checklist("room", T("配电室每日检查", "Power room, daily"), (
        Check("auto", "choice", T("消防泵控制柜位置", "Fire pump cabinet stands on"),
              choices=(Choice("auto", T("自动", "automatic")), Choice("manual", T("手动", "manual"), ok=False),
                       Choice("off", T("停止", "off"), ok=False))),
        Check("volt", "number", T("线电压 AB", "Line voltage AB"), unit="V", low="353", high="407",
              asset="1aa1", source="GB/T 12325"),
        Check("press", "number", T("出口压力", "Outlet pressure"), unit="MPa", decimals=2,
              said=T("公斤(1公斤约0.1)", "kg (1 kg is about 0.1)"), low="0.35", high="0.50"),
        Check("lamps", "count", T("应急照明", "Emergency lamps"), T("按一下亮", "lit when tested"), total=8),
        Check("clean", "ok", T("无漏水 无杂物", "No leaks, nothing piled up"), category="water"),
        Check("visit", "text", T("今天有谁来过", "Who came today"), choices=(
              Choice("none", T("没有人", "nobody")), Choice("book", T("登记簿上有", "see the paper book")))),
    )),
)  # fmt: skip

ROUTES = (
    Route("night", "patrol", T("夜间一巡线路", "Night route"), "fixed", (
        Stop("n1", "gate"), Stop("n2", "power", "door", 20), Stop("n3", "shed"), Stop("n4", "roof", None, 60),
        Stop("n5", "east"),
    ), ("guard",)),
    Route("plant", "inspection", T("设备巡检", "Plant inspection"), "fixed", (Stop("p1", "power", "room"),),
          ("guard", "fitter")),
)  # fmt: skip

DAILY, SINCE = "FREQ=DAILY", "2026-01-01"
SCHEDULES = (
    Schedule("night-1", "night", T("夜间一巡", "Night round 1"), DAILY, "22:00", 120, SINCE, crew=2, recheck=True),
    Schedule("night-2", "night", T("夜间二巡", "Night round 2"), DAILY, "00:00", 120, SINCE, crew=2, recheck=True),
    Schedule("night-3", "night", T("夜间三巡", "Night round 3"), DAILY, "02:00", 120, SINCE, crew=2, recheck=True),
    Schedule("dawn", "night", T("早间一巡", "Morning round"), DAILY, "06:00", 120, SINCE),
    Schedule("plant", "plant", T("配电室巡检", "Power room inspection"), DAILY, "20:00", 240, SINCE),
)  # fmt: skip

PHRASES = (
    Phrase("drip", T("滴漏,已接桶", "dripping, bucket placed")),
    Phrase("leak", T("明显漏水", "clearly leaking")),
    Phrase("flood", T("地面积水", "water on the floor")),
    Phrase("live", T("淋到带电设备", "water on live equipment")),
)
CATEGORIES = tuple(
    Category(name, T(zh, en), kind, PHRASES, deadline, to)
    for name, zh, en, kind, deadline, to in (
        ("water", "漏水", "Water leak", "finding", "2d", "fitter"),
        ("lamp", "灯不亮", "Lamp out", "finding", "2d", "fitter"),
        ("fire-lane", "消防通道堵塞", "Fire lane blocked", "hazard", "same-day", "supervisor"),
        ("wire", "飞线充电", "Flying-wire charging", "hazard", "1h", "supervisor"),
        ("e-bike", "电动车进楼", "E-bike taken upstairs", "hazard", "1h", "guard"),
        ("thrown", "高空抛物", "Things thrown from height", "finding", "same-day", "desk"),
        ("hawker", "摆摊小贩", "Hawkers", "finding", "30min", "guard"),
        ("parking", "占用他人车位", "Parking in another's place", "finding", "30min", "guard"),
        ("build", "违章搭建", "Illegal building", "finding", "same-day", "desk"),
        ("glass", "门窗玻璃坏", "Glass, doors, windows", "finding", "2wd", "fitter"),
        ("dirt", "卫生差", "Dirty", "finding", "same-day", "cleaner"),
    )
)

PLAN = Plan(
    site=Site("cuihu", T("翠湖花园", "Jade Lake Garden"), "Asia/Shanghai"),
    revision=1,
    effective="2026-01-01",
    grants=(Grant("zhang-wei", ("guard",)), Grant("li-min", ("guard",)), Grant("wang-fang", ("supervisor",))),
    areas=(Area("west", T("西片区", "West")), Area("east", T("东片区", "East"))),
    points=POINTS,
    assets=(Asset("1aa1", T("1AA1 进线柜", "1AA1 incoming cabinet"), "power"),),
    checklists=CHECKLISTS,
    routes=ROUTES,
    schedules=SCHEDULES,
    categories=CATEGORIES,
    skip_reasons=(
        Phrase("locked", T("门锁着", "locked")),
        Phrase("works", T("施工封闭", "closed for works")),
        Phrase("ill", T("同伴不舒服", "partner is unwell")),
        Phrase("danger", T("不安全", "not safe")),
    ),
    alone_reasons=(
        Phrase("partner-ill", T("同伴生病", "partner is ill")),
        Phrase("partner-absent", T("同伴没到岗", "partner did not come")),
    ),
    settings=Settings(label_after_s=8),
)
PEOPLE = People((
    Person("zhang-wei", T("张伟", "Zhang Wei"), "1001"),
    Person("li-min", T("李敏", "Li Min"), "1002"),
    Person("wang-fang", T("王芳", "Wang Fang"), "2001"),
))  # fmt: skip


def pages(plan: Plan = PLAN, people: People = PEOPLE) -> Pages:
    """What the office would have sent."""
    names = [f"point:{point.id}" for point in plan.points] + [f"person:{person.id}" for person in people.people]
    names += [f"asset:{asset.id}" for asset in plan.assets]
    found = {codes.digest(SALT, token(name.partition(":")[2])): f"{name}/00" for name in names}
    return Pages(plan, people, Credentials(SALT, found, _HASHED))


def rewritten(plan: Plan, people: People, change: Callable[[str], str]) -> tuple[Plan, People]:
    """The same plan and people with every shown text put through `change`."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            texts = set(value) <= {"zh", "en"} and value
            return {key: change(inner) if texts and inner else walk(inner) for key, inner in value.items()}
        return [walk(each) for each in value] if isinstance(value, list | tuple) else value

    told = walk(msgspec.to_builtins(plan)), walk(msgspec.to_builtins(people))
    return msgspec.convert(told[0], Plan), msgspec.convert(told[1], People)
