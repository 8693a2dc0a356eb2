"""What every test may lean on: when the long ones run, and how hypothesis behaves."""

import gc
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("torture", max_examples=5000, deadline=None)

LONG: Final = {
    "test_days", "test_rot", "test_disk_faults", "test_protocol", "test_access", "test_every_call", "test_failed_calls",
    "test_unreadable", "test_crash_states", "test_power_cut", "test_networks", "test_fleet", "test_office_kills",
    "test_backup", "test_retention", "test_bad_input", "test_golden", "test_labels", "test_serving", "test_damage",
    "test_night_round", "test_journey", "test_desk", "test_lists", "test_long_history", "test_statements",
    "test_memory", "test_house", "test_resume", "test_words",
}  # fmt: skip
"""Files that take longest: begun last, one of them would keep everybody waiting."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="the long forms: hours, not minutes")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("torture" if config.getoption("--torture") else "quick")
    # Bytecode and colours of the machine the tests run on must not leak into what they assert.
    for name in ("WATCHBOOK_DATA_DIR", "WATCHBOOK_LANG", "WATCHBOOK_OFFICE", "WATCHBOOK_FEED", "NO_COLOR"):
        os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONG)


def pytest_collection_finish() -> None:
    """All that was read so far stays: the collector need not walk through it some thousand times."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(scope="session", autouse=True)
def codes_seen_before() -> Iterator[None]:
    """The slow hash of the same PIN or enrolment code with the same salt is made once in a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashlib, "scrypt", cache(hashlib.scrypt))
        yield


@pytest.fixture
def torture(request: pytest.FixtureRequest) -> bool:
    """True when the long form of a proof was asked for."""
    return bool(request.config.getoption("--torture"))
