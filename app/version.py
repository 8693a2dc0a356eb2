"""Which version of the program this is.

A line of its own, the same as in pyproject.toml (a test holds them together): asking the installation
loads importlib.metadata with csv, zipfile and email, 0.9 MB of a handheld's memory.
"""

from typing import Final

VERSION: Final = "0.2.0"
