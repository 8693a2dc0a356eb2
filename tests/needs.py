"""System programs that some tests need: absent on a bare machine, never in CI."""

import ctypes
import os
import shutil
import subprocess
from functools import cache

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


def needs_root(why: str) -> None:
    """Skips the test where we may not mount, and fails it where CI=true.

    From then on this process has mounts of its own: they are gone with it, however it ends.
    """
    if os.geteuid() == 0:
        _mounts_of_our_own()
        return
    sentence = f"not root: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


@cache
def _mounts_of_our_own() -> None:
    new_mounts = 0x00020000  # CLONE_NEWNS, linux/sched.h
    if ctypes.CDLL(None, use_errno=True).unshare(new_mounts):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
