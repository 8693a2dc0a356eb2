"""People who are not looking at a page are told (D66): by robots of chats, short message, a program of their own."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.logbook.book import Draft
from sync.office import telling
from sync.office.hook_forms import MOST_BYTES, HookRefused, checked_fields, checked_url, post_of, took
from sync.office.serve import _log_to_stderr
from sync.office.store import Store, hooks
from sync.office.store.hooks import Hook, Notice, Told
from sync.office.store.sqlite import SqliteDatabase
from sync.office.teller import GIVEN_UP_MS, LEASE_MS, LONGEST_WAIT_MS, TIMEOUT_S, TURN_S, Teller, next_try, send
from sync.office.walker import Tricks
from tests.office.conftest import SITE, Handheld, Office, at, command
from tests.office.test_alarms import press, raise_alarm

MORNING = at("2026-11-21 09:00")
T = TypeVar("T")


class Receiver(ThreadingHTTPServer):
    """A chat's robot on a loopback port: it keeps what it is told and answers as it was asked to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Robot)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.heard = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/cgi-bin/webhook/send?key=top-secret"

    @property
    def texts(self) -> list[str]:
        return [json.loads(content)["text"]["content"] for _, _, content in self.got]


class _Robot(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, content))
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, b'{"errcode":0,"errmsg":"ok"}')
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.server.heard.set()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def robot() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


def a_hook(robot: Receiver, form: str = "wecom", **changed: object) -> Hook:
    fields = {"secret": "", "fields": "", "about": "alarm,missed", "lang": "en", "added_at": at("2026-11-20 00:00")}
    return Hook(**{"site": SITE, "name": "群", "form": form, "url": robot.url, **fields, **changed})  # type: ignore[arg-type]


def add(office: Office, hook: Hook, *, by_itself: bool = False) -> None:
    """From here on tests tell, unless the office does it `by_itself`."""
    if not by_itself:
        office.ask(office.serving.teller.background.stop())
    office.ask(office.store.write(lambda tx: hooks.add(tx, hook)))


def tell(office: Office) -> None:
    """One turn of a teller at the office's clock, in place of the office's own."""
    teller = Teller(office.store, lambda: office.now)

    async def turn() -> None:
        await office.serving.folding.catch_up()
        await teller.look()
        await teller.tell()

    office.ask(turn())


def standing(office: Office, hook: Hook) -> hooks.Told:
    return office.ask(office.store.read(lambda tx: hooks.standing_of(tx, hook)))


def test_an_alarm_is_told_once_again_while_nobody_takes_it_and_then_who_took_it(
    office: Office, handheld: Handheld, robot: Receiver
) -> None:
    office.account(person="zhang-wei")
    add(office, a_hook(robot, about="alarm"))
    office.now = at("2026-11-20 21:30")
    alarm = raise_alarm(handheld)
    handheld.sync()
    office.now = at("2026-11-20 21:31")
    tell(office)
    tell(office)
    assert len(robot.got) == 1
    assert "ALARM" in robot.texts[0]
    assert "East vehicle gate" in robot.texts[0]
    assert "Zhang Wei" in robot.texts[0]
    office.now = at("2026-11-20 21:42")
    tell(office)
    tell(office)
    assert ["NOT TAKEN FOR 10 MIN" in text for text in robot.texts] == [False, True]
    press(office.browser(), alarm, "taken")
    tell(office)
    assert "taken by Zhang Wei" in robot.texts[2]
    office.now = at("2026-11-20 23:59")
    tell(office)
    assert len(robot.got) == 3, "what somebody took is not told again"


def test_a_served_office_tells_an_alarm_by_itself_within_seconds(
    office: Office, handheld: Handheld, robot: Receiver
) -> None:
    add(office, a_hook(robot, about="alarm", lang="zh"), by_itself=True)
    office.now = at("2026-11-20 21:31")
    raise_alarm(handheld)
    handheld.sync()
    assert robot.heard.wait(30)
    assert "【报警】" in robot.texts[0]


def test_a_round_that_nobody_walked_is_told_when_it_is_sure_and_one_that_was_walked_is_not(
    office: Office, handheld: Handheld, robot: Receiver
) -> None:
    add(office, a_hook(robot, about="missed", added_at=at("2026-11-20 21:00")))
    handheld.walk("night-1")
    handheld.sync()
    office.now = at("2026-11-21 00:05")
    tell(office)
    told = "\n".join(robot.texts)
    assert "Night round 1" not in told
    office.now = at("2026-11-21 18:00")
    tell(office)
    before = len(robot.got)
    told = "\n".join(robot.texts)
    assert "nobody walked it" in told
    assert "2026-11-20" in told
    tell(office)
    assert len(robot.got) == before, "and told once"


def test_a_round_that_left_points_out_is_told_with_how_many_and_who_walked(
    office: Office, handheld: Handheld, robot: Receiver
) -> None:
    add(office, a_hook(robot, about="missed", added_at=at("2026-11-20 21:00")))
    route = office.plan().route(office.slot("night-1").route)
    left_out = frozenset((route.stops[0].id, route.stops[1].id))
    handheld.walk("night-1", tricks=Tricks(miss=left_out))
    handheld.sync()
    office.now = at("2026-11-21 00:05")
    tell(office)
    (told,) = [text for text in robot.texts if "points" in text]
    assert f"2 of {len(route.stops)} points" in told
    assert "Zhang Wei" in told


def test_an_order_whose_limit_is_over_is_told_once_with_who_is_responsible_and_a_done_one_is_not(
    office: Office, handheld: Handheld, robot: Receiver
) -> None:
    add(office, a_hook(robot, about="overdue", added_at=at("2026-11-20 21:00")))
    body = {
        "origin": "radio", "category": "repair", "phrase": "pipe", "words": "Burst pipe", "person": "zhang-wei",
        "to": "fitter", "respond": None, "due": at("2026-11-20 23:30"), "urgent": False, "point": "east-gate",
    }  # fmt: skip
    handheld.write(Draft("order.taken", body, ("zhang-wei",)))
    (entry,) = handheld.write(Draft("order.taken", body | {"words": "Lamp"}, ("zhang-wei",)))
    order = {"order": f"{handheld.logbook.book_id}:{entry.record.seq}"}
    handheld.write(
        Draft("order.accepted", order | {"person": "li-jun"}, ("li-jun",)),
        Draft("order.going", order, ("li-jun",)),
        Draft("order.arrived", order | {"point": None, "proved": False}, ("li-jun",)),
        Draft("order.done", order | {"parts": [], "clean": True, "late": False}, ("li-jun",)),
        Draft("order.confirmed", order | {"how": "absent"}, ("li-jun",)),
    )
    handheld.sync()
    office.now = at("2026-11-20 23:29")
    tell(office)
    assert robot.got == []
    office.now = at("2026-11-20 23:31")
    tell(office)
    tell(office)
    (said,) = robot.texts
    assert "OVERDUE" in said
    assert "Burst pipe" in said
    assert "Zhang Wei is responsible" in said


def test_what_was_before_a_hook_was_added_is_not_told_to_it(
    office: Office, handheld: Handheld, robot: Receiver
) -> None:
    raise_alarm(handheld)
    handheld.sync()
    add(office, a_hook(robot, added_at=at("2026-11-21 08:59")))
    tell(office)
    assert not any("ALARM" in text for text in robot.texts)


def test_a_hook_that_is_down_is_tried_again_and_what_waited_goes_as_one_message(
    office: Office, handheld: Handheld, robot: Receiver
) -> None:
    hook = a_hook(robot, about="alarm")
    add(office, hook)
    robot.answers = [
        (502, b"bad gateway"),
        (200, b'{"errcode":93000,"errmsg":"invalid webhook url"}'),
        (200, b"<html>"),
    ]
    office.now = at("2026-11-20 21:31")
    raise_alarm(handheld)
    raise_alarm(handheld)
    handheld.sync()
    whys = []
    for _ in range(3):
        office.now += LONGEST_WAIT_MS
        tell(office)
        whys.append(standing(office, hook).why)
    assert whys == ["HTTP 502", "errcode 93000", "HTTP 200, ?"]
    assert standing(office, hook).waiting >= 2
    office.now += LONGEST_WAIT_MS
    tell(office)
    assert robot.texts[-1].count("East vehicle gate") >= 2
    assert standing(office, hook).why == ""
    assert "top-secret" not in "".join(whys)


def test_a_hook_that_is_down_is_asked_once_a_turn_and_all_that_waits_is_tried_again(
    tmp_path: Path, robot: Receiver
) -> None:
    hook, robot.answers = a_hook(robot, "json"), [(503, b"")]
    notices = [Notice(SITE, "群", f"alarm/{n}", "alarm", f"number {n}", MORNING, MORNING) for n in range(3)]

    async def turn() -> list[Notice]:
        store = await Store.open(tmp_path / "office.db")
        await store.write(lambda tx: hooks.add(tx, hook))
        await store.write(lambda tx: hooks.put_notices(tx, notices))
        await Teller(store, lambda: MORNING).tell()
        told = await store.write(lambda tx: hooks.claim(tx, MORNING + LONGEST_WAIT_MS, 1, 9))
        store.close()
        return [notice for _, notice in told]

    waiting = asyncio.run(turn())
    assert len(robot.got) == 1, "it would have taken the other two, had they been sent"
    assert [(notice.tries, notice.why) for notice in waiting] == [(1, "HTTP 503")] * 3


class Slow:
    """A hook that answers by and by: each byte of a good answer `pause_s` after the one before."""

    def __init__(self, pause_s: float, answer: bytes = b"ok") -> None:
        self._pause_s = pause_s
        self._answer = answer
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(self._answer))
            for byte in self._answer:
                await asyncio.sleep(self._pause_s)
                writer.write(bytes([byte]))
                await writer.drain()
            writer.close()


def slowly(folder: Path, slow: Slow, counts: dict[str, int], turns: int, robot: Receiver, **limits: float) -> Told:
    """`turns` of a teller with so many notices for each hook, made in this order: how the slow one stands then."""

    async def run() -> Told:
        server = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        store, now = await Store.open(folder / "office.db"), MORNING
        mine = a_hook(robot, "json", name="slow", url=url)
        await store.write(lambda tx: hooks.add(tx, mine))
        await store.write(lambda tx: hooks.add(tx, a_hook(robot)))
        teller = Teller(store, lambda: now, **limits)
        for hook, count in counts.items():
            those = [Notice(SITE, hook, f"alarm/{n}", "alarm", f"number {n}", now, now) for n in range(count)]
            await store.write(partial(hooks.put_notices, found=those))
            now += 1
        for _ in range(turns):
            async with asyncio.timeout(5):
                await teller.tell()
            now += 1
        again = await store.write(lambda tx: hooks.claim(tx, now, 1, 99))
        assert {notice.tries for _, notice in again if not notice.why} <= {0}, "what was not tried does not count"
        stands = await store.read(lambda tx: hooks.standing_of(tx, mine))
        store.close()
        server.close()
        return stands

    return asyncio.run(run())


def test_a_hook_that_trickles_is_a_failed_try_and_keeps_nobody_else_waiting(tmp_path: Path, robot: Receiver) -> None:
    trickles = Slow(0.1, b"x" * 1000)
    stands = slowly(tmp_path, trickles, {"slow": 1, "群": 1}, 1, robot, timeout_s=0.4)
    assert (stands.waiting, stands.why) == (1, "TimeoutError")
    assert robot.texts == ["number 0"]


def test_a_slow_hook_is_told_a_few_in_a_turn_and_the_others_meanwhile(tmp_path: Path, robot: Receiver) -> None:
    """Each turn ends long before another worker may take what it has claimed."""
    slow = Slow(0.1)
    stands = slowly(tmp_path, slow, {"slow": 30, "群": 1}, 2, robot, turn_s=0.3)
    assert 2 <= slow.asked <= 5
    assert (stands.waiting, stands.why) == (30 - slow.asked, ""), "what was not told is not a failed try"
    assert robot.texts == ["number 0"], "it is not behind all that the slow one was not told yet"


def test_a_turn_of_the_slowest_hook_ends_within_its_lease() -> None:
    assert (TURN_S + TIMEOUT_S) * 1000 <= LEASE_MS / 2


class Away(Store):
    """An office's store whose database cannot be reached while `away`."""

    away = False

    async def read(self, question: Callable[[Connection], T]) -> T:
        if self.away:
            raise OperationalError("SELECT", {}, OSError("connection refused"))
        return await super().read(question)


@pytest.mark.proof
def test_telling_goes_on_once_the_database_is_back(tmp_path: Path, robot: Receiver) -> None:
    async def outage() -> None:
        prepared = await Store.open(tmp_path / "office.db")
        prepared.close()
        store = Away(SqliteDatabase(tmp_path / "office.db"))
        await store.write(lambda tx: hooks.add(tx, a_hook(robot)))
        store.away = True
        teller = Teller(store, lambda: MORNING)
        teller.background.follow()
        await asyncio.sleep(0.2)
        assert not robot.got
        store.away = False
        notice = Notice(SITE, "群", "alarm/1", "alarm", "number 1", MORNING, MORNING)
        await store.write(lambda tx: hooks.put_notices(tx, [notice]))
        assert await asyncio.to_thread(robot.heard.wait, 30)
        await teller.background.stop()
        store.close()

    asyncio.run(outage())
    assert "number 1" in robot.texts[0]


def test_what_no_hook_took_for_a_day_is_given_up() -> None:
    notice = Notice(SITE, "群", "alarm/x/raised", "alarm", "words", MORNING, MORNING, tries=3)
    again = next_try(notice, MORNING + 1000)
    assert again is not None
    assert MORNING + 1000 + 20_000 <= again <= MORNING + 1000 + 40_000
    assert next_try(notice, MORNING + GIVEN_UP_MS) is None


def test_two_workers_do_not_tell_the_same_notice(tmp_path: Path, robot: Receiver) -> None:
    async def both() -> None:
        store = await Store.open(tmp_path / "office.db")
        hook = a_hook(robot)
        notices = [Notice(SITE, "群", f"alarm/{n}", "alarm", f"number {n}", MORNING, MORNING) for n in range(30)]
        await store.write(lambda tx: hooks.add(tx, hook))
        await store.write(lambda tx: hooks.put_notices(tx, notices))
        tellers = [Teller(store, lambda: MORNING) for _ in range(3)]
        await asyncio.gather(*(teller.tell() for teller in tellers))
        store.close()

    asyncio.run(both())
    told = [line for text in robot.texts for line in text.splitlines()]
    assert sorted(told) == sorted(f"number {n}" for n in range(30))


def test_the_log_of_a_served_office_holds_no_key_of_a_hook(robot: Receiver, logs: pytest.CaptureFixture[str]) -> None:
    async def post() -> str:
        notice = Notice(SITE, "群", "alarm/1", "alarm", "words", MORNING, MORNING)
        async with httpx.AsyncClient(trust_env=False) as client:
            return await send(client, a_hook(robot), [notice], MORNING)

    logging.getLogger("watchbook.office").info("it goes on")
    assert asyncio.run(post()) == ""
    log = logs.readouterr().err
    assert "it goes on" in log
    assert "top-secret" not in log


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Logging is as in a served office."""
    root, ours = logging.getLogger(), logging.getLogger("watchbook")
    kept = (root.handlers, root.level, ours.level)
    _log_to_stderr()
    yield capsys
    root.handlers = kept[0]
    root.setLevel(kept[1])
    ours.setLevel(kept[2])


def test_a_robot_with_a_secret_gets_the_signature_that_it_asks_for(robot: Receiver) -> None:
    notice = Notice(SITE, "群", "s", "alarm", "火警", MORNING, MORNING)
    post = post_of(a_hook(robot, "dingtalk", secret="SEC1"), [notice], 1_700_000_000_000)
    asked = parse_qs(urlsplit(post.url).query)
    expected = hmac.new(b"SEC1", b"1700000000000\nSEC1", hashlib.sha256).digest()
    assert (asked["key"], asked["timestamp"]) == (["top-secret"], ["1700000000000"])
    assert asked["sign"] == [base64.b64encode(expected).decode()]
    assert json.loads(post.content) == {"msgtype": "text", "text": {"content": "火警"}}


def test_a_program_of_the_company_can_check_who_told_it(robot: Receiver) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    notice = Notice(SITE, "ops", "alarm/b:3/raised", "alarm", "words", MORNING, MORNING)
    post = post_of(a_hook(robot, "json", secret=secret), [notice], MORNING)
    signed = f"{post.headers['webhook-id']}.{MORNING // 1000}.".encode() + post.content
    expected = base64.b64encode(hmac.new(b"k" * 24, signed, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(post.content)["subject"] == "alarm/b:3/raised"


def test_a_gateway_gets_its_fields_with_the_words_in_one_of_them(robot: Receiver) -> None:
    hook = a_hook(robot, "sms", fields="mobile=13900000000&content={text}&sign=a%26b")
    post = post_of(hook, [Notice(SITE, "值班", "s", "alarm", "a&b=c 火警\n", MORNING, MORNING)], MORNING)
    assert parse_qs(post.content.decode()) == {"mobile": ["13900000000"], "content": ["a&b=c 火警\n"], "sign": ["a&b"]}


def test_a_field_that_a_gateway_wants_empty_is_sent_empty(robot: Receiver) -> None:
    fields = checked_fields("sms", "ext=&content={text}")
    post = post_of(
        a_hook(robot, "sms", fields=fields), [Notice(SITE, "值班", "s", "alarm", "火警", MORNING, MORNING)], MORNING
    )
    assert parse_qs(post.content.decode(), keep_blank_values=True) == {"ext": [""], "content": ["火警"]}


@pytest.mark.parametrize(
    "url", ["", "ftp://x/y", "https://", "file:///etc/passwd", "https://a b/", "http://x:99999/", "x" * 2000]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(HookRefused):
        checked_url(url)


@pytest.mark.parametrize(
    ("form", "fields"), [("sms", ""), ("sms", "to=1"), ("sms", "a={text}&b={text}"), ("json", "a={text}")]
)
def test_fields_without_one_place_for_the_words_are_refused(form: str, fields: str) -> None:
    with pytest.raises(HookRefused):
        checked_fields(form, fields)


@given(st.binary(max_size=200), st.integers(100, 599), st.sampled_from(["wecom", "dingtalk", "json", "sms"]))
def test_whatever_a_hook_answers_it_is_taken_or_said_in_a_few_letters(content: bytes, status: int, form: str) -> None:
    why = took(form, status, content)
    assert len(why) < 30
    assert why or 200 <= status < 300


@given(st.lists(st.text(max_size=900), min_size=1, max_size=5))
def test_a_message_fits_what_a_robot_takes(texts: list[str]) -> None:
    notices = [Notice(SITE, "群", str(n), "alarm", text, 0, 0) for n, text in enumerate(texts)]
    hook = Hook(SITE, "群", "wecom", "https://x/", "", "", "alarm", "zh", 0)
    said = json.loads(post_of(hook, notices, 0).content)["text"]["content"]
    assert len(said.encode(errors="surrogatepass")) <= MOST_BYTES + 3


def test_a_hook_is_added_tried_listed_without_its_key_and_removed(office: Office, robot: Receiver) -> None:
    add_it = ("webhook", "add", SITE, "群", "--form", "wecom", "--url", "-", "--about", "alarm")
    assert command(office, *add_it, typed=f"{robot.url}\n")[0] == 0
    code, said = command(office, "webhook", "test", SITE, "群")
    assert (code, "took the trial message" in said) == (0, True)
    assert "Cuihu" in robot.texts[0]
    robot.answers = [(403, b"")]
    assert "HTTP 403" in command(office, "webhook", "test", SITE, "群")[1]
    code, said = command(office, "webhook", "list")
    assert "127.0.0.1" in said
    assert "top-secret" not in said
    assert "top-secret" not in command(office, "webhook", "list", "--json")[1]
    assert command(office, "webhook", "remove", SITE, "群")[0] == 0
    assert "has no webhook" in command(office, "webhook", "remove", SITE, "群")[1]


def test_what_is_told_of_nothing_known_is_refused(office: Office) -> None:
    words = ("webhook", "add", SITE, "群", "--form", "wecom", "--url", "https://x/", "--about", "weather")
    code, said = command(office, *words)
    assert code != 0
    assert "alarm, missed, overdue, silent" in said
    assert telling.ABOUT[0] in said
