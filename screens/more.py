"""More: what a post does beside rounds, behind `*` `0`. Each crew sees what its roles need."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from app.duties import life
from app.equipment import Equipment
from app.errors import WatchbookError
from app.keeping import Keeping
from app.watch import Watch
from app.words import say
from app.work import Work
from screens.choices import ListPage
from screens.equipment import EquipmentPage
from screens.gear import Gear
from screens.handover import page_for
from screens.matters import MattersPage
from screens.orders import OrdersPage, TakePage
from screens.page import Page
from screens.procedures import ProceduresPage
from screens.registers import RegistersPage
from screens.times import clock
from screens.witness import WitnessPage

if TYPE_CHECKING:
    from screens.terminal import Terminal


class Item(Struct, frozen=True):
    words: str
    page: Callable[[Gear], Awaitable[Page]]
    shown: Callable[[Gear], bool] = lambda gear: True


class Act(Struct, frozen=True):
    """What is done at once, and opens no page in place of this one."""

    words: Callable[["Terminal"], str]
    act: Callable[["Terminal"], Awaitable[None]]
    shown: Callable[[Gear], bool] = lambda gear: True


async def _registers(gear: Gear) -> Page:
    return RegistersPage(Keeping.of(gear.watch).registers())


async def _procedures(gear: Gear) -> Page:
    return ProceduresPage(gear.watch)


async def _take(gear: Gear) -> Page:
    return TakePage(Work.of(gear.watch).order_categories())


async def _orders(gear: Gear) -> Page:
    return OrdersPage()


async def _matters(gear: Gear) -> Page:
    return MattersPage()


async def _equipment(gear: Gear) -> Page:
    return EquipmentPage(Equipment.of(gear.watch).places_of_assets(), Equipment.of(gear.watch).falling_due())


async def _afterwards(gear: Gear) -> Page:
    from screens.afterwards import open_page

    return await open_page(gear)


async def _returned(gear: Gear) -> Page:
    from screens.returned import open_page

    return await open_page(gear)


def _sent_back(gear: Gear) -> bool:
    if "reviews" not in gear.watch.state.shares:
        return False
    from app.returned import Answering

    return bool(Answering.of(gear.watch).asked())


async def _message(gear: Gear) -> Page:
    from screens.messages import open_page

    return await open_page(gear)


def _unread(gear: Gear) -> bool:
    if "messages" not in gear.watch.state.shares:
        return False
    from app.messages import Reading

    return bool(Reading.of(gear.watch).messages())


async def _review(gear: Gear) -> Page:
    from screens.review import open_page

    return await open_page(gear)


def _reviews(gear: Gear) -> bool:
    """Whether somebody of the crew may review rounds."""
    shift = gear.watch.state.shift
    crew = [member.person for member in shift.crew] if shift else []
    return life.may(gear.watch.plan, crew, life.EXCUSERS) is not None


async def _surveys(gear: Gear) -> Page:
    from app.surveys import Surveys
    from screens.surveys import page_for as page_of

    return page_of(Surveys.of(gear.watch).surveys())


def _surveyed(gear: Gear) -> bool:
    if not gear.watch.plan.surveys:
        return False
    from app.surveys import Surveys

    return bool(Surveys.of(gear.watch).surveys())


async def _duty(gear: Gear) -> Page:
    from screens.duty import DutyPage

    return DutyPage()


async def _handover(gear: Gear) -> Page:
    return page_for(gear)


def _emergencies(watch: Watch) -> bool:
    """What runs is listed also when the plan has it no longer."""
    return bool(Keeping.of(watch).procedures() or Keeping.of(watch).runs() or watch.plan.contacts)


async def _take_over(gear: Gear) -> Page:
    from screens.takeover import TakeOverPage

    return TakeOverPage()


async def _practise(terminal: "Terminal") -> None:
    from screens import practice  # with the simulated walk

    await practice.begin(terminal)


def _letters(terminal: "Terminal") -> str:
    return "menu.to_letters_auto" if terminal.letters == "large" else "menu.to_letters_large"


async def _support(terminal: "Terminal") -> None:
    """For somebody without a shell: it takes a moment, and the keys go on meanwhile."""
    assert terminal.gear.support is not None
    terminal.tell(say(terminal.lang, "more.support_waits"))
    terminal.run_worker(_write_support(terminal, terminal.gear.support))


async def _write_support(terminal: "Terminal", write: Callable[[], str]) -> None:
    try:
        name = await asyncio.to_thread(write)
    except WatchbookError as error:
        terminal.refuse(error)
    else:
        terminal.signal("ok")
        terminal.tell(say(terminal.lang, "more.support_made", name=name))
    terminal.top.show()


ITEMS: Final[tuple[Item | Act, ...]] = (
    Item("messages.more", _message, _unread),
    Item("reviews.more", _returned, _sent_back),
    Item("reviews.review", _review, _reviews),
    Item("more.registers", _registers, lambda gear: bool(Keeping.of(gear.watch).registers())),
    Item("more.procedures", _procedures, lambda gear: _emergencies(gear.watch)),
    Item("more.take", _take, lambda gear: gear.watch.takes_orders),
    Item("more.orders", _orders, lambda gear: gear.watch.takes_orders or bool(Work.of(gear.watch).orders())),
    Item("more.matters", _matters, lambda gear: bool(Work.of(gear.watch).open_findings())),
    Item("surveys.title", _surveys, _surveyed),
    Item("duty_watch.menu", _duty, lambda gear: gear.watch.post() is not None),
    Item("handover.menu", _handover, lambda gear: bool(gear.watch.post() or gear.watch.posts_to_choose())),
    Item("more.afterwards", _afterwards, lambda gear: bool(gear.watch.plan.schedules)),
    Item("takeover.menu", _take_over, lambda gear: gear.watch.state.shift is None and gear.invited is not None),
    Item("menu.witness", WitnessPage.signed, lambda gear: gear.watch.unlocked and not gear.practice),
    Item(
        "more.equipment",
        _equipment,
        lambda gear: Equipment.of(gear.watch).keeps_equipment() and bool(gear.watch.plan.assets),
    ),
    Act(lambda terminal: "more.practice", _practise, lambda gear: not gear.practice),
    Act(_letters, lambda terminal: terminal.change_letters()),
    Act(lambda terminal: "more.support", _support, lambda gear: gear.support is not None and not gear.practice),
)


def shown(gear: Gear) -> list[Item | Act]:
    """What there is for this crew, in order."""
    return [item for item in ITEMS if item.shown(gear)]


class MorePage(ListPage[Item | Act]):
    def __init__(self, items: Sequence[Item | Act]) -> None:
        super().__init__(items)

    def head(self) -> tuple[str, str]:
        return self.say("more.title"), clock(self.gear.watch.now())

    def item(self, item: Item | Act) -> str:
        return self.say(item.words if isinstance(item, Item) else item.words(self.terminal))

    async def chosen(self, item: Item | Act) -> None:
        if isinstance(item, Item):
            self.terminal.turn_to(await item.page(self.gear))
        else:
            self.terminal.close(self)
            await item.act(self.terminal)
