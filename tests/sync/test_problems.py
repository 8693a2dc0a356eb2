"""Every problem of docs/errors.md is really answered by an office, in the language that was asked for."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import delete

from app.words import say
from sync.office.api import ENROL_BYTES
from sync.office.store import StoreBusy
from sync.office.store.devices import Wanted
from sync.office.store.schema import devices
from sync.stick import hand_over
from sync.wire import PROBLEMS
from tests.sync.places import SITE, RunningOffice, handheld, now_ms
from tests.sync.rogue import Rogue
from tests.sync.test_gate import HEADERS, problem, signed

NONE = "ab" * 32
Ask = Callable[[str], httpx.Response]
"""From a language to the answer in it."""


class Asker:
    """Asks an office as a handheld does, and as none should."""

    def __init__(self, running: RunningOffice, http: httpx.Client) -> None:
        self.running, self.http = running, http
        self.rogue = Rogue(running)

    def __call__(
        self, path: str, body: bytes = b"", method: str = "GET", who: Rogue | None = None, **headers: str
    ) -> Ask:
        """`{book}` in the path is that of `who` signs."""
        rogue = who or self.rogue
        path = path.replace("{book}", rogue.book.hex())
        over: dict[str, Any] = {name: int(headers.pop(name)) for name in ("created",) if name in headers}

        def ask(lang: str) -> httpx.Response:
            own = signed(rogue, method, f"{self.running.url}{path}", body, **over)
            fields = {**own, "Accept-Language": lang, **{name.replace("_", "-"): at for name, at in headers.items()}}
            return self.http.request(method, path, content=body, headers=fields)

        return ask

    def post(self, path: str, body: bytes, who: Rogue | None = None, **headers: str) -> Ask:
        return self(path, body, "POST", who, **headers)

    def batch(self, first: int, who: Rogue) -> Ask:
        return self.post("/v1/books/{book}/records", msgspec.json.encode(who.batch(first)), who)

    def enrol(self, who: Rogue, code: str) -> Ask:
        return self.post("/v1/enrol", msgspec.json.encode(who.introduction(code)))


@pytest.fixture
def asker(running: RunningOffice) -> Iterator[Asker]:
    with httpx.Client(base_url=running.url, headers=HEADERS, trust_env=False) as http:
        yield Asker(running, http)


def twice(ask: Asker) -> Ask:
    def asked(lang: str) -> httpx.Response:
        path = f"/v1/books/{ask.rogue.book.hex()}/head"
        headers = {**signed(ask.rogue, "GET", f"{ask.running.url}{path}", b""), "Accept-Language": lang}
        assert ask.http.get(path, headers=headers).status_code == 200
        return ask.http.get(path, headers=headers)

    return asked


def forked(ask: Asker) -> Ask:
    who = Rogue(ask.running)
    who.add("note.made")
    assert ask.batch(1, who)("en").status_code == 200
    who.records[1] = who.raw(2, "note.made", text="another")
    return ask.batch(1, who)


def withdrawn(ask: Asker) -> Ask:
    who = Rogue(ask.running)
    row = ask.running.ask(ask.running.store.devices.by_book(who.book))
    assert row is not None
    ask.running.ask(ask.running.store.devices.revoke(SITE, row.device, now_ms()))
    return ask("/v1/changes", who=who)


def by_sheet(ask: Asker) -> Rogue:
    who = Rogue()
    (sheet,) = ask.running.ask(ask.running.store.devices.invite([Wanted(SITE, "Gate 9")], now_ms()))
    assert ask.enrol(who, sheet.code)("en").status_code == 201
    return who


def carried(ask: Asker, folder: Path) -> Ask:
    """The hand-off file of a handheld that the office has forgotten."""
    (folder / "stick").mkdir()
    with handheld(folder / "a", ask.running) as other:
        other.write(3)
        hand_over(other.logbook, folder / "stick", other.clock)
        book = other.logbook.book
    store = ask.running.store
    ask.running.ask(store.write(lambda tx: tx.execute(delete(devices).where(devices.c.book == book))))
    (file,) = (folder / "stick").glob("*.handoff")
    return ask.post(f"/v1/books/{book.hex()}/carried", file.read_bytes())


def begun(ask: Asker, lang: str) -> httpx.Response:
    """A body of which one byte comes."""
    path = f"/v1/books/{ask.rogue.book.hex()}/records"
    line = HTTPConnection("127.0.0.1", ask.running.port, timeout=60)
    own = {**HEADERS, **signed(ask.rogue, "POST", f"{ask.running.url}{path}", b"{}"), "Accept-Language": lang}
    line.request("POST", path, b"{", {**own, "Content-Length": "2"})
    answer = line.getresponse()
    found = httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
    line.close()
    return found


def elsewhere(ask: Asker) -> Ask:
    """A book that a handheld of another site writes."""
    who, store = Rogue(ask.running), ask.running.store
    other = ask.running.ask(store.devices.add("other-site", "Gate", now_ms()))
    return ask.enrol(who, other.code)


@pytest.mark.proof
def test_every_problem_of_the_catalogue_is_answered_in_both_languages(
    tmp_path: Path, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, running = asker, asker.running
    waiting, later = by_sheet(ask), Rogue(running)
    later.add("note.made")
    blob = f"/v1/books/{{book}}/blobs/{NONE}"
    ways: dict[str, Ask] = {
        "malformed": ask("/v1/hello?nonce=short"),
        "signature": lambda lang: ask.http.get("/v1/changes", headers={"Accept-Language": lang}),
        "clock": ask("/v1/changes", created="1"),
        "replayed": twice(ask),
        "enrol-code": ask.enrol(Rogue(), "0123456789"),
        "unconfirmed": ask("/v1/changes", who=waiting),
        "not-a-supervisor": ask.post("/v1/books/{book}/confirm", json.dumps({"proof": NONE}).encode(), waiting),
        "unknown-book": ask("/v1/changes", who=Rogue()),
        "carried-book": carried(ask, tmp_path),
        "revoked": withdrawn(ask),
        "not-found": ask("/v1/none"),
        "no-release": ask(f"/v1/books/{{book}}/release/{NONE}"),
        "method": ask("/v1/health", method="DELETE"),
        "offset": ask(blob, b"x", "PATCH", Upload_Offset="5", Upload_Length="9"),
        "unnamed": ask(blob, b"x", "PATCH", Upload_Offset="0", Upload_Length="9"),
        "gap": ask.batch(2, later),
        "fork": forked(ask),
        "book-taken": elsewhere(ask),
        "cursor-ahead": lambda lang: ask(f"/v1/changes?cursor={feed_of(running)}-9999")(lang),
        "cursor-expired": ask("/v1/changes?cursor=00000000-1"),
        "too-large": ask.post("/v1/enrol", b" " * (ENROL_BYTES + 1)),
        "encoding": ask.post("/v1/books/{book}/records", b"{}", Content_Encoding="br"),
        "client-too-old": ask("/v1/changes", Watchbook_Protocol="9"),
    }
    monkeypatch.setattr("sync.office.store.blobs.UNNAMED_BYTES", 0)
    heard = {name: said(way) for name, way in ways.items()}

    monkeypatch.setattr("sync.office.gate.BODY_S", 0.1)
    heard["slow"] = said(partial(begun, ask))
    for name, fault in (("busy", StoreBusy("sync.store_busy", why="full")), ("internal", RuntimeError("a fault"))):
        monkeypatch.setattr(running.store, "ready", failing(fault))
        heard[name] = said(ask("/v1/health"))
    monkeypatch.setattr("sync.office.gate.BODY_S", 20)
    for _ in range(3):
        ask.enrol(Rogue(), "0123456789")("en")
    heard["too-many-tries"] = said(ask.enrol(Rogue(), "0123456789"))

    assert heard == {name: name for name in PROBLEMS}


def feed_of(running: RunningOffice) -> str:
    """Another one once a handheld was ahead of it."""
    return running.newest_cursor().partition("-")[0]


def failing(fault: Exception) -> Callable[[], Any]:
    async def fail() -> None:
        raise fault

    return fail


def said(way: Ask) -> str:
    """The name of the problem, told in the words of both languages."""
    zh, en = way("zh-CN,zh;q=0.9"), way("en-GB")
    name = problem(en)
    assert problem(zh) == name
    assert (zh.json()["title"], en.json()["title"]) == tuple(
        say(lang, f"sync.{name.replace('-', '_')}") for lang in ("zh", "en")
    )
    return name
