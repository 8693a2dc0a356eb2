"""The terminal program: which page is on top, the radio while a stop waits, codes from anywhere.

It decides nothing about rounds; it carries sightings and scans to the watch and shows what came of it.
"""

from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from app.errors import WatchbookError
from app.ports import RadioState, Scan, Sighting
from app.text import cells
from app.watch import Meant
from app.words import say
from screens.gear import Gear
from screens.page import Line, Page, two
from screens.platform import leaks
from screens.platform.driver import HandheldDriver
from screens.platform.scans import Scanned, Scanning
from screens.themes import THEMES


class Terminal(Scanning, App[int]):
    """One crew, one handheld. Exits with a process exit code."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS = "Screen { overflow: hidden; }"
