"""A code as a picture in the terminal: half blocks, black on white whatever the terminal's colours."""

import os
import sys
from typing import Final

BORDER: Final = 2
"""Modules of white around the code; phones read with two, the standard asks for four."""
LARGEST_LABEL: Final = 3
"""The QR version of labels at most: 29 modules, so that each is large enough to be read from an arm's length."""
_INK: Final = "\x1b[38;5;16;48;5;231m"
_END: Final = "\x1b[0m"


def drawn(text: str) -> str:
    """The QR code of `text` if standard output is a terminal wide enough, else the empty text."""
    if not sys.stdout.isatty():
        return ""
    rows = modules(text)
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    fits = len(rows[0]) < columns and len(rows) // 2 + 2 < lines
    return "\n".join(_INK + line + _END for line in half_blocks(rows)) if fits else ""


def modules(text: str) -> list[list[bool]]:
    """The code's modules with a white border, dark is True. Importing qrcode costs about 30 ms."""
    import qrcode  # type: ignore[import-untyped]  # it ships no types
    from qrcode.constants import ERROR_CORRECT_Q  # type: ignore[import-untyped]  # it ships no types

    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=BORDER)
    code.add_data(text)
    code.make()
    return [[bool(module) for module in row] for row in code.get_matrix()]


def label_modules(text: str) -> list[list[bool]]:
    """The modules of a label's code, dark is True, without a border: at most version 3, of level Q where that holds it.

    Raises ValueError when version 3 is too small for `text`.
    """
    import qrcode
    from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q

    for level in (ERROR_CORRECT_Q, ERROR_CORRECT_M):
        code = qrcode.QRCode(error_correction=level, border=0)
        code.add_data(text, optimize=0)
        code.make()
        if code.version <= LARGEST_LABEL:
            return [[bool(module) for module in row] for row in code.get_matrix()]
    raise ValueError(f"{len(text)} characters are too many for a label")


def half_blocks(rows: list[list[bool]]) -> list[str]:
    """Two rows of modules in each line of text."""
    if len(rows) % 2:
        rows = [*rows, [False] * len(rows[0])]
    signs = {(False, False): " ", (True, False): "\u2580", (False, True): "\u2584", (True, True): "\u2588"}
    return [
        "".join(signs[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
