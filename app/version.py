"""Which version of the program this is.

A line of its own, the same as in pyproject.toml (a test holds them together): asking the installation
loads importlib.metadata with csv, zipfile and email, 0.9 MB of a handheld's memory.
"""

import sys
from pathlib import Path
from typing import Final

VERSION: Final = "0.2.0"

BOOK_FORMAT: Final = 1
"""Of the data directory: the form in which this program writes it (docs/record-format.md section 8)."""
READS_FORMAT: Final = 1
"""The oldest form that it opens."""


def is_released(prefix: str = sys.prefix) -> bool:
    """Whether it stands where releases are installed (docs/rollout.md), rather than in a checkout or by pip."""
    return Path(prefix).parent.name == "releases"
