"""The one table of actions and the keys that lead to them.

Screens take their bindings from here, the help page and `watchbook keys` print it. A handheld's
keypad has digits, `*`, Enter, Backspace and arrows; function keys are shortcuts where they exist.
"""

from typing import Final

from msgspec import Struct
from textual.binding import Binding, BindingType


class Action(Struct, frozen=True):
    name: str
    """Textual action on the page, e.g. `press('1')`."""
    keys: tuple[str, ...]
    """Textual key names: the keypad's first, then shortcuts and what other keyboards send."""
    shown: str
    """The key as people call it."""
    words: str
    """Catalogue key of what it does."""


DIGITS: Final = tuple(
    Action(f"press('{digit}')", (str(digit),), str(digit), "keys.choose") for digit in range(10)
)
ACTIONS: Final = (
    *DIGITS,
    Action("enter", ("enter",), "Enter", "keys.enter"),
    Action("back", ("backspace", "ctrl+h", "escape"), "Backspace", "keys.back"),
    Action("menu", ("asterisk",), "*", "keys.menu"),
    Action("move(-1)", ("up",), "Up", "keys.up"),
    Action("move(1)", ("down",), "Down", "keys.down"),
    Action("press('.')", ("full_stop", "decimal"), ".", "keys.point"),
    Action("press('-')", ("minus", "subtract"), "-", "keys.minus"),
    Action("app.help", ("f1",), "F1", "keys.help"),
    Action("app.report", ("f3",), "F3", "keys.report"),
    Action("app.theme", ("f4",), "F4", "keys.theme"),
    Action("app.sync", ("f5",), "F5", "keys.sync"),
    Action("app.language", ("f6",), "F6", "keys.language"),
)


def bindings() -> list[BindingType]:
    """The table as Textual bindings for a page."""
    return [Binding(",".join(action.keys), action.name, show=False) for action in ACTIONS]
