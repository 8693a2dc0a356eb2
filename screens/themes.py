"""Three looks: `day`; `night`, red and orange on black for eyes used to the dark; `sun`, black on white and the
other way round, for a screen that the sun shines on.

Roles, not colours, are what pages name. Every pair keeps 4.5:1 (day 7:1) as written, and 4.5:1 in the
16 colours of xterm and of the VGA console, also where those draw bold as bright: hence no bold black.
`sun` keeps 7:1 in all of them, and has neither greys nor blue.
Colour never says anything alone: `SIGNS` stand beside ok, mark and bad.
"""

from functools import lru_cache
from typing import Final

from rich.style import Style
from textual.theme import Theme

from app.settings import LOOKS

ROLES: Final[dict[str, dict[str, str]]] = {
    "day": {
        "text": "#000000 on #ffffff",
        "dim": "#002a80 on #ffffff",
        "title": "bold #ffffff on #000000",
        "key": "bold #0000aa on #ffffff",
        "ok": "#000000 on #00bb00",
        "mark": "#000000 on #ffcc00",
        "bad": "bold #ffffff on #aa0000",
        "status": "#000000 on #dddddd",
        "input": "underline #000000 on #ffffff",
        "cursor": "#ffffff on #000000",
        "paper": "#000000 on #ffffff",
    },
    "night": {
        "text": "#ff5a2a on #000000",
        "dim": "#ff3300 on #000000",
        "title": "bold #ff8800 on #330000",
        "key": "bold #ff8800 on #000000",
        "ok": "bold #ffb347 on #000000",
        "mark": "#000000 on #ffb347",
        "bad": "underline #000000 on #ff4020",
        "status": "#ff8800 on #330000",
        "input": "underline #ffb347 on #000000",
        "cursor": "#000000 on #ff8800",
        "paper": "#000000 on #ffffff",
    },
    "sun": {
        "text": "#000000 on #ffffff",
        "dim": "#000000 on #ffffff",
        "title": "bold #ffffff on #000000",
        "key": "bold #ffffff on #000000",
        "ok": "#000000 on #55ff55",
        "mark": "#000000 on #ffff55",
        "bad": "bold underline #ffffff on #000000",
        "status": "bold #ffffff on #000000",
        "input": "underline #000000 on #ffffff",
        "cursor": "bold #ffffff on #000000",
        "paper": "#000000 on #ffffff",
    },
}
"""Theme, role: a Rich style. Every one names both of its colours."""

PAPER: Final = "paper"
"""A code for a scanner: the same in every look, and the one role that half blocks may be drawn in."""

SIGNS: Final = {"ok": "+", "mark": "!", "bad": "x"}
"""What stands beside a sentence of these roles, for those who do not see the colour."""


@lru_cache
def style(theme: str, role: str) -> Style:
    """How `role` looks in `theme`; "text" for a role that has no look of its own. Raises KeyError for a theme."""
    roles = ROLES[theme]
    return Style.parse(roles.get(role, roles["text"]))


def _theme(name: str, front: str, back: str, accent: str, panel: str) -> Theme:
    """Textual's own colours for `name`, so that a stock widget does not fall out of the look."""
    flat = dict.fromkeys(("text", "text-muted", "text-disabled", "foreground-muted"), front)
    return Theme(
        name=name,
        primary=accent,
        secondary=accent,
        accent=accent,
        warning=accent,
        error=accent,
        success=accent,
        foreground=front,
        background=back,
        surface=back,
        panel=panel,
        boost=panel,
        dark=name == "night",
        text_alpha=1.0,
        variables={
            **flat,
            "foreground-disabled": front,
            "input-cursor-background": accent,
            "input-cursor-foreground": back,
            "input-selection-background": panel,
            "block-cursor-background": accent,
            "block-cursor-foreground": back,
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": panel,
            "block-cursor-blurred-foreground": front,
            "border": accent,
            "border-blurred": front,
            "scrollbar": front,
            "scrollbar-background": panel,
        },
    )


THEMES: Final = (
    _theme("day", front="#000000", back="#ffffff", accent="#0000aa", panel="#dddddd"),
    _theme("night", front="#ff5a2a", back="#000000", accent="#ff8800", panel="#330000"),
    _theme("sun", front="#000000", back="#ffffff", accent="#000000", panel="#ffffff"),
)


def next_look(look: str) -> str:
    """Where the key goes from `look`."""
    return LOOKS[(LOOKS.index(look) + 1) % len(LOOKS)]
