"""A program with a field and a scanner for the tests of the scan gate: `python -m tests.platform.scanning`.

With a number as argument, that is the longest pause between two characters, in milliseconds.
"""

import asyncio
import sys
import time

from textual.app import App, ComposeResult
from textual.widgets import Input, Static

from hardware.scanner import Gate, Wedge, wedge
from screens.platform.driver import HandheldDriver
from screens.platform.scans import Scanned, Scanning, Unread


class Desk(Scanning, App[None], inherit_bindings=False):
    """Shows how many codes came and the last one; a focused field takes what a person types."""

    CSS = "Screen { overflow: hidden; } Input { height: 3; }"
    BINDINGS = [("f5", "hold_up", ""), ("f6", "turn", "")]

    def __init__(self, with_field: bool = True, how: Wedge | None = None) -> None:
        super().__init__(driver_class=HandheldDriver)
        self.gate = Gate(how)
        self.with_field = with_field
        self.scans: list[str] = []
        self.unread = 0
        self.typed: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static("scans 0.", id="scans", markup=False)
        yield Static("unread 0.", id="unread", markup=False)
        yield Static("", id="last", markup=False)
        if self.with_field:
            yield Input(id="field")

    def on_mount(self) -> None:
        if self.with_field:
            self.field.cursor_blink = False

    @property
    def field(self) -> Input:
        return self.query_one("#field", Input)

    def on_scanned(self, message: Scanned) -> None:
        self.scans.append(message.text)
        self.query_one("#scans", Static).update(f"scans {len(self.scans)}.")
        self.query_one("#last", Static).update(message.text)

    def on_unread(self, _: Unread) -> None:
        self.unread += 1
        self.query_one("#unread", Static).update(f"unread {self.unread}.")

    def on_key(self, event: object) -> None:
        """What no field took."""
        self.typed.append(getattr(event, "key", ""))

    def action_hold_up(self) -> None:
        """Soon the event loop does nothing for a while, as when a disk is slow."""
        asyncio.get_running_loop().call_later(0.15, time.sleep, 0.3)

    def action_turn(self) -> None:
        """For two seconds, pages turn by themselves all the time: a person's keys are not heard."""
        for place in range(40):
            asyncio.get_running_loop().call_later(0.05 * place, self.turned_by_itself)


if __name__ == "__main__":
    Desk(how=wedge(gap_ms="".join(sys.argv[1:]))).run()
