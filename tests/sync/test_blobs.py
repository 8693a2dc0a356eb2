"""Pictures and texts on their way to the office, and back from nowhere: the handheld lets go only on its word."""

from pathlib import Path
from typing import Final

import pytest

from app.errors import OfficeAway, OfficeRefused
from app.logbook.blobs import Attachment
from app.logbook.book import Draft, Logbook
from app.logbook.reader import Enrolment
from app.logbook.verify import check_book
from sync.client import Client
from sync.office.store.blobs import blob_of
from sync.wire import Kept
from tests.sync.places import SITE, Handheld, RunningOffice, WallClock, client_for, handheld, now_ms, office

JPEG: Final = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 900


def attached(mine: Handheld, data: bytes = JPEG) -> Attachment:
    found = mine.logbook.attach(data)
    mine.logbook.append(Draft("finding.raised", {"attachments": [{"sha256": found.sha256}]}, ("li-wei",)))
    return found


def at_the_office(running: RunningOffice, name: str) -> bytes | None:
    return running.ask(running.store.read(lambda tx: blob_of(tx, SITE, bytes.fromhex(name))))


def test_a_picture_and_a_text_follow_their_records_to_the_office(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        picture = attached(a)
        text = a.logbook.set_apart("张先生 3-201")
        unnamed = a.logbook.attach(JPEG + b"!")
        a.logbook.append(Draft("visitor.noted", {"text": {"sha256": text}}))
        assert len(a.logbook.blobs_waiting()) == 2
        a.courier.exchange()
        assert at_the_office(running, picture.sha256) == JPEG
        apart = at_the_office(running, text)
        assert apart is not None
        assert apart[16:].decode() == "张先生 3-201"
        assert at_the_office(running, unnamed.sha256) is None
        assert a.logbook.blobs_waiting() == []
        assert a.logbook.blob(picture.sha256) == JPEG, "it stays until its record is pruned"
        a.courier.exchange()
    assert check_book(tmp_path / "a").books[0].unattached == ()


def test_records_do_not_wait_for_a_picture_that_is_refused(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        picture = attached(a)
        good = attached(a, JPEG + b"2")
        path = a.logbook.folder / "blobs" / picture.sha256

        class Spoilt(Client):
            def send_blob(self, name: str, data: bytes) -> Kept:
                return super().send_blob(name, data + b"?" if name == picture.sha256 else data)

        a.courier._connect = lambda book: spoilt(Spoilt, book, running, a.clock)
        with pytest.raises(OfficeRefused):
            a.courier.exchange()
        assert (a.logbook.unsent, a.logbook.blobs_waiting()) == (0, [picture.sha256])
        assert at_the_office(running, good.sha256) is not None
        assert path.exists()


def spoilt(kind: type[Client], book: object, running: RunningOffice, clock: WallClock) -> Client:
    made = client_for(book, running.url, clock)  # type: ignore[arg-type]  # a writer, as the courier gives it
    made.__class__ = kind
    return made


def test_without_the_offices_signature_nothing_is_let_go(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        picture = attached(a)

        class Lying(Client):
            def send_blob(self, name: str, data: bytes) -> Kept:
                return Kept(self._book, name, now_ms(), "00" * 64)

        a.courier._connect = lambda book: spoilt(Lying, book, running, a.clock)
        with pytest.raises(OfficeAway):
            a.courier.exchange()
        assert a.logbook.blobs_waiting() == [picture.sha256]


def test_the_next_sites_office_never_sees_what_the_last_ones_records_named(
    tmp_path: Path, running: RunningOffice
) -> None:
    with office(tmp_path / "other") as other, handheld(tmp_path / "a", running) as a:
        old = attached(a)
        key = other.key.public.hex()
        a.logbook.succeed("site", Enrolment(other.url, key, "pda-9", SITE))
        new = attached(a, JPEG + b"new")
        assert a.logbook.blobs_waiting() == [new.sha256]
        assert a.logbook.blob(old.sha256) == JPEG


@pytest.mark.proof
def test_a_withdrawn_handheld_and_wrong_bytes_are_refused(tmp_path: Path, running: RunningOffice) -> None:
    with handheld(tmp_path / "a", running) as a:
        picture = attached(a)
        client = client_for(a.logbook, running.url, a.clock)
        for name, data in ((picture.sha256, JPEG + b"?"), (picture.sha256, b""), ("ab" * 32, JPEG)):
            with pytest.raises(OfficeRefused, match="does not understand"):
                client.send_blob(name, data)
        with pytest.raises(OfficeRefused, match="Too much"):
            client.send_blob(picture.sha256, bytes(5 * 2**20))
        [device] = running.ask(running.store.devices.of(SITE))
        running.ask(running.store.devices.revoke(SITE, device.device, now_ms()))
        with pytest.raises(OfficeRefused, match="withdrawn"):
            client.send_blob(picture.sha256, JPEG)
        client.close()
        assert at_the_office(running, picture.sha256) is None
    assert Logbook.read(tmp_path / "a").head.seq > 0
