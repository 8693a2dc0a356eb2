"""What every test may lean on: when the long ones run, and how hypothesis behaves."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("torture", max_examples=5000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="the long forms: hours, not minutes")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("torture" if config.getoption("--torture") else "quick")
    # Bytecode and colours of the machine the tests run on must not leak into what they assert.
    for name in ("WATCHBOOK_DATA_DIR", "WATCHBOOK_LANG", "WATCHBOOK_OFFICE", "WATCHBOOK_FEED", "NO_COLOR"):
        os.environ.pop(name, None)


@pytest.fixture
def torture(request: pytest.FixtureRequest) -> bool:
    """True when the long form of a proof was asked for."""
    return bool(request.config.getoption("--torture"))
