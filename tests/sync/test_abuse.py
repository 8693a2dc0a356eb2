"""Whatever is sent, the office says no in its own words, stores nothing of it, and goes on for everybody else."""

import json
import random
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec
import pytest
from sqlalchemy import func
from sqlalchemy import select as asked

from sync.office.store.blobs import blob_parts, blobs
from sync.office.store.schema import devices, forks, records, urgent
from sync.wire import CODE_CHARS, pack
from tests.sync.places import SITE, RunningOffice, handheld, office
from tests.sync.rogue import Rogue
from tests.sync.test_gate import HEADERS, problem, signed

SEED: Final = 20261122
STRANGE: Final = (
    "true", "false", "null", "-1", "0", "0.5", "1e2", "-0", "NaN", "Infinity", "1e400", str(2**63), str(-(2**63)),
    '""', '"x"', r'"\ud800"', r'"\udc00\ud800"', '"\u202e"', r'"\u0000"', "[]", "{}",
    "[null]", '{"a":1}', "'x'", "01", "",
)  # fmt: skip
"""Values that no field of the protocol may have, and some that only few may."""
NESTED: Final = ("records", "lost", "after")
"""Fields in which something may stand that has parts of its own."""
HUGE: Final = (
    "9" * 5000,
    '"' + "x" * 100_000 + '"',
    "[" * 100_000 + "]" * 100_000,
    '{"":' * 50_000 + "1" + "}" * 50_000,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with office(tmp_path_factory.mktemp("office")) as it:
        yield it


@pytest.fixture(scope="module")
def rogue(running: RunningOffice) -> Rogue:
    return Rogue(running)


@pytest.fixture(scope="module")
def http(running: RunningOffice) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, headers=HEADERS, trust_env=False, timeout=20) as client:
        yield client


def stored(running: RunningOffice) -> list[int]:
    """How much of everything the office holds."""
    tables = (records, urgent, forks, blobs, blob_parts, devices)
    return running.ask(
        running.store.read(
            lambda tx: [tx.execute(asked(func.count()).select_from(each)).scalar_one() for each in tables]
        )
    )


def changed(whole: dict[str, Any]) -> Iterator[bytes]:
    """The body with each of its fields made strange, left out, told twice or beside one that nobody knows."""
    parts = {name: json.dumps(value, separators=(",", ":")) for name, value in whole.items()}

    def written(over: dict[str, str]) -> bytes:
        return ("{" + ",".join(f'"{name}":{text}' for name, text in over.items()) + "}").encode(
            "utf-8", "surrogatepass"
        )

    for place, name in enumerate(parts):
        for strange in (*STRANGE, *HUGE) if place < 3 or name in NESTED else STRANGE:
            if strange != parts[name] and not (name == "lost" and strange == "null"):
                yield written({**parts, name: strange})
        if name != "lost":
            yield written({other: text for other, text in parts.items() if other != name})
        yield written(parts)[:-1] + f',"{name}":true}}'.encode()
    yield written({**parts, "more": "1"})


def broken(whole: bytes, chance: random.Random, count: int, ways: int = 3) -> Iterator[bytes]:
    """The bytes cut, flipped, in another encoding, and with others in between."""
    yield from (whole.decode().encode("utf-16"), b"\xef\xbb\xbf" + whole, whole + b"{}", whole + b"\x00", b"\x00", b" ")
    for _ in range(count):
        at, data = chance.randrange(len(whole)), bytearray(whole)
        match chance.randrange(ways):
            case 0:
                yield whole[:at]
            case 1:
                data[at] ^= 0x80
                yield bytes(data)
            case _:
                yield whole[:at] + chance.randbytes(4) + whole[at:]


@pytest.mark.proof
def test_hundreds_of_malformed_bodies_are_refused_whole(
    running: RunningOffice, rogue: Rogue, http: httpx.Client
) -> None:
    chance = random.Random(SEED)
    mine = f"/v1/books/{rogue.book.hex()}"
    batch: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rogue.batch()))
    after = {"book": rogue.book.hex(), "seq": 1, "hash": "00" * 32}
    next_book = {**{part: rogue.opening()[part] for part in ("key", "identity", "cert")}, "after": after}
    bodies = [(f"{mine}/records", body) for body in (*changed(batch), *broken(json.dumps(batch).encode(), chance, 60))]
    bodies += [(f"{mine}/successor", body) for body in changed(next_book)]
    bodies += [
        (f"{mine}/urgent", body) for body in broken(rogue.raw(1, "alarm.raised", point=None), chance, 40, ways=2)
    ]
    bodies += [(f"{mine}/carried", body) for body in broken(b'{"handoff":1}\n{}\n', chance, 20)]
    before, seen = stored(running), dict[str, int]()
    for path, body in bodies:
        url = f"{running.url}{path}"
        packed = pack(body)
        headers = {**signed(rogue, "POST", url, packed), "Content-Encoding": "gzip"}
        name = problem(http.post(path, content=packed, headers=headers))
        seen[name] = seen.get(name, 0) + 1
    print(f"{len(bodies)} bodies, seed {SEED}: {seen}")
    assert len(bodies) >= 300
    assert seen.keys() <= {"malformed", "carried-book"}
    assert stored(running) == before


@pytest.mark.proof
def test_malformed_bodies_at_the_door_too(running: RunningOffice, rogue: Rogue, http: httpx.Client) -> None:
    asked = msgspec.json.decode(msgspec.json.encode(rogue.introduction("0123456789")))
    before = stored(running)
    bodies = list(changed(asked))
    for body in bodies:
        assert problem(http.post("/v1/enrol", content=body)) in (
            "malformed",
            "too-large",
            "enrol-code",
            "too-many-tries",
        )
    assert len(bodies) > 150
    assert stored(running) == before


NAMES: Final = (
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e", "..", ".", "%00", "a" * 63, "a" * 65, "A" * 64, "ａ" * 64,
    "a" * 63 + "\n", "a" * 63 + "%0a", "a" * 4000, "0x" + "a" * 62, "-" * 64, "%ff%fe", "C:\\x", "con",
    "a" * 32 + "/" + "a" * 31,
)  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_name_in_a_path_is_a_hash_or_nothing(
    running: RunningOffice, rogue: Rogue, http: httpx.Client, method: str
) -> None:
    before = stored(running)
    for name in NAMES:
        path = f"/v1/books/{rogue.book.hex()}/blobs/{quote(name, safe='%/.:')}"
        url = str(http.build_request(method, path).url)
        headers = {**signed(rogue, method, url, b"x"), "Upload-Offset": "0", "Upload-Length": "1"}
        answer = http.request(method, path, content=b"x", headers=headers)
        assert problem(answer) in ("malformed", "not-found", "signature", "method"), name
    assert stored(running) == before


@pytest.mark.parametrize("strange", ["", "-1", "+1", "1.0", "1e3", "٣", "9" * 5000, "0x1", "1,2", "NaN", "true"])
def test_a_count_in_a_header_or_a_question_is_a_number(
    running: RunningOffice, rogue: Rogue, http: httpx.Client, strange: str
) -> None:
    before = stored(running)
    path = f"/v1/books/{rogue.book.hex()}/blobs/{'ab' * 32}"
    for own in ({"Upload-Offset": strange, "Upload-Length": "9"}, {"Upload-Offset": "0", "Upload-Length": strange}):
        headers = {**signed(rogue, "PATCH", f"{running.url}{path}", b"x"), **own}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        assert problem(http.patch(path, content=b"x", headers=encoded)) == "malformed"
    for field in ("limit", "wait"):
        path = f"/v1/changes?cursor=0&{field}={quote(strange)}"
        answer = http.get(path, headers=signed(rogue, "GET", f"{running.url}{path}", b""))
        assert answer.status_code < 500
        assert answer.status_code == 200 or problem(answer) == "malformed"
    path = f"/v1/changes?cursor={quote(strange)}"
    answer = http.get(path, headers=signed(rogue, "GET", f"{running.url}{path}", b""))
    assert problem(answer) in ("malformed", "cursor-expired")
    assert stored(running) == before


def slow_line(running: RunningOffice, rogue: Rogue, name: str) -> socket.socket:
    """A line with the head of a good request and one byte of its body; nothing more comes."""
    url = f"{running.url}/v1/books/{rogue.book.hex()}/records"
    line = socket.create_connection(("127.0.0.1", running.port), timeout=60)
    own = {**HEADERS, **signed(rogue, "POST", url, b"", nonce=f"slow-{name:>20}".replace(" ", "0"))}
    own |= {"Content-Length": "100000", "Host": f"127.0.0.1:{running.port}"}
    head = "".join(f"{field}: {value}\r\n" for field, value in own.items())
    line.sendall(f"POST /v1/books/{rogue.book.hex()}/records HTTP/1.1\r\n{head}\r\n".encode() + b"{")
    return line


def test_bodies_that_never_end_keep_nobody_else_waiting(
    tmp_path: Path, running: RunningOffice, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handheld exchanges as ever while forty bodies are awaited for an hour; when their time is over each is told."""
    monkeypatch.setattr("sync.office.gate.BODY_S", 3600)
    waiting = [slow_line(running, rogue, f"a{number}") for number in range(40)]
    with handheld(tmp_path / "h", running) as mine:
        mine.write(50)
        mine.courier.exchange()
        assert running.held(mine.logbook.book) == mine.logbook.head.seq
    assert select.select(waiting, [], [], 0)[0] == []
    for line in waiting:
        line.close()
    monkeypatch.setattr("sync.office.gate.BODY_S", 0.2)
    for line in [slow_line(running, rogue, f"b{number}") for number in range(40)]:
        with line:
            assert line.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.proof
def test_guesses_find_no_code_and_burn_the_one_they_aim_at(tmp_path: Path, torture: bool) -> None:
    """Ten from each of many addresses, all with the first characters of a code that is good. Long form: 1000."""
    addresses = 100 if torture else 10
    chance = random.Random(SEED)
    with office(tmp_path / "office") as running:
        code = running.code()
        other = running.code("another")
        heard: dict[str, int] = {}

        def guess(address: str) -> None:
            transport = httpx.HTTPTransport(local_address=address)
            with httpx.Client(base_url=running.url, headers=HEADERS, transport=transport, trust_env=False) as line:
                for _ in range(10):
                    tried = code[:3] + "".join(chance.choices(CODE_CHARS, k=7))
                    name = problem(line.post("/v1/enrol", content=msgspec.json.encode(Rogue().introduction(tried))))
                    heard[name] = heard.get(name, 0) + 1

        for number in range(addresses):
            guess(f"127.0.1.{number + 1}")
        print(f"{10 * addresses} guesses, seed {SEED}: {heard}")
        assert heard == {"enrol-code": 5 * addresses, "too-many-tries": 5 * addresses}
        with httpx.Client(base_url=running.url, headers=HEADERS, trust_env=False) as line:
            assert (
                problem(line.post("/v1/enrol", content=msgspec.json.encode(Rogue().introduction(code)))) == "enrol-code"
            )
            assert line.post("/v1/enrol", content=msgspec.json.encode(Rogue().introduction(other))).status_code == 201
        assert len([device for device in running.ask(running.store.devices.of(SITE)) if device.book]) == 1
