"""Who may speak to the office, and how much: strangers, forgers, bombs and nonsense get a clear no."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sync import signing
from sync.client import Refused
from sync.office.api import ENROL_BYTES
from sync.office.checking import check
from sync.signing import sign
from sync.wire import MAX_BYTES, PROBLEMS, pack
from tests.sync.places import SITE, RunningOffice, at_most, bomb, now_ms, office
from tests.sync.rogue import Rogue

HEADERS = {"Watchbook-Protocol": "1", "Watchbook-Client": "0.1.0", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    """One office for all of them: each test has a book of its own, or leaves nothing behind."""
    with office(tmp_path_factory.mktemp("office")) as it:
        yield it


@pytest.fixture
def http(running: RunningOffice) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, headers=HEADERS, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def rogue(running: RunningOffice) -> Rogue:
    """Nothing it sends may be stored; a test that stores something makes one of its own."""
    return Rogue(running)


@pytest.fixture(autouse=True)
def nothing_of_it_is_stored(running: RunningOffice, rogue: Rogue) -> Iterator[None]:
    yield
    assert running.stored(rogue.book) == []


def signed(
    rogue: Rogue, method: str, url: str, body: bytes, *, key: Ed25519PrivateKey | None = None, **over: Any
) -> dict[str, str]:
    made = {"book": rogue.book.hex(), "created": int(time.time()), "nonce": "n" * 20 + str(time.time_ns())}
    return sign(method, url, body, key=key or rogue.identity, **{**made, **over})


def problem(answer: httpx.Response) -> str:
    """The name of the problem in the answer, which is in the form that every problem has."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["watchbook-protocol"] == "1"
    said = answer.json()
    name: str = said["type"].removeprefix("urn:watchbook:")
    assert said["status"] == answer.status_code == PROBLEMS[name]
    assert said["title"]
    return name


def records_url(rogue: Rogue, running: RunningOffice) -> str:
    return f"{running.url}/v1/books/{rogue.book.hex()}/records"


def post(http: httpx.Client, rogue: Rogue, running: RunningOffice, body: bytes, **headers: str) -> httpx.Response:
    url = records_url(rogue, running)
    return http.post(url, content=body, headers={**signed(rogue, "POST", url, body), **headers})


def test_an_office_that_can_take_records_says_so(http: httpx.Client) -> None:
    answer = http.get("/v1/health")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_the_api_describes_itself(http: httpx.Client) -> None:
    schema = http.get("/schema/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/health",
        "/v1/hello",
        "/v1/enrol",
        "/v1/books/{book}/records",
        "/v1/books/{book}/state",
        "/v1/books/{book}/successor",
        "/v1/books/{book}/urgent",
        "/v1/books/{book}/blobs/{name}",
        "/v1/books/{book}/carried",
        "/v1/books/{book}/confirm",
        "/v1/books/{book}/others",
        "/v1/books/{book}/release",
        "/v1/books/{book}/release/{name}",
        "/v1/books/{book}/head",
        "/v1/changes",
    }
    assert "409" in schema["paths"]["/v1/books/{book}/records"]["post"]["responses"]


def test_unsigned_is_nothing(http: httpx.Client, running: RunningOffice, rogue: Rogue) -> None:
    body = msgspec.json.encode(rogue.batch())
    assert problem(http.post(records_url(rogue, running), content=body)) == "signature"
    assert problem(http.get("/v1/changes")) == "signature"


def test_another_key_is_nothing(http: httpx.Client, running: RunningOffice, rogue: Rogue) -> None:
    with pytest.raises(Refused) as no:
        rogue.client(running.url, identity=Ed25519PrivateKey.generate()).send(rogue.batch())
    assert no.value.problem.name == "signature"
    assert running.held(rogue.book) == 0


def test_a_book_that_is_not_enrolled_is_told_so(http: httpx.Client, running: RunningOffice) -> None:
    stranger = Rogue()
    with pytest.raises(Refused) as no:
        stranger.client(running.url).send(stranger.batch())
    assert no.value.problem.name == "unknown-book"


def test_one_handheld_cannot_write_into_anothers_book(http: httpx.Client, running: RunningOffice, rogue: Rogue) -> None:
    other = Rogue(running)
    url = records_url(other, running)
    body = msgspec.json.encode(other.batch())
    answer = http.post(url, content=body, headers=signed(rogue, "POST", url, body))
    assert problem(answer) == "signature"
    mine = records_url(rogue, running)
    answer = http.post(mine, content=body, headers=signed(rogue, "POST", mine, body))
    assert problem(answer) == "malformed"
    assert running.held(other.book) == running.held(rogue.book) == 0


@pytest.mark.parametrize("what", ["body", "path", "query", "method", "host", "nonce", "created"])
def test_what_was_signed_cannot_be_changed(http: httpx.Client, running: RunningOffice, rogue: Rogue, what: str) -> None:
    url = f"{running.url}/v1/changes?cursor=0&limit=5"
    headers = {**HEADERS, **signed(rogue, "GET", url, b"")}
    assert httpx.get(url, headers=headers, trust_env=False).status_code == 200
    headers = {**HEADERS, **signed(rogue, "GET", url, b"", nonce=f"mmmm{time.time_ns():020}")}
    request: dict[str, Any] = {"method": "GET", "url": url, "headers": headers}
    match what:
        case "body":
            request["content"] = b"{}"
        case "path":
            request["url"] = f"{running.url}/v1/books/{rogue.book.hex()}/head?cursor=0&limit=5"
        case "query":
            request["url"] = url.replace("limit=5", "limit=6")
        case "method":
            request["method"] = "HEAD"
        case "host":
            headers["Host"] = "office.example"
        case "nonce":
            headers["Signature-Input"] = headers["Signature-Input"].replace("mmmm", "kkkk")
        case "created":
            created = str(int(time.time()) // 1000)
            headers["Signature-Input"] = headers["Signature-Input"].replace(f"created={created}", "created=1")
    answer = httpx.request(**request, trust_env=False)
    if what == "method":
        assert answer.status_code == 405
    else:
        assert problem(answer) == "signature"


@pytest.mark.parametrize("left_out", ["@method", "@authority", "@path", "@query", "content-digest"])
def test_a_signature_that_covers_less_is_not_enough(
    http: httpx.Client, running: RunningOffice, rogue: Rogue, left_out: str
) -> None:
    url = f"{running.url}/v1/changes"
    covered = tuple(part for part in signing.COVERED if part != left_out)
    headers = _sign_only(rogue, url, covered)
    assert problem(http.get(url, headers=headers)) == "signature"
    assert http.get(url, headers=_sign_only(rogue, url, signing.COVERED)).status_code == 200


def _sign_only(rogue: Rogue, url: str, covered: tuple[str, ...]) -> dict[str, str]:
    from http_message_signatures import HTTPMessageSigner, algorithms

    class Message:
        method = "GET"
        headers: dict[str, str] = {}

    message: Any = Message()
    message.url, message.headers = url, {}
    signer: Any = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
    body = b"" if "content-digest" in covered else None
    nonce = "n" * 20 + str(time.time_ns())
    prepared = signer.prepare(
        message, key_id=rogue.book.hex(), nonce=nonce, label="book", covered_component_ids=covered, body=body
    )
    signer.apply(message, prepared, rogue.identity.sign(prepared.signature_base))
    headers: dict[str, str] = message.headers
    return headers


NOBODY = ["", "a:b", "a:99999", "a:0", "[", "[::1]:x", "[::g]", "a/v1/changes?limit=5#", "a#b", "x@a", "a\tb", "a, b"]


def test_whoever_does_not_say_whom_they_ask_gets_nothing(http: httpx.Client) -> None:
    for host in NOBODY:
        for path in ("/v1/hello", "/v1/changes", "/v1/books/x/head", "/login"):
            assert http.get(path, headers={"Host": host}).status_code == 400, (host, path)


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [(b"1.1", 0, b"400"), (b"1.1", 1, b"200"), (b"1.1", 2, b"400"), (b"1.0", 0, b"200"), (b"1.0", 2, b"400")],
)
def test_who_is_asked_is_named_once_and_before_http_1_1_perhaps_not(
    running: RunningOffice, version: bytes, hosts: int, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", running.port), 5) as line:
        head = b"GET /v1/health HTTP/%b\r\n%bConnection: close\r\n\r\n"
        line.sendall(head % (version, b"Host: a\r\n" * hosts))
        assert line.recv(100).split()[1] == status


def test_a_request_that_was_overheard_cannot_be_repeated(
    http: httpx.Client, running: RunningOffice, rogue: Rogue
) -> None:
    url = f"{running.url}/v1/changes"
    headers = signed(rogue, "GET", url, b"")
    assert http.get(url, headers=headers).status_code == 200
    assert problem(http.get(url, headers=headers)) == "replayed"


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_a_signature_of_another_hour_is_answered_with_the_time(
    http: httpx.Client, running: RunningOffice, rogue: Rogue, shift: int
) -> None:
    url = f"{running.url}/v1/changes"
    asked_ms = time.time_ns() // 1_000_000
    answer = http.get(url, headers=signed(rogue, "GET", url, b"", created=int(time.time()) + shift))
    assert problem(answer) == "clock"
    assert asked_ms <= answer.json()["server_time"] <= time.time_ns() // 1_000_000


def test_who_cannot_sign_does_not_even_learn_that_the_clock_is_wrong(
    http: httpx.Client, running: RunningOffice, rogue: Rogue
) -> None:
    url = f"{running.url}/v1/changes"
    forged = signed(rogue, "GET", url, b"", created=1, key=Ed25519PrivateKey.generate())
    assert problem(http.get(url, headers=forged)) == "signature"


def test_the_answer_names_the_book_it_is_for(http: httpx.Client, running: RunningOffice, rogue: Rogue) -> None:
    url = f"{running.url}/v1/changes"
    answer = http.get(url, headers=signed(rogue, "GET", url, b""))
    assert answer.headers["watchbook-book"] == rogue.book.hex()
    assert "watchbook-book" not in http.get("/v1/health").headers


@pytest.mark.parametrize(
    "header", [{"Watchbook-Protocol": "2"}, {"Watchbook-Client": "0.0.9"}, {"Watchbook-Client": "x"}]
)
def test_a_program_that_is_too_old_is_told_to_update(
    http: httpx.Client, running: RunningOffice, rogue: Rogue, header: dict[str, str]
) -> None:
    url = f"{running.url}/v1/changes"
    assert problem(http.get(url, headers={**signed(rogue, "GET", url, b""), **header})) == "client-too-old"


def test_a_bomb_does_not_go_off(http: httpx.Client, running: RunningOffice, rogue: Rogue) -> None:
    body = bomb(200)
    assert len(body) < 256 * 1024
    with at_most(mib=64):
        answer = post(http, rogue, running, body, **{"Content-Encoding": "gzip"})
    assert problem(answer) == "too-large"
    assert answer.json()["limit"] == MAX_BYTES


def test_a_body_that_is_too_large_is_not_read_to_its_end(
    http: httpx.Client, running: RunningOffice, rogue: Rogue
) -> None:
    assert problem(post(http, rogue, running, b" " * (MAX_BYTES + 1))) == "too-large"


def test_more_records_than_allowed_are_too_many(running: RunningOffice) -> None:
    rogue = Rogue(running)
    for stop in range(501):
        rogue.add("stop.arrived", stop=f"s{stop}")
    with pytest.raises(Refused) as no:
        rogue.client(running.url).send(rogue.batch(1, 501))
    assert (no.value.problem.name, no.value.problem.limit) == ("too-large", 500)
    assert running.held(rogue.book) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"book": "00" * 32},
        {"first": 0},
        {"first": -5},
        {"first": 2},
        {"first": 2**60},
        {"prev": "00" * 32},
        {"prev": "zz"},
        {"head": "00" * 32},
        {"head": "AB" * 32},
        {"sig": "00" * 64},
        {"key": "00" * 32},
        {"records": ()},
    ],
)
def test_a_batch_that_does_not_add_up_is_refused_whole(
    running: RunningOffice, rogue: Rogue, change: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as no:
        rogue.client(running.url).send(replace(rogue.batch(), **change))
    assert no.value.problem.name == "malformed"


NONSENSE = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"v":true}',
    b"[" * 200_000,
    b'{"first":' + b"9" * 5000 + b"}",
    '{"v":1,"book":"\ud800"}'.encode("utf-8", "surrogatepass"),
]


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("end", ["records", "urgent"])
def test_nonsense_is_malformed_never_a_failure(
    http: httpx.Client, running: RunningOffice, rogue: Rogue, body: bytes, end: str
) -> None:
    url = f"{running.url}/v1/books/{rogue.book.hex()}/{end}"
    packed = pack(body)
    headers = {**signed(rogue, "POST", url, packed), "Content-Encoding": "gzip"}
    assert problem(http.post(url, content=packed, headers=headers)) == "malformed"


@pytest.mark.parametrize("body", [*NONSENSE, json.dumps({"code": 5}).encode()])
def test_nonsense_at_the_door_is_malformed_too(http: httpx.Client, body: bytes) -> None:
    expected = "too-large" if len(body) > ENROL_BYTES else "malformed"
    assert problem(http.post("/v1/enrol", content=body)) == expected


def test_half_a_package_is_malformed(http: httpx.Client, running: RunningOffice, rogue: Rogue) -> None:
    whole = pack(msgspec.json.encode(rogue.batch()))
    for body in (whole[:-9], whole + b"x", b"no gzip"):
        assert problem(post(http, rogue, running, body, **{"Content-Encoding": "gzip"})) == "malformed"
    assert problem(post(http, rogue, running, whole, **{"Content-Encoding": "br"})) == "encoding"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/v1/nothing", "not-found"),
        ("PUT", "/v1/hello", "method"),
        ("GET", "/v1/hello", "malformed"),
        ("GET", "/v1/hello?nonce=short", "malformed"),
        ("GET", "/v1/hello?nonce=" + "x" * 65, "malformed"),
        ("GET", "/v1/books/xyz/head", "malformed"),
    ],
)
def test_every_no_is_a_problem_from_the_list(http: httpx.Client, method: str, path: str, name: str) -> None:
    assert problem(http.request(method, path)) == name


def test_the_title_is_in_the_language_asked_for(http: httpx.Client) -> None:
    zh, en = (http.get("/v1/nothing", headers={"Accept-Language": lang}).json()["title"] for lang in ("zh-CN", "en-GB"))
    assert (zh, en) == ("办公室没有这个地址,请检查网址", "The office has no such address: check the URL")


def test_a_withdrawn_handhelds_records_go_into_quarantine_all_of_them(running: RunningOffice) -> None:
    rogue = Rogue(running)
    rogue.add("stop.arrived", stop="s1")
    line = rogue.client(running.url)
    line.send(rogue.batch())
    device = running.ask(running.store.devices.by_book(rogue.book))
    assert device is not None
    running.ask(running.store.devices.revoke(SITE, device.device, 5))
    rogue.add("stop.arrived", stop="s2")
    with pytest.raises(Refused) as no:
        line.send(rogue.batch(3))
    assert no.value.problem.name == "revoked"
    assert no.value.problem.receipt is not None
    assert no.value.problem.receipt.seq == 3
    with pytest.raises(Refused):
        line.send_alone(rogue.raw(9, "alarm.raised", point=None))
    assert [row.quarantine for row in running.stored(rogue.book)] == [None, None, "revoked-book"]
    assert running.ask(check(running.store, running.key, now_ms())).wrong == ()
    [alone] = running.urgent_ahead()
    assert alone.quarantine == "revoked-book"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(http: httpx.Client, body: bytes) -> None:
    assert problem(http.post("/v1/enrol", content=body)) == "malformed"


def test_an_error_inside_says_nothing_about_it(tmp_path: Path) -> None:
    asked = msgspec.json.encode(Rogue().introduction("0123456789"))
    with office(tmp_path / "office") as broken:
        broken.ask(broken.store.write(lambda tx: tx.exec_driver_sql("DROP TABLE enrolment_codes")))
        answer = httpx.post(f"{broken.url}/v1/enrol", content=asked, headers=HEADERS, trust_env=False)
    assert problem(answer) == "internal"
    assert "enrolment_codes" not in answer.text
