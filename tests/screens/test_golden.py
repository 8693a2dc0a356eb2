"""Every page as it stands, in both languages and both sizes: a change is seen in the files of `golden/`.

`UPDATE_GOLDEN=1 pytest tests/screens/test_golden.py` writes them anew; look at the difference before you keep it.
"""

import os
from pathlib import Path

import pytest

from tests.screens.walk import check, walk
from tests.screens.world import LARGE, SMALL, settle, text, world

GOLDEN = Path(__file__).parent / "golden"
HINTS = {"zh": "工号 1001 密码 1234", "en": "number 1001, PIN 1234"}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["40x20", "80x24"])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_page_stands_as_it_was_looked_at(tmp_path: Path, lang: str, size: tuple[int, int]) -> None:
    changed = []
    with world(tmp_path / "book") as here:
        app = here.terminal(lang, hint=HINTS[lang])
        async with app.run_test(size=size) as pilot:
            async for page in walk(pilot, here):
                check(app, page)
                if not same(GOLDEN / f"{page}-{lang}-{size[0]}x{size[1]}.txt", text(app) + "\n"):
                    changed.append(page)
    assert not changed, "looks different: UPDATE_GOLDEN=1 writes it anew"


def same(path: Path, shown: str) -> bool:
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
        return True
    return path.exists() and path.read_text(encoding="utf-8") == shown


async def test_the_pages_of_both_languages_are_all_kept(tmp_path: Path) -> None:
    names = {path.stem.rsplit("-", 2)[0] for path in GOLDEN.glob("*.txt")}
    for name in names:
        for lang in ("zh", "en"):
            for size in ("40x20", "80x24"):
                assert (GOLDEN / f"{name}-{lang}-{size}.txt").exists(), (name, lang, size)
    assert len(names) > 40


async def test_every_page_fits_a_terminal_of_large_letters(tmp_path: Path) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=(30, 15)) as pilot:
            async for page in walk(pilot, here):
                check(app, page)


@pytest.mark.parametrize("size", [(12, 5), (29, 40), (80, 14), (1, 1)])
async def test_a_terminal_too_small_for_any_page_says_so_in_both_languages_and_works_again_when_larger(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with world(tmp_path / "book") as here:
        app = here.terminal("en")
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            if size[0] > 1:
                assert "".join(text(app).split()) == "屏幕太小:至少30列15行Toosmall:needs30x15"
            await pilot.resize_terminal(40, 20)
            await settle(pilot)
            check(app, "signin")
