import asyncio
import logging

import pytest

from sync.office.background import Background


async def test_a_turn_that_fails_is_told_and_the_next_one_comes_until_it_is_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns: list[int] = []
    enough = asyncio.Event()

    async def turn() -> float:
        turns.append(len(turns))
        if len(turns) == 1:
            raise OSError("the database is away")
        if len(turns) == 3:
            enough.set()
        return 0

    work = Background("counting", turn, again_s=0)
    with caplog.at_level(logging.ERROR):
        work.follow()
        async with asyncio.timeout(10):
            await enough.wait()
        await work.stop()
    ended = len(turns)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(turns) == ended
    ours = [record for record in caplog.records if record.name == "watchbook.background"]
    assert [record.getMessage() for record in ours] == ["counting failed"]
