"""What somebody with the office's database can change quietly: `verify` says of each what it is.

Whoever has the database has no handheld's key and no office's. So records can be chained anew, but nobody signs that.
"""

import asyncio
import hashlib
import shutil
import zlib
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from app.duties.accepting import Shown
from app.kinds.reviews import ReviewReturned
from app.logbook.book import Draft
from app.logbook.keys import PrivateKey, head_message
from app.record import decode, encode, follow
from sync.office.batches import checked
from sync.office.checking import Checked, check
from sync.office.desk import Desk
from sync.office.keys import OfficeKey
from sync.office.papers import catalogue, keeping
from sync.office.papers.source import Wish
from sync.office.retention import DAY_MS, purge
from sync.office.serve import open_store
from sync.office.store import Store, known
from sync.office.store import papers as papers_table
from sync.office.store.blobs import blobs, named_blobs
from sync.office.store.papers import papers
from sync.office.store.plans import plans
from sync.office.store.records import KEY_FAULT, Taken
from sync.office.store.schema import forks, head_signatures, heads, records
from sync.office.store.upsert import insert
from tests.office.conftest import GUARDS, NIGHT, SITE, Handheld, Office, furnished
from tests.office.test_life import supervisor
from tests.office.test_photos import JPEG, finding
from tests.sync.rogue import Rogue

Crime = Callable[[Connection], object]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of an office that is closed, and its time: a round, a picture that somebody saw and one that never
    came, a review, a paper, a fork, and what is no record."""
    folder = tmp_path_factory.mktemp("tampering")
    office = Office(furnished(folder / "office"))
    handheld = Handheld(office, folder / "handheld")
    walked = handheld.walk()
    picture = handheld.logbook.attach(JPEG).sha256
    handheld.write(finding(handheld, picture, walked), finding(handheld, hashlib.sha256(b"away").hexdigest(), walked))
    handheld.sync()
    office.account()
    with closing(office.browser()) as browser:
        assert browser.get(f"/photos/{picture}", params={"site": SITE}).content == JPEG
    handheld.write(Draft("code.seen", {"round": walked, "stop": None, "text": "late"}, GUARDS[:1]))
    handheld.sync()
    said = ReviewReturned(Shown(walked, verdict="missed_points"), GUARDS[:1], (), "missed", "Where were you?")
    desk = Desk(office.store, office.key)
    office.ask(desk.say(SITE, said, supervisor(office), office.now))
    office.ask(desk.say(SITE, said, supervisor(office), office.now))
    office.ask(office.store.write(lambda tx: tx.execute(insert(forks).values(**evidence()))))
    office.ask(keep_paper(office))
    stranger = Rogue()
    stranger.records.append(b"no record")
    office.ask(office.store.records.take(SITE, checked(stranger.batch(), stranger.book, 0), office.now))
    handheld.close()
    office.close()
    return office.folder, office.now


def evidence() -> dict[str, object]:
    raw = b"other bytes"
    digest = hashlib.sha256(raw).digest()
    return {"site": SITE, "book": bytes(32), "seq": 7, "digest": digest, "prev": None, "raw": raw, "received_at": 1}


async def keys_of_its_own(store: Store) -> None:
    """An enrolled handheld certifies one key as it must; nobody certified the one before."""
    thief = Rogue()
    identity = thief.identity.public_key().public_bytes_raw()
    added = await store.devices.add(SITE, "thief", 1)
    await store.devices.enrol(added.code, thief.book, identity, thief.first_key, 1)
    thief.add("key.certified", key=PrivateKey.new().public.hex(), cert="00" * 64)
    thief.shift, certified = thief.certify()
    thief.add("key.certified", **certified)
    thief.add("book.opened", **thief.opening())
    done = await store.records.take(SITE, checked(thief.batch(), thief.book, 0), 1)
    assert isinstance(done, Taken)
    assert [seq for seq, _ in done.quarantined] == [2, 4]


async def keep_paper(office: Office) -> None:
    wish = Wish("night", SITE, NIGHT, NIGHT, "en", "", "")
    row, content = keeping.row_of(await catalogue.made(office.store, wish, office.now), wish, office.now, "chief")
    await office.store.write(lambda tx: papers_table.keep(tx, row, content))


# -- crimes ----------------------------------------------------------------------------------------


def walkers(tx: Connection) -> bytes:
    """The handheld's book."""
    book: bytes = tx.execute(select(records.c.book).where(records.c.kind == "finding.raised").limit(1)).scalar_one()
    return book


def desks(tx: Connection) -> bytes:
    return bytes.fromhex(known.get(tx, f"{known.DESK}{SITE}"))


def last_of(tx: Connection, book: bytes) -> int:
    return int(tx.execute(select(func.max(records.c.seq)).where(records.c.book == book)).scalar_one())


def rewritten(tx: Connection, book: bytes, signer: PrivateKey | None = None) -> None:
    """The last record says something else, and all that follows from it is made to fit; signed by nobody, or by a key
    of one's own."""
    last = last_of(tx, book)
    row = tx.execute(select(records).where(records.c.book == book, records.c.seq == last)).one()
    before = tx.execute(select(records.c.hash).where(records.c.book == book, records.c.seq == last - 1)).scalar_one()
    record = decode(row.raw)
    raw = encode(replace(record, body={**record.body, "words": "All was well"}))
    link = follow(before, raw)
    tx.execute(update(records).where(records.c.book == book, records.c.seq == last).values(raw=raw, hash=link))
    tx.execute(update(heads).where(heads.c.book == book).values(hash=link))
    mine = (head_signatures.c.book == book, head_signatures.c.seq == last)
    tx.execute(delete(head_signatures).where(*mine))
    if signer is not None:
        came = row.received_at
        values = {"site": SITE, "book": book, "seq": last, "hash": link, "key": signer.public, "received_at": came}
        sig = signer.sign(head_message(book, last, link))
        tx.execute(insert(head_signatures).values(**values, sig=sig))


def shortened(tx: Connection) -> None:
    """The desk's last word does not count any more."""
    book, last = desks(tx), last_of(tx, desks(tx))
    tx.execute(update(heads).where(heads.c.book == book).values(seq=last - 1))
    before = select(records.c.hash).where(records.c.book == book, records.c.seq == last - 1).scalar_subquery()
    tx.execute(update(heads).where(heads.c.book == book).values(hash=before))


def purged(tx: Connection) -> None:
    which = records.c.kind == "finding.raised"
    tx.execute(update(records).where(which).values(raw=None, kind=""))


def set_aside(kind: str, why: str | None) -> Crime:
    return lambda tx: tx.execute(update(records).where(records.c.kind == kind).values(quarantine=why))


def of_the_thief(tx: Connection, seq: int, why: str | None) -> None:
    """A record of the book that `keys_of_its_own` made."""
    book = select(records.c.book).where(records.c.kind == "key.certified", records.c.quarantine == KEY_FAULT)
    mine = (records.c.book == book.scalar_subquery(), records.c.seq == seq)
    assert tx.execute(update(records).where(*mine).values(quarantine=why)).rowcount == 1


def moved(tx: Connection, which: ColumnElement[bool], *beside: str, hours: int = 1) -> None:
    """Records of the walker's book that `which` names are said to have come so much later, and what is `beside`."""
    book = walkers(tx)
    hour = hours * 3_600_000
    mine = records.c.book == book
    numbers = list(tx.execute(select(records.c.seq).where(mine, which)).scalars())
    assert numbers
    tx.execute(update(records).where(mine, which).values(received_at=records.c.received_at + hour))
    if "signatures" in beside:
        signed = (head_signatures.c.book == book, head_signatures.c.seq.in_(numbers))
        tx.execute(update(head_signatures).where(*signed).values(received_at=head_signatures.c.received_at + hour))


def replaced_plan(tx: Connection) -> None:
    row = tx.execute(select(plans.c.raw).where(plans.c.revision == 1)).scalar_one()
    raw = row.replace(b"East vehicle gate", b"West vehicle gate")
    assert raw != row
    tx.execute(update(plans).where(plans.c.revision == 1).values(raw=raw, sha256=hashlib.sha256(raw).hexdigest()))


def rewritten_paper(tx: Connection) -> None:
    content = zlib.decompress(tx.execute(select(papers.c.content)).scalar_one())
    tx.execute(update(papers).values(content=zlib.compress(content.replace(b"Night", b"Quiet"))))


def forgotten_book(tx: Connection) -> None:
    tx.execute(delete(heads).where(heads.c.book == desks(tx)))


CRIMES: dict[str, tuple[Crime, str]] = {
    "a record of a handheld is another": (lambda tx: rewritten(tx, walkers(tx)), "unsigned"),
    "a review is another": (lambda tx: rewritten(tx, desks(tx)), "unsigned"),
    "a review is another, signed by somebody": (lambda tx: rewritten(tx, desks(tx), PrivateKey.new()), "unsigned"),
    "a mark was set back": (shortened, "mark"),
    "a book is not listed": (forgotten_book, "mark"),
    "a record has another kind": (
        lambda tx: tx.execute(update(records).where(records.c.kind == "finding.raised").values(kind="code.seen")),
        "kind",
    ),
    "a record counts as none": (
        lambda tx: tx.execute(update(records).where(records.c.kind == "finding.raised").values(kind="")),
        "kind",
    ),
    "a record was set aside": (set_aside("finding.raised", "revoked-book"), "aside"),
    "a record was set aside as if it were none": (set_aside("round.started", "record-form"), "aside"),
    "a record was set aside for a reason there is not": (set_aside("round.started", "x"), "aside"),
    "a record that is none counts again": (set_aside("", None), "aside"),
    "a key was set aside as nobody's": (set_aside("key.certified", KEY_FAULT), "aside"),
    "a beginning was set aside": (set_aside("book.opened", KEY_FAULT), "aside"),
    "a record was purged before its time": (purged, "purged"),
    "a record came later": (lambda tx: moved(tx, records.c.seq == 3), "hour"),
    "a record came earlier": (lambda tx: moved(tx, records.c.seq == 1, hours=-1), "hour"),
    "a batch came at another hour": (lambda tx: moved(tx, records.c.seq > 0), "hour"),
    "a book's records and signatures came at another hour": (
        lambda tx: moved(tx, records.c.seq > 0, "signatures"),
        "hour",
    ),
    "a batch was signed at another hour": (
        lambda tx: tx.execute(update(head_signatures).values(received_at=1)),
        "hour",
    ),
    "a picture that was seen is gone with its row": (
        lambda tx: [tx.execute(delete(table)) for table in (blobs, named_blobs)],
        "picture",
    ),
    "a picture that nobody saw is refused as purged": (
        lambda tx: tx.execute(update(named_blobs).values(purged_at=1)),
        "picture",
    ),
    "a plan is another": (replaced_plan, "walked"),
    "a paper is another": (rewritten_paper, "paper"),
    "a paper is none": (lambda tx: tx.execute(update(papers).values(content=b"x")), "paper"),
    "what was kept apart is another": (lambda tx: tx.execute(update(forks).values(raw=b"x")), "fork"),
}


@pytest.mark.parametrize("crime", CRIMES)
def test_what_somebody_changed_is_said(held: tuple[Path, int], tmp_path: Path, crime: str) -> None:
    commit, what = CRIMES[crime]
    found = after(held, tmp_path, commit)
    assert {each.what for each in found.wrong} == {what}
    assert not found.whole


def test_nothing_is_said_where_nothing_was_changed(held: tuple[Path, int], tmp_path: Path) -> None:
    found = after(held, tmp_path, lambda _: None)
    assert (found.whole, found.wrong, len(found.books.books)) == (True, (), 3)


def test_a_picture_that_went_with_its_record_by_a_purge_is_not_missed(held: tuple[Path, int], tmp_path: Path) -> None:
    years = held[1] + 4 * 365 * DAY_MS
    found = after(held, tmp_path, lambda _: None, lambda store: purge(store, SITE, years), years)
    assert found.wrong == ()


@pytest.mark.parametrize(
    ("seq", "why", "said"), [(2, KEY_FAULT, False), (2, None, True), (3, KEY_FAULT, True), (4, None, True)]
)
def test_why_each_key_was_set_aside_is_judged_once_more(
    held: tuple[Path, int], tmp_path: Path, seq: int, why: str | None, said: bool
) -> None:
    found = after(held, tmp_path, lambda tx: of_the_thief(tx, seq, why), keys_of_its_own)
    assert [each.what for each in found.wrong] == ["aside"] * said


def after(
    held: tuple[Path, int],
    folder: Path,
    commit: Crime,
    before: Callable[[Store], Awaitable[object]] | None = None,
    now: int | None = None,
) -> Checked:
    """What is found `now` (UTC ms) in a copy of the office, once the crime was committed there."""
    shutil.copytree(held[0], folder / "office")

    async def act() -> Checked:
        store = await open_store(folder / "office" / "office.db")
        if before is not None:
            await before(store)
        await store.write(commit)
        found = await check(store, OfficeKey.open(folder / "office"), now or held[1])
        store.close()
        return found

    return asyncio.run(act())
