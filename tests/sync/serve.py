"""The office as a process of its own, for tests that kill it: `python -m tests.sync.serve FOLDER PORT [HOST [BUG]]`."""

import asyncio
import sys
from pathlib import Path

import uvicorn

from sync.office.keys import OfficeKey
from sync.office.serve import listen
from sync.office.server import create_app
from sync.office.store import Store
from tests.sync.mutants import seeded
from tests.sync.places import now_ms


async def main(folder: Path, port: int, host: str = "127.0.0.1", bug: str = "") -> None:
    store = await Store.open(folder / "office.db")
    app = create_app(store, OfficeKey.open(folder), clock_ms=now_ms)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    listening = listen(host, port)
    print("ready", flush=True)
    with seeded(bug):
        await server.serve([listening])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
