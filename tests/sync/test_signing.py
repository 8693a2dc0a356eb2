"""Our few lines for signatures, held against a library that others wrote: each reads what the other signed."""

import string
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.client import AddressRefused, check_address
from sync.signing import (
    COVERED,
    LABEL,
    MAX_SKEW_S,
    BadSignature,
    Nonces,
    Signed,
    Target,
    digest_matches,
    sign,
    target_of,
    verify,
)

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


PUBLIC = KEY.public_key().public_bytes_raw()


class Message:
    def __init__(self, method: str, url: str, headers: dict[str, str] | None = None) -> None:
        self.method, self.url, self.headers = method, url, headers or {}


class Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> object:
        return KEY.public_key() if key_id == BOOK else None


class Library(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        """Of any age."""


def headers_of(method: str, url: str, body: bytes, created: int = 1_774_706_400) -> dict[str, str]:
    return sign(method, url, body, book=BOOK, key=KEY, created=created, nonce=NONCE)


def read(method: str, url: str, headers: dict[str, str]) -> Signed:
    lines = [(name.lower(), value) for name, value in headers.items()]
    return verify(method, target_of(url), lines, {BOOK: PUBLIC}.get)


def by_library(url: str, body: bytes, *, covered: tuple[str, ...] = COVERED, nonce: str | None = NONCE) -> Message:
    message = Message("POST", url)
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
    created = datetime.fromtimestamp(1_774_706_400, UTC)
    prepared = signer.prepare(
        message, key_id=BOOK, created=created, nonce=nonce, label=LABEL, covered_component_ids=covered, body=body
    )
    signer.apply(message, prepared, KEY.sign(prepared.signature_base))
    return message


@settings(max_examples=200)
@given(st.sampled_from(["GET", "POST"]), URLS, st.binary(max_size=200), st.integers(0, 2**40))
def test_the_office_and_the_library_read_what_the_handheld_signed(
    method: str, url: str, body: bytes, created: int
) -> None:
    headers = headers_of(method, url, body, created)
    said = read(method, url, headers)
    assert said == Signed(book=BOOK, created=created, nonce=NONCE, digest=headers["Content-Digest"])
    assert digest_matches(said, body)
    assert not digest_matches(said, body + b".")
    theirs = Library(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    [result] = theirs.verify(Message(method, url, headers), max_age=None, require_components=COVERED)
    assert (result.parameters["created"], result.nonce) == (created, NONCE)


@settings(max_examples=200)
@given(URLS, st.binary(max_size=200))
def test_the_office_reads_what_the_library_signed(url: str, body: bytes) -> None:
    assert digest_matches(read("POST", url, by_library(url, body).headers), body)


@pytest.mark.parametrize(
    "changed",
    [
        {"covered": COVERED[1:]},
        {"covered": (*COVERED, "@scheme")},
        {"covered": COVERED[::-1]},
        {"nonce": None},
        {"nonce": "n" * 65},
    ],
)
def test_what_is_signed_in_another_form_is_refused_whole(changed: dict[str, Any]) -> None:
    url = "https://office.example/v1/changes"
    with pytest.raises(BadSignature):
        read("POST", url, by_library(url, b"", **changed).headers)


def test_a_signature_has_one_spelling() -> None:
    """The last character of 64 bytes in Base64 has four bits to spare."""
    headers = headers_of("GET", "https://office.example/v1/changes", b"")
    signature = headers["Signature"].removesuffix("==:")
    for other in set(string.ascii_letters + string.digits + "+/") - {signature[-1]}:
        with pytest.raises(BadSignature):
            read("GET", "https://office.example/v1/changes", {**headers, "Signature": f"{signature[:-1]}{other}==:"})


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest"])
def test_a_header_that_comes_twice_is_refused_whichever_is_good(name: str) -> None:
    url = "https://office.example/v1/changes"
    good = [(each.lower(), value) for each, value in headers_of("GET", url, b"").items()]
    assert verify("GET", target_of(url), [(each, f" {value}\t") for each, value in good], {BOOK: PUBLIC}.get)
    for lines in ([(name, ""), *good], [*good, (name, "x")], [*good, (name, dict(good)[name])]):
        with pytest.raises(BadSignature):
            verify("GET", target_of(url), lines, {BOOK: PUBLIC}.get)


def test_what_is_no_ascii_is_no_signature() -> None:
    url = "https://office.example/v1/changes"
    for changed in (Target("東", "/", "?"), Target("a", "/\xe9", "?")):
        with pytest.raises(BadSignature):
            verify("GET", changed, [(k.lower(), v) for k, v in headers_of("GET", url, b"").items()], {BOOK: PUBLIC}.get)


@given(st.sampled_from(["Signature", "Signature-Input", "Content-Digest"]), st.data())
def test_no_character_of_a_signed_header_can_be_changed(name: str, data: st.DataObject) -> None:
    url = "https://office.example/v1/changes"
    headers = headers_of("GET", url, b"{}")
    place = data.draw(st.integers(0, len(headers[name]) - 1))
    other = data.draw(st.characters(codec="ascii", min_codepoint=0x20).filter(lambda c: c != headers[name][place]))
    headers[name] = headers[name][:place] + other + headers[name][place + 1 :]
    with pytest.raises(BadSignature):
        read("GET", url, headers)


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


def test_a_nonce_is_remembered_to_the_last_second_in_which_its_signature_counts() -> None:
    """Signed by a clock that is ahead by as much as may be."""
    came, created = 1_774_706_400, 1_774_706_400 + MAX_SKEW_S
    last = max(now for now in range(came, came + 2000) if abs(now - created) <= MAX_SKEW_S)
    nonces = Nonces()
    assert nonces.is_new(BOOK, NONCE, came)
    assert not nonces.is_new(BOOK, NONCE, last)
    assert nonces.is_new(BOOK, NONCE, last + 1), "and then it is forgotten"
