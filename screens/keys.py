"""The one table of actions and the keys that lead to them.

The terminal takes its bindings from here, the help page and `watchbook keys` print it. A handheld's
keypad has digits, `*`, Enter, Backspace and arrows; function keys are shortcuts where they exist.
"""

from typing import Final

from msgspec import Struct
from textual.binding import Binding, BindingType


class Action(Struct, frozen=True):
    name: str
    """Textual action of the terminal, e.g. `press('1')`."""
    keys: tuple[str, ...]
    """Textual key names: the keypad's first, then shortcuts and what other keyboards send."""
    shown: str
    """The key as people call it."""
    words: str
    """Catalogue key of what it does."""


MENU: Final = ("asterisk", "multiply")
DIGITS: Final = tuple(Action(f"press('{digit}')", (str(digit),), str(digit), "keys.choose") for digit in range(10))
OTHERS: Final = (
    Action("enter", ("enter",), "Enter", "keys.enter"),
    Action("back", ("backspace", "ctrl+h", "escape"), "Backspace", "keys.back"),
    Action("menu", MENU, "*", "keys.menu"),
    Action("move(-1)", ("up",), "Up", "keys.up"),
    Action("move(1)", ("down",), "Down", "keys.down"),
    Action("press('.')", ("full_stop", "decimal"), ".", "keys.point"),
    Action("press('-')", ("minus", "subtract"), "-", "keys.minus"),
    Action("help", ("f1",), "F1", "keys.help"),
    Action("report", ("f3",), "F3", "keys.report"),
    Action("theme", ("f4",), "F4", "keys.theme"),
    Action("sync", ("f5",), "F5", "keys.sync"),
    Action("language", ("f6",), "F6", "keys.language"),
    Action("torch", ("f7",), "F7", "keys.torch"),
    Action("camera", ("f8",), "F8", "keys.camera"),
    Action("quit", ("ctrl+q",), "Ctrl+Q", "keys.quit"),
)
ACTIONS: Final = (*DIGITS, *OTHERS)


def bindings() -> list[BindingType]:
    """The table as bindings of the terminal.

    They have priority, so that the terminal handles every key itself, one after the other, for the page
    that is on top at that moment: of two keys typed fast, the second belongs to the page the first opened.
    """
    return [Binding(",".join(action.keys), action.name, show=False, priority=True) for action in ACTIONS]
