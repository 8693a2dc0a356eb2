"""Five days of a crew, each walked by keys and labels through the real terminal, in both languages; then the office
reads what was done, and the book is sound.
"""

from pathlib import Path

import pytest

from app import codes
from tests.scenes.day import BACK, ENTER, F3, Keypad, bodies, handheld

pytestmark = pytest.mark.proof
BOTH = pytest.mark.parametrize("lang", ["zh", "en"])
WAY = {
    "control-room": "", "pr1-door": ENTER, "b3-roof": f"{ENTER}35{ENTER}", "b4-u1": "", "fire-lane-north": "1",
    "gas-box": ENTER, "b6-u2": "", "pr2-door": ENTER, "rubbish-2": "", "fitness": ENTER, "shed-1": f"1{ENTER}",
}  # fmt: skip
"""Stops 3 to 13 of a night round, and the keys that answer what is looked at there."""


@BOTH
def test_a_cleaners_morning(tmp_path: Path, lang: str) -> None:
    """Team by its leader, places scanned, Enter is all done, one exception."""
    with handheld(tmp_path, "07:35", lang, "zhao-guilan") as she:
        she.signs_in("zhao-guilan", "赵桂兰", "Zhao Guilan")
        she.press(ENTER)
        she.sees("今天的地点 0/20", "Places 0/20")
        she.press("7")
        she.choose("保洁一班", "Cleaning team 1")
        she.sees("谁来了", "who is here")
        she.choose("张玉兰", "Zhang Yulan")
        she.sees("[ ] 张玉兰", "[ ] Zhang Yulan")
        she.press(ENTER)
        she.sees("4人已由领班签到", "4 signed in by the leader")

        for place, zh, en in (
            ("b1-u1", "1号楼1单元大堂", "Bldg 1 unit 1, lobby"),
            ("b1-u2", "1号楼2单元大堂", "Bldg 1 unit 2, lobby"),
        ):
            she.scan("point", place)
            she.sees(f"到了 {zh}", f"At {en}")
            she.looks()
            she.keys = 0
            she.press(ENTER)
            she.sees(f"{zh} 做好5项", f"{en}: 5 done")
            assert she.keys == 1, "a place with nothing wrong is scan, Enter"
        she.scan("point", "b2-u1")
        she.sees("到了 2号楼1单元大堂", "At Bldg 2 unit 1, lobby")
        she.looks()
        she.keys = 0
        she.choose("扫地", "Swept")
        she.choose("积水过不去", "Under water")
        she.sees("扫地 没做,已记", "Noted: Swept not done")
        she.press(ENTER)
        she.sees("做好4项", "4 done")
        assert she.keys == 3, "an exception is the item, the reason, and Enter for the rest"
        she.sees("今天的地点 3/12", "Places 3/12")
        she.goes_home()

        answered = she.records("check.answered")
        failed = [each.body for each in answered if not each.body["ok"]]
        assert len(answered) == 15
        assert [(each["stop"], each["check"]) for each in failed] == [("b2-u1", "sweep")]
        read = she.office_reads()
        assert ("王秀英" if lang == "zh" else "Wang Xiuying") in read
        assert ("张玉兰" if lang == "zh" else "Zhang Yulan") not in read, "who was not there is nowhere"


@BOTH
def test_a_wardens_evening(tmp_path: Path, lang: str) -> None:
    """Visitors in and out, still inside after the limit, bed check, spare key, late return."""
    with handheld(tmp_path, "21:55", lang, "shi-lanying") as she:
        she.signs_in("shi-lanying", "石兰英", "Shi Lanying")
        she.press(ENTER)
        she.sees("当班: 石兰英", "On shift: Shi Lanying")

        def opens(zh: str, en: str) -> None:
            she.goes_to_more("登记簿", "registers")
            she.sees("宿舍访客登记", "Dormitory visitors")
            she.choose(zh, en)

        def writes(*answers: str) -> None:
            for number, answer in enumerate(answers, start=1):
                she.sees(f"{number}/{len(answers)}", f"{number}/{len(answers)}")
                she.press(answer)
            she.sees("已记:", "Recorded:")

        opens("宿舍访客登记", "Dormitory visitors")
        for room, phone in (("301", "4710"), ("412", "8822")):
            she.press(ENTER)
            writes(room + ENTER, phone + ENTER, "1" + ENTER)
        she.press("1")
        she.sees("301", "301")
        she.press(ENTER)
        she.sees("已离开", "Left")
        she.press(BACK * 2)
        she.hours.later(40)
        opens("宿舍访客登记", "Dormitory visitors")
        she.sees("412;", "412;")
        she.sees("超时", "over the limit")
        she.press("1")
        she.sees("8822", "8822")
        she.press(ENTER)
        she.sees("已离开,超过时限,已标记", "Left, after the limit: marked")
        she.press(BACK * 2)
        opens("查寝", "Bed check")
        writes("301" + ENTER, "4" + ENTER, "3")
        opens("备用钥匙借还", "Spare keys")
        she.press(ENTER)
        writes("305" + ENTER, "1234" + ENTER)
        she.press("1")
        she.sees("305", "305")
        she.press(ENTER)
        she.sees("已归还", "Returned")
        she.press(BACK * 2)
        opens("晚归登记", "Late returns")
        writes("301" + ENTER, "2" + ENTER, "1")
        she.goes_home()

        lines = she.records("register.entered")
        assert [each.body["register"] for each in lines] == [
            "dorm-visitors", "dorm-visitors", "bed-check", "spare-keys", "late-return",
        ]  # fmt: skip
        read = she.office_reads()
        assert "412" in read
        assert "4710" not in read, "what is personal stands apart"


@BOTH
def test_a_fitters_day(tmp_path: Path, lang: str) -> None:
    """An inspection with readings, an asset's sheet, an order by radio from taking it to the customer's code."""
    with handheld(tmp_path, "15:05", lang, "gao-feng") as he:
        he.signs_in("gao-feng", "高峰", "Gao Feng")
        he.press(ENTER)
        he.sees("> 配电室下午", "> Power rooms, afternoon")

        he.scan_text(codes.make(1, bytes(range(10))))
        he.sees("不认识这个码", "Unknown code")
        he.scan("asset", "tr-1")
        he.sees("停电 验电 挂接地线后才能开柜门", "Isolate, test for voltage and earth it before opening")
        he.looks()
        he.press(BACK)
        he.sees("现在走", "Due now")
        he.press(ENTER)
        for place in ("pr1-room", "pr2-room"):
            he.sees("> 去", "> Go to")
            he.scan("point", place)
            he.sees("室温", "Room temperature")
            he.looks()
            if place == "pr1-room":
                he.press("26a")
                he.sees("字母在这里没有用", "Letters mean nothing here")
                he.press("000" + ENTER)
                he.sees("输的是26000C。是不是 26C?", "You typed 26000 C. Is it 26 C?")
                he.press("1")
            else:
                he.press("26" + ENTER)
            he.sees("湿度", "Humidity")
            he.press("48" + ENTER)
            he.sees("> 无异响无异味", "> No noise, no smell")
            he.keys = 0
            he.press("1")
            he.sees("> 指示灯正常", "> Indicators right")
            assert he.keys == 1, "an inspection item is one key"
            he.hours.later(0.2)
            he.press("1")
            he.sees("> 无渗水", "> No seepage")
            he.press("1")
        he.sees("走完", "finish")
        he.press(ENTER)
        he.sees("应巡 2  实巡 2  漏检 0", "planned 2  done 2  missed 0")
        he.press(ENTER)

        he.sees("9 接单", "9 take an order")
        he.keys = 0
        he.press("9")
        he.choose("灯不亮", "Lamp out")
        he.sees("房号", "Room")
        he.press("501" + ENTER)
        he.sees("一盏不亮 501", "One lamp 501")
        assert he.keys == 6, "an order by radio is six keys, with its room"
        he.press(ENTER)
        he.sees("已接单", "Accepted")
        he.press(ENTER)
        he.sees("已出发", "On the way")
        he.hours.later(6)
        he.scan("point", "b3-u1")
        he.sees("已记到场: 扫了3号楼1单元大堂的标签", "Noted as there, by the label of Bldg 3 unit 1, lobby")
        he.looks()
        he.press(ENTER)
        he.sees("用了什么", "what was used")
        he.choose("LED灯泡9W", "LED lamp 9 W")
        he.sees("用了几个", "How many")
        he.press("2" + ENTER)
        he.sees("LED灯泡9W: 2只", "LED lamp 9 W: 2 pcs")
        he.press(ENTER)
        he.sees("客户怎么说", "What does the customer say")
        he.choose("给了确认码", "gave a code")
        he.press("4711" + ENTER)
        he.sees("工单完结", "The order is closed")

        he.press(ENTER)
        he.sees("9 接单", "9 take an order")
        he.press("9")
        he.choose("门窗玻璃", "Doors, windows")
        he.sees("房号", "Room")
        he.scan("point", "b3-u1")  # whoever calls stands there
        he.sees("位置: 3号楼1单元大堂", "Place: Bldg 3 unit 1, lobby")
        he.press(ENTER)
        he.sees("已接:", "Taken:")
        he.press(ENTER * 2)
        he.sees("已出发", "On the way")
        he.hours.later(4)
        he.scan("point", "b3-u1")
        he.sees("到场已证实: 3号楼1单元大堂", "There, proved: Bldg 3 unit 1, lobby")
        he.looks()
        he.goes_home()

        steps = ["order.taken", "order.accepted", "order.going", "order.arrived", "order.done", "order.confirmed"]
        kinds = [record.kind for record in he.records() if record.kind.startswith("order.")]
        assert kinds == [*steps, *steps[:4]]
        there = bodies(he.records("order.arrived"), "point", "proved", "grade")
        assert there == [("b3-u1", False, "label"), ("b3-u1", True, "label")], "a room alone is no place to prove"
        assert [value for (value,) in bodies(he.records("check.answered"), "value")][:2] == ["26", "48"]
        read = he.office_reads()
        assert ("修好 LED灯泡9W x2 现场已清理" if lang == "zh" else "LED lamp 9 W x2") in read
        assert ("湿度 48 %RH 正常" if lang == "zh" else "Humidity 48 %RH") in read
        for zh, en in (
            ("3号楼1单元大堂 扫码证实", "Bldg 3 unit 1, lobby proved by the label"),
            ("扫了此处标签,不能证明就是该到的位置", "its label was read; that this is the place is not proved"),
        ):
            assert (zh if lang == "zh" else en) in read


@BOTH
def test_a_flood_call_out(tmp_path: Path, lang: str) -> None:
    """The order, two teams in time and one late, tasks ticked and one taken back, reports, the end."""
    with handheld(tmp_path, "16:05", lang, "wang-qiang", "gao-feng") as they:
        they.signs_in("wang-qiang", "王强", "Wang Qiang")
        they.signs_in("gao-feng", "高峰", "Gao Feng")
        they.press(ENTER)
        they.sees("当班: 王强 高峰", "On shift: Wang Qiang Gao Feng")
        they.goes_to_more("应急预案和通讯录", "emergencies, whom to call")
        they.choose("防汛", "Flood")
        they.sees("大雨持续半小时", "Heavy rain for half an hour")
        they.press("1")
        they.sees("您在哪一组", "Which team are you")
        they.hours.later(18)
        they.choose("抢险组", "Rescue")
        they.sees("车库坡道口堆沙袋", "Sandbags at the ramps")
        they.press(ENTER)
        they.sees("抢险组到位,已记", "Rescue is there: recorded")
        they.looks()
        for zh, en in (
            ("车库坡道口堆沙袋", "Sandbags at the ramps"),
            ("潜污泵全部开到自动", "All sump pumps on automatic"),
        ):
            they.press(ENTER)
            they.sees(f"{zh} 已记", f"{en} recorded")
            they.looks()
        they.press("2")
        they.sees("这一步已打勾", "Ticked already")
        they.press("1")
        they.sees("已撤回: 潜污泵", "Taken back: All sump pumps")
        they.press(ENTER)
        they.sees("潜污泵全部开到自动 已记", "All sump pumps on automatic recorded")
        they.looks()
        they.press(ENTER)
        they.sees("清理雨水口 已记", "Clear the drains recorded")
        they.looks()
        they.press("9")
        they.choose("积水已排除", "Water is gone")
        they.sees("已汇报: 积水已排除", "Reported: Water is gone")
        they.press(BACK)
        they.sees("您在哪一组", "Which team are you")

        they.hours.later(24)
        they.choose("疏散组", "People")
        they.sees("通知车主移车", "Have cars moved")
        they.press(ENTER)
        they.sees("疏散组到位,超过40分钟,已标记", "People is there, after more than 40 min: marked")
        they.looks()
        they.press("8")
        they.sees("警示锥 应12", "Cones should be 12")
        they.press("11" + ENTER)
        they.sees("警示锥 11/12 缺1", "Cones 11/12, 1 missing")
        they.press("9")
        they.choose("解除,人员撤回", "Stood down")
        they.sees("已汇报: 解除", "Reported: Stood down")
        they.press(BACK)
        they.sees("您在哪一组", "Which team are you")
        they.press(ENTER)
        they.sees("本机没有这些组的汇报: - 供电组", "No report on this handheld from: - Power")
        they.press("1")
        they.sees("防汛已结束", "Flood call-out has ended")
        they.goes_home()

        ticked = bodies(they.records("procedure.ticked", "procedure.unticked"), "team", "step")
        assert [step for _, step in ticked] == ["sandbags", "pumps", "pumps", "pumps", "drains"]
        assert bodies(they.records("procedure.assembled"), "team", "late") == [("rescue", False), ("people", True)]
        read = they.office_reads()
        for zh, en in (
            ("启动预案:防汛", "Flood call-out"),
            ("撤回一步(误记):潜污泵全部开到自动", "All sump pumps on automatic"),
            ("汇报:抢险组 积水已排除", "Water is gone"),
        ):
            assert (zh if lang == "zh" else en) in read


def tries_photos(he: Keypad) -> None:
    """A file of 50 MB and one that is no picture are refused in a sentence each, and the report is made without."""
    pictures = he.folder / "photos"
    pictures.mkdir(exist_ok=True)
    with (pictures / "a.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(50 * 2**20)
    (pictures / "b.jpg").write_text("the minutes of a meeting")
    he.press(F3)
    he.sees("是哪一类", "What kind is it")
    he.choose("漏水", "Leak")
    he.sees("怎么样", "What is it like")
    he.press("1")
    he.sees("时限", "Due")
    he.press("9")
    he.sees("a.jpg", "a.jpg")
    he.choose("a.jpg", "a.jpg")
    he.sees("文件超过 24 MB,不读", "larger than 24 MB: not read")
    he.press("9")
    he.sees("没有照片", "No photo")
    he.press("9")
    he.sees("b.jpg", "b.jpg")
    he.choose("b.jpg", "b.jpg")
    he.sees("不是图片", "not a picture")
    he.press(BACK)
    he.sees("时限", "Due")
    he.press(ENTER)
    he.sees("已记:", "Recorded:")


@BOTH
def test_a_guards_night(tmp_path: Path, lang: str) -> None:
    """A finding, a handheld that dies on the round, the next round entered from paper, a lone worker's answer."""
    with handheld(tmp_path, "22:05", lang, "zhang-wei", "li-jun", "wang-qiang") as he:
        he.signs_in("zhang-wei", "张伟", "Zhang Wei")
        he.scan_text(he.badges["zhang-wei"])
        he.sees("张伟本人已经签到", "Zhang Wei is signed in already")
        he.signs_in("li-jun", "李军", "Li Jun")
        he.press(ENTER)
        he.sees("> 夜间一巡", "> Night round 1")
        he.press(ENTER)
        he.sees("> 去 1", "> Go to 1")
        he.scan("point", "south-gate")
        he.sees("> 道闸", "> Barrier and access work")
        he.looks()
        he.press(ENTER)
        he.sees("> 去 2", "> Go to 2")
        he.hours.later(4)
        he.keys = 0
        he.press(F3)
        he.sees("是哪一类", "What kind is it")
        he.choose("占用消防车道", "Fire lane blocked")
        he.sees("怎么样", "What is it like")
        he.choose("车辆占用", "A vehicle")
        he.sees("时限", "Due")
        he.press(ENTER)
        he.sees("已记: 车辆占用", "Recorded: A vehicle")
        assert he.keys <= 6, "a report is at most six keys"
        tries_photos(he)
        he.press("4")
        he.sees("途中再签一次", "Sign in again on the way")
        he.scan_text(he.badges["zhang-wei"])
        he.sees("张伟已签, 还要同伴来签", "Zhang Wei has signed in; now the partner")
        he.sees("李军途中再签", "Li Jun signs again")  # who was there already is not the partner
        he.looks()
        he.press("4")
        he.scan_text(he.badges["li-jun"])
        he.sees("> 去 2", "> Go to 2")
        he.scan("point", "b1-u1")
        he.sees("楼道灯亮几盏", "Stair lamps lit")
        he.dies()

        he.hours.later(20)
        he.sees("班还开着", "The shift is still open")
        he.sees_not("选姓名", "choose a name")  # guards show a badge or a PIN
        he.scan_text(he.badges["li-jun"])
        he.sees("李军 已解锁", "Li Jun has unlocked")
        he.sees("楼道灯亮几盏", "Stair lamps lit")
        he.sees("静音 李军 F1", "silent Li Jun F1")  # the row names who unlocked
        he.looks()
        he.press("30" + ENTER)
        for place, (point, answers) in enumerate(WAY.items(), start=3):
            he.sees(f"> 去 {place}", f"> Go to {place}")
            he.hours.later(4)
            he.scan("point", point)
            if answers:
                he.sees_not(f"> 去 {place}", f"> Go to {place}")
                he.looks()
                he.press(answers)
        he.sees("> 去 14", "> Go to 14")
        he.press("5")
        he.sees("还有1个点没到", "Not reached, will be missed: 1")
        he.press("1")
        he.sees("9 ", "9 finish now")
        he.press("9")
        he.sees("应巡 14  实巡 13  漏检 1", "planned 14  done 13  missed 1")
        he.press(ENTER)
        he.hours.later(170)
        he.goes_to_more("说明 免巡 补录", "explain, excuse")
        he.choose("补录", "Enter a round from paper")
        he.sees("要主管的工牌", "A supervisor's badge")
        he.scan_text(he.badges["wang-qiang"])
        he.sees("补哪一轮", "Which round")
        he.looks()
        he.choose("夜间二巡", "Night round 2")
        he.sees("哪一天的", "Of which day")
        he.choose("11-27 00:00-02:00", "11-27 00:00-02:00")
        he.sees("纸单号", "Sheet no")
        he.press("88" + ENTER)
        for number, who in (("1001", "张伟|Zhang Wei"), ("1002", "李军|Li Jun")):
            zh, _, en = who.partition("|")
            he.press(number + ENTER)
            he.sees(zh, en)
        he.press(ENTER)
        he.sees("0/14", "0/14")
        he.press("2561" + ENTER)
        he.sees("这个时间不对,这一轮是11-27 00:00-02:00", "That is no time of this round: 11-27 00:00-02:00")
        for place, minute in enumerate(range(5, 103, 7)):
            he.press(f"{minute // 60:02}{minute % 60:02}" + ("2" if place == 4 else ENTER))
            he.sees(f"{place + 1}/14", f"{place + 1}/14")
        he.sees("到点14/14, 有问题1", "Reached 14 of 14, not in order 1")
        he.press(ENTER)
        he.sees("夜间二巡 已补录", "Night round 2: entered")

        he.press("*")
        he.sees("下班/交班", "sign out")
        he.press("8")
        he.choose("李军 下班", "Li Jun signs out")
        he.sees("李军 已下班", "Li Jun has signed out")
        he.press("6")
        he.choose("东门岗", "East gate post")
        he.sees("岗位: 东门岗", "Post: East gate post")
        he.hours.later(60.2)
        he.press("*")
        he.sees("一切平安吗", "All well?")
        he.looks()
        he.press(ENTER)
        he.sees("已记: 平安", "Recorded: you are well")
        he.goes_home()
        (entered,) = he.records("round.late-entry")
        assert (entered.by, entered.body["paper"], len(entered.body["stops"])) == (("wang-qiang",), "88", 14)
        assert len(he.records("lone.answered")) == 1
        read = he.office_reads()
        assert ("平安确认" if lang == "zh" else "is well") in read
        assert ("车辆占用" if lang == "zh" else "A vehicle") in read
