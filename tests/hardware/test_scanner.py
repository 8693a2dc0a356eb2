"""A scanner that types among a person's keys: no digit waits, no key is lost, no scan is imagined."""

import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import codes, witness
from hardware.scanner import ENDS, GAP_S, LIMIT_S, OPENED_GAP_S, OPENING, PREFIXES, Gate, pasted

LABEL: Final = codes.make(3, b"0123456789")
ADDRESS: Final = f"HTTPS://W.EXAMPLE.CN/{LABEL}"
HEAD: Final = witness.payload(witness.Head(bytes(range(32)), 1234, bytes(32)))
CODES: Final = pytest.mark.parametrize("text", [LABEL, ADDRESS, HEAD], ids=["bare", "address", "head"])
Key = tuple[str, str | None]

ENTER: Final[Key] = ("enter", "\r")
KEYS: Final = st.one_of(
    st.sampled_from([(c, c) for c in "0123456789WHBT1:/*abw ~"]),
    st.sampled_from([ENTER, ("tab", "\t"), ("ctrl+j", None), ("ctrl+c", None), ("up", None), ("backspace", "\x7f")]),
    st.sampled_from([(c, c) for c in LABEL]),
)
GAPS: Final = st.sampled_from([0.0, 0.001, 0.02, 0.059, 0.061, 0.15, 0.249, 0.251, 0.4, 2.0])
OVER_S: Final = OPENED_GAP_S + 0.001
"""After so much silence nothing is held any more."""


def typed(text: str, end: Key | None = ENTER) -> list[Key]:
    return [(char, char) for char in text] + ([end] if end else [])


class Desk:
    """A keyboard at a gate: what came out, in order."""

    def __init__(self) -> None:
        self.gate: Gate[int] = Gate()
        self.t = 100.0
        self.sent = 0
        self.out: list[int] = []
        self.scans: list[str] = []

    def press(self, keys: list[Key], gap_s: float = 0.002) -> None:
        for key, char in keys:
            self.t += gap_s
            result = self.gate.feed(key, char, self.t, self.sent)
            self.sent += 1
            self.out += result.passed
            if result.scan is not None:
                self.scans.append(result.scan)

    def wait(self, seconds: float) -> None:
        self.t += seconds
        self.out += self.gate.expire(self.t)


@CODES
@pytest.mark.parametrize("gap_s", [0.0, 0.001, 0.005, 0.015, 0.025])
@pytest.mark.parametrize("end", sorted(ENDS))
def test_a_label_scanned_among_a_persons_keys_is_one_scan_and_leaves_their_keys(
    text: str, gap_s: float, end: str
) -> None:
    desk = Desk()
    desk.press(typed("402", None), 0.15)
    desk.t += 0.2
    desk.press(typed(text, (end, None)), gap_s)
    desk.press(typed("5"), 0.2)
    assert desk.scans == [text]
    assert desk.out == [0, 1, 2, desk.sent - 2, desk.sent - 1]


def test_a_scanner_that_ends_with_two_keys_presses_none_on_the_screen() -> None:
    desk = Desk()
    desk.press([*typed(LABEL), ("ctrl+j", None)])
    assert (desk.scans, desk.out) == ([LABEL], [])
    desk.wait(1)
    desk.press([("ctrl+j", None)])
    assert desk.out == [desk.sent - 1], "a key of its own a second later"


def test_the_same_label_twice_is_two_scans() -> None:
    desk = Desk()
    desk.press(typed(LABEL) + typed(LABEL))
    assert (desk.scans, desk.out) == ([LABEL, LABEL], [])


def test_a_damaged_label_is_given_back_as_typed() -> None:
    desk = Desk()
    desk.press(typed(LABEL[:-1] + ("0" if LABEL[-1] != "0" else "1")))
    assert desk.scans == []
    assert desk.out == list(range(27))


def test_a_label_typed_by_a_person_is_typing() -> None:
    desk = Desk()
    desk.press(typed(LABEL), 0.15)
    assert (desk.scans, desk.out) == ([], list(range(27)))


def test_a_frozen_moment_makes_no_scan_of_a_persons_keys() -> None:
    desk = Desk()
    desk.press(typed("W1234567") + typed("138001380001"), 0.0)
    assert (desk.scans, desk.out) == ([], list(range(desk.sent)))


def test_a_letter_waits_no_longer_than_the_gap() -> None:
    desk = Desk()
    desk.press([("W", "W")])
    assert (desk.out, desk.gate.open) == ([], True)
    desk.wait(GAP_S / 2)
    assert desk.out == []
    desk.wait(GAP_S)
    assert (desk.out, desk.gate.open) == ([0], False)


def test_what_begins_like_a_code_waits_longer_only_once_its_whole_opening_stands() -> None:
    for text in (LABEL, ADDRESS, HEAD):
        for length in range(1, len(text)):
            desk = Desk()
            desk.press(typed(text[:length], None))
            patience = GAP_S if length < OPENING else OPENED_GAP_S
            assert desk.gate.due == pytest.approx(desk.t + patience)
            desk.wait(patience - 0.001)
            assert desk.out == []
            desk.wait(0.002)
            assert (desk.out, desk.gate.open) == (list(range(length)), False)


@CODES
@pytest.mark.parametrize("place", range(OPENING, 26))
def test_a_scanner_held_up_behind_the_opening_is_still_one_scan(text: str, place: int) -> None:
    desk = Desk()
    desk.press(typed(text[:place], None), 0.02)
    desk.t += 0.2
    desk.press(typed(text[place:]), 0.02)
    assert (desk.scans, desk.out) == ([text], [])


def test_a_scanner_of_fifty_milliseconds_a_key_gets_the_longest_address_through() -> None:
    desk = Desk()
    address = f"HTTPS://CUIHU.EXAMPLE/{LABEL}"
    desk.press(typed(address[:10], None), 0.05)
    desk.t += 0.19
    desk.press(typed(address[10:]), 0.05)
    assert (desk.scans, desk.out) == ([address], [])


def test_a_scanner_of_fifty_milliseconds_a_key_gets_a_head_through() -> None:
    desk = Desk()
    desk.press(typed(HEAD), 0.05)
    assert (desk.scans, desk.out) == ([HEAD], [])


def test_a_damaged_head_is_given_back_as_typed() -> None:
    desk = Desk()
    desk.press(typed(HEAD.replace("A", "B", 1)))
    assert (desk.scans, desk.out) == ([], list(range(len(HEAD) + 1)))


def test_a_letter_goes_on_at_once_when_the_next_key_cannot_be_a_code() -> None:
    for text in ("Wi", "WBX", "WB2", "WBH2", "HX"):
        desk = Desk()
        desk.press(typed(text, None), 0.01)
        assert (desk.out, desk.gate.open) == (list(range(len(text))), False), text


def test_a_scan_right_after_a_persons_letter_still_counts() -> None:
    desk = Desk()
    desk.press([("W", "W")])
    desk.press(typed(LABEL))
    assert (desk.scans, desk.out) == ([LABEL], [0])


def test_a_burst_that_never_ends_is_given_back() -> None:
    desk = Desk()
    desk.press(typed("HTTPS://" + "A" * 400, None), 0.005)
    desk.wait(1)
    assert desk.out == list(range(408))
    slow = Desk()
    slow.press(typed(LABEL), LIMIT_S / 20)
    assert slow.scans == []


# -- the programmed prefix key --------------------------------------------------------------------


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
@pytest.mark.parametrize("text", ["6901234567892", "SN 4711/B", LABEL])
def test_behind_a_prefix_key_any_code_is_a_scan(prefix: str, text: str) -> None:
    desk = Desk()
    desk.press([("7", "7"), (prefix, None), *typed(text, ("ctrl+c", None)), ("8", "8")])
    assert desk.scans == [text]
    assert desk.out == [0, desk.sent - 1]


def test_half_a_scan_behind_a_prefix_is_never_typed_into_a_form() -> None:
    desk = Desk()
    desk.press([("f12", None), *typed("69012345", None)])
    desk.wait(0.1)
    desk.press(typed("42"), 0.2)
    assert (desk.scans, desk.out) == ([], [9, 10, 11])


def test_a_prefix_key_and_nothing_else_presses_nothing_else() -> None:
    desk = Desk()
    desk.press([("ctrl+b", None), ENTER])
    assert (desk.scans, desk.out) == ([], [1])


def test_a_scan_begun_again_counts_from_its_last_prefix() -> None:
    desk = Desk()
    desk.press([("ctrl+b", None), *typed("123", None), ("ctrl+b", None), *typed("456")])
    assert (desk.scans, desk.out) == (["456"], [])


# -- laws -----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(KEYS, GAPS), max_size=80), st.sampled_from("0123456789"))
def test_no_digit_is_ever_held_unless_a_code_may_be_running(keys: list[tuple[Key, float]], digit: str) -> None:
    desk = Desk()
    for key, gap_s in keys:
        desk.press([key], gap_s)
    opened = desk.gate.open
    desk.press([(digit, digit)], 0.001)
    assert opened or desk.out[-1:] == [desk.sent - 1]
    desk.wait(OVER_S)
    assert desk.out[-1] == desk.sent - 1, "and then only for the gap"
    desk.press([(digit, digit)], 0.0)
    assert desk.out[-1] == desk.sent - 1


@given(st.lists(st.tuples(KEYS, GAPS), max_size=120))
def test_keys_are_never_lost_doubled_or_reordered(keys: list[tuple[Key, float]]) -> None:
    desk = Desk()
    for key, gap_s in keys:
        desk.press([key], gap_s)
    desk.wait(OVER_S)
    assert desk.scans == []
    assert desk.out == list(range(desk.sent))


@settings(max_examples=30)
@given(st.lists(st.tuples(KEYS, GAPS), max_size=40), st.lists(st.tuples(KEYS, GAPS), max_size=40))
def test_a_scan_between_any_keys_takes_its_own_keys_and_no_other(
    before: list[tuple[Key, float]], after: list[tuple[Key, float]]
) -> None:
    desk = Desk()
    for key, gap_s in before:
        desk.press([key], gap_s)
    desk.wait(OVER_S)
    own = range(desk.sent, desk.sent + 27)
    desk.press(typed(LABEL), 0.001)
    desk.t += 1
    for key, gap_s in after:
        desk.press([key], gap_s)
    desk.wait(OVER_S)
    assert desk.scans == [LABEL]
    assert desk.out == [place for place in range(desk.sent) if place not in own]


def test_a_person_typing_anything_never_scans(torture: bool) -> None:
    rng = random.Random(25)
    human = [*"0123456789WWHHB1:TPS/*", "enter", "tab", "up", "backspace"]
    desk = Desk()
    for _ in range(200_000 if torture else 20_000):
        key = rng.choice(human)
        desk.press([(key, key if len(key) == 1 else None)], rng.choice((0.0, 0.01, 0.05, 0.1, 0.3)))
    desk.wait(1)
    assert desk.scans == []
    assert desk.out == list(range(desk.sent))


@pytest.mark.parametrize(("text", "code"), [(LABEL, LABEL), (f" {ADDRESS}\r\n", ADDRESS), ("hello", None), ("", None)])
def test_a_paste_that_reads_as_ours_is_a_scan(text: str, code: str | None) -> None:
    assert pasted(text) == code
