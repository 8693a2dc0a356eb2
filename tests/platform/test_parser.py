"""Keyboard bytes as keys: every key Textual knows, and never a key that nobody pressed."""

import time
from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import constants, events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._parser import Parser
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from screens.platform import parser as keypad
from screens.platform.parser import KeypadParser

RXVT: Final = {"\x1b[3$", "\x1b[7$", "\x1b[8$", "\x1b[23$", "\x1b[24$"}
"""Shifted keys of one old terminal that break ECMA-48; dropped. No keypad has them."""
ANSWERS: Final = {
    "primary attributes": "\x1b[?1;2c",
    "secondary attributes": "\x1b[>0;276;0c",
    "cursor position": "\x1b[12;40R",
    "a mode we did not ask for": "\x1b[?2048;2$y",
    "colour": "\x1b]11;rgb:1111/2222/3333\x07",
    "colour, other end": "\x1b]11;rgb:1111/2222/3333\x1b\\",
    "version": "\x1bP>|term 1.2.3\x1b\\",
    "window size": "\x1b[48;15;30;1;1t",
    "mouse": "\x1b[<0;5;5M",
    "kitty key": "\x1b[96:126;2;126u",
}


def heard(text: str, parser: Parser[Message] | None = None) -> list[Message]:
    """Everything `text` means, whatever is half read at its end given up."""
    parser = KeypadParser() if parser is None else parser
    messages = list(parser.feed(text))
    while parser._timeout_time is not None:
        parser._timeout_time = 0
        messages += parser.tick()
    return messages


def keys(messages: Iterable[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


def test_where_a_half_block_left_the_cursor_is_heard_and_presses_nothing() -> None:
    for column in (2, 3):
        (found,) = heard(f"\x1b[2;{column}R")
        assert isinstance(found, events.CursorPosition)
        assert (found.x, found.y) == (column - 1, 1)


def test_every_key_of_textuals_table_is_still_that_key() -> None:
    namer = XTermParser()
    sequences = set(ANSI_SEQUENCES_KEYS) - RXVT
    known = {sequence: keys(namer._sequence_to_key_events(sequence)) for sequence in sequences}
    assert len(known) > 300
    assert {sequence: keys(heard(sequence)) for sequence in sequences} == {
        sequence: [key for key in names if key != Keys.Ignore] for sequence, names in known.items()
    }


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_terminals_answer_presses_nothing_and_hides_nothing(answer: str) -> None:
    assert keys(heard(f"1{answer}2")) == ["1", "2"]
    assert len(heard(f"1{answer}2")) == 2


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_may_come_byte_by_byte(answer: str) -> None:
    parser = KeypadParser()
    messages = [message for char in answer for message in parser.feed(char)]
    assert messages == []
    assert keys(parser.feed("7")) == ["7"]


def test_stock_still_takes_answers_for_keys() -> None:
    assert "c" in keys(heard(ANSWERS["primary attributes"], XTermParser())), "upstream has mended answers"


def test_stock_still_cannot_end_a_paste_that_was_cut_off() -> None:
    stock = XTermParser()
    assert keys(heard("\x1b[200~cut", stock) + heard("7", stock)) == [], "upstream has mended the endless paste"


@given(st.text(st.sampled_from("\x1b[]OPM<>?;$:~ 0123456789AZRcmtu\x07\\\r中\x00\x9b"), max_size=60))
def test_no_text_breaks_it_and_the_next_key_counts(text: str) -> None:
    parser = KeypadParser()
    heard(text, parser)
    assert keys(heard("7", parser)) == ["7"]


@given(st.lists(st.one_of(st.sampled_from(sorted(ANSWERS.values())), st.text("0123456789WB:*\r", max_size=8))))
def test_what_a_person_types_between_answers_arrives_whole_and_in_order(parts: list[str]) -> None:
    typed = "".join(part for part in parts if not part.startswith("\x1b"))
    assert keys(heard("".join(parts))) == keys(heard(typed))
    assert len(keys(heard(typed))) == len(typed)


def test_synchronized_frames_and_focus_are_understood() -> None:
    kinds = [type(message) for message in heard("\x1b[?2026;2$y\x1b[I\x1b[O")]
    assert kinds == [TerminalSupportsSynchronizedOutput, events.AppFocus, events.AppBlur]


def test_a_paste_is_cut_to_a_length_and_its_inner_sequences_are_text() -> None:
    (paste,) = heard("\x1b[200~1\x1b[A2\x00" + "x" * 20_000 + "\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert paste.text.startswith("1\x1b[A2x")
    assert len(paste.text) == keypad.LONGEST_PASTE - 1  # the NUL is gone


def test_a_sequence_that_never_ends_is_given_up() -> None:
    parser = KeypadParser()
    assert keys(parser.feed("\x1b]" + "1" * (keypad.LONGEST + 1)))[-1:] == ["1"]
    assert keys(parser.feed("7")) == ["7"]


def test_only_a_lone_escape_is_short_of_patience() -> None:
    parser = KeypadParser()
    list(parser.feed("7"))
    idle = parser.due
    assert idle is None
    for char, patience in (("\x1b", constants.ESCAPE_DELAY), ("[", keypad.PATIENCE)):
        before = time.monotonic()
        list(parser.feed(char))
        due = parser.due
        assert due is not None
        assert before + patience <= due <= time.monotonic() + patience
