"""A scanner that types among a person's keys: no digit waits, no key is lost, no scan is imagined."""

import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import codes, witness
from app.settings import SettingsRefused
from app.words import say
from hardware.scanner import (
    CERTAIN,
    ENDS,
    GAP_S,
    LATE_END_S,
    LIMIT_S,
    OPENED_GAP_S,
    OPENING,
    PREFIXES,
    REST_S,
    Gate,
    Out,
    Wedge,
    pasted,
    wedge,
)

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

    def __init__(self, how: Wedge | None = None) -> None:
        self.gate: Gate[int] = Gate(how)
        self.t = 100.0
        self.sent = 0
        self.out: list[int] = []
        self.scans: list[str] = []
        self.spoiled = 0

    def press(self, keys: list[Key], gap_s: float = 0.002) -> None:
        for key, char in keys:
            self.t += gap_s
            self.sent += 1
            self.take(self.gate.feed(key, char, self.t, self.sent - 1))

    def wait(self, seconds: float) -> None:
        self.t += seconds
        self.take(self.gate.expire(self.t))

    def take(self, result: Out[int]) -> None:
        self.out += result.passed
        self.scans += [result.scan] if result.scan is not None else []
        self.spoiled += result.spoiled


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
    desk.press([*typed(LABEL), ("ctrl+j", None), ("ctrl+c", None)], 0.01)
    assert (desk.scans, desk.out) == ([LABEL] * 2, [])
    desk.wait(1)
    desk.press([("ctrl+j", None)])
    assert desk.out == [desk.sent - 1], "a key of its own a second later"


def test_the_same_label_twice_is_two_scans() -> None:
    desk = Desk()
    desk.press(typed(LABEL) + typed(LABEL))
    assert (desk.scans, desk.out) == ([LABEL, LABEL], [])


def test_a_damaged_label_is_told_and_none_of_its_digits_presses_anything() -> None:
    desk = Desk()
    desk.press([("7", "7"), *typed(LABEL[:-1] + ("0" if LABEL[-1] != "0" else "1")), ("8", "8")])
    assert (desk.scans, desk.spoiled) == ([], 1)
    assert desk.out == [0, desk.sent - 1]


@pytest.mark.parametrize(
    "text", ["https://qr.example.com/a/1234567890", "HTTP://LIFT.EXAMPLE/0042", "http://x.cn/1?n=42&z=7"]
)
def test_a_strangers_address_is_told_and_none_of_its_digits_presses_anything(text: str) -> None:
    desk = Desk()
    desk.press(typed(text), 0.005)
    assert (desk.scans, desk.spoiled, desk.out) == ([], 1, [])


@pytest.mark.parametrize("aim", ["]Q1", "]d2", "]C1", "]cm"])
@CODES
def test_an_aim_identifier_is_no_key_and_no_part_of_the_code(text: str, aim: str) -> None:
    desk = Desk()
    desk.press([("5", "5"), *typed(aim + text), ("6", "6")], 0.01)
    assert (desk.scans, desk.out) == ([text], [0, desk.sent - 1])


def test_a_bracket_of_a_person_goes_on_after_the_gap() -> None:
    desk = Desk()
    for text in ("]", "]Q", "]Q1", "]9", "]Q1X"):
        desk.press(typed(text, None), 0.01)
        desk.wait(2 * GAP_S + 0.001)
        assert (desk.out, desk.gate.open) == (list(range(desk.sent)), False), text


@CODES
@pytest.mark.parametrize("how", [Wedge(), Wedge(ends=frozenset())], ids=["ends set", "none set"])
def test_silence_ends_a_code_of_ours_when_the_scanner_sends_no_enter(text: str, how: Wedge) -> None:
    desk = Desk(how)
    desk.press([("1", "1"), *typed(text, None)])
    assert desk.scans == []
    desk.wait(OPENED_GAP_S + 0.001)
    assert (desk.scans, desk.out, desk.gate.open) == ([text], [0], False)


def test_an_enter_that_comes_late_behind_a_code_presses_nothing() -> None:
    desk = Desk()
    desk.press(typed(LABEL, None))
    desk.wait(LATE_END_S)
    desk.press([ENTER])
    assert (desk.scans, desk.out) == ([LABEL], [])
    desk.press([ENTER], 1.0)
    assert desk.out == [desk.sent - 1], "a person's, later"


@pytest.mark.parametrize("held_up_s", [0.3, 0.6, 0.95])
def test_the_rest_of_a_burst_that_broke_off_presses_nothing(held_up_s: float) -> None:
    desk = Desk()
    desk.press([("1", "1"), *typed(LABEL[:15], None)], 0.01)
    desk.t += held_up_s
    desk.press(typed(LABEL[15:]), 0.01)
    assert (desk.scans, desk.spoiled, desk.out) == ([], 1, [0])
    desk.press([("2", "2")], 0.3)
    assert desk.out == [0, desk.sent - 1], "its Enter ended it"


@pytest.mark.parametrize("rest", ["W4711", "H1", "]", "WB1:0"])
def test_the_rest_of_a_burst_presses_nothing_though_it_looks_like_a_beginning(rest: str) -> None:
    desk = Desk()
    desk.press(typed(LABEL[:15], None), 0.01)
    desk.t += 0.5
    desk.press(typed(rest), 0.01)
    assert (desk.scans, desk.out) == ([], [])
    desk.press([("2", "2")], 0.3)
    assert desk.out == [desk.sent - 1]


def test_keys_a_second_after_a_burst_that_broke_off_are_a_persons() -> None:
    desk = Desk()
    desk.press(typed(LABEL[:15], None), 0.01)
    desk.wait(OPENED_GAP_S + REST_S)
    desk.press(typed("402"), 0.15)
    assert desk.out == list(range(15, 19))


def test_a_code_scanned_again_at_once_after_a_burst_that_broke_off_is_a_scan() -> None:
    desk = Desk()
    desk.press(typed(LABEL[:15], None), 0.01)
    desk.t += OPENED_GAP_S + 0.1
    desk.press(typed(LABEL), 0.01)
    assert (desk.scans, desk.spoiled, desk.out) == ([LABEL], 1, [])


def test_a_label_typed_by_a_person_is_typing() -> None:
    desk = Desk()
    desk.press(typed(LABEL), 0.15)
    assert (desk.scans, desk.out) == ([], list(range(27)))


def test_a_label_typed_quicker_than_anybody_types_is_typing_still() -> None:
    desk = Desk()
    desk.press(typed(LABEL[:OPENING], None), 0.05)
    desk.press(typed(LABEL[OPENING:]), 0.11)
    assert (desk.scans, desk.spoiled, desk.out) == ([], 0, list(range(27)))


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
            patience = GAP_S if length == 1 else 2 * GAP_S if length < OPENING else OPENED_GAP_S
            assert desk.gate.due == pytest.approx(desk.t + patience)
            desk.wait(patience - 0.001)
            assert desk.out == []
            desk.wait(0.002)
            given_back, spoiled = ([], 1) if length >= CERTAIN else (list(range(length)), 0)
            assert (desk.out, desk.spoiled, desk.gate.open) == (given_back, spoiled, False)


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


@CODES
@given(st.data())
@settings(max_examples=40)
def test_a_slow_bluetooth_scanner_gets_every_code_of_ours_through(text: str, data: st.DataObject) -> None:
    """20 to 50 ms a character, unevenly, with a hold-up of a fifth of a second behind the opening."""
    gaps = data.draw(st.lists(st.floats(0.02, 0.055), min_size=len(text), max_size=len(text)))
    held_up = data.draw(st.integers(OPENING, len(text) - 1))
    desk = Desk()
    for place, (key, gap_s) in enumerate(zip(typed(text), [*gaps, 0.05], strict=True)):
        desk.press([key], gap_s + (0.19 if place == held_up else 0))
    assert (desk.scans, desk.spoiled, desk.out) == ([text], 0, [])


def test_a_scanner_of_fifty_milliseconds_a_key_gets_a_head_through() -> None:
    desk = Desk()
    desk.press(typed(HEAD), 0.05)
    assert (desk.scans, desk.out) == ([HEAD], [])


def test_a_damaged_head_is_told_and_not_typed() -> None:
    desk = Desk()
    desk.press(typed(HEAD.replace("A", "B", 1)))
    assert (desk.scans, desk.spoiled, desk.out) == ([], 1, [])


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


@pytest.mark.parametrize("gap_s", [0.0, 0.005, 0.05])
def test_a_burst_longer_than_any_code_is_told_once_and_not_typed(gap_s: float) -> None:
    desk = Desk()
    desk.press([("1", "1"), *typed("HTTPS://" + "4" * 200), ("2", "2")], gap_s)
    assert (desk.scans, desk.spoiled, desk.out) == ([], 1, [0, desk.sent - 1])


def test_a_burst_that_never_ends_is_let_go_after_the_longest_a_code_takes() -> None:
    desk = Desk()
    desk.press(typed("HTTPS://" + "4" * 2000, None), 0.01)
    assert desk.spoiled == 1
    desk.wait(REST_S)
    desk.press([("2", "2")])
    assert desk.out[-1] == desk.sent - 1
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
    desk.wait(OPENED_GAP_S + REST_S)
    desk.press(typed("42"), 0.2)
    assert (desk.scans, desk.spoiled, desk.out) == ([], 1, [9, 10, 11])


def test_what_stands_behind_a_prefix_is_cleaned_of_the_scanners_additions() -> None:
    desk = Desk()
    gs = ("ctrl+right_square_bracket", "\x1d")
    desk.press(
        [("ctrl+b", "\x02"), *typed("]d2", None), gs, *typed("0106901234567892", None), gs, *typed("21AB", None)]
    )
    desk.press([ENTER, ("ctrl+c", "\x03")])
    assert (desk.scans, desk.out) == (["010690123456789221AB"], [])


def test_a_text_behind_a_prefix_that_is_longer_than_any_code_is_told_and_not_typed() -> None:
    desk = Desk()
    desk.press([("f12", None), *typed("4" * 500), ("1", "1")], 0.005)
    assert (desk.scans, desk.spoiled, desk.out) == ([], 1, [desk.sent - 1])


# -- settings -------------------------------------------------------------------------------------


def test_a_fitter_says_how_the_scanner_types() -> None:
    assert wedge() == Wedge()
    assert wedge("F9, ~", "tab,CR", "120") == Wedge(frozenset({"f9", "~"}), frozenset({"tab", "enter"}), 0.12)
    assert wedge("", "none").ends == frozenset()


def test_a_character_set_as_prefix_opens_a_code_that_ends_as_set() -> None:
    desk = Desk(wedge("~", "tab"))
    desk.press(
        [
            *typed("7", None),
            *[("tilde", "~"), *typed("SN", None), ("tilde", "~"), *typed("4711/B", ("tab", "\t"))],
            ENTER,
        ]
    )
    assert (desk.scans, desk.out) == (["SN~4711/B"], [0, desk.sent - 1])


def test_silence_ends_a_makers_code_only_where_no_end_is_set() -> None:
    desk = Desk(wedge("f12", "none"))
    desk.press([("f12", None), *typed("69012345", None)])
    desk.wait(OPENED_GAP_S + 0.001)
    assert (desk.scans, desk.out) == (["69012345"], [])


def test_a_longer_pause_set_for_a_slow_scanner_holds() -> None:
    quick, slow = Desk(), Desk(wedge(gap_ms="150"))
    for desk in (quick, slow):
        desk.press(typed(LABEL), 0.14)
    assert (quick.scans, slow.scans) == ([], [LABEL])


@pytest.mark.parametrize(
    ("setting", "zh", "en"),
    [
        ({"prefix": "f5"}, "不能是 f5", "Not f5"),
        ({"prefix": "1"}, "不能是 1", "Not 1"),
        ({"prefix": "*"}, "不能是 *", "Not *"),
        ({"suffix": "enter"}, "不能是 enter", "not enter"),
        ({"suffix": "cr,none"}, "不能是 none", "not none"),
        ({"gap_ms": "19"}, "20 到 250", "20 to 250"),
        ({"gap_ms": "251"}, "20 到 250", "20 to 250"),
        ({"gap_ms": "0x40"}, "不能是 0x40", "not 0x40"),
        ({"gap_ms": "٦٠"}, "不能是 ٦٠", "not ٦٠"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence(setting: dict[str, str], zh: str, en: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        wedge(**setting)
    assert zh in say("zh", refused.value.key, **refused.value.fields)
    assert en in say("en", refused.value.key, **refused.value.fields)


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


@CODES
@given(st.data())
@settings(max_examples=40)
def test_a_burst_that_was_certain_never_types_wherever_it_breaks_off(text: str, data: st.DataObject) -> None:
    gaps = st.floats(0.0, 0.055)
    broken = data.draw(st.integers(CERTAIN, len(text) - 1))
    desk = Desk()
    for place, key in enumerate(typed(text, data.draw(st.sampled_from([ENTER, ("tab", "\t"), ("ctrl+j", "\n")])))):
        desk.press([key], data.draw(st.floats(0.26, 0.95)) if place == broken else data.draw(gaps))
    rest = text[broken:]
    assert desk.out == []
    assert desk.scans == [] or (codes.parse(rest) and desk.scans == [rest]), (
        "of an address the rest may be the whole label"
    )
    assert desk.spoiled >= 1
    desk.wait(REST_S)
    desk.press(typed("42"), 0.3)
    assert desk.out == [desk.sent - 3, desk.sent - 2, desk.sent - 1], "and a person's keys are heard again"


@given(st.text(alphabet=[*"0123456789WHBTPS:/]Qh~ "], max_size=40), st.data())
def test_what_a_person_types_at_a_persons_pace_is_never_a_scan(text: str, data: st.DataObject) -> None:
    """Also when it is a whole label, letter by letter; every key arrives."""
    desk = Desk()
    for key in typed(data.draw(st.sampled_from([text, LABEL, HEAD, f"]Q1{LABEL}", ADDRESS]))):
        desk.press([key], data.draw(st.floats(0.13, 0.4)))
    desk.wait(OVER_S)
    assert (desk.scans, desk.spoiled, desk.out) == ([], 0, list(range(desk.sent)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LABEL, LABEL), (f" {ADDRESS}\r\n", ADDRESS), (f"\x02]Q1{LABEL}\x03", LABEL), ("hello", None), ("", None),
        ("W" * 9999, None),
    ],
)  # fmt: skip
def test_a_paste_that_reads_as_ours_is_a_scan(text: str, code: str | None) -> None:
    assert pasted(text) == code
