"""What seeing costs, and how much is read: pictures of labels as cameras see them, made by the project itself.

The peer is zxing-cpp alone at its defaults: of seven libraries measured on public pictures the quickest, and on each
set the best or one picture behind it. Both get the same grey pixels in the same run. `python -m bench.reading FOLDER`
measures a folder of pictures, each with its text beside it (`.txt`), as well.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from app import codes
from bench.table import Figure, show
from hardware.decode import Gray, look
from hardware.pictures import SUFFIXES, codes_in_gray, grays, picture_bytes
from tests.hardware.labels_seen import View, code, seen

VIEWS: Final = (
    View(turned=33),
    View(module=3, turned=20, blur=0.8, noise=8),
    View(module=2.5, turned=140, blur=0.6, noise=6),
    View(module=6, turned=110, lean=0.35, blur=1, noise=8),
    View(turned=200, blur=1, noise=14, black=12, white=50),
    View(turned=250, blur=1.2, noise=25, black=15, white=70),
    View(turned=70, blur=2.6, noise=6),
    View(turned=10, shake=7, blur=1, noise=10),
    View(turned=300, shadow=0.9, blur=1, noise=8),
    View(turned=45, blur=1, noise=10, inverted=True),
    View(turned=140, blur=1, noise=10, black=170, white=255),
)
SEEDS: Final = 5
Read = Callable[[Gray], list[str]]
Shown = tuple[Gray, str]
"""Pixels, and the text that stands in them."""


def run(folder: Path | None = None) -> list[Figure]:
    made = [_shown(view, seed) for view in VIEWS for seed in range(SEEDS)]
    found = compared("made", made)
    given = list(_given(folder)) if folder else []
    return [*found, *(compared("given", given) if given else ()), _live(made)]


def compared(name: str, pictures: Sequence[Shown]) -> list[Figure]:
    """Ours beside the library alone: what stays unread, what is read wrongly, and what a picture costs."""
    ours, theirs = _tried(pictures, _thorough), _tried(pictures, _alone)
    unread, peer = len(pictures) - ours.right, len(pictures) - theirs.right
    sys.stdout.write(
        f"{name}: {len(pictures)} pictures, read right {ours.right} ({100 * ours.right / len(pictures):.1f} %) "
        f"at {ours.milliseconds:.2f} ms each, zxing-cpp alone {theirs.right} "
        f"({100 * theirs.right / len(pictures):.1f} %) at {theirs.milliseconds:.2f} ms (medians)\n"
    )
    easy = [place for place in range(len(pictures)) if place in ours.places and place in theirs.places]
    return [
        (f"{name} pictures unread / by zxing-cpp alone", unread / max(1, peer), 1.0),
        (f"{name} pictures, wrong texts", float(ours.wrong), 0),
        (f"{name} pictures that both read, time / zxing-cpp alone", _cost(ours, theirs, easy), 6),
    ]


class _Tried:
    def __init__(self) -> None:
        self.places: set[int] = set()
        self.wrong = 0
        self.spent: list[float] = []

    @property
    def right(self) -> int:
        return len(self.places)

    @property
    def milliseconds(self) -> float:
        """Of a picture, read or not."""
        return 1000 * median(self.spent)


def _tried(pictures: Sequence[Shown], read: Read) -> _Tried:
    tried = _Tried()
    for place, (gray, text) in enumerate(pictures):
        began = time.perf_counter()
        texts = read(gray)
        tried.spent.append(time.perf_counter() - began)
        if text in texts:
            tried.places.add(place)
        elif texts:
            tried.wrong += 1
    return tried


def _cost(ours: _Tried, theirs: _Tried, places: Sequence[int]) -> float:
    return median(ours.spent[place] / theirs.spent[place] for place in places)


def _live(pictures: Sequence[Shown]) -> Figure:
    """Four frames after each other, since every one is looked at another way."""
    ratios = []
    for gray, _ in pictures:
        began = time.perf_counter()
        for number in range(4):
            look(gray, number)
        between = time.perf_counter()
        for _ in range(4):
            _alone(gray)
        ratios.append((between - began) / (time.perf_counter() - between))
    return ("a live frame of 640x480 / zxing-cpp alone", median(ratios), 1.0)


def _thorough(gray: Gray) -> list[str]:
    return [found.text for found in codes_in_gray(gray)]


def _alone(gray: Gray) -> list[str]:
    import zxingcpp

    view = memoryview(gray.pixels).cast("B", (gray.height, gray.width))
    return [found.text for found in zxingcpp.read_barcodes(view, text_mode=zxingcpp.TextMode.Plain)]


def _shown(view: View, seed: int) -> Shown:
    text = codes.make(seed, bytes([seed]) * codes.TOKEN_BYTES)
    picture = seen(code(text), view, seed)
    return Gray(picture.tobytes(), picture.width, picture.height), text


def _given(folder: Path) -> list[Shown]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    told = [(path, path.with_suffix(".txt")) for path in paths]
    return [
        (next(grays(picture_bytes(path))), text.read_bytes().decode("utf-8")) for path, text in told if text.is_file()
    ]


if __name__ == "__main__":
    sys.exit(show(run(Path(sys.argv[1]) if len(sys.argv) > 1 else None)))
