"""What the office set for the program itself: its looks, and how its parts are joined.

Looks change while the crew works. Parts are opened when the program begins: it begins anew for them once nobody is on
shift. What this handheld's program cannot read stays as it is set here.
"""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from app.duties.tuning import PARTS
from app.errors import WatchbookError
from app.settings import Settings, SettingsRefused, load, screen_encoding, shown_lang
from app.tuning import Book, tuning_of
from app.words import say
from screens.gear import AGAIN
from screens.signin import SignInPage

if TYPE_CHECKING:
    from screens.terminal import Terminal

log: Final = logging.getLogger("watchbook.screens")


def in_force(flags: Mapping[str, Any], book: Book) -> Settings:
    """The handheld's settings with what the office sent. Raises SettingsRefused for what is wrong on the handheld."""
    sent = tuning_of(book).own()
    settings = load(flags, sent=sent)
    if any(name in sent for name in PARTS) and not _are_sound(settings):
        log.warning("parts cannot be joined as the office set it")
        settings = load(flags, sent={name: value for name, value in sent.items() if name not in PARTS})
    return settings


def _are_sound(settings: Settings) -> bool:
    from hardware.clock import SystemClock
    from hardware.scanner import wedge
    from hardware.scanners import scanners
    from hardware.side_keys import parse

    try:
        scanners(settings.scanner, SystemClock())
        wedge(settings.scan_prefix or "", settings.scan_suffix or "", settings.scan_gap_ms or "")
        parse(settings.side_keys or "")
    except SettingsRefused:
        return False
    return True


class Following:
    """The screens after what the office sets: looks at once, how parts are joined when nobody is on shift."""

    def __init__(self, terminal: "Terminal") -> None:
        self._terminal = terminal
        self._revision = terminal.gear.watch.tuning.revision
        self.begins_anew = False
        """How parts are joined is another than when the program began."""

    def look(self) -> None:
        """Something changed that may be this."""
        gear = self._terminal.gear
        if gear.settings_now is None or gear.practice:
            return
        if self._revision != gear.watch.tuning.revision:
            self._revision = gear.watch.tuning.revision
            try:
                self._take(gear.settings_now())
            except WatchbookError as error:
                self._terminal.refuse(error)
        page = self._terminal.top
        if self.begins_anew and gear.watch.state.shift is None and isinstance(page, SignInPage) and not page.half_typed:
            self._terminal.exit(AGAIN)

    def _take(self, settings: Settings) -> None:
        terminal = self._terminal
        before = terminal.lang, terminal.look, terminal.letters
        terminal.lang = terminal.gear.watch.lang = shown_lang(settings.lang, os.environ, screen_encoding())
        terminal.letters = settings.letters
        if settings.theme is not None and settings.theme != terminal.look:
            terminal.look = terminal.theme = settings.theme
        if before != (terminal.lang, terminal.look, terminal.letters):
            for page in terminal.pages:
                page.repaint()
            terminal.tell(say(terminal.lang, "status.settings_came"))
        self.begins_anew = parts_of(settings) != terminal.gear.parts


def parts_of(settings: Settings) -> tuple[str | None, ...]:
    """How its parts are joined."""
    return tuple(getattr(settings, name) for name in PARTS)
