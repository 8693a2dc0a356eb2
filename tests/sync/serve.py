"""The office as a process of its own, for tests that kill it: `python -m tests.sync.serve FOLDER PORT`."""

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from sync.office.keys import OfficeKey
from sync.office.server import create_app
from sync.office.store import Store
from tests.sync.places import now_ms


async def main(folder: Path, port: int) -> None:
    store = await Store.open(folder / "office.db")
    app = create_app(store, OfficeKey.open(folder), clock_ms=now_ms)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", port))
    print("ready", flush=True)
    await server.serve([listening])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
