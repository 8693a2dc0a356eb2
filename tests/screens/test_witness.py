"""Two handhelds at one gate: what each shows of its book, who can read it, and what is said and kept of the other's."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import zxingcpp
from PIL import Image
from textual import events
from textual.pilot import Pilot

from app import witness
from app.kinds import read
from app.kinds.witness import WitnessSeen
from app.logbook.book import Logbook
from app.text import cells
from screens.menu import LeavePage
from screens.platform.launch import console_draws_blocks
from screens.round import RoundPage
from screens.signin import SignInPage
from screens.terminal import Terminal
from screens.witness import QUESTION, WitnessPage, modules, on_paper
from tests.picture import HALVES, play, png
from tests.pty import Pty
from tests.screens.plans import label
from tests.screens.test_golden import GOLDEN, same
from tests.screens.walk import check
from tests.screens.world import LARGE, SMALL, World, keys, rows, scan, text, world

HEAD: Final = witness.Head(book=bytes(range(32)), seq=1234, hash=bytes(range(32, 64)))
OTHER: Final = witness.Head(book=bytes(range(32, 64)), seq=4711, hash=bytes(32))
TO_THE_PAGE: Final = (
    "<wait:Number>1001<enter><wait:PIN>1111<enter><wait:Partner>1002<enter><wait:PIN>2222<enter>"
    "<pause:.5><enter><wait:Due now>*<wait:outbox>0<wait:witness>7<wait:theirs>"
)


def demo(folder: Path) -> list[str]:
    return [sys.executable, "-m", "screens", "demo", "--no-office", "--lang", "en", "--data-dir", str(folder)]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "book") as found:
        yield found


@asynccontextmanager
async def on_shift(
    here: World, lang: str = "en", theme: str = "day", size: tuple[int, int] = SMALL
) -> AsyncIterator[Pilot[int]]:
    """The terminal at home, with both of the crew signed in."""
    app = here.terminal(lang, theme)
    async with app.run_test(size=size) as pilot:
        for person in ("zhang-wei", "li-min"):
            await scan(pilot, label(f"person:{person}"))
        await keys(pilot, "enter")
        yield pilot


def witnessed(here: World) -> list[WitnessSeen]:
    return [body for body in map(read, here.records()) if isinstance(body, WitnessSeen)]


def photo(pilot: Pilot[int], cell: tuple[int, int] = (8, 16)) -> Image.Image:
    """The cells in their colours, as a camera sees them; letters are left out."""
    width, height = cell
    columns, lines = pilot.app.size
    picture = Image.new("RGB", (columns * width, lines * height))
    for y, strip in enumerate(pilot.app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            assert segment.style
            front, back = (colour.get_truecolor() for colour in (segment.style.color, segment.style.bgcolor) if colour)
            for ch in segment.text:
                box = (x * width, y * height, (x + cells(ch)) * width, (y + 1) * height)
                picture.paste(back, box)
                if ch in HALVES:
                    upper, lower = (y * height + height * half // 2 for half in HALVES[ch])
                    picture.paste(front, (box[0], upper, box[2], lower))
                x += cells(ch)
    return picture


def scanned(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture, try_invert=False)]


# -- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, (60, 20), LARGE, (120, 40)], ids=["40x20", "60x20", "80x24", "120x40"])
@pytest.mark.parametrize("theme", ["day", "night"])
async def test_a_scanner_reads_the_signed_head_off_the_screen(here: World, theme: str, size: tuple[int, int]) -> None:
    async with on_shift(here, "zh", theme, size) as pilot:
        await keys(pilot, "asterisk 0 2")
        assert isinstance(pilot.app.screen, WitnessPage)
        check(pilot.app, "witness")
        head = witness.Head(here.book.book, here.book.head.seq, here.book.head.hash)
        assert scanned(photo(pilot)) == [witness.payload(head)]
        noted = [note for note in here.book.notes() if note["note"] == "head"][-1]
        assert (noted["seq"], noted["hash"]) == (head.seq, head.hash.hex())
        shown = "".join(ch for ch in text(pilot.app) if ch.isdigit())
        assert all(group in shown for group in witness.grouped(witness.code(head)).split())


@pytest.mark.parametrize("cell", [(6, 12), (8, 16), (10, 20), (12, 24), (16, 32)])
async def test_it_is_read_from_cells_of_any_size_with_the_dark_around_it(here: World, cell: tuple[int, int]) -> None:
    async with on_shift(here, "zh", "night") as pilot:
        await keys(pilot, "asterisk 0 2")
        assert len(scanned(photo(pilot, cell))) == 1


def test_the_code_is_version_three_whatever_the_head() -> None:
    for byte in (0, 85, 170, 255):
        head = witness.Head(bytes([byte]) * 32, witness.MOST, bytes([byte]) * 32)
        code = modules(witness.payload(head))
        assert (len(code), {len(row) for row in code}) == (29, {29})
        assert [len(row) for row in on_paper(code, 1, 2)] == [33] * 16


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["40x20", "80x24"])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_page_stands_as_it_was_looked_at(here: World, lang: str, size: tuple[int, int]) -> None:
    code = modules(witness.payload(HEAD))
    pages = {"witness": WitnessPage(HEAD, code), "witness-digits": WitnessPage(HEAD, ())}
    changed = []
    async with on_shift(here, lang, "night", size) as pilot:
        assert isinstance(pilot.app, Terminal)
        for name, page in pages.items():
            pilot.app.open(page)
            await keys(pilot, "4 1 1 1 1")
            check(pilot.app, name)
            if not same(GOLDEN / f"{name}-{lang}-{size[0]}x{size[1]}.txt", text(pilot.app) + "\n"):
                changed.append(name)
    assert not changed, "looks different: UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("size", [(36, 20), (40, 17), (30, 15), (12, 4), (1, 1)])
async def test_where_the_code_does_not_fit_the_digits_stand_alone(here: World, size: tuple[int, int]) -> None:
    async with on_shift(here, "en", "day", size) as pilot:
        await keys(pilot, "asterisk 0 2")
        assert isinstance(pilot.app.screen, WitnessPage)
        assert not set(text(pilot.app)) & set(HALVES)
        assert scanned(photo(pilot)) == []
        if size[0] >= 30:
            head = witness.Head(here.book.book, here.book.head.seq, here.book.head.hash)
            assert " ".join(witness.code(head)[:4]) in text(pilot.app)


async def test_a_terminal_without_half_blocks_shows_the_digits(here: World) -> None:
    page = await shown_without_blocks(here)
    assert "2 8 8" not in page
    assert not set(page) & set(HALVES)
    assert "[_" in page


async def shown_without_blocks(here: World) -> str:
    from msgspec.structs import replace

    app = here.terminal("en")
    app.gear = replace(app.gear, blocks=False)
    async with app.run_test(size=LARGE) as pilot:
        await scan(pilot, label("person:zhang-wei"))
        await keys(pilot, "enter asterisk 0 2")
        return text(app)


@pytest.mark.parametrize(
    ("term", "encoding", "drawn"),
    [("xterm-256color", "utf-8", True), ("linux", "utf-8", False), ("xterm", "gbk", False), ("xterm", "ascii", False)],
)
def test_which_terminals_draw_half_blocks(term: str, encoding: str, drawn: bool) -> None:
    assert console_draws_blocks({"TERM": term}, encoding) == drawn


@pytest.mark.proof
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["40x20", "80x24"])
def test_a_camera_reads_the_real_program_on_a_real_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    folder = tmp_path / "book"
    with Pty(demo(folder), *size, env={"TERM": "xterm-256color"}) as pty:
        play(pty, TO_THE_PAGE)
        png(pty.screen, tmp_path / "screen.png")
    book = Logbook.read(next(folder.rglob("journal")).parent)
    noted = [note for note in book.notes() if note["note"] == "head"][-1]
    head = witness.Head(bytes.fromhex(noted["book"]), noted["seq"], bytes.fromhex(noted["hash"]))
    assert scanned(Image.open(tmp_path / "screen.png")) == [witness.payload(head)]


class WideBlocks(Pty):
    """A terminal that draws half blocks as wide as Chinese characters."""

    def _answer(self, reply: str) -> None:
        super()._answer(reply.replace("[2;2R", "[2;3R"))


@pytest.mark.proof
def test_a_terminal_that_draws_half_blocks_wide_is_asked_and_shows_the_digits(tmp_path: Path) -> None:
    with WideBlocks(demo(tmp_path / "book"), *SMALL, env={"TERM": "xterm-256color"}) as pty:
        play(pty, TO_THE_PAGE + "<wait:Two handhelds><wait:This book>")
        assert QUESTION.encode() in pty.raw
        assert not set("".join(pty.screen.display)) & set(HALVES)


async def test_an_answer_that_nobody_waits_for_changes_nothing(here: World) -> None:
    async with on_shift(here) as pilot:
        before = text(pilot.app)
        pilot.app.post_message(events.CursorPosition(1, 1))
        await keys(pilot, "")
        assert text(pilot.app) == before
        await keys(pilot, "asterisk 0 2")
        assert len(scanned(photo(pilot))) == 1
        pilot.app.post_message(events.CursorPosition(2, 1))
        await keys(pilot, "")
        assert scanned(photo(pilot)) == []
        assert "This book" in text(pilot.app)


# -- the other's ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_scanning_the_others_head_is_recorded_and_said_and_our_code_stays(here: World, lang: str) -> None:
    async with on_shift(here, lang) as pilot:
        await keys(pilot, "asterisk 0 2")
        ours = scanned(photo(pilot))
        await scan(pilot, witness.payload(OTHER))
        assert [(seen.how, seen.book, seen.seq) for seen in witnessed(here)] == [("qr", "2021222324252627", 4711)]
        said = next(row for row in rows(pilot.app) if row.startswith("+ "))
        assert "2021" in said
        assert "4711" in said
        assert scanned(photo(pilot)) == ours, "the other has not read it yet"
        assert here.signals.felt[-1] == "ok"
        await scan(pilot, witness.payload(OTHER))
        assert len(witnessed(here)) == 1
        assert here.signals.felt[-1] == "mark"


async def test_sixteen_digits_from_the_keypad_are_recorded(here: World) -> None:
    async with on_shift(here) as pilot:
        code = witness.code(OTHER)
        await keys(pilot, f"asterisk 0 2 {' '.join(code)} 7 7 enter")
        assert [(seen.how, seen.code) for seen in witnessed(here)] == [("code", code)]
        assert f"{code[:4]}..{code[-4:]}" in text(pilot.app)
        assert "[_" in text(pilot.app)


async def test_a_digit_misheard_stays_in_the_field_to_be_mended(here: World) -> None:
    async with on_shift(here) as pilot:
        code = witness.code(OTHER)
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        await keys(pilot, f"asterisk 0 2 {' '.join(wrong)} enter")
        assert "A digit is wrong" in text(pilot.app)
        assert witnessed(here) == []
        await keys(pilot, f"backspace {code[-1]} enter")
        assert [seen.code for seen in witnessed(here)] == [code]


async def test_too_few_digits_and_our_own_are_refused(here: World) -> None:
    async with on_shift(here) as pilot:
        await keys(pilot, "asterisk 0 2 4 7 enter")
        assert "x The code has 16 digits" in text(pilot.app)
        own = witness.code(witness.Head(here.book.book, here.book.head.seq, here.book.head.hash))
        await keys(pilot, f"backspace backspace {' '.join(own)} enter")
        assert "That is this handheld" in text(pilot.app)
        await scan(pilot, witness.payload(witness.Head(here.book.book, 2, bytes(32))))
        assert "That is this handheld" in text(pilot.app)
        assert witnessed(here) == []


async def test_nothing_is_recorded_while_the_office_is_away_that_is_not_recorded_then(here: World) -> None:
    assert not here.office.line.online
    async with on_shift(here) as pilot:
        await keys(pilot, "asterisk 0 2")
        await scan(pilot, witness.payload(OTHER))
        assert len(witnessed(here)) == 1
        assert here.office.asked == 0


async def test_a_head_scanned_anywhere_is_recorded_and_the_crew_stays_where_it_is(here: World) -> None:
    async with on_shift(here) as pilot:
        await scan(pilot, witness.payload(OTHER))
        assert "Recorded: book 2021 up to 4711" in text(pilot.app)
        await keys(pilot, "enter")
        assert isinstance(pilot.app.screen, RoundPage)
        here.clock.pass_by(90)
        await scan(pilot, witness.payload(OTHER))
        assert isinstance(pilot.app.screen, RoundPage)
        await keys(pilot, "4")
        assert isinstance(pilot.app.screen, SignInPage)
        here.clock.pass_by(90)
        await scan(pilot, witness.payload(OTHER))
        assert isinstance(pilot.app.screen, SignInPage)
        assert len(witnessed(here)) == 3
        assert "code.seen" not in here.kinds()


async def test_before_anybody_signs_in_a_head_is_neither_shown_nor_recorded(here: World) -> None:
    app = here.terminal("en")
    async with app.run_test(size=SMALL) as pilot:
        await scan(pilot, witness.payload(OTHER))
        await keys(pilot, "asterisk 0")
        assert "witness" not in text(app)
        assert here.signals.felt == ["no"]
        assert witnessed(here) == []


async def test_who_ends_the_shift_is_offered_to_show_the_book_first(here: World) -> None:
    async with on_shift(here) as pilot:
        await keys(pilot, "asterisk 8 4")
        assert isinstance(pilot.app.screen, WitnessPage)
        await scan(pilot, witness.payload(OTHER))
        await keys(pilot, "backspace")
        assert isinstance(pilot.app.screen, LeavePage)
        await keys(pilot, "3")
        assert here.kinds()[-2:] == ["witness.seen", "shift.closed"]


async def test_enter_on_the_empty_field_and_backspace_leave_the_page(here: World) -> None:
    async with on_shift(here) as pilot:
        for leaves in ("enter", "backspace", "1 backspace backspace"):
            await keys(pilot, f"asterisk 0 2 {leaves}")
            assert not isinstance(pilot.app.screen, WitnessPage), leaves
        assert witnessed(here) == []


async def test_two_real_handhelds_record_each_other(here: World, tmp_path: Path) -> None:
    with world(tmp_path / "other") as there:
        async with on_shift(here) as ours:
            await keys(ours, "asterisk 0 2")
            (our_code,) = scanned(photo(ours))
        async with on_shift(there) as theirs:
            await keys(theirs, "asterisk 0 2")
            (their_code,) = scanned(photo(theirs))
            await scan(theirs, our_code)
        async with here.terminal("en").run_test(size=SMALL) as ours:
            await scan(ours, their_code)
        assert [seen.book for seen in witnessed(here)] == [there.book.book_id[:16]]
        assert [seen.book for seen in witnessed(there)] == [here.book.book_id[:16]]


async def test_the_same_pages_again_and_again_do_not_pile_up(here: World) -> None:
    async with on_shift(here) as pilot:
        base = len(pilot.app.screen_stack)
        for _ in range(3):
            await keys(pilot, "asterisk 0 2 asterisk 6 f1 asterisk 7 asterisk 2 asterisk 8 4 f3 asterisk 1 f1 asterisk")
            await keys(pilot, "ctrl+q f1 ctrl+q f1")
        kinds = [type(screen) for screen in pilot.app.screen_stack[base:]]
        assert len(kinds) == len(set(kinds)), kinds
        await keys(pilot, "asterisk 0 2")
        assert isinstance(pilot.app.screen, WitnessPage)
        await keys(pilot, "asterisk 0 2 asterisk 0")
        assert sum(isinstance(screen, WitnessPage) for screen in pilot.app.screen_stack) == 1


async def test_a_problem_half_written_is_still_there_after_a_look_elsewhere(here: World) -> None:
    async with on_shift(here) as pilot:
        await keys(pilot, "f3")
        page = pilot.app.screen
        await keys(pilot, "asterisk 7 f3")
        assert pilot.app.screen is page


async def test_the_head_that_is_shown_is_that_of_the_moment(here: World) -> None:
    async with on_shift(here) as pilot:
        await keys(pilot, "asterisk 0 2")
        await scan(pilot, witness.payload(OTHER))
        await keys(pilot, "asterisk 0 2")
        book = here.book
        (shown,) = scanned(photo(pilot))
        assert shown == witness.payload(witness.Head(book.book, book.head.seq, book.head.hash))
