"""More: what a post does beside rounds, behind `*` `0`. Each crew sees what its roles need."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct

from app.watch import Watch
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


class Item(Struct, frozen=True):
    words: str
    page: Callable[[Gear], Awaitable[Page]]
    shown: Callable[[Gear], bool] = lambda gear: True


async def _registers(gear: Gear) -> Page:
    return RegistersPage(gear.watch.registers())


async def _procedures(gear: Gear) -> Page:
    return ProceduresPage(gear.watch)


async def _take(gear: Gear) -> Page:
    return TakePage(gear.watch.order_categories())


async def _orders(gear: Gear) -> Page:
    return OrdersPage()


async def _matters(gear: Gear) -> Page:
    return MattersPage()


async def _equipment(gear: Gear) -> Page:
    return EquipmentPage(gear.watch.places_of_assets(), gear.watch.falling_due())


async def _handover(gear: Gear) -> Page:
    return page_for(gear.watch)


def _emergencies(watch: Watch) -> bool:
    """What runs is listed also when the plan has it no longer."""
    return bool(watch.procedures() or watch.runs() or watch.plan.contacts)


ITEMS: Final = (
    Item("more.registers", _registers, lambda gear: bool(gear.watch.registers())),
    Item("more.procedures", _procedures, lambda gear: _emergencies(gear.watch)),
    Item("more.take", _take, lambda gear: gear.watch.takes_orders()),
    Item("more.orders", _orders, lambda gear: gear.watch.takes_orders() or bool(gear.watch.orders())),
    Item("more.matters", _matters, lambda gear: bool(gear.watch.open_findings())),
    Item("handover.menu", _handover, lambda gear: bool(gear.watch.post() or gear.watch.posts_to_choose())),
    Item("menu.witness", WitnessPage.signed),
    Item("more.equipment", _equipment, lambda gear: gear.watch.keeps_equipment() and bool(gear.watch.plan.assets)),
)


def shown(gear: Gear) -> list[Item]:
    """What there is for this crew, in order."""
    return [item for item in ITEMS if item.shown(gear)]


class MorePage(ListPage[Item]):
    def __init__(self, items: Sequence[Item]) -> None:
        super().__init__(items)

    def head(self) -> tuple[str, str]:
        return self.say("more.title"), clock(self.gear.watch.now())

    def item(self, item: Item) -> str:
        return self.say(item.words)

    async def chosen(self, item: Item) -> None:
        self.terminal.turn_to(await item.page(self.gear))
