"""Which version of the program this is, as its installation says."""

from functools import cache


@cache
def program() -> str:
    """The version, "0" when the program runs without being installed. Reading it costs some milliseconds, once."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("watchbook")
    except PackageNotFoundError:
        return "0"
