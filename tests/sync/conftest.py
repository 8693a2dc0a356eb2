"""An office for a test, on a loopback socket with its own data directory; in some modules on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.sync.places import RunningOffice, codes_known_again, office

ON_BOTH = {"test_store", "test_exchange", "test_backup", "test_retries"}
IN_PROOFS = {"test_changes", "test_blobs", "test_enrol", "test_successors", "test_gate"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """An office is on SQLite; in some modules on PostgreSQL too, at once or in the proofs."""
    postgres.choose_engines(metafunc, ON_BOTH, IN_PROOFS)


@pytest.fixture(scope="session", autouse=True)
def codes_once() -> Iterator[None]:
    with codes_known_again():
        yield


@pytest.fixture
def db(tmp_path: Path, engine: str) -> str:
    """The address of an empty database."""
    return postgres.empty(engine, tmp_path)


@pytest.fixture
def running(tmp_path: Path, engine: str) -> Iterator[RunningOffice]:
    address = postgres.server().database(postgres.furnished()) if engine == "postgresql" else ""
    with office(tmp_path / "office", db=address) as it:
        yield it
