"""Bytes from the keyboard as key presses and pastes, and nothing else.

Textual's parser turns a terminal's answer to a question (`ESC [ ? 1 ; 2 c`) into the keys `^ [ ? 1 ; 2 c`,
a scanned `ESC [ 4 8 ; …t` into a window of any size, and a paste that never ends into a dead keyboard.
This one knows the grammar of ECMA-48 and drops every whole sequence that is no key: digits are commands
here. Nobody needs Alt, a mouse or Kitty's keys on a handheld.
"""

import re
from collections.abc import Generator, Iterable, Iterator
from typing import Final

from textual import constants, events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._parser import ParseTimeout, Peek1, Read1, TokenCallback
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, FOCUSIN, FOCUSOUT, XTermParser
from textual.keys import Keys
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

ESC: Final = "\x1b"

WHOLE: Final = re.compile(
    r"\x1b\[\[[A-E]"  # the Linux console's F1 to F5
    r"|\x1b\[[0-?]*[ -/]*[@-Z\\-~]"  # control sequence, ECMA-48 5.4
    r"|\x1bO[ -~]"  # SS3: keypad and F1 to F4
    r"|\x1b[\]PX^_][^\x1b\x07]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC with their text
    r"|\x1b[^\[O\]PX^_]"  # Alt and a key
)
BEGUN: Final = re.compile(r"\x1b(?:\[\[?|\[[0-?]*[ -/]*|O|[\]PX^_][^\x1b\x07]*\x1b?)")
SYNCHRONIZED: Final = re.compile(r"\x1b\[\?2026;[1-9]\$y")
"""The terminal's answer that it can show a frame at once."""
CURSOR: Final = re.compile(r"\x1b\[2;([1-9])R")
"""The terminal's answer where its cursor stands. Asked for in row 2 only: in row 1 it would read like Shift+F3."""

PATIENCE: Final = 0.2
"""Seconds a sequence that has certainly begun may pause (a slow line) before it is dropped."""
LONGEST: Final = 4096
"""Characters of one sequence."""
PASTE_PATIENCE: Final = 1.0
"""Seconds of silence after which a paste is over, although its end was never sent."""
LONGEST_PASTE: Final = 10_000


class KeypadParser(XTermParser):
    """Feeds as Textual's parser does; the driver calls `tick` when `due` has come."""

    @property
    def due(self) -> float | None:
        """When something half read is given up (time.monotonic seconds), None when nothing is pending."""
        return self._timeout_time

    def feed(self, data: str) -> Iterable[Message]:
        """What `data` means. Half a character decodes to nothing, which here is not the end of the line."""
        return super().feed(data) if data else ()

    def parse(self, token_callback: TokenCallback[Message]) -> Generator[Read1 | Peek1, str, None]:
        while True:
            text = yield self.read1()
            if text == ESC:
                text = yield from self._sequence()
            if text == BRACKETED_PASTE_START:
                pasted = yield from self._paste()
                token_callback(events.Paste(pasted.replace("\x00", "")))
            else:
                for message in self._meaning(text):
                    token_callback(message)

    def _sequence(self) -> Generator[Read1 | Peek1, str, str]:
        """What began with ESC: the whole sequence, ESC alone, or "" when it broke off.

        A character that cannot belong to the sequence ends it and is returned: it is a key of its own.
        """
        sequence = ESC
        while True:
            try:
                char = yield self.read1(constants.ESCAPE_DELAY if sequence == ESC else PATIENCE)
            except ParseTimeout:
                return ESC if sequence == ESC else ""
            sequence += char
            if WHOLE.fullmatch(sequence):
                return sequence
            if BEGUN.fullmatch(sequence) and len(sequence) <= LONGEST:
                continue
            if char != ESC:
                return char
            sequence = ESC

    def _paste(self) -> Generator[Read1 | Peek1, str, str]:
        """The pasted text up to its end mark, cut to LONGEST_PASTE."""
        text, tail = "", ""
        while tail != BRACKETED_PASTE_END:
            try:
                char = yield self.read1(PASTE_PATIENCE)
            except ParseTimeout:
                return text
            text = (text + char)[: LONGEST_PASTE + len(BRACKETED_PASTE_END)]
            tail = (tail + char)[-len(BRACKETED_PASTE_END) :]
        return text.removesuffix(BRACKETED_PASTE_END)[:LONGEST_PASTE]

    def _meaning(self, text: str) -> Iterator[Message]:
        """What one character or one whole sequence says; nothing for what is not for us."""
        if text == FOCUSIN:
            yield events.AppFocus()
        elif text == FOCUSOUT:
            yield events.AppBlur()
        elif SYNCHRONIZED.fullmatch(text):
            yield TerminalSupportsSynchronizedOutput()
        elif cursor := CURSOR.fullmatch(text):
            yield events.CursorPosition(x=int(cursor[1]) - 1, y=1)
        else:
            yield from (key for key in self._keys(text) if key.key != Keys.Ignore)

    def _keys(self, text: str) -> Iterable[events.Key]:
        if len(text) == 1 or text in ANSI_SEQUENCES_KEYS:
            return self._sequence_to_key_events(text)
        if len(text) == 2:
            return self._sequence_to_key_events(text[1], alt=True)
        return ()
