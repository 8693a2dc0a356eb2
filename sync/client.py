"""The handheld's way to the office over HTTP: one method for each endpoint. The only file that imports httpx.

Values in, values out: what was asked, what the office said, or why there is no answer (OfficeAway,
wait) or a refusal (Refused, the office said no). It takes an answer for the office's only if protocol header,
content type and book are right, follows no redirect, and never holds more than 8 MiB of it. Over TLS
nothing but a hello is said to a certificate that the office does not name in its signed hello.
Importing httpx costs about 130 ms, so that waits for the first exchange.
"""

import errno
import re
import secrets
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from app.errors import OfficeAway, OfficeRefused, WatchbookError
from app.logbook.keys import verifies
from app.ports import Clock, Moment
from app.version import VERSION
from app.words import table
from sync.deadline import Deadline
from sync.signing import PLAIN, Signer, sign
from sync.wire import (
    AGEING,
    ALERT_HEADER,
    BACKOFF_HEADER,
    BOOK_HEADER,
    CLIENT_HEADER,
    JSON,
    LENGTH_HEADER,
    MAX_BYTES,
    OCTETS,
    OFFSET_HEADER,
    PROBLEM_JSON,
    PROTOCOL_HEADER,
    PROTOCOLS,
    URN,
    Ack,
    AskOthers,
    Batch,
    Carried,
    Changes,
    Condition,
    Conditioned,
    Confirm,
    Confirmed,
    Enrol,
    Enrolled,
    Hello,
    Kept,
    Malformed,
    Mark,
    Noted,
    Offered,
    Offering,
    Others,
    Problem,
    Succeeded,
    Successor,
    fingerprint,
    hello_bytes,
    is_older,
    pack,
    unhex,
    unpack,
)

if TYPE_CHECKING:
    from types import ModuleType

    import httpx

    from sync.tls import Watched

T = TypeVar("T")
_SPOKEN: Final = re.compile("[0-9]{1,4}", re.ASCII)
PACK_FROM: Final = 512
"""Bodies smaller than this, bytes, go as they are."""
MAX_WAIT_S: Final = 3600
"""The longest the office may ask a handheld to wait."""


class Timeouts(Struct, frozen=True):
    """Seconds for each step, and for a whole answer, so that a trickle ends too."""

    connect: float = 5
    read: float = 20
    write: float = 20
    pool: float = 5
    answer: float = 60


class AddressRefused(WatchbookError):
    """Whoever typed it: an office's address begins with https://, or is on this machine."""


class Hushed(WatchbookError):
    """Nobody: the request was ended by our own side, which has something better to say."""


class Refused(OfficeRefused):
    """The office answered and said no. `problem` is what it said."""

    def __init__(self, problem: Problem, retry_after: float | None) -> None:
        name = problem.name.replace("-", "_")
        if name in table("sync"):
            super().__init__(f"sync.{name}")
        else:
            super().__init__("sync.refused", name=problem.name[:40])
        self.problem = problem
        self.retry_after = retry_after
        """Seconds the office asks to be left alone, or None."""


class Answer(Struct, frozen=True):
    """An HTTP answer, read whole and unpacked."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


def check_address(url: str, plain: bool = False) -> str:
    """The office's address without a trailing slash. `plain` allows http:// to other machines too.

    Raises AddressRefused.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as e:
        raise AddressRefused("sync.address_form", url=url[:80]) from e
    fine = parts.scheme == "https" or (parts.scheme == "http" and (plain or _is_here(host)))
    if not fine or not PLAIN.fullmatch(url.strip()) or not host or parts.query or parts.fragment or parts.username:
        raise AddressRefused("sync.address_form", url=url[:80])
    return url.strip().rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Client:
    """One handheld's conversation. Not thread-safe; close it after use."""

    def __init__(
        self,
        url: str,
        *,
        book: bytes,
        identity: Signer,
        server_key: bytes | None,
        clock: Clock,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - a frozen value
        plain: bool = False,
    ) -> None:
        """`server_key` is the pinned one; None only before enrolment. Raises AddressRefused."""
        self._url = check_address(url, plain)
        self._book = book.hex()
        self._identity = identity
        self._server_key = server_key
        self._clock = clock
        self._timeouts = timeouts
        self._protocol = max(PROTOCOLS)
        self._deadline = Deadline(timeouts.answer)
        self._held_s = 0
        """How long the office may hold the question that is being asked."""
        self._http: httpx.Client | None = None
        self._tls: Watched | None = None
        self.offset: int | None = None
        """Office clock minus ours, ms, measured at half the round trip of the last hello; None before."""
        self.backoff: float | None = None
        """Seconds the office asked for on its last success."""
        self.ageing = False
        """The office said that it will soon talk to no program as old as this one."""

    def hello(self) -> Hello:
        """Who is there. Raises OfficeAway, also when it is not the office that was pinned; Refused."""
        nonce = secrets.token_urlsafe(18)
        before = self._clock.now()
        hello = self._get("/v1/hello", {"nonce": nonce}, Hello, signed=False)
        after = self._clock.now()
        self._check_office(hello, nonce)
        self._check_line(hello)
        self.offset = _offset(before, after, hello.server_time)
        return hello

    def meet(self, code: str, pin: str | None) -> str:
        """The key (hex) of an office nobody knows yet, pinned from here on. `pin` is what the enrolment `code`
        says of it. Raises OfficeAway, Refused; OfficeRefused when the code is mistyped or of another office."""
        hello = self.hello()
        key = unhex(hello.server_key, 32)
        if pin is not None and fingerprint(code, key) != pin:
            raise OfficeRefused("sync.code_or_office")
        self._server_key = key
        return hello.server_key

    def enrol(self, asked: Enrol) -> Enrolled:
        """Introduce this handheld. Raises OfficeAway, Refused."""
        answer = self._post("/v1/enrol", msgspec.json.encode(asked), Enrolled, signed=False)
        if answer.book != asked.book or (self._server_key and answer.server_key != self._server_key.hex()):
            raise OfficeAway("sync.wrong_office")
        return answer

    def confirm(self, proof: str) -> Confirmed:
        """A supervisor's badge was read here, while this handheld waits to be let in. Raises OfficeAway, Refused."""
        return self._post(f"/v1/books/{self._book}/confirm", msgspec.json.encode(Confirm(proof)), Confirmed)

    def others(self, asked: AskOthers) -> Others:
        """The site's other handhelds that are in use. Raises OfficeAway, Refused."""
        return self._post(f"/v1/books/{self._book}/others", msgspec.json.encode(asked), Others)

    def succeed(self, asked: Successor) -> Succeeded:
        """Introduce the book that goes on after ours. Raises OfficeAway, Refused."""
        return self._post(f"/v1/books/{self._book}/successor", msgspec.json.encode(asked), Succeeded)

    def send(self, batch: Batch) -> Ack:
        """Send records in their order. Raises OfficeAway, Refused (gap, fork, too-large …)."""
        return self._post(f"/v1/books/{self._book}/records", msgspec.json.encode(batch), Ack)

    def send_alone(self, raw: bytes) -> Noted:
        """Send one urgent record ahead of its turn. Raises OfficeAway, Refused."""
        return self._post(f"/v1/books/{self._book}/urgent", raw, Noted)

    def carry(self, book: str, data: bytes) -> Carried:
        """Bring another handheld's hand-off file. Raises OfficeAway, Refused (carried-book, gap, fork …)."""
        return self._post(f"/v1/books/{book}/carried", data, Carried)

    def blob(self, name: str) -> Kept:
        """How much the office has of what a record names by `name`, its SHA-256. Raises OfficeAway, Refused."""
        return self._get(self._blob(name), {}, Kept)

    def send_part(self, name: str, part: bytes, offset: int, length: int) -> Kept:
        """Send `part` of a blob from `offset` on. Raises OfficeAway, Refused; Hushed after `hush`."""
        headers = {OFFSET_HEADER: str(offset), LENGTH_HEADER: str(length), "Content-Type": OCTETS}
        return self._ask("PATCH", self._blob(name), part, headers, Kept, signed=True)

    def _blob(self, name: str) -> str:
        return f"/v1/books/{self._book}/blobs/{name}"

    def tell_condition(self, condition: Condition) -> Conditioned:
        """Say how the handheld stands. Raises OfficeAway, Refused."""
        return self._post(f"/v1/books/{self._book}/state", msgspec.json.encode(condition), Conditioned)

    def mark(self) -> Mark:
        """How far the office holds our book. Raises OfficeAway, Refused."""
        return self._get(f"/v1/books/{self._book}/head", {}, Mark)

    def offered(self, arch: str) -> Offered | None:
        """The release that this handheld should run, for a machine of `arch`. Raises OfficeAway, Refused."""
        return self._get(f"/v1/books/{self._book}/release", {"arch": arch}, Offering).release

    def piece(self, sha256: str, offset: int) -> bytes:
        """Some bytes of an offered release from `offset` on, PIECE at most. Raises OfficeAway, Refused (no-release)."""
        target = f"/v1/books/{self._book}/release/{sha256}?offset={offset}"
        return self._ask("GET", target, b"", {}, bytes, signed=True)

    def changes(self, cursor: str, limit: int, wait_s: int = 0) -> Changes:
        """A page of what is new for us; while there is nothing the office may hold the question for `wait_s`.

        Raises OfficeAway, Refused; Hushed after `hush`.
        """
        query = {"cursor": cursor, "limit": str(limit), **({"wait": str(wait_s)} if wait_s else {})}
        self._held_s = wait_s
        try:
            return self._get("/v1/changes", query, Changes)
        finally:
            self._held_s = 0

    def hush(self) -> None:
        """From another thread: end the request that goes on. This client says nothing more."""
        self._deadline.cut_short()

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = self._tls = None

    # -- one request ----------------------------------------------------------------------------
    def _get(self, path: str, query: dict[str, str], shape: type[T], signed: bool = True) -> T:
        target = f"{path}?{urlencode(query)}" if query else path
        return self._ask("GET", target, b"", {}, shape, signed)

    def _post(self, path: str, body: bytes, shape: type[T], signed: bool = True) -> T:
        headers = {"Content-Type": JSON}
        if signed and len(body) >= PACK_FROM:
            body = pack(body)
            headers["Content-Encoding"] = "gzip"
        return self._ask("POST", path, body, headers, shape, signed)

    def _ask(self, method: str, target: str, body: bytes, headers: dict[str, str], shape: type[T], signed: bool) -> T:
        try:
            return self._once(method, target, body, headers, shape, signed)
        except Refused as e:
            if e.problem.name != "clock" or e.problem.server_time is None:
                raise
            self.offset = e.problem.server_time - self._clock.now().at
        return self._once(method, target, body, headers, shape, signed)

    def _once(self, method: str, target: str, body: bytes, headers: dict[str, str], shape: type[T], signed: bool) -> T:
        url = self._url + target
        unknown = self._tls is None or self._tls.known is None
        if url.startswith("https:") and unknown and shape is not Hello:
            raise OfficeAway("sync.other_certificate")
        if signed:
            headers = {**headers, **self._signature(method, url, body)}
        answer = self._exchange(method, url, body, {**headers, PROTOCOL_HEADER: str(self._protocol)})
        return self._understand(answer, shape, signed)

    def _signature(self, method: str, url: str, body: bytes) -> dict[str, str]:
        created = (self._clock.now().at + (self.offset or 0)) // 1000
        nonce = secrets.token_urlsafe(18)
        return sign(method, url, body, book=self._book, key=self._identity, created=created, nonce=nonce)

    def _exchange(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send it and read the answer, in limits. Raises OfficeAway."""
        _without_command_line()
        import httpx

        limit = self._deadline.longer(self._held_s)
        if limit.cut:
            raise Hushed("sync.hushed")
        try:
            opened = self._opened()
            own = {"trace": limit, "timeout": self._patience()}
            with limit, opened.stream(method, url, content=body or None, headers=headers, extensions=own) as response:
                parts = self._read(response)
                return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, parts)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as e:
            raise AddressRefused("sync.address_form", url=self._url[:80]) from e
        except (httpx.ReadTimeout, httpx.WriteTimeout) as e:
            raise OfficeAway("sync.no_answer") from e
        except httpx.TransportError as e:
            if limit.cut:
                raise Hushed("sync.hushed") from e
            raise OfficeAway("sync.no_answer" if limit.over else _why_no_line(e)) from e

    def _patience(self) -> dict[str, float]:
        """Seconds for each step of a request, as httpx has them."""
        limits = self._timeouts
        read = limits.read + self._held_s
        return {"connect": limits.connect, "read": read, "write": limits.write, "pool": limits.pool}

    def _read(self, response: "httpx.Response") -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_raw():
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise OfficeAway("sync.bad_answer")
        if self._deadline.over:
            raise OfficeAway("sync.no_answer")
        whole = b"".join(parts)
        if response.headers.get("content-encoding", "identity") == "identity":
            return whole
        try:
            return unpack(whole)
        except Malformed as e:
            raise OfficeAway("sync.bad_answer") from e

    def _opened(self) -> "httpx.Client":
        import ssl

        import httpx

        if self._http is None:
            secure = self._url.startswith("https:")
            if secure:
                from sync.tls import Watched

                self._tls = Watched()
            try:
                self._http = httpx.Client(
                    follow_redirects=False,
                    # Reading the certificate authorities costs 30 ms; without TLS a context that trusts nobody will do.
                    verify=self._tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                    trust_env=secure,  # proxies; a machine speaks to itself directly
                    headers={
                        "Accept": f"{JSON}, {PROBLEM_JSON}",
                        "Accept-Encoding": "gzip",
                        CLIENT_HEADER: VERSION,
                        "User-Agent": f"watchbook/{VERSION}",
                    },
                )
            except (ImportError, ValueError, httpx.InvalidURL) as e:  # a SOCKS proxy, or what is no address
                raise OfficeAway("sync.bad_proxy") from e
        return self._http

    # -- the answer -----------------------------------------------------------------------------
    def _understand(self, answer: Answer, shape: type[T], signed: bool) -> T:
        """The value in the answer. Raises OfficeAway when it is not the office's, Refused when it is a no."""
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        spoken = answer.headers.get(PROTOCOL_HEADER.lower(), "")
        fits = _SPOKEN.fullmatch(spoken) if shape is Hello else spoken == str(self._protocol)
        if not fits or kind not in (OCTETS if shape is bytes else JSON, PROBLEM_JSON):
            raise OfficeAway("sync.no_answer" if answer.status >= 500 else "sync.login_page")
        if kind == PROBLEM_JSON or answer.status not in (200, 201):
            raise Refused(_problem(answer), _seconds(answer.headers.get("retry-after")))
        self.ageing = answer.headers.get(ALERT_HEADER.lower(), "") == AGEING
        if signed and answer.headers.get(BOOK_HEADER.lower()) != self._book:
            raise OfficeAway("sync.login_page")
        self.backoff = _seconds(answer.headers.get(BACKOFF_HEADER.lower()))
        if shape is bytes:
            return cast("T", answer.body)
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except (ValueError, RecursionError) as e:
            raise OfficeAway("sync.bad_answer") from e

    def _check_office(self, hello: Hello, nonce: str) -> None:
        """The hello must be signed by the pinned key, or by the one it names while none is pinned."""
        try:
            key = unhex(hello.server_key, 32)
            signed = verifies(key, unhex(hello.sig, 64), hello_bytes(nonce, hello.server_time, hello.certs))
        except (Malformed, OverflowError) as e:
            raise OfficeAway("sync.wrong_office") from e
        if not signed or self._server_key not in (None, key):
            raise OfficeAway("sync.wrong_office")
        common = set(PROTOCOLS).intersection(hello.protocols)
        if not common and max(hello.protocols, default=0) < min(PROTOCOLS):
            raise OfficeRefused("sync.office_too_old")
        if not common or is_older(VERSION, hello.min_client):
            raise Refused(Problem(type=URN + "client-too-old"), None)
        self._protocol = max(common)

    def _check_line(self, hello: Hello) -> None:
        """The line on which the office answered must end at a certificate that it names, and so must any later one.

        Raises OfficeAway.
        """
        if self._tls is None:
            return
        self._tls.known = frozenset(bytes.fromhex(name) for name in hello.certs)
        if self._tls.seen not in self._tls.known:
            self.close()
            raise OfficeAway("sync.other_certificate" if hello.certs else "sync.no_certificate")


def _without_command_line() -> None:
    """Before httpx is imported: it brings its own command line, with click, rich and pygments, 2.7 MB for nothing.

    It imports that only if it can, and this says it cannot.
    """
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))


def _offset(before: Moment, after: Moment, server_time: int) -> int:
    """Office clock minus ours, ms: it read its clock half-way between our two readings."""
    return server_time - (after.at - (after.up - before.up) // 2)


def _problem(answer: Answer) -> Problem:
    try:
        problem = msgspec.json.decode(answer.body, type=Problem)
    except (ValueError, RecursionError) as e:
        raise OfficeAway("sync.bad_answer") from e
    if not problem.type.startswith(URN):
        raise OfficeAway("sync.bad_answer")
    return problem


def _seconds(header: str | None) -> float | None:
    if header is None or not header.isascii() or not header.isdigit():
        return None
    return min(float(header), MAX_WAIT_S)


def _why_no_line(error: BaseException) -> str:
    """The sentence for a line that did not come about: whether TLS is behind it (httpx wraps httpcore wraps ssl)."""
    import ssl  # 19 ms; httpx has it loaded by now

    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno == errno.ETIMEDOUT:
            return "sync.no_answer"  # the line was half open: what was sent met nobody
        if isinstance(seen, ssl.SSLError):
            return "sync.other_certificate" if type(seen).__name__ == "OtherCertificate" else "sync.not_secure"
        seen = seen.__cause__ or seen.__context__
    return "sync.no_connection"
