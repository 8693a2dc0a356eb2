"""How a handheld comes to its office, and how it goes to another one.

A book belongs to one office and one site. Where it cannot go, the handheld ends it and goes on in a new
one, but only after the new place has taken that: a wrong code changes nothing. What the old office does
not hold yet is still carried to it.
"""

from contextlib import closing
from typing import TYPE_CHECKING

from msgspec import Struct

from app.duties.site import Text
from app.errors import BookUnknown, ChainBroken, NotAllowed, OfficeRefused
from app.logbook.book import Logbook
from app.logbook.reader import Enrolment
from app.ports import Clock
from app.words import say
from sync.client import Client, Refused, check_address
from sync.wire import Enrol, Enrolled, enrol_bytes, split_code

if TYPE_CHECKING:
    from app.memory import Memory


class _Asked(Struct, frozen=True):
    """What somebody typed, and who asks."""

    address: str
    code: str
    pin: str | None
    name: str
    clock: Clock
    plain: bool
    leave_round: bool


class RoundOpen(NotAllowed):
    """A round is being walked, and would end here."""

    def __init__(self, name: Text, opens: str) -> None:
        super().__init__("sync.round_open", opens=opens)
        self._name = name

    def say(self, lang: str) -> str:
        return say(lang, self.key, name=self._name.say(lang), **self.fields)


def enrol(
    logbook: Logbook, url: str, code: str, name: str, clock: Clock, *, plain: bool = False, leave_round: bool = False
) -> Enrolment:
    """Bring this handheld to an office. The code's last ten characters pin the office's key before the code is
    shown to anybody; over TLS they must be given.

    Another office, another site, or a handheld that was withdrawn: in a new book, which names the old one. There no
    round goes on: with an open one that must be wanted (`leave_round`).

    Raises Malformed (no code), AddressRefused, RoundOpen, OfficeAway, OfficeRefused, BookUnsafe.
    """
    secret, pin = split_code(code)
    asked = _Asked(check_address(url, plain), secret, pin, name, clock, plain, leave_round)
    if pin is None and asked.address.startswith("https:"):
        raise OfficeRefused("sync.code_short")
    try:
        return _with_this_book(logbook, asked)
    except Refused as e:
        if e.problem.name != "book-taken":
            raise
    return _with_a_new_book(logbook, asked, "site")


def _with_this_book(logbook: Logbook, asked: _Asked) -> Enrolment:
    opened = logbook.entry(1)
    if opened is None:
        raise ChainBroken("book.unreadable", seq=1)
    parts = {part: str(opened.record.body[part]) for part in ("key", "identity", "cert")}
    with closing(_client(logbook, asked, logbook.book)) as client:
        known = logbook.office
        office = client.meet(asked.code, asked.pin)
        if known is not None and known.server_key != office:
            return _with_a_new_book(logbook, asked, "office")
        answer = _introduced(client, logbook, asked, logbook.book, parts)
    enrolment = _enrolment(asked, answer)
    if known != enrolment or not logbook.introduced:
        logbook.enrolled(enrolment)
    return enrolment


def _with_a_new_book(logbook: Logbook, asked: _Asked, reason: str) -> Enrolment:
    """The next book is taken by the office before this one ends; asking again asks for the same one."""
    from app.memory import Memory

    memory = Memory(logbook)
    if not asked.leave_round:
        _must_not_walk(memory)
    next_book = logbook.candidate()
    parts = {"key": next_book.key.hex(), "identity": logbook.identity.public.hex(), "cert": next_book.cert.hex()}
    with closing(_client(logbook, asked, next_book.book)) as client:
        client.meet(asked.code, asked.pin)
        answer = _introduced(client, logbook, asked, next_book.book, parts)
    enrolment = _enrolment(asked, answer)
    try:
        logbook.succeed(reason, enrolment, fold=Memory)
    except BookUnknown:
        logbook.reopen()
    if logbook.book != next_book.book:
        raise BookUnknown("book.unknown")
    return enrolment


def _must_not_walk(memory: "Memory") -> None:
    walked, named = memory.state.round, memory.state.plan
    if walked is None:
        return
    plan = memory.plan_of(named) if named else None
    schedule = plan.find_schedule(walked.schedule) if plan else None
    name = schedule.name if schedule else Text(walked.schedule, walked.schedule)
    raise RoundOpen(name, f"{walked.opens:%H:%M}")


def _client(logbook: Logbook, asked: _Asked, book: bytes) -> Client:
    clock, plain = asked.clock, asked.plain
    return Client(asked.address, book=book, identity=logbook.identity, server_key=None, clock=clock, plain=plain)


def _introduced(client: Client, logbook: Logbook, asked: _Asked, book: bytes, parts: dict[str, str]) -> Enrolled:
    proof = logbook.identity.sign(enrol_bytes(asked.code, book)).hex()
    return client.enrol(Enrol(code=asked.code, book=book.hex(), name=asked.name, proof=proof, **parts))


def _enrolment(asked: _Asked, answer: Enrolled) -> Enrolment:
    return Enrolment(office=asked.address, server_key=answer.server_key, device=answer.device, site=answer.site)
