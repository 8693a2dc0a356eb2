"""Where a code ends on a scanner's line: by its end, by silence, whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import codes
from hardware.framing import LONGEST, LOST_S, SILENCE_S, Framing, decoded

LABEL = codes.make(3, b"0123456789")
ENDS = (b"\r", b"\n", b"\r\n", b"\t", b"\x03", b"\r\x03", b"\x03\r\n")
TEXTS = st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)


class Line:
    """A line with its clock: what it gave, in order."""

    def __init__(self) -> None:
        self.framing = Framing()
        self.t = 100.0
        self.codes: list[str] = []

    def send(self, data: bytes, pause_s: float = 0.0) -> None:
        self.t += pause_s
        self.codes += self.framing.feed(data, self.t)

    def wait(self, seconds: float) -> None:
        self.t += seconds
        self.codes += self.framing.expire(self.t)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("start", [b"", b"\x02"])
@given(st.lists(TEXTS, min_size=1, max_size=5), st.data())
def test_codes_come_out_whole_however_the_line_cuts_them(
    start: bytes, end: bytes, texts: list[str], data: st.DataObject
) -> None:
    raw = b"".join(start + text.encode() + end for text in texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=20)))
    line = Line()
    for begin, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        line.send(raw[begin:stop], data.draw(st.floats(0, SILENCE_S * 0.9)))
    line.wait(10)
    assert line.codes == texts


def test_silence_ends_a_code_of_a_scanner_that_sends_no_end() -> None:
    line = Line()
    for text in ("6901234567892", LABEL):
        line.send(text[:5].encode())
        line.wait(SILENCE_S * 0.9)
        line.send(text[5:].encode())
        assert line.framing.due == pytest.approx(line.t + SILENCE_S)
        line.wait(SILENCE_S * 1.1)
        assert line.framing.due is None
    assert line.codes == ["6901234567892", LABEL]


def test_a_scanner_that_sends_ends_may_be_held_up_longer_within_a_code() -> None:
    line = Line()
    line.send(b"first\r")
    line.send(LABEL[:9].encode(), 5)
    line.send(LABEL[9:].encode() + b"\r", LOST_S * 0.9)
    assert line.codes == ["first", LABEL]


def test_a_code_that_lost_its_end_is_dropped_and_the_next_one_is_whole() -> None:
    line = Line()
    line.send(b"first\r")
    line.send(b"690123", 5)
    line.wait(LOST_S * 1.1)
    line.send(LABEL.encode() + b"\r", 3)
    assert line.codes == ["first", LABEL]


def test_a_scanner_set_to_send_no_end_any_more_is_understood_from_its_second_code_on() -> None:
    line = Line()
    line.send(b"first\r")
    for text in (b"second", b"third"):
        line.send(text, 5)
        line.wait(LOST_S * 1.1)
    assert line.codes == ["first", "third"]


def test_what_came_before_a_start_is_no_part_of_the_code() -> None:
    line = Line()
    line.send(b"garb\x02" + LABEL.encode() + b"\x03\r\n")
    assert line.codes == [LABEL]


def test_a_line_of_noise_gives_nothing_and_costs_no_memory() -> None:
    line = Line()
    for _ in range(100):
        line.send(b"\xff" * 4096)
    line.send(b"\r" + LABEL.encode() + b"\r")
    assert line.codes == [LABEL]
    assert LONGEST < 4096


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("配电室-03".encode(), "配电室-03"),
        ("配电室-03".encode("gbk"), "配电室-03"),
        ("Café".encode("latin-1") + b"!", "Café!"),
        (b"\xff", "\xff"),
        (b"\x1d21AB\x1e", "\x1d21AB\x1e"),
    ],
)
def test_bytes_are_read_as_what_they_are(raw: bytes, text: str) -> None:
    line = Line()
    line.send(raw + b"\r\n")
    assert line.codes == [text]


@given(st.binary(max_size=300))
def test_no_bytes_make_reading_raise(raw: bytes) -> None:
    line = Line()
    line.send(raw)
    line.wait(10)
    assert all(line.codes)
    assert isinstance(decoded(raw), str)
