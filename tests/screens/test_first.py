"""The first screen: what it says while the office is away, when a sheet is refused, and how a spare takes over."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from app import invitation
from app.errors import NotAllowed, OfficeAway, OfficeRefused, WatchbookError
from app.invitation import FROM_MS, HOUR_MS, Invitation
from app.logbook.book import Draft
from screens.first import FirstPage
from screens.gear import AGAIN
from screens.moving import MovePage
from screens.takeover import KnownPage
from screens.terminal import Terminal
from sync.wire import Other, OtherRound, Reached
from tests.screens.plans import label
from tests.screens.world import LARGE, SMALL, World, bodies, keys, pressed, scan, shows, text, until, world

SHEET = Invitation("https://office.example", "ABCDEFGHJKMNPQRSTVWX", FROM_MS + 10 * HOUR_MS)
ZH, EN = ("zh", SMALL), ("en", LARGE)


class Office(Struct):
    """The office's side of `sync.invited.Invited`: what it answers, in order."""

    answers: list[WatchbookError | None] = []
    others_known: tuple[Other, ...] | WatchbookError = ()
    came: list[Invitation] = []
    equipped: bool = False
    office: object | None = None
    shown: str = "ABC-DEF"
    gate: Any = None

    def come_in(self, sheet: Invitation, *, leave_round: bool = False) -> None:
        self._answer()
        self.came.append(sheet)
        self.office = object()

    def fetch(self) -> None:
        self._answer()
        self.equipped = True

    def _answer(self) -> None:
        if self.gate is not None:
            assert self.gate.wait(10)
        found = self.answers.pop(0) if self.answers else None
        if found is not None:
            raise found

    def site(self, lang: str) -> str:
        return "Cuihu"

    def others(self, by: str, post: str) -> tuple[Other, ...]:
        if isinstance(self.others_known, WatchbookError):
            raise self.others_known
        return self.others_known


def terminal(here: World, office: Office, lang: str, *, first: bool = True) -> Terminal:
    made = here.terminal(lang)
    made.gear = replace(made.gear, invited=lambda: office, first=first)
    return made


async def ended(app: Terminal) -> None:
    async with asyncio.timeout(30):
        while app.return_value is None:
            await asyncio.sleep(0.02)


def says(app: Terminal, zh: str, en: str) -> Callable[[], bool]:
    return lambda: "".join((zh if app.lang == "zh" else en).split()) in "".join(text(app).split())


async def test_without_a_network_it_says_so_and_goes_on_trying(tmp_path: Path) -> None:
    away = OfficeAway("sync.no_answer")
    office = Office(answers=[away, away, away, None, OfficeRefused("sync.unconfirmed"), None], gate=threading.Event())
    with world(tmp_path) as here:
        app = terminal(here, office, "en")
        async with app.run_test(size=LARGE) as pilot:
            await scan(pilot, invitation.written(SHEET))
            assert says(app, "正在找办公室", "Looking for the office")()
            office.gate.set()
            await until(pilot, says(app, "自己会再试", "It tries again by itself"))
            while office.answers:  # nobody need press a key; it is only sooner so
                await keys(pilot, "enter")
            await until(pilot, lambda: shows(app, FirstPage) and says(app, "可以用了", "> Ready")())
            assert office.came == [replace(SHEET, until=SHEET.until + HOUR_MS)]
            app.post_message(pressed("enter"))
            await ended(app)
        assert app.return_value == AGAIN


@pytest.mark.parametrize(
    ("look", "refusal", "zh", "en"),
    [
        (
            ZH,
            OfficeRefused("sync.enrol_code"),
            "这张入网单 01-01 19:00 就过期了",
            "This sheet was good until 01-01 19:00",
        ),
        (EN, OfficeRefused("sync.code_or_office"), "不是打印入网单的办公室", "Another office is at this address"),
        (ZH, NotAllowed("sync.address_form", url="x"), "入网单上的网址不能用", "The sheet's address cannot be used"),
    ],
)
async def test_a_sheet_that_is_refused_leads_back_with_a_sentence_that_helps(
    tmp_path: Path, look: tuple[str, tuple[int, int]], refusal: WatchbookError, zh: str, en: str
) -> None:
    lang, size = look
    with world(tmp_path) as here:
        app = terminal(here, Office(answers=[refusal]), lang)
        async with app.run_test(size=size) as pilot:
            await scan(pilot, invitation.written(SHEET))
            await until(pilot, lambda: says(app, "扫入网单上的二维码", "Scan the code on its sheet")())
            assert says(app, zh, en)(), text(app)


class TakenBack(Office):
    """The first sheet waits, and is then taken back; the second one is good."""

    asked: int = 0

    def fetch(self) -> None:
        self.asked += 1
        if len(self.came) == 1:
            raise OfficeRefused("sync.unconfirmed" if self.asked == 1 else "sync.revoked")
        self.equipped = True


async def test_one_that_the_office_took_back_may_be_given_another_sheet(tmp_path: Path) -> None:
    office = TakenBack()
    with world(tmp_path) as here:
        app = terminal(here, office, "en")
        async with app.run_test(size=LARGE) as pilot:
            await scan(pilot, invitation.written(SHEET))
            await until(pilot, says(app, "请办公室确认", "The office confirms"))
            await keys(pilot, "enter")
            await until(pilot, says(app, "已停用", "was withdrawn"))
            other = replace(SHEET, code=SHEET.code[::-1])
            await scan(pilot, invitation.written(other))
            await until(pilot, lambda: office.equipped)
        assert [each.code for each in office.came] == [SHEET.code, other.code]


async def test_the_sheet_is_typed_where_nothing_scans_and_a_slip_is_told_at_once(tmp_path: Path) -> None:
    office = Office()
    groups = invitation.groups(SHEET)
    wrong = groups[1][:2] + str((int(groups[1][2]) + 1) % 10) + groups[1][3:]
    with world(tmp_path) as here:
        app = terminal(here, office, "zh")
        async with app.run_test(size=SMALL) as pilot:
            await keys(pilot, f"3 {' '.join(groups[0])}")
            assert says(app, f"第2组 共{len(groups)}组", f"Group 2 of {len(groups)}")()
            await keys(pilot, " ".join(wrong))
            assert says(app, "第2组不对", "Group 2 is not right")()
            for group in groups[1:]:
                await keys(pilot, " ".join(group))
            await until(pilot, lambda: office.equipped)
        assert office.came == [replace(SHEET, until=0)]


async def test_before_a_handheld_goes_elsewhere_it_says_which_pictures_its_office_lacks(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        app = terminal(here, Office(office=object(), equipped=True), "en", first=False)
        async with app.run_test(size=LARGE) as pilot:
            await scan(pilot, invitation.written(SHEET))
            assert not says(app, "没上传的照片和文字", "Unsent pictures and texts")()
            await keys(pilot, "backspace")
            picture = here.book.attach(b"\xff\xd8\xff")
            here.book.append(Draft("finding.raised", {"attachments": [{"sha256": picture.sha256}]}))
            await scan(pilot, invitation.written(SHEET))
            assert shows(app, MovePage)
            assert says(app, "没上传的照片和文字1份", "Unsent pictures and texts (1)")()


async def test_an_enrolled_handheld_goes_elsewhere_only_with_a_supervisor(tmp_path: Path) -> None:
    office = Office(office=object(), equipped=True)
    with world(tmp_path) as here:
        app = terminal(here, office, "en", first=False)
        async with app.run_test(size=LARGE) as pilot:
            await scan(pilot, invitation.written(SHEET))
            assert shows(app, MovePage)
            assert says(app, "另起新记录本", "it begins a new logbook")()
            await scan(pilot, label("person:li-min"))
            assert says(app, "这张工牌没有这个权限", "This badge may not do that")()
            await keys(pilot, "backspace")
            assert not shows(app, MovePage)
            assert office.came == []
            await scan(pilot, invitation.written(SHEET))
            await scan(pilot, label("person:wang-fang"))
            await ended(app)
        assert (app.return_value, len(office.came)) == (AGAIN, 1)


OTHER = Other(
    "d1", "Gate 1", "ab" * 32, 40, 1_795_300_000_000, "gate", ("zhang-wei",),
    OtherRound("night@2026-11-21T22:00#abababab-1", "night@2026-11-21T22:00", "night", (Reached("power", 5),)),
)  # fmt: skip


@pytest.mark.parametrize(("look", "known"), [(ZH, (OTHER,)), (EN, ()), (ZH, OfficeAway("sync.no_answer"))])
async def test_a_spare_takes_over_by_a_supervisors_badge_with_or_without_the_office(
    tmp_path: Path, look: tuple[str, tuple[int, int]], known: tuple[Other, ...] | WatchbookError
) -> None:
    lang, size = look
    with world(tmp_path) as here:
        app = terminal(here, Office(others_known=known), lang, first=False)
        async with app.run_test(size=size) as pilot:
            await _open_take_over(app, pilot)
            await scan(pilot, label("person:li-min"))
            assert bodies(here, "handheld.took-over") == []
            await scan(pilot, label("person:wang-fang"))
            if not shows(app, KnownPage):
                await keys(pilot, "1")
            await until(pilot, lambda: not says(app, "正在问办公室", "Asking the office")())
            await keys(pilot, "enter")
            assert says(app, "请班员在这里重新签到", "The crew signs in here again")()
        (said,) = bodies(here, "handheld.took-over")
        assert ("before" in said) == (known == (OTHER,))
        assert said["method"] == "badge"


async def _open_take_over(app: Terminal, pilot: Any) -> None:
    await keys(pilot, "asterisk 0")
    row = next(line for line in text(app).splitlines() if "顶替坏机" in line or "Take over" in line)
    await keys(pilot, row.strip()[0])
