"""A small site with cleaning: five places, work twice a day, daily, twice a week; a team and its leader."""

from msgspec.structs import replace

from app.duties.site import (
    Check,
    Checklist,
    Grant,
    People,
    Person,
    Post,
    Route,
    Schedule,
    SignIn,
    Stop,
    Text,
    WorkTeam,
)
from tests.screens import plans

T = Text
BINS = Check("bins", "ok", T("垃圾桶已清", "Bins emptied"), T("桶外无垃圾", "nothing beside"))
RUBBISH = Checklist("c-rubbish", T("收垃圾", "Rubbish"), (BINS,))
DAILY = Checklist(
    "c-daily",
    T("每日", "Daily"),
    (
        Check("sweep", "ok", T("扫地", "Swept"), T("地面无垃圾无积水", "no litter, no puddle")),
        Check("lift", "ok", T("电梯门轿厢", "Lift door and car"), T("无手印无小广告", "no prints, no stickers")),
    ),
)
WIPED = Check("rails", "ok", T("扶手", "Rails"), T("摸过无灰", "no dust to the hand"))
RAILS = Checklist("c-rails", T("扶手", "Rails"), (WIPED,))
PH = Check("ph", "number", T("酸碱度", "pH"), decimals=1, low="7.0", high="7.8")
POOL = Checklist("c-pool", T("泳池", "Pool"), (PH,))


def _route(id: str, name: Text, checklist: str, points: tuple[str, ...], kind: str = "cleaning") -> Route:
    stops = tuple(Stop(point, point, checklist) for point in points)
    return Route(id, kind, name, "free", stops, ("gardener" if kind == "greening" else "cleaner",))


ROUTES = (
    _route("rubbish", T("收垃圾", "Rubbish"), "c-rubbish", ("gate", "power")),
    _route("daily", T("每日保洁", "Daily cleaning"), "c-daily", ("gate", "power", "east")),
    _route("rails", T("扶手", "Rails"), "c-rails", ("power", "pond")),
    _route("grounds", T("绿化", "Grounds"), "c-daily", ("pond",), "greening"),
    _route("pool", T("泳池", "Pool"), "c-pool", ("pond",)),
)
EVERY_DAY, SINCE = "FREQ=DAILY", "2026-01-01"
SCHEDULES = (
    Schedule("rubbish-am", "rubbish", T("收垃圾上午", "Rubbish, morning"), EVERY_DAY, "06:30", 120, SINCE),
    Schedule("rubbish-pm", "rubbish", T("收垃圾下午", "Rubbish, afternoon"), EVERY_DAY, "13:00", 120, SINCE),
    Schedule("daily", "daily", T("每日保洁", "Daily"), EVERY_DAY, "07:30", 300, SINCE),
    Schedule("rails", "rails", T("扶手", "Rails"), "FREQ=WEEKLY;BYDAY=MO,TH", "07:30", 500, SINCE),
    Schedule("grounds", "grounds", T("绿化", "Grounds"), EVERY_DAY, "08:00", 300, SINCE),
    Schedule("pool", "pool", T("泳池", "Pool"), EVERY_DAY, "08:00", 300, SINCE),
)
NAMES = (
    ("zhao", T("赵桂兰", "Zhao Guilan"), "3001"),
    ("qian", T("钱秀英", "Qian Xiuying"), "3002"),
    ("sun", T("孙领班", "Sun, leader"), "3009"),
    ("ye", T("叶长根", "Ye Changgen"), "3010"),
)
PLAN = replace(
    plans.PLAN,
    grants=(
        *plans.PLAN.grants,
        Grant("zhao", ("cleaner",)),
        Grant("qian", ("cleaner",)),
        Grant("sun", ("leader", "cleaner")),
        Grant("ye", ("gardener",)),
    ),
    posts=(Post("cleaning", T("保洁班", "Cleaning team"), 8, roles=("cleaner", "leader")),),
    checklists=(*plans.PLAN.checklists, RUBBISH, DAILY, RAILS, POOL),
    routes=(*plans.PLAN.routes, *ROUTES),
    schedules=(*plans.PLAN.schedules, *SCHEDULES),
    sign_in=(SignIn("cleaner", ("typed", "leader")), SignIn("gardener", ("typed",))),
    teams=(WorkTeam("team-1", T("保洁一班", "Cleaning team 1"), "sun", ("zhao", "qian")),),
)
PEOPLE = People((*plans.PEOPLE.people, *(Person(id, name, number) for id, name, number in NAMES)))
