"""The office's description of itself: schemathesis makes requests from it, and every answer must be as it says."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sync.wire import PROTOCOL_HEADER
from tests.sync.places import RunningOffice, office
from tests.sync.rogue import Rogue
from tests.sync.test_gate import HEADERS, signed

QUICK, LONG = 15, 300
"""Requests to each operation."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with office(tmp_path_factory.mktemp("office")) as it:
        yield it


class Signed:
    """Signs a request as an enrolled handheld does, whatever it is."""

    def __init__(self, rogue: Rogue) -> None:
        self._rogue = rogue

    def __call__(self, request: Any) -> Any:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        for name, value in HEADERS.items():
            request.headers.setdefault(name, value)
        if request.url.isascii():
            request.headers.update(signed(self._rogue, request.method, request.url, body))
        return request


def tried(running: RunningOffice, examples: int) -> tuple[int, dict[int, int]]:
    """So many requests to each operation: how many operations there are, and how often each status was answered."""
    import schemathesis  # a second of every run that does not ask for it
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.result import Ok
    from schemathesis.specs.openapi import checks

    running.hush()  # nobody waits for a question that is held
    promised = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    rogue, seen = Rogue(running), dict[int, int]()
    schema = schemathesis.openapi.from_url(f"{running.url}/schema/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]

    def try_one(operation: Any) -> None:
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), mine=st.booleans(), known=st.booleans())
        def one(case: Any, mine: bool, known: bool) -> None:
            if mine and "book" in case.path_parameters:
                case.path_parameters["book"] = rogue.book.hex()
            answer = case.call(auth=Signed(rogue) if known else None)
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
            case.validate_response(answer, checks=promised)
            assert answer.headers[PROTOCOL_HEADER.lower()] == ["1"]

        one()

    for operation in operations:
        try_one(operation)
    return len(operations), seen


@pytest.mark.proof
def test_every_answer_is_as_the_office_describes_it(running: RunningOffice, torture: bool) -> None:
    operations, seen = tried(running, LONG if torture else QUICK)
    print(f"{sum(seen.values())} requests to {operations} operations: {dict(sorted(seen.items()))}")
    assert operations >= 11
    assert max(seen) < 500
    assert {200, 400, 401} <= seen.keys()


@pytest.mark.proof
@pytest.mark.parametrize("bug", ["fails", "says something else"])
def test_an_office_that_fails_or_says_something_else_is_found_out(
    running: RunningOffice, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    def hello(*_: object) -> object:
        if bug == "fails":
            raise ZeroDivisionError
        return {"server_key": 5}

    monkeypatch.setattr("sync.office.api._hello", hello)
    with pytest.raises(BaseExceptionGroup):
        tried(running, QUICK)
