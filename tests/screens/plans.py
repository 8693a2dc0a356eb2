"""A small site for the screens: one night round of two, one inspection with every kind of check, three people."""

from collections.abc import Callable
from typing import Any

import msgspec

from app import codes
from app.duties.site import (
    Asset,
    Area,
    Category,
    Check,
    Checklist,
    Choice,
    Credentials,
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
from app.watch import Pages

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
    Point("gate", Text("南门岗亭", "South gate"), "west", Text("正门右边", "right of the main gate"),
          Text("门锁好 道闸正常", "gate locked, barrier works"), (tag(1),), True, "label", code="1001"),
    Point("power", Text("3号楼B1 配电室门外", "Bldg 3 B1, power room door"), "west",
          Text("楼梯下到B1,左转,红门旁", "down the stairs to B1, left, by the red door"),
          Text("门锁好 无异味 无异响", "door locked, no smell, no noise"), (tag(2),), True, "near", code="1002"),
    Point("shed", Text("充电棚", "E-bike shed"), "east", Text("6号楼后面", "behind building 6"),
          Text("无飞线 无冒烟", "no flying wires, no smoke"), (), True, "label", code="1003"),
    Point("roof", Text("7号楼顶 消防水箱", "Bldg 7 roof, fire tank"), "east", Text("乘电梯到18层再上一层", "lift to 18, one up"),
          Text("盖好 不溢水", "covered, not overflowing"), (tag(4),), False, "near", danger=True, code="1004"),
    Point("east", Text("东门车库入口", "East garage entrance"), "east", Text("", ""), Text("", ""), (tag(5),), True, code="1005"),
    Point("pond", Text("中心水景", "Central pond"), "east", Text("广场中间", "middle of the square"), Text("", ""), (tag(6),), True),
)  # fmt: skip

CHECKLISTS = (
    Checklist("door", Text("门外看一遍", "At the door"), (
        Check("lock", "ok", Text("门锁好", "Door locked"), Text("拉一下不动", "does not move when pulled")),
        Check("smell", "ok", Text("无异味异响", "No smell, no noise"), Text("闻一闻 听一听", "smell and listen")),
        Check("sign", "ok", Text("警示牌在", "Warning sign in place"), Text("看得清", "readable")),
    )),
    Checklist("room", Text("配电室每日检查", "Power room, daily"), (
        Check("auto", "choice", Text("消防泵控制柜位置", "Fire pump cabinet stands on"),
              choices=(Choice("auto", Text("自动", "automatic")), Choice("manual", Text("手动", "manual"), ok=False),
                       Choice("off", Text("停止", "off"), ok=False))),
        Check("volt", "number", Text("线电压 AB", "Line voltage AB"), unit="V", low="353", high="407", asset="1aa1",
              source="GB/T 12325"),
        Check("press", "number", Text("出口压力", "Outlet pressure"), unit="MPa", said=Text("公斤(1公斤约0.1)", "kg (1 kg is about 0.1)"),
              decimals=2, low="0.35", high="0.50"),
        Check("lamps", "count", Text("应急照明", "Emergency lamps"), Text("按一下亮", "lit when tested"), total=8),
        Check("clean", "ok", Text("无漏水 无杂物", "No leaks, nothing piled up")),
        Check("visit", "text", Text("今天有谁来过", "Who came today"), choices=(
              Choice("none", Text("没有人", "nobody")), Choice("book", Text("登记簿上有", "see the paper book")))),
    )),
)  # fmt: skip

ROUTES = (
    Route("night", "patrol", Text("夜间一巡线路", "Night route"), "fixed", (
        Stop("n1", "gate"), Stop("n2", "power", "door", 20), Stop("n3", "shed"), Stop("n4", "roof", None, 60),
        Stop("n5", "east"),
    ), ("guard",)),
    Route("plant", "inspection", Text("设备巡检", "Plant inspection"), "fixed", (Stop("p1", "power", "room"),), ("guard", "fitter")),
)  # fmt: skip

SCHEDULES = (
    Schedule("night-1", "night", Text("夜间一巡", "Night round 1"), "FREQ=DAILY", "22:00", 120, "2026-01-01", crew=2, recheck=True),
    Schedule("night-2", "night", Text("夜间二巡", "Night round 2"), "FREQ=DAILY", "00:00", 120, "2026-01-01", crew=2, recheck=True),
    Schedule("night-3", "night", Text("夜间三巡", "Night round 3"), "FREQ=DAILY", "02:00", 120, "2026-01-01", crew=2, recheck=True),
    Schedule("day-3", "night", Text("白天三巡", "Day round 3"), "FREQ=DAILY", "18:00", 180, "2026-01-01"),
    Schedule("plant", "plant", Text("配电室巡检", "Power room inspection"), "FREQ=DAILY", "20:00", 240, "2026-01-01"),
)  # fmt: skip

PHRASES = (
    Phrase("drip", Text("滴漏,已接桶", "dripping, bucket placed")),
    Phrase("leak", Text("明显漏水", "clearly leaking")),
    Phrase("flood", Text("地面积水", "water on the floor")),
    Phrase("live", Text("淋到带电设备", "water on live equipment")),
)
CATEGORIES = tuple(
    Category(name, Text(zh, en), kind, PHRASES, deadline, to)  # type: ignore[arg-type]
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
    site=Site("cuihu", Text("翠湖花园", "Jade Lake Garden"), "Asia/Shanghai"),
    revision=1,
    effective="2026-01-01",
    areas=(Area("west", Text("西片区", "West")), Area("east", Text("东片区", "East"))),
    points=POINTS,
    assets=(Asset("1aa1", Text("1AA1 进线柜", "1AA1 incoming cabinet"), "power"),),
    checklists=CHECKLISTS,
    routes=ROUTES,
    schedules=SCHEDULES,
    categories=CATEGORIES,
    skip_reasons=(
        Phrase("locked", Text("门锁着", "locked")),
        Phrase("works", Text("施工封闭", "closed for works")),
        Phrase("ill", Text("同伴不舒服", "partner is unwell")),
        Phrase("danger", Text("不安全", "not safe")),
    ),
    settings=Settings(label_after_s=8),
)
PEOPLE = People((
    Person("zhang-wei", Text("张伟", "Zhang Wei"), ("guard",), "1001"),
    Person("li-min", Text("李敏", "Li Min"), ("guard",), "1002"),
    Person("wang-fang", Text("王芳", "Wang Fang"), ("supervisor",), "2001"),
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
        return [walk(each) for each in value] if isinstance(value, list) else value

    told = walk(msgspec.to_builtins(plan)), walk(msgspec.to_builtins(people))
    return msgspec.convert(told[0], Plan), msgspec.convert(told[1], People)
