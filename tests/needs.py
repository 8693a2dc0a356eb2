"""System programs that some tests need: absent on a bare machine, never in CI."""

import os
import shutil

import pytest


def needs(program: str) -> str:
    """The path of `program`. Skips the test where it is missing, and fails it where CI=true."""
    path = shutil.which(program)
    if path is not None:
        return path
    sentence = f"{program} is not installed: this test needs it"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)
