"""An office for a test, on a loopback socket with its own data directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.places import RunningOffice, office


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningOffice]:
    with office(tmp_path / "office") as it:
        yield it
