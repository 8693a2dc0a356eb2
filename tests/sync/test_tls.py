"""TLS known by the office's own word: no authority, no date and no wrong clock decides, and nobody sits in between."""

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from app.errors import OfficeAway, OfficeRefused, WatchbookError
from app.logbook.book import Logbook
from sync.client import Client
from sync.enrolment import enrol
from sync.office.keys import OfficeKey
from sync.office.tls import Certificates, Shown, fingerprint, make, must_fit, own
from tests.sync.places import (
    PATIENT,
    Handheld,
    RunningOffice,
    WallClock,
    client_for,
    handheld,
    now_ms,
    office,
    same_bytes,
)

YEAR_MS: Final = 365 * 24 * 3600 * 1000


def certificate(path: Path, start: datetime | None = None, years: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make("127.0.0.1", start, years))
    return path


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[RunningOffice]:
    """An office with a certificate that nobody in the world has signed."""
    with office(tmp_path / "office", certificate=certificate(tmp_path / "tls.pem")) as it:
        yield it


def _end(*lines: socket.socket) -> None:
    for line in lines:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()


class Middle:
    """Somebody on the way. `plain` connections are passed on as they are; from the others it takes the TLS off and
    puts its own on, and reads along."""

    def __init__(self, upstream: int, shown: Path, plain: int = 0) -> None:
        self.read = b""
        """What the handheld said to it."""
        self.met = 0
        self._upstream = upstream
        self._plain = plain
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.load_cert_chain(shown)
        self._client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client.check_hostname, self._client.verify_mode = False, ssl.CERT_NONE
        self._lines: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                self.met += 1
                threading.Thread(target=self._carry, args=(line, self.met > self._plain), daemon=True).start()

    def _carry(self, line: socket.socket, between: bool) -> None:
        with suppress(OSError):
            far = socket.create_connection(("127.0.0.1", self._upstream))
            if between:
                line = self._server.wrap_socket(line, server_side=True)
                far = self._client.wrap_socket(far)
            self._lines += [line, far]
            while self._pass_on(line, far, between) and self._pass_on(far, line, False):
                pass
            _end(line, far)

    def _pass_on(self, here: socket.socket, there: socket.socket, listen: bool) -> bool:
        """What has come from one end, in one thread with the other direction: a TLS socket bears no second one."""
        here.settimeout(0.01)
        try:
            data = here.recv(65536)
        except TimeoutError:
            return True
        if listen:
            self.read += data
        there.settimeout(5)
        there.sendall(data)
        return bool(data)

    def cut(self) -> None:
        """Every line that there is now ends."""
        _end(*self._lines)
        self._lines = []

    def close(self) -> None:
        self._listening.close()
        self.cut()


@contextmanager
def between(running: RunningOffice, shown: Path, plain: int = 0) -> Iterator[Middle]:
    with closing(Middle(running.port, shown, plain)) as it:
        yield it


def requests(middle: Middle) -> list[bytes]:
    """The first lines of what was said to it."""
    return [line for line in middle.read.split(b"\r\n") if line.endswith(b"HTTP/1.1")]


def test_a_certificate_that_nobody_signed_will_do_when_the_office_names_it(
    tmp_path: Path, secure: RunningOffice
) -> None:
    with handheld(tmp_path / "h", secure) as mine:
        assert mine.logbook.office is not None
        assert mine.logbook.office.office.startswith("https://")
        mine.write(30)
        assert mine.courier.exchange().pending == 0
        assert same_bytes(mine.logbook, secure.stored(mine.logbook.book))


def test_an_expired_certificate_stops_nothing(tmp_path: Path) -> None:
    expired = certificate(tmp_path / "tls.pem", datetime(2001, 1, 1, tzinfo=UTC))
    with office(tmp_path / "office", certificate=expired) as running, handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        assert mine.courier.exchange().pending == 0


@pytest.mark.parametrize("off_ms", [-now_ms(), 20 * YEAR_MS], ids=["in 1970", "twenty years ahead"])
def test_a_clock_that_is_dead_stops_nothing(tmp_path: Path, secure: RunningOffice, off_ms: int) -> None:
    with handheld(tmp_path / "h", secure, off_ms) as mine:
        mine.write(3)
        assert mine.courier.exchange().pending == 0
        assert same_bytes(mine.logbook, secure.stored(mine.logbook.book))
        assert abs(mine.offsets[-1] + off_ms) < 5000


def test_somebody_in_between_gets_no_code_even_if_the_system_trusts_them(
    tmp_path: Path, secure: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = certificate(tmp_path / "theirs.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(theirs))
    logbook = Logbook.open(tmp_path / "h", WallClock())
    code = secure.whole_code()
    with between(secure, theirs) as middle:
        with pytest.raises(OfficeAway) as away:
            enrol(logbook, middle.url, code, "Gate 1", WallClock())
        assert away.value.key == "sync.other_certificate"
        assert [line.split(b"?")[0] for line in requests(middle)] == [b"GET /v1/hello"]
        assert code.replace("-", "")[:10].encode() not in middle.read
    assert logbook.office is None
    logbook.close()


def test_somebody_in_between_gets_no_record(tmp_path: Path, secure: RunningOffice) -> None:
    with handheld(tmp_path / "h", secure) as mine:
        mine.write(5)
        with between(secure, certificate(tmp_path / "theirs.pem")) as middle:
            mine.go_through(middle.url)
            with pytest.raises(OfficeAway, match="in between"):
                mine.courier.exchange()
            assert [line.split(b"?")[0] for line in requests(middle)] == [b"GET /v1/hello"]
        assert secure.held(mine.logbook.book) == 0


def test_who_steps_in_between_after_the_hello_reads_nothing_at_all(tmp_path: Path, secure: RunningOffice) -> None:
    """The first line is the office's own; the one that replaces it in the middle of a round is not."""
    with handheld(tmp_path / "h", secure) as mine, between(secure, certificate(tmp_path / "m.pem"), 1) as middle:
        line = client_for(mine.logbook, middle.url, mine.clock)
        line.hello()
        assert line.mark().high_water == 0
        middle.cut()
        with pytest.raises(OfficeAway) as away:
            line.mark()
        assert away.value.key == "sync.other_certificate"
        assert (middle.met, middle.read) == (2, b"")
        line.close()


def test_an_office_that_answers_in_anothers_name_gets_no_code(tmp_path: Path, secure: RunningOffice) -> None:
    """It names its own certificate and signs with its own key: the code tells them apart."""
    logbook = Logbook.open(tmp_path / "h", WallClock())
    with office(tmp_path / "other", certificate=certificate(tmp_path / "other.pem")) as other:
        with pytest.raises(OfficeRefused) as no:
            enrol(logbook, other.url, secure.whole_code(), "Gate 1", WallClock())
        assert no.value.key == "sync.code_or_office"
    logbook.close()


def test_half_a_code_is_not_enough_over_tls(tmp_path: Path, secure: RunningOffice) -> None:
    logbook = Logbook.open(tmp_path / "h", WallClock())
    with pytest.raises(OfficeRefused, match="all 20"):
        enrol(logbook, secure.url, secure.code(), "Gate 1", WallClock())
    logbook.close()


def test_nothing_is_said_before_the_office_has_named_its_certificate(tmp_path: Path, secure: RunningOffice) -> None:
    with handheld(tmp_path / "h", secure) as mine:
        line = client_for(mine.logbook, secure.url, mine.clock)
        with suppress(OfficeAway):
            line.mark()
        with pytest.raises(OfficeAway):
            line.mark()
        line.close()


def test_an_office_that_names_no_certificate_is_said_as_such(tmp_path: Path, secure: RunningOffice) -> None:
    with handheld(tmp_path / "h", secure) as mine:
        secure.certificates = Certificates()
        with pytest.raises(OfficeAway, match="administrator"):
            mine.courier.exchange()


def test_a_new_certificate_is_followed_as_soon_as_the_office_names_it(tmp_path: Path) -> None:
    one, two = certificate(tmp_path / "one.pem"), certificate(tmp_path / "two.pem")
    with office(tmp_path / "office", certificate=one) as running, handheld(tmp_path / "h", running) as mine:
        mine.write(2)
        mine.courier.exchange()
        running.close()
        with office(tmp_path / "office", running.port, two) as renewed:
            mine.write(2)
            assert mine.courier.exchange().pending == 0
            assert same_bytes(mine.logbook, renewed.stored(mine.logbook.book))


def test_behind_a_proxy_the_proxys_certificate_is_named_also_after_it_was_renewed(
    tmp_path: Path, secure: RunningOffice
) -> None:
    """Whoever runs the office says which file the proxy has; it is read at each hello."""
    theirs = certificate(tmp_path / "proxy.pem")
    secure.certificates = Certificates(None, [theirs])
    logbook = Logbook.open(tmp_path / "h", WallClock())
    with between(secure, theirs) as proxy:
        enrol(logbook, proxy.url, secure.whole_code(), "Gate 1", WallClock())
    certificate(theirs)
    with between(secure, theirs) as proxy:
        mine = Handheld(logbook, WallClock(), proxy.url)
        mine.write(3)
        assert mine.courier.exchange().pending == 0
        theirs.unlink()
        assert mine.courier.exchange().pending == 0, "while the file is being replaced the last one counts"
    logbook.close()


def test_what_the_office_names_cannot_be_changed_on_the_way(tmp_path: Path, secure: RunningOffice) -> None:
    with handheld(tmp_path / "h", secure) as mine:
        line = client_for(mine.logbook, secure.url, mine.clock)

        class Adding(Client):
            """Somebody adds a certificate of their own to the answer."""

            def _check_office(self, hello: object, nonce: str) -> None:
                from msgspec.structs import replace

                from sync.wire import Hello

                assert isinstance(hello, Hello)
                super()._check_office(replace(hello, certs=(*hello.certs, "00" * 32)), nonce)

        line.__class__ = Adding
        with pytest.raises(OfficeAway, match="not the office"):
            line.hello()
        line.close()


# -- the office's side ---------------------------------------------------------------------------
def test_the_offices_own_certificate_is_made_once_and_its_key_is_readable_by_nobody_else(tmp_path: Path) -> None:
    first = own(tmp_path, "192.0.2.7")
    content = first.certificate.read_bytes()
    assert own(tmp_path, "office.example").certificate.read_bytes() == content
    assert first.certificate.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tls.pem"]
    assert Certificates(first)() == (fingerprint(first.certificate),)
    must_fit(first)


@pytest.mark.parametrize("what", ["missing", "empty", "another key"])
def test_a_file_of_no_use_is_said_before_anything_is_served(tmp_path: Path, what: str) -> None:
    shown = Shown(tmp_path / "cert.pem")
    match what:
        case "empty":
            shown.certificate.write_bytes(b"")
        case "another key":
            shown = Shown(certificate(tmp_path / "cert.pem"), certificate(tmp_path / "key.pem"))
    with pytest.raises(WatchbookError, match="cannot be used"):
        must_fit(shown)


@pytest.mark.proof
def test_served_as_a_program_it_is_reached_over_its_own_tls(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sync.office", "serve", "--tls", "--port", "0", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            said, url = served.stdout.readline().split()
            assert (said, url.startswith("https://127.0.0.1:")) == ("listening", True)
            logbook = Logbook.open(tmp_path / "h", WallClock())
            line = Client(
                url,
                book=logbook.book,
                identity=logbook.identity,
                server_key=OfficeKey.open(tmp_path).public,
                clock=WallClock(),
                timeouts=PATIENT,
            )
            assert line.hello().certs == (fingerprint(tmp_path / "tls.pem"),)
            line.close()
            logbook.close()
        finally:
            served.terminate()
