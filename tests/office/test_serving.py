"""The office as a program that begins and ends: what it holds while nobody asks, and what it leaves when it goes."""

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Final

import httpx
import msgspec
import pytest
from sqlalchemy import Connection, func, select

from sync.office import accounts, lines
from sync.office.store import accounts as table
from sync.office.store.engine import READERS
from sync.office.tries import DOOR_LIMIT
from tests.office.conftest import ROOT, Office, furnished, sign_in
from tests.sync.rogue import Rogue

UNASKED: Final = {
    "alembic", "asyncpg", "cryptography.x509", "docx", "fpdf", "httpx", "jinja2", "prometheus_client", "pypdfium2",
    "sync.office.demo", "sync.office.papers.catalogue", "typst", "websockets", "xlsxwriter",
}  # fmt: skip
"""What only pages, papers, monitoring, certificates or another database need."""
HEALTH: Final = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
BEGUN: Final = """
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from sync.office.keys import OfficeKey
from sync.office.serve import Server, Serving, open_store

async def begin():
    store = await open_store(Path(sys.argv[1]) / "office.db")
    serving = Serving(store, OfficeKey.open(Path(sys.argv[1])), lambda: 0)
    server = Server(serving.app, lambda: print(*sys.modules))
    server.should_exit = True
    await server.serve([])
    store.close()

asyncio.run(begin())
"""
SHARED: Final = """
import os, signal, sys, time
from sync.office import workers

forked, real, workers.AGAIN_S = 0, os.fork, 0.01

def fork():
    global forked
    forked += 1
    pid = real()
    if pid and forked == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGTERM)
    return pid

def serve(number):  # of one that has not come to serving yet; the first of all ends by itself
    if forked > 1:
        time.sleep(60)

os.fork = fork
workers.share(2, serve)
"""
"""Two workers; whoever looks after them gets SIGTERM as soon as a child is there, before it knows which."""
ADOPTED: Final = """
import os, signal, time
from sync.office import workers

boss, stranger = os.getpid(), os.fork()
if not stranger:
    os._exit(0)

def serve(number):
    while os.path.exists(f"/proc/{stranger}"):  # until somebody has asked how it ended
        time.sleep(0.01)
    os.kill(boss, signal.SIGTERM)
    time.sleep(60)

workers.share(1, serve)
"""
"""A child that is no worker ends while a worker serves."""
EARLY: Final = """
import signal, sys
from pathlib import Path
from sync.office import serve

class Early(serve.Server):
    async def serve(self, sockets):
        signal.raise_signal(signal.SIGTERM)
        await super().serve(sockets)

serve.Server, folder = Early, Path(sys.argv[1])
made = lambda store, key: serve.Serving(store, key, lambda: 0)
serve.run(folder / "office.db", folder, serve.listen("127.0.0.1", 0), made, lambda url: None)
"""
"""An office that is told to end when it is about to listen for that."""


@pytest.mark.parametrize("nth", [1, 2, 3], ids=["the first", "the last", "one again"])
def test_workers_that_are_being_started_end_too(nth: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHARED, str(nth)], capture_output=True, text=True, cwd=ROOT, timeout=20
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_end_of_a_child_that_is_no_worker_changes_nothing() -> None:
    """As the first process of a container an office is given the children of others."""
    done = subprocess.run([sys.executable, "-c", ADOPTED], capture_output=True, text=True, cwd=ROOT, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_office_that_is_told_to_end_before_it_serves_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.proof
def test_a_server_that_nobody_has_asked_holds_nothing_for_pages_papers_or_monitoring(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGUN, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = set(done.stdout.split())
    assert "sync.office.pages.rooms" in loaded
    assert loaded & UNASKED == set()
    assert not done.stderr


def test_whoever_stops_it_twice_leaves_no_work_and_no_request_to_a_store_that_is_closed(tmp_path: Path) -> None:
    office = Office(furnished(tmp_path / "office"))
    server, answered = office._server, threading.Event()
    office.ask(office.serving.folding.stop())  # it would wait for its own question
    busy = [office.store.database.read(lambda _: answered.wait(60)) for _ in range(READERS)]
    with socket.create_connection(office._listening.getsockname()) as line:
        line.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        while not server.server_state.tasks:
            sleep(0.01)
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGINT, None)
        office._thread.join(60)
    assert not office._thread.is_alive()
    assert asyncio.all_tasks(office._loop) == set()
    answered.set()
    assert all(each.result(60) for each in busy)
    office.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office(furnished(tmp_path_factory.mktemp("data") / "office"))
    yield office
    office.close()


def a_line(office: Office) -> socket.socket:
    return socket.create_connection(office._listening.getsockname(), timeout=60)


@pytest.mark.parametrize("before", [b"", HEALTH], ids=["new", "used"])
@pytest.mark.parametrize("said", [b"GET /v1/health HTTP/1.1\r\nHost", b"\r\n", b"GET"])
def test_a_line_on_which_nothing_is_asked_ends(
    served: Office, monkeypatch: pytest.MonkeyPatch, before: bytes, said: bytes
) -> None:
    if not before:
        monkeypatch.setattr(lines, "HEAD_S", 0.1)
    with a_line(served) as line:
        if before:
            line.sendall(before)
            assert line.recv(4096).startswith(b"HTTP/1.1 200")
            monkeypatch.setattr(lines, "HEAD_S", 0.1)
        with suppress(ConnectionError):  # it may have ended already
            line.sendall(said)
            while line.recv(4096):
                """The end of the answer before."""


def test_a_line_that_says_nothing_ends(served: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "HEAD_S", 0.1)
    with a_line(served) as line:
        assert line.recv(1) == b""


def dribble(line: socket.socket) -> None:
    while True:
        line.sendall(b"a")
        sleep(0.01)


def test_a_form_that_does_not_end_ends(
    served: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However often a byte comes; one that is only large is waited for."""
    monkeypatch.setattr(lines, "BODY_S", 0.1)
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with a_line(served) as line:
        line.sendall(head + b"Content-Length: 10000\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            dribble(line)
    monkeypatch.setattr(lines, "SLOWEST", 0)
    with a_line(served) as line:
        line.sendall(head + b"Content-Length: 12\r\n\r\nname=a")
        sleep(0.3)
        line.sendall(b"&pass=")
        assert line.recv(12) == b"HTTP/1.1 403"
    while served._server.server_state.tasks:
        sleep(0.01)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /", b"x" * 1000),
        (b"GET / HTTP/1.1\r\n", b"x: " + b"y" * 1000 + b"\r\n"),
        (b"GET / HTTP/1.1\r\nx: ", b"y" * 1000),
        (
            b"POST /v1/enrol HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1;" + b"y" * 1000 + b"\r\nx\r\n",
        ),
        (
            b"POST /v1/enrol HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"x: " + b"y" * 1000 + b"\r\n",
        ),
    ],
)
def test_what_stands_around_a_body_has_an_end(served: Office, start: bytes, more: bytes) -> None:
    with a_line(served) as line:
        line.sendall(start)
        with pytest.raises(OSError, match=r"reset|pipe"):
            line.sendall(more * 100_000)
    with a_line(served) as line:
        line.sendall(HEALTH)
        assert line.recv(12) == b"HTTP/1.1 200"


def test_behind_a_proxy_wrong_codes_count_for_who_sent_them(served: Office) -> None:
    def guess(address: str) -> int:
        asked = msgspec.json.encode(Rogue().introduction("0123456789"))
        headers = {"x-forwarded-for": address, "watchbook-protocol": "1"}
        return httpx.post(f"{served.url}/v1/enrol", content=asked, headers=headers, trust_env=False).status_code

    assert [guess("192.0.2.1") for _ in range(6)] == [403] * 5 + [429]
    assert guess("192.0.2.2") == 403


def test_who_tries_passwords_keeps_nobody_else_waiting(office: Office) -> None:
    """Of many dear tries at once two are judged; what else needs a thread is served before most of them."""
    names, stored = [f"name {n}" for n in range(24)], accounts.hash_password("open at eight, please")
    answered: list[int] = []

    def put(tx: Connection) -> None:
        for name in names:
            table.put(tx, table.Account(name, "supervisor", None, stored), office.now)

    def counted(tx: Connection) -> int:
        return tx.execute(select(func.count()).select_from(table.door_tries)).scalar_one()

    def guess(name: str) -> None:
        with office.stranger() as browser:
            answered.append(sign_in(browser, name, "wrong").status_code)

    office.ask(office.store.write(put))
    with ThreadPoolExecutor(len(names)) as guessers:
        for name in names:
            guessers.submit(guess, name)
        while office.ask(office.store.read(counted)) < len(names):
            sleep(0.01)
        office.ask(asyncio.to_thread(int))
        before = len(answered)
    assert answered == [403] * len(names)
    assert before < len(names) / 2


def test_behind_a_proxy_passwords_count_for_who_sent_them(office: Office) -> None:
    def guess(n: int, address: str) -> int:
        with office.stranger() as browser:
            browser.headers["x-forwarded-for"] = address
            return sign_in(browser, f"name {n}", "wrong").status_code

    assert [guess(n, "192.0.2.1") for n in range(DOOR_LIMIT + 1)] == [403] * DOOR_LIMIT + [429]
    assert guess(99, "192.0.2.2") == 403


def test_a_large_body_in_pieces_is_no_large_head(served: Office) -> None:
    """8 MiB in pieces of 4 KiB, as a proxy may send it; the next request is answered on the same line."""
    path = f"/v1/books/{'ab' * 32}/records"
    with a_line(served) as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        line.sendall((b"1000\r\n" + b" " * 4096 + b"\r\n") * 2000 + b"0\r\n\r\n" + HEALTH)
        answers = b""
        while b"HTTP/1.1 200" not in answers:
            answers += line.recv(4096) or pytest.fail("the line was closed")
    assert answers.startswith(b"HTTP/1.1 401")
