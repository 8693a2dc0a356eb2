"""More: what a post does beside rounds, behind `*` `0`. Each crew sees what its roles need."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct

from screens.choices import ListPage
from screens.gear import Gear
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


ITEMS: Final = (
    Item("more.registers", _registers, lambda gear: bool(gear.watch.registers())),
    Item("more.procedures", _procedures, lambda gear: bool(gear.watch.procedures() or gear.watch.plan.contacts)),
    Item("menu.witness", WitnessPage.signed),
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
        self.terminal.replace(await item.page(self.gear))
