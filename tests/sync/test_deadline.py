"""Whoever answers slowly, or stands in the environment as a proxy of no use, keeps the exchange only so long."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from socket import IPPROTO_TCP, TCP_USER_TIMEOUT, create_server, socket

import pytest

from app.errors import OfficeAway
from app.logbook.book import Logbook
from sync.client import Client, Hushed, Timeouts
from sync.deadline import UNHEARD_MS
from sync.office.tls import make
from tests.sync.places import RunningOffice, WallClock
from tests.sync.rogue import Rogue

HASTY = Timeouts(connect=2, read=1, write=1, pool=1, answer=1.5)


def drips(line: socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        line.sendall(b"x")
        time.sleep(0.2)


def promises(line: socket) -> None:
    while True:
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def trickles(line: socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nWatchbook-Protocol: 1\r\n\r\n")
    while True:
        line.sendall(b"{")
        time.sleep(0.2)


@contextmanager
def served(answer: Callable[[socket], None], certificate: Path | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """The address of somebody who answers so, and what was said to them."""
    heard: list[bytes] = []
    with create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=speak, args=listening.accept()[:1], daemon=True).start()

        def speak(line: socket) -> None:
            with suppress(OSError):
                if certificate is not None:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(certificate)
                    line = context.wrap_socket(line, server_side=True)
                with line:
                    heard.append(line.recv(65536))
                    answer(line)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http{'s' if certificate else ''}://127.0.0.1:{listening.getsockname()[1]}", heard


def client(book: Logbook, url: str) -> Client:
    return Client(url, book=book.book, identity=book.identity, server_key=None, clock=WallClock(), timeouts=HASTY)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Logbook]:
    with closing(Logbook.open(tmp_path / "handheld", WallClock())) as it:
        yield it


@pytest.mark.proof
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("answer", [drips, promises, trickles])
def test_an_answer_that_comes_byte_by_byte_ends_as_none(
    tmp_path: Path, book: Logbook, answer: Callable[[socket], None], secure: bool
) -> None:
    certificate = tmp_path / "tls.pem"
    certificate.write_bytes(make("127.0.0.1", None, 1))
    with served(answer, certificate if secure else None) as (url, heard):
        line = client(book, url)
        for times in (1, 2):  # and nothing of the first try is left for the second
            begun = time.monotonic()
            with pytest.raises(OfficeAway) as why:
                line.hello()
            assert why.value.key == "sync.no_answer"
            assert time.monotonic() - begun < 5
            assert len(heard) == times
        line.close()


def test_over_tls_nothing_is_said_on_a_line_on_which_nobody_said_hello(tmp_path: Path, book: Logbook) -> None:
    certificate = tmp_path / "tls.pem"
    certificate.write_bytes(make("127.0.0.1", None, 1))
    with served(drips, certificate) as (url, heard):
        line = client(book, url)
        for ask in (line.mark, lambda: line.changes("0", 1), lambda: line.send_alone(b"{}")):
            with pytest.raises(OfficeAway):
                ask()
        line.close()
        assert heard == []


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "socks4://127.0.0.1:9", "ftp://proxy", "http://[::"])
def test_a_proxy_that_is_of_no_use_is_said_as_such(book: Logbook, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    line = client(book, "https://127.0.0.1:9")
    with pytest.raises(OfficeAway) as why:
        line.hello()
    assert why.value.key == "sync.bad_proxy"


def test_a_line_that_is_half_open_is_left_by_the_kernels_word(running: RunningOffice) -> None:
    """The real thing, with a link that falls silent, is tests/torture/test_networks.py."""
    with closing(Rogue(running).client(running.url)) as line:
        line.hello()
        socket_of_it = line._deadline._line.get_extra_info("socket")
        assert socket_of_it.getsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT) == UNHEARD_MS


def test_a_question_that_is_held_makes_way_at_once_and_nothing_more_is_said(running: RunningOffice) -> None:
    with closing(Rogue(running).client(running.url)) as line:
        cursor = line.changes("0", 10).cursor
        began = time.monotonic()
        threading.Timer(0.3, line.hush).start()
        with pytest.raises(Hushed):
            line.changes(cursor, 10, wait_s=20)
        assert 0.2 < time.monotonic() - began < 5
        with pytest.raises(Hushed):
            line.mark()
