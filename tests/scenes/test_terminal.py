"""The whole job at the keypad: a real terminal of 40 by 20, digits and Enter, and the battery pulled in the middle."""

import json
import re
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from app.logbook.book import Logbook
from sync import standing
from tests.pty import NotSeen, Pty
from tests.scenes import office as offices

ROOT = Path(__file__).parent.parent.parent
ROUND = "夜间一巡"
ROOF = "b3-roof"
PARTNER = ("1002", "2222")
GUARD = ("1001", "1111")


def handheld(folder: Path) -> Pty:
    argv = [sys.executable, "-m", "screens", "demo", "--data-dir", str(folder), "--speed", "15", "--lang", "zh"]
    return Pty(argv, cols=40, rows=20, cwd=ROOT)


def identify(pty: Pty, number: str, pin: str) -> None:
    pty.wait_for("工号", 40)
    pty.send(f"{number}\r")
    pty.wait_for("密码")
    pty.send(f"{pin}\r")


def answer(pty: Pty) -> None:
    """One check, as it stands on the screen, answered as a guard would who finds all well."""
    screen = pty.text
    if "剩下的都正常" in screen:
        asked, keys = "剩下的都正常", "\r"
    elif "楼道灯亮几盏" in screen:
        asked, keys = "楼道灯亮几盏", "30\r"
    elif "试验栓静压" in screen:
        asked, keys = "试验栓静压", "42\r"  # two decimals: 0.42
    else:
        asked, keys = ("车道现在" if "车道现在" in screen else "充电区"), "1"
    pty.send(keys)
    pty.wait_gone(asked)


def stop_number(pty: Pty) -> int:
    """How many stops are done, from the round's title."""
    found = re.search(r"(\d+)/14 ", pty.text)
    assert found, pty.text
    return int(found[1])


def walk(pty: Pty, there: Callable[[], bool], seconds: float = 90) -> None:
    """Follow the screen until we are `there`: wait where it says go, answer what it asks."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pty.settle(0.15, 2)
        if there():
            return
        if re.search(r"剩下的都正常|楼道灯亮几盏|试验栓静压|车道现在|充电区", pty.text):
            pty.watch(0.8)  # a page that opened by itself takes no keys at first
            answer(pty)
    raise AssertionError(f"not there after {seconds} s:\n{pty.text}")


def hand_over(pty: Pty, stops: int) -> None:
    """Ask for another person on the way, once `stops` are done. A key beside an arrival is not heard: again later."""
    for done in range(stops, 13):
        walk(pty, lambda done=done: "> 去 " in pty.text and stop_number(pty) >= done)  # type: ignore[misc]
        pty.send("4")
        with suppress(NotSeen):
            pty.wait_for("工号", 5)
            return
    raise AssertionError(f"never heard:\n{pty.text}")


def report(pty: Pty) -> None:
    """A blocked fire lane, in five keys."""
    pty.send("\x1b[13~")  # F3
    pty.wait_for("占用消防车道")
    pty.send("1")
    pty.wait_for("车辆占用")
    pty.send("1")
    pty.wait_for("时限")
    pty.send("\r")
    pty.wait_for("已记: 车辆占用")


def port_of(folder: Path) -> int:
    return int(json.loads((folder / "stage.json").read_text(encoding="utf-8"))["port"])


def not_listening(port: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)):
                return True
        time.sleep(0.1)
    return False


@pytest.mark.proof
def test_why_a_demonstration_has_no_office_stands_where_people_sign_in(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stage = {"labels": {}, "pins": {"zhang-wei": "1111", "li-jun": "2222"}, "port": port}
        (tmp_path / "stage.json").write_text(json.dumps(stage), encoding="utf-8")
        (tmp_path / "handheld").mkdir()
        with handheld(tmp_path) as pty:
            pty.wait_for(f"端口{port}被占用", 40)


@pytest.mark.proof
def test_a_round_by_key_presses_survives_a_pulled_battery_and_reaches_the_office(tmp_path: Path) -> None:
    with handheld(tmp_path) as pty:
        identify(pty, *GUARD)
        pty.wait_for("当班: 张伟")
        identify(pty, *PARTNER)
        pty.wait_for("李军 已签到")
        pty.send("\r")
        pty.wait_for("现在走")
        pty.send("\r")
        pty.wait_for("> 去 1")
        walk(pty, lambda: "禁止攀爬牌在" in pty.text)  # the fifth stop's checks are open
        pty.kill()
    assert not_listening(port_of(tmp_path), 10), "the office of the demonstration ends with it"

    records = [entry.record for entry in Logbook.read(tmp_path / "handheld").entries()]
    assert [record.body["stop"] for record in records if record.kind == "stop.arrived"][-1] == ROOF

    with handheld(tmp_path) as pty:
        identify(pty, *PARTNER)  # either of the crew goes on, at the same stop
        pty.wait_for("禁止攀爬牌在")
        hand_over(pty, 5)
        identify(pty, *PARTNER)
        pty.wait_for("> 去 ")
        report(pty)
        walk(pty, lambda: "走完" in pty.text)
        pty.send("\r")
        pty.wait_for("应巡 14  实巡 14  漏检 0")
        assert "问题 1" in pty.text
        desk = re.search(r"(http://127\.0\.0\.1:\d+)\s+账号 (\S+)\s+密码\s+(\S+)", pty.text)
        assert desk, pty.text
        assert not re.search(r"Q:0 ", pty.text)
        pty.send("\x1b[15~")  # F5
        pty.wait_for("Q:0 ", 30)
        with offices.browser(desk[1], user=desk[2], password=desk[3]) as browser:
            listing = browser.get("/rounds?lang=zh").text
        assert ROUND in listing
        pty.signal(signal.SIGTERM)
        assert pty.exit_code() == 0
        assert pty.left_behind() == []
        pty.wait_for("演示结束:走完1轮")
        assert f"-m screens demo --data-dir \\{tmp_path}" in "".join(pty.text.split("\n"))
    book = Logbook.read(tmp_path / "handheld")
    entries = list(book.entries())
    assert [entry.record.seq for entry in entries] == list(range(1, book.head.seq + 1))
    assert book.acked >= next(entry.record.seq for entry in entries if entry.record.kind == "round.finished")
    assert not book.opening.damage
    off = standing.load(tmp_path / "handheld").off
    assert off is not None
    assert abs(off) < 5000, "one staged time for the handheld and the office, fifteen times as fast"
