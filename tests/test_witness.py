"""Witnesses: what another handheld reads of a book's head, what is refused, and what the book keeps of it."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import codes, witness
from app.errors import NotAllowed
from app.kinds import read
from app.kinds.witness import WitnessSeen
from app.logbook.book import Logbook
from app.logbook.keys import head_message, verifies
from app.logbook.report import Broken, Fault
from app.logbook.verify import check_lines, export_lines
from app.meaning import Meant
from app.ports import Scan
from app.witnessing import Witnessing
from tests.screens.plans import label
from tests.screens.world import World

HEAD: Final = witness.Head(book=bytes(range(32)), seq=1234, hash=bytes(range(32, 64)))
PAYLOAD: Final = "WBH1:AAAQEAYEAUDAOAAAATJCAIJCEMSCKJRHFAUSUKZMFUXC6MBRGIZTINJWG44DSOR3N8DN"
CODE: Final = "3335528860580513"

HEADS: Final = st.builds(
    witness.Head,
    book=st.binary(min_size=32, max_size=32),
    seq=st.integers(1, witness.MOST),
    hash=st.binary(min_size=32, max_size=32),
)


# -- what stands in the code and the digits -------------------------------------------------------


def test_the_worked_example_reads_as_docs_record_format_says() -> None:
    assert witness.payload(HEAD) == PAYLOAD
    assert witness.code(HEAD) == CODE
    seen = witness.Seen(book="0001020304050607", seq=1234, hash=bytes(range(32, 60)).hex())
    assert witness.read(PAYLOAD) == seen


def test_the_worked_example_made_by_hand() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    body = PAYLOAD[5:-4]
    number = sum(letters.index(char) << 5 * place for place, char in enumerate(reversed(body)))
    assert number.to_bytes(40, "big") == bytes(range(8)) + b"\x00\x00\x04\xd2" + bytes(range(32, 60))
    first = int.from_bytes(sha256(PAYLOAD[:-4].encode()).digest()[:4], "big") >> 12
    assert (
        "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[first >> 5 * place & 31] for place in (3, 2, 1, 0)) == PAYLOAD[-4:]
    )
    message = b"watchbook witness 1\n" + HEAD.book + (1234).to_bytes(8, "big") + HEAD.hash
    assert int.from_bytes(sha256(message).digest()[:8], "big") % 10**15 == int(CODE[:-1])


@pytest.mark.parametrize("known", ["4111111111111111", "5555555555554444", "3530111333300000", CODE])
def test_the_last_digit_is_luhns(known: str) -> None:
    assert witness.read_code(known) == known
    assert witness.read_code(witness.grouped(known)) == known


@given(HEADS)
def test_what_one_handheld_shows_another_reads(head: witness.Head) -> None:
    text = witness.payload(head)
    assert witness.read(text) == witness.Seen(head.book[:8].hex(), head.seq, head.hash[:28].hex())
    assert len(text) == 73
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"), "the QR code's dense mode"
    assert witness.read_code(witness.code(head)) == witness.code(head)


@given(HEADS, st.integers(0, 15), st.integers(1, 9))
def test_one_digit_misheard_is_noticed(head: witness.Head, place: int, off: int) -> None:
    code = witness.code(head)
    wrong = code[:place] + str((int(code[place]) + off) % 10) + code[place + 1 :]
    with pytest.raises(witness.Refused) as refused:
        witness.read_code(wrong)
    assert refused.value.key == "witness.wrong_digit"


@given(HEADS, st.integers(0, 72), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:"))
def test_one_character_misread_is_no_head(head: witness.Head, place: int, char: str) -> None:
    text = witness.payload(head)
    wrong = text[:place] + char + text[place + 1 :]
    assert witness.is_head(wrong) == (wrong == text)


@given(
    st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1")), st.from_regex(r"\AWBH1:[A-Z2-7]{60,70}"))
)
def test_anything_else_is_refused_and_nothing_more(text: str) -> None:
    for reads in (witness.read, witness.read_code):
        with pytest.raises(witness.Refused) as refused:
            reads(text)
        assert refused.value.say("zh")


@pytest.mark.parametrize(
    "digits", ["", "4111", "41111111111111110", "４１１１１１１１１１１１１１１１", "٤" * 16, "-411111111111111"]
)
def test_sixteen_digits_are_sixteen_of_the_keypads(digits: str) -> None:
    with pytest.raises(witness.Refused) as refused:
        witness.read_code(digits)
    assert refused.value.key == "witness.too_short"


@pytest.mark.parametrize("seq", [0, -1, 2**32])
def test_a_number_that_no_head_has_is_not_shown(seq: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        witness.payload(witness.Head(HEAD.book, seq, HEAD.hash))


def test_a_head_of_an_empty_book_is_refused() -> None:
    body = "A" * 64
    with pytest.raises(witness.Refused):
        witness.read(f"WBH1:{body}{codes.check('WBH1:', body)}")


# -- two handhelds --------------------------------------------------------------------------------


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[World]:
    here = World(tmp_path / "ours")
    yield here
    here.close()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[World]:
    here = World(tmp_path / "theirs")
    yield here
    here.close()


async def on_shift(*handhelds: World) -> None:
    for here in handhelds:
        for person in ("zhang-wei", "li-min"):
            await here.watch.sign_in_badge(Scan(label(f"person:{person}"), here.clock.up))


def witnessed(here: World) -> list[WitnessSeen]:
    bodies = [read(record) for record in here.records()]
    return [body for body in bodies if isinstance(body, WitnessSeen)]


async def test_the_head_that_is_shown_is_signed_and_is_the_last_record(ours: World) -> None:
    await on_shift(ours)
    head = await Witnessing.of(ours.watch).show_head()
    assert (head.book, head.seq, head.hash) == (ours.book.book, ours.book.head.seq, ours.book.head.hash)
    note = [note for note in ours.book.notes() if note["note"] == "head"][-1]
    assert (note["seq"], note["hash"]) == (head.seq, head.hash.hex())
    message = head_message(head.book, head.seq, head.hash)
    assert verifies(bytes.fromhex(note["key"]), bytes.fromhex(note["sig"]), message)


async def test_a_scanned_head_is_recorded_by_the_whole_crew(ours: World, theirs: World) -> None:
    await on_shift(ours, theirs)
    head = await Witnessing.of(theirs.watch).show_head()
    scanned = witness.payload(head)
    assert ours.watch.meaning(scanned).kind is Meant.WITNESS
    found = await Witnessing.of(ours.watch).witness(scanned)
    assert not found.again
    record = ours.records()[-1]
    assert (record.kind, record.v, record.by) == ("witness.seen", 1, ("zhang-wei", "li-min"))
    assert record.body == {
        "how": "qr",
        "book": theirs.book.book_id[:16],
        "seq": head.seq,
        "hash": theirs.book.head.hash.hex()[:56],
    }


async def test_typed_digits_are_recorded_as_digits(ours: World, theirs: World) -> None:
    await on_shift(ours, theirs)
    code = witness.code(await Witnessing.of(theirs.watch).show_head())
    await Witnessing.of(ours.watch).witness(witness.grouped(code))
    assert ours.records()[-1].body == {"how": "code", "code": code}


async def test_nobody_witnesses_his_own_book(ours: World) -> None:
    await on_shift(ours)
    head = await Witnessing.of(ours.watch).show_head()
    await ours.watch.sign_out("li-min")
    for read_back in (
        witness.payload(head),
        witness.code(head),
        witness.payload(await Witnessing.of(ours.watch).show_head()),
    ):
        with pytest.raises(NotAllowed) as refused:
            await Witnessing.of(ours.watch).witness(read_back)
        assert refused.value.key == "witness.own"
    assert witnessed(ours) == []


async def test_the_same_head_is_recorded_once_in_a_minute(ours: World, theirs: World) -> None:
    await on_shift(ours, theirs)
    first = witness.payload(await Witnessing.of(theirs.watch).show_head())
    assert not (await Witnessing.of(ours.watch).witness(first)).again
    ours.clock.pass_by(59)
    assert (await Witnessing.of(ours.watch).witness(first)).again
    assert len(witnessed(ours)) == 1
    ours.clock.pass_by(1)
    assert not (await Witnessing.of(ours.watch).witness(first)).again
    await theirs.watch.sign_out("li-min")
    assert not (
        await Witnessing.of(ours.watch).witness(witness.payload(await Witnessing.of(theirs.watch).show_head()))
    ).again
    assert [seen.seq for seen in witnessed(ours)] == [4, 4, 5]


async def test_without_a_shift_nothing_is_witnessed(ours: World, theirs: World) -> None:
    await on_shift(theirs)
    scanned = witness.payload(await Witnessing.of(theirs.watch).show_head())
    for act in (Witnessing.of(ours.watch).show_head, lambda: Witnessing.of(ours.watch).witness(scanned)):
        with pytest.raises(NotAllowed) as refused:
            await act()
        assert refused.value.key == "watch.no_shift"


# -- what witnesses are for -----------------------------------------------------------------------


async def test_a_tail_that_was_cut_off_is_found_by_the_other_book(ours: World, theirs: World) -> None:
    await on_shift(ours, theirs)
    head = await Witnessing.of(theirs.watch).show_head()
    await Witnessing.of(ours.watch).witness(witness.payload(head))
    await Witnessing.of(theirs.watch).witness(witness.payload(await Witnessing.of(ours.watch).show_head()))
    seen, cut = exported(ours), without_the_last(exported(theirs), 2)
    both = check_lines([*exported(theirs), *seen])
    assert both.whole
    assert [(book.witnesses, book.agreeing, book.witnessed) for book in both.books] == [(1, 1, 4), (1, 1, 5)]
    assert check_lines(cut).whole, "alone it looks as if there had never been more"
    report = check_lines([*cut, *seen])
    assert [book.broken for book in report.books] == [Broken(head.seq, Fault.WITNESS), None]


async def test_typed_digits_vouch_for_the_record_they_fit_and_fit_none_once_it_is_gone(
    ours: World, theirs: World
) -> None:
    await on_shift(ours, theirs)
    await Witnessing.of(ours.watch).witness(witness.code(await Witnessing.of(theirs.watch).show_head()))
    (whole, _) = check_lines([*exported(theirs), *exported(ours)]).books
    assert whole.witnessed == 4
    (cut, by) = check_lines([*without_the_last(exported(theirs), 1), *exported(ours)]).books
    assert (cut.witnessed, by.witnesses, by.agreeing) == (0, 1, 0)


def exported(here: World) -> list[bytes]:
    return list(export_lines(Logbook.read(here.folder)))


def without_the_last(lines: list[bytes], count: int) -> list[bytes]:
    """The export of somebody who removed the last records, and whatever speaks of them."""
    seqs = [found["record"]["seq"] for line in lines if "record" in (found := json.loads(line))]
    last = max(seqs) - count
    return [line for line in lines if _number(json.loads(line)) <= last]


def _number(line: dict[str, dict[str, int]]) -> int:
    return line.get("record", line.get("note", {})).get("seq", 0)
