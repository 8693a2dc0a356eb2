"""What the three looks promise: readable by day, in bright sun and at night, in every palette a terminal may have."""

import re

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style
from textual.app import App, ComposeResult
from textual.widgets import Input, OptionList

from app.settings import LOOKS
from screens.themes import PAPER, ROLES, SIGNS, THEMES, next_look, style

PALETTES = {
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5"
    " 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
    "linux console": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa"
    " 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
}
"""Colours 0 to 15: xterm's XTerm-col.ad, and the VGA default of the kernel."""
EACH = [(theme, role) for theme, roles in ROLES.items() for role in roles]


def luminance(rgb: tuple[float, float, float]) -> float:
    """Relative luminance, WCAG 2.2."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in rgb))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(front: str, back: str) -> float:
    a, b = sorted((luminance(Color.parse(f"#{colour}").get_truecolor()) for colour in (front, back)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def drawn(look: Style, system: ColorSystem) -> list[int]:
    """The SGR numbers that really go to the terminal."""
    sequence = re.match(r"\x1b\[([0-9;]*)m", look.render("x", color_system=system))
    assert sequence
    return [int(number) for number in sequence[1].split(";")]


def sixteen(codes: list[int]) -> tuple[int, int]:
    """Foreground and background, 0 to 15, as a terminal reads SGR in 16 colours."""
    front = next(code - 30 if code < 90 else code - 82 for code in codes if code in (*range(30, 38), *range(90, 98)))
    back = next(code - 40 if code < 100 else code - 92 for code in codes if code in (*range(40, 48), *range(100, 108)))
    return front, back


def hexes(look: Style, system: ColorSystem) -> tuple[str, str]:
    assert look.color
    assert look.bgcolor
    front, back = (colour.downgrade(system).get_truecolor().hex.lstrip("#") for colour in (look.color, look.bgcolor))
    return front, back


@pytest.mark.parametrize(("theme", "role"), EACH)
def test_exact_colours_are_readable(theme: str, role: str) -> None:
    enough = 4.5 if theme == "night" else 7.0
    assert contrast(*hexes(style(theme, role), ColorSystem.TRUECOLOR)) >= enough


@pytest.mark.parametrize(("theme", "role"), EACH)
def test_256_colours_are_readable(theme: str, role: str) -> None:
    assert contrast(*hexes(style(theme, role), ColorSystem.EIGHT_BIT)) >= (7.0 if theme == "sun" else 4.5)


@pytest.mark.parametrize("terminal", PALETTES)
@pytest.mark.parametrize(("theme", "role"), EACH)
def test_sixteen_colours_are_readable_even_where_bold_is_drawn_bright(theme: str, role: str, terminal: str) -> None:
    palette = PALETTES[terminal].split()
    codes = drawn(style(theme, role), ColorSystem.STANDARD)
    front, back = sixteen(codes)
    enough = 7.0 if theme == "sun" else 4.5
    assert contrast(palette[front], palette[back]) >= enough
    if 1 in codes and front < 8:
        assert contrast(palette[front + 8], palette[back]) >= enough


@pytest.mark.parametrize(("theme", "role"), EACH)
def test_no_look_leans_on_the_dim_or_blinking_attribute(theme: str, role: str) -> None:
    look = style(theme, role)
    assert not look.dim
    assert not look.blink


@pytest.mark.parametrize("theme", ROLES)
def test_good_doubtful_and_bad_differ_in_sixteen_colours_and_have_a_sign_each(theme: str) -> None:
    looks = {role: sixteen(drawn(style(theme, role), ColorSystem.STANDARD)) for role in SIGNS}
    assert len(set(looks.values())) == 3
    assert len(set(SIGNS.values())) == 3


def test_night_has_no_white_areas_but_the_paper_of_a_code() -> None:
    for role in ROLES["night"].keys() - {PAPER}:
        _, back = hexes(style("night", role), ColorSystem.TRUECOLOR)
        red, green, blue = (int(back[i : i + 2], 16) for i in (0, 2, 4))
        assert red >= green >= blue
        assert blue <= 0x50


@pytest.mark.parametrize("role", ROLES["sun"])
def test_in_the_sun_nothing_is_grey_or_blue_and_white_is_the_full_one(role: str) -> None:
    front, back = (f"#{each}" for each in hexes(style("sun", role), ColorSystem.TRUECOLOR))
    assert "#000000" in (front, back), "one side is black"
    red, green, blue = Color.parse(back if front == "#000000" else front).get_truecolor()
    assert green == 0xFF
    assert (red, blue) in {(0xFF, 0xFF), (0x55, 0x55), (0xFF, 0x55)}


def test_all_looks_have_the_same_roles_and_an_unknown_one_is_text() -> None:
    assert ROLES["day"].keys() == ROLES["night"].keys() == ROLES["sun"].keys()
    assert style("night", "no such role") == style("night", "text")


def test_the_key_goes_through_every_look_that_a_setting_may_name() -> None:
    assert [theme.name for theme in THEMES] == list(LOOKS)
    assert [next_look(look) for look in LOOKS] == ["night", "sun", "day"]


class Stock(App[None]):
    """Widgets of Textual in our themes."""

    def compose(self) -> ComposeResult:
        yield OptionList("one", "two")
        yield Input(value="42", placeholder="number")


@pytest.mark.parametrize("theme", ROLES)
async def test_stock_widgets_stay_readable_in_sixteen_colours(theme: str) -> None:
    app = Stock()
    for each in THEMES:
        app.register_theme(each)
    async with app.run_test(size=(40, 20)) as pilot:
        app.theme = theme
        await pilot.pause()
        looks = {**words(app)}
        await pilot.press("tab")
        for text, look in [*looks.items(), *words(app).items()]:
            front, back = sixteen(drawn(look, ColorSystem.STANDARD))
            for palette in PALETTES.values():
                assert contrast(palette.split()[front], palette.split()[back]) >= 4.5, f"{text}: {look}"


def words(app: Stock) -> dict[str, Style]:
    """What stands on the screen and how it looks."""
    found = {
        segment.text.strip(): segment.style
        for strip in app.screen._compositor.render_strips()
        for segment in strip
        if segment.style and segment.text.strip().isalnum()
    }
    assert {"one", "two", "42"} <= found.keys()
    return found
