"""What screens leave behind: `python -m tests.platform.leaking TRIPS GUARD...` prints objects a trip.

GUARDs are names of screens.platform.leaks (close_styles, close_watchers, install); none is stock Textual.
One process each: the guards cannot be taken off again.
"""

import asyncio
import gc
import sys

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Footer, Header, Input, OptionList, Static

from screens.platform import leaks


class Visit(Screen[None]):
    BINDINGS = [("1", "app.bell", "Bell")]

    def compose(self) -> ComposeResult:
        yield Header()
        yield Static("where the crew is")
        yield OptionList(*(f"point {n}" for n in range(10)))
        yield Input()
        yield Footer()


async def growth(trips: int) -> float:
    """Objects a trip to another screen and back leaves behind."""
    app: App[None] = App()
    async with app.run_test(size=(40, 20)) as pilot:

        async def travel(count: int) -> int:
            for _ in range(count):
                await app.push_screen(Visit())
                await pilot.pause()
                await app.pop_screen()
            await pilot.pause(0.2)  # what the last one still had to do
            gc.collect()
            return len(gc.get_objects())

        before = await travel(8)
        return (await travel(trips) - before) / trips


def main() -> None:
    for guard in sys.argv[2:]:
        getattr(leaks, guard)()
    sys.stdout.write(f"{asyncio.run(growth(int(sys.argv[1]))):.2f}\n")


if __name__ == "__main__":
    main()
