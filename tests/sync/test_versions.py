"""Programs of different age: the two take the newest protocol both speak, and who is too old is told clearly."""

from pathlib import Path

import httpx
import pytest

from app.errors import OfficeRefused
from app.words import say
from screens.times import told
from sync.client import Client, Refused
from sync.wire import Hello, hello_bytes
from tests.sync.places import RunningOffice, WallClock, handheld, now_ms
from tests.sync.rogue import Rogue
from tests.sync.test_gate import HEADERS, problem, signed


def hello_of(running: RunningOffice, nonce: str, protocols: tuple[int, ...]) -> Hello:
    now = now_ms()
    sig = running.key.sign(hello_bytes(nonce, now)).hex()
    return Hello(running.key.public.hex(), now, protocols, "0.1", 500, 2**20, sig)


@pytest.mark.parametrize(
    ("protocols", "said"),
    [
        ((1,), ""),
        ((1, 2, 9), ""),
        ((2, 3), "sync.client_too_old"),
        ((0,), "sync.office_too_old"),
        ((), "sync.office_too_old"),
    ],
)
def test_the_newest_protocol_that_both_speak_is_taken(
    running: RunningOffice, protocols: tuple[int, ...], said: str
) -> None:
    line = Client(
        running.url, book=bytes(32), identity=Rogue().identity, server_key=running.key.public, clock=WallClock()
    )
    nonce = "n" * 20
    if not said:
        line._check_office(hello_of(running, nonce, protocols), nonce)
        return
    with pytest.raises(OfficeRefused) as no:
        line._check_office(hello_of(running, nonce, protocols), nonce)
    assert no.value.key == said


def test_another_protocol_is_answered_with_those_that_are_spoken(running: RunningOffice) -> None:
    rogue, url = Rogue(running), f"{running.url}/v1/changes"
    headers = {**HEADERS, **signed(rogue, "GET", url, b""), "Watchbook-Protocol": "7"}
    answer = httpx.get(url, headers=headers, trust_env=False)
    assert problem(answer) == "client-too-old"
    assert answer.status_code == 426
    assert answer.json()["protocols"] == [1]
    assert answer.headers["upgrade"] == "Watchbook/1"
    hello = httpx.get(f"{running.url}/v1/hello?nonce={'n' * 20}", headers={"Watchbook-Protocol": "7"}, trust_env=False)
    assert hello.json()["protocols"] == [1], "the hello is the same in all of them"


def test_a_program_that_will_soon_be_too_old_works_and_the_crew_is_told(
    tmp_path: Path, running: RunningOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.office.server.GOOD_CLIENT", "99.0")
    with handheld(tmp_path / "h", running) as mine:
        mine.write(3)
        state = mine.courier.exchange()
        assert (state.pending, state.last_reason) == (0, None)
        assert [each.key for each in state.notices] == ["sync.ageing"]
        assert "更新" in say("zh", state.notices[0].key)
        monkeypatch.setattr("sync.office.server.GOOD_CLIENT", "0.1")
        assert mine.courier.exchange().notices == ()


def test_what_the_crew_is_told_of_a_restored_office_and_of_a_wrong_clock(
    tmp_path: Path, running: RunningOffice
) -> None:
    with handheld(tmp_path / "h", running, off_ms=-7_200_000) as mine:
        mine.write(30)
        assert [each.key for each in mine.courier.exchange().notices] == ["sync.clock_off"]
        lose = (
            "DELETE FROM records WHERE seq > 10",
            "UPDATE heads SET seq = 10, hash = (SELECT hash FROM records WHERE seq = 10)",
        )
        running.ask(running.store.write(lambda tx: [tx.exec_driver_sql(each) for each in lose]))
        mine.courier.exchange()
        state = mine.courier.exchange()
        said = [told("zh", each.key, each.fields) for each in state.notices]
        assert said == ["办公室的数据从备份恢复过,22条已重新上传", "本机时间差2小时,请校准;按办公室时间算"]
        assert running.held(mine.logbook.book) == mine.logbook.head.seq


def test_the_refusal_of_an_old_program_is_a_sentence(running: RunningOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.office.gate.MIN_CLIENT", "99.0")
    rogue = Rogue(running)
    with pytest.raises(Refused, match="too old for the office: update it"):
        rogue.client(running.url).send(rogue.batch())
