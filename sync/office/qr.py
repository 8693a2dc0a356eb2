"""A code as a picture in the terminal: half blocks, black on white whatever the terminal's colours."""

import os
import sys
from typing import Final

BORDER: Final = 2
"""Modules of white around the code; phones read with two, the standard asks for four."""
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


def half_blocks(rows: list[list[bool]]) -> list[str]:
    """Two rows of modules in each line of text."""
    if len(rows) % 2:
        rows = [*rows, [False] * len(rows[0])]
    signs = {(False, False): " ", (True, False): "\u2580", (False, True): "\u2584", (True, True): "\u2588"}
    return [
        "".join(signs[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
