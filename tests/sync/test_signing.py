"""What the handheld signs with its own few lines, a library that others wrote and the office uses verifies."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.client import AddressRefused, check_address
from sync.signing import COVERED, LABEL, Signed, digest_matches, sign, verify

KEY = Ed25519PrivateKey.generate()
BOOK = "0f" * 32
NONCE = "nonce-_-nonce-_-nonce-_-"
PLAIN = st.text(st.characters(codec="ascii", min_codepoint=0x20), min_size=1, max_size=30)
URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["office.example", "OFFICE.Example", "10.0.0.7", "[::1]", "localhost"]),
    st.sampled_from(["", ":", ":80", ":443", ":8443"]),
    st.sampled_from(["", "/", "/v1/changes", f"/v1/books/{BOOK}/records", "/watchbook/v1/changes", "/a%20b/~c"]),
    st.sampled_from(["", "?", "?cursor=0&limit=5", "?nonce=a%2Bb%3D", "?q=%E4%B8%9C"]),
)


class Message:
    def __init__(self, method: str, url: str) -> None:
        self.method, self.url, self.headers = method, url, dict[str, str]()


def headers_of(method: str, url: str, body: bytes, created: int = 1_774_706_400) -> dict[str, str]:
    return sign(method, url, body, book=BOOK, key=KEY, created=created, nonce=NONCE)


@settings(max_examples=200)
@given(st.sampled_from(["GET", "POST"]), URLS, st.binary(max_size=200), st.integers(0, 2**40))
def test_the_office_reads_what_the_handheld_signed(method: str, url: str, body: bytes, created: int) -> None:
    headers = headers_of(method, url, body, created)
    said = verify(method, url, headers.items(), {BOOK: KEY.public_key().public_bytes_raw()}.get)
    assert said == Signed(book=BOOK, created=created, nonce=NONCE, digest=headers["Content-Digest"])
    assert digest_matches(said, body)
    assert not digest_matches(said, body + b".")


@settings(max_examples=200)
@given(st.sampled_from(["GET", "POST"]), URLS)
def test_the_library_would_sign_the_very_same_lines(method: str, url: str) -> None:
    from datetime import UTC, datetime

    message = Message(method, url)
    prepared = HTTPMessageSigner(signature_algorithm=algorithms.ED25519).prepare(
        message, key_id=BOOK, created=datetime.fromtimestamp(1_774_706_400, UTC), nonce=NONCE, label=LABEL,
        covered_component_ids=COVERED, body=b"{}",
    )  # fmt: skip
    headers = headers_of(method, url, b"{}")
    assert headers["Signature-Input"] == f"{LABEL}={prepared.signature_params}"
    assert headers["Content-Digest"] == message.headers["Content-Digest"]
    ours: list[bytes] = []

    class Ear:
        def sign(self, signed: bytes, /) -> bytes:
            ours.append(signed)
            return bytes(64)

    sign(method, url, b"{}", book=BOOK, key=Ear(), created=1_774_706_400, nonce=NONCE)
    assert ours == [prepared.signature_base]


@given(PLAIN)
def test_what_could_say_two_things_at_once_is_not_signed(text: str) -> None:
    odd = text + '"'
    for book, nonce in ((odd, NONCE), (BOOK, odd), (BOOK, "a\nb"), (BOOK, "东")):
        with pytest.raises(ValueError, match="office"):
            sign("GET", "https://office.example/", b"", book=book, key=KEY, created=1, nonce=nonce)


@pytest.mark.parametrize("url", ["https://东门.cn", "https://office.example/a b", 'https://a/"'])  # fmt: skip
def test_an_address_that_cannot_be_signed_is_refused_when_it_is_typed(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(url)


# -- what it saves ------------------------------------------------------------------------------


def loaded_after(code: str, *given: str) -> set[str]:
    tell = "import sys\nprint(*[n for n, m in sys.modules.items() if m is not None])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}", *given],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(done.stdout.split())


ASKING = """
from sync.client import Client
from app.errors import OfficeAway
from app.logbook.book import Logbook
from hardware.clock import SystemClock
import pathlib, sys
key = Logbook.open(pathlib.Path(sys.argv[1]), SystemClock()).identity
client = Client("http://127.0.0.1:9", book=bytes(32), identity=key, server_key=None, clock=SystemClock())
for ask in (client.hello, client.mark):
    try:
        ask()
    except OfficeAway:
        pass
    else:
        raise SystemExit("somebody answered on the discard port")
"""


def test_a_handheld_that_speaks_loads_neither_httpxs_command_line_nor_the_offices_libraries(tmp_path: Path) -> None:
    loaded = loaded_after(ASKING, str(tmp_path))
    assert {"httpx", "httpcore", "nacl"} <= loaded
    assert not loaded & {"httpx._main", "click", "rich.console", "pygments"}
    assert not loaded & {"http_message_signatures", "http_sf", "cryptography"}


def test_httpx_still_brings_its_command_line() -> None:
    extra = loaded_after("import httpx") & {"httpx._main", "click", "rich.console"}
    assert extra == {"httpx._main", "click", "rich.console"}, "mended: sync.client._without_command_line can go"
