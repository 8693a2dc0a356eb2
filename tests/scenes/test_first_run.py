"""A handheld out of its box: one sheet, no shell. In a real terminal, by scanner, at a real office."""

import re
from pathlib import Path

import pytest

from app import invitation
from app.invitation import Invitation
from sync.office import admitting
from sync.office.keys import OfficeKey
from sync.office.store.devices import Wanted
from sync.wire import join_code
from tests.office.conftest import SITE, furnished
from tests.pty import Pty
from tests.scenes.day import BACK, ENTER, HourlyOffice, Hours, Keypad

pytestmark = pytest.mark.proof
BOSS, GUARD = "wang-qiang", "zhang-wei"


class NewHandheld(Keypad):
    size = (40, 20)

    def _started(self) -> Pty:
        columns, rows = self.size
        return Pty(self._run, cols=columns, rows=rows, env=self._env, cwd=Path(__file__).parents[2])

    def types_like_a_scanner(self, text: str) -> None:
        """A scanner that is a keyboard, as most are."""
        self.pty.send(text + "\r")


def key_of(office: HourlyOffice) -> bytes:
    return OfficeKey.open(office.folder).public


def sheet(office: HourlyOffice, name: str) -> Invitation:
    (issued,) = office.ask(office.store.devices.invite([Wanted(SITE, name)], office.now))
    return Invitation(office.url, join_code(issued.code, key_of(office)).replace("-", ""), issued.expires_at)


@pytest.mark.parametrize(("lang", "size"), [("zh", (40, 20)), ("en", (80, 24))])
def test_a_new_handheld_needs_one_sheet_and_a_person_who_says_yes(
    tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    hours = Hours(tmp_path / "clock", "14:00")
    office = HourlyOffice(furnished(tmp_path / "office"), hours)
    NewHandheld.size = size
    keypad = NewHandheld(tmp_path / "new", hours, office, lang)
    keypad.badges = {person: office.badge(person) for person in (BOSS, GUARD)}
    office.account(person=BOSS)
    try:
        _comes_in(keypad, office)
        _goes_nowhere_for_a_guard(keypad, office)
        keypad.goes_home()
    finally:
        keypad.close()
        office.close()


def _comes_in(it: NewHandheld, office: HourlyOffice) -> None:
    mine = sheet(office, "Gate 1")
    it.sees("扫入网单上的二维码", "Scan the code on its sheet")
    it.types_like_a_scanner(office.labels()["south-gate"])
    it.sees("这是点位标签或工牌", "it is a label or a badge")
    it.sees("好用,读到1次", "codes read: 1")
    it.types_like_a_scanner(invitation.written(mine))
    it.sees("请办公室确认", "The office confirms")
    shown = re.search(r"^ +([0-9A-Z]{3}-[0-9A-Z]{3}) *$", it.pty.text, re.MULTILINE)
    assert shown, it.pty.text
    (waits,) = office.ask(office.store.read(lambda tx: admitting.waiting(tx, key_of(office))))
    assert (waits.device.name, waits.shown) == ("Gate 1", shown[1]), "both sides show the same"
    it.dies()
    it.sees("请办公室确认", "The office confirms")
    it.sees(shown[1], shown[1])
    it.scan_text(it.badges[GUARD])
    it.sees("这不是本项目主管的工牌", "not the badge of a supervisor")
    it.scan_text(it.badges[BOSS])
    it.sees("项目 翠湖花园", "Site Cuihu Garden")
    it.press(ENTER)
    it.sees("还没有人签到", "Nobody has signed in yet")
    assert [record.kind for record in it.records()] == ["book.opened", "book.enrolled"]


def _goes_nowhere_for_a_guard(it: NewHandheld, office: HourlyOffice) -> None:
    it.signs_in(GUARD, "张伟", "Zhang Wei")
    it.types_like_a_scanner(invitation.written(sheet(office, "Gate 2")))
    it.sees("换到别处?", "Go elsewhere?")
    it.sees("当班和正在走的轮次在这里结束", "the shift and the round end here")
    it.scan_text(it.badges[GUARD])
    it.sees("这张工牌没有这个权限", "This badge may not do that")
    assert not any(record.kind == "book.closed" for record in it.records())
    it.looks()
    it.press(BACK)
    it.sees("当班: 张伟", "On shift: Zhang Wei")
